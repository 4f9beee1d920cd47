//! Synapses of a plastic projection that are weighed and taken out of its rows, with spikes on their way.

use super::{Flight, Plastic};
use crate::base::Tick;
use crate::engine::pruning::{Candidates, Decision};
use crate::record::Cause;
use crate::synapse::Rows;

impl Flight<'_> {
    /// Weighs the synapses of a projection of which some are to be removed. Everything that takes
    /// effect before `at` has been delivered.
    pub fn weigh(&mut self, number: usize, at: Tick) -> Candidates {
        let Plastic { rows, synapses, .. } = &mut self.plastic[number];
        Candidates { weights: synapses.weigh(rows, at) }
    }

    /// The rows of a plastic projection.
    pub fn rows(&self, number: usize) -> &Rows {
        &self.plastic[number].rows
    }

    /// Removes the synapses that are not marked in `keep`. What is dead already goes, too.
    pub fn prune(&mut self, decision: &Decision, why: Cause, weighed: &Candidates, keep: &[bool]) {
        let Plastic { rows, synapses, .. } = &mut self.plastic[decision.number];
        for source in 0..rows.sources() {
            for place in rows.row(source).filter(|&place| !keep[place]) {
                let (row, weight) = (&rows.synapses()[place], weighed.weights[place]);
                if !weight.is_nan() {
                    synapses.note_removal(row, source, decision.at, weight, why);
                }
            }
        }
        self.retain(decision.number, keep);
    }

    /// Takes synapses out of the rows of a plastic projection; spikes on their way go on behind what
    /// they have passed.
    pub(super) fn retain(&mut self, number: usize, keep: &[bool]) {
        let table = (self.partition.populations() + number) as u16;
        let mut old = Vec::new();
        self.flying.each_mut(|cursor| {
            if cursor.table == table {
                old.push(cursor.next);
            }
        });
        old.sort_unstable();
        old.dedup();
        let mut new = old.clone();
        let Plastic { rows, synapses, .. } = &mut self.plastic[number];
        rows.retain(keep, &mut new);
        synapses.retain(keep);
        self.flying.each_mut(|cursor| {
            if cursor.table == table {
                let place = old.binary_search(&cursor.next).expect("it was asked for");
                cursor.next = new[place];
            }
        });
    }
}
