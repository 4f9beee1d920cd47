//! A barrier that a failing worker cannot leave the others hanging at.

use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Somebody failed; the run is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Poisoned;

/// So often a worker looks before it goes to sleep: some tens of microseconds. Most windows are
/// over by then, and waking somebody costs about as much. Whoever waits longer sleeps rather than
/// yields: on a machine with other work to do, somebody who yields comes back late, and somebody
/// who is woken at once.
const LOOKS: u32 = 2_000;

/// All of `parties` workers wait for each other, again and again.
///
/// `arrived` is raised by everyone and reset by the last; `generation` is raised by the last,
/// after the reset, and read by everyone. `poisoned` is set by a worker that fails and read by
/// everyone who waits. A worker that goes to sleep raises `sleepers` and then looks once more;
/// whoever ends the waiting first says so and then looks for sleepers. All four steps are
/// sequentially consistent, so one of the two sees the other.
#[derive(Debug)]
pub struct Barrier {
    parties: usize,
    arrived: CachePadded<AtomicUsize>,
    generation: CachePadded<AtomicUsize>,
    poisoned: AtomicBool,
    sleepers: AtomicUsize,
    bed: Mutex<()>,
    alarm: Condvar,
}

impl Barrier {
    /// A barrier for this many workers.
    pub fn new(parties: usize) -> Barrier {
        Barrier {
            parties,
            arrived: CachePadded::new(AtomicUsize::new(0)),
            generation: CachePadded::new(AtomicUsize::new(0)),
            poisoned: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            bed: Mutex::new(()),
            alarm: Condvar::new(),
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
            self.generation.store(generation.wrapping_add(1), Ordering::SeqCst);
            self.wake();
        } else {
            let over = || {
                self.generation.load(Ordering::SeqCst) != generation
                    || self.poisoned.load(Ordering::SeqCst)
            };
            let mut looks = 0;
            while !over() && looks < LOOKS {
                std::hint::spin_loop();
                looks += 1;
            }
            if looks == LOOKS {
                self.sleep_until(over);
            }
            if self.generation.load(Ordering::Acquire) == generation {
                return Err(Poisoned);
            }
        }
        if self.poisoned.load(Ordering::Acquire) { Err(Poisoned) } else { Ok(()) }
    }

    fn sleep_until(&self, over: impl Fn() -> bool) {
        let mut guard = self.bed.lock().unwrap_or_else(PoisonError::into_inner);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        while !over() {
            guard = self.alarm.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            // Whoever has raised `sleepers` holds the bed until it listens for the alarm.
            drop(self.bed.lock().unwrap_or_else(PoisonError::into_inner));
            self.alarm.notify_all();
        }
    }

    /// Releases everybody who waits now or later: the run is over.
    pub fn poison(&self) {
        self.poisoned.store(true, Ordering::SeqCst);
        self.wake();
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

    /// One worker comes so late that the others are asleep.
    #[test]
    fn sleepers_are_woken() {
        let barrier = Barrier::new(3);
        let pause = || std::thread::sleep(std::time::Duration::from_millis(5));
        std::thread::scope(|scope| {
            for late in 0..3 {
                let barrier = &barrier;
                scope.spawn(move || {
                    for round in 0..60 {
                        if round % 3 == late {
                            pause();
                        }
                        barrier.wait().unwrap();
                    }
                });
            }
        });
        assert_eq!(barrier.sleepers.load(Ordering::SeqCst), 0);
        std::thread::scope(|scope| {
            let waiting = [scope.spawn(|| barrier.wait()), scope.spawn(|| barrier.wait())];
            pause();
            barrier.poison();
            for waiting in waiting {
                assert_eq!(waiting.join().unwrap(), Err(Poisoned));
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
