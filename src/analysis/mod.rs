//! What a linear network does, from its matrix: covariance under noise, spectrum, and how well a
//! pruned network stands for the whole one. The theory side of noise-driven pruning.
//!
//! A network is dx/dt = A x + b + noise with A = W - D: `a[(i, j)]` is the effect of j on i, the
//! diagonal holds the leak. Rates are per unit of time; the unit is the caller's. Nothing here
//! takes part in a simulation, and no simulation depends on it.
//!
//! Source: Moore and Chaudhuri 2020, arXiv 2011.07334. What is read there and what is inferred is
//! said in `docs/reproductions.md`.

pub mod covariance;
pub mod dynamics;
pub mod fractional;
pub mod linear;
pub mod network;
pub mod prune;
pub mod spectrum;
pub mod spikes;
#[cfg(test)]
mod tests;
pub mod trains;

pub use covariance::{Shape, covariance, leverage_sum, shape};
pub use dynamics::{Course, relative_error};
pub use prune::{Diagonal, Policy, Pruning, probabilities, prune};
pub use spectrum::{Fidelity, eigenvalues, fidelity, generalised_eigenvalues};

/// A dense real matrix.
pub type Matrix = nalgebra::DMatrix<f64>;

/// Why a matrix cannot be analysed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// Perturbations grow, so there is no stationary state.
    #[error(
        "the network is not stable: its slowest mode has the rate {0}; allowed is a rate below zero"
    )]
    Unstable(f64),
    /// An iteration did not end.
    #[error("the {0} did not converge; the matrix may be too close to one that has no such form")]
    NoConvergence(&'static str),
    /// Two networks of different size.
    #[error("the networks have {0} and {1} neurons; they must have as many")]
    Sizes(usize, usize),
}
