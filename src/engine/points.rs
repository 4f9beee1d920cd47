//! Arrivals of a slice in order of time.

use super::frames::Point;

/// At most so many bits of the offset are sorted by in one pass: more streams of writes than the
/// first cache has room for cost more than another pass.
const DIGIT_BITS: u32 = 9;

/// The points of one slice; gathered in any order of time, then sorted.
#[derive(Debug, Default)]
pub struct Points {
    list: Vec<Point>,
    other: Vec<Point>,
}

impl Points {
    /// Forgets all points.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Adds a point.
    #[inline]
    pub fn push(&mut self, offset: u32, target: u32, weight: f64) {
        self.list.push(Point { offset, target, weight });
    }

    /// The points, sorted by time; those of one tick stay in the order in which they were added.
    /// No offset exceeds `longest`.
    pub fn sorted(&mut self, longest: u32) -> &[Point] {
        if self.list.len() < 64 {
            self.list.sort_by_key(|point| point.offset);
            return &self.list;
        }
        // Least digit first; each pass keeps the order of the one before.
        let bits = u32::BITS - longest.leading_zeros();
        let passes = bits.div_ceil(DIGIT_BITS);
        let digit_bits = bits.div_ceil(passes.max(1));
        for pass in 0..passes {
            self.deal(pass * digit_bits, digit_bits);
        }
        &self.list
    }

    fn deal(&mut self, shift: u32, digit_bits: u32) {
        let digit = |point: &Point| (point.offset >> shift) as usize & ((1 << digit_bits) - 1);
        let mut starts = [0u32; 1 << DIGIT_BITS];
        for point in &self.list {
            starts[digit(point)] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        self.other.resize(self.list.len(), Point::default());
        for point in &self.list {
            let place = &mut starts[digit(point)];
            self.other[*place as usize] = *point;
            *place += 1;
        }
        std::mem::swap(&mut self.list, &mut self.other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    #[test]
    fn points_are_sorted_by_time_and_keep_their_order_at_one_tick() {
        let mut random = Stream::new(3, Purpose::Initial, 0, 0);
        let mut points = Points::default();
        for (count, longest) in [(0, 1), (10, 5), (63, 7), (64, 1), (5_000, 3_000_000), (900, 40)] {
            points.clear();
            let mut expected = Vec::new();
            for target in 0..count {
                let offset = random.below(longest + 1) as u32;
                points.push(offset, target, 0.5);
                expected.push(Point { offset, target, weight: 0.5 });
            }
            expected.sort_by_key(|point| point.offset);
            assert_eq!(points.sorted(longest as u32), expected);
        }
    }
}
