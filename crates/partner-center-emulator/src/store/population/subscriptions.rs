use super::{CustomerTenant, documented_subscriptions::documented_subscriptions};
use crate::{
    catalog::find_catalog_item,
    lifecycle::NewSubscription,
    random::RandomGenerator,
    resource::SelfLinks,
    timestamp::{ONE_DAY, Timestamp, add_months_to_date},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// What a generated customer has.
#[derive(Clone, Copy)]
enum SubscriptionOffer {
    /// An item of the catalog.
    NewCommerce(&'static str),
    /// An offer of before new commerce, with its name.
    Legacy(&'static str, &'static str),
}

const SUBSCRIPTION_OFFERS: &[SubscriptionOffer] = &[
    SubscriptionOffer::NewCommerce("CFQ7TTC0FL30:0001:CFQ7TTC0PF3B"),
    SubscriptionOffer::NewCommerce("CFQ7TTC0T5K5:0001:CFQ7TTC0K83V"),
    SubscriptionOffer::NewCommerce("CFQ7TTC0EE50:0001:CFQ7TTC0PE9F"),
    SubscriptionOffer::Legacy("6C7FA2D1-43A5-4CE0-9A6B-3B6D2F5D1E70", "Exchange Online (Plan 1)"),
    SubscriptionOffer::Legacy(LEGACY_AZURE_OFFER, "Microsoft Azure"),
];

/// Returns all subscriptions of a customer, as they were bought.
pub(super) fn all_subscriptions(tenant: &CustomerTenant<'_>) -> Vec<Value> {
    let mut subscriptions = documented_subscriptions(tenant);
    subscriptions.extend((0..subscription_count(tenant)).map(|number| generate_subscription(tenant, number)));
    subscriptions
}

pub(super) fn get_subscription(tenant: &CustomerTenant<'_>, id: &str) -> Option<Value> {
    let id: Uuid = id.parse().ok()?;
    let has_id = |subscription: &Value| {
        subscription["id"].as_str().and_then(|text| text.parse().ok()).is_some_and(|known: Uuid| known == id)
    };
    if let Some(documented) = documented_subscriptions(tenant).into_iter().find(has_id) {
        return Some(documented);
    }
    let number = (0..subscription_count(tenant)).find(|number| subscription_id(tenant, *number) == id)?;
    Some(generate_subscription(tenant, number))
}

fn subscription_count(tenant: &CustomerTenant<'_>) -> u32 {
    if tenant.is_created {
        return 0;
    }
    1 + u32::try_from(RandomGenerator::for_purpose(tenant.seed, "subscription count", tenant.index).number_below(5))
        .unwrap_or_default()
}

fn subscription_id(tenant: &CustomerTenant<'_>, number: u32) -> Uuid {
    RandomGenerator::for_purpose(tenant.seed, "subscription", tenant.random_key_of_resource(number)).random_guid()
}

fn generate_subscription(tenant: &CustomerTenant<'_>, number: u32) -> Value {
    let id = subscription_id(tenant, number);
    let mut random =
        RandomGenerator::for_purpose(tenant.seed, "subscription details", tenant.random_key_of_resource(number));
    // The first is of new commerce and goes on, so that every customer has an active one.
    let offer = SUBSCRIPTION_OFFERS
        [if number == 0 { random.number_below(3) } else { random.number_below(SUBSCRIPTION_OFFERS.len()) }];
    let created = EARLIEST_SUBSCRIPTION_CREATION
        + ONE_DAY * u32::try_from(random.number_below(500)).unwrap_or_default()
        + Duration::from_micros(random.next_u64() % 86_400_000_000);
    let order = random.random_guid();
    let quantity = 1 + random.number_below(60);
    match offer {
        SubscriptionOffer::NewCommerce(offer) => {
            let Some(item) = find_catalog_item(offer) else { return Value::Null };
            let term = random.pick_one(&["P1M", "P1Y", "P1Y", "P3Y"]);
            let renews = !random.true_once_in(5) || number == 0;
            let billing_cycle = if term == "P1M" { "monthly" } else { random.pick_one(&["monthly", "annual"]) };
            NewSubscription {
                customer_id: tenant.id,
                country: tenant.country.code,
                id,
                order_id: &short_order_id(order),
                item,
                friendly_name: item.sku.title,
                quantity: i64::try_from(quantity).unwrap_or(1),
                term_duration: term,
                billing_cycle,
                custom_last_day: None,
                partner_id: &tenant.partner_id,
                promotion_id: None,
                renews,
                created,
                provisioned: created,
            }
            .to_record()
        }
        SubscriptionOffer::Legacy(offer, name) => {
            let is_azure = offer == LEGACY_AZURE_OFFER;
            let quantity = if is_azure { 1 } else { i64::try_from(quantity).unwrap_or(1) };
            let order_id = &upper_case_guid(order);
            let legacy = LegacySubscription { id, order_id, offer, name, friendly_name: name, quantity, created };
            let mut subscription = legacy.to_record(tenant);
            if random.true_once_in(6) {
                subscription["status"] = "suspended".into();
            }
            if is_azure {
                subscription["entitlementId"] = upper_case_guid(random.random_guid()).into();
            }
            subscription
        }
    }
}

/// Returns the identifier of an order of new commerce: 12 hexadecimal digits.
fn short_order_id(order: Uuid) -> String {
    order.simple().to_string().chars().take(12).collect()
}

/// A subscription of before new commerce.
pub(super) struct LegacySubscription<'a> {
    pub(super) id: Uuid,
    pub(super) order_id: &'a str,
    pub(super) offer: &'a str,
    pub(super) name: &'a str,
    pub(super) friendly_name: &'a str,
    pub(super) quantity: i64,
    pub(super) created: Timestamp,
}

impl LegacySubscription<'_> {
    /// Returns the subscription as it is stored, in its first year.
    pub(super) fn to_record(&self, tenant: &CustomerTenant<'_>) -> Value {
        let is_azure = self.offer == LEGACY_AZURE_OFFER;
        let id = upper_case_guid(self.id);
        let end = Timestamp::start_of_date(add_months_to_date(self.created.date(), 12));
        json!({
            "id": id,
            "offerId": self.offer,
            "offerName": self.name,
            "friendlyName": self.friendly_name,
            "quantity": self.quantity,
            "unitType": if is_azure { "Usage-based" } else { "Licenses" },
            "hasPurchasableAddons": false,
            "creationDate": self.created.to_string_in_microseconds(),
            "effectiveStartDate": self.created.to_string_in_microseconds(),
            "commitmentEndDate": if is_azure { "9999-12-10T00:00:00Z".to_owned() } else { end.to_string_in_seconds() },
            "status": "active",
            "autoRenewEnabled": !is_azure,
            "isTrial": false,
            "billingType": if is_azure { "usage" } else { "license" },
            "billingCycle": "monthly",
            "contractType": "subscription",
            "partnerId": tenant.partner_id,
            "orderId": self.order_id,
            "links": SelfLinks::new(format!("/customers/{}/subscriptions/{id}", tenant.id)),
            "attributes": { "etag": legacy_subscription_etag(&id, 1), "objectType": "Subscription" },
        })
    }
}

const LEGACY_AZURE_OFFER: &str = "MS-AZR-0145P";

/// Returns an identifier as those of legacy subscriptions and their orders are written.
fn upper_case_guid(id: Uuid) -> String {
    id.to_string().to_uppercase()
}

/// Returns the etag of a legacy subscription. Those of new commerce have none.
pub(crate) fn legacy_subscription_etag(id: &str, version: u64) -> String {
    BASE64_STANDARD.encode(json!({ "id": id.to_lowercase(), "version": version }).to_string())
}

/// Returns the version in the etag of a legacy subscription.
pub(crate) fn version_in_subscription_etag(etag: &str) -> Option<u64> {
    let json = BASE64_STANDARD.decode(etag).ok()?;
    serde_json::from_slice::<Value>(&json).ok()?["version"].as_u64()
}

/// The moment before the creation of all generated subscriptions: 2025-01-01T00:00:00Z.
const EARLIEST_SUBSCRIPTION_CREATION: Timestamp = Timestamp::from_unix_time(Duration::from_secs(1_735_689_600));
