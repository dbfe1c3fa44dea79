//! Changes of subscriptions.

use super::{
    AZURE_PLAN, BASIC, BUSINESS_BASIC, CUSTOMER, DELETED, E3, LEGACY, MARKETPLACE, Rejection, SOFTWARE, SUSPENDED,
    TRIAL,
};
use crate::commerce::DAY;
use partner_center::{models::*, operations::*};
use uuid::uuid;

/// What a change of a subscription is rejected with.
pub(super) const CHANGES: &[Rejection] = &[
    (400, 2001, |partner| {
        partner.status(LEGACY, &SUSPENDED)?;
        partner.seats(LEGACY, 7)
    }),
    (400, 2002, |partner| partner.seats(LEGACY, 0)),
    (400, 2011, |partner| {
        let id = partner.buy(E3, 1, "P1Y");
        partner.status(id, &DELETED)?;
        partner.rename(id)
    }),
    (400, 2054, |partner| partner.change(LEGACY, |legacy| legacy.billing_cycle = Some(BillingCycle::Annual))),
    (400, 2055, |partner| {
        let read = partner.client.call(GetSubscription::new(CUSTOMER, LEGACY))?;
        partner.rename(LEGACY)?;
        partner.client.call(UpdateSubscription::new(CUSTOMER, LEGACY, read)).map(drop)
    }),
    (400, 800_040, |partner| partner.status(BASIC, &SubscriptionStatus::Expired)),
    (400, 800_081, |partner| partner.rename(partner.buy(MARKETPLACE, 5, "P1Y"))),
    (400, 800_090, |partner| {
        let id = partner.buy(E3, 5, "P1Y");
        partner.wait(DAY * 8);
        partner.seats(id, 4)
    }),
    (400, 800_091, |partner| {
        let id = partner.buy(E3, 5, "P1Y");
        partner.status(id, &SUSPENDED)?;
        partner.rename(id)
    }),
    (400, 800_093, |partner| {
        partner.change(partner.buy(TRIAL, 25, "P1M"), |trial| trial.auto_renew_enabled = Some(true))
    }),
    (400, 800_095, |partner| partner.seats(partner.buy(SOFTWARE, 3, "P1Y"), 2)),
    (400, 800_096, |partner| partner.status(LEGACY, &DELETED)),
    (400, 800_097, |partner| {
        partner.change(partner.buy(E3, 5, "P1M"), |monthly| monthly.billing_cycle = Some(BillingCycle::Annual))
    }),
    (400, 800_098, |partner| partner.change(BASIC, |basic| basic.partner_id = Some("Wingtip".to_owned()))),
    (400, 800_107, |partner| {
        partner.change(partner.buy(TRIAL, 25, "P1M"), |trial| trial.term_duration = Some("P1Y".to_owned()))
    }),
    (400, 800_121, |partner| partner.schedule(partner.buy(TRIAL, 25, "P1M"), E3, "P1Y", None)),
    (400, 800_122, |partner| {
        partner.schedule(partner.buy(TRIAL, 25, "P1M"), "CFQ7TTC0X301:0001:CFQ7TTC0K5DG", "P5Y", None)
    }),
    (400, 900_117, |partner| {
        let id = partner.buy(E3, 5, "P1Y");
        partner.wait(DAY * 8);
        partner.status(id, &DELETED)
    }),
    (400, 900_213, |partner| {
        let id = partner.buy_activated();
        partner.wait(DAY * 4);
        partner.status(id, &DELETED)
    }),
    (400, 900_214, |partner| {
        let id = partner.buy_activated();
        partner.wait(DAY * 4);
        partner.seats(id, 4)
    }),
    (400, 900_244, |partner| {
        partner.schedule(partner.buy_activated(), MARKETPLACE, "P1Y", Some("2027-06-30T00:00:00Z"))
    }),
    (400, 900_245, |partner| partner.schedule(BASIC, BUSINESS_BASIC, "P1Y", Some("2031-06-30T00:00:00Z"))),
    (400, 900_246, |partner| partner.schedule(BASIC, BUSINESS_BASIC, "P1Y", Some("2027-06-17T00:00:00Z"))),
    (400, 900_257, |partner| {
        let id = partner.buy(E3, 10, "P1Y");
        partner.wait(DAY * 10);
        partner.seats(id, 12)?;
        partner.seats(id, 7)
    }),
    (400, 900_275, |partner| partner.seats(BASIC, 301)),
    (400, 900_277, |partner| partner.rename(partner.reach_end_of_term(false))),
    (400, 900_279, |partner| {
        let id = partner.reach_end_of_term(false);
        partner.wait(DAY);
        partner.rename(id)
    }),
    (400, 900_280, |partner| partner.rename(partner.reach_end_of_term(true))),
    (403, 800_027, |partner| partner.seats(partner.buy(TRIAL, 25, "P1M"), 26)),
    (403, 800_067, |partner| partner.seats(partner.buy(E3, 5, "P1Y"), 10_001)),
    (403, 800_088, |partner| {
        partner.buy(BUSINESS_BASIC, 200, "P1Y");
        partner.seats(BASIC, 150)
    }),
    (403, 900_115, |partner| partner.status(AZURE_PLAN, &SUSPENDED)),
    (404, 20_003, |partner| partner.rename(uuid!("0d5c3b1e-9d5c-4f8e-8f0e-5f2f6a1b7c11"))),
    (409, 800_082, |partner| {
        partner.order_now(E3, 5, "P1Y");
        let subscriptions: Result<Vec<_>, _> = partner.client.items(ListSubscriptions::new(CUSTOMER)).collect();
        let is_pending = |it: &Subscription| it.status == Some(SubscriptionStatus::Pending);
        partner.rename(subscriptions?.into_iter().find(is_pending).unwrap().id.unwrap())
    }),
    (409, 900_278, |partner| {
        let id = partner.buy(E3, 5, "P1Y");
        let mut grown = partner.client.call(GetSubscription::new(CUSTOMER, id))?;
        grown.quantity = Some(500);
        partner.client.call(UpdateSubscription::new(CUSTOMER, id, grown))?;
        partner.rename(id)
    }),
];
