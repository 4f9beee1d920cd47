//! The progress line, and the wish to stop. Neither touches a result: the engine asks after each
//! window and is told to go on or to stop at its end.

use super::wiring::{Control, Progress};
use super::words;
use crate::base::{Span, Tick};
use std::io::{IsTerminal, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static HANDLER: Once = Once::new();

/// From now on the first Ctrl-C asks the run to stop at its next window, the second ends the
/// process at once.
pub fn listen_for_interrupt() {
    HANDLER.call_once(|| {
        let heard = || {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
        };
        // Without a handler Ctrl-C ends the process as it always does: no reason to refuse.
        let _ = ctrlc::set_handler(heard);
    });
}

/// Whether Ctrl-C was pressed.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Shows how far a run has come, on a terminal only.
pub struct Meter {
    visible: bool,
    started: Instant,
    duration: Span,
    /// Microseconds from the start to the end of the engine's set-up; 0 if it told none.
    set_up: AtomicU64,
    /// Milliseconds at which the line is to be drawn next.
    draw_at: AtomicU64,
}

/// Between two drawings: a terminal over a slow line must not slow the run.
const PAUSE: Duration = Duration::from_millis(100);
/// Columns that are assumed where the terminal does not tell.
const USUAL_WIDTH: usize = 80;
/// Columns that stay free: a terminal shows `^C` behind the line, and some wrap as soon as the
/// last column is written.
const FREE: usize = 3;
/// The bar fills what is left of the line, within these bounds.
const BAR: std::ops::RangeInclusive<usize> = 12..=32;

impl Meter {
    /// A meter for a run of `duration`, which starts now.
    pub fn new(duration: Span, quiet: bool) -> Meter {
        Meter {
            visible: is_visible(quiet),
            started: Instant::now(),
            duration,
            set_up: AtomicU64::new(0),
            draw_at: AtomicU64::new(0),
        }
    }

    /// Hears from the engine and answers.
    pub fn observe(&self, progress: Progress) -> Control {
        // The clock is not asked in every window: some are over in two microseconds.
        if self.set_up.load(Ordering::Relaxed) == 0 {
            self.set_up.store(self.started.elapsed().as_micros().max(1) as u64, Ordering::Relaxed);
        }
        if self.visible {
            self.draw(progress, self.started.elapsed());
        }
        if interrupted() { Control::Stop } else { Control::Continue }
    }

    fn draw(&self, progress: Progress, elapsed: Duration) {
        let now = elapsed.as_millis() as u64;
        if now < self.draw_at.load(Ordering::Relaxed) {
            return;
        }
        self.draw_at.store(now + PAUSE.as_millis() as u64, Ordering::Relaxed);
        replace_line(&line(progress, self.duration, elapsed, width()));
    }

    /// Seconds that the engine spent before its first window.
    pub fn set_up_s(&self) -> f64 {
        self.set_up.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// Takes the line away and tells how long the run took, in seconds.
    pub fn finish(&self) -> f64 {
        if self.visible {
            replace_line("");
        }
        self.started.elapsed().as_secs_f64()
    }
}

/// A line that says what is being done before a run begins, on a terminal only. It goes away with
/// the value.
pub struct Notice {
    visible: bool,
}

impl Notice {
    /// Shows the text, as much of it as the line holds.
    pub fn new(text: &str, quiet: bool) -> Notice {
        let notice = Notice { visible: is_visible(quiet) };
        if notice.visible {
            let room = width().saturating_sub(FREE);
            replace_line(&text.chars().take(room).collect::<String>());
        }
        notice
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        if self.visible {
            replace_line("");
        }
    }
}

fn is_visible(quiet: bool) -> bool {
    let is_dumb = std::env::var_os("TERM").is_some_and(|name| name == "dumb");
    !quiet && !is_dumb && std::io::stderr().is_terminal()
}

/// Writes over the line on which the cursor stands: to its start, the text, clear the rest. The
/// cursor stays on that line, so that a `^C` shown behind the text is written over as well.
fn replace_line(text: &str) {
    let mut terminal = std::io::stderr().lock();
    // That nobody sees how far a run is must not stop it.
    let _ = write!(terminal, "\r{text}\x1b[K").and_then(|()| terminal.flush());
}

fn width() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(USUAL_WIDTH, |(width, _)| width.0.into())
}

/// ` 25 %  0.250 s of 1 s, 9.2 s left, real-time factor 12.30, 1,200 spikes  [===>        ]`, or
/// as much of it as `width` columns hold.
fn line(progress: Progress, duration: Span, elapsed: Duration, width: usize) -> String {
    let Progress { simulated, spikes } = progress;
    let part = (simulated.s() / duration.s().max(f64::MIN_POSITIVE)).min(1.0);
    let mut line = format!("{:>3} %", (part * 100.0) as u32);
    let mut pieces = vec![format!("{:.3} s of {} s", simulated.s(), duration.s())];
    if simulated > Tick::ZERO {
        let factor = elapsed.as_secs_f64() / simulated.s();
        let left = (duration.s() - simulated.s()).max(0.0) * factor;
        pieces.push(format!("{} left", words::seconds(left)));
        pieces.push(format!("real-time factor {factor:.2}"));
        pieces.push(format!("{} spikes", words::count(spikes)));
    }
    let mut separator = "  ";
    let width = width.saturating_sub(FREE);
    for piece in pieces {
        if line.len() + separator.len() + piece.len() <= width {
            line.push_str(separator);
            line.push_str(&piece);
            separator = ", ";
        }
    }
    let room = width.saturating_sub(line.len() + "  []".len()).min(*BAR.end());
    if room >= *BAR.start() {
        let done = (part * room as f64) as usize;
        let head = if done < room { ">" } else { "" };
        line.push_str(&format!("  [{:<room$}]", "=".repeat(done) + head));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_speed_and_time_left() {
        let at = |tick, spikes| Progress { simulated: Tick(tick), spikes };
        let (half, two) = (at(500_000_000, 1200), Span::from_whole_ms(2000));
        let text = line(half, two, Duration::from_secs(1), 95);
        let expected = " 25 %  0.500 s of 2 s, 3.0 s left, real-time factor 2.00, 1,200 spikes";
        assert_eq!(text, format!("{expected}  [====>             ]"));
        assert_eq!(line(half, two, Duration::from_secs(1), 80), expected);
        let narrow = line(half, two, Duration::from_secs(1), 40);
        assert_eq!(narrow, " 25 %  0.500 s of 2 s, 3.0 s left");
        let start = line(at(0, 0), two, Duration::ZERO, 60);
        assert_eq!(start, format!("  0 %  0.000 s of 2 s  [{:<32}]", ">"));
        let end = line(at(2_000_000_000, 9), two, Duration::from_secs(4), 90);
        assert!(end.starts_with("100 %") && end.ends_with("===]"), "{end}");
    }

    #[test]
    fn the_line_fits_any_terminal() {
        let progress = Progress { simulated: Tick(123_456_789_012), spikes: 1_234_567_890 };
        for width in 8..200 {
            let text = line(progress, Span(1 << 52), Duration::from_secs(987_654), width);
            assert!(text.is_ascii() && text.len() + "^C".len() < width, "{width}: {text}");
        }
    }

    #[test]
    fn the_set_up_ends_with_the_first_report() {
        let meter = Meter::new(Span::from_whole_ms(10), true);
        let report = |tick| meter.observe(Progress { simulated: Tick(tick), spikes: 0 });
        assert_eq!(meter.set_up_s(), 0.0);
        std::thread::sleep(Duration::from_millis(2));
        // A run that goes on does not begin at zero.
        report(5);
        let set_up = meter.set_up_s();
        assert!(set_up >= 0.002);
        std::thread::sleep(Duration::from_millis(1));
        report(6);
        assert_eq!(meter.set_up_s(), set_up);
    }
}
