//! The synapse store of one shard: rows by source, each sorted by delay.
//!
//! The store knows no queue and no thread. A row holds the synapses of one source neuron whose
//! targets live in this shard; all static projections of a source population share one table, so
//! a spike is delivered by walking one contiguous piece of memory.

pub mod build;
mod rows;

use crate::base::Span;
pub use rows::{LearningSynapse, Rows, retain};
use std::ops::Range;

/// A synapse whose delay is the same for its whole table. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[repr(C)]
pub struct Synapse {
    /// The target's place in this shard.
    pub target: u32,
    /// In the input unit of the target's model.
    pub weight: f32,
}

/// A synapse whose delay is one of a few that its table lists. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[repr(C)]
pub struct BucketedSynapse {
    /// The target's place in this shard in the low 24 bits, the number of the delay above.
    target_and_bucket: u32,
    /// In the input unit of the target's model.
    pub weight: f32,
}

/// Bits of a target in a [`BucketedSynapse`].
pub const BUCKETED_TARGET_BITS: u32 = 24;
/// The largest number of delays that a table can list.
pub const MOST_BUCKETS: usize = 1 << (u32::BITS - BUCKETED_TARGET_BITS);

impl BucketedSynapse {
    /// A synapse on this target with delay number `bucket`.
    #[inline]
    pub fn new(target: u32, weight: f32, bucket: usize) -> BucketedSynapse {
        debug_assert!(target >> BUCKETED_TARGET_BITS == 0 && bucket < MOST_BUCKETS);
        let target_and_bucket = target | (bucket as u32) << BUCKETED_TARGET_BITS;
        BucketedSynapse { target_and_bucket, weight }
    }

    /// The target's place in this shard.
    #[inline]
    pub fn target(&self) -> u32 {
        self.target_and_bucket & ((1 << BUCKETED_TARGET_BITS) - 1)
    }

    /// The number of the delay.
    #[inline]
    pub fn bucket(&self) -> usize {
        (self.target_and_bucket >> BUCKETED_TARGET_BITS) as usize
    }
}

/// A synapse with its own delay. 12 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
#[repr(C)]
pub struct DelayedSynapse {
    /// The target's place in this shard.
    pub target: u32,
    /// In the input unit of the target's model.
    pub weight: f32,
    /// In ticks, so at most 4.29 s.
    pub delay: u32,
}

/// The longest delay that a synapse can have.
pub const LONGEST_DELAY: Span = Span(u32::MAX as u64);

/// The synapses of one source population that end in one shard.
///
/// Invariants: `offsets` has one entry more than the population has neurons, starts at 0, never
/// falls and ends at the number of synapses. Within a row delays never fall; synapses of equal
/// delay stand in the order (projection, target, draw).
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Where each row starts.
    pub offsets: Vec<u64>,
    /// All rows, one after the other.
    pub synapses: Synapses,
}

/// The rows of a [`Table`], in the narrowest layout that weights and delays allow.
///
/// Which one that is follows from the laws of the whole network, never from what was drawn for one
/// shard: the order of arrivals at one tick may depend on it.
#[derive(Clone, Debug)]
pub enum Synapses {
    /// One delay and one weight for all. 4 bytes a synapse.
    Alike {
        /// The delay.
        delay: Span,
        /// The weight.
        weight: f32,
        /// The targets' places in this shard.
        targets: Vec<u32>,
    },
    /// One delay for all. 8 bytes a synapse.
    OneDelay {
        /// The delay.
        delay: Span,
        /// The synapses.
        rows: Vec<Synapse>,
    },
    /// A few delays. 8 bytes a synapse.
    Bucketed {
        /// The delays in ticks, rising.
        delays: Vec<u32>,
        /// The synapses.
        rows: Vec<BucketedSynapse>,
    },
    /// A delay each. 12 bytes a synapse.
    OwnDelay {
        /// The synapses.
        rows: Vec<DelayedSynapse>,
    },
}

impl Table {
    /// Where the synapses of one source stand. Empty for a table that was never built.
    #[inline]
    pub fn row(&self, source: u32) -> Range<usize> {
        row(&self.offsets, source)
    }

    /// The synapses of one source as (target's place in this shard, weight, delay), as stored.
    pub fn synapses_of(&self, source: u32) -> impl Iterator<Item = (u32, f32, Span)> + '_ {
        self.row(source).map(|position| self.synapses.at(position))
    }

    /// The shortest and the longest delay; `None` without synapses.
    pub fn delays(&self) -> Option<(Span, Span)> {
        if let Synapses::Alike { delay, .. } | Synapses::OneDelay { delay, .. } = &self.synapses {
            return (!self.synapses.is_empty()).then_some((*delay, *delay));
        }
        let ends = self.offsets.windows(2).filter(|ends| ends[0] < ends[1]);
        ends.map(|ends| (self.synapses.delay(ends[0]), self.synapses.delay(ends[1] - 1)))
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Memory taken by rows and offsets.
    pub fn bytes(&self) -> u64 {
        self.synapses.bytes() + size_of_val(self.offsets.as_slice()) as u64
    }
}

impl Default for Synapses {
    fn default() -> Self {
        Synapses::OneDelay { delay: Span(1), rows: Vec::new() }
    }
}

impl Synapses {
    /// How many synapses.
    pub fn len(&self) -> usize {
        match self {
            Synapses::Alike { targets, .. } => targets.len(),
            Synapses::OneDelay { rows, .. } => rows.len(),
            Synapses::Bucketed { rows, .. } => rows.len(),
            Synapses::OwnDelay { rows } => rows.len(),
        }
    }

    /// Synapse number `position` as (target's place in this shard, weight, delay).
    #[inline]
    pub fn at(&self, position: usize) -> (u32, f32, Span) {
        match self {
            Synapses::Alike { delay, weight, targets } => (targets[position], *weight, *delay),
            Synapses::OneDelay { delay, rows } => {
                let Synapse { target, weight } = rows[position];
                (target, weight, *delay)
            }
            Synapses::Bucketed { delays, rows } => {
                let synapse = &rows[position];
                let delay = Span(u64::from(delays[synapse.bucket()]));
                (synapse.target(), synapse.weight, delay)
            }
            Synapses::OwnDelay { rows } => {
                let DelayedSynapse { target, weight, delay } = rows[position];
                (target, weight, Span(u64::from(delay)))
            }
        }
    }

    /// The delay of synapse number `index`.
    #[inline]
    pub fn delay(&self, index: u64) -> Span {
        match self {
            Synapses::Alike { delay, .. } | Synapses::OneDelay { delay, .. } => *delay,
            _ => self.at(index as usize).2,
        }
    }

    /// Calls `visit` with target, weight and delay of each synapse of a piece.
    #[inline]
    pub fn each(&self, piece: Range<usize>, mut visit: impl FnMut(u32, f32, Span)) {
        match self {
            Synapses::OneDelay { delay, rows } => {
                rows[piece].iter().for_each(|s| visit(s.target, s.weight, *delay));
            }
            Synapses::OwnDelay { rows } => {
                rows[piece].iter().for_each(|s| visit(s.target, s.weight, Span(s.delay.into())));
            }
            _ => {
                for position in piece {
                    let (target, weight, delay) = self.at(position);
                    visit(target, weight, delay);
                }
            }
        }
    }

    /// How many synapses at the start of a piece of a row have a delay below `span`.
    #[inline]
    pub fn count_before(&self, piece: Range<usize>, span: Span) -> usize {
        match self {
            Synapses::Alike { delay, .. } | Synapses::OneDelay { delay, .. } => {
                if *delay < span {
                    piece.len()
                } else {
                    0
                }
            }
            Synapses::Bucketed { delays, rows } => {
                let before = delays.partition_point(|&delay| u64::from(delay) < span.0);
                count_while(&rows[piece], |synapse| synapse.bucket() < before)
            }
            Synapses::OwnDelay { rows } => {
                count_while(&rows[piece], |synapse| u64::from(synapse.delay) < span.0)
            }
        }
    }

    /// Calls `visit` with each stretch of synapses of a piece of a row that share a delay below
    /// `span`; how many synapses these are.
    ///
    /// Rows lie far from the processor. They are read from their beginning to the end of the last
    /// stretch, one after the other, which brings them near for whoever delivers them next.
    #[inline]
    pub fn each_delay(
        &self,
        piece: Range<usize>,
        span: Span,
        mut visit: impl FnMut(Span, Range<usize>),
    ) -> usize {
        let start = piece.start;
        match self {
            Synapses::Bucketed { delays, rows } => {
                let before = delays.partition_point(|&delay| u64::from(delay) < span.0);
                each_stretch(&rows[piece], BucketedSynapse::bucket, before, |bucket, stretch| {
                    let delay = Span(u64::from(delays[bucket]));
                    visit(delay, start + stretch.start..start + stretch.end);
                })
            }
            Synapses::OwnDelay { rows } => {
                let delay = |synapse: &DelayedSynapse| u64::from(synapse.delay);
                each_stretch(&rows[piece], delay, span.0, |delay, stretch| {
                    visit(Span(delay), start + stretch.start..start + stretch.end);
                })
            }
            Synapses::Alike { delay, .. } | Synapses::OneDelay { delay, .. } => {
                if *delay >= span || piece.is_empty() {
                    return 0;
                }
                visit(*delay, piece.clone());
                piece.len()
            }
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory taken by the rows.
    pub fn bytes(&self) -> u64 {
        let bytes = match self {
            Synapses::Alike { targets, .. } => size_of_val(targets.as_slice()),
            Synapses::OneDelay { rows, .. } => size_of_val(rows.as_slice()),
            Synapses::Bucketed { rows, .. } => size_of_val(rows.as_slice()),
            Synapses::OwnDelay { rows } => size_of_val(rows.as_slice()),
        };
        bytes as u64
    }
}

/// Where the row of a source stands.
#[inline]
fn row(offsets: &[u64], source: u32) -> Range<usize> {
    let source = source as usize;
    match offsets.get(source + 1) {
        Some(&end) => offsets[source] as usize..end as usize,
        None => 0..0,
    }
}

/// Calls `visit` with each stretch of items that share a key below `end`, where keys never fall;
/// how many items these are.
#[inline]
fn each_stretch<T, K: Copy + PartialOrd>(
    items: &[T],
    key: impl Fn(&T) -> K,
    end: K,
    mut visit: impl FnMut(K, Range<usize>),
) -> usize {
    let mut first = 0;
    while let Some(shared) = items.get(first).map(&key).filter(|&shared| shared < end) {
        let more = items[first + 1..].iter().take_while(|&item| key(item) == shared).count();
        let next = first + 1 + more;
        visit(shared, first..next);
        first = next;
    }
    first
}

/// How many items at the start fulfil a condition that later ones do not: strides that double,
/// then bisection, so that a short stretch of a long row costs little.
#[inline]
fn count_while<T>(items: &[T], condition: impl Fn(&T) -> bool) -> usize {
    let mut stride = 4;
    while stride < items.len() && condition(&items[stride]) {
        stride *= 2;
    }
    items[..items.len().min(stride)].partition_point(condition)
}
