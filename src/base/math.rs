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

/// e^x for |x| up to 700, relative error below 5e-16, without calls and branches: a loop over it becomes
/// vector instructions. Outside it is nonsense. Other bits than [`exp`].
#[inline(always)]
pub fn exp_in_loops(x: f64) -> f64 {
    // Added to a number of less than 51 bits it leaves the nearest whole number in the lowest bits.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let power = shifted - SHIFT;
    let r = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    // |r| < 0.35: the first term left out is below 2e-17. Pairs of terms do not wait for each other.
    let [r2, r4, r8] = [r * r, r * r * (r * r), r * r * (r * r) * (r * r * (r * r))];
    let pair = |k: usize| EXP_SERIES[k] + EXP_SERIES[k + 1] * r;
    let low = pair(0) + pair(2) * r2;
    let middle = pair(4) + pair(6) * r2;
    let high = pair(8) + pair(10) * r2 + pair(12) * r4;
    let series = low + middle * r4 + high * r8;
    f64::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// 1 / k!.
const EXP_SERIES: [f64; 14] = {
    let mut series = [1.0; 14];
    let mut k = 1;
    while k < series.len() {
        series[k] = series[k - 1] / k as f64;
        k += 1;
    }
    series
};

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

/// Natural logarithm of a normal number above zero, without calls and branches: a loop over it becomes vector
/// instructions. The same bits as [`ln`]; for zero, negative and subnormal numbers, infinity and NaN it is
/// nonsense.
///
/// The method is that of [`ln`], from the mathematical library of FreeBSD (msun, `e_log.c`), which has it from
/// fdlibm (Sun Microsystems 1993): x = 2^k (1 + f) with 1 + f between the roots of 1/2 and 2; with
/// s = f / (2 + f), ln(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R)), where R is a polynomial in s^2.
#[inline(always)]
pub fn ln_in_loops(x: f64) -> f64 {
    const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    // The root of 1/2, to the 32 bits by which `ln` cuts.
    const ROOT: u64 = 0x3fe6_a09e_0000_0000;
    // A double of this exponent holds a whole number in its lowest bits.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let moved = x.to_bits().wrapping_add(ONE - ROOT);
    let power = f64::from_bits((moved >> 52) | WHOLE.to_bits()) - (WHOLE + 1023.0);
    let f = f64::from_bits((moved & MANTISSA) + ROOT) - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let [l1, l2, l3, l4, l5, l6, l7] = LN_SERIES;
    // In this order and with these brackets: every other one rounds otherwise.
    let even = w * (l2 + w * (l4 + w * l6));
    let odd = z * (l1 + w * (l3 + w * (l5 + w * l7)));
    s * (half_square + (odd + even)) + power * LN_2_LOW - half_square + f + power * LN_2_HIGH
}

/// The coefficients of R in [`ln_in_loops`], near 2 / 3, 2 / 5, 2 / 7 and so on.
const LN_SERIES: [f64; 7] = [
    0.666_666_666_666_673_5,
    0.399_999_999_994_094_2,
    0.285_714_287_436_623_9,
    0.222_221_984_321_497_84,
    0.181_835_721_616_180_5,
    0.153_138_376_992_093_73,
    0.147_981_986_051_165_86,
];

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

/// The nearest whole number; halves are rounded away from zero. The same as [`f64::round`], without
/// its call.
#[inline]
pub fn round(x: f64) -> f64 {
    // Beyond, and for what is no number, there is nothing to round.
    if x.is_nan() || x.abs() >= (1u64 << 52) as f64 {
        return x;
    }
    let whole = x as i64 as f64;
    // The difference of two neighbouring doubles is exact.
    let rest = x - whole;
    // Which way it goes nobody can foresee: two comparisons cost less than a branch.
    whole + f64::from(u8::from(rest >= 0.5)) - f64::from(u8::from(rest <= -0.5))
}

/// x^y for x >= 0. Exactly 1 for y = 0 and exactly x for y = 1, without computing anything.
#[inline]
pub fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 {
        1.0
    } else if y == 1.0 {
        x
    } else {
        libm::pow(x, y)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream, mix};

    /// The bits of 10^6 results, folded into one number: half of the arguments spread evenly over
    /// [-range, range], half with magnitudes that halve down to nothing.
    fn fold(range: f64, function: fn(f64) -> f64) -> u64 {
        (0..1_000_000u64).fold(0, |sum, k| {
            let bits = mix(k);
            let unit = (bits >> 11) as f64 / (1u64 << 53) as f64;
            let signed = (2.0 * unit - 1.0) * range;
            let shrink = if k % 2 == 0 { 0 } else { mix(!k) % 60 };
            mix(sum ^ function(signed / (1u64 << shrink) as f64).to_bits())
        })
    }

    /// What is promised: the same bits on every machine, under every optimisation level and with
    /// every version of the dependencies. A new number here changes the results of every scenario.
    #[test]
    fn rounding_is_the_standard_one() {
        let mut random = Stream::new(9, Purpose::Initial, 0, 0);
        let corners =
            [0.0, 0.5, 0.499_999_999_999_999_94, 1.5, 2.5, 4_503_599_627_370_495.5, 1e300];
        let drawn = (0..100_000).map(|_| random.uniform() * 2f64.powi(random.below(60) as i32));
        let special = [f64::INFINITY, f64::MIN_POSITIVE];
        for x in corners.into_iter().chain(special).chain(drawn.collect::<Vec<_>>()) {
            assert_eq!(round(x), x.round(), "{x}");
            assert_eq!(round(-x), (-x).round(), "-{x}");
        }
        assert!(round(f64::NAN).is_nan());
    }

    #[test]
    fn the_bits_of_every_function_are_known() {
        let found = [
            ("exp", fold(700.0, exp)),
            ("exp_in_loops", fold(700.0, exp_in_loops)),
            ("exp_m1", fold(700.0, exp_m1)),
            ("ln", fold(1e6, |x| ln(x.abs()))),
            ("ln_1p", fold(1e6, |x| ln_1p(x.abs()))),
            ("sqrt", fold(1e6, |x| sqrt(x.abs()))),
            ("pow", fold(10.0, |x| pow(x.abs(), 0.4))),
            ("tan", fold(10.0, tan)),
            ("atan", fold(1e3, atan)),
            ("tanh", fold(20.0, tanh)),
            ("atanh", fold(1.0, atanh)),
            ("ln_gamma", fold(1e3, |x| ln_gamma(x.abs()))),
            ("exp_mean", fold(50.0, exp_mean)),
            ("exp_ramp", fold(50.0, exp_ramp)),
        ];
        let known: [(&str, u64); 14] = [
            ("exp", 0x3e6a_3f6c_a2c5_09e3),
            ("exp_in_loops", 0x9ff3_d2ff_7efa_e736),
            ("exp_m1", 0x9044_de02_8b46_b04a),
            ("ln", 0x284f_27b7_df4f_7094),
            ("ln_1p", 0x5dac_094d_2aec_e785),
            ("sqrt", 0xf103_02b7_7b91_addf),
            ("pow", 0x154c_14a5_628e_b883),
            ("tan", 0xd9f5_8dc4_fdc4_a698),
            ("atan", 0x216c_dba3_3e16_f620),
            ("tanh", 0xb4be_631f_498f_1a4d),
            ("atanh", 0xcebd_ded0_78c2_32e1),
            ("ln_gamma", 0xa241_6390_8f01_e45e),
            ("exp_mean", 0x9fb7_5fd4_9b18_4549),
            ("exp_ramp", 0x5db2_68cd_f2c4_cdbe),
        ];
        assert_eq!(found, known, "a function has changed its bits");
    }

    #[test]
    fn the_exponential_for_loops_is_the_exponential() {
        let mut random = Stream::new(4, Purpose::Initial, 0, 0);
        for k in 0..200_000 {
            let x = (2.0 * random.uniform() - 1.0) * if k % 2 == 0 { 700.0 } else { 3.0 };
            let error = (exp_in_loops(x) / exp(x) - 1.0).abs();
            assert!(error < 5e-16, "{x}: {error:e}");
        }
        assert_eq!(exp_in_loops(0.0), 1.0);
    }

    #[test]
    fn the_logarithm_for_loops_is_the_logarithm() {
        let mut random = Stream::new(5, Purpose::Initial, 0, 0);
        let lattice = |cell: u64| (cell as f64 + 0.5) / (1u64 << 52) as f64;
        let root = std::f64::consts::FRAC_1_SQRT_2.to_bits();
        // Where `ln` cuts, 32 bits of the root of 1/2, and around.
        let cuts = (0..200).map(|k| f64::from_bits((root >> 32 << 32) + k - 100));
        let near_one = (0..200).map(|k| f64::from_bits(1f64.to_bits() + k - 100));
        let special = [f64::MIN_POSITIVE, f64::MAX, f64::EPSILON, 0.5, 1.0, 2.0, root as f64];
        let ends = [lattice(0), lattice(1), lattice((1 << 52) - 1)];
        let edges = cuts.chain(near_one).chain(special).chain(ends).collect::<Vec<_>>();
        let powers = (-1022..1024).map(|k| 2f64.powi(k));
        let normal = |bits: u64| f64::from_bits((bits >> 1).clamp(1 << 52, f64::MAX.to_bits()));
        let mut drawn = || [random.uniform_open(), normal(random.bits())];
        let drawn = (0..1_000_000).flat_map(|_| drawn()).collect::<Vec<_>>();
        for x in edges.into_iter().chain(powers).chain(drawn) {
            assert_eq!(ln_in_loops(x).to_bits(), ln(x).to_bits(), "{x:e}");
        }
    }

    #[test]
    fn moments_of_the_exponential_are_accurate_through_zero() {
        // Computed by mpmath with 60 digits.
        let exact = [
            (-600.0, 0.0016666666666666668, 2.777777777777778e-06),
            (-30.0, 0.03333333333333022, 0.001111111111107888),
            (-1.0, 0.6321205588285577, 0.26424111765711533),
            (-0.999, 0.6323848802666037, 0.26440177743037113),
            (-0.3, 0.8639392643942738, 0.41040347904185304),
            (-1e-05, 0.9999950000166666, 0.49999666667916665),
            (-1e-17, 1.0, 0.5),
            (0.0, 1.0, 0.5),
            (1e-300, 1.0, 0.5),
            (1e-09, 1.0000000005, 0.5000000003333334),
            (0.02, 1.0100670013377906, 0.5067169344482652),
            (0.7, 1.4482181535292522, 0.8079065056303205),
            (0.9999, 1.7181818320503606, 0.9999281746342584),
            (1.0, 1.7182818284590453, 1.0),
            (5.0, 29.48263182051532, 23.78610545641226),
            (300.0, 6.474754650804187e+127, 6.453172135301506e+127),
        ];
        for (x, mean, ramp) in exact {
            assert!((exp_mean(x) / mean - 1.0).abs() < 1e-15, "mean at {x}");
            assert!((exp_ramp(x) / ramp - 1.0).abs() < 2e-15, "ramp at {x}");
        }
    }
}
