//! What crosses between shards: spikes, as (tick, neuron), and when each shard next has work.
//!
//! In most windows of most networks a shard sends a handful of spikes, and what such a window costs is the
//! way of a line of the cache from one processor to the other. So what a shard publishes stands in a *note*
//! of two lines that nobody writes but its worker, and only what does not fit in is read where it lies,
//! behind a lock. To take a lock is to write to it: four times the way of a line, for two workers.

use crate::base::saved::value;
use crate::base::{NeuronId, Tick};
use crate::record::Spike;
use crossbeam_utils::CachePadded;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Spikes that fit into a note.
const FEW: usize = 12;

/// A post as it is read by others: how many spikes, the next tick or [`NONE`], how many in flight, the tick of
/// the first spike; then each spike, the ticks since the first above the neuron.
///
/// Written before a barrier and read behind it, so no order of its own is needed.
type Note = CachePadded<[AtomicU64; 4 + FEW]>;

/// In the place of a tick that never comes.
const NONE: u64 = u64::MAX;

/// A post that is being read: a copy of the note, or the post itself where it is long.
#[derive(Debug, Default)]
pub struct Open<'a> {
    copy: Post,
    long: Option<RwLockReadGuard<'a, Post>>,
}

impl Deref for Open<'_> {
    type Target = Post;

    fn deref(&self) -> &Post {
        self.long.as_deref().unwrap_or(&self.copy)
    }
}

/// Two outboxes a shard, used in turn. The lock is never contended: the barrier between writing
/// and reading sees to that; it is there so that the compiler believes it, too.
#[derive(Debug)]
pub struct Exchange {
    posts: [Vec<CachePadded<RwLock<Post>>>; 2],
    notes: [Vec<Note>; 2],
}

impl Exchange {
    /// Outboxes for this many shards.
    pub fn new(shards: usize) -> Exchange {
        let posts = || (0..shards).map(|_| CachePadded::default()).collect();
        let notes = || (0..shards).map(|_| Note::default()).collect();
        Exchange { posts: [posts(), posts()], notes: [notes(), notes()] }
    }

    /// What a worker reads posts into, for all shards in their order.
    pub fn opened<'a>(&self) -> Vec<Open<'a>> {
        self.posts[0].iter().map(|_| Open::default()).collect()
    }

    /// Writes a shard's post of round `round`.
    pub fn publish(&self, round: u64, shard: usize, write: impl FnOnce(&mut Post)) {
        let side = (round % 2) as usize;
        let mut post = self.posts[side][shard].write().expect("a worker that fails ends the run");
        write(&mut post);
        write_note(&self.notes[side][shard], &post);
    }

    /// Reads all shards' posts of round `round`.
    pub fn read<'a>(&'a self, round: u64, opened: &mut [Open<'a>]) {
        let side = (round % 2) as usize;
        for ((open, note), post) in opened.iter_mut().zip(&self.notes[side]).zip(&self.posts[side])
        {
            let fits = read_note(note, &mut open.copy);
            let read = || post.read().expect("a worker that fails ends the run");
            open.long = (!fits).then(read);
        }
    }

    /// Lets go of what has been read; to be done before the next barrier.
    pub fn close(opened: &mut [Open<'_>]) {
        opened.iter_mut().for_each(|open| open.long = None);
    }
}

fn write_note(note: &Note, post: &Post) {
    let first = post.spikes.first().map_or(0, |spike| spike.tick.0);
    let head = [
        post.spikes.len() as u64,
        post.next.map_or(NONE, |tick| tick.0),
        post.in_flight as u64,
        first,
    ];
    // A window is far shorter than 2^32 ticks.
    let spike = |spike: &Spike| (spike.tick.0 - first) << 32 | u64::from(spike.neuron.0);
    let few = if post.spikes.len() <= FEW { post.spikes.as_slice() } else { &[] };
    let words = head.into_iter().chain(few.iter().map(spike));
    for (word, value) in note.iter().zip(words) {
        word.store(value, Ordering::Relaxed);
    }
}

/// Copies a note; whether it holds all spikes.
fn read_note(note: &Note, post: &mut Post) -> bool {
    let word = |place: usize| note[place].load(Ordering::Relaxed);
    let (count, next, first) = (word(0) as usize, word(1), word(3));
    post.next = (next != NONE).then_some(Tick(next));
    post.in_flight = word(2) as usize;
    post.spikes.clear();
    if count > FEW {
        return false;
    }
    post.spikes.extend((4..4 + count).map(|place| {
        let spike = word(place);
        Spike { tick: Tick(first + (spike >> 32)), neuron: NeuronId(spike as u32) }
    }));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_published() {
        let exchange = Exchange::new(2);
        let mut opened = exchange.opened();
        for round in 0..60u64 {
            let count = |shard: u64| (round * 7 + shard * 5) % (2 * FEW as u64 + 2);
            let spike = |k: u64| Spike {
                tick: Tick((round << 33) + 1_000_000 * k),
                neuron: NeuronId(u32::MAX - k as u32),
            };
            Exchange::close(&mut opened);
            for shard in 0..2 {
                exchange.publish(round, shard as usize, |post| {
                    post.spikes.clear();
                    post.spikes.extend((0..count(shard)).map(spike));
                    post.next = (round % 3 > 0).then_some(Tick(round + shard));
                    post.in_flight = (round * 11 + shard) as usize;
                });
            }
            exchange.read(round, &mut opened);
            for (shard, post) in (0..).zip(&opened) {
                assert_eq!(post.spikes, (0..count(shard)).map(spike).collect::<Vec<_>>());
                assert_eq!(post.next, (round % 3 > 0).then_some(Tick(round + shard)));
                assert_eq!(post.in_flight as u64, round * 11 + shard);
            }
        }
    }
}
