//! `saltatory check`: is the scenario valid, and does its network fit?

use super::console::{Console, Exit, Failure};
use super::settings::Task;
use super::table::facts;
use super::wiring::Estimate;
use super::{machine, wiring, words};
use crate::plasticity;
use crate::scenario::{Projection, RecordSpikes, Scenario};
use clap::Args;
use serde::Serialize;

/// What `check` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    task: Task,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What is known before anything is drawn.
#[derive(Debug, Serialize)]
struct Report {
    title: String,
    seed: u64,
    duration_s: f64,
    resolution_ms: f64,
    neurons: u64,
    synapses: u64,
    synapses_exact: bool,
    shortest_delay_ms: Option<f64>,
    longest_delay_ms: Option<f64>,
    lookahead_ms: Option<f64>,
    bytes_synapses: u64,
    bytes_neurons: u64,
    bytes_engine: u64,
    bytes_lists: u64,
    bytes_peak: u64,
    available_bytes: Option<u64>,
    fits: Option<bool>,
    files: Vec<&'static str>,
}

/// Validates a scenario and tells how large its network will be.
pub fn check(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let scenario = arguments.task.scenario.load()?;
    let (_, shards) = arguments.task.effort.resolve();
    let estimate = wiring::estimate(&scenario, shards)?;
    let report = report(&scenario, estimate, machine::available_memory());
    if arguments.json {
        console.print_json(&report)?;
    } else {
        console.print(&describe(&report))?;
    }
    Ok(Exit::Good)
}

fn report(scenario: &Scenario, estimate: Estimate, available: Option<u64>) -> Report {
    Report {
        title: scenario.title.clone(),
        seed: scenario.seed,
        duration_s: scenario.duration.s(),
        resolution_ms: scenario.resolution.span().ms(),
        neurons: estimate.neurons,
        synapses: estimate.synapses,
        synapses_exact: estimate.is_exact,
        shortest_delay_ms: estimate.shortest_delay.map(|span| span.ms()),
        longest_delay_ms: estimate.longest_delay.map(|span| span.ms()),
        lookahead_ms: estimate.shortest_delay.map(|span| span.ms()),
        bytes_synapses: estimate.bytes_synapses,
        bytes_neurons: estimate.bytes_neurons,
        bytes_engine: estimate.bytes_engine,
        bytes_lists: estimate.bytes_lists,
        bytes_peak: estimate.bytes_peak,
        available_bytes: available,
        fits: available.map(|bytes| estimate.bytes_peak <= bytes),
        files: files(scenario),
    }
}

/// The files that `run` would write without further flags.
fn files(scenario: &Scenario) -> Vec<&'static str> {
    let mut files = vec!["manifest.json", "summary.json", "scenario.toml", "spikes.npz"];
    if scenario.record.spikes == RecordSpikes::None {
        files.pop();
    }
    let shares =
        |projection: &Projection| !plasticity::levels(projection.plasticity.rule).is_empty();
    let levels = scenario.record.weights_every.is_some() && scenario.projections.iter().any(shares);
    if levels || !scenario.record.state.is_empty() {
        files.push("traces.npz");
    }
    if scenario.record.weights {
        files.push("weights.npz");
    }
    if scenario.record.pruned {
        files.push("pruned.npz");
    }
    files
}

fn describe(report: &Report) -> String {
    let about = if report.synapses_exact { "" } else { "about " };
    let memory = |bytes| words::bytes(bytes);
    let room = match (report.available_bytes, report.fits) {
        (Some(bytes), Some(true)) => format!("fits: {} are free", memory(bytes)),
        (Some(bytes), _) => format!("DOES NOT FIT: only {} are free", memory(bytes)),
        (None, _) => "free memory is unknown".to_string(),
    };
    let mut rows = vec![
        ("seed", report.seed.to_string()),
        ("duration", format!("{} s", report.duration_s)),
        ("resolution", format!("{} ms", report.resolution_ms)),
        ("neurons", format!("{} (sources included)", words::count(report.neurons))),
        ("synapses", format!("{about}{}", words::count(report.synapses))),
    ];
    if let (Some(low), Some(high)) = (report.shortest_delay_ms, report.longest_delay_ms) {
        rows.push(("delays", format!("{low} to {high} ms")));
        rows.push(("lookahead", format!("{low} ms: no spike takes effect sooner")));
    }
    rows.push(("memory", {
        // Start values and state are two columns to the program, one thing to people.
        let neurons = report.bytes_neurons + report.bytes_engine;
        let [synapses, neurons, peak] =
            [report.bytes_synapses, neurons, report.bytes_peak].map(memory);
        format!("synapses {synapses}, neurons {neurons}; {peak} at most; {room}")
    }));
    if report.bytes_lists > 0 {
        rows.push((
            "lists",
            format!("{} in this file and those it names", memory(report.bytes_lists)),
        ));
    }
    rows.push(("files", report.files.join(", ")));
    format!("{}\n\n{}\nvalid\n", report.title, facts(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::output::snapshot::tests::scenario;

    fn estimate() -> Estimate {
        Estimate {
            neurons: 5,
            synapses: 1_000_000,
            is_exact: false,
            bytes_synapses: 12_000_000,
            bytes_peak: 20_000_000,
            shortest_delay: Some(Span::from_whole_ms(1)),
            longest_delay: Some(Span::from_whole_ms(20)),
            ..Estimate::default()
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let text = describe(&report(&scenario(), estimate(), Some(19_000_000)));
        assert!(text.contains("DOES NOT FIT: only 18.1 MiB"), "{text}");
        assert!(text.contains("about 1,000,000") && text.contains("1 to 20 ms"), "{text}");
        let text = describe(&report(&scenario(), estimate(), Some(1 << 30)));
        assert!(text.contains("fits: 1.0 GiB are free"), "{text}");
    }

    #[test]
    fn only_files_that_will_be_written_are_listed() {
        let mut scenario = scenario();
        assert!(files(&scenario).contains(&"spikes.npz"));
        scenario.record.spikes = RecordSpikes::None;
        scenario.record.weights = true;
        let listed = files(&scenario);
        assert!(!listed.contains(&"spikes.npz") && listed.contains(&"weights.npz"));
    }
}
