//! Networks that learn sequences with dendrites.
//!
//! Promise: spikes and weights are those of an eager simulator with one queue that brings all weights of
//! a neuron up to date at every event, by quadrature; they do not depend on the lane, on shards, threads and
//! how often synapses are settled. Method: a small song for a small network, with a scaffold, a teacher, a
//! clamp and a free replay, at learning rates that make weights of many mV. And a song that needs no latent
//! neurons is learned in seconds and played from memory, with spikes and with rates; without learning it is not.

#[path = "../../examples/elise_song/compare.rs"]
#[allow(dead_code)]
mod compare;
#[path = "../../examples/elise_song/midi.rs"]
mod midi;

use crate::program::scenarios;
use saltatory::base::math::exp;
use saltatory::base::{Resolution, Span, Tick};
use saltatory::engine::{self, Control, Lane, Options};
use saltatory::network::{self, Network};
use saltatory::neuron::receptor::{CLAMP, TEACHER};
use saltatory::record::Outcome;
use saltatory::reference::ReferenceNeuron;
use saltatory::reference::dendritic::{Contact, DendriticNetwork, Effect, Set, simulate_dendritic};
use saltatory::reference::rates::{RateNetwork, Rates};
use saltatory::scenario::{self, FilesIn, Model, Scenario, Source};
use saltatory::source::Lessons;
use saltatory::source::teacher::potential;

/// The shipped scenario with fewer neurons and a shorter song, and more of everything in a second.
fn small(seed: u64) -> Scenario {
    small_with(seed, &[])
}

/// The same with further changes.
fn small_with(seed: u64, more: &[&str]) -> Scenario {
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
    let changes: Vec<_> = changes.iter().chain(more).map(|&change| change.into()).collect();
    scenario::parse(&Source::new("elise.toml", text), &FilesIn(scenarios()), &changes)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn run(scenario: &Scenario, shards: u32, threads: usize, settle_every: Span) -> Outcome {
    let network = network::build(scenario, shards, threads, None).expect("it can be built");
    let options = Options { settle_every, ..Options::threads(threads) };
    engine::run(scenario, &network, options, &|_| Control::Continue).unwrap()
}

/// The same with one cell for each neuron, as networks are run in which not all neurons teach.
fn run_singly(scenario: &Scenario, shards: u32, threads: usize, settle_every: Span) -> Outcome {
    let network = network::build(scenario, shards, threads, None).expect("it can be built");
    let lane = Lane::Singly;
    let options = Options { settle_every, lane, ..Options::threads(threads) };
    engine::run(scenario, &network, options, &|_| Control::Continue).unwrap()
}

#[test]
fn shards_threads_and_settling_change_nothing() {
    nothing_changes(&small(3), run);
    nothing_changes(&small(3), run_singly);
}

fn nothing_changes(scenario: &Scenario, run: impl Fn(&Scenario, u32, usize, Span) -> Outcome) {
    let plain = run(scenario, 1, 1, Span::from_whole_ms(1_000));
    assert!(plain.counts.spikes > 5_000, "{} spikes", plain.counts.spikes);
    for (shards, threads, settle_ms) in [(2, 1, 50), (3, 2, 333), (5, 2, 100_000)] {
        let other = run(scenario, shards, threads, Span::from_whole_ms(settle_ms));
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
            0 => {
                let of =
                    |name: &str| plasticity.values[plasticity.rule.parameter(name).expect("one")];
                Effect::Dendrite { eta: of("eta"), tau_delta: of("tau_delta") }
            }
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
    // What all contacts weigh is counted here once more.
    for (number, neuron) in (0..).zip(&mut neurons) {
        for (kind, name) in ["contacts_ex", "contacts_in"].into_iter().enumerate() {
            let opens = contacts.iter().filter(|contact| {
                contact.target == number
                    && contact.weight > 0.0
                    && matches!(contact.effect, Effect::Open(channel) if channel == kind)
            });
            let variable = neuron.descriptor.variable(name).expect("it has one");
            neuron.variables[variable] = opens.map(|contact| contact.weight).sum();
        }
    }
    DendriticNetwork { duration: scenario.duration, neurons, contacts, sets }
}

#[test]
fn spikes_and_weights_are_those_of_an_eager_simulator() {
    for seed in [1, 2] {
        is_that_of_an_eager_simulator(&small(seed));
    }
}

/// The same where the error is told by spikes, wholly and in part; and nothing depends on the shards then either, also
/// on a grid on which spikes share their ticks with arrivals.
#[test]
fn an_error_told_by_spikes_is_that_of_an_eager_simulator() {
    let told = |seed, share: &str| {
        let [visible, latent] =
            ["visible", "latent"].map(|name| format!("population.{name}.params.by_spikes={share}"));
        small_with(seed, &[&visible, &latent])
    };
    for (seed, share) in [(1, "1"), (2, "0.3")] {
        is_that_of_an_eager_simulator(&told(seed, share));
    }
    for grid in [1, 100_000] {
        let mut scenario = told(3, "1");
        scenario.resolution = Resolution::new(Span(grid)).expect("it is not zero");
        nothing_changes(&scenario, run);
    }
}

/// The same where somata take time: 0.48 ms at rest as in NEST, and 4.8 ms.
#[test]
fn somata_that_take_time_are_those_of_an_eager_simulator() {
    let taking = |seed, capacitance: &str| {
        let [visible, latent] = ["visible", "latent"]
            .map(|name| format!("population.{name}.params.c_soma={capacitance}"));
        small_with(seed, &[&visible, &latent])
    };
    for (seed, capacitance) in [(1, "300 pF"), (2, "3 nF")] {
        is_that_of_an_eager_simulator(&taking(seed, capacitance));
    }
    let mut scenario = taking(3, "300 pF");
    scenario.resolution = Resolution::new(Span(100_000)).expect("it is not zero");
    nothing_changes(&scenario, run);
}

/// The same with a low-pass of the change, slow and fast, alone and with the other options.
#[test]
fn filtered_changes_are_those_of_an_eager_simulator() {
    let filtered = |seed, tau: &str, more: &[&str]| {
        let rules = (2..6).map(|k| format!("projection.{k}.plasticity.tau_delta={tau}"));
        let somata = ["visible", "latent"].into_iter().flat_map(|name| {
            let tau = format!("tau_delta={tau}");
            let more = more.iter().map(|&more| more.to_string());
            more.chain([tau]).map(move |change| format!("population.{name}.params.{change}"))
        });
        let changes: Vec<String> = rules.chain(somata).collect();
        small_with(seed, &changes.iter().map(String::as_str).collect::<Vec<_>>())
    };
    is_that_of_an_eager_simulator(&filtered(1, "100 ms", &[]));
    is_that_of_an_eager_simulator(&filtered(2, "5 ms", &["by_spikes=0.5"]));
    let both = filtered(3, "30 ms", &["c_soma=300 pF"]);
    is_that_of_an_eager_simulator(&both);
    nothing_changes(&both, run);
}

fn is_that_of_an_eager_simulator(scenario: &Scenario) {
    let seed = scenario.seed;
    let network = network::build(scenario, 1, 1, None).expect("it can be built");
    let problem = problem(scenario, &network);
    let (spikes, weights) = simulate_dendritic(&problem);
    let outcome = run(scenario, 1, 1, Span::from_whole_ms(1_000));
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

/// Grids of 0.1 and 1 ms, on which accepted proposals wait for their grid point, many arrivals share a tick, and
/// spikes fall on ends of epochs.
#[test]
fn both_lanes_fire_alike() {
    for grid in [1, 100_000, 1_000_000] {
        let mut scenario = small(4);
        scenario.resolution = Resolution::new(Span(grid)).expect("it is not zero");
        let by_row = run(&scenario, 1, 1, Span::from_whole_ms(1_000));
        let singly = run_singly(&scenario, 1, 1, Span::from_whole_ms(1_000));
        assert!(by_row.counts.spikes > 4_000, "{grid}: {} spikes", by_row.counts.spikes);
        assert_eq!(by_row.digest, singly.digest, "{grid}");
        assert_ne!(by_row.state_digest, singly.state_digest, "it is one lane");
        assert_eq!(by_row.counts.synaptic_events, singly.counts.synaptic_events, "{grid}");
        for (a, b) in by_row.traces[0].values.iter().zip(&singly.traces[0].values) {
            assert!((a - b).abs() < 1e-6 * b.abs().max(1.0), "{grid}: {a} Hz and {b} Hz");
        }
        for shards in [2, 3, 5] {
            let other = run(&scenario, shards, 1, Span::from_whole_ms(1_000));
            assert_eq!(by_row.state_digest, other.state_digest, "{grid}: {shards} shards");
        }
    }
}

/// Where a soma is held so low that spikes are rare, the network is run in cells, which do not walk through
/// proposals at the full rate for ever.
#[test]
fn rare_spikes_are_left_to_cells() {
    let mut scenario = small(5);
    scenario.teachers[0].clamp_mv = -140.0;
    let automatic = run(&scenario, 1, 1, Span::from_whole_ms(1_000));
    let singly = run_singly(&scenario, 1, 1, Span::from_whole_ms(1_000));
    assert!(automatic.counts.spikes > 4_000, "{} spikes", automatic.counts.spikes);
    assert_eq!(automatic.digest, singly.digest);
    assert_eq!(automatic.state_digest, singly.state_digest);
}

/// Five notes of 20 ms, each of which tells the next one, repeated 400 times: how the tenth cycle that is played
/// freely correlates with them.
fn five_notes(eta: &str) -> f64 {
    let text = std::fs::read_to_string(scenarios().join("elise.toml")).expect("it is shipped");
    let eta: Vec<String> = (2..6).map(|k| format!("projection.{k}.plasticity.eta={eta}")).collect();
    let mut changes = vec![
        "duration=41 s",
        "population.visible.size=5",
        "population.latent.size=10",
        "teacher.0.score=[[0], [1], [2], [3], [4]]",
        "teacher.0.elements=5",
        "teacher.0.element=20 ms",
        "teacher.0.phases=[[\"0 s\", \"teach\"], [\"40 s\", \"free\"]]",
        "record.state.0.start=40 s",
    ];
    changes.extend(eta.iter().map(String::as_str));
    let changes: Vec<_> = changes.into_iter().map(|change| change.into()).collect();
    let scenario =
        scenario::parse(&Source::new("elise.toml", text), &FilesIn(scenarios()), &changes)
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let outcome = run(&scenario, 1, 1, Span::from_whole_ms(1_000));
    let replay = &outcome.traces[0].values;
    let song: Vec<f64> = (0..500)
        .map(|place| {
            let u = potential(&scenario.teachers[0], place % 5, (place / 5) as i64);
            1.0 / (1.0 + exp(0.3 * (-58.0 - u)))
        })
        .collect();
    compare::compare(&song, &replay[replay.len() - 500..], 5).correlation
}

#[test]
fn a_short_song_is_learned_and_played_from_memory() {
    let (learned, fixed) = (five_notes("0.2 mV"), five_notes("0 mV"));
    assert!(learned > 0.85, "{learned}");
    assert!(fixed < 0.5, "{fixed}");
}

/// The oracle without spikes learns the same song, and does not if nothing is learned.
#[test]
fn rates_learn_the_short_song_too() {
    let play = |eta: f64| {
        let network = RateNetwork {
            visible: 5,
            latent: 20,
            score: (0..5).map(|k| vec![k]).collect(),
            element_ms: 20,
            eta: [eta; 2],
            follow_ms: 25,
            scaffold: true,
            latents_learn: true,
            latents_have_dendrites: true,
            seed: 1,
        };
        let mut rates = Rates::new(network);
        (0..200).for_each(|_| drop(rates.cycle(true)));
        let played = (0..10).map(|_| rates.cycle(false)).last().expect("ten cycles");
        compare::compare(&rates.song(), &played, 5).correlation
    };
    let (learned, fixed) = (play(0.02), play(0.0));
    assert!(learned > 0.85, "{learned}");
    assert!(fixed < 0.5, "{fixed}");
}

/// What is written is a MIDI file of one track whose notes are those that were on.
#[test]
fn a_replay_can_be_heard() {
    // Neuron 0 for 10 ms, then neuron 2 for 5, and neuron 1 too short to be a note.
    let on = |step: usize| match step {
        0..10 => [1.0, 0.0, 0.0],
        10..15 => [0.2, 0.0, 1.0],
        15..17 => [0.0, 1.0, 0.0],
        _ => [0.0; 3],
    };
    let file = midi::file(&(0..20).flat_map(on).collect::<Vec<f64>>(), 3, 1.0);
    let expected = [
        b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk\x00\x00\x00\x1c".as_slice(),
        &[0, 0xff, 0x51, 3, 0x07, 0xa1, 0x20],
        &[0, 0x90, 76, 96],
        // 200 ticks later, in two groups of seven bits.
        &[0x81, 0x48, 0x80, 76, 0],
        &[0, 0x90, 74, 96],
        &[0x64, 0x80, 74, 0],
        &[0, 0xff, 0x2f, 0],
    ];
    assert_eq!(file, expected.concat());
}
