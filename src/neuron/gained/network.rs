//! What neurons with a recurrent network as their controller have in common: parameters,
//! variables, the text of the page.

use super::bank::{drift, gain_and_tick, gain_now, own_gain};
use super::{Carried, Page};
use crate::base::Unit as Dimension;
use crate::neuron::recurrent::{MOST_UNITS, Recurrent, Units, units};
use crate::neuron::ticked::DRIFTS;
use crate::neuron::{Descriptor, Parameter, Range, Variable};
use std::marker::PhantomData;

/// Parameters behind the neuron's: gain, tick, weights.
pub const PARAMETERS: usize = 3;

/// The weights of the network.
pub const fn weights() -> Parameter {
    Parameter {
        name: "weights",
        unit: Dimension::One,
        default: 0.0,
        range: Range::List(&Range::Any),
        per_neuron: false,
        doc: "of each unit: input, bias, to gain, to saturation, from each unit",
    }
}

/// All parameters of a model: the neuron's, then the controller's.
pub const fn parameters<const N: usize>(neuron: &[Parameter]) -> [Parameter; N] {
    assert!(N == neuron.len() + PARAMETERS, "a model has its neuron's parameters and these");
    let [gain, tick] = gain_and_tick("how often the gain is set anew");
    let mut all = [weights(); N];
    let mut at = 0;
    while at + 1 < N {
        all[at] = match at < neuron.len() {
            true => neuron[at],
            false if at == neuron.len() => gain,
            false => tick,
        };
        at += 1;
    }
    all
}

/// What stands behind a neuron's variables: the gain without the controller, what is heard if
/// anything is, and the gain that follows.
pub const fn variables<const N: usize>(
    neuron: &[Variable],
    hears: bool,
    gain: usize,
) -> [Variable; N] {
    let heard = if hears { 1 } else { 0 };
    assert!(N == neuron.len() + 2 + heard, "a model has its neuron's variables and these");
    let mut all = [gain_now(); N];
    let mut at = 0;
    while at + 1 < N {
        all[at] = match at < neuron.len() {
            true => neuron[at],
            false if at == neuron.len() => own_gain(gain),
            false => drift(),
        };
        at += 1;
    }
    all
}

/// A neuron that carries a network.
pub struct Networked<P>(PhantomData<P>);

impl<P: Page> Carried for Networked<P> {
    type Neuron = P::Neuron;
    type Rule = Recurrent;
    type Larger = Networked<P::Larger>;
    const PAGE: &'static Descriptor = P::PAGE;
    const RECALLED: usize = 0;

    fn rule(parameters: &[f64], _: [f64; DRIFTS]) -> Recurrent {
        // The first says how many these are.
        Recurrent::new(&parameters[1..])
    }

    fn memory(_: &[f64]) -> Units {
        [0.0; MOST_UNITS]
    }

    fn recall(units: &Units, place: usize) -> f64 {
        units[place]
    }
}

/// What holds for the parameters of a model.
pub fn check_all<P: Page>(p: &[f64]) -> Vec<(usize, String)> {
    super::check_model::<P>(p, check)
}

/// The list must be one of a whole number of units. `weights` is its place.
pub fn check(p: &[f64], weights: usize) -> Vec<(usize, String)> {
    let count = p[weights];
    if units(count as usize).is_some() {
        return Vec::new();
    }
    let found = format!(
        "{count} weights; k units have k (k + 4), and there are at most {MOST_UNITS} units"
    );
    vec![(weights, found)]
}

/// What the pages say about the rule.
macro_rules! network_page {
    () => {
        "
    g_i -> tanh(input_i a + bias_i + sum over j of from_ij g_j)     at each tick; zero at the start
    n = gain + sum over i of to_gain_i g_i

Each neuron has up to 64 units g of its own; all neurons of a population share the list `weights`:
for each unit its input, bias, to_gain, to_saturation (which has no effect here), and the weights
from all units, so k (k + 4) numbers for k units. weights = [...], or
weights = { file = \"x.csv\" } with the column `value`; a name that ends in .npz is read as such.
Without a list there is no unit.

Crossings are exact: between ticks the neuron is one with a constant gain. Units have no closed
form over several ticks, so a neuron that is brought to a time goes through all ticks before it, at
some two thousand multiplications each for 50 units, until neither its drive nor its units move any
more. Units that are chaotic make much of the last bit of a drive: results are the same for any number
of threads and shards all the same. `gain_now` is the gain in force, for recording.

Source: Geadah et al. 2024, doi 10.1371/journal.pcbi.1012567, and the authors' code (the network and
its output; there in discrete time); the gain as a threshold is this program's."
    };
}
pub(in crate::neuron) use network_page;
