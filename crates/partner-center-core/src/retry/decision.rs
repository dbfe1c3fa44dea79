//! The decision on a failed attempt: fail, or wait and send again.
//!
//! [`decide_retry`] is a pure function: the engine passes in the time that is left and a random number, so that each case is tested
//! without a clock. The order of its checks matters. A permanent failure is reported as what it is, even when the deadline
//! has passed. A requested wait above the maximum is reported as such, even when no attempts are left, since more attempts
//! would be of no help; but not one from a message, which may mean something else, and must not fail a call that a retry may
//! save: it is ignored. And a wait that would end after the deadline is not begun.

use super::{RetryAfter, RetryPolicy, Retryability};
use crate::WriteOutcome;
use partner_center_models::Idempotency;
use std::time::Duration;

/// The decision on a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// Fail with the error of the attempt.
    Fail,
    /// Fail, because the deadline leaves no time for another attempt.
    DeadlineExceeded,
    /// Fail, because the service requests this wait, which exceeds the maximum.
    WaitTooLong(Duration),
    /// Send the request again after this wait.
    Retry(Duration),
}

/// Decides on a failed attempt.
///
/// `may_send_again` is whether the request may be sent again without being performed twice, `attempts` the number of attempts so
/// far, `remaining` the time until the deadline, if there is one, and `random` a number in 0..1.
pub(crate) fn decide_retry(
    policy: &RetryPolicy,
    may_send_again: bool,
    attempts: u32,
    retryability: Retryability,
    remaining: Option<Duration>,
    random: f64,
) -> RetryDecision {
    let (retry_after, is_throttled) = match retryability {
        Retryability::Permanent => return RetryDecision::Fail,
        Retryability::Transient { retry_after } => (retry_after, false),
        Retryability::Throttled { retry_after } => (retry_after, true),
    };
    if remaining.is_some_and(|remaining| remaining.is_zero()) {
        return RetryDecision::DeadlineExceeded;
    }
    if !may_send_again {
        return RetryDecision::Fail;
    }
    let is_too_long = |wait: &RetryAfter| wait.delay > policy.max_retry_after;
    let is_ignored = |wait: &RetryAfter| wait.delay.is_zero() || wait.is_from_message && is_too_long(wait);
    let retry_after = retry_after.filter(|wait| !is_ignored(wait));
    if let Some(wait) = retry_after.filter(is_too_long) {
        return RetryDecision::WaitTooLong(wait.delay);
    }
    if attempts >= policy.max_attempts {
        return RetryDecision::Fail;
    }
    let delay = retry_after.map_or_else(|| policy.backoff(attempts, is_throttled, random), |wait| wait.delay);
    match remaining {
        Some(remaining) if delay >= remaining => RetryDecision::DeadlineExceeded,
        _ => RetryDecision::Retry(delay),
    }
}

/// Whether a request that failed may be sent again, by the rule of the service: with the same id as long as there is no response,
/// and with a new one after any response.
pub(crate) fn may_send_again(idempotency: Idempotency, has_response: bool, write_outcome: WriteOutcome) -> bool {
    match idempotency {
        Idempotency::Natural => true,
        // It was not sent, or was rejected, as with 429.
        _ if write_outcome == WriteOutcome::NotPerformed => true,
        // The service recognizes the id. With a new one, it would perform the request once more.
        Idempotency::RequestId => !has_response,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRANSIENT: Retryability = Retryability::Transient { retry_after: None };

    fn wait(seconds: u64, is_from_message: bool) -> RetryAfter {
        RetryAfter { delay: Duration::from_secs(seconds), is_from_message }
    }

    fn after(seconds: u64) -> Retryability {
        Retryability::Transient { retry_after: Some(wait(seconds, false)) }
    }

    fn throttled(seconds: u64) -> Retryability {
        Retryability::Throttled { retry_after: Some(wait(seconds, false)).filter(|_| seconds > 0) }
    }

    fn seconds(seconds: f64) -> RetryDecision {
        RetryDecision::Retry(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn default_policy_decides_as_documented() {
        let left = |seconds| Some(Duration::from_secs(seconds));
        let in_message = |seconds| Retryability::Transient { retry_after: Some(wait(seconds, true)) };
        let throttled_in_message = |seconds| Retryability::Throttled { retry_after: Some(wait(seconds, true)) };
        for (name, attempts, idempotent, failure, remaining, random, expected) in [
            ("the first wait is at most half a second", 1, true, TRANSIENT, None, 1.0, seconds(0.5)),
            ("the second is at most twice that", 2, true, TRANSIENT, None, 1.0, seconds(1.0)),
            ("the third is at most twice that", 3, true, TRANSIENT, None, 1.0, seconds(2.0)),
            ("a wait is a random part of it", 3, true, TRANSIENT, None, 0.25, seconds(0.5)),
            ("even none of it", 1, true, TRANSIENT, None, 0.0, seconds(0.0)),
            ("four attempts are all", 4, true, TRANSIENT, None, 1.0, RetryDecision::Fail),
            ("a requested wait is not randomized", 1, true, after(7), None, 0.1, seconds(7.0)),
            ("a requested wait of zero is ignored", 1, true, after(0), None, 0.5, seconds(0.25)),
            ("a minute may be requested", 1, true, after(60), None, 0.1, seconds(60.0)),
            ("but not more", 1, true, after(61), None, 0.1, RetryDecision::WaitTooLong(Duration::from_secs(61))),
            (
                "however many attempts are left",
                4,
                true,
                after(61),
                None,
                0.1,
                RetryDecision::WaitTooLong(Duration::from_secs(61)),
            ),
            (
                "nor when it throttles",
                1,
                true,
                throttled(61),
                None,
                0.1,
                RetryDecision::WaitTooLong(Duration::from_secs(61)),
            ),
            ("a throttled call waits as requested", 1, true, throttled(7), None, 0.1, seconds(7.0)),
            ("and otherwise 10 s at most", 1, true, throttled(0), None, 1.0, seconds(10.0)),
            ("and half of it at least", 1, true, throttled(0), None, 0.0, seconds(5.0)),
            ("then 20 s", 2, true, throttled(0), None, 1.0, seconds(20.0)),
            ("then as long as any wait may be", 3, true, throttled(0), None, 1.0, seconds(30.0)),
            ("four attempts are all of these, too", 4, true, throttled(0), None, 1.0, RetryDecision::Fail),
            ("a message may request a minute", 1, true, throttled_in_message(60), None, 0.1, seconds(60.0)),
            ("a longer wait in it is ignored", 1, true, throttled_in_message(61), None, 1.0, seconds(10.0)),
            ("whether or not it throttles", 1, true, in_message(61), None, 1.0, seconds(0.5)),
            ("four attempts are all with it, too", 4, true, throttled_in_message(61), None, 1.0, RetryDecision::Fail),
            ("a write is not retried", 1, false, TRANSIENT, None, 1.0, RetryDecision::Fail),
            ("a permanent failure is not retried", 1, true, Retryability::Permanent, None, 1.0, RetryDecision::Fail),
            ("nor does the deadline change that", 1, true, Retryability::Permanent, left(0), 1.0, RetryDecision::Fail),
            ("a wait that ends before the deadline is begun", 1, true, after(7), left(8), 1.0, seconds(7.0)),
            ("one that ends at the deadline is not", 1, true, after(7), left(7), 1.0, RetryDecision::DeadlineExceeded),
            ("at the deadline no attempt is left", 4, true, TRANSIENT, left(0), 1.0, RetryDecision::DeadlineExceeded),
        ] {
            assert_eq!(
                decide_retry(&RetryPolicy::default(), idempotent, attempts, failure, remaining, random),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn max_backoff_is_half_a_minute() {
        let retry = RetryPolicy::default().max_attempts(u32::MAX);
        for attempts in [7, 8, 32, 33, u32::MAX - 1] {
            assert_eq!(decide_retry(&retry, true, attempts, TRANSIENT, None, 1.0), seconds(30.0));
        }
    }

    #[test]
    fn policy_none_never_retries() {
        assert_eq!(decide_retry(&RetryPolicy::none(), true, 1, after(0), None, 0.0), RetryDecision::Fail);
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
        /// Under any policy a schedule ends, and no wait exceeds its maximum or the deadline.
        #[test]
        fn every_schedule_stays_within_its_bounds(
            max_attempts in 0_u32..50,
            initial_backoff in duration(),
            max_backoff in duration(),
            max_retry_after in duration(),
            jitter: bool,
            requested in prop::option::of(duration()),
            is_from_message: bool,
            is_throttled: bool,
            deadline in prop::option::of(duration()),
            random in 0.0..1.0,
        ) {
            let retry = RetryPolicy::default()
                .max_attempts(max_attempts)
                .initial_backoff(initial_backoff)
                .max_backoff(max_backoff)
                .max_retry_after(max_retry_after)
                .jitter(jitter);
            let (mut attempts, mut slept) = (0, Duration::ZERO);
            loop {
                attempts += 1;
                prop_assert!(attempts <= max_attempts.max(1));
                let remaining = deadline.map(|deadline| deadline.saturating_sub(slept));
                let retry_after = requested.map(|delay| RetryAfter { delay, is_from_message });
                let failure = if is_throttled {
                    Retryability::Throttled { retry_after }
                } else {
                    Retryability::Transient { retry_after }
                };
                let RetryDecision::Retry(delay) = decide_retry(&retry, true, attempts, failure, remaining, random) else { break };
                let is_ignored = |requested: &Duration| is_from_message && *requested > max_retry_after;
                if let Some(requested) = requested.filter(|requested| !requested.is_zero() && !is_ignored(requested)) {
                    prop_assert!(delay == requested && delay <= max_retry_after);
                } else {
                    let factor = 1_u32.checked_shl(attempts - 1).unwrap_or(u32::MAX);
                    let factor = if is_throttled { factor.saturating_mul(20) } else { factor };
                    let max = initial_backoff.saturating_mul(factor).min(max_backoff);
                    prop_assert!(!is_throttled || delay >= max / 2);
                    prop_assert!(delay <= max);
                    prop_assert!(jitter || delay == max);
                }
                slept = slept.saturating_add(delay);
                prop_assert!(deadline.is_none_or(|deadline| slept < deadline));
            }
        }
    }
}
