//! `stdp_reserve`: growth is paid from a reserve that each target holds for its inputs.

use super::bounded::{Bound, Weighed, at_soma, not_zero};
use super::homeostat::Homeostat;
use super::{
    Arrival, Descriptor, Level, Measure, Order, Parameter, Postsynaptic, Rule, Site, Spike, Stored,
    trace_after,
};
use crate::base::saved::value;
use crate::base::{Decay, Tick, Unit, math};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "stdp_reserve",
    summary: "pair plasticity whose growth is paid from a reserve that keeps the target's rate",
    manual: "\
Pair plasticity, all to all, bounded by a reserve P of protein that each target holds for all its
inputs of this projection. P is counted in units of the weight; m = |w|. At the synapse:

    between events        dP/dt = supply (rate - r - prediction dr/dt), 0 <= P <= reserve_max
                          dr/dt = -r / tau_r; r rises by 1 / tau_r at each spike of the target
    spike of the target   the inputs ask for D = a_plus X, X being the sum of all their x; a share g
                          is granted: m -> m + g a_plus x for each, P -> P - g D
    arrival               m above |w_max| goes back to P; w is transmitted;
                          d = min(m, a_minus (m / w_ref)^mu y): m -> m - d, P -> P + recycling d;
                          if r < rate, q = min(growth (1 - r / rate), P, |w_max| - m):
                          m -> m + q, P -> P - q

x sums over arrivals and decays with tau_plus, y over spikes of the target and decays with
tau_minus. At the start r = rate and P = reserve. The share g depends on `bound`:

    shared       min(1, P / D)
    soft         min(P / reserve_ref, gain_max, P / D)
    unlimited    1: plain plasticity without any reserve, as a control; growth beyond w_max is lost

With supply = 0 the reserve is fixed. What would lift P above reserve_max is lost.

A spike of the target that reaches the synapse at the tick of an arrival comes after it and its x
includes the arrival. The inputs share P and X, so arrivals are taken in the order (tick, via),
and all synapses of the projection must have one dendritic delay, by which every spike of the
target is late.

The sum of all weights and of P changes by what is supplied, less what is lost; and weights cannot
grow in a time t by more than P + supply rate t. In single precision weights are rounded at each
event, and what is granted while P is nearly zero may be rounded away: that, too, is booked as lost.
Between two arrivals a weight may have been granted more than w_max; it is never used so.

Source: in the sense of Nikitin, Lukyanova and Kunin 2021, arXiv 2103.08143: growth bounded by a
reserve that the cell controls. The equations are ours (CPR-1).",
    parameters: &[
        Parameter::choice("bound", &BOUNDS).doc("how the reserve limits growth"),
        Parameter::weight("a_plus", Range::NonNegative).doc("size of potentiation"),
        Parameter::weight("a_minus", Range::NonNegative).doc("size of depression"),
        Parameter::new("tau_plus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of potentiation"),
        Parameter::new("tau_minus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of depression"),
        Parameter::new("mu", Unit::One, 0.2, Range::NonNegative)
            .doc("exponent of depression; 0 makes it additive"),
        Parameter::weight("w_ref", Range::Positive)
            .or(1.0)
            .doc("weight at which depression has the size a_minus"),
        Parameter::weight("w_max", Range::Any).doc("bound and sign of the weights; not zero"),
        Parameter::weight("growth", Range::NonNegative)
            .doc("growth at an arrival at a silent target"),
        Parameter::weight("supply", Range::NonNegative)
            .doc("protein made per second and per Hz that the rate is below its set point"),
        Parameter::new("rate", Unit::Hz, 10.0, Range::Positive)
            .doc("rate of the target's set point"),
        Parameter::new("tau_r", Unit::Ms, 2000.0, Range::Positive)
            .doc("time constant of the estimate of the target's rate"),
        Parameter::new("prediction", Unit::Ms, 0.0, Range::NonNegative)
            .doc("how far the trend of the rate is extrapolated"),
        Parameter::new("recycling", Unit::One, 1.0, Range::NonNegative)
            .doc("share of a depression that returns to the reserve; at most 1"),
        Parameter::weight("reserve", Range::NonNegative).doc("reserve at the start"),
        Parameter::weight("reserve_max", Range::Positive).doc("largest reserve"),
        Parameter::weight("reserve_ref", Range::Positive)
            .or(1.0)
            .doc("reserve at which all that is asked for is granted; bound soft"),
        Parameter::new("gain_max", Unit::One, 1.0, Range::Positive)
            .doc("largest share that is granted; bound soft"),
    ],
    bytes: 16,
    order: Order::ByTarget,
    modulated: false,
    prunes: false,
    check,
};

const BOUNDS: [&str; 3] = ["shared", "soft", "unlimited"];

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut wrong = not_zero(p, 7);
    if p[13] > 1.0 {
        wrong.push((13, format!("found {}; a share is at most 1", p[13])));
    }
    if p[14] > p[15] {
        wrong.push((14, format!("found {}; reserve_max is {}", p[14], p[15])));
    }
    wrong
}

/// How much of what is asked for is granted.
#[derive(Clone, Copy, Debug)]
enum Grant {
    Shared,
    Soft { reserve_ref: f64, gain_max: f64 },
    Unlimited,
}

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    grant: Grant,
    a_plus: f64,
    a_minus: f64,
    plus: Decay,
    minus: Decay,
    rate_decay: Decay,
    mu: f64,
    w_ref: f64,
    bound: Bound,
    growth: f64,
    supply: Homeostat,
    /// By how much the reserve falls at a spike because the rate's trend counts.
    surprise: f64,
    recycling: f64,
    reserve: f64,
    /// 2^-52 of the bound: far below what a weight is rounded to, and the sum of 10^10 roundings fits.
    grain: f64,
}

/// What the inputs of a target share, at the time of the last event of any of them.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    at: Tick,
    /// P.
    reserve: f64,
    /// r in Hz.
    rate_hz: f64,
    /// X.
    request: f64,
    /// The ordinal of the target's next spike that the pool has not seen.
    seen: u64,
    /// What has been supplied, less what the rate took.
    produced: f64,
    /// What did not fit, was not recycled, or was rounded away at an arrival.
    lost: f64,
    /// What was rounded away where growth was stored, in [grains](Constants::grain). Inputs store
    /// theirs at different times; whole numbers have one sum in any order.
    rounded: i64,
}
value!(Pool { at, reserve, rate_hz, request, seen, produced, lost, rounded });

/// What is held about a spike of the target.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fired {
    y: f64,
    /// The share that was granted; set when the pool comes to the spike.
    grant: f64,
}
value!(Fired { y, grant });

/// See the [manual page](Descriptor::manual).
pub struct StdpReserve;

impl Pool {
    /// The reserve.
    pub fn reserve(&self) -> f64 {
        self.reserve
    }

    /// What has been supplied so far, less what the rate took.
    pub fn produced(&self) -> f64 {
        self.produced
    }

    /// What has been lost so far, by roundings, too.
    pub fn lost(&self, c: &Constants) -> f64 {
        self.lost + self.rounded as f64 * c.grain
    }

    /// Moves the pool to `at`.
    #[inline]
    fn bring(&mut self, c: &Constants, at: Tick) {
        let since = at - self.at;
        if !matches!(c.grant, Grant::Unlimited) {
            let reserve = c.supply.after(self.reserve, self.rate_hz, since.ms());
            self.produced += reserve - self.reserve;
            self.reserve = reserve;
        }
        self.rate_hz *= c.rate_decay.over(since);
        self.request *= c.plus.over(since);
        self.at = at;
    }

    /// A spike of the target: what is granted.
    #[inline]
    fn fire(&mut self, c: &Constants) -> f64 {
        let asked = c.a_plus * self.request;
        let affordable = if asked > 0.0 { self.reserve / asked } else { f64::INFINITY };
        let grant = match c.grant {
            Grant::Shared => affordable.min(1.0),
            Grant::Soft { reserve_ref, gain_max } => {
                (self.reserve / reserve_ref).min(gain_max).min(affordable)
            }
            Grant::Unlimited => 1.0,
        };
        self.rate_hz += 1000.0 / c.supply.tau_ms;
        if let Grant::Unlimited = c.grant {
            return grant;
        }
        // What was affordable may exceed the reserve by rounding.
        let left = (self.reserve - grant * asked).max(0.0);
        self.reserve = (left - c.surprise).max(0.0);
        self.produced += self.reserve - left;
        grant
    }

    /// Something comes back.
    #[inline]
    fn deposit(&mut self, c: &Constants, amount: f64) {
        let reserve = (self.reserve + amount).min(c.supply.high);
        self.lost += self.reserve + amount - reserve;
        self.reserve = reserve;
    }
}

/// Brings the pool through the target's spikes that reach the synapses before `until`.
#[inline]
fn see(site: &mut Site<'_, StdpReserve>, until: Tick) {
    let (c, limit, dendritic) = (site.constants, at_soma(site.path, until), site.path.dendritic);
    let pool = &mut site.post.state;
    while let Some(spike) = site.post.spikes.spike(pool.seen).filter(|spike| spike.at < limit) {
        pool.bring(c, spike.at + dendritic);
        let grant = pool.fire(c);
        site.post.spikes.amend(pool.seen, |fired| fired.grant = grant);
        pool.seen += 1;
    }
}

/// Takes the open spikes of the target that reach the synapse before `until`; what was granted
/// beyond the bound stays until the next arrival.
#[inline]
fn fold<W: Stored>(
    site: &mut Site<'_, StdpReserve>,
    s: &mut Weighed<W>,
    last: Option<Spike<f64>>,
    until: Tick,
) {
    see(site, until);
    let (c, path, limit) = (site.constants, site.path, at_soma(site.path, until));
    let Postsynaptic { spikes, state: pool } = &mut *site.post;
    let Some(last) = last else {
        s.read = spikes.end_before(limit) as u32;
        return;
    };
    let (arrived, weight) = (last.at + path.axonal, &mut s.weight);
    s.read = spikes.read_on(s.read, limit, |spike| {
        let x = last.value * c.plus.over(spike.at + path.dendritic - arrived);
        let m = c.bound.magnitude(*weight) + spike.value.grant * c.a_plus * x;
        *weight = W::store(c.bound.signed(m));
        pool.rounded += ((m - c.bound.magnitude(*weight)) / c.grain) as i64;
    });
}

impl Rule for StdpReserve {
    type Constants = Constants;
    type Trace = f64;
    type Along = ();
    type Fired = Fired;
    type Target = Pool;
    type Shared = ();
    type Synapse<W: Stored> = Weighed<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Constants {
        let slope = p[9] / 1000.0;
        let (tau_ms, prediction) = (p[11], p[12]);
        Constants {
            grant: match BOUNDS[p[0] as usize] {
                "shared" => Grant::Shared,
                "soft" => Grant::Soft { reserve_ref: p[16], gain_max: p[17] },
                _ => Grant::Unlimited,
            },
            a_plus: p[1],
            a_minus: p[2],
            plus: Decay::new(p[3]),
            minus: Decay::new(p[4]),
            mu: p[5],
            w_ref: p[6],
            bound: Bound::new(p[7]),
            growth: p[8],
            supply: Homeostat {
                slope,
                set_point: p[10],
                tau_ms,
                share: 1.0 - prediction / tau_ms,
                low: 0.0,
                high: p[15],
            },
            rate_decay: Decay::new(tau_ms),
            surprise: slope * prediction * 1000.0 / tau_ms,
            recycling: p[13],
            reserve: p[14],
            grain: p[7].abs() * f64::EPSILON,
        }
    }

    fn target(c: &Constants) -> Pool {
        Pool {
            at: Tick::ZERO,
            reserve: c.reserve,
            rate_hz: c.supply.set_point,
            request: 0.0,
            seen: 0,
            produced: 0.0,
            lost: 0.0,
            rounded: 0,
        }
    }

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Weighed<W> {
        Weighed::new(c.bound, weight)
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        c.bound.refuse(weight)
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.plus, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(c: &Constants, last: Option<&Spike<Fired>>, at: Tick) -> Fired {
        let y = trace_after(&c.minus, last.map(|last| (last.value.y, last.at)), at);
        Fired { y, grant: f64::NAN }
    }

    #[inline]
    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        Arrival { pre, .. }: &Arrival<Self>,
    ) -> f64 {
        let (c, path) = (site.constants, site.path);
        let arrival = pre.now.at + path.axonal;
        fold(site, s, pre.last, arrival);
        let (spikes, pool) = (&site.post.spikes, &mut site.post.state);
        let limited = !matches!(c.grant, Grant::Unlimited);
        pool.bring(c, arrival);
        let granted = c.bound.magnitude(s.weight);
        s.weight = c.bound.store(granted);
        let mut m = c.bound.magnitude(s.weight);
        let transmitted = s.weight.load();
        if limited {
            pool.deposit(c, granted - m);
        }
        let read = spikes.resolve(s.read, 32);
        if let Some(latest) = read.checked_sub(1).and_then(|ordinal| spikes.spike(ordinal)) {
            let y = latest.value.y * c.minus.over(arrival - (latest.at + path.dendritic));
            let step = (c.a_minus * y * math::pow(m / c.w_ref, c.mu)).min(m);
            m -= step;
            if limited {
                pool.lost += (1.0 - c.recycling) * step;
                pool.deposit(c, c.recycling * step);
            }
        }
        if limited && pool.rate_hz < c.supply.set_point {
            let wanted = c.growth * (1.0 - pool.rate_hz / c.supply.set_point);
            let step = wanted.min(pool.reserve).min(c.bound.size - m);
            m += step;
            pool.reserve -= step;
        }
        s.weight = c.bound.store(m);
        pool.lost += m - c.bound.magnitude(s.weight);
        pool.request += 1.0;
        transmitted
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Weighed<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        fold(site, s, last, until);
    }

    const LEVELS: &'static [Level] = &[
        Level { name: "reserve", measure: Measure::Weight },
        Level { name: "rate_estimate", measure: Measure::Of(Unit::Hz) },
        Level { name: "produced", measure: Measure::Weight },
        Level { name: "lost", measure: Measure::Weight },
    ];

    fn levels(site: &mut Site<'_, Self>, at: Tick, levels: &mut Vec<f64>) {
        see(site, at);
        let pool = &mut site.post.state;
        pool.bring(site.constants, at);
        levels.extend([pool.reserve, pool.rate_hz, pool.produced, pool.lost(site.constants)]);
    }

    /// What would be transmitted: not more than the bound.
    fn weight<W: Stored>(
        site: &Site<'_, Self>,
        s: &Weighed<W>,
        _: Option<Spike<f64>>,
        _: Tick,
    ) -> f64 {
        let bound = site.constants.bound;
        bound.store::<W>(bound.magnitude(s.weight)).load()
    }
}
