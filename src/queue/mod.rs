//! What comes next: spikes in flight and self-events, by time. Knows neither neurons' states nor
//! floating point numbers.

pub mod agenda;
pub mod calendar;
pub mod wake;

pub use agenda::{Agenda, Due};
pub use calendar::Calendar;
pub use wake::WakeQueue;
