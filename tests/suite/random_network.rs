//! Small random scenarios, each a function of its seed alone.
//!
//! They are chosen for trouble, not for biology: coinciding arrivals, coarse grids, drives at the
//! threshold, equal time constants, neurons without refractoriness, strong weights. What they
//! never do is multiply spikes without bound: a target that may fire at every tick (a parrot, or
//! t_ref = 0) is excited only by populations before it, and by few.

use saltatory::base::random::{Purpose, Stream};
use saltatory::base::{Resolution, Span, Tick, Unit};
use saltatory::neuron::lif_alpha::LifAlpha;
use saltatory::neuron::lif_delta::LifDelta;
use saltatory::neuron::lif_exp::LifExp;
use saltatory::neuron::{self, Descriptor, Dynamics, Initial};
use saltatory::scenario::{
    Background, Connect, CurrentInput, DelayOf, Distribution, Edges, Model, Neurons, Outside,
    ParameterValue, Plasticity, Population, Projection, Record, RecordState, Scenario, Selection,
    Shape, Steps,
};

/// The model of all neurons of a seed's network, and the time constants of its currents as
/// multiples of tau_m, where they are alike as the engine's lane of frames asks. Some of these
/// neurons are sampled, too. `None` for a network of any models.
pub fn alike(seed: u64) -> Option<(&'static Descriptor, [f64; 2])> {
    let currents = [[0.2, 0.2], [0.2, 0.5], [1.7, 0.1], [0.05, 1.7]][(seed / 5 % 4) as usize];
    match seed % 5 {
        1 => Some((LifExp::DESCRIPTOR, currents)),
        4 => Some((LifAlpha::DESCRIPTOR, currents)),
        3 => Some((LifDelta::DESCRIPTOR, currents)),
        _ => None,
    }
}

/// The scenario of a seed.
pub fn scenario(seed: u64) -> Scenario {
    let mut draw = Draw(Stream::new(seed, Purpose::Connect, u64::MAX, 0), alike(seed));
    let grids = [1, 1, 1_000, 100_000, 100_000];
    let grid = Resolution::new(Span(draw.one_of(&grids))).expect("no grid is zero");
    let duration = Span(draw.between(10, 60) * 1_000_000 + draw.below(3));
    let mut scenario = Scenario {
        title: format!("random network {seed}"),
        seed,
        duration,
        resolution: grid,
        populations: Vec::new(),
        projections: Vec::new(),
        backgrounds: Vec::new(),
        currents: Vec::new(),
        teachers: Vec::new(),
        record: Record::default(),
    };
    if draw.chance(0.7) {
        let model = draw.source(&scenario);
        let size =
            if let Model::SpikeSource { times, .. } = &model { times.len() as u32 } else { 3 };
        scenario.populations.push(Population { name: "source".into(), size, model });
    }
    for index in 0..draw.between(1, 4) {
        let size = draw.between(1, 12) as u32;
        let model = draw.neurons(size);
        scenario.populations.push(Population { name: format!("neurons{index}"), size, model });
    }
    for target in 0..scenario.populations.len() {
        if let Model::Neuron { descriptor, .. } = scenario.populations[target].model {
            draw.inputs(&mut scenario, target, descriptor);
        }
    }
    if alike(seed).is_some() {
        draw.probes(&mut scenario);
    }
    scenario
}

/// What is drawn from, and how neurons are to be alike.
struct Draw(Stream, Option<(&'static Descriptor, [f64; 2])>);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// A whole number from low to high, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.uniform()
    }

    fn chance(&mut self, p: f64) -> bool {
        self.0.uniform() < p
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }

    fn tick(&mut self, scenario: &Scenario) -> Tick {
        scenario.resolution.nearest(Tick(self.below(scenario.duration.0)))
    }

    fn ticks(&mut self, scenario: &Scenario, count: u64) -> Vec<Tick> {
        let mut ticks: Vec<Tick> = (0..count).map(|_| self.tick(scenario)).collect();
        if self.chance(0.1) {
            ticks.push(Tick::ZERO);
        }
        ticks.sort_unstable();
        ticks.dedup();
        ticks
    }

    fn source(&mut self, scenario: &Scenario) -> Model {
        if self.chance(0.4) {
            let rate_hz = self.rate(scenario, 400.0);
            if self.chance(0.3) {
                let correlation = self.uniform(0.05, 1.0);
                let jitter = Span(self.below(3_000_000));
                return Model::CorrelatedPoisson { rate_hz, correlation, jitter };
            }
            return Model::Poisson { rate_hz };
        }
        let size = self.between(1, 8);
        let times = (0..size).map(|_| {
            let count = self.below(12);
            self.ticks(scenario, count)
        });
        Model::SpikeSource { times: times.collect(), file: None }
    }

    fn rate(&mut self, scenario: &Scenario, highest: f64) -> Steps {
        if self.chance(0.5) {
            return Steps::constant(self.uniform(0.0, highest));
        }
        let ticks = self.ticks(scenario, 3);
        Steps { steps: ticks.into_iter().map(|at| (at, self.uniform(0.0, highest))).collect() }
    }

    /// One of the registered models with parameters that invite trouble.
    fn neurons(&mut self, size: u32) -> Model {
        let mut descriptor = self.one_of(neuron::registry());
        // Controllers on ticks are slow to step through; a few networks with them are enough.
        if descriptor.parameter("tick").is_some() {
            descriptor = self.one_of(neuron::registry());
        }
        if let Some((all, _)) = self.1 {
            descriptor = all;
        }
        let mut values = descriptor.defaults();
        let mut lists: Vec<Vec<f64>> = descriptor.lists().map(|_| Vec::new()).collect();
        // The saturation of escape noise must not be negative, that of gamma_rate may.
        let escape: f64 = if descriptor.parameter("delta_u").is_some() { 0.0 } else { -1.0 };
        let mut set = |name: &str, value: f64| {
            if let Some(index) = descriptor.parameter(name) {
                values[index] = value;
            }
        };
        // With 16 ms and 256 pF the voltage of a current is exact, and a drive can be put exactly
        // at the threshold.
        let mut tau_m = self.one_of(&[16.0, 16.0, 10.0, 20.0, 7.3]);
        if self.1.is_some() {
            tau_m = 16.0;
        }
        set("tau_m", tau_m);
        set("c_m", 256.0);
        set("t_ref", self.one_of(&[2.0, 2.0, 5.0, 1.0, 0.0, 1.25, 2.001]));
        let e_l = self.one_of(&[-70.0, 0.0, -65.0]);
        let v_reset = e_l + self.one_of(&[0.0, 0.0, 3.0, -5.0]);
        set("e_l", e_l);
        set("v_reset", v_reset);
        set("v_th", e_l + 15.0);
        set("theta", e_l + 15.0);
        set("delta_u", self.one_of(&[2.0, 0.5, 5.0]));
        set("rho", self.one_of(&[0.0, 20.0, 200.0, 1000.0]));
        if descriptor.parameter("floor").is_some() {
            set("floor", self.one_of(&[0.0, 0.0266]));
        }
        set("base", self.one_of(&[0.0, 0.5, -0.3]));
        set("gain", self.one_of(&[1.0, 5.0, 20.0]));
        set("saturation", escape.max(self.one_of(&[0.0, 0.0, 0.5, 1.0, -0.1])));
        set("tau", tau_m);
        set("mu", self.one_of(&[0.0, 30.0, 100.0, 1000.0, -20.0]));
        set("v_crit", e_l + 10.0);
        set("v_peak", e_l + self.one_of(&[15.0, 60.0]));
        for (place, name) in ["tau_syn_ex", "tau_syn_in"].into_iter().enumerate() {
            let nearby = self.one_of(&[1.0, 1.0 + 1e-7, 0.9, 0.2, 0.2, 0.5, 1.7]);
            set(name, tau_m * self.1.map_or(nearby, |(_, ratios)| ratios[place]));
        }
        if descriptor.parameter("asc_jump").is_some() {
            self.adaptation(descriptor, &mut values, &mut lists, tau_m);
        }
        if descriptor.parameter("tau_fast").is_some() {
            self.controller(descriptor, &mut values);
        }
        if let Some(tick) = descriptor.parameter("tick") {
            values[tick] = self.one_of(&[10.0, 1.0, 0.7, 3.333]);
        }
        if let (Some(gain), Some(reset), Some(_)) = (
            descriptor.parameter("gain"),
            descriptor.parameter("v_reset"),
            descriptor.parameter("tick"),
        ) {
            values[gain] = self.one_of(&[1.0, 1.5, 0.6]);
            values[reset] = values[reset].min(e_l);
        }
        let start = self.start(size, e_l);
        let drive = self.drive(descriptor, tau_m);
        let mut parameters: Vec<ParameterValue> =
            values.iter().map(|&v| ParameterValue::Drawn(Distribution::constant(v))).collect();
        // Weights are the last list of whatever has them.
        if let (Some(_), Some(weights)) = (descriptor.parameter("weights"), lists.last_mut()) {
            *weights = self.recurrent();
        }
        let variables = descriptor.state(&descriptor.flat(values.clone(), &lists));
        for (place, list) in descriptor.lists().zip(lists) {
            parameters[place] = ParameterValue::Drawn(Shape::Values(list).into());
        }
        if let Some(index) = descriptor.parameter("i_e") {
            parameters[index] = drive;
        }
        let initial = variables.iter().map(|variable| match variable.initial {
            _ if variable.name == "v_m" => start.clone(),
            Initial::Parameter(index) => Distribution::constant(values[index]),
            Initial::OwnNumber => uniform(0.0, 1.0),
            Initial::Derived | Initial::Contacts(_) | Initial::Series(_) => {
                Distribution::constant(0.0)
            }
            // Neurons that excite themselves more than they forget never stop.
            _ if variable.name == "self_weight" => match self.below(3) {
                0 => uniform(-200.0, 30.0),
                _ => Distribution::constant(0.0),
            },
            Initial::Value(value) if self.chance(0.85) => Distribution::constant(value),
            Initial::Value(_) if variable.unit == Unit::Mv => uniform(-1.0, 4.0),
            Initial::Value(_) if variable.unit == Unit::One => uniform(-1.0, 2.0),
            Initial::Value(_) => uniform(-200.0, 600.0),
        });
        Model::Neuron { descriptor, initial: initial.collect(), parameters }
    }

    /// Spike-triggered currents and components of the threshold, some of them alike, some unused.
    fn adaptation(
        &mut self,
        descriptor: &Descriptor,
        values: &mut [f64],
        lists: &mut [Vec<f64>],
        tau_m: f64,
    ) {
        let ratios = [1.0, 1.0 + 1e-7, 0.2, 0.5, 1.7, 6.0, 20.0];
        let [asc_jump, tau_asc, th_jump, tau_th, ..] = lists else { unreachable!("four of glif") };
        let both = [
            (asc_jump, tau_asc, [0.0, 0.0, -150.0, -40.0, 60.0]),
            (th_jump, tau_th, [0.0, 0.0, 4.0, 1.0, -0.5]),
        ];
        for (jumps, taus, sizes) in both {
            for _ in 0..self.one_of(&[0, 1, 2, 4, 4, 7, 20]) {
                taus.push(tau_m * self.one_of(&ratios));
                jumps.push(self.one_of(&sizes));
            }
        }
        let mut set = |name: &str, value: f64| {
            values[descriptor.parameter(name).expect("a parameter of glif")] = value;
        };
        set("v_keep", self.one_of(&[0.0, 0.0, 0.3]));
        set("t_silent", self.one_of(&[0.0, 0.0, 2.0, 3.7]));
    }

    /// Units of a controller, some of them idle.
    fn controller(&mut self, descriptor: &Descriptor, values: &mut [f64]) {
        let mut set = |name: String, value: f64| {
            values[descriptor.parameter(&name).expect("a parameter of a controller")] = value;
        };
        set("tau_slow".into(), self.one_of(&[4000.0, 300.0]));
        for unit in 1..=4 {
            for trace in 1..=6 {
                let weight = self.one_of(&[0.0, 0.0, 1.0, -0.7, 0.3]);
                set(format!("unit_{unit}_trace_{trace}"), weight);
            }
            set(format!("unit_{unit}_bias"), self.one_of(&[0.0, 0.4, -0.2]));
            set(format!("unit_{unit}_gain"), self.one_of(&[0.0, 0.0, 3.0, -2.0]));
            if descriptor.parameter("unit_1_saturation").is_some() {
                set(format!("unit_{unit}_saturation"), self.one_of(&[0.0, 0.0, 0.3, -0.2]));
            }
        }
    }

    /// The weights of a recurrent network of a few units, or of none; those between units are weak, so
    /// that it is not chaotic.
    fn recurrent(&mut self) -> Vec<f64> {
        let units = self.one_of(&[0, 1, 3, 6]);
        let most = |k: usize| if k % (units + 4) < 4 { 1.0 } else { 0.4 };
        (0..units * (units + 4)).map(|k| self.uniform(-most(k), most(k))).collect()
    }

    /// Where membranes start: at rest, spread out, or some of them at or above threshold.
    fn start(&mut self, size: u32, e_l: f64) -> Distribution {
        match self.below(5) {
            0 => uniform(e_l, e_l + 15.0),
            1 => uniform(e_l + 10.0, e_l + 17.0),
            2 => {
                let values = (0..size).map(|_| e_l + self.one_of(&[0.0, 3.0, 15.0, 15.5]));
                Shape::Values(values.collect()).into()
            }
            _ => Distribution::constant(e_l),
        }
    }

    /// A constant current below, at or above the one that just leads to the threshold.
    fn drive(&mut self, descriptor: &Descriptor, tau_m: f64) -> ParameterValue {
        let rheobase = 15.0 * 256.0 / tau_m;
        if descriptor.current_for_period.is_some() && self.chance(0.15) {
            return ParameterValue::ForPeriod(uniform(8.0, 40.0));
        }
        ParameterValue::Drawn(match self.below(4) {
            0 => Distribution::constant(0.0),
            // With 7.3 ms rounding would decide whether a membrane at its threshold rises.
            1 if tau_m.fract() == 0.0 => Distribution::constant(rheobase),
            1 => Distribution::constant(0.97 * rheobase),
            2 => uniform(0.8 * rheobase, 1.3 * rheobase),
            _ => Distribution::constant(rheobase * self.one_of(&[0.99, 1.01, 1.5, -0.3])),
        })
    }

    /// Everything that reaches one population.
    fn inputs(&mut self, scenario: &mut Scenario, target: usize, descriptor: &'static Descriptor) {
        let unbounded = fires_at_every_tick(&scenario.populations[target].model);
        for source in 0..scenario.populations.len() {
            let times = if unbounded { 1 } else { self.between(1, 2) };
            for _ in 0..times {
                let ahead = source < target;
                if !self.chance(if ahead { 0.7 } else { 0.4 }) {
                    continue;
                }
                if unbounded && !ahead && descriptor.input == Unit::One {
                    continue;
                }
                let inhibitory_only = unbounded && !ahead;
                let projection =
                    self.projection(scenario, source, target, unbounded, inhibitory_only);
                scenario.projections.push(projection);
            }
        }
        for _ in 0..self.below(3) {
            let weight = self.weight(descriptor.input, false);
            let background = Background {
                target: self.selection(scenario, target),
                rate_hz: self.rate(scenario, 1500.0),
                weight: self.constant_of(&weight),
            };
            scenario.backgrounds.push(background);
        }
        if descriptor.parameter("i_e").is_some() && self.chance(0.4) {
            let at = self.ticks(scenario, 4);
            let steps = at.into_iter().map(|at| (at, self.one_of(&[0.0, 120.0, 240.0, -90.0])));
            let current_pa = Steps { steps: steps.collect() };
            let target = self.selection(scenario, target);
            scenario.currents.push(CurrentInput { target, current_pa });
        }
    }

    /// Samples the membranes of some neurons, often enough to fall between inputs of one window.
    fn probes(&mut self, scenario: &mut Scenario) {
        for population in 0..scenario.populations.len() {
            if !matches!(scenario.populations[population].model, Model::Neuron { .. }) {
                continue;
            }
            let target = self.selection(scenario, population);
            let interval =
                scenario.resolution.nearest_delay(Span(self.between(200_000, 3_000_000)));
            scenario.record.state.push(RecordState {
                target,
                variables: vec![0],
                interval,
                start: Tick::ZERO,
            });
        }
    }

    fn constant_of(&mut self, weight: &Distribution) -> f64 {
        match weight.shape {
            Shape::Constant(value) => value,
            Shape::Uniform { low, high } => self.uniform(low, high),
            _ => 1.0,
        }
    }

    fn selection(&mut self, scenario: &Scenario, population: usize) -> Selection {
        let size = scenario.populations[population].size;
        let neurons = match self.below(3) {
            0 => Neurons::First(self.between(1, u64::from(size)) as u32),
            1 => Neurons::List((0..size).filter(|_| self.chance(0.6)).collect()),
            _ => Neurons::All,
        };
        Selection { population, neurons }
    }

    fn projection(
        &mut self,
        scenario: &Scenario,
        source: usize,
        target: usize,
        few: bool,
        inhibitory_only: bool,
    ) -> Projection {
        let Model::Neuron { descriptor, .. } = &scenario.populations[target].model else {
            unreachable!("targets are neurons")
        };
        let (sources, targets) =
            (scenario.populations[source].size, scenario.populations[target].size);
        let within = source == target;
        // A population of one that may not reach itself has nobody to reach.
        let autapses = sources == 1 || self.chance(0.6);
        let available = sources.min(targets) - u32::from(within && !autapses);
        let connect = self.rule(scenario, (sources, targets), available, few);
        // A drawn list may name a pair twice.
        let multapses = matches!(connect, Connect::Edges(_)) || self.chance(0.6);
        let connect = match connect {
            Connect::Edges(mut edges) => {
                self.keep_allowed(&mut edges, within && !autapses);
                if inhibitory_only {
                    edges.weight = None;
                }
                Connect::Edges(edges)
            }
            Connect::OneToOne if within && !autapses => Connect::AllToAll,
            other => other,
        };
        let mut weight = self.weight(descriptor.input, inhibitory_only);
        if few && descriptor.input == Unit::Mv && !inhibitory_only {
            weight = uniform(0.0, 4.0);
        }
        let (delay_ms, plasticity) = (self.delay(), Plasticity::default());
        Projection {
            source,
            target,
            receptor: 0,
            connect,
            autapses,
            multapses,
            weight,
            delay_ms,
            delay_of: DelayOf::Synapse,
            plasticity,
            pruning: Vec::new(),
        }
    }

    fn rule(
        &mut self,
        scenario: &Scenario,
        (sources, targets): (u32, u32),
        available: u32,
        few: bool,
    ) -> Connect {
        let pairs = u64::from(sources) * u64::from(targets);
        let degree = |most: u32| {
            let law = uniform(0.0, f64::from(most));
            Distribution { max: Some(f64::from(most)), ..law }
        };
        let most = if few { available.min(1) } else { available };
        match self.below(if few { 3 } else { 7 }) {
            0 if sources == targets => Connect::OneToOne,
            0 | 1 => Connect::FixedIndegree(Distribution::constant(f64::from(most))),
            2 => Connect::Edges(self.edges(scenario, sources, targets, if few { 3 } else { 40 })),
            3 => Connect::FixedOutdegree(degree(available)),
            4 => Connect::FixedTotalNumber(self.below(1 + pairs.min(u64::from(available) * 2))),
            5 => Connect::PairwiseBernoulli(self.one_of(&[0.0, 0.1, 0.5, 1.0])),
            _ => Connect::AllToAll,
        }
    }

    fn edges(&mut self, scenario: &Scenario, sources: u32, targets: u32, most: u64) -> Edges {
        let count = self.below(most) as usize;
        let mut column = |bound: u32| -> Vec<u32> {
            (0..count).map(|_| self.below(u64::from(bound)) as u32).collect()
        };
        let (source, target) = (column(sources), column(targets));
        let grid = scenario.resolution;
        let delay = self.chance(0.5).then(|| {
            let span = |draw: &mut Draw| Span(100_000 + draw.below(5_000_000));
            (0..count).map(|_| grid.nearest_delay(span(self))).collect()
        });
        let weight =
            self.chance(0.5).then(|| (0..count).map(|_| self.uniform(-4.0, 4.0) as f32).collect());
        Edges { source, target, weight, delay, file: None }
    }

    /// Takes edges from a neuron to itself out, where those are not allowed.
    fn keep_allowed(&mut self, edges: &mut Edges, forbidden: bool) {
        if !forbidden {
            return;
        }
        let keep: Vec<bool> = edges.source.iter().zip(&edges.target).map(|(s, t)| s != t).collect();
        fn filter<T: Copy>(column: &mut Vec<T>, keep: &[bool]) {
            *column = column.iter().zip(keep).filter(|(_, k)| **k).map(|(&v, _)| v).collect();
        }
        filter(&mut edges.source, &keep);
        filter(&mut edges.target, &keep);
        edges.weight.iter_mut().for_each(|column| filter(column, &keep));
        edges.delay.iter_mut().for_each(|column| filter(column, &keep));
    }

    /// Weights that matter to a threshold 15 mV away, or to a parrot's equanimity.
    fn weight(&mut self, input: Unit, inhibitory_only: bool) -> Distribution {
        let scale = match input {
            Unit::Mv => 1.0,
            Unit::Pa => 60.0,
            Unit::Hz => 20.0,
            _ => return Distribution::constant(self.one_of(&[1.0, 0.0, -1.0])),
        };
        if inhibitory_only || self.chance(0.25) {
            return uniform(-6.0 * scale, -0.5 * scale);
        }
        match self.below(4) {
            0 => Distribution::constant(scale * self.one_of(&[1.5, 3.0, 5.0, 7.5, 15.0])),
            1 => Shape::Normal { mean: 3.0 * scale, sd: scale }.into(),
            2 => Shape::Lognormal { median: 2.0 * scale, sigma: 0.5 }.into(),
            _ => uniform(-2.0 * scale, 9.0 * scale),
        }
    }

    fn delay(&mut self) -> Distribution {
        let bounded = |shape: Shape, outside| Distribution {
            shape,
            min: Some(0.1),
            max: Some(20.0),
            outside,
            step: None,
        };
        match self.below(6) {
            0 => Distribution::constant(1.5),
            1 => Distribution::constant(self.one_of(&[0.1, 1.0, 0.33])),
            2 => bounded(Shape::Normal { mean: 1.5, sd: 0.75 }, Outside::Clip),
            3 => bounded(Shape::Exponential { mean: 2.0 }, Outside::Redraw),
            4 => {
                let normal = bounded(Shape::Normal { mean: 1.5, sd: 0.75 }, Outside::Redraw);
                Distribution { step: Some(self.one_of(&[0.1, 0.25])), ..normal }
            }
            _ => uniform(0.1, 8.0),
        }
    }
}

/// Whether nothing but its input limits how often it fires.
fn fires_at_every_tick(model: &Model) -> bool {
    let Model::Neuron { descriptor, parameters, .. } = model else { return false };
    match descriptor.parameter("t_ref") {
        Some(index) => parameters[index] == ParameterValue::Drawn(Distribution::constant(0.0)),
        None => true,
    }
}

fn uniform(low: f64, high: f64) -> Distribution {
    Shape::Uniform { low, high }.into()
}
