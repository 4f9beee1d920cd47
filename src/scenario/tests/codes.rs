//! Every code is used by some nonsense, and every code in use is explained.

use super::super::{Scale, codes};
use super::{BASE, files, read_with};
use crate::scenario::{Problems, Source, parse};

/// A change of the base scenario by an override, and the code that it must lead to.
const BY_OVERRIDE: &[(&str, &str)] = &[
    ("S002", "duraton=1 s"),
    ("S002", "projection.0.connect.outdegree=3"),
    ("S002", "population.exc.sise=3"),
    ("S004", "population.exc={ model = \"lif_delta\" }"),
    ("S004", "projection.2={ source = \"exc\", target = \"exc\" }"),
    ("S004", "population={}"),
    ("S005", "population.exc.size=\"many\""),
    ("S005", "record=3"),
    ("S006", "projection.2.delay=1.5"),
    ("S006", "projection.2.delay=1.5 mV"),
    ("S006", "projection.2.delay=ms"),
    ("S007", "projection.2.weight=nan mV"),
    ("S007", "projection.2.connect.p=inf"),
    ("S008", "projection.2.connect.p=1.5"),
    ("S008", "population.exc.params.tau_m=-1 ms"),
    ("S008", "population.exc.params.tau_m=1e-300 ms"),
    ("S008", "population.exc.params.i_e=1e300 pA"),
    ("S008", "population.exc.params.t_ref=1e290 ms"),
    ("S008", "population.exc.size=0"),
    ("S008", "population.drive.params.rate=2e9 Hz"),
    ("S008", "population.drive.params.rate=-1 Hz"),
    ("S008", "seed=-1"),
    ("S008", "seed=18446744073709551616"),
    ("S009", "projection.0.source=ext"),
    ("S009", "scale={ factor = 0.5, rates = { ext = \"1 Hz\" } }"),
    ("S010", "population.exc.model=lif"),
    ("S011", "population.exc.params.tau=1 ms"),
    ("S011", "population.exc.init.u=1 mV"),
    ("S011", "record.state.0.variables=[\"u\"]"),
    ("S012", "projection.0.connect.rule=all2all"),
    ("S012", "projection.0.plasticity.rule=stpd"),
    ("S012", "projection.0.plasticity.pairing=all"),
    ("S002", "projection.0.plasticity.tau_plu=1 ms"),
    ("S002", "projection.0.plasticity={ rule = \"fixed\", w_max = \"1 mV\" }"),
    ("S004", "projection.0.plasticity={ rule = \"stdp_triplet\" }"),
    ("S006", "projection.0.plasticity.w_max=5 pA"),
    ("S008", "projection.0.plasticity.tau_plus=-1 ms"),
    ("S030", "projection.0.plasticity.w_max=0 mV"),
    ("S030", "projection.0.plasticity.short_term.u=1.5"),
    ("S017", "projection.0.plasticity.dendritic_delay=1.5 ms"),
    (
        "S013",
        "projection.0.plasticity={ rule = \"stdp_reserve\", a_plus = \"1 mV\", a_minus = \"1 mV\", \
         w_max = \"3 mV\", growth = \"1 mV\", supply = \"1 mV\", reserve = \"1 mV\", \
         reserve_max = \"2 mV\" }",
    ),
    ("S013", "projection.2.plasticity={ rule = \"stdp\", w_max = \"-5 mV\" }"),
    ("S013", "projection.2.plasticity={ rule = \"stdp\", w_max = \"0.5 mV\" }"),
    (
        "S009",
        "projection.2.plasticity={ rule = \"stdp_dopamine\", a_plus = \"1 mV\", \
         a_minus = \"1 mV\", w_max = \"5 mV\", modulator = \"dopa\", modulator_delay = \"1 ms\" }",
    ),
    (
        "S017",
        "projection.2.plasticity={ rule = \"stdp_dopamine\", a_plus = \"1 mV\", \
         a_minus = \"1 mV\", w_max = \"5 mV\", modulator = \"drive\", modulator_delay = \"0 ms\" }",
    ),
    ("S013", "projection.0.plasticity={ rule = \"noise_prune\", diagonal = \"row_sum\" }"),
    ("S002", "projection.2.pruning=[{ at = \"1 s\", fractoin = 0.5 }]"),
    ("S004", "projection.2.pruning=[{ at = \"1 s\" }]"),
    ("S004", "projection.2.pruning=[{ fraction = 0.5 }]"),
    ("S005", "projection.2.pruning={ at = \"1 s\", fraction = 0.5 }"),
    ("S005", "projection.2.pruning=[{ at = [1], fraction = \"half\" }]"),
    ("S006", "projection.2.pruning=[{ at = \"1 s\", below = \"1 pA\" }]"),
    ("S008", "projection.2.pruning=[{ at = \"1 s\", fraction = 0 }]"),
    ("S008", "projection.2.pruning=[{ at = \"1 s\", fraction = 1.5 }]"),
    ("S008", "projection.2.pruning=[{ at = \"1 s\", below = \"0 mV\" }]"),
    ("S013", "projection.2.pruning=[{ at = \"1 s\", below = \"1 mV\", fraction = 0.5 }]"),
    ("S016", "projection.2.pruning=[{ at = \"0 s\", fraction = 0.5 }]"),
    ("S021", "projection.2.pruning=[{ at = [\"2 s\", \"1 s\"], fraction = 0.5 }]"),
    ("S022", "projection.2.pruning=[{ at = [], fraction = 0.5 }]"),
    ("S012", "population.exc.init.v_m.outside=drop"),
    ("S013", "population.exc.init.v_m={ uniform = [\"2 mV\", \"1 mV\"] }"),
    (
        "S013",
        "projection.0.weight={ normal = { mean = \"1 mV\", sd = \"1 mV\", \
         min = \"2 mV\", max = \"1 mV\" } }",
    ),
    ("S013", "projection.0.weight={ normal = {}, uniform = [] }"),
    ("S013", "projection.0.weight={ normal = { mean = \"1 mV\", sd = \"1 mV\" }, min = \"0 mV\" }"),
    ("S013", "projection.4.source=exc"),
    ("S013", "record.state.0.count=3"),
    (
        "S013",
        "projection.6.connect={ rule = \"edges\", source = [0], target = [0], autapses = false, \
         weight = [\"1 mV\"], delay = [\"1 ms\"] }",
    ),
    (
        "S013",
        "projection.6.connect={ rule = \"edges\", source = [0, 0], target = [1, 1], multapses = false, \
         weight = [\"1 mV\", \"1 mV\"], delay = [\"1 ms\", \"1 ms\"] }",
    ),
    ("S014", "population.a b={ model = \"poisson\", size = 1, params = { rate = \"1 Hz\" } }"),
    ("S015", "population.exc.size=4_294_967_295"),
    ("S016", "duration=0 ms"),
    ("S016", "duration=2000000 min"),
    ("S016", "duration=-1 s"),
    ("S016", "duration=1e300 ms"),
    ("S016", "duration=0.01 ms"),
    ("S016", "resolution=0 ms"),
    ("S016", "resolution=0.5 ns"),
    ("S016", "record.state.0.interval=0 ms"),
    ("S017", "projection.2.delay=0 ms"),
    ("S017", "projection.2.delay=-1 ms"),
    ("S017", "projection.2.delay=4.3 s"),
    ("S017", "projection.2.delay={ normal = { mean = \"1 ms\", sd = \"0.1 ms\" } }"),
    ("S017", "projection.2.delay={ uniform = [\"0 ms\", \"1 ms\"] }"),
    ("S017", "projection.2.delay={ uniform = [\"1 s\", \"5 s\"] }"),
    ("S018", "projection.0.connect.indegree=100"),
    ("S018", "projection.0.connect.indegree={ lognormal = { median = 10, sigma = 1 } }"),
    (
        "S018",
        "projection.3.connect={ rule = \"fixed_total_number\", number = 2001, multapses = false }",
    ),
    ("S019", "projection.0.weight={ normal = { mean = \"1 mV\", sd = \"1 mV\", min = \"5 mV\" } }"),
    ("S019", "projection.0.weight={ uniform = [\"1 mV\", \"2 mV\"], min = \"3 mV\" }"),
    ("S020", "population.exc.params.tau_m={ uniform = [\"1 ms\", \"2 ms\"] }"),
    ("S021", "population.input.params.times=[[\"1 ms\", \"1 ms\"], []]"),
    ("S021", "population.drive.params.rate.steps=[[\"1 ms\", \"1 Hz\"], [\"1.04 ms\", \"2 Hz\"]]"),
    ("S022", "population.two.params.i_e={ values = [\"1 pA\"] }"),
    ("S022", "population.input.params.times=[[]]"),
    ("S022", "population.exc.init.v_m={ uniform = [\"1 mV\"] }"),
    ("S022", "record.state.0.variables=[]"),
    ("S023", "record.state.0.neurons=[100]"),
    ("S023", "record.state.0.neurons=[1, 1]"),
    ("S023", "background.1.target.count=21"),
    ("S023", "current.0.target.neurons=[]"),
    ("S024", "projection.0.target=drive"),
    ("S024", "background.0.target=drive"),
    ("S024", "record.state.0.population=drive"),
    ("S025", "projection.5.connect.file=missing.csv"),
    ("S027", "projection.6.connect.source=[0, 2]"),
    ("S028", "scale.factor=0.5"),
    ("S029", "projection.9.delay=1 ms"),
    ("S030", "population.exc.params.v_reset=-40 mV"),
    ("S031", "population.inh.params.i_e.period=1 ms"),
    ("S031", "population.inh.params.i_e.period={ exponential = { mean = \"50 ms\" } }"),
];

/// Contents of edges.csv or input.csv, and the code that they must lead to with its line.
const BY_FILE: &[(&str, &str, &str, usize)] = &[
    ("S026", "edges.csv", "", 1),
    ("S026", "edges.csv", "source,target\n0,1\n0\n", 3),
    ("S026", "edges.csv", "source,target,weight,delay_ms\n\n0,1,x,1\n", 3),
    ("S026", "edges.csv", "source,target,weight,delay_ms\n0,1,nan,1\n", 2),
    ("S026", "edges.csv", "source,target,wieght,delay_ms\n", 1),
    ("S026", "edges.csv", "source,source\n", 1),
    ("S026", "edges.csv", "\u{0}\u{1}\u{ff}\n\n\n", 1),
    ("S027", "edges.csv", "source,target,weight,delay_ms\n0,1,1,1\n3,1,1,1\n", 3),
    ("S027", "edges.csv", "source,target,weight,delay_ms\n0.5,1,1,1\n", 2),
    ("S017", "edges.csv", "source,target,weight,delay_ms\n0,1,1,0\n", 2),
    ("S008", "edges.csv", "source,target,weight,delay_ms\n0,1,1e300,1\n", 2),
    ("S023", "input.csv", "neuron,time_ms\n3,1\n", 2),
    ("S016", "input.csv", "neuron,time_ms\n0,-1\n", 2),
    ("S021", "input.csv", "neuron,time_ms\n0,1\n1,1\n0,1\n", 4),
];

fn seen(problems: &Problems) -> Vec<&'static str> {
    problems.0.iter().map(|problem| problem.code.as_str()).collect()
}

#[test]
fn nonsense_leads_to_its_code() {
    for (code, change) in BY_OVERRIDE {
        match read_with(&[change]) {
            Ok(_) => panic!("{change} is accepted, not {code}"),
            Err(problems) => assert!(seen(&problems).contains(code), "{change}\n{problems}"),
        }
    }
}

#[test]
fn broken_files_lead_to_their_code_and_line() {
    for (code, broken, contents, line) in BY_FILE {
        let files = |name: &str| match name == *broken {
            true => Ok(contents.as_bytes().to_vec()),
            false => files(name),
        };
        let problems = parse(&Source::new("test.toml", BASE), &files, &[]).unwrap_err();
        let hit = |p: &&crate::scenario::Problem| p.code.as_str() == *code && p.file == *broken;
        let problem = problems.0.iter().find(hit).unwrap_or_else(|| panic!("{code}\n{problems}"));
        assert_eq!(problem.line, *line, "{contents:?}\n{problems}");
    }
}

#[test]
fn syntax_and_duplicates_lead_to_their_code() {
    let read = |text: &str| seen(&super::read(text).unwrap_err());
    assert_eq!(read("duration = 2 s"), ["S001"]);
    assert_eq!(read("[[["), ["S001"]);
    assert_eq!(read(&BASE.replace("seed = 7", "seed = 7\nseed = 8")), ["S003"]);
    let deep = format!("a = {}", "[".repeat(10_000));
    assert!(read(&deep).contains(&"S001"));
}

#[test]
fn every_code_is_used() {
    let mut used: Vec<&str> = BY_OVERRIDE.iter().map(|(code, _)| *code).collect();
    used.extend(BY_FILE.iter().map(|(code, ..)| *code));
    used.extend(["S001", "S003"]);
    used.sort_unstable();
    used.dedup();
    let all: Vec<&str> = codes().map(|code| code.as_str()).collect();
    assert_eq!(used, all);
}

#[test]
fn scaling_by_one_changes_nothing() {
    let mut scenario = read_with(&["scale.factor=1"]).unwrap();
    assert_eq!(scenario, read_with(&[]).unwrap());
    let scale = Scale { factor: 0.5, rates_hz: Vec::new() };
    let before = scenario.clone();
    assert!(scale.apply(&mut scenario).is_err());
    assert_eq!(scenario, before);
}
