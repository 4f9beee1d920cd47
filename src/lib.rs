//! Saltatory simulates large, sparsely active networks of spiking neurons by jumping from event
//! to event: exact spike times, and the same bytes for any number of threads.
//!
//! A network is a [`Scenario`](scenario::Scenario), read from a file
//! ([`scenario::parse`]) or put together in code; [`network::build`] draws its neurons and
//! synapses, [`engine::run`] simulates it, and a [`record::Outcome`] is what is left: spikes in
//! order, rates, digests. Values are texts with units, as in scenario files.
//!
//! ```
//! use saltatory::engine::{self, Control, Options};
//! use saltatory::network;
//! use saltatory::scenario::{Connect, Scenario};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut scenario = Scenario::new("waves").seed(7).duration_ms(200.0);
//! let cells = scenario.add_population("cells", 200, "lif_exp")?;
//! scenario.set(cells, "v_m", "{ uniform = ['-70 mV', '-55 mV'] }")?;
//! scenario.connect(cells, cells, Connect::fixed_indegree(50), "-100 pA", "10 ms")?;
//! scenario.background(cells, "5.5 kHz", "45 pA")?;
//!
//! let network = network::build(&scenario, 2, 2, None)?; // on two shards, by two threads
//! let outcome = engine::run(&scenario, &network, Options::threads(2), &|_| Control::Continue)?;
//! println!("{} spikes, the first: {:?}", outcome.spikes.len(), outcome.spikes[0]);
//! # assert!(outcome.populations[0].rate_hz > 1.0);
//! # Ok(())
//! # }
//! ```
//!
//! The rooms and the arrows between them are described in `ARCHITECTURE.md`, scenario files in
//! `docs/scenario.md`.

pub mod analysis;
pub mod base;
pub mod bench;
pub mod cli;
pub mod engine;
pub mod memory;
pub mod network;
pub mod neuron;
pub mod output;
pub mod plasticity;
pub mod queue;
pub mod record;
pub mod reference;
pub mod scenario;
pub mod source;
pub mod synapse;
