//! Pruning of a matrix: each entry is strengthened to w / p or removed, by a rule for p.

use super::covariance::leverage;
use super::{Matrix, Shape, shape};
use crate::base::random::{Purpose, Stream, standard_normal_quantile};

/// What decides about an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// p ~ |w| (C_ii + C_jj - 2 sign(w) C_ij).
    Noise,
    /// p ~ |w| (C_ii + C_jj): the rule without its covariance.
    Variance,
    /// p ~ |w|.
    Weight,
    /// p is the same for all.
    Uniform,
}

/// What happens to the diagonal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagonal {
    /// It stays.
    Original,
    /// It changes by as much as the row's other entries have changed in absolute value, so that a
    /// row that was dominated by its diagonal is so by the same margin.
    RowSum,
}

/// How to prune.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pruning {
    /// What decides.
    pub policy: Policy,
    /// What happens to the diagonal.
    pub diagonal: Diagonal,
    /// The share of entries that is aimed at, in (0, 1]. Somewhat fewer are kept where
    /// probabilities have to be cut down to one.
    pub keep: f64,
    /// Names the draws, together with the neurons.
    pub seed: u64,
}

/// The probability with which each entry is kept; zero where there is none.
///
/// They are the policy's numbers times what makes their sum the number of entries that is aimed
/// at, and one where that is more than one.
pub fn probabilities(a: &Matrix, c: &Matrix, pruning: &Pruning) -> Matrix {
    let n = a.nrows();
    let intensity = 2.0; // Any other goes into the common factor.
    let raw = Matrix::from_fn(n, n, |i, j| match pruning.policy {
        _ if i == j || a[(i, j)] == 0.0 => 0.0,
        Policy::Noise => leverage(a, c, intensity, i, j),
        Policy::Variance => a[(i, j)].abs() * (c[(i, i)] + c[(j, j)]),
        Policy::Weight => a[(i, j)].abs(),
        Policy::Uniform => 1.0,
    });
    let (total, entries) = (raw.sum(), entries(a));
    let factor = if total > 0.0 { pruning.keep * entries as f64 / total } else { 0.0 };
    raw.map(|share| (factor * share).min(1.0))
}

/// The number of entries beside the diagonal.
pub fn entries(a: &Matrix) -> usize {
    a.iter().filter(|&&w| w != 0.0).count() - a.diagonal().iter().filter(|&&d| d != 0.0).count()
}

/// Draws a pruned matrix. Both directions of a pair share their fate where A is symmetric.
///
/// The draws are those of the rule `noise_prune` in its first round: a hash of the seed and of the
/// two neurons.
pub fn prune(a: &Matrix, p: &Matrix, pruning: &Pruning) -> Matrix {
    let n = a.nrows();
    let symmetric = shape(a) == Shape::Symmetric;
    let mut pruned = Matrix::from_fn(n, n, |target, source| {
        let (w, p) = (a[(target, source)], p[(target, source)]);
        if target == source || p <= 0.0 {
            return 0.0;
        }
        let (mut first, mut second) = (source as u64, target as u64);
        if symmetric && first > second {
            std::mem::swap(&mut first, &mut second);
        }
        let key = first << 32 | second;
        let kept = p >= 1.0 || Stream::new(pruning.seed, Purpose::Prune, 0, key).uniform() < p;
        if kept { w / p } else { 0.0 }
    });
    for i in 0..n {
        let change = match pruning.diagonal {
            Diagonal::Original => 0.0,
            Diagonal::RowSum => beside(a, i) - beside(&pruned, i),
        };
        pruned[(i, i)] = a[(i, i)] + change;
    }
    pruned
}

/// The sum of absolute values beside the diagonal.
pub fn beside(a: &Matrix, row: usize) -> f64 {
    a.row(row).iter().enumerate().filter(|&(j, _)| j != row).map(|(_, w)| w.abs()).sum()
}

/// The kappa, partners kept of each neuron, at which all eigenvalues move by less than a factor of
/// 1 +- `eps` with probability 1 - `delta`: 3 ln(2 N / delta) / eps^2, by the matrix Chernoff bound.
/// What is met in practice is near 4 / eps^2.
pub fn guaranteed_kappa(neurons: usize, eps: f64, delta: f64) -> f64 {
    3.0 * (2.0 * neurons as f64 / delta).ln() / (eps * eps)
}

/// Where the bulk of the generalised eigenvalues ends when each neuron keeps `kappa` partners, a fraction
/// `keep` of those it had: (1 +- sqrt((1 - keep) / kappa))^2, after Marchenko and Pastur.
pub fn bulk_range(kappa: f64, keep: f64) -> [f64; 2] {
    let radius = ((1.0 - keep).max(0.0) / kappa).sqrt();
    [(1.0 - radius) * (1.0 - radius), (1.0 + radius) * (1.0 + radius)]
}

/// Where the smallest and the largest generalised eigenvalue of so many neurons are to be expected.
///
/// With the sums of rows kept, a neuron's own quotient (x^T A' x) / (x^T A x), x being one at it and zero
/// elsewhere, is 1 + delta, where delta is the relative change of its summed weight. It is binomial with
/// 2 kappa synapses kept: s^2 = (1 - f) / (2 kappa), skewness (1 - 2 f) / sqrt(2 kappa (1 - f)). The
/// neurons that were luckiest and unluckiest lie z s beyond the mean, z being the median of the largest of
/// N normal numbers (skewness corrected for after Cornish and Fisher), and their neighbours, whose
/// quotients scatter by s, push them out to delta + s^2 / delta. So the ends grow with sqrt(2 ln N), and
/// leave the bulk already for a hundred neurons.
pub fn expected_range(neurons: usize, kappa: f64, keep: f64) -> [f64; 2] {
    let bulk = bulk_range(kappa, keep);
    let spread = ((1.0 - keep).max(0.0) / (2.0 * kappa)).sqrt();
    if neurons < 2 || spread == 0.0 {
        return bulk;
    }
    let z = standard_normal_quantile((-1.0 / neurons as f64).exp2());
    let skew = (1.0 - 2.0 * keep) / (2.0 * kappa * (1.0 - keep)).sqrt() * (z * z - 1.0) / 6.0;
    let beyond = |z: f64| spread * (z + 1.0 / z);
    [bulk[0].min(1.0 - beyond((z - skew).max(1.0))).max(0.0), bulk[1].max(1.0 + beyond(z + skew))]
}
