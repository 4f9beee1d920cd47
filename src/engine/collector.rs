//! Brings the spikes of all shards into one order, window by window.

use crate::base::NeuronId;
use crate::base::digest::Digest;
use crate::base::saved::saved;
use crate::network::Partition;
use crate::record::Spike;
use crate::scenario::{RecordSpikes, Scenario, Selection};

/// Receives the spikes of each window: counts, digests and keeps those that are recorded.
pub struct Collector {
    window: Vec<Spike>,
    digest: Digest,
    kept: Vec<Spike>,
    /// Spikes of all neurons so far.
    pub count: u64,
    filter: Filter,
}
saved!(Collector { digest, kept, count });

/// Which neurons' spikes are kept.
enum Filter {
    All,
    None,
    /// One bit a neuron.
    Some(Vec<u64>),
}

impl Collector {
    /// A collector for what the scenario records.
    pub fn new(scenario: &Scenario, partition: &Partition) -> Collector {
        let filter = match &scenario.record.spikes {
            RecordSpikes::All => Filter::All,
            RecordSpikes::None => Filter::None,
            RecordSpikes::Some(selections) => {
                Filter::Some(selected_bits(scenario, partition, selections))
            }
        };
        Collector { window: Vec::new(), digest: Digest::new(), kept: Vec::new(), count: 0, filter }
    }

    /// Adds a shard's spikes of the current window.
    pub fn add(&mut self, spikes: &[Spike]) {
        self.window.extend_from_slice(spikes);
    }

    /// Ends the current window. A window's spikes all precede the next one's, so sorting within
    /// windows sorts the whole train.
    pub fn close_window(&mut self) {
        self.window.sort_unstable();
        self.count += self.window.len() as u64;
        for &spike in &self.window {
            self.digest.spike(spike.tick, spike.neuron);
            if self.filter.keeps(spike.neuron) {
                self.kept.push(spike);
            }
        }
        self.window.clear();
    }

    /// The recorded spikes and the digest of all.
    pub fn finish(self) -> (Vec<Spike>, String) {
        (self.kept, self.digest.finish())
    }
}

impl Filter {
    #[inline]
    fn keeps(&self, neuron: NeuronId) -> bool {
        match self {
            Filter::All => true,
            Filter::None => false,
            Filter::Some(bits) => bits[neuron.index() / 64] >> (neuron.0 % 64) & 1 == 1,
        }
    }
}

fn selected_bits(scenario: &Scenario, partition: &Partition, chosen: &[Selection]) -> Vec<u64> {
    let mut bits = vec![0u64; partition.neurons().div_ceil(64) as usize];
    for selection in chosen {
        let first = partition.population(selection.population).start;
        for index in selection.indices(scenario.populations[selection.population].size) {
            let neuron = first + index;
            bits[(neuron / 64) as usize] |= 1 << (neuron % 64);
        }
    }
    bits
}
