//! Claims about noise-driven pruning of matrices, at the sizes of the source: one table, one figure.
//!
//! ```text
//! cargo run --release --example noise_prune_claims -- [FIGURE.svg [CLAIM...]]
//! ```
//!
//! With names of claims (`B-9`), only those; B-4 and B-10 come with the figure.
//!
//! Each line of the table names a claim, says what must hold and what was found. The exit code is 1
//! if one does not hold. What the claims are, and where they come from: docs/reproductions.md.

mod figure;

use nalgebra::Complex;
use saltatory::analysis::network::{cliques, clustered, independent, is_bridge, shuffled};
use saltatory::analysis::prune::{beside, bulk_range, entries, expected_range};
use saltatory::analysis::spectrum::{Modes, symmetric_eigenvalues};
use saltatory::analysis::{
    Course, Diagonal, Matrix, Policy, Pruning, covariance, eigenvalues, generalised_eigenvalues,
    leverage_sum, probabilities, prune, relative_error,
};
use saltatory::base::random::{Purpose, Stream};
use std::process::ExitCode;

/// Networks and draws where the claim asks for several.
const SEEDS: u64 = 5;

/// One claim, in words and numbers.
struct Line {
    claim: &'static str,
    what: String,
    found: String,
    holds: bool,
}

/// Tries a claim and adds its lines.
type Part = fn(&mut Vec<Line>);

/// What is tried, in the order of tables and figure.
pub const WAYS: [&str; 6] = [
    "noise-prune",
    "variance only",
    "weights",
    "uniform",
    "noise-prune, shuffled C",
    "noise-prune, independent C",
];

fn rule(policy: Policy, keep: f64, seed: u64) -> Pruning {
    Pruning { policy, diagonal: Diagonal::RowSum, keep, seed }
}

fn noise(a: &Matrix) -> Matrix {
    covariance(a, &vec![1.0; a.nrows()]).expect("the networks here are stable")
}

/// A network pruned in the way of this number.
fn pruned_by(way: usize, a: &Matrix, c: &Matrix, keep: f64, seed: u64) -> Matrix {
    let policy = match way {
        1 => Policy::Variance,
        2 => Policy::Weight,
        3 => Policy::Uniform,
        _ => Policy::Noise,
    };
    let pruning = rule(policy, keep, seed);
    let p = match way {
        4 => probabilities(a, &shuffled(c, seed), &pruning),
        5 => probabilities(a, &independent(a.nrows()), &pruning),
        _ => probabilities(a, c, &pruning),
    };
    prune(a, &p, &pruning)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    (values.iter().map(|v| (v - centre) * (v - centre)).sum::<f64>() / values.len() as f64).sqrt()
}

fn width([low, high]: [f64; 2]) -> f64 {
    high - low
}

fn generalised(pruned: &Matrix, a: &Matrix) -> [f64; 2] {
    generalised_eigenvalues(pruned, a).expect("the networks here are stable")
}

/// The demonstration's network with so many neurons: clusters 1000 : 200 : 800, 2.5 long-range
/// entries a neuron.
fn demo(neurons: usize, seed: u64) -> Matrix {
    clustered(&[neurons / 2, neurons / 10, neurons * 2 / 5], neurons * 5 / 2, seed)
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let picture = arguments.next().unwrap_or_else(|| "noise_prune.svg".to_string());
    let wanted: Vec<String> = arguments.collect();
    let is_wanted = |claim: &str| wanted.is_empty() || wanted.iter().any(|name| name == claim);
    let mut lines = Vec::new();
    let parts: [(&str, Part); 7] = [
        ("B-1", leverages),
        ("B-2", averages),
        ("B-6", stability),
        ("B-11", critical_bridges),
        ("B-9", directed_networks),
        ("B-5", scaling),
        ("B-3", demonstration),
    ];
    if is_wanted("B-4") || is_wanted("B-10") {
        let sweep = figure::sweep(&mut lines);
        std::fs::write(&picture, figure::draw(&sweep)).expect("the figure can be written");
        println!("{}\nfigure: {picture}\n", figure::table(&sweep));
    }
    println!("| claim | what must hold | found | holds |\n|---|---|---|---|");
    show(&lines);
    for (_, part) in parts.into_iter().filter(|(claim, _)| is_wanted(claim)) {
        let before = lines.len();
        part(&mut lines);
        show(&lines[before..]);
    }
    if lines.iter().all(|line| line.holds) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Writes rows of the table.
fn show(lines: &[Line]) {
    for Line { claim, what, found, holds } in lines {
        println!("| {claim} | {what} | {found} | {} |", if *holds { "yes" } else { "**no**" });
    }
}

/// B-1.
fn leverages(lines: &mut Vec<Line>) {
    let errors: Vec<f64> = (0..SEEDS)
        .map(|seed| {
            let a = demo(500, seed);
            (leverage_sum(&a, &noise(&a), 1.0) / 500.0 - 1.0).abs()
        })
        .collect();
    let worst = errors.iter().fold(0.0f64, |worst, e| worst.max(*e));
    lines.push(Line {
        claim: "B-1",
        what: "leverages add up to N, N = 500, 5 networks: relative error < 1e-9".into(),
        found: format!("{worst:.1e}"),
        holds: worst < 1e-9,
    });
}

/// B-2.
fn averages(lines: &mut Vec<Line>) {
    const DRAWS: u64 = 1000;
    let a = demo(200, 1);
    let (n, c) = (a.nrows(), noise(&a));
    let p = probabilities(&a, &c, &rule(Policy::Noise, 0.2, 0));
    let (mut sum, mut slack) = (Matrix::zeros(n, n), 0.0f64);
    for seed in 0..DRAWS {
        let thin = prune(&a, &p, &rule(Policy::Noise, 0.2, seed));
        for i in 0..n {
            slack = slack.max(saltatory::analysis::dynamics::slack(&thin, i).abs());
        }
        sum += thin;
    }
    // A survivor of fewer than ten draws has no normal mean; those are left out.
    let mut scores = Vec::new();
    for i in 0..n {
        for j in (0..i).filter(|&j| p[(i, j)] * DRAWS as f64 >= 10.0 && p[(i, j)] < 1.0) {
            let (w, p) = (a[(i, j)], p[(i, j)]);
            let sd = w.abs() * ((1.0 - p) / p / DRAWS as f64).sqrt();
            scores.push((sum[(i, j)] / DRAWS as f64 - w) / sd);
        }
    }
    let worst = scores.iter().fold(0.0f64, |worst, z| worst.max(z.abs()));
    lines.push(Line {
        claim: "B-2",
        what: "mean of 1,000 draws, N = 200: every z within 5; slack of rows kept to 1e-12".into(),
        found: format!("{worst:.2} of {} pairs, slack {slack:.1e}", scores.len()),
        holds: worst < 5.0 && slack < 1e-12,
    });
}

/// B-6.
fn stability(lines: &mut Vec<Line>) {
    let a = demo(150, 2);
    let c = noise(&a);
    let count = |diagonal| {
        let runs_away = |seed: &u64| {
            let pruning = Pruning { diagonal, ..rule(Policy::Noise, 0.1, *seed) };
            let thin = prune(&a, &probabilities(&a, &c, &pruning), &pruning);
            *symmetric_eigenvalues(&thin).last().expect("not empty") > 1e-12
        };
        (0..100).filter(runs_away).count()
    };
    let (row_sum, original) = (count(Diagonal::RowSum), count(Diagonal::Original));
    lines.push(Line {
        claim: "B-6",
        what: "N = 150, keep 10 %, 100 draws: none unstable with row_sum".into(),
        found: format!("{row_sum} (with the original diagonal {original})"),
        holds: row_sum == 0,
    });
}

/// Three cliques of 100 with two bridges between each two, whose weights are the mean of all, so
/// that each carries its share, or drawn like all.
fn critical(equal_bridges: bool, seed: u64) -> Matrix {
    let mut a = cliques(3, 100, 2, 5e-4, seed);
    if !equal_bridges {
        return a;
    }
    let inside = (0..300).map(|i| beside(&a, i)).sum::<f64>() / entries(&a) as f64;
    for i in 0..300 {
        for j in (0..300).filter(|&j| is_bridge(100, i, j)) {
            let change = if a[(i, j)] == 0.0 { 0.0 } else { inside - a[(i, j)] };
            a[(i, j)] += change;
            a[(i, i)] -= change;
        }
    }
    a
}

/// B-11.
fn critical_bridges(lines: &mut Vec<Line>) {
    const DRAWS: u64 = 30;
    for (keep, equal) in [(0.5, true), (0.2, true), (0.5, false), (0.2, false)] {
        let mut rows = Vec::new();
        for way in 0..4 {
            let (mut kept, mut ratios) = (0, Vec::new());
            for seed in 0..DRAWS {
                let a = critical(equal, seed % SEEDS);
                let thin = pruned_by(way, &a, &noise(&a), keep, seed);
                for i in 0..300 {
                    let bridges = (0..i).filter(|&j| is_bridge(100, i, j));
                    kept += bridges.filter(|&j| thin[(i, j)] != 0.0).count();
                }
                let second = |a: &Matrix| symmetric_eigenvalues(a)[298];
                ratios.push(second(&thin) / second(&a));
            }
            rows.push((kept as f64 / (6 * DRAWS) as f64, mean(&ratios), deviation(&ratios)));
        }
        let shown = rows
            .iter()
            .zip(WAYS)
            .map(|((kept, ratio, sd), way)| format!("{way} {kept:.2}, {ratio:.2} +- {sd:.2}"));
        let judged = keep < 0.3 && equal;
        let holds = !judged
            || rows[0].0 >= 0.95
                && (0.9..=1.1).contains(&rows[0].1)
                && rows[1..].iter().all(|row| row.0 <= 0.35);
        lines.push(Line {
            claim: "B-11",
            what: format!(
                "3 cliques of 100, {} bridges, keep {:.0} %, 30 draws: bridges kept, rate of the second \
                 slowest mode new / old{}",
                if equal { "equal" } else { "unequal" },
                100.0 * keep,
                if !judged { "" } else { "; >= 0.95 against <= 0.35, ratio 0.9 to 1.1" }
            ),
            found: shown.collect::<Vec<_>>().join("; "),
            holds,
        });
    }
}

/// The demonstration's network with each direction of each pair strengthened or weakened by its own
/// factor, uniform in (0.5, 1.5), and leaks set anew: directed, mildly non-normal.
fn directed(neurons: usize, seed: u64) -> Matrix {
    let mut a = demo(neurons, seed);
    let mut random = Stream::new(seed, Purpose::Connect, u64::MAX, 4);
    for i in 0..neurons {
        for j in 0..neurons {
            a[(i, j)] *= 0.5 + random.uniform();
        }
    }
    for i in 0..neurons {
        a[(i, i)] = -beside(&a, i);
    }
    a
}

/// B-9.
fn directed_networks(lines: &mut Vec<Line>) {
    let slowest = |a: &Matrix| -> Complex<f64> { eigenvalues(a).expect("it converges")[0] };
    for keep in [0.5, 0.2] {
        let (mut ratios, mut errors) = (vec![Vec::new(); 4], vec![Vec::new(); 4]);
        let mut rectified = Vec::new();
        for seed in 0..SEEDS {
            let a = directed(300, seed);
            let c = noise(&a);
            let thin: Vec<Matrix> =
                [0, 2, 3].iter().map(|&way| pruned_by(way, &a, &c, keep, seed)).collect();
            let all = [&a, &thin[0], &thin[1], &thin[2]];
            for (way, thin) in thin.iter().enumerate() {
                ratios[way].push(slowest(thin).re / slowest(&a).re);
            }
            let course = Course::published(seed);
            let ends = course.ends(&all);
            for way in 0..3 {
                errors[way].push(relative_error(&ends[way + 1], &ends[0]));
            }
            let ends = Course { rectified: true, ..course }.ends(&all[..2]);
            rectified.push(relative_error(&ends[1], &ends[0]));
        }
        let [ours, weights, uniform] = [0, 1, 2].map(|way| mean(&errors[way]));
        let ratio = mean(&ratios[0]);
        let both = mean(&rectified) / ours;
        let holds = (keep < 0.3 || (ratio - 1.0).abs() <= 0.05)
            && ours <= 0.6 * weights
            && (both - 1.0).abs() <= 0.1;
        let modes: Vec<String> = (0..3)
            .map(|way| format!("{:.3} +- {:.3}", mean(&ratios[way]), deviation(&ratios[way])))
            .collect();
        lines.push(Line {
            claim: "B-9",
            what: format!(
                "directed, N = 300, keep {:.0} %, 5 networks: slowest mode new / old (noise-prune, \
                 weights, uniform){}; error at T = 40 <= 0.6 of weights'; rectified error within \
                 10 % of the linear one",
                100.0 * keep,
                if keep < 0.3 { "" } else { " within 0.05 of 1" }
            ),
            found: format!(
                "{}; {ours:.3}, {weights:.3}, {uniform:.3}; ratio {both:.3}",
                modes.join(", ")
            ),
            holds,
        });
    }
}

/// B-5: how few synapses may be kept, and where the ends of the generalised range lie.
fn scaling(lines: &mut Vec<Line>) {
    const SEEDS: std::ops::Range<u64> = 7..12;
    let mut least_keep = Vec::new();
    for neurons in [500, 1000, 2000] {
        let networks: Vec<_> = SEEDS.map(|seed| (seed, demo(neurons, seed))).collect();
        let noises: Vec<_> = networks.iter().map(|(_, a)| noise(a)).collect();
        let mut reached = 1.0;
        let mut tried = 0;
        // From the bulk's end and from that of single neurons: single networks, means over seeds.
        let (mut worst, mut worst_mean) = ([0.0f64; 2], [0.0f64; 2]);
        let mut alone = Vec::new();
        for keep in [0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.07] {
            let pairs = networks.iter().zip(&noises);
            let ends: Vec<Ends> = pairs.map(|((seed, a), c)| Ends::of(a, c, keep, *seed)).collect();
            let mean =
                |of: &dyn Fn(&Ends) -> f64| ends.iter().map(of).sum::<f64>() / ends.len() as f64;
            if ends.iter().all(|ends| ends.kappa >= 7.0) {
                for (law, end) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let most = ends.iter().map(|ends| ends.apart[law][end].abs());
                    worst[law] = most.fold(worst[law], f64::max);
                    worst_mean[law] = worst_mean[law].max(mean(&|ends| ends.apart[law][end]).abs());
                }
                tried += ends.len();
                alone.extend(ends.iter().flat_map(|ends| ends.alone));
            }
            if mean(&|ends| ends.width) > 1.0 {
                break;
            }
            reached = keep;
        }
        least_keep.push(reached);
        lines.push(Line {
            claim: "B-5",
            what: format!(
                "N = {neurons}: generalised eigenvalues within 0.15 of (1 +- sqrt((1 - f) / kappa))^2, \
                 kappa >= 7, {tried} cases of 5 seeds"
            ),
            found: format!(
                "largest distance {:.3}, of means over seeds {:.3}",
                worst[0], worst_mean[0]
            ),
            holds: worst[0] <= 0.15,
        });
        lines.push(Line {
            claim: "B-5",
            what: format!(
                "N = {neurons}: within 0.15 of where the luckiest and the unluckiest neuron put them \
                 (ours), the same cases"
            ),
            found: format!(
                "largest distance {:.3}, of means over seeds {:.3}; these neurons alone reach {:.2} of the way \
                 from 1 to the end, in the mean",
                worst[1],
                worst_mean[1],
                alone.iter().sum::<f64>() / alone.len() as f64
            ),
            holds: worst[1] <= 0.15,
        });
    }
    lines.push(Line {
        claim: "B-5",
        what: "share kept at which their range, in the mean, is still <= 1 wide falls with \
               N = 500, 1000, 2000"
            .into(),
        found: format!("{least_keep:?}"),
        holds: least_keep.windows(2).all(|pair| pair[1] < pair[0]),
    });
}

/// The generalised range of a pruned network.
struct Ends {
    kappa: f64,
    width: f64,
    /// How far each end lies from where the bulk ends, and from where single neurons put it.
    apart: [[f64; 2]; 2],
    /// How much of the way from one to each end the neuron reaches by itself whose sum of weights has
    /// fallen or grown the most.
    alone: [f64; 2],
}

impl Ends {
    fn of(a: &Matrix, c: &Matrix, keep: f64, seed: u64) -> Ends {
        let thin = pruned_by(0, a, c, keep, seed);
        let (kept, all) = (entries(&thin) as f64, entries(a) as f64);
        let kappa = kept / 2.0 / a.nrows() as f64;
        let found = generalised(&thin, a);
        let laws = [bulk_range(kappa, kept / all), expected_range(a.nrows(), kappa, kept / all)];
        let apart = laws.map(|law| [0, 1].map(|end| found[end] - law[end]));
        let changes = (0..a.nrows()).map(|i| beside(&thin, i) / beside(a, i) - 1.0);
        let most = changes.fold([0.0f64; 2], |most, d| [most[0].min(d), most[1].max(d)]);
        let alone = [0, 1].map(|end| most[end] / (found[end] - 1.0));
        Ends { kappa, width: width(found), apart, alone }
    }
}

/// B-3.
fn demonstration(lines: &mut Vec<Line>) {
    let a = demo(2000, 11);
    let c = noise(&a);
    let modes = Modes::of(&a).expect("it converges");
    let slowest = modes.values()[0].re;
    let fastest = modes.values()[1999].re;
    lines.push(Line {
        claim: "B-3",
        what: "N = 2000: slowest mode in [-0.036, -0.028] before pruning".into(),
        found: format!("{slowest:.4} (fastest {fastest:.3}), {} entries", entries(&a)),
        holds: (-0.036..=-0.028).contains(&slowest),
    });
    let ways = [
        ("noise-prune, row_sum", Policy::Noise, Diagonal::RowSum),
        ("noise-prune, original", Policy::Noise, Diagonal::Original),
        ("weights, row_sum", Policy::Weight, Diagonal::RowSum),
        ("uniform, row_sum", Policy::Uniform, Diagonal::RowSum),
    ];
    for (name, policy, diagonal) in ways {
        let pruning = Pruning { policy, diagonal, keep: 0.2, seed: 11 };
        let p = probabilities(&a, &c, &pruning);
        let thin = prune(&a, &p, &pruning);
        let share = entries(&thin) as f64 / entries(&a) as f64;
        let kept = modes.kept_by(&thin).expect("it converges");
        let [mean, most] = kept.eps_lambda;
        let two = |value: Option<[f64; 2]>| {
            value.map_or("-".into(), |[first, second]| format!("{first:.4} / {second:.3}"))
        };
        let cos = kept.cos.expect("it is symmetric");
        let largest =
            thin.zip_map(&a, |new: f64, old: f64| if old == 0.0 { 0.0 } else { new / old });
        let ours = policy == Policy::Noise;
        let good = (0.19..=0.20).contains(&share) && mean <= 0.05 && most <= 0.3 && cos[0] >= 0.99;
        lines.push(Line {
            claim: "B-3",
            what: if ours {
                format!(
                    "{name}, keep 20 %: share 0.19 to 0.20, eps_lambda mean <= 0.05, max <= 0.30, cos \
                     mean >= 0.99"
                )
            } else {
                format!("{name}, keep 20 %: for comparison")
            },
            found: format!(
                "share {share:.4}, eps_lambda {mean:.4} / {most:.3}, eps_v {}, cos {}, generalised \
                 {}, largest rescale {:.0}",
                two(kept.eps_v),
                two(kept.cos),
                two(kept.generalised),
                largest.max()
            ),
            holds: !ours || good,
        });
    }
}
