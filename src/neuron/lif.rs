//! What the leaky integrate-and-fire models share: the parameters and variables of the membrane and
//! of its synaptic currents, the condition between them, and the current for a period.
//!
//! Each of these models lists the six parameters of the membrane first and in one order, then, if
//! it has synaptic currents, their two time constants, so the indices here hold for all of them;
//! its own parameters and `i_e` follow.

use super::{Initial, Parameter, Range, Variable};
use crate::base::math::exp_m1;
use crate::base::{Span, Unit};

/// Index of the membrane time constant.
pub const TAU_M: usize = 0;
/// Index of the capacitance.
pub const C_M: usize = 1;
/// Index of the refractory period.
pub const T_REF: usize = 2;
/// Index of the resting potential.
pub const E_L: usize = 3;
/// Index of the potential after a spike.
pub const V_RESET: usize = 4;
/// Index of the threshold.
pub const V_TH: usize = 5;
/// Index of the time constant of the excitatory current, in models that have one.
pub const TAU_SYN_EX: usize = 6;
/// Index of the time constant of the inhibitory current, in models that have one.
pub const TAU_SYN_IN: usize = 7;

/// The parameters of a model with synaptic currents: those that all share, and its own.
macro_rules! with_currents {
    ($($own:expr),* $(,)?) => {
        &[
            $crate::neuron::lif::tau_m(),
            $crate::neuron::lif::c_m(),
            $crate::neuron::lif::t_ref(),
            $crate::neuron::lif::e_l(),
            $crate::neuron::lif::v_reset(),
            $crate::neuron::lif::v_th(),
            $crate::neuron::lif::tau_syn_ex(),
            $crate::neuron::lif::tau_syn_in(),
            $($own,)*
            $crate::neuron::lif::i_e(),
        ]
    };
}
pub(super) use with_currents;

/// The membrane time constant.
pub const fn tau_m() -> Parameter {
    Parameter {
        name: "tau_m",
        unit: Unit::Ms,
        default: 10.0,
        range: Range::Positive,
        per_neuron: false,
        doc: "membrane time constant",
    }
}

/// The capacitance.
pub const fn c_m() -> Parameter {
    Parameter {
        name: "c_m",
        unit: Unit::Pf,
        default: 250.0,
        range: Range::Positive,
        per_neuron: false,
        doc: "membrane capacitance",
    }
}

/// The refractory period.
pub const fn t_ref() -> Parameter {
    Parameter {
        name: "t_ref",
        unit: Unit::Ms,
        default: 2.0,
        range: Range::NonNegative,
        per_neuron: false,
        doc: "refractory period",
    }
}

/// The resting potential.
pub const fn e_l() -> Parameter {
    Parameter {
        name: "e_l",
        unit: Unit::Mv,
        default: -70.0,
        range: Range::Any,
        per_neuron: false,
        doc: "leak reversal (resting) potential",
    }
}

/// The potential after a spike.
pub const fn v_reset() -> Parameter {
    Parameter {
        name: "v_reset",
        unit: Unit::Mv,
        default: -70.0,
        range: Range::Any,
        per_neuron: false,
        doc: "potential after a spike; below v_th",
    }
}

/// The threshold.
pub const fn v_th() -> Parameter {
    Parameter {
        name: "v_th",
        unit: Unit::Mv,
        default: -55.0,
        range: Range::Any,
        per_neuron: false,
        doc: "spike threshold",
    }
}

/// The time constant of the excitatory current.
pub const fn tau_syn_ex() -> Parameter {
    Parameter {
        name: "tau_syn_ex",
        unit: Unit::Ms,
        default: 2.0,
        range: Range::Positive,
        per_neuron: false,
        doc: "time constant of the excitatory current (weights >= 0)",
    }
}

/// The time constant of the inhibitory current.
pub const fn tau_syn_in() -> Parameter {
    Parameter {
        name: "tau_syn_in",
        doc: "time constant of the inhibitory current (weights < 0)",
        ..tau_syn_ex()
    }
}

/// The constant current.
pub const fn i_e() -> Parameter {
    Parameter {
        name: "i_e",
        unit: Unit::Pa,
        default: 0.0,
        range: Range::Any,
        per_neuron: true,
        doc: "constant current",
    }
}

/// The membrane potential, at rest at the start.
pub const fn v_m() -> Variable {
    Variable {
        name: "v_m",
        unit: Unit::Mv,
        initial: Initial::Parameter(E_L),
        doc: "membrane potential",
    }
}

/// The excitatory current.
pub const fn i_syn_ex() -> Variable {
    from_zero("i_syn_ex", Unit::Pa, "excitatory synaptic current")
}

/// The inhibitory current.
pub const fn i_syn_in() -> Variable {
    from_zero("i_syn_in", Unit::Pa, "inhibitory synaptic current")
}

/// A variable that is zero at the start.
pub const fn from_zero(name: &'static str, unit: Unit, doc: &'static str) -> Variable {
    Variable { name, unit, initial: Initial::Value(0.0), doc }
}

/// The reset must lie below the threshold, or the neuron would fire without end.
pub fn check_reset_below_threshold(p: &[f64]) -> Vec<(usize, String)> {
    if p[V_RESET] < p[V_TH] {
        return Vec::new();
    }
    vec![(V_RESET, format!("v_reset ({} mV) must lie below v_th ({} mV)", p[V_RESET], p[V_TH]))]
}

/// The current for an undriven period, from T = t_ref + tau_m ln((V_inf - v_reset) / (V_inf -
/// v_th)) solved for V_inf; synapses are silent.
///
/// A period of more than about 36 tau_m puts V_inf closer to v_th than a double can tell; the
/// current is then the one that just does not fire.
pub fn current_for_period(p: &[f64], period_ms: f64) -> Option<f64> {
    let growth = exp_m1((period_ms - p[T_REF]) / p[TAU_M]);
    let v_inf = p[V_TH] + (p[V_TH] - p[V_RESET]) / growth;
    let current = (v_inf - p[E_L]) * p[C_M] / p[TAU_M];
    (period_ms > p[T_REF] && current.is_finite()).then_some(current)
}

/// The membrane's constants, derived from the six parameters.
#[derive(Clone, Debug)]
pub struct Membrane {
    /// Time constant.
    pub tau_m_ms: f64,
    /// Capacitance.
    pub c_m_pf: f64,
    /// Resistance: how far a constant current of 1 pA moves the membrane in the end.
    pub mv_per_pa: f64,
    /// Resting potential.
    pub e_l_mv: f64,
    /// Potential after a spike.
    pub v_reset_mv: f64,
    /// Threshold.
    pub v_th_mv: f64,
    /// Refractory period.
    pub t_ref: Span,
}

impl Membrane {
    /// Derives the constants from parameter values in the shared order.
    pub fn new(p: &[f64]) -> Membrane {
        Membrane {
            tau_m_ms: p[TAU_M],
            c_m_pf: p[C_M],
            mv_per_pa: p[TAU_M] / p[C_M],
            e_l_mv: p[E_L],
            v_reset_mv: p[V_RESET],
            v_th_mv: p[V_TH],
            t_ref: Span::from_ms(p[T_REF]).expect("checked when the scenario was read"),
        }
    }

    /// Where the membrane goes under a constant current when synapses are silent.
    #[inline]
    pub fn v_inf_mv(&self, drive: f64) -> f64 {
        self.e_l_mv + drive * self.mv_per_pa
    }

    /// A potential as a threshold sees it through a gain.
    #[inline]
    pub fn seen_mv(&self, v_mv: f64, gain: f64) -> f64 {
        self.e_l_mv + gain * (v_mv - self.e_l_mv)
    }

    /// Where a current leads, in units of the way from rest to threshold.
    #[inline]
    pub fn drive(&self, current: f64) -> f64 {
        current * self.mv_per_pa / (self.v_th_mv - self.e_l_mv)
    }
}
