//! What is said on standard error when nothing is wrong.

use crate::{arguments::NotesOptions, failure::Explanation, progress::Progress};
use std::{
    fmt::Display,
    io::{self, Write},
};
use tracing_subscriber::{
    Registry,
    filter::Targets,
    fmt::{self, format::FmtSpan},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Remarks for whoever watches; `--quiet` leaves them out.
#[derive(Clone)]
pub(crate) struct Notes {
    quiet: bool,
    progress: Progress,
}

impl Notes {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, progress: Progress::hidden() }
    }

    /// Notes with a line of progress below them, where there is a place for one.
    pub(crate) fn with_progress(options: &NotesOptions) -> Self {
        // Whoever wants to be told more is told each step anyway.
        let progress = if options.quiet || options.verbose > 0 { Progress::hidden() } else { Progress::on_terminal() };
        Self { quiet: options.quiet, progress }
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    pub(crate) fn say(&self, note: impl Display) {
        if !self.quiet {
            // That nobody listens is no reason to stop.
            let _ = self.progress.suspend(|| writeln!(io::stderr().lock(), "{note}"));
        }
    }

    /// Reports a failure that does not end the command.
    pub(crate) fn report(&self, explanation: &Explanation) {
        self.progress.suspend(|| explanation.say());
    }
}

/// Shows on standard error what the client does: with one `v` its warnings, with more of them more.
pub(crate) fn trace(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::WARN,
        2 => tracing::Level::INFO,
        3 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    // The crates of this project only: they are known to keep tokens to themselves.
    let ours = Targets::new().with_target("partner_center", level);
    // Complaints about a closed standard error would go to standard error, and that panics.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).log_internal_errors(false);
    // A call has a line when it is done, with the time it took.
    let lines = lines.with_span_events(FmtSpan::CLOSE);
    Registry::default().with(lines).with(ours).init();
}
