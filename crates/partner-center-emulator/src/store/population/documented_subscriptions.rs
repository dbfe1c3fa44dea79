//! The subscriptions of the customers of the documentation: those that the examples of the specification refer to.

use super::CustomerTenant;
use super::subscriptions::LegacySubscription;
use crate::{
    catalog::{AZURE_PLAN_CATALOG_ITEM_ID, find_catalog_item},
    lifecycle::NewSubscription,
    timestamp::Timestamp,
};
use serde_json::Value;
use std::time::Duration;
use uuid::{Uuid, uuid};

struct DocumentedSubscription {
    id: Uuid,
    order_id: &'static str,
    friendly_name: &'static str,
    quantity: i64,
    offer: DocumentedOffer,
}

enum DocumentedOffer {
    /// An item of the catalog, with its term.
    NewCommerce(&'static str, &'static str),
    /// A legacy offer with its name, and the subscription that it is an add-on of.
    Legacy(&'static str, &'static str, Option<Uuid>),
    /// A legacy trial with its name. It renews, so that there is one whenever the emulator runs.
    LegacyTrial(&'static str, &'static str),
}

const DOCUMENTED_SUBSCRIPTIONS: &[DocumentedSubscription] = &[
    DocumentedSubscription {
        id: uuid!("9e3258d1-19e2-4b05-bb0b-ffad62f208b8"),
        order_id: "b4f1c9027e5d",
        friendly_name: "Contoso Bakery office seats",
        quantity: 12,
        offer: DocumentedOffer::NewCommerce("CFQ7TTC069GL:0001:CFQ7TTC0G225", "P1Y"),
    },
    DocumentedSubscription {
        id: uuid!("3b499e9b-5f34-4cce-93d7-6a55b53af5fd"),
        order_id: "61d8f03c9ab7",
        friendly_name: "Contoso Bakery head office",
        quantity: 20,
        offer: DocumentedOffer::NewCommerce("CFQ7TTC0X301:0001:CFQ7TTC0K5DG", "P1Y"),
    },
    DocumentedSubscription {
        id: uuid!("14e1d4fd-0638-4abb-8990-35ad51ff23d8"),
        order_id: "61d8f03c9ab7",
        friendly_name: "Contoso Bakery seasonal staff",
        quantity: 5,
        offer: DocumentedOffer::NewCommerce("CFQ7TTC0X301:0001:CFQ7TTC0K5DG", "P1M"),
    },
    DocumentedSubscription {
        id: uuid!("74c86d3e-d504-4ebb-889c-55c9b1a3e0b1"),
        order_id: "61B0B46B-8A0E-4F5C-9C57-0E6E5A0E1B51",
        friendly_name: "Contoso Bakery ovens",
        quantity: 8,
        offer: DocumentedOffer::Legacy(LEGACY_BUSINESS_OFFER, "Office 365 Business Premium", None),
    },
    DocumentedSubscription {
        id: uuid!("72192ac0-9458-470d-9f52-c6e416145c2e"),
        order_id: "61B0B46B-8A0E-4F5C-9C57-0E6E5A0E1B51",
        friendly_name: "Contoso Bakery telephones",
        quantity: 3,
        offer: DocumentedOffer::Legacy(
            "357A0E06-04FC-49E2-BDDB-99570943515B",
            "Telephony add-on",
            Some(uuid!("74c86d3e-d504-4ebb-889c-55c9b1a3e0b1")),
        ),
    },
    DocumentedSubscription {
        id: uuid!("a1f46edc-74bc-4201-9476-c0e94f82d106"),
        order_id: "0C41E2BB-7C8C-47C1-8DDB-8FDE4C3D5D5A",
        friendly_name: "Contoso Dairy tills",
        quantity: 6,
        offer: DocumentedOffer::Legacy(LEGACY_BUSINESS_OFFER, "Office 365 Business Premium", None),
    },
    DocumentedSubscription {
        id: uuid!("5fce8f7e-ce8f-493d-bea5-892d0cc98a2d"),
        order_id: "F00EFA7B-7D20-4E53-B8B3-4F8B8A6E1C02",
        friendly_name: "Contoso Dairy office",
        quantity: 4,
        offer: DocumentedOffer::Legacy(LEGACY_BUSINESS_OFFER, "Office 365 Business Premium", None),
    },
    DocumentedSubscription {
        id: uuid!("7be3a6f0-2d91-4c58-9f0b-6d1c2e84a735"),
        order_id: "09213736-3992-414C-9919-586517A364BF",
        friendly_name: "Contoso Dairy trial",
        quantity: 25,
        offer: DocumentedOffer::LegacyTrial(
            "E2B04C00-DD03-4586-8B50-4015F951F303",
            "Office 365 Business Premium Trial",
        ),
    },
    DocumentedSubscription {
        id: uuid!("4d7e01ad-96e0-4e2c-820e-3a3a1b079c7a"),
        order_id: "c93a70e15d28",
        friendly_name: "Contoso Azure plan",
        quantity: 1,
        offer: DocumentedOffer::NewCommerce(AZURE_PLAN_CATALOG_ITEM_ID, ""),
    },
];

const LEGACY_BUSINESS_OFFER: &str = "2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526";

/// The moment of the purchase of all of them: 2026-03-09T14:22:07Z.
const DOCUMENTED_PURCHASE_MOMENT: Timestamp = Timestamp::from_unix_time(Duration::from_secs(1_773_066_127));

/// Returns the subscriptions that a customer of the documentation has, as they were bought.
pub(super) fn documented_subscriptions(tenant: &CustomerTenant<'_>) -> Vec<Value> {
    let documented = DOCUMENTED_SUBSCRIPTIONS.iter().filter(|_| tenant.is_documented);
    documented.filter_map(|subscription| record_of_subscription(tenant, subscription)).collect()
}

fn record_of_subscription(tenant: &CustomerTenant<'_>, subscription: &DocumentedSubscription) -> Option<Value> {
    let DocumentedSubscription { id, order_id, friendly_name, quantity, .. } = *subscription;
    match subscription.offer {
        DocumentedOffer::NewCommerce(item, term_duration) => {
            let new = NewSubscription {
                customer_id: tenant.id,
                country: tenant.country.code,
                id,
                order_id,
                item: find_catalog_item(item)?,
                friendly_name,
                quantity,
                term_duration,
                billing_cycle: "monthly",
                custom_last_day: None,
                partner_id: &tenant.partner_id,
                promotion_id: None,
                renews: true,
                created: DOCUMENTED_PURCHASE_MOMENT,
                provisioned: DOCUMENTED_PURCHASE_MOMENT,
            };
            Some(new.to_record())
        }
        DocumentedOffer::Legacy(offer, name, _) | DocumentedOffer::LegacyTrial(offer, name) => {
            let legacy = LegacySubscription {
                id,
                order_id,
                offer,
                name,
                friendly_name,
                quantity,
                created: DOCUMENTED_PURCHASE_MOMENT,
            };
            let mut record = legacy.to_record(tenant);
            match subscription.offer {
                DocumentedOffer::Legacy(.., Some(parent)) => record["parentSubscriptionId"] = parent.to_string().into(),
                DocumentedOffer::LegacyTrial(..) => record["isTrial"] = true.into(),
                _ => {}
            }
            Some(record)
        }
    }
}
