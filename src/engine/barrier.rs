//! A barrier that a failing worker cannot leave the others hanging at.

use crossbeam_utils::CachePadded;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// Somebody failed; the run is over.
#[derive(Debug, PartialEq, Eq)]
pub struct Poisoned;

/// So often a worker looks before it goes to sleep: some tens of microseconds. Most windows are
/// over by then, and waking somebody costs about as much. Whoever waits longer sleeps rather than
/// yields: on a machine with other work to do, somebody who yields comes back late, and somebody
/// who is woken at once.
const LOOKS: u32 = 2_000;

/// All workers wait for each other, again and again.
///
/// `came` holds for each worker how often it has come here, alone in a line of the cache: it is written
/// by that worker only, so that meeting costs one line from each of the others, and no line is
/// written by two. `poisoned` is set by a worker that fails and read by everyone who waits. A worker that
/// goes to sleep raises `sleepers` and then looks once more; whoever comes or fails first says so and
/// then looks for sleepers. All four steps are sequentially consistent, so one of the two sees the other.
#[derive(Debug)]
pub struct Barrier {
    came: Vec<CachePadded<AtomicU64>>,
    rare: CachePadded<Rare>,
}

/// What is hardly ever written.
#[derive(Debug, Default)]
struct Rare {
    poisoned: AtomicBool,
    sleepers: AtomicUsize,
    bed: Mutex<()>,
    alarm: Condvar,
}

impl Barrier {
    /// A barrier for this many workers.
    pub fn new(workers: usize) -> Barrier {
        Barrier {
            came: (0..workers).map(|_| CachePadded::default()).collect(),
            rare: CachePadded::default(),
        }
    }

    /// Waits until all workers have come here as often as this one.
    ///
    /// # Errors
    /// [`Poisoned`] if one of them failed instead.
    pub fn wait(&self, worker: usize) -> Result<(), Poisoned> {
        let own = &self.came[worker];
        let round = own.load(Ordering::Relaxed) + 1;
        own.store(round, Ordering::SeqCst);
        self.wake();
        let mut looks = 0;
        for other in &self.came {
            let has_come = || other.load(Ordering::SeqCst) >= round;
            let over = || has_come() || self.rare.poisoned.load(Ordering::SeqCst);
            while !over() {
                if looks == LOOKS {
                    self.sleep_until(over);
                } else {
                    std::hint::spin_loop();
                    looks += 1;
                }
            }
            if !has_come() {
                return Err(Poisoned);
            }
        }
        if self.rare.poisoned.load(Ordering::Acquire) { Err(Poisoned) } else { Ok(()) }
    }

    fn sleep_until(&self, over: impl Fn() -> bool) {
        let Rare { sleepers, bed, alarm, .. } = &*self.rare;
        let mut guard = bed.lock().unwrap_or_else(PoisonError::into_inner);
        sleepers.fetch_add(1, Ordering::SeqCst);
        while !over() {
            guard = alarm.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake(&self) {
        if self.rare.sleepers.load(Ordering::SeqCst) > 0 {
            // Whoever has raised `sleepers` holds the bed until it listens for the alarm.
            drop(self.rare.bed.lock().unwrap_or_else(PoisonError::into_inner));
            self.rare.alarm.notify_all();
        }
    }

    /// Releases everybody who waits now or later: the run is over.
    pub fn poison(&self) {
        self.rare.poisoned.store(true, Ordering::SeqCst);
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_runs_ahead() {
        let barrier = Barrier::new(3);
        let count = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for worker in 0..3 {
                let (barrier, count) = (&barrier, &count);
                scope.spawn(move || {
                    for round in 0..2_000 {
                        count.fetch_add(1, Ordering::SeqCst);
                        barrier.wait(worker).unwrap();
                        assert_eq!(count.load(Ordering::SeqCst), (round + 1) * 3);
                        barrier.wait(worker).unwrap();
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
                        barrier.wait(late).unwrap();
                    }
                });
            }
        });
        assert_eq!(barrier.rare.sleepers.load(Ordering::SeqCst), 0);
        std::thread::scope(|scope| {
            let barrier = &barrier;
            let waiting = [0, 1].map(|worker| scope.spawn(move || barrier.wait(worker)));
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
            let waiting = scope.spawn(|| barrier.wait(0));
            barrier.poison();
            assert_eq!(waiting.join().unwrap(), Err(Poisoned));
        });
        assert_eq!(barrier.wait(1), Err(Poisoned));
    }
}
