use crate::{Error, ServiceError, TokenError, TransportErrorKind, body::Malformed};
use http::StatusCode;
use std::time::Duration;

/// When a call is repeated, and how long it waits first.
///
/// Repeated are calls that may be performed twice without harm (GET, HEAD, PUT and DELETE), and that met no connection, a
/// broken one, a timeout, a body cut short, or one of the statuses 408, 429, 500, 502, 503 and 504. The n-th repetition
/// waits a random part of `initial_backoff * 2^(n-1)`, but no more than of `max_backoff`. If the service says how long to
/// wait (`Retry-After`, or a text such as `Try again in 57 seconds.`), then exactly that long, unless it is more than
/// `max_retry_after`: then the call fails immediately, and the error holds the value
/// ([`Error::exceeds_max_retry_after`]). To be told to wait no time at all is to be told nothing.
///
/// The service counts requests per minute. So a 429 that names no wait is waited for 20 times as long as a lost connection:
/// at least half of `20 * initial_backoff * 2^(n-1)`, which with the defaults is 10, 20 and 30 s at most.
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
}

impl RetryPolicy {
    /// No repetition at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default().max_attempts(1)
    }

    /// How many requests a call may send in all, at least 1. Default: 4.
    #[must_use]
    pub fn max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = max_attempts.max(1);
        self
    }

    /// The longest wait before the first repetition. Default: 0.5 s.
    #[must_use]
    pub fn initial_backoff(mut self, delay: Duration) -> Self {
        self.initial_backoff = delay;
        self
    }

    /// The longest wait before any repetition. Default: 30 s.
    #[must_use]
    pub fn max_backoff(mut self, delay: Duration) -> Self {
        self.max_backoff = delay;
        self
    }

    /// The longest wait that the service may ask for. Default: 60 s.
    #[must_use]
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Whether the waits are random parts of what they may be at most, so that many clients do not come back at once.
    /// Default: true.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// The wait before attempt number `attempts + 1`; `random` is in 0..1.
    fn delay(&self, attempts: u32, is_throttled: bool, random: f64) -> Duration {
        let doubled = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = if is_throttled { doubled.saturating_mul(THROTTLED_FACTOR) } else { doubled };
        let longest = self.initial_backoff.saturating_mul(factor).min(self.max_backoff);
        if !self.jitter {
            return longest;
        }
        // Who is throttled must let time pass; a random part of it alone may be none.
        let shortest = if is_throttled { longest / 2 } else { Duration::ZERO };
        let part = longest.saturating_sub(shortest).as_secs_f64() * random;
        Duration::try_from_secs_f64(part).map_or(longest, |part| shortest.saturating_add(part).min(longest))
    }
}

/// How many times as long as for a lost connection a 429 is waited for that names no wait: with the defaults, the three
/// waits are a minute at most, which is what the service counts requests by.
const THROTTLED_FACTOR: u32 = 20;

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(60),
            jitter: true,
        }
    }
}

/// What came of one attempt, as far as repeating is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing to hope for.
    Permanent,
    /// It may go better next time.
    Transient {
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// It goes better when fewer requests are sent.
    Throttled {
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
}

impl Failure {
    pub(crate) fn of_answer(api: &ServiceError) -> Self {
        Self::of_status(api.status, api.retry_after)
    }

    pub(crate) fn of_refusal(refusal: &TokenError) -> Self {
        let retry_after = refusal.retry_after;
        match (Self::of_status(refusal.status, retry_after), refusal.error.as_deref()) {
            (Self::Permanent, Some("temporarily_unavailable" | "server_error")) => Self::Transient { retry_after },
            (failure, _) => failure,
        }
    }

    fn of_status(status: StatusCode, retry_after: Option<Duration>) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled { retry_after },
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::Transient { retry_after },
            _ => Self::Permanent,
        }
    }

    pub(crate) fn of_exchange(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::TooLarge
            | TransportErrorKind::InvalidResponse
            | TransportErrorKind::Certificate(_)
            | TransportErrorKind::ProxySetting => Self::Permanent,
            TransportErrorKind::Exchange | TransportErrorKind::Timeout => Self::Transient { retry_after: None },
        }
    }

    pub(crate) fn of_body(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Short => Self::Transient { retry_after: None },
            _ => Self::Permanent,
        }
    }
}

/// What to do about a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Give up.
    Fail,
    /// Give up, for what remains of the deadline is too short.
    OutOfTime,
    /// Give up, for the service asks for a longer wait than is allowed.
    WaitTooLong(Duration),
    /// Wait this long, then send again.
    Repeat(Duration),
}

/// Judges a failed attempt. A pure function: the clock and the dice are the caller's.
///
/// `attempts` have been made so far; `remaining` is what is left of the deadline, if there is one.
pub(crate) fn judge(
    retry: &RetryPolicy,
    idempotent: bool,
    attempts: u32,
    failure: Failure,
    remaining: Option<Duration>,
    random: f64,
) -> Verdict {
    let (retry_after, is_throttled) = match failure {
        Failure::Permanent => return Verdict::Fail,
        Failure::Transient { retry_after } => (retry_after, false),
        Failure::Throttled { retry_after } => (retry_after, true),
    };
    if remaining.is_some_and(|remaining| remaining.is_zero()) {
        return Verdict::OutOfTime;
    }
    if !idempotent {
        return Verdict::Fail;
    }
    let retry_after = retry_after.filter(|delay| !delay.is_zero());
    // Before the attempts are counted: more of them would be no help.
    if let Some(delay) = retry_after.filter(|delay| *delay > retry.max_retry_after) {
        return Verdict::WaitTooLong(delay);
    }
    if attempts >= retry.max_attempts {
        return Verdict::Fail;
    }
    let delay = retry_after.unwrap_or_else(|| retry.delay(attempts, is_throttled, random));
    match remaining {
        Some(remaining) if delay >= remaining => Verdict::OutOfTime,
        _ => Verdict::Repeat(delay),
    }
}

/// A failed attempt: what it would be reported as, and whether it may be repeated.
pub(crate) struct Attempt {
    pub(crate) error: Error,
    pub(crate) failure: Failure,
    /// Whether any answer came. The next request then needs an id of its own.
    pub(crate) answered: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRANSIENT: Failure = Failure::Transient { retry_after: None };

    fn after(seconds: u64) -> Failure {
        Failure::Transient { retry_after: Some(Duration::from_secs(seconds)) }
    }

    fn throttled(seconds: u64) -> Failure {
        Failure::Throttled { retry_after: Some(Duration::from_secs(seconds)).filter(|delay| !delay.is_zero()) }
    }

    fn seconds(seconds: f64) -> Verdict {
        Verdict::Repeat(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn every_case_of_the_default_is_as_documented() {
        let left = |seconds| Some(Duration::from_secs(seconds));
        for (name, attempts, idempotent, failure, remaining, random, expected) in [
            ("the first wait is at most half a second", 1, true, TRANSIENT, None, 1.0, seconds(0.5)),
            ("the second is at most twice that", 2, true, TRANSIENT, None, 1.0, seconds(1.0)),
            ("the third is at most twice that", 3, true, TRANSIENT, None, 1.0, seconds(2.0)),
            ("a wait is a random part of it", 3, true, TRANSIENT, None, 0.25, seconds(0.5)),
            ("even none of it", 1, true, TRANSIENT, None, 0.0, seconds(0.0)),
            ("four attempts are all", 4, true, TRANSIENT, None, 1.0, Verdict::Fail),
            ("what the service asks for is not diced", 1, true, after(7), None, 0.1, seconds(7.0)),
            ("to ask for none is to ask nothing", 1, true, after(0), None, 0.5, seconds(0.25)),
            ("it may ask for a minute", 1, true, after(60), None, 0.1, seconds(60.0)),
            ("but not for more", 1, true, after(61), None, 0.1, Verdict::WaitTooLong(Duration::from_secs(61))),
            (
                "however many attempts are left",
                4,
                true,
                after(61),
                None,
                0.1,
                Verdict::WaitTooLong(Duration::from_secs(61)),
            ),
            ("nor when it throttles", 1, true, throttled(61), None, 0.1, Verdict::WaitTooLong(Duration::from_secs(61))),
            ("a throttled call waits as it is told", 1, true, throttled(7), None, 0.1, seconds(7.0)),
            ("and untold 10 s at most", 1, true, throttled(0), None, 1.0, seconds(10.0)),
            ("and half of it at least", 1, true, throttled(0), None, 0.0, seconds(5.0)),
            ("then 20 s", 2, true, throttled(0), None, 1.0, seconds(20.0)),
            ("then as long as any wait may be", 3, true, throttled(0), None, 1.0, seconds(30.0)),
            ("four attempts are all of these, too", 4, true, throttled(0), None, 1.0, Verdict::Fail),
            ("what writes is not repeated", 1, false, TRANSIENT, None, 1.0, Verdict::Fail),
            ("what is permanent is not repeated", 1, true, Failure::Permanent, None, 1.0, Verdict::Fail),
            ("nor does time change that", 1, true, Failure::Permanent, left(0), 1.0, Verdict::Fail),
            ("a wait that fits is waited", 1, true, after(7), left(8), 1.0, seconds(7.0)),
            ("one that does not is not begun", 1, true, after(7), left(7), 1.0, Verdict::OutOfTime),
            ("when time is up it is up", 4, true, TRANSIENT, left(0), 1.0, Verdict::OutOfTime),
        ] {
            assert_eq!(
                judge(&RetryPolicy::default(), idempotent, attempts, failure, remaining, random),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn the_longest_wait_is_half_a_minute() {
        let retry = RetryPolicy::default().max_attempts(u32::MAX);
        for attempts in [7, 8, 32, 33, u32::MAX - 1] {
            assert_eq!(judge(&retry, true, attempts, TRANSIENT, None, 1.0), seconds(30.0));
        }
    }

    #[test]
    fn never_is_never() {
        assert_eq!(judge(&RetryPolicy::none(), true, 1, after(0), None, 0.0), Verdict::Fail);
        assert_eq!(RetryPolicy::default().max_attempts(0), RetryPolicy::none());
    }

    fn duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            (0_u64..100_000).prop_map(Duration::from_millis),
            any::<u64>().prop_map(Duration::from_secs),
            Just(Duration::MAX),
        ]
    }

    proptest! {
        /// However it is set up, a schedule ends, and no wait is longer than it may be or than there is time.
        #[test]
        fn every_schedule_keeps_its_bounds(
            max_attempts in 0_u32..50,
            first in duration(),
            longest in duration(),
            cap in duration(),
            jitter: bool,
            asked in prop::option::of(duration()),
            is_throttled: bool,
            deadline in prop::option::of(duration()),
            random in 0.0..1.0,
        ) {
            let retry = RetryPolicy::default()
                .max_attempts(max_attempts)
                .initial_backoff(first)
                .max_backoff(longest)
                .max_retry_after(cap)
                .jitter(jitter);
            let (mut attempts, mut slept) = (0, Duration::ZERO);
            loop {
                attempts += 1;
                prop_assert!(attempts <= max_attempts.max(1));
                let remaining = deadline.map(|deadline| deadline.saturating_sub(slept));
                let failure = if is_throttled {
                    Failure::Throttled { retry_after: asked }
                } else {
                    Failure::Transient { retry_after: asked }
                };
                let Verdict::Repeat(delay) = judge(&retry, true, attempts, failure, remaining, random) else { break };
                if let Some(asked) = asked.filter(|asked| !asked.is_zero()) {
                    prop_assert!(delay == asked && delay <= cap);
                } else {
                    let factor = 1_u32.checked_shl(attempts - 1).unwrap_or(u32::MAX);
                    let factor = if is_throttled { factor.saturating_mul(20) } else { factor };
                    let at_most = first.saturating_mul(factor).min(longest);
                    prop_assert!(!is_throttled || delay >= at_most / 2);
                    prop_assert!(delay <= at_most);
                    prop_assert!(jitter || delay == at_most);
                }
                slept = slept.saturating_add(delay);
                prop_assert!(deadline.is_none_or(|deadline| slept < deadline));
            }
        }
    }
}
