//! A network whose input becomes four times stronger: what stays of its output.
//!
//! Beside the rate: how irregular its trains are (CV, CV2 and Lv of intervals), how much counts vary (Fano
//! factor), how rates are distributed over neurons, and how it answers a modulation of its input.
//!
//! What was demanded before anything was measured: each of these changes less in the network that
//! sets its own gain than in the one whose gain is frozen. It cannot be said of CV, CV2, Lv, the Fano
//! factor and the standard deviation of rates: both networks fire like Poisson processes, whose
//! irregularity is the same at any rate, and neither moves beyond chance. They are printed, and nothing
//! is claimed of them.

use super::Claim;
use super::figure::{Curve, Panel, draw};
use super::fit::sine;
use super::runs::{NETWORK, Run, Trouble, mean_of};
use super::subjects::{BOTH, Shown, claim, course, seeded, words};
use saltatory::analysis::trains::{Trains, kolmogorov_smirnov, wasserstein};

/// The last 7 s before, during and after stronger input.
const PHASES: [(f64, f64); 3] = [(3.0, 10.0), (13.0, 20.0), (23.0, 30.0)];
/// The windows of the Fano factor, in s.
const WINDOW: f64 = 0.1;
/// The input of the second run has this period, in s, and this depth, in steps of so many ms.
const PERIOD: f64 = 0.5;
const DEPTH: f64 = 0.5;
const STEP_MS: u64 = 25;

/// Something that is measured of the output in a phase.
struct Measure {
    name: &'static str,
    /// Before, during and after, seed by seed, of the adaptive and of the frozen network.
    values: [[Vec<f64>; 3]; 2],
    kind: Kind,
}

/// What a number says.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Something that a Poisson process has at any rate.
    Irregularity,
    /// Something else of its own.
    Value,
    /// A distance from what was before.
    Distance,
}

impl Measure {
    /// What `of` gives for a run, the name of a population and a phase.
    fn of(
        name: &'static str,
        runs: &[Run],
        kind: Kind,
        of: impl Fn(&Run, &str, (f64, f64)) -> f64,
    ) -> Measure {
        let phase = |who: &str, phase| runs.iter().map(|run| of(run, who, phase)).collect();
        let values = BOTH.map(|who| PHASES.map(|times| phase(who, times)));
        Measure { name, values, kind }
    }

    /// How far a network's output is from before in the louder phase, seed by seed: as a share of it
    /// where it is no distance.
    fn changes(&self, who: usize) -> Vec<f64> {
        let [before, during, _] = &self.values[who];
        let change = |(during, before): (&f64, &f64)| match self.kind {
            Kind::Distance => *during,
            Kind::Irregularity | Kind::Value => (during / before - 1.0).abs(),
        };
        during.iter().zip(before).map(change).collect()
    }

    fn print(&self) {
        for (who, phases) in BOTH.iter().zip(&self.values) {
            let cell = |(place, values): (usize, &Vec<f64>)| match self.kind {
                Kind::Distance if place == 0 => String::new(),
                _ => words(values),
            };
            let cells: Vec<String> = phases.iter().enumerate().map(cell).collect();
            println!("| {who}: {} | {} |", self.name, cells.join(" | "));
        }
    }

    /// By how much it changes less in the adaptive network, seed by seed.
    fn nearer(&self) -> Vec<f64> {
        let (adaptive, frozen) = (self.changes(0), self.changes(1));
        frozen.iter().zip(&adaptive).map(|(f, a)| f - a).collect()
    }

    fn compare(&self) {
        let [adaptive, frozen] = [0, 1].map(|who| words(&self.changes(who)));
        let nearer = self.nearer();
        let seeds = nearer.iter().filter(|&&by| by > 0.0).count();
        println!("| {} | {adaptive} | {frozen} | {seeds} of {} |", self.name, nearer.len());
    }

    fn claim(&self) -> Claim {
        let demanded = format!("network: {} is nearer to before than if frozen, by", self.name);
        claim(&demanded, &self.nearer(), |by| by > 0.0)
    }
}

/// The distance between the distributions of rates in a phase and before.
fn apart(run: &Run, who: &str, (from, to): (f64, f64), of: fn(&[f64], &[f64]) -> f64) -> f64 {
    let before = run.trains(who, PHASES[0].0, PHASES[0].1);
    of(&run.trains(who, from, to).rates(), &before.rates())
}

/// The shipped network with an input that is modulated throughout.
fn modulated() -> String {
    let per_period = (PERIOD * 1e3) as u64 / STEP_MS;
    let steps = |from_s: u64, to_s: u64| {
        let step = move |k: u64| {
            let phase = 2.0 * std::f64::consts::PI * (k as f64 + 0.5) / per_period as f64;
            let at = from_s * 1000 + k * STEP_MS;
            format!("[\"{at} ms\", \"{:.4} Hz\"]", 10.0 * (1.0 + DEPTH * phase.sin()))
        };
        (0..(to_s - from_s) * 1000 / STEP_MS).map(step)
    };
    let silence = |at_s: u64| std::iter::once(format!("[\"{at_s} s\", \"0 Hz\"]"));
    let soft = steps(0, 10).chain(silence(10)).chain(steps(20, 30));
    let loud = steps(10, 20).chain(silence(20));
    let listed = |steps: Vec<String>| format!("[{}]", steps.join(", "));
    let text = NETWORK
        .replace(
            "[[\"0 ms\", \"10 Hz\"], [\"10 s\", \"0 Hz\"], [\"20 s\", \"10 Hz\"]]",
            &listed(soft.collect()),
        )
        .replace("[[\"10 s\", \"10 Hz\"], [\"20 s\", \"0 Hz\"]]", &listed(loud.collect()));
    assert!(!text.contains("\"10 Hz\""), "the shipped input is not what it was");
    text
}

/// The rate of a population in the mean over periods, in bins of a step.
fn folded(run: &Run, who: &str, (from, to): (f64, f64)) -> Vec<f64> {
    let width = STEP_MS as f64 / 1e3;
    let rates = run.rates(who, from, to, width);
    let periods: Vec<Vec<f64>> =
        rates.chunks((PERIOD / width).round() as usize).map(<[f64]>::to_vec).collect();
    mean_of(&periods)
}

/// Mean and amplitude of a population's answer to the modulation.
fn answer(run: &Run, who: &str, phase: (f64, f64)) -> (f64, f64) {
    let (mean, amplitude, _) = sine(&folded(run, who, phase), 1);
    (mean, amplitude)
}

/// A network whose input becomes four times stronger.
///
/// # Errors
/// What a run says.
pub fn network(seeds: u64) -> Result<Shown, Trouble> {
    let runs = seeded(seeds, NETWORK, &[])?;
    let waved = seeded(seeds, &modulated(), &[])?;
    let of = |name, of: fn(&Trains) -> f64| {
        let kind = Kind::Irregularity;
        Measure::of(name, &runs, kind, move |run, who, (from, to)| of(&run.trains(who, from, to)))
    };
    let rate = of("rate, Hz", Trains::rate);
    let measures = [
        of("CV of intervals", Trains::cv),
        of("CV2 of intervals", Trains::cv2),
        of("Lv of intervals", Trains::lv),
        of("Fano factor of counts in 100 ms", |trains| trains.fano(WINDOW)),
        of("standard deviation of rates over neurons, Hz", Trains::spread),
        Measure::of(
            "rates over neurons, Wasserstein distance, Hz",
            &runs,
            Kind::Distance,
            |run, who, phase| apart(run, who, phase, wasserstein),
        ),
        Measure::of(
            "rates over neurons, Kolmogorov-Smirnov distance",
            &runs,
            Kind::Distance,
            |run, who, phase| apart(run, who, phase, kolmogorov_smirnov),
        ),
        Measure::of("answer to modulation, Hz", &waved, Kind::Value, |run, who, phase| {
            answer(run, who, phase).1
        }),
        Measure::of(
            "answer to modulation, share of the rate",
            &waved,
            Kind::Value,
            |run, who, phase| {
                let (mean, amplitude) = answer(run, who, phase);
                amplitude / mean
            },
        ),
    ];
    println!(
        "\n`adaptation.toml`: means of {seeds} seeds, the last 7 s before, during and after.\n"
    );
    println!("| | before | four times stronger | after |\n|---|---|---|---|");
    rate.print();
    let spread = |run: &Run, who: &str, (from, to)| run.rate_and_spread(who, from, to).1;
    Measure::of("spread between neurons beyond chance, Hz", &runs, Kind::Value, spread).print();
    measures.iter().for_each(Measure::print);
    println!(
        "\nHow far each is from before while the input is stronger; where it is no distance, as a"
    );
    println!("share of what it was.\n");
    println!("| | adaptive | frozen | adaptive is nearer |\n|---|---|---|---|");
    measures.iter().for_each(Measure::compare);
    println!();

    let ratio = |who: usize, phase: usize| -> Vec<f64> {
        let phases = &rate.values[who];
        phases[phase].iter().zip(&phases[0]).map(|(now, before)| now / before).collect()
    };
    let same = |r: f64| (r - 1.0).abs() < 0.03;
    let mut claims = vec![
        claim("network, adaptive: rate during / before within 3 %", &ratio(0, 1), same),
        claim("network, adaptive: rate after / before within 3 %", &ratio(0, 2), same),
        claim("network, frozen: rate during / before at least 1.25", &ratio(1, 1), |r| r >= 1.25),
    ];
    let told = measures.iter().filter(|measure| measure.kind != Kind::Irregularity);
    claims.extend(told.map(Measure::claim));

    let heading = "Setting its own gain a network keeps its rates and its answers";
    let svg = draw(heading, &[over_time(&runs), over_neurons(&runs), over_a_period(&waved)]);
    Ok((vec![("adaptation_network.svg", svg)], claims))
}

fn over_time(runs: &[Run]) -> Panel {
    let curve = |(colour, name): (usize, &'static str)| {
        let points = course(runs, name, (0.0, 30.0), 0.25);
        Curve { name, colour, points, dots: false }
    };
    Panel {
        title: "input four times stronger from 10 to 20 s",
        x: "time (s)",
        y: "rate (Hz)",
        logarithmic: false,
        low: Some(15.0),
        curves: BOTH.into_iter().enumerate().map(curve).collect(),
    }
}

/// Curves of both networks, thin before and thick while the input is stronger.
fn thin_and_thick(of: impl Fn(&str, (f64, f64)) -> Vec<(f64, f64)>) -> Vec<Curve> {
    let curve = |place: usize| {
        let (colour, phase) = (place / 2, place % 2);
        let name = if phase == 0 { "" } else { BOTH[colour] };
        let points = of(BOTH[colour], PHASES[phase]);
        Curve { name, colour, points, dots: false }
    };
    (0..4).map(curve).collect()
}

fn over_neurons(runs: &[Run]) -> Panel {
    let shares = |who: &str, (from, to): (f64, f64)| {
        let all = runs.iter().flat_map(|run| run.trains(who, from, to).rates());
        let mut rates: Vec<f64> = all.collect();
        rates.sort_by(f64::total_cmp);
        let n = rates.len() as f64;
        rates.into_iter().enumerate().map(|(k, rate)| (rate, (k as f64 + 0.5) / n)).collect()
    };
    Panel {
        title: "neurons that fire no faster; thin: before",
        x: "rate over 7 s (Hz)",
        y: "share of neurons",
        logarithmic: false,
        low: Some(0.0),
        curves: thin_and_thick(shares),
    }
}

fn over_a_period(waved: &[Run]) -> Panel {
    let width = STEP_MS as f64;
    let fold = |who: &str, phase| {
        let all: Vec<Vec<f64>> = waved.iter().map(|run| folded(run, who, phase)).collect();
        let points = mean_of(&all).into_iter().enumerate();
        points.map(|(k, rate)| (width * (k as f64 + 0.5), rate)).collect()
    };
    Panel {
        title: "input modulated by half; thin: before",
        x: "time in a period (ms)",
        y: "rate (Hz)",
        logarithmic: false,
        low: None,
        curves: thin_and_thick(fold),
    }
}
