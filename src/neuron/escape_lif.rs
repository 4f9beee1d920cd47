//! `escape_lif`: leaky integrate-and-fire neuron with a noisy threshold.

use super::lif::{self, E_L, Membrane};
use super::membrane::{Filter, Relaxation};
use super::thinning::{Ceiling, Hazard, Proposals, STREAM};
use super::{Descriptor, Dynamics, Initial, Parameter, Range, Variable};
use crate::base::digest::Digest;
use crate::base::math::exp;
use crate::base::{Span, Unit};

const TAU_SYN_EX: usize = 6;
const TAU_SYN_IN: usize = 7;
const RHO: usize = 8;
const DELTA_U: usize = 9;
const SATURATION: usize = 10;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "escape_lif",
    summary: "leaky integrate-and-fire with escape noise, exponential or sigmoidal",
    manual: "\
Leaky integrate-and-fire neuron with exponential synaptic currents that fires at random: the
closer its membrane is to the threshold, the sooner (escape noise).

    tau_m dV/dt = -(V - e_l) + (tau_m / c_m) (i_e + i_syn_ex + i_syn_in)
    tau_syn_ex d(i_syn_ex)/dt = -i_syn_ex     an arrival of weight w >= 0 (pA) adds w
    tau_syn_in d(i_syn_in)/dt = -i_syn_in     an arrival of weight w < 0 (pA) adds w
    lambda = rho e^x / (1 + saturation e^x),  x = (V - theta) / delta_u     the rate of spikes
    a spike: V = v_reset, held for t_ref

saturation = 0 is exponential escape noise, saturation = 1 a sigmoid of height rho; between, the
rate ends at rho / saturation. rho is zero unless given, and then the neuron never fires. An x
beyond 50 counts as 50. As delta_u goes to zero the neuron becomes lif_exp with v_th = theta.

In refractoriness, (t, t + t_ref], V is held, currents decay and take input, and no spike is
proposed. Spikes are drawn exactly, by thinning. For any time h, V(t + h) <= V + u h with

    u = max(0, V_inf + (tau_m / c_m) (sum of positive currents) - V) / tau_m

so lambda of V + u h is a ceiling for a time h: such that u h is delta_u / 2, or tau_m / 4 where that
is longer and fewer than 0.1 spikes are proposed in it. Where V will never be higher than now by more than delta_u / 2, because
max(V, V_inf) and the largest responses to the positive currents add up to less, that bound is
the ceiling until something arrives. The ceiling is part of the model: it decides which random
number is used for what. The random numbers are named by the variable `stream` and the number of
the proposal; a spike is rounded up to the next step of the resolution.

Source: Gerstner et al. 2014, Neuronal Dynamics, chapter 9; Plesser and Gerstner 2000,
doi 10.1162/089976600300015835; thinning: Lewis and Shedler 1979, doi 10.1002/nav.3800260304.",
    parameters: &[
        lif::tau_m(),
        lif::c_m(),
        lif::t_ref(),
        lif::e_l(),
        Parameter { doc: "potential after a spike; below theta", ..lif::v_reset() },
        Parameter { name: "theta", doc: "soft threshold, where the rate is rho", ..lif::v_th() },
        lif::tau_syn_ex(),
        lif::tau_syn_in(),
        Parameter {
            name: "rho",
            unit: Unit::Hz,
            default: 0.0,
            range: Range::NonNegative,
            per_neuron: false,
            doc: "rate of spikes at the threshold, without saturation",
        },
        Parameter {
            name: "delta_u",
            unit: Unit::Mv,
            default: 2.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "width of the threshold: so much makes the rate e times larger",
        },
        Parameter {
            name: "saturation",
            unit: Unit::One,
            default: 0.0,
            range: Range::NonNegative,
            per_neuron: false,
            doc: "0 for exponential escape noise, 1 for a sigmoid",
        },
        lif::i_e(),
    ],
    variables: &[
        Variable {
            name: "v_m",
            unit: Unit::Mv,
            initial: Initial::Parameter(E_L),
            doc: "membrane potential",
        },
        Variable {
            name: "i_syn_ex",
            unit: Unit::Pa,
            initial: Initial::Value(0.0),
            doc: "excitatory synaptic current",
        },
        Variable {
            name: "i_syn_in",
            unit: Unit::Pa,
            initial: Initial::Value(0.0),
            doc: "inhibitory synaptic current",
        },
        STREAM,
    ],
    input: Unit::Pa,
    check,
    current_for_period: None,
};

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let (reset, theta) = (p[lif::V_RESET], p[lif::V_TH]);
    if reset < theta {
        return Vec::new();
    }
    vec![(lif::V_RESET, format!("v_reset ({reset} mV) must lie below theta ({theta} mV)"))]
}

/// See the [manual page](Descriptor::manual).
pub struct EscapeLif;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    membrane: Membrane,
    filters: [Filter; 2],
    rho_per_ms: f64,
    delta_u_mv: f64,
    saturation: f64,
}

/// What moves by itself: the potential in mV, excitatory and inhibitory current in pA.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Charged {
    v_mv: f64,
    currents_pa: [f64; 2],
}

/// That, and what decides about the next spike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    charged: Charged,
    proposals: Proposals,
}

/// Beyond this the rate grows no further.
const LARGEST_X: f64 = 50.0;
/// A ceiling may hold for this part of tau_m, where fewer than so many spikes are proposed in it.
const LONG_HOLD: f64 = 0.25;
const FEW_PROPOSALS: f64 = 0.1;

impl Constants {
    /// The rate of spikes at a potential, in 1/ms. It grows with the potential.
    #[inline]
    fn rate(&self, v_mv: f64) -> f64 {
        let x = ((v_mv - self.membrane.v_th_mv) / self.delta_u_mv).min(LARGEST_X);
        let growth = exp(x);
        self.rho_per_ms * growth / (1.0 + self.saturation * growth)
    }

    #[inline]
    fn moved(&self, start: &Charged, drive: f64, ms: f64) -> Charged {
        let membrane = Relaxation::over(ms, self.membrane.tau_m_ms);
        let mut next = *start;
        let mut deflection = 0.0;
        for (current, filter) in next.currents_pa.iter_mut().zip(&self.filters) {
            if *current != 0.0 {
                let response = filter.response(ms, membrane);
                deflection += *current * response.deflection;
                *current *= response.decay;
            }
        }
        next.v_mv = membrane.relax(start.v_mv, self.membrane.v_inf_mv(drive), deflection);
        next
    }
}

/// The rate of a neuron that nothing reaches.
struct Free<'a> {
    constants: &'a Constants,
    start: Charged,
    drive: f64,
}

impl Hazard for Free<'_> {
    #[inline]
    fn rate(&self, ms: f64) -> f64 {
        self.constants.rate(self.constants.moved(&self.start, self.drive, ms).v_mv)
    }

    fn ceiling(&self, ms: f64) -> Ceiling {
        let c = self.constants;
        let now = if ms == 0.0 { self.start } else { c.moved(&self.start, self.drive, ms) };
        let v_inf = c.membrane.v_inf_mv(self.drive);
        let (mut lifting, mut peak) = (0.0, 0.0);
        for (current, filter) in now.currents_pa.iter().zip(&c.filters) {
            lifting += current.max(0.0);
            peak += current.max(0.0) * filter.peak_mv;
        }
        let margin = 0.5 * c.delta_u_mv;
        let highest = now.v_mv.max(v_inf) + peak;
        if highest <= now.v_mv + margin {
            return Ceiling { per_ms: c.rate(highest), ms: f64::INFINITY };
        }
        let tau_m = c.membrane.tau_m_ms;
        let up = (v_inf + lifting * c.membrane.mv_per_pa - now.v_mv).max(0.0) / tau_m;
        let (hold, long) = (margin / up, LONG_HOLD * tau_m);
        let per_ms = c.rate(now.v_mv + up * long);
        if long > hold && per_ms * long < FEW_PROPOSALS {
            return Ceiling { per_ms, ms: long };
        }
        Ceiling { per_ms: c.rate(now.v_mv + up * hold), ms: hold }
    }
}

impl State {
    #[inline]
    fn free<'a>(&self, constants: &'a Constants, drive: f64) -> Free<'a> {
        Free { constants, start: self.charged, drive }
    }
}

impl Dynamics for EscapeLif {
    type Constants = Constants;
    type State = State;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        Constants {
            filters: [TAU_SYN_EX, TAU_SYN_IN].map(|tau| Filter::new(&membrane, p[tau])),
            rho_per_ms: p[RHO] / 1e3,
            delta_u_mv: p[DELTA_U],
            saturation: p[SATURATION],
            membrane,
        }
    }

    fn initial(_: &Constants, variables: &[f64]) -> State {
        let &[v_mv, excitatory, inhibitory, stream] = variables else {
            panic!("four variables were described, {} are given", variables.len())
        };
        let charged = Charged { v_mv, currents_pa: [excitatory, inhibitory] };
        State { charged, proposals: Proposals::new(stream) }
    }

    #[inline]
    fn advance(c: &Constants, s: &mut State, drive: f64, dt_ms: f64) {
        let free = s.free(c, drive);
        s.proposals.advance(&free, drive, dt_ms);
        s.charged = c.moved(&s.charged, drive, dt_ms);
    }

    #[inline]
    fn advance_clamped(c: &Constants, s: &mut State, dt_ms: f64) {
        for (current, filter) in s.charged.currents_pa.iter_mut().zip(&c.filters) {
            *current *= exp(-dt_ms / filter.tau_ms);
        }
    }

    #[inline]
    fn receive(_: &Constants, s: &mut State, weight: f64) {
        s.charged.currents_pa[usize::from(weight < 0.0)] += weight;
        s.proposals.disturb();
    }

    #[inline]
    fn receive_clamped(c: &Constants, s: &mut State, weight: f64) {
        Self::receive(c, s, weight);
    }

    #[inline]
    fn at_threshold(_: &Constants, s: &State) -> bool {
        s.proposals.is_due()
    }

    #[inline]
    fn crossing(c: &Constants, s: &State, drive: f64) -> Option<f64> {
        s.proposals.next(&s.free(c, drive), drive)
    }

    #[inline]
    fn quiet(c: &Constants, s: &State, drive: f64) -> f64 {
        s.proposals.quiet(&s.free(c, drive), drive)
    }

    #[inline]
    fn fire(c: &Constants, s: &mut State) {
        s.charged.v_mv = c.membrane.v_reset_mv;
        s.proposals.fire();
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.membrane.t_ref
    }

    fn observe(_: &Constants, s: &State, variable: usize) -> f64 {
        let [excitatory, inhibitory] = s.charged.currents_pa;
        [s.charged.v_mv, excitatory, inhibitory, s.proposals.stream()][variable]
    }

    fn digest(s: &State, digest: &mut Digest) {
        digest.real(s.charged.v_mv);
        s.charged.currents_pa.iter().for_each(|&current| digest.real(current));
        s.proposals.digest(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Resolution, Tick};
    use crate::neuron::cell::Cell;
    use crate::neuron::thinning::kolmogorov;

    /// tau_m 10, c_m 250, no refractoriness, reset at -70 mV, threshold at -55 mV, 2 mV wide.
    fn intervals(saturation: f64, drive: f64, count: usize) -> (Constants, Vec<f64>) {
        let mut p = DESCRIPTOR.defaults();
        (p[lif::T_REF], p[RHO], p[SATURATION]) = (0.0, 100.0, saturation);
        let c = EscapeLif::constants(&p);
        let grid = Resolution::FINEST;
        let start = EscapeLif::initial(&c, &[-70.0, 0.0, 0.0, 0.25]);
        let mut cell = Cell::new::<EscapeLif>(&c, grid, start, drive);
        let (mut spikes, mut end) = (vec![Tick::ZERO], Tick::ZERO);
        while spikes.len() <= count {
            end += Span::from_whole_ms(1000);
            cell.run::<EscapeLif>(&c, grid, &[], end, &mut spikes);
        }
        let gaps = spikes.windows(2).map(|pair| pair[1].since(pair[0]).ms());
        (c, gaps.take(count).collect())
    }

    /// The integral of e^(k e^(-t / tau)) over time is t + tau sum_j k^j (1 - e^(-j t / tau)) /
    /// (j j!), which makes the distribution of the intervals a closed form.
    #[test]
    fn intervals_follow_the_integral_of_the_exponential_hazard() {
        let drive = 450.0;
        let (c, gaps) = intervals(0.0, drive, 100_000);
        let v_inf = c.membrane.v_inf_mv(drive);
        let k: f64 = (-70.0 - v_inf) / 2.0;
        let integral = |t: f64| {
            let (mut term, mut sum) = (1.0, t);
            for j in 1..80 {
                let j = f64::from(j);
                term *= k / j;
                sum += 10.0 * term * (1.0 - exp(-j * t / 10.0)) / j;
            }
            c.rate(v_inf) * sum
        };
        let gap = kolmogorov(gaps.iter().map(|&t| 1.0 - exp(-integral(t))).collect());
        assert!(gap < 1.95, "{gap}");
    }

    #[test]
    fn intervals_follow_the_integral_of_the_sigmoidal_hazard() {
        let drive = 300.0;
        let (c, gaps) = intervals(1.0, drive, 100_000);
        let v_inf = c.membrane.v_inf_mv(drive);
        // The midpoint rule, in a table of steps of 0.01 ms, read linearly.
        let rate = |t: f64| c.rate(v_inf + (-70.0 - v_inf) * exp(-t / 10.0));
        let mut table = vec![0.0];
        for k in 0..300_000 {
            table.push(table[k] + 0.01 * rate(0.01 * (k as f64 + 0.5)));
        }
        let integral = |t: f64| {
            let place = (100.0 * t).floor();
            let k = place as usize;
            table[k] + (100.0 * t - place) * (table[k + 1] - table[k])
        };
        let gap = kolmogorov(gaps.iter().map(|&t| 1.0 - exp(-integral(t))).collect());
        assert!(gap < 1.95, "{gap}");
        assert!(c.rate(1e4) <= 0.1, "a sigmoid ends at rho");
    }

    #[test]
    fn the_ceiling_is_above_the_rate_for_as_long_as_it_says() {
        let mut p = DESCRIPTOR.defaults();
        p[RHO] = 100.0;
        let c = EscapeLif::constants(&p);
        for v_mv in [-90.0, -70.0, -56.0, -50.0] {
            for excitatory in [0.0, 30.0, 2000.0] {
                for inhibitory in [0.0, -30.0, -2000.0] {
                    for drive in [-200.0, 0.0, 370.0, 600.0] {
                        let start = Charged { v_mv, currents_pa: [excitatory, inhibitory] };
                        let free = Free { constants: &c, start, drive };
                        for from in [0.0, 0.3, 4.0, 50.0] {
                            let Ceiling { per_ms, ms } = free.ceiling(from);
                            let end = ms.min(200.0);
                            let over =
                                (0..=200).map(|k| free.rate(from + end * f64::from(k) / 200.0));
                            let highest = over.fold(0.0, f64::max);
                            assert!(highest <= per_ms * (1.0 + 1e-12), "{v_mv} {highest} {per_ms}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_narrow_threshold_is_a_hard_one() {
        let mut p = DESCRIPTOR.defaults();
        (p[RHO], p[DELTA_U]) = (1e3, 1e-4);
        let c = EscapeLif::constants(&p);
        let s = EscapeLif::initial(&c, &[-70.0, 0.0, 0.0, 0.5]);
        let ms = EscapeLif::crossing(&c, &s, 500.0).expect("it is driven over threshold");
        // V = -50 - 20 e^(-t/10) reaches -55 after 10 ln 4.
        assert!((ms - 10.0 * 4f64.ln()).abs() < 0.01, "{ms}");
    }
}
