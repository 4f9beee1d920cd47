//! The oracle of the rules: one synapse, stepped eagerly through the merged list of everything that
//! happens to it, straight from the equations of the papers. Traces are sums over all earlier
//! spikes, recomputed each time. Nothing is shared with the rules but base values.

use super::{Descriptor, Path};
use crate::base::Tick;

/// What happens at a synapse, in the order that holds at one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    Modulator,
    Arrival,
    Target,
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
    times.iter().map(|t| (-(now - t) / tau).exp()).sum()
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
        "power" => (w + lambda * bound * (1.0 - w / bound).powf(mu_plus) * x).min(bound),
        _ => (w + lambda * v.of("w_ref").powf(1.0 - mu_plus) * w.powf(mu_plus) * x).min(bound),
    };
    let down = |w: f64, y: f64| match v.word("form") {
        "additive" => (w - lambda * alpha * bound * y).max(0.0),
        "power" => (w - lambda * alpha * bound * (w / bound).powf(mu_minus) * y).max(0.0),
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
            Happening::Modulator => {}
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
            resource = 1.0 - (1.0 - resource) * (-(now - before) / tau_rec).exp();
            rest *= if tau_fac > 0.0 { (-(now - before) / tau_fac).exp() } else { 0.0 };
        }
        let utilisation = use_of + rest * (1.0 - use_of);
        out.push(resource * utilisation);
        resource -= resource * utilisation;
        rest = utilisation;
        before = Some(now);
    }
    out
}
