//! What does an event of external Poisson input cost?
//!
//! Method: the processes of 1,000 neurons, at rates from 1 Hz to 20 kHz, over as many epochs as give
//! some 100,000 events, drawn by group and epoch ([`PoissonProcess`]). Beside it the plain way, one
//! exponential interval after the other, neuron by neuron, without the queue that would have to
//! bring them into order. One element is one event. Run it with `cargo bench --bench poisson`.
//!
//! Result: 1.9 to 5.2 ns an event by group and epoch, 7.6 ns interval by interval and not yet sorted.
//! Decision: by group and epoch. Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::base::Resolution;
use saltatory::base::random::{Purpose, Stream};
use saltatory::scenario::Steps;
use saltatory::source::{PoissonProcess, Process};
use std::hint::black_box;
use std::time::Duration;

const NEURONS: u32 = 1_000;

fn poisson(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("poisson");
    for rate_hz in [1.0, 100.0, 1_000.0, 20_000.0] {
        let steps = Steps::constant(rate_hz);
        let grid = Resolution::FINEST;
        let process = PoissonProcess::new(1, Purpose::Background, 0, NEURONS, steps, grid);
        let per_epoch = rate_hz * f64::from(NEURONS) * process.epoch().s();
        let epochs = (1e5 / per_epoch).ceil() as u64;
        let generate = || {
            let (mut events, mut sum) = (0, 0u64);
            for epoch in 0..epochs {
                process.generate(epoch, 0, NEURONS, |tick, neuron| {
                    events += 1;
                    sum = sum.wrapping_add(tick.0 ^ u64::from(neuron));
                });
            }
            black_box(sum);
            events
        };
        group.throughput(Throughput::Elements(generate()));
        group.bench_function(format!("by epoch/{rate_hz} Hz"), |bencher| bencher.iter(generate));
    }
    let events = 100_000;
    group.throughput(Throughput::Elements(events));
    group.bench_function("interval by interval", |bencher| {
        let mut random = Stream::new(1, Purpose::Background, 0, 0);
        bencher.iter(|| (0..events).map(|_| random.exponential()).sum::<f64>());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = poisson
}
criterion_main!(benches);
