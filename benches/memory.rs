//! What is gained by telling the memory what is needed soon, and by large pages?
//!
//! Method: a weight is added at a million places of a list of 64 MiB, drawn beforehand, as arrivals
//! reach the neurons of a large network. Once as it is, once with each place asked for 32 places
//! ahead ([`prefetch`]), once with a hint that is not given. Then the same in a list that
//! [`LargePages`] asks large pages for, and in its pieces of 2 MiB, for which nobody asks. One element is one
//! addition. Run it with `cargo bench --bench memory`.
//!
//! Result: large pages save 3 ns of 11; the hint hardly more than noise in this loop, whose reads do not wait
//! for each other. Whole networks gained a tenth by hints, and 6 to 27 % by large pages
//! (`docs/performance.md`). Decision: both stay. Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::base::random::{Purpose, Stream};
use saltatory::memory::pages::LargePages;
use saltatory::memory::prefetch::prefetch;
use std::hint::black_box;
use std::time::Duration;

#[global_allocator]
static MEMORY: LargePages = LargePages;

/// Items of the list.
const ITEMS: usize = 8 << 20;
/// Items of a piece, less than large pages are asked for.
const PIECE: usize = 1 << 18;
const ADDITIONS: usize = 1 << 20;
const AHEAD: usize = 32;

fn places() -> Vec<u32> {
    let mut random = Stream::new(1, Purpose::Initial, 0, 0);
    (0..ADDITIONS).map(|_| random.below(ITEMS as u64) as u32).collect()
}

fn add(list: &mut [f64], places: &[u32], ask: impl Fn(&[f64], usize)) {
    for (number, &place) in places.iter().enumerate() {
        if let Some(&coming) = places.get(number + AHEAD) {
            ask(list, coming as usize);
        }
        list[place as usize] += 0.5;
    }
}

fn memory(criterion: &mut Criterion) {
    let places = places();
    let mut list = vec![1.0; ITEMS];
    let mut group = criterion.benchmark_group("memory");
    group.throughput(Throughput::Elements(ADDITIONS as u64));
    group.bench_function("hints/as it is", |bencher| {
        bencher.iter(|| places.iter().for_each(|&place| list[place as usize] += 0.5));
    });
    group.bench_function("hints/given", |bencher| {
        bencher.iter(|| add(&mut list, &places, prefetch));
    });
    group.bench_function("hints/not given", |bencher| {
        bencher.iter(|| add(&mut list, &places, |_, place| _ = black_box(place)));
    });
    group.bench_function("pages/large ones asked for", |bencher| {
        bencher.iter(|| {
            for &place in &places {
                let (piece, rest) = (place as usize / PIECE, place as usize % PIECE);
                list[piece * PIECE + rest] += 0.5;
            }
        });
    });
    let mut pieces = vec![vec![1.0; PIECE]; ITEMS / PIECE];
    group.bench_function("pages/nobody asks", |bencher| {
        bencher.iter(|| {
            for &place in &places {
                pieces[place as usize / PIECE][place as usize % PIECE] += 0.5;
            }
        });
    });
    group.finish();
    black_box((list, pieces));
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = memory
}
criterion_main!(benches);
