//! Attempts: sends one request, to the service or to the authority, until there is a usable response or the retry
//! policy ends it.
//!
//! This is the loop that retries; a call that is rejected with 401 begins it once more with another token. What differs between a call
//! of the service and a request for a token is a [`RetryableRequest`]: how the request is built for each attempt, and what a response
//! to it means.

use super::{rate_limiter::Ticket, tracing_fields::record_error_in_span};
use crate::{
    AttemptDescription, CallMetadata, Error, ErrorKind, Limits, Mode, Output, Request, Response, RetryPolicy,
    Transport, TransportError, WriteOutcome,
    response_headers::has_service_headers,
    retry::{AttemptError, RetryBudget, RetryDecision, Retryability, decide_retry, may_send_again},
};
use http::{HeaderMap, StatusCode};
use partner_center_models::Idempotency;
use std::time::{Duration, Instant};
use tracing::{Instrument, Span};
use uuid::Uuid;

/// A transport, and the policy and limits that requests are sent under.
pub(crate) struct RequestSender<X: Transport> {
    pub(crate) transport: X,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) retry_budget: RetryBudget,
}

/// A request that may be sent any number of times, and the meaning of a response to it.
pub(crate) trait RetryableRequest<X: Transport>: Sync {
    type Value;

    fn operation_name(&self) -> &'static str;
    /// By default that of a request to the authority: to be issued a second token does no harm.
    fn idempotency(&self) -> Idempotency {
        Idempotency::Natural
    }
    /// Whether the request may change something, so that it matters what has come of it.
    fn is_write(&self) -> bool {
        false
    }
    /// Whether the metadata of a response is kept if it is a result; that of an error always is.
    fn keeps_response_metadata(&self) -> bool {
        false
    }
    /// Returns a ticket of the limiter that such requests wait in, if there is one.
    fn rate_limit_ticket(&self) -> Option<Ticket<'_>>;
    /// Returns the id of the next request, after one that is `completed`.
    fn next_request_id(&self, _completed: Option<Uuid>) -> Result<Uuid, Error> {
        Ok(Uuid::new_v4())
    }
    /// Returns the maximum size of the response in bytes.
    fn max_response_size(&self) -> usize;
    /// Returns the timeout of an attempt, if it is not that of the sender.
    fn attempt_timeout(&self) -> Option<Duration> {
        None
    }
    /// Reports that nothing may happen for `duration`, while a response or the next attempt is waited for.
    fn extend_refresh_claim(&self, duration: Duration);
    fn attempt_span(&self, attempt: &AttemptDescription) -> Span;
    fn call_before_attempt_hooks(&self, _attempt: &AttemptDescription) {}
    fn call_after_attempt_hooks(&self, _attempt: &AttemptDescription, _outcome: Result<StatusCode, &Error>) {}
    fn build_http_request(&self, metadata: &CallMetadata) -> Result<Request, http::Error>;
    /// Inspects a response before it is decoded.
    fn prefetch_before_decoding(&self, _response: &Response) -> Output<'_, X, ()> {
        X::Mode::ready(())
    }
    /// Decodes a response. Its head is left as it is.
    fn decode_response_value(&self, response: &mut Response) -> Result<Self::Value, AttemptError>;
}

/// The outcome of a request that was sent before the call that it is for began.
pub(crate) struct EarlyResponse {
    pub(crate) sent_at: Instant,
    pub(crate) outcome: Result<Response, TransportError>,
}

impl<X: Transport> RequestSender<X> {
    /// Sends `request` until there is a usable response, or `retry_policy` or `deadline` ends it. Nothing is sent once
    /// the deadline has passed: a refresh token that is sent may be used up, whether or not somebody still waits for
    /// the response.
    ///
    /// `early_response` stands in for the response to the first attempt.
    pub(crate) async fn send<R: RetryableRequest<X>>(
        &self,
        request: &R,
        retry_policy: &RetryPolicy,
        metadata: &mut CallMetadata,
        deadline: Option<Instant>,
        mut early_response: Option<EarlyResponse>,
    ) -> Result<R::Value, Error> {
        let remaining = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let previous_attempts = metadata.attempts;
        let mut last_error = None;
        loop {
            let mut ticket = request.rate_limit_ticket();
            if early_response.is_none() && !self.try_wait_for_turn(ticket.as_mut(), deadline).await {
                return Err(Error::new_deadline_exceeded(request.operation_name(), last_error));
            }
            let attempt = AttemptDescription { number: metadata.attempts + 1, request_id: metadata.request_id };
            let span = request.attempt_span(&attempt);
            let next = match early_response.take() {
                Some(early_response) => AttemptResponseSource::Receive(early_response),
                None if remaining().is_some_and(|remaining| remaining.is_zero()) => {
                    return Err(Error::new_deadline_exceeded(request.operation_name(), last_error));
                }
                None => AttemptResponseSource::Send(
                    span.in_scope(|| self.build_http_request_with_limits(request, metadata, remaining()))?,
                ),
            };
            metadata.attempts = attempt.number;
            request.call_before_attempt_hooks(&attempt);
            let sent_at = ticket.as_ref().map(|ticket| ticket.limiter().now());
            let outcome = self.perform_attempt(request, next, metadata).instrument(span.clone()).await;
            let attempts = metadata.attempts - previous_attempts;
            let failed = match outcome {
                Ok((status, value)) => {
                    span.record("http.response.status_code", i64::from(status.as_u16()));
                    request.call_after_attempt_hooks(&attempt, Ok(status));
                    self.retry_budget.record_success(attempts > 1);
                    if let Some((ticket, sent_at)) = ticket.zip(sent_at) {
                        ticket.record_accepted(sent_at);
                    }
                    return Ok(value);
                }
                Err(failed) => failed,
            };
            record_error_in_span(&span, &failed.error, metadata.status);
            request.call_after_attempt_hooks(&attempt, Err(&failed.error));
            let decision = decide_retry(
                retry_policy,
                may_send_again(request.idempotency(), failed.has_response, metadata.write_outcome),
                attempts,
                failed.retryability,
                remaining(),
                fastrand::f64(),
            );
            if let Some((ticket, sent_at)) = ticket.as_ref().zip(sent_at) {
                self.report_failure_to_rate_limiter(ticket, sent_at, &failed, decision);
            }
            match decision {
                RetryDecision::Fail => return Err(failed.error),
                RetryDecision::WaitTooLong(wait) => return Err(failed.error.with_excessive_wait(wait)),
                RetryDecision::DeadlineExceeded => {
                    return Err(Error::new_deadline_exceeded(request.operation_name(), Some(failed.error)));
                }
                RetryDecision::Retry(_)
                    if !failed.retryability.is_throttled() && !self.retry_budget.try_take_retry() =>
                {
                    tracing::warn!("not retried: the retry budget of this client is used up by other failures");
                    return Err(failed.error);
                }
                RetryDecision::Retry(delay) => {
                    tracing::warn!(attempts = i64::from(metadata.attempts), ?delay, "will be retried");
                    request.extend_refresh_claim(delay);
                    self.back_off(delay, ticket.as_ref()).await;
                }
            }
            if failed.has_response {
                metadata.request_id = Some(request.next_request_id(metadata.request_id)?);
            }
            last_error = Some(failed.error);
        }
    }

    /// Waits until the limiter admits the request; returns false if that is not before the deadline.
    async fn try_wait_for_turn(&self, ticket: Option<&mut Ticket<'_>>, deadline: Option<Instant>) -> bool {
        let Some(ticket) = ticket else { return true };
        let mut now = ticket.limiter().now();
        loop {
            let remaining = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match ticket.admit(now, remaining) {
                None => return false,
                Some(Duration::ZERO) => return true,
                Some(wait) => {
                    X::Mode::into_future(self.transport.sleep(wait)).await;
                    // The sleep is trusted: those of test transports return immediately.
                    now = ticket.limiter().now().max(now + wait);
                }
            }
        }
    }

    /// Waits before a retry.
    async fn back_off(&self, delay: Duration, ticket: Option<&Ticket<'_>>) {
        let until = ticket.and_then(|ticket| ticket.limiter().now().checked_add(delay));
        X::Mode::into_future(self.transport.sleep(delay)).await;
        if let Some((ticket, until)) = ticket.zip(until) {
            ticket.limiter().slept_until(until);
        }
    }

    /// Tells the limiter of an attempt that has failed. After a 429, all requests wait as long as the retry does, or would; but not
    /// longer than this sender's own policy allows, since a call may have a policy of its own.
    fn report_failure_to_rate_limiter(
        &self,
        ticket: &Ticket<'_>,
        sent_at: Instant,
        failed: &AttemptError,
        decision: RetryDecision,
    ) {
        match failed.retryability {
            Retryability::Throttled { retry_after } => {
                let pause = match decision {
                    RetryDecision::Retry(delay) => delay.min(self.retry_policy.max_wait_before_retry()),
                    _ => self.retry_policy.pause_for_other_calls(retry_after),
                };
                ticket.record_throttled(sent_at, ticket.limiter().now(), pause);
            }
            _ if failed.has_response => ticket.record_accepted(sent_at),
            _ => {}
        }
    }

    /// Performs an attempt, and adds to `metadata` what has come of it.
    async fn perform_attempt<R: RetryableRequest<X>>(
        &self,
        request: &R,
        next: AttemptResponseSource,
        metadata: &mut CallMetadata,
    ) -> Result<(StatusCode, R::Value), AttemptError> {
        let EarlyResponse { sent_at, outcome } = match next {
            AttemptResponseSource::Receive(early_response) => early_response,
            AttemptResponseSource::Send(http_request) => {
                request.extend_refresh_claim(Limits::of(&http_request).timeout);
                let sent_at = Instant::now();
                let outcome = X::Mode::into_future(self.transport.send(http_request)).await;
                EarlyResponse { sent_at, outcome }
            }
        };
        let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
        tracing::debug!(status = status.map(i64::from), elapsed = ?sent_at.elapsed(), "attempted");
        let mut response = match outcome {
            Ok(response) => response,
            Err(error) => {
                (metadata.status, metadata.headers) = (None, HeaderMap::new());
                let may_be_performed = error.may_have_been_sent();
                let outcome = if may_be_performed { WriteOutcome::Unknown } else { WriteOutcome::NotPerformed };
                let failed = AttemptError {
                    retryability: Retryability::from_transport_error(error.kind()),
                    error: Error::from_transport_error(request.operation_name(), error),
                    has_response: false,
                };
                return Err(record_write_outcome(request, failed, outcome, metadata));
            }
        };
        let decoded = if response.status().is_success() && response.body().len() > request.max_response_size() {
            Err(AttemptError {
                retryability: Retryability::Permanent,
                error: Error::from_transport_error(request.operation_name(), TransportError::too_large()),
                has_response: true,
            })
        } else {
            X::Mode::into_future(request.prefetch_before_decoding(&response)).await;
            request.decode_response_value(&mut response)
        };
        let outcome = decoded.as_ref().err().map(|failed| match failed.error.status() {
            // An error response with a success status is the service's own word on the outcome, if it is the service's.
            Some(status) if status.is_success() && has_service_headers(&response) => WriteOutcome::NotPerformed,
            _ => WriteOutcome::from_unusable_response(&response),
        });
        if decoded.is_err() || request.keeps_response_metadata() {
            metadata.status = Some(response.status());
            metadata.headers = std::mem::take(response.headers_mut());
        }
        match decoded {
            Ok(value) => Ok((response.status(), value)),
            Err(failed) => Err(record_write_outcome(request, failed, outcome.unwrap_or_default(), metadata)),
        }
    }

    fn build_http_request_with_limits<R: RetryableRequest<X>>(
        &self,
        request: &R,
        metadata: &CallMetadata,
        remaining: Option<Duration>,
    ) -> Result<Request, Error> {
        let mut http_request = request
            .build_http_request(metadata)
            .map_err(|error| Error::new(ErrorKind::Request, request.operation_name(), error))?;
        let timeout = request.attempt_timeout().unwrap_or(self.limits.timeout);
        let limits = Limits { timeout, body: request.max_response_size() };
        http_request.extensions_mut().insert(limits.with_timeout_at_most(remaining));
        Ok(http_request)
    }
}

/// Adds to the metadata of the call what has come of a write in an attempt that failed with this `outcome`, and to the error what
/// has come of it in all attempts.
fn record_write_outcome<X: Transport, R: RetryableRequest<X>>(
    request: &R,
    failed: AttemptError,
    outcome: WriteOutcome,
    metadata: &mut CallMetadata,
) -> AttemptError {
    if !request.is_write() {
        return failed;
    }
    metadata.write_outcome = metadata.write_outcome.max(outcome);
    // What may be sent again at any time need not be looked for, unless the service has rejected it: "not found" may then be the
    // effect of an earlier attempt.
    let is_rejected_after_another = outcome == WriteOutcome::NotPerformed && metadata.write_outcome > outcome;
    let matters = request.idempotency() != Idempotency::Natural || is_rejected_after_another;
    let error = failed.error.with_write_outcome(matters.then_some(metadata.write_outcome));
    AttemptError { error, ..failed }
}

/// The work of an attempt.
enum AttemptResponseSource {
    Send(Request),
    Receive(EarlyResponse),
}
