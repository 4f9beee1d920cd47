//! What crosses between shards: spikes, as (tick, neuron), and when each shard next has work.

use crate::base::Tick;
use crate::base::saved::value;
use crate::record::Spike;
use crossbeam_utils::CachePadded;
use std::sync::{RwLock, RwLockReadGuard};

/// What one shard publishes at the end of a window.
#[derive(Debug, Default)]
pub struct Post {
    /// Spikes of the window, in the order (tick, neuron).
    pub spikes: Vec<Spike>,
    /// The earliest tick at which something can happen in this shard; `None` for never.
    pub next: Option<Tick>,
    /// Spikes in flight in this shard.
    pub in_flight: usize,
}
value!(Post { spikes, next, in_flight });

/// A post that is being read.
pub type Open<'a> = RwLockReadGuard<'a, Post>;

/// Two outboxes a shard, used in turn. The lock is never contended: the barrier between writing
/// and reading sees to that; it is there so that the compiler believes it, too. Taking it moves a line
/// of the cache from one processor to another, so a worker takes each once a round.
#[derive(Debug)]
pub struct Exchange {
    posts: [Vec<CachePadded<RwLock<Post>>>; 2],
}

impl Exchange {
    /// Outboxes for this many shards.
    pub fn new(shards: usize) -> Exchange {
        let side = || (0..shards).map(|_| CachePadded::default()).collect();
        Exchange { posts: [side(), side()] }
    }

    /// Writes a shard's post of round `round`.
    pub fn publish(&self, round: u64, shard: usize, write: impl FnOnce(&mut Post)) {
        let lock = &self.posts[(round % 2) as usize][shard];
        write(&mut lock.write().expect("a worker that fails ends the run"));
    }

    /// Reads all shards' posts of round `round`, in the order of the shards.
    pub fn read(&self, round: u64) -> impl Iterator<Item = Open<'_>> {
        self.posts[(round % 2) as usize]
            .iter()
            .map(|lock| lock.read().expect("a worker that fails ends the run"))
    }
}
