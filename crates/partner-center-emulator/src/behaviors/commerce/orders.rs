//! Orders: placed directly or by the checkout of a cart, and cancelled as far as they can be.

use super::{
    bad_request_error,
    cancellation::check_cancellable_by_order,
    check_account_validated, conflict_error, customer_path, forbidden_error, has_customer_agreement,
    invalid_property_error,
    purchases::{BuyerContext, Purchase, place_order},
    respond_with_list,
    subscriptions::apply_effects_of_new_status,
};
use crate::{
    behaviors::{
        OperationCall, ResponseWithChanges,
        stored::{collection_items, not_found_response},
    },
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::{SubscriptionKind, subscription_kind, without_internal_fields},
    pages::PageRequest,
    resource::SelfLinks,
    service_response::ResourceKind,
    store::{StateChange, population::legacy_subscription_etag},
    timestamp::Timestamp,
};
use http::StatusCode;
use serde_json::{Value, json};

/// Lists the orders of a customer, or those of a billing cycle. Prices are in them only if they are requested.
pub(super) fn list_orders(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let wanted = call.query.first_value("billingType").map(comparable_billing_cycle);
    let mut orders = collection_items(call);
    orders.retain(|(_, order)| {
        let billing_cycle = string_at_path(order, &["billingCycle"]).map(comparable_billing_cycle);
        wanted.is_none() || billing_cycle == wanted
    });
    let orders =
        orders.into_iter().map(|(number, order)| (number, order_as_response(order, are_prices_requested(call))));
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?
        .respond_with_page(call, response, orders.collect())
        .map(ResponseWithChanges::without_changes)
}

pub(super) fn get_order(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some(order) = call.state.get_resource(&call.path, call.now) else { return not_found_response(call) };
    let order = order_as_response(order, are_prices_requested(call));
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(order, ResourceKind::Other, false)))
}

/// Returns a billing cycle in the spelling that all spellings have in common: `onetime`.
fn comparable_billing_cycle(billing_cycle: &str) -> String {
    billing_cycle.replace('_', "").to_ascii_lowercase()
}

fn are_prices_requested(call: &OperationCall<'_>) -> bool {
    call.query.first_value("include_price").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Returns an order as the service sends it, with prices if they were requested.
pub(super) fn order_as_response(order: Value, with_prices: bool) -> Value {
    let mut order = without_internal_fields(order);
    if with_prices {
        return order;
    }
    if let Some(fields) = order.as_object_mut() {
        fields.remove("totalPrice");
    }
    for line_item in order.get_mut("lineItems").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(fields) = line_item.as_object_mut() {
            fields.remove("pricing");
        }
    }
    order
}

/// Places an order without a cart. All of its line items are bought, or none.
pub(super) fn create_order(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    call.customer_in_path()?;
    check_account_validated(call)?;
    let line_items = call.body["lineItems"].as_array().filter(|items| !items.is_empty());
    let line_items = line_items.ok_or_else(|| invalid_property_error("The order needs at least one line item."))?;
    let has_right_number = |(line_item, number): (&Value, i64)| line_item["lineItemNumber"] == number;
    if !line_items.iter().zip(0..).all(has_right_number) {
        return Err(bad_request_error(800_071, "The line item numbers must count from 0 without a gap."));
    }
    if !has_customer_agreement(call) {
        return Err(forbidden_error(13_605, "The customer has not accepted the Microsoft Customer Agreement."));
    }
    line_items.iter().try_for_each(|line_item| check_parent_subscription_active(call, line_item))?;
    let buyer = BuyerContext::from_call(call);
    let billing_cycle = call.body.get("billingCycle").cloned().unwrap_or_default();
    // In an order the billing cycle is that of all line items.
    let line_items: Vec<_> = line_items
        .iter()
        .map(|line_item| {
            let mut line_item = line_item.clone();
            line_item["billingCycle"] = billing_cycle.clone();
            line_item
        })
        .collect();
    let offers: Vec<_> = line_items
        .iter()
        .filter_map(|line_item| string_at_path(line_item, &["offerId"]).map(str::to_ascii_uppercase))
        .collect();
    let mut purchases = Vec::new();
    for line_item in &line_items {
        purchases.push(Purchase::check_line_item(call, &buyer, line_item, &offers).map_err(|error| {
            let code = error.error_code_outside_carts();
            let status = if code == 400_019 { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
            ErrorResponse::documented_error(status, code, error.description)
        })?);
    }
    let mut random = call.state.random_for_next_change("order");
    let (order, changes) = place_order(call, &buyer, &purchases, &mut random);
    let response = call.respond_with_resource(order_as_response(order, false), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes })
}

/// Checks that the subscription which a line item is an add-on to, if it names one, is active.
fn check_parent_subscription_active(call: &OperationCall<'_>, line_item: &Value) -> Result<(), ErrorResponse> {
    let Some(parent) = string_at_path(line_item, &["parentSubscriptionId"]).filter(|parent| !parent.is_empty()) else {
        return Ok(());
    };
    let path = customer_path(call).child_path("subscriptions").child_path(parent);
    let parent = call.state.get_resource(&path, call.now);
    if parent.is_none_or(|parent| parent["status"] != "active") {
        return Err(parent_not_active_error());
    }
    Ok(())
}

fn parent_not_active_error() -> ErrorResponse {
    conflict_error(27_009, "The subscription that the add-on is added to is not active.")
}

/// Changes an order in one of the three ways that there are: it is cancelled, or a legacy subscription of it gets another billing
/// cycle or an add-on.
pub(super) fn update_order(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref path, now, ref body, .. } = *call;
    let Some(mut order) = state.get_resource_with_internal_fields(path, now) else { return not_found_response(call) };
    let mut changes = Vec::new();
    let sent = body["lineItems"].as_array().map_or(&[][..], Vec::as_slice);
    let is_same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let wanted_status = string_at_path(body, &["status"]);
    let has_status = |wanted: &str| string_at_path(&order, &["status"]).is_some_and(|status| is_same(status, wanted));
    if wanted_status.is_some_and(|wanted| is_same(wanted, "cancelled")) {
        cancel_line_items(call, &mut order, sent, &mut changes)?;
    } else if let Some(wanted) = wanted_status.filter(|wanted| !has_status(wanted)) {
        let description = format!("An order does not become {wanted:?} by a request. It can be `cancelled`.");
        return Err(bad_request_error(800_072, description));
    } else if sent.iter().any(|line_item| line_item["parentSubscriptionId"].is_string()) {
        for line_item in sent {
            add_legacy_add_on_to_order(call, &mut order, line_item, &mut changes)?;
        }
    } else {
        for line_item in sent {
            change_legacy_billing_cycle(call, &mut order, line_item, &mut changes)?;
        }
    }
    changes.push(StateChange::Put(path.clone(), order.clone()));
    let response = call.respond_with_resource(order_as_response(order, false), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes })
}

/// Cancels the line items that a request names, or all of them. Their quantity is 0 then, and the order is cancelled with the last.
fn cancel_line_items(
    call: &OperationCall<'_>,
    order: &mut Value,
    sent: &[Value],
    changes: &mut Vec<StateChange>,
) -> Result<(), ErrorResponse> {
    let pending_change_error = || conflict_error(800_014, "Another change of the order is pending. Retry later.");
    if order["status"] == "pending" {
        return Err(pending_change_error());
    }
    let ordered = string_at_path(order, &["creationDate"]).and_then(Timestamp::parse).unwrap_or_default();
    let line_items = order.get_mut("lineItems").and_then(Value::as_array_mut);
    let line_items = line_items.ok_or_else(|| invalid_property_error("The order has no line items."))?;
    let is_named = |line_item: &Value| {
        sent.is_empty() || sent.iter().any(|sent| sent["lineItemNumber"] == line_item["lineItemNumber"])
    };
    let subscriptions = customer_path(call).child_path("subscriptions");
    for line_item in line_items.iter_mut().filter(|line_item| is_named(line_item)) {
        let offer = string_at_path(line_item, &["offerId"]).unwrap_or_default();
        check_cancellable_by_order(offer, ordered, call.now)?;
        if let Some(id) = string_at_path(line_item, &["subscriptionId"]) {
            let path = subscriptions.child_path(id);
            if call.state.is_write_pending(&path, call.now) {
                return Err(pending_change_error());
            }
            if let Some(subscription) = call.state.get_resource_with_internal_fields(&path, call.now) {
                let mut cancelled = subscription.clone();
                cancelled["status"] = "deleted".into();
                apply_effects_of_new_status(&subscription, &mut cancelled, call.now);
                changes.push(StateChange::Put(path, cancelled));
            }
        }
        line_item["quantity"] = 0.into();
    }
    if line_items.iter().all(|line_item| line_item["quantity"] == 0) {
        order["status"] = "cancelled".into();
    }
    Ok(())
}

/// Returns the legacy subscription in a field of a line item, with its path.
fn legacy_subscription_in_field(
    call: &OperationCall<'_>,
    line_item: &Value,
    field: &str,
) -> Result<(crate::resource_path::ResourcePath, Value), ErrorResponse> {
    let id = string_at_path(line_item, &[field]).unwrap_or_default();
    let path = customer_path(call).child_path("subscriptions").child_path(id);
    let subscription = call.state.get_resource_with_internal_fields(&path, call.now);
    match subscription.filter(|subscription| subscription_kind(subscription) == SubscriptionKind::Legacy) {
        Some(subscription) => Ok((path, subscription)),
        None => {
            Err(bad_request_error(800_085, format!("The {field} of a line item is not that of a legacy subscription.")))
        }
    }
}

/// The billing cycles of legacy offers.
const LEGACY_BILLING_CYCLES: [&str; 2] = ["monthly", "annual"];

fn change_legacy_billing_cycle(
    call: &OperationCall<'_>,
    order: &mut Value,
    line_item: &Value,
    changes: &mut Vec<StateChange>,
) -> Result<(), ErrorResponse> {
    let (path, mut subscription) = legacy_subscription_in_field(call, line_item, "subscriptionId")?;
    if let Some(billing_cycle) = string_at_path(&call.body, &["billingCycle"]).map(str::to_ascii_lowercase) {
        if subscription["status"] != "active" {
            return Err(bad_request_error(6000, "A subscription of the order is not active."));
        }
        if !LEGACY_BILLING_CYCLES.contains(&billing_cycle.as_str()) {
            let description = format!("The offer is not billed {billing_cycle:?}, but by {LEGACY_BILLING_CYCLES:?}.");
            return Err(bad_request_error(6001, description));
        }
        subscription["billingCycle"] = billing_cycle.as_str().into();
        order["billingCycle"] = billing_cycle.into();
    }
    changes.push(StateChange::Put(path, subscription));
    Ok(())
}

fn add_legacy_add_on_to_order(
    call: &OperationCall<'_>,
    order: &mut Value,
    line_item: &Value,
    changes: &mut Vec<StateChange>,
) -> Result<(), ErrorResponse> {
    let (path, parent) = legacy_subscription_in_field(call, line_item, "parentSubscriptionId")?;
    if parent["status"] != "active" {
        return Err(parent_not_active_error());
    }
    let id = call.state.random_for_next_change("add-on").random_guid();
    let add_on = new_legacy_add_on(call, &parent, line_item, &id.to_string().to_uppercase());
    let mut ordered = line_item.clone();
    let line_items = order.get_mut("lineItems").and_then(Value::as_array_mut);
    if let Some(line_items) = line_items {
        ordered["lineItemNumber"] = line_items.len().into();
        ordered["subscriptionId"] = add_on["id"].clone();
        line_items.push(ordered);
    }
    if let Some((collection, _)) = path.split_last_segment() {
        changes.push(StateChange::Put(collection.child_path(&id.to_string()), add_on));
    }
    Ok(())
}

/// Returns an add-on of a legacy subscription, which is a subscription, too.
fn new_legacy_add_on(call: &OperationCall<'_>, parent: &Value, line_item: &Value, id: &str) -> Value {
    let offer = string_at_path(line_item, &["offerId"]).unwrap_or_default();
    let name = string_at_path(line_item, &["friendlyName"]).unwrap_or(offer);
    let customer = call.route.path_parameter("customer-tenant-id").unwrap_or_default();
    let mut add_on = parent.clone();
    add_on["id"] = id.into();
    add_on["offerId"] = offer.into();
    add_on["offerName"] = name.into();
    add_on["friendlyName"] = name.into();
    add_on["quantity"] = line_item["quantity"].clone();
    add_on["parentSubscriptionId"] = parent["id"].clone();
    add_on["creationDate"] = call.now.to_string_in_microseconds().into();
    add_on["links"] = json!(SelfLinks::new(format!("/customers/{customer}/subscriptions/{id}")));
    add_on["attributes"]["etag"] = legacy_subscription_etag(id, 1).into();
    add_on
}

/// Says of each line item of an order whether it is provisioned.
pub(super) fn get_provisioning_status(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some(order) = order_in_path(call) else { return not_found_response(call) };
    let status = if order["status"] == "pending" { "PrefulfillmentPending" } else { "Fulfilled" };
    let line_items = order["lineItems"].as_array().into_iter().flatten();
    let statuses = line_items.map(|line_item| {
        json!({
            "orderLineItemId": line_item["lineItemNumber"],
            "lineItemNumber": line_item["lineItemNumber"],
            "status": status,
            "quantityProvisioningInformation": [{ "quantity": line_item["quantity"], "status": status }],
        })
    });
    respond_with_list(call, statuses.collect())
}

/// Returns the order whose sub-resource a request is for.
pub(super) fn order_in_path(call: &OperationCall<'_>) -> Option<Value> {
    let path = customer_path(call).child_path("orders").child_path(call.route.path_parameter("order-id")?);
    call.state.get_resource(&path, call.now)
}
