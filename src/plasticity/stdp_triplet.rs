//! `stdp_triplet`: pairs and triplets of spikes.

use super::bounded::{Bound, Weighed, not_zero};
use super::{Arrival, Descriptor, Order, Parameter, Rule, Site, Spike, Stored, trace_after};
use crate::base::saved::value;
use crate::base::{Decay, Tick, Unit};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "stdp_triplet",
    summary: "spike-timing dependent plasticity of pairs and triplets (NEST stdp_triplet_synapse)",
    manual: "\
Plasticity by pairs and triplets of spikes, all to all. With W = |w| / |w_max|, times at the
synapse:

    spike of the target   W -> W + x1 (a2_plus + a3_plus y2)      at most 1
    arrival               W -> W - y1 (a2_minus + a3_minus x2)    at least 0; then transmitted

x1 and x2 sum over arrivals and decay with tau_plus and tau_x; y1 and y2 sum over spikes of the
target and decay with tau_minus and tau_y. x2 and y2 are taken just before the spike itself.

A spike of the target that reaches the synapse at the tick of an arrival comes after it: x1
includes that arrival, y1 of the arrival does not include the spike.

Weights have the sign of w_max and never pass 0 or w_max. The sizes a are shares of w_max; NEST's
are weights. The defaults are those of the visual cortex, all to all.

Source: Pfister and Gerstner 2006, doi 10.1523/JNEUROSCI.1425-06.2006.",
    parameters: &[
        Parameter::new("tau_plus", Unit::Ms, 16.8, Range::Positive)
            .doc("time constant of x1, potentiation by pairs"),
        Parameter::new("tau_x", Unit::Ms, 101.0, Range::Positive)
            .doc("time constant of x2, depression by triplets"),
        Parameter::new("tau_minus", Unit::Ms, 33.7, Range::Positive)
            .doc("time constant of y1, depression by pairs"),
        Parameter::new("tau_y", Unit::Ms, 125.0, Range::Positive)
            .doc("time constant of y2, potentiation by triplets"),
        Parameter::new("a2_plus", Unit::One, 5e-10, Range::NonNegative)
            .doc("potentiation by a pair, as a share of w_max"),
        Parameter::new("a2_minus", Unit::One, 7e-3, Range::NonNegative)
            .doc("depression by a pair, as a share of w_max"),
        Parameter::new("a3_plus", Unit::One, 6.2e-3, Range::NonNegative)
            .doc("potentiation by a triplet, as a share of w_max"),
        Parameter::new("a3_minus", Unit::One, 2.3e-4, Range::NonNegative)
            .doc("depression by a triplet, as a share of w_max"),
        Parameter::weight("w_max", Range::Any).doc("bound and sign of the weights; not zero"),
    ],
    bytes: 16,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check: |p| not_zero(p, 8),
};

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    x1: Decay,
    x2: Decay,
    y1: Decay,
    y2: Decay,
    a2_plus: f64,
    a2_minus: f64,
    a3_plus: f64,
    a3_minus: f64,
    bound: Bound,
}

/// Traces of the source just after a spike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources {
    x1: f64,
    x2: f64,
}
value!(Sources { x1, x2 });

/// Traces of the target at a spike.
#[derive(Clone, Copy, Debug, Default)]
pub struct Targets {
    y1_after: f64,
    y2_before: f64,
}
value!(Targets { y1_after, y2_before });

/// See the [manual page](Descriptor::manual).
pub struct StdpTriplet;

/// Takes the open spikes of the target that reach the synapse before `until`.
#[inline]
fn fold<W: Stored>(
    site: &Site<'_, StdpTriplet>,
    s: &mut Weighed<W>,
    last: Option<Spike<Sources>>,
    until: Tick,
) {
    let c = site.constants;
    s.raise(c.bound, site, last, until, |last, fired, since| {
        let x1 = last.x1 * c.x1.over(since);
        c.bound.size * (x1 * (c.a2_plus + c.a3_plus * fired.y2_before))
    });
}

impl Rule for StdpTriplet {
    type Constants = Constants;
    type Trace = Sources;
    type Along = ();
    type Fired = Targets;
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Weighed<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Constants {
        Constants {
            x1: Decay::new(p[0]),
            x2: Decay::new(p[1]),
            y1: Decay::new(p[2]),
            y2: Decay::new(p[3]),
            a2_plus: p[4],
            a2_minus: p[5],
            a3_plus: p[6],
            a3_minus: p[7],
            bound: Bound::new(p[8]),
        }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Weighed<W> {
        Weighed::new(c.bound, weight)
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        c.bound.refuse(weight)
    }

    fn sent(c: &Constants, last: Option<&Spike<Sources>>, at: Tick) -> Sources {
        Sources {
            x1: trace_after(&c.x1, last.map(|last| (last.value.x1, last.at)), at),
            x2: trace_after(&c.x2, last.map(|last| (last.value.x2, last.at)), at),
        }
    }

    fn fired(c: &Constants, last: Option<&Spike<Targets>>, at: Tick) -> Targets {
        let y2_before =
            |last: &Spike<Targets>| (last.value.y2_before + 1.0) * c.y2.over(at - last.at);
        Targets {
            y1_after: trace_after(&c.y1, last.map(|last| (last.value.y1_after, last.at)), at),
            y2_before: last.map_or(0.0, y2_before),
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
        if let Some(latest) = site.post.spikes.last_read(s.read) {
            let y1 = latest.value.y1_after * c.y1.over(arrival - (latest.at + path.dendritic));
            let x2 = pre.last.map_or(0.0, |last| last.value.x2 * c.x2.over(pre.now.at - last.at));
            let step = y1 * (c.a2_minus + c.a3_minus * x2);
            s.weight = c.bound.store(c.bound.magnitude(s.weight) - c.bound.size * step);
        }
        s.weight.load()
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        last: Option<Spike<Sources>>,
        until: Tick,
    ) {
        fold(site, s, last, until);
    }

    fn weight<W: Stored>(
        _: &Site<'_, Self>,
        s: &Weighed<W>,
        _: Option<Spike<Sources>>,
        _: Tick,
    ) -> f64 {
        s.weight.load()
    }
}
