//! When a gain is set.

use crate::base::math::tanh;
use crate::base::random::{Purpose, Stream};
use crate::base::{Resolution, Span, Tick, Unit};
use crate::neuron::Dynamics;
use crate::neuron::adaptive_glif::AdaptiveGlif;
use crate::neuron::adaptive_lif_delta::AdaptiveLifDelta;
use crate::neuron::adaptive_lif_exp::AdaptiveLifExp;
use crate::neuron::cell::{Cell, Input, InputKind};
use crate::neuron::controller::TRACES;

/// A neuron with these parameters, the others at their defaults, and all start values at zero but its
/// potential, which is at rest, and its gain.
fn neuron<M: Dynamics>(named: &[(&str, f64)]) -> (Vec<f64>, M::Constants, M::State) {
    let mut values = M::DESCRIPTOR.defaults();
    for (name, value) in named {
        values[M::DESCRIPTOR.parameter(name).expect("it is on the page")] = *value;
    }
    let of = |name: &str| values[M::DESCRIPTOR.parameter(name).expect("it is on the page")];
    let start = |name: &str| match name {
        "v_m" => of("e_l"),
        "gain" => of("gain"),
        _ => 0.0,
    };
    let variables: Vec<f64> = M::DESCRIPTOR.variables.iter().map(|v| start(v.name)).collect();
    let constants = M::constants(&values);
    let state = M::initial(&constants, &variables);
    (values, constants, state)
}

/// A current that leads this share of the way from rest to threshold.
fn current<M: Dynamics>(values: &[f64], share: f64) -> f64 {
    let of = |name: &str| values[M::DESCRIPTOR.parameter(name).expect("it is on the page")];
    share * (of("v_th") - of("e_l")) * of("c_m") / of("tau_m")
}

/// At each moment n is what follows from the traces of the last time at which it was set: the last event
/// of the neuron, or as many whole ticks later as have passed.
fn follows_the_page<M: Dynamics>() {
    const TICK_MS: u64 = 3;
    let named = [
        ("tick", TICK_MS as f64),
        ("gain", 1.1),
        ("unit_1_trace_1", 2.0),
        ("unit_1_trace_4", -1.0),
        ("unit_1_gain", 0.5),
        ("unit_3_trace_2", 0.7),
        ("unit_3_bias", 0.3),
        ("unit_3_gain", -0.8),
    ];
    let (values, c, state) = neuron::<M>(&named);
    let of = |name: String| values[M::DESCRIPTOR.parameter(&name).expect("it is on the page")];
    let place = |name: &str| M::DESCRIPTOR.variable(name).expect("it is on the page");
    let drive = current::<M>(&values, 1.3);
    let s = &mut Stream::new(11, Purpose::Initial, 0, 0);
    let strength = if M::DESCRIPTOR.input == Unit::Mv { 6.0 } else { 800.0 };
    let mut at = 0;
    let inputs: Vec<Input> = (0..300)
        .map(|_| {
            at += [0, 1, s.below(900_000), s.below(2_500_000), s.below(20_000_000)]
                [s.below(5) as usize];
            let kind = match s.below(8) {
                0 => InputKind::Drive(drive * (0.5 + s.uniform())),
                _ => InputKind::Spike(strength * (s.uniform() - 0.4)),
            };
            Input { at: Tick(at), kind }
        })
        .collect();
    let grid = Resolution::FINEST;
    let (mut cell, mut spikes) = (Cell::new::<M>(&c, grid, state, drive), Vec::new());
    let (mut end, mut rest) = (Tick::ZERO, inputs.as_slice());
    let (mut held, mut stale) = (0, 0);
    while !rest.is_empty() {
        end = Tick(end.0 + 1 + s.below(1_200_000));
        let count = rest.iter().take_while(|input| input.at < end).count();
        let (now, later) = rest.split_at(count);
        cell.run::<M>(&c, grid, now, end, &mut spikes);
        rest = later;
        let ticks = end.since(cell.at).0 / (TICK_MS * 1_000_000);
        let set = cell.at + Span::from_whole_ms(TICK_MS * ticks);
        let says = |at: Tick| {
            let trace = |k: usize| cell.observe::<M>(&c, at, place(&format!("trace_{}", k + 1)));
            let unit = |j: usize| {
                let read = |k: usize| of(format!("unit_{j}_trace_{}", k + 1)) * trace(k);
                let sum: f64 = (0..TRACES).map(read).sum();
                of(format!("unit_{j}_gain")) * tanh(of(format!("unit_{j}_bias")) + sum)
            };
            f64::max(0.1, of("gain".into()) + (1..=4).map(unit).sum::<f64>())
        };
        let found = cell.observe::<M>(&c, end, place("gain_now"));
        assert!((found - says(set)).abs() < 1e-12, "at {end:?}, set at {set:?}: {found}");
        held += u32::from((found - says(end)).abs() > 1e-3);
        stale += u32::from(ticks > 0);
    }
    let enough = held > 100 && stale > 100 && spikes.len() > 10;
    assert!(enough, "{}: {held} {stale} {}", M::DESCRIPTOR.name, spikes.len());
}

#[test]
fn a_gain_is_set_at_events_and_held_for_a_tick_at_the_most() {
    follows_the_page::<AdaptiveLifDelta>();
    follows_the_page::<AdaptiveLifExp>();
    follows_the_page::<AdaptiveGlif>();
}

/// A neuron held below its threshold by a gain that would have risen long ago, were it not held, fires
/// at the very tick of an event that moves nothing else, and not because somebody looks at it.
fn fires_at_an_event<M: Dynamics>() {
    let named =
        [("tick", 1000.0), ("tau_fast", 4.0), ("unit_1_trace_1", 5.0), ("unit_1_gain", 1.0)];
    let (values, c, state) = neuron::<M>(&named);
    let drive = current::<M>(&values, 0.8);
    let end = Tick(1_100_000_000);
    for grid in [Resolution::FINEST, Resolution::new(Span(100_000)).unwrap()] {
        let start = Cell::new::<M>(&c, grid, state.clone(), drive);
        let first = |inputs: &[Input]| {
            let (mut cell, mut spikes) = (start.clone(), Vec::new());
            cell.run::<M>(&c, grid, inputs, end, &mut spikes);
            spikes[0]
        };
        let at = Tick(70_000_000);
        for kind in [InputKind::Spike(0.0), InputKind::Drive(drive)] {
            assert_eq!(first(&[Input { at, kind }]), at, "{} {kind:?}", M::DESCRIPTOR.name);
        }
        // Without an event the gain is held for its tick, however often the neuron is looked at.
        assert_eq!(first(&[]), Tick(1_000_000_000), "{}", M::DESCRIPTOR.name);
        let (mut cell, mut spikes) = (start.clone(), Vec::new());
        for ms in 1..1100 {
            let now = Tick(ms * 1_000_000);
            cell.run::<M>(&c, grid, &[], now, &mut spikes);
            for variable in 0..M::DESCRIPTOR.variables.len() {
                cell.observe::<M>(&c, now, variable);
            }
        }
        assert_eq!(spikes[0], Tick(1_000_000_000), "{}", M::DESCRIPTOR.name);
    }
}

#[test]
fn a_gain_that_rises_at_an_event_makes_a_neuron_fire_at_it() {
    fires_at_an_event::<AdaptiveLifDelta>();
    fires_at_an_event::<AdaptiveLifExp>();
    fires_at_an_event::<AdaptiveGlif>();
}
