//! The way of a request through the emulator, whichever transport it came by: it is logged, counted against the rate limit,
//! perhaps hit by a fault, and otherwise served by the authority or the service.

use crate::{
    authority::Endpoint,
    clock::Clock,
    fault::{FaultAction, FaultInjector, FaultPlan, rate_limited},
    rate_limit::RateLimit,
    request_log::RequestLog,
    response_writer::write_response,
    scheduled_response::{Delivery, ScheduledResponse},
    service::Service,
    service_response::{Content, ServiceResponse},
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
    pub(crate) fn new(service: Service, faults: FaultInjector, rate_limit: Option<RateLimit>) -> Self {
        let rate_limit = rate_limit.map(Mutex::new);
        Self { service, clock: Clock::start(), faults, rate_limit, log: Mutex::default() }
    }

    /// Logs `request` and returns the response to it. The work is abandoned once it is `cancelled`.
    pub(crate) fn respond(&self, request: &Request, cancelled: &AtomicBool) -> ScheduledResponse {
        let Self { service, clock, .. } = self;
        let previous_requests = self.log().record(request);
        let seed = service.seed;
        let path = request.uri().path();
        let endpoint = Endpoint::of(path);
        let write =
            |response: ServiceResponse| write_response(&service.quirks, response, request, seed, previous_requests);
        if let Some(wait) = self.rate_limit_exceeded() {
            let error = rate_limited(wait);
            let response = error.authority_response(request).filter(|_| endpoint.is_some());
            let response = response.unwrap_or_else(|| write(error.service_response()));
            return ScheduledResponse { delay: Duration::ZERO, delivery: Delivery::Complete(response) };
        }
        let FaultPlan { delay, action } = self.faults.plan(seed, previous_requests, path);
        let serve = |token_error| match endpoint {
            Some(endpoint) => service.authority.respond(request, endpoint, token_error, clock),
            None => write(service.respond(request, clock, cancelled)),
        };
        let delivery = match action {
            None | Some(FaultAction::Delay(_)) => Delivery::Complete(serve(None)),
            Some(FaultAction::Respond(injected)) => Delivery::Complete(match injected.authority_response(request) {
                Some(response) if endpoint.is_some() => response,
                _ => write(injected.service_response()),
            }),
            Some(FaultAction::TokenError(error)) => Delivery::Complete(serve(Some(*error))),
            Some(FaultAction::Garbage) => {
                Delivery::Complete(write(ServiceResponse::new(StatusCode::OK, Content::Garbage)))
            }
            Some(FaultAction::Drip(pause)) => Delivery::Drip(serve(None), *pause),
            Some(FaultAction::Truncate) => Delivery::truncated(serve(None)),
            Some(FaultAction::Reset) => Delivery::Reset,
            Some(FaultAction::Hang) => Delivery::Hang,
        };
        ScheduledResponse { delay, delivery }
    }

    /// Returns the newest requests, the oldest of them first.
    pub(crate) fn requests(&self) -> Vec<http::Request<()>> {
        self.log().requests()
    }

    fn rate_limit_exceeded(&self) -> Option<Duration> {
        let mut limit = self.rate_limit.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        limit.count_request(self.clock.now())
    }

    fn log(&self) -> MutexGuard<'_, RequestLog> {
        // A poisoned log is usable: a panic leaves each entry either complete or absent.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RequestHandler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let customers = self.service.store.snapshot().population;
        let mut emulator = formatter.debug_struct("Emulator");
        emulator.field("customers", &customers.count).field("seed", &customers.seed).finish_non_exhaustive()
    }
}
