//! `stdp_dopamine`: pairs of spikes make a synapse eligible, a modulator makes it change.

use super::bounded::at_soma;
use super::{
    Arrival, Descriptor, History, Order, Parameter, Rule, Site, Spare, Spike, Stored, trace_after,
};
use crate::base::saved::{Value, saved, value};
use crate::base::{Decay, Tick, Unit, math};
use crate::neuron::Range;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "stdp_dopamine",
    summary: "plasticity by pairs of spikes and a modulator (NEST stdp_dopamine_synapse)",
    manual: "\
Pairs of spikes, all to all, change the eligibility c of a synapse; the weight follows c while the
modulator's level n differs from its baseline. At the synapse:

    between events        dw/dt = c (n - b)      dc/dt = -c / tau_c      dn/dt = -n / tau_n
    spike of the target   c -> c + a_plus x
    arrival               c -> c - a_minus y; w is transmitted
    spike of a modulator  n -> n + 1 / tau_n

x sums over arrivals and decays with tau_plus, y over spikes of the target and decays with
tau_minus. n is the low-passed rate of all modulators together, in Hz, so a single spike of a
modulator moves a weight of eligibility c that does not decay by c. Modulators are the neurons of
the population `modulator`; their spikes reach all synapses of the projection after
`modulator_delay`.

Between two events w is integrated in closed form; at each event, and whenever it is read, it is
cut to [w_min, w_max]. At one tick the modulator comes first, then the arrival, then the target: a
spike of the target that reaches the synapse at the tick of an arrival counts with x just after
it. (NEST leaves that pair out.)

Source: Izhikevich 2007, doi 10.1093/cercor/bhl152; Potjans, Morrison and Diesmann 2010, doi
10.3389/fncom.2010.00141.",
    parameters: &[
        Parameter::weight("a_plus", Range::Any).doc("eligibility by target after source"),
        Parameter::weight("a_minus", Range::Any).doc("loss of eligibility by source after target"),
        Parameter::new("tau_plus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of the source's trace"),
        Parameter::new("tau_minus", Unit::Ms, 20.0, Range::Positive)
            .doc("time constant of the target's trace"),
        Parameter::new("tau_c", Unit::Ms, 1000.0, Range::Positive)
            .doc("time constant of eligibility"),
        Parameter::new("tau_n", Unit::Ms, 200.0, Range::Positive)
            .doc("time constant of the modulator's level"),
        Parameter::new("b", Unit::Hz, 0.0, Range::NonNegative)
            .doc("baseline of the modulator's level"),
        Parameter::weight("w_min", Range::Any).or(0.0).doc("lower bound of the weights"),
        Parameter::weight("w_max", Range::Any).doc("upper bound of the weights"),
    ],
    bytes: 24,
    order: Order::BySynapse,
    modulated: true,
    prunes: false,
    check,
};

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let crossed = p[7] >= p[8];
    let message = || (7, format!("found {}; w_max is {}", p[7], p[8]));
    crossed.then(message).into_iter().collect()
}

/// Derived parameters. Rates are per ms in here.
#[derive(Clone, Debug)]
pub struct Constants {
    a_plus: f64,
    a_minus: f64,
    plus: Decay,
    minus: Decay,
    tau_c_ms: f64,
    level: Decay,
    /// 1 / tau_c + 1 / tau_n.
    joint_per_ms: f64,
    baseline_per_ms: f64,
    low: f64,
    high: f64,
}

/// The spikes of all modulators by their arrival, each with the level just after it.
#[derive(Debug, Default)]
pub struct Modulator {
    arrivals: History<f64>,
    spare: Spare<f64>,
}
saved!(Modulator { arrivals });

/// Weight and eligibility as they were at the synapse's last event, and what has been read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Eligible<W> {
    weight: W,
    eligibility: W,
    read: u32,
    modulated: u32,
}
value!(Eligible<W> where [W: Value] { weight, eligibility, read, modulated });

/// The state of a synapse while events are taken.
struct Walk {
    at: Tick,
    weight: f64,
    eligibility: f64,
}

/// See the [manual page](Descriptor::manual).
pub struct StdpDopamine;

impl Walk {
    /// Moves weight and eligibility to `to`; the modulator's last spike before is `level`.
    fn advance(&mut self, c: &Constants, level: Option<&Spike<f64>>, to: Tick) {
        let dt_ms = (to - self.at).ms();
        let n = level.map_or(0.0, |spike| spike.value * c.level.over(self.at - spike.at));
        let faded = math::exp_m1(-dt_ms / c.tau_c_ms);
        let by_level = -n / c.joint_per_ms * math::exp_m1(-c.joint_per_ms * dt_ms);
        let by_baseline = -c.baseline_per_ms * c.tau_c_ms * faded;
        self.weight += self.eligibility * (by_level - by_baseline);
        self.weight = self.weight.max(c.low).min(c.high);
        self.eligibility += self.eligibility * faded;
        self.at = to;
    }
}

impl<W: Stored> Eligible<W> {
    /// The state at the last event that has been taken.
    fn walk(&self, site: &Site<'_, StdpDopamine>, arrived: Tick) -> Walk {
        let spikes = &site.post.spikes;
        let before = |ordinal: u64| ordinal.checked_sub(1);
        let read = before(spikes.resolve(self.read, 32)).and_then(|last| spikes.spike(last));
        let fired = read.map_or(Tick::ZERO, |spike| spike.at + site.path.dendritic);
        let modulated = self.level(&site.shared.arrivals).map_or(Tick::ZERO, |spike| spike.at);
        Walk {
            at: arrived.max(fired).max(modulated),
            weight: self.weight.load(),
            eligibility: self.eligibility.load(),
        }
    }

    /// The last spike of the modulator that has been taken.
    fn level<'a>(&self, arrivals: &'a History<f64>) -> Option<&'a Spike<f64>> {
        let next = arrivals.resolve(self.modulated, 32);
        next.checked_sub(1).and_then(|last| arrivals.spike(last))
    }

    fn keep(&mut self, c: &Constants, walk: &Walk) {
        self.weight = W::store_within(walk.weight, c.low, c.high);
        self.eligibility = W::store(walk.eligibility);
    }
}

/// Takes the spikes of the target that reach the synapse before `until` and those of the modulator
/// before `modulated_until`, in order.
fn fold<W: Stored>(
    site: &Site<'_, StdpDopamine>,
    s: &mut Eligible<W>,
    last: Option<Spike<f64>>,
    until: Tick,
    modulated_until: Tick,
) {
    let (c, spikes, arrivals) = (site.constants, &site.post.spikes, &site.shared.arrivals);
    let limit = at_soma(site.path, until);
    let Some(last) = last else {
        // Nothing is eligible before the first arrival.
        s.read = spikes.end_before(limit) as u32;
        s.modulated = arrivals.end_before(modulated_until) as u32;
        return;
    };
    let arrived = last.at + site.path.axonal;
    loop {
        let spike = spikes.spike(spikes.resolve(s.read, 32)).filter(|spike| spike.at < limit);
        let fires = spike.map(|spike| spike.at + site.path.dendritic);
        let modulator = arrivals.spike(arrivals.resolve(s.modulated, 32));
        let modulates = modulator.map(|spike| spike.at).filter(|&at| at < modulated_until);
        let mut walk = s.walk(site, arrived);
        let level = s.level(arrivals);
        match (modulates, fires) {
            (None, None) => return,
            (Some(at), fires) if fires.is_none_or(|fires| at <= fires) => {
                walk.advance(c, level, at);
                s.modulated = s.modulated.wrapping_add(1);
            }
            (_, Some(at)) => {
                walk.advance(c, level, at);
                walk.eligibility += c.a_plus * last.value * c.plus.over(at - arrived);
                s.read = s.read.wrapping_add(1);
            }
            (Some(_), None) => unreachable!("the modulator comes first where the target is silent"),
        }
        s.keep(c, &walk);
    }
}

impl Rule for StdpDopamine {
    type Constants = Constants;
    type Trace = f64;
    type Along = ();
    type Fired = f64;
    type Target = ();
    type Shared = Modulator;
    type Synapse<W: Stored> = Eligible<W>;
    const DESCRIPTOR: &'static Descriptor = &DESCRIPTOR;

    fn constants(p: &[f64], _: u64) -> Constants {
        Constants {
            a_plus: p[0],
            a_minus: p[1],
            plus: Decay::new(p[2]),
            minus: Decay::new(p[3]),
            tau_c_ms: p[4],
            level: Decay::new(p[5]),
            joint_per_ms: 1.0 / p[4] + 1.0 / p[5],
            baseline_per_ms: p[6] / 1000.0,
            low: p[7],
            high: p[8],
        }
    }

    fn target(_: &Constants) {}

    fn synapse<W: Stored>(c: &Constants, weight: f64) -> Eligible<W> {
        let weight = W::store_within(weight, c.low, c.high);
        Eligible { weight, eligibility: W::store(0.0), read: 0, modulated: 0 }
    }

    fn refuse(c: &Constants, weight: f64) -> Option<String> {
        let slack = 1e-6 * c.low.abs().max(c.high.abs());
        let outside = weight < c.low - slack || weight > c.high + slack;
        outside.then(|| format!("the weight {weight} is not from {} to {}", c.low, c.high))
    }

    fn sent(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.plus, last.map(|last| (last.value, last.at)), at)
    }

    fn fired(c: &Constants, last: Option<&Spike<f64>>, at: Tick) -> f64 {
        trace_after(&c.minus, last.map(|last| (last.value, last.at)), at)
    }

    /// Several modulators that meet at one tick add up.
    fn modulated(c: &Constants, shared: &mut Modulator, at: Tick) {
        let one = 1.0 / c.level.tau_ms();
        let Modulator { arrivals, spare } = shared;
        arrivals.make_room(spare);
        match arrivals.latest().copied() {
            Some(latest) if latest.at == at => {
                arrivals.amend(arrivals.end() - 1, |mass| *mass += one);
            }
            Some(latest) => arrivals.push(at, latest.value * c.level.over(at - latest.at) + one),
            None => arrivals.push(at, one),
        }
    }

    fn on_pre<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Eligible<W>,
        Arrival { pre, .. }: &Arrival<Self>,
    ) -> f64 {
        let (c, path) = (site.constants, site.path);
        let arrival = pre.now.at + path.axonal;
        fold(site, s, pre.last, arrival, Tick(arrival.0 + 1));
        let mut walk = s.walk(site, pre.last.map_or(Tick::ZERO, |last| last.at + path.axonal));
        walk.advance(c, s.level(&site.shared.arrivals), arrival);
        let spikes = &site.post.spikes;
        let read = spikes.resolve(s.read, 32);
        if let Some(latest) = read.checked_sub(1).and_then(|ordinal| spikes.spike(ordinal)) {
            let y = latest.value * c.minus.over(arrival - (latest.at + path.dendritic));
            walk.eligibility -= c.a_minus * y;
        }
        s.keep(c, &walk);
        s.weight.load()
    }

    fn settle<W: Stored>(
        site: &mut Site<'_, Self>,
        s: &mut Eligible<W>,
        last: Option<Spike<f64>>,
        until: Tick,
    ) {
        fold(site, s, last, until, until);
    }

    fn weight<W: Stored>(
        site: &Site<'_, Self>,
        s: &Eligible<W>,
        last: Option<Spike<f64>>,
        at: Tick,
    ) -> f64 {
        let Some(last) = last else { return s.weight.load() };
        let (c, mut copy) = (site.constants, *s);
        fold(site, &mut copy, Some(last), at, Tick(at.0 + 1));
        let mut walk = copy.walk(site, last.at + site.path.axonal);
        walk.advance(c, copy.level(&site.shared.arrivals), at);
        W::store_within(walk.weight, c.low, c.high).load()
    }

    fn trim_shared(shared: &mut Modulator, settled: Tick) {
        shared.spare.trim([&mut shared.arrivals], settled, settled);
    }

    fn shared_len(shared: &Modulator) -> usize {
        shared.arrivals.len()
    }
}
