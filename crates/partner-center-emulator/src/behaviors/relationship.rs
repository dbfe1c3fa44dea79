//! The relationship between the partner and a customer, which is all that a customer itself can be changed in.

use super::{OperationCall, ResponseWithChanges, customer_subscriptions::subscriptions_of_customer};
use crate::{
    customers::is_documented_customer, error_response::ErrorResponse, json_fields::string_at_path,
    resource_path::ResourcePath, service_response::ResourceKind, store::StateChange,
};
use serde_json::{Value, json};

/// Ends the reseller relationship with a customer that has no active subscription, or the delegated administration privileges.
pub(super) fn update_customer(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, mut customer) = call.customer_in_path()?;
    let id = string_at_path(&customer, &["id"]).unwrap_or_default().to_owned();
    let path = ResourcePath::for_customer(&id);
    let mut is_changed = false;
    if let Some(relationship) = string_at_path(&call.body, &["relationshipToPartner"]) {
        if relationship != NO_RELATIONSHIP_VALUE {
            return Err(ErrorResponse::invalid_property_error("The relationshipToPartner can be set to none alone."));
        }
        if string_at_path(&customer, &["relationshipToPartner"]) != Some(RESELLER_RELATIONSHIP_VALUE) {
            return Err(ErrorResponse::invalid_property_error("The partner is not a reseller of the customer."));
        }
        let subscriptions = subscriptions_of_customer(call.state, &path, call.now);
        let is_active = |subscription: &&Value| string_at_path(subscription, &["status"]) == Some("active");
        let active = subscriptions.iter().filter(is_active).count();
        // The documentation ends the relationship with a customer of which other pages show active subscriptions.
        if active > 0 && !is_documented_customer(index) {
            let description = format!("Suspend the active subscriptions of the customer first; there are {active}.");
            return Err(ErrorResponse::invalid_property_error(description));
        }
        customer["relationshipToPartner"] = NO_RELATIONSHIP_VALUE.into();
        is_changed = true;
    }
    match call.body.get("allowDelegatedAccess").and_then(Value::as_bool) {
        Some(true) => {
            return Err(ErrorResponse::invalid_property_error("Only the customer can allow delegated access."));
        }
        Some(false) => {
            customer["allowDelegatedAccess"] = false.into();
            is_changed = true;
        }
        None => {}
    }
    if !is_changed {
        return Err(ErrorResponse::invalid_property_error(
            "A customer can be changed in relationshipToPartner and allowDelegatedAccess.",
        ));
    }
    // This response has the names and the nulls of the service's own objects.
    let changed = json!({
        "Id": null,
        "CommerceId": null,
        "CompanyProfile": null,
        "BillingProfile": null,
        "RelationshipToPartner": customer["relationshipToPartner"],
        "AllowDelegatedAccess": call.body.get("allowDelegatedAccess"),
        "UserCredentials": null,
        "CustomDomains": null,
        "AssociatedPartnerId": null,
        "Attributes": { "ObjectType": "Customer" },
    });
    let response = call.respond_with_resource(changed, ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, customer)] })
}

const NO_RELATIONSHIP_VALUE: &str = "none";

const RESELLER_RELATIONSHIP_VALUE: &str = "reseller";
