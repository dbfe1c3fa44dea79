//! What holds for every subscription at any time, and for its changes.

use super::command::is_legacy;
use partner_center::models::DateTime;
use serde_json::Value;

const DAY: i64 = 24 * 60 * 60;

/// Checks what holds for every subscription at any time.
pub(super) fn check_subscription(sent: &Value, now: i64) {
    let status = sent["status"].as_str().unwrap();
    let quantity = sent["quantity"].as_i64().unwrap();
    let refundable = sent["refundableQuantity"]["totalQuantity"].as_i64().unwrap_or_default();
    let is_new_commerce = !is_legacy(sent);
    assert!(quantity >= 1, "{sent}");
    assert!((0..=quantity).contains(&refundable), "{sent}");
    assert_eq!(refundable, seats_that_can_be_removed(sent, now), "{sent}");
    assert!(sent.get("emulatorInternal").is_none(), "{sent}");
    if is_new_commerce && matches!(status, "active" | "suspended") {
        // The service takes an hour here, and up to a day in truth, to renew.
        assert!(moment(sent, "commitmentEndDateTime").unwrap() + DAY >= now, "{sent}");
        assert!(moment(sent, "effectiveStartDate").unwrap() <= now + 60, "{sent}");
        assert!(moment(sent, "billingCycleEndDateTime").unwrap() + DAY >= now, "{sent}");
    }
    if let Some(until) = moment(sent, "cancellationAllowedUntilDate") {
        assert!(until >= now && matches!(status, "active" | "suspended" | "pending"), "{sent}");
    }
    for scheduled in ["scheduledNextTermInstructions", "scheduledActions"] {
        let is_scheduled = sent.get(scheduled).is_some();
        let becomes_another = sent["autoRenewEnabled"] == true || sent["isTrial"] == true;
        assert!(!is_scheduled || (status == "active" && becomes_another), "{sent}");
    }
    if sent.get("nextChargeInstructions").is_some() {
        assert!(matches!(status, "active" | "suspended"), "{sent}");
    }
    if matches!(status, "expired" | "disabled" | "deleted") && is_new_commerce {
        assert_eq!(sent["autoRenewEnabled"], false, "{sent}");
    }
}

/// Returns the seats whose window is open.
pub(super) fn seats_that_can_be_removed(subscription: &Value, now: i64) -> i64 {
    let details = subscription["refundableQuantity"]["details"].as_array().into_iter().flatten();
    let open = details.filter(|detail| is_past(detail, "allowedUntilDateTime", now) == Some(false));
    open.map(|detail| detail["quantity"].as_i64().unwrap()).sum()
}

/// Whether the moment in a field is over; `None` if there is none.
pub(super) fn is_past(value: &Value, name: &str, now: i64) -> Option<bool> {
    moment(value, name).map(|moment| moment < now)
}

fn moment(value: &Value, name: &str) -> Option<i64> {
    value[name].as_str().map(|text| text.parse::<DateTime>().unwrap().unix_seconds())
}

/// Whether the service documents that a subscription goes from one status to another, directly or with others between, as time may
/// have passed.
pub(super) fn is_documented_change(from: &str, to: &str) -> bool {
    let order = |status: &str| {
        ["pending", "active", "suspended", "expired", "disabled", "deleted"].iter().position(|known| *known == status)
    };
    match (from, to) {
        (from, to) if from == to => true,
        ("active" | "suspended", "active" | "suspended") => true,
        // A suspended one is not renewed, and does not expire: it is disabled.
        ("suspended", "expired") | (_, "pending") => false,
        (from, to) => order(from) < order(to),
    }
}

/// Returns the seats of all subscriptions that are live.
pub(super) fn live_seats<'a>(subscriptions: impl IntoIterator<Item = &'a Value>) -> i64 {
    let live = subscriptions.into_iter().filter(|subscription| subscription["status"] != "deleted");
    live.map(|subscription| subscription["quantity"].as_i64().unwrap()).sum()
}
