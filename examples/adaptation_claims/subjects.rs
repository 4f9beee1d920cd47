//! The subjects: what is run, printed, drawn and demanded.

use super::Claim;
use super::figure::{Curve, Panel, draw};
use super::fit::{PowerLaw, logarithm_r2, sine};
use super::runs::{NOISE, Run, STEPS, Trouble, mean_of, median, summary};
use saltatory::analysis::fractional::fractional_order;

/// Figures by file name, and claims.
pub type Shown = (Vec<(&'static str, String)>, Vec<Claim>);

/// Populations of each scenario, in the order of their colours.
pub const BOTH: [&str; 2] = ["adaptive", "frozen"];

/// Mean (least to largest).
pub fn words(values: &[f64]) -> String {
    let (mean, least, most) = summary(values);
    format!("{mean:.3} ({least:.3} to {most:.3})")
}

/// A claim about the median of some seeds.
pub fn claim(demanded: &str, values: &[f64], fits: impl Fn(f64) -> bool) -> Claim {
    let (_, least, most) = summary(values);
    Claim {
        demanded: demanded.to_string(),
        found: format!("{:.3} ({least:.3} to {most:.3})", median(values)),
        holds: fits(median(values)),
        seeds: values.iter().filter(|&&value| fits(value)).count(),
    }
}

/// A scenario with changes, at seeds 1, 2, 3 and so on.
///
/// # Errors
/// What a run says.
pub fn seeded(seeds: u64, text: &str, changes: &[String]) -> Result<Vec<Run>, Trouble> {
    (1..=seeds)
        .map(|seed| {
            eprint!("\rseed {seed} of {changes:.1?}          ");
            Run::new(text, seed, changes)
        })
        .collect()
}

/// The mean rate of a population over time, in bins of `bin` s: (middle of the bin, Hz).
pub fn course(runs: &[Run], who: &str, (from, to): (f64, f64), bin: f64) -> Vec<(f64, f64)> {
    let series: Vec<Vec<f64>> = runs.iter().map(|run| run.rates(who, from, to, bin)).collect();
    let middle = |k: usize| from + bin * (k as f64 + 0.5);
    mean_of(&series).into_iter().enumerate().map(|(k, rate)| (middle(k), rate)).collect()
}

/// What the current of `adaptation_steps` rises by, in pA, and as a part of the drive before.
const RISES: [(f64, &str); 3] = [(37.5, "1/8"), (75.0, "1/4"), (150.0, "1/2")];

/// Steps of the drive, and their fractional order.
pub fn steps(seeds: u64) -> Result<Shown, Trouble> {
    println!(
        "\n`adaptation_steps.toml`: rise of the rate (Hz) over that of 10 to 20 s, means of {seeds} seeds.\n"
    );
    println!(
        "| step, part of the drive | | before, Hz | first 100 ms | last 2 s | 100 ms after | order |\n\
         |---|---|---|---|---|---|---|"
    );
    let mut claims = Vec::new();
    let (mut courses, mut orders) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (number, (pa, part)) in RISES.into_iter().enumerate() {
        let changes = [0, 1].map(|k| format!("current.{k}.current.steps.0.1={pa} pA"));
        let runs = seeded(seeds, STEPS, &changes)?;
        // What the frozen neurons rise by for one unit of drive.
        let rises = |who: &str, from: f64, to: f64| -> Vec<f64> {
            let rate = |run: &Run, from, to| run.rate_and_spread(who, from, to).0;
            runs.iter().map(|run| rate(run, from, to) - rate(run, 10.0, 20.0)).collect()
        };
        let per_drive: Vec<f64> =
            rises("frozen", 20.0, 30.0).iter().map(|rise| rise / (pa * 0.04 / 15.0)).collect();
        for (place, who) in BOTH.into_iter().enumerate() {
            let [first, last, back] =
                [(20.0, 20.1), (28.0, 30.0), (30.0, 30.1)].map(|(from, to)| rises(who, from, to));
            let order = |(run, scale): (&Run, &f64)| -> f64 {
                let rates = run.rates(who, 10.0, 40.0, 0.2);
                let response: Vec<f64> = rates.iter().map(|rate| rate / scale).collect();
                let drive = |k: usize| if (50..100).contains(&k) { pa * 0.04 / 15.0 } else { 0.0 };
                let drive: Vec<f64> = (0..150).map(drive).collect();
                fractional_order(&response, &drive, 25, 40..110).unwrap_or(f64::NAN)
            };
            let found: Vec<f64> = runs.iter().zip(&per_drive).map(order).collect();
            let before: Vec<f64> =
                runs.iter().map(|run| run.rate_and_spread(who, 10.0, 20.0).0).collect();
            println!(
                "| {part} | {who} | {} | {} | {} | {} | {} |",
                words(&before),
                words(&first),
                words(&last),
                words(&back),
                words(&found)
            );
            let kept: Vec<f64> = last.iter().zip(&first).map(|(l, f)| l / f).collect();
            if who == "adaptive" {
                let what =
                    format!("step of {part}, adaptive: rise after 10 s / at first below 0.5");
                claims.push(claim(&what, &kept, |r| r < 0.5));
                let what = format!("step of {part}, adaptive: falls below the rate before (Hz)");
                claims.push(claim(&what, &back, |r| r < 0.0));
                let what = format!("step of {part}, adaptive: fractional order in -0.5 to -0.02");
                claims.push(claim(&what, &found, |r| (-0.5..=-0.02).contains(&r)));
            } else {
                let what = format!("step of {part}, frozen: order within 0.02 of zero");
                claims.push(claim(&what, &found, |r| r.abs() <= 0.02));
            }
            orders[place].push((pa * 0.04 / 15.0, summary(&found).0));
            if number == 1 {
                let points = course(&runs, who, (15.0, 40.0), 0.2);
                courses.push(Curve { name: who, colour: place, points, dots: false });
            }
        }
    }
    let course = Panel {
        title: "drive a quarter stronger from 20 to 30 s",
        x: "time (s)",
        y: "rate (Hz)",
        logarithmic: false,
        low: Some(0.0),
        curves: courses,
    };
    let mut places = 0..;
    let order = Panel {
        title: "order of the answer to a step",
        x: "step of the drive",
        y: "fractional order",
        logarithmic: false,
        low: None,
        curves: BOTH
            .into_iter()
            .zip(orders)
            .map(|(name, points)| {
                let colour = places.next().expect("there are enough");
                Curve { name, colour, points, dots: true }
            })
            .collect(),
    };
    let steps = draw("An answer to a step that fades", &[course]);
    let orders = draw("A derivative of fractional order", &[order]);
    Ok((vec![("adaptation_steps.svg", steps), ("adaptation_order.svg", orders)], claims))
}

/// Weights of the noise, in units of 2 pA.
const SPREADS: [f64; 7] = [1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0];

/// The gain and the spread of the drive.
pub fn noise(seeds: u64) -> Result<Shown, Trouble> {
    println!("\n`adaptation_noise.toml`: the gain, means of {seeds} seeds from 5 to 20 s.\n");
    println!(
        "| noise, units of 2 pA | gain | rate, Hz | rate with the gain frozen at 2, Hz |\n|---|---|---|---|"
    );
    let mut gains: Vec<Vec<(f64, f64)>> = vec![Vec::new(); seeds as usize];
    let mut rates = [Vec::new(), Vec::new()];
    for xi in SPREADS {
        let noise = |k: usize, sign: &str| format!("background.{k}.weight={sign}{} pA", 2.0 * xi);
        let changes = vec![noise(0, ""), noise(1, "-")];
        let runs = seeded(seeds, NOISE, &changes)?;
        let found: Vec<f64> = runs.iter().map(|run| run.mean_sample(5.0, 20.0)).collect();
        for (curve, gain) in gains.iter_mut().zip(&found) {
            curve.push((xi, *gain));
        }
        // With a gain that units neither raise nor lower.
        let idle = (1..=4).map(|k| format!("population.adaptive.params.unit_{k}_gain=0"));
        let frozen: Vec<String> = changes
            .iter()
            .cloned()
            .chain(idle)
            .chain(["population.adaptive.params.gain=2".to_string()])
            .collect();
        let frozen = seeded(seeds, NOISE, &frozen)?;
        let rate = |runs: &[Run]| -> Vec<f64> {
            runs.iter().map(|run| run.rate_and_spread("adaptive", 5.0, 20.0).0).collect()
        };
        let (own, held) = (rate(&runs), rate(&frozen));
        println!("| {xi} | {} | {} | {} |", words(&found), words(&own), words(&held));
        rates[0].push((xi, summary(&own).0));
        rates[1].push((xi, summary(&held).0));
    }
    let fits: Vec<PowerLaw> = gains.iter().map(|points| PowerLaw::fit(points)).collect();
    let of = |value: fn(&PowerLaw) -> f64| fits.iter().map(value).collect::<Vec<f64>>();
    println!(
        "\nn = a xi^-b + c: a {}, b {}, c {}\n",
        words(&of(|law| law.factor)),
        words(&of(|law| law.exponent)),
        words(&of(|law| law.offset))
    );
    let falls: Vec<f64> = gains
        .iter()
        .map(|points| {
            points.windows(2).map(|pair| pair[1].1 - pair[0].1).fold(f64::NEG_INFINITY, f64::max)
        })
        .collect();
    let unexplained: Vec<f64> = gains
        .iter()
        .zip(&fits)
        .map(|(points, law)| (1.0 - logarithm_r2(points)) / (1.0 - law.r2))
        .collect();
    let claims = vec![
        claim("noise: n falls from each spread to the next (largest step)", &falls, |r| r < 0.0),
        claim("noise: power law with an offset, R^2 at least 0.98", &of(|l| l.r2), |r| r >= 0.98),
        claim("noise: exponent of the power law in 0.2 to 1", &of(|l| l.exponent), |b| {
            (0.2..=1.0).contains(&b)
        }),
        claim(
            "noise: a logarithm leaves at least five times as much unexplained",
            &unexplained,
            |r| r >= 5.0,
        ),
    ];
    let points: Vec<Vec<f64>> =
        gains.iter().map(|curve| curve.iter().map(|p| p.1).collect()).collect();
    let mean: Vec<(f64, f64)> = SPREADS.into_iter().zip(mean_of(&points)).collect();
    let law = PowerLaw::fit(&mean);
    let line = (0..=60).map(|k| 30f64.powf(f64::from(k) / 60.0));
    let line = line.map(|xi| (xi, law.at(xi))).collect();
    let gain = Panel {
        title: "gain; thin: power law with an offset",
        x: "spread of the noise (units of 2 pA)",
        y: "gain n",
        logarithmic: true,
        low: Some(0.0),
        curves: vec![
            Curve { name: "measured", colour: 0, points: mean, dots: true },
            Curve { name: "fit", colour: 3, points: line, dots: false },
        ],
    };
    let [own, held] = rates;
    let rate = Panel {
        title: "rate",
        x: "spread of the noise (units of 2 pA)",
        y: "rate (Hz)",
        logarithmic: true,
        low: Some(0.0),
        curves: vec![
            Curve { name: "adaptive", colour: 0, points: own, dots: true },
            Curve { name: "frozen at 2", colour: 1, points: held, dots: true },
        ],
    };
    let svg = draw("A gain that falls as the spread of the drive grows", &[gain, rate]);
    Ok((vec![("adaptation_noise.svg", svg)], claims))
}

/// Periods of the sines, in ms.
const PERIODS: [u64; 6] = [250, 500, 1000, 2000, 4000, 8000];
const MEASURED_S: f64 = 32.0;
const WARM_S: f64 = 8.0;

/// A sine of 75 pA in 20 steps a period.
fn sine_steps(period_ms: u64) -> String {
    let count = 20 * 1000 * (WARM_S + MEASURED_S) as u64 / period_ms;
    let step = |k: u64| {
        let phase = 2.0 * std::f64::consts::PI * (k as f64 + 0.5) / 20.0;
        format!("[\"{} us\", \"{:.3} pA\"]", k * period_ms * 50, 75.0 * phase.sin())
    };
    format!("[{}]", (0..count).map(step).collect::<Vec<_>>().join(", "))
}

/// Sines of the drive.
pub fn sines(seeds: u64) -> Result<Shown, Trouble> {
    println!("\nSines of a quarter of the drive: means of {seeds} seeds over {MEASURED_S} s.\n");
    println!(
        "| period, s | | amplitude, Hz | phase ahead of the drive, degrees |\n|---|---|---|---|"
    );
    let mut claims = Vec::new();
    let (mut leads, mut sizes) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    let mut ahead: Vec<Vec<f64>> = Vec::new();
    for period in PERIODS {
        let steps = sine_steps(period);
        let text = STEPS.replace("[[\"20 s\", \"75 pA\"], [\"30 s\", \"0 pA\"]]", &steps);
        let runs = seeded(seeds, &text, &[])?;
        let seconds = period as f64 / 1e3;
        let mut phases = Vec::new();
        for (place, who) in BOTH.into_iter().enumerate() {
            let parts: Vec<(f64, f64, f64)> = runs
                .iter()
                .map(|run| {
                    let rates = run.rates(who, WARM_S, WARM_S + MEASURED_S, seconds / 20.0);
                    sine(&rates, (MEASURED_S / seconds) as usize)
                })
                .collect();
            let size: Vec<f64> = parts.iter().map(|part| part.1).collect();
            let phase: Vec<f64> = parts.iter().map(|part| part.2).collect();
            println!("| {seconds} | {who} | {} | {} |", words(&size), words(&phase));
            leads[place].push((seconds, summary(&phase).0));
            sizes[place].push((seconds, summary(&size).0));
            phases.push(phase);
        }
        ahead.push(phases[0].iter().zip(&phases[1]).map(|(a, f)| a - f).collect());
    }
    for (period, ahead) in PERIODS.iter().zip(&ahead) {
        let seconds = *period as f64 / 1e3;
        let what = format!("sine of {seconds} s: adaptive ahead of frozen by more than 5 degrees");
        claims.push(claim(&what, ahead, |lead| lead > 5.0));
    }
    let panel = |title, y, curves: [Vec<(f64, f64)>; 2], low| Panel {
        title,
        x: "period (s)",
        y,
        logarithmic: true,
        low,
        curves: BOTH
            .into_iter()
            .zip(curves)
            .enumerate()
            .map(|(colour, (name, points))| Curve { name, colour, points, dots: true })
            .collect(),
    };
    let panels = [
        panel("phase of the rate ahead of the drive", "degrees", leads, None),
        panel("amplitude of the rate", "Hz", sizes, Some(0.0)),
    ];
    let svg = draw("Neurons that set their own gain run ahead of a slow drive", &panels);
    Ok((vec![("adaptation_sines.svg", svg)], claims))
}
