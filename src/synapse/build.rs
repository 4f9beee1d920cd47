//! How a [`Table`] comes to be: count, place, sort.
//!
//! Whoever builds a table names every synapse twice, in the same order: first to [`Counting`],
//! which learns how long each row is, then to [`Placing`], which writes each synapse straight into
//! its final place. No list of edges is ever held, and the offsets serve as cursors while the rows
//! fill, so building takes no memory beyond the table itself (and a row's worth for sorting).
//!
//! Synapses of one row must come in the order (projection, target, draw); sorting by delay is
//! stable and keeps that order among equal delays.

use super::{BucketedSynapse, DelayedSynapse, MOST_BUCKETS, Synapse, Synapses, Table};
use crate::base::Span;
use crate::memory::prefetch::prefetch;

/// What the laws of a table's synapses say about them.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// One delay and one weight.
    Alike(Span, f32),
    /// One delay.
    OneDelay(Span),
    /// These delays in ticks, rising and no more than [`MOST_BUCKETS`]; targets are small enough
    /// for a [`BucketedSynapse`].
    Bucketed(Vec<u32>),
    /// Any delays.
    OwnDelay,
}

impl Layout {
    /// Bytes of a synapse.
    pub fn bytes(&self) -> usize {
        match self {
            Layout::Alike(..) => size_of::<u32>(),
            Layout::OneDelay(_) => size_of::<Synapse>(),
            Layout::Bucketed(_) => size_of::<BucketedSynapse>(),
            Layout::OwnDelay => size_of::<DelayedSynapse>(),
        }
    }
}

/// The first pass: how many synapses each source has.
#[derive(Debug)]
pub struct Counting {
    /// One count for each source, and a zero.
    counts: Vec<u64>,
}

impl Counting {
    /// A table of this many sources.
    pub fn new(sources: u32) -> Counting {
        Counting { counts: vec![0; sources as usize + 1] }
    }

    /// One more synapse of `source`.
    #[inline]
    pub fn add(&mut self, source: u32) {
        self.counts[source as usize] += 1;
    }

    /// Sets the rows out. What the layout says about weights and delays must be true.
    pub fn place(self, layout: Layout) -> Placing {
        let mut cursors = self.counts;
        let mut total = 0;
        for cursor in &mut cursors {
            let count = *cursor;
            *cursor = total;
            total += count;
        }
        let length = usize::try_from(total).expect("a table fits into memory");
        let synapses = match layout {
            Layout::Alike(delay, weight) => {
                Synapses::Alike { delay, weight, targets: vec![0; length] }
            }
            Layout::OneDelay(delay) => {
                Synapses::OneDelay { delay, rows: vec![Synapse::default(); length] }
            }
            Layout::Bucketed(delays) => {
                Synapses::Bucketed { delays, rows: vec![BucketedSynapse::default(); length] }
            }
            Layout::OwnDelay => {
                Synapses::OwnDelay { rows: vec![DelayedSynapse::default(); length] }
            }
        };
        let per_tick = match &synapses {
            Synapses::Bucketed { delays, .. } => {
                let length =
                    delays.last().zip(delays.first()).map_or(0, |(last, first)| last - first);
                (delays.len() as f64 - 1.0) / f64::from(length.max(1))
            }
            _ => 0.0,
        };
        Placing { cursors, per_tick, synapses }
    }
}

/// The second pass: each synapse goes to the end of what its row already holds.
#[derive(Debug)]
pub struct Placing {
    /// Where the next synapse of each source goes, and the number of all synapses.
    cursors: Vec<u64>,
    /// Delays for each tick, where they are listed at equal distances.
    per_tick: f64,
    synapses: Synapses,
}

/// A synapse that stands twice in a segment that should hold each target once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repeated {
    /// The row.
    pub source: u32,
    /// The target's place in the shard.
    pub target: u32,
}

impl Placing {
    /// Asks the memory for where the next synapse of each of these sources goes: first for the
    /// cursors, and once those have come, for the rows. Rows of sources lie far apart, and with
    /// something else to do in between nobody waits for them.
    #[inline]
    pub fn ask_for_cursors(&self, sources: &[u32]) {
        sources.iter().for_each(|&source| prefetch(&self.cursors, source as usize));
    }

    /// See [`Placing::ask_for_cursors`].
    #[inline]
    pub fn ask_for_rows(&self, sources: &[u32]) {
        let places = sources.iter().map(|&source| self.cursors[source as usize] as usize);
        match &self.synapses {
            Synapses::Alike { targets, .. } => places.for_each(|place| prefetch(targets, place)),
            Synapses::OneDelay { rows, .. } => places.for_each(|place| prefetch(rows, place)),
            Synapses::Bucketed { rows, .. } => places.for_each(|place| prefetch(rows, place)),
            Synapses::OwnDelay { rows } => places.for_each(|place| prefetch(rows, place)),
        }
    }

    /// Places one synapse. Weight and delay are ignored where the layout knows them.
    ///
    /// # Panics
    /// If the layout lists delays and this one is not among them.
    #[inline]
    pub fn add(&mut self, source: u32, target: u32, weight: f32, delay: u32) {
        let cursor = &mut self.cursors[source as usize];
        let position = *cursor as usize;
        *cursor += 1;
        match &mut self.synapses {
            Synapses::Alike { targets, .. } => targets[position] = target,
            Synapses::OneDelay { rows, .. } => rows[position] = Synapse { target, weight },
            Synapses::Bucketed { delays, rows } => {
                let bucket =
                    place_of(delay, delays, self.per_tick).expect("the layout lists all delays");
                rows[position] = BucketedSynapse::new(target, weight, bucket);
            }
            Synapses::OwnDelay { rows } => {
                rows[position] = DelayedSynapse { target, weight, delay };
            }
        }
    }

    /// How far each row is filled now.
    pub fn mark(&self) -> Vec<u64> {
        self.cursors.clone()
    }

    /// Orders by target what was placed since `mark`, row by row; equal targets keep their order.
    /// Returns the first repeated target.
    pub fn sort_by_target_since(&mut self, mark: &[u64]) -> Option<Repeated> {
        match &mut self.synapses {
            Synapses::Alike { targets, .. } => {
                sort_segments(targets, mark, &self.cursors, |&target| target)
            }
            Synapses::OneDelay { rows, .. } => {
                sort_segments(rows, mark, &self.cursors, |synapse| synapse.target)
            }
            Synapses::Bucketed { rows, .. } => {
                sort_segments(rows, mark, &self.cursors, BucketedSynapse::target)
            }
            Synapses::OwnDelay { rows } => {
                sort_segments(rows, mark, &self.cursors, |synapse| synapse.target)
            }
        }
    }

    /// The table, every row sorted by delay.
    ///
    /// # Panics
    /// If the two passes did not name the same synapses.
    pub fn finish(self) -> Table {
        let mut offsets = self.cursors;
        let sources = offsets.len() - 1;
        let total = offsets[sources];
        // Each cursor has moved to the start of the next row.
        offsets.copy_within(0..sources, 1);
        offsets[0] = 0;
        assert_eq!(offsets[sources], total, "a synapse was counted but not placed");
        let mut table = Table { offsets, synapses: self.synapses };
        match &mut table.synapses {
            Synapses::Alike { .. } | Synapses::OneDelay { .. } => {}
            Synapses::Bucketed { rows, .. } => sort_by_bucket(rows, &table.offsets),
            Synapses::OwnDelay { rows } => sort_by_delay(rows, &table.offsets),
        }
        table
    }
}

/// Where a delay stands in a rising list. Delays mostly lie at equal distances; there the first
/// look is right, where bisection would guess at every step.
#[inline]
fn place_of(delay: u32, delays: &[u32], per_tick: f64) -> Option<usize> {
    let past = delay.checked_sub(*delays.first()?)?;
    let place = (f64::from(past) * per_tick + 0.5) as usize;
    if delays.get(place) == Some(&delay) {
        return Some(place);
    }
    delays.binary_search(&delay).ok()
}

fn sort_segments<R: Copy>(
    rows: &mut [R],
    starts: &[u64],
    ends: &[u64],
    target: impl Fn(&R) -> u32,
) -> Option<Repeated> {
    let mut repeated = None;
    for source in 0..starts.len() - 1 {
        let segment = &mut rows[starts[source] as usize..ends[source] as usize];
        segment.sort_by_key(&target);
        if repeated.is_none() {
            repeated = segment
                .windows(2)
                .find(|pair| target(&pair[0]) == target(&pair[1]))
                .map(|pair| Repeated { source: source as u32, target: target(&pair[0]) });
        }
    }
    repeated
}

/// Sorts each row by delay; equal ones keep their order. Numbers that hold a delay and a place are
/// sorted in the place of the synapses: they are smaller, and no two of them are equal.
fn sort_by_delay(rows: &mut [DelayedSynapse], offsets: &[u64]) {
    let (mut keys, mut copy) = (Vec::new(), Vec::new());
    for ends in offsets.windows(2) {
        let row = &mut rows[ends[0] as usize..ends[1] as usize];
        let key = |(place, synapse): (u64, &DelayedSynapse)| u64::from(synapse.delay) << 32 | place;
        keys.clear();
        keys.extend((0..).zip(row.iter()).map(key));
        if keys.is_sorted() {
            continue;
        }
        keys.sort_unstable();
        copy.clear();
        copy.extend_from_slice(row);
        for (synapse, key) in row.iter_mut().zip(&keys) {
            *synapse = copy[*key as u32 as usize];
        }
    }
}

/// Sorts each row by the number of its delay; equal ones keep their order.
fn sort_by_bucket(rows: &mut [BucketedSynapse], offsets: &[u64]) {
    let mut copy = Vec::new();
    for ends in offsets.windows(2) {
        let row = &mut rows[ends[0] as usize..ends[1] as usize];
        if row.len() < MOST_BUCKETS / 4 {
            row.sort_by_key(BucketedSynapse::bucket);
            continue;
        }
        let mut starts = [0usize; MOST_BUCKETS];
        row.iter().for_each(|synapse| starts[synapse.bucket()] += 1);
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        copy.clear();
        copy.extend_from_slice(row);
        for synapse in &copy {
            let place = &mut starts[synapse.bucket()];
            row[*place] = *synapse;
            *place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with these synapses (source, target, delay), in this order; the weight is the
    /// position in the list.
    fn table(sources: u32, list: &[(u32, u32, u32)]) -> Table {
        let mut counting = Counting::new(sources);
        list.iter().for_each(|&(source, _, _)| counting.add(source));
        let mut placing = counting.place(Layout::OwnDelay);
        for (position, &(source, target, delay)) in list.iter().enumerate() {
            placing.add(source, target, position as f32, delay);
        }
        placing.finish()
    }

    #[test]
    fn rows_are_sorted_by_delay_and_equal_delays_keep_their_order() {
        let table = table(3, &[(2, 5, 9), (0, 1, 7), (2, 4, 3), (2, 3, 9), (2, 2, 3)]);
        assert_eq!(table.offsets, [0, 1, 1, 5]);
        let weights: Vec<f32> = table.synapses_of(2).map(|(_, weight, _)| weight).collect();
        assert_eq!(weights, [2.0, 4.0, 0.0, 3.0]);
        assert_eq!(table.delays(), Some((Span(3), Span(9))));
        assert_eq!(table.bytes(), 5 * 12 + 4 * 8);
    }

    /// Every layout that can hold a list of synapses gives the same rows.
    #[test]
    fn all_layouts_agree() {
        let list: Vec<(u32, u32, u32)> = (0..900u32)
            .map(|n| (n * 7 % 3, n * 31 % 50, [9, 4, 700][(n % 7 % 3) as usize]))
            .collect();
        let rows = |layout: Layout, one_delay: bool| {
            let bytes = layout.bytes() as u64;
            let mut counting = Counting::new(3);
            list.iter().for_each(|&(source, ..)| counting.add(source));
            let mut placing = counting.place(layout);
            for (number, &(source, target, delay)) in list.iter().enumerate() {
                let weight = if bytes == 4 { 2.5 } else { number as f32 };
                placing.add(source, target, weight, if one_delay { 9 } else { delay });
            }
            let table = placing.finish();
            assert_eq!(table.synapses.bytes(), bytes * list.len() as u64);
            let rows = (0..3).flat_map(|source| table.synapses_of(source).collect::<Vec<_>>());
            (rows.collect::<Vec<_>>(), table.delays())
        };
        let own = rows(Layout::OwnDelay, false);
        assert_eq!(rows(Layout::Bucketed(vec![4, 9, 12, 700]), false), own);
        assert_eq!(own.1, Some((Span(4), Span(700))));
        let one = rows(Layout::OneDelay(Span(9)), true);
        assert_eq!(rows(Layout::OwnDelay, true), one);
        let alike = rows(Layout::Alike(Span(9), 2.5), true);
        let targets = |rows: &[(u32, f32, Span)]| rows.iter().map(|r| r.0).collect::<Vec<_>>();
        assert_eq!(targets(&alike.0), targets(&one.0));
        assert!(alike.0.iter().all(|&(_, weight, delay)| weight == 2.5 && delay == Span(9)));
    }

    #[test]
    fn a_segment_is_sorted_by_target_without_touching_what_was_there() {
        let mut counting = Counting::new(1);
        (0..4).for_each(|_| counting.add(0));
        let mut placing = counting.place(Layout::OneDelay(Span(1)));
        placing.add(0, 9, 0.0, 0);
        let mark = placing.mark();
        for (target, weight) in [(3, 1.0), (2, 2.0), (3, 3.0)] {
            placing.add(0, target, weight, 0);
        }
        assert_eq!(placing.sort_by_target_since(&mark), Some(Repeated { source: 0, target: 3 }));
        let table = placing.finish();
        let weights: Vec<f32> = table.synapses_of(0).map(|(_, weight, _)| weight).collect();
        assert_eq!(weights, [0.0, 2.0, 1.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "counted but not placed")]
    fn a_forgotten_synapse_is_noticed() {
        let mut counting = Counting::new(2);
        counting.add(1);
        counting.place(Layout::OwnDelay).finish();
    }
}
