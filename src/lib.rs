//! Saltatory simulates large, sparsely active networks of spiking neurons by jumping from event
//! to event: exact spike times, and the same bytes for any number of threads.

pub mod base;
pub mod cli;
pub mod engine;
pub mod network;
pub mod neuron;
pub mod output;
pub mod queue;
pub mod record;
pub mod reference;
pub mod scenario;
pub mod source;
pub mod synapse;
