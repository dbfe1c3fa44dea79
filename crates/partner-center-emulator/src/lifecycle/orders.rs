//! An order is `pending` until what it has bought is provisioned.

use super::{get_internal_field, internal_moment};
use crate::timestamp::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// The time until an order is completed and its subscriptions are active. That of the service is up to 15 minutes.
pub(crate) const ORDER_PROVISIONING_DURATION: Duration = Duration::from_secs(5);

/// Completes an order once it is provisioned: its line items then have their subscriptions.
pub(super) fn advance(order: &mut Value, now: Timestamp) {
    let is_provisioned = internal_moment(order, "provisionedAt").is_some_and(|moment| now >= moment);
    if !is_provisioned || order["status"] != "pending" {
        return;
    }
    order["status"] = "completed".into();
    let subscriptions =
        get_internal_field(order, "subscriptions").and_then(Value::as_array).cloned().unwrap_or_default();
    let line_items = order.get_mut("lineItems").and_then(Value::as_array_mut);
    for (line_item, subscription) in line_items.into_iter().flatten().zip(subscriptions) {
        if !subscription.is_null() {
            line_item["subscriptionId"] = subscription;
        }
    }
}
