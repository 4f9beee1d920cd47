//! x^y for many x and one y, from tables.
//!
//! A synapse whose steps depend on a power of its weight takes one with every pair of spikes, always
//! the same; [`math::pow`] works that out from nothing and costs more than everything else about the
//! arrival. Written x = 2^e c (1 + r), with c the nearest of 129 numbers from 1 to 2, the power is
//! 2^(e y) c^y (1 + r)^y: two loads, a series of six terms in r, which is at most 2^-8, and
//! two multiplications. The relative error is a few units in the last place. Tables and coefficients are
//! made by portable functions, and what follows is additions and multiplications, so the bits are the same
//! on every machine; they are not those of `math::pow`.

use super::math;

/// Intervals between 1 and 2, as a power of two.
const CELL_BITS: u32 = 7;
const CELLS: usize = 1 << CELL_BITS;
/// Bits of a double behind its exponent.
const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
/// Numbers from 2^-SCALES up to 2^SCALES are worked out from tables, others by [`math::pow`].
const SCALES: u64 = 64;
/// The bias of the exponent of a double.
const BIAS: u64 = 1023;
/// Exponents up to this one leave a series of six terms exact enough.
const LARGEST: f64 = 3.0;
const TERMS: usize = 6;

/// Powers with one exponent, 5 KiB.
#[derive(Clone, Debug)]
pub struct Power {
    exponent: f64,
    /// Whether tables are of use: not for exponents 0 and 1, which cost nothing, nor for large ones.
    is_tabled: bool,
    /// For each c its reciprocal and its power.
    cells: Box<[(f64, f64); CELLS + 1]>,
    /// The powers of 2^e, e from -SCALES on.
    scales: Box<[f64; 2 * SCALES as usize]>,
    /// Of the series of (1 + r)^y, from that of r^TERMS down to that of r.
    series: [f64; TERMS],
}

impl Power {
    /// Powers with this exponent >= 0.
    pub fn new(exponent: f64) -> Power {
        let cell = |index: usize| {
            let c = 1.0 + index as f64 / CELLS as f64;
            (1.0 / c, math::pow(c, exponent))
        };
        let scale = |index: usize| {
            let e = index as i32 - SCALES as i32;
            math::pow(
                f64::from_bits((BIAS as i64 + i64::from(e)) as u64 * (1 << FRACTION_BITS)),
                exponent,
            )
        };
        let mut series = [0.0; TERMS];
        let mut coefficient = 1.0;
        for term in 0..TERMS {
            coefficient *= (exponent - term as f64) / (term + 1) as f64;
            series[TERMS - 1 - term] = coefficient;
        }
        Power {
            exponent,
            is_tabled: exponent != 0.0 && exponent != 1.0 && exponent <= LARGEST,
            cells: Box::new(std::array::from_fn(cell)),
            scales: Box::new(std::array::from_fn(scale)),
            series,
        }
    }

    /// x^y for x >= 0. Exactly 1 for y = 0 and for x = 1, exactly x for y = 1.
    #[inline]
    pub fn of(&self, x: f64) -> f64 {
        let bits = x.to_bits();
        // Zero, what is no number, and what has a sign lie beyond the scales, too.
        let scale = (bits >> FRACTION_BITS).wrapping_sub(BIAS - SCALES);
        if !self.is_tabled || scale >= 2 * SCALES {
            return math::pow(x, self.exponent);
        }
        let fraction = bits & ((1 << FRACTION_BITS) - 1);
        let half_a_cell = 1 << (FRACTION_BITS - CELL_BITS - 1);
        let cell = ((fraction + half_a_cell) >> (FRACTION_BITS - CELL_BITS)) as usize;
        let (reciprocal, power) = self.cells[cell];
        let mantissa = f64::from_bits(fraction | BIAS << FRACTION_BITS);
        // The difference of two doubles so near to each other is exact.
        let r = (mantissa - (1.0 + cell as f64 / CELLS as f64)) * reciprocal;
        let grown = self.series.iter().fold(0.0, |sum, coefficient| (sum + coefficient) * r);
        self.scales[scale as usize] * (power + power * grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    #[test]
    fn tables_agree_with_the_power() {
        let mut random = Stream::new(5, Purpose::Initial, 0, 0);
        for exponent in [0.0, 0.02, 0.4, 0.5, 1.0, 1.7, 2.0, 3.0, 7.5] {
            let power = Power::new(exponent);
            assert_eq!(power.of(1.0), 1.0);
            assert_eq!(power.of(0.0), math::pow(0.0, exponent));
            for _ in 0..20_000 {
                // Of all sizes, and close to one.
                let wide = f64::from_bits((random.bits() >> 1).min(f64::MAX.to_bits()));
                for x in [wide, random.uniform(), 1.0 + (random.uniform() - 0.5) * 1e-3] {
                    let exact = math::pow(x, exponent);
                    let error = (power.of(x) - exact).abs();
                    assert!(
                        error <= exact * 1e-15 || power.of(x) == exact,
                        "{x} ^ {exponent}: {error:e}"
                    );
                }
            }
        }
    }

    #[test]
    fn powers_do_not_fall_where_one_cell_ends() {
        let power = Power::new(0.4);
        for cell in 0..2 * CELLS {
            let edge = 1.0 + (cell as f64 + 0.5) / CELLS as f64;
            let (below, above) = (power.of(edge.next_down()), power.of(edge));
            assert!(above >= below * (1.0 - 4e-16), "{edge}");
        }
    }
}
