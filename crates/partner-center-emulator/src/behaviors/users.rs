//! The users of a customer. A deleted user is inactive for thirty days, in which it can be restored, and then gone.

use super::{
    OperationCall, ResponseWithChanges,
    stored::{self, not_found_error},
};
use crate::{
    customers::{customer_has_domain, is_documented_customer, parse_guid},
    error_response::ErrorResponse,
    item_filter::ItemFilter,
    json_fields::{merge_fields, string_at_path, without_null_fields},
    pages::PageRequest,
    resource::SelfLinks,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{
        State, StateChange, items_with_writes,
        population::{USER_STATE_ACTIVE, USER_STATE_INACTIVE, generated_collection_items},
    },
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};

/// The number of days for which a deleted user can be restored.
const DELETED_USER_RESTORABLE_DAYS: u32 = 30;

/// Lists the active users, or those that a filter selects: deleted users are found by their state only.
pub(super) fn list_users(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let page = PageRequest::from_call(call)?;
    let mut filter = match page.filter.as_str() {
        "" => None,
        json => Some(ItemFilter::parse_item_filter(json)?),
    };
    // The documentation has both names for the state.
    let is_by_state = |filter: &&mut ItemFilter| {
        ["UserState", "UserStatus", "State"].iter().any(|name| filter.field.eq_ignore_ascii_case(name))
    };
    let by_state = filter.as_mut().filter(is_by_state);
    let has_state = by_state.is_some();
    if let Some(filter) = by_state {
        if ![USER_STATE_ACTIVE, USER_STATE_INACTIVE].contains(&filter.value.as_str()) {
            return Err(ErrorResponse::InvalidSearch("The state of a user is Active or Inactive."));
        }
        "state".clone_into(&mut filter.field);
    }
    let mut users = stored::collection_items(call);
    users.retain(|(_, user)| {
        let is_visible = is_active_user(user) || (has_state && is_restorable_user(user, call.now));
        is_visible && filter.as_ref().is_none_or(|filter| filter.matches_item(user))
    });
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    page.respond_with_page(call, response, users).map(ResponseWithChanges::without_changes)
}

/// Creates a user. The response has the password that was sent, and no other response has it.
pub(super) fn create_user(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    let mut user = without_null_fields(call.body.clone());
    for name in ["userPrincipalName", "displayName", "usageLocation"] {
        if string_at_path(&user, &[name]).is_none_or(|value| value.trim().is_empty()) {
            return Err(ErrorResponse::invalid_property_error(format!("The {name} of the user is required.")));
        }
    }
    let password = take_valid_password(&mut user)?.ok_or_else(password_missing_error)?;
    check_principal_name_and_usage_location(call, &user, (index, &customer))?;
    let id = call.state.random_for_next_change("created").random_guid().to_string();
    let path = call.path.child_path(&id);
    if let Some(fields) = user.as_object_mut() {
        for name in ["softDeletionTime", "lastDirectorySyncTime"] {
            fields.remove(name);
        }
    }
    user["userDomainType"] = "none".into();
    user["state"] = USER_STATE_ACTIVE.into();
    user["links"] = json!(SelfLinks::new(format!("{}/{id}", call.route.link_path())));
    user["attributes"] = json!({ "objectType": "CustomerUser" });
    user["id"] = id.into();
    let response = call.respond_with_resource(user_with_password(user.clone(), &password), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, user)] })
}

pub(super) fn get_user(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let user = active_user(call.state, &call.path, call.now).ok_or_else(|| not_found_error(call.operation))?;
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(user, ResourceKind::Other, false)))
}

/// Changes a user, or restores a deleted one, whose other fields come back by themselves.
pub(super) fn update_user(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref path, now, .. } = *call;
    let (index, customer) = call.customer_in_path()?;
    let current = state.get_resource(path, now).filter(|user| is_active_user(user) || is_restorable_user(user, now));
    let mut user = current.ok_or_else(|| not_found_error(call.operation))?;
    let mut change = call.body.clone();
    take_valid_password(&mut change)?;
    let is_restored = !is_active_user(&user);
    if is_restored && string_at_path(&change, &["state"]) != Some(USER_STATE_ACTIVE) {
        return Err(not_found_error(call.operation));
    }
    if string_at_path(&change, &["state"]) == Some(USER_STATE_INACTIVE) {
        return Err(ErrorResponse::invalid_property_error("A user becomes inactive by being deleted."));
    }
    if let Some(fields) = change.as_object_mut() {
        for name in ["attributes", "id", "lastDirectorySyncTime", "links", "softDeletionTime", "userDomainType"] {
            fields.remove(name);
        }
    }
    check_principal_name_and_usage_location(call, &change, (index, &customer))?;
    merge_fields(&mut user, change);
    if let Some(fields) = user.as_object_mut().filter(|_| is_restored) {
        fields.remove("softDeletionTime");
    }
    let response = call.respond_with_resource(user.clone(), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path.clone(), user)] })
}

/// Sets the password of a user, which the response has and no other.
pub(super) fn reset_password(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (path, _) = call.path.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    let user = active_user(call.state, &path, call.now);
    let mut user = user.ok_or_else(|| not_found_error(call.operation))?;
    let mut change = call.body.clone();
    let password = take_valid_password(&mut change)?.ok_or_else(password_missing_error)?;
    user["passwordProfile"] = without_null_fields(change["passwordProfile"].take());
    let response = call.respond_with_resource(user_with_password(user.clone(), &password), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, user)] })
}

/// Makes a user inactive.
pub(super) fn delete_user(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let user = active_user(call.state, &call.path, call.now);
    let mut user = user.ok_or_else(|| not_found_error(call.operation))?;
    user["state"] = USER_STATE_INACTIVE.into();
    user["softDeletionTime"] = call.now.to_string_in_seconds().into();
    let response = call.respond_with_resource(json!({}), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), user)] })
}

/// Returns the user at `path` if it is active.
pub(super) fn active_user(state: &State, path: &ResourcePath, now: Timestamp) -> Option<Value> {
    state.get_resource(path, now).filter(is_active_user)
}

/// Returns the active users of the customer at `customer`.
pub(super) fn active_users(state: &State, customer: &ResourcePath, now: Timestamp) -> Vec<Value> {
    let collection = customer.child_path("users");
    let generated = generated_collection_items(state, &collection, now).unwrap_or_default();
    let users = items_with_writes(state, &collection, "id", generated, now);
    users.into_iter().map(|(_, user)| user).filter(is_active_user).collect()
}

fn is_active_user(user: &Value) -> bool {
    user["state"] != USER_STATE_INACTIVE
}

fn is_restorable_user(user: &Value, now: Timestamp) -> bool {
    let deleted = string_at_path(user, &["softDeletionTime"]).and_then(Timestamp::parse);
    deleted.is_some_and(|deleted| now < deleted + ONE_DAY * DELETED_USER_RESTORABLE_DAYS)
}

/// Takes the password out of a body, since nothing stores it.
fn take_valid_password(body: &mut Value) -> Result<Option<String>, ErrorResponse> {
    let profile = body.get_mut("passwordProfile").and_then(Value::as_object_mut);
    let Some(Value::String(password)) = profile.and_then(|profile| profile.remove("password")) else { return Ok(None) };
    let has = |is_kind: fn(char) -> bool| usize::from(password.chars().any(is_kind));
    let kinds = has(char::is_lowercase)
        + has(char::is_uppercase)
        + has(char::is_numeric)
        + has(|character| !character.is_alphanumeric());
    if !(8..=256).contains(&password.chars().count()) || kinds < 3 {
        return Err(ErrorResponse::invalid_property_error(
            "The password must have from 8 to 256 characters, of three kinds: small letters, capital letters, digits, and others.",
        ));
    }
    Ok(Some(password))
}

/// Returns a user as the response to a request that set the password shows it.
fn user_with_password(mut user: Value, password: &str) -> Value {
    user["passwordProfile"]["password"] = password.into();
    user
}

/// Checks the names and the country that `change` sets for the user at the path of `call`, or for a new one.
fn check_principal_name_and_usage_location(
    call: &OperationCall<'_>,
    change: &Value,
    (index, customer): (u32, &Value),
) -> Result<(), ErrorResponse> {
    if let Some(name) = string_at_path(change, &["userPrincipalName"]) {
        let (prefix, domain) = name.split_once('@').unwrap_or_default();
        // The users of the documentation are in a domain that its customers do not show.
        let is_in_domain = customer_has_domain(customer, domain) || is_documented_customer(index);
        if prefix.is_empty() || !is_in_domain {
            return Err(ErrorResponse::invalid_property_error(format!(
                "The userPrincipalName {name:?} must be a name in a domain of the customer."
            )));
        }
        let id = call.route.path_parameter("user-id").and_then(parse_guid);
        let customer_path = ResourcePath::for_customer(customer["id"].as_str().unwrap_or_default());
        let is_taken = active_users(call.state, &customer_path, call.now).iter().any(|user| {
            let is_same = string_at_path(user, &["id"]).and_then(parse_guid) == id && id.is_some();
            !is_same
                && string_at_path(user, &["userPrincipalName"]).is_some_and(|known| known.eq_ignore_ascii_case(name))
        });
        if is_taken {
            return Err(ErrorResponse::invalid_property_error(format!(
                "The userPrincipalName {name:?} belongs to another user."
            )));
        }
    }
    match string_at_path(change, &["usageLocation"]) {
        Some(country) if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Err(ErrorResponse::invalid_property_error("The usageLocation must be a code of two letters."))
        }
        _ => Ok(()),
    }
}

fn password_missing_error() -> ErrorResponse {
    ErrorResponse::invalid_property_error("The passwordProfile is required, with a password.")
}
