//! Room for the spikes of trains, which takes what one of them gives back and gives it to another.
//!
//! What trains must hold between two walks over their synapses (see [`super::history`]) is steady in
//! sum, not for each: where they fire rarely or irregularly, some need more than at the walk before and
//! others less. If each asked the system for it and gave it back, that would never end; if each kept the
//! most that it ever needed, ten million trains that hardly fire would all keep room for a burst that
//! each has had once. So what a train gives back lies here until another grows.
//!
//! Bound: the histories and what lies here have room for at most half as many spikes again as the
//! histories alone had of late, and 64 more. *Of late* is at the last walk, or at one before,
//! of which an eighth is forgotten at each walk; so what a burst needed goes back to the system. A walk
//! that comes soon after another says little about what is needed, so nothing is given back at it.

use super::history::{History, Spike};
use crate::base::saved::{Value, saved};
use crate::base::{Span, Tick};
use std::ops::{Deref, DerefMut};

/// Room for so many spikes may always lie here.
const LEAST: usize = 64;

/// Lists without spikes, for histories of one kind.
#[derive(Debug)]
pub struct Spare<V> {
    /// Those with room for 2^k spikes, and less than 2^(k + 1), by k.
    lists: Vec<Vec<Vec<Spike<V>>>>,
    /// The room in all of them.
    room: usize,
    /// The room that histories had of late.
    needed: usize,
    /// When histories were trimmed last.
    trimmed: Tick,
    /// The longest time between two walks of late.
    longest: Span,
}

impl<V> Default for Spare<V> {
    fn default() -> Self {
        Spare { lists: Vec::new(), room: 0, needed: 0, trimmed: Tick::ZERO, longest: Span::ZERO }
    }
}

impl<V: Copy + Default> Spare<V> {
    /// A list with room for `room` spikes, a power of two, and less than twice as many, if there is one.
    pub(super) fn take(&mut self, room: usize) -> Option<Vec<Spike<V>>> {
        let list = self.lists.get_mut(room.ilog2() as usize)?.pop()?;
        self.room -= list.capacity();
        Some(list)
    }

    /// Takes a list back.
    pub(super) fn give(&mut self, mut list: Vec<Spike<V>>) {
        let Some(size) = list.capacity().checked_ilog2() else { return };
        let size = size as usize;
        if self.lists.len() <= size {
            self.lists.resize_with(size + 1, Vec::new);
        }
        list.clear();
        self.room += list.capacity();
        self.lists[size].push(list);
    }

    /// Trims all histories that take from here: see [`History::trim`]. It is `now` in the simulation.
    pub fn trim<'a>(
        &mut self,
        histories: impl IntoIterator<Item = &'a mut History<V>>,
        horizon: Tick,
        now: Tick,
    ) where
        V: 'a,
    {
        let span = Span(now.0.saturating_sub(self.trimmed.0));
        let soon = span.0 < self.longest.0 / 2;
        self.longest = span.max(Span(self.longest.0 - self.longest.0 / 8));
        self.trimmed = now;
        let (mut before, mut after) = (0, 0);
        for history in histories {
            // Room only grows between two walks, so this is the most there was.
            before += history.room();
            let most = history.trim(horizon);
            if !soon {
                history.give_back(most, self);
            }
            after += history.room();
        }
        if !soon {
            self.needed = before.max(self.needed - self.needed.div_ceil(8));
            self.shrink_to(self.needed + self.needed / 2 + LEAST - after);
        }
    }

    /// Gives back to the system what lies here beyond `most`, large lists first.
    fn shrink_to(&mut self, most: usize) {
        for lists in self.lists.iter_mut().rev() {
            while self.room > most
                && let Some(list) = lists.pop()
            {
                self.room -= list.capacity();
            }
        }
    }

    /// Memory taken, without the value itself.
    pub fn bytes(&self) -> u64 {
        let places: usize = self.lists.iter().map(Vec::capacity).sum();
        (self.room * size_of::<Spike<V>>() + places * size_of::<Vec<Spike<V>>>()) as u64
    }
}

/// The recent spikes of all sources of a projection, by their places in the population.
#[derive(Debug)]
pub struct Trains<V> {
    histories: Vec<History<V>>,
    spare: Spare<V>,
}
saved!(Trains<V> where [V: Value] { histories });

impl<V: Copy + Default> Trains<V> {
    /// Trains of which nothing has been heard.
    pub fn new(count: usize) -> Trains<V> {
        Trains { histories: vec![History::default(); count], spare: Spare::default() }
    }

    /// Adds the next spike of a train.
    #[inline]
    pub fn push(&mut self, train: u32, at: Tick, value: V) {
        let history = &mut self.histories[train as usize];
        history.make_room(&mut self.spare);
        history.push(at, value);
    }

    /// Forgets of each train what lies strictly before `horizon`, but the latest. It is `now` in the
    /// simulation.
    pub fn trim(&mut self, horizon: Tick, now: Tick) {
        self.spare.trim(&mut self.histories, horizon, now);
    }

    /// Memory taken, without the value itself.
    pub fn bytes(&self) -> u64 {
        let own = size_of_val(self.histories.as_slice()) as u64;
        self.iter().map(History::bytes).sum::<u64>() + self.spare.bytes() + own
    }
}

impl<V> Deref for Trains<V> {
    type Target = [History<V>];

    fn deref(&self) -> &[History<V>] {
        &self.histories
    }
}

impl<V> DerefMut for Trains<V> {
    fn deref_mut(&mut self) -> &mut [History<V>] {
        &mut self.histories
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    /// Room in the histories, and with what lies beside them.
    fn room(trains: &Trains<u64>) -> (usize, usize) {
        let held: usize = trains.iter().map(History::room).sum();
        (held, held + trains.spare.room)
    }

    /// Promise: what trains hold does not depend on where they take their room from; all room together is
    /// bounded by what they needed of late, and a burst's goes back. Method: trains that fire at random,
    /// beside plain lists; at some walks a burst in all of them; then silence.
    #[test]
    fn room_follows_what_is_needed_and_changes_nothing_that_is_held() {
        let mut random = Stream::new(5, Purpose::Initial, 0, 0);
        let mut trains = Trains::<u64>::new(300);
        let mut lists: Vec<Vec<u64>> = vec![Vec::new(); 300];
        let (mut now, mut clock, mut horizon) = (0, 0, 0);
        let (mut most, mut asked) = (0usize, 0);
        for walk in 0..400 {
            let mean = if walk >= 200 {
                0.0
            } else if walk % 50 == 49 {
                40.0
            } else {
                1.5
            };
            let mut fires: Vec<usize> = Vec::new();
            for train in 0..300 {
                let count = if mean > 0.0 { random.poisson(mean) } else { 0 };
                fires.extend(std::iter::repeat_n(train, count as usize));
            }
            fires.sort_by_cached_key(|_| random.bits());
            for train in fires {
                now += 1;
                trains.push(train as u32, Tick(now), now);
                lists[train].push(now);
            }
            let grown = room(&trains).0;
            horizon = horizon.max(now - now.min(random.below(500)));
            // At every seventh walk soon after the one before.
            clock += if walk % 7 == 6 { 10 } else { 1000 };
            trains.trim(Tick(horizon), Tick(clock));
            for (train, list) in trains.iter().zip(&lists) {
                let before = list.iter().filter(|&&at| at < horizon).count();
                let kept = &list[before.saturating_sub(1)..];
                let held: Vec<u64> = train.iter().map(|spike| spike.value).collect();
                assert!(held.ends_with(kept) && list.ends_with(&held), "walk {walk}");
            }
            let (held, all) = room(&trains);
            if walk % 7 == 6 {
                assert_eq!(held, grown, "walk {walk}: nothing is given back");
                continue;
            }
            most = grown.max(most - most.div_ceil(8));
            assert!(held <= all && all <= most + most / 2 + LEAST, "walk {walk}: {all}, {most}");
            asked += usize::from(all > held);
        }
        assert!(asked > 150, "hardly anything ever lay here: {asked}");
        // The last spikes of all are never forgotten.
        let (held, all) = room(&trains);
        assert!(held < 100 && all <= held + held / 2 + LEAST, "{held} {all}");
    }
}
