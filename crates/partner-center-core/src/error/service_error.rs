//! Error responses of the service. Its parts write them differently: as an object, as an object wrapped in `error`, as a JSON
//! string, as plain text, or as a proxy's HTML; one part returns them with status 200.

use super::{ErrorReason, embedded_error, redirect_location_without_secrets, sanitize_message};
use crate::{
    Response,
    body::{self, BodyReader},
    retry::RetryAfter,
};
use http::StatusCode;
use partner_center_models::{ErrorBody, ErrorCode};
use std::{fmt, time::Duration};

/// An error response of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceError {
    /// The HTTP status.
    pub status: StatusCode,
    /// Partner Center's error code; it has a meaning only together with the status.
    pub code: Option<ErrorCode>,
    /// Partner Center's description, at most 1,024 characters of it.
    pub description: Option<String>,
    /// The service's `MS-RequestId`, for a support request. It may differ from the one that was sent.
    pub request_id: Option<String>,
    /// The service's `MS-CorrelationId`, for a support request.
    pub correlation_id: Option<String>,
    /// The wait that the service requests before the next request.
    pub retry_after: Option<Duration>,
    is_retry_after_from_message: bool,
    /// The target of a redirect (3xx), without user, query and fragment, at most 1,024 characters of it. Redirects are not
    /// followed: the service has none, so that a proxy, or a wrong base URL, is the cause.
    pub location: Option<String>,
}

impl ServiceError {
    /// Returns the meaning of the error, where it is known.
    #[must_use]
    pub fn reason(&self) -> Option<ErrorReason> {
        ErrorReason::from_status_and_code(self.status, self.code.as_ref().and_then(ErrorCode::number))
    }

    /// Returns the wait that the service requests, with its origin.
    pub(crate) fn requested_wait(&self) -> Option<RetryAfter> {
        let is_from_message = self.is_retry_after_from_message;
        self.retry_after.map(|delay| RetryAfter { delay, is_from_message })
    }

    /// Reads a response whose status is not a success; this never fails, whatever the body is. The `secrets` are redacted.
    pub(crate) fn from_response(response: &Response, secrets: &[&str]) -> Self {
        let string = embedded_error::decode_error_body_as_string(response).unwrap_or_default();
        let string = string.trim();
        let mut error_body = embedded_error::parse_error_body_or_default(string);
        if error_body.description.is_none() && error_body.message.is_none() {
            // Some parts of the service return the message as a JSON string.
            let message = body::parse_json_or_none(string).unwrap_or_else(|| string.to_owned());
            let is_prose = !message.is_empty() && !message.starts_with(['{', '[', '<', '"']);
            error_body.description = is_prose.then_some(message);
        }
        Self::from_error_body(response, error_body, secrets)
    }

    /// Reads a response whose status is a success and whose body could not be decoded as the operation's response: the
    /// service documents errors with status 200 (code 400072). `None` if it is not an error.
    pub(crate) fn from_success_response(response: &Response, secrets: &[&str]) -> Option<Self> {
        let string = embedded_error::decode_error_body_as_string(response)?;
        Some(Self::from_error_body(response, embedded_error::error_in_undecodable_body(&string)?, secrets))
    }

    /// Reads a response whose status is a success and whose body was decoded, and is an error all the same: a custom type may
    /// accept any object, and a type without fields accepts everything. `None` if it is not an error. The `secrets` are collected
    /// only if it is one, as this runs for each call that succeeds.
    pub(crate) fn from_decoded_response<'a>(
        reader: &BodyReader<'_>,
        secrets: impl FnOnce() -> Vec<&'a str>,
        is_empty_page: bool,
    ) -> Option<Self> {
        let string =
            reader.body_string().ok().filter(|_| embedded_error::is_body_small_enough_for_error(reader.response()))?;
        let error_body = if is_empty_page {
            embedded_error::error_in_empty_page(string)
        } else {
            embedded_error::error_in_decoded_body(string)
        };
        Some(Self::from_error_body(reader.response(), error_body?, &secrets()))
    }

    fn from_error_body(response: &Response, error_body: ErrorBody, secrets: &[&str]) -> Self {
        let problem = error_body.detail.or(error_body.title); // RFC 7807, from the service requests
        let description = error_body.description.or(error_body.message).or(problem);
        let sanitized = |value: &str| Some(sanitize_message(value, secrets)).filter(|value| !value.is_empty());
        let id = |name| sanitized(response.headers().get(name)?.to_str().ok()?);
        let wait = RetryAfter::from_response(response, description.as_deref());
        let short_code = |code: &ErrorCode| {
            let code = sanitized(&code.to_string())?;
            Some(code.chars().take(MAX_ERROR_CODE_LENGTH).collect::<String>().as_str().into())
        };
        let code =
            error_body.code.and_then(|code| if code.number().is_some() { Some(code) } else { short_code(&code) });
        Self {
            status: response.status(),
            code,
            request_id: id("ms-requestid"),
            correlation_id: id("ms-correlationid"),
            retry_after: wait.map(|wait| wait.delay),
            is_retry_after_from_message: wait.is_some_and(|wait| wait.is_from_message),
            description: description.and_then(|description| sanitized(&description)),
            location: redirect_location_without_secrets(response, secrets),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self.reason()? {
            // The service's own 404s have a code.
            ErrorReason::NotFound if self.code.is_none() => {
                Some("check the base URL: the response has no error code, so that it may not be the service's")
            }
            reason => Some(reason.hint()),
        }
    }
}

/// Maximum length of an error code that is not a number, in characters.
const MAX_ERROR_CODE_LENGTH: usize = 64;

impl fmt::Display for ServiceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status)?;
        if let Some(location) = &self.location {
            write!(formatter, " to {location}")?;
        }
        if let Some(code) = &self.code {
            write!(formatter, ", code {code}")?;
        }
        if let Some(description) = &self.description {
            write!(formatter, ": {description}")?;
        }
        if let Some(delay) = self.retry_after {
            write!(formatter, " (retry after {} s)", delay.as_secs())?;
        }
        if let Some(hint) = self.hint().filter(|_| !formatter.alternate()) {
            write!(formatter, " (hint: {hint})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::RETRY_AFTER;

    fn response(status: u16, body: &str) -> Response {
        http::Response::builder().status(status).body(body.to_owned().into()).unwrap()
    }

    #[test]
    fn wait_in_message_counts_without_a_header() {
        let body = r#"{"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}"#;
        let wait = |status, header: Option<&'static str>| {
            let mut response = response(status, body);
            response.headers_mut().extend(header.map(|value| (RETRY_AFTER, http::HeaderValue::from_static(value))));
            ServiceError::from_response(&response, &[]).retry_after.map(|wait| wait.as_secs())
        };
        for (status, header, expected) in [
            (429, None, Some(57)),
            (503, None, Some(57)),
            (403, None, None),
            (429, Some("7"), Some(7)),
            (429, Some("0"), Some(57)),
            (429, Some("soon"), Some(57)),
        ] {
            assert_eq!(wait(status, header), expected, "{status} {header:?}");
        }
    }

    #[test]
    fn detail_or_title_of_a_problem_is_the_description() {
        for (body, expected) in [
            (r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"No note."}"#, Some("No note.")),
            (r#"{"title":"Bad Request","status":400,"instance":"/v1/servicerequests/1"}"#, Some("Bad Request")),
            (r#"{"message":"A message.","title":"Bad Request","detail":"No note."}"#, Some("A message.")),
            (r#"{"description":"Wrong.","detail":"No note."}"#, Some("Wrong.")),
            (r#"{"code":1002,"description":"Wrong.","status":"failed","type":7}"#, Some("Wrong.")),
            (r#"{"status":400}"#, None),
        ] {
            let error = ServiceError::from_response(&response(400, body), &[]);
            assert_eq!(error.description.as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn error_under_success_is_distinguished_from_a_resource() {
        for (body, code) in [
            (r#"{"code":400072,"description":"No.","data":[],"source":"PartnerFD"}"#, Some("400072")),
            (r#"{"code":"400072","description":"No.","more":1}"#, Some("400072")),
            (r#"{"Code":400072,"Description":"No."}"#, Some("400072")),
            (r#"{"code":600061,"message":"No.","errorName":"X","isRetryable":false}"#, Some("600061")),
            (r#"{"error":{"code":"conflict","message":"It is there."}}"#, Some("conflict")),
            (r#"{"code":1}"#, Some("1")),
            (r#"{"error":"invalid_token","error_description":"AADSTS1: bad"}"#, Some("invalid_token")),
            (r#"{"error":"invalid_token","trace":"t"}"#, None),
            (r#"{"code":"US","name":"United States"}"#, None),
            (r#"{"description":"A product."}"#, None),
            (r#"{"statusCode":200,"message":"Fine."}"#, None),
            (r#""prose""#, None),
            ("[1]", None),
            ("<html>", None),
            ("", None),
        ] {
            let api = ServiceError::from_success_response(&response(200, body), &[]);
            assert_eq!(api.map(|api| api.code.unwrap().to_string()).as_deref(), code, "{body}");
        }
        let gateway = r#"{ "statusCode": 429, "message": "Rate limit is exceeded." }"#;
        let api = ServiceError::from_success_response(&response(200, gateway), &[]).unwrap();
        assert_eq!(api.description.as_deref(), Some("Rate limit is exceeded."));
    }
}
