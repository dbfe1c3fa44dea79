use super::SteeringError;
use crate::{Emulator, timestamp::Timestamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

impl Emulator {
    /// Returns the time by the emulator's clock.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        let since_1970 = self.current_timestamp().duration_since(Timestamp::default());
        UNIX_EPOCH.checked_add(since_1970).unwrap_or(UNIX_EPOCH)
    }

    /// Lets time pass until it is `time`, as [`advance_clock`](Self::advance_clock) does.
    ///
    /// # Errors
    /// `time` has passed. The clock goes back only together with the state, by [`restore`](Self::restore) or
    /// [`reset`](Self::reset): what has ended or was renewed does not begin again.
    pub fn advance_clock_to(&self, time: SystemTime) -> Result<(), SteeringError> {
        self.advance_to_timestamp(Timestamp::from_unix_time(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }

    pub(super) fn advance_to_timestamp(&self, to: Timestamp) -> Result<(), SteeringError> {
        let now = self.current_timestamp();
        if to < now {
            return Err(SteeringError::conflict(format!(
                "it is {} already, and the clock goes back only together with the state: take a snapshot before, and restore it",
                now.to_string_in_seconds()
            )));
        }
        self.advance_clock(to.duration_since(now));
        Ok(())
    }

    pub(super) fn current_timestamp(&self) -> Timestamp {
        self.handler().clock.current_timestamp()
    }

    /// Advances the clock by seconds, which may have a fraction.
    pub(super) fn advance_by_seconds(&self, seconds: f64) -> Result<(), SteeringError> {
        match Duration::try_from_secs_f64(seconds) {
            Ok(time) => {
                self.advance_clock(time);
                Ok(())
            }
            Err(_) if seconds < 0.0 => Err(SteeringError::conflict(
                "the clock goes back only together with the state: take a snapshot before, and restore it",
            )),
            Err(error) => Err(SteeringError::invalid(format!("{seconds} seconds are not a duration: {error}"))),
        }
    }
}
