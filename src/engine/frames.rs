//! The lane of frames: networks of one linear model, brought through a slice in order of time.
//!
//! All neurons of a shard lie in one array of slots (see [`crate::neuron::framed`]). What arrives
//! in a slice is gone through in order of time: *externals*, which come from backgrounds; *points*,
//! which are synapses with a tick of their own; and *batches*, which are the synapses of a spike that
//! share a tick. An arrival is an addition to a
//! slot; only when a neuron's credit is spent, or the time for which it was granted is over, is the
//! state worked out, the threshold tested, and credit granted anew.
//!
//! At one tick things happen in this order: crossings and ends of grants that were foreseen for it
//! are noted; currents change; externals arrive, by background, then points and then batches, each by
//! source; neurons that crossed fire; neurons whose credit is spent are looked at; refractory periods end;
//! samples are taken. Inside a slice neurons do not hear of one another, so nothing depends on the
//! order of neurons, and every state is a function of the neuron's own events: of ticks at which
//! something arrived or was foreseen, never of where a slice or a shard begins.

use super::group::Probe;
use super::plastic::Plastic;
use super::slots::{Neurons, length_of};
use crate::base::digest::Digest;
use crate::base::{NeuronId, Span, Tick};
use crate::network::{Network, NeuronPlan};
use crate::neuron::framed::{Framed, FramedVisitor};
use crate::neuron::{Descriptor, dispatch_framed};
use crate::scenario::{Model, Scenario};
use crate::synapse::Table;

/// An arrival from a background. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct External {
    /// Ticks since the start of the slice.
    pub offset: u32,
    /// Local neuron in the low bits, number of the background above.
    place: u32,
}

/// Bits of an [`External`] for the neuron.
const NEURON_BITS: u32 = 24;
/// The most neurons that backgrounds can reach in frames.
const MOST_NEURONS: u32 = 1 << NEURON_BITS;
/// The most backgrounds.
const MOST_BACKGROUNDS: usize = 1 << (u32::BITS - NEURON_BITS);

impl External {
    /// An arrival on a local neuron from background number `which`.
    #[inline]
    pub fn new(offset: u32, neuron: u32, which: usize) -> External {
        debug_assert!(neuron < MOST_NEURONS && which < MOST_BACKGROUNDS);
        External { offset, place: neuron | (which as u32) << NEURON_BITS }
    }

    /// The local neuron.
    #[inline]
    pub fn neuron(self) -> u32 {
        self.place & (MOST_NEURONS - 1)
    }

    /// The number of the background.
    #[inline]
    pub fn background(self) -> usize {
        (self.place >> NEURON_BITS) as usize
    }
}

/// An arrival over a synapse at a tick of its own. 16 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Ticks since the start of the slice.
    pub offset: u32,
    /// Local neuron.
    pub target: u32,
    /// In the unit of the model's input.
    pub weight: f64,
}

/// The synapses of one spike that share a tick.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// When they arrive.
    pub at: Tick,
    /// Whose spike it is.
    pub source: NeuronId,
    /// The table, which is that of the source's population; or, if they learn, the number of the
    /// projection.
    pub table: u16,
    /// Whether what they transmit has been worked out, and stands with their projection.
    pub learned: bool,
    /// How many.
    pub count: u32,
    /// The first one's place in the table or in what is transmitted.
    pub first: u64,
}

/// All that concerns a shard in one slice.
pub struct Work<'a> {
    /// Number of the slice.
    pub number: u64,
    /// Its start.
    pub start: Tick,
    /// Its end, not beyond the end of the run.
    pub end: Tick,
    /// By time, and at one tick by background.
    pub externals: &'a [External],
    /// The weight of each background.
    pub weights: &'a [f64],
    /// By time, and at one tick by source.
    pub points: &'a [Point],
    /// By time, and at one tick those of synapses that learn before others, each by source.
    pub batches: &'a [Batch],
    /// Changes of constant currents: (tick, local neuron, pA), by time.
    pub drives: &'a [(Tick, u32, f64)],
    /// The rows.
    pub tables: &'a [Table],
    /// What synapses that learn transmit.
    pub plastic: &'a [Plastic],
    /// The spikes: (tick, local neuron).
    pub spikes: &'a mut Vec<(Tick, u32)>,
    /// The neuron that is being looked at, for a worker's last words.
    pub current: &'a mut u32,
}

/// The neurons of one shard, whatever their model.
pub trait Frames: Send {
    /// Brings all neurons through a slice.
    fn run(&mut self, work: &mut Work);

    /// The earliest slice in which something is foreseen.
    fn next_slice(&self) -> Option<u64>;

    /// The current of a neuron without what the schedule adds, in pA.
    fn base_current(&self, neuron: u32) -> f64;

    /// The tick that is being gone through, for a worker's last words.
    fn now(&self) -> Tick;

    /// The source whose batch is being delivered, likewise.
    fn walking(&self) -> Option<NeuronId>;

    /// Ends the run: takes the samples that are still due, and puts all states into the frame
    /// that holds `end`.
    fn finish(&mut self, end: Tick);

    /// Adds the exact state of a population's neurons to a digest.
    fn digest(&self, population: usize, digest: &mut Digest);

    /// The probes of a population with their samples.
    fn probes(&mut self, population: usize) -> Vec<Probe>;
}

/// Whether the network can be run in frames with slices of this length: its neurons are of one
/// model and share what the frame depends on.
pub fn suits(scenario: &Scenario, network: &Network, slice: Span) -> bool {
    if !scenario.backgrounds.is_empty()
        && (network.partition.neurons() > MOST_NEURONS
            || scenario.backgrounds.len() > MOST_BACKGROUNDS)
    {
        return false;
    }
    let mut first: Option<(&Descriptor, Vec<f64>)> = None;
    for (index, population) in scenario.populations.iter().enumerate() {
        let Model::Neuron { descriptor, .. } = &population.model else { continue };
        // A shard without neurons of the population may have no values of its parameters.
        let mut plans = network.shards.iter().map(|shard| &shard.neurons[index]);
        let Some(plan) = plans.find(|plan| plan.parameters.iter().all(|c| !c.is_empty())) else {
            continue;
        };
        let parameters: Vec<f64> = plan.parameters.iter().map(|column| column[0]).collect();
        let other = first.as_ref().map(|(descriptor, values)| (*descriptor, values.as_slice()));
        let question = Question { descriptor, parameters: &parameters, other, slice };
        if dispatch_framed(descriptor, question) != Some(true) {
            return false;
        }
        first.get_or_insert((descriptor, parameters));
    }
    first.is_some()
}

/// The question whether a population fits into the frame of another one.
struct Question<'a> {
    descriptor: &'a Descriptor,
    parameters: &'a [f64],
    other: Option<(&'a Descriptor, &'a [f64])>,
    slice: Span,
}

impl FramedVisitor for Question<'_> {
    type Output = bool;

    fn visit<M: Framed>(self) -> bool {
        let alike = self.other.is_none_or(|(descriptor, parameters)| {
            descriptor.name == self.descriptor.name
                && M::FRAME_PARAMETERS.iter().all(|&p| parameters[p] == self.parameters[p])
        });
        let frame = M::frame(&M::constants(self.parameters));
        alike && frame.is_some_and(|frame| self.slice <= length_of::<M>(&frame))
    }
}

/// What is needed to set up the neurons of a shard.
pub struct Setup<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Start values, by population.
    pub plans: &'a [NeuronPlan],
    /// First local neuron of each population, and behind the last one their number.
    pub locals: &'a [u32],
    /// What is to be sampled, by population.
    pub probes: Vec<Vec<Probe>>,
    /// Length of a slice.
    pub slice: Span,
}

impl Setup<'_> {
    /// The neurons; `None` if there are none. The network must be one that [`suits`].
    pub fn build(self) -> Option<Box<dyn Frames>> {
        let mut models = self.scenario.populations.iter().map(|population| &population.model);
        let descriptor = models.find_map(|model| match model {
            Model::Neuron { descriptor, .. } => Some(*descriptor),
            _ => None,
        })?;
        dispatch_framed(descriptor, self).flatten()
    }
}

impl FramedVisitor for Setup<'_> {
    type Output = Option<Box<dyn Frames>>;

    fn visit<M: Framed>(self) -> Option<Box<dyn Frames>> {
        Some(Box::new(Neurons::<M>::new(self)?))
    }
}
