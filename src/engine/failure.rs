//! The last words of a worker: which shard, which window, and what exactly was being done.

use crate::base::saved::Misfit;
use crate::base::{NeuronId, Tick};
use crate::network::Network;
use crate::scenario::Scenario;
use std::fmt;

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A worker panicked: a defect of the program, caught.
    #[error("{} failed {}{}: {message}", shard_name(*shard), Doing { task, member }, during(*window))]
    Worker {
        /// The shard that was worked on; `None` where the work concerned all of them.
        shard: Option<u32>,
        /// What was being done.
        task: Task,
        /// Population and place in it of the neuron that the task names: `exc[17]`.
        member: Option<String>,
        /// Start and end of the window; `None` while setting up.
        window: Option<(Tick, Tick)>,
        /// What the panic said.
        message: String,
    },
    /// A run was to go on that had another scenario, other shards or another lane.
    #[error(transparent)]
    Misfit(Misfit),
}

/// What a worker was doing when it failed. A neuron is named only where it is known to be the
/// one at fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// Making neurons, queues and sources.
    #[default]
    SettingUp,
    /// Asking the observer whether to go on.
    Observing,
    /// Putting together what all shards sent.
    Gathering,
    /// Writing down what all shards remember.
    Saving,
    /// Looking up the rows of new spikes.
    Collecting,
    /// Handing out what arrives; `source` is the neuron whose row was being walked, if any was.
    Delivering {
        /// The sender.
        source: Option<NeuronId>,
    },
    /// Bringing neurons through a window, but between two of them.
    Advancing,
    /// Inside one neuron.
    Neuron {
        /// The neuron.
        neuron: NeuronId,
        /// Its latest event, which may be the one that failed.
        last_event: Tick,
    },
    /// Firing sources and publishing spikes.
    Sending,
    /// Taking the last samples at the end of the run.
    Finishing,
}

impl Task {
    /// The neuron that the task names.
    fn neuron(&self) -> Option<NeuronId> {
        match self {
            Task::Neuron { neuron, .. } => Some(*neuron),
            Task::Delivering { source } => *source,
            _ => None,
        }
    }
}

/// A task in words, with the name of the neuron in it.
struct Doing<'a> {
    task: &'a Task,
    member: &'a Option<String>,
}

impl fmt::Display for Doing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = self.member.as_deref().unwrap_or("unknown");
        let text = match self.task {
            Task::SettingUp => "while setting up",
            Task::Observing => "in the observer",
            Task::Saving => "while saving the run",
            Task::Gathering => "while gathering the spikes of all shards",
            Task::Collecting => "while looking up the rows of new spikes",
            Task::Delivering { source: None } => "while delivering",
            Task::Delivering { source: Some(source) } => {
                return write!(f, "while delivering spikes of neuron {source} ({member})");
            }
            Task::Advancing => "between two neurons",
            Task::Neuron { neuron, last_event } => {
                return write!(f, "at neuron {neuron} ({member}), last event at {last_event}");
            }
            Task::Sending => "while sending spikes",
            Task::Finishing => "while taking the last samples",
        };
        f.write_str(text)
    }
}

fn shard_name(shard: Option<u32>) -> String {
    shard.map_or("a worker".into(), |shard| format!("shard {shard}"))
}

fn during(window: Option<(Tick, Tick)>) -> String {
    window.map_or(String::new(), |(from, to)| format!(", in the window from {from} to {to}"))
}

/// Where a worker is.
#[derive(Debug, Default)]
pub struct Place {
    /// The shard that it works on.
    pub shard: Option<u32>,
    /// What it does. While it is inside a window, the shard itself knows better.
    pub task: Task,
    /// The first slice of the window.
    pub slice: Option<u64>,
}

impl Place {
    /// The error for a panic at this place, in this window.
    pub fn error(
        &self,
        scenario: &Scenario,
        network: &Network,
        window: Option<(Tick, Tick)>,
        panic: &(dyn std::any::Any + Send),
    ) -> RunError {
        let member = |neuron: NeuronId| {
            let partition = &network.partition;
            let population = partition.population_of(neuron);
            let index = neuron.0 - partition.population(population).start;
            format!("{}[{index}]", scenario.populations[population].name)
        };
        let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        RunError::Worker {
            shard: self.shard,
            task: self.task,
            member: self.task.neuron().map(member),
            window,
            message: text.unwrap_or_else(|| "no message".to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Promise: the error of a worker that fails inside a neuron names that neuron, its latest
    //! event and the window, and the run ends. Method: a model that panics at its third input,
    //! in a network where one neuron gets a third input. Failures elsewhere are provoked in
    //! `tests/suite/failing_worker.rs`.

    use super::*;
    use crate::engine::{Control, Lane, Options, run};
    use crate::network;
    use crate::neuron::test_model::FRAGILE;
    use crate::scenario::{Connect, Model};
    use std::sync::mpsc;
    use std::time::Duration;

    /// Thirty breakable neurons behind ten others; each gets inputs after 11 and 21 ms, and
    /// number `victim` a third one after 31 ms.
    fn scenario(victim: u32) -> Scenario {
        let mut scenario = Scenario::new("fragile").duration_ms(60.0);
        scenario.add_population("others", 10, "parrot").unwrap();
        let sources = scenario.add_population("sources", 30, "spike_source").unwrap();
        let vases = scenario.add_population("vases", 30, "parrot").unwrap();
        scenario.connect(sources, vases, Connect::OneToOne, "1", "1 ms").unwrap();
        let ms = |ms: u64| Tick(ms * 1_000_000);
        let times = (0..30).map(|index| match index == victim {
            true => vec![ms(10), ms(20), ms(30)],
            false => vec![ms(10), ms(20)],
        });
        scenario.populations[1].model = Model::SpikeSource { times: times.collect(), file: None };
        let (parameters, initial) = (Vec::new(), Vec::new());
        scenario.populations[2].model = Model::Neuron { descriptor: &FRAGILE, parameters, initial };
        scenario
    }

    /// The error of a run on a thread of its own: one that hangs fails the test, not the suite.
    fn failure(victim: u32, threads: usize, lane: Lane) -> RunError {
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let scenario = scenario(victim);
            let network = network::build(&scenario, 3, 2, None).unwrap();
            let options = Options { lane, ..Options::threads(threads) };
            let _ = send.send(run(&scenario, &network, options, &|_| Control::Continue));
        });
        let result = receive.recv_timeout(Duration::from_secs(20)).expect("the run hangs");
        result.expect_err("a neuron breaks")
    }

    #[test]
    fn a_failure_inside_a_neuron_names_it_and_its_time() {
        for (victim, shard) in [(0, 0), (17, 1), (29, 2)] {
            for threads in [1, 2] {
                for lane in [Lane::Singly, Lane::Automatic] {
                    let error = failure(victim, threads, lane);
                    let text = error.to_string();
                    let RunError::Worker { shard: found, task, member, window, message } = error
                    else {
                        panic!("{error}")
                    };
                    assert_eq!(found, Some(shard), "{text}");
                    assert_eq!(member, Some(format!("vases[{victim}]")), "{text}");
                    assert_eq!(window, Some((Tick(31_000_000), Tick(32_000_000))), "{text}");
                    assert_eq!(message, "that was one too many");
                    let Task::Neuron { neuron, last_event } = task else { panic!("{text}") };
                    assert_eq!(neuron, NeuronId(40 + victim), "{text}");
                    assert_eq!(last_event, Tick(31_000_000), "{text}");
                }
            }
        }
        let text = failure(17, 2, Lane::Singly).to_string();
        assert_eq!(
            text,
            "shard 1 failed at neuron 57 (vases[17]), last event at 31 ms, in the window from 31 \
             ms to 32 ms: that was one too many"
        );
    }
}
