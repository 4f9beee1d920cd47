//! Dendrites that learn to predict their somata, from an archive: each neuron writes down what its error
//! did, and each synapse reads that back at its own arrivals.
//!
//! NEST's node for the rule of Urbanczik and Senn works like this (`urbanczik_archiving_node`): a list of
//! (time, error) for each neuron, which grows with everything that happens to it, and from which a synapse
//! integrates
//!
//! ```text
//! dw/dt = eta e(t) x(t),   tau dx/dt = -x,   x -> x + 1000 / (rho tau) at an arrival
//! with a filter:   dw/dt = D,   tau_delta dD/dt = eta e x - D
//! ```
//!
//! entry by entry, with the trace of its own source. An arrival costs as much as has happened since the last
//! one, and the list is never cut here. That is what the rule `dendritic_prediction` avoids by its
//! accumulator, and why this is its oracle: there is no reference time, no epoch, no total and no
//! table of decays, only weight, pending change and trace of a synapse, in doubles.
//!
//! NEST's entries are one step long, and the error is constant in each. Here an entry lasts until the next
//! event of its neuron, and in between the error is what it is: a sum of exponentials, integrated in closed
//! form, or that of a soma and a dendrite, by adaptive quadrature, whose halves agree to 1e-14 of the integral or
//! to 1e-15 of its length.
//!
//! Moments are those of the rule. At one tick arrivals come first and read what was before; then the
//! neuron may spike, which is an area in its error. Bounds hold at arrivals and, without a filter, at
//! whole multiples of a time that is a part of the law (eight tau for the rule).

use super::compartments::Compartments;
use super::dendritic::{DendriticNetwork, Effect, Set};
use crate::base::math::{exp, exp_mean};
use crate::base::{Span, Tick};

/// What the error of a neuron does from an entry on.
#[derive(Clone, Debug)]
pub enum Course {
    /// The sum of amplitude e^(-rate t), each with its amplitude and its rate in 1/ms.
    Exponentials(Vec<(f64, f64)>),
    /// phi(u) - phi(v*).
    Soma(Box<Compartments>),
}

#[derive(Clone, Debug)]
enum Entry {
    /// Until the next of its kind.
    Course(Course),
    /// A spike tells of the error: an area, in ms.
    Area(f64),
}

/// The past of one neuron. Invariant: the times of entries do not fall.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    entries: Vec<(Tick, Entry)>,
}

impl Archive {
    /// From this tick on the error takes this course.
    pub fn course(&mut self, at: Tick, course: Course) {
        self.append(at, Entry::Course(course));
    }

    /// At this tick the error has an area, in ms; what arrives at the tick comes before.
    pub fn area(&mut self, at: Tick, ms: f64) {
        self.append(at, Entry::Area(ms));
    }

    fn append(&mut self, at: Tick, entry: Entry) {
        assert!(self.entries.last().is_none_or(|last| last.0 <= at), "an entry out of order");
        self.entries.push((at, entry));
    }

    /// The course at a tick, and when it was entered.
    fn at(&self, tick: Tick) -> Option<(Tick, &Course)> {
        let known = self.entries.partition_point(|entry| entry.0 <= tick);
        self.entries[..known].iter().rev().find_map(|(at, entry)| match entry {
            Entry::Course(course) => Some((*at, course)),
            Entry::Area(_) => None,
        })
    }
}

/// How a synapse learns.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Change in one ms at an error of one and a source at its full rate.
    pub eta: f64,
    /// Time constant of the trace, in ms.
    pub tau: f64,
    /// Full rate of the source, in Hz.
    pub rho: f64,
    /// With which changes are filtered, in ms; zero for not.
    pub tau_delta: f64,
    /// The least and the largest weight.
    pub bounds: (f64, f64),
    /// At multiples of this they hold, too, if there is no filter.
    pub bounded_every: Span,
}

/// One synapse.
#[derive(Clone, Copy, Debug)]
pub struct ArchiveSynapse {
    law: Law,
    /// With all that is pending.
    weight: f64,
    pending: f64,
    /// The trace after the last arrival, and when that was.
    last: Option<(f64, Tick)>,
}

impl ArchiveSynapse {
    /// A synapse that nothing has reached.
    pub fn new(law: Law, weight: f64) -> ArchiveSynapse {
        ArchiveSynapse { law, weight, pending: 0.0, last: None }
    }

    /// What is transmitted by a spike that arrives now.
    pub fn arrive(&mut self, archive: &Archive, at: Tick) -> f64 {
        let mut trace = 1000.0 / (self.law.rho * self.law.tau);
        if let Some((before, last)) = self.last {
            self.read(archive, at);
            trace += before * exp(-at.since(last).ms() / self.law.tau);
        }
        self.last = Some((trace, at));
        let transmitted = self.effective();
        if self.law.tau_delta == 0.0 {
            self.weight = transmitted;
        }
        transmitted
    }

    /// What an arrival would find.
    pub fn weight(&self, archive: &Archive, at: Tick) -> f64 {
        let mut copy = *self;
        copy.read(archive, at);
        copy.effective()
    }

    fn effective(&self) -> f64 {
        (self.weight - self.pending).clamp(self.law.bounds.0, self.law.bounds.1)
    }

    /// Reads what was entered from the last arrival up to now, in the order of the entries.
    fn read(&mut self, archive: &Archive, until: Tick) {
        let Some((trace, last)) = self.last else { return };
        let mut course = archive.at(last);
        let mut now = last;
        let first = archive.entries.partition_point(|entry| entry.0 < last);
        for (at, entry) in &archive.entries[first..] {
            // A spike of this tick has not been fired yet, and what else begins now lasts no time.
            if *at >= until {
                break;
            }
            self.pass(course, (now, *at));
            now = *at;
            match entry {
                Entry::Course(next) => course = Some((now, next)),
                Entry::Area(ms) => {
                    let x = trace * exp(-now.since(last).ms() / self.law.tau);
                    self.change(self.law.eta * x * ms, self.law.eta * x * ms);
                }
            }
        }
        self.pass(course, (now, until));
    }

    /// Lets time pass in which the error takes one course.
    fn pass(&mut self, course: Option<(Tick, &Course)>, (mut from, to): (Tick, Tick)) {
        let Law { eta, tau, tau_delta, bounds, bounded_every, .. } = self.law;
        let (trace, last) = self.last.expect("it has a trace");
        while from < to {
            let bounded = Tick((from.0 / bounded_every.0 + 1) * bounded_every.0);
            let stop = if tau_delta > 0.0 { to } else { to.min(bounded) };
            let ms = stop.since(from).ms();
            if tau_delta > 0.0 {
                self.pending *= exp(-ms / tau_delta);
            }
            let x = eta * trace * exp(-from.since(last).ms() / tau);
            if let Some((entered, course)) = course {
                let [all, held] = self.law.integrals(course, from.since(entered).ms(), ms);
                self.change(x * all, x * held);
            }
            if tau_delta == 0.0 && stop == bounded {
                self.weight = self.weight.clamp(bounds.0, bounds.1);
            }
            from = stop;
        }
    }

    /// Changes the weight, and what of it is pending.
    fn change(&mut self, all: f64, held: f64) {
        self.weight += all;
        if self.law.tau_delta > 0.0 {
            self.pending += held;
        }
    }
}

/// Beyond so many time constants of the trace nothing is left of it.
const LASTS: f64 = 70.0;

impl Law {
    /// The integral of e(s) e^(-s / tau) over the next `ms`, and that of the same times what a filter holds
    /// back until their end; the course was entered `after` ms ago.
    fn integrals(&self, course: &Course, after: f64, ms: f64) -> [f64; 2] {
        let held = |rate: f64| match self.tau_delta {
            0.0 => 0.0,
            // e^(-rate s) e^(-(ms - s) / tau_delta) over s, whichever fades faster.
            filter => {
                let (slow, fast) = (rate.min(1.0 / filter), rate.max(1.0 / filter));
                exp(-slow * ms) * ms * exp_mean(-(fast - slow) * ms)
            }
        };
        match course {
            Course::Exponentials(terms) => {
                terms.iter().fold([0.0; 2], |[all, pending], &(amplitude, rate)| {
                    let now = amplitude * exp(-rate * after);
                    let both = rate + 1.0 / self.tau;
                    [all + now * ms * exp_mean(-both * ms), pending + now * held(both)]
                })
            }
            Course::Soma(soma) => {
                let integrand = |s: f64| {
                    let change = soma.error_after(after + s) * exp(-s / self.tau);
                    let later = match self.tau_delta {
                        0.0 => 0.0,
                        filter => change * exp(-(ms - s) / filter),
                    };
                    [change, later]
                };
                integral(integrand, ms.min(LASTS * self.tau), 0.5 * self.tau)
            }
        }
    }
}

/// Nodes and weights of Gauss and Legendre for eight points on (-1, 1), one of each pair.
const GAUSS: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// The integrals of two functions from 0 to `ms`, begun with pieces of at most `longest`.
fn integral(f: impl Fn(f64) -> [f64; 2], ms: f64, longest: f64) -> [f64; 2] {
    let pieces = (ms / longest).ceil().max(1.0);
    let width = ms / pieces;
    (0..pieces as u32).fold([0.0; 2], |sum, piece| {
        let from = f64::from(piece) * width;
        let whole = gauss(&f, from, width);
        add(sum, adaptive(&f, (from, width), whole, 16))
    })
}

/// A piece by its halves, and these again until that changes nothing.
fn adaptive(
    f: &impl Fn(f64) -> [f64; 2],
    (from, width): (f64, f64),
    [whole, size]: [[f64; 2]; 2],
    depth: u32,
) -> [f64; 2] {
    let half = 0.5 * width;
    let halves = [gauss(f, from, half), gauss(f, from + half, half)];
    let sum = add(halves[0][0], halves[1][0]);
    // The error is a difference of two numbers up to one, whose last bits are not chased.
    let good = |k: usize| (sum[k] - whole[k]).abs() <= (1e-14 * size[k]).max(1e-15 * width);
    if depth == 0 || (good(0) && good(1)) {
        return sum;
    }
    let [first, second] = halves;
    add(
        adaptive(f, (from, half), first, depth - 1),
        adaptive(f, (from + half, half), second, depth - 1),
    )
}

/// By eight points: the integrals, and those of the absolute values.
fn gauss(f: &impl Fn(f64) -> [f64; 2], from: f64, width: f64) -> [[f64; 2]; 2] {
    let half = 0.5 * width;
    let mut sums = [[0.0; 2]; 2];
    for (node, share) in GAUSS {
        for sign in [-1.0, 1.0] {
            let values = f(from + half * (1.0 + sign * node));
            for k in 0..2 {
                sums[0][k] += half * share * values[k];
                sums[1][k] += half * share * values[k].abs();
            }
        }
    }
    sums
}

fn add([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a + c, b + d]
}

/// What archives give for a network.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The weight of each contact at the end.
    pub weights: Vec<f64>,
    /// What the arrivals over each contact transmitted.
    pub transmitted: Vec<Vec<f64>>,
}

/// What happens to a neuron, in the order that holds at one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// By its place.
    Set(usize),
    /// By the number of the contact.
    Arrival(usize),
    Spike,
}

/// The weights of a network whose spikes are all known. Each neuron follows from what arrives at it, with the
/// weights that its own archive gives.
pub fn replay(network: &DendriticNetwork, spikes: &[(Tick, u32)]) -> Replayed {
    let mut trains = vec![Vec::new(); network.neurons.len()];
    spikes.iter().for_each(|&(at, neuron)| trains[neuron as usize].push(at));
    let mut replayed = Replayed {
        weights: network.contacts.iter().map(|contact| contact.weight).collect(),
        transmitted: vec![Vec::new(); network.contacts.len()],
    };
    for neuron in 0..network.neurons.len() {
        replay_neuron(network, neuron, &trains, &mut replayed);
    }
    replayed
}

fn replay_neuron(
    network: &DendriticNetwork,
    neuron: usize,
    trains: &[Vec<Tick>],
    replayed: &mut Replayed,
) {
    let end = Tick::ZERO + network.duration;
    let mut state = Compartments::new(&network.neurons[neuron]);
    let mut synapses: Vec<Option<ArchiveSynapse>> = vec![None; network.contacts.len()];
    let mut happenings: Vec<(Tick, Happening)> = Vec::new();
    happenings.extend(trains[neuron].iter().map(|&at| (at, Happening::Spike)));
    let sets = (0..).zip(&network.sets).filter(|(_, set)| set.1 as usize == neuron);
    happenings.extend(sets.map(|(place, set)| (set.0, Happening::Set(place))));
    let contacts = network.contacts.iter().enumerate();
    for (number, contact) in contacts.filter(|(_, contact)| contact.target as usize == neuron) {
        let sent = trains[contact.source as usize].iter();
        happenings.extend(sent.map(|&at| (at + contact.delay, Happening::Arrival(number))));
        if let Effect::Dendrite { eta, tau_delta } = contact.effect {
            let (tau, rho) = (state.tau(), state.rho);
            let bounds = (f64::NEG_INFINITY, f64::INFINITY);
            let law = Law { eta, tau, rho, tau_delta, bounds, bounded_every: network.duration };
            synapses[number] = Some(ArchiveSynapse::new(law, contact.weight));
        }
    }
    happenings.retain(|&(at, _)| at < end);
    happenings.sort_unstable();
    let mut archive = Archive::default();
    archive.course(Tick::ZERO, Course::Soma(Box::new(state.clone())));
    let mut now = Tick::ZERO;
    for (at, what) in happenings {
        state.pass(at.since(now).ms());
        now = at;
        match what {
            Happening::Set(place) => match network.sets[place].2 {
                Set::Teacher(potential) => state.teacher = potential,
                Set::Clamp(potential) => state.clamp = potential,
            },
            Happening::Arrival(number) => match (&mut synapses[number], network.contacts[number]) {
                (Some(synapse), _) => {
                    let weight = synapse.arrive(&archive, at);
                    replayed.transmitted[number].push(weight);
                    state.receive(weight);
                }
                (None, contact) => {
                    let Effect::Open(kind) = contact.effect else { unreachable!("it learns") };
                    state.open[kind] += contact.weight;
                }
            },
            Happening::Spike => {
                let area = state.told_by_spike();
                if area > 0.0 {
                    archive.area(at, area);
                }
                continue;
            }
        }
        archive.course(at, Course::Soma(Box::new(state.clone())));
    }
    for (number, synapse) in (0..).zip(&synapses) {
        if let Some(synapse) = synapse {
            replayed.weights[number] = synapse.weight(&archive, end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(tau_delta: f64) -> Law {
        let bounds = (-10.0, 10.0);
        Law { eta: 0.1, tau: 8.0, rho: 100.0, tau_delta, bounds, bounded_every: Span(64_000_000) }
    }

    /// Quadrature of a fast exponential and a slow one, with the filter, is what the closed form says.
    #[test]
    fn quadrature_is_what_closed_forms_say() {
        for (tau_delta, ms) in [(3.0, 0.01), (8.0, 7.0), (100.0, 300.0), (0.8, 50.0)] {
            let law = law(tau_delta);
            let terms = vec![(0.7, 9.0), (-0.4, 0.02), (0.1, 0.0)];
            let error = |s: f64| terms.iter().map(|(a, rate)| a * exp(-rate * s)).sum::<f64>();
            let integrand = |s: f64| {
                let change = error(2.0 + s) * exp(-s / law.tau);
                [change, change * exp(-(ms - s) / tau_delta)]
            };
            let found = integral(integrand, ms, 4.0);
            let expected = law.integrals(&Course::Exponentials(terms.clone()), 2.0, ms);
            for (a, b) in found.iter().zip(expected) {
                assert!((a / b - 1.0).abs() < 1e-13 || (a - b).abs() < 1e-16, "{a:e} {b:e}");
            }
        }
    }

    /// Two arrivals, an error of one between 5 and 9 ms after the first, and a spike with the second: by hand.
    #[test]
    fn entries_count_while_they_last() {
        let mut archive = Archive::default();
        archive.course(Tick(5_000_000), Course::Exponentials(vec![(1.0, 0.0)]));
        archive.course(Tick(9_000_000), Course::Exponentials(Vec::new()));
        archive.area(Tick(20_000_000), 2.0);
        let mut synapse = ArchiveSynapse::new(law(0.0), 1.0);
        assert_eq!(synapse.arrive(&archive, Tick::ZERO), 1.0);
        let first = 0.1 * 1.25 * 8.0 * (exp(-5.0 / 8.0) - exp(-9.0 / 8.0));
        let found = synapse.arrive(&archive, Tick(20_000_000));
        assert!((found - 1.0 - first).abs() < 1e-15, "{found}");
        // The spike sees both arrivals.
        let second = 0.1 * 1.25 * (1.0 + exp(-20.0 / 8.0)) * 2.0;
        let found = synapse.weight(&archive, Tick(30_000_000));
        assert!((found - 1.0 - first - second).abs() < 1e-15, "{found}");
    }
}
