//! `saltatory run`: simulate and write a folder of results.

use super::console::{Console, Exit, Failure, shell_word};
use super::progress::{self, Meter, Notice};
use super::saving::{Saving, SavingArguments};
use super::settings::{EffortArguments, Task};
use super::table::{facts, table};
use super::wiring::{Checkpoint, Course};
use super::{machine, wiring, words};
use crate::base::Tick;
use crate::output::checkpoint::Head;
use crate::output::manifest::Manifest;
use crate::output::spikes::{self, SpikeColumns};
use crate::output::summary::{Distribution, Effort, Summary, WallTime};
use crate::output::{Layout, OutputError, ResultFolder, pruned, traces, weights};
use crate::record::Outcome;
use crate::scenario::Scenario;
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What `run` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    task: Task,
    #[command(flatten)]
    saving: SavingArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Where results go and what is told: what `run` and `resume` share.
#[derive(Debug, Args)]
pub struct OutputArguments {
    /// Folder for the results [default: results/<name of the scenario file>]
    #[arg(long, value_name = "DIR", env = "SALTATORY_OUT")]
    pub out: Option<PathBuf>,
    /// Write spikes.csv as well: population,neuron,tick,time_ms
    #[arg(long)]
    csv: bool,
    /// Write spikes.dat as well, laid out as NEST's recorder does; senders count from 1
    #[arg(long)]
    nest: bool,
    /// Write no file of spikes; digest, counts and rates are kept
    #[arg(long, conflicts_with_all = ["csv", "nest"])]
    no_spikes: bool,
    /// Print summary.json to standard output instead of the table
    #[arg(long)]
    json: bool,
    /// No progress and no table
    #[arg(long, short)]
    pub quiet: bool,
    /// Replace the results of an earlier run
    #[arg(long)]
    pub force: bool,
}

/// A run that is over, with what it took.
pub struct Finished {
    /// What it left behind.
    pub outcome: Outcome,
    /// How it was computed, and how fast.
    pub effort: Effort,
}

/// Simulates a scenario.
pub fn run(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let Arguments { task, saving, output } = arguments;
    let scenario = task.scenario.load()?;
    let stem = task.scenario.stem();
    let target = target(output, &stem);
    let again = format!("run {}", shell_word(&task.scenario.file));
    let folder = prepare(output, &target, &again)?;
    if let Some(path) = saving.checkpoint.as_deref().filter(|path| path.exists() && !output.force) {
        let place = shell_word(path);
        return Err(Failure::file(format!(
            "{place} exists already; nothing is overwritten.\n  to go on from it: saltatory resume {place}\n  \
             to replace it:   saltatory {again} --checkpoint {place} --force"
        )));
    }
    let head = match saving.checkpoint {
        Some(_) => head(&scenario, stem, task.scenario.folder())?,
        None => Head::default(),
    };
    let saving = Saving::new(saving, head, Tick::ZERO)?;
    let (threads, shards) = task.effort.resolve();
    let effort = Computed { threads, shards, quiet: output.quiet };
    let finished = simulate_along(&scenario, effort, Some(&saving), None)?;
    report((folder, &target), output, &scenario, &finished, saving, console)
}

/// What the checkpoints of a run will say about it.
fn head(scenario: &Scenario, stem: String, folder: PathBuf) -> Result<Head, Failure> {
    let text = wiring::to_toml(scenario);
    let (_, files) = wiring::parse_saved("the effective scenario", &text, &folder)?;
    Ok(Head {
        title: scenario.title.clone(),
        stem,
        duration_ticks: scenario.duration.0,
        folder,
        files,
        scenario: text,
        ..Head::default()
    })
}

/// Writes the results of a run and tells of them, and of what was saved.
pub fn report(
    (folder, target): (ResultFolder, &Path),
    arguments: &OutputArguments,
    scenario: &Scenario,
    finished: &Finished,
    saving: Saving,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let Finished { outcome, effort } = finished;
    let summary = Summary::new(scenario, outcome, *effort);
    write(folder, arguments, scenario, outcome, &summary)?;
    if arguments.json {
        console.print_json(&summary)?;
    } else if !arguments.quiet {
        console.print(&describe(&summary))?;
        let hint = if arguments.no_spikes { "inspect" } else { "plot" };
        let place = shell_word(target);
        console.print(&format!("\nresults in {place}; next: saltatory {hint} {place}\n"))?;
    }
    if outcome.interrupted {
        let until = summary.simulated_s;
        console.say(&format!("interrupted: the results hold the first {until} s"));
        if let Some((path, at)) = saving.saved() {
            let [file, place] = [path, target].map(shell_word);
            console.say(&format!(
                "saved at {} s; to go on: saltatory resume {file} --out {place} --force",
                at.s()
            ));
        }
    }
    if let Some(trouble) = saving.trouble() {
        return Err(Failure::file(format!("the run could not be saved: {trouble}")));
    }
    Ok(if outcome.interrupted { Exit::Interrupted } else { Exit::Good })
}

/// The folder for results.
pub fn target(arguments: &OutputArguments, stem: &str) -> PathBuf {
    arguments.out.clone().unwrap_or_else(|| Path::new("results").join(stem))
}

/// Prepares it; `again` is the command, without what concerns the folder.
pub fn prepare(
    arguments: &OutputArguments,
    target: &Path,
    again: &str,
) -> Result<ResultFolder, Failure> {
    ResultFolder::prepare(target, arguments.force)
        .map_err(|error| with_advice(error, again, target))
}

/// A folder that holds results is no dead end: the message names the commands that go on.
fn with_advice(error: OutputError, again: &str, target: &Path) -> Failure {
    if !matches!(error, OutputError::Exists { .. }) || target.is_file() {
        return Failure::from(error);
    }
    let place = shell_word(target);
    Failure::file(format!(
        "{error}; nothing is overwritten.\n  to replace it: saltatory {again} --out {place} \
         --force\n  to keep it:    saltatory {again} --out {place}-2"
    ))
}

/// How a run is computed, and whether it tells how far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Computed {
    /// Worker threads.
    pub threads: u32,
    /// Pieces into which the network is cut.
    pub shards: u32,
    /// No progress.
    pub quiet: bool,
}

/// Builds the network and runs it.
pub fn simulate(
    scenario: &Scenario,
    effort: &EffortArguments,
    quiet: bool,
) -> Result<Finished, Failure> {
    let (threads, shards) = effort.resolve();
    simulate_along(scenario, Computed { threads, shards, quiet }, None, None)
}

/// The same, perhaps from where an earlier run was saved, and saved itself.
pub fn simulate_along(
    scenario: &Scenario,
    Computed { threads, shards, quiet }: Computed,
    saving: Option<&Saving>,
    from: Option<&Checkpoint>,
) -> Result<Finished, Failure> {
    progress::listen_for_interrupt();
    let building = Instant::now();
    let notice = Notice::new(&announcement(scenario, shards), quiet);
    let network = wiring::build(scenario, shards, threads, machine::available_memory())?;
    drop(notice);
    let build = building.elapsed().as_secs_f64();
    let synapses = network.synapses;
    let [shortest_delay_ms, longest_delay_ms] =
        [network.shortest_delay, network.longest_delay].map(|delay| delay.map(|span| span.ms()));
    let meter = Meter::new(scenario.duration, quiet);
    let observer = |progress| {
        let wish = meter.observe(progress);
        saving.map_or(wish, |saving| saving.observe(progress))
    };
    let saver = |run| saving.into_iter().for_each(|saving| saving.save(&run));
    let course = Course { from, observer: &observer, saver: &saver };
    let outcome = wiring::run_along(scenario, network, threads, course);
    let whole = meter.finish();
    let warmup = meter.set_up_s();
    let wall_s = WallTime { build, warmup, simulate: whole - warmup };
    let effort = Effort {
        wall_s,
        threads,
        shards,
        synapses,
        shortest_delay_ms,
        longest_delay_ms,
        peak_rss_bytes: machine::peak_memory(),
    };
    Ok(Finished { outcome: outcome?, effort })
}

/// What is going to be built. A network that cannot be is refused in a moment, with all reasons.
fn announcement(scenario: &Scenario, shards: u32) -> String {
    let Ok(estimate) = wiring::estimate(scenario, shards) else { return String::new() };
    let [synapses, neurons] = [estimate.synapses, estimate.neurons].map(words::count);
    format!("building {neurons} neurons and {synapses} synapses")
}

/// Writes all files; the folder appears when the last one is there.
fn write(
    mut folder: ResultFolder,
    arguments: &OutputArguments,
    scenario: &Scenario,
    outcome: &Outcome,
    summary: &Summary,
) -> Result<(), Failure> {
    let layout = Layout::of(scenario);
    let recorded = layout.recorded(&scenario.record.spikes);
    let columns = SpikeColumns {
        layout: &layout,
        recorded: &recorded,
        spikes: &outcome.spikes,
        simulated_s: outcome.simulated.s(),
    };
    let text = wiring::to_toml(scenario);
    folder.file("scenario.toml", |file| file.write_all(text.as_bytes()))?;
    if !arguments.no_spikes {
        folder.file("spikes.npz", |file| spikes::write_npz(file, columns))?;
    }
    if arguments.csv {
        folder.file("spikes.csv", |file| spikes::write_csv(file, columns))?;
    }
    if arguments.nest {
        folder.file("spikes.dat", |file| spikes::write_nest(file, columns))?;
    }
    if !outcome.traces.is_empty() {
        folder.file("traces.npz", |file| traces::write_npz(file, &layout, &outcome.traces))?;
    }
    if let Some(all) = &outcome.weights {
        folder.file("weights.npz", |file| weights::write_npz(file, all))?;
    }
    if let Some(removals) = &outcome.pruning.removals {
        let (synapses, simulated_s) = (summary.synapses, summary.simulated_s);
        folder
            .file("pruned.npz", |file| pruned::write_npz(file, removals, synapses, simulated_s))?;
    }
    folder.file("summary.json", |file| writeln!(file, "{}", summary.to_json()))?;
    let effort = (summary.threads, summary.shards);
    let mut manifest = Manifest::new(scenario, &text, outcome, &recorded, effort);
    manifest.files = folder.names().to_vec();
    let json = serde_json::to_string_pretty(&manifest).map_err(Failure::run)?;
    folder.file("manifest.json", |file| writeln!(file, "{json}"))?;
    Ok(folder.commit()?)
}

/// The table that people read after a run.
pub fn describe(summary: &Summary) -> String {
    let mut text = format!("{}\n\n", summary.title);
    let rate = |rate: f64| format!("{rate:.3}");
    let cv = |cv: Option<f64>| cv.map_or("-".to_string(), |cv| format!("{cv:.3}"));
    let heading = ["population", "size", "spikes", "rate (Hz)", "CV of intervals"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(summary.populations.iter().map(|p| {
        let size = words::count(u64::from(p.size));
        vec![p.name.clone(), size, words::count(p.spikes), rate(p.rate_hz), cv(p.cv_isi)]
    }));
    text.push_str(&table(&rows));
    text.push('\n');
    text.push_str(&facts(&network_facts(summary)));
    text.push('\n');
    text.push_str(&facts(&speed_facts(summary)));
    text
}

fn network_facts(summary: &Summary) -> Vec<(&'static str, String)> {
    let count = words::count;
    let percentiles = |d: Distribution| {
        format!(
            "median {}, 90 % {}, 99 % {}, most {}",
            count(d.p50),
            count(d.p90),
            count(d.p99),
            count(d.max)
        )
    };
    let sources = match summary.sources {
        0 => String::new(),
        some => format!(" and {} sources", count(some)),
    };
    let mut rows = vec![
        ("neurons", format!("{}{sources}", count(summary.neurons))),
        ("synapses", count(summary.synapses)),
        ("spikes", count(summary.spikes)),
        ("events", {
            let (synaptic, external) = (summary.synaptic_events, summary.external_events);
            format!("{} synaptic, {} external", count(synaptic), count(external))
        }),
        ("fan-out of a spike", percentiles(summary.fan_out)),
        ("spikes in flight", percentiles(summary.queue_depth)),
    ];
    if let (Some(low), Some(high)) = (summary.shortest_delay_ms, summary.longest_delay_ms) {
        rows.insert(2, ("delays", format!("{low} to {high} ms")));
    }
    let pruning = &summary.pruning;
    if pruning.removed() > 0 {
        let by = [
            (pruning.by_rule, "by their rule"),
            (pruning.by_fraction, "as the weakest"),
            (pruning.by_bound, "below a bound"),
            (pruning.by_threshold, "faded to a threshold"),
        ];
        let some = by.iter().filter(|(number, _)| *number > 0);
        let causes: Vec<String> =
            some.map(|(number, why)| format!("{} {why}", count(*number))).collect();
        let text = format!("{} left; removed: {}", count(pruning.left), causes.join(", "));
        rows.push(("pruned synapses", text));
    }
    rows.push(("digest", summary.digest.clone()));
    rows
}

fn speed_facts(summary: &Summary) -> Vec<(&'static str, String)> {
    let wall = summary.wall_s;
    let memory = match summary.peak_rss_bytes {
        0 => "unknown".to_string(),
        some => format!(
            "{} at most, {:.1} bytes per synapse",
            words::bytes(some),
            summary.bytes_per_synapse
        ),
    };
    let plural = |number: u32, one, many| {
        format!("{number} {}", words::plural(u64::from(number), one, many))
    };
    vec![
        ("simulated", format!("{} s", summary.simulated_s)),
        ("wall time", {
            let [build, warmup, simulate] =
                [wall.build, wall.warmup, wall.simulate].map(words::seconds);
            format!("build {build}, warm-up {warmup}, simulate {simulate}")
        }),
        (
            "real-time factor",
            format!("{:.3} (below 1: faster than nature)", { summary.real_time_factor }),
        ),
        ("speed", {
            let [synaptic, all] =
                [summary.synaptic_events_per_s, summary.events_per_s].map(words::per_second);
            format!("{synaptic} synaptic events, {all} events in all")
        }),
        ("memory", memory),
        ("computed by", {
            let threads = plural(summary.threads, "thread", "threads");
            format!("{threads}, {}", plural(summary.shards, "shard", "shards"))
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::snapshot::tests::{outcome, scenario};
    use clap::Parser;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn arguments(list: &[&str]) -> OutputArguments {
        Alone::parse_from(std::iter::once("run").chain(list.iter().copied())).arguments.output
    }

    #[test]
    fn results_have_every_file_and_read_back() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("results/two");
        let given = arguments(&["two.toml", "--csv", "--nest"]);
        let summary = Summary::new(&scenario(), &outcome(), Effort::default());
        let folder = ResultFolder::prepare(&target, false).unwrap();
        write(folder, &given, &scenario(), &outcome(), &summary).unwrap();
        for file in ["spikes.npz", "spikes.csv", "spikes.dat"] {
            let read = crate::output::read_spikes(&target.join(file)).unwrap();
            assert_eq!(read.spikes, outcome().spikes, "{file}");
            assert_eq!(read.layout, Layout::of(&scenario()), "{file}");
            assert_eq!(read.end.ms(), 1000.0, "{file}");
        }
        let manifest = Manifest::read(&target.join("manifest.json")).unwrap();
        assert_eq!(manifest.populations[1].first, 3);
        assert!(manifest.populations[1].source && !manifest.populations[0].source);
        assert_eq!(Summary::read(&target.join("summary.json")).unwrap(), summary);
    }

    #[test]
    fn earlier_results_are_refused_with_the_command_that_goes_on() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("summary.json"), "{}").unwrap();
        let error = ResultFolder::prepare(home.path(), false).err().unwrap();
        let Failure::Message(exit, text) = with_advice(error, "run 'my net.toml'", home.path())
        else {
            panic!("the failure has a message")
        };
        assert_eq!(exit, Exit::File);
        assert!(text.contains("saltatory run 'my net.toml' --out"), "{text}");
        assert!(text.contains("--force"), "{text}");
    }

    #[test]
    fn the_default_folder_is_named_after_the_scenario() {
        let target = |list| target(&arguments(list), "brunel");
        assert_eq!(target(&["nets/brunel.toml"]), Path::new("results/brunel"));
        assert_eq!(target(&["nets/brunel.toml", "--out", "x"]), Path::new("x"));
    }

    #[test]
    fn the_table_tells_what_people_ask_for() {
        let text = describe(&Summary::new(&scenario(), &outcome(), Effort::default()));
        for word in ["exc", "rate (Hz)", "CV", "digest", "real-time factor", "in flight"] {
            assert!(text.contains(word), "{word} is missing in:\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
