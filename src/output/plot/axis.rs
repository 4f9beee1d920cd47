//! Axes: round numbers, and the way from a value to a pixel.

/// A stretch of values that is shown between two pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// The value at `pixels.0`.
    pub low: f64,
    /// The value at `pixels.1`.
    pub high: f64,
    /// The pixels of both ends.
    pub pixels: (f64, f64),
}

impl Axis {
    /// The pixel of a value.
    pub fn at(&self, value: f64) -> f64 {
        let width = self.high - self.low;
        let part = if width > 0.0 { (value - self.low) / width } else { 0.5 };
        self.pixels.0 + part * (self.pixels.1 - self.pixels.0)
    }

    /// Round values from end to end, about `count` of them.
    pub fn ticks(&self, count: usize) -> Vec<f64> {
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        // A step that is not a number, or no stretch at all, yields no more than one tick.
        (first..=last).take(100).map(|k| k as f64 * step).collect()
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `wanted`.
pub fn round_step(wanted: f64) -> f64 {
    if !(wanted > 0.0 && wanted.is_finite()) {
        return 1.0;
    }
    let mut power = 1.0f64;
    while power > wanted {
        power /= 10.0;
    }
    while power * 10.0 <= wanted {
        power *= 10.0;
    }
    [1.0, 2.0, 5.0].map(|k| k * power).into_iter().find(|&s| s >= wanted).unwrap_or(10.0 * power)
}

/// A value of an axis, without the noise of binary fractions.
pub fn label(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis { low: 0.0, high: 1000.0, pixels: (10.0, 110.0) };
        assert_eq!(axis.ticks(5), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        assert_eq!(axis.at(500.0), 60.0);
        let odd = Axis { low: 0.13, high: 0.87, pixels: (0.0, 1.0) };
        let labels: Vec<String> = odd.ticks(4).into_iter().map(label).collect();
        assert_eq!(labels, ["0.2", "0.4", "0.6", "0.8"]);
        let point = Axis { low: 3.0, high: 3.0, pixels: (0.0, 10.0) };
        assert_eq!((point.at(3.0), point.ticks(5)), (5.0, vec![3.0]));
    }

    #[test]
    fn steps_are_one_two_or_five() {
        assert_eq!([0.03, 1.0, 3.0, 7.0, 200.0].map(round_step), [0.05, 1.0, 5.0, 10.0, 200.0]);
        assert_eq!(round_step(f64::NAN), 1.0);
    }
}
