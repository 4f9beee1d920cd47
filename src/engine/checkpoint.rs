//! A run that is interrupted and goes on: what all shards, and worker 0, remember between two rounds.
//!
//! A checkpoint is taken where a round begins, when every shard has published what it sent and none has
//! received it. At such a moment nothing is half done: all slices that were opened have been gone through,
//! and what is gathered for a slice, or kept for its memory only, is empty or about to be overwritten. So
//! what a shard remembers are the states of its neurons and synapses, what is filed for later, the spikes
//! on their way, and what has been recorded so far; everything else follows from the scenario and is set
//! up again. Which of its fields a type remembers stands beside it (`saved!`, see [`crate::base::saved`]).
//!
//! It is the very state, bit by bit, including what is merely foreseen. So a run that was saved and
//! resumed, however often, does the same operations as one that was not, and leaves the same bytes; and saving
//! changes nothing in the run that is saved. Shards belong to the state; threads do not.
//!
//! Of what lies beyond the end of a run nothing is filed, so a checkpoint belongs to one duration.

use super::exchange::Post;
use super::gathering::Collected;
use super::run::Lane;
use super::shard::Shard;
use crate::base::Tick;
use crate::base::digest::Digest;
use crate::base::saved::{Misfit, Reader, Saved, Value, value};
use crate::network::Network;
use crate::scenario::Scenario;
use hdrhistogram::Histogram;

/// The state of a run between two windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What the run is of.
    mark: Mark,
    simulated: Tick,
    singly: bool,
    /// The number of the round that begins, and how many decisions have been taken.
    pub(super) round: u64,
    pub(super) decided: usize,
    collected: Vec<u8>,
    /// By shard: what it published, then what it remembers.
    shards: Vec<Vec<u8>>,
}
value!(Checkpoint { mark, simulated, singly, round, decided, collected, shards });

impl Checkpoint {
    /// What all shards remember, in order, and what had been gathered up to when.
    pub(super) fn new(
        mark: Mark,
        lane: Lane,
        (round, decided): (u64, usize),
        (simulated, collected): (Tick, Vec<u8>),
        shards: Vec<Vec<u8>>,
    ) -> Checkpoint {
        let singly = lane == Lane::Singly;
        Checkpoint { mark, simulated, singly, round, decided, collected, shards }
    }

    /// Whether it may be of a run of this network in this lane.
    pub(super) fn fits(&self, mark: &Mark, network: &Network, lane: Lane) -> bool {
        self.mark == *mark && self.shards() == network.partition.shards() && self.lane() == lane
    }

    /// Everything before this time is done.
    pub fn simulated(&self) -> Tick {
        self.simulated
    }

    /// The number of shards with which the run must go on.
    pub fn shards(&self) -> u32 {
        self.shards.len() as u32
    }

    /// The lane with which it must go on.
    pub fn lane(&self) -> Lane {
        if self.singly { Lane::Singly } else { Lane::Automatic }
    }

    /// As bytes, for this version of the program.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// From the bytes.
    ///
    /// # Errors
    /// [`Misfit`] if they are not those of a checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<Checkpoint, Misfit> {
        let mut from = Reader::new(bytes);
        let checkpoint = Checkpoint::read(&mut from)?;
        from.finish()?;
        Ok(checkpoint)
    }

    /// What had been gathered is remembered.
    pub(super) fn restore_collected(&self, collected: &mut Collected) -> Result<(), Misfit> {
        let mut from = Reader::new(&self.collected);
        collected.restore(&mut from)?;
        from.finish()
    }

    /// A shard remembers; what it had published.
    pub(super) fn restore_shard(&self, index: u32, shard: &mut Shard) -> Result<Post, Misfit> {
        let mut from = Reader::new(self.shards.get(index as usize).ok_or(Misfit)?);
        let post = Post::read(&mut from)?;
        shard.restore(&mut from)?;
        from.finish()?;
        Ok(post)
    }
}

/// What tells runs apart whose states cannot stand for each other: time, seed, who there is and how many
/// synapses. Two scenarios may have one mark; to keep the scenario with the checkpoint is up to the caller.
pub(super) type Mark = [u8; 64];

/// The mark of runs of a network.
pub(super) fn mark(scenario: &Scenario, network: &Network) -> Mark {
    let Scenario { backgrounds, currents, teachers, .. } = scenario;
    let lists = [backgrounds.len(), currents.len(), teachers.len(), network.plastic.len()];
    let mut digest = Digest::new();
    let mut numbers = vec![scenario.seed, scenario.duration.0, scenario.resolution.span().0];
    numbers.push(network.synapses);
    numbers.extend(lists.map(|length| length as u64));
    for population in &scenario.populations {
        numbers.push(population.size.into());
        let model = population.model.descriptor().map_or("", |model| model.name);
        digest.bytes(model.as_bytes());
    }
    numbers.iter().for_each(|number| digest.bytes(&number.to_le_bytes()));
    digest.finish().into_bytes().try_into().expect("a digest has 64 digits")
}

/// What a shard remembers, with what it has published.
pub(super) fn of_shard(post: &Post, shard: &Shard) -> Vec<u8> {
    assert!(!shard.is_open(), "a slice is half done");
    let mut bytes = Vec::new();
    post.write(&mut bytes);
    shard.save(&mut bytes);
    bytes
}

/// Values of a histogram and how often each was recorded; which of the values that it does not tell apart
/// they were is not known any more.
impl Saved for Histogram<u64> {
    fn save(&self, to: &mut Vec<u8>) {
        let counts: Vec<(u64, u64)> = self
            .iter_recorded()
            .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
            .collect();
        counts.write(to);
    }

    fn restore(&mut self, from: &mut Reader<'_>) -> Result<(), Misfit> {
        self.reset();
        for (value, count) in Vec::<(u64, u64)>::read(from)? {
            self.record_n(value, count).map_err(|_| Misfit)?;
        }
        Ok(())
    }
}
