//! The program from one end to the other.
//!
//! Promise: the commands work in the order in which people use them, end with the promised exit
//! codes, overwrite nothing unasked, and keep data and messages apart. Method: the real program
//! in a folder of its own. It would catch what no room sees alone: a result that another command
//! cannot read, a flag that loses to `--set`, a Ctrl-C that loses the results.

use crate::program::{Left, entries, good, run, scenarios};
use std::path::Path;

/// Keys of `summary.json` that others build on.
const SUMMARY: &[&str] = &[
    "title",
    "seed",
    "digest",
    "state_digest",
    "neurons",
    "synapses",
    "spikes",
    "synaptic_events",
    "external_events",
    "simulated_s",
    "wall_s",
    "real_time_factor",
    "synaptic_events_per_s",
    "bytes_per_synapse",
    "peak_rss_bytes",
    "threads",
    "shards",
    "populations",
];

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn json(left: &Left) -> serde_json::Value {
    serde_json::from_str(&left.out).unwrap_or_else(|error| panic!("{error}: {left:?}"))
}

/// A scenario of a moment in `hello.toml`.
fn hello(home: &Path) {
    let text = std::fs::read_to_string(scenarios().join("hello.toml")).expect("shipped");
    let text = text.replacen("\"1 s\"", "\"100 ms\"", 1);
    std::fs::write(home.join("hello.toml"), text).expect("written");
}

#[test]
fn from_a_new_scenario_to_a_comparison() {
    let home = folder();
    let home = home.path();
    good(home, &["new", "first.toml"]);
    let check = good(home, &["check", "first.toml"]);
    assert!(check.out.ends_with("valid\n"), "{check:?}");
    let text = good(home, &["run", "first.toml", "--threads", "2"]);
    assert!(text.out.contains("saltatory plot results/first"), "{text:?}");
    let results = entries(&home.join("results/first"));
    for file in ["manifest.json", "scenario.toml", "spikes.npz", "summary.json"] {
        assert!(results.iter().any(|name| name == file), "{file} is not among {results:?}");
    }
    good(home, &["plot", "results/first"]);
    let drawn = |name: &String| name.ends_with(".svg");
    let svg = entries(&home.join("results/first")).into_iter().find(drawn).expect("a plot");
    let svg = std::fs::read_to_string(home.join("results/first").join(svg)).expect("text");
    assert!(svg.starts_with("<svg") || svg.starts_with("<?xml"), "no SVG");

    good(home, &["run", "first.toml", "--out", "again", "--threads", "1", "--shards", "3"]);
    let equal = good(home, &["diff", "results/first", "again"]);
    assert!(equal.out.starts_with("equal: "), "{equal:?}");
    good(home, &["run", "first.toml", "--out", "other", "--seed", "77"]);
    let other = run(home, &["diff", "results/first", "other"]);
    assert_eq!(other.code, Some(3), "{other:?}");
    assert!(other.out.starts_with("different after"), "{other:?}");
    for what in ["first.toml", "results/first", "again/spikes.npz"] {
        assert!(!good(home, &["inspect", what]).out.is_empty(), "{what}");
    }
    // The effective scenario in the results is a scenario, and gives the same spikes.
    good(home, &["run", "results/first/scenario.toml", "--out", "third"]);
    good(home, &["diff", "results/first", "third"]);
}

#[test]
fn snapshots_are_accepted_and_checked() {
    let home = folder();
    let home = home.path();
    hello(home);
    assert_eq!(run(home, &["snapshot", "check", "hello.toml"]).code, Some(4));
    good(home, &["snapshot", "accept", "hello.toml"]);
    assert_eq!(entries(home), ["hello.snap", "hello.toml"]);
    good(home, &["snapshot", "check", "hello.toml", "--threads", "2", "--shards", "3"]);
    let path = home.join("hello.toml");
    let text = std::fs::read_to_string(&path).expect("written before");
    std::fs::write(&path, format!("seed = 9\n{text}")).expect("written");
    let left = run(home, &["snapshot", "check", "hello.toml"]);
    assert_eq!(left.code, Some(3), "{left:?}");
    assert!(left.out.contains("+ seed             9"), "{left:?}");
    assert!(left.err.contains("snapshot accept"), "{left:?}");
}

#[test]
fn commands_without_a_scenario_print_data() {
    let home = folder();
    let home = home.path();
    assert!(good(home, &["models"]).out.contains("lif_delta"));
    assert!(good(home, &["models", "lif_exp"]).out.contains("tau_syn_ex"));
    assert!(good(home, &["explain", "S001"]).out.contains("TOML"));
    let unknown = run(home, &["explain", "S999"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(json(&good(home, &["schema"])).is_object());
    assert!(good(home, &["completions", "bash"]).out.contains("snapshot"));
    assert!(good(home, &["--version"]).out.contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(run(home, &["models", "lif_expo"]).code, Some(2));
    assert_eq!(run(home, &[]).code, Some(2));
    assert!(entries(home).is_empty(), "something was left behind");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let home = folder();
    let home = home.path();
    hello(home);
    good(home, &["run", "hello.toml", "--out", "out"]);
    let path = home.join("out/summary.json");
    let before = std::fs::read(&path).expect("results");
    let left = run(home, &["run", "hello.toml", "--out", "out", "--seed", "5"]);
    assert_eq!(left.code, Some(4), "{left:?}");
    assert!(left.err.contains("--force") && left.err.contains("out-2"), "{left:?}");
    assert_eq!(std::fs::read(&path).expect("results"), before);
    good(home, &["run", "hello.toml", "--out", "out", "--seed", "5", "--force"]);
    assert_ne!(std::fs::read(&path).expect("results"), before);
    let left = run(home, &["new", "hello.toml"]);
    assert_eq!(left.code, Some(4), "{left:?}");
    assert_eq!(entries(home), ["hello.toml", "out"]);
}

#[test]
fn json_is_one_object_and_the_summary() {
    let home = folder();
    let home = home.path();
    hello(home);
    let left = good(home, &["run", "hello.toml", "--out", "out", "--json"]);
    let summary = json(&left);
    for key in SUMMARY {
        assert!(summary.get(key).is_some(), "{key} is missing in {summary}");
    }
    for key in ["build", "warmup", "simulate"] {
        assert!(summary["wall_s"][key].is_number(), "wall_s.{key} is missing");
    }
    for key in ["name", "size", "spikes", "rate_hz", "cv_isi"] {
        assert!(summary["populations"][0].get(key).is_some(), "populations.{key} is missing");
    }
    let file = std::fs::read_to_string(home.join("out/summary.json")).expect("results");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&file).expect("JSON"), summary);
    for arguments in [&["check", "hello.toml", "--json"][..], &["diff", "out", "out", "--json"]] {
        assert!(json(&good(home, arguments)).is_object(), "{arguments:?}");
    }
}

#[test]
fn flags_win_over_set_and_set_over_the_file() {
    let home = folder();
    let home = home.path();
    hello(home);
    let summary = |more: &[&str]| {
        let arguments =
            [&["run", "hello.toml", "--out", "out", "--force", "--json"], more].concat();
        json(&good(home, &arguments))
    };
    assert_eq!(summary(&[])["simulated_s"], 0.1);
    assert_eq!(summary(&["--set", "duration=20 ms"])["simulated_s"], 0.02);
    let both = ["--set", "duration=20 ms", "--duration", "30 ms", "--set", "seed=4"];
    assert_eq!(summary(&both)["simulated_s"], 0.03);
    assert_eq!(summary(&both)["seed"], 4);
    assert_eq!(summary(&["--set", "population.cells.size=60"])["neurons"], 60);
}

#[test]
fn quiet_is_quiet_and_messages_are_not_data() {
    let home = folder();
    let home = home.path();
    hello(home);
    let left = good(home, &["run", "hello.toml", "--out", "out", "--quiet"]);
    assert_eq!((left.out.as_str(), left.err.as_str()), ("", ""));
    let left = run(home, &["run", "none.toml", "--quiet"]);
    assert_eq!((left.code, left.out.as_str()), (Some(4), ""));
    assert!(left.err.contains("none.toml"), "{left:?}");
    let left = good(home, &["run", "hello.toml", "--out", "loud"]);
    assert!(!left.out.contains('\u{1b}'), "colour in a pipe: {left:?}");
    assert!(left.out.contains("digest"), "{left:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_long_run_with_readable_results() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let home = folder();
    let home = home.path();
    hello(home);
    let arguments = ["run", "hello.toml", "--out", "out", "--duration", "100000 s", "--no-spikes"];
    let mut child = crate::program::command(home, &arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program can be started");
    // By then it listens: a signal before would end it without results.
    std::thread::sleep(Duration::from_millis(1500));
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().expect("there is a kill");
    assert!(sent.success());
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            break status;
        }
        if start.elapsed() > Duration::from_secs(20) {
            child.kill().expect("it is ours");
            panic!("the run goes on");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(130));
    let text = std::fs::read_to_string(home.join("out/summary.json")).expect("results");
    let summary: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(summary["interrupted"], true);
    let simulated = summary["simulated_s"].as_f64().expect("a number");
    assert!(simulated > 0.0 && simulated < 100_000.0, "{simulated}");
    good(home, &["inspect", "out"]);
    assert_eq!(entries(home), ["hello.toml", "out"]);
}

#[test]
fn ugly_inputs_end_in_one_error_and_leave_nothing() {
    let home = folder();
    hello(home.path());
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.path().join(name), bytes);
    write("zeros.toml", &vec![0; 1_000_000]).expect("the folder takes files");
    let mut edges = String::from("source,target,weight,delay_ms\n");
    for edge in 0..20_000 {
        edges.push_str(if edge == 10_000 { "5,oops,1,1.5\n" } else { "5,6,1,1.5\n" });
    }
    write("edges.csv", edges.as_bytes()).expect("the folder takes files");
    let listed = "duration = \"1 ms\"\npopulation.a = { model = \"parrot\", size = 9 }\n\
                  projection = [{ source = \"a\", target = \"a\", \
                  connect = { rule = \"edges\", file = \"edges.csv\" } }]\n";
    write("listed.toml", listed.as_bytes()).expect("the folder takes files");
    let before = entries(home.path());
    let cases: &[(&[&str], i32, &str)] = &[
        (&["zeros.toml"], 4, "zeros.toml: it is not text"),
        (&["."], 4, "cannot read ."),
        (&["absent.toml"], 4, "cannot read absent.toml"),
        (&["hello.toml", "--out", "zeros.toml"], 4, "zeros.toml is a file"),
        (&["hello.toml", "--out", "zeros.toml/x"], 4, "cannot create zeros.toml"),
        (&["hello.toml", "--threads", "0"], 2, "'0' for '--threads"),
        (&["hello.toml", "--shards", "100000"], 2, "'100000' for '--shards"),
        (&["hello.toml", "--duration", "1e9 s"], 2, "`duration`"),
        (&["listed.toml"], 2, "edges.csv:10002:"),
    ];
    for (arguments, code, words) in cases {
        let left = run(home.path(), &[&["run"], *arguments].concat());
        assert_eq!(left.code, Some(*code), "{arguments:?}: {left:?}");
        let errors = left.err.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "{arguments:?}: {left:?}");
        assert!(left.err.contains(words) && left.out.is_empty(), "{arguments:?}: {left:?}");
        assert_eq!(entries(home.path()), before, "{arguments:?}");
    }
}

#[test]
fn a_scenario_from_another_system_runs_as_it_is() {
    let home = folder();
    hello(home.path());
    let path = home.path().join("hello.toml");
    let text = std::fs::read_to_string(&path).expect("just written");
    good(home.path(), &["run", "hello.toml", "--out", "plain"]);
    // A byte order mark and the line ends of Windows.
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    std::fs::write(&path, text).expect("the folder takes files");
    good(home.path(), &["run", "hello.toml", "--out", "marked"]);
    good(home.path(), &["diff", "plain", "marked"]);
}

/// Times of a build with checks would mislead, so they are refused; the tests are such a build.
#[test]
fn a_debug_build_refuses_to_be_timed_and_says_what_to_type() {
    if !cfg!(debug_assertions) {
        return;
    }
    let home = folder();
    hello(home.path());
    for (given, wanted) in [
        (&["bench", "hello.toml"][..], "cargo run --release -- bench hello.toml"),
        (&["bench", "--sweep", "out.svg"], "cargo run --release -- bench --sweep out.svg"),
    ] {
        let left = run(home.path(), given);
        assert_eq!((left.code, left.out.as_str()), (Some(2), ""), "{left:?}");
        assert!(left.err.contains(wanted), "{left:?}");
    }
    assert_eq!(entries(home.path()), ["hello.toml"]);
}
