//! All synapses of a network as they are at the end of a run and at times of sampling.

use super::shard::Remains;
use crate::base::{Tick, Unit};
use crate::network::Network;
use crate::plasticity;
use crate::record::{Trace, WeightSamples, Weights};
use crate::scenario::Scenario;
use crate::synapse::Rows;

/// The synapses that are left, column by column, in the order of [`Network::edges`].
pub fn collect(network: &Network, remains: &[Remains]) -> Weights {
    let mut weights = Weights::default();
    let learned: Vec<_> = remains.iter().map(left).collect();
    for edge in network.learned_edges(&learned) {
        weights.source.push(edge.source.0);
        weights.target.push(edge.target.0);
        weights.weight.push(edge.weight);
        weights.delay.push(edge.delay.0 as u32);
    }
    if remains.iter().any(|shard| !shard.samples.is_empty()) {
        weights.samples = samples(network, remains);
    }
    weights
}

/// The tables of the plastic projections in one shard, with the weights at the end.
fn left(shard: &Remains) -> Vec<(&Rows, &[f32])> {
    shard.learned.iter().map(|left| (&left.rows, left.weights.as_slice())).collect()
}

/// The same with other weights, one vector for each projection.
fn with<'a>(shard: &'a Remains, weights: &'a [Vec<f32>]) -> Vec<(&'a Rows, &'a [f32])> {
    let left = shard.learned.iter().zip(weights);
    left.map(|(left, weights)| (&left.rows, weights.as_slice())).collect()
}

/// What was sampled of the synapses that learn. None of them is ever removed.
fn samples(network: &Network, remains: &[Remains]) -> WeightSamples {
    // No weight is a NaN, so where one is given a NaN comes out, the synapse learns.
    let nans = |shard: &Remains| -> Vec<Vec<f32>> {
        shard.learned.iter().map(|left| vec![f32::NAN; left.weights.len()]).collect()
    };
    let nans: Vec<_> = remains.iter().map(nans).collect();
    let marks: Vec<_> = remains.iter().zip(&nans).map(|(shard, nans)| with(shard, nans)).collect();
    let learns: Vec<bool> =
        network.learned_edges(&marks).map(|edge| edge.weight.is_nan()).collect();
    let mut samples = WeightSamples {
        synapses: (0..)
            .zip(&learns)
            .filter_map(|(place, learns)| learns.then_some(place))
            .collect(),
        ..WeightSamples::default()
    };
    for (time, (at, _)) in remains[0].samples.iter().enumerate() {
        let of = |shard: &Remains| -> Vec<Vec<f32>> {
            shard.samples[time].1.iter().map(|sample| sample.weights.clone()).collect()
        };
        let weights: Vec<_> = remains.iter().map(of).collect();
        let shards: Vec<_> =
            remains.iter().zip(&weights).map(|(shard, weights)| with(shard, weights)).collect();
        let edges = network.learned_edges(&shards).zip(&learns);
        samples.times.push(*at);
        samples.weight.extend(edges.filter(|(_, learns)| **learns).map(|(edge, _)| edge.weight));
    }
    samples
}

/// What the inputs of targets share, sampled: one trace for each level of each plastic projection.
pub fn levels(scenario: &Scenario, network: &Network, remains: &[Remains]) -> Vec<Trace> {
    let Some(interval) = scenario.record.weights_every else { return Vec::new() };
    let mut traces = Vec::new();
    for (number, projection) in network.plastic.iter().enumerate() {
        let levels = plasticity::levels(scenario.projections[projection.index].plasticity.rule);
        let model = &scenario.populations[projection.target].model;
        let weight = model.descriptor().map_or(Unit::One, |descriptor| descriptor.input);
        let times = remains[0].samples.len();
        for (place, level) in levels.iter().enumerate() {
            let at = |time: usize| {
                remains.iter().flat_map(move |shard| {
                    let all = &shard.samples[time].1[number].levels;
                    all.iter().skip(place).step_by(levels.len()).copied()
                })
            };
            traces.push(Trace {
                population: projection.target,
                variable: level.name.into(),
                unit: level.measure.unit(weight),
                neurons: (0..scenario.populations[projection.target].size).collect(),
                interval,
                start: Tick::ZERO,
                values: (0..times).flat_map(at).collect(),
            });
        }
    }
    traces
}
