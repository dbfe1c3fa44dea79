//! What the service answers: a function of the request and of who asks.

use crate::{
    answer::{Answer, Content},
    authority::{Authority, Holder},
    customer_id,
    customer_store::CustomerStore,
    error_response::ErrorResponse,
    listing::Listing,
    negotiation::accepts_json,
    parameters::Parameters,
    quirks::{CORRELATION_ID, Quirks, REQUEST_ID, is_guid},
};
use http::{HeaderMap, Method, StatusCode, header::AUTHORIZATION};
use partner_center_core::Request;
use percent_encoding::percent_decode_str;
use std::{sync::atomic::AtomicBool, time::Duration};

pub(crate) struct Service {
    pub(crate) customers: CustomerStore,
    /// An access token that is accepted, besides those that the authority issues.
    pub(crate) token: String,
    pub(crate) authority: Authority,
    pub(crate) quirks: Quirks,
    pub(crate) reject_unknown_parameters: bool,
}

impl Service {
    /// The answer to `request`, which comes `now`, a time since the emulator was made. Once nobody waits for it any more, it
    /// is `given_up`, and is then any.
    pub(crate) fn answer(&self, request: &Request, now: Duration, given_up: &AtomicBool) -> Answer {
        let headers = request.headers();
        let resource = self
            .authorize(headers, now)
            .and_then(|holder| identified(headers).and_then(|()| self.resource(request, holder, given_up)));
        resource.unwrap_or_else(Answer::from)
    }

    /// Who asks.
    fn authorize(&self, headers: &HeaderMap, now: Duration) -> Result<Holder, ErrorResponse> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) =
            authorization.and_then(|value| value.trim().split_once(' ')).ok_or(ErrorResponse::AccessDenied)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ErrorResponse::AccessDenied);
        }
        if token == self.token {
            return Ok(Holder::User);
        }
        match self.authority.holder(token, now) {
            Some(Holder::OfRetiredAudience) => Err(ErrorResponse::AudienceRetired),
            Some(holder) => Ok(holder),
            None => Err(ErrorResponse::AccessDenied),
        }
    }

    /// `/v1/customers` and `/v1/customers/{id}`, however many slashes stand between.
    fn resource(&self, request: &Request, holder: Holder, given_up: &AtomicBool) -> Result<Answer, ErrorResponse> {
        let mut segments = request.uri().path().split('/').filter(|segment| !segment.is_empty());
        let mut next_is = |name: &str| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(name));
        if !(next_is("v1") && next_is("customers")) {
            return Err(ErrorResponse::NotFound);
        }
        let id = segments.next();
        if segments.next().is_some() {
            return Err(ErrorResponse::NotFound);
        }
        if request.method() != Method::GET {
            return Err(ErrorResponse::MethodNotAllowed);
        }
        if !accepts_json(request.headers()) {
            return Err(ErrorResponse::NotAcceptable);
        }
        let Self { customers, quirks, reject_unknown_parameters, .. } = self;
        let reject_unknown_parameters = *reject_unknown_parameters;
        let Some(id) = id else {
            return Listing { customers, quirks, reject_unknown_parameters, holder, given_up }.page(request);
        };
        Parameters::of(request.uri()).check(&[], reject_unknown_parameters)?;
        let id = percent_decode_str(id).decode_utf8_lossy();
        let id = customer_id::parse(&id).ok_or(ErrorResponse::InvalidCustomerId)?;
        let index = customers.find(id).ok_or(ErrorResponse::NotFound)?;
        Ok(Answer::new(StatusCode::OK, Content::Customer(customers.full(index))))
    }
}

/// Requests need no identifiers, but those that they have must be some.
fn identified(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let identifiers = headers.get_all(REQUEST_ID).iter().chain(headers.get_all(CORRELATION_ID));
    if identifiers.into_iter().all(is_guid) { Ok(()) } else { Err(ErrorResponse::InvalidHeader) }
}
