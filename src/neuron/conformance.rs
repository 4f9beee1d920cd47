//! What every registered model must do, checked for all of them by one loop over the registry.
//!
//! Promise: between events a model moves by a closed form that may be cut anywhere; it misses no
//! crossing and reports none early or late; its pages and ranges are complete; and a neuron that
//! is run window by window ends with the same bits as one that is run at once.
//! Method: random parameters, states, drives and inputs from fixed streams (the case number in a
//! failure's message replays it), with the awkward values over-represented: equal and nearly equal
//! time constants, drives at threshold, silent and opposite currents, no refractoriness.

use super::cell::{Cell, Input, InputKind, NEVER};
use super::lists::StateVariable;
use super::{
    Descriptor, Dynamics, Initial, Parameter, Visitor, dispatch, dispatch_for, find, registry,
};
use crate::base::digest::Digest;
use crate::base::math::{exp, pow};
use crate::base::random::{Purpose, Stream};
use crate::base::{Resolution, Span, Tick, Unit};

const SEED: u64 = 20_241;

/// A model's parameters, start values and drive.
struct Case {
    name: String,
    parameters: Vec<f64>,
    /// Zero for those that are not given.
    variables: Vec<f64>,
    drive: f64,
}

fn draws(case: u64) -> Stream {
    Stream::new(SEED, Purpose::Initial, 0, case)
}

fn between(s: &mut Stream, low: f64, high: f64) -> f64 {
    low + (high - low) * s.uniform()
}

/// Ten to a power between two exponents.
fn magnitude(s: &mut Stream, low: f64, high: f64) -> f64 {
    exp(between(s, low, high) * std::f64::consts::LN_10)
}

fn sign(s: &mut Stream) -> f64 {
    if s.below(2) == 0 { 1.0 } else { -1.0 }
}

/// Numbers of things of which there may be any number.
const COUNTS: [usize; 6] = [0, 1, 2, 4, 7, 20];

fn random_parameters<M: Dynamics>(s: &mut Stream) -> Vec<f64> {
    let d = M::DESCRIPTOR;
    loop {
        let (mut values, mut lists): (Vec<f64>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for p in d.parameters {
            let tau_m = values.first().copied().unwrap_or_default();
            if !p.range.is_list() {
                values.push(random_value(p, tau_m, s));
                continue;
            }
            values.push(0.0);
            let count = match lists.last() {
                // As many time constants as jumps.
                Some(jumps) if is_later_tau(p.name) => jumps.len(),
                _ => COUNTS[s.below(COUNTS.len() as u64) as usize],
            };
            lists.push(match p.name {
                "weights" => random_weights(s),
                _ => (0..count).map(|_| random_value(p, tau_m, s)).collect(),
            });
        }
        let is_in_range = |(p, v): (&Parameter, &f64)| p.range.is_list() || p.range.contains(*v);
        let allowed = d.parameters.iter().zip(&values).all(is_in_range);
        let values = d.flat(values, &lists);
        if allowed && (d.check)(&values).is_empty() && M::fits(&values) {
            return values;
        }
    }
}

fn random_value(p: &Parameter, tau_m: f64, s: &mut Stream) -> f64 {
    match p.unit {
        Unit::Ms if p.name == "t_ref" && s.below(4) == 0 => 0.0,
        Unit::Ms if is_later_tau(p.name) && s.below(6) == 0 => tau_m,
        Unit::Ms if is_later_tau(p.name) && s.below(5) == 0 => {
            tau_m * (1.0 + sign(s) * magnitude(s, -15.0, -3.0))
        }
        Unit::Mv | Unit::Pa if p.name.contains("jump") && s.below(3) == 0 => 0.0,
        Unit::Mv if p.name.contains("jump") => between(s, -0.5, 3.0),
        Unit::Pa if p.name.contains("jump") => between(s, -300.0, 300.0),
        // Controllers: some units idle, some weights zero.
        Unit::One if p.name.starts_with("unit_") && s.below(3) == 0 => 0.0,
        Unit::One if p.name.starts_with("unit_") => between(s, -1.5, 1.5),
        // A capacitance that is zero unless given.
        Unit::Pf if p.default == 0.0 && s.below(2) == 0 => magnitude(s, 1.0, 4.0),
        Unit::Ms | Unit::Pf => p.default * magnitude(s, -0.8, 0.8),
        Unit::Mv => p.default + between(s, -5.0, 5.0),
        // Without a rate what fires at random never fires.
        Unit::Hz if s.below(5) == 0 => 0.0,
        Unit::Hz => magnitude(s, 0.0, 3.0),
        _ => p.default,
    }
}

/// Weights of a recurrent network of a few units, often none. Those between units are weak: a network
/// whose units are chaotic would make much of the last bit of its drive.
fn random_weights(s: &mut Stream) -> Vec<f64> {
    let units = [0, 1, 3, 7][s.below(4) as usize];
    let weight = |k: usize| if k % (units + 4) < 4 { 1.2 } else { 0.4 };
    (0..units * (units + 4)).map(|k| between(s, -weight(k), weight(k))).collect()
}

/// Whether this is a time constant of something else than the membrane.
fn is_later_tau(name: &str) -> bool {
    name.starts_with("tau_") && name != "tau_m"
}

/// The level that the membrane must reach for a spike in a state: how far a threshold has moved is
/// a variable `th`.
fn threshold<M: Dynamics>(c: &M::Constants, s: &M::State, case: &Case) -> Option<f64> {
    let moved = M::DESCRIPTOR.variable("th").map_or(0.0, |th| M::observe(c, s, th));
    let level = level(M::DESCRIPTOR, &case.parameters).map(|level| level + moved)?;
    // Where a gain moves the threshold is divided by it.
    let (Some(n), Some(e_l)) = (M::DESCRIPTOR.variable("gain_now"), M::DESCRIPTOR.parameter("e_l"))
    else {
        return Some(level);
    };
    let rest = case.parameters[e_l];
    Some(rest + (level - rest) / M::observe(c, s, n))
}

/// The level that the membrane must reach for a spike where no spike has moved it.
fn level(d: &Descriptor, parameters: &[f64]) -> Option<f64> {
    d.parameter("v_th").or(d.parameter("v_peak")).map(|index| parameters[index])
}

fn random_case<M: Dynamics>(number: u64) -> Case {
    let (d, s) = (M::DESCRIPTOR, &mut draws(number));
    let parameters = random_parameters::<M>(s);
    let top = level(d, &parameters).unwrap_or(0.0);
    let variables = d
        .state(&parameters)
        .iter()
        .map(|v| match v.unit {
            _ if !v.is_given() => 0.0,
            // A potential starts somewhere; what is added to one starts near zero.
            Unit::Mv if matches!(v.initial, Initial::Value(_)) => match s.below(3) {
                0 => 0.0,
                _ => between(s, -0.5, 3.0),
            },
            Unit::Mv if s.below(4) == 0 => top - magnitude(s, -9.0, 0.0),
            Unit::Mv => between(s, -90.0, top),
            _ if s.below(3) == 0 => 0.0,
            // Neurons that excite themselves more than they forget never stop.
            _ if v.name == "self_weight" => between(s, -200.0, 10.0),
            _ => sign(s) * magnitude(s, 0.0, 3.7),
        })
        .collect();
    // The current that holds a leaky membrane exactly at its threshold.
    let rheobase = match (d.parameter("tau_m"), d.parameter("c_m"), d.parameter("e_l")) {
        (Some(tau), Some(c), Some(rest)) => {
            (top - parameters[rest]) / (parameters[tau] / parameters[c])
        }
        _ => 0.0,
    };
    let drive = match s.below(5) {
        0 => 0.0,
        1 => rheobase,
        2 => rheobase * (1.0 + sign(s) * magnitude(s, -15.0, -1.0)),
        _ => between(s, -1000.0, 1000.0),
    };
    let name = format!("{} case {number} of seed {SEED}", d.name);
    Case { name, parameters, variables, drive }
}

fn bits<M: Dynamics>(state: &M::State) -> String {
    let mut digest = Digest::new();
    M::digest(state, &mut digest);
    digest.finish()
}

/// What is part of the state, and zero for what follows from it.
fn values<M: Dynamics>(constants: &M::Constants, state: &M::State, case: &Case) -> Vec<f64> {
    let value = |(place, variable): (usize, &StateVariable)| match variable.is_given() {
        true => M::observe(constants, state, place),
        false => 0.0,
    };
    M::DESCRIPTOR.state(&case.parameters).iter().enumerate().map(value).collect()
}

fn after<M: Dynamics>(c: &M::Constants, state: &M::State, drive: f64, ms: f64) -> M::State {
    let mut copy = state.clone();
    M::advance(c, &mut copy, drive, ms);
    copy
}

/// The first crossing. Models that have to walk for it do so for two seconds, longer than is searched.
fn crossing<M: Dynamics>(c: &M::Constants, state: &M::State, drive: f64) -> Option<f64> {
    M::crossing_within(c, state, drive, 2000.0).unwrap_or(None)
}

/// How far apart two lists of values are, relative to the larger of each pair and of `floor`.
fn distance(a: &[f64], b: &[f64], floor: f64) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - y).abs() / x.abs().max(y.abs()).max(floor))
        .fold(0.0, f64::max)
}

/// Runs a visitor over every model, and over those of more than four components.
fn every_model<V: Visitor<Output = ()> + Copy>(visitor: V) {
    for d in registry() {
        dispatch(d, visitor);
        if d.parameter("asc_jump").is_some() {
            let five: Vec<Vec<f64>> = d.lists().map(|_| vec![1.0; 5]).collect();
            dispatch_for(d, &d.flat(d.defaults(), &five), visitor);
        }
    }
}

#[test]
fn pages_and_ranges_are_complete() {
    for d in registry() {
        assert_eq!(registry().iter().filter(|other| other.name == d.name).count(), 1);
        assert_eq!(find(d.name).map(|found| found.name), Some(d.name));
        assert!(d.manual.len() > 200 && !d.summary.is_empty(), "{}", d.name);
        for p in d.parameters {
            assert!(d.manual.contains(p.name), "{}: the page lacks {}", d.name, p.name);
            assert!(p.range.contains(p.default), "{}: default of {}", d.name, p.name);
            for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                assert!(!p.range.contains(nonsense), "{}: {}", d.name, p.name);
            }
            assert!(p.unit != Unit::Ms || !p.range.contains(-1.0), "{}: {}", d.name, p.name);
        }
        assert_eq!((d.check)(&d.defaults()), Vec::new(), "{}", d.name);
        for v in d.variables {
            if let Initial::Parameter(index) = v.initial {
                assert_eq!(d.parameters[index].unit, v.unit, "{}: {}", d.name, v.name);
            }
        }
        if let (Some(reset), Some(top)) =
            (d.parameter("v_reset"), d.parameter("v_th").or(d.parameter("v_peak")))
        {
            let mut bad = d.defaults();
            bad[reset] = bad[top];
            assert!(
                (d.check)(&bad).iter().any(|(offender, _)| *offender == reset),
                "{}: a reset at threshold is let through",
                d.name
            );
        }
    }
}

#[derive(Clone, Copy)]
struct RestsAndPauses;

impl Visitor for RestsAndPauses {
    type Output = ();
    fn visit<M: Dynamics>(self) {
        let d = M::DESCRIPTOR;
        let p = d.defaults();
        let initial: Vec<f64> = d
            .variables
            .iter()
            .map(|v| match v.initial {
                Initial::Value(value) => value,
                Initial::Parameter(index) => p[index],
                Initial::OwnNumber => 0.5,
                Initial::Derived | Initial::Contacts(_) | Initial::Series(_) => 0.0,
            })
            .collect();
        let c = M::constants(&p);
        let rest = M::initial(&c, &initial);
        for ms in [0.1, 3.0, 1e6] {
            assert_eq!(bits::<M>(&after::<M>(&c, &rest, 0.0, ms)), bits::<M>(&rest), "{}", d.name);
        }
        assert_eq!(crossing::<M>(&c, &rest, 0.0), None, "{}", d.name);
        for number in 0..500 {
            let case = random_case::<M>(number);
            let c = M::constants(&case.parameters);
            let s = M::initial(&c, &case.variables);
            assert_eq!(values::<M>(&c, &s, &case), case.variables, "{}", case.name);
            let still = after::<M>(&c, &s, case.drive, 0.0);
            assert_eq!(bits::<M>(&still), bits::<M>(&s), "{}", case.name);
            let mut held = s.clone();
            M::advance_clamped(&c, &mut held, 0.0);
            assert_eq!(bits::<M>(&held), bits::<M>(&s), "{}", case.name);
        }
    }
}

#[test]
fn rest_is_a_fixed_point_and_no_time_changes_no_bit() {
    every_model(RestsAndPauses);
}

#[derive(Clone, Copy)]
struct Divides;

impl Visitor for Divides {
    type Output = ();
    fn visit<M: Dynamics>(self) {
        for number in 0..4000 {
            let case = random_case::<M>(number);
            let c = M::constants(&case.parameters);
            let s = M::initial(&c, &case.variables);
            let random = &mut draws(number + 1_000_000);
            let longest = crossing::<M>(&c, &s, case.drive).unwrap_or(f64::INFINITY);
            let (a, b) = (magnitude(random, -6.0, 2.0), magnitude(random, -6.0, 2.0));
            if a + b > 0.9 * longest {
                continue;
            }
            let whole = after::<M>(&c, &s, case.drive, a + b);
            let half = after::<M>(&c, &s, case.drive, a);
            let parts = after::<M>(&c, &half, case.drive, b);
            // Deflections of hundreds of mV may cancel; currents of 1e-200 pA are nothing.
            let scale = case.variables.iter().fold(1.0f64, |m, v| m.max(v.abs()));
            let [x, y] = [&whole, &parts].map(|state| values::<M>(&c, state, &case));
            assert!(distance(&x, &y, scale) < 1e-12, "{}: {x:?} {y:?}", case.name);
        }
    }
}

#[test]
fn a_time_may_be_cut_in_two() {
    every_model(Divides);
}

#[derive(Clone, Copy)]
struct Crosses;

impl Crosses {
    /// Whether the state `ms` later is at the level. A leaky membrane may tend to exactly its
    /// threshold, which is not reaching it; one held at v_peak has reached it.
    fn reached<M: Dynamics>(c: &M::Constants, s: &M::State, case: &Case, ms: f64) -> bool {
        let then = after::<M>(c, s, case.drive, ms);
        match threshold::<M>(c, &then, case) {
            None => M::at_threshold(c, &then),
            Some(top) if M::DESCRIPTOR.name == "qif" => M::observe(c, &then, 0) >= top,
            Some(top) => M::observe(c, &then, 0) > top,
        }
    }

    /// The first crossing that a dense search finds before `end`.
    fn search<M: Dynamics>(
        c: &M::Constants,
        s: &M::State,
        case: &Case,
        end: f64,
        steps: u32,
    ) -> Option<f64> {
        let at = |k: u32| end * f64::from(k) / f64::from(steps);
        let found = (0..steps).find(|k| Self::reached::<M>(c, s, case, at(*k)))?;
        let (mut low, mut high) = (at(found.saturating_sub(1)), at(found));
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if Self::reached::<M>(c, s, case, middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high)
    }
}

impl Visitor for Crosses {
    type Output = ();
    fn visit<M: Dynamics>(self) {
        let (mut some, mut none) = (0, 0);
        // A state of one that walks is gone to from the start, step by step.
        let walks = M::DESCRIPTOR.parameter("weights").is_some();
        let cases = if walks { 500 } else { 4000 };
        for number in 0..cases {
            let case = random_case::<M>(number);
            let c = M::constants(&case.parameters);
            let s = M::initial(&c, &case.variables);
            let Some(ms) = crossing::<M>(&c, &s, case.drive) else {
                none += 1;
                for end in [1.0, 300.0] {
                    let missed = Self::search::<M>(&c, &s, &case, end, 400);
                    assert_eq!(missed, None, "{} missed", case.name);
                }
                continue;
            };
            some += 1;
            assert!(ms >= 0.0 && ms.is_finite(), "{}: {ms}", case.name);
            if let Some(earlier) = Self::search::<M>(&c, &s, &case, ms, 400) {
                assert!(ms <= earlier + 1e-9 * (1.0 + earlier), "{}: {ms} {earlier}", case.name);
            }
            let mut fired = after::<M>(&c, &s, case.drive, ms);
            if let Some(top) = threshold::<M>(&c, &fired, &case) {
                let v = M::observe(&c, &fired, 0);
                assert!(v >= top - 1e-9, "{}: only {v} at {ms}", case.name);
            }
            M::fire(&c, &mut fired);
            assert!(!M::at_threshold(&c, &fired), "{} fires twice", case.name);
            assert_ne!(crossing::<M>(&c, &fired, case.drive), Some(0.0), "{}", case.name);
        }
        let enough = M::DESCRIPTOR.variables.is_empty() || some.min(none) > cases / 10;
        assert!(enough, "{}: {some} crossings, {none} without", M::DESCRIPTOR.name);
    }
}

#[test]
fn crossings_are_neither_missed_nor_early_nor_late() {
    every_model(Crosses);
}

#[derive(Clone, Copy)]
struct Windows;

impl Windows {
    /// Inputs at clumped ticks on the grid, of both signs, and changes of the drive.
    fn inputs(s: &mut Stream, unit: Unit, grid: Resolution, drive: f64) -> Vec<Input> {
        let strength = if unit == Unit::Pa { 2000.0 } else { 8.0 };
        let mut at = Tick::ZERO;
        (0..300)
            .map(|_| {
                if s.below(3) > 0 {
                    at = grid.nearest(at + Span(s.below(3_000_000)));
                }
                let kind = if s.below(20) == 0 {
                    InputKind::Drive(drive * s.uniform())
                } else {
                    InputKind::Spike(between(s, -0.6 * strength, strength))
                };
                Input { at, kind }
            })
            .collect()
    }

    /// Whether the cell is over its level at the tick for which it predicts a spike and not yet a
    /// tick before, looked at the way a probe does.
    fn predicts_right<M: Dynamics>(c: &M::Constants, cell: &Cell<M::State>, case: &Case) {
        // How far the membrane is above its level at a tick.
        let excess = |at: Tick| {
            let mut copy = cell.clone();
            copy.advance_to::<M>(c, at);
            let level = threshold::<M>(c, &copy.state, case);
            level.map(|level| M::observe(c, &copy.state, 0) - level)
        };
        // A controller on ticks is asked at each of them.
        let is_slow = M::DESCRIPTOR.parameter("tick").is_some();
        let limit = cell.at + Span::from_whole_ms(if is_slow { 4 } else { 100 });
        let Some(predicted) = cell.fires_at::<M>(c, Resolution::FINEST, limit) else { return };
        assert!(cell.predicted <= predicted, "{}: a bound after the spike", case.name);
        if predicted == NEVER {
            return;
        }
        let Some(then) = excess(predicted) else { return };
        assert!(then >= -1e-9, "{}: {then} at the predicted spike", case.name);
        let before = Tick(predicted.0 - 1);
        // A membrane that is held may be overtaken by its threshold, and fires when it is free.
        if before > cell.at.max(cell.free_at) {
            let earlier = excess(before).unwrap_or(0.0);
            assert!(earlier < 1e-9, "{}: {earlier} a tick before the spike", case.name);
        }
    }

    fn key<M: Dynamics>(cell: &Cell<M::State>) -> (String, Tick, Tick, Tick, u64) {
        let drive = cell.drive.to_bits();
        (bits::<M>(&cell.state), cell.at, cell.free_at, cell.predicted, drive)
    }
}

impl Visitor for Windows {
    type Output = ();
    fn visit<M: Dynamics>(self) {
        let mut total = 0;
        let cases = if M::DESCRIPTOR.parameter("tick").is_some() { 15 } else { 60 };
        for number in 0..cases {
            let case = random_case::<M>(number);
            let c = M::constants(&case.parameters);
            let s = &mut draws(number + 2_000_000);
            let step = [1, 1, 1000, 100_000][s.below(4) as usize];
            let grid = Resolution::new(Span(step)).unwrap();
            let inputs = Self::inputs(s, M::DESCRIPTOR.input, grid, case.drive);
            let end = inputs.last().unwrap().at + Span::from_whole_ms(50);
            let start = Cell::new::<M>(&c, grid, M::initial(&c, &case.variables), case.drive);
            let (mut whole, mut spikes) = (start.clone(), Vec::new());
            whole.run::<M>(&c, grid, &inputs, end, &mut spikes);
            total += spikes.len();

            let (mut parts, mut in_parts) = (start, Vec::new());
            let (mut rest, mut window_end) = (inputs.as_slice(), Tick::ZERO);
            while window_end < end {
                window_end = end.min(window_end + Span(1 + s.below(4_000_000)));
                let count = rest.iter().take_while(|input| input.at < window_end).count();
                let (now, later) = rest.split_at(count);
                parts.run::<M>(&c, grid, now, window_end, &mut in_parts);
                // A probe looks and changes nothing.
                for variable in 0..case.variables.len() {
                    let value = parts.observe::<M>(&c, window_end, variable);
                    assert!(value.is_finite(), "{}", case.name);
                }
                rest = later;
                if step == 1 {
                    Self::predicts_right::<M>(&c, &parts, &case);
                }
            }
            assert_eq!(spikes, in_parts, "{}", case.name);
            assert_eq!(Self::key::<M>(&whole), Self::key::<M>(&parts), "{}", case.name);
            let apart = M::refractory(&c).max(Span(1));
            assert!(spikes.windows(2).all(|p| p[0] + apart <= p[1]), "{}", case.name);
            assert!(spikes.iter().all(|t| grid.round_up(*t) == *t), "{} off the grid", case.name);
        }
        let least = 8 * cases as usize;
        assert!(total > least, "{} fired only {total} times", M::DESCRIPTOR.name);
    }
}

#[test]
fn windows_change_neither_a_spike_nor_a_bit() {
    every_model(Windows);
}

/// The differential equations, written down a second time: dy/dt in the order of the variables, as
/// far as anything moves.
fn equations(name: &str, p: &[f64], y: &[f64], drive: f64) -> Vec<f64> {
    let leak = |current: f64| (-(y[0] - p[3]) + p[0] / p[1] * (drive + current)) / p[0];
    match name {
        "lif_delta" => vec![leak(0.0)],
        "lif_exp" => vec![leak(y[1] + y[2]), -y[1] / p[6], -y[2] / p[7]],
        "lif_alpha" => vec![
            leak(y[1] + y[2]),
            (y[3] - y[1]) / p[6],
            (y[4] - y[2]) / p[7],
            -y[3] / p[6],
            -y[4] / p[7],
        ],
        "glif" => {
            let list = |name: &str| {
                let glif = find("glif").expect("a model");
                glif.list(p, glif.parameter(name).expect("one of its lists"))
            };
            let (currents, components) = (list("tau_asc"), list("tau_th"));
            let total = y[1] + y[2] + y[5..][..currents.len()].iter().sum::<f64>();
            let single = [leak(total), -y[1] / p[6], -y[2] / p[7], 0.0, 0.0];
            let taus = currents.iter().chain(components);
            let members = taus.zip(&y[5..]).map(|(tau, value)| -value / tau);
            single.into_iter().chain(members).collect()
        }
        gained if gained.starts_with("adaptive_") && gained != "adaptive_gamma_rate" => {
            let (neuron, mut slopes, members) = neuron_in(gained, "adaptive_", p, y, drive);
            let own = find(neuron).expect("the neuron in it is a model");
            let (first, place) = (own.parameters.len(), own.variables.len());
            let heard = neuron == "lif_delta";
            let part =
                if heard { y[place + 1] } else { (y[1] + y[2]) * p[0] / p[1] / (p[5] - p[3]) };
            let a = drive * p[0] / p[1] / (p[5] - p[3]) + part;
            slopes.push(0.0);
            if heard {
                slopes.push(-y[place + 1] / p[0]);
            }
            let [fast, slow] = [p[first + 2], p[first + 3]];
            let tau = |k: usize| fast * pow(slow / fast, k as f64 / 5.0);
            let traces = y[slopes.len()..].iter().take(6).enumerate();
            let traces: Vec<f64> = traces.map(|(k, z)| (a - z) / tau(k)).collect();
            slopes.extend(traces);
            slopes.resize(y.len() - members.len(), 0.0);
            [slopes, members].concat()
        }
        gained if gained.starts_with("aru_lif") || gained == "aru_glif" => {
            let (neuron, mut slopes, members) = neuron_in(gained, "aru_", p, y, drive);
            slopes.push(0.0);
            if neuron == "lif_delta" {
                slopes.push(-y[slopes.len()] / p[0]);
            }
            slopes.resize(y.len() - members.len(), 0.0);
            [slopes, members].concat()
        }
        "qif" => {
            vec![((y[0] - p[3]) * (y[0] - p[5]) / (p[5] - p[3]) + p[0] / p[1] * drive) / p[0]]
        }
        "parrot" => Vec::new(),
        // Neither what a neuron is given at the start nor the name of its random numbers changes.
        "gamma_rate" | "aru_gamma_rate" => vec![-y[0] / p[0], 0.0, 0.0, 0.0, 0.0],
        "adaptive_gamma_rate" => {
            let tau = |k: u32| p[5] * pow(p[6] / p[5], f64::from(k) / 5.0);
            let traces = (0..6).map(|k| (y[1] + y[0] - y[4 + k as usize]) / tau(k));
            let given = [-y[0] / p[0], 0.0, 0.0, 0.0];
            given.into_iter().chain(traces).chain([0.0]).collect()
        }
        "escape_lif" => vec![leak(y[1] + y[2]), -y[1] / p[6], -y[2] / p[7], 0.0],
        "two_compartment" => vec![-(y[0] - p[2]) / p[0], 0.0, 0.0, 0.0, 0.0, 0.0],
        "hawkes" => vec![-y[0] / p[0], 0.0, 0.0, 0.0],
        other => panic!("write down the equations of {other}"),
    }
}

/// Of a model that is a neuron with a gain: the neuron's name, and the slopes of its variables and of
/// the members of its series.
fn neuron_in<'n>(
    gained: &'n str,
    before: &str,
    p: &[f64],
    y: &[f64],
    drive: f64,
) -> (&'n str, Vec<f64>, Vec<f64>) {
    let page = find(gained).expect("a model");
    let name = &gained[before.len()..];
    let own = find(name).expect("the neuron in it is a model");
    let (single, members) = y.split_at(page.variables.len());
    let y = [&single[..own.variables.len()], members].concat();
    let mut slopes = equations(name, &page.part(p, 0..own.parameters.len()), &y, drive);
    let members = slopes.split_off(own.variables.len());
    (name, slopes, members)
}

/// The classical Runge-Kutta method of order four.
fn runge_kutta(name: &str, p: &[f64], start: &[f64], drive: f64, ms: f64) -> Vec<f64> {
    const STEPS: usize = 2000;
    let h = ms / STEPS as f64;
    let plus = |y: &[f64], k: &[f64], f: f64| -> Vec<f64> {
        let slopes = k.iter().chain(std::iter::repeat(&0.0));
        y.iter().zip(slopes).map(|(y, k)| y + f * k).collect()
    };
    let mut y = start.to_vec();
    for _ in 0..STEPS {
        let k1 = equations(name, p, &y, drive);
        let k2 = equations(name, p, &plus(&y, &k1, h / 2.0), drive);
        let k3 = equations(name, p, &plus(&y, &k2, h / 2.0), drive);
        let k4 = equations(name, p, &plus(&y, &k3, h), drive);
        // What moves comes first.
        for n in 0..k1.len() {
            y[n] += h / 6.0 * (k1[n] + 2.0 * k2[n] + 2.0 * k3[n] + k4[n]);
        }
    }
    y
}

#[derive(Clone, Copy)]
struct Integrates;

impl Visitor for Integrates {
    type Output = ();
    fn visit<M: Dynamics>(self) {
        for number in 0..60 {
            let case = random_case::<M>(number);
            let c = M::constants(&case.parameters);
            let s = M::initial(&c, &case.variables);
            let limit = crossing::<M>(&c, &s, case.drive).unwrap_or(f64::INFINITY);
            let ms = between(&mut draws(number + 3_000_000), 0.1, 25.0).min(0.8 * limit);
            let closed = values::<M>(&c, &after::<M>(&c, &s, case.drive, ms), &case);
            let name = M::DESCRIPTOR.name;
            let stepped = runge_kutta(name, &case.parameters, &case.variables, case.drive, ms);
            let scale = case.variables.iter().fold(1.0f64, |m, v| m.max(v.abs()));
            let error = distance(&closed, &stepped, scale);
            assert!(error < 1e-8, "{}: {closed:?} {stepped:?}", case.name);
        }
    }
}

#[test]
fn closed_forms_agree_with_numerical_integration() {
    every_model(Integrates);
}
