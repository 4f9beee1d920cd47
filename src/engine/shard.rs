//! One shard: its neurons, the rows that end on them, and what happens to them in a window.

use super::arrivals::Arrivals;
use super::failure::Task;
use super::group::{Group, Probe, Setup, Window};
use super::input::{Background, Source};
use super::superposition::Superposition;
use crate::base::{Decay, NeuronId, Span, Tick};
use crate::network::{Network, Partition};
use crate::queue::{Calendar, WakeQueue};
use crate::record::Spike;
use crate::scenario::{Model, Scenario};
use crate::source::CurrentSchedule;
use crate::synapse::{DelayedSynapse, Synapse, Synapses, Table};
use hdrhistogram::Histogram;
use std::cell::Cell;
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

/// A stretch of a row that is reached in one slice.
enum Reached<'n> {
    /// Synapses of one delay.
    Together { at: Tick, row: &'n [Synapse] },
    /// Synapses with their own delays.
    Singly { sent: Tick, row: &'n [DelayedSynapse] },
}

impl Reached<'_> {
    /// Calls `visit` with each target, time of arrival and weight.
    #[inline]
    fn for_each(&self, mut visit: impl FnMut(u32, Tick, f64)) {
        match self {
            Reached::Together { at, row } => {
                for synapse in *row {
                    visit(synapse.target, *at, f64::from(synapse.weight));
                }
            }
            Reached::Singly { sent, row } => {
                for synapse in *row {
                    let at = Tick(sent.0 + u64::from(synapse.delay));
                    visit(synapse.target, at, f64::from(synapse.weight));
                }
            }
        }
    }
}

/// How many items at the start fulfil a condition that later ones do not: strides that double,
/// then bisection, so that a short stretch of a long row costs little.
#[inline]
fn count_while<T>(items: &[T], condition: impl Fn(&T) -> bool) -> usize {
    let mut stride = 4;
    while stride < items.len() && condition(&items[stride]) {
        stride *= 2;
    }
    items[..items.len().min(stride)].partition_point(condition)
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

/// Stands for no neuron and for no cursor.
const NONE: u32 = u32::MAX;

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
    /// Room for the rows of new spikes and their first delays.
    sent: Vec<(Cursor, Span)>,
    due: Vec<Cursor>,
    /// For each cursor of `due` how many synapses it reaches in the slice.
    reach: Vec<u32>,
    wake: WakeQueue,
    arrivals: Arrivals,
    backgrounds: Vec<Background>,
    sources: Vec<Source>,
    currents: CurrentSchedule,
    superposition: Option<Superposition>,
    fired: Vec<(Tick, u32)>,
    trains: Vec<Train>,
    synaptic_events: u64,
    external_events: u64,
    fan_out: Histogram<u64>,
    /// What is being done, for a worker's last words.
    task: Task,
    /// The local neuron that is being worked on, or `NONE`; likewise.
    current: u32,
    /// The place in `due` of the row that is being walked, or `NONE`; likewise.
    walked: Cell<u32>,
}

impl<'n> Shard<'n> {
    /// Sets up shard number `index` at time zero. With a `decay`, inputs are superposed.
    pub fn new(
        scenario: &Scenario,
        network: &'n Network,
        index: u32,
        slice: Span,
        decay: Option<&Decay>,
    ) -> Shard<'n> {
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
            sent: Vec::new(),
            due: Vec::new(),
            reach: Vec::new(),
            wake: WakeQueue::new(neurons, Span(slice.0.saturating_mul(2))),
            arrivals: Arrivals::new(neurons),
            backgrounds: Vec::new(),
            sources: Vec::new(),
            currents: CurrentSchedule::new(scenario),
            superposition: decay.map(|decay| Superposition::new(decay.clone(), neurons)),
            fired: Vec::new(),
            trains: vec![Train::default(); neurons],
            synaptic_events: 0,
            external_events: 0,
            fan_out: Histogram::new(3).expect("three digits are allowed"),
            task: Task::SettingUp,
            current: NONE,
            walked: Cell::new(NONE),
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
                    if let Some(superposition) = &mut self.superposition {
                        for &neuron in probes.iter().flat_map(|probe| &probe.neurons) {
                            superposition.watch(neuron);
                        }
                    }
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
        self.task = Task::Collecting;
        // Three passes, each of independent reads: where the rows are, how each begins, and then
        // the filing. See `Shard::measure_reach`.
        let mut rows = std::mem::take(&mut self.sent);
        for &Spike { tick, neuron } in spikes {
            let population = self.partition.population_of(neuron);
            let first = self.partition.population(population).start;
            let row = self.tables[population].row(neuron.0 - first);
            if !row.is_empty() {
                self.fan_out.record(row.len() as u64).expect("it grows as needed");
                let next = row.start as u64;
                let population = population as u16;
                let cursor = Cursor { sent: tick, next, source: neuron, population };
                rows.push((cursor, Span::ZERO));
            }
        }
        for (cursor, delay) in &mut rows {
            *delay = self.tables[cursor.population as usize].synapses.delay(cursor.next);
        }
        for (cursor, delay) in rows.drain(..) {
            self.flying.file((cursor.sent + delay).0 / self.slice.0, cursor);
        }
        self.sent = rows;
    }

    /// Gathers everything that arrives in slice number `number`.
    pub fn deliver(&mut self, number: u64) {
        self.task = Task::Delivering { source: None };
        let start = Tick(number * self.slice.0);
        let end = (start + self.slice).min(self.duration);
        self.arrivals.open(start);
        self.deliver_currents(end);
        self.wake_neurons(start, end);
        let mut due = std::mem::take(&mut self.due);
        self.flying.take(number, &mut due);
        // By source, and for one source the latest spike first: arrivals at one tick are then in
        // the order (source, place in its row).
        due.sort_unstable_by_key(|cursor| (cursor.source, Reverse(cursor.sent)));
        self.due = due;
        self.measure_reach(end);
        if let Some(mut superposition) = self.superposition.take() {
            self.deliver_superposed(number, end, &mut superposition);
            self.superposition = Some(superposition);
        } else {
            self.deliver_singly(number, end);
        }
        self.park();
    }

    fn wake_neurons(&mut self, start: Tick, end: Tick) {
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

    /// Works out how far each due cursor reaches in the slice that ends at `end`.
    fn measure_reach(&mut self, end: Tick) {
        // Rows lie far apart in memory. Asking for the first synapse of each in a loop that does
        // nothing else keeps many of these reads in flight at once, instead of one at a time.
        let mut asked = 0;
        for cursor in &self.due {
            if let Synapses::OwnDelay { rows } = &self.tables[cursor.population as usize].synapses {
                asked ^= rows[cursor.next as usize].target;
            }
        }
        std::hint::black_box(asked);
        let Shard { reach, due, tables, partition, .. } = self;
        reach.clear();
        reach.extend(due.iter().map(|cursor| {
            let table = &tables[cursor.population as usize];
            let first = partition.population(cursor.population as usize).start;
            let rest = cursor.next as usize..table.row(cursor.source.0 - first).end;
            match &table.synapses {
                Synapses::OneDelay { delay, .. } if cursor.sent + *delay >= end => 0,
                Synapses::OneDelay { .. } => rest.len() as u32,
                Synapses::OwnDelay { rows } => {
                    let before = end.0.saturating_sub(cursor.sent.0);
                    let is_due = |synapse: &DelayedSynapse| u64::from(synapse.delay) < before;
                    count_while(&rows[rest], is_due) as u32
                }
            }
        }));
        self.synaptic_events += self.reach.iter().map(|&count| u64::from(count)).sum::<u64>();
    }

    /// What the due spikes reach in this slice, spike by spike.
    fn reached(&self) -> impl Iterator<Item = Reached<'n>> + '_ {
        self.due.iter().zip(&self.reach).enumerate().map(|(place, (cursor, &count))| {
            self.walked.set(place as u32);
            let piece = cursor.next as usize..cursor.next as usize + count as usize;
            match &self.tables[cursor.population as usize].synapses {
                Synapses::OneDelay { delay, rows } => {
                    Reached::Together { at: cursor.sent + *delay, row: &rows[piece] }
                }
                Synapses::OwnDelay { rows } => {
                    Reached::Singly { sent: cursor.sent, row: &rows[piece] }
                }
            }
        })
    }

    /// Files what is left of each spike's row under the slice of its next arrival.
    fn park(&mut self) {
        for (cursor, &count) in self.due.iter().zip(&self.reach) {
            let table = &self.tables[cursor.population as usize];
            let first = self.partition.population(cursor.population as usize).start;
            let next = cursor.next + u64::from(count);
            if next < table.row(cursor.source.0 - first).end as u64 {
                let at = cursor.sent + table.synapses.delay(next);
                if at < self.duration {
                    self.flying.file(at.0 / self.slice.0, Cursor { next, ..*cursor });
                }
            }
        }
        self.due.clear();
    }

    /// Gathers every arrival for its target.
    fn deliver_singly(&mut self, number: u64, end: Tick) {
        let Shard { backgrounds, arrivals, slice, external_events, .. } = self;
        for background in backgrounds {
            *external_events += background.take(number, end, *slice, |neuron, tick, weight| {
                arrivals.push(neuron, tick, weight);
            });
        }
        let mut arrivals = std::mem::take(&mut self.arrivals);
        for reached in self.reached() {
            reached.for_each(|neuron, at, weight| arrivals.push(neuron, at, weight));
        }
        self.walked.set(NONE);
        self.arrivals = arrivals;
    }

    /// Adds up every arrival, lets the neurons take the sums, and gathers the arrivals of those
    /// that could not.
    fn deliver_superposed(&mut self, number: u64, end: Tick, loads: &mut Superposition) {
        loads.open(end);
        for background in &mut self.backgrounds {
            let slice = self.slice;
            self.external_events += background.take(number, end, slice, |neuron, tick, weight| {
                loads.add(neuron, weight, loads.left_of(tick));
                loads.external.push((neuron, tick, weight));
            });
        }
        for reached in self.reached() {
            match reached {
                Reached::Together { at, row } if !row.is_empty() => {
                    let left = loads.left_of(at);
                    for synapse in row {
                        loads.add(synapse.target, f64::from(synapse.weight), left);
                    }
                }
                reached => reached.for_each(|neuron, at, weight| {
                    loads.add(neuron, weight, loads.left_of(at));
                }),
            }
        }
        self.walked.set(NONE);
        let Shard { groups, arrivals, wake, current, .. } = self;
        for group in groups.iter_mut().flatten() {
            group.superpose(end, loads, arrivals, wake, current);
        }
        self.current = NONE;
        self.gather_concerned(loads);
    }

    /// The second walk: the arrivals of the neurons that must be brought through one by one.
    fn gather_concerned(&mut self, loads: &Superposition) {
        for &(neuron, tick, weight) in &loads.external {
            if self.arrivals.is_concerned(neuron) {
                self.arrivals.push(neuron, tick, weight);
            }
        }
        let mut arrivals = std::mem::take(&mut self.arrivals);
        for reached in self.reached() {
            reached.for_each(|neuron, at, weight| {
                if arrivals.is_concerned(neuron) {
                    arrivals.push(neuron, at, weight);
                }
            });
        }
        self.walked.set(NONE);
        self.arrivals = arrivals;
    }

    /// Brings every neuron that is concerned through the slice and adds its spikes, and those
    /// of the sources, to `spikes`, in no particular order.
    pub fn advance(&mut self, number: u64, spikes: &mut Vec<Spike>) {
        let end = Tick((number + 1) * self.slice.0).min(self.duration);
        self.task = Task::Advancing;
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
        self.current = NONE;
        self.task = Task::Sending;
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

    /// What is being done, or was when a panic came: looked up when asked for, so that the loops
    /// only note where they are.
    pub fn task(&self) -> Task {
        if self.current != NONE {
            let last_event = self.group_of(self.current).last_event(self.current);
            let neuron = global(&self.locals, self.partition, self.index, self.current);
            return Task::Neuron { neuron, last_event };
        }
        match self.task {
            Task::Delivering { .. } => {
                let cursor = self.due.get(self.walked.get() as usize);
                Task::Delivering { source: cursor.map(|cursor| cursor.source) }
            }
            other => other,
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::superposition::Load;
    use crate::network::BYTES_PER_PLACE;

    #[test]
    fn a_neuron_takes_what_the_estimate_says() {
        // Statistics, load, next visit, number of inputs, and three bits.
        let held = size_of::<Train>() + size_of::<Load>() + size_of::<Tick>() + size_of::<u32>();
        let bound = BYTES_PER_PLACE as usize;
        assert!(held < bound && bound <= held + 8, "{held} bytes are held, {bound} are estimated");
    }
}
