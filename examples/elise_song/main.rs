//! The song that a network learns and plays from memory, beside the song that it was taught.
//!
//! ```text
//! cargo run --release --example elise_song [CASE] [SEEDS] [FIGURE.svg]
//! ```
//!
//! Runs `scenarios/elise.toml`, or a variant of it, at so many seeds from 1 on, and prints for cycles
//! of the replay how well the rates of the visible neurons correlate with what was taught: the mean
//! over neurons of Pearson's coefficient, at the best of all circular lags within a period, and the
//! mean squared difference there. Cycles 0 to 2 are the last with the teacher. The figure is the piano
//! roll of seed 1. Without a case all of them are run.

mod roll;

use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::scenario::{self, FilesIn, Override, Scenario, Source};
use saltatory::source::teacher::potential;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// The variants: a name, and what is changed.
const CASES: &[(&str, &[&str])] = &[
    ("song", &[]),
    ("latents_30", &["population.latent.size=30"]),
    ("latents_10", &["population.latent.size=10"]),
    ("frozen_latents", &["projection.3.plasticity.eta=0 mV", "projection.5.plasticity.eta=0 mV"]),
    ("no_scaffold", &["projection.0.weight=0", "projection.1.weight=0"]),
    (
        "prompt_inhibition",
        &["population.visible.params.t_follow=0 ms", "population.latent.params.t_follow=0 ms"],
    ),
    // The visible neurons are held at rest from 90 to 150 ms of cycle 4, the second free one.
    (
        "disrupted",
        &["teacher.0.phases=[[\"0 s\", \"teach\"], [\"500 s\", \"free\"], \
           [\"500.34 s\", \"clamp\"], [\"500.4 s\", \"free\"]]"],
    ),
    (
        "few_spikes",
        &[
            "population.visible.params.rho=1 kHz",
            "population.latent.params.rho=1 kHz",
            "projection.2.plasticity.rho=1 kHz",
            "projection.3.plasticity.rho=1 kHz",
            "projection.4.plasticity.rho=1 kHz",
            "projection.5.plasticity.rho=1 kHz",
        ],
    ),
];

/// The cycles that are reported.
const CYCLES: [usize; 6] = [2, 5, 6, 10, 20, 58];

/// How a cycle of the replay compares with the song.
struct Match {
    correlation: f64,
    squared: f64,
    lag_ms: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let chosen = arguments.first().map(String::as_str);
    let seeds: u64 = arguments.get(1).map_or(Ok(1), |text| text.parse())?;
    let known = || CASES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if chosen.is_some_and(|chosen| CASES.iter().all(|(name, _)| *name != chosen)) {
        return Err(format!("there is no case {chosen:?}; allowed: {}", known()).into());
    }
    let cases = CASES.iter().filter(|(name, _)| chosen.is_none_or(|chosen| chosen == *name));
    for (name, changes) in cases {
        for seed in 1..=seeds {
            let scenario = read(changes, seed)?;
            let song = song(&scenario);
            let start = Instant::now();
            let outcome = run(&scenario)?;
            let replay = &outcome.traces[0].values;
            report(name, seed, &song, replay, scenario.populations[0].size as usize);
            let (events, seconds) = (outcome.counts.synaptic_events, start.elapsed().as_secs_f64());
            println!(
                "  {:.0} Hz visible, {:.0} Hz latent; {:.2e} synaptic events in {seconds:.0} s, {:.1} million a second",
                outcome.populations[0].rate_hz,
                outcome.populations[1].rate_hz,
                events as f64,
                events as f64 / seconds / 1e6,
            );
            if let (Some(path), 1) = (arguments.get(2), seed) {
                let figure = roll::figure(&song, replay, scenario.populations[0].size as usize);
                std::fs::write(path, figure)?;
            }
        }
    }
    Ok(())
}

fn read(changes: &[&str], seed: u64) -> Result<Scenario, Box<dyn Error>> {
    let path = Path::new("scenarios/elise.toml");
    let text = std::fs::read_to_string(path)?;
    let mut overrides: Vec<Override> = changes.iter().map(|&change| change.into()).collect();
    overrides.push(format!("seed={seed}").as_str().into());
    // Cycles of a different song would need other numbers here.
    let source = Source::new("elise.toml", text);
    scenario::parse(&source, &FilesIn::beside(path), &overrides)
        .map_err(|problems| problems.render(false).into())
}

fn run(scenario: &Scenario) -> Result<Outcome, Box<dyn Error>> {
    let network = network::build(scenario, 1, 1, None)?;
    Ok(engine::run(scenario, &network, Options::threads(1), &|_| Control::Continue)?)
}

/// The rates that are taught, in Hz, millisecond by millisecond, neuron by neuron.
fn song(scenario: &Scenario) -> Vec<f64> {
    let teacher = &scenario.teachers[0];
    let neurons = scenario.populations[teacher.population].size;
    let full = teacher_rate(scenario);
    let steps = 0..(teacher.period().ms() / teacher.step.ms()) as i64;
    let rate = |step, neuron| {
        let u = potential(teacher, neuron, step);
        full / (1.0 + (0.3 * (-58.0 - u)).exp())
    };
    steps.flat_map(|step| (0..neurons).map(move |neuron| rate(step, neuron))).collect()
}

/// The full rate of the visible neurons, in Hz.
fn teacher_rate(scenario: &Scenario) -> f64 {
    let scenario::Model::Neuron { descriptor, parameters, .. } = &scenario.populations[0].model
    else {
        panic!("the visible population is made of neurons")
    };
    let rho = descriptor.parameter("rho").expect("a parameter of the model");
    match &parameters[rho] {
        scenario::ParameterValue::Drawn(law) => law.as_constant().expect("it is one value"),
        other => panic!("{other:?} is no rate"),
    }
}

fn report(name: &str, seed: u64, song: &[f64], replay: &[f64], neurons: usize) {
    print!("{name} seed {seed}:");
    for cycle in CYCLES {
        let Some(part) = replay.get(cycle * song.len()..(cycle + 1) * song.len()) else { continue };
        let Match { correlation, squared, lag_ms } = compare(song, part, neurons);
        print!(" c{cycle} {correlation:.3} ({squared:.4}, {lag_ms} ms)");
    }
    println!();
}

/// The best match of a cycle with the song. Rates are compared as shares of the largest taught one.
fn compare(song: &[f64], cycle: &[f64], neurons: usize) -> Match {
    let steps = song.len() / neurons;
    let full = song.iter().copied().fold(0.0, f64::max);
    let mut best = Match { correlation: f64::NEG_INFINITY, squared: 0.0, lag_ms: 0 };
    for lag in 0..steps {
        let at = |step: usize, neuron: usize| cycle[(step + lag) % steps * neurons + neuron];
        let pearson = |neuron: usize| {
            let taught: Vec<f64> = (0..steps).map(|k| song[k * neurons + neuron]).collect();
            let played: Vec<f64> = (0..steps).map(|k| at(k, neuron)).collect();
            correlation(&taught, &played)
        };
        let mean = (0..neurons).map(pearson).sum::<f64>() / neurons as f64;
        if mean > best.correlation {
            let square = |place: usize| {
                let difference = (song[place] - at(place / neurons, place % neurons)) / full;
                difference * difference
            };
            let squared = (0..song.len()).map(square).sum::<f64>() / song.len() as f64;
            best = Match { correlation: mean, squared, lag_ms: lag };
        }
    }
    best
}

/// Pearson's coefficient; zero where one side does not change.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum =
        |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| f(a - ma, b - mb)).sum::<f64>();
    let (ab, aa, bb) = (sum(&|a, b| a * b), sum(&|a, _| a * a), sum(&|_, b| b * b));
    if aa > 0.0 && bb > 1e-9 { ab / (aa * bb).sqrt() } else { 0.0 }
}
