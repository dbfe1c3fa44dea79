//! Ctrl-C and the request to terminate.
//!
//! Left alone, a signal would end the process without an exit status of its own, which scripts and other operating
//! systems cannot tell from a crash.

use crate::failure::Failure;
use std::{process, sync::mpsc};

/// The exit status of a command that was interrupted.
const INTERRUPTED: i32 = 130;

/// From now on an interruption ends the process. Pages are written whole, so at most the page under way is lost.
pub(crate) fn exits() -> Result<(), Failure> {
    handle(|| process::exit(INTERRUPTED))
}

/// From now on an interruption arrives at the receiver.
pub(crate) fn arrives() -> Result<mpsc::Receiver<()>, Failure> {
    let (interruption, interrupted) = mpsc::channel();
    handle(move || {
        // Once nobody waits for it any more, the process is about to end by itself.
        let _ = interruption.send(());
    })?;
    Ok(interrupted)
}

fn handle(handler: impl FnMut() + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(handler).map_err(|error| {
        Failure::new("interruptions cannot be noticed", &error, "this is the operating system's refusal; try again")
    })
}
