//! What a rule that prunes takes from the inputs of targets and gives to them, to be made up for in
//! their leaks.
//!
//! A decision is worked out when its synapse is reached next, or when all are settled. So its changes
//! come in an order that depends on spikes and on how often synapses are settled, and those of
//! the next decision may come before the last of this one. Sums are therefore kept by the time of the
//! decision, and in whole numbers, which come to the same in any order.

use super::flight::Flight;
use crate::base::saved::saved;
use crate::base::{NeuronId, Tick};
use crate::plasticity::{Verdict, leak_changes};
use crate::scenario::{Plasticity, Scenario};
use std::collections::BTreeMap;

/// So many parts of a unit of weight are counted. Of weights in single precision that are smaller than
/// 2^-40 some digits are lost; sums have room up to 2^63.
const UNITS: f64 = (1u128 << 64) as f64;

/// What has been summed up for the targets of a projection in one shard.
#[derive(Debug)]
pub struct Leaks {
    is_asked: bool,
    /// By the time of a decision and by target; of decisions that have not been asked for.
    sums: BTreeMap<(Tick, NeuronId), i128>,
}
saved!(Leaks { sums });

impl Leaks {
    /// Nothing has changed. Where a rule leaves leaks alone, nothing is summed up.
    pub fn new(scenario: &Scenario, Plasticity { rule, values, .. }: &Plasticity) -> Leaks {
        let changes = leak_changes(rule, values, Tick(scenario.duration.0));
        Leaks { is_asked: !changes.is_empty(), sums: BTreeMap::new() }
    }

    /// A decision has been worked out.
    pub fn add(&mut self, verdict: &Verdict) {
        if !self.is_asked {
            return;
        }
        let units = |weight: f64| (weight.abs() * UNITS) as i128;
        let sum = self.sums.entry((verdict.at, verdict.target)).or_default();
        *sum = sum.saturating_add(units(verdict.before)).saturating_sub(units(verdict.after));
    }

    /// For each target whose inputs a decision has changed by how much its leak changes.
    fn take(&mut self, at: Tick) -> Vec<(NeuronId, f64)> {
        let sums = self.sums.extract_if((at, NeuronId(0))..=(at, NeuronId(u32::MAX)), |_, _| true);
        let changes = sums.filter(|&(_, sum)| sum != 0);
        changes.map(|((_, target), sum)| (target, sum as f64 / UNITS)).collect()
    }
}

impl Flight<'_> {
    /// By how much leaks change at `now` for what a projection decided at `decided`, at its
    /// synapses: by target. Everything that takes effect before `now` has been delivered.
    pub fn change_leaks(
        &mut self,
        number: usize,
        decided: Tick,
        now: Tick,
    ) -> Vec<(NeuronId, f64)> {
        self.settle_one(number, now).leaks().take(decided)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_belong_to_a_decision_and_have_no_order() {
        let changes =
            [(5, 0, 0.1f32, 0.0), (5, 1, -7.5, -30.0), (5, 0, -1e-7, -3e6), (9, 0, 2.0, 0.0)];
        let sums = |changes: &[(u64, u32, f32, f32)]| {
            let mut leaks = Leaks { is_asked: true, sums: BTreeMap::new() };
            for &(at, target, before, after) in changes {
                let (source, target) = (NeuronId(7), NeuronId(target));
                let (before, after) = (before.into(), after.into());
                leaks.add(&Verdict { at: Tick(at), source, target, before, after });
            }
            [leaks.take(Tick(5)), leaks.take(Tick(9)), leaks.take(Tick(5))]
        };
        let forth = sums(&changes);
        let back: Vec<_> = changes.iter().rev().copied().collect();
        assert_eq!(forth, sums(&back));
        let expected = f64::from(0.1f32) + f64::from(1e-7f32) - 3e6;
        assert!((forth[0][0].1 - expected).abs() < 1e-9, "{forth:?}");
        assert_eq!((forth[0][1], &forth[1]), ((NeuronId(1), -22.5), &vec![(NeuronId(0), 2.0)]));
        assert!(forth[2].is_empty());
    }
}
