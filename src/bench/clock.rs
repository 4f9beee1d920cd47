//! Times, and how far repeated ones lie apart.

use serde::Serialize;

/// The middle of repeated measurements and their spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the values are at most this.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Median of the distances from the median.
    pub mad: f64,
}

impl Spread {
    /// Of these values; all zero for none.
    pub fn of(values: &[f64]) -> Spread {
        if values.is_empty() {
            return Spread::default();
        }
        let middle = median(values);
        let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
        Spread {
            median: middle,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mad: median(&distances),
        }
    }

    /// All values times a factor that is not negative.
    pub fn times(self, factor: f64) -> Spread {
        let Spread { median, min, max, mad } = self;
        Spread { median: median * factor, min: min * factor, max: max * factor, mad: mad * factor }
    }
}

/// The median; the mean of the two in the middle of an even number.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { f64::midpoint(sorted[half - 1], sorted[half]) }
}

/// Seconds for which the calling thread has been on a processor, where Linux tells. Unlike wall
/// time it does not count what other programs took.
pub fn thread_cpu_s() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split_whitespace().next()?.parse().ok()?;
    // A kernel without the statistics shows zeros.
    (nanoseconds > 0).then_some(nanoseconds as f64 * 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_known_values() {
        let odd = Spread::of(&[5.0, 1.0, 2.0]);
        assert_eq!(odd, Spread { median: 2.0, min: 1.0, max: 5.0, mad: 1.0 });
        let even = Spread::of(&[4.0, 1.0]);
        assert_eq!(even, Spread { median: 2.5, min: 1.0, max: 4.0, mad: 1.5 });
        assert_eq!(even.times(2.0), Spread { median: 5.0, min: 2.0, max: 8.0, mad: 3.0 });
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
