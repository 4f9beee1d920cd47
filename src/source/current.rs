//! Currents that change at given times: the constant current of a neuron becomes its own `i_e`
//! plus the value of every current input that selects it.

use crate::base::Tick;
use crate::base::saved::saved;
use crate::scenario::{CurrentInput, Neurons, Scenario};

/// The changes of all current inputs of a scenario, by time.
#[derive(Clone, Debug)]
pub struct CurrentSchedule {
    inputs: Vec<CurrentInput>,
    /// Each tick at which some input changes, sorted, each once.
    changes: Vec<Tick>,
    next: usize,
}
saved!(CurrentSchedule { next });

impl CurrentSchedule {
    /// The schedule of a scenario.
    pub fn new(scenario: &Scenario) -> CurrentSchedule {
        let inputs = scenario.currents.clone();
        let mut changes: Vec<Tick> = inputs
            .iter()
            .flat_map(|input| input.current_pa.steps.iter().map(|&(tick, _)| tick))
            .collect();
        changes.sort_unstable();
        changes.dedup();
        CurrentSchedule { inputs, changes, next: 0 }
    }

    /// The tick of the next change.
    pub fn next(&self) -> Option<Tick> {
        self.changes.get(self.next).copied()
    }

    /// Takes the next change if it lies before `end`: its tick, and the inputs that change then.
    pub fn pop_before(&mut self, end: Tick) -> Option<Tick> {
        let tick = self.next().filter(|&tick| tick < end)?;
        self.next += 1;
        Some(tick)
    }

    /// Whether some input that selects this neuron changes at `tick`.
    pub fn changes_at(&self, tick: Tick, population: usize, index: u32) -> bool {
        self.inputs.iter().any(|input| {
            input.target.contains(population, index)
                && input.current_pa.steps.iter().any(|&(at, _)| at == tick)
        })
    }

    /// The sum of all inputs to this neuron from `tick` on, in pA.
    pub fn total_at(&self, tick: Tick, population: usize, index: u32) -> f64 {
        self.inputs
            .iter()
            .filter(|input| input.target.contains(population, index))
            .map(|input| input.current_pa.at(tick))
            .fold(0.0, |sum, current| sum + current)
    }
}

impl crate::scenario::Selection {
    /// Whether neuron `index` of a population is selected.
    pub fn contains(&self, population: usize, index: u32) -> bool {
        self.population == population
            && match &self.neurons {
                Neurons::All => true,
                Neurons::First(count) => index < *count,
                Neurons::List(list) => list.binary_search(&index).is_ok(),
            }
    }

    /// How many neurons of a population of this size are selected.
    pub fn count(&self, size: u32) -> u32 {
        match &self.neurons {
            Neurons::All => size,
            Neurons::First(count) => (*count).min(size),
            Neurons::List(list) => list.len() as u32,
        }
    }

    /// The selected neurons of a population of this size, as sorted indices.
    pub fn indices(&self, size: u32) -> Vec<u32> {
        match &self.neurons {
            Neurons::All => (0..size).collect(),
            Neurons::First(count) => (0..*count.min(&size)).collect(),
            Neurons::List(list) => list.clone(),
        }
    }
}

impl crate::scenario::Steps {
    /// The value from `tick` on until the next step.
    pub fn at(&self, tick: Tick) -> f64 {
        let after = self.steps.partition_point(|&(at, _)| at <= tick);
        if after == 0 { 0.0 } else { self.steps[after - 1].1 }
    }
}
