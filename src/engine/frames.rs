//! The lane of frames: networks of one linear model, brought through a slice in order of time.
//!
//! All neurons of a shard lie in one array of slots (see [`crate::neuron::framed`]). What arrives
//! in a slice is gone through in order of time: *points*, which are arrivals of their own tick, and
//! *batches*, which are the synapses of a spike that share a tick. An arrival is an addition to a
//! slot; only when a neuron's credit is spent, or the time for which it was granted is over, is the
//! state worked out, the threshold tested, and credit granted anew.
//!
//! At one tick things happen in this order: crossings and ends of grants that were foreseen for it
//! are noted; currents change; points arrive, background before synapses; batches arrive, by source;
//! neurons that crossed fire; neurons whose credit is spent are looked at; refractory periods end;
//! samples are taken. Inside a slice neurons do not hear of one another, so nothing depends on the
//! order of neurons, and every state is a function of the neuron's own events: of ticks at which
//! something arrived or was foreseen, never of where a slice or a shard begins.

use super::group::Probe;
use crate::base::digest::Digest;
use crate::base::{Resolution, Span, Tick};
use crate::network::{Network, NeuronPlan};
use crate::neuron::cell::{NEVER, crossing_tick};
use crate::neuron::framed::{Framed, FramedVisitor, Slot};
use crate::neuron::{Descriptor, dispatch_framed};
use crate::queue::Calendar;
use crate::scenario::{Model, Scenario};
use crate::synapse::{Synapses, Table};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// An arrival at a tick of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Ticks since the start of the slice.
    pub offset: u32,
    /// Local neuron.
    pub target: u32,
    /// In the unit of the model's input.
    pub weight: f64,
}

/// The synapses of one spike that share a tick.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// When they arrive.
    pub at: Tick,
    /// The source's population, and so the table.
    pub population: u16,
    /// How many.
    pub count: u32,
    /// The first one's place in the table.
    pub first: u64,
}

/// All that concerns a shard in one slice.
pub struct Work<'a> {
    /// Number of the slice.
    pub number: u64,
    /// Its start.
    pub start: Tick,
    /// Its end, not beyond the end of the run.
    pub end: Tick,
    /// By time, and at one tick background before synapses.
    pub points: &'a [Point],
    /// By time, and at one tick by source.
    pub batches: &'a [Batch],
    /// Changes of constant currents: (tick, local neuron, pA), by time.
    pub drives: &'a [(Tick, u32, f64)],
    /// The rows.
    pub tables: &'a [Table],
    /// The spikes: (tick, local neuron).
    pub spikes: &'a mut Vec<(Tick, u32)>,
    /// The neuron that is being looked at, for a worker's last words.
    pub current: &'a mut u32,
}

/// The neurons of one shard, whatever their model.
pub trait Frames: Send {
    /// Brings all neurons through a slice.
    fn run(&mut self, work: &mut Work);

    /// The earliest slice in which something is foreseen.
    fn next_slice(&self) -> Option<u64>;

    /// The current of a neuron without what the schedule adds, in pA.
    fn base_current(&self, neuron: u32) -> f64;

    /// Ends the run: takes the samples that are still due, and puts all states into the frame
    /// that holds `end`.
    fn finish(&mut self, end: Tick);

    /// Adds the exact state of a population's neurons to a digest.
    fn digest(&self, population: usize, digest: &mut Digest);

    /// The probes of a population with their samples.
    fn probes(&mut self, population: usize) -> Vec<Probe>;
}

/// A frame lasts for so many of the shortest time constant at most, so that growth stays small.
const LONGEST_IN_TAUS: f64 = 32.0;
/// And for so many ticks at most, about 0.13 s.
const LONGEST_FRAME: u64 = 1 << 27;

/// Whether the network can be run in frames with slices of this length: its neurons are of one
/// model and share what the frame depends on.
pub fn suits(scenario: &Scenario, network: &Network, slice: Span) -> bool {
    let mut first: Option<(&Descriptor, Vec<f64>)> = None;
    for (index, population) in scenario.populations.iter().enumerate() {
        let Model::Neuron { descriptor, .. } = &population.model else { continue };
        // A shard without neurons of the population may have no values of its parameters.
        let mut plans = network.shards.iter().map(|shard| &shard.neurons[index]);
        let Some(plan) = plans.find(|plan| plan.parameters.iter().all(|c| !c.is_empty())) else {
            continue;
        };
        let parameters: Vec<f64> = plan.parameters.iter().map(|column| column[0]).collect();
        let other = first.as_ref().map(|(descriptor, values)| (*descriptor, values.as_slice()));
        let question = Question { descriptor, parameters: &parameters, other, slice };
        if dispatch_framed(descriptor, question) != Some(true) {
            return false;
        }
        first.get_or_insert((descriptor, parameters));
    }
    first.is_some()
}

/// The question whether a population fits into the frame of another one.
struct Question<'a> {
    descriptor: &'a Descriptor,
    parameters: &'a [f64],
    other: Option<(&'a Descriptor, &'a [f64])>,
    slice: Span,
}

impl FramedVisitor for Question<'_> {
    type Output = bool;

    fn visit<M: Framed>(self) -> bool {
        let alike = self.other.is_none_or(|(descriptor, parameters)| {
            descriptor.name == self.descriptor.name
                && M::FRAME_PARAMETERS.iter().all(|&p| parameters[p] == self.parameters[p])
        });
        let frame = M::frame(&M::constants(self.parameters));
        alike && frame.is_some_and(|frame| self.slice <= length_of::<M>(&frame))
    }
}

/// The length of a frame: a power of two, so that it divides time alike for every slice.
fn length_of<M: Framed>(frame: &M::Frame) -> Span {
    let longest = M::shortest_tau_ms(frame) * LONGEST_IN_TAUS * 1e6;
    let mut length = LONGEST_FRAME;
    while length > 1 && length as f64 > longest {
        length /= 2;
    }
    Span(length)
}

/// What is needed to set up the neurons of a shard.
pub struct Setup<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Start values, by population.
    pub plans: &'a [NeuronPlan],
    /// First local neuron of each population, and behind the last one their number.
    pub locals: &'a [u32],
    /// What is to be sampled, by population.
    pub probes: Vec<Vec<Probe>>,
    /// Length of a slice.
    pub slice: Span,
}

impl Setup<'_> {
    /// The neurons; `None` if there are none. The network must be one that [`suits`].
    pub fn build(self) -> Option<Box<dyn Frames>> {
        let mut models = self.scenario.populations.iter().map(|population| &population.model);
        let descriptor = models.find_map(|model| match model {
            Model::Neuron { descriptor, .. } => Some(*descriptor),
            _ => None,
        })?;
        dispatch_framed(descriptor, self).flatten()
    }
}

impl FramedVisitor for Setup<'_> {
    type Output = Option<Box<dyn Frames>>;

    fn visit<M: Framed>(self) -> Option<Box<dyn Frames>> {
        let populations = &self.scenario.populations;
        let here = |p: usize| self.locals[p]..self.locals[p + 1];
        let is_neuron = |p: usize| matches!(populations[p].model, Model::Neuron { .. });
        let shared = |p: usize| {
            let first = |column: &Vec<f64>| column[0];
            self.plans[p].parameters.iter().map(first).collect::<Vec<f64>>()
        };
        let members: Vec<Option<Member<M>>> = (0..populations.len())
            .map(|p| {
                let lives = is_neuron(p) && !here(p).is_empty();
                lives.then(|| Member { range: here(p), constants: M::constants(&shared(p)) })
            })
            .collect();
        let frame = M::frame(&members.iter().flatten().next()?.constants)?;
        let length = length_of::<M>(&frame);
        let neurons = *self.locals.last().expect("starts with one entry") as usize;
        let mut lane = Neurons::<M> {
            renewal: M::renewal(&frame, length),
            frame,
            frame_start: Tick::ZERO,
            frame_length: length,
            grid: self.scenario.resolution,
            duration: Tick(self.scenario.duration.0),
            slice: self.slice,
            slice_end: Tick::ZERO,
            members,
            slots: vec![M::Slot::ZERO; neurons],
            cold: vec![Cold::default(); neurons],
            base_current: Vec::new(),
            near: Vec::new(),
            next_near: 0,
            soon: BinaryHeap::new(),
            later: Calendar::default(),
            attention: Vec::new(),
            crossed: Vec::new(),
            released: Vec::new(),
            probes: self.probes,
        };
        for population in (0..populations.len()).filter(|&p| is_neuron(p)) {
            lane.start(population, &self.plans[population]);
        }
        if !self.scenario.currents.is_empty() {
            lane.base_current = lane.cold.iter().map(|cold| cold.drive).collect();
        }
        Some(Box::new(lane))
    }
}

/// One population's neurons in this shard.
struct Member<M: Framed> {
    range: Range<u32>,
    constants: M::Constants,
}

/// What is rarely needed of a neuron. 32 bytes.
#[derive(Clone, Copy, Debug)]
struct Cold {
    /// What is foreseen next: a crossing, the end of a grant, or the end of refractoriness.
    deadline: Tick,
    /// The earliest tick under which the neuron is filed; not after `deadline`.
    filed: Tick,
    /// The constant current, in pA.
    drive: f64,
    population: u16,
    /// Whether the neuron is refractory.
    held: bool,
    /// Whether `deadline` is a crossing, to the tick.
    certain: bool,
}

impl Default for Cold {
    fn default() -> Cold {
        let (deadline, filed) = (NEVER, NEVER);
        Cold { deadline, filed, drive: 0.0, population: 0, held: false, certain: false }
    }
}

struct Neurons<M: Framed> {
    frame: M::Frame,
    frame_start: Tick,
    frame_length: Span,
    renewal: M::Slot,
    grid: Resolution,
    duration: Tick,
    slice: Span,
    slice_end: Tick,
    /// By population; none for sources and where no neuron lives here.
    members: Vec<Option<Member<M>>>,
    slots: Vec<M::Slot>,
    cold: Vec<Cold>,
    /// By neuron, where currents change; else empty.
    base_current: Vec<f64>,
    /// What was filed for this slice before it began, sorted, and how far it is done.
    near: Vec<(Tick, u32)>,
    next_near: usize,
    /// What was filed for this slice since.
    soon: BinaryHeap<Reverse<(Tick, u32)>>,
    later: Calendar<(Tick, u32)>,
    /// Neurons whose credit was spent at the present tick.
    attention: Vec<u32>,
    /// Neurons that cross at the present tick.
    crossed: Vec<u32>,
    /// Neurons whose refractoriness ends at the present tick.
    released: Vec<u32>,
    probes: Vec<Vec<Probe>>,
}

impl<M: Framed> Frames for Neurons<M> {
    fn run(&mut self, work: &mut Work) {
        self.sample_until(work.start);
        self.renew_to(work.start);
        self.slice_end = work.end;
        self.near.clear();
        self.next_near = 0;
        self.later.take(work.number, &mut self.near);
        self.near.sort_unstable();
        let mut done = Done::default();
        loop {
            let stop = self.next_stop(work, &done);
            self.run_points(work, &mut done, stop);
            if self.next_foreseen() < stop {
                continue;
            }
            if stop >= work.end {
                break;
            }
            self.run_tick(work, &mut done, stop);
        }
    }

    fn next_slice(&self) -> Option<u64> {
        self.later.next()
    }

    fn base_current(&self, neuron: u32) -> f64 {
        self.base_current[neuron as usize]
    }

    fn finish(&mut self, end: Tick) {
        self.sample_until(end);
        self.renew_to(end);
    }

    fn digest(&self, population: usize, digest: &mut Digest) {
        let Some(member) = &self.members[population] else { return };
        for neuron in member.range.clone() {
            let cold = &self.cold[neuron as usize];
            let held_until = if cold.held { cold.deadline.0 } else { 0 };
            digest.bytes(&held_until.to_le_bytes());
            digest.real(cold.drive);
            for &mode in self.slots[neuron as usize].modes() {
                digest.real(mode);
            }
        }
    }

    fn probes(&mut self, population: usize) -> Vec<Probe> {
        std::mem::take(&mut self.probes[population])
    }
}

/// How far a slice has been gone through.
#[derive(Default)]
struct Done {
    points: usize,
    batches: usize,
    drives: usize,
}

impl<M: Framed> Neurons<M> {
    /// Puts the neurons of a population where they start.
    fn start(&mut self, population: usize, plan: &NeuronPlan) {
        let Some(member) = &self.members[population] else { return };
        let range = member.range.clone();
        let of =
            |column: &Vec<f64>, index: usize| column[if column.len() == 1 { 0 } else { index }];
        let drive_column = M::DESCRIPTOR.parameter("i_e");
        for (index, neuron) in range.enumerate() {
            let drive = drive_column.map_or(0.0, |p| of(&plan.parameters[p], index));
            let start: Vec<f64> = plan.variables.iter().map(|column| of(column, index)).collect();
            let constants = self.constants_of(population);
            let state = M::initial(constants, &start);
            self.cold[neuron as usize] =
                Cold { drive, population: population as u16, ..Cold::default() };
            self.freeze(neuron, &state, Tick::ZERO);
            self.assess(neuron, Tick::ZERO, &state);
        }
    }

    fn constants_of(&self, population: usize) -> &M::Constants {
        let member = self.members[population].as_ref();
        &member.expect("only neurons that live here are asked for").constants
    }

    #[inline]
    fn factors(&self, at: Tick) -> M::Factors {
        M::factors(&self.frame, at.since(self.frame_start))
    }

    /// The frame that holds `tick`, for all neurons. Frame by frame, so that it does not matter
    /// when it is done.
    fn renew_to(&mut self, tick: Tick) {
        while tick >= self.frame_start + self.frame_length {
            let mut moving = false;
            for slot in &mut self.slots {
                moving |= slot.scale(&self.renewal);
            }
            let length = self.frame_length.0;
            let next = if moving { self.frame_start.0 + length } else { tick.0 / length * length };
            self.frame_start = Tick(next);
        }
    }

    /// The next tick, or the end of the slice, at which more happens than points.
    fn next_stop(&self, work: &Work, done: &Done) -> Tick {
        let batch = work.batches.get(done.batches).map_or(NEVER, |batch| batch.at);
        let drive = work.drives.get(done.drives).map_or(NEVER, |&(tick, ..)| tick);
        let sample = self.next_sample();
        batch.min(drive).min(sample).min(self.next_foreseen()).min(work.end)
    }

    #[inline]
    fn next_foreseen(&self) -> Tick {
        let near = self.near.get(self.next_near).map_or(NEVER, |&(tick, _)| tick);
        near.min(self.soon.peek().map_or(NEVER, |&Reverse((tick, _))| tick))
    }

    fn pop_foreseen(&mut self, at: Tick) -> Option<u32> {
        if let Some(&(tick, neuron)) = self.near.get(self.next_near)
            && tick == at
        {
            self.next_near += 1;
            return Some(neuron);
        }
        let &Reverse((tick, neuron)) = self.soon.peek()?;
        (tick == at).then(|| {
            self.soon.pop();
            neuron
        })
    }

    /// The points before `stop`, or up to one that lets something be foreseen before it.
    fn run_points(&mut self, work: &mut Work, done: &mut Done, stop: Tick) {
        let before = stop.since(work.start).0;
        while let Some(point) = work.points.get(done.points) {
            if u64::from(point.offset) >= before {
                return;
            }
            let at = Tick(work.start.0 + u64::from(point.offset));
            let factors = self.factors(at);
            self.arrive(point.target, &M::kick(&self.frame, &factors, point.weight));
            done.points += 1;
            if !self.attention.is_empty() {
                self.run_points_at(work, done, at, &factors);
                self.attend_to_all(work, at, &factors);
                if self.next_foreseen() < stop {
                    return;
                }
            }
        }
    }

    /// All points of one tick.
    fn run_points_at(&mut self, work: &Work, done: &mut Done, at: Tick, factors: &M::Factors) {
        let offset = at.since(work.start).0;
        while let Some(point) = work.points.get(done.points) {
            if u64::from(point.offset) != offset {
                return;
            }
            self.arrive(point.target, &M::kick(&self.frame, factors, point.weight));
            done.points += 1;
        }
    }

    #[inline(always)]
    fn arrive(&mut self, target: u32, kick: &M::Slot) {
        let slot = &mut self.slots[target as usize];
        slot.add(kick);
        if slot.credit() < 0.0 {
            self.attention.push(target);
        }
    }

    /// Everything that happens at one tick.
    fn run_tick(&mut self, work: &mut Work, done: &mut Done, at: Tick) {
        let factors = self.factors(at);
        self.note_foreseen(work, at, &factors);
        self.change_drives(work, done, at, &factors);
        self.run_points_at(work, done, at, &factors);
        while let Some(batch) = work.batches.get(done.batches).filter(|batch| batch.at == at) {
            self.run_batch(batch, &work.tables[batch.population as usize], &factors);
            done.batches += 1;
        }
        while let Some(neuron) = self.crossed.pop() {
            *work.current = neuron;
            let state = self.thaw(neuron, &factors);
            self.fire(neuron, at, state, work.spikes);
        }
        self.attend_to_all(work, at, &factors);
        while let Some(neuron) = self.released.pop() {
            self.release(neuron, at, &factors);
        }
        self.sample(at);
    }

    fn run_batch(&mut self, batch: &Batch, table: &Table, factors: &M::Factors) {
        let piece = batch.first as usize..batch.first as usize + batch.count as usize;
        match &table.synapses {
            Synapses::OneDelay { rows, .. } => {
                for synapse in &rows[piece] {
                    let kick = M::kick(&self.frame, factors, f64::from(synapse.weight));
                    self.arrive(synapse.target, &kick);
                }
            }
            Synapses::OwnDelay { rows } => {
                for synapse in &rows[piece] {
                    let kick = M::kick(&self.frame, factors, f64::from(synapse.weight));
                    self.arrive(synapse.target, &kick);
                }
            }
        }
    }

    fn note_foreseen(&mut self, work: &mut Work, at: Tick, factors: &M::Factors) {
        while let Some(neuron) = self.pop_foreseen(at) {
            let cold = &mut self.cold[neuron as usize];
            if cold.filed != at {
                // Filed again since, for an earlier tick.
                continue;
            }
            cold.filed = NEVER;
            if cold.deadline > at {
                let deadline = cold.deadline;
                self.foresee(neuron, deadline);
            } else if cold.held {
                self.released.push(neuron);
            } else if cold.certain {
                self.crossed.push(neuron);
            } else {
                *work.current = neuron;
                let state = self.thaw(neuron, factors);
                self.assess(neuron, at, &state);
            }
        }
    }

    fn change_drives(&mut self, work: &mut Work, done: &mut Done, at: Tick, f: &M::Factors) {
        while let Some(&(tick, neuron, drive)) = work.drives.get(done.drives) {
            if tick != at {
                return;
            }
            done.drives += 1;
            *work.current = neuron;
            let held = self.cold[neuron as usize].held;
            let state = self.thaw(neuron, f);
            self.cold[neuron as usize].drive = drive;
            if !held {
                self.freeze(neuron, &state, at);
                self.assess(neuron, at, &state);
            }
        }
    }

    /// Looks at each neuron whose credit is spent.
    fn attend_to_all(&mut self, work: &mut Work, at: Tick, factors: &M::Factors) {
        while let Some(neuron) = self.attention.pop() {
            // One that was named twice, or has fired, has been seen to.
            if self.slots[neuron as usize].credit() >= 0.0 {
                continue;
            }
            *work.current = neuron;
            let state = self.thaw(neuron, factors);
            let constants = self.constants_of(self.cold[neuron as usize].population.into());
            if M::at_threshold(constants, &state) {
                self.fire(neuron, at, state, work.spikes);
            } else {
                self.assess(neuron, at, &state);
            }
        }
    }

    fn thaw(&self, neuron: u32, factors: &M::Factors) -> M::State {
        let cold = &self.cold[neuron as usize];
        let constants = self.constants_of(cold.population.into());
        let slot = &self.slots[neuron as usize];
        if cold.held {
            return M::thaw_held(&self.frame, constants, slot, factors);
        }
        M::thaw(&self.frame, constants, slot, cold.drive, factors)
    }

    fn freeze(&mut self, neuron: u32, state: &M::State, at: Tick) {
        let cold = &self.cold[neuron as usize];
        let constants = self.constants_of(cold.population.into());
        let factors = self.factors(at);
        let slot = M::freeze(&self.frame, constants, state, cold.drive, &factors);
        self.slots[neuron as usize] = slot;
    }

    fn fire(&mut self, neuron: u32, at: Tick, mut state: M::State, spikes: &mut Vec<(Tick, u32)>) {
        spikes.push((at, neuron));
        let constants = self.constants_of(self.cold[neuron as usize].population.into());
        M::fire(constants, &mut state);
        let refractory = M::refractory(constants);
        if refractory == Span::ZERO {
            self.freeze(neuron, &state, at);
            self.assess(neuron, at, &state);
            return;
        }
        // The modes go on taking input; what it does to the membrane is lost at the release.
        self.slots[neuron as usize].set_credit(f64::INFINITY);
        self.cold[neuron as usize].held = true;
        self.foresee(neuron, at + refractory);
    }

    /// Ends a refractory period.
    fn release(&mut self, neuron: u32, at: Tick, factors: &M::Factors) {
        let state = self.thaw(neuron, factors);
        self.cold[neuron as usize].held = false;
        self.freeze(neuron, &state, at);
        self.assess(neuron, at, &state);
    }

    /// Grants credit to a neuron that has this state at `at`, or foresees its crossing.
    fn assess(&mut self, neuron: u32, at: Tick, state: &M::State) {
        let cold = &self.cold[neuron as usize];
        let drive = cold.drive;
        let constants = self.constants_of(cold.population.into());
        let spare = M::spare(constants, state, drive);
        let certain = spare.quiet_ms == 0.0;
        let deadline = if certain {
            crossing_tick::<M>(constants, self.grid, state, drive, at)
        } else {
            // Rounding to ticks may have gone up; the bound must not.
            let quiet = Span::from_ms(spare.quiet_ms * (1.0 - 1e-9));
            quiet.map_or(NEVER, |quiet| Tick(at.0 + quiet.0.saturating_sub(1)))
        };
        self.slots[neuron as usize].set_credit(spare.credit * (1.0 - 1e-9));
        self.cold[neuron as usize].certain = certain;
        self.foresee(neuron, deadline);
    }

    /// Notes what is foreseen next for a neuron. What is filed for a later tick stays there and is
    /// passed over; what is filed for an earlier one is filed again from there.
    fn foresee(&mut self, neuron: u32, deadline: Tick) {
        let cold = &mut self.cold[neuron as usize];
        cold.deadline = deadline;
        if deadline >= cold.filed || deadline >= self.duration {
            return;
        }
        cold.filed = deadline;
        if deadline < self.slice_end {
            self.soon.push(Reverse((deadline, neuron)));
        } else {
            self.later.file(deadline.0 / self.slice.0, (deadline, neuron));
        }
    }

    /// Takes all samples that are due before `end`.
    fn sample_until(&mut self, end: Tick) {
        loop {
            let now = self.next_sample();
            if now >= end {
                return;
            }
            self.renew_to(now);
            self.sample(now);
        }
    }

    fn next_sample(&self) -> Tick {
        let probes = self.probes.iter().flatten();
        let nexts = probes.filter_map(|probe| probe.next.first().filter(|&&n| n < probe.end));
        nexts.min().copied().unwrap_or(NEVER)
    }

    /// Takes the samples of this tick.
    fn sample(&mut self, now: Tick) {
        if self.next_sample() != now {
            return;
        }
        let factors = self.factors(now);
        let mut all = std::mem::take(&mut self.probes);
        for probe in all.iter_mut().flatten() {
            for (place, &neuron) in probe.neurons.iter().enumerate() {
                if probe.next[place] != now || now >= probe.end {
                    continue;
                }
                let state = self.thaw(neuron, &factors);
                let constants = self.constants_of(self.cold[neuron as usize].population.into());
                for &variable in &probe.variables {
                    probe.samples[place].push(M::observe(constants, &state, variable));
                }
                probe.next[place] = Tick(now.0 + probe.interval);
            }
        }
        self.probes = all;
    }
}
