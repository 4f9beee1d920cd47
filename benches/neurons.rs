//! What does each model's closed form cost, arrival by arrival?
//!
//! Method: one neuron of each registered model with its default parameters is brought through 1,000
//! inputs, 0.1 ms apart, by the loop that all models share ([`Cell::run`]); half of them excite. Once
//! the neuron stays far below threshold, once it is driven so that bounds fail now and then and it
//! fires. One element is one input. Run it with `cargo bench --bench neurons`.
//!
//! Result: 5 ns an arrival for `parrot`, 10 for `lif_delta`, 21 to 27 for `lif_exp`, 100 for `lif_alpha`, up to
//! 290 for neurons with controllers. Decision: linear models get a lane in which an arrival is an addition. Tables:
//! `benches/README.md`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use saltatory::base::{Resolution, Tick};
use saltatory::neuron::cell::{Cell, Input, InputKind};
use saltatory::neuron::{Dynamics, Initial, Visitor, dispatch, registry};
use std::hint::black_box;
use std::time::Duration;

const INPUTS: u64 = 1_000;
/// Ticks from one input to the next.
const APART: u64 = 100_000;

struct Kernel<'c> {
    criterion: &'c mut Criterion,
    name: &'static str,
    weight: f64,
}

impl Visitor for Kernel<'_> {
    type Output = ();

    fn visit<M: Dynamics>(self) {
        let parameters = M::DESCRIPTOR.defaults();
        let constants = M::constants(&parameters);
        let value = |initial: Initial| match initial {
            Initial::Value(value) => value,
            Initial::Parameter(index) => parameters[index],
            Initial::OwnNumber => 0.5,
            Initial::Derived | Initial::Contacts(_) | Initial::Series(_) => 0.0,
        };
        let start: Vec<f64> = M::DESCRIPTOR.variables.iter().map(|v| value(v.initial)).collect();
        let grid = Resolution::FINEST;
        let input = |k: u64| {
            let weight = if k.is_multiple_of(2) { self.weight } else { -0.5 * self.weight };
            Input { at: Tick((k + 1) * APART), kind: InputKind::Spike(weight) }
        };
        let inputs: Vec<Input> = (0..INPUTS).map(input).collect();
        let end = Tick((INPUTS + 1) * APART);
        let mut spikes = Vec::new();
        let mut group = self.criterion.benchmark_group(self.name);
        group.throughput(Throughput::Elements(INPUTS));
        group.bench_function(M::DESCRIPTOR.name, |bencher| {
            bencher.iter(|| {
                let state = M::initial(&constants, &start);
                let mut cell = Cell::new::<M>(&constants, grid, state, 0.0);
                spikes.clear();
                cell.run::<M>(&constants, grid, black_box(&inputs), end, &mut spikes);
                spikes.len()
            });
        });
        group.finish();
    }
}

fn kernels(criterion: &mut Criterion) {
    for (name, weights) in [("quiet", [0.01, 1.0]), ("firing", [1.2, 120.0])] {
        for descriptor in registry() {
            let is_current = descriptor.input == saltatory::base::Unit::Pa;
            let weight = weights[usize::from(is_current)];
            dispatch(descriptor, Kernel { criterion: &mut *criterion, name, weight });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    targets = kernels
}
criterion_main!(benches);
