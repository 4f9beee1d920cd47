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
