//! Neurons in their frame: slots, credit, and what is foreseen for them.

use super::deadlines::Deadlines;
use super::frames::{Batch, External, Frames, Point, Setup, Work};
use super::group::Probe;
use crate::base::digest::Digest;
use crate::base::prefetch::prefetch;
use crate::base::{NeuronId, Resolution, Span, Tick};
use crate::network::NeuronPlan;
use crate::neuron::cell::{NEVER, crossing_tick};
use crate::neuron::framed::{Framed, Slot};
use crate::scenario::Model;
use crate::synapse::Synapses;
use std::ops::Range;

/// A frame lasts for so many of the shortest time constant at most, so that growth stays small.
const LONGEST_IN_TAUS: f64 = 32.0;
/// And for so many ticks at most, about 0.13 s.
const LONGEST_FRAME: u64 = 1 << 27;

/// The length of a frame: a power of two, so that it divides time alike for every slice.
pub fn length_of<M: Framed>(frame: &M::Frame) -> Span {
    let longest = M::shortest_tau_ms(frame) * LONGEST_IN_TAUS * 1e6;
    let mut length = LONGEST_FRAME;
    while length > 1 && length as f64 > longest {
        length /= 2;
    }
    Span(length)
}

/// One population's neurons in this shard.
struct Member<M: Framed> {
    range: Range<u32>,
    constants: M::Constants,
}

/// What a neuron takes beside its slot.
#[cfg(test)]
pub const BYTES_RARELY_NEEDED: usize = size_of::<Cold>();

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

/// The neurons of one shard, in the frame of their model.
pub struct Neurons<M: Framed> {
    frame: M::Frame,
    frame_start: Tick,
    frame_length: Span,
    renewal: M::Renewal,
    grid: Resolution,
    duration: Tick,
    /// By population; none for sources and where no neuron lives here.
    members: Vec<Option<Member<M>>>,
    slots: Vec<M::Slot>,
    /// Whether the slots lie beyond the nearer caches.
    is_far: bool,
    cold: Vec<Cold>,
    /// By neuron, where currents change; else empty.
    base_current: Vec<f64>,
    deadlines: Deadlines,
    /// Neurons whose credit was spent at the present tick.
    attention: Vec<u32>,
    /// Neurons that cross at the present tick.
    crossed: Vec<u32>,
    /// Neurons whose refractoriness ends at the present tick.
    released: Vec<u32>,
    probes: Vec<Vec<Probe>>,
    /// The tick of the next sample.
    next_sample: Tick,
    now: Tick,
    walking: Option<NeuronId>,
}

impl<M: Framed> Frames for Neurons<M> {
    fn run(&mut self, work: &mut Work) {
        self.sample_until(work.start);
        self.renew_to(work.start);
        self.deadlines.open(work.number, work.start, work.end);
        self.ask_for_first(work);
        let mut done = Done::default();
        loop {
            let stop = self.next_stop(work, &done);
            self.run_singles(work, &mut done, stop);
            if self.deadlines.first() < stop {
                continue;
            }
            if stop >= work.end {
                break;
            }
            self.run_tick(work, &mut done, stop);
        }
    }

    fn next_slice(&self) -> Option<u64> {
        self.deadlines.next_slice()
    }

    fn base_current(&self, neuron: u32) -> f64 {
        self.base_current[neuron as usize]
    }

    fn now(&self) -> Tick {
        self.now
    }

    fn walking(&self) -> Option<NeuronId> {
        self.walking
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

/// Adds what an arrival brings; whether the neuron's credit is spent.
#[inline(always)]
fn arrive<S: Slot>(slots: &mut [S], target: u32, kick: &S) -> bool {
    let slot = &mut slots[target as usize];
    slot.add(kick);
    slot.credit() < 0.0
}

/// Asks for the neurons of points that come soon: first for the slot, then for the rest of those
/// whose credit will be spent, which are going to be looked at.
#[inline(always)]
fn ask_for_point<M: Framed>(
    frame: &M::Frame,
    slots: &[M::Slot],
    cold: &[Cold],
    list: &[Point],
    place: usize,
) {
    if let Some(point) = list.get(place + SLOTS_AHEAD) {
        prefetch(slots, point.target as usize);
    }
    if let Some(point) = list.get(place + COLD_AHEAD) {
        let target = point.target as usize;
        let is_spent = slots[target].credit() < M::spent(frame, point.weight);
        // Neuron 0 in place of a branch that nobody can foresee.
        prefetch(cold, if is_spent { target } else { 0 });
    }
}

/// So many batches ahead their slots are asked for.
const BATCHES_AHEAD: usize = 8;
/// So many places ahead the slot of a neuron is asked for.
const SLOTS_AHEAD: usize = 32;
/// So many places ahead the rest of a neuron that is going to be looked at is asked for: its slot,
/// which tells, has come by then.
const COLD_AHEAD: usize = 16;
/// Slots of a shard beyond so many bytes are taken to be far from the processor.
const NEAR_BYTES: usize = 1 << 19;

/// How far a slice has been gone through.
#[derive(Default)]
struct Done {
    externals: usize,
    points: usize,
    batches: usize,
    drives: usize,
}

impl<M: Framed> Neurons<M> {
    /// The neurons of a shard at time zero; `None` if there are none.
    pub fn new(setup: Setup) -> Option<Neurons<M>> {
        let populations = &setup.scenario.populations;
        let here = |p: usize| setup.locals[p]..setup.locals[p + 1];
        let is_neuron = |p: usize| matches!(populations[p].model, Model::Neuron { .. });
        let shared = |p: usize| {
            let first = |column: &Vec<f64>| column[0];
            setup.plans[p].parameters.iter().map(first).collect::<Vec<f64>>()
        };
        let members: Vec<Option<Member<M>>> = (0..populations.len())
            .map(|p| {
                let lives = is_neuron(p) && !here(p).is_empty();
                lives.then(|| Member { range: here(p), constants: M::constants(&shared(p)) })
            })
            .collect();
        let frame = M::frame(&members.iter().flatten().next()?.constants)?;
        let length = length_of::<M>(&frame);
        let neurons = *setup.locals.last().expect("starts with one entry") as usize;
        let mut lane = Neurons::<M> {
            renewal: M::renewal(&frame, length),
            frame,
            frame_start: Tick::ZERO,
            frame_length: length,
            grid: setup.scenario.resolution,
            duration: Tick(setup.scenario.duration.0),
            members,
            is_far: neurons * size_of::<M::Slot>() > NEAR_BYTES,
            slots: vec![M::Slot::ZERO; neurons],
            cold: vec![Cold::default(); neurons],
            base_current: Vec::new(),
            deadlines: Deadlines::new(setup.slice),
            attention: Vec::new(),
            crossed: Vec::new(),
            released: Vec::new(),
            next_sample: next_sample(&setup.probes),
            probes: setup.probes,
            now: Tick::ZERO,
            walking: None,
        };
        for population in (0..populations.len()).filter(|&p| is_neuron(p)) {
            lane.start(population, &setup.plans[population]);
        }
        if !setup.scenario.currents.is_empty() {
            lane.base_current = lane.cold.iter().map(|cold| cold.drive).collect();
        }
        Some(lane)
    }

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
                moving |= M::renew(&self.renewal, slot);
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
        batch.min(drive).min(self.next_sample).min(self.deadlines.first()).min(work.end)
    }

    /// Asks for the neurons that are concerned first in a slice.
    fn ask_for_first(&self, work: &Work) {
        if !self.is_far {
            return;
        }
        for point in work.points.iter().take(SLOTS_AHEAD) {
            prefetch(&self.slots, point.target as usize);
        }
        for neuron in (0..SLOTS_AHEAD).map_while(|ahead| self.deadlines.coming(ahead)) {
            prefetch(&self.cold, neuron as usize);
        }
    }

    /// Asks for neurons that are foreseen soon: first for what tells whether their deadline has
    /// moved, then for the slots of those whose has not, which are going to be looked at.
    #[inline]
    fn ask_for_foreseen(&self) {
        if !self.is_far {
            return;
        }
        if let Some(neuron) = self.deadlines.coming(SLOTS_AHEAD) {
            prefetch(&self.cold, neuron as usize);
        }
        if let Some(neuron) = self.deadlines.coming(COLD_AHEAD) {
            let cold = &self.cold[neuron as usize];
            // Neuron 0 in place of a branch that nobody can foresee.
            let due = if cold.deadline == cold.filed { neuron } else { 0 };
            prefetch(&self.slots, due as usize);
        }
    }

    /// Externals and points before `stop`, or up to one that lets something be foreseen before it.
    fn run_singles(&mut self, work: &mut Work, done: &mut Done, stop: Tick) {
        let before = stop.since(work.start).0;
        loop {
            let point = work.points.get(done.points).map_or(before, |point| point.offset.into());
            let offset = work.externals.get(done.externals).map_or(before, |e| e.offset.into());
            if point >= before && offset >= before {
                return;
            }
            // At one tick externals come first.
            if offset <= point {
                let until = (point + 1).min(before);
                let list = &work.externals[done.externals..];
                done.externals += self.run_externals(work.start, work.weights, list, until);
            } else {
                let list = &work.points[done.points..];
                done.points += self.run_points(work.start, list, offset.min(before));
            }
            if !self.attention.is_empty() {
                let at = self.now;
                let factors = self.factors(at);
                self.run_singles_at(work, done, at, &factors);
                self.attend_to_all(work, at, &factors);
                if self.deadlines.first() < stop {
                    return;
                }
            }
        }
    }

    /// The externals of a list with offsets below `until`, up to the first after which a neuron
    /// needs attention; how many.
    #[inline]
    fn run_externals(
        &mut self,
        start: Tick,
        weights: &[f64],
        list: &[External],
        until: u64,
    ) -> usize {
        let Neurons { frame, frame_start, slots, attention, now, .. } = self;
        let slots = slots.as_mut_slice();
        let start = start.since(*frame_start).0;
        for (place, external) in list.iter().enumerate() {
            if u64::from(external.offset) >= until {
                return place;
            }
            let since = Span(start + u64::from(external.offset));
            let factors = M::factors(frame, since);
            let kick = M::kick(frame, &factors, weights[external.background()]);
            if arrive(slots, external.neuron(), &kick) {
                attention.push(external.neuron());
                *now = *frame_start + since;
                return place + 1;
            }
        }
        list.len()
    }

    /// As [`Neurons::run_externals`], for points.
    #[inline]
    fn run_points(&mut self, start: Tick, list: &[Point], until: u64) -> usize {
        let Neurons { frame, frame_start, slots, cold, is_far, attention, now, .. } = self;
        let slots = slots.as_mut_slice();
        let start = start.since(*frame_start).0;
        for (place, point) in list.iter().enumerate() {
            if u64::from(point.offset) >= until {
                return place;
            }
            if *is_far {
                ask_for_point::<M>(frame, slots, cold, list, place);
            }
            let since = Span(start + u64::from(point.offset));
            let factors = M::factors(frame, since);
            if arrive(slots, point.target, &M::kick(frame, &factors, point.weight)) {
                attention.push(point.target);
                *now = *frame_start + since;
                return place + 1;
            }
        }
        list.len()
    }

    /// All externals and points of one tick.
    fn run_singles_at(&mut self, work: &Work, done: &mut Done, at: Tick, factors: &M::Factors) {
        let offset = at.since(work.start).0;
        let Neurons { frame, slots, attention, .. } = self;
        let mut add = |target: u32, weight: f64| {
            if arrive(slots, target, &M::kick(frame, factors, weight)) {
                attention.push(target);
            }
        };
        let externals = &work.externals[done.externals..];
        for external in externals.iter().take_while(|e| u64::from(e.offset) == offset) {
            add(external.neuron(), work.weights[external.background()]);
            done.externals += 1;
        }
        let points = &work.points[done.points..];
        for point in points.iter().take_while(|point| u64::from(point.offset) == offset) {
            add(point.target, point.weight);
            done.points += 1;
        }
    }

    /// Everything that happens at one tick.
    fn run_tick(&mut self, work: &mut Work, done: &mut Done, at: Tick) {
        let factors = self.factors(at);
        self.now = at;
        self.note_foreseen(work, at, &factors);
        self.change_drives(work, done, at, &factors);
        self.run_singles_at(work, done, at, &factors);
        while let Some(batch) = work.batches.get(done.batches).filter(|batch| batch.at == at) {
            self.run_batch(batch, work, &factors);
            done.batches += 1;
            self.ask_for_batch(work, done.batches + BATCHES_AHEAD);
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

    /// Asks for the slots that a batch is going to reach.
    #[inline]
    fn ask_for_batch(&self, work: &Work, place: usize) {
        let Some(batch) = work.batches.get(place).filter(|_| self.is_far) else { return };
        let piece = batch.first as usize..batch.first as usize + batch.count as usize;
        let ask = |target: u32| prefetch(&self.slots, target as usize);
        if batch.learned {
            let list = &work.plastic[batch.table as usize].transmitted[piece];
            return list.iter().for_each(|transmitted| ask(transmitted.target));
        }
        match &work.tables[batch.table as usize].synapses {
            Synapses::Alike { targets, .. } => {
                targets[piece].iter().for_each(|&target| ask(target))
            }
            Synapses::OneDelay { rows, .. } => rows[piece].iter().for_each(|s| ask(s.target)),
            Synapses::Bucketed { rows, .. } => rows[piece].iter().for_each(|s| ask(s.target())),
            Synapses::OwnDelay { rows } => rows[piece].iter().for_each(|s| ask(s.target)),
        }
    }

    fn run_batch(&mut self, batch: &Batch, work: &Work, factors: &M::Factors) {
        self.walking = Some(batch.source);
        let Neurons { frame, slots, attention, .. } = self;
        let slots = slots.as_mut_slice();
        let piece = batch.first as usize..batch.first as usize + batch.count as usize;
        let kick = |weight: f32| M::kick(frame, factors, f64::from(weight));
        let mut add = |target: u32, kick: &M::Slot| {
            if arrive(slots, target, kick) {
                attention.push(target);
            }
        };
        if batch.learned {
            for transmitted in &work.plastic[batch.table as usize].transmitted[piece] {
                add(transmitted.target, &M::kick(frame, factors, transmitted.weight));
            }
            self.walking = None;
            return;
        }
        match &work.tables[batch.table as usize].synapses {
            Synapses::Alike { weight, targets, .. } => {
                let kick = kick(*weight);
                targets[piece].iter().for_each(|&target| add(target, &kick));
            }
            Synapses::OneDelay { rows, .. } => {
                rows[piece].iter().for_each(|s| add(s.target, &kick(s.weight)));
            }
            Synapses::Bucketed { rows, .. } => {
                rows[piece].iter().for_each(|s| add(s.target(), &kick(s.weight)));
            }
            Synapses::OwnDelay { rows } => {
                rows[piece].iter().for_each(|s| add(s.target, &kick(s.weight)));
            }
        }
        self.walking = None;
    }

    fn note_foreseen(&mut self, work: &mut Work, at: Tick, factors: &M::Factors) {
        while let Some(neuron) = self.deadlines.pop(at) {
            self.ask_for_foreseen();
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
                let state = self.thaw_free(neuron, factors);
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
            let state = self.thaw_free(neuron, f);
            self.cold[neuron as usize].drive = drive;
            if !held {
                self.freeze(neuron, &state, at);
                self.assess(neuron, at, &state);
            }
        }
    }

    /// Looks at each neuron whose credit is spent.
    fn attend_to_all(&mut self, work: &mut Work, at: Tick, factors: &M::Factors) {
        if self.is_far && self.attention.len() > 1 {
            let ask = |asked, &neuron: &u32| asked ^ self.cold[neuron as usize].filed.0;
            std::hint::black_box(self.attention.iter().fold(0, ask));
        }
        while let Some(neuron) = self.attention.pop() {
            // One that was named twice, or has fired, has been seen to.
            if self.slots[neuron as usize].credit() >= 0.0 {
                continue;
            }
            *work.current = neuron;
            let state = self.thaw_free(neuron, factors);
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

    /// The state of a neuron that has not been seen to reach its threshold.
    fn thaw_free(&self, neuron: u32, factors: &M::Factors) -> M::State {
        let mut state = self.thaw(neuron, factors);
        M::take_back(self.constants_of(self.cold[neuron as usize].population.into()), &mut state);
        state
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
        self.deadlines.file(deadline, neuron);
    }

    /// Takes all samples that are due before `end`.
    fn sample_until(&mut self, end: Tick) {
        loop {
            let now = self.next_sample;
            if now >= end {
                return;
            }
            self.renew_to(now);
            self.sample(now);
        }
    }

    /// Takes the samples of this tick.
    fn sample(&mut self, now: Tick) {
        if self.next_sample != now {
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
        self.next_sample = next_sample(&all);
        self.probes = all;
    }
}

/// The tick of the next sample that any probe takes.
fn next_sample(probes: &[Vec<Probe>]) -> Tick {
    let probes = probes.iter().flatten();
    let nexts = probes.filter_map(|probe| probe.next.first().filter(|&&n| n < probe.end));
    nexts.min().copied().unwrap_or(NEVER)
}
