//! The oracle's controller: traces of a neuron's drive, units that read them, and what follows for
//! gain and saturation.
//!
//! Each trace is written as the charge that the drive leaves on a leaky membrane.

use super::equations::Current;
use crate::base::math::{exp, ln, tanh};

/// What `adaptive_gamma_rate` has beside `gamma_rate`.
#[derive(Clone, Debug)]
pub struct Controlled {
    /// Values and time constants, in ms, from the fastest to the slowest.
    pub traces: Vec<(f64, f64)>,
    /// Weights of the traces, bias, what the unit adds to the gain and to the saturation.
    pub units: Vec<(Vec<f64>, f64, [f64; 2])>,
    /// Gain and saturation without units.
    pub own: [f64; 2],
}

/// Lower and upper end.
pub type Ends = (f64, f64);

impl Controlled {
    /// By the names of parameters and variables.
    pub fn new(parameter: &dyn Fn(&str) -> f64, start: &dyn Fn(&str) -> f64) -> Controlled {
        let (fast, slow) = (parameter("tau_fast"), parameter("tau_slow"));
        let tau = |k: i32| fast * exp(ln(slow / fast) * f64::from(k - 1) / 5.0);
        let traces = (1..=6).map(|k| (start(&format!("trace_{k}")), tau(k))).collect();
        let unit = |j: i32| {
            let of = |what: String| parameter(&format!("unit_{j}_{what}"));
            let weights = (1..=6).map(|k| of(format!("trace_{k}"))).collect();
            (weights, of("bias".into()), [of("gain".into()), of("saturation".into())])
        };
        let own = [start("gain"), start("saturation")];
        Controlled { traces, units: (1..=4).map(unit).collect(), own }
    }

    /// Lets `ms` pass under a drive base + drift e^(-t / tau).
    pub fn pass(&mut self, base: f64, drift: f64, tau: f64, ms: f64) {
        let decaying = Current { level: drift, slope: 0.0, tau };
        for (trace, own) in &mut self.traces {
            *trace = base + (*trace - base) * exp(-ms / *own) + decaying.charge(*own, ms) / *own;
        }
    }

    /// Gain and saturation where traces lie between two ends each.
    fn between(&self, ends: &[Ends]) -> [Ends; 2] {
        let mut result = self.own.map(|own| (own, own));
        for (weights, bias, effects) in &self.units {
            let products = || weights.iter().zip(ends).map(|(w, (a, b))| (w * a, w * b));
            let least = tanh(bias + products().map(|(a, b)| a.min(b)).sum::<f64>());
            let most = tanh(bias + products().map(|(a, b)| a.max(b)).sum::<f64>());
            for (end, effect) in result.iter_mut().zip(effects) {
                end.0 += (effect * least).min(effect * most);
                end.1 += (effect * least).max(effect * most);
            }
        }
        let bounded = |(a, b): Ends, low: f64, high: f64| (a.clamp(low, high), b.clamp(low, high));
        [bounded(result[0], 0.1, f64::INFINITY), bounded(result[1], -0.1, 1.0)]
    }

    /// Gain and saturation now.
    pub fn shape(&self) -> (f64, f64) {
        let now: Vec<Ends> = self.traces.iter().map(|(z, _)| (*z, *z)).collect();
        let [gain, saturation] = self.between(&now);
        (gain.0, saturation.0)
    }

    /// What gain and saturation can be in the next `ms` while the drive lies between two ends.
    pub fn shapes(&self, drive: Ends, ms: f64) -> [Ends; 2] {
        let moved = |(z, tau): &(f64, f64)| {
            let part = (ms / tau).min(1.0);
            (z + part * (drive.0 - z).min(0.0), z + part * (drive.1 - z).max(0.0))
        };
        self.between(&self.traces.iter().map(moved).collect::<Vec<Ends>>())
    }
}
