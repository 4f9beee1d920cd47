//! Crossings of a moving threshold against closed forms and against a dense search.

use super::*;
use crate::base::math::ln;
use crate::base::{Resolution, Tick};
use crate::neuron::cell::{Cell, Input, InputKind};
use crate::neuron::lif_exp::LifExp;

/// A jump and a time constant.
type Component = (f64, f64);

/// The defaults with some values changed by name, and spike-triggered currents and components of the
/// threshold.
fn unchecked(
    changes: &[(&str, f64)],
    currents: &[Component],
    components: &[Component],
) -> Vec<f64> {
    let mut p = DESCRIPTOR.defaults();
    for (name, value) in changes {
        p[DESCRIPTOR.parameter(name).expect("a parameter of glif")] = *value;
    }
    let lists = [currents, components].map(|both| both.iter().copied().unzip());
    let [(asc_jump, tau_asc), (th_jump, tau_th)]: [(Vec<f64>, Vec<f64>); 2] = lists;
    DESCRIPTOR.flat(p, &[asc_jump, tau_asc, th_jump, tau_th])
}

/// The same, and allowed.
fn parameters(
    changes: &[(&str, f64)],
    currents: &[Component],
    components: &[Component],
) -> Vec<f64> {
    let p = unchecked(changes, currents, components);
    assert_eq!(check(&p), Vec::new());
    p
}

/// The defaults of the variables with some changed by name.
fn values(p: &[f64], changes: &[(&str, f64)]) -> Vec<f64> {
    let variables = DESCRIPTOR.state(p);
    let mut values = vec![0.0; variables.len()];
    values[0] = p[lif::E_L];
    for (name, value) in changes {
        let place = variables.iter().position(|variable| variable.name == *name);
        values[place.expect("a variable of these neurons")] = *value;
    }
    values
}

fn start<S: Slots>(c: &Constants, p: &[f64], changes: &[(&str, f64)]) -> State<S> {
    Generalised::<S>::initial(c, &values(p, changes))
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
    spikes_on::<Glif>(p, 1, &values(p, &[]), drive, inputs, end_ms)
}

/// Clumped arrivals of both signs.
fn volley(count: u64) -> Vec<(u64, f64)> {
    (0..count)
        .map(|k| (400_000 * k + 137 * (k % 7), if k % 4 == 3 { -150.0 } else { 700.0 }))
        .collect()
}

#[test]
fn without_jumps_it_is_lif_exp() {
    let p = parameters(&[("tau_syn_in", 7.0)], &[], &[]);
    let i_e = DESCRIPTOR.parameter("i_e").unwrap();
    let plain: Vec<f64> = p[..8].iter().copied().chain([p[i_e]]).collect();
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
    let p = parameters(&[], &[], &[(0.0, 10.0), (0.0, 200.0)]);
    let c = Glif::constants(&p);
    let v = c.membrane.v_th_mv + 1.0;
    let drive = (v - c.membrane.e_l_mv) / c.membrane.mv_per_pa;
    let s = start(&c, &p, &[("v_m", v), ("th_2", 5.0)]);
    let ms = Glif::crossing(&c, &s, drive).expect("the threshold falls below it");
    assert!((ms - 200.0 * ln(5.0)).abs() < 1e-10, "{ms}");
    // One that ends at the membrane, or above it, never meets it.
    for above in [0.0, 1e-9, 1.0] {
        let v = c.membrane.v_th_mv - above;
        let drive = (v - c.membrane.e_l_mv) / c.membrane.mv_per_pa;
        let s = start(&c, &p, &[("v_m", v), ("th_2", 5.0)]);
        assert_eq!(Glif::crossing(&c, &s, drive), None, "{above}");
    }
}

#[test]
fn two_exponentials_that_touch_once_are_told_from_two_that_miss() {
    // With tau_m = 10 and a threshold component h of 20 ms, V = v_inf - d e^(-t/10) and
    // Theta = v_th - h e^(-t/20), h > 0, V - Theta = -u + h x - d x^2 with x = e^(-t/20):
    // it is largest at x = h / (2 d), where it is h^2 / (4 d) - u.
    let p = parameters(&[], &[], &[(0.0, 20.0)]);
    let c = Glif::constants(&p);
    let (u, d) = (2.0, 18.0);
    let touching = sqrt(4.0 * d * u);
    let drive = (c.membrane.v_th_mv - u - c.membrane.e_l_mv) / c.membrane.mv_per_pa;
    let crossing = |h: f64| {
        let v = c.membrane.v_th_mv - u - d;
        Glif::crossing(&c, &start(&c, &p, &[("v_m", v), ("th_1", -h)]), drive)
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
    let p = parameters(&[("t_ref", 0.0)], &[(-500.0, 10.0)], &[]);
    let fired = spikes(&p, 500.0, &[], 60);
    let c = Glif::constants(&p);
    let v_inf = c.membrane.v_inf_mv(500.0);
    let first = 10.0 * ln((v_inf + 70.0) / (v_inf + 55.0));
    assert!((fired[0] as f64 / 1e6 - first).abs() < 1.1e-6, "{fired:?}");
    let t = (fired[1] - fired[0]) as f64 / 1e6;
    let above = |t: f64| v_inf + (-500.0 * t / 250.0 - (v_inf + 70.0)) * exp(-t / 10.0) + 55.0;
    assert!(above(t) >= 0.0 && above(t - 1e-6) < 0.0, "{t}: {} mV", above(t));
    let without = spikes(&parameters(&[("t_ref", 0.0)], &[], &[]), 500.0, &[], 60);
    assert!(fired[1] - fired[0] > without[1] - without[0] + 1_000_000, "{fired:?} {without:?}");
}

/// The MAT model of Kobayashi et al. 2009 for a regular spiking cell.
fn mat2() -> Vec<f64> {
    let changes = [
        ("tau_m", 5.0),
        ("c_m", 100.0),
        ("t_ref", 0.0),
        ("v_th", -51.0),
        ("t_silent", 2.0),
        ("v_keep", 1.0),
        ("tau_syn_ex", 1.0),
        ("tau_syn_in", 3.0),
    ];
    parameters(&changes, &[], &[(37.0, 10.0), (2.0, 200.0)])
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

/// So many components with time constants from 2 ms to about 300 ms, whose jumps are `sizes` in turn
/// and add up to at most a few times `most`.
fn spread(count: usize, most: f64, sizes: &[f64]) -> Vec<Component> {
    let share = most / (count.max(4) as f64);
    let tau = |k: usize| 2.0 * exp(5.0 * (k as f64 + 0.5) / count as f64);
    (0..count).map(|k| (share * sizes[k % sizes.len()], tau(k))).collect()
}

/// Numbers of currents and of components.
const COUNTS: [(usize, usize); 7] = [(0, 0), (1, 0), (0, 1), (2, 2), (7, 1), (3, 20), (20, 20)];

#[test]
fn any_number_of_components_makes_the_train_of_the_closed_form() {
    for (currents, components) in COUNTS {
        let currents = spread(currents, 300.0, &[-1.0, 0.4, -0.6]);
        let components = spread(components, 8.0, &[1.0, -0.1, 0.5]);
        let changes = [("t_ref", 0.0), ("t_silent", 2.0), ("v_keep", 1.0)];
        let p = parameters(&changes, &currents, &components);
        let drive = 800.0;
        let fired = match Glif::fits(&p) {
            true => spikes(&p, drive, &[], 600),
            false => spikes_on::<Generalised<Many>>(&p, 1, &values(&p, &[]), drive, &[], 600),
        };
        assert_eq!(Glif::fits(&p), currents.len().max(components.len()) <= 4);
        let c = Glif::constants(&p);
        // How far V is above Theta at a tick: nothing but sums over past spikes.
        let above = |tick: u64, past: &[u64]| {
            let v_inf = c.membrane.v_inf_mv(drive);
            let free = v_inf - (v_inf + 70.0) * exp(-(tick as f64) / 1e7) - c.membrane.v_th_mv;
            past.iter().fold(free, |sum, spike| {
                let s = (tick - spike) as f64 / 1e6;
                let deflection = |&(jump, tau): &Component| {
                    let gap = 250.0 * (1.0 / 10.0 - 1.0 / tau);
                    jump * (exp(-s / tau) - exp(-s / 10.0)) / gap
                };
                let raised = |&(jump, tau): &Component| jump * exp(-s / tau);
                let deflected: f64 = currents.iter().map(deflection).sum();
                sum + deflected - components.iter().map(raised).sum::<f64>()
            })
        };
        assert!(fired.len() > 12, "{}: {}", currents.len(), fired.len());
        for k in 1..fired.len() {
            let (tick, past) = (fired[k], &fired[..k]);
            let now = above(tick, past);
            assert!(now >= -1e-9, "{} {k}: {now}", currents.len());
            // Densely back to the end of the silence.
            let quiet = (fired[k - 1] + 2_000_001..tick).step_by(20_011);
            assert!(quiet.clone().all(|t| above(t, past) < 1e-9), "{}: too late", currents.len());
        }
    }
}

#[test]
fn room_beside_the_state_changes_no_bit() {
    for count in [0, 1, 2, 4] {
        let currents = spread(count, 900.0, &[-1.0, 0.4, -0.6]);
        let components = spread(4 - count, 20.0, &[1.0, -0.1, 0.5]);
        let p = parameters(&[], &currents, &components);
        let starts: Vec<f64> = values(&p, &[]).iter().map(|v| v + 1.0).collect();
        let few = spikes_on::<Glif>(&p, 1, &starts, 500.0, &volley(900), 400);
        let many = spikes_on::<Generalised<Many>>(&p, 1, &starts, 500.0, &volley(900), 400);
        assert!(few.len() > 10 && few == many, "{count}: {few:?} {many:?}");
        let c = Glif::constants(&p);
        let mut few = start::<Few>(&c, &p, &[("v_m", -60.0)]);
        let mut many = start::<Many>(&c, &p, &[("v_m", -60.0)]);
        for step in 0..50 {
            Glif::fire(&c, &mut few);
            Generalised::fire(&c, &mut many);
            Glif::advance(&c, &mut few, 300.0, 0.7 * f64::from(step));
            Generalised::advance(&c, &mut many, 300.0, 0.7 * f64::from(step));
            for (variable, known) in DESCRIPTOR.state(&p).iter().enumerate() {
                let few = Glif::observe(&c, &few, variable);
                let many = Generalised::observe(&c, &many, variable);
                // A sum of nothing may be a negative zero.
                assert!(few == many, "{}: {few} {many}", known.name);
            }
        }
    }
}

#[test]
fn lists_of_unequal_lengths_are_refused() {
    let lists = |lengths: [usize; 4]| lengths.map(|length| vec![1.0; length]);
    let problems = |lengths| check(&DESCRIPTOR.flat(DESCRIPTOR.defaults(), &lists(lengths)));
    assert_eq!(problems([3, 3, 1, 1]), Vec::new());
    let found = problems([2, 3, 1, 0]);
    let places: Vec<usize> = found.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [TAU_ASC, TAU_TH]);
    assert!(found[0].1.contains("asc_jump has 2 values and tau_asc 3"), "{found:?}");
}

#[test]
fn silence_holds_the_spike_and_not_the_membrane() {
    // A strong current: over threshold long before the silence ends.
    let p = parameters(&[("t_ref", 1.0), ("t_silent", 3.0)], &[], &[]);
    let fired = spikes(&p, 20_000.0, &[], 20);
    let first = fired[0];
    let expected: Vec<u64> = (0..fired.len() as u64).map(|k| first + k * 3_000_001).collect();
    assert_eq!(fired, expected);
    // Arrivals in the silence and at its last tick change nothing; one tick later it fires.
    let inputs: Vec<(u64, f64)> = (1..40).map(|k| (first + k * 100_000, 1e6)).collect();
    let driven = spikes(&p, 20_000.0, &inputs, 20);
    assert_eq!(driven[..2], [first, first + 3_000_001]);
    // On a grid of 0.1 ms the silence ends with the last grid point in it.
    let coarse = spikes_on::<Glif>(&p, 100_000, &values(&p, &[]), 20_000.0, &[], 20);
    assert!(coarse.windows(2).all(|pair| pair[1] - pair[0] == 3_100_000), "{coarse:?}");
}

#[test]
fn the_share_that_a_spike_leaves_is_left() {
    let p = parameters(&[("v_keep", 0.25)], &[], &[]);
    let c = Glif::constants(&p);
    let mut s = start(&c, &p, &[("v_m", -50.0)]);
    Glif::fire(&c, &mut s);
    assert_eq!(s.v_mv, -65.0);
}

#[test]
fn a_neuron_that_would_fire_without_end_is_refused() {
    let refused = |changes: &[(&str, f64)], components: &[Component]| {
        let problems = check(&unchecked(changes, &[], components));
        problems.iter().any(|(offender, _)| *offender == V_KEEP)
    };
    assert!(refused(&[("v_keep", 1.0)], &[]));
    assert!(refused(&[("v_keep", 1.0)], &[(2.0, 10.0), (-2.0, 3.0)]));
    assert!(refused(&[("v_keep", 1.5), ("t_silent", 2.0)], &[]));
    assert!(!refused(&[("v_keep", 1.0), ("t_silent", 2.0)], &[]));
    assert!(!refused(&[("v_keep", 1.0)], &[(2.0, 10.0)]));
    assert!(!refused(&[("v_keep", 0.5)], &[]));
}

#[test]
fn no_finite_state_gives_nonsense() {
    let p = parameters(&[], &[(0.0, 100.0)], &[(0.0, 10.0)]);
    let c = Glif::constants(&p);
    for v in [-1e300, -1e9, -70.0, -55.0, 0.0, 1e300] {
        for a in [-1e300, -1e5, -1e-300, 0.0, 1e-300, 1e5, 1e300] {
            for th in [-1e300, -1.0, 0.0, 1e300] {
                for drive in [-1e9, 0.0, 375.0, 1e9] {
                    let s = start(&c, &p, &[("v_m", v), ("asc_1", a), ("th_1", th)]);
                    let found = Glif::crossing(&c, &s, drive);
                    assert!(found.is_none_or(|ms| ms >= 0.0 && ms.is_finite()), "{found:?}");
                    assert!(Glif::quiet(&c, &s, drive) >= 0.0);
                }
            }
        }
    }
}
