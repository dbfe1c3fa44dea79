use std::{
    ops::{Add, Sub},
    time::Duration,
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// A moment of the emulator's clock, as the time since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(Duration);

impl Timestamp {
    pub(crate) const fn from_unix_time(since_1970: Duration) -> Self {
        Self(since_1970)
    }

    /// Parses a moment in UTC as the service writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?.to_offset(UtcOffset::UTC);
        u64::try_from(moment.unix_timestamp()).ok().map(|seconds| Self(Duration::from_secs(seconds)))
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
            .unwrap_or_else(|| MAX_DATE.to_owned())
    }

    /// Returns the moment in seconds, such as `2026-01-31T12:00:00Z`.
    pub(crate) fn to_string_in_seconds(self) -> String {
        Self(Duration::from_secs(self.0.as_secs())).to_string_in_microseconds()
    }
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
const MAX_DATE: &str = "9999-12-31T23:59:59Z";

pub(crate) const ONE_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::{ONE_DAY, Timestamp};
    use std::time::Duration;

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
}
