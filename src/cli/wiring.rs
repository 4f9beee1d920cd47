//! The one place where the command line meets the parser, the builder and the engine.

use super::console::Failure;
use crate::base::digest::Digest;
use crate::engine;
use crate::network::{self, BuildError, Network};
use crate::record::Outcome;
use crate::scenario::{self, FilesIn, Override, ReadFile, Scenario, Source};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::Options;
pub use crate::engine::{Checkpoint, Control, Course, Progress};
pub use crate::network::Estimate;

/// Reads a scenario; files that it names lie beside `path`.
pub fn parse(
    name: &str,
    text: &str,
    path: &Path,
    overrides: &[String],
) -> Result<Scenario, Failure> {
    let overrides: Vec<Override> = overrides.iter().map(|text| text.as_str().into()).collect();
    scenario::parse(&Source::new(name, text), &FilesIn::beside(path), &overrides)
        // Colour is taken away again by the stream where it is not wanted.
        .map_err(|problems| Failure::invalid(problems.render(true)))
}

/// Reads a scenario that a checkpoint holds; files that it names lie in `folder`. With it the digest of
/// each of these.
pub fn parse_saved(
    name: &str,
    text: &str,
    folder: &Path,
) -> Result<(Scenario, BTreeMap<String, String>), Failure> {
    let digests = RefCell::new(BTreeMap::new());
    let files = FilesIn::folder(folder);
    let read = |name: &str| {
        let bytes = files.read(name)?;
        let mut digest = Digest::new();
        digest.bytes(&bytes);
        digests.borrow_mut().insert(name.to_string(), digest.finish());
        Ok(bytes)
    };
    let scenario = scenario::parse(&Source::new(name, text), &read, &[])
        .map_err(|problems| Failure::invalid(problems.render(true)))?;
    Ok((scenario, digests.into_inner()))
}

/// The effective scenario as text.
pub fn to_toml(scenario: &Scenario) -> String {
    scenario::to_toml(scenario)
}

/// What a code means.
pub fn explain(code: &str) -> Option<String> {
    scenario::explain(code).map(str::to_string)
}

/// All codes.
pub fn codes() -> Vec<String> {
    scenario::codes().map(|code| code.to_string()).collect()
}

/// The JSON schema of scenario files.
pub fn schema() -> serde_json::Value {
    scenario::schema()
}

/// A scenario to start from.
pub fn starter() -> String {
    scenario::starter().to_string()
}

/// Checks what can be checked without drawing, and tells how large the network will be.
pub fn estimate(scenario: &Scenario, shards: u32) -> Result<Estimate, Failure> {
    let problems = network::check(scenario, shards);
    if !problems.is_empty() {
        return Err(Failure::invalid(BuildError { problems }));
    }
    Ok(network::estimate(scenario, shards))
}

/// Builds the network; `limit` is the memory it may take.
pub fn build(
    scenario: &Scenario,
    shards: u32,
    threads: u32,
    limit: Option<u64>,
) -> Result<Network, Failure> {
    network::build(scenario, shards, threads as usize, limit).map_err(Failure::invalid)
}

/// Simulates the network, perhaps from where it was saved, and uses it up.
pub fn run_along(
    scenario: &Scenario,
    network: Network,
    threads: u32,
    course: Course<'_>,
) -> Result<Outcome, Failure> {
    engine::run_along(scenario, network, Options::threads(threads as usize), course)
        .map_err(Failure::run)
}
