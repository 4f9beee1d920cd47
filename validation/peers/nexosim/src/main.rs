//! phold on NeXosim 1.0: the same events as `examples/phold.rs`, which says what they are.
//!
//!     phold-nexosim PROCESSES START_EVENTS REMOTE UNITS THREADS
//!
//! One model a logical process. An event at itself is scheduled through the model's context, one at
//! another process through the simulation's scheduler, which is how NeXosim sends into the future.
//! Prints timed events, seconds and the digest.

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::EventSource;
use nexosim::simulation::{EventId, Mailbox, Scheduler, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const UNIT: f64 = 1e6;
const LOOKAHEAD: u64 = 100_000;
const MEAN: f64 = 0.9;
const SEED: u64 = 1;

/// What all processes see.
struct World {
    scheduler: Scheduler,
    inputs: Vec<EventId<()>>,
    remote: f64,
    states: Vec<AtomicU64>,
    /// Events of each process.
    events: Vec<AtomicU64>,
}

static WORLD: OnceLock<World> = OnceLock::new();

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn delay(bits: u64) -> u64 {
    let uniform = ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64);
    LOOKAHEAD + (-libm::log(uniform) * (MEAN * UNIT)) as u64
}

fn at(tick: u64) -> MonotonicTime {
    MonotonicTime::EPOCH + Duration::from_nanos(tick)
}

#[derive(Serialize, Deserialize)]
struct Process {
    number: u32,
}

#[Model]
impl Process {
    #[nexosim(schedulable)]
    fn event(&mut self, _: (), context: &Context<Self>) {
        let world = WORLD.get().expect("it is there before the first event");
        let place = self.number as usize;
        let tick = context.time().duration_since(MonotonicTime::EPOCH).as_nanos() as u64;
        // Only this process touches these two.
        let state = mix(world.states[place].load(Ordering::Relaxed) ^ tick);
        world.states[place].store(state, Ordering::Relaxed);
        world.events[place]
            .store(1 + world.events[place].load(Ordering::Relaxed), Ordering::Relaxed);
        let bits = mix(state.wrapping_add(0x9e37_79b9_7f4a_7c15));
        let is_remote = (bits >> 32) as f64 * (1.0 / 4_294_967_296.0) < world.remote;
        let wait = Duration::from_nanos(delay(state));
        if is_remote {
            let others = world.inputs.len() as u64 - 1;
            let other = ((bits & 0xffff_ffff) * others >> 32) as usize;
            let other = other + usize::from(other >= place);
            let input = &world.inputs[other];
            world.scheduler.schedule_event(wait, input, ()).expect("it lies ahead");
        } else {
            let input = schedulable!(Self::event);
            context.schedule_event(wait, input, ()).expect("it lies ahead");
        }
    }
}

fn events(world: &World) -> u64 {
    world.events.iter().map(|count| count.load(Ordering::Relaxed)).sum()
}

fn main() {
    let given: Vec<f64> =
        std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let [processes, start_events, remote, units, threads] = given[..] else {
        panic!("PROCESSES START_EVENTS REMOTE UNITS THREADS");
    };
    let mut bench = SimInit::with_num_threads(threads as usize);
    let mut inputs = Vec::new();
    for number in 0..processes as u32 {
        let mailbox = Mailbox::new();
        inputs.push(EventSource::new().connect(Process::event, &mailbox).register(&mut bench));
        bench = bench.add_model(Process { number }, mailbox, "");
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("a sound bench");
    let scheduler = simulation.scheduler();
    for (process, input) in inputs.iter().enumerate() {
        for number in 0..start_events as u64 {
            let key = mix(mix(SEED ^ (process as u64) << 32) ^ number);
            scheduler.schedule_event(at(delay(key)), input, ()).expect("it lies ahead");
        }
    }
    let states = (0..processes as u64).map(|process| AtomicU64::new(mix(process))).collect();
    let events_of = (0..processes as u64).map(|_| AtomicU64::new(0)).collect();
    let world = World { scheduler, inputs, remote, states, events: events_of };
    let world = WORLD.get_or_init(|| world);
    let whole = |ticks: f64| (ticks as u64).next_multiple_of(1 << LOOKAHEAD.ilog2());
    // Deadlines include their own time, windows do not include their end.
    let (from, end) = (whole(UNIT) - 1, whole((1.0 + units) * UNIT) - 1);
    simulation.step_until(at(from)).expect("a run without faults");
    let (before, start) = (events(world), Instant::now());
    simulation.step_until(at(end)).expect("a run without faults");
    let seconds = start.elapsed().as_secs_f64();
    let digest = world.states.iter().fold(0, |sum, state| mix(sum ^ state.load(Ordering::Relaxed)));
    println!("{} {seconds} {digest:016x}", events(world) - before);
}
