//! The time of an emulator: durations since its start, by the clock of the system, plus the time that was only simulated.

use crate::timestamp::Timestamp;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

pub(crate) struct Clock {
    started: Instant,
    /// The same moment as the time since 1970. A later change of the system's clock has no effect on either.
    started_unix: Duration,
    /// Whether the moment that it shows goes on by simulated time alone.
    is_stopped: bool,
    times: Mutex<ClockTimes>,
}

#[derive(Clone, Copy)]
struct ClockTimes {
    /// The time that has passed without waiting.
    simulated: Duration,
    /// The moment that the clock was set to.
    set_to: Timestamp,
    /// The time since the start, including simulated time, at which it was.
    set_at: Duration,
}

impl Clock {
    /// Starts a clock that shows `start_time` now, and for ever if it `is_stopped` and no time is simulated.
    pub(crate) fn start_at(start_time: SystemTime, is_stopped: bool) -> Self {
        let started_unix = start_time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let set_to = Timestamp::from_unix_time(started_unix);
        let times = ClockTimes { simulated: Duration::ZERO, set_to, set_at: Duration::ZERO };
        Self { started: Instant::now(), started_unix, is_stopped, times: Mutex::new(times) }
    }

    /// Returns the time that has really passed since the start.
    pub(crate) fn real_elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Returns the time since the start, including simulated time. It never goes back, also when the clock is set.
    pub(crate) fn simulated_elapsed(&self) -> Duration {
        let ClockTimes { simulated, .. } = *self.lock_times();
        self.real_elapsed().saturating_add(simulated)
    }

    /// Returns the moment that it is, including simulated time.
    pub(crate) fn current_timestamp(&self) -> Timestamp {
        let times = *self.lock_times();
        times.set_to + self.shown_elapsed(times).saturating_sub(times.set_at)
    }

    /// Returns the time of this clock less that of the system, in milliseconds.
    pub(crate) fn offset_from_system(&self) -> i64 {
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since_1970 = self.current_timestamp().duration_since(Timestamp::default());
        milliseconds(since_1970).saturating_sub(milliseconds(system))
    }

    /// Sets the time of this clock to that of the system and some milliseconds.
    #[cfg(feature = "persistence")]
    pub(crate) fn set_offset_from_system(&self, milliseconds: i64) {
        let system = Timestamp::from_unix_time(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
        let offset = Duration::from_millis(milliseconds.unsigned_abs());
        self.set_timestamp(if milliseconds < 0 { system - offset } else { system + offset });
    }

    /// Converts a moment, as the time since the start, to Unix seconds.
    pub(crate) fn elapsed_to_unix_seconds(&self, moment: Duration) -> u64 {
        self.started_unix.saturating_add(moment).as_secs()
    }

    /// Lets `time` pass without waiting.
    pub(crate) fn advance_simulated_time(&self, time: Duration) {
        let mut times = self.lock_times();
        times.simulated = times.simulated.saturating_add(time);
    }

    /// Sets the moment that it is, which may be an earlier one.
    pub(crate) fn set_timestamp(&self, set_to: Timestamp) {
        let mut times = self.lock_times();
        let set_at = self.shown_elapsed(*times);
        *times = ClockTimes { set_to, set_at, ..*times };
    }

    /// Returns the time since the start that the moment it shows goes by.
    fn shown_elapsed(&self, times: ClockTimes) -> Duration {
        let real = if self.is_stopped { Duration::ZERO } else { self.real_elapsed() };
        real.saturating_add(times.simulated)
    }

    fn lock_times(&self) -> MutexGuard<'_, ClockTimes> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
