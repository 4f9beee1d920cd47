//! `[scale]` against numbers worked out by hand.

use super::super::{
    Background, Connect, DelayOf, Distribution, Model, Neurons, ParameterValue, Plasticity,
    Population, Projection, Scale, Scenario, Selection, Shape, Steps,
};
use crate::base::{Tick, Unit};
use crate::neuron::{Descriptor, Parameter, Range};

const fn parameter(name: &'static str, unit: Unit, default: f64, per_neuron: bool) -> Parameter {
    Parameter { name, unit, default, range: Range::Any, per_neuron, doc: "" }
}

/// Exponential currents of 0.5 ms and 2 ms.
static MODEL: Descriptor = Descriptor {
    name: "test_exp",
    summary: "",
    manual: "",
    parameters: &[
        parameter("tau_syn_ex", Unit::Ms, 0.5, false),
        parameter("tau_syn_in", Unit::Ms, 2.0, false),
        parameter("i_e", Unit::Pa, 10.0, true),
    ],
    variables: &[],
    input: Unit::Pa,
    check: |_| Vec::new(),
    current_for_period: None,
};

fn network() -> Scenario {
    let constant = |v: f64| ParameterValue::Drawn(Distribution::constant(v));
    let neurons = |name: &str, size| Population {
        name: name.into(),
        size,
        model: Model::Neuron {
            descriptor: &MODEL,
            parameters: vec![constant(0.5), constant(2.0), constant(10.0)],
            initial: Vec::new(),
        },
    };
    let projection = |source, connect, weight: Distribution| Projection {
        source,
        target: 0,
        receptor: 0,
        connect,
        autapses: true,
        multapses: true,
        weight,
        delay_ms: Distribution::constant(1.5),
        delay_of: DelayOf::Synapse,
        plasticity: Plasticity::default(),
        pruning: Vec::new(),
    };
    let excitation =
        Distribution { min: Some(0.0), ..Shape::Normal { mean: 80.0, sd: 8.0 }.into() };
    let everybody = Selection { population: 0, neurons: Neurons::All };
    let mut scenario = Scenario::new("scaled");
    scenario.populations = vec![neurons("e", 1000), neurons("i", 200)];
    scenario.projections = vec![
        projection(0, Connect::FixedTotalNumber(40_000), excitation),
        projection(1, Connect::fixed_indegree(100), Distribution::constant(-300.0)),
    ];
    scenario.backgrounds = vec![
        Background { target: everybody.clone(), rate_hz: Steps::constant(8000.0), weight: 40.0 },
        Background {
            target: everybody,
            rate_hz: Steps { steps: vec![(Tick(1000), 400.0)] },
            weight: 40.0,
        },
    ];
    scenario
}

#[test]
fn a_quarter_of_the_network_is_what_it_is_by_hand() {
    let mut scenario = network();
    let scale = Scale { factor: 0.25, rates_hz: vec![Some(4.0), Some(6.0)] };
    scale.apply(&mut scenario).unwrap();
    assert_eq!([scenario.populations[0].size, scenario.populations[1].size], [250, 50]);
    // 40,000 / 16 synapses, of double weight.
    assert_eq!(scenario.projections[0].connect, Connect::FixedTotalNumber(2500));
    let weight = &scenario.projections[0].weight;
    assert_eq!(weight.shape, Shape::Normal { mean: 160.0, sd: 16.0 });
    assert_eq!(weight.min, Some(0.0));
    assert_eq!(scenario.projections[1].connect, Connect::fixed_indegree(25));
    assert_eq!(scenario.projections[1].weight.as_constant(), Some(-600.0));
    assert_eq!(scenario.backgrounds[0].rate_hz, Steps::constant(2000.0));
    assert_eq!(scenario.backgrounds[0].weight, 80.0);
    // 10 pA + (1 - 1/2) (40 x 80 x 4 x 0.5 + 100 x -300 x 6 x 2 + 8000 x 40 x 0.5) / 1000 pA
    // = 10 + 0.5 (6.4 - 360 + 160) = -86.8 pA.
    let Model::Neuron { parameters, .. } = &scenario.populations[0].model else { panic!() };
    let ParameterValue::Drawn(current) = &parameters[2] else { panic!() };
    assert!((current.as_constant().unwrap() + 86.8).abs() < 1e-9, "{current:?}");
    // The background that begins later loses its mean only from then on:
    // 0.5 x 400 x 40 x 0.5 / 1000 = 4 pA.
    assert_eq!(scenario.currents.len(), 1);
    let (start, current) = scenario.currents[0].current_pa.steps[0];
    assert!(start == Tick(1000) && (current - 4.0).abs() < 1e-12);
    // Who receives nothing keeps what it had.
    let Model::Neuron { parameters, .. } = &scenario.populations[1].model else { panic!() };
    assert_eq!(parameters[2], ParameterValue::Drawn(Distribution::constant(10.0)));
}

#[test]
fn a_missing_rate_is_named() {
    let mut scenario = network();
    let scale = Scale { factor: 0.25, rates_hz: vec![Some(4.0), None] };
    let findings = scale.apply(&mut scenario).unwrap_err();
    assert_eq!(findings.len(), 1);
    assert!(findings[0].found.contains("`i`"), "{findings:?}");
}
