//! The retry budget: what keeps the retries of all calls from multiplying the load of a service that is down.

use std::sync::atomic::{AtomicU32, Ordering};

/// The retries that a client and its clones may still make, so that they do not multiply the load of a service that is down.
///
/// It is AWS's token bucket, with its figures. A retry costs tokens, which are returned if the retry succeeds; a success
/// without a retry returns one. When the bucket is empty, calls fail with the first error. Retries after a 429 are free: the
/// rate limiter already sees to it that they do no harm.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

const RETRY_BUDGET_CAPACITY: u32 = 500;
const RETRY_COST: u32 = 5;

impl RetryBudget {
    /// Takes a retry from the budget; returns false if none is left.
    pub(crate) fn try_take_retry(&self) -> bool {
        self.update_budget(|tokens| tokens.checked_sub(RETRY_COST))
    }

    /// Says that a call has succeeded, at the first attempt or by a retry that was taken.
    pub(crate) fn record_success(&self, is_retried: bool) {
        // Nothing is written while the bucket is full, as it nearly always is.
        let returned = if is_retried { RETRY_COST } else { 1 };
        self.update_budget(|tokens| {
            (tokens < RETRY_BUDGET_CAPACITY).then(|| (tokens + returned).min(RETRY_BUDGET_CAPACITY))
        });
    }

    pub(crate) fn retries_left(&self) -> u32 {
        self.0.load(Ordering::Relaxed) / RETRY_COST
    }

    fn update_budget(&self, next: impl FnMut(u32) -> Option<u32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(RETRY_BUDGET_CAPACITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_budget_is_used_up_by_failures_and_filled_by_successes() {
        let budget = RetryBudget::default();
        assert_eq!((0..1000).filter(|_| budget.try_take_retry()).count(), 100);
        assert_eq!(budget.retries_left(), 0);
        (0..4).for_each(|_| budget.record_success(false));
        assert!(!budget.try_take_retry());
        budget.record_success(false);
        assert!(budget.try_take_retry());
        budget.record_success(true);
        assert_eq!(budget.retries_left(), 1, "a retry that succeeds costs nothing");
        (0..1000).for_each(|_| budget.record_success(false));
        assert_eq!(budget.retries_left(), 100);
    }
}
