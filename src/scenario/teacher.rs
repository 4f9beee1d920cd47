//! What a population is taught: a score that is repeated, and when it is played.

use super::check_law::{self, Kind};
use super::codes::Code;
use super::problem::Findings;
use super::read::below;
use super::{Model, Population, check};
use crate::base::{Span, Tick, Unit};
use crate::neuron::{Range, receptor};

/// Target potentials of the somata of a population, played again and again.
#[derive(Clone, Debug, PartialEq)]
pub struct Teacher {
    /// Index of the population.
    pub population: usize,
    /// Which neurons are on in which element.
    pub score: Score,
    /// How long an element takes, a whole number of steps.
    pub element: Span,
    /// The potential is constant for so long, on the grid.
    pub step: Span,
    /// The potential of a neuron that is on, in mV; not zero.
    pub on_mv: f64,
    /// And of one that is off.
    pub off_mv: f64,
    /// The width in ms of the logistic ramps between both.
    pub ramp_ms: f64,
    /// What the somata are held at in phases of this kind, in mV; not zero.
    pub clamp_mv: f64,
    /// When each phase begins, rising; free before the first.
    pub phases: Vec<(Tick, Phase)>,
}

/// What becomes of the somata for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// They are left alone.
    Free,
    /// They are drawn towards the score.
    Teach,
    /// They are held at one potential.
    Clamp,
    /// They are held at the potentials of the score, each neuron at its own.
    Hold,
}

impl Phase {
    /// All of them.
    pub const ALL: [Phase; 4] = [Phase::Free, Phase::Teach, Phase::Clamp, Phase::Hold];

    /// Its name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Free => "free",
            Phase::Teach => "teach",
            Phase::Clamp => "clamp",
            Phase::Hold => "hold",
        }
    }
}

/// A score.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// For each element the neurons that are on, sorted, each once.
    pub elements: Vec<Vec<u32>>,
    /// The file that it comes from, if it does.
    pub file: Option<String>,
}

impl Score {
    /// Whether a neuron is on in an element, counted on beyond both ends.
    pub fn is_on(&self, element: i64, neuron: u32) -> bool {
        let element = element.rem_euclid(self.elements.len() as i64);
        self.elements[element as usize].binary_search(&neuron).is_ok()
    }
}

impl Teacher {
    /// How long the score takes.
    pub fn period(&self) -> Span {
        Span(self.element.0.saturating_mul(self.score.elements.len() as u64))
    }
}

/// The largest number of steps in a score, times neurons.
const MOST_VALUES: u64 = 100_000_000;

/// Everything that must hold.
pub(super) fn check(
    populations: &[Population],
    teacher: &Teacher,
    path: &str,
    findings: &mut Findings,
) {
    let Some(population) = populations.get(teacher.population) else {
        let found = "the target is not a population of this scenario";
        findings.add(Code::UnknownPopulation, path, found, "the index of a population");
        return;
    };
    let taught = match &population.model {
        Model::Neuron { descriptor, parameters, .. } => {
            receptor::teaches(descriptor, &check::constants(descriptor, parameters)).is_some()
        }
        _ => false,
    };
    if !taught {
        let found = format!("`{}` is of the model {}", population.name, population.model.name());
        findings.add(Code::WrongKind, &below(path, "target"), found, "two_compartment");
    }
    potentials(teacher, path, findings);
    score(teacher, population, path, findings);
    let phases = below(path, "phases");
    if teacher.phases.is_empty() {
        findings.add(Code::WrongCount, &phases, "no phase", "at least one");
    }
    if !teacher.phases.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        let found = "the times do not increase";
        findings.add(Code::NotIncreasing, &phases, found, "increasing times");
    }
}

fn potentials(teacher: &Teacher, path: &str, findings: &mut Findings) {
    for (key, value) in
        [("on", teacher.on_mv), ("off", teacher.off_mv), ("clamp", teacher.clamp_mv)]
    {
        let path = below(path, key);
        check_law::value(value, Kind::new(Unit::Mv, Range::Any), &path, findings);
        if value == 0.0 {
            let found = "found 0 mV, which stands for no teacher";
            findings.add(Code::OutOfRange, &path, found, "another potential");
        }
    }
    // Between two potentials of one sign none is zero.
    if teacher.on_mv * teacher.off_mv < 0.0 {
        let found = "on and off have different signs";
        findings.add(Code::Contradiction, &below(path, "on"), found, "the sign of off");
    }
    let kind = Kind::new(Unit::Ms, Range::Positive);
    check_law::value(teacher.ramp_ms, kind, &below(path, "ramp"), findings);
}

fn score(teacher: &Teacher, population: &Population, path: &str, findings: &mut Findings) {
    let Teacher { score, element, step, .. } = teacher;
    if *step == Span::ZERO || !element.0.is_multiple_of(step.0) || *element == Span::ZERO {
        let found = format!("an element of {element} in steps of {step}");
        findings.add(Code::Time, &below(path, "step"), found, "a whole number of steps");
        return;
    }
    let steps = (element.0 / step.0).saturating_mul(score.elements.len() as u64);
    if steps == 0 || steps.saturating_mul(population.size.into()) > MOST_VALUES {
        let found = format!("{} elements of {} steps", score.elements.len(), element.0 / step.0);
        let allowed = format!("at most {MOST_VALUES} steps of all neurons, and at least one");
        findings.add(Code::WrongCount, &below(path, "elements"), found, allowed);
    }
    for (number, element) in score.elements.iter().enumerate() {
        let path = below(path, "score");
        if let Some(neuron) = element.iter().find(|&&neuron| neuron >= population.size) {
            let found = format!("neuron {neuron} in element {number}");
            let allowed = format!("0 to {}", population.size.saturating_sub(1));
            findings.add(Code::NotInPopulation, &path, found, allowed);
        }
        if !element.is_sorted_by(|a, b| a < b) {
            let found = format!("element {number} is not sorted, or has a neuron twice");
            findings.add(Code::NotInPopulation, &path, found, "increasing numbers");
        }
    }
}
