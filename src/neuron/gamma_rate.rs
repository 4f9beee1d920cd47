//! `gamma_rate`: stochastic neuron whose rate is an activation function with gain and saturation.

use super::thinning::{Ceiling, Hazard, Proposals, STREAM};
use super::{Descriptor, Dynamics, Initial, Parameter, Range, Variable};
use crate::base::digest::Digest;
use crate::base::math::{exp, ln_1p};
use crate::base::{Decay, Span, Unit};

const TAU: usize = 0;
const RHO: usize = 1;
const BASE: usize = 2;
const GAIN: usize = 3;
const SATURATION: usize = 4;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "gamma_rate",
    summary: "stochastic neuron with the activation gamma(a; gain, saturation) as its rate",
    manual: "\
A neuron that fires at random with a rate that is a function of its drive a: softplus, sigmoid, or
a mixture of both, by two shape parameters of its own, the gain n and the saturation s.

    lambda = rho max(0, gamma(a; n, s))       the rate, in Hz
    gamma(a; n, s) = (1 - s) ln(1 + e^(n a)) / n + s / (1 + e^(-n a))
    a = base + drift;  tau d(drift)/dt = -drift
    drift -> drift + w / (rho tau)            at the arrival of a spike over a synapse of weight w

A source that fires at rho h thus adds w h to a in the mean: a network of these is the rate network
a = b + W h, h = gamma(a), in spikes. The number of spikes that the sum goes over sets the noise:
the trace of one source has the relative standard deviation 1 / sqrt(2 tau lambda). rho is zero unless
given; then the neuron never fires and input, which has no scale, is ignored.

base, gain and saturation are start values of each neuron (init = { gain = ..., ... }); without
them all neurons take those of the population's parameters. A gain below 0.1 counts as 0.1, a
saturation below -0.1 or above 1 as that bound. s = 0 and a large n is a rectifier, s = 0 and n = 1
softplus, s = 1 a sigmoid, s = 1 and a large n a step. There is no reset and no refractory period.

Spikes are drawn exactly, by thinning. Between events a lies between its present value and base,
and both parts of gamma grow with a, so taking each where it is largest (for s < 0 the second part
where a is least) gives a ceiling that holds until something arrives; for s in [0, 1] it is the
larger of the rates at both ends. The ceiling is part of the model: it decides which random number
is used for what. The random numbers are named by the variable `stream` and the number of the
proposal; a spike is rounded up to the next step of the resolution.

Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567 (gamma); thinning: Lewis and Shedler
1979, doi 10.1002/nav.3800260304.",
    parameters: &[
        Parameter {
            name: "tau",
            unit: Unit::Ms,
            default: 20.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "time constant with which the effect of a spike decays",
        },
        Parameter {
            name: "rho",
            unit: Unit::Hz,
            default: 0.0,
            range: Range::NonNegative,
            per_neuron: false,
            doc: "rate at which gamma is 1",
        },
        shape("base", 0.0, Range::Any, "drive without input, where a neuron has none of its own"),
        shape("gain", 1.0, Range::Positive, "n, where a neuron has none of its own"),
        shape("saturation", 0.0, Range::Any, "s, where a neuron has none of its own"),
    ],
    variables: &[
        Variable {
            name: "drift",
            unit: Unit::One,
            initial: Initial::Value(0.0),
            doc: "what inputs add to the drive",
        },
        own("base", BASE, "drive without input"),
        own("gain", GAIN, "n, how steep the activation is"),
        own("saturation", SATURATION, "s, from softplus (0) to sigmoid (1)"),
        STREAM,
    ],
    input: Unit::One,
    check: |_| Vec::new(),
    current_for_period: None,
};

const fn shape(name: &'static str, default: f64, range: Range, doc: &'static str) -> Parameter {
    Parameter { name, unit: Unit::One, default, range, per_neuron: false, doc }
}

const fn own(name: &'static str, parameter: usize, doc: &'static str) -> Variable {
    Variable { name, unit: Unit::One, initial: Initial::Parameter(parameter), doc }
}

/// The two shape parameters within their bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    gain: f64,
    saturation: f64,
}

impl Shape {
    /// The least gain.
    pub const LEAST_GAIN: f64 = 0.1;
    /// The least saturation: up to a gain of 11 gamma grows with a above it.
    pub const LEAST_SATURATION: f64 = -0.1;

    /// The nearest shape within the bounds.
    pub fn new(gain: f64, saturation: f64) -> Shape {
        Shape {
            gain: gain.max(Self::LEAST_GAIN),
            saturation: saturation.clamp(Self::LEAST_SATURATION, 1.0),
        }
    }

    /// ln(1 + e^(n a)) / n, without overflow.
    fn softplus(self, a: f64) -> f64 {
        let x = self.gain * a;
        (x.max(0.0) + ln_1p(exp(-x.abs()))) / self.gain
    }

    /// 1 / (1 + e^(-n a)), without overflow.
    fn sigmoid(self, a: f64) -> f64 {
        let x = self.gain * a;
        let decayed = exp(-x.abs());
        if x >= 0.0 { 1.0 / (1.0 + decayed) } else { decayed / (1.0 + decayed) }
    }

    /// gamma(a; n, s).
    pub fn gamma(self, a: f64) -> f64 {
        (1.0 - self.saturation) * self.softplus(a) + self.saturation * self.sigmoid(a)
    }

    /// A value that gamma does not exceed between `low` and `high`.
    fn highest(self, low: f64, high: f64) -> f64 {
        let at = if self.saturation < 0.0 { low } else { high };
        (1.0 - self.saturation) * self.softplus(high) + self.saturation * self.sigmoid(at)
    }
}

/// See the [manual page](Descriptor::manual).
pub struct GammaRate;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    tau_ms: f64,
    decay: Decay,
    rho_per_ms: f64,
    /// What a weight of 1 adds to the drive.
    jump: f64,
}

/// The drive, the shape as it was given, and the dice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    drift: f64,
    base: f64,
    gain: f64,
    saturation: f64,
    proposals: Proposals,
}

/// The rate of a neuron that nothing reaches.
struct Relaxing<'a> {
    constants: &'a Constants,
    shape: Shape,
    drift: f64,
    base: f64,
}

impl Relaxing<'_> {
    fn drift_after(&self, ms: f64) -> f64 {
        if ms == 0.0 { self.drift } else { self.drift * exp(-ms / self.constants.tau_ms) }
    }
}

impl Hazard for Relaxing<'_> {
    fn rate(&self, ms: f64) -> f64 {
        self.constants.rho_per_ms * self.shape.gamma(self.base + self.drift_after(ms)).max(0.0)
    }

    fn ceiling(&self, ms: f64) -> Ceiling {
        let drift = self.drift_after(ms);
        let (low, high) = (self.base + drift.min(0.0), self.base + drift.max(0.0));
        let per_ms = self.constants.rho_per_ms * self.shape.highest(low, high).max(0.0);
        Ceiling { per_ms, ms: f64::INFINITY }
    }
}

impl State {
    #[inline]
    fn hazard<'a>(&self, constants: &'a Constants) -> Relaxing<'a> {
        let shape = Shape::new(self.gain, self.saturation);
        Relaxing { constants, shape, drift: self.drift, base: self.base }
    }
}

impl Dynamics for GammaRate {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let rho_per_ms = p[RHO] / 1e3;
        let jump = if rho_per_ms > 0.0 { 1.0 / (rho_per_ms * p[TAU]) } else { 0.0 };
        Constants { tau_ms: p[TAU], decay: Decay::new(p[TAU]), rho_per_ms, jump }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        let &[drift, base, gain, saturation, stream] = variables else {
            panic!("five variables were described, {} are given", variables.len())
        };
        State { drift, base, gain, saturation, proposals: Proposals::new(stream) }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        let hazard = s.hazard(c);
        s.proposals.advance(&hazard, drive, dt_ms);
        s.drift *= exp(-dt_ms / c.tau_ms);
    }

    #[inline]
    fn advance_by(c: &Constants, s: &mut State, drive: f64, span: Span) {
        let hazard = s.hazard(c);
        s.proposals.advance(&hazard, drive, span.ms());
        s.drift *= c.decay.over(span);
    }

    #[inline]
    fn advance_clamped(c: &Constants, s: &mut State, dt_ms: f64) {
        s.drift *= exp(-dt_ms / c.tau_ms);
    }

    #[inline]
    fn receive(c: &Constants, s: &mut State, weight: f64) {
        s.drift += weight * c.jump;
        s.proposals.disturb();
    }

    #[inline]
    fn receive_clamped(c: &Constants, s: &mut State, weight: f64) {
        Self::receive(c, s, weight);
    }

    #[inline]
    fn at_threshold(_: &Constants, s: &State) -> bool {
        s.proposals.is_due()
    }

    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        s.proposals.next(&s.hazard(c), drive)
    }

    #[inline]
    fn quiet(c: &Constants, s: &State, drive: f64) -> f64 {
        s.proposals.quiet(&s.hazard(c), drive)
    }

    #[inline]
    fn fire(_: &Constants, s: &mut State) {
        s.proposals.fire();
    }

    #[inline]
    fn refractory(_: &Constants) -> Span {
        Span::ZERO
    }

    fn observe(_: &Constants, s: &State, variable: usize) -> f64 {
        [s.drift, s.base, s.gain, s.saturation, s.proposals.stream()][variable]
    }

    fn digest(s: &State, digest: &mut Digest) {
        [s.drift, s.base, s.gain, s.saturation].iter().for_each(|&value| digest.real(value));
        s.proposals.digest(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Resolution, Tick};
    use crate::neuron::cell::{Cell, Input, InputKind};
    use crate::neuron::thinning::kolmogorov;
    use std::f64::consts::LN_2;

    #[test]
    fn gamma_has_its_known_values_and_slopes() {
        assert!((Shape::new(6.0, 0.0).gamma(0.0) - LN_2 / 6.0).abs() < 1e-15);
        for n in [0.1, 1.0, 6.0, 1e4] {
            assert!((Shape::new(n, 1.0).gamma(0.0) - 0.5).abs() < 1e-15);
            for s in [-0.1, 0.0, 0.3, 1.0] {
                for a in [-1e4, -1.0, 0.0, 1.0, 1e4] {
                    assert!(Shape::new(n, s).gamma(a).is_finite(), "{n} {s} {a}");
                }
            }
        }
        // The steepest slope is (1 + s (n - 1))^2 / (4 n s) for s > 1 / (n + 1), else 1 - s.
        for (n, s, steepest) in [(6.0, 0.5, 1.020_833_333_333), (6.0, 0.1, 0.9), (1.0, 0.0, 1.0)] {
            let shape = Shape::new(n, s);
            let slope = |a: f64| (shape.gamma(a + 1e-5) - shape.gamma(a - 1e-5)) / 2e-5;
            let found = (-4000..12_000).map(|k| slope(f64::from(k) * 1e-3)).fold(0.0, f64::max);
            assert!((found - steepest).abs() < 1e-5, "{n} {s}: {found}");
        }
    }

    fn cell(rho: f64, tau: f64, state: &[f64; 5]) -> (Constants, Cell<State>) {
        let c = GammaRate::constants(&[tau, rho, 0.0, 1.0, 0.0]);
        let start = GammaRate::initial(&c, state);
        let cell = Cell::new::<GammaRate>(&c, Resolution::FINEST, start, 0.0);
        (c, cell)
    }

    /// f-I curves within 2 % at 3 x 10^4 spikes, more than three standard deviations.
    #[test]
    fn the_rate_is_rho_gamma() {
        for n in [1.0, 5.0, 20.0] {
            for s in [0.0, 0.5, 1.0] {
                for a in [-0.2, 0.0, 0.3, 1.0, 3.0] {
                    let expected = 100.0 * Shape::new(n, s).gamma(a);
                    let seconds = 3e4 / expected;
                    let (c, mut cell) = cell(100.0, 20.0, &[0.0, a, n, s, 0.125]);
                    let end = Tick((seconds * 1e9) as u64);
                    let mut spikes = Vec::new();
                    cell.run::<GammaRate>(&c, Resolution::FINEST, &[], end, &mut spikes);
                    let found = spikes.len() as f64 / seconds;
                    assert!((found / expected - 1.0).abs() < 0.02, "{n} {s} {a}: {found}");
                }
            }
        }
    }

    /// Kicks of both signs drive the rate along the curve; in the time of its own hazard's
    /// integral intervals are exponential. For s < 0 the ceiling is another formula.
    #[test]
    fn in_the_time_of_its_own_hazard_intervals_are_exponential() {
        for (n, s) in [(5.0, 0.0), (5.0, 0.7), (8.0, -0.1)] {
            let (tau, rho, base) = (20.0, 200.0, 0.1);
            let (c, mut cell) = cell(rho, tau, &[0.0, base, n, s, 0.75]);
            let period = 10_000_000;
            let weight = |k: u64| [4.0, -3.0, 1.5, -6.0, 5.0][(k * 3 % 5) as usize];
            let inputs: Vec<Input> = (1..100_000u64)
                .map(|k| Input { at: Tick(k * period), kind: InputKind::Spike(weight(k)) })
                .collect();
            let mut spikes = Vec::new();
            let end = Tick(100_000 * period);
            cell.run::<GammaRate>(&c, Resolution::FINEST, &inputs, end, &mut spikes);
            // The midpoint rule with 64 points between two events.
            let shape = Shape::new(n, s);
            let rate = |drift: f64| rho / 1e3 * shape.gamma(base + drift).max(0.0);
            let integral = |drift: f64, ms: f64| -> f64 {
                let part = |k: u32| rate(drift * exp(-(f64::from(k) + 0.5) / 64.0 * ms / tau));
                (0..64).map(part).sum::<f64>() * ms / 64.0
            };
            let mut events: Vec<(u64, f64)> = spikes.iter().map(|t| (t.0, 0.0)).collect();
            events.extend((1..100_000).map(|k| (k * period, weight(k))));
            events.sort_by_key(|event| event.0);
            let (mut now, mut drift, mut hazard, mut rescaled) = (0, 0.0, 0.0, Vec::new());
            for (at, weight) in events {
                let ms = (at - now) as f64 * 1e-6;
                hazard += integral(drift, ms);
                drift = drift * exp(-ms / tau) + weight / (rho / 1e3 * tau);
                now = at;
                if weight == 0.0 {
                    rescaled.push(1.0 - exp(-hazard));
                    hazard = 0.0;
                }
            }
            assert!(rescaled.len() > 15_000, "{}", rescaled.len());
            let gap = kolmogorov(rescaled);
            assert!(gap < 1.95, "{n} {s}: {gap}");
        }
    }
}
