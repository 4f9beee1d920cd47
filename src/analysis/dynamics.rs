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
        let mut change = DVector::zeros(n);
        let amplitude = self.sigma * self.dt.sqrt();
        for _ in 0..self.steps {
            let noise = DVector::from_fn(n, |_, _| amplitude * random.normal());
            for (a, x) in networks.iter().zip(&mut states) {
                change.gemv(self.dt, a, x, 0.0);
                for i in 0..n {
                    // What comes over synapses is all but the diagonal's part.
                    let leak = a[(i, i)] * x[i] * self.dt;
                    let input = change[i] - leak + self.drive * self.dt;
                    let input = if self.rectified { input.max(0.0) } else { input };
                    change[i] = leak + input + noise[i];
                }
                *x += &change;
            }
        }
        states
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
