//! `saltatory models`: the manual page of a neuron model or of a plasticity rule, made from the
//! descriptor that also drives the parser.

use super::console::{Console, Exit, Failure};
use super::table::table;
use crate::base::Unit;
use crate::neuron::{self, Descriptor, Initial, Range};
use crate::plasticity::{self, Kind, Measure};
use clap::Args;

/// What `models` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The model or plasticity rule; all are listed without it
    name: Option<String>,
}

/// Lists the models or prints the manual page of one.
pub fn models(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let Some(name) = &arguments.name else {
        for model in neuron::registry() {
            console.print(&format!("{:<17} {}\n", model.name, model.summary))?;
        }
        console.print("\nRules of plasticity:\n\n")?;
        for rule in plasticity::registry() {
            console.print(&format!("{:<17} {}\n", rule.name, rule.summary))?;
        }
        console.print("\n`saltatory models NAME` prints the manual page of one.\n")?;
        return Ok(Exit::Good);
    };
    let page = neuron::find(name).map(page);
    match page.or_else(|| plasticity::find(name).map(rule_page)) {
        Some(page) => {
            console.print(&page)?;
            Ok(Exit::Good)
        }
        None => {
            let models = neuron::registry().iter().map(|model| model.name);
            let rules = plasticity::registry().iter().map(|rule| rule.name);
            let known = models.chain(rules).collect::<Vec<_>>().join(", ");
            let message = format!("there is no model or rule `{name}`; there are: {known}");
            Err(Failure::invalid(message))
        }
    }
}

fn rule_page(rule: &plasticity::Descriptor) -> String {
    let mut parameters =
        vec![["parameter", "default", "allowed", "meaning"].map(String::from).to_vec()];
    for parameter in rule.parameters {
        let (default, allowed) = match parameter.kind {
            Kind::Choice(words) => (words[0].to_string(), words.join(", ")),
            Kind::Quantity { measure, default, range: allowed } => {
                let unit = match measure {
                    Measure::Of(unit) => unit,
                    Measure::Weight => Unit::One,
                };
                let default = default.map_or("required".into(), |value| quantity(unit, value));
                let weight = if measure == Measure::Weight { ", a weight" } else { "" };
                (default, format!("{}{weight}", range(allowed)))
            }
        };
        let name = parameter.name.to_string();
        parameters.push(vec![name, default, allowed, parameter.doc.to_string()]);
    }
    let (manual, bytes) = (rule.manual.trim_end(), rule.bytes);
    let size = format!(
        "A synapse takes {bytes} bytes, target and delay included, and 4 for its first weight."
    );
    format!("{}: {}\n\n{manual}\n\n{size}\n\n{}", rule.name, rule.summary, left(parameters))
}

fn page(model: &Descriptor) -> String {
    let heading = |columns: [&str; 5]| vec![columns.map(String::from).to_vec()];
    let mut parameters = heading(["parameter", "default", "allowed", "each its own", "meaning"]);
    for parameter in model.parameters {
        let own = if parameter.per_neuron { "yes" } else { "no" };
        parameters.push(vec![
            parameter.name.to_string(),
            match parameter.range {
                Range::List(_) => "none".to_string(),
                _ => quantity(parameter.unit, parameter.default),
            },
            range(parameter.range).to_string(),
            own.to_string(),
            parameter.doc.to_string(),
        ]);
    }
    let mut variables = heading(["variable", "unit", "at the start", "", "meaning"]);
    for variable in model.variables {
        let initial = match variable.initial {
            Initial::Value(value) => quantity(variable.unit, value),
            Initial::Parameter(index) => model.parameters[index].name.to_string(),
            Initial::OwnNumber => "drawn".to_string(),
            Initial::Derived | Initial::Series(_) => "follows".to_string(),
            Initial::Contacts(_) => "from the network".to_string(),
        };
        variables.push(vec![
            variable.name.to_string(),
            variable.unit.symbol().to_string(),
            initial,
            String::new(),
            variable.doc.to_string(),
        ]);
    }
    let input = match model.input {
        Unit::One => "Weights on to this model are pure numbers.".to_string(),
        unit => format!("Weights on to this model are in {unit}."),
    };
    let manual = model.manual.trim_end();
    let (parameters, variables) = (left(parameters), left(variables));
    format!("{}: {}\n\n{manual}\n\n{input}\n\n{parameters}\n{variables}", model.name, model.summary)
}

/// The last column holds sentences, which are not set to the right.
fn left(mut rows: Vec<Vec<String>>) -> String {
    let meanings: Vec<String> = rows.iter_mut().filter_map(Vec::pop).collect();
    let body = table(&rows);
    let width = body.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let lines = body.lines().zip(meanings);
    lines.map(|(line, meaning)| format!("{line:<width$}  {meaning}\n")).collect()
}

fn quantity(unit: Unit, value: f64) -> String {
    unit.format(value)
}

fn range(range: Range) -> &'static str {
    match range {
        Range::Any => "any",
        Range::Positive => "> 0",
        Range::NonNegative => ">= 0",
        Range::List(Range::Positive) => "list, each > 0",
        Range::List(Range::NonNegative) => "list, each >= 0",
        Range::List(_) => "list",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;

    #[test]
    fn every_model_has_a_page_with_all_its_parameters() {
        for model in neuron::registry() {
            let (exit, out, _) = call(&["models", model.name]);
            assert_eq!(exit, Exit::Good);
            for parameter in model.parameters {
                assert!(out.contains(parameter.doc), "{}: {}", model.name, parameter.name);
            }
            for variable in model.variables {
                assert!(out.contains(variable.doc), "{}: {}", model.name, variable.name);
            }
        }
    }

    #[test]
    fn every_rule_has_a_page_with_all_its_parameters() {
        for rule in plasticity::registry() {
            let (exit, out, _) = call(&["models", rule.name]);
            assert_eq!(exit, Exit::Good);
            for parameter in rule.parameters {
                assert!(out.contains(parameter.doc), "{}: {}", rule.name, parameter.name);
            }
        }
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_list() {
        let (exit, _, err) = call(&["models", "lif"]);
        assert_eq!(exit, Exit::Invalid);
        assert!(err.contains("lif_delta"), "{err}");
    }
}
