use std::{num::NonZeroU32, time::Duration};

/// A limit on the requests in a period, which begins with the first of them.
#[derive(Clone, Debug)]
pub(crate) struct RateLimit {
    /// `None` is no limit.
    requests_per_period: Option<NonZeroU32>,
    period: Duration,
    period_start: Duration,
    requests: u32,
}

impl RateLimit {
    pub(crate) fn new(requests_per_period: Option<NonZeroU32>, period: Duration) -> Self {
        Self { requests_per_period, period, period_start: Duration::ZERO, requests: 0 }
    }

    pub(crate) fn requests_per_period(&self) -> Option<NonZeroU32> {
        self.requests_per_period
    }

    /// Sets the limit, from the next request on.
    pub(crate) fn set_requests_per_period(&mut self, requests_per_period: Option<NonZeroU32>) {
        *self = Self::new(requests_per_period, self.period);
    }

    /// Counts a request that arrives `now`. Returns the time until the next period begins if the limit is exceeded.
    pub(crate) fn count_request(&mut self, now: Duration) -> Option<Duration> {
        let limit = self.requests_per_period?;
        if self.requests == 0 || now >= self.current_period_end() {
            (self.period_start, self.requests) = (now, 0);
        }
        self.requests = self.requests.saturating_add(1);
        (self.requests > limit.get()).then(|| self.current_period_end().saturating_sub(now))
    }

    fn current_period_end(&self) -> Duration {
        self.period_start.saturating_add(self.period)
    }
}

#[cfg(test)]
mod tests {
    use super::RateLimit;
    use std::time::Duration;

    #[test]
    fn period_begins_with_its_first_request() {
        let mut limit = RateLimit::new(2.try_into().ok(), Duration::from_secs(60));
        let mut at = |seconds| limit.count_request(Duration::from_secs(seconds)).map(|wait| wait.as_secs());
        assert_eq!([at(100), at(110)], [None, None]);
        assert_eq!([at(110), at(159)], [Some(50), Some(1)]);
        assert_eq!([at(160), at(161), at(161)], [None, None, Some(59)]);
    }
}
