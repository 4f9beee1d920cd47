//! A model that breaks, for tests of what happens then. It is in no registry and exists in unit
//! tests only; a scenario made in code can hold it by its descriptor.

use super::{Descriptor, Dynamics};
use crate::base::digest::Digest;
use crate::base::{Span, Unit};

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
    type Constants = ();
    type State = u32;
    const DESCRIPTOR: &'static Descriptor = &FRAGILE;

    fn constants(_: &[f64]) {}

    fn initial(_: &(), _: &[f64]) -> u32 {
        0
    }

    fn advance(_: &(), _: &mut u32, _: f64, _: f64) {}

    fn advance_clamped(_: &(), _: &mut u32, _: f64) {}

    fn receive(_: &(), inputs: &mut u32, _: f64) {
        *inputs += 1;
        assert!(*inputs < 3, "that was one too many");
    }

    fn receive_clamped(constants: &(), inputs: &mut u32, weight: f64) {
        Fragile::receive(constants, inputs, weight);
    }

    fn at_threshold(_: &(), _: &u32) -> bool {
        false
    }

    fn crossing(_: &(), _: &u32, _: f64) -> Option<f64> {
        None
    }

    fn fire(_: &(), _: &mut u32) {}

    fn refractory(_: &()) -> Span {
        Span::ZERO
    }

    fn observe(_: &(), inputs: &u32, _: usize) -> f64 {
        f64::from(*inputs)
    }

    fn digest(inputs: &u32, digest: &mut Digest) {
        digest.bytes(&inputs.to_le_bytes());
    }
}
