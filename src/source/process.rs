//! The random input of a scenario, as processes and as plain lists.
//!
//! The lists are what an oracle or a user of another simulator needs: the very same input, event
//! by event.

use super::PoissonProcess;
use crate::base::random::Purpose;
use crate::base::{NeuronId, Tick};
use crate::record::Spike;
use crate::scenario::{Model, Scenario};

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

fn for_each_event(process: &PoissonProcess, until: Tick, mut event: impl FnMut(Tick, u32)) {
    let mut epoch = 0;
    while let Some(next) = process.next_active_epoch(epoch) {
        if next * process.epoch().0 >= until.0 {
            break;
        }
        process.generate(next, 0, process.neurons(), |tick, neuron| {
            if tick < until {
                event(tick, neuron);
            }
        });
        epoch = next + 1;
    }
}
