//! The progress line at the bottom of a terminal.

mod margin;

use crate::arguments::operations::naming::ResourceNoun;
use console::Term;
use indicatif::{
    HumanCount, HumanDuration, HumanFloatCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle,
    style::ProgressTracker,
};
use margin::TerminalWithMargin;
use std::{
    env,
    fmt::Write,
    thread,
    time::{Duration, Instant},
};

/// The interval at which the line is redrawn when nothing changes, and the maximum rate.
const IDLE_REDRAW_INTERVAL: Duration = Duration::from_millis(200);
const MAX_DRAWS_PER_SECOND: u8 = 20;
/// After so long without an item, the line says that the command is waiting.
const WAITING_MESSAGE_DELAY: Duration = Duration::from_secs(2);

/// The delay before the line is cleared because of Ctrl-C. The terminal discards pending output and echoes the key: what is
/// written earlier is lost, or comes before the echo.
const CONTROL_C_ECHO_DELAY: Duration = Duration::from_millis(20);

/// A line with the number of items and pages that were received, and the rate.
#[derive(Clone)]
pub(crate) struct ProgressLine(ProgressBar);

impl ProgressLine {
    /// Returns a line that is shown if standard error is a terminal that can clear a line.
    pub(crate) fn new_for_stderr(noun: ResourceNoun) -> Self {
        let can_clear_line = env::var_os("TERM").is_none_or(|name| name != "dumb");
        let terminal = Term::buffered_stderr();
        if !can_clear_line || !terminal.is_term() {
            return Self::new_hidden();
        }
        let style = ProgressStyle::with_template("{items}{msg} · {pace}").unwrap_or_else(|error| {
            unreachable!("the template is a valid one: {error}");
        });
        let (one, several) = (noun.singular(), noun.plural());
        let items = move |state: &ProgressState, line: &mut dyn Write| {
            // Writing to memory does not fail.
            let _ = match state.len() {
                Some(total) => {
                    write!(line, "{} of {}", HumanCount(state.pos()), format_count_with_noun(total, &one, &several))
                }
                None => line.write_str(&format_count_with_noun(state.pos(), &one, &several)),
            };
        };
        let target =
            ProgressDrawTarget::term_like_with_hz(Box::new(TerminalWithMargin(terminal)), MAX_DRAWS_PER_SECOND);
        let bar = ProgressBar::with_draw_target(None, target).with_style(
            style.with_key("items", items).with_key("pace", ItemRateTracker { count: 0, since: Instant::now() }),
        );
        bar.enable_steady_tick(IDLE_REDRAW_INTERVAL);
        Self(bar)
    }

    /// Returns a line that is never shown.
    pub(crate) fn new_hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Counts items that were received.
    pub(crate) fn add_items(&self, items: usize) {
        if self.0.length().is_some() {
            return;
        }
        self.0.inc(items.try_into().unwrap_or(u64::MAX));
    }

    /// Counts targets from now on, of which there are so many, and not items.
    pub(crate) fn set_target_total(&self, targets: usize) {
        self.0.set_length(targets.try_into().unwrap_or(u64::MAX));
    }

    /// Counts a target that is done.
    pub(crate) fn add_finished_target(&self) {
        if self.0.length().is_some() {
            self.0.inc(1);
        }
    }

    /// Sets the number of pages that were received.
    pub(crate) fn set_page_count(&self, pages: u64) {
        self.0.set_message(format!(" · {}", format_count_with_noun(pages, "page", "pages")));
    }

    /// Hides the line while something else is written.
    pub(crate) fn hide_while_writing<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.suspend(write)
    }

    /// Clears the line for good, after Ctrl-C.
    pub(crate) fn clear_after_interruption(&self) {
        if !self.0.is_hidden() {
            thread::sleep(CONTROL_C_ECHO_DELAY);
        }
        self.clear();
    }

    /// Clears the line for good.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// The rate of items, or `waiting`.
#[derive(Clone)]
struct ItemRateTracker {
    /// The number of items when it last changed.
    count: u64,
    since: Instant,
}

impl ProgressTracker for ItemRateTracker {
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
        let pace = if self.count == 0 || self.since.elapsed() > WAITING_MESSAGE_DELAY {
            "waiting".to_owned()
        } else {
            let rate = format!("{}/s", HumanFloatCount(state.per_sec().round()));
            match state.len() {
                Some(_) => format!("{rate} · {} left", HumanDuration(state.eta())),
                None => rate,
            }
        };
        let _ = line.write_str(&pace);
    }
}

/// Formats a count: `1 page`, `1,500 customers`.
fn format_count_with_noun(number: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", HumanCount(number), if number == 1 { singular } else { plural })
}

#[cfg(test)]
mod tests {
    use super::format_count_with_noun;

    #[test]
    fn counts_have_separators() {
        let said = [0, 1, 2, 1500, 1_000_000].map(|number| format_count_with_noun(number, "page", "pages"));
        assert_eq!(said, ["0 pages", "1 page", "2 pages", "1,500 pages", "1,000,000 pages"]);
    }
}
