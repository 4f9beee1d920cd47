//! Claims 1 and 2 of `docs/reproductions.md`: the accounts of a reserve, and growth that is
//! deferred, in a neuron that the learning weights drive.
//!
//! Promise: whatever the input, no weight and no reserve is negative, no weight is used beyond its
//! bound, nothing appears or vanishes but what is supplied and lost, growth never exceeds reserve
//! and supply; and a neuron whose weights grow when they are needed fires exactly when one
//! does whose weights are all written at each of its spikes. Method: a leaky integrate-and-fire
//! neuron with 1000 inputs of changing rate is run for 300 s over both, in double precision. The
//! eager side shares no code with the rule.

use super::patch::Patch;
use super::stdp_reserve::StdpReserve;
use super::{Path, Rule};
use crate::base::random::{Purpose, Stream};
use crate::base::{Span, Tick, math};

const INPUTS: usize = 1000;
const SECONDS: f64 = 300.0;
/// By what weights are smaller than with 100 inputs.
const SCALE: f64 = 100.0 / INPUTS as f64;
const W_MAX: f64 = 3.0 * SCALE;
const SUPPLY: f64 = 0.2;
const START: f64 = 0.8 * SCALE;

/// The reference values of the rule.
fn values() -> Vec<f64> {
    let changes = [
        ("a_plus", 0.01 * SCALE),
        ("a_minus", 0.009 * SCALE),
        ("w_ref", SCALE),
        ("w_max", W_MAX),
        ("growth", 0.002 * SCALE),
        ("supply", SUPPLY),
        ("reserve", 5.0),
        ("reserve_max", 50.0),
    ];
    let descriptor = StdpReserve::DESCRIPTOR;
    let mut values = descriptor.defaults();
    for (name, value) in changes {
        values[descriptor.parameter(name).expect("a parameter of the rule")] = value;
    }
    values
}

/// Arrivals of all inputs in order: 10 Hz each, 30 Hz in the second third, 5 Hz in the last.
fn arrivals() -> Vec<(Tick, usize)> {
    let mut random = Stream::new(7, Purpose::Initial, 77, 0);
    let (mut at, mut arrivals) = (0.0, Vec::new());
    while at < SECONDS {
        let rate = [10.0, 30.0, 5.0][(at / SECONDS * 3.0) as usize];
        at += random.exponential() / (rate * INPUTS as f64);
        let input = random.below(INPUTS as u64) as usize;
        arrivals.push((Tick((at * 1e9) as u64 + 1), input));
    }
    arrivals.dedup_by_key(|(at, _)| *at);
    arrivals
}

/// A leaky integrate-and-fire neuron with jumps: tau 20 ms, threshold 20 mV, refractory 2 ms.
#[derive(Default)]
struct Neuron {
    v: f64,
    at: f64,
    refractory_until: f64,
}

impl Neuron {
    /// An input at a time in ms; whether the neuron fires.
    fn input(&mut self, at: f64, weight: f64) -> bool {
        if at < self.refractory_until {
            return false;
        }
        self.v = self.v * math::exp(-(at - self.at.max(self.refractory_until)) / 20.0) + weight;
        self.at = at;
        let fires = self.v >= 20.0;
        if fires {
            (self.v, self.refractory_until) = (0.0, at + 2.0);
        }
        fires
    }
}

/// Everything at once: all weights are written at each spike of the target.
struct Eager {
    w: Vec<f64>,
    x: Vec<f64>,
    y: f64,
    rate: f64,
    reserve: f64,
    now: f64,
}

impl Eager {
    fn new() -> Eager {
        let (w, x) = (vec![START; INPUTS], vec![0.0; INPUTS]);
        Eager { w, x, y: 0.0, rate: 10.0, reserve: 5.0, now: 0.0 }
    }

    /// Lets time pass, in ms. While the rate is above its set point the reserve falls, and from
    /// then on it rises; on either stretch it meets a bound once at most.
    fn pass(&mut self, at: f64) {
        let falls = (2000.0 * math::ln(self.rate / 10.0)).clamp(0.0, at - self.now);
        for stretch in [falls, at - self.now - falls] {
            let spent = -self.rate * 2000.0 * math::exp_m1(-stretch / 2000.0);
            let moved = self.reserve + SUPPLY * 1e-3 * (10.0 * stretch - spent);
            self.reserve = moved.clamp(0.0, 50.0);
            self.rate *= math::exp(-stretch / 2000.0);
        }
        self.y *= math::exp(-(at - self.now) / 20.0);
        self.now = at;
    }

    fn arrive(&mut self, input: usize, x: f64) -> f64 {
        let over = (self.w[input] - W_MAX).max(0.0);
        self.w[input] -= over;
        let used = self.w[input];
        let down = (0.009 * SCALE * self.y * math::pow(used / SCALE, 0.2)).min(used);
        self.w[input] -= down;
        for back in [over, down] {
            self.reserve = (self.reserve + back).min(50.0);
        }
        if self.rate < 10.0 {
            let wanted = 0.002 * SCALE * (1.0 - self.rate / 10.0);
            let up = wanted.min(self.reserve).min(W_MAX - self.w[input]);
            self.w[input] += up;
            self.reserve -= up;
        }
        self.x[input] = x + 1.0;
        used
    }

    /// `last` are the times of the last arrivals.
    fn fire(&mut self, last: &[f64]) {
        let traces: Vec<f64> =
            (0..INPUTS).map(|i| self.x[i] * math::exp(-(self.now - last[i]) / 20.0)).collect();
        let demand = 0.01 * SCALE * traces.iter().sum::<f64>();
        let grant = (self.reserve / demand).min(1.0);
        for (w, x) in self.w.iter_mut().zip(&traces) {
            *w += grant * 0.01 * SCALE * x;
        }
        self.reserve = (self.reserve - grant * demand).max(0.0);
        self.y += 1.0;
        self.rate += 0.5;
    }
}

#[test]
fn deferred_growth_is_eager_growth_in_a_neuron_that_it_drives() {
    let arrivals = arrivals();
    let mut eager = Eager::new();
    let mut last = vec![f64::NEG_INFINITY; INPUTS];
    let mut neuron = Neuron::default();
    let mut spikes = Vec::new();
    let mut lazy = Patch::<StdpReserve, f64>::new(&values(), None, 1);
    let path = Path { axonal: Span::ZERO, dendritic: Span::ZERO };
    (0..INPUTS).for_each(|_| lazy.connect(START, path));
    let mut lazy_neuron = Neuron::default();
    let mut lazy_spikes = Vec::new();
    let mut worst: f64 = 0.0;
    for (number, &(at, input)) in arrivals.iter().enumerate() {
        let ms = at.0 as f64 * 1e-6;
        eager.pass(ms);
        let x = eager.x[input] * math::exp(-(ms - last[input]) / 20.0);
        let used = eager.arrive(input, x);
        last[input] = ms;
        assert!((0.0..=W_MAX).contains(&used) && (0.0..=50.0).contains(&eager.reserve));
        if neuron.input(ms, used) {
            eager.fire(&last);
            spikes.push(at);
        }
        lazy.send(input, at);
        let lazily = lazy.arrive(input);
        assert!((0.0..=W_MAX).contains(&lazily) && lazy.post.state.reserve() >= 0.0);
        worst = worst.max((lazily - used).abs());
        if lazy_neuron.input(ms, lazily) {
            lazy.fire(at);
            lazy_spikes.push(at);
        }
        if number % 100_000 == 0 {
            lazy.settle(at, true);
        }
    }
    assert!(spikes.len() > 2_000, "{} spikes", spikes.len());
    assert_eq!(spikes, lazy_spikes);
    assert!(worst < 1e-12, "transmitted weights differ by {worst} mV");
    let end = Tick((SECONDS * 1e9) as u64 + 1_000_000_000);
    lazy.settle(end, true);
    eager.pass(end.0 as f64 * 1e-6);
    let held: Vec<f64> = lazy.inputs.iter().map(|input| input.synapse.weight).collect();
    let apart = held.iter().zip(&eager.w).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(apart < 1e-12, "weights differ by {apart} mV");
}

#[test]
fn the_accounts_of_a_reserve_are_kept() {
    let mut patch = Patch::<StdpReserve, f64>::new(&values(), None, 1);
    let path = Path { axonal: Span::ZERO, dendritic: Span::ZERO };
    (0..INPUTS).for_each(|_| patch.connect(START, path));
    let mut neuron = Neuron::default();
    let start = START * INPUTS as f64 + 5.0;
    let (mut before, mut next) = ((start - 5.0, 5.0, 0.0), 1.0);
    let (mut least, mut grew) = (f64::INFINITY, f64::NEG_INFINITY);
    for (at, input) in arrivals() {
        patch.send(input, at);
        let weight = patch.arrive(input);
        if neuron.input(at.0 as f64 * 1e-6, weight) {
            patch.fire(at);
        }
        if at.s() < next {
            continue;
        }
        next += 1.0;
        // What the target fires at this very tick is granted after it.
        let until = Tick(at.0 + 1);
        patch.settle(until, true);
        let pool = patch.post.state;
        let sum: f64 = patch.inputs.iter().map(|input| input.synapse.weight).sum();
        let expected = start + pool.produced() - pool.lost(&patch.constants);
        let error = ((sum + pool.reserve() - expected) / expected).abs();
        assert!(error < 1e-9, "{at}: {sum} + {} is not {expected}", pool.reserve());
        let (sum_before, reserve, since) = before;
        let allowed = reserve + SUPPLY * 10.0 * (at.s() - since);
        assert!(sum - sum_before <= allowed + 1e-9, "{at}: {sum_before} to {sum} of {allowed}");
        least = least.min(pool.reserve());
        grew = grew.max((sum - sum_before) / allowed);
        before = (sum, pool.reserve(), at.s());
    }
    // Weights grew, and the reserve was empty at times, so something was tested.
    assert!(grew > 0.3 && least < 0.1, "{grew} of what is allowed, {least} mV left");
}
