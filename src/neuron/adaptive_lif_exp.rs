//! `adaptive_lif_exp`: `lif_exp` with a gain that follows its drive through a bank of traces.

use super::controller::{Bank, TRACES, Traces};
use super::gained::bank::{self, bank_page, threshold_page};
use super::gained::{self, Carried, Gained};
use super::lif_exp::LifExp;
use super::ticked::DRIFTS;
use super::{Descriptor, Dynamics, Parameter, Variable};
use crate::base::Unit;

/// Where the controller's parameters begin.
const GAIN: usize = 9;
const TICK: usize = GAIN + 1;
const TAU_FAST: usize = GAIN + 2;

static PARAMETERS: [Parameter; GAIN + bank::PARAMETERS] =
    bank::parameters(LifExp::DESCRIPTOR.parameters);
static VARIABLES: [Variable; 11] = bank::variables(LifExp::DESCRIPTOR.variables, false, GAIN);

static DESCRIPTOR: Descriptor = Descriptor {
    name: "adaptive_lif_exp",
    summary: "lif_exp with a gain that follows its drive through a bank of traces",
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
        bank_page!()
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
    problems.extend(bank::check(p, TAU_FAST));
    problems
}

/// See the [manual page](Descriptor::manual).
pub type AdaptiveLifExp = Gained<Parts>;

/// What it is made of.
pub struct Parts;

impl Carried for Parts {
    type Neuron = LifExp;
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
