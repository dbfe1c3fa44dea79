use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The requests of the last minute that the service has accepted, by the time at which they were sent.
#[derive(Debug, Default)]
pub(super) struct AcceptedRequests {
    /// The time of the first request, or the end of the last pause.
    since: Option<Instant>,
    /// The number of half seconds since then, and the requests of each.
    counts: VecDeque<(u128, u32)>,
}

/// The maximum period in which the service is known to count, a minute, and the second by which `Retry-After` is rounded up.
const COUNTING_WINDOW: Duration = Duration::from_secs(61);
const BUCKET_DURATION: Duration = Duration::from_millis(500);

impl AcceptedRequests {
    /// Forgets all requests before `since`.
    pub(super) fn restart_counting(&mut self, since: Instant) {
        (self.since, self.counts) = (Some(since), VecDeque::new());
    }

    /// Says that a request is sent; counting begins with the first one.
    pub(super) fn begin_counting(&mut self, sent_at: Instant) {
        self.since.get_or_insert(sent_at);
    }

    pub(super) fn record_accepted_request(&mut self, sent_at: Instant) {
        let Some(age) = self.since.and_then(|since| sent_at.checked_duration_since(since)) else { return };
        let bucket = age.as_nanos() / BUCKET_DURATION.as_nanos();
        // Responses do not come in the order of the requests.
        match self.counts.iter().rposition(|(other, _)| *other <= bucket) {
            Some(position) if self.counts[position].0 == bucket => self.counts[position].1 += 1,
            position => self.counts.insert(position.map_or(0, |position| position + 1), (bucket, 1)),
        }
        let buckets = COUNTING_WINDOW.as_nanos() / BUCKET_DURATION.as_nanos();
        while self.counts.front().is_some_and(|(oldest, _)| oldest + buckets < bucket) {
            self.counts.pop_front();
        }
    }

    /// Returns the number of requests in the minute before `end`, or since counting began, and that time.
    pub(super) fn count_and_period_until(&self, end: Instant) -> Option<(u32, Duration)> {
        let since = self.since?;
        let age = end.saturating_duration_since(since);
        let period = age.min(COUNTING_WINDOW);
        let first = age.saturating_sub(period).as_nanos() / BUCKET_DURATION.as_nanos();
        let counts = self.counts.iter().filter(|(bucket, _)| *bucket >= first);
        Some((counts.map(|(_, count)| count).sum(), period))
    }
}
