//! How two spike trains differ: where they part, and how their statistics compare.

use super::SpikeRecord;
use crate::base::{Span, Tick};
use crate::record::Spike;
use crate::record::statistics::{TrainStatistics, describe, kolmogorov_smirnov, rate_hz};
use serde::Serialize;

/// The result of comparing two trains.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Whether every spike is the same.
    pub equal: bool,
    /// Spikes of the first and the second train.
    pub spikes: [u64; 2],
    /// Spikes that come before the first difference.
    pub common: u64,
    /// The first difference.
    pub first_difference: Option<FirstDifference>,
    /// Population by population.
    pub populations: Vec<PopulationComparison>,
}

/// Where two trains part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FirstDifference {
    /// The first train's next spike there; `None` if it has ended.
    pub first: Option<PlacedSpike>,
    /// The second train's.
    pub second: Option<PlacedSpike>,
}

/// A spike as people name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlacedSpike {
    /// When.
    pub tick: u64,
    /// The place of the population in the order of the comparison.
    #[serde(skip)]
    place: usize,
    /// The neuron's index within its population.
    pub neuron: u32,
    /// Its population.
    pub population: String,
}

/// One population in both trains; a side is empty where the population does not exist.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PopulationComparison {
    /// Its name.
    pub name: String,
    /// Recorded neurons.
    pub recorded: [u32; 2],
    /// Spikes.
    pub spikes: [u64; 2],
    /// Mean rates.
    pub rate_hz: [f64; 2],
    /// Mean coefficients of variation of intervals.
    pub cv_isi: [Option<f64>; 2],
    /// Kolmogorov-Smirnov distance of the intervals: 0 equal, 1 disjoint.
    pub ks_intervals: Option<f64>,
}

/// Compares two trains. Neurons are matched by population name and index, or by their numbers
/// over the whole network where one side does not know its populations.
pub fn compare(first: &SpikeRecord, second: &SpikeRecord) -> Comparison {
    let nameless = |record: &SpikeRecord| record.layout.names() == ["all"];
    if nameless(first) != nameless(second) {
        return compare(&without_names(first), &without_names(second));
    }
    let names = all_names(first, second);
    let a = placed(first, &names);
    let b = placed(second, &names);
    let common = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let equal = common == a.len() && common == b.len();
    let place = |keys: &[Key]| keys.get(common).map(|key| key.named(&names));
    Comparison {
        equal,
        spikes: [a.len() as u64, b.len() as u64],
        common: common as u64,
        first_difference: (!equal).then(|| FirstDifference { first: place(&a), second: place(&b) }),
        populations: names.iter().map(|name| population(first, second, name)).collect(),
    }
}

/// A spike by content: when, which population in the common order, which of its neurons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    tick: Tick,
    place: usize,
    neuron: u32,
}

impl Key {
    fn named(&self, names: &[String]) -> PlacedSpike {
        PlacedSpike {
            tick: self.tick.0,
            place: self.place,
            neuron: self.neuron,
            population: names[self.place].clone(),
        }
    }
}

fn placed(record: &SpikeRecord, names: &[String]) -> Vec<Key> {
    let place = |name: &String| names.iter().position(|known| known == name);
    let places: Vec<usize> = record.layout.names().iter().filter_map(place).collect();
    let key = |spike: &Spike| {
        let (population, neuron) = record.layout.find(spike.neuron).expect("readers check it");
        Key { tick: spike.tick, place: places[population], neuron }
    };
    let mut keys: Vec<Key> = record.spikes.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

/// The first record's populations, then those that only the second knows.
fn all_names(first: &SpikeRecord, second: &SpikeRecord) -> Vec<String> {
    let mut names = first.layout.names().to_vec();
    let new = second.layout.names().iter().filter(|name| !names.contains(name)).cloned();
    let new: Vec<String> = new.collect();
    names.extend(new);
    names
}

fn without_names(record: &SpikeRecord) -> SpikeRecord {
    let all = super::Layout::new([("all".to_string(), record.layout.neurons())]);
    SpikeRecord {
        layout: all.expect("one population always fits"),
        recorded: vec![record.recorded.iter().sum()],
        ..record.clone()
    }
}

fn population(first: &SpikeRecord, second: &SpikeRecord, name: &str) -> PopulationComparison {
    let side = |record: &SpikeRecord| -> (u32, TrainStatistics) {
        match record.layout.names().iter().position(|known| known == name) {
            Some(p) => (record.recorded[p], describe(&record.spikes, record.layout.range(p))),
            None => (0, TrainStatistics::default()),
        }
    };
    let rate = |record: &SpikeRecord, recorded: u32, spikes: u64| {
        rate_hz(spikes, u64::from(recorded), Span(record.end.0))
    };
    let ((na, a), (nb, b)) = (side(first), side(second));
    PopulationComparison {
        name: name.to_string(),
        recorded: [na, nb],
        spikes: [a.spikes, b.spikes],
        rate_hz: [rate(first, na, a.spikes), rate(second, nb, b.spikes)],
        cv_isi: [a.cv, b.cv],
        ks_intervals: kolmogorov_smirnov(&a.intervals, &b.intervals),
    }
}

impl PlacedSpike {
    /// `exc[17] at 12.345678 ms`.
    pub fn describe(&self) -> String {
        format!("{}[{}] at {} ms", self.population, self.neuron, Tick(self.tick).ms())
    }
}

#[cfg(test)]
mod tests {
    use super::super::spikes::tests::{layout, spikes};
    use super::*;

    fn record() -> SpikeRecord {
        let end = Tick(1_000_000_000);
        SpikeRecord { layout: layout(), recorded: vec![3, 2], spikes: spikes(), end }
    }

    #[test]
    fn equal_trains_are_equal() {
        let seen = compare(&record(), &record());
        assert!(seen.equal && seen.first_difference.is_none());
        assert_eq!((seen.common, seen.spikes), (4, [4, 4]));
        assert_eq!(seen.populations[1].ks_intervals, Some(0.0));
        assert_eq!(seen.populations[0].rate_hz, [2.0 / 3.0, 2.0 / 3.0]);
    }

    #[test]
    fn the_first_spike_that_moved_is_named() {
        let mut other = record();
        other.spikes[2].tick.0 += 5;
        let seen = compare(&record(), &other);
        let difference = seen.first_difference.unwrap();
        assert_eq!(difference.first.unwrap().describe(), "exc[2] at 12.345678 ms");
        assert_eq!(difference.second.unwrap().tick, 12_345_683);
        assert_eq!((seen.equal, seen.common), (false, 2));
    }

    #[test]
    fn a_train_that_ends_early_differs() {
        let mut other = record();
        other.spikes.pop();
        let difference = compare(&record(), &other).first_difference.unwrap();
        assert_eq!(difference.first.unwrap().describe(), "in[1] at 999.999999 ms");
        assert_eq!(difference.second, None);
    }

    #[test]
    fn names_count_where_both_know_them_and_numbers_otherwise() {
        let mut nameless = without_names(&record());
        assert!(compare(&record(), &nameless).equal);
        nameless.spikes[0].neuron.0 = 1;
        assert!(!compare(&record(), &nameless).equal);
        // The same populations in another order of numbers.
        let mut turned = record();
        turned.layout =
            super::super::Layout::new([("in".to_string(), 2), ("exc".to_string(), 3)]).unwrap();
        for spike in &mut turned.spikes {
            spike.neuron.0 = (spike.neuron.0 + 2) % 5;
        }
        turned.spikes.sort_unstable();
        assert!(compare(&record(), &turned).equal);
    }
}
