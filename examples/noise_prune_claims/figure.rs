//! Range of generalised eigenvalues and error of the course against the share that is kept: the
//! figure, its numbers as a table, and claims B-4 and B-10, which are about them.

use super::{Line, SEEDS, WAYS, demo, generalised, mean, noise, pruned_by};
use saltatory::analysis::prune::{entries, expected_range};
use saltatory::analysis::{Course, Matrix, relative_error};
use saltatory::output::plot::axis::{Axis, label};
use saltatory::output::plot::colour;
use saltatory::output::plot::svg::{Anchor, GRID, INK, PALE_INK, Svg, TextStyle, short};
use std::fmt::Write;

const NEURONS: usize = 500;
const KEEPS: [f64; 6] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.8];

/// Means over networks, for each way and each share.
pub struct Sweep {
    low: Vec<Vec<f64>>,
    high: Vec<Vec<f64>>,
    error: Vec<Vec<f64>>,
    expected: Vec<[f64; 2]>,
}

/// Prunes five networks in all ways.
pub fn sweep(lines: &mut Vec<Line>) -> Sweep {
    let empty = || vec![vec![Vec::new(); KEEPS.len()]; WAYS.len()];
    let (mut low, mut high, mut error) = (empty(), empty(), empty());
    let mut expected = vec![[0.0; 2]; KEEPS.len()];
    for seed in 0..SEEDS {
        let a = demo(NEURONS, seed);
        let c = noise(&a);
        let places = || (0..WAYS.len()).flat_map(|way| (0..KEEPS.len()).map(move |k| (way, k)));
        let thin: Vec<Matrix> =
            places().map(|(way, k)| pruned_by(way, &a, &c, KEEPS[k], seed)).collect();
        let mut all = vec![&a];
        all.extend(&thin);
        let ends = Course::published(seed).ends(&all);
        for ((way, k), (thin, end)) in places().zip(thin.iter().zip(&ends[1..])) {
            let range = generalised(thin, &a);
            low[way][k].push(range[0]);
            high[way][k].push(range[1]);
            error[way][k].push(relative_error(end, &ends[0]));
            if way == 0 {
                let (kept, whole) = (entries(thin) as f64, entries(&a) as f64);
                let here = expected_range(NEURONS, kept / 2.0 / NEURONS as f64, kept / whole);
                for (sum, here) in expected[k].iter_mut().zip(here) {
                    *sum += here / SEEDS as f64;
                }
            }
        }
    }
    let means = |all: Vec<Vec<Vec<f64>>>| -> Vec<Vec<f64>> {
        all.iter().map(|way| way.iter().map(|values| mean(values)).collect()).collect()
    };
    let sweep = Sweep { low: means(low), high: means(high), error: means(error), expected };
    claims(&sweep, lines);
    sweep
}

fn claims(sweep: &Sweep, lines: &mut Vec<Line>) {
    let width = |way: usize, k: usize| sweep.high[way][k] - sweep.low[way][k];
    for k in [4, 2, 1] {
        let [ours, weights, uniform] = [0, 2, 3].map(|way| width(way, k));
        let errors = [0, 2, 3].map(|way| sweep.error[way][k]);
        let best = errors[1].min(errors[2]);
        lines.push(Line {
            claim: "B-4",
            what: format!(
                "N = 500, keep {:.0} %, mean of 5: width of the generalised range <= 0.70 of each \
                 control's; error at T = 40 <= 0.40 of the better control's",
                100.0 * KEEPS[k]
            ),
            found: format!(
                "{ours:.2} against weights {weights:.2}, uniform {uniform:.2}; {:.3} against {:.3}, \
                 {:.3}",
                errors[0], errors[1], errors[2]
            ),
            holds: ours <= 0.7 * weights && ours <= 0.7 * uniform && errors[0] <= 0.4 * best,
        });
    }
    for k in [4, 2] {
        let [weights, shuffled, independent] = [2, 4, 5].map(|way| width(way, k));
        lines.push(Line {
            claim: "B-10",
            what: format!(
                "N = 500, keep {:.0} %: shuffled C is no better than weights; C of independent \
                 trains is like weights (within 20 %)",
                100.0 * KEEPS[k]
            ),
            found: format!("{shuffled:.2}, {independent:.2} against {weights:.2}"),
            holds: shuffled >= weights && (independent / weights - 1.0).abs() <= 0.2,
        });
    }
}

/// The numbers of the figure.
pub fn table(sweep: &Sweep) -> String {
    let mut text = format!(
        "N = {NEURONS}, row_sum, mean of {SEEDS} networks: range of generalised \
                            eigenvalues; error at T = 40\n\n|"
    );
    for keep in KEEPS {
        write!(text, " | keep {:.0} %", 100.0 * keep).expect("a String takes everything");
    }
    text.push_str(" |\n|---");
    text.push_str(&"|---".repeat(KEEPS.len()));
    text.push_str("|\n");
    for (way, name) in WAYS.iter().enumerate() {
        write!(text, "| {name}").expect("a String takes everything");
        for k in 0..KEEPS.len() {
            // Adding zero takes the sign from a rounded nothing.
            let cents = |value: f64| (100.0 * value).round() / 100.0 + 0.0;
            let (low, high) = (cents(sweep.low[way][k]), cents(sweep.high[way][k]));
            let error = sweep.error[way][k];
            write!(text, " | {low:.2} to {high:.2}; {error:.3}").expect("a String takes it");
        }
        text.push_str(" |\n");
    }
    text.push_str("| expected: the luckiest and unluckiest neuron");
    for [low, high] in &sweep.expected {
        write!(text, " | {low:.2} to {high:.2}").expect("a String takes everything");
    }
    text.push_str(" |\n");
    text
}

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 440.0;
const PANELS: [(f64, f64); 2] = [(62.0, 432.0), (506.0, 876.0)];
const TOP: f64 = 104.0;
const BOTTOM: f64 = HEIGHT - 56.0;

/// Which ways are drawn: all but the variance alone, which lies on noise-prune's line, and the
/// covariance of independent trains, with which the rule is that of weights.
const DRAWN: [usize; 4] = [0, 2, 3, 4];

/// The figure.
pub fn draw(sweep: &Sweep) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT);
    let bold = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(PANELS[0].0, 28.0, bold, "Pruning by noise keeps what pruning by weight loses");
    legend(&mut svg);
    let across = |panel: usize| {
        let of = |share: f64| share.log10();
        Axis { low: of(0.045), high: of(0.9), pixels: PANELS[panel] }
    };
    let most = sweep.high.iter().flatten().fold(0.0f64, |m, v| m.max(*v)).ceil();
    let range = Axis { low: 0.0, high: most, pixels: (BOTTOM, TOP) };
    frame(&mut svg, 0, &across(0), "range of generalised eigenvalues (1: unmoved)");
    for value in range.ticks(5) {
        grid(&mut svg, 0, range.at(value), &label(value));
    }
    let theory = |end: usize| sweep.expected.iter().map(|e| e[end]).collect::<Vec<_>>();
    for values in [theory(0), theory(1)] {
        let path = line(&values, &across(0), |v| range.at(v));
        svg.stroke(&path, PALE_INK, 1.2, false);
    }
    for (place, &way) in DRAWN.iter().enumerate() {
        for values in [&sweep.low[way], &sweep.high[way]] {
            curve(&mut svg, place, values, &across(0), |v| range.at(v));
        }
    }
    let floor = 0.01;
    let errors = Axis { low: f64::log10(floor), high: 1.0, pixels: (BOTTOM, TOP) };
    frame(&mut svg, 1, &across(1), "relative error of the state at T = 40");
    for value in [0.01, 0.1, 1.0, 10.0f64] {
        grid(&mut svg, 1, errors.at(value.log10()), &label(value));
    }
    for (place, &way) in DRAWN.iter().enumerate() {
        let place_of = |v: f64| errors.at(v.clamp(floor, 10.0).log10());
        curve(&mut svg, place, &sweep.error[way], &across(1), place_of);
    }
    svg.finish()
}

fn legend(svg: &mut Svg) {
    let style = TextStyle { size: 12.0, fill: INK, anchor: Anchor::Start, bold: false };
    let mut x = PANELS[0].0;
    for (place, &way) in DRAWN.iter().enumerate() {
        svg.stroke(&format!("M{} 49h20", short(x)), colour(place), 2.0, false);
        svg.words(x + 26.0, 53.0, style, WAYS[way]);
        x += 44.0 + 6.6 * WAYS[way].chars().count() as f64;
    }
    svg.stroke(&format!("M{} 49h20", short(x)), PALE_INK, 1.2, false);
    svg.words(x + 26.0, 53.0, style, "theory");
}

fn frame(svg: &mut Svg, panel: usize, across: &Axis, title: &str) {
    let (left, right) = PANELS[panel];
    let style = TextStyle { size: 13.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(left, 86.0, style, title);
    let small = TextStyle { size: 11.0, fill: PALE_INK, anchor: Anchor::Middle, bold: false };
    for share in KEEPS {
        let x = across.at(share.log10());
        svg.line((x, TOP), (x, BOTTOM), GRID, 1.0);
        svg.words(x, BOTTOM + 18.0, small, &format!("{:.0} %", 100.0 * share));
    }
    let under = TextStyle { size: 12.0, fill: INK, ..small };
    svg.words((left + right) / 2.0, BOTTOM + 40.0, under, "share of synapses kept");
}

fn grid(svg: &mut Svg, panel: usize, y: f64, text: &str) {
    let (left, right) = PANELS[panel];
    svg.line((left, y), (right, y), GRID, 1.0);
    let style = TextStyle { size: 11.0, fill: PALE_INK, anchor: Anchor::End, bold: false };
    svg.words(left - 6.0, y + 4.0, style, text);
}

fn line(values: &[f64], across: &Axis, up: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for (keep, &value) in KEEPS.iter().zip(values) {
        let step = if path.is_empty() { 'M' } else { 'L' };
        let (x, y) = (short(across.at(keep.log10())), short(up(value)));
        write!(path, "{step}{x} {y}").expect("a String takes everything");
    }
    path
}

fn curve(svg: &mut Svg, place: usize, values: &[f64], across: &Axis, up: impl Fn(f64) -> f64) {
    svg.stroke(&line(values, across, &up), colour(place), 2.0, false);
    let mut dots = String::new();
    for (keep, &value) in KEEPS.iter().zip(values) {
        let (x, y) = (short(across.at(keep.log10())), short(up(value)));
        write!(dots, "M{x} {y}h0").expect("a String takes everything");
    }
    svg.stroke(&dots, colour(place), 6.0, true);
}
