//! What holds for values and for the laws that they are drawn from.

use super::codes::Code;
use super::problem::Findings;
use super::read::below;
use super::{Distribution, Outside, Shape, Stepping, Steps};
use crate::base::{Tick, Unit, math};
use crate::neuron::Range;

/// No quantity is larger than this in its canonical unit: sums and products of quantities then
/// stay far from what a double cannot hold.
pub(super) const LARGEST: f64 = 1e12;
/// No positive quantity is smaller than this in its canonical unit.
pub(super) const SMALLEST: f64 = 1e-9;
/// A truncated law must leave at least this share of its draws.
const LEAST_MASS: f64 = 1e-3;
/// The widest log-normal law, as the standard deviation of the logarithm.
const WIDEST: f64 = 20.0;

/// What values of a place must be.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub unit: Unit,
    pub range: Range,
    /// How many values there must be where they are listed one by one; `None` where they may not. A
    /// [`Range::List`] has as many as it likes.
    pub count: Option<u32>,
}

impl Kind {
    pub fn new(unit: Unit, range: Range) -> Kind {
        Kind { unit, range, count: None }
    }
}

/// Checks one value. Returns whether it is allowed.
pub(super) fn value(value: f64, kind: Kind, path: &str, findings: &mut Findings) -> bool {
    let found = || format!("found {}", kind.unit.format(value));
    if !value.is_finite() {
        findings.add(Code::NotFinite, path, found(), "a finite value");
        return false;
    }
    let limit = match kind.unit {
        Unit::Ms => Tick::MAX.ms(),
        _ => LARGEST,
    };
    let tiny = kind.range == Range::Positive && value > 0.0 && value < SMALLEST;
    if kind.range.contains(value) && value.abs() <= limit && !tiny {
        return true;
    }
    let allowed = if !kind.range.contains(value) {
        kind.range.describe().to_string()
    } else if tiny {
        format!("at least {}", kind.unit.format(SMALLEST))
    } else {
        format!("at most {}", kind.unit.format(limit))
    };
    findings.add(Code::OutOfRange, path, found(), allowed);
    false
}

/// Checks a law with its bounds.
pub(super) fn law(law: &Distribution, kind: Kind, path: &str, findings: &mut Findings) {
    let before = findings.list.len();
    let any = Kind::new(kind.unit, Range::Any);
    let at = |name: &str, key: &str| below(&below(path, name), key);
    // Where bounds stand: beside `uniform`, inside every other law.
    let mut inside = path.to_string();
    match &law.shape {
        Shape::Constant(constant) => {
            value(*constant, kind, path, findings);
            return;
        }
        Shape::Values(values) => return list(values, kind, path, findings),
        Shape::Uniform { low, high } => {
            value(*low, any, &at("uniform", "0"), findings);
            value(*high, any, &at("uniform", "1"), findings);
            if low > high {
                let found = format!("the lower end {low} lies above the upper end {high}");
                findings.add(Code::Contradiction, &below(path, "uniform"), found, "[low, high]");
            }
        }
        Shape::Normal { mean, sd } => {
            inside = below(path, "normal");
            value(*mean, any, &at("normal", "mean"), findings);
            let spread = Kind::new(kind.unit, Range::NonNegative);
            value(*sd, spread, &at("normal", "sd"), findings);
        }
        Shape::Lognormal { median, sigma } => {
            inside = below(path, "lognormal");
            value(*median, any, &at("lognormal", "median"), findings);
            if !(0.0..=WIDEST).contains(sigma) {
                let found = format!("found {sigma}");
                let allowed = format!("a number from 0 to {WIDEST}");
                findings.add(Code::OutOfRange, &at("lognormal", "sigma"), found, allowed);
            }
        }
        Shape::Exponential { mean } => {
            inside = below(path, "exponential");
            value(*mean, any, &at("exponential", "mean"), findings);
        }
    }
    for (key, bound) in [("min", law.min), ("max", law.max)] {
        bound.map(|bound| value(bound, any, &below(&inside, key), findings));
    }
    let step = Kind::new(kind.unit, Range::Positive);
    law.step.map(|length| value(length, step, &below(&inside, "step"), findings));
    if findings.list.len() == before {
        bounds(law, kind, path, &inside, findings);
    }
}

/// Values that are listed one by one.
fn list(values: &[f64], kind: Kind, path: &str, findings: &mut Findings) {
    let path = below(path, "values");
    let count = match kind.range {
        Range::List(_) => Some(values.len() as u32),
        _ => kind.count,
    };
    let Some(count) = count else {
        let allowed = "a value or a distribution";
        findings.add(Code::Contradiction, &path, "values cannot be listed here", allowed);
        return;
    };
    if values.len() != count as usize {
        let found = format!("found {} values", values.len());
        findings.add(Code::WrongCount, &path, found, format!("{count}, one for each neuron"));
    }
    for (index, &item) in values.iter().enumerate() {
        value(item, kind, &below(&path, index), findings);
    }
}

/// Checks what the bounds of a law leave.
fn bounds(law: &Distribution, kind: Kind, path: &str, inside: &str, findings: &mut Findings) {
    if let (Some(min), Some(max)) = (law.min, law.max)
        && min > max
    {
        let found = format!("min {min} lies above max {max}");
        findings.add(Code::Contradiction, &below(inside, "min"), found, "min <= max");
        return;
    }
    if let (Some(min), Some(max), Some(step)) = (law.min, law.max, law.step)
        && Stepping::new(step).multiple((min / step).ceil()) > max
        && Stepping::new(step).multiple((max / step).floor()) < min
    {
        let found = format!("no multiple of step {step} lies from min {min} to max {max}");
        findings.add(Code::Contradiction, &below(inside, "step"), found, "a smaller step");
        return;
    }
    let (low, high) = support(law);
    let (symbol, allowed) = (kind.unit.symbol(), kind.range.describe());
    for reached in [low, high] {
        // An end at infinity stands for every value that a law without a bound may reach.
        let wrong = match kind.range {
            Range::Any | Range::List(_) => false,
            Range::Positive => reached <= 0.0,
            Range::NonNegative => reached < 0.0,
        };
        if wrong {
            let found = match reached.is_finite() {
                true => format!("the distribution reaches {reached} {symbol}"),
                false => "the distribution has no lower end".to_string(),
            };
            let finding = findings.add(Code::OutOfRange, path, found.trim_end(), allowed);
            finding.help = Some("give it a `min`".to_string());
            return;
        }
    }
    if law.outside == Outside::Redraw && mass(law) < LEAST_MASS {
        let share = mass(law);
        let found = format!("only a share of {share:.1e} of the draws lies within min and max");
        let allowed = format!("at least {LEAST_MASS}, or outside = \"clip\"");
        findings.add(Code::HardlyAnyMass, inside, found, allowed);
    }
}

/// The smallest and the largest value that a law may give; log-normal and exponential laws come
/// as near to zero as one likes but do not reach it.
pub(super) fn support(law: &Distribution) -> (f64, f64) {
    let one_sided = |scale: f64| match scale {
        s if s > 0.0 => (f64::MIN_POSITIVE, f64::INFINITY),
        s if s < 0.0 => (f64::NEG_INFINITY, -f64::MIN_POSITIVE),
        _ => (0.0, 0.0),
    };
    let (low, high) = match &law.shape {
        Shape::Constant(value) => return (*value, *value),
        Shape::Values(values) => {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            return (low, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
        Shape::Uniform { low, high } => (*low, *high),
        Shape::Normal { mean, sd } if *sd == 0.0 => (*mean, *mean),
        Shape::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
        Shape::Lognormal { median, sigma } if *sigma == 0.0 => (*median, *median),
        Shape::Lognormal { median, .. } => one_sided(*median),
        Shape::Exponential { mean } => one_sided(*mean),
    };
    let bound = |value: f64| {
        let value = law.stepped(value);
        let value = law.min.map_or(value, |min| value.max(min));
        law.max.map_or(value, |max| value.min(max))
    };
    (bound(low), bound(high))
}

/// The mean of a law, bounds left out of account.
pub(super) fn mean(law: &Distribution) -> f64 {
    match &law.shape {
        Shape::Constant(value) => *value,
        Shape::Values(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
        Shape::Uniform { low, high } => 0.5 * (low + high),
        Shape::Normal { mean, .. } | Shape::Exponential { mean } => *mean,
        Shape::Lognormal { median, sigma } => median * math::exp(0.5 * sigma * sigma),
    }
}

/// The probability that an unbounded draw lies within the bounds.
fn mass(law: &Distribution) -> f64 {
    let min = law.min.unwrap_or(f64::NEG_INFINITY);
    let max = law.max.unwrap_or(f64::INFINITY);
    let inside = |value: f64| f64::from(u8::from((min..=max).contains(&value)));
    // A law with a negative scale is the mirror image of the one with the positive scale.
    let mirrored = |scale: f64| if scale < 0.0 { (-max, -min) } else { (min, max) };
    match law.shape {
        Shape::Constant(_) | Shape::Values(_) => 1.0,
        Shape::Uniform { low, high } if low == high => inside(low),
        Shape::Uniform { low, high } => {
            ((high.min(max) - low.max(min)) / (high - low)).clamp(0.0, 1.0)
        }
        Shape::Normal { mean, sd: 0.0 } => inside(mean),
        Shape::Normal { mean, sd } => normal_mass((min - mean) / sd, (max - mean) / sd),
        Shape::Lognormal { median, sigma } if sigma == 0.0 || median == 0.0 => inside(median),
        Shape::Lognormal { median, sigma } => {
            let (min, max) = mirrored(median);
            let z = |bound: f64| match bound {
                b if b <= 0.0 => f64::NEG_INFINITY,
                b => math::ln(b / median.abs()) / sigma,
            };
            normal_mass(z(min), z(max))
        }
        Shape::Exponential { mean: 0.0 } => inside(0.0),
        Shape::Exponential { mean } => {
            let (min, max) = mirrored(mean);
            let above = |bound: f64| math::exp(-bound.max(0.0) / mean.abs());
            above(min) - above(max)
        }
    }
}

/// The probability that a standard normal number lies between `a` and `b`.
fn normal_mass(a: f64, b: f64) -> f64 {
    let above = |z: f64| 0.5 * math::erfc(z * std::f64::consts::FRAC_1_SQRT_2);
    (above(a) - above(b)).max(0.0)
}

/// Checks steps: increasing on the grid, each value allowed.
pub(super) fn steps(steps: &Steps, kind: Kind, path: &str, findings: &mut Findings) {
    let constant = steps.steps.len() == 1 && steps.steps[0].0 == Tick::ZERO;
    let at = |index: usize, part: usize| match constant {
        true => path.to_string(),
        false => format!("{path}.steps.{index}.{part}"),
    };
    if steps.steps.is_empty() {
        let allowed = "at least one step";
        findings.add(Code::WrongCount, &below(path, "steps"), "there are no steps", allowed);
    }
    for (index, &(start, height)) in steps.steps.iter().enumerate() {
        value(height, kind, &at(index, 1), findings);
        if start > Tick::MAX {
            let found = format!("found {start}");
            findings.add(Code::Time, &at(index, 0), found, format!("at most {}", Tick::MAX));
        }
        if index > 0 && start <= steps.steps[index - 1].0 {
            let found = format!("{start} (on the grid) does not come after the step before it");
            let allowed = "times that increase by at least one grid step";
            findings.add(Code::NotIncreasing, &at(index, 0), found, allowed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounded(shape: Shape, min: f64, max: f64) -> Distribution {
        let bound = |value: f64| value.is_finite().then_some(value);
        Distribution {
            shape,
            min: bound(min),
            max: bound(max),
            outside: Outside::Redraw,
            step: None,
        }
    }

    #[test]
    fn masses_agree_with_tables() {
        let inf = f64::INFINITY;
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(mass(&bounded(Shape::Normal { mean: 1.0, sd: 2.0 }, 1.0, inf)), 0.5);
        near(mass(&bounded(Shape::Normal { mean: 0.0, sd: 1.0 }, -1.96, 1.96)), 0.950_004_2);
        near(mass(&bounded(Shape::Uniform { low: 0.0, high: 4.0 }, 1.0, 2.0)), 0.25);
        near(mass(&bounded(Shape::Uniform { low: 0.0, high: 4.0 }, 5.0, 6.0)), 0.0);
        near(mass(&bounded(Shape::Exponential { mean: 2.0 }, 2.0, inf)), 0.367_879_4);
        near(mass(&bounded(Shape::Exponential { mean: -2.0 }, -inf, -2.0)), 0.367_879_4);
        near(mass(&bounded(Shape::Lognormal { median: 3.0, sigma: 1.0 }, 3.0, inf)), 0.5);
        near(mass(&bounded(Shape::Lognormal { median: -3.0, sigma: 1.0 }, 0.0, inf)), 0.0);
    }

    #[test]
    fn supports_follow_bounds() {
        let normal = Shape::Normal { mean: 0.0, sd: 1.0 };
        assert_eq!(support(&bounded(normal, 0.5, f64::INFINITY)), (0.5, f64::INFINITY));
        let exponential = Shape::Exponential { mean: -1.0 };
        let (low, high) = support(&exponential.into());
        assert!(low == f64::NEG_INFINITY && high < 0.0);
    }
}
