//! What does it cost to keep an event until its time has come?
//!
//! Method: the hold model. A queue holds a constant number of events; the earliest is taken and
//! another is filed, an exponential time later. Ours hand out whole windows: [`Calendar`] in the order
//! of filing (spikes in flight), [`Agenda`] sorted by content; a window holds about a tenth
//! of the events. Beside them std's binary heap, pop and push. [`WakeQueue`] is asked to move
//! predictions, as arrivals do, and to hand out those that have come up. One element is one event.
//! Run it with `cargo bench --bench queue`.
//!
//! Result: with 2^16 events held, filing and taking by windows does 150 million events a second in order of
//! filing and 74 million in order of content, std's heap 9.1 million. Decision: spikes in flight lie in a
//! calendar, plain events in an agenda, nothing in a heap. Tables: `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::base::random::{Purpose, Stream};
use saltatory::base::{Span, Tick};
use saltatory::queue::{Agenda, Calendar, Due, WakeQueue};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Duration;

const LOOKAHEAD: u64 = 1 << 16;
const TARGETS: u32 = 1 << 16;
/// Events of one iteration, about.
const EVENTS: u64 = 100_000;

/// Draws made beforehand, so that only the queue is timed.
struct Draws {
    list: Vec<(u64, u32)>,
    next: usize,
}

impl Draws {
    fn new() -> Draws {
        let mut random = Stream::new(1, Purpose::Initial, 0, 0);
        let mut draw = || {
            let wait = LOOKAHEAD + (random.exponential() * 9.0 * LOOKAHEAD as f64) as u64;
            (wait, random.below(TARGETS.into()) as u32)
        };
        Draws { list: (0..1 << 16).map(|_| draw()).collect(), next: 0 }
    }

    #[inline]
    fn next(&mut self) -> (u64, u32) {
        self.next = (self.next + 1) % self.list.len();
        self.list[self.next]
    }
}

fn hold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    for held in [1u32 << 10, 1 << 16] {
        group.throughput(Throughput::Elements(EVENTS));
        let mut draws = Draws::new();

        let mut calendar = Calendar::default();
        for _ in 0..held {
            let (wait, target) = draws.next();
            calendar.file(wait / LOOKAHEAD, (Tick(wait), target));
        }
        let mut due = Vec::new();
        group.bench_function(format!("calendar/{held}"), |bencher| {
            bencher.iter(|| {
                let mut events = 0;
                while events < EVENTS {
                    let window = calendar.next().expect("events never end");
                    calendar.take(window, &mut due);
                    events += due.len() as u64;
                    for (tick, _) in due.drain(..) {
                        let (wait, target) = draws.next();
                        let tick = Tick(tick.0 + wait);
                        calendar.file(tick.0 / LOOKAHEAD, (tick, target));
                    }
                }
            });
        });

        let mut agenda = Agenda::new(Span(LOOKAHEAD), TARGETS);
        for _ in 0..held {
            let (wait, target) = draws.next();
            agenda.file(Tick(wait), target);
        }
        let mut due = Due::default();
        group.bench_function(format!("agenda/{held}"), |bencher| {
            bencher.iter(|| {
                let mut events = 0;
                while events < EVENTS {
                    let window = agenda.next().expect("events never end");
                    agenda.take(window, &mut due);
                    events += due.len() as u64;
                    for (_, tick) in due.iter() {
                        let (wait, target) = draws.next();
                        agenda.file(Tick(tick.0 + wait), target);
                    }
                }
            });
        });

        let mut heap = BinaryHeap::new();
        for _ in 0..held {
            let (wait, target) = draws.next();
            heap.push(Reverse((wait, target)));
        }
        group.bench_function(format!("heap/{held}"), |bencher| {
            bencher.iter(|| {
                for _ in 0..EVENTS {
                    let Reverse((tick, _)) = heap.pop().expect("events never end");
                    let (wait, target) = draws.next();
                    heap.push(Reverse((tick + wait, target)));
                }
            });
        });
    }
    group.finish();
}

fn wake(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wake");
    let neurons = 10_000u32;
    let mut draws = Draws::new();
    let mut queue = WakeQueue::new(neurons as usize, Span(2 * LOOKAHEAD));
    let mut now = 0;
    group.throughput(Throughput::Elements(EVENTS));
    group.bench_function("predict", |bencher| {
        bencher.iter(|| {
            for event in 0..EVENTS {
                let (wait, target) = draws.next();
                // Far more predictions are moved than come up, as with arrivals and spikes.
                queue.predict(target % neurons, Tick(now), Tick(now + 100 * wait));
                if event % 1_000 == 0 {
                    now += LOOKAHEAD;
                    while let Some(neuron) = queue.pop_before(Tick(now)) {
                        black_box(neuron);
                    }
                }
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = hold, wake
}
criterion_main!(benches);
