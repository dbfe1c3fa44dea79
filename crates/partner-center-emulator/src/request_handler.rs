//! The way of a request through the emulator, whichever transport it came by: it is logged, counted against the rate limit,
//! perhaps hit by a fault, and otherwise served by the authority or the service.

use crate::{
    authority::AuthorityEndpoint,
    clock::Clock,
    customers::CustomerStore,
    fault::{Fault, FaultAction, FaultInjector, FaultPlan, rate_limit_response},
    judge::{Judge, ResourceBefore, judge_response},
    quirks::Quirks,
    rate_limit::RateLimit,
    recording::Replay,
    request_log::RequestLog,
    response_writer::write_response,
    scheduled_response::{ResponseDelivery, ScheduledResponse},
    service::Service,
    service_response::{ResponseContent, ServiceResponse},
    settings::Settings,
    steering::{Delivery, NamedSnapshots},
    store::{ChangesLost, SavedSession, State},
};
use http::StatusCode;
use partner_center_core::Request;
use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::{Duration, SystemTime},
};
use tokio::sync::Semaphore;

pub(crate) struct RequestHandler {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    pub(crate) start: InitialState,
    pub(crate) judge: Judge,
    /// What some operations respond with, whatever the service would.
    pub(crate) replay: Option<Replay>,
    pub(crate) rate_limit: Mutex<RateLimit>,
    pub(crate) snapshots: NamedSnapshots,
    /// Permits to wait for a request. Each that waits holds a thread, and writes need threads, too.
    pub(crate) waits: Semaphore,
    /// The permit to have a large body in memory.
    pub(crate) large_body: Arc<Semaphore>,
    settings: Mutex<Arc<Settings>>,
    log: Mutex<RequestLog>,
    /// Notified of each request.
    request_arrived: Condvar,
}

/// What an emulator is at its start, and again when it is reset.
pub(crate) struct InitialState {
    pub(crate) population: CustomerStore,
    /// `None` is the time of the system.
    pub(crate) time: Option<SystemTime>,
    pub(crate) is_clock_stopped: bool,
    pub(crate) quirks: Quirks,
    pub(crate) faults: Vec<Fault>,
    pub(crate) rate_limit: RateLimit,
}

/// The maximum number of steering requests that wait at the same time: a quarter of the threads that a server has by default.
pub(crate) const MAX_WAITS: usize = 128;

impl RequestHandler {
    pub(crate) fn new(service: Service, start: InitialState, judge: Judge, replay: Option<Replay>) -> Self {
        let mut faults = FaultInjector::default();
        for fault in &start.faults {
            faults.add_fault(fault.clone(), 0);
        }
        let settings = Settings::new(start.quirks.clone(), faults);
        Self {
            service,
            clock: Clock::start_at(start.time.unwrap_or_else(SystemTime::now), start.is_clock_stopped),
            rate_limit: Mutex::new(start.rate_limit.clone()),
            start,
            judge,
            replay,
            snapshots: NamedSnapshots::default(),
            waits: Semaphore::new(MAX_WAITS),
            large_body: Arc::new(Semaphore::new(1)),
            settings: Mutex::new(Arc::new(settings)),
            log: Mutex::default(),
            request_arrived: Condvar::new(),
        }
    }

    /// Logs `request`, and returns its number, from 1. It is responded to next.
    pub(crate) fn log_received_request(&self, request: &Request) -> u64 {
        let number = self.lock_log().record_request(request, self.clock.current_timestamp());
        self.request_arrived.notify_all();
        self.judge.request_arrived(number, request, self.clock.simulated_elapsed());
        number
    }

    /// Returns the response to `request`, which has this number, once all that it shows is saved. The work is abandoned once it is `cancelled`.
    pub(crate) fn respond(&self, number: u64, request: &Request, cancelled: &AtomicBool) -> ScheduledResponse {
        let mut response = self.make_scheduled_response(number, request, cancelled);
        if self.save().is_err() {
            let content = ResponseContent::PlainText(CHANGES_LOST_TEXT);
            let error = ServiceResponse::new(StatusCode::INTERNAL_SERVER_ERROR, content);
            let error = write_response(self.service.seed, &self.settings(), error, request, number - 1);
            response = ScheduledResponse { delay: Duration::ZERO, delivery: ResponseDelivery::Complete(error) };
        }
        if let Some(content) = response.delivery.response() {
            self.judge.response_made(number, content);
            self.lock_log().record_response(number, content);
        }
        response
    }

    /// Blocks until all changes are saved, if the state is kept in a file.
    pub(crate) fn save(&self) -> Result<(), ChangesLost> {
        let store = &self.service.store;
        store.save_session(|| self.session());
        store.wait_until_saved()
    }

    /// Replaces the state by another one, to which the clock and the authority have been set. Events of the old one are dropped.
    pub(crate) fn replace_state(&self, state: State) {
        self.service.store.replace_state(state, || self.session());
        #[cfg(feature = "webhooks")]
        self.service.webhooks.drop_events();
        // If it cannot be saved, the next response says so.
        let _ = self.save();
    }

    /// Notes what became of the response to the request with this number, and whether it is certain what the client knows of it.
    pub(crate) fn record_delivery(&self, number: u64, delivery: Delivery, is_certain: bool) {
        self.judge.response_delivered(number, delivery, is_certain, self.clock.simulated_elapsed());
        self.lock_log().record_delivery(number, delivery);
    }

    /// Whether the response to `request` may take long to make, or has to wait for the disk.
    pub(crate) fn may_take_long(&self, request: &Request) -> bool {
        self.service.may_take_long(request, &self.settings().quirks) || !self.service.store.is_everything_saved()
    }

    /// Returns the settings as they are now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.lock_settings())
    }

    /// Changes the settings for all requests from now on.
    pub(crate) fn change_settings<T>(&self, change: impl FnOnce(&mut Quirks, &mut FaultInjector) -> T) -> T {
        let mut settings = self.lock_settings();
        let (mut quirks, mut faults) = (settings.quirks.clone(), settings.faults.clone());
        let result = change(&mut quirks, &mut faults);
        *settings = Arc::new(Settings::new(quirks, faults));
        result
    }

    pub(crate) fn lock_log(&self) -> MutexGuard<'_, RequestLog> {
        // A poisoned log is usable: a panic leaves each entry either complete or absent.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request arrives or until `timeout` has passed.
    pub(crate) fn wait_for_next_request<'a>(
        &self,
        log: MutexGuard<'a, RequestLog>,
        timeout: Duration,
    ) -> MutexGuard<'a, RequestLog> {
        self.request_arrived.wait_timeout(log, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    fn make_scheduled_response(&self, number: u64, request: &Request, cancelled: &AtomicBool) -> ScheduledResponse {
        let Self { service, clock, .. } = self;
        let settings = &*self.settings();
        let (seed, previous_requests) = (service.seed, number - 1);
        let path = request.uri().path();
        let endpoint = AuthorityEndpoint::tenant_and_endpoint_of_path(path);
        let write = |response: ServiceResponse| write_response(seed, settings, response, request, previous_requests);
        if let Some(wait) = self.count_request_against_rate_limit() {
            let error = rate_limit_response(wait);
            let response = error.build_oauth_error_response(request).filter(|_| endpoint.is_some());
            let response = response.unwrap_or_else(|| write(error.service_response(request)));
            return ScheduledResponse { delay: Duration::ZERO, delivery: ResponseDelivery::Complete(response) };
        }
        let FaultPlan { delay, action } = settings.faults.plan_faults(seed, previous_requests, path);
        let serve = |token_error| match endpoint {
            Some(endpoint) => service.authority.respond_to_request(request, endpoint, token_error, clock),
            None => match self.replay.as_ref().and_then(|replay| replay.next_response(request)) {
                Some(replayed) => replayed.write_with(write),
                None => write(self.respond_and_judge(number, request, settings, cancelled)),
            },
        };
        let delivery = match action {
            None | Some(FaultAction::Delay(_)) => ResponseDelivery::Complete(serve(None)),
            Some(FaultAction::Respond(injected)) => {
                ResponseDelivery::Complete(match injected.build_oauth_error_response(request) {
                    Some(response) if endpoint.is_some() => response,
                    _ => write(injected.service_response(request)),
                })
            }
            Some(FaultAction::TokenError(error)) => ResponseDelivery::Complete(serve(Some(*error))),
            Some(FaultAction::Garbage) => {
                ResponseDelivery::Complete(write(ServiceResponse::new(StatusCode::OK, ResponseContent::Garbage)))
            }
            Some(FaultAction::Drip(pause)) => ResponseDelivery::Drip(serve(None), *pause),
            Some(FaultAction::Truncate) => ResponseDelivery::truncated_delivery(serve(None)),
            Some(FaultAction::Reset) => ResponseDelivery::Reset,
            Some(FaultAction::Unreachable) => ResponseDelivery::Unreachable,
            Some(FaultAction::Hang) => ResponseDelivery::Hang,
        };
        ScheduledResponse { delay, delivery }
    }

    /// Lets the service respond, and the judge look at it.
    fn respond_and_judge(
        &self,
        number: u64,
        request: &Request,
        settings: &Settings,
        cancelled: &AtomicBool,
    ) -> ServiceResponse {
        let Self { service, clock, judge, .. } = self;
        let now = clock.current_timestamp();
        let before = ResourceBefore::of_request(&service.store, request, now);
        let response = service.respond(request, settings, clock, cancelled);
        judge_response(judge, (number, request), &response, before.as_ref(), settings, (&*service.store, now));
        response
    }

    /// Returns what is saved besides the state.
    fn session(&self) -> SavedSession {
        SavedSession {
            clock_offset: self.clock.offset_from_system(),
            authority: self.service.authority.saved_authority(),
        }
    }

    fn count_request_against_rate_limit(&self) -> Option<Duration> {
        let mut limit = self.rate_limit.lock().unwrap_or_else(PoisonError::into_inner);
        limit.count_request(self.clock.simulated_elapsed())
    }

    fn lock_settings(&self) -> MutexGuard<'_, Arc<Settings>> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CHANGES_LOST_TEXT: &str =
    "The emulator cannot write its data file, and has lost a change. Make room and start it again.";

impl fmt::Debug for RequestHandler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let customers = self.service.store.state_snapshot().population;
        let mut emulator = formatter.debug_struct("Emulator");
        emulator.field("customers", &customers.count).field("seed", &customers.seed).finish_non_exhaustive()
    }
}
