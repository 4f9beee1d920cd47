//! What a run leaves behind: spikes, traces, weights, counts. Values only; the files are made by
//! the room `output`.

pub mod statistics;

use crate::base::saved::{Misfit, Reader, Value, value};
use crate::base::{NeuronId, Span, Tick, Unit};
use std::borrow::Cow;

/// One spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spike {
    /// When.
    pub tick: Tick,
    /// Who, numbered over the whole network.
    pub neuron: NeuronId,
}
value!(Spike { tick, neuron });

/// Everything that a run leaves behind.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The recorded spikes in the order (tick, neuron).
    pub spikes: Vec<Spike>,
    /// Digest of all spikes, recorded or not: see [`crate::base::digest`].
    pub digest: String,
    /// Digest of the state of all neurons at the end.
    pub state_digest: String,
    /// Counts and rates of each population, in the order of the scenario.
    pub populations: Vec<PopulationOutcome>,
    /// Sampled state variables.
    pub traces: Vec<Trace>,
    /// All synapses at the end, if the scenario asked for them.
    pub weights: Option<Weights>,
    /// What has become of the synapses that could be removed.
    pub pruning: Pruning,
    /// What happened how often.
    pub counts: Counts,
    /// The time that was simulated: the scenario's duration unless the run was interrupted.
    pub simulated: Span,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
}

/// What one population did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PopulationOutcome {
    /// All spikes of the population.
    pub spikes: u64,
    /// Mean rate in Hz: spikes / (neurons x simulated time).
    pub rate_hz: f64,
    /// Mean over neurons with at least three spikes of the coefficient of variation of their
    /// intervals; `None` where no neuron fired so often.
    pub cv_isi: Option<f64>,
}

/// One state variable of some neurons, sampled at 0, interval, 2 interval, ...
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Index of the population.
    pub population: usize,
    /// The variable's name, such as `v_m`.
    pub variable: Cow<'static, str>,
    /// Its unit.
    pub unit: Unit,
    /// The neurons, as indices within the population.
    pub neurons: Vec<u32>,
    /// Time between two samples.
    pub interval: Span,
    /// Time of the first sample.
    pub start: Tick,
    /// The samples, all neurons of one time together.
    pub values: Vec<f64>,
}

/// Synapses, column by column, in the order (source, delay, target).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// Source neurons, numbered over the whole network.
    pub source: Vec<u32>,
    /// Target neurons, numbered over the whole network.
    pub target: Vec<u32>,
    /// Weights in the input unit of the target's model.
    pub weight: Vec<f32>,
    /// Delays in ticks.
    pub delay: Vec<u32>,
    /// The same at earlier times, if the scenario asked for it.
    pub samples: WeightSamples,
}

/// The weights of the synapses that learn at several times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WeightSamples {
    /// When.
    pub times: Vec<Tick>,
    /// Which synapses, as places in the columns of [`Weights`].
    pub synapses: Vec<u64>,
    /// Their weights, all of one time together.
    pub weight: Vec<f32>,
}

/// Why a synapse was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The rule of plasticity decided so.
    Rule,
    /// It was among the weakest, of which a given share was removed.
    Fraction,
    /// It was weaker than a given bound.
    Below,
    /// Its weight had faded to the threshold of its rule.
    Threshold,
}

impl Cause {
    /// All of them, in the order of their numbers.
    pub const ALL: [Cause; 4] = [Cause::Rule, Cause::Fraction, Cause::Below, Cause::Threshold];

    /// The word for it in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Rule => "rule",
            Cause::Fraction => "fraction",
            Cause::Below => "below",
            Cause::Threshold => "threshold",
        }
    }
}

impl Value for Cause {
    fn write(&self, to: &mut Vec<u8>) {
        (*self as u8).write(to);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Cause::ALL.get(usize::from(u8::read(from)?)).copied().ok_or(Misfit)
    }
}

/// A synapse that was removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Removal {
    /// When: the tick that the rule's page states, at the synapse; of a pruning at given times that
    /// time, at the target.
    pub tick: Tick,
    /// Who sent, numbered over the whole network.
    pub source: NeuronId,
    /// Who received, likewise.
    pub target: NeuronId,
    /// Its weight just before, in the input unit of the target's model.
    pub weight: f32,
    /// The index of its projection.
    pub projection: u32,
    /// Why.
    pub cause: Cause,
}
value!(Removal { tick, source, target, weight, projection, cause });

/// What has become of the synapses that could be removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pruning {
    /// How many were removed, in the order of [`Cause::ALL`].
    pub removed: [u64; Cause::ALL.len()],
    /// How often a synapse was made stronger because it stayed.
    pub strengthened: u64,
    /// The removals, if the scenario asked for them.
    pub removals: Option<Removals>,
}

/// The synapses that were removed, in the order (tick, source, target, projection,
/// cause, weight).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Removals {
    /// One for each.
    pub list: Vec<Removal>,
    /// Their digest: of each tick, source, target, projection, bits of the weight, and cause in 8,
    /// 4, 4, 4, 4 and 1 bytes, little-endian.
    pub digest: String,
}

impl Pruning {
    /// How many synapses were removed.
    pub fn total(&self) -> u64 {
        self.removed.iter().sum()
    }
}

impl Removals {
    /// Puts removals in order and digests them.
    pub fn new(mut list: Vec<Removal>) -> Removals {
        list.sort_unstable_by(|a, b| {
            let key = |r: &Removal| (r.tick, r.source, r.target, r.projection, r.cause);
            key(a).cmp(&key(b)).then(a.weight.total_cmp(&b.weight))
        });
        let mut digest = crate::base::digest::Digest::new();
        for removal in &list {
            digest.bytes(&removal.tick.0.to_le_bytes());
            digest.bytes(&removal.source.0.to_le_bytes());
            digest.bytes(&removal.target.0.to_le_bytes());
            digest.bytes(&removal.projection.to_le_bytes());
            digest.bytes(&removal.weight.to_bits().to_le_bytes());
            digest.bytes(&[removal.cause as u8]);
        }
        Removals { list, digest: digest.finish() }
    }
}

/// Percentiles of a quantity that is counted often.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: u64,
    /// Nine in ten are at most this.
    pub p90: u64,
    /// Ninety-nine in a hundred are at most this.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// What happened how often.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Spikes of all populations, sources included.
    pub spikes: u64,
    /// Arrivals of spikes at synapses.
    pub synaptic_events: u64,
    /// Arrivals of background input.
    pub external_events: u64,
    /// Windows that held an event.
    pub windows: u64,
    /// Spikes in flight, sampled at each window.
    pub queue_depth: Percentiles,
    /// Synapses that a spike reaches.
    pub fan_out: Percentiles,
    /// Synapses that are left at the end.
    pub synapses_left: u64,
    /// Bytes that hold synapses at the end, offsets included.
    pub synapse_bytes: u64,
}
