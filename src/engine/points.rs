//! Arrivals of a slice in order of time.

use super::frames::Point;
use crate::base::saved::{Value, saved};

/// So many bits of the offset are sorted by in one pass: more streams of writes than the first
/// cache has room for cost more than another pass.
const WIDE: u32 = 10;
/// Where there is little to sort, most of the work are the tables of a pass, so digits are narrower.
const NARROW: u32 = 8;

/// What has an offset in its slice.
pub trait Timed: Copy + Default {
    /// Ticks since the start of the slice.
    fn offset(&self) -> u32;
}

impl Timed for Point {
    #[inline]
    fn offset(&self) -> u32 {
        self.offset
    }
}

/// The arrivals of one slice; gathered in any order of time, then sorted.
#[derive(Debug, Default)]
pub struct ByTime<T> {
    /// The arrivals.
    pub list: Vec<T>,
    other: Vec<T>,
}
saved!(ByTime<T> where [T: Value] { list });

impl<T: Timed> ByTime<T> {
    /// The arrivals, sorted by time; those of one tick stay in the order in which they were added.
    /// No offset exceeds `longest`.
    ///
    /// Inlined into a large function its loops run out of registers, at a tenth more instructions.
    #[inline(never)]
    pub fn sorted(&mut self, longest: u32) -> &[T] {
        if self.list.len() < 2 {
            return &self.list;
        }
        if self.list.len() < 64 {
            self.list.sort_by_key(T::offset);
            return &self.list;
        }
        // Least digit first; each pass keeps the order of the one before.
        let bits = u32::BITS - longest.leading_zeros();
        // In steps of an item: what a pass does for each of its digits is about half of it.
        let cost =
            |width: u32| bits.div_ceil(width) as usize * (self.list.len() + (1 << width) / 2);
        if cost(NARROW) < cost(WIDE) {
            self.sort_bits::<{ 1 << NARROW }>(bits);
        } else {
            self.sort_bits::<{ 1 << WIDE }>(bits);
        }
        &self.list
    }

    #[inline]
    fn sort_bits<const DIGITS: usize>(&mut self, bits: u32) {
        match bits.div_ceil(DIGITS.trailing_zeros()) {
            0 => {}
            1 => self.sort_by_digits::<1, DIGITS>(),
            2 => self.sort_by_digits::<2, DIGITS>(),
            3 => self.sort_by_digits::<3, DIGITS>(),
            _ => self.sort_by_digits::<4, DIGITS>(),
        }
    }

    fn sort_by_digits<const PASSES: usize, const DIGITS: usize>(&mut self) {
        let digit = |item: &T, pass: usize| {
            // The last digit of 32 bits may have fewer.
            (item.offset() >> (pass as u32 * DIGITS.trailing_zeros())) as usize % DIGITS
        };
        // One reading counts the digits for all passes.
        let mut starts = [[0u32; DIGITS]; PASSES];
        for item in &self.list {
            for (pass, starts) in starts.iter_mut().enumerate() {
                starts[digit(item, pass)] += 1;
            }
        }
        self.other.resize(self.list.len(), T::default());
        for (pass, starts) in starts.iter_mut().enumerate() {
            let mut sum = 0;
            for start in starts.iter_mut() {
                sum += std::mem::replace(start, sum);
            }
            let other = self.other.as_mut_slice();
            for item in &self.list {
                let place = &mut starts[digit(item, pass)];
                other[*place as usize] = *item;
                *place += 1;
            }
            std::mem::swap(&mut self.list, &mut self.other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    #[test]
    fn points_are_sorted_by_time_and_keep_their_order_at_one_tick() {
        let mut random = Stream::new(3, Purpose::Initial, 0, 0);
        let mut points = ByTime::default();
        // The number, the longest offset, and how many of the highest offsets there are.
        let cases = [
            (0, 1, 2),
            (10, 5, 6),
            (63, 7, 8),
            (64, 1, 2),
            (64, 0, 1),
            (900, 40, 41),
            (5_000, 3_000_000, 3_000_001),
            // All of them crowd into a stretch that is dealt to one heap.
            (3_000, 4_000_000_000, 700),
            (300_000, 1_500_000, 1_500_001),
            (20_000, 300, 301),
        ];
        for (count, longest, different) in cases {
            points.list.clear();
            let mut expected = Vec::new();
            for target in 0..count {
                let offset = (longest - random.below(different)) as u32;
                let point = Point { offset, target, weight: 0.5 };
                points.list.push(point);
                expected.push(point);
            }
            expected.sort_by_key(|point| point.offset);
            assert_eq!(points.sorted(longest as u32), expected);
        }
    }
}
