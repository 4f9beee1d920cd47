//! How large a network will be, told without building it.

use super::connect::source_pool;
use super::draw::{self, Sampler, degree};
use super::growth::grow;
use super::tables::{delay_on_grid, layout};
use crate::base::random::{Purpose, Stream};
use crate::base::{Resolution, Span, Tick};
use crate::neuron::cell::Cell;
use crate::neuron::{Dynamics, Parameter, Visitor, dispatch_for};
use crate::scenario::{
    Connect, Distribution, Edges, Model, ParameterValue, Projection, Scenario, Shape, constants,
};
use crate::synapse::{DelayedSynapse, LONGEST_DELAY};

/// How many neurons' degrees are drawn to learn the mean of a law. Populations up to this size
/// are counted exactly.
const DEGREES_DRAWN: u32 = 4096;

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
    /// Memory for the state of all neurons and sources while the network runs.
    pub bytes_engine: u64,
    /// The largest amount of memory in use while building or running. The scenario's own lists
    /// are held already, spikes come on top.
    pub bytes_peak: u64,
    /// Memory that the scenario's own lists take: edges, times of spikes, values of neurons.
    pub bytes_lists: u64,
    /// No delay is shorter; `None` without synapses.
    pub shortest_delay: Option<Span>,
    /// No delay is longer; `None` without synapses.
    pub longest_delay: Option<Span>,
}

/// Estimates the network of a scenario in which [`check`](super::check()) finds no fault.
pub fn estimate(scenario: &Scenario, shards: u32) -> Estimate {
    let mut total = Estimate { is_exact: true, ..Estimate::default() };
    let mut bytes_counts = 0;
    for (index, population) in scenario.populations.iter().enumerate() {
        total.neurons += u64::from(population.size);
        total.bytes_neurons += neuron_bytes(&population.model, population.size, shards);
        total.bytes_engine += engine_bytes(&population.model, population.size);
        total.bytes_lists += population_lists(&population.model);
        let sends = |projection: &&Projection| projection.source == index;
        let is_static = |projection: &&Projection| projection.is_fixed();
        let projections = || scenario.projections.iter().filter(sends).filter(is_static);
        let neurons = scenario.populations.iter().map(|p| u64::from(p.size)).sum::<u64>();
        let neurons = u32::try_from(neurons).unwrap_or(u32::MAX);
        let size = layout(projections(), scenario.resolution, neurons).bytes();
        let offsets = u64::from(shards) * (u64::from(population.size) + 1);
        total.bytes_synapses += offsets * size_of::<u64>() as u64;
        for (number, projection) in scenario.projections.iter().enumerate().filter(|p| sends(&p.1))
        {
            let (synapses, is_exact) = expected(scenario, number, projection);
            let pulses = scenario.pulses(projection);
            let synapses = synapses * pulses.len() as u64;
            total.synapses += synapses;
            total.is_exact &= is_exact;
            if projection.is_fixed() {
                total.bytes_synapses += synapses * size as u64;
            } else {
                let (rows, engine) = learning_bytes(scenario, projection, synapses, shards);
                total.bytes_synapses += rows;
                total.bytes_engine += engine;
            }
            bytes_counts += counts_bytes(scenario, projection);
            total.bytes_lists += edge_list(&projection.connect);
            if synapses > 0 {
                let (low, mut high) = delay_bounds(projection, scenario.resolution);
                let after = pulses.iter().map(|pulse| pulse.after_ms).fold(0.0, f64::max);
                high = Span(high.0 + Span::from_ms(after).map_or(0, |after| after.0));
                let shortest = total.shortest_delay.map_or(low, |old| old.min(low));
                let longest = total.longest_delay.map_or(high, |old| old.max(high));
                (total.shortest_delay, total.longest_delay) = (Some(shortest), Some(longest));
            }
        }
    }
    let beside = bytes_counts.max(total.bytes_engine);
    total.bytes_peak = total.bytes_synapses + total.bytes_neurons + beside;
    total
}

fn neuron_bytes(model: &Model, size: u32, shards: u32) -> u64 {
    let Model::Neuron { descriptor, parameters, initial } = model else {
        return 0;
    };
    let of = |law: &Distribution| match law.as_constant() {
        Some(_) => u64::from(shards),
        None => u64::from(size),
    };
    let of_parameter = |law: &Distribution, parameter: &Parameter| match &law.shape {
        Shape::Values(values) if parameter.range.is_list() => {
            values.len() as u64 * u64::from(shards)
        }
        _ => of(law),
    };
    // A current for a period that is shared still differs where another parameter does.
    let is_constant = |value: &ParameterValue| {
        let (ParameterValue::Drawn(law) | ParameterValue::ForPeriod(law)) = value;
        law.as_constant().is_some()
    };
    let is_shared = parameters.iter().all(is_constant);
    let described = parameters.iter().zip(descriptor.parameters);
    let parameters = described.map(|(value, parameter)| match value {
        ParameterValue::Drawn(law) => of_parameter(law, parameter),
        ParameterValue::ForPeriod(_) if is_shared => u64::from(shards),
        ParameterValue::ForPeriod(_) => u64::from(size),
    });
    (parameters.sum::<u64>() + initial.iter().map(of).sum::<u64>()) * size_of::<f64>() as u64
}

/// What the engine holds for each neuron or source: statistics of its spikes, its slot in the frame
/// and what is foreseen for it. A test of the engine compares this with what it holds.
pub const BYTES_PER_PLACE: u64 = 104;
/// What the engine may hold for each neuron that will fire without input: an entry of the wake
/// queue, with the room that its growth leaves free.
pub const BYTES_PER_WAKE: u64 = 100;

fn engine_bytes(model: &Model, size: u32) -> u64 {
    struct CellBytes<'p>(&'p [f64]);
    impl Visitor for CellBytes<'_> {
        type Output = usize;
        fn visit<M: Dynamics>(self) -> usize {
            size_of::<Cell<M::State>>() + M::bytes_beside(self.0)
        }
    }
    let own = match model {
        Model::Neuron { descriptor, parameters, .. } => {
            let base_current = size_of::<f64>();
            let parameters = constants(descriptor, parameters);
            let cell = dispatch_for(descriptor, &parameters, CellBytes(&parameters));
            (cell + base_current) as u64 + BYTES_PER_WAKE
        }
        Model::Poisson { .. } | Model::CorrelatedPoisson { .. } | Model::SpikeSource { .. } => 0,
    };
    // Given spikes are copied, with the number of their source.
    let given = match model {
        Model::SpikeSource { times, .. } => times.iter().map(|times| times.len() as u64).sum(),
        _ => 0,
    };
    u64::from(size) * (own + BYTES_PER_PLACE) + given * 2 * size_of::<Tick>() as u64
}

/// Spikes for each source and target for which a plastic projection is taken to have room.
const SPIKES_HELD: u64 = 16;

/// The rows of a projection whose synapses change; and what the engine holds beside them: what is
/// learned, and recent spikes.
fn learning_bytes(
    scenario: &Scenario,
    projection: &Projection,
    synapses: u64,
    shards: u32,
) -> (u64, u64) {
    let size = |population: usize| u64::from(scenario.populations[population].size);
    let rows = synapses * size_of::<DelayedSynapse>() as u64
        + u64::from(shards) * (size(projection.source) + 1) * size_of::<u64>() as u64;
    // Of a rule's bytes target and delay stand in the row.
    let learned = synapses * u64::from(projection.plasticity.rule.bytes - 8);
    let trains = u64::from(shards) * size(projection.source) + size(projection.target);
    (rows, learned + trains * (64 + SPIKES_HELD * 32) + sampled_bytes(scenario, synapses))
}

/// Weights that are sampled are held until the end, and once more when they are put together.
fn sampled_bytes(scenario: &Scenario, synapses: u64) -> u64 {
    let Some(every) = scenario.record.weights_every else { return 0 };
    let times = scenario.duration.0.div_ceil(every.0.max(1));
    let bytes = u128::from(times) * u128::from(synapses) * 2 * size_of::<f32>() as u128;
    // More than any machine has, and far from the largest number.
    bytes.min(1 << 48) as u64
}

fn column<T>(values: &[T]) -> u64 {
    size_of_val(values) as u64
}

/// The lists of a population: times of spikes, values of neurons.
fn population_lists(model: &Model) -> u64 {
    let values = |law: &Distribution| match &law.shape {
        Shape::Values(values) => column(values),
        _ => 0,
    };
    match model {
        Model::Neuron { parameters, initial, .. } => {
            let parameters = parameters.iter().map(|value| {
                let (ParameterValue::Drawn(law) | ParameterValue::ForPeriod(law)) = value;
                values(law)
            });
            parameters.sum::<u64>() + initial.iter().map(values).sum::<u64>()
        }
        Model::Poisson { .. } | Model::CorrelatedPoisson { .. } => 0,
        Model::SpikeSource { times, .. } => times.iter().map(|times| column(times)).sum(),
    }
}

fn edge_list(connect: &Connect) -> u64 {
    let Connect::Edges(Edges { source, target, weight, delay, .. }) = connect else {
        return 0;
    };
    let weights = weight.as_ref().map_or(0, |weights| column(weights));
    column(source) + column(target) + weights + delay.as_ref().map_or(0, |delays| column(delays))
}

/// A growth over so many neurons is carried out to count its contacts.
const GROWN_AT_MOST: u32 = 100_000;

/// What is held besides the network: the counts of `fixed_total_number`, the cursors of edges.
fn counts_bytes(scenario: &Scenario, projection: &Projection) -> u64 {
    let size = |population: usize| u64::from(scenario.populations[population].size);
    match projection.connect {
        Connect::FixedTotalNumber(_) => size(projection.target) * size_of::<u32>() as u64,
        Connect::Edges(_) | Connect::Growth(_) => size(projection.source) * size_of::<u64>() as u64,
        _ => 0,
    }
}

/// The number of synapses of a projection, and whether it is exact.
fn expected(scenario: &Scenario, index: usize, projection: &Projection) -> (u64, bool) {
    let sources = scenario.populations[projection.source].size;
    let targets = scenario.populations[projection.target].size;
    let each = source_pool(projection, sources, 0).len();
    let pairs = u64::from(each) * u64::from(targets);
    match &projection.connect {
        Connect::AllToAll => (pairs, true),
        Connect::OneToOne => (u64::from(targets), true),
        Connect::FixedIndegree(law) => degrees(scenario.seed, index, law, targets),
        Connect::FixedOutdegree(law) => degrees(scenario.seed, index, law, sources),
        Connect::FixedTotalNumber(number) => (*number, true),
        Connect::PairwiseBernoulli(p) => {
            ((pairs as f64 * p).round() as u64, *p == 0.0 || *p == 1.0)
        }
        Connect::Edges(edges) => (edges.source.len() as u64, true),
        Connect::Growth(growth) => {
            let roots = scenario.populations[growth.roots].size;
            let from_roots = projection.source == growth.roots;
            let (seed, over) = (scenario.seed, projection.target);
            if u64::from(roots) + u64::from(targets) > u64::from(GROWN_AT_MOST) {
                // Not everybody is reached, and few have more than one contact.
                return (u64::from(if from_roots { roots } else { targets }), false);
            }
            (grow(seed, growth, over, (roots, targets), from_roots).source.len() as u64, true)
        }
    }
}

/// The sum of the degrees of `size` neurons. A drawn degree is the first number of its neuron's
/// stream, so the degrees of the first neurons are known without drawing their partners.
fn degrees(seed: u64, projection: usize, law: &Distribution, size: u32) -> (u64, bool) {
    let sampler = Sampler::new(law);
    if let Sampler::Constant(value) = sampler {
        return (u64::from(degree(value).unwrap_or(0)) * u64::from(size), true);
    }
    let drawn = size.min(DEGREES_DRAWN);
    let of = |neuron: u32| {
        let which = projection as u64;
        let mut stream = Stream::new(seed, Purpose::Connect, which, neuron.into());
        u64::from(degree(sampler.next(neuron, &mut stream)).unwrap_or(0))
    };
    let sum: u64 = (0..drawn).map(of).sum();
    let scaled = sum as f64 * (f64::from(size) / f64::from(drawn));
    if drawn == size { (sum, true) } else { (scaled.round() as u64, false) }
}

/// Bounds of the delays that can come out.
fn delay_bounds(projection: &Projection, resolution: Resolution) -> (Span, Span) {
    if let Connect::Edges(edges) = &projection.connect
        && let Some(delays) = &edges.delay
    {
        let shortest = delays.iter().copied().min().unwrap_or(resolution.span());
        return (shortest, delays.iter().copied().max().unwrap_or(shortest));
    }
    let (low, high) = draw::support(&projection.delay_ms);
    let on_grid = |ms: f64| delay_on_grid(ms, resolution);
    (on_grid(low).unwrap_or(resolution.span()), on_grid(high).unwrap_or(LONGEST_DELAY))
}
