//! One shard: its neurons, the rows that end on them, and what happens to them in a window.

use super::arrivals::Arrivals;
use super::group::{Group, Probe, Setup, Window};
use super::input::{Background, Source};
use crate::base::{NeuronId, Span, Tick};
use crate::network::{Network, Partition};
use crate::queue::{Calendar, WakeQueue};
use crate::record::Spike;
use crate::scenario::{Model, Scenario};
use crate::source::CurrentSchedule;
use crate::synapse::{Synapses, Table};
use hdrhistogram::Histogram;
use std::cmp::Reverse;

/// A spike on its way: a place in a row, from which on the synapses are still to be reached.
///
/// One entry a spike and shard, whatever the fan-out; it is filed under the window of its next
/// arrival and re-filed from there.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    sent: Tick,
    next: u64,
    source: NeuronId,
    population: u16,
}

/// Spike counts and intervals of one neuron.
#[derive(Clone, Copy, Debug, Default)]
pub struct Train {
    /// Number of spikes.
    pub spikes: u64,
    last: Tick,
    sum_ms: f64,
    sum_of_squares: f64,
}

impl Train {
    fn add(&mut self, tick: Tick) {
        if self.spikes > 0 {
            let interval = tick.since(self.last).ms();
            self.sum_ms += interval;
            self.sum_of_squares += interval * interval;
        }
        self.spikes += 1;
        self.last = tick;
    }

    /// Coefficient of variation of the intervals, if there are at least two of them.
    pub fn cv(&self) -> Option<f64> {
        let n = self.spikes.checked_sub(1).filter(|&n| n >= 2)? as f64;
        let mean = self.sum_ms / n;
        let variance = (self.sum_of_squares / n - mean * mean).max(0.0);
        Some(variance.sqrt() / mean)
    }
}

/// What is left of a shard at the end of a run.
pub struct Remains {
    /// Neurons by population; sources are not groups.
    pub groups: Vec<Option<Box<dyn Group>>>,
    /// The spike train statistics of each local neuron.
    pub trains: Vec<Train>,
    /// Synaptic events delivered.
    pub synaptic_events: u64,
    /// Background input delivered.
    pub external_events: u64,
    /// Synapses that each spike reached in this shard.
    pub fan_out: Histogram<u64>,
}

/// A shard.
pub struct Shard<'n> {
    index: u32,
    partition: &'n Partition,
    tables: &'n [Table],
    slice: Span,
    duration: Tick,
    groups: Vec<Option<Box<dyn Group>>>,
    /// First local neuron of each population, and behind the last one their number.
    locals: Vec<u32>,
    flying: Calendar<Cursor>,
    due: Vec<Cursor>,
    wake: WakeQueue,
    arrivals: Arrivals,
    backgrounds: Vec<Background>,
    sources: Vec<Source>,
    currents: CurrentSchedule,
    fired: Vec<(Tick, u32)>,
    trains: Vec<Train>,
    synaptic_events: u64,
    external_events: u64,
    fan_out: Histogram<u64>,
    current: u32,
}

impl<'n> Shard<'n> {
    /// Sets up shard number `index` at time zero.
    pub fn new(scenario: &Scenario, network: &'n Network, index: u32, slice: Span) -> Shard<'n> {
        let partition = &network.partition;
        let mut locals = vec![0];
        for population in 0..partition.populations() {
            let owned = partition.owned(population, index).len() as u32;
            locals.push(locals[population] + owned);
        }
        let neurons = *locals.last().expect("starts with one entry") as usize;
        let mut shard = Shard {
            index,
            partition,
            tables: &network.shards[index as usize].tables,
            slice,
            duration: Tick(scenario.duration.0),
            groups: Vec::new(),
            locals,
            flying: Calendar::default(),
            due: Vec::new(),
            wake: WakeQueue::new(neurons, Span(slice.0.saturating_mul(2))),
            arrivals: Arrivals::new(neurons),
            backgrounds: Vec::new(),
            sources: Vec::new(),
            currents: CurrentSchedule::new(scenario),
            fired: Vec::new(),
            trains: vec![Train::default(); neurons],
            synaptic_events: 0,
            external_events: 0,
            fan_out: Histogram::new(3).expect("three digits are allowed"),
            current: 0,
        };
        shard.add_populations(scenario, network);
        shard.add_backgrounds(scenario);
        shard
    }

    fn add_populations(&mut self, scenario: &Scenario, network: &Network) {
        for (index, population) in scenario.populations.iter().enumerate() {
            let range = self.locals[index]..self.locals[index + 1];
            let mut group = None;
            match &population.model {
                Model::Neuron { descriptor, .. } => {
                    let probes = self.probes(scenario, index);
                    let plan = &network.shards[self.index as usize].neurons[index];
                    let grid = scenario.resolution;
                    group = Setup { plan, descriptor, grid, range, probes }.build();
                }
                model => {
                    let owned = self.partition.owned(index, self.index);
                    let numbers = self.partition.population(index);
                    self.sources.extend(Source::new(scenario, index, model, numbers, owned));
                }
            }
            if let Some(group) = &group {
                group.start(&mut self.wake);
            }
            self.groups.push(group);
        }
    }

    fn add_backgrounds(&mut self, scenario: &Scenario) {
        for (which, background) in scenario.backgrounds.iter().enumerate() {
            let population = background.target.population;
            let owned = self.partition.owned(population, self.index);
            let first_local = self.locals[population];
            self.backgrounds.push(Background::new(scenario, which, owned, first_local));
        }
    }

    fn probes(&self, scenario: &Scenario, population: usize) -> Vec<Probe> {
        let owned = self.partition.owned(population, self.index);
        let size = scenario.populations[population].size;
        let wanted = scenario.record.state.iter().filter(|r| r.target.population == population);
        wanted
            .map(|record| {
                let mine = |index: &u32| owned.contains(index);
                let local = |index: u32| index - owned.start + self.locals[population];
                let neurons: Vec<u32> =
                    record.target.indices(size).into_iter().filter(mine).map(local).collect();
                Probe {
                    variables: record.variables.clone(),
                    interval: record.interval.0,
                    end: self.duration,
                    samples: vec![Vec::new(); neurons.len()],
                    next: vec![Tick::ZERO; neurons.len()],
                    neurons,
                }
            })
            .collect()
    }

    /// Files the rows of the spikes that were sent in the previous window.
    pub fn collect(&mut self, spikes: &[Spike]) {
        for &Spike { tick, neuron } in spikes {
            let population = self.partition.population_of(neuron);
            let table = &self.tables[population];
            if table.synapses.is_empty() {
                continue;
            }
            let row = (neuron.0 - self.partition.population(population).start) as usize;
            let (first, end) = (table.offsets[row], table.offsets[row + 1]);
            if first == end {
                continue;
            }
            self.fan_out.saturating_record(end - first);
            let delay = table.synapses.delay(first);
            let cursor =
                Cursor { sent: tick, next: first, source: neuron, population: population as u16 };
            self.flying.file((tick + delay).0 / self.slice.0, cursor);
        }
    }

    /// Gathers everything that arrives in slice number `number`.
    pub fn deliver(&mut self, number: u64) {
        let start = Tick(number * self.slice.0);
        let end = (start + self.slice).min(self.duration);
        self.arrivals.open(start);
        self.deliver_currents(end);
        self.deliver_background(number, end);
        self.deliver_spikes(number, end);
        while let Some(neuron) = self.wake.pop_before(end) {
            let predicted = self.group_of(neuron).predicted(neuron);
            if predicted < end {
                self.arrivals.concern(neuron);
            } else {
                self.wake.predict(neuron, start, predicted);
            }
        }
    }

    fn group_of(&self, neuron: u32) -> &dyn Group {
        let population = self.locals.partition_point(|&first| first <= neuron) - 1;
        self.groups[population].as_deref().expect("only neurons are woken")
    }

    fn deliver_currents(&mut self, end: Tick) {
        while let Some(tick) = self.currents.pop_before(end) {
            for (population, group) in self.groups.iter().enumerate() {
                let Some(group) = group else { continue };
                let owned = self.partition.owned(population, self.index);
                for (index, neuron) in owned.zip(group.range()) {
                    if self.currents.changes_at(tick, population, index) {
                        let total = group.base_current(neuron)
                            + self.currents.total_at(tick, population, index);
                        self.arrivals.push_drive(neuron, tick, total);
                    }
                }
            }
        }
    }

    fn deliver_background(&mut self, number: u64, end: Tick) {
        for background in &mut self.backgrounds {
            let Shard { arrivals, slice, .. } = self;
            self.external_events += background.take(number, end, *slice, |neuron, tick, weight| {
                arrivals.push(neuron, tick, weight);
            });
        }
    }

    /// Walks the rows that have arrivals in this window, by source, and for one source the
    /// latest spike first: arrivals at one tick are then in the order (source, place in its row).
    fn deliver_spikes(&mut self, number: u64, end: Tick) {
        let mut due = std::mem::take(&mut self.due);
        self.flying.take(number, &mut due);
        due.sort_unstable_by_key(|cursor| (cursor.source, Reverse(cursor.sent)));
        for cursor in &due {
            self.deliver_row(cursor, number, end);
        }
        due.clear();
        self.due = due;
    }

    #[inline]
    fn deliver_row(&mut self, cursor: &Cursor, number: u64, end: Tick) {
        let table = &self.tables[cursor.population as usize];
        let first = self.partition.population(cursor.population as usize).start;
        let row_end = table.offsets[(cursor.source.0 - first) as usize + 1];
        let start = number * self.slice.0;
        match &table.synapses {
            Synapses::OneDelay { delay, rows } => {
                let at = cursor.sent + *delay;
                if at >= end {
                    return;
                }
                let row = &rows[cursor.next as usize..row_end as usize];
                let offset = (at.0 - start) as u32;
                for synapse in row {
                    self.arrivals.push_at(synapse.target, offset, f64::from(synapse.weight));
                }
                self.synaptic_events += row.len() as u64;
            }
            Synapses::OwnDelay { rows } => {
                let row = &rows[cursor.next as usize..row_end as usize];
                // Offsets of arrivals count from the start of the window; the spike may have
                // been sent before it.
                let mut delivered = 0;
                for synapse in row {
                    let at = cursor.sent.0 + u64::from(synapse.delay);
                    if at >= end.0 {
                        break;
                    }
                    let offset = (at - start) as u32;
                    self.arrivals.push_at(synapse.target, offset, f64::from(synapse.weight));
                    delivered += 1;
                }
                self.synaptic_events += delivered;
                if let Some(synapse) = row.get(delivered as usize) {
                    let at = cursor.sent.0 + u64::from(synapse.delay);
                    let rest = Cursor { next: cursor.next + delivered, ..*cursor };
                    if at < self.duration.0 {
                        self.flying.file(at / self.slice.0, rest);
                    }
                }
            }
        }
    }

    /// Brings every neuron that is concerned through the slice and adds its spikes, and those
    /// of the sources, to `spikes`, in no particular order.
    pub fn advance(&mut self, number: u64, spikes: &mut Vec<Spike>) {
        let end = Tick((number + 1) * self.slice.0).min(self.duration);
        self.arrivals.deal();
        let mut window = Window {
            end,
            arrivals: &mut self.arrivals,
            cursor: 0,
            wake: &mut self.wake,
            spikes: &mut self.fired,
            current: &mut self.current,
        };
        for group in self.groups.iter_mut().flatten() {
            group.advance(&mut window);
        }
        self.arrivals.finish();
        for (tick, neuron) in self.fired.drain(..) {
            self.trains[neuron as usize].add(tick);
            let neuron = global(&self.locals, self.partition, self.index, neuron);
            spikes.push(Spike { tick, neuron });
        }
        self.fire_sources(number, end, spikes);
    }

    fn fire_sources(&mut self, number: u64, end: Tick, spikes: &mut Vec<Spike>) {
        let first_new = spikes.len();
        for source in &mut self.sources {
            source.fire(number, end, self.slice, spikes);
        }
        for spike in &spikes[first_new..] {
            let population = self.partition.population_of(spike.neuron);
            let index = spike.neuron.0 - self.partition.population(population).start;
            let owned = self.partition.owned(population, self.index);
            self.trains[(index - owned.start + self.locals[population]) as usize].add(spike.tick);
        }
    }

    /// The earliest tick at which something can happen here without new spikes.
    pub fn next_event(&self) -> Option<Tick> {
        let slice_start = |slice: u64| Tick(slice * self.slice.0);
        let mut next =
            [self.flying.next().map(slice_start), self.wake.next(), self.currents.next()]
                .into_iter()
                .flatten()
                .min();
        let mut consider = |tick: Option<Tick>| {
            next = [next, tick].into_iter().flatten().min();
        };
        for background in &self.backgrounds {
            consider(background.next_event(self.slice));
        }
        for source in &self.sources {
            consider(source.next_event(self.slice));
        }
        next
    }

    /// Spikes in flight.
    pub fn in_flight(&self) -> usize {
        self.flying.len()
    }

    /// The neuron that was worked on last.
    pub fn current(&self) -> NeuronId {
        global(&self.locals, self.partition, self.index, self.current)
    }

    /// Ends the run at `end`: takes the samples that are still due.
    pub fn finish(mut self, end: Tick) -> Remains {
        for group in self.groups.iter_mut().flatten() {
            group.sample_until(end);
        }
        Remains {
            groups: self.groups,
            trains: self.trains,
            synaptic_events: self.synaptic_events,
            external_events: self.external_events,
            fan_out: self.fan_out,
        }
    }
}

/// A local neuron's number in the whole network.
fn global(locals: &[u32], partition: &Partition, shard: u32, neuron: u32) -> NeuronId {
    let population = locals.partition_point(|&first| first <= neuron).min(locals.len() - 1) - 1;
    let index = partition.owned(population, shard).start + (neuron - locals[population]);
    NeuronId(partition.population(population).start + index)
}
