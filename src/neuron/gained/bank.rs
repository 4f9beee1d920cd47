//! What neurons with a bank of traces as their controller have in common: parameters, variables,
//! the text of the page, and the rule made from them.

use super::{Carried, Page};
use crate::base::Unit as Dimension;
use crate::neuron::controller::{Bank, TRACES, Traces, UNITS, Unit, spaced};
use crate::neuron::ticked::DRIFTS;
use crate::neuron::{Descriptor, Initial, Parameter, Range, Variable};
use std::marker::PhantomData;

/// Parameters behind the neuron's: gain, tick, both ends of the time constants, units.
pub const PARAMETERS: usize = 4 + UNITS * OF_A_UNIT;
const OF_A_UNIT: usize = TRACES + 2;

/// The gain that a neuron has without its controller, and the time between two ticks.
pub const fn gain_and_tick(tick: &'static str) -> [Parameter; 2] {
    [
        Parameter {
            name: "gain",
            unit: Dimension::One,
            default: 1.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "n without the controller, where a neuron has none of its own",
        },
        time("tick", 10.0, tick),
    ]
}

/// A time constant or a tick.
pub const fn time(name: &'static str, default: f64, doc: &'static str) -> Parameter {
    let (unit, range) = (Dimension::Ms, Range::Positive);
    Parameter { name, unit, default, range, per_neuron: false, doc }
}

/// A weight of the controller.
pub const fn weight(name: &'static str, doc: &'static str) -> Parameter {
    let (unit, range) = (Dimension::One, Range::Any);
    Parameter { name, unit, default: 0.0, range, per_neuron: false, doc }
}

macro_rules! unit {
    ($name:literal) => {
        [
            weight(concat!($name, "_trace_1"), "weight of the fastest trace"),
            weight(concat!($name, "_trace_2"), "weight of the second trace"),
            weight(concat!($name, "_trace_3"), "weight of the third trace"),
            weight(concat!($name, "_trace_4"), "weight of the fourth trace"),
            weight(concat!($name, "_trace_5"), "weight of the fifth trace"),
            weight(concat!($name, "_trace_6"), "weight of the slowest trace"),
            weight(concat!($name, "_bias"), "what the unit starts from"),
            weight(concat!($name, "_gain"), "what the unit adds to the gain where it is one"),
        ]
    };
}

/// All parameters of a model: the neuron's, then the controller's.
pub const fn parameters<const N: usize>(neuron: &[Parameter]) -> [Parameter; N] {
    assert!(N == neuron.len() + PARAMETERS, "a model has its neuron's parameters and these");
    let units = [unit!("unit_1"), unit!("unit_2"), unit!("unit_3"), unit!("unit_4")];
    let [gain, tick] = gain_and_tick("how long the gain is held at the most");
    let mut all = [gain; N];
    let mut at = 0;
    while at < N {
        all[at] = match at < neuron.len() {
            true => neuron[at],
            false => match at - neuron.len() {
                0 => gain,
                1 => tick,
                2 => time("tau_fast", 4.0, "time constant of the fastest trace"),
                3 => time("tau_slow", 4000.0, "of the slowest trace; not below tau_fast"),
                own => units[(own - 4) / OF_A_UNIT][(own - 4) % OF_A_UNIT],
            },
        };
        at += 1;
    }
    all
}

/// What stands behind a neuron's variables: the gain without the controller, what is heard if
/// anything is, the traces, and the gain that follows.
pub const fn variables<const N: usize>(
    neuron: &[Variable],
    hears: bool,
    gain: usize,
) -> [Variable; N] {
    let heard = if hears { 1 } else { 0 };
    assert!(N == neuron.len() + 2 + heard + TRACES, "a model has its neuron's and these");
    let follows = gain_now();
    let mut all = [follows; N];
    let mut at = 0;
    while at + 1 < N {
        all[at] = if at < neuron.len() {
            neuron[at]
        } else {
            match at - neuron.len() {
                0 => own_gain(gain),
                own if own == heard => drift(),
                own => trace(own - heard - 1),
            }
        };
        at += 1;
    }
    all
}

/// The gain of a neuron without its controller.
pub const fn own_gain(parameter: usize) -> Variable {
    let (unit, initial) = (Dimension::One, Initial::Parameter(parameter));
    Variable { name: "gain", unit, initial, doc: "n without the controller" }
}

/// What arrivals add to the drive.
pub const fn drift() -> Variable {
    let (unit, initial) = (Dimension::One, Initial::Value(0.0));
    Variable { name: "drift", unit, initial, doc: "what inputs add to the drive" }
}

/// The gain in force.
pub const fn gain_now() -> Variable {
    let (unit, initial) = (Dimension::One, Initial::Derived);
    Variable { name: "gain_now", unit, initial, doc: "n as it was set last" }
}

const fn trace(k: usize) -> Variable {
    const ALL: [(&str, &str); TRACES] = [
        ("trace_1", "fastest trace of the drive"),
        ("trace_2", "second trace"),
        ("trace_3", "third trace"),
        ("trace_4", "fourth trace"),
        ("trace_5", "fifth trace"),
        ("trace_6", "slowest trace"),
    ];
    let (name, doc) = ALL[k];
    Variable { name, unit: Dimension::One, initial: Initial::Value(0.0), doc }
}

/// A neuron that carries a bank.
pub struct Banked<P>(PhantomData<P>);

impl<P: Page> Carried for Banked<P> {
    type Neuron = P::Neuron;
    type Rule = Bank;
    type Larger = Banked<P::Larger>;
    const PAGE: &'static Descriptor = P::PAGE;
    const RECALLED: usize = TRACES;

    fn rule(parameters: &[f64], taus_ms: [f64; DRIFTS]) -> Bank {
        rule(parameters, taus_ms)
    }

    fn memory(variables: &[f64]) -> Traces {
        std::array::from_fn(|k| variables[k])
    }

    fn recall(traces: &Traces, place: usize) -> f64 {
        traces[place]
    }
}

/// What holds for the parameters of a model.
pub fn check_all<P: Page>(p: &[f64]) -> Vec<(usize, String)> {
    super::check_model::<P>(p, check)
}

/// The time constants must be in order. `fast` is the place of the first of the two.
pub fn check(p: &[f64], fast: usize) -> Vec<(usize, String)> {
    let (shortest, longest) = (p[fast], p[fast + 1]);
    if shortest <= longest {
        return Vec::new();
    }
    let found = format!("tau_slow ({longest} ms) must not be below tau_fast ({shortest} ms)");
    vec![(fast + 1, found)]
}

/// The rule from the parameters behind `gain` and `tick`.
pub fn rule(p: &[f64], drift_taus_ms: [f64; DRIFTS]) -> Bank {
    let units: [Unit; UNITS] = std::array::from_fn(|j| {
        let own = &p[2 + j * OF_A_UNIT..][..OF_A_UNIT];
        let weights: Traces = std::array::from_fn(|k| own[k]);
        Unit { weights, bias: own[TRACES], to_gain: own[TRACES + 1], to_saturation: 0.0 }
    });
    Bank::new(drift_taus_ms, spaced(p[0], p[1]), &units)
}

/// What the pages say about the threshold, and about the times at which a rule is asked.
macro_rules! threshold_page {
    (events) => {
        concat!(threshold_page!(), threshold_page!(at_events))
    };
    (ticks) => {
        concat!(threshold_page!(), threshold_page!(at_ticks))
    };
    () => {
        "
and a gain n, through which the threshold sees the membrane: the neuron fires where n (V - e_l)
reaches what the distance from e_l to the threshold is. That is an input n times as strong, or a
threshold that is divided by n. A gain below 0.1 counts as 0.1. `gain` is a start value of each
neuron (init = { gain = ... }); without it all take the population's parameter. v_th must lie above
e_l and v_reset must not, so that no gain puts the reset above threshold.

"
    };
    (at_events) => {
        "\
A controller adds to the gain. It follows the drive a of its neuron, and n is set anew at each event
of the neuron: whenever something arrives, a current takes a step, or the neuron fires, also while
it is refractory. Where no event comes for a time `tick`, n is set anew then, and again after each
further `tick` until one comes. In between n stays what it is; recording it moves nothing.

All inputs of one time are folded first, then n is set, then the threshold is tested, once: a neuron
that n lifts over its threshold fires at that very time, or with the end of its refractoriness.
Inputs move the traces from then on, so they are not in the n of their own time.

"
    };
    (at_ticks) => {
        "\
A controller adds to the gain. At the times tick, 2 tick, 3 tick and so on of the run it sees the
drive a of its neuron, and n stays what it then says until the next tick. A tick finds the drive
before inputs of the same time.

"
    };
}
pub(in crate::neuron) use threshold_page;

/// What the pages say about the rule.
macro_rules! bank_page {
    () => {
        "
    tau_k d(trace_k)/dt = a - trace_k         k = 1 to 6
    u_j = tanh(unit_j_bias + sum over k of unit_j_trace_k trace_k)         j = 1 to 4
    n = gain + sum over j of unit_j_gain u_j

The time constants tau_k go from tau_fast to tau_slow evenly on a logarithmic scale. All neurons of
a population share the weights (zero unless given), each has its own traces, which are zero at the
start:

    unit_1_trace_1     unit_2_trace_1     unit_3_trace_1     unit_4_trace_1
    unit_1_trace_2     unit_2_trace_2     unit_3_trace_2     unit_4_trace_2
    unit_1_trace_3     unit_2_trace_3     unit_3_trace_3     unit_4_trace_3
    unit_1_trace_4     unit_2_trace_4     unit_3_trace_4     unit_4_trace_4
    unit_1_trace_5     unit_2_trace_5     unit_3_trace_5     unit_4_trace_5
    unit_1_trace_6     unit_2_trace_6     unit_3_trace_6     unit_4_trace_6
    unit_1_bias        unit_2_bias        unit_3_bias        unit_4_bias
    unit_1_gain        unit_2_gain        unit_3_gain        unit_4_gain

Crossings are exact: while n is held the neuron is one with a constant gain. Whatever n does between
two bounds, n (V - e_l) stays between what it is at both, so times at which n would be set before
either bound makes the neuron fire are passed over, and with both bounds silent it is silent.
`gain_now` is the gain in force, for recording.

Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567 (controllers that share weights and see
their neuron's drive); the bank of traces, and the gain as a threshold, are this program's."
    };
}
pub(in crate::neuron) use bank_page;
