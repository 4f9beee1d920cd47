//! How a number is drawn from a [`Distribution`].
//!
//! | shape | value, with u uniform in [0, 1) and z standard normal |
//! |---|---|
//! | constant | itself |
//! | values | the one with the neuron's index |
//! | uniform | low + (high - low) u, never high |
//! | normal | mean + sd z |
//! | lognormal | median exp(sigma z) |
//! | exponential | mean times an exponential number of mean one |
//!
//! With a `step` the value is rounded to the nearest multiple of it.
//!
//! A value below `min` or above `max` is drawn again from the same stream (the law is truncated)
//! or becomes the bound. A law that keeps missing its bounds is given up after
//! [`MOST_REDRAWS`] draws: the sample is not a number, and whoever asked reports it.

use crate::base::math;
use crate::base::random::{Purpose, Stream, Streams};
use crate::scenario::{Distribution, Outside, Shape, Stepping};

/// A law of which less than about one draw in ten thousand lies between its bounds is refused.
pub const MOST_REDRAWS: u32 = 100_000;

/// A checked distribution, ready to be sampled.
#[derive(Clone, Copy, Debug)]
pub enum Sampler<'a> {
    /// Always the same value.
    Constant(f64),
    /// Drawn, or looked up.
    Drawn(&'a Distribution),
}

impl<'a> Sampler<'a> {
    /// A sampler of a distribution that [`check`] accepts.
    pub fn new(distribution: &'a Distribution) -> Sampler<'a> {
        match distribution.as_constant() {
            Some(value) => Sampler::Constant(clip(distribution, value)),
            None => Sampler::Drawn(distribution),
        }
    }

    /// The next value from a stream; `index` chooses among given values. Not a number if
    /// the bounds were missed [`MOST_REDRAWS`] times.
    #[inline]
    pub fn next(&self, index: u32, stream: &mut Stream) -> f64 {
        match self {
            Sampler::Constant(value) => *value,
            Sampler::Drawn(law) => {
                bounded(law, law.stepping(), || unbounded(&law.shape, index, stream))
            }
        }
    }

    /// Values one after the other from a stream of their own. The law must not be one of given values.
    #[inline]
    pub fn series(&self, stream: Stream) -> Series<'a> {
        let (constant, law) = match *self {
            Sampler::Constant(value) => (value, None),
            Sampler::Drawn(law) => (0.0, Some((law, law.stepping()))),
        };
        Series { constant, law, numbers: Buffered::new(stream) }
    }

    /// The first value of a stream of its own.
    #[inline]
    pub fn once(&self, seed: u64, purpose: Purpose, which: u64, entity: u64, index: u32) -> f64 {
        match self {
            Sampler::Constant(value) => *value,
            Sampler::Drawn(_) => self.next(index, &mut Stream::new(seed, purpose, which, entity)),
        }
    }

    /// The first values of the streams of these entities. The law must not be one of given values. A loop that
    /// does nothing else: the multiplications of one stream wait for each other, those of several do not.
    pub fn once_for_each(
        &self,
        streams: Streams,
        entities: impl Iterator<Item = u64>,
        values: &mut Vec<f64>,
    ) {
        values.clear();
        match *self {
            Sampler::Constant(value) => values.extend(entities.map(|_| value)),
            Sampler::Drawn(law) => {
                let stepping = law.stepping();
                values.extend(entities.map(|entity| {
                    let mut stream = streams.of(entity);
                    bounded(law, stepping, || unbounded(&law.shape, 0, &mut stream))
                }));
            }
        }
    }
}

/// So many normal numbers are worked out at once.
const AT_ONCE: usize = 64;

/// The values of a law that one stream gives.
pub struct Series<'a> {
    constant: f64,
    /// `None` where the law is that constant.
    law: Option<(&'a Distribution, Option<Stepping>)>,
    numbers: Buffered,
}

impl Series<'_> {
    /// What all values are, where the law is a constant.
    #[inline]
    pub fn constant(&self) -> Option<f64> {
        self.law.is_none().then_some(self.constant)
    }

    /// The next values, in a loop for each shape. Where the bounds were missed [`MOST_REDRAWS`] times
    /// stands what is not a number.
    pub fn fill(&mut self, values: &mut [f64]) {
        let Some((law, stepping)) = self.law else { return values.fill(self.constant) };
        let numbers = &mut self.numbers;
        match law.shape {
            Shape::Uniform { low, high } => {
                fill_with(law, stepping, values, || between(low, high, numbers.uniform()));
            }
            Shape::Normal { mean, sd } => {
                fill_with(law, stepping, values, || mean + sd * numbers.normal());
            }
            ref shape => fill_with(law, stepping, values, || unbounded(shape, 0, numbers)),
        }
    }
}

#[inline]
fn fill_with(
    law: &Distribution,
    stepping: Option<Stepping>,
    values: &mut [f64],
    mut number: impl FnMut() -> f64,
) {
    values.iter_mut().for_each(|value| *value = bounded(law, stepping, &mut number));
}

/// Where laws take their numbers from.
trait Numbers {
    fn uniform(&mut self) -> f64;
    fn normal(&mut self) -> f64;
    fn exponential(&mut self) -> f64;
}

impl Numbers for Stream {
    fn uniform(&mut self) -> f64 {
        Stream::uniform(self)
    }

    fn normal(&mut self) -> f64 {
        Stream::normal(self)
    }

    fn exponential(&mut self) -> f64 {
        Stream::exponential(self)
    }
}

/// A stream of which normal numbers are taken in advance. A law takes numbers of one kind only, so that
/// each is the one that the stream would have given.
struct Buffered {
    stream: Stream,
    normals: [f64; AT_ONCE],
    uniforms: [f64; AT_ONCE],
    taken: usize,
}

impl Buffered {
    fn new(stream: Stream) -> Buffered {
        Buffered { stream, normals: [0.0; AT_ONCE], uniforms: [0.0; AT_ONCE], taken: AT_ONCE }
    }

    #[inline(never)]
    fn refill(&mut self) {
        self.stream.normals(&mut self.normals, &mut self.uniforms);
        self.taken = 0;
    }
}

impl Numbers for Buffered {
    #[inline]
    fn uniform(&mut self) -> f64 {
        self.stream.uniform()
    }

    #[inline]
    fn normal(&mut self) -> f64 {
        if self.taken == AT_ONCE {
            self.refill();
        }
        self.taken += 1;
        self.normals[self.taken - 1]
    }

    #[inline]
    fn exponential(&mut self) -> f64 {
        self.stream.exponential()
    }
}

#[inline]
fn bounded(
    distribution: &Distribution,
    stepping: Option<Stepping>,
    mut number: impl FnMut() -> f64,
) -> f64 {
    let mut draw = || {
        let value = number();
        stepping.map_or(value, |stepping| stepping.nearest(value))
    };
    let value = draw();
    if is_inside(distribution, value) {
        return value;
    }
    match distribution.outside {
        Outside::Clip => clip(distribution, value),
        Outside::Redraw => (1..MOST_REDRAWS)
            .map(|_| draw())
            .find(|&value| is_inside(distribution, value))
            .unwrap_or(f64::NAN),
    }
}

#[inline]
fn unbounded(shape: &Shape, index: u32, stream: &mut impl Numbers) -> f64 {
    match *shape {
        Shape::Constant(value) => value,
        Shape::Values(ref values) => values[index as usize],
        Shape::Uniform { low, high } => between(low, high, stream.uniform()),
        Shape::Normal { mean, sd } => mean + sd * stream.normal(),
        Shape::Lognormal { median, sigma } => median * math::exp(sigma * stream.normal()),
        Shape::Exponential { mean } => mean * stream.exponential(),
    }
}

#[inline]
fn between(low: f64, high: f64, uniform: f64) -> f64 {
    let value = low + (high - low) * uniform;
    // Rounding may reach the open end.
    if value < high { value } else { low }
}

#[inline]
fn is_inside(distribution: &Distribution, value: f64) -> bool {
    distribution.min.is_none_or(|min| value >= min)
        && distribution.max.is_none_or(|max| value <= max)
}

fn clip(distribution: &Distribution, value: f64) -> f64 {
    let value = distribution.min.map_or(value, |min| value.max(min));
    distribution.max.map_or(value, |max| value.min(max))
}

/// What is wrong with a distribution that gives a value to each of `size` neurons.
pub fn check(distribution: &Distribution, size: u32) -> Result<(), String> {
    check_shape(&distribution.shape, size)?;
    let (min, max) = (distribution.min, distribution.max);
    if [min, max].into_iter().flatten().any(|bound| bound.is_nan()) {
        return Err("a bound is not a number".into());
    }
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        return Err(format!("min ({min}) must not be greater than max ({max})"));
    }
    if distribution.outside == Outside::Clip {
        return Ok(());
    }
    let given: &[f64] = match &distribution.shape {
        Shape::Constant(value) => std::slice::from_ref(value),
        Shape::Values(values) => values,
        _ => &[],
    };
    match given.iter().find(|&&value| !is_inside(distribution, distribution.stepped(value))) {
        Some(value) => Err(format!("the given value {value} lies outside min and max")),
        None => Ok(()),
    }
}

fn check_shape(shape: &Shape, size: u32) -> Result<(), String> {
    let numbers: &[f64] = match shape {
        Shape::Values(values) if values.len() != size as usize => {
            return Err(format!("{} values are given, but there are {size} neurons", values.len()));
        }
        Shape::Values(values) => values,
        Shape::Constant(value) => std::slice::from_ref(value),
        Shape::Uniform { low, high } if low > high => {
            return Err(format!("uniform must go from low to high, but {low} is above {high}"));
        }
        Shape::Normal { sd: width, .. } | Shape::Lognormal { sigma: width, .. } if *width < 0.0 => {
            return Err(format!("a width must be zero or greater, but is {width}"));
        }
        &Shape::Uniform { low: a, high: b }
        | &Shape::Normal { mean: a, sd: b }
        | &Shape::Lognormal { median: a, sigma: b } => &[a, b],
        Shape::Exponential { mean } => std::slice::from_ref(mean),
    };
    match numbers.iter().find(|number| !number.is_finite()) {
        Some(number) => Err(format!("every number must be finite, but one is {number}")),
        None => Ok(()),
    }
}

/// No normal number of [`Stream::normal`] is further from zero: 2^-54 of the law lie beyond 8.3.
const FARTHEST_NORMAL: f64 = 8.5;

/// The smallest and the greatest value that can come out. Infinite where nothing bounds it.
pub fn support(distribution: &Distribution) -> (f64, f64) {
    let half_line =
        |scale: f64| if scale < 0.0 { (f64::NEG_INFINITY, 0.0) } else { (0.0, f64::INFINITY) };
    let (low, high) = match &distribution.shape {
        Shape::Constant(value) => (*value, *value),
        Shape::Values(values) => values
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v))),
        Shape::Uniform { low, high } => (*low, *high),
        Shape::Normal { mean, sd } => {
            let reach = FARTHEST_NORMAL * sd;
            (mean - reach, mean + reach)
        }
        Shape::Lognormal { median: scale, .. } | Shape::Exponential { mean: scale } => {
            half_line(*scale)
        }
    };
    let (low, high) = (distribution.stepped(low), distribution.stepped(high));
    (clip(distribution, low), clip(distribution, high))
}

/// A degree from a drawn number: the nearest integer, zero for a negative one; `None` for what
/// is no number or beyond 32 bits.
pub fn degree(value: f64) -> Option<u32> {
    let rounded = math::round(value);
    (rounded <= f64::from(u32::MAX)).then_some(rounded.max(0.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(shape: Shape, min: Option<f64>, max: Option<f64>, outside: Outside) -> Distribution {
        Distribution { shape, min, max, outside, step: None }
    }

    fn sample(distribution: &Distribution, n: usize) -> Vec<f64> {
        let mut series = Sampler::new(distribution).series(Stream::new(5, Purpose::Weight, 0, 0));
        let mut values = vec![0.0; n];
        series.fill(&mut values);
        values
    }

    /// However many are asked for at a time, a series gives what its stream would give one by one.
    #[test]
    fn first_values_are_the_same_alone_and_together() {
        let laws = [Shape::Constant(2.5), Shape::Uniform { low: -1.0, high: 3.0 }]
            .into_iter()
            .chain([Shape::Normal { mean: 1.0, sd: 0.5 }, Shape::Exponential { mean: 2.0 }])
            .map(Distribution::from);
        for mut law in laws {
            law.min = Some(-0.5);
            let sampler = Sampler::new(&law);
            let entities = || (0..100).map(|k| (k << 32) + 7 * k);
            let mut together = vec![f64::NAN; 3];
            let streams = Streams::new(9, Purpose::Delay, 4);
            sampler.once_for_each(streams, entities(), &mut together);
            let alone = entities().map(|entity| sampler.once(9, Purpose::Delay, 4, entity, 0));
            assert_eq!(together, alone.collect::<Vec<f64>>());
        }
    }

    #[test]
    fn a_series_is_its_stream() {
        let shapes = [
            Shape::Constant(2.0),
            Shape::Uniform { low: -1.0, high: 3.0 },
            Shape::Normal { mean: 0.5, sd: 1.5 },
            Shape::Lognormal { median: 1.0, sigma: 0.5 },
            Shape::Exponential { mean: 1.0 },
        ];
        for shape in shapes {
            for (max, outside, step) in [
                (None, Outside::Redraw, None),
                (Some(2.0), Outside::Redraw, Some(0.25)),
                (Some(1.5), Outside::Clip, None),
            ] {
                let distribution = Distribution { step, ..law(shape.clone(), None, max, outside) };
                if check(&distribution, 1).is_err() {
                    continue;
                }
                let sampler = Sampler::new(&distribution);
                let stream = || Stream::new(9, Purpose::Delay, 1, 2);
                let (mut single, mut series) = (stream(), sampler.series(stream()));
                for count in [1, 3, 0, 100, 64, 200] {
                    let mut values = vec![0.0; count];
                    series.fill(&mut values);
                    let expected: Vec<f64> =
                        (0..count).map(|_| sampler.next(0, &mut single)).collect();
                    assert_eq!(values, expected, "{shape:?} {max:?} {outside:?} {step:?}");
                }
            }
        }
    }

    #[test]
    fn a_step_gives_multiples_within_bounds_and_the_law_is_kept() {
        let normal = Shape::Normal { mean: 1.5, sd: 0.75 };
        let mut stepped = law(normal.clone(), Some(0.1), Some(3.0), Outside::Redraw);
        let smooth = sample(&stepped, 20_000);
        stepped.step = Some(0.1);
        let values = sample(&stepped, 20_000);
        for value in &values {
            assert_eq!(*value, (value * 10.0).round() / 10.0);
            assert!((0.1..=3.0).contains(value), "{value}");
        }
        let ((mean, sd), (other_mean, other_sd)) = (mean_and_sd(&values), mean_and_sd(&smooth));
        assert!((mean - other_mean).abs() < 0.03 && (sd - other_sd).abs() < 0.03, "{mean} {sd}");
        assert_eq!(support(&stepped), (0.1, 3.0));
        (stepped.min, stepped.max) = (None, None);
        let (low, high) = support(&stepped);
        assert!(sample(&stepped, 20_000).iter().all(|value| (low..=high).contains(value)));
        assert_eq!((low, high), (-4.9, 7.9));
    }

    fn mean_and_sd(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn every_law_has_its_moments() {
        let n = 100_000;
        for (shape, mean, sd) in [
            (Shape::Uniform { low: -1.0, high: 3.0 }, 1.0, 4.0 / 12f64.sqrt()),
            (Shape::Normal { mean: 45.0, sd: 4.5 }, 45.0, 4.5),
            // exp(sigma^2 / 2) and its square root of exp(sigma^2) - 1.
            (Shape::Lognormal { median: -2.0, sigma: 0.5 }, -2.266_297, 1.207_786),
            (Shape::Exponential { mean: 3.0 }, 3.0, 3.0),
        ] {
            let (found_mean, found_sd) = mean_and_sd(&sample(&shape.clone().into(), n));
            assert!((found_mean - mean).abs() < 5.0 * sd / (n as f64).sqrt(), "{shape:?}");
            assert!((found_sd / sd - 1.0).abs() < 0.03, "{shape:?}: {found_sd}");
        }
    }

    #[test]
    fn redrawing_truncates_and_clipping_piles_up() {
        let shape = Shape::Normal { mean: 0.0, sd: 1.0 };
        let redrawn = sample(&law(shape.clone(), Some(0.0), None, Outside::Redraw), 100_000);
        let clipped = sample(&law(shape, Some(0.0), None, Outside::Clip), 100_000);
        assert!(redrawn.iter().chain(&clipped).all(|&v| v >= 0.0));
        // The half-normal mean is sqrt(2 / pi), and half of that when one half sits at zero.
        assert!((mean_and_sd(&redrawn).0 - 0.797_885).abs() < 0.01);
        assert!((mean_and_sd(&clipped).0 - 0.398_942).abs() < 0.01);
        let zeros = clipped.iter().filter(|&&v| v == 0.0).count();
        assert!((48_000..52_000).contains(&zeros), "{zeros}");
    }

    #[test]
    fn bounds_that_are_never_met_end_in_no_number() {
        let shape = Shape::Normal { mean: 0.0, sd: 1.0 };
        assert!(sample(&law(shape, Some(50.0), None, Outside::Redraw), 1)[0].is_nan());
    }

    #[test]
    fn values_are_looked_up_by_index() {
        let distribution = Shape::Values(vec![3.0, 1.0, 2.0]).into();
        let values: Vec<f64> = (0..3)
            .map(|k| Sampler::new(&distribution).once(1, Purpose::Initial, 0, u64::from(k), k))
            .collect();
        assert_eq!(values, [3.0, 1.0, 2.0]);
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let refused = |distribution: Distribution, words: &str| {
            let message = check(&distribution, 2).unwrap_err();
            assert!(message.contains(words), "{message}");
        };
        refused(Shape::Values(vec![1.0]).into(), "1 values are given, but there are 2 neurons");
        refused(Shape::Normal { mean: 0.0, sd: -1.0 }.into(), "zero or greater");
        refused(Shape::Uniform { low: 2.0, high: 1.0 }.into(), "low to high");
        refused(Distribution::constant(f64::NAN), "finite");
        let exponential = Shape::Exponential { mean: 1.0 };
        refused(law(exponential, Some(2.0), Some(1.0), Outside::Redraw), "greater than max");
        refused(law(Shape::Constant(5.0), None, Some(1.0), Outside::Redraw), "outside");
        let clipped = law(Shape::Constant(5.0), None, Some(1.0), Outside::Clip);
        assert_eq!(check(&clipped, 2), Ok(()));
        assert_eq!(sample(&clipped, 1), [1.0]);
    }

    #[test]
    fn degrees_round_to_the_nearest_integer_and_never_below_zero() {
        let degrees = [-3.0, 0.4, 0.5, 7.49, 1e10, f64::NAN].map(degree);
        assert_eq!(degrees, [Some(0), Some(0), Some(1), Some(7), None, None]);
    }

    #[test]
    fn the_support_covers_every_law() {
        let of = |shape: Shape| support(&shape.into());
        assert_eq!(of(Shape::Uniform { low: 1.0, high: 2.0 }), (1.0, 2.0));
        assert_eq!(of(Shape::Exponential { mean: -1.0 }), (f64::NEG_INFINITY, 0.0));
        let normal = law(Shape::Normal { mean: 1.0, sd: 1.0 }, Some(0.1), None, Outside::Redraw);
        assert_eq!(support(&normal), (0.1, 9.5));
    }
}
