//! A worker that fails takes nobody with it into the dark.
//!
//! Promise: a panic in one worker ends the run at once, with an error that says where and when,
//! and no other worker waits for ever. Method: an observer that panics (worker 0), start values
//! that are missing, and a synapse whose target does not exist, both put into the built network
//! by hand (whichever worker owns that shard); each run is given some seconds on a thread of its
//! own. It would catch a barrier that is not released, and a failure that is reported as somebody
//! else's. Failures inside a neuron are provoked in `src/engine/failure.rs`.

use crate::shipped::small;
use saltatory::base::Tick;
use saltatory::engine::{self, Control, Lane, Options, RunError, Task};
use saltatory::network::{self, Network};
use saltatory::record::Outcome;
use saltatory::scenario::{Model, Scenario};
use saltatory::synapse::Synapses;
use std::sync::mpsc;
use std::time::Duration;

/// A run that fails is over long before this.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs on a thread of its own; a run that hangs is a failure of the test, not of the suite.
fn run(
    scenario: Scenario,
    network: Network,
    options: Options,
    observer: fn(engine::Progress) -> Control,
) -> Result<Outcome, RunError> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more if the test has given up.
        let _ = send.send(engine::run(&scenario, &network, options, &observer));
    });
    receive.recv_timeout(PATIENCE).expect("the run hangs")
}

#[test]
fn an_observer_that_panics_ends_the_run() {
    for shards in [2, 5] {
        let scenario = small("hello");
        let network = network::build(&scenario, shards, 2, None).expect("shipped");
        let error = run(scenario, network, Options::threads(2), |progress| {
            assert!(progress.simulated < Tick(100_000_000), "the observer has seen enough");
            Control::Continue
        })
        .expect_err("its observer panics");
        let RunError::Worker { shard, task, member, window, message } = error else {
            panic!("{error}")
        };
        assert_eq!((shard, task, member), (None, Task::Observing, None));
        let (from, to) = window.expect("windows have begun");
        assert!(message.contains("seen enough"), "{message}");
        assert!(from < to && to >= Tick(100_000_000), "{from} to {to}");
    }
}

/// Breaks every synapse that a neuron has in a shard.
fn break_row(network: &mut Network, shard: usize, source: u32) {
    let table = &mut network.shards[shard].tables[0];
    let row = table.row(source);
    assert!(!row.is_empty(), "the neuron sends nothing into shard {shard}");
    let Synapses::Alike { targets, .. } = &mut table.synapses else {
        panic!("in this network the synapses of a population are alike")
    };
    targets[row].fill(u32::MAX);
}

#[test]
fn a_failure_while_setting_up_names_the_shard_and_no_neuron() {
    for threads in [1, 2] {
        for shard in 0..3 {
            let scenario = small("cuba_jump");
            let mut network = network::build(&scenario, 3, 2, None).expect("shipped");
            network.shards[shard].neurons[0].variables[0] = vec![-60.0; 2];
            let options = Options::threads(threads);
            let error = run(scenario, network, options, |_| Control::Continue)
                .expect_err("most start values are missing");
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("shard {shard} failed while setting up: ")),
                "{text}"
            );
            let RunError::Worker { task, member, window, message, .. } = error else {
                panic!("{error}")
            };
            assert_eq!((task, member, window), (Task::SettingUp, None, None));
            assert!(message.contains("out of bounds"), "{text}");
        }
    }
}

#[test]
fn a_failure_while_delivering_names_whose_spike_it_was() {
    for lane in [Lane::Singly, Lane::Automatic] {
        for shard in 0..3 {
            let scenario = small("cuba_jump");
            let mut network = network::build(&scenario, 3, 2, None).expect("shipped");
            let whole =
                engine::run(&scenario, &network, Options::threads(1), &|_| Control::Continue)
                    .expect("shipped");
            let exc = network.partition.population(0);
            let spike = whole.spikes.iter().find(|s| {
                s.tick > Tick(20_000_000)
                    && exc.contains(&s.neuron.0)
                    && !network.shards[shard].tables[0].row(s.neuron.0).is_empty()
            });
            let spike = *spike.expect("somebody fires after 20 ms");
            // An earlier spike of the same neuron would set it off earlier.
            let first = whole.spikes.iter().find(|s| s.neuron == spike.neuron).expect("it fires");
            let arrival = first.tick + network.shortest_delay.expect("there are synapses");
            break_row(&mut network, shard, spike.neuron.0);
            assert!(matches!(scenario.populations[0].model, Model::Neuron { .. }));
            let options = Options { lane, ..Options::threads(1 + shard % 2) };
            let error = run(scenario, network, options, |_| Control::Continue)
                .expect_err("a synapse leads nowhere");
            let text = error.to_string();
            let RunError::Worker { shard: found, task, member, window, message } = error else {
                panic!("{error}")
            };
            assert_eq!(found, Some(shard as u32), "{text}");
            assert_eq!(task, Task::Delivering { source: Some(spike.neuron) }, "{text}");
            let member = member.expect("a neuron is named");
            assert_eq!(member, format!("exc[{}]", spike.neuron), "{text}");
            let (from, to) = window.expect("windows have begun");
            assert!(from <= arrival && arrival < to, "{text}: it arrives at {arrival}");
            assert!(message.contains("out of bounds"), "{text}");
            assert!(
                text.contains(&format!("spikes of neuron {} ({member})", spike.neuron)),
                "{text}"
            );
        }
    }
}
