//! A piano roll: what was taught above, what is played from memory below.

use super::compare::compare;
use std::fmt::Write;

/// Pixels of a millisecond and of a neuron.
const MS: f64 = 0.9;
const KEY: f64 = 9.0;
const LEFT: f64 = 60.0;

/// Periods of each roll.
const PERIODS: usize = 4;

/// The first cycles that are played freely, and the last that are shown.
const FREE_FROM: usize = 3;
const LAST: usize = 55;

/// The figure as SVG. `song` and `replay` are rates as shares of the full rate, millisecond by millisecond,
/// neuron by neuron.
pub fn figure(song: &[f64], replay: &[f64], neurons: usize) -> String {
    let full = song.iter().copied().fold(0.0, f64::max);
    let steps = song.len() / neurons;
    let width = LEFT + (PERIODS * steps) as f64 * MS + 30.0;
    let each = neurons as f64 * KEY + 46.0;
    let height = 3.0 * each + 34.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let taught: Vec<f64> = song.iter().copied().cycle().take(PERIODS * song.len()).collect();
    let cycles = replay.len() / song.len();
    let last = cycles.saturating_sub(PERIODS).min(LAST);
    let part = |from: usize| &replay[from * song.len()..(from + PERIODS) * song.len()];
    let seconds = |from: usize| (from - FREE_FROM) as f64 * steps as f64 / 1e3;
    let mean = |from: usize| {
        let cycles = part(from).chunks_exact(song.len());
        let sum: f64 = cycles.map(|cycle| compare(song, cycle, neurons).correlation).sum();
        format!("correlation with the song {:.3}", sum / PERIODS as f64)
    };
    let first = "played from memory, right after the teacher has gone";
    let rolls = [
        (
            "taught: the opening of \u{201e}F\u{fc}r Elise\u{201c}, four times".to_string(),
            "#356",
            &taught[..],
        ),
        (format!("{first}: {}", mean(FREE_FROM)), "#a43", part(FREE_FROM)),
        (format!("and {:.0} s later: {}", seconds(last), mean(last)), "#a43", part(last)),
    ];
    for (number, (title, colour, rates)) in rolls.iter().enumerate() {
        let top = 8.0 + number as f64 * each;
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{:.1}\">{title}</text>", top + 14.0);
        roll(&mut svg, (top + 22.0, colour), rates, (neurons, full));
    }
    let bottom = 8.0 + 3.0 * each;
    for tick in 0..=PERIODS {
        let x = LEFT + (tick * steps) as f64 * MS;
        let (y, ms) = (bottom, tick * steps);
        let _ =
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{ms} ms</text>");
    }
    svg.push_str("</svg>\n");
    svg
}

/// One roll: a row for each neuron, darker where its rate is higher.
fn roll(
    svg: &mut String,
    (top, colour): (f64, &str),
    rates: &[f64],
    (neurons, full): (usize, f64),
) {
    let steps = rates.len() / neurons;
    let (width, height) = (steps as f64 * MS, neurons as f64 * KEY);
    let _ = writeln!(
        svg,
        "<rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         fill=\"#f4f3ef\"/>"
    );
    let middle = top + height / 2.0;
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{middle:.1}\" text-anchor=\"end\">neuron</text>",
        LEFT - 8.0
    );
    // Eight shades, each of them one path, in which a stretch is a rectangle.
    let shade = |rate: f64| ((rate / full * 8.0).round() as usize).min(8);
    let mut paths = vec![String::new(); 9];
    for neuron in 0..neurons {
        let at = |step: usize| shade(rates[step * neurons + neuron]);
        let y = top + (neurons - 1 - neuron) as f64 * KEY + 0.5;
        let mut step = 0;
        while step < steps {
            let level = at(step);
            let end = (step..steps).find(|&k| at(k) != level).unwrap_or(steps);
            let (x, w) = (LEFT + step as f64 * MS, (end - step) as f64 * MS);
            let _ = write!(paths[level], "M{x:.1} {y:.1}h{w:.1}v{:.0}h-{w:.1}z", KEY - 1.0);
            step = end;
        }
    }
    for (level, path) in paths.iter().enumerate().skip(1).filter(|(_, path)| !path.is_empty()) {
        let opacity = level as f64 / 8.0;
        let _ = writeln!(svg, "<path fill=\"{colour}\" fill-opacity=\"{opacity}\" d=\"{path}\"/>");
    }
}
