use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The time since the emulator was made, and what would have passed if nobody had slept in memory only.
pub(crate) struct Clock {
    started: Instant,
    /// The same moment as a time since 1970. Both go on from there together, whatever is done to the clock of the system.
    started_at: Duration,
    skipped: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_at, skipped: Mutex::default() }
    }

    /// What has really passed.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the Unix seconds of a moment, which is a time since the start.
    pub(crate) fn unix(&self, moment: Duration) -> u64 {
        self.started_at.saturating_add(moment).as_secs()
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
