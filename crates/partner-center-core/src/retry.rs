use crate::{ApiError, Error, TransportErrorKind, body::Malformed};
use http::StatusCode;
use std::time::Duration;

/// When a call is repeated, and how long it waits first.
///
/// Repeated are calls that only read, and that met no connection, a broken one, a timeout, a body cut short, or one of
/// the statuses 408, 429, 500, 502, 503 and 504. The n-th repetition waits a random part of `first_delay * 2^(n-1)`,
/// but no more than of `longest_delay`. If the service says how long to wait (`Retry-After`), then exactly that long,
/// unless it is more than `longest_retry_after`: then the call fails at once, and the error holds the value.
///
/// ```
/// use partner_center_core::Retry;
/// use std::time::Duration;
///
/// let patient = Retry::default().max_attempts(10).longest_retry_after(Duration::from_secs(300));
/// let never = Retry::never();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    pub(crate) max_attempts: u32,
    pub(crate) first_delay: Duration,
    pub(crate) longest_delay: Duration,
    pub(crate) longest_retry_after: Duration,
    pub(crate) jitter: bool,
}

impl Retry {
    /// No repetition at all.
    #[must_use]
    pub fn never() -> Self {
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
    pub fn first_delay(mut self, delay: Duration) -> Self {
        self.first_delay = delay;
        self
    }

    /// The longest wait before any repetition. Default: 30 s.
    #[must_use]
    pub fn longest_delay(mut self, delay: Duration) -> Self {
        self.longest_delay = delay;
        self
    }

    /// The longest wait that the service may ask for. Default: 60 s.
    #[must_use]
    pub fn longest_retry_after(mut self, delay: Duration) -> Self {
        self.longest_retry_after = delay;
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
    fn delay(&self, attempts: u32, random: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        let longest = self.first_delay.saturating_mul(1 << doublings).min(self.longest_delay);
        if self.jitter { longest.mul_f64(random.clamp(0.0, 1.0)) } else { longest }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(60),
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
}

impl Failure {
    pub(crate) fn of_answer(api: &ApiError) -> Self {
        match api.status {
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::Transient { retry_after: api.retry_after },
            _ => Self::Permanent,
        }
    }

    pub(crate) fn of_exchange(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::TooLarge => Self::Permanent,
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
    /// Wait this long, then send again.
    Repeat(Duration),
}

/// Judges a failed attempt. A pure function: the clock and the dice are the caller's.
///
/// `attempts` have been made so far; `remaining` is what is left of the deadline, if there is one.
pub(crate) fn judge(
    retry: &Retry,
    idempotent: bool,
    attempts: u32,
    failure: Failure,
    remaining: Option<Duration>,
    random: f64,
) -> Verdict {
    let Failure::Transient { retry_after } = failure else {
        return Verdict::Fail;
    };
    if remaining.is_some_and(|remaining| remaining.is_zero()) {
        return Verdict::OutOfTime;
    }
    if !idempotent || attempts >= retry.max_attempts {
        return Verdict::Fail;
    }
    if retry_after.is_some_and(|delay| delay > retry.longest_retry_after) {
        return Verdict::Fail;
    }
    let delay = retry_after.unwrap_or_else(|| retry.delay(attempts, random));
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
