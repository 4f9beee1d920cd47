//! A projection whose synapses stand apart, in one shard: its rows, its synapses, and what is on the way.

use super::arrivals::QUESTION;
use super::frames::{Batch, Point};
use super::learning::{self, Learning, Reached, Transmitted};
use crate::base::saved::{Misfit, Reader, Saved, Value};
use crate::base::{NeuronId, Span, Tick};
use crate::network::{Network, PlasticProjection};
use crate::scenario::Scenario;
use crate::synapse::{Rows, Table};
use std::borrow::Cow;
use std::ops::Range;

/// One plastic projection on its way through a slice.
pub struct Plastic {
    /// Its number among those of the network.
    pub number: u16,
    /// Which one.
    pub projection: PlasticProjection,
    /// Who is reached when.
    pub rows: Rows,
    /// How many synapses there were at the start.
    planned: usize,
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
    /// What has been transmitted in this slice.
    pub transmitted: Vec<Transmitted>,
}

/// Rows stand in the plan until some of their synapses are gone.
impl Saved for Plastic {
    fn save(&self, to: &mut Vec<u8>) {
        self.modulated.save(to);
        self.synapses.save(to);
        let is_whole = self.rows.synapses().len() == self.planned;
        is_whole.save(to);
        if !is_whole {
            self.rows.save(to);
        }
    }

    fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Misfit> {
        self.modulated.restore(from)?;
        self.synapses.restore(from)?;
        if !bool::read(from)? {
            self.rows.restore(from)?;
        }
        Ok(())
    }
}

/// A question to a target as a number: which plastic projection asks, and which of its questions.
#[inline]
pub fn question(number: u32, which: f64) -> f64 {
    f64::from_bits(u64::from(number) << 32 | which as u64)
}

impl Plastic {
    /// What a spike transmits in this slice.
    #[inline]
    pub fn of(&self, reached: &Reached) -> &[Transmitted] {
        &self.transmitted[reached.transmitted.clone()]
    }

    /// Gathers what a spike transmits in a slice that begins at `start`: at one tick as a batch, where
    /// the law of the delays says so, else as points.
    pub fn gather(
        &self,
        reached: &Reached,
        source: NeuronId,
        start: u64,
        batches: &mut Vec<Batch>,
        points: &mut Vec<Point>,
    ) {
        let list = self.of(reached);
        let Some(first) = list.first() else { return };
        let at = |transmitted: &Transmitted| reached.sent + Span(transmitted.delay.into());
        if self.projection.at_once {
            batches.push(Batch {
                at: at(first),
                source,
                table: self.number,
                learned: true,
                count: list.len() as u32,
                number: batches.len() as u32,
                first: reached.transmitted.start as u64,
            });
            return;
        }
        points.extend(list.iter().map(|transmitted| {
            let &Transmitted { target, weight, .. } = transmitted;
            Point { offset: (at(transmitted).0 - start) as u32, target, weight }
        }));
    }

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
        let planned = table.synapses.len();
        let first = network.partition.local_start(projection.target, shard);
        let owned = network.partition.owned(projection.target, shard).len() as u32;
        Plastic {
            number: number as u16,
            projection,
            heeds: synapses.heeds(),
            by_row,
            locals: first..first + owned,
            synapses,
            planned,
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
