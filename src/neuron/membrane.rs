//! How a leaky membrane moves under currents that decay, and when it first reaches threshold.
//!
//! Propagators are written so that no digit is lost where two time constants are equal or nearly
//! so. The search for the first crossing walks from the left in steps that provably hold no
//! crossing, so it can neither miss one nor pass one.

use super::lif::Membrane;
use crate::base::math::{exp, exp_m1, exp_mean, exp_ramp, ln_1p, sqrt};

/// Below this exponent e^x is built from e^x - 1, above it the other way round: each keeps all
/// its digits on its own side.
const HALVING: f64 = std::f64::consts::LN_2;

/// e^(-dt / tau) and that less one, both to full precision. One transcendental function.
#[derive(Clone, Copy, Debug)]
pub struct Relaxation {
    /// e^(-dt / tau).
    pub factor: f64,
    /// e^(-dt / tau) - 1.
    pub loss: f64,
}

impl Relaxation {
    /// The decay by this factor, as exact as the factor.
    #[inline]
    pub fn of(factor: f64) -> Relaxation {
        Relaxation { factor, loss: factor - 1.0 }
    }

    /// The decay over `dt_ms` with time constant `tau_ms`.
    #[inline]
    pub fn over(dt_ms: f64, tau_ms: f64) -> Relaxation {
        let x = -dt_ms / tau_ms;
        if x > -HALVING {
            let loss = exp_m1(x);
            Relaxation { factor: 1.0 + loss, loss }
        } else {
            let factor = exp(x);
            Relaxation { factor, loss: factor - 1.0 }
        }
    }

    /// `v` after relaxing towards `v_inf`, and moved by `extra` besides.
    ///
    /// A short step adds a small change to `v`, so that no time changes no bit; a long one adds a
    /// small remainder to `v_inf`, so that rounding never carries `v` past it: a drive that puts
    /// V_inf at the threshold does not fire.
    #[inline]
    pub fn relax(self, v: f64, v_inf: f64, extra: f64) -> f64 {
        if self.loss > -0.5 {
            v + ((v - v_inf) * self.loss + extra)
        } else {
            v_inf + ((v - v_inf) * self.factor + extra)
        }
    }
}

/// What a decaying current of one time constant does to the membrane.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Time constant of the current.
    pub tau_ms: f64,
    c_m_pf: f64,
    /// 1 / tau_m - 1 / tau, from an exact difference: zero only for equal time constants.
    rate_gap_per_ms: f64,
    /// The largest deflection that 1 pA of current causes from rest, rounded up (mV / pA).
    pub peak_mv: f64,
    /// The limit of the deflection over e^(-t / tau_m), which no deflection exceeds (mV / pA);
    /// infinite where the current is the slower one.
    pub reach_mv: f64,
    /// The largest deflection of a ramp, as `peak_mv`: see [`Filter::ramp`].
    pub ramp_peak_mv: f64,
    /// As `reach_mv` for a ramp.
    pub ramp_reach_mv: f64,
}

/// Margin by which bounds are rounded up: far above rounding errors, far below what matters.
const BOUND_MARGIN: f64 = 1.0 + 1e-9;

/// What a current becomes and what it has done to the membrane.
#[derive(Clone, Copy, Debug)]
pub struct Response {
    /// e^(-dt / tau).
    pub decay: f64,
    /// Deflection per pA that flowed at the start, in mV.
    pub deflection: f64,
}

impl Filter {
    /// The filter of a current with time constant `tau_ms` on `membrane`.
    pub fn new(membrane: &Membrane, tau_ms: f64) -> Filter {
        let tau_m = membrane.tau_m_ms;
        let rate_gap = (tau_ms - tau_m) / tau_m / tau_ms;
        let faster = rate_gap < 0.0;
        let reach = if faster { -1.0 / (membrane.c_m_pf * rate_gap) } else { f64::INFINITY };
        let ramp_reach = if faster { -reach / rate_gap / tau_ms } else { f64::INFINITY };
        // P peaks where P' = e^(-t/tau) / C - P / tau_m is zero, after tau ln(1 + d) / d.
        let excess = (tau_ms - tau_m) / tau_m;
        let peak_over_tau = if excess == 0.0 { 1.0 } else { ln_1p(excess) / excess };
        let peak = membrane.mv_per_pa * exp(-peak_over_tau);
        let mut filter = Filter {
            tau_ms,
            c_m_pf: membrane.c_m_pf,
            rate_gap_per_ms: rate_gap,
            peak_mv: peak * BOUND_MARGIN,
            reach_mv: reach * BOUND_MARGIN,
            ramp_peak_mv: 0.0,
            ramp_reach_mv: ramp_reach * BOUND_MARGIN,
        };
        filter.ramp_peak_mv = filter.largest_ramp(tau_m) * BOUND_MARGIN;
        filter
    }

    /// The response over `dt_ms`, with `membrane` the membrane's own decay over it.
    ///
    /// Deflection: P = (e^(-dt/tau) - e^(-dt/tau_m)) / (C (1/tau_m - 1/tau)), which is
    /// (dt / C) e^(-dt/tau_m) mean(z) with z = dt (1/tau_m - 1/tau) and mean(z) = (e^z - 1) / z.
    #[inline]
    pub fn response(&self, dt_ms: f64, membrane: Relaxation) -> Response {
        let z = self.rate_gap_per_ms * dt_ms;
        if z.abs() < HALVING {
            let mean = exp_mean(z);
            let decay = membrane.factor * (1.0 + z * mean);
            Response { decay, deflection: membrane.factor * dt_ms * mean / self.c_m_pf }
        } else {
            let decay = exp(-dt_ms / self.tau_ms);
            let deflection = (decay - membrane.factor) / self.rate_gap_per_ms / self.c_m_pf;
            Response { decay, deflection }
        }
    }

    /// The deflection (mV / pA) by a current (t / tau) e^(-t / tau), given the plain response.
    ///
    /// Q = e^(-dt/tau_m) dt^2 ramp(z) / (C tau), ramp(z) the integral of s e^(zs) over [0, 1].
    #[inline]
    pub fn ramp(&self, dt_ms: f64, membrane: Relaxation, plain: Response) -> f64 {
        let z = self.rate_gap_per_ms * dt_ms;
        let scale = 1.0 / self.c_m_pf / self.tau_ms;
        if z.abs() < HALVING {
            return membrane.factor * dt_ms * dt_ms * exp_ramp(z) * scale;
        }
        let rate_gap = self.rate_gap_per_ms;
        ((z - 1.0) * plain.decay + membrane.factor) / (rate_gap * rate_gap) * scale
    }

    /// The maximum of [`Filter::ramp`] over time, by thirds: it has one maximum.
    fn largest_ramp(&self, tau_m_ms: f64) -> f64 {
        let at = |t| {
            let membrane = Relaxation::over(t, tau_m_ms);
            self.ramp(t, membrane, self.response(t, membrane))
        };
        let (mut low, mut high) = (0.0, 4.0 * (tau_m_ms + self.tau_ms));
        for _ in 0..120 {
            let third = (high - low) / 3.0;
            if at(low + third) < at(high - third) {
                low += third;
            } else {
                high -= third;
            }
        }
        at(0.5 * (low + high))
    }
}

/// What can be said at one moment about the membrane's future without solving for it.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// v_th - V, in mV.
    pub gap_mv: f64,
    /// dV/dt, in mV / ms.
    pub slope: f64,
    /// How far beyond threshold the membrane would end if the synaptic current stayed at the
    /// largest value it will ever have from now on (at least zero), in mV.
    pub beyond_mv: f64,
    /// The largest value that (dI/dt) / C will have from now on, or zero, in mV / ms^2.
    pub bend: f64,
    /// Whether a bound shows that the threshold is never reached.
    pub excluded: bool,
}

impl Outlook {
    /// A time in which threshold is not exceeded, zero only at the crossing itself; infinite if
    /// it never is. Two bounds, of which the larger serves.
    ///
    /// First: V stays below the solution for a constant current of the largest value to come.
    /// Second: with W = dV/dt and I' <= C bend, (W e^(t/tau_m))' <= bend e^(t/tau_m), hence
    /// V(t + h) <= V + W h + (bend + max(0, -W) / tau_m) h^2 / 2. Where the current only falls
    /// the first is a Newton step on a concave function; the second makes the walk quadratic
    /// where the current still rises.
    fn safe_step(&self, tau_m_ms: f64) -> f64 {
        let frozen = tau_m_ms * ln_1p(self.gap_mv / self.beyond_mv);
        let bend = self.bend + (-self.slope).max(0.0) / tau_m_ms;
        if bend == 0.0 {
            return if self.slope > 0.0 { frozen } else { f64::INFINITY };
        }
        let root = sqrt(self.slope * self.slope + 2.0 * bend * self.gap_mv);
        let parabola = if self.slope < 0.0 {
            (root - self.slope) / bend
        } else if self.gap_mv > 0.0 {
            2.0 * self.gap_mv / (self.slope + root)
        } else {
            0.0
        };
        frozen.max(parabola)
    }
}

/// The first time at which the membrane reaches threshold, from its outlook now and a function
/// that gives the outlook after any time.
///
/// A membrane above threshold crosses at once. One exactly at it crosses at once only if it
/// rises: otherwise it has been there already, or rounding has put it where it was only headed.
///
/// Every step ends before the first crossing or at it, and steps shrink to zero only there, so
/// the walk converges to it from the left (quadratically, for a touch from below by halving).
/// After `horizon_ms` all currents have underflowed.
pub fn first_crossing(
    tau_m_ms: f64,
    horizon_ms: f64,
    now: Outlook,
    after: impl Fn(f64) -> Outlook,
) -> Option<f64> {
    if now.gap_mv < 0.0 {
        return Some(0.0);
    }
    let mut outlook = now;
    let mut t = 0.0;
    while !outlook.excluded && outlook.beyond_mv > 0.0 && t < horizon_ms {
        let next = t + outlook.safe_step(tau_m_ms);
        if next <= t {
            return Some(t);
        }
        if !next.is_finite() {
            return None;
        }
        t = next;
        outlook = after(t);
        if outlook.gap_mv <= 0.0 {
            return Some(t);
        }
    }
    None
}
