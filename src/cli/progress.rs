//! The progress line, and the wish to stop. Neither touches a result: the engine asks after each
//! window and is told to go on or to stop at its end.

use super::wiring::{Control, Progress};
use super::words;
use crate::base::{Span, Tick};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
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
    bar: ProgressBar,
    started: Instant,
    duration: Span,
    /// Microseconds from the start to the end of the engine's set-up; 0 if it told none.
    set_up: AtomicU64,
    /// Milliseconds at which the line is to be drawn next.
    draw_at: AtomicU64,
}

/// Between two drawings.
const PAUSE: Duration = Duration::from_millis(100);
/// Steps of the bar.
const STEPS: u64 = 1000;

impl Meter {
    /// A meter for a run of `duration`, which starts now.
    pub fn new(duration: Span, quiet: bool) -> Meter {
        let visible = !quiet && std::io::stderr().is_terminal();
        let bar = if visible { bar() } else { ProgressBar::hidden() };
        Meter {
            bar,
            started: Instant::now(),
            duration,
            set_up: AtomicU64::new(0),
            draw_at: AtomicU64::new(0),
        }
    }

    /// Hears from the engine and answers.
    pub fn observe(&self, progress: Progress) -> Control {
        let elapsed = self.started.elapsed();
        if progress.simulated == Tick::ZERO {
            self.set_up.store(elapsed.as_micros() as u64, Ordering::Relaxed);
        }
        if !self.bar.is_hidden() {
            self.draw(progress, elapsed);
        }
        if interrupted() { Control::Stop } else { Control::Continue }
    }

    fn draw(&self, progress: Progress, elapsed: Duration) {
        let now = elapsed.as_millis() as u64;
        if now < self.draw_at.load(Ordering::Relaxed) {
            return;
        }
        self.draw_at.store(now + PAUSE.as_millis() as u64, Ordering::Relaxed);
        let part = progress.simulated.s() / self.duration.s().max(f64::MIN_POSITIVE);
        self.bar.set_position((part * STEPS as f64) as u64);
        self.bar.set_message(line(progress, self.duration, elapsed));
    }

    /// Seconds that the engine spent before its first window.
    pub fn set_up_s(&self) -> f64 {
        self.set_up.load(Ordering::Relaxed) as f64 / 1e6
    }

    /// Takes the line away and tells how long the run took, in seconds.
    pub fn finish(&self) -> f64 {
        self.bar.finish_and_clear();
        self.started.elapsed().as_secs_f64()
    }
}

fn bar() -> ProgressBar {
    let template = "{percent:>3} % {bar:30} {msg}";
    let style = ProgressStyle::with_template(template).expect("the template is sound");
    // At most ten drawings a second: a terminal over a slow line must not slow the run.
    let target = ProgressDrawTarget::stderr_with_hz(10);
    ProgressBar::with_draw_target(Some(STEPS), target).with_style(style.progress_chars("=> "))
}

/// `0.250 s of 1 s, 1,200 spikes, 12.3 s for one second, 9.2 s left`.
fn line(Progress { simulated, spikes }: Progress, duration: Span, elapsed: Duration) -> String {
    let mut text = format!("{:.3} s of {} s", simulated.s(), duration.s());
    if simulated > Tick::ZERO {
        let factor = elapsed.as_secs_f64() / simulated.s();
        let left = (duration.s() - simulated.s()).max(0.0) * factor;
        text.push_str(&format!(
            ", {} spikes, {} for one second, {} left",
            words::count(spikes),
            words::seconds(factor),
            words::seconds(left)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_speed_and_time_left() {
        let at = |tick, spikes| Progress { simulated: Tick(tick), spikes };
        let half = at(500_000_000, 1200);
        let text = line(half, Span::from_whole_ms(2000), Duration::from_secs(1));
        assert_eq!(text, "0.500 s of 2 s, 1,200 spikes, 2.0 s for one second, 3.0 s left");
        assert_eq!(line(at(0, 0), Span(1_000_000_000), Duration::ZERO), "0.000 s of 1 s");
    }

    #[test]
    fn the_set_up_ends_with_the_report_of_time_zero() {
        let meter = Meter::new(Span::from_whole_ms(10), true);
        std::thread::sleep(Duration::from_millis(2));
        let report = |tick| meter.observe(Progress { simulated: Tick(tick), spikes: 0 });
        report(5);
        assert_eq!(meter.set_up_s(), 0.0);
        report(0);
        assert!(meter.set_up_s() >= 0.002);
    }
}
