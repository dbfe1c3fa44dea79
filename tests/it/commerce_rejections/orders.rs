//! Orders, checkouts and what belongs to an order.

use super::{
    AZURE_SUBSCRIPTION, CUSTOMER, E3, LEGACY, LEGACY_ORDER, NOWHERE, PERPETUAL_SOFTWARE, RESERVATION, Rejection,
    SOFTWARE, SUSPENDED,
    partner::{Outcome, Partner},
};
use crate::commerce::DAY;
use partner_center::{models::*, operations::*, request::UploadFile};
use serde_json::{Value, json};

/// What an order is rejected with, and a cart as a whole.
pub(super) const ORDERS: &[Rejection] = &[
    (400, 2100, |partner| partner.order_of(json!([line_item("2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526")])).map(drop)),
    (400, 6000, |partner| {
        partner.status(LEGACY, &SUSPENDED)?;
        partner.change_order(LEGACY_ORDER, billing_cycle("annual"))
    }),
    (400, 6001, |partner| partner.change_order(LEGACY_ORDER, billing_cycle("triennial"))),
    (400, 800_061, |partner| partner.cancel("61B0B46B-8A0E-4F5C-9C57-0E6E5A0E1B51")),
    (400, 800_063, |partner| {
        let order = partner.order(PERPETUAL_SOFTWARE, 1, "");
        partner.wait(DAY * 31);
        partner.cancel(&order.id.unwrap())
    }),
    (400, 800_065, |partner| {
        let cart = partner.cart(json!({ "lineItems": [{ "catalogItemId": E3, "quantity": 1 }] }))?;
        let _ = partner.client.call(CheckoutCart::new(CUSTOMER, cart.id.unwrap()))?.into_outcome();
        partner.client.call(UpdateCart::new(CUSTOMER, cart.id.unwrap(), cart)).map(drop)
    }),
    (400, 800_071, |partner| {
        let mut second = line_item(E3);
        second["lineItemNumber"] = 2.into();
        partner.order_of(json!([line_item(E3), second])).map(drop)
    }),
    (400, 800_072, |partner| {
        let order = partner.order(E3, 1, "P1M").id.unwrap();
        partner.change_order(&order, json!({ "id": order, "status": "suspended" }))
    }),
    (400, 800_085, |partner| {
        let mut change = billing_cycle("annual");
        change["lineItems"][0]["subscriptionId"] = NOWHERE.to_string().into();
        partner.change_order(LEGACY_ORDER, change)
    }),
    (400, 900_126, |partner| {
        let body = json!({ "lineItems": [line_item(E3)], "billingCycle": "weekly" });
        partner.client.call(CreateOrder::new(CUSTOMER, serde_json::from_value(body).unwrap())).map(drop)
    }),
    (400, 900_206, |partner| {
        let line_items = json!([{ "catalogItemId": E3, "quantity": 1 }]);
        let cart = partner.cart(json!({ "lineItems": line_items, "partnerOnRecordAttestationAccepted": false }))?;
        partner.client.call(CheckoutCart::new(CUSTOMER, cart.id.unwrap())).map(drop)
    }),
    (400, 900_252, |partner| upload(partner, metadata(false, "2480.00"), Vec::new())),
    (400, 900_253, |partner| upload(partner, metadata(true, "2480.00"), vec![document()])),
    (400, 900_254, |partner| upload(partner, metadata(false, ""), vec![document()])),
    (400, 800_030, |partner| {
        let mut reservation = line_item(RESERVATION);
        reservation["provisioningContext"] = json!({ "subscriptionId": super::AZURE_PLAN });
        partner.order_of(json!([reservation])).map(drop)
    }),
    (403, 13_605, |partner| {
        let customer = partner.new_customer();
        let order = serde_json::from_value(json!({ "lineItems": [line_item(E3)] })).unwrap();
        partner.client.call(CreateOrder::new(customer, order)).map(drop)
    }),
    (403, 800_019, |partner| partner.cancel(&partner.order(RESERVATION, 1, "P1Y").id.unwrap())),
    (403, 800_073, |partner| {
        let status = json!({ "type": "account", "status": "UnderReview", "lastUpdateDateTime": "2026-05-30T10:12:00" });
        partner.put("validationStatus", status);
        partner.order_of(json!([line_item(E3)])).map(drop)
    }),
    (403, 800_077, |partner| partner.cancel(&partner.order(E3, 5, "P1Y").id.unwrap())),
    (403, 900_159, |partner| {
        partner.end_relationship()?;
        partner.order_of(json!([line_item(E3)])).map(drop)
    }),
    (404, 20_000, |partner| partner.client.call(GetOrder::new(CUSTOMER, "7b1d0c94e6a2")).map(drop)),
    (404, 400_019, |partner| partner.order_of(json!([line_item("CFQ7TTC0T5K5:0001:CFQ7TTC0GONE")])).map(drop)),
    (404, 800_008, |partner| partner.client.call(GetCart::new(CUSTOMER, NOWHERE)).map(drop)),
    (409, 27_009, |partner| {
        partner.status(LEGACY, &SUSPENDED)?;
        let mut add_on = line_item(E3);
        add_on["parentSubscriptionId"] = LEGACY.to_string().into();
        partner.order_of(json!([add_on])).map(drop)
    }),
    (409, 800_014, |partner| partner.cancel(&partner.order_now(SOFTWARE, 1, "P1Y").id.unwrap())),
];

#[test]
fn operation_of_a_customer_without_relationship_is_rejected() {
    let partner = Partner::new();
    partner.end_relationship().unwrap();
    let cart = partner.cart(json!({ "lineItems": [{ "catalogItemId": E3, "quantity": 1 }] })).map(drop);
    let reason = AzureEntitlementCancellation::new(AzureCancellationReason::Compromise);
    let cancellation = CancelAzureEntitlement::new(CUSTOMER, super::AZURE_PLAN, AZURE_SUBSCRIPTION, reason);
    for result in [cart, partner.client.call(cancellation).map(drop)] {
        assert_eq!(crate::commerce::code(result), 900_159);
    }
}

fn line_item(offer: &str) -> Value {
    json!({ "lineItemNumber": 0, "offerId": offer, "quantity": 1, "attestationAccepted": true })
}

/// Returns the change of the billing cycle of the legacy order.
fn billing_cycle(billing_cycle: &str) -> Value {
    let line_item = json!({
        "lineItemNumber": 0,
        "offerId": "2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526",
        "subscriptionId": LEGACY,
        "quantity": 6,
    });
    json!({ "id": LEGACY_ORDER, "billingCycle": billing_cycle, "lineItems": [line_item] })
}

fn metadata(is_part_of_tender: bool, price: &str) -> PurchaseOrderMetadata {
    PurchaseOrderMetadata::new(is_part_of_tender, price, "EUR")
}

fn document() -> UploadFile {
    UploadFile::new("order.pdf", "application/pdf", b"%PDF-1.4")
}

fn upload(partner: &Partner, metadata: PurchaseOrderMetadata, files: Vec<UploadFile>) -> Outcome {
    partner.client.call(UploadOrderAttachments::new(CUSTOMER, "b4f1c9027e5d", metadata, files)).map(drop)
}
