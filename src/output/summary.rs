//! `summary.json`: the numbers of a run, wall times included. `run --json` prints the same object.

use super::OutputError;
use super::manifest::read_json;
use crate::record::{Cause, Outcome, Percentiles, Pruning};
use crate::scenario::{Model, Scenario};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Wall time in seconds, phase by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WallTime {
    /// Drawing neurons and synapses.
    pub build: f64,
    /// From the built network to the first window: state and threads are set up.
    pub warmup: f64,
    /// The windows themselves.
    pub simulate: f64,
}

/// What the outcome does not know: how it was computed, and how fast.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Wall time.
    pub wall_s: WallTime,
    /// Worker threads.
    pub threads: u32,
    /// Shards.
    pub shards: u32,
    /// Synapses of the network.
    pub synapses: u64,
    /// The shortest delay in ms.
    pub shortest_delay_ms: Option<f64>,
    /// The longest delay in ms.
    pub longest_delay_ms: Option<f64>,
    /// The most memory that the process held, where the system tells.
    pub peak_rss_bytes: Option<u64>,
}

/// The contents of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The scenario's title.
    pub title: String,
    /// The version of the program.
    pub version: String,
    /// The seed of every random number.
    pub seed: u64,
    /// Digest of all spikes.
    pub digest: String,
    /// Digest of the state of all neurons at the end.
    pub state_digest: String,
    /// Neurons, without sources.
    pub neurons: u64,
    /// Sources, which only send.
    pub sources: u64,
    /// Synapses.
    pub synapses: u64,
    /// What has become of them, where some were removed while the network ran.
    #[serde(default)]
    pub pruning: PruningSummary,
    /// Spikes of all populations, sources included.
    pub spikes: u64,
    /// Spikes that were recorded.
    pub recorded_spikes: u64,
    /// Arrivals of spikes at synapses.
    pub synaptic_events: u64,
    /// Arrivals of background input.
    pub external_events: u64,
    /// Simulated time in seconds.
    pub simulated_s: f64,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// Wall time.
    pub wall_s: WallTime,
    /// Wall time of the simulation for one simulated second: below 1 is faster than nature.
    pub real_time_factor: f64,
    /// Synaptic events for each second of `wall_s.simulate`.
    pub synaptic_events_per_s: f64,
    /// Spikes, synaptic and external events for each second of `wall_s.simulate`.
    pub events_per_s: f64,
    /// Memory of the synapse store at the end for each synapse that is left.
    pub bytes_per_synapse: f64,
    /// The most memory that the process held; 0 where the system does not tell.
    pub peak_rss_bytes: u64,
    /// Worker threads.
    pub threads: u32,
    /// Shards.
    pub shards: u32,
    /// The shortest delay: the length of a window.
    pub shortest_delay_ms: Option<f64>,
    /// The longest delay.
    pub longest_delay_ms: Option<f64>,
    /// Windows that held an event.
    pub windows: u64,
    /// Spikes in flight.
    pub queue_depth: Distribution,
    /// Synapses that a spike reaches.
    pub fan_out: Distribution,
    /// Population by population.
    pub populations: Vec<PopulationSummary>,
}

/// Synapses that were removed; see [`Pruning`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PruningSummary {
    /// Synapses that are left at the end.
    pub left: u64,
    /// Removed because their rule decided so.
    pub by_rule: u64,
    /// Removed as the weakest, of which a given share was to go.
    pub by_fraction: u64,
    /// Removed because they were weaker than a bound.
    pub by_bound: u64,
    /// Removed because their weights had faded to the threshold of their rule.
    #[serde(default)]
    pub by_threshold: u64,
    /// How often a synapse was made stronger because it stayed.
    pub strengthened: u64,
    /// Digest of the removals, if they are recorded.
    pub digest: Option<String>,
}

impl PruningSummary {
    fn new(pruning: &Pruning, left: u64) -> PruningSummary {
        let by = |cause: Cause| pruning.removed[cause as usize];
        PruningSummary {
            left,
            by_rule: by(Cause::Rule),
            by_fraction: by(Cause::Fraction),
            by_bound: by(Cause::Below),
            by_threshold: by(Cause::Threshold),
            strengthened: pruning.strengthened,
            digest: pruning.removals.as_ref().map(|removals| removals.digest.clone()),
        }
    }

    /// How many synapses were removed.
    pub fn removed(&self) -> u64 {
        self.by_rule + self.by_fraction + self.by_bound + self.by_threshold
    }
}

/// Percentiles as they stand in the file; see [`Percentiles`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Median.
    pub p50: u64,
    /// Nine in ten are at most this.
    pub p90: u64,
    /// Ninety-nine in a hundred are at most this.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

impl From<Percentiles> for Distribution {
    fn from(Percentiles { p50, p90, p99, max }: Percentiles) -> Self {
        Distribution { p50, p90, p99, max }
    }
}

/// One population of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationSummary {
    /// Its name.
    pub name: String,
    /// How many neurons or sources.
    pub size: u32,
    /// All its spikes.
    pub spikes: u64,
    /// Mean rate.
    pub rate_hz: f64,
    /// Mean coefficient of variation of intervals; null where no neuron fired three times.
    pub cv_isi: Option<f64>,
}

impl Summary {
    /// The summary of a run.
    pub fn new(scenario: &Scenario, outcome: &Outcome, effort: Effort) -> Summary {
        let counts = outcome.counts;
        let size = |source: bool| -> u64 {
            let is_source = |model: &Model| !matches!(model, Model::Neuron { .. });
            let those = scenario.populations.iter().filter(|p| is_source(&p.model) == source);
            those.map(|p| u64::from(p.size)).sum()
        };
        let simulated_s = outcome.simulated.s();
        let events = counts.spikes + counts.synaptic_events + counts.external_events;
        let populations = scenario.populations.iter().zip(&outcome.populations);
        Summary {
            title: scenario.title.clone(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            seed: scenario.seed,
            digest: outcome.digest.clone(),
            state_digest: outcome.state_digest.clone(),
            neurons: size(false),
            sources: size(true),
            synapses: effort.synapses,
            pruning: PruningSummary::new(&outcome.pruning, counts.synapses_left),
            spikes: counts.spikes,
            recorded_spikes: outcome.spikes.len() as u64,
            synaptic_events: counts.synaptic_events,
            external_events: counts.external_events,
            simulated_s,
            interrupted: outcome.interrupted,
            wall_s: effort.wall_s,
            real_time_factor: ratio(effort.wall_s.simulate, simulated_s),
            synaptic_events_per_s: ratio(counts.synaptic_events as f64, effort.wall_s.simulate),
            events_per_s: ratio(events as f64, effort.wall_s.simulate),
            bytes_per_synapse: ratio(counts.synapse_bytes as f64, counts.synapses_left as f64),
            peak_rss_bytes: effort.peak_rss_bytes.unwrap_or(0),
            threads: effort.threads,
            shards: effort.shards,
            shortest_delay_ms: effort.shortest_delay_ms,
            longest_delay_ms: effort.longest_delay_ms,
            windows: counts.windows,
            queue_depth: counts.queue_depth.into(),
            fan_out: counts.fan_out.into(),
            populations: populations
                .map(|(population, seen)| PopulationSummary {
                    name: population.name.clone(),
                    size: population.size,
                    spikes: seen.spikes,
                    rate_hz: seen.rate_hz,
                    cv_isi: seen.cv_isi,
                })
                .collect(),
        }
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a summary has only text keys")
    }

    /// Reads `summary.json`.
    ///
    /// # Errors
    /// If the file is not there or damaged.
    pub fn read(path: &Path) -> Result<Summary, OutputError> {
        read_json(path)
    }
}

/// A ratio that is 0 where there is nothing to divide by: JSON has no infinity.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::snapshot::tests::{outcome, scenario};
    use super::*;

    const CONTRACT: [&str; 21] = [
        "title",
        "seed",
        "digest",
        "state_digest",
        "neurons",
        "synapses",
        "pruning",
        "spikes",
        "synaptic_events",
        "external_events",
        "simulated_s",
        "wall_s",
        "real_time_factor",
        "synaptic_events_per_s",
        "bytes_per_synapse",
        "peak_rss_bytes",
        "threads",
        "shards",
        "populations",
        "queue_depth",
        "fan_out",
    ];

    #[test]
    fn every_promised_key_is_there() {
        let effort = Effort {
            wall_s: WallTime { build: 1.0, warmup: 0.5, simulate: 2.0 },
            synapses: 10,
            ..Effort::default()
        };
        let summary = Summary::new(&scenario(), &outcome(), effort);
        let json: serde_json::Value = serde_json::from_str(&summary.to_json()).unwrap();
        for key in CONTRACT {
            assert!(json.get(key).is_some(), "{key} is missing");
        }
        for key in ["build", "warmup", "simulate"] {
            assert!(json["wall_s"].get(key).is_some(), "wall_s.{key} is missing");
        }
        for key in ["name", "size", "spikes", "rate_hz", "cv_isi"] {
            assert!(json["populations"][0].get(key).is_some(), "populations.{key} is missing");
        }
        assert_eq!(json["real_time_factor"], 2.0);
        assert_eq!(json["neurons"], 3);
        assert_eq!(json["sources"], 2);
        assert_eq!(serde_json::from_value::<Summary>(json).unwrap(), summary);
    }

    #[test]
    fn an_empty_run_divides_by_nothing() {
        let text = Summary::new(&scenario(), &Outcome::default(), Effort::default()).to_json();
        assert!(serde_json::from_str::<Summary>(&text).is_ok(), "{text}");
    }
}
