//! Overage: the Azure subscription that calls and the like are billed to when they go beyond the licenses of a customer.

use super::{customer_path, forbidden_error, respond_with_list, subscriptions_of_customer_in_path};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, example_items},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{is_azure_plan, is_legacy_azure},
    resource::ResourceLink,
    service_response::ResourceKind,
    store::{StateChange, generated_and_written_collection_items},
};
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// Lists the overage of a customer, which it has once it was set. The customers of the documentation have that of its example.
pub(super) fn list_overage(call: &OperationCall<'_>) -> Response {
    check_no_legacy_azure(call)?;
    let overage = call.state.get_resource(&call.path, call.now);
    let is_documented = call.is_about_documented_customer();
    let overage = match overage {
        Some(overage) => vec![overage],
        None if is_documented => example_items(call.operation.id),
        None => Vec::new(),
    };
    respond_with_list(call, overage)
}

/// Sets the overage of a customer. Without an Azure subscription in the request, it is one of the customer's, or a new one.
pub(super) fn update_overage(call: &OperationCall<'_>) -> Response {
    check_no_legacy_azure(call)?;
    let link = call.route.link_path();
    let sent = string_at_path(&call.body, &["azureEntitlementId"]).filter(|id| !id.is_empty());
    let others = call.state.written_resources_matching(call.now, |segments| {
        matches!(segments, ["v1", "customers", _, "subscriptions", "overage"])
    });
    let is_of_another = |other: &Value| {
        let own_link = string_at_path(other, &["links", "overage", "uri"]);
        let has_other_link = own_link.is_none_or(|own| !own.eq_ignore_ascii_case(&link));
        let id = string_at_path(other, &["azureEntitlementId"]);
        has_other_link && id.zip(sent).is_some_and(|(id, sent)| id.eq_ignore_ascii_case(sent))
    };
    if others.iter().any(is_of_another) {
        return Err(forbidden_error(800_115, "Another customer has its overage billed to this Azure subscription."));
    }
    let id = sent.map(str::to_ascii_lowercase).or_else(|| find_active_azure_entitlement_id(call));
    let id = id.unwrap_or_else(|| call.state.random_for_next_change("overage").random_guid().to_string());
    let overage = without_null_fields(json!({
        "azureEntitlementId": id,
        "partnerId": call.body.get("partnerId"),
        "type": "PhoneServices",
        "overageEnabled": call.body["overageEnabled"] == true,
        "links": { "overage": ResourceLink::new(link) },
        "attributes": { "objectType": "Overage" },
    }));
    let response = call.respond_with_resource(overage.clone(), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), overage)] })
}

/// Checks that the customer has no legacy Azure subscription, with which it has no overage.
fn check_no_legacy_azure(call: &OperationCall<'_>) -> Result<(), ErrorResponse> {
    if subscriptions_of_customer_in_path(call).iter().any(is_active_legacy_azure) {
        return Err(forbidden_error(800_112, "A customer with legacy Azure subscriptions cannot have overage."));
    }
    Ok(())
}

/// Whether a subscription is an active one of Azure, of before new commerce.
pub(super) fn is_active_legacy_azure(subscription: &Value) -> bool {
    is_legacy_azure(subscription) && subscription["status"] == "active"
}

/// Returns an active Azure subscription below an Azure plan of the customer.
fn find_active_azure_entitlement_id(call: &OperationCall<'_>) -> Option<String> {
    let subscriptions = subscriptions_of_customer_in_path(call);
    subscriptions.iter().filter(|subscription| is_azure_plan(subscription)).find_map(|plan| {
        let path = customer_path(call).child_path("subscriptions").child_path(plan["id"].as_str()?);
        let below = generated_and_written_collection_items(call.state, &path.child_path("azureEntitlements"), call.now);
        let active = below.iter().find(|below| below["status"] == "active")?;
        active["id"].as_str().map(str::to_owned)
    })
}
