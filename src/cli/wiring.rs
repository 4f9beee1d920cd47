//! The one place where the command line meets the parser, the builder and the engine.

use super::console::Failure;
use crate::base::{Span, Tick};
use crate::network::{Network, Partition};
use crate::record::Outcome;
use crate::scenario::Scenario;
use std::path::Path;

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Everything before this time is done.
    pub simulated: Tick,
    /// Spikes so far.
    pub spikes: u64,
}

/// What an observer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// To go on.
    Continue,
    /// To stop at the end of this window.
    Stop,
}

/// The expected size of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Neurons and sources.
    pub neurons: u64,
    /// Synapses: exact where every rule fixes the number, else the mean.
    pub synapses: u64,
    /// Whether `synapses` is exact.
    pub is_exact: bool,
    /// Memory for rows and offsets.
    pub bytes_synapses: u64,
    /// Memory for parameters and start values that differ between neurons.
    pub bytes_neurons: u64,
    /// The largest amount of memory in use while building.
    pub bytes_peak: u64,
    /// No delay is shorter; `None` without synapses.
    pub shortest_delay: Option<Span>,
    /// No delay is longer; `None` without synapses.
    pub longest_delay: Option<Span>,
}

/// Reads a scenario; files that it names lie beside `path`.
pub fn parse(
    name: &str,
    text: &str,
    path: &Path,
    overrides: &[String],
) -> Result<Scenario, Failure> {
    let _ = (text, path, overrides);
    Err(Failure::invalid(format!("{name}: this build has no parser")))
}

/// The effective scenario as text.
pub fn to_toml(scenario: &Scenario) -> String {
    format!("title = {:?}\nseed = {}\n", scenario.title, scenario.seed)
}

/// What a code means.
pub fn explain(_: &str) -> Option<String> {
    None
}

/// All codes.
pub fn codes() -> Vec<String> {
    Vec::new()
}

/// The JSON schema of scenario files.
pub fn schema() -> serde_json::Value {
    serde_json::json!({})
}

/// A scenario to start from.
pub fn starter() -> String {
    String::new()
}

/// Checks what can be checked without drawing, and tells how large the network will be.
pub fn estimate(scenario: &Scenario, _shards: u32) -> Result<Estimate, Failure> {
    let neurons = scenario.populations.iter().map(|p| u64::from(p.size)).sum();
    Ok(Estimate { neurons, is_exact: true, ..Estimate::default() })
}

/// Builds the network; `limit` is the memory it may take.
pub fn build(
    scenario: &Scenario,
    shards: u32,
    _threads: u32,
    _limit: Option<u64>,
) -> Result<Network, Failure> {
    let sizes = scenario.populations.iter().map(|p| p.size);
    Ok(Network {
        partition: Partition::new(sizes, shards),
        shards: Vec::new(),
        shortest_delay: None,
        longest_delay: None,
        synapses: 0,
    })
}

/// Simulates the network.
pub fn run(
    _: &Scenario,
    _: &Network,
    _threads: u32,
    _: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Outcome, Failure> {
    Err(Failure::run("this build has no engine"))
}
