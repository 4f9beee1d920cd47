//! A matrix as a network of `hawkes` neurons.

use saltatory::analysis::Matrix;
use saltatory::analysis::spikes::trace_covariance;
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::scenario::{self, NoFiles, Source};
use std::fmt::Write;

/// A symmetric network dx/dt = A x, in 1/ms, whose neurons all fire at one rate.
pub struct Spiking {
    /// The matrix.
    pub a: Matrix,
    /// The rate of each neuron, in 1/ms.
    pub rate: f64,
    /// Of the run and of the draws.
    pub seed: u64,
    /// Time constant of the traces. It is shorter than that of any neuron's leak by so much that
    /// leaks can grow when synapses are strengthened.
    tau_ms: f64,
}

/// What a run has shown.
pub struct Run {
    /// The weights that are left beside the diagonal, in 1/ms.
    pub left: Matrix,
    /// The covariance of the traces, from spikes.
    pub covariance: Matrix,
    /// The rate of each neuron, in Hz.
    pub rates: Vec<f64>,
}

/// The first time is not counted: a network starts without any input.
const SETTLING_MS: f64 = 2_000.0;

impl Spiking {
    /// A network of this matrix.
    pub fn new(a: Matrix, rate_hz: f64, seed: u64) -> Spiking {
        let fastest = (0..a.nrows()).map(|i| -a[(i, i)]).fold(0.0, f64::max);
        Spiking { tau_ms: 1.0 / (1.2 * fastest), a, rate: rate_hz / 1e3, seed }
    }

    /// A network of this matrix, all of whose leaks are one, so that no neuron excites itself.
    pub fn of_one_leak(a: Matrix, rate_hz: f64, seed: u64) -> Spiking {
        Spiking { tau_ms: -1.0 / a[(0, 0)], a, rate: rate_hz / 1e3, seed }
    }

    /// Runs it for `probe_ms` and a little; with a policy and its kappa, the rule prunes it then.
    pub fn run(&self, probe_ms: f64, policy: Option<(&str, f64)>) -> Run {
        let text = self.scenario(probe_ms, policy);
        let scenario = scenario::parse(&Source::new("spiking.toml", &text), &NoFiles, &[])
            .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        let network = network::build(&scenario, 1, 1, None).expect("it can be built");
        let observer = |_| Control::Continue;
        let outcome = engine::run_owned(&scenario, network, Options::threads(1), &observer)
            .unwrap_or_else(|error| panic!("{error}"));
        let n = self.a.nrows();
        let weights = outcome.weights.expect("they are recorded");
        let mut left = Matrix::zeros(n, n);
        for ((&source, &target), &weight) in
            weights.source.iter().zip(&weights.target).zip(&weights.weight)
        {
            if source != target {
                left[(target as usize, source as usize)] = f64::from(weight) / 1e3;
            }
        }
        let counted = outcome.spikes.iter().filter(|spike| spike.tick.ms() >= SETTLING_MS);
        let spikes: Vec<(f64, usize)> =
            counted.map(|s| (s.tick.ms() - SETTLING_MS, s.neuron.0 as usize)).collect();
        let mut rates = vec![0.0; n];
        spikes.iter().for_each(|&(_, neuron)| rates[neuron] += 1e3 / probe_ms);
        Run { left, covariance: trace_covariance(n, spikes, self.tau_ms, probe_ms), rates }
    }

    fn scenario(&self, probe_ms: f64, policy: Option<(&str, f64)>) -> String {
        let (n, tau) = (self.a.nrows(), self.tau_ms);
        let mut columns = [String::new(), String::new(), String::new()];
        let (mut own, mut base) = (String::new(), String::new());
        for i in 0..n {
            let mut input = 0.0;
            for j in (0..n).filter(|&j| j != i && self.a[(i, j)] != 0.0) {
                // In Hz, rounded as the engine stores it.
                let weight = (1e3 * self.a[(i, j)]) as f32;
                input += f64::from(weight);
                write!(columns[0], "{j},").expect("a String takes everything");
                write!(columns[1], "{i},").expect("a String takes everything");
                write!(columns[2], "\"{weight} Hz\",").expect("a String takes everything");
            }
            let itself = (1e3 * (self.a[(i, i)] + 1.0 / tau)) as f32;
            input += f64::from(itself);
            write!(own, "\"{itself} Hz\",").expect("a String takes everything");
            let rest = self.rate * (1e3 - input * tau);
            write!(base, "\"{rest} Hz\",").expect("a String takes everything");
        }
        let all = (0..n).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        let rule = policy.map_or(String::new(), |(policy, kappa)| {
            format!(
                "plasticity = {{ rule = 'noise_prune', policy = '{policy}', kappa = {kappa}, \
                 gain = 1e-3, tau_pre = '{tau} ms', tau_post = '{tau} ms', min_spikes = 1, \
                 start = '{SETTLING_MS} ms', probe = '{probe_ms} ms', dendritic_delay = 'half' }}"
            )
        });
        let [source, target, weight] = columns;
        format!(
            r#"
            title = "A network of linear Poisson neurons"
            seed = {seed}
            duration = "{duration_ms} ms"
            [population.cells]
            model = "hawkes"
            size = {n}
            params = {{ tau = "{tau} ms" }}
            init = {{ drift = "0 Hz", base = {{ values = [{base}] }} }}
            [[projection]]
            source = "cells"
            target = "cells"
            connect = {{ rule = "edges", source = [{source}], target = [{target}], weight = [{weight}] }}
            delay = "0.1 ms"
            {rule}
            [[projection]]
            source = "cells"
            target = "cells"
            connect = {{ rule = "edges", source = [{all}], target = [{all}], weight = [{own}] }}
            delay = "0.1 ms"
            [record]
            spikes = "all"
            weights = true
            "#,
            seed = self.seed,
            duration_ms = SETTLING_MS + probe_ms + 1.0,
        )
    }
}
