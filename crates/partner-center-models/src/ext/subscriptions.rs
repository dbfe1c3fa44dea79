//! Until when a subscription can be cancelled, or have fewer seats. The service says so in dates; they are never computed from the
//! age of a subscription, as the windows differ by product and have changed.

use crate::{DateTime, Nullable, RefundType, Subscription, SubscriptionRefundOption, SubscriptionStatus};
use std::time::{SystemTime, UNIX_EPOCH};

impl Subscription {
    /// Returns the time until which the subscription can be cancelled, from `cancellationAllowedUntilDate`; `None` if it cannot be.
    ///
    /// The time may have passed: compare it, or use [`can_be_cancelled_at`](Self::can_be_cancelled_at).
    ///
    /// ```
    /// use partner_center_models::Subscription;
    ///
    /// let subscription: Subscription = serde_json::from_str(
    ///     r#"{"status": "active", "cancellationAllowedUntilDate": "2026-03-16T23:59:00Z"}"#,
    /// )?;
    /// let until = subscription.cancellable_until().map(|until| until.as_str());
    /// assert_eq!(until, Some("2026-03-16T23:59:00Z"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn cancellable_until(&self) -> Option<&DateTime> {
        let is_live = matches!(self.status, Some(SubscriptionStatus::Active | SubscriptionStatus::Suspended));
        self.cancellation_allowed_until_date.as_ref().filter(|_| is_live)
    }

    /// Whether the subscription can be cancelled at a time, such as [`SystemTime::now()`].
    #[must_use]
    #[inline]
    pub fn can_be_cancelled_at(&self, time: SystemTime) -> bool {
        self.cancellable_until().is_some_and(|until| !is_before_time(until, time))
    }

    /// Returns what part of the price is refunded if the subscription is cancelled at a time, from `refundOptions`: the first that
    /// has not expired by then. `None` if it cannot be cancelled, or nothing is refunded.
    ///
    /// ```
    /// use partner_center_models::{RefundType, Subscription};
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let subscription: Subscription = serde_json::from_str(
    ///     r#"{
    ///         "status": "active",
    ///         "cancellationAllowedUntilDate": "2026-03-16T23:59:00Z",
    ///         "refundOptions": [
    ///             {"type": "Full", "expiresAt": "2026-03-10T00:00:00Z"},
    ///             {"type": "Partial", "expiresAt": "2026-03-16T23:59:00Z"}
    ///         ]
    ///     }"#,
    /// )?;
    /// let march_12 = UNIX_EPOCH + Duration::from_secs(1_773_273_600);
    /// assert_eq!(subscription.refund_at(march_12), Some(&RefundType::Partial));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn refund_at(&self, time: SystemTime) -> Option<&RefundType> {
        let options = self.refund_options.as_deref().filter(|_| self.can_be_cancelled_at(time))?;
        options.iter().find(|option| !option.is_expired_at(time))?.type_.as_ref()
    }

    /// Returns how many seats can be removed at a time, from `refundableQuantity`: each purchase of seats has a window of its own.
    ///
    /// ```
    /// use partner_center_models::Subscription;
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let subscription: Subscription = serde_json::from_str(
    ///     r#"{
    ///         "status": "active",
    ///         "refundableQuantity": {"totalQuantity": 12, "details": [
    ///             {"quantity": 10, "allowedUntilDateTime": "2026-03-16T14:22:07Z"},
    ///             {"quantity": 2, "allowedUntilDateTime": "2026-03-18T09:03:51Z"}
    ///         ]}
    ///     }"#,
    /// )?;
    /// let march_17 = UNIX_EPOCH + Duration::from_secs(1_773_705_600);
    /// assert_eq!(subscription.removable_seats_at(march_17), 2);
    /// assert_eq!(
    ///     subscription.seats_removable_until(3).map(|until| until.as_str()),
    ///     Some("2026-03-16T14:22:07Z")
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn removable_seats_at(&self, time: SystemTime) -> i32 {
        let windows = self.removable_seats_with_deadlines().into_iter();
        windows
            .filter(|(until, _)| !is_before_time(until, time))
            .fold(0, |seats, (_, quantity)| seats.saturating_add(quantity))
    }

    /// Returns the time until which this many seats can be removed; `None` if so many cannot be removed at any time.
    #[must_use]
    #[inline]
    pub fn seats_removable_until(&self, seats: i32) -> Option<&DateTime> {
        let mut windows = self.removable_seats_with_deadlines();
        windows.sort_by_key(|(until, _)| std::cmp::Reverse(until.unix_seconds()));
        let mut sum = 0_i32;
        windows.into_iter().find_map(|(until, quantity)| {
            sum = sum.saturating_add(quantity);
            (sum >= seats).then_some(until)
        })
    }

    /// Returns the seats that can be removed, each with the time until which.
    #[inline]
    fn removable_seats_with_deadlines(&self) -> Vec<(&DateTime, i32)> {
        let details = self.refundable_quantity.as_ref().filter(|_| self.status == Some(SubscriptionStatus::Active));
        let details = details.and_then(|refundable| refundable.details.as_deref()).unwrap_or_default();
        let windows = details.iter().map(|detail| Some((detail.allowed_until_date_time.as_ref()?, detail.quantity?)));
        windows.flatten().collect()
    }
}

impl SubscriptionRefundOption {
    /// Whether the refund has expired at a time. One without `expiresAt` never does.
    #[must_use]
    #[inline]
    pub fn is_expired_at(&self, time: SystemTime) -> bool {
        match &self.expires_at {
            Some(Nullable::Value(until)) => is_before_time(until, time),
            _ => false,
        }
    }
}

/// Whether `until` is before `time`.
#[inline]
fn is_before_time(until: &DateTime, time: SystemTime) -> bool {
    let now = time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    until.unix_seconds() < now
}

#[cfg(test)]
mod tests {
    use crate::{RefundType, Subscription};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    fn subscription(status: &str) -> Subscription {
        serde_json::from_value(serde_json::json!({
            "status": status,
            "cancellationAllowedUntilDate": "2026-03-16T23:59:00Z",
            "refundOptions": [
                { "type": "Full", "expiresAt": "2026-03-10T00:00:00Z" },
                { "type": "Partial", "expiresAt": null },
            ],
            "refundableQuantity": { "totalQuantity": 12, "details": [
                { "quantity": 2, "allowedUntilDateTime": "2026-03-18T09:03:51.27716Z" },
                { "quantity": 10, "allowedUntilDateTime": "2026-03-16T14:22:07.441093Z" },
            ] },
        }))
        .unwrap()
    }

    fn at(text: &str) -> SystemTime {
        let seconds = text.parse::<crate::DateTime>().unwrap().unix_seconds();
        UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
    }

    #[test]
    fn cancellation_ends_at_its_date() {
        let active = subscription("active");
        for (time, refund) in [
            ("2026-03-09T14:22:07Z", Some(&RefundType::Full)),
            ("2026-03-11T00:00:00Z", Some(&RefundType::Partial)),
            ("2026-03-16T23:59:00Z", Some(&RefundType::Partial)),
            ("2026-03-16T23:59:01Z", None),
        ] {
            assert_eq!(active.refund_at(at(time)), refund, "{time}");
            assert_eq!(active.can_be_cancelled_at(at(time)), refund.is_some(), "{time}");
        }
        assert_eq!(subscription("deleted").cancellable_until(), None);
        assert_eq!(serde_json::from_str::<Subscription>("{}").unwrap().cancellable_until(), None);
        assert!(subscription("suspended").can_be_cancelled_at(at("2026-03-10T00:00:00Z")));
    }

    #[test]
    fn each_purchase_of_seats_has_its_window() {
        let active = subscription("active");
        for (time, seats) in [("2026-03-10T00:00:00Z", 12), ("2026-03-17T00:00:00Z", 2), ("2026-03-19T00:00:00Z", 0)] {
            assert_eq!(active.removable_seats_at(at(time)), seats, "{time}");
        }
        let until = |seats| active.seats_removable_until(seats).map(|until| until.as_str()[..10].to_owned());
        assert_eq!(until(1).as_deref(), Some("2026-03-18"));
        assert_eq!(until(2).as_deref(), Some("2026-03-18"));
        assert_eq!(until(3).as_deref(), Some("2026-03-16"));
        assert_eq!(until(13), None);
        assert_eq!(subscription("suspended").removable_seats_at(at("2026-03-10T00:00:00Z")), 0);
    }
}
