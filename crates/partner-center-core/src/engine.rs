//! How a call goes, from first attempt to last, in straight-line code for both modes.
//!
//! Invariant: nothing here awaits anything but `Mode::into_future`.

mod authorization;
mod service_call;

pub(crate) use authorization::{Authorization, Origin, Renewal};

use crate::{
    Error, ErrorKind, Limits, Mode, Output, Request, Response, RetryPolicy, Transport, TransportError,
    base_url::BaseUrl,
    body::ResponseBody,
    error::ErrorContext,
    pagination::{InFlight, PrefetchedPage, Prefetcher},
    rate_limit::RateLimit,
    request::PreparedRequest,
    retry::{AttemptError, RetryDecision, Retryability, decide},
};
use http::{HeaderMap, StatusCode};
use partner_center_models::Replacement;
use serde::de::DeserializeOwned;
use service_call::ServiceCall;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::Instrument;
use uuid::Uuid;

/// What the calls of one piece of work have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) correlation_id: Uuid,
    /// When the work must be done, however many calls it takes.
    pub(crate) until: Option<Instant>,
}

pub(crate) struct Engine<X: Transport> {
    pub(crate) transport: X,
    pub(crate) base_url: BaseUrl,
    pub(crate) authorization: Authorization<X::Mode>,
    /// What every request to the service carries: accepted types, and what the client says of itself.
    pub(crate) headers: HeaderMap,
    pub(crate) retry: RetryPolicy,
    pub(crate) limits: Limits,
    pub(crate) deadline: Option<Duration>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// Hears of what had to be replaced in the responses of the service.
    pub(crate) on_replacement: Option<Box<OnReplacement>>,
}

pub(crate) type OnReplacement = dyn Fn(&Replacement) + Send + Sync;

/// A request that may be sent any number of times, and what an answer to it means.
trait Exchange<X: Transport>: Sync {
    type Value;

    fn operation(&self) -> &'static str;
    fn is_idempotent(&self) -> bool;
    /// What spreads such requests over time.
    fn rate_limit(&self) -> Option<&RateLimit>;
    /// How many bytes the answer may have.
    fn max_response_size(&self) -> usize;
    /// Hears that nothing more may come for so long.
    fn will_be_silent(&self, time: Duration);
    fn request(&self, context: &ErrorContext) -> Result<Request, http::Error>;
    /// Sees an answer before it is read.
    fn received(&self, _response: &Response) -> Output<'_, X, ()> {
        X::Mode::ready(())
    }
    fn read(&self, response: Response) -> Result<Self::Value, AttemptError>;
}

/// A call, and its place in a listing if it has one.
pub(crate) struct Task<'a, X: Transport> {
    pub(crate) call: &'a PreparedRequest,
    /// The number of the page, counted from 1.
    pub(crate) page: Option<u64>,
    /// The first request of the call, if it is on its way.
    pub(crate) prefetched_page: Option<PrefetchedPage<X>>,
    /// How to give the call after this one a head start.
    pub(crate) prefetcher: Option<&'a Prefetcher<X::Mode>>,
}

impl<'a, X: Transport> Task<'a, X> {
    /// A call by itself.
    pub(crate) fn of(call: &'a PreparedRequest) -> Self {
        Self { call, page: None, prefetched_page: None, prefetcher: None }
    }
}

/// What came of a call.
pub(crate) struct Performed<X: Transport, T> {
    pub(crate) answer: ResponseBody<T>,
    pub(crate) context: ErrorContext,
    pub(crate) next: Option<PrefetchedPage<X>>,
}

impl<X: Transport> Engine<X> {
    /// Performs a call: send, decide, and again if there is hope.
    pub(crate) async fn perform<T: DeserializeOwned>(
        self: &Arc<Self>,
        task: Task<'_, X>,
        scope: Scope,
    ) -> Result<Performed<X, T>, Error> {
        let Task { call, page, prefetched_page, prefetcher } = task;
        let span =
            tracing::info_span!("call", operation = call.operation, correlation_id = %scope.correlation_id, page);
        let mut context = ErrorContext { correlation_id: Some(scope.correlation_id), page, ..ErrorContext::default() };
        let plan = Plan { call, is_page: page.is_some(), scope, prefetcher };
        match self.authorized(&plan, prefetched_page, &mut context).instrument(span).await {
            Ok((answer, next)) => Ok(Performed { answer, context, next }),
            Err(error) => Err(error.within(context)),
        }
    }

    /// Gets a token, and says how long it lives.
    pub(crate) async fn authenticate(&self, scope: Scope) -> Result<Option<Duration>, Error> {
        const OPERATION: &str = "authenticate";
        let span = tracing::info_span!("call", operation = OPERATION, correlation_id = %scope.correlation_id);
        let mut context = ErrorContext { correlation_id: Some(scope.correlation_id), ..ErrorContext::default() };
        let token = self.token(OPERATION, &mut context, self.until(scope), None).instrument(span).await;
        Ok(token.map_err(|error| error.within(context))?.remaining(Instant::now()))
    }

    /// Reports that something in a response could not be kept.
    fn report(&self, replacement: &Replacement) {
        tracing::warn!(id = replacement.id, path = replacement.path, "{}", replacement.kind);
        if let Some(on_replacement) = &self.on_replacement {
            on_replacement(replacement);
        }
    }

    /// When a call that begins now must be done.
    pub(crate) fn until(&self, scope: Scope) -> Option<Instant> {
        let of_this_call = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        [of_this_call, scope.until].into_iter().flatten().min()
    }

    /// Performs `call` with the token there is, and once more with another one if that is refused.
    async fn authorized<T: DeserializeOwned>(
        self: &Arc<Self>,
        plan: &Plan<'_, X::Mode>,
        prefetched_page: Option<PrefetchedPage<X>>,
        context: &mut ErrorContext,
    ) -> Result<(ResponseBody<T>, Option<PrefetchedPage<X>>), Error> {
        let (call, until) = (plan.call, self.until(plan.scope));
        if until.is_some_and(|until| until <= Instant::now()) {
            return Err(Error::deadline_exceeded(call.operation, None));
        }
        let (token, request_id, sent) =
            if let Some(PrefetchedPage { token, request_id, in_flight, .. }) = prefetched_page {
                (token, request_id, Some(in_flight))
            } else {
                (self.token(call.operation, context, until, None).await?, Uuid::new_v4(), None)
            };
        context.request_id = Some(request_id);
        let service_call = ServiceCall::new(self, plan, &token);
        let refusal = match self.attempts(&service_call, &self.retry, context, until, sent).await {
            Err(error) if is_refused_token(&error) => error,
            outcome => return outcome.map(|answer| (answer, service_call.into_next())),
        };
        let replacement = self.token(call.operation, context, until, Some(token.clone())).await?;
        if replacement.authorization == token.authorization {
            // There is no other.
            return Err(refusal);
        }
        tracing::info!("the token was refused, and is replaced");
        context.request_id = Some(Uuid::new_v4());
        let service_call = ServiceCall::new(self, plan, &replacement);
        let answer = self.attempts(&service_call, &self.retry, context, until, None).await?;
        Ok((answer, service_call.into_next()))
    }

    /// Sends what `exchange` asks for until there is an answer, or no hope of one.
    ///
    /// The first request may have been `sent` already.
    async fn attempts<E: Exchange<X>>(
        &self,
        exchange: &E,
        retry: &RetryPolicy,
        context: &mut ErrorContext,
        until: Option<Instant>,
        sent: Option<InFlight<X>>,
    ) -> Result<E::Value, Error> {
        let remaining = || until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut early = None;
        if let Some(sent) = sent {
            early = sent.response().await;
            if early.is_none() {
                // It was sent all the same, and has perhaps used a token up.
                context.attempts += 1;
            }
        }
        let before = context.attempts;
        loop {
            if early.is_none()
                && let Some(rate_limit) = exchange.rate_limit()
            {
                let Some(wait) = rate_limit.wait(Instant::now(), remaining()) else {
                    return Err(Error::deadline_exceeded(exchange.operation(), None));
                };
                if !wait.is_zero() {
                    X::Mode::into_future(self.transport.sleep(wait)).await;
                }
            }
            let outgoing = match early.take() {
                Some((sent, answer)) => Outgoing::Answered(sent, answer),
                None => Outgoing::Request(self.request(exchange, context, remaining())?),
            };
            context.attempts += 1;
            let span = tracing::debug_span!(
                "attempt",
                number = context.attempts,
                request_id = context.request_id.map(tracing::field::display)
            );
            let failed = match self.attempt(exchange, outgoing).instrument(span).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            let attempts = context.attempts - before;
            match decide(retry, exchange.is_idempotent(), attempts, failed.retryability, remaining(), fastrand::f64()) {
                RetryDecision::Fail => return Err(failed.error),
                RetryDecision::WaitTooLong(wait) => return Err(failed.error.with_excessive_wait(wait)),
                RetryDecision::DeadlineExceeded => {
                    return Err(Error::deadline_exceeded(exchange.operation(), Some(failed.error)));
                }
                RetryDecision::Retry(delay) => {
                    tracing::warn!(attempts = context.attempts, ?delay, "will be repeated");
                    exchange.will_be_silent(delay);
                    X::Mode::into_future(self.transport.sleep(delay)).await;
                }
            }
            if failed.has_response {
                context.request_id = Some(Uuid::new_v4());
            }
        }
    }

    /// One request and what comes of it.
    async fn attempt<E: Exchange<X>>(&self, exchange: &E, outgoing: Outgoing) -> Result<E::Value, AttemptError> {
        let (sent, outcome) = match outgoing {
            Outgoing::Answered(sent, outcome) => (sent, outcome),
            Outgoing::Request(request) => {
                exchange.will_be_silent(Limits::of(&request).timeout);
                let sent = Instant::now();
                (sent, X::Mode::into_future(self.transport.send(request)).await)
            }
        };
        let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
        tracing::debug!(status, elapsed = ?sent.elapsed(), "attempted");
        let response = outcome.map_err(|error| AttemptError {
            retryability: Retryability::of_transport_error(error.kind()),
            error: Error::transport(exchange.operation(), error),
            has_response: false,
        })?;
        if response.status().is_success() && response.body().len() > exchange.max_response_size() {
            return Err(AttemptError {
                retryability: Retryability::Permanent,
                error: Error::transport(exchange.operation(), TransportError::too_large()),
                has_response: true,
            });
        }
        X::Mode::into_future(exchange.received(&response)).await;
        exchange.read(response)
    }

    fn request<E: Exchange<X>>(
        &self,
        exchange: &E,
        context: &ErrorContext,
        remaining: Option<Duration>,
    ) -> Result<Request, Error> {
        let request =
            exchange.request(context).map_err(|error| Error::new(ErrorKind::Request, exchange.operation(), error))?;
        Ok(self.limited(request, exchange.max_response_size(), remaining))
    }

    pub(crate) fn limited(&self, mut request: Request, body: usize, remaining: Option<Duration>) -> Request {
        let timeout = remaining.map_or(self.limits.timeout, |remaining| remaining.min(self.limits.timeout));
        request.extensions_mut().insert(Limits { timeout, body });
        request
    }
}

/// What a call is made of, whichever token it is made with.
struct Plan<'a, M: Mode> {
    call: &'a PreparedRequest,
    /// Whether it is for one page of a list, so that more pages may follow.
    is_page: bool,
    scope: Scope,
    prefetcher: Option<&'a Prefetcher<M>>,
}

/// A request to be sent, or what came of one that was, and when it was.
enum Outgoing {
    Request(Request),
    Answered(Instant, Result<Response, TransportError>),
}

/// Whether another token might do. One for an audience that is gone is followed by another such.
fn is_refused_token(error: &Error) -> bool {
    error.kind() == ErrorKind::Service
        && error.status() == Some(StatusCode::UNAUTHORIZED)
        && !error.is_unsupported_audience()
}
