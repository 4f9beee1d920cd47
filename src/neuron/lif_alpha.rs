//! `lif_alpha`: leaky integrate-and-fire neuron with alpha-shaped synaptic currents.

mod frame;

use super::lif::{self, Membrane, TAU_SYN_EX, TAU_SYN_IN, from_zero};
use super::membrane::{Filter, Outlook, Relaxation, first_crossing};
use super::{Descriptor, Dynamics};
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::saved::value;
use crate::base::{Span, Unit};
use std::f64::consts::E;

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
    parameters: lif::with_currents![],
    variables: &[
        lif::v_m(),
        lif::i_syn_ex(),
        lif::i_syn_in(),
        from_zero("di_syn_ex", Unit::Pa, "what the excitatory current relaxes towards"),
        from_zero("di_syn_in", Unit::Pa, "what the inhibitory current relaxes towards"),
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
value!(Alpha { i, g });

/// Membrane potential and the two currents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
    excitatory: Alpha,
    inhibitory: Alpha,
}
value!(State { v_mv, excitatory, inhibitory });

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

#[cfg(test)]
mod tests {
    use super::*;

    pub const REST: [f64; 9] = [10.0, 250.0, 2.0, -70.0, -70.0, -55.0, 2.0, 5.0, 0.0];

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
}
