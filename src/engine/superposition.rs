//! The fast lane for dense input: inputs of a slice are added up before any neuron is touched.
//!
//! Where neurons get several inputs a slice, most of the work of bringing each neuron through its
//! inputs one by one is moving it about in between. If inputs superpose (`lif_delta`), all that
//! matters at the end of the slice is their decayed sum, unless threshold could be reached on the
//! way. So each arrival adds its weight, decayed to the end of the slice, to one number and, if it
//! excites, its plain weight to a second one, which bounds what any order of the inputs could do.
//! A neuron whose distance to threshold exceeds the bound takes the sum; the inputs of the others,
//! a few in a hundred, are gathered in a second walk over the rows and taken one by one.
//!
//! Whether the lane is used is decided once, from the scenario and the network as a whole, and a
//! slice is a multiple of a span that is, too. The bits of a state therefore do not depend on the
//! partition.

use crate::base::{Decay, Span, Tick};
use crate::network::Network;
use crate::neuron::{Descriptor, Dynamics, Visitor, dispatch};
use crate::scenario::{Model, Scenario};

/// What has arrived for one neuron in the current slice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// All inputs, decayed to the end of the slice.
    pub sum: f64,
    /// The inputs that bring the neuron nearer to threshold, as they arrived.
    pub rise: f64,
}

/// The loads of all neurons of a shard.
#[derive(Debug)]
pub struct Superposition {
    decay: Decay,
    end: Tick,
    loads: Vec<Load>,
    /// One bit a neuron: its inputs are wanted one by one because it is sampled.
    watched: Vec<u64>,
    /// External input of the slice: (neuron, tick, weight).
    pub external: Vec<(u32, Tick, f64)>,
}

impl Superposition {
    /// Loads for this many neurons, whose inputs decay alike.
    pub fn new(decay: Decay, neurons: usize) -> Superposition {
        Superposition {
            decay,
            end: Tick::ZERO,
            loads: vec![Load::default(); neurons],
            watched: vec![0; neurons.div_ceil(64)],
            external: Vec::new(),
        }
    }

    /// Opens a slice that ends at `end`.
    pub fn open(&mut self, end: Tick) {
        self.end = end;
        self.external.clear();
    }

    /// Wants a neuron's inputs one by one in any case.
    pub fn watch(&mut self, neuron: u32) {
        self.watched[neuron as usize / 64] |= 1 << (neuron % 64);
    }

    /// Whether a neuron's inputs are wanted one by one in any case.
    #[inline]
    pub fn is_watched(&self, neuron: u32) -> bool {
        self.watched[neuron as usize / 64] >> (neuron % 64) & 1 == 1
    }

    /// What is left at the end of the slice of an input at `at`.
    #[inline]
    pub fn left_of(&self, at: Tick) -> f64 {
        self.decay.over(self.end.since(at))
    }

    /// Adds an input of which the share `left` is left at the end of the slice.
    #[inline]
    pub fn add(&mut self, neuron: u32, weight: f64, left: f64) {
        let load = &mut self.loads[neuron as usize];
        load.sum += weight * left;
        load.rise += weight.max(0.0);
    }

    /// Takes the load of a neuron.
    #[inline]
    pub fn take(&mut self, neuron: u32) -> Load {
        std::mem::take(&mut self.loads[neuron as usize])
    }
}

/// Inputs a neuron should get in a slice for the fast lane to pay: measured in
/// `benches/lanes.rs`.
const INPUTS_PER_SLICE: f64 = 1.0;

/// The decay that all neurons of the network share, if the fast lane is to be used for inputs of
/// this rate.
pub fn shared_decay(
    scenario: &Scenario,
    network: &Network,
    inputs_per_second: f64,
    slice: Span,
) -> Option<Decay> {
    let neurons: u64 = scenario
        .populations
        .iter()
        .filter(|population| matches!(population.model, Model::Neuron { .. }))
        .map(|population| u64::from(population.size))
        .sum();
    if inputs_per_second * slice.s() < INPUTS_PER_SLICE * neurons as f64 {
        return None;
    }
    let mut shared: Option<Decay> = None;
    for (index, population) in scenario.populations.iter().enumerate() {
        let Model::Neuron { descriptor, .. } = &population.model else { continue };
        // A shard without neurons of the population may have no values of its parameters.
        let mut plans = network.shards.iter().map(|shard| &shard.neurons[index]);
        let plan = plans.find(|plan| plan.parameters.iter().all(|column| !column.is_empty()))?;
        let parameters: Vec<f64> = plan.parameters.iter().map(|column| column[0]).collect();
        let decay = dispatch(descriptor, Ask { descriptor, parameters })?;
        if shared.as_ref().is_some_and(|shared| shared.tau_ms() != decay.tau_ms()) {
            return None;
        }
        shared = Some(decay);
    }
    shared
}

/// The question for a model's decay.
struct Ask<'a> {
    descriptor: &'a Descriptor,
    parameters: Vec<f64>,
}

impl Visitor for Ask<'_> {
    type Output = Option<Decay>;

    fn visit<M: Dynamics>(self) -> Option<Decay> {
        debug_assert_eq!(self.descriptor.name, M::DESCRIPTOR.name);
        M::superposition(&M::constants(&self.parameters)).cloned()
    }
}
