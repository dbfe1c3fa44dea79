//! The Azure subscriptions that a plan has from the beginning: one, or those of the documentation.

use super::CustomerTenant;
use crate::{
    behaviors::example_items,
    json_fields::string_at_path,
    lifecycle::is_azure_plan,
    random::{RandomGenerator, keyed_hash},
    resource::SelfLinks,
};
use serde_json::{Value, json};

/// Returns the Azure subscriptions of `plan`; none if it is another subscription, or is not provisioned yet.
pub(super) fn azure_entitlements(tenant: &CustomerTenant<'_>, plan: &Value) -> Vec<Value> {
    if !is_azure_plan(plan) || plan["status"] == "pending" {
        return Vec::new();
    }
    let plan_id = string_at_path(plan, &["id"]).unwrap_or_default();
    let documented =
        example_items("listAzureEntitlements").into_iter().filter(|item| item["subscriptionId"] == plan_id);
    let documented: Vec<_> = documented.filter(|_| tenant.is_documented).collect();
    if !documented.is_empty() {
        return documented;
    }
    let key = keyed_hash(tenant.seed, plan_id.as_bytes());
    let id = RandomGenerator::for_purpose(key, "Azure subscription", 0_u64).random_guid();
    let path = format!("/customers/{}/subscriptions/{plan_id}/azureEntitlements/{id}", tenant.id);
    vec![json!({
        "id": id,
        "friendlyName": "Azure subscription 1",
        "status": "active",
        "subscriptionId": plan_id,
        "links": SelfLinks::new(path),
    })]
}
