use super::CustomerTenant;
use crate::{
    random::RandomGenerator,
    resource::{ResourceLink, SelfLinks},
    timestamp::{ONE_DAY, Timestamp},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A kind of subscription. They differ in their fields, in the form of their identifiers, and in whether they have an etag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SubscriptionKind {
    NewCommerce,
    Legacy,
    Azure,
}

struct SubscriptionOffer {
    kind: SubscriptionKind,
    id: &'static str,
    name: &'static str,
}

const SUBSCRIPTION_OFFERS: &[SubscriptionOffer] = &[
    SubscriptionOffer {
        kind: SubscriptionKind::NewCommerce,
        id: "CFQ7TTC0BB10:0001:CFQ7TTC0PB4A",
        name: "Microsoft 365 Business Basic",
    },
    SubscriptionOffer {
        kind: SubscriptionKind::NewCommerce,
        id: "CFQ7TTC0BS20:0002:CFQ7TTC0PS7C",
        name: "Microsoft 365 Business Standard",
    },
    SubscriptionOffer {
        kind: SubscriptionKind::NewCommerce,
        id: "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F",
        name: "Microsoft 365 E5",
    },
    SubscriptionOffer {
        kind: SubscriptionKind::Legacy,
        id: "6C7FA2D1-43A5-4CE0-9A6B-3B6D2F5D1E70",
        name: "Exchange Online (Plan 1)",
    },
    SubscriptionOffer { kind: SubscriptionKind::Azure, id: "MS-AZR-0145P", name: "Microsoft Azure" },
];

/// Returns all subscriptions of a customer.
pub(super) fn all_subscriptions(tenant: &CustomerTenant<'_>, now: Timestamp) -> Vec<Value> {
    (0..subscription_count(tenant)).map(|number| generate_subscription(tenant, number, now)).collect()
}

pub(super) fn get_subscription(tenant: &CustomerTenant<'_>, id: &str, now: Timestamp) -> Option<Value> {
    let id: Uuid = id.parse().ok()?;
    let number = (0..subscription_count(tenant)).find(|number| subscription_id(tenant, *number) == id)?;
    Some(generate_subscription(tenant, number, now))
}

fn subscription_count(tenant: &CustomerTenant<'_>) -> u32 {
    if tenant.is_created {
        return 0;
    }
    1 + u32::try_from(RandomGenerator::for_purpose(tenant.seed, "subscription count", tenant.index).number_below(5))
        .unwrap_or_default()
}

fn subscription_id(tenant: &CustomerTenant<'_>, number: u32) -> Uuid {
    tenant.generated_resource_id("subscription", "subscription-id", number)
}

fn generate_subscription(tenant: &CustomerTenant<'_>, number: u32, now: Timestamp) -> Value {
    let id = subscription_id(tenant, number);
    let mut random = RandomGenerator::for_purpose(tenant.seed, "subscription details", tenant.random_key(number));
    // The first is of new commerce, so that every customer has one.
    let offer = &SUBSCRIPTION_OFFERS
        [if number == 0 { random.number_below(3) } else { random.number_below(SUBSCRIPTION_OFFERS.len()) }];
    let created = EARLIEST_CREATION_TIME
        + ONE_DAY * u32::try_from(random.number_below(500)).unwrap_or_default()
        + Duration::from_micros(random.next_u64() % 86_400_000_000);
    let order = random.random_guid();
    // That of the documentation has one seat, so that its examples add some.
    let quantity = if tenant.is_documented && number == 0 { 1 } else { 1 + random.number_below(60) };
    match offer.kind {
        SubscriptionKind::NewCommerce => {
            new_commerce_subscription(tenant, &mut random, offer, (id, order), quantity, (created, now))
        }
        SubscriptionKind::Legacy | SubscriptionKind::Azure => {
            legacy_subscription(tenant, &mut random, offer, (id, order), quantity, (created, now))
        }
    }
}

fn new_commerce_subscription(
    tenant: &CustomerTenant<'_>,
    random: &mut RandomGenerator,
    offer: &SubscriptionOffer,
    (id, order): (Uuid, Uuid),
    quantity: usize,
    (created, now): (Timestamp, Timestamp),
) -> Value {
    let (term, term_length) = random.pick_one(&[("P1M", 30), ("P1Y", 365), ("P1Y", 365), ("P3Y", 3 * 365)]);
    let (start, _) = current_term_of_subscription(created, ONE_DAY * term_length, now);
    let last_day = (start + ONE_DAY * (term_length - 1)).to_string_in_seconds();
    let last_day = last_day.split('T').next().unwrap_or_default();
    let order: String = order.simple().to_string().chars().take(12).collect();
    let catalog = |length: usize| {
        let parts: Vec<_> = offer.id.split(':').zip(["products", "skus", "availabilities"]).take(length).collect();
        let path: Vec<_> = parts.iter().flat_map(|(part, kind)| ["/", *kind, "/", *part]).collect();
        ResourceLink::new(format!("{}?country={}", path.concat(), tenant.country.code))
    };
    json!({
        "id": id,
        "offerId": offer.id,
        "offerName": offer.name,
        "friendlyName": offer.name,
        "productType": { "id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE" },
        "quantity": quantity,
        "unitType": "Licenses",
        "hasPurchasableAddons": false,
        "creationDate": created.to_string_in_microseconds(),
        "effectiveStartDate": start.to_string_in_microseconds(),
        "commitmentEndDate": format!("{last_day}T00:00:00Z"),
        "commitmentEndDateTime": format!("{last_day}T23:59:59Z"),
        "status": "active",
        "autoRenewEnabled": !random.true_once_in(5),
        "isTrial": false,
        "billingType": "license",
        "billingCycle": if term == "P1M" { "monthly" } else { random.pick_one(&["monthly", "annual"]) },
        "termDuration": term,
        "renewalTermDuration": "",
        "isMicrosoftProduct": true,
        "partnerId": tenant.partner_id,
        "attentionNeeded": false,
        "actionTaken": false,
        "contractType": "subscription",
        "publisherName": "Microsoft Corporation",
        "refundableQuantity": { "totalQuantity": 0, "details": [] },
        "orderId": order,
        "links": {
            "product": catalog(1),
            "sku": catalog(2),
            "availability": catalog(3),
            "self": ResourceLink::new(format!("/customers/{}/subscriptions/{id}", tenant.id)),
        },
        "attributes": { "objectType": "Subscription" },
    })
}

fn legacy_subscription(
    tenant: &CustomerTenant<'_>,
    random: &mut RandomGenerator,
    offer: &SubscriptionOffer,
    (id, order): (Uuid, Uuid),
    quantity: usize,
    (created, now): (Timestamp, Timestamp),
) -> Value {
    let is_azure = offer.kind == SubscriptionKind::Azure;
    let (start, end) = current_term_of_subscription(created, ONE_DAY * 365, now);
    let upper_case = |id: Uuid| id.to_string().to_uppercase();
    let mut subscription = json!({
        "id": upper_case(id),
        "offerId": offer.id,
        "offerName": offer.name,
        "friendlyName": offer.name,
        "quantity": if is_azure { 1 } else { quantity },
        "unitType": if is_azure { "Usage-based" } else { "Licenses" },
        "hasPurchasableAddons": false,
        "creationDate": created.to_string_in_microseconds(),
        "effectiveStartDate": start.to_string_in_microseconds(),
        "commitmentEndDate": if is_azure { "9999-12-10T00:00:00Z".to_owned() } else { end.to_string_in_seconds() },
        "status": if random.true_once_in(6) { "suspended" } else { "active" },
        "autoRenewEnabled": !is_azure,
        "isTrial": false,
        "billingType": if is_azure { "usage" } else { "license" },
        "billingCycle": "monthly",
        "contractType": "subscription",
        "partnerId": tenant.partner_id,
        "orderId": upper_case(order),
        "links": SelfLinks::new(format!("/customers/{}/subscriptions/{}", tenant.id, upper_case(id))),
        "attributes": { "etag": legacy_subscription_etag(&id.to_string(), 1), "objectType": "Subscription" },
    });
    if is_azure {
        subscription["entitlementId"] = upper_case(random.random_guid()).into();
    }
    subscription
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

/// Returns start and end of the term that is running `now`, of a subscription that has always been renewed.
fn current_term_of_subscription(created: Timestamp, term: Duration, now: Timestamp) -> (Timestamp, Timestamp) {
    let terms = now.duration_since(created).as_secs() / term.as_secs().max(1);
    let start = created + term.saturating_mul(u32::try_from(terms).unwrap_or(u32::MAX));
    (start, start + term)
}

/// The moment before the creation of all generated subscriptions: 2025-01-01T00:00:00Z.
const EARLIEST_CREATION_TIME: Timestamp = Timestamp::from_unix_time(Duration::from_secs(1_735_689_600));
