//! Saved and resumed, the same bytes.
//!
//! Promise: a run that is saved, at any window, and resumed from there, with any number of threads and
//! as often as one likes, leaves what it leaves without; saving changes nothing; and what a resumed run saves
//! at some time is, to the byte, what the whole run saves then. Method: every shipped scenario, cut down,
//! and random networks of all models (with sources, currents, probes) are saved at five times, each checkpoint is
//! written as bytes, read and resumed; a chain goes from one to the next. It would catch a state, a
//! queue, a counter or a record that is not saved, one that is saved where it is half done, and anything
//! that follows from when a run was set up.

use crate::program::{entries, good, run, scenarios};
use crate::random_network;
use crate::shipped::{SMALL, small};
use saltatory::base::Tick;
use saltatory::engine::{self, Checkpoint, Control, Course, Lane, Options, RunError};
use saltatory::network;
use saltatory::neuron;
use saltatory::record::Outcome;
use saltatory::scenario::{Model, Scenario};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

/// So many random networks; together they hold every model.
const RANDOM_NETWORKS: u64 = 80;
/// The times of saving as shares of the whole: before the first window, and in the midst.
const SHARES: [f64; 5] = [0.0, 0.13, 0.37, 0.62, 0.91];

/// Runs a scenario, perhaps from where it was saved, and saves it at these times.
fn go(
    scenario: &Scenario,
    (shards, threads): (u32, usize),
    lane: Lane,
    from: Option<&Checkpoint>,
    times: &[Tick],
) -> Result<(Outcome, Vec<Checkpoint>), RunError> {
    let network = network::build(scenario, shards, threads, None)
        .unwrap_or_else(|error| panic!("{}: {error}", scenario.title));
    let saved = Mutex::new(Vec::new());
    let start = from.map_or(Tick::ZERO, Checkpoint::simulated);
    // What was saved already is not saved again.
    let passed = times.iter().filter(|&&at| from.is_some() && at <= start).count();
    let next = Mutex::new(passed);
    let observer = |progress: engine::Progress| {
        let mut next = next.lock().unwrap();
        let due = times[*next..].iter().take_while(|&&at| at <= progress.simulated).count();
        *next += due;
        if due > 0 { Control::Save } else { Control::Continue }
    };
    let saver = |checkpoint: Checkpoint| saved.lock().unwrap().push(checkpoint);
    let options = Options { lane, ..Options::threads(threads) };
    let course = Course { from, observer: &observer, saver: &saver };
    let outcome = engine::run_along(scenario, network, options, course)?;
    Ok((outcome, saved.into_inner().unwrap()))
}

/// All that a run left, floats by their shortest digits, but for how much memory histories hold in reserve.
fn all(outcome: &Outcome) -> String {
    let mut outcome = outcome.clone();
    outcome.counts.synapse_bytes = 0;
    format!("{outcome:?}")
}

fn times(scenario: &Scenario) -> Vec<Tick> {
    SHARES.iter().map(|share| Tick((scenario.duration.0 as f64 * share) as u64)).collect()
}

/// Saves a scenario at all times, and resumes it from each.
fn goes_on(scenario: &Scenario, shards: u32, lane: Lane) {
    let (title, times) = (&scenario.title, times(scenario));
    let plain = go(scenario, (shards, 2), lane, None, &[]).expect("it runs").0;
    let (whole, saved) = go(scenario, (shards, 2), lane, None, &times).expect("it runs");
    assert!(all(&whole) == all(&plain), "{title}: saving has changed something");
    assert!(!saved.is_empty(), "{title} was not saved");
    for (number, checkpoint) in saved.iter().enumerate() {
        let at = checkpoint.simulated();
        let bytes = checkpoint.to_bytes();
        let read = Checkpoint::from_bytes(&bytes).expect("what was written can be read");
        assert!(&read == checkpoint, "{title} at {at}");
        for cut in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            assert!(Checkpoint::from_bytes(&bytes[..cut]).is_err(), "{title}: {cut} bytes");
        }
        let threads = 1 + number % 2;
        let resumed =
            go(scenario, (shards, threads), lane, Some(&read), &times).expect("it goes on");
        assert!(all(&resumed.0) == all(&plain), "{title}: {shards} shards, from {at}, {lane:?}");
        // It saves what the whole run saved, so a chain of any length comes to the same.
        let later: Vec<&Checkpoint> = saved.iter().filter(|c| c.simulated() > at).collect();
        assert_eq!(resumed.1.len(), later.len(), "{title} from {at}");
        for (mine, whole) in resumed.1.iter().zip(later) {
            assert!(
                mine == whole,
                "{title}: at {} not what it was without a stop at {at}",
                mine.simulated()
            );
        }
    }
}

#[test]
fn shipped_scenarios_go_on() {
    for (name, _) in SMALL {
        for shards in [1, 3] {
            goes_on(&small(name), shards, Lane::Automatic);
        }
    }
}

#[test]
fn random_networks_of_all_models_go_on() {
    let mut models = BTreeSet::new();
    for seed in 0..RANDOM_NETWORKS {
        let scenario = random_network::scenario(seed);
        models.extend(scenario.populations.iter().filter_map(|population| {
            let Model::Neuron { descriptor, .. } = &population.model else { return None };
            Some(descriptor.name)
        }));
        goes_on(&scenario, 1 + (seed % 3) as u32, Lane::Automatic);
        if random_network::alike(seed).is_some() {
            goes_on(&scenario, 2, Lane::Singly);
        }
    }
    let registered: BTreeSet<&str> = neuron::registry().iter().map(|model| model.name).collect();
    assert_eq!(models, registered, "every model takes part");
}

#[test]
fn a_stop_and_a_resumption_leave_the_whole() {
    let scenario = small("brunel");
    let whole = go(&scenario, (2, 2), Lane::Automatic, None, &[]).unwrap().0;
    let network = network::build(&scenario, 2, 2, None).unwrap();
    let saved = Mutex::new(None);
    let half = Tick(scenario.duration.0 / 2);
    let observer = |progress: engine::Progress| match progress.simulated >= half {
        false => Control::Continue,
        true if saved.lock().unwrap().is_none() => Control::Save,
        true => Control::Stop,
    };
    let saver = |checkpoint| *saved.lock().unwrap() = Some(checkpoint);
    let course = Course { from: None, observer: &observer, saver: &saver };
    let stopped = engine::run_along(&scenario, network, Options::threads(2), course).unwrap();
    assert!(stopped.interrupted && stopped.simulated < scenario.duration);
    let saved: Checkpoint = saved.into_inner().unwrap().expect("it was saved");
    let resumed = go(&scenario, (2, 1), Lane::Automatic, Some(&saved), &[]).unwrap().0;
    assert!(all(&resumed) == all(&whole));
}

#[test]
fn what_does_not_fit_is_refused() {
    let scenario = small("hello");
    let half = [Tick(scenario.duration.0 / 2)];
    let saved = go(&scenario, (2, 2), Lane::Automatic, None, &half).unwrap().1.remove(0);
    let refused = |scenario: &Scenario, effort, lane| {
        let Err(error) = go(scenario, effort, lane, Some(&saved), &[]) else {
            panic!("{} does not fit", scenario.title)
        };
        assert!(matches!(error, RunError::Misfit(_)), "{error}");
        assert!(error.to_string().contains("does not fit"), "{error}");
    };
    refused(&scenario, (3, 2), Lane::Automatic);
    refused(&scenario, (2, 2), Lane::Singly);
    for other in ["stdp", "cuba", "elise", "prune"] {
        refused(&small(other), (2, 2), Lane::Automatic);
        refused(&small(other), (2, 1), Lane::Automatic);
    }
}

/// Every file that a run leaves, but the one that holds wall times.
fn results(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let names = entries(folder).into_iter().filter(|name| name != "summary.json");
    names.map(|name| (name.clone(), std::fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn the_program_goes_on_where_it_was_stopped() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for name in ["hello.toml", "elise.toml", "elise.csv"] {
        std::fs::copy(scenarios().join(name), home.join(name)).unwrap();
    }
    for (scenario, length, stop) in
        [("hello.toml", "600 ms", "210 ms"), ("elise.toml", "900 ms", "500 ms")]
    {
        let options = ["--duration", length, "--threads", "2", "--quiet", "--out"];
        good(home, &[&["run", scenario], &options[..], &["whole", "--force"]].concat());
        let saved = ["part", "--force", "--checkpoint", "a.checkpoint", "--stop-at", stop];
        let left = run(home, &[&["run", scenario], &options[..], &saved[..]].concat());
        assert_eq!(left.code, Some(130), "{left:?}");
        assert!(left.err.contains("saltatory resume a.checkpoint --out part"), "{left:?}");
        assert_ne!(results(&home.join("part")), results(&home.join("whole")));
        let told = good(home, &["inspect", "a.checkpoint"]).out;
        assert!(told.contains("saved at") && told.contains("goes on with"), "{told}");
        let again = ["--threads", "2", "--out", "part", "--force", "--quiet"];
        // From another place: the files of the scenario are found where they were.
        let elsewhere = home.join("elsewhere");
        std::fs::create_dir_all(&elsewhere).unwrap();
        good(&elsewhere, &[&["resume", "../a.checkpoint"], &again[..]].concat());
        assert_eq!(results(&elsewhere.join("part")), results(&home.join("whole")), "{scenario}");
    }
}

#[test]
fn the_program_refuses_what_it_cannot_go_on_from() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for name in ["elise.toml", "elise.csv"] {
        std::fs::copy(scenarios().join(name), home.join(name)).unwrap();
    }
    let refused = |arguments: &[&str], code, words: &[&str]| {
        let left = run(home, arguments);
        assert_eq!(left.code, Some(code), "{left:?}");
        words.iter().for_each(|word| assert!(left.err.contains(word), "{word}: {left:?}"));
    };
    let short = ["run", "elise.toml", "--duration", "200 ms", "--quiet"];
    let saved = ["--checkpoint", "a", "--checkpoint-every", "50 ms", "--out", "first"];
    good(home, &[&short[..], &saved[..]].concat());
    refused(
        &[&short[..], &["--checkpoint", "a", "--out", "second"]].concat(),
        4,
        &["a exists already", "saltatory resume a", "--force"],
    );
    refused(
        &[&short[..], &["--checkpoint-every", "1 s", "--out", "x"]].concat(),
        2,
        &["--checkpoint FILE"],
    );
    refused(
        &[&short[..], &["--checkpoint", "b", "--checkpoint-every", "0 s"]].concat(),
        2,
        &["a time above zero", "10 s"],
    );
    refused(
        &[&short[..], &["--checkpoint", ".", "--force", "--out", "x"]].concat(),
        4,
        &["is a folder"],
    );
    refused(
        &[&short[..], &["--checkpoint", "elise.csv/a", "--out", "x"]].concat(),
        4,
        &["elise.csv"],
    );
    refused(&["resume", "elise.toml"], 4, &["no checkpoint", "--checkpoint FILE"]);
    refused(&["resume", "nowhere"], 4, &["cannot read nowhere"]);
    refused(&["resume", "a", "--out", "first"], 4, &["earlier run", "saltatory resume a"]);
    let score = std::fs::read_to_string(home.join("elise.csv")).unwrap();
    std::fs::write(home.join("elise.csv"), score.replacen('1', "2", 1)).unwrap();
    refused(&["resume", "a", "--out", "x"], 2, &["elise.csv", "changed", "--files"]);
    let mut bytes = std::fs::read(home.join("a")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(home.join("a"), &bytes).unwrap();
    refused(&["resume", "a", "--out", "x"], 4, &["damaged"]);
    assert!(!home.join("x").exists(), "nothing is written");
}
