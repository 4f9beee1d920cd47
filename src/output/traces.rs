//! Sampled state variables: `traces.npz`.
//!
//! For each recorded pair of population and variable the archive holds `POPULATION.VARIABLE`
//! (samples x neurons), `POPULATION.VARIABLE.time_s` and `POPULATION.VARIABLE.neurons` (indices
//! within the population); `units` names the unit of each entry of `names`. A second recording
//! of the same pair gets `#2` behind its name, and so on.

use super::npz::{NpzReader, NpzWriter, Packing};
use super::{Layout, OutputError};
use crate::base::Tick;
use crate::record::Trace;
use std::io::{self, Seek, Write};
use std::path::Path;

/// Writes `traces.npz`.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_npz(writer: impl Write + Seek, layout: &Layout, traces: &[Trace]) -> io::Result<()> {
    let names = names(layout, traces);
    let mut npz = NpzWriter::new(writer);
    let longest = |texts: &[&str]| texts.iter().map(|t| t.chars().count()).max().unwrap_or(1);
    let texts: Vec<&str> = names.iter().map(String::as_str).collect();
    let units: Vec<&str> = traces.iter().map(|trace| trace.unit.symbol()).collect();
    npz.texts("names", texts.len(), longest(&texts), Packing::Stored, texts.iter().copied())?;
    npz.texts("units", units.len(), longest(&units), Packing::Stored, units.iter().copied())?;
    for (name, trace) in names.iter().zip(traces) {
        let width = trace.neurons.len().max(1);
        let samples = trace.values.len() / width;
        let start = trace.start.0;
        let time = (0..samples).map(|k| Tick(start + k as u64 * trace.interval.0).s());
        let shape = [samples as u64, width as u64];
        npz.array(name, &shape, Packing::Stored, trace.values.iter().copied())?;
        npz.array(&format!("{name}.time_s"), &shape[..1], Packing::Stored, time)?;
        let neurons = trace.neurons.iter().copied();
        let count = [trace.neurons.len() as u64];
        npz.array(&format!("{name}.neurons"), &count, Packing::Stored, neurons)?;
    }
    npz.finish()
}

/// `exc.v_m`, and `exc.v_m#2` for a second recording of the same.
fn names(layout: &Layout, traces: &[Trace]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for trace in traces {
        let plain = format!("{}.{}", layout.names()[trace.population], trace.variable);
        let mut name = plain.clone();
        let mut copy = 2;
        while names.contains(&name) {
            name = format!("{plain}#{copy}");
            copy += 1;
        }
        names.push(name);
    }
    names
}

/// One recording as it is read back.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRecord {
    /// `exc.v_m`.
    pub name: String,
    /// The unit's symbol.
    pub unit: String,
    /// The neurons, as indices within the population.
    pub neurons: Vec<u32>,
    /// The time of each sample.
    pub time_s: Vec<f64>,
    /// The samples, all neurons of one time together.
    pub values: Vec<f64>,
}

/// Reads `traces.npz`.
///
/// # Errors
/// If the file is not there, not whole, or of another kind.
pub fn read_npz(path: &Path) -> Result<Vec<TraceRecord>, OutputError> {
    let mut npz = NpzReader::open(path)?;
    let missing = |name: &str| OutputError::malformed(path, format!("lacks the array `{name}`"));
    let names = npz.texts("names")?.ok_or_else(|| missing("names"))?;
    let units = npz.texts("units")?.ok_or_else(|| missing("units"))?;
    if names.len() != units.len() {
        return Err(OutputError::malformed(path, "`names` and `units` differ in length"));
    }
    let mut traces = Vec::new();
    for (name, unit) in names.into_iter().zip(units) {
        let time = format!("{name}.time_s");
        let who = format!("{name}.neurons");
        let values = npz.reals(&name)?.ok_or_else(|| missing(&name))?;
        let time_s = npz.reals(&time)?.ok_or_else(|| missing(&time))?;
        let neurons = npz.whole_numbers(&who)?.ok_or_else(|| missing(&who))?;
        if values.len() != time_s.len() * neurons.len() {
            let what = format!("`{name}` does not hold one value for each neuron and time");
            return Err(OutputError::malformed(path, what));
        }
        let neurons = neurons.into_iter().map(|n| n as u32).collect();
        traces.push(TraceRecord { name, unit, neurons, time_s, values });
    }
    Ok(traces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Span, Unit};

    #[test]
    fn traces_are_read_back() {
        let layout = super::super::spikes::tests::layout();
        let trace = Trace {
            population: 0,
            variable: "v_m".into(),
            unit: Unit::Mv,
            neurons: vec![0, 2],
            interval: Span::from_whole_ms(1),
            start: Tick::ZERO,
            values: vec![-70.0, -69.0, -68.0, -67.0],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traces.npz");
        let file = std::fs::File::create(&path).unwrap();
        write_npz(file, &layout, &[trace.clone(), trace.clone()]).unwrap();
        let read = read_npz(&path).unwrap();
        assert_eq!(read[0].name, "exc.v_m");
        assert_eq!(read[1].name, "exc.v_m#2");
        assert_eq!(read[0].unit, "mV");
        assert_eq!(read[0].neurons, [0, 2]);
        assert_eq!(read[0].time_s, [0.0, 0.001]);
        assert_eq!(read[0].values, trace.values);
    }
}
