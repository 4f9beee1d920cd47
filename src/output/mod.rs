//! Files from an [`Outcome`](crate::record::Outcome), and what is read back from them.
//!
//! Every file is written beside its destination and renamed, a folder of results appears as a
//! whole or not at all, and nothing is overwritten unless the caller says so. The bytes of
//! `spikes.npz`, `traces.npz`, `weights.npz`, `pruned.npz` and `scenario.toml` depend on the outcome alone;
//! only `summary.json` holds wall times.

pub mod checkpoint;
pub mod compare;
pub mod folder;
pub mod layout;
pub mod manifest;
pub mod npz;
pub mod plot;
pub mod pruned;
pub mod read;
pub mod snapshot;
pub mod spikes;
pub mod summary;
pub mod traces;
pub mod weights;

pub use folder::{ResultFolder, write_file};
pub use layout::Layout;
pub use manifest::Manifest;
pub use read::{SpikeRecord, read_spikes};
pub use snapshot::snapshot_text;
pub use summary::Summary;

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done: `read`, `write`, `create`.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what its name promises: damaged, cut off, or of another kind.
    #[error("{}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        what: String,
    },
    /// Something is there already.
    #[error("{} {what}", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
        /// Why that stops us.
        what: String,
    },
}

impl OutputError {
    /// For `map_err`: the system refused to do something to `path`.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutputError + use<> {
        let path = path.to_path_buf();
        move |source| OutputError::Io { doing, path, source }
    }

    /// A file that is not what its name promises.
    pub fn malformed(path: &Path, what: impl Into<String>) -> OutputError {
        OutputError::Malformed { path: path.to_path_buf(), what: what.into() }
    }
}
