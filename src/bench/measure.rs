//! One network, timed: on several numbers of threads in turn, beside the bare loop.
//!
//! Building, setting up and warming up are kept apart from what is timed, and nothing is recorded
//! while the clock runs; the digest is part of the work and stays. In each round every number of
//! threads has its turn, so that whatever else the machine does meets all of them; ratios are
//! taken within rounds.

use super::clock::Spread;
use super::roofline::Rows;
use crate::base::Tick;
use crate::engine::{self, Control, Options, RunError};
use crate::network::{self, BuildError, Network};
use crate::record::{Outcome, Spike};
use crate::scenario::{Record, RecordSpikes, Scenario};
use serde::Serialize;
use std::hint::black_box;
use std::ops::AddAssign;
use std::sync::{Barrier, Mutex};
use std::time::Instant;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Request {
    /// Numbers of threads, at least one; the first is what the others are compared with.
    pub threads: Vec<u32>,
    /// Number of shards; as many as threads without it.
    pub shards: Option<u32>,
    /// Timed runs for each number of threads.
    pub repeats: u32,
    /// Memory that may be used, in bytes.
    pub available: Option<u64>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// The scenario's title.
    pub title: String,
    /// Version of the program.
    pub version: &'static str,
    /// The scenario's seed.
    pub seed: u64,
    /// Simulated time.
    pub simulated_s: f64,
    /// Neurons and sources.
    pub neurons: u64,
    /// Synapses.
    pub synapses: u64,
    /// Spikes of all neurons and sources.
    pub spikes: u64,
    /// Arrivals of spikes at synapses.
    pub synaptic_events: u64,
    /// Arrivals of background input.
    pub external_events: u64,
    /// Memory of the synapse store for each synapse; `None` without synapses.
    pub bytes_per_synapse: Option<f64>,
    /// The most memory held while the first network was built and run, nothing else being there;
    /// `None` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// Timed runs for each number of threads.
    pub repeats: u32,
    /// What came out, for each number of threads.
    pub contests: Vec<Contest>,
    /// Whether all runs, warm-up included, had one digest.
    pub digests_agree: bool,
    /// The digest of the first run.
    pub digest: String,
}

/// What came out on one number of threads. Times are wall times of the simulation alone.
#[derive(Clone, Debug, Serialize)]
pub struct Contest {
    /// Worker threads.
    pub threads: u32,
    /// Shards.
    pub shards: u32,
    /// Wall time of building the network: once, unless memory is too short to keep it.
    pub build_s: Spread,
    /// How often it was built.
    pub builds: u32,
    /// Wall time of setting the engine up.
    pub set_up_s: Spread,
    /// Wall time of a run.
    pub wall_s: Spread,
    /// Wall time for one simulated second: below 1 is faster than nature.
    pub real_time_factor: Spread,
    /// Spikes, synaptic and external events for each second of a run.
    pub events_per_s: Spread,
    /// Synaptic events for each second of a run.
    pub synaptic_events_per_s: Spread,
    /// Wall time for each event of any kind; `None` if there were none.
    pub ns_per_event: Option<Spread>,
    /// Wall time for each synaptic event; `None` if there were none.
    pub ns_per_synaptic_event: Option<Spread>,
    /// The same for the bare loop with sums in double precision.
    pub bare_ns_f64: Option<Spread>,
    /// The same for the bare loop with sums in single precision.
    pub bare_ns_f32: Option<Spread>,
    /// Time of a run over that of the bare loop (double precision) in the same round.
    pub times_bare_loop: Option<Spread>,
    /// How many times faster than on the first number of threads, within rounds.
    pub speedup: Spread,
    /// Digests of all runs, the warm-up first.
    pub digests: Vec<String>,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The network could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A bare loop of less than this is repeated, in seconds.
const SHORTEST_LOOP: f64 = 0.02;

/// One number of threads, its network and its times so far.
struct Entry {
    threads: u32,
    shards: u32,
    network: Option<Network>,
    synapses: u64,
    build_s: Vec<f64>,
    set_up_s: Vec<f64>,
    wall_s: Vec<f64>,
    bare_f64_s: Vec<f64>,
    bare_f32_s: Vec<f64>,
    digests: Vec<String>,
}

/// A run with its times.
struct Timed {
    outcome: Outcome,
    set_up_s: f64,
    wall_s: f64,
}

/// Measures a scenario. `peak` tells the most memory that the process held so far; `tell` hears
/// what is done now.
///
/// # Errors
/// If the network cannot be built or a run fails.
pub fn measure(
    scenario: &Scenario,
    request: &Request,
    peak: &dyn Fn() -> Option<u64>,
    tell: &mut dyn FnMut(&str),
) -> Result<Measured, MeasureError> {
    let mut quiet = scenario.clone();
    quiet.record = Record { spikes: RecordSpikes::None, ..Record::default() };
    let mut loud = quiet.clone();
    loud.record.spikes = RecordSpikes::All;
    let keep = fits_at_once(scenario, request);
    let mut entries: Vec<Entry> =
        request.threads.iter().map(|&threads| Entry::new(threads, request.shards)).collect();
    // The train that the bare loop walks; all digests being equal, anyone's will do.
    let mut train: Vec<Spike> = Vec::new();
    let mut warm: Option<Outcome> = None;
    let mut peak_memory = None;
    for entry in &mut entries {
        tell(&format!("{} threads: build and warm up", entry.threads));
        entry.build(&quiet)?;
        // What is recorded counts as memory, so the first network warms up without.
        let timed = entry.run(if warm.is_none() { &quiet } else { &loud })?;
        if warm.is_none() {
            peak_memory = peak();
            train = entry.run(&loud)?.outcome.spikes;
        }
        entry.digests.push(timed.outcome.digest.clone());
        warm.get_or_insert(timed.outcome);
        entry.forget(keep);
    }
    for round in 0..request.repeats {
        for entry in &mut entries {
            tell(&format!("round {} of {}, {} threads", round + 1, request.repeats, entry.threads));
            entry.round(&quiet, &train)?;
            entry.forget(keep);
        }
    }
    let outcome = warm.unwrap_or_default();
    Ok(conclude(scenario, request, &outcome, &entries, peak_memory))
}

/// Whether the networks of all entries may be held at once; if not, each is built again for
/// each of its turns.
fn fits_at_once(scenario: &Scenario, request: &Request) -> bool {
    let Some(available) = request.available else { return true };
    let of =
        |&threads: &u32| network::estimate(scenario, request.shards.unwrap_or(threads)).bytes_peak;
    request.threads.iter().map(of).sum::<u64>() <= available
}

impl Entry {
    fn new(threads: u32, shards: Option<u32>) -> Entry {
        Entry {
            threads,
            shards: shards.unwrap_or(threads),
            network: None,
            synapses: 0,
            build_s: Vec::new(),
            set_up_s: Vec::new(),
            wall_s: Vec::new(),
            bare_f64_s: Vec::new(),
            bare_f32_s: Vec::new(),
            digests: Vec::new(),
        }
    }

    fn build(&mut self, scenario: &Scenario) -> Result<(), BuildError> {
        if self.network.is_none() {
            let start = Instant::now();
            let network = network::build(scenario, self.shards, self.threads as usize, None)?;
            self.build_s.push(start.elapsed().as_secs_f64());
            self.synapses = network.synapses;
            self.network = Some(network);
        }
        Ok(())
    }

    fn forget(&mut self, keep: bool) {
        if !keep {
            self.network = None;
        }
    }

    fn network(&self) -> &Network {
        self.network.as_ref().expect("it is built before it is used")
    }

    fn run(&self, scenario: &Scenario) -> Result<Timed, RunError> {
        let start = Instant::now();
        let set_up = Mutex::new(0.0);
        let observe = |progress: engine::Progress| {
            if progress.simulated == Tick::ZERO {
                *set_up.lock().expect("nobody fails while holding it") =
                    start.elapsed().as_secs_f64();
            }
            Control::Continue
        };
        let options = Options::threads(self.threads as usize);
        let outcome = engine::run(scenario, self.network(), options, &observe)?;
        let whole = start.elapsed().as_secs_f64();
        let set_up_s = *set_up.lock().expect("nobody fails while holding it");
        Ok(Timed { outcome, set_up_s, wall_s: whole - set_up_s })
    }

    /// One timed run, and the bare loop beside it.
    fn round(&mut self, scenario: &Scenario, train: &[Spike]) -> Result<(), MeasureError> {
        self.build(scenario)?;
        let timed = self.run(scenario)?;
        self.set_up_s.push(timed.set_up_s);
        self.wall_s.push(timed.wall_s);
        self.digests.push(timed.outcome.digest);
        let end = Tick(scenario.duration.0);
        let rows = |shard| Rows::of(self.network(), shard, train, end);
        let rows: Vec<Rows> = (0..self.shards).map(rows).collect();
        let bare_f64 = bare_loop::<f64>(&rows, self.threads as usize);
        let bare_f32 = bare_loop::<f32>(&rows, self.threads as usize);
        self.bare_f64_s.push(bare_f64);
        self.bare_f32_s.push(bare_f32);
        Ok(())
    }

    /// Figures from times, for `events` synaptic events and `all` of any kind.
    fn conclude(&self, first: &[f64], events: u64, all: u64, simulated_s: f64) -> Contest {
        let each =
            |seconds: &[f64]| (events > 0).then(|| Spread::of(seconds).times(1e9 / events as f64));
        let ratio = |over: &[f64], under: &[f64]| {
            let ratios: Vec<f64> = over.iter().zip(under).map(|(a, b)| a / b).collect();
            Spread::of(&ratios)
        };
        let wall_s = Spread::of(&self.wall_s);
        let per_second = |count: u64| {
            let speed = |seconds: &f64| count as f64 / seconds.max(f64::MIN_POSITIVE);
            Spread::of(&self.wall_s.iter().map(speed).collect::<Vec<f64>>())
        };
        Contest {
            threads: self.threads,
            shards: self.shards,
            build_s: Spread::of(&self.build_s),
            builds: self.build_s.len() as u32,
            set_up_s: Spread::of(&self.set_up_s),
            wall_s,
            real_time_factor: wall_s.times(1.0 / simulated_s),
            events_per_s: per_second(all),
            synaptic_events_per_s: per_second(events),
            ns_per_event: (all > 0).then(|| wall_s.times(1e9 / all as f64)),
            ns_per_synaptic_event: each(&self.wall_s),
            bare_ns_f64: each(&self.bare_f64_s),
            bare_ns_f32: each(&self.bare_f32_s),
            times_bare_loop: (events > 0).then(|| ratio(&self.wall_s, &self.bare_f64_s)),
            speedup: ratio(first, &self.wall_s),
            digests: self.digests.clone(),
        }
    }
}

fn conclude(
    scenario: &Scenario,
    request: &Request,
    outcome: &Outcome,
    entries: &[Entry],
    peak_memory_bytes: Option<u64>,
) -> Measured {
    let counts = outcome.counts;
    let simulated_s = outcome.simulated.s();
    let all = counts.spikes + counts.synaptic_events + counts.external_events;
    let first = entries.first().map_or(&[][..], |entry| &entry.wall_s);
    let contest = |entry: &Entry| entry.conclude(first, counts.synaptic_events, all, simulated_s);
    let synapses = entries.first().map_or(0, |entry| entry.synapses);
    Measured {
        title: scenario.title.clone(),
        version: env!("CARGO_PKG_VERSION"),
        seed: scenario.seed,
        simulated_s,
        neurons: scenario.populations.iter().map(|p| u64::from(p.size)).sum(),
        synapses,
        spikes: counts.spikes,
        synaptic_events: counts.synaptic_events,
        external_events: counts.external_events,
        bytes_per_synapse: (synapses > 0).then(|| counts.synapse_bytes as f64 / synapses as f64),
        peak_memory_bytes,
        repeats: request.repeats,
        contests: entries.iter().map(contest).collect(),
        digests_agree: entries.iter().flat_map(|e| &e.digests).all(|d| *d == outcome.digest),
        digest: outcome.digest.clone(),
    }
}

/// Seconds that the bare loop takes on this many threads: those of the slowest.
fn bare_loop<S>(rows: &[Rows], threads: usize) -> f64
where
    S: AddAssign + From<f32> + Default + Clone + Send,
{
    let threads = threads.clamp(1, rows.len().max(1));
    let start = Barrier::new(threads);
    let work = |worker: usize| {
        let mine: Vec<&Rows> = rows.iter().skip(worker).step_by(threads).collect();
        let mut sums: Vec<Vec<S>> = mine.iter().map(|rows| rows.sums()).collect();
        // The first pass brings the sums into memory, and tells how many passes can be timed.
        let before = Instant::now();
        scatter(&mine, &mut sums);
        let passes = (SHORTEST_LOOP / before.elapsed().as_secs_f64()).clamp(1.0, 1e4) as u32;
        start.wait();
        let before = Instant::now();
        for _ in 0..passes {
            scatter(&mine, &mut sums);
            black_box(&mut sums);
        }
        before.elapsed().as_secs_f64() / f64::from(passes)
    };
    let work = &work;
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|worker| scope.spawn(move || work(worker))).collect();
        let first = work(0);
        let others = others.into_iter().map(|handle| handle.join().expect("it cannot fail"));
        others.fold(first, f64::max)
    })
}

fn scatter<S: AddAssign + From<f32>>(rows: &[&Rows], sums: &mut [Vec<S>]) {
    for (rows, sums) in rows.iter().zip(sums) {
        rows.scatter(sums);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Connect;

    fn scenario() -> Scenario {
        let mut scenario = Scenario::new("tiny").seed(3).duration_ms(50.0);
        let cells = scenario.add_population("cells", 40, "lif_exp").unwrap();
        scenario.connect(cells, cells, Connect::fixed_indegree(10), "20 pA", "2 ms").unwrap();
        scenario.background(cells, "6 kHz", "60 pA").unwrap();
        scenario
    }

    fn request(available: Option<u64>) -> Request {
        Request { threads: vec![1, 2], shards: None, repeats: 3, available }
    }

    #[test]
    fn figures_follow_from_times_and_counts() {
        let scenario = scenario();
        let mut heard = Vec::new();
        let tell = &mut |what: &str| heard.push(what.to_string());
        let measured = measure(&scenario, &request(None), &|| Some(5), tell).unwrap();
        assert_eq!(heard.len(), 2 + 3 * 2);
        let network = network::build(&scenario, 1, 1, None).unwrap();
        let go_on = |_| Control::Continue;
        let plain = engine::run(&scenario, &network, Options::threads(1), &go_on).unwrap();
        assert_eq!((measured.digest, measured.spikes), (plain.digest, plain.counts.spikes));
        assert!(measured.digests_agree && measured.synaptic_events > 1000);
        assert_eq!(measured.synapses, 400);
        assert_eq!(measured.peak_memory_bytes, Some(5));
        assert_eq!(measured.contests[0].speedup.median, 1.0);
        for contest in &measured.contests {
            assert_eq!(contest.digests.len(), 1 + 3);
            let wall = contest.wall_s.median;
            let each = contest.ns_per_synaptic_event.unwrap().median;
            assert!((each * measured.synaptic_events as f64 / (wall * 1e9) - 1.0).abs() < 1e-9);
            assert!((contest.real_time_factor.median * 0.05 / wall - 1.0).abs() < 1e-9);
            assert!(contest.wall_s.min > 0.0 && contest.wall_s.min <= wall);
            assert!(contest.times_bare_loop.unwrap().median > 1.0, "nothing beats the bare loop");
            let fastest = measured.synaptic_events as f64 / contest.wall_s.min;
            assert!((contest.synaptic_events_per_s.max / fastest - 1.0).abs() < 1e-9);
            let all = contest.events_per_s;
            assert!(all.min <= all.median && all.median <= all.max && all.max > fastest);
            assert_eq!((contest.builds, contest.build_s.mad), (1, 0.0));
        }
    }

    /// Too little memory for both networks: they are built in turn, with the same results.
    #[test]
    fn networks_that_do_not_fit_together_are_built_in_turn() {
        let whole = measure(&scenario(), &request(None), &|| None, &mut |_| {}).unwrap();
        let turns = measure(&scenario(), &request(Some(0)), &|| None, &mut |_| {}).unwrap();
        assert_eq!(whole.digest, turns.digest);
        assert!(turns.digests_agree);
        assert_eq!(whole.synaptic_events, turns.synaptic_events);
        assert_eq!(whole.bytes_per_synapse, turns.bytes_per_synapse);
        // To warm up, and in each round.
        assert!(turns.contests.iter().all(|contest| contest.builds == 1 + 3));
    }
}
