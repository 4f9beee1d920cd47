//! Digests by which two runs are compared.
//!
//! The digest of a spike train is the SHA-256 of its spikes in the order (tick, neuron), each as
//! the tick in eight bytes and the neuron's number in four, both little-endian. Anybody can
//! recompute it from `spikes.npz`:
//!
//! ```python
//! s = numpy.load("spikes.npz"); a = numpy.empty(len(s["tick"]), [("t", "<u8"), ("n", "<u4")])
//! a["t"], a["n"] = s["tick"], s["index"]; hashlib.sha256(a.tobytes()).hexdigest()
//! ```

use super::saved::{Misfit, Reader, Value};
use super::{NeuronId, Tick};
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest as _, Sha256};

/// Bytes of a spike.
const SPIKE: usize = 12;

/// A digest under construction.
#[derive(Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds spikes. They must come in the order (tick, neuron), however they are dealt out to calls.
    pub fn spikes(&mut self, spikes: impl Iterator<Item = (Tick, NeuronId)>) {
        // Twelve blocks of the hash at a time: each call of it has a price of its own.
        let mut bytes = [0; 64 * SPIKE];
        let mut filled = 0;
        for (tick, neuron) in spikes {
            let place = &mut bytes[filled..filled + SPIKE];
            place[..8].copy_from_slice(&tick.0.to_le_bytes());
            place[8..].copy_from_slice(&neuron.0.to_le_bytes());
            filled += SPIKE;
            if filled == bytes.len() {
                self.0.update(bytes);
                filled = 0;
            }
        }
        self.0.update(&bytes[..filled]);
    }

    /// Adds the exact bits of a double. Negative zero counts as zero.
    #[inline]
    pub fn real(&mut self, value: f64) {
        self.0.update((value + 0.0).to_bits().to_le_bytes());
    }

    /// Adds raw bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest as 64 hexadecimal digits.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A digest under construction goes on where it was.
impl Value for Digest {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.0.serialize());
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        let mut state = SerializedState::<Sha256>::default();
        let length = state.len();
        state.copy_from_slice(from.take(length)?);
        Sha256::deserialize(&state).map(Digest).map_err(|_| Misfit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_train_has_the_well_known_digest() {
        assert_eq!(
            Digest::new().finish(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    fn of(trains: &[&[(u64, u32)]]) -> String {
        let mut digest = Digest::new();
        for train in trains {
            digest.spikes(train.iter().map(|&(tick, neuron)| (Tick(tick), NeuronId(neuron))));
        }
        digest.finish()
    }

    #[test]
    fn every_part_of_a_spike_counts() {
        assert_ne!(of(&[&[(1, 0)]]), of(&[&[(0, 0)]]));
        assert_ne!(of(&[&[(0, 1)]]), of(&[&[(0, 0)]]));
    }

    #[test]
    fn calls_do_not_show_in_the_digest() {
        let train: Vec<(u64, u32)> = (0..200).map(|k| (3 * k, 7 * k as u32)).collect();
        let mut whole = Digest::new();
        for &(tick, neuron) in &train {
            whole.bytes(&tick.to_le_bytes());
            whole.bytes(&neuron.to_le_bytes());
        }
        let whole = whole.finish();
        for cut in [0, 1, 63, 64, 65, 128, 199, 200] {
            let (before, after) = train.split_at(cut);
            assert_eq!(of(&[before, &[], after]), whole);
        }
    }
}
