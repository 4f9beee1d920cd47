//! `lif_delta`: leaky integrate-and-fire neuron whose synapses make the membrane jump.

use super::framed::{Framed, Grant, Pair, Slot, level};
use super::gained::Gainable;
use super::lif::{self, Membrane};
use super::membrane::Relaxation;
use super::ticked::{DRIFTS, Drive};
use super::{Descriptor, Dynamics};
use crate::base::digest::Digest;
use crate::base::math::ln_1p;
use crate::base::saved::value;
use crate::base::{Decay, Growth, Span, Unit};

/// Sums of weights that should reach the threshold exactly may miss it by rounding: ten inputs
/// of 2 mV are 20 mV on paper. A state this close below counts as having reached it.
pub const THRESHOLD_SLACK: f64 = 1.0 / (1u64 << 40) as f64;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "lif_delta",
    summary: "leaky integrate-and-fire, synapses make the membrane jump (NEST iaf_psc_delta)",
    manual: "\
Leaky integrate-and-fire neuron with delta-shaped synaptic currents.

    tau_m dV/dt = -(V - e_l) + (tau_m / c_m) i_e
    V -> V + w          at the arrival of a spike over a synapse of weight w (mV)
    V >= v_th           spike; V = v_reset, held for t_ref

Between events V(t) = V_inf + (V_0 - V_inf) exp(-t / tau_m) with V_inf = e_l + i_e tau_m / c_m, so
V is monotone and a crossing without input exists exactly if V_inf > v_th; it comes after
tau_m ln((V_inf - V_0) / (V_inf - v_th)). A drive that puts V_inf exactly at v_th never fires by
itself. The capacitance matters only together with i_e.

Input during refractoriness is discarded, as in NEST's iaf_psc_delta with refractory_input = false.
The neuron is refractory in (t, t + t_ref]: an input at the very end is still discarded, and one
at the tick of the spike itself is lost in the reset. With t_ref = 0 nothing is discarded.

All inputs of one tick are summed before the threshold is tested. A sum that lies less than
v_th - v_reset times 2^-40 below the threshold counts as having reached it, so that ten inputs of
2 mV reach 20 mV whatever the rounding.

Source: Brunel 2000, doi 10.1023/A:1008925309027; Rotter and Diesmann 1999,
doi 10.1007/s004220050570.",
    parameters: &[
        lif::tau_m(),
        lif::c_m(),
        lif::t_ref(),
        lif::e_l(),
        lif::v_reset(),
        lif::v_th(),
        lif::i_e(),
    ],
    variables: &[lif::v_m()],
    input: Unit::Mv,
    check: lif::check_reset_below_threshold,
    current_for_period: Some(lif::current_for_period),
};

/// See the [manual page](Descriptor::manual).
pub struct LifDelta;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    membrane: Membrane,
    decay: Decay,
    /// The threshold less the slack for sums that should reach it exactly.
    v_reached_mv: f64,
}

/// The membrane potential, in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
}
value!(State { v_mv });

impl Dynamics for LifDelta {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        let slack = (membrane.v_th_mv - membrane.v_reset_mv) * THRESHOLD_SLACK;
        Constants {
            v_reached_mv: membrane.v_th_mv - slack,
            decay: Decay::new(membrane.tau_m_ms),
            membrane,
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        State { v_mv: variables[0] }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        let v_inf = c.membrane.v_inf_mv(drive);
        s.v_mv = Relaxation::over(dt_ms, c.membrane.tau_m_ms).relax(s.v_mv, v_inf, 0.0);
    }

    #[inline]
    fn advance_by(c: &Constants, s: &mut State, drive: f64, span: Span) {
        let v_inf = c.membrane.v_inf_mv(drive);
        s.v_mv = Relaxation::of(c.decay.over(span)).relax(s.v_mv, v_inf, 0.0);
    }

    #[inline]
    fn advance_clamped(_: &Constants, _: &mut State, _: f64) {}

    #[inline]
    fn receive(_: &Constants, s: &mut State, weight: f64) {
        s.v_mv += weight;
    }

    #[inline]
    fn receive_clamped(_: &Constants, _: &mut State, _: f64) {}

    #[inline]
    fn at_threshold(c: &Constants, s: &State) -> bool {
        s.v_mv >= c.v_reached_mv
    }

    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        let m = &c.membrane;
        if s.v_mv > m.v_th_mv {
            return Some(0.0);
        }
        let beyond = m.v_inf_mv(drive) - m.v_th_mv;
        // ln((V_inf - V) / (V_inf - v_th)) = ln(1 + (v_th - V) / (V_inf - v_th)).
        (beyond > 0.0).then(|| m.tau_m_ms * ln_1p((m.v_th_mv - s.v_mv) / beyond))
    }

    #[inline]
    fn fire(c: &Constants, s: &mut State) {
        s.v_mv = c.membrane.v_reset_mv;
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.membrane.t_ref
    }

    fn observe(_: &Constants, s: &State, _: usize) -> f64 {
        s.v_mv
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.real(s.v_mv);
    }
}

/// What arrivals lead to is kept beside the state: a reset takes it out of the membrane.
impl Gainable for LifDelta {
    const HEARS: bool = true;

    #[inline]
    fn seen(c: &Constants, s: &State, n: f64) -> State {
        State { v_mv: c.membrane.seen_mv(s.v_mv, n) }
    }

    fn taus_ms(c: &Constants) -> [f64; DRIFTS] {
        [c.membrane.tau_m_ms; DRIFTS]
    }

    #[inline]
    fn drive(c: &Constants, _: &State, heard: f64, current: f64) -> Drive {
        Drive { base: c.membrane.drive(current), drifts: [heard, 0.0] }
    }

    #[inline]
    fn heard(c: &Constants, weight: f64) -> f64 {
        weight / (c.membrane.v_th_mv - c.membrane.e_l_mv)
    }
}

/// The frame of a membrane.
#[derive(Clone, Debug)]
pub struct Frame {
    membrane: Growth,
    /// Whether levels are potentials.
    grows: bool,
}

/// The growth of the membrane's mode, and of the levels.
#[derive(Clone, Copy, Debug)]
pub struct Factors {
    membrane: f64,
    level: f64,
}

/// One mode, (V - V_inf) e^(t / tau_m), in mV, which is also what is compared with the level.
impl Framed for LifDelta {
    type Slot = Pair;
    type Frame = Frame;
    type Factors = Factors;
    type Renewal = Pair;

    const FRAME_PARAMETERS: &'static [usize] = &[lif::TAU_M];
    const NOTHING: f64 = f64::NEG_INFINITY;

    fn frame(c: &Constants, grows: bool) -> Option<Frame> {
        Some(Frame { membrane: Growth::new(c.membrane.tau_m_ms), grows })
    }

    fn fires_by_itself(c: &Constants, drive: f64) -> bool {
        c.membrane.v_inf_mv(drive) > c.membrane.v_th_mv
    }

    fn shortest_tau_ms(frame: &Frame) -> f64 {
        frame.membrane.tau_ms()
    }

    #[inline]
    fn factors(frame: &Frame, since: Span) -> Factors {
        let membrane = frame.membrane.over(since);
        Factors { membrane, level: if frame.grows { membrane } else { 1.0 } }
    }

    #[inline]
    fn kick(_: &Frame, factors: &Factors, weight: f64) -> Pair {
        Pair([weight * factors.membrane, 0.0])
    }

    #[inline(always)]
    fn arrive(slot: &mut Pair, kick: &Pair, factors: &Factors) -> bool {
        slot.0[0] += kick.0[0];
        Self::is_reached(slot, factors)
    }

    #[inline(always)]
    fn is_reached(slot: &Pair, factors: &Factors) -> bool {
        slot.0[0] >= slot.0[1] * factors.level
    }

    #[inline]
    fn freeze(_: &Frame, c: &Constants, s: &State, drive: f64, factors: &Factors) -> Pair {
        Pair([(s.v_mv - c.membrane.v_inf_mv(drive)) * factors.membrane, 0.0])
    }

    #[inline]
    fn thaw(_: &Frame, c: &Constants, slot: &Pair, drive: f64, factors: &Factors) -> State {
        State { v_mv: c.membrane.v_inf_mv(drive) + slot.0[0] / factors.membrane }
    }

    fn thaw_held(_: &Frame, c: &Constants, _: &Pair, _: &Factors) -> State {
        State { v_mv: c.membrane.v_reset_mv }
    }

    fn renewal(frame: &Frame, length: Span) -> Pair {
        let left = 1.0 / frame.membrane.over(length);
        Pair([left, if frame.grows { 1.0 } else { left }])
    }

    #[inline]
    fn renew(renewal: &Pair, slot: &mut Pair) -> bool {
        slot.scale(renewal)
    }

    #[inline]
    fn grant(f: &Frame, c: &Constants, s: &State, drive: f64, factors: &Factors) -> Option<Grant> {
        let v_inf = c.membrane.v_inf_mv(drive);
        let (below, beyond) = (v_inf - s.v_mv, v_inf - c.v_reached_mv);
        level(below, beyond, c.membrane.tau_m_ms, f.grows, factors.membrane)
    }
}
