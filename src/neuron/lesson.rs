//! What a neuron tells the synapses on it about its error, in a form that costs them nothing.
//!
//! A rule of the kind dw/dt = eta e(t) x(t), with an error e that belongs to the target and a trace x
//! that decays with a time constant tau after each arrival, needs of the target only
//!
//! ```text
//! K(t) = integral from r to t of e(s) exp(-(s - r) / tau) ds
//! ```
//!
//! since between two arrivals, at t1 and t2, x(s) = x(t1) exp(-(s - t1) / tau), and the weight changes by
//! eta x(t1) exp((t1 - r) / tau) (K(t2) - K(t1)). One number for each target, whatever the number of its
//! synapses, and no history. The reference r moves on: time is cut into epochs of [`EPOCH_TAUS`] tau,
//! counted from the start of the run, and each epoch has a K of its own. What an epoch came to is an
//! event for the synapses like an arrival; a trace counts as zero from the [`KEPT`]th epoch after its
//! spike's own on (it is below 1e-13 there), so a neuron must remember no more than that many totals since it last
//! told its synapses, however long it is silent.
//!
//! For a rule that smooths the change of its weights with another time constant D a neuron keeps a second
//! total beside K,
//!
//! ```text
//! L(t) = integral from r to t of e(s) exp(-(s - r) / tau) exp((s - r) / D) ds
//! ```
//!
//! of which exp(-(t - r) / D) L(t) is what is still pending at t. It is zero where the neuron is not asked
//! for it.

use crate::base::saved::value;
use crate::base::{Span, Tick};

/// Length of an epoch in time constants: the weight exp(-8) in its end costs four digits of sixteen.
pub const EPOCH_TAUS: f64 = 8.0;
/// In so many epochs, its own included, a spike has an effect.
pub const KEPT: usize = 5;

/// The length of an epoch for a time constant.
pub fn epoch(tau_ms: f64) -> Span {
    Span::from_ms(EPOCH_TAUS * tau_ms).map_or(Span(1), |span| span.max(Span(1)))
}

/// The running total of one neuron, and those of epochs that its synapses have not been told of.
///
/// Invariants: `into` is less than an epoch; the totals in `ends` are those of the epochs from `first`
/// on, without a gap; those that are missing after them matter to nobody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesson {
    /// The number of the epoch.
    pub epoch: u64,
    /// K, in ms.
    pub total: f64,
    /// L, in ms.
    pub second: f64,
    /// How far the epoch has come.
    into: Span,
    /// exp(-into / tau).
    faded: f64,
    first: u64,
    count: usize,
    ends: [[f64; 2]; KEPT],
}
value!(Lesson { epoch, total, second, into, faded, first, count, ends });

impl Lesson {
    /// At the start of a run.
    pub const START: Lesson = Lesson {
        epoch: 0,
        total: 0.0,
        second: 0.0,
        into: Span::ZERO,
        faded: 1.0,
        first: 0,
        count: 0,
        ends: [[0.0; 2]; KEPT],
    };

    /// Whether epochs have ended since the synapses were told last.
    #[inline]
    pub fn has_ends(&self) -> bool {
        self.count > 0
    }

    /// Their ends and both totals, given the length of an epoch.
    pub fn ends(&self, length: Span) -> impl Iterator<Item = (Tick, [f64; 2])> + '_ {
        let ends = self.ends[..self.count].iter().zip(self.first + 1..);
        ends.map(move |(&totals, number)| (Tick(number * length.0), totals))
    }

    /// How far the epoch has come.
    #[inline]
    pub fn into_epoch(&self) -> Span {
        self.into
    }

    /// The synapses have been told.
    pub fn told(&mut self) {
        (self.count, self.first) = (0, self.epoch);
    }

    /// Whether a stretch of time ends in the epoch in which it begins.
    #[inline]
    pub fn fits(&self, length: Span, span: Span) -> bool {
        self.into.0 + span.0 < length.0
    }

    /// Lets time pass that fits into the epoch. `decay` is exp(-span / tau), `piece` the integral of the
    /// error over the stretch, its weight beginning at one, and what that adds to the second total.
    #[inline]
    pub fn pass(&mut self, span: Span, decay: f64, [piece, second]: [f64; 2]) {
        self.total += self.faded * piece;
        self.second += second;
        self.faded *= decay;
        self.into = Span(self.into.0 + span.0);
    }

    /// Adds what an instant is worth, in ms: an error that is a spike. `second` is its weight in the second
    /// total.
    #[inline]
    pub fn add(&mut self, area: f64, second: f64) {
        self.total += self.faded * area;
        self.second += second * area;
    }

    /// Lets any time pass. `over` gives exp(-span / tau); `piece` gives the integral of the error over a
    /// stretch that begins so long after the present and takes so long, its weight beginning at one, and what
    /// that adds to the second total if the stretch begins so far into its epoch.
    pub fn advance(
        &mut self,
        length: Span,
        span: Span,
        over: impl Fn(Span) -> f64,
        piece: impl Fn(Span, Span, Span) -> [f64; 2],
    ) {
        let mut done = Span::ZERO;
        while !self.fits(length, Span(span.0 - done.0)) {
            let part = Span(length.0 - self.into.0);
            if self.count < KEPT {
                let [piece, second] = piece(done, part, self.into);
                self.total += self.faded * piece;
                self.second += second;
            }
            self.end_epoch();
            done = Span(done.0 + part.0);
            // What nobody will ask for need not be worked out.
            let whole = (span.0 - done.0) / length.0;
            if self.count == KEPT && whole > 0 {
                self.epoch += whole;
                done = Span(done.0 + whole * length.0);
            }
        }
        let rest = Span(span.0 - done.0);
        if rest > Span::ZERO {
            self.pass(rest, over(rest), piece(done, rest, self.into));
        }
    }

    fn end_epoch(&mut self) {
        if self.count == 0 {
            self.first = self.epoch;
        }
        if self.count < KEPT {
            self.ends[self.count] = [self.total, self.second];
            self.count += 1;
        }
        self.epoch += 1;
        (self.total, self.second, self.into, self.faded) = (0.0, 0.0, Span::ZERO, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::exp;

    /// An error of one: the integral over an epoch is tau (1 - e^-8), however time is cut.
    #[test]
    fn totals_do_not_depend_on_how_time_is_cut() {
        let (tau, length) = (10.0, epoch(10.0));
        let over = |span: Span| exp(-span.ms() / tau);
        // The second total of an error without weight is time.
        let piece = |_: Span, span: Span, _: Span| [tau * (1.0 - exp(-span.ms() / tau)), span.ms()];
        let whole = tau * (1.0 - exp(-EPOCH_TAUS));
        for step in [777_777u64, 80_000_000, 33_000_001, 399_999_999, 5_000_000_000] {
            let mut lesson = Lesson::START;
            let mut now = 0;
            while now < 380_000_000 {
                let span = step.min(380_000_000 - now);
                lesson.advance(length, Span(span), over, piece);
                now += span;
            }
            assert_eq!(lesson.epoch, 4);
            let ends: Vec<_> = lesson.ends(length).collect();
            assert_eq!(ends.len(), 4);
            for (number, (at, [total, second])) in ends.into_iter().enumerate() {
                assert!((second - length.ms()).abs() < 1e-9);
                assert_eq!(at, Tick((number as u64 + 1) * length.0));
                assert!((total - whole).abs() < 1e-12, "{step} {number}: {total}");
            }
            assert!((lesson.total - tau * (1.0 - exp(-6.0))).abs() < 1e-12);
            lesson.told();
            assert!(!lesson.has_ends());
        }
    }

    #[test]
    fn a_long_silence_leaves_the_first_totals_and_the_last() {
        let (tau, length) = (10.0, epoch(10.0));
        let over = |span: Span| exp(-span.ms() / tau);
        let piece = |from: Span, span: Span, _: Span| [from.ms() * span.ms(), 0.0];
        let mut lesson = Lesson::START;
        lesson.advance(length, Span(40_000_000), over, piece);
        lesson.advance(length, Span(1_000 * length.0), over, piece);
        assert_eq!(lesson.epoch, 1_000);
        assert_eq!(lesson.ends(length).count(), KEPT);
        assert_eq!(lesson.ends(length).last().unwrap().0, Tick(KEPT as u64 * length.0));
        // Half an epoch, which began 999.5 epochs after the start of the advance.
        let expected = 999.5 * length.ms() * 0.5 * length.ms();
        assert!((lesson.total / expected - 1.0).abs() < 1e-12, "{}", lesson.total);
    }
}
