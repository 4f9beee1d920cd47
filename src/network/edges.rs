//! Reading a built network: its edges, its size, its digest.

use super::{Network, Partition};
use crate::base::digest::Digest;
use crate::base::{NeuronId, Span};
use crate::synapse::{LearningSynapse, Rows};

/// One synapse, by the numbers of its neurons in the whole network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Who sends.
    pub source: NeuronId,
    /// Who receives.
    pub target: NeuronId,
    /// In the input unit of the target's model.
    pub weight: f32,
    /// How long a spike takes.
    pub delay: Span,
}

/// The numbers in the whole network of the neurons of one shard, by their place in it.
#[derive(Clone, Debug)]
pub struct Residents {
    /// For each population the place of its first neuron here and that neuron's number.
    starts: Vec<(u32, u32)>,
}

impl Residents {
    /// The neurons of `shard`.
    pub fn new(partition: &Partition, shard: u32) -> Residents {
        let start = |population| {
            let first = partition.owned(population, shard).start;
            let number = partition.population(population).start + first;
            (partition.local_start(population, shard), number)
        };
        Residents { starts: (0..partition.populations()).map(start).collect() }
    }

    /// The neuron in place `local`.
    pub fn neuron(&self, local: u32) -> NeuronId {
        let population = self.starts.partition_point(|&(start, _)| start <= local) - 1;
        let (start, number) = self.starts[population];
        NeuronId(number + (local - start))
    }
}

impl Network {
    /// The edges that end in one shard, as they are stored: by source, delay, projection, target
    /// and draw.
    pub fn shard_edges(&self, shard: u32) -> impl Iterator<Item = Edge> + '_ {
        let residents = Residents::new(&self.partition, shard);
        (0..self.partition.neurons()).flat_map(move |source| {
            let mut row = Vec::new();
            self.append_row(NeuronId(source), shard, &residents, &[], &mut row);
            row
        })
    }

    /// All edges, by source, delay and target; edges that agree in all three are in the order in
    /// which the engine folds them. The same sequence for any number of shards.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.learned_edges(&[])
    }

    /// The same edges after a run: for each shard the rows of the plastic projections, with their
    /// weights. Where none are given, they are those of the start.
    pub fn learned_edges<'a>(
        &'a self,
        learned: &'a [Vec<(&'a Rows, &'a [f32])>],
    ) -> impl Iterator<Item = Edge> + 'a {
        let shards = 0..self.partition.shards();
        let residents: Vec<_> =
            shards.map(|shard| Residents::new(&self.partition, shard)).collect();
        (0..self.partition.neurons()).flat_map(move |source| {
            let mut row = Vec::new();
            for (shard, residents) in (0..).zip(&residents) {
                let learned = learned.get(shard as usize).map_or(&[][..], |learned| learned);
                self.append_row(NeuronId(source), shard, residents, learned, &mut row);
            }
            // All edges to one target come from one shard, so a stable sort keeps their order.
            row.sort_by_key(|edge| (edge.delay, edge.target));
            row
        })
    }

    fn append_row(
        &self,
        source: NeuronId,
        shard: u32,
        residents: &Residents,
        learned: &[(&Rows, &[f32])],
        row: &mut Vec<Edge>,
    ) {
        let population = self.partition.population_of(source);
        let index = source.0 - self.partition.population(population).start;
        for number in self.tables_of(population) {
            let plastic = number.checked_sub(self.partition.populations());
            let edge = |target, weight, delay| Edge {
                source,
                target: residents.neuron(target),
                weight,
                delay,
            };
            if let Some((rows, weights)) = plastic.and_then(|plastic| learned.get(plastic)) {
                row.extend(rows.row(index).map(|position| {
                    let LearningSynapse { target, delay } = rows.synapses()[position];
                    edge(target, weights[position], Span(delay.into()))
                }));
                continue;
            }
            let table = &self.shards[shard as usize].tables[number];
            row.extend(
                table.synapses_of(index).map(|(target, weight, delay)| edge(target, weight, delay)),
            );
        }
        // Stable: at one delay static synapses come first, as the engine folds them.
        if !self.plastic.is_empty() {
            row.sort_by_key(|edge| edge.delay);
        }
    }

    /// The tables with synapses from a population, in the order in which a spike walks them.
    fn tables_of(&self, population: usize) -> impl Iterator<Item = usize> + '_ {
        let behind = self.partition.populations();
        let learning = (behind..).zip(&self.plastic);
        let mine = learning.filter(move |(_, projection)| projection.source == population);
        std::iter::once(population).chain(mine.map(|(table, _)| table))
    }

    /// The number of synapses of one neuron.
    pub fn fan_out(&self, source: NeuronId) -> u64 {
        let population = self.partition.population_of(source);
        let index = source.0 - self.partition.population(population).start;
        let here = |shard: &super::ShardPlan| {
            let rows = self.tables_of(population).map(|table| shard.tables[table].row(index));
            rows.map(|row| row.len() as u64).sum::<u64>()
        };
        self.shards.iter().map(here).sum()
    }

    /// Memory taken by synapses and start values.
    pub fn bytes(&self) -> u64 {
        let values = |columns: &[Vec<f64>]| {
            columns.iter().map(|column| size_of_val(column.as_slice()) as u64).sum::<u64>()
        };
        let of = |shard: &super::ShardPlan| {
            let tables: u64 = shard.tables.iter().map(|table| table.bytes()).sum();
            let neurons = shard.neurons.iter();
            let own = |n: &super::NeuronPlan| {
                values(&n.parameters) + values(&n.variables) + values(&n.lists)
            };
            tables + neurons.map(own).sum::<u64>()
        };
        self.shards.iter().map(of).sum()
    }

    /// The SHA-256 of the network: of every population the lists that its neurons share, and of every neuron in turn its parameters and start values; then every edge in the order of [`edges`](Network::edges). The same for any number of shards.
    pub fn digest(&self) -> String {
        let mut digest = Digest::new();
        for population in 0..self.partition.populations() {
            let lists = self.shards[0].neurons[population].lists.iter();
            lists.flatten().for_each(|&value| digest.real(value));
            for shard in 0..self.partition.shards() {
                let plan = &self.shards[shard as usize].neurons[population];
                for neuron in 0..self.partition.owned(population, shard).len() {
                    for column in plan.parameters.iter().chain(&plan.variables) {
                        digest.real(column[if column.len() == 1 { 0 } else { neuron }]);
                    }
                }
            }
        }
        for edge in self.edges() {
            digest.bytes(&edge.source.0.to_le_bytes());
            digest.bytes(&edge.target.0.to_le_bytes());
            digest.bytes(&edge.weight.to_bits().to_le_bytes());
            digest.bytes(&edge.delay.0.to_le_bytes());
        }
        digest.finish()
    }
}
