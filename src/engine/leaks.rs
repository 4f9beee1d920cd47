//! What a rule that prunes takes from the inputs of targets and gives to them, to be made up for in
//! their leaks.
//!
//! A decision is worked out when its synapse is reached next, or when all are settled. So its changes
//! come in an order that depends on spikes and on how often synapses are settled, and those of
//! the next decision may come before the last of this one. Sums are therefore kept by the time of the
//! decision, and in whole numbers, which come to the same in any order.

use super::flight::Flight;
use crate::base::Tick;

/// So many parts of a unit of weight are counted. Of weights in single precision that are smaller than
/// 2^-40 some digits are lost; sums have room up to 2^63.
const UNITS: f64 = (1u128 << 64) as f64;

/// What has been summed up for the targets of a projection in one shard.
#[derive(Debug)]
pub struct Leaks {
    targets: usize,
    /// By the time of a decision; of those that have not been asked for.
    sums: Vec<(Tick, Vec<i128>)>,
}

impl Leaks {
    /// Nothing has changed for so many targets.
    pub fn new(targets: usize) -> Leaks {
        Leaks { targets, sums: Vec::new() }
    }

    /// A decision at `at` has changed an input of a target.
    pub fn add(&mut self, at: Tick, target: usize, before: f64, after: f64) {
        let place = self.sums.iter().position(|&(time, _)| time == at).unwrap_or_else(|| {
            self.sums.push((at, vec![0; self.targets]));
            self.sums.len() - 1
        });
        let units = |weight: f64| (weight.abs() * UNITS) as i128;
        let sum = &mut self.sums[place].1[target];
        *sum = sum.saturating_add(units(before)).saturating_sub(units(after));
    }

    /// For each target whose inputs a decision has changed by how much its leak changes.
    pub fn take(&mut self, at: Tick) -> Vec<(usize, f64)> {
        let Some(place) = self.sums.iter().position(|&(time, _)| time == at) else {
            return Vec::new();
        };
        let (_, sums) = self.sums.swap_remove(place);
        let changed = sums.into_iter().enumerate().filter(|&(_, sum)| sum != 0);
        changed.map(|(target, sum)| (target, sum as f64 / UNITS)).collect()
    }
}

impl Flight<'_> {
    /// By how much leaks change at `now` for what a projection decided at `decided`, at its
    /// synapses: by target. Everything that takes effect before `now` has been delivered.
    pub fn change_leaks(&mut self, number: usize, decided: Tick, now: Tick) -> Vec<(u32, f64)> {
        self.settle_one(number, now).take_leaks(decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_belong_to_a_decision_and_have_no_order() {
        let changes =
            [(5, 0, 0.1f32, 0.0), (5, 1, -7.5, -30.0), (5, 0, -1e-7, -3e6), (9, 0, 2.0, 0.0)];
        let sums = |changes: &[(u64, usize, f32, f32)]| {
            let mut leaks = Leaks::new(3);
            for &(at, target, before, after) in changes {
                leaks.add(Tick(at), target, before.into(), after.into());
            }
            [leaks.take(Tick(5)), leaks.take(Tick(9)), leaks.take(Tick(5))]
        };
        let forth = sums(&changes);
        let back: Vec<_> = changes.iter().rev().copied().collect();
        assert_eq!(forth, sums(&back));
        let expected = f64::from(0.1f32) + f64::from(1e-7f32) - 3e6;
        assert!((forth[0][0].1 - expected).abs() < 1e-9, "{forth:?}");
        assert_eq!((forth[0][1], &forth[1]), ((1, -22.5), &vec![(0, 2.0)]));
        assert!(forth[2].is_empty());
    }
}
