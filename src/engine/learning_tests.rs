//! Networks that learn, against their synapses one by one.
//!
//! Promise: in a network every synapse does what its rule does to a synapse that is alone with the
//! spikes of its source and its target; this does not depend on shards, threads, lanes or on how
//! often synapses are settled and histories forgotten. Method: random networks are run, and each of
//! their synapses is stepped through the recorded spikes by the eager oracle of its rule. It would
//! catch a spike of a target that is noted too late, a slice that is too long, arrivals out of
//! order, a history that is forgotten too early, weights that are read before they are settled.

use super::{Control, Lane, Options, run, run_owned};
use crate::base::random::{Purpose, Stream};
use crate::base::{Span, Tick};
use crate::network::{self, Edge, Network};
use crate::plasticity::oracle::{self, Happening, Values};
use crate::record::Outcome;
use crate::scenario::{
    self, Connect, Dendritic, Distribution, NoFiles, Projection, Scenario, Source,
};

/// Networks for each rule.
const NETWORKS: u64 = 12;
/// Networks for each rule in which trains are forgotten: a thousand in all.
const FORGETFUL: u64 = 143;

/// Every rule that runs with values that let weights move, with weights in brackets.
pub(super) const RULES: &[(&str, &[&str])] = &[
    (
        "stdp",
        &[
            "w_max = <1>, lambda = 0.05, alpha = 1.1",
            "w_max = <1>, lambda = 0.1, form = 'multiplicative', pairing = 'nearest_symmetric'",
            "w_max = <1>, lambda = 0.1, form = 'power', mu_plus = 1.5, mu_minus = 2, \
             pairing = 'nearest_restricted', short_term = { u = 0.4, tau_rec = '80 ms' }",
            "w_max = <1>, lambda = 0.05, form = 'morrison', mu_plus = 0.4, w_ref = <0.3>, \
             pairing = 'nearest_pre_centred'",
        ],
    ),
    ("stdp_triplet", &["w_max = <1>, a2_plus = 0.01, a2_minus = 0.02, a3_plus = 0.02"]),
    ("vogels_inhibitory", &["w_max = <-1>, eta = 0.05, rate = '20 Hz'"]),
    ("short_term", &["u = 0.3, tau_rec = '100 ms', tau_fac = '200 ms'"]),
    (
        "stdp_dopamine",
        &["w_max = <1>, w_min = <-0.1>, a_plus = <0.2>, a_minus = <0.3>, b = '4 Hz', \
         modulator = 'reward', modulator_delay = '0.7 ms'"],
    ),
    (
        "synaptic_scaling",
        &["w_max = <1>, w_ref = <0.5>, a_plus = <0.05>, a_minus = <0.06>, \
         speed = '2 Hz', tau_r = '100 ms', rate = '30 Hz', s_min = 0.5, s_max = 3"],
    ),
    (
        "stdp_reserve",
        &[
            "w_max = <1>, w_ref = <0.5>, a_plus = <0.05>, a_minus = <0.06>, \
             growth = <0.01>, supply = <0.01>, reserve = <0.3>, reserve_max = <1>, \
             reserve_ref = <0.5>, bound = 'shared'",
            "w_max = <1>, w_ref = <0.5>, a_plus = <0.05>, a_minus = <0.06>, \
             growth = <0.01>, supply = <0.01>, reserve = <0.3>, reserve_max = <1>, \
             reserve_ref = <0.5>, bound = 'soft', gain_max = 1.5",
        ],
    ),
];

/// A random network that learns by a rule. Each pair of populations has one projection at most.
pub(super) fn scenario(rule: &str, variants: &[&str], which: u64) -> Scenario {
    let mut draw = Stream::new(which, Purpose::Initial, 4711, rule.len() as u64);
    let mut one_of =
        |choices: &[&str]| choices[draw.below(choices.len() as u64) as usize].to_string();
    let (model, unit, strong) = match which % 3 {
        0 => ("lif_delta", "mV", 9.0),
        1 => ("lif_exp", "pA", 1800.0),
        // A network of two models runs in the lane of cells.
        _ => ("lif_exp", "pA", 1800.0),
    };
    let with_parrots = which % 3 == 2;
    let pool = rule == "stdp_reserve";
    let resolution = one_of(&["1 ns", "0.1 ms"]);
    let division = if pool {
        one_of(&["'0.3 ms'", "'0.1 ms'"])
    } else {
        one_of(&["'whole'", "'half'", "'0.3 ms'", "'0.1 ms'"])
    };
    let values = variants[(which / 3) as usize % variants.len()].to_string();
    let negative = rule == "vogels_inhibitory";
    // A weight without a unit is a bare number.
    let united = |text: &str, unit: &str| match unit {
        "" => text.replace(['<', '>'], ""),
        _ => text.replace('<', "'").replace('>', &format!(" {unit}'")),
    };
    let plastic = |unit: &str| {
        let text =
            format!("plasticity = {{ rule = '{rule}', {values}, dendritic_delay = {division} }}");
        united(&text, unit)
    };
    let range =
        if negative { "{ uniform = [<-0.9>, <-0.1>] }" } else { "{ uniform = [<0.1>, <0.9>] }" };
    let weight = |unit: &str| united(range, unit);
    let mut delay = || {
        one_of(&[
            "'1.5 ms'",
            "{ uniform = ['0.4 ms', '6 ms'] }",
            "{ uniform = ['0.3 ms', '0.9 ms'] }",
        ])
    };
    let mut text = format!(
        "title = 't'\nseed = {which}\nduration = '350 ms'\nresolution = '{resolution}'\n\
         [record]\nspikes = 'all'\nweights = true\npruned = true\n\
         [population.input]\nmodel = 'poisson'\nsize = 15\nparams = {{ rate = '40 Hz' }}\n\
         [population.reward]\nmodel = 'poisson'\nsize = 3\nparams = {{ rate = '10 Hz' }}\n\
         [population.cells]\nmodel = '{model}'\nsize = 20\n\
         [[background]]\ntarget = 'cells'\nrate = '90 Hz'\nweight = '{strong} {unit}'\n"
    );
    for source in ["input", "cells"] {
        text += &format!(
            "[[projection]]\nsource = '{source}'\ntarget = 'cells'\n\
             connect = {{ rule = 'fixed_indegree', indegree = 6 }}\n\
             weight = {}\ndelay = {}\n{}\n",
            weight(unit),
            delay(),
            plastic(unit)
        );
    }
    if with_parrots {
        text += &format!(
            "[population.parrots]\nmodel = 'parrot'\nsize = 9\n\
             [[projection]]\nsource = 'input'\ntarget = 'parrots'\n\
             connect = {{ rule = 'fixed_indegree', indegree = 2 }}\n\
             weight = {}\ndelay = {}\n{}\n\
             [[projection]]\nsource = 'parrots'\ntarget = 'cells'\n\
             connect = {{ rule = 'fixed_indegree', indegree = 2 }}\n\
             weight = '{} {unit}'\ndelay = {}\n",
            weight(""),
            delay(),
            plastic(""),
            strong / 2.0,
            delay()
        );
    }
    scenario::parse(&Source::new("t.toml", text.clone()), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn each(networks: u64, mut visit: impl FnMut(&str, &Scenario)) {
    for (rule, variants) in RULES {
        for which in 0..networks {
            visit(rule, &scenario(rule, variants, which));
        }
    }
}

pub(super) fn outcome(scenario: &Scenario, shards: u32, options: Options) -> (Network, Outcome) {
    let network = network::build(scenario, shards, 1, None).unwrap_or_else(|e| panic!("{e}"));
    let outcome = run(scenario, &network, options, &|_| Control::Continue).unwrap();
    (network, outcome)
}

/// What decides about the equality of two runs.
fn marks(outcome: &Outcome) -> (&str, &str, Vec<u32>) {
    let weights = outcome.weights.as_ref().expect("they are recorded");
    let bits = weights.weight.iter().map(|weight| weight.to_bits()).collect();
    (&outcome.digest, &outcome.state_digest, bits)
}

/// The spikes of every neuron.
pub(super) fn trains(network: &Network, outcome: &Outcome) -> Vec<Vec<Tick>> {
    let mut trains = vec![Vec::new(); network.partition.neurons() as usize];
    outcome.spikes.iter().for_each(|spike| trains[spike.neuron.0 as usize].push(spike.tick));
    trains
}

/// The projection of an edge, if it learns.
pub(super) fn projection_of<'s>(
    scenario: &'s Scenario,
    network: &Network,
    edge: &Edge,
) -> Option<&'s Projection> {
    let populations = [edge.source, edge.target].map(|n| network.partition.population_of(n));
    let projections = &scenario.projections;
    let joins = |p: &&Projection| [p.source, p.target] == populations && !p.is_fixed();
    projections.iter().find(joins)
}

/// A synapse, alone with the spikes of a run: what the oracle takes its weight for at the end.
fn alone(
    scenario: &Scenario,
    network: &Network,
    trains: &[Vec<Tick>],
    edge: &Edge,
    plasticity: &scenario::Plasticity,
) -> f64 {
    let end = Tick(scenario.duration.0);
    let path = plasticity.dendritic.path(edge.delay).expect("it was checked");
    let until = |train: &[Tick], span: Span| -> Vec<Tick> {
        train.iter().copied().filter(|&at| at + span < end).collect()
    };
    let source = until(&trains[edge.source.0 as usize], path.axonal);
    let target = until(&trains[edge.target.0 as usize], path.dendritic);
    let mut modulator = Vec::new();
    if let Some(by) = plasticity.modulator {
        for neuron in network.partition.population(by.population) {
            modulator.extend(trains[neuron as usize].iter().map(|&at| at + by.delay));
        }
        modulator.retain(|&at| at < end);
    }
    let mut happenings = oracle::happenings(path, &source, &target, &modulator);
    happenings.push((end.0 as f64 / 1e6, Happening::Look));
    let values = Values { descriptor: plasticity.rule, values: &plasticity.values };
    let weight = f64::from(edge.weight);
    let weights = match plasticity.rule.name {
        "stdp" => oracle::stdp(&values, weight, &happenings),
        "stdp_triplet" => oracle::stdp_triplet(&values, weight, &happenings),
        "vogels_inhibitory" => oracle::vogels(&values, weight, &happenings),
        "stdp_dopamine" => oracle::stdp_dopamine(&values, weight, &happenings),
        "synaptic_scaling" => oracle::scaling(&values, weight, &happenings, path.dendritic.ms()),
        _ => vec![weight],
    };
    *weights.last().expect("somebody looked")
}

/// The inputs of one target that share a reserve, alone with the spikes of a run.
fn pool(
    scenario: &Scenario,
    trains: &[Vec<Tick>],
    inputs: &[Edge],
    plasticity: &scenario::Plasticity,
) -> Vec<f64> {
    let end = Tick(scenario.duration.0);
    let ms = |train: &[Tick], span: Span| -> Vec<f64> {
        let at = train.iter().map(|&at| at + span).filter(|&at| at < end);
        at.map(|at| at.0 as f64 / 1e6).collect()
    };
    let path = |edge: &Edge| plasticity.dendritic.path(edge.delay).expect("it was checked");
    let arrivals: Vec<Vec<f64>> =
        inputs.iter().map(|edge| ms(&trains[edge.source.0 as usize], path(edge).axonal)).collect();
    let target = ms(&trains[inputs[0].target.0 as usize], path(&inputs[0]).dendritic);
    let weights: Vec<f64> = inputs.iter().map(|edge| f64::from(edge.weight).abs()).collect();
    let values = Values { descriptor: plasticity.rule, values: &plasticity.values };
    let bound = values.of("w_max").abs();
    let eager = oracle::stdp_reserve(&values, &weights, &arrivals, &target);
    eager.weights.into_iter().map(|weight| weight.min(bound)).collect()
}

/// Every edge that learns with its weight at the end, and what it should be.
fn compare(rule: &str, scenario: &Scenario, lane: Lane) -> (usize, usize) {
    let (network, outcome) = outcome(scenario, 2, Options { lane, ..Options::threads(1) });
    let trains = trains(&network, &outcome);
    let edges: Vec<Edge> = network.edges().collect();
    let found = &outcome.weights.as_ref().expect("they are recorded").weight;
    assert_eq!(edges.len(), found.len());
    let (mut compared, mut moved) = (0, 0);
    let mut check = |edge: &Edge, found: f32, expected: f64| {
        let error = (f64::from(found) - expected).abs();
        let start = edge.weight;
        let line = format!("{rule} {}: {start} to {found}, not {expected}", scenario.seed);
        assert!(error < 1e-5, "{line}: {edge:?}");
        compared += 1;
        moved += usize::from((found - edge.weight).abs() > 1e-3);
    };
    if rule != "stdp_reserve" {
        for (edge, &weight) in edges.iter().zip(found) {
            if let Some(projection) = projection_of(scenario, &network, edge) {
                let expected = alone(scenario, &network, &trains, edge, &projection.plasticity);
                check(edge, weight, expected);
            }
        }
        return (compared, moved);
    }
    for projection in scenario.projections.iter().filter(|p| !p.is_fixed()) {
        for target in network.partition.population(projection.target) {
            let is_input = |edge: &Edge| {
                edge.target.0 == target
                    && projection_of(scenario, &network, edge) == Some(projection)
            };
            let places: Vec<usize> = (0..edges.len()).filter(|&e| is_input(&edges[e])).collect();
            let inputs: Vec<Edge> = places.iter().map(|&place| edges[place]).collect();
            let expected = pool(scenario, &trains, &inputs, &projection.plasticity);
            for (place, expected) in places.into_iter().zip(expected) {
                check(&edges[place], found[place], expected);
            }
        }
    }
    (compared, moved)
}

#[test]
fn synapses_of_a_network_do_what_they_do_alone() {
    let (mut compared, mut moved) = (0, 0);
    each(NETWORKS, |rule, scenario| {
        for lane in [Lane::Automatic, Lane::Singly] {
            let (all, changed) = compare(rule, scenario, lane);
            compared += all;
            moved += if rule == "short_term" { all } else { changed };
        }
    });
    assert!(moved * 10 > compared * 8, "{moved} of {compared} weights moved");
}

#[test]
fn learning_does_not_depend_on_shards_and_threads() {
    each(NETWORKS, |rule, scenario| {
        for lane in [Lane::Automatic, Lane::Singly] {
            let options = |threads| Options { lane, ..Options::threads(threads) };
            let (_, alone) = outcome(scenario, 1, options(1));
            for (shards, threads) in [(2, 2), (3, 1), (5, 2)] {
                let (_, other) = outcome(scenario, shards, options(threads));
                let (a, b) = (marks(&other), marks(&alone));
                assert!(a == b, "{rule} {}: {shards} shards, {lane:?}", scenario.seed);
            }
        }
    });
}

#[test]
fn settling_and_forgetting_often_changes_no_bit() {
    each(FORGETFUL, |rule, scenario| {
        let every = |settle_every| Options { settle_every, ..Options::threads(1) };
        let (_, never) = outcome(scenario, 2, every(Span(u64::MAX)));
        for span in [Span(300_001), Span(20_000_000)] {
            let (_, often) = outcome(scenario, 2, every(span));
            assert!(marks(&often) == marks(&never), "{rule} {}: every {span}", scenario.seed);
            let held = [&often, &never].map(|outcome| outcome.counts.synapse_bytes);
            assert!(rule == "fixed" || held[0] < held[1], "{rule}: {held:?} bytes are held");
        }
    });
}

/// Promise: spikes that trains have fired do not pile up where their synapses are few, however rarely
/// all are settled; no bit depends on it. Method: 8 MB of spikes of sources with two synapses each.
#[test]
fn what_trains_have_fired_takes_little_memory_beside_the_synapses() {
    let text = "seed = 2\nduration = '1 s'\nrecord = { weights = true }\n\
        [population.input]\nmodel = 'poisson'\nsize = 500\nparams = { rate = '500 Hz' }\n\
        [population.cells]\nmodel = 'lif_delta'\nsize = 50\n\
        [[projection]]\nsource = 'input'\ntarget = 'cells'\n\
        connect = { rule = 'fixed_outdegree', outdegree = 2 }\n\
        weight = '0.1 mV'\ndelay = '1.5 ms'\n\
        plasticity = { rule = 'stdp', w_max = '1 mV' }\n";
    let scenario = scenario::parse(&Source::new("t.toml", text), &NoFiles, &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let every = |settle_every| Options { settle_every, ..Options::threads(1) };
    let (_, rarely) = outcome(&scenario, 2, every(Span(u64::MAX)));
    let (_, often) = outcome(&scenario, 2, every(Span(5_000_000)));
    assert!(marks(&rarely) == marks(&often));
    let held = rarely.counts.synapse_bytes;
    assert!(rarely.counts.spikes > 200_000 && held < 6_000_000, "{held} bytes are held");
}

/// Promise: weights and levels sampled at t are those at the end of a run that stops at t, and
/// sampling moves no bit of anything else. Method: intervals that fall on, beside and between the
/// starts of windows; runs cut short at each of the times.
#[test]
fn sampling_shows_what_a_run_cut_short_would_show_and_changes_nothing() {
    let (mut moved, mut levels_moved) = (0, 0);
    for (rule, variants) in RULES {
        for which in [0, 2, 4, 7] {
            let mut scenario = scenario(rule, variants, which);
            let options = Options { settle_every: Span(700_000), ..Options::threads(2) };
            let (_, plain) = outcome(&scenario, 2, options);
            let every = [Span(37_300_000), Span(50_000_000)][(which / 2 % 2) as usize];
            scenario.record.weights_every = Some(every);
            let (_, sampled) = outcome(&scenario, 2, options);
            assert!(marks(&plain) == marks(&sampled), "{rule} {which}: sampling was seen");
            let (_, other) = outcome(&scenario, 5, Options::threads(1));
            let of = |outcome: &Outcome| outcome.weights.as_ref().unwrap().samples.clone();
            assert!(of(&other) == of(&sampled), "{rule} {which}: samples depend on shards");
            assert!(other.traces == sampled.traces, "{rule} {which}: levels depend on shards");
            let samples = of(&sampled);
            assert_eq!(samples.times.len() as u64, scenario.duration.0.div_ceil(every.0));
            let width = samples.synapses.len();
            for (time, at) in samples.times.iter().enumerate().skip(1) {
                let mut short = scenario.clone();
                short.duration = Span(at.0);
                let (_, short) = outcome(&short, 3, Options::threads(1));
                let end = &short.weights.as_ref().unwrap().weight;
                let found = &samples.weight[time * width..(time + 1) * width];
                for (&place, &weight) in samples.synapses.iter().zip(found) {
                    let expected = end[place as usize];
                    assert!(weight == expected, "{rule} {which} at {at}: {weight}, not {expected}");
                    moved += usize::from(weight != samples.weight[0]);
                }
            }
            for trace in &sampled.traces {
                let first = trace.values[0];
                assert!(trace.values.iter().all(|value| value.is_finite()));
                levels_moved += trace.values.iter().filter(|&&value| value != first).count();
            }
        }
    }
    assert!(moved > 5_000 && levels_moved > 500, "{moved} weights, {levels_moved} levels moved");
}

/// Promise: what a rule's manual states is all that a synapse takes in a network. Method: two silent
/// networks that differ in nothing but how many synapses they have.
#[test]
fn a_synapse_takes_in_a_network_the_bytes_that_are_stated() {
    for (rule, variants) in RULES {
        let held = |indegree: u32| {
            let mut scenario = scenario(rule, variants, 0);
            scenario.duration = Span(1);
            for projection in &mut scenario.projections {
                projection.connect =
                    Connect::FixedIndegree(Distribution::constant(indegree.into()));
            }
            let network = network::build(&scenario, 2, 1, None).unwrap_or_else(|e| panic!("{e}"));
            let observer = |_| Control::Continue;
            let counts = run_owned(&scenario, network, Options::threads(1), &observer);
            let counts = counts.unwrap().counts;
            (counts.synapses_left, counts.synapse_bytes)
        };
        let ((few, less), (many, more)) = (held(3), held(11));
        let stated = u64::from(crate::plasticity::find(rule).expect("a rule").bytes);
        assert!(many > few && more - less == stated * (many - few), "{rule}: {less} to {more}");
    }
}

#[test]
fn a_division_of_the_delay_that_cannot_be_run_is_refused() {
    let mut scenario = scenario("stdp", RULES[0].1, 0);
    scenario.resolution = crate::base::Resolution::FINEST;
    scenario.projections[0].plasticity.dendritic = Dendritic::Fixed(Span(10));
    let error = network::build(&scenario, 2, 1, None).unwrap_err().to_string();
    assert!(error.contains("projection 0") && error.contains("too short"), "{error}");
    let mut drawn = scenario.clone();
    drawn.projections[0].plasticity.dendritic = Dendritic::Whole;
    drawn.projections[0].weight = scenario::Shape::Uniform { low: 0.5, high: 2.0 }.into();
    let error = network::build(&drawn, 2, 1, None).unwrap_err().to_string();
    assert!(error.contains("beyond w_max"), "{error}");
}
