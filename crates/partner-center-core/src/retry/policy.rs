//! The user's settings of retries, and the backoff that follows from them.

use super::RetryAfter;
use std::time::Duration;

/// The conditions under which a call is retried, and the waits before the retries.
///
/// Retried are calls that failed for one of these reasons:
///
/// - no connection was opened, or status 429: every call, since the service has not performed it;
/// - a connection that broke, a timeout of the attempt, a truncated body: idempotent calls (GET, HEAD, PUT and DELETE), and
///   writes that the service recognizes by their `MS-RequestId` ([`Idempotency::RequestId`](crate::Idempotency::RequestId)), which
///   are sent again with the same id;
/// - status 408, 500, 502, 503 or 504: idempotent calls.
///
/// So no write is performed twice. What has come of one that failed, [`Error::write_outcome`](crate::Error::write_outcome) says.
///
/// A client and its clones share a budget of 100 retries, so that they do not multiply the load of a service that is down: a
/// retry that succeeds returns to it, and so does a part of one with each call that succeeds without. When it is used up, calls
/// fail with the first error. Retries after a 429 are not counted: a 429 makes all requests of the client wait, at most as long as
/// the policy of the client allows, whatever the options of the throttled call allow it.
///
/// If the service requests a wait (header `Retry-After`, or a message such as `Try again in 57 seconds.`), the client waits
/// exactly that long. A requested wait above `max_retry_after` fails the call immediately; the error has the value
/// ([`Error::retry_after`](crate::Error::retry_after), [`Error::exceeds_max_retry_after`](crate::Error::exceeds_max_retry_after)).
/// A requested wait of zero is ignored, and so is one above `max_retry_after` in a message, which may mean something else.
///
/// Otherwise the wait is exponential backoff with full jitter: before the n-th retry a random part of
/// `initial_backoff * 2^(n-1)`, at most `max_backoff`. The service counts requests per minute, so after a 429 without a
/// requested wait the backoff is 20 times as long, and at least half of it: with the defaults 5 to 10, 10 to 20 and 15 to 30
/// seconds.
///
/// ```
/// use partner_center_core::RetryPolicy;
/// use std::time::Duration;
///
/// let patient = RetryPolicy::default().max_attempts(10).max_retry_after(Duration::from_secs(300));
/// let never = RetryPolicy::none();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    pub(crate) initial_backoff: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) max_retry_after: Duration,
    pub(crate) jitter: bool,
    pub(crate) max_conflicts: u32,
}

impl RetryPolicy {
    /// Returns a policy without retries.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// Sets the maximum number of requests of a call, the first included; at least 1. Default: 4.
    #[must_use]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts.max(1);
        self
    }

    /// Sets the maximum wait before the first retry; it doubles with each further one. Default: 0.5 s.
    #[must_use]
    pub fn initial_backoff(mut self, delay: Duration) -> Self {
        self.initial_backoff = delay;
        self
    }

    /// Sets the maximum wait before any retry. Default: 30 s.
    #[must_use]
    pub fn max_backoff(mut self, delay: Duration) -> Self {
        self.max_backoff = delay;
        self
    }

    /// Sets the maximum wait that the service may request. Default: 60 s.
    #[must_use]
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Sets whether the backoff is randomized, so that many clients do not retry at the same time. Default: true.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Sets how many times [`Client::update`](crate::Client::update) reads a resource again and applies the change again, after somebody
    /// else has changed it meanwhile. Default: 10.
    #[must_use]
    pub fn max_conflicts(mut self, max_conflicts: u32) -> Self {
        self.max_conflicts = max_conflicts;
        self
    }

    /// Returns the maximum wait before any retry.
    pub(crate) fn max_wait_before_retry(&self) -> Duration {
        self.max_retry_after.max(self.max_backoff)
    }

    /// Returns how long the other calls of a client wait after a 429 to a call that is not retried.
    pub(crate) fn pause_for_other_calls(&self, retry_after: Option<RetryAfter>) -> Duration {
        let requested = retry_after.map(|wait| wait.delay.min(self.max_retry_after)).filter(|wait| !wait.is_zero());
        requested.unwrap_or_else(|| self.backoff(1, true, 0.0))
    }

    /// Returns the wait before attempt number `attempts + 1`; `random` is in 0..1.
    pub(crate) fn backoff(&self, attempts: u32, is_throttled: bool, random: f64) -> Duration {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = if is_throttled { doubled.saturating_mul(THROTTLED_BACKOFF_FACTOR) } else { doubled };
        let max = self.initial_backoff.saturating_mul(factor).min(self.max_backoff);
        if !self.jitter {
            return max;
        }
        // After a 429 time must pass; a random part of the maximum alone could be zero.
        let min = if is_throttled { max / 2 } else { Duration::ZERO };
        let part = max.saturating_sub(min).as_secs_f64() * random;
        Duration::try_from_secs_f64(part).map_or(max, |part| min.saturating_add(part).min(max))
    }
}

/// Factor by which the backoff is longer after a 429 that requests no wait: with the defaults, the three waits together are a
/// minute at most, which is the window in which the service counts requests.
const THROTTLED_BACKOFF_FACTOR: u32 = 20;

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(60),
            jitter: true,
            max_conflicts: 10,
        }
    }
}
