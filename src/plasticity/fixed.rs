//! `fixed`: synapses that do not change.

use super::{Arrival, Descriptor, Order, Rule, Site, Spike, Stored, unconditional};
use crate::base::Tick;
use crate::base::saved::{Value, value};

static DESCRIPTOR: Descriptor = Descriptor {
    name: "fixed",
    summary: "weights that do not change",
    manual: "\
The weight is what the projection gave it, for ever. A projection without a plasticity rule has
this one; its synapses live in the static store and cost no more than 8 or 12 bytes each.",
    parameters: &[],
    bytes: 12,
    order: Order::BySynapse,
    modulated: false,
    prunes: false,
    check: unconditional,
};

/// See the [manual page](Descriptor::manual).
pub struct Fixed;

/// A weight and nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Weight<W> {
    /// The weight.
    pub weight: W,
}
value!(Weight<W> where [W: Value] { weight });

impl Rule for Fixed {
    type Constants = ();
    type Trace = ();
    type Along = ();
    type Fired = ();
    type Target = ();
    type Shared = ();
    type Synapse<W: Stored> = Weight<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(_: &[f64], _: u64) {}

    fn target(_: &()) {}

    fn synapse<W: Stored>(_: &(), weight: f64) -> Weight<W> {
        Weight { weight: W::store(weight) }
    }

    fn sent(_: &(), _: Option<&Spike<()>>, _: Tick) {}

    fn fired(_: &(), _: Option<&Spike<()>>, _: Tick) {}

    #[inline]
    fn on_pre<W: Stored>(_: &mut Site<'_, Self>, s: &mut Weight<W>, _: &Arrival<Self>) -> f64 {
        s.weight.load()
    }

    fn settle<W: Stored>(_: &mut Site<'_, Self>, _: &mut Weight<W>, _: Option<Spike<()>>, _: Tick) {
    }

    fn weight<W: Stored>(_: &Site<'_, Self>, s: &Weight<W>, _: Option<Spike<()>>, _: Tick) -> f64 {
        s.weight.load()
    }

    fn horizon(_: Tick, _: crate::base::Span) -> Tick {
        Tick::MAX
    }
}
