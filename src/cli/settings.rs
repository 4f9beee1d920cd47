//! The flags that several commands share, and who wins: flag, then `--set`, then environment,
//! then file, then default.

use super::console::Failure;
use super::{machine, wiring};
use crate::scenario::Scenario;
use clap::Args;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Which scenario, and what is changed in it.
#[derive(Clone, Debug, Args)]
pub struct ScenarioArguments {
    /// Scenario file (TOML), or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Seed of every random number [env: SALTATORY_SEED]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Simulated time, such as "2 s" [env: SALTATORY_DURATION]
    #[arg(long, value_name = "TIME")]
    pub duration: Option<String>,
    /// Change one value: population.exc.params.tau_m="10 ms"; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

/// Every shard looks at what every other one sent, so their number counts twice.
const MOST_SHARDS: i64 = 1024;

/// A scenario and how it is computed: what every command that needs a network is told.
#[derive(Clone, Debug, Args)]
pub struct Task {
    #[command(flatten)]
    pub scenario: ScenarioArguments,
    #[command(flatten)]
    pub effort: EffortArguments,
}

/// How it is computed. Nothing in here changes a result.
#[derive(Clone, Debug, Args)]
pub struct EffortArguments {
    /// Worker threads [default: all cores]
    #[arg(long, value_name = "N", env = "SALTATORY_THREADS",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub threads: Option<u32>,
    /// Pieces into which the network is cut [default: as many as threads]
    #[arg(long, value_name = "N", env = "SALTATORY_SHARDS",
          value_parser = clap::value_parser!(u32).range(1..=MOST_SHARDS))]
    pub shards: Option<u32>,
}

impl EffortArguments {
    /// Threads and shards.
    pub fn resolve(&self) -> (u32, u32) {
        let threads = self.threads.unwrap_or_else(machine::cores);
        (threads, self.shards.unwrap_or(threads))
    }
}

impl ScenarioArguments {
    /// A scenario as it stands in its file.
    pub fn plain(file: &Path) -> ScenarioArguments {
        ScenarioArguments { file: file.to_path_buf(), seed: None, duration: None, set: Vec::new() }
    }

    /// What is changed, the strongest last; `environment` gives the value of a variable.
    fn overrides(&self, environment: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let quoted = |text: &str| format!("duration={}", serde_json::Value::from(text));
        let mut list = Vec::new();
        list.extend(environment("SALTATORY_SEED").map(|seed| format!("seed={seed}")));
        list.extend(environment("SALTATORY_DURATION").map(|text| quoted(&text)));
        list.extend(self.set.iter().cloned());
        list.extend(self.seed.map(|seed| format!("seed={seed}")));
        list.extend(self.duration.as_deref().map(quoted));
        list
    }

    /// The stem of the file's name, for names of results.
    pub fn stem(&self) -> String {
        if self.is_standard_input() {
            return "stdin".to_string();
        }
        let stem = self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        stem.unwrap_or_else(|| "scenario".to_string())
    }

    /// The folder in which files that the scenario names are looked for.
    pub fn folder(&self) -> PathBuf {
        let folder = self.file.parent().unwrap_or(Path::new("")).join("");
        std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder })
            .unwrap_or(folder)
    }

    fn is_standard_input(&self) -> bool {
        self.file == Path::new("-")
    }

    /// Reads the scenario.
    ///
    /// # Errors
    /// If the file cannot be read, or if the scenario is not valid: all problems at once.
    pub fn load(&self) -> Result<Scenario, Failure> {
        let mut text = String::new();
        let name = if self.is_standard_input() {
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| Failure::file(format!("cannot read standard input: {error}")))?;
            "standard input".to_string()
        } else {
            let name = self.file.display().to_string();
            text = std::fs::read_to_string(&self.file)
                .map_err(|error| Failure::file(format!("cannot read {name}: {error}")))?;
            name
        };
        // TOML has no place for it; without this, each line of a binary file would be a problem.
        if let Some(place) = text.bytes().position(|byte| byte == 0) {
            let found = format!("there is a zero byte after {place} others");
            return Err(Failure::file(format!("cannot read {name}: it is not text, {found}")));
        }
        let environment = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        wiring::parse(&name, &text, &self.file, &self.overrides(environment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_set_over_environment() {
        let arguments = ScenarioArguments {
            seed: Some(3),
            duration: Some("2 s".to_string()),
            set: vec!["seed=2".to_string()],
            ..ScenarioArguments::plain(Path::new("a/brunel.toml"))
        };
        let environment = |name: &str| (name == "SALTATORY_SEED").then(|| "1".to_string());
        let list = arguments.overrides(environment);
        // The last one wins.
        assert_eq!(list, ["seed=1", "seed=2", "seed=3", "duration=\"2 s\""]);
        assert_eq!(arguments.stem(), "brunel");
    }

    #[test]
    fn shards_follow_threads() {
        let given = EffortArguments { threads: Some(3), shards: None };
        assert_eq!(given.resolve(), (3, 3));
        let both = EffortArguments { threads: Some(3), shards: Some(8) };
        assert_eq!(both.resolve(), (3, 8));
    }
}
