//! Which shard owns which neuron.

use crate::base::NeuronId;
use std::ops::Range;

/// The neurons of every population, dealt out to shards in contiguous pieces: shard s of S owns
/// of each population the neurons from `size * s / S` up to `size * (s + 1) / S`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    shards: u32,
    /// First neuron of each population, and behind the last one the number of all neurons.
    starts: Vec<u32>,
}

impl Partition {
    /// A partition of populations of these sizes. `shards` must not be 0.
    pub fn new(sizes: impl IntoIterator<Item = u32>, shards: u32) -> Partition {
        assert!(shards > 0, "a network needs at least one shard");
        let mut starts = vec![0u32];
        for size in sizes {
            let last = *starts.last().expect("starts with one entry");
            starts.push(last.checked_add(size).expect("the number of neurons was checked"));
        }
        Partition { shards, starts }
    }

    /// Number of shards.
    pub fn shards(&self) -> u32 {
        self.shards
    }

    /// Number of neurons in all populations.
    pub fn neurons(&self) -> u32 {
        *self.starts.last().expect("starts with one entry")
    }

    /// Number of populations.
    pub fn populations(&self) -> usize {
        self.starts.len() - 1
    }

    /// The neurons of a population.
    pub fn population(&self, population: usize) -> Range<u32> {
        self.starts[population]..self.starts[population + 1]
    }

    /// The population of a neuron.
    pub fn population_of(&self, neuron: NeuronId) -> usize {
        self.starts.partition_point(|&start| start <= neuron.0) - 1
    }

    /// The neurons of a population that a shard owns, as indices within the population.
    pub fn owned(&self, population: usize, shard: u32) -> Range<u32> {
        let size = u64::from(self.starts[population + 1] - self.starts[population]);
        let cut = |s: u32| (size * u64::from(s) / u64::from(self.shards)) as u32;
        cut(shard)..cut(shard + 1)
    }

    /// Where a shard's neurons of a population start among all neurons of that shard.
    pub fn local_start(&self, population: usize, shard: u32) -> u32 {
        (0..population).map(|p| self.owned(p, shard).len() as u32).sum()
    }

    /// The shard that owns neuron `index` of a population.
    pub fn owner(&self, population: usize, index: u32) -> u32 {
        let size = u64::from(self.starts[population + 1] - self.starts[population]);
        // The largest s with size * s / S <= index.
        let s = ((u64::from(index) + 1) * u64::from(self.shards)).div_ceil(size) - 1;
        s as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_neuron_has_exactly_one_owner() {
        for sizes in [vec![1, 7, 0, 100], vec![3], vec![5, 5]] {
            for shards in [1, 2, 3, 5, 8] {
                let partition = Partition::new(sizes.iter().copied(), shards);
                for (population, &size) in sizes.iter().enumerate() {
                    for index in 0..size {
                        let owner = partition.owner(population, index);
                        let holders: Vec<u32> = (0..shards)
                            .filter(|&s| partition.owned(population, s).contains(&index))
                            .collect();
                        assert_eq!(holders, [owner], "{sizes:?} {shards} {population} {index}");
                    }
                }
            }
        }
    }

    #[test]
    fn populations_are_found_by_neuron() {
        let partition = Partition::new([2, 0, 3], 2);
        let of = |n| partition.population_of(NeuronId(n));
        assert_eq!([of(0), of(1), of(2), of(4)], [0, 0, 2, 2]);
    }
}
