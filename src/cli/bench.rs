//! `saltatory bench`: how fast a scenario runs, measured so that it can be compared.

use super::console::{Console, Exit, Failure, shell_word};
use super::settings::ScenarioArguments;
use super::table::{facts, markdown, tables};
use super::{machine, words};
use crate::bench::measure::MeasureError;
use crate::bench::{Contest, Measured, Request, Spread, measure, sweep};
use crate::output::plot::curves;
use crate::output::write_file;
use clap::Args;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Tables on a terminal are no wider than this, as far as that can be.
const WIDTH: usize = 100;

/// What `bench` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenario file (TOML), or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "sweep", conflicts_with = "sweep")]
    file: Option<PathBuf>,
    /// Seed of every random number [env: SALTATORY_SEED]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Simulated time, such as "2 s" [env: SALTATORY_DURATION]
    #[arg(long, value_name = "TIME", conflicts_with = "sweep")]
    duration: Option<String>,
    /// Change one value: population.exc.params.tau_m="10 ms"; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", conflicts_with = "sweep")]
    set: Vec<String>,
    /// Numbers of worker threads to compare
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', default_value = "1,2",
          value_parser = clap::value_parser!(u32).range(1..=1024), conflicts_with = "sweep")]
    threads: Vec<u32>,
    /// Pieces into which the network is cut [default: as many as threads]
    #[arg(long, value_name = "N", env = "SALTATORY_SHARDS", conflicts_with = "sweep",
          value_parser = clap::value_parser!(u32).range(1..=65536))]
    shards: Option<u32>,
    /// Timed runs for each number of threads, after one to warm up
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeats: u32,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
    /// Write the table as Markdown to a file as well
    #[arg(long, value_name = "FILE")]
    export_markdown: Option<PathBuf>,
    /// Instead of a scenario: events against grid from rare to dense input, drawn into this SVG file
    #[arg(long, value_name = "SVG")]
    sweep: Option<PathBuf>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

/// Measures a scenario, or the crossover of events and grid.
pub fn bench(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    if cfg!(debug_assertions) {
        let what = match (&arguments.file, &arguments.sweep) {
            (Some(file), _) => shell_word(file),
            (None, Some(svg)) => format!("--sweep {}", shell_word(svg)),
            (None, None) => "FILE".to_string(),
        };
        return Err(Failure::invalid(format!(
            "this is a debug build, whose times mean nothing; type: cargo run --release -- bench {what}"
        )));
    }
    match &arguments.sweep {
        Some(svg) => compare_with_grid(arguments, svg, console),
        None => time_scenario(arguments, console),
    }
}

fn time_scenario(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let given = ScenarioArguments {
        file: arguments.file.clone().unwrap_or_default(),
        seed: arguments.seed,
        duration: arguments.duration.clone(),
        set: arguments.set.clone(),
    };
    let scenario = given.load()?;
    let available = machine::available_memory();
    let (threads, shards) = (arguments.threads.clone(), arguments.shards);
    let request = Request { threads, shards, repeats: arguments.repeats, available };
    let mut measured =
        measure(&scenario, &request, &machine::peak_memory, &mut |what| progress(console, what))
            .map_err(failure)?;
    if measured.title.is_empty() {
        measured.title = given.stem();
    }
    finish(arguments, &measured, &describe(&measured), &export(&measured), console)?;
    verdict(&measured)
}

/// All runs of a scenario must be the same run.
fn verdict(measured: &Measured) -> Result<Exit, Failure> {
    if measured.digests_agree {
        return Ok(Exit::Good);
    }
    let of = |contest: &Contest| {
        let mut different = contest.digests.clone();
        different.sort_unstable();
        different.dedup();
        format!("\n  {} threads: {}", contest.threads, different.join(", "))
    };
    let all: String = measured.contests.iter().map(of).collect();
    let message = format!("the runs differ, which is a defect of the program; digests:{all}");
    Err(Failure::Message(Exit::Different, message))
}

fn compare_with_grid(
    arguments: &Arguments,
    svg: &std::path::Path,
    console: &mut Console<'_>,
) -> Result<Exit, Failure> {
    let refuse = !arguments.force && svg.exists();
    if refuse {
        let place = shell_word(svg);
        return Err(Failure::file(format!("{place} exists already; add --force to replace it")));
    }
    let seed = arguments.seed.unwrap_or(1);
    let swept = sweep::sweep(seed, arguments.repeats, &mut |what| progress(console, what))
        .map_err(failure)?;
    let rows = sweep_rows(&swept);
    let notes = sweep_notes(&swept);
    let text = format!("{}\n{notes}", tables(&rows, WIDTH));
    let page = format!("{}\n{notes}", markdown(&rows));
    finish(arguments, &swept, &text, &page, console)?;
    let picture = curves(&swept.picture());
    write_file(svg, arguments.force, |file| file.write_all(picture.as_bytes()))?;
    console.say(&format!("wrote {}", shell_word(svg)));
    Ok(Exit::Good)
}

/// Progress is for people at a terminal.
fn progress(console: &mut Console<'_>, what: &str) {
    if std::io::stderr().is_terminal() {
        console.say(what);
    }
}

fn failure(error: MeasureError) -> Failure {
    match error {
        MeasureError::Build(error) => Failure::invalid(error),
        MeasureError::Run(error) => Failure::run(error),
    }
}

/// Prints the table or the object, and writes the page.
fn finish(
    arguments: &Arguments,
    value: &impl serde::Serialize,
    text: &str,
    page: &str,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if arguments.json {
        console.print_json(value)?;
    } else {
        console.print(text)?;
    }
    if let Some(file) = &arguments.export_markdown {
        write_file(file, arguments.force, |writer| writer.write_all(page.as_bytes()))?;
        console.say(&format!("wrote {}", shell_word(file)));
    }
    Ok(())
}

/// What belongs to the scenario.
fn head(measured: &Measured) -> Vec<(&'static str, String)> {
    let count = words::count;
    let unknown = || "unknown".to_string();
    vec![
        ("simulated", format!("{} s", measured.simulated_s)),
        ("neurons", count(measured.neurons)),
        ("synapses", count(measured.synapses)),
        (
            "events",
            format!(
                "{} spikes, {} synaptic, {} external",
                count(measured.spikes),
                count(measured.synaptic_events),
                count(measured.external_events)
            ),
        ),
        (
            "bytes per synapse",
            measured.bytes_per_synapse.map_or("-".to_string(), |bytes| format!("{bytes:.2}")),
        ),
        ("peak memory", measured.peak_memory_bytes.map_or_else(unknown, words::bytes)),
        (
            "digest",
            if measured.digests_agree {
                measured.digest.clone()
            } else {
                "DIFFERS between runs".to_string()
            },
        ),
    ]
}

/// One column a number of threads.
fn rows(measured: &Measured) -> Vec<Vec<String>> {
    let row = |name: &str, cell: &dyn Fn(&Contest) -> String| {
        let mut row = vec![name.to_string()];
        row.extend(measured.contests.iter().map(cell));
        row
    };
    let optional = |spread: Option<Spread>| spread.map_or_else(|| "-".to_string(), figure);
    // All columns in the unit of the fastest.
    let speed = |name: &str, of: &dyn Fn(&Contest) -> Spread| {
        let fastest = measured.contests.iter().map(|c| of(c).median).fold(0.0, f64::max);
        let (size, unit) = words::unit(fastest);
        let unit = if unit.is_empty() { "1" } else { unit };
        row(&format!("{name} ({unit}/s)"), &|c| figure(of(c).times(1.0 / size)))
    };
    vec![
        row("", &|c| {
            let threads = words::plural(u64::from(c.threads), "thread", "threads");
            let shards = words::plural(u64::from(c.shards), "shard", "shards");
            format!("{} {threads}, {} {shards}", c.threads, c.shards)
        }),
        row("build (s)", &|c| match c.builds {
            1 => short(c.build_s.median),
            _ => figure(c.build_s),
        }),
        row("set-up (s)", &|c| figure(c.set_up_s)),
        row("simulate (s)", &|c| figure(c.wall_s)),
        row("real-time factor", &|c| figure(c.real_time_factor)),
        speed("events", &|c| c.events_per_s),
        speed("synaptic events", &|c| c.synaptic_events_per_s),
        row("ns per event", &|c| optional(c.ns_per_event)),
        row("ns per synaptic event", &|c| optional(c.ns_per_synaptic_event)),
        row("bare loop, f64 (ns)", &|c| optional(c.bare_ns_f64)),
        row("bare loop, f32 (ns)", &|c| optional(c.bare_ns_f32)),
        row("times the bare loop", &|c| optional(c.times_bare_loop)),
        row("times as fast", &|c| figure(c.speedup)),
    ]
}

/// Median, smallest and largest.
fn figure(spread: Spread) -> String {
    format!("{} ({} - {})", short(spread.median), short(spread.min), short(spread.max))
}

/// Three digits that count.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        v if v >= 0.9995 => format!("{value:.2}"),
        v if v >= 0.09995 => format!("{value:.3}"),
        v if v >= 0.001 => format!("{value:.4}"),
        v if v > 0.0 => format!("{value:.1e}"),
        _ => "0".to_string(),
    }
}

fn legend(measured: &Measured) -> String {
    let times = words::plural(u64::from(measured.repeats), "run", "runs");
    format!(
        "Median (smallest - largest) of {} {times} after one to warm up, all columns in turn; wall \
         time of\nthe simulation alone, nothing recorded; a network is built once if it can be kept. \
         The bare loop\nreads the same synapses in the same order and adds up their weights. Other \
         work on the machine\nmoves all times; ratios are taken within rounds.\n",
        measured.repeats
    )
}

fn describe(measured: &Measured) -> String {
    let (head, rows) = (facts(&head(measured)), tables(&rows(measured), WIDTH));
    format!("{}\n\n{head}\n{rows}\n{}", measured.title, legend(measured))
}

fn export(measured: &Measured) -> String {
    let mut facts = vec![vec![measured.title.replace('|', "/"), String::new()]];
    facts.extend(head(measured).into_iter().map(|(name, value)| vec![name.to_string(), value]));
    let legend = legend(measured);
    format!("{}\n{}\n{legend}", markdown(&facts), markdown(&rows(measured)))
}

fn sweep_rows(swept: &sweep::Swept) -> Vec<Vec<String>> {
    let heading = [
        "input (Hz)",
        "arrivals per 0.1 ms",
        "events (us)",
        "grid (us)",
        "grid / events",
        "events, fires (Hz)",
        "grid, fires (Hz)",
    ];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(swept.points.iter().map(|point| {
        vec![
            words::count(point.rate_hz as u64),
            short(point.arrivals_per_step),
            figure(point.events_us),
            figure(point.grid_us),
            figure(point.ratio),
            short(point.events_rate_hz),
            short(point.grid_rate_hz),
        ]
    }));
    rows
}

fn sweep_notes(swept: &sweep::Swept) -> String {
    let crossing = match swept.crossing {
        Some(arrivals) => format!("Both cost the same at {} arrivals per 0.1 ms.", short(arrivals)),
        None => "The curves do not cross in this range.".to_string(),
    };
    format!(
        "{} microseconds for a simulated second of one neuron, on one thread: median (smallest - \
         largest).\n{} `lif_exp` neurons, independent Poisson input. The grid side is the bare \
         minimum of a grid\nsimulator: exact integration of each neuron in each step of 0.1 ms, \
         spikes on the grid.\n{crossing}\n",
        if swept.processor_time { "Processor" } else { "Wall-clock" },
        words::count(u64::from(sweep::NEURONS)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::tests::call;

    fn measured() -> Measured {
        let spread = Spread { median: 0.5, min: 0.25, max: 1.0, mad: 0.1 };
        let contest = |threads| Contest {
            threads,
            shards: threads,
            build_s: spread.times(0.02),
            builds: 1,
            set_up_s: spread,
            wall_s: spread,
            real_time_factor: spread,
            events_per_s: spread.times(4e6),
            synaptic_events_per_s: spread.times(2e6),
            ns_per_event: Some(spread),
            ns_per_synaptic_event: Some(spread.times(4.0)),
            bare_ns_f64: Some(spread),
            bare_ns_f32: None,
            times_bare_loop: Some(spread.times(8.0)),
            speedup: spread,
            digests: vec!["abc".to_string()],
        };
        Measured {
            title: "Two | cells".to_string(),
            version: "0",
            seed: 1,
            simulated_s: 1.0,
            neurons: 1000,
            synapses: 10_000,
            spikes: 5,
            synaptic_events: 50,
            external_events: 0,
            bytes_per_synapse: Some(8.25),
            peak_memory_bytes: None,
            repeats: 5,
            contests: vec![contest(1), contest(2)],
            digests_agree: true,
            digest: "abc".to_string(),
        }
    }

    #[test]
    fn the_table_has_a_column_for_each_number_of_threads() {
        let text = describe(&measured());
        for words in [
            "1 thread, 1 shard",
            "2 threads, 2 shards",
            "ns per synaptic event",
            "2.00 (1.00 - 4.00)",
            "8.25",
            "abc",
        ] {
            assert!(text.contains(words), "{words} is missing in:\n{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        let page = export(&measured());
        assert!(page.contains("| Two / cells |"), "{page}");
        assert!(page.contains("| times the bare loop | 4.00 (2.00 - 8.00) | 4.00"), "{page}");
    }

    /// Promise: whatever was timed more than once is shown with its spread: in the table, on the page and
    /// in the object.
    #[test]
    fn every_timed_quantity_has_a_spread() {
        let timed = [
            ("set-up (s)", "set_up_s", "0.500 (0.250 - 1.00)"),
            ("simulate (s)", "wall_s", "0.500 (0.250 - 1.00)"),
            ("real-time factor", "real_time_factor", "0.500 (0.250 - 1.00)"),
            ("events (million/s)", "events_per_s", "2.00 (1.00 - 4.00)"),
            ("synaptic events (million/s)", "synaptic_events_per_s", "1.00 (0.500 - 2.00)"),
            ("ns per event", "ns_per_event", "0.500 (0.250 - 1.00)"),
            ("ns per synaptic event", "ns_per_synaptic_event", "2.00 (1.00 - 4.00)"),
            ("bare loop, f64 (ns)", "bare_ns_f64", "0.500 (0.250 - 1.00)"),
            ("times the bare loop", "times_bare_loop", "4.00 (2.00 - 8.00)"),
            ("times as fast", "speedup", "0.500 (0.250 - 1.00)"),
        ];
        let (text, page) = (describe(&measured()), export(&measured()));
        let object = serde_json::to_value(measured()).expect("plain data");
        for (name, key, shown) in timed {
            let line = text.lines().find(|line| line.starts_with(&format!("{name}  ")));
            let line = line.unwrap_or_else(|| panic!("no line {name} in:\n{text}"));
            assert_eq!(line.matches(shown).count(), 2, "{line}");
            assert!(page.contains(&format!("| {name} | {shown} | {shown} |")), "{name}:\n{page}");
            for contest in object["contests"].as_array().expect("a list") {
                for part in ["median", "min", "max"] {
                    assert!(contest[key][part].is_f64(), "{key}.{part}: {contest}");
                }
            }
        }
        let one = |text: &str| text.contains("build (s)") && text.contains("0.0100");
        assert!(one(&text) && !text.contains("0.0100 ("), "built once, so without:\n{text}");
        let mut again = measured();
        again.contests[1].builds = 6;
        assert!(describe(&again).contains("0.0100 (0.0050 - 0.0200)"));
    }

    #[test]
    fn many_numbers_of_threads_are_shown_below_each_other() {
        let mut measured = measured();
        let one = measured.contests[0].clone();
        measured.contests = (1..=7).map(|threads| Contest { threads, ..one.clone() }).collect();
        let text = describe(&measured);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert_eq!(text.matches("\nns per synaptic event  ").count(), 3, "{text}");
        assert!(text.contains("7 threads"), "{text}");
    }

    #[test]
    fn runs_that_differ_end_in_exit_code_three() {
        let mut measured = measured();
        assert_eq!(verdict(&measured).unwrap(), Exit::Good);
        measured.digests_agree = false;
        measured.contests[1].digests.push("xyz".to_string());
        let Err(Failure::Message(exit, text)) = verdict(&measured) else {
            panic!("a difference is a failure")
        };
        assert_eq!(exit, Exit::Different);
        assert!(text.contains("2 threads: abc, xyz"), "{text}");
        assert!(describe(&measured).contains("DIFFERS"));
    }

    #[test]
    fn figures_keep_three_digits() {
        let shown = [123.4, 12.34, 1.234, 0.123_4, 0.012_34, 0.000_12, 0.0].map(short);
        assert_eq!(shown, ["123", "12.3", "1.23", "0.123", "0.0123", "1.2e-4", "0"]);
    }

    #[test]
    fn a_scenario_or_a_sweep_but_not_both() {
        assert_eq!(call(&["bench"]).0, Exit::Invalid);
        assert_eq!(call(&["bench", "x.toml", "--sweep", "x.svg"]).0, Exit::Invalid);
        assert_eq!(call(&["bench", "x.toml", "--threads", "1,0"]).0, Exit::Invalid);
    }
}
