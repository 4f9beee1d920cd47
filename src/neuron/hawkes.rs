//! `hawkes`: linear Poisson neuron, a unit of a Hawkes process.

use super::thinned::Thinned;
use super::thinning::{Ceiling, STREAM};
use super::{Descriptor, Initial, Parameter, Range, Variable};
use crate::base::math::exp;
use crate::base::saved::value;
use crate::base::{Decay, Span, Unit};

const TAU: usize = 0;
const MU: usize = 1;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "hawkes",
    summary: "linear Poisson neuron: fires at random with a rate that adds up its inputs",
    manual: "\
A neuron that fires at random, with a rate that is a sum over its inputs and never negative: one
unit of a (rectified) Hawkes process.

    lambda = max(0, base + drift)         the rate, in Hz
    tau d(drift)/dt = -drift
    drift -> drift + w                    at the arrival of a spike over a synapse of weight w (Hz)
    drift -> drift + self_weight          at a spike of its own

`base` is the rate without input: mu, or what a scenario gives it at the start, neuron by neuron
(init = { base = ... }). It does not change. With x_j, the trace that a spike of neuron j lifts by
one and that decays with tau, drift_i = sum over j of w_ij x_j, up to delays. There is no reset and no
refractory period: with a self_weight of zero, as it is unless a scenario gives another, a spike changes
nothing in the neuron that fires. Two spikes are at least one step of the resolution apart.

`self_weight` is w_ii without a delay, and the leak of the neuron in the linear equation below: it is
1/tau - W_ii. From W_ii = 1/tau on the neuron excites itself without end. The rule `noise_prune` adds to
it with diagonal = \"row_sum\"; nothing else changes it. A spike feels it after all inputs of its tick.

Where rates stay positive the traces obey, in the mean and in their covariance, a linear equation
with the noise of the spikes as its noise (tau in ms, W = w / 1000 in 1/ms):

    dx/dt = (W - 1/tau) x + base / 1000 + noise      mean: x = (1/tau - W)^-1 base / 1000
    noise: white, independent, its intensity the rates

so a network of these is the linear network of the theory of noise-driven pruning, and probes
itself. `saltatory analyse` works out its covariance and spectrum. Delays should be short beside tau.

Spikes are drawn exactly, by thinning: between events the rate goes monotonically towards base, so
the larger of both is a ceiling; proposals come with that rate, and one is a spike with probability
lambda / ceiling. Ceilings are set at inputs, spikes and rejected proposals. The random numbers are
named by the variable `stream`, which is drawn for each neuron from the seed, and by the number of
the proposal. A spike is rounded up to the next step of the resolution and the neuron proposes
nothing until then, so at a coarse resolution it loses lambda x half a step of its rate.

Source: Hawkes 1971, doi 10.1093/biomet/58.1.83; thinning: Lewis and Shedler 1979,
doi 10.1002/nav.3800260304; Ogata 1981, doi 10.1109/TIT.1981.1056305.",
    parameters: &[
        Parameter {
            name: "tau",
            unit: Unit::Ms,
            default: 10.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "time constant with which the effect of a spike decays",
        },
        Parameter {
            name: "mu",
            unit: Unit::Hz,
            default: 0.0,
            range: Range::Any,
            per_neuron: false,
            doc: "rate without input; negative values have to be overcome",
        },
    ],
    variables: &[
        Variable {
            name: "drift",
            unit: Unit::Hz,
            initial: Initial::Value(0.0),
            doc: "what inputs add to the rate",
        },
        Variable {
            name: "base",
            unit: Unit::Hz,
            initial: Initial::Parameter(MU),
            doc: "rate without input, which never changes",
        },
        // The stream is drawn by its place, so what came later stands behind it.
        STREAM,
        Variable {
            name: "self_weight",
            unit: Unit::Hz,
            initial: Initial::Value(0.0),
            doc: "what a spike of the neuron adds to its own drift",
        },
    ],
    input: Unit::Hz,
    check: |_| Vec::new(),
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub struct Hawkes;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    tau_ms: f64,
    decay: Decay,
}

/// What inputs add, what is there without them, and what a spike of its own adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    drift_hz: f64,
    base_hz: f64,
    self_weight_hz: f64,
}
value!(Rate { drift_hz, base_hz, self_weight_hz });

const MS_PER_S: f64 = 1e3;

impl Thinned for Hawkes {
    type Derived = Constants;
    type Body = Rate;
    const PAGE: &'static Descriptor = &DESCRIPTOR;

    fn derive(p: &[f64]) -> Constants {
        Constants { tau_ms: p[TAU], decay: Decay::new(p[TAU]) }
    }

    fn start(_: &Constants, variables: &[f64]) -> Rate {
        Rate { drift_hz: variables[0], base_hz: variables[1], self_weight_hz: variables[2] }
    }

    fn values(body: &Rate) -> impl AsRef<[f64]> {
        [body.drift_hz, body.base_hz, body.self_weight_hz]
    }

    #[inline]
    fn rate(_: &Constants, body: &Rate) -> f64 {
        (body.base_hz + body.drift_hz).max(0.0) / MS_PER_S
    }

    #[inline]
    fn ceiling(_: &Constants, body: &Rate, _: f64) -> Ceiling {
        let most = body.base_hz + body.drift_hz.max(0.0);
        Ceiling { per_ms: most.max(0.0) / MS_PER_S, ms: f64::INFINITY }
    }

    #[inline]
    fn pass(c: &Constants, body: &mut Rate, _: f64, ms: f64) {
        body.drift_hz *= exp(-ms / c.tau_ms);
    }

    #[inline]
    fn pass_by(c: &Constants, body: &mut Rate, _: f64, span: Span) {
        body.drift_hz *= c.decay.over(span);
    }

    #[inline]
    fn take(_: &Constants, body: &mut Rate, weight: f64) {
        body.drift_hz += weight;
    }

    #[inline]
    fn spike(_: &Constants, body: &mut Rate) {
        body.drift_hz += body.self_weight_hz;
    }

    const LEANS: bool = true;

    fn lean(body: &mut Rate, change: f64) {
        body.self_weight_hz += change;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::ln;
    use crate::base::{Resolution, Tick};
    use crate::neuron::Dynamics;
    use crate::neuron::cell::{Cell, Input, InputKind};
    use crate::neuron::receptor::LEAK;
    use crate::neuron::thinned::State;
    use crate::neuron::thinning::kolmogorov;

    fn start(tau: f64, base: f64, drift: f64, stream: f64) -> (Constants, Cell<State<Rate>>) {
        let c = Hawkes::constants(&[tau, base]);
        let state = Hawkes::initial(&c, &[drift, base, stream, 0.0]);
        let cell = Cell::new::<Hawkes>(&c, Resolution::FINEST, state, 0.0);
        (c, cell)
    }

    fn train(
        c: &Constants,
        cell: &mut Cell<State<Rate>>,
        inputs: &[Input],
        end: Tick,
    ) -> Vec<Tick> {
        let mut spikes = Vec::new();
        cell.run::<Hawkes>(c, Resolution::FINEST, inputs, end, &mut spikes);
        spikes
    }

    #[test]
    fn intervals_at_a_constant_rate_are_exponential() {
        let (c, mut cell) = start(10.0, 200.0, 0.0, 0.25);
        let spikes = train(&c, &mut cell, &[], Tick(505_000_000_000));
        assert!(spikes.len() > 100_000, "{}", spikes.len());
        let intervals = spikes.windows(2).map(|p| (p[1].0 - p[0].0) as f64 * 1e-9);
        let gap = kolmogorov(intervals.map(|s| 1.0 - exp(-200.0 * s)).collect());
        assert!(gap < 1.95, "{gap}");
    }

    /// With the rate's own integral as clock any point process with that rate is Poisson with
    /// rate one (time rescaling). Inputs of both signs drive the rate up, down and to zero.
    #[test]
    fn in_the_time_of_its_own_hazard_intervals_are_exponential() {
        for own in [0.0, 10.0, -70.0] {
            rescale(own);
        }
    }

    fn rescale(own: f64) {
        let (tau, base) = (20.0, 30.0);
        let (c, mut cell) = start(tau, base, 0.0, 0.75);
        Hawkes::receive_on(&c, &mut cell.state, LEAK, own);
        let strengths = [90.0, -55.0, 40.0, -80.0, 15.0];
        let inputs: Vec<Input> = (0..40_000u64)
            .map(|k| Input {
                at: Tick((k * 7 + (k * k) % 5) * 1_000_000 + 1),
                kind: InputKind::Spike(strengths[(k * 3 % 5) as usize]),
            })
            .collect();
        let end = Tick(40_000 * 7_000_000);
        let spikes = train(&c, &mut cell, &inputs, end);
        // The integral of max(0, base + drift e^(-t / tau)) over `ms`.
        let integral = |drift: f64, ms: f64| {
            let plain = |from: f64, to: f64| {
                let (a, b) = (exp(-from / tau), exp(-to / tau));
                (base * (to - from) + drift * tau * (a - b)) * 1e-3
            };
            let turns = if drift < -base { tau * ln(-drift / base) } else { 0.0 };
            if turns >= ms { 0.0 } else { plain(turns, ms) }
        };
        let (mut now, mut drift, mut hazard, mut rescaled) = (0.0, 0.0, 0.0, Vec::new());
        let mut events: Vec<(f64, Option<f64>)> = spikes.iter().map(|t| (t.ms(), None)).collect();
        events.extend(inputs.iter().map(|input| match input.kind {
            InputKind::Spike(w) => (input.at.ms(), Some(w)),
            _ => unreachable!("none was made"),
        }));
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (at, weight) in events {
            hazard += integral(drift, at - now);
            drift *= exp(-(at - now) / tau);
            now = at;
            match weight {
                Some(weight) => drift += weight,
                None => {
                    drift += own;
                    rescaled.push(1.0 - exp(-hazard));
                    hazard = 0.0;
                }
            }
        }
        assert!(rescaled.len() > 4_000, "{}", rescaled.len());
        let gap = kolmogorov(rescaled);
        assert!(gap < 1.95, "{own}: {gap}");
    }

    /// Promise: a leak that changes moves no spike before it is felt, and is felt by a spike of its tick.
    #[test]
    fn a_spike_at_the_tick_of_a_change_feels_it() {
        let end = Tick(1_000_000_000);
        let (c, mut still) = start(10.0, 50.0, 0.0, 0.5);
        let first = train(&c, &mut still, &[], end)[0];
        for (by, drift) in [(-1, -400.0), (0, -400.0), (1, 0.0)] {
            let (c, mut cell) = start(10.0, 50.0, 0.0, 0.5);
            let at = Tick(first.0.wrapping_add_signed(by));
            let change = Input { at, kind: InputKind::On(LEAK, -400.0) };
            let spikes = train(&c, &mut cell, &[change], Tick(first.0 + 2));
            assert_eq!(spikes, [first]);
            let found = cell.observe::<Hawkes>(&c, Tick(first.0 + 2), 0);
            assert!((found - drift).abs() < 1e-3, "{by}: {found}");
        }
    }

    #[test]
    fn streams_are_what_tells_neurons_apart() {
        let spikes = |stream| {
            let (c, mut cell) = start(10.0, 50.0, 0.0, stream);
            train(&c, &mut cell, &[], Tick(2_000_000_000))
        };
        assert_eq!(spikes(0.1), spikes(0.1));
        assert_ne!(spikes(0.1), spikes(0.2));
    }

    #[test]
    fn inhibition_beyond_the_base_silences_until_it_has_decayed() {
        // base 100, drift -800: the rate is zero for tau ln 8 = 20.8 ms.
        for stream in 0..200 {
            let (c, mut cell) = start(10.0, 100.0, -800.0, f64::from(stream));
            let first = train(&c, &mut cell, &[], Tick(1_000_000_000))[0];
            assert!(first.ms() > 20.79, "{first:?}");
        }
    }

    #[test]
    fn without_a_base_a_kick_dies_away() {
        // The expected number of spikes after a kick is drift x tau = 500 / s x 10 ms = 5.
        let count = |stream: u32| {
            let (c, mut cell) = start(10.0, 0.0, 500.0, f64::from(stream));
            let spikes = train(&c, &mut cell, &[], Tick(10_000_000_000));
            let next = cell.fires_at::<Hawkes>(&c, Resolution::FINEST, Tick::MAX);
            assert_eq!(next, Some(crate::neuron::cell::NEVER));
            spikes.len() as f64
        };
        let mean = (0..4000).map(count).sum::<f64>() / 4000.0;
        assert!((mean - 5.0).abs() < 5.0 * (5.0f64 / 4000.0).sqrt(), "{mean}");
    }
}
