//! Who is connected to whom: the rules.
//!
//! Draws are keyed by (seed, projection, target), so that a shard generates what ends in it and
//! nothing else. `fixed_outdegree` is the exception: its draws belong to the source, and every
//! shard draws them all and keeps its own. A list of edges draws nothing but missing weights and
//! delays, keyed by the place in the list.
//!
//! What `autapses = false` means where a population is connected to itself: `all_to_all` and
//! `pairwise_bernoulli` leave the pair out; `fixed_indegree`, `fixed_outdegree` and
//! `fixed_total_number` draw from the remaining pairs, so degrees and totals stay what they were.
//! What `multapses = false` means: `fixed_indegree` draws a uniform set of that many sources,
//! `fixed_outdegree` one of targets, `fixed_total_number` a uniform set of that many pairs. The
//! other rules never connect a pair twice; a list of edges must obey both switches.

use super::draw::{Sampler, degree};
use super::error::{Met, Place};
use super::growth::grow;
use super::pool::{Binomial, Marks, Pool, pairs_of_each_target};
use crate::base::random::{Purpose, Stream};
use crate::scenario::{Connect, Edges, Projection, Scenario};
use std::borrow::Cow;

/// The key of the one stream of a projection that belongs to no neuron.
const WHOLE_PROJECTION: u64 = u64::MAX;

/// One projection's rule, ready to name its pairs.
#[derive(Debug)]
pub(super) struct Connector<'a> {
    pub seed: u64,
    /// Index of the projection.
    pub index: usize,
    pub projection: &'a Projection,
    /// Sizes of the two populations.
    pub sources: u32,
    pub targets: u32,
    pub rule: Rule<'a>,
}

/// How pairs come about.
#[derive(Debug)]
pub(super) enum Rule<'a> {
    /// Each target knows its sources.
    ByTarget(ByTarget<'a>),
    /// Each source draws this many targets.
    Outdegree(Sampler<'a>),
    /// They are given.
    Edges(Cow<'a, Edges>),
}

/// The rules whose draws belong to the target.
#[derive(Debug)]
pub(super) enum ByTarget<'a> {
    AllToAll,
    OneToOne,
    Indegree(Sampler<'a>),
    /// How many of the projection's pairs each target has.
    Counted(Vec<u32>),
    /// The law of the number of sources of a target; given the number, all sets are equally likely.
    Bernoulli(Binomial),
}

/// Memory that draws use again and again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The partners of the neuron at hand, in the order of the draws.
    pub drawn: Vec<u32>,
    marks: Marks,
}

impl<'a> Connector<'a> {
    /// The connector of a checked projection. Draws a projection's shared counts.
    pub fn new(scenario: &'a Scenario, index: usize) -> Connector<'a> {
        let projection = &scenario.projections[index];
        let sources = scenario.populations[projection.source].size;
        let targets = scenario.populations[projection.target].size;
        let rule = match &projection.connect {
            Connect::AllToAll => Rule::ByTarget(ByTarget::AllToAll),
            Connect::OneToOne => Rule::ByTarget(ByTarget::OneToOne),
            Connect::FixedIndegree(law) => Rule::ByTarget(ByTarget::Indegree(Sampler::new(law))),
            Connect::PairwiseBernoulli(p) => {
                let each = source_pool(projection, sources, 0).len();
                Rule::ByTarget(ByTarget::Bernoulli(Binomial::new(each, *p)))
            }
            Connect::FixedTotalNumber(total) => {
                let each = source_pool(projection, sources, 0).len();
                let (seed, which) = (scenario.seed, index as u64);
                let mut stream = Stream::new(seed, Purpose::Connect, which, WHOLE_PROJECTION);
                Rule::ByTarget(ByTarget::Counted(pairs_of_each_target(
                    *total,
                    targets,
                    each,
                    projection.multapses,
                    &mut stream,
                )))
            }
            Connect::FixedOutdegree(law) => Rule::Outdegree(Sampler::new(law)),
            Connect::Edges(edges) => Rule::Edges(Cow::Borrowed(edges)),
            Connect::Growth(growth) => {
                let roots = scenario.populations[growth.roots].size;
                let from_roots = projection.source == growth.roots;
                let (seed, over) = (scenario.seed, projection.target);
                Rule::Edges(Cow::Owned(grow(seed, growth, over, (roots, targets), from_roots)))
            }
        };
        Connector { seed: scenario.seed, index, projection, sources, targets, rule }
    }

    /// The stream of one entity of this projection.
    pub fn stream(&self, purpose: Purpose, entity: u64) -> Stream {
        Stream::new(self.seed, purpose, self.index as u64, entity)
    }

    /// Puts the sources of a target into `scratch.drawn`.
    pub fn sources_of(
        &self,
        rule: &ByTarget<'_>,
        target: u32,
        scratch: &mut Scratch,
    ) -> Result<(), Met> {
        scratch.drawn.clear();
        let pool = source_pool(self.projection, self.sources, target);
        match rule {
            ByTarget::AllToAll => pool.all(&mut scratch.drawn),
            ByTarget::OneToOne => scratch.drawn.push(target),
            ByTarget::Bernoulli(law) => {
                let mut stream = self.stream(Purpose::Connect, target.into());
                let count = law.next(&mut stream);
                let Scratch { drawn, marks } = scratch;
                pool.distinct(count, &mut stream, marks, drawn);
            }
            ByTarget::Counted(counts) => {
                let mut stream = self.stream(Purpose::Connect, target.into());
                self.partners(pool, counts[target as usize], &mut stream, scratch);
            }
            ByTarget::Indegree(law) => {
                let mut stream = self.stream(Purpose::Connect, target.into());
                let count = self.degree(law, &pool, target, &mut stream, "target")?;
                self.partners(pool, count, &mut stream, scratch);
            }
        }
        Ok(())
    }

    /// Puts the targets of a source into `scratch.drawn`, for a drawn out-degree.
    pub fn targets_of(
        &self,
        law: &Sampler<'_>,
        source: u32,
        scratch: &mut Scratch,
    ) -> Result<(), Met> {
        scratch.drawn.clear();
        let pool = Pool::new(self.targets, excluded(self.projection, source));
        let mut stream = self.stream(Purpose::Connect, source.into());
        let count = self.degree(law, &pool, source, &mut stream, "source")?;
        self.partners(pool, count, &mut stream, scratch);
        Ok(())
    }

    fn partners(&self, pool: Pool, count: u32, stream: &mut Stream, scratch: &mut Scratch) {
        let Scratch { drawn, marks } = scratch;
        if self.projection.multapses {
            pool.with_repetition(count, stream, drawn);
        } else {
            pool.distinct(count, stream, marks, drawn);
        }
    }

    fn degree(
        &self,
        law: &Sampler<'_>,
        pool: &Pool,
        neuron: u32,
        stream: &mut Stream,
        role: &str,
    ) -> Result<u32, Met> {
        let value = law.next(neuron, stream);
        let met =
            |what| Met { place: Place::Projection(self.index), order: (neuron.into(), 0), what };
        let Some(count) = degree(value) else {
            return Err(met(format!(
                "{role} {neuron} draws a degree of {value}; allowed is 0 to {}",
                u32::MAX
            )));
        };
        most_partners(pool, self.projection.multapses, count)
            .map_err(|what| met(format!("{role} {neuron} {what}")))?;
        Ok(count)
    }
}

/// The neuron that may not be a partner of `neuron`.
fn excluded(projection: &Projection, neuron: u32) -> Option<u32> {
    let is_excluded = !projection.autapses && projection.source == projection.target;
    is_excluded.then_some(neuron)
}

/// The neurons that may be sources of `target`.
pub(super) fn source_pool(projection: &Projection, sources: u32, target: u32) -> Pool {
    Pool::new(sources, excluded(projection, target))
}

/// Whether a neuron may have `count` partners of a pool; if not, why not.
pub(super) fn most_partners(pool: &Pool, multapses: bool, count: u32) -> Result<(), String> {
    let len = pool.len();
    if multapses && len == 0 && count > 0 {
        return Err(format!("needs {count} partners, but without autapses there are none"));
    }
    if !multapses && count > len {
        return Err(format!("needs {count} different partners, but there are only {len}"));
    }
    Ok(())
}
