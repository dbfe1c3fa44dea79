//! What the partner may still do with a customer, after it has ended the relationship or its delegated administration privileges.

use crate::{customers::parse_guid, error_response::ErrorResponse, routing::Route, store::State};
use http::StatusCode;
use serde_json::json;

/// The value of `relationshipToPartner` once the relationship has ended.
pub(super) const NO_RELATIONSHIP_VALUE: &str = "none";

/// The code for the missing relationship of a reseller, of the operations that document it: those that buy something, which a
/// customer who had no relationship from the beginning cannot do either.
const MISSING_RESELLER_RELATIONSHIP_CODE: &str = "900159";

/// The code for privileges that the partner lacks in the tenant of the customer.
const MISSING_PRIVILEGES_CODE: &str = "900308";

/// Checks that the partner has access to what is below a customer. The customer itself stays visible, as it does for a while in the
/// lists of the service, and can be deleted.
pub(crate) fn check_customer_access(route: &Route, state: &State) -> Result<(), ErrorResponse> {
    if !route.operation.path.starts_with("/v1/customers/{customer-tenant-id}/") {
        return Ok(());
    }
    let id = route.path_parameter("customer-tenant-id").and_then(parse_guid);
    let Some(index) = id.and_then(|id| state.find_customer_by_id(id)) else { return Ok(()) };
    let documented = |code: &str| route.operation.error_codes.iter().find(|error| error.code == code);
    if let Some(error) = documented(MISSING_RESELLER_RELATIONSHIP_CODE)
        && state.get_customer(index).is_some_and(|customer| customer["relationshipToPartner"] == NO_RELATIONSHIP_VALUE)
    {
        return Err(ErrorResponse::documented_error(StatusCode::FORBIDDEN, 900_159, error.description));
    }
    if is_relationship_ended(state, index) {
        let description = "The partner has no commerce relationship with the customer, or no longer.";
        return Err(ErrorResponse::documented_error(StatusCode::FORBIDDEN, 20_002, description));
    }
    if let Some(error) = documented(MISSING_PRIVILEGES_CODE)
        && state.is_customer_field_changed_to(index, "allowDelegatedAccess", &json!(false))
    {
        return Err(ErrorResponse::documented_error(StatusCode::FORBIDDEN, 900_308, error.description));
    }
    Ok(())
}

/// Whether the partner has ended the relationship with a customer, who may have had none from the beginning.
pub(super) fn is_relationship_ended(state: &State, index: u32) -> bool {
    state.is_customer_field_changed_to(index, "relationshipToPartner", &json!(NO_RELATIONSHIP_VALUE))
}
