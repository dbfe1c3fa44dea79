//! Azure subscriptions, activation, overage and transfers.

use super::{
    ACTIVE, AZURE_PLAN, AZURE_PLAN_ITEM, AZURE_SUBSCRIPTION, BASIC, CUSTOMER, DELETED, NOWHERE, Partner, RESERVATION,
    Rejection, SUSPENDED, partner::Outcome,
};
use partner_center::{models::*, operations::*};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

const SOURCE_PARTNER: Uuid = uuid!("9ee6b1a6-0a8b-474e-9f85-2d68e53fab5d");

/// What requests about Azure subscriptions, and transfers, are rejected with.
pub(super) const AZURE_AND_TRANSFERS: &[Rejection] = &[
    (400, 800_041, |partner| {
        let id = partner.buy_activated();
        partner.client.call(ActivateSubscription::new(CUSTOMER, id)).map(drop)
    }),
    (400, 900_307, |partner| {
        let reason = serde_json::from_value(json!({ "cancellationReason": "migration" })).unwrap();
        partner.client.call(CancelAzureEntitlement::new(CUSTOMER, AZURE_PLAN, AZURE_SUBSCRIPTION, reason)).map(drop)
    }),
    (400, 900_337, |partner| reactivate(partner, AZURE_SUBSCRIPTION)),
    (403, 800_112, |partner| {
        let id = "C7A6F6D0-3E0B-4C9B-9B2E-0D2D6E1F7A55";
        let mut azure = legacy_azure();
        azure["id"] = id.into();
        partner.put(&format!("subscriptions/{id}"), azure);
        partner.client.call(UpdateOverage::new(CUSTOMER, Overage::new().overage_enabled(true))).map(drop)
    }),
    (403, 800_115, |partner| {
        let other = partner.new_customer();
        let overage = || Overage::new().overage_enabled(true).azure_entitlement_id(AZURE_SUBSCRIPTION);
        partner.client.call(UpdateOverage::new(CUSTOMER, overage()))?;
        partner.client.call(UpdateOverage::new(other, overage())).map(drop)
    }),
    (403, 900_335, |partner| {
        let below: Vec<_> = partner.client.page(ListAzureEntitlements::new(CUSTOMER, AZURE_PLAN))?.items;
        let inactive = below.iter().find(|it| it.status == Some(AzureEntitlementStatus::Inactive)).unwrap();
        let reason = AzureEntitlementCancellation::new(AzureCancellationReason::Compromise);
        partner.client.call(CancelAzureEntitlement::new(CUSTOMER, AZURE_PLAN, AZURE_SUBSCRIPTION, reason))?;
        partner.wait(crate::commerce::DAY);
        partner.status(AZURE_PLAN, &SUSPENDED)?;
        reactivate(partner, inactive.id.unwrap())
    }),
    (404, 800_007, |partner| partner.client.call(GetSubscriptionProvisioningStatus::new(CUSTOMER, NOWHERE)).map(drop)),
    (404, 800_111, |partner| reactivate(partner, NOWHERE)),
    // Transfers.
    (400, 900_102, |partner| {
        let id = partner.client.call(CreateTransfer::new(CUSTOMER, transfer()))?.id.unwrap();
        partner.client.call(AcceptTransfer::new(CUSTOMER, id)).map(drop)
    }),
    (400, 900_131, |partner| {
        let id = "C7A6F6D0-3E0B-4C9B-9B2E-0D2D6E1F7A55";
        partner.put(&format!("subscriptions/{id}"), legacy_azure());
        request(partner, TransferProductType::AzureSubscription)
    }),
    (400, 900_132, |partner| {
        partner.status(AZURE_PLAN, &DELETED)?;
        request(partner, TransferProductType::AzureSubscription)
    }),
    (400, 900_133, |partner| {
        let other = partner.new_customer();
        let transfer = transfer().target_product_types(vec![TransferProductType::AzureSubscription]);
        partner.client.call(CreateTransfer::new(other, transfer)).map(drop)
    }),
    (400, 900_136, |partner| {
        partner.client.call(CreateTransfer::new(CUSTOMER, NewTransfer::new(SOURCE_PARTNER))).map(drop)
    }),
    (400, 900_145, |partner| {
        partner.order(RESERVATION, 1, "P1Y");
        request(partner, TransferProductType::AzureReservation)
    }),
    (400, 900_146, |partner| {
        let id = partner.buy_activated();
        let line_item = serde_json::from_value(json!({ "subscriptionId": id })).unwrap();
        partner.client.call(CreateTransfer::new(CUSTOMER, transfer().line_items(vec![line_item]))).map(drop)
    }),
    (400, 900_148, |partner| {
        let own = partner_of_emulator(partner);
        let transfer = NewTransfer::new(own).customer_email_id("ida.berg@contosobakery.example");
        partner.client.call(CreateTransfer::new(CUSTOMER, transfer)).map(drop)
    }),
    (404, 900_100, |partner| partner.client.call(GetTransfer::new(CUSTOMER, NOWHERE)).map(drop)),
    (409, 900_101, |partner| {
        let id = partner.client.call(CreateTransfer::new(CUSTOMER, transfer()))?.id.unwrap();
        let line_items = json!({ "id": id, "lineItems": [{ "subscriptionId": BASIC }] });
        let change = serde_json::from_value(line_items).unwrap();
        partner.client.call(UpdateTransfer::new(CUSTOMER, id, change))?;
        partner.client.call(CreateTransfer::new(CUSTOMER, transfer())).map(drop)
    }),
];

#[test]
fn azure_plan_that_is_bought_can_be_transferred() {
    let partner = Partner::new();
    partner.buy(AZURE_PLAN_ITEM, 1, "");
    assert_eq!(partner.client.call(GetSubscription::new(CUSTOMER, AZURE_PLAN)).unwrap().status, Some(ACTIVE));
    request(&partner, TransferProductType::AzureSubscription).unwrap();
    request(&partner, TransferProductType::AzureReservation).unwrap();
}

fn transfer() -> NewTransfer {
    NewTransfer::new(SOURCE_PARTNER).customer_email_id("ida.berg@contosobakery.example")
}

fn request(partner: &Partner, product_type: TransferProductType) -> Outcome {
    let transfer = transfer().target_product_types(vec![product_type]);
    partner.client.call(CreateTransfer::new(CUSTOMER, transfer)).map(drop)
}

/// Returns the tenant of the emulated partner.
fn partner_of_emulator(partner: &Partner) -> Uuid {
    let transfer = partner.client.call(CreateTransfer::new(CUSTOMER, transfer())).unwrap();
    let transfer = serde_json::to_value(transfer).unwrap();
    transfer["partnertenantid"].as_str().unwrap().parse().unwrap()
}

fn reactivate(partner: &Partner, id: Uuid) -> Outcome {
    partner.client.call(ReactivateAzureEntitlement::new(CUSTOMER, AZURE_PLAN, id)).map(drop)
}

/// Returns an Azure subscription of before new commerce, with an identifier that requests have none of.
fn legacy_azure() -> Value {
    json!({
        "id": "C7A6F6D0-3E0B-4C9B-9B2E-0D2D6E1F7A55",
        "offerId": "MS-AZR-0145P",
        "offerName": "Microsoft Azure",
        "friendlyName": "Contoso Bakery oven telemetry",
        "quantity": 1,
        "unitType": "Usage-based",
        "creationDate": "2026-01-12T08:30:00Z",
        "effectiveStartDate": "2026-01-12T08:30:00Z",
        "commitmentEndDate": "9999-12-10T00:00:00Z",
        "status": "active",
        "autoRenewEnabled": false,
        "billingType": "usage",
        "billingCycle": "monthly",
        "attributes": { "etag": "eyJ2ZXJzaW9uIjoxfQ==", "objectType": "Subscription" },
    })
}
