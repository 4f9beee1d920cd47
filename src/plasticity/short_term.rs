//! `short_term`: depression and facilitation that depend on the source alone.
//!
//! What a spike releases is a function of its source's train, so it is computed once for each
//! spike ([`Release`]) and shared by all synapses of the row. This is how it can be combined with
//! every rule that changes weights, at no byte for each synapse.

use super::fixed::{Fixed, Weight};
use super::{Arrival, Descriptor, Order, Parameter, Rule, Site, Spike, Stored};
use crate::base::saved::value;
use crate::base::{Span, Tick, Unit, math};
use crate::neuron::Range;

/// The parameters, also those of the table `short_term` beside another rule.
pub const PARAMETERS: &[Parameter] = &[
    Parameter::new("u", Unit::One, 0.5, Range::Positive)
        .doc("share of the available resource that the first spike releases; at most 1"),
    Parameter::new("tau_rec", Unit::Ms, 800.0, Range::Positive)
        .doc("time constant of recovery of the resource"),
    Parameter::new("tau_fac", Unit::Ms, 0.0, Range::NonNegative)
        .doc("time constant of facilitation; 0 for none"),
];

static DESCRIPTOR: Descriptor = Descriptor {
    name: "short_term",
    summary: "short-term depression and facilitation (NEST tsodyks2_synapse)",
    manual: "\
Short-term plasticity after Tsodyks and Markram. Spike number n of a source transmits x_n u_n w:

    u_1 = u            u_{n+1} = u + u_n (1 - u) exp(-h / tau_fac)
    x_1 = 1            x_{n+1} = 1 + (x_n - x_n u_n - 1) exp(-h / tau_rec)

where h is the time between the two spikes. With tau_fac = 0 there is no facilitation, u_n = u.
The weight w does not change; x u lies between 0 and 1. Each synapse sees its source's train
unbroken, so x and u belong to the spike and not to the synapse.

Beside another rule the same parameters stand in a table of their own:

    plasticity = { rule = \"stdp\", w_max = \"1 mV\", short_term = { u = 0.2 } }

The other rule then says what w is. It is not told what was released.

Source: Tsodyks, Pawelzik and Markram 1998, doi 10.1162/089976698300017502; in the form of Maass
and Markram 2002, doi 10.1016/S0893-6080(01)00144-7, equations 4 and 5.",
    parameters: PARAMETERS,
    bytes: 12,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check,
};

/// The conditions on the parameters.
pub fn check(p: &[f64]) -> Vec<(usize, String)> {
    let too_much = p[0] > 1.0;
    too_much.then(|| (0, format!("found {}; a share is at most 1", p[0]))).into_iter().collect()
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Resource {
    u: f64,
    tau_rec_ms: f64,
    tau_fac_ms: f64,
}

/// What one spike of a source releases. Without short-term plasticity it is always everything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Release {
    /// The available resource just before the spike.
    x: f64,
    /// The share of it that the spike uses.
    u: f64,
}
value!(Release { x, u });

impl Release {
    /// The whole weight.
    pub const WHOLE: Release = Release { x: 1.0, u: 1.0 };

    /// The share of the weight that is transmitted.
    #[inline]
    pub fn share(self) -> f64 {
        self.x * self.u
    }
}

impl Resource {
    /// From the values of [`PARAMETERS`].
    pub fn new(p: &[f64]) -> Resource {
        Resource { u: p[0], tau_rec_ms: p[1], tau_fac_ms: p[2] }
    }

    /// What a spike releases, given the one before and the time since.
    pub fn release(&self, last: Option<(Release, Span)>) -> Release {
        let Some((Release { x, u }, since)) = last else { return Release { x: 1.0, u: self.u } };
        let recovery = math::exp(-since.ms() / self.tau_rec_ms);
        let facilitation = match self.tau_fac_ms {
            0.0 => 0.0,
            tau => math::exp(-since.ms() / tau),
        };
        Release {
            x: 1.0 + (x - x * u - 1.0) * recovery,
            u: self.u + u * (1.0 - self.u) * facilitation,
        }
    }
}

/// See the [manual page](Descriptor::manual). The weight is [`Fixed`]; whoever files the spikes of
/// a source computes their release.
pub struct ShortTerm;

impl Rule for ShortTerm {
    type Constants = Resource;
    type Trace = ();
    type Along = ();
    type Fired = ();
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Weight<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Resource {
        Resource::new(p)
    }

    fn resource(c: &Resource) -> Option<&Resource> {
        Some(c)
    }

    fn target(_: &Resource) {}

    fn synapse<W: Stored>(_: &Resource, weight: f64) -> Weight<W> {
        Fixed::synapse(&(), weight)
    }

    fn sent(_: &Resource, _: Option<&Spike<()>>, _: Tick) {}

    fn fired(_: &Resource, _: Option<&Spike<()>>, _: Tick) {}

    #[inline]
    fn on_pre<W: Stored>(_: &mut Site<'_, Self>, s: &mut Weight<W>, _: &Arrival<Self>) -> f64 {
        s.weight.load()
    }

    fn settle<W: Stored>(_: &mut Site<'_, Self>, _: &mut Weight<W>, _: Option<Spike<()>>, _: Tick) {
    }

    fn weight<W: Stored>(_: &Site<'_, Self>, s: &Weight<W>, _: Option<Spike<()>>, _: Tick) -> f64 {
        s.weight.load()
    }

    fn horizon(_: Tick, _: Span) -> Tick {
        Tick::MAX
    }
}
