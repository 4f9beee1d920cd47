//! How well a cycle of a replay matches the song.

/// How a cycle of the replay compares with the song.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// Mean over neurons of Pearson's coefficient, at the best lag.
    pub correlation: f64,
    /// Mean squared difference there, rates as shares of the full rate.
    pub squared: f64,
    /// By how much the cycle is behind the song, within a period.
    pub lag_ms: usize,
}

/// The best match of a cycle with the song over all circular lags. Both are given ms by ms, neuron by
/// neuron, as shares of the full rate.
pub fn compare(song: &[f64], cycle: &[f64], neurons: usize) -> Match {
    let lags = 0..song.len() / neurons;
    let matches = lags.map(|lag| at_lag(song, cycle, neurons, lag));
    matches.max_by(|a, b| a.correlation.total_cmp(&b.correlation)).expect("a song has a length")
}

/// The match at one lag.
pub fn at_lag(song: &[f64], cycle: &[f64], neurons: usize, lag_ms: usize) -> Match {
    let steps = song.len() / neurons;
    let at = |step: usize, neuron: usize| cycle[(step + lag_ms) % steps * neurons + neuron];
    let pearson = |neuron: usize| {
        let taught: Vec<f64> = (0..steps).map(|k| song[k * neurons + neuron]).collect();
        let played: Vec<f64> = (0..steps).map(|k| at(k, neuron)).collect();
        correlation(&taught, &played)
    };
    let correlation = (0..neurons).map(pearson).sum::<f64>() / neurons as f64;
    let square = |place: usize| {
        let difference = song[place] - at(place / neurons, place % neurons);
        difference * difference
    };
    let squared = (0..song.len()).map(square).sum::<f64>() / song.len() as f64;
    Match { correlation, squared, lag_ms }
}

/// Pearson's coefficient; zero where one side does not change.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let sum =
        |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(a, b)| f(a - ma, b - mb)).sum::<f64>();
    let (ab, aa, bb) = (sum(&|a, b| a * b), sum(&|a, _| a * a), sum(&|_, b| b * b));
    if aa > 0.0 && bb > 1e-9 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// By how many ms the lag grows in a cycle on the average, given those of cycles that follow one another: each
/// change is taken the shorter way round.
pub fn drift(lags: &[usize], period: usize) -> f64 {
    let change = |pair: &[usize]| {
        let change = (pair[1] + period - pair[0]) % period;
        if change > period / 2 { change as f64 - period as f64 } else { change as f64 }
    };
    lags.windows(2).map(change).sum::<f64>() / (lags.len() - 1) as f64
}
