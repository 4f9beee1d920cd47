//! A model that breaks, for tests of what happens then. It is in no registry and exists in unit
//! tests only; a scenario made in code can hold it by its descriptor.

use super::{Descriptor, Dynamics};
use crate::base::digest::Digest;
use crate::base::{Decay, Span, Unit};

/// The model's data.
pub static FRAGILE: Descriptor = Descriptor {
    name: "fragile",
    summary: "panics at its third input",
    manual: "",
    parameters: &[],
    variables: &[],
    input: Unit::One,
    check: |_| Vec::new(),
    current_for_period: None,
};

/// A neuron that counts its inputs, never fires, and panics at the third.
pub struct Fragile;

impl Dynamics for Fragile {
    type Constants = Decay;
    type State = u32;
    const DESCRIPTOR: &'static Descriptor = &FRAGILE;

    fn constants(_: &[f64]) -> Decay {
        Decay::new(10.0)
    }

    fn initial(_: &Decay, _: &[f64]) -> u32 {
        0
    }

    fn advance(_: &Decay, _: &mut u32, _: f64, _: f64) {}

    fn advance_clamped(_: &Decay, _: &mut u32, _: f64) {}

    fn superposition(decay: &Decay) -> Option<&Decay> {
        Some(decay)
    }

    fn headroom(_: &Decay, _: &u32) -> f64 {
        f64::INFINITY
    }

    fn receive(_: &Decay, inputs: &mut u32, _: f64) {
        *inputs += 1;
        assert!(*inputs < 3, "that was one too many");
    }

    fn receive_clamped(decay: &Decay, inputs: &mut u32, weight: f64) {
        Fragile::receive(decay, inputs, weight);
    }

    fn at_threshold(_: &Decay, _: &u32) -> bool {
        false
    }

    fn crossing(_: &Decay, _: &u32, _: f64) -> Option<f64> {
        None
    }

    fn fire(_: &Decay, _: &mut u32) {}

    fn refractory(_: &Decay) -> Span {
        Span::ZERO
    }

    fn observe(_: &Decay, inputs: &u32, _: usize) -> f64 {
        f64::from(*inputs)
    }

    fn digest(inputs: &u32, digest: &mut Digest) {
        digest.bytes(&inputs.to_le_bytes());
    }
}
