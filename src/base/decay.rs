//! e^(-t / tau) for whole numbers of ticks, from tables.
//!
//! An arrival is a decay followed by an addition, and a call of `exp` would cost more than
//! everything else about it. A span of t ticks is written in base 2^10; the decay over each digit
//! is looked up and the product taken: three loads and two multiplications for any span below a
//! second, with a relative error of at most three units in the last place. Longer spans call
//! [`math::exp`].
//!
//! Whoever has the same time constant on the same thread has the same tables: two of them would push each other out
//! of the first cache.

use super::{Span, math};
use std::cell::RefCell;
use std::sync::{Arc, Weak};

const DIGIT_BITS: u32 = 10;
const DIGIT: usize = 1 << DIGIT_BITS;

/// Decay over 0..1024 ticks, over as many times 2^10 ticks, over as many times 2^20 ticks: 24 KiB.
type Tables = [[f64; DIGIT]; 3];

thread_local! {
    /// The tables that are in use, by the bits of their time constants.
    static IN_USE: RefCell<Vec<(u64, Weak<Tables>)>> = const { RefCell::new(Vec::new()) };
}

/// A time constant with its tables.
#[derive(Clone, Debug)]
pub struct Decay {
    tau_ms: f64,
    tables: Arc<Tables>,
}

impl Decay {
    /// The decay with time constant `tau_ms` > 0.
    pub fn new(tau_ms: f64) -> Decay {
        let bits = tau_ms.to_bits();
        let tables = IN_USE.with_borrow_mut(|in_use| {
            let held =
                in_use.iter().find(|(of, _)| *of == bits).and_then(|(_, held)| held.upgrade());
            held.unwrap_or_else(|| {
                let new = Arc::new(tables(tau_ms));
                in_use.retain(|(_, held)| held.strong_count() > 0);
                in_use.push((bits, Arc::downgrade(&new)));
                new
            })
        });
        Decay { tau_ms, tables }
    }

    /// The time constant in ms.
    pub fn tau_ms(&self) -> f64 {
        self.tau_ms
    }

    /// e^(-span / tau). Exactly 1 for no time.
    #[inline]
    pub fn over(&self, span: Span) -> f64 {
        let ticks = span.0;
        let digit = |place: u32| (ticks >> (place * DIGIT_BITS)) as usize & (DIGIT - 1);
        let [low, middle, high] = &*self.tables;
        if ticks >> (2 * DIGIT_BITS) == 0 {
            return low[digit(0)] * middle[digit(1)];
        }
        if ticks >> (3 * DIGIT_BITS) == 0 {
            return low[digit(0)] * middle[digit(1)] * high[digit(2)];
        }
        math::exp(-span.ms() / self.tau_ms)
    }
}

fn tables(tau_ms: f64) -> Tables {
    let table = |digit: u32| {
        std::array::from_fn(|index| {
            let span = Span((index as u64) << (digit * DIGIT_BITS));
            math::exp(-span.ms() / tau_ms)
        })
    };
    [table(0), table(1), table(2)]
}

/// e^(+t / tau) for whole numbers of ticks, from the same kind of tables: what a decaying quantity
/// is multiplied by to stand still.
#[derive(Clone, Debug)]
pub struct Growth(Growths<1>);

impl Growth {
    /// The growth with time constant `tau_ms` > 0.
    pub fn new(tau_ms: f64) -> Growth {
        Growth(Growths::new([tau_ms]))
    }

    /// The time constant in ms.
    pub fn tau_ms(&self) -> f64 {
        self.0.taus_ms()[0]
    }

    /// e^(span / tau), for spans below 2^30 ticks, about a second. Exactly 1 for no time.
    #[inline]
    pub fn over(&self, span: Span) -> f64 {
        let [growth] = self.0.over(span);
        growth
    }
}

/// Several growths at once. What belongs to one span lies side by side, so that a look-up
/// touches as few lines of the cache as that of one growth.
#[derive(Clone, Debug)]
pub struct Growths<const N: usize> {
    taus_ms: [f64; N],
    tables: Box<[[[f64; N]; DIGIT]; 3]>,
}

impl<const N: usize> Growths<N> {
    /// The growths with these time constants, all > 0.
    pub fn new(taus_ms: [f64; N]) -> Growths<N> {
        let each = taus_ms.map(|tau_ms| tables(-tau_ms));
        let table = |digit: usize| {
            std::array::from_fn(|index| std::array::from_fn(|n| each[n][digit][index]))
        };
        Growths { taus_ms, tables: Box::new([table(0), table(1), table(2)]) }
    }

    /// The time constants in ms.
    pub fn taus_ms(&self) -> [f64; N] {
        self.taus_ms
    }

    /// e^(span / tau) for each of them, for spans below 2^30 ticks. Exactly 1 for no time.
    #[inline]
    pub fn over(&self, span: Span) -> [f64; N] {
        let ticks = span.0;
        debug_assert!(ticks >> (3 * DIGIT_BITS) == 0, "{span:?} is beyond the tables");
        let digit = |place: u32| (ticks >> (place * DIGIT_BITS)) as usize & (DIGIT - 1);
        let [low, middle, high] = &*self.tables;
        let (low, middle, high) = (&low[digit(0)], &middle[digit(1)], &high[digit(2)]);
        std::array::from_fn(|n| low[n] * (middle[n] * high[n]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    #[test]
    fn tables_agree_with_the_exponential() {
        let mut random = Stream::new(1, Purpose::Initial, 0, 0);
        for tau in [0.326, 2.0, 20.0, 1000.0] {
            let decay = Decay::new(tau);
            assert_eq!(decay.over(Span::ZERO), 1.0);
            for _ in 0..20_000 {
                let span = Span(random.bits() >> (30 + random.below(30)));
                let exact = math::exp(-span.ms() / tau);
                // The argument of `exp` is itself rounded: its error grows with span / tau.
                let allowed = 1e-15 + span.ms() / tau * 3e-16;
                let error = (decay.over(span) - exact).abs();
                assert!(error <= exact * allowed + 1e-300, "{tau} {span:?} {error:e}");
            }
        }
    }

    #[test]
    fn tables_are_shared_while_they_are_in_use() {
        let of = |decay: &Decay| Arc::as_ptr(&decay.tables);
        let (one, other) = (Decay::new(7.5), Decay::new(7.25));
        assert_eq!(of(&one), of(&Decay::new(7.5)));
        assert_ne!(of(&one), of(&other));
        let gone = Arc::downgrade(&one.tables);
        drop(one);
        assert!(gone.upgrade().is_none(), "nobody needs them any more");
        assert_eq!(Decay::new(7.5).over(Span(3)), math::exp(-Span(3).ms() / 7.5));
    }

    #[test]
    fn growth_undoes_decay() {
        let mut random = Stream::new(2, Purpose::Initial, 0, 0);
        for tau in [0.326, 2.0, 20.0, 1000.0] {
            let growth = Growth::new(tau);
            assert_eq!(growth.over(Span::ZERO), 1.0);
            for _ in 0..20_000 {
                let longest = (32.0 * tau * 1e6) as u64;
                let span = Span(random.below(longest.min(1 << 30)));
                let exact = math::exp(span.ms() / tau);
                let allowed = 1e-15 + span.ms() / tau * 3e-16;
                let error = (growth.over(span) / exact - 1.0).abs();
                assert!(error <= allowed, "{tau} {span:?} {error:e}");
            }
        }
    }

    #[test]
    fn longer_spans_never_decay_less() {
        let decay = Decay::new(20.0);
        let edges = [1u64 << 10, 1 << 20, 1 << 30];
        for edge in edges {
            for ticks in edge - 100..edge + 100 {
                let (now, next) = (decay.over(Span(ticks)), decay.over(Span(ticks + 1)));
                assert!(next <= now * (1.0 + 4e-16), "{ticks}");
            }
        }
    }
}
