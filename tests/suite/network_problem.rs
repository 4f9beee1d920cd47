//! From a scenario and its built network to the lists that the reference simulates.

use saltatory::base::Tick;
use saltatory::network::Network;
use saltatory::reference::{Edge, Problem, ReferenceNeuron};
use saltatory::scenario::{Model, Neurons, Scenario, Steps};

/// What the reference is to simulate. `network` has one shard; `external` and `source_spikes`
/// come from the scenario's keyed draws, which engine and reference share on purpose.
pub fn problem(
    scenario: &Scenario,
    network: &Network,
    external: Vec<(Tick, u32, f64)>,
    source_spikes: Vec<(Tick, u32)>,
) -> Problem {
    assert_eq!(network.partition.shards(), 1, "with one shard places are neuron numbers");
    let neurons = neurons(scenario, network);
    Problem {
        resolution: scenario.resolution,
        duration: scenario.duration,
        drives: drives(scenario, network, &neurons),
        edges: edges(network),
        neurons,
        external,
        source_spikes,
    }
}

fn neurons(scenario: &Scenario, network: &Network) -> Vec<Option<ReferenceNeuron>> {
    let mut neurons = Vec::new();
    for (population, plan) in scenario.populations.iter().zip(&network.shards[0].neurons) {
        for index in 0..population.size as usize {
            let of = |columns: &[Vec<f64>]| -> Vec<f64> {
                let value = |column: &Vec<f64>| column[if column.len() == 1 { 0 } else { index }];
                columns.iter().map(value).collect()
            };
            neurons.push(match population.model {
                Model::Neuron { descriptor, .. } => Some(ReferenceNeuron {
                    descriptor,
                    parameters: descriptor.flat(of(&plan.parameters), &plan.lists),
                    variables: of(&plan.variables),
                }),
                _ => None,
            });
        }
    }
    neurons
}

fn edges(network: &Network) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (population, table) in network.shards[0].tables.iter().enumerate() {
        for (source, row) in network.partition.population(population).zip(table.offsets.windows(2))
        {
            let synapses = (row[0]..row[1]).map(|place| table.synapses.at(place as usize));
            edges.extend(synapses.map(|(target, weight, delay)| Edge {
                source,
                target,
                weight,
                delay,
            }));
        }
    }
    edges
}

/// The constant current of each neuron whenever one of its inputs changes, `i_e` included.
fn drives(
    scenario: &Scenario,
    network: &Network,
    neurons: &[Option<ReferenceNeuron>],
) -> Vec<(Tick, u32, f64)> {
    let mut drives = Vec::new();
    for (number, neuron) in (0..).zip(neurons) {
        let Some(neuron) = neuron else { continue };
        let Some(i_e) = neuron.descriptor.parameter("i_e") else { continue };
        let inputs: Vec<&Steps> = scenario
            .currents
            .iter()
            .filter(|input| {
                let range = network.partition.population(input.target.population);
                range.contains(&number)
                    && match &input.target.neurons {
                        Neurons::All => true,
                        Neurons::First(count) => number - range.start < *count,
                        Neurons::List(list) => list.contains(&(number - range.start)),
                    }
            })
            .map(|input| &input.current_pa)
            .collect();
        let mut times: Vec<Tick> =
            inputs.iter().flat_map(|steps| steps.steps.iter().map(|step| step.0)).collect();
        times.sort_unstable();
        times.dedup();
        for tick in times {
            let now = |steps: &&Steps| {
                steps.steps.iter().rev().find(|step| step.0 <= tick).map_or(0.0, |step| step.1)
            };
            let added: f64 = inputs.iter().map(now).sum();
            drives.push((tick, number, neuron.parameters[i_e] + added));
        }
    }
    drives
}
