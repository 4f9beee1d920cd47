//! `saltatory models`: the manual page of a neuron model, made from the descriptor that also
//! drives the parser.

use super::console::{Console, Exit, Failure};
use super::table::table;
use crate::base::Unit;
use crate::neuron::{self, Descriptor, Initial, Range};
use clap::Args;

/// What `models` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The model; all models are listed without it
    name: Option<String>,
}

/// Lists the models or prints the manual page of one.
pub fn models(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let Some(name) = &arguments.name else {
        for model in neuron::registry() {
            console.print(&format!("{:<12} {}\n", model.name, model.summary))?;
        }
        console.print("\n`saltatory models NAME` prints the manual page of one.\n")?;
        return Ok(Exit::Good);
    };
    match neuron::find(name) {
        Some(model) => {
            console.print(&page(model))?;
            Ok(Exit::Good)
        }
        None => {
            let names: Vec<&str> = neuron::registry().iter().map(|model| model.name).collect();
            let known = names.join(", ");
            Err(Failure::invalid(format!("there is no model `{name}`; models are: {known}")))
        }
    }
}

fn page(model: &Descriptor) -> String {
    let heading = |columns: [&str; 5]| vec![columns.map(String::from).to_vec()];
    let mut parameters = heading(["parameter", "default", "allowed", "each its own", "meaning"]);
    for parameter in model.parameters {
        let own = if parameter.per_neuron { "yes" } else { "no" };
        parameters.push(vec![
            parameter.name.to_string(),
            quantity(parameter.unit, parameter.default),
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
    fn an_unknown_model_is_answered_with_the_list() {
        let (exit, _, err) = call(&["models", "lif"]);
        assert_eq!(exit, Exit::Invalid);
        assert!(err.contains("lif_delta"), "{err}");
    }
}
