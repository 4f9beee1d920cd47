//! What each neuron starts with: parameters of its own, and state variables.
//!
//! Draws are keyed by (seed, population, parameter or variable, neuron). A column in which all
//! neurons agree by law holds one value.

use super::draw::{MOST_REDRAWS, Sampler};
use super::error::{Met, Place};
use super::partition::Partition;
use super::{NeuronPlan, PlasticProjection};
use crate::base::random::Purpose;
use crate::neuron::receptor::Pulse;
use crate::neuron::{Descriptor, Initial};
use crate::scenario::{Distribution, Model, ParameterValue, Scenario, Shape, variables};
use crate::synapse::Table;
use std::ops::Range;

/// The start values of all neurons that live in a shard, population by population.
pub(super) fn plan(
    scenario: &Scenario,
    partition: &Partition,
    shard: u32,
) -> Result<Vec<NeuronPlan>, Vec<Met>> {
    let (mut plans, mut problems) = (Vec::new(), Vec::new());
    for (index, population) in scenario.populations.iter().enumerate() {
        let Model::Neuron { descriptor, parameters, initial } = &population.model else {
            plans.push(NeuronPlan::default());
            continue;
        };
        let columns = Columns {
            seed: scenario.seed,
            population: index,
            owned: partition.owned(index, shard),
            descriptor,
        };
        match columns.plan(parameters, initial) {
            Ok(plan) => plans.push(plan),
            Err(met) => problems.push(met),
        }
    }
    if problems.is_empty() { Ok(plans) } else { Err(problems) }
}

/// Works out the variables that are sums over synapses: of each neuron, what the synapses weigh that add to a
/// channel. All synapses of a neuron lie in its shard, in the order of their sources.
pub(super) fn weigh_contacts(
    scenario: &Scenario,
    partition: &Partition,
    shard: u32,
    projections: &[PlasticProjection],
    tables: &[Table],
    plans: &mut [NeuronPlan],
) {
    for (index, (population, plan)) in scenario.populations.iter().zip(plans).enumerate() {
        let Model::Neuron { descriptor, .. } = &population.model else { continue };
        let first = partition.local_start(index, shard);
        for (variable, column) in descriptor.variables.iter().zip(&mut plan.variables) {
            let Initial::Contacts(channel) = variable.initial else { continue };
            let adds = |projection: &PlasticProjection| {
                let Pulse { channel: reached, factor, .. } = projection.pulse;
                projection.target == index && reached == channel && factor > 0.0
            };
            let reaching =
                projections.iter().zip(tables).filter(|(projection, _)| adds(projection));
            *column = vec![0.0; partition.owned(index, shard).len()];
            for (_, table) in reaching {
                let synapses = &table.synapses;
                synapses.each(0..synapses.len(), |target, weight, _| {
                    column[(target - first) as usize] += f64::from(weight);
                });
            }
        }
    }
}

/// One population's neurons in one shard.
struct Columns {
    seed: u64,
    population: usize,
    owned: Range<u32>,
    descriptor: &'static Descriptor,
}

impl Columns {
    fn plan(
        &self,
        parameters: &[ParameterValue],
        initial: &[Distribution],
    ) -> Result<NeuronPlan, Met> {
        let mut columns = self.drawn_parameters(parameters)?;
        for (slot, value) in parameters.iter().enumerate() {
            if let ParameterValue::ForPeriod(period_ms) = value {
                columns[slot] = self.for_period(&columns, slot, period_ms)?;
            }
        }
        let variables = initial
            .iter()
            .zip(variables(self.descriptor, parameters))
            .zip(0..)
            .map(|((law, variable), slot)| {
                self.column(law, Purpose::Initial, slot, |value| {
                    if value.is_finite() {
                        return Ok(());
                    }
                    let start = format!("start value of {} is", variable.name);
                    Err(format!("{start} {}; allowed is a finite value", found(value)))
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(NeuronPlan { parameters: columns, variables, lists: self.lists(parameters) })
    }

    /// The columns of all drawn parameters; the default where a period has to be met.
    fn drawn_parameters(&self, parameters: &[ParameterValue]) -> Result<Vec<Vec<f64>>, Met> {
        let described = self.descriptor.parameters.iter().zip(0..);
        parameters
            .iter()
            .zip(described)
            .map(|(value, (parameter, slot))| match value {
                ParameterValue::ForPeriod(_) => Ok(vec![parameter.default]),
                // What all share is kept beside the columns.
                _ if parameter.range.is_list() => Ok(vec![parameter.default]),
                ParameterValue::Drawn(law) => self.column(law, Purpose::Parameter, slot, |value| {
                    if parameter.range.contains(value) {
                        return Ok(());
                    }
                    let allowed = parameter.range.describe();
                    Err(format!("{} is {}; allowed is {allowed}", parameter.name, found(value)))
                }),
            })
            .collect()
    }

    /// The lists that all neurons share.
    fn lists(&self, parameters: &[ParameterValue]) -> Vec<Vec<f64>> {
        let list = |place: usize| match &parameters[place] {
            ParameterValue::Drawn(Distribution { shape: Shape::Values(values), .. }) => {
                values.clone()
            }
            _ => unreachable!("checked before drawing"),
        };
        self.descriptor.lists().map(list).collect()
    }

    /// The currents that make each neuron fire with its period.
    fn for_period(
        &self,
        columns: &[Vec<f64>],
        slot: usize,
        period_ms: &Distribution,
    ) -> Result<Vec<f64>, Met> {
        let periods = self.column(period_ms, Purpose::Parameter, slot as u64, |_| Ok(()))?;
        let current_for_period =
            self.descriptor.current_for_period.expect("checked before drawing");
        let is_shared = periods.len() == 1 && columns.iter().all(|column| column.len() == 1);
        let neurons = if is_shared { 1 } else { self.owned.len() };
        let of = |column: &[f64], neuron: usize| column[if column.len() == 1 { 0 } else { neuron }];
        let mut values = vec![0.0; columns.len()];
        (0..neurons)
            .map(|neuron| {
                for (value, column) in values.iter_mut().zip(columns) {
                    *value = of(column, neuron);
                }
                let period = of(&periods, neuron);
                current_for_period(&values, period)
                    .ok_or_else(|| self.met(neuron, self.no_current(slot, period, &values)))
            })
            .collect()
    }

    fn no_current(&self, slot: usize, period: f64, values: &[f64]) -> String {
        let name = self.descriptor.parameters[slot].name;
        let allowed = match self.descriptor.parameter("t_ref") {
            Some(t_ref) => format!("a finite period longer than t_ref ({} ms)", values[t_ref]),
            None => "a finite period greater than zero".into(),
        };
        let period = found(period);
        format!("no {name} makes the neuron fire with the period {period} ms; allowed is {allowed}")
    }

    fn column(
        &self,
        law: &Distribution,
        purpose: Purpose,
        slot: u64,
        check: impl Fn(f64) -> Result<(), String>,
    ) -> Result<Vec<f64>, Met> {
        let sampler = Sampler::new(law);
        if let Sampler::Constant(value) = sampler {
            return check(value).map(|()| vec![value]).map_err(|what| self.met(0, what));
        }
        let which = (self.population as u64) << 32 | slot;
        self.owned
            .clone()
            .map(|neuron| sampler.once(self.seed, purpose, which, neuron.into(), neuron))
            .enumerate()
            .map(|(local, value)| match check(value) {
                Ok(()) => Ok(value),
                Err(what) => Err(self.met(local, what)),
            })
            .collect()
    }

    /// A problem of a neuron by its place among those that live here.
    fn met(&self, local: usize, what: String) -> Met {
        let neuron = u64::from(self.owned.start) + local as u64;
        Met {
            place: Place::Population(self.population),
            order: (neuron, 0),
            what: format!("neuron {neuron}: {what}"),
        }
    }
}

/// A value in a message.
fn found(value: f64) -> String {
    if value.is_nan() {
        format!("nothing, because its law missed min and max {MOST_REDRAWS} times")
    } else {
        value.to_string()
    }
}
