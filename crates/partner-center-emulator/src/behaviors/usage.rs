//! What the Azure subscriptions of a customer cost in this month. Each uses the same every day; a customer without one uses nothing.
//! The customers of the documentation use what its examples show.

use super::{
    OperationCall, ResponseWithChanges,
    customer_access::is_relationship_ended,
    customer_purchases::subscriptions_of_customer,
    stored::{self, not_found_response},
};
use crate::{
    customers::is_documented_customer,
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    pages::PageRequest,
    random::{RandomGenerator, keyed_hash},
    resource::SelfLinks,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::StateChange,
    timestamp::{ONE_DAY, Timestamp},
};
use serde_json::{Value, json};

/// The maximum number of customers whose usage is looked up for the list of all, of a population that may have millions.
const MAX_CUSTOMERS_WITH_LISTED_USAGE: usize = 200;

/// Returns the usage budget of a customer, which has none at first.
pub(super) fn get_usage_budget(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, _) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let budget = budget_of_customer(call, &customer_path(call));
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(budget, ResourceKind::Other, false)))
}

/// Sets the usage budget of a customer; `null` removes it.
pub(super) fn update_usage_budget(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let amount = call.body.get("amount").cloned().unwrap_or_default();
    if amount.as_f64().is_some_and(|amount| amount < 0.0) {
        return Err(ErrorResponse::invalid_property_error("The amount must not be negative."));
    }
    let budget = without_null_fields(json!({
        "amount": amount,
        "usageSpendingBudget": amount,
        "links": SelfLinks::new(call.route.link_path()),
        "attributes": { "objectType": "SpendingBudget" },
    }));
    let response = call.respond_with_resource(budget.clone(), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), budget)] })
}

/// Returns the usage of a customer in this month.
pub(super) fn get_customer_usage_summary(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let path = customer_path(call);
    let costs = find_azure_subscriptions_with_costs(call, &path);
    let (start, end) = bounds_of_month(call.now);
    let summary = without_null_fields(json!({
        "budget": budget_as_usage_shows_it(&budget_of_customer(call, &path)),
        "resourceId": customer["id"],
        "resourceName": customer["companyProfile"]["companyName"],
        "billingStartDate": start,
        "billingEndDate": end,
        "totalCost": total_of_costs(&costs),
        "currencyCode": "USD",
        "currencySymbol": "$",
        "usdTotalCost": total_of_costs(&costs),
        "lastModifiedDate": last_usage_update(call.now),
        "attributes": { "objectType": "CustomerUsageSummary" },
    }));
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(summary, ResourceKind::Other, false)))
}

/// Lists the usage of the customers that have a budget or an Azure subscription.
pub(super) fn list_customer_usage_records(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let first = call.state.customer_indexes(0).take(MAX_CUSTOMERS_WITH_LISTED_USAGE);
    let created = call.state.customer_indexes(0).skip(MAX_CUSTOMERS_WITH_LISTED_USAGE);
    let created = created.skip_while(|index| !call.state.is_created_customer(*index));
    let mut records = Vec::new();
    // Those in between have their usage as well, in their own summary.
    for index in first.chain(created.take(MAX_CUSTOMERS_WITH_LISTED_USAGE)) {
        if is_documented_customer(index) || is_relationship_ended(call.state, index) {
            continue;
        }
        let Some(customer) = call.state.get_customer(index) else { continue };
        let path = ResourcePath::for_customer(customer["id"].as_str().unwrap_or_default());
        let costs = find_azure_subscriptions_with_costs(call, &path);
        let budget = budget_of_customer(call, &path);
        let amount = budget["amount"].as_f64();
        if costs.is_empty() && amount.is_none() {
            continue;
        }
        let total = total_of_costs(&costs);
        let percent =
            amount.filter(|amount| *amount > 0.0).map_or(0.0, |amount| round_to_cents(total / amount * 100.0));
        let record = without_null_fields(json!({
            "budget": budget_as_usage_shows_it(&budget),
            "percentUsed": percent,
            "isUpgraded": true,
            "resourceId": customer["id"],
            "id": customer["id"],
            "resourceName": customer["companyProfile"]["companyName"],
            "name": customer["companyProfile"]["companyName"],
            "totalCost": total,
            "currencyCode": "USD",
            "currencySymbol": "$",
            "usdTotalCost": total,
            "lastModifiedDate": last_usage_update(call.now),
            "attributes": { "objectType": "CustomerMonthlyUsageRecord" },
        }));
        records.push((u64::from(index), record));
    }
    respond_with_list(call, records)
}

/// Lists the usage of the Azure subscriptions of a customer.
pub(super) fn list_subscription_usage_records(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, _) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let records =
        find_azure_subscriptions_with_costs(call, &customer_path(call)).into_iter().map(|(subscription, cost)| {
            without_null_fields(json!({
                "status": subscription["status"],
                "partnerOnRecord": string_at_path(&subscription, &["partnerId"]).filter(|partner| !partner.is_empty()),
                "offerId": subscription["offerId"],
                "resourceId": subscription["id"],
                "id": subscription["id"],
                "resourceName": subscription["friendlyName"],
                "name": subscription["friendlyName"],
                "totalCost": cost,
                "currencyCode": "USD",
                "usdTotalCost": cost,
                "lastModifiedDate": last_usage_update(call.now),
                "attributes": { "objectType": "SubscriptionMonthlyUsageRecord" },
            }))
        });
    let records = (0..).zip(records).collect();
    respond_with_list(call, records)
}

/// Returns the usage of an Azure subscription in this month.
pub(super) fn get_subscription_usage_summary(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some((subscription, cost)) = find_subscription_with_cost_in_path(call)? else {
        return stored::respond_from_store(call);
    };
    let Some(cost) = cost else { return not_found_response(call) };
    let (start, end) = bounds_of_month(call.now);
    let summary = json!({
        "resourceId": subscription["id"],
        "resourceName": subscription["friendlyName"],
        "billingStartDate": start,
        "billingEndDate": end,
        "totalCost": cost,
        "currencyCode": "USD",
        "usdTotalCost": cost,
        "lastModifiedDate": last_usage_update(call.now),
        "links": SelfLinks::new(call.route.link_path()),
        "attributes": { "objectType": "SubscriptionUsageSummary" },
    });
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(summary, ResourceKind::Other, false)))
}

/// Lists the usage of an Azure subscription by meter or by resource, which add up to its cost.
pub(super) fn list_usage_details(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some((subscription, cost)) = find_subscription_with_cost_in_path(call)? else {
        return stored::respond_from_store(call);
    };
    let mut details = stored::collection_items(call);
    let count = details.len();
    let share = round_to_cents(cost.unwrap_or_default() / f64::from(u32::try_from(count).unwrap_or(1)));
    for (position, (_, detail)) in details.iter_mut().enumerate() {
        let rest = cost.unwrap_or_default() - share * f64::from(u32::try_from(count - 1).unwrap_or_default());
        let cost = if position == 0 { round_to_cents(rest) } else { share };
        detail["subscriptionId"] = subscription["id"].clone();
        detail["totalCost"] = cost.into();
        detail["usdTotalCost"] = cost.into();
        detail["currencyCode"] = "USD".into();
        detail["lastModifiedDate"] = last_usage_update(call.now).into();
    }
    details.retain(|_| cost.is_some());
    respond_with_list(call, details)
}

/// Returns the subscription in the path with its cost, if it is of Azure, or `None` for a customer of the documentation.
fn find_subscription_with_cost_in_path(
    call: &OperationCall<'_>,
) -> Result<Option<(Value, Option<f64>)>, ErrorResponse> {
    let (index, _) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return Ok(None);
    }
    let id = call.route.path_parameter("subscription-id").unwrap_or_default();
    let path = customer_path(call).child_path("subscriptions").child_path(id);
    let subscription = call.state.get_resource(&path, call.now).ok_or(ErrorResponse::NotFound)?;
    let cost = compute_azure_cost_of_subscription(&subscription, call.now);
    Ok(Some((subscription, cost)))
}

/// Returns the Azure subscriptions of a customer, with the cost of each in this month.
fn find_azure_subscriptions_with_costs(call: &OperationCall<'_>, customer: &ResourcePath) -> Vec<(Value, f64)> {
    let subscriptions = subscriptions_of_customer(call.state, customer, call.now).into_iter();
    subscriptions
        .filter_map(|subscription| {
            compute_azure_cost_of_subscription(&subscription, call.now).map(|cost| (subscription, cost))
        })
        .collect()
}

/// Returns what an Azure subscription has cost in this month so far; a suspended one costs nothing.
fn compute_azure_cost_of_subscription(subscription: &Value, now: Timestamp) -> Option<f64> {
    let text = |name| string_at_path(subscription, &[name]).unwrap_or_default();
    if text("billingType") != "usage" && string_at_path(subscription, &["productType", "id"]) != Some("Azure") {
        return None;
    }
    if text("status") != "active" {
        return Some(0.0);
    }
    let id = keyed_hash(0, text("id").to_lowercase().as_bytes());
    let cents_per_day = 40 + RandomGenerator::for_purpose(id, "usage", 0u8).number_below(4000);
    // From its first day in this month on.
    let today = now.date();
    let created = Timestamp::parse(text("creationDate")).map_or(today, Timestamp::date);
    let first_day = today.replace_day(1).unwrap_or(today).max(created.min(today));
    let days = u32::try_from((today - first_day).whole_days() + 1).unwrap_or(1);
    Some(round_to_cents(f64::from(u32::try_from(cents_per_day).unwrap_or_default()) / 100.0 * f64::from(days)))
}

/// Returns the budget of a customer, with an amount if one was set.
fn budget_of_customer(call: &OperationCall<'_>, customer: &ResourcePath) -> Value {
    let path = customer.child_path("usagebudget");
    call.state.get_resource(&path, call.now).unwrap_or_else(|| {
        let (_, id) = customer.split_last_segment().unwrap_or((customer.clone(), ""));
        json!({
            "links": SelfLinks::new(format!("/customers/{id}/usagebudget")),
            "attributes": { "objectType": "SpendingBudget" },
        })
    })
}

/// Returns a budget as usage shows it.
fn budget_as_usage_shows_it(budget: &Value) -> Value {
    without_null_fields(json!({ "amount": budget.get("amount"), "attributes": { "objectType": "SpendingBudget" } }))
}

fn total_of_costs(costs: &[(Value, f64)]) -> f64 {
    round_to_cents(costs.iter().map(|(_, cost)| cost).sum())
}

/// Rounds an amount to two digits after the point.
pub(super) fn round_to_cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// Returns when usage was counted last: at the beginning of the day.
fn last_usage_update(now: Timestamp) -> String {
    format!("{}T00:00:00Z", now.to_string_in_seconds().get(..10).unwrap_or_default())
}

/// Returns the first moments of this month and of the next one.
fn bounds_of_month(now: Timestamp) -> (String, String) {
    let first = |moment: Timestamp| {
        let text = moment.to_string_in_seconds();
        format!("{}-01T00:00:00+00:00", text.get(..7).unwrap_or_default())
    };
    let start = first(now);
    let start_moment = Timestamp::parse(&start).unwrap_or(now);
    let next = first(start_moment + ONE_DAY * 32);
    (start, next)
}

fn customer_path(call: &OperationCall<'_>) -> ResourcePath {
    ResourcePath::for_customer(call.route.path_parameter("customer-tenant-id").unwrap_or_default())
}

fn respond_with_list(call: &OperationCall<'_>, items: Vec<(u64, Value)>) -> Result<ResponseWithChanges, ErrorResponse> {
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?.respond_with_page(call, response, items).map(ResponseWithChanges::without_changes)
}
