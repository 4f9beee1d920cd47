//! Memory is taken before the work begins, not while it is done.
//!
//! Promise: once a run has seen its heaviest traffic, the loop over windows asks for no memory, in both
//! lanes, with one delay, with delays in steps and with delays of their own, with Poisson input whose
//! rate may change, and where synapses learn, whether trains fire regularly or not.
//! Method: an allocator that counts, and a network whose activity repeats; no allocation may
//! happen in the second half of the run. Where arrivals are spread at random the fullest window so
//! far may always be still to come, so there some twenty for each thread are allowed in thousands of
//! windows. It would catch a vector that is made anew in each window, or a box for each event. It
//! has caught std's stable sort, which asks for memory where more than 4 KiB are sorted, histories of
//! spikes that gave their memory back at a walk over the synapses and asked for it again, and a list of the
//! rates of an epoch in which they change. A test binary of its own,
//! because an allocator belongs to a whole process; one test, because its threads would count
//! each other's allocations.

// A counting allocator has to be unsafe; everywhere else a lint forbids it.
#![allow(unsafe_code)]

use saltatory::base::{PopulationId, Span, Tick};
use saltatory::engine::{self, Control, Lane, Options, Progress};
use saltatory::network;
use saltatory::scenario::{Connect, RecordSpikes, Scenario, Steps};
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
fn allocations(scenario: &Scenario, options: Options) -> [u64; 4] {
    let shards = options.threads as u32;
    let network = network::build(scenario, shards, 1, None).expect("a sound network");
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
    let outcome = engine::run(scenario, &network, options, &observe).expect("a run");
    assert!(outcome.counts.synaptic_events > 10_000, "{}: hardly any events", scenario.title);
    assert!(outcome.counts.windows > 400, "{}: hardly any windows", scenario.title);
    let marks = marks.into_inner().expect("nobody failed").map(|mark| mark.expect("a window"));
    let ends = [marks[1], marks[2], marks[3], last.into_inner()];
    std::array::from_fn(|quarter| ends[quarter] - marks[quarter])
}

/// A hundred neurons on to each other, without spikes being recorded.
fn cells(model: &str, current: &str, weight: &str, delay: &str) -> Scenario {
    let title = format!("{model}, {delay}");
    let mut scenario = Scenario::new(title).seed(5).duration_ms(4000.0);
    let cells = scenario.add_population("cells", 100, model).expect("a model");
    scenario.set(cells, "i_e", current).expect("a parameter");
    scenario.connect(cells, cells, Connect::fixed_indegree(20), weight, delay).expect("a rule");
    scenario.record.spikes = RecordSpikes::None;
    scenario
}

/// Neurons that fire in step, again and again: the heaviest window comes early.
fn pacemakers(model: &str, weight: &str, delay: &str) -> Scenario {
    cells(model, "500 pA", weight, delay)
}

/// The same with Poisson input, whose heaviest moment may always be still to come.
fn noisy(model: &str, input: &str, weight: &str, delay: &str) -> Scenario {
    let mut scenario = cells(model, "0 pA", weight, delay);
    let cells = PopulationId(0);
    scenario.background(cells, "5 kHz", input).expect("a background");
    scenario.title.push_str(" with noise");
    scenario
}

/// The same with input whose rate changes a thousand times a second.
fn restless(mut scenario: Scenario) -> Scenario {
    let rates = [4_000.0, 6_500.0, 0.0, 5_500.0].into_iter().cycle();
    let steps = (0..4_000).map(|ms| Tick(ms * 1_000_000)).zip(rates).collect();
    scenario.backgrounds[0].rate_hz = Steps { steps };
    scenario.title.push_str(" at changing rates");
    scenario
}

/// Sources and neurons that fire once or twice between two walks over the synapses, or not at all.
fn irregular(delay: &str) -> Scenario {
    let mut scenario = Scenario::new(format!("irregular, {delay}")).seed(5).duration_ms(4000.0);
    let sources = scenario.add_population("sources", 300, "poisson").expect("a model");
    scenario.set(sources, "rate", "50 Hz").expect("a parameter");
    let cells = scenario.add_population("cells", 300, "lif_exp").expect("a model");
    let connect = Connect::fixed_outdegree(20);
    scenario.connect(sources, cells, connect, "1 pA", delay).expect("a rule");
    scenario.background(cells, "5 kHz", "60 pA").expect("a background");
    scenario.record.spikes = RecordSpikes::None;
    scenario
}

/// So many spikes reach a slice that its arrivals do not fit on the stack while they are sorted.
fn crowded(model: &str, weight: &str, delay: &str) -> Scenario {
    let mut scenario = Scenario::new(format!("crowded {model}, {delay}")).seed(5);
    scenario = scenario.duration_ms(4000.0);
    let sources = scenario.add_population("sources", 1_000, "poisson").expect("a model");
    scenario.set(sources, "rate", "200 Hz").expect("a parameter");
    let cells = scenario.add_population("cells", 5, model).expect("a model");
    scenario.connect(sources, cells, Connect::fixed_outdegree(5), weight, delay).expect("a rule");
    scenario.record.spikes = RecordSpikes::None;
    scenario
}

/// Synapses that change by a rule.
fn learning(mut scenario: Scenario, rule: &str) -> Scenario {
    scenario.set_plasticity(0, rule).expect("a rule");
    scenario.title = format!("{}, {rule}", scenario.title);
    scenario
}

const ONE: &str = "2 ms";
const MIXED: &str = "{ uniform = ['1 ms', '20 ms'] }";
const STEPS: &str = "{ uniform = ['1 ms', '20 ms'], step = '0.1 ms' }";
const STDP: &str = "{ rule = 'stdp', w_max = '2 pA' }";

#[test]
fn the_loop_over_windows_asks_for_no_memory() {
    let mut found = Vec::new();
    let usual = [
        (pacemakers("lif_delta", "0.01 mV", ONE), 0),
        (pacemakers("lif_exp", "1 pA", ONE), 0),
        (pacemakers("lif_alpha", "1 pA", ONE), 0),
        (pacemakers("lif_delta", "0.01 mV", STEPS), 20),
        (pacemakers("lif_exp", "1 pA", STEPS), 20),
        (pacemakers("lif_exp", "1 pA", MIXED), 20),
        (noisy("lif_delta", "0.35 mV", "0.1 mV", ONE), 20),
        (noisy("lif_exp", "45 pA", "5 pA", ONE), 20),
        (noisy("lif_exp", "45 pA", "5 pA", STEPS), 20),
        (noisy("lif_exp", "45 pA", "5 pA", MIXED), 20),
        (restless(noisy("lif_exp", "45 pA", "5 pA", ONE)), 20),
        (restless(noisy("lif_delta", "0.35 mV", "0.1 mV", STEPS)), 20),
        (crowded("lif_exp", "0.1 pA", ONE), 20),
        (crowded("lif_exp", "0.1 pA", STEPS), 20),
        (crowded("lif_exp", "0.1 pA", MIXED), 20),
        (learning(pacemakers("lif_exp", "1 pA", ONE), STDP), 0),
        (learning(pacemakers("lif_exp", "1 pA", STEPS), STDP), 20),
        (learning(pacemakers("lif_exp", "1 pA", MIXED), STDP), 20),
        (learning(pacemakers("lif_exp", "1 pA", ONE), "{ rule = 'short_term' }"), 0),
    ];
    let often = [
        (learning(irregular(ONE), STDP), 20),
        (learning(irregular(MIXED), STDP), 20),
        (learning(pacemakers("lif_exp", "1 pA", ONE), STDP), 0),
    ];
    let usual = usual.map(|case| (case, Options::threads(1).settle_every));
    let often = often.map(|case| (case, Span(20_000_000)));
    for ((scenario, most), settle_every) in usual.into_iter().chain(often) {
        for lane in [Lane::Automatic, Lane::Singly] {
            for threads in [1, 2, 4] {
                let options = Options { lane, settle_every, ..Options::threads(threads) };
                let quarters = allocations(&scenario, options);
                if quarters[2] + quarters[3] > most * threads as u64 {
                    let title = &scenario.title;
                    found.push(format!("{title}, {lane:?}, {threads} threads: {quarters:?}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "allocations by quarter of the run:\n{}", found.join("\n"));
}
