//! Networks that learn, through the program.
//!
//! Promise: a scenario whose projection has a rule of plasticity runs, and writes weights that have
//! moved and do not depend on shards and threads. Method: the example of the design, run by the real
//! program. (That the weights are right is held by `src/engine/learning_tests.rs`.)

use crate::program::{good, run};
use std::fs;

/// The example: explicit edges, two sources, a background, synapses that learn.
const EXAMPLE: &str = r#"
title = "Explicit edges, two sources"
seed = 7
duration = "1 s"
resolution = "1 ns"

[population.exc]
model = "lif_exp"
size = 800
params = { tau_m = "20 ms", c_m = "250 pF", t_ref = "2 ms", e_l = "-70 mV", v_reset = "-70 mV", v_th = "-50 mV", tau_syn_ex = "2 ms", tau_syn_in = "5 ms", i_e = "0 pA" }
init = { v_m = { uniform = ["-70 mV", "-50 mV"] } }

[population.drive]
model = "poisson"
size = 100
params = { rate = "12 Hz" }

[population.input]
model = "spike_source"
size = 3
params = { times = [["1 ms", "2.5 ms"], [], ["3 ms"]] }

[[projection]]
source = "exc"
target = "exc"
connect = { rule = "fixed_indegree", indegree = 80, autapses = false, multapses = true }
weight = { normal = { mean = "45 pA", sd = "4.5 pA", min = "0 pA" } }
delay = "1.5 ms"
plasticity = { rule = "stdp", tau_plus = "20 ms", tau_minus = "20 ms" }

[[projection]]
source = "input"
target = "exc"
connect = { rule = "edges", file = "edges.csv" }

[[background]]
target = "exc"
rate = "1500 Hz"
weight = "90 pA"

[record]
weights = true
"#;

#[test]
fn the_example_learns_and_gives_the_same_bytes_for_any_number_of_shards() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("example.toml"), EXAMPLE).unwrap();
    let edges = "source,target,weight,delay_ms\n0,5,300,1.5\n2,7,-20,0.75\n";
    fs::write(home.path().join("edges.csv"), edges).unwrap();
    let weights = |folder: &str| fs::read(home.path().join(folder).join("weights.npz")).unwrap();
    for (folder, shards, threads) in [("one", "1", "1"), ("five", "5", "2")] {
        let arguments =
            ["run", "example.toml", "--out", folder, "--shards", shards, "--threads", threads];
        good(home.path(), &arguments);
    }
    assert!(weights("one") == weights("five"), "weights depend on shards");
    let still = EXAMPLE.replace("tau_plus = \"20 ms\"", "lambda = 0");
    fs::write(home.path().join("still.toml"), still).unwrap();
    good(home.path(), &["run", "still.toml", "--out", "still"]);
    assert!(weights("one") != weights("still"), "no weight has moved");
}

/// Promise: synapses that are removed while the network runs are told of, whatever the number of
/// shards and threads; what is left and what is gone are all there were; they can be drawn.
#[test]
fn a_network_that_is_pruned_writes_what_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let rule = "rule = \"noise_prune\", policy = \"uniform\", kappa = 0.5, min_spikes = 1, \
                probe = \"200 ms\"";
    let pruning = "at = [\"300 ms\", \"400 ms\"]\nfraction = 0.25";
    let text = EXAMPLE
        .replace("rule = \"stdp\", tau_plus = \"20 ms\", tau_minus = \"20 ms\"", rule)
        .replace(
            "{ rule = \"edges\", file = \"edges.csv\" }",
            "{ rule = \"all_to_all\" }\nweight = \"1 pA\"\ndelay = \"1 ms\"",
        )
        .replace("[[background]]", &format!("[[projection.pruning]]\n{pruning}\n[[background]]"))
        .replace("weights = true", "weights = true\npruned = true");
    fs::write(home.path().join("prune.toml"), text).unwrap();
    let read = |folder: &str, file: &str| fs::read(home.path().join(folder).join(file)).unwrap();
    for (folder, shards, threads) in [("one", "1", "1"), ("five", "5", "2")] {
        let arguments =
            ["run", "prune.toml", "--out", folder, "--shards", shards, "--threads", threads];
        good(home.path(), &arguments);
    }
    for file in ["pruned.npz", "weights.npz", "spikes.npz"] {
        assert!(read("one", file) == read("five", file), "{file} depends on shards");
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&read("one", "summary.json")).expect("it is JSON");
    let count = |key: &str| summary["pruning"][key].as_u64().expect("it is a number");
    let gone = count("by_rule") + count("by_fraction");
    assert_eq!(count("left") + gone, summary["synapses"].as_u64().expect("it is a number"));
    assert!(count("by_rule") > 0 && count("by_fraction") > 0, "{}", summary["pruning"]);
    good(home.path(), &["plot", "one", "--pruned"]);
    assert!(home.path().join("one/pruned.svg").is_file());
    let refused = fs::read_to_string(home.path().join("prune.toml")).unwrap();
    let refused = refused.replace(rule, "rule = \"noise_prune\", diagonal = \"row_sum\"");
    fs::write(home.path().join("row_sum.toml"), refused).unwrap();
    let left = run(home.path(), &["run", "row_sum.toml", "--out", "row_sum"]);
    assert!(left.code == Some(2) && left.err.contains("plasticity.diagonal"), "{left:?}");
}
