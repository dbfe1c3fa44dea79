//! A request to the service: how a call becomes an HTTP request, and what the response to it means.

use super::{
    Engine, PageInput, ReadResponseFn, UnitOfWorkContext,
    rate_limiter::Ticket,
    request_sender::RetryableRequest,
    tracing_fields::{TRACEPARENT_HEADER, attempt_span, parse_traceparent_header_value},
};
use crate::{
    AttemptDescription, CallDescription, CallMetadata, Error, ErrorKind, ErrorReason, Mode, Output, Request, Response,
    ServiceError, Transport,
    auth::CachedToken,
    body::{self, BodyReader, DecodeError, DecodedOrEmpty},
    pagination::{PrefetchedPage, Prefetcher, UnexpectedNextPage},
    request::{CORRELATION_ID_HEADER, PreparedRequest, REQUEST_ID_HEADER, ResponseOutcome},
    response_headers::has_service_headers,
    retry::{AttemptError, RetryAfter, Retryability},
};
use http::{HeaderValue, Method, StatusCode, header};
use partner_center_models::{Idempotency, Replacement};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tracing::Span;
use uuid::Uuid;

/// The parts of a call that are the same whichever token it is made with.
pub(super) struct CallWithoutToken<'a, M: Mode, T> {
    pub(super) call: &'a PreparedRequest,
    pub(super) read: &'a ReadResponseFn<'a, T>,
    pub(super) page: Option<PageInput<T>>,
    pub(super) description: CallDescription<'a>,
    pub(super) call_context: &'a UnitOfWorkContext,
    pub(super) prefetcher: Option<&'a Prefetcher<M>>,
    pub(super) keeps_metadata: bool,
}

/// A request to the service, with the token that it carries.
pub(super) struct ServiceCall<'a, X: Transport, T> {
    engine: &'a Arc<Engine<X>>,
    plan: &'a CallWithoutToken<'a, X::Mode, T>,
    token: &'a CachedToken,
    /// The request for the next page, if it was sent already.
    next: Mutex<Option<PrefetchedPage<X>>>,
}

impl<'a, X: Transport, T> ServiceCall<'a, X, T> {
    pub(super) fn new(
        engine: &'a Arc<Engine<X>>,
        plan: &'a CallWithoutToken<'a, X::Mode, T>,
        token: &'a CachedToken,
    ) -> Self {
        Self { engine, plan, token, next: Mutex::new(None) }
    }

    /// Returns the request for the next page, if it was sent already.
    pub(super) fn into_prefetched_page(self) -> Option<PrefetchedPage<X>> {
        self.next.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_prefetched_page(&self) -> MutexGuard<'_, Option<PrefetchedPage<X>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finds the sign of a next page in a response that was decoded as `body` and is taken for complete: in one that is not a
    /// page, and in the last page of a list. A type without a size, such as `NoContent`, keeps nothing of a response, and so
    /// cannot miss any of it.
    fn find_unexpected_next_page(
        &self,
        reader: &BodyReader<'_>,
        body: &DecodedOrEmpty<T>,
    ) -> Option<UnexpectedNextPage> {
        let is_complete = match (&self.plan.page, body) {
            (None, _) => size_of::<T>() > 0,
            (Some(page), DecodedOrEmpty::Value(value)) => (page.is_last)(value),
            (Some(_), DecodedOrEmpty::Empty(_)) => false,
        };
        if !is_complete || self.plan.call.method == Method::HEAD {
            return None;
        }
        UnexpectedNextPage::find_in_json(self.plan.call.operation, self.plan.page.is_some(), reader.body_string().ok()?)
    }

    /// Finds the error in a response that was decoded as `body`. A page with items is not searched.
    fn find_embedded_error(&self, reader: &BodyReader<'_>, body: &DecodedOrEmpty<T>) -> Option<ServiceError> {
        let DecodedOrEmpty::Value(value) = body else { return None };
        let is_empty_page = self.plan.page.as_ref().map(|page| (page.is_empty)(value));
        if is_empty_page == Some(false) {
            return None;
        }
        ServiceError::from_decoded_response(reader, || self.exposed_secrets(), is_empty_page.is_some())
    }

    /// Returns the secrets in the request, which are removed from errors: some services echo what they were sent.
    fn exposed_secrets(&self) -> Vec<&str> {
        let of_options = self.plan.call_context.options.iter().flat_map(|options| options.headers.values());
        let values = of_options.chain(self.plan.call.headers.values()).filter(|value| value.is_sensitive());
        let values = values.chain([&self.token.authorization]);
        values.filter_map(|value| value.to_str().ok()).map(|value| value.trim_start_matches("Bearer ")).collect()
    }
}

impl<X: Transport, T> RetryableRequest<X> for ServiceCall<'_, X, T> {
    type Value = DecodedOrEmpty<T>;

    fn operation_name(&self) -> &'static str {
        self.plan.call.operation
    }

    fn idempotency(&self) -> Idempotency {
        self.plan.call.idempotency
    }

    fn is_write(&self) -> bool {
        self.plan.call.may_have_effect()
    }

    fn keeps_response_metadata(&self) -> bool {
        self.plan.keeps_metadata || !self.engine.hooks.is_empty()
    }

    fn attempt_timeout(&self) -> Option<Duration> {
        Some(self.engine.attempt_timeout(self.plan.call_context))
    }

    fn attempt_span(&self, attempt: &AttemptDescription) -> Span {
        let PreparedRequest { method, path_template, .. } = self.plan.call;
        attempt_span(method, *path_template, &self.engine.base_url, attempt)
    }

    fn call_before_attempt_hooks(&self, attempt: &AttemptDescription) {
        self.engine.hooks.iter().for_each(|hooks| hooks.before_attempt(&self.plan.description, attempt));
    }

    fn call_after_attempt_hooks(&self, attempt: &AttemptDescription, outcome: Result<StatusCode, &Error>) {
        self.engine.hooks.iter().for_each(|hooks| hooks.after_attempt(&self.plan.description, attempt, outcome));
    }

    fn rate_limit_ticket(&self) -> Option<Ticket<'_>> {
        Some(self.engine.rate_limiter.ticket(&self.plan.call.target))
    }

    fn next_request_id(&self, completed: Option<Uuid>) -> Result<Uuid, Error> {
        self.plan.call_context.next_request_id(self.plan.call, completed)
    }

    fn max_response_size(&self) -> usize {
        self.engine.sender.limits.body
    }

    fn extend_refresh_claim(&self, _: Duration) {}

    fn build_http_request(&self, metadata: &CallMetadata) -> Result<Request, http::Error> {
        self.engine.build_service_request(self.plan.call, self.token, metadata.request_id, self.plan.call_context)
    }

    fn prefetch_before_decoding(&self, response: &Response) -> Output<'_, X, ()> {
        let Some(prefetcher) = self.plan.prefetcher.filter(|_| response.status().is_success()) else {
            return X::Mode::ready(());
        };
        let next = prefetcher.peek_next_request(response.body(), &self.engine.base_url);
        let is_sent =
            |next: &PreparedRequest| self.lock_prefetched_page().as_ref().is_some_and(|sent| sent.request == *next);
        match next.filter(|next| !next.is_same_page(self.plan.call) && !is_sent(next)) {
            None => X::Mode::ready(()),
            Some(next) => X::Mode::block_or_box(async move {
                let next_page =
                    PrefetchedPage::try_send_early(next, prefetcher, self.engine, self.plan.call_context).await;
                *self.lock_prefetched_page() = next_page;
            }),
        }
    }

    fn decode_response_value(&self, response: &mut Response) -> Result<DecodedOrEmpty<T>, AttemptError> {
        let response = &*response;
        let call = self.plan.call;
        let rejected = |service_error| AttemptError {
            retryability: Retryability::from_service_error(&service_error),
            error: Error::from_service_error(call.operation, service_error),
            has_response: true,
        };
        let outcome = call.outcome_of_status(response.status());
        if outcome == ResponseOutcome::Error {
            return Err(rejected(ServiceError::from_response(response, &self.exposed_secrets())));
        }
        if outcome == ResponseOutcome::Absent {
            let service_error = ServiceError::from_response(response, &self.exposed_secrets());
            if is_not_about_the_resource(response, &service_error) {
                return Err(rejected(service_error));
            }
        }
        let failed = |decode_error, retryability| AttemptError {
            retryability,
            error: Error::new(ErrorKind::Decode, call.operation, decode_error),
            has_response: decode_error != DecodeError::Truncated,
        };
        let report = |replacement: &Replacement| self.engine.report_replaced_value(replacement);
        let mut reader = BodyReader::for_request(response, call, outcome, &report);
        // An empty response that says when to request it again.
        let may_be_not_ready =
            outcome == ResponseOutcome::Done && call.method == Method::GET && is_result_not_ready(response);
        if may_be_not_ready && reader.is_body_declared_empty() == Ok(true) {
            let retry_after = RetryAfter::from_headers(response.headers());
            return Err(failed(DecodeError::NotReady, Retryability::Transient { retry_after }));
        }
        match body::decode_response(&mut reader, self.plan.page.is_some(), self.plan.read) {
            Ok(body) if outcome == ResponseOutcome::Absent => Ok(body),
            Ok(body) => {
                match (self.find_embedded_error(&reader, &body), self.find_unexpected_next_page(&reader, &body)) {
                    (None, None) => Ok(body),
                    (Some(service_error), _) => Err(rejected(service_error)),
                    (None, Some(found)) => Err(AttemptError {
                        retryability: Retryability::Permanent,
                        error: Error::new(ErrorKind::Paging, call.operation, found),
                        has_response: true,
                    }),
                }
            }
            Err(decode_error) => Err(match ServiceError::from_success_response(response, &self.exposed_secrets()) {
                Some(service_error) if outcome != ResponseOutcome::Absent => rejected(service_error),
                _ => failed(decode_error, Retryability::from_decode_error(decode_error)),
            }),
        }
    }
}

/// Whether an empty response is for a resource that is still being made.
fn is_result_not_ready(response: &Response) -> bool {
    response.status() == StatusCode::ACCEPTED || response.headers().contains_key(header::RETRY_AFTER)
}

/// Whether a response that says that there is no such resource is about something else: about the partner, or from a proxy or
/// another server, such as one at a wrong base URL. A response to HEAD has no body that would tell: its headers have to.
fn is_not_about_the_resource(response: &Response, service_error: &ServiceError) -> bool {
    let is_markup = response.body().trim_ascii_start().starts_with(b"<");
    is_markup || !has_service_headers(response) || service_error.reason() == Some(ErrorReason::PartnerUnknown)
}

impl<X: Transport> Engine<X> {
    /// Builds the HTTP request of `call`.
    pub(crate) fn build_service_request(
        &self,
        call: &PreparedRequest,
        token: &CachedToken,
        request_id: Option<Uuid>,
        call_context: &UnitOfWorkContext,
    ) -> Result<Request, http::Error> {
        let mut request = Request::new(call.body.as_ref().map(|body| body.bytes().to_vec()).unwrap_or_default());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = self.base_url.join_target(&call.target)?;
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(header::AUTHORIZATION, token.authorization.clone());
        if let Some(body) = &call.body {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(body.content_type())?);
        } else if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
            // Without it some servers reject a request that might have a body.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let correlation_id = Some(call_context.correlation_id);
        for (name, id) in [(REQUEST_ID_HEADER, request_id), (CORRELATION_ID_HEADER, correlation_id)] {
            if let Some(id) = id {
                let mut buffer = Uuid::encode_buffer();
                headers.insert(name, HeaderValue::from_str(id.hyphenated().encode_lower(&mut buffer))?);
            }
        }
        if let Some(value) =
            self.traceparent.as_ref().and_then(|traceparent| parse_traceparent_header_value(traceparent()))
        {
            headers.insert(TRACEPARENT_HEADER, value);
        }
        let of_options = call_context.options.iter().flat_map(|options| &options.headers);
        for (name, value) in of_options.chain(&call.headers) {
            headers.insert(name, value.clone());
        }
        Ok(request)
    }
}
