//! From rules to rows: one table for each shard and source population, and one for each shard and
//! projection whose synapses change.
//!
//! Every pair is generated twice, once to count and once to place (see
//! [`synapse::build`](crate::synapse::build)): drawing again costs less than remembering. Pairs,
//! weights and delays come from separate streams, so neither a law nor the order in which they
//! are drawn changes who is connected to whom.
//!
//! Weights are drawn as doubles and rounded to `f32`; delays are drawn in milliseconds and
//! rounded to the grid. Both streams belong to the target, one draw for each of its synapses in
//! turn; for `fixed_outdegree` and lists of edges each synapse has its own.

use super::connect::{ByTarget, Connector, Rule, Scratch};
use super::draw::{self, MOST_REDRAWS, Sampler, Series};
use super::edges::Residents;
use super::error::{Met, Place};
use super::partition::Partition;
use crate::base::random::{Purpose, Streams};
use crate::base::{Resolution, Span, Tick};
use crate::neuron::receptor::{self, Pulse};
use crate::scenario::{Connect, DelayOf, Edges, Projection, Stepping};
use crate::synapse::build::{Counting, Layout, Placing};
use crate::synapse::{BUCKETED_TARGET_BITS, LONGEST_DELAY, MOST_BUCKETS, Table};
use std::ops::Range;

/// Marks the streams of delays that belong to the sources of a population and to no projection.
const OF_SOURCES: u64 = 1 << 63;

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Holds {
    /// The synapses of a population that never change.
    Static(usize),
    /// The synapses of a projection that stand apart, for one of its pulses.
    Plastic(usize, Pulse),
}

impl Holds {
    fn takes(self, connector: &Connector<'_>) -> bool {
        let projection = connector.projection;
        match self {
            Holds::Static(source) => projection.source == source && projection.is_fixed(),
            Holds::Plastic(index, _) => connector.index == index,
        }
    }
}

/// Builds the table of what ends in `shard`. `connectors` are those of all projections.
pub(super) fn build(
    connectors: &[Connector<'_>],
    partition: &Partition,
    resolution: Resolution,
    holds: Holds,
    shard: u32,
) -> Result<Table, Vec<Met>> {
    let mut scratch = Scratch::default();
    let pulse = match holds {
        Holds::Static(_) => receptor::FIRST,
        Holds::Plastic(_, pulse) => pulse,
    };
    let mut pieces: Vec<Piece<'_>> = connectors
        .iter()
        .filter(|connector| holds.takes(connector))
        .map(|connector| Piece::new(connector, partition, resolution, shard, pulse))
        .collect();
    let source = match holds {
        Holds::Static(source) => source,
        Holds::Plastic(index, _) => connectors[index].projection.source,
    };
    let mut counting = Counting::new(partition.population(source).len() as u32);
    let mut met = Vec::new();
    pieces.retain(|piece| {
        let counted = piece.count(&mut counting, &mut scratch);
        counted.map_err(|problem| met.push(problem)).is_ok()
    });
    let projections = pieces.iter().map(|piece| piece.connector.projection);
    let layout = match holds {
        Holds::Static(_) => layout(projections, resolution, partition.neurons()),
        // What is learned stands beside the rows, so these have one form.
        Holds::Plastic(..) => Layout::OwnDelay,
    };
    let mut placing = counting.place(layout);
    for piece in &pieces {
        met.extend(piece.place(&mut placing, &mut scratch).err());
    }
    if !met.is_empty() {
        return Err(met);
    }
    let table = placing.finish();
    match holds {
        Holds::Plastic(index, _) => {
            let projection = connectors[index].projection;
            let residents = Residents::new(partition, shard);
            check_learning(projection, index, partition, &residents, &table).map(|()| table)
        }
        Holds::Static(_) => Ok(table),
    }
}

/// Whether the rule of a projection accepts the weights that were drawn, and the division of the
/// delay the delays. Laws were checked before; this is about draws and rounding.
fn check_learning(
    projection: &Projection,
    index: usize,
    partition: &Partition,
    residents: &Residents,
    table: &Table,
) -> Result<(), Vec<Met>> {
    let met = |position: usize, what: String| {
        let row = table.offsets.partition_point(|&start| start <= position as u64) - 1;
        let source = partition.population(projection.source).start + row as u32;
        let target = residents.neuron(table.synapses.at(position).0).0;
        let place = Place::Projection(index);
        vec![Met { place, order: (source.into(), target.into()), what }]
    };
    let count = 0..table.synapses.len();
    let mut weights = count.clone().map(|position| f64::from(table.synapses.at(position).1));
    if let Some((position, what)) = projection.plasticity.refuse(&mut weights) {
        return Err(met(position, what));
    }
    let dendritic = projection.plasticity.dendritic;
    let mut delays = count.map(|position| table.synapses.at(position).2);
    match delays.position(|delay| dendritic.path(delay).is_none()) {
        Some(position) => {
            let delay = table.synapses.at(position).2;
            let what = format!("a delay of {delay} is shorter than its dendritic part");
            Err(met(position, what))
        }
        None => Ok(()),
    }
}

/// The narrowest layout for the synapses of these projections, by their laws alone, in a network
/// of so many neurons.
pub(super) fn layout<'a>(
    projections: impl Iterator<Item = &'a Projection> + Clone,
    resolution: Resolution,
    neurons: u32,
) -> Layout {
    let mut all = Vec::new();
    for projection in projections.clone() {
        let Some(delays) = possible_delays(projection, resolution) else {
            return Layout::OwnDelay;
        };
        all.extend(delays);
        all.sort_unstable();
        all.dedup();
        if all.len() > MOST_BUCKETS {
            return Layout::OwnDelay;
        }
    }
    let &[only] = all.as_slice() else {
        let fits = neurons <= 1 << BUCKETED_TARGET_BITS;
        return if fits { Layout::Bucketed(all) } else { Layout::OwnDelay };
    };
    let delay = Span(only.into());
    let mut weights = projections.map(shared_weight);
    match weights.next().flatten() {
        Some(first) if weights.all(|other| other == Some(first)) => Layout::Alike(delay, first),
        _ => Layout::OneDelay(delay),
    }
}

/// The weight that all synapses of a projection have by their law.
fn shared_weight(projection: &Projection) -> Option<f32> {
    if let Connect::Edges(Edges { weight: Some(_), .. }) = &projection.connect {
        return None;
    }
    match Sampler::new(&projection.weight) {
        Sampler::Constant(weight) => weight_as_stored(weight).ok(),
        Sampler::Drawn(_) => None,
    }
}

/// Whether the synapses of a projection have one delay, by their law.
pub(super) fn has_one_delay(projection: &Projection, resolution: Resolution) -> bool {
    possible_delays(projection, resolution).is_some_and(|delays| delays.len() == 1)
}

/// All delays in ticks that the synapses of a projection can have, if they are few.
fn possible_delays(projection: &Projection, resolution: Resolution) -> Option<Vec<u32>> {
    let few = |mut delays: Vec<u32>| {
        delays.sort_unstable();
        delays.dedup();
        (delays.len() <= MOST_BUCKETS).then_some(delays)
    };
    if let Connect::Edges(Edges { delay: Some(delays), .. }) = &projection.connect {
        return few(delays.iter().map(|delay| delay.0 as u32).collect());
    }
    let (low, high) = draw::support(&projection.delay_ms);
    if let Some(step) = projection.delay_ms.step {
        return few(multiples(step, low, high, resolution)?);
    }
    let low = delay_on_grid(low, resolution).ok()?.0;
    let high = delay_on_grid(high, resolution).ok()?.0;
    let step = resolution.span().0;
    if (high - low) / step >= MOST_BUCKETS as u64 {
        return None;
    }
    Some((low..=high).step_by(step as usize).map(|delay| delay as u32).collect())
}

/// The multiples of a step between two delays, and these two, in ticks, if they are few.
fn multiples(step_ms: f64, low: f64, high: f64, resolution: Resolution) -> Option<Vec<u32>> {
    let (first, last) = ((low / step_ms).floor(), (high / step_ms).ceil());
    let number = last - first;
    if number.is_nan() || number >= 2.0 * MOST_BUCKETS as f64 {
        return None;
    }
    let stepping = Stepping::new(step_ms);
    let of = |number: usize| stepping.multiple(first + number as f64);
    let inside = (0..=number as usize).map(of).filter(|ms| (low..=high).contains(ms));
    let on_grid = |ms: f64| delay_on_grid(ms, resolution).ok().map(|delay| delay.0 as u32);
    inside.chain([low, high]).map(on_grid).collect()
}

/// A delay in milliseconds as it is stored.
#[inline(always)]
pub(super) fn delay_on_grid(ms: f64, resolution: Resolution) -> Result<Span, String> {
    // What is no number lies in no range.
    if (0.0..=LONGEST_DELAY.ms()).contains(&ms)
        && let Some(span) = Span::from_ms(ms)
    {
        // The division by the grid is felt when every synapse draws its delay.
        let delay = if resolution == Resolution::FINEST {
            span.max(Span(1))
        } else {
            resolution.nearest_delay(span)
        };
        if delay <= LONGEST_DELAY {
            return Ok(delay);
        }
    }
    Err(refuse_delay(ms))
}

#[cold]
fn refuse_delay(ms: f64) -> String {
    if ms.is_nan() {
        return misses_bounds("delays");
    }
    format!("delay {ms} ms; allowed is 0 ms to {LONGEST_DELAY} (a law can be given min and max)")
}

/// A weight as it is stored.
#[inline]
pub(super) fn weight_as_stored(value: f64) -> Result<f32, String> {
    let weight = value as f32;
    if weight.is_finite() {
        return Ok(weight);
    }
    Err(if value.is_nan() {
        misses_bounds("weights")
    } else {
        format!("weight {value:?}; allowed are finite numbers up to {:?} in size", f32::MAX)
    })
}

fn misses_bounds(what: &str) -> String {
    format!(
        "the law of the {what} gave no value between min and max in {MOST_REDRAWS} draws; \
         widen the bounds or clip"
    )
}

/// Synapses whose values are drawn before they are placed.
const DRAWN_AT_ONCE: usize = 128;

/// Weights and delays of synapses that are about to be placed.
#[derive(Default)]
struct Drawn {
    values: Vec<f64>,
    weights: Vec<f32>,
    delays: Vec<u32>,
}

impl Drawn {
    fn draw_weights(&mut self, count: usize, series: &mut Series<'_>) -> Result<(), String> {
        let Drawn { values, weights, .. } = self;
        weights.clear();
        if let Some(value) = series.constant() {
            weights.resize(count, weight_as_stored(value)?);
            return Ok(());
        }
        values.resize(count, 0.0);
        series.fill(values);
        weights.extend(values.iter().map(|&value| value as f32));
        match weights.iter().position(|weight| !weight.is_finite()) {
            Some(place) => weight_as_stored(values[place]).map(|_| ()),
            None => Ok(()),
        }
    }

    fn draw_delays(
        &mut self,
        count: usize,
        series: &mut Series<'_>,
        resolution: Resolution,
    ) -> Result<(), String> {
        let Drawn { values, delays, .. } = self;
        delays.clear();
        if let Some(value) = series.constant() {
            delays.resize(count, delay_on_grid(value, resolution)?.0 as u32);
            return Ok(());
        }
        values.resize(count, 0.0);
        series.fill(values);
        for &value in &*values {
            delays.push(delay_on_grid(value, resolution)?.0 as u32);
        }
        Ok(())
    }

    fn values(&self) -> impl Iterator<Item = (&f32, &u32)> {
        self.weights.iter().zip(&self.delays)
    }
}

/// What one projection adds to one table.
struct Piece<'a> {
    connector: &'a Connector<'a>,
    /// The targets that live here, as indices within their population.
    owned: Range<u32>,
    /// The place of the first of them in the shard.
    local_start: u32,
    weight: Sampler<'a>,
    delay: Sampler<'a>,
    resolution: Resolution,
    /// What a pulse makes of the weight, and of the delay.
    factor: f32,
    after: u32,
}

impl<'a> Piece<'a> {
    fn new(
        connector: &'a Connector<'a>,
        partition: &Partition,
        resolution: Resolution,
        shard: u32,
        pulse: Pulse,
    ) -> Piece<'a> {
        let projection = connector.projection;
        let delay = Sampler::new(&projection.delay_ms);
        let after = Span::from_ms(pulse.after_ms).unwrap_or(Span::ZERO);
        Piece {
            connector,
            owned: partition.owned(projection.target, shard),
            local_start: partition.local_start(projection.target, shard),
            weight: Sampler::new(&projection.weight),
            delay,
            resolution,
            factor: pulse.factor as f32,
            after: resolution.nearest(Tick(after.0)).0 as u32,
        }
    }

    fn count(&self, counting: &mut Counting, scratch: &mut Scratch) -> Result<(), Met> {
        match &self.connector.rule {
            Rule::ByTarget(rule) => {
                for target in self.owned.clone() {
                    self.connector.sources_of(rule, target, scratch)?;
                    scratch.drawn.iter().for_each(|&source| counting.add(source));
                }
            }
            Rule::Outdegree(law) => {
                for source in 0..self.connector.sources {
                    self.connector.targets_of(law, source, scratch)?;
                    let here = scratch.drawn.iter().filter(|target| self.owned.contains(target));
                    here.for_each(|_| counting.add(source));
                }
            }
            Rule::Edges(edges) => {
                let pairs = edges.source.iter().zip(&edges.target);
                pairs
                    .filter(|(_, target)| self.owned.contains(target))
                    .for_each(|(&source, _)| counting.add(source));
            }
        }
        Ok(())
    }

    fn place(&self, placing: &mut Placing, scratch: &mut Scratch) -> Result<(), Met> {
        match &self.connector.rule {
            Rule::ByTarget(rule) => self.place_by_target(rule, placing, scratch),
            Rule::Outdegree(law) => self.place_by_source(law, placing, scratch),
            Rule::Edges(edges) => self.place_edges(edges, placing),
        }
    }

    fn place_by_target(
        &self,
        rule: &ByTarget<'_>,
        placing: &mut Placing,
        scratch: &mut Scratch,
    ) -> Result<(), Met> {
        let mut drawn = Drawn::default();
        for target in self.owned.clone() {
            self.connector.sources_of(rule, target, scratch)?;
            let stream = |purpose| self.connector.stream(purpose, target.into());
            let mut weights = self.weight.series(stream(Purpose::Weight));
            let mut delays = self.delay.series(stream(Purpose::Delay));
            let local = self.local(target);
            let met = |what| self.met((target.into(), 0), format!("target {target}: {what}"));
            for sources in scratch.drawn.chunks(DRAWN_AT_ONCE) {
                // Rows lie far apart: they are on their way while values are drawn, and in a loop of
                // their own many writes are under way at once.
                placing.ask_for_cursors(sources);
                drawn.draw_weights(sources.len(), &mut weights).map_err(met)?;
                placing.ask_for_rows(sources);
                if self.connector.projection.delay_of == DelayOf::Source {
                    self.take_delays(sources, &mut drawn.delays)?;
                } else {
                    drawn.draw_delays(sources.len(), &mut delays, self.resolution).map_err(met)?;
                }
                for (&source, (&weight, &delay)) in sources.iter().zip(drawn.values()) {
                    self.add(placing, source, local, weight, delay);
                }
            }
        }
        Ok(())
    }

    /// The delays that these sources have.
    fn take_delays(&self, sources: &[u32], delays: &mut Vec<u32>) -> Result<(), Met> {
        delays.clear();
        for &source in sources {
            delays.push(self.delay_of_source(source).map_err(|what| {
                self.met((source.into(), 0), format!("source {source}: {what}"))
            })?);
        }
        Ok(())
    }

    fn place_by_source(
        &self,
        law: &Sampler<'_>,
        placing: &mut Placing,
        scratch: &mut Scratch,
    ) -> Result<(), Met> {
        // The target above the number of the draw: one number sorts faster than two.
        let mut here: Vec<u64> = Vec::new();
        let Connector { seed, index, projection, .. } = *self.connector;
        let streams = |purpose| Streams::new(seed, purpose, index as u64);
        let streams = [Purpose::Weight, Purpose::Delay].map(streams);
        let (mut weights, mut delays) = (Vec::new(), Vec::new());
        for source in 0..self.connector.sources {
            self.connector.targets_of(law, source, scratch)?;
            let draws = scratch.drawn.iter().zip(0u64..);
            let owned = draws.filter(|(target, _)| self.owned.contains(target));
            here.clear();
            here.extend(owned.map(|(&target, draw)| u64::from(target) << 32 | draw));
            here.sort_unstable();
            // Each synapse has streams of its own.
            let entities =
                || here.iter().map(|&key| u64::from(source) << 32 | key & u64::from(u32::MAX));
            self.weight.once_for_each(streams[0], entities(), &mut weights);
            let of_source =
                (projection.delay_of == DelayOf::Source).then(|| self.delay_of_source(source));
            if of_source.is_none() {
                self.delay.once_for_each(streams[1], entities(), &mut delays);
            }
            for (k, &key) in here.iter().enumerate() {
                let target = (key >> 32) as u32;
                let delay = match &of_source {
                    Some(delay) => delay.clone(),
                    None => delay_on_grid(delays[k], self.resolution).map(|d| d.0 as u32),
                };
                let values = weight_as_stored(weights[k]).and_then(|w| Ok((w, delay?)));
                let (weight, delay) = values.map_err(|what| {
                    let what = format!("source {source}, target {target}: {what}");
                    self.met((source.into(), target.into()), what)
                })?;
                self.add(placing, source, self.local(target), weight, delay);
            }
        }
        Ok(())
    }

    fn place_edges(&self, edges: &Edges, placing: &mut Placing) -> Result<(), Met> {
        let mark = placing.mark();
        for (position, (&source, &target)) in edges.source.iter().zip(&edges.target).enumerate() {
            if !self.owned.contains(&target) {
                continue;
            }
            let (weight, delay) = self.edge_values(edges, position, source).map_err(|what| {
                let what = format!("edge {position} (source {source}, target {target}): {what}");
                self.met((position as u64, 0), what)
            })?;
            self.add(placing, source, self.local(target), weight, delay);
        }
        let multapses = self.connector.projection.multapses;
        if multapses && edges.target.is_sorted() {
            return Ok(());
        }
        match placing.sort_by_target_since(&mark) {
            Some(repeated) if !multapses => {
                let target = repeated.target - self.local_start + self.owned.start;
                let source = repeated.source;
                let what = format!(
                    "source {source} and target {target} are connected more than once, \
                     but multapses = false"
                );
                Err(self.met((source.into(), target.into()), what))
            }
            _ => Ok(()),
        }
    }

    fn edge_values(
        &self,
        edges: &Edges,
        position: usize,
        source: u32,
    ) -> Result<(f32, u32), String> {
        if let (Some(weights), Some(delays)) = (&edges.weight, &edges.delay) {
            return Ok((weights[position], delays[position].0 as u32));
        }
        let entity = position as u64;
        let weight = match &edges.weight {
            Some(weights) => weights[position],
            None => self.weight_alone(entity)?,
        };
        let delay = match &edges.delay {
            Some(delays) => delays[position].0 as u32,
            None => self.delay_alone(entity, source)?,
        };
        Ok((weight, delay))
    }

    fn weight_alone(&self, entity: u64) -> Result<f32, String> {
        let Connector { seed, index, .. } = *self.connector;
        weight_as_stored(self.weight.once(seed, Purpose::Weight, index as u64, entity, 0))
    }

    fn delay_alone(&self, entity: u64, source: u32) -> Result<u32, String> {
        if self.connector.projection.delay_of == DelayOf::Source {
            return self.delay_of_source(source);
        }
        let Connector { seed, index, .. } = *self.connector;
        let ms = self.delay.once(seed, Purpose::Delay, index as u64, entity, 0);
        Ok(delay_on_grid(ms, self.resolution)?.0 as u32)
    }

    /// The delay that a source has in all projections that leave it to the source.
    fn delay_of_source(&self, source: u32) -> Result<u32, String> {
        let Connector { seed, projection, .. } = *self.connector;
        let kind = (projection.receptor as u64) << 32;
        let which = OF_SOURCES | kind | projection.source as u64;
        let ms = self.delay.once(seed, Purpose::Delay, which, source.into(), 0);
        Ok(delay_on_grid(ms, self.resolution)?.0 as u32)
    }

    #[inline]
    fn add(&self, placing: &mut Placing, source: u32, local: u32, weight: f32, delay: u32) {
        placing.add(source, local, weight * self.factor, delay + self.after);
    }

    #[inline]
    fn local(&self, target: u32) -> u32 {
        self.local_start + (target - self.owned.start)
    }

    fn met(&self, order: (u64, u64), what: String) -> Met {
        Met { place: Place::Projection(self.connector.index), order, what }
    }
}
