//! The commerce of customers: what they have bought, what they can buy, and how they buy it. What time makes of it is in
//! [`lifecycle`](crate::lifecycle).

mod azure_entitlements;
mod cancellation;
mod carts;
mod catalog;
mod devices;
mod entitlements;
mod legacy_changes;
mod migration_schedules;
mod migrations;
mod order_attachments;
mod orders;
mod overage;
mod promotions;
mod purchases;
mod scheduled_changes;
mod seats;
mod subscription_details;
mod subscriptions;
mod transfers;
mod transitions;

pub(crate) use migration_schedules::run_schedule as run_migration_schedule;

use super::{OperationBehavior, OperationCall, ResponseWithChanges, customer_purchases::subscriptions_of_customer};
use crate::{
    error_response::ErrorResponse, json_fields::string_at_path, resource_path::ResourcePath,
    service_response::ResourceKind,
};
use http::StatusCode;
use partner_center_spec::Method;
use serde_json::{Value, json};

/// Returns the behavior of an operation of commerce.
pub(super) fn find_behavior(operation_id: &str) -> Option<OperationBehavior> {
    Some(match operation_id {
        "listSubscriptions" => subscriptions::list_subscriptions,
        "updateSubscription" => subscriptions::update_subscription,
        "listSubscriptionAddons" => subscription_details::list_add_ons,
        "getSubscriptionProvisioningStatus" => subscription_details::get_provisioning_status,
        "registerSubscription" => subscription_details::register_subscription,
        "getSubscriptionRegistrationStatus" => subscription_details::get_registration_status,
        "activateSubscription" => subscription_details::activate_subscription,
        "listCustomTermEndDates" => subscription_details::list_custom_term_end_dates,
        "listAzureEntitlements" => azure_entitlements::list_entitlements,
        "cancelAzureEntitlement" => azure_entitlements::cancel_entitlement,
        "reactivateAzureEntitlement" => azure_entitlements::reactivate_entitlement,
        "listUpgrades" => legacy_changes::list_upgrades,
        "createUpgrade" => legacy_changes::create_upgrade,
        "listConversions" => legacy_changes::list_conversions,
        "createConversion" => legacy_changes::create_conversion,
        "listTransitionEligibilities" => transitions::list_transition_eligibilities,
        "listTransitions" => transitions::list_transitions,
        "createTransition" => transitions::create_transition,
        "validateMigration" => |call| Ok(migrations::validate_migration(call)),
        "createMigration" => migrations::create_migration,
        "getMigration" => migrations::get_migration,
        "createMigrationSchedule" => migration_schedules::create_schedule,
        "updateMigrationSchedule" => migration_schedules::update_schedule,
        "cancelMigrationSchedule" => migration_schedules::cancel_schedule,
        "listMigrationEvents" => migrations::list_migration_events,
        "listMigrations" | "listMigrationSchedules" => migrations::list_migrations_or_schedules_of_partner,
        "listTransfers" => transfers::list_transfers,
        "createTransfer" => transfers::create_transfer,
        "getTransfer" => transfers::get_transfer,
        "updateTransfer" => transfers::update_transfer,
        "withdrawTransfer" => transfers::withdraw_transfer,
        "acceptTransfer" => transfers::accept_transfer,
        "listTransferEligibilities" => transfers::list_transfer_eligibilities,
        "createDeviceBatch" => |call| Ok(devices::create_device_batch(call)),
        "addDevices" => |call| Ok(devices::add_devices_to_batch(call)),
        "listDevices" => devices::list_devices,
        "updateDevicePolicies" => |call| Ok(devices::update_device_policies(call)),
        "createCart" => carts::create_cart,
        "updateCart" => carts::update_cart,
        "checkoutCart" => carts::check_out_cart,
        "getOverage" => overage::list_overage,
        "updateOverage" => overage::update_overage,
        "listEntitlements" => entitlements::list_entitlements,
        "uploadOrderAttachments" => order_attachments::upload_attachments,
        "listOrderAttachments" => order_attachments::list_attachments,
        "downloadOrderAttachment" => order_attachments::download_attachment,
        "listOrders" => orders::list_orders,
        "getOrder" => orders::get_order,
        "createOrder" => orders::create_order,
        "updateOrder" => orders::update_order,
        "getOrderProvisioningStatus" => orders::get_provisioning_status,
        "listProducts" | "listCustomerProducts" => catalog::list_products,
        "getProduct" | "getCustomerProduct" => catalog::get_product,
        "listSkus" | "listCustomerSkus" => catalog::list_skus,
        "getSku" | "getCustomerSku" => catalog::get_sku,
        "listAvailabilities" | "listCustomerAvailabilities" => catalog::list_availabilities,
        "getAvailability" | "getCustomerAvailability" => catalog::get_availability,
        "checkInventory" => |call| Ok(catalog::check_inventory(call)),
        "listPromotions" => promotions::list_promotions,
        "getPromotion" => promotions::get_promotion,
        "checkPromotionEligibilities" => promotions::check_promotion_eligibilities,
        _ => return None,
    })
}

/// Returns the page that a request wants of a list, whose items keep their order. The result of a POST is not cut.
fn respond_with_list(call: &OperationCall<'_>, items: Vec<Value>) -> Result<ResponseWithChanges, ErrorResponse> {
    if call.operation.method == Method::Post {
        let attributes = json!({ "objectType": "Collection" });
        let list = json!({ "totalCount": items.len(), "items": items, "attributes": attributes });
        let response = call.respond_with_resource(list, ResourceKind::Other, false);
        return Ok(ResponseWithChanges::without_changes(response));
    }
    call.respond_with_items(items)
}

/// Checks that Microsoft has not blocked the purchases of the customer. An account without a validation status is not blocked.
fn check_account_validated(call: &OperationCall<'_>) -> Result<(), ErrorResponse> {
    let validation = call.state.get_resource(&customer_path(call).child_path("validationStatus"), call.now);
    let status = validation.as_ref().and_then(|validation| string_at_path(validation, &["status"]));
    match status {
        Some(status) if BLOCKING_VALIDATION_STATUSES.contains(&status) => {
            Err(forbidden_error(800_073, "The account of the customer is being reviewed. Retry in a few days."))
        }
        _ => Ok(()),
    }
}

/// The statuses of an account that Microsoft blocks the purchases of.
const BLOCKING_VALIDATION_STATUSES: [&str; 3] = ["UnderReview", "NotAllowed", "Unknown"];

/// Whether the customer has accepted the Microsoft Customer Agreement. All have but those that requests created, until the partner
/// says that they have.
fn has_customer_agreement(call: &OperationCall<'_>) -> bool {
    let is_created = call.customer_index_in_path().is_some_and(|index| call.state.is_created_customer(index));
    let agreements = customer_path(call).child_path("agreements");
    !is_created || !call.state.written_or_deleted_collection_items(&agreements, call.now).is_empty()
}

/// Returns the path of the customer in the path of a request.
fn customer_path(call: &OperationCall<'_>) -> ResourcePath {
    ResourcePath::from_segments(call.path.segments().into_iter().take(3))
}

/// Returns all subscriptions of the customer in the path of a request.
fn subscriptions_of_customer_in_path(call: &OperationCall<'_>) -> Vec<Value> {
    subscriptions_of_customer(call.state, &customer_path(call), call.now)
}

/// Returns the country of a request: that of its query, or of the customer in its path.
fn country_of_query_or_customer(call: &OperationCall<'_>) -> String {
    let from_query = call.query.first_value("country").map(str::to_ascii_uppercase);
    from_query
        .or_else(|| {
            call.customer_in_path().ok().map(|(index, customer)| {
                let places =
                    [&["companyProfile", "address", "country"], &["billingProfile", "defaultAddress", "country"]];
                let country = places.iter().find_map(|place| string_at_path(&customer, *place));
                country.unwrap_or_else(|| call.state.population.generated_country_at(index).code).to_ascii_uppercase()
            })
        })
        .unwrap_or_else(|| "US".to_owned())
}

fn bad_request_error(code: u32, description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::BAD_REQUEST, code, description)
}

fn forbidden_error(code: u32, description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::FORBIDDEN, code, description)
}

fn conflict_error(code: u32, description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::CONFLICT, code, description)
}

fn change_in_progress_error() -> ErrorResponse {
    conflict_error(900_278, "Another change of the subscription is in progress.")
}

fn subscription_not_found_error() -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::NOT_FOUND, 20_003, "There is no such subscription.")
}

fn invalid_property_error(description: impl Into<String>) -> ErrorResponse {
    bad_request_error(3000, description)
}

#[cfg(test)]
mod tests {
    use crate::error_response::ErrorResponse;

    /// Returns the code of an error, or 0 for none.
    pub(super) fn code<T>(result: Result<T, ErrorResponse>) -> u32 {
        match result {
            Ok(_) => 0,
            Err(ErrorResponse::Rejected(_, code, _)) => code,
            Err(error) => panic!("{error:?}"),
        }
    }
}
