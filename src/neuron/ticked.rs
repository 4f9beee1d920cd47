//! Controllers that are asked at certain times, and what they say held in between.
//!
//! A clock ticks every `tick`. At a tick the controller says what is to be added to gain and
//! saturation from then on; between two ticks both are constants, so a neuron that fires exactly at a constant
//! gain fires exactly with a controller. A tick finds the drive as it is before inputs of the same
//! time are folded in.
//!
//! The clock starts with the run. For a rule that counts its steps it goes on whatever happens to
//! the neuron: it ticks at the absolute times tick, 2 tick, 3 tick and so on. A rule that is a
//! function of the past at every time ([`Rule::AT_EVENTS`]) is asked at the events of its neuron, too,
//! and each of them starts the clock anew: then `tick` bounds how long an answer is held.
//!
//! Nobody walks to a tick because it is one: a neuron that is brought to a time goes through the
//! ticks before it then, and a rule with a closed form goes through the last of them only.
//!
//! Two rules: the bank of traces (`controller.rs`), and the recurrent network (`recurrent.rs`).

use crate::base::Span;
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::saved::{Value, value};
use crate::base::time::TICKS_PER_MS;

/// How many parts of a drive decay, at the most.
pub const DRIFTS: usize = 2;

/// What drives a neuron until something reaches it: a constant, and parts that decay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drive {
    /// What stays.
    pub base: f64,
    /// What decays.
    pub drifts: [f64; DRIFTS],
}

impl Drive {
    /// The drive now.
    #[inline]
    pub fn now(&self) -> f64 {
        self.base + (self.drifts[0] + self.drifts[1])
    }

    /// The least and the largest value from now on.
    #[inline]
    pub fn ends(&self) -> [f64; 2] {
        let [a, b] = self.drifts;
        [self.base + (a.min(0.0) + b.min(0.0)), self.base + (a.max(0.0) + b.max(0.0))]
    }
}

/// What a controller adds to gain and to saturation.
pub type Added = [f64; 2];

/// How a controller follows a drive. Times are in ms.
pub trait Rule: Clone + Send + Sync + 'static {
    /// What each neuron has of it.
    type Memory: Copy + Value + Send + Sync;

    /// Lets time pass in which no tick is of interest.
    fn pass(&self, memory: &mut Self::Memory, drive: &Drive, ms: f64);

    /// A tick at which the drive is `a`. Returns whether all later ticks would change nothing as
    /// long as the drive stays what it is.
    fn tick(&self, memory: &mut Self::Memory, a: f64) -> bool;

    /// Whether the last of several ticks makes up for those before it.
    const SKIPS: bool;

    /// Whether it is asked at the events of its neuron, too.
    const AT_EVENTS: bool;

    /// What is added from a tick on that finds this memory.
    fn added(&self, memory: &Self::Memory) -> Added;

    /// The least and the most that may be added at any tick from now on, while the drive stays
    /// between two ends.
    fn range(&self, memory: &Self::Memory, ends: [f64; 2]) -> [Added; 2];

    /// Adds the bits of a memory to a digest.
    fn digest(memory: &Self::Memory, digest: &mut Digest);
}

/// The clock and the rule of a population.
#[derive(Clone, Debug)]
pub struct Controller<R> {
    /// How it follows the drive.
    pub rule: R,
    tick_ns: f64,
    /// Of the parts of the drive that decay.
    taus_ms: [f64; DRIFTS],
}

/// What a neuron has of its controller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory<M> {
    /// What the rule keeps.
    pub own: M,
    /// What it said at the last tick.
    pub added: Added,
    /// How long until the next tick. Whole at events, so that sums of times are exact; for a rule
    /// that is asked at events it is `tick` there.
    left_ns: f64,
}
value!(Memory<M> where [M: Value] { own, added, left_ns });

/// A tick that is nearer than this counts as reached: a search goes to it by a sum of times, which
/// may miss it by a rounding error. Events lie on whole nanoseconds.
const NEAR_NS: f64 = 1e-4;
const NEAR_SHARE: f64 = 1.0 / (1u64 << 50) as f64;

impl<R: Rule> Controller<R> {
    /// A controller that is asked every `tick_ms`, for a drive whose parts decay with `taus_ms`.
    pub fn new(rule: R, tick_ms: f64, taus_ms: [f64; DRIFTS]) -> Controller<R> {
        let tick = Span::from_ms(tick_ms).expect("checked when the scenario was read");
        Controller { rule, tick_ns: tick.0.max(1) as f64, taus_ms }
    }

    /// The memory at the start of a run.
    pub fn start(&self, own: R::Memory) -> Memory<R::Memory> {
        Memory { own, added: self.rule.added(&own), left_ns: self.tick_ns }
    }

    /// Lets a rule that is asked at events speak at one.
    #[inline]
    pub fn meet_event(&self, memory: &mut Memory<R::Memory>) {
        if R::AT_EVENTS {
            memory.added = self.rule.added(&memory.own);
            memory.left_ns = self.tick_ns;
        }
    }

    /// The time until the next tick.
    #[inline]
    pub fn left_ms(&self, memory: &Memory<R::Memory>) -> f64 {
        memory.left_ns / TICKS_PER_MS as f64
    }

    /// The drive after some time.
    #[inline]
    fn later(&self, drive: &Drive, ms: f64) -> Drive {
        let mut later = *drive;
        for (drift, tau) in later.drifts.iter_mut().zip(self.taus_ms) {
            if *drift != 0.0 {
                *drift *= exp(-ms / tau);
            }
        }
        later
    }

    /// Lets time pass, through the ticks in it; one at its very end is in it.
    #[inline]
    pub fn pass(&self, memory: &mut Memory<R::Memory>, drive: &Drive, ms: f64) {
        self.pass_ns(memory, drive, ms * TICKS_PER_MS as f64);
    }

    /// The same for nanoseconds.
    pub fn pass_ns(&self, memory: &mut Memory<R::Memory>, drive: &Drive, ns: f64) {
        let near = NEAR_NS + ns * NEAR_SHARE;
        let (mut gone, mut drive) = (0.0, *drive);
        while ns - gone >= memory.left_ns - near {
            let mut step = memory.left_ns;
            if R::SKIPS {
                step += ((ns - gone + near - step) / self.tick_ns).floor() * self.tick_ns;
            }
            let ms = step / TICKS_PER_MS as f64;
            self.rule.pass(&mut memory.own, &drive, ms);
            let later = self.later(&drive, ms);
            // What still decays without being seen in the sum has no effect any more.
            let still = later.now() == later.base && drive.now() == drive.base;
            drive = later;
            let settled = self.rule.tick(&mut memory.own, drive.now()) && still;
            memory.left_ns = self.tick_ns;
            gone += step;
            if settled {
                gone += ((ns - gone + near) / self.tick_ns).floor() * self.tick_ns;
            }
            memory.added = self.rule.added(&memory.own);
        }
        let rest = ns - gone;
        if rest > 0.0 {
            self.rule.pass(&mut memory.own, &drive, rest / TICKS_PER_MS as f64);
        }
        memory.left_ns -= rest;
    }

    /// As many whole ticks as lie in a time, in ms; none in a negative one.
    #[inline]
    pub fn whole_ticks_ms(&self, ms: f64) -> f64 {
        let ticks = (ms * TICKS_PER_MS as f64 / self.tick_ns).floor().max(0.0);
        ticks * self.tick_ns / TICKS_PER_MS as f64
    }
}

/// Adds the bits of a memory to a digest, but for the clock, which follows from the time and, for a
/// rule that is asked at events, from that of the last one.
pub fn digest<R: Rule>(memory: &Memory<R::Memory>, digest: &mut Digest) {
    R::digest(&memory.own, digest);
    memory.added.iter().for_each(|&value| digest.real(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts its ticks and remembers the drive at the last.
    #[derive(Clone)]
    struct Counts;

    impl Rule for Counts {
        type Memory = (u64, f64);
        const SKIPS: bool = false;
        const AT_EVENTS: bool = false;
        fn pass(&self, _: &mut (u64, f64), _: &Drive, _: f64) {}
        fn tick(&self, memory: &mut (u64, f64), a: f64) -> bool {
            *memory = (memory.0 + 1, a);
            false
        }
        fn added(&self, memory: &(u64, f64)) -> Added {
            [memory.0 as f64, memory.1]
        }
        fn range(&self, _: &(u64, f64), _: [f64; 2]) -> [Added; 2] {
            [[0.0; 2], [f64::INFINITY; 2]]
        }
        fn digest(_: &(u64, f64), _: &mut Digest) {}
    }

    #[test]
    fn ticks_lie_on_absolute_multiples_wherever_time_is_cut() {
        let controller = Controller::new(Counts, 0.7, [20.0, 5.0]);
        let drive = Drive { base: 0.3, drifts: [1.0, -0.5] };
        for cut in [1.0f64, 699_999.0, 700_000.0, 700_001.0, 12_345.0, 5e6] {
            let mut memory = controller.start((0, 0.0));
            let (mut gone, mut now) = (0.0, drive);
            while gone < 70e6 {
                let step = f64::min(cut.max(4321.0), 70e6 - gone);
                controller.pass_ns(&mut memory, &now, step);
                now = controller.later(&now, step / 1e6);
                gone += step;
            }
            // The hundredth tick is at the very end, and in it.
            let expected = 0.3 + exp(-70.0 / 20.0) - 0.5 * exp(-70.0 / 5.0);
            assert_eq!(memory.added[0], 100.0, "{cut}");
            assert!((memory.added[1] - expected).abs() < 1e-12, "{cut}");
            assert_eq!(memory.left_ns, 700_000.0, "{cut}");
        }
    }
}
