//! Poisson distributed counts of one mean, by looking them up.

use crate::base::math;
use crate::base::random::Stream;

/// Beyond this mean e^-mean would come near the smallest numbers.
const LARGEST_TABLE_MEAN: f64 = 500.0;
/// So many parts of the unit interval have their place in the table noted.
const GUIDES: usize = 256;

/// The law of a Poisson distributed number.
#[derive(Clone, Debug)]
pub struct PoissonCounts {
    mean: f64,
    /// P(count <= k), up to where it rounds to one; empty for large means.
    up_to: Vec<f64>,
    /// For each part of the unit interval the first count that falls into it (Chen and Asau 1974,
    /// doi 10.1080/05695557408974949).
    guides: Vec<u32>,
}

impl PoissonCounts {
    /// The law with this mean, which must be finite and at least zero.
    pub fn new(mean: f64) -> PoissonCounts {
        if mean > LARGEST_TABLE_MEAN {
            return PoissonCounts { mean, up_to: Vec::new(), guides: Vec::new() };
        }
        let mut probability = math::exp(-mean);
        let mut sum = probability;
        let mut up_to = vec![sum];
        while sum < 1.0 && (probability > 1e-18 || (up_to.len() as f64) < mean) {
            probability *= mean / up_to.len() as f64;
            sum += probability;
            up_to.push(sum);
        }
        let first_above = |part: usize| {
            let low = part as f64 / GUIDES as f64;
            up_to.partition_point(|&p| p <= low).min(up_to.len() - 1) as u32
        };
        PoissonCounts { mean, guides: (0..GUIDES).map(first_above).collect(), up_to }
    }

    /// Draws a number.
    #[inline]
    pub fn draw(&self, random: &mut Stream) -> u64 {
        if self.up_to.is_empty() {
            return random.poisson(self.mean);
        }
        let u = random.uniform();
        let mut count = self.guides[(u * GUIDES as f64) as usize] as usize;
        // The last entry may round to less than one.
        while count + 1 < self.up_to.len() && u >= self.up_to[count] {
            count += 1;
        }
        count as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Purpose;

    #[test]
    fn counts_have_the_moments_of_their_law() {
        for mean in [0.0, 0.3, 12.0, 128.0, 499.0, 700.0] {
            let counts = PoissonCounts::new(mean);
            let mut random = Stream::new(4, Purpose::Background, 0, 0);
            let n = 40_000;
            let drawn: Vec<f64> = (0..n).map(|_| counts.draw(&mut random) as f64).collect();
            let average = drawn.iter().sum::<f64>() / f64::from(n);
            let variance =
                drawn.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / f64::from(n);
            let error = (mean / f64::from(n)).sqrt();
            assert!((average - mean).abs() <= 5.0 * error, "{mean}: {average}");
            assert!((variance - mean).abs() <= 0.04 * mean, "{mean}: {variance}");
        }
    }

    /// Each count k comes up exactly for u in [P(< k), P(<= k)).
    #[test]
    fn the_table_is_searched_from_the_right_place() {
        let counts = PoissonCounts::new(3.5);
        let mut random = Stream::new(5, Purpose::Background, 0, 0);
        for _ in 0..10_000 {
            let u = random.clone().uniform();
            let expected = counts.up_to.iter().take_while(|&&p| p <= u).count();
            assert_eq!(counts.draw(&mut random), expected as u64);
        }
    }
}
