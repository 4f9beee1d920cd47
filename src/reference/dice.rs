//! A neuron that fires at random, once more: proposals one after the other, each state moved to
//! its proposal.
//!
//! The rule for the random numbers is part of the model, so it is the same here: proposal n of a
//! neuron takes the exponential number and the uniform one that its stream's n-th generator gives,
//! and ceilings are set at arrivals, spikes and rejected proposals.

use crate::base::math::exp;
use crate::base::random::{Purpose, Stream};

/// A linear Poisson neuron.
#[derive(Clone, Debug)]
pub struct Dice {
    tau: f64,
    base: f64,
    drift: f64,
    stream: f64,
    number: u64,
    /// Proposals to be expected until the next.
    budget: f64,
    /// In Hz; `None` until time passes after an event.
    ceiling: Option<f64>,
    due: bool,
}

impl Dice {
    /// At the start, with rates in Hz and the time constant in ms.
    pub fn new(tau: f64, base: f64, drift: f64, stream: f64) -> Dice {
        let (number, budget) = (0, 0.0);
        let mut dice = Dice { tau, base, drift, stream, number, budget, ceiling: None, due: false };
        dice.budget = dice.generator().exponential();
        dice
    }

    fn generator(&self) -> Stream {
        Stream::new(self.stream.to_bits(), Purpose::Firing, 0, self.number)
    }

    /// Takes a spike over a synapse of this weight.
    pub fn receive(&mut self, weight: f64) {
        self.drift += weight;
        self.ceiling = None;
    }

    /// Whether it has to fire.
    pub fn is_due(&self) -> bool {
        self.due
    }

    /// Goes on to the next proposal: it has fired, or not been allowed to.
    pub fn roll(&mut self) {
        self.number += 1;
        self.budget = self.generator().exponential();
        self.ceiling = None;
        self.due = false;
    }

    /// Lets `ms` pass, and returns when in them it has to fire.
    pub fn pass(&mut self, ms: f64) -> Option<f64> {
        let mut gone = 0.0;
        while !self.due {
            let left = ms - gone;
            let highest = self.base.max(self.base + self.drift).max(0.0);
            let ceiling = *self.ceiling.get_or_insert(highest);
            let spent = ceiling * left / 1000.0;
            if spent < self.budget {
                self.budget -= spent;
                self.drift *= exp(-left / self.tau);
                return None;
            }
            let wait = 1000.0 * self.budget / ceiling;
            self.drift *= exp(-wait / self.tau);
            gone += wait;
            let mut generator = self.generator();
            let _ = generator.exponential();
            if generator.uniform() * ceiling < self.base + self.drift {
                self.due = true;
            } else {
                self.roll();
            }
        }
        self.drift *= exp(-(ms - gone) / self.tau);
        Some(gone)
    }
}
