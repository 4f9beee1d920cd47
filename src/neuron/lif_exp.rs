//! `lif_exp`: leaky integrate-and-fire neuron with exponentially decaying synaptic currents.

use super::framed::{Framed, Grant, Quad, ROUNDING_MV, SHORTEST_QUIET_MS, Slot, level};
use super::gained::Gainable;
use super::lif::{self, Membrane, TAU_SYN_EX, TAU_SYN_IN};
use super::membrane::{Filter, Outlook, Relaxation, first_crossing};
use super::ticked::{DRIFTS, Drive};
use super::{Descriptor, Dynamics};
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::saved::value;
use crate::base::{Decay, Growths, Span, Unit};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "lif_exp",
    summary: "leaky integrate-and-fire, exponential synaptic currents (NEST iaf_psc_exp)",
    manual: "\
Leaky integrate-and-fire neuron with exponentially decaying synaptic currents.

    tau_m dV/dt = -(V - e_l) + (tau_m / c_m) (i_e + i_syn_ex + i_syn_in)
    tau_syn_ex d(i_syn_ex)/dt = -i_syn_ex
    tau_syn_in d(i_syn_in)/dt = -i_syn_in
    i_syn_ex -> i_syn_ex + w    at an arrival of weight w >= 0 (pA)
    i_syn_in -> i_syn_in + w    at an arrival of weight w < 0 (pA)
    V reaches v_th              spike; V = v_reset, held for t_ref

Between events the three equations are solved exactly, with V_inf = e_l + i_e tau_m / c_m:

    V(t) = V_inf + (V - V_inf) e^(-t/tau_m)
                 + i_syn_ex P(t, tau_syn_ex) + i_syn_in P(t, tau_syn_in)
    P(t, tau) = (e^(-t/tau) - e^(-t/tau_m)) / (c_m (1/tau_m - 1/tau)),  (t/c_m) e^(-t/tau_m) if equal

P is evaluated in a form that keeps its digits for time constants that are equal or nearly equal;
no pair of time constants is singular.

The first crossing is found wherever it lies, also where V rises above threshold and falls again
between two arrivals, or only touches it. A membrane set above v_th at the start fires at the
first grid point; one exactly at v_th fires only if it rises. A drive that puts V_inf exactly at
v_th does not fire without input.

In refractoriness V is held at v_reset while the currents decay and take input. The neuron is
refractory in (t, t + t_ref]: an input at the very end still finds V held, but its current acts
from then on. This is NEST's iaf_psc_exp without its grid.

A period asked for i_e can be met up to about 36 tau_m; beyond, the excess of V_inf over v_th is
less than a double resolves.

Source: Rotter and Diesmann 1999, doi 10.1007/s004220050570; Brette et al. 2007,
doi 10.1007/s10827-007-0038-6; crossings: Hanuschkin et al. 2010, doi 10.3389/fninf.2010.00113.",
    parameters: lif::with_currents![],
    variables: &[
        lif::v_m(),
        lif::i_syn_ex(),
        lif::i_syn_in(),
    ],
    input: Unit::Pa,
    check: lif::check_reset_below_threshold,
    current_for_period: Some(lif::current_for_period),
};

/// See the [manual page](Descriptor::manual).
pub struct LifExp;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    membrane: Membrane,
    excitatory: Filter,
    inhibitory: Filter,
    /// Whether both currents decay alike, so that one exponential serves both.
    alike: bool,
    /// Tables of the three decays, where plain differences of them are exact enough.
    decays: Option<[Decay; 3]>,
    /// e^(-t/tau) is zero for every time constant after this time.
    horizon_ms: f64,
}

/// Membrane potential in mV, currents in pA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
    excitatory_pa: f64,
    inhibitory_pa: f64,
}
value!(State { v_mv, excitatory_pa, inhibitory_pa });

/// Bounds on what the present currents can still do; all at least zero.
struct Lift {
    /// No total current to come exceeds this, in pA.
    current_pa: f64,
    /// The currents lift the membrane by no more than this, in mV.
    peak_mv: f64,
    /// Nor by more than this times e^(-t / tau_m), in mV.
    reach_mv: f64,
    /// Where one decaying current bounds the total: its value now and its time constant.
    single: Option<(f64, f64)>,
}

impl Constants {
    /// Bounds on what currents `a` through `first` and `b` through `second` can do. The sum of a
    /// positive and a negative current is bounded by their difference decaying like the positive
    /// one if that is no slower, else by the positive one alone.
    #[inline]
    fn lift(&self, s: &State) -> Lift {
        let (a, b) = (s.excitatory_pa, s.inhibitory_pa);
        if a > 0.0 && b > 0.0 {
            let (first, second) = (&self.excitatory, &self.inhibitory);
            return Lift {
                current_pa: a + b,
                peak_mv: a * first.peak_mv + b * second.peak_mv,
                reach_mv: a * first.reach_mv + b * second.reach_mv,
                single: None,
            };
        }
        if a > 0.0 {
            one_positive(a, &self.excitatory, b, &self.inhibitory)
        } else {
            one_positive(b, &self.inhibitory, a, &self.excitatory)
        }
    }

    /// What can be said of the state without a transcendental function.
    #[inline]
    fn outlook(&self, s: &State, drive: f64, gap_mv: f64) -> Outlook {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let lift = self.lift(s);
        let away = s.v_mv - v_inf;
        let under = m.v_th_mv - v_inf;
        let total = s.excitatory_pa + s.inhibitory_pa;
        Outlook {
            gap_mv,
            slope: total / m.c_m_pf - away / m.tau_m_ms,
            beyond_mv: lift.current_pa * m.mv_per_pa - under,
            bend: self.bend(s),
            excluded: under >= 0.0 && never_reaches(m, &lift, away, under, gap_mv),
        }
    }

    /// A bound on the largest (dI/dt) / C to come, or zero, in mV / ms^2.
    ///
    /// -C dI/dt = a e^(-t/tau_a) / tau_a + b e^(-t/tau_b) / tau_b. Only a negative current rises;
    /// a positive one that is stronger in slope and no faster keeps the sum falling for good.
    #[inline]
    fn bend(&self, s: &State) -> f64 {
        let fall = [
            (s.excitatory_pa / self.excitatory.tau_ms, self.excitatory.tau_ms),
            (s.inhibitory_pa / self.inhibitory.tau_ms, self.inhibitory.tau_ms),
        ];
        let [(a, tau_a), (b, tau_b)] = fall;
        if a >= 0.0 && b >= 0.0 {
            return 0.0;
        }
        let outlasts = (a >= 0.0 && tau_a >= tau_b) || (b >= 0.0 && tau_b >= tau_a);
        if outlasts && a + b >= 0.0 {
            return 0.0;
        }
        ((-a).max(0.0) + (-b).max(0.0)) / self.membrane.c_m_pf
    }

    /// The state after `dt_ms` of integration, and its distance to threshold without the loss of
    /// digits that V - v_th would bring.
    #[inline]
    fn moved(&self, s: &State, drive: f64, dt_ms: f64) -> (State, f64) {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let membrane = Relaxation::over(dt_ms, m.tau_m_ms);
        let mut next = *s;
        let mut deflection = 0.0;
        if self.alike {
            let response = self.excitatory.response(dt_ms, membrane);
            deflection = (s.excitatory_pa + s.inhibitory_pa) * response.deflection;
            next.excitatory_pa *= response.decay;
            next.inhibitory_pa *= response.decay;
        } else {
            // A current that has never been excited costs nothing.
            if s.excitatory_pa != 0.0 {
                let response = self.excitatory.response(dt_ms, membrane);
                deflection += s.excitatory_pa * response.deflection;
                next.excitatory_pa *= response.decay;
            }
            if s.inhibitory_pa != 0.0 {
                let response = self.inhibitory.response(dt_ms, membrane);
                deflection += s.inhibitory_pa * response.deflection;
                next.inhibitory_pa *= response.decay;
            }
        }
        next.v_mv = membrane.relax(s.v_mv, v_inf, deflection);
        let gap_mv = -membrane.relax(s.v_mv - m.v_th_mv, v_inf - m.v_th_mv, deflection);
        (next, gap_mv)
    }
}

/// The bounds for a current `up` > 0 through `lifting` and one `down` <= 0 through `pulling`; none
/// where `up` is not positive.
#[inline]
fn one_positive(up: f64, lifting: &Filter, down: f64, pulling: &Filter) -> Lift {
    if up <= 0.0 {
        return Lift { current_pa: 0.0, peak_mv: 0.0, reach_mv: 0.0, single: None };
    }
    let quick = lifting.tau_ms <= pulling.tau_ms;
    let bounding = if quick { (up + down).max(0.0) } else { up };
    let falls = quick || up / lifting.tau_ms + down / pulling.tau_ms >= 0.0;
    let current_pa = if falls { (up + down).max(0.0) } else { up };
    let reach_mv = if bounding > 0.0 { bounding * lifting.reach_mv } else { 0.0 };
    Lift {
        current_pa,
        peak_mv: bounding * lifting.peak_mv,
        reach_mv,
        single: Some((bounding, lifting.tau_ms)),
    }
}

/// Whether bounds show that threshold is never reached. `away` = V - V_inf, `under` = v_th - V_inf
/// >= 0, `gap` = v_th - V.
///
/// From V - V_inf <= away e^(-t/tau_m) + lift. Where one current N e^(-t/tau) bounds the total and
/// away > 0, V rises by no more than the integral of the positive part of
/// N e^(-t/tau) / C - away / tau_m, which is (tau / tau_m) away (x - 1 - ln x), x = N R / away, and
/// ln x >= 2 (x - 1) / (x + 1).
#[inline]
fn never_reaches(m: &Membrane, lift: &Lift, away: f64, under: f64, gap: f64) -> bool {
    if lift.peak_mv + away.max(0.0) < under || away + lift.reach_mv <= 0.0 {
        return true;
    }
    match lift.single {
        Some((current_pa, tau_ms)) if away > 0.0 => {
            let target = current_pa * m.mv_per_pa;
            let excess = target - away;
            excess <= 0.0
                || tau_ms * excess * excess * (1.0 + 1e-9) < gap * m.tau_m_ms * (target + away)
        }
        _ => false,
    }
}

impl Dynamics for LifExp {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        let excitatory = Filter::new(&membrane, p[TAU_SYN_EX]);
        let inhibitory = Filter::new(&membrane, p[TAU_SYN_IN]);
        let apart = excitatory.is_apart(&membrane) && inhibitory.is_apart(&membrane);
        Constants {
            decays: apart
                .then(|| [lif::TAU_M, TAU_SYN_EX, TAU_SYN_IN].map(|tau| Decay::new(p[tau]))),
            excitatory,
            inhibitory,
            alike: p[TAU_SYN_EX] == p[TAU_SYN_IN],
            horizon_ms: 1000.0 * (p[lif::TAU_M] + p[TAU_SYN_EX] + p[TAU_SYN_IN]),
            membrane,
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        State { v_mv: variables[0], excitatory_pa: variables[1], inhibitory_pa: variables[2] }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        *s = c.moved(s, drive, dt_ms).0;
    }

    #[inline]
    fn advance_by(c: &Constants, s: &mut State, drive: f64, span: Span) {
        let Some([membrane, excitatory, inhibitory]) = &c.decays else {
            return Self::advance(c, s, drive, span.ms());
        };
        let left = membrane.over(span);
        let mut deflection = 0.0;
        let ex_left = excitatory.over(span);
        if s.excitatory_pa != 0.0 {
            deflection += s.excitatory_pa * c.excitatory.deflection(ex_left, left);
            s.excitatory_pa *= ex_left;
        }
        if s.inhibitory_pa != 0.0 {
            let in_left = if c.alike { ex_left } else { inhibitory.over(span) };
            deflection += s.inhibitory_pa * c.inhibitory.deflection(in_left, left);
            s.inhibitory_pa *= in_left;
        }
        let v_inf = c.membrane.v_inf_mv(drive);
        s.v_mv = Relaxation::of(left).relax(s.v_mv, v_inf, deflection);
    }

    #[inline]
    fn advance_clamped(c: &Constants, s: &mut State, dt_ms: f64) {
        let excitatory = exp(-dt_ms / c.excitatory.tau_ms);
        s.excitatory_pa *= excitatory;
        s.inhibitory_pa *= if c.alike { excitatory } else { exp(-dt_ms / c.inhibitory.tau_ms) };
    }

    #[inline]
    fn receive(_: &Constants, s: &mut State, weight: f64) {
        if weight >= 0.0 {
            s.excitatory_pa += weight;
        } else {
            s.inhibitory_pa += weight;
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
        [s.v_mv, s.excitatory_pa, s.inhibitory_pa][variable]
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.real(s.v_mv);
        digest.real(s.excitatory_pa);
        digest.real(s.inhibitory_pa);
    }
}

impl Gainable for LifExp {
    #[inline]
    fn seen(c: &Constants, s: &State, n: f64) -> State {
        State {
            v_mv: c.membrane.seen_mv(s.v_mv, n),
            excitatory_pa: n * s.excitatory_pa,
            inhibitory_pa: n * s.inhibitory_pa,
        }
    }

    fn taus_ms(c: &Constants) -> [f64; DRIFTS] {
        [c.excitatory.tau_ms, c.inhibitory.tau_ms]
    }

    #[inline]
    fn drive(c: &Constants, s: &State, _: f64, current: f64) -> Drive {
        let drifts = [s.excitatory_pa, s.inhibitory_pa].map(|pa| c.membrane.drive(pa));
        Drive { base: c.membrane.drive(current), drifts }
    }
}

/// The frame of a membrane and its two currents.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Of the membrane's mode and of the two currents.
    growths: Growths<3>,
    /// How far each current holds the membrane from where it goes alone, in mV / pA.
    held_ex: f64,
    held_in: f64,
    /// Whether levels are potentials.
    grows: bool,
}

/// Growth of the membrane's mode, of the two currents, and of the levels.
#[derive(Clone, Copy, Debug)]
pub struct Factors {
    membrane: f64,
    excitatory: f64,
    inhibitory: f64,
    level: f64,
    /// What the inhibitory current's mode adds to the sum that is compared with the level.
    held_in: f64,
}

/// Three modes: the currents, and what is left of the membrane without them. A current
/// I e^(-t / tau) holds the membrane at K I e^(-t / tau), K = 1 / (C (1/tau_m - 1/tau)), so that
/// ```text
/// V - V_inf - K_ex i_syn_ex - K_in i_syn_in    decays as e^(-t / tau_m).
/// ```
/// What is compared with the level is the first mode and what the inhibitory current holds, that is,
/// V - V_inf - K_ex i_syn_ex. With tau_syn_ex < tau_m K_ex is negative, and the response to i_syn_ex,
/// -K_ex (e^(-t / tau_m) - e^(-t / tau_syn_ex)) i_syn_ex, never exceeds -K_ex i_syn_ex e^(-t / tau_m); that
/// to i_syn_in is never positive. So V_inf + (V - V_inf - K_ex i_syn_ex) e^(-t / tau_m) bounds the
/// membrane as long as nothing arrives.
impl Framed for LifExp {
    type Slot = Quad;
    type Frame = Frame;
    type Factors = Factors;
    type Renewal = Quad;

    const FRAME_PARAMETERS: &'static [usize] = &[lif::TAU_M, lif::C_M, TAU_SYN_EX, TAU_SYN_IN];

    const NOTHING: f64 = f64::NEG_INFINITY;

    fn frame(c: &Constants, grows: bool) -> Option<Frame> {
        // Nearly equal time constants make K large and V a small difference; with a slower current
        // the level does not bound the membrane.
        let suits = c.decays.is_some() && c.excitatory.tau_ms < c.membrane.tau_m_ms;
        suits.then(|| Frame {
            growths: Growths::new([c.membrane.tau_m_ms, c.excitatory.tau_ms, c.inhibitory.tau_ms]),
            held_ex: c.excitatory.mv_per_pa_apart,
            held_in: c.inhibitory.mv_per_pa_apart,
            grows,
        })
    }

    /// The level takes currents to have the sign of what arrives.
    fn admits(variables: &[f64]) -> bool {
        variables[1] >= 0.0 && variables[2] <= 0.0
    }

    fn fires_by_itself(c: &Constants, drive: f64) -> bool {
        c.membrane.v_inf_mv(drive) > c.membrane.v_th_mv
    }

    fn shortest_tau_ms(frame: &Frame) -> f64 {
        frame.growths.taus_ms().into_iter().fold(f64::INFINITY, f64::min)
    }

    #[inline]
    fn factors(frame: &Frame, since: Span) -> Factors {
        let [membrane, excitatory, inhibitory] = frame.growths.over(since);
        Factors {
            membrane,
            excitatory,
            inhibitory,
            level: if frame.grows { membrane } else { 1.0 },
            held_in: frame.held_in * membrane / inhibitory,
        }
    }

    #[inline]
    fn kick(frame: &Frame, factors: &Factors, weight: f64) -> Quad {
        if weight >= 0.0 {
            let left = -frame.held_ex * weight * factors.membrane;
            Quad([left, weight * factors.excitatory, 0.0, 0.0])
        } else {
            let left = -frame.held_in * weight * factors.membrane;
            Quad([left, 0.0, weight * factors.inhibitory, 0.0])
        }
    }

    #[inline(always)]
    fn arrive(slot: &mut Quad, kick: &Quad, factors: &Factors) -> bool {
        slot.add(kick);
        Self::is_reached(slot, factors)
    }

    #[inline(always)]
    fn is_reached(slot: &Quad, factors: &Factors) -> bool {
        slot.0[0] + factors.held_in * slot.0[2] >= slot.0[3] * factors.level
    }

    #[inline]
    fn freeze(frame: &Frame, c: &Constants, s: &State, drive: f64, factors: &Factors) -> Quad {
        let held = frame.held_ex * s.excitatory_pa + frame.held_in * s.inhibitory_pa;
        let alone = s.v_mv - c.membrane.v_inf_mv(drive) - held;
        Quad([
            alone * factors.membrane,
            s.excitatory_pa * factors.excitatory,
            s.inhibitory_pa * factors.inhibitory,
            0.0,
        ])
    }

    #[inline]
    fn thaw(frame: &Frame, c: &Constants, slot: &Quad, drive: f64, factors: &Factors) -> State {
        let [alone, excitatory, inhibitory, _] = slot.0;
        let excitatory_pa = excitatory / factors.excitatory;
        let inhibitory_pa = inhibitory / factors.inhibitory;
        let held = frame.held_ex * excitatory_pa + frame.held_in * inhibitory_pa;
        let v_mv = c.membrane.v_inf_mv(drive) + (alone / factors.membrane + held);
        State { v_mv, excitatory_pa, inhibitory_pa }
    }

    fn thaw_held(frame: &Frame, c: &Constants, slot: &Quad, factors: &Factors) -> State {
        State { v_mv: c.membrane.v_reset_mv, ..Self::thaw(frame, c, slot, 0.0, factors) }
    }

    #[inline]
    fn take_back(c: &Constants, s: &mut State) {
        if s.v_mv < c.membrane.v_th_mv + ROUNDING_MV {
            s.v_mv = s.v_mv.min(c.membrane.v_th_mv);
        }
    }

    fn renewal(frame: &Frame, length: Span) -> Quad {
        let [membrane, excitatory, inhibitory] =
            frame.growths.over(length).map(|growth| 1.0 / growth);
        let level = if frame.grows { 1.0 } else { membrane };
        Quad([membrane, excitatory, inhibitory, level])
    }

    #[inline]
    fn renew(renewal: &Quad, slot: &mut Quad) -> bool {
        slot.scale(renewal)
    }

    #[inline]
    fn grant(f: &Frame, c: &Constants, s: &State, drive: f64, factors: &Factors) -> Option<Grant> {
        let v_inf = c.membrane.v_inf_mv(drive);
        let below = v_inf - s.v_mv + f.held_ex * s.excitatory_pa;
        let beyond = v_inf - c.membrane.v_th_mv;
        level(below, beyond, c.membrane.tau_m_ms, f.grows, factors.membrane).or_else(|| {
            // What inhibition is still going to pull down is in no level.
            let quiet_ms =
                c.outlook(s, drive, c.membrane.v_th_mv - s.v_mv).quiet(c.membrane.tau_m_ms);
            (quiet_ms >= SHORTEST_QUIET_MS).then_some(Grant { limit: Self::NOTHING, quiet_ms })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::{ln, ln_1p};
    use crate::base::{Resolution, Tick};
    use crate::neuron::cell::{Cell, Input, InputKind};

    /// tau_m 20, c_m 200, t_ref 5, e_l -49, v_reset -60, v_th -50; currents of 5 and 10 ms.
    const CUBA: [f64; 9] = [20.0, 200.0, 5.0, -49.0, -60.0, -50.0, 5.0, 10.0, 0.0];
    /// tau_m 10, c_m 250, t_ref 2, threshold 15 mV above rest.
    const REST: [f64; 9] = [10.0, 250.0, 2.0, -70.0, -70.0, -55.0, 2.0, 5.0, 0.0];

    fn crossing(p: &[f64; 9], v: f64, excitatory: f64, inhibitory: f64, drive: f64) -> Option<f64> {
        let c = LifExp::constants(p);
        LifExp::crossing(&c, &LifExp::initial(&c, &[v, excitatory, inhibitory]), drive)
    }

    fn spikes(p: &[f64; 9], v: f64, inputs: &[(u64, f64)], end_ms: u64) -> Vec<u64> {
        let c = LifExp::constants(p);
        let state = LifExp::initial(&c, &[v, 0.0, 0.0]);
        let grid = Resolution::FINEST;
        let mut cell = Cell::new::<LifExp>(&c, grid, state, p[8]);
        let inputs: Vec<Input> = inputs
            .iter()
            .map(|(at, weight)| Input { at: Tick(*at), kind: InputKind::Spike(*weight) })
            .collect();
        let mut spikes = Vec::new();
        cell.run::<LifExp>(&c, grid, &inputs, Tick(end_ms * 1_000_000), &mut spikes);
        spikes.iter().map(|tick| tick.0).collect()
    }

    #[test]
    fn an_undriven_cuba_neuron_fires_every_twenty_ln_eleven_plus_five() {
        // 20 ln 11 = 47.957905455967411 ms, rounded up to the nanosecond; then 5 ms held.
        let first = 47_957_906;
        let expected: Vec<u64> = (0..4).map(|k| first + k * (first + 5_000_000)).collect();
        assert_eq!(spikes(&CUBA, -60.0, &[], 210), expected);
        let current = lif::current_for_period(&CUBA, 20.0 * ln(11.0) + 5.0).unwrap();
        assert!(current.abs() < 1e-12, "{current}");
    }

    #[test]
    fn a_maximum_that_just_touches_counts_and_one_that_just_fails_does_not() {
        for (tau_syn, v) in [(2.0, -70.0), (10.0, -70.0), (10.000_000_001, -70.0), (40.0, -70.0)] {
            let mut p = REST;
            p[TAU_SYN_EX] = tau_syn;
            let ratio: f64 = tau_syn / 10.0;
            let excess = ratio - 1.0;
            let at = if excess == 0.0 { 10.0 } else { tau_syn * ln_1p(excess) / excess };
            // From rest P' = 0 where P = (tau_m / c_m) e^(-t/tau_syn).
            let touching = 15.0 / (0.04 * exp(-at / tau_syn));
            let above = crossing(&p, v, touching * (1.0 + 1e-12), 0.0, 0.0).expect("it touches");
            assert!((above - at).abs() < 1e-4 * at && above < at, "{tau_syn}: {above} {at}");
            assert_eq!(crossing(&p, v, touching * (1.0 - 1e-12), 0.0, 0.0), None, "{tau_syn}");
        }
    }

    #[test]
    fn a_rise_and_fall_between_two_arrivals_is_seen() {
        // Back below threshold long before the second arrival.
        let fired = spikes(&REST, -70.0, &[(1_000_000, 3500.0), (400_000_000, 1.0)], 500);
        assert_eq!(fired.len(), 1);
        assert!(fired[0] > 1_000_000 && fired[0] < 5_000_000, "{fired:?}");
    }

    #[test]
    fn opposite_inputs_of_one_tick_are_folded_before_the_test() {
        let both = [(1_000_000, 3500.0), (1_000_000, -3500.0)];
        let other = [(1_000_000, -3500.0), (1_000_000, 3500.0)];
        assert_eq!(spikes(&REST, -70.0, &both[..1], 300).len(), 1);
        assert_eq!(spikes(&REST, -70.0, &both, 300), Vec::<u64>::new());
        assert_eq!(spikes(&REST, -70.0, &other, 300), Vec::<u64>::new());
    }

    #[test]
    fn a_drive_exactly_at_threshold_never_fires_by_itself() {
        let mut p = REST;
        p[8] = 375.0;
        assert_eq!(crossing(&p, -70.0, 0.0, 0.0, 375.0), None);
        // Nor after it has come as close as a double can, under an inhibitory input.
        assert_eq!(spikes(&p, -70.0, &[(900_000_000, -1.0)], 2000), Vec::<u64>::new());
        assert_eq!(crossing(&p, -55.0, 0.0, 0.0, 375.0), None);
        assert_eq!(crossing(&p, -55.0, 0.0, -10.0, 375.0), None);
        assert_eq!(crossing(&p, -55.0, 10.0, 0.0, 375.0), Some(0.0));
        assert_eq!(crossing(&p, -54.9, 0.0, -1e4, 0.0), Some(0.0));
    }

    #[test]
    fn a_rebound_after_inhibition_is_found() {
        // The drive alone is over threshold; inhibition delays it, and does not hide it.
        let free = crossing(&REST, -56.0, 0.0, 0.0, 400.0).unwrap();
        let held = crossing(&REST, -56.0, 0.0, -3000.0, 400.0).unwrap();
        assert!(held > free + 10.0, "{free} {held}");
        // Fast inhibition first, slow excitation after: down, up and over, without any drive.
        let mut p = REST;
        (p[TAU_SYN_EX], p[TAU_SYN_IN]) = (20.0, 1.0);
        let late = crossing(&p, -60.0, 900.0, -4000.0, 0.0).unwrap();
        assert!(late > 2.0, "{late}");
    }

    #[test]
    fn input_in_refractoriness_moves_the_current_and_not_the_membrane() {
        // It starts above threshold and fires at once; the input comes at the end of the 2 ms.
        let c = LifExp::constants(&REST);
        let grid = Resolution::FINEST;
        let start = LifExp::initial(&c, &[-54.0, 0.0, 0.0]);
        let mut cell = Cell::new::<LifExp>(&c, grid, start, 0.0);
        let mut fired = Vec::new();
        let inputs = [Input { at: Tick(2_000_001), kind: InputKind::Spike(100.0) }];
        cell.run::<LifExp>(&c, grid, &inputs, Tick(3_000_000), &mut fired);
        assert_eq!(fired, [Tick(1)]);
        assert_eq!((cell.at, cell.free_at), (Tick(2_000_001), Tick(2_000_001)));
        assert_eq!(LifExp::observe(&c, &cell.state, 0), -70.0);
        assert_eq!(LifExp::observe(&c, &cell.state, 1), 100.0);
    }

    #[test]
    fn no_finite_state_gives_nonsense() {
        for v in [-1e300, -1e9, -70.0, -55.0, 0.0, 1e300] {
            for a in [-1e300, -1e5, -1e-300, 0.0, 1e-300, 1e5, 1e300] {
                for b in [-1e300, -1.0, 0.0, 1e300] {
                    for drive in [-1e9, 0.0, 375.0, 1e9] {
                        let found = crossing(&REST, v, a, b, drive);
                        assert!(found.is_none_or(|ms| ms >= 0.0 && ms.is_finite()), "{found:?}");
                    }
                }
            }
        }
    }
}
