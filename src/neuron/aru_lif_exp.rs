//! `aru_lif_exp`: `lif_exp` with a gain that follows its drive through a recurrent network at ticks.

use super::gained::bank::threshold_page;
use super::gained::network::{self, network_page};
use super::gained::{self, Carried, Gained};
use super::lif_exp::LifExp;
use super::recurrent::{MOST_UNITS, Recurrent, Units};
use super::ticked::DRIFTS;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 9;
const TICK: usize = GAIN + 1;
const WEIGHTS: usize = GAIN + 2;

static PARAMETERS: [Parameter; GAIN + network::PARAMETERS] =
    network::parameters(LifExp::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 5] = network::variables(LifExp::DESCRIPTOR.variables, false, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "aru_lif_exp",
    summary: "lif_exp with a gain that follows its drive through a recurrent network at ticks",
    manual: concat!(
        "\
A leaky integrate-and-fire neuron with exponential synaptic currents, which is `lif_exp` with its
tau_m, c_m, t_ref, e_l, v_reset, v_th, tau_syn_ex, tau_syn_in and i_e,
",
        threshold_page!(),
        "\
    a = R (i_e + i_syn_ex + i_syn_in) / (v_th - e_l),  R = tau_m / c_m     the drive

The drive is where the present currents lead the membrane, in units of the way from rest to
threshold.
",
        network_page!()
    ),
    parameters: &PARAMETERS,
    variables: &VARIABLES,
    input: Unit::Pa,
    check,
    current_for_period: None,
};

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut problems = (LifExp::DESCRIPTOR.check)(&p[..GAIN]);
    problems.extend(gained::check(p, TICK));
    problems.extend(network::check(p, WEIGHTS));
    problems
}

/// See the [manual page](Descriptor::manual).
pub type AruLifExp = Gained<Parts>;

/// What it is made of.
pub struct Parts;

impl Carried for Parts {
    type Neuron = LifExp;
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
