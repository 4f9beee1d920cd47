//! The grammar of scenario files as a JSON Schema, for editors. Models come from the registry.

use super::Phase;
use super::plasticity::schema_of;
use super::pruning;
use super::read_population::model_names;
use super::read_projection::RULES;
use crate::base::Unit;
use crate::neuron::{self, Descriptor, Initial};
use crate::plasticity::{self, Kind, Measure, Parameter};
use serde_json::{Map, Value, json};

const UNITS: [Unit; 7] = [Unit::Ms, Unit::Mv, Unit::Pa, Unit::Pf, Unit::Ns, Unit::Hz, Unit::One];

/// The grammar of scenario files as a JSON Schema (draft 2020-12). It states structure, names and
/// units; relations between values are checked by the program.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for unit in UNITS {
        let dimension = unit.dimension();
        definitions.insert(key("value", unit), quantity(unit));
        definitions.insert(key("law", unit), law(unit));
        definitions.insert(key("steps", unit), steps(unit));
        let described = json!({ "description": dimension, "anyOf": [
            definition("value", unit), definition("law", unit),
        ]});
        definitions.insert(key("drawn", unit), described);
    }
    definitions.insert("selection".into(), selection());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Saltatory scenario",
        "type": "object",
        "required": ["duration", "population"],
        "additionalProperties": false,
        "properties": {
            "title": { "type": "string" },
            "seed": { "type": "integer", "minimum": 0, "default": 1 },
            "duration": definition("value", Unit::Ms),
            "resolution": definition("value", Unit::Ms),
            "population": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$" },
                "additionalProperties": population(),
            },
            "projection": { "type": "array", "items": projection() },
            "background": { "type": "array", "items": object(json!({
                "target": target(),
                "rate": constant_or_steps(Unit::Hz),
                "weight": input("value"),
            }), &["target", "rate", "weight"]) },
            "current": { "type": "array", "items": object(json!({
                "target": target(),
                "current": constant_or_steps(Unit::Pa),
            }), &["target", "current"]) },
            "teacher": { "type": "array", "items": teacher() },
            "record": record(),
            "scale": object(json!({
                "factor": { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
                "rates": {
                    "type": "object",
                    "additionalProperties": definition("value", Unit::Hz),
                },
            }), &["factor"]),
        },
        "$defs": definitions,
    })
}

fn teacher() -> Value {
    let neurons = json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } });
    let phase = json!({
        "type": "array",
        "prefixItems": [definition("value", Unit::Ms), { "enum": Phase::ALL.map(Phase::name) }],
        "minItems": 2,
        "maxItems": 2,
    });
    let [ms, mv] = [Unit::Ms, Unit::Mv].map(|unit| definition("value", unit));
    object(
        json!({
            "target": { "type": "string" },
            "score": { "anyOf": [
                { "type": "string", "pattern": "\\.(csv|npz)$" },
                { "type": "array", "items": neurons },
            ]},
            "elements": { "type": "integer", "minimum": 1 },
            "element": ms, "on": mv, "off": mv, "ramp": ms, "step": ms, "clamp": mv,
            "phases": { "type": "array", "items": phase, "minItems": 1 },
        }),
        &["target", "score", "elements", "element", "phases"],
    )
}

fn key(kind: &str, unit: Unit) -> String {
    format!("{kind}_{}", unit.dimension().replace(' ', "_"))
}

fn definition(kind: &str, unit: Unit) -> Value {
    json!({ "$ref": format!("#/$defs/{}", key(kind, unit)) })
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn quantity(unit: Unit) -> Value {
    if unit == Unit::One {
        return json!({ "type": "number" });
    }
    let units = unit.allowed().replace(", ", "|");
    let pattern =
        format!("^\\s*[-+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?\\s*({units})\\s*$");
    json!({ "type": "string", "pattern": pattern })
}

fn law(unit: Unit) -> Value {
    let value = || definition("value", unit);
    let with_bounds = |mut properties: Value, required: &[&str]| {
        properties["min"] = value();
        properties["max"] = value();
        properties["step"] = value();
        properties["outside"] = json!({ "enum": ["redraw", "clip"], "default": "redraw" });
        object(properties, required)
    };
    let pair = json!({ "type": "array", "items": value(), "minItems": 2, "maxItems": 2 });
    let normal = with_bounds(json!({ "mean": value(), "sd": value() }), &["mean", "sd"]);
    let sigma = json!({ "type": "number", "minimum": 0 });
    let lognormal = with_bounds(json!({ "median": value(), "sigma": sigma }), &["median", "sigma"]);
    let exponential = with_bounds(json!({ "mean": value() }), &["mean"]);
    json!({ "oneOf": [
        with_bounds(json!({ "uniform": pair }), &["uniform"]),
        object(json!({ "normal": normal }), &["normal"]),
        object(json!({ "lognormal": lognormal }), &["lognormal"]),
        object(json!({ "exponential": exponential }), &["exponential"]),
    ]})
}

fn steps(unit: Unit) -> Value {
    let pair = json!({
        "type": "array",
        "prefixItems": [definition("value", Unit::Ms), definition("value", unit)],
        "minItems": 2,
        "maxItems": 2,
    });
    object(json!({ "steps": { "type": "array", "items": pair, "minItems": 1 } }), &["steps"])
}

fn constant_or_steps(unit: Unit) -> Value {
    json!({ "anyOf": [definition("value", unit), definition("steps", unit)] })
}

/// A value or a law of whatever unit the target's model takes.
fn input(kind: &str) -> Value {
    json!({ "anyOf": [
        definition(kind, Unit::Mv), definition(kind, Unit::Pa), definition(kind, Unit::Hz),
        definition(kind, Unit::One),
    ]})
}

fn list(unit: Unit) -> Value {
    json!({ "type": "array", "items": definition("value", unit) })
}

fn values(unit: Unit) -> Value {
    object(json!({ "values": list(unit) }), &["values"])
}

fn population() -> Value {
    let mut models: Vec<Value> = neuron::registry().iter().map(|model| neurons(model)).collect();
    let rate = object(json!({ "rate": constant_or_steps(Unit::Hz) }), &["rate"]);
    models.push(source("poisson", rate));
    models.push(source("correlated_poisson", correlated()));
    let time = definition("value", Unit::Ms);
    let times = json!({ "type": "array", "items": { "anyOf": [
        time, { "type": "array", "items": definition("value", Unit::Ms) },
    ]}});
    let given = json!({ "oneOf": [
        object(json!({ "times": times }), &["times"]),
        object(json!({ "file": { "type": "string" } }), &["file"]),
    ]});
    models.push(source("spike_source", given));
    json!({
        "type": "object",
        "required": ["model", "size"],
        "properties": { "model": { "enum": model_names() } },
        "oneOf": models,
    })
}

fn correlated() -> Value {
    object(
        json!({
            "rate": constant_or_steps(Unit::Hz),
            "correlation": { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
            "jitter": definition("value", Unit::Ms),
        }),
        &["rate", "correlation"],
    )
}

fn size() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
}

fn source(name: &str, params: Value) -> Value {
    let properties = json!({ "model": { "const": name }, "size": size(), "params": params });
    object(properties, &["model", "size", "params"])
}

fn neurons(model: &Descriptor) -> Value {
    let mut params = Map::new();
    for parameter in model.parameters {
        if parameter.range.is_list() {
            let file = object(json!({ "file": { "type": "string" } }), &["file"]);
            let kinds = [list(parameter.unit), values(parameter.unit), file];
            let described = json!({ "description": parameter.doc, "anyOf": kinds });
            params.insert(parameter.name.into(), described);
            continue;
        }
        let mut kinds = vec![definition("value", parameter.unit)];
        if parameter.per_neuron {
            kinds.push(definition("law", parameter.unit));
            kinds.push(values(parameter.unit));
            if model.current_for_period.is_some() && parameter.unit == Unit::Pa {
                let period = json!({ "anyOf": [definition("drawn", Unit::Ms), values(Unit::Ms)] });
                kinds.push(object(json!({ "period": period }), &["period"]));
            }
        }
        let default = match parameter.unit {
            Unit::One => json!(parameter.default),
            unit => json!(unit.format(parameter.default)),
        };
        let described = json!({ "description": parameter.doc, "default": default, "anyOf": kinds });
        params.insert(parameter.name.into(), described);
    }
    let (mut init, mut members) = (Map::new(), Map::new());
    for variable in model.variables {
        let kinds = [definition("drawn", variable.unit), values(variable.unit)];
        let described = json!({ "description": variable.doc, "anyOf": kinds });
        if variable.is_given() {
            init.insert(variable.name.into(), described);
        } else if matches!(variable.initial, Initial::Series(_)) {
            members.insert(format!("^{}_[1-9][0-9]*$", variable.name), described);
        }
    }
    let mut init = object(Value::Object(init), &[]);
    if !members.is_empty() {
        init["patternProperties"] = Value::Object(members);
    }
    let mut described = object(
        json!({
            "model": { "const": model.name },
            "size": size(),
            "params": object(Value::Object(params), &[]),
            "init": init,
        }),
        &["model", "size"],
    );
    described["description"] = json!(model.summary);
    described
}

fn projection() -> Value {
    let flag = || json!({ "type": "boolean", "default": true });
    let rules: Vec<Value> = RULES
        .iter()
        .map(|(name, keys)| {
            let mut properties = json!({
                "rule": { "const": name }, "autapses": flag(), "multapses": flag(),
            });
            for key in *keys {
                properties[*key] = rule_key(key);
            }
            let edges = *name == "edges";
            let mut required = vec!["rule"];
            required.extend(keys.iter().filter(|_| !edges));
            object(properties, &required)
        })
        .collect();
    let plasticity: Vec<Value> =
        plasticity::registry().iter().map(|rule| schema_of(rule, &rule_parameter)).collect();
    object(
        json!({
            "source": { "type": "string" },
            "target": { "type": "string" },
            "receptor": { "type": "string" },
            "delay_of": { "enum": ["synapse", "source"], "default": "synapse" },
            "connect": { "oneOf": rules },
            "weight": input("drawn"),
            "delay": definition("drawn", Unit::Ms),
            "plasticity": { "oneOf": plasticity },
            "pruning": pruning::schema(&definition("value", Unit::Ms), &input("value")),
        }),
        &["source", "target", "connect"],
    )
}

/// The value of a parameter of a plasticity rule.
fn rule_parameter(parameter: &Parameter) -> Value {
    match parameter.kind {
        Kind::Choice(words) => json!({ "enum": words, "default": words[0] }),
        Kind::Quantity { measure: Measure::Weight, .. } => input("value"),
        Kind::Quantity { measure: Measure::Of(unit), default, .. } => {
            let mut value = json!({ "allOf": [definition("value", unit)] });
            match (unit, default) {
                (Unit::One, Some(default)) => value["default"] = json!(default),
                (unit, Some(default)) => value["default"] = json!(unit.format(default)),
                (_, None) => {}
            }
            value
        }
    }
}

/// A key of a connection rule.
fn rule_key(key: &str) -> Value {
    let indices = json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } });
    match key {
        "p" | "q" | "p_none" => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        "roots" => json!({ "type": "string" }),
        "number" => json!({ "type": "integer", "minimum": 0 }),
        "file" => json!({ "type": "string", "pattern": "\\.(csv|npz)$" }),
        "weight_scale" => json!({ "type": "number", "default": 1 }),
        "source" | "target" => indices,
        "weight" => json!({ "type": "array", "items": input("value") }),
        "delay" => json!({ "type": "array", "items": definition("value", Unit::Ms) }),
        _ => json!({ "anyOf": [
            { "type": "integer", "minimum": 0 }, definition("law", Unit::One),
        ]}),
    }
}

/// The keys of a selection.
fn selected() -> Value {
    json!({
        "population": { "type": "string" },
        "count": { "type": "integer", "minimum": 1 },
        "neurons": {
            "type": "array",
            "items": { "type": "integer", "minimum": 0 },
            "minItems": 1,
            "uniqueItems": true,
        },
    })
}

fn selection() -> Value {
    let mut selection = object(selected(), &["population"]);
    selection["not"] = json!({ "required": ["count", "neurons"] });
    selection
}

fn target() -> Value {
    json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/selection" }] })
}

fn record() -> Value {
    let mut state = selected();
    state["variables"] = json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 });
    state["interval"] = definition("value", Unit::Ms);
    state["start"] = definition("value", Unit::Ms);
    object(
        json!({
            "spikes": { "default": "all", "anyOf": [
                { "enum": ["all", "none"] },
                { "$ref": "#/$defs/selection" },
                { "type": "array", "items": target() },
            ]},
            "state": {
                "type": "array",
                "items": object(state, &["population", "variables", "interval"]),
            },
            "weights": { "default": false, "anyOf": [
                { "type": "boolean" },
                object(json!({ "every": definition("value", Unit::Ms) }), &["every"]),
            ]},
            "pruned": { "type": "boolean", "default": false },
        }),
        &[],
    )
}
