//! Where a command's words go, and how it ends.

use crate::output::OutputError;
use std::io::{self, Write};
use std::path::Path;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// As wished.
    Good,
    /// The run failed.
    Failed,
    /// The arguments or the scenario are not valid.
    Invalid,
    /// Two things that were compared are not the same.
    Different,
    /// A file could not be read or written.
    File,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Exit::Good => 0,
            Exit::Failed => 1,
            Exit::Invalid => 2,
            Exit::Different => 3,
            Exit::File => 4,
            Exit::Interrupted => 130,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// With a message for people.
    Message(Exit, String),
    /// Whoever read our output has gone: nothing is wrong.
    Closed,
}

impl Failure {
    /// The run failed.
    pub fn run(message: impl ToString) -> Failure {
        Failure::Message(Exit::Failed, message.to_string())
    }

    /// The arguments or the scenario are not valid.
    pub fn invalid(message: impl ToString) -> Failure {
        Failure::Message(Exit::Invalid, message.to_string())
    }

    /// A file could not be read or written.
    pub fn file(message: impl ToString) -> Failure {
        Failure::Message(Exit::File, message.to_string())
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Failure {
        Failure::file(error)
    }
}

/// Standard output and standard error, or what stands in for them in a test.
pub struct Console<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Console<'a> {
    /// A console that writes data to `out` and messages to `err`.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Console<'a> {
        Console { out, err }
    }

    /// Writes data as it is.
    ///
    /// # Errors
    /// If the output cannot take it; that its reader has gone is [`Failure::Closed`].
    pub fn print(&mut self, data: &str) -> Result<(), Failure> {
        self.out.write_all(data.as_bytes()).map_err(output_failure)
    }

    /// Writes an object as JSON.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn print_json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value).map_err(Failure::run)?;
        self.print(&format!("{text}\n"))
    }

    /// Tells people something. That nobody hears it stops nothing.
    pub fn say(&mut self, message: &str) {
        let _ = writeln!(self.err, "{message}");
    }

    /// Tells why a command ended early.
    pub fn fail(&mut self, failure: Failure) -> Exit {
        match failure {
            Failure::Closed => Exit::Good,
            Failure::Message(exit, message) => {
                let message = message.trim_end();
                // Problems of a scenario are drawn by its reader and start with `error` already.
                let drawn = message.contains("error") && message.contains("-->");
                let red = anstyle_error();
                if drawn {
                    self.say(message);
                } else {
                    self.say(&format!("{}error{}: {message}", red.0, red.1));
                }
                exit
            }
        }
    }

    /// Brings everything out.
    ///
    /// # Errors
    /// As [`Console::print`].
    pub fn flush(&mut self) -> Result<(), Failure> {
        let _ = self.err.flush();
        self.out.flush().map_err(output_failure)
    }
}

/// Bold red and back; the stream removes it where colour is not wanted.
fn anstyle_error() -> (&'static str, &'static str) {
    ("\x1b[1;31m", "\x1b[0m")
}

fn output_failure(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::file(format!("cannot write to standard output: {error}")),
    }
}

/// A path as it can be typed into a shell.
pub fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_contract() {
        let all = [
            Exit::Good,
            Exit::Failed,
            Exit::Invalid,
            Exit::Different,
            Exit::File,
            Exit::Interrupted,
        ];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 130]);
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word(Path::new("results/brunel")), "results/brunel");
        assert_eq!(shell_word(Path::new("my results/it's")), "'my results/it'\\''s'");
    }
}
