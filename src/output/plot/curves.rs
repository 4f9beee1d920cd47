//! Curves over several powers of ten, on both axes.

use super::axis::Axis;
use super::colour;
use super::svg::{Anchor, GRID, INK, PALE_INK, Svg, TextStyle, short};
use std::fmt::Write;

/// What is shown. All values must be positive; others are left out.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// The heading.
    pub title: String,
    /// A line below it.
    pub subtitle: String,
    /// What the horizontal axis tells, with its unit.
    pub x: String,
    /// What the vertical axis tells, with its unit.
    pub y: String,
    /// The curves, in the order of the legend.
    pub curves: Vec<Curve>,
}

/// One curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 500.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = WIDTH - 24.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = HEIGHT - 62.0;

/// Draws curves.
pub fn curves(options: &Curves) -> String {
    let shown = |&&(x, y): &&(f64, f64)| x > 0.0 && y > 0.0;
    let points = || options.curves.iter().flat_map(|curve| &curve.points).filter(shown);
    let across = decades(points().map(|&(x, _)| x), (LEFT, RIGHT));
    let up = decades(points().map(|&(_, y)| y), (BOTTOM, TOP));
    let mut svg = Svg::new(WIDTH, HEIGHT);
    heading(&mut svg, options);
    axes(&mut svg, options, &across, &up);
    for (place, curve) in options.curves.iter().enumerate() {
        let (mut line, mut dots) = (String::new(), String::new());
        for &(x, y) in curve.points.iter().filter(shown) {
            let (x, y) = (short(across.at(x.log10())), short(up.at(y.log10())));
            let step = if line.is_empty() { 'M' } else { 'L' };
            write!(line, "{step}{x} {y}").expect("a String takes everything");
            write!(dots, "M{x} {y}h0").expect("a String takes everything");
        }
        svg.stroke(&line, colour(place), 2.0, false);
        svg.stroke(&dots, colour(place), 6.0, true);
    }
    svg.finish()
}

/// An axis of logarithms that begins and ends at whole powers of ten.
fn decades(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Axis {
    let ends = values.map(f64::log10).map(|value| (value, value));
    let (low, high) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0.0, 1.0));
    // A value that is a power of ten must not open another decade by its last bit.
    let (low, high) = ((low + 1e-9).floor(), (high - 1e-9).ceil());
    Axis { low, high: high.max(low + 1.0), pixels }
}

fn heading(svg: &mut Svg, options: &Curves) {
    let style = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(LEFT, 30.0, style, &options.title);
    let style = TextStyle { size: 12.0, fill: PALE_INK, anchor: Anchor::Start, bold: false };
    svg.words(LEFT, 50.0, style, &options.subtitle);
    let mut x = LEFT;
    for (place, curve) in options.curves.iter().enumerate() {
        svg.stroke(&format!("M{} 69h22", short(x)), colour(place), 2.0, false);
        svg.stroke(&format!("M{} 69h0", short(x + 11.0)), colour(place), 6.0, true);
        let style = TextStyle { size: 12.0, fill: INK, anchor: Anchor::Start, bold: false };
        svg.words(x + 29.0, 73.0, style, &curve.name);
        x += 55.0 + 6.4 * curve.name.chars().count() as f64;
    }
}

fn axes(svg: &mut Svg, options: &Curves, across: &Axis, up: &Axis) {
    let style = |size, anchor| TextStyle { size, fill: INK, anchor, bold: false };
    for power in powers(across) {
        let x = across.at(f64::from(power));
        svg.line((x, TOP), (x, BOTTOM), GRID, 1.0);
        svg.words(x, BOTTOM + 19.0, style(12.0, Anchor::Middle), &power_of_ten(power));
    }
    for power in powers(up) {
        let y = up.at(f64::from(power));
        svg.line((LEFT, y), (RIGHT, y), GRID, 1.0);
        svg.words(LEFT - 9.0, y + 4.0, style(12.0, Anchor::End), &power_of_ten(power));
    }
    svg.line((LEFT, TOP), (LEFT, BOTTOM), INK, 1.0);
    svg.line((LEFT, BOTTOM), (RIGHT, BOTTOM), INK, 1.0);
    let middle = f64::midpoint(LEFT, RIGHT);
    svg.words(middle, BOTTOM + 44.0, style(13.0, Anchor::Middle), &options.x);
    svg.words_upwards(20.0, f64::midpoint(TOP, BOTTOM), style(13.0, Anchor::Middle), &options.y);
}

fn powers(axis: &Axis) -> std::ops::RangeInclusive<i32> {
    axis.low as i32..=axis.high as i32
}

/// `0.001`, `1`, `100`; beyond that `1e6`.
fn power_of_ten(power: i32) -> String {
    match power {
        -4..=4 => format!("{}", 10f64.powi(power)),
        _ => format!("1e{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_decades_hold_all_points() {
        let axis = decades([0.0003, 1.0, 100.0].into_iter(), (0.0, 600.0));
        assert_eq!((axis.low, axis.high), (-4.0, 2.0));
        assert_eq!(axis.at(1.0f64.log10()), 400.0);
        let one = decades([10.0].into_iter(), (0.0, 1.0));
        assert_eq!((one.low, one.high), (1.0, 2.0));
        assert_eq!([-5, -3, 0, 4, 5].map(power_of_ten), ["1e-5", "0.001", "1", "10000", "1e5"]);
    }

    #[test]
    fn a_picture_names_its_axes_and_curves() {
        let curve = |name: &str| Curve {
            name: name.to_string(),
            points: vec![(0.1, 1.0), (1.0, 10.0), (0.0, 5.0)],
        };
        let text = curves(&Curves {
            title: "t".to_string(),
            subtitle: "s".to_string(),
            x: "load (1)".to_string(),
            y: "time (us)".to_string(),
            curves: vec![curve("first"), curve("second")],
        });
        for words in ["load (1)", "time (us)", "first", "second", "0.1<"] {
            assert!(text.contains(words), "{words} is missing");
        }
        // Two lines of two points each: what is not positive has no place on such an axis.
        assert_eq!(text.matches("M78 438L736 84\"").count(), 2, "{text}");
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }
}
