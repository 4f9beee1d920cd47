//! External input of frames, added before its time.
//!
//! Input that nobody has to look at may be added to a neuron in any order: a mode in its frame
//! stands still, and what each input adds is known when it is drawn. So the events of an epoch (see
//! [`PoissonProcess`]) are neither sorted nor kept in a queue: when the epoch begins, each is *prepaid*,
//! that is, added to its neuron, unless that would bring the neuron to its limit. Whoever looks at a neuron in the midst of the
//! epoch takes off again what lies ahead of it. That is found by a walk over the few events of the
//! neuron's group, and from then on waits for its tick, as do events that were not added.
//!
//! Epochs and groups are the process's own and the decision is made by the neuron's limit, so nothing
//! depends on where a slice or a shard begins.

use super::input::{Background, Places};
use crate::base::saved::{saved, value};
use crate::base::{Span, Tick};
use crate::neuron::cell::NEVER;
use crate::source::{PoissonProcess, Process};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// Epochs up to so long are prepaid, in ticks: a millisecond. Where epochs are longer there is
/// little to be gained.
const LONGEST_EPOCH: Span = Span(1 << 20);

/// An external input that waits for its tick. Ordered by time, then by background.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Single {
    /// When it arrives.
    pub at: Tick,
    /// From which background.
    pub background: u32,
    /// The local neuron.
    pub neuron: u32,
}
value!(Single { at, background, neuron });

/// External inputs that wait, in order.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Sorted from `next` on.
    sorted: Vec<Single>,
    next: usize,
    /// What has been added since.
    added: BinaryHeap<Reverse<Single>>,
}
value!(Waiting { sorted, next, added });

impl Waiting {
    /// The tick of the first one; [`NEVER`] without one.
    #[inline]
    pub fn first(&self) -> Tick {
        let sorted = self.sorted.get(self.next).map_or(NEVER, |single| single.at);
        sorted.min(self.added.peek().map_or(NEVER, |Reverse(single)| single.at))
    }

    /// Takes the first one if it comes before `end`.
    #[inline]
    pub fn pop_before(&mut self, end: Tick) -> Option<Single> {
        let sorted = self.sorted.get(self.next).copied();
        let added = self.added.peek().map(|&Reverse(single)| single);
        let first = [sorted, added].into_iter().flatten().min().filter(|single| single.at < end)?;
        if sorted == Some(first) {
            self.next += 1;
        } else {
            self.added.pop();
        }
        Some(first)
    }

    /// Adds one.
    pub fn push(&mut self, single: Single) {
        self.added.push(Reverse(single));
    }

    /// Adds many, and leaves the list empty.
    fn append(&mut self, list: &mut Vec<Single>) {
        if list.is_empty() {
            return;
        }
        self.sorted.drain(..self.next);
        self.next = 0;
        self.sorted.append(list);
        self.sorted.sort_unstable();
    }

    /// How many wait.
    fn len(&self) -> usize {
        self.sorted.len() - self.next + self.added.len()
    }
}

/// One background and the events of its open epoch.
pub struct Prepaid {
    process: PoissonProcess,
    /// The members that live in this shard.
    owned: Range<u32>,
    places: Places,
    which: u32,
    weight: f64,
    /// Nothing comes at or after this tick.
    end: Tick,
    next_epoch: u64,
    /// When it begins; [`NEVER`] if there is none.
    next: Tick,
    /// When the open epoch began.
    start: Tick,
    /// The events, group by group (see [`PoissonProcess::draw_words`]); those that are not prepaid
    /// have their free bit set.
    words: Vec<u32>,
    /// Where the events of each group begin, and behind the last one their number.
    firsts: Vec<u32>,
}
saved!(Prepaid { next_epoch, next, start, words, firsts });

impl Prepaid {
    /// The background's processes; nothing has been drawn.
    pub fn new(
        process: PoissonProcess,
        owned: Range<u32>,
        places: Places,
        which: u32,
        weight: f64,
        end: Tick,
    ) -> Prepaid {
        let mut prepaid = Prepaid {
            process,
            owned,
            places,
            which,
            weight,
            end,
            next_epoch: 0,
            next: NEVER,
            start: Tick::ZERO,
            words: Vec::new(),
            firsts: Vec::new(),
        };
        prepaid.find_next();
        prepaid
    }

    /// Finds out when the next epoch begins.
    fn find_next(&mut self) {
        let epoch = self.process.next_active_epoch(self.next_epoch);
        let start = epoch.map(|epoch| self.process.earliest(epoch));
        let start = start.filter(|&start| start < self.end && !self.owned.is_empty());
        self.next = start.unwrap_or(NEVER);
    }

    /// Draws the events of the epoch that begins at `start`, and has each paid: calls `pay` with the time
    /// since the start, the neuron and the weight. Those that cannot be are added to `late`. How many
    /// there are.
    #[inline]
    fn open(
        &mut self,
        start: Tick,
        mut pay: impl FnMut(Span, u32, f64) -> bool,
        late: &mut Vec<Single>,
    ) -> u64 {
        let Prepaid { process, owned, places, which, weight, end, words, firsts, .. } = self;
        self.start = start;
        let epoch = start.0 / process.epoch().0;
        self.next_epoch = epoch + 1;
        words.clear();
        firsts.clear();
        let in_time = start + process.epoch() <= *end;
        let free_bit = process.free_bit();
        for group in process.groups(owned.start, owned.end) {
            let first = words.len();
            firsts.push(first as u32);
            process.draw_words(epoch, group, words);
            let members = process.members_of(group);
            let whole = members.start >= owned.start && members.end <= owned.end;
            if !(in_time && whole) {
                let mut kept = first;
                for place in first..words.len() {
                    let (offset, member) = process.read_word(group, words[place]);
                    if start + offset < *end && owned.contains(&member) {
                        words[kept] = words[place];
                        kept += 1;
                    }
                }
                words.truncate(kept);
            }
            let mut pay_word = |word: &mut u32, neuron: u32, offset: Span| {
                if !pay(offset, neuron, *weight) {
                    late.push(Single { at: start + offset, background: *which, neuron });
                    *word |= free_bit;
                }
            };
            if let Some(base) = places.base() {
                let base = base.wrapping_add(members.start);
                for word in &mut words[first..] {
                    let (offset, place) = process.read_word(0, *word);
                    pay_word(word, base.wrapping_add(place), offset);
                }
            } else {
                for word in &mut words[first..] {
                    let (offset, member) = process.read_word(group, *word);
                    pay_word(word, places.neuron(member), offset);
                }
            }
        }
        firsts.push(words.len() as u32);
        let count = words.len() as u64;
        self.find_next();
        count
    }

    /// The places of the prepaid events of a neuron at or after `from`.
    #[inline]
    fn ahead(&self, neuron: u32, from: Tick) -> impl Iterator<Item = usize> {
        let (places, member, first) = self.look_ahead(neuron, from).unwrap_or((0..0, 0, 0));
        let mask = self.process.member_mask() | self.process.free_bit();
        let is_his = move |word: u32| (word & mask == member) & (word >= first);
        // Mostly there is none, which a loop without branches tells soonest.
        let words = &self.words[places.clone()];
        let found: u32 = words.iter().map(|&word| u32::from(is_his(word))).sum();
        places.filter(move |&place| is_his(self.words[place])).take(found as usize)
    }

    /// The places of the events of a neuron's group, the neuron's place in it, and the lowest word of
    /// events at or after `from`; `None` if there can be none.
    #[inline]
    fn look_ahead(&self, neuron: u32, from: Tick) -> Option<(Range<usize>, u32, u32)> {
        if from >= self.start + self.process.epoch() || self.firsts.is_empty() {
            return None;
        }
        let since = Span(from.0.saturating_sub(self.start.0));
        let first = self.process.first_word_at(since)?;
        let member = self.places.member(neuron).filter(|member| self.owned.contains(member))?;
        let group = self.process.group_of(member) - self.process.group_of(self.owned.start);
        let [begin, end] = [group as usize, group as usize + 1].map(|g| self.firsts[g] as usize);
        Some((begin..end, member & self.process.member_mask(), first))
    }

    /// When the event at a place comes.
    #[inline]
    fn at(&self, place: usize) -> Tick {
        self.start + self.process.read_word(0, self.words[place]).0
    }

    /// The neurons of all prepaid events, with their places.
    fn neurons(&self) -> Vec<(usize, u32)> {
        let groups = self.process.groups(self.owned.start, self.owned.end);
        let ranges = self.firsts.windows(2).map(|pair| pair[0] as usize..pair[1] as usize);
        let events = groups.zip(ranges).flat_map(|(group, range)| range.map(move |p| (group, p)));
        let free_bit = self.process.free_bit();
        let prepaid = events.filter(|&(_, place)| self.words[place] & free_bit == 0);
        let tell = |(group, place): (u32, usize)| {
            let (_, member) = self.process.read_word(group, self.words[place]);
            (place, self.places.neuron(member))
        };
        prepaid.map(tell).collect()
    }
}

/// All external input of a shard.
pub struct Externals {
    prepaid: Vec<Prepaid>,
    /// When the last open epoch is over.
    open_until: Tick,
    /// When the next epoch begins; [`NEVER`] if there is none.
    next_epoch: Tick,
    /// Those whose events wait one by one.
    others: Vec<Background>,
    /// The weight of each background.
    weights: Vec<f64>,
    waiting: Waiting,
    /// What is about to wait.
    late: Vec<Single>,
    /// Inputs so far.
    count: u64,
}
saved!(Externals { open_until, next_epoch, waiting, count; each prepaid, others });

impl Externals {
    /// The input from these backgrounds, before tick `end`; a frame has this length. `weights` are those
    /// of all backgrounds.
    pub fn new(
        backgrounds: Vec<Background>,
        weights: Vec<f64>,
        length: Span,
        end: Tick,
    ) -> Externals {
        let (prepaid, others): (Vec<_>, Vec<_>) =
            backgrounds.into_iter().partition(|b| b.can_be_prepaid(length, LONGEST_EPOCH));
        let prepaid = prepaid.into_iter().map(|background| background.into_prepaid(end)).collect();
        let (waiting, late) = (Waiting::default(), Vec::new());
        let mut externals = Externals {
            prepaid,
            open_until: Tick::ZERO,
            next_epoch: NEVER,
            others,
            weights,
            waiting,
            late,
            count: 0,
        };
        externals.find_next_epoch();
        externals
    }

    fn find_next_epoch(&mut self) {
        self.next_epoch = self.prepaid.iter().map(|prepaid| prepaid.next).min().unwrap_or(NEVER);
    }

    /// Begins a slice: input that is not prepaid waits.
    pub fn begin(&mut self, end: Tick) {
        let Externals { others, late, waiting, count, .. } = self;
        for background in others {
            let which = background.which();
            *count += background.take(end, |neuron, at, _| {
                late.push(Single { at, background: which, neuron });
            });
        }
        waiting.append(late);
    }

    /// When the next epoch begins.
    #[inline]
    pub fn next_epoch(&self) -> Tick {
        self.next_epoch
    }

    /// The earliest tick at which something comes or is to be drawn; [`NEVER`] if nothing is.
    pub fn next(&self) -> Tick {
        let others = self.others.iter().filter_map(Background::next_event);
        others.min().unwrap_or(NEVER).min(self.next_epoch()).min(self.waiting.first())
    }

    /// Opens the epochs that begin at `start`. `pay` is called with each event's time since then,
    /// neuron and weight, and says whether it has been paid; else it waits.
    #[inline]
    pub fn open(&mut self, start: Tick, mut pay: impl FnMut(Span, u32, f64) -> bool) {
        let Externals { prepaid, open_until, late, waiting, count, .. } = self;
        for prepaid in prepaid.iter_mut().filter(|prepaid| prepaid.next == start) {
            *count += prepaid.open(start, &mut pay, late);
            *open_until = (*open_until).max(start + prepaid.process.epoch());
        }
        waiting.append(late);
        self.find_next_epoch();
    }

    /// What is prepaid for a neuron at or after `from` waits from now on; `take_off` is called with the
    /// tick and weight of each.
    #[inline]
    pub fn withdraw(&mut self, neuron: u32, from: Tick, take_off: impl FnMut(Tick, f64)) {
        if from < self.open_until {
            self.withdraw_open(neuron, from, take_off);
        }
    }

    fn withdraw_open(&mut self, neuron: u32, from: Tick, mut take_off: impl FnMut(Tick, f64)) {
        for number in 0..self.prepaid.len() {
            loop {
                let place = self.prepaid[number].ahead(neuron, from).next();
                let Some(place) = place else { break };
                let prepaid = &mut self.prepaid[number];
                let single = Single { at: prepaid.at(place), background: prepaid.which, neuron };
                prepaid.words[place] |= prepaid.process.free_bit();
                take_off(single.at, prepaid.weight);
                self.waiting.push(single);
            }
        }
    }

    /// Tick and weight of what is prepaid for a neuron at or after `from`.
    pub fn ahead(&self, neuron: u32, from: Tick) -> impl Iterator<Item = (Tick, f64)> {
        self.prepaid.iter().flat_map(move |prepaid| {
            let tell = |place| (prepaid.at(place), prepaid.weight);
            prepaid.ahead(neuron, from).map(tell)
        })
    }

    /// The tick of the first input that waits; [`NEVER`] without one.
    #[inline]
    pub fn first_waiting(&self) -> Tick {
        self.waiting.first()
    }

    /// Takes the first input that waits, if it comes before `end`: neuron, tick and weight.
    #[inline]
    pub fn pop_before(&mut self, end: Tick) -> Option<(u32, Tick, f64)> {
        let Single { at, background, neuron } = self.waiting.pop_before(end)?;
        Some((neuron, at, self.weights[background as usize]))
    }

    /// Ends the run, perhaps in the midst of an epoch: `take_off` is called with neuron, tick and weight
    /// of all that is prepaid at or after `end`.
    pub fn finish(&mut self, end: Tick, mut take_off: impl FnMut(u32, Tick, f64)) {
        self.count -= self.waiting.len() as u64;
        for prepaid in &mut self.prepaid {
            for (place, neuron) in prepaid.neurons() {
                let at = prepaid.at(place);
                if at >= end {
                    take_off(neuron, at, prepaid.weight);
                    prepaid.words[place] |= prepaid.process.free_bit();
                    self.count -= 1;
                }
            }
        }
    }

    /// Inputs so far.
    pub fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    #[test]
    fn what_waits_comes_once_and_in_order() {
        let mut random = Stream::new(4, Purpose::Initial, 0, 0);
        let mut single = |from: u64| Single {
            at: Tick(from + random.below(1000)),
            background: random.below(3) as u32,
            neuron: random.below(5) as u32,
        };
        let (mut waiting, mut all, mut seen) = (Waiting::default(), Vec::new(), Vec::new());
        for round in 0..20 {
            let now = round * 500;
            let mut many: Vec<Single> = (0..30).map(|_| single(now)).collect();
            all.extend_from_slice(&many);
            waiting.append(&mut many);
            for step in 0..10 {
                let one = single(now + step * 50);
                all.push(one);
                waiting.push(one);
                while let Some(next) = waiting.pop_before(Tick(now + step * 50)) {
                    assert!(next.at < Tick(now + step * 50));
                    seen.push(next);
                }
            }
        }
        assert_eq!(waiting.first(), all.iter().filter(|s| !seen.contains(s)).min().unwrap().at);
        while let Some(next) = waiting.pop_before(NEVER) {
            seen.push(next);
        }
        assert!(seen.is_sorted_by_key(|single| single.at) && waiting.len() == 0);
        all.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, all);
    }
}
