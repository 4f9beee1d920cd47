//! The neurons of one population that live in one shard.
//!
//! The engine holds one trait object a population and calls it once a window with everything that
//! concerns it; inside, the model is a type and its kernel is compiled into the loop. So the
//! choice of the model costs one virtual call for thousands of events, and a new model needs no
//! line here.

use super::arrivals::{Arrivals, ones};
use crate::base::digest::Digest;
use crate::base::{Resolution, Tick};
use crate::network::NeuronPlan;
use crate::neuron::cell::{Cell, Input};
use crate::neuron::{Descriptor, Dynamics, Visitor, dispatch};
use crate::queue::WakeQueue;
use std::ops::Range;

/// State variables of one population's neurons in one shard, sampled while it runs.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Local neurons, sorted.
    pub neurons: Vec<u32>,
    /// Variables of the model.
    pub variables: Vec<usize>,
    /// Time between samples, in ticks.
    pub interval: u64,
    /// Samples end before this tick.
    pub end: Tick,
    /// For each neuron its samples, variable by variable at each time.
    pub samples: Vec<Vec<f64>>,
    /// For each neuron the tick of its next sample.
    pub next: Vec<Tick>,
}

/// What a group works with during one window.
pub struct Window<'a> {
    /// Events before this tick belong to the window.
    pub end: Tick,
    /// The inputs.
    pub arrivals: &'a mut Arrivals,
    /// How far the inputs have been consumed.
    pub cursor: u32,
    /// Where predictions go.
    pub wake: &'a mut WakeQueue,
    /// The spikes: (tick, local neuron).
    pub spikes: &'a mut Vec<(Tick, u32)>,
    /// The neuron that is being worked on, for a worker's last words.
    pub current: &'a mut u32,
}

/// One population's neurons in one shard, whatever their model.
pub trait Group: Send {
    /// The local neurons of the group.
    fn range(&self) -> Range<u32>;

    /// Files the first predictions.
    fn start(&self, wake: &mut WakeQueue);

    /// Brings every neuron that is concerned through the window.
    fn advance(&mut self, window: &mut Window);

    /// Takes all samples that are due before `end` although nothing happened to their neurons.
    fn sample_until(&mut self, end: Tick);

    /// The base current of a neuron, in pA: its own `i_e`.
    fn base_current(&self, neuron: u32) -> f64;

    /// A tick before which a neuron does not fire if nothing arrives.
    fn predicted(&self, neuron: u32) -> Tick;

    /// The tick of the last event of a neuron.
    fn last_event(&self, neuron: u32) -> Tick;

    /// Adds the exact state of all neurons to a digest.
    fn digest(&self, digest: &mut Digest);

    /// The probes with their samples.
    fn probes(&mut self) -> Vec<Probe>;
}

struct Neurons<M: Dynamics> {
    constants: M::Constants,
    grid: Resolution,
    first: u32,
    cells: Vec<Cell<M::State>>,
    base_current: Vec<f64>,
    probes: Vec<Probe>,
    ticks: Vec<Tick>,
}

/// What is needed to set up a group.
pub struct Setup<'a> {
    /// Start values.
    pub plan: &'a NeuronPlan,
    /// The model.
    pub descriptor: &'static Descriptor,
    /// The grid of the scenario.
    pub grid: Resolution,
    /// The local neurons.
    pub range: Range<u32>,
    /// What is to be sampled.
    pub probes: Vec<Probe>,
}

impl Visitor for Setup<'_> {
    type Output = Box<dyn Group>;

    fn visit<M: Dynamics>(self) -> Box<dyn Group> {
        let count = self.range.len();
        let of =
            |column: &Vec<f64>, index: usize| column[if column.len() == 1 { 0 } else { index }];
        let shared: Vec<f64> = self.plan.parameters.iter().map(|c| of(c, 0)).collect();
        let constants = M::constants(&shared);
        let drive_column = self.descriptor.parameter("i_e");
        let drive = |index| drive_column.map_or(0.0, |p| of(&self.plan.parameters[p], index));
        let base_current: Vec<f64> = (0..count).map(drive).collect();
        let cells = (0..count)
            .map(|index| {
                let start: Vec<f64> =
                    self.plan.variables.iter().map(|column| of(column, index)).collect();
                let state = M::initial(&constants, &start);
                Cell::new::<M>(&constants, self.grid, state, base_current[index])
            })
            .collect();
        Box::new(Neurons::<M> {
            constants,
            grid: self.grid,
            first: self.range.start,
            cells,
            base_current,
            probes: self.probes,
            ticks: Vec::new(),
        })
    }
}

impl Setup<'_> {
    /// The group; `None` if no neuron of the population lives here.
    pub fn build(self) -> Option<Box<dyn Group>> {
        (!self.range.is_empty()).then(|| dispatch(self.descriptor, self))
    }
}

impl<M: Dynamics> Group for Neurons<M> {
    fn range(&self) -> Range<u32> {
        self.first..self.first + self.cells.len() as u32
    }

    fn start(&self, wake: &mut WakeQueue) {
        for (index, cell) in self.cells.iter().enumerate() {
            wake.predict(self.first + index as u32, Tick::ZERO, cell.predicted);
        }
    }

    fn advance(&mut self, window: &mut Window) {
        let range = self.range();
        for word in range.start as usize / 64..(range.end as usize).div_ceil(64) {
            let bits = window.arrivals.concerned_in(word, &range);
            if bits == 0 {
                continue;
            }
            // Reads of many cells at once; see the same in `Shard::measure_reach`.
            let ask = |asked, neuron: u32| {
                let cell = &self.cells[(neuron - self.first) as usize];
                asked ^ cell.at.0 ^ cell.drive.to_bits()
            };
            std::hint::black_box(ones(word, bits).fold(0, ask));
            for neuron in ones(word, bits) {
                self.advance_one(neuron, window);
            }
        }
    }

    fn sample_until(&mut self, end: Tick) {
        let Neurons { constants, grid, first, cells, probes, ticks, .. } = self;
        let mut sampled: Vec<u32> = probes.iter().flat_map(|p| p.neurons.clone()).collect();
        sampled.sort_unstable();
        sampled.dedup();
        for neuron in sampled {
            let cell = &mut cells[(neuron - *first) as usize];
            sample::<M>(probes, constants, *grid, neuron, cell, &[], end, ticks);
        }
    }

    fn base_current(&self, neuron: u32) -> f64 {
        self.base_current[(neuron - self.first) as usize]
    }

    fn predicted(&self, neuron: u32) -> Tick {
        self.cells[(neuron - self.first) as usize].predicted
    }

    fn last_event(&self, neuron: u32) -> Tick {
        self.cells[(neuron - self.first) as usize].at
    }

    fn digest(&self, digest: &mut Digest) {
        for cell in &self.cells {
            digest.bytes(&cell.at.0.to_le_bytes());
            digest.bytes(&cell.free_at.0.to_le_bytes());
            digest.real(cell.drive);
            M::digest(&cell.state, digest);
        }
    }

    fn probes(&mut self) -> Vec<Probe> {
        std::mem::take(&mut self.probes)
    }
}

impl<M: Dynamics> Neurons<M> {
    #[inline]
    fn advance_one(&mut self, neuron: u32, window: &mut Window) {
        let Window { end, arrivals, cursor, wake, spikes, current } = window;
        let Neurons { constants, grid, first, cells, probes, ticks, .. } = self;
        **current = neuron;
        let inputs = arrivals.take(neuron, cursor);
        let cell = &mut cells[(neuron - *first) as usize];
        ticks.clear();
        let rest = sample::<M>(probes, constants, *grid, neuron, cell, inputs, *end, ticks);
        cell.run::<M>(constants, *grid, rest, *end, ticks);
        spikes.extend(ticks.iter().map(|&tick| (tick, neuron)));
        wake.predict(neuron, *end, cell.predicted);
    }
}

/// Takes the samples of one neuron that are due before `end`, bringing the neuron through the
/// inputs that come before each. Returns the inputs that are left. Going piece by piece leaves
/// the neuron exactly as one call would.
#[allow(clippy::too_many_arguments)] // The split borrows of one group, inlined into its loop.
#[inline]
fn sample<'i, M: Dynamics>(
    probes: &mut [Probe],
    constants: &M::Constants,
    grid: Resolution,
    neuron: u32,
    cell: &mut Cell<M::State>,
    inputs: &'i [Input],
    end: Tick,
    ticks: &mut Vec<Tick>,
) -> &'i [Input] {
    let mut rest = inputs;
    while let Some((probe, place)) = earliest(probes, neuron, end) {
        let probe = &mut probes[probe];
        let now = probe.next[place];
        // A probe comes after everything else of its tick.
        let (before, after) = rest.split_at(rest.partition_point(|input| input.at <= now));
        cell.run::<M>(constants, grid, before, Tick(now.0 + 1), ticks);
        rest = after;
        for &variable in &probe.variables {
            probe.samples[place].push(cell.observe::<M>(constants, now, variable));
        }
        probe.next[place] = Tick(now.0 + probe.interval);
    }
    rest
}

/// The probe with the earliest sample of this neuron before `end`, and the neuron's place in it.
#[inline]
fn earliest(probes: &[Probe], neuron: u32, end: Tick) -> Option<(usize, usize)> {
    probes
        .iter()
        .enumerate()
        .filter_map(|(index, probe)| {
            let place = probe.neurons.binary_search(&neuron).ok()?;
            (probe.next[place] < end.min(probe.end)).then_some((index, place))
        })
        .min_by_key(|&(index, place)| probes[index].next[place])
}
