//! The numbers by which spike trains are described and compared: rates, the coefficient of
//! variation of intervals, the Kolmogorov-Smirnov distance. Pure functions of spike times.
//!
//! Moments are sums of whole ticks, so they are exact and do not depend on the order in which
//! neurons are looked at; a double appears only in the last step.

use super::Spike;
use crate::base::math::sqrt;
use crate::base::{Span, Tick};
use std::ops::Range;

/// Spikes a neuron needs before its coefficient of variation counts: two intervals.
pub const SPIKES_FOR_CV: u64 = 3;

/// Mean rate in Hz of `neurons` neurons that fired `spikes` times in all within `simulated`.
/// Zero where there is nothing to divide by.
pub fn rate_hz(spikes: u64, neurons: u64, simulated: Span) -> f64 {
    if neurons == 0 || simulated == Span::ZERO {
        return 0.0;
    }
    spikes as f64 / (neurons as f64 * simulated.s())
}

/// The moments of the intervals of one neuron, gathered spike by spike.
///
/// Invariants: `spikes` counts the calls of [`IntervalMoments::spike`]; the sums hold all
/// `spikes - 1` intervals, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntervalMoments {
    last: Tick,
    spikes: u64,
    sum: u64,
    sum_of_squares: u128,
}

impl IntervalMoments {
    /// Adds a spike, which must not be earlier than the one before, and gives the interval
    /// between the two.
    #[inline]
    pub fn spike(&mut self, tick: Tick) -> Option<Span> {
        let interval = (self.spikes > 0).then(|| tick.since(self.last));
        if let Some(Span(ticks)) = interval {
            self.sum += ticks;
            self.sum_of_squares += u128::from(ticks) * u128::from(ticks);
        }
        self.last = tick;
        self.spikes += 1;
        interval
    }

    /// How many spikes were added.
    pub fn spikes(&self) -> u64 {
        self.spikes
    }

    /// The coefficient of variation of the intervals: their standard deviation (the root of the
    /// mean squared difference, divided by their number) over their mean. `None` with fewer than
    /// [`SPIKES_FOR_CV`] spikes.
    ///
    /// With n intervals of sum S and sum of squares Q it is sqrt(n Q - S^2) / S, and n Q - S^2
    /// is a whole number, so that a perfectly regular train has exactly 0.
    pub fn coefficient_of_variation(&self) -> Option<f64> {
        if self.spikes < SPIKES_FOR_CV || self.sum == 0 {
            return None;
        }
        let count = u128::from(self.spikes - 1);
        let square = u128::from(self.sum) * u128::from(self.sum);
        let variance = match count.checked_mul(self.sum_of_squares) {
            Some(product) => (product - square) as f64,
            // Only trains of more than 2^22 spikes over months come here.
            None => (count as f64) * (self.sum_of_squares as f64) - square as f64,
        };
        Some(sqrt(variance.max(0.0)) / self.sum as f64)
    }
}

/// The mean of the coefficients of variation of those neurons that have one.
pub fn mean_cv<'a>(neurons: impl IntoIterator<Item = &'a IntervalMoments>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u64);
    for value in neurons.into_iter().filter_map(IntervalMoments::coefficient_of_variation) {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / count as f64)
}

/// What the spikes of one range of neurons show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainStatistics {
    /// Number of spikes.
    pub spikes: u64,
    /// Neurons that fired at least once.
    pub active: u64,
    /// See [`mean_cv`].
    pub cv: Option<f64>,
    /// All intervals of all neurons in ticks, sorted.
    pub intervals: Vec<u64>,
}

/// Describes the spikes of the neurons in `range`; `spikes` must be sorted by time.
pub fn describe(spikes: &[Spike], range: Range<u32>) -> TrainStatistics {
    let mut neurons = vec![IntervalMoments::default(); range.len()];
    let mut intervals = Vec::new();
    for spike in spikes.iter().filter(|spike| range.contains(&spike.neuron.0)) {
        let moments = &mut neurons[(spike.neuron.0 - range.start) as usize];
        intervals.extend(moments.spike(spike.tick).map(|interval| interval.0));
    }
    intervals.sort_unstable();
    TrainStatistics {
        spikes: neurons.iter().map(IntervalMoments::spikes).sum(),
        active: neurons.iter().filter(|moments| moments.spikes() > 0).count() as u64,
        cv: mean_cv(&neurons),
        intervals,
    }
}

/// The two-sample Kolmogorov-Smirnov distance: the largest difference between the two empirical
/// distribution functions. Both samples must be sorted; `None` if one of them is empty.
pub fn kolmogorov_smirnov(a: &[u64], b: &[u64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut i, mut j, mut largest) = (0, 0, 0.0f64);
    while i < a.len() && j < b.len() {
        // Both functions step over all copies of a value before they are compared.
        let value = a[i].min(b[j]);
        i += a[i..].iter().take_while(|&&x| x == value).count();
        j += b[j..].iter().take_while(|&&x| x == value).count();
        let difference = i as f64 / a.len() as f64 - j as f64 / b.len() as f64;
        largest = largest.max(difference.abs());
    }
    Some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::NeuronId;

    fn moments(ticks: &[u64]) -> IntervalMoments {
        let mut moments = IntervalMoments::default();
        for &tick in ticks {
            moments.spike(Tick(tick));
        }
        moments
    }

    #[test]
    fn rates_divide_by_neurons_and_seconds() {
        assert_eq!(rate_hz(30, 10, Span::from_whole_ms(500)), 6.0);
        assert_eq!(rate_hz(0, 0, Span::from_whole_ms(500)), 0.0);
        assert_eq!(rate_hz(5, 5, Span::ZERO), 0.0);
    }

    #[test]
    fn regular_trains_vary_by_exactly_nothing() {
        let ticks: Vec<u64> = (0..1000).map(|k| 7 + k * 52_957_905).collect();
        assert_eq!(moments(&ticks).coefficient_of_variation(), Some(0.0));
    }

    #[test]
    fn the_coefficient_of_variation_is_that_of_a_hand_count() {
        // Intervals 1 and 3: mean 2, standard deviation 1.
        assert_eq!(moments(&[10, 11, 14]).coefficient_of_variation(), Some(0.5));
        assert_eq!(moments(&[10, 11]).coefficient_of_variation(), None);
        assert_eq!(moments(&[]).coefficient_of_variation(), None);
        let all = [moments(&[10, 11, 14]), moments(&[0, 5, 10]), moments(&[3])];
        assert_eq!(mean_cv(&all), Some(0.25));
        assert_eq!(mean_cv(&all[2..]), None);
    }

    #[test]
    fn a_range_of_neurons_is_described_alone() {
        let spike = |tick, neuron| Spike { tick: Tick(tick), neuron: NeuronId(neuron) };
        let spikes = [spike(1, 0), spike(2, 5), spike(3, 6), spike(4, 5), spike(10, 5)];
        let seen = describe(&spikes, 5..8);
        assert_eq!((seen.spikes, seen.active), (4, 2));
        assert_eq!(seen.intervals, [2, 6]);
        assert_eq!(seen.cv, Some(0.5));
    }

    #[test]
    fn the_distance_is_zero_for_equals_and_one_for_strangers() {
        assert_eq!(kolmogorov_smirnov(&[1, 2, 2, 9], &[1, 2, 2, 9]), Some(0.0));
        assert_eq!(kolmogorov_smirnov(&[1, 2], &[5, 6, 7]), Some(1.0));
        assert_eq!(kolmogorov_smirnov(&[1, 2, 3, 4], &[3, 4, 5, 6]), Some(0.5));
        assert_eq!(kolmogorov_smirnov(&[2, 2], &[1, 2]), Some(0.5));
        assert_eq!(kolmogorov_smirnov(&[], &[1]), None);
    }
}
