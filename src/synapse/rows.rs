//! Rows that may lose synapses while a network runs.
//!
//! They begin as rows of the plan, which may be lent to several runs at once. When synapses are taken
//! out for the first time, what is left is copied; from then on the rows are the run's own and
//! shrink in place. Rows that were handed over by the plan ([`Rows::own`]) shrink in place from the
//! start, so that their memory goes back.

use super::{DelayedSynapse, Synapses, Table};
use std::borrow::Cow;
use std::ops::Deref;

/// A table of synapses with a delay each, from which synapses can be taken.
#[derive(Debug)]
pub struct Rows<'n>(Cow<'n, Table>);

impl<'n> Rows<'n> {
    /// The rows of a plan that somebody else keeps.
    pub fn of_plan(table: &'n Table) -> Rows<'n> {
        Rows(Cow::Borrowed(table))
    }

    /// Rows that nobody else holds.
    pub fn own(table: Table) -> Rows<'n> {
        Rows(Cow::Owned(table))
    }

    /// Keeps the synapses for which `keep` holds true, in their order.
    ///
    /// `places` are places in the table, rising; each is replaced by that of the same synapse or,
    /// if that is gone, of the next one that is kept.
    ///
    /// # Panics
    /// If the synapses do not have a delay each.
    pub fn retain(&mut self, keep: &[bool], places: &mut [u64]) {
        let left = keep.iter().filter(|&&keep| keep).count();
        translate(keep, places);
        let offsets = {
            let mut offsets = self.0.offsets.clone();
            translate(keep, &mut offsets);
            offsets
        };
        match &mut self.0 {
            Cow::Borrowed(plan) => {
                let mut rows = Vec::with_capacity(left);
                let kept = delayed(&plan.synapses).iter().zip(keep).filter(|(_, keep)| **keep);
                rows.extend(kept.map(|(row, _)| *row));
                let synapses = Synapses::OwnDelay { rows };
                self.0 = Cow::Owned(Table { offsets, synapses });
            }
            Cow::Owned(table) => {
                table.offsets = offsets;
                let Synapses::OwnDelay { rows } = &mut table.synapses else {
                    panic!("{NOT_DELAYED}")
                };
                retain(rows, keep);
            }
        }
    }

    /// The synapses.
    ///
    /// # Panics
    /// If they do not have a delay each.
    #[inline]
    pub fn delayed(&self) -> &[DelayedSynapse] {
        delayed(&self.0.synapses)
    }
}

impl Deref for Rows<'_> {
    type Target = Table;

    #[inline]
    fn deref(&self) -> &Table {
        &self.0
    }
}

const NOT_DELAYED: &str = "rows that change have delays of their own";

fn delayed(synapses: &Synapses) -> &[DelayedSynapse] {
    match synapses {
        Synapses::OwnDelay { rows } => rows,
        _ => panic!("{NOT_DELAYED}"),
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
                let mut moved = places.clone();
                left.retain(&keep, &mut moved);
                for source in 0..plan.offsets.len() as u32 - 1 {
                    let old = plan.row(source).filter(|&place| keep[place]);
                    let old: Vec<DelayedSynapse> = old.map(|place| rows[place]).collect();
                    assert_eq!(left.delayed()[left.row(source)], old, "{which}: {source}");
                }
                for place in (0..rows.len()).filter(|&place| keep[place]) {
                    assert_eq!(left.delayed()[moved[place] as usize], rows[place]);
                }
                assert_eq!(moved[rows.len()], left.delayed().len() as u64);
                let Synapses::OwnDelay { rows } = &left.synapses else { unreachable!() };
                assert_eq!(rows.capacity(), rows.len());
            }
        }
    }
}
