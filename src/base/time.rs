//! Simulated time: an integer count of ticks, one tick being one nanosecond.
//!
//! A [`Tick`] is a point in time, a [`Span`] a difference of two. They are distinct types, so a
//! delay can never be taken for an arrival. Arithmetic is checked in every build: time that
//! overflows is a defect of the program, never of the input, because a scenario's duration is
//! bounded by [`Tick::MAX`] when it is read.

use super::math;
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Ticks in one millisecond.
pub const TICKS_PER_MS: u64 = 1_000_000;
/// Ticks in one second.
pub const TICKS_PER_S: u64 = 1_000_000_000;

/// A point in simulated time, in nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Tick(pub u64);

/// A difference between two points in simulated time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Span(pub u64);

impl Tick {
    /// The start of every run.
    pub const ZERO: Tick = Tick(0);
    /// The latest time a run may reach, about 104 days. The bound leaves 53 bits, so that every
    /// tick is exactly a double and sums of two ticks cannot overflow.
    pub const MAX: Tick = Tick((1 << 53) - 1);

    /// Milliseconds since the start. Exact to half a unit in the last place.
    pub fn ms(self) -> f64 {
        self.0 as f64 / TICKS_PER_MS as f64
    }

    /// Seconds since the start. Exact to half a unit in the last place.
    pub fn s(self) -> f64 {
        self.0 as f64 / TICKS_PER_S as f64
    }

    /// The time that has passed since `earlier`.
    ///
    /// # Panics
    /// If `earlier` is later than `self`.
    #[inline]
    pub fn since(self, earlier: Tick) -> Span {
        match self.0.checked_sub(earlier.0) {
            Some(ticks) => Span(ticks),
            None => panic!("{earlier} lies after {self}"),
        }
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// A span of whole milliseconds.
    pub const fn from_whole_ms(ms: u64) -> Span {
        Span(ms * TICKS_PER_MS)
    }

    /// The nearest span to `ms` milliseconds; `None` for a negative or non-finite argument and
    /// for one beyond [`Tick::MAX`].
    #[inline]
    pub fn from_ms(ms: f64) -> Option<Span> {
        let ticks = math::round(ms * TICKS_PER_MS as f64);
        (ticks >= 0.0 && ticks <= Tick::MAX.0 as f64).then_some(Span(ticks as u64))
    }

    /// Length in milliseconds.
    #[inline]
    pub fn ms(self) -> f64 {
        self.0 as f64 / TICKS_PER_MS as f64
    }

    /// Length in seconds.
    pub fn s(self) -> f64 {
        self.0 as f64 / TICKS_PER_S as f64
    }
}

impl Add<Span> for Tick {
    type Output = Tick;
    #[inline]
    fn add(self, span: Span) -> Tick {
        Tick(self.0.checked_add(span.0).expect("simulated time overflows"))
    }
}

impl AddAssign<Span> for Tick {
    #[inline]
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Tick> for Tick {
    type Output = Span;
    #[inline]
    fn sub(self, earlier: Tick) -> Span {
        self.since(earlier)
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.ms())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.ms())
    }
}

/// The grid on which spikes, delays and input times lie: a whole number of ticks, one by default.
///
/// Crossings are rounded *up* to the grid, so that no spike precedes its cause. Delays and input
/// times are rounded to the nearest multiple; a delay is at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution(Span);

impl Resolution {
    /// One nanosecond.
    pub const FINEST: Resolution = Resolution(Span(1));

    /// A grid of `span`; `None` if that is zero.
    pub fn new(span: Span) -> Option<Resolution> {
        (span > Span::ZERO).then_some(Resolution(span))
    }

    /// The distance between two grid points.
    #[inline]
    pub fn span(self) -> Span {
        self.0
    }

    /// The first grid point at or after `tick`.
    #[inline]
    pub fn round_up(self, tick: Tick) -> Tick {
        Tick(tick.0.div_ceil(self.0.0) * self.0.0)
    }

    /// The grid point nearest to `tick`; halves go up.
    #[inline]
    pub fn nearest(self, tick: Tick) -> Tick {
        Tick((tick.0 + self.0.0 / 2) / self.0.0 * self.0.0)
    }

    /// The delay on the grid nearest to `span`, at least one grid step.
    #[inline]
    pub fn nearest_delay(self, span: Span) -> Span {
        Span(self.nearest(Tick(span.0)).0.max(self.0.0))
    }

    /// The first grid point strictly after `from` that is not before `from + ms`.
    ///
    /// This is how a threshold crossing found `ms` milliseconds after `from` becomes a spike
    /// time. `from` must lie on the grid. `None` when the crossing lies beyond [`Tick::MAX`].
    #[inline]
    pub fn crossing_after(self, from: Tick, ms: f64) -> Option<Tick> {
        debug_assert!(ms >= 0.0);
        let steps = (ms * TICKS_PER_MS as f64 / self.0.0 as f64).ceil().max(1.0);
        let ticks = steps * self.0.0 as f64;
        (ticks < Tick::MAX.0 as f64).then(|| Tick(from.0 + ticks as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crossings_round_up_and_never_to_their_own_start() {
        let grid = Resolution::new(Span(100_000)).unwrap();
        assert_eq!(grid.crossing_after(Tick(200_000), 0.0), Some(Tick(300_000)));
        assert_eq!(grid.crossing_after(Tick(200_000), 0.1), Some(Tick(300_000)));
        assert_eq!(grid.crossing_after(Tick(200_000), 0.100_001), Some(Tick(400_000)));
        assert_eq!(Resolution::FINEST.crossing_after(Tick(5), 1e-7), Some(Tick(6)));
        assert_eq!(Resolution::FINEST.crossing_after(Tick(5), 1e300), None);
    }

    #[test]
    fn delays_round_to_nearest_and_are_never_zero() {
        let grid = Resolution::new(Span(100)).unwrap();
        assert_eq!(grid.nearest_delay(Span(149)), Span(100));
        assert_eq!(grid.nearest_delay(Span(150)), Span(200));
        assert_eq!(grid.nearest_delay(Span(0)), Span(100));
        assert_eq!(grid.round_up(Tick(101)), Tick(200));
        assert_eq!(grid.round_up(Tick(200)), Tick(200));
    }

    #[test]
    fn spans_from_nonsense_are_refused() {
        for ms in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(Span::from_ms(ms), None, "{ms}");
        }
        assert_eq!(Span::from_ms(1.5), Some(Span(1_500_000)));
    }
}
