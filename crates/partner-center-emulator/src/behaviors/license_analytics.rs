//! How many licenses of a customer are assigned to users, and used by them.

use super::{
    OperationCall, ResponseWithChanges,
    licenses::{CustomerLicenses, total_units},
    stored,
};
use crate::{
    customers::is_documented_customer,
    error_response::ErrorResponse,
    random::{RandomGenerator, keyed_hash},
    timestamp::Timestamp,
};
use serde_json::{Value, json};

/// Lists for each product the licenses that were sold and those that users have.
pub(super) fn list_license_deployment(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let licenses = CustomerLicenses::of_customer(call)?;
    let items = licenses.skus.iter().zip(licenses.consumed_units_by_sku()).map(|(sku, deployed)| {
        let sold = total_units(sku);
        let mut item = insight(call, &customer, sku, "CustomerLicensesDeploymentInsights");
        item["licensesSold"] = sold.into();
        item["licensesDeployed"] = deployed.into();
        item["deploymentPercent"] = percentage(deployed, sold).into();
        item
    });
    call.respond_with_items(items.collect())
}

/// Lists for each product and workload the licenses that users have and those that they use.
pub(super) fn list_license_usage(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let licenses = CustomerLicenses::of_customer(call)?;
    let assignments = licenses.assignments();
    let mut items = Vec::new();
    for (number, sku) in licenses.skus.iter().enumerate() {
        for (code, name) in WORKLOADS {
            let users = assignments.iter().filter(|(_, assigned)| *assigned == number).map(|(user, _)| user);
            let qualified = count_users(users.clone());
            let active = count_users(users.filter(|user| is_workload_used_by_user(user, code)));
            let mut item = insight(call, &customer, sku, "CustomerLicensesUsageInsights");
            item["workloadCode"] = code.into();
            item["workloadName"] = name.into();
            item["licensesQualified"] = qualified.into();
            item["licensesActive"] = active.into();
            item["usagePercent"] = percentage(active, qualified).into();
            items.push(item);
        }
    }
    call.respond_with_items(items)
}

/// The codes and the names of what users may use of a product.
const WORKLOADS: [(&str, &str); 2] = [("EXO", "Exchange"), ("SPO", "SharePoint")];

/// Whether a user uses a workload, which three of four do.
fn is_workload_used_by_user(user: &str, workload: &str) -> bool {
    let user = keyed_hash(0, user.to_ascii_lowercase().as_bytes());
    !RandomGenerator::for_purpose(user, workload, 0u8).true_once_in(4)
}

/// Returns what both lists say of a product. The numbers are those of this moment, although the service determines them once a day.
fn insight(call: &OperationCall<'_>, customer: &Value, sku: &Value, object_type: &str) -> Value {
    let processed = Timestamp::start_of_date(call.now.date()).to_string_in_seconds();
    json!({
        "customerId": customer["id"],
        "customerName": customer["companyProfile"]["companyName"],
        "productName": sku["productSku"]["name"],
        "processedDateTime": processed.replace('Z', "+00:00"),
        "serviceCode": "o365",
        "serviceName": "o365",
        "channel": "reseller",
        "attributes": { "objectType": object_type },
    })
}

fn count_users<'a>(users: impl Iterator<Item = &'a String>) -> i64 {
    i64::try_from(users.count()).unwrap_or(i64::MAX)
}

/// Returns `part` as a percentage of `whole`, with one decimal.
#[expect(clippy::cast_precision_loss, reason = "numbers of licenses are far below 2^53")]
fn percentage(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64 * 1000.0).round() / 10.0 }
}
