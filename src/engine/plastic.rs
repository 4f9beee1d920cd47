//! A projection whose synapses stand apart, in one shard: its rows, its synapses, and what is on the way.

use super::arrivals::QUESTION;
use super::learning::{self, Learning, Reached, Transmitted};
use crate::base::{Span, Tick};
use crate::network::{Network, PlasticProjection};
use crate::scenario::Scenario;
use crate::synapse::{Rows, Table};
use std::borrow::Cow;
use std::ops::Range;

/// One plastic projection on its way through a slice.
pub struct Plastic {
    /// Which one.
    pub projection: PlasticProjection,
    /// Who is reached when.
    pub rows: Rows,
    /// What they have learned.
    pub synapses: Box<dyn Learning>,
    /// Whether they ask their targets.
    pub heeds: bool,
    /// Whether a spike reaches a whole row at once, in the lane of dendrites.
    pub by_row: bool,
    /// Places in the shard of the neurons that may be targets.
    pub locals: Range<u32>,
    /// The modulator's population and the delay of its spikes.
    pub modulator: Option<(usize, Span)>,
    /// Arrivals of the modulator that have not been told, in any order.
    pub modulated: Vec<Tick>,
    /// What is reached in a slice, in the opposite order of the cursors that are due.
    pub reached: Vec<Reached>,
    /// What is transmitted, in that order.
    pub transmitted: Vec<Transmitted>,
}

/// A question to a target as a number: which plastic projection asks, and which of its questions.
#[inline]
pub fn question(number: u32, which: f64) -> f64 {
    f64::from_bits(u64::from(number) << 32 | which as u64)
}

impl Plastic {
    /// Where what is transmitted arrives.
    #[inline]
    pub fn channel(&self) -> u8 {
        if self.heeds { QUESTION } else { self.projection.pulse.channel }
    }

    /// At the start, in the lane of dendrites if it is taken `by_row`.
    pub fn new(
        scenario: &Scenario,
        network: &Network,
        number: usize,
        shard: u32,
        table: Cow<'_, Table>,
        by_row: bool,
    ) -> Self {
        let projection = network.plastic[number];
        let modulator = scenario.projections[projection.index].plasticity.modulator;
        let setup = learning::Setup::new(scenario, network, number, shard, by_row);
        let synapses = setup.build(&table);
        let first = network.partition.local_start(projection.target, shard);
        let owned = network.partition.owned(projection.target, shard).len() as u32;
        Plastic {
            projection,
            heeds: synapses.heeds(),
            by_row,
            locals: first..first + owned,
            synapses,
            rows: match table {
                Cow::Borrowed(table) => Rows::of_plan(table),
                Cow::Owned(table) => Rows::own(table),
            },
            modulator: modulator.map(|modulator| (modulator.population, modulator.delay)),
            modulated: Vec::new(),
            reached: Vec::new(),
            transmitted: Vec::new(),
        }
    }
}
