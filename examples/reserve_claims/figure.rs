//! The figure: output against input, weights of both halves over time, recognition.

use super::Results;
use super::claims::recognition_of;
use super::runs::{Experiment, INPUTS, Job, Rule, Run};
use saltatory::output::plot::axis::{Axis, label};
use saltatory::output::plot::colour;
use saltatory::output::plot::svg::{Anchor, GRID, INK, PALE_INK, Svg, TextStyle, short};
use std::fmt::Write;

const WIDTH: f64 = 1180.0;
const HEIGHT: f64 = 430.0;
const TOP: f64 = 100.0;
const BOTTOM: f64 = HEIGHT - 62.0;

/// One panel: its axes, with the labels of their ticks.
struct Panel<'a> {
    letter: &'a str,
    title: &'a str,
    x: &'a str,
    y: &'a str,
    across: Axis,
    up: Axis,
    /// Positions and labels along x; at round values if there are none.
    marks: Vec<(f64, String)>,
}

/// Draws all of it.
pub fn draw(results: &Results) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT);
    legend(&mut svg);
    rates(&mut svg, results);
    weights(&mut svg, results);
    recognition(&mut svg, results);
    svg.finish()
}

fn style(size: f64, anchor: Anchor) -> TextStyle {
    TextStyle { size, fill: INK, anchor, bold: false }
}

fn legend(svg: &mut Svg) {
    let heading = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(24.0, 28.0, heading, "A reserve that pays for growth keeps rate and recognition");
    let mut x = 24.0;
    for (place, rule) in Rule::ALL.iter().enumerate() {
        svg.stroke(&format!("M{} 48h22", short(x)), colour_of(place), width_of(*rule), false);
        svg.words(x + 29.0, 52.0, style(12.0, Anchor::Start), rule.name());
        x += 62.0 + 6.6 * rule.name().chars().count() as f64;
    }
}

/// The reserve in the strongest colour.
fn colour_of(place: usize) -> &'static str {
    colour([6, 4, 3, 5, 2, 0][place])
}

fn width_of(rule: Rule) -> f64 {
    if rule == Rule::Reserve { 3.0 } else { 1.6 }
}

impl Panel<'_> {
    fn frame(&self, svg: &mut Svg) {
        let (left, right) = self.across.pixels;
        let bold = TextStyle { size: 14.0, fill: INK, anchor: Anchor::Start, bold: true };
        svg.words(left - 46.0, TOP - 16.0, bold, self.letter);
        svg.words(left - 26.0, TOP - 16.0, style(13.0, Anchor::Start), self.title);
        for tick in self.up.ticks(6) {
            let y = self.up.at(tick);
            svg.line((left, y), (right, y), GRID, 1.0);
            svg.words(left - 8.0, y + 4.0, style(12.0, Anchor::End), &label(tick));
        }
        let marks = match self.marks.is_empty() {
            true => self.across.ticks(5).into_iter().map(|at| (at, label(at))).collect(),
            false => self.marks.clone(),
        };
        for (at, words) in marks {
            let x = self.across.at(at);
            svg.line((x, BOTTOM), (x, BOTTOM + 4.0), INK, 1.0);
            svg.words(x, BOTTOM + 19.0, style(12.0, Anchor::Middle), &words);
        }
        svg.line((left, TOP), (left, BOTTOM), INK, 1.0);
        svg.line((left, BOTTOM), (right, BOTTOM), INK, 1.0);
        let middle = f64::midpoint(left, right);
        svg.words(middle, BOTTOM + 44.0, style(13.0, Anchor::Middle), self.x);
        let middle = f64::midpoint(TOP, BOTTOM);
        svg.words_upwards(left - 42.0, middle, style(13.0, Anchor::Middle), self.y);
    }

    fn line(&self, svg: &mut Svg, points: &[(f64, f64)], colour: &str, width: f64, dots: bool) {
        let (mut line, mut round) = (String::new(), String::new());
        for &(x, y) in points {
            let (x, y) = (short(self.across.at(x)), short(self.up.at(y)));
            let step = if line.is_empty() { 'M' } else { 'L' };
            write!(line, "{step}{x} {y}").expect("a String takes everything");
            write!(round, "M{x} {y}h0").expect("a String takes everything");
        }
        svg.stroke(&line, colour, width, false);
        if dots {
            svg.stroke(&round, colour, width + 3.5, true);
        }
    }
}

fn rates(svg: &mut Svg, results: &Results) {
    let inputs = [(5, 5.0f64), (0, 10.0), (1, 20.0), (2, 40.0), (3, 80.0)];
    let panel = Panel {
        letter: "a",
        title: "output against input (scaling lies under CPR-1)",
        x: "rate of all 100 inputs (Hz)",
        y: "output rate (Hz)",
        across: Axis { low: 2.1, high: 6.5, pixels: (70.0, 380.0) },
        up: Axis { low: 0.0, high: 300.0, pixels: (BOTTOM, TOP) },
        marks: inputs.iter().map(|&(_, rate)| (rate.log2(), label(rate))).collect(),
    };
    panel.frame(svg);
    for (place, rule) in Rule::ALL.iter().enumerate() {
        let job = Job::new(Experiment::Intensity, *rule, 0);
        let rate = |segment| results.mean(&job, |run| run.settled_rate(segment));
        let points: Vec<(f64, f64)> =
            inputs.iter().map(|&(segment, input)| (input.log2(), rate(segment))).collect();
        panel.line(svg, &points, colour_of(place), width_of(*rule), true);
    }
}

fn weights(svg: &mut Svg, results: &Results) {
    let runs = results.of(&Job::new(Experiment::Correlated, Rule::Reserve, 0));
    let panel = Panel {
        letter: "b",
        title: "CPR-1: weights of both halves, seed by seed",
        x: "time (s)",
        y: "mean weight (mV)",
        across: Axis { low: 0.0, high: 1600.0, pixels: (470.0, 800.0) },
        up: Axis { low: 0.0, high: 1.4, pixels: (BOTTOM, TOP) },
        marks: (0..5).map(|k| (f64::from(k) * 400.0, label(f64::from(k) * 400.0))).collect(),
    };
    panel.frame(svg);
    let notes = ["independent", "noise 10 Hz", "40 Hz", "80 Hz"];
    let note = TextStyle { size: 11.0, fill: PALE_INK, anchor: Anchor::Middle, bold: false };
    for (segment, words) in notes.iter().enumerate() {
        let x = panel.across.at(400.0 * segment as f64);
        svg.line((x, TOP), (x, BOTTOM), GRID, 1.0);
        svg.words(panel.across.at(400.0 * segment as f64 + 200.0), TOP + 12.0, note, words);
    }
    for run in runs {
        let half = |inputs: std::ops::Range<usize>| -> Vec<(f64, f64)> {
            let mean =
                |row: &Vec<f64>| row[inputs.clone()].iter().sum::<f64>() / inputs.len() as f64;
            run.times.iter().zip(&run.weights).map(|(&at, row)| (at, mean(row))).collect()
        };
        panel.line(svg, &half(0..INPUTS / 2), colour(0), 1.2, false);
        panel.line(svg, &half(INPUTS / 2..INPUTS), colour(1), 1.2, false);
    }
    let words = |fill| TextStyle { size: 12.0, fill, anchor: Anchor::End, bold: false };
    svg.words(796.0, TOP + 34.0, words(colour(0)), "correlated half");
    svg.words(796.0, TOP + 50.0, words(colour(1)), "noisy half");
}

fn recognition(svg: &mut Svg, results: &Results) {
    let noise = [(1, 10.0f64), (2, 40.0), (3, 80.0)];
    let panel = Panel {
        letter: "c",
        title: "recognition of common events",
        x: "rate of the noisy half (Hz)",
        y: "hit / chance",
        across: Axis { low: 0.0, high: 85.0, pixels: (880.0, 1150.0) },
        up: Axis { low: 0.8, high: 3.2, pixels: (BOTTOM, TOP) },
        marks: noise.iter().map(|&(_, rate)| (rate, label(rate))).collect(),
    };
    panel.frame(svg);
    for (place, rule) in Rule::ALL.iter().enumerate() {
        let job = Job::new(Experiment::Correlated, *rule, 0);
        let ratio = |segment| results.mean(&job, |run: &Run| recognition_of(run, segment));
        let points: Vec<(f64, f64)> =
            noise.iter().map(|&(segment, rate)| (rate, ratio(segment))).collect();
        panel.line(svg, &points, colour_of(place), width_of(*rule), true);
    }
}
