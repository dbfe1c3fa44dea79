//! The directory roles of a customer, and the users who have them.

use super::{
    OperationCall, ResponseWithChanges,
    stored::{self, not_found_error},
    users::active_user,
};
use crate::{
    error_response::ErrorResponse,
    json_fields::string_at_path,
    pages::PageRequest,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{
        StateChange,
        population::{directory_role_member, generated_collection_items},
    },
};
use http::StatusCode;
use serde_json::Value;

/// Lists the roles that a user has.
pub(super) fn list_user_roles(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref path, now, .. } = *call;
    let (user, _) = path.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    active_user(state, &user, now).ok_or_else(|| not_found_error(call.operation))?;
    let (users, user) = user.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    let (customer, _) = users.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    let roles = customer.child_path("directoryroles");
    let mut items = generated_collection_items(state, &roles, now).unwrap_or_default();
    items.retain(|role| {
        let id = string_at_path(role, &["id"]).unwrap_or_default();
        state.get_resource(&roles.child_path(id).child_path("usermembers").child_path(user), now).is_some()
    });
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?
        .respond_with_page(call, response, (0..).zip(items).collect())
        .map(ResponseWithChanges::without_changes)
}

/// Lists the users who have a role.
pub(super) fn list_role_members(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let users = users_path(call)?;
    let mut members = stored::collection_items(call);
    members.retain(|(_, member)| {
        let id = string_at_path(member, &["id"]).unwrap_or_default();
        active_user(call.state, &users.child_path(id), call.now).is_some()
    });
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?.respond_with_page(call, response, members).map(ResponseWithChanges::without_changes)
}

/// Gives a role to a user.
pub(super) fn add_role_member(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref path, now, .. } = *call;
    let id = string_at_path(&call.body, &["id"]).unwrap_or_default();
    let user = active_user(state, &users_path(call)?.child_path(id), now).ok_or_else(|| {
        ErrorResponse::documented_error(StatusCode::NOT_FOUND, USER_NOT_FOUND_CODE, "The user was not found.")
    })?;
    let path = path.child_path(id);
    let role = call.route.path_parameter("role-id").unwrap_or_default();
    let member = directory_role_member(&user, &role.to_ascii_lowercase());
    let response = call.respond_with_resource(member.clone(), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, member)] })
}

const USER_NOT_FOUND_CODE: u32 = 60_002;

/// Returns the path of the users of the customer.
fn users_path(call: &OperationCall<'_>) -> Result<ResourcePath, ErrorResponse> {
    let (_, customer) = call.customer_in_path()?;
    let id = customer.get("id").and_then(Value::as_str).unwrap_or_default();
    Ok(ResourcePath::for_customer(id).child_path("users"))
}
