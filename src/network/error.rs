//! Why a network cannot be built.

use crate::scenario::Scenario;
use std::fmt;

/// All that stands in the way of a network, every problem with its place in the scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// At least one problem, in the order of the scenario.
    pub problems: Vec<Problem>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The part of the scenario that has to change.
    pub place: Place,
    /// What was found and what is allowed; names its place, so it can stand alone.
    pub message: String,
}

/// A part of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The network as a whole.
    Network,
    /// The population of this index.
    Population(usize),
    /// The projection of this index.
    Projection(usize),
}

impl Problem {
    /// A problem of the whole network.
    pub(super) fn of_network(message: impl fmt::Display) -> Problem {
        Problem { place: Place::Network, message: message.to_string() }
    }

    /// A problem of one population.
    pub(super) fn of_population(
        scenario: &Scenario,
        index: usize,
        what: impl fmt::Display,
    ) -> Self {
        let name = &scenario.populations[index].name;
        Problem {
            place: Place::Population(index),
            message: format!("population \"{name}\": {what}"),
        }
    }

    /// A problem of one projection, whose populations exist.
    pub(super) fn of_projection(
        scenario: &Scenario,
        index: usize,
        what: impl fmt::Display,
    ) -> Self {
        let projection = &scenario.projections[index];
        let source = &scenario.populations[projection.source].name;
        let target = &scenario.populations[projection.target].name;
        Problem {
            place: Place::Projection(index),
            message: format!("projection {index} ({source} to {target}): {what}"),
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.as_slice() {
            [only] => f.write_str(&only.message),
            several => {
                write!(f, "the network cannot be built, for {} reasons:", several.len())?;
                several.iter().try_for_each(|problem| write!(f, "\n  {}", problem.message))
            }
        }
    }
}

impl std::error::Error for BuildError {}

/// A problem met while drawing. Every shard reports the first one that it meets in a population
/// or projection; the one with the lowest `order` among them is the same for any partition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Met {
    /// Where.
    pub place: Place,
    /// The neurons (or the position in a list) at which it was met.
    pub order: (u64, u64),
    /// What was met.
    pub what: String,
}

/// One problem for each place: the first.
pub(super) fn first_of_each(scenario: &Scenario, mut met: Vec<Met>) -> Vec<Problem> {
    met.sort();
    met.dedup_by_key(|met| met.place);
    met.into_iter()
        .map(|Met { place, what, .. }| match place {
            Place::Network => Problem::of_network(what),
            Place::Population(index) => Problem::of_population(scenario, index, what),
            Place::Projection(index) => Problem::of_projection(scenario, index, what),
        })
        .collect()
}
