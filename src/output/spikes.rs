//! The recorded spikes as files: `spikes.npz`, `spikes.csv`, `spikes.dat`.
//!
//! `spikes.npz` holds, spike by spike in the order (tick, neuron), `t` (seconds), `index` (the
//! neuron, numbered over the whole network, sources included) and `tick` (nanoseconds). With
//! `keys` (all recorded neurons, silent ones too), `population` (the name for each key), `start`,
//! `end` and `type` it is what pynapple's `load_file` takes for a TsGroup. `population_names` and
//! `population_starts` tell which numbers are whose.
//!
//! `spikes.dat` is laid out as NEST's recorder writes it: three lines of heading, then sender and
//! time in ms. Senders count from 1, as NEST's node ids do, so sender = index + 1.

use super::Layout;
use super::npz::{NpzWriter, Packing};
use crate::record::Spike;
use std::io::{self, Seek, Write};

/// Spikes and what must be known to read them.
#[derive(Clone, Copy, Debug)]
pub struct SpikeColumns<'a> {
    /// Who is who.
    pub layout: &'a Layout,
    /// The neurons whose spikes are here, sorted.
    pub recorded: &'a [u32],
    /// The spikes, in the order (tick, neuron).
    pub spikes: &'a [Spike],
    /// The time that was simulated, in seconds.
    pub simulated_s: f64,
}

/// Writes `spikes.npz`.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_npz(writer: impl Write + Seek, columns: SpikeColumns<'_>) -> io::Result<()> {
    let SpikeColumns { layout, recorded, spikes, simulated_s } = columns;
    let count = [spikes.len() as u64];
    let keys = [recorded.len() as u64];
    let names = || layout.names().iter().map(String::as_str);
    let longest = names().map(|name| name.chars().count()).max().unwrap_or(1);
    let owner = recorded.iter().map(|&neuron| {
        let (population, _) = layout.find(crate::base::NeuronId(neuron)).expect("it is recorded");
        layout.names()[population].as_str()
    });
    let mut npz = NpzWriter::new(writer);
    npz.texts("type", 1, "TsGroup".len(), Packing::Stored, ["TsGroup"])?;
    npz.array("t", &count, Packing::Stored, spikes.iter().map(|spike| spike.tick.s()))?;
    npz.array("index", &count, Packing::Stored, spikes.iter().map(|spike| spike.neuron.0))?;
    npz.array("tick", &count, Packing::Stored, spikes.iter().map(|spike| spike.tick.0))?;
    npz.array("keys", &keys, Packing::Packed, recorded.iter().copied())?;
    npz.texts("population", recorded.len(), longest, Packing::Packed, owner)?;
    npz.array("start", &[1], Packing::Stored, [0.0f64])?;
    npz.array("end", &[1], Packing::Stored, [simulated_s])?;
    npz.texts("population_names", layout.len(), longest, Packing::Packed, names())?;
    let starts = layout.starts();
    let shape = [starts.len() as u64];
    npz.array("population_starts", &shape, Packing::Packed, starts.iter().copied())?;
    npz.finish()
}

/// Writes `spikes.csv`: population, neuron (index within the population), tick, time in ms.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_csv(writer: impl Write, columns: SpikeColumns<'_>) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(writer);
    csv.write_record(["population", "neuron", "tick", "time_ms"])?;
    for spike in columns.spikes {
        let (population, index) = columns.layout.find(spike.neuron).expect("it is recorded");
        csv.write_record([
            columns.layout.names()[population].as_str(),
            &index.to_string(),
            &spike.tick.0.to_string(),
            &seventeen_digits(spike.tick.ms()),
        ])?;
    }
    csv.flush()
}

/// Writes `spikes.dat` as NEST would.
///
/// # Errors
/// Whatever the writer reports.
pub fn write_nest(mut writer: impl Write, columns: SpikeColumns<'_>) -> io::Result<()> {
    writeln!(writer, "# Saltatory version: {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(writer, "# RecordingBackendASCII version: 2")?;
    writeln!(writer, "sender\ttime_ms")?;
    for spike in columns.spikes {
        // Six decimals are whole nanoseconds: nothing is rounded.
        let (ms, ns) = (spike.tick.0 / 1_000_000, spike.tick.0 % 1_000_000);
        writeln!(writer, "{}\t{ms}.{ns:06}", u64::from(spike.neuron.0) + 1)?;
    }
    writer.flush()
}

/// A number of at most 17 significant digits that reads back as the same double, without an
/// exponent; zeros at the end are left out.
pub fn seventeen_digits(value: f64) -> String {
    let scientific = format!("{value:.16e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the format has an exponent");
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let plain = if exponent < 0 {
        format!("0.{}{digits}", "0".repeat(-exponent as usize - 1))
    } else if (exponent as usize) < digits.len() - 1 {
        let (whole, fraction) = digits.split_at(exponent as usize + 1);
        format!("{whole}.{fraction}")
    } else {
        format!("{digits}{}.0", "0".repeat(exponent as usize + 1 - digits.len()))
    };
    format!("{sign}{}", plain.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::base::{NeuronId, Tick};

    pub(crate) fn layout() -> Layout {
        Layout::new([("exc".to_string(), 3), ("in".to_string(), 2)]).unwrap()
    }

    pub(crate) fn spikes() -> Vec<Spike> {
        [(1_500_000, 0), (1_500_000, 4), (12_345_678, 2), (999_999_999, 4)]
            .map(|(tick, neuron)| Spike { tick: Tick(tick), neuron: NeuronId(neuron) })
            .to_vec()
    }

    fn text(write: impl FnOnce(&mut Vec<u8>, SpikeColumns<'_>) -> io::Result<()>) -> String {
        let (layout, spikes, mut bytes) = (layout(), spikes(), Vec::new());
        let recorded = [0, 1, 2, 3, 4];
        let columns = SpikeColumns {
            layout: &layout,
            recorded: &recorded,
            spikes: &spikes,
            simulated_s: 1.0,
        };
        write(&mut bytes, columns).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn csv_has_the_columns_of_the_contract() {
        let text = text(|writer, columns| write_csv(writer, columns));
        assert_eq!(
            text,
            "population,neuron,tick,time_ms\nexc,0,1500000,1.5\nin,1,1500000,1.5\n\
             exc,2,12345678,12.345677999999999\nin,1,999999999,999.999999\n"
        );
    }

    #[test]
    fn senders_count_from_one_as_in_nest() {
        let text = text(|writer, columns| write_nest(writer, columns));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "sender\ttime_ms");
        assert_eq!(lines[3..5], ["1\t1.500000", "5\t1.500000"]);
        assert_eq!(lines[6], "5\t999.999999");
    }

    #[test]
    fn seventeen_digits_read_back_exactly() {
        let mut bits = 1u64;
        for _ in 0..10_000 {
            bits = crate::base::random::mix(bits);
            let value = (bits >> 11) as f64 / 1e6;
            let text = seventeen_digits(value);
            assert_eq!(text.parse::<f64>(), Ok(value), "{text}");
            assert!(text.chars().filter(char::is_ascii_digit).count() <= 18, "{text}");
        }
        let plain = [0.0, 1e-6, 0.1, 100.0, 1e20, -2.5].map(seventeen_digits);
        let expected = ["0", "9.9999999999999995e-07", "0.10000000000000001", "100"];
        assert_eq!(plain[0], expected[0]);
        assert_eq!(plain[1], "0.00000099999999999999995");
        assert_eq!(plain[2..4], expected[2..4]);
        assert_eq!(plain[4..], ["100000000000000000000", "-2.5"]);
    }
}
