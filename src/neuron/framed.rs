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
//! Beside its modes a neuron carries a *limit*, up to which nobody has to look at it, so an arrival is an
//! addition and a comparison, with neither a transcendental function nor a bound of its own. It is granted
//! by [`Framed::grant`], together with the time for which it holds, and granted anew when it is reached
//! or when that time is over. There are two kinds.
//!
//! - A *level*: a sum of modes that bounds all that the membrane will do by itself, so that it stays
//!   below threshold as long as the sum stays below the limit. What inhibition and decay take away is
//!   seen at once. Where the drive alone is below threshold the level is a potential, which in the frame
//!   grows like the membrane's mode; where the drive alone leads to a spike, what is constant is a value
//!   in the frame. A network keeps all of its limits in one of the two ways, see [`Framed::frame`].
//! - *Credit*: each exciting arrival takes off what it could lift the membrane at most. It is for models
//!   whose state no such sum bounds.

use super::Dynamics;
use crate::base::Span;
use crate::base::saved::{Misfit, Reader, Value};

/// The modes of one neuron and, in the last place, its limit.
pub trait Slot: Copy + Value + Send + Sync + 'static {
    /// All modes zero, no credit.
    const ZERO: Self;

    /// Adds what another slot holds.
    fn add(&mut self, other: &Self);

    /// Takes what another slot holds off again.
    fn subtract(&mut self, other: &Self);

    /// Multiplies each mode and the limit by its factor; whether anything is left that will change
    /// again. A mode that has become too small to matter becomes zero: denormal numbers are slow.
    fn scale(&mut self, factors: &Self) -> bool;

    /// The limit.
    fn limit(&self) -> f64;

    /// Grants a limit.
    fn set_limit(&mut self, limit: f64);

    /// The modes, without the limit.
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

            impl Value for $name {
                fn write(&self, to: &mut Vec<u8>) {
                    self.0.write(to);
                }

                fn read(from: &mut Reader<'_>) -> Result<Self, Misfit> {
                    Value::read(from).map($name)
                }
            }

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
                    let (limit, factor) = (&mut self.0[$width - 1], factors.0[$width - 1]);
                    left |= factor != 1.0 && *limit != 0.0 && limit.is_finite();
                    *limit *= factor;
                    left
                }

                #[inline(always)]
                fn limit(&self) -> f64 {
                    self.0[$width - 1]
                }

                #[inline(always)]
                fn set_limit(&mut self, limit: f64) {
                    self.0[$width - 1] = limit;
                }

                fn modes(&self) -> &[f64] {
                    &self.0[..$width - 1]
                }
            }
        )+
    };
}

slots! {
    /// One mode and the limit, 16 bytes.
    Pair: 2, 16;
    /// Three modes and the limit, 32 bytes: half of a cache line.
    Quad: 4, 32;
    /// Seven modes and the limit, 64 bytes: a cache line.
    Octet: 8, 64;
}

/// Potentials this little (in mV) beyond threshold are on it, but for rounding.
pub const ROUNDING_MV: f64 = 1e-9;

/// What a neuron can be granted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grant {
    /// The limit, in the model's own way of keeping it.
    pub limit: f64,
    /// If it is not reached the membrane stays below threshold for so long, in ms.
    pub quiet_ms: f64,
}

/// Credit granted for less time than this (in ms) costs more than solving for the crossing.
pub const SHORTEST_QUIET_MS: f64 = 1e-3;

/// What an arrival that excites nobody takes from credit: nothing, unless there is none. A
/// neuron without credit is thus looked at after any arrival.
pub const TOKEN: f64 = f64::MIN_POSITIVE;

/// Levels are kept this much (in mV) lower than they need to be, beyond what rounding can do.
const LEVEL_MARGIN_MV: f64 = 1e-9;
/// Levels granted for less time than this (in ms) cost more than solving for the crossing.
const SHORTEST_LEVEL_MS: f64 = 0.2;

/// A level for a membrane that is bounded, as long as nothing arrives, by
/// V_inf - `below_mv` e^(-t / tau_m), and whose threshold lies at V_inf - `beyond_mv`.
///
/// Where `beyond_mv` <= 0, V_inf is not beyond threshold, and the level is the threshold. Else the bound
/// would come to threshold after tau_m ln(below / beyond). For a share of that time it does not, if the sum of
/// modes, (below) e^(t / tau_m) in the frame, stays beyond the same share of the way; with
/// `grows` the level is a potential and has to lie where the share of the way ends.
#[inline]
pub fn level(
    below_mv: f64,
    beyond_mv: f64,
    tau_m_ms: f64,
    grows: bool,
    growth: f64,
) -> Option<Grant> {
    let in_frame = |level_mv: f64| if grows { level_mv } else { level_mv * growth };
    if beyond_mv <= 0.0 {
        let limit_mv = -beyond_mv - LEVEL_MARGIN_MV;
        let grant = Grant { limit: in_frame(limit_mv), quiet_ms: f64::INFINITY };
        return (-below_mv < limit_mv).then_some(grant);
    }
    if below_mv <= beyond_mv {
        return None;
    }
    // With q the fourth root of below / beyond, shares of the way are powers of q, and
    // ln q >= 2 (q - 1) / (q + 1).
    let q = (below_mv / beyond_mv).sqrt().sqrt();
    let (quarters, way) = if grows { (2.0, q * q) } else { (3.0, q * q * q) };
    let limit_mv = -beyond_mv * way * (1.0 + 1e-12) - LEVEL_MARGIN_MV;
    let quiet_ms = quarters * 2.0 * (q - 1.0) / (q + 1.0) * tau_m_ms;
    let grant = Grant { limit: in_frame(limit_mv), quiet_ms };
    (quiet_ms >= SHORTEST_LEVEL_MS && -below_mv < limit_mv).then_some(grant)
}

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

    /// The limit of a neuron of which nothing can be said cheaply: any arrival reaches it.
    const NOTHING: f64;

    /// The frame; `None` where these constants lose digits in it, or bounds do not hold. With `grows`
    /// levels are potentials, which is good for neurons that do not fire by themselves; without it they
    /// are values in the frame. Both are correct for all neurons.
    fn frame(constants: &Self::Constants, grows: bool) -> Option<Self::Frame>;

    /// Whether neurons that start like this may be run in the frame.
    fn admits(_variables: &[f64]) -> bool {
        true
    }

    /// Whether a neuron with this current fires without any input.
    fn fires_by_itself(constants: &Self::Constants, drive: f64) -> bool;

    /// The shortest time constant, in ms.
    fn shortest_tau_ms(frame: &Self::Frame) -> f64;

    /// The factors so long after the start of the frame.
    fn factors(frame: &Self::Frame, since: Span) -> Self::Factors;

    /// What an arrival of this weight adds to the slot.
    fn kick(frame: &Self::Frame, factors: &Self::Factors, weight: f64) -> Self::Slot;

    /// Adds an arrival to a slot; whether the limit is reached.
    fn arrive(slot: &mut Self::Slot, kick: &Self::Slot, factors: &Self::Factors) -> bool;

    /// Whether the limit is reached.
    fn is_reached(slot: &Self::Slot, factors: &Self::Factors) -> bool;

    /// The slot of a state, without a limit.
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

    /// What a neuron in this state can be granted, found without solving for its crossing; `None` if that
    /// is not worth it.
    fn grant(
        frame: &Self::Frame,
        constants: &Self::Constants,
        state: &Self::State,
        drive: f64,
        factors: &Self::Factors,
    ) -> Option<Grant>;
}

/// What is to be done with a framed model that is known only by its descriptor.
pub trait FramedVisitor {
    /// What the visit gives back.
    type Output;

    /// Is called once, with the model.
    fn visit<M: Framed>(self) -> Self::Output;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;
    use crate::base::random::{Purpose, Stream};
    use crate::neuron::lif_delta::LifDelta;
    use crate::neuron::lif_exp::LifExp;

    /// The time after which, in ms, a grant that is good for ever is no longer tried.
    const LONGEST_MS: f64 = 60.0;

    /// What happened in one trial.
    #[derive(Default)]
    struct Tally {
        held: u32,
        reached: u32,
    }

    /// Arrivals of both signs, at random times, until one reaches the level or time is over: the
    /// membrane must not pass its threshold before, looked for densely.
    fn try_level<M: Framed>(
        constants: &M::Constants,
        start: &[f64],
        (drive, grows): (f64, bool),
        (v_th_mv, weight): (f64, f64),
        random: &mut Stream,
        tally: &mut Tally,
    ) {
        let frame = M::frame(constants, grows).expect("the parameters have a frame");
        let mut state = M::initial(constants, start);
        let mut since = random.below(20_000_000);
        let factors = |since| M::factors(&frame, Span(since));
        let Some(grant) = M::grant(&frame, constants, &state, drive, &factors(since)) else {
            return;
        };
        let mut slot = M::freeze(&frame, constants, &state, drive, &factors(since));
        slot.set_limit(grant.limit);
        let end = since + (grant.quiet_ms.min(LONGEST_MS) * 1e6) as u64;
        loop {
            let next = (since + random.below(3_000_000)).min(end);
            for _ in 0..50 {
                M::advance(constants, &mut state, drive, Span(next - since).ms() / 50.0);
                let v_mv = M::observe(constants, &state, 0);
                assert!(v_mv < v_th_mv + 1e-11, "{start:?} {drive} {grows} {grant:?}: {v_mv}");
            }
            since = next;
            if since == end {
                tally.held += 1;
                return;
            }
            let sent = weight * (random.uniform() - 0.4);
            M::receive(constants, &mut state, sent);
            let kick = M::kick(&frame, &factors(since), sent);
            if M::arrive(&mut slot, &kick, &factors(since)) {
                tally.reached += 1;
                return;
            }
        }
    }

    fn levels<M: Framed>(parameters: &[f64], currents: bool, weight: f64) {
        let constants = M::constants(parameters);
        let mut random = Stream::new(9, Purpose::Initial, 0, u64::from(currents));
        let mut tally = Tally::default();
        for round in 0..3000 {
            let mut within = |low: f64, high: f64| low + (high - low) * random.uniform();
            let mut start = vec![within(-75.0, -55.0)];
            if currents {
                start.extend([within(0.0, 400.0), within(-400.0, 0.0)]);
            }
            // With 375 pA the drive alone leads exactly to the threshold.
            let drive = if round % 10 == 0 { 375.0 } else { within(-100.0, 700.0) };
            let grows = round % 2 == 0;
            let rest = (-55.0, weight);
            try_level::<M>(&constants, &start, (drive, grows), rest, &mut random, &mut tally);
        }
        let Tally { held, reached } = tally;
        assert!(held > 50 && reached > 50, "{held} {reached}");
    }

    #[test]
    fn below_its_level_no_neuron_fires() {
        levels::<LifDelta>(&[10.0, 250.0, 2.0, -70.0, -70.0, -55.0, 0.0], false, 4.0);
        for (tau_ex, tau_in) in [(2.0, 5.0), (5.0, 0.5), (0.5, 30.0), (8.0, 8.0)] {
            let p = [10.0, 250.0, 2.0, -70.0, -70.0, -55.0, tau_ex, tau_in, 0.0];
            levels::<LifExp>(&p, true, 400.0 / tau_ex);
        }
    }

    #[test]
    fn a_level_needs_a_current_that_is_faster_than_the_membrane() {
        let p = [10.0, 250.0, 2.0, -70.0, -70.0, -55.0, 15.0, 5.0, 0.0];
        assert!(LifExp::frame(&LifExp::constants(&p), false).is_none());
        assert!(LifExp::admits(&[-70.0, 0.0, -1.0]) && !LifExp::admits(&[-70.0, -1.0, 0.0]));
    }
}
