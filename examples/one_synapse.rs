//! One synapse of any rule, driven by given trains, in double precision.
//!
//! Reads a JSON list of experiments from standard input and writes, for each, the list of weights that
//! its arrivals transmitted. This is our side of `validation/plasticity.py`.
//!
//! ```text
//! [{ "rule": "stdp", "parameters": { "w_max": 1.0, "pairing": "all_to_all" }, "weight": 0.5,
//!    "axonal_ns": 0, "dendritic_ns": 1000000, "source_ns": [...], "target_ns": [...],
//!    "modulator_ns": [] }]
//! ```

use saltatory::base::{Span, Tick};
use saltatory::plasticity::patch::{Patch, Protocol};
use saltatory::plasticity::{self, Descriptor, Kind, Path, Rule, Visitor};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;

#[derive(Deserialize)]
struct Experiment {
    rule: String,
    parameters: BTreeMap<String, Value>,
    weight: f64,
    axonal_ns: u64,
    dendritic_ns: u64,
    source_ns: Vec<u64>,
    target_ns: Vec<u64>,
    #[serde(default)]
    modulator_ns: Vec<u64>,
}

impl Experiment {
    /// Values in the order of the rule's parameters; what is not given has its default.
    fn values(&self, rule: &Descriptor) -> Result<Vec<f64>, String> {
        let mut values = rule.defaults();
        for (name, value) in &self.parameters {
            let index = rule.parameter(name).ok_or(format!("{} has no {name}", rule.name))?;
            let value = match (rule.parameters[index].kind, value) {
                (Kind::Choice(words), Value::String(word)) => {
                    words.iter().position(|known| known == word).map(|index| index as f64)
                }
                (_, value) => value.as_f64(),
            };
            values[index] = value.ok_or(format!("{name} is not a value of {}", rule.name))?;
        }
        match (rule.check)(&values).first() {
            Some((index, what)) => Err(format!("{}: {what}", rule.parameters[*index].name)),
            None => Ok(values),
        }
    }
}

/// Runs an experiment with the rule that is visited.
struct Run<'a>(&'a Experiment, &'a [f64]);

impl Visitor for Run<'_> {
    type Output = Vec<f64>;

    fn visit<R: Rule>(self) -> Vec<f64> {
        let Run(experiment, values) = self;
        let ticks = |ns: &[u64]| ns.iter().copied().map(Tick).collect();
        let mut patch = Patch::<R, f64>::new(values, None, 1);
        let (axonal, dendritic) = (Span(experiment.axonal_ns), Span(experiment.dendritic_ns));
        patch.connect(experiment.weight, Path { axonal, dendritic });
        patch.run(&Protocol {
            sources: vec![ticks(&experiment.source_ns)],
            target: ticks(&experiment.target_ns),
            modulator: ticks(&experiment.modulator_ns),
            ..Protocol::default()
        })[0]
            .clone()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let experiments: Vec<Experiment> = serde_json::from_reader(std::io::stdin())?;
    let mut transmitted = Vec::new();
    for experiment in &experiments {
        let name = &experiment.rule;
        let rule = plasticity::find(name).ok_or(format!("there is no rule `{name}`"))?;
        let values = experiment.values(rule)?;
        transmitted.push(plasticity::dispatch(rule, Run(experiment, &values)));
    }
    println!("{}", serde_json::to_string(&transmitted)?);
    Ok(())
}
