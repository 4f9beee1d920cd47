//! The experiments: which scenario under which rule, and what is kept of a run.

use super::Failure;
use saltatory::base::{PopulationId, Tick};
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::scenario::{self, NoFiles, Override, Scenario, Source};
use saltatory::source::correlated_process;

/// Length of a segment, in seconds.
pub const SEGMENT: f64 = 400.0;
/// Inputs of the neuron.
pub const INPUTS: usize = 100;

/// The rules that are compared, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Weights stay.
    Frozen,
    /// What the reserve rule is without a reserve.
    Stdp,
    /// Additive, with more depression than potentiation, as Song, Miller and Abbott 2000.
    StdpLtd,
    /// The reserve rule without supply.
    FixedReserve,
    /// Plasticity without a reserve, and all weights scaled towards the same rate.
    Scaling,
    /// What the scenarios say.
    Reserve,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 6] =
        [Rule::Frozen, Rule::Stdp, Rule::StdpLtd, Rule::FixedReserve, Rule::Scaling, Rule::Reserve];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Frozen => "frozen",
            Rule::Stdp => "STDP",
            Rule::StdpLtd => "STDP-LTD",
            Rule::FixedReserve => "fixed reserve",
            Rule::Scaling => "scaling",
            Rule::Reserve => "CPR-1",
        }
    }

    /// The table `plasticity` that stands in the place of the scenario's.
    fn plasticity(self) -> Option<&'static str> {
        match self {
            Rule::Frozen => Some("{ rule = 'fixed' }"),
            Rule::Stdp => Some(
                "{ rule = 'stdp_reserve', bound = 'unlimited', dendritic_delay = '0.25 ms', \
                 a_plus = '0.01 mV', a_minus = '0.009 mV', mu = 0.2, w_ref = '1 mV', \
                 w_max = '3 mV', growth = '0 mV', supply = '0 mV', reserve = '0 mV', \
                 reserve_max = '50 mV' }",
            ),
            Rule::StdpLtd => Some(
                "{ rule = 'stdp', form = 'additive', dendritic_delay = '0.25 ms', \
                 lambda = 0.0033333333333333335, alpha = 1.05, w_max = '3 mV' }",
            ),
            Rule::FixedReserve => Some(
                "{ rule = 'stdp_reserve', dendritic_delay = '0.25 ms', a_plus = '0.01 mV', \
                 a_minus = '0.009 mV', mu = 0.2, w_ref = '1 mV', w_max = '3 mV', \
                 growth = '0.002 mV', supply = '0 mV', reserve = '5 mV', reserve_max = '50 mV' }",
            ),
            Rule::Scaling => Some(
                "{ rule = 'synaptic_scaling', dendritic_delay = '0.25 ms', a_plus = '0.01 mV', \
                 a_minus = '0.009 mV', mu = 0.2, w_ref = '1 mV', w_max = '3 mV', \
                 speed = '0.05 Hz', rate = '10 Hz', s_min = 0.0001, s_max = 10000 }",
            ),
            Rule::Reserve => None,
        }
    }
}

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Experiment {
    /// E1: all inputs become stronger and weaker.
    Intensity,
    /// E2: correlated inputs among noise.
    Correlated,
    /// E3: half of the inputs become loud.
    IntenseHalf,
    /// E4: the correlated group is another.
    Relearn,
}

impl Experiment {
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Experiment::Intensity => {
                ("reserve_intensity", include_str!("../../scenarios/reserve_intensity.toml"))
            }
            Experiment::Correlated => {
                ("reserve_correlated", include_str!("../../scenarios/reserve_correlated.toml"))
            }
            Experiment::IntenseHalf => {
                ("reserve_intense_half", include_str!("../../scenarios/reserve_intense_half.toml"))
            }
            Experiment::Relearn => {
                ("reserve_relearn", include_str!("../../scenarios/reserve_relearn.toml"))
            }
        }
    }
}

/// One run to be done.
#[derive(Clone, Debug)]
pub struct Job {
    /// The scenario.
    pub experiment: Experiment,
    /// The rule.
    pub rule: Rule,
    /// The seed.
    pub seed: u64,
    /// Further changes, as after `--set`.
    pub changes: Vec<String>,
    /// Background input to the neuron that does not learn: rate in Hz and weight in mV.
    pub noise: Option<(f64, f64)>,
}

/// What is kept of a run.
pub struct Run {
    /// When the neuron fired, in seconds.
    pub spikes: Vec<f64>,
    /// The times of sampling, in seconds.
    pub times: Vec<f64>,
    /// Weights at those times, by input.
    pub weights: Vec<Vec<f64>>,
    /// Of the reserve: (reserve, produced, lost) at those times.
    pub pool: Vec<[f64; 3]>,
    /// Shared events of correlated inputs, in seconds.
    pub shared: Vec<f64>,
    /// The random number behind what is chosen at random in the analysis.
    pub seed: u64,
}

impl Job {
    /// A run of a shipped scenario.
    pub fn new(experiment: Experiment, rule: Rule, seed: u64) -> Job {
        Job { experiment, rule, seed, changes: Vec::new(), noise: None }
    }

    /// With a change.
    pub fn set(mut self, change: &str) -> Job {
        self.changes.push(change.to_string());
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// What the parser, the builder or the engine says.
    pub fn run(&self) -> Result<Run, Failure> {
        let scenario = self.scenario()?;
        let network = network::build(&scenario, 1, 1, None)?;
        let outcome =
            engine::run(&scenario, &network, Options::threads(1), &|_| Control::Continue)?;
        Ok(Run::new(&scenario, &outcome))
    }

    /// The same for eight neurons, a minute of it, on 1, 2 and 8 threads: how many of the three are
    /// unlike the first.
    ///
    /// # Errors
    /// What the parser, the builder or the engine says.
    pub fn differing(&self, seed: u64) -> Result<f64, Failure> {
        let job = Job { seed, ..self.clone() }.set("duration=60 s").set("population.out.size=8");
        let scenario = job.scenario()?;
        let mut results = Vec::new();
        for threads in [1, 2, 8] {
            let network = network::build(&scenario, threads, 1, None)?;
            let options = Options::threads(threads as usize);
            let outcome = engine::run(&scenario, &network, options, &|_| Control::Continue)?;
            results.push((outcome.digest, outcome.state_digest, outcome.weights));
        }
        Ok(results.iter().filter(|&result| *result != results[0]).count() as f64)
    }

    fn scenario(&self) -> Result<Scenario, Failure> {
        let (name, text) = self.experiment.text();
        let mut changes: Vec<Override> = vec![format!("seed={}", self.seed).as_str().into()];
        changes.extend(self.changes.iter().map(|change| Override::from(change.as_str())));
        let mut scenario =
            scenario::parse(&Source::new(name, text.to_string()), &NoFiles, &changes)
                .map_err(|problems| problems.to_string())?;
        let learning = learning_projection(&scenario);
        if let Some(rule) = self.rule.plasticity() {
            scenario.set_plasticity(learning, rule).map_err(|problems| problems.to_string())?;
        }
        if let Some((rate, weight)) = self.noise {
            let out = scenario.population_index("out").expect("every experiment has it");
            scenario
                .background(
                    PopulationId(out as u16),
                    &format!("{rate} Hz"),
                    &format!("{weight} mV"),
                )
                .map_err(|problems| problems.to_string())?;
        }
        Ok(scenario)
    }
}

/// The projection on to the neuron.
fn learning_projection(scenario: &Scenario) -> usize {
    let out = scenario.population_index("out").expect("every experiment has it");
    let onto = |projection: &scenario::Projection| projection.target == out;
    scenario.projections.iter().position(onto).expect("every experiment has it")
}

impl Run {
    fn new(scenario: &Scenario, outcome: &Outcome) -> Run {
        let samples = outcome.weights.as_ref().map(|weights| &weights.samples);
        let times: Vec<Tick> = samples.map_or(Vec::new(), |samples| samples.times.clone());
        let weights = match samples {
            Some(samples) if !samples.synapses.is_empty() => samples
                .weight
                .chunks(INPUTS)
                .map(|row| row.iter().map(|&weight| f64::from(weight)).collect())
                .collect(),
            _ => vec![vec![0.8; INPUTS]; times.len()],
        };
        let level = |name: &str| -> Option<&Vec<f64>> {
            outcome.traces.iter().find(|trace| trace.variable == name).map(|trace| &trace.values)
        };
        let pool = match (level("reserve"), level("produced"), level("lost")) {
            (Some(p), Some(made), Some(lost)) => {
                (0..p.len()).map(|k| [p[k], made[k], lost[k]]).collect()
            }
            _ => Vec::new(),
        };
        Run {
            spikes: outcome.spikes.iter().map(|spike| spike.tick.s()).collect(),
            times: times.iter().map(|at| at.s()).collect(),
            weights,
            pool,
            shared: shared(scenario),
            seed: scenario.seed,
        }
    }

    /// Spikes in a stretch of time, per second.
    pub fn rate(&self, from: f64, to: f64) -> f64 {
        self.count(from, to) as f64 / (to - from)
    }

    fn count(&self, from: f64, to: f64) -> usize {
        let before = |at: f64| self.spikes.partition_point(|&spike| spike < at);
        before(to) - before(from)
    }

    /// The rate in the second half of a segment.
    pub fn settled_rate(&self, segment: usize) -> f64 {
        let (from, to) = second_half(segment);
        self.rate(from, to)
    }

    /// The mean weight of some inputs over the second half of a segment.
    pub fn mean_weight(&self, segment: usize, inputs: std::ops::Range<usize>) -> f64 {
        let (from, to) = second_half(segment);
        let rows = self.times.iter().zip(&self.weights);
        let inside = rows.filter(|(at, _)| (from..to).contains(*at));
        let means: Vec<f64> = inside
            .map(|(_, row)| row[inputs.clone()].iter().sum::<f64>() / inputs.len() as f64)
            .collect();
        means.iter().sum::<f64>() / means.len() as f64
    }

    /// How long after the start of a segment some 5 s end in which the rate is within 20 % of
    /// `target`; infinite if they never do.
    pub fn recovery(&self, segment: usize, target: f64) -> f64 {
        let start = segment as f64 * SEGMENT;
        let fits = |&end: &u32| {
            let rate = self.rate(start + f64::from(end) - 5.0, start + f64::from(end));
            (rate / target - 1.0).abs() <= 0.2
        };
        (5..=SEGMENT as u32).find(fits).map_or(f64::INFINITY, f64::from)
    }

    /// The share of shared events that are answered in the second half of a segment, and the share
    /// of random times that seem to be. An event takes 10 ms to the neuron; answered it is by a
    /// spike from 4 ms before to 11 ms after that.
    pub fn hits(&self, segment: usize) -> (f64, f64) {
        use saltatory::base::random::{Purpose, Stream};
        let (from, to) = second_half(segment);
        let answered = |at: f64| self.count(at - 0.004, at + 0.011) > 0;
        let share = |times: &[f64]| {
            times.iter().filter(|&&at| answered(at)).count() as f64 / times.len().max(1) as f64
        };
        let events: Vec<f64> = self.shared.iter().map(|at| at + 0.010).collect();
        let events: Vec<f64> = events.into_iter().filter(|at| (from..to).contains(at)).collect();
        let mut random = Stream::new(self.seed, Purpose::Initial, u64::MAX, segment as u64);
        let random: Vec<f64> = (0..50_000).map(|_| from + (to - from) * random.uniform()).collect();
        (share(&events), share(&random))
    }
}

fn second_half(segment: usize) -> (f64, f64) {
    let start = segment as f64 * SEGMENT;
    (start + SEGMENT / 2.0, start + SEGMENT)
}

/// The events that correlated inputs share, of all populations of such, in order.
fn shared(scenario: &Scenario) -> Vec<f64> {
    let until = Tick(scenario.duration.0);
    let populations = 0..scenario.populations.len();
    let processes = populations.filter_map(|population| correlated_process(scenario, population));
    let mut events: Vec<f64> =
        processes.flat_map(|process| process.shared_events(until)).map(|at| at.s()).collect();
    events.sort_unstable_by(f64::total_cmp);
    events
}

/// Does all jobs on some threads; results in their order.
///
/// # Errors
/// The first failure.
pub fn run_all(jobs: &[Job], threads: usize) -> Result<Vec<Run>, Failure> {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    type Slot = Mutex<Option<Result<Run, Failure>>>;
    let slots: Vec<Slot> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { return };
                    let result = job.run();
                    *slots[place].lock().expect("nobody panics while holding it") = Some(result);
                    eprint!("\rrun {} of {}", place + 1, jobs.len());
                }
            });
        }
    });
    eprintln!();
    let taken = slots.into_iter().map(|slot| slot.into_inner().expect("no thread is left"));
    taken.map(|result| result.expect("every job was done")).collect()
}
