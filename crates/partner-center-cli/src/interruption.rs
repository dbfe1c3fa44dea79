//! Ctrl-C and the request to terminate.
//!
//! Left alone, a signal would end the process without an exit status of its own, which scripts and other operating
//! systems cannot tell from a crash.

use crate::{failure::Failure, progress::Progress};
use std::{io, mem, process, sync::mpsc, thread};

/// The exit status of a command that was interrupted.
const INTERRUPTED: i32 = 130;

/// From now on an interruption ends the process, as soon as the page that is being written is out. A second one does not
/// wait for that: whoever reads may have stopped to.
pub(crate) fn exits(progress: &Progress) -> Result<(), Failure> {
    let progress = progress.clone();
    let mut interrupted = false;
    handle(move || {
        let again = mem::replace(&mut interrupted, true);
        let progress = progress.clone();
        // Waiting is for another thread, as this one is to hear of the second interruption.
        if again || thread::Builder::new().spawn(move || exit_between_pages(&progress)).is_err() {
            process::exit(INTERRUPTED);
        }
    })
}

fn exit_between_pages(progress: &Progress) {
    // Whoever writes holds this lock until all is out.
    let _nobody_writes = io::stdout().lock();
    progress.end();
    process::exit(INTERRUPTED)
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
