//! Stationary covariance: A C + C A^T + Q = 0, the Lyapunov equation.

use super::{AnalysisError, Matrix, spectrum};
use crate::plasticity::noise_prune;
use nalgebra::DVector;

/// Which closed form the covariance of a matrix has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A = A^T: C = -Q A^-1 / 2 for isotropic noise.
    Symmetric,
    /// A A^T = A^T A: C = -Q (A + A^T)^-1 for isotropic noise.
    Normal,
    /// Any other.
    General,
}

/// The shape of a matrix, up to rounding.
pub fn shape(a: &Matrix) -> Shape {
    let slack = 1e-12 * a.amax().max(f64::MIN_POSITIVE);
    if (a - a.transpose()).amax() <= slack {
        return Shape::Symmetric;
    }
    let commutator = a * a.transpose() - a.transpose() * a;
    if commutator.amax() <= 1e-12 * a.norm_squared() { Shape::Normal } else { Shape::General }
}

/// The covariance of dx/dt = A x + noise, where the noise of neuron i is white, independent of the
/// others, and has the intensity `noise[i]`.
///
/// # Errors
/// If A is not stable.
pub fn covariance(a: &Matrix, noise: &[f64]) -> Result<Matrix, AnalysisError> {
    assert_eq!(a.nrows(), noise.len(), "each neuron has its noise");
    let first = noise.first().copied().unwrap_or(0.0);
    let isotropic = noise.iter().all(|&q| q == first);
    match shape(a) {
        Shape::Symmetric if isotropic => inverse(&-a).map(|inverse| inverse * (0.5 * first)),
        Shape::Normal if isotropic => inverse(&-(a + a.transpose())).map(|inverse| inverse * first),
        _ => doubling(a, noise),
    }
}

/// The inverse of a matrix that is symmetric and, if the network is stable, positive.
fn inverse(m: &Matrix) -> Result<Matrix, AnalysisError> {
    let inverse = m.clone().cholesky().map(|factors| factors.inverse());
    // Symmetric to the last bit, so that both directions of a pair have one probability.
    let inverse = inverse.map(|inverse| (&inverse + inverse.transpose()) * 0.5);
    inverse.ok_or_else(|| AnalysisError::Unstable(-spectrum::symmetric_eigenvalues(m)[0]))
}

/// For any stable A. With E = (A - p)^-1 (A + p) the solution is the sum over k of
/// E^k F E^kT with F = 2 p (A - p)^-1 Q (A - p)^-T; each round doubles the number of terms
/// (Smith 1968, doi 10.1137/0116017). It needs no eigenvectors, so that a matrix without a full
/// set of them is no exception.
fn doubling(a: &Matrix, noise: &[f64]) -> Result<Matrix, AnalysisError> {
    let modes = spectrum::eigenvalues(a)?;
    let rates = || modes.iter().map(|mode| -mode.re);
    let (slowest, fastest) = (rates().fold(f64::MAX, f64::min), rates().fold(0.0, f64::max));
    if slowest <= 0.0 {
        return Err(AnalysisError::Unstable(-slowest));
    }
    let n = a.nrows();
    let shift = (slowest * fastest).sqrt();
    let shifted = |p: f64| a + Matrix::identity(n, n) * p;
    let backward = shifted(-shift).lu();
    let solve = |right: &Matrix| backward.solve(right).expect("A - p is regular, A being stable");
    let mut e = solve(&shifted(shift));
    let roots = DVector::from_iterator(n, noise.iter().map(|q| (2.0 * shift * q).sqrt()));
    let half = solve(&Matrix::from_diagonal(&roots));
    let mut c = &half * half.transpose();
    for _ in 0..60 {
        let more = &e * &c * e.transpose();
        c += &more;
        if more.norm() <= 1e-16 * c.norm() {
            return Ok((&c + c.transpose()) * 0.5);
        }
        e = &e * &e;
    }
    Err(AnalysisError::NoConvergence("solution of the Lyapunov equation"))
}

/// How much pair (i, j) matters, (2 / intensity) |w| (C_ii + C_jj - 2 sign(w) C_ij): the rule's
/// probability without its factor kappa.
#[inline]
pub fn leverage(a: &Matrix, c: &Matrix, intensity: f64, i: usize, j: usize) -> f64 {
    let w = a[(i, j)];
    noise_prune::leverage(w.abs(), w.signum(), intensity, [c[(i, i)], c[(j, j)], c[(i, j)]])
}

/// The sum of the leverages of all pairs; half of it over both directions where A is directed. It is
/// N - sum over i of slack_i (-A)^-1_ii for a symmetric, diagonally dominant A: at most N.
pub fn leverage_sum(a: &Matrix, c: &Matrix, intensity: f64) -> f64 {
    let n = a.nrows();
    let entries = (0..n).flat_map(|i| (0..n).filter(move |&j| i != j).map(move |j| (i, j)));
    let entries = entries.filter(|&place| a[place] != 0.0);
    0.5 * entries.map(|(i, j)| leverage(a, c, intensity, i, j)).sum::<f64>()
}
