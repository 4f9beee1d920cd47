//! What the room promises as a whole: every rule of the grammar, every code, the way back.

mod codes;
mod lists;
mod mutations;
mod numbers;
mod scaling;

use super::{
    Connect, FilesIn, Model, Neurons, NoFiles, Override, ParameterValue, Problems, RecordSpikes,
    Scenario, Shape, Source, parse, schema, starter, to_toml,
};
use crate::base::{Span, Tick};
use crate::{neuron, plasticity};
use std::io;

/// A scenario that uses all of the grammar.
const BASE: &str = include_str!("base.toml");
const INPUT: &str = "neuron,time_ms\n2,3.5\n0,1\n0,0.52\n0,0.48\n";
const EDGES: &str = "source,target,weight,delay_ms\n0,99,0.5,1.5\n2,0,-1,0.01\n";

/// The files of the base scenario.
fn files(name: &str) -> io::Result<Vec<u8>> {
    match name {
        "input.csv" => Ok(INPUT.into()),
        "edges.csv" => Ok(EDGES.into()),
        _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
    }
}

fn read(text: &str) -> Result<Scenario, Problems> {
    parse(&Source::new("test.toml", text), &files, &[])
}

fn read_with(overrides: &[&str]) -> Result<Scenario, Problems> {
    let overrides: Vec<Override> = overrides.iter().map(|&text| text.into()).collect();
    parse(&Source::new("test.toml", BASE), &files, &overrides)
}

#[test]
fn the_grammar_becomes_the_data() {
    let scenario = read(BASE).unwrap();
    assert_eq!((scenario.seed, scenario.duration), (7, Span::from_whole_ms(1000)));
    let names: Vec<&str> = scenario.populations.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["exc", "inh", "two", "drive", "input", "filed"]);
    assert_eq!(scenario.neurons(), 157);
    assert_eq!(scenario.population_index("drive"), Some(3));
    let Model::Neuron { descriptor, parameters, .. } = &scenario.populations[1].model else {
        panic!("inh is a neuron");
    };
    let period = &parameters[descriptor.parameter("i_e").unwrap()];
    let uniform = Shape::Uniform { low: 50.0, high: 60.0 };
    assert_eq!(*period, ParameterValue::ForPeriod(uniform.into()));
    let Model::SpikeSource { times, file } = &scenario.populations[5].model else {
        panic!("filed is a spike source");
    };
    // 0.48 ms and 0.52 ms meet on the grid of 0.1 ms, and are one spike.
    assert_eq!(times[0], [Tick(500_000), Tick(1_000_000)]);
    assert_eq!((&times[2][..], file.as_deref()), (&[Tick(3_500_000)][..], Some("input.csv")));
    let Connect::Edges(edges) = &scenario.projections[5].connect else { panic!("edges") };
    assert_eq!(edges.weight.as_deref(), Some(&[1.0, -2.0][..]));
    assert_eq!(edges.delay.as_deref(), Some(&[Span(1_500_000), Span(100_000)][..]));
    assert!(!scenario.projections[0].multapses && scenario.projections[1].multapses);
    assert_eq!(scenario.currents[0].target.neurons, Neurons::List(vec![0, 3]));
    let RecordSpikes::Some(recorded) = &scenario.record.spikes else { panic!("some") };
    assert_eq!(recorded[1].neurons, Neurons::First(3));
    assert_eq!(scenario.validate(), Ok(()));
}

#[test]
fn what_is_written_is_read_back_equal() {
    let scenario = read(BASE).unwrap();
    let text = to_toml(&scenario);
    let again = read(&text).unwrap_or_else(|problems| panic!("{}{text}", problems.render(false)));
    assert_eq!(again, scenario);
    assert_eq!(to_toml(&again), text);
    for change in [
        "seed=18446744073709551615",
        "title=\"a \\\" b\\n\\u00e9\"",
        "duration=9007199254740991 ns",
        "projection.2.pruning=[{ at = \"1 s\", fraction = 0.1 }, { at = [\"1 ns\", \"2 s\"], \
         below = \"0.3 mV\" }]",
        "record.pruned=true",
    ] {
        let scenario = read_with(&[change]).unwrap();
        assert_eq!(read(&to_toml(&scenario)).unwrap(), scenario, "{change}");
    }
}

#[test]
fn correlated_sources_and_sampled_weights_are_read_written_and_refused() {
    let model = "population.drive={ model = \"correlated_poisson\", size = 7, params = { \
                 rate = { steps = [[\"0 ms\", \"5 Hz\"]] }, correlation = 0.25, \
                 jitter = \"2 ms\" } }";
    let scenario = read_with(&[model, "record.weights={ every = \"30 ms\" }"]).unwrap();
    let drive = scenario.population_index("drive").unwrap();
    let Model::CorrelatedPoisson { correlation, jitter, .. } = scenario.populations[drive].model
    else {
        panic!("drive is correlated");
    };
    assert_eq!((correlation, jitter), (0.25, Span::from_whole_ms(2)));
    assert_eq!(scenario.record.weights_every, Some(Span::from_whole_ms(30)));
    assert!(scenario.record.weights);
    assert_eq!(read(&to_toml(&scenario)).unwrap(), scenario);
    for (change, path) in [
        ("population.drive.params.correlation=0", "population.drive.params.correlation"),
        ("population.drive.params.correlation=1.5", "population.drive.params.correlation"),
        ("population.drive.params.correlation=1e-320", "population.drive.params.correlation"),
        ("population.drive.params.jitter=-1 ms", "population.drive.params.jitter"),
        ("population.drive.params.rate=-1 Hz", "population.drive.params.rate"),
        ("record.weights.every=0 ms", "record.weights.every"),
        ("record.weights={ often = true }", "record.weights.often"),
        ("projection.2.pruning=[{ at = \"1 ms\", fraction = 0.5 }]", "record.weights"),
    ] {
        let problems = read_with(&[model, "record.weights={ every = \"30 ms\" }", change]);
        let found = problems.err().unwrap_or_else(|| panic!("{change} was read")).lines();
        assert!(found.contains(path), "{change}: {found}");
    }
    let mut built = Scenario::new("t");
    let pairs = built.add_population("pairs", 3, "correlated_poisson").unwrap();
    built.set(pairs, "rate", "5 Hz").unwrap();
    built.set(pairs, "correlation", "0.5").unwrap();
    built.set(pairs, "jitter", "1 ms").unwrap();
    assert!(built.set(pairs, "correlation", "2").is_err());
    assert!(built.set(pairs, "corelation", "0.5").unwrap_err().lines().contains("correlation"));
}

#[test]
fn every_plasticity_rule_is_read_written_and_read_again() {
    // Rules that heed their targets need one that teaches; theirs is the next test.
    for rule in plasticity::registry().iter().filter(|rule| !plasticity::heeds(rule)) {
        let mut text = format!("rule = \"{}\"", rule.name);
        for parameter in rule.parameters {
            if let plasticity::Kind::Quantity { default: None, .. } = parameter.kind {
                text += &format!(", {} = \"1.25 mV\"", parameter.name);
            }
        }
        if rule.modulated {
            text += ", modulator = \"drive\", modulator_delay = \"0.3 ms\"";
        }
        if rule.name != "fixed" {
            text += ", dendritic_delay = \"half\"";
        }
        if rule.parameters.iter().any(|parameter| parameter.name == "threshold") {
            // The weights of the file are a hundredth of the bound.
            text += ", threshold = 0.001";
        }
        let change = format!("projection.2.plasticity={{ {text} }}");
        let scenario = read_with(&[&change]).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(scenario.projections[2].plasticity.rule.name, rule.name);
        assert_eq!(read(&to_toml(&scenario)).unwrap(), scenario, "{}", rule.name);
        let mut built = read(BASE).unwrap();
        built.set_plasticity(2, &format!("{{ {text} }}").replace('"', "'")).unwrap();
        assert_eq!(built, scenario, "{}", rule.name);
        let refused = built.set_plasticity(2, "{ rule = 'stdp', w_max = '1 pA' }").unwrap_err();
        assert!(refused.lines().contains("projection.2.plasticity.w_max"), "{refused}");
        assert_eq!(built, scenario);
    }
}

#[test]
fn what_learns_with_dendrites_is_read_written_and_read_again() {
    let text = std::fs::read_to_string("scenarios/elise.toml").unwrap();
    let inline = "teacher.0.score=[[0], [3, 1], []]";
    let with = |changes: &[&str]| {
        let mut all = vec![inline.into(), "teacher.0.elements=3".into()];
        all.extend(changes.iter().map(|&change| change.into()));
        parse(&Source::new("elise.toml", text.as_str()), &NoFiles, &all)
    };
    let scenario = with(&[]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(read(&to_toml(&scenario)).unwrap(), scenario);
    for (change, path) in [
        ("projection.0.receptor=axon", "projection.0.receptor"),
        ("projection.0.weight=\"1 mV\"", "projection.0.weight"),
        ("projection.0.connect.roots=latent", "projection.0.connect.roots"),
        ("projection.0.connect.q=0", "projection.0.connect.q"),
        ("projection.0.delay_of=target", "projection.0.delay_of"),
        ("projection.2.plasticity.tau=11 ms", "projection.2.plasticity.tau"),
        ("projection.2.plasticity.dendritic_delay=1 ms", "projection.2.plasticity.dendritic_delay"),
        ("projection.2.pruning=[{ at = \"1 s\", fraction = 0.5 }]", "projection.2.plasticity"),
        ("record.weights={ every = \"1 s\" }", "record.weights"),
        ("teacher.0.score=[[13], [], []]", "teacher.0.score"),
        ("teacher.0.step=3 ms", "teacher.0.step"),
        ("teacher.0.on=0 mV", "teacher.0.on"),
        ("teacher.0.phases=[[\"1 s\", \"teach\"], [\"1 s\", \"free\"]]", "teacher.0.phases"),
        ("population.visible.init={ u = \"-70 mV\" }", "population.visible.init.u"),
    ] {
        let problems = with(&[change]);
        let found = problems.err().unwrap_or_else(|| panic!("{change} was read")).lines();
        assert!(found.contains(path), "{change}: {found}");
    }
}

/// A neuron keeps one integral for the filters of all its synapses, so no projection may have another than its
/// target. The problem stands at the one that does not fit, with what would.
#[test]
fn filters_of_one_neuron_are_alike() {
    let text = std::fs::read_to_string("scenarios/elise.toml").unwrap();
    let read = |target: &str, filters: [&str; 2]| {
        let mut text = text.replace("floor = 0.0266 }", &format!("floor = 0.0266{target} }}"));
        // Projections 2 and 4 reach the visible neurons.
        for (number, filter) in [2usize, 4].into_iter().zip(filters) {
            let (place, _) = text.match_indices("eta = ").nth(number - 2).unwrap();
            text.insert_str(place, filter);
        }
        let inline = ["teacher.0.score=[[0], [3, 1], []]", "teacher.0.elements=3"];
        let changes = inline.map(Override::from);
        (parse(&Source::new("elise.toml", text.as_str()), &NoFiles, &changes), text)
    };
    let (slow, fast) = ("tau_delta = \"100 ms\", ", "tau_delta = \"50 ms\", ");
    let target = ", tau_delta = \"100 ms\"";
    for (target, filters) in
        [(target, [slow, slow]), (target, ["", slow]), (target, ["", ""]), ("", ["", ""])]
    {
        let (scenario, _) = read(target, filters);
        scenario.unwrap_or_else(|problems| panic!("{problems}"));
    }
    let twice = ", tau_delta = \"30 ms\"";
    let (else_none, else_other) = ("or 0 ms for no filter", "or a target that has the same");
    for (target, filters, expected) in [
        (target, [slow, fast], vec![(4, 50, 100, else_none)]),
        ("", ["", fast], vec![(4, 50, 0, else_other)]),
        (twice, [slow, fast], vec![(2, 100, 30, else_none), (4, 50, 30, else_none)]),
    ] {
        let (scenario, text) = read(target, filters);
        let problems = scenario.unwrap_err();
        assert_eq!(problems.0.len(), expected.len(), "{problems}");
        for (problem, (projection, asked, kept, or)) in problems.0.iter().zip(expected) {
            let expected = format!(
                "`projection.{projection}.plasticity.tau_delta`: tau_delta is {asked} ms, and the \
                 target has {kept} ms; allowed: {kept} ms, {or}"
            );
            assert_eq!(problem.message(), expected);
            assert_eq!((problem.file.as_str(), problem.code.as_str()), ("elise.toml", "S013"));
            let (place, _) = text.match_indices("plasticity = {").nth(projection - 2).unwrap();
            assert_eq!(problem.line, 1 + text[..place].matches('\n').count(), "{problem}");
            let shown = format!("\"{asked} ms\"");
            assert!(text[problem.span.start..].starts_with(&shown), "{problem}");
        }
    }
}

#[test]
fn overrides_change_values_and_are_named_in_problems() {
    let changed = read_with(&[
        "duration=2 s",
        "population.exc.params.tau_m=\"10 ms\"",
        "projection.0.delay=2 ms",
        "population.new.model=poisson",
        "population.new.size=3",
        "population.new.params.rate=5 Hz",
    ])
    .unwrap();
    assert_eq!(changed.duration, Span::from_whole_ms(2000));
    assert_eq!(changed.projections[0].delay_ms.as_constant(), Some(2.0));
    assert_eq!(changed.populations.last().map(|p| p.name.as_str()), Some("new"));
    let problems = read_with(&["population.exc.params.tau_m = 10 mV"]).unwrap_err();
    let problem = &problems.0[0];
    assert_eq!((problem.file.as_str(), problem.line, problem.column), ("--set", 1, 31));
    assert_eq!(problem.code.as_str(), "S006");
    assert_eq!(problem.path, "population.exc.params.tau_m");
}

#[test]
fn all_problems_come_at_once_with_lines_and_near_names() {
    let text = BASE
        .replace("duration = \"1 s\"", "duraton = \"1 s\"")
        .replace("tau_m = \"20 ms\"", "tau_n = \"20 ms\"")
        .replace("indegree = 80", "indegree = \"80\"")
        .replace("source = \"drive\"", "source = \"drvie\"")
        .replace("rate = \"2 kHz\"", "rate = \"2 kHZ\"");
    let problems = read(&text).unwrap_err();
    let found: Vec<(usize, &str)> =
        problems.0.iter().map(|problem| (problem.line, problem.code.as_str())).collect();
    assert_eq!(
        found,
        [(1, "S004"), (3, "S002"), (9, "S011"), (41, "S005"), (54, "S009"), (93, "S006")],
        "{problems}"
    );
    let drawn = problems.render(false);
    for near in ["`duration`?", "`tau_m`?", "`drive`?", "Hz, kHz, 1/s"] {
        assert!(drawn.contains(near), "{near}: {drawn}");
    }
    assert!(problems.render(true).contains('\u{1b}'), "colour");
    assert_eq!(problems.lines().lines().count(), problems.0.len());
}

#[test]
fn scenarios_changed_in_code_are_held_to_the_same_rules() {
    let break_it = |change: fn(&mut Scenario)| {
        let mut scenario = read(BASE).unwrap();
        change(&mut scenario);
        let findings = scenario.validate().unwrap_err();
        findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(break_it(|s| s.duration = Span::ZERO), ["S016"]);
    assert_eq!(break_it(|s| s.populations[1].name = "exc".into()), ["S003"]);
    assert_eq!(break_it(|s| s.projections[0].target = 99), ["S009"]);
    assert_eq!(break_it(|s| s.projections[2].target = 3), ["S024"]);
    assert_eq!(break_it(|s| s.backgrounds[0].weight = f64::NAN), ["S007"]);
    assert_eq!(break_it(|s| s.projections[0].connect = Connect::fixed_indegree(100)), ["S018"]);
}

#[test]
fn the_starter_parses() {
    let mut text = starter().to_string();
    if neuron::find("lif_exp").is_none() {
        text = text.replace("lif_exp", "lif_delta").replace(" pA\"", " mV\"");
        text = text.replace(", tau_syn_ex = \"2 ms\", tau_syn_in = \"2 ms\"", "");
    }
    let scenario = parse(&Source::new("starter.toml", text), &NoFiles, &[]);
    let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    assert_eq!(scenario.neurons(), 1000);
}

#[test]
fn the_schema_knows_every_model_and_resolves_its_references() {
    let schema = schema();
    let text = schema.to_string();
    for descriptor in neuron::registry() {
        for name in descriptor.parameters.iter().map(|p| p.name).chain([descriptor.name]) {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
    }
    for rule in plasticity::registry() {
        for name in rule.parameters.iter().map(|p| p.name).chain([rule.name]) {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
    }
    for part in text.split("#/$defs/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schema["$defs"].get(name).is_some(), "{name}");
    }
}

#[test]
fn files_are_found_beside_the_scenario() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("input.csv"), INPUT).unwrap();
    std::fs::write(directory.path().join("edges.csv"), EDGES).unwrap();
    let scenario = directory.path().join("scenario.toml");
    let source = Source::new("scenario.toml", BASE);
    assert_eq!(parse(&source, &FilesIn::beside(&scenario), &[]), read(BASE));
    assert!(parse(&source, &NoFiles, &[]).unwrap_err().lines().contains("S025"));
}
