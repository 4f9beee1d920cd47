//! The random input of a scenario, as processes and as plain lists.
//!
//! The lists are what an oracle or a user of another simulator needs: the very same input, event
//! by event.

use super::{CorrelatedProcess, PoissonProcess};
use crate::base::random::Purpose;
use crate::base::{NeuronId, Tick};
use crate::record::Spike;
use crate::scenario::{Model, Scenario};

/// Point processes of several members, generated piece by piece in epochs of time. What is
/// generated for a member is always the same.
pub trait Process {
    /// How many members there are.
    fn members(&self) -> u32;

    /// The first epoch, at or after number `from`, in which something may happen.
    fn next_active_epoch(&self, from: u64) -> Option<u64>;

    /// No event of this epoch or of a later one comes before this tick.
    fn earliest(&self, epoch: u64) -> Tick;

    /// All events of this epoch come before this tick, if that can be said.
    fn end(&self, _epoch: u64) -> Option<Tick> {
        None
    }

    /// Calls `event` with tick and member for the events of an epoch on the members
    /// `first..last`, in no particular order of time.
    fn generate(&self, epoch: u64, first: u32, last: u32, event: impl FnMut(Tick, u32));
}

/// The processes behind background number `which`, one for each selected neuron.
pub fn background_process(scenario: &Scenario, which: usize) -> PoissonProcess {
    let background = &scenario.backgrounds[which];
    let size = scenario.populations[background.target.population].size;
    PoissonProcess::new(
        scenario.seed,
        Purpose::Background,
        which as u64,
        background.target.count(size),
        background.rate_hz.clone(),
        scenario.resolution,
    )
}

/// The processes behind population number `population` of Poisson sources.
pub fn source_process(scenario: &Scenario, population: usize) -> Option<PoissonProcess> {
    let Model::Poisson { rate_hz } = &scenario.populations[population].model else { return None };
    Some(PoissonProcess::new(
        scenario.seed,
        Purpose::PoissonSource,
        population as u64,
        scenario.populations[population].size,
        rate_hz.clone(),
        scenario.resolution,
    ))
}

/// The processes behind population number `population` of sources that share events.
pub fn correlated_process(scenario: &Scenario, population: usize) -> Option<CorrelatedProcess> {
    let Model::CorrelatedPoisson { rate_hz, correlation, jitter } =
        &scenario.populations[population].model
    else {
        return None;
    };
    Some(CorrelatedProcess::new(
        scenario.seed,
        population as u64,
        scenario.populations[population].size,
        rate_hz.clone(),
        (*correlation, *jitter),
        scenario.resolution,
    ))
}

/// All background input of a scenario: (tick, neuron numbered over the whole network, weight),
/// by background and, within one, by time.
pub fn background_events(scenario: &Scenario) -> Vec<(Tick, NeuronId, f64)> {
    let firsts = first_neurons(scenario);
    let mut events = Vec::new();
    for (which, background) in scenario.backgrounds.iter().enumerate() {
        let population = background.target.population;
        let selected = background.target.indices(scenario.populations[population].size);
        let process = background_process(scenario, which);
        let start = events.len();
        for_each_event(&process, Tick(scenario.duration.0), |tick, place| {
            let neuron = NeuronId(firsts[population] + selected[place as usize]);
            events.push((tick, neuron, background.weight));
        });
        events[start..].sort_by_key(|&(tick, neuron, _)| (tick, neuron));
    }
    events
}

/// All spikes of a scenario's sources, in the order (tick, neuron).
pub fn source_spikes(scenario: &Scenario) -> Vec<Spike> {
    let firsts = first_neurons(scenario);
    let duration = Tick(scenario.duration.0);
    let mut spikes = Vec::new();
    for (index, population) in scenario.populations.iter().enumerate() {
        let spike = |tick, source| Spike { tick, neuron: NeuronId(firsts[index] + source) };
        if let Model::SpikeSource { times, .. } = &population.model {
            for (source, times) in times.iter().enumerate() {
                let before = times.iter().filter(|&&tick| tick < duration);
                spikes.extend(before.map(|&tick| spike(tick, source as u32)));
            }
        }
        if let Some(process) = source_process(scenario, index) {
            for_each_event(&process, duration, |tick, source| spikes.push(spike(tick, source)));
        }
        if let Some(process) = correlated_process(scenario, index) {
            for_each_event(&process, duration, |tick, source| spikes.push(spike(tick, source)));
        }
    }
    spikes.sort_unstable();
    spikes.dedup();
    spikes
}

fn first_neurons(scenario: &Scenario) -> Vec<u32> {
    let sizes = scenario.populations.iter().map(|population| population.size);
    sizes
        .scan(0, |next, size| {
            let first = *next;
            *next += size;
            Some(first)
        })
        .collect()
}

/// Calls `event` with tick and member for all events before `until`, in no particular order.
pub(super) fn for_each_event(
    process: &impl Process,
    until: Tick,
    mut event: impl FnMut(Tick, u32),
) {
    let mut epoch = 0;
    while let Some(next) = process.next_active_epoch(epoch) {
        if process.earliest(next) >= until {
            break;
        }
        process.generate(next, 0, process.members(), |tick, neuron| {
            if tick < until {
                event(tick, neuron);
            }
        });
        epoch = next + 1;
    }
}
