//! The command `saltatory`.

mod allocator;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: allocator::LargePages = allocator::LargePages;

fn main() -> ExitCode {
    saltatory::cli::main()
}
