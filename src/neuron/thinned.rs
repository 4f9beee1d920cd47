//! Models that fire at random: what they have in common.
//!
//! A model says what moves in it and how, and with which rate it fires; [`Thinned`] is that, and
//! from it follow the state with its dice and the whole of [`Dynamics`]. `hawkes.rs` is the
//! shortest example. How a random spike becomes a crossing is told in `thinning.rs`.

use super::receptor::LEAK;
use super::thinning::{Ceiling, Hazard, Proposals, STREAM};
use super::{Descriptor, Dynamics};
use crate::base::Span;
use crate::base::digest::Digest;
use crate::base::saved::{Value, value};

/// A model that fires at random, with a rate that follows from its state. Times are in ms, drives
/// in pA.
pub trait Thinned: Send + Sync + 'static {
    /// Derived from the parameters once per population.
    type Derived: Clone + Send + Sync;
    /// What a neuron is, but for what decides about its next spike.
    type Body: Copy + Value + Send + Sync;

    /// The model's data; one of the variables that are given is [`STREAM`].
    const PAGE: &'static Descriptor;

    /// The place of the stream among the page's variables: a page without one does not compile.
    const STREAM_PLACE: usize = stream_of(Self::PAGE);

    /// Derives the constants from parameter values in the page's order.
    fn derive(parameters: &[f64]) -> Self::Derived;

    /// The body with these values of the page's variables, the stream left out.
    fn start(derived: &Self::Derived, variables: &[f64]) -> Self::Body;

    /// The values of the page's variables, the stream left out: all that is in a body.
    fn values(body: &Self::Body) -> impl AsRef<[f64]>;

    /// Whether passing costs more the longer it takes. Then a search goes on from where it has been,
    /// and no further than it is asked to.
    const WALKS: bool = false;

    /// The value of a variable that follows from others, by its place behind those that are given.
    fn following(_derived: &Self::Derived, _body: &Self::Body, place: usize) -> f64 {
        unreachable!("{} has no variable {place} that follows", Self::PAGE.name)
    }

    /// The rate of spikes now, in 1/ms.
    fn rate(derived: &Self::Derived, body: &Self::Body) -> f64;

    /// A rate that is not exceeded for some time if nothing arrives: see [`Hazard::ceiling`].
    fn ceiling(derived: &Self::Derived, body: &Self::Body, drive: f64) -> Ceiling;

    /// Moves a body that integrates.
    fn pass(derived: &Self::Derived, body: &mut Self::Body, drive: f64, ms: f64);

    /// [`Thinned::pass`] by a whole number of ticks, for models that can look decays up.
    #[inline]
    fn pass_by(derived: &Self::Derived, body: &mut Self::Body, drive: f64, span: Span) {
        Self::pass(derived, body, drive, span.ms());
    }

    /// Moves a body that is refractory.
    #[inline]
    fn hold(derived: &Self::Derived, body: &mut Self::Body, ms: f64) {
        Self::pass(derived, body, 0.0, ms);
    }

    /// Folds one input in.
    fn take(derived: &Self::Derived, body: &mut Self::Body, weight: f64);

    /// What a spike does to the body that fires it.
    #[inline]
    fn spike(_derived: &Self::Derived, _body: &mut Self::Body) {}

    /// How long the neuron is refractory after a spike.
    #[inline]
    fn refractory(_derived: &Self::Derived) -> Span {
        Span::ZERO
    }

    /// Whether a leak can change while the neuron runs: see [`Dynamics::LEAKS`].
    const LEANS: bool = false;

    /// Adds to what a spike of the neuron does to itself. Must not change its rate.
    fn lean(_body: &mut Self::Body, _change: f64) {
        unreachable!("{} has no leak that changes", Self::PAGE.name)
    }
}

const fn stream_of(page: &Descriptor) -> usize {
    let mut place = 0;
    while place < page.variables.len() {
        if is_same(page.variables[place].name, STREAM.name) {
            return place;
        }
        place += 1;
    }
    panic!("a model that fires at random has a stream")
}

/// Whether two names are one, for what is known when the program is compiled.
const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

/// A body, and what decides about its next spike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State<B> {
    /// What moves, and what the neuron was given.
    pub body: B,
    proposals: Proposals,
}
value!(State<B> where [B: Value] { body, proposals });

/// A neuron that nothing reaches.
struct Free<'a, M: Thinned> {
    derived: &'a M::Derived,
    body: M::Body,
    drive: f64,
    /// For a model that walks: how far it has come, and what it was there.
    walked: std::cell::Cell<Option<(f64, M::Body)>>,
}

impl<M: Thinned> Free<'_, M> {
    #[inline]
    fn after(&self, ms: f64) -> M::Body {
        let mut body = self.body;
        let mut from = 0.0;
        if M::WALKS
            && let Some((walked, there)) = self.walked.get()
            && walked <= ms
        {
            (from, body) = (walked, there);
        }
        if ms > from {
            M::pass(self.derived, &mut body, self.drive, ms - from);
        }
        if M::WALKS {
            self.walked.set(Some((ms, body)));
        }
        body
    }
}

impl<M: Thinned> Hazard for Free<'_, M> {
    #[inline]
    fn rate(&self, ms: f64) -> f64 {
        M::rate(self.derived, &self.after(ms))
    }

    #[inline]
    fn ceiling(&self, ms: f64) -> Ceiling {
        M::ceiling(self.derived, &self.after(ms), self.drive)
    }
}

impl<B: Copy> State<B> {
    #[inline]
    fn free<'a, M>(&self, derived: &'a M::Derived, drive: f64) -> Free<'a, M>
    where
        M: Thinned<Body = B>,
    {
        Free { derived, body: self.body, drive, walked: std::cell::Cell::new(None) }
    }
}

impl<M: Thinned> Dynamics for M {
    type Constants = M::Derived;
    type State = State<M::Body>;
    const DESCRIPTOR: &'static Descriptor = M::PAGE;

    fn constants(parameters: &[f64]) -> M::Derived {
        M::derive(parameters)
    }

    fn initial(c: &M::Derived, variables: &[f64]) -> Self::State {
        let is_given = |v: &&super::Variable| v.is_given();
        let given = M::PAGE.variables.iter().filter(is_given).count();
        assert!(variables.len() >= given, "start values of {}", M::PAGE.name);
        let mut body = variables[..given].to_vec();
        let stream = body.remove(M::STREAM_PLACE);
        State { body: M::start(c, &body), proposals: Proposals::new(stream) }
    }

    #[inline]
    fn advance(c: &M::Derived, s: &mut Self::State, drive: f64, dt_ms: f64) {
        let free = s.free::<M>(c, drive);
        s.proposals.advance(&free, drive, dt_ms);
        M::pass(c, &mut s.body, drive, dt_ms);
    }

    #[inline]
    fn advance_by(c: &M::Derived, s: &mut Self::State, drive: f64, span: Span) {
        let free = s.free::<M>(c, drive);
        s.proposals.advance(&free, drive, span.ms());
        M::pass_by(c, &mut s.body, drive, span);
    }

    #[inline]
    fn advance_clamped(c: &M::Derived, s: &mut Self::State, dt_ms: f64) {
        M::hold(c, &mut s.body, dt_ms);
    }

    #[inline]
    fn receive(c: &M::Derived, s: &mut Self::State, weight: f64) {
        M::take(c, &mut s.body, weight);
        s.proposals.disturb();
    }

    #[inline]
    fn receive_clamped(c: &M::Derived, s: &mut Self::State, weight: f64) {
        Self::receive(c, s, weight);
    }

    const LEAKS: bool = M::LEANS;

    /// The rate is what it was, so ceilings stay in force.
    fn receive_on(_: &M::Derived, s: &mut Self::State, channel: u8, value: f64) {
        assert_eq!(channel, LEAK, "{} has no channel {channel}", M::PAGE.name);
        M::lean(&mut s.body, value);
    }

    #[inline]
    fn at_threshold(_: &M::Derived, s: &Self::State) -> bool {
        s.proposals.is_due()
    }

    #[inline]
    fn crossing(c: &M::Derived, s: &Self::State, drive: f64) -> Option<f64> {
        s.proposals.next(&s.free::<M>(c, drive), drive)
    }

    #[inline]
    fn crossing_within(
        c: &M::Derived,
        s: &Self::State,
        drive: f64,
        horizon_ms: f64,
    ) -> Result<Option<f64>, f64> {
        let horizon_ms = if M::WALKS { horizon_ms } else { f64::INFINITY };
        s.proposals.next_within(&s.free::<M>(c, drive), drive, horizon_ms)
    }

    #[inline]
    fn quiet(c: &M::Derived, s: &Self::State, drive: f64) -> f64 {
        s.proposals.quiet(&s.free::<M>(c, drive), drive)
    }

    #[inline]
    fn fire(c: &M::Derived, s: &mut Self::State) {
        M::spike(c, &mut s.body);
        s.proposals.fire();
    }

    #[inline]
    fn refractory(c: &M::Derived) -> Span {
        M::refractory(c)
    }

    fn observe(c: &M::Derived, s: &Self::State, variable: usize) -> f64 {
        let values = M::values(&s.body);
        let given = values.as_ref();
        if variable == M::STREAM_PLACE {
            return s.proposals.stream();
        }
        let place = variable - usize::from(variable > M::STREAM_PLACE);
        match place.checked_sub(given.len()) {
            None => given[place],
            Some(place) => M::following(c, &s.body, place),
        }
    }

    fn digest(s: &Self::State, digest: &mut Digest) {
        M::values(&s.body).as_ref().iter().for_each(|&value| digest.real(value));
        s.proposals.digest(digest);
    }
}

/// Runs a neuron that is never refractory through `inputs` and gives its intervals in the time of
/// its own hazard, as 1 - e^(-integral): whatever the rate does, they are uniform on (0, 1) (time
/// rescaling). The integral is taken by the midpoint rule with 16 points between two events.
#[cfg(test)]
pub fn time_rescaled<M: Thinned>(
    c: &M::Derived,
    variables: &[f64],
    drive: f64,
    inputs: &[super::cell::Input],
) -> Vec<f64> {
    use super::cell::{Cell, InputKind};
    use crate::base::{Resolution, Tick, math::exp};
    let mut cell = Cell::new::<M>(c, Resolution::FINEST, M::initial(c, variables), drive);
    let end = inputs.last().expect("there is input").at;
    let mut spikes = Vec::new();
    cell.run::<M>(c, Resolution::FINEST, inputs, end, &mut spikes);
    let mut events: Vec<(Tick, Option<f64>)> = spikes.into_iter().map(|at| (at, None)).collect();
    events.extend(inputs.iter().map(|input| match input.kind {
        InputKind::Spike(weight) => (input.at, Some(weight)),
        InputKind::On(..) | InputKind::Drive(_) => unreachable!("none was made"),
    }));
    events.sort_by_key(|event| event.0);
    let mut body = M::start(c, &variables[..variables.len() - 1]);
    let (mut now, mut hazard, mut rescaled) = (Tick::ZERO, 0.0, Vec::new());
    for (at, weight) in events {
        let ms = at.since(now).ms();
        for _ in 0..16 {
            M::pass(c, &mut body, drive, ms / 32.0);
            hazard += M::rate(c, &body) * ms / 16.0;
            M::pass(c, &mut body, drive, ms / 32.0);
        }
        now = at;
        if let Some(weight) = weight {
            M::take(c, &mut body, weight);
        } else {
            M::spike(c, &mut body);
            rescaled.push(1.0 - exp(-hazard));
            hazard = 0.0;
        }
    }
    rescaled
}
