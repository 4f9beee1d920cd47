//! Networks that are pruned while they run.
//!
//! Promise: in a network every synapse is kept, strengthened or removed as if it were alone with the
//! spikes of its source and its target; this does not depend on shards, threads, lanes, on how often
//! synapses are settled, or on when what is dead is taken out of the rows; memory goes back. Method:
//! random networks are run, and each of their synapses is stepped through the recorded spikes alone;
//! parrots show which spikes a removed synapse still delivered. It would catch a decision that
//! depends on a window, a spike that is led to the wrong synapse after rows were closed up, a
//! tombstone that transmits, counts that include the dead.

use super::checkpoint_tests::goes_on;
use super::learning_tests::{outcome, projection_of, scenario, trains};
use super::{Control, Lane, Options, run_owned};
use crate::base::{NeuronId, Span, Tick};
use crate::network::{self, Edge, Network};
use crate::plasticity::noise_prune::NoisePrune;
use crate::plasticity::patch::{Patch, Protocol};
use crate::plasticity::stdp::Stdp;
use crate::plasticity::stdp_decay::StdpDecay;
use crate::plasticity::{Descriptor, Rule, Stored};
use crate::record::{Cause, Outcome, Removal, Removals};
use crate::scenario::{self as scenarios, NoFiles, Pruning, Scenario, Source, Weakest};

/// Networks for each test.
const NETWORKS: u64 = 16;

/// Values with which some synapses stay and some go, in several rounds.
const VARIANTS: &[&str] = &[
    "kappa = 30, gain = 0.02, min_spikes = 2, probe = '120 ms', start = '20 ms', rounds = 2",
    "policy = 'uniform', kappa = 0.6, min_spikes = 1, probe = '51 ms', rounds = 5, pause = '7 ms'",
    "policy = 'weight', kappa = 2, gain = 0.5, min_spikes = 1, probe = '90 ms', rounds = 3, \
     pairs = 'directed'",
    "policy = 'variance', kappa = 20, gain = 0.01, min_spikes = 2, probe = '140 ms', rounds = 2, \
     rescale_cap = 4, short_term = { u = 0.4, tau_rec = '80 ms' }",
];

/// Values with which some weights fade away and others are kept up.
const FADING: &[&str] = &[
    "w_max = <1>, threshold = 0.09, tau_decay = '300 ms', lambda = 0.1, alpha = 0.3",
    "w_max = <1>, threshold = 0.05, tau_decay = '100 ms', lambda = 0.2, alpha = 0.4, \
     short_term = { u = 0.4, tau_rec = '80 ms' }",
];

fn networks() -> impl Iterator<Item = Scenario> {
    let by_rule = (0..NETWORKS).map(|which| scenario("noise_prune", VARIANTS, which));
    by_rule.chain((0..NETWORKS).map(|which| scenario("stdp_decay", FADING, which)))
}

/// The rule by which a network of these learns.
fn rule(scenario: &Scenario) -> &'static Descriptor {
    scenario.projections[0].plasticity.rule
}

/// What decides about the equality of two runs.
pub(super) fn marks(outcome: &Outcome) -> impl PartialEq + std::fmt::Debug + '_ {
    let weights = outcome.weights.as_ref().expect("they are recorded");
    let bits: Vec<u32> = weights.weight.iter().map(|weight| weight.to_bits()).collect();
    let spikes = (&outcome.digest, &outcome.state_digest);
    let events = (outcome.counts.synaptic_events, outcome.counts.synapses_left);
    (spikes, bits, &weights.source, &weights.target, &outcome.pruning, events)
}

/// What is left of a synapse, by its ends, delay and bits; removals likewise.
type Found = (Vec<(u32, u32, u32, u32)>, Vec<(Tick, u32, u32, u32)>);

fn found(outcome: &Outcome) -> Found {
    let weights = outcome.weights.as_ref().expect("they are recorded");
    let left = (0..weights.source.len()).map(|place| {
        let (source, target) = (weights.source[place], weights.target[place]);
        (source, target, weights.delay[place], weights.weight[place].to_bits())
    });
    let removals = &outcome.pruning.removals.as_ref().expect("they are recorded").list;
    let gone = |r: &Removal| (r.tick, r.source.0, r.target.0, r.weight.to_bits());
    let (mut left, mut gone): Found = (left.collect(), removals.iter().map(gone).collect());
    left.sort_unstable();
    gone.sort_unstable();
    (left, gone)
}

/// Every synapse alone with the spikes of the run.
fn expected<R: Rule>(scenario: &Scenario, network: &Network, outcome: &Outcome) -> Found {
    let end = Tick(scenario.duration.0);
    let trains = trains(network, outcome);
    let (mut left, mut gone) = (Vec::new(), Vec::new());
    for edge in network.edges() {
        let (source, target) = (edge.source.0, edge.target.0);
        let projection = projection_of(scenario, network, &edge);
        let Some(plasticity) = projection.map(|projection| &projection.plasticity) else {
            left.push((source, target, edge.delay.0 as u32, edge.weight.to_bits()));
            continue;
        };
        let path = plasticity.dendritic.path(edge.delay).expect("it was checked");
        let until = |train: &[Tick], span: Span| -> Vec<Tick> {
            train.iter().copied().filter(|&at| at + span < end).collect()
        };
        let mut patch = Patch::<R, f32>::new(
            &plasticity.values,
            plasticity.short_term.as_deref(),
            scenario.seed,
        );
        patch.connect(edge.weight.into(), path);
        patch.target = edge.target;
        patch.inputs[0].source = edge.source;
        let sources = vec![until(&trains[source as usize], path.axonal)];
        let target_train = until(&trains[target as usize], path.dendritic);
        let protocol = Protocol { sources, target: target_train, ..Protocol::default() };
        patch.run(&protocol);
        patch.finish(&protocol, end);
        let removed = patch.verdicts.iter().find(|verdict| verdict.after == 0.0);
        match removed {
            Some(v) => gone.push((v.at, source, target, f32::store(v.before).to_bits())),
            None => {
                let weight = patch.weight(0, end) as f32;
                left.push((source, target, edge.delay.0 as u32, weight.to_bits()));
            }
        }
    }
    left.sort_unstable();
    gone.sort_unstable();
    (left, gone)
}

#[test]
fn synapses_of_a_network_are_pruned_as_if_alone() {
    let (mut kept, mut gone, mut stronger) = (0, 0, 0);
    for scenario in networks() {
        for lane in [Lane::Automatic, Lane::Singly] {
            let options = Options { lane, settle_every: Span(9_000_001), ..Options::threads(1) };
            let (network, outcome) = outcome(&scenario, 2, options);
            let found = found(&outcome);
            let (alone, cause) = match rule(&scenario).name {
                "noise_prune" => {
                    (expected::<NoisePrune>(&scenario, &network, &outcome), Cause::Rule)
                }
                _ => (expected::<StdpDecay>(&scenario, &network, &outcome), Cause::Threshold),
            };
            assert_eq!(found, alone, "{} {}", rule(&scenario).name, scenario.seed);
            assert_eq!(outcome.pruning.removed[cause as usize], found.1.len() as u64);
            assert_eq!(outcome.pruning.total(), found.1.len() as u64);
            assert_eq!(outcome.counts.synapses_left, found.0.len() as u64);
            assert_eq!(network.synapses, (found.0.len() + found.1.len()) as u64);
            kept += found.0.len();
            gone += found.1.len();
            stronger += outcome.pruning.strengthened;
        }
    }
    let enough = gone * 3 > kept && kept * 3 > gone && stronger > 1000;
    assert!(enough, "{kept} left, {gone} gone, {stronger} strengthened");
}

#[test]
fn pruning_does_not_depend_on_shards_and_threads() {
    for scenario in networks() {
        for lane in [Lane::Automatic, Lane::Singly] {
            let options = |threads| Options { lane, ..Options::threads(threads) };
            let (_, alone) = outcome(&scenario, 1, options(1));
            for shards in [1, 2, 3, 5, 8] {
                for threads in [1, 2] {
                    let (_, other) = outcome(&scenario, shards, options(threads));
                    let seed = scenario.seed;
                    assert!(marks(&other) == marks(&alone), "{seed}: {shards} shards, {lane:?}");
                }
            }
        }
    }
}

#[test]
fn a_network_that_is_pruned_goes_on_where_it_was_saved() {
    networks().for_each(|scenario| goes_on(&scenario));
    for (rule, variants) in RULES {
        (0..NETWORKS).for_each(|which| goes_on(&thinned(rule, variants, which)));
    }
}

#[test]
fn closing_up_rows_changes_no_bit_and_gives_memory_back() {
    let mut shrunk = 0;
    for scenario in networks() {
        for lane in [Lane::Automatic, Lane::Singly] {
            let every = |settle_every| Options { lane, settle_every, ..Options::threads(1) };
            let (network, never) = outcome(&scenario, 3, every(Span(u64::MAX)));
            let (network, found) = (network.bytes(), never.counts);
            for span in [Span(300_001), Span(2_000_000), Span(25_000_000)] {
                let (_, often) = outcome(&scenario, 3, every(span));
                assert!(marks(&often) == marks(&never), "{}: every {span}", scenario.seed);
                let other = network::build(&scenario, 3, 1, None).unwrap();
                let owned = run_owned(&scenario, other, every(span), &|_| Control::Continue);
                let owned = owned.unwrap();
                assert!(marks(&owned) == marks(&never), "{}: every {span}", scenario.seed);
                assert_eq!(owned.counts.synapse_bytes, often.counts.synapse_bytes);
                assert!(owned.counts.synapse_bytes <= found.synapse_bytes, "{network} bytes");
                // Some die after the last walk.
                let gone = never.pruning.total() * u64::from(rule(&scenario).bytes);
                shrunk += u32::from(owned.counts.synapse_bytes + gone / 2 < found.synapse_bytes);
            }
        }
    }
    assert!(shrunk > 60, "memory went back in {shrunk} runs only");
}

/// A source that fires every millisecond on to a parrot, over a synapse that goes at 50 ms.
fn pruned_parrot(division: &str, lane: Lane) -> (Outcome, Tick) {
    let text = format!(
        "duration = '100 ms'\nrecord = {{ pruned = true, weights = true }}\n\
         [population.tick]\nmodel = 'spike_source'\nsize = 1\nparams = {{ times = [[{}]] }}\n\
         [population.parrot]\nmodel = 'parrot'\nsize = 1\n\
         [[projection]]\nsource = 'tick'\ntarget = 'parrot'\nconnect = {{ rule = 'all_to_all' }}\n\
         weight = 1\ndelay = '5 ms'\n\
         plasticity = {{ rule = 'noise_prune', policy = 'uniform', kappa = 1e-9, \
         rescale_cap = 1e12, min_spikes = 1, probe = '50 ms', dendritic_delay = {division} }}\n",
        (1..90).map(|ms| format!("'{ms} ms'")).collect::<Vec<_>>().join(", ")
    );
    let scenario = scenarios::parse(&Source::new("t.toml", text), &NoFiles, &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let (_, outcome) = outcome(&scenario, 1, Options { lane, ..Options::threads(1) });
    let parrot = NeuronId(1);
    let last = outcome.spikes.iter().rev().find(|spike| spike.neuron == parrot);
    let last = last.expect("some spikes arrive").tick;
    (outcome, last)
}

/// Promise: what stands in the manual about spikes under way: one that reaches the synapse before
/// its removal reaches the soma; one that would reach it at that tick or later is lost.
#[test]
fn a_spike_under_way_is_delivered_if_it_has_reached_the_synapse() {
    for lane in [Lane::Automatic, Lane::Singly] {
        // At the synapse a spike is there when it is sent, 4 ms later, or at half of the way.
        for (division, last) in [("'whole'", 54), ("'1 ms'", 50), ("'half'", 52)] {
            let (outcome, found) = pruned_parrot(division, lane);
            assert_eq!(found, Tick(last * 1_000_000), "{division}");
            let removals = outcome.pruning.removals.expect("they are recorded");
            let removal = removals.list[0];
            assert_eq!((removal.tick, removal.weight), (Tick(50_000_000), 1.0));
            assert_eq!((removal.cause, removals.list.len()), (Cause::Rule, 1));
            assert!(outcome.weights.expect("they are recorded").weight.is_empty());
            assert_eq!(outcome.counts.synaptic_events, last - 5);
        }
    }
}

/// Promise: both directions of a symmetric pair share one fate in a network, too, whatever shards
/// they live in.
#[test]
fn both_directions_of_a_pair_go_together() {
    let (mut source, mut target) = (Vec::new(), Vec::new());
    for a in 0..12u32 {
        for b in 0..a {
            source.extend([a, b]);
            target.extend([b, a]);
        }
    }
    let text = format!(
        "seed = 3\nduration = '1 s'\nrecord = {{ pruned = true, weights = true }}\n\
         [population.cells]\nmodel = 'lif_delta'\nsize = 12\n\
         [[background]]\ntarget = 'cells'\nrate = '300 Hz'\nweight = '8 mV'\n\
         [[projection]]\nsource = 'cells'\ntarget = 'cells'\n\
         connect = {{ rule = 'edges', source = {source:?}, target = {target:?} }}\n\
         weight = '1 mV'\ndelay = '2 ms'\n\
         plasticity = {{ rule = 'noise_prune', kappa = 60, gain = 0.001, min_spikes = 3, \
         probe = '250 ms', rounds = 3, dendritic_delay = 'half' }}\n"
    );
    let scenario = scenarios::parse(&Source::new("t.toml", text), &NoFiles, &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    let (_, outcome) = outcome(&scenario, 5, Options::threads(2));
    let (left, gone) = found(&outcome);
    for &(source, target, delay, weight) in &left {
        assert!(left.contains(&(target, source, delay, weight)), "{source} to {target}");
    }
    for &(tick, source, target, weight) in &gone {
        assert!(gone.contains(&(tick, target, source, weight)), "{source} to {target}");
    }
    let counts = (left.len(), gone.len());
    assert!(counts.0 > 10 && counts.1 > 10, "{counts:?}");
    assert!(NoisePrune::DESCRIPTOR.prunes);
}

/// Rules that are pruned at given times.
const RULES: &[(&str, &[&str])] = &[
    ("stdp", &["w_max = <1>, lambda = 0.1, form = 'multiplicative'"]),
    ("fixed", &[""]),
    (
        "stdp_reserve",
        &["w_max = <1>, w_ref = <0.5>, a_plus = <0.05>, a_minus = <0.06>, growth = <0.01>, \
         supply = <0.01>, reserve = <0.3>, reserve_max = <1>, reserve_ref = <0.5>"],
    ),
];

/// Random networks whose weakest synapses are removed, at times on and beside every boundary.
fn thinned(rule: &str, variants: &[&str], which: u64) -> Scenario {
    let mut scenario = match rule {
        "fixed" => scenario("stdp", RULES[0].1, which),
        _ => scenario(rule, variants, which),
    };
    let resolution = scenario.resolution;
    let grid = |ns: u64| resolution.nearest(Tick(ns));
    let fixed = crate::scenario::Plasticity::default();
    for (place, projection) in scenario.projections.iter_mut().enumerate() {
        if projection.plasticity.is_fixed() {
            continue;
        }
        if rule == "fixed" {
            projection.plasticity = fixed.clone();
        }
        let place = place as u64;
        projection.pruning = vec![
            Pruning {
                at: vec![grid(100_000_000), grid(123_456_789 + place), grid(200_100_000)],
                which: Weakest::Fraction(0.2),
            },
            // At the second time both are due, in this order where the grid is coarse.
            Pruning { at: vec![grid(60_000_001), grid(123_456_789)], which: Weakest::Below(0.3) },
        ];
    }
    scenario
}

/// The weight that a spike would find that takes effect at `at`, of a synapse alone.
fn weight_alone<R: Rule>(
    scenario: &Scenario,
    trains: &[Vec<Tick>],
    edge: &Edge,
    plasticity: &crate::scenario::Plasticity,
    at: Tick,
) -> f32 {
    let path = plasticity.dendritic.path(edge.delay).expect("it was checked");
    let until = Tick(at.0.saturating_sub(path.dendritic.0));
    let before = |train: &[Tick], span: Span| -> Vec<Tick> {
        train.iter().copied().filter(|&spike| spike + span < until).collect()
    };
    let mut patch = Patch::<R, f32>::new(&plasticity.values, None, scenario.seed);
    patch.connect(edge.weight.into(), path);
    let sources = vec![before(&trains[edge.source.0 as usize], path.axonal)];
    let target = before(&trains[edge.target.0 as usize], path.dendritic);
    let protocol = Protocol { sources, target, ..Protocol::default() };
    patch.run(&protocol);
    patch.finish(&protocol, until);
    patch.weight(0, until) as f32
}

/// The removals of a run, synapse by synapse, if each is weighed alone.
fn expected_removals(scenario: &Scenario, network: &Network, outcome: &Outcome) -> Vec<Removal> {
    let trains = trains(network, outcome);
    let edges: Vec<Edge> = network.edges().collect();
    let mut removals = Vec::new();
    for (index, projection) in scenario.projections.iter().enumerate() {
        let mine = |edge: &&Edge| projection_of(scenario, network, edge) == Some(projection);
        let mut alive: Vec<&Edge> = edges.iter().filter(mine).collect();
        let mut times: Vec<(Tick, Weakest)> = Vec::new();
        for Pruning { at, which } in &projection.pruning {
            times.extend(at.iter().map(|&at| (at, *which)));
        }
        times.sort_by_key(|&(at, _)| at);
        for (at, which) in times {
            let weigh = |edge: &Edge| match projection.plasticity.rule.name {
                "fixed" => edge.weight,
                _ => weight_alone::<Stdp>(scenario, &trains, edge, &projection.plasticity, at),
            };
            let mut weighed: Vec<(&Edge, f32)> = alive.iter().map(|&e| (e, weigh(e))).collect();
            weighed.sort_by(|(a, v), (b, w)| {
                v.abs().total_cmp(&w.abs()).then((a.source, a.target).cmp(&(b.source, b.target)))
            });
            let gone = match which {
                Weakest::Fraction(share) => (weighed.len() as f64 * share) as usize,
                Weakest::Below(bound) => {
                    weighed.partition_point(|(_, weight)| f64::from(weight.abs()) < bound)
                }
            };
            let cause = match which {
                Weakest::Fraction(_) => Cause::Fraction,
                Weakest::Below(_) => Cause::Below,
            };
            removals.extend(weighed[..gone].iter().map(|&(edge, weight)| Removal {
                tick: at,
                source: edge.source,
                target: edge.target,
                weight,
                projection: index as u32,
                cause,
            }));
            alive = weighed[gone..].iter().map(|&(edge, _)| edge).collect();
        }
    }
    Removals::new(removals).list
}

/// Promise: at the given times exactly the weakest go, weighed as a spike would find them. Method:
/// every synapse alone with the spikes of the run, all of them sorted.
#[test]
fn the_weakest_go_at_the_given_times() {
    for (rule, variants) in &RULES[..2] {
        let mut removed = [0, 0];
        for which in 0..NETWORKS {
            let scenario = thinned(rule, variants, which);
            for lane in [Lane::Automatic, Lane::Singly] {
                let options =
                    Options { lane, settle_every: Span(9_000_001), ..Options::threads(2) };
                let (network, outcome) = outcome(&scenario, 3, options);
                let found = &outcome.pruning.removals.as_ref().expect("they are recorded").list;
                let expected = expected_removals(&scenario, &network, &outcome);
                assert_eq!(found, &expected, "{rule} {which} {lane:?}");
                removed[0] += outcome.pruning.removed[Cause::Fraction as usize];
                removed[1] += outcome.pruning.removed[Cause::Below as usize];
                let left = network.synapses - outcome.pruning.total();
                assert_eq!(outcome.counts.synapses_left, left);
            }
        }
        assert!(removed[0] > 500 && removed[1] > 100, "{rule}: {removed:?}");
    }
}

#[test]
fn pruning_at_given_times_does_not_depend_on_shards_and_threads() {
    for (rule, variants) in RULES {
        for which in 0..NETWORKS / 2 {
            let scenario = thinned(rule, variants, which);
            for lane in [Lane::Automatic, Lane::Singly] {
                let options = |threads| Options { lane, ..Options::threads(threads) };
                let (_, alone) = outcome(&scenario, 1, options(1));
                assert!(alone.pruning.total() > 0);
                for shards in [1, 2, 3, 5, 8] {
                    for threads in [1, 2] {
                        let settle_every = Span(3_000_000 * u64::from(shards));
                        let options = Options { settle_every, ..options(threads) };
                        let (_, other) = outcome(&scenario, shards, options);
                        assert!(
                            marks(&other) == marks(&alone),
                            "{rule} {which}: {shards}, {lane:?}"
                        );
                    }
                }
            }
        }
    }
}

/// Promise: a spike that takes effect before the given time is delivered, one that would take effect
/// at that time or later is not; of synapses of one size those of the smallest source and target go.
#[test]
fn a_spike_that_would_take_effect_at_the_time_is_lost() {
    for lane in [Lane::Automatic, Lane::Singly] {
        let text = format!(
            "duration = '100 ms'\nrecord = {{ pruned = true, weights = true }}\n\
             [population.tick]\nmodel = 'spike_source'\nsize = 2\nparams = {{ times = [[{0}], [{0}]] }}\n\
             [population.parrot]\nmodel = 'parrot'\nsize = 3\n\
             [[projection]]\nsource = 'tick'\ntarget = 'parrot'\n\
             connect = {{ rule = 'all_to_all' }}\nweight = 1\ndelay = '5 ms'\n\
             [[projection.pruning]]\nat = ['50 ms', '60.5 ms', '90 ms']\nfraction = 0.67\n",
            (1..90).map(|ms| format!("'{ms} ms'")).collect::<Vec<_>>().join(", ")
        );
        let scenario = scenarios::parse(&Source::new("t.toml", text), &NoFiles, &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
        let options = Options { lane, ..Options::threads(2) };
        let (_, outcome) = outcome(&scenario, 2, options);
        let removals = outcome.pruning.removals.expect("they are recorded").list;
        let gone: Vec<_> =
            removals.iter().map(|r| (r.tick.0 / 100_000, r.source.0, r.target.0)).collect();
        // Four of six, then one of two (0.67 x 2 = 1.34); of the last one two thirds are none.
        let expected = [(500, 0, 2), (500, 0, 3), (500, 0, 4), (500, 1, 2), (605, 1, 3)];
        assert_eq!(gone, expected);
        let last = |neuron: u32| {
            let mut spikes = outcome.spikes.iter().filter(|spike| spike.neuron.0 == neuron);
            spikes.next_back().expect("some spikes arrive").tick.0 / 1_000_000
        };
        assert_eq!([2, 3, 4].map(last), [49, 60, 94]);
        let weights = outcome.weights.expect("they are recorded");
        assert_eq!((weights.source, weights.target), (vec![1], vec![4]));
    }
}

/// Promise: sizes decide and not signs; of those of one size smaller sources go first and, of one
/// source, smaller targets, wherever delays have put them in its row.
#[test]
fn of_one_size_the_smallest_source_and_target_go_whatever_sign_and_delay() {
    let text = "duration = '20 ms'\nrecord = { pruned = true }\n\
        [population.tick]\nmodel = 'spike_source'\nsize = 2\nparams = { times = [['1 ms'], []] }\n\
        [population.cells]\nmodel = 'lif_delta'\nsize = 4\n\
        [[projection]]\nsource = 'tick'\ntarget = 'cells'\n\
        connect = { rule = 'edges', source = [0, 0, 0, 0, 1, 1], target = [0, 1, 2, 3, 0, 1], \
        weight = ['-1 mV', '1 mV', '-1 mV', '-3 mV', '0.5 mV', '-1 mV'], \
        delay = ['9 ms', '7 ms', '5 ms', '1 ms', '2 ms', '1 ms'] }\n\
        [[projection.pruning]]\nat = '15 ms'\nfraction = 0.5\n";
    let scenario = scenarios::parse(&Source::new("t.toml", text), &NoFiles, &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
    for shards in [1, 3] {
        let (_, outcome) = outcome(&scenario, shards, Options::threads(1));
        let removals = outcome.pruning.removals.expect("they are recorded").list;
        let gone: Vec<_> = removals.iter().map(|r| (r.source.0, r.target.0, r.weight)).collect();
        assert_eq!(gone, [(0, 2, -1.0), (0, 3, 1.0), (1, 2, 0.5)], "{shards} shards");
    }
}

/// Promise: the whole is a share like any other, whatever is found in a shard; and a run ends before
/// what would happen at its end.
#[test]
fn all_synapses_can_go_and_none_goes_at_the_end() {
    let text = |at: &str| {
        format!(
            "duration = '20 ms'\nrecord = {{ pruned = true, weights = true }}\n\
             [population.tick]\nmodel = 'spike_source'\nsize = 2\n\
             params = {{ times = [['1 ms', '12 ms'], ['3 ms', '15 ms']] }}\n\
             [population.cells]\nmodel = 'lif_delta'\nsize = 5\n\
             [[projection]]\nsource = 'tick'\ntarget = 'cells'\n\
             connect = {{ rule = 'all_to_all' }}\n\
             weight = {{ uniform = ['-1 mV', '1 mV'] }}\ndelay = '1 ms'\n\
             [[projection.pruning]]\nat = '{at}'\nfraction = 1\n"
        )
    };
    for (at, gone, delivered) in [("10 ms", 10, 10), ("20 ms", 0, 20)] {
        let scenario = scenarios::parse(&Source::new("t.toml", text(at)), &NoFiles, &[]);
        let scenario = scenario.unwrap_or_else(|problems| panic!("{problems}"));
        for shards in [1, 3] {
            let (_, outcome) = outcome(&scenario, shards, Options::threads(1));
            let removals = outcome.pruning.removals.expect("they are recorded").list;
            assert_eq!(removals.len(), gone, "{at}, {shards} shards");
            let left = outcome.weights.expect("they are recorded").weight.len();
            assert_eq!(left, 10 - gone, "{at}, {shards} shards");
            assert_eq!(outcome.counts.synaptic_events, delivered, "{at}, {shards} shards");
        }
    }
}
