//! Attempts: sends one request, to the service or to the authority, until there is a usable response or the retry
//! policy ends it.
//!
//! This is the only loop that retries. What differs between a call of the service and a request for a token is a
//! [`RetryableRequest`]: how the request is built for each attempt, and what a response to it means.

use super::{rate_limiter::Ticket, retry_budget::RetryBudget};
use crate::{
    Error, ErrorKind, Limits, Mode, Output, Request, Response, RetryPolicy, Transport, TransportError,
    error::{ErrorContext, WriteOutcome},
    retry::{AttemptError, RetryDecision, Retryability, decide_retry},
};
use std::time::{Duration, Instant};
use tracing::Instrument;
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

    fn operation(&self) -> &'static str;
    fn is_idempotent(&self) -> bool;
    /// Returns a ticket of the limiter that such requests wait in, if there is one.
    fn rate_limit_ticket(&self) -> Option<Ticket<'_>>;
    /// Returns the id of the next request, after one that was `answered`.
    fn next_request_id(&self, _answered: Option<Uuid>) -> Result<Uuid, Error> {
        Ok(Uuid::new_v4())
    }
    /// Returns the maximum size of the response in bytes.
    fn max_response_size(&self) -> usize;
    /// Reports that nothing may happen for `duration`, while a response or the next attempt is waited for.
    fn extend_lease(&self, duration: Duration);
    fn build(&self, context: &ErrorContext) -> Result<Request, http::Error>;
    /// Inspects a response before it is decoded.
    fn before_decoding(&self, _response: &Response) -> Output<'_, X, ()> {
        X::Mode::ready(())
    }
    fn decode(&self, response: Response) -> Result<Self::Value, AttemptError>;
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
        context: &mut ErrorContext,
        deadline: Option<Instant>,
        mut early_response: Option<EarlyResponse>,
    ) -> Result<R::Value, Error> {
        let remaining = || deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let previous_attempts = context.attempts;
        let mut last_error = None;
        loop {
            let mut ticket = request.rate_limit_ticket();
            if early_response.is_none() && !self.wait_for_turn(ticket.as_mut(), deadline).await {
                return Err(Error::deadline_exceeded(request.operation(), last_error));
            }
            let next = match early_response.take() {
                Some(early_response) => AttemptStep::Receive(early_response),
                None if remaining().is_some_and(|remaining| remaining.is_zero()) => {
                    return Err(Error::deadline_exceeded(request.operation(), last_error));
                }
                None => AttemptStep::Send(self.build(request, context, remaining())?),
            };
            context.attempts += 1;
            let span = tracing::debug_span!(
                "attempt",
                number = context.attempts,
                request_id = context.request_id.map(tracing::field::display)
            );
            let sent_at = ticket.as_ref().map(|ticket| ticket.limiter().now());
            let outcome = self.perform_attempt(request, next).instrument(span).await;
            let attempts = context.attempts - previous_attempts;
            let failed = match outcome {
                Ok(value) => {
                    self.retry_budget.record_success(attempts > 1);
                    if let Some((ticket, sent_at)) = ticket.zip(sent_at) {
                        ticket.record_accepted(sent_at);
                    }
                    return Ok(value);
                }
                Err(failed) => failed,
            };
            let decision = decide_retry(
                retry_policy,
                request.is_idempotent(),
                attempts,
                failed.retryability,
                remaining(),
                fastrand::f64(),
            );
            if let Some((ticket, sent_at)) = ticket.as_ref().zip(sent_at) {
                record_failure(ticket, sent_at, &failed, decision, retry_policy);
            }
            match decision {
                RetryDecision::Fail => return Err(failed.error),
                RetryDecision::WaitTooLong(wait) => return Err(failed.error.with_excessive_wait(wait)),
                RetryDecision::DeadlineExceeded => {
                    return Err(Error::deadline_exceeded(request.operation(), Some(failed.error)));
                }
                RetryDecision::Retry(_) if !failed.retryability.is_throttled() && !self.retry_budget.try_take() => {
                    tracing::warn!("not retried: the retry budget of this client is used up by other failures");
                    return Err(failed.error);
                }
                RetryDecision::Retry(delay) => {
                    tracing::warn!(attempts = context.attempts, ?delay, "will be retried");
                    request.extend_lease(delay);
                    self.back_off(delay, ticket.as_ref()).await;
                }
            }
            if failed.has_response {
                context.request_id = Some(request.next_request_id(context.request_id)?);
            }
            last_error = Some(failed.error);
        }
    }

    /// Waits until the limiter admits the request; returns false if that is not before the deadline.
    async fn wait_for_turn(&self, ticket: Option<&mut Ticket<'_>>, deadline: Option<Instant>) -> bool {
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

    /// Adds the limits to `request`, with a timeout that is no longer than what remains until the deadline.
    pub(crate) fn with_size_and_timeout_limits(
        &self,
        mut request: Request,
        max_response_size: usize,
        remaining: Option<Duration>,
    ) -> Request {
        let timeout = remaining.map_or(self.limits.timeout, |remaining| remaining.min(self.limits.timeout));
        request.extensions_mut().insert(Limits { timeout, body: max_response_size });
        request
    }

    async fn perform_attempt<R: RetryableRequest<X>>(
        &self,
        request: &R,
        next: AttemptStep,
    ) -> Result<R::Value, AttemptError> {
        let EarlyResponse { sent_at, outcome } = match next {
            AttemptStep::Receive(early_response) => early_response,
            AttemptStep::Send(http_request) => {
                request.extend_lease(Limits::of(&http_request).timeout);
                let sent_at = Instant::now();
                let outcome = X::Mode::into_future(self.transport.send(http_request)).await;
                EarlyResponse { sent_at, outcome }
            }
        };
        let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
        tracing::debug!(status, elapsed = ?sent_at.elapsed(), "attempted");
        let is_write = !request.is_idempotent();
        let response = outcome.map_err(|error| AttemptError {
            retryability: Retryability::from_transport_error(error.kind()),
            error: {
                let write_outcome = (is_write && error.may_have_been_sent()).then_some(WriteOutcome::Unknown);
                Error::from_transport_error(request.operation(), error).with_write_outcome(write_outcome)
            },
            has_response: false,
        })?;
        let write_outcome = WriteOutcome::from_unusable_response(&response).filter(|_| is_write);
        let with_outcome = |failed: AttemptError| AttemptError {
            // An error response with a success status is the service's own word on the outcome.
            error: match failed.error.status() {
                Some(status) if status.is_success() => failed.error,
                _ => failed.error.with_write_outcome(write_outcome),
            },
            ..failed
        };
        if response.status().is_success() && response.body().len() > request.max_response_size() {
            return Err(with_outcome(AttemptError {
                retryability: Retryability::Permanent,
                error: Error::from_transport_error(request.operation(), TransportError::too_large()),
                has_response: true,
            }));
        }
        X::Mode::into_future(request.before_decoding(&response)).await;
        request.decode(response).map_err(with_outcome)
    }

    fn build<R: RetryableRequest<X>>(
        &self,
        request: &R,
        context: &ErrorContext,
        remaining: Option<Duration>,
    ) -> Result<Request, Error> {
        let http_request =
            request.build(context).map_err(|error| Error::new(ErrorKind::Request, request.operation(), error))?;
        Ok(self.with_size_and_timeout_limits(http_request, request.max_response_size(), remaining))
    }
}

/// Tells the limiter of an attempt that has failed. After a 429, all requests wait as long as the retry does, or would.
fn record_failure(
    ticket: &Ticket<'_>,
    sent_at: Instant,
    failed: &AttemptError,
    decision: RetryDecision,
    retry_policy: &RetryPolicy,
) {
    match failed.retryability {
        Retryability::Throttled { retry_after } => {
            let pause = match decision {
                RetryDecision::Retry(delay) => delay,
                _ => retry_policy.pause_of_others(retry_after),
            };
            ticket.record_throttled(sent_at, ticket.limiter().now(), pause);
        }
        _ if failed.has_response => ticket.record_accepted(sent_at),
        _ => {}
    }
}

/// The work of an attempt.
enum AttemptStep {
    Send(Request),
    Receive(EarlyResponse),
}
