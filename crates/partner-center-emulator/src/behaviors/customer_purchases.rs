//! What a customer has bought, for what depends on it: licenses, usage, costs, the end of the relationship and the deletion.

use crate::{
    catalog::{ProductKind, find_catalog_item, months_of_term},
    json_fields::string_at_path,
    resource_path::ResourcePath,
    store::{State, generated_and_written_collection_items},
    timestamp::{Timestamp, add_months_to_date},
};
use serde_json::Value;

/// Returns all subscriptions of the customer at `customer`.
pub(super) fn subscriptions_of_customer(state: &State, customer: &ResourcePath, now: Timestamp) -> Vec<Value> {
    generated_and_written_collection_items(state, &customer.child_path("subscriptions"), now)
}

/// Returns the identifier of an order of the customer at `customer` with a product of one of `kinds` that is in force: that was
/// neither cancelled nor has come to its end.
pub(super) fn find_id_of_order_in_force(
    state: &State,
    customer: &ResourcePath,
    kinds: &[ProductKind],
    now: Timestamp,
) -> Option<String> {
    let is_in_force = |order: &Value, line_item: &Value| {
        let item = string_at_path(line_item, &["offerId"]).and_then(find_catalog_item);
        let kind = item.map(|item| item.product.kind).filter(|kind| kinds.contains(kind));
        let is_cancelled = line_item["quantity"] == 0;
        kind.is_some_and(|kind| !is_cancelled && !has_line_item_ended(state, customer, kind, order, line_item, now))
    };
    let orders = generated_and_written_collection_items(state, &customer.child_path("orders"), now).into_iter();
    let mut orders = orders.filter(|order| order["status"] != "cancelled");
    let order = orders.find(|order| {
        let mut line_items = order["lineItems"].as_array().into_iter().flatten();
        line_items.any(|line_item| is_in_force(order, line_item))
    })?;
    string_at_path(&order, &["id"]).map(str::to_owned)
}

/// Whether what a line item has bought has come to its end: its subscription, or the term of what makes no subscription.
fn has_line_item_ended(
    state: &State,
    customer: &ResourcePath,
    kind: ProductKind,
    order: &Value,
    line_item: &Value,
    now: Timestamp,
) -> bool {
    if kind.makes_subscription() {
        let id = string_at_path(line_item, &["subscriptionId"]);
        let path = id.map(|id| customer.child_path("subscriptions").child_path(id));
        let subscription = path.and_then(|path| state.get_resource(&path, now));
        return subscription.is_some_and(|subscription| {
            matches!(string_at_path(&subscription, &["status"]), Some("deleted" | "disabled" | "expired"))
        });
    }
    let months = term_duration_of_line_item(line_item).and_then(months_of_term);
    let ordered = string_at_path(order, &["creationDate"]).and_then(Timestamp::parse);
    months.zip(ordered).is_some_and(|(months, ordered)| add_months_to_date(ordered.date(), months) <= now.date())
}

/// Returns the duration of the term of a line item: one that names none is for the first term of the product.
pub(super) fn term_duration_of_line_item(line_item: &Value) -> Option<&str> {
    let first_term = || {
        let item = string_at_path(line_item, &["offerId"]).and_then(find_catalog_item)?;
        item.availability.terms.first().map(|term| term.duration)
    };
    string_at_path(line_item, &["termDuration"]).or_else(first_term)
}
