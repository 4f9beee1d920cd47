//! What does a whole network cost for each synaptic event?
//!
//! Method: the three small networks of the instruction count (`benches/instructions/*.toml`), on one
//! thread and on two. One element is one synaptic event; external events, spikes and windows are
//! in the time. Full-size networks are timed by `saltatory bench`. Run it with
//! `cargo bench --bench networks`.
//!
//! Result: 8 ns an event for brunel, 79 for cuba and 46 for sparse on one thread, set-up included.
//! Decision: none, it watches. Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::scenario::{NoFiles, RecordSpikes, Source, parse};
use std::time::Duration;

fn networks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("network");
    for (name, text) in [
        ("brunel", include_str!("instructions/brunel.toml")),
        ("cuba", include_str!("instructions/cuba.toml")),
        ("sparse", include_str!("instructions/sparse.toml")),
    ] {
        let mut scenario = parse(&Source::new(name, text), &NoFiles, &[])
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        scenario.record.spikes = RecordSpikes::None;
        for threads in [1u32, 2] {
            let network = network::build(&scenario, threads, 1, None).expect("a network");
            let run = || {
                let options = Options::threads(threads as usize);
                engine::run(&scenario, &network, options, &|_| Control::Continue).expect("a run")
            };
            group.throughput(Throughput::Elements(run().counts.synaptic_events));
            group.bench_function(format!("{name}, {threads} threads"), |b| b.iter(run));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3));
    targets = networks
}
criterion_main!(benches);
