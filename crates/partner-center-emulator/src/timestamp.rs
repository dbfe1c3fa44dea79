use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    ops::{Add, Sub},
    time::Duration,
};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A moment of the emulator's clock, as the time since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(Duration);

impl Timestamp {
    /// A moment that does not come.
    pub(crate) const NEVER: Self = Self(Duration::MAX);

    pub(crate) const fn from_unix_time(since_1970: Duration) -> Self {
        Self(since_1970)
    }

    /// Parses a moment in UTC as the service writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let seconds = parse_unix_time(text)?;
        u64::try_from(seconds).ok().map(|seconds| Self(Duration::from_secs(seconds)))
    }

    /// Parses a moment that may lack its time zone, which is then UTC: `2028-02-29T00:00:00`.
    pub(crate) fn parse_with_or_without_zone(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| Self::parse(&format!("{text}Z")))
    }

    /// Parses a moment as [`Self::parse_with_or_without_zone`] does, and returns 1970 for an earlier one.
    pub(crate) fn parse_from_1970(text: &str) -> Option<Self> {
        let is_moment = || parse_unix_time(text).or_else(|| parse_unix_time(&format!("{text}Z"))).is_some();
        Self::parse_with_or_without_zone(text).or_else(|| is_moment().then(Self::default))
    }

    /// Returns the day in UTC, at most the last one of the year 9999.
    pub(crate) fn date(self) -> Date {
        let seconds = i64::try_from(self.0.as_secs()).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds).map_or(Date::MAX, OffsetDateTime::date)
    }

    /// Returns the first moment of `date`, or 1970 for an earlier date.
    pub(crate) fn start_of_date(date: Date) -> Self {
        let seconds = PrimitiveDateTime::new(date, time::Time::MIDNIGHT).assume_utc().unix_timestamp();
        Self(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    }

    /// Returns the time since an `earlier` moment; none if that is later.
    pub(crate) fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Returns the moment in units of 100 nanoseconds since the year 1, as the service's platform counts time.
    pub(crate) fn to_ticks(self) -> u64 {
        const TICKS_BEFORE_1970: u64 = 621_355_968_000_000_000;
        let ticks = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX).saturating_mul(10);
        ticks.saturating_add(TICKS_BEFORE_1970)
    }

    /// Returns the moment with a precision of microseconds, such as `2026-01-31T12:00:00.123456Z`.
    pub(crate) fn to_string_in_microseconds(self) -> String {
        let micros = i128::try_from(self.0.as_micros()).unwrap_or(i128::MAX);
        OffsetDateTime::from_unix_timestamp_nanos(micros.saturating_mul(1000))
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok())
            .unwrap_or_else(|| NEVER_AS_STRING.to_owned())
    }

    /// Returns the moment with the seven digits of .NET and without a zone, such as `2026-01-31T12:00:00.1234560`.
    pub(crate) fn to_string_in_ticks(self) -> String {
        const TICKS_PER_SECOND: u64 = 10_000_000;
        let seconds = self.to_string_in_seconds();
        format!("{}.{:07}", seconds.trim_end_matches('Z'), self.to_ticks() % TICKS_PER_SECOND)
    }

    /// Returns the moment in seconds, such as `2026-01-31T12:00:00Z`.
    pub(crate) fn to_string_in_seconds(self) -> String {
        Self(Duration::from_secs(self.0.as_secs())).to_string_in_microseconds()
    }
}

/// Returns the same day some `months` later, or the last day of that month if it is shorter.
pub(crate) fn add_months_to_date(date: Date, months: u32) -> Date {
    let months = i64::from(date.year()) * 12 + i64::from(u8::from(date.month())) - 1 + i64::from(months);
    let month = u8::try_from(months % 12 + 1).ok().and_then(|month| Month::try_from(month).ok());
    let (Ok(year), Some(month)) = (i32::try_from(months / 12), month) else { return Date::MAX };
    Date::from_calendar_date(year, month, date.day().min(month.length(year))).unwrap_or(Date::MAX)
}

/// Returns the number of complete months from `start` to `end`.
pub(crate) fn whole_months_between_dates(start: Date, end: Date) -> u32 {
    let month_number = |date: Date| i64::from(date.year()) * 12 + i64::from(u8::from(date.month()));
    let months = u32::try_from(month_number(end) - month_number(start)).unwrap_or_default();
    if add_months_to_date(start, months) > end { months.saturating_sub(1) } else { months }
}

/// With all digits, such as `2026-01-31T12:00:00.123456789Z`.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = i128::try_from(self.0.as_nanos()).unwrap_or(i128::MAX);
        let moment =
            OffsetDateTime::from_unix_timestamp_nanos(nanos).ok().and_then(|moment| moment.format(&Rfc3339).ok());
        serializer.serialize_str(moment.as_deref().unwrap_or(NEVER_AS_STRING))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = OffsetDateTime::parse(&text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp_nanos);
        let moment = moment.and_then(|nanos| u128::try_from(nanos).ok()).map(duration_from_nanos);
        moment.map(Self).ok_or_else(|| {
            de::Error::custom(format_args!("{text:?} is not a moment since 1970, such as 2026-01-31T12:00:00Z"))
        })
    }
}

fn duration_from_nanos(nanos: u128) -> Duration {
    const NANOS_PER_SECOND: u128 = 1_000_000_000;
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).unwrap_or(u64::MAX);
    Duration::new(seconds, u32::try_from(nanos % NANOS_PER_SECOND).unwrap_or_default())
}

/// Parses a moment as seconds since 1970, or before if it is negative.
fn parse_unix_time(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(|moment| moment.to_offset(UtcOffset::UTC).unix_timestamp())
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(time))
    }
}

/// The date that the service writes for "never".
const NEVER_AS_STRING: &str = "9999-12-31T23:59:59Z";

pub(crate) const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::{ONE_DAY, Timestamp, add_months_to_date, whole_months_between_dates};
    use std::time::Duration;
    use time::{Date, Month};

    #[test]
    fn timestamp_is_written_as_the_service_does() {
        let moment = Timestamp::from_unix_time(Duration::from_micros(1_769_860_800_123_456));
        assert_eq!(moment.to_string_in_microseconds(), "2026-01-31T12:00:00.123456Z");
        assert_eq!((moment + ONE_DAY).to_string_in_seconds(), "2026-02-01T12:00:00Z");
        assert_eq!(Timestamp::from_unix_time(Duration::MAX).to_string_in_microseconds(), "9999-12-31T23:59:59Z");
        let parsed = Timestamp::parse("2026-01-31T13:00:00+01:00").unwrap();
        assert_eq!(parsed.to_string_in_microseconds(), "2026-01-31T12:00:00Z");
        assert_eq!(Timestamp::parse("2026-01-31"), None);
    }

    #[test]
    fn months_end_where_the_calendar_ends_them() {
        let date = |year, month: u8, day| Date::from_calendar_date(year, Month::try_from(month).unwrap(), day).unwrap();
        assert_eq!(add_months_to_date(date(2026, 1, 31), 1), date(2026, 2, 28));
        assert_eq!(add_months_to_date(date(2026, 12, 9), 12), date(2027, 12, 9));
        assert_eq!(add_months_to_date(date(9999, 12, 1), 1), Date::MAX);
        assert_eq!(whole_months_between_dates(date(2026, 1, 31), date(2026, 2, 28)), 1);
        assert_eq!(whole_months_between_dates(date(2026, 1, 15), date(2027, 1, 14)), 11);
        assert_eq!(whole_months_between_dates(date(2027, 1, 15), date(2026, 1, 14)), 0);
        let moment = Timestamp::parse("2026-03-09T14:22:07Z").unwrap();
        assert_eq!(Timestamp::start_of_date(moment.date()).to_string_in_seconds(), "2026-03-09T00:00:00Z");
        assert_eq!(Timestamp::from_unix_time(Duration::MAX).date(), Date::MAX);
        assert_eq!(Timestamp::parse_with_or_without_zone("2026-03-09T14:22:07"), Some(moment));
    }
}
