//! The controller of the source: a recurrent network of up to 64 tanh units for each neuron, with
//! weights that all neurons of a population share.
//!
//! ```text
//! g_i -> tanh(input_i a + bias_i + sum_j from_ij g_j)              at a tick that finds the drive a
//! n = gain + sum_i to_gain_i g_i     s = saturation + sum_i to_saturation_i g_i      until the next
//! ```
//!
//! There is no closed form over several ticks, so a neuron that is brought to a time goes through
//! all ticks before it; only where neither its drive nor a unit moves any more they are passed over.
//!
//! Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567, and the authors' code; there a tick
//! is a step of a network in discrete time.

use super::ticked::{Added, Drive, Rule};
use crate::base::digest::Digest;
use crate::base::math::tanh;
use std::sync::Arc;

/// The largest number of units.
pub const MOST_UNITS: usize = 64;
/// Numbers of a unit beside its weights from other units.
const OF_A_UNIT: usize = 4;

/// The units of one neuron; those beyond the population's number stay zero.
pub type Units = [f64; MOST_UNITS];

/// The weights of a population.
#[derive(Clone, Debug, Default)]
pub struct Recurrent(Arc<Weights>);

/// A vector for each kind of weight.
#[derive(Debug, Default)]
struct Weights {
    input: Vec<f64>,
    bias: Vec<f64>,
    to_gain: Vec<f64>,
    to_saturation: Vec<f64>,
    /// What each unit sends to all: unit after unit, so that sums go in the order of senders.
    onto: Vec<f64>,
}

/// How many units so many weights describe; `None` if no number of units has so many.
pub fn units(weights: usize) -> Option<usize> {
    (0..=MOST_UNITS).find(|n| n * (n + OF_A_UNIT) == weights)
}

impl Recurrent {
    /// From a list: for each unit input, bias, to gain, to saturation, and the weights from all.
    ///
    /// # Panics
    /// If [`units`] does not know how many these are.
    pub fn new(list: &[f64]) -> Recurrent {
        let n = units(list.len()).expect("checked when the scenario was read");
        if n == 0 {
            return Recurrent::default();
        }
        let rows: Vec<&[f64]> = list.chunks(n + OF_A_UNIT).collect();
        let column = |k: usize| rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
        Recurrent(Arc::new(Weights {
            input: column(0),
            bias: column(1),
            to_gain: column(2),
            to_saturation: column(3),
            onto: (0..n).flat_map(|from| column(OF_A_UNIT + from)).collect(),
        }))
    }
}

impl Rule for Recurrent {
    type Memory = Units;
    const SKIPS: bool = false;
    const AT_EVENTS: bool = false;

    fn pass(&self, _: &mut Units, _: &Drive, _: f64) {}

    fn tick(&self, memory: &mut Units, a: f64) -> bool {
        let Weights { input, bias, onto, .. } = &*self.0;
        let n = input.len();
        let mut sums = [0.0; MOST_UNITS];
        for ((sum, input), bias) in sums.iter_mut().zip(input).zip(bias) {
            *sum = input * a + bias;
        }
        for (row, g) in onto.chunks_exact(n.max(1)).zip(memory.iter()) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += weight * g;
            }
        }
        let mut settled = true;
        for (g, sum) in memory.iter_mut().zip(sums).take(n) {
            let next = tanh(sum);
            settled &= next == *g;
            *g = next;
        }
        settled
    }

    fn added(&self, memory: &Units) -> Added {
        let read = |weights: &[f64]| weights.iter().zip(memory).map(|(w, g)| w * g).sum();
        [read(&self.0.to_gain), read(&self.0.to_saturation)]
    }

    fn range(&self, _: &Units, _: [f64; 2]) -> [Added; 2] {
        let most = |weights: &[f64]| weights.iter().map(|w| w.abs()).sum::<f64>();
        let [gain, saturation] = [most(&self.0.to_gain), most(&self.0.to_saturation)];
        [[-gain, -saturation], [gain, saturation]]
    }

    fn digest(memory: &Units, digest: &mut Digest) {
        memory.iter().for_each(|&g| digest.real(g));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_weights_tells_its_number_of_units() {
        for (n, length) in [(0, 0), (1, 5), (2, 12), (50, 2700), (64, 4352)] {
            assert_eq!(units(length), Some(n));
        }
        for wrong in [1, 4, 6, 2701, 4485] {
            assert_eq!(units(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_tick_is_the_equation() {
        let list = [0.5, 0.1, 2.0, 0.3, -0.4, 0.9, -1.0, 0.2, -1.0, 0.1, 0.7, 0.6];
        let rule = Recurrent::new(&list);
        let mut g = [0.0; MOST_UNITS];
        (g[0], g[1]) = (0.2, -0.3);
        assert!(!rule.tick(&mut g, 1.5));
        let first = tanh(0.5 * 1.5 + 0.1 + -0.4 * 0.2 + 0.9 * -0.3);
        let second = tanh(-1.5 + 0.2 + 0.7 * 0.2 + 0.6 * -0.3);
        assert!((g[0] - first).abs() < 1e-15 && (g[1] - second).abs() < 1e-15, "{g:?}");
        assert_eq!(g[2..], [0.0; MOST_UNITS - 2]);
        let [gain, saturation] = rule.added(&g);
        assert!((gain - (2.0 * first - second)).abs() < 1e-15);
        assert!((saturation - (0.3 * first + 0.1 * second)).abs() < 1e-15);
        let [least, most] = rule.range(&g, [0.0, 1.0]);
        assert_eq!((least, most), ([-3.0, -0.4], [3.0, 0.4]));
    }

    /// The source's sizes: 50 units whose weights fill 2,752 numbers there. It keeps a second bias for
    /// each unit, which only adds to the first, and a bias of each output, which is our own gain and
    /// saturation.
    #[test]
    fn fifty_units_have_the_weights_of_the_source() {
        let n = 50;
        assert_eq!(units(n * (n + OF_A_UNIT)), Some(n));
        assert_eq!(n * (n + OF_A_UNIT) + n + 2, 2752);
    }
}
