//! The licenses that a customer has by its subscriptions, and the users who have them.

use super::{
    OperationCall, ResponseWithChanges,
    customer_purchases::subscriptions_of_customer,
    documented::all_documented_items,
    stored::not_found_error,
    users::{active_user, active_users},
};
use crate::{
    customers::is_documented_customer,
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    pages::PageRequest,
    random::{RandomGenerator, keyed_hash},
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{State, StateChange, population::generated_collection_items},
    timestamp::Timestamp,
};
use partner_center_spec::operation;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Lists the SKUs of the customer's subscriptions, with the number of their licenses.
pub(super) fn list_subscribed_skus(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let licenses = CustomerLicenses::of_customer(call)?;
    let skus = licenses.skus.iter().zip(licenses.consumed_units_by_sku()).map(|(sku, consumed)| {
        let mut sku = sku.clone();
        sku["availableUnits"] = (total_units(&sku) - consumed).into();
        sku["consumedUnits"] = consumed.into();
        sku
    });
    respond_with_items_of_requested_groups(call, skus.collect())
}

/// Lists the licenses of a user.
pub(super) fn list_user_licenses(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (user, _) = call.path.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    active_user(call.state, &user, call.now).ok_or_else(|| not_found_error(call.operation))?;
    let licenses = CustomerLicenses::of_customer(call)?;
    let (_, user) = user.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    let assigned = licenses.licenses_of_user(user);
    let assigned = assigned.iter().map(|(sku, excluded)| user_license_as_json(&licenses.skus[*sku], excluded));
    respond_with_items_of_requested_groups(call, assigned.collect())
}

/// Assigns licenses to a user and removes others, all or none.
pub(super) fn update_user_licenses(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (user_path, _) = call.path.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    let user = active_user(call.state, &user_path, call.now).ok_or_else(|| not_found_error(call.operation))?;
    let licenses = CustomerLicenses::of_customer(call)?;
    let (_, user_id) = user_path.split_last_segment().ok_or(ErrorResponse::NotFound)?;
    let collection = user_path.child_path("licenses");
    let assigned = licenses.licenses_of_user(user_id);
    let list = |name: &str| call.body[name].as_array().map_or(&[][..], Vec::as_slice);
    let (to_assign, to_remove) = (list("licensesToAssign"), list("licensesToRemove"));
    let mut consumed = licenses.consumed_units_by_sku();
    let mut changes = Vec::new();
    let mut groups = Vec::new();
    let find_sku = |id: &str| licenses.skus.iter().position(|sku| is_sku_with_id(sku, id));
    let is_assigned = |sku| assigned.iter().any(|(assigned, _)| *assigned == sku);
    for id in to_remove.iter().filter_map(Value::as_str) {
        if let Some(sku) = find_sku(id).filter(|sku| is_assigned(*sku)) {
            groups.push(license_group_of_sku(&licenses.skus[sku]));
            consumed[sku] -= 1;
            changes.push(StateChange::Delete(collection.child_path(id)));
        }
    }
    if !to_assign.is_empty() && string_at_path(&user, &["usageLocation"]).is_none_or(str::is_empty) {
        return Err(ErrorResponse::invalid_property_error(
            "Set the usageLocation of the user before a license is assigned.",
        ));
    }
    for assignment in to_assign {
        let id = string_at_path(assignment, &["skuId"]).unwrap_or_default();
        let Some(sku) = find_sku(id) else {
            return Err(ErrorResponse::invalid_property_error(format!(
                "The customer has no subscription of the SKU {id:?}."
            )));
        };
        if !is_assigned(sku) {
            if consumed[sku] >= total_units(&licenses.skus[sku]) {
                return Err(ErrorResponse::NoLicenseLeft(id.to_owned()));
            }
            consumed[sku] += 1;
        }
        groups.push(license_group_of_sku(&licenses.skus[sku]));
        let excluded = json!({ "excludedPlans": assignment.get("excludedPlans") });
        changes.push(StateChange::Put(collection.child_path(id), excluded));
    }
    if groups.windows(2).any(|pair| !pair[0].eq_ignore_ascii_case(pair[1])) {
        return Err(ErrorResponse::invalid_property_error("All licenses of a request must be of one license group."));
    }
    let mut update = without_null_fields(call.body.clone());
    update["licenseWarnings"] = json!([]);
    update["attributes"] = json!({ "objectType": "LicenseUpdate" });
    let response = call.respond_with_resource(update, ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes })
}

/// The licenses of one customer.
pub(super) struct CustomerLicenses<'a> {
    state: &'a State,
    now: Timestamp,
    customer: ResourcePath,
    /// What the customer has licenses of. Those of the documentation have the number of licenses that users have.
    pub(super) skus: Vec<Value>,
    /// The license that a user had from the beginning, as the index of its SKU, by the identifier of the user.
    initial: HashMap<String, usize>,
}

impl<'a> CustomerLicenses<'a> {
    pub(super) fn of_customer(call: &OperationCall<'a>) -> Result<Self, ErrorResponse> {
        let OperationCall { state, now, .. } = *call;
        let (index, customer) = call.customer_in_path()?;
        let customer = ResourcePath::for_customer(customer["id"].as_str().unwrap_or_default());
        let is_documented = is_documented_customer(index);
        let skus = if is_documented { documented_skus() } else { skus_of_subscriptions(state, &customer, now) };
        let users = if state.is_created_customer(index) {
            Vec::new()
        } else {
            generated_collection_items(state, &customer.child_path("users"), now).unwrap_or_default()
        };
        let initial = users.iter().enumerate().filter_map(|(number, user)| {
            // In turn, so that a customer with more users than licenses has some without.
            let sku = number.checked_rem(skus.len())?;
            let units = if is_documented { 1 } else { total_units(&skus[sku]) };
            let is_left = i64::try_from(number / skus.len()).is_ok_and(|position| position < units);
            let has_country = string_at_path(user, &["usageLocation"]).is_some();
            let has_license = if is_documented { number == 0 } else { is_left && has_country };
            has_license.then(|| (string_at_path(user, &["id"]).unwrap_or_default().to_lowercase(), sku))
        });
        let initial = initial.collect();
        Ok(Self { state, now, customer, skus, initial })
    }

    /// Returns the licenses of a user, each as the index of its SKU and the identifiers of the service plans that it is without.
    fn licenses_of_user(&self, user: &str) -> Vec<(usize, Vec<String>)> {
        let collection = self.customer.child_path("users").child_path(user).child_path("licenses");
        let initial = self.initial.get(&user.to_lowercase());
        let mut licenses: Vec<_> = initial.into_iter().map(|sku| (*sku, Vec::new())).collect();
        for (id, _, written) in self.state.written_or_deleted_collection_items(&collection, self.now) {
            let Some(sku) = self.skus.iter().position(|sku| is_sku_with_id(sku, id)) else { continue };
            licenses.retain(|(assigned, _)| *assigned != sku);
            if let Some(written) = written {
                let excluded = written["excludedPlans"].as_array().into_iter().flatten().filter_map(Value::as_str);
                licenses.push((sku, excluded.map(str::to_owned).collect()));
            }
        }
        licenses
    }

    /// Returns the number of licenses of each SKU that users have.
    pub(super) fn consumed_units_by_sku(&self) -> Vec<i64> {
        let mut consumed: Vec<i64> = self.skus.iter().map(|sku| sku["consumedUnits"].as_i64().unwrap_or(0)).collect();
        // Those of the documentation count the licenses that its users had.
        for sku in self.initial.values().filter(|sku| self.skus[**sku].get("consumedUnits").is_some()) {
            consumed[*sku] -= 1;
        }
        for (_, sku) in self.assignments() {
            consumed[sku] += 1;
        }
        consumed
    }

    /// Returns all licenses of active users: the identifier of the user, and the index of the SKU.
    pub(super) fn assignments(&self) -> Vec<(String, usize)> {
        let users = active_users(self.state, &self.customer, self.now);
        let ids = users.iter().filter_map(|user| string_at_path(user, &["id"]));
        let licenses = |id: &str| {
            let licenses = self.licenses_of_user(id).into_iter();
            licenses.map(|(sku, _)| (id.to_owned(), sku)).collect::<Vec<_>>()
        };
        ids.flat_map(licenses).collect()
    }
}

/// Returns the SKUs of the documentation, the one of its user first.
fn documented_skus() -> Vec<Value> {
    let mut skus: Vec<Value> = Vec::new();
    for sku in operation("listSubscribedSkus").map(all_documented_items).unwrap_or_default() {
        if !skus.iter().any(|known| is_sku_with_id(known, sku_id(&sku))) {
            skus.push(sku);
        }
    }
    let first = operation("listUserLicenses").map(all_documented_items).unwrap_or_default();
    let first = first.first().map(|license| sku_id(license).to_owned()).unwrap_or_default();
    skus.sort_by_key(|sku| !is_sku_with_id(sku, &first));
    skus
}

/// Returns the SKUs of the subscriptions of a customer that are for a number of users.
fn skus_of_subscriptions(state: &State, customer: &ResourcePath, now: Timestamp) -> Vec<Value> {
    let mut skus: Vec<Value> = Vec::new();
    for subscription in subscriptions_of_customer(state, customer, now) {
        let offer = string_at_path(&subscription, &["offerId"]).unwrap_or_default();
        let units = subscription["quantity"].as_i64().unwrap_or_default();
        let status = string_at_path(&subscription, &["status"]).unwrap_or_default();
        let counter = match status {
            "active" => "activeUnits",
            "suspended" => "suspendedUnits",
            _ => continue,
        };
        if string_at_path(&subscription, &["billingType"]) != Some("license") {
            continue;
        }
        let mut random = RandomGenerator::for_purpose(keyed_hash(0, offer.as_bytes()), "license", 0u8);
        let id = random.random_guid().to_string();
        let position = skus.iter().position(|sku| is_sku_with_id(sku, &id)).unwrap_or_else(|| {
            let name = string_at_path(&subscription, &["offerName"]).unwrap_or(offer);
            skus.push(generate_sku_of_offer(&id, name, &random.random_guid().to_string()));
            skus.len() - 1
        });
        for name in [counter, "totalUnits"].iter().take(if counter == "activeUnits" { 2 } else { 1 }) {
            let before = skus[position][*name].as_i64().unwrap_or_default();
            skus[position][*name] = before.saturating_add(units).into();
        }
    }
    skus
}

fn generate_sku_of_offer(id: &str, name: &str, plan: &str) -> Value {
    let words = name.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    let part_number = words.collect::<Vec<_>>().join("_").to_uppercase();
    let group = if part_number.contains("MINECRAFT") { "group2" } else { "group1" };
    json!({
        "activeUnits": 0,
        "suspendedUnits": 0,
        "totalUnits": 0,
        "warningUnits": 0,
        "productSku": {
            "id": id,
            "name": name,
            "skuPartNumber": part_number,
            "targetType": "User",
            "licenseGroupId": group,
        },
        "servicePlans": [{
            "displayName": name,
            "serviceName": part_number,
            "id": plan,
            "capabilityStatus": "Enabled",
            "targetType": "User",
        }],
        "capabilityStatus": "Enabled",
        "attributes": { "objectType": "SubscribedSku" },
    })
}

/// Returns the license of a user for a SKU.
fn user_license_as_json(sku: &Value, excluded_plans: &[String]) -> Value {
    let mut product = sku["productSku"].clone();
    if let Some(fields) = product.as_object_mut() {
        fields.remove("targetType");
    }
    let plans = sku["servicePlans"].as_array().into_iter().flatten();
    let is_included = |plan: &&Value| {
        let id = string_at_path(plan, &["id"]).unwrap_or_default();
        !excluded_plans.iter().any(|excluded| excluded.eq_ignore_ascii_case(id))
    };
    let plans = plans.filter(is_included).cloned().map(|mut plan| {
        plan["capabilityStatus"] = "Assigned".into();
        plan
    });
    json!({
        "servicePlans": plans.collect::<Vec<_>>(),
        "productSku": product,
        "attributes": { "objectType": "License" },
    })
}

/// Returns those of `items` whose license group the query has, which is the first without it.
fn respond_with_items_of_requested_groups(
    call: &OperationCall<'_>,
    mut items: Vec<Value>,
) -> Result<ResponseWithChanges, ErrorResponse> {
    let mut groups: Vec<_> = call.query.all_values("licenseGroupIds").collect();
    if groups.is_empty() {
        groups.push("group1");
    }
    items.retain(|item| groups.iter().any(|group| group.eq_ignore_ascii_case(license_group_of_sku(item))));
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?
        .respond_with_page(call, response, (0..).zip(items).collect())
        .map(ResponseWithChanges::without_changes)
}

fn sku_id(sku: &Value) -> &str {
    string_at_path(sku, &["productSku", "id"]).unwrap_or_default()
}

fn is_sku_with_id(sku: &Value, id: &str) -> bool {
    sku_id(sku).eq_ignore_ascii_case(id)
}

fn license_group_of_sku(item: &Value) -> &str {
    string_at_path(item, &["productSku", "licenseGroupId"]).unwrap_or("group1")
}

pub(super) fn total_units(sku: &Value) -> i64 {
    sku["totalUnits"].as_i64().unwrap_or_default()
}
