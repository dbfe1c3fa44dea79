//! Links in responses. They come from the service and are not trusted, since the bearer token is sent to wherever they point: they
//! must be below the configured base URL, and their length is bounded.

use crate::{
    base_url::{BaseUrl, has_dot_segment},
    request::{ILLEGAL_URI_CHARACTERS, MAX_TARGET_LENGTH},
};
use percent_encoding::utf8_percent_encode;

/// Returns path and query of a link, with exactly one `?`, however the service wrote it. Below `/v1` (`is_versioned`) it gets
/// exactly one `/v1`: `/v1/customers?..`, `/customers?..`, `customers?..`, and absolute ones are the same link. Elsewhere links
/// begin with a slash, and are followed as they are.
///
/// An error is what is wrong with the link, as in `points to another server`.
pub(crate) fn request_target_of_link(uri: &str, base: &BaseUrl, is_versioned: bool) -> Result<String, &'static str> {
    if uri.len() > MAX_TARGET_LENGTH {
        return Err("is too long");
    }
    if uri.contains(|character: char| character.is_control() || matches!(character, '\\' | '#')) {
        return Err("contains a character that no link may have");
    }
    if uri.starts_with("//") {
        return Err("points to another server");
    }
    let (before_query, _) = uri.split_once('?').unwrap_or((uri, ""));
    let target = if before_query.contains(':') {
        base.strip_base_url(uri).ok_or("points to another server")?
    } else {
        base.strip_base_path(uri).unwrap_or(uri)
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if has_dot_segment(path) || path.to_ascii_lowercase().contains("%2f") || path.to_ascii_lowercase().contains("%5c") {
        return Err("leaves the service's path");
    }
    if !is_versioned && !path.starts_with('/') {
        return Err("is relative to an unknown path");
    }
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).peekable();
    while segments.next_if(|segment| is_versioned && segment.eq_ignore_ascii_case("v1")).is_some() {}
    if segments.peek().is_none() {
        return Err("names no resource");
    }
    let mut target = String::from(if is_versioned { "/v1" } else { "" });
    for segment in segments {
        target.push('/');
        target.extend(utf8_percent_encode(segment, ILLEGAL_URI_CHARACTERS));
    }
    for (index, pair) in query.split(['?', '&']).filter(|pair| !pair.is_empty()).enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.extend(utf8_percent_encode(pair, ILLEGAL_URI_CHARACTERS));
    }
    Ok(target)
}
