//! `lif_alpha` in growing frames.

use super::{Alpha, Constants, LifAlpha, State, TAU_SYN_EX, TAU_SYN_IN};
use crate::base::{Growth, Span};
use crate::neuron::framed::{Framed, Grant, Octet, ROUNDING_MV, SHORTEST_QUIET_MS, Slot, TOKEN};
use crate::neuron::lif;
use crate::neuron::membrane::Filter;
use std::f64::consts::E;

/// The frame of a membrane and its two currents.
#[derive(Clone, Debug)]
pub struct Frame {
    membrane: Growth,
    excitatory: Channel,
    inhibitory: Channel,
    /// Whether both currents decay alike, so that one look-up serves both.
    alike: bool,
    /// The largest deflection by an arrival of 1 pA, in mV.
    peak_mv: f64,
}

/// One of the two currents in the frame.
#[derive(Clone, Debug)]
struct Channel {
    growth: Growth,
    /// Time constants in a tick.
    per_tick: f64,
    /// How far i_syn holds the membrane from where it goes alone, in mV / pA.
    held: f64,
    /// The same for di_syn.
    held_by_ramp: f64,
}

/// How one current stands to its modes.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// e^(s / tau), s being the time since the start of the frame.
    growth: f64,
    /// s / tau.
    since: f64,
}

/// The growth of the membrane's mode, and how the two currents stand to theirs.
#[derive(Clone, Copy, Debug)]
pub struct Factors {
    membrane: f64,
    excitatory: Course,
    inhibitory: Course,
}

/// What brings modes from one frame to the next.
#[derive(Clone, Copy, Debug)]
pub struct Renewal {
    /// What is left of each mode.
    left: Octet,
    /// The length of a frame in time constants of each current.
    lengths: [f64; 2],
}

impl Frame {
    /// What an arrival of this weight takes from the credit.
    #[inline]
    fn spent(&self, weight: f64) -> f64 {
        (weight * self.peak_mv).max(TOKEN)
    }
}

impl Channel {
    fn new(filter: &Filter) -> Channel {
        Channel {
            growth: Growth::new(filter.tau_ms),
            per_tick: Span(1).ms() / filter.tau_ms,
            held: filter.mv_per_pa_apart,
            held_by_ramp: filter.ramp_mv_per_pa_apart(),
        }
    }

    #[inline]
    fn course(&self, since: Span) -> Course {
        Course { growth: self.growth.over(since), since: since.0 as f64 * self.per_tick }
    }

    /// How far a current holds the membrane, in mV.
    #[inline]
    fn held_mv(&self, current: Alpha) -> f64 {
        self.held * current.i + self.held_by_ramp * current.g
    }
}

impl Course {
    /// The modes of a current.
    #[inline]
    fn freeze(self, current: Alpha) -> [f64; 2] {
        [(current.i - current.g * self.since) * self.growth, current.g * self.growth]
    }

    /// The current of two modes.
    #[inline]
    fn thaw(self, [still, rising]: [f64; 2]) -> Alpha {
        Alpha { i: (still + rising * self.since) / self.growth, g: rising / self.growth }
    }
}

/// Five modes: z of the membrane, then A and G of each current; two places stay empty.
///
/// With s the time since the start of the frame, u = s / tau and g = di_syn, between arrivals
/// ```text
/// i_syn e^u = A + G u        g e^u = G        A, G constant,
/// ```
/// for d(i_syn)/du = g - i_syn. An arrival of weight w adds e w to g, so e w e^u to G and
/// -e w u e^u to A. A current (i + g u) e^(-u) holds the membrane at (K i + H g + K g u) e^(-u)
/// with K = 1 / (C d), d = 1/tau_m - 1/tau, and H = -K / (tau d), so that
/// ```text
/// V - V_inf - sum over both currents of (K i_syn + H g) = z e^(-s / tau_m)
/// ```
/// and an arrival adds -H e w e^(s / tau_m) to z. From a frame to the next one, l time constants
/// later, A becomes (A + G l) e^(-l) and G becomes G e^(-l).
///
/// A and G u cancel where a current has just begun. A frame lasts for no more than 32 of the
/// shortest time constant, so u <= 32 and i_syn is exact to 32 units in the last place of what
/// has arrived, five of its 53 bits.
///
/// The limit is credit, in mV: an arrival of w pA lifts the membrane by no more than e w times the peak of
/// the response to (t / tau) e^(-t / tau), at any later time.
impl Framed for LifAlpha {
    type Slot = Octet;
    type Frame = Frame;
    type Factors = Factors;
    type Renewal = Renewal;

    const FRAME_PARAMETERS: &'static [usize] = &[lif::TAU_M, lif::C_M, TAU_SYN_EX, TAU_SYN_IN];

    const NOTHING: f64 = 0.0;

    fn frame(c: &Constants, _: bool) -> Option<Frame> {
        // Nearly equal time constants make K and H large and V a small difference.
        let apart = |filter: &Filter| filter.is_ramp_apart(&c.membrane);
        (apart(&c.excitatory) && apart(&c.inhibitory)).then(|| Frame {
            membrane: Growth::new(c.membrane.tau_m_ms),
            excitatory: Channel::new(&c.excitatory),
            inhibitory: Channel::new(&c.inhibitory),
            alike: c.alike,
            peak_mv: E * c.excitatory.ramp_peak_mv,
        })
    }

    fn fires_by_itself(c: &Constants, drive: f64) -> bool {
        c.membrane.v_inf_mv(drive) > c.membrane.v_th_mv
    }

    fn shortest_tau_ms(frame: &Frame) -> f64 {
        let Frame { membrane, excitatory, inhibitory, .. } = frame;
        membrane.tau_ms().min(excitatory.growth.tau_ms()).min(inhibitory.growth.tau_ms())
    }

    #[inline]
    fn factors(frame: &Frame, since: Span) -> Factors {
        let excitatory = frame.excitatory.course(since);
        let inhibitory = if frame.alike { excitatory } else { frame.inhibitory.course(since) };
        Factors { membrane: frame.membrane.over(since), excitatory, inhibitory }
    }

    #[inline]
    fn kick(frame: &Frame, factors: &Factors, weight: f64) -> Octet {
        let spent = -frame.spent(weight);
        let begun = Alpha { i: 0.0, g: E * weight };
        if weight >= 0.0 {
            let alone = -frame.excitatory.held_by_ramp * begun.g * factors.membrane;
            let [still, rising] = factors.excitatory.freeze(begun);
            Octet([alone, still, rising, 0.0, 0.0, 0.0, 0.0, spent])
        } else {
            let alone = -frame.inhibitory.held_by_ramp * begun.g * factors.membrane;
            let [still, rising] = factors.inhibitory.freeze(begun);
            Octet([alone, 0.0, 0.0, still, rising, 0.0, 0.0, spent])
        }
    }

    #[inline(always)]
    fn arrive(slot: &mut Octet, kick: &Octet, factors: &Factors) -> bool {
        slot.add(kick);
        Self::is_reached(slot, factors)
    }

    #[inline(always)]
    fn is_reached(slot: &Octet, _: &Factors) -> bool {
        slot.limit() < 0.0
    }

    #[inline]
    fn freeze(frame: &Frame, c: &Constants, s: &State, drive: f64, factors: &Factors) -> Octet {
        let held = frame.excitatory.held_mv(s.excitatory) + frame.inhibitory.held_mv(s.inhibitory);
        let alone = (s.v_mv - c.membrane.v_inf_mv(drive) - held) * factors.membrane;
        let [still_ex, rising_ex] = factors.excitatory.freeze(s.excitatory);
        let [still_in, rising_in] = factors.inhibitory.freeze(s.inhibitory);
        Octet([alone, still_ex, rising_ex, still_in, rising_in, 0.0, 0.0, 0.0])
    }

    #[inline]
    fn thaw(frame: &Frame, c: &Constants, slot: &Octet, drive: f64, factors: &Factors) -> State {
        let [alone, still_ex, rising_ex, still_in, rising_in, ..] = slot.0;
        let excitatory = factors.excitatory.thaw([still_ex, rising_ex]);
        let inhibitory = factors.inhibitory.thaw([still_in, rising_in]);
        let held = frame.excitatory.held_mv(excitatory) + frame.inhibitory.held_mv(inhibitory);
        let v_mv = c.membrane.v_inf_mv(drive) + (alone / factors.membrane + held);
        State { v_mv, excitatory, inhibitory }
    }

    fn thaw_held(frame: &Frame, c: &Constants, slot: &Octet, factors: &Factors) -> State {
        State { v_mv: c.membrane.v_reset_mv, ..Self::thaw(frame, c, slot, 0.0, factors) }
    }

    #[inline]
    fn take_back(c: &Constants, s: &mut State) {
        if s.v_mv < c.membrane.v_th_mv + ROUNDING_MV {
            s.v_mv = s.v_mv.min(c.membrane.v_th_mv);
        }
    }

    fn renewal(frame: &Frame, length: Span) -> Renewal {
        let end = Self::factors(frame, length);
        let [membrane, excitatory, inhibitory] =
            [end.membrane, end.excitatory.growth, end.inhibitory.growth].map(|growth| 1.0 / growth);
        let left = [membrane, excitatory, excitatory, inhibitory, inhibitory, 0.0, 0.0, 1.0];
        Renewal { left: Octet(left), lengths: [end.excitatory.since, end.inhibitory.since] }
    }

    #[inline]
    fn renew(renewal: &Renewal, slot: &mut Octet) -> bool {
        slot.0[1] += slot.0[2] * renewal.lengths[0];
        slot.0[3] += slot.0[4] * renewal.lengths[1];
        slot.scale(&renewal.left)
    }

    #[inline]
    fn grant(_: &Frame, c: &Constants, s: &State, drive: f64, _: &Factors) -> Option<Grant> {
        let m = &c.membrane;
        let gap = m.v_th_mv - s.v_mv;
        if gap <= 0.0 {
            return None;
        }
        // Rounding must not make more of it.
        let limit = |credit: f64| credit * (1.0 - 1e-9);
        let (peak_mv, _) = c.lift(c.currents(s));
        let for_ever = m.v_th_mv - s.v_mv.max(m.v_inf_mv(drive)) - peak_mv;
        if for_ever >= 0.5 * gap {
            return Some(Grant { limit: limit(for_ever), quiet_ms: f64::INFINITY });
        }
        for credit in [0.5 * gap, 0.0] {
            let outlook = c.outlook_below(s, drive, gap - credit, credit);
            let quiet_ms = outlook.quiet(m.tau_m_ms);
            if quiet_ms >= SHORTEST_QUIET_MS {
                return Some(Grant { limit: limit(credit), quiet_ms });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::REST;
    use super::*;
    use crate::base::random::{Purpose, Stream};
    use crate::neuron::Dynamics;

    /// REST with these time constants of the membrane and the two currents.
    fn with_taus([tau_m, excitatory, inhibitory]: [f64; 3]) -> Constants {
        let mut p = REST;
        (p[lif::TAU_M], p[TAU_SYN_EX], p[TAU_SYN_IN]) = (tau_m, excitatory, inhibitory);
        LifAlpha::constants(&p)
    }

    /// The largest difference of two states, each current measured by what drives it.
    fn distance(exact: &State, found: &State) -> f64 {
        let apart =
            |a: Alpha, b: Alpha| (a.i - b.i).abs().max((a.g - b.g).abs()) / (a.i.abs() + a.g.abs());
        ((exact.v_mv - found.v_mv) / exact.v_mv)
            .abs()
            .max(apart(exact.excitatory, found.excitatory))
            .max(apart(exact.inhibitory, found.inhibitory))
    }

    #[test]
    fn the_frame_holds_what_the_equations_do_over_many_frames() {
        let cases = [[10.0, 2.0, 5.0], [10.0, 0.326, 0.326], [5.0, 17.0, 1.0], [7.3, 0.5, 5.5]];
        for (seed, taus) in cases.into_iter().enumerate() {
            let c = with_taus(taus);
            let frame = LifAlpha::frame(&c, false).expect("these time constants are apart");
            let length = Span((32e6 * LifAlpha::shortest_tau_ms(&frame)) as u64);
            let renewal = LifAlpha::renewal(&frame, length);
            let factors = |since| LifAlpha::factors(&frame, Span(since));
            let mut random = Stream::new(seed as u64, Purpose::Initial, 0, 0);
            let mut exact = LifAlpha::initial(&c, &[-63.0, 40.0, -25.0, 300.0, -90.0]);
            let mut slot = LifAlpha::freeze(&frame, &c, &exact, 50.0, &factors(0));
            let mut since = 0;
            for step in 0..1000 {
                let span = Span(random.below(length.0 / 20));
                LifAlpha::advance(&c, &mut exact, 50.0, span.ms());
                since += span.0;
                if since >= length.0 {
                    assert!(LifAlpha::renew(&renewal, &mut slot));
                    since -= length.0;
                }
                let weight = 300.0 * (random.uniform() - 0.45);
                LifAlpha::receive(&c, &mut exact, weight);
                slot.add(&LifAlpha::kick(&frame, &factors(since), weight));
                let found = LifAlpha::thaw(&frame, &c, &slot, 50.0, &factors(since));
                let error = distance(&exact, &found);
                assert!(error < 1e-12, "{taus:?}, {step}: {exact:?} {found:?} {error:e}");
                let held = LifAlpha::thaw_held(&frame, &c, &slot, &factors(since));
                assert_eq!(held, State { v_mv: c.membrane.v_reset_mv, ..held });
                assert!(distance(&State { v_mv: held.v_mv, ..exact }, &held) < 1e-12);
            }
            // Left alone, what stays behind is nothing.
            let renewals = (0..1000).take_while(|_| LifAlpha::renew(&renewal, &mut slot)).count();
            assert!((10..1000).contains(&renewals), "{taus:?}: {renewals}");
        }
    }

    #[test]
    fn time_constants_that_are_nearly_equal_have_no_frame() {
        for near in [10.0, 10.0 + 1e-6, 9.0, 11.0] {
            assert!(LifAlpha::frame(&with_taus([10.0, near, 1.0]), false).is_none(), "{near}");
            assert!(LifAlpha::frame(&with_taus([10.0, 1.0, near]), false).is_none(), "{near}");
        }
        assert!(LifAlpha::frame(&with_taus([10.0, 7.0, 15.0]), false).is_some());
    }

    #[test]
    fn an_arrival_spends_the_most_that_it_lifts() {
        let c = LifAlpha::constants(&REST);
        let frame = LifAlpha::frame(&c, false).expect("these time constants are apart");
        let lift = |weight: f64| {
            let mut s = LifAlpha::initial(&c, &[-70.0, 0.0, 0.0, 0.0, 0.0]);
            LifAlpha::receive(&c, &mut s, weight);
            let later = |step: u32| c.moved(&s, 0.0, f64::from(step) * 0.01).0.v_mv + 70.0;
            (0..4000).map(later).fold(0.0, f64::max)
        };
        let spent = frame.spent(120.0);
        assert!(lift(120.0) <= spent && spent < 1.0001 * lift(120.0), "{spent}");
        let slot = LifAlpha::kick(&frame, &LifAlpha::factors(&frame, Span(1234)), 120.0);
        assert_eq!(slot.limit(), -spent);
        assert_eq!((lift(-120.0), frame.spent(-120.0)), (0.0, TOKEN));
    }

    #[test]
    fn a_grant_holds_whatever_it_is_spent_on() {
        let mut random = Stream::new(1, Purpose::Initial, 0, 1);
        let mut held = 0;
        for [tau_ex, tau_in] in [[2.0, 2.0], [2.0, 5.0], [5.0, 0.5], [17.0, 1.0]] {
            let c = with_taus([10.0, tau_ex, tau_in]);
            let frame = LifAlpha::frame(&c, false).expect("these time constants are apart");
            for _ in 0..1000 {
                let mut within = |low: f64, high: f64| low + (high - low) * random.uniform();
                let start = [
                    within(-75.0, -55.0),
                    within(-200.0, 400.0),
                    within(-400.0, 200.0),
                    within(-200.0, 600.0),
                    within(-600.0, 200.0),
                ];
                let drive = within(-100.0, 500.0);
                let mut s = LifAlpha::initial(&c, &start);
                let now = LifAlpha::factors(&frame, Span::ZERO);
                let Some(grant) = LifAlpha::grant(&frame, &c, &s, drive, &now) else { continue };
                // All of it at once is spent at a random time.
                let at = within(0.0, grant.quiet_ms.min(20.0));
                let weight = grant.limit / frame.spent(1.0);
                let steps = 200;
                let mut now = 0.0;
                for stretch in [at, grant.quiet_ms.min(at + 60.0) - at] {
                    for _ in 0..steps {
                        LifAlpha::advance(&c, &mut s, drive, stretch / f64::from(steps));
                        assert!(
                            s.v_mv <= c.membrane.v_th_mv + 1e-12,
                            "{start:?} {drive} {grant:?}"
                        );
                    }
                    now += stretch;
                    LifAlpha::receive(&c, &mut s, weight);
                }
                held += u32::from(now > 0.0);
            }
        }
        assert!(held > 2000, "{held} grants");
    }
}
