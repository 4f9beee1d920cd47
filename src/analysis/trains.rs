//! What the output of a population looks like beside its rate: how irregular trains of spikes are,
//! how much counts vary, and how rates are distributed over neurons.
//!
//! ```text
//! CV   = standard deviation / mean of a neuron's intervals
//! CV2  = mean of 2 |b - a| / (a + b) over a neuron's successive intervals a, b
//! Lv   = mean of 3 (b - a)^2 / (a + b)^2 over the same
//! Fano = variance / mean of a neuron's counts in windows of equal length
//! ```
//!
//! All are 1 for a Poisson process; of a population it is their mean over neurons. CV and Fano rise
//! with slow changes of the rate, CV2 and Lv hardly do. Two distributions are compared by the largest
//! gap between their cumulative shares (Kolmogorov and Smirnov) and by how far one would have to be
//! moved in the mean to become the other (Wasserstein).

/// The spikes of some neurons between two times.
#[derive(Clone, Debug)]
pub struct Trains {
    /// Of each neuron, in order.
    trains: Vec<Vec<f64>>,
    from: f64,
    to: f64,
}

impl Trains {
    /// Of so many neurons, from spikes (time, neuron) in order; those outside of [from, to) do not
    /// count.
    ///
    /// # Panics
    /// If there are no such neurons.
    pub fn new(
        neurons: usize,
        spikes: impl IntoIterator<Item = (f64, usize)>,
        from: f64,
        to: f64,
    ) -> Trains {
        let mut trains = vec![Vec::new(); neurons];
        for (at, neuron) in spikes.into_iter().filter(|(at, _)| (from..to).contains(at)) {
            trains[neuron].push(at);
        }
        Trains { trains, from, to }
    }

    /// The rate of each neuron, one over the unit of time.
    pub fn rates(&self) -> Vec<f64> {
        self.trains.iter().map(|train| train.len() as f64 / (self.to - self.from)).collect()
    }

    /// The mean rate.
    pub fn rate(&self) -> f64 {
        mean(self.rates())
    }

    /// The standard deviation of the rates of neurons.
    pub fn spread(&self) -> f64 {
        let rates = self.rates();
        variance(&rates).sqrt()
    }

    /// The mean CV of the neurons that have two intervals; NaN if none has.
    pub fn cv(&self) -> f64 {
        let of = |intervals: Vec<f64>| {
            (intervals.len() > 1)
                .then(|| variance(&intervals).sqrt() / mean(intervals.iter().copied()))
        };
        mean(self.intervals().filter_map(of))
    }

    /// The mean CV2 of the neurons that have two intervals; NaN if none has.
    pub fn cv2(&self) -> f64 {
        self.local(|a, b| 2.0 * (b - a).abs() / (a + b))
    }

    /// The mean Lv of the neurons that have two intervals; NaN if none has.
    pub fn lv(&self) -> f64 {
        self.local(|a, b| 3.0 * ((b - a) / (a + b)) * ((b - a) / (a + b)))
    }

    /// The mean Fano factor of the neurons that fire, in as many windows of this length as fit; NaN
    /// if none fires in them.
    pub fn fano(&self, window: f64) -> f64 {
        // A time that is a multiple of the window on paper may be a little less in binary.
        let windows = ((self.to - self.from) / window + 1e-9).floor() as usize;
        let of = |train: &Vec<f64>| {
            let mut counts = vec![0.0; windows];
            for at in train {
                if let Some(count) = counts.get_mut(((at - self.from) / window) as usize) {
                    *count += 1.0;
                }
            }
            let mean = mean(counts.iter().copied());
            (mean > 0.0).then(|| variance(&counts) / mean)
        };
        mean(self.trains.iter().filter_map(of))
    }

    fn intervals(&self) -> impl Iterator<Item = Vec<f64>> {
        let of = |train: &Vec<f64>| train.windows(2).map(|pair| pair[1] - pair[0]).collect();
        self.trains.iter().map(of)
    }

    /// The mean over neurons of the mean over pairs of successive intervals.
    fn local(&self, of_pair: impl Fn(f64, f64) -> f64) -> f64 {
        let of = |intervals: Vec<f64>| {
            let pairs = intervals.windows(2).map(|pair| of_pair(pair[0], pair[1]));
            (intervals.len() > 1).then(|| mean(pairs))
        };
        mean(self.intervals().filter_map(of))
    }
}

/// NaN of none.
fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, count) =
        values.into_iter().fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

fn variance(values: &[f64]) -> f64 {
    let middle = mean(values.iter().copied());
    let squares: f64 = values.iter().map(|value| (value - middle) * (value - middle)).sum();
    squares / (values.len() as f64 - 1.0)
}

/// The largest gap between the cumulative shares of two lists.
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    steps(a, b).fold(0.0, |most, (_, gap)| most.max(gap))
}

/// The area between the cumulative shares of two lists: how far values would have to be moved in the
/// mean to make one list the other.
pub fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    steps(a, b).map(|(length, gap)| length * gap).sum()
}

/// Between each two neighbours among all values, how far they are apart and the gap there; of equal
/// values the last one tells the gap.
fn steps(a: &[f64], b: &[f64]) -> impl Iterator<Item = (f64, f64)> {
    let step = |size: usize| 1.0 / size as f64;
    let ours = a.iter().map(|&value| (value, step(a.len())));
    let theirs = b.iter().map(|&value| (value, -step(b.len())));
    let mut all: Vec<(f64, f64)> = ours.chain(theirs).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let mut share = 0.0;
    let found = (0..all.len().saturating_sub(1)).map(move |k| {
        share += all[k].1;
        (all[k + 1].0 - all[k].0, f64::abs(share))
    });
    // Between equal values there is nothing.
    found.filter(|(length, _)| *length > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::{Purpose, Stream};

    /// Gamma processes of this integer order and rate, each of its own.
    fn gamma(neurons: usize, order: u32, rate: f64, to: f64) -> Vec<(f64, usize)> {
        let mut spikes = Vec::new();
        for neuron in 0..neurons {
            let mut stream = Stream::new(5, Purpose::Initial, u64::from(order), neuron as u64);
            let mut at = 0.0;
            loop {
                for _ in 0..order {
                    at -= (1.0 - stream.uniform()).ln() / (rate * f64::from(order));
                }
                if at >= to {
                    break;
                }
                spikes.push((at, neuron));
            }
        }
        spikes.sort_by(|a, b| a.0.total_cmp(&b.0));
        spikes
    }

    /// Gamma processes of order k have CV^2 = 1 / k, Lv = 3 / (2 k + 1), and for long windows a Fano
    /// factor of CV^2.
    #[test]
    fn gamma_processes_are_as_irregular_as_their_order_says() {
        for order in [1u32, 2, 4] {
            let k = f64::from(order);
            let trains = Trains::new(40, gamma(40, order, 20.0, 100.0), 0.0, 100.0);
            let near = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.03;
            assert!(near(trains.rate(), 20.0), "{}", trains.rate());
            assert!(near(trains.cv(), 1.0 / k.sqrt()), "{order}: {}", trains.cv());
            assert!(near(trains.lv(), 3.0 / (2.0 * k + 1.0)), "{order}: {}", trains.lv());
            let fano = trains.fano(2.0);
            assert!((fano - 1.0 / k).abs() < 0.1, "{order}: {fano}");
            if order == 1 {
                assert!(near(trains.cv2(), 1.0), "{}", trains.cv2());
                assert!(near(trains.fano(0.1), 1.0), "{}", trains.fano(0.1));
                // Counts of one rate: the spread is that of chance.
                assert!((trains.spread() - (20f64 / 100.0).sqrt()).abs() < 0.15);
            }
        }
    }

    #[test]
    fn regular_and_silent_trains() {
        let spikes = (0..100).map(|k| (0.1 * f64::from(k) + 0.05, 0));
        let trains = Trains::new(2, spikes, 0.0, 10.0);
        assert_eq!(trains.rates(), [10.0, 0.0]);
        assert!(trains.cv() < 1e-9 && trains.cv2() < 1e-9 && trains.lv() < 1e-9);
        assert_eq!(trains.fano(0.1), 0.0);
        let silent = Trains::new(2, [], 0.0, 10.0);
        assert!(silent.cv().is_nan() && silent.fano(0.1).is_nan() && silent.rate() == 0.0);
    }

    #[test]
    fn distances_of_lists_that_can_be_looked_at() {
        let (a, b) = ([1.0, 2.0, 3.0, 4.0], [4.5, 2.5, 3.5, 1.5]);
        assert!((wasserstein(&a, &b) - 0.5).abs() < 1e-12);
        assert!((kolmogorov_smirnov(&a, &b) - 0.25).abs() < 1e-12);
        let far = [101.0, 102.0, 103.0, 104.0];
        assert!((wasserstein(&a, &far) - 100.0).abs() < 1e-12);
        assert!((kolmogorov_smirnov(&a, &far) - 1.0).abs() < 1e-12);
        assert_eq!((wasserstein(&a, &a), kolmogorov_smirnov(&a, &a)), (0.0, 0.0));
        // Lists of other lengths, with values that are alike.
        let twice = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0];
        assert!(wasserstein(&a, &twice) < 1e-12 && kolmogorov_smirnov(&a, &twice) < 1e-12);
    }
}
