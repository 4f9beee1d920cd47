//! Spikes on their way to the neurons of one shard.
//!
//! A spike in flight is a *cursor*: a place in the row of its source, from which on synapses are
//! still to be reached. There is one a spike and shard, whatever the fan-out; it is filed under
//! the slice of its next arrival and filed again from there.
//!
//! Where the synapses of a row all have delays of their own, a slice may reach one or two of them,
//! and each visit of a row costs a read from far memory. In order of time (see
//! [`super::frames`]) such rows are therefore read for a *block* of several windows at once, and what
//! they hold waits as points under the slice in which it arrives. Blocks are absolute stretches of
//! time, rounds are the same for all shards, and within both cursors are taken by source, so the
//! order of points is the same for any number of shards.
//!
//! Rows of synapses that change are never read ahead: what they transmit is known only in the slice
//! in which it takes effect (see [`super::learning`]).

mod removal;
mod rows;

use super::by_row::Event;
use super::frames::{Batch, Point};
use super::learning::{Learning, Pruned, Reached, Sample, Transmitted};
use super::plastic::{Plastic, question};
use super::run::{Cut, Way};
use crate::base::saved::{saved, value};
use crate::base::{NeuronId, Span, Tick};
use crate::network::{Network, Partition};
use crate::neuron::lesson::Lesson;
use crate::queue::Calendar;
use crate::record::Spike;
use crate::scenario::Scenario;
use crate::synapse::{self, Rows, Synapses, Table};
use hdrhistogram::Histogram;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

/// So many rows are asked for ahead of time.
const ROWS_AHEAD: usize = 16;
/// Synapses in a cache line.
const LINE: usize = 8;
/// Windows in a block.
const WINDOWS_PER_BLOCK: u64 = 8;

/// Rows that lose synapses are closed up when one synapse in so many is dead: so what is dead takes
/// little memory, and what is alive is moved a few times only.
const DEAD_SHARE: usize = 8;

/// A spike on its way.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    sent: Tick,
    next: u64,
    source: NeuronId,
    population: u16,
    /// The table of the row: that of the population, or one behind those.
    table: u16,
}
value!(Cursor { sent, next, source, population, table });

/// A plastic projection at the end of a run.
pub struct Left {
    /// The synapses that are left.
    pub rows: Rows,
    /// Their weights.
    pub weights: Vec<f32>,
    /// What has become of the others.
    pub pruned: Pruned,
}

/// What is on its way to one shard.
pub struct Flight<'n> {
    partition: &'n Partition,
    tables: &'n [Table],
    plastic: Vec<Plastic>,
    /// Whether all there is are rows that are taken at once: their order is left to [`Flight::in_order`].
    only_rows: bool,
    slice: Span,
    duration: Tick,
    slices_per_block: u64,
    /// New spikes of this round, and the delays with which their rows begin.
    new: Vec<(Cursor, Span)>,
    /// By slice.
    flying: Calendar<Cursor>,
    /// Likewise, in the place of cursors: rows that are taken at once, where there is nothing else.
    rows: Calendar<Event>,
    /// The plastic projections of each population.
    from: Vec<Vec<usize>>,
    /// By block: rows that are read a block at a time.
    parked: Calendar<Cursor>,
    /// The block that has been opened.
    block: u64,
    /// What arrives in the slices of the open block, offsets counted from each slice's start.
    ahead: Vec<Vec<Point>>,
    due: Vec<Cursor>,
    /// The place in `due` of the row that is being walked, for a worker's last words.
    walked: Option<usize>,
    /// Synaptic events delivered.
    pub synaptic_events: u64,
    /// Synapses that each spike reached in this shard.
    pub fan_out: Histogram<u64>,
}
saved!(Flight<'_> {
    new, flying, rows, parked, block, ahead, synaptic_events, fan_out; each plastic
});

impl<'n> Flight<'n> {
    /// Nothing is on its way to shard `shard`. `way` says how arrivals will be asked for;
    /// `own` are the tables of the plastic projections, if they have been taken out of the network.
    pub fn new(
        scenario: &'n Scenario,
        network: &'n Network,
        shard: u32,
        cut: Cut,
        way: Way,
        own: Vec<Table>,
    ) -> Flight<'n> {
        let in_order = matches!(way, Way::Frames(_));
        let slices_per_block = cut.slices_per_window * WINDOWS_PER_BLOCK;
        let tables = network.shards[shard as usize].tables.as_slice();
        let fixed = &tables[..network.partition.populations()];
        let scattered = fixed.iter().any(is_scattered);
        let ahead = if in_order && scattered { slices_per_block } else { 0 };
        let mut learning: Vec<Cow<'_, Table>> = own.into_iter().map(Cow::Owned).collect();
        if learning.is_empty() {
            learning.extend(tables[fixed.len()..].iter().map(Cow::Borrowed));
        }
        let plastic = learning.into_iter().enumerate();
        let is_empty = |table: &Table| table.synapses.is_empty();
        let from = |population| {
            let of = |&number: &usize| network.plastic[number].source == population;
            (0..network.plastic.len()).filter(of).collect()
        };
        Flight {
            only_rows: way == Way::Dendrites && fixed.iter().all(is_empty),
            partition: &network.partition,
            tables,
            plastic: plastic
                .map(|(number, table)| {
                    let by_row = way == Way::Dendrites;
                    Plastic::new(scenario, network, number, shard, table, by_row)
                })
                .collect(),
            slice: cut.slice,
            duration: Tick(scenario.duration.0),
            slices_per_block,
            new: Vec::new(),
            flying: Calendar::default(),
            rows: Calendar::default(),
            from: (0..fixed.len()).map(from).collect(),
            parked: Calendar::default(),
            block: 0,
            ahead: (0..ahead).map(|_| Vec::new()).collect(),
            due: Vec::new(),
            walked: None,
            synaptic_events: 0,
            fan_out: Histogram::new(3).expect("three digits are allowed"),
        }
    }

    /// Notes the spikes of one shard in the previous round.
    pub fn collect(&mut self, spikes: &[Spike]) {
        if self.only_rows {
            return self.collect_rows(spikes);
        }
        for &Spike { tick, neuron } in spikes {
            let population = self.partition.population_of(neuron);
            let first = self.partition.population(population).start;
            let row = self.tables[population].row(neuron.0 - first);
            let mut reached = row.len();
            if !row.is_empty() {
                self.new.push(start(tick, neuron, population, population, &row));
            }
            if !self.plastic.is_empty() {
                reached += self.collect_plastic(tick, neuron, population);
            }
            if reached > 0 {
                self.fan_out.record(reached as u64).expect("it grows as needed");
            }
        }
    }

    /// Notes spikes that will reach synapses at most, not targets.
    pub fn collect_last(&mut self, spikes: &[Spike]) {
        for &Spike { tick, neuron } in spikes {
            let population = self.partition.population_of(neuron);
            self.collect_plastic(tick, neuron, population);
        }
    }

    /// Notes a spike at every projection that learns from it; how many synapses it reaches.
    fn collect_plastic(&mut self, tick: Tick, neuron: NeuronId, population: usize) -> usize {
        let source = neuron.0 - self.partition.population(population).start;
        let mut reached = 0;
        for (table, plastic) in (self.partition.populations()..).zip(&mut self.plastic) {
            if let Some((modulator, delay)) = plastic.modulator
                && modulator == population
            {
                plastic.modulated.push(tick + delay);
            }
            if plastic.projection.source != population {
                continue;
            }
            let row = plastic.rows.row(source);
            if !row.is_empty() {
                plastic.synapses.sent(source, tick);
                self.new.push(start(tick, neuron, population, table, &row));
            }
            reached += row.len();
        }
        reached
    }

    /// Notes that a neuron of a population fired, named by its place in the shard.
    pub fn fired(&mut self, population: usize, neuron: u32, tick: Tick) {
        for plastic in &mut self.plastic {
            if plastic.projection.target == population {
                plastic.synapses.fired(neuron, tick);
            }
        }
    }

    /// Begins a slice: what was transmitted in the one before has been taken.
    pub fn open(&mut self) {
        self.plastic.iter_mut().for_each(|plastic| plastic.transmitted.clear());
    }

    /// The projections whose synapses stand apart.
    pub fn plastic(&self) -> &[Plastic] {
        &self.plastic
    }

    /// Whether any synapse changes.
    pub fn learns(&self) -> bool {
        !self.plastic.is_empty()
    }

    /// Settles all synapses that change, or, if it is not `due` yet, those of projections of which
    /// much has been noted, and closes up rows in which many are dead; everything before `now` has
    /// been delivered.
    pub fn settle(&mut self, now: Tick, due: bool) {
        for number in 0..self.plastic.len() {
            if due || self.plastic[number].synapses.is_full() {
                self.settle_one(number, now);
            }
        }
    }

    /// The same for one projection.
    pub fn settle_one(&mut self, number: usize, now: Tick) -> &mut dyn Learning {
        let Plastic { rows, synapses, .. } = &mut self.plastic[number];
        synapses.settle(rows, now);
        if synapses.dead() > 0 && synapses.dead() >= rows.synapses().len() / DEAD_SHARE {
            let alive = synapses.alive();
            self.retain(number, &alive);
        }
        self.plastic[number].synapses.as_mut()
    }

    /// Copies all synapses that change, as they are.
    pub fn hold(&mut self) {
        self.plastic.iter_mut().for_each(|plastic| plastic.synapses.hold());
    }

    /// What the copies of each plastic projection, which are from `from`, come to at `at`.
    pub fn sample(&mut self, from: Tick, at: Tick) -> Vec<Sample> {
        self.tell_modulators();
        let sample = |plastic: &mut Plastic| {
            let Plastic { rows, synapses, .. } = plastic;
            synapses.sample(rows, from, at)
        };
        self.plastic.iter_mut().map(sample).collect()
    }

    /// Throws the copies away.
    pub fn drop_held(&mut self) {
        self.plastic.iter_mut().for_each(|plastic| plastic.synapses.drop_held());
    }

    /// Ends the run after what was collected last: what is left of each plastic projection.
    pub fn finish(mut self, end: Tick) -> Vec<Left> {
        self.tell_modulators();
        let finish = |plastic: Plastic| {
            let Plastic { mut rows, mut synapses, .. } = plastic;
            let mut weights = synapses.finish(&rows, end);
            if synapses.dead() > 0 {
                let alive = synapses.alive();
                rows.retain(&alive, &mut []);
                synapse::retain(&mut weights, &alive);
            }
            Left { rows, weights, pruned: std::mem::take(synapses.pruned()) }
        };
        self.plastic.into_iter().map(finish).collect()
    }

    /// Memory that synapses that change take, with their rows.
    pub fn learning_bytes(&self) -> u64 {
        self.plastic.iter().map(|plastic| plastic.rows.bytes() + plastic.synapses.bytes()).sum()
    }

    /// The rows of a cursor whose synapses change.
    #[inline]
    fn changing(&self, cursor: &Cursor) -> Option<&Rows> {
        let number = (cursor.table as usize).checked_sub(self.partition.populations())?;
        Some(&self.plastic[number].rows)
    }

    /// The delay of the synapse that a cursor reaches next.
    #[inline]
    fn next_delay(&self, cursor: &Cursor) -> Span {
        match self.changing(cursor) {
            Some(rows) => rows.delay(cursor.next),
            None => self.tables[cursor.table as usize].synapses.delay(cursor.next),
        }
    }

    /// Spikes of modulators come from all shards; of one round they are put in order of time.
    fn tell_modulators(&mut self) {
        for plastic in &mut self.plastic {
            plastic.modulated.sort_unstable();
            plastic.modulated.drain(..).for_each(|at| plastic.synapses.modulated(at));
        }
    }

    /// Files the spikes that have been collected; the round begins with slice number `slice`.
    pub fn depart(&mut self, slice: u64) {
        if !self.ahead.is_empty() {
            self.open_block(slice / self.slices_per_block);
        }
        self.tell_modulators();
        let mut new = std::mem::take(&mut self.new);
        // Rows lie far apart in memory. Asking for the beginning of each in a loop that does
        // nothing else keeps many of these reads in flight at once, instead of one at a time.
        for (cursor, delay) in &mut new {
            *delay = self.next_delay(cursor);
        }
        if !self.only_rows {
            new.sort_unstable_by_key(|(cursor, _)| cursor.via());
        }
        for (cursor, delay) in new.drain(..) {
            let at = cursor.sent + delay;
            if at >= self.duration {
                continue;
            }
            let is_read_ahead = !self.ahead.is_empty() && cursor.table == cursor.population;
            if is_read_ahead && is_scattered(&self.tables[cursor.table as usize]) {
                self.expand(cursor);
            } else {
                self.flying.file(at.0 / self.slice.0, cursor);
            }
        }
        self.new = new;
    }

    /// Reads what the parked rows hold for a block.
    fn open_block(&mut self, block: u64) {
        if block == self.block {
            return;
        }
        self.block = block;
        self.due.clear();
        self.parked.take(block, &mut self.due);
        self.due.sort_unstable_by_key(Cursor::via);
        for place in 0..self.due.len() {
            self.walked = Some(place);
            self.expand(self.due[place]);
        }
        self.walked = None;
        self.due.clear();
    }

    /// Puts what a row holds for the rest of the open block under its slices, and parks the rest.
    fn expand(&mut self, cursor: Cursor) {
        let Synapses::OwnDelay { rows } = &self.tables[cursor.table as usize].synapses else {
            panic!("only rows with delays of their own are read ahead")
        };
        let block_start = self.block * self.slices_per_block;
        let end = Tick((block_start + self.slices_per_block) * self.slice.0).min(self.duration);
        let row = self.rest_of_row(&cursor);
        let mut next = row.start;
        // The slice that is being filled: delays only grow along a row.
        let (mut slice, mut slice_start) = (0, block_start * self.slice.0);
        for synapse in &rows[row.clone()] {
            let at = cursor.sent.0 + u64::from(synapse.delay);
            if at >= end.0 {
                break;
            }
            while at - slice_start >= self.slice.0 {
                slice += 1;
                slice_start += self.slice.0;
            }
            let offset = (at - slice_start) as u32;
            let point = Point { offset, target: synapse.target, weight: synapse.weight.into() };
            self.ahead[slice].push(point);
            next += 1;
        }
        self.synaptic_events += (next - row.start) as u64;
        if let Some(synapse) = rows[row].get(next - cursor.next as usize) {
            let at = cursor.sent.0 + u64::from(synapse.delay);
            let block = at / self.slice.0 / self.slices_per_block;
            if at < self.duration.0 {
                self.parked.file(block, Cursor { next: next as u64, ..cursor });
            }
        }
    }

    fn rest_of_row(&self, cursor: &Cursor) -> Range<usize> {
        let source = cursor.source.0 - self.partition.population(cursor.population as usize).start;
        let row = match self.changing(cursor) {
            Some(rows) => rows.row(source),
            None => self.tables[cursor.table as usize].row(source),
        };
        cursor.next as usize..row.end
    }

    /// Takes the cursors of a slice, in the order of via.
    fn take(&mut self, slice: u64, end: Tick) {
        self.due.clear();
        self.flying.take(slice, &mut self.due);
        if !self.only_rows {
            self.due.sort_unstable_by_key(Cursor::via);
        }
        if self.plastic.iter().any(|plastic| !plastic.by_row) {
            self.learn(end);
        }
    }

    /// Works out what the synapses that change transmit in a slice.
    fn learn(&mut self, end: Tick) {
        let first = self.partition.populations();
        self.plastic.iter_mut().for_each(|plastic| plastic.reached.clear());
        // Backwards, so that of each source earlier spikes come first.
        for place in (0..self.due.len()).rev() {
            let cursor = self.due[place];
            let Some(number) = (cursor.table as usize).checked_sub(first) else { continue };
            let row = self.rest_of_row(&cursor);
            let rows = &self.plastic[number].rows;
            let count = rows.count_before(row.clone(), end.since(cursor.sent));
            let population = self.partition.population(cursor.population as usize);
            self.plastic[number].reached.push(Reached {
                source: cursor.source.0 - population.start,
                sent: cursor.sent,
                piece: row.start..row.start + count,
                transmitted: 0..0,
            });
        }
        for (number, plastic) in (0u32..).zip(&mut self.plastic) {
            let Plastic { rows, synapses, reached, transmitted, heeds, .. } = plastic;
            let before = transmitted.len();
            synapses.deliver(rows, reached, transmitted);
            if *heeds {
                let name = |t: &mut Transmitted| t.weight = question(number, t.weight);
                transmitted[before..].iter_mut().for_each(name);
            }
        }
    }

    /// What a synapse transmits to a target that has been brought to the tick at which the spike takes
    /// effect. `lesson` is what the target has to tell; it is told to all that heed it.
    #[inline]
    pub fn answer(&mut self, neuron: u32, question: f64, lesson: &mut Lesson) -> f64 {
        if lesson.has_ends() {
            self.heed(neuron, lesson);
            lesson.told();
        }
        let bits = question.to_bits();
        let Plastic { rows, synapses, .. } = &mut self.plastic[(bits >> 32) as usize];
        synapses.answer(rows, bits as u32 as usize, lesson)
    }

    /// A neuron, named by its place in the shard, tells all synapses that heed it.
    pub fn heed(&mut self, neuron: u32, lesson: &Lesson) {
        let heeds = |plastic: &&mut Plastic| plastic.heeds && plastic.locals.contains(&neuron);
        for plastic in self.plastic.iter_mut().filter(heeds) {
            plastic.synapses.heed(neuron, lesson);
        }
    }

    /// A slice is over.
    pub fn close(&mut self) {
        self.plastic.iter_mut().for_each(|plastic| plastic.synapses.close());
    }

    /// The number of a cursor's plastic projection.
    #[inline]
    fn number_of(&self, cursor: &Cursor) -> usize {
        cursor.table as usize - self.partition.populations()
    }

    /// What a cursor of a plastic projection reaches in this slice; cursors must be asked for in the
    /// order in which they are due. With it the number of the projection. `None` for a cursor whose
    /// synapses do not change.
    #[inline]
    fn hand_out(&mut self, cursor: &Cursor) -> Option<(usize, Reached)> {
        if cursor.table == cursor.population {
            return None;
        }
        let number = self.number_of(cursor);
        Some((number, self.plastic[number].reached.pop().expect("one for each cursor")))
    }

    /// Hands out what arrives in a slice before `end`: calls `visit` with each target, tick, weight
    /// and channel. A slice may be gone through in several parts.
    pub fn each_arrival(
        &mut self,
        slice: u64,
        end: Tick,
        mut visit: impl FnMut(u32, Tick, f64, u8),
    ) {
        self.take(slice, end);
        for place in 0..self.due.len() {
            self.walked = Some(place);
            let cursor = self.due[place];
            if let Some((number, reached)) = self.hand_out(&cursor) {
                let plastic = &self.plastic[number];
                let channel = plastic.channel();
                for &Transmitted { target, delay, weight } in plastic.of(&reached) {
                    visit(target, cursor.sent + Span(delay.into()), weight, channel);
                }
                self.go_on(cursor, reached.piece.len(), reached.transmitted.len());
                continue;
            }
            let synapses = &self.tables[cursor.table as usize].synapses;
            let row = self.rest_of_row(&cursor);
            let count = synapses.count_before(row.clone(), end.since(cursor.sent));
            let reached = row.start..row.start + count;
            synapses.each(reached, |target, weight, delay| {
                visit(target, cursor.sent + delay, f64::from(weight), 0);
            });
            self.go_on(cursor, count, count);
        }
        self.walked = None;
    }

    /// Gathers what arrives in a slice before `end`: synapses that share a tick as batches, in order
    /// of time; what has a tick of its own as points, in any order of time.
    pub fn gather(
        &mut self,
        slice: u64,
        end: Tick,
        batches: &mut Vec<Batch>,
        points: &mut Vec<Point>,
    ) {
        self.take(slice, end);
        for place in 0..self.due.len() {
            if place % ROWS_AHEAD == 0 {
                self.touch(place);
            }
            self.walked = Some(place);
            let cursor = self.due[place];
            if let Some((number, reached)) = self.hand_out(&cursor) {
                self.plastic[number].gather(
                    &reached,
                    cursor.source,
                    slice * self.slice.0,
                    batches,
                    points,
                );
                self.go_on(cursor, reached.piece.len(), reached.transmitted.len());
                continue;
            }
            let Cursor { sent, population, source, .. } = cursor;
            let synapses = &self.tables[population as usize].synapses;
            let row = self.rest_of_row(&cursor);
            let count = synapses.each_delay(row, end.since(sent), |delay, stretch| {
                let (at, first) = (sent + delay, stretch.start as u64);
                let count = stretch.len() as u32;
                let (table, number) = (population, batches.len() as u32);
                batches.push(Batch { at, source, table, learned: false, count, number, first });
            });
            self.go_on(cursor, count, count);
        }
        self.walked = None;
        batches.sort_unstable_by_key(Batch::order);
    }

    /// Gathers what has been read ahead for a slice, once, behind everything else.
    pub fn gather_ahead(&mut self, slice: u64, points: &mut Vec<Point>) {
        if self.ahead.is_empty() || slice / self.slices_per_block != self.block {
            return;
        }
        let ahead = &mut self.ahead[(slice % self.slices_per_block) as usize];
        if points.is_empty() {
            std::mem::swap(points, ahead);
        } else {
            points.append(ahead);
        }
    }

    /// Reads where the rows of the next cursors go on, many at once: one at a time each would be
    /// waited for.
    fn touch(&self, place: usize) {
        let due = &self.due[place..];
        let mut asked = Span::ZERO;
        for cursor in &due[..due.len().min(ROWS_AHEAD)] {
            if self.changing(cursor).is_some() {
                continue;
            }
            let synapses = &self.tables[cursor.table as usize].synapses;
            let Synapses::Bucketed { delays, .. } = synapses else { continue };
            let row = self.rest_of_row(cursor);
            // What is reached now is about the row's share for one delay.
            let share = row.len() / delays.len().max(1) + 1;
            for position in (row.start..row.end.min(row.start + 2 * share)).step_by(LINE) {
                asked = asked.max(synapses.delay(position as u64));
            }
        }
        std::hint::black_box(asked);
    }

    /// Files a cursor that has reached `count` synapses, of which `alive` are alive, under its next
    /// arrival.
    fn go_on(&mut self, cursor: Cursor, count: usize, alive: usize) {
        self.synaptic_events += alive as u64;
        let cursor = Cursor { next: cursor.next + count as u64, ..cursor };
        if !self.rest_of_row(&cursor).is_empty() {
            let at = cursor.sent + self.next_delay(&cursor);
            if at < self.duration {
                self.flying.file(at.0 / self.slice.0, cursor);
            }
        }
    }

    /// The earliest slice in which something arrives.
    pub fn next_slice(&self) -> Option<u64> {
        let block_start = self.block * self.slices_per_block;
        let ahead = self.ahead.iter().position(|points| !points.is_empty());
        let ahead = ahead.map(|place| block_start + place as u64);
        let parked = self.parked.next().map(|block| block * self.slices_per_block);
        [self.flying.next(), self.rows.next(), ahead, parked].into_iter().flatten().min()
    }

    /// Spikes in flight.
    pub fn len(&self) -> usize {
        self.flying.len() + self.rows.len() + self.parked.len()
    }

    /// The source whose row is being walked.
    pub fn walking(&self) -> Option<NeuronId> {
        self.due.get(self.walked?).map(|cursor| cursor.source)
    }
}

impl Cursor {
    /// By source, and for one source the latest spike first, at last by table: arrivals at one tick
    /// are then in the order (source, place in its row).
    fn via(&self) -> (NeuronId, Reverse<Tick>, u16) {
        (self.source, Reverse(self.sent), self.table)
    }
}

/// The beginning of a row; its first delay is looked up later.
fn start(
    sent: Tick,
    source: NeuronId,
    population: usize,
    table: usize,
    row: &Range<usize>,
) -> (Cursor, Span) {
    let (next, population, table) = (row.start as u64, population as u16, table as u16);
    (Cursor { sent, next, source, population, table }, Span::ZERO)
}

/// Whether the synapses of a row share no ticks.
fn is_scattered(table: &Table) -> bool {
    matches!(table.synapses, Synapses::OwnDelay { .. })
}
