//! Networks that learn and are pruned, saved and resumed.
//!
//! Promise: for every rule, a run that is resumed leaves the weights, removals, samples and counts of the
//! whole run, and saves what the whole run saves. Method: the random networks of the tests of learning and of
//! pruning, each saved at four times and resumed from each. It would catch state of a synapse, of what
//! the inputs of a target share, of a history, of copies that are held to be sampled, of rows from which
//! something was taken, or of sums for leaks that is not saved.

use super::learning_tests::{RULES, scenario};
use super::{Checkpoint, Control, Course, Options, Progress, run_along};
use crate::base::{Span, Tick};
use crate::network;
use crate::record::Outcome;
use crate::scenario::Scenario;
use std::sync::Mutex;

/// Networks for each set of values of a rule.
const NETWORKS: u64 = 3;

fn go(
    scenario: &Scenario,
    shards: u32,
    threads: usize,
    from: Option<&Checkpoint>,
    settle_every: Span,
) -> (Outcome, Vec<Checkpoint>) {
    let network = network::build(scenario, shards, threads, None).expect("a network");
    let start = from.map_or(0, |from| from.simulated().0 + 1);
    let time = |share: u64| scenario.duration.0 * share / 17;
    let times: Vec<u64> = [1, 5, 9, 14].map(time).into_iter().filter(|&at| at >= start).collect();
    let (next, saved) = (Mutex::new(0), Mutex::new(Vec::new()));
    let observer = |progress: Progress| {
        let mut next = next.lock().unwrap();
        let due = times[*next..].iter().take_while(|&&at| at <= progress.simulated.0).count();
        *next += due;
        if due > 0 { Control::Save } else { Control::Continue }
    };
    let saver = |checkpoint| saved.lock().unwrap().push(checkpoint);
    let options = Options { settle_every, ..Options::threads(threads) };
    let course = Course { from, observer: &observer, saver: &saver };
    let outcome = run_along(scenario, network, options, course).expect("a run");
    (outcome, saved.into_inner().unwrap())
}

/// All that a run left, floats by their shortest digits, but for how much memory histories hold in reserve.
fn all(mut outcome: Outcome) -> String {
    outcome.counts.synapse_bytes = 0;
    format!("{outcome:?}")
}

pub(super) fn goes_on(scenario: &Scenario) {
    // Walks over all synapses come before, between and after the times of saving.
    for (shards, settle_every) in [(1, Span(17_000_001)), (3, Span(1 << 40))] {
        let title = &scenario.title;
        let (whole, saved) = go(scenario, shards, 2, None, settle_every);
        assert!(saved.len() > 1, "{title} was not saved");
        for checkpoint in &saved {
            let at: Tick = checkpoint.simulated();
            let (resumed, again) = go(scenario, shards, 1, Some(checkpoint), settle_every);
            assert!(all(resumed) == all(whole.clone()), "{title} from {at}");
            let later: Vec<_> = saved.iter().filter(|saved| saved.simulated() > at).collect();
            assert!(again.iter().eq(later), "{title} from {at}: what is saved later");
        }
    }
}

#[test]
fn networks_that_learn_go_on() {
    for (rule, variants) in RULES {
        for which in 0..NETWORKS * variants.len() as u64 {
            let mut scenario = scenario(rule, variants, which);
            goes_on(&scenario);
            // Copies are held from one window into the next.
            scenario.record.weights_every = Some(Span(7_300_001));
            goes_on(&scenario);
        }
    }
}
