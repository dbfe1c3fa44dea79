//! The rate that follows from a 429.
//!
//! If requests came at a steady rate, that rate is the limit. If not, because there was no limit before, or because another
//! program takes its share, the limit is what the service has accepted: it counts requests in a period (500 a minute are
//! documented), and its 429 says when the next one begins; so the requests that were accepted since the last period began,
//! over the length of the period, are the limit. That is better than cutting the current rate by a factor, as AWS's adaptive
//! mode does: after a burst that factor is far off, and at the limit it gives away a third. The periods of the gateway are
//! whole seconds, and so is `Retry-After`, rounded up; so the measured period is rounded down.
//!
//! From there the rate follows a cubic curve, like that of AWS and of TCP CUBIC, but in proportion to the rate: fast up to
//! the best rate known, then flat, so that the limit is exceeded rarely, then ever faster, as there seems to be none any more.

use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug)]
pub(super) struct LearnedRate {
    since: Instant,
    /// The rate at `since`, in requests per second.
    initial: f64,
    /// The best rate known.
    best: f64,
}

/// The time from nothing to the best rate, and from there to the double.
const RATE_RECOVERY_TIME: Duration = Duration::from_secs(300);
/// The time after which the service seems to have no limit any more.
const RATE_FORGOTTEN_AFTER: Duration = Duration::from_secs(900);
/// With fewer requests than this the limit was used up by others, or is not about the rate: the pause is enough.
const MIN_REQUESTS_TO_LEARN: u32 = 20;
/// The part of the limit at which the rate begins: a period may have a few requests more than the rate says.
const INITIAL_SHARE_OF_LIMIT: f64 = 0.993;
/// The part of the pace that has to be accepted if that is to be the limit.
const MIN_ACCEPTED_SHARE_OF_PACE: f64 = 0.97;
/// The time by which `Retry-After` is rounded up at most.
const MAX_RETRY_AFTER_ROUNDING: Duration = Duration::from_secs(1);
/// The time by which a request may have arrived later than another one.
const ARRIVAL_TIME_TOLERANCE: Duration = Duration::from_millis(50);
/// The minimum, as in AWS's adaptive mode, in requests per second.
const MIN_LEARNED_RATE: f64 = 0.5;
/// The documented limit, in requests per second: a lower one is thought to be shared with another program at first.
const DOCUMENTED_RATE_LIMIT: f64 = 500.0 / 60.0;

impl LearnedRate {
    /// Returns the rate from `since` on, after `accepted` requests in `period`. `pace` is the rate at which requests were sent
    /// when the 429 came, if there was a limit, and `previous` has the best rate until then.
    pub(super) fn learn_after_pause(
        previous: Option<Self>,
        pace: Option<f64>,
        accepted: u32,
        period: Duration,
        since: Instant,
    ) -> Option<Self> {
        if previous.is_none() && accepted < MIN_REQUESTS_TO_LEARN {
            return None;
        }
        let min_period = period.saturating_sub(MAX_RETRY_AFTER_ROUNDING);
        // In a few seconds the rounding would hide any rate.
        let is_steady = |pace: &f64| {
            period >= 8 * MAX_RETRY_AFTER_ROUNDING
                && f64::from(accepted) >= pace * min_period.as_secs_f64() * MIN_ACCEPTED_SHARE_OF_PACE
        };
        let limit = pace.filter(is_steady).unwrap_or_else(|| {
            let period = match period.saturating_sub(ARRIVAL_TIME_TOLERANCE).as_secs() {
                0 => period.as_secs_f64().max(0.001),
                seconds => Duration::from_secs(seconds).as_secs_f64(),
            };
            f64::from(accepted) / period
        });
        let initial = (limit * INITIAL_SHARE_OF_LIMIT).max(MIN_LEARNED_RATE);
        let best =
            previous.map_or(DOCUMENTED_RATE_LIMIT * INITIAL_SHARE_OF_LIMIT, |previous| previous.best.midpoint(initial));
        Some(Self { since, initial, best: best.max(initial) })
    }

    /// Returns the requests per second at `now`; `None` once it is forgotten.
    pub(super) fn requests_per_second_at(&self, now: Instant) -> Option<f64> {
        let age = now.saturating_duration_since(self.since);
        let recovery = RATE_RECOVERY_TIME.as_secs_f64();
        let plateau = recovery * (1.0 - self.initial / self.best).cbrt();
        let rate = self.best * (1.0 + ((age.as_secs_f64() - plateau) / recovery).powi(3));
        (age < RATE_FORGOTTEN_AFTER).then_some(rate.max(MIN_LEARNED_RATE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learned_rate_begins_below_what_was_measured_and_recovers() {
        let start = Instant::now();
        let rates = |rate: LearnedRate, seconds: &[u64]| {
            let rate =
                |seconds| rate.requests_per_second_at(start + Duration::from_secs(seconds)).unwrap_or(f64::INFINITY);
            seconds.iter().map(|seconds| rate(*seconds).round()).collect::<Vec<_>>()
        };
        let minute = Duration::from_secs(60);
        let after = |previous, pace, accepted, period| {
            LearnedRate::learn_after_pause(previous, pace, accepted, period, start).unwrap()
        };
        // 3,100 in a minute and a `Retry-After` that was rounded up: 51.7 a second, less a little; then no limit.
        let full = after(None, None, 3100, Duration::from_millis(60_700));
        assert_eq!(rates(full, &[0, 60, 120, 300, 899, 900]), [51.0, 52.0, 55.0, 103.0, 1432.0, f64::INFINITY]);
        // Paced requests were rejected: at that pace.
        assert_eq!(rates(after(Some(full), Some(52.0), 1000, minute / 3), &[0, 60]), [52.0, 52.0]);
        // A tenth was left by another program, and much of the rate is back after two minutes.
        let shared = after(Some(full), Some(52.0), 300, Duration::from_secs(61));
        assert_eq!(rates(shared, &[0, 30, 60, 120]), [5.0, 12.0, 17.0, 24.0]);
        // If the limit has really become that low, each 429 halves the distance.
        let lower = (0..6).fold(shared, |rate, _| after(Some(rate), None, 300, Duration::from_secs(61)));
        assert_eq!(rates(lower, &[0, 60, 120]), [5.0, 5.0, 5.0]);
        // A few requests say nothing of the rate.
        assert!(LearnedRate::learn_after_pause(None, None, 19, minute, start).is_none());
        assert_eq!(rates(after(Some(full), None, 0, minute), &[0]), [1.0]);
    }
}
