use crate::{Response, body};
use http::{
    HeaderMap, StatusCode,
    header::{DATE, LOCATION, RETRY_AFTER},
};
use partner_center_models::{ErrorBody, ErrorCode};
use serde_json::Value;
use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime},
};

/// What is shorter is no secret, and may stand anywhere.
const SHORTEST_SECRET: usize = 8;

/// How many characters of a text, and of a code that is one, are kept.
const LONGEST_TEXT: usize = 1024;
const LONGEST_CODE: usize = 64;

/// What the service said when it said no.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceError {
    /// The HTTP status.
    pub status: StatusCode,
    /// Partner Center's error code; means something only together with the status.
    pub code: Option<ErrorCode>,
    /// Partner Center's explanation, at most 1,024 characters of it.
    pub description: Option<String>,
    /// The service's `MS-RequestId`, for a support request. It may differ from the one that was sent.
    pub request_id: Option<String>,
    /// The service's `MS-CorrelationId`, for a support request.
    pub correlation_id: Option<String>,
    /// How long the service asks to wait before the next request.
    pub retry_after: Option<Duration>,
    /// Where a redirect (3xx) points, without user, query and fragment, at most 1,024 characters of it. Redirects are not
    /// followed: the service has none, so that a proxy, or a wrong base URL, is the reason.
    pub location: Option<String>,
}

impl ServiceError {
    /// What it comes down to, where that is known.
    #[must_use]
    pub fn reason(&self) -> Option<ErrorReason> {
        ErrorReason::of(self.status, self.code.as_ref().and_then(ErrorCode::number))
    }

    /// Reads an answer whose status is not a success; whatever its body is, this does not fail.
    /// What is among the `secrets` is left out of it.
    pub(crate) fn read(response: &Response, secrets: &[&str]) -> Self {
        let text = body::text(response).unwrap_or_default();
        let text = text.trim();
        let mut fault = fault(text);
        if fault.description.is_none() && fault.message.is_none() {
            // Some parts of the service say it in one JSON string.
            let text = body::lenient(text).unwrap_or_else(|| text.to_owned());
            let is_prose = !text.is_empty() && !text.starts_with(['{', '[', '<', '"']);
            fault.description = is_prose.then_some(text);
        }
        Self::of(response, fault, secrets)
    }

    /// Reads a response whose status is a success and whose body is not what was requested: the service documents a fault
    /// under status 200 (code 400072). `None` if it is not one. Only for what could not be read otherwise, as a resource may
    /// have a code and a description, too.
    pub(crate) fn read_under_success(response: &Response, secrets: &[&str]) -> Option<Self> {
        let fault = fault(body::text(response).ok()?.trim());
        let is_coded = fault.code.is_some() || fault.status_code.is_some_and(|status| status >= 400);
        let is_told =
            fault.description.is_some() || fault.message.is_some() || fault.unknown_fields.iter().next().is_none();
        (is_coded && is_told).then(|| Self::of(response, fault, secrets))
    }

    fn of(response: &Response, fault: ErrorBody, secrets: &[&str]) -> Self {
        let description = fault.description.or(fault.message);
        let shown = |text: &str| Some(shown(text, secrets)).filter(|text| !text.is_empty());
        let id = |name| shown(response.headers().get(name)?.to_str().ok()?);
        Self {
            status: response.status(),
            code: fault.code.and_then(|code| match code.number() {
                Some(_) => Some(code),
                None => Some(shown(&code.to_string())?.chars().take(LONGEST_CODE).collect::<String>().as_str().into()),
            }),
            request_id: id("ms-requestid"),
            correlation_id: id("ms-correlationid"),
            retry_after: retry_after(response, description.as_deref()),
            description: description.and_then(|text| shown(&text)),
            location: location(response, secrets),
        }
    }

    /// What to do about it, where that is known.
    fn hint(&self) -> Option<&'static str> {
        match self.reason()? {
            // Whatever the service does not find, it says so with a code.
            ErrorReason::NotFound if self.code.is_none() => {
                Some("check the base URL: the response has no error code, so that it may not be the service's")
            }
            reason => Some(reason.hint()),
        }
    }
}

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

/// What a refusal comes down to: the pairs of status and code that a program may want to act on.
///
/// A code means something only together with the status. What is not listed here has no reason; more may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorReason {
    /// What was asked for does not exist, or not for this partner (404 but for code 3000, or 400 with code 900118).
    NotFound,
    /// The partner has no commerce relationship with the customer, or no longer (403 with code 20002).
    NoRelationship,
    /// Too many requests (429).
    Throttled,
    /// The token is refused (401).
    Unauthorized,
    /// The token is for an audience that the service no longer accepts (401 with code 900420).
    AudienceRetired,
    /// An app-only credential where an App+User one is due (403 with code 900329).
    NeedsAppAndUser,
    /// The user or application lacks a role or privilege (403 with code 1002, 900150 or 900308).
    MissingRole,
    /// Conditional Access stands in the way (403 with code 900309).
    ConditionalAccess,
    /// The customer's account is locked (403 with code 900416).
    CustomerLocked,
    /// The customer's account is under review, or not approved (403 with code 800073, 800074 or 800075).
    CustomerUnderReview,
    /// The partner, or the indirect reseller, has not accepted the Microsoft Partner Agreement (403 with code 900123 or
    /// 900124).
    AgreementMissing,
    /// The partner's status in the program is not active (403 with code 800039 or 900149).
    PartnerInactive,
    /// The partner's organization is not known (404 with code 3000).
    PartnerUnknown,
}

impl ErrorReason {
    fn of(status: StatusCode, code: Option<i64>) -> Option<Self> {
        Some(match (status.as_u16(), code) {
            (401, Some(900_420)) => Self::AudienceRetired,
            (401, _) => Self::Unauthorized,
            (403, Some(20_002)) => Self::NoRelationship,
            (403, Some(900_329)) => Self::NeedsAppAndUser,
            (403, Some(1002 | 900_150 | 900_308)) => Self::MissingRole,
            (403, Some(900_309)) => Self::ConditionalAccess,
            (403, Some(900_416)) => Self::CustomerLocked,
            (403, Some(800_073..=800_075)) => Self::CustomerUnderReview,
            (403, Some(900_123 | 900_124)) => Self::AgreementMissing,
            (403, Some(800_039 | 900_149)) => Self::PartnerInactive,
            (404, Some(3000)) => Self::PartnerUnknown,
            (400, Some(900_118)) | (404, _) => Self::NotFound,
            (429, _) => Self::Throttled,
            _ => return None,
        })
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NotFound => {
                "check the ID, if there is one, and the base URL; a list shows the IDs that this partner has"
            }
            Self::NoRelationship => "the partner has no relationship with this customer, or no longer; leave it out",
            Self::Throttled => {
                "wait as long as the service asks, and send fewer requests at once; a tenant has 500 a minute"
            }
            Self::Unauthorized => {
                "get a new token: it lives for about an hour, and is for one cloud and one audience only"
            }
            Self::AudienceRetired => {
                "get the token for the audience https://api.partnercenter.microsoft.com (that of your cloud); \
                 https://graph.windows.net is no longer accepted"
            }
            Self::NeedsAppAndUser => "use an App+User credential; app-only ones are not accepted here",
            Self::MissingRole => {
                "give the user a role in Partner Center, such as Admin agent, or have the customer grant the GDAP role"
            }
            Self::ConditionalAccess => {
                "have the Conditional Access policy of the tenant admit this application and user"
            }
            Self::CustomerLocked => "ask Microsoft's support why the customer is locked",
            Self::CustomerUnderReview => "wait until Microsoft has reviewed the customer's account",
            Self::AgreementMissing => {
                "accept the Microsoft Partner Agreement in Partner Center, or have the reseller do so"
            }
            Self::PartnerInactive => "check the status of the partner account in Partner Center",
            Self::PartnerUnknown => "check that the token is of the partner's tenant, and for the right cloud",
        }
    }
}

/// The fault that `text` is, some parts of the service wrap it; one without any field if it is none.
fn fault(text: &str) -> ErrorBody {
    let wrapped = body::lenient(text).and_then(|mut value: Value| Some(value.get_mut("error")?.take()));
    match wrapped {
        Some(wrapped @ Value::Object(_)) => serde_json::from_value(wrapped).ok(),
        _ => body::lenient(text),
    }
    .unwrap_or_default()
}

/// How long `response` asks to wait: by its header, or else, if it is busy, by the text of its `description`. The gateway
/// says it in words, and not every proxy lets the header pass.
pub(crate) fn retry_after(response: &Response, description: Option<&str>) -> Option<Duration> {
    let by_header = retry_after_header(response.headers());
    if by_header.is_some_and(|delay| !delay.is_zero()) {
        return by_header;
    }
    let is_busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    description.filter(|_| is_busy).and_then(told_wait).or(by_header)
}

/// The wait that a text asks for, as in `Try again in 57 seconds.` or `Retry after 2 minutes`. A figure counts only after a
/// word that asks for a wait: in `500 requests in 60 seconds` it is something else.
fn told_wait(text: &str) -> Option<Duration> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '.';
    let words =
        text.split(|character: char| !is_part(character)).map(|word| word.trim_matches('.').to_ascii_lowercase());
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
        // Whole seconds, as in the header; more than a duration can hold still means: for ever.
        let seconds = (number.parse::<f64>().ok()? * scale).ceil();
        return Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u64::MAX)));
    }
    None
}

/// Where a redirect points, without the parts that may hold a secret.
pub(crate) fn location(response: &Response, secrets: &[&str]) -> Option<String> {
    let location = response.headers().get(LOCATION).filter(|_| response.status().is_redirection())?.to_str().ok()?;
    let location = location.split(['?', '#']).next()?;
    let (scheme, rest) = location.split_at(location.find("//").map_or(0, |start| start + 2));
    let authority = if scheme.is_empty() { "" } else { rest.split('/').next()? };
    let user = authority.rfind('@').map_or(0, |end| end + 1);
    Some(shown(&format!("{scheme}{}", &rest[user..]), secrets)).filter(|text| !text.is_empty())
}

/// How long `Retry-After` asks to wait, given as seconds or as a date.
pub(crate) fn retry_after_header(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number can hold still mean: for ever.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    // By the service's own clock, if it tells the time: ours may be wrong.
    let told = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    Some(date.duration_since(told.unwrap_or_else(SystemTime::now)).unwrap_or_default())
}

/// The text as it may be shown: on one line, without what could act on a terminal, not endless, and the `secrets` struck
/// out. They are looked for in what a field says, since the wire may write them otherwise.
pub(crate) fn shown(text: &str, secrets: &[&str]) -> String {
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
    let text = long.fold(Cow::Borrowed(text), |text, secret| {
        if text.contains(secret) { Cow::Owned(text.replace(secret, "[redacted]")) } else { text }
    });
    let words = text.split(|character: char| character.is_whitespace() || character.is_control());
    let line = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => line[..end].to_owned() + "…",
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        http::Response::builder().status(status).body(body.to_owned().into()).unwrap()
    }

    #[test]
    fn told_wait_is_that_of_the_text() {
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
            assert_eq!(told_wait(text), seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn told_wait_counts_where_the_header_says_nothing() {
        let body = r#"{"statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds."}"#;
        let wait = |status, header: Option<&'static str>| {
            let mut response = response(status, body);
            response.headers_mut().extend(header.map(|value| (RETRY_AFTER, http::HeaderValue::from_static(value))));
            ServiceError::read(&response, &[]).retry_after.map(|wait| wait.as_secs())
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
    fn fault_under_success_is_told_from_a_resource() {
        for (body, code) in [
            (r#"{"code":400072,"description":"No.","data":[],"source":"PartnerFD"}"#, Some("400072")),
            (r#"{"code":"400072","description":"No.","more":1}"#, Some("400072")),
            (r#"{"Code":400072,"Description":"No."}"#, Some("400072")),
            (r#"{"code":600061,"message":"No.","errorName":"X","isRetryable":false}"#, Some("600061")),
            (r#"{"error":{"code":"conflict","message":"It is there."}}"#, Some("conflict")),
            (r#"{"code":1}"#, Some("1")),
            (r#"{"code":"US","name":"United States"}"#, None),
            (r#"{"description":"A product."}"#, None),
            (r#"{"statusCode":200,"message":"Fine."}"#, None),
            (r#""prose""#, None),
            ("[1]", None),
            ("<html>", None),
            ("", None),
        ] {
            let api = ServiceError::read_under_success(&response(200, body), &[]);
            assert_eq!(api.map(|api| api.code.unwrap().to_string()).as_deref(), code, "{body}");
        }
        let gateway = r#"{ "statusCode": 429, "message": "Rate limit is exceeded." }"#;
        let api = ServiceError::read_under_success(&response(200, gateway), &[]).unwrap();
        assert_eq!(api.description.as_deref(), Some("Rate limit is exceeded."));
    }
}
