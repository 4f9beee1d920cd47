//! The models' equations once more, written for plainness and not for speed.
//!
//! Nothing here is shared with the engine's models but the names of parameters and variables.
//! The membrane is written as a sum of modes, not as a propagator; a crossing is found by
//! isolating every extremum and bisecting, not by bounds and Newton steps. All times are in ms.

use crate::base::math::{atan, exp, ln_1p, sqrt, tan};
use std::f64::consts::{E, PI};

/// A synaptic current (level + slope t) exp(-t / tau), in pA: an exponential current has no slope,
/// an alpha current starts with nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Current {
    /// Its value at t = 0, in pA.
    pub level: f64,
    /// The factor of t, in pA / ms.
    pub slope: f64,
    /// Its time constant, in ms.
    pub tau: f64,
}

impl Current {
    /// Its value after t.
    pub fn at(self, t: f64) -> f64 {
        (self.level + self.slope * t) * exp(-t / self.tau)
    }

    /// The same current seen from t on.
    pub fn from(self, t: f64) -> Current {
        Current { level: self.at(t), slope: self.slope * exp(-t / self.tau), ..self }
    }

    /// (d/dt + rate) of this current, which is a current with the same time constant.
    fn differentiated(self, rate: f64) -> Current {
        let change = rate - 1.0 / self.tau;
        Current {
            level: change * self.level + self.slope,
            slope: change * self.slope,
            tau: self.tau,
        }
    }

    /// The charge that it leaves on a leaky membrane: the integral over s in (0, t) of
    /// exp(-(t - s) / tau_m) I(s), in pA ms.
    pub fn charge(self, tau_m: f64, t: f64) -> f64 {
        let difference = 1.0 / self.tau - 1.0 / tau_m;
        let x = difference * t;
        let leak = exp(-t / tau_m);
        // Moments of exp(-x u) over u in (0, 1): closed where the time constants are apart, a
        // power series where they are so close that the closed form would cancel.
        let (zeroth, first) = if x.abs() < 1.0 {
            (t * leak * moment(x, 0), t * t * leak * moment(x, 1))
        } else {
            let decay = exp(-t / self.tau);
            let zeroth = (leak - decay) / difference;
            (zeroth, (leak - (1.0 + x) * decay) / (difference * difference))
        };
        self.level * zeroth + self.slope * first
    }
}

/// The integral over u in (0, 1) of u^power exp(-x u), as its power series in x; |x| <= 1.
fn moment(x: f64, power: u32) -> f64 {
    let mut term = 1.0;
    let mut sum = 0.0;
    for n in 0..24 {
        sum += term / f64::from(n + power + 1);
        term *= -x / f64::from(n + 1);
    }
    sum
}

/// A leaky membrane with two synaptic currents:
/// tau_m dV/dt = (rest - V) + (tau_m / c_m) (I_ex + I_in).
#[derive(Clone, Copy, Debug)]
pub struct Leaky {
    /// V at t = 0, in mV.
    pub v: f64,
    /// Where V goes without synaptic currents, in mV.
    pub rest: f64,
    /// Membrane time constant, in ms.
    pub tau_m: f64,
    /// Capacitance, in pF.
    pub c_m: f64,
    /// The excitatory and the inhibitory current.
    pub currents: [Current; 2],
}

impl Leaky {
    /// V(t) - level. The constants are taken together first, so that a resting value that lies
    /// exactly at `level` leaves nothing but the decaying modes.
    pub fn above(&self, level: f64, t: f64) -> f64 {
        let [excitatory, inhibitory] = self.currents.map(|i| i.charge(self.tau_m, t));
        (self.rest - level)
            + (self.v - self.rest) * exp(-t / self.tau_m)
            + (excitatory + inhibitory) / self.c_m
    }

    /// The membrane as it is at `t`.
    pub fn from(&self, t: f64) -> Leaky {
        Leaky { v: self.above(0.0, t), currents: self.currents.map(|i| i.from(t)), ..*self }
    }

    /// dV/dt, which obeys the same equation with the currents' derivatives.
    fn derivative(&self) -> Leaky {
        let current: f64 = self.currents.iter().map(|i| i.level).sum();
        Leaky {
            v: (self.rest - self.v) / self.tau_m + current / self.c_m,
            rest: 0.0,
            currents: self.currents.map(|i| i.differentiated(0.0)),
            ..*self
        }
    }

    /// The first t in [0, end] at which V reaches `level`: it is there already and beyond, or it
    /// rises to it. A membrane that starts exactly at the level and does not rise is not counted.
    ///
    /// A ladder after Rolle: where (d/dt + rate) f has no sign change, f has at most one, because
    /// exp(rate t) f is monotone there. Its foot is a current alone, whose only zero is known;
    /// going up, each rung's sign changes delimit the pieces in which the next one's are
    /// bisected. The second rung from the top is dV/dt, so the last pieces are monotone in V.
    pub fn crossing(&self, level: f64, end: f64) -> Option<f64> {
        if self.v > level {
            return Some(0.0);
        }
        let slope = self.derivative();
        let [excitatory, inhibitory] = slope.currents;
        let rate = 1.0 / excitatory.tau;
        let once = inhibitory.differentiated(rate);
        let foot = once.differentiated(rate);
        // Far beyond its time constant a mode underflows, and its sign is lost: the sign is
        // asked for at a distance from each time constant where it can still be seen.
        let mut ends = vec![0.0, end];
        ends.extend([self.tau_m, excitatory.tau, inhibitory.tau].map(|tau| (500.0 * tau).min(end)));

        let zeros = pieces(&ends, &[-foot.level / foot.slope]);
        let excitatory_once = excitatory.differentiated(rate);
        let zeros = sign_changes(|t| once.at(t) + excitatory_once.at(t), &zeros);
        let zeros = sign_changes(|t| excitatory.at(t) + inhibitory.at(t), &pieces(&ends, &zeros));
        let zeros = sign_changes(|t| slope.above(0.0, t), &pieces(&ends, &zeros));
        let monotone = pieces(&ends, &zeros);
        let above = |t: f64| self.above(level, t);
        let piece = monotone.windows(2).find(|piece| {
            let (left, right) = (above(piece[0]), above(piece[1]));
            right >= 0.0 && right > left
        })?;
        Some(bisect(|t| above(t) >= 0.0, piece[0], piece[1]))
    }
}

/// The interval cut at `cuts`: all points within it in order. Cuts that are no numbers, because
/// what they are a zero of is zero everywhere, are left out.
pub fn pieces(ends: &[f64], cuts: &[f64]) -> Vec<f64> {
    let end = ends.iter().copied().fold(0.0, f64::max);
    let mut points: Vec<f64> =
        ends.iter().chain(cuts).copied().filter(|t| (0.0..=end).contains(t)).collect();
    points.sort_by(f64::total_cmp);
    points.dedup();
    points
}

/// Where `f` changes its sign, given pieces in each of which it does so at most once.
pub fn sign_changes(f: impl Fn(f64) -> f64, pieces: &[f64]) -> Vec<f64> {
    pieces
        .windows(2)
        .filter_map(|piece| {
            let (left, right) = (f(piece[0]), f(piece[1]));
            (left < 0.0 && right > 0.0 || left > 0.0 && right < 0.0)
                .then(|| bisect(|t| (f(t) < 0.0) != (left < 0.0), piece[0], piece[1]))
        })
        .collect()
}

/// The point in (low, high] at which `reached` becomes true, to the precision of a double or to
/// 1e-14 ms, whichever is coarser.
pub fn bisect(reached: impl Fn(f64) -> bool, mut low: f64, mut high: f64) -> f64 {
    while high - low > f64::max(1e-14, high * f64::EPSILON) {
        let middle = low + (high - low) / 2.0;
        if reached(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The slope, in pA / ms, of the alpha current that peaks at `weight` pA after `tau` ms.
pub fn alpha_slope(weight: f64, tau: f64) -> f64 {
    weight * E / tau
}

/// The quadratic neuron in w = V - centre, which obeys dw/dt = pace (w^2 + lift).
#[derive(Clone, Copy, Debug)]
pub struct Parabola {
    /// In 1 / (mV ms).
    pub pace: f64,
    /// How far the parabola's bottom lies above zero, in mV^2.
    pub lift: f64,
}

impl Parabola {
    /// w after t ms.
    pub fn after(self, w: f64, t: f64) -> f64 {
        let root = sqrt(self.lift.abs());
        if self.lift > 0.0 {
            // The phase atan(w / root) grows evenly.
            return root * tan(atan(w / root) + root * self.pace * t);
        }
        if self.lift == 0.0 {
            return w / (1.0 - w * self.pace * t);
        }
        // The ratio of the distances from rest, -root, and from the point of no return decays.
        if w == root {
            return w;
        }
        let ratio = (w + root) / (w - root) * exp(-2.0 * root * self.pace * t);
        root * (ratio + 1.0) / (ratio - 1.0)
    }

    /// How long it takes from w up to peak > w; `None` if it never gets there.
    pub fn time(self, w: f64, peak: f64) -> Option<f64> {
        let root = sqrt(self.lift.abs());
        if self.lift > 0.0 {
            // The difference of two arc tangents, as one.
            let angle = atan((peak - w) * root / (self.lift + w * peak));
            let angle = if angle < 0.0 { angle + PI } else { angle };
            return Some(angle / (root * self.pace));
        }
        // Rest lies at -root, the point of no return at root.
        if w <= root && !(w < -root && peak < -root) {
            return None;
        }
        if self.lift == 0.0 {
            return Some((1.0 / w - 1.0 / peak) / self.pace);
        }
        // The logarithm of ((peak - root) / (peak + root)) ((w + root) / (w - root)), less one.
        let excess = 2.0 * root * (peak - w) / ((peak + root) * (w - root));
        Some(ln_1p(excess) / (2.0 * root * self.pace))
    }
}
