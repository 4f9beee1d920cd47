//! Names of things as numbers that cannot be confused with each other.

use std::fmt;

/// A neuron's number in the whole network: populations follow each other in the order of the
/// scenario, neurons in the order of their population. It never depends on the partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct NeuronId(pub u32);

/// A population's place in the scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PopulationId(pub u16);

impl NeuronId {
    /// As an index into arrays over all neurons.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl PopulationId {
    /// As an index into arrays over all populations.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NeuronId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
