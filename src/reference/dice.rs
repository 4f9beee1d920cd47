//! Neurons that fire at random, once more: proposals one after the other, each state moved to its
//! proposal.
//!
//! The rule for the random numbers is part of the models, so it is the same here: proposal n of a
//! neuron takes the exponential number and the uniform one that its stream's n-th generator gives,
//! and ceilings are set at arrivals, changes of the drive, spikes, rejected proposals, and when
//! their time is over.

use super::compartments::Compartments;
use super::controlled::Controlled;
use super::equations::{Current, Leaky};
use super::regulated::Regulator;
use crate::base::math::{exp, ln_1p, sqrt};
use crate::base::random::{Purpose, Stream};

/// How the rate of a neuron follows from its state.
#[derive(Clone, Debug)]
pub enum Law {
    /// `hawkes`: base + drift, in Hz.
    Linear {
        /// Of the drift, in ms.
        tau: f64,
        /// In Hz.
        base: f64,
        /// In Hz.
        drift: f64,
        /// What a spike of its own adds to the drift, in Hz.
        own: f64,
    },
    /// `gamma_rate`.
    Gamma {
        /// Of the drift, in ms.
        tau: f64,
        /// In Hz.
        rho: f64,
        /// The drive without input.
        base: f64,
        /// What input adds to it.
        drift: f64,
        /// n, within its bounds.
        gain: f64,
        /// s, within its bounds.
        saturation: f64,
    },
    /// `adaptive_gamma_rate`.
    Adaptive {
        /// Of the drift, in ms.
        tau: f64,
        /// In Hz.
        rho: f64,
        /// The drive without input.
        base: f64,
        /// What input adds to it.
        drift: f64,
        /// What gain and saturation follow from.
        controlled: Controlled,
    },
    /// `aru_gamma_rate`.
    Regulated {
        /// Of the drift, in ms.
        tau: f64,
        /// In Hz.
        rho: f64,
        /// The drive without input.
        base: f64,
        /// What input adds to it.
        drift: f64,
        /// How often the controller is asked, in ms.
        tick: f64,
        /// What sets gain and saturation.
        regulator: Regulator,
    },
    /// `escape_lif`.
    Escape {
        /// The membrane with its resting potential without drive.
        leaky: Leaky,
        /// In Hz.
        rho: f64,
        /// The soft threshold, in mV.
        theta: f64,
        /// In mV.
        delta_u: f64,
        /// 0 exponential, 1 sigmoid.
        saturation: f64,
        /// In mV.
        v_reset: f64,
    },
    /// `two_compartment`.
    Compartments(Compartments),
}

/// Two functions of a drive that gamma is a mixture of, with gain n: softplus and sigmoid.
fn softplus(n: f64, a: f64) -> f64 {
    if a > 0.0 { a + ln_1p(exp(-n * a)) / n } else { ln_1p(exp(n * a)) / n }
}

fn sigmoid(n: f64, a: f64) -> f64 {
    let small = exp(-n * a.abs());
    if a >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}

/// What gamma does not exceed while the drive, gain and saturation lie between two ends each: each
/// part where it is largest; at least zero.
fn highest(drive: (f64, f64), [gain, saturation]: [(f64, f64); 2]) -> f64 {
    let soft = softplus(gain.0, drive.1);
    let highest = sigmoid(gain.0, drive.1).max(sigmoid(gain.1, drive.1));
    let lowest = sigmoid(gain.0, drive.0).min(sigmoid(gain.1, drive.0));
    let bound = |s: f64| (1.0 - s) * soft + (s * highest).max(s * lowest);
    bound(saturation.0).max(bound(saturation.1)).max(0.0)
}

impl Law {
    /// The membrane under a drive in pA.
    fn driven(leaky: &Leaky, drive: f64) -> Leaky {
        Leaky { rest: leaky.rest + drive * leaky.tau_m / leaky.c_m, ..*leaky }
    }

    /// The rate in Hz, also beyond zero.
    fn rate(&self) -> f64 {
        match *self {
            Law::Linear { base, drift, .. } => base + drift,
            Law::Gamma { rho, base, drift, gain, saturation, .. } => {
                let a = base + drift;
                let soft = (1.0 - saturation) * softplus(gain, a);
                rho * (soft + saturation * sigmoid(gain, a))
            }
            Law::Adaptive { rho, base, drift, ref controlled, .. } => {
                let (n, s) = controlled.shape();
                rho * ((1.0 - s) * softplus(n, base + drift) + s * sigmoid(n, base + drift))
            }
            Law::Regulated { rho, base, drift, ref regulator, .. } => {
                let (n, s) = regulator.shape();
                rho * ((1.0 - s) * softplus(n, base + drift) + s * sigmoid(n, base + drift))
            }
            Law::Escape { ref leaky, .. } => self.rate_at(leaky.v),
            Law::Compartments(ref state) => state.rate(),
        }
    }

    /// How far a potential of `escape_lif` lies above theta, in units of its width, 10 at most.
    fn units_above(&self, v: f64) -> f64 {
        let Law::Escape { theta, delta_u, .. } = *self else {
            unreachable!("only escape noise looks at a potential")
        };
        ((v - theta) / delta_u).min(10.0)
    }

    /// The rate of `escape_lif` at a potential.
    fn rate_at(&self, v: f64) -> f64 {
        let Law::Escape { rho, saturation, .. } = *self else {
            unreachable!("only escape noise looks at a potential")
        };
        let growth = exp(self.units_above(v));
        rho * growth / (1.0 + saturation * growth)
    }

    /// A rate in Hz that is not exceeded, and for how many ms.
    fn ceiling(&self, drive: f64) -> (f64, f64) {
        match *self {
            Law::Linear { base, drift, .. } => (base.max(base + drift).max(0.0), f64::INFINITY),
            Law::Gamma { rho, base, drift, gain, saturation, .. } => {
                let (low, high) = (base.min(base + drift), base.max(base + drift));
                let second = sigmoid(gain, if saturation < 0.0 { low } else { high });
                let most = (1.0 - saturation) * softplus(gain, high) + saturation * second;
                (rho * most.max(0.0), f64::INFINITY)
            }
            Law::Adaptive { .. } => self.adaptive_ceiling(),
            Law::Regulated { .. } => self.regulated_ceiling(),
            Law::Escape { ref leaky, delta_u, .. } => self.escape_ceiling(leaky, delta_u, drive),
            Law::Compartments(ref state) => (state.ceiling(), f64::INFINITY),
        }
    }

    /// The page of `adaptive_gamma_rate`: the first of some holds whose bound is close enough, or
    /// under which little is proposed.
    fn adaptive_ceiling(&self) -> (f64, f64) {
        let Law::Adaptive { tau, ref controlled, .. } = *self else {
            unreachable!("only a controlled neuron has such a ceiling")
        };
        let [(_, fast), .., (_, slow)] = controlled.traces[..] else {
            unreachable!("there are several traces")
        };
        let close = |bound: f64| bound <= 3.0 * self.rate().max(0.0);
        let proposed = |bound: f64, ms: f64| bound / 1000.0 * ms;
        let ever = self.bound(f64::INFINITY);
        if close(ever) || proposed(ever, 10.0 * (tau + slow)) < 10.0 {
            return (ever, f64::INFINITY);
        }
        let shortest = fast.min(tau) / 8.0;
        let mut hold = slow;
        loop {
            let bound = self.bound(hold);
            if close(bound) || proposed(bound, hold) < 1.0 || hold <= shortest {
                return (bound, hold);
            }
            hold = (hold / 4.0).max(shortest);
        }
    }

    /// A rate in Hz that `adaptive_gamma_rate` does not exceed for `ms`: of all corners of what
    /// gain, saturation and drive can be, each part of gamma where it is largest.
    fn bound(&self, ms: f64) -> f64 {
        let Law::Adaptive { tau, rho, base, drift, ref controlled } = *self else {
            unreachable!("only a controlled neuron has such a bound")
        };
        let now = base + drift;
        let then = now - drift * (ms / tau).min(1.0);
        let drive = (now.min(then), now.max(then));
        rho * highest(drive, controlled.shapes(drive, ms))
    }

    /// The page of `aru_gamma_rate`: for ever, or until the next tick.
    fn regulated_ceiling(&self) -> (f64, f64) {
        let Law::Regulated { tau, rho, base, drift, tick, ref regulator } = *self else {
            unreachable!("only a regulated neuron has such a ceiling")
        };
        let now = base + drift;
        let ever = rho * highest((now.min(base), now.max(base)), regulator.shapes());
        let few = ever / 1000.0 * (10.0 * (tau + tick)) < 1.0;
        if ever <= 3.0 * self.rate().max(0.0) || few {
            return (ever, f64::INFINITY);
        }
        let hold = regulator.left();
        let then = now - drift * (hold / tau).min(1.0);
        let (n, s) = regulator.shape();
        (rho * highest((now.min(then), now.max(then)), [(n, n), (s, s)]), hold)
    }

    /// The page of `escape_lif`, step by step.
    fn escape_ceiling(&self, leaky: &Leaky, delta_u: f64, drive: f64) -> (f64, f64) {
        let Leaky { v, tau_m, c_m, currents, .. } = *leaky;
        let v_inf = Self::driven(leaky, drive).rest;
        let resistance = tau_m / c_m;
        let [ex, inh] = currents;
        // The response to 1 pA is largest after tau ln(r) / (r - 1), r = tau / tau_m, and there
        // (tau_m / C) e^(-that / tau); one billionth is added.
        let response = |tau: f64| {
            let excess = (tau - tau_m) / tau_m;
            let exponent = if excess == 0.0 { 1.0 } else { ln_1p(excess) / excess };
            resistance * exp(-exponent) * (1.0 + 1e-9)
        };
        let peak = |of: Current, beside: Current| {
            let lasting = of.tau > beside.tau || beside.level >= 0.0;
            let sum = if lasting { of.level } else { of.level + beside.level };
            if of.level > 0.0 { sum.max(0.0) * response(of.tau) } else { 0.0 }
        };
        // Where V would go, less V, if it were held off by this much of the negative currents.
        let push = |share: &dyn Fn(f64) -> f64| {
            let part = |i: Current| if i.level < 0.0 { share(i.tau) * i.level } else { i.level };
            v_inf - v + resistance * (part(ex) + part(inh))
        };
        let highest =
            if push(&|_| 0.0) <= 0.0 { v } else { v.max(v_inf) + peak(ex, inh) + peak(inh, ex) };
        let units = |v: f64| self.units_above(v);
        let ever = self.rate_at(highest);
        let relaxed = 10.0 * (tau_m + ex.tau + inh.tau);
        if units(highest) <= units(v) + 0.5 || ever / 1000.0 * relaxed < 0.1 {
            return (ever, f64::INFINITY);
        }
        let bound = |hold: f64| {
            let still = |tau: f64| (1.0 - hold / tau).max(0.0);
            v + push(&still).max(0.0) / tau_m * hold
        };
        // The positive root of growth h^2 + slope h = delta_u / 2.
        let (slope, goal) = (push(&|_| 1.0) / tau_m, 0.5 * delta_u);
        let growth = -(ex.level.min(0.0) / ex.tau + inh.level.min(0.0) / inh.tau) / c_m;
        let root = 2.0 * goal / (slope + sqrt(slope * slope + 4.0 * growth * goal));
        let hold = root.max(tau_m.min(ex.tau).min(inh.tau) / 64.0);
        let long = (self.rate_at(bound(tau_m / 4.0)), tau_m / 4.0);
        if long.1 > hold && long.0 / 1000.0 * long.1 < 0.1 {
            return long;
        }
        (self.rate_at(bound(hold)), hold)
    }

    /// Moves the state by `ms`.
    fn pass(&mut self, drive: f64, ms: f64) {
        match self {
            Law::Linear { tau, drift, .. } | Law::Gamma { tau, drift, .. } => {
                *drift *= exp(-ms / *tau);
            }
            Law::Adaptive { tau, base, drift, controlled, .. } => {
                controlled.pass(*base, *drift, *tau, ms);
                *drift *= exp(-ms / *tau);
            }
            Law::Regulated { tau, base, drift, regulator, .. } => {
                let decaying = Current { level: *drift, slope: 0.0, tau: *tau };
                regulator.pass(*base, &[decaying], ms);
                *drift *= exp(-ms / *tau);
            }
            Law::Escape { leaky, .. } => {
                *leaky = Leaky { rest: leaky.rest, ..Self::driven(leaky, drive).from(ms) };
            }
            Law::Compartments(state) => state.pass(ms),
        }
    }
}

/// A neuron that fires at random.
#[derive(Clone, Debug)]
pub struct Dice {
    law: Law,
    stream: f64,
    number: u64,
    /// Proposals to be expected until the next.
    budget: f64,
    /// In Hz, and for how many ms more; `None` until time passes after an event.
    ceiling: Option<(f64, f64)>,
    /// The drive for which the ceiling holds.
    drive: f64,
    due: bool,
}

impl Dice {
    /// At the start.
    pub fn new(law: Law, stream: f64) -> Dice {
        let (number, budget, drive) = (0, 0.0, 0.0);
        let mut dice = Dice { law, stream, number, budget, ceiling: None, drive, due: false };
        dice.budget = dice.generator().exponential();
        dice
    }

    fn generator(&self) -> Stream {
        Stream::new(self.stream.to_bits(), Purpose::Firing, 0, self.number)
    }

    /// Takes a spike over a synapse of this weight.
    pub fn receive(&mut self, weight: f64) {
        match &mut self.law {
            Law::Linear { drift, .. } => *drift += weight,
            Law::Gamma { rho, .. } | Law::Adaptive { rho, .. } | Law::Regulated { rho, .. }
                if *rho == 0.0 => {}
            Law::Gamma { tau, rho, drift, .. }
            | Law::Adaptive { tau, rho, drift, .. }
            | Law::Regulated { tau, rho, drift, .. } => {
                *drift += weight * 1000.0 / (*rho * *tau);
            }
            Law::Escape { leaky, .. } => leaky.currents[usize::from(weight < 0.0)].level += weight,
            Law::Compartments(state) => state.receive(weight),
        }
        self.ceiling = None;
    }

    /// The compartments, to be changed.
    ///
    /// # Panics
    /// If the law is another.
    pub fn compartments(&mut self) -> &mut Compartments {
        self.ceiling = None;
        match &mut self.law {
            Law::Compartments(state) => state,
            other => panic!("{other:?} has no compartments"),
        }
    }

    /// The compartments, to be looked at.
    ///
    /// # Panics
    /// If the law is another.
    pub fn compartments_unchanged(&self) -> &Compartments {
        match &self.law {
            Law::Compartments(state) => state,
            other => panic!("{other:?} has no compartments"),
        }
    }

    /// Whether it has to fire.
    pub fn is_due(&self) -> bool {
        self.due
    }

    /// It has fired.
    pub fn reset(&mut self) {
        match &mut self.law {
            Law::Escape { leaky, v_reset, .. } => leaky.v = *v_reset,
            Law::Linear { drift, own, .. } => *drift += *own,
            _ => {}
        }
        self.roll();
    }

    /// Goes on to the next proposal.
    fn roll(&mut self) {
        self.number += 1;
        self.budget = self.generator().exponential();
        self.ceiling = None;
        self.due = false;
    }

    /// Is held for `ms` after a spike, in which nothing is proposed.
    pub fn hold(&mut self, ms: f64) {
        match &mut self.law {
            Law::Escape { leaky, .. } => *leaky = Leaky { v: leaky.v, ..leaky.from(ms) },
            law => law.pass(0.0, ms),
        }
    }

    /// Lets `ms` pass under a drive, and returns when in them it has to fire.
    pub fn pass(&mut self, drive: f64, ms: f64) -> Option<f64> {
        if self.drive != drive {
            (self.ceiling, self.drive) = (None, drive);
        }
        let mut gone = 0.0;
        while !self.due {
            let left = ms - gone;
            let (highest, held) = *self.ceiling.get_or_insert(self.law.ceiling(drive));
            let until = if highest > 0.0 { 1000.0 * self.budget / highest } else { f64::INFINITY };
            let step = until.min(held);
            if step > left {
                self.budget -= highest * left / 1000.0;
                self.ceiling = Some((highest, held - left));
                self.law.pass(drive, left);
                return None;
            }
            self.law.pass(drive, step);
            gone += step;
            if until > held {
                self.budget = (self.budget - highest * step / 1000.0).max(0.0);
                self.ceiling = None;
                continue;
            }
            let mut generator = self.generator();
            let _ = generator.exponential();
            if generator.uniform() * highest < self.law.rate() {
                self.due = true;
            } else {
                self.roll();
            }
        }
        self.law.pass(drive, ms - gone);
        Some(gone)
    }
}
