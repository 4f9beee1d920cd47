//! The claims about neurons that set their own gain, online: steps, fractional order, noise, sines,
//! and a network whose input becomes four times stronger, each beside a control whose gain is frozen.
//!
//! ```text
//! cargo run --release --example adaptation_claims [SEEDS] [DIRECTORY] [SUBJECT]
//! ```
//!
//! Runs the scenarios `scenarios/adaptation*.toml` and variants of them at 5 seeds each, prints the
//! tables of `docs/reproductions.md` and a verdict on each claim, and draws one figure a subject
//! into a directory. A claim holds if it does for the median of the seeds; beside it stands at how many
//! of them it does. The exit code is 1 if one does not. SUBJECT is one of network, steps, noise and sines; all
//! without it.

mod figure;
mod fit;
mod network;
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
    /// Whether it does in the median of the seeds.
    pub holds: bool,
    /// At how many seeds it does.
    pub seeds: usize,
}

/// Runs a subject at so many seeds.
type Subject = fn(u64) -> Result<subjects::Shown, Trouble>;

fn main() -> Result<ExitCode, Trouble> {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let directory = arguments.next();
    let only = arguments.next();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut claims = Vec::new();
    let mut figures = Vec::new();
    let subjects: [(&str, Subject); 4] = [
        ("network", network::network),
        ("steps", subjects::steps),
        ("noise", subjects::noise),
        ("sines", subjects::sines),
    ];
    for (_, subject) in subjects.into_iter().filter(|(name, _)| wanted(name)) {
        let (drawn, decided) = subject(seeds)?;
        figures.extend(drawn);
        claims.extend(decided);
    }
    println!("| what must hold | median (least to largest) | holds | seeds |\n|---|---|---|---|");
    for Claim { demanded, found, holds, seeds: at } in &claims {
        let verdict = if *holds { "yes" } else { "**no**" };
        println!("| {demanded} | {found} | {verdict} | {at} of {seeds} |");
    }
    if let Some(directory) = directory {
        for (name, svg) in figures {
            std::fs::write(std::path::Path::new(&directory).join(name), svg)?;
        }
    }
    let failed = claims.iter().any(|claim| !claim.holds);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
