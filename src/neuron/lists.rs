//! Lists among the parameters of a model, and series of variables that are as long as one of them.
//!
//! The values of a model's parameters are handed around flat: one place for each parameter of the
//! descriptor, which for a list holds how many values it has, and behind them the values of all
//! lists, list after list. The values of variables likewise: one place for each variable of the
//! descriptor, and behind them the members of all series. So no length moves the place of anything
//! that is single.

use super::{Descriptor, Initial, Variable};
use crate::base::Unit;
use std::borrow::Cow;
use std::ops::Range;

/// A variable of neurons whose parameters are known: one of the descriptor's, or a member of a
/// series.
#[derive(Clone, Debug)]
pub struct StateVariable {
    /// The name in scenario files: `v_m`, or `asc_3`.
    pub name: Cow<'static, str>,
    /// Its unit.
    pub unit: Unit,
    /// Its value at the start when a scenario gives none.
    pub initial: Initial,
    /// Its meaning, one line.
    pub doc: &'static str,
}

impl StateVariable {
    /// Whether a scenario may say where it starts.
    pub fn is_given(&self) -> bool {
        self.initial.is_given()
    }

    fn single(variable: &Variable) -> StateVariable {
        let Variable { name, unit, initial, doc } = *variable;
        StateVariable { name: Cow::Borrowed(name), unit, initial, doc }
    }

    fn member(series: &Variable, number: usize) -> StateVariable {
        let Variable { name, unit, doc, .. } = *series;
        let name = Cow::Owned(format!("{name}_{number}"));
        StateVariable { name, unit, initial: Initial::Value(0.0), doc }
    }
}

impl Descriptor {
    /// The places of the parameters that are lists.
    pub fn lists(&self) -> impl Iterator<Item = usize> + use<> {
        let parameters = self.parameters;
        (0..parameters.len()).filter(move |&place| parameters[place].range.is_list())
    }

    /// Flat values from one of each parameter, whatever it is for a list, and the values of all
    /// lists.
    pub fn flat(&self, mut single: Vec<f64>, lists: &[Vec<f64>]) -> Vec<f64> {
        for (place, list) in self.lists().zip(lists) {
            if let Some(value) = single.get_mut(place) {
                *value = list.len() as f64;
            }
        }
        single.extend(lists.iter().flatten());
        single
    }

    /// The values of a list among flat values.
    pub fn list<'v>(&self, values: &'v [f64], parameter: usize) -> &'v [f64] {
        let count = |place: usize| values[place] as usize;
        let before = self.lists().take_while(|&place| place < parameter).map(count);
        let first = self.parameters.len() + before.sum::<usize>();
        &values[first..][..count(parameter)]
    }

    /// The flat values of some of the parameters.
    pub fn part(&self, values: &[f64], parameters: Range<usize>) -> Vec<f64> {
        let lists = self.lists().filter(|place| parameters.contains(place));
        let lists: Vec<f64> = lists.flat_map(|place| self.list(values, place)).copied().collect();
        [&values[parameters], &lists].concat()
    }

    /// All variables of neurons with these parameters, in the order in which their values are
    /// passed around.
    pub fn state(&self, values: &[f64]) -> Vec<StateVariable> {
        let members = self.variables.iter().flat_map(|variable| {
            let count = match variable.initial {
                Initial::Series(parameter) => values[parameter] as usize,
                _ => 0,
            };
            (1..=count).map(move |number| StateVariable::member(variable, number))
        });
        self.variables.iter().map(StateVariable::single).chain(members).collect()
    }
}
