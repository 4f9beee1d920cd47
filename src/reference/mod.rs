//! The oracle: a slow, plain, eager simulator against which the engine is compared, spike for
//! spike.
//!
//! One queue holds every arrival of every spike from the moment it is sent, one entry a synapse,
//! in the order of the contract; each entry is handled alone. There are no shards, windows,
//! bounds or caches. It shares the base values and the names of parameters with the engine and
//! nothing else: the equations, the search for crossings and the queue are its own.

mod adaptive;
pub mod archive;
mod compartments;
mod controlled;
pub mod dendritic;
mod dice;
mod equations;
mod membrane;
pub mod rates;
mod regulated;
#[cfg(test)]
mod tests;

use crate::base::time::TICKS_PER_MS;
use crate::base::{Resolution, Span, Tick};
use crate::neuron::Descriptor;
use membrane::Membrane;
use std::collections::BTreeMap;

/// A network with everything that reaches it from outside, as plain lists.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The grid of spike times.
    pub resolution: Resolution,
    /// Spikes before this time belong to the run.
    pub duration: Span,
    /// All neurons by number; `None` is a source, which only sends.
    pub neurons: Vec<Option<ReferenceNeuron>>,
    /// All synapses; those of one source in the order of its row: by delay, then projection,
    /// target and draw.
    pub edges: Vec<Edge>,
    /// External spikes (when, to whom, weight), those of one tick and neuron in the order in
    /// which they are folded.
    pub external: Vec<(Tick, u32, f64)>,
    /// Spikes of sources (when, whose).
    pub source_spikes: Vec<(Tick, u32)>,
    /// Changes of the constant current (when, whose, the new total in pA, `i_e` included).
    pub drives: Vec<(Tick, u32, f64)>,
}

/// A neuron at the start of the run.
#[derive(Clone, Debug)]
pub struct ReferenceNeuron {
    /// Its model, for the names of the values below.
    pub descriptor: &'static Descriptor,
    /// Values of the descriptor's parameters, flat (see `neuron::lists`).
    pub parameters: Vec<f64>,
    /// Values of the descriptor's variables.
    pub variables: Vec<f64>,
}

/// One synapse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// Who sends.
    pub source: u32,
    /// Who receives.
    pub target: u32,
    /// In the input unit of the target's model.
    pub weight: f32,
    /// At least one tick.
    pub delay: Span,
}

/// Simulates and returns all spikes before the duration in the order (tick, neuron).
pub fn simulate(problem: &Problem) -> Vec<(Tick, u32)> {
    let mut simulation = Simulation::new(problem);
    while let Some((&Key { tick, target, .. }, _)) = simulation.queue.first_key_value() {
        simulation.handle(tick, target);
    }
    simulation.spikes.sort_unstable();
    simulation.spikes
}

/// The order of events is the order of what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    tick: Tick,
    target: u32,
    class: Class,
    /// The source and the place in its row; for external input the place in the list.
    via: (u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Drive,
    External,
    Synaptic,
    Crossing,
}

/// A neuron with its clock.
#[derive(Clone, Debug)]
struct Body {
    membrane: Membrane,
    /// When the membrane was as it is written down.
    at: Tick,
    /// Its last spike.
    last_spike: Option<Tick>,
    drive: f64,
    predicted: Option<Key>,
}

struct Simulation<'a> {
    problem: &'a Problem,
    end: Tick,
    bodies: Vec<Option<Body>>,
    /// The synapses of each source.
    rows: Vec<Vec<Edge>>,
    /// What is to come: a weight or, for a drive, a current.
    queue: BTreeMap<Key, f64>,
    spikes: Vec<(Tick, u32)>,
}

impl<'a> Simulation<'a> {
    fn new(problem: &'a Problem) -> Self {
        let mut rows = vec![Vec::new(); problem.neurons.len()];
        for &edge in &problem.edges {
            rows[edge.source as usize].push(edge);
        }
        let mut simulation = Simulation {
            problem,
            end: Tick::ZERO + problem.duration,
            bodies: problem.neurons.iter().map(|n| n.as_ref().map(Body::new)).collect(),
            rows,
            queue: BTreeMap::new(),
            spikes: Vec::new(),
        };
        for (inputs, class) in
            [(&problem.drives, Class::Drive), (&problem.external, Class::External)]
        {
            for (place, &(tick, target, value)) in inputs.iter().enumerate() {
                simulation.push(Key { tick, target, class, via: (0, place as u32) }, value);
            }
        }
        for &(tick, source) in &problem.source_spikes {
            simulation.send(tick, source);
        }
        for neuron in 0..problem.neurons.len() as u32 {
            simulation.predict(neuron);
        }
        simulation
    }

    fn push(&mut self, key: Key, value: f64) {
        if key.tick < self.end {
            let before = self.queue.insert(key, value);
            assert!(before.is_none(), "two events with one name: {key:?}");
        }
    }

    /// Writes a spike down and sends it along every synapse.
    fn send(&mut self, tick: Tick, source: u32) {
        if tick >= self.end {
            return;
        }
        self.spikes.push((tick, source));
        for (place, edge) in self.rows[source as usize].clone().into_iter().enumerate() {
            assert!(edge.delay > Span::ZERO, "nothing arrives at the tick at which it is sent");
            let via = (source, place as u32);
            let (tick, target) = (tick + edge.delay, edge.target);
            let key = Key { tick, target, class: Class::Synaptic, via };
            self.push(key, f64::from(edge.weight));
        }
    }

    /// Handles everything that happens to one neuron at one tick: folds all inputs, then tests
    /// the threshold once.
    fn handle(&mut self, tick: Tick, target: u32) {
        let body = self.bodies[target as usize].as_mut().expect("nothing reaches a source");
        body.advance(tick);
        let refractory = body.is_refractory(tick);
        let mut crossed = false;
        // A change of the drive moves no state: only an arrival can put it over threshold, or
        // a gain that is set anew.
        let mut arrived = false;
        while let Some(entry) = self.queue.first_entry() {
            let key = *entry.key();
            if (key.tick, key.target) != (tick, target) {
                break;
            }
            let value = entry.remove();
            match key.class {
                Class::Drive => body.drive = value,
                Class::External | Class::Synaptic => {
                    body.membrane.receive(value, refractory);
                    arrived = true;
                }
                Class::Crossing => crossed = true,
            }
        }
        let regained = body.membrane.happens();
        let may_fire = !refractory && !body.is_silent(tick);
        if crossed || ((arrived || regained) && may_fire && body.membrane.is_at_threshold()) {
            body.membrane.reset();
            body.last_spike = Some(tick);
            self.send(tick, target);
        }
        self.predict(target);
    }

    /// Replaces what was foreseen for a neuron by what is to be foreseen now.
    fn predict(&mut self, neuron: u32) {
        let Some(body) = self.bodies[neuron as usize].as_mut() else { return };
        if let Some(old) = body.predicted.take() {
            self.queue.remove(&old);
        }
        let Some(tick) = body.next_crossing(self.problem.resolution, self.end) else { return };
        let key = Key { tick, target: neuron, class: Class::Crossing, via: (neuron, 0) };
        body.predicted = Some(key);
        self.push(key, 0.0);
    }
}

impl Body {
    fn new(neuron: &ReferenceNeuron) -> Body {
        let membrane = Membrane::new(neuron);
        let drive = membrane.i_e;
        Body { membrane, at: Tick::ZERO, last_spike: None, drive, predicted: None }
    }

    /// The end of refractoriness, or the state's own time where that is later.
    fn free_from(&self) -> Tick {
        self.last_spike.map_or(self.at, |spike| self.at.max(spike + self.membrane.t_ref))
    }

    /// Whether input at `tick` finds it refractory: in (spike, spike + t_ref].
    fn is_refractory(&self, tick: Tick) -> bool {
        self.last_spike.is_some_and(|spike| spike < tick && tick <= spike + self.membrane.t_ref)
    }

    /// Whether it may not fire at `tick`, although its membrane moves: in (spike, spike + t_silent].
    fn is_silent(&self, tick: Tick) -> bool {
        self.last_spike.is_some_and(|spike| spike < tick && tick <= spike + self.membrane.t_silent)
    }

    /// Brings the membrane to `tick`: held while refractory, then integrating.
    fn advance(&mut self, tick: Tick) {
        let release = self.free_from().min(tick);
        if release > self.at {
            self.membrane.hold(self.drive, release.since(self.at).ms());
        }
        if tick > release {
            self.membrane.integrate(self.drive, tick.since(release).ms());
        }
        self.at = tick;
    }

    /// The grid point before `end` at which it fires if nothing arrives: the first that is not
    /// before the crossing, and after the moment from which the membrane is free.
    fn next_crossing(&self, grid: Resolution, end: Tick) -> Option<Tick> {
        let mut from = self.free_from();
        let voiced = self.last_spike.map_or(from, |spike| spike + self.membrane.t_silent);
        if from.max(voiced) >= end {
            return None;
        }
        let mut membrane = self.membrane.clone();
        if from > self.at {
            membrane.hold(self.drive, from.since(self.at).ms());
        }
        if voiced > from {
            membrane.integrate(self.drive, voiced.since(from).ms());
            from = voiced;
        }
        let ms = membrane.crossing(self.drive, end.since(from).ms())?;
        let ticks = (ms * TICKS_PER_MS as f64).ceil().clamp(1.0, Tick::MAX.0 as f64);
        let tick = grid.round_up(from + Span(ticks as u64));
        (tick < end).then_some(tick)
    }
}
