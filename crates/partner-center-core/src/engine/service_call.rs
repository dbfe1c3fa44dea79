use super::{Engine, Exchange, HeadStart, Plan, rate_limiter::RateLimit};
use crate::{
    Error, ErrorKind, Mode, Output, Request, Response, ServiceError, Transport,
    auth::Held,
    body::{self, Answer, Malformed},
    call::Call,
    error::Context,
    next_page::UnexpectedNextPage,
    retry::{Attempt, Failure},
    service_error,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use std::{
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("ms-requestid");
const CORRELATION_ID: HeaderName = HeaderName::from_static("ms-correlationid");

/// A call of the service, with the token that it is made with.
pub(super) struct ServiceCall<'a, X: Transport, T> {
    engine: &'a Arc<Engine<X>>,
    plan: &'a Plan<'a, X::Mode>,
    token: &'a Held,
    /// The call after this one, if it has begun.
    next: Mutex<Option<HeadStart<X>>>,
    value: PhantomData<fn() -> T>,
}

impl<'a, X: Transport, T> ServiceCall<'a, X, T> {
    pub(super) fn new(engine: &'a Arc<Engine<X>>, plan: &'a Plan<'a, X::Mode>, token: &'a Held) -> Self {
        Self { engine, plan, token, next: Mutex::new(None), value: PhantomData }
    }

    /// The call after this one, if it has begun.
    pub(super) fn into_next(self) -> Option<HeadStart<X>> {
        self.next.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> MutexGuard<'_, Option<HeadStart<X>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sign that a response which is not a page has a next page. A type without a size, such as `NoContent`, keeps nothing
    /// of a response, and so cannot miss any of it.
    fn unexpected_next_page(&self, response: &Response) -> Option<UnexpectedNextPage> {
        if self.plan.is_page || size_of::<T>() == 0 {
            return None;
        }
        UnexpectedNextPage::find(self.plan.call.operation, &body::text(response).ok()?)
    }

    /// What is sent and no one may see: some services tell what they were sent.
    fn secrets(&self) -> Vec<&str> {
        let values =
            self.plan.call.headers.values().filter(|value| value.is_sensitive()).chain([&self.token.authorization]);
        values.filter_map(|value| value.to_str().ok()).map(|value| value.trim_start_matches("Bearer ")).collect()
    }
}

impl<X: Transport, T: DeserializeOwned> Exchange<X> for ServiceCall<'_, X, T> {
    type Value = Answer<T>;

    fn operation(&self) -> &'static str {
        self.plan.call.operation
    }

    fn is_idempotent(&self) -> bool {
        self.plan.call.method.is_idempotent()
    }

    fn rate_limit(&self) -> Option<&RateLimit> {
        self.engine.rate_limit.as_ref()
    }

    fn max_response_size(&self) -> usize {
        self.engine.limits.body
    }

    fn will_be_silent(&self, _: Duration) {}

    fn request(&self, context: &Context) -> Result<Request, http::Error> {
        self.engine.request_of(self.plan.call, self.token, context)
    }

    fn received(&self, response: &Response) -> Output<'_, X, ()> {
        let Some(lookahead) = self.plan.lookahead.filter(|_| response.status().is_success()) else {
            return X::Mode::ready(());
        };
        let next = lookahead.next(response.body(), &self.engine.base_url);
        let has_begun = |next: &Call| self.next().as_ref().is_some_and(|begun| begun.call == *next);
        match next.filter(|next| next != self.plan.call && !has_begun(next)) {
            None => X::Mode::ready(()),
            Some(next) => X::Mode::block_or_box(async move {
                let begun = HeadStart::begin(next, lookahead, self.engine, self.plan.scope).await;
                *self.next() = begun;
            }),
        }
    }

    fn read(&self, response: Response) -> Result<Answer<T>, Attempt> {
        let call = self.plan.call;
        let rejected = |api| Attempt {
            failure: Failure::of_answer(&api),
            error: Error::service(call.operation, api),
            answered: true,
        };
        if !response.status().is_success() {
            return Err(rejected(ServiceError::read(&response, &self.secrets())));
        }
        let failed = |malformed, failure| Attempt {
            failure,
            error: Error::new(ErrorKind::Decode, call.operation, malformed),
            answered: malformed != Malformed::Short,
        };
        match body::decode(&response, |replacement| self.engine.report(replacement)) {
            // Nothing, and when to come back for it.
            Ok(Answer::Empty(status)) if call.method == Method::GET && asks_to_come_back(status, &response) => {
                let retry_after = service_error::retry_after_header(response.headers());
                Err(failed(Malformed::NotReady, Failure::Transient { retry_after }))
            }
            Ok(answer) => match self.unexpected_next_page(&response) {
                None => Ok(answer),
                Some(found) => Err(Attempt {
                    failure: Failure::Permanent,
                    error: Error::new(ErrorKind::Paging, call.operation, found),
                    answered: true,
                }),
            },
            Err(malformed) => Err(match ServiceError::read_under_success(&response, &self.secrets()) {
                Some(api) => rejected(api),
                None => failed(malformed, Failure::of_body(malformed)),
            }),
        }
    }
}

fn asks_to_come_back(status: StatusCode, response: &Response) -> bool {
    status == StatusCode::ACCEPTED || response.headers().contains_key(header::RETRY_AFTER)
}

impl<X: Transport> Engine<X> {
    /// The request that `call` is made with.
    pub(super) fn request_of(&self, call: &Call, token: &Held, context: &Context) -> Result<Request, http::Error> {
        let mut request = Request::new(call.body.clone().unwrap_or_default().into_bytes());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = self.base_url.join(&call.target)?;
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(header::AUTHORIZATION, token.authorization.clone());
        if call.body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        } else if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
            // Without it some servers refuse a request that might have a body.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        for (name, id) in [(REQUEST_ID, context.request_id), (CORRELATION_ID, context.correlation_id)] {
            if let Some(id) = id {
                let mut text = Uuid::encode_buffer();
                headers.insert(name, HeaderValue::from_str(id.hyphenated().encode_lower(&mut text))?);
            }
        }
        for (name, value) in &call.headers {
            headers.insert(name, value.clone());
        }
        Ok(request)
    }
}
