//! What a legacy Azure subscription has used, by day or by hour. The use of a day is reported once the day is over: a request for
//! more gets 204, and is to come again.

use super::{OperationCall, ResponseWithChanges, stored};
use crate::{
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::is_legacy_azure,
    pages::PageRequest,
    random::{RandomGenerator, keyed_hash},
    resource_path::ResourcePath,
    service_response::{ResponseContent, ServiceResponse},
    timestamp::{ONE_DAY, Timestamp},
};
use http::{StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};
use std::time::Duration;

const ONE_HOUR: Duration = Duration::from_secs(60 * 60);

/// The maximum number of records of a list, however long its time is.
const MAX_LISTED_RECORDS: usize = 20_000;

pub(super) fn list_azure_utilizations(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let mut page = PageRequest::from_call(call)?;
    // A client that has a token for the next page sends nothing else.
    if page.filter.is_empty() {
        let query = |name: &str| call.query.first_value(name).unwrap_or_default();
        page.filter = ["start_time", "end_time", "granularity"].map(query).join("|");
    }
    let mut wanted = page.filter.split('|');
    let mut next = || wanted.next().unwrap_or_default();
    let [start, end] = [next(), next()].map(Timestamp::parse_from_1970);
    let step = if next().eq_ignore_ascii_case("hourly") { ONE_HOUR } else { ONE_DAY };
    let (Some(start), Some(end)) = (start, end) else {
        return Err(ErrorResponse::invalid_property_error("The start_time and the end_time are points in time."));
    };
    let subscription =
        if call.is_about_documented_customer() { None } else { Some(find_legacy_azure_subscription_in_path(call)?) };
    let today = Timestamp::start_of_date(call.now.date());
    if end > today {
        let until_ready = (today + ONE_DAY).duration_since(call.now).min(ONE_HOUR);
        let response = ServiceResponse::new(StatusCode::NO_CONTENT, ResponseContent::Empty);
        let response = response.with_header(RETRY_AFTER, until_ready.as_secs().max(1));
        return Ok(ResponseWithChanges::without_changes(response));
    }
    let Some(subscription) = subscription else { return stored::respond_from_store(call) };
    let first = string_at_path(&subscription, &["creationDate"]).and_then(Timestamp::parse).unwrap_or(start).max(start);
    let records = (0_u32..)
        .map(|number| Timestamp::start_of_date(first.date()) + step * number)
        .skip_while(|moment| *moment < start)
        .take_while(|moment| *moment < end)
        .take(MAX_LISTED_RECORDS)
        .map(|moment| record_of_use(&subscription, moment, step));
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    page.respond_with_page(call, response, (0..).zip(records).collect()).map(ResponseWithChanges::without_changes)
}

/// Returns the subscription in the path, if it is one of Azure of before new commerce.
fn find_legacy_azure_subscription_in_path(call: &OperationCall<'_>) -> Result<Value, ErrorResponse> {
    let parameter = |name| call.route.path_parameter(name).unwrap_or_default();
    let customer = ResourcePath::for_customer(parameter("customer-tenant-id"));
    let path = customer.child_path("subscriptions").child_path(parameter("subscription-id"));
    let subscription =
        call.state.get_resource(&path, call.now).ok_or_else(|| stored::not_found_error(call.operation))?;
    if is_legacy_azure(&subscription) {
        return Ok(subscription);
    }
    let description = "The identifier is not that of a legacy Azure subscription.";
    Err(ErrorResponse::documented_error(StatusCode::BAD_REQUEST, 2012, description))
}

/// Returns what a subscription has used of its storage from a moment on.
fn record_of_use(subscription: &Value, moment: Timestamp, step: Duration) -> Value {
    let id = string_at_path(subscription, &["entitlementId"]).or(string_at_path(subscription, &["id"]));
    let id = id.unwrap_or_default().to_ascii_lowercase();
    let seconds = moment.duration_since(Timestamp::default()).as_secs();
    let key = keyed_hash(0, id.as_bytes());
    let thousandths = 100 + RandomGenerator::for_purpose(key, "utilization", seconds).number_below(900);
    let attributes = json!({ "objectType": "AzureUtilizationRecord" });
    json!({
        "usageStartTime": moment.to_string_in_seconds(),
        "usageEndTime": (moment + step).to_string_in_seconds(),
        "resource": {
            "id": RandomGenerator::for_purpose(key, "meter", 0_u64).random_guid(),
            "name": "Blob storage",
            "category": "Storage",
            "subcategory": "Block Blob",
            "region": "West Europe",
        },
        "quantity": f64::from(u32::try_from(thousandths).unwrap_or_default()) / 1000.0,
        "unit": "1 GB/Hr",
        "infoFields": {},
        "instanceData": {
            "resourceUri": format!("/subscriptions/{id}/resourcegroups/backup/providers/microsoft.storage/storageaccounts/backup"),
            "location": "westeurope",
            "partNumber": "",
            "orderNumber": "",
            "attributes": attributes,
        },
        "attributes": attributes,
    })
}
