//! The spikes that synapses still have to hear of.
//!
//! One [`History`] holds the recent spikes of one train, each with what a rule wants to know of it
//! (its traces just after the spike, say): the spikes of a postsynaptic neuron, of a source, or
//! the arrivals of a modulator. It is shared by all synapses that read the train. Spikes have
//! ordinals, counted from 0 over the whole run; a synapse remembers by ordinal how far it has read.
//!
//! # When may a spike be forgotten?
//!
//! A synapse asks a history two things only: for the spikes from the ordinal that it remembers on,
//! and for the latest spike strictly before some time. So a spike may go as soon as
//!
//! 1. every synapse that reads the train has read past it, and
//! 2. a later spike is held, which lies before every time that will still be asked for.
//!
//! NEST proves the first by counting readers for each spike, which fails to free anything while one
//! presynaptic neuron is silent: its synapses never come to read. Forgetting by age alone is wrong
//! for rules that fold spikes one by one. Here the first is brought about instead of awaited:
//! the owner of the synapses may at any time walk all of them in the order of memory and *settle*
//! each ([`Rule::settle`](super::Rule::settle)) until some tick, and then call [`History::trim`] with
//! the rule's [`horizon`](super::Rule::horizon). How often it does so is a matter of memory alone:
//!
//! *Settling changes no bit of the future.* A synapse's state is a left fold over its elementary
//! events (arrivals, postsynaptic spikes, modulator spikes, decisions) in the order of their
//! ticks. Each step reads the stored state and values that are fixed by the trains alone, and
//! stores the new state, rounded to its stored precision. Nothing is carried from one step to the
//! next but what is stored, and nothing is stored between two events. Settling until a tick takes the
//! steps before that tick, which the next arrival would otherwise have taken first: the
//! same steps in the same order, cut elsewhere. A tick between two events is never made a step; a
//! weight that moves between events is extrapolated for a reader and thrown away.
//!
//! Hence memory is bounded by what is held between two walks, and walks may come at different
//! times in different shards.

use crate::base::Tick;

/// One spike of a train.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spike<V> {
    /// When.
    pub at: Tick,
    /// What a rule holds about it.
    pub value: V,
}

/// The recent spikes of one train. Invariant: their ticks increase strictly.
#[derive(Clone, Debug, Default)]
pub struct History<V> {
    /// Read far more often than trimmed, so they lie side by side.
    spikes: Vec<Spike<V>>,
    /// The ordinal of the first spike that is held.
    first: u64,
    /// A copy of the latest spike, if there is one: nearly all synapses have read all but this one, and
    /// find it without going where the others lie.
    latest: Spike<V>,
}

impl<V: Copy + Default> History<V> {
    /// Adds the next spike.
    #[inline]
    pub fn push(&mut self, at: Tick, value: V) {
        debug_assert!(self.latest().is_none_or(|latest| latest.at < at), "spikes out of order");
        self.latest = Spike { at, value };
        self.spikes.push(self.latest);
    }

    /// How many spikes there have been; the ordinal of the next one.
    #[inline]
    pub fn end(&self) -> u64 {
        self.first + self.spikes.len() as u64
    }

    /// The ordinal of the first spike that is held.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The latest spike.
    #[inline]
    pub fn latest(&self) -> Option<&Spike<V>> {
        (!self.spikes.is_empty()).then_some(&self.latest)
    }

    /// The spike of this ordinal, if it has been fired.
    ///
    /// # Panics
    /// If it was forgotten: the horizon by which the history was trimmed was wrong.
    #[inline]
    pub fn spike(&self, ordinal: u64) -> Option<&Spike<V>> {
        let index = ordinal.checked_sub(self.first).expect("a spike was forgotten too early");
        self.spikes.get(index as usize)
    }

    /// Changes what is held about the spike of this ordinal.
    ///
    /// # Panics
    /// If it is not held.
    pub fn amend(&mut self, ordinal: u64, change: impl FnOnce(&mut V)) {
        let index = ordinal.checked_sub(self.first).expect("a spike was forgotten too early");
        change(&mut self.spikes[index as usize].value);
        self.latest = *self.spikes.last().expect("one has been changed");
    }

    /// The ordinal after the last spike that lies strictly before `tick`. Spikes that were
    /// forgotten are taken to lie before it.
    #[inline]
    pub fn end_before(&self, tick: Tick) -> u64 {
        // What is asked for is nearly always at the very end.
        let mut index = self.spikes.len();
        if index == 0 || self.latest.at < tick {
            return self.end();
        }
        for _ in 0..4 {
            index -= 1;
            if index == 0 || self.spikes[index - 1].at < tick {
                return self.first + index as u64;
            }
        }
        self.first + self.spikes.partition_point(|spike| spike.at < tick) as u64
    }

    /// The whole ordinal of which a synapse has kept the low `bits` bits. A synapse is never
    /// behind by so many spikes.
    #[inline]
    pub fn resolve(&self, low: u32, bits: u32) -> u64 {
        let end = self.end();
        let mask = (1u64 << bits) - 1;
        end - (end.wrapping_sub(u64::from(low)) & mask)
    }

    /// How many spikes there are from the one on of whose ordinal a synapse has kept the low 32 bits.
    #[inline]
    fn count_from(&self, low: u32) -> usize {
        (self.end() as u32).wrapping_sub(low) as usize
    }

    /// The spikes from the one on of whose ordinal a synapse has kept the low 32 bits.
    ///
    /// # Panics
    /// If one of them was forgotten.
    #[inline]
    pub fn unread(&self, low: u32) -> &[Spike<V>] {
        match self.count_from(low) {
            0 => &[],
            1 => std::slice::from_ref(&self.latest),
            count => {
                let start = self.spikes.len().checked_sub(count);
                &self.spikes[start.expect("a spike was forgotten too early")..]
            }
        }
    }

    /// The spike before the one of whose ordinal a synapse has kept the low 32 bits; `None` if that is
    /// the first of all.
    ///
    /// # Panics
    /// If it was forgotten.
    #[inline]
    pub fn last_read(&self, low: u32) -> Option<&Spike<V>> {
        let unread = self.count_from(low);
        if unread == 0 {
            return self.latest();
        }
        let read = self.spikes.len().checked_sub(unread).expect("a spike was forgotten too early");
        debug_assert!(read > 0 || self.first == 0, "a spike was forgotten too early");
        self.spikes[..read].last()
    }

    /// Forgets all spikes that lie strictly before `horizon`, but the latest of them.
    pub fn trim(&mut self, horizon: Tick) {
        let before = self.spikes.partition_point(|spike| spike.at < horizon);
        let gone = before.saturating_sub(1);
        self.spikes.drain(..gone);
        self.first += gone as u64;
        // A burst must not keep its memory for ever. The smallest capacities are left alone, as they
        // would come and go at each walk.
        if self.spikes.capacity() > 8 && self.spikes.len() * 4 < self.spikes.capacity() {
            self.spikes.shrink_to(self.spikes.len() * 2);
        }
    }

    /// How many spikes are held.
    pub fn len(&self) -> usize {
        self.spikes.len()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.spikes.is_empty()
    }

    /// The spikes that are held, earliest first.
    pub fn iter(&self) -> impl Iterator<Item = &Spike<V>> {
        self.spikes.iter()
    }

    /// Memory taken, without the value itself.
    pub fn bytes(&self) -> u64 {
        (self.spikes.capacity() * size_of::<Spike<V>>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(ticks: &[u64]) -> History<u64> {
        let mut history = History::default();
        ticks.iter().for_each(|&tick| history.push(Tick(tick), tick));
        history
    }

    #[test]
    fn the_latest_spike_before_a_time_is_found_at_every_time() {
        let ticks = [3, 5, 6, 9, 14, 15, 20];
        let history = history(&ticks);
        for tick in 0..25 {
            let expected = ticks.iter().filter(|&&at| at < tick).count() as u64;
            assert_eq!(history.end_before(Tick(tick)), expected, "{tick}");
        }
    }

    #[test]
    fn trimming_keeps_what_may_still_be_asked_for() {
        let mut history = history(&[3, 5, 6, 9, 14]);
        history.trim(Tick(9));
        assert_eq!((history.first(), history.end(), history.len()), (2, 5, 3));
        assert_eq!(history.spike(2).unwrap().at, Tick(6));
        assert_eq!(history.end_before(Tick(7)), 3);
        assert_eq!(history.end_before(Tick(9)), 3);
        assert_eq!(history.spike(5), None);
        history.trim(Tick(100));
        assert_eq!((history.len(), history.latest().unwrap().at), (1, Tick(14)));
        history.trim(Tick(0));
        assert_eq!(history.len(), 1);
    }

    #[test]
    fn the_copy_of_the_latest_spike_is_never_behind() {
        let mut history = history(&[3, 5, 6, 9]);
        history.amend(3, |value| *value = 90);
        history.amend(1, |value| *value = 50);
        for horizon in [0, 6, 100] {
            history.trim(Tick(horizon));
            assert_eq!(history.latest(), history.spikes.last());
            assert_eq!(history.latest().unwrap().value, 90);
            for mark in history.first() as u32 + 1..=4 {
                let split = (u64::from(mark) - history.first()) as usize;
                assert_eq!(history.unread(mark), &history.spikes[split..], "{horizon} {mark}");
                assert_eq!(history.last_read(mark), Some(&history.spikes[split - 1]));
            }
        }
        assert_eq!(history.spike(3).unwrap().value, 90);
    }

    #[test]
    #[should_panic(expected = "forgotten too early")]
    fn what_was_forgotten_cannot_be_read() {
        let mut history = history(&[3, 5, 6]);
        history.trim(Tick(6));
        let _ = history.spike(0);
    }

    #[test]
    fn low_bits_of_an_ordinal_are_enough() {
        let mut history = history(&[1]);
        history.first = (1 << 33) - 2;
        for behind in 0..2 {
            let ordinal = history.end() - behind;
            assert_eq!(history.resolve(ordinal as u32, 32), ordinal);
            assert_eq!(history.resolve(ordinal as u32 & 0x7fff_ffff, 31), ordinal);
        }
    }
}
