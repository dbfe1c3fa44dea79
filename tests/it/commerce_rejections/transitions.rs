//! Transitions.

use super::{BUSINESS_BASIC, CUSTOMER, DELETED, E3, E5, LEGACY, Rejection, SUSPENDED};
use partner_center::{models::*, operations::*};

/// What a transition is rejected with.
pub(super) const TRANSITIONS: &[Rejection] = &[
    (400, 3000, |partner| {
        let transition = NewTransition::new(BUSINESS_BASIC, 1, TransitionType::TransitionOnly);
        partner.client.call(CreateTransition::new(CUSTOMER, partner.buy(E3, 5, "P1Y"), transition)).map(drop)
    }),
    (400, 900_236, |partner| {
        let [source, target] = [partner.buy(E3, 5, "P1Y"), partner.buy(E5, 5, "P1M")];
        partner.transition(source, |transition| transition.to_subscription_id(target))
    }),
    (400, 900_258, |partner| {
        let [source, target] = [partner.buy(E3, 5, "P1Y"), partner.buy(E5, 5, "P1Y")];
        partner.status(target, &SUSPENDED)?;
        partner.transition(source, |transition| transition.to_subscription_id(target))
    }),
    (400, 900_259, |partner| {
        let source = partner.buy(E3, 5, "P1Y");
        partner.transition(source, |transition| transition.to_subscription_id(source))
    }),
    (400, 900_260, |partner| {
        let [source, target] = [partner.buy(E3, 5, "P1Y"), partner.buy(E3, 5, "P1Y")];
        partner.transition(source, |transition| transition.to_subscription_id(target))
    }),
    (400, 900_261, |partner| {
        let source = partner.buy(E3, 5, "P1Y");
        partner.order_now(E5, 5, "P1Y");
        let subscriptions: Result<Vec<_>, _> = partner.client.items(ListSubscriptions::new(CUSTOMER)).collect();
        let is_pending = |it: &Subscription| it.status == Some(SubscriptionStatus::Pending);
        let target = subscriptions?.into_iter().find(is_pending).unwrap().id.unwrap();
        partner.transition(source, |transition| transition.to_subscription_id(target))
    }),
    (400, 900_267, |partner| partner.transition(partner.buy(E3, 5, "P3Y"), |it| it.term_duration("P1Y"))),
    (400, 900_268, |partner| partner.transition(partner.buy(E3, 5, "P1Y"), |it| it.term_duration("P5Y"))),
    (400, 900_269, |partner| {
        partner.transition(partner.buy(E3, 5, "P1Y"), |it| it.billing_cycle(BillingCycle::OneTime))
    }),
    (400, 900_270, |partner| {
        partner.transition(partner.buy(E3, 5, "P1M"), |it| it.billing_cycle(BillingCycle::Annual))
    }),
    (403, 900_263, |partner| partner.client.page(ListTransitionEligibilities::new(CUSTOMER, LEGACY)).map(drop)),
];

#[test]
fn transition_waits_for_another_change() {
    // A change of many seats takes seconds.
    let partner = super::Partner::new();
    let source = partner.buy(E3, 5, "P1Y");
    partner.seats(source, 500).unwrap();
    assert_eq!(crate::commerce::code(partner.transition(source, |it| it)), 900_278);
}

#[test]
fn transition_of_an_ended_subscription_is_rejected_as_a_change_of_it() {
    let partner = super::Partner::new();
    let source = partner.buy(E3, 5, "P1Y");
    partner.status(source, &DELETED).unwrap();
    assert_eq!(crate::commerce::code(partner.transition(source, |it| it)), 2011);
}
