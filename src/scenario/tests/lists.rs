//! Parameters that are lists, and variables of which there are as many.

use super::{files, read};
use crate::base::Unit;
use crate::scenario::{
    Distribution, Model, NoFiles, Problems, RecordState, Scenario, Selection, Source, parse,
    to_toml,
};
use crate::scenario::{Neurons, Override};

/// A population of neurons with components, whose tables hold this.
fn adapting(params: &str, init: &str, variables: &str) -> Result<Scenario, Problems> {
    read(&format!(
        "duration = \"1 s\"\n[population.a]\nmodel = \"glif\"\nsize = 3\n\
         params = {{ {params} }}\ninit = {{ {init} }}\n\
         [record]\nstate = [{{ population = \"a\", variables = [{variables}], interval = \"1 ms\" }}]\n"
    ))
}

fn initial(scenario: &Scenario) -> Vec<(String, Distribution)> {
    let model = &scenario.populations[0].model;
    let Model::Neuron { initial, .. } = model else { unreachable!("neurons") };
    let names = model.variables().into_iter().map(|variable| variable.name.into_owned());
    names.zip(initial.iter().cloned()).collect()
}

#[test]
fn variables_are_as_many_as_a_list_has_values() {
    let scenario = adapting(
        "asc_jump = [\"-10 pA\", \"1 nA\"], tau_asc = [\"30 ms\", \"2 s\"], \
         th_jump = [\"1 mV\"], tau_th = { values = [\"9 ms\"] }",
        "asc_2 = \"5 pA\", th_1 = { uniform = [\"0 mV\", \"1 mV\"] }",
        "\"v_m\", \"asc\", \"th\", \"asc_2\", \"th_1\"",
    )
    .unwrap_or_else(|problems| panic!("{problems}"));
    let initial = initial(&scenario);
    let names: Vec<&str> = initial.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["v_m", "i_syn_ex", "i_syn_in", "asc", "th", "asc_1", "asc_2", "th_1"]);
    assert_eq!(initial[6].1, Distribution::constant(5.0));
    assert_eq!(scenario.record.state[0].variables, [0, 3, 4, 6, 7]);
    let written = to_toml(&scenario);
    assert!(written.contains("asc_jump = [\"-10.0 pA\", \"1000.0 pA\"]"), "{written}");
    assert_eq!(read(&written).unwrap_or_else(|problems| panic!("{problems}")), scenario);
    assert_eq!(scenario.validate(), Ok(()));
}

#[test]
fn a_list_of_hundreds_is_a_list() {
    let list = |value: &str| vec![format!("\"{value}\""); 300].join(", ");
    let params = format!("th_jump = [{}], tau_th = [{}]", list("0.01 mV"), list("7 ms"));
    let scenario = adapting(&params, "th_300 = \"1 mV\"", "\"th_299\"").unwrap();
    assert_eq!(initial(&scenario).len(), 305);
    assert_eq!(read(&to_toml(&scenario)).unwrap(), scenario);
}

#[test]
fn wrong_lists_are_named_where_they_stand() {
    let both = "asc_jump = [\"-10 pA\", \"1 pA\"], tau_asc = [\"30 ms\", \"2 ms\"]";
    for (params, init, variables, words) in [
        ("asc_jump = [\"1 pA\"]", "", "\"v_m\"", &["asc_jump has 1 values and tau_asc 0"][..]),
        ("tau_th = [\"1 ms\"]", "", "\"v_m\"", &["th_jump has 0 values and tau_th 1"]),
        ("th_jump = \"1 mV\"", "", "\"v_m\"", &["[...] or { file"]),
        ("th_jump = [\"1 pA\"], tau_th = [\"1 ms\"]", "", "\"v_m\"", &["pA"]),
        ("th_jump = [\"1 mV\"], tau_th = [\"-1 ms\"]", "", "\"v_m\"", &["greater than zero"]),
        ("th_jump_1 = \"1 mV\"", "", "\"v_m\"", &["no parameter `th_jump_1`", "`th_jump`"]),
        (both, "asc_3 = \"1 pA\"", "\"v_m\"", &["no variable `asc_3`", "asc_1, asc_2"]),
        (both, "asc = \"1 pA\"", "\"v_m\"", &["no variable `asc`"]),
        (both, "th_1 = \"1 mV\"", "\"asc_2\"", &["no variable `th_1`"]),
        (both, "", "\"asc_0\"", &["no variable `asc_0`"]),
    ] {
        let problems = adapting(params, init, variables).expect_err(params).to_string();
        for word in words {
            assert!(problems.contains(word), "{params}, {init}: {word} is missing in {problems}");
        }
    }
    // The caret stands under the value, not under the list.
    let text = "duration = \"1 s\"\n[population.a]\nmodel = \"glif\"\nsize = 1\n\
                [population.a.params]\nth_jump = [\"1 mV\", \"1 mV\"]\n\
                tau_th = [\"1 ms\",\n  \"0 ms\"]\n";
    let problems = read(text).unwrap_err();
    assert_eq!((problems.0[0].line, problems.0[0].column), (8, 3), "{problems}");
}

#[test]
fn lists_come_from_files_and_overrides() {
    let file = |name: &str| match name {
        "taus.csv" => Ok("value\n10\n200\n".into()),
        other => files(other),
    };
    let text = "duration = \"1 s\"\n[population.a]\nmodel = \"adaptive_glif\"\nsize = 1\n\
                params = { tau_th = { file = \"taus.csv\" } }\n";
    let overrides: Vec<Override> = vec!["population.a.params.th_jump=[\"37 mV\", \"2 mV\"]".into()];
    let scenario = parse(&Source::new("test.toml", text), &file, &overrides)
        .unwrap_or_else(|problems| panic!("{problems}"));
    let inline = text.replace("{ file = \"taus.csv\" }", "[\"10 ms\", \"200 ms\"]");
    let same = parse(&Source::new("test.toml", &*inline), &NoFiles, &overrides).unwrap();
    assert_eq!(scenario, same);
}

#[test]
fn a_list_set_in_code_keeps_what_was_given_and_recorded() {
    let mut network = Scenario::new("code");
    let cells = network.add_population("cells", 2, "adaptive_glif").unwrap();
    let place = |network: &Scenario, name: &str| {
        let variables = network.populations[0].model.variables();
        variables.iter().position(|variable| variable.name == name)
    };
    let set = |network: &mut Scenario, name: &str, value: &str| {
        network.set(cells, name, value).unwrap_or_else(|problems| panic!("{name}: {problems}"));
    };
    set(&mut network, "th_jump", "['1 mV', '2 mV']");
    set(&mut network, "tau_th", "['10 ms', '20 ms']");
    set(&mut network, "th_2", "'3 mV'");
    set(&mut network, "gain", "1.5");
    let recorded = ["v_m", "th_2"].map(|name| place(&network, name).unwrap());
    network.record.state.push(RecordState {
        target: Selection { population: 0, neurons: Neurons::All },
        variables: recorded.to_vec(),
        interval: crate::base::Span::from_whole_ms(1),
        start: crate::base::Tick::ZERO,
    });
    set(&mut network, "asc_jump", "['-5 pA', '-7 pA', '9 pA']");
    assert!(network.validate().is_err(), "tau_asc is still empty");
    set(&mut network, "tau_asc", "['10 ms', '20 ms', '50 ms']");
    assert_eq!(network.validate(), Ok(()));
    let now = ["v_m", "th_2"].map(|name| place(&network, name).unwrap());
    assert!(network.record.state[0].variables == now && now != recorded);
    let initial = initial(&network);
    assert_eq!(initial[now[1]], ("th_2".into(), Distribution::constant(3.0)));
    let gain = place(&network, "gain").unwrap();
    assert_eq!(initial[gain].1, Distribution::constant(1.5));
    assert_eq!(network.populations[0].model.variables()[now[1]].unit, Unit::Mv);
    // What is recorded and not there any more is refused.
    set(&mut network, "th_jump", "['1 mV']");
    set(&mut network, "tau_th", "['10 ms']");
    let problems = network.validate().expect_err("th_2 is gone");
    assert_eq!(problems.len(), 1, "{problems:?}");
}
