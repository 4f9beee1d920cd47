//! From how much input on does a grid pay?
//!
//! Neurons of `lif_exp` with independent Poisson input from 1 Hz to 100 kHz, simulated by the
//! engine with exact times and by the barest stepper on a grid of 0.1 ms ([`super::grid`]), in
//! turn, on one thread. A grid costs the same however little arrives; events cost nothing where
//! nothing arrives. Weights fall with the rate, so that the mean depolarisation stays at
//! four fifths of the threshold, and are at most 200 pA (a rise of about 1 mV).

use super::clock::{Spread, thread_cpu_s};
use super::grid::{Grid, STEP_MS};
use super::measure::MeasureError;
use crate::engine::{self, Control, Options, Progress};
use crate::network::{self, Network};
use crate::output::plot::{Curve, Curves};
use crate::scenario::{RecordSpikes, Scenario};
use serde::Serialize;
use std::sync::Mutex;
use std::time::Instant;

/// Neurons on both sides: the state of the grid side stays in a cache of half a megabyte.
pub const NEURONS: u32 = 10_000;

/// Rates of input to a neuron.
const RATES_HZ: [f64; 11] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5];

/// Arrivals that a point should hold; the simulated time follows from it.
const ARRIVALS: f64 = 3e6;

/// One rate of input.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// Input of each neuron.
    pub rate_hz: f64,
    /// The same for each step of the grid.
    pub arrivals_per_step: f64,
    /// Microseconds for a simulated second of one neuron, event-driven.
    pub events_us: Spread,
    /// The same on the grid.
    pub grid_us: Spread,
    /// Grid over events, within rounds.
    pub ratio: Spread,
    /// Rate at which the neurons fire, event-driven.
    pub events_rate_hz: f64,
    /// The same on the grid.
    pub grid_rate_hz: f64,
}

/// The whole curve.
#[derive(Clone, Debug, Serialize)]
pub struct Swept {
    /// From rare to dense.
    pub points: Vec<Point>,
    /// Arrivals per step at which both cost the same, if the curves cross.
    pub crossing: Option<f64>,
    /// Whether times are processor times; wall times where the system does not tell.
    pub processor_time: bool,
}

/// Measures the curve; `tell` hears what is done now.
///
/// # Errors
/// If a network cannot be built or a run fails.
pub fn sweep(seed: u64, repeats: u32, tell: &mut dyn FnMut(&str)) -> Result<Swept, MeasureError> {
    let mut points = Vec::new();
    for rate_hz in RATES_HZ {
        tell(&format!("{rate_hz} Hz"));
        points.push(point(NEURONS, rate_hz, ARRIVALS, seed, repeats)?);
    }
    let crossing = crossing(&points);
    Ok(Swept { points, crossing, processor_time: thread_cpu_s().is_some() })
}

fn weight_pa(rate_hz: f64) -> f64 {
    // tau_m tau_syn / c_m = 0.08 mV / (pA kHz); 12 mV are four fifths of the way to threshold.
    (12.0 / (rate_hz * 1e-3 * 0.08)).min(200.0)
}

fn point(
    neurons: u32,
    rate_hz: f64,
    arrivals: f64,
    seed: u64,
    repeats: u32,
) -> Result<Point, MeasureError> {
    let whole_s = (arrivals / (f64::from(neurons) * rate_hz)).clamp(0.1, 10.0);
    let scenario = scenario(neurons, rate_hz, whole_s, seed);
    let network = network::build(&scenario, 1, 1, None)?;
    // A grid costs the same at any time, so it need not run for long.
    let steps = (whole_s.min(0.5) * 1e3 / STEP_MS).round() as u64;
    let grid_s = steps as f64 * STEP_MS * 1e-3;
    let each = |seconds: f64, simulated_s: f64| seconds * 1e6 / (simulated_s * f64::from(neurons));
    let (mut events, mut grid, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut events_spikes, mut grid_spikes) = (0, 0);
    // The first round warms up.
    for round in 0..=repeats {
        let (seconds, spikes) = run_events(&scenario, &network)?;
        events_spikes = spikes;
        let ours = each(seconds, whole_s);
        let (seconds, spikes) = run_grid(neurons, rate_hz, steps, seed);
        grid_spikes = spikes;
        let theirs = each(seconds, grid_s);
        if round > 0 {
            events.push(ours);
            grid.push(theirs);
            ratios.push(theirs / ours);
        }
    }
    Ok(Point {
        rate_hz,
        arrivals_per_step: rate_hz * STEP_MS * 1e-3,
        events_us: Spread::of(&events),
        grid_us: Spread::of(&grid),
        ratio: Spread::of(&ratios),
        events_rate_hz: events_spikes as f64 / (f64::from(neurons) * whole_s),
        grid_rate_hz: grid_spikes as f64 / (f64::from(neurons) * grid_s),
    })
}

fn scenario(neurons: u32, rate_hz: f64, whole_s: f64, seed: u64) -> Scenario {
    let mut scenario = Scenario::new("sweep").seed(seed).duration_ms(whole_s * 1e3);
    let known = "the sweep's own values are sound";
    let cells = scenario.add_population("cells", neurons, "lif_exp").expect(known);
    let (rate, weight) = (format!("{rate_hz} Hz"), format!("{} pA", weight_pa(rate_hz)));
    scenario.background(cells, &rate, &weight).expect(known);
    scenario.record.spikes = RecordSpikes::None;
    scenario
}

/// Time on a clock that does not count what other programs took, if there is one.
struct Stopwatch {
    wall: Instant,
    processor: Option<f64>,
}

impl Stopwatch {
    fn start() -> Stopwatch {
        Stopwatch { wall: Instant::now(), processor: thread_cpu_s() }
    }

    fn seconds(&self) -> f64 {
        match (self.processor, thread_cpu_s()) {
            (Some(start), Some(end)) => end - start,
            _ => self.wall.elapsed().as_secs_f64(),
        }
    }
}

/// Seconds after the set-up, and spikes.
fn run_events(scenario: &Scenario, network: &Network) -> Result<(f64, u64), MeasureError> {
    let watch = Mutex::new(Stopwatch::start());
    let observe = |progress: Progress| {
        if progress.simulated.0 == 0 {
            *watch.lock().expect("nobody fails while holding it") = Stopwatch::start();
        }
        Control::Continue
    };
    let outcome = engine::run(scenario, network, Options::threads(1), &observe)?;
    let seconds = watch.lock().expect("nobody fails while holding it").seconds();
    Ok((seconds, outcome.counts.spikes))
}

fn run_grid(neurons: u32, rate_hz: f64, steps: u64, seed: u64) -> (f64, u64) {
    let arrivals = rate_hz * STEP_MS * 1e-3;
    let mut grid = Grid::new(neurons as usize, arrivals, weight_pa(rate_hz), seed);
    let watch = Stopwatch::start();
    for _ in 0..steps {
        grid.step();
    }
    (watch.seconds(), grid.spikes())
}

/// Where the ratio passes one, on a straight line between logarithms.
fn crossing(points: &[Point]) -> Option<f64> {
    points.windows(2).find_map(|pair| {
        let [(x0, y0), (x1, y1)] =
            [&pair[0], &pair[1]].map(|p| (p.arrivals_per_step.ln(), p.ratio.median.ln()));
        (y0 >= 0.0 && y1 < 0.0).then(|| (x0 + (x1 - x0) * y0 / (y0 - y1)).exp())
    })
}

impl Swept {
    /// The picture of the curve.
    pub fn picture(&self) -> Curves {
        let curve = |name: &str, of: fn(&Point) -> Spread| Curve {
            name: name.to_string(),
            points: self
                .points
                .iter()
                .map(|point| (point.arrivals_per_step, of(point).median))
                .collect(),
        };
        let time = if self.processor_time { "processor" } else { "wall-clock" };
        Curves {
            title: "Cost of a neuron: events against grid".to_string(),
            subtitle: match self.crossing {
                Some(at) => format!("equal at {at:.2} arrivals per 0.1 ms; one thread"),
                None => "one thread".to_string(),
            },
            x: "arrivals per neuron and 0.1 ms".to_string(),
            y: format!("{time} time for a simulated second of one neuron (us)"),
            curves: vec![
                curve("events, exact times", |point| point.events_us),
                curve("bare grid, 0.1 ms", |point| point.grid_us),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides simulate the same thing: they fire at about the same rate.
    #[test]
    fn both_sides_agree_on_the_rate() {
        for rate_hz in [1e3, 3e3] {
            let point = point(200, rate_hz, 3e6, 1, 1).unwrap();
            assert!(point.events_us.median > 0.0 && point.grid_us.median > 0.0);
            let (ours, theirs) = (point.events_rate_hz, point.grid_rate_hz);
            assert!(ours > 1.0 && (theirs / ours - 1.0).abs() < 0.3, "{ours} and {theirs} Hz");
        }
    }

    #[test]
    fn the_crossing_lies_between_the_points_around_it() {
        let point = |arrivals_per_step, ratio| Point {
            rate_hz: 0.0,
            arrivals_per_step,
            events_us: Spread::default(),
            grid_us: Spread::default(),
            ratio: Spread::of(&[ratio]),
            events_rate_hz: 0.0,
            grid_rate_hz: 0.0,
        };
        let found = crossing(&[point(0.01, 16.0), point(0.1, 4.0), point(1.0, 0.25)]).unwrap();
        assert!((found - 0.1f64.sqrt()).abs() < 1e-12, "{found}");
        assert_eq!(crossing(&[point(0.01, 16.0), point(0.1, 4.0)]), None);
    }
}
