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

use crate::base::Tick;
use crate::network::Network;
use crate::record::Cause;
use crate::scenario::{Scenario, Weakest};
use crate::synapse::Table;

/// Some synapses of a projection are to be removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// When, at the targets.
    pub at: Tick,
    /// The number of the plastic projection.
    pub number: usize,
    /// Which.
    pub which: Weakest,
}

/// All decisions of a run in their order: by time, at one time as the scenario lists them.
pub fn decisions(scenario: &Scenario, network: &Network) -> Vec<Decision> {
    let mut all = Vec::new();
    for (number, projection) in network.plastic.iter().enumerate() {
        for pruning in &scenario.projections[projection.index].pruning {
            let which = pruning.which;
            all.extend(pruning.at.iter().map(|&at| Decision { at, number, which }));
        }
    }
    all.retain(|decision| decision.at.0 < scenario.duration.0);
    all.sort_by_key(|decision| decision.at);
    all
}

impl Decision {
    /// Why a synapse goes.
    pub fn cause(&self) -> Cause {
        match self.which {
            Weakest::Fraction(_) => Cause::Fraction,
            Weakest::Below(_) => Cause::Below,
        }
    }
}

/// Counters for the upper and for the lower half of the bits of a weight.
pub const HALVES: usize = 1 << 16;

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
    pub fn count_upper(&self, counts: &mut [u64]) {
        let sizes = self.weights.iter().filter_map(|&weight| size(weight));
        sizes.for_each(|size| counts[(size >> 16) as usize] += 1);
    }

    /// Counts sizes with this upper half by the lower one.
    pub fn count_lower(&self, upper: u32, counts: &mut [u64]) {
        let sizes = self.weights.iter().filter_map(|&weight| size(weight));
        let same = sizes.filter(|size| size >> 16 == upper);
        same.for_each(|size| counts[(size & 0xffff) as usize] += 1);
    }

    /// Counts the synapses of exactly this size by their source.
    pub fn count_tied(&self, table: &Table, tied: u32, counts: &mut [u64]) {
        for (source, count) in counts.iter_mut().enumerate() {
            let row = &self.weights[table.row(source as u32)];
            *count += row.iter().filter(|&&weight| size(weight) == Some(tied)).count() as u64;
        }
    }

    /// The marks of what stays: everything whose size lies below the line goes, and of those on it
    /// those of the sources below `source`, and the first `rest` of that source.
    pub fn keep_above(&self, table: &Table, line: Line, rest: u64) -> Vec<bool> {
        let stays = |&weight: &f32| size(weight).is_some_and(|size| size >= line.size);
        let mut keep: Vec<bool> = self.weights.iter().map(stays).collect();
        let tied = |position: &usize| size(self.weights[*position]) == Some(line.size);
        for source in 0..line.source {
            table.row(source).filter(tied).for_each(|position| keep[position] = false);
        }
        let mut last: Vec<usize> = match rest {
            0 => Vec::new(),
            _ => table.row(line.source).filter(tied).collect(),
        };
        last.sort_by_key(|&position| table.synapses.at(position).0);
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
pub struct Line {
    /// Smaller sizes go, by their bits.
    pub size: u32,
    /// Of this size the synapses of smaller sources go, and some of this one.
    pub source: u32,
    /// How many of that one.
    pub rest: u64,
}

/// The place of number `wanted` (from 0) among things that are counted by place, and how many of its
/// place come before it. The last place if there are not so many.
pub fn place_of(counts: &[u64], wanted: u64) -> (usize, u64) {
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
pub fn part(all: u64, share: f64) -> u64 {
    ((all as f64 * share) as u64).min(all)
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
}
