//! Neurons that set their own gain, in a network whose input becomes four times stronger.
//!
//! Promise: with a controller the rate stays what it was; without one it rises, and neurons lose what
//! told them apart. The distribution of rates over neurons stays nearer to what it was with one, too. And a neuron answers a step of its drive at first like one that is frozen, then
//! comes back. Method: the shipped scenario `adaptation`, both networks side by side. The numbers
//! stand in `docs/reproductions.md`.

use crate::program::scenarios;
use saltatory::analysis::trains::{Trains, kolmogorov_smirnov, wasserstein};
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
    rates_are_nearer_to_before(&adaptive, &frozen);
}

/// Where the gain follows the drive, the distribution of rates changes less than where it is frozen.
/// How irregular trains are tells the networks not apart: both fire like Poisson processes.
fn rates_are_nearer_to_before(adaptive: &[(f64, usize)], frozen: &[(f64, usize)]) {
    let phases = |all: &[(f64, usize)]| {
        [(3.0, 10.0), (13.0, 20.0)]
            .map(|(from, to)| Trains::new(CELLS, all.iter().copied(), from, to))
    };
    let (adaptive, frozen) = (phases(adaptive), phases(frozen));
    let nearer = |name: &str, of: fn(&[f64], &[f64]) -> f64| {
        let apart = |[before, during]: &[Trains; 2]| of(&during.rates(), &before.rates());
        let (adaptive, frozen) = (apart(&adaptive), apart(&frozen));
        println!("{name}: rates {adaptive:.3} apart, {frozen:.3} if frozen");
        assert!(adaptive < 0.5 * frozen, "{name}: {adaptive} {frozen}");
    };
    nearer("Kolmogorov-Smirnov", kolmogorov_smirnov);
    nearer("Wasserstein", wasserstein);
}

/// The spikes of one population of 20 neurons at noise.
fn noisy(model: &str, params: &str) -> Vec<(u64, u32)> {
    let (up, down) =
        if model.contains("delta") { ("1.5 mV", "-1.5 mV") } else { ("90 pA", "-90 pA") };
    let text = format!(
        "seed = 3\nduration = \"1 s\"\n[population.cells]\nmodel = \"{model}\"\nsize = 20\n\
         params = {{ i_e = \"300 pA\", {params} }}\n\
         [[background]]\ntarget = \"cells\"\nrate = \"1 kHz\"\nweight = \"{up}\"\n\
         [[background]]\ntarget = \"cells\"\nrate = \"1 kHz\"\nweight = \"{down}\"\n"
    );
    let scenario = scenario::parse(&Source::new("noisy.toml", text), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{problems}"));
    let network = network::build(&scenario, 1, 1, None).expect("a small network");
    let outcome =
        engine::run(&scenario, &network, Options::threads(1), &|_| Control::Continue).unwrap();
    outcome.spikes.iter().map(|spike| (spike.tick.0, spike.neuron.0)).collect()
}

/// A gain of two is half the way to the threshold, and one of one is none, for each neuron and with
/// either controller; what the controller hears does not matter as long as it says nothing.
#[test]
fn a_gain_divides_the_threshold() {
    for neuron in ["lif_delta", "lif_exp", "glif"] {
        for (gain, threshold) in [("1", "-55 mV"), ("2", "-62.5 mV")] {
            let plain = noisy(neuron, &format!("v_th = \"{threshold}\""));
            assert!(plain.len() > 50, "{neuron}: {}", plain.len());
            for controller in ["adaptive", "aru"] {
                let gained = noisy(&format!("{controller}_{neuron}"), &format!("gain = {gain}"));
                assert!(gained == plain, "{controller}_{neuron} {gain}: {}", gained.len());
            }
        }
    }
}

/// A unit that reads the drive lowers the gain and with it the rate; the sign of its effect decides.
#[test]
fn a_controller_lowers_and_raises_the_rate() {
    for neuron in ["lif_delta", "lif_exp", "glif"] {
        let with = |effect: &str| {
            let bank = format!("unit_1_trace_4 = 2, unit_1_gain = {effect}");
            let network = format!("weights = {{ values = [2, 0, {effect}, 0, 0] }}");
            let [bank, network] = [("adaptive", bank), ("aru", network)]
                .map(|(kind, params)| noisy(&format!("{kind}_{neuron}"), &params).len());
            (bank, network)
        };
        let (lower, none, higher) = (with("-0.4"), with("0"), with("0.4"));
        assert!(lower.0 < none.0 && none.0 < higher.0, "{neuron}: {lower:?} {none:?} {higher:?}");
        assert!(lower.1 < none.1 && none.1 < higher.1, "{neuron}: {lower:?} {none:?} {higher:?}");
    }
}

/// All problems of a list and of a gain at once.
#[test]
fn a_wrong_controller_is_refused() {
    let text = "duration = \"1 s\"\n[population.a]\nmodel = \"aru_lif_exp\"\nsize = 1\n\
                params = { weights = { values = [1, 2, 3] }, tick = \"0.1 us\", v_reset = \"-60 mV\" }\n\
                [population.b]\nmodel = \"aru_gamma_rate\"\nsize = 1\nparams = { weights = 3 }\n\
                [population.c]\nmodel = \"aru_gamma_rate\"\nsize = 1\n\
                params = { weights = { file = \"none.csv\" } }\n";
    let problems = scenario::parse(&Source::new("bad.toml", text.to_string()), &NoFiles, &[])
        .expect_err("nothing about it is right")
        .to_string();
    for word in ["3 weights", "tick (0.0001 ms)", "v_reset (-60 mV)", "weights", "none.csv"] {
        assert!(problems.contains(word), "{word} is missing in {problems}");
    }
}
