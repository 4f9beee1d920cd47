//! Courses of networks under the same noise.

use super::Matrix;
use super::prune::beside;
use crate::base::random::{Purpose, Stream};
use nalgebra::DVector;

/// How a network is let run: dx = (A x + b) dt + sigma dB, by the Euler-Maruyama method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course {
    /// Time step.
    pub dt: f64,
    /// Number of steps.
    pub steps: u32,
    /// Constant drive of each neuron.
    pub drive: f64,
    /// Amplitude of the noise.
    pub sigma: f64,
    /// Whether the input W x + b is cut off at zero, the leak staying linear.
    pub rectified: bool,
    /// Names the start, uniform in (0, 1), and the noise.
    pub seed: u64,
}

impl Course {
    /// The paper's: T = 40 in steps of 0.005.
    pub fn published(seed: u64) -> Course {
        Course { dt: 5e-3, steps: 8001, drive: 2e-4, sigma: 0.01, rectified: false, seed }
    }

    /// The states of all networks after the last step; all see the same start and the same noise.
    pub fn ends(&self, networks: &[&Matrix]) -> Vec<DVector<f64>> {
        let n = networks.first().map_or(0, |a| a.nrows());
        let mut random = Stream::new(self.seed, Purpose::Initial, u64::MAX, 0);
        let start = DVector::from_fn(n, |_, _| random.uniform());
        let mut states = vec![start; networks.len()];
        let rows: Vec<Rows> = networks.iter().map(|a| Rows::of(a)).collect();
        let mut change = vec![0.0; n];
        let amplitude = self.sigma * self.dt.sqrt();
        for _ in 0..self.steps {
            let noise: Vec<f64> = (0..n).map(|_| amplitude * random.normal()).collect();
            for (rows, x) in rows.iter().zip(&mut states) {
                for (i, change) in change.iter_mut().enumerate() {
                    let input = rows.beside(i, x.as_slice()) + self.drive;
                    let input = if self.rectified { input.max(0.0) } else { input };
                    *change = (rows.diagonal[i] * x[i] + input) * self.dt + noise[i];
                }
                for (x, change) in x.iter_mut().zip(&change) {
                    *x += change;
                }
            }
        }
        states
    }
}

/// A matrix without its zeros: pruned networks have few entries, and each is read at every step.
struct Rows {
    diagonal: Vec<f64>,
    /// Where the entries of each row begin, and behind the last row where they end.
    offsets: Vec<usize>,
    /// Column and value of each entry beside the diagonal.
    entries: Vec<(u32, f64)>,
}

impl Rows {
    fn of(a: &Matrix) -> Rows {
        let n = a.nrows();
        let (mut offsets, mut entries) = (vec![0], Vec::new());
        for i in 0..n {
            let row = (0..n).filter(|&j| j != i && a[(i, j)] != 0.0);
            entries.extend(row.map(|j| (j as u32, a[(i, j)])));
            offsets.push(entries.len());
        }
        Rows { diagonal: (0..n).map(|i| a[(i, i)]).collect(), offsets, entries }
    }

    /// What comes over synapses.
    fn beside(&self, i: usize, x: &[f64]) -> f64 {
        let row = &self.entries[self.offsets[i]..self.offsets[i + 1]];
        row.iter().map(|&(j, w)| w * x[j as usize]).sum()
    }
}

/// |x' - x| / |x|.
pub fn relative_error(pruned: &DVector<f64>, whole: &DVector<f64>) -> f64 {
    (pruned - whole).norm() / whole.norm()
}

/// |A_ii| less the sum of the other absolute values of the row: what is left for stability.
pub fn slack(a: &Matrix, row: usize) -> f64 {
    -a[(row, row)] - beside(a, row)
}
