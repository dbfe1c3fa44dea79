//! The spans of attempts and the trace that requests belong to, by the semantic conventions of OpenTelemetry for HTTP clients.
//!
//! Numbers in spans and events are signed, `i64` or smaller: `tracing-opentelemetry` exports unsigned ones as strings.

use crate::{AttemptDescription, Error, base_url::BaseUrl};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use tracing::{Span, field};

/// Returns the span of an attempt: the fields are those that OpenTelemetry names for a request of an HTTP client. `url.full` is not
/// one of them, since a query may hold the names of customers.
pub(crate) fn attempt_span(
    method: &Method,
    path_template: Option<&'static str>,
    base_url: &BaseUrl,
    attempt: &AttemptDescription,
) -> Span {
    tracing::debug_span!(
        "attempt",
        otel.kind = "client",
        otel.name = path_template.map(|template| field::display(format!("{method} {template}"))),
        otel.status_code = field::Empty,
        http.request.method = %method,
        http.request.resend_count = Some(i64::from(attempt.number) - 1).filter(|count| *count > 0),
        "http.request.header.ms-requestid" = attempt.request_id.map(field::display),
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        server.address = base_url.host(),
        server.port = i64::from(base_url.port()),
        url.template = path_template,
    )
}

/// Records in the span of an attempt that it failed: `error.type` is the status of its response or, without one, the kind of the
/// error.
pub(crate) fn record_error_in_span(span: &Span, error: &Error, status: Option<StatusCode>) {
    if span.is_disabled() {
        return;
    }
    span.record("otel.status_code", "ERROR");
    match status {
        Some(status) => {
            span.record("http.response.status_code", i64::from(status.as_u16()));
            span.record("error.type", status.as_str());
        }
        None => {
            span.record("error.type", field::debug(error.kind()));
        }
    }
}

/// The header of the W3C's Trace Context with the trace that a request belongs to.
pub(crate) const TRACEPARENT_HEADER: HeaderName = HeaderName::from_static("traceparent");

/// Returns the value of the header; `None` if there is no trace, or the value is not one of version 00: a trace that cannot be
/// continued must not fail a call.
pub(crate) fn parse_traceparent_header_value(value: Option<String>) -> Option<HeaderValue> {
    let value = value?;
    let is_hex =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_valid = match value.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, parent, flags] => is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2),
        _ => false,
    };
    if !is_valid {
        tracing::warn!("the traceparent is invalid, and is not sent");
    }
    HeaderValue::try_from(value).ok().filter(|_| is_valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_one_of_version_00() {
        let valid = "00-8a3c60f7d188f8fa79d48a391a778fa6-53995c3f42cd8ad8-01";
        assert_eq!(parse_traceparent_header_value(Some(valid.to_owned())).unwrap(), valid);
        for invalid in
            ["", "01", &valid.to_uppercase(), &valid.replace("00-", "ff-"), &valid[1..], &format!("{valid}-1")]
        {
            assert_eq!(parse_traceparent_header_value(Some(invalid.to_owned())), None, "{invalid}");
        }
        assert_eq!(parse_traceparent_header_value(None), None);
    }
}
