use super::Tenant;
use crate::{
    random::Random,
    resource::{Link, SelfLinks},
    timestamp::{DAY, Timestamp},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A kind of subscription. They differ in their fields, in the form of their identifiers, and in whether they have an etag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    NewCommerce,
    Legacy,
    Azure,
}

struct Offer {
    kind: Kind,
    id: &'static str,
    name: &'static str,
}

const OFFERS: &[Offer] = &[
    Offer { kind: Kind::NewCommerce, id: "CFQ7TTC0BB10:0001:CFQ7TTC0PB4A", name: "Microsoft 365 Business Basic" },
    Offer { kind: Kind::NewCommerce, id: "CFQ7TTC0BS20:0002:CFQ7TTC0PS7C", name: "Microsoft 365 Business Standard" },
    Offer { kind: Kind::NewCommerce, id: "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F", name: "Microsoft 365 E5" },
    Offer { kind: Kind::Legacy, id: "6C7FA2D1-43A5-4CE0-9A6B-3B6D2F5D1E70", name: "Exchange Online (Plan 1)" },
    Offer { kind: Kind::Azure, id: "MS-AZR-0145P", name: "Microsoft Azure" },
];

/// Returns all subscriptions of a customer.
pub(super) fn all(tenant: &Tenant<'_>, now: Timestamp) -> Vec<Value> {
    (0..count(tenant)).map(|number| subscription(tenant, number, now)).collect()
}

pub(super) fn get(tenant: &Tenant<'_>, id: &str, now: Timestamp) -> Option<Value> {
    let id: Uuid = id.parse().ok()?;
    let number = (0..count(tenant)).find(|number| subscription_id(tenant, *number) == id)?;
    Some(subscription(tenant, number, now))
}

fn count(tenant: &Tenant<'_>) -> u32 {
    if tenant.is_created {
        return 0;
    }
    1 + u32::try_from(Random::new(tenant.seed, "subscription count", tenant.index).below(5)).unwrap_or_default()
}

fn subscription_id(tenant: &Tenant<'_>, number: u32) -> Uuid {
    tenant.resource_id("subscription", "subscription-id", number)
}

fn subscription(tenant: &Tenant<'_>, number: u32, now: Timestamp) -> Value {
    let id = subscription_id(tenant, number);
    let mut random = Random::new(tenant.seed, "subscription details", tenant.key(number));
    // The first is of new commerce, so that every customer has one.
    let offer = &OFFERS[if number == 0 { random.below(3) } else { random.below(OFFERS.len()) }];
    let created = FIRST_CREATION
        + DAY * u32::try_from(random.below(500)).unwrap_or_default()
        + Duration::from_micros(random.next_u64() % 86_400_000_000);
    let order = random.guid();
    // That of the documentation has one seat, so that its examples add some.
    let quantity = if tenant.is_documented && number == 0 { 1 } else { 1 + random.below(60) };
    match offer.kind {
        Kind::NewCommerce => new_commerce(tenant, &mut random, offer, (id, order), quantity, (created, now)),
        Kind::Legacy | Kind::Azure => legacy(tenant, &mut random, offer, (id, order), quantity, (created, now)),
    }
}

fn new_commerce(
    tenant: &Tenant<'_>,
    random: &mut Random,
    offer: &Offer,
    (id, order): (Uuid, Uuid),
    quantity: usize,
    (created, now): (Timestamp, Timestamp),
) -> Value {
    let (term, term_length) = random.pick(&[("P1M", 30), ("P1Y", 365), ("P1Y", 365), ("P3Y", 3 * 365)]);
    let (start, _) = current_term(created, DAY * term_length, now);
    let last_day = (start + DAY * (term_length - 1)).to_text_in_seconds();
    let last_day = last_day.split('T').next().unwrap_or_default();
    let order: String = order.simple().to_string().chars().take(12).collect();
    let catalog = |length: usize| {
        let parts: Vec<_> = offer.id.split(':').zip(["products", "skus", "availabilities"]).take(length).collect();
        let path: Vec<_> = parts.iter().flat_map(|(part, kind)| ["/", *kind, "/", *part]).collect();
        Link::new(format!("{}?country={}", path.concat(), tenant.country.code))
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
        "creationDate": created.to_text(),
        "effectiveStartDate": start.to_text(),
        "commitmentEndDate": format!("{last_day}T00:00:00Z"),
        "commitmentEndDateTime": format!("{last_day}T23:59:59Z"),
        "status": "active",
        "autoRenewEnabled": !random.one_in(5),
        "isTrial": false,
        "billingType": "license",
        "billingCycle": if term == "P1M" { "monthly" } else { random.pick(&["monthly", "annual"]) },
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
            "self": Link::new(format!("/customers/{}/subscriptions/{id}", tenant.id)),
        },
        "attributes": { "objectType": "Subscription" },
    })
}

fn legacy(
    tenant: &Tenant<'_>,
    random: &mut Random,
    offer: &Offer,
    (id, order): (Uuid, Uuid),
    quantity: usize,
    (created, now): (Timestamp, Timestamp),
) -> Value {
    let is_azure = offer.kind == Kind::Azure;
    let (start, end) = current_term(created, DAY * 365, now);
    let upper_case = |id: Uuid| id.to_string().to_uppercase();
    let mut subscription = json!({
        "id": upper_case(id),
        "offerId": offer.id,
        "offerName": offer.name,
        "friendlyName": offer.name,
        "quantity": if is_azure { 1 } else { quantity },
        "unitType": if is_azure { "Usage-based" } else { "Licenses" },
        "hasPurchasableAddons": false,
        "creationDate": created.to_text(),
        "effectiveStartDate": start.to_text(),
        "commitmentEndDate": if is_azure { "9999-12-10T00:00:00Z".to_owned() } else { end.to_text_in_seconds() },
        "status": if random.one_in(6) { "suspended" } else { "active" },
        "autoRenewEnabled": !is_azure,
        "isTrial": false,
        "billingType": if is_azure { "usage" } else { "license" },
        "billingCycle": "monthly",
        "contractType": "subscription",
        "partnerId": tenant.partner_id,
        "orderId": upper_case(order),
        "links": SelfLinks::new(format!("/customers/{}/subscriptions/{}", tenant.id, upper_case(id))),
        "attributes": { "etag": subscription_etag(&id.to_string(), 1), "objectType": "Subscription" },
    });
    if is_azure {
        subscription["entitlementId"] = upper_case(random.guid()).into();
    }
    subscription
}

/// Returns the etag of a legacy subscription. Those of new commerce have none.
pub(crate) fn subscription_etag(id: &str, version: u64) -> String {
    BASE64_STANDARD.encode(json!({ "id": id.to_lowercase(), "version": version }).to_string())
}

/// Returns the version in the etag of a legacy subscription.
pub(crate) fn subscription_version(etag: &str) -> Option<u64> {
    let json = BASE64_STANDARD.decode(etag).ok()?;
    serde_json::from_slice::<Value>(&json).ok()?["version"].as_u64()
}

/// Returns start and end of the term that is running `now`, of a subscription that has always been renewed.
fn current_term(created: Timestamp, term: Duration, now: Timestamp) -> (Timestamp, Timestamp) {
    let terms = now.since(created).as_secs() / term.as_secs().max(1);
    let start = created + term.saturating_mul(u32::try_from(terms).unwrap_or(u32::MAX));
    (start, start + term)
}

/// The moment before the creation of all generated subscriptions: 2025-01-01T00:00:00Z.
const FIRST_CREATION: Timestamp = Timestamp::from_unix(Duration::from_secs(1_735_689_600));
