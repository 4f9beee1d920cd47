//! Synapses that are removed at given times: the weakest of a projection, wherever they live.
//!
//! Which are the weakest is a question to all shards at once. Each counts what it holds, all counts
//! are added up, and everybody reads the same sums: how many weights have each upper and, within the
//! half that matters, each lower half of the bits; of those exactly at the line how many each source
//! has; and at the last source how many each shard has. Counts do not depend on who counts first, and
//! the line that they draw does not depend on shards or threads.
//!
//! When this happens the slice that holds the time has been delivered up to it, in every shard, and
//! no further (see [`super::run`]): so a weight is weighed exactly as it is at that time.
//!
//! A rule that prunes by itself decides synapse by synapse, whenever that is worked out; but where it
//! has the leaks of the targets make up for what it does (`diagonal = "row_sum"`), these change at a time of
//! their own, by what has become of all inputs. So that is such a time, too: all synapses of the
//! projection are settled until then, whereby those decide that have not been asked yet, and what
//! has been summed up meanwhile ([`super::leaks`]) is handed to the targets. No count is needed for it,
//! because all inputs of a target live in its shard.

use super::barrier::{Barrier, Poisoned};
use super::shard::{Remains, Shard};
use crate::base::{Span, Tick};
use crate::network::Network;
use crate::plasticity::leak_changes;
use crate::record::{Cause, Pruning, Removal, Removals};
use crate::scenario::{Projection, Scenario, Weakest};
use crate::synapse::Rows;
use std::sync::Mutex;

/// Something happens to a projection in all shards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// When, at the targets.
    pub at: Tick,
    /// The number of the plastic projection.
    pub number: usize,
    /// What.
    pub what: What,
}

/// What happens to a projection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// These synapses are removed.
    Remove(Weakest),
    /// What its rule has decided at this time, at the synapses, is made up for in the leaks of the
    /// targets.
    ChangeLeaks(Tick),
}

/// All decisions of a run in their order: by time, at one time as the scenario lists them, what
/// rules have decided first. `longest` are the longest delays of the plastic projections.
pub fn decisions(scenario: &Scenario, network: &Network, longest: &[Span]) -> Vec<Decision> {
    let mut all = Vec::new();
    for (number, projection) in network.plastic.iter().enumerate() {
        let Projection { plasticity, pruning, .. } = &scenario.projections[projection.index];
        let end = Tick(scenario.duration.0);
        let path = plasticity.dendritic.path(longest[number]);
        let dendritic = path.map_or(Span::ZERO, |path| path.dendritic);
        for decided in leak_changes(plasticity.rule, &plasticity.values, end) {
            // Spikes take effect at steps of the grid.
            let step = scenario.resolution.span().0;
            let at = Tick((decided + dendritic).0.next_multiple_of(step));
            all.push(Decision { at, number, what: What::ChangeLeaks(decided) });
        }
        for pruning in pruning {
            let what = What::Remove(pruning.which);
            all.extend(pruning.at.iter().map(|&at| Decision { at, number, what }));
        }
    }
    all.retain(|decision| decision.at.0 < scenario.duration.0);
    all.sort_by_key(|decision| decision.at);
    all
}

/// Why these synapses go.
pub fn cause(which: Weakest) -> Cause {
    match which {
        Weakest::Fraction(_) => Cause::Fraction,
        Weakest::Below(_) => Cause::Below,
    }
}

/// Counters for the upper and for the lower half of the bits of a weight.
const HALVES: usize = 1 << 16;

/// The synapses of one projection in one shard, weighed.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The weights, in the order of the table; NaN for what has been removed before.
    pub weights: Vec<f32>,
}

/// The bits of a weight's size, which are ordered as sizes are; `None` for what is gone.
#[inline]
fn size(weight: f32) -> Option<u32> {
    (!weight.is_nan()).then(|| weight.abs().to_bits())
}

impl Candidates {
    /// Counts sizes by the upper half of their bits.
    fn count_upper(&self, counts: &mut [u64]) {
        let sizes = self.weights.iter().filter_map(|&weight| size(weight));
        sizes.for_each(|size| counts[(size >> 16) as usize] += 1);
    }

    /// Counts sizes with this upper half by the lower one.
    fn count_lower(&self, upper: u32, counts: &mut [u64]) {
        let sizes = self.weights.iter().filter_map(|&weight| size(weight));
        let same = sizes.filter(|size| size >> 16 == upper);
        same.for_each(|size| counts[(size & 0xffff) as usize] += 1);
    }

    /// Counts the synapses of exactly this size by their source.
    fn count_tied(&self, rows: &Rows, tied: u32, counts: &mut [u64]) {
        for (source, count) in counts.iter_mut().enumerate() {
            let row = &self.weights[rows.row(source as u32)];
            *count += row.iter().filter(|&&weight| size(weight) == Some(tied)).count() as u64;
        }
    }

    /// The marks of what stays: everything whose size lies below the line goes, and of those on it
    /// those of the sources below `source`, and the first `rest` of that source.
    fn keep_above(&self, rows: &Rows, line: Line, rest: u64) -> Vec<bool> {
        let stays = |&weight: &f32| size(weight).is_some_and(|size| size >= line.size);
        let mut keep: Vec<bool> = self.weights.iter().map(stays).collect();
        let tied = |position: &usize| size(self.weights[*position]) == Some(line.size);
        for source in 0..line.source {
            rows.row(source).filter(tied).for_each(|position| keep[position] = false);
        }
        let mut last: Vec<usize> = match rest {
            0 => Vec::new(),
            _ => rows.row(line.source).filter(tied).collect(),
        };
        last.sort_by_key(|&position| rows.synapses()[position].target);
        last.into_iter().take(rest as usize).for_each(|position| keep[position] = false);
        keep
    }

    /// The marks of what stays if everything of a smaller size than `bound` goes.
    pub fn keep_from(&self, bound: f64) -> Vec<bool> {
        let stays = |&weight: &f32| !weight.is_nan() && f64::from(weight.abs()) >= bound;
        self.weights.iter().map(stays).collect()
    }
}

/// Between what goes and what stays.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    /// Smaller sizes go, by their bits.
    size: u32,
    /// Of this size the synapses of smaller sources go, and some of this one.
    source: u32,
    /// How many of that one.
    rest: u64,
}

/// The place of number `wanted` (from 0) among things that are counted by place, and how many of its
/// place come before it. The last place if there are not so many.
fn place_of(counts: &[u64], wanted: u64) -> (usize, u64) {
    let mut before = 0;
    for (place, &count) in counts.iter().enumerate() {
        if wanted < before + count {
            return (place, wanted - before);
        }
        before += count;
    }
    (counts.len(), wanted - before)
}

/// How many of `all` synapses a share of them is.
fn part(all: u64, share: f64) -> u64 {
    ((all as f64 * share) as u64).min(all)
}

/// What has become of the synapses that could be removed.
pub fn outcome(scenario: &Scenario, remains: &mut [Remains]) -> Pruning {
    let mut all = Pruning::default();
    let mut removals: Vec<Removal> = Vec::new();
    for left in remains.iter_mut().flat_map(|shard| &mut shard.learned) {
        for (sum, more) in all.removed.iter_mut().zip(left.pruned.removed) {
            *sum += more;
        }
        all.strengthened += left.pruned.strengthened;
        removals.append(&mut left.pruned.removals);
    }
    all.removals = scenario.record.pruned.then(|| Removals::new(removals));
    all
}

/// What all workers count together.
pub struct Ballot<'a> {
    /// The counts that are being added up.
    pub counts: &'a Mutex<Vec<u64>>,
    /// Where all workers meet.
    pub barrier: &'a Barrier,
    /// Who counts.
    pub worker: usize,
}

impl Ballot<'_> {
    /// Adds up the counts of all workers.
    fn tally(&self, len: usize, count: impl FnOnce(&mut [u64])) -> Result<Vec<u64>, Poisoned> {
        let counts = || self.counts.lock().unwrap_or_else(|e| e.into_inner());
        {
            let mut counts = counts();
            counts.resize(len, 0);
            count(&mut counts);
        }
        self.barrier.wait(self.worker)?;
        let sum = counts().clone();
        // Nobody clears before all have read, nobody counts again before it is cleared.
        self.barrier.wait(self.worker)?;
        counts().clear();
        self.barrier.wait(self.worker)?;
        Ok(sum)
    }
}

/// Marks what stays, in each of a worker's shards, if a share of all synapses of a projection, the
/// weakest, goes. All workers must call this with what they have weighed.
///
/// # Errors
/// [`Poisoned`] if one of them failed instead.
pub fn weakest(
    ballot: &Ballot<'_>,
    network: &Network,
    decision: &Decision,
    share: f64,
    shards: &mut [(u32, Shard<'_>)],
    weighed: &[Candidates],
) -> Result<Vec<Vec<bool>>, Poisoned> {
    let number = decision.number;
    let upper = ballot.tally(HALVES, |counts| {
        weighed.iter().for_each(|all| all.count_upper(counts));
    })?;
    let wanted = part(upper.iter().sum(), share);
    let (high, rest) = place_of(&upper, wanted);
    let lower = ballot.tally(HALVES, |counts| {
        weighed.iter().for_each(|all| all.count_lower(high as u32, counts));
    })?;
    let (low, rest) = place_of(&lower, rest);
    // Beyond the last weight there is a line, too: where all synapses go.
    let size = (((high as u64) << 16) + low as u64).min(u64::from(u32::MAX)) as u32;
    let sources = network.partition.population(network.plastic[number].source).len();
    let tied = ballot.tally(sources, |counts| {
        for ((_, shard), all) in shards.iter_mut().zip(weighed) {
            all.count_tied(shard.flight().rows(number), size, counts);
        }
    })?;
    let (source, rest) = place_of(&tied, rest);
    let line = Line { size, source: source as u32, rest };
    let held = ballot.tally(network.shards.len(), |counts| {
        for ((index, shard), all) in shards.iter_mut().zip(weighed) {
            let mut own = vec![0; sources];
            all.count_tied(shard.flight().rows(number), size, &mut own);
            counts[*index as usize] = own.get(source).copied().unwrap_or(0);
        }
    })?;
    // Shards own contiguous pieces of the targets, in order.
    let rest_of = |index: u32| {
        let before: u64 = held[..index as usize].iter().sum();
        line.rest.saturating_sub(before).min(held[index as usize])
    };
    let marks = shards.iter_mut().zip(weighed).map(|((index, shard), all)| {
        all.keep_above(shard.flight().rows(number), line, rest_of(*index))
    });
    Ok(marks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_counting() {
        let counts = [0, 3, 0, 2];
        let places: Vec<_> = (0..6).map(|wanted| place_of(&counts, wanted)).collect();
        assert_eq!(places, [(1, 0), (1, 1), (1, 2), (3, 0), (3, 1), (4, 0)]);
    }

    #[test]
    fn a_share_never_exceeds_the_whole() {
        assert_eq!([part(10, 0.55), part(3, 1.0), part(0, 0.5)], [5, 3, 0]);
    }

    #[test]
    fn a_size_has_no_sign() {
        assert_eq!(size(-0.5), size(0.5));
        assert!(size(-0.25) < size(0.5) && size(0.25) < size(-0.5));
        assert_eq!(size(f32::NAN), None);
    }

    #[test]
    fn what_is_as_large_as_the_bound_stays() {
        let just_below = 0.5f32.next_down();
        let weights = vec![0.5, -0.5, just_below, -just_below, f32::NAN, 0.0, 0.6];
        let keep = Candidates { weights }.keep_from(0.5);
        assert_eq!(keep, [true, true, false, false, false, false, true]);
    }
}
