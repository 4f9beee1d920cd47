//! Rows that may lose synapses while a network runs.
//!
//! They are made from a table of the plan when a run begins. What a synapse weighs from then on stands
//! with its rule, so the weight of the start is left out. A table that was handed over by the plan
//! ([`Rows::own`]) is turned into rows in place; one that the plan keeps for other runs is copied.

use super::{DelayedSynapse, Synapses, Table, count_while, row};
use crate::base::Span;
use crate::base::saved::value;
use std::ops::Range;

/// Where a synapse leads whose weight stands elsewhere. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[repr(C)]
pub struct LearningSynapse {
    /// The target's place in this shard.
    pub target: u32,
    /// In ticks, so at most 4.29 s.
    pub delay: u32,
}
value!(LearningSynapse { target, delay });

/// The synapses of one projection that end in one shard and learn, from which some can be taken. As a
/// [`Table`], without weights.
#[derive(Debug)]
pub struct Rows {
    /// Where each row starts.
    offsets: Vec<u64>,
    /// All rows, one after the other.
    synapses: Vec<LearningSynapse>,
}
value!(Rows { offsets, synapses });

impl From<&DelayedSynapse> for LearningSynapse {
    fn from(synapse: &DelayedSynapse) -> LearningSynapse {
        LearningSynapse { target: synapse.target, delay: synapse.delay }
    }
}

impl Rows {
    /// The rows of a plan that somebody else keeps.
    ///
    /// # Panics
    /// If the synapses do not have a delay each.
    pub fn of_plan(table: &Table) -> Rows {
        let synapses = table.delayed().iter().map(LearningSynapse::from).collect();
        Rows { offsets: table.offsets.clone(), synapses }
    }

    /// Rows that nobody else holds.
    ///
    /// # Panics
    /// If the synapses do not have a delay each.
    pub fn own(table: Table) -> Rows {
        let Table { offsets, synapses: Synapses::OwnDelay { rows } } = table else {
            panic!("{NOT_DELAYED}")
        };
        // Collected in the memory in which they lie, of which a third is given back.
        let synapses = rows.into_iter().map(|synapse| LearningSynapse::from(&synapse));
        let mut synapses: Vec<LearningSynapse> = synapses.collect();
        synapses.shrink_to_fit();
        Rows { offsets, synapses }
    }

    /// Where the synapses of one source stand. Empty for a table that was never built.
    #[inline]
    pub fn row(&self, source: u32) -> Range<usize> {
        row(&self.offsets, source)
    }

    /// How many sources there are.
    pub fn sources(&self) -> u32 {
        self.offsets.len().saturating_sub(1) as u32
    }

    /// The synapses.
    #[inline]
    pub fn synapses(&self) -> &[LearningSynapse] {
        &self.synapses
    }

    /// The delay of synapse number `index`.
    #[inline]
    pub fn delay(&self, index: u64) -> Span {
        Span(self.synapses[index as usize].delay.into())
    }

    /// How many synapses at the start of a piece of a row have a delay below `span`.
    #[inline]
    pub fn count_before(&self, piece: Range<usize>, span: Span) -> usize {
        count_while(&self.synapses[piece], |synapse| u64::from(synapse.delay) < span.0)
    }

    /// Memory taken by rows and offsets.
    pub fn bytes(&self) -> u64 {
        (size_of_val(self.synapses.as_slice()) + size_of_val(self.offsets.as_slice())) as u64
    }

    /// Keeps the synapses for which `keep` holds true, in their order.
    ///
    /// `places` are places in the table, rising; each is replaced by that of the same synapse or,
    /// if that is gone, of the next one that is kept.
    pub fn retain(&mut self, keep: &[bool], places: &mut [u64]) {
        translate(keep, places);
        translate(keep, &mut self.offsets);
        retain(&mut self.synapses, keep);
    }
}

const NOT_DELAYED: &str = "synapses that learn have delays of their own";

impl Table {
    /// The synapses of a table in which each has a delay of its own.
    ///
    /// # Panics
    /// If that is not so.
    pub fn delayed(&self) -> &[DelayedSynapse] {
        match &self.synapses {
            Synapses::OwnDelay { rows } => rows,
            _ => panic!("{NOT_DELAYED}"),
        }
    }
}

/// Keeps some items in their order and gives back the memory of the others.
pub fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut kept = keep.iter();
    items.retain(|_| *kept.next().expect("one mark for each item"));
    items.shrink_to_fit();
}

/// Replaces places, which rise, by how many items before them are kept.
fn translate(keep: &[bool], places: &mut [u64]) {
    let (mut seen, mut kept) = (0, 0);
    for place in places {
        while seen < *place {
            kept += u64::from(keep[seen as usize]);
            seen += 1;
        }
        *place = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    /// Promise: what is left is the same rows without what was taken, whoever held them before;
    /// places follow their synapses; memory goes back. Method: random rows, taken apart by hand.
    #[test]
    fn what_is_left_stands_in_its_rows_in_order() {
        for which in 0..200 {
            let mut draw = Stream::new(which, Purpose::Prune, 0, 1);
            let (mut offsets, mut rows) = (vec![0u64], Vec::new());
            for _ in 0..draw.below(20) {
                for delay in 0..draw.below(12) as u32 {
                    let target = rows.len() as u32;
                    rows.push(DelayedSynapse { target, weight: 1.0, delay });
                }
                offsets.push(rows.len() as u64);
            }
            let share = draw.uniform();
            let keep: Vec<bool> = rows.iter().map(|_| draw.uniform() < share).collect();
            let places: Vec<u64> = (0..=rows.len() as u64).collect();
            let plan = Table { offsets, synapses: Synapses::OwnDelay { rows: rows.clone() } };
            for mut left in [Rows::of_plan(&plan), Rows::own(plan.clone())] {
                // Weights of the start have been left out, and their memory given back.
                assert_eq!(left.synapses.capacity(), rows.len(), "{which}");
                let mut moved = places.clone();
                left.retain(&keep, &mut moved);
                for source in 0..plan.offsets.len() as u32 - 1 {
                    let old = plan.row(source).filter(|&place| keep[place]);
                    let old: Vec<LearningSynapse> =
                        old.map(|place| LearningSynapse::from(&rows[place])).collect();
                    assert_eq!(left.synapses()[left.row(source)], old, "{which}: {source}");
                }
                for place in (0..rows.len()).filter(|&place| keep[place]) {
                    let found = left.synapses()[moved[place] as usize];
                    assert_eq!(found, LearningSynapse::from(&rows[place]));
                }
                assert_eq!(moved[rows.len()], left.synapses().len() as u64);
                assert_eq!(left.synapses.capacity(), left.synapses.len());
            }
        }
    }
}
