//! `noise_prune`: synapses are kept by the covariance of noise that they see, or removed.

use super::bounded::at_soma;
use super::{
    Arrival, Descriptor, Order, Parameter, Rule, Site, Spike, Stored, Verdict, trace_after,
};
use crate::base::random::{Purpose, Stream};
use crate::base::saved::{Value, value};
use crate::base::{Decay, NeuronId, Span, Tick, Unit};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "noise_prune",
    summary: "pruning by the covariance of noise, measured from spikes while the network runs",
    manual: "\
In a probe each synapse adds up what its two trains say of their covariance; at its end it is kept
with a probability p and then strengthened to w / p, or removed. The expected weight does not
change.

    p = min(1, max(1 / rescale_cap, kappa (2 / r) gain |w| (C_ii + C_jj - 2 sign(w) C_ij)))

The covariances are those of the traces x, which rise by one at each spike and decay with tau_pre
(of the source j) and tau_post (of the target i). They come from sums over spikes, by the identity
that holds in a stationary state, with times at the synapse and t- just before the spike:

    C_ij = [sum over arrivals of x_i(t-) + sum over spikes of the target of x_j]
               / (T (1 / tau_i + 1 / tau_j)) - X_i X_j             X_i = N_i tau_i / T
    C_ii = [N_i + 2 sum over own spikes of x_i(t-)] tau_i / (2 T) - X_i^2

N_i spikes fell into the probe of length T; r = (N_i + N_j) / (2 T) is the intensity of the noise.
gain w is the entry of the linearised network: the effect of the source's trace on the rate of
change of the target's, in 1/ms for each unit of weight. kappa is then about the number of
partners of a neuron that remain. With one time constant and one rate the sum of p / kappa over
all pairs is at most the number of neurons. Synapses of neurons with fewer than min_spikes spikes
in the probe are left alone.

Round number k (from 0) probes from start + k (probe + pause) on, and decides at the end of its
probe; its kappa is kappa times shrink^(rounds - 1 - k). Sums start anew in each round.

Whether a synapse stays is drawn from a hash of seed, round and the two neurons, in either order
for `symmetric` and in this order for `directed`, so it does not depend on when or where it is
decided. With `symmetric`, equal delays and time constants, equal weights and dendritic_delay =
\"half\", both directions of a pair see the same sums and share one fate. Several synapses of one
pair share the draw, too.

`policy` replaces the covariance, as controls: `variance` leaves C_ij out; p = kappa gain |w| with
`weight`; p = kappa with `uniform`.

With diagonal = \"row_sum\" the leak of the target makes up for what its inputs lose and win: at each
decision it falls by the sum of |w| - |w_new| over its inputs of the projection, so the slack of
its row stays what it was. It needs a model whose leak can change while it runs: `hawkes`, whose
self_weight (w_ii, in Hz like the weights) grows by that sum. Networks refuse it for other targets;
`original` leaves the leak alone. The change comes when the last of the decisions takes effect at a
soma: at the end of the probe, later by the longest dendritic delay of the projection, rounded up
to a step of the resolution, and before arrivals and spikes of that tick. So with delays of one
length every spike meets new weights and the new leak together. A change that would come at the end
of the run or later is not made. A synapse of a neuron with itself belongs to the diagonal and is
left alone with `row_sum`. Pruning at given times beside the rule is not made up for.

At one tick a decision comes before arrivals and spikes. A spike that would arrive at the synapse
at the tick of its removal or later is lost; one that arrived before reaches the soma.

Source: Moore and Chaudhuri 2020, arXiv 2011.07334. The estimate from spikes is ours.",
    parameters: &[
        Parameter::choice("policy", &POLICIES).doc("what decides about a synapse"),
        Parameter::choice("pairs", &PAIRS).doc("whether both directions of a pair share one fate"),
        Parameter::choice("diagonal", &DIAGONALS)
            .doc("whether the target's leak makes up for what is removed"),
        Parameter::new("kappa", Unit::One, 10.0, Range::Positive)
            .doc("scale of the probabilities: partners of a neuron that remain"),
        Parameter::new("gain", Unit::One, 1.0, Range::Positive)
            .doc("effect of one unit of weight on the target's trace, in 1/ms"),
        Parameter::new("rescale_cap", Unit::One, 100.0, Range::Positive)
            .doc("most by which a weight may grow in a round; at least 1"),
        Parameter::new("min_spikes", Unit::One, 500.0, Range::NonNegative)
            .doc("spikes that both neurons need for a decision"),
        Parameter::new("tau_pre", Unit::Ms, 10.0, Range::Positive)
            .doc("time constant of the source's trace"),
        Parameter::new("tau_post", Unit::Ms, 10.0, Range::Positive)
            .doc("time constant of the target's trace"),
        Parameter::new("start", Unit::Ms, 0.0, Range::NonNegative).doc("start of the first probe"),
        Parameter::new("probe", Unit::Ms, 10_000.0, Range::Positive).doc("length of a probe"),
        Parameter::new("pause", Unit::Ms, 0.0, Range::NonNegative)
            .doc("time between a decision and the next probe"),
        Parameter::new("rounds", Unit::One, 1.0, Range::Positive).doc("how many probes"),
        Parameter::new("shrink", Unit::One, 1.0, Range::Positive)
            .doc("factor between the kappa of a round and that of the next; at least 1"),
    ],
    bytes: 24,
    order: Order::BySynapse,
    modulated: false,
    prunes: true,
    check,
};

const POLICIES: [&str; 4] = ["noise", "variance", "weight", "uniform"];
const PAIRS: [&str; 2] = ["symmetric", "directed"];
const DIAGONALS: [&str; 2] = ["original", "row_sum"];
const MOST_ROUNDS: f64 = 65_535.0;

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    for index in [5, 13] {
        if p[index] < 1.0 {
            wrong.push((index, format!("found {}; it is at least 1", p[index])));
        }
    }
    if p[12].fract() != 0.0 || p[12] > MOST_ROUNDS {
        wrong.push((12, format!("found {}; a whole number of at most {MOST_ROUNDS}", p[12])));
    }
    // A quarter of all time for each part leaves no sum of them beyond the end of time.
    for index in [9, 10, 11] {
        if p[index] < 1e-6 && index == 10 || p[index] > Tick::MAX.ms() / 4.0 {
            wrong.push((index, format!("found {} ms; a time within a run", p[index])));
        }
    }
    wrong
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy {
    Noise,
    Variance,
    Weight,
    Uniform,
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    seed: u64,
    policy: Policy,
    directed: bool,
    row_sum: bool,
    kappa: f64,
    gain: f64,
    least: f64,
    min_spikes: f64,
    pre: Decay,
    post: Decay,
    start: Tick,
    probe: Span,
    period: Span,
    rounds: u32,
    shrink: f64,
}

/// One neuron's trace just after one of its spikes, and what it has counted in this round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Own {
    trace: f64,
    /// The round in whose probe the spike falls.
    round: Option<u32>,
    /// Spikes in this probe so far.
    count: u32,
    /// Sum over them of the trace just before.
    sum: f64,
}
value!(Own { trace, round, count, sum });

/// The weight and the sum of this round.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Probed<W> {
    weight: W,
    /// The two sums of C_ij.
    sum: W,
    read: u32,
    /// How many rounds have been decided; `PRUNED` if the synapse is gone.
    round: u32,
}
value!(Probed<W> where [W: Value] { weight, sum, read, round });

const PRUNED: u32 = 1 << 31;

/// See the [manual page](Descriptor::manual).
pub struct NoisePrune;

/// (2 / intensity) strength (C_ii + C_jj - 2 sign C_ij), the probability without its factor kappa;
/// `covariances` are C_ii, C_jj, C_ij. The analysis of matrices uses it, too.
#[inline]
pub fn leverage(strength: f64, sign: f64, intensity: f64, covariances: [f64; 3]) -> f64 {
    let [c_ii, c_jj, c_ij] = covariances;
    2.0 / intensity * strength * ((c_ii + c_jj) - 2.0 * sign * c_ij).max(0.0)
}

impl Constants {
    /// The round in whose probe `at` falls.
    #[inline]
    fn round_at(&self, at: Tick) -> Option<u32> {
        let since = at.0.checked_sub(self.start.0)?;
        let (round, within) = (since / self.period.0, since % self.period.0);
        (round < u64::from(self.rounds) && within < self.probe.0).then_some(round as u32)
    }

    /// When a round is decided; `None` after the last.
    #[inline]
    fn decision(&self, round: u32) -> Option<Tick> {
        let at = u128::from(self.start.0)
            + u128::from(round) * u128::from(self.period.0)
            + u128::from(self.probe.0);
        let within = round < self.rounds && at <= u128::from(Tick::MAX.0);
        within.then_some(Tick(at as u64))
    }

    /// The trace of a neuron and its sums, just after a spike.
    fn own(&self, decay: &Decay, last: Option<&Spike<Own>>, at: Tick) -> Own {
        let trace = trace_after(decay, last.map(|last| (last.value.trace, last.at)), at);
        let round = self.round_at(at);
        let (count, sum) = match last {
            Some(last) if last.value.round == round => (last.value.count, last.value.sum),
            _ => (0, 0.0),
        };
        match round {
            Some(_) => Own { trace, round, count: count + 1, sum: sum + (trace - 1.0) },
            None => Own { trace, round, count: 0, sum: 0.0 },
        }
    }

    /// The probability that a synapse of this weight is kept, by what has been counted; `None` if
    /// there was too little to count.
    fn probability(
        &self,
        weight: f64,
        sum: f64,
        source: Own,
        target: Own,
        round: u32,
    ) -> Option<f64> {
        let counted = |own: Own| if own.round == Some(round) { f64::from(own.count) } else { 0.0 };
        let (n_j, n_i) = (counted(source), counted(target));
        if n_i.min(n_j) < self.min_spikes.max(1.0) || weight == 0.0 {
            return None;
        }
        let t_ms = self.probe.ms();
        let (tau_j, tau_i) = (self.pre.tau_ms(), self.post.tau_ms());
        let (mean_j, mean_i) = (n_j * tau_j / t_ms, n_i * tau_i / t_ms);
        let own = |n: f64, sum: f64, tau: f64, mean: f64| {
            (n + 2.0 * sum) * tau / (2.0 * t_ms) - mean * mean
        };
        let c_jj = own(n_j, source.sum, tau_j, mean_j);
        let c_ii = own(n_i, target.sum, tau_i, mean_i);
        let c_ij = sum / (t_ms * (1.0 / tau_i + 1.0 / tau_j)) - mean_i * mean_j;
        let strength = self.gain * weight.abs();
        let intensity = (n_i + n_j) / (2.0 * t_ms);
        let by_noise = |c_ij| leverage(strength, weight.signum(), intensity, [c_ii, c_jj, c_ij]);
        let share = match self.policy {
            Policy::Noise => by_noise(c_ij),
            Policy::Variance => by_noise(0.0),
            Policy::Weight => strength,
            Policy::Uniform => 1.0,
        };
        let left = f64::from(self.rounds - 1 - round);
        let kappa = self.kappa * crate::base::math::pow(self.shrink, left);
        Some((kappa * share).max(self.least).min(1.0))
    }

    /// A number in [0, 1) that belongs to a pair and a round.
    fn draw(&self, source: NeuronId, target: NeuronId, round: u32) -> f64 {
        let (mut a, mut b) = (u64::from(source.0), u64::from(target.0));
        if !self.directed && a > b {
            std::mem::swap(&mut a, &mut b);
        }
        Stream::new(self.seed, Purpose::Prune, u64::from(round), a << 32 | b).uniform()
    }
}

/// Takes decisions up to `until`, and the spikes of the target that reach the synapse before it.
#[inline]
fn take<W: Stored>(
    site: &mut Site<'_, NoisePrune>,
    s: &mut Probed<W>,
    last: Option<Spike<Own>>,
    until: Tick,
) {
    let c = site.constants;
    while let Some(at) = c.decision(s.round & !PRUNED).filter(|&at| at <= until) {
        fold(site, s, last, at);
        if s.round & PRUNED == 0 {
            decide(site, s, last, at);
        }
        s.round += 1;
        s.sum = W::store(0.0);
    }
    fold(site, s, last, until);
}

/// Adds up the spikes of the target that reach the synapse before `until`.
#[inline]
fn fold<W: Stored>(
    site: &Site<'_, NoisePrune>,
    s: &mut Probed<W>,
    last: Option<Spike<Own>>,
    until: Tick,
) {
    let (c, spikes, limit) = (site.constants, &site.post.spikes, at_soma(site.path, until));
    let Some(last) = last.filter(|_| s.round & PRUNED == 0) else {
        s.read = spikes.end_before(limit) as u32;
        return;
    };
    let (arrived, sum) = (last.at + site.path.axonal, &mut s.sum);
    s.read = spikes.read_on(s.read, limit, |spike| {
        let at = spike.at + site.path.dendritic;
        if c.round_at(at).is_some() {
            *sum = W::store(sum.load() + last.value.trace * c.pre.over(at - arrived));
        }
    });
}

/// Keeps and strengthens a synapse, or removes it.
fn decide<W: Stored>(
    site: &mut Site<'_, NoisePrune>,
    s: &mut Probed<W>,
    last: Option<Spike<Own>>,
    at: Tick,
) {
    let (c, round, before) = (site.constants, s.round, s.weight.load());
    if c.row_sum && site.source == site.target {
        return;
    }
    let spikes = &site.post.spikes;
    let read = spikes.resolve(s.read, 32);
    let latest = read.checked_sub(1).and_then(|ordinal| spikes.spike(ordinal));
    let (Some(last), Some(latest)) = (last, latest) else { return };
    let p = c.probability(before, s.sum.load(), last.value, latest.value, round);
    let Some(p) = p.filter(|&p| p < 1.0) else { return };
    if c.draw(site.source, site.target, round) < p {
        s.weight = W::store(before / p);
    } else {
        s.weight = W::store(0.0);
        s.round |= PRUNED;
    }
    let (source, target, after) = (site.source, site.target, s.weight.load());
    site.verdicts.push(Verdict { at, source, target, before, after });
}

impl Rule for NoisePrune {
    type Constants = Constants;
    type Trace = Own;
    type Along = ();
    type Fired = Own;
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Probed<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], seed: u64) -> Constants {
        let ticks = |ms: f64| Span::from_ms(ms).expect("checked to lie within a run");
        let probe = Span(ticks(p[10]).0.max(1));
        Constants {
            seed,
            policy: match POLICIES[p[0] as usize] {
                "noise" => Policy::Noise,
                "variance" => Policy::Variance,
                "weight" => Policy::Weight,
                _ => Policy::Uniform,
            },
            directed: PAIRS[p[1] as usize] == "directed",
            row_sum: DIAGONALS[p[2] as usize] == "row_sum",
            kappa: p[3],
            gain: p[4],
            least: 1.0 / p[5],
            min_spikes: p[6],
            pre: Decay::new(p[7]),
            post: Decay::new(p[8]),
            start: Tick(ticks(p[9]).0),
            probe,
            period: Span(probe.0 + ticks(p[11]).0),
            rounds: p[12] as u32,
            shrink: p[13],
        }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(_: &Constants, weight: f64) -> Probed<W> {
        Probed { weight: W::store(weight), sum: W::store(0.0), read: 0, round: 0 }
    }

    fn sent(c: &Constants, last: Option<&Spike<Own>>, at: Tick) -> Own {
        c.own(&c.pre, last, at)
    }

    fn fired(c: &Constants, last: Option<&Spike<Own>>, at: Tick) -> Own {
        c.own(&c.post, last, at)
    }

    #[inline]
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Probed<W>,
        Arrival { pre, .. }: &Arrival<Self>,
    ) -> f64 {
        let arrival = pre.now.at + site.path.axonal;
        take(site, s, pre.last, arrival);
        let (c, spikes) = (site.constants, &site.post.spikes);
        if s.round & PRUNED == 0 && c.round_at(arrival).is_some() {
            let read = spikes.resolve(s.read, 32);
            if let Some(latest) = read.checked_sub(1).and_then(|ordinal| spikes.spike(ordinal)) {
                let since = arrival - (latest.at + site.path.dendritic);
                s.sum = W::store(s.sum.load() + latest.value.trace * c.post.over(since));
            }
        }
        s.weight.load()
    }

    /// A decision at `until` itself is taken, too: it comes first at its tick.
    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Probed<W>,
        last: Option<Spike<Own>>,
        until: Tick,
    ) {
        take(site, s, last, until);
    }

    fn weight<W: Stored>(_: &Site<'_, Self>, s: &Probed<W>, _: Option<Spike<Own>>, _: Tick) -> f64 {
        s.weight.load()
    }

    fn leak_changes(c: &Constants, end: Tick) -> Vec<Tick> {
        let rounds = if c.row_sum { c.rounds } else { 0 };
        let decisions = (0..rounds).map_while(|round| c.decision(round));
        decisions.take_while(|&at| at < end).collect()
    }

    fn pruned<W: Stored>(s: &Probed<W>) -> bool {
        s.round & PRUNED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::patch::{Patch, Protocol};
    use super::super::{Path, Rule};
    use super::*;
    use crate::base::math::exp;

    /// Promise: the sums over spikes are the integral of the product of the two traces over the
    /// probe, but for what the product is at its end. Method: the integral, piece by piece.
    #[test]
    fn sums_over_spikes_are_the_integral_of_the_product() {
        let mut values = NoisePrune::DESCRIPTOR.defaults();
        (values[7], values[8], values[10]) = (7.0, 19.0, 1e6);
        let mut random = Stream::new(1, Purpose::Initial, 8, 0);
        let mut train = || -> Vec<Tick> {
            let mut at = 0;
            let mut step = || {
                at += (random.exponential() * 15e6) as u64 + 1;
                Tick(at)
            };
            (0..400).map(|_| step()).collect()
        };
        let (source, target) = (train(), train());
        let mut patch = Patch::<NoisePrune, f64>::new(&values, None, 1);
        let path = Path { axonal: Span(3_000_000), dendritic: Span(1_000_000) };
        patch.connect(0.5, path);
        let protocol = Protocol {
            sources: vec![source.clone()],
            target: target.clone(),
            ..Default::default()
        };
        patch.run(&protocol);
        let last = *source.last().unwrap() + path.axonal;
        let mut events: Vec<(Tick, bool)> =
            source.iter().map(|&t| (t + path.axonal, true)).collect();
        events.extend(target.iter().map(|&t| (t + path.dendritic, false)));
        events.sort_unstable();
        let (mut x, mut y, mut before, mut integral) = (0.0, 0.0, Tick::ZERO, 0.0);
        let rate = 1.0 / 7.0 + 1.0 / 19.0;
        for (at, of_source) in events.into_iter().filter(|event| event.0 <= last) {
            let dt = (at - before).ms();
            integral += x * y * (1.0 - exp(-rate * dt)) / rate;
            (x, y, before) = (x * exp(-dt / 7.0), y * exp(-dt / 19.0), at);
            if of_source { x += 1.0 } else { y += 1.0 }
        }
        let expected = rate * integral + x * y;
        // What the patch has added up by its last arrival.
        let found = patch.inputs[0].synapse.sum;
        assert!((found / expected - 1.0).abs() < 1e-10, "{found} {expected}");
    }

    /// Promise: a probe ends before its last tick; an arrival there belongs to no round. Method: an
    /// arrival at the end of a probe or a tick later, in the pause; the next round counts the same.
    #[test]
    fn the_tick_at_which_a_probe_ends_belongs_to_no_round() {
        let mut values = NoisePrune::DESCRIPTOR.defaults();
        (values[6], values[10], values[11], values[12]) = (2.0, 100.0, 50.0, 2.0);
        let ms = |times: &[u64]| times.iter().map(|&t| Tick(t * 1_000_000)).collect::<Vec<_>>();
        let sum = |arrival: Tick| {
            let mut patch = Patch::<NoisePrune, f64>::new(&values, None, 1);
            patch.connect(0.5, Path { axonal: Span(0), dendritic: Span(0) });
            let sources = vec![vec![arrival, Tick(160_000_000)]];
            let protocol = Protocol { sources, target: ms(&[95, 155]), ..Default::default() };
            patch.run(&protocol);
            patch.inputs[0].synapse.sum
        };
        let (at_the_end, in_the_pause) = (sum(Tick(100_000_000)), sum(Tick(100_000_001)));
        assert!(in_the_pause > 0.5 && (at_the_end - in_the_pause).abs() < 1e-6);
    }
}
