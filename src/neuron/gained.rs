//! A gain that moves, on neurons that fire when they must.
//!
//! With the gain n the neuron fires where n (V - e_l) reaches what the distance from e_l to the
//! threshold is: the membrane as the threshold sees it is n times as large, or the threshold is
//! divided by n. Nothing else about the neuron changes, so its closed form and its search for
//! crossings serve as they are: they are shown the state with V - e_l and all currents multiplied
//! by n. A controller sets n at its ticks, a bank of traces at the neuron's events, too
//! (`ticked.rs`); in between it is a constant.
//!
//! The search for a crossing goes from tick to tick, but only where it must. Whatever n does between
//! two bounds, n (V - e_l) lies between what it is at both, so before either bound as a constant gain
//! makes the neuron fire nothing happens: ticks before that time need not be looked at, and a neuron
//! that fires at neither bound never does. A search that would walk for very long stops at the
//! horizon that it is given, and is taken up again when that time has come.

use super::gamma_rate::Shape;
use super::lif;
use super::ticked::{self, Controller, DRIFTS, Drive, Memory, Rule};
use super::{Descriptor, Dynamics, Visitor};
use crate::base::Span;
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::saved::{Value, value};
use crate::base::time::TICKS_PER_MS;
use std::marker::PhantomData;

pub mod bank;
pub mod network;
#[cfg(test)]
mod tests;

/// A neuron that fires when it must, and can be seen through a gain.
pub trait Gainable: Dynamics {
    /// The state with V - e_l and all currents n times as large.
    fn seen(constants: &Self::Constants, state: &Self::State, n: f64) -> Self::State;

    /// The time constants of the parts of its drive that decay, in ms.
    fn taus_ms(constants: &Self::Constants) -> [f64; DRIFTS];

    /// The drive in units of what leads from e_l to the threshold: what a constant current, and
    /// what spikes lead to. `heard` is kept beside the state, see [`Gainable::heard`].
    fn drive(constants: &Self::Constants, state: &Self::State, heard: f64, current: f64) -> Drive;

    /// Whether arrivals leave nothing in the state that tells the drive, so that their sum, which
    /// decays with the first time constant, is kept beside it.
    const HEARS: bool = false;

    /// What an arrival adds to that sum.
    fn heard(_constants: &Self::Constants, _weight: f64) -> f64 {
        0.0
    }
}

/// A model made of a neuron and a rule for its gain.
pub trait Carried: Send + Sync + 'static {
    /// The neuron; its parameters and variables come first.
    type Neuron: Gainable;
    /// The rule.
    type Rule: Rule;
    /// The same model with a neuron that has more room in its state (see [`Dynamics::choose`]);
    /// itself for most.
    type Larger: Carried;
    /// The data.
    const PAGE: &'static Descriptor;

    /// The rule from what follows `gain` and `tick` among the parameters, flat by itself, and its
    /// memory at the start from what follows `gain` and the sum that is heard among the variables.
    fn rule(parameters: &[f64], taus_ms: [f64; DRIFTS]) -> Self::Rule;

    /// See [`Carried::rule`].
    fn memory(variables: &[f64]) -> <Self::Rule as Rule>::Memory;

    /// The values of the rule's variables.
    fn recall(memory: &<Self::Rule as Rule>::Memory, place: usize) -> f64;

    /// How many these are.
    const RECALLED: usize;
}

/// What tells apart the models whose gain one rule sets; the rules ([`bank::Banked`], [`network::Networked`])
/// make the rest of it.
pub trait Page: Send + Sync + 'static {
    /// The neuron.
    type Neuron: Gainable;
    /// See [`Carried::Larger`].
    type Larger: Page;
    /// The data of the model.
    const PAGE: &'static Descriptor;
}

/// More than a sum of times can lose, as a share of it.
const ROUNDING: f64 = 1.0 / (1u64 << 45) as f64;

/// The shortest tick, in ms.
pub const LEAST_TICK_MS: f64 = 1e-3;

/// What holds for the parameters of a model: those of its neuron, then `gain`, `tick` and those of the rule,
/// which `of_rule` checks from its first one on.
fn check_model<P: Page>(
    p: &[f64],
    of_rule: impl Fn(&[f64], usize) -> Vec<(usize, String)>,
) -> Vec<(usize, String)> {
    let neuron = P::Neuron::DESCRIPTOR;
    let gain = neuron.parameters.len();
    let mut problems = (neuron.check)(&P::PAGE.part(p, 0..gain));
    problems.extend(check(p, gain + 1));
    problems.extend(of_rule(p, gain + 2));
    problems
}

/// What holds for all of these models, beside what holds for the neuron: of `tick`; of the distance
/// between e_l and v_th, which is the unit of the drive; and of the reset, which no gain may put above
/// threshold.
pub fn check(p: &[f64], tick: usize) -> Vec<(usize, String)> {
    let mut problems = Vec::new();
    if p[tick] < LEAST_TICK_MS {
        let found = format!("tick ({} ms) must be at least {LEAST_TICK_MS} ms", p[tick]);
        problems.push((tick, found));
    }
    let (reset, rest, threshold) = (p[lif::V_RESET], p[lif::E_L], p[lif::V_TH]);
    if threshold <= rest {
        let found = format!("v_th ({threshold} mV) must lie above e_l ({rest} mV)");
        problems.push((lif::V_TH, found));
    }
    if reset > rest {
        let found = format!("v_reset ({reset} mV) must not lie above e_l ({rest} mV)");
        problems.push((lif::V_RESET, found));
    }
    problems
}

/// See the manual page of the model.
pub struct Gained<P>(PhantomData<P>);

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants<N, R> {
    neuron: N,
    controller: Controller<R>,
    heard_tau_ms: f64,
}

/// The neuron's state, and the controller's.
#[derive(Clone, Copy, Debug)]
pub struct State<S, M> {
    neuron: S,
    heard: f64,
    /// The gain without the controller.
    own: f64,
    memory: Memory<M>,
}
value!(State<S, M> where [S: Value, M: Value] { neuron, heard, own, memory });

type ConstantsOf<P> =
    Constants<<<P as Carried>::Neuron as Dynamics>::Constants, <P as Carried>::Rule>;
type StateOf<P> =
    State<<<P as Carried>::Neuron as Dynamics>::State, <<P as Carried>::Rule as Rule>::Memory>;

/// A gain within its bounds.
fn bounded(gain: f64) -> f64 {
    gain.max(Shape::LEAST_GAIN)
}

impl<P: Carried> Gained<P> {
    /// The parameters of the neuron, which are the first.
    fn of_neuron(p: &[f64]) -> Vec<f64> {
        P::PAGE.part(p, 0..P::Neuron::DESCRIPTOR.parameters.len())
    }

    fn gain(s: &StateOf<P>) -> f64 {
        bounded(s.own + s.memory.added[0])
    }

    fn drive_of(c: &ConstantsOf<P>, s: &StateOf<P>, current: f64) -> Drive {
        P::Neuron::drive(&c.neuron, &s.neuron, s.heard, current)
    }

    /// Lets the controller follow the drive, before the neuron moves.
    fn follow(c: &ConstantsOf<P>, s: &mut StateOf<P>, current: f64, ns: f64) {
        let drive = Self::drive_of(c, s, current);
        c.controller.pass_ns(&mut s.memory, &drive, ns);
        if s.heard != 0.0 {
            s.heard *= exp(-ns / TICKS_PER_MS as f64 / c.heard_tau_ms);
        }
    }

    /// When the neuron would first fire at this gain, if it stayed.
    fn crossing_at(c: &ConstantsOf<P>, s: &StateOf<P>, n: f64, current: f64) -> Option<f64> {
        P::Neuron::crossing(&c.neuron, &P::Neuron::seen(&c.neuron, &s.neuron, n), n * current)
    }

    /// A time in which it does not.
    fn quiet_at(c: &ConstantsOf<P>, s: &StateOf<P>, n: f64, current: f64) -> f64 {
        P::Neuron::quiet(&c.neuron, &P::Neuron::seen(&c.neuron, &s.neuron, n), n * current)
    }

    /// The least and the largest gain from the next tick on.
    fn gains(c: &ConstantsOf<P>, s: &StateOf<P>, current: f64) -> [f64; 2] {
        let ends = Self::drive_of(c, s, current).ends();
        c.controller.rule.range(&s.memory.own, ends).map(|[gain, _]| bounded(s.own + gain))
    }

    /// The first crossing before `horizon_ms`, or how far there surely is none.
    fn search(
        c: &ConstantsOf<P>,
        s: &StateOf<P>,
        current: f64,
        horizon_ms: f64,
    ) -> Result<Option<f64>, f64> {
        let (mut now, mut then) = (0.0, s.clone());
        loop {
            let left = c.controller.left_ms(&then.memory);
            let crossing = Self::crossing_at(c, &then, Self::gain(&then), current);
            if let Some(ms) = crossing.filter(|&ms| ms <= left) {
                // At a tick the time is a sum that may have been rounded up; the spike must not be.
                let at_tick = ms == 0.0;
                return Ok(Some(if at_tick { now * (1.0 - ROUNDING) } else { now + ms }));
            }
            let gains = Self::gains(c, &then, current);
            let ends = gains.map(|n| Self::crossing_at(c, &then, n, current));
            let Some(earliest) = ends.into_iter().flatten().reduce(f64::min) else {
                return Ok(None);
            };
            let safe = now + left.max(earliest);
            if safe >= horizon_ms {
                return Err(safe);
            }
            // To the last tick before anything can happen.
            let step = left + c.controller.whole_ticks_ms(earliest - left);
            Self::advance(c, &mut then, current, step);
            now += step;
        }
    }
}

impl<P: Carried> Dynamics for Gained<P> {
    type Constants = ConstantsOf<P>;
    type State = StateOf<P>;
    const DESCRIPTOR: &'static Descriptor = P::PAGE;

    fn fits(p: &[f64]) -> bool {
        P::Neuron::fits(&Self::of_neuron(p))
    }

    fn choose<V: Visitor>(p: &[f64], visitor: V) -> V::Output {
        match Self::fits(p) {
            true => visitor.visit::<Self>(),
            false => visitor.visit::<Gained<P::Larger>>(),
        }
    }

    fn bytes_beside(p: &[f64]) -> usize {
        P::Neuron::bytes_beside(&Self::of_neuron(p))
    }

    fn constants(p: &[f64]) -> Self::Constants {
        let neuron = P::Neuron::constants(&Self::of_neuron(p));
        let taus_ms = P::Neuron::taus_ms(&neuron);
        let tick = P::Neuron::DESCRIPTOR.parameters.len() + 1;
        let own = P::PAGE.part(p, tick + 1..P::PAGE.parameters.len());
        let controller = Controller::new(P::rule(&own, taus_ms), p[tick], taus_ms);
        Constants { neuron, controller, heard_tau_ms: taus_ms[0] }
    }

    fn initial(c: &Self::Constants, variables: &[f64]) -> Self::State {
        let (single, members) = variables.split_at(P::PAGE.variables.len());
        let (neuron, own) = single.split_at(P::Neuron::DESCRIPTOR.variables.len());
        let first = 1 + usize::from(P::Neuron::HEARS);
        State {
            neuron: P::Neuron::initial(&c.neuron, &[neuron, members].concat()),
            heard: if P::Neuron::HEARS { own[1] } else { 0.0 },
            own: own[0],
            memory: c.controller.start(P::memory(&own[first..first + P::RECALLED])),
        }
    }

    fn advance(c: &Self::Constants, s: &mut Self::State, drive: f64, dt_ms: f64) {
        Self::follow(c, s, drive, dt_ms * TICKS_PER_MS as f64);
        P::Neuron::advance(&c.neuron, &mut s.neuron, drive, dt_ms);
    }

    fn advance_by(c: &Self::Constants, s: &mut Self::State, drive: f64, span: Span) {
        Self::follow(c, s, drive, span.0 as f64);
        P::Neuron::advance_by(&c.neuron, &mut s.neuron, drive, span);
    }

    fn advance_clamped(c: &Self::Constants, s: &mut Self::State, dt_ms: f64) {
        Self::advance_held(c, s, 0.0, dt_ms);
    }

    /// Times of holding are whole nanoseconds.
    fn advance_held(c: &Self::Constants, s: &mut Self::State, drive: f64, dt_ms: f64) {
        Self::follow(c, s, drive, (dt_ms * TICKS_PER_MS as f64).round());
        P::Neuron::advance_clamped(&c.neuron, &mut s.neuron, dt_ms);
    }

    fn receive(c: &Self::Constants, s: &mut Self::State, weight: f64) {
        s.heard += P::Neuron::heard(&c.neuron, weight);
        P::Neuron::receive(&c.neuron, &mut s.neuron, weight);
    }

    fn receive_clamped(c: &Self::Constants, s: &mut Self::State, weight: f64) {
        s.heard += P::Neuron::heard(&c.neuron, weight);
        P::Neuron::receive_clamped(&c.neuron, &mut s.neuron, weight);
    }

    fn at_threshold(c: &Self::Constants, s: &Self::State) -> bool {
        let seen = P::Neuron::seen(&c.neuron, &s.neuron, Self::gain(s));
        P::Neuron::at_threshold(&c.neuron, &seen)
    }

    fn crossing(c: &Self::Constants, s: &Self::State, drive: f64) -> Option<f64> {
        Self::search(c, s, drive, f64::INFINITY).unwrap_or(None)
    }

    fn crossing_within(
        c: &Self::Constants,
        s: &Self::State,
        drive: f64,
        horizon_ms: f64,
    ) -> Result<Option<f64>, f64> {
        Self::search(c, s, drive, horizon_ms)
    }

    fn quiet(c: &Self::Constants, s: &Self::State, drive: f64) -> f64 {
        let left = c.controller.left_ms(&s.memory);
        let now = Self::quiet_at(c, s, Self::gain(s), drive);
        if now < left {
            return now;
        }
        let later = Self::gains(c, s, drive).map(|n| Self::quiet_at(c, s, n, drive));
        left.max(later[0].min(later[1]))
    }

    const SETS_AT_EVENTS: bool = P::Rule::AT_EVENTS;

    #[inline]
    fn set_at_event(c: &Self::Constants, s: &mut Self::State) {
        c.controller.meet_event(&mut s.memory);
    }

    fn fire(c: &Self::Constants, s: &mut Self::State) {
        P::Neuron::fire(&c.neuron, &mut s.neuron);
    }

    fn refractory(c: &Self::Constants) -> Span {
        P::Neuron::refractory(&c.neuron)
    }

    fn observe(c: &Self::Constants, s: &Self::State, variable: usize) -> f64 {
        let own = P::Neuron::DESCRIPTOR.variables.len();
        let heard = usize::from(P::Neuron::HEARS);
        // Members of the neuron's series stand behind all variables.
        if let Some(member) = variable.checked_sub(P::PAGE.variables.len()) {
            return P::Neuron::observe(&c.neuron, &s.neuron, own + member);
        }
        match variable.checked_sub(own) {
            None => P::Neuron::observe(&c.neuron, &s.neuron, variable),
            Some(0) => s.own,
            Some(1) if heard == 1 => s.heard,
            Some(place) if place < 1 + heard + P::RECALLED => {
                P::recall(&s.memory.own, place - 1 - heard)
            }
            Some(_) => Self::gain(s),
        }
    }

    fn digest(s: &Self::State, digest: &mut Digest) {
        P::Neuron::digest(&s.neuron, digest);
        digest.real(s.heard);
        digest.real(s.own);
        ticked::digest::<P::Rule>(&s.memory, digest);
    }
}
