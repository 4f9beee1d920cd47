//! `two_compartment`: a dendrite that predicts its soma, conductances on the soma, random spikes.

mod lagging;
mod logistic;
mod together;

use super::ensemble::Ensemble;
use super::lesson::{Lesson, epoch};
use super::receptor::{CLAMP, Pulse, Receptor, TEACHER};
use super::thinning::{Ceiling, Hazard, Proposals, STREAM};
use super::{Descriptor, Dynamics, Initial, Parameter, Range, Variable};
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::saved::value;
use crate::base::{Decay, Resolution, Span, Unit};
use lagging::{Course, Lagging};
use logistic::{logistic, mean_logistic};
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
const C_SOMA: usize = 16;
const TAU_DELTA: usize = 17;

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
soma, which is fast, is at each moment where its conductances hold it, unless it is given a capacitance;
spikes are drawn at random with a rate that is a logistic function of the somatic potential.

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

A soma that takes time. With a capacitance c_soma above zero u is a state that follows what is called u
above, here u_inf:

    c_soma du/dt = -g (u - u_inf),   g = g_l + g_d + gE + gI + gT

It starts at u_inf, and leaves a clamp from the potential of the clamp. All conductances are constant
between events, so u is a constant and two exponentials, exact at every event and proposal. Without a
teacher u then lags behind v*, and the error is not zero while the dendrite moves. Urbanczik and Senn, and
NEST, have 300 pF: 0.48 ms for the soma with these defaults.

Teaching. With a target potential U from a [[teacher]] gT = nudging / (1 - nudging) (g_l + g_d), so
that u = (1 - nudging) v* + nudging U where nothing else is open; v* = (g_l e_l + g_d v) / (g_l +
g_d) is what the dendrite predicts. A clamp holds u at a potential whatever the conductances.

Learning. The error phi(u) - phi(v*) is what the rule dendritic_prediction learns from. A share
by_spikes of phi(u) may be told by the neuron's own spikes instead, each an area of 1 / rho: the same in
the mean, and noisier. A spike counts after what arrives at its tick. Populations with by_spikes, c_soma
or tau_delta above zero are run neuron by neuron and not by the row, which is slower. The integrals of
the error are kept in closed form: u is linear in e^(-t / tau_m) between events, and so is v*, so that
the integral of phi is a difference of two softplus values; where the argument moves by less than 0.05
its series is taken (relative error below 4e-9). With c_soma that holds from where the soma's own
exponential moves u by less than 1e-10 u_width; before, and always where the soma's time constant
c_soma / g is more than half of tau_m, the integral is taken by quadrature: four points of Gauss and
Legendre on stretches of at most half the shorter time constant, in which u moves by u_width at most
(relative error below 1e-7).
With tau_delta above zero the neuron keeps the second integral that dendritic_prediction needs to filter its
changes with that time constant; it is taken by this quadrature for any soma. tau_delta is not below
tau_m / 10.

Spikes are drawn exactly, by thinning. Between events u moves one way, from its present value to that
without dendrite (with c_soma it stays below the largest of u, u_inf and that). While the largest of
these is not below u_half - 8 u_width the ceiling is rho: proposals
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
        of("c_soma", Unit::Pf, 0.0, Range::NonNegative, "capacitance of the soma; 0 for one that takes no time"),
        of("tau_delta", Unit::Ms, 0.0, Range::NonNegative, "with which dendritic_prediction filters changes; 0 for none"),
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
        let short = (p[TAU_DELTA] > 0.0 && p[TAU_DELTA] < 0.1 * p[TAU])
            .then(|| (TAU_DELTA, format!("found {}; 0 or at least tau_m / 10", p[TAU_DELTA])));
        nudging.into_iter().chain(spikes).chain(short).collect()
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
    /// Zero for a soma that takes no time.
    c_soma: f64,
    /// With which rate the weight in the second total of a lesson falls, if it is kept, in 1/ms.
    second: Option<f64>,
    rho_per_ms: f64,
    /// Ceilings in 1/ms where spikes are rare, from `LOWEST_STEP` on.
    ceilings: Box<[f64]>,
}

/// The dendrite, what acts on the soma, what is learned from, and the dice.
///
/// Invariants: `base` and `share` follow from the fields before them, and so does the rate of a soma that
/// lags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v: f64,
    open_ex: f64,
    open_in: f64,
    contacts_ex: f64,
    contacts_in: f64,
    teacher: f64,
    clamp: f64,
    /// The somatic potential less `e_l` is `base + share (v - e_l)`, or goes there if it lags.
    base: f64,
    share: f64,
    lagging: Option<Lagging>,
    lesson: Lesson,
    proposals: Proposals,
}
value!(State {
    v,
    open_ex,
    open_in,
    contacts_ex,
    contacts_in,
    teacher,
    clamp,
    base,
    share,
    lagging,
    lesson,
    proposals
});

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
        self.held(state.base, state.share, above, decay)
    }

    /// The same for a soma at `base` and a share of the dendrite.
    #[inline]
    fn held(&self, base: f64, share: f64, above: f64, decay: f64) -> f64 {
        let of = |base: f64, share: f64| {
            let at = |above: f64| self.argument(base + share * above);
            mean_logistic(at(above), at(above * decay))
        };
        let error = self.by_rate * of(base, share) - of(0.0, self.share);
        self.decay.tau_ms() * (1.0 - decay) * error
    }
}

impl State {
    /// Works out what the soma is made of.
    fn mix(&mut self, c: &Constants) {
        let total;
        (self.base, self.share, total) = self.mixture(c);
        if let Some(lagging) = &mut self.lagging {
            lagging.rate = total / c.c_soma;
            if self.clamp != 0.0 {
                lagging.above = self.base;
            }
        }
    }

    /// Where the soma is held: at a potential above `e_l`, and a share of the dendrite; and by which
    /// conductance.
    #[inline]
    fn mixture(&self, c: &Constants) -> (f64, f64, f64) {
        if self.clamp != 0.0 {
            return (self.clamp - c.e_l, 0.0, c.g_l + c.g_d);
        }
        let open = |open: f64, contacts: f64| open.max(c.floor * contacts).max(0.0);
        let g_ex = c.g_ex * open(self.open_ex, self.contacts_ex);
        let g_in = c.g_in * open(self.open_in, self.contacts_in);
        let g_teacher = if self.teacher != 0.0 { c.g_teacher } else { 0.0 };
        if g_ex + g_in + g_teacher == 0.0 {
            return (0.0, c.share, c.g_l + c.g_d);
        }
        let total = c.g_l + c.g_d + g_ex + g_in + g_teacher;
        let pull =
            g_ex * (c.e_ex - c.e_l) + g_in * (c.e_in - c.e_l) + g_teacher * (self.teacher - c.e_l);
        (pull / total, c.g_d / total, total)
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
        match self.lagging {
            None => self.base + self.share * (self.v - c.e_l),
            Some(lagging) => lagging.above,
        }
    }

    /// What a stretch adds to the second total of the lesson, `from` now, which is so far into its epoch.
    #[cold]
    #[inline(never)]
    fn second_piece(&self, c: &Constants, rate: f64, [from, part, into]: [Span; 3]) -> f64 {
        let silent = self.lagging.is_none() && self.base == 0.0 && self.share == c.share;
        if silent && c.by_rate == 1.0 {
            return 0.0;
        }
        let at_once = Lagging { above: self.soma(c), rate: f64::INFINITY };
        let course = self.course(c, self.lagging.unwrap_or(at_once)).later(from.ms());
        exp(-rate * into.ms()) * course.error_weighted(c, part.ms(), rate)
    }

    /// What a soma that lags does if nothing arrives.
    fn course(&self, c: &Constants, lagging: Lagging) -> Course {
        let Lagging { above, rate } = lagging;
        let (leak, dendrite) = (1.0 / c.decay.tau_ms(), self.v - c.e_l);
        Course { above, rate, leak, base: self.base, share: self.share, dendrite }
    }

    /// Lets time pass for everything but the dice: `ms`, which are `span` to the next tick; `decay` is that
    /// of the dendrite.
    #[inline]
    fn pass(&mut self, c: &Constants, (span, ms): (Span, f64), decay: f64) {
        let above = self.v - c.e_l;
        let mut lesson = self.lesson;
        let over = |span| c.decay.over(span);
        let second = |from, part, into| match c.second {
            None => 0.0,
            Some(rate) => self.second_piece(c, rate, [from, part, into]),
        };
        if let Some(lagging) = self.lagging {
            let course = self.course(c, lagging);
            let piece = |from: Span, part: Span, into| {
                [course.later(from.ms()).error(c, part.ms()), second(from, part, into)]
            };
            lesson.advance(c.epoch, span, over, piece);
            self.lagging = Some(Lagging { above: course.after(ms), ..lagging });
        } else if lesson.fits(c.epoch, span) {
            let second = second(Span::ZERO, span, lesson.into_epoch());
            lesson.pass(span, decay, [c.error(self, above, decay), second]);
        } else {
            let piece = |from, part, into| {
                [c.error(self, above * over(from), over(part)), second(from, part, into)]
            };
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
        if let Some(lagging) = s.lagging {
            return s.course(c, lagging).after(ms);
        }
        let faded = if ms == 0.0 { 1.0 } else { exp(-ms / c.decay.tau_ms()) };
        s.base + s.share * (s.v - c.e_l) * faded
    }

    /// A potential that is not exceeded from `ms` on.
    fn highest_after(&self, ms: f64) -> f64 {
        let (c, s) = (self.constants, self.state);
        match s.lagging {
            None => self.soma_after(ms).max(s.base),
            Some(lagging) => s.course(c, lagging).later(ms).highest(),
        }
    }
}

impl Hazard for Relaxing<'_> {
    fn rate(&self, ms: f64) -> f64 {
        let c = self.constants;
        c.rho_per_ms * logistic(c.argument(self.soma_after(ms)))
    }

    fn ceiling(&self, ms: f64) -> Ceiling {
        let c = self.constants;
        let highest = c.argument(self.highest_after(ms));
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
            c_soma: p[C_SOMA],
            second: (p[TAU_DELTA] > 0.0).then(|| 1.0 / p[TAU] - 1.0 / p[TAU_DELTA]),
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
            lagging: None,
            lesson,
            proposals,
        };
        state.mix(c);
        if c.c_soma > 0.0 {
            state.lagging = Some(Lagging { above: state.soma(c), rate: 0.0 });
            state.mix(c);
        }
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
        s.pass(c, (span, dt_ms), exp(-dt_ms / c.decay.tau_ms()));
    }

    #[inline]
    fn advance_by(c: &Constants, s: &mut State, drive: f64, span: Span) {
        if span == Span::ZERO {
            return;
        }
        let mut proposals = s.proposals;
        proposals.advance(&Relaxing { constants: c, state: s }, drive, span.ms());
        s.proposals = proposals;
        s.pass(c, (span, span.ms()), c.decay.over(span));
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
    /// nothing: an ensemble fires before it takes what arrives at the same tick. And if somata take no time,
    /// and no second total is kept.
    fn offers_ensemble(c: &Constants, starts: &[Vec<f64>], set: &[f64]) -> bool {
        if c.by_spike != 0.0 || c.c_soma != 0.0 || c.second.is_some() {
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
        let faded = |rate: f64| exp(-rate * s.lesson.into_epoch().ms());
        s.lesson.add(c.by_spike, c.second.map_or(0.0, faded));
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
        s.lagging.into_iter().for_each(|lagging| digest.real(lagging.above));
        s.proposals.digest(digest);
    }
}

#[cfg(test)]
mod tests;
