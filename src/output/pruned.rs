//! The synapses that were removed while a network ran: `pruned.npz`.
//!
//! One entry for each, in the order (tick, source, target): `t` (seconds), `tick` (nanoseconds),
//! `source` and `target` (numbered over the whole network, as in `weights.npz`), `weight` (just
//! before, in the input unit of the target's model), `projection` (its index in the scenario) and
//! `cause` (a place in `cause_names`). `synapses` is how many there were at the start, `end` the time
//! that was simulated, in seconds.

use super::OutputError;
use super::npz::{NpzReader, NpzWriter, Packing};
use crate::record::{Cause, Removals};
use std::io::{self, Seek, Write};
use std::path::Path;

/// Writes `pruned.npz`.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_npz(
    writer: impl Write + Seek,
    removals: &Removals,
    synapses: u64,
    simulated_s: f64,
) -> io::Result<()> {
    let (list, packing) = (&removals.list, Packing::Stored);
    let count = [list.len() as u64];
    let names = Cause::ALL.map(Cause::as_str);
    let longest = names.iter().map(|name| name.len()).max().unwrap_or(1);
    let mut npz = NpzWriter::new(writer);
    npz.array("t", &count, packing, list.iter().map(|r| r.tick.s()))?;
    npz.array("tick", &count, packing, list.iter().map(|r| r.tick.0))?;
    npz.array("source", &count, packing, list.iter().map(|r| r.source.0))?;
    npz.array("target", &count, packing, list.iter().map(|r| r.target.0))?;
    npz.array("weight", &count, packing, list.iter().map(|r| r.weight))?;
    npz.array("projection", &count, Packing::Packed, list.iter().map(|r| r.projection))?;
    npz.array("cause", &count, Packing::Packed, list.iter().map(|r| r.cause as u32))?;
    npz.texts("cause_names", names.len(), longest, Packing::Packed, names)?;
    npz.array("synapses", &[1], packing, [synapses])?;
    npz.array("end", &[1], packing, [simulated_s])?;
    npz.finish()
}

/// What a picture of `pruned.npz` needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrunedRecord {
    /// When each synapse was removed, in seconds, rising.
    pub time_s: Vec<f64>,
    /// Why: a place in `names`.
    pub cause: Vec<usize>,
    /// The words for the causes.
    pub names: Vec<String>,
    /// Synapses at the start.
    pub synapses: u64,
    /// The time that was simulated, in seconds.
    pub end_s: f64,
}

/// Reads `pruned.npz`.
///
/// # Errors
/// If the file is not there, not whole, or of another kind.
pub fn read_npz(path: &Path) -> Result<PrunedRecord, OutputError> {
    let mut npz = NpzReader::open(path)?;
    let missing = |name: &str| OutputError::malformed(path, format!("lacks the array `{name}`"));
    let time_s = npz.reals("t")?.ok_or_else(|| missing("t"))?;
    let cause = npz.whole_numbers("cause")?.ok_or_else(|| missing("cause"))?;
    let names = npz.texts("cause_names")?.ok_or_else(|| missing("cause_names"))?;
    let synapses = npz.whole_numbers("synapses")?.ok_or_else(|| missing("synapses"))?;
    let end = npz.reals("end")?.ok_or_else(|| missing("end"))?;
    let whole = cause.iter().all(|&cause| (cause as usize) < names.len());
    let (&[synapses], &[end_s], true) = (synapses.as_slice(), end.as_slice(), whole) else {
        return Err(OutputError::malformed(path, "does not hold what its names promise"));
    };
    if cause.len() != time_s.len() {
        return Err(OutputError::malformed(path, "`t` and `cause` differ in length"));
    }
    let cause = cause.into_iter().map(|cause| cause as usize).collect();
    Ok(PrunedRecord { time_s, cause, names, synapses, end_s })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{NeuronId, Tick};
    use crate::record::Removal;

    #[test]
    fn removals_are_written_in_order_and_read_back() {
        let removal = |tick, source, cause| Removal {
            tick: Tick(tick),
            source: NeuronId(source),
            target: NeuronId(2),
            weight: -0.5,
            projection: 1,
            cause,
        };
        let list = vec![removal(5_000_000, 1, Cause::Below), removal(2_000_000, 7, Cause::Rule)];
        let removals = Removals::new(list.clone());
        let other = Removals::new(list.into_iter().rev().collect());
        assert_eq!(removals, other, "the order in which they were noted must not count");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pruned.npz");
        write_npz(std::fs::File::create(&path).unwrap(), &removals, 10, 0.25).unwrap();
        let read = read_npz(&path).unwrap();
        assert_eq!((read.time_s, read.cause), (vec![0.002, 0.005], vec![0, 2]));
        assert_eq!((read.synapses, read.end_s), (10, 0.25));
        let mut npz = NpzReader::open(&path).unwrap();
        assert_eq!(npz.whole_numbers("source").unwrap().unwrap(), [7, 1]);
        assert_eq!(npz.reals("weight").unwrap().unwrap(), [-0.5, -0.5]);
        assert_eq!(
            npz.texts("cause_names").unwrap().unwrap(),
            ["rule", "fraction", "below", "threshold"]
        );
    }
}
