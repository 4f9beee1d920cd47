//! The soma, the lesson and the spikes of `two_compartment` against its manual page.

use super::*;
use crate::base::{Resolution, Tick};
use crate::neuron::cell::{Cell, Input, InputKind};
use crate::neuron::thinning::kolmogorov;

const RHO_HZ: f64 = 400.0;

fn constants() -> Constants {
    let mut p = DESCRIPTOR.defaults();
    p[RHO] = RHO_HZ;
    TwoCompartment::constants(&p)
}

fn state(c: &Constants, v: f64, n_ex: f64, n_in: f64, teacher: f64) -> State {
    with_contacts(c, [v, n_ex, n_in, teacher, 0.0], [0.0; 2])
}

fn with_contacts(c: &Constants, start: [f64; 5], contacts: [f64; 2]) -> State {
    let variables = [&start[..], &[0.25, 0.0, 0.0, 0.0], &contacts].concat();
    TwoCompartment::initial(c, &variables)
}

/// The soma in the words of the manual page.
#[test]
fn the_soma_is_where_its_conductances_hold_it() {
    let c = constants();
    let u =
        |v, n_ex, n_in, teacher| TwoCompartment::observe(&c, &state(&c, v, n_ex, n_in, teacher), 6);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-10, "{a} {b}");
    let predicted = (30.0 * -70.0 + 600.0 * -62.0) / 630.0;
    close(u(-62.0, 0.0, 0.0, 0.0), predicted);
    close(u(-62.0, 0.0, 0.0, -50.0), 0.4 * predicted + 0.6 * -50.0);
    // 0.4 spikes a ms for 10 ms: four open contacts are one at its full rate.
    close(u(-62.0, 4.0, 0.0, 0.0), 630.0 * predicted / 720.0);
    close(u(-62.0, -2.0, 4.0, 0.0), (630.0 * predicted + 1800.0 * -75.0) / 2430.0);
    let held = with_contacts(&c, [-62.0, 4.0, 4.0, -50.0, -66.0], [0.0; 2]);
    close(TwoCompartment::observe(&c, &held, 6), -66.0);
}

/// Two contacts of weight 1 that are open by 0.05 of what they are at full rate, 4, unless more is open.
#[test]
fn contacts_do_not_fall_below_their_floor() {
    let mut p = DESCRIPTOR.defaults();
    (p[RHO], p[FLOOR]) = (RHO_HZ, 0.05);
    let c = TwoCompartment::constants(&p);
    let u = |n_in, contacts_in| {
        let state = with_contacts(&c, [-62.0, 0.0, n_in, 0.0, 0.0], [0.0, contacts_in]);
        TwoCompartment::observe(&c, &state, 6)
    };
    let held = |g: f64| (30.0 * -70.0 + 600.0 * -62.0 + g * -75.0) / (630.0 + g);
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-10, "{a} {b}");
    close(u(0.0, 0.0), held(0.0));
    close(u(0.0, 2.0), held(2.0 * 0.05 * 1800.0));
    close(u(0.3, 2.0), held(2.0 * 0.05 * 1800.0));
    close(u(1.0, 2.0), held(0.25 * 1800.0));
    close(u(0.0, -2.0), held(0.0));
}

/// The closed form of a lesson against Simpson's rule, over times from 10 ns to 90 ms.
#[test]
fn lessons_are_the_integral_of_the_error() {
    let c = constants();
    for (v, n_ex, n_in, teacher) in
        [(-40.0, 3.0, 0.0, 0.0), (-62.0, 0.0, 7.0, 0.0), (-75.0, 1.0, 2.0, -50.0)]
    {
        for ms in [1e-5, 0.01, 0.3, 2.0, 40.0, 79.9, 90.0] {
            let start = state(&c, v, n_ex, n_in, teacher);
            let mut end = start;
            TwoCompartment::advance_by(&c, &mut end, 0.0, Span::from_ms(ms).unwrap());
            // After an epoch of 80 ms the total starts anew.
            let from = if ms > 80.0 { 80.0 } else { 0.0 };
            let integrand = |t: f64| {
                let above = (v - c.e_l) * exp(-t / 10.0);
                let error = logistic(c.argument(start.base + start.share * above))
                    - logistic(c.argument(c.share * above));
                error * exp(-(t - from) / 10.0)
            };
            let steps = 4000;
            let h = (ms - from) / f64::from(steps);
            let sum: f64 = (0..=steps)
                .map(|k| match k {
                    0 => 1.0,
                    k if k == steps => 1.0,
                    k => f64::from(2 + 2 * (k % 2)),
                })
                .zip(0..)
                .map(|(share, k)| share * integrand(from + f64::from(k) * h))
                .sum();
            let expected = sum * h / 3.0;
            let found = end.lesson.total;
            assert!((found / expected - 1.0).abs() < 1e-8, "{ms}: {found} {expected}");
        }
    }
}

/// Of an error that spikes tell in part, what is left is the share of phi(u), and each spike adds its
/// area as far as the epoch has faded.
#[test]
fn spikes_tell_their_share_of_the_error() {
    let with = |by_spikes| {
        let mut p = DESCRIPTOR.defaults();
        (p[RHO], p[BY_SPIKES]) = (RHO_HZ, by_spikes);
        let c = TwoCompartment::constants(&p);
        let mut s = state(&c, -62.0, 3.0, 0.0, -50.0);
        TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_whole_ms(7));
        let before = s.lesson.total;
        TwoCompartment::fire(&c, &mut s);
        (before, s.lesson.total - before)
    };
    let ((rate, none), (half, some), (spikes, all)) = (with(0.0), with(0.5), with(1.0));
    assert_eq!(none, 0.0);
    assert!((half - 0.5 * (rate + spikes)).abs() < 1e-12, "{rate} {half} {spikes}");
    assert!(rate > 0.0 && spikes < 0.0, "{rate} {spikes}");
    // 0.4 spikes a ms, 7 ms of 10 after the start.
    assert!((all - 2.5 * exp(-0.7)).abs() < 1e-12, "{all}");
    assert!((some - 0.5 * all).abs() < 1e-12, "{some}");
    let mut p = DESCRIPTOR.defaults();
    p[BY_SPIKES] = 1.1;
    assert_eq!((DESCRIPTOR.check)(&p).first().map(|found| found.0), Some(BY_SPIKES));
}

/// A neuron without a teacher and without open contacts has nothing to tell.
#[test]
fn a_soma_that_follows_its_dendrite_is_no_error() {
    let c = constants();
    let mut s = state(&c, -40.0, 0.0, 0.0, 0.0);
    TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_whole_ms(33));
    assert_eq!(s.lesson.total, 0.0);
}

/// The rate, within 1 % (three standard deviations), and exponential intervals, where the
/// dendrite is held by a steady train.
#[test]
fn spikes_come_with_the_rate_of_the_soma() {
    let c = constants();
    for (n_ex, n_in, teacher) in [(0.0, 0.0, -50.0), (9.0, 0.0, 0.0), (0.0, 0.0, -60.0)] {
        let start = state(&c, -70.0, n_ex, n_in, teacher);
        let expected = TwoCompartment::observe(&c, &start, 7);
        let mut cell = Cell::new::<TwoCompartment>(&c, Resolution::FINEST, start, 0.0);
        let seconds = 1.02e5 / expected;
        let (mut spikes, end) = (Vec::new(), Tick((seconds * 1e9) as u64));
        // Spikes that weigh nothing must not matter, however many proposals they disturb.
        let inputs: Vec<Input> = (1..10_000)
            .map(|k| Input { at: Tick(k * 3_000_000), kind: InputKind::Spike(0.0) })
            .filter(|input| input.at < end)
            .collect();
        cell.run::<TwoCompartment>(&c, Resolution::FINEST, &inputs, end, &mut spikes);
        let found = spikes.len() as f64 / seconds;
        assert!((found / expected - 1.0).abs() < 0.01, "{found} Hz, expected {expected}");
        let rescaled =
            spikes.windows(2).map(|pair| 1.0 - exp(-(pair[1] - pair[0]).ms() * expected / 1e3));
        let gap = kolmogorov(rescaled.collect());
        assert!(gap < 1.95, "{gap}");
    }
}

/// In the time of its own hazard's integral intervals are exponential while kicks of both signs move the
/// dendrite, contacts open and close, a teacher comes and goes, and the soma is held, also where spikes
/// are rare. The integral is taken by the midpoint rule from the dendrite's decay and the page's soma.
#[test]
fn under_input_intervals_follow_the_hazard() {
    let c = constants();
    let kick = |k: u64| [60.0, -35.0, 90.0, -150.0, 45.0, 30.0][(k * 5 % 6) as usize];
    let input = |k: u64| {
        let kind = match k % 8 {
            1 => InputKind::On(OPEN_EX, if k % 16 == 1 { 3.0 } else { -3.0 }),
            3 => InputKind::On(OPEN_IN, if k % 16 == 3 { 2.0 } else { -2.0 }),
            5 => InputKind::On(TEACHER, [-50.0, 0.0, -65.0][(k / 8 % 3) as usize]),
            7 => InputKind::On(CLAMP, [0.0, 0.0, 0.0, -88.0, 0.0, -54.0][(k / 8 % 6) as usize]),
            _ => InputKind::Spike(kick(k)),
        };
        Input { at: Tick(k * 2_000_000 + (k * k % 7) * 200_000), kind }
    };
    let inputs: Vec<Input> = (1..400_000).map(input).collect();
    let start = state(&c, -70.0, 0.0, 0.0, 0.0);
    let mut cell = Cell::new::<TwoCompartment>(&c, Resolution::FINEST, start, 0.0);
    let mut spikes = Vec::new();
    let end = inputs.last().expect("there is input").at;
    cell.run::<TwoCompartment>(&c, Resolution::FINEST, &inputs, end, &mut spikes);
    assert!(spikes.len() > 100_000, "{}", spikes.len());
    let spikes = spikes.into_iter().map(|at| (at, None));
    let arrivals = inputs.iter().map(|input| (input.at, Some(input.kind)));
    let mut events: Vec<(Tick, Option<InputKind>)> = spikes.chain(arrivals).collect();
    events.sort_by_key(|event| event.0);
    let (mut body, mut now, mut hazard) = (start, Tick::ZERO, 0.0);
    let mut rescaled = Vec::new();
    for (at, what) in events {
        let ms = at.since(now).ms();
        let above = body.v - c.e_l;
        for part in 0..16 {
            body.v = c.e_l + above * exp(-(f64::from(part) + 0.5) * ms / 160.0);
            hazard += TwoCompartment::observe(&c, &body, 7) * ms / 16e3;
        }
        body.v = c.e_l + above * exp(-ms / 10.0);
        now = at;
        match what {
            Some(InputKind::Spike(weight)) => body.v += weight / (RHO_HZ / 1e3 * 10.0),
            Some(InputKind::On(channel, value)) => body.act(&c, channel, value),
            Some(InputKind::Drive(_)) => unreachable!("none was made"),
            None => {
                rescaled.push(1.0 - exp(-hazard));
                hazard = 0.0;
            }
        }
    }
    let gap = kolmogorov(rescaled);
    assert!(gap < 1.95, "{gap}");
}

/// A neuron whose soma has a capacitance, in pF, and its parameters otherwise the defaults.
fn lagging(c_soma: f64, v: f64) -> (Constants, State) {
    let mut p = DESCRIPTOR.defaults();
    (p[RHO], p[C_SOMA]) = (RHO_HZ, c_soma);
    let c = TwoCompartment::constants(&p);
    let start = state(&c, v, 0.0, 0.0, 0.0);
    (c, start)
}

/// One step of Runge and Kutta for the page's equations: dendrite, soma, and the integral of the error
/// with the weight e^(-t / tau_m), t counted from `since`.
fn runge_kutta(c: &Constants, s: &State, x: [f64; 3], (t, h): (f64, f64)) -> [f64; 3] {
    let slope = |x: [f64; 3], t: f64| {
        let g_ex = 90.0 * s.open_ex.max(0.0) / 4.0;
        let g_in = 1800.0 * s.open_in.max(0.0) / 4.0;
        let g_teacher = if s.teacher == 0.0 { 0.0 } else { 945.0 };
        let current = 30.0 * (-70.0 - x[1])
            + 600.0 * (x[0] - x[1])
            + g_ex * (0.0 - x[1])
            + g_in * (-75.0 - x[1])
            + g_teacher * (s.teacher - x[1]);
        let phi = |u: f64| 1.0 / (1.0 + exp(-0.3 * (u + 58.0)));
        let error = phi(x[1]) - phi((30.0 * -70.0 + 600.0 * x[0]) / 630.0);
        let soma = if s.clamp == 0.0 { current / c.c_soma } else { 0.0 };
        [-(x[0] + 70.0) / 10.0, soma, error * exp(-t / 10.0)]
    };
    let moved = |k: [f64; 3], h: f64| std::array::from_fn(|n| x[n] + h * k[n]);
    let a = slope(x, t);
    let b = slope(moved(a, 0.5 * h), t + 0.5 * h);
    let d = slope(moved(b, 0.5 * h), t + 0.5 * h);
    let e = slope(moved(d, h), t + h);
    std::array::from_fn(|n| x[n] + h / 6.0 * (a[n] + 2.0 * (b[n] + d[n]) + e[n]))
}

/// Soma and lesson against Runge and Kutta with steps of a hundredth of the shorter time constant, through
/// kicks, contacts, a teacher, a clamp and silences of up to 40 ms: with time constants from 0.05 ms on,
/// nearly and wholly equal to that of the dendrite, and longer.
#[test]
fn a_soma_with_a_capacitance_follows_its_equation() {
    for c_soma in [30.0, 300.0, 6299.999, 6300.0, 40_000.0] {
        let (c, mut s) = lagging(c_soma, -66.0);
        let (mut x, mut t, mut worst) = ([-66.0, s.soma(&c) + c.e_l, 0.0], 0.0, [0.0_f64; 2]);
        for k in 0..24_u64 {
            let ms = [0.013, 0.4, 2.0, 1.1, 0.2, 5.0][(k * 7 % 6) as usize];
            let ms = if k == 13 { 26.0 } else { ms };
            match k % 6 {
                0 => TwoCompartment::receive(&c, &mut s, [60.0, -40.0][(k / 6 % 2) as usize]),
                1 => s.act(&c, OPEN_EX, if k % 12 == 1 { 3.0 } else { -3.0 }),
                2 => s.act(&c, TEACHER, [-50.0, 0.0, -72.0][(k / 6 % 3) as usize]),
                3 => s.act(&c, OPEN_IN, if k % 12 == 3 { 2.0 } else { -2.0 }),
                4 if k > 12 => s.act(&c, CLAMP, if k == 16 { -52.0 } else { 0.0 }),
                _ => {}
            }
            x[0] = s.v;
            if s.clamp != 0.0 {
                x[1] = s.clamp;
            }
            TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_ms(ms).unwrap());
            let fastest = (c.c_soma / 4000.0).min(10.0);
            let steps = (100.0 * ms / fastest).ceil().max(4.0);
            let before = (x[2], s.lesson.epoch);
            for step in 0..steps as u32 {
                let h = ms / steps;
                x = runge_kutta(&c, &s, x, (t + f64::from(step) * h, h));
            }
            t += ms;
            assert_eq!(before.1, 0, "the test is one epoch");
            worst[0] = worst[0].max((c.e_l + s.soma(&c) - x[1]).abs());
            worst[1] = worst[1].max((s.lesson.total / x[2] - 1.0).abs());
        }
        assert!(worst[0] < 1e-7, "{c_soma} pF: u is off by {} mV", worst[0]);
        assert!(worst[1] < 1e-7, "{c_soma} pF: the lesson is off by {}", worst[1]);
    }
}

/// With little capacitance the soma is where its conductances hold it, and so is the lesson.
#[test]
fn a_soma_with_hardly_any_capacitance_takes_no_time() {
    let run = |c_soma: f64| {
        let (c, mut s) = lagging(c_soma, -62.0);
        s.act(&c, TEACHER, -50.0);
        TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_whole_ms(3));
        s.act(&c, OPEN_IN, 3.0);
        TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_whole_ms(2));
        (s.soma(&c), s.lesson.total)
    };
    let (at_once, little) = (run(0.0), run(1e-3));
    assert!((at_once.0 - little.0).abs() < 1e-5, "{at_once:?} {little:?}");
    assert!((at_once.1 / little.1 - 1.0).abs() < 1e-5, "{at_once:?} {little:?}");
}

/// Only cells have somata that take time.
#[test]
fn ensembles_refuse_a_soma_with_a_capacitance() {
    let starts = vec![vec![0.0]; 5];
    let offered =
        |c_soma: f64| TwoCompartment::offers_ensemble(&lagging(c_soma, -70.0).0, &starts, &[]);
    assert!(offered(0.0) && !offered(1.0));
}

/// The total for a rule that filters its changes, against Simpson's rule: with a soma that takes no time, one
/// that lags, and one as slow as the dendrite.
#[test]
fn the_second_total_is_weighted_for_a_filter() {
    let tau_deltas = [1.0, 5.0, 10.0, 100.0];
    for (c_soma, tau_delta) in
        [0.0, 300.0, 6300.0].into_iter().flat_map(|c| tau_deltas.map(|t| (c, t)))
    {
        let mut p = DESCRIPTOR.defaults();
        (p[RHO], p[C_SOMA], p[TAU_DELTA]) = (RHO_HZ, c_soma, tau_delta);
        let c = TwoCompartment::constants(&p);
        let mut start = state(&c, -45.0, 0.0, 0.0, 0.0);
        start.act(&c, TEACHER, -56.0);
        for ms in [0.01, 0.7, 6.0, 40.0, 79.9] {
            let mut end = start;
            // In two parts: the second begins within the epoch.
            for part in [0.25, 0.75] {
                let span = Span::from_ms(part * ms).expect("it is short");
                TwoCompartment::advance_by(&c, &mut end, 0.0, span);
            }
            let integrand = |t: f64| {
                let relaxing = Relaxing { constants: &c, state: &start };
                let u = logistic(c.argument(relaxing.soma_after(t)));
                let predicted = c.argument(c.share * (start.v - c.e_l) * exp(-t / 10.0));
                (u - logistic(predicted)) * exp(-t * (0.1 - 1.0 / tau_delta))
            };
            let (steps, h) = (20_000, ms / 20_000.0);
            let weight =
                |k: i32| if k == 0 || k == steps { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
            let sum: f64 = (0..=steps).map(|k| weight(k) * integrand(f64::from(k) * h)).sum();
            let (found, expected) = (end.lesson.second, sum * h / 3.0);
            let off = (found / expected - 1.0).abs();
            assert!(off < 1e-7, "{c_soma} pF, {tau_delta} and {ms} ms: {found} {expected}");
        }
    }
}
