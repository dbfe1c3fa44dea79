//! Whether a subscription may change at all, and its status.

use super::{bad_request_error, conflict_error, forbidden_error};
use crate::{
    catalog::{ProductKind, find_catalog_item},
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::{RENEWAL_DELAY_AFTER_TERM, SubscriptionKind, get_internal_field, renewal_moment, subscription_kind},
    timestamp::Timestamp,
};
use serde_json::Value;

/// Checks that a subscription is in a state in which anything of it can change.
pub(super) fn check_subscription_changeable(current: &Value, now: Timestamp) -> Result<(), ErrorResponse> {
    match string_at_path(current, &["status"]).unwrap_or_default() {
        "deleted" => Err(bad_request_error(2011, "The subscription is deleted and can no longer be changed.")),
        "pending" => Err(conflict_error(800_082, "The subscription is not ready yet. Retry later.")),
        "expired" | "disabled" => Err(bad_request_error(900_279, "The subscription has ended and cannot be changed.")),
        status => {
            let is_new_commerce = subscription_kind(current) != SubscriptionKind::Legacy;
            // The service renews, or ends, a subscription in the time after its last day.
            if is_new_commerce && now + RENEWAL_DELAY_AFTER_TERM >= renewal_moment(current) {
                return Err(if status == "active" && current["autoRenewEnabled"] == true {
                    bad_request_error(900_280, "The subscription is being renewed. Retry later.")
                } else {
                    bad_request_error(900_277, "The subscription is being expired and cannot be changed.")
                });
            }
            Ok(())
        }
    }
}

/// Checks that the status may change in this way, and that a suspended subscription changes in nothing else.
pub(super) fn check_subscription_status_change(
    current: &Value,
    next: &Value,
    body: &Value,
    now: Timestamp,
) -> Result<(), ErrorResponse> {
    let status = |subscription| string_at_path(subscription, &["status"]).unwrap_or_default();
    let kind = subscription_kind(current);
    match (status(current), status(next)) {
        ("deleted", _) => Err(bad_request_error(2011, "The subscription is deleted and can no longer be changed.")),
        ("suspended", "suspended") if kind == SubscriptionKind::Legacy && current["quantity"] != next["quantity"] => {
            Err(bad_request_error(2001, "The seats of a suspended subscription cannot be changed."))
        }
        ("suspended", "suspended") if has_changed_field(current, next, body) => {
            Err(bad_request_error(800_091, "The subscription is suspended. Activate it before it is changed."))
        }
        ("active", "active") => check_marketplace_subscription_activated(current),
        ("active" | "suspended", "active" | "suspended") => Ok(()),
        ("active" | "suspended", "deleted") => match kind {
            SubscriptionKind::Legacy => {
                Err(bad_request_error(800_096, "A legacy subscription cannot be cancelled. Suspend it instead."))
            }
            // It has no term, and can be cancelled at any time.
            SubscriptionKind::NewCommerce(ProductKind::AzurePlan) => Ok(()),
            SubscriptionKind::NewCommerce(_) => check_cancellation_window(current, now),
        },
        (from, to) => Err(bad_request_error(800_040, format!("The status cannot change from {from:?} to {to:?}."))),
    }
}

/// Checks that a subscription of the marketplace was activated.
fn check_marketplace_subscription_activated(current: &Value) -> Result<(), ErrorResponse> {
    let is_activated = get_internal_field(current, "activated").is_none_or(|activated| activated == true);
    if is_activated {
        return Ok(());
    }
    Err(bad_request_error(800_081, "The subscription has to be activated before it is changed."))
}

/// Whether a request changes anything of a suspended subscription. What it leaves out is no change.
fn has_changed_field(current: &Value, next: &Value, body: &Value) -> bool {
    FIELDS_FIXED_WHILE_SUSPENDED.iter().any(|name| body.get(*name).is_some() && current[*name] != next[*name])
        || body.get("scheduledNextTermInstructions").is_some_and(|sent| !sent.is_null())
        || body.get("scheduledActions").and_then(Value::as_array).is_some_and(|sent| !sent.is_empty())
}

const FIELDS_FIXED_WHILE_SUSPENDED: [&str; 5] =
    ["quantity", "friendlyName", "autoRenewEnabled", "billingCycle", "partnerId"];

/// Checks that a subscription can still be cancelled: its date counts, not its age.
fn check_cancellation_window(current: &Value, now: Timestamp) -> Result<(), ErrorResponse> {
    let until = string_at_path(current, &["cancellationAllowedUntilDate"]).and_then(Timestamp::parse);
    if until.is_some_and(|until| now <= until) {
        return Ok(());
    }
    let window =
        string_at_path(current, &["offerId"]).and_then(find_catalog_item).and_then(|item| item.cancellation_window());
    let (code, description) = match window {
        Some(window) if window.is_in_hours => {
            let hours = window.length.as_secs() / 3600;
            (900_213, format!("The {hours}-hour window for a cancellation has passed."))
        }
        _ => (900_117, "The 7-day window for a cancellation has passed.".to_owned()),
    };
    Err(bad_request_error(code, description))
}

/// Checks that what an order bought can be cancelled through the order, which holds for perpetual software alone.
pub(super) fn check_cancellable_by_order(
    offer_id: &str,
    ordered: Timestamp,
    now: Timestamp,
) -> Result<(), ErrorResponse> {
    let Some(item) = find_catalog_item(offer_id) else {
        return Err(bad_request_error(
            800_061,
            "A legacy order cannot be cancelled. Suspend its subscription instead.",
        ));
    };
    match (item.product.kind, item.cancellation_window()) {
        (ProductKind::PerpetualSoftware | ProductKind::SoftwareSubscription, Some(window)) => {
            if now <= ordered + window.length {
                return Ok(());
            }
            Err(bad_request_error(800_063, "The time within which the order can be cancelled has passed."))
        }
        (ProductKind::Reservation, _) => {
            Err(forbidden_error(800_019, "Only software can be cancelled outside Microsoft's integration sandbox."))
        }
        _ => {
            Err(forbidden_error(800_077, "The product is not cancelled by its order. Cancel its subscription instead."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check_cancellable_by_order, check_subscription_changeable, check_subscription_status_change};
    use crate::{
        behaviors::commerce::tests::code,
        timestamp::{ONE_DAY, Timestamp},
    };
    use serde_json::{Value, json};

    #[test]
    fn status_changes_as_documented() {
        let created = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        let subscription = |status: &str| {
            json!({
                "status": status,
                "cancellationAllowedUntilDate": "2026-03-07T23:59:00Z",
                "commitmentEndDate": "2027-02-28T00:00:00Z",
            })
        };
        for (from, to, expected) in [
            ("active", "suspended", 0),
            ("suspended", "active", 0),
            ("active", "deleted", 0),
            ("active", "expired", 800_040),
            ("deleted", "active", 2011),
        ] {
            let result = check_subscription_status_change(
                &subscription(from),
                &subscription(to),
                &Value::Null,
                created + ONE_DAY,
            );
            assert_eq!(code(result), expected, "{from} to {to}");
        }
        let late = check_subscription_status_change(
            &subscription("active"),
            &subscription("deleted"),
            &Value::Null,
            created + ONE_DAY * 7,
        );
        assert_eq!(code(late), 900_117);
        let mut more = subscription("suspended");
        more["quantity"] = 2.into();
        assert_eq!(code(check_subscription_status_change(&subscription("suspended"), &more, &more, created)), 800_091);

        let mut legacy = subscription("suspended");
        legacy["attributes"] = json!({ "etag": "x" });
        let mut changed = legacy.clone();
        changed["quantity"] = 2.into();
        assert_eq!(code(check_subscription_status_change(&legacy, &changed, &changed, created)), 2001);
        changed["status"] = "deleted".into();
        assert_eq!(code(check_subscription_status_change(&legacy, &changed, &changed, created)), 800_096);
    }

    #[test]
    fn subscription_of_the_marketplace_is_cancelled_within_hours() {
        let mut subscription = json!({ "status": "active", "offerId": "DZH318Z0MKT1:0001:DZH318Z0MKA1" });
        let cancelled = json!({ "status": "deleted" });
        let now = Timestamp::parse("2026-03-04T00:00:01Z").unwrap();
        assert_eq!(code(check_subscription_status_change(&subscription, &cancelled, &Value::Null, now)), 900_213);
        subscription["emulatorInternal"] = json!({ "activated": false });
        let renamed = json!({ "status": "active", "friendlyName": "x" });
        assert_eq!(code(check_subscription_status_change(&subscription, &renamed, &renamed, now)), 800_081);
    }

    #[test]
    fn ended_subscription_does_not_change() {
        let now = Timestamp::parse("2027-03-01T00:30:00Z").unwrap();
        for (status, renews, end, expected) in [
            ("active", true, "2027-12-31", 0),
            ("active", true, "2027-02-28", 900_280),
            ("active", false, "2027-02-28", 900_277),
            ("suspended", true, "2027-02-28", 900_277),
            ("expired", false, "2027-02-01", 900_279),
            ("disabled", false, "2026-12-01", 900_279),
            ("deleted", false, "2027-12-31", 2011),
            ("pending", true, "2027-12-31", 800_082),
        ] {
            let end = format!("{end}T00:00:00Z");
            let subscription = json!({ "status": status, "autoRenewEnabled": renews, "commitmentEndDate": end });
            assert_eq!(code(check_subscription_changeable(&subscription, now)), expected, "{status} until {end}");
        }
    }

    #[test]
    fn order_cancels_software_alone() {
        let ordered = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        for (offer, days, expected) in [
            ("DG7GMGF0THXD:0003:DG7GMGF0F128", 29, 0),
            ("DG7GMGF0THXD:0003:DG7GMGF0F128", 31, 800_063),
            ("CFQ7TTC069GL:0001:CFQ7TTC0G225", 1, 800_077),
            ("DZH318Z0MKT1:0001:DZH318Z0MKA1", 1, 800_077),
            ("DZH318Z0NF44:0047:DZH318Z0T44W", 1, 800_019),
            ("6C7FA2D1-43A5-4CE0-9A6B-3B6D2F5D1E70", 1, 800_061),
        ] {
            let result = check_cancellable_by_order(offer, ordered, ordered + ONE_DAY * days);
            assert_eq!(code(result), expected, "{offer} after {days} days");
        }
    }
}
