//! The service: authorizes a request, routes it by its path, and returns the response.

use crate::{
    authority::{Authority, Caller},
    content_negotiation::accepts_json,
    customer_list::CustomerList,
    customers::{CustomerStore, parse_guid},
    error_response::ErrorResponse,
    query::QueryParameters,
    quirks::Quirks,
    response_headers::check_request_ids,
    service_response::{Content, ServiceResponse},
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
    /// Returns the response to `request`, which arrives `now`, as the time since the emulator's start. Once it is `cancelled`,
    /// any response is right, as nobody receives it.
    pub(crate) fn respond(&self, request: &Request, now: Duration, cancelled: &AtomicBool) -> ServiceResponse {
        let headers = request.headers();
        let resource = self
            .authorize(headers, now)
            .and_then(|caller| check_request_ids(headers).and_then(|()| self.route(request, caller, cancelled)));
        resource.unwrap_or_else(ServiceResponse::from)
    }

    fn authorize(&self, headers: &HeaderMap, now: Duration) -> Result<Caller, ErrorResponse> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) =
            authorization.and_then(|value| value.trim().split_once(' ')).ok_or(ErrorResponse::AccessDenied)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ErrorResponse::AccessDenied);
        }
        if token == self.token {
            return Ok(Caller::User);
        }
        match self.authority.caller_of(token, now) {
            Some(Caller::UnsupportedAudience) => Err(ErrorResponse::UnsupportedAudience),
            Some(caller) => Ok(caller),
            None => Err(ErrorResponse::AccessDenied),
        }
    }

    /// Serves `/v1/customers` and `/v1/customers/{id}`, with any number of slashes between the segments.
    fn route(
        &self,
        request: &Request,
        caller: Caller,
        cancelled: &AtomicBool,
    ) -> Result<ServiceResponse, ErrorResponse> {
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
            return CustomerList { customers, quirks, reject_unknown_parameters, caller, cancelled }.page(request);
        };
        QueryParameters::parse(request.uri()).check(&[], reject_unknown_parameters)?;
        let id = percent_decode_str(id).decode_utf8_lossy();
        let id = parse_guid(&id).ok_or(ErrorResponse::InvalidCustomerId)?;
        let index = customers.find(id).ok_or(ErrorResponse::NotFound)?;
        Ok(ServiceResponse::new(StatusCode::OK, Content::Customer(customers.details(index))))
    }
}
