//! What a network is and what is to be done with it, as plain data.
//!
//! A [`Scenario`] comes from a file ([`parse`]) or is built in code ([`Scenario::new`]). It holds
//! no network: neurons and edges are drawn from it and its seed by the room `network`.
//! Quantities are plain doubles in the unit that their name or their descriptor states; times on
//! the grid are ticks.
//!
//! A file becomes a `tree` of values with places; the `read_*` files turn it into data and
//! collect what is wrong by key path; `check` holds every rule about the data itself, for files
//! and for scenarios built in code alike; a path finds its place in the tree when it is shown.

mod build;
mod check;
mod check_input;
mod check_law;
mod codes;
mod columns;
pub mod files;
mod plasticity;
mod problem;
mod pruning;
mod read;
mod read_input;
mod read_law;
mod read_population;
mod read_projection;
mod read_scenario;
mod read_teacher;
mod scale;
mod schema;
mod starter;
mod teacher;
mod tree;
mod write;

#[cfg(test)]
mod tests;

use crate::base::{Resolution, Span, Tick, math};
use crate::neuron::Descriptor;
use crate::neuron::lists::StateVariable;
use crate::neuron::receptor::{self, Pulse};

pub use crate::plasticity::Dendritic;
pub(crate) use check::{constants, variables};
pub use codes::{Code, codes, explain};
pub use files::{FilesIn, NoFiles, ReadFile};
pub use plasticity::{Modulator, Plasticity};
pub use problem::{Finding, Problem, Problems};
pub use pruning::{Pruning, Weakest};
pub use read_scenario::parse;
pub use scale::Scale;
pub use schema::schema;
pub use starter::starter;
pub use teacher::{Phase, Score, Teacher};
pub use tree::{Override, Source};
pub use write::to_toml;

/// A whole scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// One line that says what it shows.
    pub title: String,
    /// The seed of every random number.
    pub seed: u64,
    /// How much time is simulated.
    pub duration: Span,
    /// The grid of spike times and delays.
    pub resolution: Resolution,
    /// Neurons and sources, in the order of their numbers.
    pub populations: Vec<Population>,
    /// Synapses between populations.
    pub projections: Vec<Projection>,
    /// Independent Poisson input.
    pub backgrounds: Vec<Background>,
    /// Currents that change with time.
    pub currents: Vec<CurrentInput>,
    /// What populations are taught.
    pub teachers: Vec<Teacher>,
    /// What is recorded.
    pub record: Record,
}

/// A population of neurons, or of sources, which only send.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// Its name, unique in the scenario.
    pub name: String,
    /// How many neurons.
    pub size: u32,
    /// What they are.
    pub model: Model,
}

/// What the members of a population are.
#[derive(Clone, Debug)]
pub enum Model {
    /// Neurons of a registered model.
    Neuron {
        /// The model.
        descriptor: &'static Descriptor,
        /// One value for each of the descriptor's parameters. Those that are not `per_neuron`
        /// are constant.
        parameters: Vec<ParameterValue>,
        /// One value for each of the descriptor's variables.
        initial: Vec<Distribution>,
    },
    /// Sources that fire as independent Poisson processes, each its own train that all its
    /// targets share.
    Poisson {
        /// The rate of each source, in Hz.
        rate_hz: Steps,
    },
    /// Sources that fire as Poisson processes which share events: see
    /// [`crate::source::correlated`].
    CorrelatedPoisson {
        /// The rate of each source, in Hz.
        rate_hz: Steps,
        /// The correlation of any two, which is the share of the common events that each copies.
        correlation: f64,
        /// Standard deviation by which copies are displaced.
        jitter: Span,
    },
    /// Sources that fire at given times, on the grid and sorted, each time once.
    SpikeSource {
        /// The times of each source.
        times: Vec<Vec<Tick>>,
        /// The file that they come from, if they do.
        file: Option<String>,
    },
}

impl PartialEq for Model {
    fn eq(&self, other: &Model) -> bool {
        match (self, other) {
            (
                Model::Neuron { descriptor, parameters, initial },
                Model::Neuron { descriptor: d, parameters: p, initial: i },
            ) => descriptor.name == d.name && parameters == p && initial == i,
            (Model::Poisson { rate_hz }, Model::Poisson { rate_hz: r }) => rate_hz == r,
            (
                Model::CorrelatedPoisson { rate_hz, correlation, jitter },
                Model::CorrelatedPoisson { rate_hz: r, correlation: c, jitter: j },
            ) => rate_hz == r && correlation == c && jitter == j,
            (Model::SpikeSource { times, file }, Model::SpikeSource { times: t, file: f }) => {
                times == t && file == f
            }
            _ => false,
        }
    }
}

impl Model {
    /// The descriptor of a neuron model; `None` for sources.
    pub fn descriptor(&self) -> Option<&'static Descriptor> {
        match self {
            Model::Neuron { descriptor, .. } => Some(descriptor),
            _ => None,
        }
    }

    /// What can be recorded of its neurons and, where settable, given at the start, in the order in
    /// which it is numbered; nothing for sources.
    pub fn variables(&self) -> Vec<StateVariable> {
        match self {
            Model::Neuron { descriptor, parameters, .. } => variables(descriptor, parameters),
            _ => Vec::new(),
        }
    }

    /// The model's name in scenario files.
    pub fn name(&self) -> &'static str {
        match self {
            Model::Neuron { descriptor, .. } => descriptor.name,
            Model::Poisson { .. } => "poisson",
            Model::CorrelatedPoisson { .. } => "correlated_poisson",
            Model::SpikeSource { .. } => "spike_source",
        }
    }
}

impl Scenario {
    /// How many neurons and sources there are in all populations.
    pub fn neurons(&self) -> u64 {
        self.populations.iter().map(|population| u64::from(population.size)).sum()
    }

    /// What a spike over a synapse of this projection does to its target.
    pub fn pulses(&self, projection: &Projection) -> Vec<Pulse> {
        match (&self.populations[projection.target].model, projection.receptor.checked_sub(1)) {
            (Model::Neuron { descriptor, parameters, .. }, Some(receptor)) => {
                let receptor = &receptor::receptors(descriptor)[receptor];
                (receptor.pulses)(&constants(descriptor, parameters))
            }
            _ => vec![receptor::FIRST],
        }
    }

    /// The index of a population by name.
    pub fn population_index(&self, name: &str) -> Option<usize> {
        self.populations.iter().position(|population| population.name == name)
    }

    /// Checks a scenario that was built or changed in code, by the rules that hold for files.
    ///
    /// # Errors
    /// Everything that is wrong, by the key path that the value would have in a file.
    pub fn validate(&self) -> Result<(), Vec<Finding>> {
        let findings = check::scenario(self);
        if findings.is_empty() { Ok(()) } else { Err(findings.list) }
    }
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// Drawn (or constant), in the parameter's unit.
    Drawn(Distribution),
    /// For a constant current: whatever makes the undriven neuron fire with this period, in ms.
    ForPeriod(Distribution),
}

/// A number that is drawn for each neuron or synapse.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The law.
    pub shape: Shape,
    /// No value below.
    pub min: Option<f64>,
    /// No value above.
    pub max: Option<f64>,
    /// What happens to a value outside.
    pub outside: Outside,
    /// Values are rounded to a multiple of this, before they are compared with the bounds.
    pub step: Option<f64>,
}

/// The law of a [`Distribution`].
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Always this value.
    Constant(f64),
    /// One given value for each neuron, in order.
    Values(Vec<f64>),
    /// Uniform in [low, high).
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, >= 0.
        sd: f64,
    },
    /// Log-normal: `median * exp(sigma * z)` with z standard normal.
    Lognormal {
        /// Median, which also carries the sign.
        median: f64,
        /// Standard deviation of the logarithm, >= 0.
        sigma: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean, which also carries the sign.
        mean: f64,
    },
}

/// What happens to a drawn value beyond `min` or `max`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// Another value is drawn: the law is truncated.
    #[default]
    Redraw,
    /// The value becomes the bound.
    Clip,
}

impl Distribution {
    /// Always `value`.
    pub fn constant(value: f64) -> Self {
        Shape::Constant(value).into()
    }

    /// The value, if there is only one.
    pub fn as_constant(&self) -> Option<f64> {
        match self.shape {
            Shape::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// The multiple of the step that is nearest to a value; the value itself without a step.
    #[inline]
    pub fn stepped(&self, value: f64) -> f64 {
        self.stepping().map_or(value, |stepping| stepping.nearest(value))
    }

    /// How values are rounded; `None` without a step.
    pub fn stepping(&self) -> Option<Stepping> {
        self.step.map(Stepping::new)
    }
}

/// Rounding to multiples of a step. A step that divides one gives the number nearest to the decimal one,
/// so that three times 0.1 is 0.3 and not above it.
#[derive(Clone, Copy, Debug)]
pub struct Stepping {
    step: f64,
    /// The whole number of steps in one, or zero.
    per_one: f64,
}

impl Stepping {
    /// Multiples of this step, which is above zero.
    pub fn new(step: f64) -> Stepping {
        let per_one = (1.0 / step).round();
        Stepping { step, per_one: if per_one * step == 1.0 { per_one } else { 0.0 } }
    }

    /// `number` steps.
    #[inline]
    pub fn multiple(self, number: f64) -> f64 {
        if self.per_one > 0.0 { number / self.per_one } else { number * self.step }
    }

    /// The multiple nearest to a value.
    #[inline]
    pub fn nearest(self, value: f64) -> f64 {
        self.multiple(math::round(value / self.step))
    }
}

impl From<Shape> for Distribution {
    fn from(shape: Shape) -> Self {
        Distribution { shape, min: None, max: None, outside: Outside::Redraw, step: None }
    }
}

/// A function of time that is constant between steps, and zero before the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    /// Start of each step and the value from then on, sorted, on the grid.
    pub steps: Vec<(Tick, f64)>,
}

impl Steps {
    /// The same value from the start to the end.
    pub fn constant(value: f64) -> Self {
        Steps { steps: vec![(Tick::ZERO, value)] }
    }
}

/// Synapses from one population to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Index of the population that sends.
    pub source: usize,
    /// Index of the population that receives; a population of neurons.
    pub target: usize,
    /// What it reaches there: 0 for the model's first input, else its receptor of this number less
    /// one.
    pub receptor: usize,
    /// Who is connected to whom.
    pub connect: Connect,
    /// Whether a neuron may be connected to itself.
    pub autapses: bool,
    /// Whether a pair may be connected more than once.
    pub multapses: bool,
    /// Weights, in the input unit of the target's model. Unused where the edges bring their own.
    pub weight: Distribution,
    /// Delays in ms, rounded to the grid. Unused where the edges bring their own.
    pub delay_ms: Distribution,
    /// Whose a drawn delay is.
    pub delay_of: DelayOf,
    /// How its synapses change.
    pub plasticity: Plasticity,
    /// Which of its synapses are removed, and when.
    pub pruning: Vec<Pruning>,
}

impl Projection {
    /// Whether its synapses stay what they are and reach the first input of their targets.
    pub fn is_fixed(&self) -> bool {
        self.plasticity.is_fixed() && self.pruning.is_empty() && self.receptor == 0
    }
}

/// Whose a delay is that is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DelayOf {
    /// Each synapse has its own.
    #[default]
    Synapse,
    /// Each source has one for all its synapses on one kind of receptor, the same in all projections
    /// from its population that say so and have the same law.
    Source,
}

/// Who is connected to whom.
#[derive(Clone, Debug, PartialEq)]
pub enum Connect {
    /// Every source to every target.
    AllToAll,
    /// Source k to target k.
    OneToOne,
    /// Each target draws this many sources; a drawn number is rounded to the nearest integer.
    FixedIndegree(Distribution),
    /// Each source draws this many targets; likewise.
    FixedOutdegree(Distribution),
    /// This many pairs, drawn uniformly.
    FixedTotalNumber(u64),
    /// Each pair with this probability.
    PairwiseBernoulli(f64),
    /// By the growth of a scaffold: see [`Growth`].
    Growth(Growth),
    /// These.
    Edges(Edges),
}

/// How a scaffold of contacts grows over a population, after Kriener et al. 2024.
///
/// A list begins with all roots. A random member leaves it and makes contacts: none with the
/// probability `p_none`, else one, and beyond n of them another with the probability p^n. The target of
/// each is a random neuron of the population that is grown over, but not its source, accepted with the
/// probability q^k if it has k contacts already. Who is reached for the first time joins the list.
///
/// The draws belong to the pair of populations, so the projection from the roots, and that from the
/// population to itself, show two parts of the same growth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// Index of the population where it begins.
    pub roots: usize,
    /// Further contacts of a source.
    pub p: f64,
    /// Further contacts of a target.
    pub q: f64,
    /// Sources without any.
    pub p_none: f64,
}

/// An explicit list of edges, column by column; indices within the populations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edges {
    /// Source of each edge.
    pub source: Vec<u32>,
    /// Target of each edge.
    pub target: Vec<u32>,
    /// Weight of each edge, if the list has them.
    pub weight: Option<Vec<f32>>,
    /// Delay of each edge on the grid, if the list has them.
    pub delay: Option<Vec<Span>>,
    /// The file that they come from, if they do.
    pub file: Option<EdgeFile>,
}

/// Where edges come from.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeFile {
    /// Its name in the scenario.
    pub name: String,
    /// What the file's weights were multiplied by.
    pub weight_scale: f64,
}

/// Some neurons of a population.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Index of the population.
    pub population: usize,
    /// Which of its neurons.
    pub neurons: Neurons,
}

/// Which neurons of a population.
#[derive(Clone, Debug, PartialEq)]
pub enum Neurons {
    /// All.
    All,
    /// The first so many.
    First(u32),
    /// These, sorted, each once.
    List(Vec<u32>),
}

/// Poisson input to each selected neuron, independent of every other.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    /// Who receives it.
    pub target: Selection,
    /// Its rate in Hz.
    pub rate_hz: Steps,
    /// Its weight, in the input unit of the target's model.
    pub weight: f64,
}

/// A current into each selected neuron, on top of `i_e`.
#[derive(Clone, Debug, PartialEq)]
pub struct CurrentInput {
    /// Who receives it.
    pub target: Selection,
    /// The current in pA.
    pub current_pa: Steps,
}

/// What is recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Whose spikes.
    pub spikes: RecordSpikes,
    /// State variables at intervals.
    pub state: Vec<RecordState>,
    /// Whether the weights at the end are written.
    pub weights: bool,
    /// How often weights that change, and what the inputs of a target share, are written, too: at
    /// 0, this interval, twice it and so on, before the duration.
    pub weights_every: Option<Span>,
    /// Whether the synapses that are removed are written, each with its time.
    pub pruned: bool,
}

/// Whose spikes are recorded. The digest and the rates always count all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RecordSpikes {
    /// Everybody's.
    #[default]
    All,
    /// Nobody's.
    None,
    /// These.
    Some(Vec<Selection>),
}

/// State variables of some neurons, at the start, an interval after it and so on, before the
/// duration.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordState {
    /// Whose.
    pub target: Selection,
    /// Which variables, as indices into the model's descriptor.
    pub variables: Vec<usize>,
    /// How often.
    pub interval: Span,
    /// When the first time, on the grid.
    pub start: Tick,
}
