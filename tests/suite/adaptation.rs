//! Neurons that set their own gain, in a network whose input becomes four times stronger.
//!
//! Promise: with a controller the rate stays what it was; without one it rises, and neurons lose what
//! told them apart. And a neuron answers a step of its drive at first like one that is frozen, then
//! comes back. Method: the shipped scenario `adaptation`, both networks side by side. The numbers
//! stand in `docs/reproductions.md`.

use crate::program::scenarios;
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::scenario::{self, NoFiles, Scenario, Source};

fn shipped() -> Scenario {
    let path = scenarios().join("adaptation.toml");
    let text = std::fs::read_to_string(path).expect("shipped");
    scenario::parse(&Source::new("adaptation.toml", text), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{problems}"))
}

const CELLS: usize = 100;

/// Times in s and numbers of a population's spikes; the first neuron's number is `first`.
fn spikes(outcome: &Outcome, first: usize) -> Vec<(f64, usize)> {
    let all = outcome.spikes.iter().map(|spike| (spike.tick.s(), spike.neuron.0 as usize));
    let own = all.filter(|(_, neuron)| (first..first + CELLS).contains(neuron));
    own.map(|(at, neuron)| (at, neuron - first)).collect()
}

/// The mean rate of a neuron between two times, and the standard deviation between neurons beyond
/// what counts of one rate would show, both in Hz.
fn rate_and_spread(spikes: &[(f64, usize)], from: f64, to: f64) -> (f64, f64) {
    let mut counts = [0.0; CELLS];
    for (_, neuron) in spikes.iter().filter(|(at, _)| (from..to).contains(at)) {
        counts[*neuron] += 1.0;
    }
    let n = CELLS as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    (mean / (to - from), (variance - mean).max(0.0).sqrt() / (to - from))
}

#[test]
fn with_a_controller_a_network_keeps_its_rate() {
    let scenario = shipped();
    let network = network::build(&scenario, 1, 1, None).expect("a small network");
    let outcome =
        engine::run(&scenario, &network, Options::threads(1), &|_| Control::Continue).unwrap();
    let (adaptive, frozen) = (spikes(&outcome, 200), spikes(&outcome, 300));
    let phases = [(3.0, 10.0), (13.0, 20.0), (23.0, 30.0)];
    let of = |all| phases.map(|(from, to)| rate_and_spread(all, from, to));
    let (of_adaptive, of_frozen) = (of(&adaptive), of(&frozen));
    println!("rate and spread: adaptive {of_adaptive:?}, frozen {of_frozen:?}");
    let at_once = |all, from| rate_and_spread(all, from, from + 0.1).0;
    let onset = [at_once(&adaptive, 10.0), at_once(&frozen, 10.0), at_once(&adaptive, 20.0)];
    println!("in 100 ms after a step: adaptive up, frozen up, adaptive down {onset:?}");

    let [(soft, _), (loud, _), (again, _)] = of_adaptive;
    let same = |rate: f64| (rate / soft - 1.0).abs() < 0.03;
    assert!(same(loud) && same(again), "{of_adaptive:?}");
    let [(soft, spread), (loud, spread_loud), (again, _)] = of_frozen;
    assert!(loud > 1.25 * soft && (again / soft - 1.0).abs() < 0.03, "{of_frozen:?}");
    assert!(spread > 2.0 * spread_loud, "{of_frozen:?}");
    // At first the step shows in full, and coming down it shows the other way round.
    assert!(onset[0] > 0.9 * onset[1] && onset[2] < 0.95 * again, "{onset:?}");
}
