//! What a run as a whole has come to: the spikes of all shards, window by window, and who puts them together.
//!
//! It is done once for all workers, while these are busy with the next window. Few spikes cost worker 0 less
//! than the workers would pay for agreeing on somebody else. Many of them keep whoever does it so long that
//! the others would wait at each barrier, so then it is the worker that is done first, who would have
//! waited.

use super::collector::Collector;
use super::exchange::Open;
use crate::base::Tick;
use crate::base::saved::{Saved, saved};
use crate::network::Partition;
use crate::scenario::Scenario;
use crossbeam_utils::CachePadded;
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// From so many spikes on the worker that is done first gathers them.
const MANY: usize = 64;

/// What was gathered up to a round.
pub struct Collected {
    /// The spikes.
    pub collector: Collector,
    /// How many were in flight at the end of each window.
    pub queue_depth: Histogram<u64>,
    /// Windows so far.
    pub windows: u64,
    /// Everything before this is done.
    pub end: Tick,
    /// Whether the observer has stopped the run.
    pub interrupted: bool,
}
saved!(Collected { collector, queue_depth, windows, end });

impl Collected {
    /// Takes over what all shards published in the round that is over.
    pub fn gather(&mut self, posts: &[Open<'_>], round: u64) {
        let in_flight: usize = posts.iter().map(|post| post.in_flight + post.spikes.len()).sum();
        self.collector.take_window(posts.iter().map(|post| post.spikes.as_slice()));
        if round > 0 {
            self.queue_depth.record(in_flight as u64).expect("it grows as needed");
        }
    }
}

/// One [`Collected`] for all workers.
pub struct Gathering {
    /// Only whose turn it is comes here, so nobody waits for it. Apart from what all workers read.
    collected: CachePadded<Mutex<Collected>>,
    /// The last round that was claimed. Written once a round that has many spikes, and else never.
    claimed: CachePadded<AtomicU64>,
}

impl Gathering {
    /// Of a run that has not begun.
    pub fn new(scenario: &Scenario, partition: &Partition) -> Gathering {
        let collected = Collected {
            collector: Collector::new(scenario, partition),
            queue_depth: Histogram::new(3).expect("three digits are allowed"),
            windows: 0,
            end: Tick::ZERO,
            interrupted: false,
        };
        Gathering {
            collected: CachePadded::new(Mutex::new(collected)),
            claimed: CachePadded::default(),
        }
    }

    /// Whether the worker that is done first shall gather what was published. All workers see the same.
    pub fn is_shared(posts: &[Open<'_>]) -> bool {
        posts.len() > 1 && posts.iter().map(|post| post.spikes.len()).sum::<usize>() >= MANY
    }

    /// Whether the caller is the first to ask after the end of this round; rounds are counted from one here.
    pub fn claim(&self, round: u64) -> bool {
        self.claimed.load(Ordering::Relaxed) < round
            && self.claimed.fetch_max(round, Ordering::Relaxed) < round
    }

    /// What has been gathered, for whose turn it is.
    pub fn collected(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same when all workers are gone.
    pub fn into_collected(self) -> Collected {
        self.collected.into_inner().into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of the run where no worker is gathering: up to when it has come, and its bytes.
    pub fn saved(&self) -> (Tick, Vec<u8>) {
        let collected = self.collected();
        let mut bytes = Vec::new();
        collected.save(&mut bytes);
        (collected.end, bytes)
    }
}
