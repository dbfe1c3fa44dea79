//! The way of a request through the emulator, whichever transport it came by: it is logged, counted against the rate limit,
//! perhaps hit by a fault, and otherwise served by the authority or the service.

use crate::{
    authority::AuthorityEndpoint,
    clock::Clock,
    fault::{FaultAction, FaultInjector, FaultPlan, rate_limit_response},
    rate_limit::RateLimit,
    request_log::RequestLog,
    response_writer::write_response,
    scheduled_response::{ResponseDelivery, ScheduledResponse},
    service::Service,
    service_response::{ResponseContent, ServiceResponse},
    store::{ChangesLost, SavedSession},
};
use http::StatusCode;
use partner_center_core::Request;
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

pub(crate) struct RequestHandler {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    faults: FaultInjector,
    rate_limit: Option<Mutex<RateLimit>>,
    log: Mutex<RequestLog>,
}

impl RequestHandler {
    pub(crate) fn new(service: Service, clock: Clock, faults: FaultInjector, rate_limit: Option<RateLimit>) -> Self {
        let rate_limit = rate_limit.map(Mutex::new);
        Self { service, clock, faults, rate_limit, log: Mutex::default() }
    }

    /// Logs `request` and returns the response to it, once all that it shows is saved. The work is abandoned once it is `cancelled`.
    pub(crate) fn respond(&self, request: &Request, cancelled: &AtomicBool) -> ScheduledResponse {
        let response = self.respond_before_saving(request, cancelled);
        if self.save().is_ok() {
            return response;
        }
        let content = ResponseContent::PlainText(CHANGES_LOST_TEXT);
        let response = ServiceResponse::new(StatusCode::INTERNAL_SERVER_ERROR, content);
        let response = write_response(&self.service, response, request, 0);
        ScheduledResponse { delay: Duration::ZERO, delivery: ResponseDelivery::Complete(response) }
    }

    /// Blocks until all changes are saved, if the state is kept in a file.
    pub(crate) fn save(&self) -> Result<(), ChangesLost> {
        let Service { store, authority, .. } = &self.service;
        store.save_session(|| SavedSession {
            clock_offset: self.clock.offset_from_system(),
            authority: authority.saved_authority(),
        });
        store.wait_until_saved()
    }

    fn respond_before_saving(&self, request: &Request, cancelled: &AtomicBool) -> ScheduledResponse {
        let Self { service, clock, .. } = self;
        let previous_requests = self.lock_request_log().record_request(request);
        let seed = service.seed;
        let path = request.uri().path();
        let endpoint = AuthorityEndpoint::tenant_and_endpoint_of_path(path);
        let write = |response: ServiceResponse| write_response(service, response, request, previous_requests);
        if let Some(wait) = self.wait_if_rate_limit_exceeded() {
            let error = rate_limit_response(wait);
            let response = error.authority_response(request).filter(|_| endpoint.is_some());
            let response = response.unwrap_or_else(|| write(error.service_response()));
            return ScheduledResponse { delay: Duration::ZERO, delivery: ResponseDelivery::Complete(response) };
        }
        let FaultPlan { delay, action } = self.faults.plan_faults(seed, previous_requests, path);
        let serve = |token_error| match endpoint {
            Some(endpoint) => service.authority.respond_to_request(request, endpoint, token_error, clock),
            None => write(service.respond(request, clock, cancelled)),
        };
        let delivery = match action {
            None | Some(FaultAction::Delay(_)) => ResponseDelivery::Complete(serve(None)),
            Some(FaultAction::Respond(injected)) => {
                ResponseDelivery::Complete(match injected.authority_response(request) {
                    Some(response) if endpoint.is_some() => response,
                    _ => write(injected.service_response()),
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

    /// Returns the newest requests, the oldest of them first.
    pub(crate) fn logged_requests(&self) -> Vec<http::Request<()>> {
        self.lock_request_log().logged_requests()
    }

    fn wait_if_rate_limit_exceeded(&self) -> Option<Duration> {
        let mut limit = self.rate_limit.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        limit.count_request(self.clock.simulated_elapsed())
    }

    fn lock_request_log(&self) -> MutexGuard<'_, RequestLog> {
        // A poisoned log is usable: a panic leaves each entry either complete or absent.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
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
