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

/// Seconds for which the calling thread has been on a processor, on systems that tell. Unlike wall time it does
/// not count what other programs took.
///
/// POSIX's clock of a thread, which counts up to the moment of the call. (Linux's `/proc/thread-self/schedstat`
/// holds the same number, but as of the last tick of the scheduler, up to 10 ms ago.)
#[cfg(unix)]
pub fn thread_cpu_s() -> Option<f64> {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Some(now.tv_sec as f64 + now.tv_nsec as f64 * 1e-9)
}

/// Not on this system.
#[cfg(not(unix))]
pub fn thread_cpu_s() -> Option<f64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that moved by ticks of the scheduler only would not see work of half a millisecond.
    #[cfg(unix)]
    #[test]
    fn the_clock_of_a_thread_counts_its_work_and_not_its_sleep() {
        use std::time::{Duration, Instant};
        let now = || thread_cpu_s().expect("every unix has this clock");
        for _ in 0..20 {
            let (start, wall) = (now(), Instant::now());
            while wall.elapsed() < Duration::from_micros(500) {
                std::hint::black_box(());
            }
            let worked = now() - start;
            assert!(worked > 0.0 && worked <= wall.elapsed().as_secs_f64() + 1e-3, "{worked}");
        }
        let start = now();
        std::thread::sleep(Duration::from_millis(50));
        assert!(now() - start < 0.025);
    }

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
