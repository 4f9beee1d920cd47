//! A whole run: workers, rounds, and what is left at the end.

use super::barrier::{Barrier, Poisoned};
use super::checkpoint::{self, Checkpoint};
use super::dendrites;
use super::exchange::{Exchange, Open};
use super::failure::{Place, RunError, Task};
use super::frames;
use super::gathering::{Collected, Gathering};
use super::outcome::assemble;
use super::pruning::{self, Ballot, Candidates, Decision, What};
use super::shard::{Remains, Shard};
use crate::base::saved::Misfit;
use crate::base::{Span, Tick};
use crate::network::Network;
use crate::record::Outcome;
use crate::scenario::{Scenario, Weakest};
use crate::synapse::Table;
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
    /// To save the run as it is at the end of this window, and to go on.
    Save,
    /// To stop at the end of this window.
    Stop,
}

/// Where a run comes from, and who is asked and told on its way.
#[derive(Clone, Copy)]
pub struct Course<'a> {
    /// Where the run goes on; `None` for time zero.
    pub from: Option<&'a Checkpoint>,
    /// Called by one of the workers when all is set up and after each window; decides whether to go on.
    pub observer: &'a (dyn Fn(Progress) -> Control + Sync),
    /// Is handed the run whenever the observer wants it to be saved, before the next window is over.
    pub saver: &'a (dyn Fn(Checkpoint) + Sync),
}

impl Course<'_> {
    /// From time zero to the end, without a word.
    pub const NEW: Course<'static> =
        Course { from: None, observer: &|_| Control::Continue, saver: &|_| {} };
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
    run_with(scenario, network, Vec::new(), options, Course { observer, ..Course::NEW })
}

/// As [`run`], but uses the network up: where synapses are removed, their memory goes back while the
/// network runs.
///
/// # Errors
/// [`RunError`] if a worker failed.
pub fn run_owned(
    scenario: &Scenario,
    network: Network,
    options: Options,
    observer: &(dyn Fn(Progress) -> Control + Sync),
) -> Result<Outcome, RunError> {
    run_along(scenario, network, options, Course { observer, ..Course::NEW })
}

/// As [`run_owned`], but the run may go on from where an earlier one was saved, and may be saved itself.
/// Neither can be seen in what it leaves: an outcome is that of the whole run, from time zero.
///
/// # Errors
/// [`RunError`] if a worker failed, or if the run that was saved had another scenario, other shards or
/// another lane.
pub fn run_along(
    scenario: &Scenario,
    mut network: Network,
    options: Options,
    course: Course<'_>,
) -> Result<Outcome, RunError> {
    let fixed = network.partition.populations();
    let own = network.shards.iter_mut().map(|shard| shard.tables.split_off(fixed)).collect();
    run_with(scenario, &network, own, options, course)
}

/// Runs a network. `own` holds for each shard the tables of the plastic projections, if they have been
/// taken out of the network. It stays a function of its own, by whose name instructions are counted.
#[inline(never)]
fn run_with(
    scenario: &Scenario,
    network: &Network,
    own: Vec<Vec<Table>>,
    options: Options,
    course: Course<'_>,
) -> Result<Outcome, RunError> {
    let shards = network.partition.shards() as usize;
    let mark = checkpoint::mark(scenario, network);
    if course.from.is_some_and(|from| !from.fits(&mark, network, options.lane)) {
        return Err(RunError::Misfit(Misfit));
    }
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
        keep: [AtomicBool::new(false), AtomicBool::new(false)],
        kept: Mutex::new(Vec::new()),
        gathering: Gathering::new(scenario, &network.partition),
        mark,
        lane: options.lane,
        failure: Mutex::new(None),
        decisions: pruning::decisions(scenario, network, &longest_delays(network, &own)),
        own: own.into_iter().map(Mutex::new).collect(),
        ballot: Mutex::new(Vec::new()),
        course,
    };
    let results: Vec<Result<Finished, Poisoned>> = std::thread::scope(|scope| {
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
    let finished = results
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .expect("a barrier is poisoned only after its failure was noted");
    let remains = finished.into_iter().flatten().collect();
    Ok(assemble(scenario, network, remains, common.gathering.into_collected()))
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
    /// Written by whoever asks the observer before the barrier of a round, read by all after it; two, used
    /// in turn, for the same reason as the outboxes.
    stop: [AtomicBool; 2],
    /// Likewise, whether the run is to be saved where the round begins; and what shards remember then.
    keep: [AtomicBool; 2],
    kept: Mutex<Vec<(u32, Vec<u8>)>>,
    gathering: Gathering,
    mark: checkpoint::Mark,
    lane: Lane,
    failure: Mutex<Option<RunError>>,
    /// For each shard the tables that it takes over; empty where they stay with the network.
    own: Vec<Mutex<Vec<Table>>>,
    /// When synapses are removed wherever they live, in order.
    decisions: Vec<Decision>,
    /// Counts that are being added up.
    ballot: Mutex<Vec<u64>>,
    course: Course<'a>,
}

/// The shards of a worker that is done, by their numbers.
type Finished = Vec<(u32, Remains)>;

impl<'n> Common<'n> {
    /// One worker's whole run, with a panic turned into an error that names its place.
    fn work(&self, worker: usize) -> Result<Finished, Poisoned> {
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

    fn rounds(&self, worker: usize, place: &mut Place) -> Result<Finished, Poisoned> {
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
        let duration = Tick(self.scenario.duration.0);
        let (mut round, mut end, decided) = match self.course.from {
            Some(from) => self.go_on(from, &mut shards, worker)?,
            None => self.begin(&shards),
        };
        if worker == 0 {
            // Everything is set up: what comes before counts as warm-up.
            place.task = Task::Observing;
            self.observe(&mut self.gathering.collected(), round);
        }
        let mut decisions = &self.decisions[decided..];
        let mut posts = self.exchange.opened();
        loop {
            Exchange::close(&mut posts);
            self.barrier.wait(worker)?;
            self.exchange.read(round, &mut posts);
            if self.keep[(round % 2) as usize].load(Ordering::Relaxed) {
                place.task = Task::Saving;
                let decided = self.decisions.len() - decisions.len();
                self.save((round, decided), worker, &posts, &shards)?;
            }
            let next = self.next_slice(&posts, decisions);
            let stop = self.stop[(round % 2) as usize].load(Ordering::Relaxed);
            let Some(slice) = next.filter(|_| !stop) else { break };
            let is_shared = Gathering::is_shared(&posts);
            if worker == 0 && !is_shared {
                place.task = Task::Gathering;
                self.gathering.collected().gather(&posts, round);
            }
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
            let is_mine = if is_shared { self.gathering.claim(round + 1) } else { worker == 0 };
            if is_mine {
                let collected = &mut *self.gathering.collected();
                if is_shared {
                    place.task = Task::Gathering;
                    collected.gather(&posts, round);
                }
                collected.windows += 1;
                collected.end = end;
                place.task = Task::Observing;
                self.observe(collected, round + 1);
            }
            round += 1;
        }
        if worker == 0 {
            place.task = Task::Gathering;
            let collected = &mut *self.gathering.collected();
            collected.gather(&posts, round);
            if !collected.interrupted {
                collected.end = duration;
            }
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
        Ok(shards.into_iter().map(finish).collect())
    }

    /// Publishes when each shard has work; round, time and decisions of the start.
    fn begin(&self, shards: &[(u32, Shard<'n>)]) -> (u64, Tick, usize) {
        for (index, shard) in shards {
            self.exchange.publish(0, *index as usize, |post| post.next = shard.next_event());
        }
        (0, Tick::ZERO, 0)
    }

    /// Puts everything where it was when a run was saved; its round, its time, and how many decisions had
    /// been taken.
    fn go_on(
        &self,
        from: &Checkpoint,
        shards: &mut [(u32, Shard<'n>)],
        worker: usize,
    ) -> Result<(u64, Tick, usize), Poisoned> {
        let mut restored = if from.decided > self.decisions.len() { Err(Misfit) } else { Ok(()) };
        for (index, shard) in shards {
            restored = restored.and_then(|()| {
                let saved = from.restore_shard(*index, shard)?;
                self.exchange.publish(from.round, *index as usize, |post| *post = saved);
                Ok(())
            });
        }
        if worker == 0 {
            let collected = &mut *self.gathering.collected();
            restored = restored.and_then(|()| from.restore_collected(collected));
        }
        restored.map_err(|misfit| {
            let mut failure = self.failure.lock().unwrap_or_else(|e| e.into_inner());
            failure.get_or_insert(RunError::Misfit(misfit));
            self.barrier.poison();
            Poisoned
        })?;
        Ok((from.round, from.simulated(), from.decided))
    }

    /// Saves the run where a round begins. All workers must call this; worker 0 hands it out.
    fn save(
        &self,
        (round, decided): (u64, usize),
        worker: usize,
        posts: &[Open<'_>],
        shards: &[(u32, Shard<'n>)],
    ) -> Result<(), Poisoned> {
        let kept = || self.kept.lock().unwrap_or_else(|e| e.into_inner());
        for (index, shard) in shards {
            let bytes = checkpoint::of_shard(&posts[*index as usize], shard);
            kept().push((*index, bytes));
        }
        // Behind the barrier somebody may go on gathering.
        let gathered = (worker == 0).then(|| self.gathering.saved());
        self.barrier.wait(worker)?;
        let Some(gathered) = gathered else { return Ok(()) };
        // Everybody has read it, and nobody reads it again before the next barrier.
        self.keep[(round % 2) as usize].store(false, Ordering::Relaxed);
        let mut all = std::mem::take(&mut *kept());
        all.sort_unstable_by_key(|&(index, _)| index);
        let shards = all.into_iter().map(|(_, bytes)| bytes).collect();
        let (at, mark, lane) = ((round, decided), self.mark, self.lane);
        (self.course.saver)(Checkpoint::new(mark, lane, at, gathered, shards));
        Ok(())
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
            shard.flight().prune(decision, pruning::cause(which), candidates, keep);
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

    /// Tells the observer, and everybody what it wants in the round that comes.
    fn observe(&self, collected: &mut Collected, round: u64) {
        let progress = Progress { simulated: collected.end, spikes: collected.collector.count };
        match (self.course.observer)(progress) {
            Control::Continue => {}
            Control::Save => self.keep[(round % 2) as usize].store(true, Ordering::Relaxed),
            Control::Stop => {
                collected.interrupted = true;
                self.stop[(round % 2) as usize].store(true, Ordering::Relaxed);
            }
        }
    }
}
