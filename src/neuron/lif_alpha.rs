//! `lif_alpha`: leaky integrate-and-fire neuron with alpha-shaped synaptic currents.

use super::framed::{Framed, Octet, SHORTEST_QUIET_MS, Slot, Spare, TOKEN};
use super::lif::{self, E_L, Membrane};
use super::membrane::{Filter, Outlook, Relaxation, first_crossing};
use super::{Descriptor, Dynamics, Initial, Variable};
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::{Growth, Span, Unit};
use std::f64::consts::E;

const TAU_SYN_EX: usize = 6;
const TAU_SYN_IN: usize = 7;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "lif_alpha",
    summary: "leaky integrate-and-fire, alpha-shaped synaptic currents (NEST iaf_psc_alpha)",
    manual: "\
Leaky integrate-and-fire neuron with alpha-shaped synaptic currents. An arrival of weight w adds

    w (e t / tau) e^(-t / tau)

to the current, t after the arrival: it rises from zero to w at t = tau and decays.

    tau_m dV/dt = -(V - e_l) + (tau_m / c_m) (i_e + i_syn_ex + i_syn_in)
    tau_syn_ex d(i_syn_ex)/dt = -i_syn_ex + di_syn_ex      tau_syn_ex d(di_syn_ex)/dt = -di_syn_ex
    tau_syn_in d(i_syn_in)/dt = -i_syn_in + di_syn_in      tau_syn_in d(di_syn_in)/dt = -di_syn_in
    di_syn_ex -> di_syn_ex + e w    at an arrival of weight w >= 0 (pA)
    di_syn_in -> di_syn_in + e w    at an arrival of weight w < 0 (pA)
    V reaches v_th                  spike; V = v_reset, held for t_ref

di_syn_ex and di_syn_in are currents (pA): NEST's variables dI_syn times the time constant.

Between events, with V_inf = e_l + i_e tau_m / c_m and d = 1/tau_m - 1/tau,

    V(t) = V_inf + (V - V_inf) e^(-t/tau_m) + sum over both currents of (i_syn P + di_syn Q)
    P(t, tau) = (e^(-t/tau) - e^(-t/tau_m)) / (c_m d)
    Q(t, tau) = ((d t - 1) e^(-t/tau) + e^(-t/tau_m)) / (c_m tau d^2)

which are evaluated in forms that keep their digits for time constants that are equal (then
P = (t / c_m) e^(-t/tau_m) and Q = t / (2 tau) P) or nearly so.

The first crossing is found wherever it lies, also where V rises above threshold and falls again
between two arrivals, or only touches it. A membrane set above v_th at the start fires at the
first grid point; one exactly at v_th fires only if it rises. A drive that puts V_inf exactly at
v_th does not fire without input.

In refractoriness V is held at v_reset while the currents go on and take input. The neuron is
refractory in (t, t + t_ref]: an input at the very end still finds V held, but its current acts
from then on. This is NEST's iaf_psc_alpha without its grid.

A period asked for i_e can be met up to about 36 tau_m; beyond, the excess of V_inf over v_th is
less than a double resolves.

Source: Rotter and Diesmann 1999, doi 10.1007/s004220050570; crossings: Hanuschkin et al. 2010,
doi 10.3389/fninf.2010.00113.",
    parameters: &[
        lif::tau_m(),
        lif::c_m(),
        lif::t_ref(),
        lif::e_l(),
        lif::v_reset(),
        lif::v_th(),
        lif::tau_syn_ex(),
        lif::tau_syn_in(),
        lif::i_e(),
    ],
    variables: &[
        Variable {
            name: "v_m",
            unit: Unit::Mv,
            initial: Initial::Parameter(E_L),
            doc: "membrane potential",
        },
        Variable {
            name: "i_syn_ex",
            unit: Unit::Pa,
            initial: Initial::Value(0.0),
            doc: "excitatory synaptic current",
        },
        Variable {
            name: "i_syn_in",
            unit: Unit::Pa,
            initial: Initial::Value(0.0),
            doc: "inhibitory synaptic current",
        },
        Variable {
            name: "di_syn_ex",
            unit: Unit::Pa,
            initial: Initial::Value(0.0),
            doc: "what the excitatory current relaxes towards",
        },
        Variable {
            name: "di_syn_in",
            unit: Unit::Pa,
            initial: Initial::Value(0.0),
            doc: "what the inhibitory current relaxes towards",
        },
    ],
    input: Unit::Pa,
    check: lif::check_reset_below_threshold,
    current_for_period: Some(lif::current_for_period),
};

/// See the [manual page](Descriptor::manual).
pub struct LifAlpha;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    membrane: Membrane,
    excitatory: Filter,
    inhibitory: Filter,
    /// Whether both currents decay alike, so that their sum is one of them.
    alike: bool,
    /// e^(-t/tau) is zero for every time constant after this time.
    horizon_ms: f64,
}

/// A current (i + g t / tau) e^(-t / tau), in pA.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Alpha {
    i: f64,
    g: f64,
}

/// Membrane potential and the two currents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
    excitatory: Alpha,
    inhibitory: Alpha,
}

impl Alpha {
    fn is_silent(self) -> bool {
        self.i == 0.0 && self.g == 0.0
    }

    /// The current `dt_over_tau` time constants later, `decay` being e^(-dt / tau).
    #[inline]
    fn decayed(self, dt_over_tau: f64, decay: f64) -> Alpha {
        Alpha { i: (self.i + self.g * dt_over_tau) * decay, g: self.g * decay }
    }

    /// tau times the derivative, which has the same form.
    #[inline]
    fn derivative(self) -> Alpha {
        Alpha { i: self.g - self.i, g: -self.g }
    }

    /// A bound on the largest value to come, or zero.
    ///
    /// With g <= 0 or g <= i the form only falls while positive. Otherwise it peaks at
    /// t = tau (1 - q), q = i / g < 1, with value (g / e) e^q; and e^q <= 1 + q + (e - 2) q^2 for q
    /// in [0, 1], e^q <= 1 below.
    #[inline]
    fn largest(self) -> f64 {
        let Alpha { i, g } = self;
        if g <= 0.0 || i >= g {
            return i.max(0.0);
        }
        let q = (i / g).max(0.0);
        g / E * (1.0 + q + (E - 2.0) * q * q) * (1.0 + 1e-12)
    }

    /// Bounds on the lift through `filter`: in mV, and in mV times e^(-t / tau_m).
    #[inline]
    fn lift(self, filter: &Filter) -> (f64, f64) {
        let weighed = |amount: f64, bound: f64| if amount > 0.0 { amount * bound } else { 0.0 };
        (
            weighed(self.i, filter.peak_mv) + weighed(self.g, filter.ramp_peak_mv),
            weighed(self.i, filter.reach_mv) + weighed(self.g, filter.ramp_reach_mv),
        )
    }
}

impl Constants {
    /// Two currents that together are the total one, of which the second is silent where both
    /// decay alike: what inhibition takes from excitation is then known exactly.
    #[inline]
    fn currents(&self, s: &State) -> [Alpha; 2] {
        let (a, b) = (s.excitatory, s.inhibitory);
        if self.alike {
            [Alpha { i: a.i + b.i, g: a.g + b.g }, Alpha { i: 0.0, g: 0.0 }]
        } else {
            [a, b]
        }
    }

    /// Bounds on what two currents can do, as [`Alpha::lift`].
    #[inline]
    fn lift(&self, [excitatory, inhibitory]: [Alpha; 2]) -> (f64, f64) {
        let (peak_ex, reach_ex) = excitatory.lift(&self.excitatory);
        let (peak_in, reach_in) = inhibitory.lift(&self.inhibitory);
        (peak_ex + peak_in, reach_ex + reach_in)
    }

    /// What can be said of the state without a transcendental function.
    #[inline]
    fn outlook(&self, s: &State, drive: f64, gap_mv: f64) -> Outlook {
        self.outlook_below(s, drive, gap_mv, 0.0)
    }

    /// The same for a threshold lower by `margin_mv`; `gap_mv` is the distance to the lower one.
    #[inline]
    fn outlook_below(&self, s: &State, drive: f64, gap_mv: f64, margin_mv: f64) -> Outlook {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let away = s.v_mv - v_inf;
        let under = m.v_th_mv - margin_mv - v_inf;
        let [first, second] = self.currents(s);
        let (peak_mv, reach_mv) = self.lift([first, second]);
        let bend = first.derivative().largest() / self.excitatory.tau_ms
            + second.derivative().largest() / self.inhibitory.tau_ms;
        Outlook {
            gap_mv,
            slope: (first.i + second.i) / m.c_m_pf - away / m.tau_m_ms,
            beyond_mv: (first.largest() + second.largest()) * m.mv_per_pa - under,
            bend: bend / m.c_m_pf,
            excluded: under >= 0.0 && (peak_mv + away.max(0.0) < under || away + reach_mv <= 0.0),
        }
    }

    /// The state after `dt_ms` of integration, and its distance to threshold without the loss of
    /// digits that V - v_th would bring.
    #[inline]
    fn moved(&self, s: &State, drive: f64, dt_ms: f64) -> (State, f64) {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let membrane = Relaxation::over(dt_ms, m.tau_m_ms);
        let mut deflection = 0.0;
        let mut through = |current: Alpha, filter: &Filter| {
            if current.is_silent() {
                return current;
            }
            let plain = filter.response(dt_ms, membrane);
            let ramp = filter.ramp(dt_ms, membrane, plain);
            deflection += current.i * plain.deflection + current.g * ramp;
            current.decayed(dt_ms / filter.tau_ms, plain.decay)
        };
        let excitatory = through(s.excitatory, &self.excitatory);
        let inhibitory = through(s.inhibitory, &self.inhibitory);
        let v_mv = membrane.relax(s.v_mv, v_inf, deflection);
        let gap_mv = -membrane.relax(s.v_mv - m.v_th_mv, v_inf - m.v_th_mv, deflection);
        (State { v_mv, excitatory, inhibitory }, gap_mv)
    }
}

impl Dynamics for LifAlpha {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        Constants {
            excitatory: Filter::new(&membrane, p[TAU_SYN_EX]),
            inhibitory: Filter::new(&membrane, p[TAU_SYN_IN]),
            alike: p[TAU_SYN_EX] == p[TAU_SYN_IN],
            horizon_ms: 1000.0 * (p[lif::TAU_M] + p[TAU_SYN_EX] + p[TAU_SYN_IN]),
            membrane,
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        State {
            v_mv: variables[0],
            excitatory: Alpha { i: variables[1], g: variables[3] },
            inhibitory: Alpha { i: variables[2], g: variables[4] },
        }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        *s = c.moved(s, drive, dt_ms).0;
    }

    #[inline]
    fn advance_clamped(c: &Constants, s: &mut State, dt_ms: f64) {
        let later = |current: Alpha, tau_ms: f64| {
            let dt_over_tau = dt_ms / tau_ms;
            current.decayed(dt_over_tau, exp(-dt_over_tau))
        };
        s.excitatory = later(s.excitatory, c.excitatory.tau_ms);
        s.inhibitory = later(s.inhibitory, c.inhibitory.tau_ms);
    }

    #[inline]
    fn receive(_: &Constants, s: &mut State, weight: f64) {
        if weight >= 0.0 {
            s.excitatory.g += E * weight;
        } else {
            s.inhibitory.g += E * weight;
        }
    }

    #[inline]
    fn receive_clamped(c: &Constants, s: &mut State, weight: f64) {
        Self::receive(c, s, weight);
    }

    /// Input moves no potential, so only a start above threshold can be found here.
    #[inline]
    fn at_threshold(c: &Constants, s: &State) -> bool {
        s.v_mv > c.membrane.v_th_mv
    }

    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        let now = c.outlook(s, drive, c.membrane.v_th_mv - s.v_mv);
        first_crossing(c.membrane.tau_m_ms, c.horizon_ms, now, |t| {
            let (then, gap_mv) = c.moved(s, drive, t);
            c.outlook(&then, drive, gap_mv)
        })
    }

    #[inline]
    fn quiet(c: &Constants, s: &State, drive: f64) -> f64 {
        let now = c.outlook(s, drive, c.membrane.v_th_mv - s.v_mv);
        now.quiet(c.membrane.tau_m_ms)
    }

    #[inline]
    fn fire(c: &Constants, s: &mut State) {
        s.v_mv = c.membrane.v_reset_mv;
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.membrane.t_ref
    }

    fn observe(_: &Constants, s: &State, variable: usize) -> f64 {
        [s.v_mv, s.excitatory.i, s.inhibitory.i, s.excitatory.g, s.inhibitory.g][variable]
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.real(s.v_mv);
        for current in [s.excitatory, s.inhibitory] {
            digest.real(current.i);
            digest.real(current.g);
        }
    }
}

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
///
///     i_syn e^u = A + G u        g e^u = G        A, G constant,
///
/// for d(i_syn)/du = g - i_syn. An arrival of weight w adds e w to g, so e w e^u to G and
/// -e w u e^u to A. A current (i + g u) e^(-u) holds the membrane at (K i + H g + K g u) e^(-u)
/// with K = 1 / (C d), d = 1/tau_m - 1/tau, and H = -K / (tau d), so that
///
///     V - V_inf - sum over both currents of (K i_syn + H g) = z e^(-s / tau_m)
///
/// and an arrival adds -H e w e^(s / tau_m) to z. From a frame to the next one, l time constants
/// later, A becomes (A + G l) e^(-l) and G becomes G e^(-l).
///
/// A and G u cancel where a current has just begun. A frame lasts for no more than 32 of the
/// shortest time constant, so u <= 32 and i_syn is exact to 32 units in the last place of what
/// has arrived, five of its 53 bits.
///
/// Credit is in mV: an arrival of w pA lifts the membrane by no more than e w times the peak of
/// the response to (t / tau) e^(-t / tau), at any later time.
impl Framed for LifAlpha {
    type Slot = Octet;
    type Frame = Frame;
    type Factors = Factors;
    type Renewal = Renewal;

    const FRAME_PARAMETERS: &'static [usize] = &[lif::TAU_M, lif::C_M, TAU_SYN_EX, TAU_SYN_IN];

    fn frame(c: &Constants) -> Option<Frame> {
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
        let spent = -Self::spent(frame, weight);
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

    #[inline]
    fn spent(frame: &Frame, weight: f64) -> f64 {
        (weight * frame.peak_mv).max(TOKEN)
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
    fn spare(c: &Constants, s: &State, drive: f64) -> Spare {
        let m = &c.membrane;
        let gap = m.v_th_mv - s.v_mv;
        if gap <= 0.0 {
            return Spare::NONE;
        }
        let (peak_mv, _) = c.lift(c.currents(s));
        let for_ever = m.v_th_mv - s.v_mv.max(m.v_inf_mv(drive)) - peak_mv;
        if for_ever >= 0.5 * gap {
            return Spare { credit: for_ever, quiet_ms: f64::INFINITY };
        }
        for credit in [0.5 * gap, 0.0] {
            let outlook = c.outlook_below(s, drive, gap - credit, credit);
            let quiet_ms = outlook.quiet(m.tau_m_ms);
            if quiet_ms >= SHORTEST_QUIET_MS {
                return Spare { credit, quiet_ms };
            }
        }
        Spare::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    const REST: [f64; 9] = [10.0, 250.0, 2.0, -70.0, -70.0, -55.0, 2.0, 5.0, 0.0];

    #[test]
    fn an_input_makes_the_current_peak_at_its_weight_after_one_time_constant() {
        for weight in [120.0, -80.0] {
            let c = LifAlpha::constants(&REST);
            let mut s = LifAlpha::initial(&c, &[-70.0, 0.0, 0.0, 0.0, 0.0]);
            LifAlpha::receive(&c, &mut s, weight);
            let (variable, tau) = if weight > 0.0 { (1, 2.0) } else { (2, 5.0) };
            assert_eq!(LifAlpha::observe(&c, &s, variable), 0.0);
            let at = |ms: f64| {
                let mut copy = s;
                LifAlpha::advance(&c, &mut copy, 0.0, ms);
                LifAlpha::observe(&c, &copy, variable) / weight
            };
            assert!((at(tau) - 1.0).abs() < 1e-14);
            assert!(at(0.9 * tau) < 1.0 && at(1.1 * tau) < 1.0);
        }
    }

    #[test]
    fn the_bound_on_currents_to_come_holds_and_is_close() {
        for i in [-5.0, -0.5, 0.0, 0.3, 0.9, 1.0, 2.0] {
            for g in [-2.0, 0.0, 1.0] {
                let form = Alpha { i, g };
                let highest = (0..4000)
                    .map(|k| f64::from(k) * 0.005)
                    .map(|t| form.decayed(t, exp(-t)).i)
                    .fold(0.0, f64::max);
                let bound = form.largest();
                assert!(bound >= highest, "{form:?}: {bound} {highest}");
                // With i far below zero the bound is that of i = 0, and only that.
                assert!(i < 0.0 || bound <= 1.1 * highest, "{form:?}: {bound} {highest}");
            }
        }
    }

    #[test]
    fn a_maximum_that_just_touches_counts_and_one_that_just_fails_does_not() {
        for tau in [2.0, 10.0, 30.0] {
            let mut p = REST;
            p[TAU_SYN_EX] = tau;
            let c = LifAlpha::constants(&p);
            // The filter's bound is the peak, rounded up by 1e-9.
            let touching = 15.0 / c.excitatory.ramp_peak_mv;
            let crossing = |g: f64| {
                LifAlpha::crossing(&c, &LifAlpha::initial(&c, &[-70.0, 0.0, 0.0, g, 0.0]), 0.0)
            };
            assert!(crossing(touching * (1.0 + 2e-9)).is_some(), "{tau}");
            assert_eq!(crossing(touching), None, "{tau}");
        }
    }

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
            let frame = LifAlpha::frame(&c).expect("these time constants are apart");
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
            let renewals = (0..100).take_while(|_| LifAlpha::renew(&renewal, &mut slot)).count();
            assert!((10..100).contains(&renewals), "{taus:?}: {renewals}");
        }
    }

    #[test]
    fn time_constants_that_are_nearly_equal_have_no_frame() {
        for near in [10.0, 10.0 + 1e-6, 9.0, 11.0] {
            assert!(LifAlpha::frame(&with_taus([10.0, near, 1.0])).is_none(), "{near}");
            assert!(LifAlpha::frame(&with_taus([10.0, 1.0, near])).is_none(), "{near}");
        }
        assert!(LifAlpha::frame(&with_taus([10.0, 7.0, 15.0])).is_some());
    }

    #[test]
    fn an_arrival_spends_the_most_that_it_lifts() {
        let c = LifAlpha::constants(&REST);
        let frame = LifAlpha::frame(&c).expect("these time constants are apart");
        let lift = |weight: f64| {
            let mut s = LifAlpha::initial(&c, &[-70.0, 0.0, 0.0, 0.0, 0.0]);
            LifAlpha::receive(&c, &mut s, weight);
            let later = |step: u32| c.moved(&s, 0.0, f64::from(step) * 0.01).0.v_mv + 70.0;
            (0..4000).map(later).fold(0.0, f64::max)
        };
        let spent = LifAlpha::spent(&frame, 120.0);
        assert!(lift(120.0) <= spent && spent < 1.0001 * lift(120.0), "{spent}");
        let slot = LifAlpha::kick(&frame, &LifAlpha::factors(&frame, Span(1234)), 120.0);
        assert_eq!(slot.credit(), -spent);
        assert_eq!((lift(-120.0), LifAlpha::spent(&frame, -120.0)), (0.0, TOKEN));
    }

    #[test]
    fn a_grant_holds_whatever_it_is_spent_on() {
        let mut random = Stream::new(1, Purpose::Initial, 0, 1);
        let mut held = 0;
        for [tau_ex, tau_in] in [[2.0, 2.0], [2.0, 5.0], [5.0, 0.5], [17.0, 1.0]] {
            let c = with_taus([10.0, tau_ex, tau_in]);
            let frame = LifAlpha::frame(&c).expect("these time constants are apart");
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
                let spare = LifAlpha::spare(&c, &s, drive);
                if spare == Spare::NONE {
                    continue;
                }
                // All of it at once is spent at a random time.
                let at = within(0.0, spare.quiet_ms.min(20.0));
                let weight = spare.credit / LifAlpha::spent(&frame, 1.0);
                let steps = 200;
                let mut now = 0.0;
                for stretch in [at, spare.quiet_ms.min(at + 60.0) - at] {
                    for _ in 0..steps {
                        LifAlpha::advance(&c, &mut s, drive, stretch / f64::from(steps));
                        assert!(
                            s.v_mv <= c.membrane.v_th_mv + 1e-12,
                            "{start:?} {drive} {spare:?}"
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
