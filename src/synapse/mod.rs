//! The synapse store of one shard: rows by source, each sorted by delay.
//!
//! The store knows no queue and no thread. A row holds the synapses of one source neuron whose
//! targets live in this shard; all static projections of a source population share one table, so
//! a spike is delivered by walking one contiguous piece of memory.

pub mod build;

use crate::base::Span;
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

/// The rows of a [`Table`], in the layout that its delays allow.
#[derive(Clone, Debug)]
pub enum Synapses {
    /// One delay for all.
    OneDelay {
        /// The delay.
        delay: Span,
        /// The synapses.
        rows: Vec<Synapse>,
    },
    /// A delay each.
    OwnDelay {
        /// The synapses.
        rows: Vec<DelayedSynapse>,
    },
}

impl Table {
    /// Where the synapses of one source stand. Empty for a table that was never built.
    #[inline]
    pub fn row(&self, source: u32) -> Range<usize> {
        let source = source as usize;
        match self.offsets.get(source + 1) {
            Some(&end) => self.offsets[source] as usize..end as usize,
            None => 0..0,
        }
    }

    /// The synapses of one source as (target's place in this shard, weight, delay), as stored.
    pub fn synapses_of(&self, source: u32) -> impl Iterator<Item = (u32, f32, Span)> + '_ {
        self.row(source).map(|position| match &self.synapses {
            Synapses::OneDelay { delay, rows } => {
                let Synapse { target, weight } = rows[position];
                (target, weight, *delay)
            }
            Synapses::OwnDelay { rows } => {
                let DelayedSynapse { target, weight, delay } = rows[position];
                (target, weight, Span(u64::from(delay)))
            }
        })
    }

    /// The shortest and the longest delay; `None` without synapses.
    pub fn delays(&self) -> Option<(Span, Span)> {
        match &self.synapses {
            Synapses::OneDelay { delay, rows } => (!rows.is_empty()).then_some((*delay, *delay)),
            Synapses::OwnDelay { rows } => {
                let ends = self.offsets.windows(2).filter(|ends| ends[0] < ends[1]);
                ends.map(|ends| (rows[ends[0] as usize].delay, rows[ends[1] as usize - 1].delay))
                    .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
                    .map(|(low, high)| (Span(u64::from(low)), Span(u64::from(high))))
            }
        }
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
            Synapses::OneDelay { rows, .. } => rows.len(),
            Synapses::OwnDelay { rows } => rows.len(),
        }
    }

    /// The delay of synapse number `index`.
    #[inline]
    pub fn delay(&self, index: u64) -> Span {
        match self {
            Synapses::OneDelay { delay, .. } => *delay,
            Synapses::OwnDelay { rows } => Span(u64::from(rows[index as usize].delay)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory taken by the rows.
    pub fn bytes(&self) -> u64 {
        match self {
            Synapses::OneDelay { rows, .. } => size_of_val(rows.as_slice()) as u64,
            Synapses::OwnDelay { rows } => size_of_val(rows.as_slice()) as u64,
        }
    }
}
