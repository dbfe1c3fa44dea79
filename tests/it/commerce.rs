//! A year of a customer's commerce over HTTP, in both modes: after each step the lists agree with the story.

#![allow(deprecated, reason = "agreements are still confirmed in this way")]

use partner_center::{models::*, operations::*, transport::Mode, *};
use partner_center_emulator::Emulator;
use partner_center_tests::block_on;
use serde_json::{Value, json};
use std::{
    cell::Cell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use uuid::Uuid;

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// 2026-01-05T10:00:00Z.
const START: Duration = Duration::from_secs(1_767_607_200);

const BUSINESS_BASIC: &str = "CFQ7TTC069GL:0001:CFQ7TTC0G225";
const BUSINESS_STANDARD: &str = "CFQ7TTC0X301:0001:CFQ7TTC0K5DG";
const E3: &str = "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V";
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

    /// Returns offer, status and seats of all subscriptions, in the order of their purchase.
    fn overview(&self) -> Vec<(String, SubscriptionStatus, i32)> {
        let of = |subscription: Subscription| {
            (subscription.offer_id.unwrap(), subscription.status.unwrap(), subscription.quantity.unwrap())
        };
        self.subscriptions().into_iter().map(of).collect()
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

fn seats(item: &str, quantity: i32, term: &str) -> NewCartLineItem {
    NewCartLineItem::new(item, quantity)
        .billing_cycle(BillingCycle::Monthly)
        .term_duration(term)
        .attestation_accepted(true)
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> i64 {
    let error = result.unwrap_err();
    let service_error = error.service_error().unwrap_or_else(|| panic!("{error}"));
    service_error.code.as_ref().and_then(ErrorCode::number).unwrap()
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn new_customer() -> Customer {
    parse(json!({
        "companyProfile": { "domain": "northwindbooks.onmicrosoft.com" },
        "billingProfile": {
            "email": "billing@northwindbooks.example",
            "culture": "en-US",
            "language": "en",
            "companyName": "Northwind Books",
            "defaultAddress": {
                "firstName": "Nora", "lastName": "Winther", "addressLine1": "12 Harbor Street",
                "city": "Seattle", "state": "WA", "postalCode": "98101", "country": "US",
            },
        },
    }))
}

fn agreement() -> CustomerAgreement {
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
    let (active, deleted) = (SubscriptionStatus::Active, SubscriptionStatus::Deleted);

    // Day 0: nothing is sold before the agreement. Of a cart of three items, one is wrong.
    let line_items =
        vec![seats(BUSINESS_BASIC, 10, "P1Y"), seats(E3, 5, "P1M"), seats("CFQ7TTC069GL:0001:CFQ7TTC0GONE", 1, "P1Y")];
    let cart = partner.call(CreateCart::new(customer, NewCart::new(line_items))).unwrap();
    let CartOutcome::Partial { line_items, faulty } = cart.outcome() else { panic!("{:?}", cart.line_items) };
    assert_eq!((line_items.len(), faulty.len()), (2, 1));
    assert_eq!(faulty[0].error.as_ref().unwrap().error_code, Some(CartErrorCode::CatalogItemIdIsNotValid));
    let cart_id = cart.id.unwrap();
    assert_eq!(code(partner.call(CheckoutCart::new(customer, cart_id))), 13_605);
    partner.call(CreateCustomerAgreement::new(customer, agreement())).unwrap();
    let checkout = partner.call(CheckoutCart::new(customer, cart_id)).unwrap();
    assert_eq!(partner.call(CheckoutCart::new(customer, cart_id)).unwrap().orders, checkout.orders, "nothing twice");
    let CheckoutOutcome::Partial { orders, errors } = checkout.into_outcome() else { panic!("one cannot be bought") };
    assert_eq!((orders.len(), errors[0].code), (2, Some(400_019)));
    assert_eq!(orders[0].line_items.as_ref().unwrap()[0].subscription_id, None, "not yet provisioned");
    assert!(partner.overview().iter().all(|(_, status, _)| *status == SubscriptionStatus::Pending));
    partner.wait(Duration::from_secs(10));
    let [basic, e3] = [partner.bought(&orders[0]), partner.bought(&orders[1])];
    let expected = [(BUSINESS_BASIC.to_owned(), active.clone(), 10), (E3.to_owned(), active.clone(), 5)];
    assert_eq!(partner.overview(), expected);

    // Day 3, 5 and 12: more seats, fewer, and too late for fewer.
    partner.wait_until_day(3);
    partner.change(basic, |subscription| subscription.quantity = Some(15)).unwrap();
    partner.wait_until_day(5);
    assert_eq!(partner.subscription(basic).removable_seats_at(partner.now()), 15);
    partner.change(basic, |subscription| subscription.quantity = Some(12)).unwrap();
    partner.wait_until_day(12);
    let subscription = partner.subscription(basic);
    assert_eq!((subscription.removable_seats_at(partner.now()), subscription.quantity), (0, Some(12)));
    assert!(!subscription.can_be_cancelled_at(partner.now()));
    assert_eq!(code(partner.change(basic, |subscription| subscription.quantity = Some(11))), 800_090);

    // Day 13: another product with fewer seats is scheduled for the end of the term.
    partner.wait_until_day(13);
    let [product_id, sku_id, availability_id] = BUSINESS_STANDARD.split(':').collect::<Vec<_>>()[..] else { panic!() };
    let product = ProductTerm::new().product_id(product_id).sku_id(sku_id).availability_id(availability_id);
    let product = product.billing_cycle(BillingCycle::Annual).term_duration("P1Y");
    let instructions = TermInstructions::new().product(product).quantity(8);
    partner
        .change(basic, |subscription| subscription.scheduled_next_term_instructions = Some(instructions.clone()))
        .unwrap();
    assert_eq!(partner.subscription(basic).scheduled_next_term_instructions, Some(instructions));

    // Day 20: a suspended subscription changes in nothing else.
    partner.wait_until_day(20);
    partner.change(e3, |subscription| subscription.status = Some(SubscriptionStatus::Suspended)).unwrap();
    assert_eq!(code(partner.change(e3, |subscription| subscription.quantity = Some(6))), 800_091);
    partner.change(e3, |subscription| subscription.status = Some(SubscriptionStatus::Active)).unwrap();

    // Day 30: an add-on that ends together with its base; and one that is cancelled two days later.
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
    let orders = partner.buy(vec![seats(TEAMS_PHONE, 2, "P1Y")]).into_complete().unwrap();
    let regretted = partner.bought(&orders[0]);
    partner.wait_until_day(32);
    assert!(partner.subscription(regretted).can_be_cancelled_at(partner.now()));
    assert_eq!(partner.subscription(regretted).refund_at(partner.now()), Some(&RefundType::Partial));
    let cancelled =
        partner.change(regretted, |subscription| subscription.status = Some(SubscriptionStatus::Deleted)).unwrap();
    assert_eq!((cancelled.status, cancelled.quantity), (Some(deleted.clone()), Some(2)));
    assert_eq!(code(partner.change(regretted, |subscription| subscription.friendly_name = Some("x".into()))), 2011);

    // Day 40: the add-on is past its window.
    partner.wait_until_day(40);
    assert_eq!(
        code(partner.change(phones, |subscription| subscription.status = Some(SubscriptionStatus::Deleted))),
        900_117
    );

    // Day 60: the monthly subscription has been renewed twice, and moves to a higher product.
    partner.wait_until_day(60);
    let renewed = partner.subscription(e3);
    assert_eq!(renewed.effective_start_date.unwrap().as_str(), "2026-03-05T00:00:00Z");
    let eligibilities = ListTransitionEligibilities::new(customer, e3);
    let eligibilities = block_on::<X::Mode, _>(partner.client.page(eligibilities)).unwrap().items;
    assert_eq!(eligibilities[0].catalog_item_id.as_deref(), Some(E5));
    let transition = NewTransition::new(E5, 5, TransitionType::TransitionOnly);
    partner.call(CreateTransition::new(customer, e3, transition)).unwrap();
    partner.wait(Duration::from_secs(10));
    let transitions = block_on::<X::Mode, _>(partner.client.page(ListTransitions::new(customer, e3))).unwrap().items;
    assert_eq!(transitions[0].events.as_ref().unwrap()[0].status, Some(TransitionEventStatus::Completed));
    let story = [
        (BUSINESS_BASIC.to_owned(), active.clone(), 12),
        (E5.to_owned(), active.clone(), 5),
        (TEAMS_PHONE.to_owned(), active.clone(), 4),
        (TEAMS_PHONE.to_owned(), deleted.clone(), 2),
    ];
    assert_eq!(partner.overview(), story);

    // Day 100: what does not renew expires, and is gone in the end.
    partner.wait_until_day(100);
    partner.change(e3, |subscription| subscription.auto_renew_enabled = Some(false)).unwrap();
    partner.wait_until_day(130);
    assert_eq!(partner.subscription(e3).status, Some(SubscriptionStatus::Expired));
    assert_eq!(code(partner.change(e3, |subscription| subscription.auto_renew_enabled = Some(true))), 900_279);
    partner.wait_until_day(160);
    assert_eq!(partner.subscription(e3).status, Some(SubscriptionStatus::Disabled));

    // A year later: the renewal has come with what was scheduled, and the windows are open again.
    partner.wait_until_day(366);
    let renewed = partner.subscription(basic);
    assert_eq!(renewed.offer_id.as_deref(), Some(BUSINESS_STANDARD));
    assert_eq!((renewed.quantity, renewed.billing_cycle.clone()), (Some(8), Some(BillingCycle::Annual)));
    assert_eq!(renewed.scheduled_next_term_instructions, None);
    assert_eq!(renewed.removable_seats_at(partner.now()), 8);
    assert!(renewed.can_be_cancelled_at(partner.now()));
    let story = [
        (BUSINESS_STANDARD.to_owned(), active.clone(), 8),
        (E5.to_owned(), deleted.clone(), 5),
        (TEAMS_PHONE.to_owned(), active, 4),
        (TEAMS_PHONE.to_owned(), deleted.clone(), 2),
    ];
    assert_eq!(partner.overview(), story);
    partner.change(basic, |subscription| subscription.status = Some(SubscriptionStatus::Deleted)).unwrap();
    assert_eq!(partner.subscription(basic).status, Some(deleted));
}

fn emulator() -> Emulator {
    Emulator::builder().customers(3).start_time(UNIX_EPOCH + START).build()
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

#[test]
fn what_is_not_there_is_not_found() {
    let emulator = emulator();
    let client =
        Client::builder(emulator.transport::<transport::Blocking>(), Credential::token(Emulator::TOKEN)).build();
    let client = client.unwrap();
    let customer = client.call(CreateCustomer::new(new_customer())).unwrap().id.unwrap();
    let id: Uuid = "0d5c3b1e-9d5c-4f8e-8f0e-5f2f6a1b7c11".parse().unwrap();
    for (result, expected) in [
        (client.call(GetSubscription::new(customer, id)).map(drop), 20_003),
        (client.call(GetOrder::new(customer, "nothing")).map(drop), 20_000),
        (client.call(GetCart::new(customer, id)).map(drop), 800_008),
        (client.call(CheckoutCart::new(customer, id)).map(drop), 800_008),
        (client.call(GetTransfer::new(customer, id)).map(drop), 900_100),
    ] {
        assert_eq!(result.as_ref().unwrap_err().status().map(u16::from), Some(404));
        assert_eq!(code(result), expected);
    }
    // A cart is there for a week.
    let cart = client.call(CreateCart::new(customer, NewCart::new(vec![seats(E3, 1, "P1M")]))).unwrap().id.unwrap();
    emulator.advance_clock(Duration::from_secs(7 * 86_400 - 60));
    assert!(client.call(GetCart::new(customer, cart)).is_ok());
    emulator.advance_clock(Duration::from_secs(60));
    assert_eq!(code(client.call(CheckoutCart::new(customer, cart))), 800_008);
}

#[test]
fn migration_replaces_a_legacy_subscription() {
    let emulator = Emulator::builder().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build();
    let client =
        Client::builder(emulator.transport::<transport::Blocking>(), Credential::token(Emulator::TOKEN)).build();
    let client = client.unwrap();
    let customer: Uuid = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
    let legacy: Uuid = "74c86d3e-d504-4ebb-889c-55c9b1a3e0b1".parse().unwrap();
    let add_on: Uuid = "72192ac0-9458-470d-9f52-c6e416145c2e".parse().unwrap();
    let alone = NewMigration::new(legacy);
    let eligibility = client.call(ValidateMigration::new(customer, alone.clone())).unwrap();
    assert_eq!(eligibility.is_eligible, Some(false), "its add-on is not named");
    assert_eq!(code(client.call(CreateMigration::new(customer, alone.clone()))), 900_219);
    let with_add_on = alone.add_on_migrations(vec![NewMigration::new(add_on).term_duration("P1M")]);
    let migration = client.call(CreateMigration::new(customer, with_add_on)).unwrap();
    assert_eq!((migration.status, migration.new_commerce_subscription_id), (Some(MigrationStatus::Processing), None));
    let id = migration.id.unwrap();
    let events = || client.call(ListMigrationEvents::new(customer).migration_id(id)).unwrap().len();
    assert_eq!(events(), 1);
    emulator.advance_clock(Duration::from_secs(20));
    assert_eq!(events(), 4);
    let migration = client.call(GetMigration::new(customer, id)).unwrap();
    assert_eq!(migration.status, Some(MigrationStatus::Completed));
    let new = migration.new_commerce_subscription_id.unwrap();
    let new = client.call(GetSubscription::new(customer, new)).unwrap();
    assert_eq!((new.status, new.migrated_from_subscription_id), (Some(SubscriptionStatus::Active), Some(legacy)));
    for ended in [legacy, add_on] {
        let ended = client.call(GetSubscription::new(customer, ended)).unwrap();
        assert_eq!(ended.status, Some(SubscriptionStatus::Deleted));
    }
}

#[test]
fn transfer_goes_through_its_states() {
    let emulator = Emulator::builder().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build();
    let client =
        Client::builder(emulator.transport::<transport::Blocking>(), Credential::token(Emulator::TOKEN)).build();
    let client = client.unwrap();
    let customer: Uuid = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
    let source: Uuid = "9ee6b1a6-0a8b-474e-9f85-2d68e53fab5d".parse().unwrap();
    let request = || NewTransfer::new(source).customer_email_id("ida.berg@contosobakery.example");
    let create = || client.call(CreateTransfer::new(customer, request())).unwrap();
    let update = |transfer: Uuid, change: Value| client.call(UpdateTransfer::new(customer, transfer, parse(change)));

    let transfer = create();
    let id = transfer.id.unwrap();
    assert_eq!(transfer.status, Some(TransferStatus::Pending));
    assert_eq!(code(client.call(AcceptTransfer::new(customer, id))), 900_102);
    let line_items = json!([{ "subscriptionId": "9e3258d1-19e2-4b05-bb0b-ffad62f208b8" }]);
    let transfer = update(id, json!({ "id": id, "lineItems": line_items })).unwrap();
    assert_eq!(transfer.status, Some(TransferStatus::InProgress));
    assert_eq!(code(update(id, json!({ "id": id, "status": "Cancel" }))), 900_102, "it is no longer pending");
    let result = client.call(AcceptTransfer::new(customer, id)).unwrap();
    assert_eq!(result.orders.unwrap().len(), 1);
    assert_eq!(client.call(GetTransfer::new(customer, id)).unwrap().status, Some(TransferStatus::Complete));
    assert_eq!(code(update(id, json!({ "id": id, "status": "reject" }))), 900_102);

    let cancelled = create().id.unwrap();
    assert_eq!(update(cancelled, json!({ "status": "Cancel" })).unwrap().status, Some(TransferStatus::Cancel));
    let withdrawn = create().id.unwrap();
    client.call(WithdrawTransfer::new(customer, withdrawn)).unwrap();
    assert_eq!(code(client.call(GetTransfer::new(customer, withdrawn))), 900_100);
}

#[test]
fn batch_of_devices_is_uploaded_by_a_job() {
    let emulator = emulator();
    let client =
        Client::builder(emulator.transport::<transport::Blocking>(), Credential::token(Emulator::TOKEN)).build();
    let client = client.unwrap();
    let customer = client.call(CreateCustomer::new(new_customer())).unwrap().id.unwrap();
    let devices = parse(json!([{ "productKey": "00418-00000-0007-AB5512" }, { "serialNumber": "4T7-QKX12" }]));
    let accepted = client.call(CreateDeviceBatch::new(customer, NewDeviceBatch::new("North tills", devices))).unwrap();
    let job: Uuid = accepted.location.unwrap().rsplit('/').next().unwrap().parse().unwrap();
    let status = || client.call(GetBatchJobStatus::new(customer, job)).unwrap();
    assert_eq!(status().status, Some(DeviceUploadStatus::Queued));
    emulator.advance_clock(Duration::from_secs(3));
    assert_eq!(status().status, Some(DeviceUploadStatus::Processing));
    emulator.advance_clock(Duration::from_secs(10));
    assert_eq!(status().status, Some(DeviceUploadStatus::FinishedWithErrors));
    let devices = status().devices_status.unwrap();
    assert_eq!(devices[0].status, Some(DeviceUploadStatus::Finished));
    assert_eq!(devices[1].error_code.as_deref(), Some("806"), "a serial number alone identifies no device");
    let devices: Vec<_> = client.items(ListDevices::new(customer, "North tills")).collect::<Result<_, _>>().unwrap();
    assert_eq!(devices.len(), 1);
}

/// What callers get wrong about these operations is an error before anything is sent, or goes out as the service takes it.
#[test]
fn mistakes_are_errors_before_sending_or_cannot_be_made() {
    let emulator = Emulator::builder().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build();
    let client =
        Client::builder(emulator.transport::<transport::Blocking>(), Credential::token(Emulator::TOKEN)).build();
    let client = client.unwrap();
    let customer: Uuid = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
    let subscription: Uuid = "9e3258d1-19e2-4b05-bb0b-ffad62f208b8".parse().unwrap();
    // No identifier, or one that changes the path; pages that the service does not have.
    for result in [
        client.call(GetOrder::new(customer, "")).map(drop),
        client.call(GetOrder::new(customer, "..")).map(drop),
        client.page(ListMigrations::new().page_size(301)).map(drop),
        client.page(ListMigrations::new().page_size(0)).map(drop),
    ] {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Request);
    }
    assert!(emulator.requests().is_empty());

    let sent = |result: Result<(), Error>| {
        let request = emulator.requests().pop().unwrap();
        let etag = request.headers().get("If-Match").map(|etag| etag.to_str().unwrap().to_owned());
        (request.uri().to_string(), etag, result.is_ok())
    };
    let order = client.call(GetOrder::new(customer, "a/b c").include_price(true)).map(drop);
    assert!(sent(order).0.ends_with("/orders/a%2Fb%20c?include_price=True"));
    let devices = client.items(ListDevices::new(customer, "Contoso Bakery tills")).next().unwrap().map(drop);
    let (uri, _, is_found) = sent(devices);
    assert!(is_found && uri.contains("/deviceBatches/Contoso%20Bakery%20tills/devices"), "{uri}");
    let read = client.call(GetSubscription::new(customer, subscription)).unwrap();
    let update = UpdateSubscription::new(customer, subscription, read.clone()).if_match("1");
    assert_eq!(sent(client.call(update).map(drop)).1.as_deref(), Some("\"1\""));

    // A resource that was not read, but made of few fields, would reset the others: it is not sent.
    let sent_before = emulator.requests().len();
    let partial: Subscription = parse(json!({ "id": subscription, "quantity": 14 }));
    let error = client.call(UpdateSubscription::new(customer, subscription, partial)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(error.to_string().contains("`autoRenewEnabled`") && error.to_string().contains("`update`"), "{error}");
    assert_eq!(emulator.requests().len(), sent_before);

    // A body that leaves out what was read would turn off the renewal. What is read and changed keeps it, with unknown fields.
    let mut json = serde_json::to_value(&read).unwrap();
    json["loyaltyTier"] = "gold".into();
    let mut changed: Subscription = parse(json);
    changed.friendly_name = Some("Counter".to_owned());
    assert_eq!(serde_json::to_value(&changed).unwrap()["loyaltyTier"], "gold");
    let renamed = client.call(UpdateSubscription::new(customer, subscription, changed)).unwrap().completed().unwrap();
    assert_eq!((renamed.auto_renew_enabled, renamed.quantity), (Some(true), read.quantity));
}
