//! The errors of the line items of a cart, and of the orders of its checkout.

use super::{AZURE_PLAN, BUSINESS_BASIC, CUSTOMER, E3, PERPETUAL_SOFTWARE, Partner, RESERVATION};
use partner_center::{models::*, operations::*};
use partner_center_spec::SchemaKind;
use serde_json::{Value, json};
use uuid::Uuid;

const TEAMS_PHONE: &str = "CFQ7TTC0VHQL:0001:CFQ7TTC0X30T";

/// Documented codes of a checkout that are those of its orders here, as a cart is bought in part.
pub(super) const CHECKOUT_CODES: [(u16, i64); 1] = [(400, 900_203)];

/// The error of a line item, the one of its order, and the line item.
fn line_items() -> Vec<(CartErrorCode, i32, Value)> {
    let seats = |item: &str, more: Value| {
        let mut line_item = json!({
            "catalogItemId": item, "quantity": 1, "termDuration": "P1Y", "billingCycle": "monthly", "attestationAccepted": true,
        });
        line_item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line_item
    };
    vec![
        (CartErrorCode::CurrencyIsNotSupported, 800_002, seats(E3, json!({ "currencyCode": "JPY" }))),
        (CartErrorCode::CatalogItemIdIsNotValid, 400_019, seats("CFQ7TTC0T5K5:0001:CFQ7TTC0GONE", json!({}))),
        (CartErrorCode::SubscriptionIsNotValid, 800_030, seats(RESERVATION, json!({ "billingCycle": "one_time" }))),
        (CartErrorCode::InvalidInput, 800_002, seats(E3, json!({ "termDuration": "P5Y" }))),
        (
            CartErrorCode::SubscriptionNotRegistered,
            800_030,
            seats(
                RESERVATION,
                json!({ "billingCycle": "one_time", "provisioningContext": { "subscriptionId": AZURE_PLAN } }),
            ),
        ),
        (
            CartErrorCode::AttestationNotAccepted,
            900_203,
            seats(BUSINESS_BASIC, json!({ "attestationAccepted": false })),
        ),
        (CartErrorCode::BillingPlanNotSupported, 800_085, seats(E3, json!({ "billingCycle": "triennial" }))),
        (
            CartErrorCode::InvalidPromotionId,
            800_002,
            seats(E3, json!({ "promotionId": "39NFJQT1CXL6:000H:39NFJQT1L9D5" })),
        ),
        (
            CartErrorCode::MaxAllowedSeatsPerSubscriptionExceeded,
            900_275,
            seats(BUSINESS_BASIC, json!({ "quantity": 301 })),
        ),
        (
            CartErrorCode::InvalidCustomTermEndDateProduct,
            800_002,
            json!({ "catalogItemId": PERPETUAL_SOFTWARE, "quantity": 1, "customTermEndDate": "2026-09-30T00:00:00Z" }),
        ),
        (
            CartErrorCode::InvalidCustomTermEndDate,
            800_002,
            seats(E3, json!({ "customTermEndDate": "2026-09-17T00:00:00Z" })),
        ),
        (
            CartErrorCode::LegacyOfferNotEligibleForPurchase,
            2100,
            seats("2CC3E45C-A9B1-4AB9-A7C5-0D1DF0BED526", json!({})),
        ),
    ]
}

/// The other errors are of what the emulator has enough of, or lets everybody do.
const WITHOUT_REASON: [CartErrorCode; 9] = [
    CartErrorCode::Unknown,
    CartErrorCode::QuotaNotAvailable,
    CartErrorCode::InventoryNotAvailable,
    CartErrorCode::ParticipantsIsNotSupportedForPartner,
    CartErrorCode::UnableToProcessCartLineItem,
    CartErrorCode::SubscriptionIsNotEnabledForReservations,
    CartErrorCode::SandboxLimitExceeded,
    CartErrorCode::BaseOfferSeatQuantityNotMet,
    CartErrorCode::MinimumAddOnSeatsNotMet,
];

#[test]
fn line_item_has_each_error_that_it_can_have() {
    let mut known: Vec<_> = WITHOUT_REASON.iter().map(number).collect();
    for (expected, code, line_item) in line_items() {
        known.push(number(&expected));
        assert_eq!(errors_of_cart_and_checkout(&Partner::new(), CUSTOMER, line_item), (expected, code));
    }
    // A customer that has nothing lacks the product that an add-on is for.
    let partner = Partner::new();
    let customer = partner.new_customer();
    let add_on =
        json!({ "catalogItemId": TEAMS_PHONE, "quantity": 1, "termDuration": "P1Y", "billingCycle": "monthly" });
    let errors = errors_of_cart_and_checkout(&partner, customer, add_on);
    assert_eq!(errors, (CartErrorCode::BaseProductMissing, 800_002));
    known.push(number(&errors.0));

    let schema = partner_center_spec::schema("CartErrorCode").unwrap();
    let SchemaKind::IntegerEnum(values) = schema.kind else { panic!("its values are numbers") };
    let missing: Vec<_> = values.iter().filter(|value| !known.contains(&value.value.to_owned())).collect();
    assert!(missing.is_empty(), "nothing leads to {missing:?}");
}

fn number(code: &CartErrorCode) -> String {
    serde_json::to_value(code).unwrap().to_string()
}

/// Returns the error of a line item in a cart, and the one of its order.
fn errors_of_cart_and_checkout(partner: &Partner, customer: Uuid, line_item: Value) -> (CartErrorCode, i32) {
    let cart = NewCart::new(vec![serde_json::from_value(line_item).unwrap()]);
    let cart = partner.client.call(CreateCart::new(customer, cart)).unwrap();
    let CartOutcome::Nothing { faulty } = cart.outcome() else { panic!("{cart:?}") };
    let error = faulty[0].error.as_ref().unwrap().error_code.clone().unwrap();
    if customer != CUSTOMER {
        partner.accept_agreement(customer);
    }
    let checkout = partner.client.call(CheckoutCart::new(customer, cart.id.unwrap())).unwrap();
    let CheckoutOutcome::Nothing { errors } = checkout.into_outcome() else { panic!("{error:?} cannot be bought") };
    (error, errors[0].code.unwrap())
}
