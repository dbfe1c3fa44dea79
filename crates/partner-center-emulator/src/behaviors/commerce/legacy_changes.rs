//! What becomes of legacy subscriptions without new commerce: upgrades to another offer, and trials that are paid for. Their errors
//! are part of a response with the status 200.

use super::{respond_with_list, subscription_not_found_error};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, example_items},
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::{SubscriptionKind, set_internal_field, subscription_kind, without_internal_fields},
    resource::SelfLinks,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{
        StateChange,
        population::{legacy_subscription_etag, version_in_subscription_etag},
    },
    timestamp::{Timestamp, add_months_to_date},
};
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// The offers that can be upgraded, with the one that they become.
const UPGRADES: [(&str, &str); 2] = [
    ("2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526", "644D9226-4B97-4E94-9584-FBF308D43C9B"),
    ("6C7FA2D1-43A5-4CE0-9A6B-3B6D2F5D1E70", "644D9226-4B97-4E94-9584-FBF308D43C9B"),
];

/// The offers of trials, with the one that is paid for and its name.
const CONVERSIONS: [(&str, &str, &str); 1] =
    [("E2B04C00-DD03-4586-8B50-4015F951F303", "8BDF3567-1B40-4E5B-8C96-4EB6057608A5", "Office 365 Business Premium")];

/// The types of an upgrade, which results have as a number.
const UPGRADE_TYPES: [&str; 3] = ["none", "upgrade_only", "upgrade_with_license_transfer"];

/// The codes of errors of upgrades.
const NOT_ACTIVE: u32 = 2;
const CONCURRENT_CHANGE: u32 = 4;
const NO_TARGET: u32 = 8;

/// A legacy subscription that a request is for.
struct LegacySource {
    path: ResourcePath,
    subscription: Value,
}

impl LegacySource {
    /// Returns the subscription of a request, or nothing if it is one of new commerce.
    fn from_call(call: &OperationCall<'_>) -> Result<Option<Self>, ErrorResponse> {
        let (path, _) = call.path.split_last_segment().ok_or_else(subscription_not_found_error)?;
        let subscription =
            call.state.get_resource_with_internal_fields(&path, call.now).ok_or_else(subscription_not_found_error)?;
        let is_legacy = subscription_kind(&subscription) == SubscriptionKind::Legacy;
        Ok(is_legacy.then_some(Self { path, subscription }))
    }

    fn text(&self, name: &str) -> &str {
        string_at_path(&self.subscription, &[name]).unwrap_or_default()
    }

    fn upgrade_target(&self) -> Option<&'static str> {
        let upgrade = UPGRADES.iter().find(|(offer, _)| offer.eq_ignore_ascii_case(self.text("offerId")));
        upgrade.map(|(_, target)| *target)
    }

    /// Returns the offer that a trial becomes, with its name.
    fn conversion_target(&self) -> Option<(&'static str, &'static str)> {
        let is_trial = self.subscription["isTrial"] == true;
        let mut conversions = CONVERSIONS.iter().filter(|_| is_trial);
        let conversion = conversions.find(|(offer, ..)| offer.eq_ignore_ascii_case(self.text("offerId")));
        conversion.map(|(_, target, name)| (*target, *name))
    }

    /// Returns why the subscription cannot change now: the code of the error, and the words.
    fn obstacle(&self, call: &OperationCall<'_>) -> Option<(u32, &'static str)> {
        if self.subscription["status"] != "active" {
            return Some((NOT_ACTIVE, "The subscription is not active."));
        }
        let is_pending = call.state.is_write_pending(&self.path, call.now);
        is_pending.then_some((CONCURRENT_CHANGE, "Another change of the subscription is in progress."))
    }
}

/// Lists the offers that a legacy subscription can be upgraded to. Those of new commerce have transitions instead.
pub(super) fn list_upgrades(call: &OperationCall<'_>) -> Response {
    let Some(source) = LegacySource::from_call(call)? else { return respond_with_list(call, Vec::new()) };
    let errors = upgrade_errors(source.obstacle(call));
    let offer = source.upgrade_target().and_then(offer_with_id);
    let upgrades = offer.into_iter().flat_map(|offer| {
        let (quantity, errors) = (&source.subscription["quantity"], &errors);
        let upgrade = move |upgrade_type: &&str| {
            json!({
                "targetOffer": offer,
                "upgradeType": upgrade_type,
                "isEligible": errors.is_empty(),
                "quantity": quantity,
                "upgradeErrors": errors,
                "attributes": { "objectType": "Upgrade" },
            })
        };
        UPGRADE_TYPES[1..].iter().map(upgrade)
    });
    respond_with_list(call, upgrades.collect())
}

/// Upgrades a legacy subscription: the seats are those of a new one, and the old one is suspended.
pub(super) fn create_upgrade(call: &OperationCall<'_>) -> Response {
    let source = LegacySource::from_call(call)?;
    let wanted = string_at_path(&call.body, &["targetOffer", "id"]).unwrap_or_default();
    let upgrade_type = match &call.body["upgradeType"] {
        Value::String(name) => UPGRADE_TYPES.iter().position(|known| known.eq_ignore_ascii_case(name)).unwrap_or(1),
        number => number.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(1),
    };
    let target = source.as_ref().and_then(LegacySource::upgrade_target);
    let target = target.filter(|target| target.eq_ignore_ascii_case(wanted));
    let obstacle = match (&source, target) {
        (Some(source), Some(_)) => source.obstacle(call),
        _ => Some((NO_TARGET, "The subscription cannot be upgraded to this offer.")),
    };
    let source_id = call.route.path_parameter("subscription-id").unwrap_or_default().to_ascii_lowercase();
    let mut result = json!({
        "sourceSubscriptionId": source_id,
        "upgradeType": upgrade_type,
        "upgradeErrors": upgrade_errors(obstacle),
        "licenseErrors": [],
        "attributes": { "objectType": "UpgradeResult" },
    });
    let mut changes = Vec::new();
    if let (Some(source), Some(target), None) = (source, target, obstacle) {
        let id = call.state.random_for_next_change("subscription of an upgrade").random_guid().to_string();
        result["targetSubscriptionId"] = id.as_str().into();
        changes = upgrade_changes(call, source, target, &id);
    }
    Ok(ResponseWithChanges { response: call.respond_with_resource(result, ResourceKind::Other, false), changes })
}

fn upgrade_changes(call: &OperationCall<'_>, source: LegacySource, target: &str, id: &str) -> Vec<StateChange> {
    let LegacySource { path, mut subscription } = source;
    let mut upgraded = without_internal_fields(subscription.clone());
    let customer = call.route.path_parameter("customer-tenant-id").unwrap_or_default().to_ascii_lowercase();
    let created = call.now.to_string_in_microseconds();
    let end = Timestamp::start_of_date(add_months_to_date(call.now.date(), 12)).to_string_in_seconds();
    let name = offer_with_id(target).map(|offer| offer["name"].clone()).unwrap_or_default();
    let upper_id = id.to_uppercase();
    for (field, value) in [
        ("id", upper_id.as_str().into()),
        ("offerId", target.into()),
        ("offerName", name.clone()),
        ("friendlyName", name),
        ("creationDate", created.as_str().into()),
        ("effectiveStartDate", created.as_str().into()),
        ("commitmentEndDate", end.into()),
        ("links", json!(SelfLinks::new(format!("/customers/{customer}/subscriptions/{upper_id}")))),
        ("attributes", json!({ "etag": legacy_subscription_etag(id, 1), "objectType": "Subscription" })),
    ] {
        upgraded[field] = value;
    }
    if call.body["quantity"].as_i64().is_some_and(|quantity| quantity > 0) {
        upgraded["quantity"] = call.body["quantity"].clone();
    }
    subscription["status"] = "suspended".into();
    set_internal_field(&mut subscription, "suspendedAt", created);
    count_version(&mut subscription);
    let collection = super::customer_path(call).child_path("subscriptions");
    vec![StateChange::Put(path, subscription), StateChange::Put(collection.child_path(id), upgraded)]
}

/// Lists what a legacy trial can be converted to. What is no trial has nothing.
pub(super) fn list_conversions(call: &OperationCall<'_>) -> Response {
    let source = LegacySource::from_call(call)?.filter(|source| source.obstacle(call).is_none());
    let conversion = source.and_then(|source| {
        let (target, _) = source.conversion_target()?;
        Some(json!({
            "offerId": source.subscription["offerId"],
            "targetOfferId": target,
            "orderId": source.subscription["orderId"],
            "quantity": source.subscription["quantity"],
            "billingCycle": "monthly",
            "attributes": { "objectType": "Conversion" },
        }))
    });
    respond_with_list(call, conversion.into_iter().collect())
}

/// Converts a legacy trial to a subscription that is paid for. It keeps its identifier.
pub(super) fn create_conversion(call: &OperationCall<'_>) -> Response {
    let text = |name: &str| string_at_path(&call.body, &[name]).unwrap_or_default();
    let source = LegacySource::from_call(call)?;
    let mut result = json!({
        "subscriptionId": call.route.path_parameter("subscription-id").unwrap_or_default().to_ascii_lowercase(),
        "offerId": text("offerId"),
        "targetOfferId": text("targetOfferId"),
        "attributes": { "objectType": "ConversionResult" },
    });
    let target = source.as_ref().and_then(LegacySource::conversion_target);
    let target = target.filter(|(target, _)| target.eq_ignore_ascii_case(text("targetOfferId")));
    let obstacle = source.as_ref().and_then(|source| source.obstacle(call));
    let mut changes = Vec::new();
    match (source, target, obstacle) {
        (Some(LegacySource { path, mut subscription }), Some((target, name)), None) => {
            subscription["offerId"] = target.into();
            subscription["offerName"] = name.into();
            subscription["isTrial"] = false.into();
            if call.body["quantity"].as_i64().is_some_and(|quantity| quantity > 0) {
                subscription["quantity"] = call.body["quantity"].clone();
            }
            if !text("billingCycle").is_empty() {
                subscription["billingCycle"] = text("billingCycle").into();
            }
            count_version(&mut subscription);
            changes.push(StateChange::Put(path, subscription));
        }
        (_, _, obstacle) => {
            let (_, description) = obstacle.unwrap_or((NO_TARGET, "The subscription is no trial of this offer."));
            result["error"] = json!({ "code": CONVERSION_FAILED, "description": description });
        }
    }
    Ok(ResponseWithChanges { response: call.respond_with_resource(result, ResourceKind::Other, false), changes })
}

/// The code of a conversion that is not possible.
const CONVERSION_FAILED: &str = "2031";

fn upgrade_errors(obstacle: Option<(u32, &str)>) -> Vec<Value> {
    let error = |(code, description)| json!({ "code": code, "description": description, "attributes": { "objectType": "UpgradeError" } });
    obstacle.map(error).into_iter().collect()
}

/// Returns the offer with this identifier, as the documentation has it.
fn offer_with_id(id: &str) -> Option<Value> {
    let mut offers = example_items("listUpgrades").into_iter().map(|mut upgrade| upgrade["targetOffer"].take());
    offers.find(|offer| offer["id"] == id)
}

/// Sets the etag of a legacy subscription that follows the present one.
pub(super) fn count_version(subscription: &mut Value) {
    let etag = string_at_path(subscription, &["attributes", "etag"]).unwrap_or_default();
    let version = version_in_subscription_etag(etag).unwrap_or_default().saturating_add(1);
    let id = string_at_path(subscription, &["id"]).unwrap_or_default();
    subscription["attributes"]["etag"] = legacy_subscription_etag(id, version).into();
}
