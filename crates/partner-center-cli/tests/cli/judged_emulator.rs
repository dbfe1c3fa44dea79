//! Emulators whose judge fails the test.

use partner_center_emulator::{Emulator, EmulatorBuilder, Misbehavior};
use std::{
    io::{self, Write},
    process, thread,
};

/// Returns a builder of an emulator that fails the test with its first verdict: the product's client is never found guilty. Whether
/// a request id was used again after a response, and whether a list was polled, is judged in memory alone.
pub fn judged_emulator() -> EmulatorBuilder {
    judged_emulator_that_allows(&[])
}

/// Returns such a builder for a test that does what is `allowed` on purpose, or cannot help doing it.
pub fn judged_emulator_that_allows(allowed: &'static [Misbehavior]) -> EmulatorBuilder {
    let test = thread::current();
    Emulator::builder().on_verdict(move |verdict| {
        let is_on_test_thread = thread::current().id() == test.id();
        // Over a socket, a client that gives up on a slow machine may not have seen the response that the emulator has sent, and on
        // a slow machine requests have pauses between them, as polling has.
        let depends_on_time = [Misbehavior::ReusedRequestId, Misbehavior::PolledList].contains(&verdict.misbehavior);
        let is_uncertain = !is_on_test_thread && depends_on_time;
        if is_uncertain || allowed.contains(&verdict.misbehavior) {
            return;
        }
        let message = format!("{}: a caller is found guilty of {verdict}", test.name().unwrap_or_default());
        assert!(!is_on_test_thread, "{message}");
        // A panic of the server's thread would not fail the test. Written directly, as what is printed may be captured.
        let _ = writeln!(io::stderr(), "{message}");
        process::abort();
    })
}
