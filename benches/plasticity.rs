//! What does an arrival cost at a synapse that learns, by which rule, beside one that does not?
//!
//! Method: 1,000 Poisson sources at 20 Hz, each with 100 synapses on to 1,000 neurons that are
//! kicked over threshold 10 times a second and hardly feel the synapses. Weights stand in the
//! middle of their range and learn slowly, so that nobody's spikes depend on the rule. One element is one
//! synaptic event; what sources, kicks and windows cost is in it, and is the same for all.
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
use saltatory::engine::{self, Control, Options};
use saltatory::network::{self, Network};
use saltatory::record::Outcome;
use saltatory::scenario::{NoFiles, RecordSpikes, Scenario, Source, parse};
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

fn run(scenario: &Scenario, network: &Network) -> Outcome {
    engine::run(scenario, network, Options::threads(1), &|_| Control::Continue).expect("a run")
}

fn plasticity(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plasticity");
    for (name, rule) in RULES {
        let scenario = scenario(rule);
        let network = network::build(&scenario, 1, 1, None).expect("a network");
        let events = run(&scenario, &network).counts.synaptic_events;
        group.throughput(Throughput::Elements(events));
        group.bench_function(*name, |bencher| bencher.iter(|| run(&scenario, &network)));
    }
    group.finish();
}

/// One run of one rule, to count instructions in.
fn once(name: &str) {
    let Some((_, rule)) = RULES.iter().find(|(other, _)| *other == name) else {
        let names: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
        panic!("there is no rule {name}; there are: {}", names.join(", "));
    };
    let scenario = scenario(rule);
    let network = network::build(&scenario, 1, 1, None).expect("a network");
    let counts = run(&scenario, &network).counts;
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
