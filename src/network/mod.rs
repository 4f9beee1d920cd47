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
mod growth;
mod neurons;
mod parallel;
pub mod partition;
mod pool;
mod tables;
#[cfg(test)]
mod tests;

use crate::base::Span;
use crate::neuron::Descriptor;
use crate::neuron::receptor::Pulse;
use crate::scenario::{Dendritic, Projection, Scenario};
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
use tables::Holds;

/// A built network, ready to run.
#[derive(Debug)]
pub struct Network {
    /// Who owns which neurons.
    pub partition: Partition,
    /// What each shard holds.
    pub shards: Vec<ShardPlan>,
    /// The projections whose synapses change, in order; each has a table of its own.
    pub plastic: Vec<PlasticProjection>,
    /// The smallest delay of the whole network: no spike takes effect sooner, neither at a
    /// synapse's target nor as a modulator. `None` without synapses.
    pub shortest_delay: Option<Span>,
    /// The longest delay of the whole network.
    pub longest_delay: Option<Span>,
    /// Number of synapses.
    pub synapses: u64,
}

/// A projection whose synapses have a table of their own, because they change or reach a receptor
/// that is told apart. One with several pulses is several of these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlasticProjection {
    /// Its index.
    pub index: usize,
    /// What a spike does to the target.
    pub pulse: Pulse,
    /// The population that sends.
    pub source: usize,
    /// The population that receives.
    pub target: usize,
    /// Whether all synapses have one delay by their law, so that what a spike reaches it reaches at once.
    pub at_once: bool,
}

/// One shard's part of the network.
#[derive(Debug, Default)]
pub struct ShardPlan {
    /// One table for each source population, by its index; empty where it sends nothing here.
    /// Behind them one for each projection of [`Network::plastic`], with the weights of the start.
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
    /// The lists that all neurons share, in the order of the parameters that are lists; these have
    /// a column of one value, which says nothing, too.
    pub lists: Vec<Vec<f64>>,
}

impl NeuronPlan {
    /// The values from which a model derives its constants, flat: of each parameter the first, and
    /// of a list all.
    pub fn shared(&self, descriptor: &Descriptor) -> Vec<f64> {
        descriptor.flat(self.parameters.iter().map(|column| column[0]).collect(), &self.lists)
    }
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
    let projections = scenario.projections.iter().enumerate();
    let plastic: Vec<PlasticProjection> = projections
        .filter(|(_, projection)| !projection.is_fixed())
        .flat_map(|(index, projection)| {
            let &Projection { source, target, .. } = projection;
            let pulses = scenario.pulses(projection).into_iter();
            let at_once = tables::has_one_delay(projection, scenario.resolution);
            pulses.map(move |pulse| PlasticProjection { index, pulse, source, target, at_once })
        })
        .collect();
    let tables_each = populations + plastic.len();
    let tables = in_parallel(shards as usize * tables_each, threads, |piece| {
        let (shard, number) = ((piece / tables_each) as u32, piece % tables_each);
        let holds = match number.checked_sub(populations) {
            Some(number) => Holds::Plastic(plastic[number].index, plastic[number].pulse),
            None => Holds::Static(number),
        };
        tables::build(&connectors, &partition, scenario.resolution, holds, shard)
    });
    assemble(scenario, partition, plastic, plans, tables)
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

/// So many slices a window may be cut into for the sake of a short dendritic part.
const MOST_SLICES: u64 = 64;

/// A synapse must know what its target fired until twice the dendritic part before a spike takes
/// effect, and inside a slice it does not: so the dendritic part decides how long a slice can be
/// (see [`Network::learning_slice`]), and must not make it absurdly short.
fn refuse_short_dendrites(
    scenario: &Scenario,
    plastic: &[PlasticProjection],
    shortest: Option<Span>,
) -> Result<(), BuildError> {
    let Some(shortest) = shortest else { return Ok(()) };
    let too_short = |projection: &&PlasticProjection| {
        let limit = learning_slice(scenario, projection.index);
        limit.is_some_and(|limit| limit.0.saturating_mul(MOST_SLICES) < shortest.0)
    };
    let problems: Vec<Problem> = plastic
        .iter()
        .filter(too_short)
        .map(|projection| {
            let least = Span(shortest.0.div_ceil(2 * MOST_SLICES));
            let found = "the dendritic part of the delay is too short to be run";
            let what = format!(
                "{found}; allowed is {least} or more, one part in {} of the shortest delay of the \
                 network, or \"whole\" or \"half\"",
                2 * MOST_SLICES
            );
            Problem::of_projection(scenario, projection.index, what)
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(BuildError { problems }) }
}

/// The longest slice that the dendritic part of a projection's delays allows; `None` if it follows
/// from the delays that every slice does.
fn learning_slice(scenario: &Scenario, projection: usize) -> Option<Span> {
    let plasticity = &scenario.projections[projection].plasticity;
    // What a target teaches is asked of it at the tick of the arrival.
    if plasticity.heeds() {
        return None;
    }
    match plasticity.dendritic {
        Dendritic::Whole | Dendritic::Half => None,
        Dendritic::Fixed(part) => {
            // Spikes lie on the grid, so the next later one that could matter is a step away.
            let grid = scenario.resolution.span().0;
            Some(Span((part.0.saturating_mul(2) / grid + 1).saturating_mul(grid)))
        }
    }
}

impl Network {
    /// No slice of time may be longer, so that a synapse has heard of every spike of its target that
    /// precedes an arrival when it delivers it. `None` if every slice within the shortest delay is
    /// short enough.
    ///
    /// A spike of the target at s precedes an arrival that takes effect at t if
    /// s < t - 2 x the dendritic part; when the slice that holds t is delivered, what was fired
    /// before its start is known. Of a whole or a half delay the right side lies at most a tick
    /// behind the time of sending, which is known.
    pub fn learning_slice(&self, scenario: &Scenario) -> Option<Span> {
        let slices = self.plastic.iter();
        slices.filter_map(|projection| learning_slice(scenario, projection.index)).min()
    }
}

/// Puts the pieces of all shards together, or reports everything that was met on the way.
fn assemble(
    scenario: &Scenario,
    partition: Partition,
    plastic: Vec<PlasticProjection>,
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
    let tables_each = scenario.populations.len() + plastic.len();
    let mut tables = tables.into_iter();
    let with_tables = |(shard, mut neurons): (u32, Vec<NeuronPlan>)| {
        let tables: Vec<Table> = tables.by_ref().take(tables_each).collect();
        let receiving = &tables[scenario.populations.len()..];
        neurons::weigh_contacts(scenario, &partition, shard, &plastic, receiving, &mut neurons);
        ShardPlan { tables, neurons }
    };
    let modulators = plastic.iter().filter_map(|projection| {
        scenario.projections[projection.index].plasticity.modulator.map(|modulator| modulator.delay)
    });
    let shortest = delays.map(|(shortest, _)| modulators.fold(shortest, Span::min));
    refuse_short_dendrites(scenario, &plastic, shortest)?;
    Ok(Network {
        shards: (0..).zip(plans).map(with_tables).collect(),
        partition,
        plastic,
        shortest_delay: shortest,
        longest_delay: delays.map(|(_, longest)| longest),
        synapses,
    })
}
