//! Transcendental functions whose bits are the same on every machine.
//!
//! The platform's `exp` and a pure-Rust `exp` differ in the last bit for about one argument in
//! ten, so nothing that reaches a result may call the standard library's. These come from one
//! pinned version of `libm`, without its platform-specific paths, and the test below locks the
//! bits of 10^6 arguments each.

/// e^x.
#[inline]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// e^x - 1, accurate near zero.
#[inline]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Natural logarithm.
#[inline]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// ln(1 + x), accurate near zero.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// Square root. IEEE 754 fixes every bit, so the hardware's may be used.
#[inline]
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// Tangent.
#[inline]
pub fn tan(x: f64) -> f64 {
    libm::tan(x)
}

/// Arc tangent.
#[inline]
pub fn atan(x: f64) -> f64 {
    libm::atan(x)
}

/// Hyperbolic tangent.
#[inline]
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// Inverse hyperbolic tangent.
#[inline]
pub fn atanh(x: f64) -> f64 {
    libm::atanh(x)
}

/// Complementary error function.
#[inline]
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// Logarithm of the gamma function.
#[inline]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// (e^x - 1) / x, continued by 1 at zero: the mean of e^(x s) over s in [0, 1].
///
/// Accurate to a few units in the last place at every x; this is the form in which a difference
/// of two exponentials of nearly equal rates keeps its digits.
#[inline]
pub fn exp_mean(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { exp_m1(x) / x }
}

/// The integral of s e^(x s) over s in [0, 1], which is ((x - 1) e^x + 1) / x^2, continued by 1/2
/// at zero.
///
/// Below |x| = 1 the closed form cancels, so the series, the sum of x^k / (k! (k + 2)), is used.
pub fn exp_ramp(x: f64) -> f64 {
    if x.abs() < 1.0 {
        return RAMP_SERIES.iter().rev().fold(0.0, |sum, coefficient| sum * x + coefficient);
    }
    ((x - 1.0) * exp(x) + 1.0) / (x * x)
}

/// 1 / (k! (k + 2)). The first term left out is below 2^-60 of the sum.
const RAMP_SERIES: [f64; 18] = {
    let mut series = [0.0; 18];
    let mut factorial = 1.0;
    let mut k = 0;
    while k < series.len() {
        if k > 0 {
            factorial *= k as f64;
        }
        series[k] = 1.0 / (factorial * (k + 2) as f64);
        k += 1;
    }
    series
};
