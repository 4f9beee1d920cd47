//! From a scenario and its seed to neurons and edges: an immutable plan.
//!
//! The plan is the same for any number of threads, and, seen neuron by neuron, for any number of
//! shards: every draw is keyed by the thing it belongs to.

pub mod partition;

use crate::base::Span;
use crate::synapse::Table;
pub use partition::Partition;

/// A built network, ready to run.
#[derive(Debug)]
pub struct Network {
    /// Who owns which neurons.
    pub partition: Partition,
    /// What each shard holds.
    pub shards: Vec<ShardPlan>,
    /// The smallest delay of the whole network: no spike takes effect sooner. `None` without
    /// synapses.
    pub shortest_delay: Option<Span>,
    /// The longest delay of the whole network.
    pub longest_delay: Option<Span>,
    /// Number of synapses.
    pub synapses: u64,
}

/// One shard's part of the network.
#[derive(Debug, Default)]
pub struct ShardPlan {
    /// One table for each source population, by its index; empty where it sends nothing here.
    pub tables: Vec<Table>,
    /// For each population the values of each per-neuron parameter and variable of the neurons
    /// that live in this shard.
    pub neurons: Vec<NeuronPlan>,
}

/// Start values of one population's neurons in one shard.
#[derive(Clone, Debug, Default)]
pub struct NeuronPlan {
    /// For each parameter of the model its value for each neuron here; one value where all
    /// neurons share it.
    pub parameters: Vec<Vec<f64>>,
    /// For each variable of the model its value for each neuron here; one value where all share
    /// it.
    pub variables: Vec<Vec<f64>>,
}
