//! Reading values that may be drawn, and values that change in steps.

use super::codes::Code;
use super::problem::list_of;
use super::read::{At, Fields, Reader};
use super::{Distribution, Outside, Shape, Steps};
use crate::base::{Tick, Unit};

const LAWS: [&str; 4] = ["uniform", "normal", "lognormal", "exponential"];
const BOUNDS: [&str; 4] = ["min", "max", "outside", "step"];

impl Reader<'_> {
    /// A value or a distribution.
    pub fn law(&mut self, at: &At<'_>, unit: Unit) -> Option<Distribution> {
        match at.is_table() {
            true => self.law_table(at, unit, &LAWS),
            false => self.quantity(at, unit).map(Distribution::constant),
        }
    }

    /// A value, a distribution, or `{ values = [...] }`.
    pub fn law_or_values(&mut self, at: &At<'_>, unit: Unit) -> Option<Distribution> {
        match at.is_table() {
            true => self.law_table(
                at,
                unit,
                &["uniform", "normal", "lognormal", "exponential", "values"],
            ),
            false => self.quantity(at, unit).map(Distribution::constant),
        }
    }

    fn law_table(&mut self, at: &At<'_>, unit: Unit, laws: &[&str]) -> Option<Distribution> {
        let keys = [laws, &BOUNDS].concat();
        let fields = self.table(at, &keys)?;
        let given: Vec<&str> =
            laws.iter().copied().filter(|law| fields.find(law).is_some()).collect();
        let name = match given[..] {
            [name] => name,
            [] => {
                let found = "a distribution without its law";
                self.findings.add(Code::MissingKey, &at.path, found, list_of(laws));
                return None;
            }
            _ => {
                let found = format!("{} at once", given.join(" and "));
                self.findings.add(Code::Contradiction, &at.path, found, "one law");
                return None;
            }
        };
        if name != "uniform" {
            self.refuse_bounds(&fields, name);
        }
        let law = fields.find(name)?;
        match name {
            "uniform" => {
                let allowed = "a pair of the lower and the upper end";
                let [low, high] = self.pair(&law, allowed)?;
                let (low, high) = (self.quantity(&low, unit), self.quantity(&high, unit));
                let shape = low.zip(high).map(|(low, high)| Shape::Uniform { low, high });
                self.bounded(&fields, unit, shape)
            }
            "values" => self.listed(&law, unit, "a list with one value for each neuron"),
            "normal" => {
                self.two(&law, unit, "mean", ("sd", unit), |mean, sd| Shape::Normal { mean, sd })
            }
            "lognormal" => self.two(&law, unit, "median", ("sigma", Unit::One), |median, sigma| {
                Shape::Lognormal { median, sigma }
            }),
            _ => {
                let inner = self.table(&law, &["mean", "min", "max", "outside", "step"])?;
                let mean = self.required(&inner, "mean", "VALUE");
                let mean = mean.and_then(|mean| self.quantity(&mean, unit));
                self.bounded(&inner, unit, mean.map(|mean| Shape::Exponential { mean }))
            }
        }
    }

    /// Values one by one.
    pub fn listed(&mut self, at: &At<'_>, unit: Unit, allowed: &str) -> Option<Distribution> {
        let items = self.list(at, allowed)?;
        let values: Vec<f64> = items.iter().filter_map(|item| self.quantity(item, unit)).collect();
        (values.len() == items.len()).then(|| Shape::Values(values).into())
    }

    /// Bounds beside another law than `uniform` were meant to stand inside it.
    fn refuse_bounds(&mut self, fields: &Fields<'_>, law: &str) {
        for bound in BOUNDS {
            if let Some(at) = fields.find(bound) {
                let found = format!("`{bound}` stands beside `{law}`");
                let allowed = match law {
                    "values" => "no bounds with values".to_string(),
                    _ => format!("{law} = {{ ..., {bound} = ... }}"),
                };
                self.findings.add(Code::Contradiction, &at.path, found, allowed).on_key = true;
            }
        }
    }

    /// A law with two numbers.
    fn two(
        &mut self,
        law: &At<'_>,
        unit: Unit,
        first: &str,
        second: (&str, Unit),
        shape: fn(f64, f64) -> Shape,
    ) -> Option<Distribution> {
        let fields = self.table(law, &[first, second.0, "min", "max", "outside", "step"])?;
        let a = self.required(&fields, first, "VALUE").and_then(|at| self.quantity(&at, unit));
        let b = self.required(&fields, second.0, "VALUE");
        let b = b.and_then(|at| self.quantity(&at, second.1));
        self.bounded(&fields, unit, a.zip(b).map(|(a, b)| shape(a, b)))
    }

    /// A shape with the bounds that stand in `fields`.
    fn bounded(
        &mut self,
        fields: &Fields<'_>,
        unit: Unit,
        shape: Option<Shape>,
    ) -> Option<Distribution> {
        let mut complete = true;
        let mut bound = |key: &str| {
            let at = fields.find(key)?;
            let value = self.quantity(&at, unit);
            complete &= value.is_some();
            value
        };
        let (min, max, step) = (bound("min"), bound("max"), bound("step"));
        let mut outside = Outside::default();
        if let Some(at) = fields.find("outside") {
            match self.word(&at, "way to treat values outside", &["redraw", "clip"]) {
                Some("clip") => outside = Outside::Clip,
                Some(_) => {}
                None => complete = false,
            }
        }
        complete.then_some(Distribution { shape: shape?, min, max, outside, step })
    }

    /// A value, or `{ steps = [[time, value], ...] }`.
    pub fn steps(&mut self, at: &At<'_>, unit: Unit) -> Option<Steps> {
        if !at.is_table() {
            return self.quantity(at, unit).map(Steps::constant);
        }
        let fields = self.table(at, &["steps"])?;
        let list = self.required(&fields, "steps", "[[time, value], ...]")?;
        let allowed = "a list of pairs of a time and a value";
        let items = self.list(&list, allowed)?;
        let mut steps: Vec<(Tick, f64)> = Vec::with_capacity(items.len());
        let mut complete = true;
        for item in &items {
            let pair = self.pair(item, "a pair of a time and a value");
            let step = pair.and_then(|[time, value]| {
                let (start, value) = (self.span(&time), self.quantity(&value, unit));
                Some((self.grid.nearest(Tick(start?.0)), value?))
            });
            complete &= step.is_some();
            steps.extend(step);
        }
        complete.then_some(Steps { steps })
    }
}
