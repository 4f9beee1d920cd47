//! A barrier that a failing worker cannot leave the others hanging at.

use crossbeam_utils::{Backoff, CachePadded};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Somebody failed; the run is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Poisoned;

/// All of `parties` workers wait for each other, again and again.
///
/// `arrived` is raised by everyone and reset by the last; `generation` is raised by the last,
/// after the reset, and read by everyone. `poisoned` is set by a worker that fails and read by
/// everyone who waits.
#[derive(Debug)]
pub struct Barrier {
    parties: usize,
    arrived: CachePadded<AtomicUsize>,
    generation: CachePadded<AtomicUsize>,
    poisoned: AtomicBool,
}

impl Barrier {
    /// A barrier for this many workers.
    pub fn new(parties: usize) -> Barrier {
        Barrier {
            parties,
            arrived: CachePadded::new(AtomicUsize::new(0)),
            generation: CachePadded::new(AtomicUsize::new(0)),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Waits until all workers have come here.
    ///
    /// # Errors
    /// [`Poisoned`] if one of them failed instead.
    pub fn wait(&self) -> Result<(), Poisoned> {
        let generation = self.generation.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.parties {
            self.arrived.store(0, Ordering::Relaxed);
            self.generation.store(generation.wrapping_add(1), Ordering::Release);
        } else {
            // Spins for about a microsecond, then yields: on a machine with fewer idle cores than
            // workers the others need this one.
            let backoff = Backoff::new();
            while self.generation.load(Ordering::Acquire) == generation {
                if self.poisoned.load(Ordering::Acquire) {
                    return Err(Poisoned);
                }
                backoff.snooze();
            }
        }
        if self.poisoned.load(Ordering::Acquire) { Err(Poisoned) } else { Ok(()) }
    }

    /// Releases everybody who waits now or later: the run is over.
    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn nobody_runs_ahead() {
        let barrier = Barrier::new(3);
        let count = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for round in 0..2_000 {
                        count.fetch_add(1, Ordering::SeqCst);
                        barrier.wait().unwrap();
                        assert_eq!(count.load(Ordering::SeqCst), (round + 1) * 3);
                        barrier.wait().unwrap();
                    }
                });
            }
        });
    }

    #[test]
    fn poison_releases_those_who_wait() {
        let barrier = Barrier::new(2);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| barrier.wait());
            barrier.poison();
            assert_eq!(waiting.join().unwrap(), Err(Poisoned));
        });
        assert_eq!(barrier.wait(), Err(Poisoned));
    }
}
