//! How fast is it, and how close to what the machine allows?
//!
//! Times are taken here and on the command line, nowhere else. Everything is measured as a ratio
//! within one run: against the same network on another number of threads, against a bare loop
//! that reads the same synapses ([`roofline`]), against the least that a grid simulator must do
//! ([`grid`]). Absolute figures are shown, and claim nothing about another machine.

pub mod clock;
pub mod grid;
pub mod measure;
pub mod roofline;
pub mod sweep;

pub use clock::Spread;
pub use measure::{Contest, Measured, Request, measure};
