//! What the engine asks of the synapses of one projection that stand apart: see [`super::learning`].

use super::leaks::Leaks;
use crate::base::Tick;
use crate::base::saved::{Saved, boxed, value};
use crate::neuron::ensemble::{Ensemble, Moment};
use crate::neuron::lesson::Lesson;
use crate::record::{Cause, Removal};
use crate::synapse::{LearningSynapse, Rows};
use std::ops::Range;

/// A stretch of a row that a spike reaches.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The source, by its place in its population.
    pub source: u32,
    /// When it fired.
    pub sent: Tick,
    /// Where the synapses stand in the table.
    pub piece: Range<usize>,
    /// Where what they transmit stands in the list of it; those that have been removed are left out.
    pub transmitted: Range<usize>,
}

/// What has become of the synapses of a projection in one shard.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    /// How many were removed, by [`Cause`].
    pub removed: [u64; Cause::ALL.len()],
    /// How often a synapse was made stronger because it stayed.
    pub strengthened: u64,
    /// The synapses that were removed, in any order, if they are recorded.
    pub removals: Vec<Removal>,
}
value!(Pruned { removed, strengthened, removals });

/// What a synapse transmits. 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transmitted {
    /// The target's place in the shard.
    pub target: u32,
    /// In ticks from the spike on.
    pub delay: u32,
    /// The weight, release included.
    pub weight: f64,
}

/// The synapses of one projection in one shard as they are at some time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Their weights, in the order of the table.
    pub weights: Vec<f32>,
    /// What the inputs of each target share, by target and, for one, in the order of the rule's
    /// levels.
    pub levels: Vec<f64>,
}
value!(Sample { weights, levels });

/// The synapses of one projection in one shard, whatever their rule.
pub trait Learning: Send + Saved {
    /// A source fired. Its spikes must be told in order.
    fn sent(&mut self, source: u32, at: Tick);

    /// A target fired, named by its place in the shard.
    fn fired(&mut self, target: u32, at: Tick);

    /// A spike of the modulator arrives. They must be told in order.
    fn modulated(&mut self, at: Tick);

    /// Spikes take effect: appends what is transmitted, in the order of `reached`, and notes where
    /// that of each stands. Of each source earlier spikes must come first.
    fn deliver(&mut self, rows: &Rows, reached: &mut [Reached], transmitted: &mut Vec<Transmitted>);

    /// Whether what a spike transmits is known only when its target has been brought to the tick at
    /// which it takes effect. [`Learning::deliver`] then gives questions in the place of weights,
    /// which [`Learning::answer`] answers.
    fn heeds(&self) -> bool;

    /// A target, named by its place in the shard, has something to tell.
    fn heed(&mut self, target: u32, lesson: &Lesson);

    /// What a spike transmits, given what its target has to tell at the tick.
    fn answer(&mut self, rows: &Rows, question: usize, lesson: &Lesson) -> f64;

    /// All questions of a slice have been answered.
    fn close(&mut self);

    /// A spike reaches all synapses of its row at a moment of an epoch, in the lane of dendrites.
    fn arrive_by_row(&mut self, source: u32, now: (&Moment, u64), targets: &mut dyn Ensemble);

    /// In that lane, the targets tell all they have to tell in an epoch of this number and length;
    /// `goes_on` if it is not at its end.
    fn take_totals(&mut self, epoch: (u64, u64), totals: &[f64], goes_on: bool);

    /// Settles all synapses and forgets what will not be asked for; everything that takes effect
    /// before `now` has been delivered.
    fn settle(&mut self, rows: &Rows, now: Tick);

    /// Whether so much has been noted since that forgetting is worth a walk over all synapses.
    fn is_full(&self) -> bool;

    /// Settles all synapses and gives their weights, in the order of the table, as a spike would find
    /// them that takes effect at `now`; NaN for those that have been removed. Everything that takes
    /// effect before has been delivered.
    fn weigh(&mut self, rows: &Rows, now: Tick) -> Vec<f32>;

    /// What is to be made up for in the leaks of the targets; known of a decision when all synapses have
    /// been settled beyond it.
    fn leaks(&mut self) -> &mut Leaks;

    /// Copies all synapses as they are.
    fn hold(&mut self);

    /// What the synapses that were held at `from` come to at `at`. Everything that took effect
    /// before `from` had been delivered then; all that was sent and fired before `at` has been
    /// told. Changes nothing.
    fn sample(&mut self, rows: &Rows, from: Tick, at: Tick) -> Sample;

    /// Throws the copies away.
    fn drop_held(&mut self);

    /// The weights at the end of a run, in the order of the table; none if nobody asks for them. All
    /// that was sent and fired before has been told, and what took effect before was delivered.
    fn finish(&mut self, rows: &Rows, end: Tick) -> Vec<f32>;

    /// How many synapses have been removed and still stand in the table.
    fn dead(&self) -> usize;

    /// Whether each synapse of the table is alive.
    fn alive(&self) -> Vec<bool>;

    /// Keeps the synapses for which `keep` holds true, as the table does.
    fn retain(&mut self, keep: &[bool]);

    /// Takes note of a synapse that is removed by a decision about all of them.
    fn note_removal(
        &mut self,
        row: &LearningSynapse,
        source: u32,
        at: Tick,
        weight: f32,
        why: Cause,
    );

    /// What has become of the synapses so far.
    fn pruned(&mut self) -> &mut Pruned;

    /// Memory taken beside the table.
    fn bytes(&self) -> u64;
}
boxed!(dyn Learning);
