//! One neuron of the oracle: what inputs, time and spikes do to it, model by model.

use super::ReferenceNeuron;
use super::dice::Dice;
use super::equations::{Current, Leaky, Parabola, alpha_slope};
use crate::base::Span;

/// A neuron's constants and what changes in it.
#[derive(Clone, Debug)]
pub struct Membrane {
    kind: Kind,
    /// Its potential and synaptic currents. The resting potential in it is without drive; models
    /// without currents leave those at zero, the quadratic one uses the potential alone.
    leaky: Leaky,
    v_reset: f64,
    v_spike: f64,
    /// A potential that counts as having reached `v_spike` after an arrival.
    v_reached: f64,
    /// Whether a spike arrived at this tick; only the parrot asks.
    arrived: bool,
    /// How long it is refractory after a spike.
    pub t_ref: Span,
    /// The constant current from the start on, in pA.
    pub i_e: f64,
}

#[derive(Clone, Debug)]
enum Kind {
    Delta,
    Exponential,
    Alpha,
    Quadratic { v_crit: f64 },
    Parrot,
    Hawkes(Dice),
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
        let kind = match descriptor.name {
            "lif_delta" => Kind::Delta,
            "lif_exp" => Kind::Exponential,
            "lif_alpha" => Kind::Alpha,
            "qif" => Kind::Quadratic { v_crit: parameter("v_crit") },
            "parrot" => Kind::Parrot,
            "hawkes" => Kind::Hawkes(Dice::new(
                parameter("tau"),
                start("base"),
                start("drift"),
                start("stream"),
            )),
            other => panic!("the reference knows no model {other:?}"),
        };
        let current = |sign: &str| {
            let tau = optional(&format!("tau_syn_{sign}")).unwrap_or(1.0);
            // The descriptor's variable is the slope times the time constant.
            let slope = start(&format!("di_syn_{sign}")) / tau;
            Current { level: start(&format!("i_syn_{sign}")), slope, tau }
        };
        let v_spike = optional("v_th").or(optional("v_peak")).unwrap_or(f64::INFINITY);
        let v_reset = optional("v_reset").unwrap_or(0.0);
        let slack = if matches!(kind, Kind::Delta) { 1.0 / (1u64 << 40) as f64 } else { 0.0 };
        Membrane {
            kind,
            leaky: Leaky {
                v: start("v_m"),
                rest: optional("e_l").unwrap_or(0.0),
                tau_m: optional("tau_m").unwrap_or(1.0),
                c_m: optional("c_m").unwrap_or(1.0),
                currents: [current("ex"), current("in")],
            },
            v_reset,
            v_spike,
            v_reached: if slack > 0.0 { v_spike - (v_spike - v_reset) * slack } else { v_spike },
            arrived: false,
            t_ref: Span::from_ms(optional("t_ref").unwrap_or(0.0)).expect("t_ref is a span"),
            i_e: optional("i_e").unwrap_or(0.0),
        }
    }

    /// Integrates for `ms` with a constant current of `drive` pA.
    pub fn integrate(&mut self, drive: f64, ms: f64) {
        self.arrived = false;
        match &mut self.kind {
            Kind::Delta | Kind::Exponential | Kind::Alpha => {
                let rest = self.leaky.rest;
                self.leaky = Leaky { rest, ..self.driven(drive).from(ms) };
            }
            Kind::Quadratic { .. } => {
                let (parabola, centre) = self.parabola(drive);
                self.leaky.v = centre + parabola.after(self.leaky.v - centre, ms);
            }
            Kind::Parrot => {}
            Kind::Hawkes(dice) => {
                dice.pass(ms);
            }
        }
    }

    /// Stays at the reset potential for `ms`, while synaptic currents decay.
    pub fn hold(&mut self, ms: f64) {
        self.arrived = false;
        let v = self.leaky.v;
        self.leaky = Leaky { v, ..self.leaky.from(ms) };
    }

    /// Takes a spike over a synapse of this weight.
    pub fn receive(&mut self, weight: f64, refractory: bool) {
        let current = &mut self.leaky.currents[usize::from(weight < 0.0)];
        match &mut self.kind {
            Kind::Delta | Kind::Quadratic { .. } if refractory => {}
            Kind::Delta | Kind::Quadratic { .. } => self.leaky.v += weight,
            Kind::Exponential => current.level += weight,
            Kind::Alpha => current.slope += alpha_slope(weight, current.tau),
            Kind::Parrot => self.arrived = true,
            Kind::Hawkes(dice) => dice.receive(weight),
        }
    }

    /// Whether an arrival finds or puts it at threshold. Where arrivals do not move the potential,
    /// one that is exactly at threshold has to rise, as between arrivals.
    pub fn is_at_threshold(&self) -> bool {
        match &self.kind {
            Kind::Parrot => self.arrived,
            Kind::Hawkes(dice) => dice.is_due(),
            Kind::Exponential | Kind::Alpha => self.leaky.v > self.v_spike,
            Kind::Delta | Kind::Quadratic { .. } => self.leaky.v >= self.v_reached,
        }
    }

    /// What its own spike does to it.
    pub fn reset(&mut self) {
        if let Kind::Hawkes(dice) = &mut self.kind {
            dice.roll();
        }
        self.leaky.v = self.v_reset;
        self.arrived = false;
    }

    /// When it first reaches threshold if nothing arrives, not looking further than `end` ms.
    pub fn crossing(&self, drive: f64, end: f64) -> Option<f64> {
        match &self.kind {
            Kind::Parrot => None,
            Kind::Hawkes(dice) => dice.clone().pass(end),
            Kind::Quadratic { .. } if self.leaky.v >= self.v_spike => Some(0.0),
            Kind::Quadratic { .. } => {
                let (parabola, centre) = self.parabola(drive);
                parabola.time(self.leaky.v - centre, self.v_spike - centre)
            }
            _ => self.driven(drive).crossing(self.v_spike, end),
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
