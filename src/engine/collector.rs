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

    /// Takes the spikes of a window, given shard by shard, each in order. A window's spikes all precede the
    /// next one's, so bringing windows into order brings the whole train into order.
    pub fn take_window<'s>(&mut self, shards: impl Iterator<Item = &'s [Spike]>) {
        let mut shards = shards.filter(|spikes| !spikes.is_empty());
        match [shards.next(), shards.next(), shards.next()] {
            [None, ..] => {}
            [Some(only), None, ..] => self.take(only),
            [Some(first), Some(second), third] => {
                let mut window = std::mem::take(&mut self.window);
                window.clear();
                match third {
                    None => merge(first, second, &mut window),
                    Some(third) => {
                        let all = [first, second, third].into_iter().chain(shards);
                        all.for_each(|spikes| window.extend_from_slice(spikes));
                        window.sort_unstable();
                    }
                }
                self.take(&window);
                self.window = window;
            }
        }
    }

    /// Takes spikes that are in order.
    fn take(&mut self, spikes: &[Spike]) {
        self.count += spikes.len() as u64;
        self.digest.spikes(spikes.iter().map(|spike| (spike.tick, spike.neuron)));
        match self.filter {
            Filter::All => self.kept.extend_from_slice(spikes),
            Filter::None => {}
            Filter::Some(_) => {
                let kept = spikes.iter().filter(|spike| self.filter.keeps(spike.neuron));
                self.kept.extend(kept);
            }
        }
    }

    /// The recorded spikes and the digest of all.
    pub fn finish(self) -> (Vec<Spike>, String) {
        (self.kept, self.digest.finish())
    }
}

/// Both lists, which are in order, as one.
fn merge(mut a: &[Spike], mut b: &[Spike], into: &mut Vec<Spike>) {
    while let (Some(&x), Some(&y)) = (a.first(), b.first()) {
        if x < y {
            into.push(x);
            a = &a[1..];
        } else {
            into.push(y);
            b = &b[1..];
        }
    }
    into.extend_from_slice(a);
    into.extend_from_slice(b);
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
