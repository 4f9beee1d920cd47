//! Networks that learn sequences with dendrites.
//!
//! Promise: spikes and weights are those of an eager simulator with one queue that brings all weights of
//! a neuron up to date at every event, by quadrature; they do not depend on shards, threads and how
//! often synapses are settled. Method: a small song for a small network, with a scaffold, a teacher, a
//! clamp and a free replay, at learning rates that make weights of many mV.

use crate::program::scenarios;
use saltatory::base::{Span, Tick};
use saltatory::engine::{self, Control, Options};
use saltatory::network::{self, Network};
use saltatory::neuron::receptor::{CLAMP, TEACHER};
use saltatory::record::Outcome;
use saltatory::reference::ReferenceNeuron;
use saltatory::reference::dendritic::{Contact, DendriticNetwork, Effect, Set, simulate_dendritic};
use saltatory::scenario::{self, FilesIn, Model, Scenario, Source};
use saltatory::source::Lessons;

/// The shipped scenario with fewer neurons and a shorter song, and more of everything in a second.
fn small(seed: u64) -> Scenario {
    let text = std::fs::read_to_string(scenarios().join("elise.toml")).expect("it is shipped");
    let seed = format!("seed={seed}");
    let phases = "teacher.0.phases=[[\"0 s\", \"teach\"], [\"1.2 s\", \"free\"], \
                  [\"1.5 s\", \"clamp\"], [\"1.6 s\", \"free\"]]";
    let changes = [
        "duration=2 s",
        &seed,
        "population.visible.size=4",
        "population.latent.size=9",
        "population.visible.params.tau_m=8 ms",
        "population.latent.params.tau_m=8 ms",
        "projection.2.plasticity.eta=0.2 mV",
        "projection.3.plasticity.eta=0.3 mV",
        "projection.4.plasticity.eta=0.3 mV",
        "projection.5.plasticity.eta=0.3 mV",
        "projection.2.plasticity.tau=8 ms",
        "projection.3.plasticity.tau=8 ms",
        "projection.4.plasticity.tau=8 ms",
        "projection.5.plasticity.tau=8 ms",
        "teacher.0.score=[[0], [1], [0, 2], [3], [1]]",
        "teacher.0.elements=5",
        phases,
        "record.spikes=all",
        "record.weights=true",
        "record.state.0.start=0 s",
    ];
    let changes: Vec<_> = changes.iter().map(|&change| change.into()).collect();
    scenario::parse(&Source::new("elise.toml", text), &FilesIn(scenarios()), &changes)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn run(scenario: &Scenario, shards: u32, threads: usize, settle_every: Span) -> Outcome {
    let network = network::build(scenario, shards, threads, None).expect("it can be built");
    let options = Options { settle_every, ..Options::threads(threads) };
    engine::run(scenario, &network, options, &|_| Control::Continue).unwrap()
}

#[test]
fn shards_threads_and_settling_change_nothing() {
    let scenario = small(3);
    let plain = run(&scenario, 1, 1, Span::from_whole_ms(1_000));
    assert!(plain.counts.spikes > 5_000, "{} spikes", plain.counts.spikes);
    for (shards, threads, settle_ms) in [(2, 1, 50), (3, 2, 333), (5, 2, 100_000)] {
        let other = run(&scenario, shards, threads, Span::from_whole_ms(settle_ms));
        assert_eq!(plain.digest, other.digest, "{shards} shards");
        assert_eq!(plain.state_digest, other.state_digest, "{shards} shards");
        assert_eq!(plain.weights, other.weights, "{shards} shards");
        assert_eq!(plain.traces, other.traces, "{shards} shards");
    }
}

/// The contacts of a network with one shard, in which places are neuron numbers.
fn contacts(scenario: &Scenario, network: &Network) -> Vec<Contact> {
    let mut contacts = Vec::new();
    let tables = &network.shards[0].tables[network.partition.populations()..];
    for (table, projection) in tables.iter().zip(&network.plastic) {
        let plasticity = &scenario.projections[projection.index].plasticity;
        let effect = match projection.pulse.channel {
            0 => Effect::Dendrite { eta: plasticity.values[0] },
            channel => Effect::Open(usize::from(channel) - 1),
        };
        for (place, source) in network.partition.population(projection.source).enumerate() {
            for position in table.row(place as u32) {
                let (target, weight, delay) = table.synapses.at(position);
                contacts.push(Contact { source, target, weight: weight.into(), delay, effect });
            }
        }
    }
    contacts
}

fn problem(scenario: &Scenario, network: &Network) -> DendriticNetwork {
    let (mut neurons, mut sets) = (Vec::new(), Vec::new());
    for (population, plan) in scenario.populations.iter().zip(&network.shards[0].neurons) {
        let Model::Neuron { descriptor, .. } = population.model else { unreachable!() };
        for index in 0..population.size as usize {
            let of = |columns: &[Vec<f64>]| -> Vec<f64> {
                let value = |column: &Vec<f64>| column[if column.len() == 1 { 0 } else { index }];
                columns.iter().map(value).collect()
            };
            let (parameters, variables) = (of(&plan.parameters), of(&plan.variables));
            neurons.push(ReferenceNeuron { descriptor, parameters, variables });
        }
    }
    let mut lessons = Lessons::new(&scenario.teachers[0], 0..4, 0);
    lessons.take(Tick::MAX, |neuron, at, channel, value| {
        let set = match channel {
            TEACHER => Set::Teacher(value),
            CLAMP => Set::Clamp(value),
            other => panic!("there is no channel {other}"),
        };
        sets.push((at, neuron, set));
    });
    let contacts = contacts(scenario, network);
    DendriticNetwork { duration: scenario.duration, neurons, contacts, sets }
}

#[test]
fn spikes_and_weights_are_those_of_an_eager_simulator() {
    for seed in [1, 2] {
        let scenario = small(seed);
        let network = network::build(&scenario, 1, 1, None).expect("it can be built");
        let problem = problem(&scenario, &network);
        let (spikes, weights) = simulate_dendritic(&problem);
        let outcome = run(&scenario, 1, 1, Span::from_whole_ms(1_000));
        let found: Vec<(Tick, u32)> =
            outcome.spikes.iter().map(|spike| (spike.tick, spike.neuron.0)).collect();
        let parts = found.iter().zip(&spikes).position(|(a, b)| a != b);
        assert_eq!(parts, None, "seed {seed}: {} and {} spikes", found.len(), spikes.len());
        assert_eq!(found.len(), spikes.len());
        // Both lists hold each synapse once; sorted by what does not change they are alike.
        let left = outcome.weights.expect("they are recorded");
        let mut engine: Vec<(u32, u32, u32, f64)> = (0..left.source.len())
            .map(|k| (left.source[k], left.target[k], left.delay[k], left.weight[k].into()))
            .collect();
        let mut eager: Vec<(u32, u32, u32, f64)> = problem
            .contacts
            .iter()
            .zip(&weights)
            .map(|(c, &weight)| (c.source, c.target, c.delay.0 as u32, weight))
            .collect();
        for list in [&mut engine, &mut eager] {
            list.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(a.3.total_cmp(&b.3)));
        }
        assert_eq!(engine.len(), eager.len());
        let largest = eager.iter().map(|e| e.3.abs()).fold(0.0, f64::max);
        assert!(largest > 3.0, "weights hardly moved: {largest}");
        for (a, b) in engine.iter().zip(&eager) {
            assert_eq!((a.0, a.1, a.2), (b.0, b.1, b.2));
            // Recorded weights are rounded to 24 bits.
            assert!((a.3 - b.3).abs() < 1e-6 * b.3.abs().max(0.1), "{a:?} {b:?}");
        }
    }
}
