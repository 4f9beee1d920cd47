//! The engine against the reference, spike for spike.
//!
//! Promise: the engine's spikes are those of a simulator so plain that it can be checked by
//! reading. Method: random small networks, all models, rules and inputs mixed; the first
//! differing spike is reported with the seed, and `SALTATORY_SEED=n` runs that one alone. Three
//! fifths of the networks suit the lane of frames; there the sampled potentials of both lanes are
//! compared, too.

use crate::network_problem::problem;
use crate::random_network::{alike, scenario};
use saltatory::base::Tick;
use saltatory::engine::{self, Control, Lane, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::reference::simulate;
use saltatory::scenario::Scenario;
use saltatory::source::{background_events, source_spikes};

/// So many networks are compared, with the seeds from 0.
const NETWORKS: u64 = 1000;

/// So many networks at least are to go through the lane of frames.
const IN_FRAMES: u32 = 400;
/// And so many of them with alpha-shaped currents.
const ALPHA_IN_FRAMES: u32 = 150;

fn outcome(scenario: &Scenario, shards: u32, threads: usize, lane: Lane) -> Outcome {
    let network = network::build(scenario, shards, threads, None)
        .unwrap_or_else(|error| panic!("seed {}: {error}", scenario.seed));
    engine::run(scenario, &network, Options { lane, ..Options::threads(threads) }, &|_| {
        Control::Continue
    })
    .unwrap()
}

fn spikes(outcome: &Outcome) -> Vec<(Tick, u32)> {
    outcome.spikes.iter().map(|spike| (spike.tick, spike.neuron.0)).collect()
}

/// The largest distance between two samples of the same trace, in mV.
fn trace_distance(singly: &Outcome, framed: &Outcome) -> f64 {
    let both = singly.traces.iter().zip(&framed.traces);
    let values = both.flat_map(|(a, b)| {
        assert_eq!(a.values.len(), b.values.len(), "both lanes sample the same times");
        a.values.iter().zip(&b.values)
    });
    values.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
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
    let (mut total, mut silent, mut in_frames, mut alpha) = (0, 0, 0, 0);
    let mut failures = Vec::new();
    for seed in seeds {
        let scenario = scenario(seed);
        let reference = reference_spikes(&scenario);
        total += reference.len();
        silent += u64::from(reference.is_empty());
        let (shards, threads) = [(1, 1), (2, 1), (3, 2), (5, 2)][(seed % 4) as usize];
        let lanes = [Lane::Singly, Lane::Automatic];
        let outcomes = lanes.map(|lane| outcome(&scenario, shards, threads, lane));
        for (lane, outcome) in lanes.iter().zip(&outcomes) {
            if let Some(difference) = first_difference(&spikes(outcome), &reference) {
                let run = format!("SALTATORY_SEED={seed} ({shards} shards, {lane:?})");
                failures.push(format!("{run}: {difference}"));
            }
        }
        let distance = trace_distance(&outcomes[0], &outcomes[1]);
        if distance > 1e-9 {
            failures.push(format!("SALTATORY_SEED={seed}: samples differ by {distance} mV"));
        }
        // Sums in another order have other last bits: where states differ the lane was taken.
        let framed = u32::from(outcomes[0].state_digest != outcomes[1].state_digest);
        in_frames += framed;
        alpha += if alike(seed).is_some_and(|(m, _)| m.name == "lif_alpha") { framed } else { 0 };
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    // Networks that never fire would agree about nothing.
    assert!(alone || total > 100_000, "only {total} spikes");
    assert!(alone || silent < NETWORKS / 5, "{silent} networks were silent");
    assert!(alone || in_frames >= IN_FRAMES, "only {in_frames} networks were run in frames");
    assert!(alone || alpha >= ALPHA_IN_FRAMES, "only {alpha} of lif_alpha were run in frames");
}
