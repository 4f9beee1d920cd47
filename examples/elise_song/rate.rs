//! The cases without spikes.

use super::compare::at_lag;
use super::report;
use saltatory::reference::rates::{RateNetwork, Rates};
use std::error::Error;
use std::time::Instant;

/// Their names.
pub const CASES: [&str; 5] =
    ["rate", "rate_slow", "rate_fast", "rate_prompt_inhibition", "rate_no_latent_dendrites"];

/// The score of the paper's code, which `scenarios/elise.csv` holds, too.
const SCORE: &str = "6 0 1 0 1 0 4 2 3 5,11 5,10 5,8 7 6 5 4,12 4,10 4,9 6 3 4,11 5,10 5 5,8 6";

/// Repetitions of the song before the replay.
const REPETITIONS: usize = 10_000;
/// Every so many of them is played freely, to see what has been learned.
const FREE_EVERY: usize = 20;
/// Cycles of which the free play is printed while the network learns.
const SHOWN: [usize; 7] = [100, 500, 1_000, 2_000, 4_000, 6_000, 9_980];

/// Learns, and plays from memory.
pub fn run(case: &str, seed: u64) -> Result<(), Box<dyn Error>> {
    if !CASES.contains(&case) {
        return Err(format!("there is no case {case:?}").into());
    }
    let element = |text: &str| text.split(',').map(|key| key.parse().expect("a key")).collect();
    let network = RateNetwork {
        visible: 13,
        latent: 50,
        score: SCORE.split(' ').map(element).collect(),
        element_ms: match case {
            "rate_slow" => 20,
            "rate_fast" => 5,
            _ => 10,
        },
        eta: [1e-4, 1e-3],
        follow_ms: if case == "rate_prompt_inhibition" { 0 } else { 25 },
        scaffold: true,
        latents_learn: true,
        latents_have_dendrites: case != "rate_no_latent_dendrites",
        seed,
    };
    let neurons = network.visible;
    let start = Instant::now();
    let mut rates = Rates::new(network);
    let song = rates.song();
    rates.cycle(true);
    print!("{case} seed {seed}, while it learns:");
    for repetition in 0..REPETITIONS {
        let is_free = repetition % FREE_EVERY == 0;
        let played = rates.cycle(!is_free);
        if SHOWN.contains(&repetition) {
            print!(" {repetition} {:.3}", at_lag(&song, &played, neurons, 0).correlation);
        }
    }
    println!();
    let replay: Vec<f64> = (0..100).flat_map(|cycle| rates.cycle(cycle < 3)).collect();
    report(case, seed, &song, &replay, neurons);
    println!("  {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
