//! Conditional writes: the etag that was read is sent back, in the header or in the body.

use super::OperationCall;
use crate::{error_response::ErrorResponse, json_fields::string_at_path};
use http::header::IF_MATCH;

/// Checks that a write is based on the resource as it is, whose etag is `current`.
pub(super) fn check_etag(call: &OperationCall<'_>, current: Option<&str>) -> Result<(), ErrorResponse> {
    let Some(sent) = sent_etag(call)? else {
        return match call.header_parameter_requirement(&IF_MATCH) {
            Some(true) => Err(ErrorResponse::invalid_input_error(
                "The header If-Match is required. Send the etag of the resource in double quotation marks.",
            )),
            _ => Ok(()),
        };
    };
    match current {
        Some(current) if !current.is_empty() && sent != "*" && sent != current => {
            Err(ErrorResponse::stale_etag_error())
        }
        _ => Ok(()),
    }
}

/// Returns the etag that was sent: that of `If-Match`, or that of the body, where the service's SDKs send it.
fn sent_etag<'a>(call: &'a OperationCall<'_>) -> Result<Option<&'a str>, ErrorResponse> {
    let Some(header) = call.request.headers().get(IF_MATCH) else {
        return Ok(string_at_path(&call.body, &["attributes", "etag"]).filter(|etag| !etag.is_empty()));
    };
    let header = header.to_str().unwrap_or_default().trim();
    let etag = header.strip_prefix("W/").unwrap_or(header);
    let quoted = etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"'));
    match quoted {
        Some(etag) => Ok(Some(etag)),
        None if etag == "*" => Ok(Some(etag)),
        None => {
            Err(ErrorResponse::invalid_input_error("The value of If-Match must be an etag in double quotation marks."))
        }
    }
}
