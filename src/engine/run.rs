//! A whole run: workers, rounds, and what is left at the end.

use super::barrier::{Barrier, Poisoned};
use super::collector::Collector;
use super::dendrites;
use super::exchange::{Exchange, Open};
use super::failure::{Place, RunError, Task};
use super::frames;
use super::pruning::{self, Ballot, Candidates, Decision, What};
use super::shard::{Remains, Shard};
use crate::base::digest::Digest;
use crate::base::{Span, Tick};
use crate::network::Network;
use crate::record::{Counts, Outcome, Percentiles, PopulationOutcome, Trace};
use crate::scenario::{Scenario, Weakest};
use crate::synapse::Table;
use hdrhistogram::Histogram;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest window: what arrives in one window is held in memory at once.
const LONGEST_WINDOW: Span = Span::from_whole_ms(16);

/// A walk over all synapses costs little beside a second of their spikes, and what a neuron
/// fires in a second takes little memory beside its synapses.
const SETTLE_EVERY: Span = Span::from_whole_ms(1_000);

/// How a run is executed. Nothing in here changes its result.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Worker threads; more than there are shards are not used.
    pub threads: usize,
    /// How inputs reach their neurons.
    pub lane: Lane,
    /// In how much simulated time all synapses that change are settled at least once, and what they
    /// have heard of is forgotten. Only memory and time depend on it; must not be zero.
    pub settle_every: Span,
}

impl Options {
    /// This many worker threads.
    pub fn threads(threads: usize) -> Options {
        Options { threads, lane: Lane::Automatic, settle_every: SETTLE_EVERY }
    }
}

/// How inputs reach their neurons. Spikes are the same either way; the last bits of potentials
/// may differ, so results are comparable to the byte for one lane only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// In frames, or by rows of dendrites, where the network allows it.
    #[default]
    Automatic,
    /// One by one, with a cell for each neuron.
    Singly,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Everything before this time is done.
    pub simulated: Tick,
    /// Spikes so far.
    pub spikes: u64,
}

/// What an observer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// To go on.
    Continue,
    /// To stop at the end of this window.
    Stop,
}

/// Simulates a network from time zero to the scenario's duration.
///
/// `observer` is called by one of the workers when all is set up, with time zero, and after each
/// window; it decides whether to go on.
///
/// # Errors
/// [`RunError`] if a worker failed.
pub fn run(
    scenario: &Scenario,
    network: &Network,
    options: Options,
    observer: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Outcome, RunError> {
    run_with(scenario, network, Vec::new(), options, observer)
}

/// As [`run`], but uses the network up: where synapses are removed, their memory goes back while the
/// network runs.
///
/// # Errors
/// [`RunError`] if a worker failed.
pub fn run_owned(
    scenario: &Scenario,
    mut network: Network,
    options: Options,
    observer: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Outcome, RunError> {
    let fixed = network.partition.populations();
    let own = network.shards.iter_mut().map(|shard| shard.tables.split_off(fixed)).collect();
    run_with(scenario, &network, own, options, observer)
}

/// Runs a network. `own` holds for each shard the tables of the plastic projections, if they have been
/// taken out of the network. It stays a function of its own, by whose name instructions are counted.
#[inline(never)]
fn run_with(
    scenario: &Scenario,
    network: &Network,
    own: Vec<Vec<Table>>,
    options: Options,
    observer: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Outcome, RunError> {
    let shards = network.partition.shards() as usize;
    let threads = options.threads.clamp(1, shards);
    let common = Common {
        scenario,
        network,
        cut: Cut::new(scenario, network),
        way: Way::of(scenario, network, options.lane),
        threads,
        settle_every: options.settle_every.max(Span(1)),
        barrier: Barrier::new(threads),
        exchange: Exchange::new(shards),
        stop: [AtomicBool::new(false), AtomicBool::new(false)],
        failure: Mutex::new(None),
        decisions: pruning::decisions(scenario, network, &longest_delays(network, &own)),
        own: own.into_iter().map(Mutex::new).collect(),
        ballot: Mutex::new(Vec::new()),
        observer,
    };
    let results: Vec<Result<WorkerResult, Poisoned>> = std::thread::scope(|scope| {
        let common = &common;
        let others: Vec<_> =
            (1..threads).map(|worker| scope.spawn(move || common.work(worker))).collect();
        let first = common.work(0);
        let others = others.into_iter().map(|handle| handle.join().unwrap_or(Err(Poisoned)));
        std::iter::once(first).chain(others).collect()
    });
    if let Some(failure) = common.failure.lock().expect("no worker is left").take() {
        return Err(failure);
    }
    let results = results
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .expect("a barrier is poisoned only after its failure was noted");
    Ok(assemble(scenario, network, results))
}

/// The longest delay of each plastic projection, wherever their tables are.
fn longest_delays(network: &Network, own: &[Vec<Table>]) -> Vec<Span> {
    let fixed = network.partition.populations();
    let of = |number: usize| {
        let kept = network.shards.iter().filter_map(|shard| shard.tables.get(fixed + number));
        let tables = kept.chain(own.iter().filter_map(|tables| tables.get(number)));
        tables.filter_map(Table::delays).map(|(_, longest)| longest).max().unwrap_or(Span::ZERO)
    };
    (0..network.plastic.len()).map(of).collect()
}

/// How time is cut. Windows are the lookahead of the exchange. A window with more arrivals than
/// the cache likes is gone through in slices; a slice needs no exchange. Neither changes a result.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// Length of a slice.
    pub slice: Span,
    /// Slices in a window.
    pub slices_per_window: u64,
}

/// Arrivals in the whole network that a slice should hold: with 32 bytes each, dealt out over two
/// shards or more, they stay in a cache of half a megabyte. The number of shards must not count.
const ARRIVALS_PER_SLICE: f64 = 24_576.0;
/// Rate at which neurons are taken to fire when slices are cut.
const GUESSED_RATE_HZ: f64 = 10.0;

impl Cut {
    fn new(scenario: &Scenario, network: &Network) -> Cut {
        let window = network.shortest_delay.unwrap_or(LONGEST_WINDOW).min(LONGEST_WINDOW);
        let per_window = inputs_per_second(scenario, network) * window.s();
        // A row with many delays is visited again in each slice, so it is cut less finely.
        let together = network.shortest_delay == network.longest_delay;
        let per_slice = ARRIVALS_PER_SLICE * if together { 1.0 } else { 8.0 };
        let slices = (per_window / per_slice).ceil().min(window.0 as f64).max(1.0) as u64;
        let needed = network.learning_slice(scenario).map_or(1, |most| window.0.div_ceil(most.0));
        let slices = slices.max(needed);
        Cut { slice: Span(window.0 / slices), slices_per_window: slices }
    }

    fn slice_of(self, tick: Tick) -> u64 {
        tick.0 / self.slice.0
    }

    /// The slices from `slice` to the end of its window.
    pub fn rest_of_window(self, slice: u64) -> std::ops::Range<u64> {
        slice..(slice / self.slices_per_window + 1) * self.slices_per_window
    }

    /// When a slice begins.
    pub fn start(self, slice: u64) -> Tick {
        Tick(slice * self.slice.0)
    }
}

/// The lane that was chosen for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One cell for each neuron.
    Cells,
    /// In order of time, one linear model: see [`frames`].
    Frames(frames::Plan),
    /// In order of time, neurons that teach: see [`dendrites`].
    Dendrites,
}

impl Way {
    /// From the network as a whole, never from a shard.
    fn of(scenario: &Scenario, network: &Network, lane: Lane) -> Way {
        if lane == Lane::Singly {
            return Way::Cells;
        }
        let slice = Cut::new(scenario, network).slice;
        match frames::plan(scenario, network, slice) {
            Some(plan) => Way::Frames(plan),
            None if dendrites::suits(scenario, network) => Way::Dendrites,
            None => Way::Cells,
        }
    }
}

/// How many inputs all neurons together may be expected to get in a second.
fn inputs_per_second(scenario: &Scenario, network: &Network) -> f64 {
    let background: f64 = scenario
        .backgrounds
        .iter()
        .map(|background| {
            let size = scenario.populations[background.target.population].size;
            let highest = background.rate_hz.steps.iter().map(|&(_, rate)| rate);
            f64::from(background.target.count(size)) * highest.fold(0.0, f64::max)
        })
        .sum();
    network.synapses as f64 * GUESSED_RATE_HZ + background
}

/// What all workers see.
struct Common<'a> {
    scenario: &'a Scenario,
    network: &'a Network,
    cut: Cut,
    way: Way,
    threads: usize,
    settle_every: Span,
    barrier: Barrier,
    exchange: Exchange,
    /// Written by worker 0 before the barrier of a round, read by all after it; two, used in
    /// turn, for the same reason as the outboxes.
    stop: [AtomicBool; 2],
    failure: Mutex<Option<RunError>>,
    /// For each shard the tables that it takes over; empty where they stay with the network.
    own: Vec<Mutex<Vec<Table>>>,
    /// When synapses are removed wherever they live, in order.
    decisions: Vec<Decision>,
    /// Counts that are being added up.
    ballot: Mutex<Vec<u64>>,
    observer: &'a (dyn Fn(Progress) -> Control + Sync),
}

/// What a worker hands back.
struct WorkerResult {
    remains: Vec<(u32, Remains)>,
    collected: Option<Collected>,
}

/// What worker 0 gathered beside its own shards.
struct Collected {
    collector: Collector,
    queue_depth: Histogram<u64>,
    windows: u64,
    end: Tick,
    interrupted: bool,
}

impl<'n> Common<'n> {
    /// One worker's whole run, with a panic turned into an error that names its place.
    fn work(&self, worker: usize) -> Result<WorkerResult, Poisoned> {
        let mut place = Place::default();
        let outcome = catch_unwind(AssertUnwindSafe(|| self.rounds(worker, &mut place)));
        outcome.unwrap_or_else(|panic| {
            self.note_failure(&place, panic.as_ref());
            self.barrier.poison();
            Err(Poisoned)
        })
    }

    fn note_failure(&self, place: &Place, panic: &(dyn std::any::Any + Send)) {
        let window = place.slice.map(|slice| {
            let slices = self.cut.rest_of_window(slice);
            (self.cut.start(slices.start), self.cut.start(slices.end))
        });
        let error = place.error(self.scenario, self.network, window, panic);
        // The first failure is the cause; later ones may only be its consequences.
        self.failure.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(error);
    }

    fn rounds(&self, worker: usize, place: &mut Place) -> Result<WorkerResult, Poisoned> {
        let mut shards: Vec<(u32, Shard<'n>)> = Vec::new();
        for index in (worker as u32..self.network.shards.len() as u32).step_by(self.threads) {
            place.shard = Some(index);
            let Common { scenario, network, cut, way, settle_every, .. } = *self;
            let own = self.own.get(index as usize);
            let own = own.map(|own| std::mem::take(&mut *own.lock().expect("taken once")));
            let own = own.unwrap_or_default();
            let shard = Shard::new(scenario, network, index, (cut, way), settle_every, own);
            shards.push((index, shard));
        }
        place.shard = None;
        let mut collected = (worker == 0).then(|| Collected::new(self));
        let duration = Tick(self.scenario.duration.0);
        for (index, shard) in &shards {
            self.exchange.publish(0, *index as usize, |post| post.next = shard.next_event());
        }
        if let Some(collected) = &mut collected {
            // Everything is set up: what comes before counts as warm-up.
            place.task = Task::Observing;
            let stop = collected.observe(self);
            self.stop[0].store(stop, Ordering::Relaxed);
        }
        let mut decisions = self.decisions.as_slice();
        let (mut round, mut end) = (0, Tick::ZERO);
        let mut posts: Vec<Open<'_>> = Vec::with_capacity(self.network.shards.len());
        loop {
            posts.clear();
            self.barrier.wait(worker)?;
            posts.extend(self.exchange.read(round));
            let next = self.next_slice(&posts, decisions);
            if let Some(collected) = &mut collected {
                place.task = Task::Gathering;
                collected.gather(&posts, round);
            }
            let stop = self.stop[(round % 2) as usize].load(Ordering::Relaxed);
            let Some(slice) = next.filter(|_| !stop) else { break };
            place.slice = Some(slice);
            let is_due = |decision: &Decision| self.cut.slice_of(decision.at) == slice;
            let due;
            (due, decisions) =
                decisions.split_at(decisions.iter().take_while(|d| is_due(d)).count());
            // A round ends before the next slice in which all must decide something together.
            let mut slices = self.cut.rest_of_window(slice);
            if let Some(next) = decisions.first() {
                slices.end = slices.end.min(self.cut.slice_of(next.at));
            }
            end = self.cut.start(slices.end).min(duration);
            for (index, shard) in &mut shards {
                place.shard = Some(*index);
                self.receive(&posts, slice, shard, &mut place.task);
            }
            for decision in due {
                self.decide(slice, decision, worker, &mut shards, place)?;
            }
            for (index, shard) in &mut shards {
                place.shard = Some(*index);
                self.window(round, slices.clone(), *index, shard, &mut place.task);
            }
            place.shard = None;
            round += 1;
            if let Some(collected) = &mut collected {
                collected.windows += 1;
                collected.end = end;
                place.task = Task::Observing;
                if collected.observe(self) {
                    self.stop[(round % 2) as usize].store(true, Ordering::Relaxed);
                }
            }
        }
        if let Some(collected) = &mut collected
            && !collected.interrupted
        {
            collected.end = duration;
        }
        let is_stopped = self.stop[(round % 2) as usize].load(Ordering::Relaxed);
        let end = if is_stopped { end } else { duration };
        place.task = Task::Finishing;
        let finish = |(index, mut shard): (u32, Shard<'n>)| {
            place.shard = Some(index);
            // What was sent last has not arrived, but synapses near their sources have met it.
            for post in &posts {
                shard.collect_last(&post.spikes);
            }
            (index, shard.finish(end))
        };
        let remains = shards.into_iter().map(finish).collect();
        Ok(WorkerResult { remains, collected })
    }

    /// One shard takes over what was sent in the round before.
    fn receive(&self, posts: &[Open<'_>], slice: u64, shard: &mut Shard, task: &mut Task) {
        let step = catch_unwind(AssertUnwindSafe(|| {
            for post in posts {
                shard.collect(&post.spikes);
            }
            shard.depart(slice);
        }));
        if let Err(panic) = step {
            *task = shard.task();
            std::panic::resume_unwind(panic);
        }
    }

    /// Removes synapses of a projection in all shards, or changes leaks. The slice has been received by
    /// all of them.
    fn decide(
        &self,
        slice: u64,
        decision: &Decision,
        worker: usize,
        shards: &mut [(u32, Shard<'n>)],
        place: &mut Place,
    ) -> Result<(), Poisoned> {
        let &Decision { at, number, what } = decision;
        let mut weighed: Vec<Candidates> = Vec::new();
        for (index, shard) in shards.iter_mut() {
            place.shard = Some(*index);
            place.task = Task::Delivering { source: None };
            shard.deliver_before(slice, at);
            match what {
                What::Remove(_) => weighed.push(shard.flight().weigh(number, at)),
                What::ChangeLeaks(decided) => shard.change_leaks(number, decided, at),
            }
        }
        place.shard = None;
        match what {
            What::Remove(which) => self.prune(decision, which, worker, shards, &weighed),
            What::ChangeLeaks(_) => Ok(()),
        }
    }

    /// Removes some of the synapses that have been weighed.
    fn prune(
        &self,
        decision: &Decision,
        which: Weakest,
        worker: usize,
        shards: &mut [(u32, Shard<'n>)],
        weighed: &[Candidates],
    ) -> Result<(), Poisoned> {
        let marks: Vec<Vec<bool>> = match which {
            Weakest::Below(bound) => weighed.iter().map(|all| all.keep_from(bound)).collect(),
            Weakest::Fraction(share) => {
                let (counts, barrier) = (&self.ballot, &self.barrier);
                let ballot = Ballot { counts, barrier, worker };
                pruning::weakest(&ballot, self.network, decision, share, shards, weighed)?
            }
        };
        for (((_, shard), candidates), keep) in shards.iter_mut().zip(weighed).zip(&marks) {
            shard.flight().prune(decision, candidates, keep);
        }
        Ok(())
    }

    /// One shard's part of one window, which it has received.
    fn window(
        &self,
        round: u64,
        slices: std::ops::Range<u64>,
        index: u32,
        shard: &mut Shard,
        task: &mut Task,
    ) {
        let step = catch_unwind(AssertUnwindSafe(|| {
            self.exchange.publish(round + 1, index as usize, |post| {
                post.spikes.clear();
                let duration = Tick(self.scenario.duration.0);
                // The run may end inside the window.
                for slice in slices.take_while(|&slice| self.cut.start(slice) < duration) {
                    let is_due = |tick| self.cut.slice_of(tick) <= slice;
                    if shard.is_open() || shard.next_event().is_some_and(is_due) {
                        shard.deliver(slice);
                        shard.advance(slice, &mut post.spikes);
                    }
                }
                post.spikes.sort_unstable();
                post.next = shard.next_event();
                post.in_flight = shard.in_flight();
            });
        }));
        if let Err(panic) = step {
            *task = shard.task();
            std::panic::resume_unwind(panic);
        }
    }

    /// The slice in which something can happen next; `None` at the end of the run.
    fn next_slice(&self, posts: &[Open<'_>], decisions: &[Decision]) -> Option<u64> {
        let lookahead = self.network.shortest_delay.unwrap_or(Span::ZERO);
        let mut next = decisions.first().map(|decision| decision.at);
        for post in posts {
            let arrival = post.spikes.first().map(|spike| spike.tick + lookahead);
            next = [next, post.next, arrival].into_iter().flatten().min();
        }
        next.filter(|tick| tick.0 < self.scenario.duration.0).map(|tick| self.cut.slice_of(tick))
    }
}

impl Collected {
    fn new(common: &Common) -> Collected {
        Collected {
            collector: Collector::new(common.scenario, &common.network.partition),
            queue_depth: Histogram::new(3).expect("three digits are allowed"),
            windows: 0,
            end: Tick::ZERO,
            interrupted: false,
        }
    }

    /// Takes over what all shards published in the round that is over.
    fn gather(&mut self, posts: &[Open<'_>], round: u64) {
        let mut in_flight = 0;
        for post in posts {
            self.collector.add(&post.spikes);
            in_flight += (post.in_flight + post.spikes.len()) as u64;
        }
        if round > 0 {
            self.queue_depth.record(in_flight).expect("it grows as needed");
        }
        self.collector.close_window();
    }

    /// Tells the observer; `true` if it wants to stop.
    fn observe(&mut self, common: &Common) -> bool {
        let progress = Progress { simulated: self.end, spikes: self.collector.count };
        self.interrupted = (common.observer)(progress) == Control::Stop;
        self.interrupted
    }
}

/// Puts together what the workers hand back.
fn assemble(scenario: &Scenario, network: &Network, results: Vec<WorkerResult>) -> Outcome {
    let mut remains = Vec::new();
    let mut collected = None;
    for result in results {
        remains.extend(result.remains);
        collected = collected.or(result.collected);
    }
    remains.sort_by_key(|&(shard, _)| shard);
    let mut remains: Vec<Remains> = remains.into_iter().map(|(_, remains)| remains).collect();
    let collected = collected.expect("there is a worker 0");
    let count = collected.collector.count;
    let (spikes, digest) = collected.collector.finish();
    let mut fan_out: Histogram<u64> = Histogram::new(3).expect("three digits are allowed");
    for shard in &remains {
        fan_out.add(&shard.fan_out).expect("it grows as needed");
    }
    let fixed = || {
        let tables = network.shards.iter().map(|shard| &shard.tables);
        tables.flat_map(|tables| &tables[..network.partition.populations()])
    };
    let left = remains.iter().flat_map(|shard| &shard.learned);
    let synapses_left = fixed().map(|table| table.synapses.len()).sum::<usize>()
        + left.map(|left| left.rows.synapses().len()).sum::<usize>();
    let learning = remains.iter().map(|shard| shard.learning_bytes);
    let synapse_bytes = fixed().map(Table::bytes).sum::<u64>() + learning.sum::<u64>();
    Outcome {
        spikes,
        digest,
        state_digest: state_digest(network, &remains),
        populations: populations(scenario, network, &remains, collected.end),
        traces: {
            let levels = super::weights::levels(scenario, network, &remains);
            traces(scenario, &mut remains).into_iter().chain(levels).collect()
        },
        weights: scenario.record.weights.then(|| super::weights::collect(network, &remains)),
        pruning: pruning::outcome(scenario, &mut remains),
        counts: Counts {
            spikes: count,
            synaptic_events: remains.iter().map(|shard| shard.synaptic_events).sum(),
            external_events: remains.iter().map(|shard| shard.external_events).sum(),
            windows: collected.windows,
            queue_depth: percentiles(&collected.queue_depth),
            fan_out: percentiles(&fan_out),
            synapses_left: synapses_left as u64,
            synapse_bytes,
        },
        simulated: collected.end.since(Tick::ZERO),
        interrupted: collected.interrupted,
    }
}

fn percentiles(histogram: &Histogram<u64>) -> Percentiles {
    Percentiles {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        max: histogram.max(),
    }
}

/// The digest of all neurons' states, in the order of their numbers: shards own contiguous
/// pieces of each population, in order.
fn state_digest(network: &Network, remains: &[Remains]) -> String {
    let mut digest = Digest::new();
    for population in 0..network.partition.populations() {
        for shard in remains {
            shard.digest(population, &mut digest);
        }
    }
    digest.finish()
}

fn populations(
    scenario: &Scenario,
    network: &Network,
    remains: &[Remains],
    end: Tick,
) -> Vec<PopulationOutcome> {
    let of = |population: usize, size: u32| {
        let (mut spikes, mut sum, mut irregular) = (0, 0.0, 0u32);
        for (shard, remains) in remains.iter().enumerate() {
            let first = network.partition.local_start(population, shard as u32) as usize;
            let owned = network.partition.owned(population, shard as u32).len();
            for train in &remains.trains[first..first + owned] {
                spikes += train.spikes;
                if let Some(cv) = train.cv() {
                    sum += cv;
                    irregular += 1;
                }
            }
        }
        PopulationOutcome {
            spikes,
            rate_hz: spikes as f64 / (f64::from(size) * end.s()),
            cv_isi: (irregular > 0).then(|| sum / f64::from(irregular)),
        }
    };
    scenario.populations.iter().enumerate().map(|(p, population)| of(p, population.size)).collect()
}

fn traces(scenario: &Scenario, remains: &mut [Remains]) -> Vec<Trace> {
    let mut probes: Vec<Vec<Vec<super::group::Probe>>> = Vec::new();
    for population in 0..scenario.populations.len() {
        probes.push(remains.iter_mut().map(|shard| shard.probes(population)).collect());
    }
    let mut seen = vec![0; scenario.populations.len()];
    let mut traces = Vec::new();
    for record in &scenario.record.state {
        let population = record.target.population;
        let number = seen[population];
        seen[population] += 1;
        let variables = scenario.populations[population].model.variables();
        if variables.is_empty() {
            continue;
        }
        let neurons = record.target.indices(scenario.populations[population].size);
        // Neurons of one selection, shard after shard, are sorted because the pieces are.
        let samples: Vec<&Vec<f64>> = probes[population]
            .iter()
            .filter_map(|shard| shard.get(number))
            .flat_map(|probe| &probe.samples)
            .collect();
        let width = record.variables.len();
        for (place, &variable) in record.variables.iter().enumerate() {
            let times = samples.first().map_or(0, |s| s.len() / width);
            let value = |time: usize, neuron: usize| samples[neuron][time * width + place];
            let values = (0..times)
                .flat_map(|time| (0..neurons.len()).map(move |neuron| (time, neuron)))
                .map(|(time, neuron)| value(time, neuron))
                .collect();
            traces.push(Trace {
                population,
                variable: variables[variable].name.clone(),
                unit: variables[variable].unit,
                neurons: neurons.clone(),
                interval: record.interval,
                start: record.start,
                values,
            });
        }
    }
    traces
}
