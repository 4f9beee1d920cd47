//! `vogels_inhibitory`: symmetric pairs and a constant depression, which balance a target's rate.

use super::bounded::{Bound, Weighed, not_zero};
use super::{Arrival, Descriptor, Order, Parameter, Rule, Site, Spike, Stored, trace_after};
use crate::base::{Decay, Tick, Unit};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "vogels_inhibitory",
    summary: "inhibitory plasticity that balances excitation (NEST vogels_sprekeler_synapse)",
    manual: "\
Inhibitory plasticity that drives its target towards a rate. With W = |w| / |w_max|, at the
synapse:

    spike of the target   W -> W + eta x                at most 1
    arrival               W -> W + eta y, at most 1; W -> W - eta alpha, at least 0; transmitted
    alpha = 2 rate tau

x sums over arrivals and y over spikes of the target, both decay with tau. In a steady state the
target fires at `rate` where its trains are uncorrelated.

A spike of the target that reaches the synapse at the tick of an arrival comes after it and meets
an x that includes the arrival; the pair counts once.

Weights have the sign of w_max, which is negative for inhibition, and never pass 0 or w_max. The
step eta is a share of w_max; NEST's is a weight.

Source: Vogels, Sprekeler, Zenke, Clopath and Gerstner 2011, doi 10.1126/science.1211095.",
    parameters: &[
        Parameter::new("tau", Unit::Ms, 20.0, Range::Positive).doc("time constant of both traces"),
        Parameter::new("eta", Unit::One, 1e-3, Range::NonNegative)
            .doc("size of a step, as a share of w_max"),
        Parameter::new("rate", Unit::Hz, 3.0, Range::NonNegative)
            .doc("rate towards which the target is driven"),
        Parameter::weight("w_max", Range::Any).doc("bound and sign of the weights; not zero"),
    ],
    bytes: 16,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check: |p| not_zero(p, 3),
};

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    trace: Decay,
    /// In units of the weights.
    step: f64,
    alpha: f64,
    bound: Bound,
}

/// See the [manual page](Descriptor::manual).
pub struct VogelsInhibitory;

/// Takes the open spikes of the target that reach the synapse before `until`.
#[inline]
fn fold<W: Stored>(
    site: &Site<'_, VogelsInhibitory>,
    s: &mut Weighed<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    let c = site.constants;
    s.raise(c.bound, site, last, until, |x, _, since| c.step * (x * c.trace.over(since)));
}

impl Rule for VogelsInhibitory {
    type Constants = Constants;
    type Trace = f64;
    type Along = ();
    type Fired = f64;
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Weighed<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Constants {
        let bound = Bound::new(p[3]);
        let alpha = 2.0 * p[2] * p[0] / 1000.0;
        Constants { trace: Decay::new(p[0]), step: p[1] * bound.size, alpha, bound }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Weighed<W> {
        Weighed::new(c.bound, weight)
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        c.bound.refuse(weight)
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.trace, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.trace, last.map(|last| (last.value, last.at)), at)
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
        let y = match site.post.spikes.last_read(s.read) {
            Some(latest) => latest.value * c.trace.over(arrival - (latest.at + path.dendritic)),
            None => 0.0,
        };
        let raised = (c.bound.magnitude(s.weight) + c.step * y).min(c.bound.size);
        s.weight = c.bound.store(raised - c.step * c.alpha);
        s.weight.load()
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        fold(site, s, last, until);
    }

    fn weight<W: Stored>(
        _: &Site<'_, Self>,
        s: &Weighed<W>,
        _: Option<Spike<f64>>,
        _: Tick,
    ) -> f64 {
        s.weight.load()
    }
}
