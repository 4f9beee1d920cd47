//! The engine against the reference, spike for spike.
//!
//! Promise: the engine's spikes are those of a simulator so plain that it can be checked by
//! reading. Method: random small networks, all models, rules and inputs mixed; the first
//! differing spike is reported with the seed, and `SALTATORY_SEED=n` runs that one alone.

use crate::network_problem::problem;
use crate::random_network::scenario;
use saltatory::base::Tick;
use saltatory::engine::{self, Control, Lane, Options};
use saltatory::network;
use saltatory::reference::simulate;
use saltatory::scenario::Scenario;
use saltatory::source::{background_events, source_spikes};

/// So many networks are compared, with the seeds from 0.
const NETWORKS: u64 = 1000;

fn engine_spikes(scenario: &Scenario, shards: u32, threads: usize, lane: Lane) -> Vec<(Tick, u32)> {
    let network = network::build(scenario, shards, threads, None)
        .unwrap_or_else(|error| panic!("seed {}: {error}", scenario.seed));
    let outcome =
        engine::run(scenario, &network, Options { threads, lane }, &|_| Control::Continue).unwrap();
    outcome.spikes.iter().map(|spike| (spike.tick, spike.neuron.0)).collect()
}

fn reference_spikes(scenario: &Scenario) -> Vec<(Tick, u32)> {
    let network = network::build(scenario, 1, 1, None)
        .unwrap_or_else(|error| panic!("seed {}: {error}", scenario.seed));
    let external = background_events(scenario).into_iter().map(|(at, n, w)| (at, n.0, w)).collect();
    let sources = source_spikes(scenario).into_iter().map(|s| (s.tick, s.neuron.0)).collect();
    simulate(&problem(scenario, &network, external, sources))
}

/// The first place at which two spike trains part, in words.
fn first_difference(engine: &[(Tick, u32)], reference: &[(Tick, u32)]) -> Option<String> {
    let length = engine.len().max(reference.len());
    let place = (0..length).find(|&place| engine.get(place) != reference.get(place))?;
    let show = |train: &[(Tick, u32)]| match train.get(place) {
        Some((tick, neuron)) => format!("neuron {neuron} at {} ns", tick.0),
        None => "nothing more".to_string(),
    };
    Some(format!(
        "spike {place} of {} and {}: the engine has {}, the reference {}",
        engine.len(),
        reference.len(),
        show(engine),
        show(reference)
    ))
}

#[test]
fn the_engine_fires_when_the_reference_does() {
    let seeds = match std::env::var("SALTATORY_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("SALTATORY_SEED is a whole number");
            seed..seed + 1
        }
        Err(_) => 0..NETWORKS,
    };
    let alone = seeds.end - seeds.start == 1;
    let (mut spikes, mut silent, mut failures) = (0, 0, Vec::new());
    for seed in seeds {
        let scenario = scenario(seed);
        let reference = reference_spikes(&scenario);
        spikes += reference.len();
        silent += u64::from(reference.is_empty());
        let (shards, threads) = [(1, 1), (2, 1), (3, 2), (5, 2)][(seed % 4) as usize];
        for lane in [Lane::Singly, Lane::Superposed] {
            let engine = engine_spikes(&scenario, shards, threads, lane);
            if let Some(difference) = first_difference(&engine, &reference) {
                let run = format!("SALTATORY_SEED={seed} ({shards} shards, {lane:?})");
                failures.push(format!("{run}: {difference}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    // Networks that never fire would agree about nothing.
    assert!(alone || spikes > 100_000, "only {spikes} spikes");
    assert!(alone || silent < NETWORKS / 5, "{silent} networks were silent");
}
