//! All synapses of a network as they are at the end of a run.

use crate::network::Network;
use crate::record::Weights;
use crate::synapse::{DelayedSynapse, Synapses, Table};

/// The synapses, column by column, by (source, delay, target).
pub fn collect(network: &Network) -> Weights {
    let partition = &network.partition;
    let mut weights = Weights::default();
    for population in 0..partition.populations() {
        for (row, source) in partition.population(population).enumerate() {
            let mut synapses: Vec<DelayedSynapse> = Vec::new();
            for (shard, plan) in network.shards.iter().enumerate() {
                let global = |local| global_target(network, shard as u32, local);
                let row = row_of(&plan.tables[population], row);
                synapses.extend(row.map(|s| DelayedSynapse { target: global(s.target), ..s }));
            }
            synapses.sort_by_key(|synapse| (synapse.delay, synapse.target));
            weights.source.extend(std::iter::repeat_n(source, synapses.len()));
            weights.target.extend(synapses.iter().map(|synapse| synapse.target));
            weights.weight.extend(synapses.iter().map(|synapse| synapse.weight));
            weights.delay.extend(synapses.iter().map(|synapse| synapse.delay));
        }
    }
    weights
}

fn global_target(network: &Network, shard: u32, local: u32) -> u32 {
    let partition = &network.partition;
    let mut first = 0;
    for population in 0..partition.populations() {
        let owned = partition.owned(population, shard);
        if local - first < owned.len() as u32 {
            return partition.population(population).start + owned.start + (local - first);
        }
        first += owned.len() as u32;
    }
    panic!("shard {shard} has no neuron {local}")
}

/// One row, whatever the layout.
fn row_of(table: &Table, row: usize) -> impl Iterator<Item = DelayedSynapse> + '_ {
    let range = match table.offsets.get(row..row + 2) {
        Some(ends) => ends[0] as usize..ends[1] as usize,
        None => 0..0,
    };
    range.map(|index| match &table.synapses {
        Synapses::OneDelay { delay, rows } => DelayedSynapse {
            target: rows[index].target,
            weight: rows[index].weight,
            delay: delay.0 as u32,
        },
        Synapses::OwnDelay { rows } => rows[index],
    })
}
