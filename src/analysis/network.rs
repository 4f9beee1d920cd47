//! The networks on which noise-driven pruning is tried.

use super::Matrix;
use super::prune::beside;
use crate::base::random::{Purpose, Stream};

/// A stream of random numbers for the network of a seed.
fn random(seed: u64, which: u64) -> Stream {
    Stream::new(seed, Purpose::Connect, u64::MAX, which)
}

/// Which cluster each neuron belongs to.
fn clusters(sizes: &[usize]) -> Vec<usize> {
    sizes.iter().enumerate().flat_map(|(cluster, &size)| vec![cluster; size]).collect()
}

/// The clustered network of the authors' code: inside clusters pairs are connected with
/// probability 0.6 and weights normal with mean and variance one; `long_range` entries uniform in
/// (0, 1) are added at random places; all is divided by 1.1 times the largest eigenvalue, and the
/// leak of a neuron is the sum of its absolute weights. Symmetric.
pub fn clustered(sizes: &[usize], long_range: usize, seed: u64) -> Matrix {
    let of = clusters(sizes);
    let n = of.len();
    let random = &mut random(seed, 0);
    let mut a = Matrix::zeros(n, n);
    for i in 0..n {
        for j in 0..i {
            if of[i] == of[j] && random.uniform() < 0.6 {
                a[(i, j)] = 1.0 + random.normal();
            }
        }
    }
    // Both directions count as entries.
    for _ in 0..long_range / 2 {
        let (i, j) = pair(random, n);
        a[(i, j)] += random.uniform();
    }
    mirror(&mut a);
    let scale = 1.1 * largest_eigenvalue(&a, random);
    a /= scale;
    leak(&mut a, 0.0);
    a
}

/// Positive cliques of equal size, tied together by few bridges: its slow modes hang on them.
///
/// Pairs inside are connected with probability 0.6; all weights are uniform in (0, 1); `bridges`
/// connect each two cliques. A neuron's leak is its sum of weights times 1 + `slack`, and the mean
/// leak is 100 (1/s). Symmetric.
pub fn cliques(count: usize, size: usize, bridges: usize, slack: f64, seed: u64) -> Matrix {
    let of = clusters(&vec![size; count]);
    let n = of.len();
    let random = &mut random(seed, 1);
    let mut a = Matrix::zeros(n, n);
    for i in 0..n {
        for j in 0..i {
            if of[i] == of[j] && random.uniform() < 0.6 {
                a[(i, j)] = random.uniform_open();
            }
        }
    }
    for first in 0..count {
        for second in 0..first {
            let mut built = 0;
            while built < bridges {
                let inside = |clique, random: &mut Stream| {
                    clique * size + random.below(size as u64) as usize
                };
                let (i, j) = (inside(first, random), inside(second, random));
                if a[(i, j)] == 0.0 {
                    a[(i, j)] = random.uniform_open();
                    built += 1;
                }
            }
        }
    }
    mirror(&mut a);
    leak(&mut a, slack);
    let mean = -a.diagonal().mean();
    a * (100.0 / mean)
}

/// Whether an entry of [`cliques`] is a bridge.
pub fn is_bridge(size: usize, i: usize, j: usize) -> bool {
    i / size != j / size
}

/// A directed network, mildly non-normal: that of [`cliques`] with each direction of each pair
/// strengthened or weakened by its own factor, uniform in (0.5, 1.5), and leaks set anew.
pub fn directed(count: usize, size: usize, bridges: usize, slack: f64, seed: u64) -> Matrix {
    let mut a = cliques(count, size, bridges, slack, seed);
    let random = &mut random(seed, 2);
    for i in 0..a.nrows() {
        for j in 0..a.nrows() {
            a[(i, j)] *= 0.5 + random.uniform();
        }
    }
    leak(&mut a, slack);
    let mean = -a.diagonal().mean();
    a * (100.0 / mean)
}

/// A covariance whose neurons have been exchanged at random: the same numbers, the wrong ones.
pub fn shuffled(c: &Matrix, seed: u64) -> Matrix {
    let n = c.nrows();
    let random = &mut random(seed, 3);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, random.below(last as u64 + 1) as usize);
    }
    Matrix::from_fn(n, n, |i, j| c[(order[i], order[j])])
}

/// The covariance of traces of independent Poisson trains of one rate: the same for all neurons,
/// and none between them.
pub fn independent(n: usize) -> Matrix {
    Matrix::identity(n, n)
}

fn pair(random: &mut Stream, n: usize) -> (usize, usize) {
    loop {
        let (i, j) = (random.below(n as u64) as usize, random.below(n as u64) as usize);
        if i > j {
            return (i, j);
        }
    }
}

/// Copies the lower triangle to the upper.
fn mirror(a: &mut Matrix) {
    for i in 0..a.nrows() {
        for j in 0..i {
            a[(j, i)] = a[(i, j)];
        }
    }
}

/// Gives each neuron the leak that its absolute weights sum up to, times 1 + `slack`.
fn leak(a: &mut Matrix, slack: f64) {
    for i in 0..a.nrows() {
        a[(i, i)] = -beside(a, i) * (1.0 + slack);
    }
}

/// By power iteration; the mean weight is positive, so the largest eigenvalue is also the largest
/// in absolute value.
fn largest_eigenvalue(a: &Matrix, random: &mut Stream) -> f64 {
    let mut v = nalgebra::DVector::from_fn(a.nrows(), |_, _| random.uniform_open());
    let mut value = 0.0;
    for _ in 0..60 {
        let moved = a * &v;
        value = moved.norm() / v.norm();
        v = moved / value;
    }
    value
}
