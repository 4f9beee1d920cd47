//! Neurons that fire at random, run as neurons that fire when they must.
//!
//! A model whose spikes come with a rate lambda(t), its hazard, is simulated exactly by thinning
//! (Lewis and Shedler 1979, doi 10.1002/nav.3800260304; Ogata 1981, doi 10.1109/TIT.1981.1056305):
//! proposals come as a Poisson process whose rate, the ceiling, is nowhere below lambda, and one at
//! t is accepted with probability lambda(t) / ceiling. [`Proposals`] is the part of a neuron's state
//! that does this, and to the engine the accepted proposal is a threshold crossing like any other:
//! the state holds all that decides about the next spike, so [`super::Dynamics::crossing`] can look
//! for it without moving anything, and [`super::Dynamics::advance`] finds the same one.
//!
//! How it fits a deterministic world:
//! - **Random numbers belong to (the neuron's stream, number of the proposal).** Proposal n uses the
//!   n-th [`Stream`] of the neuron: first the exponential number that says when it comes, then the
//!   uniform one that decides. The stream is a start value of the neuron, [`STREAM`], drawn from
//!   seed, population and neuron like all start values; no model sees a seed. A train is thus a
//!   function of the neuron's stream and of what reaches it, whatever the shards and threads.
//! - **The exponential number is spent, not drawn anew.** `ahead` counts how many proposals were to
//!   be expected until the next one; in dt it falls by ceiling x dt, at whatever ceiling is in force.
//!   So a ceiling may change at any time without a new draw, and the process stays exact.
//! - **A ceiling is set at events of the neuron only**: after an input, a spike, a rejected proposal,
//!   a changed drive, or when the time for which it was promised is over. It is not set where an
//!   advance happens to be cut, so advance(a + b) is advance(a) then advance(b).
//! - **A spike ends its proposal.** [`Proposals::fire`] goes on to the next number whether the
//!   accepted proposal lies before the tick of the spike, to which it was rounded up, or rounding
//!   has left it a hair ahead.
//!
//! A model implements `Thinned` (`thinned.rs`), which puts `Proposals` into its state and calls them
//! where it must. Nothing is proposed while a neuron is held. `hawkes.rs` is the example.
//!
//! On a grid that is coarser than the intervals a neuron fires at most once a grid point and
//! proposes nothing between an accepted proposal and the grid point at which it fires.

use super::cell::NEVER;
use super::{Initial, Variable};
use crate::base::digest::Digest;
use crate::base::random::{MANY, Purpose, Stream, Streams};
use crate::base::saved::value;
use crate::base::{Resolution, Tick, Unit};

/// A rate of firing that depends on time alone until something reaches the neuron. Times are in
/// ms from the state that it was made of, rates in 1/ms.
pub trait Hazard {
    /// The rate `ms` from now, if nothing arrives.
    fn rate(&self, ms: f64) -> f64;

    /// A rate that is not exceeded from `ms` on, and for how long. It should be close, because
    /// everything above the rate is proposed in vain; and its time must become infinite once the
    /// rate only falls or has settled, or the search for a rare spike would walk for ever.
    fn ceiling(&self, ms: f64) -> Ceiling;
}

/// A rate that is not exceeded for some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceiling {
    /// In 1/ms.
    pub per_ms: f64,
    /// For how long, in ms; infinite where nothing but an input can lift the rate above it.
    pub ms: f64,
}
value!(Ceiling { per_ms, ms });

impl Ceiling {
    /// No promise: the ceiling must be asked for anew.
    const OVER: Ceiling = Ceiling { per_ms: 0.0, ms: 0.0 };
}

/// What decides about the next spike of a neuron.
///
/// Invariants: `ahead` >= 0; a `struck` proposal is followed by no other until [`Proposals::fire`];
/// a ceiling of zero that lasts for ever is never written down, so that silence changes no bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Proposals {
    /// The neuron's stream of random numbers.
    stream: f64,
    /// The number of the proposal that is awaited.
    number: u64,
    /// How many proposals are to be expected before it comes.
    ahead: f64,
    /// In force, and for how much longer.
    ceiling: Ceiling,
    /// The drive for which the ceiling was set, in pA.
    drive: f64,
    /// Whether the awaited proposal has come and was accepted.
    struck: bool,
}
value!(Proposals { stream, number, ahead, ceiling, drive, struck });

/// The start value that gives each neuron its own random numbers. A stochastic model lists it as
/// one of its variables and hands its value to [`Proposals::new`].
pub const STREAM: Variable = Variable {
    name: "stream",
    unit: Unit::One,
    initial: Initial::OwnNumber,
    doc: "names the random numbers of this neuron; with equal streams neurons draw the same",
};

/// What a search for the next accepted proposal comes to.
enum Search {
    /// It lies so many ms ahead.
    Fires(f64),
    /// There is none in any run.
    Never,
    /// There is none up to where the search had to end.
    NotYet,
}

/// Beyond this no run reaches, in ms.
const END_MS: f64 = Tick::MAX.0 as f64 / 1e6;

impl Proposals {
    /// The first proposal of a neuron, awaited from the start on.
    pub fn new(stream: f64) -> Proposals {
        let mut proposals = Proposals {
            stream,
            number: 0,
            ahead: 0.0,
            ceiling: Ceiling::OVER,
            drive: 0.0,
            struck: false,
        };
        proposals.draw();
        proposals
    }

    /// The stream that was given.
    pub fn stream(&self) -> f64 {
        self.stream
    }

    /// The rate may have changed.
    #[inline]
    pub fn disturb(&mut self) {
        self.ceiling = Ceiling::OVER;
    }

    /// The neuron has fired: the next proposal is awaited.
    #[inline]
    pub fn fire(&mut self) {
        self.struck = false;
        self.propose_next();
    }

    /// Whether a proposal has been accepted and the neuron has not fired yet.
    #[inline]
    pub fn is_due(&self) -> bool {
        self.struck
    }

    /// Lets `ms` pass, through rejected proposals up to an accepted one.
    #[inline]
    pub fn advance(&mut self, hazard: &impl Hazard, drive: f64, ms: f64) {
        if ms > 0.0 {
            self.search(hazard, drive, ms);
        }
    }

    /// The time until the neuron fires if nothing arrives.
    pub fn next(&self, hazard: &impl Hazard, drive: f64) -> Option<f64> {
        self.next_within(hazard, drive, f64::INFINITY).unwrap_or(None)
    }

    /// The same, looked for no further than a horizon.
    ///
    /// # Errors
    /// The horizon, if it does not fire before but may later.
    pub fn next_within(
        &self,
        hazard: &impl Hazard,
        drive: f64,
        horizon_ms: f64,
    ) -> Result<Option<f64>, f64> {
        let mut copy = *self;
        match copy.search(hazard, drive, horizon_ms) {
            Search::Fires(ms) => Ok(Some(ms)),
            Search::Never => Ok(None),
            Search::NotYet => Err(horizon_ms),
        }
    }

    /// A time in which nothing is proposed, and which costs no random number to find.
    #[inline]
    pub fn quiet(&self, hazard: &impl Hazard, drive: f64) -> f64 {
        if self.struck {
            return 0.0;
        }
        let ceiling = self.ceiling_at(hazard, drive, 0.0);
        self.wait(ceiling).min(ceiling.ms)
    }

    /// Adds its bits to a digest.
    pub fn digest(&self, digest: &mut Digest) {
        digest.bytes(&self.number.to_le_bytes());
        for value in [self.stream, self.ahead, self.ceiling.per_ms, self.ceiling.ms, self.drive] {
            digest.real(value);
        }
        digest.bytes(&[u8::from(self.struck)]);
    }

    /// Goes through proposals until one is accepted or `end` is reached.
    fn search(&mut self, hazard: &impl Hazard, drive: f64, end: f64) -> Search {
        if self.struck {
            return Search::Fires(0.0);
        }
        let mut now = 0.0;
        while now < END_MS {
            let ceiling = self.ceiling_at(hazard, drive, now);
            if ceiling.per_ms <= 0.0 && ceiling.ms == f64::INFINITY {
                return Search::Never;
            }
            (self.ceiling, self.drive) = (ceiling, drive);
            let wait = self.wait(ceiling);
            let step = wait.min(ceiling.ms);
            if now + step > end {
                self.ahead = (self.ahead - ceiling.per_ms * (end - now)).max(0.0);
                self.ceiling.ms -= end - now;
                return Search::NotYet;
            }
            now += step;
            if wait > ceiling.ms {
                self.ahead = (self.ahead - ceiling.per_ms * step).max(0.0);
                self.ceiling = Ceiling::OVER;
            } else if self.accepts(hazard.rate(now)) {
                self.struck = true;
                return Search::Fires(now);
            } else {
                self.propose_next();
            }
        }
        Search::Never
    }

    /// The ceiling in force, or a new one where its time is over or the drive has changed.
    #[inline]
    fn ceiling_at(&self, hazard: &impl Hazard, drive: f64, now: f64) -> Ceiling {
        if self.ceiling.ms > 0.0 && self.drive == drive {
            self.ceiling
        } else {
            hazard.ceiling(now)
        }
    }

    /// The time until the awaited proposal under this ceiling.
    #[inline]
    fn wait(&self, ceiling: Ceiling) -> f64 {
        if ceiling.per_ms > 0.0 { self.ahead / ceiling.per_ms } else { f64::INFINITY }
    }

    fn accepts(&self, rate: f64) -> bool {
        debug_assert!(rate <= self.ceiling.per_ms * (1.0 + 1e-9), "{rate} over {self:?}");
        let mut random = self.random();
        random.bits();
        random.uniform() * self.ceiling.per_ms < rate
    }

    fn propose_next(&mut self) {
        self.number += 1;
        self.ceiling = Ceiling::OVER;
        self.draw();
    }

    fn draw(&mut self) {
        self.ahead = self.random().exponential();
    }

    fn random(&self) -> Stream {
        Stream::new(self.stream.to_bits(), Purpose::Firing, 0, self.number)
    }
}

/// What decides about the next spike of a neuron whose ceiling never changes: when each proposal comes
/// is known in advance, as a tick and by how much of a tick it is before that. The same proposals as
/// [`Proposals`] makes of a ceiling that is always set to this value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    stream: f64,
    number: u64,
    /// Proposals to be expected in a tick.
    per_tick: f64,
    /// The tick at or after the proposal; once it is accepted, that of the spike.
    pub at: Tick,
    /// By how much of a tick it is before, below 1.
    pub before: f64,
    /// It is accepted at a share of the ceiling above this.
    needed: f64,
    accepted: bool,
}
value!(Steady { stream, number, per_tick, at, before, needed, accepted });

impl Steady {
    /// The first proposal of a neuron; it never comes at a rate of zero.
    pub fn new(stream: f64, per_tick: f64) -> Steady {
        let (at, before, needed, accepted) = (Tick::ZERO, 0.0, 0.0, false);
        let mut new = Steady { stream, number: 0, per_tick, at, before, needed, accepted };
        let mut random = Stream::new(stream.to_bits(), Purpose::Firing, 0, 0);
        new.await_it(random.exponential(), random.uniform());
        new
    }

    /// Whether the proposal has been accepted, and the neuron has not fired yet.
    #[inline]
    pub fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// The proposal has come, at this share of the ceiling.
    #[inline]
    pub fn decide(&mut self, share: f64, grid: Resolution, hand: &mut Hand) {
        if self.needed < share {
            // The next is counted from the spike.
            (self.accepted, self.at, self.before) = (true, grid.round_up(self.at), 0.0);
        } else {
            self.await_next(hand);
        }
    }

    /// The neuron has fired.
    #[inline]
    pub fn fire(&mut self, hand: &mut Hand) {
        self.accepted = false;
        self.await_next(hand);
    }

    /// Adds its bits to a digest.
    pub fn digest(&self, digest: &mut Digest) {
        digest.bytes(&self.number.to_le_bytes());
        digest.bytes(&self.at.0.to_le_bytes());
        [self.stream, self.before].into_iter().for_each(|value| digest.real(value));
        digest.bytes(&[u8::from(self.accepted)]);
    }

    #[inline]
    fn await_next(&mut self, hand: &mut Hand) {
        self.number += 1;
        let (ahead, needed) = hand.numbers(self.stream, self.number);
        self.await_it(ahead, needed);
    }

    /// From the proposal before to the one of this number, given how many were to be expected until then.
    #[inline]
    fn await_it(&mut self, ahead: f64, needed: f64) {
        let ticks = ahead / self.per_tick - self.before;
        self.needed = needed;
        if ticks >= Tick::MAX.0 as f64 {
            (self.at, self.before) = (NEVER, 0.0);
            return;
        }
        let whole = ticks as i64;
        let up = if (whole as f64) < ticks { whole + 1 } else { whole };
        // The one before lies less than a tick before its own tick, so this has none before that.
        debug_assert!(up >= 0, "{self:?}");
        self.at = Tick(self.at.0.saturating_add(up as u64));
        self.before = up as f64 - ticks;
    }
}

/// The random numbers of some proposals of one neuron in a row, drawn before they are needed: many at once
/// cost less than half of what they cost one by one. They follow from the neuron's stream and the numbers of the
/// proposals, so nobody needs to save them.
#[derive(Clone, Copy, Debug)]
pub struct Hand {
    /// Whose they are, and the first number; no proposal has the last number of all.
    stream: f64,
    first: u64,
    ahead: [f64; MANY],
    needed: [f64; MANY],
}

impl Hand {
    /// Nothing has been drawn.
    pub const EMPTY: Hand =
        Hand { stream: 0.0, first: u64::MAX, ahead: [0.0; MANY], needed: [0.0; MANY] };

    /// How many proposals are to be expected before the one of this number, and the uniform number that
    /// decides about it.
    #[inline]
    fn numbers(&mut self, stream: f64, number: u64) -> (f64, f64) {
        let mut place = number.wrapping_sub(self.first);
        if place >= MANY as u64 || self.stream.to_bits() != stream.to_bits() {
            self.draw(stream, number);
            place = 0;
        }
        (self.ahead[place as usize % MANY], self.needed[place as usize % MANY])
    }

    #[cold]
    #[inline(never)]
    fn draw(&mut self, stream: f64, first: u64) {
        (self.stream, self.first) = (stream, first);
        let streams = Streams::new(stream.to_bits(), Purpose::Firing, 0);
        streams.exponentials_and_uniforms(first, &mut self.ahead, &mut self.needed);
    }
}

/// The largest distance between the distribution of values and the uniform one on (0, 1), in
/// units of 1 / sqrt(n); 1.95 is exceeded once in a thousand.
#[cfg(test)]
pub fn kolmogorov(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let gap = |(k, x): (usize, &f64)| (x - k as f64 / n).abs().max((k as f64 + 1.0) / n - x);
    values.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::exp;

    /// A rate that falls, in 1/ms.
    struct Falling(f64);

    impl Hazard for Falling {
        fn rate(&self, ms: f64) -> f64 {
            4.0 * exp(-(self.0 + ms) / 20.0)
        }

        fn ceiling(&self, _: f64) -> Ceiling {
            Ceiling { per_ms: 4.0, ms: f64::INFINITY }
        }
    }

    /// The proposals of both kinds are the same, wherever time is cut: spikes at the same ticks of each grid.
    #[test]
    fn steady_proposals_are_those_under_one_ceiling() {
        for (grid, stream) in [(1, 0.25), (1, 0.75), (300_000, 0.5)] {
            let grid = Resolution::new(crate::base::Span(grid)).expect("it is not zero");
            let (mut now, mut expected) = (Tick::ZERO, Vec::new());
            let mut cut = Proposals::new(stream);
            while let Some(ms) = cut.next(&Falling(now.ms()), 0.0).filter(|_| now.ms() < 30.0) {
                let spike = grid.round_up(Tick(now.0 + (ms * 1e6).ceil() as u64));
                let middle = Tick(now.0 + (spike.0 - now.0) / 2);
                cut.advance(&Falling(now.ms()), 0.0, (middle - now).ms());
                cut.disturb();
                cut.advance(&Falling(middle.ms()), 0.0, (spike - middle).ms());
                cut.fire();
                expected.push(spike);
                now = spike;
            }
            let (mut steady, mut hand) = (Steady::new(stream, 4e-6), Hand::EMPTY);
            let mut found = Vec::new();
            while found.len() < expected.len() {
                if steady.is_accepted() {
                    found.push(steady.at);
                    steady.fire(&mut hand);
                } else {
                    let at = steady.at.ms() - steady.before * 1e-6;
                    steady.decide(Falling(0.0).rate(at) / 4.0, grid, &mut hand);
                }
            }
            assert!(expected.len() > 30, "{} spikes", expected.len());
            assert_eq!(found, expected);
        }
    }

    /// Whatever a hand holds, it gives the numbers of the proposal that is asked for.
    #[test]
    fn a_hand_gives_what_is_asked_for() {
        let mut hand = Hand::EMPTY;
        let after = |number: u64| [number, number + 1, number + 40, number + 3];
        for (stream, number) in [0.25, 0.5, 0.25]
            .into_iter()
            .flat_map(|stream| (0..60).flat_map(after).map(move |number| (stream, number)))
        {
            let mut random = Stream::new(f64::to_bits(stream), Purpose::Firing, 0, number);
            assert_eq!(hand.numbers(stream, number), (random.exponential(), random.uniform()));
        }
    }

    /// A neuron that never fires proposes nothing.
    #[test]
    fn without_a_rate_nothing_is_proposed() {
        assert_eq!(Steady::new(0.5, 0.0).at, NEVER);
    }
}
