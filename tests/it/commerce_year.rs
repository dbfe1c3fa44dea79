//! A year of a customer's commerce over HTTP, in both modes: after each step the lists agree with the story.

#![allow(deprecated, reason = "agreements are still confirmed in this way")]

use super::commerce::{DAY, E3, START, code, emulator, new_customer, parse, product_term, seats};
use partner_center::{models::*, operations::*, transport::Mode, *};
use partner_center_emulator::Emulator;
use partner_center_tests::block_on;
use serde_json::json;
use std::{
    cell::Cell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

const BUSINESS_BASIC: &str = "CFQ7TTC069GL:0001:CFQ7TTC0G225";
const BUSINESS_STANDARD: &str = "CFQ7TTC0X301:0001:CFQ7TTC0K5DG";
const E5: &str = "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F";
const TEAMS_PHONE: &str = "CFQ7TTC0VHQL:0001:CFQ7TTC0X30T";

/// A partner with one customer, and the time that has passed.
struct Partner<X: Transport> {
    client: Client<X>,
    emulator: Emulator,
    customer: Uuid,
    passed: Cell<Duration>,
}

impl<X: Transport> Partner<X> {
    fn call<O: SingleResponse>(&self, operation: O) -> Result<O::Response, Error>
    where
        O::Response: Send,
    {
        block_on::<X::Mode, _>(self.client.call(operation))
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + START + self.passed.get()
    }

    fn wait(&self, time: Duration) {
        self.emulator.advance_clock(time);
        self.passed.set(self.passed.get() + time);
    }

    /// Lets time pass until a day of the story.
    fn wait_until_day(&self, day: u32) {
        self.wait((DAY * day).checked_sub(self.passed.get()).unwrap());
    }

    fn subscriptions(&self) -> Vec<Subscription> {
        let mut pages = self.client.pages(ListSubscriptions::new(self.customer));
        block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
            let mut all = Vec::new();
            while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                all.extend(page.unwrap().items);
            }
            all
        }))
    }

    /// Checks that the lists of subscriptions and of orders agree with the story.
    #[track_caller]
    fn check(&self, story: &Story) {
        assert_eq!(self.present(), *story);
    }

    /// Returns what the lists of subscriptions and of orders say.
    fn present(&self) -> Story {
        let subscriptions = self.subscriptions().into_iter();
        let subscriptions = subscriptions.map(|it| (it.offer_id.unwrap(), it.status.unwrap(), it.quantity.unwrap()));
        let orders = block_on::<X::Mode, _>(self.client.page(ListOrders::new(self.customer))).unwrap().items;
        let orders = orders.into_iter().flat_map(|order| {
            let status = order.status.unwrap();
            let line_items = order.line_items.unwrap().into_iter();
            line_items.map(move |it| (it.offer_id.unwrap(), status.clone(), it.quantity.unwrap()))
        });
        Story { subscriptions: subscriptions.collect(), orders: orders.collect() }
    }

    fn subscription(&self, id: Uuid) -> Subscription {
        self.call(GetSubscription::new(self.customer, id)).unwrap()
    }

    /// Reads a subscription, changes it, and sends all of it back.
    fn change(&self, id: Uuid, change: impl FnOnce(&mut Subscription)) -> Result<Subscription, Error> {
        let mut subscription = self.subscription(id);
        change(&mut subscription);
        let completion = self.call(UpdateSubscription::new(self.customer, id, subscription))?;
        Ok(completion.completed().unwrap())
    }

    fn buy(&self, line_items: Vec<NewCartLineItem>) -> CheckoutOutcome {
        let cart = self.call(CreateCart::new(self.customer, NewCart::new(line_items))).unwrap();
        let result = self.call(CheckoutCart::new(self.customer, cart.id.unwrap())).unwrap();
        // Longer than the emulator takes to provision.
        self.wait(Duration::from_secs(10));
        result.into_outcome()
    }

    /// Returns the subscription of the only line item of an order.
    fn bought(&self, order: &Order) -> Uuid {
        let order = self.call(GetOrder::new(self.customer, order.id.clone().unwrap())).unwrap();
        assert_eq!(order.status, Some(OrderStatus::Completed));
        order.line_items.unwrap()[0].subscription_id.unwrap()
    }
}

/// What the customer has and has ordered, by the story: offer, status and seats, in the order of purchase.
#[derive(Debug, Default, PartialEq)]
struct Story {
    subscriptions: Vec<(String, SubscriptionStatus, i32)>,
    orders: Vec<(String, OrderStatus, i32)>,
}

impl Story {
    fn buy(&mut self, offer: &str, seats: i32) {
        self.subscriptions.push((offer.to_owned(), SubscriptionStatus::Active, seats));
        self.orders.push((offer.to_owned(), OrderStatus::Completed, seats));
    }
}

/// Numbers of the subscriptions of the story.
const FIRST_SEATS: usize = 0;
const MONTHLY: usize = 1;
const REGRETTED: usize = 3;

pub(super) fn agreement() -> CustomerAgreement {
    parse(json!({
        "primaryContact": { "firstName": "Nora", "lastName": "Winther", "email": "nora@northwindbooks.example" },
        "templateId": "117a77b0-9360-443b-8795-c6dedc750cf9",
        "dateAgreed": "2026-01-05T00:00:00Z",
        "type": "MicrosoftCustomerAgreement",
    }))
}

/// Lives through the year.
#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
fn year<X: Transport>(transport: X, url: &str, emulator: Emulator) {
    let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap();
    let customer = block_on::<X::Mode, _>(client.call(CreateCustomer::new(new_customer()))).unwrap().id.unwrap();
    let partner = Partner { client, emulator, customer, passed: Cell::default() };
    let mut story = Story::default();
    partner.check(&story);

    // Nothing is sold before the agreement. Of a cart of three items, one is wrong.
    let line_items =
        vec![seats(BUSINESS_BASIC, 10, "P1Y"), seats(E3, 5, "P1M"), seats("CFQ7TTC069GL:0001:CFQ7TTC0GONE", 1, "P1Y")];
    let cart = partner.call(CreateCart::new(customer, NewCart::new(line_items))).unwrap();
    let CartOutcome::Partial { line_items, faulty } = cart.outcome() else { panic!("{cart:?}") };
    assert_eq!((line_items.len(), faulty.len()), (2, 1));
    assert_eq!(faulty[0].error.as_ref().unwrap().error_code, Some(CartErrorCode::CatalogItemIdIsNotValid));
    let cart_id = cart.id.unwrap();
    assert_eq!(code(partner.call(CheckoutCart::new(customer, cart_id))), 13_605);
    partner.check(&story);
    partner.call(CreateCustomerAgreement::new(customer, agreement())).unwrap();
    let checkout = partner.call(CheckoutCart::new(customer, cart_id)).unwrap();
    let again = partner.call(CheckoutCart::new(customer, cart_id)).unwrap();
    assert_eq!(again.into_outcome(), checkout.clone().into_outcome(), "nothing twice");
    let CheckoutOutcome::Partial { orders, errors } = checkout.into_outcome() else { panic!("one cannot be bought") };
    assert_eq!((orders.len(), errors[0].code), (2, Some(400_019)));
    assert_eq!(orders[0].line_items.as_ref().unwrap()[0].subscription_id, None, "not yet provisioned");
    let pending = partner.present();
    assert!(pending.subscriptions.iter().all(|(_, status, _)| *status == SubscriptionStatus::Pending), "{pending:?}");
    assert!(pending.orders.iter().all(|(_, status, _)| *status == OrderStatus::Pending), "{pending:?}");
    partner.wait(Duration::from_secs(10));
    let [basic, e3] = [partner.bought(&orders[0]), partner.bought(&orders[1])];
    story.buy(BUSINESS_BASIC, 10);
    story.buy(E3, 5);
    partner.check(&story);

    // More seats, fewer, and too late for fewer. The order keeps what it was placed for.
    partner.wait_until_day(3);
    partner.change(basic, |subscription| subscription.quantity = Some(15)).unwrap();
    story.subscriptions[FIRST_SEATS].2 = 15;
    partner.check(&story);
    partner.wait_until_day(5);
    assert_eq!(partner.subscription(basic).removable_seats_at(partner.now()), 15);
    partner.change(basic, |subscription| subscription.quantity = Some(12)).unwrap();
    story.subscriptions[FIRST_SEATS].2 = 12;
    partner.check(&story);
    partner.wait_until_day(12);
    assert_eq!(partner.subscription(basic).removable_seats_at(partner.now()), 0);
    assert!(!partner.subscription(basic).can_be_cancelled_at(partner.now()));
    assert_eq!(code(partner.change(basic, |subscription| subscription.quantity = Some(11))), 800_090);
    partner.check(&story);

    // Another product with fewer seats is scheduled for the end of the term.
    partner.wait_until_day(13);
    let product = product_term(BUSINESS_STANDARD).billing_cycle(BillingCycle::Annual).term_duration("P1Y");
    let instructions = TermInstructions::new().product(product).quantity(8);
    partner
        .change(basic, |subscription| subscription.scheduled_next_term_instructions = Some(instructions.clone()))
        .unwrap();
    assert_eq!(partner.subscription(basic).scheduled_next_term_instructions, Some(instructions));
    partner.check(&story);

    // A suspended subscription changes in nothing else.
    partner.wait_until_day(20);
    partner.change(e3, |subscription| subscription.status = Some(SubscriptionStatus::Suspended)).unwrap();
    story.subscriptions[MONTHLY].1 = SubscriptionStatus::Suspended;
    partner.check(&story);
    assert_eq!(code(partner.change(e3, |subscription| subscription.quantity = Some(6))), 800_091);
    partner.check(&story);
    partner.change(e3, |subscription| subscription.status = Some(SubscriptionStatus::Active)).unwrap();
    story.subscriptions[MONTHLY].1 = SubscriptionStatus::Active;
    partner.check(&story);

    // An add-on that ends together with its base; and one that is cancelled two days later.
    partner.wait_until_day(30);
    let end = partner.subscription(basic).commitment_end_date.unwrap();
    let dates = ListCustomTermEndDates::new(customer, "P1Y").target_coterm_subscription_id(basic);
    let dates = block_on::<X::Mode, _>(partner.client.pages(dates).next_page()).unwrap().unwrap();
    let [date] = &dates.body.items[..] else { panic!("{:?}", dates.body.items) };
    let date = date.allowed_custom_term_end_date.clone().unwrap();
    let line_item = seats(TEAMS_PHONE, 4, "P1Y").custom_term_end_date(date);
    let orders = partner.buy(vec![line_item]).into_complete().unwrap();
    let phones = partner.bought(&orders[0]);
    assert_eq!(partner.subscription(phones).commitment_end_date, Some(end.clone()));
    story.buy(TEAMS_PHONE, 4);
    partner.check(&story);
    let orders = partner.buy(vec![seats(TEAMS_PHONE, 2, "P1Y")]).into_complete().unwrap();
    let regretted = partner.bought(&orders[0]);
    story.buy(TEAMS_PHONE, 2);
    partner.check(&story);
    partner.wait_until_day(32);
    assert!(partner.subscription(regretted).can_be_cancelled_at(partner.now()));
    assert_eq!(partner.subscription(regretted).refund_at(partner.now()), Some(&RefundType::Partial));
    partner.change(regretted, |subscription| subscription.status = Some(SubscriptionStatus::Deleted)).unwrap();
    story.subscriptions[REGRETTED].1 = SubscriptionStatus::Deleted;
    partner.check(&story);
    assert_eq!(code(partner.change(regretted, |subscription| subscription.friendly_name = Some("x".into()))), 2011);

    // The add-on is past its window.
    partner.wait_until_day(40);
    assert_eq!(
        code(partner.change(phones, |subscription| subscription.status = Some(SubscriptionStatus::Deleted))),
        900_117
    );
    partner.check(&story);

    // The monthly subscription has been renewed twice, and moves to a higher product. That places no order.
    partner.wait_until_day(60);
    let renewed = partner.subscription(e3);
    assert_eq!(renewed.effective_start_date.unwrap().as_str(), "2026-03-05T00:00:00Z");
    partner.check(&story);
    let eligibilities = ListTransitionEligibilities::new(customer, e3);
    let eligibilities = block_on::<X::Mode, _>(partner.client.page(eligibilities)).unwrap().items;
    assert_eq!(eligibilities[0].catalog_item_id.as_deref(), Some(E5));
    let transition = NewTransition::new(E5, 5, TransitionType::TransitionOnly);
    partner.call(CreateTransition::new(customer, e3, transition)).unwrap();
    partner.wait(Duration::from_secs(10));
    let transitions = block_on::<X::Mode, _>(partner.client.page(ListTransitions::new(customer, e3))).unwrap().items;
    assert_eq!(transitions[0].events.as_ref().unwrap()[0].status, Some(TransitionEventStatus::Completed));
    story.subscriptions[MONTHLY] = (E5.to_owned(), SubscriptionStatus::Active, 5);
    partner.check(&story);

    // What does not renew expires, and is gone in the end.
    partner.wait_until_day(100);
    partner.change(e3, |subscription| subscription.auto_renew_enabled = Some(false)).unwrap();
    partner.check(&story);
    partner.wait_until_day(130);
    story.subscriptions[MONTHLY].1 = SubscriptionStatus::Expired;
    partner.check(&story);
    assert_eq!(code(partner.change(e3, |subscription| subscription.auto_renew_enabled = Some(true))), 900_279);
    partner.wait_until_day(160);
    story.subscriptions[MONTHLY].1 = SubscriptionStatus::Disabled;
    partner.check(&story);

    // The renewal has come with what was scheduled, and the windows are open again.
    partner.wait_until_day(366);
    let renewed = partner.subscription(basic);
    assert_eq!(renewed.billing_cycle, Some(BillingCycle::Annual));
    assert_eq!(renewed.scheduled_next_term_instructions, None);
    assert_eq!(renewed.removable_seats_at(partner.now()), 8);
    assert!(renewed.can_be_cancelled_at(partner.now()));
    story.subscriptions[FIRST_SEATS] = (BUSINESS_STANDARD.to_owned(), SubscriptionStatus::Active, 8);
    story.subscriptions[MONTHLY].1 = SubscriptionStatus::Deleted;
    partner.check(&story);
    partner.change(basic, |subscription| subscription.status = Some(SubscriptionStatus::Deleted)).unwrap();
    story.subscriptions[FIRST_SEATS].1 = SubscriptionStatus::Deleted;
    partner.check(&story);
}

#[test]
fn year_of_a_customer_is_lived_blocking() {
    let emulator = emulator();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    year(Ureq::new().unwrap(), &server.url(), emulator.clone());
}

#[test]
fn year_of_a_customer_is_lived_async() {
    let emulator = emulator();
    let server = emulator.serve("127.0.0.1:0").unwrap();
    year(Reqwest::new().unwrap(), &server.url(), emulator.clone());
}
