//! What the subscriptions of a customer cost the partner in the last month: a line for each, and their sum.

use super::{
    OperationCall, ResponseWithChanges, customer_purchases::subscriptions_of_customer, stored, usage::round_to_cents,
};
use crate::{
    customers::is_documented_customer,
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    pages::PageRequest,
    random::{RandomGenerator, keyed_hash},
    resource::ResourceLink,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};

/// Returns the sum of the costs.
pub(super) fn get_service_costs_summary(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let lines = service_cost_line_items(call, &customer);
    let (start, end) = bounds_of_last_month(call.now);
    let sum = |name: &str| round_to_cents(lines.iter().filter_map(|line| line[name].as_f64()).sum());
    let summary = json!({
        "billingStartDate": format!("{start}Z"),
        "billingEndDate": format!("{end}Z"),
        "pretaxTotal": sum("pretaxTotal"),
        "tax": sum("tax"),
        "afterTaxTotal": sum("afterTaxTotal"),
        "currencyCode": COSTS_CURRENCY,
        "currencySymbol": "$",
        "customerId": customer["id"],
        "links": {},
        "attributes": { "objectType": "ServiceCostsSummary" },
    });
    let mut root = summary.clone();
    let path = call.route.link_path();
    root["details"] = json!([{ "invoiceType": "Recurring", "summary": summary }]);
    root["links"] = json!({
        "serviceCostLineItems": ResourceLink::new(format!("{path}/lineitems")),
        "self": ResourceLink::new(path),
    });
    if let Some(fields) = root.as_object_mut() {
        // The details alone have it.
        fields.remove("currencyCode");
    }
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(root, ResourceKind::Other, false)))
}

/// Lists the costs of each subscription.
pub(super) fn list_service_cost_line_items(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let lines = (0..).zip(service_cost_line_items(call, &customer)).collect();
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?.respond_with_page(call, response, lines).map(ResponseWithChanges::without_changes)
}

const COSTS_CURRENCY: &str = "USD";

/// The tax, as a part of the price.
const TAX_RATE: f64 = 0.1;

fn service_cost_line_items(call: &OperationCall<'_>, customer: &Value) -> Vec<Value> {
    let path = ResourcePath::for_customer(customer["id"].as_str().unwrap_or_default());
    let (start, end) = bounds_of_last_month(call.now);
    let start_moment = Timestamp::parse(&format!("{start}Z")).unwrap_or_default();
    let subscriptions = subscriptions_of_customer(call.state, &path, call.now).into_iter().filter(|subscription| {
        let created = string_at_path(subscription, &["creationDate"]).and_then(Timestamp::parse).unwrap_or_default();
        let is_license = string_at_path(subscription, &["billingType"]) == Some("license");
        is_license && string_at_path(subscription, &["status"]) == Some("active") && created < start_moment
    });
    let line = |subscription: Value| {
        let offer = string_at_path(&subscription, &["offerId"]).unwrap_or_default();
        let quantity = subscription["quantity"].as_f64().unwrap_or_default();
        let cents =
            400 + RandomGenerator::for_purpose(keyed_hash(0, offer.as_bytes()), "price", 0u8).number_below(4000);
        let price = f64::from(u32::try_from(cents).unwrap_or_default()) / 100.0;
        let pretax = round_to_cents(price * quantity);
        let tax = round_to_cents(pretax * TAX_RATE);
        let partner = string_at_path(&subscription, &["partnerId"]).filter(|partner| !partner.is_empty());
        let upper_case = |name: &str| string_at_path(&subscription, &[name]).map(str::to_uppercase);
        without_null_fields(json!({
            "startDate": start,
            "endDate": end,
            "subscriptionFriendlyName": subscription["friendlyName"],
            "subscriptionId": upper_case("id"),
            "orderId": upper_case("orderId"),
            "offerId": offer,
            "offerName": subscription["offerName"],
            "resellerMPNId": partner.unwrap_or("-1"),
            "chargeType": "CYCLE FEE",
            "quantity": quantity,
            "unitPrice": price,
            "pretaxTotal": pretax,
            "tax": tax,
            "afterTaxTotal": round_to_cents(pretax + tax),
            "currencyCode": COSTS_CURRENCY,
            "currencySymbol": "$",
            "customerId": customer["id"],
            "customerName": customer["companyProfile"]["companyName"],
            "invoiceType": "Recurring",
        }))
    };
    subscriptions.map(line).collect()
}

/// Returns the first and the last moment of the last month, without a zone, as the service writes them.
fn bounds_of_last_month(now: Timestamp) -> (String, String) {
    let month = |moment: Timestamp| moment.to_string_in_seconds().get(..7).unwrap_or_default().to_owned();
    let this_month = Timestamp::parse(&format!("{}-01T00:00:00Z", month(now))).unwrap_or(now);
    let last_day = (this_month - ONE_DAY).to_string_in_seconds();
    (
        format!("{}-01T00:00:00", month(this_month - ONE_DAY)),
        format!("{}T00:00:00", last_day.get(..10).unwrap_or_default()),
    )
}
