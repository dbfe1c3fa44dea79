//! The headers that the service adds to every response: identifiers for support cases, and the locale.

use crate::{customers::parse_guid, error_response::ErrorResponse, quirks::Quirks, random::RandomGenerator};
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(crate) const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("ms-requestid");
pub(crate) const CORRELATION_ID_HEADER: HeaderName = HeaderName::from_static("ms-correlationid");
const CORRELATION_VECTOR_HEADER: HeaderName = HeaderName::from_static("ms-cv");
const SERVER_ID_HEADER: HeaderName = HeaderName::from_static("ms-serverid");
const REQUEST_CONTEXT_HEADER: HeaderName = HeaderName::from_static("request-context");
const LOCALE_HEADER: HeaderName = HeaderName::from_static("x-locale");

/// Checks the identifiers of a request. They may be absent, but those that are sent must be GUIDs.
pub(crate) fn check_request_ids(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let mut ids = headers.get_all(REQUEST_ID_HEADER).iter().chain(headers.get_all(CORRELATION_ID_HEADER));
    if ids.all(is_guid_header_value) { Ok(()) } else { Err(ErrorResponse::InvalidHeader) }
}

/// Returns the identifier of a request, by which the service recognizes one that is sent again.
pub(crate) fn request_id_from_headers(headers: &HeaderMap) -> Option<Uuid> {
    parse_guid(headers.get(REQUEST_ID_HEADER)?.to_str().ok()?)
}

/// Returns the headers of the response to a request with the headers `request`, which came after `previous_requests` others.
pub(crate) fn build_response_headers(
    quirks: &Quirks,
    request: &HeaderMap,
    seed: u64,
    previous_requests: u64,
) -> HeaderMap {
    let mut random = RandomGenerator::for_purpose(seed, "request", previous_requests);
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (REQUEST_ID_HEADER, random.random_guid().to_string()),
        (CORRELATION_ID_HEADER, random.random_guid().to_string()),
        (CORRELATION_VECTOR_HEADER, format!("{:016x}.0", random.next_u64())),
        (SERVER_ID_HEADER, "101112012".to_owned()),
        (
            REQUEST_CONTEXT_HEADER,
            format!("appId=cid-v1:{}", RandomGenerator::for_purpose(seed, "service", 0u8).random_guid()),
        ),
        (LOCALE_HEADER, "en-US".to_owned()),
    ] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    for echoed in [REQUEST_ID_HEADER, CORRELATION_ID_HEADER, LOCALE_HEADER] {
        let is_foreign = quirks.foreign_request_ids && echoed == REQUEST_ID_HEADER;
        let is_valid = if echoed == LOCALE_HEADER { is_locale_header_value } else { is_guid_header_value };
        let sent = request.get(&echoed).filter(|value| !is_foreign && is_valid(value));
        if let Some(value) = sent {
            headers.insert(echoed, value.clone());
        }
    }
    if quirks.duplicate_locale
        && let Some(locale) = headers.get(LOCALE_HEADER).cloned()
    {
        headers.append(LOCALE_HEADER, locale);
    }
    headers
}

fn is_guid_header_value(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|value| parse_guid(value).is_some())
}

/// Whether `value` may be a locale. The list of the service's locales is not published.
fn is_locale_header_value(value: &HeaderValue) -> bool {
    !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_graphic)
}
