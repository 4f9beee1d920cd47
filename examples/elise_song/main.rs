//! The song that a network learns and plays from memory, beside the song that it was taught.
//!
//! ```text
//! cargo run --release --example elise_song CASE [SEEDS] [FIGURE.svg] [SONG.mid]
//! ```
//!
//! Runs `scenarios/elise.toml`, or a variant of it, at the seeds 1 to SEEDS, or FROM-TO, and prints for cycles
//! of the replay how well the rates of the visible neurons correlate with what was taught: the mean
//! over neurons of Pearson's coefficient, at the best of all circular lags within a period, and in brackets
//! the mean squared difference there and the lag. Cycles 0 to 2 are the last with the teacher. The figure is
//! the piano roll of the first seed, the MIDI file what it plays from memory. Cases whose names begin with
//! `rate` are run without spikes (`saltatory::reference::rates`). Without a case their names are printed.

mod compare;
mod midi;
mod rate;
mod roll;

use compare::{at_lag, compare, drift};
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
    // The visible neurons are held at rest from 90 to 150 ms of cycle 60, when the rest has been measured.
    (
        "song",
        &[
            "duration=1016 s",
            "teacher.0.phases=[[\"0 s\", \"teach\"], [\"1000 s\", \"free\"], \
               [\"1014.34 s\", \"clamp\"], [\"1014.4 s\", \"free\"]]",
        ],
    ),
    ("latents_100", &["population.latent.size=100"]),
    ("latents_30", &["population.latent.size=30"]),
    ("latents_20", &["population.latent.size=20"]),
    ("latents_10", &["population.latent.size=10"]),
    ("frozen_latents", &["projection.3.plasticity.eta=0 mV", "projection.5.plasticity.eta=0 mV"]),
    ("no_scaffold", &["projection.0.weight=0", "projection.1.weight=0"]),
    (
        "prompt_inhibition",
        &["population.visible.params.t_follow=0 ms", "population.latent.params.t_follow=0 ms"],
    ),
    // Likewise in cycle 4, the second free one.
    (
        "disrupted",
        &["teacher.0.phases=[[\"0 s\", \"teach\"], [\"1000 s\", \"free\"], \
           [\"1000.34 s\", \"clamp\"], [\"1000.4 s\", \"free\"]]"],
    ),
    // All of cycle 4.
    (
        "disrupted_wholly",
        &["teacher.0.phases=[[\"0 s\", \"teach\"], [\"1000 s\", \"free\"], \
           [\"1000.25 s\", \"clamp\"], [\"1000.5 s\", \"free\"]]"],
    ),
    (
        "untrained",
        &[
            "duration=3 s",
            "teacher.0.phases=[[\"0 s\", \"teach\"], [\"0.75 s\", \"free\"]]",
            "record.state.0.start=0 s",
        ],
    ),
    ("few_spikes", FEW_SPIKES),
    ("few_spikes_100", FEW_SPIKES),
];

/// 1 kHz in the place of 5.
const FEW_SPIKES: &[&str] = &[
    "population.visible.params.rho=1 kHz",
    "population.latent.params.rho=1 kHz",
    "projection.2.plasticity.rho=1 kHz",
    "projection.3.plasticity.rho=1 kHz",
    "projection.4.plasticity.rho=1 kHz",
    "projection.5.plasticity.rho=1 kHz",
];

/// The cycles that are reported.
const CYCLES: [usize; 12] = [2, 5, 6, 8, 10, 20, 58, 61, 62, 63, 65, 98];

/// The first cycle without a teacher.
const FREE_FROM: usize = 3;

/// Where the first seed's results go.
#[derive(Default)]
struct Files {
    figure: Option<String>,
    song: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(case) = arguments.next() else {
        let names = CASES.iter().map(|(name, _)| *name).chain(rate::CASES.iter().copied());
        println!("cases: {}", names.collect::<Vec<_>>().join(", "));
        return Ok(());
    };
    let seeds = arguments.next().unwrap_or("1".into());
    let (first, last) = match seeds.split_once('-') {
        Some((first, last)) => (first.parse::<u64>()?, last.parse::<u64>()?),
        None => (1, seeds.parse()?),
    };
    let files = Files { figure: arguments.next(), song: arguments.next() };
    for seed in first..=last {
        let files = if seed == first { &files } else { &Files::default() };
        if case.starts_with("rate") {
            rate::run(&case, seed)?;
        } else {
            spiking(&case, seed, files)?;
        }
    }
    Ok(())
}

/// Runs a case with spikes.
fn spiking(case: &str, seed: u64, files: &Files) -> Result<(), Box<dyn Error>> {
    let known = CASES.iter().find(|(name, _)| *name == case);
    let (_, changes) = known.ok_or_else(|| format!("there is no case {case:?}"))?;
    let scenario = read(case, changes, seed)?;
    let neurons = scenario.populations[0].size as usize;
    let full = full_rate(&scenario);
    let song = song(&scenario);
    let start = Instant::now();
    let outcome = run(&scenario)?;
    let seconds = start.elapsed().as_secs_f64();
    let replay: Vec<f64> = outcome.traces[0].values.iter().map(|rate| rate / full).collect();
    report(case, seed, &song, &replay, neurons);
    let events = outcome.counts.synaptic_events as f64;
    println!(
        "  {:.0} Hz visible, {:.0} Hz latent; {events:.2e} synaptic events in {seconds:.0} s, {:.1} million a second",
        outcome.populations[0].rate_hz,
        outcome.populations[1].rate_hz,
        events / seconds / 1e6,
    );
    if let Some(path) = &files.figure {
        std::fs::write(path, roll::figure(&song, &replay, neurons))?;
    }
    if let Some(path) = &files.song {
        let loudest = song.iter().copied().fold(0.0, f64::max);
        let free = &replay[(FREE_FROM * song.len()).min(replay.len())..];
        let four = &free[..free.len().min(4 * song.len())];
        std::fs::write(path, midi::file(four, neurons, loudest))?;
    }
    Ok(())
}

fn read(case: &str, changes: &[&str], seed: u64) -> Result<Scenario, Box<dyn Error>> {
    let path = Path::new("scenarios/elise.toml");
    let text = std::fs::read_to_string(path)?;
    let mut overrides: Vec<Override> = changes.iter().map(|&change| change.into()).collect();
    if case == "few_spikes_100" {
        overrides.push("population.latent.size=100".into());
    }
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

/// The rates that are taught as shares of the full rate, millisecond by millisecond, neuron by neuron.
fn song(scenario: &Scenario) -> Vec<f64> {
    let teacher = &scenario.teachers[0];
    let neurons = scenario.populations[teacher.population].size;
    let steps = 0..(teacher.period().ms() / teacher.step.ms()) as i64;
    let rate =
        |step, neuron| 1.0 / (1.0 + (0.3 * (-58.0 - potential(teacher, neuron, step))).exp());
    steps.flat_map(|step| (0..neurons).map(move |neuron| rate(step, neuron))).collect()
}

/// The full rate of the visible neurons, in Hz.
fn full_rate(scenario: &Scenario) -> f64 {
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

/// Prints how the cycles of a replay match the song.
fn report(case: &str, seed: u64, song: &[f64], replay: &[f64], neurons: usize) {
    print!("{case} seed {seed}:");
    let cycles: Vec<_> =
        replay.chunks_exact(song.len()).map(|cycle| compare(song, cycle, neurons)).collect();
    for cycle in CYCLES {
        let Some(found) = cycles.get(cycle) else { continue };
        print!(" c{cycle} {:.3} ({:.4}, {} ms)", found.correlation, found.squared, found.lag_ms);
    }
    if case == "untrained" {
        let free = replay.chunks_exact(song.len()).skip(FREE_FROM);
        let in_phase: Vec<f64> =
            free.map(|cycle| at_lag(song, cycle, neurons, 0).correlation).collect();
        print!("; in phase {in_phase:.3?}");
    }
    // Before anything is disturbed late.
    let lags: Vec<usize> = cycles.iter().take(59).skip(5).map(|found| found.lag_ms).collect();
    if lags.len() > 1 {
        print!("; drift {:.2} ms a cycle", drift(&lags, song.len() / neurons));
    }
    println!();
}
