//! Scenarios built in code, with the quantities of scenario files as texts.

use super::check_law::{self, Kind};
use super::problem::{Findings, Problem, Problems};
use super::read::{At, Reader, below};
use super::read_population::{default_initial, default_parameters, model_names};
use super::read_scenario::Names;
use super::tree::Node;
use super::{
    Background, Code, Connect, CurrentInput, DelayOf, Distribution, Model, Neurons, NoFiles,
    ParameterValue, Plasticity, Population, Projection, Record, Scenario, Selection, Steps, check,
    check_input,
};
use crate::base::{PopulationId, Resolution, Span, Unit};
use crate::neuron::lists::StateVariable;
use crate::neuron::{self, Descriptor};

/// Where problems in values given by code are reported.
const FILE: &str = "code";

impl Connect {
    /// Each target draws this many sources.
    pub fn fixed_indegree(indegree: u32) -> Connect {
        Connect::FixedIndegree(Distribution::constant(f64::from(indegree)))
    }

    /// Each source draws this many targets.
    pub fn fixed_outdegree(outdegree: u32) -> Connect {
        Connect::FixedOutdegree(Distribution::constant(f64::from(outdegree)))
    }
}

/// Building a network in code. Values are texts as in scenario files: `"20 ms"`, or
/// `"{ uniform = ['-70 mV', '-50 mV'] }"`.
///
/// ```
/// use saltatory::scenario::{Connect, Problems, Scenario};
///
/// fn network() -> Result<Scenario, Problems> {
///     let mut network = Scenario::new("excitation and inhibition").seed(7).duration_ms(100.0);
///     let exc = network.add_population("exc", 800, "lif_delta")?;
///     let inh = network.add_population("inh", 200, "lif_delta")?;
///     for population in [exc, inh] {
///         network.set(population, "tau_m", "20 ms")?;
///         network.set(population, "v_m", "{ uniform = ['-70 mV', '-55 mV'] }")?;
///         network.connect(exc, population, Connect::fixed_indegree(80), "0.5 mV", "1.5 ms")?;
///         network.connect(inh, population, Connect::fixed_indegree(20), "-4 mV", "1.5 ms")?;
///         network.background(population, "2 kHz", "0.5 mV")?;
///     }
///     Ok(network)
/// }
/// let network = network().unwrap();
/// assert_eq!(network.neurons(), 1000);
/// assert!(network.validate().is_ok());
/// ```
impl Scenario {
    /// An empty scenario of one second with seed 1, on the finest grid.
    pub fn new(title: impl Into<String>) -> Scenario {
        Scenario {
            title: title.into(),
            seed: 1,
            duration: Span::from_whole_ms(1000),
            resolution: Resolution::FINEST,
            populations: Vec::new(),
            projections: Vec::new(),
            backgrounds: Vec::new(),
            currents: Vec::new(),
            teachers: Vec::new(),
            record: Record::default(),
        }
    }

    /// With this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Scenario {
        self.seed = seed;
        self
    }

    /// With this duration. One that is not a time becomes zero, which
    /// [`validate`](Scenario::validate) refuses.
    #[must_use]
    pub fn duration_ms(mut self, duration_ms: f64) -> Scenario {
        self.duration = Span::from_ms(duration_ms).unwrap_or(Span::ZERO);
        self
    }

    /// With this grid. To be called before anything that holds a time is added.
    #[must_use]
    pub fn on_grid(mut self, resolution: Resolution) -> Scenario {
        self.resolution = resolution;
        self
    }

    /// Adds a population of a registered model, of `poisson` or `correlated_poisson` sources
    /// (silent until their `rate` is set), or of a `spike_source` (silent until its `times` are
    /// set).
    ///
    /// # Errors
    /// If the model does not exist, or the name or the size is refused.
    pub fn add_population(
        &mut self,
        name: &str,
        size: u32,
        model: &str,
    ) -> Result<PopulationId, Problems> {
        let path = below("population", name);
        let mut findings = Findings::default();
        let model = match (model, neuron::find(model)) {
            ("poisson", _) => Model::Poisson { rate_hz: Steps::constant(0.0) },
            ("correlated_poisson", _) => Model::CorrelatedPoisson {
                rate_hz: Steps::constant(0.0),
                correlation: 1.0,
                jitter: Span::ZERO,
            },
            ("spike_source", _) => {
                Model::SpikeSource { times: vec![Vec::new(); size as usize], file: None }
            }
            (_, Some(descriptor)) => {
                let parameters = default_parameters(descriptor);
                let initial = default_initial(descriptor, &parameters);
                Model::Neuron { descriptor, parameters, initial }
            }
            (_, None) => {
                let path = below(&path, "model");
                findings.add_name(Code::UnknownModel, &path, "model", model, &model_names());
                return Err(unplaced(findings));
            }
        };
        let population = Population { name: name.to_string(), size, model };
        check::population(&population, &path, &mut findings);
        if self.population_index(name).is_some() {
            let found = format!("there is a population `{name}` already");
            findings.add(Code::DuplicateKey, &path, found, "each name once");
        }
        self.populations.push(population);
        check::sizes(&self.populations, &mut findings);
        if !findings.is_empty() {
            self.populations.pop();
            return Err(unplaced(findings));
        }
        Ok(PopulationId((self.populations.len() - 1) as u16))
    }

    /// Sets a parameter or, at the start, a variable of a population.
    ///
    /// # Errors
    /// If there is no such name, or the value is refused. Conditions between several parameters
    /// are left to [`validate`](Scenario::validate).
    ///
    /// # Panics
    /// If the population is not one of this scenario.
    pub fn set(
        &mut self,
        population: PopulationId,
        name: &str,
        value: &str,
    ) -> Result<(), Problems> {
        let grid = self.resolution;
        let Population { name: whose, size, model } = &mut self.populations[population.index()];
        let path = below(&below("population", whose), name);
        match model {
            Model::Neuron { descriptor, parameters, initial } => {
                if let Some(index) = descriptor.parameter(name) {
                    let before = Defaults::of(descriptor, parameters);
                    parameters[index] = read(grid, &path, value, |reader, at| {
                        reader.checked_parameter(descriptor, index, *size, at)
                    })?;
                    let after = Defaults::of(descriptor, parameters);
                    *initial = before.replaced(initial, &after);
                    let states = self.record.state.iter_mut();
                    for state in states.filter(|s| s.target.population == population.index()) {
                        before.renumber(&mut state.variables, &after);
                    }
                    return Ok(());
                }
                let variables = check::variables(descriptor, parameters);
                let found = variables.iter().position(|v| v.is_given() && v.name == name);
                if let Some(index) = found {
                    let kind = Kind {
                        count: Some(*size),
                        ..Kind::new(variables[index].unit, neuron::Range::Any)
                    };
                    initial[index] = read(grid, &path, value, |reader, at| {
                        let law = reader.law_or_values(at, kind.unit)?;
                        check_law::law(&law, kind, "", &mut reader.findings);
                        Some(law)
                    })?;
                    return Ok(());
                }
                let parameters = descriptor.parameters.iter().map(|p| p.name);
                let given = variables.iter().filter(|v| v.is_given()).map(|v| &*v.name);
                let valid: Vec<&str> = parameters.chain(given).collect();
                Err(unknown_name(&path, name, &valid))
            }
            Model::Poisson { rate_hz } if name == "rate" => {
                *rate_hz = read(grid, &path, value, |reader, at| {
                    let steps = reader.steps(at, Unit::Hz)?;
                    check::rate(&steps, "", &mut reader.findings);
                    Some(steps)
                })?;
                Ok(())
            }
            Model::CorrelatedPoisson { rate_hz, .. } if name == "rate" => {
                *rate_hz = read(grid, &path, value, |reader, at| {
                    let steps = reader.steps(at, Unit::Hz)?;
                    check::rate(&steps, "", &mut reader.findings);
                    Some(steps)
                })?;
                Ok(())
            }
            Model::CorrelatedPoisson { correlation, .. } if name == "correlation" => {
                *correlation = read(grid, &path, value, |reader, at| {
                    let share = reader.quantity(at, Unit::One)?;
                    check::share(share, "", &mut reader.findings).then_some(share)
                })?;
                Ok(())
            }
            Model::CorrelatedPoisson { jitter, .. } if name == "jitter" => {
                *jitter = read(grid, &path, value, |reader, at| reader.span(at))?;
                Ok(())
            }
            Model::SpikeSource { times, file } if name == "times" => {
                *times = read(grid, &path, value, |reader, at| {
                    let times = reader.inline_times(at, Some(*size))?;
                    check::trains(&times, *size, "", &mut reader.findings);
                    Some(times)
                })?;
                *file = None;
                Ok(())
            }
            Model::Poisson { .. } => Err(unknown_name(&path, name, &["rate"])),
            Model::CorrelatedPoisson { .. } => {
                Err(unknown_name(&path, name, &["rate", "correlation", "jitter"]))
            }
            Model::SpikeSource { .. } => Err(unknown_name(&path, name, &["times"])),
        }
    }

    /// Adds a projection; `autapses`, `multapses` and more can be changed in what is returned.
    ///
    /// # Errors
    /// If the weight, the delay or the rule is refused.
    ///
    /// # Panics
    /// If a population is not one of this scenario.
    pub fn connect(
        &mut self,
        source: PopulationId,
        target: PopulationId,
        connect: Connect,
        weight: &str,
        delay: &str,
    ) -> Result<&mut Projection, Problems> {
        let path = below("projection", self.projections.len());
        let unit = self.input_of(target, &path)?;
        let law = |key: &str, text: &str, unit| {
            read(self.resolution, &below(&path, key), text, |reader, at| reader.law(at, unit))
        };
        let projection = Projection {
            source: source.index(),
            target: target.index(),
            receptor: 0,
            connect,
            autapses: true,
            multapses: true,
            weight: law("weight", weight, unit)?,
            delay_ms: law("delay", delay, Unit::Ms)?,
            delay_of: DelayOf::Synapse,
            plasticity: Plasticity::default(),
            pruning: Vec::new(),
        };
        let mut findings = Findings::default();
        check::projection(&self.populations, &projection, &path, &mut findings);
        refuse(findings)?;
        self.projections.push(projection);
        Ok(self.projections.last_mut().expect("just pushed"))
    }

    /// Lets the synapses of a projection, by its index, change by a rule, written as in scenario
    /// files: `"{ rule = 'stdp', w_max = '2 mV' }"`.
    ///
    /// # Errors
    /// If the rule does not exist, or a value is refused. The projection is then unchanged.
    ///
    /// # Panics
    /// If the projection is not one of this scenario.
    pub fn set_plasticity(&mut self, projection: usize, rule: &str) -> Result<(), Problems> {
        let path = below(&below("projection", projection), "plasticity");
        let target = PopulationId(self.projections[projection].target as u16);
        let unit = self.input_of(target, &path)?;
        let name = |(index, p): (usize, &Population)| (p.name.clone(), Some(index));
        let all = self.populations.iter().enumerate().map(name).collect();
        let names = Names { all, read: self.populations.clone() };
        let plasticity = read(self.resolution, &path, rule, |reader, at| {
            reader.plasticity(at, Some(unit), &names)
        })?;
        let mut changed = self.projections[projection].clone();
        changed.plasticity = plasticity;
        let mut findings = Findings::default();
        super::plasticity::check(&self.populations, &changed, unit, &path, &mut findings);
        refuse(findings)?;
        self.projections[projection] = changed;
        Ok(())
    }

    /// Adds independent Poisson input to all neurons of a population.
    ///
    /// # Errors
    /// If the rate or the weight is refused.
    ///
    /// # Panics
    /// If the population is not one of this scenario.
    pub fn background(
        &mut self,
        target: PopulationId,
        rate: &str,
        weight: &str,
    ) -> Result<&mut Background, Problems> {
        let path = below("background", self.backgrounds.len());
        let unit = self.input_of(target, &path)?;
        let grid = self.resolution;
        let background = Background {
            target: Selection { population: target.index(), neurons: Neurons::All },
            rate_hz: read(grid, &below(&path, "rate"), rate, |r, at| r.steps(at, Unit::Hz))?,
            weight: read(grid, &below(&path, "weight"), weight, |r, at| r.quantity(at, unit))?,
        };
        let mut findings = Findings::default();
        check_input::background(&self.populations, &background, &path, &mut findings);
        refuse(findings)?;
        self.backgrounds.push(background);
        Ok(self.backgrounds.last_mut().expect("just pushed"))
    }

    /// Adds a current into all neurons of a population, on top of `i_e`.
    ///
    /// # Errors
    /// If the current is refused.
    ///
    /// # Panics
    /// If the population is not one of this scenario.
    pub fn current(
        &mut self,
        target: PopulationId,
        current: &str,
    ) -> Result<&mut CurrentInput, Problems> {
        let path = below("current", self.currents.len());
        let read = read(self.resolution, &path, current, |r, at| r.steps(at, Unit::Pa));
        let current = CurrentInput {
            target: Selection { population: target.index(), neurons: Neurons::All },
            current_pa: read?,
        };
        let mut findings = Findings::default();
        check_input::current(&self.populations, &current, &path, &mut findings);
        refuse(findings)?;
        self.currents.push(current);
        Ok(self.currents.last_mut().expect("just pushed"))
    }

    /// The unit of weights on to a population of neurons.
    fn input_of(&self, target: PopulationId, path: &str) -> Result<Unit, Problems> {
        let population = &self.populations[target.index()];
        population.model.descriptor().map(|descriptor| descriptor.input).ok_or_else(|| {
            let mut findings = Findings::default();
            let found = format!("`{}` only sends", population.name);
            findings.add(Code::WrongKind, path, found, "a population of neurons");
            unplaced(findings)
        })
    }
}

/// The variables of a population, and where they start if nothing else is said.
struct Defaults {
    variables: Vec<StateVariable>,
    laws: Vec<Distribution>,
}

impl Defaults {
    fn of(descriptor: &Descriptor, parameters: &[ParameterValue]) -> Defaults {
        let laws = default_initial(descriptor, parameters);
        Defaults { variables: check::variables(descriptor, parameters), laws }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }

    /// The start values after a change of parameters: what was given stays, the rest follows.
    fn replaced(&self, initial: &[Distribution], after: &Defaults) -> Vec<Distribution> {
        let law = |(variable, default): (&StateVariable, &Distribution)| {
            let old = self.place(&variable.name).filter(|&old| initial[old] != self.laws[old]);
            old.map_or(default, |old| &initial[old]).clone()
        };
        after.variables.iter().zip(&after.laws).map(law).collect()
    }

    /// Renumbers what is recorded. What is not there any more gets a number that nothing has, which
    /// is refused when the scenario is checked.
    fn renumber(&self, recorded: &mut [usize], after: &Defaults) {
        for number in recorded {
            let name = self.variables.get(*number).map(|variable| &*variable.name);
            let now = name.and_then(|name| after.place(name));
            *number = now.unwrap_or(after.variables.len() + *number);
        }
    }
}

/// Reads one value from a text.
fn read<T>(
    grid: Resolution,
    path: &str,
    text: &str,
    value: impl FnOnce(&mut Reader<'_>, &At<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let mut reader = Reader { files: &NoFiles, findings: Findings::default(), grid };
    let node = match Node::from_text(text, 0, 0) {
        Ok(node) => node,
        Err((message, _)) => {
            reader.findings.add(Code::Syntax, path, message, "a value as in scenario files");
            return Err(unplaced(reader.findings));
        }
    };
    // Within the text paths start at its own root.
    let result = value(&mut reader, &At { node: &node, path: String::new() });
    let place = |mut finding: super::Finding| {
        let span = node.locate(&finding.path, finding.on_key).span;
        finding.path = match finding.path.as_str() {
            "" => path.to_string(),
            inner => below(path, inner),
        };
        Problem::at(finding, FILE, text, span)
    };
    let problems: Vec<Problem> = reader.findings.list.into_iter().map(place).collect();
    match result {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(Problems(problems)),
    }
}

fn unknown_name(path: &str, name: &str, valid: &[&str]) -> Problems {
    let mut findings = Findings::default();
    findings.add_name(Code::UnknownName, path, "parameter or variable", name, valid);
    unplaced(findings)
}

fn refuse(findings: Findings) -> Result<(), Problems> {
    if findings.is_empty() { Ok(()) } else { Err(unplaced(findings)) }
}

/// Findings about values that have no text.
fn unplaced(findings: Findings) -> Problems {
    let place = |finding| Problem::without_text(finding, FILE);
    Problems(findings.list.into_iter().map(place).collect())
}
