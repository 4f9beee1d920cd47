//! The oracle of the rules: one synapse, stepped eagerly through the merged list of everything that
//! happens to it, straight from the equations of the papers. Traces are sums over all earlier
//! spikes, recomputed each time. Nothing is shared with the rules but base values.

use super::{Descriptor, Path};
use crate::base::Tick;
use crate::base::math::{exp, ln, pow};

/// What happens at a synapse, in the order that holds at one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    Modulator,
    Arrival,
    Target,
    /// Somebody looks: what the next arrival would find is given out.
    Look,
}

/// Parameters by name.
pub struct Values<'a> {
    pub descriptor: &'a Descriptor,
    pub values: &'a [f64],
}

impl Values<'_> {
    pub fn of(&self, name: &str) -> f64 {
        self.values[self.descriptor.parameter(name).expect("a parameter of the rule")]
    }

    pub fn word(&self, name: &str) -> &'static str {
        let index = self.descriptor.parameter(name).expect("a parameter of the rule");
        match self.descriptor.parameters[index].kind {
            super::Kind::Choice(words) => words[self.values[index] as usize],
            super::Kind::Quantity { .. } => panic!("{name} is a quantity"),
        }
    }
}

/// Everything that happens at one synapse, in order, in ms.
pub fn happenings(
    path: Path,
    source: &[Tick],
    target: &[Tick],
    modulator: &[Tick],
) -> Vec<(f64, Happening)> {
    let mut all: Vec<(Tick, Happening)> = Vec::new();
    all.extend(source.iter().map(|&t| (t + path.axonal, Happening::Arrival)));
    all.extend(target.iter().map(|&t| (t + path.dendritic, Happening::Target)));
    all.extend(modulator.iter().map(|&t| (t, Happening::Modulator)));
    all.sort_unstable();
    all.into_iter().map(|(tick, what)| (tick.0 as f64 / 1e6, what)).collect()
}

/// Sum of e^(-(now - t) / tau).
fn sum(times: &[f64], now: f64, tau: f64) -> f64 {
    times.iter().map(|t| exp(-(now - t) / tau)).sum()
}

/// `stdp`: the weight that each arrival transmits.
pub fn stdp(v: &Values<'_>, weight: f64, happenings: &[(f64, Happening)]) -> Vec<f64> {
    let (tau_plus, tau_minus) = (v.of("tau_plus"), v.of("tau_minus"));
    let (lambda, alpha) = (v.of("lambda"), v.of("alpha"));
    let (bound, sign) = (v.of("w_max").abs(), v.of("w_max").signum());
    let (mu_plus, mu_minus) = (v.of("mu_plus"), v.of("mu_minus"));
    let up = |w: f64, x: f64| match v.word("form") {
        "additive" => (w + lambda * bound * x).min(bound),
        "multiplicative" => (w + lambda * (bound - w) * x).min(bound),
        "power" => (w + lambda * bound * pow(1.0 - w / bound, mu_plus) * x).min(bound),
        _ => (w + lambda * pow(v.of("w_ref"), 1.0 - mu_plus) * pow(w, mu_plus) * x).min(bound),
    };
    let down = |w: f64, y: f64| match v.word("form") {
        "additive" => (w - lambda * alpha * bound * y).max(0.0),
        "power" => (w - lambda * alpha * bound * pow(w / bound, mu_minus) * y).max(0.0),
        _ => (w - lambda * alpha * w * y).max(0.0),
    };
    let (mut w, mut out) = (weight.abs(), Vec::new());
    let (mut pre, mut post): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    // The latest event of either train before the present one.
    let mut before: Option<Happening> = None;
    let mut since_post = Vec::new();
    for &(now, what) in happenings {
        let nearest = |times: &[f64]| times.last().copied().into_iter().collect::<Vec<f64>>();
        match (what, v.word("pairing")) {
            (Happening::Target, "all_to_all") => w = up(w, sum(&pre, now, tau_plus)),
            (Happening::Target, "nearest_symmetric") => {
                w = up(w, sum(&nearest(&pre), now, tau_plus));
            }
            (Happening::Target, "nearest_restricted") => {
                if before == Some(Happening::Arrival) {
                    w = up(w, sum(&nearest(&pre), now, tau_plus));
                }
            }
            (Happening::Target, _) => w = up(w, sum(&since_post, now, tau_plus)),
            (Happening::Arrival, "all_to_all") => w = down(w, sum(&post, now, tau_minus)),
            (Happening::Arrival, "nearest_restricted") => {
                if before == Some(Happening::Target) {
                    w = down(w, sum(&nearest(&post), now, tau_minus));
                }
            }
            (Happening::Arrival, _) => w = down(w, sum(&nearest(&post), now, tau_minus)),
            (Happening::Modulator, _) => {}
            (Happening::Look, _) => out.push(w * sign),
        }
        match what {
            Happening::Arrival => {
                out.push(w * sign);
                pre.push(now);
                since_post.push(now);
            }
            Happening::Target => {
                post.push(now);
                since_post.clear();
            }
            Happening::Modulator | Happening::Look => continue,
        }
        before = Some(what);
    }
    out
}

/// `short_term`: the share that each spike releases, from the resource and its use as ordinary
/// recursions over the intervals.
pub fn short_term(v: &Values<'_>, times: &[f64]) -> Vec<f64> {
    let (use_of, tau_rec, tau_fac) = (v.of("u"), v.of("tau_rec"), v.of("tau_fac"));
    // Available resource R and running utilisation, between spikes: dR/dt = (1 - R) / tau_rec and
    // d(rest)/dt = -rest / tau_fac where utilisation at a spike is U + rest (1 - U).
    let (mut resource, mut rest, mut before) = (1.0, 0.0f64, None::<f64>);
    let mut out = Vec::new();
    for &now in times {
        if let Some(before) = before {
            resource = 1.0 - (1.0 - resource) * exp(-(now - before) / tau_rec);
            rest *= if tau_fac > 0.0 { exp(-(now - before) / tau_fac) } else { 0.0 };
        }
        let utilisation = use_of + rest * (1.0 - use_of);
        out.push(resource * utilisation);
        resource -= resource * utilisation;
        rest = utilisation;
        before = Some(now);
    }
    out
}

/// `stdp_decay`: the weight that each arrival transmits, zero once the synapse has gone.
pub fn stdp_decay(v: &Values<'_>, weight: f64, happenings: &[(f64, Happening)]) -> Vec<f64> {
    let (lambda, alpha, threshold) = (v.of("lambda"), v.of("alpha"), v.of("threshold"));
    let (mut w, mut before, mut out) = (weight / v.of("w_max"), 0.0, Vec::new());
    let (mut pre, mut post): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for &(now, what) in happenings.iter().filter(|(_, what)| *what != Happening::Modulator) {
        w *= exp(-(now - before) / v.of("tau_decay"));
        before = now;
        let gone = w <= threshold;
        match what {
            Happening::Target => {
                w = (w + lambda * sum(&pre, now, v.of("tau_plus"))).min(1.0);
                post.push(now);
            }
            Happening::Arrival => {
                w -= lambda * alpha * sum(&post, now, v.of("tau_minus"));
                pre.push(now);
            }
            Happening::Look | Happening::Modulator => {}
        }
        // What is gone once stays so.
        if gone || w <= threshold {
            w = 0.0;
        }
        if what != Happening::Target {
            out.push(w * v.of("w_max"));
        }
    }
    out
}

/// `stdp_triplet`.
pub fn stdp_triplet(v: &Values<'_>, weight: f64, happenings: &[(f64, Happening)]) -> Vec<f64> {
    let bound = v.of("w_max").abs();
    let (mut w, mut out) = (weight.abs() / bound, Vec::new());
    let (mut pre, mut post): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for &(now, what) in happenings {
        match what {
            Happening::Target => {
                let (r1, o2) = (sum(&pre, now, v.of("tau_plus")), sum(&post, now, v.of("tau_y")));
                w = (w + r1 * (v.of("a2_plus") + v.of("a3_plus") * o2)).min(1.0);
                post.push(now);
            }
            Happening::Arrival => {
                let (o1, r2) = (sum(&post, now, v.of("tau_minus")), sum(&pre, now, v.of("tau_x")));
                w = (w - o1 * (v.of("a2_minus") + v.of("a3_minus") * r2)).max(0.0);
                pre.push(now);
                out.push(w * v.of("w_max"));
            }
            Happening::Look => out.push(w * v.of("w_max")),
            Happening::Modulator => {}
        }
    }
    out
}

/// `vogels_inhibitory`.
pub fn vogels(v: &Values<'_>, weight: f64, happenings: &[(f64, Happening)]) -> Vec<f64> {
    let (tau, eta, bound) = (v.of("tau"), v.of("eta"), v.of("w_max"));
    let alpha = 2.0 * (v.of("rate") / 1000.0) * tau;
    let (mut w, mut out) = (weight / bound, Vec::new());
    let (mut pre, mut post): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for &(now, what) in happenings {
        match what {
            Happening::Target => {
                w = (w + eta * sum(&pre, now, tau)).min(1.0);
                post.push(now);
            }
            Happening::Arrival => {
                w = (w + eta * sum(&post, now, tau)).min(1.0);
                w = (w - eta * alpha).max(0.0);
                pre.push(now);
                out.push(w * bound);
            }
            Happening::Look => out.push(w * bound),
            Happening::Modulator => {}
        }
    }
    out
}

/// `stdp_dopamine`: between events the product of two decays and a constant is integrated by
/// composite Gauss-Legendre quadrature instead of by its antiderivative.
pub fn stdp_dopamine(v: &Values<'_>, weight: f64, happenings: &[(f64, Happening)]) -> Vec<f64> {
    let (tau_c, tau_n, b) = (v.of("tau_c"), v.of("tau_n"), v.of("b") / 1000.0);
    let (mut w, mut c, mut n, mut before) = (weight, 0.0f64, 0.0f64, 0.0);
    let (mut pre, mut post, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for &(now, what) in happenings {
        w += integral(now - before, |s| c * exp(-s / tau_c) * (n * exp(-s / tau_n) - b));
        w = w.max(v.of("w_min")).min(v.of("w_max"));
        c *= exp(-(now - before) / tau_c);
        n *= exp(-(now - before) / tau_n);
        before = now;
        match what {
            Happening::Modulator => n += 1.0 / tau_n,
            Happening::Target => {
                c += v.of("a_plus") * sum(&pre, now, v.of("tau_plus"));
                post.push(now);
            }
            Happening::Arrival => {
                c -= v.of("a_minus") * sum(&post, now, v.of("tau_minus"));
                pre.push(now);
                out.push(w);
            }
            Happening::Look => out.push(w),
        }
    }
    out
}

/// Integral from 0 to `length`, in pieces of at most 25 ms, by five points each.
fn integral(length: f64, f: impl Fn(f64) -> f64) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683, 0.478_628_670_499_366_5),
        (-0.538_469_310_105_683, 0.478_628_670_499_366_5),
        (0.906_179_845_938_664, 0.236_926_885_056_189_1),
        (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
    ];
    let pieces = (length / 25.0).ceil().max(1.0);
    let half = length / pieces / 2.0;
    let piece = |k: f64| {
        let middle = (2.0 * k + 1.0) * half;
        NODES.iter().map(|(x, weight)| weight * half * f(middle + half * x)).sum::<f64>()
    };
    (0..pieces as u64).map(|k| piece(k as f64)).sum()
}

/// `synaptic_scaling`: the scale by exponential steps between its turning points and bounds.
pub fn scaling(
    v: &Values<'_>,
    weight: f64,
    happenings: &[(f64, Happening)],
    dendritic_ms: f64,
) -> Vec<f64> {
    let (rate, tau_r) = (v.of("rate"), v.of("tau_r"));
    let (low, high) = (ln(v.of("s_min")), ln(v.of("s_max")));
    let (bound, sign) = (v.of("w_max").abs(), v.of("w_max").signum());
    // Before the first spike could reach the synapse the scale stands still at its start.
    let (mut m, mut log, mut r, mut before) = (weight.abs(), 0.0f64, rate, dendritic_ms);
    let (mut pre, mut post, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for &(now, what) in happenings {
        if now > before {
            // Split where r passes the set point: on each side the logarithm is monotone.
            let turn = if r > rate { (tau_r * ln(r / rate)).min(now - before) } else { 0.0 };
            for dt in [turn, now - before - turn] {
                let fall = r * tau_r * (1.0 - exp(-dt / tau_r));
                log += v.of("speed") / 1000.0 * (dt - fall / rate);
                log = log.clamp(low, high);
                r *= exp(-dt / tau_r);
            }
            before = now;
        }
        match what {
            Happening::Target => {
                m = (m + v.of("a_plus") * sum(&pre, now, v.of("tau_plus"))).min(bound);
                r += 1000.0 / tau_r;
                post.push(now);
            }
            Happening::Arrival => {
                out.push(sign * m * exp(log));
                let y = sum(&post, now, v.of("tau_minus"));
                m = (m - v.of("a_minus") * y * pow(m / v.of("w_ref"), v.of("mu"))).max(0.0);
                pre.push(now);
            }
            Happening::Look => out.push(sign * m * exp(log)),
            Happening::Modulator => {}
        }
    }
    out
}

/// A target with a reserve and several inputs, eager: every weight is written at every spike.
pub struct EagerReserve {
    pub transmitted: Vec<Vec<f64>>,
    pub weights: Vec<f64>,
    pub reserve: f64,
}

/// `stdp_reserve`. Each input is its arrivals in ms, with one list of the target's spikes at the
/// synapses. Magnitudes only.
pub fn stdp_reserve(
    v: &Values<'_>,
    weights: &[f64],
    inputs: &[Vec<f64>],
    target: &[f64],
) -> EagerReserve {
    let bound = v.of("w_max").abs();
    let (rate, tau_r, supply) = (v.of("rate"), v.of("tau_r"), v.of("supply") / 1000.0);
    let (high, ahead) = (v.of("reserve_max"), v.of("prediction"));
    let limited = v.word("bound") != "unlimited";
    let mut events: Vec<(f64, usize)> = target.iter().map(|&t| (t, usize::MAX)).collect();
    for (index, arrivals) in inputs.iter().enumerate() {
        events.extend(arrivals.iter().map(|&t| (t, index)));
    }
    events.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let (mut w, mut p, mut r, mut before) = (weights.to_vec(), v.of("reserve"), rate, 0.0);
    let mut seen: Vec<Vec<f64>> = vec![Vec::new(); inputs.len()];
    let (mut post, mut out): (Vec<f64>, _) = (Vec::new(), vec![Vec::new(); inputs.len()]);
    for (now, who) in events {
        // The reserve is monotone on each side of the tick at which its drive vanishes.
        let drive = r * (1.0 - ahead / tau_r);
        let turn = if drive > rate { (tau_r * ln(drive / rate)).min(now - before) } else { 0.0 };
        for dt in [turn, now - before - turn] {
            let fall = r * (1.0 - ahead / tau_r) * tau_r * (1.0 - exp(-dt / tau_r));
            p = (p + supply * (rate * dt - fall)).clamp(0.0, high);
            r *= exp(-dt / tau_r);
        }
        before = now;
        if who == usize::MAX {
            let x: Vec<f64> = seen.iter().map(|t| sum(t, now, v.of("tau_plus"))).collect();
            let asked: f64 = x.iter().map(|x| v.of("a_plus") * x).sum();
            let most = if asked > 0.0 { p / asked } else { f64::INFINITY };
            let grant = match v.word("bound") {
                "shared" => most.min(1.0),
                "soft" => (p / v.of("reserve_ref")).min(v.of("gain_max")).min(most),
                _ => 1.0,
            };
            w.iter_mut().zip(&x).for_each(|(w, x)| *w += grant * v.of("a_plus") * x);
            r += 1000.0 / tau_r;
            p = (p - grant * asked).max(0.0);
            p = (p - supply * ahead * 1000.0 / tau_r).max(0.0);
            post.push(now);
            continue;
        }
        let m = &mut w[who];
        p = (p + (*m - bound).max(0.0)).min(high);
        *m = m.min(bound);
        out[who].push(*m);
        let y = sum(&post, now, v.of("tau_minus"));
        let fall = (v.of("a_minus") * pow(*m / v.of("w_ref"), v.of("mu")) * y).min(*m);
        *m -= fall;
        p = (p + v.of("recycling") * fall).min(high);
        if limited && r < rate {
            let grow = (v.of("growth") * (1.0 - r / rate)).min(p).min(bound - *m);
            *m += grow;
            p -= grow;
        }
        seen[who].push(now);
    }
    EagerReserve { transmitted: out, weights: w, reserve: p }
}

/// `noise_prune`: p of each round while the synapse lives, and the transmitted weights, given the
/// draws that decide.
pub fn noise_prune(
    v: &Values<'_>,
    weight: f64,
    happenings: &[(f64, Happening)],
    own: [&[f64]; 2],
    draw: impl Fn(u32) -> f64,
) -> Vec<f64> {
    let (tau_j, tau_i) = (v.of("tau_pre"), v.of("tau_post"));
    let (start, probe) = (v.of("start"), v.of("probe"));
    let (period, rounds) = (probe + v.of("pause"), v.of("rounds") as u32);
    let (mut w, mut out, mut round) = (weight, Vec::new(), 0);
    let arrivals: Vec<f64> = times(happenings, Happening::Arrival);
    let targets: Vec<f64> = times(happenings, Happening::Target);
    for &now in &arrivals {
        while round < rounds && start + f64::from(round) * period + probe <= now {
            let from = start + f64::from(round) * period;
            let inside = |t: f64| t >= from && t < from + probe;
            let earlier = |times: &[f64], t: f64| -> Vec<f64> {
                times.iter().copied().filter(|&s| s < t).collect()
            };
            let n = |all: &[f64]| all.iter().filter(|&&t| inside(t)).count() as f64;
            // Own sums are those of the train at its own soma, up to its last spike that has come.
            let come =
                [earlier(&arrivals, from + probe).len(), earlier(&targets, from + probe).len()];
            let [j, i] = [&own[0][..come[0]], &own[1][..come[1]]];
            let self_sum = |train: &[f64], tau: f64| -> f64 {
                let at = train.iter().filter(|&&t| inside(t));
                at.map(|&t| sum(&earlier(train, t), t, tau)).sum()
            };
            let cross: f64 = arrivals
                .iter()
                .filter(|&&t| inside(t))
                .map(|&t| sum(&earlier(&targets, t), t, tau_i))
                .chain(targets.iter().filter(|&&t| inside(t)).map(|&t| {
                    let heard: Vec<f64> = arrivals.iter().copied().filter(|&s| s <= t).collect();
                    sum(&heard, t, tau_j)
                }))
                .sum();
            // A round counts only if the last spike that has come falls into its probe.
            let last = |train: &[f64]| train.last().is_some_and(|&t| inside(t));
            let (n_j, n_i) =
                (n(j) * f64::from(u8::from(last(j))), n(i) * f64::from(u8::from(last(i))));
            if w != 0.0 && n_i.min(n_j) >= v.of("min_spikes").max(1.0) {
                let (x_j, x_i) = (n_j * tau_j / probe, n_i * tau_i / probe);
                let c_jj = (n_j + 2.0 * self_sum(j, tau_j)) * tau_j / (2.0 * probe) - x_j * x_j;
                let c_ii = (n_i + 2.0 * self_sum(i, tau_i)) * tau_i / (2.0 * probe) - x_i * x_i;
                let c_ij = cross / (probe * (1.0 / tau_i + 1.0 / tau_j)) - x_i * x_j;
                let scale = 4.0 * probe / (n_i + n_j) * v.of("gain") * w.abs();
                let share = match v.word("policy") {
                    "noise" => scale * (c_ii + c_jj - 2.0 * w.signum() * c_ij).max(0.0),
                    "variance" => scale * (c_ii + c_jj).max(0.0),
                    "weight" => v.of("gain") * w.abs(),
                    _ => 1.0,
                };
                let kappa = v.of("kappa") * pow(v.of("shrink"), (rounds - 1 - round) as f64);
                let p = (kappa * share).max(1.0 / v.of("rescale_cap")).min(1.0);
                w = if p == 1.0 || draw(round) < p { w / p } else { 0.0 };
            }
            round += 1;
        }
        out.push(w);
    }
    out
}

fn times(happenings: &[(f64, Happening)], which: Happening) -> Vec<f64> {
    happenings.iter().filter(|(_, what)| *what == which).map(|(at, _)| *at).collect()
}

/// `dendritic_prediction`: the weight that each arrival transmits. The error of the made-up target is
/// constant for a while, so each piece of the integral is a difference of exponentials; weights are cut where
/// the rule cuts them, at arrivals and every eight time constants. With a low-pass of the change a part of it is
/// pending, which fades, and only what is transmitted is cut.
pub fn dendritic_prediction(
    v: &Values<'_>,
    weight: f64,
    happenings: &[(f64, Happening)],
) -> Vec<f64> {
    let (tau, rho) = (v.of("tau"), v.of("rho"));
    let (low, high) = (v.of("w_min"), v.of("w_max"));
    let (step, epoch) = (super::patch::ERROR_STEP.ms(), (8e6 * tau).round() / 1e6);
    let smooth = v.of("tau_delta");
    let pending_after = |pending: f64, ms: f64| match smooth {
        0.0 => 0.0,
        smooth => pending * exp(-ms / smooth),
    };
    // The integral of e^(-s / tau) e^(-(ms - s) / tau_delta) over s from 0 to ms.
    let both = |ms: f64| match smooth {
        0.0 => 0.0,
        smooth if (smooth - tau).abs() < 1e-9 * tau => ms * exp(-ms / tau),
        smooth => (exp(-ms / smooth) - exp(-ms / tau)) / (1.0 / tau - 1.0 / smooth),
    };
    let (mut w, mut x, mut now, mut out) = (weight, 0.0f64, 0.0f64, Vec::new());
    let mut pending = 0.0;
    for &(at, _) in happenings.iter().filter(|(_, what)| *what == Happening::Arrival) {
        while now < at && x > 1e-20 {
            let number = (now / step + 1e-9).floor();
            let cut = ((now / epoch + 1e-9).floor() + 1.0) * epoch;
            let next = ((number + 1.0) * step).min(cut).min(at);
            let faded = exp(-(next - now) / tau);
            let change = v.of("eta") * super::patch::error_in(number as u64) * x;
            w += change * tau * (1.0 - faded);
            pending = pending_after(pending, next - now) + change * both(next - now);
            if next == cut && smooth == 0.0 {
                w = w.clamp(low, high);
            }
            x *= faded;
            now = next;
        }
        pending = pending_after(pending, at - now);
        if smooth == 0.0 {
            w = w.clamp(low, high);
        }
        out.push((w - pending).clamp(low, high));
        x = if now < at { 0.0 } else { x } + 1000.0 / (rho * tau);
        now = at;
    }
    out
}
