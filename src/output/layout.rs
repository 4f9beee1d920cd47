//! Who is who: populations and the numbers of their neurons.

use crate::base::NeuronId;
use crate::scenario::{Neurons, RecordSpikes, Scenario, Selection};
use std::ops::Range;

/// Populations in the order of their neurons' numbers, which run over the whole network from 0.
///
/// Invariant: `starts` has one entry more than `names`, starts at 0 and never falls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    names: Vec<String>,
    starts: Vec<u32>,
}

impl Layout {
    /// Populations with these names and sizes; `None` if there are more neurons than numbers.
    pub fn new(populations: impl IntoIterator<Item = (String, u32)>) -> Option<Layout> {
        let mut layout = Layout { names: Vec::new(), starts: vec![0] };
        for (name, size) in populations {
            let end = layout.neurons().checked_add(size)?;
            layout.names.push(name);
            layout.starts.push(end);
        }
        Some(layout)
    }

    /// The populations of a scenario.
    ///
    /// # Panics
    /// If the scenario has more neurons than there are numbers, which its reader refuses.
    pub fn of(scenario: &Scenario) -> Layout {
        let populations = scenario.populations.iter().map(|p| (p.name.clone(), p.size));
        Layout::new(populations).expect("the number of neurons was checked")
    }

    /// How many populations.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no population.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Neurons and sources of all populations.
    pub fn neurons(&self) -> u32 {
        *self.starts.last().expect("starts with one entry")
    }

    /// The names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// First neuron of each population, and behind the last one the number of all.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The neurons of a population.
    pub fn range(&self, population: usize) -> Range<u32> {
        self.starts[population]..self.starts[population + 1]
    }

    /// A neuron's population and its index within it; `None` for a number that nobody has.
    pub fn find(&self, neuron: NeuronId) -> Option<(usize, u32)> {
        let population = self.starts.partition_point(|&start| start <= neuron.0) - 1;
        (population < self.len()).then(|| (population, neuron.0 - self.starts[population]))
    }

    /// A neuron as people name it: `exc[17]`.
    pub fn label(&self, neuron: NeuronId) -> String {
        match self.find(neuron) {
            Some((population, index)) => format!("{}[{index}]", self.names[population]),
            None => format!("neuron {}", neuron.0),
        }
    }

    /// The neurons whose spikes a scenario records: sorted, each once.
    pub fn recorded(&self, spikes: &RecordSpikes) -> Vec<u32> {
        match spikes {
            RecordSpikes::All => (0..self.neurons()).collect(),
            RecordSpikes::None => Vec::new(),
            RecordSpikes::Some(selections) => {
                let mut all: Vec<u32> = selections.iter().flat_map(|s| self.selected(s)).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
        }
    }

    fn selected(&self, selection: &Selection) -> Vec<u32> {
        let range = self.range(selection.population);
        match &selection.neurons {
            Neurons::All => range.collect(),
            Neurons::First(count) => range.take(*count as usize).collect(),
            Neurons::List(list) => list.iter().map(|index| range.start + index).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        Layout::new([("a".to_string(), 2), ("none".to_string(), 0), ("b".to_string(), 3)]).unwrap()
    }

    #[test]
    fn neurons_find_their_population() {
        let layout = layout();
        let find = |n| layout.find(NeuronId(n));
        assert_eq!([find(0), find(1), find(2)], [Some((0, 0)), Some((0, 1)), Some((2, 0))]);
        assert_eq!(find(5), None);
        assert_eq!(layout.label(NeuronId(4)), "b[2]");
        assert_eq!(layout.label(NeuronId(5)), "neuron 5");
    }

    #[test]
    fn recorded_neurons_are_sorted_and_stand_once() {
        let select = |population, neurons| Selection { population, neurons };
        let some = RecordSpikes::Some(vec![
            select(2, Neurons::List(vec![0, 2])),
            select(0, Neurons::First(1)),
            select(2, Neurons::First(2)),
        ]);
        assert_eq!(layout().recorded(&some), [0, 2, 3, 4]);
        assert_eq!(layout().recorded(&RecordSpikes::All), [0, 1, 2, 3, 4]);
        assert!(layout().recorded(&RecordSpikes::None).is_empty());
    }

    #[test]
    fn too_many_neurons_are_refused() {
        let two = [("a".to_string(), u32::MAX), ("b".to_string(), 1)];
        assert_eq!(Layout::new(two), None);
    }
}
