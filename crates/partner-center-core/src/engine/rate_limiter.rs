//! The rate limiter of a client: all its clones, threads and tasks wait in it before each attempt.
//!
//! It has three reasons to make a request wait. The *configured rate* spreads requests evenly. A *pause* follows a 429 and
//! lasts as long as the service requests, for all who share the client: who sends meanwhile only collects more of them, and
//! rejected requests count, too (facts sheet on throttling, section 3). A *learned rate* follows the pause, so that the next
//! 429 is late and meets few requests; see [`learned_rate`]. It grows by itself, and is forgotten in the end.
//!
//! Waits are reservations: a request books its slot, waits until then, and looks whether a pause has begun meanwhile. A request
//! that is canceled before gives its slot back; and when a pause ends, all slots are void, since nobody has used them. All
//! functions take the time, so that a minute is tested in no time. The wait before a retry is trusted: when the transport's sleep
//! has returned, its time has passed for the limiter, also in tests whose sleep returns immediately.

mod accepted_requests;
mod learned_rate;
mod limited_scope;
mod schedule;
#[cfg(test)]
mod simulation_tests;
#[cfg(test)]
mod tests;

use limited_scope::RateLimitedScope;
use schedule::{RequestSchedule, ReservedSlot};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The requests that a 429 slows down.
///
/// The service counts some requests per partner, and others per partner and customer; it does not say which (only that in the
/// second case other customers are not affected).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateLimitScope {
    /// All requests of the client: the stricter reading, and the default.
    #[default]
    Partner,
    /// The requests for the same customer (`/v1/customers/{customer-tenant-id}/..`), and all others together.
    Customer,
}

/// The state of the rate limiter of a client, by [`Client::rate_limit_status`](crate::Client::rate_limit_status).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// The requests per minute that are sent at most now: the configured rate, or the one that was learned from a 429 if that
    /// is lower. `None` if the rate is not limited.
    pub requests_per_minute: Option<f64>,
    /// The time for which no request is sent, because of a 429; the maximum if the limit is per customer.
    pub paused_for: Option<Duration>,
    /// The number of 429 that the client and its clones have received so far.
    pub throttled_responses: u64,
    /// The retries that are left in the budget; see [`RetryPolicy`](crate::RetryPolicy).
    pub retries_left: u32,
}

/// The rate limiter of a client.
pub(crate) struct RateLimiter {
    /// The time between two requests at the configured rate.
    interval: Option<Duration>,
    scope: RateLimitScope,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The time that waits before retries were cut short by; zero with a transport that sleeps.
    ahead: Duration,
    /// The slots at the configured rate.
    schedule: RequestSchedule,
    /// What all share that has no scope of its own.
    partner: RateLimitedScope,
    customers: BTreeMap<Uuid, RateLimitedScope>,
    throttled_responses: u64,
}

/// Maximum number of customers that are tracked at the same time; any more share the scope of the partner.
const MAX_CUSTOMERS: usize = 4096;

impl RateLimiter {
    pub(crate) fn new(requests_per_minute: Option<u32>, scope: RateLimitScope) -> Self {
        let interval = requests_per_minute.map(|requests| Duration::from_secs(60) / requests.max(1));
        Self { interval, scope, state: Mutex::default() }
    }

    /// Returns a ticket for a request with this target (path and query).
    pub(crate) fn ticket(&self, target: &str) -> Ticket<'_> {
        let customer = match self.scope {
            RateLimitScope::Partner => None,
            RateLimitScope::Customer => customer_of_target(target),
        };
        Ticket { limiter: self, customer, booked: None }
    }

    pub(crate) fn status(&self, retries_left: u32) -> RateLimitStatus {
        let state = self.lock_state();
        let now = state.now();
        let scopes = || state.customers.values().chain([&state.partner]);
        let learned = scopes().filter_map(|scope| scope.learned_requests_per_second(now)).map(|rate| rate * 60.0);
        let configured = self.requests_per_second().map(|rate| rate * 60.0);
        RateLimitStatus {
            requests_per_minute: learned.chain(configured).reduce(f64::min),
            paused_for: scopes().filter_map(|scope| scope.remaining_pause(now)).max(),
            throttled_responses: state.throttled_responses,
            retries_left,
        }
    }

    /// Returns the time as the limiter has it.
    pub(crate) fn now(&self) -> Instant {
        self.lock_state().now()
    }

    /// Says that the wait before a retry, until `moment`, has ended. So has the pause.
    pub(crate) fn slept_until(&self, moment: Instant) {
        let mut state = self.lock_state();
        let early = moment.saturating_duration_since(state.now());
        state.ahead += early;
    }

    /// Returns the configured rate.
    fn requests_per_second(&self) -> Option<f64> {
        self.interval.map(|interval| interval.as_secs_f64().recip())
    }

    fn lock_state(&self) -> MutexGuard<'_, State> {
        // A panic leaves no state half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a request in the limiter.
pub(crate) struct Ticket<'a> {
    limiter: &'a RateLimiter,
    customer: Option<Uuid>,
    booked: Option<Reservation>,
}

struct Reservation {
    moment: Instant,
    /// The number of pauses before it.
    pauses: u64,
    /// The slots that it holds, until the request may be sent.
    configured: Option<ReservedSlot>,
    learned: Option<ReservedSlot>,
}

impl<'a> Ticket<'a> {
    pub(crate) fn limiter(&self) -> &'a RateLimiter {
        self.limiter
    }

    /// Reserves a slot if it is free now, and returns whether it is.
    pub(crate) fn try_admit(&mut self, now: Instant) -> bool {
        self.admit(now, Some(Duration::from_nanos(1))).is_some()
    }

    /// Returns the time until the request may be sent, and reserves a slot; zero if it may be sent now. After a wait it is
    /// called again, as a pause may have begun. Returns `None`, without a reservation, if the wait is not within `remaining`.
    pub(crate) fn admit(&mut self, now: Instant, remaining: Option<Duration>) -> Option<Duration> {
        let limiter = self.limiter;
        let mut state = limiter.lock_state();
        let is_within = |wait: &Duration| remaining.is_none_or(|remaining| *wait < remaining);
        let (scope, schedule) = state.scope_and_schedule(self.customer, now);
        if let Some(pause) = scope.remaining_pause(now) {
            // Nothing is booked: the rate after the pause is known only then.
            if let Some(reservation) = self.booked.take() {
                reservation.release(scope, schedule);
            }
            return Some(pause).filter(is_within);
        }
        if scope.finish_pause(now) && limiter.scope == RateLimitScope::Partner {
            schedule.void_reservations();
        }
        if let Some(reservation) = self.booked.take() {
            if reservation.is_valid(scope, schedule) {
                let wait = reservation.moment.saturating_duration_since(now);
                self.booked = Some(reservation.after(wait));
                return Some(wait);
            }
            reservation.release(scope, schedule);
        }
        schedule.forget_slots_before(now);
        let moment = scope.earliest_moment_free_in_both(now, schedule);
        let wait = Some(moment - now).filter(is_within)?;
        let configured = limiter.interval.map(|interval| schedule.reserve_slot(moment, interval));
        let reservation = Reservation {
            moment,
            pauses: scope.pause_count(),
            configured,
            learned: scope.reserve_slot_at_learned_rate(moment),
        };
        self.booked = Some(reservation.after(wait));
        Some(wait)
    }

    /// Counts a response that is not a 429, to a request that was sent at `sent_at`.
    pub(crate) fn record_accepted(&self, sent_at: Instant) {
        self.limiter.lock_state().scope_mut(self.customer, sent_at).record_accepted(sent_at);
    }

    /// Begins a pause of this length after a 429 to a request that was sent at `sent_at`.
    pub(crate) fn record_throttled(&self, sent_at: Instant, now: Instant, pause: Duration) {
        let mut state = self.limiter.lock_state();
        state.throttled_responses += 1;
        let begins = state.scope_mut(self.customer, now).begin_or_extend_pause(
            sent_at,
            now,
            pause,
            self.limiter.requests_per_second(),
        );
        drop(state);
        if begins {
            let customer = self.customer.map(tracing::field::display);
            tracing::warn!(?pause, customer, "throttled: the requests of this client are paused");
        }
    }
}

/// A request that is canceled before it may be sent leaves its slot to others.
impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let Some(reservation) = self.booked.take().filter(Reservation::holds_slots) else { return };
        let mut state = self.limiter.lock_state();
        let now = state.now();
        let (scope, schedule) = state.scope_and_schedule(self.customer, now);
        reservation.release(scope, schedule);
    }
}

impl Reservation {
    /// Returns the reservation of a request that may be sent after `wait`. If that is now, its slots are used.
    fn after(self, wait: Duration) -> Self {
        if wait.is_zero() { Self { configured: None, learned: None, ..self } } else { self }
    }

    fn holds_slots(&self) -> bool {
        self.configured.is_some() || self.learned.is_some()
    }

    fn is_valid(&self, scope: &RateLimitedScope, schedule: &RequestSchedule) -> bool {
        self.pauses == scope.pause_count() && self.configured.as_ref().is_none_or(|slot| schedule.has_reservation(slot))
    }

    fn release(self, scope: &mut RateLimitedScope, schedule: &mut RequestSchedule) {
        if let Some(slot) = self.configured {
            schedule.cancel_reservation(slot);
        }
        if let Some(slot) = self.learned {
            scope.cancel_reservation(slot);
        }
    }
}

impl State {
    /// Returns the time as the limiter has it.
    fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }

    /// Returns the scope of the customer, or that of all.
    fn scope_mut(&mut self, customer: Option<Uuid>, now: Instant) -> &mut RateLimitedScope {
        self.scope_and_schedule(customer, now).0
    }

    /// Returns the scope of the customer, or that of all, and the schedule that all scopes share.
    fn scope_and_schedule(
        &mut self,
        customer: Option<Uuid>,
        now: Instant,
    ) -> (&mut RateLimitedScope, &mut RequestSchedule) {
        let Self { partner, customers, schedule, .. } = self;
        let Some(customer) = customer else { return (partner, schedule) };
        if customers.len() >= MAX_CUSTOMERS && !customers.contains_key(&customer) {
            customers.retain(|_, scope| !scope.is_unlimited(now));
            if customers.len() >= MAX_CUSTOMERS {
                return (partner, schedule);
            }
        }
        (customers.entry(customer).or_default(), schedule)
    }
}

/// Returns the customer in a target such as `/v1/customers/{id}/orders?size=3`.
fn customer_of_target(target: &str) -> Option<Uuid> {
    let path = target.split('?').next()?;
    let mut segments = path.split('/').skip(2);
    let is_customer = segments.next()?.eq_ignore_ascii_case("customers");
    segments.next().filter(|_| is_customer).and_then(|id| Uuid::try_parse(id).ok())
}
