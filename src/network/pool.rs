//! The neurons among which one neuron draws its partners, and the ways of drawing them.

use crate::base::math;
use crate::base::random::Stream;

/// All neurons of a population, or all but one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    size: u32,
    /// The neuron that may not be drawn: the one that draws.
    excluded: Option<u32>,
}

/// A set of neurons, as one bit each. Empty between two uses.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    fn reserve(&mut self, size: u32) {
        let words = (size as usize).div_ceil(64);
        self.0.resize(words.max(self.0.len()), 0);
    }

    /// Whether `index` was absent; it is present afterwards.
    fn insert(&mut self, index: u32) -> bool {
        let word = &mut self.0[index as usize / 64];
        let bit = 1 << (index % 64);
        let was_absent = *word & bit == 0;
        *word |= bit;
        was_absent
    }

    /// Whether `index` was present; it is absent afterwards.
    fn remove(&mut self, index: u32) -> bool {
        let word = &mut self.0[index as usize / 64];
        let bit = 1 << (index % 64);
        let was_present = *word & bit != 0;
        *word &= !bit;
        was_present
    }
}

/// Pairwise connection with probability p, by the gaps between the chosen: geometric numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gaps {
    p: f64,
    /// 1 / ln(1 - p).
    inverse_log: f64,
}

impl Gaps {
    /// `p` lies in [0, 1].
    pub fn new(p: f64) -> Gaps {
        Gaps { p, inverse_log: 1.0 / math::ln_1p(-p) }
    }

    /// How many are passed over before the next one is chosen. The logarithm of a number that is
    /// never zero or one; beyond 2^32 the exact value no longer matters.
    #[inline]
    fn next(&self, stream: &mut Stream) -> u64 {
        (math::ln(stream.uniform_open()) * self.inverse_log) as u64
    }
}

impl Pool {
    /// The neurons of a population of this size but `excluded`, if that is given.
    pub fn new(size: u32, excluded: Option<u32>) -> Pool {
        Pool { size, excluded }
    }

    /// How many may be drawn.
    pub fn len(&self) -> u32 {
        self.size - u32::from(self.excluded.is_some())
    }

    /// The neuron in place `place` of the pool.
    #[inline]
    fn nth(&self, place: u32) -> u32 {
        match self.excluded {
            Some(excluded) => place + u32::from(place >= excluded),
            None => place,
        }
    }

    /// All, in order.
    pub fn all(&self, drawn: &mut Vec<u32>) {
        drawn.extend((0..self.len()).map(|place| self.nth(place)));
    }

    /// `count` draws, each uniform and independent. The pool must not be empty if `count` is
    /// not zero.
    pub fn with_repetition(&self, count: u32, stream: &mut Stream, drawn: &mut Vec<u32>) {
        let len = u64::from(self.len());
        drawn.extend((0..count).map(|_| self.nth(stream.below(len) as u32)));
    }

    /// A uniform subset of `count` neurons, `count` at most the pool's size.
    ///
    /// Whoever is drawn again is drawn anew. Of more than half of the pool those are drawn that
    /// stay out, so that a draw succeeds at least every other time.
    pub fn distinct(
        &self,
        count: u32,
        stream: &mut Stream,
        marks: &mut Marks,
        drawn: &mut Vec<u32>,
    ) {
        let len = self.len();
        assert!(count <= len, "{count} distinct partners of {len}");
        marks.reserve(len);
        let is_inverted = count > len / 2;
        let marked = if is_inverted { len - count } else { count };
        let start = drawn.len();
        let mut left = marked;
        while left > 0 {
            let place = stream.below(u64::from(len)) as u32;
            if marks.insert(place) {
                left -= 1;
                drawn.push(place);
            }
        }
        if is_inverted {
            drawn.truncate(start);
            drawn.extend((0..len).filter(|&place| !marks.remove(place)));
        } else {
            drawn[start..].iter().for_each(|&place| _ = marks.remove(place));
        }
        drawn[start..].iter_mut().for_each(|place| *place = self.nth(*place));
    }

    /// Each with the same probability, in order.
    pub fn by_gaps(&self, gaps: &Gaps, stream: &mut Stream, drawn: &mut Vec<u32>) {
        if gaps.p >= 1.0 {
            return self.all(drawn);
        }
        if gaps.p <= 0.0 {
            return;
        }
        let len = u64::from(self.len());
        let mut place = gaps.next(stream);
        while place < len {
            drawn.push(self.nth(place as u32));
            place = place.saturating_add(1).saturating_add(gaps.next(stream));
        }
    }
}

/// How many of `total` pairs fall to each of `targets` neurons, if pairs are drawn uniformly and
/// each target has `sources` partners.
///
/// With repetition every pair falls to a uniform target. Without, the pairs are drawn one after
/// the other from those that are left: of the `sources` pairs of a target that already has k,
/// which ones are taken does not matter for the next draw, so they may be called the first k, and
/// a uniform pair is free exactly if its place is at least k. Of more than half of all pairs
/// those are drawn that stay out. Both are exact, and `total` must not exceed what there is.
pub(super) fn pairs_of_each_target(
    total: u64,
    targets: u32,
    sources: u32,
    multapses: bool,
    stream: &mut Stream,
) -> Vec<u32> {
    let mut counts = vec![0u32; targets as usize];
    let target = |stream: &mut Stream| stream.below(u64::from(targets)) as usize;
    if multapses {
        (0..total).for_each(|_| counts[target(stream)] += 1);
        return counts;
    }
    let pairs = u64::from(targets) * u64::from(sources);
    let is_inverted = total > pairs / 2;
    let mut left = if is_inverted { pairs - total } else { total };
    while left > 0 {
        let count = &mut counts[target(stream)];
        if stream.below(u64::from(sources)) >= u64::from(*count) {
            *count += 1;
            left -= 1;
        }
    }
    if is_inverted {
        counts.iter_mut().for_each(|count| *count = sources - *count);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Purpose;

    fn stream() -> Stream {
        Stream::new(11, Purpose::Connect, 0, 0)
    }

    /// Pearson's statistic against equal expectations.
    fn chi_square(counts: &[u64]) -> f64 {
        let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        counts.iter().map(|&c| (c as f64 - expected) * (c as f64 - expected) / expected).sum()
    }

    #[test]
    fn every_subset_is_equally_likely() {
        for (count, excluded) in [(2, None), (4, None), (3, Some(2)), (2, Some(0))] {
            let pool = Pool::new(6, excluded);
            let (mut stream, mut marks) = (stream(), Marks::default());
            let mut seen = std::collections::BTreeMap::new();
            for _ in 0..20_000 {
                let mut drawn = Vec::new();
                pool.distinct(count, &mut stream, &mut marks, &mut drawn);
                drawn.sort();
                drawn.dedup();
                assert_eq!(drawn.len(), count as usize);
                assert!(!drawn.contains(&excluded.unwrap_or(99)));
                *seen.entry(drawn).or_insert(0u64) += 1;
            }
            assert!(marks.0.iter().all(|&word| word == 0));
            let subsets = if excluded.is_some() { 10 } else { 15 };
            assert_eq!(seen.len(), subsets);
            // The 99.99th percentile with 14 degrees of freedom is 42.6.
            assert!(chi_square(&seen.into_values().collect::<Vec<_>>()) < 42.6);
        }
    }

    #[test]
    fn gaps_choose_with_their_probability() {
        for p in [0.0, 0.003, 0.1, 0.9, 1.0] {
            let (gaps, mut stream, mut drawn) = (Gaps::new(p), stream(), Vec::new());
            for _ in 0..100 {
                Pool::new(1001, Some(5)).by_gaps(&gaps, &mut stream, &mut drawn);
            }
            let n = 100_000.0;
            let error = drawn.len() as f64 - n * p;
            assert!(error.abs() <= 5.0 * (n * p * (1.0 - p)).sqrt(), "{p}: {error}");
            assert!(!drawn.contains(&5));
            if p == 0.1 {
                let mut places = vec![0; 10];
                drawn.iter().for_each(|&k| places[(k - u32::from(k > 5)) as usize / 100] += 1);
                // The 99.99th percentile with 9 degrees of freedom.
                assert!(chi_square(&places) < 33.7, "{places:?}");
            }
        }
    }

    #[test]
    fn totals_are_exact_and_counts_follow_their_law() {
        let mut stream = stream();
        let n = 4_000;
        for (total, multapses) in [(20, true), (20, false), (70, false)] {
            let (mut sum, mut squares) = (0.0, 0.0);
            for _ in 0..n {
                let counts = pairs_of_each_target(total, 10, 10, multapses, &mut stream);
                assert_eq!(counts.iter().map(|&c| u64::from(c)).sum::<u64>(), total);
                let first = f64::from(counts[3]);
                sum += first;
                squares += first * first;
            }
            let mean = sum / f64::from(n);
            let variance = squares / f64::from(n) - mean * mean;
            // Binomial, and hypergeometric with 10 good of 100.
            let share = total as f64;
            let expected = share * 0.1 * 0.9 * if multapses { 1.0 } else { (100.0 - share) / 99.0 };
            assert!((mean - share * 0.1).abs() < 5.0 * (expected / f64::from(n)).sqrt());
            assert!((variance / expected - 1.0).abs() < 0.12, "{variance} {expected}");
        }
    }

    #[test]
    fn all_pairs_can_be_drawn_without_repetition() {
        assert_eq!(pairs_of_each_target(12, 4, 3, false, &mut stream()), [3; 4]);
    }
}
