//! `glif`: leaky integrate-and-fire neuron with spike-triggered currents and a moving threshold.

use super::gained::Gainable;
use super::lif::{self, Membrane, TAU_SYN_EX, TAU_SYN_IN, from_zero};
use super::membrane::{Filter, Relaxation};
use super::ticked::{DRIFTS, Drive};
use super::{Descriptor, Dynamics, Parameter, Range};
use crate::base::digest::Digest;
use crate::base::math::{exp, ln_1p, sqrt};
use crate::base::saved::value;
use crate::base::time::TICKS_PER_MS;
use crate::base::{Span, Unit};

const T_SILENT: usize = 8;
const V_KEEP: usize = 9;
/// From here on (jump, time constant) of each spike-triggered current.
const ASC: usize = 10;
/// How many there are of each kind.
const COMPONENTS: usize = 4;
/// From here on (jump, time constant) of each component of the threshold.
const TH: usize = ASC + 2 * COMPONENTS;
/// Two synaptic currents, then the spike-triggered ones.
const CURRENTS: usize = 2 + COMPONENTS;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "glif",
    summary: "generalised leaky integrate-and-fire: spike-triggered currents, moving threshold",
    manual: "\
Leaky integrate-and-fire neuron with exponential synaptic currents, up to four currents that its
own spikes trigger, and a threshold with up to four components that its own spikes move.

    tau_m dV/dt = -(V - e_l) + (tau_m / c_m) (i_e + i_syn_ex + i_syn_in + sum_k asc_k)
    tau_syn_ex d(i_syn_ex)/dt = -i_syn_ex     an arrival of weight w >= 0 (pA) adds w
    tau_syn_in d(i_syn_in)/dt = -i_syn_in     an arrival of weight w < 0 (pA) adds w
    tau_asc_k d(asc_k)/dt = -asc_k            k = 1 to 4
    tau_th_k d(th_k)/dt = -th_k               k = 1 to 4
    Theta = v_th + sum_k th_k
    V reaches Theta     spike; V -> v_reset + v_keep (V - v_reset), held there for t_ref;
                        asc_k -> asc_k + asc_jump_k;  th_k -> th_k + th_jump_k

A jump (asc_jump_1, asc_jump_2, asc_jump_3, asc_jump_4 in pA; th_jump_1, th_jump_2, th_jump_3,
th_jump_4 in mV) may have either sign and is zero unless given; what is not used costs nothing.
Time constants: tau_asc_1, tau_asc_2, tau_asc_3, tau_asc_4, tau_th_1, tau_th_2, tau_th_3,
tau_th_4. A negative asc_jump is an after-hyperpolarisation, a positive th_jump an adaptive
threshold; each makes the neuron adapt.

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
        jump("asc_jump_1", Unit::Pa),
        decay("tau_asc_1", 100.0),
        jump("asc_jump_2", Unit::Pa),
        decay("tau_asc_2", 30.0),
        jump("asc_jump_3", Unit::Pa),
        decay("tau_asc_3", 10.0),
        jump("asc_jump_4", Unit::Pa),
        decay("tau_asc_4", 3.0),
        jump("th_jump_1", Unit::Mv),
        decay("tau_th_1", 10.0),
        jump("th_jump_2", Unit::Mv),
        decay("tau_th_2", 200.0),
        jump("th_jump_3", Unit::Mv),
        decay("tau_th_3", 50.0),
        jump("th_jump_4", Unit::Mv),
        decay("tau_th_4", 3.0),
    ],
    variables: &[
        lif::v_m(),
        lif::i_syn_ex(),
        lif::i_syn_in(),
        from_zero("asc_1", Unit::Pa, "first spike-triggered current"),
        from_zero("asc_2", Unit::Pa, "second spike-triggered current"),
        from_zero("asc_3", Unit::Pa, "third spike-triggered current"),
        from_zero("asc_4", Unit::Pa, "fourth spike-triggered current"),
        from_zero("th_1", Unit::Mv, "first component of the threshold"),
        from_zero("th_2", Unit::Mv, "second component of the threshold"),
        from_zero("th_3", Unit::Mv, "third component of the threshold"),
        from_zero("th_4", Unit::Mv, "fourth component of the threshold"),
    ],
    input: Unit::Pa,
    check,
    current_for_period: None,
};

const fn jump(name: &'static str, unit: Unit) -> Parameter {
    let doc = match unit {
        Unit::Pa => "what a spike adds to this spike-triggered current",
        _ => "what a spike adds to this component of the threshold",
    };
    Parameter { name, unit, default: 0.0, range: Range::Any, per_neuron: false, doc }
}

const fn decay(name: &'static str, default: f64) -> Parameter {
    let doc = "its time constant";
    Parameter { name, unit: Unit::Ms, default, range: Range::Positive, per_neuron: false, doc }
}

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut problems = lif::check_reset_below_threshold(p);
    let raised: f64 = (0..COMPONENTS).map(|k| p[TH + 2 * k]).sum();
    if p[V_KEEP] > 1.0 {
        problems.push((V_KEEP, format!("v_keep ({}) must not exceed 1", p[V_KEEP])));
    } else if p[V_KEEP] == 1.0 && p[T_SILENT] == 0.0 && raised <= 0.0 {
        let what = "v_keep = 1 needs t_silent > 0 or a spike that raises the threshold: the sum \
                    of th_jump_1 to th_jump_4 must be greater than zero";
        problems.push((V_KEEP, what.to_string()));
    }
    problems
}

/// See the [manual page](Descriptor::manual).
pub struct Glif;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    membrane: Membrane,
    v_keep: f64,
    /// How long a neuron is silent after a spike, in ticks: half a tick beyond the last one, so
    /// that no comparison is ever between equals. Zero for no silence.
    silent_ticks: f64,
    filters: [Filter; CURRENTS],
    asc_jump_pa: [f64; COMPONENTS],
    th_jump_mv: [f64; COMPONENTS],
    tau_th_ms: [f64; COMPONENTS],
    /// e^(-t/tau) is zero for every time constant after this time.
    horizon_ms: f64,
}

/// Membrane potential in mV, currents in pA, components of the threshold in mV.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    v_mv: f64,
    /// Excitatory, inhibitory, spike-triggered.
    currents_pa: [f64; CURRENTS],
    th_mv: [f64; COMPONENTS],
    /// What is left of the silence after the last spike.
    silent_ticks: f64,
}
value!(State { v_mv, currents_pa, th_mv, silent_ticks });

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
    /// Theta - v_th, in mV.
    #[inline]
    fn raised_mv(s: &State) -> f64 {
        s.th_mv.iter().sum()
    }

    /// Theta - V, in mV.
    #[inline]
    fn gap_mv(&self, s: &State) -> f64 {
        Self::raised_mv(s) - (s.v_mv - self.membrane.v_th_mv)
    }

    /// The state after `dt_ms` of integration, and its distance to threshold without the loss of
    /// digits that V - v_th would bring.
    #[inline]
    fn moved(&self, s: &State, drive: f64, dt_ms: f64) -> (State, f64) {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let membrane = Relaxation::over(dt_ms, m.tau_m_ms);
        let mut next = *s;
        let mut deflection = 0.0;
        for (current, filter) in next.currents_pa.iter_mut().zip(&self.filters) {
            // A current that has never been excited costs nothing.
            if *current != 0.0 {
                let response = filter.response(dt_ms, membrane);
                deflection += *current * response.deflection;
                *current *= response.decay;
            }
        }
        self.lower(&mut next, dt_ms);
        next.v_mv = membrane.relax(s.v_mv, v_inf, deflection);
        let above = membrane.relax(s.v_mv - m.v_th_mv, v_inf - m.v_th_mv, deflection);
        (next, Self::raised_mv(&next) - above)
    }

    /// Moves the threshold and the clock of silence.
    #[inline]
    fn lower(&self, s: &mut State, dt_ms: f64) {
        for (th, tau) in s.th_mv.iter_mut().zip(&self.tau_th_ms) {
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
    fn outlook(&self, s: &State, drive: f64, gap_mv: f64) -> Outlook {
        let m = &self.membrane;
        let v_inf = m.v_inf_mv(drive);
        let (away, under) = (s.v_mv - v_inf, m.v_th_mv - v_inf);
        // Of rising currents: their sum, the largest deflections, and their bounds in units of
        // e^(-t/tau_m). Of falling ones: how fast they cease.
        let (mut total, mut lifting, mut peak, mut reach, mut bend) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (&current, filter) in s.currents_pa.iter().zip(&self.filters) {
            total += current;
            if current > 0.0 {
                lifting += current;
                peak += current * filter.peak_mv;
                reach += current * filter.reach_mv;
            } else if current < 0.0 {
                bend -= current / filter.tau_ms / m.c_m_pf;
            }
        }
        let rise = total / m.c_m_pf - away / m.tau_m_ms;
        let (mut slope, mut dip) = (rise, 0.0);
        bend += (-rise).max(0.0) / m.tau_m_ms;
        for (&th, tau) in s.th_mv.iter().zip(&self.tau_th_ms) {
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
    fn first_crossing(&self, s: &State, drive: f64, gap_mv: f64) -> Option<f64> {
        if gap_mv < 0.0 {
            return Some(0.0);
        }
        let mut outlook = self.outlook(s, drive, gap_mv);
        let mut t = 0.0;
        while !outlook.excluded && t < self.horizon_ms {
            let step = outlook.safe_step(|ratio| self.membrane.tau_m_ms * ln_1p(ratio));
            let next = t + step.max(SHORTEST_STEP_MS);
            if !next.is_finite() {
                return None;
            }
            if next <= t {
                return Some(t);
            }
            let (then, gap_mv) = self.moved(s, drive, next);
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

impl Dynamics for Glif {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        let tau_current = |k: usize| match k {
            0 => p[TAU_SYN_EX],
            1 => p[TAU_SYN_IN],
            k => p[ASC + 2 * (k - 2) + 1],
        };
        let silent = Span::from_ms(p[T_SILENT]).expect("checked when the scenario was read");
        let filters: [Filter; CURRENTS] =
            std::array::from_fn(|k| Filter::new(&membrane, tau_current(k)));
        let tau_th_ms: [f64; COMPONENTS] = std::array::from_fn(|k| p[TH + 2 * k + 1]);
        let slowest = filters
            .iter()
            .map(|filter| filter.tau_ms)
            .chain(tau_th_ms)
            .fold(membrane.tau_m_ms, f64::max);
        Constants {
            v_keep: p[V_KEEP],
            silent_ticks: if silent == Span::ZERO { 0.0 } else { silent.0 as f64 + 0.5 },
            filters,
            asc_jump_pa: std::array::from_fn(|k| p[ASC + 2 * k]),
            th_jump_mv: std::array::from_fn(|k| p[TH + 2 * k]),
            tau_th_ms,
            horizon_ms: 1000.0 * slowest,
            membrane,
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        State {
            v_mv: variables[0],
            currents_pa: std::array::from_fn(|k| variables[1 + k]),
            th_mv: std::array::from_fn(|k| variables[1 + CURRENTS + k]),
            silent_ticks: 0.0,
        }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        *s = c.moved(s, drive, dt_ms).0;
    }

    #[inline]
    fn advance_clamped(c: &Constants, s: &mut State, dt_ms: f64) {
        for (current, filter) in s.currents_pa.iter_mut().zip(&c.filters) {
            if *current != 0.0 {
                *current *= exp(-dt_ms / filter.tau_ms);
            }
        }
        c.lower(s, dt_ms);
    }

    #[inline]
    fn receive(_: &Constants, s: &mut State, weight: f64) {
        s.currents_pa[usize::from(weight < 0.0)] += weight;
    }

    #[inline]
    fn receive_clamped(c: &Constants, s: &mut State, weight: f64) {
        Self::receive(c, s, weight);
    }

    /// Input moves no potential, so only a start above threshold can be found here.
    #[inline]
    fn at_threshold(c: &Constants, s: &State) -> bool {
        s.silent_ticks == 0.0 && c.gap_mv(s) < 0.0
    }

    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        if s.silent_ticks == 0.0 {
            return c.first_crossing(s, drive, c.gap_mv(s));
        }
        let end_ms = s.silent_ticks / TICKS_PER_MS as f64;
        let (then, gap_mv) = c.moved(s, drive, end_ms);
        c.first_crossing(&then, drive, gap_mv).map(|ms| end_ms + ms)
    }

    #[inline]
    fn quiet(c: &Constants, s: &State, drive: f64) -> f64 {
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
    fn fire(c: &Constants, s: &mut State) {
        let reset = c.membrane.v_reset_mv;
        s.v_mv = if c.v_keep == 0.0 { reset } else { reset + c.v_keep * (s.v_mv - reset) };
        for (current, jump) in s.currents_pa[2..].iter_mut().zip(&c.asc_jump_pa) {
            *current += jump;
        }
        for (th, jump) in s.th_mv.iter_mut().zip(&c.th_jump_mv) {
            *th += jump;
        }
        s.silent_ticks = c.silent_ticks;
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.membrane.t_ref
    }

    fn observe(_: &Constants, s: &State, variable: usize) -> f64 {
        match variable {
            0 => s.v_mv,
            k if k <= CURRENTS => s.currents_pa[k - 1],
            k => s.th_mv[k - 1 - CURRENTS],
        }
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.real(s.v_mv);
        s.currents_pa.iter().chain(&s.th_mv).for_each(|&value| digest.real(value));
        digest.real(s.silent_ticks);
    }
}

/// Spike-triggered currents are seen through the gain like all currents, and are no part of the
/// drive: a controller sees what reaches a neuron, not what it answers.
impl Gainable for Glif {
    #[inline]
    fn seen(c: &Constants, s: &State, n: f64) -> State {
        let v_mv = c.membrane.seen_mv(s.v_mv, n);
        State { v_mv, currents_pa: s.currents_pa.map(|pa| n * pa), ..*s }
    }

    fn taus_ms(c: &Constants) -> [f64; DRIFTS] {
        [c.filters[0].tau_ms, c.filters[1].tau_ms]
    }

    #[inline]
    fn drive(c: &Constants, s: &State, _: f64, current: f64) -> Drive {
        let [excitatory, inhibitory, ..] = s.currents_pa;
        let drifts = [excitatory, inhibitory].map(|pa| c.membrane.drive(pa));
        Drive { base: c.membrane.drive(current), drifts }
    }
}

#[cfg(test)]
mod tests;
