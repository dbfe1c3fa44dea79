//! Asks before a request that removes something or cannot be undone, and before many.

use crate::{
    arguments::operations::help::first_sentence,
    error::{CommandError, ErrorReport, UsageError},
    terminal::replace_control_characters,
};
use partner_center_spec::Operation;
use std::io::{self, BufRead, IsTerminal, Write};

/// Returns what an operation does, for the question.
pub(super) fn lowercased_operation_summary(operation: &Operation) -> String {
    let mut what = first_sentence(operation.summary);
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    what
}

const CONFIRMATION_ADVICE: &str = "add --yes to send it, or --dry-run to see it";

/// Asks whether to send a request that removes something, or cannot be undone.
pub(crate) fn ask_to_confirm_removal(what: &str) -> Result<(), CommandError> {
    ask_to_confirm(what, "it removes something or cannot be undone", CONFIRMATION_ADVICE)
}

/// Asks whether to send a request that replaces what is there.
pub(super) fn ask_to_confirm_replacement(what: &str) -> Result<(), CommandError> {
    ask_to_confirm(what, "it replaces what is there", CONFIRMATION_ADVICE)
}

/// Asks whether to send what `what` describes. Without a terminal there is nobody to ask, so that `--yes` is
/// required; `reason` says why it has to be confirmed.
pub(crate) fn ask_to_confirm(what: &str, reason: &str, advice: &str) -> Result<(), CommandError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(UsageError(ErrorReport {
            message: format!("this must be confirmed: {what}"),
            cause: format!("{reason}, and this is not a terminal where you could be asked"),
            advice: advice.to_owned(),
        })
        .into());
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{}. Continue? [y/N] ", replace_control_characters(what)).and_then(|()| stderr.flush())?;
    let mut response = String::new();
    io::stdin().lock().read_line(&mut response).map_err(|error| {
        let advice = "type y or n, or add --yes to send it";
        CommandError::new("the confirmation cannot be read; nothing was sent", &error, advice)
    })?;
    if ["y", "yes"].contains(&response.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    Err(CommandError::Summary("nothing was sent".to_owned()))
}
