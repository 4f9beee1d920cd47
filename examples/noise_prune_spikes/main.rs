//! Spiking networks that probe themselves with the noise of their own spikes and are pruned: one table,
//! one figure.
//!
//! ```text
//! cargo run --release --example noise_prune_spikes -- [FIGURE.svg [SEEDS [CLAIM...]]]
//! ```
//!
//! With names of claims (`B-1`, `B-8`, `B-12`), only those; the figure comes with B-8.
//!
//! Each network is a population of `hawkes` neurons. It runs with the rule `noise_prune` on all of its
//! synapses until the rule has decided; what is left runs on as a network of its own, is measured, and
//! probes itself again. Two controls differ in the rule's `policy` only; the third sees the covariance of its
//! spikes with the pairs exchanged at random, so the rule's formula is applied to it outside of the engine. So that a row keeps its sum
//! (`row_sum`), each neuron has a synapse with itself: it carries what its leak differs from that of
//! the traces, before pruning and after it.
//!
//! Each line of the table names a claim, says what must hold and what was found. The exit code is 1
//! if one does not hold. What the claims are, and where they come from: docs/reproductions.md.

mod figure;
mod spiking;

use saltatory::analysis::network::{clustered, is_bridge, shuffled};
use saltatory::analysis::prune::{beside, entries};
use saltatory::analysis::spectrum::{symmetric_eigenvalues, symmetric_modes};
use saltatory::analysis::spikes::correlation;
use saltatory::analysis::{
    Diagonal, Matrix, Policy, Pruning, covariance, generalised_eigenvalues, leverage_sum,
    probabilities, prune,
};
use spiking::{Run, Spiking};
use std::process::ExitCode;

/// What decides, in the order of tables and figure; the words of the rule's `policy`.
pub const WAYS: [(&str, Policy, &str); 4] = [
    ("noise-prune", Policy::Noise, "noise"),
    ("weights", Policy::Weight, "weight"),
    ("uniform", Policy::Uniform, "uniform"),
    ("shuffled", Policy::Noise, "noise"),
];
/// The way that prunes by the covariance of its spikes after it was shuffled among the pairs.
const SHUFFLED: usize = 3;
/// The shares that are kept, each of the whole network; each network is made from the one before.
pub const KEEPS: [f64; 2] = [0.2, 0.1];
/// So many modes count as slow.
pub const SLOW: usize = 10;

/// The rate of every neuron of the clustered network, beside its fastest leak of 50 a second.
const RATE_HZ: f64 = 150.0;
/// How long a network is measured and probed.
const PROBE_MS: f64 = 60_000.0;
/// Controls do not depend on what they see.
const GLANCE_MS: f64 = 500.0;

/// What is left of a network at one share, beside the whole one.
#[derive(Clone)]
pub struct Left {
    /// The share of synapses kept.
    pub share: f64,
    /// Range of generalised eigenvalues.
    pub range: [f64; 2],
    /// The same where the rule has the covariance of the theory in the place of the spikes'.
    pub range_of_theory: [f64; 2],
    /// Rates of the slowest modes, new / old.
    pub slow: Vec<f64>,
    /// The mean rate, new / old, and the deviation of neurons' rates from it, relative.
    pub rate: [f64; 2],
    /// Covariance from spikes beside that of the whole network from spikes: relative error.
    pub covariance: f64,
    /// The variance from spikes along each slow mode of the whole network, new / old.
    pub variances: Vec<f64>,
}

/// One network: how well its own spikes tell its covariance, and what is left in each way at each share.
pub struct Pruned {
    /// Relative error of the covariance from spikes, against the theory.
    pub told: f64,
    /// By way, by share.
    pub left: Vec<Vec<Left>>,
}

pub fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let all: Vec<f64> = values.into_iter().collect();
    all.iter().sum::<f64>() / all.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let centre = mean(values.iter().copied());
    mean(values.iter().map(|v| (v - centre) * (v - centre))).sqrt()
}

/// Entries below the diagonal.
fn pairs(a: &Matrix) -> f64 {
    entries(a) as f64 / 2.0
}

/// The rule's `kappa` with which about this share of the pairs is kept.
fn kappa(a: &Matrix, policy: Policy, share: f64, leverages: f64) -> f64 {
    let n = a.nrows();
    let strengths = (0..n).map(|i| beside(a, i)).sum::<f64>() / 2.0;
    match policy {
        Policy::Weight => share * pairs(a) / strengths,
        Policy::Uniform => share,
        _ => share * pairs(a) / leverages,
    }
}

/// The matrix of what is left, with the diagonal that keeps the sums of rows.
fn with_leaks(whole: &Matrix, mut left: Matrix) -> Matrix {
    for i in 0..whole.nrows() {
        left[(i, i)] = whole[(i, i)] + beside(whole, i) - beside(&left, i);
    }
    left
}

/// Prunes a network by a spiking run of it, and with the covariance of the theory: both matrices.
fn prune_by(spiking: &Spiking, way: usize, share: f64, run_ms: f64) -> (Run, Matrix, Matrix) {
    let (_, policy, word) = WAYS[way];
    let a = &spiking.a;
    let exact = covariance(a, &vec![spiking.rate; a.nrows()]).expect("the networks are stable");
    let leverages = leverage_sum(a, &exact, spiking.rate);
    let pruning = Pruning { policy, diagonal: Diagonal::RowSum, keep: share, seed: spiking.seed };
    let (run, left) = if way == SHUFFLED {
        let run = spiking.run(run_ms, None);
        let seen = shuffled(&run.covariance, spiking.seed);
        (run, prune(a, &probabilities(a, &seen, &pruning), &pruning))
    } else {
        let run = spiking.run(run_ms, Some((word, kappa(a, policy, share, leverages))));
        let left = with_leaks(a, run.left.clone());
        (run, left)
    };
    let by_theory = prune(a, &probabilities(a, &exact, &pruning), &pruning);
    (run, left, by_theory)
}

/// Follows one clustered network down to each share in each way.
fn follow(seed: u64) -> Pruned {
    let mut a = clustered(&[125, 25, 100], 625, seed);
    // A neuron that a control leaves without any synapse must have some leak.
    a.set_diagonal(&(a.diagonal() * 1.01));
    let fastest = (0..250).map(|i| -a[(i, i)]).fold(0.0, f64::max);
    let whole = Spiking::new(a * (0.05 / fastest), RATE_HZ, seed);
    let exact = covariance(&whole.a, &[whole.rate; 250]).expect("the network is stable");
    let (run, first, first_by_theory) = prune_by(&whole, 0, KEEPS[0], PROBE_MS);
    let seen = run.covariance.clone();
    let (values, vectors) = symmetric_modes(&whole.a);
    let slow: Vec<usize> = (250 - SLOW..250).rev().collect();
    let mut all = Vec::new();
    for way in 0..WAYS.len() {
        let mut by_share = Vec::new();
        let mut next = match way {
            0 => (first.clone(), first_by_theory.clone()),
            _ => {
                let ms = if way == SHUFFLED { PROBE_MS } else { GLANCE_MS };
                let (_, left, by_theory) = prune_by(&whole, way, KEEPS[0], ms);
                (left, by_theory)
            }
        };
        for (place, keep) in KEEPS.iter().enumerate() {
            let (left, by_theory) = next.clone();
            // Draws belong to a pair and a seed, and those of this seed have been made.
            let again = seed + 1000 * (place as u64 + 1);
            let spiking = Spiking::new(left.clone(), RATE_HZ, again);
            // Measured while it probes itself for the next share.
            let run = match KEEPS.get(place + 1) {
                Some(share) => {
                    let (run, deeper, by_theory) = prune_by(&spiking, way, share / keep, PROBE_MS);
                    next = (deeper, by_theory);
                    run
                }
                None => spiking.run(PROBE_MS, None),
            };
            let found = symmetric_eigenvalues(&left);
            let along = |c: &Matrix, mode: usize| {
                let v = vectors.column(mode);
                v.dot(&(c * v))
            };
            by_share.push(Left {
                share: entries(&left) as f64 / entries(&whole.a) as f64,
                range: generalised_eigenvalues(&left, &whole.a).expect("it is stable"),
                range_of_theory: generalised_eigenvalues(&by_theory, &whole.a).expect("stable"),
                slow: slow.iter().map(|&mode| found[mode] / values[mode]).collect(),
                rate: {
                    let centre = mean(run.rates.iter().copied());
                    [centre / RATE_HZ, deviation(&run.rates) / centre]
                },
                covariance: (&run.covariance - &seen).norm() / seen.norm(),
                variances: slow
                    .iter()
                    .map(|&mode| along(&run.covariance, mode) / along(&seen, mode))
                    .collect(),
            });
        }
        all.push(by_share);
    }
    let told = (&seen - &exact).norm() / exact.norm();
    Pruned { told, left: all }
}

/// One claim, in words and numbers.
struct Line {
    claim: &'static str,
    what: String,
    found: String,
    holds: bool,
}

/// What is left of clustered networks.
fn survival(networks: &[Pruned], lines: &mut Vec<Line>) {
    for (place, keep) in KEEPS.iter().enumerate() {
        let of = |way: usize, what: fn(&Left) -> f64| -> f64 {
            mean(networks.iter().map(|network| what(&network.left[way][place])))
        };
        let each = |what: fn(&Left) -> f64, digits: usize| {
            let found: Vec<String> = WAYS
                .iter()
                .enumerate()
                .map(|(way, (name, ..))| format!("{name} {:.digits$}", of(way, what)))
                .collect();
            found.join(", ")
        };
        let percent = 100.0 * keep;
        let width = |left: &Left| left.range[1] - left.range[0];
        let by_theory = |left: &Left| left.range_of_theory[1] - left.range_of_theory[0];
        let moved = |left: &Left| mean(left.slow.iter().map(|ratio| (ratio - 1.0).abs()));
        let slowest = |left: &Left| left.slow[0];
        let varied = |left: &Left| mean(left.variances.iter().map(|ratio| (ratio - 1.0).abs()));
        let rate = |left: &Left| left.rate[0];
        let mut add = |what: String, found: String, holds: bool| {
            lines.push(Line { claim: "B-8", what, found, holds });
        };
        add(
            format!("keep {percent:.0} %: share of the synapses left"),
            each(|left| left.share, 3),
            (of(0, |left| left.share) / keep - 1.0).abs() < 0.1,
        );
        add(
            format!("keep {percent:.0} %: mean rate, new / old; within 5 %"),
            each(rate, 3),
            (of(0, rate) - 1.0).abs() < 0.05,
        );
        add(
            format!(
                "keep {percent:.0} %: width of the range of generalised eigenvalues; by spikes \
                 within 15 % of by theory, at most 0.75 of each control's"
            ),
            format!("{}; by theory {:.2}", each(width, 2), of(0, by_theory)),
            (of(0, width) / of(0, by_theory) - 1.0).abs() < 0.15
                && (1..WAYS.len()).all(|way| of(0, width) <= 0.75 * of(way, width)),
        );
        add(
            format!(
                "keep {percent:.0} %: rates of the {SLOW} slowest modes, mean of |new / old - 1|; \
                 at most half of each control's"
            ),
            format!("{}; the slowest, new / old: {}", each(moved, 3), each(slowest, 3)),
            (1..WAYS.len()).all(|way| of(0, moved) <= 0.5 * of(way, moved)),
        );
        add(
            format!(
                "keep {percent:.0} %: covariance of spikes, relative error beside the whole \
                 network's; at most 0.7 of each control's"
            ),
            each(|left| left.covariance, 3),
            (1..WAYS.len())
                .all(|way| of(0, |left| left.covariance) <= 0.7 * of(way, |left| left.covariance)),
        );
        add(
            format!(
                "keep {percent:.0} %: variance of spikes along the {SLOW} slowest modes, mean of \
                 |new / old - 1|; at most 0.7 of each control's"
            ),
            each(varied, 3),
            (1..WAYS.len()).all(|way| of(0, varied) <= 0.7 * of(way, varied)),
        );
    }
    let told = mean(networks.iter().map(|network| network.told));
    lines.push(Line {
        claim: "B-8",
        what: "whole network: covariance from spikes, relative error beside the theory".into(),
        found: format!("{told:.3}"),
        holds: told < 0.5,
    });
}

/// Weights scaled neuron by neuron until all rows have the same sum.
fn balanced(mut a: Matrix) -> Matrix {
    let n = a.nrows();
    a.fill_diagonal(0.0);
    for _ in 0..2000 {
        let scale: Vec<f64> = (0..n).map(|i| a.row(i).sum().sqrt()).collect();
        a = Matrix::from_fn(n, n, |i, j| a[(i, j)] / (scale[i] * scale[j]));
    }
    a
}

/// B-12: three cliques of 30 with one bridge between each two.
fn bridges(seeds: u64, lines: &mut Vec<Line>) {
    const N: usize = 90;
    let mut found = vec![(0.0, Vec::new()); WAYS.len()];
    for seed in 1..=seeds {
        let mut a = balanced(saltatory::analysis::network::cliques(3, 30, 1, 0.0, seed));
        for i in 0..N {
            a[(i, i)] = -beside(&a, i) * 1.005;
        }
        let fastest = (0..N).map(|i| -a[(i, i)]).fold(0.0, f64::max);
        let spiking = Spiking::new(a * (0.05 / fastest), 148.0, seed);
        let second = |a: &Matrix| symmetric_eigenvalues(a)[N - 2];
        for (way, (kept, ratios)) in found.iter_mut().enumerate() {
            let sees = way == 0 || way == SHUFFLED;
            let run_ms = if sees { 300_000.0 } else { GLANCE_MS };
            let (_, left, _) = prune_by(&spiking, way, 0.5, run_ms);
            let below = (0..N).flat_map(|i| (0..i).map(move |j| (i, j)));
            let there = below.filter(|&(i, j)| is_bridge(30, i, j) && left[(i, j)] != 0.0);
            *kept += there.count() as f64 / 3.0 / seeds as f64;
            ratios.push(second(&left) / second(&spiking.a));
        }
    }
    let shown = WAYS.iter().zip(&found).map(|((name, ..), (kept, ratios))| {
        let centre = mean(ratios.iter().copied());
        format!("{name} {kept:.2}, {centre:.2} +- {:.2}", deviation(ratios))
    });
    lines.push(Line {
        claim: "B-12",
        what: "3 cliques of 30, one bridge between each two, 300 s at 148 Hz, keep 50 % by own \
               spikes: bridges kept, rate of the second slowest mode new / old; bridges >= 0.95"
            .into(),
        found: shown.collect::<Vec<_>>().join("; "),
        holds: found[0].0 >= 0.95 && found[1..].iter().all(|way| way.0 < found[0].0),
    });
}

/// B-1, B-7 and the ends of B-8 with 150 neurons at 20 Hz.
fn by_the_letter(seeds: u64, lines: &mut Vec<Line>) {
    const N: usize = 150;
    // The fastest leak belongs to 5.7 ms.
    let scaled = |mut a: Matrix, one_leak: bool| {
        let fastest = (0..N).map(|i| -a[(i, i)]).fold(0.0, f64::max);
        if one_leak {
            a.fill_diagonal(-1.1 * fastest);
        }
        a * (1.0 / 5.7 / fastest)
    };
    let a = |seed| clustered(&[75, 15, 60], 375, seed);
    let alike = (1..=seeds).map(|seed| Spiking::of_one_leak(scaled(a(seed), true), 20.0, seed));
    let by_row = (1..=seeds).map(|seed| Spiking::new(scaled(a(seed), false), 20.0, seed));
    let by_row: Vec<Spiking> = by_row.collect();
    told("one leak", &alike.collect::<Vec<_>>(), lines);
    told("leaks of sums of rows", &by_row, lines);
    for share in [0.5, 0.2] {
        ends(share, &by_row, lines);
    }
}

/// What spikes tell of the covariance.
fn told(which: &str, networks: &[Spiking], lines: &mut Vec<Line>) {
    for (seconds, least) in [(30.0, 0.995), (300.0, 0.999)] {
        let (mut sums, mut variances, mut agreements) = (Vec::new(), Vec::new(), Vec::new());
        for network in networks {
            let Spiking { a, rate, .. } = network;
            let exact = covariance(a, &vec![*rate; a.nrows()]).expect("it is stable");
            let seen = network.run(1e3 * seconds, None).covariance;
            let sum = |c| leverage_sum(a, c, *rate);
            sums.push(sum(&seen) / sum(&exact));
            variances.push(mean((0..a.nrows()).map(|i| seen[(i, i)] / exact[(i, i)])));
            agreements.push(agreement(a, &seen, &exact));
        }
        let [sum, variance, p] = [&sums, &variances, &agreements].map(|all| mean(all.clone()));
        let setting = format!("{which}, N = 150, 20 Hz, {seconds} s");
        lines.push(Line {
            claim: "B-1",
            what: format!(
                "{setting}: sum of leverages beside the theory's, within 2 % in the mean"
            ),
            found: format!("{sum:.4} ({})", listed(&sums)),
            holds: (sum - 1.0).abs() <= 0.02,
        });
        lines.push(Line {
            claim: "B-7",
            what: format!(
                "{setting}: in the mean correlation of p at least {least}, variances beside the \
                 theory's 1 +- 0.03"
            ),
            found: format!(
                "{p:.4} ({}); {variance:.4} ({})",
                listed(&agreements),
                listed(&variances)
            ),
            holds: p >= least && (variance - 1.0).abs() <= 0.03,
        });
    }
}

/// How far the ends of the range lie from those with the covariance of the theory.
fn ends(share: f64, networks: &[Spiking], lines: &mut Vec<Line>) {
    let apart = networks.iter().map(|spiking| {
        let (_, left, by_theory) = prune_by(spiking, 0, share, 300_000.0);
        let ends = |thin: &Matrix| generalised_eigenvalues(thin, &spiking.a).expect("it is stable");
        let (seen, theory) = (ends(&left), ends(&by_theory));
        [0, 1].map(|end| seen[end] - theory[end])
    });
    let apart: Vec<[f64; 2]> = apart.collect();
    let [low, high] = [0, 1].map(|end| mean(apart.iter().map(|apart| apart[end])));
    let most = apart.iter().flatten().fold(0.0f64, |most, apart| most.max(apart.abs()));
    lines.push(Line {
        claim: "B-8",
        what: format!(
            "N = 150, 20 Hz, 300 s, keep {:.0} %: ends of the range within 0.05 of those with the \
             covariance of the theory",
            100.0 * share
        ),
        found: format!("apart by {low:.3} and {high:.3} in the mean, by {most:.3} at most"),
        holds: most <= 0.05,
    });
}

fn listed(values: &[f64]) -> String {
    values.iter().map(|value| format!("{value:.4}")).collect::<Vec<_>>().join(", ")
}

/// How well two covariances agree about the probabilities with which half of all pairs are kept.
fn agreement(a: &Matrix, seen: &Matrix, exact: &Matrix) -> f64 {
    let pruning = Pruning { policy: Policy::Noise, diagonal: Diagonal::RowSum, keep: 0.5, seed: 0 };
    let of = |c: &Matrix| -> Vec<f64> {
        let p = probabilities(a, c, &pruning);
        p.iter().copied().filter(|&p| p > 0.0).collect()
    };
    correlation(&of(seen), &of(exact))
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "noise_prune_spikes.svg".to_string());
    let seeds = arguments.next().map_or(5, |text| text.parse().expect("a number of seeds"));
    let wanted: Vec<String> = arguments.collect();
    let is_wanted = |claim: &str| wanted.is_empty() || wanted.iter().any(|name| name == claim);
    let mut lines = Vec::new();
    if is_wanted("B-8") {
        let networks: Vec<Pruned> = (1..=seeds)
            .map(|seed| {
                let network = follow(seed);
                eprintln!("seed {seed} is done");
                network
            })
            .collect();
        std::fs::write(&picture, figure::draw(&networks)).expect("the figure can be written");
        println!("figure: {picture}\n");
        survival(&networks, &mut lines);
    }
    if is_wanted("B-12") {
        bridges(seeds, &mut lines);
    }
    if is_wanted("B-1") {
        by_the_letter(seeds, &mut lines);
    }
    println!("| claim | what must hold | found | holds |\n|---|---|---|---|");
    for Line { claim, what, found, holds } in &lines {
        println!("| {claim} | {what} | {found} | {} |", if *holds { "yes" } else { "**no**" });
    }
    if lines.iter().all(|line| line.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
