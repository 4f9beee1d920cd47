//! All synapses at the end of a run: `weights.npz` with the columns `source`, `target` (numbered
//! over the whole network), `weight` (in the input unit of the target's model) and `delay_ms`.
//! The rows stand in the order (source, delay, target).
//!
//! If weights were sampled there are, beside, `time_s`, `sampled` (which rows: those that learn)
//! and `samples` (times x synapses).

use super::npz::{NpzWriter, Packing};
use crate::base::Span;
use crate::record::{WeightSamples, Weights};
use std::io::{self, Seek, Write};

/// Writes `weights.npz`.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_npz(writer: impl Write + Seek, weights: &Weights) -> io::Result<()> {
    let count = [weights.source.len() as u64];
    let delay = weights.delay.iter().map(|&ticks| Span(u64::from(ticks)).ms());
    let mut npz = NpzWriter::new(writer);
    npz.array("source", &count, Packing::Stored, weights.source.iter().copied())?;
    npz.array("target", &count, Packing::Stored, weights.target.iter().copied())?;
    npz.array("weight", &count, Packing::Stored, weights.weight.iter().copied())?;
    npz.array("delay_ms", &count, Packing::Stored, delay)?;
    let WeightSamples { times, synapses, weight } = &weights.samples;
    if !times.is_empty() {
        let shape = [times.len() as u64, synapses.len() as u64];
        let time = times.iter().map(|at| at.s());
        npz.array("time_s", &shape[..1], Packing::Stored, time)?;
        npz.array("sampled", &shape[1..], Packing::Stored, synapses.iter().copied())?;
        npz.array("samples", &shape, Packing::Stored, weight.iter().copied())?;
    }
    npz.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Tick;
    use crate::output::npz::NpzReader;

    #[test]
    fn every_column_is_there() {
        let weights = Weights {
            source: vec![0, 1],
            target: vec![2, 0],
            weight: vec![0.5, -1.25],
            delay: vec![1_500_000, 1],
            samples: WeightSamples {
                times: vec![Tick(0), Tick(500_000_000)],
                synapses: vec![1],
                weight: vec![-1.0, -1.25],
            },
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.npz");
        write_npz(std::fs::File::create(&path).unwrap(), &weights).unwrap();
        let mut npz = NpzReader::open(&path).unwrap();
        assert_eq!(npz.whole_numbers("source").unwrap().unwrap(), [0, 1]);
        assert_eq!(npz.whole_numbers("target").unwrap().unwrap(), [2, 0]);
        assert_eq!(npz.reals("weight").unwrap().unwrap(), [0.5, -1.25]);
        assert_eq!(npz.reals("delay_ms").unwrap().unwrap(), [1.5, 1e-6]);
        assert_eq!(npz.reals("time_s").unwrap().unwrap(), [0.0, 0.5]);
        assert_eq!(npz.whole_numbers("sampled").unwrap().unwrap(), [1]);
        assert_eq!(npz.reals("samples").unwrap().unwrap(), [-1.0, -1.25]);
    }
}
