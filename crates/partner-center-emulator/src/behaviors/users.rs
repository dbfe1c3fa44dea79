//! The users of a customer.

use super::{OperationCall, ResponseWithChanges, stored};
use crate::{
    error_response::ErrorResponse,
    item_filter::ItemFilter,
    pages::PageRequest,
    store::population::{USER_STATE_ACTIVE, USER_STATE_INACTIVE},
};

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
        let is_visible = has_state || user["state"] != USER_STATE_INACTIVE;
        is_visible && filter.as_ref().is_none_or(|filter| filter.matches_item(user))
    });
    let response = call.documented_success_response(false).ok_or(ErrorResponse::NotFound)?;
    page.respond_with_page(call, response, users).map(ResponseWithChanges::without_changes)
}
