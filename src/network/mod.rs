//! From a scenario and its seed to neurons and edges: an immutable plan.
//!
//! The plan is the same for any number of threads, and, seen neuron by neuron, for any number of
//! shards: every draw is keyed by the thing it belongs to.

mod check;
mod connect;
pub mod draw;
mod edges;
mod error;
mod estimate;
mod neurons;
mod parallel;
pub mod partition;
mod pool;
mod tables;
#[cfg(test)]
mod tests;

use crate::base::Span;
use crate::scenario::Scenario;
use crate::synapse::Table;
pub use check::check;
use connect::Connector;
pub use edges::{Edge, Residents};
pub use error::{BuildError, Place, Problem};
#[cfg(test)]
pub use estimate::BYTES_PER_PLACE;
pub use estimate::{Estimate, estimate};
use parallel::in_parallel;
pub use partition::Partition;

/// A built network, ready to run.
#[derive(Debug)]
pub struct Network {
    /// Who owns which neurons.
    pub partition: Partition,
    /// What each shard holds.
    pub shards: Vec<ShardPlan>,
    /// The smallest delay of the whole network: no spike takes effect sooner. `None` without
    /// synapses.
    pub shortest_delay: Option<Span>,
    /// The longest delay of the whole network.
    pub longest_delay: Option<Span>,
    /// Number of synapses.
    pub synapses: u64,
}

/// One shard's part of the network.
#[derive(Debug, Default)]
pub struct ShardPlan {
    /// One table for each source population, by its index; empty where it sends nothing here.
    pub tables: Vec<Table>,
    /// For each population the values of each per-neuron parameter and variable of the neurons
    /// that live in this shard.
    pub neurons: Vec<NeuronPlan>,
}

/// Start values of one population's neurons in one shard.
#[derive(Clone, Debug, Default)]
pub struct NeuronPlan {
    /// For each parameter of the model its value for each neuron here; one value where all
    /// neurons share it.
    pub parameters: Vec<Vec<f64>>,
    /// For each variable of the model its value for each neuron here; one value where all share
    /// it.
    pub variables: Vec<Vec<f64>>,
}

/// Builds the network of a scenario, on up to `threads` threads. A network that would need more
/// than `limit` further bytes to be built and run is refused before anything is drawn.
pub fn build(
    scenario: &Scenario,
    shards: u32,
    threads: usize,
    limit: Option<u64>,
) -> Result<Network, BuildError> {
    let problems = check(scenario, shards);
    if !problems.is_empty() {
        return Err(BuildError { problems });
    }
    refuse_beyond(limit, &estimate(scenario, shards))?;
    let populations = scenario.populations.len();
    let partition = Partition::new(scenario.populations.iter().map(|p| p.size), shards);
    let plans = in_parallel(shards as usize, threads, |shard| {
        neurons::plan(scenario, &partition, shard as u32)
    });
    let connectors =
        in_parallel(scenario.projections.len(), threads, |index| Connector::new(scenario, index));
    let tables = in_parallel(shards as usize * populations, threads, |piece| {
        let (shard, source) = ((piece / populations) as u32, piece % populations);
        tables::build(&connectors, &partition, scenario.resolution, source, shard)
    });
    assemble(scenario, partition, plans, tables)
}

fn refuse_beyond(limit: Option<u64>, estimate: &Estimate) -> Result<(), BuildError> {
    let Some(limit) = limit.filter(|&limit| estimate.bytes_peak > limit) else {
        return Ok(());
    };
    let gib = |bytes: u64| bytes as f64 / (1u64 << 30) as f64;
    let problem = Problem::of_network(format_args!(
        "{} neurons and {} synapses need {:.2} GiB of memory, but only {:.2} GiB may be used",
        estimate.neurons,
        estimate.synapses,
        gib(estimate.bytes_peak),
        gib(limit)
    ));
    Err(BuildError { problems: vec![problem] })
}

/// Puts the pieces of all shards together, or reports everything that was met on the way.
fn assemble(
    scenario: &Scenario,
    partition: Partition,
    plans: Vec<Result<Vec<NeuronPlan>, Vec<error::Met>>>,
    tables: Vec<Result<Table, Vec<error::Met>>>,
) -> Result<Network, BuildError> {
    let mut met = Vec::new();
    let mut keep = |problems| met.extend::<Vec<_>>(problems);
    let plans: Vec<_> = plans.into_iter().filter_map(|p| p.map_err(&mut keep).ok()).collect();
    let tables: Vec<_> = tables.into_iter().filter_map(|t| t.map_err(&mut keep).ok()).collect();
    if !met.is_empty() {
        return Err(BuildError { problems: error::first_of_each(scenario, met) });
    }
    let delays = tables.iter().filter_map(Table::delays);
    let delays = delays.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let synapses = tables.iter().map(|table| table.synapses.len() as u64).sum();
    let populations = scenario.populations.len();
    let mut tables = tables.into_iter();
    let with_tables =
        |neurons| ShardPlan { tables: tables.by_ref().take(populations).collect(), neurons };
    Ok(Network {
        partition,
        shards: plans.into_iter().map(with_tables).collect(),
        shortest_delay: delays.map(|(shortest, _)| shortest),
        longest_delay: delays.map(|(_, longest)| longest),
        synapses,
    })
}
