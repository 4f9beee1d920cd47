//! What synapses, and what the inputs of a target share, come to at a time at which nothing happens to them.

use super::{Held, Learned, Place};
use crate::base::{NeuronId, Span, Tick};
use crate::plasticity::{History, Path, Rule, Sent, Site};
use crate::synapse::Rows;

impl<R: Rule> Learned<R> {
    /// Puts other synapses and states in the place of those that are there, which are returned.
    pub(super) fn swap(&mut self, mut other: Held<R>) -> Held<R> {
        std::mem::swap(&mut self.synapses, &mut other.synapses);
        for (target, state) in self.targets.iter_mut().zip(&mut other.states) {
            std::mem::swap(&mut target.state, state);
        }
        other
    }

    /// What the inputs of each target share.
    pub(super) fn levels_at(&mut self, rows: &Rows, at: Tick) -> Vec<f64> {
        let mut levels = Vec::new();
        if R::LEVELS.is_empty() {
            return levels;
        }
        // Where inputs share a pool they have one dendritic delay; a target without any has none.
        let mut dendritic = vec![Span::ZERO; self.targets.len()];
        for row in rows.synapses() {
            let path = self.common.dendritic.path(Span(row.delay.into()));
            let target = (row.target - self.common.local_start) as usize;
            dendritic[target] = path.expect("checked when the network was built").dendritic;
        }
        for (number, (post, dendritic)) in self.targets.iter_mut().zip(dendritic).enumerate() {
            let common = &mut self.common;
            let mut site = Site {
                constants: &common.constants,
                shared: &common.shared,
                post,
                path: Path { axonal: Span::ZERO, dendritic },
                source: NeuronId(common.first_source),
                target: NeuronId(common.first_target + number as u32),
                verdicts: &mut common.verdicts,
            };
            R::levels(&mut site, at, &mut levels);
        }
        levels
    }

    /// Brings the synapses to `end`, of which everything that took effect before `from` has been
    /// delivered; their weights.
    pub(super) fn weights_at(&mut self, rows: &Rows, from: Tick, end: Tick) -> Vec<f32> {
        self.take_what_is_under_way(rows, from, end);
        let mut weights = Vec::with_capacity(self.synapses.len());
        let dendritic = self.common.dendritic;
        let latest = |train: &History<Sent<R::Trace>>, delay: Span| {
            let path = dendritic.path(delay).expect("checked when the network was built");
            train.end_before(Tick(end.0.saturating_sub(path.axonal.0)))
        };
        let weigh = |site: &mut Site<'_, R>, synapse: &R::Synapse<f32>, last| {
            weights.push(R::weight(site, synapse, last, end) as f32);
        };
        self.settle_each(rows, |_| end, latest, weigh);
        self.note_verdicts();
        weights
    }

    /// Takes the arrivals at the synapses before `end` that take effect at `from` or later.
    fn take_what_is_under_way(&mut self, rows: &Rows, from: Tick, end: Tick) {
        for source in 0..self.trains.len() as u32 {
            for position in rows.row(source) {
                let row = &rows.synapses()[position];
                let (delay, path) = (Span(row.delay.into()), self.common.path(row));
                let train = &self.trains[source as usize];
                let before =
                    |at: Tick, span: Span| train.end_before(Tick(at.0.saturating_sub(span.0)));
                for ordinal in before(from, delay)..before(end, path.axonal) {
                    let at = self.trains[source as usize].spike(ordinal).expect("it is held").at;
                    let at = at + path.axonal;
                    self.order.push(Place { at, position, source, ordinal, listed: 0 });
                }
            }
        }
        self.arrive_by_target(rows.synapses(), |_, _| {});
    }
}
