//! Fits: a power law with an offset, a logarithm, and one sine.

use std::f64::consts::PI;

/// y = factor x^-exponent + offset.
pub struct PowerLaw {
    /// The factor.
    pub factor: f64,
    /// The exponent.
    pub exponent: f64,
    /// The offset.
    pub offset: f64,
    /// The share of the variance that it explains.
    pub r2: f64,
}

impl PowerLaw {
    /// Its value.
    pub fn at(&self, x: f64) -> f64 {
        self.factor * x.powf(-self.exponent) + self.offset
    }

    /// The best fit by least squares: exponents in steps of 0.01 between 0.01 and 4, the other two
    /// numbers by their closed form.
    pub fn fit(points: &[(f64, f64)]) -> PowerLaw {
        let with = |exponent: f64| {
            let u: Vec<f64> = points.iter().map(|(x, _)| x.powf(-exponent)).collect();
            let n = points.len() as f64;
            let (mu, my) = (u.iter().sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
            let cross: f64 = u.iter().zip(points).map(|(u, p)| (u - mu) * (p.1 - my)).sum();
            let square: f64 = u.iter().map(|u| (u - mu) * (u - mu)).sum();
            let factor = cross / square;
            let law = PowerLaw { factor, exponent, offset: my - factor * mu, r2: 0.0 };
            let error: f64 = points.iter().map(|&(x, y)| (y - law.at(x)) * (y - law.at(x))).sum();
            let total: f64 = points.iter().map(|p| (p.1 - my) * (p.1 - my)).sum();
            PowerLaw { r2: 1.0 - error / total, ..law }
        };
        let all = (1..=400).map(|k| with(0.01 * f64::from(k)));
        all.max_by(|a, b| a.r2.total_cmp(&b.r2)).expect("there are exponents")
    }
}

/// The share of the variance that a straight line in ln x explains.
pub fn logarithm_r2(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (mx, my) = (mean(&|p| p.0.ln()), mean(&|p| p.1));
    let cross = mean(&|p| (p.0.ln() - mx) * (p.1 - my));
    let squares = [mean(&|p| (p.0.ln() - mx).powi(2)), mean(&|p| (p.1 - my).powi(2))];
    cross * cross / (squares[0] * squares[1])
}

/// Mean, amplitude and phase (in degrees; positive is ahead of a sine) of the component of a series
/// that has so many periods in it.
pub fn sine(series: &[f64], periods: usize) -> (f64, f64, f64) {
    let n = series.len() as f64;
    let (mut sin, mut cos) = (0.0, 0.0);
    for (k, value) in series.iter().enumerate() {
        let phase = 2.0 * PI * periods as f64 * (k as f64 + 0.5) / n;
        sin += value * phase.sin() * 2.0 / n;
        cos += value * phase.cos() * 2.0 / n;
    }
    let mean = series.iter().sum::<f64>() / n;
    (mean, sin.hypot(cos), cos.atan2(sin).to_degrees())
}
