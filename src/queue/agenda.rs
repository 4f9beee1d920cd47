//! Plain events, a tick and a target each, that are handed out window by window in an order that
//! depends on nothing but themselves.
//!
//! Where every event takes effect a known time after its cause, the events of a window can be
//! worked off target by target: none of them can cause another in the same window. So they
//! need no heap. They are filed by window, eight bytes each, and the batch of a window is sorted
//! by (target, tick) when its turn comes: one pass deals it out to many small pieces by
//! the leading bits of the target, and what is left of the disorder lies within a piece. Working
//! through the targets in order also walks their states in order.

use super::Calendar;
use crate::base::{Span, Tick};

/// Events by window.
///
/// An event is stored as (target, ticks since the start of its window), in one number whose
/// order is that of the events.
#[derive(Debug)]
pub struct Agenda {
    calendar: Calendar<u64>,
    /// A window is 2^shift ticks long.
    shift: u32,
    /// Bits that tell targets apart.
    target_bits: u32,
    /// Room for sorting.
    dealt: Vec<u64>,
    ends: Vec<u32>,
}

/// The events of one window, in the order (target, tick).
#[derive(Clone, Debug, Default)]
pub struct Due {
    start: u64,
    events: Vec<u64>,
}

/// Pieces into which a batch is dealt at most: their ends fit into the first cache.
const MOST_PIECES_BITS: u32 = 12;
/// Batches up to this size are sorted as they are.
const SMALL: usize = 32;
/// Pieces of up to this size in the mean are put in order by one walk over all of them.
const WALKED: usize = 8;

impl Agenda {
    /// An agenda for targets below `targets`, where no event is filed less than `lookahead`
    /// ahead. Windows are as long as the largest power of two that is not above it.
    ///
    /// # Panics
    /// If `lookahead` is zero.
    pub fn new(lookahead: Span, targets: u32) -> Agenda {
        assert!(lookahead > Span::ZERO, "without lookahead there are no windows");
        let target_bits = u32::BITS - targets.saturating_sub(1).leading_zeros();
        Agenda {
            calendar: Calendar::default(),
            shift: lookahead.0.ilog2().min(u32::BITS - 1),
            target_bits,
            dealt: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The window in which a tick lies.
    #[inline]
    pub fn window_of(&self, tick: Tick) -> u64 {
        tick.0 >> self.shift
    }

    /// Files an event. It must lie in a later window than the last one taken.
    #[inline]
    pub fn file(&mut self, tick: Tick, target: u32) {
        let offset = tick.0 & ((1 << self.shift) - 1);
        self.calendar.file(self.window_of(tick), u64::from(target) << 32 | offset);
    }

    /// The earliest window that holds an event.
    pub fn next(&self) -> Option<u64> {
        self.calendar.next()
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.calendar.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.calendar.is_empty()
    }

    /// Moves to `window` and puts its events into `due`, in place of what was there. Windows that
    /// are passed over must be empty.
    pub fn take(&mut self, window: u64, due: &mut Due) {
        due.start = window << self.shift;
        due.events.clear();
        self.calendar.take(window, &mut due.events);
        self.sort(&mut due.events);
    }

    fn sort(&mut self, events: &mut Vec<u64>) {
        if events.len() <= SMALL {
            events.sort_unstable();
            return;
        }
        let bits = events.len().ilog2().min(MOST_PIECES_BITS).min(self.target_bits);
        let shift = 32 + self.target_bits - bits;
        self.deal(events, shift, 1 << bits);
        std::mem::swap(events, &mut self.dealt);
        if events.len() >> bits <= WALKED {
            walk_into_order(events);
        } else {
            let mut first = 0;
            for &end in &self.ends {
                events[first..end as usize].sort_unstable();
                first = end as usize;
            }
        }
    }

    /// Deals events out to pieces by the bits of their targets above `shift`; afterwards `ends`
    /// tells where each piece ends in `dealt`.
    fn deal(&mut self, events: &[u64], shift: u32, pieces: usize) {
        let Agenda { dealt, ends, .. } = self;
        ends.clear();
        ends.resize(pieces, 0);
        for event in events {
            ends[(event >> shift) as usize] += 1;
        }
        let mut first = 0;
        for end in ends.iter_mut() {
            (*end, first) = (first, first + *end);
        }
        dealt.resize(events.len(), 0);
        for &event in events {
            let place = &mut ends[(event >> shift) as usize];
            dealt[*place as usize] = event;
            *place += 1;
        }
    }
}

/// Insertion sort of the whole: nothing has far to go.
fn walk_into_order(events: &mut [u64]) {
    for next in 1..events.len() {
        let event = events[next];
        let mut place = next;
        while place > 0 && events[place - 1] > event {
            events[place] = events[place - 1];
            place -= 1;
        }
        events[place] = event;
    }
}

impl Due {
    /// Number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The events, target by target, each target's in the order of their times.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (u32, Tick)> + '_ {
        let event = |&event: &u64| ((event >> 32) as u32, Tick(self.start + (event & 0xffff_ffff)));
        self.events.iter().map(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};
    use std::collections::BTreeMap;

    /// Against an ordered map of all events, for batches of every size at which the way of
    /// sorting changes, and for events filed in two orders.
    #[test]
    fn events_come_in_an_order_of_their_own() {
        for (targets, population) in
            [(1, 50), (3, 200), (1000, 10), (1000, 3_000), (50_000, 40_000), (70, 60_000)]
        {
            let mut random = Stream::new(3, Purpose::Initial, 0, u64::from(targets));
            let lookahead = Span(5_000);
            let mut forward = Agenda::new(lookahead, targets);
            let mut backward = Agenda::new(lookahead, targets);
            let mut model: BTreeMap<(u64, u32, u64), u32> = BTreeMap::new();
            let mut draw = |after: u64| {
                let tick = Tick(after + lookahead.0 + random.below(40_000));
                (tick, random.below(u64::from(targets)) as u32)
            };
            let mut new: Vec<(Tick, u32)> = (0..population).map(|_| draw(0)).collect();
            let (mut due, mut twin) = (Due::default(), Due::default());
            for _ in 0..12 {
                for &(tick, target) in &new {
                    forward.file(tick, target);
                    *model.entry((tick.0 >> 12, target, tick.0)).or_default() += 1;
                }
                new.iter().rev().for_each(|&(tick, target)| backward.file(tick, target));
                new.clear();
                let window = forward.next().expect("events never end");
                forward.take(window, &mut due);
                backward.take(window, &mut twin);
                let mut expected = Vec::new();
                while let Some(entry) = model.first_entry().filter(|e| e.key().0 == window) {
                    let ((_, target, tick), times) = entry.remove_entry();
                    expected.extend((0..times).map(|_| (target, Tick(tick))));
                }
                assert!(due.iter().eq(expected.iter().copied()), "{targets} targets");
                assert!(twin.iter().eq(due.iter()));
                new.extend(expected.iter().map(|&(_, tick)| draw(tick.0)));
                assert_eq!(forward.len() + new.len(), population);
            }
        }
    }
}
