//! Values that every room may use: time, ids, units, portable mathematics, keyed random numbers,
//! digests, and state as bytes. Nothing in here knows a file, a clock, a thread or the environment.

pub mod decay;
pub mod digest;
pub mod id;
pub mod math;
pub mod power;
pub mod random;
pub mod saved;
pub mod time;
pub mod unit;

pub use decay::{Decay, Growth, Growths};
pub use id::{NeuronId, PopulationId};
pub use power::Power;
pub use time::{Resolution, Span, Tick};
pub use unit::Unit;
