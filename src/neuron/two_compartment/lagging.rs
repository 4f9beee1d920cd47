//! The soma of `two_compartment` where it has a capacitance: a state that follows its conductances.
//!
//! Between events the soma is drawn with a constant rate k to where its conductances hold it, and that
//! point fades with the dendrite, at another rate. So it is a constant and two exponentials, in
//! closed form, also where both rates are the same. The integral of phi over such a course has no
//! closed form. It is taken by Gauss and Legendre, until what is left of the soma's own exponential does
//! not matter; from then on u is linear in the dendrite again.
//!
//! The second total of a lesson, for a rule that filters its changes, has no closed form with any soma and is
//! taken by the same quadrature. There a soma that takes no time is one of infinite rate.

use super::Constants;
use super::logistic::logistic;
use crate::base::math::{exp, exp_mean};
use crate::base::saved::value;

/// A soma that takes time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lagging {
    /// Its potential less `e_l`.
    pub above: f64,
    /// With which it goes where its conductances hold it, in 1/ms: all of them over the capacitance.
    pub rate: f64,
}
value!(Lagging { above, rate });

/// A stretch of the quadrature takes no more than this share of the shorter time constant, and phi's
/// argument moves no further in it than this.
const SHARE: f64 = 0.5;
const FAR: f64 = 1.0;

/// The soma's own exponential counts as over where it moves phi's argument by less.
const OVER: f64 = 1e-10;

/// Nodes of four points on (0, 1), in pairs about the middle, and their weights.
const NODES: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
    (0.330_009_478_207_571_9, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
];

/// What a soma does until something reaches its neuron; potentials are less `e_l`, rates in 1/ms.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// The soma now.
    pub above: f64,
    /// The rate of the soma, infinite if it takes no time, and that of the dendrite.
    pub rate: f64,
    /// See above.
    pub leak: f64,
    /// The soma is held at `base + share dendrite`.
    pub base: f64,
    /// See above.
    pub share: f64,
    /// The dendrite now.
    pub dendrite: f64,
}

impl Course {
    /// The soma after some time.
    pub fn after(&self, ms: f64) -> f64 {
        if ms == 0.0 {
            return self.above;
        }
        let pull = self.share * self.dendrite;
        if self.rate == f64::INFINITY {
            return self.base + pull * exp(-self.leak * ms);
        }
        // (e^(-leak t) - e^(-rate t)) / (rate - leak), without a difference of near values.
        let apart = (self.rate - self.leak).abs() * ms;
        let passed = ms * exp(-self.rate.min(self.leak) * ms) * exp_mean(-apart);
        let own = (self.above - self.base) * exp(-self.rate * ms);
        self.base + own + pull * self.rate * passed
    }

    /// The same course from a later time on.
    pub fn later(&self, ms: f64) -> Course {
        Course { above: self.after(ms), dendrite: self.dendrite * exp(-self.leak * ms), ..*self }
    }

    /// A potential that the soma does not exceed: it goes towards where it is held, and that point towards
    /// `base`.
    pub fn highest(&self) -> f64 {
        self.above.max(self.base).max(self.base + self.share * self.dendrite)
    }

    /// The integral of the error over `ms`, weighted as the dendrite fades.
    pub fn error(&self, c: &Constants, ms: f64) -> f64 {
        let (mut course, mut left, mut faded, mut sum) = (*self, ms, 1.0, 0.0);
        while left > 0.0 {
            if let Some(share) = course.settled(c) {
                return sum
                    + faded * c.held(course.base, share, course.dendrite, exp(-self.leak * left));
            }
            let step = course.stretch(c).min(left);
            sum += faded * course.quadrature(c, step, self.leak);
            course = course.later(step);
            faded *= exp(-self.leak * step);
            left -= step;
        }
        sum
    }

    /// The same weighted as e^(-rate t), whatever the rate.
    pub fn error_weighted(&self, c: &Constants, ms: f64, rate: f64) -> f64 {
        let (mut course, mut left, mut faded, mut sum) = (*self, ms, 1.0, 0.0);
        while left > 0.0 {
            if let Some(share) = course.settled(c) {
                (course.rate, course.share) = (f64::INFINITY, share);
            }
            let step = course.stretch(c).min(SHARE / rate.abs()).min(left);
            sum += faded * course.quadrature(c, step, rate);
            course = course.later(step);
            faded *= exp(-rate * step);
            left -= step;
        }
        sum
    }

    /// Where the soma's own exponential is over, its share of the dendrite.
    fn settled(&self, c: &Constants) -> Option<f64> {
        if self.rate == f64::INFINITY {
            return Some(self.share);
        }
        // If the soma is slower than the dendrite its exponential is what lasts.
        if self.rate < 2.0 * self.leak {
            return None;
        }
        let share = self.share * self.rate / (self.rate - self.leak);
        let own = self.above - self.base - share * self.dendrite;
        (own.abs() * c.slope < OVER).then_some(share)
    }

    /// How long a stretch may be: u and v* move no faster than this from now on.
    fn stretch(&self, c: &Constants) -> f64 {
        let pull = self.share * self.dendrite;
        let gap = (self.above - self.base - pull).abs();
        let own = if self.rate < f64::INFINITY { self.rate } else { 0.0 };
        let soma = own * gap + self.leak * pull.abs();
        let predicted = self.leak * (c.share * self.dendrite).abs();
        (SHARE / own.max(self.leak)).min(FAR / (c.slope * soma.max(predicted)))
    }

    /// Weighted as e^(-rate t).
    fn quadrature(&self, c: &Constants, ms: f64, rate: f64) -> f64 {
        let sum: f64 = NODES
            .iter()
            .map(|&(node, weight)| {
                let at = node * ms;
                let faded = exp(-self.leak * at);
                let u = logistic(c.argument(self.after(at)));
                let predicted = logistic(c.argument(c.share * self.dendrite * faded));
                weight * exp(-rate * at) * (c.by_rate * u - predicted)
            })
            .sum();
        ms * sum
    }
}
