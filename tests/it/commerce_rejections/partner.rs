//! A partner with the customer of the documentation, and what it does in the stories.

#![allow(deprecated, reason = "agreements are still confirmed in this way")]

use super::{CUSTOMER, E3, MARKETPLACE, RESERVATION};
use crate::commerce::{DAY, product_term};
use partner_center::{models::*, operations::*, transport::Blocking, *};
use partner_center_emulator::{Emulator, EmulatorTransport};
use partner_center_tests::judged_emulator;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

/// 2026-06-01T09:00:00Z.
const START: Duration = Duration::from_secs(1_780_304_400);

/// A partner with the customer of the documentation.
pub(super) struct Partner {
    pub(super) emulator: Emulator,
    pub(super) client: Client<EmulatorTransport<Blocking>>,
}

pub(super) type Outcome = Result<(), Error>;

impl Partner {
    pub(super) fn new() -> Self {
        let emulator = judged_emulator().customers(3).start_time(UNIX_EPOCH + START).stop_clock().build();
        let client = Client::builder(emulator.transport(), Credential::token(Emulator::TOKEN)).build().unwrap();
        Self { emulator, client }
    }

    pub(super) fn wait(&self, time: Duration) {
        self.emulator.advance_clock(time);
    }

    /// Orders one line item, and waits until it is provisioned.
    pub(super) fn order(&self, item: &str, quantity: i32, term: &str) -> Order {
        let order = self.order_now(item, quantity, term);
        self.wait(Duration::from_secs(10));
        self.client.call(GetOrder::new(CUSTOMER, order.id.unwrap())).unwrap()
    }

    pub(super) fn order_now(&self, item: &str, quantity: i32, term: &str) -> Order {
        let mut line_item = json!({
            "lineItemNumber": 0, "offerId": item, "quantity": quantity, "attestationAccepted": true,
        });
        if item == RESERVATION {
            // An Azure subscription that the list does not have.
            line_item["provisioningContext"] = json!({ "subscriptionId": "c2b1d0f6-50de-4c4f-8c3b-4f6e0a1d9b77" });
        }
        if !term.is_empty() {
            line_item["termDuration"] = term.into();
        }
        let order = serde_json::from_value(json!({ "lineItems": [line_item] })).unwrap();
        self.client.call(CreateOrder::new(CUSTOMER, order)).unwrap()
    }

    pub(super) fn buy(&self, item: &str, quantity: i32, term: &str) -> Uuid {
        self.order(item, quantity, term).line_items.unwrap()[0].subscription_id.unwrap()
    }

    /// Buys a subscription of the marketplace, and activates it.
    pub(super) fn buy_activated(&self) -> Uuid {
        let id = self.buy(MARKETPLACE, 5, "P1Y");
        self.client.call(ActivateSubscription::new(CUSTOMER, id)).unwrap();
        id
    }

    /// Reads a subscription, changes it, and sends all of it back.
    pub(super) fn change(&self, id: Uuid, change: impl Fn(&mut Subscription) + Send + Sync) -> Outcome {
        self.client.update(GetSubscription::new(CUSTOMER, id), change).map(drop)
    }

    pub(super) fn seats(&self, id: Uuid, quantity: i32) -> Outcome {
        self.change(id, |subscription| subscription.quantity = Some(quantity))
    }

    pub(super) fn status(&self, id: Uuid, status: &SubscriptionStatus) -> Outcome {
        self.change(id, |subscription| subscription.status = Some(status.clone()))
    }

    pub(super) fn rename(&self, id: Uuid) -> Outcome {
        self.change(id, |subscription| subscription.friendly_name = Some("Counter".to_owned()))
    }

    /// Schedules a product, a term and its last day for what comes after the present term.
    pub(super) fn schedule(&self, id: Uuid, item: &str, term: &str, last_day: Option<&str>) -> Outcome {
        let mut instructions = TermInstructions::new().product(product_term(item).term_duration(term));
        instructions.custom_term_end_date = last_day.map(|day| day.parse().unwrap());
        self.change(id, |subscription| subscription.scheduled_next_term_instructions = Some(instructions.clone()))
    }

    /// Cancels an order.
    pub(super) fn cancel(&self, order: &str) -> Outcome {
        let change = serde_json::from_value(json!({ "id": order, "status": "cancelled" })).unwrap();
        self.client.call(UpdateOrder::new(CUSTOMER, order, change)).map(drop)
    }

    /// Buys something for a month, and waits until an hour after it, when the service is about to end or renew it.
    pub(super) fn reach_end_of_term(&self, renews: bool) -> Uuid {
        let id = self.buy(E3, 5, "P1M");
        self.change(id, |subscription| subscription.auto_renew_enabled = Some(renews)).unwrap();
        // The term has all days from the 1st to the 30th.
        self.wait(DAY * 29 + Duration::from_secs(15 * 60 * 60 + 30 * 60));
        id
    }

    /// Places an order of line items that are JSON.
    pub(super) fn order_of(&self, line_items: Value) -> Result<Order, Error> {
        let mut order = json!({});
        order["lineItems"] = line_items;
        self.client.call(CreateOrder::new(CUSTOMER, serde_json::from_value(order).unwrap()))
    }

    /// Changes an order by a body that is JSON.
    pub(super) fn change_order(&self, order: &str, change: Value) -> Outcome {
        self.client.call(UpdateOrder::new(CUSTOMER, order, serde_json::from_value(change).unwrap())).map(drop)
    }

    /// Creates a cart of a body that is JSON.
    pub(super) fn cart(&self, body: Value) -> Result<Cart, Error> {
        self.client.call(CreateCart::new(CUSTOMER, serde_json::from_value(body).unwrap()))
    }

    /// Moves seats to E5, which E3 can move to.
    pub(super) fn transition(&self, id: Uuid, change: impl FnOnce(NewTransition) -> NewTransition) -> Outcome {
        let transition = change(NewTransition::new(super::E5, 1, TransitionType::TransitionOnly));
        self.client.call(CreateTransition::new(CUSTOMER, id, transition)).map(drop)
    }

    /// Puts fields of a resource as the service would have set them.
    pub(super) fn put(&self, path: &str, fields: Value) {
        let path = format!("/v1/customers/{CUSTOMER}/{path}");
        let mut resource: Value =
            self.emulator.resource(&path).map_or(json!({}), |it| serde_json::from_str(&it).unwrap());
        let Value::Object(fields) = fields else { panic!("{fields} are no fields") };
        resource.as_object_mut().unwrap().extend(fields);
        self.emulator.put_resource(&path, &resource.to_string()).unwrap();
    }

    /// Creates a customer, which has nothing.
    pub(super) fn new_customer(&self) -> Uuid {
        self.client.call(CreateCustomer::new(crate::commerce::new_customer())).unwrap().id.unwrap()
    }

    /// Puts the agreement of a customer.
    pub(super) fn accept_agreement(&self, customer: Uuid) {
        self.client.call(CreateCustomerAgreement::new(customer, crate::commerce_year::agreement())).unwrap();
    }

    /// Ends the reseller relationship with the customer.
    pub(super) fn end_relationship(&self) -> Outcome {
        let change = serde_json::from_value(json!({ "relationshipToPartner": "none" })).unwrap();
        self.client.call(UpdateCustomer::new(CUSTOMER, change)).map(drop)
    }
}
