//! Dendrites that learn to predict their somata, eagerly: whenever anything happens to a neuron, all its
//! weights are brought up to date, by quadrature of dw/dt = eta e(t) x(t) over the time that has passed.
//!
//! There are no epochs, totals, questions or windows; one queue holds every arrival from the moment at which
//! it is sent. Equations, quadrature and queue are its own; the dice and their rule it shares with
//! the rest of the oracle.

use super::ReferenceNeuron;
use super::compartments::Compartments;
use super::dice::{Dice, Law};
use crate::base::math::exp;
use crate::base::{Span, Tick};
use std::collections::BTreeMap;

/// What a contact does to its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect {
    /// It lifts the dendrite, and learns at this rate, in mV per ms.
    Dendrite {
        /// Change in one ms at an error of one and a source at its full rate.
        eta: f64,
        /// With which changes are filtered, in ms; zero for not.
        tau_delta: f64,
    },
    /// It opens (or closes, by its sign) contacts: excitatory 0, inhibitory 1.
    Open(usize),
}

/// One synapse.
#[derive(Clone, Copy, Debug)]
pub struct Contact {
    /// Who sends.
    pub source: u32,
    /// Who receives.
    pub target: u32,
    /// At the start.
    pub weight: f64,
    /// Until it takes effect.
    pub delay: Span,
    /// What it does.
    pub effect: Effect,
}

/// What a schedule sets.
#[derive(Clone, Copy, Debug)]
pub enum Set {
    /// A potential that is taught; zero for none.
    Teacher(f64),
    /// A potential at which the soma is held; zero for none.
    Clamp(f64),
}

/// A network of such neurons.
#[derive(Clone, Debug)]
pub struct DendriticNetwork {
    /// Events before this time belong to the run.
    pub duration: Span,
    /// All neurons.
    pub neurons: Vec<ReferenceNeuron>,
    /// All synapses; of those that reach one neuron at one tick the earlier ones come first.
    pub contacts: Vec<Contact>,
    /// What schedules set.
    pub sets: Vec<(Tick, u32, Set)>,
}

/// The longest step of the quadrature, in ms; its error is of eighth order.
const STEP_MS: f64 = 0.25;

/// Nodes and weights of Gauss and Legendre for four points on (0, 1).
const GAUSS: [(f64, f64); 4] = [
    (0.069_431_844_202_973_71, 0.173_927_422_568_726_93),
    (0.330_009_478_207_571_9, 0.326_072_577_431_273_07),
    (0.669_990_521_792_428_1, 0.326_072_577_431_273_07),
    (0.930_568_155_797_026_3, 0.173_927_422_568_726_93),
];

#[derive(Clone, Copy, Debug)]
enum Event {
    Set(Set),
    Arrival(usize),
    Spike,
}

struct Body {
    dice: Dice,
    at: Tick,
    /// The contacts that it learns by.
    inputs: Vec<usize>,
    predicted: Option<Key>,
}

type Key = (Tick, u32, u8, usize);

struct Simulation<'a> {
    network: &'a DendriticNetwork,
    end: Tick,
    bodies: Vec<Body>,
    outputs: Vec<Vec<usize>>,
    weights: Vec<f64>,
    /// What of each weight is still held back by a filter.
    pending: Vec<f64>,
    /// The smoothed rate of the source of each contact as its target sees it.
    traces: Vec<f64>,
    queue: BTreeMap<Key, Event>,
    spikes: Vec<(Tick, u32)>,
}

/// Simulates and returns all spikes in the order (tick, neuron), and the weights at the end.
pub fn simulate_dendritic(network: &DendriticNetwork) -> (Vec<(Tick, u32)>, Vec<f64>) {
    let mut simulation = Simulation::new(network);
    while let Some((&(tick, target, ..), _)) = simulation.queue.first_key_value() {
        simulation.handle(tick, target);
    }
    for neuron in 0..network.neurons.len() as u32 {
        simulation.advance(neuron, simulation.end);
    }
    simulation.spikes.sort_unstable();
    let weights = simulation.weights.iter().zip(&simulation.pending).map(|(w, held)| w - held);
    (simulation.spikes, weights.collect())
}

impl<'a> Simulation<'a> {
    fn new(network: &'a DendriticNetwork) -> Self {
        let count = network.neurons.len();
        let (mut inputs, mut outputs) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (number, contact) in network.contacts.iter().enumerate() {
            outputs[contact.source as usize].push(number);
            if let Effect::Dendrite { .. } = contact.effect {
                inputs[contact.target as usize].push(number);
            }
        }
        let body = |(neuron, inputs): (&ReferenceNeuron, Vec<usize>)| {
            let stream = neuron.descriptor.variable("stream").expect("it draws");
            let law = Law::Compartments(Compartments::new(neuron));
            let dice = Dice::new(law, neuron.variables[stream]);
            Body { dice, at: Tick::ZERO, inputs, predicted: None }
        };
        let mut simulation = Simulation {
            network,
            end: Tick::ZERO + network.duration,
            bodies: network.neurons.iter().zip(inputs).map(body).collect(),
            outputs,
            weights: network.contacts.iter().map(|contact| contact.weight).collect(),
            pending: vec![0.0; network.contacts.len()],
            traces: vec![0.0; network.contacts.len()],
            queue: BTreeMap::new(),
            spikes: Vec::new(),
        };
        for (place, &(tick, target, set)) in network.sets.iter().enumerate() {
            simulation.push((tick, target, 0, place), Event::Set(set));
        }
        for neuron in 0..count as u32 {
            simulation.predict(neuron);
        }
        simulation
    }

    fn push(&mut self, key: Key, event: Event) {
        if key.0 < self.end {
            // A contact may carry several spikes of one tick only if the source fired twice at once.
            assert!(self.queue.insert(key, event).is_none(), "two events with one name: {key:?}");
        }
    }

    /// Everything that happens to a neuron at a tick, and then its spike, if there is one.
    fn handle(&mut self, tick: Tick, target: u32) {
        self.advance(target, tick);
        let mut fires = self.bodies[target as usize].dice.is_due();
        while let Some(entry) = self.queue.first_entry() {
            let key = *entry.key();
            if (key.0, key.1) != (tick, target) {
                break;
            }
            match entry.remove() {
                Event::Set(set) => {
                    let state = self.state(target);
                    match set {
                        Set::Teacher(potential) => state.teacher = potential,
                        Set::Clamp(potential) => state.clamp = potential,
                    }
                }
                Event::Arrival(number) => self.arrive(number),
                Event::Spike => fires = true,
            }
        }
        if fires {
            self.bodies[target as usize].dice.reset();
            self.tell(target);
            self.spikes.push((tick, target));
            for &number in &self.outputs[target as usize].clone() {
                let Contact { target, delay, .. } = self.network.contacts[number];
                self.push((tick + delay, target, 1, number), Event::Arrival(number));
            }
        }
        self.predict(target);
    }

    fn arrive(&mut self, number: usize) {
        let Contact { target, effect, .. } = self.network.contacts[number];
        let weight = self.weights[number] - self.pending[number];
        match effect {
            Effect::Open(kind) => self.state(target).open[kind] += weight,
            Effect::Dendrite { .. } => {
                let state = self.state(target);
                state.receive(weight);
                self.traces[number] += 1000.0 / (state.rho * state.tau());
            }
        }
    }

    /// A spike may be a part of the error, and then changes all weights on to its neuron at once.
    fn tell(&mut self, neuron: u32) {
        let body = &self.bodies[neuron as usize];
        let area = body.dice.compartments_unchanged().told_by_spike();
        for &number in &body.inputs {
            let Effect::Dendrite { eta, tau_delta } = self.network.contacts[number].effect else {
                continue;
            };
            let change = eta * self.traces[number] * area;
            self.weights[number] += change;
            self.pending[number] += if tau_delta > 0.0 { change } else { 0.0 };
        }
    }

    fn state(&mut self, neuron: u32) -> &mut Compartments {
        self.bodies[neuron as usize].dice.compartments()
    }

    /// Brings a neuron and all weights on to it to a tick.
    fn advance(&mut self, neuron: u32, tick: Tick) {
        let Simulation { bodies, weights, pending, traces, network, .. } = self;
        let body = &mut bodies[neuron as usize];
        let ms = tick.since(body.at).ms();
        let state = body.dice.compartments_unchanged().clone();
        let steps = (ms / STEP_MS.min(state.longest_step())).ceil().max(1.0);
        // The integral of e(s) exp(-s / tau), and that times what a filter holds back of it at the end.
        let errors: Vec<(f64, f64)> = (0..steps as u32)
            .flat_map(|step| GAUSS.map(|(node, share)| (f64::from(step) + node, share)))
            .map(|(place, share)| {
                let s = place * ms / steps;
                (s, share * ms / steps * state.error_after(s) * exp(-s / state.tau()))
            })
            .collect();
        let integral: f64 = errors.iter().map(|(_, error)| error).sum();
        let held = |filter: f64| -> f64 {
            errors.iter().map(|(s, error)| error * exp((s - ms) / filter)).sum()
        };
        let mut known = (0.0, 0.0);
        for &number in &body.inputs {
            let Effect::Dendrite { eta, tau_delta } = network.contacts[number].effect else {
                continue;
            };
            weights[number] += eta * traces[number] * integral;
            if tau_delta > 0.0 {
                if known.0 != tau_delta {
                    known = (tau_delta, held(tau_delta));
                }
                pending[number] *= exp(-ms / tau_delta);
                pending[number] += eta * traces[number] * known.1;
            }
            traces[number] *= exp(-ms / state.tau());
        }
        body.dice.pass(0.0, ms);
        body.at = tick;
    }

    fn predict(&mut self, neuron: u32) {
        let body = &mut self.bodies[neuron as usize];
        if let Some(old) = body.predicted.take() {
            self.queue.remove(&old);
        }
        let left = self.end.since(body.at).ms();
        let Some(ms) = body.dice.clone().pass(0.0, left) else { return };
        let key = (body.at + Span((ms * 1e6).ceil() as u64), neuron, 2, 0);
        body.predicted = Some(key);
        self.push(key, Event::Spike);
    }
}
