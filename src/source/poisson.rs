//! Independent Poisson processes for many neurons, at a cost that follows the number of events.
//!
//! Drawing one interval after the other costs a logarithm an event and a queue entry a neuron.
//! Instead, time is cut into epochs of 2^k grid steps and the neurons into groups of 2^g, such
//! that a group has some dozens of events an epoch. The number of events of a (group, epoch) is
//! Poisson distributed; given the number, each event falls on a uniformly drawn neuron and, by the
//! rate's integral, on an independent time. That is exactly the superposition of independent
//! Poisson processes (Kingman 1993, Poisson Processes, sections 2.2 and 2.4). With powers of two a
//! place in a (group, epoch) is a few bits of a random number, without a bias or a division; what
//! falls behind the last neuron of the last group is dropped, which leaves the others as they are.
//!
//! Epochs and groups depend only on the process itself (its highest rate, its neurons, the
//! resolution), never on windows, shards or the rest of the network.

use super::counts::PoissonCounts;
use super::process::Process;
use crate::base::random::{Purpose, Stream};
use crate::base::{Resolution, Span, Tick};
use crate::scenario::Steps;
use std::ops::Range;

/// Epochs start out about so long, in ticks: a millisecond.
const USUAL_EPOCH: u64 = 1 << 20;
/// The shortest epoch, in ticks: about a microsecond.
const SHORTEST_EPOCH: u64 = 1 << 10;
/// The longest epoch, in ticks: about a second.
const LONGEST_EPOCH: u64 = 1 << 30;
/// Groups start out with so many neurons, so that few of them straddle two shards.
const USUAL_GROUP_BITS: u32 = 8;
/// The fewest events that a group should have in an epoch, and the most.
const FEWEST_EVENTS: f64 = 12.0;
const MOST_EVENTS: f64 = 128.0;

/// Independent Poisson processes of one rate for neurons 0..n.
#[derive(Clone, Debug)]
pub struct PoissonProcess {
    seed: u64,
    purpose: Purpose,
    which: u64,
    neurons: u32,
    rate_hz: Steps,
    grid: Resolution,
    epoch: Span,
    step_bits: u32,
    group_bits: u32,
    /// For each step of the rate how many events a full group has in an epoch of that rate.
    counts: Vec<PoissonCounts>,
    /// The pieces of all epochs in which the rate changes, in order: hardly more than the rate has steps.
    pieces: Vec<Piece>,
}

/// A stretch of an epoch with one positive rate: grid steps `from..to`, and the mean number of events of
/// one neuron up to its end.
#[derive(Clone, Debug)]
struct Piece {
    epoch: u64,
    from: u64,
    to: u64,
    mean_up_to: f64,
}

impl PoissonProcess {
    /// The processes of `neurons` neurons with the given rate; (`purpose`, `which`) names their
    /// random numbers.
    pub fn new(
        seed: u64,
        purpose: Purpose,
        which: u64,
        neurons: u32,
        rate_hz: Steps,
        grid: Resolution,
    ) -> PoissonProcess {
        let highest = rate_hz.steps.iter().map(|&(_, rate)| rate).fold(0.0, f64::max);
        let (step_bits, group_bits) = cut(highest, neurons, grid);
        let epoch = Span(grid.span().0 << step_bits);
        let full_group = epoch.s() * (1u64 << group_bits) as f64;
        let counts = rate_hz.steps.iter().map(|&(_, rate)| PoissonCounts::new(rate * full_group));
        PoissonProcess {
            counts: counts.collect(),
            pieces: pieces(&rate_hz, epoch, grid),
            seed,
            purpose,
            which,
            neurons,
            rate_hz,
            grid,
            epoch,
            step_bits,
            group_bits,
        }
    }

    /// The length of an epoch.
    pub fn epoch(&self) -> Span {
        self.epoch
    }

    /// The groups to which the members `first..last` belong.
    pub fn groups(&self, first: u32, last: u32) -> Range<u32> {
        let last = last.min(self.neurons);
        if first >= last {
            return 0..0;
        }
        self.group_of(first)..self.group_of(last - 1) + 1
    }

    /// The members of a group, some of which need not exist.
    pub fn members_of(&self, group: u32) -> Range<u32> {
        let first = group << self.group_bits;
        first..first + (1 << self.group_bits)
    }

    /// The group of a member.
    #[inline]
    pub fn group_of(&self, member: u32) -> u32 {
        member >> self.group_bits
    }

    /// Whether an event of a group in an epoch fits into 31 bits, as [`Self::draw_words`] needs.
    pub fn fits_in_words(&self) -> bool {
        self.group_bits + self.step_bits < u32::BITS
    }

    /// The events of a group in an epoch, for all of its members: the step in the high bits of a word,
    /// the place in the group in the low ones, and nothing that means anything between them, where
    /// [`Self::free_bit`] is not set.
    pub fn draw_words(&self, epoch: u64, group: u32, words: &mut Vec<u32>) {
        let start = epoch * self.epoch.0;
        let Some(step) = self.only_step(start) else {
            let grid = self.grid.span().0;
            let base = group << self.group_bits;
            self.generate_group(epoch, group, 0, self.neurons, |tick, member| {
                let step = ((tick.0 - start) / grid) << (u32::BITS - self.step_bits);
                words.push(step as u32 | (member - base));
            });
            return;
        };
        let mut random = self.random(epoch, group);
        let count = self.counts[step].draw(&mut random) as usize;
        let first = words.len();
        words.resize(first + count, 0);
        let kept = !self.free_bit();
        let (pairs, rest) = words[first..].as_chunks_mut::<2>();
        for pair in pairs {
            let bits = random.bits();
            *pair = [bits as u32 & kept, (bits >> 32) as u32 & kept];
        }
        if let [last] = rest {
            *last = random.bits() as u32 & kept;
        }
    }

    /// Tick after the start of the epoch, and member, of a word of a group.
    #[inline(always)]
    pub fn read_word(&self, group: u32, word: u32) -> (Span, u32) {
        let step = (u64::from(word) << self.step_bits) >> u32::BITS;
        let member = word & self.member_mask();
        (Span(step * self.grid.span().0), (group << self.group_bits) + member)
    }

    /// The lowest word of an event that comes so long after the start of its epoch, or later; `None`
    /// if the epoch is over by then.
    #[inline]
    pub fn first_word_at(&self, offset: Span) -> Option<u32> {
        let step = offset.0.div_ceil(self.grid.span().0);
        (step < 1 << self.step_bits).then(|| ((step << u32::BITS) >> self.step_bits) as u32)
    }

    /// The bits of a word that name the place in the group.
    #[inline]
    pub fn member_mask(&self) -> u32 {
        (1 << self.group_bits) - 1
    }

    /// A bit of a word that is not set when the word is drawn, and means nothing.
    #[inline]
    pub fn free_bit(&self) -> u32 {
        1 << self.group_bits
    }

    /// The random numbers of a group in an epoch.
    #[inline]
    fn random(&self, epoch: u64, group: u32) -> Stream {
        Stream::new(self.seed, self.purpose, (self.which << 32) | u64::from(group), epoch)
    }

    /// Calls `event` with tick and member for the events of an epoch on those members of a group that
    /// lie in `first..last`, in no particular order of time.
    #[inline]
    pub fn generate_group(
        &self,
        epoch: u64,
        group: u32,
        first: u32,
        last: u32,
        mut event: impl FnMut(Tick, u32),
    ) {
        let start = epoch * self.epoch.0;
        let last = last.min(self.neurons);
        let random = self.random(epoch, group);
        let base = group << self.group_bits;
        let mut place = |step: u64, member: u32| {
            event(Tick(start + step * self.grid.span().0), base + member);
        };
        // Most groups lie in one shard as a whole, so that nobody has to be asked.
        let end = u64::from(base) + (1 << self.group_bits);
        let whole = base >= first && end <= u64::from(last);
        let mut place_own = |step: u64, member: u32| {
            if (first..last).contains(&(base + member)) {
                place(step, member);
            }
        };
        match self.only_step(start) {
            Some(step) if whole => self.generate_even(step, random, place),
            Some(step) => self.generate_even(step, random, place_own),
            None => self.generate_uneven(epoch, random, &mut place_own),
        }
    }

    /// The step of the rate that holds during the whole epoch that starts at `start`.
    fn only_step(&self, start: u64) -> Option<usize> {
        let steps = &self.rate_hz.steps;
        let begun = steps.partition_point(|&(at, _)| at.0 <= start);
        let next = steps.get(begun).map_or(u64::MAX, |&(at, _)| at.0);
        (begun > 0 && next >= start + self.epoch.0).then(|| begun - 1)
    }

    /// The events of a group in an epoch of one rate: calls `place` with grid step and member.
    #[inline]
    fn generate_even(&self, step: usize, mut random: Stream, mut place: impl FnMut(u64, u32)) {
        let count = self.counts[step].draw(&mut random);
        let members = (1u32 << self.group_bits) - 1;
        if self.group_bits + self.step_bits <= 32 {
            // Half of the bits of a draw are enough.
            let step_bits = self.step_bits;
            let mut half = |half: u32| place((u64::from(half) << step_bits) >> 32, half & members);
            for _ in 0..count / 2 {
                let bits = random.bits();
                half(bits as u32);
                half((bits >> 32) as u32);
            }
            if count % 2 == 1 {
                half(random.bits() as u32);
            }
        } else {
            for _ in 0..count {
                let bits = random.bits();
                let step = (u128::from(bits) << self.step_bits) >> 64;
                place(step as u64, bits as u32 & members);
            }
        }
    }

    /// The same for an epoch in which the rate changes.
    fn generate_uneven(&self, epoch: u64, mut random: Stream, mut place: impl FnMut(u64, u32)) {
        let first = self.pieces.partition_point(|piece| piece.epoch < epoch);
        let count = self.pieces[first..].partition_point(|piece| piece.epoch == epoch);
        let pieces = &self.pieces[first..first + count];
        let Some(mean) = pieces.last().map(|piece| piece.mean_up_to) else { return };
        let size = 1u64 << self.group_bits;
        for _ in 0..random.poisson(mean * size as f64) {
            let member = random.below(size) as u32;
            place(step_of(pieces, mean, &mut random), member);
        }
    }
}

impl Process for PoissonProcess {
    fn members(&self) -> u32 {
        self.neurons
    }

    fn earliest(&self, epoch: u64) -> Tick {
        Tick(epoch * self.epoch.0)
    }

    fn next_active_epoch(&self, from: u64) -> Option<u64> {
        let start = Tick(from.checked_mul(self.epoch.0)?);
        let steps = &self.rate_hz.steps;
        let current = steps.partition_point(|&(at, _)| at <= start);
        if current > 0 && steps[current - 1].1 > 0.0 {
            return Some(from);
        }
        let (at, _) = steps[current..].iter().find(|&&(_, rate)| rate > 0.0)?;
        Some((at.0 / self.epoch.0).max(from))
    }

    fn end(&self, epoch: u64) -> Option<Tick> {
        Some(Tick((epoch + 1) * self.epoch.0))
    }

    #[inline]
    fn generate(&self, epoch: u64, first: u32, last: u32, mut event: impl FnMut(Tick, u32)) {
        for group in self.groups(first, last) {
            self.generate_group(epoch, group, first, last, &mut event);
        }
    }
}

/// How many steps of the grid make an epoch and how many neurons a group, as powers of two.
fn cut(highest_hz: f64, neurons: u32, grid: Resolution) -> (u32, u32) {
    let grid = grid.span().0;
    let mut steps = 0;
    while grid << (steps + 1) <= USUAL_EPOCH {
        steps += 1;
    }
    let enough = u32::BITS - neurons.saturating_sub(1).leading_zeros();
    let mut group = USUAL_GROUP_BITS.min(enough);
    let events = |steps: u32, group: u32| {
        let members = f64::from(neurons).min((1u64 << group) as f64);
        highest_hz * Span(grid << steps).s() * members
    };
    while events(steps, group) > MOST_EVENTS && steps > 0 && grid << steps > SHORTEST_EPOCH {
        steps -= 1;
    }
    while events(steps, group) > MOST_EVENTS && group > 0 {
        group -= 1;
    }
    while events(steps, group) < FEWEST_EVENTS && group < enough.min(30) {
        group += 1;
    }
    while events(steps, group) < FEWEST_EVENTS && grid << steps < LONGEST_EPOCH {
        steps += 1;
    }
    (steps, group)
}

/// The pieces of all epochs in which a rate changes.
fn pieces(rate_hz: &Steps, epoch: Span, grid: Resolution) -> Vec<Piece> {
    let grid = grid.span().0;
    let steps = &rate_hz.steps;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut done = 0;
    for (at, _) in steps {
        // What begins with an epoch does not change within it.
        let number = at.0 / epoch.0;
        if at.0.is_multiple_of(epoch.0) || number < done {
            continue;
        }
        done = number + 1;
        let (start, end) = (number * epoch.0, (number * epoch.0).saturating_add(epoch.0));
        let mut mean = 0.0;
        let begun = steps.partition_point(|&(at, _)| at.0 <= start).saturating_sub(1);
        for (index, &(at, rate)) in steps.iter().enumerate().skip(begun) {
            let next = steps.get(index + 1).map_or(end, |&(next, _)| next.0);
            let (from, to) = (at.0.max(start), next.min(end));
            if from >= end {
                break;
            }
            if from < to && rate > 0.0 {
                mean += rate * (to - from) as f64 * 1e-9;
                pieces.push(Piece {
                    epoch: number,
                    from: (from - start) / grid,
                    to: (to - start) / grid,
                    mean_up_to: mean,
                });
            }
        }
    }
    pieces
}

/// Draws the grid step of one event: a piece by its share of the mean, then a step in it.
#[inline]
fn step_of(pieces: &[Piece], mean: f64, random: &mut Stream) -> u64 {
    let piece = if let [only] = pieces {
        only
    } else {
        let u = random.uniform() * mean;
        pieces.iter().find(|piece| u < piece.mean_up_to).unwrap_or(&pieces[pieces.len() - 1])
    };
    piece.from + random.below(piece.to - piece.from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::exp;

    fn process(neurons: u32, rate: Steps, grid: u64) -> PoissonProcess {
        let grid = Resolution::new(Span(grid)).unwrap();
        PoissonProcess::new(11, Purpose::Background, 0, neurons, rate, grid)
    }

    fn events(p: &PoissonProcess, until: Tick, first: u32, last: u32) -> Vec<(Tick, u32)> {
        let mut all = Vec::new();
        let mut epoch = 0;
        while let Some(next) = p.next_active_epoch(epoch) {
            if next * p.epoch().0 >= until.0 {
                break;
            }
            p.generate(next, first, last, |tick, neuron| all.push((tick, neuron)));
            epoch = next + 1;
        }
        all.retain(|&(tick, _)| tick < until);
        all
    }

    #[test]
    fn words_are_the_events_of_their_group() {
        let ms = |t: u64| Tick(t * 1_000_000);
        let steps = Steps { steps: vec![(Tick::ZERO, 900.0), (ms(3), 0.0), (ms(5), 7_000.0)] };
        for rate in [Steps::constant(20_000.0), Steps::constant(300.0), steps] {
            for grid in [1, 100_000] {
                let p = process(700, rate.clone(), grid);
                assert!(p.fits_in_words());
                let mut seen = 0;
                for epoch in 0..8_000_000 / p.epoch().0 {
                    for group in p.groups(0, 700) {
                        let mut expected = Vec::new();
                        p.generate_group(epoch, group, 0, 800, |at, n| expected.push((at, n)));
                        let mut words = Vec::new();
                        p.draw_words(epoch, group, &mut words);
                        let start = Tick(epoch * p.epoch().0);
                        let read = words.iter().map(|&word| {
                            assert_eq!(word & p.free_bit(), 0);
                            let (offset, member) = p.read_word(group, word);
                            assert!(p.first_word_at(offset).unwrap() <= word);
                            let later = p.first_word_at(Span(offset.0 + 1));
                            assert!(later.is_none_or(|first| word < first || grid > 1));
                            (start + offset, member)
                        });
                        let read: Vec<_> = read.filter(|&(_, member)| member < 700).collect();
                        assert_eq!(read, expected);
                        seen += read.len();
                    }
                }
                assert!(seen > 500, "{seen} events");
            }
        }
    }

    #[test]
    fn any_part_of_the_neurons_sees_the_same_trains() {
        for (neurons, rate) in [(7, 20_000.0), (1000, 50.0), (100_000, 1.0), (777, 3e6)] {
            let p = process(neurons, Steps::constant(rate), 1);
            let mut whole = events(&p, Tick(20_000_000), 0, neurons);
            let cut = neurons / 3;
            let mut parts = events(&p, Tick(20_000_000), 0, cut);
            parts.extend(events(&p, Tick(20_000_000), cut, neurons));
            whole.sort_unstable();
            parts.sort_unstable();
            assert!(!whole.is_empty());
            assert_eq!(whole, parts);
        }
    }

    /// Neurons and times of an even epoch are uniform: means and correlation.
    #[test]
    fn every_neuron_and_every_moment_gets_its_share() {
        for (neurons, rate) in [(300, 2e4), (3000, 30.0)] {
            let p = process(neurons, Steps::constant(rate), 1);
            let until = Tick((3e5 / (rate * f64::from(neurons)) * 1e9) as u64);
            let all = events(&p, until, 0, neurons);
            let n = all.len() as f64;
            assert!((n - 3e5).abs() < 5.0 * n.sqrt(), "{n}");
            let mut shares = [[0.0; 10]; 2];
            for &(tick, neuron) in &all {
                shares[0][(u64::from(neuron) * 10 / u64::from(neurons)) as usize] += 1.0;
                shares[1][(u128::from(tick.0) * 10 / u128::from(until.0)) as usize] += 1.0;
            }
            for share in shares.as_flattened() {
                assert!((share - n / 10.0).abs() < 5.0 * (n / 10.0).sqrt(), "{share} of {n}");
            }
        }
    }

    #[test]
    fn counts_and_intervals_are_poisson() {
        let p = process(50, Steps::constant(2_000.0), 1);
        let mut all = events(&p, Tick(2_000_000_000), 0, 50);
        let expected = 50.0 * 2_000.0 * 2.0;
        let n = all.len() as f64;
        assert!((n - expected).abs() < 5.0 * expected.sqrt(), "{n}");
        // Intervals of one neuron against the exponential law (Kolmogorov-Smirnov).
        all.sort_unstable_by_key(|&(tick, neuron)| (neuron, tick));
        let mut intervals: Vec<f64> = all
            .windows(2)
            .filter(|pair| pair[0].1 == pair[1].1)
            .map(|pair| (pair[1].0.0 - pair[0].0.0) as f64 * 1e-9 * 2_000.0)
            .collect();
        intervals.sort_unstable_by(f64::total_cmp);
        let m = intervals.len() as f64;
        let distance = intervals
            .iter()
            .enumerate()
            .map(|(k, x)| (1.0 - exp(-x) - (k as f64 + 0.5) / m).abs())
            .fold(0.0, f64::max);
        assert!(distance < 2.0 / m.sqrt(), "{distance}");
    }

    #[test]
    fn rates_follow_their_steps() {
        let ms = |t: u64| Tick(t * 1_000_000);
        let steps = Steps { steps: vec![(ms(10), 1000.0), (ms(20), 0.0), (ms(500), 4000.0)] };
        let p = process(100, steps, 100_000);
        let all = events(&p, ms(510), 0, 100);
        let between = |a, b| all.iter().filter(|(t, _)| (ms(a)..ms(b)).contains(t)).count() as f64;
        assert_eq!(between(0, 10), 0.0);
        assert_eq!(between(20, 500), 0.0);
        assert!((between(10, 20) - 1000.0).abs() < 160.0);
        assert!((between(500, 510) - 4000.0).abs() < 320.0);
        assert!(all.iter().all(|(tick, _)| tick.0 % 100_000 == 0));
    }
}
