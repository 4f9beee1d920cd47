//! Neurons that must be looked at although nothing arrives: predicted crossings.
//!
//! A prediction moves whenever an input arrives, mostly to a later time or by little. Moving its
//! queue entry each time would cost more than the input itself. The queue therefore holds, for
//! each neuron, some time that is *not later* than its predicted crossing: half of the way there,
//! as long as that is far off. An entry that comes up too early is filed again; a prediction
//! that moves before its entry moves the entry. The number of queue operations for one spike is
//! then about the logarithm of its interval, not the number of its inputs.

use crate::base::saved::{Misfit, Reader, Saved, Value};
use crate::base::{Span, Tick};
use priority_queue::PriorityQueue;
use rustc_hash::FxBuildHasher;
use std::cmp::Reverse;

/// Local neurons by the time at which they must be looked at.
///
/// Invariant: `filed[n]` is the priority under which n stands in the queue, or `NEVER`.
pub struct WakeQueue {
    queue: PriorityQueue<u32, Reverse<Tick>, FxBuildHasher>,
    filed: Vec<Tick>,
    /// Predictions nearer than this are filed as they are.
    near: Span,
}

const NEVER: Tick = Tick(u64::MAX);

impl WakeQueue {
    /// A queue for `neurons` local neurons; predictions nearer than `near` are filed exactly.
    pub fn new(neurons: usize, near: Span) -> WakeQueue {
        WakeQueue { queue: PriorityQueue::with_default_hasher(), filed: vec![NEVER; neurons], near }
    }

    /// The neuron, whose last event was at `now`, fires at `predicted` if nothing arrives;
    /// `Tick(u64::MAX)` says that it does not.
    #[inline]
    pub fn predict(&mut self, neuron: u32, now: Tick, predicted: Tick) {
        if predicted < self.filed[neuron as usize] {
            self.file(neuron, now, predicted);
        }
    }

    fn file(&mut self, neuron: u32, now: Tick, predicted: Tick) {
        let ahead = predicted.since(now);
        let look_at = if ahead > self.near { now + Span(ahead.0 / 2) } else { predicted };
        self.filed[neuron as usize] = look_at;
        self.queue.push(neuron, Reverse(look_at));
    }

    /// Takes a neuron whose entry lies before `end`.
    pub fn pop_before(&mut self, end: Tick) -> Option<u32> {
        let (_, &Reverse(tick)) = self.queue.peek()?;
        if tick >= end {
            return None;
        }
        let (neuron, _) = self.queue.pop()?;
        self.filed[neuron as usize] = NEVER;
        Some(neuron)
    }

    /// The earliest time at which some neuron must be looked at.
    pub fn next(&self) -> Option<Tick> {
        self.queue.peek().map(|(_, &Reverse(tick))| tick)
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no neuron waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

/// Which neuron is filed under which tick, by neuron; entries of one tick come in any order.
impl Saved for WakeQueue {
    fn save(&self, to: &mut Vec<u8>) {
        let entries = self.queue.iter().map(|(&neuron, &Reverse(at))| (neuron, at));
        let mut entries: Vec<(u32, Tick)> = entries.collect();
        entries.sort_unstable();
        entries.write(to);
    }

    fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Misfit> {
        self.queue.clear();
        self.filed.fill(NEVER);
        for (neuron, at) in Vec::<(u32, Tick)>::read(from)? {
            *self.filed.get_mut(neuron as usize).ok_or(Misfit)? = at;
            self.queue.push(neuron, Reverse(at));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    /// Predictions move at random; every neuron must come up at or before its prediction, and
    /// never after it.
    #[test]
    fn nobody_oversleeps() {
        let mut random = Stream::new(9, Purpose::Initial, 0, 0);
        let mut queue = WakeQueue::new(20, Span(50));
        let mut predicted = [NEVER; 20];
        let mut fired = 0;
        for step in 0..5_000u64 {
            let (start, end) = (Tick(step * 10), Tick(step * 10 + 10));
            while let Some(neuron) = queue.pop_before(end) {
                let mine = predicted[neuron as usize];
                if mine < end {
                    assert!(mine >= start, "neuron {neuron} overslept");
                    predicted[neuron as usize] = NEVER;
                    fired += 1;
                } else {
                    queue.predict(neuron, start, mine);
                }
            }
            let neuron = random.below(20) as usize;
            predicted[neuron] = Tick(end.0 + random.below(2_000));
            if random.below(10) == 0 {
                predicted[neuron] = NEVER;
            }
            queue.predict(neuron as u32, start, predicted[neuron]);
            assert!(predicted.iter().all(|&tick| tick >= end));
        }
        assert!(fired > 200, "{fired}");
    }
}
