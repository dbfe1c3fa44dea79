//! Faults as text; [`Fault`] has the grammar.

use super::{
    Fault, What, Which,
    error_answer::{ErrorAnswer, Form, RetryAfter},
};
use crate::authority::TokenRefusal;
use http::StatusCode;
use std::{error::Error, fmt, num::NonZeroU64, str::FromStr, time::Duration};

/// A text that is no [`Fault`]; it says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFaultError(String);

impl fmt::Display for ParseFaultError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for ParseFaultError {}

/// The time before each piece of a body that drips.
const DRIP: Duration = Duration::from_millis(10);

const LONGEST: Duration = Duration::from_secs(86_400);

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, ParseFaultError> {
        let mut parts = text.split('@');
        let what = What::parse(parts.next().unwrap_or_default())?;
        Ok(Self { what, which: parts.map(Which::parse).collect::<Result<_, _>>()? })
    }
}

impl What {
    fn parse(text: &str) -> Result<Self, ParseFaultError> {
        let (name, more) = text.split_once(':').map_or((text, None), |(name, more)| (name, Some(more)));
        match (name, more) {
            ("delay", Some(time)) => Ok(Self::Delay(duration(time)?)),
            ("drip", None) => Ok(Self::Drip(DRIP)),
            ("drip", Some(time)) => Ok(Self::Drip(duration(time)?)),
            ("truncate", None) => Ok(Self::Truncate),
            ("reset", None) => Ok(Self::Reset),
            ("hang", None) => Ok(Self::Hang),
            ("garbage", None) => Ok(Self::Garbage),
            _ => match (name.parse().ok().filter(|status| (200..=599).contains(status)), TokenRefusal::named(text)) {
                (Some(status), _) => Ok(Self::Answer(ErrorAnswer::parse(status, more)?)),
                (None, Some(refusal)) => Ok(Self::TokenRefusal(refusal)),
                (None, None) => {
                    let refusals = TokenRefusal::NAMED.map(|(name, _)| name).join(", ");
                    refuse(format!(
                        "'{text}' is nothing that can go wrong: it must be a status from 200 to 599, delay:DURATION, drip, \
                         drip:DURATION, truncate, reset, hang, garbage, or for tokens {refusals}"
                    ))
                }
            },
        }
    }
}

impl ErrorAnswer {
    fn parse(status: u16, options: Option<&str>) -> Result<Self, ParseFaultError> {
        let status = StatusCode::from_u16(status).map_err(|error| ParseFaultError(error.to_string()))?;
        let mut answer = Self { status, form: None, code: None, retry_after: None };
        for option in options.into_iter().flat_map(|options| options.split(':')) {
            let number = |value: &str| value.parse().map_err(|_| wrong_option(option));
            match option.split_once('=') {
                None => answer.form = Some(Form::parse(option).ok_or_else(|| wrong_option(option))?),
                Some(("code", value)) => answer.code = Some(number(value)?),
                Some(("retry-after", value)) => answer.retry_after = Some(RetryAfter::Seconds(number(value)?)),
                Some(("retry-after-date", value)) => answer.retry_after = Some(RetryAfter::Date(number(value)?)),
                Some(_) => return Err(wrong_option(option)),
            }
        }
        Ok(answer)
    }
}

fn wrong_option(option: &str) -> ParseFaultError {
    let forms = Form::ALL.map(Form::name).join(", ");
    ParseFaultError(format!(
        "'{option}' cannot follow a status: it must be one of {forms}, or code=NUMBER, retry-after=SECONDS or \
         retry-after-date=SECONDS"
    ))
}

impl Form {
    const ALL: [Self; 7] =
        [Self::FrontDoor, Self::TextCode, Self::NewerService, Self::Gateway, Self::Text, Self::Html, Self::Empty];

    fn name(self) -> &'static str {
        match self {
            Self::FrontDoor => "front-door",
            Self::TextCode => "text-code",
            Self::NewerService => "newer-service",
            Self::Gateway => "gateway",
            Self::Text => "text",
            Self::Html => "html",
            Self::Empty => "empty",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

impl Which {
    fn parse(text: &str) -> Result<Self, ParseFaultError> {
        let which = if text.starts_with('/') {
            Some(Self::Under(super::single_slashes(text)))
        } else if let Some(interval) = text.strip_prefix("every:") {
            interval.parse::<NonZeroU64>().ok().map(Self::Every)
        } else if let Some(percent) = text.strip_suffix('%') {
            in_a_million(percent).map(Self::Rate)
        } else {
            text.parse::<NonZeroU64>().ok().map(Self::Number)
        };
        which.ok_or_else(|| {
            ParseFaultError(format!(
                "'@{text}' does not say which requests: it must be @NUMBER from 1 on, @every:NUMBER from 1 on, \
                 @PERCENT% from 0% to 100% with up to four decimals, or @/PATH"
            ))
        })
    }
}

/// Percents with up to four decimals.
fn in_a_million(percent: &str) -> Option<u32> {
    let (whole, decimals) = percent.split_once('.').unwrap_or((percent, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 4 {
        return None;
    }
    let (whole, decimals): (u32, u32) = (whole.parse().ok()?, format!("{decimals:0<4}").parse().ok()?);
    whole.checked_mul(10_000)?.checked_add(decimals).filter(|in_a_million| *in_a_million <= 1_000_000)
}

fn duration(text: &str) -> Result<Duration, ParseFaultError> {
    let duration = match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text.strip_suffix('s').and_then(|number| number.parse().ok()).map(Duration::from_secs),
    };
    match duration.filter(|duration| *duration <= LONGEST) {
        Some(duration) => Ok(duration),
        None => refuse(format!(
            "'{text}' is no time: it must be a whole number and ms or s, such as 200ms or 2s, up to 86400s"
        )),
    }
}

fn refuse<T>(reason: String) -> Result<T, ParseFaultError> {
    Err(ParseFaultError(reason))
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(formatter)?;
        self.which.iter().try_for_each(|which| which.fmt(formatter))
    }
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => answer.fmt(formatter),
            Self::Delay(time) => write!(formatter, "delay:{}ms", time.as_millis()),
            Self::Drip(time) => write!(formatter, "drip:{}ms", time.as_millis()),
            Self::Truncate => formatter.write_str("truncate"),
            Self::Reset => formatter.write_str("reset"),
            Self::Hang => formatter.write_str("hang"),
            Self::Garbage => formatter.write_str("garbage"),
            Self::TokenRefusal(refusal) => formatter.write_str(refusal.name()),
        }
    }
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.status.as_u16())?;
        if let Some(form) = self.form {
            write!(formatter, ":{}", form.name())?;
        }
        if let Some(code) = self.code {
            write!(formatter, ":code={code}")?;
        }
        match self.retry_after {
            Some(RetryAfter::Seconds(seconds)) => write!(formatter, ":retry-after={seconds}"),
            Some(RetryAfter::Date(seconds)) => write!(formatter, ":retry-after-date={seconds}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "@{number}"),
            Self::Every(interval) => write!(formatter, "@every:{interval}"),
            Self::Rate(in_a_million) => {
                let percent = format!("{}.{:04}", in_a_million / 10_000, in_a_million % 10_000);
                write!(formatter, "@{}%", percent.trim_end_matches('0').trim_end_matches('.'))
            }
            Self::Under(path) => write!(formatter, "@{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorAnswer, Fault, Form, LONGEST, RetryAfter, What, Which};
    use http::StatusCode;
    use proptest::{collection::vec, option, prelude::*, sample::select};
    use std::time::Duration;

    fn what() -> impl Strategy<Value = What> {
        let time = (0..=LONGEST.as_millis()).prop_map(|time| Duration::from_millis(time.try_into().unwrap()));
        let retry_after =
            prop_oneof![any::<u32>().prop_map(RetryAfter::Seconds), any::<u32>().prop_map(RetryAfter::Date),];
        let answer =
            (200..600_u16, option::of(select(&Form::ALL[..])), option::of(any::<u32>()), option::of(retry_after))
                .prop_map(|(status, form, code, retry_after)| {
                    let status = StatusCode::from_u16(status).unwrap();
                    What::Answer(ErrorAnswer { status, form, code, retry_after })
                });
        prop_oneof![
            3 => answer,
            1 => time.clone().prop_map(What::Delay),
            1 => time.prop_map(What::Drip),
            1 => select(vec![What::Truncate, What::Reset, What::Hang, What::Garbage]),
        ]
    }

    fn which() -> impl Strategy<Value = Which> {
        let number = || (1..u64::MAX).prop_map(|number| number.try_into().unwrap());
        prop_oneof![
            number().prop_map(Which::Number),
            number().prop_map(Which::Every),
            (0..=1_000_000_u32).prop_map(Which::Rate),
            "(/[!-.0-?A-~]{1,8}){1,3}/?".prop_map(Which::Under),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_again(what in what(), which in vec(which(), 0..4)) {
            let fault = Fault { what, which };
            prop_assert_eq!(fault.to_string().parse(), Ok(fault));
        }

        #[test]
        fn any_text_is_a_fault_or_explained(text in "[a-z0-9:@%./=-]{0,30}|\\PC{0,30}") {
            match text.parse::<Fault>() {
                Ok(fault) => prop_assert_eq!(fault.to_string().parse(), Ok(fault)),
                Err(error) => prop_assert!(error.to_string().contains("must be")),
            }
        }
    }

    #[test]
    fn faults_are_written_as_they_are_meant_to_be() {
        for text in [
            "503",
            "503@3",
            "429:retry-after=2@every:5",
            "429:gateway:retry-after-date=2",
            "403:text-code:code=20002@/v1/customers/",
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
    fn what_is_no_fault_is_explained() {
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
