//! The oracle's neuron whose own spikes trigger currents and move its threshold.
//!
//! V - Theta is written as a sum of modes, and its first zero is found as in `equations.rs`: every
//! sign change of a chain of simpler functions is isolated, up to the derivative, and then there
//! is at most one in each piece. The chain ends in plain sums of exponentials, from which one
//! after another is taken away.

use super::equations::{Current, Leaky, bisect, pieces, sign_changes};
use crate::base::math::exp;

/// What the neuron's spikes change besides its potential.
#[derive(Clone, Debug, Default)]
pub struct Triggered {
    /// Spike-triggered currents, in pA.
    pub currents: Vec<Current>,
    /// What a spike adds to each.
    pub current_jumps: Vec<f64>,
    /// Components of the threshold, in mV.
    pub thresholds: Vec<Current>,
    /// What a spike adds to each.
    pub threshold_jumps: Vec<f64>,
    /// The share of V - v_reset that a spike leaves.
    pub keep: f64,
}

impl Triggered {
    /// The same seen from t on.
    pub fn from(&self, t: f64) -> Triggered {
        let all = |decaying: &[Current]| decaying.iter().map(|d| d.from(t)).collect();
        let (currents, thresholds) = (all(&self.currents), all(&self.thresholds));
        Triggered { currents, thresholds, ..self.clone() }
    }

    /// What a spike does.
    pub fn jump(&mut self) {
        for (current, jump) in self.currents.iter_mut().zip(&self.current_jumps) {
            current.level += jump;
        }
        for (threshold, jump) in self.thresholds.iter_mut().zip(&self.threshold_jumps) {
            threshold.level += jump;
        }
    }

    /// How far the threshold stands above where it rests after t, in mV.
    pub fn raised(&self, t: f64) -> f64 {
        self.thresholds.iter().map(|threshold| threshold.at(t)).sum()
    }

    /// What the triggered currents have done to the membrane after t, in mV.
    pub fn deflection(&self, leaky: &Leaky, t: f64) -> f64 {
        let charge: f64 = self.currents.iter().map(|c| c.charge(leaky.tau_m, t)).sum();
        charge / leaky.c_m
    }

    /// The first t in [0, end] at which V exceeds its threshold or rises to it. `rest_level` is
    /// the threshold at rest.
    pub fn crossing(&self, leaky: &Leaky, rest_level: f64, end: f64) -> Option<f64> {
        let above =
            |t: f64| leaky.above(rest_level, t) + self.deflection(leaky, t) - self.raised(t);
        if above(0.0) > 0.0 {
            return Some(0.0);
        }
        let all = || leaky.currents.iter().chain(&self.currents);
        let total: f64 = all().map(|current| current.level).sum();
        let start = (leaky.rest - leaky.v) / leaky.tau_m + total / leaky.c_m;
        // dV/dt obeys the equation of V with the derivatives of the currents.
        let slope = |t: f64| {
            let driven: f64 = all()
                .map(|c| Current { level: -c.level / c.tau, ..*c }.charge(leaky.tau_m, t))
                .sum();
            let falling: f64 = self.thresholds.iter().map(|th| th.at(t) / th.tau).sum();
            start * exp(-t / leaky.tau_m) + driven / leaky.c_m + falling
        };
        let mut ends = vec![0.0, end];
        let taus = all().chain(&self.thresholds).map(|decaying| decaying.tau);
        ends.extend(taus.chain([leaky.tau_m]).map(|tau| (500.0 * tau).min(end)));

        // (d/dt + 1 / tau_m) of the slope: no membrane is left in it.
        let mut sum = Sum::default();
        for current in all() {
            sum.add(-current.level / current.tau / leaky.c_m, current.tau);
        }
        for th in &self.thresholds {
            sum.add((1.0 / leaky.tau_m - 1.0 / th.tau) * th.level / th.tau, th.tau);
        }
        let zeros = pieces(&ends, &sum.sign_changes(&ends));
        let zeros = sign_changes(slope, &zeros);
        let monotone = pieces(&ends, &zeros);
        let piece = monotone.windows(2).find(|piece| {
            let (left, right) = (above(piece[0]), above(piece[1]));
            right >= 0.0 && right > left
        })?;
        Some(bisect(|t| above(t) >= 0.0, piece[0], piece[1]))
    }
}

/// A sum of (factor, tau): factor e^(-t / tau), no two with one time constant, none zero.
#[derive(Clone, Debug, Default)]
struct Sum(Vec<(f64, f64)>);

impl Sum {
    fn add(&mut self, factor: f64, tau: f64) {
        if factor == 0.0 {
            return;
        }
        match self.0.iter_mut().find(|(_, other)| *other == tau) {
            Some((same, _)) => *same += factor,
            None => self.0.push((factor, tau)),
        }
    }

    /// The sum times e^(t / slowest tau), which has the same sign and does not vanish.
    fn scaled(&self, t: f64) -> f64 {
        let slowest = self.0.iter().map(|(_, tau)| *tau).fold(0.0, f64::max);
        let rate = |tau: f64| 1.0 / tau - 1.0 / slowest;
        self.0.iter().map(|(factor, tau)| factor * exp(-t * rate(*tau))).sum()
    }

    /// Where the sum changes its sign: (d/dt + 1 / tau) takes the term with tau away, and between
    /// two sign changes of what is left there is at most one of the sum.
    fn sign_changes(&self, ends: &[f64]) -> Vec<f64> {
        let Some(((_, gone), others)) = self.0.split_first() else { return Vec::new() };
        let rest = others.iter().map(|(f, tau)| (f * (1.0 / gone - 1.0 / tau), *tau));
        let rest = Sum(rest.collect());
        sign_changes(|t| self.scaled(t), &pieces(ends, &rest.sign_changes(ends)))
    }
}
