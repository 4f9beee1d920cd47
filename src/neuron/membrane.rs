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
    /// 1 / (c_m rate_gap), infinite for equal time constants (mV / pA): a current that decays
    /// holds the membrane this far from where it goes without it.
    pub mv_per_pa_apart: f64,
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

/// Differences lose no more than this factor of their digits where it is exceeded.
const LEAST_APART: f64 = 0.05;

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
            mv_per_pa_apart: 1.0 / (membrane.c_m_pf * rate_gap),
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

    /// Whether the two decays differ enough for their plain difference to give the deflection
    /// to the last digits of a potential.
    pub fn is_apart(&self, membrane: &Membrane) -> bool {
        self.apartness(membrane) > LEAST_APART
    }

    /// The same for a ramp, in which the difference is divided by the gap twice.
    pub fn is_ramp_apart(&self, membrane: &Membrane) -> bool {
        let apartness = self.apartness(membrane);
        apartness * apartness > LEAST_APART
    }

    /// The gap between the two rates as a part of the larger rate, in [0, 1).
    fn apartness(&self, membrane: &Membrane) -> f64 {
        (self.rate_gap_per_ms * self.tau_ms.min(membrane.tau_m_ms)).abs()
    }

    /// How far a current (t / tau) e^(-t / tau) holds the membrane at its start, t = 0, from where
    /// it goes alone (mV / pA); for time constants that are apart.
    pub fn ramp_mv_per_pa_apart(&self) -> f64 {
        -self.mv_per_pa_apart / (self.rate_gap_per_ms * self.tau_ms)
    }

    /// The deflection (mV / pA) when the current decays by `decay` while the membrane decays by
    /// `membrane`; for time constants that are apart.
    #[inline]
    pub fn deflection(&self, decay: f64, membrane: f64) -> f64 {
        (decay - membrane) * self.mv_per_pa_apart
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
    /// A time in which threshold is not exceeded, found cheaply: the first bound of
    /// `safe_step` with ln(1 + x) >= 2 x / (2 + x).
    #[inline]
    pub fn quiet(&self, tau_m_ms: f64) -> f64 {
        if self.gap_mv < 0.0 {
            return 0.0;
        }
        if self.excluded || self.beyond_mv <= 0.0 {
            return f64::INFINITY;
        }
        tau_m_ms * 2.0 * self.gap_mv / (2.0 * self.beyond_mv + self.gap_mv)
    }

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

/// About a millionth of a tick: no crossing is located more closely than this needs.
const SHORTEST_STEP_MS: f64 = 1.0 / (1u64 << 40) as f64;

/// The first time at which the membrane reaches threshold, from its outlook now and a function
/// that gives the outlook after any time.
///
/// A membrane above threshold crosses at once. One exactly at it crosses at once only if it
/// rises: otherwise it has been there already, or rounding has put it where it was only headed.
///
/// Every step ends before the first crossing or at it, and steps shrink to zero only there, so
/// the walk converges to it from the left (quadratically, for a touch from below by halving).
/// A step below `SHORTEST_STEP_MS` is lengthened to it, so that rounding cannot hold the walk on
/// the spot. After `horizon_ms` all currents have underflowed.
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
        let step = outlook.safe_step(tau_m_ms);
        let next = t + step.max(SHORTEST_STEP_MS);
        if next <= t {
            return Some(t);
        }
        if !next.is_finite() {
            return None;
        }
        outlook = after(next);
        if outlook.gap_mv <= 0.0 {
            return Some(if step < SHORTEST_STEP_MS { t + step } else { next });
        }
        t = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (tau, t, P, Q) for tau_m = 10 ms and C = 250 pF, computed by mpmath with 60 digits: from a
    /// thousandth to a thousand times tau_m, and through equality.
    const EXACT: &[(f64, f64, f64, f64)] = &[
        (0.01, 1e-06, 3.999799806673173e-09, 1.9998666050032013e-13),
        (0.01, 3.0, 2.9662391218487203e-05, 2.9692083301788993e-05),
        (0.01, 200.0, 8.252867357111343e-14, 8.26112848559694e-14),
        (1.0, 1e-06, 3.99999780000074e-09, 1.999998600000535e-15),
        (1.0, 3.0, 0.003071249565839351, 0.0027486719393610927),
        (1.0, 200.0, 9.160682766393591e-12, 1.017853640710399e-11),
        (5.0, 1e-06, 3.999999400000046e-09, 3.9999993333333896e-16),
        (5.0, 3.0, 0.007680263383507658, 0.00218904750075868),
        (5.0, 200.0, 8.244614472760815e-11, 1.6489228265784948e-10),
        (9.99, 1e-06, 3.99999959979982e-09, 2.0020018016682113e-16),
        (9.99, 3.0, 0.008888483974180126, 0.001334540406173126),
        (9.99, 200.0, 1.6325267625232756e-09, 1.6287083041363347e-08),
        (9.99999, 1e-06, 3.99999959999982e-09, 2.0000018000016765e-16),
        (9.99999, 3.0, 0.008889817314706618, 0.00133347386400616),
        (9.99999, 200.0, 1.648906408815306e-09, 1.648902561357675e-08),
        (9.999999990000001, 1e-06, 3.99999960000002e-09, 1.9999998020000094e-16),
        (9.999999990000001, 3.0, 0.008889818646847143, 0.0013334727982938703),
        (9.999999990000001, 200.0, 1.648922881461619e-09, 1.6489228776141325e-08),
        (9.99999999999, 1e-06, 3.99999960000002e-09, 1.9999998000020096e-16),
        (9.99999999999, 3.0, 0.008889818648179282, 0.0013334727972281587),
        (9.99999999999, 200.0, 1.6489228979343584e-09, 1.6489228979305112e-08),
        (9.999999999999998, 1e-06, 3.99999960000002e-09, 1.9999998000000106e-16),
        (9.999999999999998, 3.0, 0.008889818648180614, 0.0013334727972270923),
        (9.999999999999998, 200.0, 1.6489228979508433e-09, 1.6489228979508427e-08),
        (10.0, 1e-06, 3.99999960000002e-09, 1.9999998000000099e-16),
        (10.0, 3.0, 0.008889818648180614, 0.0013334727972270921),
        (10.0, 200.0, 1.6489228979508462e-09, 1.6489228979508463e-08),
        (10.000000000000002, 1e-06, 3.99999960000002e-09, 1.999999800000009e-16),
        (10.000000000000002, 3.0, 0.008889818648180614, 0.001333472797227092),
        (10.000000000000002, 200.0, 1.6489228979508493e-09, 1.64892289795085e-08),
        (10.000000000010001, 1e-06, 3.99999960000002e-09, 1.9999997999980096e-16),
        (10.000000000010001, 3.0, 0.008889818648181948, 0.0013334727972260253),
        (10.000000000010001, 200.0, 1.648922897967337e-09, 1.6489228979711847e-08),
        (10.00000001, 1e-06, 3.99999960000002e-09, 1.99999979800001e-16),
        (10.00000001, 3.0, 0.008889818649514087, 0.001333472796160314),
        (10.00000001, 200.0, 1.6489229144400767e-09, 1.6489229182875637e-08),
        (10.00001, 1e-06, 3.99999960000022e-09, 1.9999978000023433e-16),
        (10.00001, 3.0, 0.008889819981652211, 0.0013334717304496846),
        (10.00001, 200.0, 1.6489393872732645e-09, 1.6489432347891574e-08),
        (10.009999999999998, 1e-06, 3.99999960019982e-09, 1.9980017983348754e-16),
        (10.009999999999998, 3.0, 0.00889115092192814, 0.0013324068484555657),
        (10.009999999999998, 200.0, 1.6655059130327237e-09, 1.669382633735447e-08),
        (20.0, 1e-06, 3.999999700000012e-09, 9.999999333333355e-17),
        (20.0, 3.0, 0.009591180459467195, 0.0007373152576334984),
        (20.0, 200.0, 3.631829488708993e-06, 3.268811432127889e-05),
        (100.0, 1e-06, 3.999999780000007e-09, 1.999999920000002e-17),
        (100.0, 3.0, 0.010205658349635124, 0.00015996533921633035),
        (100.0, 200.0, 0.006014901385575959, 0.011361480578190466),
        (10000.0, 1e-06, 3.999999799800006e-09, 1.9999999332000014e-19),
        (10000.0, 3.0, 0.01036563861116246, 1.6323943231066494e-06),
        (10000.0, 200.0, 0.039247194043867936, 0.0007456574020035399),
    ];

    fn membrane() -> Membrane {
        Membrane::new(&[10.0, 250.0, 2.0, -70.0, -70.0, -55.0])
    }

    #[test]
    fn responses_keep_their_digits_at_every_ratio_of_time_constants() {
        for &(tau, t, deflection, ramp) in EXACT {
            let filter = Filter::new(&membrane(), tau);
            let decay = Relaxation::over(t, 10.0);
            let plain = filter.response(t, decay);
            let error = |found: f64, exact: f64| (found / exact - 1.0).abs();
            assert!(error(plain.deflection, deflection) < 1e-13, "P for {tau} at {t}");
            let found = filter.ramp(t, decay, plain);
            assert!(error(found, ramp) < 1e-13, "Q for {tau} at {t}: {found} {ramp}");
            assert!(plain.deflection <= filter.peak_mv && found <= filter.ramp_peak_mv);
            let reach = filter.reach_mv * decay.factor;
            assert!(plain.deflection <= reach && found <= filter.ramp_reach_mv * decay.factor);
        }
    }

    #[test]
    fn relaxing_never_passes_its_goal() {
        let mut dt = 1e-9;
        while dt < 1e6 {
            for (v, goal) in [(-60.3, -50.1), (-50.1, -60.3), (-50.1 - 1e-14, -50.1)] {
                let moved = Relaxation::over(dt, 7.3).relax(v, goal, 0.0);
                assert!((moved - goal) * (v - goal) >= 0.0, "{v} to {goal} after {dt}: {moved}");
            }
            dt *= 1.3;
        }
    }
}
