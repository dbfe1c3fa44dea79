use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Spreads requests evenly, so that no minute sees more of them than it may.
pub(crate) struct RateLimit {
    interval: Duration,
    /// When the next request may be sent.
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    pub(crate) fn new(requests_per_minute: u32) -> Self {
        Self { interval: Duration::from_secs(60) / requests_per_minute.max(1), next: Mutex::new(None) }
    }

    /// Takes the next place in the row, if its time has come.
    pub(crate) fn is_free(&self, now: Instant) -> bool {
        self.wait(now, Some(Duration::from_nanos(1))).is_some()
    }

    /// Takes the next place in the row, and says how long it is until its time comes; unless that is not within
    /// `remaining`, which leaves the place to others.
    pub(crate) fn wait(&self, now: Instant, remaining: Option<Duration>) -> Option<Duration> {
        // Whatever panicked, an instant is whole.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = next.map_or(now, |next| next.max(now));
        let wait = mine - now;
        if remaining.is_some_and(|remaining| wait >= remaining) {
            return None;
        }
        *next = Some(mine + self.interval);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_spread_evenly() {
        let rate_limit = RateLimit::new(500);
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let waits: Vec<_> = [0, 0, 0, 300, 301, 5000]
            .map(|milliseconds| rate_limit.wait(at(milliseconds), None).unwrap().as_millis())
            .into();
        assert_eq!(waits, [0, 120, 240, 60, 179, 0]);
        // Whoever cannot wait takes no place.
        let hurry = Some(Duration::from_millis(120));
        assert_eq!([rate_limit.wait(at(5000), hurry), rate_limit.wait(at(5000), hurry)], [None, None]);
        assert_eq!(rate_limit.wait(at(5001), hurry), Some(Duration::from_millis(119)));
        // Nor does who does not want to.
        assert_eq!(
            [rate_limit.is_free(at(5239)), rate_limit.is_free(at(5240)), rate_limit.is_free(at(5241))],
            [false, true, false]
        );
        assert_eq!(rate_limit.wait(at(5241), None), Some(Duration::from_millis(119)));
    }
}
