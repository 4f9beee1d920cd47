//! Crossings of a moving threshold against closed forms and against a dense search.

use super::*;
use crate::base::math::ln;
use crate::base::{Resolution, Tick};
use crate::neuron::cell::{Cell, Input, InputKind};
use crate::neuron::lif_exp::LifExp;

/// The defaults with some values changed by name.
fn parameters(changes: &[(&str, f64)]) -> Vec<f64> {
    let mut p = DESCRIPTOR.defaults();
    for (name, value) in changes {
        p[DESCRIPTOR.parameter(name).expect("a parameter of glif")] = *value;
    }
    assert_eq!(check(&p), Vec::new());
    p
}

/// The defaults of the variables with some changed by name.
fn start(c: &Constants, changes: &[(&str, f64)]) -> State {
    let mut values = vec![0.0; DESCRIPTOR.variables.len()];
    values[0] = c.membrane.e_l_mv;
    for (name, value) in changes {
        values[DESCRIPTOR.variable(name).expect("a variable of glif")] = *value;
    }
    Glif::initial(c, &values)
}

fn spikes_on<M: Dynamics>(
    p: &[f64],
    grid: u64,
    variables: &[f64],
    drive: f64,
    inputs: &[(u64, f64)],
    end_ms: u64,
) -> Vec<u64> {
    let c = M::constants(p);
    let grid = Resolution::new(Span(grid)).unwrap();
    let mut cell = Cell::new::<M>(&c, grid, M::initial(&c, variables), drive);
    let inputs: Vec<Input> = inputs
        .iter()
        .map(|(at, weight)| Input { at: Tick(*at), kind: InputKind::Spike(*weight) })
        .collect();
    let mut spikes = Vec::new();
    cell.run::<M>(&c, grid, &inputs, Tick(end_ms * TICKS_PER_MS), &mut spikes);
    spikes.iter().map(|tick| tick.0).collect()
}

fn spikes(p: &[f64], drive: f64, inputs: &[(u64, f64)], end_ms: u64) -> Vec<u64> {
    let mut variables = vec![0.0; DESCRIPTOR.variables.len()];
    variables[0] = p[lif::E_L];
    spikes_on::<Glif>(p, 1, &variables, drive, inputs, end_ms)
}

/// Clumped arrivals of both signs.
fn volley(count: u64) -> Vec<(u64, f64)> {
    (0..count)
        .map(|k| (400_000 * k + 137 * (k % 7), if k % 4 == 3 { -150.0 } else { 700.0 }))
        .collect()
}

#[test]
fn without_jumps_it_is_lif_exp() {
    let p = parameters(&[("tau_syn_in", 7.0)]);
    let plain: Vec<f64> = p[..8].iter().copied().chain([p[26]]).collect();
    for drive in [200.0, 300.0, 400.0] {
        let glif = spikes(&p, drive, &volley(900), 400);
        let lif = spikes_on::<LifExp>(&plain, 1, &[-70.0, 0.0, 0.0], drive, &volley(900), 400);
        assert!(glif.len() > 5, "{drive}: {glif:?}");
        assert_eq!(glif, lif, "{drive}");
    }
}

#[test]
fn a_threshold_that_falls_to_a_resting_membrane_is_met_on_time() {
    // V rests at v_th + 1 mV; th_2 = 5 mV falls to 1 mV after tau ln 5.
    let p = parameters(&[("tau_th_2", 200.0)]);
    let c = Glif::constants(&p);
    let v = c.membrane.v_th_mv + 1.0;
    let drive = (v - c.membrane.e_l_mv) / c.membrane.mv_per_pa;
    let s = start(&c, &[("v_m", v), ("th_2", 5.0)]);
    let ms = Glif::crossing(&c, &s, drive).expect("the threshold falls below it");
    assert!((ms - 200.0 * ln(5.0)).abs() < 1e-10, "{ms}");
    // One that ends at the membrane, or above it, never meets it.
    for above in [0.0, 1e-9, 1.0] {
        let v = c.membrane.v_th_mv - above;
        let drive = (v - c.membrane.e_l_mv) / c.membrane.mv_per_pa;
        let s = start(&c, &[("v_m", v), ("th_2", 5.0)]);
        assert_eq!(Glif::crossing(&c, &s, drive), None, "{above}");
    }
}

#[test]
fn two_exponentials_that_touch_once_are_told_from_two_that_miss() {
    // With tau_m = 10 and a threshold component h of 20 ms, V = v_inf - d e^(-t/10) and
    // Theta = v_th - h e^(-t/20), h > 0, V - Theta = -u + h x - d x^2 with x = e^(-t/20):
    // it is largest at x = h / (2 d), where it is h^2 / (4 d) - u.
    let p = parameters(&[("tau_th_1", 20.0)]);
    let c = Glif::constants(&p);
    let (u, d) = (2.0, 18.0);
    let touching = sqrt(4.0 * d * u);
    let drive = (c.membrane.v_th_mv - u - c.membrane.e_l_mv) / c.membrane.mv_per_pa;
    let crossing = |h: f64| {
        let v = c.membrane.v_th_mv - u - d;
        Glif::crossing(&c, &start(&c, &[("v_m", v), ("th_1", -h)]), drive)
    };
    let at = 20.0 * ln(2.0 * d / touching);
    for excess in [1e-3, 1e-6, 1e-9] {
        let h = touching * (1.0 + excess);
        let x = (h + sqrt(h * h - touching * touching)) / (2.0 * d);
        let ms = crossing(h).expect("it crosses");
        assert!((ms - 20.0 * ln(1.0 / x)).abs() < 1e-7, "{excess}: {ms}");
        assert!(ms < at);
        assert_eq!(crossing(touching * (1.0 - excess)), None, "{excess}");
    }
}

#[test]
fn a_spike_triggered_current_delays_the_next_spike_as_its_closed_form_says() {
    // tau_asc = tau_m = 10: with the current A from the reset on,
    // V = V_inf - d e^(-t/10) + (A t / C) e^(-t/10).
    let p = parameters(&[("t_ref", 0.0), ("tau_asc_1", 10.0), ("asc_jump_1", -500.0)]);
    let fired = spikes(&p, 500.0, &[], 60);
    let c = Glif::constants(&p);
    let v_inf = c.membrane.v_inf_mv(500.0);
    let first = 10.0 * ln((v_inf + 70.0) / (v_inf + 55.0));
    assert!((fired[0] as f64 / 1e6 - first).abs() < 1.1e-6, "{fired:?}");
    let t = (fired[1] - fired[0]) as f64 / 1e6;
    let above = |t: f64| v_inf + (-500.0 * t / 250.0 - (v_inf + 70.0)) * exp(-t / 10.0) + 55.0;
    assert!(above(t) >= 0.0 && above(t - 1e-6) < 0.0, "{t}: {} mV", above(t));
    let without = spikes(&parameters(&[("t_ref", 0.0)]), 500.0, &[], 60);
    assert!(fired[1] - fired[0] > without[1] - without[0] + 1_000_000, "{fired:?} {without:?}");
}

/// The MAT model of Kobayashi et al. 2009 for a regular spiking cell.
fn mat2() -> Vec<f64> {
    parameters(&[
        ("tau_m", 5.0),
        ("c_m", 100.0),
        ("t_ref", 0.0),
        ("v_th", -51.0),
        ("t_silent", 2.0),
        ("v_keep", 1.0),
        ("tau_syn_ex", 1.0),
        ("tau_syn_in", 3.0),
        ("th_jump_1", 37.0),
        ("th_jump_2", 2.0),
    ])
}

#[test]
fn a_mat_neuron_fires_where_its_threshold_meets_the_free_membrane() {
    // Under a constant current and after a while V rests at V_inf, whatever the spikes: the
    // threshold alone, v_th + 37 sum e^(-s/10) + 2 sum e^(-s/200), makes the train.
    let p = mat2();
    let drive = 800.0;
    let c = Glif::constants(&p);
    let fired = spikes(&p, drive, &[], 1000);
    let theta = |tick: u64, now: &[u64]| -> f64 {
        now.iter().fold(-51.0, |sum, spike| {
            let s = (tick - spike) as f64 / 1e6;
            sum + 37.0 * exp(-s / 10.0) + 2.0 * exp(-s / 200.0)
        })
    };
    let v = |tick: u64| {
        let v_inf = c.membrane.v_inf_mv(drive);
        v_inf - (v_inf + 70.0) * exp(-(tick as f64) / 5e6)
    };
    assert!(fired.len() > 15, "{fired:?}");
    for k in 1..fired.len() {
        let (tick, before) = (fired[k], &fired[..k]);
        assert!(tick - fired[k - 1] > 2_000_000);
        assert!(v(tick) >= theta(tick, before) - 1e-9, "{tick}");
        // Densely back to the end of the silence.
        let quiet = (fired[k - 1] + 2_000_001..tick).step_by(20_011);
        assert!(quiet.clone().all(|t| v(t) < theta(t, before)), "{tick}: too late");
    }
    let intervals: Vec<u64> = fired.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(intervals[0] < intervals[10], "it adapts: {intervals:?}");
}

#[test]
fn silence_holds_the_spike_and_not_the_membrane() {
    // A strong current: over threshold long before the silence ends.
    let p = parameters(&[("t_ref", 1.0), ("t_silent", 3.0)]);
    let fired = spikes(&p, 20_000.0, &[], 20);
    let first = fired[0];
    let expected: Vec<u64> = (0..fired.len() as u64).map(|k| first + k * 3_000_001).collect();
    assert_eq!(fired, expected);
    // Arrivals in the silence and at its last tick change nothing; one tick later it fires.
    let inputs: Vec<(u64, f64)> = (1..40).map(|k| (first + k * 100_000, 1e6)).collect();
    let driven = spikes(&p, 20_000.0, &inputs, 20);
    assert_eq!(driven[..2], [first, first + 3_000_001]);
    // On a grid of 0.1 ms the silence ends with the last grid point in it.
    let mut variables = vec![0.0; DESCRIPTOR.variables.len()];
    variables[0] = -70.0;
    let coarse = spikes_on::<Glif>(&p, 100_000, &variables, 20_000.0, &[], 20);
    assert!(coarse.windows(2).all(|pair| pair[1] - pair[0] == 3_100_000), "{coarse:?}");
}

#[test]
fn the_share_that_a_spike_leaves_is_left() {
    let p = parameters(&[("v_keep", 0.25)]);
    let c = Glif::constants(&p);
    let mut s = start(&c, &[("v_m", -50.0)]);
    Glif::fire(&c, &mut s);
    assert_eq!(s.v_mv, -65.0);
}

#[test]
fn a_neuron_that_would_fire_without_end_is_refused() {
    let refused = |changes: &[(&str, f64)]| {
        let mut p = DESCRIPTOR.defaults();
        for (name, value) in changes {
            p[DESCRIPTOR.parameter(name).unwrap()] = *value;
        }
        check(&p).iter().any(|(offender, _)| *offender == V_KEEP)
    };
    assert!(refused(&[("v_keep", 1.0)]));
    assert!(refused(&[("v_keep", 1.0), ("th_jump_1", 2.0), ("th_jump_4", -2.0)]));
    assert!(refused(&[("v_keep", 1.5), ("t_silent", 2.0)]));
    assert!(!refused(&[("v_keep", 1.0), ("t_silent", 2.0)]));
    assert!(!refused(&[("v_keep", 1.0), ("th_jump_1", 2.0)]));
    assert!(!refused(&[("v_keep", 0.5)]));
}

#[test]
fn no_finite_state_gives_nonsense() {
    let c = Glif::constants(&DESCRIPTOR.defaults());
    for v in [-1e300, -1e9, -70.0, -55.0, 0.0, 1e300] {
        for a in [-1e300, -1e5, -1e-300, 0.0, 1e-300, 1e5, 1e300] {
            for th in [-1e300, -1.0, 0.0, 1e300] {
                for drive in [-1e9, 0.0, 375.0, 1e9] {
                    let s = start(&c, &[("v_m", v), ("asc_1", a), ("th_1", th)]);
                    let found = Glif::crossing(&c, &s, drive);
                    assert!(found.is_none_or(|ms| ms >= 0.0 && ms.is_finite()), "{found:?}");
                    assert!(Glif::quiet(&c, &s, drive) >= 0.0);
                }
            }
        }
    }
}
