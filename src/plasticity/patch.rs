//! One target with a few synapses, driven by hand: given spikes of the sources, of the target and of a
//! modulator go in, transmitted weights come out. This is how a rule is tested and compared with
//! other programs, in single or in double precision, without a network.

use super::short_term::Resource;
use super::{
    Arrival, History, Path, Postsynaptic, Pre, Release, Rule, Sent, Site, Spike, Stored, Verdict,
};
use crate::base::random::mix;
use crate::base::{NeuronId, Span, Tick, math};
use crate::neuron::lesson::{Lesson, epoch};

/// A target and its synapses.
pub struct Patch<R: Rule, W: Stored> {
    /// Derived from the parameters.
    pub constants: R::Constants,
    /// What all synapses share.
    pub shared: R::Shared,
    /// The target.
    pub post: Postsynaptic<R>,
    /// The synapses.
    pub inputs: Vec<Input<R, W>>,
    /// Decisions about synapses, in the order in which they were taken.
    pub verdicts: Vec<Verdict>,
    /// The number of the target; sources are numbered by their place, unless this is changed.
    pub target: NeuronId,
    resource: Option<Resource>,
    /// How many spikes of the modulator have arrived.
    modulated: usize,
    /// What the target teaches, for rules that heed it.
    taught: Taught,
}

/// A target that teaches: what it has to tell, as of a tick.
struct Taught {
    tau_ms: f64,
    /// With which rate the weight in the second total falls, if it is asked for, in 1/ms.
    second: Option<f64>,
    lesson: Lesson,
    at: Tick,
}

/// The error of a target that teaches changes so often.
pub const ERROR_STEP: Span = Span::from_whole_ms(20);

/// A made-up error from -1 to 1 for each such step, and none from the 20000th on.
pub fn error_in(step: u64) -> f64 {
    match step {
        0..20_000 => (mix(step) >> 11) as f64 / (1u64 << 52) as f64 - 1.0,
        _ => 0.0,
    }
}

impl Taught {
    /// The integral of the error from `start` on over `span`, weighted by exp(-time / tau).
    fn integral(&self, start: Tick, span: Span) -> f64 {
        let (mut at, end, mut sum) = (start.0, start.0 + span.0, 0.0);
        while at < end && error_in(at / ERROR_STEP.0) != 0.0 {
            let next = ((at / ERROR_STEP.0 + 1) * ERROR_STEP.0).min(end);
            let faded = |tick: u64| math::exp(-Span(tick - start.0).ms() / self.tau_ms);
            sum += error_in(at / ERROR_STEP.0) * self.tau_ms * (faded(at) - faded(next));
            at = next;
        }
        sum
    }

    /// The integral of the error from `start` on over `span`, weighted as the second total weighs it, for a
    /// start so far into the epoch.
    fn second(&self, start: Tick, span: Span, into: Span) -> f64 {
        let Some(rate) = self.second else { return 0.0 };
        let (mut at, end, mut sum) = (start.0, start.0 + span.0, 0.0);
        while at < end && error_in(at / ERROR_STEP.0) != 0.0 {
            let next = ((at / ERROR_STEP.0 + 1) * ERROR_STEP.0).min(end);
            let (from, ms) = (Span(at - start.0 + into.0).ms(), Span(next - at).ms());
            let weight = math::exp(-rate * from) * ms * math::exp_mean(-rate * ms);
            sum += error_in(at / ERROR_STEP.0) * weight;
            at = next;
        }
        sum
    }

    /// Brings the lesson to a tick.
    fn advance(&mut self, to: Tick) {
        let over = |span: Span| math::exp(-span.ms() / self.tau_ms);
        let piece = |from: Span, span: Span, into: Span| {
            let start = self.at + from;
            [self.integral(start, span), self.second(start, span, into)]
        };
        let mut lesson = self.lesson;
        lesson.advance(epoch(self.tau_ms), to - self.at, over, piece);
        (self.lesson, self.at) = (lesson, to);
    }
}

/// One synapse with its source.
pub struct Input<R: Rule, W: Stored> {
    /// What is stored.
    pub synapse: R::Synapse<W>,
    /// The parts of its delay.
    pub path: Path,
    /// The number of its source.
    pub source: NeuronId,
    train: History<Sent<R::Trace>>,
    /// How many spikes have arrived.
    arrived: u64,
}

/// What happens to a [`Patch`].
#[derive(Clone, Debug, Default)]
pub struct Protocol {
    /// For each input the ticks at which its source fires.
    pub sources: Vec<Vec<Tick>>,
    /// When the target fires.
    pub target: Vec<Tick>,
    /// When spikes of the modulator arrive.
    pub modulator: Vec<Tick>,
    /// Times at the synapses until which all of them are settled.
    pub settle: Vec<Tick>,
    /// Whether histories are trimmed whenever synapses have been settled.
    pub trim: bool,
}

impl<R: Rule, W: Stored> Patch<R, W> {
    /// A target without synapses. Short-term plasticity comes from the rule or is given.
    pub fn new(parameters: &[f64], short_term: Option<&[f64]>, seed: u64) -> Self {
        let constants = R::constants(parameters, seed);
        let post = Postsynaptic { spikes: History::default(), state: R::target(&constants) };
        let resource = short_term.map(Resource::new).or_else(|| R::resource(&constants).cloned());
        Patch {
            constants,
            shared: R::Shared::default(),
            post,
            inputs: Vec::new(),
            verdicts: Vec::new(),
            target: NeuronId(u32::MAX),
            resource,
            modulated: 0,
            taught: Taught {
                tau_ms: R::DESCRIPTOR.parameter("tau").map_or(1.0, |tau| parameters[tau]),
                second: R::DESCRIPTOR
                    .parameter("tau_delta")
                    .filter(|&index| parameters[index] > 0.0)
                    .map(|index| 1.0 / parameters[1] - 1.0 / parameters[index]),
                lesson: Lesson::START,
                at: Tick::ZERO,
            },
        }
    }

    /// The target tells what it has to tell at a tick.
    pub fn teach(&mut self, at: Tick) {
        if R::HEEDS {
            self.taught.advance(at);
            R::heed(&self.constants, &mut self.post, &self.taught.lesson);
            self.taught.lesson.told();
        }
    }

    /// Adds a synapse.
    pub fn connect(&mut self, weight: f64, path: Path) {
        self.inputs.push(Input {
            synapse: R::synapse(&self.constants, weight),
            path,
            source: NeuronId(self.inputs.len() as u32),
            train: History::default(),
            arrived: 0,
        });
    }

    /// The source of an input fires.
    pub fn send(&mut self, input: usize, at: Tick) {
        let train = &mut self.inputs[input].train;
        let last = train.latest();
        let trace_of =
            |last: &Spike<Sent<R::Trace>>| Spike { at: last.at, value: last.value.trace };
        let trace = R::sent(&self.constants, last.map(trace_of).as_ref(), at);
        let release = match &self.resource {
            Some(resource) => resource.release(last.map(|last| (last.value.release, at - last.at))),
            None => Release::WHOLE,
        };
        train.push(at, Sent { trace, release });
    }

    /// The target fires.
    pub fn fire(&mut self, at: Tick) {
        let value = R::fired(&self.constants, self.post.spikes.latest(), at);
        self.post.spikes.push(at, value);
    }

    /// The next spike of an input's source arrives; what is transmitted, release included.
    pub fn arrive(&mut self, input: usize) -> f64 {
        let Patch { constants, shared, post, inputs, verdicts, target, .. } = self;
        let Input { synapse, path, source, train, arrived } = &mut inputs[input];
        let (path, source, target) = (*path, *source, *target);
        let last = arrived.checked_sub(1).and_then(|before| train.spike(before));
        let now = train.spike(*arrived).expect("it has been sent");
        let trace_of =
            |spike: &Spike<Sent<R::Trace>>| Spike { at: spike.at, value: spike.value.trace };
        let pre = Pre { last: last.map(trace_of), now: trace_of(now) };
        *arrived += 1;
        let arrival = Arrival::new(constants, pre, path);
        let mut site = Site { constants, shared, post, path, source, target, verdicts };
        R::on_pre(&mut site, synapse, &arrival) * now.value.release.share()
    }

    /// Settles all synapses until a time at them, and forgets what will not be read again.
    pub fn settle(&mut self, until: Tick, trim: bool) {
        for index in 0..self.inputs.len() {
            self.at(index, |site, synapse, last| R::settle(site, synapse, last, until));
        }
        if !trim {
            return;
        }
        let horizon = self.inputs.iter().map(|input| R::horizon(until, input.path.dendritic)).min();
        self.post.spikes.trim(horizon.unwrap_or(until));
        R::trim_shared(&mut self.shared, until);
        for input in &mut self.inputs {
            if let Some(last) = input.arrived.checked_sub(1) {
                let at = input.train.spike(last).expect("it has arrived").at;
                input.train.trim(at);
            }
        }
    }

    /// The weight that an arrival at `at` would find, for a patch settled until `at`.
    pub fn weight(&mut self, input: usize, at: Tick) -> f64 {
        self.at(input, |site, synapse, last| R::weight(site, synapse, last, at))
    }

    fn at<T>(
        &mut self,
        input: usize,
        visit: impl FnOnce(&mut Site<'_, R>, &mut R::Synapse<W>, Option<Spike<R::Trace>>) -> T,
    ) -> T {
        let Patch { constants, shared, post, inputs, verdicts, target, .. } = self;
        let Input { synapse, path, source, train, arrived } = &mut inputs[input];
        let last = arrived.checked_sub(1).and_then(|before| train.spike(before));
        let last = last.map(|spike| Spike { at: spike.at, value: spike.value.trace });
        let (path, source, target) = (*path, *source, *target);
        let mut site = Site { constants, shared, post, path, source, target, verdicts };
        visit(&mut site, synapse, last)
    }

    /// Runs a protocol from the start; for each input what its spikes transmitted.
    ///
    /// # Panics
    /// If the protocol has not one train for each input.
    pub fn run(&mut self, protocol: &Protocol) -> Vec<Vec<f64>> {
        assert_eq!(protocol.sources.len(), self.inputs.len(), "one train for each input");
        // (tick, class, which): at one tick synapses are settled first, then come the arrivals.
        let mut events: Vec<(Tick, u8, usize)> = Vec::new();
        events.extend(protocol.settle.iter().map(|&at| (at, 0, 0)));
        for (index, train) in protocol.sources.iter().enumerate() {
            let axonal = self.inputs[index].path.axonal;
            events.extend(train.iter().map(|&at| (at + axonal, 1, index)));
        }
        events.sort_unstable();
        let mut sent = vec![0; self.inputs.len()];
        let mut transmitted = vec![Vec::new(); self.inputs.len()];
        for (at, class, index) in events {
            self.push_until(protocol, at);
            if class == 0 {
                self.settle(at, protocol.trim);
                continue;
            }
            // Spikes that are sent while others are under way must not disturb those.
            let train = &protocol.sources[index];
            while sent[index] < train.len() && train[sent[index]] <= at {
                self.send(index, train[sent[index]]);
                sent[index] += 1;
            }
            self.teach(at);
            transmitted[index].push(self.arrive(index));
        }
        transmitted
    }

    /// Pushes what is left of the trains of target and modulator, and settles all synapses.
    pub fn finish(&mut self, protocol: &Protocol, until: Tick) {
        self.push_until(protocol, until);
        self.teach(until);
        self.settle(until, false);
    }

    /// Spikes of the target before `at`, and of the modulator up to it.
    fn push_until(&mut self, protocol: &Protocol, at: Tick) {
        while let Some(&spike) = protocol.target.get(self.post.spikes.end() as usize)
            && !R::HEEDS
            && spike < at
        {
            self.fire(spike);
        }
        while let Some(&spike) = protocol.modulator.get(self.modulated)
            && spike <= at
        {
            R::modulated(&self.constants, &mut self.shared, spike);
            self.modulated += 1;
        }
    }
}
