//! Background input and source populations as one shard sees them.

use super::prepaid::Prepaid;
use crate::base::saved::{Misfit, Reader, Saved, saved};
use crate::base::{NeuronId, Span, Tick};
use crate::record::Spike;
use crate::scenario::{Model, Neurons, Scenario};
use crate::source::{
    CorrelatedProcess, PoissonProcess, Process, background_process, correlated_process,
    source_process,
};
use std::ops::Range;

/// Point processes whose events wait until their slice comes.
struct Pending<P> {
    process: P,
    /// Which of the process's members live in this shard.
    owned: Range<u32>,
    next_epoch: u64,
    /// What has been generated beyond the slices that are over: never more than an epoch's events.
    waiting: Vec<(Tick, u32)>,
    /// The earliest of them; in small networks most slices are over before it.
    first_waiting: Tick,
}
saved!(Pending<P> where [P] { next_epoch, waiting, first_waiting });

impl<P: Process> Pending<P> {
    fn new(process: P, owned: Range<u32>) -> Pending<P> {
        Pending {
            process,
            owned,
            next_epoch: 0,
            waiting: Vec::new(),
            first_waiting: Tick(u64::MAX),
        }
    }

    /// Hands out all events before `end` that have not been handed out.
    #[inline]
    fn take(&mut self, end: Tick, mut event: impl FnMut(Tick, u32)) {
        let Pending { process, owned, next_epoch, waiting, first_waiting } = self;
        if *first_waiting < end {
            *first_waiting = Tick(u64::MAX);
            waiting.retain(|&(tick, neuron)| {
                let is_due = tick < end;
                if is_due {
                    event(tick, neuron);
                } else {
                    *first_waiting = tick.min(*first_waiting);
                }
                !is_due
            });
        }
        while let Some(epoch) = process.next_active_epoch(*next_epoch) {
            if process.earliest(epoch) >= end {
                break;
            }
            *next_epoch = epoch + 1;
            if process.end(epoch).is_some_and(|last| last <= end) {
                process.generate(epoch, owned.start, owned.end, &mut event);
                continue;
            }
            process.generate(epoch, owned.start, owned.end, |tick, neuron| {
                if tick < end {
                    event(tick, neuron);
                } else {
                    *first_waiting = tick.min(*first_waiting);
                    waiting.push((tick, neuron));
                }
            });
        }
    }

    /// The earliest tick at which something can happen.
    fn next_event(&self) -> Option<Tick> {
        if self.owned.is_empty() {
            return None;
        }
        let waiting = (!self.waiting.is_empty()).then_some(self.first_waiting);
        let epoch = self.process.next_active_epoch(self.next_epoch);
        let coming = epoch.map(|epoch| self.process.earliest(epoch));
        [waiting, coming].into_iter().flatten().min()
    }
}

/// Which neurons of a shard the members of a background's processes are.
pub struct Places {
    /// The selected neurons of the whole population; `None` for all or the first so many.
    list: Option<Vec<u32>>,
    /// What turns a neuron's place in its population into its place in this shard.
    offset: i64,
}

impl Places {
    /// The local neuron of a member.
    #[inline]
    pub fn neuron(&self, member: u32) -> u32 {
        let index = self.list.as_ref().map_or(member, |list| list[member as usize]);
        (i64::from(index) + self.offset) as u32
    }

    /// What is to be added to a member, wrapping, for its local neuron, if one number does for all.
    #[inline]
    pub fn base(&self) -> Option<u32> {
        self.list.is_none().then_some(self.offset as u32)
    }

    /// The member that is a local neuron; for one that is no member any number or `None`.
    #[inline]
    pub fn member(&self, neuron: u32) -> Option<u32> {
        let index = u32::try_from(i64::from(neuron) - self.offset).ok()?;
        match &self.list {
            None => Some(index),
            Some(list) => list.binary_search(&index).ok().map(|member| member as u32),
        }
    }
}

/// A background input.
pub struct Background {
    /// Its number in the scenario.
    which: u32,
    pending: Pending<PoissonProcess>,
    weight: f64,
    places: Places,
}
saved!(Background { pending });

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
            which: which as u32,
            pending: Pending::new(background_process(scenario, which), selected),
            weight: background.weight,
            places: Places { list, offset: i64::from(first_local) - i64::from(owned.start) },
        }
    }

    /// Its number in the scenario.
    pub fn which(&self) -> u32 {
        self.which
    }

    /// Whether the input can be paid in advance, epoch by epoch: epochs are not longer than `longest`
    /// and frames of `length` hold whole ones. Neither may depend on the shard.
    pub fn can_be_prepaid(&self, length: Span, longest: Span) -> bool {
        let Pending { process, .. } = &self.pending;
        let epoch = process.epoch();
        // What inhibits must not be seen before its time: limits could be passed unseen.
        self.weight >= 0.0
            && process.fits_in_words()
            && epoch <= longest
            && length.0.is_multiple_of(epoch.0)
    }

    /// The same input, to be paid in advance, before tick `end`.
    pub fn into_prepaid(self, end: Tick) -> Prepaid {
        let Background { which, pending: Pending { process, owned, .. }, weight, places } = self;
        Prepaid::new(process, owned, places, which, weight, end)
    }

    /// Hands out the input before `end`, which must not lie beyond the end of the run: calls
    /// `input` with neuron, tick and weight. Returns how much it was.
    pub fn take(&mut self, end: Tick, mut input: impl FnMut(u32, Tick, f64)) -> u64 {
        let Background { pending, weight, places, .. } = self;
        let mut count = 0;
        pending.take(end, |tick, member| {
            input(places.neuron(member), tick, *weight);
            count += 1;
        });
        count
    }

    /// The earliest tick at which something can happen.
    pub fn next_event(&self) -> Option<Tick> {
        self.pending.next_event()
    }
}

/// A population of sources, as far as it lives here.
pub enum Source {
    /// Independent Poisson processes.
    Poisson(Box<Generated<PoissonProcess>>),
    /// Poisson processes that share events.
    Correlated(Box<Generated<CorrelatedProcess>>),
    /// Given spikes, sorted.
    Given {
        /// All spikes of the run.
        spikes: Vec<Spike>,
        /// How many have been sent.
        next: usize,
    },
}

impl Saved for Source {
    fn save(&self, to: &mut Vec<u8>) {
        match self {
            Source::Poisson(source) => source.pending.save(to),
            Source::Correlated(source) => source.pending.save(to),
            Source::Given { next, .. } => next.save(to),
        }
    }

    fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Misfit> {
        match self {
            Source::Poisson(source) => source.pending.restore(from),
            Source::Correlated(source) => source.pending.restore(from),
            Source::Given { next, .. } => next.restore(from),
        }
    }
}

/// Sources and what they have generated; `first` is the number of the population's first source.
pub struct Generated<P> {
    pending: Pending<P>,
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
                Some(Source::Poisson(Box::new(Generated { pending, first: numbers.start })))
            }
            Model::CorrelatedPoisson { .. } => {
                let process = correlated_process(scenario, population)?;
                let pending = Pending::new(process, owned);
                Some(Source::Correlated(Box::new(Generated { pending, first: numbers.start })))
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

    /// Adds the spikes before `end` that have not been sent.
    pub fn fire(&mut self, end: Tick, spikes: &mut Vec<Spike>) {
        match self {
            Source::Given { spikes: given, next } => {
                let before = given[*next..].partition_point(|spike| spike.tick < end);
                spikes.extend_from_slice(&given[*next..*next + before]);
                *next += before;
            }
            Source::Poisson(source) => source.fire(end, spikes),
            Source::Correlated(source) => source.fire(end, spikes),
        }
    }

    /// The earliest tick at which something can happen.
    pub fn next_event(&self) -> Option<Tick> {
        match self {
            Source::Given { spikes, next } => spikes.get(*next).map(|spike| spike.tick),
            Source::Poisson(source) => source.pending.next_event(),
            Source::Correlated(source) => source.pending.next_event(),
        }
    }
}

impl<P: Process> Generated<P> {
    fn fire(&mut self, end: Tick, spikes: &mut Vec<Spike>) {
        let start = spikes.len();
        let first = self.first;
        self.pending.take(end, |tick, index| {
            spikes.push(Spike { tick, neuron: NeuronId(first + index) });
        });
        // A source fires at most once a tick; on a coarse grid two of its events may have
        // fallen together.
        spikes[start..].sort_unstable();
        let mut kept = start;
        for index in start..spikes.len() {
            let spike = spikes[index];
            if kept == start || spikes[kept - 1] != spike {
                spikes[kept] = spike;
                kept += 1;
            }
        }
        spikes.truncate(kept);
    }
}
