//! The song learned with rates instead of spikes, after Kriener et al. 2024 (arXiv 2402.16763) and the
//! authors' code: forward Euler with a step of 0.1 ms, somata of their own time constant, a floor under each
//! contact, everything at its nominal value.
//!
//! It shares nothing with the engine but the mathematics and the generator of random numbers; it is what the
//! spiking version is held against, and what shows the claims that are about rates.

use crate::base::math::{exp, exp_in_loops};
use crate::base::random::{Purpose, Stream};

/// Length of a step in ms.
pub const STEP_MS: f64 = 0.1;
const STEPS_PER_MS: usize = 10;

const G_L: f64 = 0.1;
const G_D: f64 = 2.0;
const REST: f64 = -70.0;
const INHIBITED: f64 = -75.0;
const SLOPE: f64 = 0.3;
const HALF: f64 = -58.0;
const SCAFFOLD_EX: f64 = 0.3;
const SCAFFOLD_IN: f64 = 6.0;
const NUDGING: f64 = 0.6;
/// The past that is remembered, in steps: the longest delay and that of the interneuron.
const PAST: usize = 512;

/// What is simulated.
#[derive(Clone, Debug)]
pub struct RateNetwork {
    /// Neurons that are taught.
    pub visible: usize,
    /// Neurons that are not.
    pub latent: usize,
    /// Which visible neurons are on in each element.
    pub score: Vec<Vec<usize>>,
    /// Length of an element in ms.
    pub element_ms: usize,
    /// Changes of a weight in a step, among visible neurons and elsewhere, in mV.
    pub eta: [f64; 2],
    /// How much later than excitation inhibition comes, in ms.
    pub follow_ms: usize,
    /// Whether there are contacts.
    pub scaffold: bool,
    /// Whether weights on to latent neurons learn.
    pub latents_learn: bool,
    /// Whether latent neurons have dendrites; without, only the scaffold moves them.
    pub latents_have_dendrites: bool,
    /// Of all that is drawn.
    pub seed: u64,
}

/// A network on its way.
pub struct Rates {
    network: RateNetwork,
    count: usize,
    /// By source, then by target.
    weights: Vec<f64>,
    /// Delays in steps, to dendrites and to somata.
    delays: Vec<[usize; 2]>,
    contacts: Vec<(usize, usize)>,
    /// Rates of the last steps, step by step.
    past: Vec<f64>,
    u: Vec<f64>,
    v: Vec<f64>,
    input: Vec<f64>,
    trace: Vec<f64>,
    step: usize,
    /// Potentials that are taught, step by step of a cycle.
    taught: Vec<f64>,
}

fn phi(u: f64) -> f64 {
    1.0 / (1.0 + exp_in_loops((SLOPE * (HALF - u)).clamp(-700.0, 700.0)))
}

impl Rates {
    /// At rest, with everything drawn.
    pub fn new(network: RateNetwork) -> Rates {
        let count = network.visible + network.latent;
        let mut draw = Stream::new(network.seed, Purpose::Connect, 1 << 40, 0);
        let contacts = if network.scaffold { grow(&network, &mut draw) } else { Vec::new() };
        let delay = |draw: &mut Stream| 50 + draw.below(101) as usize;
        let delays = (0..count).map(|_| [delay(&mut draw), delay(&mut draw)]).collect();
        let mut weights = vec![0.0; count * count];
        for source in 0..count {
            for target in (0..count).filter(|&target| target != source) {
                weights[source * count + target] = 0.5 * draw.normal();
            }
        }
        let taught = taught(&network);
        Rates {
            count,
            weights,
            delays,
            contacts,
            past: vec![phi(REST); PAST * count],
            u: vec![REST; count],
            v: vec![REST; count],
            input: vec![0.0; count],
            trace: vec![0.0; count],
            step: 0,
            taught,
            network,
        }
    }

    /// Steps of a cycle.
    fn period(&self) -> usize {
        self.network.score.len() * self.network.element_ms * STEPS_PER_MS
    }

    /// Lets a cycle pass, taught or free; the rates of the visible neurons at the end of each ms.
    pub fn cycle(&mut self, teaches: bool) -> Vec<f64> {
        let mut played = Vec::new();
        for step in 0..self.period() {
            self.advance(teaches.then_some(step));
            if (step + 1) % STEPS_PER_MS == 0 {
                let now = self.step % PAST * self.count;
                played.extend_from_slice(&self.past[now..now + self.network.visible]);
            }
        }
        played
    }

    /// The rates that are taught, at the end of each ms.
    pub fn song(&self) -> Vec<f64> {
        let ends = (0..self.period()).filter(|step| (step + 1) % STEPS_PER_MS == 0);
        let visible = self.network.visible;
        ends.flat_map(|step| (0..visible).map(move |k| phi(self.taught[step * visible + k])))
            .collect()
    }

    fn rate(&self, neuron: usize, steps_ago: usize) -> f64 {
        self.past[(self.step + PAST - steps_ago) % PAST * self.count + neuron]
    }

    /// One step in the order of the authors' code. `taught` is the step of the cycle if there is a teacher.
    fn advance(&mut self, taught: Option<usize>) {
        let (count, visible) = (self.count, self.network.visible);
        let (mut excites, mut inhibits) = (vec![0.0; count], vec![0.0; count]);
        let later = self.network.follow_ms * STEPS_PER_MS;
        for &(source, target) in &self.contacts {
            let delay = self.delays[source][1];
            let floor = phi(REST);
            excites[target] += SCAFFOLD_EX * self.rate(source, delay).max(floor);
            inhibits[target] += SCAFFOLD_IN * self.rate(source, delay + later).max(floor);
        }
        if let Some(step) = taught {
            let strength = NUDGING / (1.0 - NUDGING) * (G_L + G_D);
            for k in 0..visible {
                let goal = self.taught[step * visible + k];
                excites[k] += strength * (INHIBITED - goal) / INHIBITED;
                inhibits[k] += strength * goal / INHIBITED;
            }
        }
        let arriving: Vec<f64> =
            (0..count).map(|source| self.rate(source, self.delays[source][0])).collect();
        let mut errors = vec![0.0; count];
        self.step += 1;
        let now = self.step % PAST * count;
        for k in 0..count {
            let has_dendrite = k < visible || self.network.latents_have_dendrites;
            let coupling = if has_dendrite { G_D } else { 0.0 };
            let (u, v) = (self.u[k], self.v[k]);
            let current = G_L * (REST - u)
                + coupling * (v - u)
                + excites[k] * (0.0 - u)
                + inhibits[k] * (INHIBITED - u);
            self.u[k] = u + STEP_MS * current;
            self.v[k] = v + STEP_MS * G_L * (REST - v + self.input[k]);
            let rate = phi(self.u[k]);
            self.past[now + k] = rate;
            let learns = k < visible || self.network.latents_learn;
            if learns && has_dendrite {
                errors[k] = rate - phi((G_L * REST + G_D * v) / (G_L + G_D));
            }
            let gain = G_D / (G_L + G_D);
            self.trace[k] += STEP_MS * G_L * (gain * arriving[k] - self.trace[k]);
        }
        self.learn(&errors);
    }

    /// Changes all weights, and adds up what they pass on in the next step.
    fn learn(&mut self, errors: &[f64]) {
        let (count, visible) = (self.count, self.network.visible);
        let [slow, fast] = self.network.eta;
        let elsewhere: Vec<f64> = errors.iter().map(|error| fast * error).collect();
        let mut among = elsewhere.clone();
        among[..visible].iter_mut().zip(errors).for_each(|(to, error)| *to = slow * error);
        self.input.fill(0.0);
        for source in 0..count {
            let arrives = self.rate(source, self.delays[source][0]);
            let trace = self.trace[source];
            let changes = if source < visible { &among } else { &elsewhere };
            let row = &mut self.weights[source * count..(source + 1) * count];
            let own = row[source];
            for ((weight, change), input) in row.iter_mut().zip(changes).zip(&mut self.input) {
                *weight += change * trace;
                *input += *weight * arrives;
            }
            // There is no synapse of a neuron on itself.
            self.input[source] -= row[source] * arrives;
            row[source] = own;
        }
    }
}

/// The contacts, (source, target), by the process of development.
fn grow(network: &RateNetwork, draw: &mut Stream) -> Vec<(usize, usize)> {
    const P: f64 = 0.2;
    const Q: f64 = 0.15;
    const P_NONE: f64 = 0.04;
    let count = network.visible + network.latent;
    let mut growing: Vec<usize> = (0..network.visible).collect();
    let (mut reached, mut inputs) = (vec![false; count], vec![0; count]);
    let mut contacts = Vec::new();
    while !growing.is_empty() {
        let source = growing.swap_remove(draw.below(growing.len() as u64) as usize);
        let mut outputs = 0;
        if draw.uniform() >= P_NONE {
            outputs = 1;
            while draw.uniform() < P.powi(outputs) {
                outputs += 1;
            }
        }
        for _ in 0..outputs {
            let target = loop {
                let target = network.visible + draw.below(network.latent as u64) as usize;
                if target != source && draw.uniform() < Q.powi(inputs[target]) {
                    break target;
                }
            };
            contacts.push((source, target));
            inputs[target] += 1;
            if !std::mem::replace(&mut reached[target], true) {
                growing.push(target);
            }
        }
    }
    contacts
}

/// The potentials that are taught in each step of a cycle, neuron by neuron.
fn taught(network: &RateNetwork) -> Vec<f64> {
    let elements = network.score.len();
    let length = network.element_ms as f64;
    let is_on = |element: usize, k: usize| network.score[element % elements].contains(&k);
    let up = |x: f64| REST + 20.0 / (1.0 + exp(-0.7 - x));
    let down = |x: f64| REST + 20.0 / (1.0 + exp(-0.7 + x));
    let mut potentials = Vec::new();
    for element in 0..elements {
        for step in 0..network.element_ms * STEPS_PER_MS {
            let t = step as f64 * STEP_MS;
            for k in 0..network.visible {
                let (before, after) = (is_on(element + elements - 1, k), is_on(element + 1, k));
                potentials.push(if is_on(element, k) {
                    let risen = if after { length * 2.0 / 3.0 } else { length / 2.0 };
                    let falling = if before { length / 3.0 } else { length / 2.0 };
                    if !before && t < risen {
                        up(t)
                    } else if !after && t >= falling {
                        down(t - length)
                    } else {
                        REST + 20.0
                    }
                } else if before && t < length / 3.0 {
                    down(t)
                } else if after && t >= length * 2.0 / 3.0 {
                    up(t - length)
                } else {
                    REST
                });
            }
        }
    }
    potentials
}
