//! `qif`: quadratic integrate-and-fire neuron whose synapses make the membrane jump.

use super::lif::{self, C_M, E_L, T_REF, TAU_M, V_RESET};
use super::{Descriptor, Dynamics, Parameter, Range};
use crate::base::digest::Digest;
use crate::base::math::{atan, ln_1p, sqrt, tan, tanh};
use crate::base::saved::value;
use crate::base::{Span, Unit};
use std::f64::consts::{FRAC_PI_2, PI};

const V_CRIT: usize = 5;
const V_PEAK: usize = 6;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "qif",
    summary: "quadratic integrate-and-fire, synapses make the membrane jump",
    manual: "\
Quadratic integrate-and-fire neuron with delta-shaped synaptic currents: the normal form of a
neuron that starts to fire at arbitrarily low rates.

    tau_m dV/dt = (V - e_l) (V - v_crit) / (v_crit - e_l) + (tau_m / c_m) i_e
    V -> V + w          at the arrival of a spike over a synapse of weight w (mV)
    V >= v_peak         spike; V = v_reset, held for t_ref

Without current e_l is the stable and v_crit the unstable point: beyond v_crit the membrane runs
away to v_peak by itself. Near e_l it relaxes with tau_m, as a leaky neuron does. Izhikevich
writes the same as C dV/dt = k (V - v_r) (V - v_t) + I, with k = c_m / (tau_m (v_crit - e_l)),
v_r = e_l and v_t = v_crit. Firing without input starts at i_e = c_m (v_crit - e_l) / (4 tau_m).

With x = V - (e_l + v_crit) / 2 the equation is T dx/dt = x^2 + D, where T = tau_m (v_crit - e_l)
and D = (v_crit - e_l) i_e tau_m / c_m - (v_crit - e_l)^2 / 4. Its solution is

    x(t) = (x + D u) / (1 - x u),   u = tan(w t / T) / w    D = w^2 > 0
                                    u = t / T               D = 0
                                    u = tanh(w t / T) / w   D = -w^2 < 0

which is continuous across D = 0. The time to v_peak is its inverse, an arc tangent or a logarithm.
V is monotone between events, so a crossing exists exactly if dV/dt > 0 and no fixed point lies
between V and v_peak.

Where spikes are rounded up to a coarse resolution V is held at v_peak between the crossing and
the spike. Input during refractoriness, which is (t, t + t_ref], is discarded.

Source: Latham et al. 2000, doi 10.1152/jn.2000.83.2.808; Ermentrout 1996,
doi 10.1162/neco.1996.8.5.979; Izhikevich 2007, Dynamical Systems in Neuroscience, chapter 3.",
    parameters: &[
        lif::tau_m(),
        lif::c_m(),
        lif::t_ref(),
        lif::e_l(),
        Parameter { doc: "potential after a spike; below v_peak", ..lif::v_reset() },
        Parameter {
            name: "v_crit",
            unit: Unit::Mv,
            default: -50.0,
            range: Range::Any,
            per_neuron: false,
            doc: "unstable point, from which the upstroke starts; above e_l",
        },
        Parameter {
            name: "v_peak",
            unit: Unit::Mv,
            default: 0.0,
            range: Range::Any,
            per_neuron: false,
            doc: "top of the upstroke, where the spike is registered; above v_crit",
        },
        lif::i_e(),
    ],
    variables: &[lif::v_m()],
    input: Unit::Mv,
    check,
    current_for_period: Some(current_for_period),
};

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    let mut below = |low: usize, high: usize, offender: usize, names: [&str; 2]| {
        if p[low] >= p[high] {
            let [lower, upper] = names;
            let values = format!("{lower} ({} mV) must lie below {upper} ({} mV)", p[low], p[high]);
            problems.push((offender, values));
        }
    };
    below(V_RESET, V_PEAK, V_RESET, ["v_reset", "v_peak"]);
    below(E_L, V_CRIT, V_CRIT, ["e_l", "v_crit"]);
    below(V_CRIT, V_PEAK, V_PEAK, ["v_crit", "v_peak"]);
    problems
}

/// The time from reset to peak falls with the current, so the current is found by bisection
/// between the least that fires at all and one that is certainly too much.
fn current_for_period(p: &[f64], period_ms: f64) -> Option<f64> {
    let constants = Qif::constants(p);
    let goal = period_ms - p[T_REF];
    if goal.is_nan() || goal <= 0.0 {
        return None;
    }
    let reset = State { v_mv: p[V_RESET] };
    let too_late =
        |current: f64| Qif::crossing(&constants, &reset, current).is_none_or(|ms| ms > goal);
    let scale = p[C_M] * (p[V_CRIT] - p[E_L]) / p[TAU_M];
    let mut reach = scale;
    while too_late(reach) || !too_late(-reach) {
        reach *= 2.0;
        if !reach.is_finite() {
            return None;
        }
    }
    let (mut late, mut soon) = (-reach, reach);
    loop {
        let middle = 0.5 * (late + soon);
        if middle <= late || middle >= soon {
            return Some(soon);
        }
        if too_late(middle) {
            late = middle;
        } else {
            soon = middle;
        }
    }
}

/// See the [manual page](Descriptor::manual).
pub struct Qif;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    mv_per_pa: f64,
    e_l_mv: f64,
    v_reset_mv: f64,
    v_crit_mv: f64,
    v_peak_mv: f64,
    /// v_crit - e_l.
    width_mv: f64,
    /// The point midway between e_l and v_crit, where x = 0.
    centre_mv: f64,
    /// T = tau_m (v_crit - e_l).
    scale_ms_mv: f64,
    t_ref: Span,
}

/// The membrane potential, in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
}
value!(State { v_mv });

impl Constants {
    /// D, in mV^2.
    #[inline]
    fn discriminant(&self, drive: f64) -> f64 {
        self.width_mv * (drive * self.mv_per_pa - 0.25 * self.width_mv)
    }

    /// T dx/dt = x^2 + D, written so that it is exactly zero at rest.
    #[inline]
    fn rise(&self, v: f64, drive: f64) -> f64 {
        (v - self.e_l_mv) * (v - self.v_crit_mv) + self.width_mv * drive * self.mv_per_pa
    }
}

impl Dynamics for Qif {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let width = p[V_CRIT] - p[E_L];
        Constants {
            mv_per_pa: p[TAU_M] / p[C_M],
            e_l_mv: p[E_L],
            v_reset_mv: p[V_RESET],
            v_crit_mv: p[V_CRIT],
            v_peak_mv: p[V_PEAK],
            width_mv: width,
            centre_mv: p[E_L] + 0.5 * width,
            scale_ms_mv: p[TAU_M] * width,
            t_ref: Span::from_ms(p[T_REF]).expect("checked when the scenario was read"),
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        State { v_mv: variables[0] }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        let rise = c.rise(s.v_mv, drive);
        if rise == 0.0 || dt_ms == 0.0 {
            return;
        }
        let d = c.discriminant(drive);
        let w = sqrt(d.abs());
        let angle = w * dt_ms / c.scale_ms_mv;
        let u = if angle == 0.0 {
            dt_ms / c.scale_ms_mv
        } else if d > 0.0 {
            tan(angle) / w
        } else {
            tanh(angle) / w
        };
        let x = s.v_mv - c.centre_mv;
        let moved = if (x * u).abs() < 0.5 {
            s.v_mv + u * rise / (1.0 - x * u)
        } else {
            c.centre_mv + (x + d * u) / (1.0 - x * u)
        };
        // A rising membrane that is not found between where it was and the peak has passed it:
        // the formula has gone through infinity.
        let turned = d > 0.0 && angle >= PI;
        s.v_mv = if rise < 0.0 || (!turned && moved >= s.v_mv && moved <= c.v_peak_mv) {
            moved
        } else if !turned && moved < s.v_mv && s.v_mv - moved <= 1e-9 * c.width_mv {
            // It stands so close to a fixed point that rounding moves it backwards.
            s.v_mv
        } else {
            c.v_peak_mv
        };
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
        s.v_mv >= c.v_peak_mv
    }

    /// From x to x_p: with w t / T the difference of two arc tangents, (atan(x_p / w) -
    /// atan(x / w)), or of two logarithms, each joined into one so that nothing cancels.
    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        let climb = c.v_peak_mv - s.v_mv;
        if climb <= 0.0 {
            return Some(0.0);
        }
        if c.rise(s.v_mv, drive) <= 0.0 {
            return None;
        }
        let d = c.discriminant(drive);
        let w = sqrt(d.abs());
        let (x, peak) = (s.v_mv - c.centre_mv, c.v_peak_mv - c.centre_mv);
        let inverse = if d > 0.0 {
            arc(w * climb, d + x * peak) / w
        } else if x <= w {
            // Left of the stable point: it rises, but only as far as that.
            return None;
        } else if w > 0.0 {
            ln_1p(2.0 * w * climb / ((peak + w) * (x - w))) / (2.0 * w)
        } else {
            climb / (x * peak)
        };
        let ms = c.scale_ms_mv * inverse;
        ms.is_finite().then_some(ms)
    }

    #[inline]
    fn fire(c: &Constants, s: &mut State) {
        s.v_mv = c.v_reset_mv;
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.t_ref
    }

    fn observe(_: &Constants, s: &State, _: usize) -> f64 {
        s.v_mv
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.real(s.v_mv);
    }
}

/// The angle in (0, pi) whose tangent is `over / under`, for `over` > 0.
#[inline]
fn arc(over: f64, under: f64) -> f64 {
    if under >= over { atan(over / under) } else { FRAC_PI_2 - atan(under / over) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constants() -> Constants {
        Qif::constants(&DESCRIPTOR.defaults())
    }

    #[test]
    fn the_closed_form_is_continuous_across_the_borderline() {
        // Firing starts at c_m (v_crit - e_l) / (4 tau_m) = 125 pA.
        let c = constants();
        for v in [-75.0, -61.0, -55.0, -40.0] {
            let after = |drive: f64| {
                let mut s = State { v_mv: v };
                Qif::advance(&c, &mut s, drive, 3.0);
                s.v_mv
            };
            for change in [1e-12, 1e-9, 1e-6] {
                let steepness = 3.0 * c.mv_per_pa;
                let gap = after(125.0 * (1.0 + change)) - after(125.0 * (1.0 - change));
                assert!((0.0..=250.0 * change * steepness + 1e-12).contains(&gap), "{v}: {gap}");
            }
        }
        let times: Vec<f64> = [1.0 - 1e-12, 1.0, 1.0 + 1e-12]
            .iter()
            .map(|f| Qif::crossing(&c, &State { v_mv: -45.0 }, 125.0 * f).unwrap())
            .collect();
        assert!(times[0] >= times[1] && times[1] >= times[2], "{times:?}");
        assert!(times[0] - times[2] < 1e-9, "{times:?}");
    }

    #[test]
    fn drive_at_the_borderline_rests_at_the_centre() {
        let c = constants();
        assert_eq!(Qif::crossing(&c, &State { v_mv: -70.0 }, 125.0), None);
        assert_eq!(Qif::crossing(&c, &State { v_mv: -60.0 }, 125.0), None);
        assert!(Qif::crossing(&c, &State { v_mv: -70.0 }, 125.0 * (1.0 + 1e-9)).is_some());
        assert_eq!(Qif::crossing(&c, &State { v_mv: -50.0 }, 0.0), None);
        assert!(Qif::crossing(&c, &State { v_mv: -49.999_999 }, 0.0).is_some());
    }

    #[test]
    fn the_current_for_a_period_gives_that_period() {
        let p = DESCRIPTOR.defaults();
        let c = constants();
        for period in [2.5, 10.0, 52.0, 1000.0] {
            let current = current_for_period(&p, period).unwrap();
            let ms = Qif::crossing(&c, &State { v_mv: p[V_RESET] }, current).unwrap();
            assert!((ms + p[T_REF] - period).abs() < 1e-6 * period, "{period}: {ms}");
        }
        assert_eq!(current_for_period(&p, 2.0), None);
    }

    #[test]
    fn a_membrane_that_has_run_away_is_held_at_the_peak() {
        let c = constants();
        for (v, drive) in [(-40.0, 0.0), (-70.0, 5000.0), (-1.0, 0.0)] {
            let ms = Qif::crossing(&c, &State { v_mv: v }, drive).unwrap();
            for late in [1.01, 1.5, 2.0, 10.0, 1000.0] {
                let mut s = State { v_mv: v };
                Qif::advance(&c, &mut s, drive, late * ms);
                assert_eq!(s.v_mv, c.v_peak_mv, "{v} {drive} {late}");
            }
        }
    }
}
