//! Covariance of traces from recorded spikes, by an identity that holds in a stationary state.

use super::Matrix;
use crate::base::math::exp;
use nalgebra::DVector;

/// The covariance of the traces x of all neurons, each lifted by one at a spike and decaying with
/// `tau_ms`, from spikes (time in ms, neuron) in order, recorded for `duration_ms`.
///
/// From d(x_i x_j)/dt = 0 on average, with X the mean and N the number of spikes:
/// ```text
/// C_ij = (sum over spikes of j of x_i + sum over spikes of i of x_j) tau / (2 T) - X_i X_j
/// C_ii = (N_i + 2 sum over own spikes of x_i just before) tau / (2 T) - X_i^2
/// ```
/// `noise_prune` holds the same sums synapse by synapse.
pub fn trace_covariance(
    neurons: usize,
    spikes: impl IntoIterator<Item = (f64, usize)>,
    tau_ms: f64,
    duration_ms: f64,
) -> Matrix {
    let mut x = DVector::<f64>::zeros(neurons);
    let mut counts = DVector::<f64>::zeros(neurons);
    let mut sums = Matrix::zeros(neurons, neurons);
    let mut now = 0.0;
    for (at, neuron) in spikes {
        if at > now {
            x *= exp((now - at) / tau_ms);
            now = at;
        }
        let mut column = sums.column_mut(neuron);
        column += &x;
        x[neuron] += 1.0;
        counts[neuron] += 1.0;
    }
    let scale = tau_ms / (2.0 * duration_ms);
    let mean = &counts * (tau_ms / duration_ms);
    let both = (&sums + sums.transpose()) + Matrix::from_diagonal(&counts);
    both * scale - &mean * mean.transpose()
}

/// Pearson's correlation of two lists.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "values come in pairs");
    let n = a.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (at, bt) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - at) * (b - bt);
        aa += (a - at) * (a - at);
        bb += (b - bt) * (b - bt);
    }
    ab / (aa * bb).sqrt()
}
