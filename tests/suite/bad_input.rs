//! Nonsense in, one clear refusal out.
//!
//! Promise: whatever is written into a scenario or the files that it names, the answer is either
//! a list of all problems, each with file, line, key and what is allowed, or the value is legal;
//! there is no panic, nothing is written, and a network that would not fit in memory is refused
//! before it is built. Method: every key and value of every shipped scenario is replaced in turn
//! by every kind of nonsense, at the level of the library; some of it again through the program.
//! It would catch a value that is believed unseen, a problem without its place, an overflow on
//! the way to the size of the network.

use crate::mutation::{Mutation, Site, sites};
use crate::program::{entries, run, scenarios};
use saltatory::network;
use saltatory::scenario::{self, Code, FilesIn, Problem, Problems, Scenario, Source};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// What no key takes, whatever it is.
const NEVER: &[&str] = &["nan", "inf", "-inf", "1979-05-27", "[[[]]]", "{ no_such_key = 1 }"];

/// What only a title or a name may be.
const TITLES: &[&str] =
    &["\"\"", "\"nan mV\"", "\"inf ms\"", "\"no such name\"", "\"1 parsec\"", "\"\\u0000\""];

/// What some keys take.
const SOMETIMES: &[&str] = &[
    "-1",
    "0",
    "1",
    "1e308",
    "1e-320",
    "9223372036854775807",
    "-9223372036854775808",
    "4294967296",
    "true",
    "[]",
    "{}",
    "\"all\"",
    "\"-1 ms\"",
    "\"0 ms\"",
    "\"1e308 ms\"",
    "\"1 Hz\"",
    "\"-1e308 pA\"",
    "\"1e308 mV\"",
];

/// Parses and goes on as far as anything goes without drawing; a panic is a failure.
fn outcome(file: &str, mutation: &Mutation, overrides: &[&str]) -> Result<Scenario, Problems> {
    let source = Source::new(file, mutation.text.as_str());
    let overrides: Vec<_> = overrides.iter().map(|&text| text.into()).collect();
    let files = FilesIn(scenarios());
    let done = catch_unwind(AssertUnwindSafe(|| {
        let scenario = scenario::parse(&source, &files, &overrides)?;
        if network::check(&scenario, 2).is_empty() {
            network::estimate(&scenario, 2);
        }
        scenario::to_toml(&scenario);
        Ok(scenario)
    }));
    done.unwrap_or_else(|_| panic!("{file}: {} panics", mutation.what))
}

/// What is missing from the report of a problem.
fn flaw(problem: &Problem) -> Option<&'static str> {
    let has_key = !problem.path.is_empty() || matches!(problem.code, Code::Syntax);
    // What is missing at the top has no key yet, and says which in its own words.
    let names_key = problem.found.contains('`');
    match problem {
        _ if problem.file.is_empty() => Some("no file"),
        _ if problem.line == 0 || problem.column == 0 => Some("no line"),
        _ if !has_key && !names_key => Some("no key"),
        _ if problem.found.is_empty() => Some("not what was found"),
        _ if problem.allowed.is_empty() && problem.code != Code::Syntax => {
            Some("not what is allowed")
        }
        _ => None,
    }
}

/// All failures of one scenario file.
#[derive(Default)]
struct Tally {
    failures: Vec<String>,
    refused: u32,
    legal: u32,
}

impl Tally {
    fn fail(&mut self, file: &str, mutation: &Mutation, what: &str) {
        self.failures.push(format!("{file}:{}: {}: {what}", mutation.line, mutation.what));
    }

    /// Judges what became of a mutation. `legal` tells whether it may be.
    fn judge(&mut self, file: &str, mutation: &Mutation, legal: bool, overrides: &[&str]) {
        match outcome(file, mutation, overrides) {
            Ok(_) if legal => self.legal += 1,
            Ok(_) => self.fail(file, mutation, "was accepted"),
            Err(problems) => {
                self.refused += 1;
                let flaws = problems.0.iter().filter_map(|p| Some((p, flaw(p)?)));
                for (problem, flaw) in flaws {
                    self.fail(file, mutation, &format!("{flaw} in `{problem}`"));
                }
                // What is never right is wrong where it stands; other nonsense may be noticed
                // where something else no longer agrees with it.
                let is_here = |p: &Problem| p.line == mutation.line || p.file.starts_with("--set");
                if !legal && !problems.0.iter().any(is_here) {
                    self.fail(file, mutation, &format!("reported elsewhere: {problems}"));
                }
            }
        }
    }
}

fn every_key_of(file: &str) {
    let text = std::fs::read_to_string(scenarios().join(file)).expect("shipped");
    let mut tally = Tally::default();
    for site in sites(&text) {
        nonsense_at(file, &text, &site, &mut tally);
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert!(tally.refused > 300 && tally.legal > 5, "{} and {}", tally.refused, tally.legal);
}

fn nonsense_at(file: &str, text: &str, site: &Site, tally: &mut Tally) {
    let is_title = site.path == "title";
    let values = NEVER.iter().map(|value| (value, false));
    let values = values.chain(TITLES.iter().map(|value| (value, is_title)));
    let values = values.chain(SOMETIMES.iter().map(|value| (value, true)));
    for (value, legal) in values {
        if site.is_one_piece {
            tally.judge(file, &site.replaced(text, value), legal, &[]);
        } else {
            let set = format!("{}={value}", site.path);
            let (what, text) = (format!("--set {set}"), text.to_string());
            tally.judge(file, &Mutation { what, text, line: 0 }, legal, &[&set]);
        }
    }
    if site.is_one_piece {
        tally.judge(file, &site.missing(text), true, &[]);
    }
    for mutation in site.wrong_keys(text) {
        // The second key stands on the next line, so only the refusal itself is asked for.
        match outcome(file, &mutation, &[]) {
            Ok(_) => tally.fail(file, &mutation, "was accepted"),
            Err(_) => tally.refused += 1,
        }
    }
    if let Some(mutation) = site.renamed(text) {
        tally.judge(file, &mutation, true, &[]);
    }
}

macro_rules! shipped {
    ($($name:ident $file:literal)*) => {
        $(#[test] fn $name() { every_key_of($file); })*

        #[test]
        fn every_shipped_scenario_is_here() {
            let mut here = vec![$($file),*];
            here.sort_unstable();
            let shipped = entries(&scenarios());
            let shipped: Vec<_> = shipped.iter().filter(|name| name.ends_with(".toml")).collect();
            assert_eq!(here, shipped);
        }
    };
}

shipped! {
    nonsense_in_adaptation "adaptation.toml"
    nonsense_in_adaptation_aru "adaptation_aru.toml"
    nonsense_in_adaptation_noise "adaptation_noise.toml"
    nonsense_in_adaptation_sines "adaptation_sines.toml"
    nonsense_in_adaptation_steps "adaptation_steps.toml"
    nonsense_in_brunel "brunel.toml"
    nonsense_in_celegans "celegans.toml"
    nonsense_in_cuba "cuba.toml"
    nonsense_in_cuba_jump "cuba_jump.toml"
    nonsense_in_elise "elise.toml"
    nonsense_in_fly "fly.toml"
    nonsense_in_hello "hello.toml"
    nonsense_in_hpc "hpc.toml"
    nonsense_in_pd14 "pd14.toml"
    nonsense_in_pd14_dc "pd14_dc.toml"
    nonsense_in_prune "prune.toml"
    nonsense_in_prune_size "prune_size.toml"
    nonsense_in_sparse "sparse.toml"
    nonsense_in_sparse_kick "sparse_kick.toml"
    nonsense_in_reserve_correlated "reserve_correlated.toml"
    nonsense_in_reserve_intense_half "reserve_intense_half.toml"
    nonsense_in_reserve_intensity "reserve_intensity.toml"
    nonsense_in_reserve_relearn "reserve_relearn.toml"
    nonsense_in_stdp "stdp.toml"
}

#[test]
fn all_problems_are_told_at_once() {
    let text = std::fs::read_to_string(scenarios().join("cuba.toml")).expect("shipped");
    let wrong = [
        ("duration = \"10 s\"", "duration = \"10 mV\"", "duration"),
        ("size = 800", "size = 0", "population.inh.size"),
        ("tau_m = \"20 ms\"", "tau_m = \"-20 ms\"", "population.exc.params.tau_m"),
        ("target = \"inh\"", "target = \"ihn\"", "projection.1.target"),
        ("weight = \"-139.5 pA\"", "weight = -139.5", "projection.2.weight"),
        ("count = 50", "count = nan", "background.0.target.count"),
        ("spikes = \"all\"", "spykes = \"all\"", "record.spykes"),
    ];
    let text = wrong.iter().fold(text, |text, (right, wrong, _)| {
        assert!(text.contains(right), "{right}");
        text.replacen(right, wrong, 1)
    });
    let mutation = Mutation { what: "seven things".into(), text: text.clone(), line: 0 };
    let problems = outcome("cuba.toml", &mutation, &[]).expect_err("seven things are wrong");
    for (_, wrong, path) in wrong {
        let line = 1 + text[..text.find(wrong).expect("put there")].matches('\n').count();
        let found = problems.0.iter().find(|p| p.path == path);
        assert_eq!(found.map(|p| p.line), Some(line), "{path} in\n{problems}");
    }
    let near = |path: &str| problems.0.iter().find(|p| p.path == path).and_then(|p| p.help.clone());
    assert!(near("projection.1.target").is_some_and(|help| help.contains("`inh`")), "{problems}");
    assert!(near("record.spykes").is_some_and(|help| help.contains("`spikes`")), "{problems}");
}

#[test]
fn truncated_scenarios_are_refused_or_legal() {
    for file in ["hello.toml", "celegans.toml", "fly.toml"] {
        let text = std::fs::read_to_string(scenarios().join(file)).expect("shipped");
        for end in (0..text.len()).step_by(23).filter(|&end| text.is_char_boundary(end)) {
            let what = format!("the first {end} bytes");
            let mutation = Mutation { what, text: text[..end].to_string(), line: 0 };
            // A file cut at the end of a table may be a smaller scenario; a panic never is.
            if let Err(problems) = outcome(file, &mutation, &[]) {
                assert!(problems.0.iter().all(|p| p.line > 0), "{}: {problems}", mutation.what);
            }
        }
    }
}

/// What is said if celegans' edge list holds these bytes.
fn with_edges(bytes: io::Result<Vec<u8>>) -> Result<Scenario, Problems> {
    let text = std::fs::read_to_string(scenarios().join("celegans.toml")).expect("shipped");
    let bytes = std::cell::RefCell::new(Some(bytes));
    let read = |_: &str| bytes.borrow_mut().take().expect("read once");
    scenario::parse(&Source::new("celegans.toml", text), &read, &[])
}

#[test]
fn edge_lists_that_are_missing_damaged_or_wrong_are_refused() {
    let whole = std::fs::read(scenarios().join("celegans/edges.csv")).expect("shipped");
    assert!(with_edges(Ok(whole.clone())).is_ok());
    let text = |rows: &str| format!("source,target,weight\n{rows}\n").into_bytes();
    let wrong = [
        Err(io::Error::new(io::ErrorKind::NotFound, "gone")),
        Ok(Vec::new()),
        Ok(vec![0xff; 4096]),
        Ok(b"PK\x03\x04 not an archive".to_vec()),
        Ok(b"\x93NUMPY".to_vec()),
        Ok(b"from,to\n1,2\n".to_vec()),
        Ok(text("1,2,nan")),
        Ok(text("1,2,inf")),
        Ok(text("1,2,1e39")),
        Ok(text("-1,2,1")),
        Ok(text("302,2,1")),
        Ok(text("0,4294967296,1")),
        Ok(text("0.5,2,1")),
        Ok(text("1,2")),
        Ok(text("1,2,3,4")),
        Ok(text("one,two,three")),
        Ok(text("1,,3")),
    ];
    for bytes in wrong {
        let shown = format!("{bytes:?}");
        let problems = match with_edges(bytes) {
            Err(problems) => problems,
            Ok(_) => panic!("{shown} was accepted"),
        };
        let names_file = |p: &Problem| p.to_string().contains("celegans");
        assert!(problems.0.iter().all(names_file), "{shown}: {problems}");
        assert!(problems.0.iter().all(|p| !p.allowed.is_empty()), "{shown}: {problems}");
    }
    // Cut anywhere: either a shorter list or a refusal.
    for end in (0..whole.len()).step_by(397) {
        let _ = with_edges(Ok(whole[..end].to_vec()));
    }
}

#[test]
fn a_network_that_would_not_fit_is_refused_before_it_is_built() {
    let text = std::fs::read_to_string(scenarios().join("hello.toml")).expect("shipped");
    let source = Source::new("hello.toml", text);
    let sizes = ["population.cells.size=4000000000".into()];
    let scenario = scenario::parse(&source, &FilesIn(scenarios()), &sizes).expect("legal");
    let start = std::time::Instant::now();
    let error = network::build(&scenario, 2, 2, Some(1 << 33)).expect_err("200 billion synapses");
    assert!(error.to_string().contains("8.00 GiB"), "{error}");
    assert!(start.elapsed().as_secs() < 5, "it was refused too late");
}

/// `run` and `check` refuse; what they say holds all of `words`; nothing is written.
fn refused(home: &Path, file: &str, more: &[&str], code: i32, words: &[&str]) {
    for command in ["run", "check"] {
        let out = if command == "run" { &["--out", "out"][..] } else { &[] };
        let arguments = [&[command, file], out, more].concat();
        let before = entries(home);
        let left = run(home, &arguments);
        assert_eq!(left.code, Some(code), "{arguments:?}: {left:?}");
        for word in words {
            assert!(left.err.contains(word), "{arguments:?}: {word} is not in\n{}", left.err);
        }
        assert!(left.out.is_empty(), "{arguments:?} wrote {}", left.out);
        assert!(!left.err.contains("panicked"), "{arguments:?}: {}", left.err);
        assert_eq!(entries(home), before, "{arguments:?} left something behind");
    }
}

#[test]
fn the_program_refuses_scenarios_with_exit_code_2() {
    let home = tempfile::tempdir().expect("a folder for the test");
    let text = std::fs::read_to_string(scenarios().join("hello.toml")).expect("shipped");
    let cases: [(&str, &str, &[&str]); 8] = [
        ("\"1 s\"", "\"nan s\"", &["`duration`", ":2:", "finite"]),
        ("\"1 s\"", "\"1 mV\"", &["`duration`", ":2:", "not a unit of"]),
        ("\"1 s\"", "1", &["`duration`", ":2:", "lacks its unit", "perhaps"]),
        ("size = 200", "size = -1", &["`population.cells.size`", ":4:", "a whole number from 1"]),
        ("lif_exp", "lif_axp", &["`population.cells.model`", ":4:", "lif_exp"]),
        ("source = \"cells\"", "source = \"cell\"", &["`projection.0.source`", ":6:", "cells"]),
        ("fixed_indegree", "fixed_degree", &["`projection.0.connect.rule`", ":8:", "one_to_one"]),
        ("duration =", "duration = \"1 s\"\nduration =", &["duration", ":3:", "error"]),
    ];
    for (place, (right, wrong, words)) in cases.into_iter().enumerate() {
        assert!(text.contains(right), "{right}");
        let name = format!("wrong{place}.toml");
        std::fs::write(home.path().join(&name), text.replacen(right, wrong, 1)).expect("written");
        refused(home.path(), &name, &[], 2, words);
    }
    std::fs::write(home.path().join("hello.toml"), &text).expect("written");
    let set = ["--set", "population.cells.params.tau_m=0 ms"];
    refused(home.path(), "hello.toml", &set, 2, &["tau_m", "--set"]);
    refused(home.path(), "hello.toml", &["--duration", "soon"], 2, &["duration", "soon"]);
    refused(home.path(), "hello.toml", &["--threads", "0"], 2, &["--threads"]);
    std::fs::write(home.path().join("empty.toml"), "").expect("written");
    refused(home.path(), "empty.toml", &[], 2, &["empty.toml", "duration"]);
}

#[test]
fn the_program_refuses_files_with_exit_code_4() {
    let home = tempfile::tempdir().expect("a folder for the test");
    refused(home.path(), "none.toml", &[], 4, &["none.toml"]);
    std::fs::write(home.path().join("binary.toml"), [0xff, 0xfe, 0, 1]).expect("written");
    refused(home.path(), "binary.toml", &[], 4, &["binary.toml"]);
    std::fs::create_dir(home.path().join("folder.toml")).expect("made");
    refused(home.path(), "folder.toml", &[], 4, &["folder.toml"]);
    std::fs::copy(scenarios().join("celegans.toml"), home.path().join("worm.toml"))
        .expect("copied");
    // The scenario can be read; what it says about a file is wrong.
    refused(home.path(), "worm.toml", &[], 2, &["celegans/edges.csv", "connect.file"]);
}

#[test]
fn the_program_refuses_to_run_what_does_not_fit() {
    let home = tempfile::tempdir().expect("a folder for the test");
    let hello = scenarios().join("hello.toml");
    let hello = hello.to_str().expect("the path is text");
    let arguments = ["run", hello, "--out", "out", "--set", "population.cells.size=4000000000"];
    let left = run(home.path(), &arguments);
    assert_eq!(left.code, Some(2), "{left:?}");
    assert!(left.err.contains("GiB of memory"), "{left:?}");
    assert!(entries(home.path()).is_empty(), "something was left behind");
}
