//! The raster: a dot for each spike, one colour a population, and below it the rate of each
//! population over time.

use super::axis::{Axis, label, round_step};
use super::colour;
use super::svg::{Anchor, GRID, INK, PALE_INK, Svg, TextStyle, short};
use crate::base::{Span, Tick};
use crate::output::SpikeRecord;
use crate::record::Spike;
use std::fmt::Write;
use std::ops::Range;

/// What is shown.
#[derive(Clone, Debug, Default)]
pub struct RasterOptions {
    /// The heading.
    pub title: String,
    /// Start of the window; the start of the run without it.
    pub from: Option<Tick>,
    /// End of the window; the end of the run without it.
    pub to: Option<Tick>,
    /// The most neurons to show; [`NEURONS`] without it.
    pub neurons: Option<u32>,
    /// Width of a bin of the rates; about two hundred bins without it.
    pub bin: Option<Span>,
}

/// Rows of a raster unless more are asked for.
pub const NEURONS: u32 = 800;
/// Dots of a raster at most; beyond it fewer neurons are shown. It bounds the size of the file.
const MOST_DOTS: usize = 60_000;
/// Bins of a histogram at most.
const MOST_BINS: u64 = 2000;
/// A small population gets at least so many rows, so that it does not vanish beside a big one.
const FEWEST_ROWS: u32 = 24;

const WIDTH: f64 = 1000.0;
const LEFT: f64 = 118.0;
const RIGHT: f64 = WIDTH - 26.0;
const TOP: f64 = 64.0;
const RASTER_HEIGHT: f64 = 430.0;
/// Between two populations of the raster.
const GAP: f64 = 5.0;

/// One population of the picture.
struct Band {
    name: String,
    colour: &'static str,
    neurons: Range<u32>,
    recorded: u32,
    /// Shown rows: row r is neuron `neurons.start + r * size / rows`.
    rows: u32,
}

impl Band {
    /// The row of a neuron, if it is shown.
    fn row(&self, neuron: u32) -> Option<u32> {
        let (index, size) = (u64::from(neuron - self.neurons.start), self.neurons.len() as u64);
        let rows = u64::from(self.rows);
        let row = (index * rows).div_ceil(size);
        (row < rows && row * size / rows == index).then_some(row as u32)
    }
}

/// Draws a raster.
pub fn raster(record: &SpikeRecord, options: &RasterOptions) -> String {
    let from = options.from.unwrap_or(Tick::ZERO);
    let to = options.to.unwrap_or(record.end).max(Tick(from.0 + 1));
    let low = record.spikes.partition_point(|spike| spike.tick < from);
    let high = record.spikes.partition_point(|spike| spike.tick < to);
    let spikes = &record.spikes[low..high];
    let bands = bands(record, spikes, options.neurons.unwrap_or(NEURONS));
    let rate_height = (440.0 / bands.len().max(1) as f64).clamp(26.0, 84.0);
    let rates_top = TOP + RASTER_HEIGHT + 26.0;
    let bottom = rates_top + rate_height * bands.len() as f64;
    let time = Axis { low: from.ms(), high: to.ms(), pixels: (LEFT, RIGHT) };
    let bin = bin_of(options.bin, to.since(from));

    let mut svg = Svg::new(WIDTH, bottom + 58.0);
    heading(&mut svg, &options.title, &bands, spikes.len());
    for tick in time.ticks(8) {
        let x = time.at(tick);
        svg.line((x, TOP), (x, TOP + RASTER_HEIGHT), GRID, 1.0);
        svg.line((x, rates_top), (x, bottom), GRID, 1.0);
        let style = TextStyle { size: 12.0, fill: INK, anchor: Anchor::Middle, bold: false };
        svg.words(x, bottom + 19.0, style, &label(tick));
    }
    dots(&mut svg, &bands, spikes, &time);
    for (place, band) in bands.iter().enumerate() {
        let top = rates_top + rate_height * place as f64;
        rates(&mut svg, band, spikes, &time, bin, (top + 7.0, top + rate_height));
    }
    let style = TextStyle { size: 13.0, fill: INK, anchor: Anchor::Middle, bold: false };
    svg.words(f64::midpoint(LEFT, RIGHT), bottom + 42.0, style, "time (ms)");
    let style = TextStyle { size: 11.0, fill: PALE_INK, anchor: Anchor::End, bold: false };
    svg.words(RIGHT, bottom + 42.0, style, &format!("rates in bins of {} ms", label(bin.ms())));
    svg.finish()
}

fn bin_of(wanted: Option<Span>, window: Span) -> Span {
    let usual = Span::from_ms(round_step(window.ms() / 200.0)).unwrap_or(window);
    let smallest = window.0.div_ceil(MOST_BINS);
    Span(wanted.unwrap_or(usual).0.max(smallest).max(1))
}

/// Deals rows out: as many as there are neurons if they fit, else in proportion to size with a
/// floor for the small; fewer if their spikes would be too many dots.
fn bands(record: &SpikeRecord, spikes: &[Spike], most: u32) -> Vec<Band> {
    let layout = &record.layout;
    let shown: Vec<usize> = (0..layout.len()).filter(|&p| record.recorded[p] > 0).collect();
    let all: u64 = shown.iter().map(|&p| layout.range(p).len() as u64).sum();
    let mut most = most.max(1);
    loop {
        let floor = FEWEST_ROWS.min(most.div_ceil(shown.len().max(1) as u32));
        let bands: Vec<Band> = shown
            .iter()
            .enumerate()
            .map(|(place, &p)| {
                let neurons = layout.range(p);
                let size = neurons.len() as u32;
                let part = (u64::from(size) * u64::from(most)).div_ceil(all.max(1)) as u32;
                let rows = if all <= u64::from(most) { size } else { part.max(floor).min(size) };
                let name = layout.names()[p].clone();
                Band { name, colour: colour(place), neurons, recorded: record.recorded[p], rows }
            })
            .collect();
        let dots = spikes.iter().filter(|s| row_of(&bands, s.neuron.0).is_some()).count();
        if dots <= MOST_DOTS || most == 1 {
            return bands;
        }
        most = (u64::from(most) * MOST_DOTS as u64 * 9 / (dots as u64 * 10)).max(1) as u32;
    }
}

fn row_of(bands: &[Band], neuron: u32) -> Option<(usize, u32)> {
    let place = bands.iter().position(|band| band.neurons.contains(&neuron))?;
    Some((place, bands[place].row(neuron)?))
}

fn heading(svg: &mut Svg, title: &str, bands: &[Band], spikes: usize) {
    let style = TextStyle { size: 17.0, fill: INK, anchor: Anchor::Start, bold: true };
    svg.words(LEFT, 30.0, style, title);
    let shown: u64 = bands.iter().map(|band| u64::from(band.rows)).sum();
    let all: u64 = bands.iter().map(|band| u64::from(band.recorded)).sum();
    let part = match shown >= all {
        true => format!("{all} neurons"),
        false => format!("{shown} of {all} neurons shown"),
    };
    let style = TextStyle { size: 12.0, fill: PALE_INK, anchor: Anchor::Start, bold: false };
    svg.words(LEFT, 49.0, style, &format!("{part}, {spikes} spikes in all"));
}

/// All dots of a population are one path: `M x y h0` with round ends is a dot.
fn dots(svg: &mut Svg, bands: &[Band], spikes: &[Spike], time: &Axis) {
    let rows: u32 = bands.iter().map(|band| band.rows).sum();
    let gaps = GAP * bands.len().saturating_sub(1) as f64;
    let row_height = (RASTER_HEIGHT - gaps) / f64::from(rows.max(1));
    let shown = spikes.iter().filter(|s| row_of(bands, s.neuron.0).is_some()).count();
    // Together the dots cover a few hundredths of the area: sparse rasters stay visible, dense
    // ones keep their texture.
    let area = (RIGHT - LEFT) * RASTER_HEIGHT / shown.max(1) as f64;
    let size = crate::base::math::sqrt(0.035 * area).clamp(1.0, 2.6);
    let mut top = TOP;
    for band in bands {
        let mut path = String::new();
        for spike in spikes.iter().filter(|spike| band.neurons.contains(&spike.neuron.0)) {
            if let Some(row) = band.row(spike.neuron.0) {
                let y = top + (f64::from(row) + 0.5) * row_height;
                write!(path, "M{} {}h0", short(time.at(spike.tick.ms())), short(y))
                    .expect("a String takes everything");
            }
        }
        if !path.is_empty() {
            svg.stroke(&path, band.colour, size, true);
        }
        let bottom = top + row_height * f64::from(band.rows);
        svg.line((LEFT - 7.0, top), (LEFT - 7.0, bottom), band.colour, 3.0);
        band_name(svg, band, f64::midpoint(top, bottom) + 4.5);
        top = bottom + GAP;
    }
}

fn band_name(svg: &mut Svg, band: &Band, y: f64) {
    let style = TextStyle { size: 13.0, fill: band.colour, anchor: Anchor::End, bold: true };
    let name: String = match band.name.chars().count() {
        0..=13 => band.name.clone(),
        _ => band.name.chars().take(12).chain(['…']).collect(),
    };
    svg.words(LEFT - 15.0, y, style, &name);
}

/// The rate of one population, bin by bin.
fn rates(
    svg: &mut Svg,
    band: &Band,
    spikes: &[Spike],
    time: &Axis,
    bin: Span,
    (top, bottom): (f64, f64),
) {
    let window_ms = time.high - time.low;
    let bins = (window_ms / bin.ms()).ceil().max(1.0) as usize;
    let mut counts = vec![0u64; bins];
    for spike in spikes.iter().filter(|spike| band.neurons.contains(&spike.neuron.0)) {
        let place = ((spike.tick.ms() - time.low) / bin.ms()) as usize;
        counts[place.min(bins - 1)] += 1;
    }
    let start = |place: usize| (time.low + place as f64 * bin.ms()).min(time.high);
    let hz = |place: usize| {
        let seconds = (start(place + 1) - start(place)) / 1e3;
        counts[place] as f64 / (f64::from(band.recorded) * seconds.max(f64::MIN_POSITIVE))
    };
    let highest = (0..bins).map(hz).fold(0.0, f64::max);
    let ceiling = if highest > 0.0 { round_step(highest) } else { 1.0 };
    let rate = Axis { low: 0.0, high: ceiling, pixels: (bottom, top) };
    let mut path = format!("M{} {}", short(LEFT), short(bottom));
    for place in 0..bins {
        let (y, x) = (short(rate.at(hz(place))), short(time.at(start(place + 1))));
        write!(path, "V{y}H{x}").expect("a String takes everything");
    }
    path.push_str(&format!("V{}Z", short(bottom)));
    svg.fill(&path, band.colour, 0.8);
    svg.line((LEFT, bottom), (RIGHT, bottom), INK, 0.8);
    svg.line((LEFT, top), (LEFT, bottom), INK, 0.8);
    svg.line((LEFT - 4.0, top), (LEFT, top), INK, 0.8);
    let style = TextStyle { size: 11.0, fill: INK, anchor: Anchor::End, bold: false };
    svg.words(LEFT - 7.0, top + 7.0, style, &format!("{} Hz", label(ceiling)));
    let seconds = window_ms / 1e3;
    let total: u64 = counts.iter().sum();
    let mean = total as f64 / (f64::from(band.recorded) * seconds.max(f64::MIN_POSITIVE));
    if bottom - top > 30.0 {
        let style = TextStyle { size: 11.0, fill: band.colour, anchor: Anchor::End, bold: true };
        svg.words(LEFT - 7.0, top + 23.0, style, &format!("mean {mean:.2}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::NeuronId;
    use crate::output::Layout;

    fn record(sizes: &[u32], each: u64) -> SpikeRecord {
        let names = sizes.iter().enumerate().map(|(k, &size)| (format!("p{k}"), size));
        let layout = Layout::new(names).unwrap();
        let mut spikes: Vec<Spike> = (0..layout.neurons())
            .flat_map(|n| {
                (0..each).map(move |k| Spike {
                    tick: Tick((k * 1_000_000_000 / each + u64::from(n)) % 1_000_000_000),
                    neuron: NeuronId(n),
                })
            })
            .collect();
        spikes.sort_unstable();
        let recorded = sizes.to_vec();
        SpikeRecord { layout, recorded, spikes, end: Tick(1_000_000_000) }
    }

    fn dots_in(svg: &str) -> usize {
        svg.matches("h0").count()
    }

    #[test]
    fn every_spike_of_a_small_network_is_a_dot() {
        let record = record(&[7, 3], 4);
        let svg = raster(&record, &RasterOptions::default());
        assert_eq!(dots_in(&svg), 40);
        assert!(svg.contains(">p0<") && svg.contains(">p1<") && svg.contains("time (ms)"));
        assert!(svg.contains("10 neurons, 40 spikes"), "{}", &svg[..900]);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn big_networks_are_thinned_and_the_file_stays_small() {
        let record = record(&[4000, 1000, 5], 40);
        let svg = raster(&record, &RasterOptions::default());
        assert!(svg.len() < 1_500_000, "{} bytes", svg.len());
        let many = RasterOptions { neurons: Some(5005), ..RasterOptions::default() };
        let svg = raster(&record, &many);
        let dots = dots_in(&svg);
        assert!(dots <= MOST_DOTS && dots > MOST_DOTS / 2, "{dots}");
    }

    #[test]
    fn rows_are_spread_over_the_whole_population() {
        let band = Band { name: "a".into(), colour: "", neurons: 10..110, recorded: 100, rows: 7 };
        let shown: Vec<u32> = (10..110).filter(|&n| band.row(n).is_some()).collect();
        assert_eq!(shown, [10, 24, 38, 52, 67, 81, 95]);
        assert_eq!(band.row(95), Some(6));
    }

    #[test]
    fn a_window_shows_what_lies_inside() {
        let record = record(&[10], 10);
        let window = RasterOptions {
            from: Some(Tick(100_000_000)),
            to: Some(Tick(300_000_000)),
            ..RasterOptions::default()
        };
        assert_eq!(dots_in(&raster(&record, &window)), 20);
        let nothing = RasterOptions { from: Some(Tick(1 << 40)), ..RasterOptions::default() };
        let svg = raster(&record, &nothing);
        assert_eq!(dots_in(&svg), 0);
        assert!(!svg.contains("NaN"));
    }
}
