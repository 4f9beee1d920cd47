//! The lane of frames: networks of one linear model, brought through a slice in order of time.
//!
//! All neurons of a shard lie in one array of slots (see [`crate::neuron::framed`]). What arrives
//! in a slice is gone through in order of time: *points*, which are synapses with a tick of their own,
//! and *batches*, which are the synapses of a spike that share a tick. External input is added before
//! its time where nobody has to look at it (see [`super::prepaid`]), else in its turn. An arrival is an addition to a
//! slot; only when a neuron's limit is reached, or the time for which it was granted is over, is the
//! state worked out, the threshold tested, and a limit granted anew.
//!
//! At one tick things happen in this order: crossings and ends of grants that were foreseen for it
//! are noted; currents change; externals arrive, by background, then points and then batches, each by
//! source; neurons that crossed fire; neurons whose limit is reached are looked at; refractory periods end;
//! samples are taken. Inside a slice neurons do not hear of one another, so nothing depends on the
//! order of neurons, and every state is a function of the neuron's own events: of ticks at which
//! something arrived or was foreseen, never of where a slice or a shard begins.

use super::group::Probe;
use super::input::Background;
use super::plastic::Plastic;
use super::slots::{Neurons, length_of};
use crate::base::digest::Digest;
use crate::base::saved::{Saved, boxed, value};
use crate::base::{NeuronId, Resolution, Span, Tick};
use crate::network::{Network, NeuronPlan};
use crate::neuron::framed::{Framed, FramedVisitor};
use crate::neuron::{Descriptor, dispatch_framed};
use crate::scenario::{Model, Scenario};
use crate::synapse::Table;

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
value!(Point { offset, target, weight });

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
    /// How many batches of the slice were gathered before it.
    pub number: u32,
    /// The first one's place in the table or in what is transmitted.
    pub first: u64,
}

impl Batch {
    /// The order in which batches arrive: at one tick first those that learn, then as they were gathered.
    /// No two are alike, so that they can be sorted in place; a sort that keeps the order of equals would
    /// ask for memory in every slice.
    #[inline]
    pub fn order(&self) -> (Tick, bool, u32) {
        (self.at, !self.learned, self.number)
    }
}

/// All that concerns a shard in one slice.
pub struct Work<'a> {
    /// Number of the slice.
    pub number: u64,
    /// Its start.
    pub start: Tick,
    /// Its end, not beyond the end of the run.
    pub end: Tick,
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
pub trait Frames: Send + Saved {
    /// Brings all neurons through a slice.
    fn run(&mut self, work: &mut Work);

    /// The earliest slice in which something is foreseen.
    fn next_slice(&self) -> Option<u64>;

    /// The earliest tick at which external input comes or is to be drawn; `NEVER` if there is none.
    fn next_external(&self) -> Tick;

    /// External inputs so far.
    fn external_events(&self) -> u64;

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
boxed!(dyn Frames);

/// How a network is run in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether levels are potentials: where most neurons do not fire by themselves.
    pub grows: bool,
}

/// How the network can be run in frames with slices of this length, if its neurons are of one
/// model and share what the frame depends on. The same for any number of shards.
pub fn plan(scenario: &Scenario, network: &Network, slice: Span) -> Option<Plan> {
    let mut first: Option<(&Descriptor, Vec<f64>)> = None;
    let mut by_themselves = 0;
    let mut all = 0;
    for (index, population) in scenario.populations.iter().enumerate() {
        let Model::Neuron { descriptor, .. } = &population.model else { continue };
        // A shard without neurons of the population may have no values of its parameters.
        let plans = network.shards.iter().map(|shard| &shard.neurons[index]);
        let lives = |plan: &&NeuronPlan| plan.parameters.iter().all(|c| !c.is_empty());
        let plans: Vec<(&NeuronPlan, u32)> = plans
            .zip(0..)
            .filter(|(plan, _)| lives(plan))
            .map(|(plan, shard)| (plan, network.partition.owned(index, shard).len() as u32))
            .collect();
        let Some((plan, _)) = plans.first() else { continue };
        let parameters: Vec<f64> = plan.parameters.iter().map(|column| column[0]).collect();
        let other = first.as_ref().map(|(descriptor, values)| (*descriptor, values.as_slice()));
        let grid = scenario.resolution;
        let question =
            Question { descriptor, parameters: &parameters, other, slice, grid, plans: &plans };
        by_themselves += dispatch_framed(descriptor, question)??;
        all += u64::from(population.size);
        first.get_or_insert((descriptor, parameters));
    }
    first.is_some().then_some(Plan { grows: by_themselves <= all / 2 })
}

/// The question whether a population fits into the frame of another one, and how many of its neurons
/// fire by themselves.
struct Question<'a> {
    descriptor: &'a Descriptor,
    parameters: &'a [f64],
    other: Option<(&'a Descriptor, &'a [f64])>,
    slice: Span,
    grid: Resolution,
    plans: &'a [(&'a NeuronPlan, u32)],
}

impl FramedVisitor for Question<'_> {
    type Output = Option<u64>;

    fn visit<M: Framed>(self) -> Option<u64> {
        let alike = self.other.is_none_or(|(descriptor, parameters)| {
            descriptor.name == self.descriptor.name
                && M::FRAME_PARAMETERS.iter().all(|&p| parameters[p] == self.parameters[p])
        });
        let constants = M::constants(self.parameters);
        let frame = M::frame(&constants, false).filter(|_| alike)?;
        if self.slice > length_of::<M>(&frame, self.grid) {
            return None;
        }
        let drive = M::DESCRIPTOR.parameter("i_e");
        let mut by_themselves = 0;
        for &(plan, neurons) in self.plans {
            let of = |column: &Vec<f64>, index: u32| {
                column[if column.len() == 1 { 0 } else { index as usize }]
            };
            // A plan with too few values fails where neurons are set up, with an error that says so.
            let lengths = plan.variables.iter().map(Vec::len).filter(|&length| length != 1);
            let neurons = lengths.min().map_or(neurons, |least| neurons.min(least as u32));
            for index in 0..neurons {
                let start: Vec<f64> =
                    plan.variables.iter().map(|column| of(column, index)).collect();
                if !M::admits(&start) {
                    return None;
                }
                let drive = drive.map_or(0.0, |p| of(&plan.parameters[p], index));
                by_themselves += u64::from(M::fires_by_itself(&constants, drive));
            }
        }
        Some(by_themselves)
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
    /// External input.
    pub backgrounds: Vec<Background>,
    /// How the network is run in frames.
    pub plan: Plan,
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
