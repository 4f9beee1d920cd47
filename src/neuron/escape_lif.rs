//! `escape_lif`: leaky integrate-and-fire neuron with a noisy threshold.

use super::lif::{self, Membrane, TAU_SYN_EX, TAU_SYN_IN};
use super::membrane::{Filter, Relaxation};
use super::thinned::Thinned;
use super::thinning::{Ceiling, STREAM};
use super::{Descriptor, Parameter, Range};
use crate::base::math::{exp, sqrt};
use crate::base::saved::value;
use crate::base::{Span, Unit};

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
beyond 10 counts as 10: there the rate is 22,000 rho, which is at once for every purpose. As
delta_u goes to zero the neuron becomes lif_exp with v_th = theta.

In refractoriness, (t, t + t_ref], V is held, currents decay and take input, and no spike is
proposed. Spikes are drawn exactly, by thinning. For a time h, with R = tau_m / c_m,

    V(t) <= V + max(0, u) t,   tau_m u = V_inf - V + R (sum of I - sum over I < 0 of I min(1, h / tau))

because e^-x >= 1 - x: a positive current is no larger than now, a negative one no weaker than it
will be at h, and what cancels now cancels in the bound. So the rate there is a ceiling for h:

- for ever, where V will never be higher than now by more than delta_u / 2, or fewer than 0.1 spikes
  are proposed in 10 (tau_m + tau_syn_ex + tau_syn_in); V never exceeds max(V, V_inf) and the
  largest responses to the positive currents together (less the negative one, if that lasts longer);
- else for tau_m / 4, if fewer than 0.1 spikes are proposed in it;
- else for the h after which the bound lies delta_u / 2 above V, but at least a 64th of the
  shortest time constant.

The ceiling is part of the model: it decides which random number is used for what. The random
numbers are named by the variable `stream` and the number of the proposal; a spike is rounded up
to the next step of the resolution.

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
    variables: &[lif::v_m(), lif::i_syn_ex(), lif::i_syn_in(), STREAM],
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
    /// After this time nothing moves any more.
    relaxed_ms: f64,
    /// No ceiling holds for less.
    shortest_ms: f64,
}

/// The potential in mV, excitatory and inhibitory current in pA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charged {
    v_mv: f64,
    currents_pa: [f64; 2],
}
value!(Charged { v_mv, currents_pa });

/// Beyond this the rate grows no further.
const LARGEST_X: f64 = 10.0;
/// How much higher than now the potential of a ceiling may lie, in units of delta_u.
const MARGIN: f64 = 0.5;
/// A ceiling may hold for this part of tau_m, where fewer than so many spikes are proposed in it.
const LONG_HOLD: f64 = 0.25;
const FEW_PROPOSALS: f64 = 0.1;

/// A bound on the potential in the time to come.
struct Bound<'a> {
    filters: &'a [Filter; 2],
    /// dV/dt, in mV / ms.
    slope: f64,
    /// What negative currents take from it, in mV / ms.
    held: [f64; 2],
    /// No potential to come is higher, in mV.
    highest_mv: f64,
}

impl Bound<'_> {
    fn of<'a>(c: &'a Constants, now: &Charged, drive: f64) -> Bound<'a> {
        let m = &c.membrane;
        let v_inf = m.v_inf_mv(drive);
        let (mut total, mut peak, mut held) = (0.0, 0.0, [0.0; 2]);
        for (k, filter) in c.filters.iter().enumerate() {
            let (current, other) = (now.currents_pa[k], now.currents_pa[1 - k]);
            total += current;
            if current > 0.0 {
                let outlasted = other < 0.0 && filter.tau_ms <= c.filters[1 - k].tau_ms;
                let left = if outlasted { (current + other).max(0.0) } else { current };
                peak += left * filter.peak_mv;
            } else {
                held[k] = -current / m.c_m_pf;
            }
        }
        let slope = (v_inf - now.v_mv) / m.tau_m_ms + total / m.c_m_pf;
        let falls = slope + held[0] + held[1] <= 0.0;
        let highest_mv = if falls { now.v_mv } else { now.v_mv.max(v_inf) + peak };
        Bound { filters: &c.filters, slope, held, highest_mv }
    }

    /// By how much the potential may rise in a time.
    fn rise_mv(&self, ms: f64) -> f64 {
        let ceased = |(held, filter): (&f64, &Filter)| held * (ms / filter.tau_ms).min(1.0);
        let regained: f64 = self.held.iter().zip(self.filters).map(ceased).sum();
        (self.slope + regained).max(0.0) * ms
    }

    /// The time after which it may have risen by this much.
    fn time_ms(&self, rise_mv: f64) -> f64 {
        let bend: f64 = self.held.iter().zip(self.filters).map(|(held, f)| held / f.tau_ms).sum();
        let root = sqrt(self.slope * self.slope + 4.0 * bend * rise_mv);
        2.0 * rise_mv / (self.slope + root)
    }
}

impl Constants {
    /// How far the potential is above theta, in units of delta_u and within its bound.
    #[inline]
    fn x(&self, v_mv: f64) -> f64 {
        ((v_mv - self.membrane.v_th_mv) / self.delta_u_mv).min(LARGEST_X)
    }

    /// The rate of spikes at a potential, in 1/ms. It grows with the potential.
    #[inline]
    fn rate_at(&self, v_mv: f64) -> f64 {
        let growth = exp(self.x(v_mv));
        self.rho_per_ms * growth / (1.0 + self.saturation * growth)
    }
}

impl Thinned for EscapeLif {
    type Derived = Constants;
    type Body = Charged;
    const PAGE: &'static Descriptor = &DESCRIPTOR;

    fn derive(p: &[f64]) -> Constants {
        let membrane = Membrane::new(p);
        let taus = [lif::TAU_M, TAU_SYN_EX, TAU_SYN_IN].map(|tau| p[tau]);
        Constants {
            filters: [TAU_SYN_EX, TAU_SYN_IN].map(|tau| Filter::new(&membrane, p[tau])),
            rho_per_ms: p[RHO] / 1e3,
            delta_u_mv: p[DELTA_U],
            saturation: p[SATURATION],
            relaxed_ms: 10.0 * taus.iter().sum::<f64>(),
            shortest_ms: taus.into_iter().fold(f64::INFINITY, f64::min) / 64.0,
            membrane,
        }
    }

    fn start(_: &Constants, variables: &[f64]) -> Charged {
        Charged { v_mv: variables[0], currents_pa: [variables[1], variables[2]] }
    }

    fn values(body: &Charged) -> impl AsRef<[f64]> {
        let [excitatory, inhibitory] = body.currents_pa;
        [body.v_mv, excitatory, inhibitory]
    }

    #[inline]
    fn rate(c: &Constants, body: &Charged) -> f64 {
        c.rate_at(body.v_mv)
    }

    fn ceiling(c: &Constants, now: &Charged, drive: f64) -> Ceiling {
        let bound = Bound::of(c, now, drive);
        let per_ms = c.rate_at(bound.highest_mv);
        let near = c.x(bound.highest_mv) <= c.x(now.v_mv) + MARGIN;
        if near || per_ms * c.relaxed_ms < FEW_PROPOSALS {
            return Ceiling { per_ms, ms: f64::INFINITY };
        }
        let ms = bound.time_ms(MARGIN * c.delta_u_mv).max(c.shortest_ms);
        let long_ms = LONG_HOLD * c.membrane.tau_m_ms;
        let per_ms = c.rate_at(now.v_mv + bound.rise_mv(long_ms));
        if long_ms > ms && per_ms * long_ms < FEW_PROPOSALS {
            return Ceiling { per_ms, ms: long_ms };
        }
        Ceiling { per_ms: c.rate_at(now.v_mv + bound.rise_mv(ms)), ms }
    }

    #[inline]
    fn pass(c: &Constants, body: &mut Charged, drive: f64, ms: f64) {
        let membrane = Relaxation::over(ms, c.membrane.tau_m_ms);
        let mut deflection = 0.0;
        for (current, filter) in body.currents_pa.iter_mut().zip(&c.filters) {
            if *current != 0.0 {
                let response = filter.response(ms, membrane);
                deflection += *current * response.deflection;
                *current *= response.decay;
            }
        }
        body.v_mv = membrane.relax(body.v_mv, c.membrane.v_inf_mv(drive), deflection);
    }

    #[inline]
    fn hold(c: &Constants, body: &mut Charged, ms: f64) {
        for (current, filter) in body.currents_pa.iter_mut().zip(&c.filters) {
            *current *= exp(-ms / filter.tau_ms);
        }
    }

    #[inline]
    fn take(_: &Constants, body: &mut Charged, weight: f64) {
        body.currents_pa[usize::from(weight < 0.0)] += weight;
    }

    #[inline]
    fn spike(c: &Constants, body: &mut Charged) {
        body.v_mv = c.membrane.v_reset_mv;
    }

    #[inline]
    fn refractory(c: &Constants) -> Span {
        c.membrane.t_ref
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math::ln;
    use crate::base::{Resolution, Tick};
    use crate::neuron::Dynamics;
    use crate::neuron::cell::{Cell, Input, InputKind};
    use crate::neuron::thinned::time_rescaled;
    use crate::neuron::thinning::kolmogorov;

    /// tau_m 10, c_m 250, no refractoriness, reset at -70 mV, threshold at -55 mV, 2 mV wide.
    fn intervals(saturation: f64, drive: f64, count: usize) -> (Constants, Vec<f64>) {
        let mut p = DESCRIPTOR.defaults();
        (p[lif::T_REF], p[RHO], p[SATURATION]) = (0.0, 100.0, saturation);
        let c = EscapeLif::derive(&p);
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
            c.rate_at(v_inf) * sum
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
        let rate = |t: f64| c.rate_at(v_inf + (-70.0 - v_inf) * exp(-t / 10.0));
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
        assert!(c.rate_at(1e4) <= 0.1, "a sigmoid ends at rho");
    }

    /// Kicks of both signs, some of which cancel, in the time of the neuron's own hazard.
    #[test]
    fn under_input_intervals_follow_the_hazard() {
        let mut p = DESCRIPTOR.defaults();
        (p[lif::T_REF], p[RHO], p[TAU_SYN_IN]) = (0.0, 1000.0, 5.0);
        let c = EscapeLif::derive(&p);
        let weight = |k: u64| [900.0, -700.0, 800.0, 300.0, -200.0][(k * 3 % 5) as usize];
        let input = |k: u64| Input {
            at: Tick(k * 1_700_000 + (k * k % 5) * 300_000),
            kind: InputKind::Spike(weight(k)),
        };
        let inputs: Vec<Input> = (1..1_500_000).map(input).collect();
        let rescaled = time_rescaled::<EscapeLif>(&c, &[-70.0, 0.0, 0.0, 0.5], 450.0, &inputs);
        assert!(rescaled.len() > 100_000, "{}", rescaled.len());
        let gap = kolmogorov(rescaled);
        assert!(gap < 1.95, "{gap}");
    }

    /// Whether the rate keeps below the ceiling for as long as the ceiling holds; how long that is.
    fn kept(c: &Constants, start: &Charged, drive: f64) -> f64 {
        let Ceiling { per_ms, ms } = EscapeLif::ceiling(c, start, drive);
        let end = ms.min(200.0);
        let rate = |k: u32| {
            let mut then = *start;
            EscapeLif::pass(c, &mut then, drive, end * f64::from(k) / 200.0);
            EscapeLif::rate(c, &then)
        };
        let highest = (0..=200).map(rate).fold(0.0, f64::max);
        assert!(highest <= per_ms * (1.0 + 1e-12), "{start:?} {drive} {ms}: {highest} {per_ms}");
        ms
    }

    #[test]
    fn the_ceiling_is_above_the_rate_for_as_long_as_it_says() {
        for [tau_ex, tau_in] in [[2.0, 2.0], [1.0, 30.0], [30.0, 1.0]] {
            let mut p = DESCRIPTOR.defaults();
            (p[RHO], p[TAU_SYN_EX], p[TAU_SYN_IN]) = (100.0, tau_ex, tau_in);
            let c = EscapeLif::derive(&p);
            for v_mv in [-90.0, -70.0, -56.0, -50.0] {
                for excitatory in [-40.0, 0.0, 30.0, 2000.0, 1e5] {
                    for inhibitory in [0.0, -30.0, -2000.0, -1e5] {
                        for drive in [-200.0, 0.0, 370.0, 600.0] {
                            let currents_pa = [excitatory, inhibitory];
                            kept(&c, &Charged { v_mv, currents_pa }, drive);
                        }
                    }
                }
            }
        }
    }

    /// What once made the search for the next spike endless: large currents that cancel.
    #[test]
    fn large_currents_that_cancel_do_not_shorten_the_hold() {
        let mut p = DESCRIPTOR.defaults();
        (p[RHO], p[TAU_SYN_EX]) = (1000.0, 2.2);
        let c = EscapeLif::derive(&p);
        for v_mv in [-70.0, -56.0] {
            let hold = |pa: f64| kept(&c, &Charged { v_mv, currents_pa: [pa, -pa] }, 0.0);
            assert!(hold(1e4) > 0.1 && hold(1e6) >= 1.0 / 32.0, "{} {}", hold(1e4), hold(1e6));
        }
    }

    #[test]
    fn a_narrow_threshold_is_a_hard_one() {
        let mut p = DESCRIPTOR.defaults();
        (p[RHO], p[DELTA_U]) = (1e3, 1e-4);
        let c = EscapeLif::derive(&p);
        let s = EscapeLif::initial(&c, &[-70.0, 0.0, 0.0, 0.5]);
        let ms = EscapeLif::crossing(&c, &s, 500.0).expect("it is driven over threshold");
        // V = -50 - 20 e^(-t/10) reaches -55 after 10 ln 4.
        assert!((ms - 10.0 * ln(4.0)).abs() < 0.01, "{ms}");
    }
}
