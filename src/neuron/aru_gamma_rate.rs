//! `aru_gamma_rate`: `gamma_rate` with a recurrent network that sets its gain and saturation.

use super::gained::LEAST_TICK_MS;
use super::gained::network::{self, weights};
use super::gamma_rate::{self, Driven, GammaRate, Shape};
use super::recurrent::{MOST_UNITS, Recurrent};
use super::thinned::Thinned;
use super::thinning::{Ceiling, STREAM};
use super::ticked::{Controller, Drive, Memory, Rule};
use super::{Descriptor, Initial, Parameter, Range, Variable};
use crate::base::saved::value;
use crate::base::{Span, Unit};

const TICK: usize = 5;
const WEIGHTS: usize = 6;

static DESCRIPTOR: Descriptor = Descriptor {
    name: "aru_gamma_rate",
    summary: "gamma_rate whose gain and saturation a recurrent network sets at ticks",
    manual: "\
A neuron that fires at random like `gamma_rate`, with a recurrent network of its own that sets its
gain n and its saturation s from its drive.

    lambda = rho max(0, gamma(a; n, s))       as in gamma_rate, with tau, rho, base
    g_i -> tanh(input_i a + bias_i + sum over j of from_ij g_j)     at each tick; zero at the start
    n = gain + sum over i of to_gain_i g_i
    s = saturation + sum over i of to_saturation_i g_i

Ticks are the times tick, 2 tick, 3 tick and so on of the run. A tick finds the drive a before inputs
of the same time; n and s stay until the next. Each neuron has up to 64 units g of its own, all
neurons of a population share the list `weights`: for each unit its input, bias, to_gain,
to_saturation, and the weights from all units, so k (k + 4) numbers for k units.
weights = [...], or weights = { file = \"x.csv\" } with the column `value`; a name that
ends in .npz is read as such. Without a list there is no unit, and the neuron is gamma_rate in law. n and s
count within the bounds of gamma_rate.

With a = U x + W h + b and one tick a step this is the controller of the source, whose 50 units have
2,752 numbers: there each unit has two biases, whose sum is ours, and the biases of both outputs are
`gain` and `saturation`.

Spikes are drawn exactly, by thinning. The ceiling is that of gamma_rate for the largest and the
least gain and saturation that units between -1 and 1 can make, for ever, if it is at most three times
the rate now or fewer than one spike is proposed in 10 (tau + tick); else that for gain and saturation as they are, with the drive
between its value now and the share h / tau of its way to base, for the time h until the next tick.
The ceiling is part of the model: it decides which random number is used for what.

Units have no closed form over several ticks, so a neuron that is brought to a time goes through all
ticks before it, at some two thousand multiplications each for 50 units, until neither its drive nor
its units move any more. Units that are chaotic make much of the last bit of a drive; results are the
same for any number of threads and shards all the same. `gain_now` and `saturation_now` are n and s, for recording.

Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567, and the authors' code (gamma, and the
network in discrete time); thinning: Lewis and Shedler 1979, doi 10.1002/nav.3800260304.",
    parameters: &[
        gamma_rate::PARAMETERS[0],
        gamma_rate::PARAMETERS[1],
        gamma_rate::PARAMETERS[2],
        gamma_rate::PARAMETERS[3],
        gamma_rate::PARAMETERS[4],
        Parameter {
            name: "tick",
            unit: Unit::Ms,
            default: 10.0,
            range: Range::Positive,
            per_neuron: false,
            doc: "how often gain and saturation are set anew",
        },
        weights(),
    ],
    variables: &[
        gamma_rate::VARIABLES[0],
        gamma_rate::VARIABLES[1],
        gamma_rate::VARIABLES[2],
        gamma_rate::VARIABLES[3],
        STREAM,
        follows("gain_now", "n since the last tick"),
        follows("saturation_now", "s since the last tick"),
    ],
    input: Unit::One,
    check,
    current_for_period: None,
};

const fn follows(name: &'static str, doc: &'static str) -> Variable {
    Variable { name, unit: Unit::One, initial: Initial::Derived, doc }
}

fn check(p: &[f64]) -> Vec<(usize, String)> {
    let mut problems = network::check(p, WEIGHTS);
    if p[TICK] < LEAST_TICK_MS {
        let found = format!("tick ({} ms) must be at least {LEAST_TICK_MS} ms", p[TICK]);
        problems.push((TICK, found));
    }
    problems
}

/// See the [manual page](Descriptor::manual).
pub struct AruGammaRate;

/// Derived parameters.
#[derive(Clone, Debug)]
pub struct Constants {
    driven: gamma_rate::Constants,
    controller: Controller<Recurrent>,
    /// After this time the drive hardly moves any more.
    relaxed_ms: f64,
}

/// What `gamma_rate` has, and the units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watched {
    driven: Driven,
    memory: Memory<<Recurrent as Rule>::Memory>,
}
value!(Watched { driven, memory });

/// A ceiling so many times the rate now is close enough.
const CLOSE: f64 = 3.0;

impl Watched {
    fn drive(&self) -> Drive {
        Drive { base: self.driven.base, drifts: [self.driven.drift, 0.0] }
    }

    /// Gain and saturation with what a controller adds.
    fn with(&self, added: [f64; 2]) -> Shape {
        let [gain, saturation] = self.driven.own();
        Shape::new(gain + added[0], saturation + added[1])
    }

    fn shape(&self) -> Shape {
        self.with(self.memory.added)
    }
}

impl Thinned for AruGammaRate {
    type Derived = Constants;
    type Body = Watched;
    const PAGE: &'static Descriptor = &DESCRIPTOR;
    const WALKS: bool = true;

    fn derive(p: &[f64]) -> Constants {
        let driven = GammaRate::derive(&p[..TICK]);
        let rule = Recurrent::new(DESCRIPTOR.list(p, WEIGHTS));
        let controller = Controller::new(rule, p[TICK], [driven.tau_ms; 2]);
        Constants { controller, relaxed_ms: 10.0 * (driven.tau_ms + p[TICK]), driven }
    }

    fn start(c: &Constants, variables: &[f64]) -> Watched {
        let memory = c.controller.start([0.0; MOST_UNITS]);
        Watched { driven: GammaRate::start(&c.driven, variables), memory }
    }

    fn values(body: &Watched) -> impl AsRef<[f64]> {
        body.driven.values()
    }

    fn following(_: &Constants, body: &Watched, place: usize) -> f64 {
        let Shape { gain, saturation } = body.shape();
        [gain, saturation][place]
    }

    #[inline]
    fn rate(c: &Constants, body: &Watched) -> f64 {
        c.driven.rho_per_ms * body.shape().gamma(body.driven.drive()).max(0.0)
    }

    fn ceiling(c: &Constants, body: &Watched, _: f64) -> Ceiling {
        let ends = body.drive().ends();
        let [least, most] = c.controller.rule.range(&body.memory.own, ends);
        // What was said at the last tick may have been said by units that are beyond all reach now:
        // it lies within the same bounds.
        let shapes = (body.with(least), body.with(most));
        let rho = c.driven.rho_per_ms;
        let per_ms = rho * gamma_rate::highest(shapes, ends[0], ends[1]).max(0.0);
        if per_ms <= CLOSE * Self::rate(c, body) || per_ms * c.relaxed_ms < 1.0 {
            return Ceiling { per_ms, ms: f64::INFINITY };
        }
        let ms = c.controller.left_ms(&body.memory);
        let a = body.driven.drive();
        let then = a - body.driven.drift * (ms / c.driven.tau_ms).min(1.0);
        let shape = body.shape();
        let highest = gamma_rate::highest((shape, shape), a.min(then), a.max(then));
        Ceiling { per_ms: rho * highest.max(0.0), ms }
    }

    fn pass(c: &Constants, body: &mut Watched, drive: f64, ms: f64) {
        let before = body.drive();
        c.controller.pass(&mut body.memory, &before, ms);
        GammaRate::pass(&c.driven, &mut body.driven, drive, ms);
    }

    fn pass_by(c: &Constants, body: &mut Watched, drive: f64, span: Span) {
        let before = body.drive();
        c.controller.pass_ns(&mut body.memory, &before, span.0 as f64);
        GammaRate::pass_by(&c.driven, &mut body.driven, drive, span);
    }

    #[inline]
    fn take(c: &Constants, body: &mut Watched, weight: f64) {
        GammaRate::take(&c.driven, &mut body.driven, weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Tick;
    use crate::neuron::cell::{Input, InputKind};
    use crate::neuron::thinned::time_rescaled;
    use crate::neuron::thinning::kolmogorov;

    /// Two units that turn, one of which reads the drive; gain and saturation move with both.
    const WEIGHTS: [f64; 12] = [0.9, -0.1, 2.0, 0.2, 0.6, -0.9, -0.3, 0.2, -1.2, 0.3, 0.8, 0.5];

    fn constants() -> Constants {
        let fixed = vec![20.0, 200.0, 0.0, 1.0, 0.0, 10.0, 0.0];
        AruGammaRate::derive(&DESCRIPTOR.flat(fixed, &[WEIGHTS.to_vec()]))
    }

    #[test]
    fn in_the_time_of_its_own_hazard_intervals_are_exponential() {
        let c = constants();
        for (every_ms, seconds, spikes) in [(3, 200, 5_000), (40, 5_000, 100_000)] {
            let weight = |k: u64| [4.0, -3.0, 1.5, -6.0, 5.0][(k * 3 % 5) as usize];
            let at = |k: u64| Tick(k * every_ms * 1_000_000);
            let input = |k: u64| Input { at: at(k), kind: InputKind::Spike(weight(k)) };
            let inputs: Vec<Input> = (1..1000 * seconds / every_ms).map(input).collect();
            let start = [0.0, 0.2, 3.0, 0.2, 0.375];
            let rescaled = time_rescaled::<AruGammaRate>(&c, &start, 0.0, &inputs);
            assert!(rescaled.len() > spikes, "{}", rescaled.len());
            let gap = kolmogorov(rescaled);
            assert!(gap < 1.95, "{every_ms}: {gap}");
        }
    }

    #[test]
    fn the_ceiling_is_above_the_rate_for_as_long_as_it_says() {
        let c = constants();
        for drift in [-30.0, -1.0, 0.0, 0.7, 20.0] {
            for before_ms in [0.0, 3.0, 47.0, 1e3] {
                let mut start = AruGammaRate::start(&c, &[0.3, 0.2, 3.0, 0.2]);
                AruGammaRate::pass(&c, &mut start, 0.0, before_ms);
                start.driven.drift += drift;
                let Ceiling { per_ms, ms } = AruGammaRate::ceiling(&c, &start, 0.0);
                for part in 0..500 {
                    let mut then = start;
                    let ms = ms.min(1e3) * f64::from(part) / 500.0;
                    AruGammaRate::pass(&c, &mut then, 0.0, ms);
                    let rate = AruGammaRate::rate(&c, &then);
                    assert!(rate <= per_ms * (1.0 + 1e-12), "{start:?} {ms}: {rate} {per_ms}");
                }
            }
        }
    }
}
