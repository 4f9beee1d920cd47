//! How long does it take to build a network, per synapse and thread, and how much memory?
//!
//! Method: networks of about 10^7 synapses, each built three times on one thread with one shard;
//! the fastest counts, because everything else on the machine only adds. Run it with
//! `cargo bench --bench building`, or with `-- MILLIONS NAME` for other sizes (beyond 30 million
//! each is built once) and only those networks whose name contains NAME.
//!
//! Result: 15 ns a synapse with constants, 23 with weights drawn, 47 with delays as well, 54 where both are
//! normal, 64 where sources draw their targets. 10^8 synapses with their own delays take 1152 MiB, and 1154 at
//! the peak.
//! Decision: numbers of synapses are drawn (binomial) instead of gaps between them, delays are
//! rounded without a division, and rows are sorted by numbers of 8 bytes. Tables:
//! `benches/README.md`.

use saltatory::base::{Resolution, Span};
use saltatory::network;
use saltatory::scenario::{
    Connect, DelayOf, Distribution, Model, ParameterValue, Plasticity, Population, Projection,
    Record, Scenario, Shape,
};
use std::time::Instant;

fn scenario(size: u32, connect: Connect, weight: Shape, delay_ms: Distribution) -> Scenario {
    let descriptor = saltatory::neuron::find("lif_delta").expect("a registered model");
    let drawn = |value: f64| ParameterValue::Drawn(Distribution::constant(value));
    let model = Model::Neuron {
        descriptor,
        parameters: descriptor.defaults().into_iter().map(drawn).collect(),
        initial: vec![Distribution::constant(-70.0)],
    };
    let projection = Projection {
        source: 0,
        target: 0,
        receptor: 0,
        connect,
        autapses: false,
        multapses: true,
        weight: weight.into(),
        delay_ms,
        delay_of: DelayOf::Synapse,
        plasticity: Plasticity::default(),
        pruning: Vec::new(),
    };
    Scenario {
        title: String::new(),
        seed: 1,
        duration: Span::from_whole_ms(1),
        resolution: Resolution::FINEST,
        populations: vec![Population { name: "exc".into(), size, model }],
        projections: vec![projection],
        backgrounds: Vec::new(),
        currents: Vec::new(),
        teachers: Vec::new(),
        record: Record::default(),
    }
}

/// What is asked for on the command line.
struct Request {
    millions: u32,
    name: String,
}

fn measure(request: &Request, name: &str, scenario: &Scenario) {
    if !name.contains(&request.name) {
        return;
    }
    let mut fastest = f64::INFINITY;
    let mut synapses = 0;
    let mut bytes = 0;
    for _ in 0..(90 / request.millions).clamp(1, 3) {
        let start = Instant::now();
        let network = network::build(scenario, 1, 1, None).expect("a network without faults");
        fastest = fastest.min(start.elapsed().as_secs_f64());
        (synapses, bytes) = (network.synapses, network.bytes());
    }
    let nanoseconds = fastest * 1e9 / synapses as f64;
    let size = bytes as f64 / synapses as f64;
    println!("{name:<44} {synapses:>11} synapses {nanoseconds:>7.1} ns each {size:>6.2} B each");
}

fn main() {
    // Cargo itself adds flags such as `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let millions = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(10u32);
    let name = arguments.into_iter().find(|a| a.parse::<u32>().is_err()).unwrap_or_default();
    let request = Request { millions: millions.max(1), name };
    let measure = |name: &str, scenario: &Scenario| measure(&request, name, scenario);
    let constant = || Shape::Constant(0.1);
    let one_delay = || Distribution::constant(1.5);
    let uniform = |low, high| Shape::Uniform { low, high };
    let indegree = |count: u32| Connect::FixedIndegree(Distribution::constant(f64::from(count)));
    let outdegree = |count: u32| Connect::FixedOutdegree(Distribution::constant(f64::from(count)));
    let brunel = scenario(1000 * millions, indegree(1000), constant(), one_delay());
    measure("indegree 1000, constants", &brunel);
    let sparse = |connect| scenario(10_000 * millions, connect, uniform(-1.0, 1.0), one_delay());
    measure("indegree 100, uniform weights", &sparse(indegree(100)));
    let mut own_delays = sparse(indegree(100));
    own_delays.projections[0].delay_ms = uniform(1.0, 20.0).into();
    measure("indegree 100, uniform weights and delays", &own_delays);
    own_delays.projections[0].multapses = false;
    measure("the same without multapses", &own_delays);
    own_delays.projections[0].connect = outdegree(100);
    measure("outdegree 100, uniform weights and delays", &own_delays);
    let normal = |mean, sd| Shape::Normal { mean, sd };
    let mut delay = Distribution::from(normal(1.5, 0.75));
    delay.min = Some(0.1);
    let total = Connect::FixedTotalNumber(u64::from(millions) * 1_000_000);
    measure(
        "total number, normal weights and delays",
        &scenario(5000, total, normal(88.0, 8.8), delay),
    );
    let size = (1e4 * f64::from(millions).sqrt()) as u32;
    let bernoulli = scenario(size, Connect::PairwiseBernoulli(0.01), constant(), one_delay());
    measure("bernoulli 0.01, constants", &bernoulli);
}
