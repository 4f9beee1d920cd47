//! Synapses that a spike reaches a whole row at a time: those of one projection in one shard, in the lane of
//! dendrites (see [`super::dendrites`]).
//!
//! The synapses of a source share one delay, so they share the trace of its spikes, too, and what is left
//! for each is its weight and the total that its target had told when it was last brought up to date.
//! Both are columns, and targets that follow one another are a *stretch*: an arrival is a loop over three
//! columns of a stretch, with one number for all.
//!
//! An epoch of the lessons that ends is taken by the rows at once, for the sources of which something is still
//! remembered: no more often than their next spike would have taken it, and nothing of it has to be kept.

use crate::base::saved::{saved, value};
use crate::base::{Span, Tick};
use crate::neuron::ensemble::{Ensemble, Moment};
use crate::neuron::lesson::KEPT;
use crate::plasticity::{Rule, Spike};
use crate::synapse::{DelayedSynapse, Table};

/// Synapses of one row whose targets follow one another.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// The first target, by its place among those of its population that live here.
    target: u32,
    /// The place of its synapse in the table.
    place: u32,
    count: u32,
}

/// The synapses of a projection.
///
/// Invariant: `known` holds totals of the present epoch.
pub struct ByRow<R: Rule> {
    /// In the order of the table.
    weights: Vec<f64>,
    /// Likewise, what each target had told; empty where targets tell nothing.
    known: Vec<f64>,
    stretches: Vec<Stretch>,
    /// The first stretch of each source, and behind the last one their number.
    starts: Vec<u32>,
    /// The latest spike of each source that arrived: its trace, and when.
    last: Vec<Option<Spike<R::Trace>>>,
    /// Where spikes arrive.
    channel: u8,
}
saved!(ByRow<R> where [R: Rule] { weights, known, last });

impl<R: Rule> ByRow<R> {
    /// The synapses of a table, whose targets are counted from `first_local`.
    pub fn new(constants: &R::Constants, table: &Table, first_local: u32, channel: u8) -> Self {
        let rows = table.delayed();
        let (low, high) = R::bounds(constants);
        let weight = |row: &DelayedSynapse| f64::from(row.weight).clamp(low, high);
        let sources = table.offsets.len().saturating_sub(1);
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut starts = vec![0];
        for source in 0..sources as u32 {
            for place in table.row(source) {
                let target = rows[place].target - first_local;
                let begun = &mut stretches[starts[source as usize] as usize..];
                match begun.last_mut() {
                    Some(last) if last.target + last.count == target => last.count += 1,
                    _ => stretches.push(Stretch { target, place: place as u32, count: 1 }),
                }
            }
            starts.push(stretches.len() as u32);
        }
        ByRow {
            weights: rows.iter().map(weight).collect(),
            known: vec![0.0; if R::HEEDS { rows.len() } else { 0 }],
            stretches,
            starts,
            last: vec![None; sources],
            channel,
        }
    }

    fn stretches(&self, source: u32) -> std::ops::Range<usize> {
        self.starts[source as usize] as usize..self.starts[source as usize + 1] as usize
    }

    /// A spike reaches the row of a source at a moment of an epoch.
    pub fn arrive(
        &mut self,
        constants: &R::Constants,
        source: u32,
        (now, epoch): (&Moment, u64),
        targets: &mut dyn Ensemble,
    ) {
        if !R::HEEDS {
            return self.put(source, now, targets);
        }
        let last = self.last[source as usize];
        let pull = last.map_or(0.0, |last| R::pull(constants, &last, epoch));
        for stretch in self.stretches(source) {
            let Stretch { target, place, count } = self.stretches[stretch];
            let (target, count) = (target as usize, count as usize);
            targets.meet(target..target + count, now);
            let told = &targets.totals()[target..target + count];
            self.learn(constants, (place as usize, told), pull, true);
            targets.receive(target, &self.weights[place as usize..][..count], now);
        }
        let trace = R::sent(constants, last.as_ref(), now.at);
        self.last[source as usize] = Some(Spike { at: now.at, value: trace });
    }

    /// Brings the weights from `place` on to what their targets have told in this epoch.
    #[inline]
    fn learn(
        &mut self,
        constants: &R::Constants,
        (place, told): (usize, &[f64]),
        pull: f64,
        goes_on: bool,
    ) {
        let (low, high) = R::bounds(constants);
        let stretch = place..place + told.len();
        let synapses = self.weights[stretch.clone()].iter_mut().zip(&mut self.known[stretch]);
        for ((weight, known), &total) in synapses.zip(told) {
            let learned = *weight + pull * (total - *known);
            let learned = if learned < low { low } else { learned };
            *weight = if learned > high { high } else { learned };
            *known = if goes_on { total } else { 0.0 };
        }
    }

    /// Adds to a channel of each target.
    fn put(&mut self, source: u32, now: &Moment, targets: &mut dyn Ensemble) {
        for stretch in self.stretches(source) {
            let Stretch { target, place, count } = self.stretches[stretch];
            for (neuron, place) in (target..target + count).zip(place..) {
                targets.put(neuron as usize, self.channel, self.weights[place as usize], now);
            }
        }
    }

    /// Takes what the targets have told in an epoch, given all totals; `goes_on` if it is not its end.
    pub fn take_totals(
        &mut self,
        constants: &R::Constants,
        epoch: u64,
        length: u64,
        totals: &[f64],
        goes_on: bool,
    ) {
        if !R::HEEDS {
            return;
        }
        for source in 0..self.last.len() as u32 {
            let Some(last) = self.last[source as usize] else { continue };
            // What has been forgotten has no pull, and its synapses know nothing of this epoch.
            if epoch >= last.at.0 / length + KEPT as u64 {
                continue;
            }
            let pull = R::pull(constants, &last, epoch);
            for stretch in self.stretches(source) {
                let Stretch { target, place, count } = self.stretches[stretch];
                let told = &totals[target as usize..][..count as usize];
                self.learn(constants, (place as usize, told), pull, goes_on);
            }
        }
    }

    /// The weights, in the order of the table.
    pub fn weights(&self) -> Vec<f32> {
        self.weights.iter().map(|&weight| weight as f32).collect()
    }

    /// Memory taken beside the table.
    pub fn bytes(&self) -> u64 {
        let bytes = size_of_val(self.weights.as_slice())
            + size_of_val(self.known.as_slice())
            + size_of_val(self.stretches.as_slice())
            + size_of_val(self.starts.as_slice())
            + size_of_val(self.last.as_slice());
        bytes as u64
    }
}

/// A spike at the row of a source, or what a schedule or a single synapse does to a neuron.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event {
    /// Ticks since the start of the slice.
    pub offset: u32,
    /// A row: the number of the plastic projection; else [`Event::SINGLE`] and the channel.
    pub kind: u32,
    /// The source, by its place in its population; or the neuron, by its place in the shard.
    pub who: u32,
    /// What is set or added; of a row, the tick at which the spike was sent, which a double can hold.
    pub value: f64,
}

value!(Event { offset, kind, who, value });

impl Event {
    /// Marks what concerns one neuron.
    const SINGLE: u32 = 1 << 31;

    /// A spike reaches a row.
    #[inline]
    pub fn row(start: Tick, (sent, delay): (Tick, Span), number: u32, source: u32) -> Event {
        let offset = (sent + delay).since(start).0 as u32;
        Event { offset, kind: number, who: source, value: sent.0 as f64 }
    }

    /// Something concerns one neuron.
    pub fn single(start: Tick, at: Tick, neuron: u32, channel: u8, value: f64) -> Event {
        let kind = Event::SINGLE | u32::from(channel);
        Event { offset: at.since(start).0 as u32, kind, who: neuron, value }
    }

    /// Whether it is a spike at a row.
    #[inline]
    pub fn is_row(&self) -> bool {
        self.kind & Event::SINGLE == 0
    }

    /// When the spike at a row was sent.
    pub fn sent(&self) -> u64 {
        self.value as u64
    }
}
