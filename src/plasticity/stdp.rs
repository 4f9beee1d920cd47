//! `stdp`: pairs of spikes.

use super::bounded::{Bound, at_soma, not_zero, read_on};
use super::{Descriptor, Order, Parameter, Pre, Rule, Site, Spike, Stored, trace_after};
use crate::base::{Decay, Power, Tick, Unit};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "stdp",
    summary: "spike-timing dependent plasticity of pairs (NEST stdp_synapse and its relatives)",
    manual: "\
Spike-timing dependent plasticity of pairs of spikes. With W = |w| / |w_max|, times at the
synapse:

    spike of the target   W -> W + lambda f+(W) x      at most 1
    arrival               W -> W - lambda alpha f-(W) y    at least 0; then W w_max is transmitted

f+ and f- are set by `form`:

    additive          f+ = 1                  f- = 1
    multiplicative    f+ = 1 - W              f- = W
    power             f+ = (1 - W)^mu_plus    f- = W^mu_minus
    morrison          |w| -> |w| + lambda w_ref (|w| / w_ref)^mu_plus x
                      |w| -> |w| - lambda alpha |w| y          the form of NEST's hpc_benchmark

x and y are set by `pairing`. x decays with tau_plus, y with tau_minus:

    all_to_all            x: sum over all arrivals; y: sum over all spikes of the target
    nearest_symmetric     x: the last arrival only; y: the last spike of the target only
    nearest_restricted    as nearest_symmetric, but a spike of the target counts for x only if it
                          is the first after the arrival, and an arrival for y only if it is the
                          first after the spike
    nearest_pre_centred   y: the last spike of the target only; x: sum over the arrivals since the
                          spike of the target before

A spike of the target that reaches the synapse at the tick of an arrival comes after it: it does
not count for y, and x includes the arrival with its full weight of one. (NEST counts such a pair
for neither; and its nearest_symmetric and nearest_restricted pair spikes of the target before the
first arrival with an arrival at time zero that never was.)

Weights have the sign of w_max and never pass 0 or w_max.

Sources: Song, Miller and Abbott 2000, doi 10.1038/78829 (additive); van Rossum, Bi and Turrigiano
2000, doi 10.1523/JNEUROSCI.20-23-08812.2000 (multiplicative); Guetig et al. 2003, doi
10.1523/JNEUROSCI.23-09-03697.2003 (power); Morrison, Aertsen and Diesmann 2007, doi
10.1162/neco.2007.19.6.1437 (morrison); Morrison, Diesmann and Gerstner 2008, doi
10.1007/s00422-008-0233-1 (pairings).",
    parameters: &[
        Parameter::choice("pairing", &PAIRINGS).doc("which pairs of spikes count"),
        Parameter::choice("form", &FORMS).doc("how changes depend on the weight"),
        Parameter::new("tau_plus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of potentiation"),
        Parameter::new("tau_minus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of depression"),
        Parameter::new("lambda", Unit::One, 0.01, Range::NonNegative).doc("size of a step"),
        Parameter::new("alpha", Unit::One, 1.0, Range::NonNegative)
            .doc("size of depression relative to potentiation"),
        Parameter::new("mu_plus", Unit::One, 1.0, Range::NonNegative)
            .doc("exponent of potentiation; forms power and morrison"),
        Parameter::new("mu_minus", Unit::One, 1.0, Range::NonNegative)
            .doc("exponent of depression; form power"),
        Parameter::weight("w_max", Range::Any)
            .or(100.0)
            .doc("bound and sign of the weights; not zero"),
        Parameter::weight("w_ref", Range::Positive)
            .or(1.0)
            .doc("weight at which potentiation is lambda w_ref; form morrison"),
    ],
    bytes: 16,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check,
};

const PAIRINGS: [&str; 4] =
    ["all_to_all", "nearest_symmetric", "nearest_restricted", "nearest_pre_centred"];
const FORMS: [&str; 4] = ["additive", "multiplicative", "power", "morrison"];
const W_MAX: usize = 8;

fn check(p: &[f64]) -> Vec<(usize, String)> {
    not_zero(p, W_MAX)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pairing {
    AllToAll,
    NearestSymmetric,
    NearestRestricted,
    NearestPreCentred,
}

/// How a change depends on the magnitude of the weight.
#[derive(Clone, Debug)]
enum Form {
    /// Of the distance to the bound, of the distance to zero; in units of the bound.
    Bounded {
        plus: Power,
        minus: Power,
    },
    Morrison {
        plus: Power,
        w_ref: f64,
    },
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    pairing: Pairing,
    form: Form,
    plus: Decay,
    minus: Decay,
    lambda: f64,
    alpha: f64,
    bound: Bound,
}

impl Constants {
    /// The magnitude after potentiation.
    #[inline]
    fn potentiate(&self, w: f64, x: f64) -> f64 {
        let w = match &self.form {
            Form::Bounded { plus, .. } => {
                let size = self.bound.size;
                w + size * self.lambda * plus.of(1.0 - w / size) * x
            }
            Form::Morrison { plus, w_ref } => w + self.lambda * w_ref * plus.of(w / w_ref) * x,
        };
        w.min(self.bound.size)
    }

    /// The magnitude after depression.
    #[inline]
    fn depress(&self, w: f64, y: f64) -> f64 {
        let step = self.lambda * self.alpha * y;
        let w = match &self.form {
            Form::Bounded { minus, .. } => {
                let size = self.bound.size;
                w - size * step * minus.of(w / size)
            }
            Form::Morrison { .. } => w - step * w,
        };
        w.max(0.0)
    }
}

/// See the [manual page](Descriptor::manual).
pub struct Stdp;

/// The weight, and what has been read: the ordinal of the next spike of the target; in
/// `nearest_restricted` that of the first after the last arrival, with `DONE` once it has been
/// taken; in `nearest_pre_centred` x itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct Pair<W: Stored> {
    weight: W,
    memory: W::Word,
}

const DONE: u32 = 1 << 31;

impl<W: Stored> Pair<W> {
    #[inline]
    fn potentiate(&mut self, c: &Constants, x: f64) {
        self.weight = c.bound.store(c.potentiate(c.bound.magnitude(self.weight), x));
    }

    #[inline]
    fn depress(&mut self, c: &Constants, y: f64) {
        self.weight = c.bound.store(c.depress(c.bound.magnitude(self.weight), y));
    }
}

/// Takes the open spikes of the target that reach the synapse before `until`.
#[inline]
fn fold<W: Stored>(site: &Site<'_, Stdp>, s: &mut Pair<W>, last: Option<Spike<f64>>, until: Tick) {
    match site.constants.pairing {
        Pairing::AllToAll | Pairing::NearestSymmetric => fold_each(site, s, last, until),
        Pairing::NearestRestricted => fold_first(site, s, last, until),
        Pairing::NearestPreCentred => fold_pre_centred(site, s, last, until),
    }
}

/// Each spike is paired with the last arrival, or with the trace of all.
#[inline]
fn fold_each<W: Stored>(
    site: &Site<'_, Stdp>,
    s: &mut Pair<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    let (c, spikes, limit) = (site.constants, &site.post.spikes, at_soma(site.path, until));
    let Some(last) = last else {
        // Nothing has arrived yet with which a spike could be paired.
        s.memory = W::mark(spikes.end_before(limit) as u32);
        return;
    };
    let arrived = last.at + site.path.axonal;
    let x = if c.pairing == Pairing::AllToAll { last.value } else { 1.0 };
    let read = read_on(spikes, W::marked(s.memory), limit, |spike| {
        let since = spike.at + site.path.dendritic - arrived;
        s.potentiate(c, x * c.plus.over(since));
    });
    s.memory = W::mark(read);
}

/// Only the first spike after the last arrival is paired.
#[inline]
fn fold_first<W: Stored>(
    site: &Site<'_, Stdp>,
    s: &mut Pair<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    let (Some(last), mark) = (last, W::marked(s.memory)) else { return };
    if mark & DONE != 0 {
        return;
    }
    let (c, spikes) = (site.constants, &site.post.spikes);
    let first = spikes.resolve(mark, 31);
    if let Some(spike) = spikes.spike(first)
        && spike.at < at_soma(site.path, until)
    {
        let since = spike.at + site.path.dendritic - (last.at + site.path.axonal);
        s.potentiate(c, c.plus.over(since));
        s.memory = W::mark(mark | DONE);
    }
}

/// The first spike after the last arrival is paired with all arrivals since the spike before.
#[inline]
fn fold_pre_centred<W: Stored>(
    site: &Site<'_, Stdp>,
    s: &mut Pair<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    let x = W::from_word(s.memory).load();
    // While x is positive there has been no spike since the last arrival.
    let Some(last) = last.filter(|_| x > 0.0) else { return };
    let (c, spikes) = (site.constants, &site.post.spikes);
    let arrived = last.at + site.path.axonal;
    let first = spikes.end_before(at_soma(site.path, arrived));
    if let Some(spike) = spikes.spike(first)
        && spike.at < at_soma(site.path, until)
    {
        let since = spike.at + site.path.dendritic - arrived;
        s.potentiate(c, x * c.plus.over(since));
        s.memory = W::store(0.0).word();
    }
}

impl Rule for Stdp {
    type Constants = Constants;
    type Trace = f64;
    type Fired = f64;
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Pair<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Constants {
        let pairing = match PAIRINGS[p[0] as usize] {
            "all_to_all" => Pairing::AllToAll,
            "nearest_symmetric" => Pairing::NearestSymmetric,
            "nearest_restricted" => Pairing::NearestRestricted,
            _ => Pairing::NearestPreCentred,
        };
        let form = match FORMS[p[1] as usize] {
            "additive" => Form::Bounded { plus: Power::new(0.0), minus: Power::new(0.0) },
            "multiplicative" => Form::Bounded { plus: Power::new(1.0), minus: Power::new(1.0) },
            "power" => Form::Bounded { plus: Power::new(p[6]), minus: Power::new(p[7]) },
            _ => Form::Morrison { plus: Power::new(p[6]), w_ref: p[9] },
        };
        Constants {
            pairing,
            form,
            plus: Decay::new(p[2]),
            minus: Decay::new(p[3]),
            lambda: p[4],
            alpha: p[5],
            bound: Bound::new(p[W_MAX]),
        }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Pair<W> {
        Pair { weight: c.bound.store(c.bound.signed(weight)), ..Pair::default() }
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        c.bound.refuse(weight)
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.plus, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.minus, last.map(|last| (last.value, last.at)), at)
    }

    #[inline]
    fn on_pre<W: Stored>(site: &mut Site<'_, Self>, s: &mut Pair<W>, pre: Pre<f64>) -> f64 {
        let (c, path) = (site.constants, site.path);
        let arrival = pre.now.at + path.axonal;
        fold(site, s, pre.last, arrival);
        let spikes = &site.post.spikes;
        if let Pairing::AllToAll | Pairing::NearestSymmetric = c.pairing {
            // All before the arrival have just been read.
            if let Some(latest) = spikes.last_read(W::marked(s.memory)) {
                let y = if c.pairing == Pairing::AllToAll { latest.value } else { 1.0 };
                s.depress(c, y * c.minus.over(arrival - (latest.at + path.dendritic)));
            }
            return s.weight.load();
        }
        let end = spikes.end_before(at_soma(path, arrival));
        let unpaired = match c.pairing {
            Pairing::NearestRestricted => spikes.resolve(W::marked(s.memory) & !DONE, 31),
            _ => 0,
        };
        if end > unpaired {
            let latest = spikes.spike(end - 1).expect("it lies before the end");
            s.depress(c, c.minus.over(arrival - (latest.at + path.dendritic)));
        }
        match c.pairing {
            Pairing::AllToAll | Pairing::NearestSymmetric => unreachable!("has returned"),
            Pairing::NearestRestricted => s.memory = W::mark(end as u32 & !DONE),
            Pairing::NearestPreCentred => {
                let x = W::from_word(s.memory).load();
                let since = pre.last.map(|last| (x, last.at));
                s.memory = W::store(trace_after(&c.plus, since, pre.now.at)).word();
            }
        }
        s.weight.load()
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Pair<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        fold(site, s, last, until);
    }

    fn weight<W: Stored>(_: &Site<'_, Self>, s: &Pair<W>, _: Option<Spike<f64>>, _: Tick) -> f64 {
        s.weight.load()
    }
}
