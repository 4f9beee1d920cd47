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

#[test]
fn a_rule_that_cannot_run_is_refused_by_name() {
    let home = tempfile::tempdir().unwrap();
    let rule = "rule = \"noise_prune\"";
    let text = EXAMPLE
        .replace("rule = \"stdp\", tau_plus = \"20 ms\", tau_minus = \"20 ms\"", rule)
        .replace(
            "{ rule = \"edges\", file = \"edges.csv\" }",
            "{ rule = \"all_to_all\" }\nweight = \"1 pA\"\ndelay = \"1 ms\"",
        );
    fs::write(home.path().join("prune.toml"), text).unwrap();
    let left = run(home.path(), &["run", "prune.toml", "--out", "prune"]);
    assert!(left.code != Some(0) && left.err.contains("`noise_prune`"), "{left:?}");
}
