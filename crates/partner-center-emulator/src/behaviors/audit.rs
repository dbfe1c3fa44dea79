//! The log of what has been done: each write of an operation that the documentation names leaves a record.

use super::{OperationCall, ResponseWithChanges};
use crate::{
    authority::Caller,
    customers::parse_guid,
    error_response::ErrorResponse,
    item_filter::ItemFilter,
    json_fields::{string_at_path, without_null_fields},
    pages::PageRequest,
    resource_path::ResourcePath,
    service_response::ResponseContent,
    store::{FIRST_WRITTEN_ITEM_NUMBER, StateChange},
    test_credentials::{CLIENT_ID, TENANT_ID},
    timestamp::{ONE_DAY, Timestamp},
};
use partner_center_spec::Operation;
use serde_json::{Value, json};

/// The number of days for which records are kept.
const AUDIT_RETENTION_DAYS: u32 = 90;

/// The maximum number of days in a list.
const MAX_LISTED_AUDIT_DAYS: u32 = 30;

/// Lists the records of some days, the newest first.
pub(super) fn list_audit_records(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let page = PageRequest::from_call(call)?;
    let mut filter = if page.filter.is_empty() { None } else { Some(ItemFilter::parse_item_filter(&page.filter)?) };
    if let Some(filter) = filter.as_mut().filter(|filter| filter.field.eq_ignore_ascii_case("CompanyName")) {
        "customerName".clone_into(&mut filter.field);
    }
    let day = |name| {
        let text = call.query.first_value(name).filter(|text| !text.is_empty());
        let parse = |text| Timestamp::parse(&format!("{text}T00:00:00Z")).ok_or(INVALID_DATE_ERROR);
        text.map(parse).transpose()
    };
    let start = day("startDate")?.unwrap_or(call.now - ONE_DAY * MAX_LISTED_AUDIT_DAYS);
    if start + ONE_DAY * (AUDIT_RETENTION_DAYS + 1) < call.now {
        return Err(START_DATE_TOO_OLD_ERROR);
    }
    let longest = start + ONE_DAY * MAX_LISTED_AUDIT_DAYS;
    let end = day("endDate")?.map_or(longest, |end| longest.min(end + ONE_DAY));
    let mut records: Vec<_> = call
        .state
        .written_or_deleted_collection_items(&audit_records_path(), call.now)
        .into_iter()
        .filter_map(|(_, created, record)| Some((NEWEST_RECORD_NUMBER - created, record?)))
        .filter(|(_, record)| {
            let moment = string_at_path(record, &["operationDate"]).and_then(Timestamp::parse).unwrap_or_default();
            start <= moment && moment < end && filter.as_ref().is_none_or(|filter| filter.matches_item(record))
        })
        .collect();
    records.reverse();
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    page.respond_with_page(call, response, records).map(ResponseWithChanges::without_changes)
}

/// Returns the record of a write that was done, or `None` if it leaves none.
pub(crate) fn audit_record_of_write(call: &OperationCall<'_>, done: &ResponseWithChanges) -> Option<StateChange> {
    let is_restored = string_at_path(&call.body, &["state"]) == Some("active");
    let (resource_type, operation_type) = resource_and_operation_type_of_write(call.operation, is_restored)?;
    if done.changes.is_empty() || !done.response.status.is_success() {
        return None;
    }
    let body = match &done.response.content {
        ResponseContent::Customer(body) | ResponseContent::Resource(body, ..) => body,
        _ => &Value::Null,
    };
    let customer_id = call.route.path_parameter("customer-tenant-id").map(str::to_ascii_lowercase);
    let customer_id = customer_id.or_else(|| body["id"].as_str().map(str::to_owned)).unwrap_or_default();
    let customer = parse_guid(&customer_id).and_then(|id| call.state.get_customer(call.state.find_customer_by_id(id)?));
    let profile = customer.as_ref().map_or(&body["companyProfile"], |customer| &customer["companyProfile"]);
    let is_user = call.caller == Caller::User;
    let correlation_id = call.request.headers().get("MS-CorrelationId").and_then(|value| value.to_str().ok());
    // Two writes of one moment differ in the last digit.
    let ticks = call.now.to_ticks() + call.state.next_change_number() % 10;
    let id = format!("{TENANT_ID}_{customer_id}_{}_{ticks}", operation_type.replace('_', ""));
    let record = without_null_fields(json!({
        "id": id,
        "partnerId": TENANT_ID,
        "participants": [TENANT_ID],
        "customerId": customer_id,
        "customerName": profile.get("companyName"),
        "userPrincipalName": if is_user { "admin@partner.example" } else { "partner-center-emulator" },
        "applicationId": CLIENT_ID,
        "resourceType": resource_type,
        "operationType": operation_type,
        "originalCorrelationId": correlation_id,
        "operationDate": call.now.to_string_in_microseconds(),
        "operationStatus": "succeeded",
        "customizedData": [],
        "attributes": { "objectType": "AuditRecord" },
    }));
    Some(StateChange::Put(audit_records_path().child_path(&id), record))
}

/// Whether an operation leaves a record when it is done.
pub(crate) fn leaves_record(operation: &Operation) -> bool {
    resource_and_operation_type_of_write(operation, false).is_some()
}

/// Records are numbered downwards, so that a new one does not move the others on the pages of a list.
const NEWEST_RECORD_NUMBER: u64 = FIRST_WRITTEN_ITEM_NUMBER << 16;

const INVALID_DATE_ERROR: ErrorResponse = ErrorResponse::InvalidSearch("A date must have the form 2026-01-31.");

const START_DATE_TOO_OLD_ERROR: ErrorResponse =
    ErrorResponse::InvalidSearch("The startDate must be at most 90 days ago.");

/// Returns the types of the resource and of the operation, as the documentation names them.
fn resource_and_operation_type_of_write(
    operation: &Operation,
    is_restored: bool,
) -> Option<(&'static str, &'static str)> {
    Some(match operation.id {
        "createCustomer" => ("customer", "add_customer"),
        "deleteCustomer" => ("customer", "delete_tip_customer"),
        "updateCustomer" => ("partner_customer_relationship", "remove_partner_customer_relationship"),
        "updateCustomerBillingProfile" => ("customer", "update_customer_billing_profile"),
        "createCustomerQualification" => ("customer", "update_customer_qualification"),
        "updateUsageBudget" => ("customer", "update_customer_spending_budget"),
        "createCustomerAgreement" => ("agreement", "create_agreement"),
        "createUser" => ("customer_user", "create_customer_user"),
        "deleteUser" => ("customer_user", "delete_customer_user"),
        "updateUser" if is_restored => ("customer_user", "restore_customer_user"),
        "updateUser" => ("customer_user", "update_customer_user"),
        "resetUserPassword" => ("customer_user", "reset_customer_user_password"),
        "updateUserLicenses" => ("license", "update_customer_user_licenses"),
        "addDirectoryRoleMember" => ("customer_directory_role", "add_user_member"),
        "removeDirectoryRoleMember" => ("customer_directory_role", "remove_user_member"),
        "createOrder" | "checkoutCart" => ("order", "create_order"),
        "updateOrder" => ("order", "update_order"),
        "updateSubscription" => ("subscription", "update_subscription"),
        "createTransition" | "createUpgrade" => ("subscription", "upgrade_subscription"),
        "createConversion" => ("subscription", "convert_trial_subscription"),
        "updateOverage" => ("overage", "manage_overage"),
        "createTransfer" => ("transfer", "create_transfer"),
        "updateTransfer" | "acceptTransfer" | "withdrawTransfer" => ("transfer", "update_transfer"),
        "createMigration" => ("new_commerce_migration", "create_new_commerce_migration"),
        _ => return None,
    })
}

fn audit_records_path() -> ResourcePath {
    ResourcePath::from_segments(["auditactivity", "v1", "auditrecords"])
}
