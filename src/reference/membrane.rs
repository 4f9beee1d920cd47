//! One neuron of the oracle: what inputs, time and spikes do to it, model by model.

use super::ReferenceNeuron;
use super::adaptive::Triggered;
use super::compartments::Compartments;
use super::controlled::Controlled;
use super::dice::{Dice, Law};
use super::equations::{Current, Leaky, Parabola, alpha_slope};
use super::regulated::Regulator;
use crate::base::Span;
use crate::base::math::exp;

/// A neuron's constants and what changes in it.
#[derive(Clone, Debug)]
pub struct Membrane {
    kind: Kind,
    /// Its potential and synaptic currents. The resting potential in it is without drive; models
    /// without currents leave those at zero, the quadratic one uses the potential alone.
    leaky: Leaky,
    /// What its own spikes trigger; nothing in most models.
    triggered: Triggered,
    /// What sets its gain, where something does; the dice of neurons that fire at random have it.
    regulator: Option<Regulator>,
    /// Where the arrivals of a jumping membrane lead, which tell its controller the drive: in mV.
    heard: f64,
    v_reset: f64,
    v_spike: f64,
    /// A potential that counts as having reached `v_spike` after an arrival.
    v_reached: f64,
    /// Whether a spike arrived at this tick; only the parrot asks.
    arrived: bool,
    /// How long it is refractory after a spike.
    pub t_ref: Span,
    /// How long it fires no spike after a spike, though its membrane moves.
    pub t_silent: Span,
    /// The constant current from the start on, in pA.
    pub i_e: f64,
}

#[derive(Clone, Debug)]
enum Kind {
    Delta,
    Exponential,
    Alpha,
    Generalised,
    Quadratic { v_crit: f64 },
    Parrot,
    Random(Box<Dice>),
}

impl Membrane {
    /// A neuron with the parameters and start values of its description, found by their names.
    pub fn new(neuron: &ReferenceNeuron) -> Membrane {
        let descriptor = neuron.descriptor;
        let optional =
            |name: &str| descriptor.parameter(name).map(|index| neuron.parameters[index]);
        let parameter = |name: &str| {
            optional(name).unwrap_or_else(|| panic!("{} has no {name}", descriptor.name))
        };
        let start =
            |name: &str| descriptor.variable(name).map_or(0.0, |index| neuron.variables[index]);
        let current = |sign: &str| {
            let tau = optional(&format!("tau_syn_{sign}")).unwrap_or(1.0);
            // The descriptor's variable is the slope times the time constant.
            let slope = start(&format!("di_syn_{sign}")) / tau;
            Current { level: start(&format!("i_syn_{sign}")), slope, tau }
        };
        let leaky = Leaky {
            v: start("v_m"),
            rest: optional("e_l").unwrap_or(0.0),
            tau_m: optional("tau_m").unwrap_or(1.0),
            c_m: optional("c_m").unwrap_or(1.0),
            currents: [current("ex"), current("in")],
        };
        let random = |law: Law| Kind::Random(Box::new(Dice::new(law, start("stream"))));
        let list = |name: &str| match descriptor.parameter(name) {
            Some(place) => descriptor.list(&neuron.parameters, place),
            None => &[],
        };
        let regulator = Regulator::new(&optional, &start, list("weights"));
        let kind = match descriptor.name {
            "lif_delta" | "adaptive_lif_delta" | "aru_lif_delta" => Kind::Delta,
            "lif_exp" | "adaptive_lif_exp" | "aru_lif_exp" => Kind::Exponential,
            "lif_alpha" => Kind::Alpha,
            "glif" | "adaptive_glif" | "aru_glif" => Kind::Generalised,
            "qif" => Kind::Quadratic { v_crit: parameter("v_crit") },
            "parrot" => Kind::Parrot,
            "hawkes" => random(Law::Linear {
                tau: parameter("tau"),
                base: start("base"),
                drift: start("drift"),
                own: start("self_weight"),
            }),
            "gamma_rate" => random(Law::Gamma {
                tau: parameter("tau"),
                rho: parameter("rho"),
                base: start("base"),
                drift: start("drift"),
                gain: start("gain").max(0.1),
                saturation: start("saturation").clamp(-0.1, 1.0),
            }),
            "adaptive_gamma_rate" => random(Law::Adaptive {
                tau: parameter("tau"),
                rho: parameter("rho"),
                base: start("base"),
                drift: start("drift"),
                controlled: Controlled::new(&parameter, &start),
            }),
            "aru_gamma_rate" => random(Law::Regulated {
                tau: parameter("tau"),
                rho: parameter("rho"),
                base: start("base"),
                drift: start("drift"),
                tick: parameter("tick"),
                regulator: regulator.clone().expect("it has ticks"),
            }),
            "escape_lif" => random(Law::Escape {
                leaky,
                rho: parameter("rho"),
                theta: parameter("theta"),
                delta_u: parameter("delta_u"),
                saturation: parameter("saturation"),
                v_reset: parameter("v_reset"),
            }),
            "two_compartment" => random(Law::Compartments(Compartments::new(neuron))),
            other => panic!("the reference knows no model {other:?}"),
        };
        let triggered = triggered(neuron, optional("v_keep").unwrap_or(0.0), &list);
        let v_spike = optional("v_th").or(optional("v_peak")).unwrap_or(f64::INFINITY);
        let v_reset = optional("v_reset").unwrap_or(0.0);
        let slack = if matches!(kind, Kind::Delta) { 1.0 / (1u64 << 40) as f64 } else { 0.0 };
        let height = v_spike - leaky.rest;
        let regulator = regulator.filter(|_| !matches!(kind, Kind::Random(_)));
        Membrane {
            heard: if regulator.is_some() { height * start("drift") } else { 0.0 },
            regulator,
            kind,
            leaky,
            triggered,
            v_reset,
            v_spike,
            v_reached: if slack > 0.0 { v_spike - (v_spike - v_reset) * slack } else { v_spike },
            arrived: false,
            t_ref: Span::from_ms(optional("t_ref").unwrap_or(0.0)).expect("t_ref is a span"),
            t_silent: Span::from_ms(optional("t_silent").unwrap_or(0.0)).expect("a span"),
            i_e: optional("i_e").unwrap_or(0.0),
        }
    }

    /// Integrates for `ms` with a constant current of `drive` pA.
    pub fn integrate(&mut self, drive: f64, ms: f64) {
        self.arrived = false;
        self.regulate(drive, ms);
        match &mut self.kind {
            Kind::Delta | Kind::Exponential | Kind::Alpha | Kind::Generalised => {
                let rest = self.leaky.rest;
                let deflection = self.triggered.deflection(&self.leaky, ms);
                self.leaky = Leaky { rest, ..self.driven(drive).from(ms) };
                self.leaky.v += deflection;
                self.triggered = self.triggered.from(ms);
            }
            Kind::Quadratic { .. } => {
                let (parabola, centre) = self.parabola(drive);
                self.leaky.v = centre + parabola.after(self.leaky.v - centre, ms);
            }
            Kind::Parrot => {}
            Kind::Random(dice) => {
                dice.pass(drive, ms);
            }
        }
    }

    /// Lets the controller follow the drive for `ms`, which begin now.
    fn regulate(&mut self, drive: f64, ms: f64) {
        let Some(regulator) = &mut self.regulator else { return };
        let Leaky { rest, tau_m, c_m, currents, .. } = self.leaky;
        let height = self.v_spike - rest;
        let unit = tau_m / c_m / height;
        let part = |level: f64, tau: f64| Current { level, slope: 0.0, tau };
        let mut parts: Vec<Current> =
            currents.iter().map(|i| part(i.level * unit, i.tau)).collect();
        parts.push(part(self.heard / height, tau_m));
        regulator.pass(drive * unit, &parts, ms);
        self.heard *= exp(-ms / tau_m);
    }

    /// Something has happened at this tick: an input, another current, a spike. Returns whether
    /// that alone may have put it at threshold.
    pub fn happens(&mut self) -> bool {
        self.regulator.as_mut().is_some_and(Regulator::happens)
    }

    /// The gain in force.
    fn gain(&self) -> f64 {
        self.regulator.as_ref().map_or(1.0, |regulator| regulator.shape().0)
    }

    /// Where the threshold rests at a gain.
    fn level(&self, gain: f64) -> f64 {
        if self.regulator.is_none() {
            return self.v_spike;
        }
        self.leaky.rest + (self.v_spike - self.leaky.rest) / gain
    }

    /// Stays at the reset potential for `ms`, while synaptic currents decay.
    pub fn hold(&mut self, drive: f64, ms: f64) {
        self.arrived = false;
        self.regulate(drive, ms);
        let v = self.leaky.v;
        self.leaky = Leaky { v, ..self.leaky.from(ms) };
        self.triggered = self.triggered.from(ms);
        if let Kind::Random(dice) = &mut self.kind {
            dice.hold(ms);
        }
    }

    /// Takes a spike over a synapse of this weight.
    pub fn receive(&mut self, weight: f64, refractory: bool) {
        if matches!(self.kind, Kind::Delta) {
            self.heard += weight;
        }
        let current = &mut self.leaky.currents[usize::from(weight < 0.0)];
        match &mut self.kind {
            Kind::Delta | Kind::Quadratic { .. } if refractory => {}
            Kind::Delta | Kind::Quadratic { .. } => self.leaky.v += weight,
            Kind::Exponential | Kind::Generalised => current.level += weight,
            Kind::Alpha => current.slope += alpha_slope(weight, current.tau),
            Kind::Parrot => self.arrived = true,
            Kind::Random(dice) => dice.receive(weight),
        }
    }

    /// Whether an arrival finds or puts it at threshold. Where arrivals do not move the potential,
    /// one that is exactly at threshold has to rise, as between arrivals.
    pub fn is_at_threshold(&self) -> bool {
        match &self.kind {
            Kind::Parrot => self.arrived,
            Kind::Random(dice) => dice.is_due(),
            Kind::Exponential | Kind::Alpha => self.leaky.v > self.level(self.gain()),
            Kind::Generalised => {
                let raised = self.triggered.raised(0.0) / self.gain();
                self.leaky.v > self.level(self.gain()) + raised
            }
            Kind::Delta if self.regulator.is_some() => {
                let slack = (self.v_spike - self.v_reached) / self.gain();
                self.leaky.v >= self.level(self.gain()) - slack
            }
            Kind::Delta | Kind::Quadratic { .. } => self.leaky.v >= self.v_reached,
        }
    }

    /// What its own spike does to it.
    pub fn reset(&mut self) {
        if let Kind::Random(dice) = &mut self.kind {
            dice.reset();
        }
        self.leaky.v = self.v_reset + self.triggered.keep * (self.leaky.v - self.v_reset);
        self.triggered.jump();
        self.arrived = false;
    }

    /// When it first reaches threshold if nothing arrives, not looking further than `end` ms.
    pub fn crossing(&self, drive: f64, end: f64) -> Option<f64> {
        let Some(regulator) = &self.regulator else { return self.crossing_at(1.0, drive, end) };
        let (mut membrane, mut now) = (self.clone(), 0.0);
        let mut left = regulator.left();
        while now < end {
            let found = membrane.crossing_at(membrane.gain(), drive, left.min(end - now));
            if let Some(ms) = found {
                // A tick is a whole time, which no sum may put beyond itself.
                let earlier = if ms == 0.0 { now * 1e-13 } else { 0.0 };
                return Some(now + ms - earlier);
            }
            membrane.integrate(drive, left);
            now += left;
            left = membrane.regulator.as_ref().expect("it stays").left();
        }
        None
    }

    /// The same while the gain is what it is.
    fn crossing_at(&self, gain: f64, drive: f64, end: f64) -> Option<f64> {
        match &self.kind {
            Kind::Parrot => None,
            Kind::Random(dice) => dice.clone().pass(drive, end),
            Kind::Quadratic { .. } if self.leaky.v >= self.v_spike => Some(0.0),
            Kind::Quadratic { .. } => {
                let (parabola, centre) = self.parabola(drive);
                parabola.time(self.leaky.v - centre, self.v_spike - centre)
            }
            Kind::Generalised => {
                let mut seen = self.triggered.clone();
                seen.thresholds.iter_mut().for_each(|threshold| threshold.level /= gain);
                seen.crossing(&self.driven(drive), self.level(gain), end)
            }
            _ => self.driven(drive).crossing(self.level(gain), end),
        }
    }

    fn driven(&self, drive: f64) -> Leaky {
        let rest = self.leaky.rest + drive * self.leaky.tau_m / self.leaky.c_m;
        Leaky { rest, ..self.leaky }
    }

    fn parabola(&self, drive: f64) -> (Parabola, f64) {
        let Kind::Quadratic { v_crit } = self.kind else {
            unreachable!("only the quadratic neuron has a parabola")
        };
        let Leaky { rest, tau_m, c_m, .. } = self.leaky;
        let half = (v_crit - rest) / 2.0;
        let lift = 2.0 * half * drive * tau_m / c_m - half * half;
        (Parabola { pace: 0.5 / (tau_m * half), lift }, rest + half)
    }
}

/// Spike-triggered currents `asc_k` and components of the threshold `th_k`, as many as there are.
/// Their start values stand behind those of all other variables, currents first.
fn triggered<'n>(
    neuron: &ReferenceNeuron,
    keep: f64,
    list: &impl Fn(&str) -> &'n [f64],
) -> Triggered {
    let mut starts = neuron.variables.iter().skip(neuron.descriptor.variables.len());
    let mut decaying = |taus: &[f64]| -> Vec<Current> {
        let mut level = |tau| Current { level: *starts.next().expect("a start"), slope: 0.0, tau };
        taus.iter().map(|&tau| level(tau)).collect()
    };
    Triggered {
        currents: decaying(list("tau_asc")),
        current_jumps: list("asc_jump").to_vec(),
        thresholds: decaying(list("tau_th")),
        threshold_jumps: list("th_jump").to_vec(),
        keep,
    }
}
