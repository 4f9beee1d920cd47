//! The room as a whole: degrees, totals, switches, laws, order, and above all that neither
//! threads nor shards can be seen in the network.
//!
//! Promise: `build` is a function of (scenario, seed). Method: the digest of everything that was
//! built, neuron by neuron and edge by edge, over shards and threads. Statistical checks use
//! fixed seeds and bounds at five standard errors or the 99.99th percentile.

use super::*;
use crate::base::{NeuronId, Resolution, Tick};
use crate::scenario::{
    Connect, DelayOf, Distribution, Edges, Model, Outside, ParameterValue, Plasticity, Population,
    Projection, Record, Shape, Steps,
};
use crate::synapse::{LONGEST_DELAY, Synapses};
use std::collections::BTreeMap;

fn neurons(name: &str, size: u32) -> Population {
    let descriptor = crate::neuron::find("lif_delta").unwrap();
    let drawn = |value: f64| ParameterValue::Drawn(Distribution::constant(value));
    let model = Model::Neuron {
        descriptor,
        parameters: descriptor.defaults().into_iter().map(drawn).collect(),
        initial: vec![Distribution::constant(-70.0)],
    };
    Population { name: name.into(), size, model }
}

fn poisson(name: &str, size: u32) -> Population {
    Population { name: name.into(), size, model: Model::Poisson { rate_hz: Steps::constant(1.0) } }
}

fn projection(source: usize, target: usize, connect: Connect) -> Projection {
    Projection {
        source,
        target,
        receptor: 0,
        connect,
        autapses: true,
        multapses: true,
        weight: Distribution::constant(1.0),
        delay_ms: Distribution::constant(1.5),
        delay_of: DelayOf::Synapse,
        plasticity: Plasticity::default(),
        pruning: Vec::new(),
    }
}

fn scenario(populations: Vec<Population>, projections: Vec<Projection>) -> Scenario {
    Scenario {
        title: String::new(),
        seed: 1,
        duration: Span::from_whole_ms(1),
        resolution: Resolution::FINEST,
        populations,
        projections,
        backgrounds: Vec::new(),
        currents: Vec::new(),
        teachers: Vec::new(),
        record: Record::default(),
    }
}

/// One population of this size connected to itself.
fn recurrent(size: u32, connect: Connect) -> Scenario {
    scenario(vec![neurons("exc", size)], vec![projection(0, 0, connect)])
}

fn indegree(count: u32) -> Connect {
    Connect::FixedIndegree(Distribution::constant(f64::from(count)))
}

fn outdegree(count: u32) -> Connect {
    Connect::FixedOutdegree(Distribution::constant(f64::from(count)))
}

fn built(scenario: &Scenario) -> Network {
    build(scenario, 3, 2, None).unwrap()
}

fn refusal(scenario: &Scenario) -> String {
    let messages: Vec<_> =
        [1, 3].map(|shards| build(scenario, shards, 2, None).unwrap_err().to_string()).into();
    assert_eq!(messages[0], messages[1], "the shards show in the message");
    messages[0].clone()
}

#[track_caller]
fn assert_refused(scenario: &Scenario, words: &[&str]) {
    let message = refusal(scenario);
    for word in words {
        assert!(message.contains(word), "{word:?} is missing in: {message}");
    }
}

fn pairs(network: &Network) -> Vec<(u32, u32)> {
    let mut pairs: Vec<_> = network.edges().map(|edge| (edge.source.0, edge.target.0)).collect();
    pairs.sort();
    pairs
}

fn repeated(pairs: &[(u32, u32)]) -> usize {
    pairs.windows(2).filter(|two| two[0] == two[1]).count()
}

fn autapses(pairs: &[(u32, u32)]) -> usize {
    pairs.iter().filter(|(source, target)| source == target).count()
}

fn chi_square(counts: impl Iterator<Item = u64> + Clone) -> f64 {
    let n = counts.clone().count() as f64;
    let expected = counts.clone().sum::<u64>() as f64 / n;
    counts.map(|c| (c as f64 - expected) * (c as f64 - expected) / expected).sum()
}

fn law(shape: Shape, min: Option<f64>, max: Option<f64>) -> Distribution {
    Distribution { shape, min, max, outside: Outside::Redraw, step: None }
}

/// Every rule, law and switch in one network; no population divides evenly.
fn everything() -> Scenario {
    let mut exc = neurons("exc", 101);
    if let Model::Neuron { parameters, initial, .. } = &mut exc.model {
        let period = Shape::Uniform { low: 500.0, high: 2000.0 };
        *parameters.last_mut().unwrap() = ParameterValue::ForPeriod(period.into());
        initial[0] = Shape::Uniform { low: -70.0, high: -56.0 }.into();
    }
    let normal = |mean, sd| Shape::Normal { mean, sd };
    let mut projections = vec![
        projection(0, 0, Connect::FixedIndegree(normal(12.0, 3.0).into())),
        projection(0, 1, Connect::FixedOutdegree(law(normal(9.0, 5.0), None, Some(30.0)))),
        projection(1, 0, Connect::PairwiseBernoulli(0.2)),
        projection(1, 1, Connect::FixedTotalNumber(300)),
        projection(2, 0, Connect::AllToAll),
        projection(1, 1, Connect::OneToOne),
        projection(0, 0, Connect::FixedTotalNumber(500)),
        projection(
            2,
            1,
            Connect::Edges(Edges {
                source: vec![4, 1, 4, 4, 0],
                target: vec![30, 2, 30, 7, 36],
                weight: None,
                delay: Some([7, 5, 7, 7, 7].map(Span).into()),
                file: None,
            }),
        ),
        projection(
            0,
            1,
            Connect::Edges(Edges {
                source: vec![100, 100, 0],
                target: vec![36, 0, 3],
                weight: Some(vec![1.5, -2.5, 3.5]),
                delay: None,
                file: None,
            }),
        ),
    ];
    for (number, projection) in projections.iter_mut().enumerate() {
        projection.weight = normal(45.0, 4.5).into();
        if number % 3 != 2 {
            projection.delay_ms = law(normal(1.5, 0.75), Some(0.1), None);
        }
        projection.autapses = number % 2 == 1;
        projection.multapses = number < 6 || number == 7;
    }
    let populations = vec![exc, neurons("inh", 37), poisson("drive", 5)];
    let resolution = Resolution::new(Span(1000)).unwrap();
    if let Connect::Edges(Edges { delay: Some(delays), .. }) = &mut projections[7].connect {
        delays.iter_mut().for_each(|delay| delay.0 *= 1000);
    }
    Scenario { resolution, ..scenario(populations, projections) }
}

#[test]
fn neither_shards_nor_threads_show_in_the_network() {
    let scenario = everything();
    let first = build(&scenario, 1, 1, None).unwrap();
    let edges: Vec<Edge> = first.edges().collect();
    for shards in [1, 2, 3, 5, 8, 60] {
        for threads in [1, 2] {
            let other = build(&scenario, shards, threads, None).unwrap();
            assert_eq!(other.synapses, first.synapses);
            assert!(other.edges().eq(edges.iter().copied()), "{shards} shards");
            assert_eq!(other.digest(), first.digest(), "{shards} shards, {threads} threads");
            assert_eq!(other.shortest_delay, first.shortest_delay);
            assert_eq!(other.longest_delay, first.longest_delay);
        }
    }
    let reseeded = build(&Scenario { seed: 2, ..scenario }, 1, 1, None).unwrap();
    assert_ne!(reseeded.digest(), first.digest());
}

#[test]
fn rows_are_in_the_order_of_the_contract() {
    let network = built(&everything());
    for shard in 0..3 {
        let mut counted = 0;
        for table in &network.shards[shard].tables {
            assert_eq!(table.offsets[0], 0);
            assert!(table.offsets.is_sorted());
            assert_eq!(*table.offsets.last().unwrap(), table.synapses.len() as u64);
            for source in 0..table.offsets.len() as u32 - 1 {
                let delays: Vec<Span> = table.synapses_of(source).map(|s| s.2).collect();
                assert!(delays.is_sorted(), "{delays:?}");
                counted += delays.len();
            }
        }
        assert_eq!(network.shard_edges(shard as u32).count(), counted);
    }
    let fan_out: u64 = (0..network.partition.neurons()).map(|n| network.fan_out(NeuronId(n))).sum();
    assert_eq!(fan_out, network.synapses);
}

#[test]
fn equal_delays_stand_by_projection_then_target_then_draw() {
    let list = |target: &[u32], weight: &[f32]| {
        Connect::Edges(Edges {
            source: vec![0; target.len()],
            target: target.to_vec(),
            weight: Some(weight.to_vec()),
            delay: None,
            file: None,
        })
    };
    let projections = vec![
        projection(0, 1, list(&[2, 1, 2, 0], &[10.0, 11.0, 12.0, 13.0])),
        projection(0, 0, outdegree(1)),
        projection(0, 1, Connect::AllToAll),
    ];
    let populations = vec![neurons("one", 1), neurons("three", 3)];
    let network = build(&scenario(populations, projections), 1, 1, None).unwrap();
    let row: Vec<_> = network.shard_edges(0).map(|edge| (edge.target.0, edge.weight)).collect();
    let expected = [(1, 13.0), (2, 11.0), (3, 10.0), (3, 12.0), (0, 1.0), (1, 1.0), (2, 1.0)];
    assert_eq!(row[..7], expected);
    assert_eq!(row[7..], [(3, 1.0)]);
}

#[test]
fn degrees_are_what_the_rules_say() {
    let count = |pairs: &[(u32, u32)], of: fn(&(u32, u32)) -> u32| {
        let mut counts = vec![0u64; 50];
        pairs.iter().for_each(|pair| counts[of(pair) as usize] += 1);
        counts
    };
    for (autapses_allowed, multapses) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let with = |connect| {
            let mut scenario = recurrent(50, connect);
            scenario.projections[0].autapses = autapses_allowed;
            scenario.projections[0].multapses = multapses;
            let pairs = pairs(&built(&scenario));
            assert_eq!(autapses(&pairs) > 0, autapses_allowed);
            assert!(multapses || repeated(&pairs) == 0);
            pairs
        };
        for degree in [30, 20] {
            assert_eq!(count(&with(indegree(degree)), |pair| pair.1), [u64::from(degree); 50]);
            assert_eq!(count(&with(outdegree(degree)), |pair| pair.0), [u64::from(degree); 50]);
        }
        for total in [600, 1800] {
            assert_eq!(with(Connect::FixedTotalNumber(total)).len() as u64, total);
        }
        let all = if autapses_allowed { 2500 } else { 2450 };
        assert_eq!(with(Connect::AllToAll).len(), all);
        assert_eq!(with(Connect::PairwiseBernoulli(1.0)).len(), all);
    }
    assert!(repeated(&pairs(&built(&recurrent(50, indegree(30))))) > 0);
    let ones: Vec<_> = (0..50).map(|k| (k, k)).collect();
    assert_eq!(pairs(&built(&recurrent(50, Connect::OneToOne))), ones);
}

#[test]
fn partners_are_uniform() {
    for multapses in [true, false] {
        for connect in [indegree(4), outdegree(4), Connect::FixedTotalNumber(40)] {
            let mut seen: BTreeMap<(u32, u32), u64> = BTreeMap::new();
            for seed in 0..400 {
                let mut scenario = recurrent(10, connect.clone());
                scenario.seed = seed;
                scenario.projections[0].autapses = false;
                scenario.projections[0].multapses = multapses;
                pairs(&built(&scenario)).into_iter().for_each(|p| *seen.entry(p).or_default() += 1);
            }
            assert_eq!(seen.len(), 90);
            // The 99.99th percentile with 89 degrees of freedom is 145; fixed degrees and
            // distinct pairs only make the counts more even.
            let statistic = chi_square(seen.values().copied());
            assert!(statistic < 145.0, "{connect:?} {multapses} {statistic}");
            assert!(statistic > 20.0, "{connect:?} {multapses} {statistic}: too even");
        }
    }
}

#[test]
fn bernoulli_connects_with_its_probability() {
    let p = 0.07;
    let found = built(&recurrent(700, Connect::PairwiseBernoulli(p))).synapses as f64;
    let n = 700.0 * 700.0;
    assert!((found - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(), "{found}");
}

#[test]
fn drawn_degrees_follow_their_law() {
    let normal = Shape::Normal { mean: 20.0, sd: 6.0 };
    for connect in [
        Connect::FixedIndegree(normal.clone().into()),
        Connect::FixedOutdegree(normal.clone().into()),
    ] {
        let scenario = recurrent(2000, connect);
        let network = built(&scenario);
        let mean = network.synapses as f64 / 2000.0;
        assert!((mean - 20.0).abs() < 5.0 * 6.0 / 2000f64.sqrt(), "{mean}");
        let estimate = estimate(&scenario, 3);
        assert_eq!((estimate.synapses, estimate.is_exact), (network.synapses, true));
    }
    let given = Shape::Values((0..50).map(f64::from).collect());
    let network = built(&recurrent(50, Connect::FixedOutdegree(given.into())));
    assert!((0..50).all(|k| network.fan_out(NeuronId(k)) == u64::from(k)));
}

#[test]
fn weights_and_delays_follow_their_laws_and_the_grid() {
    for connect in [indegree(100), outdegree(100)] {
        let mut scenario = recurrent(500, connect);
        scenario.resolution = Resolution::new(Span(100_000)).unwrap();
        scenario.projections[0].weight = Shape::Normal { mean: 45.0, sd: 4.5 }.into();
        scenario.projections[0].delay_ms = Shape::Uniform { low: 1.0, high: 3.0 }.into();
        let edges: Vec<Edge> = built(&scenario).edges().collect();
        let n = edges.len() as f64;
        let mean = |of: fn(&Edge) -> f64| edges.iter().map(of).sum::<f64>() / n;
        let weight = mean(|edge| f64::from(edge.weight));
        assert!((weight - 45.0).abs() < 5.0 * 4.5 / n.sqrt(), "{weight}");
        let delay = mean(|edge| edge.delay.ms());
        assert!((delay - 2.0).abs() < 5.0 * 0.58 / n.sqrt(), "{delay}");
        assert!(edges.iter().all(|edge| edge.delay.0 % 100_000 == 0));
        let product = edges.iter().map(|e| (f64::from(e.weight) - 45.0) * (e.delay.ms() - 2.0));
        let correlation = product.sum::<f64>() / n / 4.5 / 0.58;
        assert!(correlation.abs() < 5.0 / n.sqrt(), "{correlation}");
    }
}

#[test]
fn weights_do_not_change_who_is_connected() {
    let mut scenario = recurrent(40, indegree(10));
    let before = pairs(&built(&scenario));
    scenario.projections[0].weight = Shape::Exponential { mean: 3.0 }.into();
    scenario.projections[0].delay_ms = Shape::Uniform { low: 1.0, high: 3.0 }.into();
    assert_eq!(pairs(&built(&scenario)), before);
}

#[test]
fn a_leak_that_the_model_cannot_change_is_refused() {
    let mut scenario = recurrent(40, indegree(10));
    scenario.set_plasticity(0, "{ rule = 'noise_prune' }").unwrap();
    assert!(build(&scenario, 1, 1, None).is_ok());
    let diagonal = scenario.projections[0].plasticity.rule.parameter("diagonal").unwrap();
    scenario.projections[0].plasticity.values[diagonal] = 1.0;
    let error = build(&scenario, 1, 1, None).unwrap_err();
    let message = "the leak of lif_delta cannot be changed while it runs; allowed is \"original\", or \
                   a target of the model hawkes";
    assert!(error.to_string().contains(message), "{error}");
}

#[test]
fn one_delay_is_stored_once_and_so_is_one_weight() {
    let mut scenario = recurrent(40, indegree(10));
    let network = built(&scenario);
    assert!(matches!(network.shards[0].tables[0].synapses, Synapses::Alike { .. }));
    scenario.projections[0].weight = Shape::Exponential { mean: 3.0 }.into();
    scenario.projections.push(projection(0, 0, Connect::OneToOne));
    let network = built(&scenario);
    let is_shared = |network: &Network| {
        let table = &network.shards[0].tables[0];
        matches!(table.synapses, Synapses::OneDelay { delay: Span(1_500_000), .. })
    };
    assert!(is_shared(&network));
    assert_eq!(network.bytes(), 440 * 8 + 3 * (41 * 8 + 7 * 8 + 8));
    let estimated = estimate(&scenario, 3);
    assert_eq!(estimated.bytes_synapses + estimated.bytes_neurons, network.bytes());
    scenario.projections[1].delay_ms = Distribution::constant(2.0);
    let network = built(&scenario);
    assert!(!is_shared(&network));
    let buckets = |network: &Network| match &network.shards[0].tables[0].synapses {
        Synapses::Bucketed { delays, .. } => delays.clone(),
        _ => Vec::new(),
    };
    assert_eq!(buckets(&network), [1_500_000, 2_000_000]);
    assert_eq!(network.shortest_delay, Some(Span::from_ms(1.5).unwrap()));
    assert_eq!(network.longest_delay, Some(Span::from_ms(2.0).unwrap()));
    let estimated = estimate(&scenario, 3);
    assert_eq!(estimated.shortest_delay, network.shortest_delay);
    assert_eq!(estimated.longest_delay, network.longest_delay);
}

#[test]
fn a_network_without_synapses_has_no_delays() {
    let network = built(&scenario(vec![neurons("exc", 2)], Vec::new()));
    assert_eq!((network.synapses, network.shortest_delay, network.longest_delay), (0, None, None));
    assert_eq!(network.shards[0].tables[0].row(1), 0..0);
}

#[test]
fn edge_lists_come_out_as_they_went_in() {
    let edges = Edges {
        source: vec![2, 0, 2, 1],
        target: vec![1, 3, 0, 3],
        weight: Some(vec![1.0, 2.0, 3.0, 4.0]),
        delay: Some(vec![Span(9), Span(8), Span(9), Span(7)]),
        file: None,
    };
    let populations = vec![poisson("drive", 3), neurons("exc", 4)];
    let network = built(&scenario(populations, vec![projection(0, 1, Connect::Edges(edges))]));
    let found: Vec<_> =
        network.edges().map(|e| (e.source.0, e.target.0, e.weight, e.delay.0)).collect();
    assert_eq!(found, [(0, 6, 2.0, 8), (1, 6, 4.0, 7), (2, 3, 3.0, 9), (2, 4, 1.0, 9)]);
}

#[test]
fn impossible_combinations_are_refused() {
    let without = |autapses, multapses, size, connect| {
        let mut scenario = recurrent(size, connect);
        scenario.projections[0].autapses = autapses;
        scenario.projections[0].multapses = multapses;
        scenario
    };
    let partners = |n: &str| format!("needs {n} different partners, but there are only 9");
    assert_refused(&without(false, false, 10, indegree(10)), &[&partners("10")]);
    assert_refused(&without(false, false, 10, outdegree(10)), &[&partners("10")]);
    assert_refused(&without(false, true, 1, indegree(1)), &["there are none"]);
    let total = Connect::FixedTotalNumber;
    assert_refused(&without(false, false, 10, total(91)), &["only 90 pairs", "exc to exc"]);
    assert_refused(&without(false, true, 1, total(1)), &["no pair is allowed"]);
    assert_refused(&without(false, true, 9, Connect::OneToOne), &["autapses = false"]);
    assert_refused(&recurrent(9, Connect::PairwiseBernoulli(1.5)), &["1.5", "0 to 1"]);
    assert_refused(&recurrent(9, Connect::PairwiseBernoulli(f64::NAN)), &["0 to 1"]);
    let drawn = Connect::FixedIndegree(Shape::Uniform { low: 5.0, high: 15.0 }.into());
    assert_refused(&without(false, false, 10, drawn), &["target ", "different partners"]);
    let populations = vec![neurons("exc", 4), poisson("drive", 3)];
    let unequal = scenario(populations.clone(), vec![projection(1, 0, Connect::OneToOne)]);
    assert_refused(&unequal, &["3 and 4"]);
    let to_source = scenario(populations, vec![projection(0, 1, indegree(1))]);
    assert_refused(&to_source, &["\"drive\" only sends"]);
}

#[test]
fn faulty_edge_lists_are_refused() {
    let list = |source: &[u32], target: &[u32]| Edges {
        source: source.to_vec(),
        target: target.to_vec(),
        ..Edges::default()
    };
    let with = |edges| {
        let mut scenario = recurrent(3, Connect::Edges(edges));
        scenario.projections[0].autapses = false;
        scenario.projections[0].multapses = false;
        scenario
    };
    assert_refused(&with(list(&[0, 3], &[1, 1])), &["edge 1: source 3; allowed is 0 to 2"]);
    assert_refused(&with(list(&[0], &[7])), &["target 7"]);
    assert_refused(&with(list(&[0, 1], &[1])), &["column target has 1"]);
    assert_refused(&with(list(&[2], &[2])), &["its own target"]);
    let twice = with(list(&[0, 2, 1, 2], &[1, 0, 0, 0]));
    assert_refused(&twice, &["source 2 and target 0", "more than once"]);
    for delay in [Span(0), Span(LONGEST_DELAY.0 + 1)] {
        assert_refused(&with(Edges { delay: Some(vec![delay]), ..list(&[0], &[1]) }), &["delay"]);
    }
    let weight = Some(vec![f32::NAN]);
    assert_refused(&with(Edges { weight, ..list(&[0], &[1]) }), &["edge 0: weight NaN"]);
}

#[test]
fn all_faulty_projections_are_reported_at_once() {
    let normal = |mean, sd| Shape::Normal { mean, sd };
    let mut projections: Vec<_> = (0..5).map(|_| projection(0, 0, indegree(20))).collect();
    projections[0].delay_ms = normal(1.0, 0.7).into();
    projections[2].weight = law(normal(0.0, 1.0), Some(90.0), None);
    projections[3].delay_ms = Shape::Uniform { low: 4000.0, high: 5000.0 }.into();
    projections[4].connect = outdegree(20);
    projections[4].weight = Shape::Lognormal { median: 1e30, sigma: 30.0 }.into();
    let mut scenario = scenario(vec![neurons("exc", 30)], projections);
    let message = refusal(&scenario);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 5, "{message}");
    assert!(lines[0].contains("4 reasons"), "{message}");
    assert!(lines[1].contains("projection 0 (exc to exc): target 1: delay -"), "{message}");
    assert!(lines[2].contains("projection 2") && lines[2].contains("no value between min and max"));
    assert!(lines[3].contains("projection 3") && lines[3].contains("4294.967295 ms"));
    assert!(
        lines[4].contains("projection 4") && lines[4].contains("e47; allowed are finite"),
        "{message}"
    );
    // Bounds protect.
    scenario.projections.truncate(1);
    scenario.projections[0].delay_ms.min = Some(0.1);
    assert_eq!(built(&scenario).synapses, 600);
    for bad in [-1.0, f64::NAN, 5000.0] {
        scenario.projections[0].delay_ms = Distribution::constant(bad);
        assert_refused(&scenario, &["projection 0", "delay"]);
    }
}

#[test]
fn neurons_get_the_current_for_their_period() {
    let mut scenario = scenario(vec![neurons("exc", 100)], Vec::new());
    let set = |scenario: &mut Scenario, value| {
        if let Model::Neuron { parameters, .. } = &mut scenario.populations[0].model {
            *parameters.last_mut().unwrap() = value;
        }
    };
    let period = Shape::Uniform { low: 50.0, high: 200.0 };
    set(&mut scenario, ParameterValue::ForPeriod(period.into()));
    let network = built(&scenario);
    let currents: Vec<f64> = (0..3)
        .flat_map(|shard: usize| network.shards[shard].neurons[0].parameters[6].clone())
        .collect();
    assert_eq!(currents.len(), 100);
    // 375 pA hold the membrane at threshold; a period of 50 ms takes 3.1 pA more.
    assert!(currents.iter().all(|&i| i > 375.0 && i < 378.2), "{currents:?}");
    assert!(currents.iter().any(|&i| i > 376.0));
    set(&mut scenario, ParameterValue::ForPeriod(Distribution::constant(100.0)));
    assert_eq!(built(&scenario).shards[1].neurons[0].parameters[6].len(), 1);
    let short = Shape::Uniform { low: 1.0, high: 100.0 };
    set(&mut scenario, ParameterValue::ForPeriod(short.into()));
    assert_refused(&scenario, &["population \"exc\": neuron ", "no i_e", "t_ref (2 ms)"]);
    set(&mut scenario, ParameterValue::Drawn(Distribution::constant(f64::NAN)));
    assert_refused(&scenario, &["i_e", "finite"]);
}

#[test]
fn start_values_can_be_given_one_by_one() {
    let mut scenario = scenario(vec![neurons("exc", 4)], Vec::new());
    let mut set = |values: &[f64]| {
        if let Model::Neuron { initial, .. } = &mut scenario.populations[0].model {
            initial[0] = Shape::Values(values.to_vec()).into();
        }
        build(&scenario, 2, 1, None)
    };
    let network = set(&[-61.0, -62.0, -63.0, -64.0]).unwrap();
    assert_eq!(network.shards[1].neurons[0].variables, [[-63.0, -64.0]]);
    let message = set(&[-61.0]).unwrap_err().to_string();
    assert!(message.contains("1 values are given, but there are 4 neurons"), "{message}");
}

#[test]
fn a_network_that_does_not_fit_is_refused_before_it_is_built() {
    let dense = recurrent(1_000_000_000, indegree(1000));
    let message = build(&dense, 2, 2, Some(1 << 30)).unwrap_err().to_string();
    assert!(message.contains("1000000000000 synapses need"), "{message}");
    assert!(message.contains("only 1.00 GiB"), "{message}");
    assert!(build(&recurrent(10, indegree(2)), 2, 2, Some(1 << 30)).is_ok());
    // Neurons without a synapse take memory, too: in the engine.
    let silent = scenario(vec![neurons("exc", 50_000_000)], Vec::new());
    let message = build(&silent, 2, 2, Some(1 << 30)).unwrap_err().to_string();
    assert!(message.contains("50000000 neurons and 0 synapses need"), "{message}");
}

#[test]
fn the_estimate_counts_lists_and_state() {
    let edges = Edges {
        source: vec![0, 1, 1],
        target: vec![1, 0, 2],
        weight: Some(vec![1.0; 3]),
        delay: Some(vec![Span(5); 3]),
        file: None,
    };
    let mut scenario = recurrent(3, Connect::Edges(edges));
    let before = estimate(&scenario, 1);
    assert_eq!(before.bytes_lists, 3 * (4 + 4 + 4 + 8));
    assert!(before.bytes_engine >= 3 * BYTES_PER_PLACE);
    assert!(
        before.bytes_peak >= before.bytes_synapses + before.bytes_neurons + before.bytes_engine
    );
    let times = vec![vec![Tick(1), Tick(2)], vec![Tick(3)]];
    let model = Model::SpikeSource { times, file: None };
    scenario.populations.push(Population { name: "in".into(), size: 2, model });
    let after = estimate(&scenario, 1);
    assert_eq!(after.bytes_lists - before.bytes_lists, 3 * 8);
    assert_eq!(after.bytes_engine - before.bytes_engine, 2 * BYTES_PER_PLACE + 3 * 16);
}

#[test]
fn parameters_that_contradict_each_other_are_refused() {
    let mut scenario = scenario(vec![neurons("exc", 4)], Vec::new());
    let mut set = |name: &str, value: f64| {
        if let Model::Neuron { descriptor, parameters, .. } = &mut scenario.populations[0].model {
            let index = descriptor.parameter(name).unwrap();
            parameters[index] = ParameterValue::Drawn(Distribution::constant(value));
        }
        refusal(&scenario)
    };
    let message = set("v_reset", 10.0);
    assert!(message.contains("\"exc\": v_reset") || message.contains("\"exc\": v_th"), "{message}");
    // What is wrong by itself is told alone.
    let message = set("tau_m", f64::NAN);
    assert!(message.contains("tau_m") && !message.contains("v_reset"), "{message}");
}

#[test]
fn nonsense_in_the_whole_is_refused() {
    let message = build(&recurrent(1, Connect::AllToAll), 0, 1, None).unwrap_err().to_string();
    assert!(message.contains("0 shards"), "{message}");
    assert_refused(&recurrent(0, Connect::AllToAll), &["size 0"]);
    let huge = (0..3).map(|_| neurons("exc", u32::MAX / 2)).collect();
    assert_refused(&scenario(huge, Vec::new()), &["6442450941 neurons"]);
    let source = Model::SpikeSource { times: vec![vec![Tick(1)]], file: None };
    let populations = vec![Population { name: "in".into(), size: 2, model: source }];
    assert_refused(&scenario(populations, Vec::new()), &["1 lists of times for 2"]);
}
