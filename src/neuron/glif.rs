//! `glif`: leaky integrate-and-fire neuron with spike-triggered currents and a moving threshold.

use super::gained::Gainable;
use super::lif::{self, Membrane, TAU_SYN_EX, TAU_SYN_IN};
use super::membrane::{Filter, Relaxation};
use super::ticked::{DRIFTS, Drive};
use super::{Descriptor, Dynamics, Initial, Parameter, Range, Variable, Visitor};
use crate::base::digest::Digest;
use crate::base::math::{exp, ln_1p, sqrt};
use crate::base::saved::{Value, value};
use crate::base::time::TICKS_PER_MS;
use crate::base::{Span, Unit};
use std::fmt::Debug;
use std::marker::PhantomData;

const T_SILENT: usize = 8;
const V_KEEP: usize = 9;
const ASC_JUMP: usize = 10;
const TAU_ASC: usize = 11;
const TH_JUMP: usize = 12;
const TAU_TH: usize = 13;

/// The variables that come before the members of the two series; the last two are their sums.
const VARIABLES: [Variable; 5] = [
    lif::v_m(),
    lif::i_syn_ex(),
    lif::i_syn_in(),
    Variable {
        name: "asc",
        unit: Unit::Pa,
        initial: Initial::Series(ASC_JUMP),
        doc: "spike-triggered current: the sum of asc_1, asc_2, ...",
    },
    Variable {
        name: "th",
        unit: Unit::Mv,
        initial: Initial::Series(TH_JUMP),
        doc: "Theta - v_th: the sum of th_1, th_2, ...",
    },
];

static DESCRIPTOR: Descriptor = Descriptor {
    name: "glif",
    summary: "generalised leaky integrate-and-fire: spike-triggered currents, moving threshold",
    manual: "\
Leaky integrate-and-fire neuron with exponential synaptic currents, any number of currents that its
own spikes trigger, and a threshold with any number of components that its own spikes move.

    tau_m dV/dt = -(V - e_l) + (tau_m / c_m) (i_e + i_syn_ex + i_syn_in + sum_k asc_k)
    tau_syn_ex d(i_syn_ex)/dt = -i_syn_ex     an arrival of weight w >= 0 (pA) adds w
    tau_syn_in d(i_syn_in)/dt = -i_syn_in     an arrival of weight w < 0 (pA) adds w
    tau_asc_k d(asc_k)/dt = -asc_k            for each k
    tau_th_k d(th_k)/dt = -th_k               for each k
    Theta = v_th + sum_k th_k
    V reaches Theta     spike; V -> v_reset + v_keep (V - v_reset), held there for t_ref;
                        asc_k -> asc_k + asc_jump_k;  th_k -> th_k + th_jump_k

Jumps and time constants are lists that all neurons of a population share, empty unless given. The
first current has the first of each, and so on, so asc_jump must be as long as tau_asc, and th_jump
as tau_th:

    asc_jump = [\"-200 pA\", \"40 pA\"], tau_asc = [\"100 ms\", \"20 ms\"]
    th_jump = [\"3 mV\"], tau_th = [\"50 ms\"]

A jump may have either sign. A negative asc_jump is an after-hyperpolarisation, a positive th_jump
an adaptive threshold; each makes the neuron adapt. Every current asc_1, asc_2 and so on and every
component th_1, th_2 and so on is a variable with a start value, and can be recorded, as can their
sums, asc and th. Up to four of each have their place in the neuron; if there are more of either,
all have one beside it. An event costs more the more of them there are that are not zero.

In refractoriness, (t, t + t_ref], V is held while currents and threshold go on and input is
taken. In silence, (t, t + t_silent], V moves as ever and no spike is fired; a membrane that is
above threshold when silence ends fires at the first grid point after it. v_keep = 0 is the usual
reset, v_keep = 1 none at all; then a spike must raise the threshold or be followed by silence,
or the neuron would fire without end, and the scenario is refused.

Between events V - Theta is a sum of exponentials, solved exactly; time constants that are equal
or nearly so are not singular. Its first zero is searched from the left in steps that provably
hold none. With g = Theta - V, W = dV/dt and all values at the start of a step of length h,

    g(h) >= g - (W - Theta') h - (b + max(0, -W) / tau_m + sum (-th_k)+ / tau_th_k^2) h^2 / 2
    b = sum over negative currents of |I| / (c_m tau)

because (W e^(t/tau_m))' = (dI/dt) e^(t/tau_m) / c_m <= b e^(t/tau_m), and e^-x lies between
1 - x and 1 - x + x^2 / 2. The step ends where the right side reaches zero. A crossing that rises
and falls again between two arrivals is found; one that only touches counts if it rises there.

Where this is another model: without jumps `lif_exp`. With t_ref = 0, v_keep = 1, t_silent and two
th_jump it is the MAT model (NEST mat2_psc_exp: tau_1, tau_2, alpha_1, alpha_2, omega - E_L = v_th -
e_l). With t_ref = tau_ref_abs and t_silent = tau_ref_tot it is NEST iaf_psc_exp_htum. NEST's
glif_psc adds its jumps at the end of refractoriness: asc_jump_k = asc_amps e^(t_ref / tau_asc_k),
th_jump_1 = th_spike_add e^(t_ref / tau_th_1); v_keep = voltage_reset_fraction, v_reset = E_L +
voltage_reset_add / (1 - v_keep). It has alpha-shaped synapses, averages its currents over a step
and looks at the threshold on the grid only; its voltage-dependent threshold is not here.

Source: Mihalas and Niebur 2009, doi 10.1162/neco.2008.12-07-680; Teeter et al. 2018,
doi 10.1038/s41467-017-02717-4; Kobayashi et al. 2009, doi 10.3389/neuro.10.009.2009; Tsodyks et
al. 2000, doi 10.1523/JNEUROSCI.20-01-j0003.2000.",
    parameters: lif::with_currents![
        Parameter {
            name: "t_silent",
            unit: Unit::Ms,
            default: 0.0,
            range: Range::NonNegative,
            per_neuron: false,
            doc: "time after a spike in which the membrane moves and no spike is fired",
        },
        Parameter {
            name: "v_keep",
            unit: Unit::One,
            default: 0.0,
            range: Range::NonNegative,
            per_neuron: false,
            doc: "share of V - v_reset that a spike leaves, 0 to 1",
        },
        jump("asc_jump", Unit::Pa, "what a spike adds to each spike-triggered current"),
        decay("tau_asc", "their time constants"),
        jump("th_jump", Unit::Mv, "what a spike adds to each component of the threshold"),
        decay("tau_th", "their time constants"),
    ],
    variables: &VARIABLES,
    input: Unit::Pa,
    check,
    current_for_period: None,
};

const fn jump(name: &'static str, unit: Unit, doc: &'static str) -> Parameter {
    let range = Range::List(&Range::Any);
    Parameter { name, unit, default: 0.0, range, per_neuron: false, doc }
}

const fn decay(name: &'static str, doc: &'static str) -> Parameter {
    let range = Range::List(&Range::Positive);
    Parameter { name, unit: Unit::Ms, default: 30.0, range, per_neuron: false, doc }
}

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut problems = lif::check_reset_below_threshold(p);
    for (jumps, decays) in [(ASC_JUMP, TAU_ASC), (TH_JUMP, TAU_TH)] {
        if p[jumps] != p[decays] {
            let [jump, tau] = [jumps, decays].map(|list| DESCRIPTOR.parameters[list].name);
            let (many, few) = (p[jumps], p[decays]);
            let found = format!("{jump} has {many} values and {tau} {few}");
            let what = format!("{found}; allowed are equally many");
            problems.push((decays, what));
        }
    }
    let raised: f64 = DESCRIPTOR.list(p, TH_JUMP).iter().sum();
    if p[V_KEEP] > 1.0 {
        problems.push((V_KEEP, format!("v_keep ({}) must not exceed 1", p[V_KEEP])));
    } else if p[V_KEEP] == 1.0 && p[T_SILENT] == 0.0 && raised <= 0.0 {
        let what = "v_keep = 1 needs t_silent > 0 or a spike that raises the threshold: the sum \
                    of th_jump must be greater than zero";
        problems.push((V_KEEP, what.to_string()));
    }
    problems
}

/// Room for the components of one kind in the state of a neuron; those beyond the population's
/// number stay zero.
pub trait Slots:
    AsRef<[f64]> + AsMut<[f64]> + Value + Clone + Debug + PartialEq + Send + Sync + 'static
{
    /// How many there may be.
    const MOST: usize;

    /// Room for so many, all zero.
    fn zeros(count: usize) -> Self;
}

/// In the state itself. One or two is what the literature has, and a neuron is copied at once.
pub type Few = [f64; 4];

impl Slots for Few {
    const MOST: usize = 4;

    fn zeros(_: usize) -> Few {
        [0.0; 4]
    }
}

/// Beside it, as many as there are.
pub type Many = Box<[f64]>;

impl Slots for Many {
    const MOST: usize = usize::MAX;

    fn zeros(count: usize) -> Many {
        vec![0.0; count].into()
    }
}

/// See the [manual page](Descriptor::manual); with room of one kind.
pub struct Generalised<S>(PhantomData<fn() -> S>);

/// See the [manual page](Descriptor::manual). With more than a [`Few`] currents or components a
/// population is [`Generalised<Many>`].
pub type Glif = Generalised<Few>;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    membrane: Membrane,
    v_keep: f64,
    /// How long a neuron is silent after a spike, in ticks: half a tick beyond the last one, so
    /// that no comparison is ever between equals. Zero for no silence.
    silent_ticks: f64,
    /// Of the excitatory and the inhibitory current.
    synaptic: [Filter; 2],
    /// Of the spike-triggered currents.
    triggered: Box<[Filter]>,
    asc_jump_pa: Box<[f64]>,
    th_jump_mv: Box<[f64]>,
    tau_th_ms: Box<[f64]>,
    /// e^(-t/tau) is zero for every time constant after this time.
    horizon_ms: f64,
}

/// Membrane potential in mV, currents in pA, components of the threshold in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State<S> {
    v_mv: f64,
    /// Excitatory, inhibitory.
    synaptic_pa: [f64; 2],
    /// Spike-triggered.
    asc_pa: S,
    th_mv: S,
    /// What is left of the silence after the last spike.
    silent_ticks: f64,
}
value!(State<S> where [S: Value] { v_mv, synaptic_pa, asc_pa, th_mv, silent_ticks });

impl<S: Slots> State<S> {
    /// Becomes what another neuron of the population is.
    #[inline]
    fn set(&mut self, other: &State<S>) {
        (self.v_mv, self.synaptic_pa) = (other.v_mv, other.synaptic_pa);
        self.asc_pa.as_mut().copy_from_slice(other.asc_pa.as_ref());
        self.th_mv.as_mut().copy_from_slice(other.th_mv.as_ref());
        self.silent_ticks = other.silent_ticks;
    }

    /// Theta - v_th, in mV.
    #[inline]
    fn raised_mv(&self) -> f64 {
        self.th_mv.as_ref().iter().sum()
    }
}

/// What can be said at one moment about the future without solving for it.
#[derive(Clone, Copy, Debug)]
struct Outlook {
    /// Theta - V, in mV.
    gap_mv: f64,
    /// d(V - Theta)/dt, in mV / ms.
    slope: f64,
    /// The gap is at least gap - slope h - bend h^2 / 2 after any time h, in mV / ms^2.
    bend: f64,
    /// The distance from V to the lowest value that the threshold may have from now on, in mV.
    room_mv: f64,
    /// How far beyond that value V would end if currents stayed at their largest, in mV.
    beyond_mv: f64,
    /// Whether a bound shows that the threshold is never reached.
    excluded: bool,
}

impl Outlook {
    /// The larger of a time that `frozen` gives, from the room and how far V may end beyond it,
    /// and of the time until the parabola of the manual page reaches zero; infinite if neither
    /// does.
    #[inline]
    fn safe_step(&self, frozen: impl Fn(f64) -> f64) -> f64 {
        let frozen = if self.room_mv > 0.0 { frozen(self.room_mv / self.beyond_mv) } else { 0.0 };
        let parabola = if self.bend == 0.0 {
            if self.slope > 0.0 { self.gap_mv / self.slope } else { f64::INFINITY }
        } else {
            let root = length(self.slope, 2.0 * self.bend, self.gap_mv);
            if self.slope < 0.0 {
                (root - self.slope) / self.bend
            } else if self.gap_mv > 0.0 {
                2.0 * self.gap_mv / (self.slope + root)
            } else {
                0.0
            }
        };
        frozen.max(parabola)
    }
}

/// sqrt(x^2 + a b) for a, b >= 0, also where the squares are beyond what a double holds.
#[inline]
fn length(x: f64, a: f64, b: f64) -> f64 {
    let square = x * x + a * b;
    if square.is_finite() {
        return sqrt(square);
    }
    let y = sqrt(a) * sqrt(b);
    let (large, small) = (x.abs().max(y), x.abs().min(y));
    large * sqrt(1.0 + (small / large) * (small / large))
}

impl Constants {
    /// Each current with its filter.
    #[inline]
    fn currents<'c, S: Slots>(
        &'c self,
        s: &'c State<S>,
    ) -> impl Iterator<Item = (f64, &'c Filter)> + use<'c, S> {
        let synaptic = s.synaptic_pa.iter().zip(&self.synaptic);
        let triggered = s.asc_pa.as_ref().iter().zip(&self.triggered);
        synaptic.chain(triggered).map(|(current, filter)| (*current, filter))
    }

    /// Does something to each current that is not zero: one that has never been excited costs
    /// nothing.
    #[inline]
    fn each_current<S: Slots>(&self, s: &mut State<S>, mut change: impl FnMut(&mut f64, &Filter)) {
        let synaptic = s.synaptic_pa.iter_mut().zip(&self.synaptic);
        let triggered = s.asc_pa.as_mut().iter_mut().zip(&self.triggered);
        synaptic
            .chain(triggered)
            .filter(|(current, _)| **current != 0.0)
            .for_each(|(current, filter)| change(current, filter));
    }

    /// Theta - V, in mV.
    #[inline]
    fn gap_mv<S: Slots>(&self, s: &State<S>) -> f64 {
        s.raised_mv() - (s.v_mv - self.membrane.v_th_mv)
    }

    /// Moves a neuron that integrates by `dt_ms`. Returns its distance to threshold, without the
    /// loss of digits that V - v_th would bring.
    #[inline]
    fn shift<S: Slots>(&self, s: &mut State<S>, drive: f64, dt_ms: f64) -> f64 {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let membrane = Relaxation::over(dt_ms, m.tau_m_ms);
        let mut deflection = 0.0;
        self.each_current(s, |current, filter| {
            let response = filter.response(dt_ms, membrane);
            deflection += *current * response.deflection;
            *current *= response.decay;
        });
        self.lower(s, dt_ms);
        let above = membrane.relax(s.v_mv - m.v_th_mv, v_inf - m.v_th_mv, deflection);
        s.v_mv = membrane.relax(s.v_mv, v_inf, deflection);
        s.raised_mv() - above
    }

    /// Moves the threshold and the clock of silence.
    #[inline]
    fn lower<S: Slots>(&self, s: &mut State<S>, dt_ms: f64) {
        for (th, tau) in s.th_mv.as_mut().iter_mut().zip(&self.tau_th_ms) {
            if *th != 0.0 {
                *th *= exp(-dt_ms / tau);
            }
        }
        if s.silent_ticks > 0.0 {
            let ticks = (dt_ms * TICKS_PER_MS as f64).round();
            s.silent_ticks = (s.silent_ticks - ticks).max(0.0);
        }
    }

    /// What can be said of the state without a transcendental function.
    fn outlook<S: Slots>(&self, s: &State<S>, drive: f64, gap_mv: f64) -> Outlook {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let (away, under) = (s.v_mv - v_inf, m.v_th_mv - v_inf);
        // Of rising currents: their sum, the largest deflections, and their bounds in units of
        // e^(-t/tau_m). Of falling ones: how fast they cease.
        let (mut total, mut lifting, mut peak, mut reach, mut bend) = (0.0, 0.0, 0.0, 0.0, 0.0);
        self.currents(s).for_each(|(current, filter)| {
            total += current;
            if current > 0.0 {
                lifting += current;
                peak += current * filter.peak_mv;
                reach += current * filter.reach_mv;
            } else if current < 0.0 {
                bend -= current / filter.tau_ms / m.c_m_pf;
            }
        });
        let rise = total / m.c_m_pf - away / m.tau_m_ms;
        let (mut slope, mut dip) = (rise, 0.0);
        bend += (-rise).max(0.0) / m.tau_m_ms;
        for (&th, tau) in s.th_mv.as_ref().iter().zip(&self.tau_th_ms) {
            if th != 0.0 {
                slope += th / tau;
                let below = (-th).max(0.0);
                dip += below;
                bend += below / (tau * tau);
            }
        }
        let room_mv = m.v_th_mv - dip - s.v_mv;
        let beyond_mv = lifting * m.mv_per_pa + dip - under;
        let excluded = peak + dip + away.max(0.0) < under
            || (room_mv > 0.0 && beyond_mv <= 0.0)
            || (under >= 0.0 && dip == 0.0 && away + reach <= 0.0);
        Outlook { gap_mv, slope, bend, room_mv, beyond_mv, excluded }
    }

    /// The first crossing of a state that is not silent.
    ///
    /// Every step ends before it or at it, and steps shrink to zero only there. A step below
    /// `SHORTEST_STEP_MS` is lengthened to it, so that rounding cannot hold the walk on the spot.
    fn first_crossing<S: Slots>(&self, s: &State<S>, drive: f64, gap_mv: f64) -> Option<f64> {
        if gap_mv < 0.0 {
            return Some(0.0);
        }
        let mut outlook = self.outlook(s, drive, gap_mv);
        let (mut t, mut then) = (0.0, s.clone());
        while !outlook.excluded && t < self.horizon_ms {
            let step = outlook.safe_step(|ratio| self.membrane.tau_m_ms * ln_1p(ratio));
            let next = t + step.max(SHORTEST_STEP_MS);
            if !next.is_finite() {
                return None;
            }
            if next <= t {
                return Some(t);
            }
            then.set(s);
            let gap_mv = self.shift(&mut then, drive, next);
            if gap_mv <= 0.0 {
                return Some(if step < SHORTEST_STEP_MS { t + step } else { next });
            }
            outlook = self.outlook(&then, drive, gap_mv);
            t = next;
        }
        None
    }
}

/// About a millionth of a tick: no crossing is located more closely than this needs.
const SHORTEST_STEP_MS: f64 = 1.0 / (1u64 << 40) as f64;

impl<S: Slots> Dynamics for Generalised<S> {
    type Constants = Constants;
    type State = State<S>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn fits(p: &[f64]) -> bool {
        p[ASC_JUMP].max(p[TH_JUMP]) as usize <= S::MOST
    }

    fn choose<V: Visitor>(p: &[f64], visitor: V) -> V::Output {
        match Self::fits(p) {
            true => visitor.visit::<Self>(),
            false => visitor.visit::<Generalised<Many>>(),
        }
    }

    fn bytes_beside(p: &[f64]) -> usize {
        // Each of the two lists has a header of the allocator.
        const HEADERS: usize = 2 * 16;
        let values = (p[ASC_JUMP] + p[TH_JUMP]) as usize * size_of::<f64>();
        if Glif::fits(p) { 0 } else { values + HEADERS }
    }

    fn constants(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        let silent = Span::from_ms(p[T_SILENT]).expect("checked when the scenario was read");
        let list = |place: usize| DESCRIPTOR.list(p, place);
        let filter = |&tau_ms: &f64| Filter::new(&membrane, tau_ms);
        let synaptic = [p[TAU_SYN_EX], p[TAU_SYN_IN]];
        let all = synaptic.iter().chain(list(TAU_ASC)).chain(list(TAU_TH));
        let slowest = all.copied().fold(membrane.tau_m_ms, f64::max);
        Constants {
            v_keep: p[V_KEEP],
            silent_ticks: if silent == Span::ZERO { 0.0 } else { silent.0 as f64 + 0.5 },
            synaptic: synaptic.each_ref().map(filter),
            triggered: list(TAU_ASC).iter().map(filter).collect(),
            asc_jump_pa: list(ASC_JUMP).into(),
            th_jump_mv: list(TH_JUMP).into(),
            tau_th_ms: list(TAU_TH).into(),
            horizon_ms: 1000.0 * slowest,
            membrane,
        }
    }

    fn initial(c: &Constants, variables: &[f64]) -> State<S> {
        let (currents, components) = variables[VARIABLES.len()..].split_at(c.asc_jump_pa.len());
        let slots = |values: &[f64]| {
            let mut slots = S::zeros(values.len());
            slots.as_mut()[..values.len()].copy_from_slice(values);
            slots
        };
        State {
            v_mv: variables[0],
            synaptic_pa: [variables[1], variables[2]],
            asc_pa: slots(currents),
            th_mv: slots(components),
            silent_ticks: 0.0,
        }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State<S>, drive: f64, dt_ms: f64) {
        c.shift(s, drive, dt_ms);
    }

    #[inline]
    fn advance_clamped(c: &Constants, s: &mut State<S>, dt_ms: f64) {
        c.each_current(s, |current, filter| *current *= exp(-dt_ms / filter.tau_ms));
        c.lower(s, dt_ms);
    }

    #[inline]
    fn receive(_: &Constants, s: &mut State<S>, weight: f64) {
        s.synaptic_pa[usize::from(weight < 0.0)] += weight;
    }

    #[inline]
    fn receive_clamped(c: &Constants, s: &mut State<S>, weight: f64) {
        Self::receive(c, s, weight);
    }

    /// Input moves no potential, so only a start above threshold can be found here.
    #[inline]
    fn at_threshold(c: &Constants, s: &State<S>) -> bool {
        s.silent_ticks == 0.0 && c.gap_mv(s) < 0.0
    }

    #[inline]
    fn crossing(c: &Constants, s: &State<S>, drive: f64) -> Option<f64> {
        if s.silent_ticks == 0.0 {
            return c.first_crossing(s, drive, c.gap_mv(s));
        }
        let end_ms = s.silent_ticks / TICKS_PER_MS as f64;
        let mut then = s.clone();
        let gap_mv = c.shift(&mut then, drive, end_ms);
        c.first_crossing(&then, drive, gap_mv).map(|ms| end_ms + ms)
    }

    #[inline]
    fn quiet(c: &Constants, s: &State<S>, drive: f64) -> f64 {
        if s.silent_ticks > 0.0 {
            return s.silent_ticks / TICKS_PER_MS as f64;
        }
        let gap_mv = c.gap_mv(s);
        if gap_mv < 0.0 {
            return 0.0;
        }
        let outlook = c.outlook(s, drive, gap_mv);
        if outlook.excluded {
            return f64::INFINITY;
        }
        // ln(1 + x) >= 2 x / (2 + x).
        outlook.safe_step(|ratio| c.membrane.tau_m_ms * 2.0 * ratio / (2.0 + ratio))
    }

    #[inline]
    fn fire(c: &Constants, s: &mut State<S>) {
        let reset = c.membrane.v_reset_mv;
        s.v_mv = if c.v_keep == 0.0 { reset } else { reset + c.v_keep * (s.v_mv - reset) };
        for (current, jump) in s.asc_pa.as_mut().iter_mut().zip(&c.asc_jump_pa) {
            *current += jump;
        }
        for (th, jump) in s.th_mv.as_mut().iter_mut().zip(&c.th_jump_mv) {
            *th += jump;
        }
        s.silent_ticks = c.silent_ticks;
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.membrane.t_ref
    }

    fn observe(c: &Constants, s: &State<S>, variable: usize) -> f64 {
        let currents = c.asc_jump_pa.len();
        match variable {
            0 => s.v_mv,
            1 | 2 => s.synaptic_pa[variable - 1],
            3 => s.asc_pa.as_ref().iter().sum(),
            4 => s.raised_mv(),
            k if k - VARIABLES.len() < currents => s.asc_pa.as_ref()[k - VARIABLES.len()],
            k => s.th_mv.as_ref()[k - VARIABLES.len() - currents],
        }
    }

    fn digest(s: &State<S>, digest: &mut Digest) {
        digest.real(s.v_mv);
        let all = s.synaptic_pa.iter().chain(s.asc_pa.as_ref()).chain(s.th_mv.as_ref());
        all.for_each(|&value| digest.real(value));
        digest.real(s.silent_ticks);
    }
}

/// Spike-triggered currents are seen through the gain like all currents, and are no part of the
/// drive: a controller sees what reaches a neuron, not what it answers.
impl<S: Slots> Gainable for Generalised<S> {
    #[inline]
    fn seen(c: &Constants, s: &State<S>, n: f64) -> State<S> {
        let mut seen = s.clone();
        seen.v_mv = c.membrane.seen_mv(s.v_mv, n);
        let currents = seen.synaptic_pa.iter_mut().chain(seen.asc_pa.as_mut());
        currents.for_each(|pa| *pa *= n);
        seen
    }

    fn taus_ms(c: &Constants) -> [f64; DRIFTS] {
        c.synaptic.each_ref().map(|filter| filter.tau_ms)
    }

    #[inline]
    fn drive(c: &Constants, s: &State<S>, _: f64, current: f64) -> Drive {
        let drifts = s.synaptic_pa.map(|pa| c.membrane.drive(pa));
        Drive { base: c.membrane.drive(current), drifts }
    }
}

#[cfg(test)]
mod tests;
