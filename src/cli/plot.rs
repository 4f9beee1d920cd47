//! `saltatory plot`: pictures of a run.

use super::console::{Console, Exit, Failure, shell_word};
use super::words;
use crate::base::{Span, Tick, Unit};
use crate::output::plot::{RasterOptions, TraceOptions, raster, synapses, traces};
use crate::output::pruned;
use crate::output::traces::read_npz;
use crate::output::{Manifest, OutputError, read_spikes, write_file};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `plot` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder of results, or a spike file (.npz, .csv, .dat)
    path: PathBuf,
    /// Draw recorded state variables instead of spikes
    #[arg(long)]
    traces: bool,
    /// Draw how many synapses were left, and removed by which cause, instead of spikes
    #[arg(long, conflicts_with_all = ["traces", "neurons", "bin"])]
    pruned: bool,
    /// Start of the time window, such as "200 ms"
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Span>,
    /// End of the time window
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<Span>,
    /// The most neurons to show [default: 800; 5 for each recording of traces]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    neurons: Option<u32>,
    /// Width of a bin of the rates [default: about 200 bins]
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "traces")]
    bin: Option<Span>,
    /// SVG file to write, or - for standard output [default: raster.svg, traces.svg or
    /// pruned.svg beside the data]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace an existing file; a picture beside its results is replaced in any case
    #[arg(long)]
    force: bool,
}

fn time(text: &str) -> Result<Span, String> {
    let ms = Unit::Ms.parse(text).map_err(|error| error.to_string())?;
    Span::from_ms(ms).ok_or_else(|| format!("`{text}` is not a time of a run"))
}

/// Draws a picture.
pub fn plot(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && from >= to
    {
        return Err(Failure::invalid(format!("--from ({from}) must lie before --to ({to})")));
    }
    let (svg, name) = match arguments {
        Arguments { traces: true, .. } => (draw_traces(arguments)?, "traces.svg"),
        Arguments { pruned: true, .. } => (draw_pruned(arguments)?, "pruned.svg"),
        _ => (draw_raster(arguments)?, "raster.svg"),
    };
    if arguments.out.as_deref() == Some(Path::new("-")) {
        console.print(&svg)?;
        return Ok(Exit::Good);
    }
    // The default name belongs to us and can be made again from the data beside it.
    let (out, force) = match &arguments.out {
        Some(out) => (out.clone(), arguments.force),
        None => (beside(&arguments.path, name), true),
    };
    write_file(&out, force, |writer| writer.write_all(svg.as_bytes()))?;
    let size = words::bytes(svg.len() as u64);
    console.say(&format!("wrote {} ({size})", shell_word(&out)));
    Ok(Exit::Good)
}

fn beside(path: &Path, name: &str) -> PathBuf {
    if path.is_dir() { path.join(name) } else { path.with_extension(name) }
}

/// The title of the run if the manifest tells it, else the name of the file.
fn title(path: &Path) -> String {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    let manifest = folder.and_then(|folder| Manifest::read(&folder.join("manifest.json")).ok());
    match manifest {
        Some(manifest) if !manifest.title.is_empty() => manifest.title,
        _ => path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
    }
}

fn draw_raster(arguments: &Arguments) -> Result<String, Failure> {
    let record = read_spikes(&arguments.path)?;
    let options = RasterOptions {
        title: title(&arguments.path),
        from: arguments.from.map(|span| Tick(span.0)),
        to: arguments.to.map(|span| Tick(span.0)),
        neurons: arguments.neurons,
        bin: arguments.bin,
    };
    Ok(raster(&record, &options))
}

/// The file of a folder of results, or the file itself.
fn file_of(path: &Path, name: &str, key: &str) -> Result<PathBuf, Failure> {
    let file = if path.is_dir() { path.join(name) } else { path.to_path_buf() };
    if path.is_dir() && !file.is_file() {
        let what = format!("holds no {name}; a scenario asks for one by [record] {key}");
        return Err(OutputError::malformed(path, what).into());
    }
    Ok(file)
}

fn draw_pruned(arguments: &Arguments) -> Result<String, Failure> {
    let path = &arguments.path;
    let file = file_of(path, "pruned.npz", "pruned = true")?;
    let (from, to) = (arguments.from.map(Span::ms), arguments.to.map(Span::ms));
    Ok(synapses(&pruned::read_npz(&file)?, &title(path), from, to))
}

fn draw_traces(arguments: &Arguments) -> Result<String, Failure> {
    let path = &arguments.path;
    let file = file_of(path, "traces.npz", "state = [...]")?;
    let options = TraceOptions {
        title: title(path),
        from: arguments.from.map(|span| Tick(span.0)),
        to: arguments.to.map(|span| Tick(span.0)),
        neurons: arguments.neurons,
    };
    Ok(traces(&read_npz(&file)?, &options))
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn a_picture_is_written_beside_its_data() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.csv");
        std::fs::write(&path, "population,neuron,time_ms\nexc,0,1\nexc,1,3\n").unwrap();
        let name = path.to_str().unwrap();
        assert_eq!(call(&["plot", name]).0, Exit::Good);
        assert_eq!(call(&["plot", name]).0, Exit::Good, "drawing twice is fine");
        let svg = std::fs::read_to_string(home.path().join("a.raster.svg")).unwrap();
        let (exit, out, _) = call(&["plot", name, "--out", "-"]);
        assert_eq!((exit, out), (Exit::Good, svg));
        assert_eq!(call(&["plot", name, "--from", "3 mV"]).0, Exit::Invalid);
        assert_eq!(call(&["plot", name, "--from", "3 ms", "--to", "2 ms"]).0, Exit::Invalid);
        assert_eq!(call(&["plot", name, "--out", name]).0, Exit::File, "nothing is overwritten");
        assert_eq!(call(&["plot", home.path().to_str().unwrap(), "--traces"]).0, Exit::File);
        assert_eq!(call(&["plot", home.path().to_str().unwrap(), "--pruned"]).0, Exit::File);
    }
}
