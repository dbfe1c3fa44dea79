//! The wait that a response requests. The API gateway says it in a sentence, and not every proxy passes the header on, so the
//! message is read, too.

use crate::Response;
use http::{
    HeaderMap, StatusCode,
    header::{DATE, RETRY_AFTER},
};
use std::time::{Duration, SystemTime};

/// The wait that a response requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryAfter {
    pub(crate) delay: Duration,
    /// Whether it is from the message of the error. A sentence may mean something else than the client reads in it.
    pub(crate) is_from_message: bool,
}

impl RetryAfter {
    /// Reads the wait that `response` requests: in its header, or else, with status 429 or 503, in its error `message`.
    pub(crate) fn from_response(response: &Response, message: Option<&str>) -> Option<Self> {
        let from_header = Self::from_headers(response.headers());
        if from_header.is_some_and(|wait| !wait.delay.is_zero()) {
            return from_header;
        }
        let is_busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let from_message = message.filter(|_| is_busy).and_then(parse_wait_in_message);
        from_message.map(|delay| Self { delay, is_from_message: true }).or(from_header)
    }

    /// Reads the wait that the header `Retry-After` requests, as seconds or as a date.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        parse_wait_in_headers(headers).map(|delay| Self { delay, is_from_message: false })
    }
}

fn parse_wait_in_headers(headers: &HeaderMap) -> Option<Duration> {
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

/// Returns the wait that a message requests, as in `Try again in 57 seconds.` or `Retry-After: 57`, in complete seconds as in
/// the header.
///
/// Other numbers mean something else: `You are allowed 500 requests per 3600 seconds`. So the number must follow a word that
/// requests a wait, in the same sentence, with at most two other words between them.
fn parse_wait_in_message(message: &str) -> Option<Duration> {
    let mut tokens = MessageTokens(message);
    while let Some(token) = tokens.next() {
        let MessageToken::Word(word) = token else { continue };
        let is_retry_after = word.eq_ignore_ascii_case("retryafter");
        let is_request =
            is_retry_after || ["again", "retry", "retrying", "wait"].iter().any(|one| word.eq_ignore_ascii_case(one));
        if !is_request {
            continue;
        }
        if let Some(seconds) = wait_after_tokens(tokens.clone(), is_retry_after, word.eq_ignore_ascii_case("retry")) {
            // A number that overflows is the longest wait.
            return Some(Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::from_secs(u64::MAX)));
        }
    }
    None
}

/// Maximum number of words between the one that requests a wait and the number, prepositions not counted.
const MAX_FILLER_WORDS: usize = 2;

/// Returns the seconds after a word that requests a wait. A number without a unit counts only after `Retry-After`, in any of its
/// spellings: `is_retry_after` if that is the word, `may_be_retry_after` if it is the first half of it.
fn wait_after_tokens(
    mut tokens: MessageTokens<'_>,
    mut is_retry_after: bool,
    mut may_be_retry_after: bool,
) -> Option<f64> {
    let (mut fillers, mut is_assigned) = (0, false);
    loop {
        match tokens.next()? {
            MessageToken::Number(number) => {
                return parse_clock_time(number).or_else(|| parse_duration_parts(number, tokens.clone())).or_else(
                    || number.parse().ok().filter(|_| is_retry_after && is_number_without_unit(number, tokens)),
                );
            }
            MessageToken::Word(word) if may_be_retry_after && word.eq_ignore_ascii_case("after") => {
                is_retry_after = true;
            }
            MessageToken::Word(word) if ["in", "after", "for"].iter().any(|one| word.eq_ignore_ascii_case(one)) => {}
            // After a colon only the number itself counts.
            MessageToken::Word(_) if fillers < MAX_FILLER_WORDS && !is_assigned => {
                fillers += 1;
                is_retry_after = false;
            }
            MessageToken::Sign(':' | '=') => is_assigned = true,
            // Part of a name, as in `retry_after`; not a minus.
            MessageToken::Sign('-' | '_') if matches!(tokens.clone().next(), Some(MessageToken::Word(_))) => continue,
            MessageToken::Sign('"') => {}
            _ => return None,
        }
        may_be_retry_after = false;
    }
}

/// Parses `hh:mm:ss`.
fn parse_clock_time(number: &str) -> Option<f64> {
    let [hours, minutes, seconds] = number.split(':').collect::<Vec<_>>()[..] else { return None };
    Some(parse_decimal(hours)? * 3600.0 + parse_decimal(minutes)? * 60.0 + parse_decimal(seconds)?)
}

/// Parses one number with a unit, or several from the largest unit to the smallest: `1 minute and 30 seconds`.
fn parse_duration_parts(first: &str, mut tokens: MessageTokens<'_>) -> Option<f64> {
    let (mut seconds, mut smallest) = (None, f64::INFINITY);
    let mut number = first;
    while let (Some(amount), Some(MessageToken::Word(word))) = (parse_decimal(number), tokens.next()) {
        let Some(scale) = seconds_of_unit(word).filter(|scale| *scale < smallest) else { break };
        seconds = Some(seconds.unwrap_or(0.0) + amount * scale);
        smallest = scale;
        let is_joint = |token: &MessageToken<'_>| match token {
            MessageToken::Word(word) => word.eq_ignore_ascii_case("and"),
            MessageToken::Sign(sign) => *sign == ',',
            MessageToken::Number(_) => false,
        };
        let Some(MessageToken::Number(next)) = tokens.find(|token| !is_joint(token)) else { break };
        number = next;
    }
    seconds
}

/// Returns the seconds of a unit.
fn seconds_of_unit(word: &str) -> Option<f64> {
    Some(match word.to_ascii_lowercase().as_str() {
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

/// Whether `number` has only digits, and no word follows that says what it counts.
fn is_number_without_unit(number: &str, mut tokens: MessageTokens<'_>) -> bool {
    number.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(tokens.next(), Some(MessageToken::Word(_) | MessageToken::Number(_)))
}

/// Parses a number, which may have thousands separators.
fn parse_decimal(number: &str) -> Option<f64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let is_grouped = whole.len() == first.len() || first.len() <= 3 && groups.all(|group| group.len() == 3);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_grouped || !is_digits(fraction) {
        return None;
    }
    number.replace(',', "").parse().ok()
}

/// The words, numbers and signs of a message.
#[derive(Clone)]
struct MessageTokens<'a>(&'a str);

#[derive(Clone, Copy)]
enum MessageToken<'a> {
    Word(&'a str),
    /// Digits, with commas, colons and periods between them.
    Number(&'a str),
    Sign(char),
}

impl<'a> Iterator for MessageTokens<'a> {
    type Item = MessageToken<'a>;

    fn next(&mut self) -> Option<MessageToken<'a>> {
        let text = self.0.trim_start();
        let first = text.chars().next()?;
        let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let bytes = text.as_bytes();
        let (length, token): (_, fn(&'a str) -> MessageToken<'a>) = if first.is_ascii_digit() {
            let is_end =
                |at: &usize| !(is_digit(bytes.get(*at)) || b",:.".contains(&bytes[*at]) && is_digit(bytes.get(at + 1)));
            ((0..bytes.len()).find(is_end).unwrap_or(bytes.len()), MessageToken::Number)
        } else if first.is_alphabetic() {
            (text.find(|character: char| !character.is_alphabetic()).unwrap_or(text.len()), MessageToken::Word)
        } else {
            self.0 = &text[first.len_utf8()..];
            return Some(MessageToken::Sign(first));
        };
        let (token_text, rest) = text.split_at(length);
        self.0 = rest;
        Some(token(token_text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wait_in_message_is_parsed() {
        for (sentence, seconds) in [
            ("Rate limit is exceeded. Try again in 57 seconds.", Some(57)),
            ("Try again in 1 second", Some(1)),
            ("Please retry after 2 minutes.", Some(120)),
            ("Please wait 1 hour, then try again", Some(3600)),
            ("TRY AGAIN IN 30S", Some(30)),
            ("Retry in 1.2 seconds.", Some(2)),
            ("500 requests in 60 seconds are allowed. Try again in 12 seconds.", Some(12)),
            ("Try request 5 again in 12 seconds", Some(12)),
            ("Try again in 0 seconds", Some(0)),
            ("Try again in 99999999999999999999999999 seconds", Some(u64::MAX)),
            ("Retry your request after 30 seconds.", Some(30)),
            ("Please wait at least 15 seconds before retrying.", Some(15)),
            ("Wait for another 5 min", Some(5 * 60)),
            ("Too many requests: retry-in: 9s", Some(9)),
            // Several parts are added.
            ("Try again in 1 minute and 30 seconds.", Some(90)),
            ("Try again in 1 hour, 2 minutes and 3 seconds.", Some(3723)),
            ("Retry after 1m30s", Some(90)),
            ("Try again in 5 seconds, 3 attempts are left", Some(5)),
            ("Wait 30 seconds and 5 minutes for the rest", Some(30)),
            // Other spellings.
            ("Retry-After: 57", Some(57)),
            ("retry_after=57, quota=500", Some(57)),
            (r#"{"retryAfter":57}"#, Some(57)),
            ("Please retry after 57.", Some(57)),
            ("Retry-After: 00:00:57", Some(57)),
            ("Try again in 01:02:03.5", Some(3724)),
            ("Try again in 57000 ms.", Some(57)),
            ("Try again in 1,500 seconds", Some(1500)),
            ("Try again in 2 days", Some(172_800)),
            // Numbers of something else.
            ("Too many requests, please retry. You are allowed 500 requests per 3600 seconds.", None),
            ("Retry later. Quota window 60 minutes", None),
            ("Retry later (quota window 60 minutes)", None),
            ("Please wait: quota is 10000 calls in 24 hours.", None),
            ("Please wait: quota is 60 seconds.", None),
            ("Do not retry more than 3 times in 5 minutes", None),
            ("Try again with 5 requests, in 12 seconds", None),
            ("Please retry! 60 seconds are the window", None),
            ("500 requests in 60 seconds are allowed.", None),
            ("Retry after 5 attempts", None),
            ("Retry after request 57", None),
            ("x-ms-retry-after-ms: 57", None),
            ("Retry-After: Fri, 20 Nov 2015 01:08:23 GMT", None),
            ("Try again in 1.2.3 seconds", None),
            ("Try again in 15,00 seconds", None),
            ("Try again in 10:30", None),
            ("Try again in -5 days", None),
            ("Retry-After: -57", None),
            ("Try again later: 57", None),
            ("Try again soon", None),
            ("57 seconds", None),
            ("", None),
        ] {
            assert_eq!(parse_wait_in_message(sentence), seconds.map(Duration::from_secs), "{sentence}");
        }
    }

    proptest! {
        #[test]
        fn message_of_any_kind_is_parsed_without_a_panic(sentence in "((again|retry|wait|after|in|and|[0-9]{1,4}|s|ms|[:=,._é-])( ?)){0,12}") {
            let _ = parse_wait_in_message(&sentence);
        }
    }
}
