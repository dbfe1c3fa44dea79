//! The time of an emulator: durations since its start, by the clock of the system, plus the time that was only simulated.

use crate::timestamp::Timestamp;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

pub(crate) struct Clock {
    started: Instant,
    /// The same moment as the time since 1970. A later change of the system's clock has no effect on either.
    started_unix: Duration,
    simulated: Mutex<Duration>,
}

impl Clock {
    /// Starts a clock that shows `start_time` now.
    pub(crate) fn start_at(start_time: SystemTime) -> Self {
        let started_unix = start_time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_unix, simulated: Mutex::default() }
    }

    /// Returns the time that has really passed since the start.
    pub(crate) fn real_elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the time since the start, including simulated time.
    pub(crate) fn simulated_elapsed(&self) -> Duration {
        self.real_elapsed().saturating_add(*self.simulated.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the moment that it is, including simulated time.
    pub(crate) fn current_timestamp(&self) -> Timestamp {
        Timestamp::from_unix_time(self.started_unix.saturating_add(self.simulated_elapsed()))
    }

    /// Returns the time of this clock less that of the system, in milliseconds.
    pub(crate) fn offset_from_system(&self) -> i64 {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        milliseconds(self.started_unix.saturating_add(self.simulated_elapsed())).saturating_sub(milliseconds(system))
    }

    /// Converts a moment, as the time since the start, to Unix seconds.
    pub(crate) fn to_unix_seconds(&self, moment: Duration) -> u64 {
        self.started_unix.saturating_add(moment).as_secs()
    }

    /// Lets `time` pass without waiting.
    pub(crate) fn advance_simulated_time(&self, time: Duration) {
        let mut simulated = self.simulated.lock().unwrap_or_else(PoisonError::into_inner);
        *simulated = simulated.saturating_add(time);
    }
}
