//! The constrained plasticity reserve, in small.
//!
//! Promise: a neuron whose growth is paid from a reserve keeps its rate while its input becomes eight
//! times stronger, comes back when it becomes weaker, gives correlated inputs more weight and loud
//! ones less, and stays finite where it cannot win. Method: the shipped scenarios, cut to a few
//! hundred seconds, with the bands of `docs/reproductions.md` widened to what so short a time
//! allows, each beside a control that must fail. The claims themselves, at full length and at
//! five seeds, are judged by `cargo run --release --example reserve_claims`; those about accounts and
//! deferred growth (1 and 2) are quick enough to be judged here, too, by the same code.

#[path = "../../examples/reserve_claims/alone.rs"]
mod alone;

use crate::program::scenarios;
use saltatory::base::PopulationId;
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::scenario::{self, NoFiles, Override, Scenario, Source};

/// A shipped scenario with changes.
fn scenario(name: &str, changes: &[&str]) -> Scenario {
    let path = scenarios().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(path).expect("shipped");
    let changes: Vec<Override> = changes.iter().map(|&change| change.into()).collect();
    scenario::parse(&Source::new(name, text), &NoFiles, &changes)
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn run(scenario: &Scenario) -> Outcome {
    let network = network::build(scenario, 1, 1, None).expect("a small network");
    engine::run(scenario, &network, Options::threads(1), &|_| Control::Continue).expect("a run")
}

/// Spikes a second between two times.
fn rate(outcome: &Outcome, from: f64, to: f64) -> f64 {
    let inside = outcome.spikes.iter().filter(|spike| (from..to).contains(&spike.tick.s()));
    inside.count() as f64 / (to - from)
}

/// The mean weights of both halves of the inputs at the last time of sampling.
fn halves(outcome: &Outcome) -> [f64; 2] {
    let samples = &outcome.weights.as_ref().expect("they are recorded").samples;
    let last = &samples.weight[samples.weight.len() - 100..];
    let mean = |half: &[f32]| half.iter().map(|&w| f64::from(w)).sum::<f64>() / 50.0;
    [mean(&last[..50]), mean(&last[50..])]
}

/// Claims 3 and 4: 10 to 80 Hz and back, 80 s each.
const STEPS: [&str; 4] = [
    "duration=240 s",
    "population.inputs.params.rate.steps.1=[\"80 s\", \"80 Hz\"]",
    "population.inputs.params.rate.steps.2=[\"160 s\", \"10 Hz\"]",
    "population.inputs.params.rate.steps.3.0=1100 s",
];

#[test]
fn the_rate_is_kept_and_comes_back() {
    let outcome = run(&scenario("reserve_intensity", &STEPS));
    let rates = [(40.0, 80.0), (120.0, 160.0), (220.0, 240.0)].map(|(a, b)| rate(&outcome, a, b));
    assert!(rates.iter().all(|rate| (rate / 10.0 - 1.0).abs() < 0.15), "{rates:?}");

    let mut frozen = scenario("reserve_intensity", &STEPS);
    frozen.set_plasticity(0, "{ rule = 'fixed' }").unwrap();
    let outcome = run(&frozen);
    let (quiet, loud) = (rate(&outcome, 40.0, 80.0), rate(&outcome, 120.0, 160.0));
    assert!(loud > 15.0 * quiet && quiet > 1.0, "without plasticity {quiet} and {loud} Hz");

    let growth = [&STEPS[..], &["projection.0.plasticity.growth=0 mV"]].concat();
    let silent = rate(&run(&scenario("reserve_intensity", &growth)), 200.0, 240.0);
    assert!(silent < 0.1, "without growth {silent} Hz");
}

#[test]
fn correlated_inputs_gain_weight_among_noise() {
    let changes = [
        "duration=240 s",
        "population.together.params.rate.steps.0.0=0 s",
        "background.0.rate.steps.0.1=0 Hz",
        "background.1.rate.steps.0.1=40 Hz",
    ];
    let outcome = run(&scenario("reserve_correlated", &changes));
    let [together, noisy] = halves(&outcome);
    assert!(together > 1.5 * noisy, "{together} and {noisy} mV");
    assert!((rate(&outcome, 120.0, 240.0) - 10.0).abs() < 1.0);
}

#[test]
fn loud_inputs_lose_weight() {
    let changes = ["duration=240 s", "background.0.rate.steps.0.1=80 Hz"];
    let outcome = run(&scenario("reserve_intense_half", &changes));
    let [loud, quiet] = halves(&outcome);
    assert!(quiet > 1.3 * loud, "{quiet} and {loud} mV");
    assert!((rate(&outcome, 120.0, 240.0) - 10.0).abs() < 1.0);
}

#[test]
fn where_noise_alone_is_too_much_weights_vanish_and_the_rate_is_that_of_the_noise() {
    let changes = ["duration=150 s"];
    let mut noisy = scenario("reserve_intensity", &changes);
    noisy.background(PopulationId(1), "1 kHz", "1.2 mV").unwrap();
    let outcome = run(&noisy);
    let [first, second] = halves(&outcome);
    assert!(50.0 * (first + second) < 0.5, "{first} and {second} mV are left");
    let mut alone = scenario("reserve_intensity", &changes);
    alone.background(PopulationId(1), "1 kHz", "1.2 mV").unwrap();
    alone.set(PopulationId(0), "rate", "0 Hz").unwrap();
    let (with, without) = (rate(&outcome, 75.0, 150.0), rate(&run(&alone), 75.0, 150.0));
    assert!((with / without - 1.0).abs() < 0.05 && without > 20.0, "{with} and {without} Hz");
}

#[test]
fn the_set_point_is_reached() {
    for target in [5.0, 40.0] {
        let change = format!("projection.0.plasticity.rate={target} Hz");
        let changes = ["duration=150 s", "population.inputs.params.rate=20 Hz", &change];
        let found = rate(&run(&scenario("reserve_intensity", &changes)), 75.0, 150.0);
        assert!((found / target - 1.0).abs() < 0.05, "{found} Hz where {target} Hz are wanted");
    }
}

/// Promise: a neuron whose weights grow when they are needed fires exactly when one does whose weights
/// are all written at each of its spikes.
#[test]
fn deferred_growth_is_eager_growth_in_a_neuron_that_it_drives() {
    let found = alone::deferred(7);
    assert!(found.spikes > 2_000, "{} spikes", found.spikes);
    assert_eq!(found.apart, 0, "of {} spikes", found.spikes);
    assert!(found.difference < 1e-12, "weights differ by {} mV", found.difference);
}

/// Promise: whatever the input, no weight and no reserve is negative, no weight is used beyond its
/// bound, nothing appears or vanishes but what is supplied and lost, and growth never exceeds reserve
/// and supply.
#[test]
fn the_accounts_of_a_reserve_are_kept() {
    let found = alone::accounts(7);
    assert!(found.error < 1e-9, "relative error {:e}", found.error);
    assert!(found.overdraft <= 1e-9, "{} mV beyond what is allowed", found.overdraft);
    let [least, most] = found.used;
    assert!(0.0 <= least && most <= alone::W_MAX, "weights of {least} to {most} mV were used");
    let [least, most] = found.reserve;
    assert!(0.0 <= least && most <= alone::RESERVE_MAX, "reserves of {least} to {most} mV");
    // Weights grew, and the reserve was empty at times, so something was tested.
    let grew = found.grew;
    assert!(grew > 0.3 && least < 0.1, "{grew} of what is allowed, {least} mV left");
}
