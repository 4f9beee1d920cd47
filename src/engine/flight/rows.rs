//! Spikes on their way in the lane of dendrites: whole rows are handed out, and reached in order of time.

use super::{Cursor, Flight, Plastic};
use crate::base::Tick;
use crate::engine::by_row::Event;
use crate::neuron::ensemble::{Ensemble, Moment};
use crate::record::Spike;
use std::cmp::Reverse;

impl Flight<'_> {
    /// Notes the spikes of one shard in the previous round where all there is are rows that are taken at
    /// once: each is filed as what it will be at its slice, because nobody has to look at its row
    /// before.
    pub(super) fn collect_rows(&mut self, spikes: &[Spike]) {
        for &Spike { tick, neuron } in spikes {
            let population = self.partition.population_of(neuron);
            let source = neuron.0 - self.partition.population(population).start;
            let mut reached = 0;
            for &number in &self.from[population] {
                let rows = &self.plastic[number].rows;
                let row = rows.row(source);
                if row.is_empty() {
                    continue;
                }
                reached += row.len();
                let delay = rows.delay(row.start as u64);
                let at = tick + delay;
                if at < self.duration {
                    let slice = at.0 / self.slice.0;
                    let start = Tick(slice * self.slice.0);
                    self.rows.file(slice, Event::row(start, (tick, delay), number as u32, source));
                }
            }
            if reached > 0 {
                self.fan_out.record(reached as u64).expect("it grows as needed");
            }
        }
    }

    /// Hands out what arrives in a slice before `end` in the lane of dendrites, as events that count from
    /// `start`: rows that are taken at once, and single arrivals.
    pub fn each_row(&mut self, slice: u64, (start, end): (Tick, Tick), events: &mut Vec<Event>) {
        if self.only_rows {
            return self.rows.take(slice, events);
        }
        self.take(slice, end);
        for place in 0..self.due.len() {
            let cursor = self.due[place];
            let Cursor { sent, population, source, table, .. } = cursor;
            let (stretch, delay) = (self.rest_of_row(&cursor), self.next_delay(&cursor));
            if table != population {
                // What is reached is counted when it is.
                let source = source.0 - self.partition.population(population.into()).start;
                let number = self.number_of(&cursor) as u32;
                events.push(Event::row(start, (sent, delay), number, source));
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
        let Plastic { rows, synapses, .. } = &mut self.plastic[number];
        self.synaptic_events += rows.row(source).len() as u64;
        synapses.arrive_by_row(source, now, targets);
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
