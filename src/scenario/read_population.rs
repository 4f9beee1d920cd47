//! Reading populations: neurons of registered models, Poisson sources, given spike times.

use super::check;
use super::codes::Code;
use super::columns::{self, Column};
use super::read::{At, Fields, Reader, below};
use super::{Distribution, Model, ParameterValue, Population, Shape};
use crate::base::{Span, Tick, Unit};
use crate::neuron::{self, Descriptor, Initial, Parameter, Range};

/// What a spike source in a scenario file may hold.
const TIMES: &str = "times = [[\"1 ms\", ...], ...] or file = \"x.csv\"";

/// Each source of given spikes takes memory, even without spikes.
const MOST_SPIKE_SOURCES: u64 = 10_000_000;

/// Models that only send.
const SOURCES: [&str; 3] = ["poisson", "correlated_poisson", "spike_source"];

/// The names of all models, neurons first.
pub(super) fn model_names() -> Vec<&'static str> {
    let neurons = neuron::registry().iter().map(|descriptor| descriptor.name);
    neurons.chain(SOURCES).collect()
}

/// The value of a variable at the start where a scenario gives none.
pub(super) fn default_initial(
    descriptor: &Descriptor,
    parameters: &[ParameterValue],
) -> Vec<Distribution> {
    let of = |initial| match initial {
        Initial::Value(value) => Distribution::constant(value),
        Initial::Parameter(index) => match &parameters[index] {
            ParameterValue::Drawn(law) => law.clone(),
            ParameterValue::ForPeriod(_) => {
                Distribution::constant(descriptor.parameters[index].default)
            }
        },
        Initial::Derived | Initial::Contacts(_) | Initial::Series(_) => Distribution::constant(0.0),
        Initial::OwnNumber => Shape::Uniform { low: 0.0, high: 1.0 }.into(),
    };
    check::variables(descriptor, parameters).iter().map(|variable| of(variable.initial)).collect()
}

/// The values of parameters where a scenario gives none.
pub(super) fn default_parameters(descriptor: &Descriptor) -> Vec<ParameterValue> {
    let law = |parameter: &Parameter| match parameter.range {
        Range::List(_) => Shape::Values(Vec::new()).into(),
        _ => Distribution::constant(parameter.default),
    };
    descriptor.parameters.iter().map(|parameter| ParameterValue::Drawn(law(parameter))).collect()
}

impl Reader<'_> {
    /// One `[population.NAME]`.
    pub fn population(&mut self, name: &str, at: &At<'_>) -> Option<Population> {
        let allowed = "a table with the keys model, size, params, init";
        let fields = self.open_table(at, allowed)?;
        let model = self.required(&fields, "model", "the name of a model");
        let size = self.required(&fields, "size", "how many neurons");
        let size = size.and_then(|at| self.integer(&at, 1, u64::from(u32::MAX)));
        let names = model_names();
        let model = model.and_then(|at| {
            let text = self.text(&at, "the name of a model")?;
            if !names.contains(&text) {
                self.findings.add_name(Code::UnknownModel, &at.path, "model", text, &names);
                return None;
            }
            Some(text)
        });
        let source = model.is_some_and(|model| SOURCES.contains(&model));
        let keys: &[&str] = match source {
            true => &["model", "size", "params"],
            false => &["model", "size", "params", "init"],
        };
        self.table(at, keys);
        if model == Some("spike_source") && size.is_some_and(|size| size > MOST_SPIKE_SOURCES) {
            let found = "too many sources of given spikes";
            let allowed = format!("at most {MOST_SPIKE_SOURCES}");
            self.findings.add(Code::OutOfRange, &below(&at.path, "size"), found, allowed);
            return None;
        }
        // Lists are compared with the size, so without one they are read for their values alone.
        let known = size.map(|size| size as u32);
        let model = match model? {
            "poisson" => self.poisson(&fields),
            "correlated_poisson" => self.correlated_poisson(&fields),
            "spike_source" => self.spike_source(&fields, known),
            name => Some(self.neurons(neuron::find(name)?, &fields)),
        };
        Some(Population { name: name.to_string(), size: known?, model: model? })
    }

    /// The parameters and start values of neurons. What cannot be read keeps its default.
    fn neurons(&mut self, descriptor: &'static Descriptor, fields: &Fields<'_>) -> Model {
        let mut parameters = default_parameters(descriptor);
        let names: Vec<&str> = descriptor.parameters.iter().map(|p| p.name).collect();
        for (index, at) in self.named(fields, "params", &names) {
            if let Some(value) = self.parameter(descriptor, index, &at) {
                parameters[index] = value;
            }
        }
        let mut initial = default_initial(descriptor, &parameters);
        let variables = check::variables(descriptor, &parameters);
        let given: Vec<usize> = (0..variables.len()).filter(|&v| variables[v].is_given()).collect();
        let names: Vec<&str> = given.iter().map(|&v| &*variables[v].name).collect();
        for (index, at) in self.named(fields, "init", &names) {
            if let Some(law) = self.law_or_values(&at, variables[given[index]].unit) {
                initial[given[index]] = law;
            }
        }
        Model::Neuron { descriptor, parameters, initial }
    }

    /// The entries of a table whose keys are names of a model, with the names' indices.
    fn named<'n>(
        &mut self,
        fields: &Fields<'n>,
        table: &str,
        names: &[&str],
    ) -> Vec<(usize, At<'n>)> {
        let Some(at) = fields.find(table) else { return Vec::new() };
        let Some(inner) = self.open_table(&at, "a table of names and values") else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, value) in inner.all() {
            match names.iter().position(|name| *name == key) {
                Some(index) => found.push((index, value)),
                None => {
                    let what = if table == "init" { "variable" } else { "parameter" };
                    self.unknown(Code::UnknownName, &inner.path, key, what, names);
                }
            }
        }
        found
    }

    fn parameter(
        &mut self,
        descriptor: &Descriptor,
        index: usize,
        at: &At<'_>,
    ) -> Option<ParameterValue> {
        let parameter = &descriptor.parameters[index];
        if at.has("period") && parameter.per_neuron {
            let fields = self.table(at, &["period"])?;
            let law = self.law_or_values(&fields.find("period")?, Unit::Ms)?;
            return Some(ParameterValue::ForPeriod(law));
        }
        if parameter.range.is_list() {
            return self.shared_list(at, parameter.unit).map(ParameterValue::Drawn);
        }
        if at.is_table() && !parameter.per_neuron {
            let found = "found a distribution".to_string();
            let allowed = format!("one value in {}, shared by all neurons", parameter.unit);
            self.findings.add(Code::MustBeConstant, &at.path, found, allowed);
            return None;
        }
        self.law_or_values(at, parameter.unit).map(ParameterValue::Drawn)
    }

    /// Values that all neurons share, one by one or from a file with the column `value`.
    fn shared_list(&mut self, at: &At<'_>, unit: Unit) -> Option<Distribution> {
        if !at.is_table() {
            return self.listed(at, unit, check::LIST);
        }
        if !at.has("file") {
            return self.law_or_values(at, unit);
        }
        let fields = self.table(at, &["file"])?;
        let file = fields.find("file")?;
        let (name, bytes) = self.file(&file)?;
        let wanted = [Column { name: "value", required: true }];
        let mut table = columns::read(&name, &file.path, &bytes, &wanted, &mut self.findings)?;
        Some(Shape::Values(table.columns[0].take()?).into())
    }

    /// One parameter, read and checked by itself.
    pub fn checked_parameter(
        &mut self,
        descriptor: &Descriptor,
        index: usize,
        size: u32,
        at: &At<'_>,
    ) -> Option<ParameterValue> {
        let value = self.parameter(descriptor, index, at)?;
        check::parameter(descriptor, index, &value, size, &at.path, &mut self.findings);
        Some(value)
    }

    fn poisson(&mut self, fields: &Fields<'_>) -> Option<Model> {
        let params = self.required(fields, "params", "{ rate = \"12 Hz\" }")?;
        let params = self.table(&params, &["rate"])?;
        let rate = self.required(&params, "rate", "VALUE or steps")?;
        Some(Model::Poisson { rate_hz: self.steps(&rate, Unit::Hz)? })
    }

    fn correlated_poisson(&mut self, fields: &Fields<'_>) -> Option<Model> {
        let example = "{ rate = \"12 Hz\", correlation = 0.2 }";
        let params = self.required(fields, "params", example)?;
        let params = self.table(&params, &["rate", "correlation", "jitter"])?;
        let rate = self.required(&params, "rate", "VALUE or steps");
        let rate_hz = rate.and_then(|at| self.steps(&at, Unit::Hz));
        let correlation = self.required(&params, "correlation", "a number from 0 to 1");
        let correlation = correlation.and_then(|at| self.quantity(&at, Unit::One));
        let jitter = params.find("jitter").map_or(Some(Span::ZERO), |at| self.span(&at));
        Some(Model::CorrelatedPoisson {
            rate_hz: rate_hz?,
            correlation: correlation?,
            jitter: jitter?,
        })
    }

    fn spike_source(&mut self, fields: &Fields<'_>, size: Option<u32>) -> Option<Model> {
        let params = self.required(fields, "params", TIMES)?;
        let params = self.table(&params, &["times", "file"])?;
        match (params.find("times"), params.find("file")) {
            (Some(times), None) => {
                let times = self.inline_times(&times, size)?;
                Some(Model::SpikeSource { times, file: None })
            }
            (None, Some(file)) => self.times_file(&file, size?),
            (Some(_), Some(file)) => {
                let found = "both `times` and `file` are given";
                self.findings.add(Code::Contradiction, &file.path, found, TIMES);
                None
            }
            (None, None) => {
                let found = "neither `times` nor `file` is given";
                self.findings.add(Code::MissingKey, &params.path, found, TIMES);
                None
            }
        }
    }

    /// One list of times for each source, or a single list where there is one source.
    pub fn inline_times(&mut self, at: &At<'_>, size: Option<u32>) -> Option<Vec<Vec<Tick>>> {
        let items = self.list(at, "one list of times for each source")?;
        let single = size == Some(1) && !items.iter().any(At::is_list);
        if single {
            // No times at all, or the times of the only source.
            return Some(vec![self.train(at)?]);
        }
        let trains: Vec<Vec<Tick>> = items.iter().filter_map(|item| self.train(item)).collect();
        (trains.len() == items.len()).then_some(trains)
    }

    /// The times of one source; those that only rounding brings together become one.
    fn train(&mut self, at: &At<'_>) -> Option<Vec<Tick>> {
        let items = self.list(at, "a list of times")?;
        let mut written: Vec<Span> = Vec::with_capacity(items.len());
        let mut complete = true;
        for item in &items {
            let Some(time) = self.span(item) else {
                complete = false;
                continue;
            };
            if written.last().is_some_and(|&before| time <= before) {
                let found = format!("{time} does not come after the time before it");
                self.findings.add(Code::NotIncreasing, &item.path, found, "increasing times");
                complete = false;
            }
            written.push(time);
        }
        let mut times: Vec<Tick> =
            written.iter().map(|time| self.grid.nearest(Tick(time.0))).collect();
        times.dedup();
        complete.then_some(times)
    }

    /// Times from a file with the columns neuron and time_ms, in any order.
    fn times_file(&mut self, at: &At<'_>, size: u32) -> Option<Model> {
        let (name, bytes) = self.file(at)?;
        let wanted = ["neuron", "time_ms"].map(|name| Column { name, required: true });
        let mut table = columns::read(&name, &at.path, &bytes, &wanted, &mut self.findings)?;
        let [neurons, times_ms] = [0, 1].map(|i| table.columns[i].take().unwrap_or_default());
        let mut spikes: Vec<(u32, Span, usize)> = Vec::with_capacity(neurons.len());
        let before = self.findings.placed.len();
        for (row, (&neuron, &ms)) in neurons.iter().zip(&times_ms).enumerate() {
            match (index_below(neuron, size), Span::from_ms(ms)) {
                (Some(neuron), Some(time)) => spikes.push((neuron, time, row)),
                (None, _) => {
                    let found = format!("neuron {neuron}");
                    let allowed = format!("a whole number from 0 to {}", size - 1);
                    let code = Code::NotInPopulation;
                    table.row(code, row, found, allowed, &mut self.findings);
                }
                (_, None) => {
                    let found = format!("time {ms} ms");
                    let allowed = format!("a time from 0 to {} ms", Tick::MAX.ms());
                    table.row(Code::Time, row, found, allowed, &mut self.findings);
                }
            }
        }
        spikes.sort_unstable();
        for pair in spikes.windows(2) {
            if (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) {
                let found = format!("neuron {} fires twice at {}", pair[1].0, pair[1].1);
                let (code, row) = (Code::NotIncreasing, pair[1].2);
                let allowed = "each spike once".to_string();
                table.row(code, row, found, allowed, &mut self.findings);
            }
        }
        let mut times = vec![Vec::new(); size as usize];
        for (neuron, time, _) in spikes {
            times[neuron as usize].push(self.grid.nearest(Tick(time.0)));
        }
        times.iter_mut().for_each(Vec::dedup);
        let file = Some(name);
        (self.findings.placed.len() == before).then_some(Model::SpikeSource { times, file })
    }
}

/// A number of a column as an index below `size`.
pub(super) fn index_below(value: f64, size: u32) -> Option<u32> {
    (value >= 0.0 && value < f64::from(size) && value.fract() == 0.0).then_some(value as u32)
}
