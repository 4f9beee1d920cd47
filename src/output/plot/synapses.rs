//! Synapses over time, where some are removed while the network runs: how many are left, and how many
//! are gone by each cause.

use super::axis::{Axis, label};
use super::colour;
use super::svg::{Anchor, GRID, INK, Svg, TextStyle, short};
use crate::output::pruned::PrunedRecord;
use std::fmt::Write;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - 26.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = HEIGHT - 62.0;

/// Draws how many synapses there are between two times in ms, the whole run where none is given.
pub fn synapses(
    record: &PrunedRecord,
    title: &str,
    from_ms: Option<f64>,
    to_ms: Option<f64>,
) -> String {
    let low = from_ms.unwrap_or(0.0);
    let high = to_ms.unwrap_or(record.end_s * 1e3).max(low + 1e-6);
    let time = Axis { low, high, pixels: (LEFT, RIGHT) };
    let number = Axis { low: 0.0, high: record.synapses.max(1) as f64, pixels: (BOTTOM, TOP) };
    let mut svg = Svg::new(WIDTH, HEIGHT);
    grid(&mut svg, &time, &number);
    let style = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(LEFT, 28.0, style, title);
    let all = record.time_s.iter().map(|s| s * 1e3);
    let mut curves = vec![("left".to_string(), steps(all, record.synapses as f64, -1.0))];
    for (cause, name) in record.names.iter().enumerate() {
        let mine = record.time_s.iter().zip(&record.cause).filter(|(_, c)| **c == cause);
        let points = steps(mine.map(|(s, _)| s * 1e3), 0.0, 1.0);
        if points.len() > 1 {
            curves.push((format!("removed: {name}"), points));
        }
    }
    let mut x = LEFT;
    for (place, (name, points)) in curves.iter().enumerate() {
        svg.stroke(&path(points, &time, &number), colour(place), 1.8, false);
        svg.stroke(&format!("M{} 54h22", short(x)), colour(place), 2.0, false);
        let style = TextStyle { size: 12.0, fill: INK, anchor: Anchor::Start, bold: false };
        svg.words(x + 29.0, 58.0, style, name);
        x += 60.0 + 6.4 * name.chars().count() as f64;
    }
    svg.finish()
}

/// Times at which a number changes, each once, with what it is from then on.
fn steps(times_ms: impl Iterator<Item = f64>, start: f64, step: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, start)];
    for ms in times_ms {
        let (last, number) = *points.last().expect("it starts with one");
        match last == ms {
            true => points.last_mut().expect("it starts with one").1 += step,
            false => points.push((ms, number + step)),
        }
    }
    points
}

/// A staircase within the window.
fn path(points: &[(f64, f64)], time: &Axis, number: &Axis) -> String {
    let before = points.partition_point(|&(ms, _)| ms <= time.low).max(1) - 1;
    let shown = points[before..].iter().take_while(|&&(ms, _)| ms <= time.high);
    let mut path = String::new();
    for &(ms, count) in shown {
        let (x, y) = (short(time.at(ms.max(time.low))), short(number.at(count)));
        let step = if path.is_empty() { format!("M{x} {y}") } else { format!("H{x}V{y}") };
        path.push_str(&step);
    }
    write!(path, "H{}", short(RIGHT)).expect("a String takes everything");
    path
}

fn grid(svg: &mut Svg, time: &Axis, number: &Axis) {
    let style = |anchor| TextStyle { size: 12.0, fill: INK, anchor, bold: false };
    for tick in number.ticks(6) {
        let y = number.at(tick);
        svg.line((LEFT, y), (RIGHT, y), GRID, 1.0);
        svg.words(LEFT - 8.0, y + 4.0, style(Anchor::End), &label(tick));
    }
    for tick in time.ticks(8) {
        let x = time.at(tick);
        svg.line((x, TOP), (x, BOTTOM), GRID, 1.0);
        svg.words(x, BOTTOM + 19.0, style(Anchor::Middle), &label(tick));
    }
    svg.line((LEFT, BOTTOM), (RIGHT, BOTTOM), INK, 0.8);
    svg.line((LEFT, TOP), (LEFT, BOTTOM), INK, 0.8);
    let middle = f64::midpoint(LEFT, RIGHT);
    svg.words(middle, HEIGHT - 16.0, style(Anchor::Middle), "time (ms)");
    svg.words_upwards(20.0, f64::midpoint(TOP, BOTTOM), style(Anchor::Middle), "synapses");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_change_where_synapses_go() {
        assert_eq!(steps([5.0, 5.0, 7.0].into_iter(), 10.0, -1.0)[1..], [(5.0, 8.0), (7.0, 7.0)]);
    }

    #[test]
    fn the_picture_names_the_causes_that_happened() {
        let record = PrunedRecord {
            time_s: vec![0.5, 0.5, 0.75],
            cause: vec![0, 0, 2],
            names: ["rule", "fraction", "below"].map(String::from).to_vec(),
            synapses: 4,
            end_s: 1.0,
        };
        let text = synapses(&record, "t", None, None);
        assert!(text.contains("removed: rule") && text.contains("removed: below"), "{text}");
        assert!(!text.contains("fraction") && !text.contains("NaN"), "{text}");
        assert!(text.contains(&format!("H{}V{}", short(533.0), short(217.0))), "{text}");
    }
}
