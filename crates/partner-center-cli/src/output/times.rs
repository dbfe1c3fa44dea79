//! `--time`: dates with times in the time zone of this machine, or in UTC. By default they stay as they were received.

use super::{ValueEditor, json_cursor::json_tokens};
use crate::arguments::operations::TimeFormat;
use jiff::tz::TimeZone;
use partner_center::models::DateTime;

/// Converts the times in values that are printed.
pub(super) struct TimeConverter {
    zone: TimeZone,
}

/// The years that stand for no date, and those that are not converted as they are at the end of what can be.
const PLACEHOLDER_YEARS: [i16; 2] = [1, 9999];

/// The lengths of a date with a time: without and with digits of a second and an offset.
const MIN_TIME_LENGTH: usize = "2026-01-31T09:30:00".len();
const MAX_TIME_LENGTH: usize = "2026-01-31T09:30:00.123456789+00:00".len();

impl TimeConverter {
    /// Returns a converter; `None` if times stay as they are.
    pub(super) fn new(format: TimeFormat) -> Option<Self> {
        let zone = match format {
            TimeFormat::AsReceived => return None,
            TimeFormat::Utc => TimeZone::UTC,
            TimeFormat::Local => TimeZone::system(),
        };
        Some(Self { zone })
    }

    /// Returns the editor of values that are printed.
    pub(super) fn into_editor(self) -> ValueEditor {
        Box::new(move |json| self.convert_json(json))
    }

    /// Returns JSON with its times converted: all strings that are a date with a time.
    fn convert_json(&self, json: &str) -> String {
        let mut text = String::with_capacity(json.len());
        for token in json_tokens(json) {
            let time = token.strip_prefix('"').and_then(|token| token.strip_suffix('"'));
            match time.and_then(|time| self.convert_time(time)) {
                Some(converted) => text.extend(["\"", &converted, "\""]),
                None => text.push_str(token),
            }
        }
        text
    }

    fn convert_time(&self, text: &str) -> Option<String> {
        if !(MIN_TIME_LENGTH..=MAX_TIME_LENGTH).contains(&text.len()) || text.as_bytes().get(10) != Some(&b'T') {
            return None;
        }
        let time: DateTime = text.parse().ok()?;
        if PLACEHOLDER_YEARS.contains(&time.civil().year) {
            return None;
        }
        let zoned = time.to_jiff_timestamp()?.to_zoned_datetime(self.zone.clone());
        let digits: String = match text.split_once('.') {
            Some((_, rest)) => rest.chars().take_while(char::is_ascii_digit).collect(),
            None => String::new(),
        };
        let fraction = if digits.is_empty() { digits } else { format!(".{digits}") };
        let offset = if self.zone == TimeZone::UTC { "Z".to_owned() } else { zoned.strftime("%:z").to_string() };
        Some(format!("{}{fraction}{offset}", zoned.strftime("%Y-%m-%dT%H:%M:%S")))
    }
}

#[cfg(test)]
mod tests {
    use super::TimeConverter;
    use jiff::tz::{TimeZone, offset};

    #[test]
    fn times_are_converted_and_nothing_else() {
        let json = r#"{"a":"2026-03-01T23:30:00.1234567Z","b":["2026-03-01T23:30:00","2026-03-01"],"c":"0001-01-01T00:00:00",
            "d":"9999-12-31T23:59:59Z","e":"not 2026-03-01T23:30:00Z","f":1.10,"g":"2026-02-30T00:00:00Z"}"#;
        let rest = r#""c":"0001-01-01T00:00:00","d":"9999-12-31T23:59:59Z","e":"not 2026-03-01T23:30:00Z","f":1.10,"g":"2026-02-30T00:00:00Z"}"#;
        let utc = TimeConverter { zone: TimeZone::UTC };
        assert_eq!(
            utc.convert_json(json),
            format!(r#"{{"a":"2026-03-01T23:30:00.1234567Z","b":["2026-03-01T23:30:00Z","2026-03-01"],{rest}"#)
        );
        let local = TimeConverter { zone: TimeZone::fixed(offset(2)) };
        assert_eq!(
            local.convert_json(json),
            format!(
                r#"{{"a":"2026-03-02T01:30:00.1234567+02:00","b":["2026-03-02T01:30:00+02:00","2026-03-01"],{rest}"#
            )
        );
    }
}
