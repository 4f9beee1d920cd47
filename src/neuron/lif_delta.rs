//! `lif_delta`: leaky integrate-and-fire neuron whose synapses make the membrane jump.

use super::{Descriptor, Dynamics, Initial, Parameter, Range, Variable};
use crate::base::digest::Digest;
use crate::base::math::{exp_m1, ln_1p};
use crate::base::{Span, Unit};

const TAU_M: usize = 0;
const C_M: usize = 1;
const T_REF: usize = 2;
const E_L: usize = 3;
const V_RESET: usize = 4;
const V_TH: usize = 5;

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
tau_m ln((V_inf - V_0) / (V_inf - v_th)). A drive that puts V_inf exactly at v_th never fires.

Input during refractoriness is discarded, as in NEST's iaf_psc_delta with refractory_input = false.
The neuron is refractory in (t, t + t_ref]: an input at the very end is still discarded, and one
at the tick of the spike itself is lost in the reset. With t_ref = 0 nothing is discarded.

All inputs of one tick are summed before the threshold is tested. A sum that lies less than
v_th - v_reset times 2^-40 below the threshold counts as having reached it, so that ten inputs of
2 mV reach 20 mV whatever the rounding.

Source: Brunel 2000, doi 10.1023/A:1008925309027; Rotter and Diesmann 1999, doi 10.1007/s004220050570.",
    parameters: &[
        Parameter {
            name: "tau_m",
            unit: Unit::Ms,
            default: 10.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "membrane time constant",
        },
        Parameter {
            name: "c_m",
            unit: Unit::Pf,
            default: 250.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "membrane capacitance; matters only together with i_e",
        },
        Parameter {
            name: "t_ref",
            unit: Unit::Ms,
            default: 2.0,
            range: Range::NonNegative,
            per_neuron: false,
            doc: "refractory period",
        },
        Parameter {
            name: "e_l",
            unit: Unit::Mv,
            default: -70.0,
            range: Range::Any,
            per_neuron: false,
            doc: "leak reversal (resting) potential",
        },
        Parameter {
            name: "v_reset",
            unit: Unit::Mv,
            default: -70.0,
            range: Range::Any,
            per_neuron: false,
            doc: "potential after a spike; below v_th",
        },
        Parameter {
            name: "v_th",
            unit: Unit::Mv,
            default: -55.0,
            range: Range::Any,
            per_neuron: false,
            doc: "spike threshold",
        },
        Parameter {
            name: "i_e",
            unit: Unit::Pa,
            default: 0.0,
            range: Range::Any,
            per_neuron: true,
            doc: "constant current",
        },
    ],
    variables: &[Variable {
        name: "v_m",
        unit: Unit::Mv,
        initial: Initial::Parameter(E_L),
        doc: "membrane potential",
    }],
    input: Unit::Mv,
    check: check_reset_below_threshold,
    current_for_period: Some(current_for_period),
};

fn check_reset_below_threshold(p: &[f64]) -> Vec<(usize, String)> {
    if p[V_RESET] < p[V_TH] {
        return Vec::new();
    }
    vec![(V_RESET, format!("v_reset ({} mV) must lie below v_th ({} mV)", p[V_RESET], p[V_TH]))]
}

/// From T = t_ref + tau_m ln((V_inf - v_reset) / (V_inf - v_th)), solved for V_inf.
fn current_for_period(p: &[f64], period_ms: f64) -> Option<f64> {
    let growth = exp_m1((period_ms - p[T_REF]) / p[TAU_M]);
    let v_inf = p[V_TH] + (p[V_TH] - p[V_RESET]) / growth;
    let current = (v_inf - p[E_L]) * p[C_M] / p[TAU_M];
    (period_ms > p[T_REF] && current.is_finite()).then_some(current)
}

/// See the [manual page](Descriptor::manual).
pub struct LifDelta;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    tau_m_ms: f64,
    mv_per_pa: f64,
    e_l_mv: f64,
    v_reset_mv: f64,
    v_th_mv: f64,
    /// `v_th_mv` less the slack for sums that should reach it exactly.
    v_reached_mv: f64,
    t_ref: Span,
}

/// The membrane potential, in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
}

impl Dynamics for LifDelta {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        Constants {
            tau_m_ms: p[TAU_M],
            mv_per_pa: p[TAU_M] / p[C_M],
            e_l_mv: p[E_L],
            v_reset_mv: p[V_RESET],
            v_th_mv: p[V_TH],
            v_reached_mv: p[V_TH] - (p[V_TH] - p[V_RESET]) * THRESHOLD_SLACK,
            t_ref: Span::from_ms(p[T_REF]).expect("checked when the scenario was read"),
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        State { v_mv: variables[0] }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        let v_inf = c.e_l_mv + drive * c.mv_per_pa;
        s.v_mv += (s.v_mv - v_inf) * exp_m1(-dt_ms / c.tau_m_ms);
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
        if s.v_mv >= c.v_th_mv {
            return Some(0.0);
        }
        let beyond = c.e_l_mv + drive * c.mv_per_pa - c.v_th_mv;
        // ln((V_inf - V) / (V_inf - v_th)) = ln(1 + (v_th - V) / (V_inf - v_th)).
        (beyond > 0.0).then(|| c.tau_m_ms * ln_1p((c.v_th_mv - s.v_mv) / beyond))
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
