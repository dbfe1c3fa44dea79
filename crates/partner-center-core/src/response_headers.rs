//! The sender of a response, as its headers tell.

use crate::{
    Response,
    request::{CORRELATION_ID_HEADER, REQUEST_ID_HEADER},
};
use http::header::CONTENT_TYPE;

/// Whether the headers of a response are like the service's own: it has an id of the service or is JSON, and is not HTML, as the
/// responses of gateways are.
pub(crate) fn has_service_headers(response: &Response) -> bool {
    let headers = response.headers();
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let has_id = [REQUEST_ID_HEADER, CORRELATION_ID_HEADER].iter().any(|name| headers.contains_key(name));
    match media_type.as_str() {
        "text/html" => false,
        "application/json" => true,
        _ => has_id,
    }
}
