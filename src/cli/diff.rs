//! `saltatory diff`: where two spike trains part, and how their statistics compare.

use super::console::{Console, Exit, Failure};
use super::table::table;
use super::words;
use crate::output::compare::{Comparison, PlacedSpike, compare};
use crate::output::read_spikes;
use clap::Args;
use std::path::PathBuf;

/// What `diff` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder of results, or a spike file (.npz, .csv, .dat)
    first: PathBuf,
    /// Another one
    second: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Compares two trains.
pub fn diff(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let first = read_spikes(&arguments.first)?;
    let second = read_spikes(&arguments.second)?;
    let seen = compare(&first, &second);
    if arguments.json {
        console.print_json(&seen)?;
    } else {
        console.print(&describe(&seen))?;
    }
    Ok(if seen.equal { Exit::Good } else { Exit::Different })
}

fn describe(seen: &Comparison) -> String {
    let mut text = String::new();
    let count = words::count;
    match &seen.first_difference {
        None => text.push_str(&format!("equal: {} spikes\n", count(seen.spikes[0]))),
        Some(difference) => {
            let place = |spike: &Option<PlacedSpike>| match spike {
                Some(spike) => spike.describe(),
                None => "no more spikes".to_string(),
            };
            text.push_str(&format!(
                "different after {} equal spikes\n  first   {}\n  second  {}\n",
                count(seen.common),
                place(&difference.first),
                place(&difference.second)
            ));
            let [first, second] = seen.spikes.map(count);
            text.push_str(&format!("spikes: {first} and {second}\n"));
        }
    }
    text.push('\n');
    let cv = |cv: Option<f64>| cv.map_or("-".to_string(), |cv| format!("{cv:.4}"));
    let heading =
        ["population", "spikes", "", "rate (Hz)", "", "CV", "", "KS distance of intervals"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(seen.populations.iter().map(|p| {
        vec![
            p.name.clone(),
            count(p.spikes[0]),
            count(p.spikes[1]),
            format!("{:.4}", p.rate_hz[0]),
            format!("{:.4}", p.rate_hz[1]),
            cv(p.cv_isi[0]),
            cv(p.cv_isi[1]),
            cv(p.ks_intervals),
        ]
    }));
    text.push_str(&table(&rows));
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn equal_is_0_and_different_is_3_and_damaged_is_4() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_string()
        };
        let a = file("a.csv", "population,neuron,tick,time_ms\nexc,0,1500000,1.5\n");
        let b = file("b.csv", "population,neuron,tick,time_ms\nexc,0,1500001,1.500001\n");
        let bad = file("c.csv", "nothing\n");
        let (exit, out, _) = call(&["diff", &a, &a]);
        assert_eq!(exit, Exit::Good);
        assert!(out.starts_with("equal: 1 spikes"), "{out}");
        let (exit, out, _) = call(&["diff", &a, &b]);
        assert_eq!(exit, Exit::Different);
        assert!(out.contains("exc[0] at 1.5 ms") && out.contains("exc[0] at 1.500001 ms"), "{out}");
        let (exit, out, err) = call(&["diff", &a, &bad]);
        assert_eq!((exit, out.as_str()), (Exit::File, ""));
        assert!(err.contains("c.csv"), "{err}");
        let (exit, out, _) = call(&["diff", &a, &b, "--json"]);
        assert_eq!(exit, Exit::Different);
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(json["first_difference"]["second"]["tick"], 1_500_001);
        assert_eq!(json["populations"][0]["name"], "exc");
    }
}
