//! Recorded state variables over time: one panel a recording, one line a neuron.

use super::axis::{Axis, label};
use super::colour;
use super::svg::{Anchor, GRID, INK, PALE_INK, Svg, TextStyle, short};
use crate::base::Tick;
use crate::output::traces::TraceRecord;
use std::fmt::Write;

/// What is shown.
#[derive(Clone, Debug, Default)]
pub struct TraceOptions {
    /// The heading.
    pub title: String,
    /// Start of the window; the first sample without it.
    pub from: Option<Tick>,
    /// End of the window; the last sample without it.
    pub to: Option<Tick>,
    /// The most neurons of one recording; [`NEURONS`] without it.
    pub neurons: Option<u32>,
}

/// Lines of a panel unless more are asked for.
pub const NEURONS: u32 = 5;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 92.0;
const RIGHT: f64 = WIDTH - 26.0;
const TOP: f64 = 56.0;
const PANEL: f64 = 190.0;
const GAP: f64 = 40.0;
/// Columns into which a line is gathered: finer than the eye.
const COLUMNS: usize = 1800;

/// Draws traces.
pub fn traces(records: &[TraceRecord], options: &TraceOptions) -> String {
    let ends = |pick: fn(&TraceRecord) -> Option<&f64>| records.iter().filter_map(pick).copied();
    let first = ends(|record| record.time_s.first()).fold(f64::INFINITY, f64::min);
    let last = ends(|record| record.time_s.last()).fold(0.0, f64::max);
    let low = options.from.map_or(first.min(last) * 1e3, Tick::ms);
    let high = options.to.map_or(last * 1e3, Tick::ms).max(low);
    let time = Axis { low, high, pixels: (LEFT, RIGHT) };
    let height = TOP + (PANEL + GAP) * records.len() as f64 + 26.0;
    let mut svg = Svg::new(WIDTH, height);
    let style = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(LEFT, 28.0, style, &options.title);
    for (place, record) in records.iter().enumerate() {
        let top = TOP + (PANEL + GAP) * place as f64;
        panel(&mut svg, record, &time, top, options.neurons.unwrap_or(NEURONS));
    }
    let style = TextStyle { size: 13.0, fill: INK, anchor: Anchor::Middle, bold: false };
    svg.words(f64::midpoint(LEFT, RIGHT), height - 14.0, style, "time (ms)");
    svg.finish()
}

fn panel(svg: &mut Svg, record: &TraceRecord, time: &Axis, top: f64, most: u32) {
    let bottom = top + PANEL;
    let shown = record.neurons.len().min(most.max(1) as usize);
    let inside = |k: &usize| {
        let ms = record.time_s[*k] * 1e3;
        (time.low..=time.high).contains(&ms)
    };
    let samples: Vec<usize> = (0..record.time_s.len()).filter(inside).collect();
    let width = record.neurons.len();
    let values = || samples.iter().flat_map(|k| &record.values[k * width..k * width + shown]);
    let finite = || values().copied().filter(|value| value.is_finite());
    let (low, high) = match (finite().reduce(f64::min), finite().reduce(f64::max)) {
        (Some(low), Some(high)) if low < high => {
            (low - 0.05 * (high - low), high + 0.05 * (high - low))
        }
        (Some(value), _) => (value - 1.0, value + 1.0),
        _ => (0.0, 1.0),
    };
    let axis = Axis { low, high, pixels: (bottom, top) };
    grid(svg, time, &axis, top, bottom);
    for neuron in 0..shown {
        let value = |k: usize| record.values[k * width + neuron];
        let path = line(&samples, |k| (record.time_s[k] * 1e3, value(k)), time, &axis);
        svg.stroke(&path, colour(neuron), 1.2, false);
    }
    let style = TextStyle { size: 13.0, fill: INK, anchor: Anchor::Start, bold: true };
    let unit = if record.unit.is_empty() { String::new() } else { format!(" ({})", record.unit) };
    svg.words(LEFT, top - 7.0, style, &format!("{}{unit}", record.name));
    legend(svg, record, shown, top - 7.0);
}

fn grid(svg: &mut Svg, time: &Axis, axis: &Axis, top: f64, bottom: f64) {
    let style = TextStyle { size: 11.0, fill: INK, anchor: Anchor::End, bold: false };
    for tick in axis.ticks(5) {
        let y = axis.at(tick);
        svg.line((LEFT, y), (RIGHT, y), GRID, 1.0);
        svg.words(LEFT - 8.0, y + 4.0, style, &label(tick));
    }
    for tick in time.ticks(8) {
        let x = time.at(tick);
        svg.line((x, top), (x, bottom), GRID, 1.0);
        let style = TextStyle { anchor: Anchor::Middle, ..style };
        svg.words(x, bottom + 16.0, style, &label(tick));
    }
    svg.line((LEFT, bottom), (RIGHT, bottom), INK, 0.8);
    svg.line((LEFT, top), (LEFT, bottom), INK, 0.8);
}

fn legend(svg: &mut Svg, record: &TraceRecord, shown: usize, y: f64) {
    let mut x = RIGHT;
    let hidden = record.neurons.len() - shown;
    if hidden > 0 {
        let style = TextStyle { size: 11.0, fill: PALE_INK, anchor: Anchor::End, bold: false };
        let more = format!("and {hidden} more");
        svg.words(x, y, style, &more);
        x -= 7.0 * more.len() as f64 + 8.0;
    }
    for place in (0..shown).rev() {
        let name = format!("neuron {}", record.neurons[place]);
        let style = TextStyle { size: 11.0, fill: colour(place), anchor: Anchor::End, bold: true };
        svg.words(x, y, style, &name);
        x -= 6.4 * name.len() as f64 + 12.0;
    }
}

/// A line through the samples. Where many share a column of pixels, their first, lowest,
/// highest and last values stand for them: peaks stay, and the file stays small.
fn line(
    samples: &[usize],
    point: impl Fn(usize) -> (f64, f64),
    time: &Axis,
    axis: &Axis,
) -> String {
    let mut path = String::new();
    for chunk in samples.chunks(samples.len().div_ceil(COLUMNS).max(1)) {
        let finite: Vec<(f64, f64)> =
            chunk.iter().map(|&k| point(k)).filter(|(_, value)| value.is_finite()).collect();
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let lowest = finite.iter().min_by(by_value).copied();
        let highest = finite.iter().max_by(by_value).copied();
        let mut kept = vec![finite.first().copied(), lowest, highest, finite.last().copied()];
        kept.sort_by(|a, b| a.map(|p| p.0).partial_cmp(&b.map(|p| p.0)).expect("times are finite"));
        kept.dedup();
        for (ms, value) in kept.into_iter().flatten() {
            let step = if path.is_empty() { 'M' } else { 'L' };
            write!(path, "{step}{} {}", short(time.at(ms)), short(axis.at(value)))
                .expect("a String takes everything");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(samples: usize) -> TraceRecord {
        TraceRecord {
            name: "exc.v_m".to_string(),
            unit: "mV".to_string(),
            neurons: vec![3, 8],
            time_s: (0..samples).map(|k| k as f64 * 1e-4).collect(),
            values: (0..samples).flat_map(|k| [-70.0 + (k % 100) as f64 * 0.2, -60.0]).collect(),
        }
    }

    #[test]
    fn every_recording_gets_a_panel_and_every_neuron_a_line() {
        let svg = traces(&[record(100), record(50)], &TraceOptions::default());
        assert_eq!(svg.matches("exc.v_m (mV)").count(), 2);
        assert_eq!(svg.matches("neuron 8").count(), 2);
        assert!(!svg.contains("NaN"));
        let one = TraceOptions { neurons: Some(1), ..TraceOptions::default() };
        assert!(traces(&[record(10)], &one).contains("and 1 more"));
    }

    #[test]
    fn long_traces_stay_small_and_nothing_is_no_harm() {
        let svg = traces(&[record(200_000)], &TraceOptions::default());
        assert!(svg.len() < 400_000, "{} bytes", svg.len());
        assert!(traces(&[record(0)], &TraceOptions::default()).ends_with("</svg>\n"));
        assert!(traces(&[], &TraceOptions::default()).ends_with("</svg>\n"));
    }
}
