//! Ticks for which something is foreseen, in order of time.
//!
//! Most lie slices ahead and wait in a calendar, unsorted; those of the present slice are sorted
//! once when it begins. What is filed for the present slice while it is gone through is little and
//! goes to a heap.

use super::points::{ByTime, Timed};
use crate::base::saved::{saved, value};
use crate::base::{Span, Tick};
use crate::neuron::cell::NEVER;
use crate::queue::Calendar;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A tick for which something is foreseen. 8 bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Foreseen {
    /// Ticks since the start of the slice under which it is filed.
    pub offset: u32,
    /// The local neuron.
    pub neuron: u32,
}
value!(Foreseen { offset, neuron });

impl Timed for Foreseen {
    #[inline]
    fn offset(&self) -> u32 {
        self.offset
    }
}

/// What is foreseen for the neurons of a shard.
#[derive(Debug)]
pub struct Deadlines {
    slice: Span,
    start: Tick,
    end: Tick,
    /// What was filed for this slice before it began, sorted.
    near: ByTime<Foreseen>,
    /// How far `near` is done.
    next: usize,
    /// What was filed for this slice since.
    soon: BinaryHeap<Reverse<(Tick, u32)>>,
    later: Calendar<Foreseen>,
}
saved!(Deadlines { start, end, near, next, soon, later });

impl Deadlines {
    /// Nothing is foreseen; slices have this length, and none is open.
    pub fn new(slice: Span) -> Deadlines {
        Deadlines {
            slice,
            start: Tick::ZERO,
            end: Tick::ZERO,
            near: ByTime::default(),
            next: 0,
            soon: BinaryHeap::new(),
            later: Calendar::default(),
        }
    }

    /// Begins slice number `number`, `start..end`: gives what was filed for it, in no order. What is not
    /// dealt with at once is to be given to [`Deadlines::open`].
    pub fn begin(&mut self, number: u64, start: Tick, end: Tick) -> Vec<Foreseen> {
        (self.start, self.end, self.next) = (start, end, 0);
        let mut list = std::mem::take(&mut self.near.list);
        list.clear();
        self.later.take(number, &mut list);
        list
    }

    /// Opens the slice that has begun, with what is left of its list.
    pub fn open(&mut self, list: Vec<Foreseen>) {
        self.near.list = list;
        self.near.sorted(self.end.since(self.start).0 as u32);
    }

    /// Files a neuron for a tick that does not lie before what has been gone through.
    #[inline]
    pub fn file(&mut self, at: Tick, neuron: u32) {
        if at < self.end {
            self.soon.push(Reverse((at, neuron)));
        } else {
            let slice = at.0 / self.slice.0;
            let offset = (at.0 - slice * self.slice.0) as u32;
            self.later.file(slice, Foreseen { offset, neuron });
        }
    }

    /// The earliest tick in the open slice; [`NEVER`] without one.
    #[inline]
    pub fn first(&self) -> Tick {
        let near = self.near.list.get(self.next);
        let near = near.map_or(NEVER, |next| self.start + Span(next.offset.into()));
        near.min(self.soon.peek().map_or(NEVER, |&Reverse((tick, _))| tick))
    }

    /// A neuron that is filed for `at`, which is the earliest tick or lies before it.
    pub fn pop(&mut self, at: Tick) -> Option<u32> {
        let offset = at.since(self.start).0;
        if let Some(next) = self.near.list.get(self.next)
            && u64::from(next.offset) == offset
        {
            self.next += 1;
            return Some(next.neuron);
        }
        let &Reverse((tick, neuron)) = self.soon.peek()?;
        (tick == at).then(|| {
            self.soon.pop();
            neuron
        })
    }

    /// The earliest slice for which something is filed that has not been opened.
    pub fn next_slice(&self) -> Option<u64> {
        self.later.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    #[test]
    fn everything_comes_once_and_in_order() {
        let mut random = Stream::new(4, Purpose::Initial, 0, 0);
        let slice = 1000;
        let mut deadlines = Deadlines::new(Span(slice));
        let mut filed: Vec<(u64, u32)> = (0..5000).map(|n| (random.below(20_000), n)).collect();
        filed.iter().for_each(|&(at, neuron)| deadlines.file(Tick(at), neuron));
        let mut seen = Vec::new();
        while let Some(number) = deadlines.next_slice() {
            let start = number * slice;
            let list = deadlines.begin(number, Tick(start), Tick(start + slice));
            deadlines.open(list);
            while deadlines.first() != NEVER {
                let at = deadlines.first();
                let neuron = deadlines.pop(at).expect("something is filed for the first tick");
                seen.push((at.0, neuron));
                // Now and then something is foreseen for later in the same slice, or beyond it.
                if filed.len() < 6000 && random.below(4) == 0 {
                    let (later, neuron) = (at.0 + random.below(1500), filed.len() as u32);
                    filed.push((later, neuron));
                    deadlines.file(Tick(later), neuron);
                }
            }
            assert_eq!(deadlines.pop(Tick(start + slice - 1)), None);
        }
        assert!(filed.len() == 6000 && seen.is_sorted_by_key(|&(at, _)| at));
        filed.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, filed);
    }
}
