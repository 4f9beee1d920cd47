//! Independent Poisson processes for many neurons, at a cost that follows the number of events.
//!
//! Drawing one interval after the other costs a logarithm an event and a queue entry a neuron.
//! Instead, time is cut into epochs and the neurons into groups, such that a group has some
//! twenty events an epoch. The number of events of a (group, epoch) is Poisson distributed; given
//! the number, each event falls on a uniformly drawn neuron and, by the rate's integral, on an
//! independent time. That is exactly the superposition of independent Poisson processes
//! (Kingman 1993, Poisson Processes, sections 2.2 and 2.4).
//!
//! Epochs and groups depend only on the process itself (its highest rate, its neurons, the
//! resolution), never on windows, shards or the rest of the network.

use crate::base::random::{Purpose, Stream};
use crate::base::{Resolution, Span, Tick};
use crate::scenario::Steps;

/// The shortest epoch, in ticks: about a millisecond.
const SHORTEST_EPOCH: u64 = 1 << 20;
/// The longest epoch, in ticks: about a second.
const LONGEST_EPOCH: u64 = 1 << 30;
/// Events that a group should have in an epoch.
const EVENTS_PER_GROUP: f64 = 24.0;

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
    group: u32,
}

/// A stretch of an epoch with one rate: grid steps `from..to`, and the mean number of events of
/// one neuron up to its end.
struct Piece {
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
        let per_tick = highest * 1e-9;
        let whole = per_tick * f64::from(neurons);
        let mut epoch = SHORTEST_EPOCH;
        while epoch < LONGEST_EPOCH && whole * (epoch as f64) < EVENTS_PER_GROUP / 2.0 {
            epoch *= 2;
        }
        let mut group = 1u32;
        while group < neurons
            && group < 1 << 30
            && per_tick * epoch as f64 * f64::from(group) < EVENTS_PER_GROUP / 2.0
        {
            group *= 2;
        }
        let epoch = grid.round_up(Tick(epoch)).since(Tick::ZERO);
        PoissonProcess { seed, purpose, which, neurons, rate_hz, grid, epoch, group }
    }

    /// The number of neurons.
    pub fn neurons(&self) -> u32 {
        self.neurons
    }

    /// The length of an epoch.
    pub fn epoch(&self) -> Span {
        self.epoch
    }

    /// The first epoch, at or after number `from`, in which the rate is not zero all along.
    pub fn next_active_epoch(&self, from: u64) -> Option<u64> {
        let start = Tick(from.checked_mul(self.epoch.0)?);
        let steps = &self.rate_hz.steps;
        let current = steps.partition_point(|&(at, _)| at <= start);
        if current > 0 && steps[current - 1].1 > 0.0 {
            return Some(from);
        }
        let (at, _) = steps[current..].iter().find(|&&(_, rate)| rate > 0.0)?;
        Some((at.0 / self.epoch.0).max(from))
    }

    /// Generates the events of one epoch on the neurons `first..last`: calls `event` with tick
    /// and neuron, in no particular order of time. The sequence of calls for one neuron is
    /// always the same.
    pub fn generate(&self, epoch: u64, first: u32, last: u32, mut event: impl FnMut(Tick, u32)) {
        if first >= last {
            return;
        }
        let start = epoch * self.epoch.0;
        let pieces = self.pieces(start);
        let Some(mean) = pieces.last().map(|piece| piece.mean_up_to).filter(|&mean| mean > 0.0)
        else {
            return;
        };
        for group in first / self.group..=(last - 1) / self.group {
            let base = group * self.group;
            let size = self.group.min(self.neurons - base);
            let which = (self.which << 32) | u64::from(group);
            let mut random = Stream::new(self.seed, self.purpose, which, epoch);
            for _ in 0..random.poisson(mean * f64::from(size)) {
                let neuron = if size > 1 { random.below(u64::from(size)) as u32 } else { 0 } + base;
                let step = step_of(&pieces, mean, &mut random);
                if (first..last).contains(&neuron) {
                    event(Tick(start + step * self.grid.span().0), neuron);
                }
            }
        }
    }

    /// The stretches of the epoch that starts at tick `start` during which the rate is positive.
    fn pieces(&self, start: u64) -> Vec<Piece> {
        let grid = self.grid.span().0;
        let end = start + self.epoch.0;
        let mut pieces = Vec::new();
        let mut mean = 0.0;
        for (index, &(at, rate)) in self.rate_hz.steps.iter().enumerate() {
            let next = self.rate_hz.steps.get(index + 1).map_or(end, |&(next, _)| next.0);
            let (from, to) = (at.0.max(start), next.min(end));
            if from < to && rate > 0.0 {
                mean += rate * (to - from) as f64 * 1e-9;
                let piece = Piece {
                    from: (from - start) / grid,
                    to: (to - start) / grid,
                    mean_up_to: mean,
                };
                pieces.push(piece);
            }
        }
        pieces
    }
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
    fn any_part_of_the_neurons_sees_the_same_trains() {
        for (neurons, rate) in [(7, 20_000.0), (1000, 50.0), (100_000, 1.0)] {
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
            .map(|(k, x)| (1.0 - (-x).exp() - (k as f64 + 0.5) / m).abs())
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
