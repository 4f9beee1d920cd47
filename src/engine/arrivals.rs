//! Everything that arrives in one window at one shard, gathered by target.
//!
//! Arrivals are appended in via order (external input first, then synapses by source), counted
//! by target, and dealt into one array with a stable counting sort. A neuron's inputs then lie
//! side by side, still in via order; a stable sort by time within the few of one neuron gives
//! the order of the contract.

use crate::base::Tick;
use crate::neuron::cell::{Input, InputKind};
use std::ops::Range;

/// The channel of what a synapse will transmit once its target is asked (see [`super::learning`]); the
/// weight stands for the question.
pub const QUESTION: u8 = u8::MAX;

/// When in its window, in the high bits, and on which channel something arrives. Windows take less
/// than 2^24 ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Mark(u32);

impl Mark {
    #[inline]
    fn new(offset: u32, channel: u8) -> Mark {
        debug_assert!(offset >> 24 == 0);
        Mark(offset << 8 | u32::from(channel))
    }

    #[inline]
    fn offset(self) -> u32 {
        self.0 >> 8
    }

    #[inline]
    fn kind(self, weight: f64) -> InputKind {
        match self.0 as u8 {
            0 => InputKind::Spike(weight),
            channel => InputKind::On(channel, weight),
        }
    }
}

/// One arrival, with a weight.
#[derive(Clone, Copy, Debug, Default)]
struct Arrival {
    target: u32,
    mark: Mark,
    weight: f64,
}

/// An arrival whose target is known from its place.
#[derive(Clone, Copy, Debug, Default)]
struct Placed {
    mark: Mark,
    /// Its place in the order of via, if that is asked for.
    number: u32,
    weight: f64,
}

/// The arrivals of one window.
#[derive(Debug, Default)]
pub struct Arrivals {
    start: Tick,
    log: Vec<Arrival>,
    placed: Vec<Placed>,
    /// For each neuron first the number of its arrivals, then the end of its stretch of `placed`.
    ends: Vec<u32>,
    /// One bit a neuron: it is concerned in this window.
    concerned: Vec<u64>,
    /// What schedules set, sorted.
    drives: Vec<(u32, Tick, InputKind)>,
    scratch: Vec<Input>,
}

impl Arrivals {
    /// Room for this many neurons.
    pub fn new(neurons: usize) -> Arrivals {
        Arrivals {
            ends: vec![0; neurons],
            concerned: vec![0; neurons.div_ceil(64)],
            ..Arrivals::default()
        }
    }

    /// Opens a window. The previous one must have been drained by [`Arrivals::finish`].
    pub fn open(&mut self, start: Tick) {
        debug_assert!(self.log.is_empty());
        self.start = start;
    }

    /// Adds an input of this weight.
    #[inline]
    pub fn push(&mut self, target: u32, at: Tick, weight: f64) {
        self.push_on(target, at, weight, 0);
    }

    /// Adds an input on a channel of the target.
    #[inline]
    pub fn push_on(&mut self, target: u32, at: Tick, weight: f64, channel: u8) {
        debug_assert!(at >= self.start);
        let mark = Mark::new((at.0 - self.start.0) as u32, channel);
        self.ends[target as usize] += 1;
        self.log.push(Arrival { target, mark, weight });
        self.concern(target);
    }

    /// Adds a change of a neuron's constant current.
    pub fn push_drive(&mut self, target: u32, at: Tick, current: f64) {
        self.set(target, at, InputKind::Drive(current));
    }

    /// Adds something that a schedule sets.
    pub fn set(&mut self, target: u32, at: Tick, kind: InputKind) {
        self.drives.push((target, at, kind));
        self.concern(target);
    }

    /// Marks a neuron that must be looked at although nothing arrives.
    #[inline]
    pub fn concern(&mut self, neuron: u32) {
        self.concerned[neuron as usize / 64] |= 1 << (neuron % 64);
    }

    /// Deals the arrivals out to their targets.
    pub fn deal(&mut self) {
        self.drives.sort_by_key(|&(neuron, tick, _)| (neuron, tick));
        self.placed.resize(self.log.len(), Placed::default());
        let mut start = 0;
        for (word, &bits) in self.concerned.iter().enumerate() {
            for neuron in ones(word, bits) {
                let count = std::mem::replace(&mut self.ends[neuron as usize], start);
                start += count;
            }
        }
        for arrival in &self.log {
            let end = &mut self.ends[arrival.target as usize];
            self.placed[*end as usize] =
                Placed { mark: arrival.mark, number: 0, weight: arrival.weight };
            *end += 1;
        }
        self.log.clear();
    }

    /// The concerned neurons of `range` among the sixty-four from `64 * word` on, one bit each.
    pub fn concerned_in(&self, word: usize, range: &Range<u32>) -> u64 {
        let first = word as u32 * 64;
        let from = range.start.saturating_sub(first).min(64);
        let to = range.end.saturating_sub(first).min(64);
        let below = |bit: u32| if bit == 64 { u64::MAX } else { (1 << bit) - 1 };
        self.concerned[word] & below(to) & !below(from)
    }

    /// The sorted inputs of a concerned neuron. Neurons must be asked for in rising order, each
    /// once, after [`Arrivals::deal`]; `cursor` starts at zero and is carried along.
    pub fn take(&mut self, neuron: u32, cursor: &mut u32) -> &[Input] {
        let end = std::mem::take(&mut self.ends[neuron as usize]);
        self.gather(neuron, *cursor, end);
        *cursor = end;
        &self.scratch
    }

    /// Sorts the inputs of one neuron into `scratch`.
    fn gather(&mut self, neuron: u32, first: u32, end: u32) {
        let placed = &mut self.placed[first as usize..end as usize];
        sort_by_offset(placed);
        self.scratch.clear();
        let start = self.start;
        self.scratch.extend(placed.iter().map(|arrival| Input {
            at: Tick(start.0 + u64::from(arrival.mark.offset())),
            kind: arrival.mark.kind(arrival.weight),
        }));
        if !self.drives.is_empty() {
            self.merge_drives(neuron);
        }
    }

    /// Puts what schedules set before all other inputs of their tick.
    fn merge_drives(&mut self, neuron: u32) {
        let first = self.drives.partition_point(|&(other, ..)| other < neuron);
        let mine = self.drives[first..].iter().take_while(|&&(other, ..)| other == neuron);
        for &(_, at, kind) in mine {
            let place = self.scratch.partition_point(|input| input.at < at);
            self.scratch.insert(place, Input { at, kind });
        }
    }

    /// Closes the window.
    pub fn finish(&mut self) {
        self.concerned.fill(0);
        self.drives.clear();
    }
}

/// The neurons whose bits are set in a word.
pub fn ones(word: usize, mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(word as u32 * 64 + bit)
    })
}

/// Stable sort. Most neurons get a handful of inputs a window, and those of one source are in
/// order already, so insertion is the common case. Where there are more they are numbered and sorted
/// in place, because std's stable sort would ask for memory.
fn sort_by_offset(placed: &mut [Placed]) {
    if placed.len() > 24 {
        for (number, arrival) in (0..).zip(placed.iter_mut()) {
            arrival.number = number;
        }
        placed.sort_unstable_by_key(|arrival| (arrival.mark.offset(), arrival.number));
        return;
    }
    for index in 1..placed.len() {
        let arrival = placed[index];
        let mut hole = index;
        while hole > 0 && placed[hole - 1].mark.offset() > arrival.mark.offset() {
            placed[hole] = placed[hole - 1];
            hole -= 1;
        }
        placed[hole] = arrival;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_come_by_neuron_then_time_then_via() {
        let mut arrivals = Arrivals::new(200);
        for round in 0..2 {
            let start = Tick(1000 * round);
            arrivals.open(start);
            arrivals.push(130, Tick(start.0 + 5), 1.0);
            arrivals.push(3, Tick(start.0 + 9), 2.0);
            arrivals.push(130, Tick(start.0 + 2), 3.0);
            arrivals.push(130, Tick(start.0 + 5), 4.0);
            arrivals.push_drive(130, Tick(start.0 + 5), 7.0);
            arrivals.concern(64);
            arrivals.deal();
            let mut seen = Vec::new();
            let mut cursor = 0;
            for range in [0..100, 100..200] {
                for word in 0..4 {
                    for neuron in ones(word, arrivals.concerned_in(word, &range)) {
                        let inputs = arrivals.take(neuron, &mut cursor);
                        let inputs: Vec<_> =
                            inputs.iter().map(|i| (i.at.0 - start.0, i.kind)).collect();
                        seen.push((neuron, inputs));
                    }
                }
            }
            arrivals.finish();
            let spike = InputKind::Spike;
            let expected = vec![
                (3, vec![(9, spike(2.0))]),
                (64, vec![]),
                (
                    130,
                    vec![
                        (2, spike(3.0)),
                        (5, InputKind::Drive(7.0)),
                        (5, spike(1.0)),
                        (5, spike(4.0)),
                    ],
                ),
            ];
            assert_eq!(seen, expected);
        }
    }
}
