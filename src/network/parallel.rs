//! Independent pieces of work on several threads, with results in the order of the pieces.

use std::sync::atomic::{AtomicUsize, Ordering};

/// `work(0)` to `work(pieces - 1)`, on up to `threads` threads. Which thread does which piece
/// is left to chance and can be seen by nobody: `work` is handed nothing but the number of
/// its piece.
pub(super) fn in_parallel<T: Send>(
    pieces: usize,
    threads: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.min(pieces);
    if threads <= 1 {
        return (0..pieces).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    // The counter hands out numbers and orders nothing else, so relaxed access is enough; the
    // results become visible by joining the threads.
    let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&piece| piece < pieces);
    let run = || std::iter::from_fn(take).map(|piece| (piece, work(piece))).collect::<Vec<_>>();
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<(usize, T)>>| {
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        workers.into_iter().flat_map(join).collect()
    });
    done.sort_by_key(|&(piece, _)| piece);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_pieces() {
        for threads in [0, 1, 2, 7] {
            for pieces in [0, 1, 5, 100] {
                let squares: Vec<usize> = (0..pieces).map(|k| k * k).collect();
                assert_eq!(in_parallel(pieces, threads, |k| k * k), squares);
            }
        }
    }
}
