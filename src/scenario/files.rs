//! The one place where this room meets the file system: a trait that the parser is handed, and
//! its implementation for files beside the scenario.

use std::io;
use std::path::{Path, PathBuf};

/// Gives the contents of the files that a scenario names.
pub trait ReadFile {
    /// All bytes of a file, named as in the scenario.
    ///
    /// # Errors
    /// Whatever keeps the file from being read.
    fn read(&self, name: &str) -> io::Result<Vec<u8>>;
}

/// Any function of this form reads files.
impl<F: Fn(&str) -> io::Result<Vec<u8>>> ReadFile for F {
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self(name)
    }
}

/// Files on disk, relative names being meant from one directory.
#[derive(Clone, Debug)]
pub struct FilesIn(pub PathBuf);

impl FilesIn {
    /// Files in a folder.
    pub fn folder(folder: &Path) -> FilesIn {
        FilesIn(folder.to_path_buf())
    }

    /// Files beside a scenario file.
    pub fn beside(scenario: &Path) -> FilesIn {
        FilesIn(scenario.parent().unwrap_or(Path::new("")).to_path_buf())
    }
}

impl ReadFile for FilesIn {
    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        std::fs::read(self.0.join(name))
    }
}

/// No files at all: every name is refused. For scenarios that need none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl ReadFile for NoFiles {
    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::Error::new(io::ErrorKind::NotFound, "no files can be read here"))
    }
}
