//! `adaptive_gamma_rate`: `gamma_rate` with a controller of its gain and saturation.

use super::controller::{Controller, TRACES, Traces, UNITS, Unit, spaced};
use super::gained::bank::{time, weight};
use super::gamma_rate::{self, Driven, GammaRate};
use super::thinned::Thinned;
use super::thinning::{Ceiling, STREAM};
use super::{Descriptor, Initial, Parameter, Variable};
use crate::base::Unit as Dimension;
use crate::base::saved::value;

const TAU_FAST: usize = 5;
const TAU_SLOW: usize = 6;
/// From here on the parameters of each unit: weights of the traces, bias, to gain, to saturation.
const FIRST_UNIT: usize = 7;
const OF_A_UNIT: usize = TRACES + 3;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "adaptive_gamma_rate",
    summary: "gamma_rate whose gain and saturation follow its drive through a bank of traces",
    manual: "\
A neuron that fires at random like `gamma_rate`, with a controller that sets its gain n and its
saturation s from the recent past of its own drive.

    lambda = rho max(0, gamma(a; n, s))       as in gamma_rate, with tau, rho, base
    tau_k d(trace_k)/dt = a - trace_k         k = 1 to 6
    u_j = tanh(unit_j_bias + sum over k of unit_j_trace_k trace_k)         j = 1 to 4
    n = gain + sum over j of unit_j_gain u_j
    s = saturation + sum over j of unit_j_saturation u_j

The time constants tau_k go from tau_fast to tau_slow evenly on a logarithmic scale. A controller
sees nothing but its neuron's drive: neither spikes nor other neurons. All neurons of a population
share its weights,

    unit_1_trace_1     unit_2_trace_1     unit_3_trace_1     unit_4_trace_1     (zero unless given)
    unit_1_trace_2     unit_2_trace_2     unit_3_trace_2     unit_4_trace_2
    unit_1_trace_3     unit_2_trace_3     unit_3_trace_3     unit_4_trace_3
    unit_1_trace_4     unit_2_trace_4     unit_3_trace_4     unit_4_trace_4
    unit_1_trace_5     unit_2_trace_5     unit_3_trace_5     unit_4_trace_5
    unit_1_trace_6     unit_2_trace_6     unit_3_trace_6     unit_4_trace_6
    unit_1_bias        unit_2_bias        unit_3_bias        unit_4_bias
    unit_1_gain        unit_2_gain        unit_3_gain        unit_4_gain
    unit_1_saturation  unit_2_saturation  unit_3_saturation  unit_4_saturation

while traces, and gain and saturation without the controller, are start values of each neuron. A
unit that goes nowhere costs nothing; with all of them idle the rate is that of gamma_rate. n and s count within the bounds of gamma_rate. Traces
start at the population's base, as after a long time without input.

Between events traces are known in closed form, and n and s are functions of them at every moment.
Spikes are drawn exactly, by thinning. In a time h the drive stays between its value now and the
share h / tau of its way to base, a trace comes no further than the share h / tau_k of its way to
an end of that range, and units, n, s and gamma keep to what follows from these ranges. That is the
ceiling: for ever, if it is at most three times the rate now or fewer than ten spikes are proposed
in 10 (tau + tau_slow); else for the first of tau_slow, tau_slow / 4, tau_slow / 16, ... for which
it is at most three times the rate now or fewer than one spike is proposed; at the least for an
eighth of the shorter of tau and tau_fast. The ceiling is part of the model: it decides which random number is used for what.

Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567 (gamma, and controllers that share
weights and see their neuron's drive, there recurrent networks in discrete time; the bank of traces
is this program's); thinning: Lewis and Shedler 1979, doi 10.1002/nav.3800260304.",
    parameters: &PARAMETERS,
    variables: &[
        gamma_rate::VARIABLES[0],
        gamma_rate::VARIABLES[1],
        gamma_rate::VARIABLES[2],
        gamma_rate::VARIABLES[3],
        trace("trace_1", "fastest trace of the drive"),
        trace("trace_2", "second trace"),
        trace("trace_3", "third trace"),
        trace("trace_4", "fourth trace"),
        trace("trace_5", "fifth trace"),
        trace("trace_6", "slowest trace"),
        STREAM,
    ],
    input: Dimension::One,
    check,
    current_for_period: None,
};

const fn trace(name: &'static str, doc: &'static str) -> Variable {
    let initial = Initial::Parameter(gamma_rate::BASE);
    Variable { name, unit: Dimension::One, initial, doc }
}

/// The parameters of one unit, in the order that [`Thinned::derive`] reads.
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
            weight(concat!($name, "_saturation"), "what it adds to the saturation where it is one"),
        ]
    };
}

static PARAMETERS: [Parameter; FIRST_UNIT + UNITS * OF_A_UNIT] = parameters();

const fn parameters() -> [Parameter; FIRST_UNIT + UNITS * OF_A_UNIT] {
    let units = [unit!("unit_1"), unit!("unit_2"), unit!("unit_3"), unit!("unit_4")];
    let mut all = [weight("", ""); FIRST_UNIT + UNITS * OF_A_UNIT];
    let mut at = 0;
    while at < all.len() {
        all[at] = match at {
            TAU_FAST => time("tau_fast", 4.0, "time constant of the fastest trace"),
            TAU_SLOW => time("tau_slow", 4000.0, "of the slowest trace; not below tau_fast"),
            at if at < TAU_FAST => gamma_rate::PARAMETERS[at],
            at => units[(at - FIRST_UNIT) / OF_A_UNIT][(at - FIRST_UNIT) % OF_A_UNIT],
        };
        at += 1;
    }
    all
}

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let (fast, slow) = (p[TAU_FAST], p[TAU_SLOW]);
    if fast <= slow {
        return Vec::new();
    }
    vec![(TAU_SLOW, format!("tau_slow ({slow} ms) must not be below tau_fast ({fast} ms)"))]
}

/// See the [manual page](Descriptor::manual).
pub struct AdaptiveGammaRate;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    driven: gamma_rate::Constants,
    controller: Controller,
    /// After this time nothing moves any more.
    relaxed_ms: f64,
    /// The longest and the shortest time for which a ceiling holds, if not for ever.
    holds_ms: [f64; 2],
}

/// What `gamma_rate` has, and the traces of its drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    driven: Driven,
    traces: Traces,
}
value!(Watched { driven, traces });

/// A ceiling so many times the rate now is close enough, and so is one under which no more than
/// one spike is proposed while it holds, or than these until all has settled: a proposal in vain
/// costs no more than looking for a lower ceiling.
const CLOSE: f64 = 3.0;
const FEW_PROPOSALS: f64 = 10.0;

impl Constants {
    /// A rate in 1/ms that is not exceeded in the next `ms`.
    #[inline]
    fn highest_rate(&self, body: &Watched, ms: f64) -> f64 {
        let Driven { drift, base, .. } = body.driven;
        let a = base + drift;
        let then = a - drift * (ms / self.driven.tau_ms).min(1.0);
        let (low, high) = (a.min(then), a.max(then));
        let shapes = self.controller.range(body.driven.own(), &body.traces, [low, high], ms);
        self.driven.rho_per_ms * gamma_rate::highest(shapes, low, high).max(0.0)
    }
}

impl Thinned for AdaptiveGammaRate {
    type Derived = Constants;
    type Body = Watched;
    const PAGE: &'static Descriptor = &DESCRIPTOR;

    fn derive(p: &[f64]) -> Constants {
        let driven = GammaRate::derive(&p[..TAU_FAST]);
        let units: [Unit; UNITS] = std::array::from_fn(|j| {
            let own = &p[FIRST_UNIT + j * OF_A_UNIT..][..OF_A_UNIT];
            let weights = std::array::from_fn(|k| own[k]);
            let &[bias, to_gain, to_saturation] = &own[TRACES..] else {
                unreachable!("a unit has so many parameters")
            };
            Unit { weights, bias, to_gain, to_saturation }
        });
        let (fast, slow) = (p[TAU_FAST], p[TAU_SLOW]);
        Constants {
            controller: Controller::new(driven.tau_ms, spaced(fast, slow), &units),
            relaxed_ms: 10.0 * (driven.tau_ms + slow),
            holds_ms: [slow, fast.min(driven.tau_ms) / 8.0],
            driven,
        }
    }

    fn start(c: &Constants, variables: &[f64]) -> Watched {
        let (driven, traces) = variables.split_at(variables.len() - TRACES);
        let traces = std::array::from_fn(|k| traces[k]);
        Watched { driven: GammaRate::start(&c.driven, driven), traces }
    }

    fn values(body: &Watched) -> impl AsRef<[f64]> {
        let [a, b, c, d] = body.driven.values();
        let [e, f, g, h, i, j] = body.traces;
        [a, b, c, d, e, f, g, h, i, j]
    }

    #[inline]
    fn rate(c: &Constants, body: &Watched) -> f64 {
        let shape = c.controller.shape(body.driven.own(), &body.traces);
        c.driven.rho_per_ms * shape.gamma(body.driven.drive()).max(0.0)
    }

    fn ceiling(c: &Constants, body: &Watched, _: f64) -> Ceiling {
        let enough = CLOSE * Self::rate(c, body);
        let per_ms = c.highest_rate(body, f64::INFINITY);
        if per_ms <= enough || per_ms * c.relaxed_ms < FEW_PROPOSALS {
            return Ceiling { per_ms, ms: f64::INFINITY };
        }
        let [mut ms, shortest] = c.holds_ms;
        loop {
            let per_ms = c.highest_rate(body, ms);
            if per_ms <= enough || per_ms * ms < 1.0 || ms <= shortest {
                return Ceiling { per_ms, ms };
            }
            ms = shortest.max(0.25 * ms);
        }
    }

    #[inline]
    fn pass(c: &Constants, body: &mut Watched, drive: f64, ms: f64) {
        let Driven { drift, base, .. } = body.driven;
        c.controller.pass(&mut body.traces, base, drift, ms);
        GammaRate::pass(&c.driven, &mut body.driven, drive, ms);
    }

    #[inline]
    fn take(c: &Constants, body: &mut Watched, weight: f64) {
        GammaRate::take(&c.driven, &mut body.driven, weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Tick;
    use crate::neuron::cell::{Input, InputKind};
    use crate::neuron::thinned::time_rescaled;
    use crate::neuron::thinning::kolmogorov;

    /// All parameters, these by name, the others at their defaults.
    fn constants(named: &[(&str, f64)]) -> Constants {
        let mut values = DESCRIPTOR.defaults();
        for (name, value) in named {
            values[DESCRIPTOR.parameter(name).expect("it is on the page")] = *value;
        }
        AdaptiveGammaRate::derive(&values)
    }

    /// Gain and saturation move with the kicks, up and down, fast and slowly; both ends of their
    /// ranges are met.
    const BUSY: &[(&str, f64)] = &[
        ("tau", 20.0),
        ("rho", 200.0),
        ("unit_1_trace_1", 1.5),
        ("unit_1_trace_3", -1.0),
        ("unit_1_gain", 4.0),
        ("unit_2_trace_2", -2.0),
        ("unit_2_bias", 0.3),
        ("unit_2_saturation", 0.6),
        ("unit_3_trace_5", 1.0),
        ("unit_3_trace_6", 0.5),
        ("unit_3_gain", -2.0),
        ("unit_3_saturation", 0.3),
    ];

    fn kicks(count: u64, every_ms: u64) -> Vec<Input> {
        let weight = |k: u64| [4.0, -3.0, 1.5, -6.0, 5.0][(k * 3 % 5) as usize];
        let at = |k: u64| Tick(k * every_ms * 1_000_000);
        (1..count).map(|k| Input { at: at(k), kind: InputKind::Spike(weight(k)) }).collect()
    }

    #[test]
    fn in_the_time_of_its_own_hazard_intervals_are_exponential() {
        let c = constants(BUSY);
        for (every_ms, seconds, spikes) in [(3, 200, 5_000), (40, 5_000, 100_000)] {
            let start = [0.0, 0.2, 3.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.375];
            let inputs = kicks(1000 * seconds / every_ms, every_ms);
            let rescaled = time_rescaled::<AdaptiveGammaRate>(&c, &start, 0.0, &inputs);
            assert!(rescaled.len() > spikes, "{}", rescaled.len());
            let gap = kolmogorov(rescaled);
            assert!(gap < 1.95, "{every_ms}: {gap}");
        }
    }

    #[test]
    fn the_ceiling_is_above_the_rate_for_as_long_as_it_says() {
        let c = constants(BUSY);
        for drift in [-30.0, -1.0, 0.0, 0.7, 20.0] {
            for traces in [[0.2; TRACES], [3.0, -2.0, 0.5, 1.0, -4.0, 0.3]] {
                let driven = GammaRate::start(&c.driven, &[drift, 0.2, 3.0, 0.2]);
                let start = Watched { driven, traces };
                let Ceiling { per_ms, ms } = AdaptiveGammaRate::ceiling(&c, &start, 0.0);
                for part in 0..=500 {
                    let mut then = start;
                    let ms = ms.min(1e4) * f64::from(part) / 500.0;
                    AdaptiveGammaRate::pass(&c, &mut then, 0.0, ms);
                    let rate = AdaptiveGammaRate::rate(&c, &then);
                    assert!(rate <= per_ms * (1.0 + 1e-12), "{start:?} {ms}: {rate} {per_ms}");
                }
            }
        }
    }

    /// Nobody walks through the time in which a neuron that hardly fires is silent.
    #[test]
    fn what_has_settled_is_promised_for_ever() {
        let c = constants(BUSY);
        let settled = |base: f64| {
            let driven = GammaRate::start(&c.driven, &[0.0, base, 3.0, 0.2]);
            AdaptiveGammaRate::ceiling(&c, &Watched { driven, traces: [base; TRACES] }, 0.0)
        };
        for base in [-20.0, -2.0, 0.2, 5.0] {
            assert_eq!(settled(base).ms, f64::INFINITY, "{base}");
        }
    }
}
