//! How a synapse holds its numbers: in single precision in a network, in double precision where
//! a rule is compared with another program.
//!
//! All arithmetic of the rules is in `f64`. A number is rounded when it is stored, and it is
//! stored after *every* elementary event (see [`super`]), so how many events are taken at a time
//! leaves no trace in it.

use crate::base::saved::Value;
use std::fmt::Debug;

/// A number as a synapse holds it.
pub trait Stored: Copy + Debug + Default + PartialEq + Value + Send + Sync + 'static {
    /// As many bits as the number has, for a rule that keeps a number or a mark in one place.
    type Word: Copy + Debug + Default + PartialEq + Value + Send + Sync + 'static;

    /// Rounds a number to be stored.
    fn store(value: f64) -> Self;

    /// The number as it was stored.
    fn load(self) -> f64;

    /// The next number below.
    fn down(self) -> Self;

    /// The next number above.
    fn up(self) -> Self;

    /// Rounds a number to be stored so that what is loaded lies in [low, high]. A bound that
    /// cannot be stored is not passed by rounding.
    #[inline]
    fn store_within(value: f64, low: f64, high: f64) -> Self {
        let stored = Self::store(value.max(low).min(high));
        let loaded = stored.load();
        if loaded > high {
            stored.down()
        } else if loaded < low {
            stored.up()
        } else {
            stored
        }
    }

    /// Which of two numbers is meant for what is held so: the first in single precision.
    fn of_both(single: f64, double: f64) -> f64;

    /// The bits of the number.
    fn word(self) -> Self::Word;

    /// The number with these bits.
    fn from_word(word: Self::Word) -> Self;

    /// A mark of 32 bits as a word.
    fn mark(mark: u32) -> Self::Word;

    /// The mark that a word is.
    fn marked(word: Self::Word) -> u32;
}

impl Stored for f32 {
    type Word = u32;

    #[inline]
    fn store(value: f64) -> f32 {
        value as f32
    }

    #[inline]
    fn load(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    fn down(self) -> f32 {
        self.next_down()
    }

    #[inline]
    fn up(self) -> f32 {
        self.next_up()
    }

    #[inline]
    fn of_both(single: f64, _: f64) -> f64 {
        single
    }

    #[inline]
    fn word(self) -> u32 {
        self.to_bits()
    }

    #[inline]
    fn from_word(word: u32) -> f32 {
        f32::from_bits(word)
    }

    #[inline]
    fn mark(mark: u32) -> u32 {
        mark
    }

    #[inline]
    fn marked(word: u32) -> u32 {
        word
    }
}

impl Stored for f64 {
    type Word = u64;

    #[inline]
    fn store(value: f64) -> f64 {
        value
    }

    #[inline]
    fn load(self) -> f64 {
        self
    }

    #[inline]
    fn down(self) -> f64 {
        self.next_down()
    }

    #[inline]
    fn up(self) -> f64 {
        self.next_up()
    }

    #[inline]
    fn of_both(_: f64, double: f64) -> f64 {
        double
    }

    #[inline]
    fn word(self) -> u64 {
        self.to_bits()
    }

    #[inline]
    fn from_word(word: u64) -> f64 {
        f64::from_bits(word)
    }

    #[inline]
    fn mark(mark: u32) -> u64 {
        u64::from(mark)
    }

    #[inline]
    fn marked(word: u64) -> u32 {
        word as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_passes_no_bound() {
        assert!(f64::from(0.1f32) > 0.1);
        assert!(f32::store_within(0.1, 0.0, 0.1).load() <= 0.1);
        assert!(f32::store_within(-0.1, -0.1, 1.0).load() >= -0.1);
        assert_eq!(f32::store_within(0.5, 0.0, 1.0), 0.5);
        assert_eq!(f64::store_within(0.1, 0.0, 0.1), 0.1);
    }
}
