//! Neuron models. One file a model; the list of all of them is [`registry`].
//!
//! A model is a [`Descriptor`], which is data (its manual page, parameters, state variables and
//! the checks between them), and an implementation of [`Dynamics`], which is the closed form.
//! The parser, the checker, `explain`, the schema and the conformance suite read the descriptor;
//! the engine runs the dynamics. A model knows nothing of queues, of other neurons or of threads.

pub mod adaptive_gamma_rate;
pub mod adaptive_glif;
pub mod adaptive_lif_delta;
pub mod adaptive_lif_exp;
pub mod aru_gamma_rate;
pub mod aru_glif;
pub mod aru_lif_delta;
pub mod aru_lif_exp;
pub mod cell;
pub mod controller;
pub mod ensemble;
pub mod escape_lif;
pub mod framed;
pub mod gained;
pub mod gamma_rate;
pub mod glif;
pub mod hawkes;
pub mod lesson;
pub mod lif;
pub mod lif_alpha;
pub mod lif_delta;
pub mod lif_exp;
pub mod lists;
pub mod membrane;
pub mod parrot;
pub mod qif;
pub mod receptor;
pub mod recurrent;
pub mod thinned;
pub mod thinning;
pub mod ticked;
pub mod two_compartment;

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub mod test_model;

use crate::base::digest::Digest;
use crate::base::saved::Value;
use crate::base::{Resolution, Span, Unit};
pub use framed::{Framed, FramedVisitor};

/// What a model is: everything about it that is data.
#[derive(Debug)]
pub struct Descriptor {
    /// The name used in scenario files, such as `lif_exp`.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// The manual page: equation, spike condition, what happens to input during refractoriness,
    /// numeric corners, sources.
    pub manual: &'static str,
    /// The parameters, in the order in which their values are passed around.
    pub parameters: &'static [Parameter],
    /// What can be recorded and, where settable, given at the start.
    pub variables: &'static [Variable],
    /// The unit of a weight on to this model.
    pub input: Unit,
    /// Conditions between parameters, given flat (see [`lists`]); each failure names the offending
    /// parameter's index.
    pub check: fn(&[f64]) -> Vec<(usize, String)>,
    /// The constant current (pA) that makes the undriven neuron fire with the given period (ms),
    /// where the model can be solved for it; `None` when no current does.
    pub current_for_period: Option<CurrentForPeriod>,
}

/// From parameter values and a period (ms) to a current (pA); `None` when no current gives it.
pub type CurrentForPeriod = fn(&[f64], f64) -> Option<f64>;

/// One parameter of a model.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name in scenario files, without unit: `tau_m`.
    pub name: &'static str,
    /// The unit in which its value is held.
    pub unit: Unit,
    /// The value when a scenario does not give it; of a list, which is empty then, a typical value.
    pub default: f64,
    /// Which values are allowed by themselves.
    pub range: Range,
    /// Whether each neuron may have its own value.
    pub per_neuron: bool,
    /// Its meaning, one line.
    pub doc: &'static str,
}

/// Which values of a parameter are allowed. All must be finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Any finite value.
    Any,
    /// Greater than zero.
    Positive,
    /// Zero or greater.
    NonNegative,
    /// Any number of values, each of which is allowed by itself, that all neurons share: weights of
    /// a controller. A list is empty unless it is given.
    List(&'static Range),
}

impl Range {
    /// Whether this is a list.
    pub const fn is_list(self) -> bool {
        matches!(self, Range::List(_))
    }

    /// Whether `value` is allowed; as one of several in a list.
    pub fn contains(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Range::Any => true,
                Range::List(each) => each.contains(value),
                Range::Positive => value > 0.0,
                Range::NonNegative => value >= 0.0,
            }
    }

    /// The condition in words, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            Range::Any => "a finite value",
            Range::List(each) => each.describe(),
            Range::Positive => "a value greater than zero",
            Range::NonNegative => "zero or a greater value",
        }
    }
}

/// One state variable of a model.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// The name in scenario files: `v_m`.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// Its value at the start when a scenario gives none.
    pub initial: Initial,
    /// Its meaning, one line.
    pub doc: &'static str,
}

/// A state variable's value at the start.
#[derive(Clone, Copy, Debug)]
pub enum Initial {
    /// This value.
    Value(f64),
    /// The value of the parameter with this index.
    Parameter(usize),
    /// A number in [0, 1) of its own for each neuron, drawn from the seed.
    OwnNumber,
    /// It follows from the others and cannot be given.
    Derived,
    /// What all synapses weigh together that add to this channel of the neuron. It cannot be given.
    Contacts(u8),
    /// It is the sum of a series, and cannot be given: as many further variables as this parameter,
    /// a list, has values; NAME_1, NAME_2 and so on, zero at the start.
    Series(usize),
}

impl Initial {
    /// Whether a scenario may say where it starts.
    pub fn is_given(self) -> bool {
        !matches!(self, Initial::Derived | Initial::Contacts(_) | Initial::Series(_))
    }
}

impl Variable {
    /// Whether a scenario may say where it starts.
    pub fn is_given(&self) -> bool {
        self.initial.is_given()
    }
}

impl Descriptor {
    /// The index of a parameter by name.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.name == name)
    }

    /// The index of a state variable by name.
    pub fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|v| v.name == name)
    }

    /// All parameters at their defaults, flat (see [`lists`]); a list is empty.
    pub fn defaults(&self) -> Vec<f64> {
        let value = |p: &Parameter| if p.range.is_list() { 0.0 } else { p.default };
        self.parameters.iter().map(value).collect()
    }
}

/// The closed form of a model: what the engine calls. All times are in milliseconds.
///
/// `drive` is the constant current into this neuron, in pA. A model in the exact set moves its
/// state by these functions only; `advance(a + b)` equals `advance(a)` then `advance(b)` up to
/// rounding, and the engine never advances a state at a time that is not an event of the neuron.
pub trait Dynamics: Send + Sync + 'static {
    /// Derived from the parameters once per population.
    type Constants: Clone + Send + Sync;
    /// What changes, neuron by neuron.
    type State: Clone + Value + Send + Sync;

    /// The model's data.
    const DESCRIPTOR: &'static Descriptor;

    /// Whether neurons with these parameters have room in this type's state.
    fn fits(_parameters: &[f64]) -> bool {
        true
    }

    /// Calls `visitor` with the type that keeps neurons with these parameters: this one if they fit,
    /// else a larger one with the same descriptor.
    #[inline]
    fn choose<V: Visitor>(_parameters: &[f64], visitor: V) -> V::Output
    where
        Self: Sized,
    {
        visitor.visit::<Self>()
    }

    /// How many bytes a state takes that do not lie in it.
    fn bytes_beside(_parameters: &[f64]) -> usize {
        0
    }

    /// Derives the constants from parameter values in the descriptor's order, flat (see [`lists`]).
    fn constants(parameters: &[f64]) -> Self::Constants;

    /// The state with the given values of the descriptor's variables.
    fn initial(constants: &Self::Constants, variables: &[f64]) -> Self::State;

    /// Moves a neuron that integrates by `dt_ms`.
    fn advance(constants: &Self::Constants, state: &mut Self::State, drive: f64, dt_ms: f64);

    /// [`Dynamics::advance`] by a whole number of ticks. A model overrides it where it can look
    /// the decay up instead of computing it.
    #[inline]
    fn advance_by(constants: &Self::Constants, state: &mut Self::State, drive: f64, span: Span) {
        Self::advance(constants, state, drive, span.ms());
    }

    /// Moves a neuron that is refractory by `dt_ms`: the membrane is held, the rest goes on.
    fn advance_clamped(constants: &Self::Constants, state: &mut Self::State, dt_ms: f64);

    /// The same for a model in which something follows the drive also while the membrane is held.
    #[inline]
    fn advance_held(constants: &Self::Constants, state: &mut Self::State, _drive: f64, dt_ms: f64) {
        Self::advance_clamped(constants, state, dt_ms);
    }

    /// Folds one input into a neuron that integrates.
    fn receive(constants: &Self::Constants, state: &mut Self::State, weight: f64);

    /// Folds one input into a neuron that is refractory.
    fn receive_clamped(constants: &Self::Constants, state: &mut Self::State, weight: f64);

    /// Inputs beside the first, which [`Dynamics::receive`] takes.
    const RECEPTORS: &'static [receptor::Receptor] = &[];

    /// Whether the leak of a neuron can change while it runs: the channel [`receptor::LEAK`] adds to what a
    /// neuron's own spike does to it, as a synapse of that weight on itself would, without delay.
    const LEAKS: bool = false;

    /// Folds what arrives on a channel of a receptor, or what a schedule sets, into a neuron.
    fn receive_on(
        _constants: &Self::Constants,
        _state: &mut Self::State,
        channel: u8,
        _value: f64,
    ) {
        unreachable!("{} has no channel {channel}", Self::DESCRIPTOR.name)
    }

    /// For a model whose neurons tell their synapses of an error, and can be taught: the parameter
    /// that is the time constant of the lessons.
    const TEACHES: Option<usize> = None;

    /// What the neuron has to tell, as of the time of the state.
    #[inline]
    fn lesson(_state: &mut Self::State) -> Option<&mut lesson::Lesson> {
        None
    }

    /// Whether the neurons can be brought on as columns, given the start values of each variable and
    /// all potentials that schedules set.
    fn offers_ensemble(_: &Self::Constants, _starts: &[Vec<f64>], _set: &[f64]) -> bool {
        false
    }

    /// The same neurons as columns (see [`ensemble`]), for models that offer them.
    fn ensemble(
        _constants: &Self::Constants,
        _neurons: Vec<Self::State>,
        _grid: Resolution,
    ) -> Option<Box<dyn ensemble::Ensemble>> {
        None
    }

    /// Whether the state, as it stands, is at or above threshold.
    fn at_threshold(constants: &Self::Constants, state: &Self::State) -> bool;

    /// The time until the state first reaches threshold if nothing arrives; `None` if it never
    /// does. Never misses a crossing that rises and falls again, never reports a later one than
    /// the first; zero for a state that is already there.
    fn crossing(constants: &Self::Constants, state: &Self::State, drive: f64) -> Option<f64>;

    /// [`Dynamics::crossing`] for a model whose search has to walk: it may stop after `horizon_ms`,
    /// and then says how far it came without meeting one.
    ///
    /// # Errors
    /// The time in which there surely is no crossing; at least `horizon_ms`.
    #[inline]
    fn crossing_within(
        constants: &Self::Constants,
        state: &Self::State,
        drive: f64,
        _horizon_ms: f64,
    ) -> Result<Option<f64>, f64> {
        Ok(Self::crossing(constants, state, drive))
    }

    /// A time in which the state surely stays below threshold if nothing arrives, found without
    /// a transcendental function: infinite where it never gets there, zero where only
    /// [`Dynamics::crossing`] can tell.
    #[inline]
    fn quiet(_constants: &Self::Constants, _state: &Self::State, _drive: f64) -> f64 {
        0.0
    }

    /// Whether something in the state is set anew at each event of the neuron: at each tick at
    /// which something reaches it or its current changes, and at each of its own spikes.
    const SETS_AT_EVENTS: bool = false;

    /// Sets it anew, once at each such tick, after all inputs have been folded and before the
    /// threshold is tested.
    #[inline]
    fn set_at_event(_constants: &Self::Constants, _state: &mut Self::State) {}

    /// What a spike does to the state.
    fn fire(constants: &Self::Constants, state: &mut Self::State);

    /// How long the neuron is refractory after a spike.
    fn refractory(constants: &Self::Constants) -> Span;

    /// The value of the descriptor's variable number `variable`.
    fn observe(constants: &Self::Constants, state: &Self::State, variable: usize) -> f64;

    /// Adds the bits of a state to a digest.
    fn digest(state: &Self::State, digest: &mut Digest);
}

/// What is to be done with a model that is known only by its descriptor: [`dispatch`] calls
/// `visit` with the model's type, so that everything beneath is compiled for that one model.
pub trait Visitor {
    /// What the visit gives back.
    type Output;

    /// Is called once, with the model.
    fn visit<M: Dynamics>(self) -> Self::Output;
}

/// [`dispatch`] to the type that keeps neurons with these parameters, of several that a descriptor
/// may have: for whatever keeps states.
pub fn dispatch_for<V: Visitor>(
    descriptor: &Descriptor,
    parameters: &[f64],
    visitor: V,
) -> V::Output {
    struct Choosing<'p, V>(&'p [f64], V);
    impl<V: Visitor> Visitor for Choosing<'_, V> {
        type Output = V::Output;
        fn visit<M: Dynamics>(self) -> V::Output {
            M::choose(self.0, self.1)
        }
    }
    dispatch(descriptor, Choosing(parameters, visitor))
}

/// One list of models makes both the registry and the dispatch, so they cannot differ.
macro_rules! models {
    ($($model:path),+ $(,)?) => {
        /// Every model, in the order in which lists show them.
        pub fn registry() -> &'static [&'static Descriptor] {
            &[$(<$model as Dynamics>::DESCRIPTOR),+]
        }

        /// Calls `visitor` with the type of the model that `descriptor` describes.
        ///
        /// # Panics
        /// If the descriptor is not in the [`registry`].
        pub fn dispatch<V: Visitor>(descriptor: &Descriptor, visitor: V) -> V::Output {
            $(
                if descriptor.name == <$model as Dynamics>::DESCRIPTOR.name {
                    return visitor.visit::<$model>();
                }
            )+
            #[cfg(test)]
            if descriptor.name == test_model::FRAGILE.name {
                return visitor.visit::<test_model::Fragile>();
            }
            panic!("the model `{}` is not in the registry", descriptor.name)
        }
    };
}

// A new model is its file, its `mod` line above, and its line here.
models! {
    lif_delta::LifDelta,
    lif_exp::LifExp,
    lif_alpha::LifAlpha,
    glif::Glif,
    qif::Qif,
    parrot::Parrot,
    hawkes::Hawkes,
    escape_lif::EscapeLif,
    gamma_rate::GammaRate,
    adaptive_gamma_rate::AdaptiveGammaRate,
    aru_gamma_rate::AruGammaRate,
    adaptive_lif_delta::AdaptiveLifDelta,
    adaptive_lif_exp::AdaptiveLifExp,
    adaptive_glif::AdaptiveGlif,
    aru_lif_delta::AruLifDelta,
    aru_lif_exp::AruLifExp,
    aru_glif::AruGlif,
    two_compartment::TwoCompartment,
}

/// As `models!`, for those that can be run in a frame.
macro_rules! framed_models {
    ($($model:path),+ $(,)?) => {
        /// Calls `visitor` with the type of the model that `descriptor` describes; `None` if the
        /// model does not fit into a frame.
        pub fn dispatch_framed<V: FramedVisitor>(
            descriptor: &Descriptor,
            visitor: V,
        ) -> Option<V::Output> {
            $(
                if descriptor.name == <$model as Dynamics>::DESCRIPTOR.name {
                    return Some(visitor.visit::<$model>());
                }
            )+
            None
        }
    };
}

framed_models! {
    lif_delta::LifDelta,
    lif_exp::LifExp,
    lif_alpha::LifAlpha,
}

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Descriptor> {
    registry().iter().copied().find(|d| d.name == name)
}
