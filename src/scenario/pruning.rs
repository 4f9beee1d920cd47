//! Synapses that are removed at given times: the data, how it is read, what must hold, how it is
//! written.

use super::check_law::{self, Kind};
use super::codes::Code;
use super::problem::Findings;
use super::read::{At, Reader, below};
use super::{Projection, Scenario};
use crate::base::{Span, Tick, Unit};
use crate::neuron::Range;
use serde_json::{Value, json};

/// Synapses of a projection that are removed at given times.
///
/// At each of them all synapses that are there are weighed by what a spike would find that takes
/// effect at that time, before short-term release. A spike that takes effect before is delivered;
/// one that would take effect at that time or later is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Pruning {
    /// When, at the target; rising, on the grid.
    pub at: Vec<Tick>,
    /// Which.
    pub which: Weakest,
}

/// Which synapses are removed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weakest {
    /// This share of those that are there, rounded down: the smallest weights by size first; of
    /// equal ones those with the smallest source, target, and place in the row.
    Fraction(f64),
    /// All whose weight is smaller in size than this, in the unit of the weights.
    Below(f64),
}

/// The keys of one entry.
pub(super) const KEYS: [&str; 3] = ["at", "fraction", "below"];

impl Reader<'_> {
    /// The list `pruning` of a projection. `unit` is that of the weights, if the target could be
    /// read.
    pub fn prunings(&mut self, at: &At<'_>, unit: Option<Unit>) -> Option<Vec<Pruning>> {
        let items = self.list(at, "[[projection.pruning]]")?;
        let read: Vec<Option<Pruning>> = items.iter().map(|at| self.pruning(at, unit)).collect();
        read.into_iter().collect()
    }

    fn pruning(&mut self, at: &At<'_>, unit: Option<Unit>) -> Option<Pruning> {
        let fields = self.table(at, &KEYS)?;
        let times = self.required(&fields, "at", "a time or a list of times, such as \"2 s\"");
        let times = times.and_then(|at| self.times(&at));
        let which = match (fields.find("fraction"), fields.find("below")) {
            (Some(fraction), None) => self.number(&fraction).map(Weakest::Fraction),
            (None, Some(below)) => self.quantity(&below, unit?).map(Weakest::Below),
            (None, None) => {
                let found = "neither `fraction` nor `below` is given";
                let allowed = "fraction = 0.5, or below = a weight";
                self.findings.add(Code::MissingKey, &at.path, found, allowed);
                None
            }
            (Some(_), Some(below)) => {
                let found = "`below` is given beside `fraction`";
                self.findings.add(Code::Contradiction, &below.path, found, "one of them");
                None
            }
        };
        Some(Pruning { at: times?, which: which? })
    }

    /// One time or several, on the grid.
    fn times(&mut self, at: &At<'_>) -> Option<Vec<Tick>> {
        let items = match at.is_list() {
            true => self.list(at, "a time or a list of times")?,
            false => vec![at.clone()],
        };
        let grid = self.grid;
        // A zero stays a zero, so that it is refused and not rounded up to one step.
        let on_grid = |span: Span| match span.0 {
            0 => Tick::ZERO,
            _ => grid.nearest(Tick(span.0)).max(Tick(grid.span().0)),
        };
        let times = items.iter().map(|item| self.span(item).map(on_grid));
        times.collect::<Vec<Option<Tick>>>().into_iter().collect()
    }
}

/// Weights over time are columns of the same synapses at every time, so none may be removed.
pub(super) fn refuse_samples(scenario: &Scenario, findings: &mut Findings) {
    let removes = |p: &Projection| !p.pruning.is_empty() || p.plasticity.rule.prunes;
    let Some(index) = scenario.projections.iter().position(removes) else { return };
    if scenario.record.weights_every.is_some() {
        let found = format!("synapses of projection {index} are removed while the network runs");
        let allowed = "weights = true (what is left at the end), and pruned = true";
        findings.add(Code::Contradiction, "record.weights", found, allowed);
    }
}

/// What must hold for the prunings of a projection.
pub(super) fn check(prunings: &[Pruning], unit: Unit, path: &str, findings: &mut Findings) {
    for (index, Pruning { at, which }) in prunings.iter().enumerate() {
        let path = below(path, index);
        let when = below(&path, "at");
        if at.is_empty() {
            findings.add(Code::WrongCount, &when, "there is no time", "at least one");
        } else if at.iter().any(|&at| at == Tick::ZERO || at > Tick::MAX) {
            let found = "found a time of zero, or beyond the end of time";
            findings.add(
                Code::Time,
                &when,
                found,
                format!("more than 0 and at most {}", Tick::MAX),
            );
        } else if at.windows(2).any(|pair| pair[0] >= pair[1]) {
            let found = "the times do not increase";
            findings.add(Code::NotIncreasing, &when, found, "increasing times on the grid");
        }
        match *which {
            Weakest::Fraction(share) if share > 0.0 && share <= 1.0 => {}
            Weakest::Fraction(share) => {
                let found = format!("found {share:?}");
                let path = below(&path, "fraction");
                findings.add(Code::OutOfRange, &path, found, "more than 0 and at most 1");
            }
            Weakest::Below(bound) => {
                let kind = Kind::new(unit, Range::Positive);
                check_law::value(bound, kind, &below(&path, "below"), findings);
            }
        }
    }
}

/// The list as it is written.
pub(super) fn list(
    prunings: &[Pruning],
    unit: Unit,
    value: &dyn Fn(f64, Unit) -> String,
    time: &dyn Fn(Span) -> String,
) -> String {
    let entry = |Pruning { at, which }: &Pruning| {
        let times: Vec<String> = at.iter().map(|at| time(Span(at.0))).collect();
        let which = match *which {
            Weakest::Fraction(share) => format!("fraction = {share:?}"),
            Weakest::Below(bound) => format!("below = {}", value(bound, unit)),
        };
        format!("{{ at = [{}], {which} }}", times.join(", "))
    };
    format!("[{}]", prunings.iter().map(entry).collect::<Vec<_>>().join(", "))
}

/// The list as a JSON schema, given those of a time and of a weight.
pub(super) fn schema(time: &Value, weight: &Value) -> Value {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "description": "synapses that are removed at given times",
            "required": ["at"],
            "oneOf": [{ "required": ["fraction"] }, { "required": ["below"] }],
            "additionalProperties": false,
            "properties": {
                "at": { "anyOf": [time, { "type": "array", "items": time, "minItems": 1 }] },
                "fraction": { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
                "below": weight,
            },
        },
    })
}
