//! The claims: what is demanded of each, and what was found.

use super::alone::{self, RESERVE_MAX, W_MAX};
use super::runs::{Experiment, INPUTS, Job, Rule, Run};
use super::{Failure, Results};
use saltatory::base::math;
use saltatory::base::random::{Purpose, Stream};
use saltatory::plasticity::homeostat::Homeostat;

/// A number that each seed gives, and the band in which it must lie.
pub struct Claim {
    /// The number of the claim.
    pub number: u32,
    /// What is measured.
    pub what: String,
    /// What is demanded.
    pub demanded: String,
    /// What each seed gave.
    pub found: Vec<f64>,
    /// The band.
    pub band: (f64, f64),
}

impl Claim {
    /// What was found of a band.
    fn new(number: u32, what: &str, band: (f64, f64), found: Vec<f64>) -> Claim {
        let demanded = match band {
            (low, high) if high == NO_MORE => format!("at least {}", plain(low)),
            (low, high) if low == NO_LESS => format!("at most {}", plain(high)),
            (low, high) => format!("{} to {}", plain(low), plain(high)),
        };
        Claim { number, what: what.to_string(), demanded, found, band }
    }

    /// The mean over the seeds.
    pub fn mean(&self) -> f64 {
        self.found.iter().sum::<f64>() / self.found.len() as f64
    }

    fn fits(&self, value: f64) -> bool {
        (self.band.0..=self.band.1).contains(&value)
    }

    /// `PASS` if every seed lies in the band, `MEAN` if only the mean does.
    pub fn verdict(&self) -> &'static str {
        if self.found.iter().all(|&value| self.fits(value)) {
            "PASS"
        } else if self.fits(self.mean()) {
            "MEAN"
        } else {
            "FAIL"
        }
    }

    /// One row of a table in Markdown.
    pub fn row(&self) -> String {
        let low = self.found.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!(
            "| {} | {} | {} | {} | {} to {} | {} |",
            self.number,
            self.what,
            self.demanded,
            short(self.mean()),
            short(low),
            short(high),
            self.verdict()
        )
    }
}

/// A number in as many digits as tell something.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        size if size < 1e-3 => format!("{value:.1e}"),
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 100.0 => format!("{value:.2}"),
        _ => format!("{value:.1}"),
    }
}

/// Beginnings of claims: collects what each seed gives.
struct List<'r> {
    results: &'r Results,
    claims: Vec<Claim>,
}

impl List<'_> {
    fn add(
        &mut self,
        number: u32,
        what: &str,
        band: (f64, f64),
        group: (&Job, &dyn Fn(&Run) -> f64),
    ) {
        let found = self.results.of(group.0).iter().map(group.1).collect();
        self.claims.push(Claim::new(number, what, band, found));
    }
}

fn plain(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        size if size < 1e-3 => format!("{value:e}"),
        // Not the last bits of a bound that was worked out.
        _ => format!("{}", (value * 1e9).round() / 1e9),
    }
}

const NO_MORE: f64 = f64::INFINITY;
const NO_LESS: f64 = f64::NEG_INFINITY;

/// Claims 1 and 2 of a neuron by hand, in double precision, and what 1, 2 and 8 threads give.
///
/// # Errors
/// What the parser, the builder or the engine says.
pub fn by_hand(seeds: u64) -> Result<Vec<Claim>, Failure> {
    let accounts: Vec<_> = (1..=seeds).map(alone::accounts).collect();
    let deferred: Vec<_> = (1..=seeds).map(alone::deferred).collect();
    let results: Result<Vec<f64>, _> =
        (1..=seeds).map(|seed| job(Experiment::Intensity, Rule::Reserve).differing(seed)).collect();
    let kept = |value: &dyn Fn(&alone::Accounts) -> f64| accounts.iter().map(value).collect();
    let apart = |value: &dyn Fn(&alone::Deferred) -> f64| deferred.iter().map(value).collect();
    let with = |what: &str| format!("1000 inputs, f64: {what}");
    let claim = |number, what: &str, band, found| Claim::new(number, &with(what), band, found);
    let sum = "relative error of the sum of weights and reserve";
    let growth = "growth in 1 s beyond what the reserve allows, mV";
    let weight = "largest difference of a weight, deferred and eager growth, mV";
    let fine = "reserve: largest difference of closed form and fine steps, mV";
    let threads = "results on 1, 2 and 8 threads, 8 neurons, 60 s: how many differ";
    Ok(vec![
        claim(1, sum, (0.0, 1e-9), kept(&|a| a.error)),
        claim(1, growth, (NO_LESS, 1e-9), kept(&|a| a.overdraft)),
        claim(1, "least reserve, mV", (0.0, RESERVE_MAX), kept(&|a| a.reserve[0])),
        claim(1, "least weight used, mV", (0.0, W_MAX), kept(&|a| a.used[0])),
        claim(1, "largest weight used, mV", (0.0, W_MAX), kept(&|a| a.used[1])),
        claim(2, "spikes of the neuron", (1000.0, NO_MORE), apart(&|d| d.spikes as f64)),
        claim(2, "spikes that deferred growth moves", (0.0, 0.0), apart(&|d| d.apart as f64)),
        claim(2, weight, (0.0, 1e-12), apart(&|d| d.difference)),
        Claim::new(2, fine, (0.0, 1e-6), (1..=seeds).map(closed_form).collect()),
        Claim::new(2, threads, (0.0, 0.0), results?),
    ])
}

/// How far the closed form of a reserve lies from fine steps that are held at its bounds one by one, at
/// random rates and times.
fn closed_form(seed: u64) -> f64 {
    let mut random = Stream::new(seed, Purpose::Initial, 78, 0);
    let slope = 0.2e-3;
    let high = RESERVE_MAX;
    let supply = Homeostat { slope, set_point: 10.0, tau_ms: 2000.0, share: 1.0, low: 0.0, high };
    let mut largest = 0.0f64;
    for _ in 0..20 {
        let reserve = high * random.uniform() * random.uniform();
        let (rate, span_ms) = (200.0 * random.uniform(), 20_000.0 * random.uniform());
        let (mut stepped, steps) = (reserve, 500_000);
        let h = span_ms / f64::from(steps);
        for step in 0..steps {
            let now = rate * math::exp(-(f64::from(step) + 0.5) * h / supply.tau_ms);
            stepped = (stepped + h * slope * (supply.set_point - now)).clamp(0.0, high);
        }
        largest = largest.max((supply.after(reserve, rate, span_ms) - stepped).abs());
    }
    largest
}

/// All claims that are decided by the experiments.
pub fn claims(results: &Results) -> Vec<Claim> {
    let mut list = List { results, claims: Vec::new() };
    accounting(&mut list);
    intensity(&mut list);
    recognition(&mut list);
    filtering(&mut list);
    relearning(&mut list);
    set_point(&mut list);
    list.claims
}

fn job(experiment: Experiment, rule: Rule) -> Job {
    Job::new(experiment, rule, 0)
}

/// The sum of weights and reserve, against what was there and what came and went.
fn imbalance(run: &Run) -> f64 {
    let total = |k: usize| run.weights[k].iter().sum::<f64>();
    let start = total(0) + run.pool[0][0];
    let error = |k: usize| {
        let [reserve, produced, lost] = run.pool[k];
        let expected = start + produced - lost;
        ((total(k) + reserve - expected) / expected).abs()
    };
    // What was granted beyond w_max stands unseen in a weight until the next arrival.
    let whole = |&k: &usize| run.weights[k].iter().all(|&weight| weight < 3.0);
    (0..run.times.len()).filter(whole).map(error).fold(0.0, f64::max)
}

/// By how much weights grew in 10 s beyond the reserve and what could be made meanwhile.
fn overdraft(run: &Run) -> f64 {
    let total = |k: usize| run.weights[k].iter().sum::<f64>();
    let whole = |k: usize| run.weights[k].iter().all(|&weight| weight < 3.0);
    let beyond = |k: usize| {
        let allowed = run.pool[k][0] + 0.2 * 10.0 * (run.times[k + 1] - run.times[k]);
        total(k + 1) - total(k) - allowed
    };
    (0..run.times.len() - 1).filter(|&k| whole(k)).map(beyond).fold(NO_LESS, f64::max)
}

fn accounting(list: &mut List<'_>) {
    for (experiment, name) in [
        (Experiment::Intensity, "E1"),
        (Experiment::Correlated, "E2"),
        (Experiment::IntenseHalf, "E3"),
        (Experiment::Relearn, "E4"),
    ] {
        let job = job(experiment, Rule::Reserve);
        let what = format!("{name}: relative error of the sum of weights and reserve (f32)");
        // A network stores f32; what rounding takes from a weight or gives to it goes to the reserve.
        list.add(1, &what, (0.0, 1e-9), (&job, &imbalance));
        let what = format!("{name}: growth in 10 s beyond what the reserve allows, mV");
        list.add(1, &what, (NO_LESS, 1e-9), (&job, &overdraft));
        let least = |run: &Run| run.pool.iter().map(|pool| pool[0]).fold(NO_MORE, f64::min);
        list.add(1, &format!("{name}: least reserve, mV"), (0.0, 50.0), (&job, &least));
        let extreme = |run: &Run, low: bool| {
            let all = run.weights.iter().flatten().copied();
            if low { all.fold(NO_MORE, f64::min) } else { all.fold(NO_LESS, f64::max) }
        };
        let least = |run: &Run| extreme(run, true);
        list.add(1, &format!("{name}: least weight, mV"), (0.0, 3.0), (&job, &least));
        let most = |run: &Run| extreme(run, false);
        list.add(1, &format!("{name}: largest weight, mV"), (0.0, 3.0), (&job, &most));
    }
}

fn intensity(list: &mut List<'_>) {
    let reserve = job(Experiment::Intensity, Rule::Reserve);
    for (segment, input) in [(1, 20), (2, 40), (3, 80)] {
        let what = format!("rate with inputs at {input} Hz, Hz");
        list.add(3, &what, (9.7, 10.3), (&reserve, &|run: &Run| run.settled_rate(segment)));
    }
    for (rule, least) in [(Rule::Stdp, 3.5), (Rule::Frozen, 25.0), (Rule::FixedReserve, 15.0)] {
        let what = format!("{}: rate at 80 Hz / rate at 10 Hz", rule.name());
        let ratio = |run: &Run| run.settled_rate(3) / run.settled_rate(0);
        list.add(3, &what, (least, NO_MORE), (&job(Experiment::Intensity, rule), &ratio));
    }
    for (segment, change, most) in [
        (1, "10 to 20 Hz", 20.0),
        (2, "20 to 40 Hz", 20.0),
        (3, "40 to 80 Hz", 20.0),
        (4, "80 to 10 Hz", 60.0),
        (5, "10 to 5 Hz", 110.0),
    ] {
        let what = format!("first 5 s within 20 % after {change}, s");
        let recovery = |run: &Run| run.recovery(segment, 10.0);
        list.add(4, &what, (0.0, most), (&reserve, &recovery));
    }
    let silent = |run: &Run| run.settled_rate(4);
    let what = "without growth: rate after 80 to 10 Hz, Hz";
    list.add(4, what, (0.0, 0.1), (&without_growth(), &silent));
}

/// The negative control of claim 4.
pub fn without_growth() -> Job {
    job(Experiment::Intensity, Rule::Reserve).set("projection.0.plasticity.growth=0 mV")
}

/// Hit rate in units of chance.
pub fn recognition_of(run: &Run, segment: usize) -> f64 {
    let (hit, chance) = run.hits(segment);
    hit / chance
}

/// Mean weight of the first half of the inputs in units of that of the second.
pub fn halves(run: &Run, segment: usize) -> f64 {
    run.mean_weight(segment, 0..INPUTS / 2) / run.mean_weight(segment, INPUTS / 2..INPUTS)
}

fn recognition(list: &mut List<'_>) {
    let reserve = job(Experiment::Correlated, Rule::Reserve);
    for (segment, noise) in [(1, 10), (2, 40), (3, 80)] {
        let what = format!("hit / chance with noise at {noise} Hz");
        let ratio = |run: &Run| recognition_of(run, segment);
        list.add(5, &what, (2.5, NO_MORE), (&reserve, &ratio));
        let what = format!("weight of correlated / noisy inputs at {noise} Hz");
        list.add(5, &what, (2.0, NO_MORE), (&reserve, &|run: &Run| halves(run, segment)));
    }
    let kept = |run: &Run| recognition_of(run, 3) / recognition_of(run, 1);
    list.add(5, "hit / chance at 80 Hz / the same at 10 Hz", (0.85, NO_MORE), (&reserve, &kept));
    for rule in [Rule::Stdp, Rule::Frozen] {
        for (segment, noise) in [(2, 40), (3, 80)] {
            let what = format!("{}: hit / chance with noise at {noise} Hz", rule.name());
            let ratio = |run: &Run| recognition_of(run, segment);
            list.add(5, &what, (0.0, 1.2), (&job(Experiment::Correlated, rule), &ratio));
        }
    }
}

fn filtering(list: &mut List<'_>) {
    let reserve = job(Experiment::IntenseHalf, Rule::Reserve);
    let scaling = job(Experiment::IntenseHalf, Rule::Scaling);
    for (segment, loud) in [(1, 50), (2, 100)] {
        let what = format!("rate with one half at {loud} Hz, Hz");
        list.add(6, &what, (9.7, 10.3), (&reserve, &|run: &Run| run.settled_rate(segment)));
        let quiet_to_loud = |run: &Run| 1.0 / halves(run, segment);
        let what = format!("weight of quiet / loud inputs at {loud} Hz");
        list.add(6, &what, (1.5, NO_MORE), (&reserve, &quiet_to_loud));
        let what = format!("scaling: weight of quiet / loud inputs at {loud} Hz");
        list.add(6, &what, (0.85, 1.15), (&scaling, &quiet_to_loud));
    }
}

fn relearning(list: &mut List<'_>) {
    let reserve = job(Experiment::Relearn, Rule::Reserve);
    let new_to_old = |run: &Run| 1.0 / halves(run, 2);
    list.add(
        7,
        "weight of new / old group after the swap",
        (1.4, NO_MORE),
        (&reserve, &new_to_old),
    );
    let rate = |run: &Run| run.settled_rate(2);
    list.add(7, "rate after the swap, Hz", (9.5, 10.5), (&reserve, &rate));
}

/// The set points of E5.
pub const TARGETS: [f64; 4] = [5.0, 10.0, 20.0, 40.0];

/// Inputs of 20 Hz and a set point.
pub fn target(rate: f64) -> Job {
    job(Experiment::Intensity, Rule::Reserve)
        .set("duration=400 s")
        .set("population.inputs.params.rate=20 Hz")
        .set(&format!("projection.0.plasticity.rate={rate} Hz"))
}

/// The weights of the noise of E6, in mV: five that the reserve can make up for and two that it
/// cannot.
pub const NOISE: [f64; 7] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2];

/// Inputs of 10 Hz and noise of 1000 Hz over synapses that do not learn.
pub fn limit(weight: f64, rule: Rule) -> Job {
    let job = job(Experiment::Intensity, rule).set("duration=400 s");
    Job { noise: (weight > 0.0).then_some((1000.0, weight)), ..job }
}

/// The noise of E6 alone: inputs that never fire.
pub fn noise_alone(weight: f64) -> Job {
    limit(weight, Rule::Frozen).set("population.inputs.params.rate=0 Hz")
}

fn set_point(list: &mut List<'_>) {
    for rate in TARGETS {
        let what = format!("rate with a set point of {rate} Hz, Hz");
        let settled = |run: &Run| run.settled_rate(0);
        list.add(8, &what, (0.97 * rate, 1.03 * rate), (&target(rate), &settled));
    }
    for weight in [1.0, 1.2] {
        let job = limit(weight, Rule::Reserve);
        let sum = |run: &Run| run.mean_weight(0, 0..INPUTS) * INPUTS as f64;
        let what = format!("sum of weights beside noise of {weight} mV, mV");
        list.add(8, &what, (0.0, 0.5), (&job, &sum));
        let alone: Vec<f64> =
            list.results.of(&noise_alone(weight)).iter().map(|run| run.settled_rate(0)).collect();
        let alone = alone.iter().sum::<f64>() / alone.len() as f64;
        let what = format!("rate beside noise of {weight} mV / rate of the noise alone");
        let ratio = |run: &Run| run.settled_rate(0) / alone;
        list.add(8, &what, (0.95, 1.05), (&job, &ratio));
    }
}
