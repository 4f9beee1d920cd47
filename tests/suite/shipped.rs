//! The shipped scenarios, cut down so that each takes a moment.

use crate::program::scenarios;
use saltatory::scenario::{self, FilesIn, Scenario, Source};

/// Every shipped scenario with what makes it small. The kind of dynamics stays; rates may not.
pub const SMALL: &[(&str, &[&str])] = &[
    (
        "adaptation",
        &[
            "duration=900 ms",
            "population.soft.params.rate.steps.1.0=300 ms",
            "population.soft.params.rate.steps.2.0=600 ms",
            "population.loud.params.rate.steps.0.0=300 ms",
            "population.loud.params.rate.steps.1.0=600 ms",
        ],
    ),
    ("adaptation_aru", &["duration=500 ms"]),
    ("adaptation_noise", &["duration=500 ms", "record.state.0.interval=50 ms"]),
    (
        "adaptation_sines",
        &["duration=1200 ms", "population.adaptive.size=20", "population.frozen.size=20"],
    ),
    (
        "adaptation_steps",
        &[
            "duration=1200 ms",
            "population.adaptive.size=20",
            "population.frozen.size=20",
            "current.0.current.steps.0.0=300 ms",
            "current.0.current.steps.1.0=700 ms",
            "current.1.current.steps.0.0=300 ms",
            "current.1.current.steps.1.0=700 ms",
        ],
    ),
    (
        "brunel",
        &[
            "duration=60 ms",
            "population.exc.size=400",
            "population.inh.size=100",
            "projection.0.connect.indegree=40",
            "projection.1.connect.indegree=40",
            "projection.2.connect.indegree=10",
            "projection.3.connect.indegree=10",
        ],
    ),
    ("celegans", &["duration=500 ms"]),
    ("cuba", &["duration=150 ms"]),
    ("cuba_jump", &["duration=150 ms"]),
    ("fly", &["duration=300 ms", "population.exc.size=926", "population.inh.size=463"]),
    ("elise", &["duration=400 ms", "record.spikes=all", "record.state.0.start=0 s"]),
    ("hello", &["duration=300 ms"]),
    (
        "hpc",
        &[
            "duration=60 ms",
            "population.exc.size=400",
            "population.inh.size=100",
            "projection.0.connect.indegree=80",
            "projection.1.connect.indegree=80",
            "projection.2.connect.indegree=20",
            "projection.3.connect.indegree=20",
        ],
    ),
    ("pd14", &["duration=200 ms", "scale.factor=0.025"]),
    // As small as this it is silent; a stronger current into one population wakes it.
    ("pd14_dc", &["duration=200 ms", "scale.factor=0.02", "population.L6I.params.i_e=900 pA"]),
    // Seconds in the place of hundreds of them.
    (
        "reserve_correlated",
        &[
            "duration=4 s",
            "population.together.params.rate.steps.0.0=1 s",
            "background.0.rate.steps.1.0=1 s",
            "background.1.rate.steps.1.0=2 s",
            "background.1.rate.steps.2.0=3 s",
            "record.weights.every=500 ms",
        ],
    ),
    (
        "reserve_intense_half",
        &[
            "duration=3 s",
            "background.0.rate.steps.1.0=1 s",
            "background.0.rate.steps.2.0=2 s",
            "record.weights.every=500 ms",
        ],
    ),
    (
        "reserve_intensity",
        &[
            "duration=6 s",
            "population.inputs.params.rate.steps.1.0=1 s",
            "population.inputs.params.rate.steps.2.0=2 s",
            "population.inputs.params.rate.steps.3.0=3 s",
            "population.inputs.params.rate.steps.4.0=4 s",
            "population.inputs.params.rate.steps.5.0=5 s",
            "record.weights.every=500 ms",
        ],
    ),
    (
        "reserve_relearn",
        &[
            "duration=3 s",
            "population.first.params.rate.steps.0.0=1 s",
            "population.first.params.rate.steps.1.0=2 s",
            "population.second.params.rate.steps.0.0=2 s",
            "background.0.rate.steps.1.0=1 s",
            "background.0.rate.steps.2.0=2 s",
            "background.1.rate.steps.1.0=2 s",
            "record.weights.every=500 ms",
        ],
    ),
    (
        "prune",
        &[
            "duration=400 ms",
            "population.left.size=80",
            "population.right.size=80",
            "population.inh.size=40",
            "projection.0.plasticity.probe=150 ms",
            "projection.1.plasticity.probe=150 ms",
            "projection.2.plasticity.probe=150 ms",
            "projection.3.plasticity.probe=150 ms",
            "projection.0.plasticity.min_spikes=2",
            "projection.1.plasticity.min_spikes=2",
            "projection.2.plasticity.min_spikes=2",
            "projection.3.plasticity.min_spikes=2",
            "projection.6.pruning.0.at=350 ms",
        ],
    ),
    (
        "prune_size",
        &[
            "duration=400 ms",
            "population.left.size=200",
            "population.right.size=200",
            "population.inh.size=40",
            "projection.0.plasticity.probe=150 ms",
            "projection.1.plasticity.probe=150 ms",
            "projection.2.plasticity.probe=150 ms",
            "projection.3.plasticity.probe=150 ms",
            "projection.0.plasticity.min_spikes=2",
            "projection.1.plasticity.min_spikes=2",
            "projection.2.plasticity.min_spikes=2",
            "projection.3.plasticity.min_spikes=2",
        ],
    ),
    ("sparse", &["duration=1 s", "population.cells.size=2000"]),
    ("sparse_kick", &["duration=1 s", "population.cells.size=2000"]),
    ("stdp", &["duration=300 ms", "population.exc.size=200", "population.inh.size=50"]),
];

/// A shipped scenario, cut down.
pub fn small(name: &str) -> Scenario {
    small_with(name, &[])
}

/// The same with further changes.
pub fn small_with(name: &str, changes: &[&str]) -> Scenario {
    let (_, overrides) = SMALL.iter().find(|(other, _)| *other == name).expect("it is listed");
    let text = std::fs::read_to_string(scenarios().join(format!("{name}.toml"))).expect("shipped");
    let overrides: Vec<_> = overrides.iter().chain(changes).map(|&text| text.into()).collect();
    scenario::parse(&Source::new(name, text), &FilesIn(scenarios()), &overrides)
        .unwrap_or_else(|problems| panic!("{name}: {problems}"))
}
