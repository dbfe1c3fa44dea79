//! Transfers of subscriptions between partners.
//!
//! ```text
//! new commerce:  Pending ──> InProgress (with line items) ──> Complete
//!                   └──> Cancel      └──> Reject
//! legacy:        Active ──> Complete | Reject | withdrawn
//! ```

use super::{
    bad_request_error, conflict_error, customer_path, overage::is_active_legacy_azure, respond_with_list,
    subscriptions_of_customer_in_path,
};
use crate::{
    behaviors::{
        OperationCall, ResponseWithChanges,
        customer_purchases::find_id_of_order_in_force,
        stored::{collection_items, not_found_response, respond_from_store},
    },
    catalog::ProductKind,
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{get_internal_field, is_azure_plan, set_internal_field, without_internal_fields},
    resource::SelfLinks,
    service_response::ResourceKind,
    store::StateChange,
    test_credentials::TENANT_ID,
};
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

const NEW_COMMERCE_PRODUCT_TYPE: &str = "OnlineServicesNCE";

pub(super) fn list_transfers(call: &OperationCall<'_>) -> Response {
    respond_with_list(call, collection_items(call).into_iter().map(|(_, transfer)| transfer).collect())
}

/// Creates a transfer: with line items it is one of legacy subscriptions, which their partner offers; without, it is one of new
/// commerce, which the partner that wants them requests.
pub(super) fn create_transfer(call: &OperationCall<'_>) -> Response {
    let text = |name: &str| string_at_path(&call.body, &[name]);
    let line_items = call.body["lineItems"].as_array().cloned().unwrap_or_default();
    let is_legacy = !line_items.is_empty();
    if !is_legacy && text("sourcePartnerTenantId").is_some_and(|source| source.eq_ignore_ascii_case(TENANT_ID)) {
        return Err(bad_request_error(900_148, "The source partner is the requesting partner."));
    }
    if !is_legacy && text("customerEmailId").is_none_or(str::is_empty) {
        return Err(bad_request_error(900_136, "The email address of the customer is missing."));
    }
    check_no_transfer_in_progress(call)?;
    check_azure_transfer(call)?;
    let mut random = call.state.random_for_next_change("transfer");
    let id = random.random_guid().to_string();
    let now = call.now.to_string_in_microseconds();
    let mut transfer = without_null_fields(call.body.clone());
    let line_items: Result<Vec<_>, _> = line_items
        .iter()
        .zip(0..)
        .map(|(line_item, number)| transfer_line_item_from_sent(call, line_item, number))
        .collect();
    let customer = call.route.path_parameter("customer-tenant-id").unwrap_or_default();
    let own = json!({
        "id": id,
        "status": if is_legacy { "Active" } else { "Pending" },
        "createdTime": now,
        "lastModifiedTime": now,
        "customerTenantId": customer,
        "partnertenantid": TENANT_ID,
        "lastModifiedUser": random.random_guid(),
        "lineItems": line_items?,
        "links": SelfLinks::new(format!("{}/{id}", call.route.link_path())),
        "attributes": { "objectType": "TransferEntity" },
    });
    crate::json_fields::merge_fields(&mut transfer, own);
    let response = call.respond_with_resource(transfer.clone(), ResourceKind::Other, true);
    set_internal_field(&mut transfer, "created", true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.child_path(&id), transfer)] })
}

/// Checks that no transfer from the same partner has got its line items and waits to be accepted.
fn check_no_transfer_in_progress(call: &OperationCall<'_>) -> Result<(), ErrorResponse> {
    let source = string_at_path(&call.body, &["sourcePartnerTenantId"]).unwrap_or_default();
    let mut transfers = call.state.written_or_deleted_collection_items(&call.path, call.now).into_iter();
    let is_in_progress = transfers.any(|(.., transfer)| {
        transfer.is_some_and(|transfer| {
            let other = string_at_path(&transfer, &["sourcePartnerTenantId"]).unwrap_or_default();
            status_of_transfer(&transfer) == "InProgress" && other.eq_ignore_ascii_case(source)
        })
    });
    if is_in_progress {
        return Err(conflict_error(900_101, "A transfer from this partner is in progress. Accept or reject it first."));
    }
    Ok(())
}

/// Checks that what a request wants of Azure can be transferred.
fn check_azure_transfer(call: &OperationCall<'_>) -> Result<(), ErrorResponse> {
    let wanted = call.body["targetProductTypes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_wanted = |kind: &str| wanted.clone().any(|wanted| wanted.eq_ignore_ascii_case(kind));
    let reservation =
        || find_id_of_order_in_force(call.state, &customer_path(call), &[ProductKind::Reservation], call.now);
    if is_wanted("AzureReservation") && reservation().is_some() {
        return Err(bad_request_error(900_145, "Azure reservations do not transfer. Cancel them first."));
    }
    if !is_wanted("AzureSubscription") {
        return Ok(());
    }
    let subscriptions = subscriptions_of_customer_in_path(call);
    if subscriptions.iter().any(is_active_legacy_azure) {
        return Err(bad_request_error(900_131, "The customer has legacy Azure subscriptions, which do not transfer."));
    }
    let plans: Vec<_> = subscriptions.iter().filter(|subscription| is_azure_plan(subscription)).collect();
    if plans.is_empty() {
        return Err(bad_request_error(900_133, "The customer has no Azure plan."));
    }
    if plans.iter().all(|plan| plan["status"] != "active") {
        return Err(bad_request_error(900_132, "The Azure plan of the customer is not active."));
    }
    Ok(())
}

/// Returns a line item with what is known of its subscription.
fn transfer_line_item_from_sent(
    call: &OperationCall<'_>,
    line_item: &Value,
    number: i64,
) -> Result<Value, ErrorResponse> {
    let id = string_at_path(line_item, &["subscriptionId"]).unwrap_or_default();
    let path = customer_path(call).child_path("subscriptions").child_path(id);
    let Some(subscription) = call.state.get_resource(&path, call.now) else {
        return Err(bad_request_error(800_002, format!("The customer has no subscription {id:?}.")));
    };
    if subscription["status"] != "active" {
        return Err(bad_request_error(800_002, format!("The subscription {id:?} is not active.")));
    }
    if string_at_path(&subscription, &["productType", "id"]) == Some("SaaS") {
        return Err(bad_request_error(900_146, "Products of other publishers do not transfer."));
    }
    let product = string_at_path(&subscription, &["productType", "id"]);
    Ok(without_null_fields(json!({
        "id": number,
        "subscriptionId": id.to_ascii_lowercase(),
        "offerId": subscription["offerId"],
        "billingCycle": subscription["billingCycle"],
        "friendlyName": subscription["friendlyName"],
        "quantity": subscription["quantity"],
        "partnerIdOnRecord": line_item.get("partnerIdOnRecord"),
        "productType": product,
        "addonItems": [],
        "status": product.map(|_| "InProgress"),
    })))
}

/// Returns a transfer that a request has created. That of the documentation has no states.
fn created_transfer_in_path(call: &OperationCall<'_>) -> Option<(crate::resource_path::ResourcePath, Value)> {
    let id = call.route.path_parameter("transfer-id").unwrap_or_default();
    let path = customer_path(call).child_path("transfers").child_path(id);
    let transfer = call.state.get_resource_with_internal_fields(&path, call.now)?;
    get_internal_field(&transfer, "created").is_some().then_some((path, transfer))
}

fn status_of_transfer(transfer: &Value) -> &str {
    string_at_path(transfer, &["status"]).unwrap_or_default()
}

fn wrong_transfer_state_error(status: &str) -> ErrorResponse {
    bad_request_error(900_102, format!("The transfer is {status}, which does not allow it."))
}

/// Rejects or cancels a transfer, or adds the subscriptions of the partner that has them.
pub(super) fn update_transfer(call: &OperationCall<'_>) -> Response {
    let Some((path, mut transfer)) = created_transfer_in_path(call) else { return respond_from_store(call) };
    let wanted = string_at_path(&call.body, &["status"]).map(str::to_ascii_lowercase);
    let is_open = |status: &str| matches!(status, "Active" | "Pending" | "InProgress");
    let line_items = call.body["lineItems"].as_array().cloned().unwrap_or_default();
    match (wanted.as_deref(), status_of_transfer(&transfer)) {
        (Some("reject"), status) if is_open(status) => transfer["status"] = "Reject".into(),
        (Some("cancel"), "Pending") => transfer["status"] = "Cancel".into(),
        (Some("reject" | "cancel"), status) => return Err(wrong_transfer_state_error(status)),
        (_, "Pending" | "InProgress") if !line_items.is_empty() => {
            let line_items: Result<Vec<_>, _> = line_items
                .iter()
                .zip(0..)
                .map(|(line_item, number)| transfer_line_item_from_sent(call, line_item, number))
                .collect();
            transfer["lineItems"] = line_items?.into();
            transfer["status"] = "InProgress".into();
        }
        (_, status) => return Err(wrong_transfer_state_error(status)),
    }
    transfer["lastModifiedTime"] = call.now.to_string_in_microseconds().into();
    let shown = without_internal_fields(transfer.clone());
    let response = call.respond_with_resource(shown, ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, transfer)] })
}

/// Withdraws a transfer of legacy subscriptions, which is gone then.
pub(super) fn withdraw_transfer(call: &OperationCall<'_>) -> Response {
    let Some((path, transfer)) = created_transfer_in_path(call) else { return respond_from_store(call) };
    if !matches!(status_of_transfer(&transfer), "Active" | "Pending") {
        return Err(wrong_transfer_state_error(status_of_transfer(&transfer)));
    }
    let response = call.respond_with_resource(json!({}), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Delete(path)] })
}

/// Accepts a transfer: its subscriptions are ordered by the partner that gets them.
pub(super) fn accept_transfer(call: &OperationCall<'_>) -> Response {
    let Some((path, mut transfer)) = created_transfer_in_path(call) else { return respond_from_store(call) };
    if !matches!(status_of_transfer(&transfer), "Active" | "InProgress") {
        return Err(wrong_transfer_state_error(status_of_transfer(&transfer)));
    }
    let order_id: String =
        call.state.random_for_next_change("order").random_guid().simple().to_string().chars().take(12).collect();
    let now = call.now.to_string_in_microseconds();
    let mut ordered = Vec::new();
    for (line_item, number) in transfer["lineItems"].as_array_mut().into_iter().flatten().zip(0..) {
        line_item["status"] = "Complete".into();
        ordered.push(json!({
            "lineItemNumber": number,
            "offerId": line_item["offerId"],
            "subscriptionId": line_item["subscriptionId"],
            "transactionType": "New",
            "friendlyName": line_item["friendlyName"],
            "quantity": line_item["quantity"],
            "links": {},
        }));
    }
    let billing_cycle = transfer.pointer("/lineItems/0/billingCycle").cloned().unwrap_or_else(|| "monthly".into());
    let customer = call.route.path_parameter("customer-tenant-id").unwrap_or_default();
    let order = json!({
        "id": order_id,
        "alternateId": order_id,
        "referenceCustomerId": customer,
        "billingCycle": billing_cycle,
        "currencyCode": "USD",
        "lineItems": ordered,
        "creationDate": now,
        "status": "completed",
        "transactionType": "UserPurchase",
        "links": SelfLinks::new(format!("/customers/{customer}/orders/{order_id}")),
        "attributes": { "objectType": "Order" },
    });
    transfer["status"] = "Complete".into();
    transfer["completedTime"] = now.as_str().into();
    transfer["lastModifiedTime"] = now.into();
    let result = json!({ "orders": [order], "attributes": { "objectType": "TransferSubmitResult" } });
    let order_path = customer_path(call).child_path("orders").child_path(&order_id);
    let changes = vec![StateChange::Put(path, transfer), StateChange::Put(order_path, order)];
    Ok(ResponseWithChanges { response: call.respond_with_resource(result, ResourceKind::Other, false), changes })
}

/// Says of each subscription of a customer whether it can be transferred.
pub(super) fn list_transfer_eligibilities(call: &OperationCall<'_>) -> Response {
    let subscriptions = subscriptions_of_customer_in_path(call);
    let eligibilities = subscriptions.iter().map(|subscription| {
        let kind = string_at_path(subscription, &["productType", "id"]);
        let reason = match string_at_path(subscription, &["status"]) {
            Some("active") if kind.is_none_or(|kind| kind == NEW_COMMERCE_PRODUCT_TYPE) => None,
            Some("active") => Some("The product does not transfer.".to_owned()),
            status => Some(format!("The subscription is {}.", status.unwrap_or("unknown"))),
        };
        let id = subscription["id"].as_str().map(str::to_ascii_lowercase);
        without_null_fields(json!({ "id": id, "isEligible": reason.is_none(), "reason": reason }))
    });
    respond_with_list(call, eligibilities.collect())
}

pub(super) fn get_transfer(call: &OperationCall<'_>) -> Response {
    match created_transfer_in_path(call) {
        Some((_, transfer)) => {
            let transfer = without_internal_fields(transfer);
            let response = call.respond_with_resource(transfer, ResourceKind::Other, false);
            Ok(ResponseWithChanges::without_changes(response))
        }
        None if call.state.is_resource_deleted(&call.path) => not_found_response(call),
        None => respond_from_store(call),
    }
}
