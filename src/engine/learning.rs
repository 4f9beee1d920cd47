//! Synapses that change: those of one projection that end in one shard.
//!
//! A plastic projection has a table of its own, whose rows say who is reached when. Beside each row
//! stands what the rule stores of a synapse, and beside the table the trains that its synapses
//! read: the recent spikes of each source, of each target, and of the modulator.
//!
//! # When is what known?
//!
//! A spike sent at t reaches the synapse at t + axonal and takes effect at t + delay. What is
//! transmitted is worked out when it takes effect: in the slice that holds t + delay, all spikes that
//! the target fired before the slice have been noted, and the rule asks for those before t + axonal -
//! dendritic, which [`Network::learning_slice`](crate::network::Network::learning_slice) puts
//! before the slice. Later spikes of the target may have been noted, too; a rule passes them over.
//! Arrivals at one synapse come in the order in which they were sent, at inputs that share a pool
//! in the order (tick, via).
//!
//! # What is held?
//!
//! Now and then, at multiples of [`Options::settle_every`](super::Options) of simulated time, and earlier
//! where what trains have fired meanwhile takes much memory beside the synapses, every synapse is
//! settled until the start of the slice less its dendritic part: nothing that reaches the
//! synapse before is still under way. Then of the trains is forgotten
//!
//! * of a source: what lies before the start of the slice less the longest delay, but the latest;
//! * of a target: what lies before the rule's horizon of the longest dendritic part, but the latest;
//! * of the modulator: what arrived before the earliest time until which a synapse was settled.
//!
//! [`crate::plasticity::history`] shows why this changes no bit.
//!
//! # What if the target teaches?
//!
//! A rule that heeds its target's lessons ([`Rule::HEEDS`]) needs the target as it is at the tick of an
//! arrival, which is known only once everything before has reached it. The slice then hands out a
//! question instead of a weight, and the group that brings the target to that tick asks
//! ([`Learning::answer`]), in the order in which the target takes its inputs.
//!
//! # What becomes of a synapse that is removed?
//!
//! A rule that prunes decides at simulated times, and each synapse by what it holds itself, so it
//! does not matter when the decision is worked out: at the next arrival, or when all synapses are
//! settled. From then on the synapse is a tombstone: spikes walk past it, and nothing is transmitted,
//! counted or added. Once many are dead they are taken out of the rows ([`Learning::retain`]); a
//! spike on its way then goes on behind what it has passed. A spike that reaches the synapse before
//! the decision is delivered, a later one is not: settling a synapse until a tick that no
//! delivery will precede removes nothing that a spike under way could still find.

use crate::base::saved::{saved, value};
mod reading;

use super::by_row::ByRow;
use super::leaks::Leaks;
pub use super::projection::{Learning, Pruned, Reached, Sample, Transmitted};
use crate::base::{NeuronId, Span, Tick};
use crate::network::{Network, PlasticProjection};
use crate::neuron::ensemble::{Ensemble, Moment};
use crate::neuron::lesson::Lesson;
use crate::plasticity::{
    Arrival, Dendritic, Descriptor, History, Order, Path, Postsynaptic, Pre, Release, Rule, Sent,
    Site, Spare, Spike, Trains, Verdict, Visitor, dispatch, short_term,
};
use crate::record::{Cause, Removal};
use crate::scenario::{Plasticity, Scenario};
use crate::synapse::{self, DelayedSynapse, LearningSynapse, Rows, Table};
use std::ops::Range;

/// Synapses are settled when what was noted of their trains takes a byte for so many of their own. A
/// walk over them then costs little beside delivering these spikes.
const SYNAPSES_PER_NOTE: usize = 8;
/// Less than this is never worth a walk.
const LEAST_NOTED: usize = 1 << 20;

/// What is needed to set up the synapses of a projection in a shard.
pub struct Setup<'n> {
    scenario: &'n Scenario,
    network: &'n Network,
    projection: PlasticProjection,
    shard: u32,
    by_row: bool,
}

impl<'n> Setup<'n> {
    /// Number `number` of the plastic projections of a network, in the lane of dendrites if it is
    /// taken `by_row`.
    pub fn new(
        scenario: &'n Scenario,
        network: &'n Network,
        number: usize,
        shard: u32,
        by_row: bool,
    ) -> Setup<'n> {
        Setup { scenario, network, projection: network.plastic[number], shard, by_row }
    }

    /// The synapses of a table at time zero.
    pub fn build(self, table: &Table) -> Box<dyn Learning> {
        let rule: &Descriptor = self.plasticity().rule;
        dispatch(rule, Building(&self, table))
    }

    fn plasticity(&self) -> &'n Plasticity {
        &self.scenario.projections[self.projection.index].plasticity
    }
}

/// What is set up, and the table of the plan.
struct Building<'a, 'n>(&'a Setup<'n>, &'a Table);

impl Visitor for Building<'_, '_> {
    type Output = Box<dyn Learning>;

    fn visit<R: Rule>(self) -> Box<dyn Learning> {
        Box::new(Learned::<R>::new(self.0, self.1))
    }
}

/// The synapses of one projection in one shard, which change by the rule `R`.
struct Learned<R: Rule> {
    synapses: Vec<R::Synapse<f32>>,
    /// All there is in the lane of dendrites; the rest stays empty then.
    by_row: Option<ByRow<R>>,
    /// The recent spikes of each source.
    trains: Trains<Sent<R::Trace>>,
    /// The targets that live here.
    targets: Vec<Postsynaptic<R>>,
    /// Room for their spikes.
    spare: Spare<R::Fired>,
    resource: Option<short_term::Resource>,
    /// Arrivals of inputs that share a pool, to be put in order: their row, and the number of
    /// their spike.
    order: Vec<Place>,
    /// Arrivals of this slice that wait for their target.
    questions: Vec<Place>,
    held: Option<Held<R>>,
    /// Bytes of spikes that were noted since all synapses were settled.
    noted: usize,
    longest_delay: Span,
    longest_dendritic: Span,
    /// Synapses that have been removed and still stand in the table.
    dead: usize,
    pruned: Pruned,
    leaks: Leaks,
    /// Whether removals are kept.
    records: bool,
    /// Whether the weights of the end are asked for.
    weighs: bool,
    /// The index of the projection.
    index: u32,
    common: Common<R>,
}
saved!(Learned<R> where [R: Rule] {
    synapses, trains, targets, held, noted, dead, pruned, leaks, common; each by_row
});

/// Synapses, and what the inputs of each target share, at an earlier time.
struct Held<R: Rule> {
    synapses: Vec<R::Synapse<f32>>,
    states: Vec<R::Target>,
}
value!(Held<R> where [R: Rule] { synapses, states });

/// What synapses share, apart from what belongs to a source or a target.
struct Common<R: Rule> {
    constants: R::Constants,
    shared: R::Shared,
    verdicts: Vec<Verdict>,
    dendritic: Dendritic,
    /// The first source and the first target that lives here, by number in the network.
    first_source: u32,
    first_target: u32,
    /// The place of that target in the shard.
    local_start: u32,
}
saved!(Common<R> where [R: Rule] { shared });

/// An arrival: at which synapse, and which spike of its source.
#[derive(Clone, Copy)]
struct Place {
    at: Tick,
    position: usize,
    source: u32,
    ordinal: u64,
    /// Its place in the list of what is transmitted.
    listed: usize,
}

impl<R: Rule> Common<R> {
    /// The path of a synapse.
    #[inline]
    fn path(&self, row: &LearningSynapse) -> Path {
        let path = self.dendritic.path(Span(row.delay.into()));
        path.expect("checked when the network was built")
    }

    /// Where a synapse stands, given its source, its target and its path.
    #[inline(always)]
    fn at<'a>(
        &'a mut self,
        targets: &'a mut [Postsynaptic<R>],
        (source, target, path): (u32, u32, Path),
    ) -> Site<'a, R> {
        let target = target - self.local_start;
        Site {
            constants: &self.constants,
            shared: &self.shared,
            post: &mut targets[target as usize],
            path,
            source: NeuronId(self.first_source + source),
            target: NeuronId(self.first_target + target),
            verdicts: &mut self.verdicts,
        }
    }

    /// A synapse takes an arrival; the weight that is transmitted, or `None` if the synapse is gone.
    #[inline(always)]
    fn take(
        &mut self,
        targets: &mut [Postsynaptic<R>],
        place: (u32, u32, Path),
        synapse: &mut R::Synapse<f32>,
        arrival: &Arrival<R>,
    ) -> Option<f64> {
        if R::pruned(synapse) {
            return None;
        }
        let weight = R::on_pre(&mut self.at(targets, place), synapse, arrival);
        (!R::pruned(synapse)).then_some(weight)
    }
}

/// The traces of a source's spike.
#[inline]
fn trace_of<T: Copy>(spike: &Spike<Sent<T>>) -> Spike<T> {
    Spike { at: spike.at, value: spike.value.trace }
}

impl<R: Rule> Learned<R> {
    fn new(setup: &Setup<'_>, table: &Table) -> Learned<R> {
        let plasticity = setup.plasticity();
        let PlasticProjection { source, target, .. } = setup.projection;
        let partition = &setup.network.partition;
        let constants = R::constants(&plasticity.values, setup.scenario.seed);
        let longest_delay = table.delays().map_or(Span::ZERO, |(_, longest)| longest);
        let rows = table.delayed();
        let new = |row: &DelayedSynapse| R::synapse::<f32>(&constants, row.weight.into());
        let local_start = partition.local_start(target, setup.shard);
        let channel = setup.projection.pulse.channel;
        let by_row = || ByRow::new(&constants, table, local_start, channel);
        let by_row = setup.by_row.then(by_row);
        let singly = if by_row.is_some() { &[] } else { rows };
        let synapses = singly.iter().map(new).collect();
        let dendritic_of = |row: &DelayedSynapse| {
            let path = plasticity.dendritic.path(Span(row.delay.into()));
            path.map_or(Span::ZERO, |path| path.dendritic)
        };
        let owned = partition.owned(target, setup.shard);
        let at_rest = || Postsynaptic { spikes: History::default(), state: R::target(&constants) };
        let resource = plasticity.short_term.as_deref().map(short_term::Resource::new);
        Learned {
            synapses,
            by_row,
            trains: Trains::new(partition.population(source).len()),
            targets: owned.clone().map(|_| at_rest()).collect(),
            spare: Spare::default(),
            resource: resource.or_else(|| R::resource(&constants).cloned()),
            order: Vec::new(),
            questions: Vec::new(),
            held: None,
            noted: 0,
            longest_delay,
            longest_dendritic: rows.iter().map(dendritic_of).max().unwrap_or(Span::ZERO),
            dead: 0,
            pruned: Pruned::default(),
            leaks: Leaks::new(setup.scenario, plasticity),
            records: setup.scenario.record.pruned,
            weighs: setup.scenario.record.weights || setup.scenario.record.weights_every.is_some(),
            index: setup.projection.index as u32,
            common: Common {
                constants,
                shared: R::Shared::default(),
                verdicts: Vec::new(),
                dendritic: plasticity.dendritic,
                first_source: partition.population(source).start,
                first_target: partition.population(target).start + owned.start,
                local_start,
            },
        }
    }

    /// A spike of a source and the one before, and the share of the weights that it transmits.
    #[inline]
    fn spike(&self, source: u32, ordinal: u64) -> (Pre<R::Trace>, f64) {
        let train = &self.trains[source as usize];
        let now = train.spike(ordinal).expect("it has been sent");
        let last = ordinal.checked_sub(1).and_then(|before| train.spike(before)).map(trace_of);
        (Pre { last, now: trace_of(now) }, now.value.release.share())
    }

    /// A spike arrives at a synapse; what is transmitted, or `None` if the synapse is gone.
    #[inline]
    fn arrive(
        &mut self,
        rows: &[LearningSynapse],
        position: usize,
        source: u32,
        ordinal: u64,
    ) -> Option<f64> {
        let (pre, share) = self.spike(source, ordinal);
        let (row, synapse) = (&rows[position], &mut self.synapses[position]);
        let path = self.common.path(row);
        let arrival = Arrival::new(&self.common.constants, pre, path);
        let place = (source, row.target, path);
        let weight = self.common.take(&mut self.targets, place, synapse, &arrival);
        weight.map(|weight| weight * share)
    }

    /// A spike arrives at a piece of the row of its source. What concerns the spike alone is looked up
    /// once, not for each synapse, and what concerns its path as often as the delay changes.
    fn arrive_along(
        &mut self,
        rows: &[LearningSynapse],
        source: u32,
        sent: Tick,
        piece: Range<usize>,
        transmitted: &mut Vec<Transmitted>,
    ) {
        let Some(first) = rows[piece.clone()].first() else { return };
        let ordinal = self.trains[source as usize].end_before(sent);
        let (pre, share) = self.spike(source, ordinal);
        let Learned { synapses, targets, common, .. } = self;
        transmitted.reserve(piece.len());
        let (mut delay, mut path) = (first.delay, common.path(first));
        let mut arrival = Arrival::new(&common.constants, pre, path);
        for (synapse, row) in synapses[piece.clone()].iter_mut().zip(&rows[piece]) {
            if row.delay != delay {
                (delay, path) = (row.delay, common.path(row));
                arrival = Arrival::new(&common.constants, pre, path);
            }
            let place = (source, row.target, path);
            if let Some(weight) = common.take(targets, place, synapse, &arrival) {
                transmitted.push(Transmitted { target: row.target, delay, weight: weight * share });
            }
        }
    }

    /// Takes arrivals at inputs that share a pool in the order (tick, via).
    fn arrive_by_target(
        &mut self,
        rows: &[LearningSynapse],
        mut visit: impl FnMut(usize, Option<f64>),
    ) {
        let mut order = std::mem::take(&mut self.order);
        // A row stands where its source does, so the place in the table is the order of via.
        order.sort_unstable_by_key(|p| (rows[p.position].target, p.at, p.position));
        for place in order.drain(..) {
            visit(place.listed, self.arrive(rows, place.position, place.source, place.ordinal));
        }
        self.order = order;
    }

    /// Settles each synapse until the time at it that `until` says, given its dendritic part, and
    /// calls `visit`.
    fn settle_each(
        &mut self,
        rows: &Rows,
        until: impl Fn(Span) -> Tick,
        latest: impl Fn(&History<Sent<R::Trace>>, Span) -> u64,
        mut visit: impl FnMut(&mut Site<'_, R>, &R::Synapse<f32>, Option<Spike<R::Trace>>),
    ) {
        for source in 0..self.trains.len() as u32 {
            for position in rows.row(source) {
                let row = &rows.synapses()[position];
                let train = &self.trains[source as usize];
                let (delay, path) = (Span(row.delay.into()), self.common.path(row));
                let synapse = &mut self.synapses[position];
                let place = (source, row.target, path);
                let last = latest(train, delay).checked_sub(1);
                let last = last.and_then(|ordinal| train.spike(ordinal)).map(trace_of);
                let mut site = self.common.at(&mut self.targets, place);
                R::settle(&mut site, synapse, last, until(path.dendritic));
                visit(&mut site, synapse, last);
            }
        }
    }
}

impl<R: Rule> Learned<R> {
    /// Takes note of what was decided.
    fn note_verdicts(&mut self) {
        for verdict in self.common.verdicts.drain(..) {
            let Verdict { at: tick, source, target, before, after } = verdict;
            self.leaks.add(&verdict);
            if after != 0.0 {
                self.pruned.strengthened += 1;
                continue;
            }
            self.dead += 1;
            let cause = if R::FADES { Cause::Threshold } else { Cause::Rule };
            self.pruned.removed[cause as usize] += 1;
            if self.records {
                let (weight, projection) = (before as f32, self.index);
                let removal = Removal { tick, source, target, weight, projection, cause };
                self.pruned.removals.push(removal);
            }
        }
    }
}

impl<R: Rule> Learning for Learned<R> {
    fn sent(&mut self, source: u32, at: Tick) {
        if self.by_row.is_some() {
            return;
        }
        let last = self.trains[source as usize].latest();
        let trace = R::sent(&self.common.constants, last.map(trace_of).as_ref(), at);
        let release = match &self.resource {
            Some(resource) => resource.release(last.map(|last| (last.value.release, at - last.at))),
            None => Release::WHOLE,
        };
        self.trains.push(source, at, Sent { trace, release });
        self.noted += size_of::<Spike<Sent<R::Trace>>>();
    }

    fn fired(&mut self, target: u32, at: Tick) {
        if R::HEEDS || self.by_row.is_some() {
            return;
        }
        let spikes = &mut self.targets[(target - self.common.local_start) as usize].spikes;
        let value = R::fired(&self.common.constants, spikes.latest(), at);
        spikes.make_room(&mut self.spare);
        spikes.push(at, value);
        self.noted += size_of::<Spike<R::Fired>>();
    }

    fn modulated(&mut self, at: Tick) {
        R::modulated(&self.common.constants, &mut self.common.shared, at);
    }

    fn deliver(
        &mut self,
        rows: &Rows,
        reached: &mut [Reached],
        transmitted: &mut Vec<Transmitted>,
    ) {
        let rows = rows.synapses();
        for reached in reached {
            let Reached { source, sent, ref piece, .. } = *reached;
            let first = transmitted.len();
            if !R::HEEDS && R::DESCRIPTOR.order == Order::BySynapse {
                self.arrive_along(rows, source, sent, piece.clone(), transmitted);
                reached.transmitted = first..transmitted.len();
                continue;
            }
            let ordinal = self.trains[source as usize].end_before(sent);
            for position in piece.clone() {
                let LearningSynapse { target, delay } = rows[position];
                let (at, listed) = (sent + Span(delay.into()), transmitted.len());
                let place = Place { at, position, source, ordinal, listed };
                // Where the target is asked, the number of the question.
                let weight = self.questions.len() as f64;
                if R::HEEDS {
                    self.questions.push(place)
                } else {
                    self.order.push(place)
                }
                transmitted.push(Transmitted { target, delay, weight });
            }
            reached.transmitted = first..transmitted.len();
        }
        self.arrive_by_target(rows, |listed, weight| {
            transmitted[listed].weight = weight.expect("rules with a pool remove no synapse");
        });
        self.note_verdicts();
    }

    fn heeds(&self) -> bool {
        R::HEEDS
    }

    #[inline]
    fn heed(&mut self, target: u32, lesson: &Lesson) {
        let post = &mut self.targets[(target - self.common.local_start) as usize];
        post.spikes.make_room(&mut self.spare);
        R::heed(&self.common.constants, post, lesson);
    }

    #[inline]
    fn answer(&mut self, rows: &Rows, question: usize, lesson: &Lesson) -> f64 {
        let Place { position, source, ordinal, .. } = self.questions[question];
        let rows = rows.synapses();
        self.heed(rows[position].target, lesson);
        self.arrive(rows, position, source, ordinal).expect("rules that heed remove no synapse")
    }

    fn close(&mut self) {
        self.questions.clear();
    }

    fn arrive_by_row(&mut self, source: u32, now: (&Moment, u64), targets: &mut dyn Ensemble) {
        let by_row = self.by_row.as_mut().expect("the lane was chosen for all");
        by_row.arrive(&self.common.constants, source, now, targets);
    }

    fn take_totals(&mut self, (epoch, length): (u64, u64), totals: &[f64], goes_on: bool) {
        let by_row = self.by_row.as_mut().expect("the lane was chosen for all");
        by_row.take_totals(&self.common.constants, epoch, length, totals, goes_on);
    }

    fn settle(&mut self, rows: &Rows, now: Tick) {
        if self.by_row.is_some() {
            return;
        }
        let before = |span: Span| Tick(now.0.saturating_sub(span.0));
        self.settle_each(
            rows,
            before,
            |train, delay| train.end_before(before(delay)),
            |_, _, _| {},
        );
        let settled = before(self.longest_dendritic);
        let horizon = R::horizon(settled, self.longest_dendritic);
        self.spare.trim(self.targets.iter_mut().map(|target| &mut target.spikes), horizon, now);
        R::trim_shared(&mut self.common.shared, settled);
        self.trains.trim(before(self.longest_delay), now);
        self.noted = 0;
        self.note_verdicts();
    }

    fn is_full(&self) -> bool {
        let synapses = size_of_val(self.synapses.as_slice());
        self.noted > (synapses / SYNAPSES_PER_NOTE).max(LEAST_NOTED)
    }

    fn leaks(&mut self) -> &mut Leaks {
        &mut self.leaks
    }

    fn hold(&mut self) {
        let states = self.targets.iter().map(|target| target.state).collect();
        self.held = Some(Held { synapses: self.synapses.clone(), states });
    }

    fn sample(&mut self, rows: &Rows, from: Tick, at: Tick) -> Sample {
        let held = self.held.as_ref().expect("copies are held");
        let copy = Held { synapses: held.synapses.clone(), states: held.states.clone() };
        let now = self.swap(copy);
        let verdicts = self.common.verdicts.len();
        let weights = self.weights_at(rows, from, at);
        let levels = self.levels_at(rows, at);
        // What the targets' spikes were granted has been worked out to the same bits.
        self.common.verdicts.truncate(verdicts);
        self.swap(now);
        Sample { weights, levels }
    }

    fn drop_held(&mut self) {
        self.held = None;
    }

    fn weigh(&mut self, rows: &Rows, now: Tick) -> Vec<f32> {
        let before = |span: Span| Tick(now.0.saturating_sub(span.0));
        let mut weights = Vec::with_capacity(self.synapses.len());
        let weigh = |site: &mut Site<'_, R>, synapse: &R::Synapse<f32>, last| {
            let weight = match R::pruned(synapse) {
                true => f32::NAN,
                false => R::weight(site, synapse, last, before(site.path.dendritic)) as f32,
            };
            weights.push(weight);
        };
        self.settle_each(rows, before, |train, delay| train.end_before(before(delay)), weigh);
        self.note_verdicts();
        weights
    }

    fn finish(&mut self, rows: &Rows, end: Tick) -> Vec<f32> {
        if let Some(by_row) = &self.by_row {
            return by_row.weights();
        }
        // Decisions up to the end are counted, whether or not somebody asks for weights.
        match self.weighs || R::DESCRIPTOR.prunes {
            true => self.weights_at(rows, end, end),
            false => Vec::new(),
        }
    }

    fn dead(&self) -> usize {
        self.dead
    }

    fn alive(&self) -> Vec<bool> {
        self.synapses.iter().map(|synapse| !R::pruned(synapse)).collect()
    }

    fn retain(&mut self, keep: &[bool]) {
        synapse::retain(&mut self.synapses, keep);
        self.dead = self.synapses.iter().filter(|synapse| R::pruned(synapse)).count();
    }

    fn note_removal(
        &mut self,
        row: &LearningSynapse,
        source: u32,
        at: Tick,
        weight: f32,
        why: Cause,
    ) {
        self.pruned.removed[why as usize] += 1;
        if self.records {
            self.pruned.removals.push(Removal {
                tick: at,
                source: NeuronId(self.common.first_source + source),
                target: NeuronId(self.common.first_target + (row.target - self.common.local_start)),
                weight,
                projection: self.index,
                cause: why,
            });
        }
    }

    fn pruned(&mut self) -> &mut Pruned {
        &mut self.pruned
    }

    fn bytes(&self) -> u64 {
        let targets = self.targets.iter().map(|target| target.spikes.bytes()).sum::<u64>();
        let own = size_of_val(self.synapses.as_slice()) + size_of_val(self.targets.as_slice());
        let by_row = self.by_row.as_ref().map_or(0, ByRow::bytes);
        self.trains.bytes() + targets + self.spare.bytes() + own as u64 + by_row
    }
}
