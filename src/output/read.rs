//! Spikes read back: from a folder of results, from `spikes.npz` or any npz with times, from
//! `spikes.csv`, or from text as NEST writes it. A file that is cut off or is something else
//! ends in one message, never in a panic or a wrong train.

use super::folder::MANIFEST;
use super::npz::NpzReader;
use super::{Layout, Manifest, OutputError};
use crate::base::{NeuronId, Span, Tick};
use crate::record::Spike;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Spikes with what is known about their neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeRecord {
    /// Who is who. A file that does not tell gets one population named `all`, as large as the
    /// largest number asks for.
    pub layout: Layout,
    /// How many neurons of each population were recorded.
    pub recorded: Vec<u32>,
    /// The spikes in the order (tick, neuron).
    pub spikes: Vec<Spike>,
    /// The end of the recording; just behind the last spike if the file does not tell.
    pub end: Tick,
}

/// The population of files that name none.
const NAMELESS: &str = "all";

/// Reads the spikes of a folder of results or of one file.
///
/// # Errors
/// If there is nothing, or if what is there is damaged or of another kind.
pub fn read_spikes(path: &Path) -> Result<SpikeRecord, OutputError> {
    if path.is_dir() {
        let files = ["spikes.npz", "spikes.csv", "spikes.dat"];
        return match files.iter().map(|name| path.join(name)).find(|file| file.is_file()) {
            Some(file) => read_spikes(&file),
            None => Err(OutputError::malformed(
                path,
                "holds no spikes (looked for spikes.npz, spikes.csv and spikes.dat)",
            )),
        };
    }
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    match extension.to_ascii_lowercase().as_str() {
        "npz" => from_npz(path),
        "csv" => from_csv(path),
        "dat" | "gdf" | "txt" => from_nest(path),
        _ => {
            File::open(path).map_err(OutputError::io("read", path))?;
            let what = "is no kind of spike file: allowed are a results folder, .npz, .csv, .dat";
            Err(OutputError::malformed(path, what))
        }
    }
}

/// The layout that a manifest beside the file tells, if there is one.
fn manifest_beside(path: &Path) -> Result<Option<Manifest>, OutputError> {
    let manifest = path.parent().unwrap_or(Path::new("")).join(MANIFEST);
    if manifest.is_file() { Manifest::read(&manifest).map(Some) } else { Ok(None) }
}

fn from_npz(path: &Path) -> Result<SpikeRecord, OutputError> {
    let malformed = |what: String| OutputError::malformed(path, what);
    let mut npz = NpzReader::open(path)?;
    let index = match npz.whole_numbers("index")? {
        Some(index) => index,
        None => {
            let found = npz.names().join(", ");
            return Err(malformed(format!("lacks the array `index`; found: {found}")));
        }
    };
    let ticks = match (npz.whole_numbers("tick")?, npz.reals("t")?) {
        (Some(ticks), _) => ticks,
        (None, Some(seconds)) => {
            let ticks = seconds.iter().map(|&s| ticks_from_ms(s * 1e3)).collect::<Option<_>>();
            ticks.ok_or_else(|| malformed("`t` holds a time that is not allowed".to_string()))?
        }
        (None, None) => return Err(malformed("lacks the arrays `tick` and `t`".to_string())),
    };
    if index.len() != ticks.len() {
        let what = format!("holds {} times for {} neurons", ticks.len(), index.len());
        return Err(malformed(what));
    }
    let end = npz.reals("end")?.and_then(|end| ticks_from_ms(end.last()? * 1e3)).map(Tick);
    let mut spikes = Vec::with_capacity(index.len());
    for (&neuron, &tick) in index.iter().zip(&ticks) {
        spikes.push(spike(tick, neuron).map_err(malformed)?);
    }
    let names = npz.texts("population_names")?;
    let starts = npz.whole_numbers("population_starts")?;
    let layout = match (names, starts) {
        (Some(names), Some(starts)) => Some(
            layout_from(names, &starts)
                .ok_or_else(|| malformed("`population_starts` contradicts itself".to_string()))?,
        ),
        _ => None,
    };
    let keys = npz.whole_numbers("keys")?;
    finish(path, spikes, layout, keys.as_deref(), end)
}

/// Names and first numbers as they stand in the file; `None` if they contradict each other.
fn layout_from(names: Vec<String>, starts: &[u64]) -> Option<Layout> {
    if starts.len() != names.len() + 1 || starts[0] != 0 {
        return None;
    }
    let sizes = starts.windows(2).map(|pair| u32::try_from(pair[1].checked_sub(pair[0])?).ok());
    let sizes: Vec<u32> = sizes.collect::<Option<_>>()?;
    Layout::new(names.into_iter().zip(sizes))
}

fn from_csv(path: &Path) -> Result<SpikeRecord, OutputError> {
    let malformed = |what: String| OutputError::malformed(path, what);
    let file = File::open(path).map_err(OutputError::io("read", path))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let headers = reader.headers().map_err(|error| malformed(error.to_string()))?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name);
    let (Some(neuron), time) = (column("neuron"), (column("tick"), column("time_ms"))) else {
        let found = headers.iter().collect::<Vec<_>>().join(",");
        let found: String = found.chars().take(80).collect();
        let what = "lacks the column `neuron`; the columns are population,neuron,tick,time_ms";
        return Err(malformed(format!("{what}, found: {found}")));
    };
    if time == (None, None) {
        return Err(malformed("lacks the columns `tick` and `time_ms`; one is needed".to_string()));
    }
    let population = column("population");
    let mut names: Vec<String> = Vec::new();
    let mut rows: Vec<(usize, u64, u64)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(column).unwrap_or("");
        let bad = |what: &str, text: &str| malformed(format!("line {line}: `{text}` is no {what}"));
        let name = population.map_or(NAMELESS, field);
        let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_string());
            names.len() - 1
        });
        let index = field(neuron).parse().map_err(|_| bad("neuron number", field(neuron)))?;
        let tick = match time {
            (Some(tick), _) => field(tick).parse().map_err(|_| bad("tick", field(tick)))?,
            (None, Some(ms)) => {
                let ticks = field(ms).parse().ok().and_then(ticks_from_ms);
                ticks.ok_or_else(|| bad("time in ms", field(ms)))?
            }
            (None, None) => unreachable!("was refused above"),
        };
        rows.push((place, index, tick));
    }
    let layout = match manifest_beside(path)?.as_ref().and_then(Manifest::layout) {
        Some(layout) if names.iter().all(|name| layout.names().contains(name)) => layout,
        _ => layout_of_rows(&names, &rows)
            .ok_or_else(|| malformed("holds a neuron number that is too large".to_string()))?,
    };
    let place = |name: &String| layout.names().iter().position(|known| known == name);
    let places: Vec<usize> = names.iter().filter_map(place).collect();
    let mut spikes = Vec::with_capacity(rows.len());
    for (name, index, tick) in rows {
        let range = layout.range(places[name]);
        if index >= u64::from(range.end - range.start) {
            let what = format!("neuron {index} of {} does not exist", names[name]);
            return Err(malformed(what));
        }
        spikes.push(spike(tick, u64::from(range.start) + index).map_err(malformed)?);
    }
    finish(path, spikes, Some(layout), None, None)
}

/// Populations as large as their largest index asks for.
fn layout_of_rows(names: &[String], rows: &[(usize, u64, u64)]) -> Option<Layout> {
    let mut sizes = vec![0u32; names.len()];
    for &(name, index, _) in rows {
        sizes[name] = sizes[name].max(u32::try_from(index).ok()?.checked_add(1)?);
    }
    Layout::new(names.iter().cloned().zip(sizes))
}

/// NEST's text: lines that start with `#` or with a letter are headings, the first two columns
/// are the sender, counted from 1, and the time in ms.
fn from_nest(path: &Path) -> Result<SpikeRecord, OutputError> {
    let file = File::open(path).map_err(OutputError::io("read", path))?;
    let mut spikes = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|error| {
            OutputError::malformed(path, format!("line {}: {error}", number + 1))
        })?;
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') || text.starts_with("sender") {
            continue;
        }
        let mut columns = text.split_ascii_whitespace();
        let sender = columns.next().and_then(|s| s.parse::<u64>().ok()).filter(|&s| s > 0);
        let ticks = columns.next().and_then(|ms| ms.parse().ok()).and_then(ticks_from_ms);
        let one = match (sender, ticks) {
            (Some(sender), Some(ticks)) => spike(ticks, sender - 1),
            _ => Err("expected a sender counted from 1 and a time in ms".to_string()),
        };
        let one = one.map_err(|what| {
            let found: String = text.chars().take(60).collect();
            OutputError::malformed(path, format!("line {}: {what}, found `{found}`", number + 1))
        })?;
        spikes.push(one);
    }
    let layout = manifest_beside(path)?.as_ref().and_then(Manifest::layout);
    finish(path, spikes, layout, None, None)
}

/// Whole nanoseconds; `None` for a negative time, nonsense, or one beyond [`Tick::MAX`].
fn ticks_from_ms(ms: f64) -> Option<u64> {
    Span::from_ms(ms).map(|span| span.0)
}

fn spike(tick: u64, neuron: u64) -> Result<Spike, String> {
    let number = u32::try_from(neuron).ok().filter(|&n| n < u32::MAX);
    match number {
        Some(number) if tick <= Tick::MAX.0 => {
            Ok(Spike { tick: Tick(tick), neuron: NeuronId(number) })
        }
        Some(_) => Err(format!("{tick} ns lies beyond the longest run")),
        None => Err(format!("{neuron} is too large for a neuron's number")),
    }
}

/// Sorts, fills in what the file does not tell, and holds the spikes against the layout.
fn finish(
    path: &Path,
    mut spikes: Vec<Spike>,
    layout: Option<Layout>,
    keys: Option<&[u64]>,
    end: Option<Tick>,
) -> Result<SpikeRecord, OutputError> {
    spikes.sort_unstable();
    let largest = spikes.iter().map(|spike| spike.neuron.0).max();
    let layout = layout.unwrap_or_else(|| {
        let keyed = keys.and_then(|k| k.iter().max()).map_or(0, |&k| k.min(1 << 31) as u32 + 1);
        let size = largest.map_or(0, |n| n + 1).max(keyed);
        Layout::new([(NAMELESS.to_string(), size)]).expect("one population always fits")
    });
    if let Some(stranger) = largest.filter(|&n| n >= layout.neurons()) {
        let what = format!("neuron {stranger} does not exist among {}", layout.neurons());
        return Err(OutputError::malformed(path, what));
    }
    let manifest = manifest_beside(path)?.filter(|m| m.layout().as_ref() == Some(&layout));
    let recorded = match (keys, &manifest) {
        (Some(keys), _) => (0..layout.len())
            .map(|p| keys.iter().filter(|&&k| layout.range(p).contains(&(k as u32))).count() as u32)
            .collect(),
        (None, Some(manifest)) => manifest.populations.iter().map(|p| p.recorded).collect(),
        (None, None) => (0..layout.len()).map(|p| layout.range(p).len() as u32).collect(),
    };
    let told = end.or(manifest.map(|manifest| Tick(manifest.simulated_ticks)));
    let behind_last = spikes.last().map_or(Tick::ZERO, |spike| Tick(spike.tick.0 + 1));
    let end = told.unwrap_or(behind_last).max(behind_last);
    Ok(SpikeRecord { layout, recorded, spikes, end })
}

#[cfg(test)]
mod tests {
    use super::super::spikes::tests::{layout, spikes};
    use super::super::spikes::{SpikeColumns, write_csv, write_nest, write_npz};
    use super::*;
    use std::fs;

    fn columns<'a>(layout: &'a Layout, spikes: &'a [Spike]) -> SpikeColumns<'a> {
        SpikeColumns { layout, recorded: &[0, 1, 2, 4], spikes, simulated_s: 2.0 }
    }

    #[test]
    fn npz_gives_everything_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spikes.npz");
        let (layout, spikes) = (layout(), spikes());
        write_npz(File::create(&path).unwrap(), columns(&layout, &spikes)).unwrap();
        let read = read_spikes(folder.path()).unwrap();
        assert_eq!(read.layout, layout);
        assert_eq!(read.spikes, spikes);
        assert_eq!(read.recorded, [3, 1]);
        assert_eq!(read.end, Tick(2_000_000_000));
    }

    #[test]
    fn csv_and_nest_text_give_the_same_spikes_back() {
        let folder = tempfile::tempdir().unwrap();
        let (layout, spikes) = (layout(), spikes());
        let csv = folder.path().join("spikes.csv");
        write_csv(File::create(&csv).unwrap(), columns(&layout, &spikes)).unwrap();
        let read = read_spikes(&csv).unwrap();
        assert_eq!(read.layout.names(), ["exc", "in"]);
        assert_eq!(read.spikes, spikes);
        let nest = folder.path().join("spikes.dat");
        write_nest(File::create(&nest).unwrap(), columns(&layout, &spikes)).unwrap();
        let read = read_spikes(&nest).unwrap();
        assert_eq!(read.layout.names(), ["all"]);
        assert_eq!(read.spikes, spikes);
    }

    #[test]
    fn csv_without_ticks_or_populations_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.csv");
        fs::write(&path, "time_ms, neuron\n3.5, 1\n1.25, 0\n").unwrap();
        let read = read_spikes(&path).unwrap();
        let ticks: Vec<u64> = read.spikes.iter().map(|s| s.tick.0).collect();
        assert_eq!(ticks, [1_250_000, 3_500_000]);
        assert_eq!(read.layout.neurons(), 2);
    }

    #[test]
    fn foreign_npz_needs_times_and_neurons_only() {
        use super::super::npz::{NpzWriter, Packing};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.npz");
        let mut npz = NpzWriter::new(File::create(&path).unwrap());
        npz.array("t", &[2], Packing::Stored, [0.002f64, 0.001]).unwrap();
        npz.array("index", &[2], Packing::Stored, [5i64, 3]).unwrap();
        npz.finish().unwrap();
        let read = read_spikes(&path).unwrap();
        assert_eq!(read.spikes[0], Spike { tick: Tick(1_000_000), neuron: NeuronId(3) });
        assert_eq!((read.layout.neurons(), read.end), (6, Tick(2_000_001)));
    }

    #[test]
    fn damaged_files_end_in_one_message() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, bytes: &[u8], expected: &str| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let message = read_spikes(&path).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains(name) && !message.contains('\n'), "{message}");
        };
        refused("a.npz", b"PK garbage", "not a whole npz");
        refused("b.csv", b"\xff\xfe\x00garbage", "");
        refused("c.csv", b"a,b\n1,2\n", "lacks the column `neuron`");
        refused("d.csv", b"neuron,tick\n1,2\n3", "");
        refused("e.csv", b"neuron,tick\n1,-2\n", "line 2: `-2` is no tick");
        refused("f.csv", b"neuron,time_ms\n1,nan\n", "`nan` is no time");
        refused("g.csv", b"neuron,tick\n4294967295,2\n", "too large");
        refused("h.dat", b"sender\ttime_ms\n0\t1.5\n", "line 2: expected a sender");
        refused("i.dat", b"1\t1.5\n2\n", "line 2");
        refused("j.gdf", b"1 1e300\n", "line 1");
        refused("k.xyz", b"", "is no kind of spike file");
        let message = read_spikes(&folder.path().join("absent.csv")).unwrap_err().to_string();
        assert!(message.contains("cannot read"), "{message}");
        let empty = tempfile::tempdir().unwrap();
        assert!(read_spikes(empty.path()).unwrap_err().to_string().contains("holds no spikes"));
    }

    #[test]
    fn a_spike_file_cut_off_anywhere_is_never_taken_for_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spikes.npz");
        let (layout, spikes) = (layout(), spikes());
        write_npz(File::create(&path).unwrap(), columns(&layout, &spikes)).unwrap();
        let whole = fs::read(&path).unwrap();
        for end in (0..whole.len()).step_by(7) {
            fs::write(&path, &whole[..end]).unwrap();
            assert!(read_spikes(&path).is_err(), "cut off at {end}");
        }
    }
}
