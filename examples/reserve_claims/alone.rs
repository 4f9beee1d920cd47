//! Claims 1 and 2 in double precision, without a network: the accounts of a reserve, and growth that is
//! deferred, in a neuron that the learning weights drive.
//!
//! A leaky integrate-and-fire neuron with 1000 inputs of changing rate is run for 300 s by the rule, and
//! by an eager evaluation that shares no code with it.

use saltatory::base::random::{Purpose, Stream};
use saltatory::base::{Span, Tick, math};
use saltatory::plasticity::patch::Patch;
use saltatory::plasticity::stdp_reserve::StdpReserve;
use saltatory::plasticity::{Path, Rule};

const INPUTS: usize = 1000;
const SECONDS: f64 = 300.0;
/// By what weights are smaller than with 100 inputs.
const SCALE: f64 = 100.0 / INPUTS as f64;
/// The bound of the weights, in mV.
pub const W_MAX: f64 = 3.0 * SCALE;
/// The largest reserve, in mV.
pub const RESERVE_MAX: f64 = 50.0;
const SUPPLY: f64 = 0.2;
const START: f64 = 0.8 * SCALE;

/// The neuron and its inputs under the rule, at its reference values.
fn patch() -> Patch<StdpReserve, f64> {
    let changes = [
        ("a_plus", 0.01 * SCALE),
        ("a_minus", 0.009 * SCALE),
        ("w_ref", SCALE),
        ("w_max", W_MAX),
        ("growth", 0.002 * SCALE),
        ("supply", SUPPLY),
        ("reserve", 5.0),
        ("reserve_max", RESERVE_MAX),
    ];
    let descriptor = StdpReserve::DESCRIPTOR;
    let mut values = descriptor.defaults();
    for (name, value) in changes {
        values[descriptor.parameter(name).expect("a parameter of the rule")] = value;
    }
    let mut patch = Patch::new(&values, None, 1);
    let path = Path { axonal: Span::ZERO, dendritic: Span::ZERO };
    (0..INPUTS).for_each(|_| patch.connect(START, path));
    patch
}

/// Arrivals of all inputs in order: 10 Hz each, 30 Hz in the second third, 5 Hz in the last.
fn arrivals(seed: u64) -> Vec<(Tick, usize)> {
    let mut random = Stream::new(seed, Purpose::Initial, 77, 0);
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

/// Growth that is written when a weight is needed, beside growth that is written at once.
pub struct Deferred {
    /// Spikes of the neuron with eager growth.
    pub spikes: usize,
    /// Spikes that only one of the two neurons has fired.
    pub apart: usize,
    /// The largest difference of a weight that was used, or is held at the end, in mV.
    pub difference: f64,
}

/// Runs both.
pub fn deferred(seed: u64) -> Deferred {
    let (mut eager, mut last) = (Eager::new(), vec![f64::NEG_INFINITY; INPUTS]);
    let mut lazy = patch();
    let (mut neuron, mut lazy_neuron) = (Neuron::default(), Neuron::default());
    let (mut spikes, mut apart, mut difference) = (0, 0, 0.0f64);
    for (number, (at, input)) in arrivals(seed).into_iter().enumerate() {
        let ms = at.0 as f64 * 1e-6;
        eager.pass(ms);
        let x = eager.x[input] * math::exp(-(ms - last[input]) / 20.0);
        let used = eager.arrive(input, x);
        last[input] = ms;
        let fires = neuron.input(ms, used);
        if fires {
            eager.fire(&last);
        }
        lazy.send(input, at);
        let lazily = lazy.arrive(input);
        let lazy_fires = lazy_neuron.input(ms, lazily);
        if lazy_fires {
            lazy.fire(at);
        }
        spikes += usize::from(fires);
        apart += usize::from(fires != lazy_fires);
        difference = difference.max((lazily - used).abs());
        if number % 100_000 == 0 {
            lazy.settle(at, true);
        }
    }
    let end = Tick((SECONDS * 1e9) as u64 + 1_000_000_000);
    lazy.settle(end, true);
    for (input, weight) in lazy.inputs.iter().zip(&eager.w) {
        difference = difference.max((input.synapse.held() - weight).abs());
    }
    Deferred { spikes, apart, difference }
}

/// What the accounts of a reserve show, looked at after every second.
pub struct Accounts {
    /// Largest relative error of the sum of weights and reserve.
    pub error: f64,
    /// The most by which weights grew beyond the reserve and what could be made meanwhile, in mV.
    pub overdraft: f64,
    /// The largest part of what was allowed by which weights did grow.
    pub grew: f64,
    /// The least and the largest reserve, in mV.
    pub reserve: [f64; 2],
    /// The least and the largest weight that was used, in mV.
    pub used: [f64; 2],
}

/// Runs the rule alone.
pub fn accounts(seed: u64) -> Accounts {
    let (mut patch, mut neuron) = (patch(), Neuron::default());
    let weights = START * INPUTS as f64;
    let start = weights + 5.0;
    let (mut before, mut next) = ((weights, 5.0, 0.0), 1.0);
    let nothing = [f64::INFINITY, f64::NEG_INFINITY];
    let [reserve, used] = [nothing; 2];
    let lowest = f64::NEG_INFINITY;
    let mut found = Accounts { error: 0.0, overdraft: lowest, grew: lowest, reserve, used };
    let extend = |range: &mut [f64; 2], value: f64| {
        *range = [range[0].min(value), range[1].max(value)];
    };
    for (at, input) in arrivals(seed) {
        patch.send(input, at);
        let weight = patch.arrive(input);
        extend(&mut found.used, weight);
        extend(&mut found.reserve, patch.post.state.reserve());
        if neuron.input(at.0 as f64 * 1e-6, weight) {
            patch.fire(at);
        }
        if at.s() < next {
            continue;
        }
        next += 1.0;
        // What the target fires at this very tick is granted after it.
        patch.settle(Tick(at.0 + 1), true);
        let pool = patch.post.state;
        let sum: f64 = patch.inputs.iter().map(|input| input.synapse.held()).sum();
        let expected = start + pool.produced() - pool.lost(&patch.constants);
        found.error = found.error.max(((sum + pool.reserve() - expected) / expected).abs());
        let (sum_before, reserve, since) = before;
        let allowed = reserve + SUPPLY * 10.0 * (at.s() - since);
        found.overdraft = found.overdraft.max(sum - sum_before - allowed);
        found.grew = found.grew.max((sum - sum_before) / allowed);
        extend(&mut found.reserve, pool.reserve());
        before = (sum, pool.reserve(), at.s());
    }
    found
}
