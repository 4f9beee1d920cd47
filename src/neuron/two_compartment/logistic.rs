//! The logistic function, and its mean over a stretch.

use crate::base::math::{exp, exp_in_loops, ln_1p};

/// The argument of phi moves so far at most where its mean is taken from a series.
pub const WIDE: f64 = 0.05;

/// 1 / (1 + e^-x), without overflow.
#[inline(always)]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp_in_loops((-x).clamp(-700.0, 700.0)))
}

/// ln(1 + e^x), without overflow.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + ln_1p(exp(-x.abs()))
}

/// What the mean of the logistic function over a stretch is above its value p in the middle; `rest` is
/// 1 - p. From the second derivative; the fourth adds less than 4e-9 of p where the stretch is not [`WIDE`].
#[inline(always)]
pub fn bend(p: f64, rest: f64, width: f64) -> f64 {
    p * rest * (rest - p) * (width * width * (1.0 / 24.0))
}

/// The mean of the logistic function between `from` and `to`.
#[inline]
pub fn mean_logistic(from: f64, to: f64) -> f64 {
    let width = from - to;
    if width.abs() < WIDE {
        let p = logistic(0.5 * (from + to));
        p + bend(p, 1.0 - p, width)
    } else {
        (softplus(from) - softplus(to)) / width
    }
}
