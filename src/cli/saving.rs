//! When a run is saved and when it stops early: what `run` and `resume` share.

use super::console::Failure;
use super::progress;
use super::wiring::{Checkpoint, Control, Progress};
use crate::base::{Span, Tick, Unit};
use crate::output::OutputError;
use crate::output::checkpoint::{self, Head};
use crate::output::folder::can_write;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is saved, when.
#[derive(Clone, Debug, Default, Args)]
pub struct SavingArguments {
    /// Save the run to FILE on Ctrl-C, so that `saltatory resume FILE` goes on from there
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Save it each so much simulated time as well, such as "10 s"
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub checkpoint_every: Option<Span>,
    /// Stop at this simulated time, as Ctrl-C would
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub stop_at: Option<Span>,
}

/// A stretch of simulated time that is not nothing.
fn time(text: &str) -> Result<Span, String> {
    let ms = Unit::Ms.parse(text).map_err(|error| error.to_string())?;
    let span = Span::from_ms(ms).filter(|&span| span > Span::ZERO);
    span.ok_or_else(|| format!("found {text}; a time above zero is needed, such as \"10 s\""))
}

/// Decides when a run is saved, and saves it.
pub struct Saving {
    path: Option<PathBuf>,
    every: Option<Span>,
    stop_at: Option<Tick>,
    head: Head,
    /// The next time at which it is to be saved.
    next: AtomicU64,
    /// Whether it has been saved because it is going to stop.
    stopping: AtomicBool,
    spikes: AtomicU64,
    /// The time of the last checkpoint that was written; 0 if there is none.
    saved: AtomicU64,
    trouble: Mutex<Option<OutputError>>,
}

impl Saving {
    /// As the arguments say, from time `from` on; the head is filled in when the run is saved.
    ///
    /// # Errors
    /// If there is no file for what is to be saved, or it cannot be written.
    pub fn new(arguments: &SavingArguments, head: Head, from: Tick) -> Result<Saving, Failure> {
        let SavingArguments { checkpoint, checkpoint_every: every, stop_at } = arguments.clone();
        if every.is_some() && checkpoint.is_none() {
            let text = "--checkpoint-every needs a file to save to: add --checkpoint FILE";
            return Err(Failure::invalid(text));
        }
        if let Some(path) = &checkpoint {
            can_write(path)?;
        }
        let saving = Saving {
            path: checkpoint,
            every,
            stop_at: stop_at.map(|span| Tick(span.0)),
            head,
            next: AtomicU64::new(u64::MAX),
            stopping: AtomicBool::new(false),
            spikes: AtomicU64::new(0),
            saved: AtomicU64::new(0),
            trouble: Mutex::new(None),
        };
        saving.await_next(from);
        Ok(saving)
    }

    /// Finds the next time of saving after `now`.
    fn await_next(&self, now: Tick) {
        let next = self.every.map_or(u64::MAX, |every| (now.0 / every.0 + 1) * every.0);
        self.next.store(next, Ordering::Relaxed);
    }

    /// Hears from the engine and answers. A run that is to stop is saved one window before it does.
    pub fn observe(&self, now: Progress) -> Control {
        let ends = self.stop_at.is_some_and(|at| now.simulated >= at) || progress::interrupted();
        if !ends && now.simulated.0 < self.next.load(Ordering::Relaxed) {
            return Control::Continue;
        }
        let has_saved = ends && self.stopping.swap(true, Ordering::Relaxed);
        if ends && (has_saved || self.path.is_none()) {
            return Control::Stop;
        }
        self.await_next(now.simulated);
        self.spikes.store(now.spikes, Ordering::Relaxed);
        Control::Save
    }

    /// Writes a checkpoint. Trouble with the file does not end the run; it is told when it is over.
    pub fn save(&self, run: &Checkpoint) {
        let Some(path) = &self.path else { return };
        let head = Head {
            simulated_ticks: run.simulated().0,
            spikes: self.spikes.load(Ordering::Relaxed),
            shards: run.shards(),
            ..self.head.clone()
        };
        match checkpoint::write(path, &head, &run.to_bytes()) {
            Ok(()) => self.saved.store(head.simulated_ticks, Ordering::Relaxed),
            Err(error) => {
                let mut trouble = self.trouble.lock().unwrap_or_else(|e| e.into_inner());
                trouble.get_or_insert(error);
            }
        }
    }

    /// The file and the time of the last checkpoint that was written.
    pub fn saved(&self) -> Option<(&Path, Tick)> {
        let at = Tick(self.saved.load(Ordering::Relaxed));
        self.path.as_deref().filter(|_| at > Tick::ZERO).map(|path| (path, at))
    }

    /// Why a checkpoint could not be written, the first time that it could not.
    pub fn trouble(self) -> Option<OutputError> {
        self.trouble.into_inner().unwrap_or_else(|e| e.into_inner())
    }
}
