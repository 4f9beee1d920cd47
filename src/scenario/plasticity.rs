//! How the synapses of a projection change: the data, how it is read, what must hold, how it is
//! written. Names, units and ranges come from the descriptors of the rules.

use super::check_law::{self, Kind};
use super::codes::Code;
use super::problem::Findings;
use super::read::{At, Fields, Reader, below};
use super::read_scenario::Names;
use super::{Connect, Model, Population, Projection, Scenario, constants};
use crate::base::{Span, Unit};
use crate::neuron::{self, receptor};
use crate::plasticity::{
    self, Dendritic, Descriptor, Kind as RuleKind, Order, Parameter, Rule, Visitor, short_term,
};
use crate::synapse::LONGEST_DELAY;

/// The rule by which the synapses of a projection change.
#[derive(Clone, Debug)]
pub struct Plasticity {
    /// The rule.
    pub rule: &'static Descriptor,
    /// One value for each of the rule's parameters; of a choice the index of its word.
    pub values: Vec<f64>,
    /// Short-term plasticity beside the rule: values of [`short_term::PARAMETERS`].
    pub short_term: Option<Vec<f64>>,
    /// How the delay is divided.
    pub dendritic: Dendritic,
    /// Who modulates, where the rule has a modulator.
    pub modulator: Option<Modulator>,
}

/// The population whose spikes modulate a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modulator {
    /// Index of the population.
    pub population: usize,
    /// How long its spikes take to the synapses.
    pub delay: Span,
}

impl PartialEq for Plasticity {
    fn eq(&self, other: &Plasticity) -> bool {
        self.rule.name == other.rule.name
            && self.values == other.values
            && self.short_term == other.short_term
            && self.dendritic == other.dendritic
            && self.modulator == other.modulator
    }
}

impl Default for Plasticity {
    /// Synapses that do not change.
    fn default() -> Plasticity {
        let rule = plasticity::find("fixed").expect("a rule of the registry");
        Plasticity {
            rule,
            values: Vec::new(),
            short_term: None,
            dendritic: Dendritic::Whole,
            modulator: None,
        }
    }
}

impl Plasticity {
    /// Whether weights and what is transmitted stay what they are.
    pub fn is_fixed(&self) -> bool {
        self.rule.name == "fixed" && self.short_term.is_none()
    }

    /// Whether its synapses ask their targets what they transmit.
    pub fn heeds(&self) -> bool {
        plasticity::heeds(self.rule)
    }

    /// Whether decisions of the rule change the leaks of the targets.
    fn changes_leaks(&self) -> bool {
        let diagonal = self.rule.parameter("diagonal");
        diagonal.is_some_and(|diagonal| self.values.get(diagonal) == Some(&1.0))
    }

    /// Why the engine cannot run this with targets of a model, if it cannot.
    pub fn cannot_run(&self, target: &Model) -> Option<String> {
        let (found, allowed) = self.misses_a_leak(target)?;
        Some(format!("diagonal = \"row_sum\": {found}; allowed is {allowed}"))
    }

    /// If leaks of targets would have to change and cannot: what is found, and what is allowed.
    fn misses_a_leak(&self, target: &Model) -> Option<(String, String)> {
        let model = target.descriptor().filter(|_| self.changes_leaks())?;
        if receptor::leaks(model) {
            return None;
        }
        let can = neuron::registry().iter().filter(|model| receptor::leaks(model));
        let can: Vec<&str> = can.map(|model| model.name).collect();
        let found = format!("the leak of {} cannot be changed while it runs", model.name);
        Some((found, format!("\"original\", or a target of the model {}", can.join(" or "))))
    }

    /// The first of some weights with which a synapse may not start: its place, and why.
    pub fn refuse(&self, weights: &mut dyn Iterator<Item = f64>) -> Option<(usize, String)> {
        plasticity::dispatch(self.rule, Refuse(&self.values, weights))
    }
}

/// The names of all rules.
pub(super) fn rule_names() -> Vec<&'static str> {
    plasticity::registry().iter().map(|rule| rule.name).collect()
}

/// The words for the division of the delay.
pub(super) const DIVISIONS: [&str; 2] = ["whole", "half"];

/// The keys of a rule beside `rule`: its parameters and what the frame knows.
pub(super) fn keys(rule: &Descriptor) -> Vec<&'static str> {
    let mut keys: Vec<&str> = rule.parameters.iter().map(|parameter| parameter.name).collect();
    match rule.name {
        "fixed" => {}
        "short_term" => keys.push("dendritic_delay"),
        // Its delay is not divided.
        "dendritic_prediction" => keys.push("short_term"),
        _ => keys.extend(["short_term", "dendritic_delay"]),
    }
    if rule.modulated {
        keys.extend(["modulator", "modulator_delay"]);
    }
    keys
}

impl Reader<'_> {
    /// The table `plasticity`. `unit` is that of the weights, if the target could be read.
    pub fn plasticity(
        &mut self,
        at: &At<'_>,
        unit: Option<Unit>,
        names: &Names,
    ) -> Option<Plasticity> {
        let open = self.open_table(at, "{ rule = ... }")?;
        let rules = rule_names();
        let rule = self.required(&open, "rule", &rules.join(" | "))?;
        let rule = plasticity::find(self.word(&rule, "plasticity rule", &rules)?)?;
        let keys = [&["rule"][..], &keys(rule)].concat();
        let fields = self.table(at, &keys)?;
        let values = self.rule_values(rule.parameters, &fields, unit);
        let short_term = match fields.find("short_term") {
            Some(at) => {
                let known: Vec<&str> = short_term::PARAMETERS.iter().map(|p| p.name).collect();
                let fields = self.table(&at, &known)?;
                Some(self.rule_values(short_term::PARAMETERS, &fields, unit)?)
            }
            None => None,
        };
        let dendritic = match fields.find("dendritic_delay") {
            Some(at) => self.division(&at),
            None if plasticity::heeds(rule) => Some(Dendritic::Fixed(Span::ZERO)),
            None => Some(Dendritic::Whole),
        };
        let modulator = match rule.modulated {
            true => self.modulator(&fields, names).map(Some),
            false => Some(None),
        };
        Some(Plasticity {
            rule,
            values: values?,
            short_term,
            dendritic: dendritic?,
            modulator: modulator?,
        })
    }

    /// The values of parameters, defaults where none are given.
    fn rule_values(
        &mut self,
        parameters: &[Parameter],
        fields: &Fields<'_>,
        unit: Option<Unit>,
    ) -> Option<Vec<f64>> {
        let values: Vec<Option<f64>> =
            parameters.iter().map(|p| self.rule_value(p, fields, unit)).collect();
        values.into_iter().collect()
    }

    fn rule_value(
        &mut self,
        parameter: &Parameter,
        fields: &Fields<'_>,
        unit: Option<Unit>,
    ) -> Option<f64> {
        let name = parameter.name;
        match (parameter.kind, fields.find(name)) {
            (RuleKind::Choice(_), None) => Some(0.0),
            (RuleKind::Choice(words), Some(at)) => {
                let word = self.word(&at, name, words)?;
                words.iter().position(|known| *known == word).map(|index| index as f64)
            }
            (RuleKind::Quantity { default: Some(value), .. }, None) => Some(value),
            (RuleKind::Quantity { measure, .. }, None) => {
                let example = measure.unit(unit?).format(1.0);
                self.required(fields, name, &format!("a value such as \"{example}\""));
                None
            }
            (RuleKind::Quantity { measure, .. }, Some(at)) => {
                self.quantity(&at, measure.unit(unit?))
            }
        }
    }

    fn division(&mut self, at: &At<'_>) -> Option<Dendritic> {
        let text = self.text(at, "\"whole\", \"half\" or a time such as \"0.5 ms\"")?;
        match text {
            "whole" => Some(Dendritic::Whole),
            "half" => Some(Dendritic::Half),
            _ => Some(Dendritic::Fixed(self.span(at)?)),
        }
    }

    fn modulator(&mut self, fields: &Fields<'_>, names: &Names) -> Option<Modulator> {
        let population = self.required(fields, "modulator", "the name of a population");
        let population = population.and_then(|at| self.population_name(&at, names));
        let delay = self.required(fields, "modulator_delay", "a time such as \"1 ms\"");
        let delay = delay.and_then(|at| self.span(&at));
        let grid = self.grid;
        let on_grid = |delay: Span| if delay.0 == 0 { delay } else { grid.nearest_delay(delay) };
        Some(Modulator { population: population?, delay: on_grid(delay?) })
    }
}

/// Why synapses of a rule may not start with a weight.
struct Refuse<'a>(&'a [f64], &'a mut dyn Iterator<Item = f64>);

impl Visitor for Refuse<'_> {
    type Output = Option<(usize, String)>;

    fn visit<R: Rule>(self) -> Option<(usize, String)> {
        let constants = R::constants(self.0, 0);
        let refuse = |(place, weight)| R::refuse(&constants, weight).map(|why| (place, why));
        self.1.enumerate().find_map(refuse)
    }
}

/// Every rule about a projection's plasticity.
pub(super) fn check(
    populations: &[Population],
    projection: &Projection,
    unit: Unit,
    path: &str,
    findings: &mut Findings,
) {
    let Plasticity { rule, values, short_term, dendritic, modulator } = &projection.plasticity;
    check_values(rule.parameters, values, rule.check, unit, path, findings);
    if let Some(values) = short_term {
        let path = below(path, "short_term");
        check_values(short_term::PARAMETERS, values, short_term::check, unit, &path, findings);
    }
    if rule.modulated != modulator.is_some() {
        let found = format!("the rule {} and its modulator do not fit", rule.name);
        findings.add(Code::Contradiction, path, found, "a modulator for rules that have one");
    }
    if let Some(Modulator { population, delay }) = modulator {
        if *population >= populations.len() {
            let found = "the modulator is not a population of this scenario";
            let path = below(path, "modulator");
            findings.add(Code::UnknownPopulation, &path, found, "the index of a population");
        }
        if *delay == Span::ZERO || *delay > LONGEST_DELAY {
            let allowed = format!("more than 0 and at most {LONGEST_DELAY}");
            let path = below(path, "modulator_delay");
            findings.add(Code::Delay, &path, format!("a delay of {delay}"), allowed);
        }
    }
    if plasticity::heeds(rule) {
        check_lessons(populations, projection, path, findings);
    }
    let target = populations.get(projection.target);
    let missed = target.and_then(|target| projection.plasticity.misses_a_leak(&target.model));
    if let Some((found, allowed)) = missed {
        findings.add(Code::Contradiction, &below(path, "diagonal"), found, allowed);
    }
    if findings.clean(path) {
        check_dendritic(projection, *dendritic, rule.order, path, findings);
        check_weights(projection, path, findings);
    }
}

/// The target teaches, at the pace of the rule.
fn check_lessons(
    populations: &[Population],
    projection: &Projection,
    path: &str,
    findings: &mut Findings,
) {
    let Plasticity { rule, values, dendritic, .. } = &projection.plasticity;
    let taught = match populations.get(projection.target).map(|target| &target.model) {
        Some(Model::Neuron { descriptor, parameters, .. }) => {
            receptor::teaches(descriptor, &constants(descriptor, parameters))
        }
        _ => None,
    };
    let tau = rule.parameter("tau").and_then(|index| values.get(index)).copied();
    match (taught, tau) {
        (None, _) => {
            let found = format!("the target gives no lessons for {}", rule.name);
            findings.add(Code::Contradiction, path, found, "a target of the model two_compartment");
        }
        (Some(own), Some(tau)) if own != tau => {
            let found = format!("tau is {tau} ms, and the dendrites of the target have {own} ms");
            findings.add(Code::Contradiction, &below(path, "tau"), found, format!("{own} ms"));
        }
        _ => {}
    }
    if taught.is_some() {
        check_filter(populations, projection, path, findings);
    }
    if *dendritic != Dendritic::Fixed(Span::ZERO) {
        let found = "a part of the delay is dendritic";
        let allowed = "a delay that is axonal";
        findings.add(Code::Contradiction, &below(path, "dendritic_delay"), found, allowed);
    }
    if !projection.pruning.is_empty() {
        let found = format!("pruning beside {}", rule.name);
        findings.add(Code::Contradiction, path, found, "one of them");
    }
}

/// If the rule filters its changes the target keeps what it needs for that.
fn check_filter(
    populations: &[Population],
    projection: &Projection,
    path: &str,
    findings: &mut Findings,
) {
    let Plasticity { rule, values, .. } = &projection.plasticity;
    let Model::Neuron { descriptor, parameters, .. } = &populations[projection.target].model else {
        return;
    };
    let asked = rule.parameter("tau_delta").and_then(|index| values.get(index)).copied();
    let kept = descriptor.parameter("tau_delta").map(|at| constants(descriptor, parameters)[at]);
    if let (Some(asked), Some(kept)) = (asked.filter(|&asked| asked > 0.0), kept)
        && asked != kept
    {
        let found = format!("tau_delta is {asked} ms, and the target has {kept} ms");
        let allowed = match kept {
            0.0 => "0 ms, or a target that has the same".to_string(),
            kept => format!("{kept} ms, or 0 ms for no filter"),
        };
        findings.add(Code::Contradiction, &below(path, "tau_delta"), found, allowed);
    }
}

/// Weights over time need synapses that can be worked out without their targets.
pub(super) fn refuse_samples(scenario: &Scenario, findings: &mut Findings) {
    let heeds = |projection: &Projection| plasticity::heeds(projection.plasticity.rule);
    if scenario.record.weights_every.is_some() && scenario.projections.iter().any(heeds) {
        let found = "weights over time beside dendritic_prediction";
        findings.add(Code::Contradiction, "record.weights", found, "true or false");
    }
}

fn check_values(
    parameters: &[Parameter],
    values: &[f64],
    relations: fn(&[f64]) -> Vec<(usize, String)>,
    unit: Unit,
    path: &str,
    findings: &mut Findings,
) {
    if values.len() != parameters.len() {
        let found = format!("found {} values", values.len());
        findings.add(Code::WrongCount, path, found, parameters.len().to_string());
        return;
    }
    for (parameter, &value) in parameters.iter().zip(values) {
        let path = below(path, parameter.name);
        match parameter.kind {
            RuleKind::Quantity { measure, range, .. } => {
                check_law::value(value, Kind::new(measure.unit(unit), range), &path, findings);
            }
            RuleKind::Choice(words) => {
                let known = value.fract() == 0.0 && (0.0..words.len() as f64).contains(&value);
                if !known {
                    let found = format!("found {value}");
                    let allowed = format!("the index of one of {} words", words.len());
                    findings.add(Code::OutOfRange, &path, found, allowed);
                }
            }
        }
    }
    // Conditions between parameters mean little as long as some of them are wrong.
    if findings.clean(path) {
        for (index, found) in relations(values) {
            let path = below(path, parameters[index].name);
            findings.add(Code::ParametersContradict, &path, found, "see the rule's page");
        }
    }
}

/// The dendritic part fits into every delay, and is one for all inputs that share a pool.
fn check_dendritic(
    projection: &Projection,
    dendritic: Dendritic,
    order: Order,
    path: &str,
    findings: &mut Findings,
) {
    let path = below(path, "dendritic_delay");
    let (low, high) = match &projection.connect {
        Connect::Edges(edges) if edges.delay.is_some() => {
            let delays = edges.delay.iter().flatten().map(|delay| delay.ms());
            delays.fold((f64::INFINITY, 0.0f64), |(low, high), ms| (low.min(ms), high.max(ms)))
        }
        _ => check_law::support(&projection.delay_ms),
    };
    if let Dendritic::Fixed(span) = dendritic {
        if span.ms() > low {
            let found = format!("{span} of delays from {low} ms on");
            findings.add(Code::Delay, &path, found, "not more than the shortest delay");
        }
    } else if order == Order::ByTarget && low < high {
        let found = "the delays differ, and with them their dendritic parts";
        let allowed = "one time, because the inputs of a target share a pool";
        findings.add(Code::Contradiction, &path, found, allowed);
    }
}

/// Weights that are known before anything is drawn.
fn check_weights(projection: &Projection, path: &str, findings: &mut Findings) {
    let weights: Vec<f64> = match &projection.connect {
        Connect::Edges(edges) if edges.weight.is_some() => {
            edges.weight.iter().flatten().map(|&weight| f64::from(weight)).collect()
        }
        _ => projection.weight.as_constant().into_iter().collect(),
    };
    // The extremes are enough: what a rule accepts is an interval.
    let low = weights.iter().copied().reduce(f64::min);
    let high = weights.iter().copied().reduce(f64::max);
    for weight in low.into_iter().chain(high.filter(|_| low != high)) {
        let mut weight = std::iter::once(weight);
        if let Some((_, found)) = projection.plasticity.refuse(&mut weight) {
            findings.add(Code::Contradiction, path, found, "weights within the rule's bounds");
        }
    }
}

/// The table as it is written, all defaults spelled out.
pub(super) fn table(
    plasticity: &Plasticity,
    unit: Unit,
    names: &dyn Fn(usize) -> String,
    value: &dyn Fn(f64, Unit) -> String,
    time: &dyn Fn(Span) -> String,
) -> String {
    let rule = plasticity.rule;
    let list = |parameters: &[Parameter], values: &[f64]| -> Vec<String> {
        let pairs = parameters.iter().zip(values);
        pairs
            .map(|(parameter, &v)| match parameter.kind {
                RuleKind::Choice(words) => {
                    let word = words.get(v as usize).unwrap_or(&"");
                    format!("{} = \"{word}\"", parameter.name)
                }
                RuleKind::Quantity { measure, .. } => {
                    format!("{} = {}", parameter.name, value(v, measure.unit(unit)))
                }
            })
            .collect()
    };
    let keys_of = self::keys;
    let mut keys = vec![format!("rule = \"{}\"", rule.name)];
    keys.extend(list(rule.parameters, &plasticity.values));
    if let Some(values) = &plasticity.short_term {
        let inner = list(short_term::PARAMETERS, values).join(", ");
        keys.push(format!("short_term = {{ {inner} }}"));
    }
    if keys_of(rule).contains(&"dendritic_delay") {
        let division = match plasticity.dendritic {
            Dendritic::Whole => "\"whole\"".to_string(),
            Dendritic::Half => "\"half\"".to_string(),
            Dendritic::Fixed(span) => time(span),
        };
        keys.push(format!("dendritic_delay = {division}"));
    }
    if let Some(Modulator { population, delay }) = plasticity.modulator {
        keys.push(format!("modulator = \"{}\"", names(population)));
        keys.push(format!("modulator_delay = {}", time(delay)));
    }
    format!("{{ {} }}", keys.join(", "))
}

/// Whether nothing of the rule is measured in the unit of the weights, so that weights can be
/// scaled by themselves.
pub(super) fn scales(plasticity: &Plasticity) -> bool {
    plasticity.rule.parameters.iter().all(|parameter| match parameter.kind {
        RuleKind::Quantity { measure, .. } => measure != plasticity::Measure::Weight,
        RuleKind::Choice(_) => true,
    })
}

/// The range of a quantity as bounds of a JSON schema.
pub(super) fn schema_of(
    rule: &Descriptor,
    kinds: &dyn Fn(&Parameter) -> serde_json::Value,
) -> serde_json::Value {
    use serde_json::{Map, Value, json};
    let of = |parameters: &[Parameter]| -> Map<String, Value> {
        let described = |p: &Parameter| {
            let mut value = kinds(p);
            value["description"] = json!(p.doc);
            (p.name.to_string(), value)
        };
        parameters.iter().map(described).collect()
    };
    let required = |p: &&Parameter| matches!(p.kind, RuleKind::Quantity { default: None, .. });
    let mut needed: Vec<&str> =
        rule.parameters.iter().filter(required).map(|parameter| parameter.name).collect();
    needed.push("rule");
    let mut properties = of(rule.parameters);
    properties.insert("rule".into(), json!({ "const": rule.name }));
    for key in keys(rule) {
        let value = match key {
            "short_term" => json!({
                "type": "object",
                "additionalProperties": false,
                "properties": of(short_term::PARAMETERS),
            }),
            "dendritic_delay" => json!({ "default": "whole", "anyOf": [
                { "enum": DIVISIONS },
                { "$ref": "#/$defs/value_time" },
            ]}),
            "modulator" => json!({ "type": "string" }),
            "modulator_delay" => json!({ "$ref": "#/$defs/value_time" }),
            _ => continue,
        };
        if key.starts_with("modulator") {
            needed.push(key);
        }
        properties.insert(key.into(), value);
    }
    json!({
        "type": "object",
        "description": rule.summary,
        "required": needed,
        "additionalProperties": false,
        "properties": properties,
    })
}
