//! `adaptive_lif_delta`: `lif_delta` with a gain that follows its drive through a bank of traces.

use super::controller::{Bank, TRACES, Traces};
use super::gained::bank::{self, bank_page, threshold_page};
use super::gained::{self, Carried, Gained};
use super::lif_delta::LifDelta;
use super::ticked::DRIFTS;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 7;
const TICK: usize = GAIN + 1;
const TAU_FAST: usize = GAIN + 2;

static PARAMETERS: [Parameter; GAIN + bank::PARAMETERS] =
    bank::parameters(LifDelta::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 10] = bank::variables(LifDelta::DESCRIPTOR.variables, true, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "adaptive_lif_delta",
    summary: "lif_delta with a gain that follows its drive through a bank of traces",
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
        bank_page!()
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
    problems.extend(bank::check(p, TAU_FAST));
    problems
}

/// See the [manual page](Descriptor::manual).
pub type AdaptiveLifDelta = Gained<Parts>;

/// What it is made of.
pub struct Parts;

impl Carried for Parts {
    type Neuron = LifDelta;
    type Rule = Bank;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
    const RECALLED: usize = TRACES;

    fn rule(parameters: &[f64], taus_ms: [f64; DRIFTS]) -> Bank {
        bank::rule(parameters, taus_ms)
    }

    fn memory(variables: &[f64]) -> Traces {
        std::array::from_fn(|k| variables[k])
    }

    fn recall(traces: &Traces, place: usize) -> f64 {
        traces[place]
    }
}
