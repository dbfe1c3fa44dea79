use crate::{
    authority::{TokenError, token_error_response},
    error_response::WWW_AUTHENTICATE_CHALLENGE,
    routing::route_request,
    service_response::{ResponseContent, ServiceResponse},
};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE},
};
use partner_center_core::{Request, Response};
use partner_center_spec::OPERATIONS;
use serde::Serialize;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// A response that a fault sends instead of the service's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InjectedResponse {
    pub(super) status: StatusCode,
    /// The format of the body. Default: the usual one of the service for this status.
    pub(super) format: Option<ErrorFormat>,
    pub(super) code: Option<u32>,
    pub(super) retry_after: Option<RetryAfterValue>,
}

/// A format of error responses that the service has been seen to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    FrontDoor,
    StringCode,
    NewerService,
    Gateway,
    Text,
    Html,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryAfterValue {
    Seconds(u32),
    /// The date in this many seconds.
    Date(u32),
}

/// Returns the response of the gateway to a request over the rate limit. `wait` is the time until requests are accepted again.
pub(crate) fn rate_limit_response(wait: Duration) -> InjectedResponse {
    // Rounded up, so that a client that waits this long is accepted.
    let seconds = wait.as_millis().div_ceil(1000).try_into().unwrap_or(u32::MAX);
    let retry_after = Some(RetryAfterValue::Seconds(seconds));
    InjectedResponse { status: StatusCode::TOO_MANY_REQUESTS, format: None, code: None, retry_after }
}

impl InjectedResponse {
    /// Returns the error in the format of the authority (OAuth 2.0), unless the fault sets a format or a code, or the status is not
    /// an error.
    pub(crate) fn build_oauth_error_response(&self, request: &Request) -> Option<Response> {
        let is_transient = self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS;
        let error = match self.status {
            StatusCode::UNAUTHORIZED => TokenError::InvalidClient,
            _ if is_transient => TokenError::Unavailable,
            status if status.is_client_error() => TokenError::InvalidRequest,
            _ => return None,
        };
        let mut headers = self.service_response(request).headers;
        headers.remove(WWW_AUTHENTICATE);
        let is_usual = self.format.is_none() && self.code.is_none();
        is_usual.then(|| token_error_response(request, error, Some(self.status), headers))
    }

    /// Returns the response to `request`, whose operation says what a code means.
    pub(crate) fn service_response(&self, request: &Request) -> ServiceResponse {
        let content = match self.format.unwrap_or_else(|| self.default_error_format()) {
            ErrorFormat::FrontDoor => ResponseContent::Error(self.front_door_error_body(self.error_code(), request)),
            ErrorFormat::StringCode => {
                ResponseContent::Error(self.front_door_error_body(self.error_code().to_string(), request))
            }
            ErrorFormat::NewerService => ResponseContent::Error(self.newer_service_error_body(request)),
            ErrorFormat::Gateway => ResponseContent::Error(self.gateway_error_body()),
            ErrorFormat::Text => ResponseContent::PlainText(
                "The supplied role does not have the rights to perform the requested operation",
            ),
            ErrorFormat::Html => ResponseContent::Html(SERVICE_UNAVAILABLE_HTML_PAGE),
            ErrorFormat::Empty => ResponseContent::Empty,
        };
        let mut response = ServiceResponse::new(self.status, content);
        if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&self.status) {
            response = response.with_header(WWW_AUTHENTICATE, HeaderValue::from_static(WWW_AUTHENTICATE_CHALLENGE));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response = response.with_header(ALLOW, HeaderValue::from_static("GET"));
        }
        match self.retry_after {
            None => response,
            Some(RetryAfterValue::Seconds(seconds)) => response.with_header(RETRY_AFTER, seconds),
            Some(RetryAfterValue::Date(seconds)) => {
                let date = SystemTime::now() + Duration::from_secs(seconds.into());
                match HeaderValue::try_from(httpdate::fmt_http_date(date)) {
                    Ok(date) => response.with_header(RETRY_AFTER, date),
                    Err(_) => response,
                }
            }
        }
    }

    fn default_error_format(&self) -> ErrorFormat {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => ErrorFormat::Gateway,
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                ErrorFormat::Html
            }
            _ => ErrorFormat::FrontDoor,
        }
    }

    fn error_code(&self) -> u32 {
        self.code.unwrap_or(match self.status {
            StatusCode::BAD_REQUEST => 800_002,
            StatusCode::UNAUTHORIZED => 400,
            StatusCode::FORBIDDEN => 1002,
            StatusCode::NOT_FOUND => 1000,
            StatusCode::INTERNAL_SERVER_ERROR => 800_003,
            _ => 0,
        })
    }

    fn error_description(&self, request: &Request) -> &'static str {
        match self.error_code() {
            0 => "Exception not defined",
            400 => "Access denied",
            1000 => "Not found",
            1002 => "Authorization Failed",
            20002 => "No relationship between caller and account.",
            800_002 => "Invalid request input",
            800_003 => "Unexpected service error",
            code => {
                let documented = documented_description(request, self.status, code);
                documented.or_else(|| self.status.canonical_reason()).unwrap_or("Unknown")
            }
        }
    }

    fn front_door_error_body(&self, code: impl Serialize, request: &Request) -> Value {
        json!({ "code": code, "description": self.error_description(request), "data": [], "source": "PartnerFD" })
    }

    fn newer_service_error_body(&self, request: &Request) -> Value {
        let code = self.error_code();
        json!({
            "code": code,
            "message": self.error_description(request),
            "description": self.error_description(request),
            "errorName": self.error_description(request).replace(|character: char| !character.is_alphanumeric(), ""),
            "isRetryable": self.status.is_server_error(),
            "parameters": {},
            "errorMessageExtended": format!("InternalErrorCode={code}"),
        })
    }

    fn gateway_error_body(&self) -> Value {
        let retry_hint = match self.retry_after {
            Some(RetryAfterValue::Seconds(seconds) | RetryAfterValue::Date(seconds)) => {
                format!(" Try again in {seconds} seconds.")
            }
            None => String::new(),
        };
        let message = match self.status {
            StatusCode::TOO_MANY_REQUESTS => format!("Rate limit is exceeded.{retry_hint}"),
            status => format!("{}.{retry_hint}", status.canonical_reason().unwrap_or("Unknown")),
        };
        json!({ "statusCode": self.status.as_u16(), "message": message })
    }
}

/// Returns what the specification says of a code: at the operation that is requested, or else at any that may respond with it.
fn documented_description(request: &Request, status: StatusCode, code: u32) -> Option<&'static str> {
    let code = code.to_string();
    let requested = route_request(request.method(), request.uri().path()).ok().map(|route| route.operation);
    let mut known = requested.into_iter().chain(OPERATIONS).flat_map(|operation| operation.error_codes);
    known.find(|error| error.status == status.as_u16() && error.code == code).map(|error| error.description)
}

const SERVICE_UNAVAILABLE_HTML_PAGE: &str = "<html><head><title>Service unavailable</title></head><body><h1>Our services aren't available right \
                    now</h1><p>We're working to restore all services as soon as possible.</p></body></html>\n";
