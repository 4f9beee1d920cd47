//! Neurons with any number of spike-triggered currents and components of their threshold, as a user
//! meets them.
//!
//! Promise: with 0, 1, 7 and 20 of each a network fires as the oracle says, for any number of threads and
//! shards, with and without a controller; whatever recorded components there are add up to the recorded
//! sums. Method: a small network of neurons that excite and inhibit each other, run by the engine and
//! by the eager simulator, which has its own equations and its own search for a crossing.

use crate::network_problem::problem;
use saltatory::engine::{self, Control, Options};
use saltatory::network;
use saltatory::record::Outcome;
use saltatory::reference::simulate;
use saltatory::scenario::{self, NoFiles, Scenario, Source};

fn list(count: usize, value: impl Fn(usize) -> f64, unit: &str) -> String {
    let values = (0..count).map(|k| format!("\"{:.4} {unit}\"", value(k)));
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

/// Neurons of a model with so many currents and components, driven by a current and by each other. A
/// controller lowers their gain where they have one.
fn scenario(model: &str, currents: usize, components: usize) -> Scenario {
    let controller = match model {
        "adaptive_glif" => "unit_1_trace_3 = 1, unit_1_gain = -0.2, ",
        "aru_glif" => "weights = [1, 0.1, -0.2, 0, 0.3], ",
        _ => "",
    };
    let tau = |k: usize| 3.0 * 1.35f64.powi(k as i32);
    // Many slow ones would silence the neurons.
    let share = |count: usize| 4.0 / count.max(4) as f64;
    let asc_jump = |k: usize| share(currents) * [-40.0, 30.0, -20.0][k % 3];
    let th_jump = |k: usize| share(components) * [0.8, -0.1, 0.3][k % 3];
    let recorded = (1..=currents).map(|k| format!("\"asc_{k}\""));
    let recorded = recorded.chain((1..=components).map(|k| format!("\"th_{k}\"")));
    let recorded: Vec<String> =
        ["\"asc\"", "\"th\""].map(String::from).into_iter().chain(recorded).collect();
    let text = format!(
        "seed = 5\nduration = \"300 ms\"\n[population.a]\nmodel = \"{model}\"\nsize = 12\n\
         params = {{ {controller}asc_jump = {}, tau_asc = {}, th_jump = {}, tau_th = {}, \
         i_e = {{ uniform = [\"300 pA\", \"900 pA\"] }} }}\n\
         init = {{ v_m = {{ uniform = [\"-70 mV\", \"-56 mV\"] }} }}\n\
         [[projection]]\nsource = \"a\"\ntarget = \"a\"\n\
         connect = {{ rule = \"fixed_indegree\", indegree = 4 }}\n\
         weight = {{ uniform = [\"-200 pA\", \"200 pA\"] }}\n\
         delay = {{ uniform = [\"1 ms\", \"4 ms\"] }}\n\
         [record]\nstate = [{{ population = \"a\", variables = [{}], interval = \"7 ms\" }}]\n",
        list(currents, asc_jump, "pA"),
        list(currents, tau, "ms"),
        list(components, th_jump, "mV"),
        list(components, tau, "ms"),
        recorded.join(", "),
    );
    scenario::parse(&Source::new("components.toml", text), &NoFiles, &[])
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn run(scenario: &Scenario, shards: u32, threads: usize) -> Outcome {
    let network = network::build(scenario, shards, threads, None).expect("a small network");
    engine::run(scenario, &network, Options::threads(threads), &|_| Control::Continue).unwrap()
}

const COUNTS: [(usize, usize); 6] = [(0, 0), (1, 1), (4, 4), (5, 0), (7, 1), (20, 20)];

#[test]
fn any_number_of_components_fires_as_the_oracle_says() {
    for model in ["glif", "adaptive_glif", "aru_glif"] {
        for (currents, components) in COUNTS {
            let scenario = scenario(model, currents, components);
            let network = network::build(&scenario, 1, 1, None).expect("a small network");
            let expected = simulate(&problem(&scenario, &network, Vec::new(), Vec::new()));
            let outcome = run(&scenario, 1, 1);
            let fired: Vec<_> = outcome.spikes.iter().map(|s| (s.tick, s.neuron.0)).collect();
            println!("{model}, {currents} and {components}: {} spikes", fired.len());
            assert!(fired.len() > 50, "{model} {currents} {components}: {}", fired.len());
            assert!(fired == expected, "{model} {currents} {components}");
        }
    }
}

#[test]
fn threads_and_shards_change_no_bit_of_many_components() {
    for model in ["glif", "adaptive_glif", "aru_glif"] {
        let scenario = scenario(model, 20, 7);
        let alone = run(&scenario, 1, 1);
        for (shards, threads) in [(3, 1), (8, 2)] {
            let other = run(&scenario, shards, threads);
            assert_eq!(other.digest, alone.digest, "{model} {shards}");
            assert_eq!(other.state_digest, alone.state_digest, "{model} {shards}");
            assert!(other.traces == alone.traces, "{model} {shards}");
        }
    }
}

#[test]
fn recorded_components_add_up_to_the_recorded_sums() {
    for (currents, components) in COUNTS {
        let outcome = run(&scenario("glif", currents, components), 1, 1);
        let [asc, th, members @ ..] = &outcome.traces[..] else { panic!("two sums at least") };
        assert_eq!((&*asc.variable, &*th.variable), ("asc", "th"));
        assert_eq!(members.len(), currents + components);
        let (of_asc, of_th) = members.split_at(currents);
        for (sum, members) in [(asc, of_asc), (th, of_th)] {
            for (at, &value) in sum.values.iter().enumerate() {
                let added: f64 = members.iter().map(|member| member.values[at]).sum();
                assert!((value - added).abs() <= 1e-12 * value.abs().max(1.0), "{value} {added}");
            }
            assert!(members.is_empty() || sum.values.iter().any(|&value| value != 0.0));
        }
    }
}
