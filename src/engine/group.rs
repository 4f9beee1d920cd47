//! The neurons of one population that live in one shard.
//!
//! The engine holds one trait object a population and calls it once a window with everything that
//! concerns it; inside, the model is a type and its kernel is compiled into the loop. So the
//! choice of the model costs one virtual call for thousands of events, and a new model needs no
//! line here.

use super::arrivals::{Arrivals, QUESTION, ones};
use super::flight::Flight;
use crate::base::digest::Digest;
use crate::base::saved::{Saved, boxed, saved};
use crate::base::{Resolution, Tick};
use crate::network::NeuronPlan;
use crate::neuron::cell::{Cell, Input, InputKind};
use crate::neuron::lesson::Lesson;
use crate::neuron::{Descriptor, Dynamics, Visitor, dispatch_for};
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
saved!(Probe { samples, next });

/// What a group works with during one window.
pub struct Window<'a, 'n> {
    /// Events before this tick belong to the window.
    pub end: Tick,
    /// The inputs.
    pub arrivals: &'a mut Arrivals,
    /// Synapses that must ask their targets.
    pub flight: &'a mut Flight<'n>,
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
pub trait Group: Send + Saved {
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

    /// What a neuron has to tell at a time that is not before its last event; `None` for models
    /// that teach nothing.
    fn lesson_at(&self, neuron: u32, at: Tick) -> Option<Lesson>;

    /// Adds the exact state of all neurons to a digest.
    fn digest(&self, digest: &mut Digest);

    /// The probes with their samples.
    fn probes(&mut self) -> Vec<Probe>;
}
boxed!(dyn Group);

struct Neurons<M: Dynamics> {
    constants: M::Constants,
    grid: Resolution,
    first: u32,
    cells: Vec<Cell<M::State>>,
    base_current: Vec<f64>,
    probes: Vec<Probe>,
    ticks: Vec<Tick>,
    /// The inputs of one neuron, all questions answered.
    answered: Vec<Input>,
}
saved!(Neurons<M> where [M: Dynamics] { cells; each probes });

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
        let shared: Vec<f64> = self.plan.shared(self.descriptor);
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
            answered: Vec::new(),
        })
    }
}

impl Setup<'_> {
    /// The group; `None` if no neuron of the population lives here.
    pub fn build(self) -> Option<Box<dyn Group>> {
        (!self.range.is_empty()).then(|| {
            let parameters = self.plan.shared(self.descriptor);
            dispatch_for(self.descriptor, &parameters, self)
        })
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
            let mut way = Way::<M> { constants, grid: *grid, neuron, lessons: None };
            way.sample(probes, cell, &[], end, ticks);
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

    fn lesson_at(&self, neuron: u32, at: Tick) -> Option<Lesson> {
        M::TEACHES?;
        let mut copy = self.cells[(neuron - self.first) as usize].clone();
        copy.advance_to::<M>(&self.constants, at);
        M::lesson(&mut copy.state).copied()
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
        let Window { end, arrivals, flight, cursor, wake, spikes, current } = window;
        let Neurons { constants, grid, first, cells, probes, ticks, answered, .. } = self;
        **current = neuron;
        let inputs = arrivals.take(neuron, cursor);
        let cell = &mut cells[(neuron - *first) as usize];
        ticks.clear();
        let mut way =
            Way::<M> { constants, grid: *grid, neuron, lessons: Some((flight, answered)) };
        let rest = way.sample(probes, cell, inputs, *end, ticks);
        way.bring(cell, rest, *end, ticks);
        spikes.extend(ticks.iter().map(|&tick| (tick, neuron)));
        wake.predict(neuron, *end, cell.predicted);
    }
}

/// The way of one neuron through its inputs.
struct Way<'w, 'n, M: Dynamics> {
    constants: &'w M::Constants,
    grid: Resolution,
    neuron: u32,
    /// Who answers questions, and room for the inputs of one tick with their answers; `None` where
    /// nothing arrives.
    lessons: Option<(&'w mut Flight<'n>, &'w mut Vec<Input>)>,
}

impl<M: Dynamics> Way<'_, '_, M> {
    /// Takes the samples that are due before `end`, bringing the neuron through the inputs that come
    /// before each. Returns the inputs that are left. Going piece by piece leaves the neuron exactly as
    /// one call would.
    #[inline]
    fn sample<'i>(
        &mut self,
        probes: &mut [Probe],
        cell: &mut Cell<M::State>,
        inputs: &'i [Input],
        end: Tick,
        ticks: &mut Vec<Tick>,
    ) -> &'i [Input] {
        let mut rest = inputs;
        while let Some((probe, place)) = earliest(probes, self.neuron, end) {
            let probe = &mut probes[probe];
            let now = probe.next[place];
            // A probe comes after everything else of its tick.
            let (before, after) = rest.split_at(rest.partition_point(|input| input.at <= now));
            self.bring(cell, before, Tick(now.0 + 1), ticks);
            rest = after;
            for &variable in &probe.variables {
                probe.samples[place].push(cell.observe::<M>(self.constants, now, variable));
            }
            probe.next[place] = Tick(now.0 + probe.interval);
        }
        rest
    }

    /// Brings the neuron through `inputs` and up to `end`.
    #[inline]
    fn bring(
        &mut self,
        cell: &mut Cell<M::State>,
        inputs: &[Input],
        end: Tick,
        ticks: &mut Vec<Tick>,
    ) {
        match M::TEACHES {
            Some(_) => self.bring_and_answer(cell, inputs, end, ticks),
            None => cell.run::<M>(self.constants, self.grid, inputs, end, ticks),
        }
    }

    /// As [`Way::bring`], for a neuron whose synapses may ask it what they transmit: it is brought to
    /// the tick, and asked before anything of the tick is folded.
    fn bring_and_answer(
        &mut self,
        cell: &mut Cell<M::State>,
        inputs: &[Input],
        end: Tick,
        ticks: &mut Vec<Tick>,
    ) {
        let Way { constants, grid, neuron, lessons } = self;
        let mut rest = inputs;
        while let (Some(first), Some((flight, answered))) = (rest.first(), lessons.as_mut()) {
            let tick = first.at;
            let count = rest.iter().take_while(|input| input.at == tick).count();
            let (now, later) = rest.split_at(count);
            rest = later;
            cell.run::<M>(constants, *grid, &[], tick, ticks);
            cell.advance_to::<M>(constants, tick);
            let lesson = M::lesson(&mut cell.state).expect("a model that teaches has a lesson");
            answered.clear();
            answered.extend(now.iter().map(|input| match input.kind {
                InputKind::On(QUESTION, question) => {
                    let weight = flight.answer(*neuron, question, lesson);
                    Input { at: tick, kind: InputKind::Spike(weight) }
                }
                _ => *input,
            }));
            cell.run::<M>(constants, *grid, answered, Tick(tick.0 + 1), ticks);
        }
        cell.run::<M>(constants, *grid, &[], end, ticks);
    }
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
