//! Messages on standard error: notes, progress, and the log of `-v`.

use crate::{
    arguments::{MessageOptions, operations::naming::ResourceNoun},
    error::ErrorReport,
    error_format::ErrorDetails,
    progress::ProgressLine,
};
use std::{
    fmt::Display,
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, PoisonError},
};
use tracing_subscriber::{
    Registry,
    filter::Targets,
    fmt::{self, format::FmtSpan},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// The messages of a command; `--quiet` suppresses them.
#[derive(Clone)]
pub(crate) struct Messages {
    quiet: bool,
    progress: ProgressLine,
    /// The messages that are kept for an assistant, in place of being written.
    kept: Option<Arc<Mutex<Vec<String>>>>,
    /// What is said if the command is interrupted now.
    interruption_note: Arc<Mutex<Option<String>>>,
}

impl Messages {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, progress: ProgressLine::new_hidden(), kept: None, interruption_note: Arc::default() }
    }

    /// Returns messages with a progress line below them that counts `noun`, if standard error is a terminal.
    pub(crate) fn with_progress(options: &MessageOptions, noun: ResourceNoun) -> Self {
        // The log of `-v` shows each step already.
        let is_hidden = options.quiet || options.verbose > 0;
        let progress = if is_hidden { ProgressLine::new_hidden() } else { ProgressLine::new_for_stderr(noun) };
        Self { progress, ..Self::new(options.quiet) }
    }

    /// Returns messages that are kept until they are taken.
    pub(crate) fn for_assistant() -> Self {
        Self { kept: Some(Arc::default()), ..Self::new(false) }
    }

    /// Takes the messages that were kept.
    pub(crate) fn take_kept(&self) -> Vec<String> {
        let kept = self.kept.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.map(|mut kept| mem::take(&mut *kept)).unwrap_or_default()
    }

    pub(crate) fn progress_line(&self) -> &ProgressLine {
        &self.progress
    }

    /// Sets what is said if the command is interrupted from now on.
    pub(crate) fn set_interruption_note(&self, note: Option<String>) {
        *self.interruption_note.lock().unwrap_or_else(PoisonError::into_inner) = note;
    }

    /// Prints what is to be said of an interruption, even with `--quiet`: it may be about a change that was made.
    pub(crate) fn print_interruption_note(&self) {
        if let Some(note) = self.interruption_note.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writeln!(io::stderr().lock(), "{note}");
        }
    }

    pub(crate) fn print(&self, message: impl Display) {
        if let Some(kept) = &self.kept {
            return kept.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_string());
        }
        if !self.quiet {
            // A closed standard error is not a reason to stop.
            let _ = self.progress.hide_while_writing(|| writeln!(io::stderr().lock(), "{message}"));
        }
    }

    /// Prints an error that does not end the command.
    pub(crate) fn print_error(&self, error_report: &ErrorReport, details: &ErrorDetails) {
        self.progress.hide_while_writing(|| error_report.print(details));
    }
}

/// Logs to standard error, as `-v` says: warnings, calls, attempts, and everything.
pub(crate) fn init_tracing(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::WARN,
        2 => tracing::Level::INFO,
        3 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    // Only crates of this project, which never log tokens.
    let ours = Targets::new().with_target("partner_center", level);
    // An error of writing to a closed standard error would be reported to standard error, which panics.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).log_internal_errors(false);
    // Each call is logged when it ends, with the time it took.
    let lines = lines.with_span_events(FmtSpan::CLOSE);
    Registry::default().with(lines).with(ours).init();
}
