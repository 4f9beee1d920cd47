//! `two_compartment`: a dendrite that predicts its soma, conductances on the soma, random spikes.

mod together;

use super::ensemble::Ensemble;
use super::lesson::{Lesson, epoch};
use super::receptor::{CLAMP, Pulse, Receptor, TEACHER};
use super::thinning::{Ceiling, Hazard, Proposals, STREAM};
use super::{Descriptor, Dynamics, Initial, Parameter, Range, Variable};
use crate::base::digest::Digest;
use crate::base::math::{exp, exp_in_loops, ln_1p};
use crate::base::{Decay, Resolution, Span, Unit};
use together::Together;

const TAU: usize = 0;
const RHO: usize = 1;
const E_L: usize = 2;
const E_EX: usize = 3;
const E_IN: usize = 4;
const U_HALF: usize = 5;
const U_WIDTH: usize = 6;
const G_L: usize = 7;
const G_D: usize = 8;
const G_EX: usize = 9;
const G_IN: usize = 10;
const T_BOX: usize = 11;
const T_FOLLOW: usize = 12;
const NUDGING: usize = 13;
const FLOOR: usize = 14;
const BY_SPIKES: usize = 15;

/// Variables that are potentials at which the soma is taught or held.
const TAUGHT: usize = 3;
const CLAMPED: usize = 4;

/// The variable that says what excitatory contacts weigh; the next does for inhibitory ones.
const CONTACTS_EX: usize = 9;

/// Channel of open excitatory conductances.
const OPEN_EX: u8 = 1;
/// Channel of open inhibitory conductances.
const OPEN_IN: u8 = 2;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "two_compartment",
    summary: "stochastic neuron with a dendrite that predicts its soma (Urbanczik-Senn, ELiSe)",
    manual: "\
A soma and a dendrite, coupled one way. The dendrite takes currents and decays exponentially; the
soma, which is fast, is at each moment where its conductances hold it; spikes are drawn at random
with a rate that is a logistic function of the somatic potential.

    tau_m dv/dt = -(v - e_l)                             the dendrite
    v -> v + w / (rho tau_m)                             a spike over a synapse of weight w
    u = (g_l e_l + g_d v + gE e_ex + gI e_in + gT U) / (g_l + g_d + gE + gI + gT)   the soma
    gE = g_ex max(n_ex / (rho t_box), floor contacts_ex), and gI likewise
    rate = rho phi(u),  phi(u) = 1 / (1 + e^(-(u - u_half) / u_width))

A source that fires at its full rate rho thus lifts the dendrite by w in the mean, and one contact
whose source does so has the conductances g_ex and g_in. There is no reset and no refractory
period. rho is zero unless given; then the neuron never fires and input has no effect.

Receptors. A projection reaches the dendrite unless it names another: `excitation` opens a
conductance for t_box after a spike, `inhibition` likewise; `scaffold` does both, inhibition
t_follow later, as if by way of an interneuron. n_ex and n_in are sums of the weights, which are
pure numbers, of what is open; below zero they count as zero. Each contact is stored as 2 or 4
synapses. contacts_ex and contacts_in are the sums of the weights of all contacts that the network has
on to the neuron: with a floor, they conduct as if their sources never fired below that share of
the full rate. The floor lies under their sum; in ELiSe it lies under each, which is the same where there
is one, and its value is phi at rest, 0.0266 with these defaults.

Teaching. With a target potential U from a [[teacher]] gT = nudging / (1 - nudging) (g_l + g_d), so
that u = (1 - nudging) v* + nudging U where nothing else is open; v* = (g_l e_l + g_d v) / (g_l +
g_d) is what the dendrite predicts. A clamp holds u at a potential whatever the conductances.

Learning. The error phi(u) - phi(v*) is what the rule dendritic_prediction learns from. A share
by_spikes of phi(u) may be told by the neuron's own spikes instead, each an area of 1 / rho: the same in
the mean, and noisier. A spike counts after what arrives at its tick. Populations with by_spikes above
zero are run neuron by neuron and not by the row, which is slower. The integrals of the error are kept in closed form: u is linear in e^(-t / tau_m) between events, and so is v*, so
that the integral of phi is a difference of two softplus values; where the argument moves by less
than 0.05 its series is taken (relative error below 4e-9).

Spikes are drawn exactly, by thinning. Between events u moves one way, from its present value to that
without dendrite. While the larger of both is not below u_half - 8 u_width the ceiling is rho: proposals
come at the full rate whatever reaches the neuron, rho of them a second even at rest. Below, where
spikes are rare, it is phi there, rounded up to the next quarter of u_width. This is part of the model: it
decides which random number is used for what. The random numbers are named by the variable `stream` and
the number of the proposal.

Sources: Urbanczik and Senn 2014, doi 10.1016/j.neuron.2013.11.030; Kriener et al. 2024,
arXiv 2402.16763 (ELiSe; there with rates and a soma of 0.5 ms).",
    parameters: &[
        of("tau_m", Unit::Ms, 10.0, Range::Positive, "time constant of the dendrite"),
        of("rho", Unit::Hz, 0.0, Range::NonNegative, "full rate, where phi is 1"),
        of("e_l", Unit::Mv, -70.0, Range::Any, "resting potential"),
        of("e_ex", Unit::Mv, 0.0, Range::Any, "reversal potential of excitation"),
        of("e_in", Unit::Mv, -75.0, Range::Any, "reversal potential of inhibition"),
        of("u_half", Unit::Mv, -58.0, Range::Any, "potential at half the full rate"),
        of("u_width", Unit::Mv, 10.0 / 3.0, Range::Positive, "width of phi: at u_half it rises by 1 / 4 in one"),
        of("g_l", Unit::Ns, 30.0, Range::Positive, "leak"),
        of("g_d", Unit::Ns, 600.0, Range::NonNegative, "coupling of the soma to the dendrite"),
        of("g_ex", Unit::Ns, 90.0, Range::NonNegative, "of a contact at full rate, excitatory"),
        of("g_in", Unit::Ns, 1800.0, Range::NonNegative, "of a contact at full rate, inhibitory"),
        of("t_box", Unit::Ms, 10.0, Range::Positive, "how long a spike opens a conductance"),
        of("t_follow", Unit::Ms, 25.0, Range::NonNegative, "delay of inhibition in a scaffold"),
        of("nudging", Unit::One, 0.6, Range::NonNegative, "strength of a teacher, below 1"),
        of("floor", Unit::One, 0.0, Range::NonNegative, "share of the full rate under which contacts do not fall"),
        of("by_spikes", Unit::One, 0.0, Range::NonNegative, "share of phi(u) in the error that spikes tell, at most 1"),
    ],
    variables: &[
        Variable {
            name: "v_d",
            unit: Unit::Mv,
            initial: Initial::Parameter(E_L),
            doc: "potential of the dendrite, v",
        },
        own("n_ex", Unit::One, "open excitatory contacts"),
        own("n_in", Unit::One, "open inhibitory contacts"),
        own("teacher", Unit::Mv, "potential that is taught, U; 0 for none"),
        own("clamp", Unit::Mv, "potential at which the soma is held; 0 for none"),
        STREAM,
        derived("u", Unit::Mv, "potential of the soma"),
        derived("rate", Unit::Hz, "rho phi(u)"),
        derived("predicted", Unit::Hz, "rho phi(v*), the rate that the dendrite predicts"),
        contacts("contacts_ex", OPEN_EX, "weight of all excitatory contacts"),
        contacts("contacts_in", OPEN_IN, "weight of all inhibitory contacts"),
    ],
    input: Unit::Mv,
    check: |p| {
        let nudging = (p[NUDGING] >= 1.0)
            .then(|| (NUDGING, format!("found {}; nudging must be below 1", p[NUDGING])));
        let spikes = (p[BY_SPIKES] > 1.0)
            .then(|| (BY_SPIKES, format!("found {}; by_spikes is at most 1", p[BY_SPIKES])));
        nudging.into_iter().chain(spikes).collect()
    },
    current_for_period: None,
};

const fn of(
    name: &'static str,
    unit: Unit,
    default: f64,
    range: Range,
    doc: &'static str,
) -> Parameter {
    Parameter { name, unit, default, range, per_neuron: false, doc }
}

const fn own(name: &'static str, unit: Unit, doc: &'static str) -> Variable {
    Variable { name, unit, initial: Initial::Value(0.0), doc }
}

const fn derived(name: &'static str, unit: Unit, doc: &'static str) -> Variable {
    Variable { name, unit, initial: Initial::Derived, doc }
}

const fn contacts(name: &'static str, channel: u8, doc: &'static str) -> Variable {
    Variable { name, unit: Unit::One, initial: Initial::Contacts(channel), doc }
}

/// A conductance that opens now and closes after `t_box`.
fn opens(channel: u8, after_ms: f64, p: &[f64]) -> [Pulse; 2] {
    [(after_ms, 1.0), (after_ms + p[T_BOX], -1.0)].map(|(after_ms, factor)| Pulse {
        after_ms,
        channel,
        factor,
    })
}

static RECEPTORS: [Receptor; 3] = [
    Receptor {
        name: "scaffold",
        unit: Unit::One,
        doc: "excitation of the soma, and inhibition that follows it",
        pulses: |p| {
            [opens(OPEN_EX, 0.0, p), opens(OPEN_IN, p[T_FOLLOW], p)].into_iter().flatten().collect()
        },
    },
    Receptor {
        name: "excitation",
        unit: Unit::One,
        doc: "excitation of the soma",
        pulses: |p| opens(OPEN_EX, 0.0, p).to_vec(),
    },
    Receptor {
        name: "inhibition",
        unit: Unit::One,
        doc: "inhibition of the soma",
        pulses: |p| opens(OPEN_IN, 0.0, p).to_vec(),
    },
];

/// Where the largest argument of phi to come is below this, the ceiling is lower than rho.
const RARE: f64 = -8.0;
/// Steps of such a ceiling in a width of phi, and the lowest of them.
const STEPS: f64 = 4.0;
const LOWEST_STEP: i32 = -200;
/// The last of them.
const RARE_STEP: i32 = (RARE * STEPS) as i32;

/// The argument of phi moves so far at most where its mean is taken from a series.
const WIDE: f64 = 0.05;

/// See the [manual page](Descriptor::manual).
pub struct TwoCompartment;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    decay: Decay,
    epoch: Span,
    e_l: f64,
    e_ex: f64,
    e_in: f64,
    u_half: f64,
    /// 1 / `u_width`.
    slope: f64,
    /// What a weight of 1 adds to the dendrite.
    jump: f64,
    g_l: f64,
    g_d: f64,
    /// Conductance of an open contact of weight 1.
    g_ex: f64,
    g_in: f64,
    g_teacher: f64,
    /// So much of its weight a contact has open at least.
    floor: f64,
    /// Share of the dendrite in what it predicts.
    share: f64,
    /// Share of phi(u) in the error that is told by itself and not by spikes.
    by_rate: f64,
    /// What a spike adds to the integral of the error, in ms.
    by_spike: f64,
    rho_per_ms: f64,
    /// Ceilings in 1/ms where spikes are rare, from `LOWEST_STEP` on.
    ceilings: Box<[f64]>,
}

/// The dendrite, what acts on the soma, what is learned from, and the dice.
///
/// Invariant: `base` and `share` follow from the fields before them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v: f64,
    open_ex: f64,
    open_in: f64,
    contacts_ex: f64,
    contacts_in: f64,
    teacher: f64,
    clamp: f64,
    /// The somatic potential less `e_l` is `base + share (v - e_l)`.
    base: f64,
    share: f64,
    lesson: Lesson,
    proposals: Proposals,
}

/// 1 / (1 + e^-x), without overflow.
#[inline]
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp_in_loops((-x).clamp(-700.0, 700.0)))
}

/// ln(1 + e^x), without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + ln_1p(exp(-x.abs()))
}

/// What the mean of the logistic function over a stretch is above its value p in the middle; `rest` is
/// 1 - p. From the second derivative; the fourth adds less than 4e-9 of p where the stretch is not [`WIDE`].
#[inline(always)]
fn bend(p: f64, rest: f64, width: f64) -> f64 {
    p * rest * (rest - p) * (width * width * (1.0 / 24.0))
}

/// The mean of the logistic function between `from` and `to`.
#[inline]
fn mean_logistic(from: f64, to: f64) -> f64 {
    let width = from - to;
    if width.abs() < WIDE {
        let p = logistic(0.5 * (from + to));
        p + bend(p, 1.0 - p, width)
    } else {
        (softplus(from) - softplus(to)) / width
    }
}

impl Constants {
    /// Argument of the logistic function at the potential `e_l + above`.
    #[inline]
    fn argument(&self, above: f64) -> f64 {
        (self.e_l + above - self.u_half) * self.slope
    }

    /// The integral of phi(u) - phi(v*) while the dendrite relaxes from `above` rest by the factor
    /// `decay`, weighted by that relaxation; without the part of phi(u) that spikes tell.
    #[inline]
    fn error(&self, state: &State, above: f64, decay: f64) -> f64 {
        if state.base == 0.0 && state.share == self.share && self.by_rate == 1.0 {
            return 0.0;
        }
        let of = |base: f64, share: f64| {
            let at = |above: f64| self.argument(base + share * above);
            mean_logistic(at(above), at(above * decay))
        };
        let error = self.by_rate * of(state.base, state.share) - of(0.0, self.share);
        self.decay.tau_ms() * (1.0 - decay) * error
    }
}

impl State {
    /// Works out what the soma is made of.
    fn mix(&mut self, c: &Constants) {
        if self.clamp != 0.0 {
            (self.base, self.share) = (self.clamp - c.e_l, 0.0);
            return;
        }
        let open = |open: f64, contacts: f64| open.max(c.floor * contacts).max(0.0);
        let g_ex = c.g_ex * open(self.open_ex, self.contacts_ex);
        let g_in = c.g_in * open(self.open_in, self.contacts_in);
        let g_teacher = if self.teacher != 0.0 { c.g_teacher } else { 0.0 };
        if g_ex + g_in + g_teacher == 0.0 {
            (self.base, self.share) = (0.0, c.share);
            return;
        }
        let total = c.g_l + c.g_d + g_ex + g_in + g_teacher;
        let pull =
            g_ex * (c.e_ex - c.e_l) + g_in * (c.e_in - c.e_l) + g_teacher * (self.teacher - c.e_l);
        (self.base, self.share) = (pull / total, c.g_d / total);
    }

    /// Something arrives on a channel, or a schedule sets it.
    fn act(&mut self, c: &Constants, channel: u8, value: f64) {
        match channel {
            OPEN_EX => self.open_ex += value,
            OPEN_IN => self.open_in += value,
            TEACHER => self.teacher = value,
            CLAMP => self.clamp = value,
            other => unreachable!("two_compartment has no channel {other}"),
        }
        self.mix(c);
    }

    /// The soma less `e_l`.
    #[inline]
    fn soma(&self, c: &Constants) -> f64 {
        self.base + self.share * (self.v - c.e_l)
    }

    /// Lets time pass for everything but the dice; `decay` is that of the dendrite over `span`.
    #[inline]
    fn pass(&mut self, c: &Constants, span: Span, decay: f64) {
        let above = self.v - c.e_l;
        let mut lesson = self.lesson;
        if lesson.fits(c.epoch, span) {
            lesson.pass(span, decay, c.error(self, above, decay));
        } else {
            let over = |span| c.decay.over(span);
            let piece = |from, part| c.error(self, above * over(from), over(part));
            lesson.advance(c.epoch, span, over, piece);
        }
        self.lesson = lesson;
        self.v = c.e_l + above * decay;
    }
}

/// The rate of a neuron that nothing reaches.
struct Relaxing<'a> {
    constants: &'a Constants,
    state: &'a State,
}

impl Relaxing<'_> {
    fn soma_after(&self, ms: f64) -> f64 {
        let (c, s) = (self.constants, self.state);
        let faded = if ms == 0.0 { 1.0 } else { exp(-ms / c.decay.tau_ms()) };
        s.base + s.share * (s.v - c.e_l) * faded
    }
}

impl Hazard for Relaxing<'_> {
    fn rate(&self, ms: f64) -> f64 {
        let c = self.constants;
        c.rho_per_ms * logistic(c.argument(self.soma_after(ms)))
    }

    fn ceiling(&self, ms: f64) -> Ceiling {
        let c = self.constants;
        let highest = c.argument(self.soma_after(ms).max(self.state.base));
        if highest >= RARE {
            return Ceiling { per_ms: c.rho_per_ms, ms: f64::INFINITY };
        }
        let lowest = f64::from(LOWEST_STEP);
        // Truncation of a number that is not negative is its floor; one more is above.
        let step = (highest * STEPS).max(lowest) - lowest;
        Ceiling { per_ms: c.ceilings[step as usize + 1], ms: f64::INFINITY }
    }
}

impl Dynamics for TwoCompartment {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;
    const RECEPTORS: &'static [Receptor] = &RECEPTORS;
    const TEACHES: Option<usize> = Some(TAU);

    fn constants(p: &[f64]) -> Constants {
        let rho_per_ms = p[RHO] / 1e3;
        // Without a rate input has no scale.
        let of_one = |ms: f64| if rho_per_ms > 0.0 { 1.0 / (rho_per_ms * ms) } else { 0.0 };
        Constants {
            decay: Decay::new(p[TAU]),
            epoch: epoch(p[TAU]),
            e_l: p[E_L],
            e_ex: p[E_EX],
            e_in: p[E_IN],
            u_half: p[U_HALF],
            slope: 1.0 / p[U_WIDTH],
            jump: of_one(p[TAU]),
            g_l: p[G_L],
            g_d: p[G_D],
            g_ex: p[G_EX] * of_one(p[T_BOX]),
            g_in: p[G_IN] * of_one(p[T_BOX]),
            g_teacher: p[NUDGING] / (1.0 - p[NUDGING]) * (p[G_L] + p[G_D]),
            floor: p[FLOOR] * rho_per_ms * p[T_BOX],
            share: p[G_D] / (p[G_L] + p[G_D]),
            by_rate: 1.0 - p[BY_SPIKES],
            by_spike: p[BY_SPIKES] * of_one(1.0),
            rho_per_ms,
            ceilings: (LOWEST_STEP..=RARE_STEP)
                .map(|step| rho_per_ms * logistic(f64::from(step) / STEPS))
                .collect(),
        }
    }

    fn initial(c: &Constants, variables: &[f64]) -> State {
        let &[v, open_ex, open_in, teacher, clamp, stream, ..] = variables else {
            panic!("six variables can be given, {} are", variables.len())
        };
        // A neuron outside of a network has no contacts.
        let contacts = |variable: usize| variables.get(variable).copied().unwrap_or(0.0);
        let (contacts_ex, contacts_in) = (contacts(CONTACTS_EX), contacts(CONTACTS_EX + 1));
        let (base, share) = (0.0, 0.0);
        let (lesson, proposals) = (Lesson::START, Proposals::new(stream));
        let mut state = State {
            v,
            open_ex,
            open_in,
            contacts_ex,
            contacts_in,
            teacher,
            clamp,
            base,
            share,
            lesson,
            proposals,
        };
        state.mix(c);
        state
    }

    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        if dt_ms == 0.0 {
            return;
        }
        let before = *s;
        s.proposals.advance(&Relaxing { constants: c, state: &before }, drive, dt_ms);
        // Lessons keep time in ticks.
        let span = Span::from_ms(dt_ms).unwrap_or(Span::ZERO);
        s.pass(c, span, exp(-dt_ms / c.decay.tau_ms()));
    }

    #[inline]
    fn advance_by(c: &Constants, s: &mut State, drive: f64, span: Span) {
        if span == Span::ZERO {
            return;
        }
        let mut proposals = s.proposals;
        proposals.advance(&Relaxing { constants: c, state: s }, drive, span.ms());
        s.proposals = proposals;
        s.pass(c, span, c.decay.over(span));
    }

    /// Never happens: the neuron is never refractory.
    fn advance_clamped(_: &Constants, _: &mut State, dt_ms: f64) {
        debug_assert!(dt_ms == 0.0, "this neuron is never refractory");
    }

    #[inline]
    fn receive(c: &Constants, s: &mut State, weight: f64) {
        s.v += weight * c.jump;
        s.proposals.disturb();
    }

    #[inline]
    fn receive_clamped(c: &Constants, s: &mut State, weight: f64) {
        Self::receive(c, s, weight);
    }

    fn receive_on(c: &Constants, s: &mut State, channel: u8, value: f64) {
        s.act(c, channel, value);
        s.proposals.disturb();
    }

    /// If spikes are never rare: the soma without dendrite lies between these potentials. And if they tell
    /// nothing: an ensemble fires before it takes what arrives at the same tick.
    fn offers_ensemble(c: &Constants, starts: &[Vec<f64>], set: &[f64]) -> bool {
        if c.by_spike != 0.0 {
            return false;
        }
        let given = starts[TAUGHT].iter().chain(&starts[CLAMPED]).chain(set).copied();
        // Zero stands for none.
        let given = given.filter(|&potential| potential != 0.0);
        let mut all = given.chain([c.e_l, c.e_ex, c.e_in]);
        all.all(|potential| c.argument(potential - c.e_l) >= RARE)
    }

    fn ensemble(c: &Constants, neurons: Vec<State>, grid: Resolution) -> Option<Box<dyn Ensemble>> {
        Some(Box::new(Together::new(c, neurons, grid)))
    }

    #[inline]
    fn lesson(s: &mut State) -> Option<&mut Lesson> {
        Some(&mut s.lesson)
    }

    #[inline]
    fn at_threshold(_: &Constants, s: &State) -> bool {
        s.proposals.is_due()
    }

    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        s.proposals.next(&Relaxing { constants: c, state: s }, drive)
    }

    #[inline]
    fn quiet(c: &Constants, s: &State, drive: f64) -> f64 {
        s.proposals.quiet(&Relaxing { constants: c, state: s }, drive)
    }

    #[inline]
    fn fire(c: &Constants, s: &mut State) {
        s.lesson.add(c.by_spike);
        s.proposals.fire();
    }

    #[inline]
    fn refractory(_: &Constants) -> Span {
        Span::ZERO
    }

    fn observe(c: &Constants, s: &State, variable: usize) -> f64 {
        let rate = |above: f64| 1e3 * c.rho_per_ms * logistic(c.argument(above));
        match variable {
            0 => s.v,
            1 => s.open_ex,
            2 => s.open_in,
            3 => s.teacher,
            4 => s.clamp,
            5 => s.proposals.stream(),
            6 => c.e_l + s.soma(c),
            7 => rate(s.soma(c)),
            8 => rate(c.share * (s.v - c.e_l)),
            CONTACTS_EX => s.contacts_ex,
            _ => s.contacts_in,
        }
    }

    /// The clock of the lessons is that of the neuron, which is digested beside the state.
    fn digest(s: &State, digest: &mut Digest) {
        let values = [s.v, s.open_ex, s.open_in, s.teacher, s.clamp, s.lesson.total];
        values.into_iter().for_each(|value| digest.real(value));
        s.proposals.digest(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Resolution, Tick};
    use crate::neuron::cell::{Cell, Input, InputKind};
    use crate::neuron::thinning::kolmogorov;

    const RHO_HZ: f64 = 400.0;

    fn constants() -> Constants {
        let mut p = DESCRIPTOR.defaults();
        p[RHO] = RHO_HZ;
        TwoCompartment::constants(&p)
    }

    fn state(c: &Constants, v: f64, n_ex: f64, n_in: f64, teacher: f64) -> State {
        with_contacts(c, [v, n_ex, n_in, teacher, 0.0], [0.0; 2])
    }

    fn with_contacts(c: &Constants, start: [f64; 5], contacts: [f64; 2]) -> State {
        let variables = [&start[..], &[0.25, 0.0, 0.0, 0.0], &contacts].concat();
        TwoCompartment::initial(c, &variables)
    }

    /// The soma in the words of the manual page.
    #[test]
    fn the_soma_is_where_its_conductances_hold_it() {
        let c = constants();
        let u = |v, n_ex, n_in, teacher| {
            TwoCompartment::observe(&c, &state(&c, v, n_ex, n_in, teacher), 6)
        };
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-10, "{a} {b}");
        let predicted = (30.0 * -70.0 + 600.0 * -62.0) / 630.0;
        close(u(-62.0, 0.0, 0.0, 0.0), predicted);
        close(u(-62.0, 0.0, 0.0, -50.0), 0.4 * predicted + 0.6 * -50.0);
        // 0.4 spikes a ms for 10 ms: four open contacts are one at its full rate.
        close(u(-62.0, 4.0, 0.0, 0.0), 630.0 * predicted / 720.0);
        close(u(-62.0, -2.0, 4.0, 0.0), (630.0 * predicted + 1800.0 * -75.0) / 2430.0);
        let held = with_contacts(&c, [-62.0, 4.0, 4.0, -50.0, -66.0], [0.0; 2]);
        close(TwoCompartment::observe(&c, &held, 6), -66.0);
    }

    /// Two contacts of weight 1 that are open by 0.05 of what they are at full rate, 4, unless more is open.
    #[test]
    fn contacts_do_not_fall_below_their_floor() {
        let mut p = DESCRIPTOR.defaults();
        (p[RHO], p[FLOOR]) = (RHO_HZ, 0.05);
        let c = TwoCompartment::constants(&p);
        let u = |n_in, contacts_in| {
            let state = with_contacts(&c, [-62.0, 0.0, n_in, 0.0, 0.0], [0.0, contacts_in]);
            TwoCompartment::observe(&c, &state, 6)
        };
        let held = |g: f64| (30.0 * -70.0 + 600.0 * -62.0 + g * -75.0) / (630.0 + g);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-10, "{a} {b}");
        close(u(0.0, 0.0), held(0.0));
        close(u(0.0, 2.0), held(2.0 * 0.05 * 1800.0));
        close(u(0.3, 2.0), held(2.0 * 0.05 * 1800.0));
        close(u(1.0, 2.0), held(0.25 * 1800.0));
        close(u(0.0, -2.0), held(0.0));
    }

    /// The closed form of a lesson against Simpson's rule, over times from 10 ns to 90 ms.
    #[test]
    fn lessons_are_the_integral_of_the_error() {
        let c = constants();
        for (v, n_ex, n_in, teacher) in
            [(-40.0, 3.0, 0.0, 0.0), (-62.0, 0.0, 7.0, 0.0), (-75.0, 1.0, 2.0, -50.0)]
        {
            for ms in [1e-5, 0.01, 0.3, 2.0, 40.0, 79.9, 90.0] {
                let start = state(&c, v, n_ex, n_in, teacher);
                let mut end = start;
                TwoCompartment::advance_by(&c, &mut end, 0.0, Span::from_ms(ms).unwrap());
                // After an epoch of 80 ms the total starts anew.
                let from = if ms > 80.0 { 80.0 } else { 0.0 };
                let integrand = |t: f64| {
                    let above = (v - c.e_l) * exp(-t / 10.0);
                    let error = logistic(c.argument(start.base + start.share * above))
                        - logistic(c.argument(c.share * above));
                    error * exp(-(t - from) / 10.0)
                };
                let steps = 4000;
                let h = (ms - from) / f64::from(steps);
                let sum: f64 = (0..=steps)
                    .map(|k| match k {
                        0 => 1.0,
                        k if k == steps => 1.0,
                        k => f64::from(2 + 2 * (k % 2)),
                    })
                    .zip(0..)
                    .map(|(share, k)| share * integrand(from + f64::from(k) * h))
                    .sum();
                let expected = sum * h / 3.0;
                let found = end.lesson.total;
                assert!((found / expected - 1.0).abs() < 1e-8, "{ms}: {found} {expected}");
            }
        }
    }

    /// Of an error that spikes tell in part, what is left is the share of phi(u), and each spike adds its
    /// area as far as the epoch has faded.
    #[test]
    fn spikes_tell_their_share_of_the_error() {
        let with = |by_spikes| {
            let mut p = DESCRIPTOR.defaults();
            (p[RHO], p[BY_SPIKES]) = (RHO_HZ, by_spikes);
            let c = TwoCompartment::constants(&p);
            let mut s = state(&c, -62.0, 3.0, 0.0, -50.0);
            TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_whole_ms(7));
            let before = s.lesson.total;
            TwoCompartment::fire(&c, &mut s);
            (before, s.lesson.total - before)
        };
        let ((rate, none), (half, some), (spikes, all)) = (with(0.0), with(0.5), with(1.0));
        assert_eq!(none, 0.0);
        assert!((half - 0.5 * (rate + spikes)).abs() < 1e-12, "{rate} {half} {spikes}");
        assert!(rate > 0.0 && spikes < 0.0, "{rate} {spikes}");
        // 0.4 spikes a ms, 7 ms of 10 after the start.
        assert!((all - 2.5 * exp(-0.7)).abs() < 1e-12, "{all}");
        assert!((some - 0.5 * all).abs() < 1e-12, "{some}");
        let mut p = DESCRIPTOR.defaults();
        p[BY_SPIKES] = 1.1;
        assert_eq!((DESCRIPTOR.check)(&p).first().map(|found| found.0), Some(BY_SPIKES));
    }

    /// A neuron without a teacher and without open contacts has nothing to tell.
    #[test]
    fn a_soma_that_follows_its_dendrite_is_no_error() {
        let c = constants();
        let mut s = state(&c, -40.0, 0.0, 0.0, 0.0);
        TwoCompartment::advance_by(&c, &mut s, 0.0, Span::from_whole_ms(33));
        assert_eq!(s.lesson.total, 0.0);
    }

    /// The rate, within 1 % (three standard deviations), and exponential intervals, where the
    /// dendrite is held by a steady train.
    #[test]
    fn spikes_come_with_the_rate_of_the_soma() {
        let c = constants();
        for (n_ex, n_in, teacher) in [(0.0, 0.0, -50.0), (9.0, 0.0, 0.0), (0.0, 0.0, -60.0)] {
            let start = state(&c, -70.0, n_ex, n_in, teacher);
            let expected = TwoCompartment::observe(&c, &start, 7);
            let mut cell = Cell::new::<TwoCompartment>(&c, Resolution::FINEST, start, 0.0);
            let seconds = 1.02e5 / expected;
            let (mut spikes, end) = (Vec::new(), Tick((seconds * 1e9) as u64));
            // Spikes that weigh nothing must not matter, however many proposals they disturb.
            let inputs: Vec<Input> = (1..10_000)
                .map(|k| Input { at: Tick(k * 3_000_000), kind: InputKind::Spike(0.0) })
                .filter(|input| input.at < end)
                .collect();
            cell.run::<TwoCompartment>(&c, Resolution::FINEST, &inputs, end, &mut spikes);
            let found = spikes.len() as f64 / seconds;
            assert!((found / expected - 1.0).abs() < 0.01, "{found} Hz, expected {expected}");
            let rescaled =
                spikes.windows(2).map(|pair| 1.0 - exp(-(pair[1] - pair[0]).ms() * expected / 1e3));
            let gap = kolmogorov(rescaled.collect());
            assert!(gap < 1.95, "{gap}");
        }
    }

    /// In the time of its own hazard's integral intervals are exponential while kicks of both signs move the
    /// dendrite, contacts open and close, a teacher comes and goes, and the soma is held, also where spikes
    /// are rare. The integral is taken by the midpoint rule from the dendrite's decay and the page's soma.
    #[test]
    fn under_input_intervals_follow_the_hazard() {
        let c = constants();
        let kick = |k: u64| [60.0, -35.0, 90.0, -150.0, 45.0, 30.0][(k * 5 % 6) as usize];
        let input = |k: u64| {
            let kind = match k % 8 {
                1 => InputKind::On(OPEN_EX, if k % 16 == 1 { 3.0 } else { -3.0 }),
                3 => InputKind::On(OPEN_IN, if k % 16 == 3 { 2.0 } else { -2.0 }),
                5 => InputKind::On(TEACHER, [-50.0, 0.0, -65.0][(k / 8 % 3) as usize]),
                7 => InputKind::On(CLAMP, [0.0, 0.0, 0.0, -88.0, 0.0, -54.0][(k / 8 % 6) as usize]),
                _ => InputKind::Spike(kick(k)),
            };
            Input { at: Tick(k * 2_000_000 + (k * k % 7) * 200_000), kind }
        };
        let inputs: Vec<Input> = (1..400_000).map(input).collect();
        let start = state(&c, -70.0, 0.0, 0.0, 0.0);
        let mut cell = Cell::new::<TwoCompartment>(&c, Resolution::FINEST, start, 0.0);
        let mut spikes = Vec::new();
        let end = inputs.last().expect("there is input").at;
        cell.run::<TwoCompartment>(&c, Resolution::FINEST, &inputs, end, &mut spikes);
        assert!(spikes.len() > 100_000, "{}", spikes.len());
        let spikes = spikes.into_iter().map(|at| (at, None));
        let arrivals = inputs.iter().map(|input| (input.at, Some(input.kind)));
        let mut events: Vec<(Tick, Option<InputKind>)> = spikes.chain(arrivals).collect();
        events.sort_by_key(|event| event.0);
        let (mut body, mut now, mut hazard) = (start, Tick::ZERO, 0.0);
        let mut rescaled = Vec::new();
        for (at, what) in events {
            let ms = at.since(now).ms();
            let above = body.v - c.e_l;
            for part in 0..16 {
                body.v = c.e_l + above * exp(-(f64::from(part) + 0.5) * ms / 160.0);
                hazard += TwoCompartment::observe(&c, &body, 7) * ms / 16e3;
            }
            body.v = c.e_l + above * exp(-ms / 10.0);
            now = at;
            match what {
                Some(InputKind::Spike(weight)) => body.v += weight / (RHO_HZ / 1e3 * 10.0),
                Some(InputKind::On(channel, value)) => body.act(&c, channel, value),
                Some(InputKind::Drive(_)) => unreachable!("none was made"),
                None => {
                    rescaled.push(1.0 - exp(-hazard));
                    hazard = 0.0;
                }
            }
        }
        let gap = kolmogorov(rescaled);
        assert!(gap < 1.95, "{gap}");
    }
}
