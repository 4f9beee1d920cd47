//! `saltatory analyse`: the linear theory of a network, and what a pruned one has kept of it.

use super::console::{Console, Exit, Failure};
use super::settings::ScenarioArguments;
use super::table::facts;
use super::{wiring, words};
use crate::analysis::dynamics::slack;
use crate::analysis::linear::{Linear, Scale, check_size};
use crate::analysis::prune::{bulk_range, entries, expected_range, guaranteed_kappa};
use crate::analysis::spectrum::Modes;
use crate::analysis::{
    AnalysisError, Course, Diagonal, Matrix, Shape, covariance, leverage_sum, relative_error, shape,
};
use crate::base::Unit;
use crate::output::npz::NpzReader;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What `analyse` may be told.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A scenario of `hawkes` neurons, a folder of its results, or a weights file (.npz)
    network: PathBuf,
    /// The same network pruned: likewise
    #[arg(long, value_name = "OTHER")]
    pruned: Option<PathBuf>,
    /// Time constant of the traces, such as "10 ms"; needed with a weights file
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    tau: Option<f64>,
    /// Effect of one unit of weight on the target's trace, in 1/ms, in weights files
    #[arg(long, value_name = "G", default_value_t = 1e-3)]
    gain: f64,
    /// Whether the leaks of the pruned network make up for what is missing
    #[arg(long, value_enum, default_value_t = Leak::Original)]
    diagonal: Leak,
    /// Time at which the courses of both networks are compared [default: the slowest mode's]
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    time: Option<f64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What happens to the diagonal of a pruned network.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Leak {
    /// Leaks are as they were
    Original,
    /// A leak changes by as much as its row's absolute sum has
    #[value(name = "row_sum")]
    RowSum,
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let ms = Unit::Ms.parse(text).map_err(|error| error.to_string())?;
    if ms > 0.0 { Ok(ms) } else { Err(format!("`{text}` is not greater than zero")) }
}

/// Of what the errors' bound is told.
const EPS: f64 = 0.5;
const DELTA: f64 = 0.01;

/// The seed of the courses that are compared.
const COURSE_SEED: u64 = 1;
/// So many steps at most.
const MOST_STEPS: f64 = 200_000.0;

/// What was found about a network.
#[derive(Debug, Serialize)]
struct Report {
    neurons: usize,
    synapses: u64,
    shape: &'static str,
    slowest_ms: f64,
    fastest_ms: f64,
    /// Real and imaginary part of each mode in 1/ms, the slowest first.
    spectrum: Vec<[f64; 2]>,
    /// Smallest |A_ii| - sum |A_ij|, as a share of |A_ii|.
    least_slack: f64,
    /// Smallest, mean, largest; absent where it is not known.
    rates_hz: Option<[f64; 3]>,
    leverage_sum: f64,
    mean_variance: f64,
    /// Of each neuron's trace.
    variances: Vec<f64>,
    partners: f64,
    guaranteed_kappa: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pruned: Option<Pruned>,
}

/// What a pruned network has kept.
#[derive(Debug, Serialize)]
struct Pruned {
    synapses: u64,
    kept: f64,
    kappa: f64,
    slowest_ms: f64,
    eps_lambda: [f64; 2],
    eps_v: Option<[f64; 2]>,
    cos: Option<[f64; 2]>,
    generalised: Option<[f64; 2]>,
    expected_generalised: [f64; 2],
    time_ms: f64,
    dynamics_error: f64,
}

/// Analyses a network.
pub fn analyse(arguments: &Arguments, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let network = load(&arguments.network, arguments, None)?;
    let modes = Modes::of(&network.a).map_err(refused)?;
    let mut report = report(&network, &modes)?;
    if let Some(path) = &arguments.pruned {
        let other = load(path, arguments, Some(&network))?;
        report.pruned = Some(compare(&network, &modes, other, arguments)?);
    }
    if arguments.json {
        console.print_json(&report)?;
    } else {
        console.print(&describe(&report))?;
    }
    Ok(Exit::Good)
}

fn refused(error: AnalysisError) -> Failure {
    match error {
        AnalysisError::NoConvergence(_) => Failure::run(error),
        _ => Failure::invalid(error),
    }
}

/// Reads a network; `whole` is the one that it was pruned from.
fn load(path: &Path, arguments: &Arguments, whole: Option<&Linear>) -> Result<Linear, Failure> {
    let fail = |what: String| Failure::invalid(format!("{}: {what}", path.display()));
    let scenario_file = path.join("scenario.toml");
    if scenario_file.is_file() {
        let stored = path.join("weights.npz");
        let weights = stored.is_file().then(|| weights(&stored)).transpose()?;
        return scenario(&scenario_file, weights).map_err(|failure| failure.or(&fail));
    }
    if path.extension().is_some_and(|extension| extension == "npz") {
        let known = whole.map(|whole| whole.tau_ms);
        let Some(tau_ms) = arguments.tau.or(known) else {
            return Err(fail("a weights file knows no time constant; give it with --tau".into()));
        };
        let synapses = weights(path)?;
        let last = synapses.iter().map(|&(source, target, _)| source.max(target) as usize + 1);
        let neurons = last.max().unwrap_or(0).max(whole.map_or(0, |whole| whole.a.nrows()));
        check_size(neurons).map_err(fail)?;
        return Ok(Linear::of_synapses(neurons, synapses, Scale { tau_ms, gain: arguments.gain }));
    }
    scenario(path, None).map_err(|failure| failure.or(&fail))
}

/// A failure of its own, or words that still need the file's name.
enum Trouble {
    Own(Failure),
    Words(String),
}

impl Trouble {
    fn or(self, fail: &dyn Fn(String) -> Failure) -> Failure {
        match self {
            Trouble::Own(failure) => failure,
            Trouble::Words(words) => fail(words),
        }
    }
}

fn scenario(path: &Path, weights: Option<Vec<(u32, u32, f64)>>) -> Result<Linear, Trouble> {
    let scenario = ScenarioArguments::plain(path).load().map_err(Trouble::Own)?;
    let neurons: u64 = scenario.populations.iter().map(|p| u64::from(p.size)).sum();
    // Before anything large is built; sources among them make no difference that matters.
    check_size(neurons as usize).map_err(Trouble::Words)?;
    let network = wiring::build(&scenario, 1, 1, None).map_err(Trouble::Own)?;
    Linear::of_scenario(&scenario, &network, weights).map_err(Trouble::Words)
}

/// The synapses of a `weights.npz`.
fn weights(path: &Path) -> Result<Vec<(u32, u32, f64)>, Failure> {
    let mut npz = NpzReader::open(path)?;
    let lacks = |name: &str| {
        let what = format!("no column `{name}`; allowed are the weights that `run` writes");
        Failure::file(format!("{}: {what}", path.display()))
    };
    let source = npz.whole_numbers("source")?.ok_or_else(|| lacks("source"))?;
    let target = npz.whole_numbers("target")?.ok_or_else(|| lacks("target"))?;
    let weight = npz.reals("weight")?.ok_or_else(|| lacks("weight"))?;
    if source.len() != target.len() || source.len() != weight.len() {
        let lengths = format!("{}, {} and {}", source.len(), target.len(), weight.len());
        let what = format!("columns have {lengths} rows; they must have as many");
        return Err(Failure::file(format!("{}: {what}", path.display())));
    }
    let number = |neuron: u64| u32::try_from(neuron).unwrap_or(u32::MAX);
    let rows = source.into_iter().zip(target).zip(weight);
    Ok(rows.map(|((source, target), w)| (number(source), number(target), w)).collect())
}

fn report(network: &Linear, modes: &Modes<'_>) -> Result<Report, Failure> {
    let a = &network.a;
    let n = a.nrows();
    let rates = network.rates();
    // Without rates, or where some are impossible, the noise of all counts as one.
    let usable = rates.as_ref().filter(|rates| rates.iter().all(|&rate| rate > 0.0));
    let noise: Vec<f64> = usable.map_or(vec![1.0; n], |rates| rates.iter().copied().collect());
    let c = covariance(a, &noise).map_err(refused)?;
    let intensity = noise.iter().sum::<f64>() / n as f64;
    let values = modes.values();
    let least = (0..n).map(|i| slack(a, i) / -a[(i, i)]).fold(f64::INFINITY, f64::min);
    Ok(Report {
        neurons: n,
        synapses: network.synapses,
        shape: match shape(a) {
            Shape::Symmetric => "symmetric",
            Shape::Normal => "normal",
            Shape::General => "general",
        },
        slowest_ms: -1.0 / values[0].re,
        fastest_ms: -1.0 / values[n - 1].re,
        spectrum: values.iter().map(|mode| [mode.re, mode.im]).collect(),
        least_slack: least,
        rates_hz: rates.map(|rates| [rates.min(), rates.mean(), rates.max()].map(|r| 1e3 * r)),
        leverage_sum: leverage_sum(a, &c, intensity),
        mean_variance: c.diagonal().mean(),
        variances: c.diagonal().iter().copied().collect(),
        partners: entries(a) as f64 / 2.0 / n as f64,
        guaranteed_kappa: guaranteed_kappa(n, EPS, DELTA),
        pruned: None,
    })
}

fn compare(
    network: &Linear,
    modes: &Modes<'_>,
    other: Linear,
    arguments: &Arguments,
) -> Result<Pruned, Failure> {
    let synapses = other.synapses;
    let diagonal = match arguments.diagonal {
        Leak::Original => Diagonal::Original,
        Leak::RowSum => Diagonal::RowSum,
    };
    let pruned = network.with_diagonal(other.a, diagonal).map_err(refused)?;
    let kept = modes.kept_by(&pruned).map_err(refused)?;
    let share = entries(&pruned) as f64 / entries(&network.a).max(1) as f64;
    let kappa = entries(&pruned) as f64 / 2.0 / network.a.nrows() as f64;
    let time_ms = arguments.time.unwrap_or(-1.0 / modes.values()[0].re);
    Ok(Pruned {
        synapses,
        kept: share,
        kappa,
        slowest_ms: -1.0 / kept.slowest[0],
        eps_lambda: kept.eps_lambda,
        eps_v: kept.eps_v,
        cos: kept.cos,
        generalised: kept.generalised,
        expected_generalised: match diagonal {
            Diagonal::Original => bulk_range(kappa, share),
            Diagonal::RowSum => expected_range(network.a.nrows(), kappa, share),
        },
        time_ms,
        dynamics_error: course_error(&network.a, &pruned, modes, time_ms)?,
    })
}

/// How far the courses of both networks are apart after `time_ms`, without noise.
fn course_error(
    a: &Matrix,
    pruned: &Matrix,
    modes: &Modes<'_>,
    time_ms: f64,
) -> Result<f64, Failure> {
    let fastest = modes.values().iter().map(|mode| mode.norm()).fold(0.0, f64::max);
    let steps = (time_ms * fastest * 10.0).ceil().max(100.0);
    if steps > MOST_STEPS {
        let longest = MOST_STEPS / fastest / 10.0;
        let found = format!("--time is {time_ms} ms; allowed are at most {longest:.6} ms");
        return Err(Failure::invalid(format!("{found}, {MOST_STEPS} steps of the fastest mode")));
    }
    let course = Course {
        dt: time_ms / steps,
        steps: steps as u32,
        drive: 0.0,
        sigma: 0.0,
        rectified: false,
        seed: COURSE_SEED,
    };
    let ends = course.ends(&[a, pruned]);
    Ok(relative_error(&ends[1], &ends[0]))
}

fn describe(report: &Report) -> String {
    let ms = |ms: f64| format!("{ms:.6} ms");
    let mut rows = vec![
        ("neurons", words::count(report.neurons as u64)),
        ("synapses", words::count(report.synapses)),
        ("matrix", report.shape.to_string()),
        ("slowest mode", ms(report.slowest_ms)),
        ("fastest mode", ms(report.fastest_ms)),
        ("least slack of a row", format!("{:.6} of its leak", report.least_slack)),
    ];
    if let Some([low, mean, high]) = report.rates_hz {
        rows.push(("rates", format!("{mean:.4} Hz ({low:.4} to {high:.4})")));
    }
    rows.extend([
        ("mean variance of traces", format!("{:.6}", report.mean_variance)),
        ("sum of leverages", format!("{:.6} (N {})", report.leverage_sum, report.neurons)),
        ("pairs of a neuron", format!("{:.4}", report.partners)),
        (
            "kappa for errors < 0.5",
            format!("{:.1} guaranteed, 16 typical", report.guaranteed_kappa),
        ),
    ]);
    if let Some(pruned) = &report.pruned {
        rows.extend(describe_pruned(pruned));
    }
    facts(&rows)
}

fn describe_pruned(pruned: &Pruned) -> Vec<(&'static str, String)> {
    let two = |[a, b]: [f64; 2]| format!("{a:.4} / {b:.4}");
    let range = |[a, b]: [f64; 2]| format!("{a:.4} to {b:.4}");
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "- (not symmetric)".to_string());
    vec![
        ("", String::new()),
        ("pruned: synapses", words::count(pruned.synapses)),
        ("entries kept", format!("{:.2} %, kappa {:.3}", 100.0 * pruned.kept, pruned.kappa)),
        ("slowest mode", format!("{:.6} ms", pruned.slowest_ms)),
        ("eps_lambda, mean / max", two(pruned.eps_lambda)),
        ("eps_v, mean / max", or_none(pruned.eps_v.map(two))),
        ("cos, mean / min", or_none(pruned.cos.map(two))),
        ("generalised eigenvalues", or_none(pruned.generalised.map(range))),
        ("  expected", range(pruned.expected_generalised)),
        (
            "error of the course",
            format!("{:.6} after {:.6} ms", pruned.dynamics_error, pruned.time_ms),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::*;
    use crate::output::weights::write_npz;
    use crate::record::Weights;

    const RING: &str = r#"
        title = "A ring"
        duration = "1 s"
        population.cells = { model = "hawkes", size = 4, params = { tau = "10 ms", mu = "5 Hz" } }
        [[projection]]
        source = "cells"
        target = "cells"
        connect = { rule = "edges", source = [0, 1, 2, 3, 1, 2, 3, 0], target = [1, 2, 3, 0, 0, 1, 2, 3] }
        weight = "25 Hz"
        delay = "0.1 ms"
    "#;

    fn json(arguments: &[&str]) -> serde_json::Value {
        let (exit, out, err) = call(arguments);
        assert_eq!(exit, Exit::Good, "{err}");
        serde_json::from_str(&out).unwrap()
    }

    /// A file of the ring's synapses without those of one pair, and stronger.
    fn thinner(folder: &Path) -> PathBuf {
        let path = folder.join("thin.npz");
        let weights = Weights {
            source: vec![1, 2, 2, 3, 3, 0],
            target: vec![2, 1, 3, 2, 0, 3],
            weight: vec![30.0; 6],
            delay: vec![100_000; 6],
            ..Weights::default()
        };
        write_npz(std::fs::File::create(&path).unwrap(), &weights).unwrap();
        path
    }

    #[test]
    fn a_ring_is_what_pencil_and_paper_say() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("ring.toml");
        std::fs::write(&file, RING).unwrap();
        let file = file.to_str().unwrap();
        let found = json(&["analyse", file, "--json"]);
        // Eigenvalues of the ring: 2 x 0.025 cos(k pi / 2) - 0.1 per ms.
        let close = |key: &str, wanted: f64| {
            let value = found[key].as_f64().unwrap();
            assert!((value - wanted).abs() < 1e-6 * wanted.abs(), "{key}: {value}");
        };
        close("slowest_ms", 20.0);
        close("fastest_ms", 1.0 / 0.15);
        close("least_slack", 0.5);
        let real = |mode: usize| found["spectrum"][mode][0].as_f64().unwrap();
        for (mode, wanted) in [-0.05, -0.1, -0.1, -0.15].into_iter().enumerate() {
            assert!((real(mode) - wanted).abs() < 1e-8, "mode {mode}: {}", real(mode));
        }
        // C = -r A^-1 / 2, and all neurons are alike: the mean of r / 2 over all modes.
        let variance = 0.01 / 2.0 * (20.0 + 10.0 + 10.0 + 1.0 / 0.15) / 4.0;
        for neuron in 0..4 {
            let found = found["variances"][neuron].as_f64().unwrap();
            assert!((found / variance - 1.0).abs() < 1e-6, "{found} is not {variance}");
        }
        // r = mu / (1 - 2 w tau) = 5 / 0.5 Hz.
        assert!((found["rates_hz"][0].as_f64().unwrap() - 10.0).abs() < 1e-6, "{found}");
        assert_eq!(
            (found["shape"].as_str(), found["neurons"].as_u64()),
            (Some("symmetric"), Some(4))
        );
        let same = json(&["analyse", file, "--pruned", file, "--json"]);
        assert_eq!(same["pruned"]["kept"], 1.0);
        assert!(same["pruned"]["eps_lambda"][1].as_f64().unwrap() < 1e-12, "{same}");
        assert_eq!(same["pruned"]["dynamics_error"], 0.0);

        let thin = thinner(home.path());
        let thin = thin.to_str().unwrap();
        let other = json(&["analyse", file, "--pruned", thin, "--diagonal", "row_sum", "--json"]);
        assert_eq!(other["pruned"]["kept"], 0.75);
        assert!(other["pruned"]["dynamics_error"].as_f64().unwrap() > 0.01, "{other}");
        let (_, text, _) = call(&["analyse", file, "--pruned", thin]);
        assert!(text.contains("75.00 %, kappa 0.750"), "{text}");
        let alone = json(&["analyse", thin, "--tau", "10 ms", "--json"]);
        assert_eq!(alone["rates_hz"], serde_json::Value::Null);
    }

    #[test]
    fn what_is_not_linear_or_not_stable_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_string()
        };
        let refused = |arguments: &[&str], part: &str| {
            let (exit, out, err) = call(arguments);
            assert_eq!((exit, out.as_str()), (Exit::Invalid, ""), "{err}");
            assert!(err.contains(part), "{err}");
        };
        let leaky = file("leaky.toml", &wiring::starter());
        refused(&["analyse", &leaky], "allowed is `hawkes`");
        let strong = file("strong.toml", &RING.replace("25 Hz", "60 Hz"));
        refused(&["analyse", &strong], "not stable: its slowest mode has the rate 0.0");
        let large = file("large.toml", &RING.replace("size = 4", "size = 6000"));
        refused(&["analyse", &large], "6000 neurons; allowed are 1 to 5000");
        let thin = thinner(home.path());
        refused(&["analyse", thin.to_str().unwrap()], "give it with --tau");
        refused(&["analyse", &leaky, "--tau", "0 ms"], "not greater than zero");
        let ring = file("ring.toml", RING);
        let small = file("small.toml", &RING.replace("size = 4", "size = 5"));
        refused(&["analyse", &ring, "--pruned", &small], "4 and 5 neurons");
        refused(&["analyse", &ring, "--pruned", &ring, "--time", "10 min"], "allowed are at most");
        assert_eq!(call(&["analyse", "absent.toml"]).0, Exit::File);
    }
}
