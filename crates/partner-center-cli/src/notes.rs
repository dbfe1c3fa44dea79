//! What is said on standard error when nothing is wrong.

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
#[derive(Clone, Copy)]
pub(crate) struct Notes {
    quiet: bool,
}

impl Notes {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(crate) fn say(self, note: impl Display) {
        if !self.quiet {
            // That nobody listens is no reason to stop.
            let _ = writeln!(io::stderr().lock(), "{note}");
        }
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
