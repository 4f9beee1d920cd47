//! phold: how many events per second does the queue carry, neurons left out?
//!
//! The classic load of parallel discrete-event simulation (Fujimoto 1990, "Performance of Time Warp
//! under synthetic workloads"): each event at a logical process schedules one other, at itself
//! or, with a given probability, at any other process, after a lookahead of 0.1 and a time that is
//! exponential with mean 0.9. The number of events under way stays constant.
//!
//! It runs on `saltatory::queue` and on windows of the lookahead, as the engine does: no window can
//! hold an event and its cause, so a barrier a window is enough, and the order is that of
//! the events' content. A process draws from a hash of its own history, so its digest tells if any
//! of its events came at another time or in another order. Beside it, in the same run, the same
//! events go through std's binary heap, bare: popped and pushed, and once more with the top
//! replaced in place, which spares one of the two passes. All must have one digest.
//!
//!     cargo run --release --example phold                    # everything; some minutes
//!     cargo run --release --example phold -- 65536 1 0.25    # processes, start events, remote
//!     # ... and, as a fourth number, the time units that are to be timed
//!
//! A committed event is one that was worked off; here none is ever undone. Only what follows the
//! first time unit is timed, when the queue has its memory.

use saltatory::base::random::mix;
use saltatory::base::{Span, Tick, math};
use saltatory::engine::Barrier;
use saltatory::queue::{Agenda, Due};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Mutex;
use std::time::Instant;

/// Ticks of one time unit.
const UNIT: f64 = 1e6;
const LOOKAHEAD: Span = Span(100_000);
const MEAN: f64 = 0.9;
const SEED: u64 = 1;
/// Events to time for one line of the table, at least; never less than one time unit.
const EVENTS: f64 = 4e6;

/// What is simulated.
#[derive(Clone, Copy, Debug)]
struct Load {
    processes: u32,
    start_events: u32,
    remote: f64,
    /// Where the clock starts, and where the run ends.
    from: Tick,
    end: Tick,
}

/// What a run left.
#[derive(Clone, Copy, Debug)]
struct Left {
    events: u64,
    seconds: f64,
    digest: u64,
}

impl Left {
    fn per_second(self) -> f64 {
        self.events as f64 / self.seconds
    }
}

impl Load {
    /// A load that is timed over `units` of time, or as long as a line of the table needs.
    fn new(processes: u32, start_events: u32, remote: f64, units: Option<f64>) -> Load {
        let under_way = f64::from(processes) * f64::from(start_events);
        let units = units.unwrap_or((EVENTS / under_way).max(1.0));
        // Whole windows, so that all sides time the same events.
        let whole = |ticks: f64| {
            let length = 1 << LOOKAHEAD.0.ilog2();
            Tick((ticks as u64).next_multiple_of(length))
        };
        let end = whole((1.0 + units) * UNIT);
        Load { processes, start_events, remote, from: whole(UNIT), end }
    }

    /// Calls `file` with every event that is there at the start for the process.
    fn start(&self, process: u32, mut file: impl FnMut(Tick)) {
        for number in 0..self.start_events {
            let key = mix(mix(SEED ^ u64::from(process) << 32) ^ u64::from(number));
            file(Tick(0) + delay(key));
        }
    }

    /// An event at `process`, whose history is `state`: the history goes on, and the next event's
    /// time and place come out.
    #[inline]
    fn event(&self, process: u32, state: &mut u64, tick: Tick) -> (Tick, u32) {
        *state = mix(*state ^ tick.0);
        let bits = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        let is_remote = (bits >> 32) as f64 * (1.0 / 4_294_967_296.0) < self.remote;
        let other = (((bits & 0xffff_ffff) * u64::from(self.processes - 1)) >> 32) as u32;
        let other = other + u32::from(other >= process);
        (tick + delay(*state), if is_remote { other } else { process })
    }
}

/// Lookahead and an exponential time.
#[inline]
fn delay(bits: u64) -> Span {
    let uniform = ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64);
    Span(LOOKAHEAD.0 + (-math::ln(uniform) * (MEAN * UNIT)) as u64)
}

/// A number that depends on every event of every process, in the order of the processes.
fn digest(states: impl Iterator<Item = u64>) -> u64 {
    states.fold(0, |sum, state| mix(sum ^ state))
}

/// Events that one worker sends another.
type Outbox = Mutex<Vec<(Tick, u32)>>;

/// What the workers share. Outboxes and the next windows exist twice and are used in turn, so
/// that one barrier a window is enough; see `saltatory::engine`.
struct Common {
    load: Load,
    barrier: Barrier,
    /// By round, sender and receiver.
    outboxes: [Vec<Vec<Outbox>>; 2],
    /// By round and worker: the earliest window in which something is known to happen.
    next: [Vec<Mutex<u64>>; 2],
}

impl Common {
    fn new(load: Load, threads: usize) -> Common {
        let row = || (0..threads).map(|_| Outbox::default()).collect();
        let square = || (0..threads).map(|_| row()).collect();
        let line = || (0..threads).map(|_| Mutex::new(u64::MAX)).collect();
        let barrier = Barrier::new(threads);
        Common { load, barrier, outboxes: [square(), square()], next: [line(), line()] }
    }

    fn threads(&self) -> usize {
        self.next[0].len()
    }

    /// The first process of a worker.
    fn first(&self, worker: usize) -> u32 {
        (u64::from(self.load.processes) * worker as u64 / self.threads() as u64) as u32
    }

    fn owner(&self, process: u32) -> usize {
        // The largest w with processes * w / threads <= process.
        let (processes, threads) = (u64::from(self.load.processes), self.threads() as u64);
        (((u64::from(process) + 1) * threads).div_ceil(processes) - 1) as usize
    }

    /// One worker's whole run: events and seconds after the start of the clock, and its states.
    fn work(&self, me: usize) -> (u64, f64, Vec<u64>) {
        let (first, last) = (self.first(me), self.first(me + 1));
        let mut states: Vec<u64> = (first..last).map(|process| mix(process.into())).collect();
        let mut agenda = Agenda::new(LOOKAHEAD, last - first);
        for process in first..last {
            self.load.start(process, |tick| agenda.file(tick, process - first));
        }
        let mut due = Due::default();
        let mut clock: Option<Instant> = None;
        let (mut events, mut round) = (0, 0);
        *self.next[0][me].lock().expect("nobody failed") = agenda.next().unwrap_or(u64::MAX);
        loop {
            self.barrier.wait(me).expect("nobody failed");
            let side = round % 2;
            let all = self.next[side].iter().map(|next| *next.lock().expect("nobody failed"));
            let window = all.min().expect("there is a worker");
            for sender in &self.outboxes[side] {
                for (tick, target) in sender[me].lock().expect("nobody failed").drain(..) {
                    agenda.file(tick, target - first);
                }
            }
            if window >= agenda.window_of(self.load.end) {
                break;
            }
            if clock.is_none() && window >= agenda.window_of(self.load.from) {
                clock = Some(Instant::now());
            }
            let mut next = u64::MAX;
            if agenda.next() == Some(window) {
                agenda.take(window, &mut due);
                next = self.window(me, (1 - side, first), &mut states, &mut agenda, &due);
                events += if clock.is_some() { due.len() as u64 } else { 0 };
            }
            let next = next.min(agenda.next().unwrap_or(u64::MAX));
            *self.next[1 - side][me].lock().expect("nobody failed") = next;
            round += 1;
        }
        (events, clock.map_or(0.0, |clock| clock.elapsed().as_secs_f64()), states)
    }

    /// Works a window off; the earliest window of an event that was sent away.
    fn window(
        &self,
        me: usize,
        (side, first): (usize, u32),
        states: &mut [u64],
        agenda: &mut Agenda,
        due: &Due,
    ) -> u64 {
        let mut next = u64::MAX;
        let mut outboxes: Vec<_> = self.outboxes[side][me]
            .iter()
            .map(|outbox| outbox.lock().expect("nobody failed"))
            .collect();
        for (place, tick) in due.iter() {
            let state = &mut states[place as usize];
            let (tick, target) = self.load.event(first + place, state, tick);
            let local = target.wrapping_sub(first);
            if (local as usize) < states.len() {
                agenda.file(tick, local);
            } else {
                next = next.min(agenda.window_of(tick));
                outboxes[self.owner(target)].push((tick, target));
            }
        }
        next
    }
}

/// The load on our queue.
fn ours(load: Load, threads: usize) -> Left {
    let common = Common::new(load, threads);
    let all: Vec<(u64, f64, Vec<u64>)> = std::thread::scope(|scope| {
        let common = &common;
        let start = |worker| scope.spawn(move || common.work(worker));
        let others: Vec<_> = (1..threads).map(start).collect();
        let first = common.work(0);
        let others = others.into_iter().map(|worker| worker.join().expect("nobody failed"));
        std::iter::once(first).chain(others).collect()
    });
    Left {
        events: all.iter().map(|left| left.0).sum(),
        seconds: all.iter().map(|left| left.1).fold(0.0, f64::max),
        digest: digest(all.iter().flat_map(|left| left.2.iter().copied())),
    }
}

/// The load on a bare binary heap; with `replace` the top is overwritten instead of popped.
fn heap(load: Load, replace: bool) -> Left {
    let mut states: Vec<u64> = (0..load.processes).map(|process| mix(process.into())).collect();
    let mut heap = BinaryHeap::new();
    for process in 0..load.processes {
        load.start(process, |tick| heap.push(Reverse((tick, process))));
    }
    let mut clock: Option<Instant> = None;
    let mut events = 0;
    loop {
        let mut top = heap.peek_mut().expect("events never end");
        let Reverse((tick, process)) = *top;
        if tick >= load.end {
            break;
        }
        if clock.is_none() && tick >= load.from {
            clock = Some(Instant::now());
        }
        events += u64::from(clock.is_some());
        let next = load.event(process, &mut states[process as usize], tick);
        if replace {
            *top = Reverse(next);
        } else {
            PeekMut::pop(top);
            heap.push(Reverse(next));
        }
    }
    let seconds = clock.map_or(0.0, |clock| clock.elapsed().as_secs_f64());
    Left { events, seconds, digest: digest(states.into_iter()) }
}

fn line(load: Load) {
    let all = [ours(load, 1), ours(load, 2), heap(load, false), heap(load, true)];
    assert!(all.iter().all(|left| left.digest == all[0].digest), "the runs differ: {all:?}");
    assert!(all.iter().all(|left| left.events == all[0].events), "the runs differ: {all:?}");
    let [one, two, popped, replaced] = all.map(|left| left.per_second() * 1e-6);
    let Load { processes, start_events, remote, .. } = load;
    println!(
        "| {processes} | {start_events} | {remote} | {one:.1} | {two:.1} | {popped:.1} | \
         {replaced:.1} | {:.2} | {:.2} | {} | {:016x} |",
        one / popped,
        one / replaced,
        all[0].events,
        all[0].digest
    );
}

fn main() {
    let given: Vec<f64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let wanted = |place: usize, value: f64| given.get(place).is_none_or(|&given| given == value);
    println!(
        "| processes | start events | remote | ours, 1 thread (M/s) | 2 threads (M/s) | \
         heap, pop and push (M/s) | heap, replace (M/s) | ours / heap | ours / replace | \
         events | digest |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for processes in [1u32 << 10, 1 << 16, 1 << 20] {
        for start_events in [1, 16] {
            for remote in [0.1, 0.25, 1.0] {
                let key = [f64::from(processes), f64::from(start_events), remote];
                if key.iter().enumerate().all(|(place, &value)| wanted(place, value)) {
                    line(Load::new(processes, start_events, remote, given.get(3).copied()));
                }
            }
        }
    }
}
