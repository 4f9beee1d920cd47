//! One shard: its neurons, the rows that end on them, and what happens to them in a window.

use super::arrivals::Arrivals;
use super::by_row::Event;
use super::dendrites::{self, Dendrites};
use super::failure::Task;
use super::flight::{Flight, Left};
use super::frames::{self, Batch, Frames, Point, Work};
use super::group::{Group, Probe, Setup, Window};
use super::input::{Background, Source};
use super::learning::Sample;
use super::points::ByTime;
use super::run::{Cut, Way};
use super::sampler::Sampler;
use crate::base::digest::Digest;
use crate::base::saved::{saved, value};
use crate::base::{NeuronId, Span, Tick};
use crate::network::{Network, Partition};
use crate::neuron::cell::{InputKind, NEVER};
use crate::neuron::receptor::LEAK;
use crate::queue::WakeQueue;
use crate::record::Spike;
use crate::scenario::{self, Model, Scenario};
use crate::source::{CurrentSchedule, Lessons};
use crate::synapse::Table;
use hdrhistogram::Histogram;

/// Spike counts and intervals of one neuron.
#[derive(Clone, Copy, Debug, Default)]
pub struct Train {
    /// Number of spikes.
    pub spikes: u64,
    last: Tick,
    sum_ms: f64,
    sum_of_squares: f64,
}
value!(Train { spikes, last, sum_ms, sum_of_squares });

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
    groups: Vec<Option<Box<dyn Group>>>,
    frames: Option<Box<dyn Frames>>,
    dendrites: Option<Dendrites>,
    /// The spike train statistics of each local neuron.
    pub trains: Vec<Train>,
    /// Synaptic events delivered.
    pub synaptic_events: u64,
    /// Background input delivered.
    pub external_events: u64,
    /// Synapses that each spike reached in this shard.
    pub fan_out: Histogram<u64>,
    /// What is left of each plastic projection.
    pub learned: Vec<Left>,
    /// What was found at each time of sampling in each plastic projection.
    pub samples: Vec<(Tick, Vec<Sample>)>,
    /// Memory that synapses that change took at the end, with their rows.
    pub learning_bytes: u64,
}

impl Remains {
    /// Adds the exact state of a population's neurons to a digest.
    pub fn digest(&self, population: usize, digest: &mut Digest) {
        if let Some(group) = &self.groups[population] {
            group.digest(digest);
        }
        if let Some(frames) = &self.frames {
            frames.digest(population, digest);
        }
        if let Some(dendrites) = &self.dendrites {
            dendrites.digest(population, digest);
        }
    }

    /// The probes of a population with their samples.
    pub fn probes(&mut self, population: usize) -> Vec<Probe> {
        if let Some(frames) = &mut self.frames {
            return frames.probes(population);
        }
        if let Some(dendrites) = &mut self.dendrites {
            return dendrites.probes(population);
        }
        self.groups[population].as_mut().map(|group| group.probes()).unwrap_or_default()
    }
}

/// Stands for no neuron.
const NONE: u32 = u32::MAX;

/// A shard.
pub struct Shard<'n> {
    index: u32,
    partition: &'n Partition,
    tables: &'n [Table],
    slice: Span,
    cut: Cut,
    duration: Tick,
    groups: Vec<Option<Box<dyn Group>>>,
    /// First local neuron of each population, and behind the last one their number.
    locals: Vec<u32>,
    flight: Flight<'n>,
    wake: WakeQueue,
    arrivals: Arrivals,
    backgrounds: Vec<Background>,
    sources: Vec<Source>,
    currents: CurrentSchedule,
    teachers: Vec<Lessons>,
    /// The neurons, where the network is run in frames; there are no groups then.
    frames: Option<Box<dyn Frames>>,
    /// Likewise, where it is run by rows of dendrites.
    dendrites: Option<Dendrites>,
    points: ByTime<Point>,
    batches: Vec<Batch>,
    drives: Vec<(Tick, u32, f64)>,
    fired: Vec<(Tick, u32)>,
    trains: Vec<Train>,
    external_events: u64,
    /// How often synapses that change are settled, and when next.
    settle_every: Span,
    settle_next: Tick,
    sampler: Sampler,
    /// Whether part of a slice has been gathered.
    is_open: bool,
    /// What is being done, for a worker's last words.
    task: Task,
    /// The local neuron that is being worked on, or `NONE`; likewise.
    current: u32,
}
saved!(Shard<'_> {
    flight, wake, currents, trains, external_events, settle_next, sampler;
    each backgrounds, sources, teachers, frames, dendrites; flat groups
});

impl<'n> Shard<'n> {
    /// Sets up shard number `index` at time zero, for the lane that was chosen. `own` are the tables of
    /// the plastic projections, if they have been taken out of the network.
    pub fn new(
        scenario: &'n Scenario,
        network: &'n Network,
        index: u32,
        (cut, way): (Cut, Way),
        settle_every: Span,
        own: Vec<Table>,
    ) -> Shard<'n> {
        let partition = &network.partition;
        let mut locals = vec![0];
        for population in 0..partition.populations() {
            let owned = partition.owned(population, index).len() as u32;
            locals.push(locals[population] + owned);
        }
        let neurons = *locals.last().expect("starts with one entry") as usize;
        let singly = if way == Way::Cells { neurons } else { 0 };
        let tables = network.shards[index as usize].tables.as_slice();
        let duration = Tick(scenario.duration.0);
        let flight = Flight::new(scenario, network, index, cut, way, own);
        let mut shard = Shard {
            index,
            partition,
            tables,
            slice: cut.slice,
            cut,
            duration,
            groups: Vec::new(),
            locals,
            flight,
            wake: WakeQueue::new(singly, Span(cut.slice.0.saturating_mul(2))),
            arrivals: Arrivals::new(singly),
            backgrounds: Vec::new(),
            sources: Vec::new(),
            currents: CurrentSchedule::new(scenario),
            teachers: Vec::new(),
            frames: None,
            dendrites: None,
            points: ByTime::default(),
            batches: Vec::new(),
            drives: Vec::new(),
            fired: Vec::new(),
            trains: vec![Train::default(); neurons],
            external_events: 0,
            settle_every,
            settle_next: Tick(settle_every.0),
            sampler: Sampler::new(scenario.record.weights_every),
            is_open: false,
            task: Task::SettingUp,
            current: NONE,
        };
        shard.add_sources(scenario);
        let backgrounds = shard.backgrounds_of(scenario);
        match way {
            Way::Frames(plan) => shard.add_frames(scenario, network, backgrounds, plan),
            Way::Cells => {
                shard.backgrounds = backgrounds;
                shard.add_groups(scenario, network);
            }
            Way::Dendrites => {
                shard.backgrounds = backgrounds;
                shard.add_dendrites(scenario, network);
            }
        }
        for teacher in &scenario.teachers {
            let owned = partition.owned(teacher.population, index);
            let first_local = shard.locals[teacher.population];
            shard.teachers.push(Lessons::new(teacher, owned, first_local));
        }
        shard
    }

    fn add_sources(&mut self, scenario: &Scenario) {
        for (index, population) in scenario.populations.iter().enumerate() {
            let owned = self.partition.owned(index, self.index);
            let numbers = self.partition.population(index);
            let source = Source::new(scenario, index, &population.model, numbers, owned);
            self.sources.extend(source);
        }
    }

    fn add_groups(&mut self, scenario: &Scenario, network: &Network) {
        for (index, population) in scenario.populations.iter().enumerate() {
            let range = self.locals[index]..self.locals[index + 1];
            let mut group = None;
            if let Model::Neuron { descriptor, .. } = &population.model {
                let probes = self.probes(scenario, index);
                let plan = &network.shards[self.index as usize].neurons[index];
                let grid = scenario.resolution;
                group = Setup { plan, descriptor, grid, range, probes }.build();
            }
            if let Some(group) = &group {
                group.start(&mut self.wake);
            }
            self.groups.push(group);
        }
    }

    fn add_frames(
        &mut self,
        scenario: &Scenario,
        network: &Network,
        backgrounds: Vec<Background>,
        plan: frames::Plan,
    ) {
        let populations = 0..scenario.populations.len();
        self.groups = populations.clone().map(|_| None).collect();
        let setup = frames::Setup {
            scenario,
            plans: &network.shards[self.index as usize].neurons,
            locals: &self.locals,
            probes: populations.map(|index| self.probes(scenario, index)).collect(),
            slice: self.slice,
            backgrounds,
            plan,
        };
        self.frames = setup.build();
    }

    fn add_dendrites(&mut self, scenario: &Scenario, network: &Network) {
        let populations = 0..scenario.populations.len();
        self.groups = populations.clone().map(|_| None).collect();
        let setup = dendrites::Setup {
            scenario,
            plans: &network.shards[self.index as usize].neurons,
            locals: &self.locals,
            probes: populations.map(|index| self.probes(scenario, index)).collect(),
        };
        self.dendrites = setup.build();
    }

    fn backgrounds_of(&self, scenario: &Scenario) -> Vec<Background> {
        let background = |(which, background): (usize, &scenario::Background)| {
            let population = background.target.population;
            let owned = self.partition.owned(population, self.index);
            Background::new(scenario, which, owned, self.locals[population])
        };
        scenario.backgrounds.iter().enumerate().map(background).collect()
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
                    next: vec![record.start; neurons.len()],
                    neurons,
                }
            })
            .collect()
    }

    /// Takes note of the spikes that one shard sent in the previous round.
    pub fn collect(&mut self, spikes: &[Spike]) {
        self.task = Task::Collecting;
        self.flight.collect(spikes);
    }

    /// Takes note of the spikes that one shard sent in the last round of a run, which reach
    /// synapses but no target.
    pub fn collect_last(&mut self, spikes: &[Spike]) {
        if self.flight.learns() {
            self.flight.collect_last(spikes);
        }
    }

    /// Files the spikes of all shards; the round begins with slice number `slice`.
    pub fn depart(&mut self, slice: u64) {
        self.flight.depart(slice);
        let end = self.cut.rest_of_window(slice).end;
        self.sampler.round(&mut self.flight, self.cut.start(slice), self.cut.start(end));
    }

    /// Gathers everything that arrives in slice number `number`.
    pub fn deliver(&mut self, number: u64) {
        let end = (Tick(number * self.slice.0) + self.slice).min(self.duration);
        self.deliver_before(number, end);
        if self.frames.is_some() {
            self.flight.gather_ahead(number, &mut self.points.list);
        }
        self.is_open = false;
    }

    /// Gathers what arrives in slice number `number` before `end`, and has not been gathered.
    pub fn deliver_before(&mut self, number: u64, end: Tick) {
        self.task = Task::Delivering { source: None };
        if !self.is_open {
            self.open(number);
        }
        let Shard { arrivals, flight, batches, points, dendrites, .. } = self;
        if let Some(Dendrites { events, .. }) = dendrites {
            flight.each_row(number, (Tick(number * self.slice.0), end), &mut events.list);
        } else if self.frames.is_some() {
            flight.gather(number, end, batches, &mut points.list);
        } else {
            flight.each_arrival(number, end, |neuron, at, weight, channel| {
                arrivals.push_on(neuron, at, weight, channel);
            });
        }
    }

    /// Whether part of a slice has been gathered.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Begins a slice: settles synapses if it is time to, and gathers what comes from outside.
    fn open(&mut self, number: u64) {
        self.is_open = true;
        let start = Tick(number * self.slice.0);
        let end = (start + self.slice).min(self.duration);
        if self.flight.learns() && !self.sampler.holds() {
            let due = start >= self.settle_next;
            self.flight.settle(start, due);
            if due {
                let every = self.settle_every.0;
                self.settle_next = Tick((start.0 / every + 1).saturating_mul(every));
            }
        }
        self.flight.open();
        if self.dendrites.is_some() {
            self.open_by_row(start, end);
        } else if self.frames.is_some() {
            self.open_in_order(end);
        } else {
            self.arrivals.open(start);
            self.deliver_currents(end);
            self.deliver_teachers(end);
            self.wake_neurons(start, end);
            let Shard { backgrounds, arrivals, external_events, .. } = self;
            for background in backgrounds {
                *external_events += background.take(end, |neuron, tick, weight| {
                    arrivals.push(neuron, tick, weight);
                });
            }
        }
    }

    /// Changes leaks at `at` for what a projection decided at `decided`, at its synapses. The slice that
    /// holds `at` has been delivered up to it.
    pub fn change_leaks(&mut self, projection: usize, decided: Tick, at: Tick) {
        let singly = self.frames.is_none() && self.dendrites.is_none();
        assert!(singly, "models whose leaks change are run with a cell for each neuron");
        for (neuron, change) in self.flight.change_leaks(projection, decided, at) {
            let population = self.partition.population_of(neuron);
            let first = self.partition.population(population).start;
            let owned = self.partition.owned(population, self.index);
            let local = neuron.0 - first - owned.start + self.locals[population];
            self.arrivals.set(local, at, InputKind::On(LEAK, change));
        }
    }

    /// Spikes on their way, and synapses that change.
    pub fn flight(&mut self) -> &mut Flight<'n> {
        &mut self.flight
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

    fn deliver_teachers(&mut self, end: Tick) {
        let Shard { teachers, arrivals, .. } = self;
        for teacher in teachers {
            teacher.take(end, |neuron, at, channel, value| {
                arrivals.set(neuron, at, InputKind::On(channel, value));
            });
        }
    }

    /// Begins a slice in the lane of frames, in which arrivals are gathered by time: synapses that a
    /// spike reaches at one tick as they are, everything else point by point.
    fn open_in_order(&mut self, end: Tick) {
        self.batches.clear();
        self.points.list.clear();
        self.gather_drives(end);
    }

    /// Begins a slice in the lane of dendrites.
    fn open_by_row(&mut self, start: Tick, end: Tick) {
        let Shard { dendrites, teachers, backgrounds, external_events, .. } = self;
        let Some(Dendrites { events, .. }) = dendrites else { return };
        for teacher in teachers {
            teacher.take(end, |neuron, at, channel, value| {
                events.list.push(Event::single(start, at, neuron, channel, value));
            });
        }
        for background in backgrounds {
            *external_events += background.take(end, |neuron, at, weight| {
                events.list.push(Event::single(start, at, neuron, 0, weight));
            });
        }
    }

    /// The changes of constant currents in a slice.
    fn gather_drives(&mut self, end: Tick) {
        self.drives.clear();
        let Some(frames) = &self.frames else { return };
        while let Some(tick) = self.currents.pop_before(end) {
            for population in 0..self.partition.populations() {
                let owned = self.partition.owned(population, self.index);
                for (index, neuron) in owned.zip(self.locals[population]..) {
                    if self.currents.changes_at(tick, population, index) {
                        let total = frames.base_current(neuron)
                            + self.currents.total_at(tick, population, index);
                        self.drives.push((tick, neuron, total));
                    }
                }
            }
        }
    }

    /// Brings every neuron that is concerned through the slice and adds its spikes, and those
    /// of the sources, to `spikes`, in no particular order.
    pub fn advance(&mut self, number: u64, spikes: &mut Vec<Spike>) {
        let start = Tick(number * self.slice.0);
        let end = (start + self.slice).min(self.duration);
        self.task = Task::Advancing;
        if let Some(dendrites) = &mut self.dendrites {
            dendrites.run(start, end, &mut self.flight, &mut self.fired);
        } else if let Some(frames) = &mut self.frames {
            frames.run(&mut Work {
                number,
                start,
                end,
                points: self.points.sorted(end.since(start).0 as u32),
                batches: &self.batches,
                drives: &self.drives,
                tables: self.tables,
                plastic: self.flight.plastic(),
                spikes: &mut self.fired,
                current: &mut self.current,
            });
        } else {
            self.advance_groups(end);
        }
        self.current = NONE;
        self.task = Task::Sending;
        if self.flight.learns() {
            for &(tick, neuron) in &self.fired {
                let population = self.locals.partition_point(|&first| first <= neuron) - 1;
                self.flight.fired(population, neuron, tick);
            }
        }
        for (tick, neuron) in self.fired.drain(..) {
            self.trains[neuron as usize].add(tick);
            let neuron = global(&self.locals, self.partition, self.index, neuron);
            spikes.push(Spike { tick, neuron });
        }
        self.fire_sources(end, spikes);
    }

    fn advance_groups(&mut self, end: Tick) {
        self.arrivals.deal();
        let mut window = Window {
            end,
            arrivals: &mut self.arrivals,
            flight: &mut self.flight,
            cursor: 0,
            wake: &mut self.wake,
            spikes: &mut self.fired,
            current: &mut self.current,
        };
        for group in self.groups.iter_mut().flatten() {
            group.advance(&mut window);
        }
        self.arrivals.finish();
        self.flight.close();
    }

    fn fire_sources(&mut self, end: Tick, spikes: &mut Vec<Spike>) {
        let first_new = spikes.len();
        for source in &mut self.sources {
            source.fire(end, spikes);
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
            [self.flight.next_slice().map(slice_start), self.wake.next(), self.currents.next()]
                .into_iter()
                .flatten()
                .min();
        if let Some(frames) = &self.frames {
            let external = Some(frames.next_external()).filter(|&tick| tick != NEVER);
            let foreseen = frames.next_slice().map(slice_start);
            next = [next, foreseen, external].into_iter().flatten().min();
        }
        let mut consider = |tick: Option<Tick>| {
            next = [next, tick].into_iter().flatten().min();
        };
        consider(self.dendrites.as_ref().and_then(Dendrites::next));
        for background in &self.backgrounds {
            consider(background.next_event());
        }
        for teacher in &self.teachers {
            consider(teacher.next());
        }
        for source in &self.sources {
            consider(source.next_event());
        }
        next
    }

    /// Spikes in flight.
    pub fn in_flight(&self) -> usize {
        self.flight.len()
    }

    /// What is being done, or was when a panic came: looked up when asked for, so that the loops
    /// only note where they are.
    pub fn task(&self) -> Task {
        let walking = self.frames.as_ref().and_then(|frames| frames.walking());
        let walking = walking.or(self.flight.walking());
        if walking.is_some() && matches!(self.task, Task::Delivering { .. } | Task::Advancing) {
            return Task::Delivering { source: walking };
        }
        if self.current == NONE {
            return self.task;
        }
        let last_event = match &self.frames {
            Some(frames) => frames.now(),
            None => self.group_of(self.current).last_event(self.current),
        };
        let neuron = global(&self.locals, self.partition, self.index, self.current);
        Task::Neuron { neuron, last_event }
    }

    /// Ends the run at `end`: takes the samples that are still due.
    pub fn finish(mut self, end: Tick) -> Remains {
        for group in self.groups.iter_mut().flatten() {
            group.sample_until(end);
        }
        if let Some(frames) = &mut self.frames {
            frames.finish(end);
        }
        if let Some(dendrites) = &mut self.dendrites {
            dendrites.finish(end, &mut self.flight);
        }
        for group in self.groups.iter().flatten() {
            for neuron in group.range() {
                if let Some(lesson) = group.lesson_at(neuron, end) {
                    self.flight.heed(neuron, &lesson);
                }
            }
        }
        let external_events = match &self.frames {
            Some(frames) => frames.external_events(),
            None => self.external_events,
        };
        let learning_bytes = self.flight.learning_bytes();
        let samples = self.sampler.finish(&mut self.flight, end);
        Remains {
            groups: self.groups,
            samples,
            learning_bytes,
            frames: self.frames,
            dendrites: self.dendrites,
            trains: self.trains,
            synaptic_events: self.flight.synaptic_events,
            external_events,
            fan_out: self.flight.fan_out.clone(),
            learned: self.flight.finish(end),
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
    use crate::network::BYTES_PER_PLACE;

    #[test]
    fn a_neuron_takes_what_the_estimate_says() {
        // Statistics; then slot and what is rarely needed, or next visit, number of inputs, bits.
        let framed =
            size_of::<crate::neuron::framed::Quad>() + crate::engine::slots::BYTES_RARELY_NEEDED;
        let held = size_of::<Train>() + framed.max(size_of::<Tick>() + size_of::<u32>());
        let bound = BYTES_PER_PLACE as usize;
        assert!(held < bound && bound <= held + 8, "{held} bytes are held, {bound} are estimated");
    }
}
