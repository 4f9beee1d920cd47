//! `saltatory inspect`: what is this? A scenario, a folder of results, a checkpoint, or a spike file.

use super::console::{Console, Exit, Failure};
use super::settings::ScenarioArguments;
use super::table::{facts, table};
use super::{run, words};
use crate::base::Span;
use crate::output::checkpoint::{self, Head};
use crate::output::manifest::model_name;
use crate::output::{Manifest, SpikeRecord, Summary, read_spikes};
use crate::record::statistics::{describe, rate_hz};
use crate::scenario::{Connect, Scenario};
use clap::Args;
use std::path::{Path, PathBuf};

/// What `inspect` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A scenario file, a folder of results, a checkpoint, or a spike file
    path: PathBuf,
}

/// Describes what lies at a path.
pub fn inspect(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let path = &arguments.path;
    let text = if path.join("manifest.json").is_file() {
        results(path)?
    } else if checkpoint::is_checkpoint(path) {
        saved(&checkpoint::read_head(path)?)
    } else if path.extension().is_some_and(|extension| extension == "toml") {
        scenario(&ScenarioArguments::plain(path).load()?)
    } else {
        spikes(&read_spikes(path)?)
    };
    console.print(&text)?;
    Ok(Exit::Good)
}

fn results(folder: &Path) -> Result<String, Failure> {
    let manifest = Manifest::read(&folder.join("manifest.json"))?;
    let summary = Summary::read(&folder.join("summary.json"))?;
    let mut text = run::describe(&summary);
    let part = if manifest.interrupted { " (interrupted before its end)" } else { "" };
    text.push('\n');
    text.push_str(&facts(&[
        ("seed", manifest.seed.to_string()),
        ("resolution", format!("{} ms", Span(manifest.resolution_ticks).ms())),
        ("duration", format!("{} s{part}", Span(manifest.duration_ticks).s())),
        ("made by", format!("{} {}", manifest.program, manifest.version)),
        ("files", manifest.files.join(", ")),
    ]));
    Ok(text)
}

fn saved(head: &Head) -> String {
    let [simulated, duration] = [head.simulated_ticks, head.duration_ticks].map(|t| Span(t).s());
    let mut text = format!("{}\n\n", head.title);
    text.push_str(&facts(&[
        ("saved at", format!("{simulated} s of {duration} s")),
        ("spikes so far", words::count(head.spikes)),
        ("shards", head.shards.to_string()),
        ("files looked for in", head.folder.display().to_string()),
        ("made by", format!("saltatory {}", head.version)),
        ("goes on with", "saltatory resume".to_string()),
    ]));
    text
}

fn scenario(scenario: &Scenario) -> String {
    let mut text = format!("{}\n\n", scenario.title);
    text.push_str(&facts(&[
        ("seed", scenario.seed.to_string()),
        ("duration", format!("{} s", scenario.duration.s())),
        ("resolution", format!("{} ms", scenario.resolution.span().ms())),
    ]));
    let mut rows = vec![["population", "size", "model"].map(String::from).to_vec()];
    rows.extend(scenario.populations.iter().map(|p| {
        let size = words::count(u64::from(p.size));
        vec![p.name.clone(), size, model_name(&p.model).to_string()]
    }));
    text.push('\n');
    text.push_str(&table(&rows));
    let name = |index: usize| scenario.populations[index].name.as_str();
    if !scenario.projections.is_empty() {
        text.push('\n');
    }
    for projection in &scenario.projections {
        let (source, target) = (name(projection.source), name(projection.target));
        text.push_str(&format!("{source} -> {target}  {}\n", rule(&projection.connect)));
    }
    for background in &scenario.backgrounds {
        let target = name(background.target.population);
        text.push_str(&format!("Poisson input -> {target}\n"));
    }
    for current in &scenario.currents {
        let target = name(current.target.population);
        text.push_str(&format!("current -> {target}\n"));
    }
    text
}

fn rule(connect: &Connect) -> String {
    match connect {
        Connect::AllToAll => "all_to_all".to_string(),
        Connect::OneToOne => "one_to_one".to_string(),
        Connect::FixedIndegree(degree) => degrees("fixed_indegree", degree.as_constant()),
        Connect::FixedOutdegree(degree) => degrees("fixed_outdegree", degree.as_constant()),
        Connect::FixedTotalNumber(number) => {
            format!("fixed_total_number, {}", words::count(*number))
        }
        Connect::PairwiseBernoulli(p) => format!("pairwise_bernoulli, p = {p}"),
        Connect::Growth(_) => "growth".to_string(),
        Connect::Edges(edges) => {
            format!("edges, {}", words::count(edges.source.len() as u64))
        }
    }
}

fn degrees(rule: &str, constant: Option<f64>) -> String {
    match constant {
        Some(degree) => format!("{rule}, {degree}"),
        None => format!("{rule}, drawn"),
    }
}

fn spikes(record: &SpikeRecord) -> String {
    let heading = ["population", "recorded", "active", "spikes", "rate (Hz)", "CV of intervals"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    for (index, name) in record.layout.names().iter().enumerate() {
        let seen = describe(&record.spikes, record.layout.range(index));
        let recorded = u64::from(record.recorded[index]);
        let rate = rate_hz(seen.spikes, recorded, Span(record.end.0));
        rows.push(vec![
            name.clone(),
            words::count(recorded),
            words::count(seen.active),
            words::count(seen.spikes),
            format!("{rate:.3}"),
            seen.cv.map_or("-".to_string(), |cv| format!("{cv:.3}")),
        ]);
    }
    let count = words::count(record.spikes.len() as u64);
    format!("{count} spikes until {} ms\n\n{}", record.end.ms(), table(&rows))
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn a_spike_file_is_described() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.csv");
        std::fs::write(&path, "population,neuron,time_ms\nexc,0,1\nexc,0,3\nexc,0,7\n").unwrap();
        let (exit, out, _) = call(&["inspect", path.to_str().unwrap()]);
        assert_eq!(exit, Exit::Good);
        assert!(out.starts_with("3 spikes until 7.000001 ms"), "{out}");
        assert!(out.contains("exc") && out.contains("0.333"), "{out}");
        let absent = home.path().join("absent.npz");
        assert_eq!(call(&["inspect", absent.to_str().unwrap()]).0, Exit::File);
    }

    #[test]
    fn a_scenario_is_described() {
        let text = scenario(&crate::output::snapshot::tests::scenario());
        assert!(text.contains("exc            3  lif_delta"), "{text}");
        assert!(text.contains("in             2    poisson"), "{text}");
    }
}
