//! All synapses of a network as they are at the end of a run.

use super::shard::Remains;
use crate::network::Network;
use crate::record::Weights;

/// The synapses, column by column, in the order of [`Network::edges`].
pub fn collect(network: &Network, remains: &[Remains]) -> Weights {
    let mut weights = Weights::default();
    let learned: Vec<&[Vec<f32>]> = remains.iter().map(|shard| shard.learned.as_slice()).collect();
    for edge in network.learned_edges(&learned) {
        weights.source.push(edge.source.0);
        weights.target.push(edge.target.0);
        weights.weight.push(edge.weight);
        weights.delay.push(edge.delay.0 as u32);
    }
    weights
}
