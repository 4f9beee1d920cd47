//! Memory is taken before the work begins, not while it is done.
//!
//! Promise: once a run has seen its heaviest traffic, the loop over windows asks for no memory.
//! Method: an allocator that counts, and a network whose activity repeats; no allocation may
//! happen in the second half of the run. Where arrivals are spread at random the fullest window so
//! far may always be still to come, so there some twenty are allowed in thousands of windows. It
//! would catch a vector that is made anew in each window, or a box for each event. A test binary of its own,
//! because an allocator belongs to a whole process; one test, because its threads would count
//! each other's allocations.

// A counting allocator has to be unsafe; everywhere else a lint forbids it.
#![allow(unsafe_code)]

use saltatory::engine::{self, Control, Lane, Options, Progress};
use saltatory::network;
use saltatory::scenario::{Connect, RecordSpikes, Scenario};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// The system's allocator, counting what is asked of it.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from the system's allocator, with this layout.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations in the quarters of a run's windows; the first holds the warm-up.
fn allocations(scenario: &Scenario, lane: Lane, threads: usize) -> [u64; 4] {
    let network = network::build(scenario, threads as u32, 1, None).expect("a sound network");
    let end = scenario.duration.0;
    // When each quarter began, in allocations so far; nothing here allocates.
    let marks = Mutex::new([None; 4]);
    let last = AtomicU64::new(0);
    let observe = |progress: Progress| {
        let now = ALLOCATIONS.load(Ordering::Relaxed);
        let quarter = (progress.simulated.0 * 4 / end).min(3) as usize;
        marks.lock().expect("nobody fails")[quarter].get_or_insert(now);
        last.store(now, Ordering::Relaxed);
        Control::Continue
    };
    let options = Options { lane, ..Options::threads(threads) };
    let outcome = engine::run(scenario, &network, options, &observe).expect("a run");
    assert!(outcome.counts.synaptic_events > 10_000, "{}: hardly any events", scenario.title);
    assert!(outcome.counts.windows > 400, "{}: hardly any windows", scenario.title);
    let marks = marks.into_inner().expect("nobody failed").map(|mark| mark.expect("a window"));
    let ends = [marks[1], marks[2], marks[3], last.into_inner()];
    std::array::from_fn(|quarter| ends[quarter] - marks[quarter])
}

/// Neurons that fire in step, again and again: the heaviest window comes early.
fn pacemakers(model: &str, current: &str, weight: &str, delay: &str) -> Scenario {
    cells(model, current, weight, delay, None)
}

fn cells(model: &str, current: &str, weight: &str, delay: &str, noise: Option<&str>) -> Scenario {
    let title = format!("{model}, {delay}");
    let mut scenario = Scenario::new(title).seed(5).duration_ms(4000.0);
    let cells = scenario.add_population("cells", 100, model).expect("a model");
    scenario.set(cells, "i_e", current).expect("a parameter");
    scenario.connect(cells, cells, Connect::fixed_indegree(20), weight, delay).expect("a rule");
    if let Some(noise) = noise {
        scenario.background(cells, "5 kHz", noise).expect("a background");
    }
    scenario.record.spikes = RecordSpikes::None;
    scenario
}

/// The same with Poisson input, whose heaviest moment may always be still to come.
fn noisy(model: &str, input: &str, weight: &str) -> Scenario {
    let mut scenario = cells(model, "0 pA", weight, "2 ms", Some(input));
    scenario.title = format!("{model} with noise");
    scenario
}

#[test]
fn the_loop_over_windows_asks_for_no_memory() {
    let mut found = Vec::new();
    for (scenario, most) in [
        (pacemakers("lif_delta", "500 pA", "0.01 mV", "2 ms"), 0),
        (pacemakers("lif_exp", "500 pA", "1 pA", "2 ms"), 0),
        (pacemakers("lif_alpha", "500 pA", "1 pA", "2 ms"), 0),
        (pacemakers("lif_exp", "500 pA", "1 pA", "{ uniform = ['1 ms', '20 ms'] }"), 20),
        (noisy("lif_delta", "0.35 mV", "0.1 mV"), 20),
        (noisy("lif_exp", "45 pA", "5 pA"), 20),
    ] {
        for lane in [Lane::Automatic, Lane::Singly] {
            for threads in [1, 2] {
                let quarters = allocations(&scenario, lane, threads);
                if quarters[2] + quarters[3] > most {
                    let title = &scenario.title;
                    found.push(format!("{title}, {lane:?}, {threads} threads: {quarters:?}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "allocations by quarter of the run:\n{}", found.join("\n"));
}
