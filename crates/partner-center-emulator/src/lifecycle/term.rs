//! The term of a subscription: whole days in UTC, of which the service names the last one.

use crate::{
    catalog::{months_of_billing_cycle, months_of_term},
    json_fields::string_at_path,
    timestamp::{Timestamp, add_months_to_date},
};
use serde_json::Value;
use time::Date;

/// A term, as the days it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) first_day: Date,
    /// The last day, which belongs to it.
    pub(crate) last_day: Date,
}

impl Term {
    /// Returns the term of a length such as `P1Y` from `first_day` on. It ends earlier on a day that was chosen, and is a month long
    /// if the length is none.
    pub(crate) fn new(first_day: Date, duration: &str, custom_last_day: Option<Date>) -> Self {
        let next = add_months_to_date(first_day, months_of_term(duration).unwrap_or(1));
        let last_day = next.previous_day().unwrap_or(next);
        let custom_last_day = custom_last_day.filter(|custom| (first_day..last_day).contains(custom));
        Self { first_day, last_day: custom_last_day.unwrap_or(last_day) }
    }
}

/// Returns the last day of the term of a subscription.
pub(crate) fn last_day_of_subscription(subscription: &Value) -> Option<Date> {
    string_at_path(subscription, &["commitmentEndDate"]).and_then(Timestamp::parse).map(Timestamp::date)
}

/// Returns the last day of the billing cycle that is running `now`.
pub(super) fn current_billing_cycle_end(term: Term, billing_cycle: &str, now: Timestamp) -> Date {
    let Some(months) = months_of_billing_cycle(billing_cycle) else { return term.last_day };
    let today = now.date();
    let passed = crate::timestamp::whole_months_between_dates(term.first_day, today) / months;
    let next = add_months_to_date(term.first_day, (passed + 1).saturating_mul(months));
    next.previous_day().unwrap_or(next).min(term.last_day)
}

/// Returns the last second of a day, as the service writes it.
pub(super) fn format_end_of_day(day: Date) -> String {
    format!("{}T23:59:59Z", iso_date(day))
}

pub(super) fn format_start_of_day(day: Date) -> String {
    format!("{}T00:00:00Z", iso_date(day))
}

pub(super) fn iso_date(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

#[cfg(test)]
mod tests {
    use super::{Term, current_billing_cycle_end, iso_date};
    use crate::timestamp::Timestamp;

    #[test]
    fn term_ends_on_its_last_day() {
        let day = |text: &str| Timestamp::parse(&format!("{text}T00:00:00Z")).unwrap().date();
        let year = Term::new(day("2021-01-14"), "P1Y", None);
        assert_eq!(iso_date(year.last_day), "2022-01-13");
        assert_eq!(iso_date(Term::new(day("2026-01-31"), "P1M", None).last_day), "2026-02-27");
        let aligned = Term::new(day("2021-01-14"), "P1Y", Some(day("2021-09-30")));
        assert_eq!(iso_date(aligned.last_day), "2021-09-30");
        assert_eq!(Term::new(day("2021-01-14"), "P1Y", Some(day("2023-01-01"))), year);
        for (billing_cycle, now, expected) in [
            ("monthly", "2021-01-14", "2021-02-13"),
            ("monthly", "2021-02-14", "2021-03-13"),
            ("monthly", "2021-12-20", "2022-01-13"),
            ("annual", "2021-02-14", "2022-01-13"),
            ("none", "2021-02-14", "2022-01-13"),
        ] {
            let now = Timestamp::start_of_date(day(now));
            assert_eq!(iso_date(current_billing_cycle_end(year, billing_cycle, now)), expected);
        }
    }
}
