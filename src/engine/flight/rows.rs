//! Spikes on their way in the lane of dendrites: whole rows are handed out, and reached in order of time.

use super::{Cursor, Flight, Plastic};
use crate::base::Tick;
use crate::engine::by_row::Event;
use crate::neuron::ensemble::{Ensemble, Moment};
use std::cmp::Reverse;

impl Flight<'_> {
    /// Hands out what arrives in a slice before `end` in the lane of dendrites, as events that count from
    /// `start`: rows that are taken at once, and single arrivals.
    pub fn each_row(&mut self, slice: u64, (start, end): (Tick, Tick), events: &mut Vec<Event>) {
        self.take(slice, end);
        for place in 0..self.due.len() {
            let cursor = self.due[place];
            let Cursor { sent, population, source, table, .. } = cursor;
            let (stretch, delay) = (self.rest_of_row(&cursor), self.next_delay(&cursor));
            if table != population {
                let source = source.0 - self.partition.population(population.into()).start;
                let number = self.number_of(&cursor) as u32;
                events.push(Event::row(start, (sent, delay), number, source));
                self.synaptic_events += stretch.len() as u64;
                continue;
            }
            let synapses = &self.tables[table as usize].synapses;
            let count = synapses.count_before(stretch.clone(), end.since(sent));
            synapses.each(stretch.start..stretch.start + count, |target, weight, delay| {
                events.push(Event::single(start, sent + delay, target, 0, weight.into()));
            });
            self.go_on(cursor, count, count);
        }
    }

    /// Puts events of one tick in the order of via. What comes from outside was gathered first and stays
    /// there; without rows only, all have been gathered in order.
    #[inline(never)]
    pub fn in_order(&self, events: &mut [Event]) {
        if !self.only_rows {
            return;
        }
        let outside = events.iter().take_while(|event| !event.is_row()).count();
        events[outside..].sort_unstable_by_key(|event| {
            let population = self.plastic[event.kind as usize].projection.source;
            let source = self.partition.population(population).start + event.who;
            (source, Reverse(event.sent()), event.kind)
        });
    }

    /// The population that a plastic projection reaches.
    pub fn target_of(&self, number: usize) -> usize {
        self.plastic[number].projection.target
    }

    /// A spike reaches the row of a source in a plastic projection.
    #[inline]
    pub fn arrive_by_row(
        &mut self,
        number: usize,
        source: u32,
        now: (&Moment, u64),
        targets: &mut dyn Ensemble,
    ) {
        self.plastic[number].synapses.arrive_by_row(source, now, targets);
    }

    /// The neurons of a population tell all synapses on them.
    pub fn take_totals(
        &mut self,
        population: usize,
        epoch: (u64, u64),
        totals: &[f64],
        goes_on: bool,
    ) {
        let onto = |plastic: &&mut Plastic| plastic.projection.target == population;
        for plastic in self.plastic.iter_mut().filter(onto) {
            plastic.synapses.take_totals(epoch, totals, goes_on);
        }
    }
}
