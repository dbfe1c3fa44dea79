//! How a call goes, from first attempt to last, in straight-line code for both modes.
//!
//! Invariant: nothing here awaits anything but `Mode::wait`.

use crate::{
    ApiError, Error, ErrorKind, Limits, Mode, Request, Response, Retry, Transport,
    base_url::BaseUrl,
    body::{self, Answer, Malformed},
    call::Call,
    error::Context,
    fault,
    pace::Pace,
    retry::{Attempt, Failure, Verdict, judge},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
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

pub(crate) struct Engine<X> {
    pub(crate) transport: X,
    pub(crate) base_url: BaseUrl,
    /// What every request carries: authorization, accepted types, and what the client says of itself.
    pub(crate) headers: HeaderMap,
    pub(crate) retry: Retry,
    pub(crate) limits: Limits,
    pub(crate) deadline: Option<Duration>,
    pub(crate) pace: Option<Pace>,
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
        self.attempts(call, scope, page).instrument(span).await
    }

    async fn attempts<T: DeserializeOwned>(
        &self,
        call: &Call,
        scope: Scope,
        page: Option<u64>,
    ) -> Result<(Answer<T>, Context), Error> {
        let mut context =
            Context { request_id: Some(Uuid::new_v4()), correlation_id: Some(scope.correlation_id), attempts: 0, page };
        let of_this_call = self.deadline.and_then(|deadline| Instant::now().checked_add(deadline));
        let until = [of_this_call, scope.until].into_iter().flatten().min();
        let remaining = || until.map(|until| until.saturating_duration_since(Instant::now()));
        if remaining().is_some_and(|remaining| remaining.is_zero()) {
            return Err(Error::out_of_time(call.operation, None).within(context));
        }
        loop {
            if let Some(pace) = &self.pace {
                let Some(wait) = pace.wait(Instant::now(), remaining()) else {
                    return Err(Error::out_of_time(call.operation, None).within(context));
                };
                if !wait.is_zero() {
                    X::Mode::wait(self.transport.sleep(wait)).await;
                }
            }
            let request = self.request(call, context, remaining()).map_err(|error| error.within(context))?;
            context.attempts += 1;
            let span = tracing::debug_span!(
                "attempt",
                number = context.attempts,
                request_id = context.request_id.map(tracing::field::display)
            );
            let failed = match self.attempt(call, request).instrument(span).await {
                Ok(answer) => return Ok((answer, context)),
                Err(failed) => failed,
            };
            let idempotent = call.method.is_idempotent();
            match judge(&self.retry, idempotent, context.attempts, failed.failure, remaining(), fastrand::f64()) {
                Verdict::Fail => return Err(failed.error.within(context)),
                Verdict::OutOfTime => {
                    return Err(Error::out_of_time(call.operation, Some(failed.error)).within(context));
                }
                Verdict::Repeat(delay) => {
                    tracing::warn!(attempts = context.attempts, ?delay, "will be repeated");
                    X::Mode::wait(self.transport.sleep(delay)).await;
                }
            }
            if failed.answered {
                context.request_id = Some(Uuid::new_v4());
            }
        }
    }

    /// One request and what comes of it.
    async fn attempt<T: DeserializeOwned>(&self, call: &Call, request: Request) -> Result<Answer<T>, Attempt> {
        let sent = Instant::now();
        let outcome = X::Mode::wait(self.transport.send(request)).await;
        let status = outcome.as_ref().ok().map(|response| response.status().as_u16());
        tracing::debug!(status, elapsed = ?sent.elapsed(), "attempted");
        let response = outcome.map_err(|error| Attempt {
            failure: Failure::of_exchange(error.kind()),
            error: Error::transport(call.operation, error),
            answered: false,
        })?;
        self.read(call, &response)
    }

    fn read<T: DeserializeOwned>(&self, call: &Call, response: &Response) -> Result<Answer<T>, Attempt> {
        if !response.status().is_success() {
            let api = ApiError::read(response, &self.secrets(call));
            return Err(Attempt {
                failure: Failure::of_answer(&api),
                error: Error::service(call.operation, api),
                answered: true,
            });
        }
        if response.body().len() > self.limits.body {
            let error = crate::TransportError::too_large();
            return Err(Attempt {
                failure: Failure::Permanent,
                error: Error::transport(call.operation, error),
                answered: true,
            });
        }
        let failed = |malformed, failure| Attempt {
            failure,
            error: Error::new(ErrorKind::Decode, call.operation, malformed),
            answered: malformed != Malformed::Short,
        };
        match body::decode(response) {
            // Nothing, and when to come back for it.
            Ok(Answer::Empty(status)) if call.method == Method::GET && asks_to_come_back(status, response) => {
                let retry_after = fault::retry_after(response.headers());
                Err(failed(Malformed::NotReady, Failure::Transient { retry_after }))
            }
            Ok(answer) => Ok(answer),
            Err(malformed) => Err(failed(malformed, Failure::of_body(malformed))),
        }
    }

    /// What `call` sends and no one may see: some services tell what they were sent.
    fn secrets<'a>(&'a self, call: &'a Call) -> Vec<&'a str> {
        let values = self.headers.values().chain(call.headers.values()).filter(|value| value.is_sensitive());
        values.filter_map(|value| value.to_str().ok()).map(|value| value.trim_start_matches("Bearer ")).collect()
    }

    fn request(&self, call: &Call, context: Context, remaining: Option<Duration>) -> Result<Request, Error> {
        let build = || -> Result<Request, http::Error> {
            let mut request = Request::new(call.body.clone().unwrap_or_default().into_bytes());
            *request.method_mut() = call.method.clone();
            *request.uri_mut() = self.base_url.join(&call.target)?;
            let headers = request.headers_mut();
            headers.clone_from(&self.headers);
            if call.body.is_some() {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            } else if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
                // Without it some servers refuse a request that might have a body.
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            for (name, id) in [("ms-requestid", context.request_id), ("ms-correlationid", context.correlation_id)] {
                if let Some(id) = id {
                    headers.insert(name, HeaderValue::try_from(id.to_string())?);
                }
            }
            for (name, value) in &call.headers {
                headers.insert(name, value.clone());
            }
            Ok(request)
        };
        let mut request = build().map_err(|error| Error::new(ErrorKind::Request, call.operation, error))?;
        let timeout = remaining.map_or(self.limits.timeout, |remaining| remaining.min(self.limits.timeout));
        request.extensions_mut().insert(Limits { timeout, ..self.limits });
        Ok(request)
    }
}

fn asks_to_come_back(status: StatusCode, response: &Response) -> bool {
    status == StatusCode::ACCEPTED || response.headers().contains_key(header::RETRY_AFTER)
}
