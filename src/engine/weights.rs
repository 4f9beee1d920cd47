//! All synapses of a network as they are at the end of a run.

use super::shard::Remains;
use crate::network::Network;
use crate::record::Weights;
use crate::synapse::Table;

/// The synapses that are left, column by column, in the order of [`Network::edges`].
pub fn collect(network: &Network, remains: &[Remains<'_>]) -> Weights {
    let mut weights = Weights::default();
    let learned: Vec<_> = remains.iter().map(left).collect();
    for edge in network.learned_edges(&learned) {
        weights.source.push(edge.source.0);
        weights.target.push(edge.target.0);
        weights.weight.push(edge.weight);
        weights.delay.push(edge.delay.0 as u32);
    }
    weights
}

/// The tables of the plastic projections in one shard, with the weights at the end.
fn left<'a>(shard: &'a Remains<'_>) -> Vec<(&'a Table, &'a [f32])> {
    shard.learned.iter().map(|left| (&*left.rows, left.weights.as_slice())).collect()
}
