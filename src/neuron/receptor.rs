//! Inputs of a model that are told apart.
//!
//! Most models have one kind of input, a spike with a weight, and this file costs them nothing. A
//! model with more lists [`Receptor`]s beside that first one; a projection names the one that it
//! reaches. What a spike does there is a handful of [`Pulse`]s: each adds to a *channel* of the target
//! some time after the spike takes effect. So a conductance that is open for ten milliseconds is two
//! pulses, +1 and -1, and an inhibition that follows by way of an interneuron is two more; the network
//! is built with a synapse for each pulse, and neither the model nor the engine has to remember when
//! something ends.
//!
//! Channels are numbers that only the model understands ([`super::Dynamics::receive_on`]), except for
//! those that schedules and pruning write to, which have the same number in all models.

use super::{Descriptor, Dynamics, Visitor, dispatch};
use crate::base::Unit;

/// What pruning adds to the effect of a neuron on itself, in the unit of weights: a leak that is smaller
/// by so much. No projection reaches it.
pub const LEAK: u8 = 252;
/// What a schedule teaches: the potential towards which the soma is drawn, in mV; zero for none.
pub const TEACHER: u8 = 253;
/// What a schedule clamps: the potential at which the soma is held, in mV; zero for none.
pub const CLAMP: u8 = 254;

/// An input of a model beside its first.
#[derive(Debug)]
pub struct Receptor {
    /// Its name in scenario files.
    pub name: &'static str,
    /// The unit of weights on to it.
    pub unit: Unit,
    /// Its meaning, one line.
    pub doc: &'static str,
    /// What a spike does, given the parameters of the model.
    pub pulses: fn(&[f64]) -> Vec<Pulse>,
}

/// Something that a spike of weight w does to its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pulse {
    /// So many ms after it takes effect; zero or more.
    pub after_ms: f64,
    /// Where.
    pub channel: u8,
    /// What is added to the channel, as a multiple of w.
    pub factor: f64,
}

/// The one pulse of a model's first input.
pub const FIRST: Pulse = Pulse { after_ms: 0.0, channel: 0, factor: 1.0 };

/// The receptors of a model beside its first input.
pub fn receptors(model: &Descriptor) -> &'static [Receptor] {
    struct Receptors;
    impl Visitor for Receptors {
        type Output = &'static [Receptor];
        fn visit<M: Dynamics>(self) -> &'static [Receptor] {
            M::RECEPTORS
        }
    }
    dispatch(model, Receptors)
}

/// Whether the leak of a model's neurons can change while they run (see [`LEAK`]).
pub fn leaks(model: &Descriptor) -> bool {
    struct Leaks;
    impl Visitor for Leaks {
        type Output = bool;
        fn visit<M: Dynamics>(self) -> bool {
            M::LEAKS
        }
    }
    dispatch(model, Leaks)
}

/// The time constant in ms with which a model's lessons fade, given its parameters; `None` for
/// models that give none (see [`super::lesson`]). Such models can be taught and clamped.
pub fn teaches(model: &Descriptor, parameters: &[f64]) -> Option<f64> {
    struct Teaches<'a>(&'a [f64]);
    impl Visitor for Teaches<'_> {
        type Output = Option<f64>;
        fn visit<M: Dynamics>(self) -> Option<f64> {
            M::TEACHES.map(|parameter| self.0[parameter])
        }
    }
    dispatch(model, Teaches(parameters))
}
