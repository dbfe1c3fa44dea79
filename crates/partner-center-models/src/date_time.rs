//! Dates and times of the service, whose texts are kept: many have no time zone, and seven digits of a second.

use crate::{
    InvalidValue,
    scalar::{Scalar, ScalarValue, scalar_value},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// A date and a time, as the service sent them: `2021-01-14T16:57:15.0966728Z`, `2017-07-25T18:07:36`.
///
/// The text is kept, and converted on request: by the features `jiff`, `time` and `chrono` into types of these libraries, or by
/// [`civil`](Self::civil), [`offset_minutes`](Self::offset_minutes) and [`unix_seconds`](Self::unix_seconds). Where the text has
/// no time zone, the time is UTC for these conversions, which is what the service usually means.
///
/// Two are equal if they have the same text; compare what they are converted into.
///
/// ```
/// use partner_center_models::DateTime;
///
/// let date: DateTime = "2017-01-25T14:53:12.093-08:00".parse()?;
/// assert_eq!((date.civil().day, date.civil().hour, date.civil().nanosecond), (25, 14, 93_000_000));
/// assert_eq!(date.offset_minutes(), Some(-480));
/// assert_eq!(date.unix_seconds(), 1_485_384_792);
/// assert_eq!(date.to_string(), "2017-01-25T14:53:12.093-08:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DateTime(Box<str>);

/// A date, as the service sent it: `2021-01-14`.
///
/// ```
/// use partner_center_models::Date;
///
/// let date: Date = "2021-01-14".parse()?;
/// assert_eq!((date.year(), date.month(), date.day()), (2021, 1, 14));
/// assert!(date < "2021-02-01".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// Dates in this format are ordered like their texts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(Box<str>);

/// The date and the time that a clock shows, without a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CivilDateTime {
    /// The year, 1 to 9999.
    pub year: i16,
    /// The month, 1 to 12.
    pub month: i8,
    /// The day of the month.
    pub day: i8,
    /// The hour, 0 to 23.
    pub hour: i8,
    /// The minute.
    pub minute: i8,
    /// The second, 0 to 59.
    pub second: i8,
    /// The part of the second, in nanoseconds; further digits are cut off.
    pub nanosecond: i32,
}

const EXPECTED_DATE_TIME_FORMAT: &str = "a date and a time, such as `2026-01-31T09:30:00Z`";
const EXPECTED_DATE_FORMAT: &str = "a date, such as `2026-01-31`";

impl DateTime {
    /// Returns the text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the date and the time as they are written.
    #[must_use]
    #[inline]
    pub fn civil(&self) -> CivilDateTime {
        self.civil_and_offset().0
    }

    /// Returns the offset from UTC in minutes; `None` if the text has no time zone.
    #[must_use]
    #[inline]
    pub fn offset_minutes(&self) -> Option<i16> {
        self.civil_and_offset().1
    }

    /// Returns the seconds since 1970, without the part of the second.
    #[must_use]
    #[inline]
    pub fn unix_seconds(&self) -> i64 {
        let (civil, offset) = self.civil_and_offset();
        civil.unix_seconds() - i64::from(offset.unwrap_or(0)) * 60
    }

    #[inline]
    fn civil_and_offset(&self) -> (CivilDateTime, Option<i16>) {
        parse_date_time(&self.0).unwrap_or((CivilDateTime::FIRST_DATE_TIME, None))
    }
}

#[cfg(feature = "jiff")]
impl DateTime {
    /// Converts the date and the time as they are written into a type of `jiff`.
    #[must_use]
    #[inline]
    pub fn to_jiff_civil(&self) -> jiff::civil::DateTime {
        let CivilDateTime { year, month, day, hour, minute, second, nanosecond } = self.civil();
        jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanosecond).unwrap_or_default()
    }

    /// Converts the point in time into a type of `jiff`; `None` if it is out of its range, as the last day of the year 9999 is.
    #[must_use]
    #[inline]
    pub fn to_jiff_timestamp(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::new(self.unix_seconds(), 0)
            .ok()?
            .checked_add(jiff::SignedDuration::new(0, self.civil().nanosecond))
            .ok()
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for DateTime {
    type Error = InvalidValue;

    #[inline]
    fn try_from(timestamp: jiff::Timestamp) -> Result<Self, InvalidValue> {
        timestamp.to_string().parse()
    }
}

#[cfg(feature = "time")]
impl DateTime {
    /// Converts the date and the time as they are written into a type of `time`.
    #[must_use]
    #[inline]
    pub fn to_time_primitive(&self) -> time::PrimitiveDateTime {
        let civil = self.civil();
        let date = to_time_date(civil).unwrap_or(time::Date::MIN);
        let [hour, minute, second] = [civil.hour, civil.minute, civil.second].map(i8::unsigned_abs);
        let time = time::Time::from_hms_nano(hour, minute, second, civil.nanosecond.unsigned_abs());
        time::PrimitiveDateTime::new(date, time.unwrap_or(time::Time::MIDNIGHT))
    }

    /// Converts the point in time into a type of `time`, in UTC; `None` if it is out of its range.
    #[must_use]
    #[inline]
    pub fn to_time_offset(&self) -> Option<time::OffsetDateTime> {
        let seconds = time::OffsetDateTime::from_unix_timestamp(self.unix_seconds()).ok()?;
        seconds.checked_add(time::Duration::nanoseconds(self.civil().nanosecond.into()))
    }
}

#[cfg(feature = "time")]
#[inline]
fn to_time_date(civil: CivilDateTime) -> Option<time::Date> {
    let month = time::Month::try_from(civil.month.unsigned_abs()).ok()?;
    time::Date::from_calendar_date(civil.year.into(), month, civil.day.unsigned_abs()).ok()
}

#[cfg(feature = "time")]
impl TryFrom<time::OffsetDateTime> for DateTime {
    type Error = InvalidValue;

    #[inline]
    fn try_from(date_time: time::OffsetDateTime) -> Result<Self, InvalidValue> {
        let utc =
            date_time.checked_to_offset(time::UtcOffset::UTC).ok_or(InvalidValue::new(EXPECTED_DATE_TIME_FORMAT))?;
        let (year, month, day) = (utc.year(), u8::from(utc.month()), utc.day());
        let (hour, minute, second) = utc.to_hms();
        let fraction = format_second_fraction(utc.nanosecond());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z").parse()
    }
}

#[cfg(feature = "chrono")]
impl DateTime {
    /// Converts the date and the time as they are written into a type of `chrono`.
    #[must_use]
    #[inline]
    pub fn to_chrono_naive(&self) -> chrono::NaiveDateTime {
        let civil = self.civil();
        let [hour, minute, second] = [civil.hour, civil.minute, civil.second].map(|part| part.unsigned_abs().into());
        let time = chrono::NaiveTime::from_hms_nano_opt(hour, minute, second, civil.nanosecond.unsigned_abs());
        to_chrono_date(civil).unwrap_or_default().and_time(time.unwrap_or_default())
    }

    /// Converts the point in time into a type of `chrono`; `None` if it is out of its range.
    #[must_use]
    #[inline]
    pub fn to_chrono_utc(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        chrono::DateTime::from_timestamp(self.unix_seconds(), self.civil().nanosecond.unsigned_abs())
    }
}

#[cfg(feature = "chrono")]
#[inline]
fn to_chrono_date(civil: CivilDateTime) -> Option<chrono::NaiveDate> {
    let [month, day] = [civil.month, civil.day].map(|part| part.unsigned_abs().into());
    chrono::NaiveDate::from_ymd_opt(civil.year.into(), month, day)
}

#[cfg(feature = "chrono")]
impl<Z: chrono::TimeZone> TryFrom<chrono::DateTime<Z>> for DateTime {
    type Error = InvalidValue;

    fn try_from(date_time: chrono::DateTime<Z>) -> Result<Self, InvalidValue> {
        use chrono::{Datelike as _, Timelike as _};

        let utc = date_time.naive_utc();
        let (year, month, day) = (utc.year(), utc.month(), utc.day());
        let (hour, minute, second) = (utc.hour(), utc.minute(), utc.second());
        let fraction = format_second_fraction(utc.nanosecond());
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z").parse()
    }
}

/// Returns the part of a second, with the point, or nothing.
#[cfg(any(feature = "time", feature = "chrono"))]
#[inline]
fn format_second_fraction(nanosecond: u32) -> String {
    if nanosecond == 0 {
        return String::new();
    }
    format!(".{nanosecond:09}").trim_end_matches('0').to_owned()
}

impl Date {
    /// Returns the text.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the year, 1 to 9999.
    #[must_use]
    #[inline]
    pub fn year(&self) -> i16 {
        self.to_civil_date_time().year
    }

    /// Returns the month, 1 to 12.
    #[must_use]
    #[inline]
    pub fn month(&self) -> i8 {
        self.to_civil_date_time().month
    }

    /// Returns the day of the month.
    #[must_use]
    #[inline]
    pub fn day(&self) -> i8 {
        self.to_civil_date_time().day
    }

    #[inline]
    fn to_civil_date_time(&self) -> CivilDateTime {
        parse_date(&self.0).unwrap_or(CivilDateTime::FIRST_DATE_TIME)
    }

    /// Converts the date into a type of `jiff`.
    #[cfg(feature = "jiff")]
    #[must_use]
    #[inline]
    pub fn to_jiff(&self) -> jiff::civil::Date {
        jiff::civil::Date::new(self.year(), self.month(), self.day()).unwrap_or_default()
    }

    /// Converts the date into a type of `time`.
    #[cfg(feature = "time")]
    #[must_use]
    #[inline]
    pub fn to_time(&self) -> time::Date {
        to_time_date(self.to_civil_date_time()).unwrap_or(time::Date::MIN)
    }

    /// Converts the date into a type of `chrono`.
    #[cfg(feature = "chrono")]
    #[must_use]
    #[inline]
    pub fn to_chrono(&self) -> chrono::NaiveDate {
        to_chrono_date(self.to_civil_date_time()).unwrap_or_default()
    }
}

impl CivilDateTime {
    /// The first date there is.
    const FIRST_DATE_TIME: Self = Self { year: 1, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0 };

    /// Returns the seconds since 1970 of a time in UTC.
    #[inline]
    fn unix_seconds(self) -> i64 {
        const DAYS_FROM_MARCH_OF_YEAR_0_TO_1970: i64 = 719_468;
        // The days before a year of the Gregorian calendar that begins in March, so that the day of a leap year is the last one.
        let is_before_march = self.month < 3;
        let year = i64::from(self.year) - i64::from(is_before_march);
        let month = i64::from(self.month) + if is_before_march { 9 } else { -3 };
        let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (month * 153 + 2) / 5
            + i64::from(self.day)
            - 1;
        (days - DAYS_FROM_MARCH_OF_YEAR_0_TO_1970) * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
    }
}

/// Parses `2021-01-14`.
#[inline]
fn parse_date(text: &str) -> Option<CivilDateTime> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text.as_bytes() else { return None };
    let year: [u8; 4] = year.try_into().ok()?;
    let year = i16::from(parse_two_digits(year[0], year[1])?) * 100 + i16::from(parse_two_digits(year[2], year[3])?);
    let (month, day) = (parse_two_digits(*m1, *m2)?, parse_two_digits(*d1, *d2)?);
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last_day = match month {
        2 => 28 + i8::from(is_leap_year),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (year >= 1 && (1..=last_day).contains(&day)).then_some(CivilDateTime {
        year,
        month,
        day,
        ..CivilDateTime::FIRST_DATE_TIME
    })
}

/// Parses `2017-01-25T14:53:12.093-08:00`, without fraction and offset if they are not there.
#[inline]
fn parse_date_time(text: &str) -> Option<(CivilDateTime, Option<i16>)> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, Some(0)),
        None => match time.split_at_checked(time.len().checked_sub("+00:00".len())?) {
            Some((time, offset)) if offset.starts_with(['+', '-']) => (time, Some(parse_utc_offset(offset)?)),
            _ => (time, None),
        },
    };
    let (time, nanosecond) = match time.split_once('.') {
        Some((time, digits)) => (time, parse_nanosecond(digits)?),
        None => (time, 0),
    };
    let [h1, h2, b':', m1, m2, b':', s1, s2] = time.as_bytes() else { return None };
    let (hour, minute, second) =
        (parse_two_digits(*h1, *h2)?, parse_two_digits(*m1, *m2)?, parse_two_digits(*s1, *s2)?);
    let is_time = hour < 24 && minute < 60 && second < 60;
    let civil = CivilDateTime { hour, minute, second, nanosecond, ..parse_date(date)? };
    is_time.then_some((civil, offset))
}

/// Parses `-08:00`.
#[inline]
fn parse_utc_offset(text: &str) -> Option<i16> {
    let [sign, h1, h2, b':', m1, m2] = text.as_bytes() else { return None };
    let (hours, minutes) = (parse_two_digits(*h1, *h2)?, parse_two_digits(*m1, *m2)?);
    let offset = i16::from(hours) * 60 + i16::from(minutes);
    (hours < 24 && minutes < 60).then_some(if *sign == b'-' { -offset } else { offset })
}

/// Parses the digits after the point.
#[inline]
fn parse_nanosecond(digits: &str) -> Option<i32> {
    const NANOSECOND_DIGITS: usize = 9;
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    format!("{:0<NANOSECOND_DIGITS$}", digits.get(..NANOSECOND_DIGITS).unwrap_or(digits)).parse().ok()
}

#[inline]
fn parse_two_digits(first: u8, second: u8) -> Option<i8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte - b'0');
    i8::try_from(digit(first)? * 10 + digit(second)?).ok()
}

/// Implements the conversions from and to a text that `$parse` checks.
macro_rules! impl_string_backed_date {
    ($type:ident, $parse:ident, $expected:expr, $placeholder:literal) => {
        impl FromStr for $type {
            type Err = InvalidValue;

            #[inline]
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                if $parse(text).is_some() { Ok(Self(text.into())) } else { Err(InvalidValue::new($expected)) }
            }
        }

        impl fmt::Display for $type {
            #[inline]
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $type {
            #[inline]
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        impl Scalar for $type {
            #[inline]
            fn placeholder() -> Self {
                Self($placeholder.into())
            }
            #[inline]
            fn from_scalar(value: ScalarValue<'_>) -> Option<Self> {
                match value {
                    ScalarValue::String(text) => text.parse().ok(),
                    _ => None,
                }
            }
            #[inline]
            fn as_scalar(&self) -> ScalarValue<'_> {
                ScalarValue::String(&self.0)
            }
        }
        scalar_value!($type, Scalar);
    };
}

impl_string_backed_date!(DateTime, parse_date_time, EXPECTED_DATE_TIME_FORMAT, "0001-01-01T00:00:00");
impl_string_backed_date!(Date, parse_date, EXPECTED_DATE_FORMAT, "0001-01-01");

#[cfg(test)]
mod tests {
    use super::{Date, DateTime};

    #[test]
    fn date_time_keeps_its_text() {
        for text in [
            "2021-01-14T16:57:15.0966728Z",
            "2021-01-14T16:57:15.498252Z",
            "2016-05-10T07:30:05.427Z",
            "2019-01-16T00:48:44.76+00:00",
            "2017-01-25T14:53:12.093-08:00",
            "2017-07-25T18:07:36",
            "9999-12-31T23:59:59.9999999Z",
            "0001-01-01T00:00:00",
            "2024-02-29t00:00:00z",
            "2024-02-29 00:00:00",
        ] {
            let json = format!("\"{text}\"");
            let read: DateTime = serde_json::from_str(&json).unwrap();
            assert_eq!((read.as_str(), read.to_string().as_str()), (text, text));
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }

    #[test]
    fn text_that_is_no_date_time_is_rejected() {
        for text in [
            "",
            "T",
            "2021-01-14",
            "2021-01-14T",
            "2021-01-14T16:57",
            "2021-1-14T16:57:15",
            "2021-13-14T16:57:15",
            "2021-02-29T16:57:15",
            "2021-01-00T16:57:15",
            "2021-01-14T24:00:00",
            "2021-01-14T16:60:15",
            "2021-01-14T16:57:60",
            "2021-01-14T16:57:15.",
            "2021-01-14T16:57:15.x",
            "2021-01-14T16:57:15+0100",
            "2021-01-14T16:57:15+01:60",
            "12021-01-14T16:57:15",
            "0000-01-14T16:57:15",
            "2021-01-14T16:57:15Zé",
            "2021-01-14T16:57:1é",
            "é021-01-14T16:57:15",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
        for text in ["", "2021-01-14T00:00:00", "2021-01-32", "2023-02-29", "1900-02-29", "21-01-14", "2021-01-1é"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        assert_eq!("x".parse::<Date>().unwrap_err().to_string(), "not a date, such as `2026-01-31`");
    }

    #[test]
    fn date_time_is_converted_to_civil_time_and_seconds() {
        for (text, seconds, nanosecond, offset) in [
            ("1970-01-01T00:00:00Z", 0, 0, Some(0)),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000, Some(0)),
            ("2000-02-29T12:00:00.123456789123", 951_825_600, 123_456_789, None),
            ("2000-03-01T01:00:00+01:00", 951_868_800, 0, Some(60)),
            ("0001-01-01T00:00:00", -62_135_596_800, 0, None),
            ("9999-12-31T23:59:59Z", 253_402_300_799, 0, Some(0)),
        ] {
            let date: DateTime = text.parse().unwrap();
            assert_eq!(
                (date.unix_seconds(), date.civil().nanosecond, date.offset_minutes()),
                (seconds, nanosecond, offset)
            );
        }
        let [one, other] =
            ["2021-01-14T16:57:15Z", "2021-01-14T16:57:15.1Z"].map(|text| text.parse::<DateTime>().unwrap());
        assert!(one.civil() < other.civil());
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn jiff_has_the_same_time() {
        let date: DateTime = "2017-01-25T14:53:12.0930001-08:00".parse().unwrap();
        assert_eq!(date.to_jiff_civil().to_string(), "2017-01-25T14:53:12.0930001");
        let timestamp = date.to_jiff_timestamp().unwrap();
        assert_eq!(timestamp.to_string(), "2017-01-25T22:53:12.0930001Z");
        assert_eq!(DateTime::try_from(timestamp).unwrap().as_str(), "2017-01-25T22:53:12.0930001Z");
        let before: DateTime = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!(before.to_jiff_timestamp().unwrap().to_string(), "1969-12-31T23:59:59.5Z");
        let last: DateTime = "9999-12-31T23:59:59Z".parse().unwrap();
        assert_eq!((last.to_jiff_civil().year(), last.to_jiff_timestamp()), (9999, None));
        assert_eq!("2021-01-14".parse::<Date>().unwrap().to_jiff(), jiff::civil::date(2021, 1, 14));
    }

    #[cfg(feature = "time")]
    #[test]
    fn time_has_the_same_time() {
        let date: DateTime = "2017-01-25T14:53:12.0930001-08:00".parse().unwrap();
        assert_eq!(date.to_time_primitive().nanosecond(), 93_000_100);
        assert_eq!(date.to_time_primitive().hour(), 14);
        let utc = date.to_time_offset().unwrap();
        assert_eq!(utc.hour(), 22);
        assert_eq!(DateTime::try_from(utc).unwrap().as_str(), "2017-01-25T22:53:12.0930001Z");
        assert_eq!("2021-01-14".parse::<Date>().unwrap().to_time().ordinal(), 14);
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn chrono_has_the_same_time() {
        use chrono::{Datelike as _, Timelike as _};

        let date: DateTime = "2017-01-25T14:53:12.0930001-08:00".parse().unwrap();
        assert_eq!((date.to_chrono_naive().hour(), date.to_chrono_naive().nanosecond()), (14, 93_000_100));
        let utc = date.to_chrono_utc().unwrap();
        assert_eq!(utc.hour(), 22);
        assert_eq!(DateTime::try_from(utc).unwrap().as_str(), "2017-01-25T22:53:12.0930001Z");
        assert_eq!("2021-01-14".parse::<Date>().unwrap().to_chrono().ordinal(), 14);
    }
}
