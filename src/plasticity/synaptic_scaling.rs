//! `synaptic_scaling`: all inputs of a target are scaled together until it fires at a rate.

use super::bounded::{Bound, Weighed, at_soma, not_zero};
use super::homeostat::Homeostat;
use super::{
    Arrival, Descriptor, Level, Measure, Order, Parameter, Rule, Site, Spike, Stored, trace_after,
};
use crate::base::saved::value;
use crate::base::{Decay, Span, Tick, Unit, math};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "synaptic_scaling",
    summary: "homeostatic scaling of all inputs of a target, with or without learning",
    manual: "\
An arrival transmits s w. The scale s is shared by all inputs of a target:

    ds/dt = speed s (1 - r / rate)       s_min <= s <= s_max, s = 1 at the start
    dr/dt = -r / tau_r                   r = rate at the start
    spike of the target                  r -> r + 1 / tau_r

Between spikes of the target ln s is known in closed form, also where it is held at a bound. A
spike of the target changes s where it reaches the synapse.

Beneath the scale the weight learns by pairs, all to all, if a_plus or a_minus is not zero (in
units of the weight, with m = |w|):

    spike of the target   m -> m + a_plus x                              at most |w_max|
    arrival               transmits s w, then m -> m - a_minus (m / w_ref)^mu y    at least 0

x sums over arrivals and decays with tau_plus, y over spikes of the target and decays with
tau_minus. A spike of the target that reaches the synapse at the tick of an arrival comes after
it. The rule is the control for stdp_reserve, with the same depression.

Weights have the sign of w_max and never pass 0 or w_max; s w may pass w_max.

Source: Turrigiano, Leslie, Desai, Rutherford and Nelson 1998, doi 10.1038/36103; van Rossum, Bi
and Turrigiano 2000, doi 10.1523/JNEUROSCI.20-23-08812.2000; the form with a rate's estimate is
ours.",
    parameters: &[
        Parameter::new("rate", Unit::Hz, 10.0, Range::Positive)
            .doc("rate of the target's set point"),
        Parameter::new("tau_r", Unit::Ms, 2000.0, Range::Positive)
            .doc("time constant of the estimate of the target's rate"),
        Parameter::new("speed", Unit::Hz, 0.05, Range::NonNegative)
            .doc("relative change of the scale in a second without spikes"),
        Parameter::new("s_min", Unit::One, 0.01, Range::Positive).doc("smallest scale; at most 1"),
        Parameter::new("s_max", Unit::One, 100.0, Range::Positive).doc("largest scale; at least 1"),
        Parameter::weight("a_plus", Range::NonNegative).or(0.0).doc("size of potentiation"),
        Parameter::weight("a_minus", Range::NonNegative).or(0.0).doc("size of depression"),
        Parameter::new("tau_plus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of potentiation"),
        Parameter::new("tau_minus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of depression"),
        Parameter::new("mu", Unit::One, 0.2, Range::NonNegative).doc("exponent of depression"),
        Parameter::weight("w_ref", Range::Positive)
            .or(1.0)
            .doc("weight at which depression has the size a_minus"),
        Parameter::weight("w_max", Range::Any).doc("bound and sign of the weights; not zero"),
    ],
    bytes: 16,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check,
};

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut wrong = not_zero(p, 11);
    if p[3] > 1.0 {
        wrong.push((3, format!("found {}; the scale starts at 1", p[3])));
    }
    if p[4] < 1.0 {
        wrong.push((4, format!("found {}; the scale starts at 1", p[4])));
    }
    wrong
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    scale: Homeostat,
    rate_decay: Decay,
    a_plus: f64,
    a_minus: f64,
    plus: Decay,
    minus: Decay,
    mu: f64,
    w_ref: f64,
    bound: Bound,
}

/// What is held about a spike of the target.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fired {
    y: f64,
    /// The estimate of the rate just after the spike, in Hz.
    rate_hz: f64,
    /// The logarithm of the scale.
    ln_scale: f64,
}
value!(Fired { y, rate_hz, ln_scale });

/// See the [manual page](Descriptor::manual).
pub struct SynapticScaling;

impl Constants {
    /// The logarithm of the scale at `at`, a time at the target's soma.
    fn ln_scale(&self, last: Option<&Spike<Fired>>, at: Tick) -> f64 {
        match last {
            Some(last) => {
                let since = at - last.at;
                self.scale.after(last.value.ln_scale, last.value.rate_hz, since.ms())
            }
            None => self.scale.after(0.0, self.scale.set_point, at.ms()),
        }
    }

    /// The scale that an arrival meets, which has `latest` before it.
    fn scale(&self, latest: Option<&Spike<Fired>>, dendritic: Span, arrival: Tick) -> f64 {
        math::exp(self.ln_scale(latest, Tick(arrival.0.saturating_sub(dendritic.0))))
    }
}

/// Takes the open spikes of the target that reach the synapse before `until`.
#[inline]
fn fold<W: Stored>(
    site: &Site<'_, SynapticScaling>,
    s: &mut Weighed<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    let c = site.constants;
    s.raise(c.bound, site, last, until, |x, _, since| c.a_plus * (x * c.plus.over(since)));
}

impl Rule for SynapticScaling {
    type Constants = Constants;
    type Trace = f64;
    type Along = ();
    type Fired = Fired;
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Weighed<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Constants {
        Constants {
            scale: Homeostat {
                slope: p[2] / 1000.0 / p[0],
                set_point: p[0],
                tau_ms: p[1],
                share: 1.0,
                low: math::ln(p[3]),
                high: math::ln(p[4]),
            },
            rate_decay: Decay::new(p[1]),
            a_plus: p[5],
            a_minus: p[6],
            plus: Decay::new(p[7]),
            minus: Decay::new(p[8]),
            mu: p[9],
            w_ref: p[10],
            bound: Bound::new(p[11]),
        }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Weighed<W> {
        Weighed::new(c.bound, weight)
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        c.bound.refuse(weight)
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.plus, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(c: &Constants, last: Option<&Spike<Fired>>, at: Tick) -> Fired {
        let (rate_hz, since) = match last {
            Some(last) => (last.value.rate_hz, at - last.at),
            None => (c.scale.set_point, at - Tick::ZERO),
        };
        Fired {
            y: trace_after(&c.minus, last.map(|last| (last.value.y, last.at)), at),
            rate_hz: rate_hz * c.rate_decay.over(since) + 1000.0 / c.scale.tau_ms,
            ln_scale: c.ln_scale(last, at),
        }
    }

    #[inline]
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        Arrival { pre, .. }: &Arrival<Self>,
    ) -> f64 {
        let (c, path) = (site.constants, site.path);
        let arrival = pre.now.at + path.axonal;
        fold(site, s, pre.last, arrival);
        let latest = site.post.spikes.last_read(s.read);
        let transmitted = s.weight.load() * c.scale(latest, path.dendritic, arrival);
        if let Some(latest) = latest {
            let m = c.bound.magnitude(s.weight);
            let y = latest.value.y * c.minus.over(arrival - (latest.at + path.dendritic));
            s.weight = c.bound.store(m - c.a_minus * y * math::pow(m / c.w_ref, c.mu));
        }
        transmitted
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        fold(site, s, last, until);
    }

    const LEVELS: &'static [Level] = &[Level { name: "scale", measure: Measure::Of(Unit::One) }];

    /// At the soma: a synapse knows the scale by its dendritic delay later.
    fn levels(site: &mut Site<'_, Self>, at: Tick, levels: &mut Vec<f64>) {
        let spikes = &site.post.spikes;
        let latest = spikes.end_before(at).checked_sub(1);
        let latest = latest.and_then(|ordinal| spikes.spike(ordinal));
        levels.push(site.constants.scale(latest, Span::ZERO, at));
    }

    /// The weight that would be transmitted, scale included.
    fn weight<W: Stored>(
        site: &Site<'_, Self>,
        s: &Weighed<W>,
        _: Option<Spike<f64>>,
        at: Tick,
    ) -> f64 {
        let (spikes, path) = (&site.post.spikes, site.path);
        let end = spikes.end_before(at_soma(path, at));
        let latest = end.checked_sub(1).and_then(|ordinal| spikes.spike(ordinal));
        s.weight.load() * site.constants.scale(latest, path.dendritic, at)
    }
}
