//! The command line: what may be asked, and what an exit code means. Each command has its own
//! file; all of them write through a [`Console`] and end in an [`Exit`] or a [`Failure`].
//!
//! Data goes to standard output, messages and progress to standard error. A reader that closes
//! our output early (`saltatory models | head`) is no error.

mod analyse;
mod bench;
mod check;
mod completions;
mod console;
mod diff;
mod explain;
mod inspect;
mod machine;
mod models;
mod new;
mod plot;
mod progress;
mod resume;
mod run;
mod saving;
mod schema;
mod settings;
mod snapshot;
mod table;
mod wiring;
mod words;

pub use console::{Console, Exit, Failure};

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Event-driven simulator of large, sparsely active spiking neural networks.
#[derive(Debug, Parser)]
#[command(name = "saltatory", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 ok, 1 the run failed, 2 usage or scenario invalid, 3 a comparison differs, \
4 file trouble, 130 interrupted.
A first run: `saltatory new first.toml`, `saltatory run first.toml`, \
`saltatory plot results/first`.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a scenario and write a folder of results
    Run(run::Arguments),
    /// Go on with a run that was saved; threads may differ, the results do not
    Resume(resume::Arguments),
    /// Validate a scenario and tell how large its network will be; writes nothing
    Check(check::Arguments),
    /// Time a scenario on one and two threads, beside a bare loop over its synapses
    Bench(bench::Arguments),
    /// Draw a raster with rates, or recorded traces, as SVG
    Plot(plot::Arguments),
    /// Compare two spike trains: where they part and how their statistics differ
    Diff(diff::Arguments),
    /// Describe a scenario, a folder of results, a checkpoint or a spike file
    Inspect(inspect::Arguments),
    /// Work out modes and covariance of a linear network, and what pruning has kept of them
    Analyse(analyse::Arguments),
    /// Lock a scenario's spike train down and be told when a change moves it
    Snapshot(snapshot::Arguments),
    /// Write a small scenario to start from
    New(new::Arguments),
    /// List the neuron models, or print the manual page of one
    Models(models::Arguments),
    /// Explain the code of a problem, or list all codes
    Explain(explain::Arguments),
    /// Print the JSON schema of scenario files
    Schema,
    /// Print completions for a shell
    Completions(completions::Arguments),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let mut out = anstream::stdout();
    let mut err = anstream::stderr();
    let mut console = Console::new(&mut out, &mut err);
    let exit = with_arguments(std::env::args_os(), &mut console);
    ExitCode::from(exit.code())
}

/// Runs a command given as arguments, the program's name first.
pub fn with_arguments(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    console: &mut Console<'_>,
) -> Exit {
    let done = match Cli::try_parse_from(arguments) {
        Ok(cli) => dispatch(cli.command, console),
        Err(error) => usage(&error, console),
    };
    let exit = match done {
        Ok(exit) => exit,
        Err(failure) => console.fail(failure),
    };
    match console.flush() {
        Ok(()) => exit,
        Err(failure) => console.fail(failure),
    }
}

fn dispatch(command: Command, console: &mut Console<'_>) -> Result<Exit, Failure> {
    match command {
        Command::Run(arguments) => run::run(&arguments, console),
        Command::Resume(arguments) => resume::resume(&arguments, console),
        Command::Check(arguments) => check::check(&arguments, console),
        Command::Bench(arguments) => bench::bench(&arguments, console),
        Command::Plot(arguments) => plot::plot(&arguments, console),
        Command::Diff(arguments) => diff::diff(&arguments, console),
        Command::Inspect(arguments) => inspect::inspect(&arguments, console),
        Command::Analyse(arguments) => analyse::analyse(&arguments, console),
        Command::Snapshot(arguments) => snapshot::snapshot(&arguments, console),
        Command::New(arguments) => new::new(&arguments, console),
        Command::Models(arguments) => models::models(&arguments, console),
        Command::Explain(arguments) => explain::explain(&arguments, console),
        Command::Schema => schema::schema(console),
        Command::Completions(arguments) => completions::completions(&arguments, console),
    }
}

/// Help and version are data; anything else about arguments is a usage error.
fn usage(error: &clap::Error, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        console.say(text.trim_end());
        return Ok(Exit::Invalid);
    }
    console.print(&text)?;
    Ok(Exit::Good)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a command left: its exit, standard output, standard error.
    pub(crate) fn call(arguments: &[&str]) -> (Exit, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = {
            let mut out = anstream::StripStream::new(&mut out);
            let mut err = anstream::StripStream::new(&mut err);
            let mut console = Console::new(&mut out, &mut err);
            let all = std::iter::once("saltatory").chain(arguments.iter().copied());
            with_arguments(all, &mut console)
        };
        (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn the_definition_of_the_commands_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn help_is_data_and_nonsense_is_a_usage_error() {
        let (exit, out, err) = call(&["--help"]);
        assert_eq!((exit, err.as_str()), (Exit::Good, ""));
        assert!(out.contains("Exit codes: 0 ok") && out.contains("snapshot"), "{out}");
        let (exit, out, err) = call(&["snapshat", "x.toml"]);
        assert_eq!((exit, out.as_str()), (Exit::Invalid, ""));
        assert!(err.contains("'snapshot'"), "the nearest command is named: {err}");
        assert_eq!(call(&["run", "x.toml", "--threads", "0"]).0, Exit::Invalid);
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error() {
        struct Gone;
        impl std::io::Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
        let mut err = Vec::new();
        let exit = with_arguments(["saltatory", "models"], &mut Console::new(&mut Gone, &mut err));
        assert_eq!(exit, Exit::Good);
        assert!(err.is_empty());
    }
}
