//! One run: a shipped scenario with changes, and what is read off it.

use saltatory::analysis::trains::Trains;
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::scenario::{self, NoFiles, Override, Scenario, Source};
use std::error::Error;

/// What may go wrong.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// Steps of the drive.
pub const STEPS: &str = include_str!("../../scenarios/adaptation_steps.toml");
/// Noise of some spread.
pub const NOISE: &str = include_str!("../../scenarios/adaptation_noise.toml");
/// A network whose input becomes four times stronger.
pub const NETWORK: &str = include_str!("../../scenarios/adaptation.toml");

/// Spikes and samples of a run.
pub struct Run {
    scenario: Scenario,
    outcome: Outcome,
}

impl Run {
    /// Runs a scenario with changes.
    ///
    /// # Errors
    /// What the parser, the builder or the engine says.
    pub fn new(text: &str, seed: u64, changes: &[String]) -> Result<Run, Trouble> {
        let mut all: Vec<Override> = vec![format!("seed={seed}").as_str().into()];
        all.extend(changes.iter().map(|change| Override::from(change.as_str())));
        let source = Source::new("adaptation", text.to_string());
        let scenario = scenario::parse(&source, &NoFiles, &all).map_err(|p| p.to_string())?;
        let network = network::build(&scenario, 2, 2, None)?;
        let outcome =
            engine::run(&scenario, &network, Options::threads(2), &|_| Control::Continue)?;
        Ok(Run { scenario, outcome })
    }

    /// Times (s) and neurons, counted from zero, of a population's spikes.
    pub fn spikes(&self, name: &str) -> Vec<(f64, usize)> {
        let index = self.scenario.population_index(name).expect("it is shipped");
        let sizes = self.scenario.populations.iter().map(|population| population.size as usize);
        let first: usize = sizes.clone().take(index).sum();
        let size = sizes.clone().nth(index).expect("it is one of them");
        let all = self.outcome.spikes.iter().map(|s| (s.tick.s(), s.neuron.0 as usize));
        let own = all.filter(|(_, neuron)| (first..first + size).contains(neuron));
        own.map(|(at, neuron)| (at, neuron - first)).collect()
    }

    /// How many neurons a population has.
    pub fn size(&self, name: &str) -> usize {
        let index = self.scenario.population_index(name).expect("it is shipped");
        self.scenario.populations[index].size as usize
    }

    /// The trains of a population between two times (s).
    pub fn trains(&self, name: &str, from: f64, to: f64) -> Trains {
        Trains::new(self.size(name), self.spikes(name), from, to)
    }

    /// The mean of what was sampled between two times (s), over all neurons.
    pub fn mean_sample(&self, from: f64, to: f64) -> f64 {
        let trace = &self.outcome.traces[0];
        let rows = trace.values.chunks(trace.neurons.len()).enumerate();
        let inside = rows.filter(|(row, _)| {
            let at = *row as f64 * trace.interval.s();
            (from..to).contains(&at)
        });
        let values: Vec<f64> = inside.flat_map(|(_, row)| row.iter().copied()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// The rate of one neuron in the mean (Hz), in bins of `width` s between two times.
    pub fn rates(&self, name: &str, from: f64, to: f64, width: f64) -> Vec<f64> {
        let bins = ((to - from) / width).round() as usize;
        let mut counts = vec![0.0; bins];
        for (at, _) in self.spikes(name) {
            if at >= from
                && let Some(count) = counts.get_mut(((at - from) / width) as usize)
            {
                *count += 1.0;
            }
        }
        let scale = 1.0 / (self.size(name) as f64 * width);
        counts.into_iter().map(|count| count * scale).collect()
    }

    /// The mean rate of a neuron between two times, and the standard deviation between neurons
    /// beyond what counts of one rate would show, both in Hz.
    pub fn rate_and_spread(&self, name: &str, from: f64, to: f64) -> (f64, f64) {
        let mut counts = vec![0.0; self.size(name)];
        for (at, neuron) in self.spikes(name) {
            counts[neuron] += f64::from(u8::from((from..to).contains(&at)));
        }
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
        (mean / (to - from), (variance - mean).max(0.0).sqrt() / (to - from))
    }
}

/// Mean, least and largest.
pub fn summary(values: &[f64]) -> (f64, f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    (mean, least, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// The middle one of some values; of an even number the mean of both in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    f64::midpoint(sorted[low], sorted[high])
}

/// Some series, value by value.
pub fn mean_of(series: &[Vec<f64>]) -> Vec<f64> {
    let value = |k: usize| series.iter().map(|s| s[k]).sum::<f64>() / series.len() as f64;
    (0..series[0].len()).map(value).collect()
}
