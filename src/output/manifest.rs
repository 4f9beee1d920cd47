//! `manifest.json`: what was run and what came of it, without anything that depends on the
//! machine. The effective scenario is in it as text, so a folder of results can be run again.

use super::{Layout, OutputError};
use crate::record::Outcome;
use crate::scenario::{Model, Scenario};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The layout of the folder; raised when a reader of the old one could misunderstand the new.
pub const FORMAT: u32 = 1;

/// The contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// See [`FORMAT`].
    pub format: u32,
    /// Always `saltatory`.
    pub program: String,
    /// The version of the program.
    pub version: String,
    /// The scenario's title.
    pub title: String,
    /// The seed of every random number.
    pub seed: u64,
    /// Worker threads; they change no result.
    pub threads: u32,
    /// Shards; they change no result.
    pub shards: u32,
    /// Nanoseconds between two grid points.
    pub resolution_ticks: u64,
    /// Nanoseconds that the scenario asked for.
    pub duration_ticks: u64,
    /// Nanoseconds that were simulated.
    pub simulated_ticks: u64,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
    /// Digest of all spikes.
    pub digest: String,
    /// Digest of the state of all neurons at the end.
    pub state_digest: String,
    /// Who is who.
    pub populations: Vec<ManifestPopulation>,
    /// The files of the folder.
    pub files: Vec<String>,
    /// The effective scenario, as in `scenario.toml`.
    pub scenario: String,
}

/// One population of a [`Manifest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManifestPopulation {
    /// Its name.
    pub name: String,
    /// Its model.
    pub model: String,
    /// The number of its first neuron, over the whole network.
    pub first: u32,
    /// How many neurons or sources.
    pub size: u32,
    /// Whether they are sources, which only send.
    pub source: bool,
    /// How many of them had their spikes recorded.
    pub recorded: u32,
}

/// The model's name as a scenario file writes it.
pub fn model_name(model: &Model) -> &'static str {
    match model {
        Model::Neuron { descriptor, .. } => descriptor.name,
        Model::Poisson { .. } => "poisson",
        Model::CorrelatedPoisson { .. } => "correlated_poisson",
        Model::SpikeSource { .. } => "spike_source",
    }
}

impl Manifest {
    /// The manifest of a run; `text` is the effective scenario, `recorded` the sorted numbers of
    /// the recorded neurons.
    pub fn new(
        scenario: &Scenario,
        text: &str,
        outcome: &Outcome,
        recorded: &[u32],
        (threads, shards): (u32, u32),
    ) -> Manifest {
        let layout = Layout::of(scenario);
        let below = |number: u32| recorded.partition_point(|&r| r < number) as u32;
        let populations = scenario.populations.iter().enumerate().map(|(index, population)| {
            let range = layout.range(index);
            ManifestPopulation {
                name: population.name.clone(),
                model: model_name(&population.model).to_string(),
                first: range.start,
                size: population.size,
                source: !matches!(population.model, Model::Neuron { .. }),
                recorded: below(range.end) - below(range.start),
            }
        });
        Manifest {
            format: FORMAT,
            program: "saltatory".to_string(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            title: scenario.title.clone(),
            seed: scenario.seed,
            threads,
            shards,
            resolution_ticks: scenario.resolution.span().0,
            duration_ticks: scenario.duration.0,
            simulated_ticks: outcome.simulated.0,
            interrupted: outcome.interrupted,
            digest: outcome.digest.clone(),
            state_digest: outcome.state_digest.clone(),
            populations: populations.collect(),
            files: Vec::new(),
            scenario: text.to_string(),
        }
    }

    /// Who is who; `None` if the sizes overflow, which only a damaged file makes them do.
    pub fn layout(&self) -> Option<Layout> {
        Layout::new(self.populations.iter().map(|p| (p.name.clone(), p.size)))
    }

    /// Reads `manifest.json`.
    ///
    /// # Errors
    /// If the file is not there, damaged, or of a newer format than this program knows.
    pub fn read(path: &Path) -> Result<Manifest, OutputError> {
        let manifest: Manifest = read_json(path)?;
        if manifest.format > FORMAT {
            let what = format!(
                "is of format {}, this program knows formats up to {FORMAT}; use a newer version",
                manifest.format
            );
            return Err(OutputError::malformed(path, what));
        }
        Ok(manifest)
    }
}

/// Reads a JSON file.
///
/// # Errors
/// If the file is not there or is not what it should be.
pub fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, OutputError> {
    let text = std::fs::read_to_string(path).map_err(OutputError::io("read", path))?;
    serde_json::from_str(&text)
        .map_err(|error| OutputError::malformed(path, format!("not a whole JSON file ({error})")))
}
