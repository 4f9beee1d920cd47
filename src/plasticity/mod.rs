//! Rules by which synapses change. One file a rule; the list of all of them is [`registry`].
//!
//! A rule is a [`Descriptor`], which is data (its manual page and parameters), and an implementation
//! of [`Rule`]. A rule knows one synapse, the histories of the trains that it reads, and nothing of
//! queues, neurons' states, rows or threads.
//!
//! # Times
//!
//! A spike that is sent at t over a synapse with delay d reaches the synapse at t + d - dendritic and
//! the soma at t + d; a spike of the target at s reaches the synapse at s + dendritic. The
//! [`Path`] of a synapse holds both parts, and every comparison is made at the synapse. An event of
//! the target counts as *before* an arrival only if it reaches the synapse strictly earlier. At one
//! tick the order is: decisions, spikes of the modulator, the arrival, spikes of the target; a
//! target that fires at the tick of an arrival was caused by it.
//!
//! # Elementary events
//!
//! What a synapse stores changes at elementary events only and is rounded to its stored precision at
//! each: this is why a rule may be evaluated as late as one likes (the argument stands in
//! [`history`]). An arrival takes all events that are still open and then itself
//! ([`Rule::on_pre`]); [`Rule::settle`] takes the open events before a tick; [`Rule::weight`] says
//! what the next arrival would find, and stores nothing.
//!
//! # What belongs to whom
//!
//! | state | belongs to | type |
//! |---|---|---|
//! | weight, what has been read | a synapse | [`Rule::Synapse`] |
//! | traces of the source, short-term release | a spike of a source, shared by its row | [`Sent`] |
//! | traces of the target | a spike of the target, shared by its inputs | [`Rule::Fired`] |
//! | a pool for all inputs of a target | a target | [`Rule::Target`] |
//! | the modulator | the projection | [`Rule::Shared`] |
//!
//! All synapses of a source see the same train, each shifted by its own axonal delay, so the
//! traces of the source are computed once for each spike and not once for each arrival.

pub mod bounded;
pub mod dendritic_prediction;
pub mod fixed;
pub mod history;
pub mod homeostat;
pub mod noise_prune;
mod paired;
pub mod patch;
pub mod short_term;
pub mod spare;
pub mod stdp;
pub mod stdp_decay;
pub mod stdp_dopamine;
pub mod stdp_reserve;
pub mod stdp_triplet;
pub mod stored;
pub mod synaptic_scaling;
pub mod vogels_inhibitory;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod oracle;

use crate::base::saved::{Saved, Value, value};
use crate::base::{NeuronId, Span, Tick, Unit};
use crate::neuron::Range;
use crate::neuron::lesson::Lesson;
pub use history::{History, Spike};
pub use short_term::Release;
pub use spare::{Spare, Trains};
pub use stored::Stored;

/// What a rule is: everything about it that is data.
#[derive(Debug)]
pub struct Descriptor {
    /// The name used in scenario files, such as `stdp`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The manual page: equations, what happens at coincidences, bounds, sources.
    pub manual: &'static str,
    /// The parameters, in the order in which their values are passed around.
    pub parameters: &'static [Parameter],
    /// Bytes of a synapse in the store of a network, target and delay included.
    pub bytes: u32,
    /// In which order arrivals must be taken.
    pub order: Order,
    /// Whether a population of modulators must be named.
    pub modulated: bool,
    /// Whether the rule removes synapses.
    pub prunes: bool,
    /// Conditions between parameters; each failure names the offending parameter's index.
    pub check: fn(&[f64]) -> Vec<(usize, String)>,
}

/// One parameter of a rule. Values are held as doubles; a choice is held as the index of the word.
#[derive(Debug)]
pub struct Parameter {
    /// The name in scenario files, without unit: `tau_plus`.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Its meaning, one line.
    pub doc: &'static str,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A quantity.
    Quantity {
        /// What it is measured in.
        measure: Measure,
        /// The value where a scenario gives none; `None` if it must be given.
        default: Option<f64>,
        /// Which values are allowed by themselves.
        range: Range,
    },
    /// One of some words; the first where a scenario gives none.
    Choice(&'static [&'static str]),
}

/// What a parameter is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// In this unit.
    Of(Unit),
    /// In the unit of the weights, which is the input unit of the target's model.
    Weight,
}

impl Measure {
    /// The unit, given that of the weights.
    pub fn unit(self, weight: Unit) -> Unit {
        match self {
            Measure::Of(unit) => unit,
            Measure::Weight => weight,
        }
    }
}

/// Something that the inputs of a target share and that can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its name, such as `reserve`.
    pub name: &'static str,
    /// What it is measured in.
    pub measure: Measure,
}

/// In which order the arrivals of a projection must be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Synapses do not see each other: those of each synapse in order.
    BySynapse,
    /// The inputs of a target share something: those of each target in the order (tick, via).
    ByTarget,
}

impl Parameter {
    /// A quantity with a default.
    const fn new(name: &'static str, unit: Unit, default: f64, range: Range) -> Parameter {
        let measure = Measure::Of(unit);
        let kind = Kind::Quantity { measure, default: Some(default), range };
        Parameter { name, kind, doc: "" }
    }

    /// A quantity in the unit of the weights, which must be given.
    const fn weight(name: &'static str, range: Range) -> Parameter {
        let kind = Kind::Quantity { measure: Measure::Weight, default: None, range };
        Parameter { name, kind, doc: "" }
    }

    /// A choice of words.
    const fn choice(name: &'static str, words: &'static [&'static str]) -> Parameter {
        Parameter { name, kind: Kind::Choice(words), doc: "" }
    }

    /// With a default, in the unit of the weights whatever that is.
    const fn or(self, value: f64) -> Parameter {
        let kind = match self.kind {
            Kind::Quantity { measure, range, .. } => {
                Kind::Quantity { measure, default: Some(value), range }
            }
            choice => choice,
        };
        Parameter { kind, ..self }
    }

    /// With its meaning.
    const fn doc(self, doc: &'static str) -> Parameter {
        Parameter { doc, ..self }
    }
}

impl Descriptor {
    /// The index of a parameter by name.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == name)
    }

    /// All parameters at their defaults; those that must be given are zero.
    pub fn defaults(&self) -> Vec<f64> {
        let default = |parameter: &Parameter| match parameter.kind {
            Kind::Quantity { default, .. } => default.unwrap_or(0.0),
            Kind::Choice(_) => 0.0,
        };
        self.parameters.iter().map(default).collect()
    }
}

/// The two parts of a synapse's delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// From the source's soma to the synapse.
    pub axonal: Span,
    /// Between the synapse and the target's soma, both ways.
    pub dendritic: Span,
}

/// How the delay of a projection's synapses is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dendritic {
    /// All of the delay is dendritic, as in NEST.
    #[default]
    Whole,
    /// Half of it is (rounded down to a tick), so both neurons' spikes take equally long.
    Half,
    /// This part is; the delay must not be shorter.
    Fixed(Span),
}

impl Dendritic {
    /// The path of a synapse with this delay; `None` if the dendritic part is longer.
    #[inline]
    pub fn path(self, delay: Span) -> Option<Path> {
        let dendritic = match self {
            Dendritic::Whole => delay,
            Dendritic::Half => Span(delay.0 / 2),
            Dendritic::Fixed(span) => span,
        };
        let axonal = Span(delay.0.checked_sub(dendritic.0)?);
        Some(Path { axonal, dendritic })
    }
}

/// What a spike of a source leaves behind for its arrivals, computed once when it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sent<T> {
    /// The rule's traces just after the spike.
    pub trace: T,
    /// The share of the weight that this spike transmits, and what it is computed from.
    pub release: Release,
}
value!(Sent<T> where [T: Value] { trace, release });

/// The spikes of a source that concern an arrival.
#[derive(Clone, Copy, Debug)]
pub struct Pre<T> {
    /// The spike before, whose arrival at this synapse was taken before; `None` for the first.
    pub last: Option<Spike<T>>,
    /// The spike that arrives; its tick is that of sending.
    pub now: Spike<T>,
}

/// A spike on its way along a row, for all synapses of one path.
pub struct Arrival<R: Rule> {
    /// The spike, and the one before.
    pub pre: Pre<R::Trace>,
    /// What the rule works out of them once.
    pub along: R::Along,
}

impl<R: Rule> Arrival<R> {
    /// Of a spike that takes this path.
    #[inline]
    pub fn new(constants: &R::Constants, pre: Pre<R::Trace>, path: Path) -> Self {
        Arrival { pre, along: R::Along::new(constants, &pre, path) }
    }
}

/// What a rule works out once for all synapses that a spike reaches over one path, as they lie side
/// by side in a row. It holds nothing that the spike and the path do not say.
pub trait Along<R: Rule>: Copy + std::fmt::Debug {
    /// Of a spike, the one before, and the path.
    fn new(constants: &R::Constants, pre: &Pre<R::Trace>, path: Path) -> Self;
}

impl<R: Rule> Along<R> for () {
    #[inline]
    fn new(_: &R::Constants, _: &Pre<R::Trace>, _: Path) {}
}

/// A postsynaptic neuron as one projection's synapses see it. Rows are in the order of their targets, so
/// whole lines of the cache are fetched in advance.
#[repr(align(64))]
pub struct Postsynaptic<R: Rule> {
    /// Its spikes, by the tick at its soma.
    pub spikes: History<R::Fired>,
    /// What its inputs share.
    pub state: R::Target,
}
value!(Postsynaptic<R> where [R: Rule] { spikes, state });

/// Where a synapse stands: everything that a rule may look at beside the synapse itself.
pub struct Site<'a, R: Rule> {
    /// Derived from the parameters.
    pub constants: &'a R::Constants,
    /// What all synapses of the projection share.
    pub shared: &'a R::Shared,
    /// The target.
    pub post: &'a mut Postsynaptic<R>,
    /// The parts of the delay.
    pub path: Path,
    /// Who sends.
    pub source: NeuronId,
    /// Who receives.
    pub target: NeuronId,
    /// Where decisions about synapses are written.
    pub verdicts: &'a mut Vec<Verdict>,
}

/// A decision about a synapse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// When, at the synapse.
    pub at: Tick,
    /// Who sends.
    pub source: NeuronId,
    /// Who receives.
    pub target: NeuronId,
    /// The weight before.
    pub before: f64,
    /// The weight after; zero if the synapse is gone.
    pub after: f64,
}

/// The closed form of a rule: what the engine calls.
pub trait Rule: Sized + Send + Sync + 'static {
    /// Derived from the parameters once per projection.
    type Constants: Clone + Send + Sync;
    /// Traces of a source just after one of its spikes.
    type Trace: Copy + Default + Value + std::fmt::Debug + Send + Sync;
    /// What the synapses of a row have in common when a spike arrives; `()` if that is nothing.
    type Along: Along<Self>;
    /// What is held about a spike of the target.
    type Fired: Copy + Default + Value + std::fmt::Debug + Send + Sync;
    /// What the inputs of a target share.
    type Target: Copy + Value + std::fmt::Debug + Send + Sync;
    /// What all synapses of the projection share.
    type Shared: Default + Saved + Send + Sync;
    /// What a synapse stores beside its target and its delay.
    type Synapse<W: Stored>: Copy + Value + std::fmt::Debug + PartialEq + Send + Sync;

    /// The rule's data.
    const DESCRIPTOR: &'static Descriptor;

    /// Derives the constants from parameter values in the descriptor's order, and the seed.
    fn constants(parameters: &[f64], seed: u64) -> Self::Constants;

    /// Short-term plasticity that is part of the rule itself.
    fn resource(_constants: &Self::Constants) -> Option<&short_term::Resource> {
        None
    }

    /// A target at the start.
    fn target(constants: &Self::Constants) -> Self::Target;

    /// A new synapse of this weight.
    fn synapse<W: Stored>(constants: &Self::Constants, weight: f64) -> Self::Synapse<W>;

    /// Why a synapse may not start with this weight, if it may not.
    fn refuse(_constants: &Self::Constants, _weight: f64) -> Option<String> {
        None
    }

    /// The traces just after a spike of a source at `at`, whose spike before was `last`.
    fn sent(
        constants: &Self::Constants,
        last: Option<&Spike<Self::Trace>>,
        at: Tick,
    ) -> Self::Trace;

    /// What is held about a spike of a target at `at`, whose spike before was `last`.
    fn fired(
        constants: &Self::Constants,
        last: Option<&Spike<Self::Fired>>,
        at: Tick,
    ) -> Self::Fired;

    /// What a spike of the modulator that arrives at `at` adds to what all share.
    fn modulated(_constants: &Self::Constants, _shared: &mut Self::Shared, _at: Tick) {}

    /// Whether targets teach: their models tell an error (see [`crate::neuron::lesson`]), and
    /// the history of a target holds the ends of epochs instead of spikes. An arrival is then taken when
    /// the target has been brought to its tick, not before.
    const HEEDS: bool = false;

    /// Takes what a target has to tell. Must be called at the time of an arrival before it is taken.
    fn heed(_: &Self::Constants, _: &mut Postsynaptic<Self>, _: &Lesson) {}

    /// For rules that heed: by how much a weight changes for each ms by which the total of its target
    /// grows in the epoch `number`, after a spike that reached the synapse when `arrived` says; zero once
    /// that is forgotten.
    fn pull(_: &Self::Constants, _arrived: &Spike<Self::Trace>, _number: u64) -> f64 {
        unreachable!("{} heeds no lessons", Self::DESCRIPTOR.name)
    }

    /// The least and the largest weight, for rules that heed.
    fn bounds(_: &Self::Constants) -> (f64, f64) {
        (f64::NEG_INFINITY, f64::INFINITY)
    }

    /// A spike arrives: takes all open events up to it, then itself, and returns the weight that
    /// is transmitted, before short-term release. All target spikes that reach the synapse
    /// strictly before the arrival, and all modulator spikes up to it, must have been pushed.
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        synapse: &mut Self::Synapse<W>,
        arrival: &Arrival<Self>,
    ) -> f64;

    /// Takes all open events strictly before `until`, a time at the synapse. `last` is the latest
    /// spike that arrived; no arrival before `until` may be missing.
    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        synapse: &mut Self::Synapse<W>,
        last: Option<Spike<Self::Trace>>,
        until: Tick,
    );

    /// The weight that an arrival at `at` would find, for a synapse settled until `at`.
    fn weight<W: Stored>(
        site: &Site<'_, Self>,
        synapse: &Self::Synapse<W>,
        last: Option<Spike<Self::Trace>>,
        at: Tick,
    ) -> f64;

    /// When, at the synapses and before `end`, decisions are made whose change of |w| is to be made up
    /// for in the leaks of the targets, in order; none for most rules.
    fn leak_changes(_constants: &Self::Constants, _end: Tick) -> Vec<Tick> {
        Vec::new()
    }

    /// Whether synapses that are pruned have faded to a bound; else the rule has decided.
    const FADES: bool = false;

    /// Whether the synapse has been pruned: it transmits nothing ever again.
    fn pruned<W: Stored>(_synapse: &Self::Synapse<W>) -> bool {
        false
    }

    /// Spikes of a target strictly before the returned tick, but the latest of them, are never
    /// read again by a synapse with this dendritic delay that was settled until `settled`. The
    /// target's history may be trimmed by the earliest horizon of its inputs.
    fn horizon(settled: Tick, dendritic: Span) -> Tick {
        Tick(settled.0.saturating_sub(dendritic.0))
    }

    /// Likewise for what all synapses share: arrivals of the modulator strictly before `settled`,
    /// the earliest time until which the projection's synapses were settled, but the latest.
    fn trim_shared(_shared: &mut Self::Shared, _settled: Tick) {}

    /// What the inputs of a target share, for recorders.
    const LEVELS: &'static [Level] = &[];

    /// Appends a value for each of the [`LEVELS`](Self::LEVELS), at a time at the synapses until
    /// which those of the target were settled. May bring what is shared to that time.
    fn levels(_site: &mut Site<'_, Self>, _at: Tick, _levels: &mut Vec<f64>) {}

    /// Spikes of the modulator that are held, for accounts of memory.
    fn shared_len(_shared: &Self::Shared) -> usize {
        0
    }
}

/// What the inputs of a target share by a rule, for recorders.
pub fn levels(rule: &Descriptor) -> &'static [Level] {
    struct Levels;
    impl Visitor for Levels {
        type Output = &'static [Level];

        fn visit<R: Rule>(self) -> &'static [Level] {
            R::LEVELS
        }
    }
    dispatch(rule, Levels)
}

/// When decisions of a rule with these values change the leaks of the targets: see
/// [`Rule::leak_changes`].
pub fn leak_changes(rule: &Descriptor, values: &[f64], end: Tick) -> Vec<Tick> {
    struct Changes<'a>(&'a [f64], Tick);
    impl Visitor for Changes<'_> {
        type Output = Vec<Tick>;

        fn visit<R: Rule>(self) -> Vec<Tick> {
            R::leak_changes(&R::constants(self.0, 0), self.1)
        }
    }
    dispatch(rule, Changes(values, end))
}

/// Whether targets teach by a rule.
pub fn heeds(rule: &Descriptor) -> bool {
    struct Heeds;
    impl Visitor for Heeds {
        type Output = bool;

        fn visit<R: Rule>(self) -> bool {
            R::HEEDS
        }
    }
    dispatch(rule, Heeds)
}

/// What is to be done with a rule that is known only by its descriptor: [`dispatch`] calls `visit`
/// with the rule's type, so that everything beneath is compiled for that one rule.
pub trait Visitor {
    /// What the visit gives back.
    type Output;

    /// Is called once, with the rule.
    fn visit<R: Rule>(self) -> Self::Output;
}

/// One list of rules makes both the registry and the dispatch, so they cannot differ.
macro_rules! rules {
    ($($rule:path),+ $(,)?) => {
        /// Every rule, in the order in which lists show them.
        pub fn registry() -> &'static [&'static Descriptor] {
            &[$(<$rule as Rule>::DESCRIPTOR),+]
        }

        /// Calls `visitor` with the type of the rule that `descriptor` describes.
        ///
        /// # Panics
        /// If the descriptor is not in the [`registry`].
        pub fn dispatch<V: Visitor>(descriptor: &Descriptor, visitor: V) -> V::Output {
            $(
                if descriptor.name == <$rule as Rule>::DESCRIPTOR.name {
                    return visitor.visit::<$rule>();
                }
            )+
            panic!("the rule `{}` is not in the registry", descriptor.name)
        }
    };
}

// A new rule is its file, its `mod` line above, and its line here.
rules! {
    fixed::Fixed,
    short_term::ShortTerm,
    stdp::Stdp,
    stdp_decay::StdpDecay,
    stdp_triplet::StdpTriplet,
    stdp_dopamine::StdpDopamine,
    vogels_inhibitory::VogelsInhibitory,
    synaptic_scaling::SynapticScaling,
    stdp_reserve::StdpReserve,
    noise_prune::NoisePrune,
    dendritic_prediction::DendriticPrediction,
}

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Descriptor> {
    registry().iter().copied().find(|d| d.name == name)
}

/// No conditions between parameters.
fn unconditional(_: &[f64]) -> Vec<(usize, String)> {
    Vec::new()
}

/// A trace that rises by one at each spike of a train, just after the spike at `at`.
#[inline]
fn trace_after(decay: &crate::base::Decay, last: Option<(f64, Tick)>, at: Tick) -> f64 {
    match last {
        Some((value, before)) => value * decay.over(at - before) + 1.0,
        None => 1.0,
    }
}
