//! Entitlements: what a customer has from its orders of software and of reservations, of which subscriptions tell nothing.

use super::{customer_path, respond_with_list};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, customer_purchases::term_duration_of_line_item, example_items},
    catalog::{ProductKind, find_catalog_item},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::Term,
    store::generated_and_written_collection_items,
    timestamp::Timestamp,
};
use serde_json::{Value, json};

/// Lists the entitlements from all completed orders, or those of a type. The customers of the documentation have those of its
/// example as well.
pub(super) fn list_entitlements(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let orders_path = customer_path(call).child_path("orders");
    let orders = generated_and_written_collection_items(call.state, &orders_path, call.now);
    let completed = orders.iter().filter(|order| order["status"] == "completed");
    let is_documented = call.is_about_documented_customer();
    let mut entitlements = if is_documented { example_items(call.operation.id) } else { Vec::new() };
    // That from an order which was deleted is gone as well.
    entitlements.retain(|entitlement| {
        let order = string_at_path(entitlement, &["referenceOrder", "id"]);
        !order.is_some_and(|id| call.state.is_resource_deleted(&orders_path.child_path(id)))
    });
    entitlements.extend(completed.flat_map(entitlements_of_order));
    if let Some(wanted) = call.query.first_value("entitlementType") {
        entitlements.retain(|entitlement| {
            string_at_path(entitlement, &["entitlementType"]).is_some_and(|kind| kind.eq_ignore_ascii_case(wanted))
        });
    }
    let is_expiry_wanted = call.query.first_value("showExpiry").is_some_and(|shown| shown.eq_ignore_ascii_case("true"));
    if !is_expiry_wanted {
        for fields in entitlements.iter_mut().filter_map(Value::as_object_mut) {
            fields.remove("expiryDate");
        }
    }
    respond_with_list(call, entitlements)
}

/// Returns what an order entitles to. A line item that was cancelled has no quantity any more.
fn entitlements_of_order(order: &Value) -> Vec<Value> {
    let line_items = order["lineItems"].as_array().into_iter().flatten();
    line_items
        .filter(|line_item| line_item["quantity"] != 0)
        .filter_map(|it| entitlement_of_line_item(order, it))
        .collect()
}

fn entitlement_of_line_item(order: &Value, line_item: &Value) -> Option<Value> {
    let item = string_at_path(line_item, &["offerId"]).and_then(find_catalog_item)?;
    let kind = match item.product.kind {
        ProductKind::PerpetualSoftware | ProductKind::SoftwareSubscription => "software",
        ProductKind::Reservation => "reservedinstance",
        ProductKind::OnlineServices | ProductKind::Marketplace | ProductKind::AzurePlan => return None,
    };
    let ordered = string_at_path(order, &["creationDate"]).and_then(Timestamp::parse)?;
    let duration = term_duration_of_line_item(line_item).filter(|duration| !duration.is_empty());
    let expiry = duration.map(|duration| {
        let last_day = Term::new(ordered.date(), duration, None).last_day;
        Timestamp::start_of_date(last_day).to_string_in_seconds()
    });
    Some(without_null_fields(json!({
        "includedEntitlements": [],
        "referenceOrder": {
            "id": order["id"],
            "lineItemId": line_item["lineItemNumber"].to_string(),
            "alternateId": order["alternateId"],
        },
        "productId": item.product.id,
        "skuId": item.sku.id,
        "quantity": line_item["quantity"],
        "quantityDetails": [{ "quantity": line_item["quantity"], "status": "Active" }],
        "entitledArtifacts": [],
        "entitlementType": kind,
        "fulfillmentState": "Fulfilled",
        "expiryDate": expiry,
    })))
}
