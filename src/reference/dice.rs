//! Neurons that fire at random, once more: proposals one after the other, each state moved to its
//! proposal.
//!
//! The rule for the random numbers is part of the models, so it is the same here: proposal n of a
//! neuron takes the exponential number and the uniform one that its stream's n-th generator gives,
//! and ceilings are set at arrivals, changes of the drive, spikes, rejected proposals, and when
//! their time is over.

use super::compartments::Compartments;
use crate::base::math::{exp, ln_1p};
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

impl Law {
    /// The rate in Hz, also beyond zero.
    fn rate(&self) -> f64 {
        match *self {
            Law::Linear { base, drift, .. } => base + drift,
            Law::Gamma { rho, base, drift, gain, saturation, .. } => {
                let a = base + drift;
                let soft = (1.0 - saturation) * softplus(gain, a);
                rho * (soft + saturation * sigmoid(gain, a))
            }
            Law::Compartments(ref state) => state.rate(),
        }
    }

    /// A rate in Hz that is not exceeded, and for how many ms.
    fn ceiling(&self) -> (f64, f64) {
        match *self {
            Law::Linear { base, drift, .. } => (base.max(base + drift).max(0.0), f64::INFINITY),
            Law::Gamma { rho, base, drift, gain, saturation, .. } => {
                let (low, high) = (base.min(base + drift), base.max(base + drift));
                let second = sigmoid(gain, if saturation < 0.0 { low } else { high });
                let most = (1.0 - saturation) * softplus(gain, high) + saturation * second;
                (rho * most.max(0.0), f64::INFINITY)
            }
            Law::Compartments(ref state) => (state.ceiling(), f64::INFINITY),
        }
    }

    /// Moves the state by `ms`.
    fn pass(&mut self, ms: f64) {
        match self {
            Law::Linear { tau, drift, .. } | Law::Gamma { tau, drift, .. } => {
                *drift *= exp(-ms / *tau);
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
            Law::Gamma { rho, .. } if *rho == 0.0 => {}
            Law::Compartments(state) => state.receive(weight),
            Law::Gamma { tau, rho, drift, .. } => *drift += weight * 1000.0 / (*rho * *tau),
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
        self.law.pass(ms);
    }

    /// Lets `ms` pass under a drive, and returns when in them it has to fire.
    pub fn pass(&mut self, drive: f64, ms: f64) -> Option<f64> {
        if self.drive != drive {
            (self.ceiling, self.drive) = (None, drive);
        }
        let mut gone = 0.0;
        while !self.due {
            let left = ms - gone;
            let (highest, held) = *self.ceiling.get_or_insert(self.law.ceiling());
            let until = if highest > 0.0 { 1000.0 * self.budget / highest } else { f64::INFINITY };
            let step = until.min(held);
            if step > left {
                self.budget -= highest * left / 1000.0;
                self.ceiling = Some((highest, held - left));
                self.law.pass(left);
                return None;
            }
            self.law.pass(step);
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
        self.law.pass(ms - gone);
        Some(gone)
    }
}
