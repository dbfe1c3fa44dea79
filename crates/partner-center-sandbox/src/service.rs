//! How the service answers: a function of the request and its number, without memory.

use crate::{fault::Fault, listing, population::Population, random::Random};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use partner_center_core::{Request, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::sync::atomic::AtomicBool;
use uuid::Uuid;

pub(crate) struct Service {
    pub(crate) customers: Population,
    /// The one access token that is accepted.
    pub(crate) token: String,
}

impl Service {
    /// The answer to the `number`th request. Once nobody waits for it any more, it is `given_up`, and is then any.
    pub(crate) fn answer(&self, request: &Request, number: u64, given_up: &AtomicBool) -> Response {
        let resource = self.authorize(request.headers()).and_then(|()| self.resource(request, given_up));
        let (status, body) = match &resource {
            Ok(resource) => (StatusCode::OK, resource.to_string()),
            Err(fault) => (fault.status(), fault.body().to_string()),
        };
        let mut response = Response::new(body.into_bytes());
        *response.status_mut() = status;
        let mut headers = self.context(request.headers(), number);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        headers.insert(CONTENT_LENGTH, response.body().len().into());
        match resource {
            Err(Fault::AccessDenied) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
            }
            Err(Fault::MethodNotAllowed) => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            _ => {}
        }
        *response.headers_mut() = headers;
        if request.method() == Method::HEAD {
            response.body_mut().clear();
        }
        response
    }

    fn authorize(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match authorization.and_then(|value| value.trim().split_once(' ')) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && token.trim() == self.token => Ok(()),
            _ => Err(Fault::AccessDenied),
        }
    }

    /// `/v1/customers` and `/v1/customers/{id}`, however many slashes stand between.
    fn resource(&self, request: &Request, given_up: &AtomicBool) -> Result<Value, Fault> {
        let mut segments = request.uri().path().split('/').filter(|segment| !segment.is_empty());
        let mut next_is = |name: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(name));
        if !(next_is("v1") && next_is("customers")) {
            return Err(Fault::NotFound);
        }
        let id = segments.next();
        if segments.next().is_some() {
            return Err(Fault::NotFound);
        }
        if request.method() != Method::GET {
            return Err(Fault::MethodNotAllowed);
        }
        match id {
            None => {
                let query = request.uri().query().unwrap_or_default();
                listing::page(&self.customers, query, request.headers(), given_up)
            }
            Some(id) => {
                let id = percent_decode_str(id).decode_utf8_lossy();
                let id = Uuid::try_parse(&id).map_err(|_| Fault::InvalidCustomerId)?;
                let index = self.customers.find(id).ok_or(Fault::NotFound)?;
                Ok(self.customers.full(index))
            }
        }
    }

    /// The headers that say which request was answered, and by whom.
    fn context(&self, request: &HeaderMap, number: u64) -> HeaderMap {
        let mut random = Random::new(self.customers.seed, "request", number);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (REQUEST_ID, random.guid().to_string()),
            (CORRELATION_ID, random.guid().to_string()),
            (CORRELATION_VECTOR, format!("{:016x}.0", random.number())),
            (SERVER_ID, "101112012".to_owned()),
            (REQUEST_CONTEXT, format!("appId=cid-v1:{}", Random::new(self.customers.seed, "service", 0u8).guid())),
            (LOCALE, "en-US".to_owned()),
        ] {
            headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
        for echoed in [REQUEST_ID, CORRELATION_ID, LOCALE] {
            if let Some(value) = request.get(&echoed) {
                headers.insert(echoed, value.clone());
            }
        }
        headers
    }
}

const CHALLENGE: &str = "OAuth realm=urn:cpsvc:cpid:00000000-0000-0000-0000-000000000000";

const REQUEST_ID: HeaderName = HeaderName::from_static("ms-requestid");
const CORRELATION_ID: HeaderName = HeaderName::from_static("ms-correlationid");
const CORRELATION_VECTOR: HeaderName = HeaderName::from_static("ms-cv");
const SERVER_ID: HeaderName = HeaderName::from_static("ms-serverid");
const REQUEST_CONTEXT: HeaderName = HeaderName::from_static("request-context");
const LOCALE: HeaderName = HeaderName::from_static("x-locale");
