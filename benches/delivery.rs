//! What does an arrival over a synapse cost, and how much of it is the memory's share?
//!
//! Method: 1,000 Poisson sources at 100 Hz, each with 1,000 synapses on to 10,000 neurons that stay
//! far below threshold, so that an arrival is all there is; once with one delay for all, once
//! with a delay for each. One element is one synaptic event. Beside each the bare loop of
//! `saltatory bench`, over the same rows in the same order. Setting up shards is not timed. Run it with `cargo bench --bench delivery`.
//!
//! Result: with one delay an arrival costs about two bare additions for `lif_delta` and `lif_exp`, with
//! a delay for each synapse fifteen. Decision: a table with one delay stores it once, and its
//! arrivals are batches. Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::base::Tick;
use saltatory::bench::roofline::Rows;
use saltatory::engine::{self, Control, Options};
use saltatory::network::{self, Network};
use saltatory::scenario::{NoFiles, RecordSpikes, Scenario, Source, parse};
use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn text(model: &str, weight: &str, delay: &str) -> String {
    format!(
        r#"
duration = "50 ms"
[population]
sources = {{ model = "poisson", size = 1_000, params = {{ rate = "100 Hz" }} }}
cells = {{ model = "{model}", size = 10_000 }}
[[projection]]
source = "sources"
target = "cells"
connect = {{ rule = "fixed_outdegree", outdegree = 1000 }}
weight = "{weight}"
delay = {delay}
"#
    )
}

/// How long a run takes from the moment at which all is set up.
fn simulating(scenario: &Scenario, network: &Network) -> Duration {
    let begun = OnceLock::new();
    let observer = |_| {
        begun.get_or_init(Instant::now);
        Control::Continue
    };
    black_box(engine::run(scenario, network, Options::threads(1), &observer).expect("a run"));
    begun.get().expect("the observer is asked at the start").elapsed()
}

fn delivery(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("delivery");
    for (name, delay) in [("equal", "\"1.5 ms\""), ("mixed", "{ uniform = [\"1 ms\", \"20 ms\"] }")]
    {
        for (model, weight) in
            [("lif_delta", "1e-4 mV"), ("lif_exp", "1e-3 pA"), ("lif_alpha", "1e-3 pA")]
        {
            let text = text(model, weight, delay);
            let mut scenario = parse(&Source::new("delivery", &text), &NoFiles, &[])
                .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
            let network = network::build(&scenario, 1, 1, None).expect("a network");
            let outcome =
                engine::run(&scenario, &network, Options::threads(1), &|_| Control::Continue)
                    .expect("a run");
            scenario.record.spikes = RecordSpikes::None;
            group.throughput(Throughput::Elements(outcome.counts.synaptic_events));
            group.bench_function(format!("{name}/{model}"), |bencher| {
                bencher
                    .iter_custom(|times| (0..times).map(|_| simulating(&scenario, &network)).sum());
            });
            if model == "lif_delta" {
                let rows = Rows::of(&network, 0, &outcome.spikes, Tick(scenario.duration.0));
                let mut sums: Vec<f64> = rows.sums();
                group.bench_function(format!("{name}/bare loop"), |bencher| {
                    bencher.iter(|| rows.scatter(black_box(&mut sums)));
                });
            }
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = delivery
}
criterion_main!(benches);
