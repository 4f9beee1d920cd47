//! The two-compartment neuron once more: what its soma and its rate are, from its conductances.

use super::ReferenceNeuron;
use crate::base::math::exp;

/// A dendrite and what acts on the soma.
#[derive(Clone, Debug)]
pub struct Compartments {
    tau: f64,
    /// Full rate in Hz.
    pub rho: f64,
    rest: f64,
    half: f64,
    width: f64,
    leak: f64,
    coupling: f64,
    /// Conductance of an open contact, and its reversal potential: excitatory, inhibitory.
    contacts: [(f64, f64); 2],
    /// Open contacts of both kinds.
    pub open: [f64; 2],
    /// What counts as open at least.
    least: [f64; 2],
    nudging: f64,
    /// How much of phi(u) in the error is told by spikes.
    by_spikes: f64,
    /// Of the soma; zero for one that is where its conductances hold it.
    capacitance: f64,
    /// Where a soma that has one is.
    u: f64,
    /// Potentials that are taught, and clamped; zero for none.
    pub teacher: f64,
    /// See above.
    pub clamp: f64,
    /// The dendrite.
    pub v: f64,
}

impl Compartments {
    /// A neuron with the parameters and start values of its description.
    pub fn new(neuron: &ReferenceNeuron) -> Compartments {
        let d = neuron.descriptor;
        let of = |name: &str| neuron.parameters[d.parameter(name).expect("a parameter")];
        let start = |name: &str| neuron.variables[d.variable(name).expect("a variable")];
        let full = of("rho") * of("t_box") / 1000.0;
        let each = |g: f64| if full > 0.0 { g / full } else { 0.0 };
        let mut new = Compartments {
            tau: of("tau_m"),
            rho: of("rho"),
            rest: of("e_l"),
            half: of("u_half"),
            width: of("u_width"),
            leak: of("g_l"),
            coupling: of("g_d"),
            contacts: [(each(of("g_ex")), of("e_ex")), (each(of("g_in")), of("e_in"))],
            open: [start("n_ex"), start("n_in")],
            least: ["contacts_ex", "contacts_in"].map(|kind| of("floor") * full * start(kind)),
            nudging: of("nudging"),
            by_spikes: of("by_spikes"),
            capacitance: of("c_soma"),
            u: 0.0,
            teacher: start("teacher"),
            clamp: start("clamp"),
            v: start("v_d"),
        };
        new.u = new.held(new.v).0;
        new
    }

    /// The time constant of the dendrite, in ms.
    pub fn tau(&self) -> f64 {
        self.tau
    }

    /// Where the soma is held at a potential of the dendrite, and by which conductance.
    fn held(&self, v: f64) -> (f64, f64) {
        let mut all = vec![(self.leak, self.rest), (self.coupling, v)];
        for ((&open, &least), &(each, reversal)) in
            self.open.iter().zip(&self.least).zip(&self.contacts)
        {
            all.push((each * open.max(least).max(0.0), reversal));
        }
        if self.teacher != 0.0 {
            let strength = self.nudging / (1.0 - self.nudging) * (self.leak + self.coupling);
            all.push((strength, self.teacher));
        }
        let current: f64 = all.iter().map(|(conductance, at)| conductance * at).sum();
        let total = all.iter().map(|(conductance, _)| conductance).sum::<f64>();
        if self.clamp != 0.0 { (self.clamp, total) } else { (current / total, total) }
    }

    /// The soma after `ms`.
    fn soma_after(&self, ms: f64) -> f64 {
        if self.clamp != 0.0 || self.capacitance == 0.0 {
            return self.held(self.dendrite_after(ms)).0;
        }
        // u = rest of the dendrite + a exponential of the dendrite's + one of its own.
        let (at_rest, total) = self.held(self.rest);
        let (own, dendrite) = (total / self.capacitance, 1.0 / self.tau);
        let with_it = (self.held(self.v).0 - at_rest) * own;
        if (own - dendrite).abs() < 1e-6 * own {
            let straight = self.u - at_rest + with_it * ms;
            return at_rest + straight * exp(-own * ms);
        }
        let with_it = with_it / (own - dendrite);
        let rest = self.u - at_rest - with_it;
        at_rest + with_it * exp(-dendrite * ms) + rest * exp(-own * ms)
    }

    /// No step of a quadrature should be longer, in ms.
    pub fn longest_step(&self) -> f64 {
        if self.capacitance == 0.0 {
            return f64::INFINITY;
        }
        0.125 * self.capacitance / self.held(self.v).1
    }

    fn phi(&self, u: f64) -> f64 {
        let x = (u - self.half) / self.width;
        if x < -700.0 { exp(-700.0) } else { 1.0 / (1.0 + exp(-x)) }
    }

    /// The rate in Hz.
    pub fn rate(&self) -> f64 {
        self.rho * self.phi(self.soma_after(0.0))
    }

    /// In Hz: the full rate, or, where the largest potential to come is more than 8 widths below the middle, the
    /// rate at the next quarter of a width above it.
    pub fn ceiling(&self) -> f64 {
        let highest = self.soma_after(0.0).max(self.held(self.v).0).max(self.held(self.rest).0);
        let widths = (highest - self.half) / self.width;
        if widths >= -8.0 {
            return self.rho;
        }
        let quarter = (widths * 4.0).floor() + 1.0;
        self.rho / (1.0 + exp(-quarter.max(-199.0) / 4.0))
    }

    /// phi(u) - phi(v*) after `ms`, without what spikes tell of phi(u).
    pub fn error_after(&self, ms: f64) -> f64 {
        let v = self.dendrite_after(ms);
        let predicted = (self.leak * self.rest + self.coupling * v) / (self.leak + self.coupling);
        (1.0 - self.by_spikes) * self.phi(self.soma_after(ms)) - self.phi(predicted)
    }

    /// The area of a spike in the error, in ms.
    pub fn told_by_spike(&self) -> f64 {
        self.by_spikes * 1000.0 / self.rho
    }

    /// The dendrite after `ms`.
    pub fn dendrite_after(&self, ms: f64) -> f64 {
        self.rest + (self.v - self.rest) * exp(-ms / self.tau)
    }

    /// Moves the state by `ms`.
    pub fn pass(&mut self, ms: f64) {
        (self.u, self.v) = (self.soma_after(ms), self.dendrite_after(ms));
    }

    /// Takes a spike over a synapse of this weight on to the dendrite.
    pub fn receive(&mut self, weight: f64) {
        if self.rho > 0.0 {
            self.v += weight * 1000.0 / (self.rho * self.tau);
        }
    }
}
