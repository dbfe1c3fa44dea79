//! The relationship between the partner and a customer, which is all that a customer itself can be changed in, and the deletion.

use super::{
    OperationCall, ResponseWithChanges,
    customer_access::NO_RELATIONSHIP_VALUE,
    customer_purchases::{find_id_of_order_in_force, subscriptions_of_customer},
    stored,
};
use crate::{
    catalog::ProductKind, customers::is_documented_customer, error_response::ErrorResponse,
    json_fields::string_at_path, resource_path::ResourcePath, service_response::ResourceKind, store::StateChange,
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
        check_no_order_in_force(call, &[ProductKind::Reservation], index, &path)?;
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

/// Deletes a customer, and all that it has, once its software and its reservations are cancelled.
pub(super) fn delete_customer(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if let Some(index) = call.customer_index_in_path() {
        let kinds = [ProductKind::SoftwareSubscription, ProductKind::PerpetualSoftware, ProductKind::Reservation];
        check_no_order_in_force(call, &kinds, index, &call.path)?;
    }
    stored::respond_from_store(call)
}

/// Checks that nothing of these kinds is in force. The documentation deletes a customer of which other pages show software.
fn check_no_order_in_force(
    call: &OperationCall<'_>,
    kinds: &[ProductKind],
    index: u32,
    customer: &ResourcePath,
) -> Result<(), ErrorResponse> {
    let order =
        find_id_of_order_in_force(call.state, customer, kinds, call.now).filter(|_| !is_documented_customer(index));
    order.map_or(Ok(()), |id| {
        let description =
            format!("Cancel the software and the reservations of the customer first; order {id} has one.");
        Err(ErrorResponse::invalid_property_error(description))
    })
}

const RESELLER_RELATIONSHIP_VALUE: &str = "reseller";
