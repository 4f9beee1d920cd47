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
//! times in different shards. What a history has no need of any more goes to others ([`super::spare`]).

use super::spare::Spare;
use crate::base::Tick;
use crate::base::saved::{Value, value};

/// One spike of a train.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spike<V> {
    /// When.
    pub at: Tick,
    /// What a rule holds about it.
    pub value: V,
}
value!(Spike<V> where [V: Value] { at, value });

/// The recent spikes of one train. Invariant: their ticks increase strictly.
///
/// Nearly all synapses have read all but the latest spike, which is therefore found without going where
/// the others lie; and where spikes are rare it is the only one that is held.
#[derive(Clone, Debug, Default)]
pub struct History<V> {
    /// Those before the latest one. Read far more often than trimmed, so they lie side by side.
    earlier: Vec<Spike<V>>,
    /// How many spikes there have been.
    end: u64,
    /// The latest of them, if there is one. It is never forgotten.
    latest: Spike<V>,
}
value!(History<V> where [V: Value] { earlier, end, latest });

/// A list has room for so many spikes at least.
const LEAST_ROOM: usize = 2;

impl<V: Copy + Default> History<V> {
    /// Sees to it that there is room for the next spike: what others have given back, if there is any.
    #[inline]
    pub fn make_room(&mut self, spare: &mut Spare<V>) {
        if self.earlier.len() == self.earlier.capacity() && self.end > 0 {
            self.grow(spare);
        }
    }

    #[cold]
    fn grow(&mut self, spare: &mut Spare<V>) {
        let room = (self.earlier.len() * 2).next_power_of_two().max(LEAST_ROOM);
        match spare.take(room).or_else(|| spare.take(room * 2)) {
            Some(list) => self.move_to(list, spare),
            None => self.earlier.reserve_exact(room - self.earlier.len()),
        }
    }

    /// Keeps the spikes before the latest in another list.
    fn move_to(&mut self, mut list: Vec<Spike<V>>, spare: &mut Spare<V>) {
        list.extend_from_slice(&self.earlier);
        spare.give(std::mem::replace(&mut self.earlier, list));
    }

    /// Adds the next spike. Asks the system for room if nobody has seen to it.
    #[inline]
    pub fn push(&mut self, at: Tick, value: V) {
        debug_assert!(self.latest().is_none_or(|latest| latest.at < at), "spikes out of order");
        if self.end > 0 {
            self.earlier.push(self.latest);
        }
        self.latest = Spike { at, value };
        self.end += 1;
    }

    /// How many spikes there have been; the ordinal of the next one.
    #[inline]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The ordinal of the first spike that is held.
    #[inline]
    pub fn first(&self) -> u64 {
        self.end - self.len() as u64
    }

    /// The latest spike.
    #[inline]
    pub fn latest(&self) -> Option<&Spike<V>> {
        (self.end > 0).then_some(&self.latest)
    }

    /// The spike that is followed by `later` ones.
    ///
    /// # Panics
    /// If it was forgotten, or there has been none.
    #[inline]
    fn followed_by(&self, later: usize) -> &Spike<V> {
        if later == 0 && self.end > 0 {
            return &self.latest;
        }
        let index = self.earlier.len().checked_sub(later);
        &self.earlier[index.expect("a spike was forgotten too early")]
    }

    /// The spike of this ordinal, if it has been fired.
    ///
    /// # Panics
    /// If it was forgotten: the horizon by which the history was trimmed was wrong.
    #[inline]
    pub fn spike(&self, ordinal: u64) -> Option<&Spike<V>> {
        let from = self.end.checked_sub(ordinal).filter(|&from| from > 0)?;
        Some(self.followed_by(from as usize - 1))
    }

    /// Changes what is held about the spike of this ordinal.
    ///
    /// # Panics
    /// If it is not held.
    pub fn amend(&mut self, ordinal: u64, change: impl FnOnce(&mut V)) {
        let place = ordinal.checked_sub(self.first()).expect("a spike was forgotten too early");
        let spike = match self.earlier.get_mut(place as usize) {
            Some(spike) => spike,
            None => &mut self.latest,
        };
        change(&mut spike.value);
    }

    /// The ordinal after the last spike that lies strictly before `tick`. Spikes that were
    /// forgotten are taken to lie before it.
    #[inline]
    pub fn end_before(&self, tick: Tick) -> u64 {
        // What is asked for is nearly always at the very end.
        if self.end == 0 || self.latest.at < tick {
            return self.end;
        }
        for (later, spike) in (1..).zip(self.earlier.iter().rev().take(4)) {
            if spike.at < tick {
                return self.end - later;
            }
        }
        self.first() + self.earlier.partition_point(|spike| spike.at < tick) as u64
    }

    /// The whole ordinal of which a synapse has kept the low `bits` bits. A synapse is never
    /// behind by so many spikes.
    #[inline]
    pub fn resolve(&self, low: u32, bits: u32) -> u64 {
        let mask = (1u64 << bits) - 1;
        self.end - (self.end.wrapping_sub(u64::from(low)) & mask)
    }

    /// How many spikes there are from the one on of whose ordinal a synapse has kept the low 32 bits.
    #[inline]
    fn count_from(&self, low: u32) -> usize {
        (self.end as u32).wrapping_sub(low) as usize
    }

    /// Shows every spike before `limit`, from the one on of whose ordinal a synapse has kept the low 32
    /// bits, and returns the same of the first that it did not show.
    ///
    /// # Panics
    /// If one of them was forgotten.
    #[inline(always)]
    pub fn read_on(&self, low: u32, limit: Tick, mut visit: impl FnMut(&Spike<V>)) -> u32 {
        let count = self.count_from(low);
        if count == 0 {
            return low;
        }
        let mut read = low;
        if count > 1 {
            let start = (self.earlier.len() + 1).checked_sub(count);
            for spike in &self.earlier[start.expect("a spike was forgotten too early")..] {
                if spike.at >= limit {
                    return read;
                }
                visit(spike);
                read = read.wrapping_add(1);
            }
        }
        if self.latest.at < limit {
            visit(&self.latest);
            read = read.wrapping_add(1);
        }
        read
    }

    /// The spike of whose ordinal a synapse has kept the low 32 bits, if it has been fired.
    ///
    /// # Panics
    /// If it was forgotten.
    #[inline]
    pub fn next_unread(&self, low: u32) -> Option<&Spike<V>> {
        let count = self.count_from(low);
        (count > 0).then(|| self.followed_by(count - 1))
    }

    /// The spike before the one of whose ordinal a synapse has kept the low 32 bits; `None` if that is
    /// the first of all.
    ///
    /// # Panics
    /// If it was forgotten.
    #[inline]
    pub fn last_read(&self, low: u32) -> Option<&Spike<V>> {
        let unread = self.count_from(low);
        if unread as u64 == self.end {
            return None;
        }
        Some(self.followed_by(unread))
    }

    /// Forgets all spikes that lie strictly before `horizon`, but the latest of them. How many had to be
    /// held before the latest since this was called last.
    pub fn trim(&mut self, horizon: Tick) -> usize {
        // It has only grown since.
        let most = self.earlier.len();
        let gone = if self.latest.at < horizon {
            self.earlier.len()
        } else {
            let before = self.earlier.partition_point(|spike| spike.at < horizon);
            before.saturating_sub(1)
        };
        self.earlier.drain(..gone);
        most
    }

    /// Gives back room that is not needed where at `most` so many spikes had to be held. A burst must not
    /// keep its room for ever, and where spikes are rare there is none to keep; what a steady rate needs
    /// from walk to walk stays where it is.
    pub(super) fn give_back(&mut self, most: usize, spare: &mut Spare<V>) {
        if most == 0 {
            spare.give(std::mem::take(&mut self.earlier));
        } else if most * 4 < self.earlier.capacity() {
            let room = (most + most / 2).next_power_of_two().max(LEAST_ROOM);
            // One that is asked for once goes from history to history for ever.
            let list = spare.take(room).unwrap_or_else(|| Vec::with_capacity(room));
            self.move_to(list, spare);
        }
    }

    /// For how many spikes before the latest there is room.
    pub fn room(&self) -> usize {
        self.earlier.capacity()
    }

    /// How many spikes are held.
    #[inline]
    pub fn len(&self) -> usize {
        self.earlier.len() + usize::from(self.end > 0)
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The spikes that are held, earliest first.
    pub fn iter(&self) -> impl Iterator<Item = &Spike<V>> {
        self.earlier.iter().chain(self.latest())
    }

    /// Memory taken, without the value itself.
    pub fn bytes(&self) -> u64 {
        (self.earlier.capacity() * size_of::<Spike<V>>()) as u64
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

    /// Against a list of all spikes, at every mark and time that may still be asked for.
    #[test]
    fn every_question_is_answered_as_from_a_full_list() {
        let ticks = [3, 5, 6, 9, 14, 15, 20, 40];
        for count in 0..=ticks.len() {
            let all: Vec<Spike<u64>> =
                ticks[..count].iter().map(|&tick| Spike { at: Tick(tick), value: tick }).collect();
            for horizon in [0, 6, 15, 100] {
                let mut history = history(&ticks[..count]);
                history.trim(Tick(horizon));
                let first = history.first() as usize;
                assert_eq!((history.len(), history.end()), (count - first, count as u64));
                assert!(history.iter().eq(&all[first..]));
                assert_eq!(history.latest(), all.last());
                for mark in first + usize::from(first > 0)..=count {
                    for limit in [0, 6, 7, 20, 100] {
                        let expected = all[mark..].iter().take_while(|s| s.at < Tick(limit));
                        let expected: Vec<Spike<u64>> = expected.copied().collect();
                        let mut shown = Vec::new();
                        let end = history.read_on(mark as u32, Tick(limit), |&s| shown.push(s));
                        assert_eq!(
                            (shown.len(), end as usize),
                            (expected.len(), mark + shown.len())
                        );
                        assert_eq!(shown, expected, "{count} {mark} {limit}");
                    }
                    assert_eq!(history.next_unread(mark as u32), all.get(mark));
                    let read = mark.checked_sub(1).map(|last| &all[last]);
                    assert_eq!(history.last_read(mark as u32), read, "{count} {mark}");
                    assert_eq!(history.spike(mark as u64), all.get(mark));
                }
            }
        }
    }

    #[test]
    fn what_is_held_about_a_spike_can_be_changed() {
        let mut history = history(&[3, 5, 6, 9]);
        history.trim(Tick(6));
        history.amend(3, |value| *value = 90);
        history.amend(2, |value| *value = 60);
        let values: Vec<u64> = history.iter().map(|spike| spike.value).collect();
        assert_eq!(values, [5, 60, 90]);
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
        history.end = (1 << 33) - 1;
        for behind in 0..2 {
            let ordinal = history.end() - behind;
            assert_eq!(history.resolve(ordinal as u32, 32), ordinal);
            assert_eq!(history.resolve(ordinal as u32 & 0x7fff_ffff, 31), ordinal);
        }
    }
}
