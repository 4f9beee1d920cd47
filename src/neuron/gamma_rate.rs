//! `gamma_rate`: stochastic neuron whose rate is an activation function with gain and saturation.

use super::thinned::Thinned;
use super::thinning::{Ceiling, STREAM};
use super::{Descriptor, Initial, Parameter, Range, Variable};
use crate::base::math::{exp, ln_1p};
use crate::base::saved::value;
use crate::base::{Decay, Span, Unit};

const TAU: usize = 0;
const RHO: usize = 1;
pub(super) const BASE: usize = 2;
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
    parameters: &PARAMETERS,
    variables: &[VARIABLES[0], VARIABLES[1], VARIABLES[2], VARIABLES[3], STREAM],
    input: Unit::One,
    check: |_| Vec::new(),
    current_for_period: None,
};

/// The parameters, also where there is a controller.
pub(super) const PARAMETERS: [Parameter; 5] = [
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
];

/// The variables but the stream, also where there is a controller.
pub(super) const VARIABLES: [Variable; 4] = [
    Variable {
        name: "drift",
        unit: Unit::One,
        initial: Initial::Value(0.0),
        doc: "what inputs add to the drive",
    },
    own("base", BASE, "drive without input"),
    own("gain", GAIN, "n, how steep the activation is"),
    own("saturation", SATURATION, "s, from softplus (0) to sigmoid (1)"),
];

const fn shape(name: &'static str, default: f64, range: Range, doc: &'static str) -> Parameter {
    Parameter { name, unit: Unit::One, default, range, per_neuron: false, doc }
}

const fn own(name: &'static str, parameter: usize, doc: &'static str) -> Variable {
    Variable { name, unit: Unit::One, initial: Initial::Parameter(parameter), doc }
}

/// The two shape parameters within their bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub(super) gain: f64,
    pub(super) saturation: f64,
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

/// A value that gamma does not exceed between `low` and `high`, whatever shape it takes between
/// the least and the most: softplus falls with the gain, a sigmoid grows or falls with it by the
/// sign of the drive, and in s gamma's bound is made of two straight pieces, bent upwards.
pub(super) fn highest((least, most): (Shape, Shape), low: f64, high: f64) -> f64 {
    let softplus = least.softplus(high);
    let largest = if high > 0.0 { most.sigmoid(high) } else { least.sigmoid(high) };
    let smallest = if low < 0.0 { most.sigmoid(low) } else { least.sigmoid(low) };
    let bound = |s: f64| (1.0 - s) * softplus + s * if s < 0.0 { smallest } else { largest };
    bound(least.saturation).max(bound(most.saturation))
}

/// See the [manual page](Descriptor::manual).
pub struct GammaRate;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    pub(super) tau_ms: f64,
    decay: Decay,
    pub(super) rho_per_ms: f64,
    /// What a weight of 1 adds to the drive.
    jump: f64,
}

/// The drive, and the shape as it was given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Driven {
    pub(super) drift: f64,
    pub(super) base: f64,
    gain: f64,
    saturation: f64,
}
value!(Driven { drift, base, gain, saturation });

impl Driven {
    /// a.
    #[inline]
    pub(super) fn drive(&self) -> f64 {
        self.base + self.drift
    }

    /// Gain and saturation as they were given.
    #[inline]
    pub(super) fn own(&self) -> [f64; 2] {
        [self.gain, self.saturation]
    }

    /// All that is in it, in the order of the variables.
    pub(super) fn values(&self) -> [f64; 4] {
        [self.drift, self.base, self.gain, self.saturation]
    }

    #[inline]
    fn shape(&self) -> Shape {
        Shape::new(self.gain, self.saturation)
    }
}

impl Thinned for GammaRate {
    type Derived = Constants;
    type Body = Driven;
    const PAGE: &'static Descriptor = &DESCRIPTOR;

    fn derive(p: &[f64]) -> Constants {
        let rho_per_ms = p[RHO] / 1e3;
        let jump = if rho_per_ms > 0.0 { 1.0 / (rho_per_ms * p[TAU]) } else { 0.0 };
        Constants { tau_ms: p[TAU], decay: Decay::new(p[TAU]), rho_per_ms, jump }
    }

    fn start(_: &Constants, variables: &[f64]) -> Driven {
        let &[drift, base, gain, saturation] = variables else {
            panic!("four variables were described, {} are given", variables.len())
        };
        Driven { drift, base, gain, saturation }
    }

    fn values(body: &Driven) -> impl AsRef<[f64]> {
        body.values()
    }

    #[inline]
    fn rate(c: &Constants, body: &Driven) -> f64 {
        c.rho_per_ms * body.shape().gamma(body.drive()).max(0.0)
    }

    #[inline]
    fn ceiling(c: &Constants, body: &Driven, _: f64) -> Ceiling {
        let (low, high) = (body.base + body.drift.min(0.0), body.base + body.drift.max(0.0));
        let per_ms = c.rho_per_ms * body.shape().highest(low, high).max(0.0);
        Ceiling { per_ms, ms: f64::INFINITY }
    }

    #[inline]
    fn pass(c: &Constants, body: &mut Driven, _: f64, ms: f64) {
        body.drift *= exp(-ms / c.tau_ms);
    }

    #[inline]
    fn pass_by(c: &Constants, body: &mut Driven, _: f64, span: Span) {
        body.drift *= c.decay.over(span);
    }

    #[inline]
    fn take(c: &Constants, body: &mut Driven, weight: f64) {
        body.drift += weight * c.jump;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Resolution, Tick};
    use crate::neuron::Dynamics;
    use crate::neuron::cell::{Cell, Input, InputKind};
    use crate::neuron::thinned::{State, time_rescaled};
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

    fn cell(rho: f64, tau: f64, state: &[f64; 5]) -> (Constants, Cell<State<Driven>>) {
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
            let c = GammaRate::derive(&[20.0, 1000.0, 0.0, 1.0, 0.0]);
            let weight = |k: u64| [20.0, -15.0, 7.5, -30.0, 25.0][(k * 3 % 5) as usize];
            let input =
                |k: u64| Input { at: Tick(k * 10_000_000), kind: InputKind::Spike(weight(k)) };
            let inputs: Vec<Input> = (1..100_000).map(input).collect();
            let rescaled = time_rescaled::<GammaRate>(&c, &[0.0, 0.1, n, s, 0.75], 0.0, &inputs);
            assert!(rescaled.len() > 100_000, "{}", rescaled.len());
            let gap = kolmogorov(rescaled);
            assert!(gap < 1.95, "{n} {s}: {gap}");
        }
    }
}
