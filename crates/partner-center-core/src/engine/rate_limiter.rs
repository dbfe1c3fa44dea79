use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Spreads requests evenly, so that no minute has more of them than the limit.
pub(crate) struct RateLimiter {
    interval: Duration,
    /// The time of the next free slot.
    next_slot: Mutex<Option<Instant>>,
}

impl RateLimiter {
    pub(crate) fn new(requests_per_minute: u32) -> Self {
        Self { interval: Duration::from_secs(60) / requests_per_minute.max(1), next_slot: Mutex::new(None) }
    }

    /// Reserves the next slot if it is free now, and returns whether it is.
    pub(crate) fn try_reserve(&self, now: Instant) -> bool {
        self.reserve_send_time(now, Some(Duration::from_nanos(1))).is_some()
    }

    /// Reserves the next slot, and returns the wait until then; `None`, without a reservation, if that is not within
    /// `remaining`.
    pub(crate) fn reserve_send_time(&self, now: Instant, remaining: Option<Duration>) -> Option<Duration> {
        // A panic cannot leave an instant half written.
        let mut next_slot = self.next_slot.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = next_slot.map_or(now, |next_slot| next_slot.max(now));
        let wait = slot - now;
        if remaining.is_some_and(|remaining| wait >= remaining) {
            return None;
        }
        *next_slot = Some(slot + self.interval);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_spread_evenly() {
        let rate_limiter = RateLimiter::new(500);
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let waits: Vec<_> = [0, 0, 0, 300, 301, 5000]
            .map(|milliseconds| rate_limiter.reserve_send_time(at(milliseconds), None).unwrap().as_millis())
            .into();
        assert_eq!(waits, [0, 120, 240, 60, 179, 0]);
        // A caller that cannot wait reserves nothing.
        let little = Some(Duration::from_millis(120));
        assert_eq!(
            [rate_limiter.reserve_send_time(at(5000), little), rate_limiter.reserve_send_time(at(5000), little)],
            [None, None]
        );
        assert_eq!(rate_limiter.reserve_send_time(at(5001), little), Some(Duration::from_millis(119)));
        // Nor does one that does not want to wait.
        assert_eq!(
            [
                rate_limiter.try_reserve(at(5239)),
                rate_limiter.try_reserve(at(5240)),
                rate_limiter.try_reserve(at(5241))
            ],
            [false, true, false]
        );
        assert_eq!(rate_limiter.reserve_send_time(at(5241), None), Some(Duration::from_millis(119)));
    }
}
