//! The claims about neurons that set their own gain, online: steps, fractional order, noise, sines,
//! and a network whose input becomes four times stronger, each beside a control whose gain is frozen.
//!
//! ```text
//! cargo run --release --example adaptation_claims [SEEDS] [DIRECTORY]
//! ```
//!
//! Runs the scenarios `scenarios/adaptation*.toml` and variants of them at 5 seeds each, prints the
//! tables of `docs/reproductions.md` and a verdict on each claim, and draws one figure a subject
//! into a directory. A claim holds if it does at every seed. The exit code is 1 if one does not.

mod figure;
mod fit;
mod runs;
mod subjects;

use runs::Trouble;
use std::process::ExitCode;

/// What is demanded, and what was found.
pub struct Claim {
    /// What must hold.
    pub demanded: String,
    /// What was measured, in words.
    pub found: String,
    /// Whether it does at every seed.
    pub holds: bool,
}

fn main() -> Result<ExitCode, Trouble> {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let directory = arguments.next();
    let mut claims = Vec::new();
    let mut figures = Vec::new();
    for subject in [subjects::network, subjects::steps, subjects::noise, subjects::sines] {
        let (drawn, decided) = subject(seeds)?;
        figures.extend(drawn);
        claims.extend(decided);
    }
    println!("| what must hold, at every of {seeds} seeds | found | holds |\n|---|---|---|");
    for Claim { demanded, found, holds } in &claims {
        println!("| {demanded} | {found} | {} |", if *holds { "yes" } else { "**no**" });
    }
    if let Some(directory) = directory {
        for (name, svg) in figures {
            std::fs::write(std::path::Path::new(&directory).join(name), svg)?;
        }
    }
    let failed = claims.iter().any(|claim| !claim.holds);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
