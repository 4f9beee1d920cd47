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

/// A digest under construction.
#[derive(Clone, Default)]
pub struct Digest(Sha256);

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one spike. Spikes must come in the order (tick, neuron).
    #[inline]
    pub fn spike(&mut self, tick: Tick, neuron: NeuronId) {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&tick.0.to_le_bytes());
        bytes[8..].copy_from_slice(&neuron.0.to_le_bytes());
        self.0.update(bytes);
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

    #[test]
    fn every_part_of_a_spike_counts() {
        let of = |tick, neuron| {
            let mut digest = Digest::new();
            digest.spike(Tick(tick), NeuronId(neuron));
            digest.finish()
        };
        assert_ne!(of(1, 0), of(0, 0));
        assert_ne!(of(0, 1), of(0, 0));
    }
}
