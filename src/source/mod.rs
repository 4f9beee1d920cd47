//! What comes from outside: Poisson input, sources that only send, currents that change.
//!
//! All draws are keyed by the thing they belong to and by simulated time, so an input train is the
//! same whoever generates it, whenever, and whatever else the scenario contains.

pub mod correlated;
mod counts;
pub mod current;
pub mod poisson;
pub mod process;
pub mod teacher;

pub use correlated::CorrelatedProcess;
pub use counts::PoissonCounts;
pub use current::CurrentSchedule;
pub use poisson::PoissonProcess;
pub use process::{
    Process, background_events, background_process, correlated_process, source_process,
    source_spikes,
};
pub use teacher::Lessons;
