//! How the generated types are being read, told on the side: a `Deserialize` has no other channel to whoever asked for it.

use std::cell::Cell;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    /// In one go. Nobody asked to be told.
    Plain,
    /// In one go, and nothing was amiss so far.
    Watched,
    /// In one go, and something could not be kept as it came.
    Amiss,
    /// Each value's JSON first, and then the value. That shows the digits of a number before anything rounds it.
    Exact,
}

thread_local! {
    static MODE: Cell<Mode> = const { Cell::new(Mode::Plain) };
}

/// Reads, and tells whether something could not be kept as it came.
pub(crate) fn watched<T>(read: impl FnOnce() -> T) -> (T, bool) {
    let previous = Restored(MODE.replace(Mode::Watched));
    let value = read();
    let is_amiss = MODE.get() == Mode::Amiss;
    drop(previous);
    (value, is_amiss)
}

/// Reads with each value's JSON at hand.
pub(crate) fn exactly<T>(read: impl FnOnce() -> T) -> T {
    let _previous = Restored(MODE.replace(Mode::Exact));
    read()
}

#[inline]
pub(crate) fn is_exact() -> bool {
    MODE.get() == Mode::Exact
}

/// Notes that something cannot be kept as it came.
#[cold]
pub(crate) fn notice() {
    if MODE.get() == Mode::Watched {
        MODE.set(Mode::Amiss);
    }
}

/// The mode that comes back, also when a custom type's `Deserialize` panics.
struct Restored(Mode);

impl Drop for Restored {
    fn drop(&mut self) {
        MODE.set(self.0);
    }
}
