//! What does an arrival cost at a synapse that learns, by which rule, beside one that does not?
//!
//! Method: 1,000 Poisson sources at 20 Hz, each with 100 synapses on to 1,000 neurons that are
//! kicked over threshold 10 times a second and hardly feel the synapses. Weights stand in the
//! middle of their range and learn slowly, so that nobody's spikes depend on the rule. One element is one
//! synaptic event; what sources, kicks and windows cost is in it, and is the same for all.
//! Dendrites that learn have targets of their own: the first 0.2 s of `scenarios/elise.toml`, by the row
//! and neuron by neuron, with what its neurons may be given.
//! Run it with `cargo bench --bench plasticity`.
//!
//! Instructions are counted by valgrind, one rule at a time, inside the simulation alone:
//!
//! ```text
//! bench=$(ls -t target/release/deps/plasticity-* | grep -v '\.d$' | head -1)
//! valgrind --tool=callgrind --collect-atstart=no --toggle-collect='saltatory::engine::run::run_with' \
//!     $bench --once stdp
//! ```
//!
//! which prints the synaptic events; `Collected` in valgrind's last lines are the instructions.
//!
//! Result: a rule that changes weights takes 4 (`stdp`) to 27 times (`stdp_reserve`) the instructions of a
//! static synapse.
//! Decision: what concerns a spike or a path alone is worked out once for its row; else it watches.
//! Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group};
use saltatory::engine::{self, Control, Lane, Options};
use saltatory::network::{self, Network};
use saltatory::record::Outcome;
use saltatory::scenario::{FilesIn, NoFiles, RecordSpikes, Scenario, Source, parse};
use std::path::Path;
use std::time::Duration;

/// Each rule, as a scenario writes it.
const RULES: &[(&str, &str)] = &[
    ("static", "{ rule = 'fixed' }"),
    ("stdp additive", "{ rule = 'stdp', lambda = 1e-6, w_max = '2e-4 mV' }"),
    (
        "stdp power",
        "{ rule = 'stdp', form = 'power', mu_plus = 0.4, mu_minus = 0.4, lambda = 1e-6, \
         w_max = '2e-4 mV' }",
    ),
    (
        "stdp morrison",
        "{ rule = 'stdp', form = 'morrison', mu_plus = 0.4, lambda = 1e-9, w_ref = '1e-4 mV', \
         w_max = '2e-4 mV' }",
    ),
    (
        "stdp_decay",
        "{ rule = 'stdp_decay', lambda = 1e-6, tau_decay = '1e6 ms', w_max = '2e-4 mV' }",
    ),
    (
        "stdp nearest",
        "{ rule = 'stdp', pairing = 'nearest_symmetric', lambda = 1e-6, w_max = '2e-4 mV' }",
    ),
    (
        "stdp_triplet",
        "{ rule = 'stdp_triplet', w_max = '2e-4 mV', a2_plus = 1e-6, a2_minus = 1e-6, \
         a3_plus = 1e-6 }",
    ),
    ("short_term", "{ rule = 'short_term', u = 0.5, tau_rec = '800 ms' }"),
    (
        "synaptic_scaling",
        "{ rule = 'synaptic_scaling', w_max = '2e-4 mV', w_ref = '1e-4 mV', a_plus = '1e-10 mV', \
         a_minus = '1e-10 mV' }",
    ),
    (
        "stdp_reserve",
        "{ rule = 'stdp_reserve', w_max = '2e-4 mV', w_ref = '1e-4 mV', a_plus = '1e-10 mV', \
         a_minus = '1e-10 mV', growth = '1e-11 mV', supply = '1e-9 mV', reserve = '1e-8 mV', \
         reserve_max = '1e-7 mV' }",
    ),
    (
        "stdp_dopamine",
        "{ rule = 'stdp_dopamine', w_max = '2e-4 mV', w_min = '0 mV', a_plus = '1e-10 mV', \
         a_minus = '1e-10 mV', b = '0 Hz', modulator = 'reward', modulator_delay = '1 ms' }",
    ),
    ("vogels_inhibitory", "{ rule = 'vogels_inhibitory', eta = 1e-6, w_max = '2e-4 mV' }"),
    (
        "noise_prune",
        "{ rule = 'noise_prune', policy = 'uniform', kappa = 1e9, min_spikes = 0, probe = '2 s' }",
    ),
];

/// Dendrites that learn: the lane, and parameters that both populations of neurons are given. `tau_delta`
/// also goes to the rule.
const DENDRITES: &[(&str, Lane, &[&str])] = &[
    ("dendrites by row", Lane::Automatic, &[]),
    ("dendrites", Lane::Singly, &[]),
    ("dendrites by_spikes", Lane::Singly, &["by_spikes=1"]),
    ("dendrites c_soma", Lane::Singly, &["c_soma=300 pF"]),
    ("dendrites tau_delta", Lane::Singly, &["tau_delta=100 ms"]),
    ("dendrites both", Lane::Singly, &["c_soma=300 pF", "tau_delta=100 ms"]),
];

/// A network by its name: a rule, or dendrites.
fn case(name: &str) -> Option<(Scenario, Lane)> {
    if let Some((_, rule)) = RULES.iter().find(|(other, _)| *other == name) {
        return Some((scenario(rule), Lane::Automatic));
    }
    let (_, lane, given) = DENDRITES.iter().find(|(other, ..)| *other == name)?;
    Some((dendrites(given), *lane))
}

fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name).chain(DENDRITES.iter().map(|(name, ..)| *name))
}

fn dendrites(given: &[&str]) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read_to_string(folder.join("elise.toml")).expect("it is shipped");
    let mut changes = vec!["duration=0.2 s".to_string(), "record.state=[]".to_string()];
    for given in given {
        for population in ["visible", "latent"] {
            changes.push(format!("population.{population}.params.{given}"));
        }
        if given.starts_with("tau_delta") {
            changes.extend((2..6).map(|k| format!("projection.{k}.plasticity.{given}")));
        }
    }
    let changes: Vec<_> = changes.iter().map(|change| change.as_str().into()).collect();
    parse(&Source::new("elise.toml", text), &FilesIn(folder), &changes)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn scenario(rule: &str) -> Scenario {
    let text = format!(
        r#"
duration = "1 s"
[population]
sources = {{ model = "poisson", size = 1_000, params = {{ rate = "20 Hz" }} }}
reward = {{ model = "poisson", size = 1, params = {{ rate = "5 Hz" }} }}
cells = {{ model = "lif_delta", size = 1_000, params = {{ tau_m = "20 ms" }} }}
[[projection]]
source = "sources"
target = "cells"
connect = {{ rule = "fixed_outdegree", outdegree = 100 }}
weight = "1e-4 mV"
delay = "1.5 ms"
plasticity = {rule}
[[background]]
target = "cells"
rate = "10 Hz"
weight = "30 mV"
[record]
spikes = "none"
"#
    );
    let scenario = parse(&Source::new("plasticity", &text), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    debug_assert_eq!(scenario.record.spikes, RecordSpikes::None);
    scenario
}

fn run(scenario: &Scenario, network: &Network, lane: Lane) -> Outcome {
    let options = Options { lane, ..Options::threads(1) };
    engine::run(scenario, network, options, &|_| Control::Continue).expect("a run")
}

fn plasticity(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plasticity");
    for name in names() {
        let (scenario, lane) = case(name).expect("it is one of them");
        let network = network::build(&scenario, 1, 1, None).expect("a network");
        let events = run(&scenario, &network, lane).counts.synaptic_events;
        group.throughput(Throughput::Elements(events));
        group.bench_function(name, |bencher| bencher.iter(|| run(&scenario, &network, lane)));
    }
    group.finish();
}

/// One run of one rule, to count instructions in.
fn once(name: &str) {
    let Some((scenario, lane)) = case(name) else {
        panic!("there is no rule {name}; there are: {}", names().collect::<Vec<_>>().join(", "));
    };
    let network = network::build(&scenario, 1, 1, None).expect("a network");
    let counts = run(&scenario, &network, lane).counts;
    println!("{name}: {} synaptic events, {} bytes", counts.synaptic_events, counts.synapse_bytes);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = plasticity
}

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--once").skip(1);
    match arguments.next() {
        Some(name) => once(&name),
        None => {
            benches();
            Criterion::default().configure_from_args().final_summary();
        }
    }
}
