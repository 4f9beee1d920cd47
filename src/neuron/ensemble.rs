//! Neurons that teach, many at once: what a model offers so that whole rows of synapses can reach it.
//!
//! Where neurons hear of nearly every spike, as in a network that is connected all to all, the loop over one
//! neuron's events ([`super::cell`]) costs more than the events. An [`Ensemble`] is the neurons of one
//! population that live in a shard, held as columns, each quantity of all neurons side by side; what
//! concerns a stretch of neurons at one tick is one loop over these columns.
//!
//! Time is cut into the epochs of the lessons ([`super::lesson`]), and inside an epoch everything that
//! fades is held as if it had not: a quantity that is x at the tick at which the epoch has faded to z is
//! held as x / z and does not move until something arrives. A [`Moment`] holds z, worked out once for
//! all that is reached at a tick.
//!
//! What a neuron does is the same as in a cell, up to the last bits of potentials; its state is a function of
//! the ticks at which something reaches it, never of where a slice or a shard begins.

use super::{Descriptor, Dynamics, Visitor, dispatch};
use crate::base::digest::Digest;
use crate::base::saved::{Saved, boxed};
use crate::base::{Resolution, Tick};
use std::ops::Range;

/// A tick, and how far the epoch that holds it has faded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The tick.
    pub at: Tick,
    /// exp(-t / tau), t counted from the start of the epoch.
    pub faded: f64,
    /// Its inverse.
    pub grown: f64,
}

/// The neurons of one population in one shard, named by their place among these.
pub trait Ensemble: Send + Saved {
    /// How many.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Brings a stretch of neurons to a moment, before anything that arrives there.
    fn meet(&mut self, stretch: Range<usize>, now: &Moment);

    /// The running totals of this epoch, each as of the moment at which its neuron was met last.
    fn totals(&self) -> &[f64];

    /// Spikes arrive, one at each neuron from `first` on, which have been met.
    fn receive(&mut self, first: usize, weights: &[f64], now: &Moment);

    /// Something arrives on a channel of one neuron, or a schedule sets it.
    fn put(&mut self, neuron: usize, channel: u8, value: f64, now: &Moment);

    /// An epoch ends, and the next begins. All have been met, and their totals read.
    fn end_epoch(&mut self, end: &Moment);

    /// Fires what comes up to a tick of this epoch, that tick included.
    fn fire_until(&mut self, last: Tick);

    /// What has been fired since it was asked last: (tick, place).
    fn fired(&mut self) -> &mut Vec<(Tick, u32)>;

    /// The earliest tick at which anything may fire.
    fn next(&self) -> Tick;

    /// The value of a variable at a moment of this epoch which is not before the last event.
    fn observe(&self, neuron: usize, now: &Moment, variable: usize) -> f64;

    /// Adds the exact state of all neurons to a digest.
    fn digest(&self, digest: &mut Digest);
}
boxed!(dyn Ensemble);

/// Whether neurons of this model with these parameters can be an ensemble, given the start values of each
/// variable and all potentials that schedules set.
pub fn is_offered(
    model: &Descriptor,
    parameters: &[f64],
    starts: &[Vec<f64>],
    set: &[f64],
) -> bool {
    struct Offer<'a>(&'a [f64], &'a [Vec<f64>], &'a [f64]);
    impl Visitor for Offer<'_> {
        type Output = bool;
        fn visit<M: Dynamics>(self) -> bool {
            M::offers_ensemble(&M::constants(self.0), self.1, self.2)
        }
    }
    dispatch(model, Offer(parameters, starts, set))
}

/// The ensemble of neurons with these parameters and start values; `None` if the model offers none.
pub fn assemble<M: Dynamics>(
    parameters: &[f64],
    starts: impl Iterator<Item = Vec<f64>>,
    grid: Resolution,
) -> Option<Box<dyn Ensemble>> {
    let constants = M::constants(parameters);
    let states = starts.map(|start| M::initial(&constants, &start)).collect();
    M::ensemble(&constants, states, grid)
}
