//! Handles Ctrl-C and SIGTERM.
//!
//! Without a handler, a signal would end the process without an exit status, which scripts and other operating systems cannot
//! tell from a crash. The first interruption waits for the lock of standard output, so that the page that is being written is
//! complete; a second one does not wait.

use crate::{
    error::CommandError,
    messages::Messages,
    output::{end_interrupted_output_file, end_interrupted_output_file_without_waiting},
};
use std::{io, mem, process, sync::mpsc, thread};

/// The exit status of a command that was interrupted.
const INTERRUPTED_EXIT_STATUS: i32 = 130;

/// Ends the process on an interruption, as soon as the page that is being written is complete; on a second one immediately, as
/// the reader of standard output may have stopped. The first one says what a signal cuts off, if there is something to say.
pub(crate) fn exit_on_interruption(messages: &Messages) -> Result<(), CommandError> {
    let messages = messages.clone();
    let mut interrupted = false;
    set_interruption_handler(move || {
        let is_second = mem::replace(&mut interrupted, true);
        let messages = messages.clone();
        // Another thread waits for the lock, as this one must receive the second interruption.
        let for_exit = messages.clone();
        if is_second || thread::Builder::new().spawn(move || exit_after_current_page(&for_exit)).is_err() {
            let _output_file = end_interrupted_output_file_without_waiting(&messages);
            process::exit(INTERRUPTED_EXIT_STATUS);
        }
    })
}

fn exit_after_current_page(messages: &Messages) {
    // The printer holds this lock while it writes a page.
    let _stdout = io::stdout().lock();
    messages.progress_line().clear_after_interruption();
    messages.print_interruption_note();
    let _output_file = end_interrupted_output_file(messages);
    process::exit(INTERRUPTED_EXIT_STATUS)
}

/// Returns a receiver of interruptions.
pub(crate) fn install_interruption_receiver() -> Result<mpsc::Receiver<()>, CommandError> {
    let (interruption, interrupted) = mpsc::channel();
    set_interruption_handler(move || {
        // Without a receiver, the process is about to end.
        let _ = interruption.send(());
    })?;
    Ok(interrupted)
}

fn set_interruption_handler(handler: impl FnMut() + Send + 'static) -> Result<(), CommandError> {
    ctrlc::set_handler(handler).map_err(|error| {
        CommandError::new(
            "the handler of interruptions cannot be installed",
            &error,
            "this is an error of the operating system; run it again",
        )
    })
}
