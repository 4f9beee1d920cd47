//! `stdp`: pairs of spikes.

use super::bounded::{Bound, at_soma, not_zero};
use super::paired::{Earlier, Later, Paired};
use super::{
    Along, Arrival, Descriptor, History, Order, Parameter, Path, Pre, Rule, Site, Spike, Stored,
    trace_after,
};
use crate::base::saved::value;
use crate::base::{Power, Tick, Unit};
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
    Bounded { plus: Power, minus: Power },
    Morrison {
        plus: Power,
        /// 1 / w_ref.
        per_w_ref: f64,
        /// lambda w_ref.
        step: f64,
    },
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    pairing: Pairing,
    form: Form,
    plus: Paired,
    minus: Paired,
    lambda: f64,
    alpha: f64,
    bound: Bound,
}

impl Constants {
    /// The magnitude after potentiation, before the bound is applied.
    #[inline(always)]
    fn potentiate(&self, w: f64, x: f64) -> f64 {
        match &self.form {
            Form::Bounded { plus, .. } => {
                let size = self.bound.size;
                w + size * self.lambda * plus.of(1.0 - w / size) * x
            }
            Form::Morrison { plus, per_w_ref, step } => w + step * plus.of(w * per_w_ref) * x,
        }
    }

    /// The magnitude after depression, before the bound is applied.
    #[inline(always)]
    fn depress(&self, w: f64, y: f64) -> f64 {
        let step = self.lambda * self.alpha * y;
        match &self.form {
            Form::Bounded { minus, .. } => {
                let size = self.bound.size;
                w - size * step * minus.of(w / size)
            }
            Form::Morrison { .. } => w - step * w,
        }
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
value!(Pair<W> where [W: Stored] { weight, memory });

const DONE: u32 = 1 << 31;

impl<W: Stored> Pair<W> {
    #[inline(always)]
    fn potentiate(&mut self, c: &Constants, x: f64) {
        self.weight = c.bound.store(c.potentiate(c.bound.magnitude(self.weight), x));
    }

    #[inline(always)]
    fn depress(&mut self, c: &Constants, y: f64) {
        self.weight = c.bound.store(c.depress(c.bound.magnitude(self.weight), y));
    }
}

/// A spike of the source: x just after it, 1 where only nearest spikes count, and what it carries to
/// later spikes of the target and from earlier ones (`paired.rs`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent {
    x: f64,
    grown: f64,
    decayed: f64,
}
value!(Sent { x, grown, decayed });

/// A spike of the target: y just after it, what it carries from earlier spikes of sources, and to later
/// ones, times y.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fired {
    y: f64,
    y_grown: f64,
    decayed: f64,
}
value!(Fired { y, y_grown, decayed });

/// What an arrival is to all synapses of a path.
#[derive(Clone, Copy, Debug)]
pub struct Passing {
    last: Option<Earlier>,
    now: Later,
    /// Before this tick the target must have fired for its spike to come before.
    limit: Tick,
}

impl Along<Stdp> for Passing {
    #[inline]
    fn new(c: &Constants, pre: &Pre<Sent>, path: Path) -> Passing {
        let Path { axonal, dendritic } = path;
        Passing {
            last: pre.last.map(|last| earlier(c, last, path)),
            now: c.minus.later((pre.now.at, pre.now.value.decayed), dendritic, axonal),
            limit: at_soma(path, pre.now.at + axonal),
        }
    }
}

#[inline]
fn earlier(c: &Constants, sent: Spike<Sent>, path: Path) -> Earlier {
    c.plus.earlier((sent.at, sent.value.x, sent.value.grown), path.axonal, path.dendritic)
}

impl Constants {
    /// What is left of x at a spike of the target.
    #[inline(always)]
    fn x(&self, sent: &Earlier, fired: &Spike<Fired>) -> f64 {
        self.plus.until(sent, fired.at, fired.value.decayed)
    }

    /// What is left of y at an arrival.
    #[inline(always)]
    fn y(&self, fired: &Spike<Fired>, sent: &Later) -> f64 {
        self.minus.since(sent, fired.at, fired.value.y, fired.value.y_grown)
    }
}

/// Takes the open spikes of the target that it fired before `limit`.
#[inline]
fn fold<W: Stored>(
    c: &Constants,
    spikes: &History<Fired>,
    s: &mut Pair<W>,
    last: Option<&Earlier>,
    limit: Tick,
) {
    match c.pairing {
        Pairing::AllToAll | Pairing::NearestSymmetric => fold_each(c, spikes, s, last, limit),
        Pairing::NearestRestricted => fold_first(c, spikes, s, last, limit),
        Pairing::NearestPreCentred => fold_pre_centred(c, spikes, s, last, limit),
    }
}

/// Each spike is paired with the last arrival, or with the trace of all.
#[inline(always)]
fn fold_each<W: Stored>(
    c: &Constants,
    spikes: &History<Fired>,
    s: &mut Pair<W>,
    last: Option<&Earlier>,
    limit: Tick,
) {
    let Some(last) = last else {
        // Nothing has arrived yet with which a spike could be paired.
        s.memory = W::mark(spikes.end_before(limit) as u32);
        return;
    };
    let read =
        spikes.read_on(W::marked(s.memory), limit, |spike| s.potentiate(c, c.x(last, spike)));
    s.memory = W::mark(read);
}

/// Only the first spike after the last arrival is paired.
fn fold_first<W: Stored>(
    c: &Constants,
    spikes: &History<Fired>,
    s: &mut Pair<W>,
    last: Option<&Earlier>,
    limit: Tick,
) {
    let (Some(last), mark) = (last, W::marked(s.memory)) else { return };
    if mark & DONE != 0 {
        return;
    }
    let first = spikes.resolve(mark, 31);
    if let Some(spike) = spikes.spike(first)
        && spike.at < limit
    {
        s.potentiate(c, c.x(last, spike));
        s.memory = W::mark(mark | DONE);
    }
}

/// The first spike after the last arrival is paired with all arrivals since the spike before.
fn fold_pre_centred<W: Stored>(
    c: &Constants,
    spikes: &History<Fired>,
    s: &mut Pair<W>,
    last: Option<&Earlier>,
    limit: Tick,
) {
    let x = W::from_word(s.memory).load();
    // While x is positive there has been no spike since the last arrival.
    let Some(last) = last.filter(|_| x > 0.0) else { return };
    let first = spikes.end_before(last.met_before());
    if let Some(spike) = spikes.spike(first)
        && spike.at < limit
    {
        s.potentiate(c, x * c.x(last, spike));
        s.memory = W::store(0.0).word();
    }
}

/// An arrival where each spike of the target is paired.
#[inline(always)]
fn meet_each<W: Stored>(c: &Constants, spikes: &History<Fired>, s: &mut Pair<W>, along: &Passing) {
    fold_each(c, spikes, s, along.last.as_ref(), along.limit);
    // All before the arrival have just been read.
    if let Some(latest) = spikes.last_read(W::marked(s.memory)) {
        s.depress(c, c.y(latest, &along.now));
    }
}

/// An arrival where only the nearest spikes of the target are paired, each once.
fn meet_nearest<W: Stored>(
    c: &Constants,
    spikes: &History<Fired>,
    s: &mut Pair<W>,
    pre: &Pre<Sent>,
    along: &Passing,
) {
    let Passing { last, now, limit } = along;
    fold(c, spikes, s, last.as_ref(), *limit);
    let is_restricted = c.pairing == Pairing::NearestRestricted;
    let unpaired = match is_restricted {
        true => spikes.resolve(W::marked(s.memory) & !DONE, 31),
        false => 0,
    };
    let end = spikes.end_before(*limit);
    if end > unpaired {
        let latest = spikes.spike(end - 1).expect("it lies before the end");
        s.depress(c, c.y(latest, now));
    }
    if is_restricted {
        s.memory = W::mark(end as u32 & !DONE);
    } else {
        let x = W::from_word(s.memory).load();
        let since = pre.last.map(|last| (x, last.at));
        s.memory = W::store(trace_after(c.plus.decay(), since, pre.now.at)).word();
    }
}

impl Rule for Stdp {
    type Constants = Constants;
    type Trace = Sent;
    type Along = Passing;
    type Fired = Fired;
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
            _ => {
                Form::Morrison { plus: Power::new(p[6]), per_w_ref: 1.0 / p[9], step: p[4] * p[9] }
            }
        };
        Constants {
            pairing,
            form,
            plus: Paired::new(p[2]),
            minus: Paired::new(p[3]),
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

    fn sent(c: &Constants, last: Option<&Spike<Sent>>, at: Tick) -> Sent {
        let last = last.filter(|_| c.pairing == Pairing::AllToAll);
        let x = trace_after(c.plus.decay(), last.map(|last| (last.value.x, last.at)), at);
        Sent { x, grown: c.plus.grown(at), decayed: c.minus.decayed(at) }
    }

    fn fired(c: &Constants, last: Option<&Spike<Fired>>, at: Tick) -> Fired {
        let last = last.filter(|_| c.pairing == Pairing::AllToAll);
        let y = trace_after(c.minus.decay(), last.map(|last| (last.value.y, last.at)), at);
        Fired { y, y_grown: y * c.minus.grown(at), decayed: c.plus.decayed(at) }
    }

    #[inline(always)]
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Pair<W>,
        Arrival { pre, along }: &Arrival<Self>,
    ) -> f64 {
        let (c, spikes) = (site.constants, &site.post.spikes);
        match c.pairing {
            Pairing::AllToAll | Pairing::NearestSymmetric => meet_each(c, spikes, s, along),
            _ => meet_nearest(c, spikes, s, pre, along),
        }
        s.weight.load()
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Pair<W>,
        last: Option<Spike<Sent>>,
        until: Tick,
    ) {
        let last = last.map(|last| earlier(site.constants, last, site.path));
        fold(site.constants, &site.post.spikes, s, last.as_ref(), at_soma(site.path, until));
    }

    fn weight<W: Stored>(_: &Site<'_, Self>, s: &Pair<W>, _: Option<Spike<Sent>>, _: Tick) -> f64 {
        s.weight.load()
    }
}
