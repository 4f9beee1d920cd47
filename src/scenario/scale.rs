//! A smaller version of a network with nearly the same activity.
//!
//! Fewer neurons with fewer synapses each, but stronger ones: when in-degrees shrink by a factor k
//! and weights grow by 1 / sqrt(k), the variance of the input stays what it was; the mean that is
//! lost is replaced by a constant current. After van Albada et al. 2015, doi
//! 10.1371/journal.pcbi.1004490. A step from data to data.

use super::check_law;
use super::codes::Code;
use super::problem::{Finding, Findings};
use super::read::{At, Reader, below};
use super::read_scenario::Names;
use super::{
    Connect, CurrentInput, Distribution, Model, Neurons, ParameterValue, Population, Pruning,
    RecordSpikes, Scenario, Selection, Shape, Steps, Weakest,
};
use crate::base::{Tick, Unit, math};
use crate::neuron::{Descriptor, Range};

/// How a network is to be shrunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// The share of neurons, and of synapses of each neuron, that is kept: in (0, 1].
    pub factor: f64,
    /// The expected rate in Hz of each population, where it is known.
    pub rates_hz: Vec<Option<f64>>,
}

impl Reader<'_> {
    /// The `[scale]` table.
    pub(super) fn scale(&mut self, at: &At<'_>, names: &Names) -> Option<Scale> {
        let fields = self.table(at, &["factor", "rates"])?;
        let factor = self.required(&fields, "factor", "a number in (0, 1]");
        let factor = factor.and_then(|at| {
            let factor = self.number(&at)?;
            if factor > 0.0 && factor <= 1.0 {
                return Some(factor);
            }
            let found = format!("found {factor}");
            self.findings.add(Code::OutOfRange, &at.path, found, "a number in (0, 1]");
            None
        });
        let mut rates_hz = vec![None; names.read.len()];
        let table = fields.find("rates").and_then(|at| self.open_table(&at, "a table of rates"));
        for (name, at) in table.iter().flat_map(|table| table.all()) {
            let rate = self.quantity(&at, Unit::Hz).filter(|&rate| {
                let kind = check_law::Kind::new(Unit::Hz, Range::NonNegative);
                check_law::value(rate, kind, &at.path, &mut self.findings)
            });
            match names.all.iter().find(|(known, _)| known == name) {
                Some((_, Some(index))) => rates_hz[*index] = rate,
                Some((_, None)) => {}
                None => {
                    let valid: Vec<&str> = names.all.iter().map(|(n, _)| n.as_str()).collect();
                    let code = Code::UnknownPopulation;
                    self.unknown(code, &below(&fields.path, "rates"), name, "population", &valid);
                }
            }
        }
        Some(Scale { factor: factor?, rates_hz })
    }
}

/// The current that replaces a lost mean.
struct Lost {
    target: Selection,
    steps: Steps,
}

impl Scale {
    /// Shrinks a scenario. A factor of 1 changes nothing.
    ///
    /// # Errors
    /// Everything in the scenario that has no smaller version; the scenario is then unchanged.
    pub fn apply(&self, scenario: &mut Scenario) -> Result<(), Vec<Finding>> {
        if self.factor == 1.0 {
            return Ok(());
        }
        let mut findings = Findings::default();
        let mut small = scenario.clone();
        let lost = self.lost(scenario, &mut findings);
        for population in &mut small.populations {
            self.shrink_population(population, &mut findings);
        }
        self.shrink_synapses(&mut small, &mut findings);
        self.shrink_record(&mut small);
        for lost in lost {
            replace(&mut small, lost);
        }
        if !findings.is_empty() {
            return Err(findings.list);
        }
        *scenario = small;
        Ok(())
    }

    /// A number of neurons or synapses, made smaller.
    fn count(&self, count: f64) -> f64 {
        (count * self.factor).round()
    }

    fn neurons(&self, count: u32) -> u32 {
        self.count(f64::from(count)).max(1.0) as u32
    }

    /// The mean input current that each projection and background loses.
    fn lost(&self, scenario: &Scenario, findings: &mut Findings) -> Vec<Lost> {
        let share = 1.0 - math::sqrt(self.factor);
        let mut lost = Vec::new();
        for (index, projection) in scenario.projections.iter().enumerate() {
            let path = below("projection", index);
            let populations = &scenario.populations;
            let target = &populations[projection.target];
            let degree = full_indegree(projection, populations);
            let Some(degree) = degree else {
                let found = "this rule has no smaller version";
                let allowed = "fixed_indegree, fixed_outdegree, fixed_total_number, \
                               pairwise_bernoulli or all_to_all";
                findings.add(Code::CannotScale, &below(&path, "connect"), found, allowed);
                continue;
            };
            let Some(rate) = self.rate(projection.source, scenario) else {
                let name = &populations[projection.source].name;
                let found = format!("the expected rate of `{name}`, which sends, is missing");
                findings.add(Code::CannotScale, "scale.rates", found, format!("{name} = \"1 Hz\""));
                continue;
            };
            if !super::plasticity::scales(&projection.plasticity) {
                let found = "weights with bounds of their own have no smaller version";
                let path = below(&path, "plasticity");
                findings.add(Code::CannotScale, &path, found, "a rule without weights");
            }
            let bounds = |pruning: &Pruning| matches!(pruning.which, Weakest::Below(_));
            if projection.pruning.iter().any(bounds) {
                let found = "a bound of weights has no smaller version";
                let path = below(&path, "pruning");
                findings.add(Code::CannotScale, &path, found, "a fraction");
            }
            let weight = check_law::mean(&projection.weight);
            let charge = charge(target, weight, &below(&path, "target"), findings);
            let current = share * degree * rate * charge;
            let target = Selection { population: projection.target, neurons: Neurons::All };
            lost.push(Lost { target, steps: Steps::constant(current) });
        }
        for (index, background) in scenario.backgrounds.iter().enumerate() {
            let path = below(&below("background", index), "target");
            let target = &scenario.populations[background.target.population];
            let charge = share * charge(target, background.weight, &path, findings);
            let mut selection = background.target.clone();
            match &mut selection.neurons {
                Neurons::All => {}
                Neurons::First(count) => *count = self.neurons(*count),
                Neurons::List(_) => {
                    let found = "a list of neurons has no smaller version";
                    findings.add(Code::CannotScale, &path, found, "a population, or a count");
                }
            }
            let steps = background.rate_hz.steps.iter();
            let steps = Steps { steps: steps.map(|&(at, rate)| (at, rate * charge)).collect() };
            lost.push(Lost { target: selection, steps });
        }
        lost
    }

    /// The expected rate of a population: as given, or by itself for a constant Poisson source.
    fn rate(&self, population: usize, scenario: &Scenario) -> Option<f64> {
        let given = self.rates_hz.get(population).copied().flatten();
        given.or_else(|| match &scenario.populations[population].model {
            Model::Poisson { rate_hz } | Model::CorrelatedPoisson { rate_hz, .. } => {
                match rate_hz.steps[..] {
                    [(Tick::ZERO, rate)] => Some(rate),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    fn shrink_population(&self, population: &mut Population, findings: &mut Findings) {
        let path = below("population", &population.name);
        let mut refuse = |what: &str, path: &str| {
            let found = format!("{what} have no smaller version");
            findings.add(Code::CannotScale, path, found, "values that are drawn or constant");
        };
        match &population.model {
            Model::Neuron { descriptor, parameters, initial } => {
                let listed = |law: &Distribution| matches!(law.shape, Shape::Values(_));
                let mut own = parameters.iter().zip(descriptor.parameters);
                let parameters = own.any(|(value, parameter)| match value {
                    ParameterValue::Drawn(law) | ParameterValue::ForPeriod(law) => {
                        !parameter.range.is_list() && listed(law)
                    }
                });
                if parameters {
                    refuse("listed values", &below(&path, "params"));
                }
                if initial.iter().any(listed) {
                    refuse("listed values", &below(&path, "init"));
                }
            }
            Model::Poisson { .. } | Model::CorrelatedPoisson { .. } => {}
            Model::SpikeSource { .. } => refuse("given spike times", &path),
        }
        population.size = self.neurons(population.size);
    }

    fn shrink_synapses(&self, small: &mut Scenario, findings: &mut Findings) {
        let stronger = 1.0 / math::sqrt(self.factor);
        for projection in &mut small.projections {
            match &mut projection.connect {
                Connect::FixedIndegree(law) | Connect::FixedOutdegree(law) => {
                    stretch(law, self.factor);
                    if let Shape::Constant(degree) = &mut law.shape {
                        *degree = degree.round();
                    }
                }
                Connect::FixedTotalNumber(number) => {
                    *number = (*number as f64 * self.factor * self.factor).round() as u64;
                }
                // The number of synapses follows from the sizes; the other rules were refused.
                _ => {}
            }
            stretch(&mut projection.weight, stronger);
        }
        for background in &mut small.backgrounds {
            background.weight *= stronger;
            background.rate_hz.steps.iter_mut().for_each(|step| step.1 *= self.factor);
            if let Neurons::First(count) = &mut background.target.neurons {
                *count = self.neurons(*count);
            }
        }
        for (index, current) in small.currents.iter_mut().enumerate() {
            match &mut current.target.neurons {
                Neurons::All => {}
                Neurons::First(count) => *count = self.neurons(*count),
                Neurons::List(_) => {
                    let path = below(&below("current", index), "target");
                    let found = "a list of neurons has no smaller version";
                    findings.add(Code::CannotScale, &path, found, "a population, or a count");
                }
            }
        }
    }

    /// Recorded neurons stay the same ones as far as they are still there.
    fn shrink_record(&self, small: &mut Scenario) {
        let sizes: Vec<u32> = small.populations.iter().map(|population| population.size).collect();
        let keep = |selection: &mut Selection| {
            let size = sizes[selection.population];
            match &mut selection.neurons {
                Neurons::All => true,
                Neurons::First(count) => {
                    *count = (*count).min(size);
                    true
                }
                Neurons::List(list) => {
                    list.retain(|&neuron| neuron < size);
                    !list.is_empty()
                }
            }
        };
        if let RecordSpikes::Some(selections) = &mut small.record.spikes {
            selections.retain_mut(keep);
        }
        small.record.state.retain_mut(|state| keep(&mut state.target));
    }
}

/// The mean number of synapses that end at a neuron; `None` for rules that cannot be scaled.
fn full_indegree(projection: &super::Projection, populations: &[Population]) -> Option<f64> {
    let sources = f64::from(populations[projection.source].size);
    let targets = f64::from(populations[projection.target].size);
    match &projection.connect {
        Connect::FixedIndegree(law) => Some(check_law::mean(law)),
        Connect::FixedOutdegree(law) => Some(check_law::mean(law) * sources / targets),
        Connect::FixedTotalNumber(number) => Some(*number as f64 / targets),
        Connect::PairwiseBernoulli(p) => Some(p * sources),
        Connect::AllToAll => Some(sources),
        Connect::OneToOne | Connect::Edges(_) | Connect::Growth(_) => None,
    }
}

/// The mean current in pA of synapses of one weight that together fire at 1 Hz: the charge of
/// one arrival, w tau for an exponential current and w e tau for an alpha-shaped one.
fn charge(target: &Population, weight: f64, path: &str, findings: &mut Findings) -> f64 {
    const MS_PER_S: f64 = 1000.0;
    let tau = match &target.model {
        Model::Neuron { descriptor, parameters, .. } => tau_syn(descriptor, parameters, weight),
        _ => None,
    };
    let Some(tau_ms) = tau else {
        let found = format!("`{}` has no synaptic time constants", target.name);
        findings.add(Code::CannotScale, path, found, "exponential or alpha currents");
        return 0.0;
    };
    weight * tau_ms / MS_PER_S
}

/// The synaptic time constant for weights of this sign, as that of the exponential current with
/// the same charge and peak.
fn tau_syn(descriptor: &Descriptor, parameters: &[ParameterValue], weight: f64) -> Option<f64> {
    if descriptor.input != Unit::Pa {
        return None;
    }
    let name = if weight < 0.0 { "tau_syn_in" } else { "tau_syn_ex" };
    let index = descriptor.parameter(name)?;
    let ParameterValue::Drawn(law) = parameters.get(index)? else { return None };
    let alpha = descriptor.name.ends_with("_alpha");
    Some(law.as_constant()? * if alpha { std::f64::consts::E } else { 1.0 })
}

/// Multiplies every draw of a law.
fn stretch(law: &mut Distribution, by: f64) {
    match &mut law.shape {
        Shape::Constant(value) => *value *= by,
        Shape::Values(values) => values.iter_mut().for_each(|value| *value *= by),
        Shape::Uniform { low, high } => (*low, *high) = (*low * by, *high * by),
        Shape::Normal { mean, sd } => (*mean, *sd) = (*mean * by, *sd * by),
        Shape::Lognormal { median, .. } => *median *= by,
        Shape::Exponential { mean } => *mean *= by,
    }
    law.min.iter_mut().chain(&mut law.max).for_each(|bound| *bound *= by);
}

/// Adds a constant to every draw of a law, where that leaves a law of the same kind.
fn shift(law: &mut Distribution, by: f64) -> bool {
    match &mut law.shape {
        Shape::Constant(value) => *value += by,
        Shape::Uniform { low, high } => (*low, *high) = (*low + by, *high + by),
        Shape::Normal { mean, .. } => *mean += by,
        Shape::Values(_) | Shape::Lognormal { .. } | Shape::Exponential { .. } => return false,
    }
    law.min.iter_mut().chain(&mut law.max).for_each(|bound| *bound += by);
    true
}

/// Adds a lost mean to `i_e` where it is the same for all neurons at all times, and as a current
/// of its own elsewhere.
fn replace(small: &mut Scenario, lost: Lost) {
    let constant = match lost.steps.steps[..] {
        [(Tick::ZERO, current)] if lost.target.neurons == Neurons::All => Some(current),
        _ => None,
    };
    let model = &mut small.populations[lost.target.population].model;
    if let (Some(current), Model::Neuron { descriptor, parameters, .. }) = (constant, model)
        && let Some(index) = descriptor.parameter("i_e")
        && let ParameterValue::Drawn(law) = &mut parameters[index]
        && shift(law, current)
    {
        return;
    }
    small.currents.push(CurrentInput { target: lost.target, current_pa: lost.steps });
}
