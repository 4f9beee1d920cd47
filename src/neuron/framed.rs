//! Linear models in growing frames, in which a state stands still between events.
//!
//! A mode that decays as e^(-t / tau) is kept multiplied by e^(t / tau), with t counted from the
//! start of its frame. Between arrivals the product does not change, so a silent neuron is not
//! touched; an arrival adds a number that is the same for all synapses of one weight at one tick.
//! When a frame ends every mode is multiplied by the decay over its length.
//!
//! Where time itself stands before an exponential, t e^(-t / tau), the mode that is multiplied by
//! t is added to the one that is not, for the length of the frame, before both are multiplied.
//!
//! Beside its modes a neuron carries *credit*: by so much more its input may still lift the
//! membrane before anybody has to look at it. Each exciting arrival spends what it could lift at
//! most, so an arrival is an addition and a comparison, with neither a transcendental function
//! nor a bound of its own. Credit is granted by [`Framed::spare`], together with the time for
//! which it holds, and granted anew when it is spent or when that time is over.

use super::Dynamics;
use crate::base::Span;

/// The modes of one neuron and, in the last place, its credit.
pub trait Slot: Copy + Send + Sync + 'static {
    /// All modes zero, no credit.
    const ZERO: Self;

    /// Adds modes and credit of another slot.
    fn add(&mut self, other: &Self);

    /// Takes modes and credit of another slot off again.
    fn subtract(&mut self, other: &Self);

    /// Multiplies each mode by its factor, and leaves the credit alone; whether any mode is left.
    /// One that has become too small to matter becomes zero: denormal numbers are slow.
    fn scale(&mut self, factors: &Self) -> bool;

    /// What is left of the credit; below zero when it is spent.
    fn credit(&self) -> f64;

    /// Grants credit.
    fn set_credit(&mut self, credit: f64);

    /// The modes, without the credit.
    fn modes(&self) -> &[f64];
}

/// Modes of a smaller size are taken for zero.
const NEGLIGIBLE: f64 = 1e-150;

macro_rules! slots {
    ($($(#[$doc:meta])* $name:ident: $width:literal, $bytes:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq)]
            #[repr(C, align($bytes))]
            pub struct $name(pub [f64; $width]);

            impl Slot for $name {
                const ZERO: Self = $name([0.0; $width]);

                #[inline(always)]
                fn add(&mut self, other: &Self) {
                    for place in 0..$width {
                        self.0[place] += other.0[place];
                    }
                }

                #[inline]
                fn subtract(&mut self, other: &Self) {
                    for place in 0..$width {
                        self.0[place] -= other.0[place];
                    }
                }

                #[inline]
                fn scale(&mut self, factors: &Self) -> bool {
                    let mut left = false;
                    for (mode, factor) in self.0.iter_mut().zip(&factors.0).take($width - 1) {
                        *mode *= factor;
                        if mode.abs() < NEGLIGIBLE {
                            *mode = 0.0;
                        }
                        left |= *mode != 0.0;
                    }
                    left
                }

                #[inline(always)]
                fn credit(&self) -> f64 {
                    self.0[$width - 1]
                }

                #[inline(always)]
                fn set_credit(&mut self, credit: f64) {
                    self.0[$width - 1] = credit;
                }

                fn modes(&self) -> &[f64] {
                    &self.0[..$width - 1]
                }
            }
        )+
    };
}

slots! {
    /// One mode and the credit, 16 bytes.
    Pair: 2, 16;
    /// Three modes and the credit, 32 bytes: half of a cache line.
    Quad: 4, 32;
    /// Seven modes and the credit, 64 bytes: a cache line.
    Octet: 8, 64;
}

/// Potentials this little (in mV) beyond threshold are on it, but for rounding.
pub const ROUNDING_MV: f64 = 1e-9;

/// What a neuron can be granted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spare {
    /// Arrivals may lift the membrane by so much, in the unit of the credit.
    pub credit: f64,
    /// If they lift it by less, it stays below threshold for so long, in ms.
    pub quiet_ms: f64,
}

impl Spare {
    /// Nothing can be said cheaply.
    pub const NONE: Spare = Spare { credit: 0.0, quiet_ms: 0.0 };
}

/// Granted times below this (in ms) cost more than solving for the crossing.
pub const SHORTEST_QUIET_MS: f64 = 1e-3;

/// What an arrival that excites nobody takes from the credit: nothing, unless there is none. A
/// neuron without credit is thus looked at after any arrival.
pub const TOKEN: f64 = f64::MIN_POSITIVE;

/// A model whose state is a sum of decaying exponentials, so that it fits into a frame.
pub trait Framed: Dynamics {
    /// The state in the frame.
    type Slot: Slot;
    /// Time constants, tables and couplings: what all neurons of a network share.
    type Frame: Clone + Send + Sync;
    /// The growth of each mode from the start of its frame to one tick.
    type Factors: Copy;
    /// How modes shrink from one frame to the next.
    type Renewal: Clone + Send + Sync;

    /// The parameters, by index, on which the frame depends.
    const FRAME_PARAMETERS: &'static [usize];

    /// The frame; `None` where these constants lose digits in it.
    fn frame(constants: &Self::Constants) -> Option<Self::Frame>;

    /// The shortest time constant, in ms.
    fn shortest_tau_ms(frame: &Self::Frame) -> f64;

    /// The factors so long after the start of the frame.
    fn factors(frame: &Self::Frame, since: Span) -> Self::Factors;

    /// What an arrival of this weight adds to the slot.
    fn kick(frame: &Self::Frame, factors: &Self::Factors, weight: f64) -> Self::Slot;

    /// What an arrival of this weight takes from the credit.
    fn spent(frame: &Self::Frame, weight: f64) -> f64;

    /// The slot of a state, without credit.
    fn freeze(
        frame: &Self::Frame,
        constants: &Self::Constants,
        state: &Self::State,
        drive: f64,
        factors: &Self::Factors,
    ) -> Self::Slot;

    /// The state of a slot.
    fn thaw(
        frame: &Self::Frame,
        constants: &Self::Constants,
        slot: &Self::Slot,
        drive: f64,
        factors: &Self::Factors,
    ) -> Self::State;

    /// The state of a slot whose neuron is refractory: the membrane is held.
    fn thaw_held(
        frame: &Self::Frame,
        constants: &Self::Constants,
        slot: &Self::Slot,
        factors: &Self::Factors,
    ) -> Self::State;

    /// Takes back what rounding has lifted a membrane beyond its threshold. Where input moves only
    /// currents, the potential cannot pass the threshold unseen; one that lies exactly on it can
    /// seem to, because its modes cancel but for their last bits.
    #[inline]
    fn take_back(_: &Self::Constants, _: &mut Self::State) {}

    /// What it takes to bring modes from one frame to the next.
    fn renewal(frame: &Self::Frame, length: Span) -> Self::Renewal;

    /// Brings the modes of a slot from one frame to the next; whether any mode is left.
    fn renew(renewal: &Self::Renewal, slot: &mut Self::Slot) -> bool;

    /// What a neuron in this state can be granted, found without a transcendental function.
    fn spare(constants: &Self::Constants, state: &Self::State, drive: f64) -> Spare;
}

/// What is to be done with a framed model that is known only by its descriptor.
pub trait FramedVisitor {
    /// What the visit gives back.
    type Output;

    /// Is called once, with the model.
    fn visit<M: Framed>(self) -> Self::Output;
}
