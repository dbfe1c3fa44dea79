use super::{
    accepted_requests::AcceptedRequests,
    learned_rate::LearnedRate,
    schedule::{RequestSchedule, ReservedSlot},
};
use std::time::{Duration, Instant};

/// The requests that the service counts together: their pause, and the rate that was learned.
#[derive(Debug, Default)]
pub(super) struct RateLimitedScope {
    accepted: AcceptedRequests,
    rate: Option<LearnedRate>,
    /// The slots at the learned rate.
    schedule: RequestSchedule,
    pause: Option<RateLimitPause>,
    pauses: u64,
}

#[derive(Debug)]
struct RateLimitPause {
    begin: Instant,
    end: Instant,
    /// The end by the clock of the service, which has counted its wait from when the request arrived.
    period_end: Instant,
    /// The requests per second when it began, if they were limited.
    pace: Option<f64>,
}

impl RateLimitedScope {
    /// Returns the number of pauses so far.
    pub(super) fn pause_count(&self) -> u64 {
        self.pauses
    }

    pub(super) fn remaining_pause(&self, now: Instant) -> Option<Duration> {
        self.pause.as_ref()?.end.checked_duration_since(now).filter(|pause| !pause.is_zero())
    }

    /// Begins a pause at the `configured` rate, and returns true; or extends the current one, if the request was already under way
    /// when it began. A pause never ends earlier than was requested before.
    pub(super) fn begin_or_extend_pause(
        &mut self,
        sent_at: Instant,
        now: Instant,
        length: Duration,
        configured: Option<f64>,
    ) -> bool {
        let Some(end) = now.checked_add(length) else { return false };
        let end = self.pause.as_ref().map_or(end, |pause| pause.end.max(end));
        match &mut self.pause {
            Some(pause) if sent_at <= pause.begin => {
                pause.end = end;
                false
            }
            _ => {
                let pace = self.learned_requests_per_second(sent_at).into_iter().chain(configured).reduce(f64::min);
                self.pause = Some(RateLimitPause { begin: now, end, period_end: sent_at + length, pace });
                self.pauses += 1;
                true
            }
        }
    }

    /// Ends a pause whose time has passed, learns from it, and returns whether there was one. Only now all responses to earlier
    /// requests are here.
    pub(super) fn finish_pause(&mut self, now: Instant) -> bool {
        let Some(pause) = self.pause.take_if(|pause| pause.end <= now) else { return false };
        if let Some((accepted, period)) = self.accepted.count_and_period_until(pause.period_end) {
            self.rate = LearnedRate::learn_after_pause(self.rate, pause.pace, accepted, period, pause.end);
            tracing::debug!(
                accepted = i64::from(accepted),
                ?period,
                requests_per_second = self.learned_requests_per_second(now),
                "a pause has ended"
            );
        }
        self.accepted.restart_counting(pause.end);
        self.schedule.void_reservations();
        true
    }

    /// Returns the rate that was learned, unless it is forgotten.
    pub(super) fn learned_requests_per_second(&self, now: Instant) -> Option<f64> {
        self.rate.and_then(|rate| rate.requests_per_second_at(now))
    }

    /// Returns the earliest moment from `now` on that is free at the learned rate, and in the schedule of the `configured` one.
    pub(super) fn earliest_moment_free_in_both(&mut self, now: Instant, configured: &RequestSchedule) -> Instant {
        self.schedule.forget_slots_before(now);
        let mut moment = now;
        loop {
            let earliest = self.schedule.earliest_free_moment(configured.earliest_free_moment(moment));
            if earliest == moment {
                return moment;
            }
            moment = earliest;
        }
    }

    /// Reserves the slot of `moment`; `None` if no rate was learned.
    pub(super) fn reserve_slot_at_learned_rate(&mut self, moment: Instant) -> Option<ReservedSlot> {
        self.accepted.begin_counting(moment);
        let rate = self.learned_requests_per_second(moment);
        if rate.is_none() {
            self.schedule.void_reservations();
        }
        rate.map(|rate| self.schedule.reserve_slot(moment, Duration::from_secs_f64(rate.recip())))
    }

    pub(super) fn cancel_reservation(&mut self, slot: ReservedSlot) {
        self.schedule.cancel_reservation(slot);
    }

    pub(super) fn record_accepted(&mut self, sent_at: Instant) {
        self.accepted.record_accepted_request(sent_at);
    }

    /// Whether it has nothing that a request would wait for.
    pub(super) fn is_unlimited(&self, now: Instant) -> bool {
        self.remaining_pause(now).is_none() && self.learned_requests_per_second(now).is_none()
    }
}
