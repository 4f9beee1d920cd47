//! What does an input cost in frames, and what at a cell, at different rates?
//!
//! Method: 10,000 `lif_delta` neurons below threshold with Poisson input alone, whose rate is
//! varied; each rate is run in both lanes, in turn, three times, on one thread, and the fastest
//! counts, because everything else on the machine only adds. The last column is what decides.
//! Run it with `cargo bench --bench lanes`.
//!
//! Result: 31 to 65 ns an input at a cell, 4 to 28 in a frame: two to ten times less, the more input the more.
//! Decision: frames are taken wherever a network allows them, at any rate. Tables: `benches/README.md`.

use saltatory::engine::{self, Control, Lane, Options};
use saltatory::network;
use saltatory::scenario::Scenario;
use std::time::Instant;

fn scenario(rate_khz: f64) -> Scenario {
    let mut scenario = Scenario::new("lanes").seed(1).duration_ms(200.0);
    let cells = scenario.add_population("cells", 10_000, "lif_delta").expect("a model");
    scenario.set(cells, "tau_m", "20 ms").expect("a parameter");
    // Half of the input that would reach threshold in the mean.
    let weight = 7.5 / (rate_khz * 20.0);
    scenario
        .background(cells, &format!("{rate_khz} kHz"), &format!("{weight} mV"))
        .expect("a background");
    scenario
}

fn ns_per_input(scenario: &Scenario, lane: Lane) -> f64 {
    let network = network::build(scenario, 1, 1, None).expect("a network");
    let start = Instant::now();
    let options = Options { lane, ..Options::threads(1) };
    let outcome = engine::run(scenario, &network, options, &|_| Control::Continue).expect("a run");
    start.elapsed().as_secs_f64() * 1e9 / outcome.counts.external_events as f64
}

fn main() {
    println!("| input (kHz) | at a cell (ns) | in a frame (ns) | ratio |");
    println!("|---|---|---|---|");
    for rate_khz in [0.1, 0.3, 1.0, 3.0, 10.0, 30.0] {
        let scenario = scenario(rate_khz);
        let mut best = [f64::INFINITY; 2];
        for _ in 0..3 {
            for (place, lane) in [Lane::Singly, Lane::Automatic].into_iter().enumerate() {
                best[place] = best[place].min(ns_per_input(&scenario, lane));
            }
        }
        let [cell, frame] = best;
        println!("| {rate_khz} | {cell:.1} | {frame:.1} | {:.2} |", cell / frame);
    }
}
