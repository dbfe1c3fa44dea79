use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The time since the sandbox was made, and what would have passed if nobody had slept in memory only.
pub(crate) struct Clock {
    started: Instant,
    skipped: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), skipped: Mutex::default() }
    }

    /// What has really passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// With what was skipped.
    pub(crate) fn now(&self) -> Duration {
        self.elapsed().saturating_add(*self.skipped.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lets `time` pass without waiting.
    pub(crate) fn skip(&self, time: Duration) {
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        *skipped = skipped.saturating_add(time);
    }
}
