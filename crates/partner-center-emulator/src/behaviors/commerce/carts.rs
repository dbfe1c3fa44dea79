//! Carts: line items with their prices and errors, which are bought by a checkout.

use super::{
    bad_request_error, check_account_validated, customer_path, forbidden_error, has_customer_agreement,
    invalid_property_error,
    orders::order_as_response,
    purchases::{BuyerContext, Purchase, PurchaseError, place_order},
};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, stored::not_found_response},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{get_internal_field, line_item_pricing, set_internal_field, without_internal_fields},
    resource::SelfLinks,
    service_response::ResourceKind,
    store::StateChange,
    timestamp::ONE_DAY,
};
use serde_json::{Value, json};

/// The number of days after which a cart expires.
const CART_LIFETIME_DAYS: u32 = 7;

/// The field with which a partner attests who the reseller is. The service documents it as required, and takes carts without it.
const PARTNER_ATTESTATION: &str = "partnerOnRecordAttestationAccepted";

/// Creates a cart. Line items that cannot be bought have an error in it, and no order group.
pub(super) fn create_cart(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    call.customer_in_path()?;
    let id = call.state.random_for_next_change("cart").random_guid().to_string();
    let now = call.now.to_string_in_microseconds();
    let mut cart = json!({
        "id": id,
        "creationTimestamp": now,
        "lastModifiedTimestamp": now,
        "expirationTimestamp": (call.now + ONE_DAY * CART_LIFETIME_DAYS).to_string_in_microseconds(),
        "lastModifiedUser": call.state.random_for_next_change("user of the cart").random_guid(),
        "status": "Active",
        "links": SelfLinks::new(format!("{}/{id}", call.route.link_path())),
        "attributes": { "objectType": "Cart" },
    });
    set_line_items_of_cart(call, &mut cart)?;
    let path = call.path.child_path(&id);
    let response = call.respond_with_resource(cart.clone(), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, cart)] })
}

/// Replaces the line items of a cart that was not checked out.
pub(super) fn update_cart(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some(mut cart) = call.state.get_resource_with_internal_fields(&call.path, call.now) else {
        return not_found_response(call);
    };
    if cart["status"] != "Active" {
        return Err(bad_request_error(800_065, "The cart was checked out already."));
    }
    set_line_items_of_cart(call, &mut cart)?;
    cart["lastModifiedTimestamp"] = call.now.to_string_in_microseconds().into();
    let response = call.respond_with_resource(without_internal_fields(cart.clone()), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), cart)] })
}

/// Takes over the line items of a request, with their prices or their errors.
fn set_line_items_of_cart(call: &OperationCall<'_>, cart: &mut Value) -> Result<(), ErrorResponse> {
    let sent = call.body["lineItems"].as_array().filter(|items| !items.is_empty());
    let sent = sent.ok_or_else(|| invalid_property_error("The cart needs at least one line item."))?;
    let buyer = BuyerContext::from_call(call);
    let mut order_groups = Vec::new();
    let mut line_items = Vec::new();
    for (number, line_item) in (0_i64..).zip(sent) {
        let mut line_item = without_null_fields(line_item.clone());
        if let Some(fields) = line_item.as_object_mut() {
            fields.retain(|name, _| !["error", "pricing", "orderGroup", "purchaseSystem"].contains(&name.as_str()));
            fields.entry("id").or_insert(number.into());
            fields.entry("currencyCode").or_insert(buyer.currency().0.into());
            fields.entry("provisioningContext").or_insert(json!({}));
        }
        if line_items.iter().any(|other: &Value| other["id"] == line_item["id"]) {
            return Err(invalid_property_error("Two line items have the same id."));
        }
        let with = catalog_item_ids_of_line_items(sent);
        match Purchase::check_line_item(call, &buyer, &line_item, &with) {
            Ok(purchase) => {
                let key = (purchase.billing_cycle.clone(), purchase.term.duration);
                let group = order_groups.iter().position(|known| *known == key).unwrap_or_else(|| {
                    order_groups.push(key);
                    order_groups.len() - 1
                });
                let (list_price, price) = purchase.list_price_and_price_to_pay();
                let prices = line_item_pricing(list_price, price, purchase.quantity);
                line_item["orderGroup"] = group.to_string().into();
                line_item["purchaseSystem"] = "Modern".into();
                line_item["pricing"] = prices;
            }
            Err(error) => line_item["error"] = purchase_error_as_json(&error),
        }
        line_items.push(line_item);
    }
    cart["lineItems"] = line_items.into();
    if let Some(accepted) = call.body.get("partnerOnRecordAttestationAccepted").filter(|sent| sent.is_boolean()) {
        cart["partnerOnRecordAttestationAccepted"] = accepted.clone();
    }
    Ok(())
}

fn catalog_item_ids_of_line_items(line_items: &[Value]) -> Vec<String> {
    let ids = line_items.iter().filter_map(|line_item| string_at_path(line_item, &["catalogItemId"]));
    ids.map(str::to_ascii_uppercase).collect()
}

fn purchase_error_as_json(error: &PurchaseError) -> Value {
    without_null_fields(json!({
        "errorCode": error.code,
        "errorDescription": error.description,
        "additionalInformation": error.additional_information,
    }))
}

/// Places an order for each order group of a cart, and returns an error for each that cannot be placed. A cart that was checked out
/// returns the same orders again; what has failed is tried again.
pub(super) fn check_out_cart(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let id = call.route.path_parameter("cart-id").unwrap_or_default();
    let path = customer_path(call).child_path("carts").child_path(id);
    let Some(mut cart) = call.state.get_resource_with_internal_fields(&path, call.now) else {
        return not_found_response(call);
    };
    let buyer = BuyerContext::from_call(call);
    let mut random = call.state.random_for_next_change("checkout");
    let line_items = cart["lineItems"].as_array().cloned().unwrap_or_default();
    let placed = get_internal_field(&cart, "placed").and_then(Value::as_object).cloned().unwrap_or_default();
    let (mut orders, mut errors, mut changes) = (placed.clone(), Vec::new(), Vec::new());
    let groups = group_line_items_by_order(&line_items);
    // What was placed is returned again, whatever has changed since.
    if groups.iter().any(|(group, _)| !placed.contains_key(group)) {
        check_account_validated(call)?;
        if !has_customer_agreement(call) {
            return Err(forbidden_error(13_605, "The customer has not accepted the Microsoft Customer Agreement."));
        }
        if cart[PARTNER_ATTESTATION] == false {
            return Err(bad_request_error(
                900_206,
                "The partner has not attested that the reseller of record is right.",
            ));
        }
    }
    for (group, items) in groups {
        if placed.contains_key(&group) {
            continue;
        }
        let with = catalog_item_ids_of_line_items(&line_items);
        let checked: Result<Vec<_>, _> =
            items.iter().map(|line_item| Purchase::check_line_item(call, &buyer, line_item, &with)).collect();
        match checked {
            Ok(purchases) => {
                let (order, order_changes) = place_order(call, &buyer, &purchases, &mut random);
                changes.extend(order_changes);
                orders.insert(group, order_as_response(order, false));
            }
            Err(error) => errors.push(json!({
                "orderGroupId": group,
                "code": error.error_code_outside_carts(),
                "description": error.description,
            })),
        }
    }
    let result = without_null_fields(json!({
        "orders": orders.values().collect::<Vec<_>>(),
        "orderErrors": (!errors.is_empty()).then_some(errors),
        "attributes": { "objectType": "CartCheckoutResult" },
    }));
    if orders.len() > placed.len() {
        cart["status"] = "Ordered".into();
        cart["lastModifiedTimestamp"] = call.now.to_string_in_microseconds().into();
        set_internal_field(&mut cart, "placed", orders);
        changes.push(StateChange::Put(path, cart));
    }
    Ok(ResponseWithChanges { response: call.respond_with_resource(result, ResourceKind::Other, true), changes })
}

/// Returns the line items of each order. A faulty one, which has no order group, is alone in the next one.
fn group_line_items_by_order(line_items: &[Value]) -> Vec<(String, Vec<&Value>)> {
    let mut groups: Vec<(String, Vec<&Value>)> = Vec::new();
    for line_item in line_items {
        let Some(group) = string_at_path(line_item, &["orderGroup"]) else { continue };
        match groups.iter_mut().find(|(known, _)| known == group) {
            Some((_, items)) => items.push(line_item),
            None => groups.push((group.to_owned(), vec![line_item])),
        }
    }
    for line_item in line_items.iter().filter(|line_item| line_item.get("orderGroup").is_none()) {
        groups.push((groups.len().to_string(), vec![line_item]));
    }
    groups
}
