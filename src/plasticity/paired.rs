//! Decay from a spike of one train to a spike of another, without a look-up for each pair.
//!
//! Most of the work of a pair rule is e^(-(t2 + l2 - t1 - l1) / tau) for the spikes that meet at each
//! synapse, l being what each travels to it. Each spike belongs to many synapses, and so does each
//! difference of travels. So a spike carries e^(t1 / tau) or e^(-t2 / tau), worked out once; the spike
//! that comes along a row takes the travels into account once for all synapses of one delay; and
//! a pair costs one multiplication. Time is counted from the beginning of an epoch, so that no such
//! number leaves the doubles; a pair over the bound of two epochs is worked out from its span.
//! Which of the two a pair is follows from its spikes alone, not from when somebody asks.

use crate::base::{Decay, Growth, Span, Tick};

/// An epoch is the longest power of two of ticks that is no more than so many time constants.
const MOST_TAUS: f64 = 250.0;
/// The tables of a growth end here.
const MOST_BITS: u32 = 30;

/// Decay with one time constant between spikes of two trains.
#[derive(Clone, Debug)]
pub struct Paired {
    decay: Decay,
    growth: Growth,
    bits: u32,
}

impl Paired {
    /// The decay with time constant `tau_ms` > 0.
    pub fn new(tau_ms: f64) -> Paired {
        let fits = |bits: &u32| Span(1 << bits).ms() <= MOST_TAUS * tau_ms;
        let bits = (1..=MOST_BITS).rev().find(fits).unwrap_or(0);
        Paired { decay: Decay::new(tau_ms), growth: Growth::new(tau_ms), bits }
    }

    /// The decay over a span.
    pub fn decay(&self) -> &Decay {
        &self.decay
    }

    #[inline]
    fn in_epoch(&self, at: Tick) -> Span {
        Span(at.0 & ((1 << self.bits) - 1))
    }

    /// What the earlier spike of a pair carries, if it starts with one.
    #[inline]
    pub fn grown(&self, at: Tick) -> f64 {
        self.growth.over(self.in_epoch(at))
    }

    /// What the later spike of a pair carries.
    #[inline]
    pub fn decayed(&self, at: Tick) -> f64 {
        self.decay.over(self.in_epoch(at))
    }

    /// The earlier spike of pairs, with its trace and what it carries, on its way to synapses of one path:
    /// it travels for `early` and the later spikes for `late`.
    #[inline]
    pub fn earlier(
        &self,
        (at, trace, grown): (Tick, f64, f64),
        early: Span,
        late: Span,
    ) -> Earlier {
        let (epoch, travelled) = self.on_the_way(at, early, late);
        Earlier { at, early, late, epoch, trace, grown: trace * grown * travelled }
    }

    /// The later spike of pairs, with what it carries.
    #[inline]
    pub fn later(&self, (at, decayed): (Tick, f64), early: Span, late: Span) -> Later {
        let (epoch, travelled) = self.on_the_way(at, early, late);
        Later { at, early, late, epoch, decayed: decayed * travelled }
    }

    /// The number of the epoch in which others must lie to be near, none where the travels are too
    /// long for that; and e^(-(late - early) / tau).
    #[inline]
    fn on_the_way(&self, at: Tick, early: Span, late: Span) -> (u64, f64) {
        if (early.0 | late.0) >> self.bits != 0 {
            return (u64::MAX, 1.0);
        }
        let travelled = match late.0.checked_sub(early.0) {
            Some(span) => self.decay.over(Span(span)),
            None => self.growth.over(Span(early.0 - late.0)),
        };
        (at.0 >> self.bits, travelled)
    }

    /// What is left of the trace of an earlier spike when one at `at` comes, which carries `decayed`.
    #[inline(always)]
    pub fn until(&self, earlier: &Earlier, at: Tick, decayed: f64) -> f64 {
        if at.0 >> self.bits == earlier.epoch {
            earlier.grown * decayed
        } else {
            let span = (at + earlier.late) - (earlier.at + earlier.early);
            earlier.trace * self.decay.over(span)
        }
    }

    /// What is left, when a later spike comes, of the trace of one at `at`, which carries the trace
    /// times `grown`.
    #[inline(always)]
    pub fn since(&self, later: &Later, at: Tick, trace: f64, trace_grown: f64) -> f64 {
        if at.0 >> self.bits == later.epoch {
            trace_grown * later.decayed
        } else {
            trace * self.decay.over((later.at + later.late) - (at + later.early))
        }
    }
}

/// See [`Paired::earlier`].
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    at: Tick,
    early: Span,
    late: Span,
    epoch: u64,
    trace: f64,
    grown: f64,
}

impl Earlier {
    /// Later spikes before this tick reach the synapses before it does.
    pub fn met_before(&self) -> Tick {
        Tick((self.at + self.early).0.saturating_sub(self.late.0))
    }
}

/// See [`Paired::later`].
#[derive(Clone, Copy, Debug)]
pub struct Later {
    at: Tick,
    early: Span,
    late: Span,
    epoch: u64,
    decayed: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    /// The largest relative error of both directions against the decay over the span, for pairs of spikes
    /// that lie within `reach` ticks, and how many of them lay in one epoch.
    fn worst(paired: &Paired, reach: u64, travels: u64, random: &mut Stream) -> (f64, usize) {
        let (mut worst, mut near) = (0.0f64, 0);
        for _ in 0..20_000 {
            let earlier = Tick(random.bits() >> 28);
            let [early, late] = [(); 2].map(|()| Span(random.below(travels)));
            // The later spike must not reach the synapse first.
            let least = (earlier + early).0.saturating_sub(late.0).max(earlier.0);
            let later = Tick(least + random.below(reach));
            let trace = 1.5;
            let exact = trace * paired.decay().over((later + late) - (earlier + early));
            let first = paired.earlier((earlier, trace, paired.grown(earlier)), early, late);
            let until = paired.until(&first, later, paired.decayed(later));
            let last = paired.later((later, paired.decayed(later)), early, late);
            let since = paired.since(&last, earlier, trace, trace * paired.grown(earlier));
            near += usize::from(first.epoch == later.0 >> paired.bits);
            for value in [until, since] {
                worst = worst.max(((value - exact) / exact).abs());
            }
        }
        (worst, near)
    }

    #[test]
    fn a_pair_decays_over_its_span_within_an_epoch_and_beyond() {
        let mut random = Stream::new(3, Purpose::Initial, 0, 0);
        for tau in [1.0, 15.0, 200.0] {
            let paired = Paired::new(tau);
            let epoch = 1u64 << paired.bits;
            // Spans of up to 20 time constants, as far as that is.
            let reach = ((20.0 * tau * 1e6) as u64).min(epoch);
            let (error, near) = worst(&paired, reach, epoch / 64, &mut random);
            // Numbers that are carried are powers of up to e^250, whose exponents are rounded.
            assert!(error < 2e-13, "{tau}: {error:e}");
            assert!((2_000..20_000).contains(&near), "both kinds of pairs are met: {near}");
        }
    }

    #[test]
    fn travels_longer_than_an_epoch_are_no_reason_to_fail() {
        let mut random = Stream::new(4, Purpose::Initial, 0, 0);
        let paired = Paired::new(0.001);
        let epoch = 1u64 << paired.bits;
        let (error, near) = worst(&paired, epoch / 32, epoch * 4, &mut random);
        assert!(error < 2e-13, "{error:e}");
        assert!(near < 20_000, "{near}");
    }

    #[test]
    fn nothing_carried_leaves_the_doubles() {
        for tau in [0.001, 0.5, 20.0, 1e6] {
            let paired = Paired::new(tau);
            let last = Tick((1u64 << paired.bits) - 1);
            assert!(paired.grown(last) < 1e109 && paired.decayed(last) > 1e-109, "{tau}");
            assert_eq!((paired.grown(Tick::ZERO), paired.decayed(Tick::ZERO)), (1.0, 1.0));
        }
    }
}
