//! What every rule promises, tested for every rule in the registry.
//!
//! Promise: evaluated lazily, a rule gives what an eager evaluation of its equations gives, spike by
//! spike; settling synapses at any times and trimming histories by the horizon changes no bit of any
//! weight; weights stay within their bounds; a synapse takes the bytes that its manual states.
//! Method: random trains, with ties between arrivals, target and modulator made on purpose, bursts,
//! silences, several spikes of a source under way at a time, and random divisions of the delay.

use super::oracle::{self, Happening, Values};
use super::patch::{Patch, Protocol};
use super::{Descriptor, Kind, Path, Rule, Stored, Visitor, dispatch, registry};
use crate::base::random::{Purpose, Stream};
use crate::base::{Span, Tick};

/// Trains for each rule and way of testing. One protocol is one random train of each kind.
const TRAINS: u64 = 10_000;

pub(super) struct Draw(Stream);

impl Draw {
    pub fn new(what: u64, which: u64) -> Draw {
        Draw(Stream::new(what, Purpose::Initial, 77, which))
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.uniform()
    }

    /// Increasing ticks: bursts, silences, and a coarse lattice on which trains meet.
    pub fn train(&mut self, most: u64) -> Vec<Tick> {
        let (mut tick, mut train) = (self.below(40_000_000), Vec::new());
        let lattice = [1, 1_000_000][self.below(2) as usize];
        for _ in 0..self.below(most + 1) {
            let mean_ms = [0.5, 5.0, 50.0, 2_000.0][self.0.below(20).min(3) as usize];
            let step = (self.0.exponential() * mean_ms * 1e6) as u64;
            tick = (tick + step + 1).div_ceil(lattice) * lattice;
            train.push(Tick(tick));
        }
        train
    }

    pub fn path(&mut self) -> Path {
        // Whole milliseconds, so that ties survive the shift.
        let ms = |draw: &mut Draw| Span(draw.below(8) * 1_000_000);
        let long = Span(self.below(2) * 40_000_000);
        let axonal = ms(self);
        Path { axonal: Span(axonal.0 + long.0), dendritic: ms(self) }
    }

    /// Parameters around their defaults, and for each choice any word.
    pub fn parameters(&mut self, descriptor: &Descriptor) -> Vec<f64> {
        let draw = |p: &super::Parameter| match p.kind {
            Kind::Choice(words) => self.0.below(words.len() as u64) as f64,
            Kind::Quantity { default: Some(value), .. } => value * (0.5 + self.0.uniform()),
            Kind::Quantity { default: None, .. } => 0.5 + 2.0 * self.0.uniform(),
        };
        let mut values: Vec<f64> = descriptor.parameters.iter().map(draw).collect();
        prepare(descriptor, &mut values, &mut self.0);
        values
    }

    pub fn protocol(&mut self, inputs: usize) -> Protocol {
        let target = self.train(60);
        let mut sources: Vec<Vec<Tick>> = (0..inputs).map(|_| self.train(60)).collect();
        // Ties on purpose: some spikes of the target are also spikes of the first source.
        if self.below(2) == 0 && !target.is_empty() {
            let shared = (0..10).map(|_| target[self.below(target.len() as u64) as usize]);
            let mut train = shared.collect::<Vec<Tick>>();
            train.extend(&sources[0]);
            train.sort_unstable();
            train.dedup();
            sources[0] = train;
        }
        let modulator = self.train(60);
        Protocol { sources, target, modulator, ..Protocol::default() }
    }
}

/// Makes random values legal, and strong enough that bounds are met.
fn prepare(descriptor: &Descriptor, values: &mut [f64], random: &mut Stream) {
    let at = |name| descriptor.parameter(name);
    let mut set = |name, value: f64| {
        if let Some(index) = at(name) {
            values[index] = value;
        }
    };
    match descriptor.name {
        "stdp" => {
            set("lambda", [0.01, 0.3][random.below(2) as usize]);
            // With short time constants pairs reach over the bounds of epochs ([`super::paired`]).
            set("tau_plus", [2.0, 20.0][random.below(2) as usize]);
            set("tau_minus", [2.0, 20.0][random.below(2) as usize]);
            let sign = [1.0, -1.0][random.below(2) as usize];
            set("w_max", sign * (0.7 + random.uniform()));
        }
        "stdp_decay" => {
            set("lambda", [0.01, 0.3][random.below(2) as usize]);
            set("tau_decay", [2e3, 1e6][random.below(2) as usize]);
            set("threshold", 0.02 + 0.1 * random.uniform());
            set("w_max", [1.2, -0.7][random.below(2) as usize]);
        }
        "short_term" => {
            set("u", random.uniform_open());
            set("tau_fac", [0.0, 400.0][random.below(2) as usize]);
        }
        "stdp_triplet" => {
            let size = [0.01, 0.2][random.below(2) as usize];
            for name in ["a2_plus", "a2_minus", "a3_plus", "a3_minus"] {
                set(name, size * random.uniform());
            }
            set("w_max", [1.2, -0.7][random.below(2) as usize]);
        }
        "vogels_inhibitory" => {
            set("eta", [0.01, 0.3][random.below(2) as usize]);
            set("w_max", [1.2, -0.7][random.below(2) as usize]);
        }
        "stdp_dopamine" => {
            set("a_minus", random.uniform());
            set("b", [0.0, 1.0][random.below(2) as usize]);
            set("w_min", [0.0, -0.3][random.below(2) as usize]);
        }
        "synaptic_scaling" => {
            set("speed", [0.05, 2.0][random.below(2) as usize]);
            set("a_plus", 0.2 * random.uniform());
            set("a_minus", 0.2 * random.uniform());
            set("s_min", 0.3);
            set("s_max", 4.0);
            set("w_max", [1.2, -0.7][random.below(2) as usize]);
        }
        "stdp_reserve" => {
            set("a_plus", 0.3 * random.uniform());
            set("a_minus", 0.3 * random.uniform());
            set("growth", 0.1 * random.uniform());
            set("supply", 0.02 * random.uniform());
            set("reserve", random.uniform());
            set("reserve_max", 1.0 + random.uniform());
            set("recycling", [1.0, 0.8][random.below(2) as usize]);
            set("prediction", [0.0, 500.0][random.below(2) as usize]);
            set("gain_max", 1.5);
            set("w_max", [1.2, -0.7][random.below(2) as usize]);
        }
        "dendritic_prediction" => {
            set("eta", [2.0, 10.0][random.below(2) as usize]);
            set("w_min", [-0.1, -0.7][random.below(2) as usize]);
            set("w_max", 1.2);
            set("tau_delta", [0.0, 3.0, 10.0, 100.0][random.below(4) as usize]);
        }
        "noise_prune" => {
            set("kappa", [0.5, 20.0][random.below(2) as usize]);
            set("gain", 0.1);
            set("min_spikes", random.below(3) as f64);
            set("rescale_cap", [2.0, 100.0][random.below(2) as usize]);
            set("start", random.below(200) as f64);
            set("probe", [50.0, 400.0, 5000.0][random.below(3) as usize]);
            set("pause", [0.0, 30.0][random.below(2) as usize]);
            set("rounds", 1.0 + random.below(4) as f64);
            set("shrink", 1.0 + random.uniform());
        }
        _ => {}
    }
}

fn patch<R: Rule, W: Stored>(values: &[f64], weights: &[f64], paths: &[Path]) -> Patch<R, W> {
    let mut patch = Patch::new(values, None, 5);
    weights.iter().zip(paths).for_each(|(&weight, &path)| patch.connect(weight, path));
    patch
}

/// A weight that the rule accepts.
fn weight(descriptor: &Descriptor, values: &[f64], random: &mut Draw) -> f64 {
    match descriptor.parameter("w_max") {
        Some(index) => {
            let least = descriptor.parameter("threshold").map_or(0.0, |at| values[at] + 1e-3);
            values[index] * random.uniform(least, 1.0)
        }
        None => random.uniform(0.1, 1.0) * [1.0, -1.0][random.below(2) as usize],
    }
}

/// Runs protocols with and without settling and trimming, and compares bits.
struct Settles;

impl Visitor for Settles {
    type Output = ();

    fn visit<R: Rule>(self) {
        for which in 0..TRAINS / 10 {
            settles::<R, f32>(which);
            settles::<R, f64>(which);
        }
    }
}

fn settles<R: Rule, W: Stored>(which: u64) {
    let mut draw = Draw::new(1, which);
    let values = draw.parameters(R::DESCRIPTOR);
    let inputs = 3;
    let weights: Vec<f64> =
        (0..inputs).map(|_| weight(R::DESCRIPTOR, &values, &mut draw)).collect();
    let shared_path = draw.path();
    let paths: Vec<Path> = (0..inputs)
        .map(|_| match R::DESCRIPTOR.order {
            super::Order::BySynapse => draw.path(),
            // Inputs that share a pool have one dendritic delay.
            super::Order::ByTarget => Path { dendritic: shared_path.dendritic, ..draw.path() },
        })
        .collect();
    let plain = draw.protocol(inputs);
    let mut busy = plain.clone();
    busy.settle = draw.train(40);
    // Also at the very ticks at which something happens.
    busy.settle.extend(plain.target.iter().step_by(3));
    busy.settle.sort_unstable();
    // Settling twice in a row must be settling once.
    busy.settle.extend(busy.settle.clone());
    busy.settle.sort_unstable();
    busy.trim = true;
    let end = Tick(10_000_000_000_000);
    let [mut one, mut other] = [0; 2].map(|_| patch::<R, W>(&values, &weights, &paths));
    let (expected, found) = (one.run(&plain), other.run(&busy));
    let bits = |all: &[Vec<f64>]| -> Vec<Vec<u64>> {
        all.iter().map(|train| train.iter().map(|w| w.to_bits()).collect()).collect()
    };
    assert_eq!(bits(&expected), bits(&found), "{} {which}", R::DESCRIPTOR.name);
    one.finish(&plain, end);
    other.finish(&busy, end);
    for input in 0..inputs {
        let (a, b) = (one.inputs[input].synapse, other.inputs[input].synapse);
        assert_eq!(a, b, "{} {which}: settled at the end", R::DESCRIPTOR.name);
        let (a, b) = (one.weight(input, end), other.weight(input, end));
        assert_eq!(a.to_bits(), b.to_bits(), "{} {which}", R::DESCRIPTOR.name);
    }
    for patch in [&mut one, &mut other] {
        patch.verdicts.sort_by_key(|verdict| (verdict.at, verdict.source));
    }
    assert_eq!(one.verdicts, other.verdicts, "{} {which}", R::DESCRIPTOR.name);
    other.settle(end, true);
    assert!(other.post.spikes.len() <= 1, "all but the latest spike can be forgotten");
}

#[test]
fn settling_and_trimming_change_no_bit() {
    for descriptor in registry() {
        dispatch(descriptor, Settles);
    }
}

/// The trains at the somata, for an oracle that needs more than what happens at the synapse.
#[derive(Clone, Copy)]
pub(super) struct Trains<'a> {
    pub path: Path,
    pub source: &'a [Tick],
    pub target: &'a [Tick],
}

/// Runs protocols on one synapse and hands the transmitted weights to the oracle.
pub(super) fn against<R: Rule>(
    trains: u64,
    tolerance: f64,
    mut expected: impl FnMut(&Values<'_>, f64, &[(f64, Happening)], Trains<'_>) -> Vec<f64>,
) {
    for which in 0..trains {
        let mut draw = Draw::new(2, which);
        let values = draw.parameters(R::DESCRIPTOR);
        let start = weight(R::DESCRIPTOR, &values, &mut draw);
        let path = draw.path();
        let protocol = draw.protocol(1);
        let found = patch::<R, f64>(&values, &[start], &[path]).run(&protocol);
        let (source, target) = (&protocol.sources[0], &protocol.target);
        let happenings = oracle::happenings(path, source, target, &protocol.modulator);
        let named = Values { descriptor: R::DESCRIPTOR, values: &values };
        let expected = expected(&named, start, &happenings, Trains { path, source, target });
        assert_eq!(found[0].len(), expected.len());
        for (index, (a, b)) in found[0].iter().zip(&expected).enumerate() {
            let error = (a - b).abs() / (a.abs() + b.abs()).max(1e-6);
            let name = R::DESCRIPTOR.name;
            assert!(error < tolerance, "{name} {which}: spike {index}: {a} {b}\n{values:?}");
        }
    }
}

#[test]
fn stdp_is_what_the_eager_oracle_gives() {
    against::<super::stdp::Stdp>(TRAINS, 1e-9, |v, w, h, _| oracle::stdp(v, w, h));
}

#[test]
fn stdp_decay_is_what_the_eager_oracle_gives() {
    let (mut gone, mut left) = (0, 0);
    against::<super::stdp_decay::StdpDecay>(TRAINS, 1e-9, |v, w, h, _| {
        let expected = oracle::stdp_decay(v, w, h);
        gone += usize::from(expected.last() == Some(&0.0));
        left += usize::from(expected.last().is_some_and(|&weight| weight != 0.0));
        expected
    });
    assert!(gone > 1_000 && left > 1_000, "{gone} gone, {left} left");
}

#[test]
fn short_term_is_what_the_eager_oracle_gives() {
    against::<super::short_term::ShortTerm>(TRAINS, 1e-10, |v, weight, happenings, _| {
        let arrivals = happenings.iter().filter(|(_, what)| *what == Happening::Arrival);
        let times: Vec<f64> = arrivals.map(|(at, _)| *at).collect();
        oracle::short_term(v, &times).into_iter().map(|share| share * weight).collect()
    });
}

#[test]
fn stdp_triplet_is_what_the_eager_oracle_gives() {
    against::<super::stdp_triplet::StdpTriplet>(TRAINS, 1e-9, |v, w, h, _| {
        oracle::stdp_triplet(v, w, h)
    });
}

#[test]
fn vogels_inhibitory_is_what_the_eager_oracle_gives() {
    against::<super::vogels_inhibitory::VogelsInhibitory>(TRAINS, 1e-9, |v, w, h, _| {
        oracle::vogels(v, w, h)
    });
}

#[test]
fn stdp_dopamine_is_what_the_eager_oracle_gives() {
    against::<super::stdp_dopamine::StdpDopamine>(TRAINS, 1e-8, |v, w, h, _| {
        oracle::stdp_dopamine(v, w, h)
    });
}

#[test]
fn synaptic_scaling_is_what_the_eager_oracle_gives() {
    against::<super::synaptic_scaling::SynapticScaling>(TRAINS, 1e-9, |v, w, h, own| {
        oracle::scaling(v, w, h, own.path.dendritic.ms())
    });
}

#[test]
fn noise_prune_is_what_the_eager_oracle_gives() {
    let mut pruned = 0;
    against::<super::noise_prune::NoisePrune>(TRAINS, 1e-7, |v, w, h, own| {
        let ms =
            |train: &[Tick]| train.iter().map(|tick| tick.0 as f64 / 1e6).collect::<Vec<f64>>();
        let (source, target) = (ms(own.source), ms(own.target));
        oracle::noise_prune(v, w, h, [&source, &target], |round| {
            // The source is neuron 0, so the pair has this order either way.
            let pair = u64::from(u32::MAX);
            Stream::new(5, Purpose::Prune, u64::from(round), pair).uniform()
        })
    });
    // The draws must not all fall on one side.
    for which in 0..200 {
        let mut draw = Draw::new(9, which);
        let values = draw.parameters(super::noise_prune::NoisePrune::DESCRIPTOR);
        let (path, protocol) = (draw.path(), draw.protocol(1));
        let mut patch = patch::<super::noise_prune::NoisePrune, f32>(&values, &[0.5], &[path]);
        patch.run(&protocol);
        pruned += patch.verdicts.iter().filter(|verdict| verdict.after == 0.0).count();
    }
    assert!((10..190).contains(&pruned), "{pruned} of 200 synapses pruned");
}

#[test]
fn dendritic_prediction_is_what_the_eager_oracle_gives() {
    // Steps of 1e-1 leave 1e-13 in a weight, which shows in one that happens to be near zero.
    against::<super::dendritic_prediction::DendriticPrediction>(TRAINS, 1e-6, |v, w, h, _| {
        oracle::dendritic_prediction(v, w, h)
    });
}

#[test]
fn stdp_reserve_is_what_the_eager_oracle_gives() {
    type Reserve = super::stdp_reserve::StdpReserve;
    for which in 0..TRAINS {
        let mut draw = Draw::new(4, which);
        let values = draw.parameters(Reserve::DESCRIPTOR);
        let weights: Vec<f64> =
            (0..3).map(|_| weight(Reserve::DESCRIPTOR, &values, &mut draw)).collect();
        let first = draw.path();
        let paths: Vec<Path> =
            (0..3).map(|_| Path { dendritic: first.dendritic, ..draw.path() }).collect();
        let protocol = draw.protocol(3);
        let mut patch = patch::<Reserve, f64>(&values, &weights, &paths);
        let found = patch.run(&protocol);
        let end = Tick(10_000_000_000_000);
        patch.finish(&protocol, end);
        let ms = |at: Tick, by: Span| (at + by).0 as f64 / 1e6;
        let inputs: Vec<Vec<f64>> = (0..3)
            .map(|k| protocol.sources[k].iter().map(|&t| ms(t, paths[k].axonal)).collect())
            .collect();
        let target: Vec<f64> = protocol.target.iter().map(|&t| ms(t, first.dendritic)).collect();
        let named = Values { descriptor: Reserve::DESCRIPTOR, values: &values };
        let magnitudes: Vec<f64> = weights.iter().map(|w| w.abs()).collect();
        let eager = oracle::stdp_reserve(&named, &magnitudes, &inputs, &target);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + a.abs());
        for (input, (found, eager_found)) in found.iter().zip(&eager.transmitted).enumerate() {
            for (index, (a, b)) in found.iter().zip(eager_found).enumerate() {
                assert!(close(a.abs(), *b), "{which}: {input} {index}: {a} {b}\n{values:?}");
            }
            let bound = named.of("w_max").abs();
            let (a, b) = (patch.weight(input, end), eager.weights[input].min(bound));
            assert!(close(a.abs(), b), "{which}: {input}: at the end {a} {b}");
        }
        // Nothing is made or lost but what is accounted for.
        if named.word("bound") == "unlimited" {
            continue;
        }
        let pool = patch.post.state;
        let start: f64 = magnitudes.iter().sum::<f64>() + named.of("reserve");
        let held: f64 = patch.inputs.iter().map(|i| i.synapse.weight.load().abs()).sum::<f64>();
        assert!(
            close(pool.reserve(), eager.reserve),
            "{which}: {} {}",
            pool.reserve(),
            eager.reserve
        );
        let account = start + pool.produced() - pool.lost(&patch.constants);
        let error = (held + pool.reserve() - account).abs() / account.max(1.0);
        assert!(error < 1e-9, "{which}: {held} + {} is not {account}", pool.reserve());
        assert!(pool.reserve() >= 0.0 && pool.reserve() <= named.of("reserve_max"));
    }
}

/// Promise: nothing is made or lost but what is accounted for, also where weights are rounded to single
/// precision at each event; what the account says does not depend on when synapses were settled.
#[test]
fn the_accounts_of_a_reserve_balance_in_single_precision() {
    type Reserve = super::stdp_reserve::StdpReserve;
    let mut rounded = 0;
    for which in 0..TRAINS / 10 {
        let mut draw = Draw::new(6, which);
        let values = draw.parameters(Reserve::DESCRIPTOR);
        let named = Values { descriptor: Reserve::DESCRIPTOR, values: &values };
        if named.word("bound") == "unlimited" {
            continue;
        }
        let weights: Vec<f64> =
            (0..3).map(|_| weight(Reserve::DESCRIPTOR, &values, &mut draw)).collect();
        let paths = [draw.path(); 3];
        let plain = draw.protocol(3);
        let busy = Protocol { settle: draw.train(40), trim: true, ..plain.clone() };
        let end = Tick(10_000_000_000_000);
        let lost = [plain, busy].map(|protocol| {
            let mut patch = patch::<Reserve, f32>(&values, &weights, &paths);
            let held = |patch: &Patch<Reserve, f32>| -> f64 {
                patch.inputs.iter().map(|input| input.synapse.weight.load().abs()).sum()
            };
            let start = held(&patch) + named.of("reserve");
            patch.run(&protocol);
            patch.finish(&protocol, end);
            let (pool, lost) = (patch.post.state, patch.post.state.lost(&patch.constants));
            let account = start + pool.produced() - lost;
            let error = (held(&patch) + pool.reserve() - account).abs() / account.max(1.0);
            assert!(error < 1e-9, "{which}: {error:e}");
            rounded += u32::from(lost != 0.0);
            lost.to_bits()
        });
        assert_eq!(lost[0], lost[1], "{which}: the account depends on when synapses were settled");
    }
    assert!(rounded > 300, "nothing was rounded");
}

/// Weights within their bounds, in both precisions, whatever the trains: what each spike finds, and what
/// is left at the end.
struct Bounds;

impl Visitor for Bounds {
    type Output = ();

    fn visit<R: Rule>(self) {
        let name = R::DESCRIPTOR.name;
        let mut met = [0, 0];
        for which in 0..TRAINS / 10 {
            let at_bounds = [bounds::<R, f32>(which), bounds::<R, f64>(which)];
            at_bounds.iter().flatten().for_each(|met_here| {
                met.iter_mut().zip(met_here).for_each(|(sum, more)| *sum += more);
            });
        }
        let bounded = R::DESCRIPTOR.parameter("w_max").is_some();
        assert!(!bounded || met[0] + met[1] > 10, "{name}: bounds were hardly met: {met:?}");
    }
}

/// How often the lower and the upper bound were met; `None` for a rule without bounds.
fn bounds<R: Rule, W: Stored>(which: u64) -> Option<[u32; 2]> {
    let mut draw = Draw::new(3, which);
    let values = draw.parameters(R::DESCRIPTOR);
    let of = |name| R::DESCRIPTOR.parameter(name).map(|index| values[index]);
    let bound = of("w_max")?;
    let low = of("w_min").unwrap_or(0.0);
    // What synaptic_scaling transmits is scaled on top.
    let bound = bound * of("s_max").unwrap_or(1.0);
    let (low, high) = (low.min(bound), low.max(bound));
    let start = weight(R::DESCRIPTOR, &values, &mut draw).clamp(low, high);
    let path = draw.path();
    let protocol = Protocol { settle: draw.train(20), ..draw.protocol(1) };
    let mut patch = patch::<R, W>(&values, &[start], &[path]);
    let mut found = patch.run(&protocol).remove(0);
    let end = Tick(10_000_000_000_000);
    patch.finish(&protocol, end);
    found.push(patch.weight(0, end));
    let name = R::DESCRIPTOR.name;
    for (spike, weight) in found.iter().enumerate() {
        let inside = (low..=high).contains(weight);
        assert!(inside, "{name} {which}: spike {spike}: {weight} is not in {low} to {high}");
    }
    let near = |bound: f64| found.iter().filter(|&&w| (w - bound).abs() < 1e-6).count() as u32;
    Some([near(low), near(high)])
}

#[test]
fn weights_stay_within_their_bounds() {
    for descriptor in registry() {
        dispatch(descriptor, Bounds);
    }
}

struct Bytes;

impl Visitor for Bytes {
    type Output = ();

    fn visit<R: Rule>(self) {
        // Target and delay take four bytes each.
        let found = size_of::<R::Synapse<f32>>() as u32 + 8;
        assert_eq!(found, R::DESCRIPTOR.bytes, "{}", R::DESCRIPTOR.name);
        assert!(align_of::<R::Synapse<f32>>() <= 4, "{}", R::DESCRIPTOR.name);
    }
}

#[test]
fn a_synapse_takes_the_bytes_that_are_stated() {
    for descriptor in registry() {
        dispatch(descriptor, Bytes);
    }
}

#[test]
fn every_rule_is_documented() {
    for descriptor in registry() {
        let name = descriptor.name;
        assert!(descriptor.summary.len() > 10 && descriptor.manual.len() > 100, "{name}");
        assert!(name == "fixed" || descriptor.manual.contains("Source"), "{name} has no source");
        let mut names: Vec<&str> = descriptor.parameters.iter().map(|p| p.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), descriptor.parameters.len(), "{name}: a name twice");
        for parameter in descriptor.parameters {
            assert!(parameter.doc.len() > 5, "{name}: {}", parameter.name);
            let reserved =
                ["rule", "short_term", "dendritic_delay", "modulator", "modulator_delay"];
            assert!(!reserved.contains(&parameter.name), "{name}: {}", parameter.name);
        }
        for line in descriptor.manual.lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}
