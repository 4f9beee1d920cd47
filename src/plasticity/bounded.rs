//! What several rules store: a weight between zero and a bound that also carries its sign, and how
//! far the target's spikes have been read.

use super::{Path, Rule, Site, Spike, Stored};
use crate::base::saved::{Value, value};
use crate::base::{Span, Tick};

/// A weight and the ordinal (its low 32 bits) of the target's next spike that has not been read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Weighed<W> {
    pub(super) weight: W,
    pub(super) read: u32,
}
value!(Weighed<W> where [W: Value] { weight, read });

impl<W: Stored> Weighed<W> {
    /// A new synapse.
    pub(super) fn new(bound: Bound, weight: f64) -> Self {
        Weighed { weight: bound.store(bound.signed(weight)), read: 0 }
    }

    /// Takes the open spikes of the target that reach the synapse before `until`: each raises the
    /// magnitude by what `step` says, given the source's traces at its `last` spike to arrive, what is held
    /// about the target's spike, and the time between the two. Before the first arrival nothing changes.
    #[inline(always)]
    pub(super) fn raise<R: Rule>(
        &mut self,
        bound: Bound,
        site: &Site<'_, R>,
        last: Option<Spike<R::Trace>>,
        until: Tick,
        step: impl Fn(R::Trace, &R::Fired, Span) -> f64,
    ) {
        let (spikes, path, limit) = (&site.post.spikes, site.path, at_soma(site.path, until));
        let Some(last) = last else {
            self.read = spikes.end_before(limit) as u32;
            return;
        };
        let (arrived, weight) = (last.at + path.axonal, &mut self.weight);
        self.read = spikes.read_on(self.read, limit, |spike| {
            let since = spike.at + path.dendritic - arrived;
            let step = step(last.value, &spike.value, since);
            *weight = bound.store(bound.magnitude(*weight) + step);
        });
    }

    /// The weight as it is held. Between two arrivals that of `stdp_reserve` may exceed its bound, beyond
    /// which it is never used.
    pub fn held(&self) -> f64 {
        self.weight.load()
    }
}

/// Zero and the bound of a projection's weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    sign: f64,
    /// The bound's magnitude.
    pub size: f64,
    /// The largest magnitude within the bound that single precision can hold.
    single: f64,
}

impl Bound {
    pub fn new(w_max: f64) -> Bound {
        let size = w_max.abs();
        let single = f32::store_within(size, 0.0, size).load();
        Bound { sign: w_max.signum(), size, single }
    }

    /// The magnitude of a stored weight.
    #[inline]
    pub fn magnitude<W: Stored>(self, weight: W) -> f64 {
        weight.load() * self.sign
    }

    /// A magnitude with the sign of the weights.
    #[inline]
    pub fn signed(self, magnitude: f64) -> f64 {
        magnitude * self.sign
    }

    /// Rounds a magnitude to be stored, within the bounds.
    #[inline]
    pub fn store<W: Stored>(self, magnitude: f64) -> W {
        // No number that can be held lies between `top` and the bound, so rounding passes neither.
        let top = W::of_both(self.single, self.size);
        let magnitude = if magnitude > 0.0 { magnitude } else { 0.0 };
        let magnitude = if magnitude < top { magnitude } else { top };
        W::store(magnitude * self.sign)
    }

    /// Why a weight cannot stand beside this bound, if it cannot.
    pub fn refuse(self, weight: f64) -> Option<String> {
        let bound = self.signed(self.size);
        if weight * bound < 0.0 {
            return Some(format!("the weight {weight} has not the sign of w_max = {bound}"));
        }
        // A weight that was rounded when it was stored may lie a little beyond.
        let beyond = weight.abs() > self.size * (1.0 + 1e-6);
        beyond.then(|| format!("the weight {weight} lies beyond w_max = {bound}"))
    }
}

/// The condition on a bound that also carries the sign of the weights.
pub(super) fn not_zero(p: &[f64], index: usize) -> Vec<(usize, String)> {
    let zero = p[index] == 0.0;
    zero.then(|| (index, "found 0; the bound must not be zero".to_string())).into_iter().collect()
}

/// The tick before which the target must fire for its spike to reach the synapse before `at`.
#[inline]
pub(super) fn at_soma(path: Path, at: Tick) -> Tick {
    Tick(at.0.saturating_sub(path.dendritic.0))
}
