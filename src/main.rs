//! The command `saltatory`.

use std::process::ExitCode;

fn main() -> ExitCode {
    saltatory::cli::main()
}
