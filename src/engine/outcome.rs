//! What is left when all workers are done, put together in an order that does not depend on them.

use super::gathering::Collected;
use super::group::Probe;
use super::pruning;
use super::shard::Remains;
use crate::base::Tick;
use crate::base::digest::Digest;
use crate::network::Network;
use crate::record::{Counts, Outcome, Percentiles, PopulationOutcome, Trace};
use crate::scenario::Scenario;
use crate::synapse::Table;
use hdrhistogram::Histogram;

/// Puts together what shards leave, in any order, and what was gathered.
pub fn assemble(
    scenario: &Scenario,
    network: &Network,
    mut remains: Vec<(u32, Remains)>,
    collected: Collected,
) -> Outcome {
    remains.sort_by_key(|&(shard, _)| shard);
    let mut remains: Vec<Remains> = remains.into_iter().map(|(_, remains)| remains).collect();
    let count = collected.collector.count;
    let (spikes, digest) = collected.collector.finish();
    let mut fan_out: Histogram<u64> = Histogram::new(3).expect("three digits are allowed");
    for shard in &remains {
        fan_out.add(&shard.fan_out).expect("it grows as needed");
    }
    let fixed = || {
        let tables = network.shards.iter().map(|shard| &shard.tables);
        tables.flat_map(|tables| &tables[..network.partition.populations()])
    };
    let left = remains.iter().flat_map(|shard| &shard.learned);
    let synapses_left = fixed().map(|table| table.synapses.len()).sum::<usize>()
        + left.map(|left| left.rows.synapses().len()).sum::<usize>();
    let learning = remains.iter().map(|shard| shard.learning_bytes);
    let synapse_bytes = fixed().map(Table::bytes).sum::<u64>() + learning.sum::<u64>();
    Outcome {
        spikes,
        digest,
        state_digest: state_digest(network, &remains),
        populations: populations(scenario, network, &remains, collected.end),
        traces: {
            let levels = super::weights::levels(scenario, network, &remains);
            traces(scenario, &mut remains).into_iter().chain(levels).collect()
        },
        weights: scenario.record.weights.then(|| super::weights::collect(network, &remains)),
        pruning: pruning::outcome(scenario, &mut remains),
        counts: Counts {
            spikes: count,
            synaptic_events: remains.iter().map(|shard| shard.synaptic_events).sum(),
            external_events: remains.iter().map(|shard| shard.external_events).sum(),
            windows: collected.windows,
            queue_depth: percentiles(&collected.queue_depth),
            fan_out: percentiles(&fan_out),
            synapses_left: synapses_left as u64,
            synapse_bytes,
        },
        simulated: collected.end.since(Tick::ZERO),
        interrupted: collected.interrupted,
    }
}

fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    Percentiles {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        max: histogram.max(),
    }
}

/// The digest of all neurons' states, in the order of their numbers: shards own contiguous
/// pieces of each population, in order.
fn state_digest(network: &Network, remains: &[Remains]) -> String {
    let mut digest = Digest::new();
    for population in 0..network.partition.populations() {
        for shard in remains {
            shard.digest(population, &mut digest);
        }
    }
    digest.finish()
}

fn populations(
    scenario: &Scenario,
    network: &Network,
    remains: &[Remains],
    end: Tick,
) -> Vec<PopulationOutcome> {
    let of = |population: usize, size: u32| {
        let (mut spikes, mut sum, mut irregular) = (0, 0.0, 0u32);
        for (shard, remains) in remains.iter().enumerate() {
            let first = network.partition.local_start(population, shard as u32) as usize;
            let owned = network.partition.owned(population, shard as u32).len();
            for train in &remains.trains[first..first + owned] {
                spikes += train.spikes;
                if let Some(cv) = train.cv() {
                    sum += cv;
                    irregular += 1;
                }
            }
        }
        PopulationOutcome {
            spikes,
            rate_hz: spikes as f64 / (f64::from(size) * end.s()),
            cv_isi: (irregular > 0).then(|| sum / f64::from(irregular)),
        }
    };
    scenario.populations.iter().enumerate().map(|(p, population)| of(p, population.size)).collect()
}

fn traces(scenario: &Scenario, remains: &mut [Remains]) -> Vec<Trace> {
    let mut probes: Vec<Vec<Vec<Probe>>> = Vec::new();
    for population in 0..scenario.populations.len() {
        probes.push(remains.iter_mut().map(|shard| shard.probes(population)).collect());
    }
    let mut seen = vec![0; scenario.populations.len()];
    let mut traces = Vec::new();
    for record in &scenario.record.state {
        let population = record.target.population;
        let number = seen[population];
        seen[population] += 1;
        let variables = scenario.populations[population].model.variables();
        if variables.is_empty() {
            continue;
        }
        let neurons = record.target.indices(scenario.populations[population].size);
        // Neurons of one selection, shard after shard, are sorted because the pieces are.
        let samples: Vec<&Vec<f64>> = probes[population]
            .iter()
            .filter_map(|shard| shard.get(number))
            .flat_map(|probe| &probe.samples)
            .collect();
        let width = record.variables.len();
        for (place, &variable) in record.variables.iter().enumerate() {
            let times = samples.first().map_or(0, |s| s.len() / width);
            let value = |time: usize, neuron: usize| samples[neuron][time * width + place];
            let values = (0..times)
                .flat_map(|time| (0..neurons.len()).map(move |neuron| (time, neuron)))
                .map(|(time, neuron)| value(time, neuron))
                .collect();
            traces.push(Trace {
                population,
                variable: variables[variable].name.clone(),
                unit: variables[variable].unit,
                neurons: neurons.clone(),
                interval: record.interval,
                start: record.start,
                values,
            });
        }
    }
    traces
}
