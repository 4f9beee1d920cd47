//! `aru_lif_delta`: `lif_delta` with a gain that follows its drive through a recurrent network at ticks.

use super::gained::bank::threshold_page;
use super::gained::network::{self, network_page};
use super::gained::{self, Carried, Gained};
use super::lif_delta::LifDelta;
use super::recurrent::{MOST_UNITS, Recurrent, Units};
use super::ticked::DRIFTS;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 7;
const TICK: usize = GAIN + 1;
const WEIGHTS: usize = GAIN + 2;

static PARAMETERS: [Parameter; GAIN + network::PARAMETERS] =
    network::parameters(LifDelta::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 4] = network::variables(LifDelta::DESCRIPTOR.variables, true, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "aru_lif_delta",
    summary: "lif_delta with a gain that follows its drive through a recurrent network at ticks",
    manual: concat!(
        "\
A leaky integrate-and-fire neuron with delta-shaped synaptic currents, which is `lif_delta` with its
tau_m, c_m, t_ref, e_l, v_reset, v_th and i_e,
",
        threshold_page!(),
        "\
    a = (R i_e + U) / (v_th - e_l),  R = tau_m / c_m       the drive; tau_m dU/dt = -U
    U -> U + w       at every arrival, also of input that a refractory membrane discards

The drive is where input leads the membrane without spikes, in units of the way from rest to
threshold; `drift` is U in these units.
",
        network_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Mv,
    check,
    current_for_period: None,
};

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut problems = (LifDelta::DESCRIPTOR.check)(&p[..GAIN]);
    problems.extend(gained::check(p, TICK));
    problems.extend(network::check(p, WEIGHTS));
    problems
}

/// See the [manual page](Descriptor::manual).
pub type AruLifDelta = Gained<Parts>;

/// What it is made of.
pub struct Parts;

impl Carried for Parts {
    type Neuron = LifDelta;
    type Rule = Recurrent;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
    const RECALLED: usize = 0;

    fn rule(parameters: &[f64], _: [f64; DRIFTS]) -> Recurrent {
        Recurrent::new(parameters)
    }

    fn memory(_: &[f64]) -> Units {
        [0.0; MOST_UNITS]
    }

    fn recall(units: &Units, place: usize) -> f64 {
        units[place]
    }
}
