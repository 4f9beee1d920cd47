//! `stdp_decay`: weights that fade unless pairs of spikes renew them, and synapses that are lost.

use super::bounded::{Bound, Weighed, at_soma, not_zero};
use super::{
    Arrival, Descriptor, Order, Parameter, Rule, Site, Spike, Stored, Verdict, trace_after,
};
use crate::base::{Decay, Span, Tick, Unit, math};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "stdp_decay",
    summary: "pairs of spikes against a slow decay of the weight; what has faded is pruned",
    manual: "\
Spike-timing dependent plasticity of pairs of spikes whose weights fade, and synapses that are
removed when they have faded to a threshold. With W = |w| / |w_max|, times at the synapse:

    between events        dW/dt = -W / tau_decay
    spike of the target   W -> W + lambda x          at most 1
    arrival               W -> W - lambda alpha y     then W w_max is transmitted
    W = threshold         the synapse is removed

x is the sum over all arrivals, which decays with tau_plus, y that over all spikes of the target,
with tau_minus. A spike of the target that reaches the synapse at the tick of an arrival comes after
it.

When a synapse goes is solved for: after an event at t it is the tick

    t + tau_decay ln(W / threshold)      rounded up

unless another event comes before. An arrival that leaves the threshold or less removes the synapse
at its own tick and transmits nothing. Whether a removal is worked out by the next arrival, when
all synapses are settled, or at the end of the run makes no difference. At one tick a removal by
decay comes before arrivals and spikes: a spike that reaches the synapse at the tick of its removal
or later is lost; one that arrived before reaches the soma.

Weights have the sign of w_max and start above the threshold.

Source: Song, Miller and Abbott 2000, doi 10.1038/78829, for the pairs; the decay and the threshold
are ours.",
    parameters: &[
        Parameter::new("tau_plus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of potentiation"),
        Parameter::new("tau_minus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of depression"),
        Parameter::new("lambda", Unit::One, 0.01, Range::NonNegative).doc("size of a step"),
        Parameter::new("alpha", Unit::One, 1.0, Range::NonNegative)
            .doc("size of depression relative to potentiation"),
        Parameter::new("tau_decay", Unit::Ms, 10_000.0, Range::Positive)
            .doc("time constant of the weight"),
        Parameter::new("threshold", Unit::One, 0.05, Range::Positive)
            .doc("share of w_max at which a synapse is removed; below 1"),
        Parameter::weight("w_max", Range::Any)
            .or(100.0)
            .doc("bound and sign of the weights; not zero"),
    ],
    bytes: 16,
    order: Order::BySynapse,
    modulated: false,
    prunes: true,
    check,
};

const THRESHOLD: usize = 5;
const W_MAX: usize = 6;

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut wrong = not_zero(p, W_MAX);
    if p[THRESHOLD] >= 1.0 {
        wrong.push((THRESHOLD, format!("found {}; a share of w_max, below 1", p[THRESHOLD])));
    }
    wrong
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    plus: Decay,
    minus: Decay,
    fading: Decay,
    /// Steps and threshold as magnitudes of a weight.
    step_up: f64,
    step_down: f64,
    threshold: f64,
    bound: Bound,
}

/// Above the threshold by this factor no rounding hides a crossing.
const CLEARLY: f64 = 1.0 + 1e-9;

impl Constants {
    /// When a synapse of this magnitude, which it had at `since`, goes if that is not after `until`.
    #[inline]
    fn crossing(&self, magnitude: f64, since: Tick, until: Tick) -> Option<Tick> {
        // The weight that is left says in most cases that the time need not be solved for.
        if magnitude * self.fading.over(until - since) > self.threshold * CLEARLY {
            return None;
        }
        let ms = self.fading.tau_ms() * math::ln(magnitude / self.threshold);
        // Beyond the end of time nothing is crossed.
        let ticks = (ms * 1e6).ceil().max(1.0);
        let at = (ticks < Tick::MAX.0 as f64).then(|| since + Span(ticks as u64));
        at.filter(|&at| at <= until)
    }
}

/// See the [manual page](Descriptor::manual). A synapse stores its weight just after its latest event,
/// which is an arrival or a spike of the target and can be looked up; what is gone has weight 0, which
/// nothing else has.
pub struct StdpDecay;

/// When the latest event of a synapse was, given the latest arrival.
#[inline]
fn latest<W: Stored>(site: &Site<'_, StdpDecay>, s: &Weighed<W>, last: Option<Spike<f64>>) -> Tick {
    let read = site.post.spikes.last_read(s.read);
    let heard = read.map_or(Tick::ZERO, |spike| spike.at + site.path.dendritic);
    last.map_or(heard, |last| heard.max(last.at + site.path.axonal))
}

/// Removes a synapse whose magnitude is `before`.
fn remove<W: Stored>(site: &mut Site<'_, StdpDecay>, s: &mut Weighed<W>, at: Tick, before: f64) {
    s.weight = W::store(0.0);
    let (source, target) = (site.source, site.target);
    let before = site.constants.bound.signed(before);
    site.verdicts.push(Verdict { at, source, target, before, after: 0.0 });
}

/// Lets a synapse fade from `since` to `until`; what is left, or `None` if it is gone.
#[inline]
fn fade<W: Stored>(
    site: &mut Site<'_, StdpDecay>,
    s: &mut Weighed<W>,
    since: Tick,
    until: Tick,
) -> Option<f64> {
    let c = site.constants;
    let magnitude = c.bound.magnitude(s.weight);
    if let Some(at) = c.crossing(magnitude, since, until) {
        remove(site, s, at, magnitude * c.fading.over(at - since));
        return None;
    }
    Some(magnitude * c.fading.over(until - since))
}

/// Takes the spikes of the target that reach the synapse before `until`, and what it loses until
/// then; what is left at `until`, which is not stored, or `None` if the synapse is gone.
fn take<W: Stored>(
    site: &mut Site<'_, StdpDecay>,
    s: &mut Weighed<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) -> Option<f64> {
    if StdpDecay::pruned(s) {
        return None;
    }
    let (c, limit) = (site.constants, at_soma(site.path, until));
    let mut since = latest(site, s, last);
    while let Some(spike) = site.post.spikes.next_unread(s.read).filter(|s| s.at < limit) {
        let at = spike.at + site.path.dendritic;
        let left = fade(site, s, since, at)?;
        let x =
            last.map_or(0.0, |last| last.value * c.plus.over(at - (last.at + site.path.axonal)));
        s.weight = c.bound.store(left + c.step_up * x);
        s.read = s.read.wrapping_add(1);
        since = at;
    }
    // A walk may ask for a time that lies before the event.
    fade(site, s, since, until.max(since))
}

impl Rule for StdpDecay {
    type Constants = Constants;
    type Trace = f64;
    type Along = ();
    type Fired = f64;
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Weighed<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;
    const FADES: bool = true;

    fn constants(p: &[f64], _: u64) -> Constants {
        let bound = Bound::new(p[W_MAX]);
        let step = p[2] * bound.size;
        Constants {
            plus: Decay::new(p[0]),
            minus: Decay::new(p[1]),
            fading: Decay::new(p[4]),
            step_up: step,
            step_down: step * p[3],
            threshold: p[THRESHOLD] * bound.size,
            bound,
        }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Weighed<W> {
        Weighed::new(c.bound, weight)
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        let faded = weight.abs() <= c.threshold;
        let too_weak = || {
            let least = c.bound.signed(c.threshold);
            format!("the weight {weight} does not lie above the threshold, {least}")
        };
        c.bound.refuse(weight).or_else(|| faded.then(too_weak))
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.plus, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.minus, last.map(|last| (last.value, last.at)), at)
    }

    #[inline]
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        Arrival { pre, .. }: &Arrival<Self>,
    ) -> f64 {
        let (c, path) = (site.constants, site.path);
        let arrival = pre.now.at + path.axonal;
        let Some(left) = take(site, s, pre.last, arrival) else { return 0.0 };
        let y = site.post.spikes.last_read(s.read).map_or(0.0, |latest| {
            latest.value * c.minus.over(arrival - (latest.at + path.dendritic))
        });
        let lowered = left - c.step_down * y;
        s.weight = c.bound.store(lowered);
        if c.bound.magnitude(s.weight) <= c.threshold {
            remove(site, s, arrival, left);
        }
        s.weight.load()
    }

    /// A removal at `until` itself is taken, too: it comes first at its tick.
    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        take(site, s, last, until);
    }

    fn weight<W: Stored>(
        site: &Site<'_, Self>,
        s: &Weighed<W>,
        last: Option<Spike<f64>>,
        at: Tick,
    ) -> f64 {
        if Self::pruned(s) {
            // What its target fires has not been read since.
            return 0.0;
        }
        let since = latest(site, s, last);
        s.weight.load() * site.constants.fading.over(at.max(since) - since)
    }

    fn pruned<W: Stored>(s: &Weighed<W>) -> bool {
        s.weight.load() == 0.0
    }
}
