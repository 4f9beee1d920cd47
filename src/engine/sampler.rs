//! Weights, and what the inputs of a target share, at intervals of simulated time.
//!
//! What a synapse weighs at t depends on what its source and its target did before t, and the
//! spikes of a window are known when it is over. So when a window begins that holds a time of
//! sampling, the synapses are copied; when the next round begins, the copies are brought to that
//! time with all that is known by then, read, and thrown away. The synapses themselves are not
//! touched, so that sampling cannot be seen in any spike. While copies are held nothing is
//! forgotten that they may still read.

use super::flight::Flight;
use super::learning::Sample;
use crate::base::saved::saved;
use crate::base::{Span, Tick};

/// What is sampled in one shard: at 0, interval, 2 interval and so on, before the end.
#[derive(Debug, Default)]
pub struct Sampler {
    every: Option<Span>,
    /// The next time of sampling.
    next: Tick,
    /// From when the copies are that are held, and where the window ends to which they belong.
    held: Option<(Tick, Tick)>,
    /// For each time of sampling what was found in each plastic projection.
    taken: Vec<(Tick, Vec<Sample>)>,
}
saved!(Sampler { next, held, taken });

impl Sampler {
    /// Samples at intervals, or never.
    pub fn new(every: Option<Span>) -> Sampler {
        Sampler { every, ..Sampler::default() }
    }

    /// Whether copies are held, which need what synapses have read already.
    pub fn holds(&self) -> bool {
        self.held.is_some()
    }

    /// A round begins at `now`: everything before it was delivered and told. Its window ends at
    /// `end`.
    pub fn round(&mut self, flight: &mut Flight<'_>, now: Tick, end: Tick) {
        self.catch_up(flight, now, Tick(now.0 + 1));
        if self.every.is_some() && self.next < end && self.held.is_none() {
            flight.hold();
            self.held = Some((now, end));
        }
    }

    /// Takes the samples that are due before `limit`; everything before `now` is delivered.
    fn catch_up(&mut self, flight: &mut Flight<'_>, now: Tick, limit: Tick) {
        let Some(every) = self.every else { return };
        if let Some((from, end)) = self.held.take() {
            while self.next < end.min(limit) {
                self.take(flight, from, every);
            }
            flight.drop_held();
        }
        if self.next >= limit {
            return;
        }
        // Between the window before and now nothing has happened.
        flight.hold();
        while self.next < limit {
            self.take(flight, now, every);
        }
        flight.drop_held();
    }

    fn take(&mut self, flight: &mut Flight<'_>, from: Tick, every: Span) {
        self.taken.push((self.next, flight.sample(from, self.next)));
        self.next += every;
    }

    /// The run ends at `end`: takes the samples that are due before it, and hands out all.
    pub fn finish(mut self, flight: &mut Flight<'_>, end: Tick) -> Vec<(Tick, Vec<Sample>)> {
        self.catch_up(flight, end, end);
        self.taken
    }
}
