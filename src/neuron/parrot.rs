//! `parrot`: repeats every tick at which something arrives.

use super::{Descriptor, Dynamics};
use crate::base::digest::Digest;
use crate::base::saved::value;
use crate::base::{Span, Unit};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "parrot",
    summary: "repeats what arrives, one spike for each tick (NEST parrot_neuron)",
    manual: "\
A relay: it fires at the tick at which a spike arrives, and has neither parameters nor memory.

    an arrival at t    spike at t

It fires once a tick however many spikes arrive at it. NEST's parrot_neuron sends as many as
arrived (the multiplicity of its spike event); here a spike train holds each tick at most once.
The weight of an arrival is ignored, its sign and a weight of zero included, and so is every
current. There is no refractory period. Since delays are at least one tick, a loop of parrots
repeats a spike for ever but never within a tick.",
    parameters: &[],
    variables: &[],
    input: Unit::One,
    check: |_| Vec::new(),
    current_for_period: None,
};

/// See the [manual page](Descriptor::manual).
pub struct Parrot;

/// Whether something has arrived at the present tick and has not been repeated yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    arrived: bool,
}
value!(State { arrived });

impl Dynamics for Parrot {
    type Constants = ();
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(_: &[f64]) {}

    fn initial((): &(), _: &[f64]) -> State {
        State { arrived: false }
    }

    #[inline]
    fn advance((): &(), _: &mut State, _: f64, _: f64) {}

    #[inline]
    fn advance_clamped((): &(), _: &mut State, _: f64) {}

    #[inline]
    fn receive((): &(), s: &mut State, _: f64) {
        s.arrived = true;
    }

    #[inline]
    fn receive_clamped((): &(), s: &mut State, _: f64) {
        s.arrived = true;
    }

    #[inline]
    fn at_threshold((): &(), s: &State) -> bool {
        s.arrived
    }

    #[inline]
    fn crossing((): &(), s: &State, _: f64) -> Option<f64> {
        s.arrived.then_some(0.0)
    }

    #[inline]
    fn fire((): &(), s: &mut State) {
        s.arrived = false;
    }

    #[inline]
    fn refractory((): &()) -> Span {
        Span::ZERO
    }

    fn observe((): &(), _: &State, variable: usize) -> f64 {
        panic!("parrot has no variable number {variable}")
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.bytes(&[u8::from(s.arrived)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Resolution, Tick};
    use crate::neuron::cell::{Cell, Input, InputKind};

    #[test]
    fn it_fires_once_at_each_tick_with_arrivals_whatever_their_weight() {
        let input = |at, weight| Input { at: Tick(at), kind: InputKind::Spike(weight) };
        let drive = Input { at: Tick(9), kind: InputKind::Drive(1e6) };
        let inputs = [input(5, 1.0), input(5, -1.0), input(6, 0.0), drive, input(12, -3.0)];
        let grid = Resolution::FINEST;
        let mut cell = Cell::new::<Parrot>(&(), grid, Parrot::initial(&(), &[]), 0.0);
        let mut spikes = Vec::new();
        cell.run::<Parrot>(&(), grid, &inputs, Tick(100), &mut spikes);
        assert_eq!(spikes, [Tick(5), Tick(6), Tick(12)]);
    }
}
