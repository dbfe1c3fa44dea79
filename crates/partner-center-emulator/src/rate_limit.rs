use std::{num::NonZeroU32, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);

/// So many requests in a minute, which begins with the first of them.
#[derive(Debug)]
pub(crate) struct RateLimit {
    per_minute: NonZeroU32,
    began: Duration,
    requests: u32,
}

impl RateLimit {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        Self { per_minute, began: Duration::ZERO, requests: 0 }
    }

    /// Counts a request that comes `now`. If it is one too many: how long it is until more are welcome.
    pub(crate) fn exceeded(&mut self, now: Duration) -> Option<Duration> {
        if self.requests == 0 || now >= self.ends() {
            (self.began, self.requests) = (now, 0);
        }
        self.requests = self.requests.saturating_add(1);
        (self.requests > self.per_minute.get()).then(|| self.ends().saturating_sub(now))
    }

    fn ends(&self) -> Duration {
        self.began.saturating_add(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::RateLimit;
    use std::time::Duration;

    #[test]
    fn a_minute_begins_with_its_first_request() {
        let mut limit = RateLimit::new(2.try_into().unwrap());
        let mut at = |seconds| limit.exceeded(Duration::from_secs(seconds)).map(|wait| wait.as_secs());
        assert_eq!([at(100), at(110)], [None, None]);
        assert_eq!([at(110), at(159)], [Some(50), Some(1)]);
        assert_eq!([at(160), at(161), at(161)], [None, None, Some(59)]);
    }
}
