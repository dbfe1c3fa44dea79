//! The mode in which the generated types are being deserialized on this thread.
//!
//! `Deserialize` has no parameter for options and no return channel beside its value, so both travel in a thread-local:
//! [`from_json`](crate::from_json) first reads in the mode `DetectLoss`, in the time of `serde_json`. If a value reports that it
//! could not be kept as received (a number that was rounded, say), the JSON is read again in the mode `Exact`.

use std::cell::Cell;

#[derive(Clone, Copy, PartialEq)]
enum LossMode {
    /// One pass, nobody listens to [`report_loss`]: `serde_json::from_str` and the like.
    Plain,
    /// One pass; no loss was reported so far.
    DetectLoss,
    /// One pass; a loss was reported.
    LossDetected,
    /// Each value is taken as raw JSON before it is parsed, so that no digit of a number is lost.
    Exact,
}

thread_local! {
    static CURRENT_LOSS_MODE: Cell<LossMode> = const { Cell::new(LossMode::Plain) };
}

/// Runs `read`, and returns whether it reported a loss.
pub(crate) fn detect_loss<T>(read: impl FnOnce() -> T) -> (T, bool) {
    let previous = RestoreLossModeOnDrop(CURRENT_LOSS_MODE.replace(LossMode::DetectLoss));
    let value = read();
    let is_lossy = CURRENT_LOSS_MODE.get() == LossMode::LossDetected;
    drop(previous);
    (value, is_lossy)
}

/// Runs `read` with values taken as raw JSON first.
pub(crate) fn with_exact_values<T>(read: impl FnOnce() -> T) -> T {
    let _previous = RestoreLossModeOnDrop(CURRENT_LOSS_MODE.replace(LossMode::Exact));
    read()
}

/// Whether values are taken as raw JSON first.
#[inline]
pub(crate) fn is_exact_mode() -> bool {
    CURRENT_LOSS_MODE.get() == LossMode::Exact
}

/// Reports that a value could not be kept as received.
#[cold]
pub(crate) fn report_loss() {
    if CURRENT_LOSS_MODE.get() == LossMode::DetectLoss {
        CURRENT_LOSS_MODE.set(LossMode::LossDetected);
    }
}

/// The previous mode, restored also when the `Deserialize` of a custom type panics.
struct RestoreLossModeOnDrop(LossMode);

impl Drop for RestoreLossModeOnDrop {
    #[inline]
    fn drop(&mut self) {
        CURRENT_LOSS_MODE.set(self.0);
    }
}
