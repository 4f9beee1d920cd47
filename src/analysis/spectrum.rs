//! Modes of a network, and how those of a pruned one differ.

use super::{AnalysisError, Matrix, Shape, shape};
use nalgebra::Complex;

/// All eigenvalues, the slowest mode (the largest real part) first.
///
/// # Errors
/// If the iteration does not converge.
pub fn eigenvalues(a: &Matrix) -> Result<Vec<Complex<f64>>, AnalysisError> {
    if shape(a) == Shape::Symmetric {
        let values = symmetric_eigenvalues(a).into_iter().rev();
        return Ok(values.map(|value| Complex::new(value, 0.0)).collect());
    }
    let form = a.clone().try_schur(f64::EPSILON, 200 * a.nrows().max(1));
    let form = form.ok_or(AnalysisError::NoConvergence("search for eigenvalues"))?;
    let mut values: Vec<_> = form.complex_eigenvalues().iter().copied().collect();
    values.sort_by(|x, y| y.re.total_cmp(&x.re).then(x.im.total_cmp(&y.im)));
    Ok(values)
}

/// The eigenvalues of a symmetric matrix, in rising order.
pub fn symmetric_eigenvalues(a: &Matrix) -> Vec<f64> {
    let mut values: Vec<f64> = a.symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The eigenvalues of a symmetric matrix in rising order, and its eigenvectors as columns.
pub fn symmetric_modes(a: &Matrix) -> (Vec<f64>, Matrix) {
    let modes = a.clone().symmetric_eigen();
    let mut order: Vec<usize> = (0..a.nrows()).collect();
    order.sort_by(|&x, &y| modes.eigenvalues[x].total_cmp(&modes.eigenvalues[y]));
    let values = order.iter().map(|&k| modes.eigenvalues[k]).collect();
    (values, modes.eigenvectors.select_columns(&order))
}

/// The smallest and largest mu with A' v = mu A v: how far any quadratic form x^T A x may have
/// moved. Both matrices are symmetric.
///
/// # Errors
/// If A is not stable.
pub fn generalised_eigenvalues(pruned: &Matrix, a: &Matrix) -> Result<[f64; 2], AnalysisError> {
    let unstable = || AnalysisError::Unstable(*symmetric_eigenvalues(a).last().expect("not empty"));
    let root = (-a).cholesky().ok_or_else(unstable)?.unpack();
    let solve = |m: &Matrix| root.solve_lower_triangular(m).expect("a root of a positive matrix");
    let once = solve(&-pruned);
    let both = solve(&once.transpose());
    let values = symmetric_eigenvalues(&((&both + both.transpose()) * 0.5));
    Ok([values[0], *values.last().expect("a network has neurons")])
}

/// How well a pruned network keeps the modes of the whole one.
#[derive(Clone, Debug, PartialEq)]
pub struct Fidelity {
    /// Mean and largest |lambda' / lambda - 1|, eigenvalues paired in order.
    pub eps_lambda: [f64; 2],
    /// Mean and largest |v^T A' v / lambda - 1| over eigenvectors v of A; symmetric networks only.
    pub eps_v: Option<[f64; 2]>,
    /// Mean and smallest |v^T A' v| / |A' v|; symmetric networks only.
    pub cos: Option<[f64; 2]>,
    /// Smallest and largest generalised eigenvalue; symmetric networks only.
    pub generalised: Option<[f64; 2]>,
    /// Rates of the slowest mode of the pruned and of the whole network.
    pub slowest: [f64; 2],
}

/// The modes of a network, for comparisons with several pruned ones.
#[derive(Clone, Debug)]
pub struct Modes<'a> {
    a: &'a Matrix,
    values: Vec<Complex<f64>>,
    vectors: Option<Matrix>,
}

impl<'a> Modes<'a> {
    /// The modes of A.
    ///
    /// # Errors
    /// If the iteration does not converge.
    pub fn of(a: &'a Matrix) -> Result<Modes<'a>, AnalysisError> {
        if shape(a) != Shape::Symmetric {
            return Ok(Modes { a, values: eigenvalues(a)?, vectors: None });
        }
        let (values, vectors) = symmetric_modes(a);
        // The slowest first, as in `eigenvalues`.
        let order: Vec<usize> = (0..a.nrows()).rev().collect();
        let values = values.into_iter().rev().map(|value| Complex::new(value, 0.0)).collect();
        Ok(Modes { a, values, vectors: Some(vectors.select_columns(&order)) })
    }

    /// The eigenvalues, the slowest first.
    pub fn values(&self) -> &[Complex<f64>] {
        &self.values
    }

    /// What a pruned network has kept of them.
    ///
    /// # Errors
    /// If the sizes differ, A is not stable or an iteration does not converge.
    pub fn kept_by(&self, pruned: &Matrix) -> Result<Fidelity, AnalysisError> {
        let (n, m) = (self.a.nrows(), pruned.nrows());
        if n != m {
            return Err(AnalysisError::Sizes(n, m));
        }
        let after = eigenvalues(pruned)?;
        let eps = self.values.iter().zip(&after).map(|(old, new)| (new / old - 1.0).norm());
        let mut fidelity = Fidelity {
            eps_lambda: mean_and(eps, f64::max),
            eps_v: None,
            cos: None,
            generalised: None,
            slowest: [after[0].re, self.values[0].re],
        };
        let symmetric = shape(pruned) == Shape::Symmetric;
        if let Some(vectors) = self.vectors.as_ref().filter(|_| symmetric) {
            let moved = pruned * vectors;
            let along = |k: usize| vectors.column(k).dot(&moved.column(k));
            let eps = (0..n).map(|k| (along(k) / self.values[k].re - 1.0).abs());
            fidelity.eps_v = Some(mean_and(eps, f64::max));
            let cos = (0..n).map(|k| along(k).abs() / moved.column(k).norm());
            fidelity.cos = Some(mean_and(cos, f64::min));
            fidelity.generalised = Some(generalised_eigenvalues(pruned, self.a)?);
        }
        Ok(fidelity)
    }
}

/// [`Modes::kept_by`] for a single comparison.
///
/// # Errors
/// If the sizes differ, A is not stable or an iteration does not converge.
pub fn fidelity(pruned: &Matrix, a: &Matrix) -> Result<Fidelity, AnalysisError> {
    Modes::of(a)?.kept_by(pruned)
}

/// The mean of values and their extreme.
fn mean_and(values: impl Iterator<Item = f64> + Clone, extreme: fn(f64, f64) -> f64) -> [f64; 2] {
    let count = values.clone().count().max(1) as f64;
    [values.clone().sum::<f64>() / count, values.reduce(extreme).unwrap_or(0.0)]
}
