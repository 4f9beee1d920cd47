//! `saltatory completions`: the same definition that parses the arguments completes them.

use super::console::{Console, Exit, Failure};
use clap::{Args, CommandFactory};

/// What `completions` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which shell
    shell: clap_complete::Shell,
}

/// Prints completions for a shell.
pub fn completions(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    let mut command = super::Cli::command();
    clap_complete::generate(arguments.shell, &mut command, "saltatory", &mut script);
    console.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Good)
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::Exit;

    #[test]
    fn every_shell_gets_the_commands() {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let (exit, out, _) = call(&["completions", shell]);
            assert_eq!(exit, Exit::Good);
            assert!(out.contains("inspect"), "{shell}");
        }
        assert_eq!(call(&["completions", "dos"]).0, Exit::Invalid);
    }
}
