//! `saltatory new`: a small scenario to start from.

use super::console::{Console, Exit, Failure, shell_word};
use super::wiring;
use crate::output::write_file;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;

/// What `new` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// File to write; standard output without it
    file: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// Writes a small scenario.
pub fn new(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let text = wiring::starter();
    let Some(file) = &arguments.file else {
        console.print(&text)?;
        return Ok(Exit::Good);
    };
    write_file(file, arguments.force, |writer| writer.write_all(text.as_bytes()))?;
    let name = shell_word(file);
    console.say(&format!("wrote {name}; next: saltatory run {name}"));
    Ok(Exit::Good)
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::Exit;

    #[test]
    fn an_existing_file_stays_unless_forced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("first.toml");
        let name = path.to_str().unwrap();
        let (exit, out, err) = call(&["new", name]);
        assert_eq!((exit, out.as_str()), (Exit::Good, ""));
        assert!(err.contains("saltatory run"), "{err}");
        std::fs::write(&path, "mine").unwrap();
        let (exit, _, err) = call(&["new", name]);
        assert_eq!(exit, Exit::File);
        assert!(err.contains("--force"), "{err}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(call(&["new", name, "--force"]).0, Exit::Good);
        assert_ne!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
