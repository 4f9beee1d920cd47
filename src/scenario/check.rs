//! Every rule about the data of a scenario, for files and for scenarios built in code alike.
//! A rule reports by key path and knows nothing of texts.

use super::check_law::{self, Kind};
use super::codes::Code;
use super::problem::Findings;
use super::read::below;
use super::{Connect, Distribution, Edges, Model, ParameterValue, Population, Projection, Shape};
use super::{Growth, Scenario, check_input, plasticity, pruning, teacher};
use crate::base::{Span, Tick, Unit};
use crate::neuron::lists::StateVariable;
use crate::neuron::{Descriptor, Parameter, Range, receptor};
use crate::synapse::LONGEST_DELAY;

/// Checks a whole scenario.
pub(super) fn scenario(scenario: &Scenario) -> Findings {
    let mut findings = Findings::default();
    let all = &scenario.populations;
    if all.is_empty() {
        findings.add(Code::MissingKey, "population", "there is no population", "at least one");
    }
    for (index, item) in all.iter().enumerate() {
        let path = below("population", &item.name);
        population(item, &path, &mut findings);
        if all[..index].iter().any(|other| other.name == item.name) {
            let found = format!("there are two populations `{}`", item.name);
            findings.add(Code::DuplicateKey, &path, found, "each name once");
        }
    }
    sizes(all, &mut findings);
    for (index, item) in scenario.projections.iter().enumerate() {
        projection(all, item, &below("projection", index), &mut findings);
    }
    for (index, item) in scenario.backgrounds.iter().enumerate() {
        check_input::background(all, item, &below("background", index), &mut findings);
    }
    for (index, item) in scenario.currents.iter().enumerate() {
        check_input::current(all, item, &below("current", index), &mut findings);
    }
    for (index, item) in scenario.teachers.iter().enumerate() {
        teacher::check(all, item, &below("teacher", index), &mut findings);
    }
    check_input::record(all, &scenario.record, &mut findings);
    pruning::refuse_samples(scenario, &mut findings);
    plasticity::refuse_samples(scenario, &mut findings);
    times(scenario, &mut findings);
    findings
}

/// Duration and resolution.
pub(super) fn times(scenario: &Scenario, findings: &mut Findings) {
    let (duration, step) = (scenario.duration, scenario.resolution.span());
    if duration == Span::ZERO || duration.0 > Tick::MAX.0 {
        let allowed = format!("more than 0 and at most {}", Tick::MAX);
        findings.add(Code::Time, "duration", format!("found {duration}"), allowed);
    } else if step > duration && findings.clean("resolution") {
        let found = format!("the resolution {step} is longer than the duration {duration}");
        findings.add(Code::Time, "resolution", found, "at most the duration");
    }
}

/// The number of populations and of all neurons.
pub(super) fn sizes(populations: &[Population], findings: &mut Findings) {
    if populations.len() > usize::from(u16::MAX) {
        let found = format!("there are {} populations", populations.len());
        findings.add(Code::TooManyNeurons, "population", found, format!("at most {}", u16::MAX));
    }
    let total: u64 = populations.iter().map(|population| u64::from(population.size)).sum();
    if total > u64::from(u32::MAX) {
        let found = format!("there are {total} neurons in all");
        findings.add(Code::TooManyNeurons, "population", found, format!("at most {}", u32::MAX));
    }
}

/// The name of a population.
pub(super) fn name(name: &str, path: &str, findings: &mut Findings) {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(good) {
        let found = format!("\"{}\" is not a name", super::problem::shorten(name));
        let allowed = "letters, digits, _ and -";
        findings.add(Code::PopulationName, path, found, allowed).on_key = true;
    }
}

/// One population.
pub(super) fn population(population: &Population, path: &str, findings: &mut Findings) {
    name(&population.name, path, findings);
    if population.size == 0 {
        findings.add(Code::OutOfRange, &below(path, "size"), "found 0", "at least 1");
    }
    let params = below(path, "params");
    match &population.model {
        Model::Neuron { descriptor, parameters, initial } => {
            neurons(descriptor, parameters, population.size, &params, findings);
            let variables = variables(descriptor, parameters);
            let counts = (initial.len(), variables.len());
            if counts.0 != counts.1 {
                let found = format!("found {} start values", counts.0);
                findings.add(Code::WrongCount, &below(path, "init"), found, counts.1.to_string());
            }
            for (variable, law) in variables.iter().zip(initial) {
                let kind =
                    Kind { count: Some(population.size), ..Kind::new(variable.unit, Range::Any) };
                let path = below(&below(path, "init"), &variable.name);
                check_law::law(law, kind, &path, findings);
            }
        }
        Model::Poisson { rate_hz } => {
            rate(rate_hz, &below(&params, "rate"), findings);
        }
        Model::CorrelatedPoisson { rate_hz, correlation, .. } => {
            rate(rate_hz, &below(&params, "rate"), findings);
            shared_events(rate_hz, *correlation, &params, findings);
        }
        Model::SpikeSource { times, .. } => trains(times, population.size, &params, findings),
    }
}

/// The highest rate: one spike in each tick.
const HIGHEST_RATE_HZ: f64 = 1e9;

/// A rate that may change in steps.
pub(super) fn rate(rate_hz: &super::Steps, path: &str, findings: &mut Findings) {
    check_law::steps(rate_hz, Kind::new(Unit::Hz, Range::NonNegative), path, findings);
    let highest = rate_hz.steps.iter().map(|step| step.1).fold(0.0, f64::max);
    if highest > HIGHEST_RATE_HZ && findings.clean(path) {
        let found = format!("found {highest} Hz");
        let allowed = format!("at most {HIGHEST_RATE_HZ:e} Hz, one spike in each tick");
        findings.add(Code::OutOfRange, path, found, allowed);
    }
}

/// A share of something, more than nothing; whether it is one.
pub(super) fn share(share: f64, path: &str, findings: &mut Findings) -> bool {
    let fits = share > 0.0 && share <= 1.0;
    if !fits {
        let found = format!("found {share}");
        findings.add(Code::OutOfRange, path, found, "more than 0 and at most 1");
    }
    fits
}

/// The share of common events, and how many of them there are.
fn shared_events(rate_hz: &super::Steps, share: f64, params: &str, findings: &mut Findings) {
    let path = below(params, "correlation");
    if !self::share(share, &path, findings) {
        return;
    }
    let highest = rate_hz.steps.iter().map(|step| step.1).fold(0.0, f64::max) / share;
    if highest > HIGHEST_RATE_HZ && findings.clean(params) {
        let found = format!("found {share}, which takes {highest:e} shared events a second");
        let allowed = format!("at most {HIGHEST_RATE_HZ:e} of them");
        findings.add(Code::OutOfRange, &path, found, allowed);
    }
}

/// The times of sources, by source.
pub(super) fn trains(times: &[Vec<Tick>], size: u32, params: &str, findings: &mut Findings) {
    let path = below(params, "times");
    if times.len() != size as usize {
        let found = format!("found {} lists of times", times.len());
        findings.add(Code::WrongCount, &path, found, format!("{size}, one for each source"));
    }
    for (index, train) in times.iter().enumerate() {
        let increasing = train.windows(2).all(|pair| pair[0] < pair[1]);
        if !increasing || train.last().is_some_and(|&last| last > Tick::MAX) {
            let found = "the times do not increase, or lie beyond the end of time";
            let allowed = format!("increasing times of at most {}", Tick::MAX);
            findings.add(Code::NotIncreasing, &below(&path, index), found, allowed);
        }
    }
}

fn neurons(
    descriptor: &Descriptor,
    parameters: &[ParameterValue],
    size: u32,
    path: &str,
    findings: &mut Findings,
) {
    if parameters.len() != descriptor.parameters.len() {
        let found = format!("found {} parameters", parameters.len());
        findings.add(Code::WrongCount, path, found, descriptor.parameters.len().to_string());
        return;
    }
    for (index, value) in parameters.iter().enumerate() {
        let path = below(path, descriptor.parameters[index].name);
        parameter(descriptor, index, value, size, &path, findings);
    }
    // Conditions between parameters mean little as long as some of them are wrong or missing.
    if findings.clean(path) {
        relations(descriptor, parameters, path, findings);
    }
}

/// One parameter by itself.
pub(super) fn parameter(
    descriptor: &Descriptor,
    index: usize,
    value: &ParameterValue,
    size: u32,
    path: &str,
    findings: &mut Findings,
) {
    let parameter = &descriptor.parameters[index];
    let count = Some(size);
    match value {
        ParameterValue::Drawn(law) if parameter.range.is_list() => {
            let kind = Kind::new(parameter.unit, parameter.range);
            match law.shape {
                Shape::Values(_) => check_law::law(law, kind, path, findings),
                _ => {
                    let found = "found something else than a list";
                    findings.add(Code::WrongType, path, found, LIST);
                }
            }
        }
        ParameterValue::Drawn(law) if !parameter.per_neuron && law.as_constant().is_none() => {
            let found = "found a distribution";
            let allowed = format!("one value in {}, shared by all neurons", parameter.unit);
            findings.add(Code::MustBeConstant, path, found, allowed);
        }
        ParameterValue::Drawn(law) => {
            let kind = Kind { count, ..Kind::new(parameter.unit, parameter.range) };
            check_law::law(law, kind, path, findings);
        }
        ParameterValue::ForPeriod(law) => {
            let kind = Kind { count, ..Kind::new(Unit::Ms, Range::Positive) };
            check_law::law(law, kind, &below(path, "period"), findings);
            let current = parameter.per_neuron && parameter.unit == Unit::Pa;
            if !current || descriptor.current_for_period.is_none() {
                let found = format!("{} has no current for a period", descriptor.name);
                findings.add(Code::NoCurrentForPeriod, path, found, "a current");
            }
        }
    }
}

/// What a list that all neurons share is.
pub(super) const LIST: &str = "[...] or { file = \"x.csv\" }";

/// The constant parameters of a model, flat; those that differ from neuron to neuron at their
/// default.
pub(crate) fn constants(descriptor: &Descriptor, parameters: &[ParameterValue]) -> Vec<f64> {
    let single = descriptor.parameters.iter().zip(parameters).map(|(p, value)| constant(p, value));
    let list = |place: usize| match parameters.get(place) {
        Some(ParameterValue::Drawn(Distribution { shape: Shape::Values(values), .. })) => {
            values.clone()
        }
        _ => Vec::new(),
    };
    let lists: Vec<Vec<f64>> = descriptor.lists().map(list).collect();
    descriptor.flat(single.collect(), &lists)
}

/// The variables of neurons with these parameters, in the order in which their values are passed
/// around. Where parameters are too few or too many, which is refused, as if none were given.
pub(crate) fn variables(
    descriptor: &Descriptor,
    parameters: &[ParameterValue],
) -> Vec<StateVariable> {
    match parameters.len() == descriptor.parameters.len() {
        true => descriptor.state(&constants(descriptor, parameters)),
        false => descriptor.state(&descriptor.defaults()),
    }
}

fn constant(parameter: &Parameter, value: &ParameterValue) -> f64 {
    match value {
        ParameterValue::Drawn(law) => law.as_constant(),
        ParameterValue::ForPeriod(_) => None,
    }
    .unwrap_or(parameter.default)
}

fn relations(
    descriptor: &Descriptor,
    parameters: &[ParameterValue],
    path: &str,
    findings: &mut Findings,
) {
    let constants = constants(descriptor, parameters);
    for (index, message) in (descriptor.check)(&constants) {
        let name = descriptor.parameters.get(index).map_or("", |parameter| parameter.name);
        let allowed = format!("what the page of {} says", descriptor.name);
        findings.add(Code::ParametersContradict, &below(path, name), message, allowed);
    }
    let Some(current) = descriptor.current_for_period.filter(|_| findings.clean(path)) else {
        return;
    };
    for (parameter, value) in descriptor.parameters.iter().zip(parameters) {
        let ParameterValue::ForPeriod(law) = value else { continue };
        let (low, high) = check_law::support(law);
        let missing = |period: &f64| {
            period.is_finite()
                && !current(&constants, *period).is_some_and(|i| i.abs() <= check_law::LARGEST)
        };
        if let Some(period) = [low, high].into_iter().find(missing) {
            let path = below(&below(path, parameter.name), "period");
            let found = format!("no current gives a period of {period} ms");
            let allowed = "periods longer than t_ref that the model can reach";
            findings.add(Code::NoCurrentForPeriod, &path, found, allowed);
        }
    }
}

/// One projection.
pub(super) fn projection(
    populations: &[Population],
    projection: &Projection,
    path: &str,
    findings: &mut Findings,
) {
    let ends = (populations.get(projection.source), populations.get(projection.target));
    let (Some(source), Some(target)) = ends else {
        let found = "an end is not a population of this scenario";
        findings.add(Code::UnknownPopulation, path, found, "the index of a population");
        return;
    };
    let Some(descriptor) = target.model.descriptor() else {
        let found = format!("`{}` only sends", target.name);
        let path = below(path, "target");
        findings.add(Code::WrongKind, &path, found, "a population of neurons");
        return;
    };
    let Some(unit) = receptor(target, descriptor, projection, path, findings) else { return };
    plasticity::check(populations, projection, unit, &below(path, "plasticity"), findings);
    pruning::check(&projection.pruning, unit, &below(path, "pruning"), findings);
    let connect = below(path, "connect");
    let edges = match &projection.connect {
        Connect::Edges(edges) => Some(edges),
        _ => None,
    };
    if edges.is_none_or(|edges| edges.weight.is_none()) {
        let kind = Kind::new(unit, Range::Any);
        check_law::law(&projection.weight, kind, &below(path, "weight"), findings);
    }
    if edges.is_none_or(|edges| edges.delay.is_none()) {
        delay(&projection.delay_ms, &below(path, "delay"), findings);
    }
    if let Some(edges) = edges {
        check_edges(edges, projection, source.size, target.size, &connect, findings);
    } else {
        rule(projection, source.size, target.size, &connect, findings);
    }
}

/// The receptor that a projection reaches; gives the unit of its weights.
fn receptor(
    target: &Population,
    descriptor: &'static Descriptor,
    projection: &Projection,
    path: &str,
    findings: &mut Findings,
) -> Option<Unit> {
    let Some(number) = projection.receptor.checked_sub(1) else { return Some(descriptor.input) };
    let path = below(path, "receptor");
    let Some(receptor) = receptor::receptors(descriptor).get(number) else {
        let found = format!("{} has no receptor number {number}", descriptor.name);
        findings.add(Code::UnknownName, &path, found, "a receptor of the model");
        return None;
    };
    if !projection.plasticity.is_fixed() || !projection.pruning.is_empty() {
        let found = format!("synapses on the receptor `{}` cannot change", receptor.name);
        findings.add(Code::Contradiction, &path, found, "no plasticity and no pruning");
    }
    // Pulses come later than the spike takes effect, so the longest delay is shorter here.
    if let Model::Neuron { parameters, .. } = &target.model {
        let pulses = (receptor.pulses)(&constants(descriptor, parameters));
        let after = pulses.iter().map(|pulse| pulse.after_ms).fold(0.0, f64::max);
        let high = match &projection.connect {
            Connect::Edges(Edges { delay: Some(delays), .. }) => {
                delays.iter().map(|delay| delay.ms()).fold(0.0, f64::max)
            }
            _ => check_law::support(&projection.delay_ms).1,
        };
        if high + after > LONGEST_DELAY.ms() {
            let found = format!("delays up to {high} ms, and {after} ms until the last pulse");
            let allowed = format!("at most {LONGEST_DELAY} together");
            findings.add(Code::Delay, &path, found, allowed);
        }
    }
    Some(receptor.unit)
}

/// Delays must be positive by their law, so that none has to be changed silently.
fn delay(law: &Distribution, path: &str, findings: &mut Findings) {
    check_law::law(law, Kind::new(Unit::Ms, Range::Any), path, findings);
    if !findings.clean(path) {
        return;
    }
    let (low, high) = check_law::support(law);
    let longest = LONGEST_DELAY.ms();
    let allowed = format!("more than 0 and at most {longest} ms");
    if low <= 0.0 {
        let found = match low.is_finite() {
            true => format!("a delay of {low} ms"),
            false => "the distribution has no lower end".to_string(),
        };
        let help = law.as_constant().is_none().then(|| "give it a `min`".to_string());
        findings.add(Code::Delay, path, found, allowed).help = help;
    } else if high.is_finite() && high > longest || check_law::mean(law) > longest {
        findings.add(Code::Delay, path, "delays beyond the longest", allowed);
    }
}

/// Rules other than lists of edges.
fn rule(p: &Projection, sources: u32, targets: u32, path: &str, findings: &mut Findings) {
    // With one population at both ends a neuron may have to be left out: itself.
    let left_out = u32::from(p.source == p.target && !p.autapses);
    match &p.connect {
        Connect::FixedIndegree(law) => {
            let partners = (sources.saturating_sub(left_out), "sources");
            degree(law, partners, p.multapses, &below(path, "indegree"), findings);
        }
        Connect::FixedOutdegree(law) => {
            let partners = (targets.saturating_sub(left_out), "targets");
            degree(law, partners, p.multapses, &below(path, "outdegree"), findings);
        }
        Connect::FixedTotalNumber(number) => {
            let pairs = u64::from(targets) * u64::from(sources.saturating_sub(left_out));
            let most = if p.multapses && pairs > 0 { i64::MAX as u64 } else { pairs };
            if *number > most {
                let found = format!("{number} synapses between {pairs} pairs");
                let allowed = format!("at most {most}");
                findings.add(Code::TooFewPartners, &below(path, "number"), found, allowed);
            }
        }
        Connect::PairwiseBernoulli(probability) => {
            if !(0.0..=1.0).contains(probability) {
                let found = format!("found {probability}");
                let allowed = "a probability from 0 to 1";
                findings.add(Code::OutOfRange, &below(path, "p"), found, allowed);
            }
        }
        Connect::OneToOne if sources != targets => {
            let found = format!("one_to_one from {sources} neurons to {targets}");
            findings.add(Code::Contradiction, path, found, "populations of equal size");
        }
        Connect::OneToOne if left_out == 1 => {
            let found = "one_to_one within a population with autapses = false leaves no synapse";
            findings.add(Code::Contradiction, path, found, "autapses = true");
        }
        Connect::Growth(growth) => self::growth(growth, p, targets, path, findings),
        Connect::OneToOne | Connect::AllToAll | Connect::Edges(_) => {}
    }
}

/// The growth of a scaffold.
fn growth(growth: &Growth, p: &Projection, targets: u32, path: &str, findings: &mut Findings) {
    let Growth { roots, p: more, q, p_none } = *growth;
    for (key, value, low, high) in
        [("p", more, 0.0, 0.99), ("q", q, 1e-3, 1.0), ("p_none", p_none, 0.0, 1.0)]
    {
        if !(low..=high).contains(&value) {
            let found = format!("found {value}");
            let allowed = format!("a number from {low} to {high}");
            findings.add(Code::OutOfRange, &below(path, key), found, allowed);
        }
    }
    if roots == p.target || ![roots, p.target].contains(&p.source) {
        let found = "the roots are the target, or the source is neither of both";
        let allowed = "a source that is the population of the roots, or the target itself";
        findings.add(Code::Contradiction, &below(path, "roots"), found, allowed);
    }
    if targets < 2 {
        let found = "growth over one neuron";
        findings.add(Code::TooFewPartners, path, found, "at least two");
    }
    if !p.multapses {
        let found = "growth may connect a pair more than once";
        findings.add(Code::Contradiction, &below(path, "multapses"), found, "true");
    }
}

/// A number of partners, or its law.
fn degree(
    law: &Distribution,
    (partners, what): (u32, &str),
    multapses: bool,
    path: &str,
    findings: &mut Findings,
) {
    check_law::law(law, Kind::new(Unit::One, Range::NonNegative), path, findings);
    if !findings.clean(path) {
        return;
    }
    let high = check_law::support(law).1;
    let most = match (partners, multapses) {
        (0, _) => 0.0,
        (_, true) => f64::from(u32::MAX),
        (_, false) => f64::from(partners),
    };
    // Without repetition even the rarest draw needs enough partners.
    let high = if multapses && !high.is_finite() { check_law::mean(law) } else { high };
    if high > most + 0.499 {
        let found = match high.is_finite() {
            true => format!("{high} {what} of {partners}"),
            false => format!("the distribution has no upper end, and there are {partners} {what}"),
        };
        let allowed = format!("at most {most}");
        let finding = findings.add(Code::TooFewPartners, path, found, allowed);
        let repeat = !multapses && partners > 0;
        finding.help = repeat.then(|| "multapses = true allows repetition".to_string());
    } else if law.as_constant().is_some_and(|degree| degree.fract() != 0.0) {
        let found = format!("found {high}");
        findings.add(Code::OutOfRange, path, found, "a whole number");
    }
}

/// Edges given one by one.
fn check_edges(
    edges: &Edges,
    projection: &Projection,
    sources: u32,
    targets: u32,
    path: &str,
    findings: &mut Findings,
) {
    let count = edges.source.len();
    let lengths = [
        Some(edges.target.len()),
        edges.weight.as_ref().map(Vec::len),
        edges.delay.as_ref().map(Vec::len),
    ];
    if lengths.into_iter().flatten().any(|length| length != count) {
        let found = "the columns of the edges have different lengths";
        findings.add(Code::WrongCount, path, found, format!("{count} entries each"));
        return;
    }
    for (key, ends, size) in
        [("source", &edges.source, sources), ("target", &edges.target, targets)]
    {
        if let Some(row) = ends.iter().position(|&end| end >= size) {
            let found = format!("edge {row}: {key} {}", ends[row]);
            let allowed = format!("0 to {}", size.saturating_sub(1));
            let path = below(&below(path, key), row);
            findings.add(Code::EdgeOutOfRange, &path, found, allowed);
        }
    }
    // A weight is rounded to 24 bits, so the largest may lie a little above the limit.
    let wrong = |w: &f32| !w.is_finite() || f64::from(w.abs()) > check_law::LARGEST * 1.000_001;
    if let Some(row) = edges.weight.iter().flatten().position(wrong) {
        let path = below(&below(path, "weight"), row);
        let found = format!("edge {row}: a weight that is not finite or too large");
        findings.add(Code::OutOfRange, &path, found, "a weight of at most 1e12");
    }
    let wrong = |delay: &Span| *delay == Span::ZERO || *delay > LONGEST_DELAY;
    if let Some(row) = edges.delay.iter().flatten().position(wrong) {
        let path = below(&below(path, "delay"), row);
        let allowed = format!("more than 0 and at most {LONGEST_DELAY}");
        findings.add(Code::Delay, &path, format!("edge {row}: its delay"), allowed);
    }
    forbidden(edges, projection, path, findings);
}

/// Edges that `autapses` or `multapses` forbids.
fn forbidden(edges: &Edges, projection: &Projection, path: &str, findings: &mut Findings) {
    let mut pairs: Vec<(u32, u32)> =
        edges.source.iter().copied().zip(edges.target.iter().copied()).collect();
    if !projection.autapses
        && projection.source == projection.target
        && let Some((end, _)) = pairs.iter().find(|(source, target)| source == target)
    {
        let found = format!("an edge from neuron {end} to itself, with autapses = false");
        findings.add(Code::Contradiction, path, found, "no such edge, or autapses = true");
    }
    if !projection.multapses {
        pairs.sort_unstable();
        if let Some(twice) = pairs.windows(2).find(|pair| pair[0] == pair[1]) {
            let (source, target) = twice[0];
            let found = format!("two edges from {source} to {target}, with multapses = false");
            findings.add(Code::Contradiction, path, found, "one edge, or multapses = true");
        }
    }
}
