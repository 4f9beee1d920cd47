//! The command `saltatory`.

use saltatory::memory::pages::LargePages;
use std::process::ExitCode;

#[global_allocator]
static MEMORY: LargePages = LargePages;

fn main() -> ExitCode {
    saltatory::cli::main()
}
