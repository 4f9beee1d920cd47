//! The oracle against pencil and paper, and its equations against plain numerical integration.
//!
//! The oracle reads nothing of a model but names, so these tests bring descriptors of their own.

use super::equations::{Current, Leaky, Parabola};
use super::*;
use crate::base::Unit;
use crate::base::math::{atan, ln};
use crate::base::random::{Purpose, Stream};
use crate::neuron::{Initial, Parameter, Range, Variable};
use std::f64::consts::E;

const fn parameter(name: &'static str) -> Parameter {
    Parameter { name, unit: Unit::Mv, default: 0.0, range: Range::Any, per_neuron: false, doc: "" }
}

const fn variable(name: &'static str) -> Variable {
    Variable { name, unit: Unit::Mv, initial: Initial::Value(0.0), doc: "" }
}

const fn model(
    name: &'static str,
    parameters: &'static [Parameter],
    variables: &'static [Variable],
) -> Descriptor {
    Descriptor {
        name,
        summary: "",
        manual: "",
        parameters,
        variables,
        input: Unit::Mv,
        check: |_| Vec::new(),
        current_for_period: None,
    }
}

const CURRENT_BASED: &[Parameter] = &[
    parameter("tau_m"),
    parameter("c_m"),
    parameter("t_ref"),
    parameter("e_l"),
    parameter("v_reset"),
    parameter("v_th"),
    parameter("tau_syn_ex"),
    parameter("tau_syn_in"),
    parameter("i_e"),
];
static DELTA: Descriptor = model("lif_delta", CURRENT_BASED, &[variable("v_m")]);
static EXPONENTIAL: Descriptor = model("lif_exp", CURRENT_BASED, &[variable("v_m")]);
static ALPHA: Descriptor = model("lif_alpha", CURRENT_BASED, &[variable("v_m")]);
static QUADRATIC: Descriptor = model(
    "qif",
    &[
        parameter("tau_m"),
        parameter("c_m"),
        parameter("t_ref"),
        parameter("e_l"),
        parameter("v_crit"),
        parameter("v_peak"),
        parameter("v_reset"),
        parameter("i_e"),
    ],
    &[variable("v_m")],
);
static PARROT: Descriptor = model("parrot", &[], &[]);

fn neuron(
    descriptor: &'static Descriptor,
    v_m: f64,
    parameters: &[f64],
) -> Option<ReferenceNeuron> {
    assert_eq!(parameters.len(), descriptor.parameters.len());
    let variables = descriptor.variables.iter().map(|_| v_m).collect();
    Some(ReferenceNeuron { descriptor, parameters: parameters.to_vec(), variables })
}

/// Rest and reset at 0, threshold at 20 mV, tau_m 20 ms.
fn kicked(t_ref: f64) -> Option<ReferenceNeuron> {
    neuron(&DELTA, 0.0, &[20.0, 200.0, t_ref, 0.0, 0.0, 20.0, 1.0, 1.0, 0.0])
}

fn alone(neuron: Option<ReferenceNeuron>, external: &[(u64, f64)]) -> Problem {
    Problem {
        resolution: Resolution::FINEST,
        duration: Span::from_whole_ms(300),
        neurons: vec![neuron],
        edges: Vec::new(),
        external: external.iter().map(|&(tick, weight)| (Tick(tick), 0, weight)).collect(),
        source_spikes: Vec::new(),
        drives: Vec::new(),
    }
}

/// No spikes.
const NONE: [u64; 0] = [];

fn ticks(problem: &Problem) -> Vec<u64> {
    simulate(problem).iter().map(|&(tick, _)| tick.0).collect()
}

fn ms(whole: u64) -> u64 {
    whole * TICKS_PER_MS
}

#[test]
fn an_undriven_cuba_neuron_fires_every_53_ms() {
    // Benchmark 2 of Brette et al. 2007: 20 ln 11 + 5 = 52.957905 ms.
    let cuba = [20.0, 200.0, 5.0, -49.0, -60.0, -50.0, 5.0, 10.0, 0.0];
    let first = (20.0 * ln(11.0) * 1e6).ceil() as u64;
    let expected: Vec<u64> = (0..5).map(|n| first + n * (first + ms(5))).collect();
    assert_eq!(first, 47_957_906);
    assert_eq!(ticks(&alone(neuron(&EXPONENTIAL, -60.0, &cuba), &[])), expected);
    assert_eq!(ticks(&alone(neuron(&ALPHA, -60.0, &cuba), &[])), expected);
    assert_eq!(ticks(&alone(neuron(&DELTA, -60.0, &cuba), &[])), expected);
}

#[test]
fn on_a_coarse_grid_crossings_round_up_to_it() {
    let cuba = [20.0, 200.0, 5.0, -49.0, -60.0, -50.0, 5.0, 10.0, 0.0];
    let mut problem = alone(neuron(&EXPONENTIAL, -60.0, &cuba), &[]);
    problem.resolution = Resolution::new(Span(100_000)).unwrap();
    assert_eq!(ticks(&problem)[..2], [48_000_000, 101_000_000]);
    // A refractory period that is no multiple of the grid delays the crossing, not the grid.
    problem.neurons[0].as_mut().unwrap().parameters[2] = 5.05;
    assert_eq!(ticks(&problem)[..2], [48_000_000, 101_100_000]);
}

#[test]
fn kicks_add_up_at_one_tick_and_leak_between_two() {
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 10.0), (ms(1), 10.0)])), [ms(1)]);
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 10.0), (ms(2), 10.0)])), NONE);
    // After 1 ms 10 mV have leaked to 9.512 mV.
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 10.0), (ms(2), 10.488)])), [ms(2)]);
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 10.0), (ms(2), 10.487)])), NONE);
    // An inhibitory input of the same tick counts, wherever it stands.
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 25.0), (ms(1), -6.0)])), NONE);
    // Two hundred times 0.1 mV are not quite 20 mV in doubles.
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 0.1); 200])), [ms(1)]);
    assert_eq!(ticks(&alone(kicked(2.0), &[(ms(1), 0.1); 199])), NONE);
}

#[test]
fn refractoriness_ends_after_its_last_tick() {
    let kick = |at| (at, 25.0);
    let spikes = |t_ref, at| ticks(&alone(kicked(t_ref), &[kick(ms(1)), kick(at)]));
    assert_eq!(spikes(2.0, ms(1) + 1), [ms(1)]);
    assert_eq!(spikes(2.0, ms(3)), [ms(1)]);
    assert_eq!(spikes(2.0, ms(3) + 1), [ms(1), ms(3) + 1]);
    assert_eq!(spikes(0.0, ms(1) + 1), [ms(1), ms(1) + 1]);
    assert_eq!(spikes(0.0, ms(1)), [ms(1)]);
}

#[test]
fn currents_go_on_while_the_membrane_is_held() {
    // A current of 40 nA crosses 20 mV at once, and what is left of it after 2 ms of
    // refractoriness, exp(-2 / 1000), does so again: I t / C = 20 mV after 0.1 ms, nearly.
    let slow = [1e6, 200.0, 2.0, 0.0, 0.0, 20.0, 1000.0, 1000.0, 0.0];
    let spikes = ticks(&alone(neuron(&EXPONENTIAL, 0.0, &slow), &[(ms(1), 40_000.0)]));
    let first = -1000.0 * ln(1.0 - 0.1 / 1000.0);
    assert!((spikes[0] as f64 / 1e6 - 1.0 - first).abs() < 1e-5, "{spikes:?}");
    let second = 0.1 * (1.0 + 0.0021);
    let pause = (spikes[1] - spikes[0]) as f64 / 1e6 - 2.0;
    assert!((pause - second).abs() < 1e-5, "{pause}");
}

#[test]
fn an_alpha_potential_peaks_after_two_time_constants() {
    // With tau_syn = tau_m = tau: V = (w e / (tau C)) t^2 / 2 exp(-t / tau), at most
    // 2 w tau / (C e), at t = 2 tau.
    let peak = 2.0 * 100.0 * 10.0 / (250.0 * E);
    let spikes = |v_th| {
        let parameters = [10.0, 250.0, 2.0, 0.0, 0.0, v_th, 10.0, 5.0, 0.0];
        ticks(&alone(neuron(&ALPHA, 0.0, &parameters), &[(ms(3), 100.0)]))
    };
    assert_eq!(spikes(peak * (1.0 + 1e-12)), NONE);
    // Near its top the potential is peak (1 - d^2 / (4 tau^2)), d from the top; the spike comes up
    // to one tick later.
    let below = spikes(peak * (1.0 - 1e-8));
    let missing = 23.0 - below[0] as f64 / 1e6;
    assert!((missing - 2.0 * 10.0 * 1e-4).abs() < 2e-6, "{missing}");
}

#[test]
fn parrots_repeat_once_a_tick_whatever_the_weight() {
    let parrot = || neuron(&PARROT, 0.0, &[]);
    let edge = |source, target, weight, delay| Edge { source, target, weight, delay: Span(delay) };
    let problem = Problem {
        neurons: vec![None, parrot(), parrot()],
        edges: vec![
            edge(0, 1, 0.0, 10),
            edge(0, 1, -1.0, 10),
            edge(0, 1, 1.0, 25),
            edge(1, 2, 1.0, 5),
        ],
        source_spikes: vec![(Tick(100), 0), (Tick(115), 0), (Tick(ms(300)), 0)],
        ..alone(None, &[])
    };
    let spikes: Vec<(u64, u32)> = simulate(&problem).iter().map(|&(t, n)| (t.0, n)).collect();
    let expected = [(100, 0), (110, 1), (115, 0), (115, 2), (125, 1), (130, 2), (140, 1), (145, 2)];
    assert_eq!(spikes, expected);
}

#[test]
fn a_start_above_threshold_fires_at_the_first_grid_point() {
    let mut problem = alone(kicked(2.0), &[]);
    problem.neurons[0].as_mut().unwrap().variables[0] = 20.000_001;
    assert_eq!(ticks(&problem), [1]);
    problem.resolution = Resolution::new(Span(100_000)).unwrap();
    assert_eq!(ticks(&problem), [100_000]);
    // A spike at the very end is not part of the run.
    problem.duration = Span(100_000);
    assert_eq!(ticks(&problem), NONE);
}

#[test]
fn a_drive_must_lead_beyond_the_threshold() {
    // 200 pA on 100 MOhm are 20 mV, the threshold.
    let spikes = |current| {
        let mut problem = alone(kicked(2.0), &[]);
        problem.drives = vec![(Tick(ms(7)), 0, current)];
        ticks(&problem)
    };
    assert_eq!(spikes(200.0), NONE);
    assert_eq!(spikes(400.0)[0], ms(7) + (20.0 * ln(2.0) * 1e6).ceil() as u64);
}

#[test]
fn an_input_at_the_tick_of_a_crossing_neither_stops_nor_survives_it() {
    let mut problem = alone(kicked(0.0), &[]);
    problem.drives = vec![(Tick(0), 0, 400.0)];
    let period = (20.0 * ln(2.0) * 1e6).ceil() as u64;
    problem.external = vec![(Tick(period), 0, -15.0)];
    assert_eq!(ticks(&problem)[..2], [period, 2 * period]);
}

#[test]
fn a_quadratic_neuron_follows_its_two_closed_forms() {
    // tau_m 1 / 0.14 ms, c_m 100 pF, rest -60, crit -40, peak 35, reset -50 mV: k = 0.7.
    let parameters = [1.0 / 0.14, 100.0, 1.0, -60.0, -40.0, 35.0, -50.0];
    let quadratic = |v, i_e| neuron(&QUADRATIC, v, &[parameters.as_slice(), &[i_e]].concat());
    assert_eq!(ticks(&alone(quadratic(-60.0, 0.0), &[(ms(1), 19.0)])), NONE);
    // With u = V + 50: du/dt = 0.007 (u^2 - 100), from 11 to 85.
    let time = ln((75.0 / 95.0) * (21.0 / 1.0)) / 0.14;
    let spikes = ticks(&alone(quadratic(-60.0, 0.0), &[(ms(1), 21.0)]));
    assert!((spikes[0] as f64 / 1e6 - 1.0 - time).abs() < 2e-6 && spikes.len() == 1, "{spikes:?}");
    // With 140 pA du/dt = 0.007 (u^2 + 100), from 0 to 85, again and again.
    let time = (atan(8.5) / 0.07 * 1e6).ceil() as u64;
    assert_eq!(ticks(&alone(quadratic(-50.0, 140.0), &[]))[..2], [time, 2 * time + ms(1)]);
}

/// A fourth-order Runge-Kutta step of an autonomous equation.
fn step<const N: usize>(f: impl Fn([f64; N]) -> [f64; N], y: [f64; N], h: f64) -> [f64; N] {
    let along = |k: [f64; N], h: f64| std::array::from_fn(|n| y[n] + h * k[n]);
    let k1 = f(y);
    let k2 = f(along(k1, h / 2.0));
    let k3 = f(along(k2, h / 2.0));
    let k4 = f(along(k3, h));
    std::array::from_fn(|n| y[n] + h / 6.0 * (k1[n] + 2.0 * k2[n] + 2.0 * k3[n] + k4[n]))
}

fn random_membrane(draw: &mut Stream, alpha: bool) -> Leaky {
    let tau_m = 5.0 + 15.0 * draw.uniform();
    let nearby = [1.0, 1.0 + 1e-13, 1.0 - 1e-9, 1.0 + 1e-5, 0.9, 0.2, 1.7];
    let mut current = |sign: f64| Current {
        level: sign * 900.0 * draw.uniform(),
        slope: if alpha { sign * 500.0 * draw.uniform() } else { 0.0 },
        tau: tau_m * nearby[draw.below(7) as usize],
    };
    let currents = [current(1.0), current(-1.0)];
    let v = -5.0 + 15.0 * draw.uniform();
    Leaky { v, rest: 6.0 * draw.uniform(), tau_m, c_m: 250.0, currents }
}

#[test]
fn closed_forms_agree_with_numerical_integration() {
    let mut draw = Stream::new(1, Purpose::Initial, 0, 0);
    for round in 0..60 {
        let m = random_membrane(&mut draw, round % 2 == 0);
        let [a, b] = m.currents;
        // The slope of a current is itself a decaying variable that feeds the level.
        let f = |[v, ia, sa, ib, sb]: [f64; 5]| {
            let dv = (m.rest - v) / m.tau_m + (ia + ib) / m.c_m;
            [dv, sa - ia / a.tau, -sa / a.tau, sb - ib / b.tau, -sb / b.tau]
        };
        let mut y = [m.v, a.level, a.slope, b.level, b.slope];
        for _ in 0..3000 {
            y = step(f, y, 0.01);
        }
        let end = m.from(30.0);
        let close = |x: f64, y: f64| (x - y).abs() < 1e-8 * (1.0 + y.abs());
        assert!(close(end.v, y[0]), "{m:?}: {} is not {}", end.v, y[0]);
        assert!(close(end.currents[0].level, y[1]) && close(end.currents[1].slope, y[4]), "{m:?}");

        let parabola = Parabola { pace: 0.007, lift: 200.0 * draw.uniform() - 100.0 };
        let start = 20.0 * draw.uniform() - 10.0;
        let mut w = [start];
        for _ in 0..1000 {
            w = step(|[w]| [parabola.pace * (w * w + parabola.lift)], w, 0.001);
        }
        assert!(close(parabola.after(start, 1.0), w[0]), "{parabola:?}");
        if w[0] > start {
            assert!(close(parabola.time(start, w[0]).unwrap(), 1.0), "{parabola:?} {start}");
        }
    }
}

#[test]
fn crossings_are_the_first_of_a_dense_search() {
    let mut draw = Stream::new(2, Purpose::Initial, 0, 0);
    let (mut found, mut missing) = (0, 0);
    for round in 0..300 {
        let mut m = random_membrane(&mut draw, round % 2 == 0);
        let level = m.v.max(m.rest) + 4.0 * draw.uniform();
        if round % 5 == 0 {
            m.rest = level;
        }
        let grid = |n: u32| f64::from(n) * 0.01;
        let dense = (0..20_000).map(grid).find(|&t| m.above(level, t) >= 0.0);
        match (m.crossing(level, 1000.0), dense) {
            (Some(t), Some(seen)) => {
                found += 1;
                assert!(t <= seen && seen - t < 0.01 + 1e-9, "{m:?} {level}: {t} {seen}");
                assert!(m.above(level, t) >= 0.0 && m.above(level, t * (1.0 - 1e-9)) < 0.0);
            }
            (None, None) => missing += 1,
            // Between two points of the search, or after its end.
            (Some(t), None) => assert!(m.above(level, t).abs() < 1e-9, "{m:?} {level}: {t}"),
            (None, Some(seen)) => panic!("{m:?} {level}: missed {seen}"),
        }
    }
    assert!(found > 50 && missing > 50, "{found} found, {missing} without");
}
