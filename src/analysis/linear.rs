//! The linear network that a scenario or a list of synapses describes.

use super::{AnalysisError, Diagonal, Matrix, prune};
use crate::network::Network;
use crate::neuron::{Dynamics, hawkes::Hawkes};
use crate::scenario::{Model, Scenario};
use nalgebra::DVector;

/// More neurons make matrices that take gigabytes and hours.
pub const MOST_NEURONS: usize = 5000;

/// dx/dt = A x + base + noise, in ms.
#[derive(Clone, Debug)]
pub struct Linear {
    /// A in 1/ms.
    pub a: Matrix,
    /// Time constant of the traces, in ms.
    pub tau_ms: f64,
    /// Where known, the rate of each neuron without input, in 1/ms.
    pub base: Option<DVector<f64>>,
    /// Number of synapses, several of one pair counted singly.
    pub synapses: u64,
}

/// How synapses become entries of A.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Time constant of the traces, in ms: the leak is its inverse.
    pub tau_ms: f64,
    /// Effect of one unit of weight on the target's trace, in 1/ms.
    pub gain: f64,
}

impl Scale {
    /// That of `hawkes` neurons, whose weights are in Hz.
    pub fn hawkes(tau_ms: f64) -> Scale {
        Scale { tau_ms, gain: 1e-3 }
    }
}

impl Linear {
    /// From synapses (source, target, weight) between so many neurons.
    pub fn of_synapses(
        neurons: usize,
        synapses: impl IntoIterator<Item = (u32, u32, f64)>,
        scale: Scale,
    ) -> Linear {
        let mut a = Matrix::identity(neurons, neurons) * (-1.0 / scale.tau_ms);
        let mut count = 0;
        for (source, target, weight) in synapses {
            a[(target as usize, source as usize)] += scale.gain * weight;
            count += 1;
        }
        Linear { a, tau_ms: scale.tau_ms, base: None, synapses: count }
    }

    /// From a scenario whose neurons are all of the model `hawkes` with one time constant, and its
    /// network, built in one shard; `weights`, in place of those of the start.
    ///
    /// # Errors
    /// What stands in the way, in words.
    pub fn of_scenario(
        scenario: &Scenario,
        network: &Network,
        weights: Option<Vec<(u32, u32, f64)>>,
    ) -> Result<Linear, String> {
        let tau_ms = time_constant(scenario, network)?;
        // Sources, which are no part of the network, have numbers of their own among the neurons.
        let mut number = Vec::new();
        let mut neurons = 0;
        for population in &scenario.populations {
            let is_neuron = matches!(population.model, Model::Neuron { .. });
            for _ in 0..population.size {
                number.push(is_neuron.then_some(neurons));
                neurons += u32::from(is_neuron);
            }
        }
        check_size(neurons as usize)?;
        let all = weights.unwrap_or_else(|| {
            let edges = network.edges();
            edges.map(|e| (e.source.0, e.target.0, f64::from(e.weight))).collect()
        });
        let mut driven = !scenario.backgrounds.is_empty();
        let mut inside = Vec::new();
        for (source, target, weight) in all {
            let place = |neuron: u32| number.get(neuron as usize).copied().flatten();
            match (place(source), place(target)) {
                (Some(source), Some(target)) => inside.push((source, target, weight)),
                (None, Some(_)) => driven = true,
                _ => return Err(format!("there is no neuron {target} in the scenario")),
            }
        }
        let mut linear = Linear::of_synapses(neurons as usize, inside, Scale::hawkes(tau_ms));
        for (i, own) in starts(scenario, network, "self_weight").enumerate() {
            linear.a[(i, i)] += own / 1e3;
        }
        if !driven {
            let base: Vec<f64> = starts(scenario, network, "base").map(|hz| hz / 1e3).collect();
            linear.base = Some(DVector::from_vec(base));
        }
        Ok(linear)
    }

    /// The stationary rates, in 1/ms: those at which input and leak of the traces balance.
    pub fn rates(&self) -> Option<DVector<f64>> {
        let traces = (-&self.a).lu().solve(self.base.as_ref()?)?;
        Some(traces / self.tau_ms)
    }

    /// A pruned network whose diagonal makes up for what is missing beside it in this one.
    ///
    /// # Errors
    /// If the sizes differ.
    pub fn with_diagonal(
        &self,
        mut pruned: Matrix,
        diagonal: Diagonal,
    ) -> Result<Matrix, AnalysisError> {
        let (n, m) = (self.a.nrows(), pruned.nrows());
        if n != m {
            return Err(AnalysisError::Sizes(n, m));
        }
        if diagonal == Diagonal::RowSum {
            for i in 0..n {
                let change = prune::beside(&self.a, i) - prune::beside(&pruned, i);
                pruned[(i, i)] = self.a[(i, i)] + change;
            }
        }
        Ok(pruned)
    }
}

/// Refuses networks whose matrices would not fit.
///
/// # Errors
/// What is found and what is allowed.
pub fn check_size(neurons: usize) -> Result<(), String> {
    if neurons == 0 || neurons > MOST_NEURONS {
        return Err(format!(
            "the network has {neurons} neurons; allowed are 1 to {MOST_NEURONS}, because its \
             matrix is dense"
        ));
    }
    Ok(())
}

/// The time constant that all neurons share.
fn time_constant(scenario: &Scenario, network: &Network) -> Result<f64, String> {
    let mut found: Option<f64> = None;
    for (population, plan) in scenario.populations.iter().zip(&network.shards[0].neurons) {
        let Model::Neuron { descriptor, .. } = population.model else { continue };
        let (name, model) = (&population.name, descriptor.name);
        if model != Hawkes::DESCRIPTOR.name {
            return Err(format!(
                "the population `{name}` is of the model `{model}`, which is not linear; allowed \
                 is `hawkes` (or a weights file with --tau and --gain)"
            ));
        }
        let tau = plan.parameters[descriptor.parameter("tau").expect("hawkes has it")][0];
        if let Some(other) = found.filter(|&other| other != tau) {
            return Err(format!(
                "the population `{name}` has tau {tau} ms and one before it {other} ms; allowed \
                 is one time constant for all"
            ));
        }
        found = Some(tau);
    }
    found.ok_or_else(|| "the scenario has no neurons; allowed are populations of `hawkes`".into())
}

/// What a variable of each neuron is at the start.
fn starts<'a>(
    scenario: &'a Scenario,
    network: &'a Network,
    name: &'static str,
) -> impl Iterator<Item = f64> + 'a {
    let populations = scenario.populations.iter().zip(&network.shards[0].neurons);
    populations.flat_map(move |(population, plan)| {
        let column: &[f64] = match population.model {
            Model::Neuron { descriptor, .. } => {
                &plan.variables[descriptor.variable(name).expect("hawkes has it")]
            }
            _ => &[],
        };
        let size = if column.is_empty() { 0 } else { population.size as usize };
        (0..size).map(move |neuron| column[if column.len() == 1 { 0 } else { neuron }])
    })
}
