//! The fractional order of a response: how much of a derivative or an integral of its drive it is.
//!
//! A response r to a drive x is an integral of order alpha if x = D^alpha r, where D^alpha multiplies
//! the component of frequency f by (2 pi i f)^alpha. Between 0 and 1 that is less than an integral;
//! below 0 it is a derivative, as where a neuron adapts. The order is the alpha with which D^alpha r
//! is closest to the drive, so the response must be in the drive's unit.
//!
//! Source: the analysis of Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567; sign as there.

use std::f64::consts::PI;
use std::ops::Range;

/// Orders lie between -1 and 1.
const MOST: f64 = 1.0;

/// The fractional order of a response to a drive, both in equal steps of time. What they have changed
/// since the step `baseline` is compared in `window`. `None` where response or drive do not change.
///
/// # Panics
/// If the series differ in length or the window lies outside them.
pub fn fractional_order(
    response: &[f64],
    drive: &[f64],
    baseline: usize,
    window: Range<usize>,
) -> Option<f64> {
    assert_eq!(response.len(), drive.len(), "response and drive go together");
    let spectrum = Spectrum::of(response);
    let changes = |values: &[f64]| values.windows(2).any(|pair| pair[0] != pair[1]);
    if !changes(response) || !changes(drive) {
        return None;
    }
    let misfit = |alpha: f64| {
        let derived = spectrum.derived(alpha);
        let change = |values: &[f64], t: usize| values[t] - values[baseline];
        let gap = |t: usize| change(&derived, t) - change(drive, t);
        window.clone().map(|t| gap(t) * gap(t)).sum::<f64>()
    };
    // A grid finds the valley, thirds its bottom.
    let grid = (-100..=100).map(|k| 0.01 * f64::from(k) * MOST);
    let nearest = grid.min_by(|a, b| misfit(*a).total_cmp(&misfit(*b)))?;
    let (mut low, mut high) = (nearest - 0.01, nearest + 0.01);
    for _ in 0..30 {
        let third = (high - low) / 3.0;
        if misfit(low + third) < misfit(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    Some(0.5 * (low + high))
}

/// D^alpha of a series that repeats for ever, in units of the inverse step to the alpha; an integral
/// for negative alpha. Its mean is zero.
pub fn derivative(values: &[f64], alpha: f64) -> Vec<f64> {
    Spectrum::of(values).derived(alpha)
}

/// Real and imaginary parts of the components of frequency 1 / N to 1 / 2 of a series, as sums: the
/// series are short.
struct Spectrum {
    parts: Vec<(f64, f64)>,
    /// Sine and cosine of every multiple of 2 pi / N.
    turns: Vec<(f64, f64)>,
}

impl Spectrum {
    fn of(values: &[f64]) -> Spectrum {
        let n = values.len();
        let turn = |k: usize| (2.0 * PI * k as f64 / n as f64).sin_cos();
        let turns: Vec<(f64, f64)> = (0..n).map(turn).collect();
        let part = |k: usize| {
            values.iter().enumerate().fold((0.0, 0.0), |(re, im), (t, value)| {
                let (sin, cos) = turns[k * t % n];
                (re + value * cos, im - value * sin)
            })
        };
        Spectrum { parts: (1..=n / 2).map(part).collect(), turns }
    }

    fn derived(&self, alpha: f64) -> Vec<f64> {
        let n = self.turns.len();
        // (2 pi i f)^alpha is (2 pi f)^alpha, turned by alpha quarters of a circle.
        let filtered: Vec<(f64, f64)> = self
            .parts
            .iter()
            .enumerate()
            .map(|(k, (re, im))| {
                let size = (2.0 * PI * (k + 1) as f64 / n as f64).powf(alpha);
                let (sin, cos) = (0.5 * PI * alpha).sin_cos();
                (size * (re * cos - im * sin), size * (re * sin + im * cos))
            })
            .collect();
        let value = |t: usize| {
            let terms = filtered.iter().enumerate().map(|(k, (re, im))| {
                let (sin, cos) = self.turns[(k + 1) * t % n];
                // All but the highest frequency of an even number have a mirror image.
                let weight = if 2 * (k + 1) == n { 1.0 } else { 2.0 };
                weight * (re * cos - im * sin)
            });
            terms.sum::<f64>() / n as f64
        };
        (0..n).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> Vec<f64> {
        (0..150).map(|t| if (50..100).contains(&t) { 1.0 } else { 0.0 }).collect()
    }

    #[test]
    fn the_estimator_recovers_synthetic_orders() {
        let drive = step();
        for alpha in [-0.2, 0.1, 0.2, 0.4] {
            let response: Vec<f64> =
                derivative(&drive, -alpha).into_iter().map(|r| r + 7.0).collect();
            let found = fractional_order(&response, &drive, 25, 40..110).expect("both change");
            assert!((found - alpha).abs() < 0.01, "{alpha}: {found}");
        }
        assert_eq!(fractional_order(&drive, &[1.0; 150], 25, 40..110), None);
    }

    /// A whole order is what it is called: D of a sine is 2 pi f times the cosine.
    #[test]
    fn the_first_derivative_is_the_derivative() {
        let (n, f) = (200, 3.0 / 200.0);
        let wave = |t: usize| 2.0 * PI * f * t as f64;
        let sine: Vec<f64> = (0..n).map(|t| wave(t).sin()).collect();
        for (t, found) in derivative(&sine, 1.0).into_iter().enumerate() {
            assert!((found - 2.0 * PI * f * wave(t).cos()).abs() < 1e-12, "{t}: {found}");
        }
    }

    /// Spike-frequency adaptation by 30 and by 50 % with 20 steps as its time constant, and the orders
    /// that the same analysis in another program gave for it.
    #[test]
    fn adaptation_is_a_derivative_of_small_order() {
        let drive = step();
        for (depth, order) in [(0.3, -0.07), (0.5, -0.12)] {
            let mut level = 0.0;
            let adapts = |x: &f64| {
                let response = x - depth * level;
                level += (x - level) / 20.0;
                response
            };
            let response: Vec<f64> = drive.iter().map(adapts).collect();
            let found = fractional_order(&response, &drive, 25, 40..110).expect("both change");
            assert!((found - order).abs() < 0.01, "{depth}: {found}");
        }
    }
}
