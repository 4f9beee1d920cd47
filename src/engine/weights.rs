//! All synapses of a network as they are at the end of a run.

use crate::network::Network;
use crate::record::Weights;

/// The synapses, column by column, in the order of [`Network::edges`].
pub fn collect(network: &Network) -> Weights {
    let mut weights = Weights::default();
    for edge in network.edges() {
        weights.source.push(edge.source.0);
        weights.target.push(edge.target.0);
        weights.weight.push(edge.weight);
        weights.delay.push(edge.delay.0 as u32);
    }
    weights
}
