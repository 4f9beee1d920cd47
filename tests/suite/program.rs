//! The real program, started as people start it, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command left.
#[derive(Debug)]
pub struct Left {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The program with these arguments, not yet started; nothing of the caller's environment that
/// it listens to reaches it.
pub fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_saltatory"));
    command.args(arguments).current_dir(home).stdin(Stdio::null());
    for name in ["SEED", "DURATION", "THREADS", "SHARDS", "OUT"] {
        command.env_remove(format!("SALTATORY_{name}"));
    }
    command
}

/// Runs a command to its end.
pub fn run(home: &Path, arguments: &[&str]) -> Left {
    let output = command(home, arguments).output().expect("the program can be started");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
    Left { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs a command that must end well.
pub fn good(home: &Path, arguments: &[&str]) -> Left {
    let left = run(home, arguments);
    assert_eq!(left.code, Some(0), "{arguments:?}: {left:?}");
    left
}

/// The folder of the shipped scenarios.
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Names of everything in a folder, sorted.
pub fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.expect("its entries, too").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}
