//! `saltatory resume`: go on with a run that was saved.

use super::console::{Console, Exit, Failure, shell_word};
use super::run::{self, Computed, OutputArguments};
use super::saving::{Saving, SavingArguments};
use super::wiring::Checkpoint;
use super::{machine, wiring};
use crate::output::checkpoint;
use clap::Args;
use std::path::PathBuf;

/// What `resume` may be told. Scenario, seed and shards are those of the run that was saved.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The checkpoint that `saltatory run --checkpoint FILE` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Worker threads; they change no result [default: all cores]
    #[arg(long, value_name = "N", env = "SALTATORY_THREADS",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
    /// Folder with the files that the scenario names [default: where they were]
    #[arg(long, value_name = "DIR")]
    files: Option<PathBuf>,
    #[command(flatten)]
    saving: SavingArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Goes on with a run. What it leaves is what the whole run would have left.
pub fn resume(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let Arguments { file, output, .. } = arguments;
    let (head, state) = checkpoint::read(file)?;
    let name = shell_word(file);
    let run = Checkpoint::from_bytes(&state).map_err(|misfit| {
        Failure::file(format!("{name}: {misfit}; it was written by another build of the program"))
    })?;
    drop(state);
    let folder = arguments.files.as_deref().unwrap_or(&head.folder);
    let title = format!("the scenario in {name}");
    let (scenario, files) = wiring::parse_saved(&title, &head.scenario, folder)?;
    let changed: Vec<&str> = head
        .files
        .iter()
        .filter(|&(file, digest)| files.get(file) != Some(digest))
        .map(|(file, _)| file.as_str())
        .collect();
    if !changed.is_empty() {
        return Err(Failure::invalid(format!(
            "{} in {} changed since the run was saved; it can go on with the files as they were \
             (--files DIR names another folder)",
            changed.join(", "),
            shell_word(folder)
        )));
    }
    let target = run::target(output, &head.stem);
    let results = run::prepare(output, &target, &format!("resume {name}"))?;
    let saving = Saving::new(&saving(arguments), head.clone(), run.simulated())?;
    let threads = arguments.threads.unwrap_or_else(machine::cores);
    let effort = Computed { threads, shards: head.shards, quiet: output.quiet };
    let finished = run::simulate_along(&scenario, effort, Some(&saving), Some(&run))?;
    run::report((results, &target), output, &scenario, &finished, saving, console)
}

/// It is saved to the file from which it came, unless another is named.
fn saving(arguments: &Arguments) -> SavingArguments {
    let checkpoint = arguments.saving.checkpoint.clone();
    let checkpoint = checkpoint.or_else(|| Some(arguments.file.clone()));
    SavingArguments { checkpoint, ..arguments.saving.clone() }
}
