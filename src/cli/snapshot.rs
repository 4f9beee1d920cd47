//! `saltatory snapshot`: lock a spike train down, and be told when a change moves it.

use super::console::{Console, Exit, Failure, shell_word};
use super::progress::interrupted;
use super::run::simulate;
use super::settings::{EffortArguments, ScenarioArguments};
use crate::output::snapshot::difference;
use crate::output::{snapshot_text, write_file};
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `snapshot` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run each scenario and write NAME.snap beside it; shows and replaces what was there
    Accept(Scenarios),
    /// Run each scenario and compare with NAME.snap beside it; exit code 3 if one differs
    Check(Scenarios),
}

#[derive(Debug, Args)]
struct Scenarios {
    /// Scenario files
    #[arg(required = true, value_name = "SCENARIO")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    effort: EffortArguments,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

/// Accepts or checks snapshots.
pub fn snapshot(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let (scenarios, accept) = match &arguments.action {
        Action::Accept(scenarios) => (scenarios, true),
        Action::Check(scenarios) => (scenarios, false),
    };
    let mut exit = Exit::Good;
    for file in &scenarios.files {
        let now = now(file, scenarios)?;
        let path = file.with_extension("snap");
        let done = if accept {
            accept_one(&path, &now, console)?
        } else {
            check_one(file, &path, &now, console)?
        };
        if done != Exit::Good {
            exit = done;
        }
    }
    Ok(exit)
}

/// The snapshot that the scenario gives today. An interrupted run gives none.
fn now(file: &Path, scenarios: &Scenarios) -> Result<String, Failure> {
    let scenario = ScenarioArguments::plain(file).load()?;
    let finished = simulate(&scenario, &scenarios.effort, scenarios.quiet)?;
    if interrupted() || finished.outcome.interrupted {
        let message = "interrupted; no snapshot was written or compared".to_string();
        return Err(Failure::Message(Exit::Interrupted, message));
    }
    Ok(snapshot_text(&scenario, &finished.outcome))
}

fn accept_one(path: &Path, now: &str, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let place = shell_word(path);
    let before = std::fs::read_to_string(path).ok();
    match before.as_deref().map(|before| difference(before, now)) {
        Some(None) => {
            console.print(&format!("{place}: unchanged\n"))?;
            return Ok(Exit::Good);
        }
        Some(Some(changes)) => console.print(&format!("{place}: replaced\n{changes}"))?,
        None => console.print(&format!("{place}: written\n"))?,
    }
    // To accept is to agree to the replacement that was just shown.
    write_file(path, true, |writer| writer.write_all(now.as_bytes()))?;
    Ok(Exit::Good)
}

fn check_one(
    file: &Path,
    path: &Path,
    now: &str,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let (place, command) = (shell_word(path), shell_word(file));
    let before = std::fs::read_to_string(path).map_err(|error| {
        Failure::file(format!(
            "cannot read {place}: {error}; `saltatory snapshot accept {command}` writes it"
        ))
    })?;
    match difference(&before, now) {
        None => {
            console.print(&format!("{place}: unchanged\n"))?;
            Ok(Exit::Good)
        }
        Some(changes) => {
            console.print(&format!("{place}: differs (- accepted, + now)\n{changes}"))?;
            console.say(&format!("if that is meant: saltatory snapshot accept {command}"));
            Ok(Exit::Different)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_console(
        action: impl FnOnce(&mut Console<'_>) -> Result<Exit, Failure>,
    ) -> (Result<Exit, Failure>, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let done = action(&mut Console::new(&mut out, &mut err));
        (done, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_snapshot_is_written_checked_and_found_to_differ() {
        let home = tempfile::tempdir().unwrap();
        let (file, path) = (home.path().join("a.toml"), home.path().join("a.snap"));
        let (done, _) = with_console(|console| check_one(&file, &path, "one\n", console));
        assert!(matches!(done, Err(Failure::Message(Exit::File, text)) if text.contains("accept")));
        let (done, out) = with_console(|console| accept_one(&path, "one\n", console));
        assert!(matches!(done, Ok(Exit::Good)) && out.contains("written"));
        let (done, _) = with_console(|console| check_one(&file, &path, "one\n", console));
        assert!(matches!(done, Ok(Exit::Good)));
        let (done, out) = with_console(|console| check_one(&file, &path, "two\n", console));
        assert!(matches!(done, Ok(Exit::Different)));
        assert!(out.contains("- one\n+ two\n"), "{out}");
        let (_, out) = with_console(|console| accept_one(&path, "two\n", console));
        assert!(out.contains("replaced\n- one\n+ two\n"), "{out}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two\n");
    }
}
