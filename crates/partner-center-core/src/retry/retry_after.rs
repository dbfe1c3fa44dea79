//! The wait that a response requests. The API gateway says it in a sentence, and not every proxy passes the header on, so the
//! message is read, too.

use crate::Response;
use http::{
    HeaderMap, StatusCode,
    header::{DATE, RETRY_AFTER},
};
use std::time::{Duration, SystemTime};

/// Returns the wait that `response` requests: in its header, or else, with status 429 or 503, in its error `message`.
pub(crate) fn retry_after(response: &Response, message: Option<&str>) -> Option<Duration> {
    let in_header = retry_after_header(response.headers());
    if in_header.is_some_and(|delay| !delay.is_zero()) {
        return in_header;
    }
    let is_busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    message.filter(|_| is_busy).and_then(wait_in_message).or(in_header)
}

/// Returns the wait that the header `Retry-After` requests, as seconds or as a date.
pub(crate) fn retry_after_header(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is the longest wait.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // By the service's own clock, if it sends the time: the local one may be wrong.
    let service_time = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    Some(date.duration_since(service_time.unwrap_or_else(SystemTime::now)).unwrap_or_default())
}

/// Returns the wait that a message requests, as in `Try again in 57 seconds.` or `Retry after 2 minutes`. A number counts
/// only after a word that requests a wait: in `500 requests in 60 seconds` it is something else.
fn wait_in_message(message: &str) -> Option<Duration> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '.';
    let words =
        message.split(|character: char| !is_part(character)).map(|word| word.trim_matches('.').to_ascii_lowercase());
    let mut words = words.filter(|word| !word.is_empty());
    words.find(|word| ["again", "retry", "retrying", "wait"].contains(&word.as_str()))?;
    while let Some(word) = words.next() {
        let (number, unit) =
            word.split_at(word.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(word.len()));
        if number.is_empty() {
            continue;
        }
        let unit = if unit.is_empty() { words.next()? } else { unit.to_owned() };
        let scale = match unit.as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hour" | "hours" => 3600.0,
            _ => continue,
        };
        // Complete seconds, as in the header; a number that overflows is the longest wait.
        let seconds = (number.parse::<f64>().ok()? * scale).ceil();
        return Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u64::MAX)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_in_message_is_parsed() {
        for (text, seconds) in [
            ("Rate limit is exceeded. Try again in 57 seconds.", Some(57)),
            ("Try again in 1 second", Some(1)),
            ("Please retry after 2 minutes.", Some(120)),
            ("Please wait 1 hour, then try again", Some(3600)),
            ("TRY AGAIN IN 30S", Some(30)),
            ("Retry in 1.2 seconds.", Some(2)),
            ("500 requests in 60 seconds are allowed. Try again in 12 seconds.", Some(12)),
            ("Try request 5 again in 12 seconds", Some(12)),
            ("Try again with 5 requests, in 12 seconds", Some(12)),
            ("Try again in 0 seconds", Some(0)),
            ("Try again in 99999999999999999999999999 seconds", Some(u64::MAX)),
            ("Try again in 1.2.3 seconds", None),
            ("500 requests in 60 seconds are allowed.", None),
            ("Try again in -5 days", None),
            ("Try again later: 57", None),
            ("Try again soon", None),
            ("57 seconds", None),
            ("", None),
        ] {
            assert_eq!(wait_in_message(text), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
