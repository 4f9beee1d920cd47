//! The least that delivering spikes can cost: a bare loop that reads every delivered synapse and
//! adds its weight to a sum of its target, and does nothing else.
//!
//! The loop walks the same tables of the same network in the order of the spikes, row after row.
//! It knows no time, no threshold and no queue; where a row starts and how much of it is reached
//! before the end of the run is worked out beforehand. What the engine needs beyond it is the
//! price of exact times.

use crate::base::{Span, Tick};
use crate::network::Network;
use crate::record::Spike;
use crate::synapse::{BucketedSynapse, DelayedSynapse, Synapse, Synapses};
use std::ops::{AddAssign, Range};

/// The delivered part of one row, in the layout of its table.
#[derive(Clone, Copy, Debug)]
enum Piece<'n> {
    Alike(f32, &'n [u32]),
    Together(&'n [Synapse]),
    Bucketed(&'n [BucketedSynapse]),
    Singly(&'n [DelayedSynapse]),
}

impl<'n> Piece<'n> {
    fn of(synapses: &'n Synapses, piece: Range<usize>) -> Piece<'n> {
        match synapses {
            Synapses::Alike { weight, targets, .. } => Piece::Alike(*weight, &targets[piece]),
            Synapses::OneDelay { rows, .. } => Piece::Together(&rows[piece]),
            Synapses::Bucketed { rows, .. } => Piece::Bucketed(&rows[piece]),
            Synapses::OwnDelay { rows } => Piece::Singly(&rows[piece]),
        }
    }

    fn len(&self) -> usize {
        match self {
            Piece::Alike(_, row) => row.len(),
            Piece::Together(row) => row.len(),
            Piece::Bucketed(row) => row.len(),
            Piece::Singly(row) => row.len(),
        }
    }
}

/// The rows of a spike train in one shard, in the order of the spikes.
#[derive(Clone, Debug)]
pub struct Rows<'n> {
    pieces: Vec<Piece<'n>>,
    neurons: usize,
}

impl<'n> Rows<'n> {
    /// What the spikes reach in shard number `shard` before `end`.
    pub fn of(network: &'n Network, shard: u32, spikes: &[Spike], end: Tick) -> Rows<'n> {
        let partition = &network.partition;
        let tables = &network.shards[shard as usize].tables;
        let piece = |spike: &Spike| {
            let population = partition.population_of(spike.neuron);
            let table = &tables[population];
            let row = table.row(spike.neuron.0 - partition.population(population).start);
            let left = end.0.saturating_sub(spike.tick.0);
            let reached = table.synapses.count_before(row.clone(), Span(left));
            Piece::of(&table.synapses, row.start..row.start + reached)
        };
        let pieces = spikes.iter().map(piece).filter(|piece| piece.len() > 0).collect();
        let local = |population| partition.owned(population, shard).len();
        Rows { pieces, neurons: (0..partition.populations()).map(local).sum() }
    }

    /// How many synapses are delivered.
    pub fn synapses(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len() as u64).sum()
    }

    /// A sum of zero for each neuron of the shard.
    pub fn sums<S: Default + Clone>(&self) -> Vec<S> {
        vec![S::default(); self.neurons]
    }

    /// The bare loop. `sums` must be as long as [`Rows::sums`] makes it.
    pub fn scatter<S: AddAssign + From<f32>>(&self, sums: &mut [S]) {
        for piece in &self.pieces {
            match piece {
                Piece::Alike(weight, row) => {
                    for &target in *row {
                        sums[target as usize] += S::from(*weight);
                    }
                }
                Piece::Bucketed(row) => {
                    for synapse in *row {
                        sums[synapse.target() as usize] += S::from(synapse.weight);
                    }
                }
                Piece::Together(row) => {
                    for synapse in *row {
                        sums[synapse.target as usize] += S::from(synapse.weight);
                    }
                }
                Piece::Singly(row) => {
                    for synapse in *row {
                        sums[synapse.target as usize] += S::from(synapse.weight);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::NeuronId;
    use crate::engine::{self, Control, Options};
    use crate::network;
    use crate::scenario::{Connect, Scenario};

    fn scenario(delay: &str) -> Scenario {
        let mut scenario = Scenario::new("rows").seed(3).duration_ms(60.0);
        let cells = scenario.add_population("cells", 40, "lif_exp").unwrap();
        scenario.connect(cells, cells, Connect::fixed_indegree(10), "20 pA", delay).unwrap();
        scenario.background(cells, "6 kHz", "60 pA").unwrap();
        scenario
    }

    /// The bare loop reads what the engine delivers: no synapse more, none less.
    #[test]
    fn it_delivers_what_the_engine_delivers() {
        for delay in ["3 ms", "{ uniform = ['1 ms', '30 ms'] }"] {
            let scenario = scenario(delay);
            for shards in [1, 3] {
                let network = network::build(&scenario, shards, 1, None).unwrap();
                let options = Options::threads(1);
                let go_on = |_| Control::Continue;
                let outcome = engine::run(&scenario, &network, options, &go_on).unwrap();
                let end = Tick(scenario.duration.0);
                let of = |shard| Rows::of(&network, shard, &outcome.spikes, end).synapses();
                let read: u64 = (0..shards).map(of).sum();
                assert!(read > 1000, "the network is silent");
                assert_eq!(read, outcome.counts.synaptic_events, "{delay}, {shards} shards");
            }
        }
    }

    #[test]
    fn weights_reach_their_targets() {
        let network = network::build(&scenario("3 ms"), 1, 1, None).unwrap();
        let spike = |tick: Span, neuron| Spike { tick: Tick(tick.0), neuron: NeuronId(neuron) };
        let early = Span::from_whole_ms(5);
        // The last spike's synapses would be reached after the end.
        let late = Span::from_whole_ms(8);
        let spikes = [spike(early, 0), spike(early, 1), spike(early, 1), spike(late, 2)];
        let rows = Rows::of(&network, 0, &spikes, Tick(10_000_000));
        let mut sums: Vec<f64> = rows.sums();
        rows.scatter(&mut sums);
        let mut expected = vec![0.0; 40];
        for source in [0, 1, 1] {
            for (target, weight, _) in network.shards[0].tables[0].synapses_of(source) {
                expected[target as usize] += f64::from(weight);
            }
        }
        assert!(expected.iter().any(|&sum| sum > 0.0));
        assert_eq!(sums, expected);
    }
}
