//! What does a window cost in which hardly anything happens, and how much of it is the barrier?
//!
//! Method: one spike that runs in circles for ever, a delay of 0.1 ms each, through a ring of parrots
//! that lie in different shards: 10,000 windows in a simulated second, an event each. One element
//! is one window. Beside it the engine's barrier alone, and std's. With two threads on fewer than two
//! idle processors both show what the scheduler does, not what they cost. Run it with
//! `cargo bench --bench windows`.
//!
//! Result: 0.31 us a window on one thread, 0.50 on two; the barrier alone 0.15 between two threads, std's 16.
//! Decision: one barrier a window, and empty windows are jumped over. Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::engine::{self, Barrier, Control, Options};
use saltatory::network;
use saltatory::scenario::{NoFiles, Source, parse};
use std::time::Duration;

const RING: &str = r#"
duration = "200 ms"
[population]
first = { model = "spike_source", size = 1, params = { times = ["1 ms"] } }
ring = { model = "parrot", size = 4 }
[[projection]]
source = "first"
target = "ring"
connect = { rule = "edges", source = [0], target = [0] }
weight = 1
delay = "0.1 ms"
[[projection]]
source = "ring"
target = "ring"
connect = { rule = "edges", source = [0, 2, 1, 3], target = [2, 1, 3, 0] }
weight = 1
delay = "0.1 ms"
"#;

fn windows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("window");
    let scenario = parse(&Source::new("ring", RING), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    for (shards, threads) in [(1, 1), (2, 1), (2, 2)] {
        let network = network::build(&scenario, shards, 1, None).expect("a network");
        let run = || {
            let options = Options::threads(threads);
            engine::run(&scenario, &network, options, &|_| Control::Continue).expect("a run")
        };
        group.throughput(Throughput::Elements(run().counts.windows));
        group.bench_function(format!("{shards} shards, {threads} threads"), |b| b.iter(run));
    }
    group.finish();
}

const ROUNDS: u64 = 2_000;

fn barriers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("barrier");
    group.throughput(Throughput::Elements(ROUNDS));
    for threads in [1, 2] {
        group.bench_function(format!("ours, {threads} threads"), |bencher| {
            let barrier = Barrier::new(threads);
            bencher.iter(|| meet(threads, |worker| barrier.wait(worker).expect("nobody fails")));
        });
        group.bench_function(format!("std, {threads} threads"), |bencher| {
            let barrier = std::sync::Barrier::new(threads);
            bencher.iter(|| {
                meet(threads, |_| {
                    barrier.wait();
                });
            });
        });
    }
    group.finish();
}

/// All threads wait for each other, again and again.
fn meet(threads: usize, wait: impl Fn(usize) + Sync) {
    let rounds = |worker| (0..ROUNDS).for_each(|_| wait(worker));
    std::thread::scope(|scope| {
        for worker in 1..threads {
            scope.spawn(move || rounds(worker));
        }
        rounds(0);
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = windows, barriers
}
criterion_main!(benches);
