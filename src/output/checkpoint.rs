//! The file of a run that was saved: a line that says what it is, a head that people and programs can
//! read, the state of the run, and a digest of all before.
//!
//! ```text
//! saltatory checkpoint\n
//! length of the head (8 bytes, little-endian), the head (JSON)
//! length of the state (8 bytes, little-endian), the state
//! SHA-256 of everything before (32 bytes)
//! ```
//!
//! The state is read by the version of the program that wrote it: a spike train is a function of that
//! version, so that going on with another one would leave the train of neither.

use super::{OutputError, write_file};
use crate::base::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const FIRST_LINE: &[u8] = b"saltatory checkpoint\n";
/// Raised whenever what a run remembers changes.
pub const FORMAT: u32 = 1;
/// Length of a digest in hexadecimal digits.
const DIGEST: usize = 64;

/// What a checkpoint says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// See [`FORMAT`]; set when it is written.
    pub format: u32,
    /// The version of the program; likewise.
    pub version: String,
    /// The scenario's title.
    pub title: String,
    /// A name for results, that of the scenario's file.
    pub stem: String,
    /// Nanoseconds that are done.
    pub simulated_ticks: u64,
    /// Nanoseconds that the scenario asks for.
    pub duration_ticks: u64,
    /// Spikes so far.
    pub spikes: u64,
    /// Pieces into which the network is cut.
    pub shards: u32,
    /// Where files that the scenario names were looked for.
    pub folder: PathBuf,
    /// These files, and the SHA-256 of each.
    pub files: BTreeMap<String, String>,
    /// The effective scenario.
    pub scenario: String,
}

/// Writes a checkpoint, in the place of an earlier one.
///
/// # Errors
/// If the system refuses; then an earlier one is still there, whole.
pub fn write(path: &Path, head: &Head, state: &[u8]) -> Result<(), OutputError> {
    let head =
        Head { format: FORMAT, version: env!("CARGO_PKG_VERSION").to_string(), ..head.clone() };
    let head = serde_json::to_vec_pretty(&head)
        .map_err(|error| OutputError::io("write", path)(std::io::Error::other(error)))?;
    let lengths = [head.len(), state.len()].map(|length| (length as u64).to_le_bytes());
    let parts = [FIRST_LINE, &lengths[0], &head, &lengths[1], state];
    let mut digest = Digest::new();
    parts.iter().for_each(|part| digest.bytes(part));
    let digest = digest.finish();
    write_file(path, true, |file| {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.write_all(digest.as_bytes())
    })
}

/// Reads the head of a checkpoint only.
///
/// # Errors
/// If the file cannot be read, or is none.
pub fn read_head(path: &Path) -> Result<Head, OutputError> {
    let mut file = std::fs::File::open(path).map_err(OutputError::io("read", path))?;
    let mut start = vec![0; FIRST_LINE.len() + 8];
    let ended = |_| OutputError::malformed(path, NO_CHECKPOINT);
    file.read_exact(&mut start).map_err(ended)?;
    let length = head_length(path, &start)?;
    let mut head = Vec::new();
    file.take(length).read_to_end(&mut head).map_err(OutputError::io("read", path))?;
    parse_head(path, &head)
}

/// Reads a checkpoint: its head, and the state of the run.
///
/// # Errors
/// If the file cannot be read, is damaged, or was written by another version.
pub fn read(path: &Path) -> Result<(Head, Vec<u8>), OutputError> {
    let mut bytes = std::fs::read(path).map_err(OutputError::io("read", path))?;
    let length = head_length(path, &bytes)? as usize;
    let damaged = || {
        let what = "it is damaged or cut off: its digest does not fit; nothing can go on from it";
        OutputError::malformed(path, what)
    };
    let body = bytes.len().checked_sub(DIGEST).ok_or_else(damaged)?;
    let mut digest = Digest::new();
    digest.bytes(&bytes[..body]);
    if digest.finish().as_bytes() != &bytes[body..] {
        return Err(damaged());
    }
    let first = FIRST_LINE.len() + 8;
    let head = bytes.get(first..first + length).ok_or_else(damaged)?;
    let head = parse_head(path, head)?;
    let (ours, theirs) = (env!("CARGO_PKG_VERSION"), &head.version);
    if theirs != ours || head.format != FORMAT {
        let what = format!(
            "it was written by saltatory {theirs} (format {}), and this is {ours} (format {FORMAT}); a \
             run goes on with the version that saved it, or begins anew",
            head.format
        );
        return Err(OutputError::malformed(path, what));
    }
    bytes.truncate(body);
    bytes.drain(..first + length + 8);
    Ok((head, bytes))
}

const NO_CHECKPOINT: &str = "it is no checkpoint of saltatory; `saltatory run` makes them with \
                             --checkpoint FILE";

/// The length of the head, from the start of a file.
fn head_length(path: &Path, start: &[u8]) -> Result<u64, OutputError> {
    let length = start.strip_prefix(FIRST_LINE).and_then(|rest| rest.first_chunk());
    let length = length.ok_or_else(|| OutputError::malformed(path, NO_CHECKPOINT))?;
    Ok(u64::from_le_bytes(*length).min(u64::from(u32::MAX)))
}

fn parse_head(path: &Path, bytes: &[u8]) -> Result<Head, OutputError> {
    serde_json::from_slice(bytes)
        .map_err(|error| OutputError::malformed(path, format!("its head cannot be read: {error}")))
}

/// Whether a file begins as a checkpoint does.
pub fn is_checkpoint(path: &Path) -> bool {
    let mut start = Vec::new();
    let first = std::fs::File::open(path)
        .and_then(|file| file.take(FIRST_LINE.len() as u64).read_to_end(&mut start));
    first.is_ok() && start == FIRST_LINE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_string(),
            title: "a network".to_string(),
            stem: "net".to_string(),
            simulated_ticks: 5,
            duration_ticks: 10,
            spikes: 3,
            shards: 2,
            folder: PathBuf::from("nets"),
            files: BTreeMap::from([("a.csv".to_string(), "abc".to_string())]),
            scenario: "title = \"a network\"".to_string(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/a.checkpoint");
        write(&path, &head(), &[1, 2, 3]).unwrap();
        assert_eq!(read(&path).unwrap(), (head(), vec![1, 2, 3]));
        write(&path, &head(), &[]).unwrap();
        assert!(read(&path).unwrap().1.is_empty());
        assert_eq!(read_head(&path).unwrap(), head());
        assert!(is_checkpoint(&path) && !is_checkpoint(home.path()));
    }

    #[test]
    fn any_byte_that_is_changed_or_missing_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        write(&path, &head(), &[7; 40]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 4;
            std::fs::write(&path, &changed).unwrap();
            assert!(read(&path).is_err(), "byte {place}");
            std::fs::write(&path, &whole[..place]).unwrap();
            assert!(read(&path).is_err(), "{place} bytes");
        }
        std::fs::write(&path, "[population.exc]").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("no checkpoint") && error.contains("--checkpoint"), "{error}");
        assert!(read_head(&path).is_err());
    }

    #[test]
    fn another_version_is_named() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a");
        write(&path, &head(), &[7; 40]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - DIGEST);
        let format = b"\"format\": 1";
        let place = bytes.windows(format.len()).position(|window| window == format).unwrap();
        bytes[place + format.len() - 1] = b'9';
        let mut digest = Digest::new();
        digest.bytes(&bytes);
        bytes.extend(digest.finish().as_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("format 9") && error.contains(env!("CARGO_PKG_VERSION")), "{error}");
    }
}
