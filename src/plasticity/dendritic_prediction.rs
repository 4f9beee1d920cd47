//! `dendritic_prediction`: a dendrite learns to predict its soma.
//!
//! Its oracles: eager walks (`oracle.rs`, `reference/dendritic.rs`), and a slow archive of the kind that
//! NEST's Urbanczik node keeps (`reference/archive.rs`), from which each synapse reads what its target's error did
//! since its own last arrival. `tests/suite/archive.rs` compares 475,335 weights of random networks with it, with and
//! without filter, spikes that tell, and bounds. The largest difference is 2.2e-10 of the weight, or of 0.01 where
//! weights that start between -1 and 1 pass through zero.

use super::{
    Arrival, Descriptor, Order, Parameter, Postsynaptic, Rule, Site, Spike, Stored, trace_after,
};
use crate::base::decay::Growth;
use crate::base::saved::{Value, value};
use crate::base::{Decay, Span, Tick, Unit, math};
use crate::neuron::Range;
use crate::neuron::lesson::{KEPT, Lesson, epoch};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "dendritic_prediction",
    summary: "a dendrite learns to predict its soma (Urbanczik and Senn; ELiSe)",
    manual: "\
The weight changes with what the target's soma does and its dendrite did not predict, for sources
that were active:

    dw/dt = eta e(t) x(t),   e = phi(u) - phi(v*)
    x -> x + 1000 / (rho tau) at an arrival;  tau dx/dt = -x

with rho in Hz and tau in ms, so that x is the rate of the source as a share of its full rate,
smoothed as the dendrite does it. e belongs to the target, whose model must tell it
(two_compartment). eta is the change in one ms at e = 1 and x = 1. A neuron whose soma follows its
dendrite has e = 0 and changes no weight: no phases are needed.

A weight is what it has become when it is transmitted: the change up to the very tick of an arrival
counts. Only arrivals read a weight, so nothing else touches a synapse. The whole delay is axonal.

Exact and lazy: since x decays with one time constant, what a target has to tell its synapses
between two arrivals is a difference of two values of one integral, K(t) of e(s) exp(-(s - r) /
tau), which the target keeps. The reference r moves on every 8 tau. From the fifth such epoch after
its own on a spike counts as forgotten (x is below 1e-13 of its jump). tau must be that of the
target's dendrite.

With tau_delta above zero the change is low-pass filtered before it takes effect, as in NEST:

    dw/dt = D,   tau_delta dD/dt = eta e x - D

so a weight is what it would be without, less what is still pending, which fades with tau_delta.
For this the target keeps a second integral, L(t) of e(s) exp(-(s - r) / tau) exp((s - r) /
tau_delta), and must have the same tau_delta (two_compartment). What a synapse stores then is its
weight less x K and what is pending less x L, in the same 28 bytes, target and delay included. What
is filtered is not cut: the bounds apply to the weight at the moments at which it is used,
transmitted or recorded. tau_delta is not below tau / 10.

Weights keep 48 bits, because a single change is often below 1e-7 of a weight, or 53 in networks of
neurons that all teach, where each source has one delay. They do not pass w_min and w_max, where
they are cut at arrivals and, without tau_delta, at the ends of epochs. Spikes of the target play no
part, unless its model lets them tell e (by_spikes of two_compartment). Not beside pruning or
weights over time.

The paper's PSP carries a factor g_d / (g_l + g_d) = 0.952, which belongs into eta here; with its
constants eta is 0.952e-3 mV among visible neurons and 0.952e-2 mV elsewhere.

Source: Urbanczik and Senn 2014, doi 10.1016/j.neuron.2013.11.030 (without the factor
phi'/phi), as used by Kriener et al. 2024, arXiv 2402.16763.",
    parameters: &[
        Parameter::weight("eta", Range::Any).or(0.01).doc("change in 1 ms at e = 1 and x = 1"),
        Parameter::new("tau", Unit::Ms, 10.0, Range::Positive)
            .doc("time constant of x, which is that of the target's dendrite"),
        Parameter::new("rho", Unit::Hz, 5000.0, Range::Positive).doc("full rate of the sources"),
        Parameter::weight("w_min", Range::Any).or(-1000.0).doc("least weight"),
        Parameter::weight("w_max", Range::Any).or(1000.0).doc("largest weight"),
        Parameter::new("tau_delta", Unit::Ms, 0.0, Range::NonNegative).doc(
            "time constant with which changes are filtered, also that of the target; 0 for none",
        ),
    ],
    bytes: 28,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check: |p| {
        let bounds = (p[3] >= p[4])
            .then(|| (3, format!("found {}, which is not below w_max = {}", p[3], p[4])));
        let short = (p[5] > 0.0 && p[5] < 0.1 * p[1])
            .then(|| (5, format!("found {}; tau_delta is 0 or at least tau / 10", p[5])));
        bounds.into_iter().chain(short).collect()
    },
};

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    fades: Decay,
    grows: Growth,
    epoch: Span,
    /// Change for a trace of one spike and an integral of 1 ms.
    step: f64,
    low: f64,
    high: f64,
    /// Of the low-pass of changes, in ms, if there is one.
    smooth: Option<f64>,
}

/// A weight in two parts, the value of K when it was last brought up to date, and how many ends of
/// epochs have been taken.
///
/// Where changes are filtered `weight + rest` is the weight with all that is pending, less `pull` K, of
/// the epoch of the last arrival, or without that if the epoch has ended; in the place of K is what is
/// pending, less `pull` L, scaled to what it would have been at the start of that epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Predicting<W> {
    weight: W,
    rest: W,
    /// The bits of a double, in two halves so that a synapse needs no padding.
    known: [u32; 2],
    read: u32,
}
value!(Predicting<W> where [W: Value] { weight, rest, known, read });

/// What a target told last: the number of the epoch, how far it has come, K and L.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    epoch: u64,
    into: Span,
    total: f64,
    second: f64,
}
value!(Told { epoch, into, total, second });

/// See the [manual page](Descriptor::manual).
pub struct DendriticPrediction;

impl<W: Stored> Predicting<W> {
    #[inline]
    fn load(&self) -> f64 {
        self.weight.load() + self.rest.load()
    }

    #[inline]
    fn store(&mut self, c: &Constants, weight: f64) {
        let weight = weight.max(c.low).min(c.high);
        self.weight = W::store_within(weight, c.low, c.high);
        // Rounded so that the sum passes no bound either.
        let first = self.weight.load();
        self.rest = W::store_within(weight - first, c.low - first, c.high - first);
    }

    /// Stores a weight that may pass the bounds until it is used.
    #[inline]
    fn store_free(&mut self, weight: f64) {
        self.weight = W::store(weight);
        self.rest = W::store(weight - self.weight.load());
    }

    #[inline]
    fn known(&self) -> f64 {
        f64::from_bits(u64::from(self.known[1]) << 32 | u64::from(self.known[0]))
    }

    #[inline]
    fn know(&mut self, total: f64) {
        let bits = total.to_bits();
        self.known = [bits as u32, (bits >> 32) as u32];
    }
}

impl Constants {
    /// What the trace of a spike that arrived at `arrived` would be at the start of an epoch, if it
    /// had been there; zero if the spike is forgotten.
    #[inline]
    fn at_start(&self, trace: f64, arrived: Tick, number: u64) -> f64 {
        let start = Tick(number * self.epoch.0);
        if arrived >= start {
            let span = arrived - start;
            // The tables of growth reach a second; a longer epoch computes.
            let grown = match span.0 >> 30 {
                0 => self.grows.over(span),
                _ => math::exp(span.ms() / self.fades.tau_ms()),
            };
            trace * grown
        } else if number < arrived.0 / self.epoch.0 + KEPT as u64 {
            trace * self.fades.over(start - arrived)
        } else {
            0.0
        }
    }

    /// The weight after the epoch `number` has come to `total`.
    #[inline]
    fn learned<W: Stored>(
        &self,
        s: &Predicting<W>,
        last: Spike<f64>,
        axonal: Span,
        number: u64,
        total: f64,
    ) -> f64 {
        let arrived = Spike { at: last.at + axonal, value: last.value };
        s.load() + DendriticPrediction::pull(self, &arrived, number) * (total - s.known())
    }
}

// The filtered change: what a synapse has come to since the arrival before, by what its target told.
impl Constants {
    /// What fades with `smooth` over a time.
    fn pending_after(smooth: f64, span: Span) -> f64 {
        math::exp(-span.ms() / smooth)
    }

    /// Takes the total of an epoch that has ended, or what it has come to.
    fn take<W: Stored>(
        &self,
        s: &mut Predicting<W>,
        (last, smooth): (&Spike<f64>, f64),
        (number, [total, second]): (u64, [f64; 2]),
    ) {
        let pull = DendriticPrediction::pull(self, last, number);
        if pull == 0.0 {
            return;
        }
        s.store_free(s.load() + pull * total);
        // What the later epoch weighs at the start of the one of the arrival.
        let later = Span((number - last.at.0 / self.epoch.0) * self.epoch.0);
        s.know(s.known() + pull * second / Self::pending_after(smooth, later));
    }

    /// The weight with what is pending, and that, at the time at which the target told; the ends of epochs
    /// before have been taken. `last` is the arrival before.
    fn filtered<W: Stored>(
        &self,
        s: &Predicting<W>,
        (last, smooth): (&Spike<f64>, f64),
        told: &Told,
    ) -> [f64; 2] {
        let pull = DendriticPrediction::pull(self, last, told.epoch);
        let first = last.at.0 / self.epoch.0;
        let since = Span((told.epoch - first) * self.epoch.0 + told.into.0);
        let pending = s.known() * Self::pending_after(smooth, since)
            + pull * told.second * Self::pending_after(smooth, told.into);
        [s.load() + pull * told.total, pending]
    }

    /// An arrival finds this weight, and leaves a synapse that goes on from it.
    fn arrive_filtered<W: Stored>(
        &self,
        s: &mut Predicting<W>,
        smooth: f64,
        [last, now]: [Option<Spike<f64>>; 2],
        told: &Told,
    ) -> f64 {
        let [weight, pending] = match &last {
            Some(last) => self.filtered(s, (last, smooth), told),
            None => [s.load(), 0.0],
        };
        let pull = now.map_or(0.0, |now| DendriticPrediction::pull(self, &now, told.epoch));
        s.store_free(weight - pull * told.total);
        s.know(pending / Self::pending_after(smooth, told.into) - pull * told.second);
        (weight - pending).max(self.low).min(self.high)
    }
}

/// Takes the ends of epochs before `until`.
#[inline]
fn fold<W: Stored>(
    site: &Site<'_, DendriticPrediction>,
    s: &mut Predicting<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    let (c, ends) = (site.constants, &site.post.spikes);
    if ends.end() as u32 == s.read {
        return;
    }
    let Some(last) = last else {
        s.read = ends.end_before(until) as u32;
        return;
    };
    let mut now = *s;
    now.read = ends.read_on(s.read, until, |end| {
        let number = end.at.0 / c.epoch.0 - 1;
        if let Some(smooth) = c.smooth {
            let arrived = Spike { at: last.at + site.path.axonal, value: last.value };
            return c.take(&mut now, (&arrived, smooth), (number, end.value));
        }
        let weight = c.learned(&now, last, site.path.axonal, number, end.value[0]);
        now.store(c, weight);
        now.know(0.0);
    });
    *s = now;
}

impl Rule for DendriticPrediction {
    type Constants = Constants;
    type Trace = f64;
    type Along = ();
    type Fired = [f64; 2];
    type Target = Told;
    type Shared = ();
    type Synapse<W: Stored> = Predicting<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;
    const HEEDS: bool = true;

    fn constants(p: &[f64], _: u64) -> Constants {
        Constants {
            fades: Decay::new(p[1]),
            grows: Growth::new(p[1]),
            epoch: epoch(p[1]),
            step: p[0] * 1000.0 / (p[2] * p[1]),
            low: p[3],
            high: p[4],
            smooth: (p[5] > 0.0).then_some(p[5]),
        }
    }

    fn target(_: &Constants) -> Told {
        Told { epoch: 0, into: Span::ZERO, total: 0.0, second: 0.0 }
    }

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Predicting<W> {
        let zero = W::store(0.0);
        let mut new = Predicting { weight: zero, rest: zero, known: [0; 2], read: 0 };
        new.store(c, weight);
        new
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        let slack = 1e-6 * c.low.abs().max(c.high.abs());
        let outside = weight < c.low - slack || weight > c.high + slack;
        outside.then(|| format!("the weight {weight} is not from {} to {}", c.low, c.high))
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.fades, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(_: &Constants, _: Option<&Spike<[f64; 2]>>, _: Tick) -> [f64; 2] {
        unreachable!("a rule that heeds lessons is told of no spikes")
    }

    #[inline]
    fn heed(c: &Constants, post: &mut Postsynaptic<Self>, lesson: &Lesson) {
        for (at, totals) in lesson.ends(c.epoch) {
            post.spikes.push(at, totals);
        }
        let Lesson { epoch, total, second, .. } = *lesson;
        post.state = Told { epoch, into: lesson.into_epoch(), total, second };
    }

    #[inline]
    fn pull(c: &Constants, arrived: &Spike<f64>, number: u64) -> f64 {
        c.step * c.at_start(arrived.value, arrived.at, number)
    }

    fn bounds(c: &Constants) -> (f64, f64) {
        (c.low, c.high)
    }

    #[inline]
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Predicting<W>,
        Arrival { pre, .. }: &Arrival<Self>,
    ) -> f64 {
        let (c, told) = (site.constants, site.post.state);
        let Told { epoch, total, .. } = told;
        let arrival = pre.now.at + site.path.axonal;
        fold(site, s, pre.last, Tick(arrival.0 + 1));
        if let Some(smooth) = c.smooth {
            let arrived = |spike: Spike<f64>| Spike { at: spike.at + site.path.axonal, ..spike };
            let spikes = [pre.last.map(arrived), Some(arrived(pre.now))];
            return c.arrive_filtered(s, smooth, spikes, &told);
        }
        if let Some(last) = pre.last {
            let weight = c.learned(s, last, site.path.axonal, epoch, total);
            s.store(c, weight);
        }
        s.know(total);
        s.load()
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Predicting<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        fold(site, s, last, until);
    }

    /// As of the time at which the target told last.
    fn weight<W: Stored>(
        site: &Site<'_, Self>,
        s: &Predicting<W>,
        last: Option<Spike<f64>>,
        at: Tick,
    ) -> f64 {
        let Some(last) = last else { return s.load() };
        let (c, told) = (site.constants, site.post.state);
        let Told { epoch, total, .. } = told;
        let mut copy = *s;
        fold(site, &mut copy, Some(last), Tick(at.0 + 1));
        if let Some(smooth) = c.smooth {
            let arrived = Spike { at: last.at + site.path.axonal, value: last.value };
            let [weight, pending] = c.filtered(&copy, (&arrived, smooth), &told);
            return (weight - pending).max(c.low).min(c.high);
        }
        c.learned(&copy, last, site.path.axonal, epoch, total).max(c.low).min(c.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two parts that are rounded on their own must not add up to more than a bound.
    #[test]
    fn a_weight_in_two_parts_passes_no_bound() {
        for k in 1..2_000 {
            let (low, high) = (-0.7 / f64::from(k), 1.2 / f64::from(k));
            let mut p = DESCRIPTOR.defaults();
            (p[3], p[4]) = (low, high);
            let c = DendriticPrediction::constants(&p, 0);
            for weight in [low - 1.0, low, high, high * (1.0 - 1e-16), high + 1.0] {
                let found = DendriticPrediction::synapse::<f32>(&c, weight).load();
                assert!((low..=high).contains(&found), "{found:e} for {weight:e}");
                let cut = weight.max(low).min(high);
                assert!((found / cut - 1.0).abs() < 1e-13, "{found:e} for {cut:e}");
            }
        }
    }

    /// A filter is none, or not much faster than the dendrite.
    #[test]
    fn a_filter_that_is_too_fast_is_refused() {
        let found = |tau_delta: f64| {
            let mut p = DESCRIPTOR.defaults();
            p[5] = tau_delta;
            (DESCRIPTOR.check)(&p).first().map(|found| found.0)
        };
        assert_eq!([0.0, 1.0, 100.0, 0.9].map(found), [None, None, None, Some(5)]);
    }
}
