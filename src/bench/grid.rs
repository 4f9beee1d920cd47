//! The peer on a grid: the bare minimum that a simulator with fixed steps must do.
//!
//! Neurons of the model `lif_exp` with its default parameters and independent Poisson input. In
//! each step every neuron is integrated exactly over the step (Rotter and Diesmann 1999, doi
//! 10.1007/s004220050570), takes the weights that have arrived, and is compared with the
//! threshold; that is all. No delays, no recording, no exact times: spikes stand on the grid, and
//! a crossing between two grid points that is gone at the second one is missed. State lies in
//! columns and the loop over neurons is free of branches, so that the compiler can use vectors.
//!
//! The input is drawn in the cheapest way that is a Poisson process: where arrivals are rare, the
//! number for all neurons of a step and then whom each meets; where they are dense, one number
//! for each neuron from a table.

use crate::base::math::exp;
use crate::base::random::{Purpose, Stream};
use crate::source::PoissonCounts;

/// Length of a step, in ms.
pub const STEP_MS: f64 = 0.1;

/// Defaults of `lif_exp`, potentials relative to rest.
const TAU_M_MS: f64 = 10.0;
const C_M_PF: f64 = 250.0;
const TAU_SYN_MS: f64 = 2.0;
const THRESHOLD_MV: f64 = 15.0;
const RESET_MV: f64 = 0.0;
const REFRACTORY_STEPS: i32 = 20;

/// Neurons on a grid.
#[derive(Clone, Debug)]
pub struct Grid {
    v_mv: Vec<f64>,
    excitatory_pa: Vec<f64>,
    inhibitory_pa: Vec<f64>,
    /// Steps for which the membrane is still held.
    held: Vec<i32>,
    /// What arrives in this step.
    input_pa: Vec<f64>,
    weight_pa: f64,
    input: Input,
    random: Stream,
    spikes: u64,
    arrivals: u64,
}

/// How Poisson input is drawn.
#[derive(Clone, Debug)]
enum Input {
    /// For all neurons together, this many in the mean.
    Rare { mean: f64 },
    /// For each neuron from its table.
    Dense(PoissonCounts),
}

/// From so many arrivals a step and neuron on, each neuron draws its own number: about where
/// `saltatory bench --sweep` found both ways equally dear.
const DENSE: f64 = 2.0;

impl Grid {
    /// `neurons` at rest, each with input of `arrivals` a step in the mean, of this weight.
    pub fn new(neurons: usize, arrivals: f64, weight_pa: f64, seed: u64) -> Grid {
        let input = if arrivals < DENSE {
            Input::Rare { mean: arrivals * neurons as f64 }
        } else {
            Input::Dense(PoissonCounts::new(arrivals))
        };
        Grid {
            v_mv: vec![0.0; neurons],
            excitatory_pa: vec![0.0; neurons],
            inhibitory_pa: vec![0.0; neurons],
            held: vec![0; neurons],
            input_pa: vec![0.0; neurons],
            weight_pa,
            input,
            random: Stream::new(seed, Purpose::Background, 0, 0),
            spikes: 0,
            arrivals: 0,
        }
    }

    /// One step of all neurons.
    pub fn step(&mut self) {
        self.integrate();
        self.draw_input();
    }

    /// Spikes so far.
    pub fn spikes(&self) -> u64 {
        self.spikes
    }

    /// Arrivals so far.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }

    /// V' = V e^(-h/tau_m) + I P, I' = I e^(-h/tau_syn) + input, with
    /// P = (e^(-h/tau_syn) - e^(-h/tau_m)) / (c_m (1/tau_m - 1/tau_syn)).
    fn integrate(&mut self) {
        let keep_v = exp(-STEP_MS / TAU_M_MS);
        let keep_i = exp(-STEP_MS / TAU_SYN_MS);
        let gain = (keep_i - keep_v) / (C_M_PF * (1.0 / TAU_M_MS - 1.0 / TAU_SYN_MS));
        let neurons = self.v_mv.len();
        let (v, held) = (&mut self.v_mv[..neurons], &mut self.held[..neurons]);
        let excitatory = &mut self.excitatory_pa[..neurons];
        let inhibitory = &mut self.inhibitory_pa[..neurons];
        let input = &mut self.input_pa[..neurons];
        let mut spikes = 0;
        for n in 0..neurons {
            let free = v[n] * keep_v + (excitatory[n] + inhibitory[n]) * gain;
            let moved = if held[n] > 0 { RESET_MV } else { free };
            let fires = moved >= THRESHOLD_MV;
            v[n] = if fires { RESET_MV } else { moved };
            held[n] = if fires { REFRACTORY_STEPS } else { (held[n] - 1).max(0) };
            spikes += u64::from(fires);
            excitatory[n] = excitatory[n] * keep_i + input[n].max(0.0);
            inhibitory[n] = inhibitory[n] * keep_i + input[n].min(0.0);
            input[n] = 0.0;
        }
        self.spikes += spikes;
    }

    fn draw_input(&mut self) {
        match &self.input {
            Input::Rare { mean } => {
                let count = self.random.poisson(*mean);
                let neurons = self.input_pa.len() as u64;
                for _ in 0..count {
                    self.input_pa[self.random.below(neurons) as usize] += self.weight_pa;
                }
                self.arrivals += count;
            }
            Input::Dense(counts) => {
                let mut arrivals = 0;
                for input in &mut self.input_pa {
                    let count = counts.draw(&mut self.random);
                    *input += count as f64 * self.weight_pa;
                    arrivals += count;
                }
                self.arrivals += arrivals;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways of drawing give the rate asked for, and a drive far above threshold the period
    /// of the closed form: t_ref + tau_m ln(V_inf / (V_inf - 15 mV)), rounded up to the grid.
    #[test]
    fn neurons_fire_as_their_drive_says() {
        for arrivals in [0.2, 5.0] {
            // A mean depolarisation of 60 mV from arrivals of small weight.
            let weight = 60.0 / (arrivals / STEP_MS * TAU_SYN_MS * TAU_M_MS / C_M_PF);
            let mut grid = Grid::new(500, arrivals, weight, 1);
            for _ in 0..5_000 {
                grid.step();
            }
            let each = grid.arrivals() as f64 / (500.0 * 5_000.0);
            assert!((each / arrivals - 1.0).abs() < 0.01, "{each}");
            let rate_hz = grid.spikes() as f64 / 500.0 / 0.5;
            let period_ms = 2.0 + TAU_M_MS * (60.0f64 / 45.0).ln();
            let expected = 1000.0 / period_ms;
            assert!((rate_hz / expected - 1.0).abs() < 0.06, "{rate_hz} Hz, not {expected} Hz");
        }
    }
}
