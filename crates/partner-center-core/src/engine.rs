//! How a call goes, from first attempt to last, in straight-line code for both modes.
//!
//! Invariant: nothing here awaits anything but `Mode::into_future`.

mod head_start;
pub(crate) mod rate_limiter;
mod service_call;

pub(crate) use head_start::{HeadStart, Lookahead};

use crate::{
    Error, ErrorKind, Limits, Mode, Output, Request, Response, RetryPolicy, Transport, TransportError,
    auth::Authorization,
    base_url::BaseUrl,
    body::Answer,
    call::Call,
    error::Context,
    retry::{Attempt, Failure, Verdict, judge},
};
use http::{HeaderMap, StatusCode};
use partner_center_models::Replacement;
use rate_limiter::RateLimit;
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
pub(crate) trait Exchange<X: Transport>: Sync {
    type Value;

    fn operation(&self) -> &'static str;
    fn is_idempotent(&self) -> bool;
    /// What spreads such requests over time.
    fn rate_limit(&self) -> Option<&RateLimit>;
    /// How many bytes the answer may have.
    fn max_response_size(&self) -> usize;
    /// Hears that nothing more may come for so long.
    fn will_be_silent(&self, time: Duration);
    fn request(&self, context: &Context) -> Result<Request, http::Error>;
    /// Sees an answer before it is read.
    fn received(&self, _response: &Response) -> Output<'_, X, ()> {
        X::Mode::ready(())
    }
    fn read(&self, response: Response) -> Result<Self::Value, Attempt>;
}

/// A call, and its place in a listing if it has one.
pub(crate) struct Task<'a, X: Transport> {
    pub(crate) call: &'a Call,
    /// The number of the page, counted from 1.
    pub(crate) page: Option<u64>,
    /// The first request of the call, if it is on its way.
    pub(crate) head_start: Option<HeadStart<X>>,
    /// How to give the call after this one a head start.
    pub(crate) lookahead: Option<&'a Lookahead<X::Mode>>,
}

impl<'a, X: Transport> Task<'a, X> {
    /// A call by itself.
    pub(crate) fn of(call: &'a Call) -> Self {
        Self { call, page: None, head_start: None, lookahead: None }
    }
}

/// What came of a call.
pub(crate) struct Performed<X: Transport, T> {
    pub(crate) answer: Answer<T>,
    pub(crate) context: Context,
    pub(crate) next: Option<HeadStart<X>>,
}

impl<X: Transport> Engine<X> {
    /// Performs a call: send, judge, and again if there is hope.
    pub(crate) async fn perform<T: DeserializeOwned>(
        self: &Arc<Self>,
        task: Task<'_, X>,
        scope: Scope,
    ) -> Result<Performed<X, T>, Error> {
        let Task { call, page, head_start, lookahead } = task;
        let span =
            tracing::info_span!("call", operation = call.operation, correlation_id = %scope.correlation_id, page);
        let mut context = Context { correlation_id: Some(scope.correlation_id), page, ..Context::default() };
        let plan = Plan { call, is_page: page.is_some(), scope, lookahead };
        match self.authorized(&plan, head_start, &mut context).instrument(span).await {
            Ok((answer, next)) => Ok(Performed { answer, context, next }),
            Err(error) => Err(error.within(context)),
        }
    }

    /// Gets a token, and says how long it lives.
    pub(crate) async fn authenticate(&self, scope: Scope) -> Result<Option<Duration>, Error> {
        const OPERATION: &str = "authenticate";
        let span = tracing::info_span!("call", operation = OPERATION, correlation_id = %scope.correlation_id);
        let mut context = Context { correlation_id: Some(scope.correlation_id), ..Context::default() };
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
    fn until(&self, scope: Scope) -> Option<Instant> {
        let of_this_call = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        [of_this_call, scope.until].into_iter().flatten().min()
    }

    /// Performs `call` with the token there is, and once more with another one if that is refused.
    async fn authorized<T: DeserializeOwned>(
        self: &Arc<Self>,
        plan: &Plan<'_, X::Mode>,
        head_start: Option<HeadStart<X>>,
        context: &mut Context,
    ) -> Result<(Answer<T>, Option<HeadStart<X>>), Error> {
        let (call, until) = (plan.call, self.until(plan.scope));
        if until.is_some_and(|until| until <= Instant::now()) {
            return Err(Error::out_of_time(call.operation, None));
        }
        let (token, request_id, early) = if let Some(HeadStart { token, request_id, sent, .. }) = head_start {
            let early = sent.answer().await;
            if early.is_none() {
                // It was sent all the same, and has perhaps used a token up.
                context.attempts += 1;
            }
            (token, request_id, early)
        } else {
            (self.token(call.operation, context, until, None).await?, Uuid::new_v4(), None)
        };
        context.request_id = Some(request_id);
        let service_call = ServiceCall::new(self, plan, &token);
        let refusal = match self.attempts(&service_call, &self.retry, context, until, early).await {
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
    /// What came of the first request is given if that was sent before.
    pub(crate) async fn attempts<E: Exchange<X>>(
        &self,
        exchange: &E,
        retry: &RetryPolicy,
        context: &mut Context,
        until: Option<Instant>,
        mut early: Option<(Instant, Result<Response, TransportError>)>,
    ) -> Result<E::Value, Error> {
        let remaining = || until.map(|until| until.saturating_duration_since(Instant::now()));
        let before = context.attempts;
        loop {
            if early.is_none()
                && let Some(rate_limit) = exchange.rate_limit()
            {
                let Some(wait) = rate_limit.wait(Instant::now(), remaining()) else {
                    return Err(Error::out_of_time(exchange.operation(), None));
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
            match judge(retry, exchange.is_idempotent(), attempts, failed.failure, remaining(), fastrand::f64()) {
                Verdict::Fail => return Err(failed.error),
                Verdict::WaitTooLong(wait) => return Err(failed.error.refusing_wait(wait)),
                Verdict::OutOfTime => return Err(Error::out_of_time(exchange.operation(), Some(failed.error))),
                Verdict::Repeat(delay) => {
                    tracing::warn!(attempts = context.attempts, ?delay, "will be repeated");
                    exchange.will_be_silent(delay);
                    X::Mode::into_future(self.transport.sleep(delay)).await;
                }
            }
            if failed.answered {
                context.request_id = Some(Uuid::new_v4());
            }
        }
    }

    /// One request and what comes of it.
    async fn attempt<E: Exchange<X>>(&self, exchange: &E, outgoing: Outgoing) -> Result<E::Value, Attempt> {
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
        let response = outcome.map_err(|error| Attempt {
            failure: Failure::of_exchange(error.kind()),
            error: Error::transport(exchange.operation(), error),
            answered: false,
        })?;
        if response.status().is_success() && response.body().len() > exchange.max_response_size() {
            return Err(Attempt {
                failure: Failure::Permanent,
                error: Error::transport(exchange.operation(), TransportError::too_large()),
                answered: true,
            });
        }
        X::Mode::into_future(exchange.received(&response)).await;
        exchange.read(response)
    }

    fn request<E: Exchange<X>>(
        &self,
        exchange: &E,
        context: &Context,
        remaining: Option<Duration>,
    ) -> Result<Request, Error> {
        let request =
            exchange.request(context).map_err(|error| Error::new(ErrorKind::Request, exchange.operation(), error))?;
        Ok(self.limited(request, exchange.max_response_size(), remaining))
    }

    fn limited(&self, mut request: Request, body: usize, remaining: Option<Duration>) -> Request {
        let timeout = remaining.map_or(self.limits.timeout, |remaining| remaining.min(self.limits.timeout));
        request.extensions_mut().insert(Limits { timeout, body });
        request
    }
}

/// What a call is made of, whichever token it is made with.
struct Plan<'a, M: Mode> {
    call: &'a Call,
    /// Whether it is for one page of a list, so that more pages may follow.
    is_page: bool,
    scope: Scope,
    lookahead: Option<&'a Lookahead<M>>,
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
