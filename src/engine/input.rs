//! Background input and source populations as one shard sees them.

use crate::base::{NeuronId, Span, Tick};
use crate::queue::Calendar;
use crate::record::Spike;
use crate::scenario::{Model, Neurons, Scenario};
use crate::source::{PoissonProcess, background_process, source_process};
use std::ops::Range;

/// Poisson processes whose events wait until their slice comes.
struct Pending<T> {
    process: PoissonProcess,
    /// Which of the process's neurons live in this shard.
    owned: Range<u32>,
    next_epoch: u64,
    events: Calendar<T>,
}

impl<T> Pending<T> {
    fn new(process: PoissonProcess, owned: Range<u32>) -> Pending<T> {
        Pending { process, owned, next_epoch: 0, events: Calendar::default() }
    }

    /// Generates all epochs that start before `end`.
    fn generate_until(&mut self, end: Tick, slice: Span, event: impl Fn(Tick, u32) -> T) {
        while let Some(epoch) = self.process.next_active_epoch(self.next_epoch) {
            if epoch * self.process.epoch().0 >= end.0 {
                break;
            }
            let Pending { process, owned, events, .. } = self;
            process.generate(epoch, owned.start, owned.end, |tick, neuron| {
                events.file(tick.0 / slice.0, event(tick, neuron));
            });
            self.next_epoch = epoch + 1;
        }
    }

    /// The earliest tick at which something can happen.
    fn next_event(&self, slice: Span) -> Option<Tick> {
        if self.owned.is_empty() {
            return None;
        }
        let waiting = self.events.next().map(|number| Tick(number * slice.0));
        let epoch = self.process.next_active_epoch(self.next_epoch);
        let coming = epoch.map(|epoch| Tick(epoch * self.process.epoch().0));
        [waiting, coming].into_iter().flatten().min()
    }
}

/// A background input.
pub struct Background {
    pending: Pending<(u32, Tick)>,
    weight: f64,
    /// The selected neurons of the whole population; `None` for all or the first so many.
    list: Option<Vec<u32>>,
    /// What turns a neuron's place in its population into its place in this shard.
    offset: i64,
    duration: Tick,
    taken: Vec<(u32, Tick)>,
}

impl Background {
    /// Background number `which` of the scenario. This shard owns the neurons `owned` of the
    /// target population; the first of them is local neuron `first_local`.
    pub fn new(scenario: &Scenario, which: usize, owned: Range<u32>, first_local: u32) -> Self {
        let background = &scenario.backgrounds[which];
        let size = scenario.populations[background.target.population].size;
        let count = background.target.count(size);
        let list = match &background.target.neurons {
            Neurons::List(list) => Some(list.clone()),
            Neurons::All | Neurons::First(_) => None,
        };
        let selected = match &list {
            Some(list) => {
                let place = |index| list.partition_point(|&neuron| neuron < index) as u32;
                place(owned.start)..place(owned.end)
            }
            None => owned.start.min(count)..owned.end.min(count),
        };
        Background {
            pending: Pending::new(background_process(scenario, which), selected),
            weight: background.weight,
            list,
            offset: i64::from(first_local) - i64::from(owned.start),
            duration: Tick(scenario.duration.0),
            taken: Vec::new(),
        }
    }

    /// Hands out the input of one slice: calls `input` with neuron, tick and weight. Returns how
    /// much it was.
    pub fn take(
        &mut self,
        number: u64,
        end: Tick,
        slice: Span,
        mut input: impl FnMut(u32, Tick, f64),
    ) -> u64 {
        let Background { pending, weight, list, offset, duration, taken } = self;
        pending.generate_until(end, slice, |tick, place| {
            let index = list.as_ref().map_or(place, |list| list[place as usize]);
            ((i64::from(index) + *offset) as u32, tick)
        });
        pending.events.take(number, taken);
        let mut count = 0;
        for (neuron, tick) in taken.drain(..).filter(|&(_, tick)| tick < *duration) {
            input(neuron, tick, *weight);
            count += 1;
        }
        count
    }

    /// The earliest tick at which something can happen.
    pub fn next_event(&self, slice: Span) -> Option<Tick> {
        self.pending.next_event(slice)
    }
}

/// A population of sources, as far as it lives here.
pub enum Source {
    /// Independent Poisson processes; `first` is the number of the population's first source.
    Poisson(Box<PoissonSource>),
    /// Given spikes, sorted.
    Given {
        /// All spikes of the run.
        spikes: Vec<Spike>,
        /// How many have been sent.
        next: usize,
    },
}

/// Poisson sources and what they have generated.
pub struct PoissonSource {
    pending: Pending<Spike>,
    first: u32,
}

impl Source {
    /// The sources `owned` of a population whose members have the given `numbers`; `None` for
    /// neurons.
    pub fn new(
        scenario: &Scenario,
        population: usize,
        model: &Model,
        numbers: Range<u32>,
        owned: Range<u32>,
    ) -> Option<Source> {
        match model {
            Model::Neuron { .. } => None,
            Model::Poisson { .. } => {
                let process = source_process(scenario, population)?;
                let pending = Pending::new(process, owned);
                Some(Source::Poisson(Box::new(PoissonSource { pending, first: numbers.start })))
            }
            Model::SpikeSource { times, .. } => {
                let of_source = |index: u32| {
                    let neuron = NeuronId(numbers.start + index);
                    times[index as usize].iter().map(move |&tick| Spike { tick, neuron })
                };
                let mut spikes: Vec<Spike> = owned.flat_map(of_source).collect();
                spikes.sort_unstable();
                Some(Source::Given { spikes, next: 0 })
            }
        }
    }

    /// Adds the spikes of one slice, which ends at `end`.
    pub fn fire(&mut self, number: u64, end: Tick, slice: Span, spikes: &mut Vec<Spike>) {
        match self {
            Source::Given { spikes: given, next } => {
                let before = given[*next..].partition_point(|spike| spike.tick < end);
                spikes.extend_from_slice(&given[*next..*next + before]);
                *next += before;
            }
            Source::Poisson(source) => source.fire(number, end, slice, spikes),
        }
    }

    /// The earliest tick at which something can happen.
    pub fn next_event(&self, slice: Span) -> Option<Tick> {
        match self {
            Source::Given { spikes, next } => spikes.get(*next).map(|spike| spike.tick),
            Source::Poisson(source) => source.pending.next_event(slice),
        }
    }
}

impl PoissonSource {
    fn fire(&mut self, number: u64, end: Tick, slice: Span, spikes: &mut Vec<Spike>) {
        let first = self.first;
        self.pending.generate_until(end, slice, |tick, index| Spike {
            tick,
            neuron: NeuronId(first + index),
        });
        let start = spikes.len();
        self.pending.events.take(number, spikes);
        // A source fires at most once a tick; on a coarse grid two of its events may have
        // fallen together.
        spikes[start..].sort_unstable();
        let mut kept = start;
        for index in start..spikes.len() {
            let spike = spikes[index];
            let repeated = kept > start && spikes[kept - 1] == spike;
            if spike.tick < end && !repeated {
                spikes[kept] = spike;
                kept += 1;
            }
        }
        spikes.truncate(kept);
    }
}
