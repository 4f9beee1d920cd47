//! The figures: panels side by side.

use saltatory::output::plot::axis::{Axis, label};
use saltatory::output::plot::colour;
use saltatory::output::plot::svg::{Anchor, GRID, INK, Svg, TextStyle, short};
use std::fmt::Write;

const PANEL: f64 = 440.0;
const TOP: f64 = 104.0;
const BOTTOM: f64 = 368.0;
const HEIGHT: f64 = 430.0;

/// One line.
pub struct Curve {
    /// Its name; empty for a thin line that the panel's title explains.
    pub name: &'static str,
    /// The place of its colour.
    pub colour: usize,
    /// What it goes through.
    pub points: Vec<(f64, f64)>,
    /// Whether points are marked.
    pub dots: bool,
}

/// One panel.
pub struct Panel {
    /// What it shows.
    pub title: &'static str,
    /// Along x.
    pub x: &'static str,
    /// Along y.
    pub y: &'static str,
    /// Whether x is logarithmic.
    pub logarithmic: bool,
    /// The lower end of y, where it does not follow from the curves.
    pub low: Option<f64>,
    /// The lines.
    pub curves: Vec<Curve>,
}

fn style(size: f64, anchor: Anchor) -> TextStyle {
    TextStyle { size, fill: INK, anchor, bold: false }
}

/// Draws panels below a heading.
pub fn draw(heading: &str, panels: &[Panel]) -> String {
    let mut svg = Svg::new(PANEL * panels.len().max(1) as f64 + 40.0, HEIGHT);
    let bold = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(24.0, 30.0, bold, heading);
    for (place, panel) in panels.iter().enumerate() {
        panel.draw(&mut svg, PANEL * place as f64);
    }
    svg.finish()
}

impl Panel {
    fn across(&self, x: f64) -> f64 {
        if self.logarithmic { x.log2() } else { x }
    }

    fn draw(&self, svg: &mut Svg, from: f64) {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
        };
        let (left, right) = ends(&mut points().map(|p| self.across(p.0)));
        let (low, high) = ends(&mut points().map(|p| p.1));
        let margin = 0.08 * (high - low).max(1e-9);
        let wide = 0.03 * (right - left);
        let across =
            Axis { low: left - wide, high: right + wide, pixels: (from + 70.0, from + PANEL) };
        let low = self.low.unwrap_or(low - margin);
        let up = Axis { low, high: high + margin, pixels: (BOTTOM, TOP) };
        self.frame(svg, &across, &up);
        for curve in &self.curves {
            self.curve(svg, curve, (&across, &up));
        }
        let mut x = from + 74.0;
        for curve in self.curves.iter().filter(|curve| !curve.name.is_empty()) {
            svg.stroke(&format!("M{} 84h20", short(x)), colour(curve.colour), 2.2, false);
            svg.words(x + 26.0, 88.0, style(12.0, Anchor::Start), curve.name);
            x += 56.0 + 6.6 * curve.name.chars().count() as f64;
        }
    }

    fn frame(&self, svg: &mut Svg, across: &Axis, up: &Axis) {
        let (left, right) = across.pixels;
        svg.words(left, 64.0, style(13.0, Anchor::Start), self.title);
        for tick in up.ticks(6) {
            let y = up.at(tick);
            svg.line((left, y), (right, y), GRID, 1.0);
            svg.words(left - 8.0, y + 4.0, style(12.0, Anchor::End), &label(tick));
        }
        let marks: Vec<(f64, String)> = if self.logarithmic {
            let longest = self.curves.iter().filter(|curve| curve.dots);
            let longest = longest.max_by_key(|curve| curve.points.len());
            let points = longest.map_or(&[][..], |curve| &curve.points);
            points.iter().map(|p| (self.across(p.0), label(p.0))).collect()
        } else {
            across.ticks(6).into_iter().map(|at| (at, label(at))).collect()
        };
        for (at, words) in marks {
            let x = across.at(at);
            svg.line((x, BOTTOM), (x, BOTTOM + 4.0), INK, 1.0);
            svg.words(x, BOTTOM + 19.0, style(12.0, Anchor::Middle), &words);
        }
        svg.line((left, TOP), (left, BOTTOM), INK, 1.0);
        svg.line((left, BOTTOM), (right, BOTTOM), INK, 1.0);
        let middle = f64::midpoint(left, right);
        svg.words(middle, BOTTOM + 44.0, style(13.0, Anchor::Middle), self.x);
        let middle = f64::midpoint(TOP, BOTTOM);
        svg.words_upwards(left - 48.0, middle, style(13.0, Anchor::Middle), self.y);
    }

    fn curve(&self, svg: &mut Svg, curve: &Curve, (across, up): (&Axis, &Axis)) {
        let (mut line, mut round) = (String::new(), String::new());
        for &(x, y) in &curve.points {
            let (x, y) = (short(across.at(self.across(x))), short(up.at(y)));
            let step = if line.is_empty() { 'M' } else { 'L' };
            write!(line, "{step}{x} {y}").expect("a String takes everything");
            write!(round, "M{x} {y}h0").expect("a String takes everything");
        }
        let width = if matches!(curve.name, "fit" | "") { 1.0 } else { 1.8 };
        svg.stroke(&line, colour(curve.colour), width, false);
        if curve.dots {
            svg.stroke(&round, colour(curve.colour), 6.0, true);
        }
    }
}
