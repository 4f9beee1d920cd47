//! What holds for external input and for what is recorded.

use super::check_law::{self, Kind};
use super::codes::Code;
use super::problem::Findings;
use super::read::below;
use super::{Background, CurrentInput, Neurons, Population, Record, RecordSpikes, RecordState};
use super::{Selection, check};
use crate::base::{Span, Tick, Unit};
use crate::neuron::{Descriptor, Range};

/// A selection lies within its population.
pub(super) fn selection(
    populations: &[Population],
    selection: &Selection,
    path: &str,
    findings: &mut Findings,
) {
    let Some(population) = populations.get(selection.population) else {
        let found = format!("there is no population number {}", selection.population);
        findings.add(Code::UnknownPopulation, path, found, "the index of a population");
        return;
    };
    let size = population.size;
    match &selection.neurons {
        Neurons::All => {}
        Neurons::First(count) if (1..=size).contains(count) => {}
        Neurons::First(count) => {
            let found = format!("{count} neurons of `{}`", population.name);
            let allowed = format!("1 to {size}");
            findings.add(Code::NotInPopulation, &below(path, "count"), found, allowed);
        }
        Neurons::List(list) => {
            let path = below(path, "neurons");
            if list.is_empty() {
                findings.add(Code::NotInPopulation, &path, "the list is empty", "neurons");
            } else if let Some(neuron) = list.iter().find(|&&neuron| neuron >= size) {
                let found = format!("neuron {neuron} of `{}`", population.name);
                let allowed = format!("0 to {}", size.saturating_sub(1));
                findings.add(Code::NotInPopulation, &path, found, allowed);
            } else if list.windows(2).any(|pair| pair[0] >= pair[1]) {
                let found = "the neurons are not sorted, or not each once";
                findings.add(Code::NotInPopulation, &path, found, "increasing numbers");
            }
        }
    }
}

/// A selection of neurons; gives their model.
fn target(
    populations: &[Population],
    chosen: &Selection,
    path: &str,
    findings: &mut Findings,
) -> Option<&'static Descriptor> {
    selection(populations, chosen, path, findings);
    let population = populations.get(chosen.population)?;
    if population.model.descriptor().is_none() {
        let found = format!("`{}` only sends", population.name);
        findings.add(Code::WrongKind, path, found, "a population of neurons");
    }
    population.model.descriptor()
}

/// One background.
pub(super) fn background(
    populations: &[Population],
    background: &Background,
    path: &str,
    findings: &mut Findings,
) {
    let descriptor = target(populations, &background.target, &below(path, "target"), findings);
    check::rate(&background.rate_hz, &below(path, "rate"), findings);
    if let Some(descriptor) = descriptor {
        let kind = Kind::new(descriptor.input, Range::Any);
        check_law::value(background.weight, kind, &below(path, "weight"), findings);
    }
}

/// One current.
pub(super) fn current(
    populations: &[Population],
    current: &CurrentInput,
    path: &str,
    findings: &mut Findings,
) {
    let descriptor = target(populations, &current.target, &below(path, "target"), findings);
    let kind = Kind::new(Unit::Pa, Range::Any);
    check_law::steps(&current.current_pa, kind, &below(path, "current"), findings);
    if let Some(descriptor) = descriptor.filter(|model| model.parameter("i_e").is_none()) {
        let found = format!("{} takes no current", descriptor.name);
        let allowed = "a model with the parameter `i_e`";
        findings.add(Code::WrongKind, &below(path, "target"), found, allowed);
    }
}

/// What is recorded.
pub(super) fn record(populations: &[Population], record: &Record, findings: &mut Findings) {
    if let RecordSpikes::Some(selections) = &record.spikes {
        for (index, item) in selections.iter().enumerate() {
            selection(populations, item, &below("record.spikes", index), findings);
        }
    }
    for (index, item) in record.state.iter().enumerate() {
        record_state(populations, item, &below("record.state", index), findings);
    }
    if let Some(every) = record.weights_every {
        interval(every, "record.weights.every", findings);
    }
}

/// One entry of `record.state`.
pub(super) fn record_state(
    populations: &[Population],
    state: &RecordState,
    path: &str,
    findings: &mut Findings,
) {
    let descriptor = target(populations, &state.target, path, findings);
    let known = populations.get(state.target.population).map_or(0, |p| p.model.variables().len());
    let variables = below(path, "variables");
    if state.variables.is_empty() {
        findings.add(Code::WrongCount, &variables, "no variable", "at least one variable");
    }
    for (index, variable) in state.variables.iter().enumerate() {
        if descriptor.is_some() && *variable >= known {
            let found = format!("there is no variable number {variable}");
            let allowed = "the index of a variable";
            findings.add(Code::UnknownName, &below(&variables, index), found, allowed);
        }
        if state.variables[..index].contains(variable) {
            let found = "a variable is there twice";
            findings.add(Code::Contradiction, &below(&variables, index), found, "each once");
        }
    }
    interval(state.interval, &below(path, "interval"), findings);
}

/// The time between two samples.
pub(super) fn interval(interval: Span, path: &str, findings: &mut Findings) {
    if interval == Span::ZERO || interval.0 > Tick::MAX.0 {
        let found = format!("found {interval}");
        let allowed = format!("more than 0 and at most {}", Tick::MAX);
        findings.add(Code::Time, path, found, allowed);
    }
}
