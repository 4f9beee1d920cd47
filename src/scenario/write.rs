//! A scenario written back as a file, from which the same scenario is read.

use super::{
    Connect, DelayOf, Distribution, Edges, Growth, Model, Neurons, Outside, ParameterValue, Phase,
    Population, Projection, RecordSpikes, Scenario, Selection, Shape, Steps, Teacher, plasticity,
    pruning,
};
use crate::base::{Span, Tick, Unit};
use crate::neuron::lists::StateVariable;
use crate::neuron::receptor;
use std::fmt::Write as _;

/// The effective scenario as a file: all values spelled out, in canonical units, defaults
/// included. What came from files is named, not copied. A scenario read from it equals this one.
pub fn to_toml(scenario: &Scenario) -> String {
    let mut text = String::new();
    let names: Vec<&str> = scenario.populations.iter().map(|p| p.name.as_str()).collect();
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("title = {}", quoted(&scenario.title)));
    line(format!("seed = {}", scenario.seed));
    line(format!("duration = {}", time(scenario.duration)));
    line(format!("resolution = {}", time(scenario.resolution.span())));
    for population in &scenario.populations {
        line(population_table(population));
    }
    for projection in &scenario.projections {
        line(projection_table(projection, scenario));
    }
    for background in &scenario.backgrounds {
        let unit = input_unit(scenario, background.target.population);
        line(format!(
            "\n[[background]]\ntarget = {}\nrate = {}\nweight = {}",
            selection(&background.target, &names),
            steps(&background.rate_hz, Unit::Hz),
            value(background.weight, unit),
        ));
    }
    for current in &scenario.currents {
        line(format!(
            "\n[[current]]\ntarget = {}\ncurrent = {}",
            selection(&current.target, &names),
            steps(&current.current_pa, Unit::Pa),
        ));
    }
    for teacher in &scenario.teachers {
        line(teacher_table(teacher, &names));
    }
    line(record_table(scenario, &names));
    text
}

/// A text in quotation marks, as TOML wants it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

/// A quantity as TOML: a text with its unit, or a plain number.
fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::One => format!("{value:?}"),
        _ => format!("\"{value:?} {}\"", unit.symbol()),
    }
}

/// A time, in ms where that is exact.
fn time(span: Span) -> String {
    match Span::from_ms(span.ms()) {
        Some(same) if same == span => format!("\"{} ms\"", span.ms()),
        _ => format!("\"{} ns\"", span.0),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn law(law: &Distribution, unit: Unit) -> String {
    let of = |v: f64| value(v, unit);
    let mut bounds = String::new();
    for (key, bound) in [("min", law.min), ("max", law.max), ("step", law.step)] {
        if let Some(bound) = bound {
            let _ = write!(bounds, ", {key} = {}", of(bound));
        }
    }
    if law.outside == Outside::Clip {
        bounds.push_str(", outside = \"clip\"");
    }
    match &law.shape {
        Shape::Constant(constant) => of(*constant),
        Shape::Values(values) => {
            format!("{{ values = {} }}", list(values.iter().map(|v| of(*v))))
        }
        Shape::Uniform { low, high } => {
            format!("{{ uniform = [{}, {}]{bounds} }}", of(*low), of(*high))
        }
        Shape::Normal { mean, sd } => {
            format!("{{ normal = {{ mean = {}, sd = {}{bounds} }} }}", of(*mean), of(*sd))
        }
        Shape::Lognormal { median, sigma } => {
            let median = of(*median);
            format!("{{ lognormal = {{ median = {median}, sigma = {sigma:?}{bounds} }} }}")
        }
        Shape::Exponential { mean } => {
            format!("{{ exponential = {{ mean = {}{bounds} }} }}", of(*mean))
        }
    }
}

/// A whole number of partners, or its law.
fn degree(degree: &Distribution) -> String {
    match degree.as_constant() {
        Some(constant) => format!("{constant}"),
        None => law(degree, Unit::One),
    }
}

fn steps(steps: &Steps, unit: Unit) -> String {
    match steps.steps[..] {
        [(Tick::ZERO, constant)] => value(constant, unit),
        _ => {
            let pair = |&(at, height): &(Tick, f64)| {
                format!("[{}, {}]", time(Span(at.0)), value(height, unit))
            };
            format!("{{ steps = {} }}", list(steps.steps.iter().map(pair)))
        }
    }
}

fn population_table(population: &Population) -> String {
    let mut text = format!(
        "\n[population.{}]\nmodel = \"{}\"\nsize = {}\n",
        population.name,
        population.model.name(),
        population.size
    );
    match &population.model {
        Model::Neuron { descriptor, parameters, initial } => {
            let pairs = descriptor.parameters.iter().zip(parameters).map(|(p, v)| match v {
                ParameterValue::Drawn(Distribution { shape: Shape::Values(values), .. })
                    if p.range.is_list() =>
                {
                    format!("{} = {}", p.name, list(values.iter().map(|v| value(*v, p.unit))))
                }
                ParameterValue::Drawn(drawn) => format!("{} = {}", p.name, law(drawn, p.unit)),
                ParameterValue::ForPeriod(period) => {
                    format!("{} = {{ period = {} }}", p.name, law(period, Unit::Ms))
                }
            });
            let _ = writeln!(text, "params = {{ {} }}", pairs.collect::<Vec<_>>().join(", "));
            let given = |(v, _): &(&StateVariable, _)| v.is_given();
            let variables = population.model.variables();
            let pairs = variables.iter().zip(initial).filter(given);
            let pairs: Vec<String> =
                pairs.map(|(v, i)| format!("{} = {}", v.name, law(i, v.unit))).collect();
            if !pairs.is_empty() {
                let _ = writeln!(text, "init = {{ {} }}", pairs.join(", "));
            }
        }
        Model::Poisson { rate_hz } => {
            let _ = writeln!(text, "params = {{ rate = {} }}", steps(rate_hz, Unit::Hz));
        }
        Model::CorrelatedPoisson { rate_hz, correlation, jitter } => {
            let (rate, jitter) = (steps(rate_hz, Unit::Hz), time(*jitter));
            let _ = writeln!(
                text,
                "params = {{ rate = {rate}, correlation = {correlation}, jitter = {jitter} }}"
            );
        }
        Model::SpikeSource { file: Some(name), .. } => {
            let _ = writeln!(text, "params = {{ file = {} }}", quoted(name));
        }
        Model::SpikeSource { times, file: None } => {
            let train = |train: &Vec<Tick>| list(train.iter().map(|at| time(Span(at.0))));
            let times = list(times.iter().map(train));
            let _ = writeln!(text, "params = {{ times = {times} }}");
        }
    }
    text.pop();
    text
}

/// The unit of weights on to a population.
fn input_unit(scenario: &Scenario, population: usize) -> Unit {
    let model = scenario.populations.get(population).map(|population| &population.model);
    model.and_then(Model::descriptor).map_or(Unit::One, |descriptor| descriptor.input)
}

fn projection_table(projection: &Projection, scenario: &Scenario) -> String {
    let name = |index: usize| scenario.populations.get(index).map_or("", |p| p.name.as_str());
    let receptor = projection.receptor.checked_sub(1).and_then(|number| {
        let model = scenario.populations.get(projection.target)?.model.descriptor()?;
        receptor::receptors(model).get(number)
    });
    let unit = receptor.map_or(input_unit(scenario, projection.target), |receptor| receptor.unit);
    let mut keys = String::new();
    if let Some(receptor) = receptor {
        let _ = write!(keys, "\nreceptor = \"{}\"", receptor.name);
    }
    if projection.delay_of == DelayOf::Source {
        keys.push_str("\ndelay_of = \"source\"");
    }
    let rule = match &projection.connect {
        Connect::AllToAll => "rule = \"all_to_all\"".to_string(),
        Connect::OneToOne => "rule = \"one_to_one\"".to_string(),
        Connect::FixedIndegree(law) => {
            format!("rule = \"fixed_indegree\", indegree = {}", degree(law))
        }
        Connect::FixedOutdegree(law) => {
            format!("rule = \"fixed_outdegree\", outdegree = {}", degree(law))
        }
        Connect::FixedTotalNumber(number) => {
            format!("rule = \"fixed_total_number\", number = {number}")
        }
        Connect::PairwiseBernoulli(p) => format!("rule = \"pairwise_bernoulli\", p = {p:?}"),
        Connect::Growth(Growth { roots, p, q, p_none }) => {
            let roots = name(*roots);
            format!(
                "rule = \"growth\", roots = \"{roots}\", p = {p:?}, q = {q:?}, p_none = {p_none:?}"
            )
        }
        Connect::Edges(edges) => format!("rule = \"edges\", {}", edge_keys(edges, unit)),
    };
    let Projection { autapses, multapses, .. } = projection;
    let prunings = match projection.pruning.as_slice() {
        [] => String::new(),
        some => format!("\npruning = {}", pruning::list(some, unit, &value, &time)),
    };
    format!(
        "\n[[projection]]\nsource = \"{}\"\ntarget = \"{}\"{keys}\n\
         connect = {{ {rule}, autapses = {autapses}, multapses = {multapses} }}\n\
         weight = {}\ndelay = {}\nplasticity = {}{prunings}",
        name(projection.source),
        name(projection.target),
        law(&projection.weight, unit),
        law(&projection.delay_ms, Unit::Ms),
        plasticity::table(
            &projection.plasticity,
            unit,
            &|index| name(index).to_string(),
            &value,
            &time
        ),
    )
}

fn teacher_table(teacher: &Teacher, names: &[&str]) -> String {
    let score = match &teacher.score.file {
        Some(file) => quoted(file),
        None => {
            let element = |on: &Vec<u32>| list(on.iter().map(u32::to_string));
            list(teacher.score.elements.iter().map(element))
        }
    };
    let phase =
        |&(at, phase): &(Tick, Phase)| format!("[{}, \"{}\"]", time(Span(at.0)), phase.name());
    format!(
        "\n[[teacher]]\ntarget = \"{}\"\nscore = {score}\nelements = {}\nelement = {}\n\
         on = {}\noff = {}\nramp = {}\nstep = {}\nclamp = {}\nphases = {}",
        names[teacher.population],
        teacher.score.elements.len(),
        time(teacher.element),
        value(teacher.on_mv, Unit::Mv),
        value(teacher.off_mv, Unit::Mv),
        value(teacher.ramp_ms, Unit::Ms),
        time(teacher.step),
        value(teacher.clamp_mv, Unit::Mv),
        list(teacher.phases.iter().map(phase)),
    )
}

fn edge_keys(edges: &Edges, unit: Unit) -> String {
    if let Some(file) = &edges.file {
        let name = quoted(&file.name);
        return format!("file = {name}, weight_scale = {:?}", file.weight_scale);
    }
    let indices = |ends: &[u32]| list(ends.iter().map(u32::to_string));
    let mut keys =
        format!("source = {}, target = {}", indices(&edges.source), indices(&edges.target));
    if let Some(weights) = &edges.weight {
        let weights = list(weights.iter().map(|&w| value(f64::from(w), unit)));
        let _ = write!(keys, ", weight = {weights}");
    }
    if let Some(delays) = &edges.delay {
        let _ = write!(keys, ", delay = {}", list(delays.iter().map(|&delay| time(delay))));
    }
    keys
}

/// The keys of a selection.
fn selected(selection: &Selection, names: &[&str]) -> String {
    let population = format!("population = \"{}\"", names[selection.population]);
    match &selection.neurons {
        Neurons::All => population,
        Neurons::First(count) => format!("{population}, count = {count}"),
        Neurons::List(neurons) => {
            format!("{population}, neurons = {}", list(neurons.iter().map(u32::to_string)))
        }
    }
}

fn selection(selection: &Selection, names: &[&str]) -> String {
    format!("{{ {} }}", selected(selection, names))
}

fn record_table(scenario: &Scenario, names: &[&str]) -> String {
    let record = &scenario.record;
    let spikes = match &record.spikes {
        RecordSpikes::All => "\"all\"".to_string(),
        RecordSpikes::None => "\"none\"".to_string(),
        RecordSpikes::Some(selections) => list(selections.iter().map(|s| selection(s, names))),
    };
    let state = record.state.iter().map(|state| {
        let model = &scenario.populations[state.target.population].model;
        let variables = model.variables();
        let variables = state.variables.iter().map(|&index| quoted(&variables[index].name));
        format!(
            "{{ {}, variables = {}, interval = {}, start = {} }}",
            selected(&state.target, names),
            list(variables),
            time(state.interval),
            time(Span(state.start.0))
        )
    });
    let state = list(state);
    let weights = match record.weights_every {
        Some(every) => format!("{{ every = {} }}", time(every)),
        None => record.weights.to_string(),
    };
    let pruned = record.pruned;
    format!(
        "\n[record]\nspikes = {spikes}\nstate = {state}\nweights = {weights}\npruned = {pruned}"
    )
}
