//! Controllers: gain and saturation that follow what drives a neuron.
//!
//! A controller sees one number, the drive a of its neuron, through a bank of traces with time
//! constants that are spaced evenly on a logarithmic scale, and makes of them the two parameters of
//! the neuron's activation:
//!
//! ```text
//! tau_k dz_k/dt = a - z_k                          traces, k = 1 to TRACES
//! u_j = tanh(bias_j + sum_k weight_jk z_k)         units, j = 1 to UNITS
//! n = gain + sum_j to_gain_j u_j                   s = saturation + sum_j to_saturation_j u_j
//! ```
//!
//! Traces belong to the neuron, weights to its population. Between events a is a constant and a
//! part that decays, so traces have a closed form, and n and s are functions of them at every
//! moment: `adaptive_gamma_rate` holds and refreshes nothing. For thinning, [`Controller::range`]
//! bounds n and s over a time, from how far the traces can come in it. Where a gain has to be constant
//! for a while, [`Bank`] asks the same controller at events and ticks (`ticked.rs`).
//!
//! Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567, whose controller is a recurrent
//! network of 50 units in discrete time; the bank of traces in its place is ours.

use super::gamma_rate::Shape;
use super::lif::Membrane;
use super::membrane::{Filter, Relaxation};
use super::ticked::{Added, DRIFTS, Drive, Rule};
use crate::base::digest::Digest;
use crate::base::math::{exp, ln, tanh};

/// How many traces a neuron has.
pub const TRACES: usize = 6;
/// How many units read them.
pub const UNITS: usize = 4;

/// The traces of one neuron.
pub type Traces = [f64; TRACES];

/// One unit: what it reads, and what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Weights of the traces.
    pub weights: Traces,
    /// What it starts from.
    pub bias: f64,
    /// What it adds to the gain where it is one.
    pub to_gain: f64,
    /// What it adds to the saturation where it is one.
    pub to_saturation: f64,
}

/// The controller of a population.
#[derive(Clone, Debug)]
pub struct Controller {
    /// How each trace follows the part of the drive that decays.
    filters: [Filter; TRACES],
    taus_ms: Traces,
    /// Those that do anything.
    units: Vec<Unit>,
}

/// Time constants from `fast` to `slow`, evenly on a logarithmic scale.
pub fn spaced(fast_ms: f64, slow_ms: f64) -> Traces {
    let step = ln(slow_ms / fast_ms) / (TRACES - 1) as f64;
    std::array::from_fn(|k| if k == 0 { fast_ms } else { fast_ms * exp(step * k as f64) })
}

impl Controller {
    /// A controller for a drive whose changing part decays with `tau_ms`.
    pub fn new(tau_ms: f64, taus_ms: Traces, units: &[Unit; UNITS]) -> Controller {
        // A trace is a membrane with a resistance of one.
        let trace = |tau: f64| Filter::new(&Membrane::new(&[tau, tau, 0.0, 0.0, 0.0, 1.0]), tau_ms);
        let active = |unit: &&Unit| unit.to_gain != 0.0 || unit.to_saturation != 0.0;
        let units = units.iter().filter(active).copied().collect();
        Controller { filters: taus_ms.map(trace), taus_ms, units }
    }

    /// Moves traces by `ms` under a drive of `base` and `drift`, of which the latter decays.
    #[inline]
    pub fn pass(&self, traces: &mut Traces, base: f64, drift: f64, ms: f64) {
        for ((z, tau), filter) in traces.iter_mut().zip(self.taus_ms).zip(&self.filters) {
            let own = Relaxation::over(ms, tau);
            let deflection =
                if drift == 0.0 { 0.0 } else { drift * filter.response(ms, own).deflection };
            *z = own.relax(*z, base, deflection);
        }
    }

    /// Gain and saturation now, of a neuron that has `own` without its controller.
    #[inline]
    pub fn shape(&self, own: [f64; 2], traces: &Traces) -> Shape {
        let [gain, saturation] = self.outputs(own, traces);
        Shape::new(gain, saturation)
    }

    /// The same without bounds.
    #[inline]
    fn outputs(&self, own: [f64; 2], traces: &Traces) -> [f64; 2] {
        let [mut gain, mut saturation] = own;
        for unit in &self.units {
            let read: f64 = unit.weights.iter().zip(traces).map(|(w, z)| w * z).sum();
            let active = tanh(unit.bias + read);
            gain += unit.to_gain * active;
            saturation += unit.to_saturation * active;
        }
        [gain, saturation]
    }

    /// The least and the largest gain and saturation in the next `ms`, if the drive stays in
    /// `drive`: a trace comes no further towards it than the share ms / tau of its distance.
    #[inline]
    pub fn range(
        &self,
        own: [f64; 2],
        traces: &Traces,
        drive: [f64; 2],
        ms: f64,
    ) -> (Shape, Shape) {
        let [gain, saturation] = self.ends(own, traces, drive, ms);
        (Shape::new(gain[0], saturation[0]), Shape::new(gain[1], saturation[1]))
    }

    /// Both ends of the gain and of the saturation, without bounds.
    #[inline]
    fn ends(&self, own: [f64; 2], traces: &Traces, drive: [f64; 2], ms: f64) -> [[f64; 2]; 2] {
        let reach = |k: usize| {
            let share = (ms / self.taus_ms[k]).min(1.0);
            let [down, up] = drive.map(|bound| bound - traces[k]);
            [share * down.min(0.0), share * up.max(0.0)]
        };
        let reaches: [[f64; 2]; TRACES] = std::array::from_fn(reach);
        let (mut gain, mut saturation) = ([own[0]; 2], [own[1]; 2]);
        for unit in &self.units {
            let (mut least, mut most) = (unit.bias, unit.bias);
            for ((weight, z), [down, up]) in unit.weights.iter().zip(traces).zip(reaches) {
                let (a, b) = (weight * (z + down), weight * (z + up));
                least += a.min(b);
                most += a.max(b);
            }
            let ends = [tanh(least), tanh(most)];
            widen(&mut gain, unit.to_gain, ends);
            widen(&mut saturation, unit.to_saturation, ends);
        }
        [gain, saturation]
    }
}

/// The controller, asked at events and ticks, of a drive with two parts that decay.
#[derive(Clone, Debug)]
pub struct Bank {
    controller: Controller,
    /// How each trace follows the second part of the drive; the controller's are for the first.
    second: [Filter; TRACES],
}

impl Bank {
    /// Traces with `taus_ms` of a drive whose parts decay with `drift_taus_ms`.
    pub fn new(drift_taus_ms: [f64; DRIFTS], taus_ms: Traces, units: &[Unit; UNITS]) -> Bank {
        let [first, second] = drift_taus_ms.map(|tau| Controller::new(tau, taus_ms, units));
        Bank { controller: first, second: second.filters }
    }
}

impl Rule for Bank {
    type Memory = Traces;
    const SKIPS: bool = true;
    const AT_EVENTS: bool = true;

    fn pass(&self, traces: &mut Traces, drive: &Drive, ms: f64) {
        let Controller { filters, taus_ms, .. } = &self.controller;
        for (k, z) in traces.iter_mut().enumerate() {
            let own = Relaxation::over(ms, taus_ms[k]);
            let mut deflection = 0.0;
            for (drift, filter) in drive.drifts.iter().zip([&filters[k], &self.second[k]]) {
                if *drift != 0.0 {
                    deflection += drift * filter.response(ms, own).deflection;
                }
            }
            *z = own.relax(*z, drive.base, deflection);
        }
    }

    fn tick(&self, _: &mut Traces, _: f64) -> bool {
        false
    }

    fn added(&self, traces: &Traces) -> Added {
        self.controller.outputs([0.0; 2], traces)
    }

    fn range(&self, traces: &Traces, ends: [f64; 2]) -> [Added; 2] {
        let [gain, saturation] = self.controller.ends([0.0; 2], traces, ends, f64::INFINITY);
        [[gain[0], saturation[0]], [gain[1], saturation[1]]]
    }

    fn digest(traces: &Traces, digest: &mut Digest) {
        traces.iter().for_each(|&z| digest.real(z));
    }
}

/// Adds to a range what a unit between two ends may add.
#[inline]
fn widen(range: &mut [f64; 2], factor: f64, ends: [f64; 2]) {
    let [a, b] = ends.map(|end| factor * end);
    range[0] += a.min(b);
    range[1] += a.max(b);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_constants_are_evenly_spaced_on_a_logarithmic_scale() {
        let taus = spaced(4.0, 4000.0);
        assert_eq!(taus[0], 4.0);
        assert!((taus[5] - 4000.0).abs() < 1e-9, "{taus:?}");
        for pair in taus.windows(2) {
            assert!((pair[1] / pair[0] - exp(0.2 * ln(1000.0))).abs() < 1e-12, "{taus:?}");
        }
    }

    /// The page's closed form, and small steps of Euler's method.
    #[test]
    fn traces_follow_a_drive_that_decays() {
        let taus = spaced(4.0, 4000.0);
        let idle = Unit { weights: [0.0; TRACES], bias: 0.0, to_gain: 0.0, to_saturation: 0.0 };
        for tau in [4.0, 20.0, 63.1] {
            let controller = Controller::new(tau, taus, &[idle; UNITS]);
            let start = [1.0, -0.5, 0.0, 2.0, 0.3, 0.1];
            let (base, drift, ms) = (0.4, 3.0, 30.0);
            let mut traces = start;
            controller.pass(&mut traces, base, drift, ms);
            for k in 0..TRACES {
                let (mut z, steps) = (start[k], 300_000);
                for n in 0..steps {
                    let t = ms * (f64::from(n) + 0.5) / f64::from(steps);
                    let a = base + drift * exp(-t / tau);
                    z += (a - z) / taus[k] * ms / f64::from(steps);
                }
                assert!((z - traces[k]).abs() < 1e-3, "{tau} {k}: {z} {}", traces[k]);
            }
        }
    }

    #[test]
    fn the_range_holds_what_comes() {
        let unit = |k: usize, to_gain: f64, to_saturation: f64| {
            let weights = std::array::from_fn(|j| [0.7, -1.3, 0.2, 2.0, -0.4, 0.9][(j + k) % 6]);
            Unit { weights, bias: 0.3 * k as f64 - 0.4, to_gain, to_saturation }
        };
        let units = [unit(0, 3.0, 0.2), unit(1, -2.0, 0.3), unit(2, 0.0, -0.5), unit(3, 1.0, 0.0)];
        let controller = Controller::new(20.0, spaced(4.0, 4000.0), &units);
        let own = [5.0, 0.4];
        for (base, drift) in [(0.2, 1.5), (-0.5, 0.4), (1.0, -3.0)] {
            let start = [0.5, -0.1, 0.8, 0.0, 2.0, -1.0];
            let drive = [base + f64::min(drift, 0.0), base + f64::max(drift, 0.0)];
            for ms in [0.1, 3.0, 50.0, 1e4] {
                let (least, most) = controller.range(own, &start, drive, ms);
                for part in 0..=100 {
                    let mut traces = start;
                    controller.pass(&mut traces, base, drift, ms * f64::from(part) / 100.0);
                    let shape = controller.shape(own, &traces);
                    let within = |of: fn(&Shape) -> f64| {
                        of(&least) - 1e-12 <= of(&shape) && of(&shape) <= of(&most) + 1e-12
                    };
                    assert!(within(|s| s.gain) && within(|s| s.saturation), "{ms}: {shape:?}");
                }
            }
            let (least, most) = controller.range(own, &start, drive, 0.0);
            assert!(least == most && most == controller.shape(own, &start));
        }
    }
}
