//! The oracle's controllers on ticks, gone through tick by tick, and the gain that they make.
//!
//! A clock counts down to the next tick. For units it runs through the whole run; a bank of traces
//! speaks whenever something happens to its neuron, and its clock begins again then. Traces are the charges that the drive leaves on
//! leaky membranes; units of a recurrent network are worked out one after the other.

use super::equations::Current;
use crate::base::math::{exp, ln, tanh};

/// What follows the drive.
#[derive(Clone, Debug)]
enum Rule {
    /// Values and time constants of traces; of each unit the weights of traces, bias, to gain.
    Bank { traces: Vec<(f64, f64)>, units: Vec<(Vec<f64>, f64, f64)> },
    /// Of each unit input, bias, to gain, to saturation, and weights from all; and their values.
    Network { rows: Vec<Vec<f64>>, values: Vec<f64> },
}

/// A controller with its clock.
#[derive(Clone, Debug)]
pub struct Regulator {
    rule: Rule,
    tick_ns: f64,
    left_ns: f64,
    /// Gain and saturation without the controller.
    own: [f64; 2],
    /// What is added since it last spoke.
    added: [f64; 2],
}

impl Regulator {
    /// By the names of parameters and variables; `None` for a model that has no ticks. `list` are
    /// the weights of a recurrent network.
    pub fn new(
        parameter: &dyn Fn(&str) -> Option<f64>,
        start: &dyn Fn(&str) -> f64,
        list: &[f64],
    ) -> Option<Regulator> {
        let tick_ns = (parameter("tick")? * 1e6).round();
        let rule = match parameter("tau_fast") {
            Some(fast) => {
                let of = |name: String| parameter(&name).expect("each has its parameters");
                let ratio = ln(of("tau_slow".into()) / fast);
                let tau = |k: i32| fast * exp(ratio * f64::from(k - 1) / 5.0);
                let traces = (1..=6).map(|k| (start(&format!("trace_{k}")), tau(k))).collect();
                let unit = |j: i32| {
                    let weights = (1..=6).map(|k| of(format!("unit_{j}_trace_{k}"))).collect();
                    (weights, of(format!("unit_{j}_bias")), of(format!("unit_{j}_gain")))
                };
                Rule::Bank { traces, units: (1..=4).map(unit).collect() }
            }
            None => {
                let n = (0..=64).find(|n| n * (n + 4) == list.len()).expect("k units");
                let rows = list.chunks(n + 4).map(<[f64]>::to_vec).collect();
                Rule::Network { rows, values: vec![0.0; n] }
            }
        };
        let own = [start("gain"), start("saturation")];
        let mut regulator = Regulator { rule, tick_ns, left_ns: tick_ns, own, added: [0.0; 2] };
        regulator.speak();
        Some(regulator)
    }

    /// What is added from now on.
    fn speak(&mut self) {
        self.added = match &self.rule {
            Rule::Bank { traces, units } => {
                let effect = |(weights, bias, to_gain): &(Vec<f64>, f64, f64)| {
                    let read = weights.iter().zip(traces).map(|(w, (z, _))| w * z);
                    to_gain * tanh(bias + read.sum::<f64>())
                };
                [units.iter().map(effect).sum(), 0.0]
            }
            Rule::Network { rows, values } => [2, 3]
                .map(|place| rows.iter().zip(values).map(|(row, g)| row[place] * g).sum::<f64>()),
        };
    }

    /// Something happens to the neuron, and all of it has been taken in. Returns whether the gain may
    /// be another now.
    pub fn happens(&mut self) -> bool {
        let speaks = matches!(self.rule, Rule::Bank { .. });
        if speaks {
            self.speak();
            self.left_ns = self.tick_ns;
        }
        speaks
    }

    /// Gain and saturation since it last spoke.
    pub fn shape(&self) -> (f64, f64) {
        let [gain, saturation] = [0, 1].map(|k| self.own[k] + self.added[k]);
        (gain.max(0.1), saturation.clamp(-0.1, 1.0))
    }

    /// The least and the largest gain and saturation of a recurrent network.
    pub fn shapes(&self) -> [(f64, f64); 2] {
        let Rule::Network { rows, .. } = &self.rule else {
            unreachable!("only a network is asked for its bounds")
        };
        let most = |place: usize| rows.iter().map(|row| row[place].abs()).sum::<f64>();
        let (gain, saturation) = (most(2), most(3));
        let bounded = |s: f64| s.clamp(-0.1, 1.0);
        [
            ((self.own[0] - gain).max(0.1), (self.own[0] + gain).max(0.1)),
            (bounded(self.own[1] - saturation), bounded(self.own[1] + saturation)),
        ]
    }

    /// How many ms until the next tick.
    pub fn left(&self) -> f64 {
        self.left_ns / 1e6
    }

    /// Lets `ms` pass under a drive of a constant and currents, in the drive's unit.
    pub fn pass(&mut self, base: f64, currents: &[Current], ms: f64) {
        let mut currents = currents.to_vec();
        let mut rest = ms * 1e6;
        // Sums of times may miss a tick by a rounding error, but no event lies so close to one.
        while self.left_ns <= rest + 1e-4 + rest * 1e-15 {
            let step = self.left_ns;
            self.flow(base, &currents, step / 1e6);
            currents.iter_mut().for_each(|current| *current = current.from(step / 1e6));
            let a = base + currents.iter().map(|current| current.level).sum::<f64>();
            if let Rule::Network { rows, values } = &mut self.rule {
                let before = values.clone();
                for (value, row) in values.iter_mut().zip(rows) {
                    let heard: f64 = row[4..].iter().zip(&before).map(|(w, g)| w * g).sum();
                    *value = tanh(row[0] * a + row[1] + heard);
                }
            }
            self.speak();
            self.left_ns = self.tick_ns;
            rest -= step;
        }
        if rest > 0.0 {
            self.flow(base, &currents, rest / 1e6);
        }
        self.left_ns -= rest;
    }

    fn flow(&mut self, base: f64, currents: &[Current], ms: f64) {
        let Rule::Bank { traces, .. } = &mut self.rule else { return };
        for (trace, tau) in traces {
            let charge: f64 = currents.iter().map(|current| current.charge(*tau, ms)).sum();
            *trace = base + (*trace - base) * exp(-ms / *tau) + charge / *tau;
        }
    }
}
