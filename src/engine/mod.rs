//! The event loop: windows, shards, workers.
//!
//! Time is cut into windows of length L, the smallest delay of the whole network. A shard owns
//! neurons and, by source, the synapses that end on them. In each window every worker does three
//! things with each of its shards, and then waits for the others once:
//!
//! ```text
//! collect   read the spikes that all shards sent in the previous window; file their rows
//! deliver   gather everything that arrives in this window, by target
//! advance   bring every neuron that is concerned through it; publish the spikes
//! ```
//!
//! What happens before what:
//! * A spike sent at t arrives at t + delay >= t + L, so not before the next window: inside a
//!   window no shard needs to hear of another.
//! * Spikes of window w are written to outbox w mod 2 before barrier w and read after it. The same
//!   outbox is written again in window w + 2, that is after barrier w + 1, which every reader
//!   reaches only when it has read. So one barrier a window is enough.
//! * Every worker computes the next window from the same published numbers, so all agree on it
//!   without a further exchange; windows in which nothing can happen are never visited.
//!
//! * Where all shards must decide something together at a given time (`pruning.rs`), a round ends before
//!   the slice that holds this time, and the next one begins with it: a shorter round only means that
//!   spikes are exchanged earlier than they must be.
//!
//! * The same outboxes are read once more in the window, by whoever gathers the spikes of all shards
//!   (`gathering.rs`); that ends before the worker's next barrier, too.
//!
//! Windows are multiples of L counted from zero and decide nothing: state moves at events only,
//! and the events of a neuron are sorted by content before it sees them. A run therefore gives the
//! same bytes for any number of shards and threads.
//!
//! The engine knows no files, no wall clock and no text format.

mod arrivals;
mod barrier;
mod by_row;
mod checkpoint;
#[cfg(test)]
mod checkpoint_tests;
mod collector;
mod deadlines;
mod dendrites;
mod exchange;
mod failure;
mod flight;
mod frames;
mod gathering;
mod group;
mod input;
mod leaks;
#[cfg(test)]
mod leaks_tests;
mod learning;
#[cfg(test)]
mod learning_tests;
mod outcome;
mod plastic;
mod points;
mod prepaid;
mod projection;
mod pruning;
#[cfg(test)]
mod pruning_tests;
mod run;
mod sampler;
mod shard;
mod slots;
mod weights;

pub use barrier::{Barrier, Poisoned};
pub use checkpoint::Checkpoint;
pub use failure::{RunError, Task};
pub use run::{Control, Course, Lane, Options, Progress, run, run_along, run_owned};
