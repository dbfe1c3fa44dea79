//! How far a command is, on the last line of a terminal.

mod margin;

use console::Term;
use indicatif::{
    HumanCount, HumanFloatCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, style::ProgressTracker,
};
use margin::WithMargin;
use std::{
    env,
    fmt::Write,
    time::{Duration, Instant},
};

/// How often the line is drawn anew when nothing else happens, and at most.
const TICK: Duration = Duration::from_millis(200);
const DRAWS_PER_SECOND: u8 = 20;
/// After so long without a customer, the line says what the command is waiting for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line that says how many customers came, and how fast.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// The line, if standard error is a terminal that can take a line back.
    pub(crate) fn on_terminal() -> Self {
        let can_take_back = env::var_os("TERM").is_none_or(|name| name != "dumb");
        let terminal = Term::buffered_stderr();
        if !can_take_back || !terminal.is_term() {
            return Self::hidden();
        }
        let style = ProgressStyle::with_template("{customers}{msg} · {pace}").unwrap_or_else(|error| {
            unreachable!("the template is a valid one: {error}");
        });
        let customers = |state: &ProgressState, line: &mut dyn Write| {
            // Writing to memory does not fail.
            let _ = line.write_str(&counted(state.pos(), "customer"));
        };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(WithMargin(terminal)), DRAWS_PER_SECOND);
        let bar = ProgressBar::with_draw_target(None, target).with_style(
            style.with_key("customers", customers).with_key("pace", Pace { count: 0, since: Instant::now() }),
        );
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// No line at all.
    pub(crate) fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// So many customers have come.
    pub(crate) fn came(&self, customers: usize) {
        self.0.inc(customers.try_into().unwrap_or(u64::MAX));
    }

    /// So many pages have come.
    pub(crate) fn pages(&self, pages: u64) {
        self.0.set_message(format!(" · {}", counted(pages, "page")));
    }

    /// Takes the line back while something else is written.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Takes the line back for good.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// How fast customers come, or that they do not.
#[derive(Clone)]
struct Pace {
    /// How many there were when that changed last.
    count: u64,
    since: Instant,
}

impl ProgressTracker for Pace {
    fn clone_box(&self) -> Box<dyn ProgressTracker> {
        Box::new(self.clone())
    }

    fn tick(&mut self, state: &ProgressState, now: Instant) {
        if self.count != state.pos() {
            *self = Self { count: state.pos(), since: now };
        }
    }

    fn reset(&mut self, _: &ProgressState, now: Instant) {
        *self = Self { count: 0, since: now };
    }

    fn write(&self, state: &ProgressState, line: &mut dyn Write) {
        let pace = if self.count == 0 || self.since.elapsed() > PATIENCE {
            "waiting".to_owned()
        } else {
            format!("{}/s", HumanFloatCount(state.per_sec().round()))
        };
        let _ = line.write_str(&pace);
    }
}

/// `1 page`, `1,500 customers`.
fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", HumanCount(number))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn numbers_are_easy_to_read() {
        let said = [0, 1, 2, 1500, 1_000_000].map(|number| counted(number, "page"));
        assert_eq!(said, ["0 pages", "1 page", "2 pages", "1,500 pages", "1,000,000 pages"]);
    }
}
