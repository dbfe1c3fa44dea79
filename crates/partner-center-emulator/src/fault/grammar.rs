//! The parser and the formatter of faults. [`Fault`] documents the grammar.

use super::{
    Fault, FaultAction, RequestSelector,
    injected_response::{ErrorFormat, InjectedResponse, RetryAfterValue},
};
use crate::authority::TokenError;
use http::StatusCode;
use std::{error::Error, fmt, num::NonZeroU64, str::FromStr, time::Duration};

/// An error of parsing a [`Fault`], which names the invalid part and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError(String);

impl fmt::Display for ParseFaultError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for ParseFaultError {}

/// The default pause before each chunk of a dripping body.
const DEFAULT_DRIP_PAUSE: Duration = Duration::from_millis(10);

/// The maximum of all durations in a fault: a day.
const MAX_FAULT_DURATION: Duration = Duration::from_secs(86_400);

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(fault: &str) -> Result<Self, ParseFaultError> {
        let mut parts = fault.split('@');
        let action = FaultAction::parse_fault_action(parts.next().unwrap_or_default())?;
        Ok(Self { action, selectors: parts.map(RequestSelector::parse_request_selector).collect::<Result<_, _>>()? })
    }
}

impl FaultAction {
    fn parse_fault_action(text: &str) -> Result<Self, ParseFaultError> {
        let (name, options) = text.split_once(':').map_or((text, None), |(name, options)| (name, Some(options)));
        match (name, options) {
            ("delay", Some(time)) => Ok(Self::Delay(parse_duration(time)?)),
            ("drip", None) => Ok(Self::Drip(DEFAULT_DRIP_PAUSE)),
            ("drip", Some(time)) => Ok(Self::Drip(parse_duration(time)?)),
            ("truncate", None) => Ok(Self::Truncate),
            ("reset", None) => Ok(Self::Reset),
            ("unreachable", None) => Ok(Self::Unreachable),
            ("hang", None) => Ok(Self::Hang),
            ("garbage", None) => Ok(Self::Garbage),
            _ => match (name.parse().ok().filter(|status| (200..=599).contains(status)), TokenError::from_name(text)) {
                (Some(status), _) => Ok(Self::Respond(InjectedResponse::parse_injected_response(status, options)?)),
                (None, Some(error)) => Ok(Self::TokenError(error)),
                (None, None) => {
                    let token_errors = TokenError::ERRORS_BY_FAULT_NAME.map(|(name, _)| name).join(", ");
                    Err(ParseFaultError(format!(
                        "'{text}' is not a fault: it must be a status from 200 to 599, delay:DURATION, drip, drip:DURATION, \
                         truncate, reset, unreachable, hang, garbage, or for tokens {token_errors}"
                    )))
                }
            },
        }
    }
}

impl InjectedResponse {
    fn parse_injected_response(status: u16, options: Option<&str>) -> Result<Self, ParseFaultError> {
        let status = StatusCode::from_u16(status).map_err(|error| ParseFaultError(error.to_string()))?;
        let mut response = Self { status, format: None, code: None, retry_after: None };
        for option in options.into_iter().flat_map(|options| options.split(':')) {
            let number = |value: &str| value.parse().map_err(|_| invalid_option_error(option));
            match option.split_once('=') {
                None => {
                    response.format =
                        Some(ErrorFormat::parse_error_format(option).ok_or_else(|| invalid_option_error(option))?);
                }
                Some(("code", value)) => response.code = Some(number(value)?),
                Some(("retry-after", value)) => response.retry_after = Some(RetryAfterValue::Seconds(number(value)?)),
                Some(("retry-after-date", value)) => response.retry_after = Some(RetryAfterValue::Date(number(value)?)),
                Some(_) => return Err(invalid_option_error(option)),
            }
        }
        Ok(response)
    }
}

fn invalid_option_error(option: &str) -> ParseFaultError {
    let formats = ErrorFormat::ALL_ERROR_FORMATS.map(ErrorFormat::error_format_name).join(", ");
    ParseFaultError(format!(
        "'{option}' cannot follow a status: it must be one of {formats}, or code=NUMBER, retry-after=SECONDS or \
         retry-after-date=SECONDS"
    ))
}

impl ErrorFormat {
    const ALL_ERROR_FORMATS: [Self; 7] =
        [Self::FrontDoor, Self::StringCode, Self::NewerService, Self::Gateway, Self::Text, Self::Html, Self::Empty];

    fn error_format_name(self) -> &'static str {
        match self {
            Self::FrontDoor => "front-door",
            Self::StringCode => "string-code",
            Self::NewerService => "newer-service",
            Self::Gateway => "gateway",
            Self::Text => "text",
            Self::Html => "html",
            Self::Empty => "empty",
        }
    }

    fn parse_error_format(name: &str) -> Option<Self> {
        Self::ALL_ERROR_FORMATS.into_iter().find(|format| format.error_format_name() == name)
    }
}

impl RequestSelector {
    fn parse_request_selector(text: &str) -> Result<Self, ParseFaultError> {
        let selector = if text.starts_with('/') {
            Some(Self::PathPrefix(super::collapse_repeated_slashes(text)))
        } else if let Some(interval) = text.strip_prefix("every:") {
            interval.parse::<NonZeroU64>().ok().map(Self::Every)
        } else if let Some(percent) = text.strip_suffix('%') {
            parse_percent_as_millionths(percent).map(Self::Rate)
        } else {
            text.parse::<NonZeroU64>().ok().map(Self::Number)
        };
        selector.ok_or_else(|| {
            ParseFaultError(format!(
                "'@{text}' does not select requests: it must be @NUMBER from 1 on, @every:NUMBER from 1 on, \
                 @PERCENT% from 0% to 100% with up to four decimals, or @/PATH"
            ))
        })
    }
}

/// Parses a percentage with up to four decimals; returns millionths.
fn parse_percent_as_millionths(percent: &str) -> Option<u32> {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 4 {
        return None;
    }
    let (whole, decimals): (u32, u32) = (whole.parse().ok()?, format!("{decimals:0<4}").parse().ok()?);
    whole.checked_mul(10_000)?.checked_add(decimals).filter(|millionths| *millionths <= 1_000_000)
}

fn parse_duration(text: &str) -> Result<Duration, ParseFaultError> {
    let duration = match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s').and_then(|number| number.parse().ok()).map(Duration::from_secs),
    };
    match duration.filter(|duration| *duration <= MAX_FAULT_DURATION) {
        Some(duration) => Ok(duration),
        None => Err(ParseFaultError(format!(
            "'{text}' is not a duration: it must be an integer and ms or s, such as 200ms or 2s, up to 86400s"
        ))),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.action.fmt(formatter)?;
        self.selectors.iter().try_for_each(|selector| selector.fmt(formatter))
    }
}

impl fmt::Display for FaultAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Respond(response) => response.fmt(formatter),
            Self::Delay(time) => write!(formatter, "delay:{}ms", time.as_millis()),
            Self::Drip(time) => write!(formatter, "drip:{}ms", time.as_millis()),
            Self::Truncate => formatter.write_str("truncate"),
            Self::Reset => formatter.write_str("reset"),
            Self::Unreachable => formatter.write_str("unreachable"),
            Self::Hang => formatter.write_str("hang"),
            Self::Garbage => formatter.write_str("garbage"),
            Self::TokenError(error) => formatter.write_str(error.fault_name()),
        }
    }
}

impl fmt::Display for InjectedResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status.as_u16())?;
        if let Some(format) = self.format {
            write!(formatter, ":{}", format.error_format_name())?;
        }
        if let Some(code) = self.code {
            write!(formatter, ":code={code}")?;
        }
        match self.retry_after {
            Some(RetryAfterValue::Seconds(seconds)) => write!(formatter, ":retry-after={seconds}"),
            Some(RetryAfterValue::Date(seconds)) => write!(formatter, ":retry-after-date={seconds}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RequestSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "@{number}"),
            Self::Every(interval) => write!(formatter, "@every:{interval}"),
            Self::Rate(millionths) => {
                let percent = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
                write!(formatter, "@{}%", percent.trim_end_matches('0').trim_end_matches('.'))
            }
            Self::PathPrefix(path) => write!(formatter, "@{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        ErrorFormat, Fault, FaultAction, InjectedResponse, MAX_FAULT_DURATION, RequestSelector, RetryAfterValue,
    };
    use http::StatusCode;
    use proptest::{collection::vec, option, prelude::*, sample::select};
    use std::time::Duration;

    fn action() -> impl Strategy<Value = FaultAction> {
        let time =
            (0..=MAX_FAULT_DURATION.as_millis()).prop_map(|time| Duration::from_millis(time.try_into().unwrap()));
        let retry_after =
            prop_oneof![any::<u32>().prop_map(RetryAfterValue::Seconds), any::<u32>().prop_map(RetryAfterValue::Date),];
        let response = (
            200..600_u16,
            option::of(select(&ErrorFormat::ALL_ERROR_FORMATS[..])),
            option::of(any::<u32>()),
            option::of(retry_after),
        )
            .prop_map(|(status, format, code, retry_after)| {
                let status = StatusCode::from_u16(status).unwrap();
                FaultAction::Respond(InjectedResponse { status, format, code, retry_after })
            });
        prop_oneof![
            3 => response,
            1 => time.clone().prop_map(FaultAction::Delay),
            1 => time.prop_map(FaultAction::Drip),
            1 => select(vec![
                FaultAction::Truncate,
                FaultAction::Reset,
                FaultAction::Unreachable,
                FaultAction::Hang,
                FaultAction::Garbage,
            ]),
        ]
    }

    fn selector() -> impl Strategy<Value = RequestSelector> {
        let number = || (1..u64::MAX).prop_map(|number| number.try_into().unwrap());
        prop_oneof![
            number().prop_map(RequestSelector::Number),
            number().prop_map(RequestSelector::Every),
            (0..=1_000_000_u32).prop_map(RequestSelector::Rate),
            "(/[!-.0-?A-~]{1,8}){1,3}/?".prop_map(RequestSelector::PathPrefix),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn formatted_fault_is_parsed_again(action in action(), selectors in vec(selector(), 0..4)) {
            let fault = Fault { action, selectors };
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }

        #[test]
        fn invalid_fault_is_explained_for_any_string(text in "[a-z0-9:@%./=-]{0,30}|\\PC{0,30}") {
            match text.parse::<Fault>() {
                Ok(fault) => prop_assert_eq!(fault.to_string().parse(), Ok(fault)),
                Err(error) => prop_assert!(error.to_string().contains("must be")),
            }
        }
    }

    #[test]
    fn fault_is_formatted_as_it_was_written() {
        for text in [
            "503",
            "503@3",
            "429:retry-after=2@every:5",
            "429:gateway:retry-after-date=2",
            "403:string-code:code=20002@/v1/customers/",
            "reset@10%",
            "truncate@0.25%@/v1/customers",
            "delay:200ms@2",
            "drip:50ms",
            "hang@1",
            "garbage@100%",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        assert_eq!("delay:2s".parse::<Fault>().unwrap().to_string(), "delay:2000ms");
        assert_eq!("reset@//v1///customers".parse::<Fault>().unwrap().to_string(), "reset@/v1/customers");
    }

    #[test]
    fn invalid_fault_is_explained() {
        for (text, allowed) in [
            ("", "a status from 200 to 599"),
            ("flood", "a status from 200 to 599"),
            ("199", "a status from 200 to 599"),
            ("reset:1s", "a status from 200 to 599"),
            ("delay", "a status from 200 to 599"),
            ("delay:2", "such as 200ms or 2s"),
            ("drip:86401s", "up to 86400s"),
            ("503:later", "retry-after=SECONDS"),
            ("503:retry-after=soon", "retry-after=SECONDS"),
            ("503:code=-1", "code=NUMBER"),
            ("503@", "@every:NUMBER"),
            ("503@0", "from 1 on"),
            ("503@every:0", "from 1 on"),
            ("503@101%", "from 0% to 100%"),
            ("503@100.0001%", "from 0% to 100%"),
            ("503@0.00001%", "four decimals"),
            ("503@+1%", "four decimals"),
            ("503@v1/customers", "@/PATH"),
        ] {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(allowed), "{text}: {error}");
        }
    }
}
