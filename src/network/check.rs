//! What a scenario must satisfy before anything is drawn.
//!
//! The parser refuses most of this with the line at fault; a scenario that was built in code
//! meets it here first. Whatever passes can be drawn without a panic.

use super::connect::{most_partners, source_pool};
use super::draw::{self, Sampler, degree};
use super::error::Problem;
use super::pool::Pool;
use super::tables::{delay_on_grid, weight_as_stored};
use crate::base::Resolution;
use crate::neuron::{Descriptor, Parameter, Range};
use crate::scenario::{
    Connect, Distribution, Edges, Model, ParameterValue, Projection, Scenario, Shape, constants,
    variables,
};
use crate::synapse::LONGEST_DELAY;

/// Everything that is wrong with a scenario and can be told without drawing.
pub fn check(scenario: &Scenario, shards: u32) -> Vec<Problem> {
    let mut problems = Vec::new();
    let neurons: u64 = scenario.populations.iter().map(|p| u64::from(p.size)).sum();
    if neurons > u64::from(u32::MAX) {
        let message = format!("{neurons} neurons; allowed are {}", u32::MAX);
        problems.push(Problem::of_network(message));
    }
    if shards == 0 {
        problems.push(Problem::of_network("0 shards; allowed is 1 or more"));
    }
    for (index, population) in scenario.populations.iter().enumerate() {
        let found = check_population(population.size, &population.model);
        problems.extend(found.into_iter().map(|p| Problem::of_population(scenario, index, p)));
    }
    for (index, projection) in scenario.projections.iter().enumerate() {
        let populations = scenario.populations.len();
        if projection.source.max(projection.target) >= populations {
            let message =
                format!("projection {index} names a population that is not among {populations}");
            problems.push(Problem::of_network(message));
            continue;
        }
        let found = check_projection(scenario, projection);
        problems.extend(found.into_iter().map(|p| Problem::of_projection(scenario, index, p)));
    }
    problems
}

fn check_population(size: u32, model: &Model) -> Vec<String> {
    let mut problems = Vec::new();
    if size == 0 {
        problems.push("size 0; allowed is 1 or more".into());
    }
    match model {
        Model::Neuron { descriptor, parameters, initial } => {
            problems.extend(check_neurons(size, descriptor, parameters, initial));
        }
        Model::Poisson { .. } | Model::CorrelatedPoisson { .. } => {}
        Model::SpikeSource { times, .. } if times.len() == size as usize => {}
        Model::SpikeSource { times, .. } => {
            problems.push(format!("{} lists of times for {size} sources", times.len()));
        }
    }
    problems
}

fn check_neurons(
    size: u32,
    descriptor: &Descriptor,
    parameters: &[ParameterValue],
    initial: &[Distribution],
) -> Vec<String> {
    let described = variables(descriptor, parameters);
    let (expected, variables) = (descriptor.parameters.len(), described.len());
    if parameters.len() != expected || initial.len() != variables {
        return vec![format!(
            "{} parameters and {} start values; {} has {expected} and {variables}",
            parameters.len(),
            initial.len(),
            descriptor.name
        )];
    }
    let mut problems = Vec::new();
    for (value, parameter) in parameters.iter().zip(descriptor.parameters) {
        let (ParameterValue::Drawn(law) | ParameterValue::ForPeriod(law)) = value;
        let name = parameter.name;
        if parameter.range.is_list() {
            problems.extend(
                check_list(law, parameter.range).err().map(|what| format!("{name} {what}")),
            );
            continue;
        }
        problems.extend(draw::check(law, size).err().map(|what| format!("{name}: {what}")));
        if !parameter.per_neuron && !matches!(value, ParameterValue::Drawn(law) if is_constant(law))
        {
            problems.push(format!("{name} must be one constant for the whole population"));
        }
        if matches!(value, ParameterValue::ForPeriod(_)) && descriptor.current_for_period.is_none()
        {
            let model = descriptor.name;
            problems.push(format!("{name}: {model} cannot be solved for a period; give a value"));
        }
    }
    for (law, variable) in initial.iter().zip(&described) {
        let name = &variable.name;
        problems.extend(draw::check(law, size).err().map(|what| format!("{name}: {what}")));
    }
    // Values that are wrong by themselves are met when they are drawn, and named there.
    let constants = constants(descriptor, parameters);
    let in_range = |(p, &value): (&Parameter, &f64)| p.range.is_list() || p.range.contains(value);
    if problems.is_empty() && descriptor.parameters.iter().zip(&constants).all(in_range) {
        let parameter = |index: usize| descriptor.parameters.get(index).map_or("", |p| p.name);
        let wrong = (descriptor.check)(&constants);
        problems.extend(wrong.into_iter().map(|(p, what)| format!("{}: {what}", parameter(p))));
    }
    problems
}

fn check_list(law: &Distribution, range: Range) -> Result<(), String> {
    let Shape::Values(values) = &law.shape else { return Err("must be a list of values".into()) };
    match values.iter().find(|&&value| !range.contains(value)) {
        Some(value) => Err(format!("has {value} in it; allowed is {}", range.describe())),
        None => Ok(()),
    }
}

fn is_constant(law: &Distribution) -> bool {
    law.as_constant().is_some()
}

fn check_projection(scenario: &Scenario, projection: &Projection) -> Vec<String> {
    let sources = scenario.populations[projection.source].size;
    let target = &scenario.populations[projection.target];
    let mut problems = Vec::new();
    if !matches!(target.model, Model::Neuron { .. }) {
        problems.push(format!("\"{}\" only sends; a target must be made of neurons", target.name));
    }
    if sources > 0 && target.size > 0 {
        problems.extend(check_rule(projection, sources, target.size).err());
    }
    let (brings_weight, brings_delay) = match &projection.connect {
        Connect::Edges(edges) => (edges.weight.is_some(), edges.delay.is_some()),
        _ => (false, false),
    };
    problems.extend(projection.plasticity.cannot_run(&target.model));
    if let Connect::Edges(edges) = &projection.connect {
        problems.extend(
            check_edges(edges, projection, sources, target.size, scenario.resolution).err(),
        );
    }
    if !brings_weight {
        let found = check_law(&projection.weight, |value| weight_as_stored(value).map(drop));
        problems.extend(found.err().map(|what| format!("weight: {what}")));
    }
    if !brings_delay {
        let on_grid = |ms| delay_on_grid(ms, scenario.resolution).map(drop);
        let found = check_law(&projection.delay_ms, on_grid);
        problems.extend(found.err().map(|what| format!("delay: {what}")));
    }
    problems
}

fn check_law(
    law: &Distribution,
    check_constant: impl Fn(f64) -> Result<(), String>,
) -> Result<(), String> {
    if matches!(law.shape, Shape::Values(_)) {
        return Err("a list of values belongs to neurons; for synapses use a list of edges".into());
    }
    draw::check(law, 0)?;
    match Sampler::new(law) {
        Sampler::Constant(value) => check_constant(value),
        Sampler::Drawn(_) => Ok(()),
    }
}

fn check_rule(projection: &Projection, sources: u32, targets: u32) -> Result<(), String> {
    let multapses = projection.multapses;
    let pool = source_pool(projection, sources, 0);
    match &projection.connect {
        Connect::OneToOne if sources != targets => Err(format!(
            "one_to_one needs populations of one size, but {sources} and {targets} were found"
        )),
        Connect::OneToOne if pool.len() < sources => {
            Err("one_to_one within a population connects nothing but autapses, \
                 but autapses = false"
                .into())
        }
        Connect::FixedIndegree(law) => check_degree(law, "indegree", targets, &pool, multapses),
        Connect::FixedOutdegree(law) => {
            let missing = sources - pool.len();
            let excluded = (missing > 0).then_some(0);
            let pool = Pool::new(targets, excluded);
            check_degree(law, "outdegree", sources, &pool, multapses)
        }
        Connect::FixedTotalNumber(number) => {
            check_total(*number, u64::from(targets), u64::from(pool.len()), multapses)
        }
        Connect::PairwiseBernoulli(p) if !(0.0..=1.0).contains(p) => {
            Err(format!("p is {p}; allowed is 0 to 1"))
        }
        _ => Ok(()),
    }
}

fn check_degree(
    law: &Distribution,
    name: &str,
    size: u32,
    pool: &Pool,
    multapses: bool,
) -> Result<(), String> {
    draw::check(law, size).map_err(|what| format!("{name}: {what}"))?;
    let Sampler::Constant(value) = Sampler::new(law) else {
        return Ok(());
    };
    let count =
        degree(value).ok_or_else(|| format!("{name} is {value}; allowed is 0 to {}", u32::MAX))?;
    most_partners(pool, multapses, count).map_err(|what| format!("each neuron {what}"))
}

fn check_total(number: u64, targets: u64, each: u64, multapses: bool) -> Result<(), String> {
    let pairs = targets * each;
    if multapses && pairs == 0 && number > 0 {
        return Err(format!("{number} synapses are asked for, but no pair is allowed"));
    }
    if !multapses && number > pairs {
        return Err(format!(
            "{number} synapses without repetition are asked for, but there are only {pairs} pairs"
        ));
    }
    // Counts are kept in 32 bits for each target; twice the mean is never reached at this size.
    if number / targets > u64::from(u32::MAX / 2) {
        return Err(format!("{number} synapses are too many for {targets} targets"));
    }
    Ok(())
}

fn check_edges(
    edges: &Edges,
    projection: &Projection,
    sources: u32,
    targets: u32,
    resolution: Resolution,
) -> Result<(), String> {
    let length = edges.source.len();
    let lengths = [
        ("target", Some(edges.target.len())),
        ("weight", edges.weight.as_ref().map(Vec::len)),
        ("delay", edges.delay.as_ref().map(Vec::len)),
    ];
    for (column, found) in lengths {
        if let Some(found) = found
            && found != length
        {
            return Err(format!("{length} sources, but column {column} has {found} entries"));
        }
    }
    let is_within = !projection.autapses && projection.source == projection.target;
    for (position, (&source, &target)) in edges.source.iter().zip(&edges.target).enumerate() {
        let refuse = |what: String| Err(format!("edge {position}: {what}"));
        if source >= sources {
            return refuse(format!("source {source}; allowed is 0 to {}", sources - 1));
        }
        if target >= targets {
            return refuse(format!("target {target}; allowed is 0 to {}", targets - 1));
        }
        if is_within && source == target {
            return refuse(format!("neuron {source} is its own target, but autapses = false"));
        }
    }
    check_edge_values(edges, resolution)
}

fn check_edge_values(edges: &Edges, resolution: Resolution) -> Result<(), String> {
    let weights = edges.weight.as_deref().unwrap_or_default();
    if let Some(position) = weights.iter().position(|weight| !weight.is_finite()) {
        let weight = weights[position];
        return Err(format!("edge {position}: weight {weight}; allowed is a finite number"));
    }
    let delays = edges.delay.as_deref().unwrap_or_default();
    let grid = resolution.span();
    let is_allowed =
        |ticks: u64| ticks > 0 && ticks <= LONGEST_DELAY.0 && ticks.is_multiple_of(grid.0);
    match delays.iter().position(|delay| !is_allowed(delay.0)) {
        Some(position) => Err(format!(
            "edge {position}: delay {}; allowed are multiples of {grid} up to {LONGEST_DELAY}",
            delays[position]
        )),
        None => Ok(()),
    }
}
