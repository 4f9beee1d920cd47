//! Networks whose leaks make up for what is pruned (`diagonal = "row_sum"`).
//!
//! Promise: the leak of a neuron changes at the stated tick of each decision by exactly what its inputs have
//! lost in sum, whatever shards, threads and how often synapses are settled; so the slack of a row
//! is at the end what it was at the start. Method: random networks of `hawkes` neurons with two
//! projections of their own decisions, some of which follow each other faster than spikes travel; each
//! synapse is stepped through the recorded spikes alone, and the self weights are sampled at every
//! step. It would catch a synapse that decides after the sum was taken, a change that is counted with
//! another decision, or a spike that meets new weights and an old leak.

use super::learning_tests::{outcome, projection_of, trains};
use super::pruning_tests::marks;
use super::{Control, Options, run_owned};
use crate::base::{Span, Tick};
use crate::network::{self, Network};
use crate::plasticity::noise_prune::NoisePrune;
use crate::plasticity::patch::{Patch, Protocol};
use crate::record::Outcome;
use crate::scenario::{self as scenarios, NoFiles, Projection, Scenario, Source};
use std::collections::BTreeMap;

/// Values with which some synapses stay and some go. In the third rounds are shorter than delays.
const VARIANTS: [&str; 4] = [
    "policy = 'uniform', kappa = 0.6, min_spikes = 1, probe = '51 ms', rounds = 5, pause = '7 ms'",
    "kappa = 20, gain = 1e-3, min_spikes = 2, probe = '120 ms', start = '20 ms', rounds = 2",
    "policy = 'uniform', kappa = 0.7, min_spikes = 1, probe = '4.00003 ms', rounds = 80",
    "policy = 'weight', kappa = 0.4, min_spikes = 1, probe = '100 ms', rounds = 3, \
     pairs = 'directed'",
];
const DIVISIONS: [&str; 3] = ["'whole'", "'half'", "'0.3 ms'"];
const NETWORKS: usize = 12;
const CELLS: usize = 20;
/// Between samples of the self weights.
const STEP: u64 = 100_000;

fn scenario(which: usize) -> Scenario {
    let (variant, division) = (VARIANTS[which % 4], DIVISIONS[which % 3]);
    let delay = ["{ uniform = ['0.4 ms', '6 ms'] }", "'1.5 ms'"][which / 2 % 2];
    let resolution = ["1 ns", "0.1 ms"][which / 4 % 2];
    let mut text = format!(
        "title = 't'\nseed = {which}\nduration = '350 ms'\nresolution = '{resolution}'\n\
         [record]\nspikes = 'all'\nweights = true\npruned = true\n\
         state = [{{ population = 'cells', variables = ['self_weight'], interval = '0.1 ms' }}]\n\
         [population.input]\nmodel = 'poisson'\nsize = 15\nparams = {{ rate = '60 Hz' }}\n\
         [population.cells]\nmodel = 'hawkes'\nsize = {CELLS}\n\
         params = {{ tau = '15 ms', mu = '60 Hz' }}\n\
         init = {{ self_weight = {{ uniform = ['-20 Hz', '10 Hz'] }} }}\n"
    );
    for source in ["input", "cells"] {
        text += &format!(
            "[[projection]]\nsource = '{source}'\ntarget = 'cells'\n\
             connect = {{ rule = 'fixed_indegree', indegree = 8 }}\n\
             weight = {{ uniform = ['-3 Hz', '3 Hz'] }}\ndelay = {delay}\n\
             plasticity = {{ rule = 'noise_prune', diagonal = 'row_sum', {variant}, \
             dendritic_delay = {division} }}\n"
        );
    }
    scenarios::parse(&Source::new("t.toml", text.clone()), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// The self weights of all cells, time by time.
fn self_weights(outcome: &Outcome) -> Vec<&[f64]> {
    outcome.traces[0].values.chunks(CELLS).collect()
}

/// By tick at the somata, how much leaks change, if every synapse is alone with the spikes of the run.
fn expected(
    scenario: &Scenario,
    network: &Network,
    outcome: &Outcome,
) -> BTreeMap<Tick, [f64; CELLS]> {
    let trains = trains(network, outcome);
    let first = network.partition.population(1).start;
    let longest = |projection: &Projection| {
        let mine =
            network.edges().filter(|e| projection_of(scenario, network, e) == Some(projection));
        mine.map(|edge| edge.delay).max().expect("there are synapses")
    };
    let longest: Vec<Span> = scenario.projections.iter().map(longest).collect();
    let mut changes: BTreeMap<Tick, [f64; CELLS]> = BTreeMap::new();
    for edge in network.edges() {
        let projection = projection_of(scenario, network, &edge).expect("all of them learn");
        let plasticity = &projection.plasticity;
        let path = plasticity.dendritic.path(edge.delay).expect("it was checked");
        let mut patch = Patch::<NoisePrune, f32>::new(&plasticity.values, None, scenario.seed);
        patch.connect(edge.weight.into(), path);
        patch.target = edge.target;
        patch.inputs[0].source = edge.source;
        let end = Tick(scenario.duration.0);
        let sources = vec![trains[edge.source.0 as usize].clone()];
        let target = trains[edge.target.0 as usize].clone();
        let protocol = Protocol { sources, target, ..Protocol::default() };
        patch.run(&protocol);
        patch.finish(&protocol, end);
        let place = scenario.projections.iter().position(|other| other == projection).unwrap();
        let dendritic = plasticity.dendritic.path(longest[place]).unwrap().dendritic;
        for verdict in patch.verdicts {
            let step = scenario.resolution.span().0;
            let at = Tick((verdict.at + dendritic).0.next_multiple_of(step));
            if at < end {
                changes.entry(at).or_insert([0.0; CELLS])[(edge.target.0 - first) as usize] +=
                    verdict.before.abs() - verdict.after.abs();
            }
        }
    }
    changes
}

#[test]
fn leaks_change_by_what_inputs_have_lost_when_it_says() {
    let (mut decisions, mut moved) = (0, 0.0f64);
    for which in 0..NETWORKS {
        let scenario = scenario(which);
        let options = Options { settle_every: Span(9_000_001), ..Options::threads(1) };
        let (network, outcome) = outcome(&scenario, 2, options);
        let found = self_weights(&outcome);
        let mut changes = expected(&scenario, &network, &outcome).into_iter().peekable();
        let mut now = found[0].to_vec();
        for (time, sample) in found.iter().enumerate() {
            while let Some((_, change)) = changes.next_if(|&(at, _)| at.0 <= time as u64 * STEP) {
                now.iter_mut().zip(change).for_each(|(now, change)| *now += change);
                decisions += 1;
                moved = change.iter().fold(moved, |most, change| most.max(change.abs()));
            }
            for (found, now) in sample.iter().zip(&now) {
                assert!((found - now).abs() < 1e-9, "network {which}, step {time}: {found} {now}");
            }
        }
    }
    assert!(decisions > 200 && moved > 1.0, "{decisions} decisions, {moved} Hz at the most");
}

/// What of the slack of a row is not its base: own weight and sizes of the weights of its inputs.
fn rows(own: &[f64], inputs: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut rows = own.to_vec();
    inputs.for_each(|(target, weight)| rows[target] += weight.abs());
    rows
}

#[test]
fn the_slack_of_every_row_is_kept() {
    let (mut gone, mut stronger) = (0, 0);
    for which in 0..NETWORKS {
        let scenario = scenario(which);
        let (network, outcome) = outcome(&scenario, 3, Options::threads(2));
        let first = network.partition.population(1).start;
        let samples = self_weights(&outcome);
        let place = |target: u32| (target - first) as usize;
        let edges = network.edges().map(|edge| (place(edge.target.0), f64::from(edge.weight)));
        let before = rows(samples[0], edges);
        let left = outcome.weights.as_ref().expect("they are recorded");
        let left = left.target.iter().zip(&left.weight).map(|(&t, &w)| (place(t), f64::from(w)));
        let after = rows(samples.last().expect("there are samples"), left);
        for (before, after) in before.iter().zip(&after) {
            let gap = (before - after).abs();
            assert!(gap < 1e-6 * before.abs().max(1.0), "network {which}: {before} {after}");
        }
        gone += outcome.pruning.total();
        stronger += outcome.pruning.strengthened;
    }
    assert!(gone > 500 && stronger > 500, "{gone} gone, {stronger} times stronger");
}

#[test]
fn leaks_do_not_depend_on_shards_threads_and_settling() {
    for which in 0..NETWORKS {
        let scenario = scenario(which);
        let (_, alone) = outcome(&scenario, 1, Options::threads(1));
        for shards in [1, 2, 3, 5] {
            for threads in [1, 2] {
                let every = [300_001, 7_000_000, u64::MAX][(shards as usize + threads) % 3];
                let options = Options { settle_every: Span(every), ..Options::threads(threads) };
                let (network, other) = outcome(&scenario, shards, options);
                let name = format!("network {which}: {shards} shards, {threads} threads, {every}");
                assert!(marks(&other) == marks(&alone), "{name}");
                assert!(self_weights(&other) == self_weights(&alone), "{name}");
                drop(network);
            }
        }
        let network = network::build(&scenario, 2, 1, None).expect("it can be built");
        let owned = run_owned(&scenario, network, Options::threads(2), &|_| Control::Continue);
        assert!(marks(&owned.unwrap()) == marks(&alone), "network {which}: memory handed over");
    }
}

/// Promise: a synapse of a neuron with itself is part of the diagonal and stays as it is.
#[test]
fn leaks_go_on_where_they_were_saved() {
    (0..4).for_each(|which| super::checkpoint_tests::goes_on(&scenario(which)));
}

#[test]
fn a_synapse_of_a_neuron_with_itself_is_left_alone() {
    let rule = |diagonal: &str| {
        let text = format!(
            "duration = '200 ms'\nrecord = {{ weights = true }}\n\
             [population.cells]\nmodel = 'hawkes'\nsize = 6\nparams = {{ mu = '200 Hz' }}\n\
             [[projection]]\nsource = 'cells'\ntarget = 'cells'\n\
             connect = {{ rule = 'all_to_all' }}\nweight = '-1 Hz'\ndelay = '1 ms'\n\
             plasticity = {{ rule = 'noise_prune', policy = 'uniform', kappa = 1e-9, min_spikes = 1, \
             rescale_cap = 1e12, probe = '150 ms', diagonal = '{diagonal}' }}\n"
        );
        let scenario = scenarios::parse(&Source::new("t.toml", text), &NoFiles, &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
        let (_, outcome) = outcome(&scenario, 2, Options::threads(1));
        let weights = outcome.weights.expect("they are recorded");
        weights.source.iter().copied().zip(weights.target.iter().copied()).collect::<Vec<_>>()
    };
    assert!(rule("original").is_empty());
    assert_eq!(rule("row_sum"), (0..6).map(|neuron| (neuron, neuron)).collect::<Vec<_>>());
}
