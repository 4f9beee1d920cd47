//! The lane of dendrites: networks of neurons that teach, brought through a slice in order of time.
//!
//! The neurons of a population are an [`Ensemble`], and the synapses of a source are taken by row (see
//! [`super::by_row`]): a spike that reaches fifty neurons at one tick is one event, whose three loops go over
//! columns. Cells would have asked each of the fifty on its own, sorted its inputs and looked for its next
//! spike after each.
//!
//! In a slice the events are gone through by time; of one tick, what schedules set comes first, then
//! background input, then spikes by source. Before the first event at or behind the end of an epoch the epoch
//! ends; a sample is taken before the first event behind its tick. Proposals of spikes depend on nothing
//! that arrives, so a neuron's are looked at when it is met again and at the end of the slice. Inside a slice
//! neurons do not hear of one another.
//!
//! State moves when a neuron is met, which is at its own events and at ends of epochs, so all is a function
//! of the scenario alone: no slice, shard or sample can be seen in it.

use super::by_row::Event;
use super::flight::Flight;
use super::group::Probe;
use super::points::{ByTime, Timed};
use crate::base::digest::Digest;
use crate::base::saved::saved;
use crate::base::{Decay, Resolution, Span, Tick};
use crate::network::{Network, NeuronPlan};
use crate::neuron::cell::NEVER;
use crate::neuron::ensemble::{Ensemble, Moment, assemble, is_offered};
use crate::neuron::lesson::epoch;
use crate::neuron::{Dynamics, Visitor, dispatch, receptor};
use crate::plasticity::heeds;
use crate::scenario::{Connect, DelayOf, Model, Projection, Scenario};

impl Timed for Event {
    #[inline]
    fn offset(&self) -> u32 {
        self.offset
    }
}

/// Whether the network can be run so: its neurons teach, with one time constant, and offer ensembles; something heeds them; and
/// each source has one delay on each projection that has a table of its own. This follows from laws, not
/// from draws.
pub fn suits(scenario: &Scenario, network: &Network) -> bool {
    let teachers = scenario.teachers.iter();
    let set: Vec<f64> =
        teachers.flat_map(|teacher| [teacher.on_mv, teacher.off_mv, teacher.clamp_mv]).collect();
    let taus: Option<Vec<f64>> = (0..scenario.populations.len())
        .filter(|&p| matches!(scenario.populations[p].model, Model::Neuron { .. }))
        .filter_map(|population| {
            let Model::Neuron { descriptor, .. } = scenario.populations[population].model else {
                return None;
            };
            let plans = || network.shards.iter().map(|shard| &shard.neurons[population]);
            let parameters = plans().map(parameters_of).find(|p| p.is_some())??;
            // Only models that teach are asked for ensembles: others may need more than these values.
            let Some(tau_ms) = receptor::teaches(descriptor, &parameters) else {
                return Some(None);
            };
            let offered =
                plans().all(|plan| is_offered(descriptor, &parameters, &plan.variables, &set));
            Some(offered.then_some(tau_ms))
        })
        .collect();
    let Some(taus) = taus else { return false };
    let by_row = |projection: &Projection| {
        let plasticity = &projection.plasticity;
        let one_delay =
            projection.delay_of == DelayOf::Source || projection.delay_ms.as_constant().is_some();
        projection.is_fixed()
            || (one_delay
                && !matches!(projection.connect, Connect::Edges(_))
                && plasticity.short_term.is_none()
                && projection.pruning.is_empty()
                && (heeds(plasticity.rule) || plasticity.is_fixed()))
    };
    taus.windows(2).all(|pair| pair[0] == pair[1])
        && scenario.currents.is_empty()
        && scenario.projections.iter().all(by_row)
        && scenario.projections.iter().any(|projection| heeds(projection.plasticity.rule))
}

/// The parameters of a population, which all its neurons share; `None` where none of them lives.
fn parameters_of(plan: &NeuronPlan) -> Option<Vec<f64>> {
    plan.parameters.iter().map(|column| column.first().copied()).collect()
}

/// What is needed to set up the neurons of a shard.
pub struct Setup<'a> {
    /// The scenario, which [`suits`].
    pub scenario: &'a Scenario,
    /// Start values, by population.
    pub plans: &'a [NeuronPlan],
    /// First local neuron of each population, and behind the last one their number.
    pub locals: &'a [u32],
    /// What is to be sampled, by population.
    pub probes: Vec<Vec<Probe>>,
}

/// The neurons of a shard.
pub struct Dendrites {
    /// By population.
    ensembles: Vec<Option<Box<dyn Ensemble>>>,
    locals: Vec<u32>,
    probes: Vec<Vec<Probe>>,
    next_sample: Tick,
    /// What concerns this shard in a slice.
    pub events: ByTime<Event>,
    decay: Decay,
    /// The length of an epoch, and the number of the present one.
    length: Span,
    epoch: u64,
}
saved!(Dendrites { next_sample, epoch; flat ensembles, probes });

/// The ensemble of a population in a shard.
struct Assembling<'a> {
    plan: &'a NeuronPlan,
    count: usize,
    grid: Resolution,
}

impl Visitor for Assembling<'_> {
    type Output = Option<Box<dyn Ensemble>>;

    fn visit<M: Dynamics>(self) -> Self::Output {
        let parameters = parameters_of(self.plan)?;
        let of =
            |column: &Vec<f64>, index: usize| column[if column.len() == 1 { 0 } else { index }];
        let start = |index| self.plan.variables.iter().map(|column| of(column, index)).collect();
        assemble::<M>(&parameters, (0..self.count).map(start), self.grid)
    }
}

impl Setup<'_> {
    /// The neurons; `None` if no neuron that teaches lives here.
    pub fn build(self) -> Option<Dendrites> {
        let Setup { scenario, plans, locals, probes } = self;
        let mut tau = None;
        let mut ensembles = Vec::new();
        for (index, population) in scenario.populations.iter().enumerate() {
            let count = (locals[index + 1] - locals[index]) as usize;
            let mut ensemble = None;
            if let (Model::Neuron { descriptor, .. }, 1..) = (&population.model, count) {
                let plan = &plans[index];
                let parameters = parameters_of(plan)?;
                tau = tau.or(receptor::teaches(descriptor, &parameters));
                let grid = scenario.resolution;
                ensemble = dispatch(descriptor, Assembling { plan, count, grid });
            }
            ensembles.push(ensemble);
        }
        let tau = tau?;
        Some(Dendrites {
            ensembles,
            locals: locals.to_vec(),
            next_sample: next_sample(&probes),
            probes,
            events: ByTime::default(),
            decay: Decay::new(tau),
            length: epoch(tau),
            epoch: 0,
        })
    }
}

impl Dendrites {
    /// Brings all neurons through a slice; what they fire goes to `spikes`: (tick, local neuron).
    pub fn run(
        &mut self,
        start: Tick,
        end: Tick,
        flight: &mut Flight<'_>,
        spikes: &mut Vec<(Tick, u32)>,
    ) {
        let mut events = std::mem::take(&mut self.events);
        events.sorted(end.since(start).0 as u32);
        for events in events.list.chunk_by_mut(|a, b| a.offset == b.offset) {
            let at = Tick(start.0 + u64::from(events[0].offset));
            self.pass_to(at, true, flight);
            let now = self.moment(at);
            if events.len() > 1 {
                flight.in_order(events);
            }
            events.iter().for_each(|event| self.take(event, &now, flight));
        }
        events.list.clear();
        self.events = events;
        self.pass_to(end, false, flight);
        for (ensemble, &first) in self.ensembles.iter_mut().zip(&self.locals) {
            let Some(ensemble) = ensemble else { continue };
            ensemble.fire_until(Tick(end.0 - 1));
            spikes.extend(ensemble.fired().drain(..).map(|(tick, place)| (tick, first + place)));
        }
    }

    #[inline]
    fn take(&mut self, event: &Event, now: &Moment, flight: &mut Flight<'_>) {
        let (population, number) = match event.is_row() {
            true => (flight.target_of(event.kind as usize), event.kind as usize),
            false => (self.locals.partition_point(|&first| first <= event.who) - 1, 0),
        };
        let targets = self.ensembles[population].as_deref_mut();
        let targets = targets.expect("only neurons are reached");
        if event.is_row() {
            flight.arrive_by_row(number, event.who, (now, self.epoch), targets);
        } else {
            let neuron = (event.who - self.locals[population]) as usize;
            targets.put(neuron, event.kind as u8, event.value, now);
        }
    }

    /// A tick of the present epoch.
    #[inline]
    fn moment(&self, at: Tick) -> Moment {
        let faded = self.decay.over(Span(at.0 - self.epoch * self.length.0));
        Moment { at, faded, grown: 1.0 / faded }
    }

    /// Ends the epochs that end before `at`, or, if it is `included`, at it; takes the samples that are due
    /// before it.
    #[inline]
    fn pass_to(&mut self, at: Tick, included: bool, flight: &mut Flight<'_>) {
        loop {
            let end = Tick((self.epoch + 1) * self.length.0);
            let ends = end < at || (included && end == at);
            if self.next_sample < at && (self.next_sample < end || !ends) {
                self.sample();
            } else if ends {
                self.end_epoch(end, flight);
            } else {
                return;
            }
        }
    }

    #[inline(never)]
    fn end_epoch(&mut self, end: Tick, flight: &mut Flight<'_>) {
        let now = self.moment(end);
        self.tell(&now, false, flight);
        self.ensembles.iter_mut().flatten().for_each(|ensemble| ensemble.end_epoch(&now));
        self.epoch += 1;
    }

    /// Brings all neurons to a moment, and has them tell all synapses.
    fn tell(&mut self, now: &Moment, goes_on: bool, flight: &mut Flight<'_>) {
        for ensemble in self.ensembles.iter_mut().flatten() {
            ensemble.meet(0..ensemble.len(), now);
        }
        for (population, ensemble) in self.ensembles.iter().enumerate() {
            let Some(ensemble) = ensemble else { continue };
            let epoch = (self.epoch, self.length.0);
            flight.take_totals(population, epoch, ensemble.totals(), goes_on);
        }
    }

    /// Takes the samples of the next tick at which any is due.
    #[inline(never)]
    fn sample(&mut self) {
        let now = self.moment(self.next_sample);
        let Dendrites { ensembles, locals, probes, .. } = self;
        for ((probes, ensemble), &first) in probes.iter_mut().zip(ensembles).zip(&*locals) {
            let Some(ensemble) = ensemble else { continue };
            for probe in probes {
                for (place, &neuron) in probe.neurons.iter().enumerate() {
                    if probe.next[place] != now.at || now.at >= probe.end {
                        continue;
                    }
                    let value =
                        |&variable| ensemble.observe((neuron - first) as usize, &now, variable);
                    probe.samples[place].extend(probe.variables.iter().map(value));
                    probe.next[place] = Tick(now.at.0 + probe.interval);
                }
            }
        }
        self.next_sample = next_sample(&self.probes);
    }

    /// The earliest tick at which a neuron may fire.
    pub fn next(&self) -> Option<Tick> {
        let next = self.ensembles.iter().flatten().map(|ensemble| ensemble.next()).min();
        next.filter(|&tick| tick < NEVER)
    }

    /// Ends the run: takes the samples that are still due, and tells all synapses.
    pub fn finish(&mut self, end: Tick, flight: &mut Flight<'_>) {
        self.pass_to(end, true, flight);
        let now = self.moment(end);
        self.tell(&now, true, flight);
    }

    /// Adds the exact state of a population's neurons to a digest.
    pub fn digest(&self, population: usize, digest: &mut Digest) {
        if let Some(ensemble) = &self.ensembles[population] {
            ensemble.digest(digest);
        }
    }

    /// The probes of a population with their samples.
    pub fn probes(&mut self, population: usize) -> Vec<Probe> {
        std::mem::take(&mut self.probes[population])
    }
}

/// The tick of the next sample that any probe takes.
fn next_sample(probes: &[Vec<Probe>]) -> Tick {
    let probes = probes.iter().flatten();
    let nexts = probes.filter_map(|probe| probe.next.first().filter(|&&next| next < probe.end));
    nexts.min().copied().unwrap_or(NEVER)
}
