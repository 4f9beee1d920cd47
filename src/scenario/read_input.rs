//! Reading what comes from outside and what is recorded: selections, backgrounds, currents.

use super::codes::Code;
use super::read::{At, Fields, Reader};
use super::read_scenario::Names;
use super::{Background, CurrentInput, Neurons, Record, RecordSpikes, RecordState, Selection};
use crate::base::{Span, Tick, Unit};

impl Reader<'_> {
    /// The name of a population; `None` also where the population itself could not be read.
    pub fn population_name(&mut self, at: &At<'_>, names: &Names) -> Option<usize> {
        let text = self.text(at, "the name of a population")?;
        match names.all.iter().find(|(name, _)| name == text) {
            Some((_, index)) => *index,
            None => {
                let valid: Vec<&str> = names.all.iter().map(|(name, _)| name.as_str()).collect();
                let code = Code::UnknownPopulation;
                self.findings.add_name(code, &at.path, "population", text, &valid);
                None
            }
        }
    }

    /// The name of a population of neurons.
    pub fn target_name(&mut self, at: &At<'_>, names: &Names) -> Option<usize> {
        let index = self.population_name(at, names)?;
        if names.read[index].model.descriptor().is_none() {
            let found = format!("`{}` only sends", names.read[index].name);
            self.findings.add(Code::WrongKind, &at.path, found, "a population of neurons");
            return None;
        }
        Some(index)
    }

    /// A name, or a table that selects some neurons.
    fn selection(&mut self, at: &At<'_>, names: &Names, target: bool) -> Option<Selection> {
        let name = |reader: &mut Self, at: &At<'_>| match target {
            true => reader.target_name(at, names),
            false => reader.population_name(at, names),
        };
        if !at.is_table() {
            return Some(Selection { population: name(self, at)?, neurons: Neurons::All });
        }
        let fields = self.table(at, &["population", "count", "neurons"])?;
        self.selected(&fields, names, name)
    }

    /// The keys `population`, `count` and `neurons` of a table.
    fn selected(
        &mut self,
        fields: &Fields<'_>,
        _: &Names,
        name: impl Fn(&mut Self, &At<'_>) -> Option<usize>,
    ) -> Option<Selection> {
        let population = self.required(fields, "population", "the name of a population");
        let population = population.and_then(|at| name(self, &at));
        let neurons = match (fields.find("count"), fields.find("neurons")) {
            (None, None) => Some(Neurons::All),
            (Some(at), None) => {
                let count = self.integer(&at, 1, u64::from(u32::MAX));
                count.map(|count| Neurons::First(count as u32))
            }
            (None, Some(at)) => self.neuron_list(&at).map(Neurons::List),
            (Some(_), Some(at)) => {
                let found = "both `count` and `neurons` are given";
                self.findings.add(Code::Contradiction, &at.path, found, "one of them");
                None
            }
        };
        Some(Selection { population: population?, neurons: neurons? })
    }

    fn neuron_list(&mut self, at: &At<'_>) -> Option<Vec<u32>> {
        let mut list = self.indices(at)?;
        list.sort_unstable();
        if let Some(pair) = list.windows(2).find(|pair| pair[0] == pair[1]) {
            let found = format!("neuron {} is there twice", pair[0]);
            self.findings.add(Code::NotInPopulation, &at.path, found, "each neuron once");
            return None;
        }
        Some(list)
    }

    /// One `[[background]]`.
    pub fn background(&mut self, at: &At<'_>, names: &Names) -> Option<Background> {
        let fields = self.table(at, &["target", "rate", "weight"])?;
        let target = self.required(&fields, "target", "the name of a population");
        let target = target.and_then(|at| self.selection(&at, names, true));
        let rate = self.required(&fields, "rate", "VALUE or steps");
        let rate_hz = rate.and_then(|at| self.steps(&at, Unit::Hz));
        let weight = self.required(&fields, "weight", "VALUE");
        let target = target?;
        let unit = names.read[target.population].model.descriptor()?.input;
        let weight = weight.and_then(|at| self.quantity(&at, unit));
        Some(Background { target, rate_hz: rate_hz?, weight: weight? })
    }

    /// One `[[current]]`.
    pub fn current(&mut self, at: &At<'_>, names: &Names) -> Option<CurrentInput> {
        let fields = self.table(at, &["target", "current"])?;
        let target = self.required(&fields, "target", "the name of a population");
        let target = target.and_then(|at| self.selection(&at, names, true));
        let current = self.required(&fields, "current", "VALUE or steps");
        let current_pa = current.and_then(|at| self.steps(&at, Unit::Pa));
        Some(CurrentInput { target: target?, current_pa: current_pa? })
    }

    /// The `[record]` table; what cannot be read keeps its default.
    pub fn record(&mut self, at: &At<'_>, names: &Names) -> Record {
        let mut record = Record::default();
        let Some(fields) = self.table(at, &["spikes", "state", "weights", "pruned"]) else {
            return record;
        };
        if let Some(at) = fields.find("spikes") {
            record.spikes = self.record_spikes(&at, names).unwrap_or_default();
        }
        if let Some(at) = fields.find("weights") {
            if at.is_table() {
                record.weights = true;
                record.weights_every = self.weights_every(&at);
            } else {
                record.weights = self.boolean(&at).unwrap_or_default();
            }
        }
        if let Some(at) = fields.find("pruned") {
            record.pruned = self.boolean(&at).unwrap_or_default();
        }
        let state = fields.find("state").and_then(|at| self.list(&at, "a list of tables"));
        for item in state.unwrap_or_default() {
            let state = self.record_state(&item, names);
            if let Some(state) = &state {
                super::check_input::record_state(
                    &names.read,
                    state,
                    &item.path,
                    &mut self.findings,
                );
            }
            record.state.extend(state);
        }
        record
    }

    /// How often weights are recorded: `{ every = "10 s" }`.
    fn weights_every(&mut self, at: &At<'_>) -> Option<Span> {
        let fields = self.table(at, &["every"])?;
        let every = self.required(&fields, "every", "a time")?;
        let interval = self.span(&every)?;
        let interval = self.interval(interval);
        super::check_input::interval(interval, &every.path, &mut self.findings);
        Some(interval)
    }

    /// An interval on the grid. A zero stays a zero, so that it is refused and not rounded up to
    /// one step.
    fn interval(&self, interval: Span) -> Span {
        match interval.0 {
            0 => interval,
            _ => Span(self.grid.nearest(Tick(interval.0)).0.max(self.grid.span().0)),
        }
    }

    fn record_spikes(&mut self, at: &At<'_>, names: &Names) -> Option<RecordSpikes> {
        let allowed = "\"all\", \"none\", a selection, or a list of selections";
        let items = if at.is_list() {
            self.list(at, allowed)?
        } else if at.is_table() {
            vec![at.clone()]
        } else {
            let text = self.text(at, allowed)?;
            return match text {
                "all" => Some(RecordSpikes::All),
                "none" => Some(RecordSpikes::None),
                _ => {
                    let known = names.all.iter().any(|(name, _)| name == text);
                    let found = format!("found \"{}\"", super::problem::shorten(text));
                    let finding = self.findings.add(Code::WrongType, &at.path, found, allowed);
                    finding.help = known.then(|| format!("perhaps [\"{text}\"]"));
                    None
                }
            };
        };
        let mut selections = Vec::new();
        for item in &items {
            if let Some(selection) = self.selection(item, names, false) {
                let findings = &mut self.findings;
                super::check_input::selection(&names.read, &selection, &item.path, findings);
                selections.push(selection);
            }
        }
        (selections.len() == items.len()).then_some(RecordSpikes::Some(selections))
    }

    fn record_state(&mut self, at: &At<'_>, names: &Names) -> Option<RecordState> {
        let keys = ["population", "count", "neurons", "variables", "interval", "start"];
        let fields = self.table(at, &keys)?;
        let target = self.selected(&fields, names, |reader, at| reader.target_name(at, names));
        let variables = self.required(&fields, "variables", "a list of names");
        let interval = self.required(&fields, "interval", "a time");
        let interval = interval.and_then(|at| self.span(&at));
        let start = match fields.find("start") {
            Some(at) => self.span(&at),
            None => Some(Span::ZERO),
        };
        let target = target?;
        let model = &names.read[target.population].model;
        model.descriptor()?;
        let known = model.variables();
        let valid: Vec<&str> = known.iter().map(|v| &*v.name).collect();
        let items = variables.and_then(|at| self.list(&at, "a list of names"))?;
        let mut variables = Vec::new();
        for item in &items {
            let Some(name) = self.text(item, "the name of a variable") else { continue };
            match valid.iter().position(|valid| *valid == name) {
                Some(index) => variables.push(index),
                None => {
                    let code = Code::UnknownName;
                    self.findings.add_name(code, &item.path, "variable", name, &valid);
                }
            }
        }
        let interval = interval?;
        let interval = self.interval(interval);
        let start = self.grid.nearest(Tick(start?.0));
        let record = RecordState { target, variables, interval, start };
        (record.variables.len() == items.len()).then_some(record)
    }
}
