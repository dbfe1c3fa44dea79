//! How a call goes, from first attempt to last, in straight-line code for both modes.
//!
//! Invariant: nothing here awaits anything but `Mode::wait`.

mod authorization;
mod service_call;

pub(crate) use authorization::{Authorization, Origin, Renewal};

use crate::{
    Error, ErrorKind, Limits, Mode, Request, Response, Retry, Transport,
    base_url::BaseUrl,
    body::Answer,
    call::Call,
    error::Context,
    pace::Pace,
    retry::{Attempt, Failure, Verdict, judge},
};
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use service_call::ServiceCall;
use std::time::{Duration, Instant};
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
    pub(crate) retry: Retry,
    pub(crate) limits: Limits,
    pub(crate) deadline: Option<Duration>,
    pub(crate) pace: Option<Pace>,
}

/// A request that may be sent any number of times, and what an answer to it means.
trait Exchange: Sync {
    type Value;

    fn operation(&self) -> &'static str;
    fn is_idempotent(&self) -> bool;
    /// What spreads such requests over time.
    fn pace(&self) -> Option<&Pace>;
    /// How many bytes the answer may have.
    fn body_limit(&self) -> usize;
    /// Hears that nothing more may come for so long.
    fn will_be_silent(&self, time: Duration);
    fn request(&self, context: &Context) -> Result<Request, http::Error>;
    fn read(&self, response: Response) -> Result<Self::Value, Attempt>;
}

impl<X: Transport> Engine<X> {
    /// Performs `call`: send, judge, and again if there is hope.
    pub(crate) async fn perform<T: DeserializeOwned>(
        &self,
        call: &Call,
        scope: Scope,
        page: Option<u64>,
    ) -> Result<(Answer<T>, Context), Error> {
        let span =
            tracing::info_span!("call", operation = call.operation, correlation_id = %scope.correlation_id, page);
        let mut context = Context { correlation_id: Some(scope.correlation_id), page, ..Context::default() };
        match self.authorized(call, scope, &mut context).instrument(span).await {
            Ok(answer) => Ok((answer, context)),
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

    /// When a call that begins now must be done.
    fn until(&self, scope: Scope) -> Option<Instant> {
        let of_this_call = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        [of_this_call, scope.until].into_iter().flatten().min()
    }

    /// Performs `call` with the token there is, and once more with another one if that is refused.
    async fn authorized<T: DeserializeOwned>(
        &self,
        call: &Call,
        scope: Scope,
        context: &mut Context,
    ) -> Result<Answer<T>, Error> {
        let until = self.until(scope);
        if until.is_some_and(|until| until <= Instant::now()) {
            return Err(Error::out_of_time(call.operation, None));
        }
        let token = self.token(call.operation, context, until, None).await?;
        context.request_id = Some(Uuid::new_v4());
        let refusal = match self.attempts(&ServiceCall::new(self, call, &token), &self.retry, context, until).await {
            Err(error) if is_refused_token(&error) => error,
            outcome => return outcome,
        };
        let replacement = self.token(call.operation, context, until, Some(token.clone())).await?;
        if replacement.authorization == token.authorization {
            // There is no other.
            return Err(refusal);
        }
        tracing::info!("the token was refused, and is replaced");
        context.request_id = Some(Uuid::new_v4());
        self.attempts(&ServiceCall::new(self, call, &replacement), &self.retry, context, until).await
    }

    /// Sends what `exchange` asks for until there is an answer, or no hope of one.
    async fn attempts<E: Exchange>(
        &self,
        exchange: &E,
        retry: &Retry,
        context: &mut Context,
        until: Option<Instant>,
    ) -> Result<E::Value, Error> {
        let remaining = || until.map(|until| until.saturating_duration_since(Instant::now()));
        let before = context.attempts;
        loop {
            if let Some(pace) = exchange.pace() {
                let Some(wait) = pace.wait(Instant::now(), remaining()) else {
                    return Err(Error::out_of_time(exchange.operation(), None));
                };
                if !wait.is_zero() {
                    X::Mode::wait(self.transport.sleep(wait)).await;
                }
            }
            let request = self.request(exchange, context, remaining())?;
            context.attempts += 1;
            exchange.will_be_silent(Limits::of(&request).timeout);
            let span = tracing::debug_span!(
                "attempt",
                number = context.attempts,
                request_id = context.request_id.map(tracing::field::display)
            );
            let failed = match self.attempt(exchange, request).instrument(span).await {
                Ok(value) => return Ok(value),
                Err(failed) => failed,
            };
            let attempts = context.attempts - before;
            match judge(retry, exchange.is_idempotent(), attempts, failed.failure, remaining(), fastrand::f64()) {
                Verdict::Fail => return Err(failed.error),
                Verdict::OutOfTime => return Err(Error::out_of_time(exchange.operation(), Some(failed.error))),
                Verdict::Repeat(delay) => {
                    tracing::warn!(attempts = context.attempts, ?delay, "will be repeated");
                    exchange.will_be_silent(delay);
                    X::Mode::wait(self.transport.sleep(delay)).await;
                }
            }
            if failed.answered {
                context.request_id = Some(Uuid::new_v4());
            }
        }
    }

    /// One request and what comes of it.
    async fn attempt<E: Exchange>(&self, exchange: &E, request: Request) -> Result<E::Value, Attempt> {
        let sent = Instant::now();
        let outcome = X::Mode::wait(self.transport.send(request)).await;
        let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
        tracing::debug!(status, elapsed = ?sent.elapsed(), "attempted");
        let response = outcome.map_err(|error| Attempt {
            failure: Failure::of_exchange(error.kind()),
            error: Error::transport(exchange.operation(), error),
            answered: false,
        })?;
        if response.status().is_success() && response.body().len() > exchange.body_limit() {
            return Err(Attempt {
                failure: Failure::Permanent,
                error: Error::transport(exchange.operation(), crate::TransportError::too_large()),
                answered: true,
            });
        }
        exchange.read(response)
    }

    fn request<E: Exchange>(
        &self,
        exchange: &E,
        context: &Context,
        remaining: Option<Duration>,
    ) -> Result<Request, Error> {
        let mut request =
            exchange.request(context).map_err(|error| Error::new(ErrorKind::Request, exchange.operation(), error))?;
        let timeout = remaining.map_or(self.limits.timeout, |remaining| remaining.min(self.limits.timeout));
        request.extensions_mut().insert(Limits { timeout, body: exchange.body_limit() });
        Ok(request)
    }
}

/// Whether another token might do. One for an audience that is gone is followed by another such.
fn is_refused_token(error: &Error) -> bool {
    error.kind() == ErrorKind::Service
        && error.status() == Some(StatusCode::UNAUTHORIZED)
        && !error.is_audience_retired()
}
