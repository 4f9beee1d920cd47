//! Neurons in their frame: slots, limits, and what is foreseen for them.

mod looks;

use super::deadlines::Deadlines;
use super::frames::{Batch, Frames, Point, Setup, Work};
use super::group::Probe;
use super::learning::Transmitted;
use super::prepaid::Externals;
use crate::base::digest::Digest;
use crate::base::saved::{saved, value};
use crate::base::{NeuronId, Resolution, Span, Tick};
use crate::memory::prefetch::prefetch;
use crate::network::NeuronPlan;
use crate::neuron::cell::NEVER;
use crate::neuron::framed::{Framed, Slot};
use crate::scenario::Model;
use crate::synapse::{BucketedSynapse, DelayedSynapse, Synapse, Synapses};
use std::ops::Range;

/// A frame lasts for so many of the shortest time constant at most, so that growth stays small.
const LONGEST_IN_TAUS: f64 = 32.0;
/// And for so many ticks at most, about 0.13 s.
const LONGEST_FRAME: u64 = 1 << 27;

/// The length of a frame: a power of two of grid steps, or of ticks where steps are too long. It
/// divides time alike for every slice, and holds whole epochs of external input.
pub fn length_of<M: Framed>(frame: &M::Frame, grid: Resolution) -> Span {
    let longest = (M::shortest_tau_ms(frame) * LONGEST_IN_TAUS * 1e6).min(LONGEST_FRAME as f64);
    let step = grid.span().0;
    let mut length = if step as f64 <= longest { step } else { 1 };
    while (length * 2) as f64 <= longest {
        length *= 2;
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
value!(Cold { deadline, filed, drive, population, held, certain });

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
    /// Neurons whose limit was reached at the present tick.
    attention: Vec<u32>,
    /// Neurons that cross at the present tick.
    crossed: Vec<u32>,
    /// Neurons whose refractoriness ends at the present tick.
    released: Vec<u32>,
    externals: Externals,
    probes: Vec<Vec<Probe>>,
    /// The tick of the next sample.
    next_sample: Tick,
    now: Tick,
    walking: Option<NeuronId>,
}
saved!(Neurons<M> where [M: Framed] {
    frame_start, slots, cold, deadlines, externals, next_sample, now; flat probes
});

impl<M: Framed> Frames for Neurons<M> {
    fn run(&mut self, work: &mut Work) {
        self.sample_until(work.start);
        self.renew_to(work.start);
        self.open_deadlines(work);
        self.externals.begin(work.end);
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

    fn next_external(&self) -> Tick {
        self.externals.next()
    }

    fn external_events(&self) -> u64 {
        self.externals.count()
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
        let Neurons { externals, frame, frame_start, slots, .. } = self;
        externals.finish(end, |neuron, at, weight| {
            let factors = M::factors(frame, at.since(*frame_start));
            slots[neuron as usize].subtract(&M::kick(frame, &factors, weight));
        });
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

/// Asks for the neurons of points that come soon: first for the slot, then for the rest of those
/// who will reach their limits, which are going to be looked at.
#[inline(always)]
fn ask_for_point<M: Framed>(
    frame: &M::Frame,
    factors: &M::Factors,
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
        let mut slot = slots[target];
        let is_reached = M::arrive(&mut slot, &M::kick(frame, factors, point.weight), factors);
        // Neuron 0 in place of a branch that nobody can foresee.
        prefetch(cold, if is_reached { target } else { 0 });
    }
}

/// Synapses of a batch that are added before anybody asks whether a limit was reached.
const TOGETHER: usize = 4;
/// Slots of so many bytes at most are taken so; the arithmetic of larger ones runs out of registers.
const SMALL_SLOT: usize = 16;

/// The synapses of a list arrive at one tick; neurons whose limit is reached then go to `attention`, some of
/// them twice.
///
/// Limits are reached rarely, so where slots are small some synapses are added without a branch between them,
/// and only then it is asked whether any limit was reached, and by whom. A neuron that reached it and fell
/// below it again at the same tick would be passed over anyhow when its turn comes.
#[inline(always)]
fn arrive_all<M: Framed, S>(
    slots: &mut [M::Slot],
    attention: &mut Vec<u32>,
    list: &[S],
    target: impl Fn(&S) -> u32,
    kick: impl Fn(&S) -> M::Slot,
    factors: &M::Factors,
) {
    let chunks =
        if size_of::<M::Slot>() <= SMALL_SLOT { list.as_chunks::<TOGETHER>().0 } else { &[] };
    let rest = &list[chunks.len() * TOGETHER..];
    for chunk in chunks {
        let mut any = false;
        for synapse in chunk {
            any |= M::arrive(&mut slots[target(synapse) as usize], &kick(synapse), factors);
        }
        if any {
            let is_reached = |&target: &u32| M::is_reached(&slots[target as usize], factors);
            attention.extend(chunk.iter().map(&target).filter(is_reached));
        }
    }
    for synapse in rest {
        if M::arrive(&mut slots[target(synapse) as usize], &kick(synapse), factors) {
            attention.push(target(synapse));
        }
    }
}

/// So many batches ahead their slots are asked for.
const BATCHES_AHEAD: usize = 8;
/// So many places ahead the slot of a neuron is asked for.
const SLOTS_AHEAD: usize = 32;
/// So many places ahead the rest of a neuron that is going to be looked at is asked for: its slot,
/// which tells, has come by then.
const COLD_AHEAD: usize = 16;
/// Slots of a shard beyond so many bytes are taken to be far from the processor. Networks of unit tests
/// are small, and are to ask for what is far all the same.
const NEAR_BYTES: usize = if cfg!(test) { 1 << 12 } else { 1 << 19 };

/// How far a slice has been gone through.
#[derive(Default)]
struct Done {
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
        let frame = M::frame(&members.iter().flatten().next()?.constants, setup.plan.grows)?;
        let length = length_of::<M>(&frame, setup.scenario.resolution);
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
            externals: Externals::new(
                setup.backgrounds,
                setup.scenario.backgrounds.iter().map(|background| background.weight).collect(),
                length,
                Tick(setup.scenario.duration.0),
            ),
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
            let factors = self.factors(Tick::ZERO);
            self.freeze(neuron, &state, &factors);
            self.assess(neuron, Tick::ZERO, &state, &factors);
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
        let own = self.next_sample.min(self.deadlines.first()).min(self.externals.next_epoch());
        batch.min(drive).min(own).min(work.end)
    }

    /// Asks for the neurons that are concerned first in a slice.
    fn ask_for_first(&self, work: &Work) {
        if !self.is_far {
            return;
        }
        for point in work.points.iter().take(SLOTS_AHEAD) {
            prefetch(&self.slots, point.target as usize);
        }
    }

    /// Externals and points before `stop`, or up to one that lets something be foreseen before it.
    fn run_singles(&mut self, work: &mut Work, done: &mut Done, stop: Tick) {
        let before = stop.since(work.start).0;
        loop {
            let point = work.points.get(done.points).map_or(before, |point| point.offset.into());
            let external = self.externals.first_waiting();
            if point >= before && external >= stop {
                return;
            }
            // At one tick externals come first.
            let next = work.start + Span(point);
            if external <= next {
                self.run_external(stop);
            } else {
                let list = &work.points[done.points..];
                let until = external.min(stop).since(work.start).0;
                done.points += self.run_points(work.start, list, until);
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

    /// The next external that waits, if it comes before `end`.
    #[inline]
    fn run_external(&mut self, end: Tick) {
        let Some((neuron, at, weight)) = self.externals.pop_before(end) else { return };
        let factors = self.factors(at);
        let kick = M::kick(&self.frame, &factors, weight);
        if M::arrive(&mut self.slots[neuron as usize], &kick, &factors) {
            self.attention.push(neuron);
            self.now = at;
        }
    }

    /// The points of a list with offsets below `until`, up to the first after which a neuron
    /// needs attention; how many.
    #[inline]
    fn run_points(&mut self, start: Tick, list: &[Point], until: u64) -> usize {
        let Neurons { frame, frame_start, slots, cold, is_far, attention, now, .. } = self;
        let slots = slots.as_mut_slice();
        let start = start.since(*frame_start).0;
        for (place, point) in list.iter().enumerate() {
            if u64::from(point.offset) >= until {
                return place;
            }
            let since = Span(start + u64::from(point.offset));
            let factors = M::factors(frame, since);
            if *is_far {
                ask_for_point::<M>(frame, &factors, slots, cold, list, place);
            }
            let kick = M::kick(frame, &factors, point.weight);
            if M::arrive(&mut slots[point.target as usize], &kick, &factors) {
                attention.push(point.target);
                *now = *frame_start + since;
                return place + 1;
            }
        }
        list.len()
    }

    /// All externals and points of one tick.
    #[inline]
    fn run_singles_at(&mut self, work: &Work, done: &mut Done, at: Tick, factors: &M::Factors) {
        let offset = at.since(work.start).0;
        let point = work.points.get(done.points).map_or(u64::MAX, |point| point.offset.into());
        if point == offset || self.externals.first_waiting() == at {
            self.run_some_singles_at(work, done, at, factors);
        }
    }

    fn run_some_singles_at(&mut self, work: &Work, done: &mut Done, at: Tick, f: &M::Factors) {
        let offset = at.since(work.start).0;
        let Neurons { frame, slots, attention, externals, .. } = self;
        let mut add = |target: u32, weight: f64| {
            let kick = M::kick(frame, f, weight);
            if M::arrive(&mut slots[target as usize], &kick, f) {
                attention.push(target);
            }
        };
        while let Some((neuron, _, weight)) = externals.pop_before(Tick(at.0 + 1)) {
            add(neuron, weight);
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
        if self.externals.next_epoch() == at {
            self.prepay(at);
        }
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
            self.withdraw(neuron, Tick(at.0 + 1));
            let state = self.thaw(neuron, &factors);
            self.fire(neuron, at, state, &factors, work.spikes);
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
        if batch.learned {
            let list = &work.plastic[batch.table as usize].transmitted[piece];
            let kick = |t: &Transmitted| M::kick(frame, factors, t.weight);
            arrive_all::<M, _>(slots, attention, list, |t| t.target, kick, factors);
            self.walking = None;
            return;
        }
        match &work.tables[batch.table as usize].synapses {
            Synapses::Alike { weight, targets, .. } => {
                let kick = kick(*weight);
                let list = &targets[piece];
                arrive_all::<M, _>(slots, attention, list, |&t| t, |_| kick, factors);
            }
            Synapses::OneDelay { rows, .. } => {
                let (list, kick) = (&rows[piece], |s: &Synapse| kick(s.weight));
                arrive_all::<M, _>(slots, attention, list, |s| s.target, kick, factors);
            }
            Synapses::Bucketed { rows, .. } => {
                let (list, kick) = (&rows[piece], |s: &BucketedSynapse| kick(s.weight));
                arrive_all::<M, _>(slots, attention, list, |s| s.target(), kick, factors);
            }
            Synapses::OwnDelay { rows } => {
                let (list, kick) = (&rows[piece], |s: &DelayedSynapse| kick(s.weight));
                arrive_all::<M, _>(slots, attention, list, |s| s.target, kick, factors);
            }
        }
        self.walking = None;
    }

    /// Draws the external input of the epochs that begin at `at`. What does not bring
    /// its neuron to its limit is added at once.
    fn prepay(&mut self, at: Tick) {
        let Neurons { externals, frame, frame_start, slots, .. } = self;
        let start = at.since(*frame_start).0;
        let slots = slots.as_mut_slice();
        externals.open(at, |offset, neuron, weight| {
            let factors = M::factors(frame, Span(start + offset.0));
            let slot = &mut slots[neuron as usize];
            let mut paid = *slot;
            let is_reached = M::arrive(&mut paid, &M::kick(frame, &factors, weight), &factors);
            if !is_reached {
                *slot = paid;
            }
            !is_reached
        });
    }

    /// Takes off what is prepaid for a neuron at or after `from`, before it is looked at.
    #[inline]
    fn withdraw(&mut self, neuron: u32, from: Tick) {
        let Neurons { externals, frame, frame_start, slots, .. } = self;
        externals.withdraw(neuron, from, |at, weight| {
            let factors = M::factors(frame, at.since(*frame_start));
            slots[neuron as usize].subtract(&M::kick(frame, &factors, weight));
        });
    }

    /// The state of a neuron of which nothing is prepaid.
    fn thaw(&self, neuron: u32, factors: &M::Factors) -> M::State {
        self.thaw_slot(neuron, &self.slots[neuron as usize], factors)
    }

    /// The state of a neuron whose slot this is.
    fn thaw_slot(&self, neuron: u32, slot: &M::Slot, factors: &M::Factors) -> M::State {
        let cold = &self.cold[neuron as usize];
        let constants = self.constants_of(cold.population.into());
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

    fn freeze(&mut self, neuron: u32, state: &M::State, factors: &M::Factors) {
        let cold = &self.cold[neuron as usize];
        let constants = self.constants_of(cold.population.into());
        let slot = M::freeze(&self.frame, constants, state, cold.drive, factors);
        self.slots[neuron as usize] = slot;
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
                let mut slot = self.slots[neuron as usize];
                for (at, weight) in self.externals.ahead(neuron, Tick(now.0 + 1)) {
                    let factors = M::factors(&self.frame, at.since(self.frame_start));
                    slot.subtract(&M::kick(&self.frame, &factors, weight));
                }
                let state = self.thaw_slot(neuron, &slot, &factors);
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
