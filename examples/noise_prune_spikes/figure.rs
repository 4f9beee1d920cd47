//! What becomes of the slow modes: their rates, and the variance of spikes along them, for each share.

use super::{KEEPS, Left, Pruned, SLOW, WAYS, mean};
use saltatory::output::plot::axis::{Axis, label};
use saltatory::output::plot::colour;
use saltatory::output::plot::svg::{Anchor, GRID, INK, PALE_INK, Svg, TextStyle, short};
use std::fmt::Write;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 640.0;
const COLUMNS: [(f64, f64); 2] = [(62.0, 440.0), (500.0, 878.0)];
const ROWS: [(f64, f64); 2] = [(306.0, 104.0), (584.0, 382.0)];
/// New / old, from a fifth to five times.
const FACTORS: [f64; 5] = [0.2, 0.5, 1.0, 2.0, 5.0];

/// The figure.
pub fn draw(networks: &[Pruned]) -> String {
    let mut svg = Svg::new(WIDTH, HEIGHT);
    let bold = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    let title = "Spiking networks that are pruned by their own noise keep their slow modes";
    svg.words(COLUMNS[0].0, 28.0, bold, title);
    legend(&mut svg, networks.len());
    let titles = ["rate of the mode, new / old", "variance of spikes along it, new / old"];
    for (column, keep) in KEEPS.iter().enumerate() {
        for (row, title) in titles.iter().enumerate() {
            let title = format!("{:.0} % kept: {title}", 100.0 * keep);
            let values = |left: &Left| match row {
                0 => left.slow.clone(),
                _ => left.variances.clone(),
            };
            let panel = Panel::new(column, row);
            panel.frame(&mut svg, &title);
            for way in (0..WAYS.len()).rev() {
                panel.curves(&mut svg, networks, way, column, values);
            }
        }
    }
    svg.finish()
}

fn legend(svg: &mut Svg, networks: usize) {
    let style = TextStyle { size: 12.0, fill: INK, anchor: Anchor::Start, bold: false };
    let mut x = COLUMNS[0].0;
    for (way, (name, ..)) in WAYS.iter().enumerate() {
        svg.stroke(&format!("M{} 49h20", short(x)), colour(way), 2.0, false);
        svg.words(x + 26.0, 53.0, style, name);
        x += 44.0 + 6.6 * name.chars().count() as f64;
    }
    let pale = TextStyle { fill: PALE_INK, ..style };
    let words = format!("dots: {networks} networks of 250 neurons; lines: their geometric mean");
    svg.words(x, 53.0, pale, &words);
}

/// One panel of four.
struct Panel {
    across: Axis,
    up: Axis,
}

impl Panel {
    fn new(column: usize, row: usize) -> Panel {
        Panel {
            across: Axis { low: 0.5, high: SLOW as f64 + 0.5, pixels: COLUMNS[column] },
            up: Axis { low: f64::ln(0.18), high: f64::ln(5.6), pixels: ROWS[row] },
        }
    }

    fn frame(&self, svg: &mut Svg, title: &str) {
        let ((left, right), (bottom, top)) = (self.across.pixels, self.up.pixels);
        let style = TextStyle { size: 13.0, fill: INK, anchor: Anchor::Start, bold: true };
        svg.words(left, top - 12.0, style, title);
        let small = TextStyle { size: 11.0, fill: PALE_INK, anchor: Anchor::End, bold: false };
        for factor in FACTORS {
            let y = self.up.at(factor.ln());
            let colour = if factor == 1.0 { PALE_INK } else { GRID };
            svg.line((left, y), (right, y), colour, 1.0);
            svg.words(left - 6.0, y + 4.0, small, &label(factor));
        }
        let middle = TextStyle { anchor: Anchor::Middle, ..small };
        for mode in 1..=SLOW {
            svg.words(self.across.at(mode as f64), bottom + 16.0, middle, &mode.to_string());
        }
        let under = TextStyle { size: 12.0, fill: INK, ..middle };
        svg.words((left + right) / 2.0, bottom + 36.0, under, "mode, the slowest first");
    }

    fn curves(
        &self,
        svg: &mut Svg,
        networks: &[Pruned],
        way: usize,
        share: usize,
        values: impl Fn(&Left) -> Vec<f64>,
    ) {
        let all: Vec<Vec<f64>> =
            networks.iter().map(|network| values(&network.left[way][share])).collect();
        let place = |mode: usize, value: f64| {
            let y = self.up.at(value.ln().clamp(self.up.low, self.up.high));
            (short(self.across.at(mode as f64 + 1.0)), short(y))
        };
        let (mut dots, mut line) = (String::new(), String::new());
        for mode in 0..SLOW {
            for network in &all {
                let (x, y) = place(mode, network[mode]);
                write!(dots, "M{x} {y}h0").expect("a String takes everything");
            }
            let centre = mean(all.iter().map(|network| network[mode].ln())).exp();
            let (x, y) = place(mode, centre);
            let step = if line.is_empty() { 'M' } else { 'L' };
            write!(line, "{step}{x} {y}").expect("a String takes everything");
        }
        svg.stroke(&dots, colour(way), 4.0, true);
        svg.stroke(&line, colour(way), 2.0, false);
    }
}
