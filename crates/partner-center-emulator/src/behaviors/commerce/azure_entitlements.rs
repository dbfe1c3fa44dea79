//! The Azure subscriptions below an Azure plan, which the service calls entitlements.

use super::{bad_request_error, customer_path, forbidden_error, respond_with_list};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, stored::not_found_response},
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::is_azure_plan,
    resource_path::ResourcePath,
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
    store::{StateChange, generated_and_written_collection_items},
    timestamp::Timestamp,
};
use http::StatusCode;
use serde_json::Value;
use std::time::Duration;

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// The time from a cancellation, or a reactivation, until the status shows it.
const STATUS_DELAY: Duration = Duration::from_secs(10 * 60);

/// Lists the Azure subscriptions of a plan. Other subscriptions have none.
pub(super) fn list_entitlements(call: &OperationCall<'_>) -> Response {
    respond_with_list(call, generated_and_written_collection_items(call.state, &call.path, call.now))
}

/// Cancels an Azure subscription. It is still active in the response, and for some minutes.
pub(super) fn cancel_entitlement(call: &OperationCall<'_>) -> Response {
    let Some((path, entitlement)) = entitlement_of_action(call) else { return not_found_response(call) };
    if string_at_path(&call.body, &["cancellationReason"]) != Some("compromise") {
        return Err(bad_request_error(900_307, "An Azure subscription is cancelled only if it was compromised."));
    }
    let mut changes = Vec::new();
    if entitlement["status"] == "active" && !call.state.is_write_pending(&path, call.now) {
        changes.push(become_later(path, &entitlement, "inactive", call.now));
    }
    let response = call.respond_with_resource(entitlement, ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes })
}

/// Starts the reactivation of an Azure subscription. The response has no `Location`: the subscription itself shows it.
pub(super) fn reactivate_entitlement(call: &OperationCall<'_>) -> Response {
    let Some((path, entitlement)) = entitlement_of_action(call) else { return not_found_response(call) };
    let plan =
        path.split_last_segment().and_then(|(collection, _)| collection.split_last_segment().map(|(plan, _)| plan));
    let plan = plan.and_then(|plan| call.state.get_resource(&plan, call.now));
    if plan.is_none_or(|plan| plan["status"] != "active") {
        return Err(forbidden_error(900_335, "The Azure plan is not active, so that nothing below it can be."));
    }
    if entitlement["status"] != "inactive" || call.state.is_write_pending(&path, call.now) {
        return Err(bad_request_error(900_337, "The Azure subscription is not inactive."));
    }
    let changes = vec![become_later(path, &entitlement, "active", call.now)];
    let response = ServiceResponse::new(StatusCode::ACCEPTED, ResponseContent::Empty);
    Ok(ResponseWithChanges { response, changes })
}

/// Checks that a plan which shall be suspended has no active Azure subscription.
pub(super) fn check_plan_suspension(
    call: &OperationCall<'_>,
    current: &Value,
    next: &Value,
) -> Result<(), ErrorResponse> {
    let is_suspension = current["status"] == "active" && next["status"] == "suspended";
    if !is_suspension || !is_azure_plan(current) {
        return Ok(());
    }
    let entitlements = generated_and_written_collection_items(call.state, &call.path.child_path(COLLECTION), call.now);
    if entitlements.iter().any(|entitlement| entitlement["status"] == "active") {
        return Err(forbidden_error(900_115, "Azure subscriptions of the plan are active. Cancel them first."));
    }
    Ok(())
}

/// The last segment of the path of a plan's Azure subscriptions.
const COLLECTION: &str = "azureEntitlements";

/// Returns the Azure subscription that an action is for, with its path.
fn entitlement_of_action(call: &OperationCall<'_>) -> Option<(ResourcePath, Value)> {
    let parameter = |name| call.route.path_parameter(name).unwrap_or_default();
    let plan = customer_path(call).child_path("subscriptions").child_path(parameter("subscription-id"));
    let path = plan.child_path(COLLECTION).child_path(parameter("azure-entitlement-id"));
    let entitlement = call.state.get_resource(&path, call.now)?;
    Some((path, entitlement))
}

fn become_later(path: ResourcePath, entitlement: &Value, status: &str, now: Timestamp) -> StateChange {
    let mut next = entitlement.clone();
    next["status"] = status.into();
    StateChange::PutLater(path, next, now + STATUS_DELAY)
}
