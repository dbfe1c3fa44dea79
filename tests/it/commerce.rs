//! The commerce of a customer, in short stories: migrations, transfers, devices, and what callers get wrong.

use partner_center::{models::*, operations::*, *};
use partner_center_emulator::Emulator;
use partner_center_tests::judged_emulator;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use uuid::Uuid;

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// 2026-01-05T10:00:00Z.
pub(super) const START: Duration = Duration::from_secs(1_767_607_200);

pub(super) const E3: &str = "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V";

pub(super) fn seats(item: &str, quantity: i32, term: &str) -> NewCartLineItem {
    NewCartLineItem::new(item, quantity)
        .billing_cycle(BillingCycle::Monthly)
        .term_duration(term)
        .attestation_accepted(true)
}

/// Returns the product of an item such as `CFQ7TTC0T5K5:0001:CFQ7TTC0K83V`.
pub(super) fn product_term(item: &str) -> ProductTerm {
    let [product, sku, availability] = item.split(':').collect::<Vec<_>>()[..] else { panic!("{item}") };
    ProductTerm::new().product_id(product).sku_id(sku).availability_id(availability)
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> i64 {
    let error = result.unwrap_err();
    let service_error = error.service_error().unwrap_or_else(|| panic!("{error}"));
    service_error.code.as_ref().and_then(ErrorCode::number).unwrap()
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub(super) fn new_customer() -> Customer {
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

pub(super) fn emulator() -> Emulator {
    judged_emulator().customers(3).start_time(UNIX_EPOCH + START).stop_clock().build()
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
    let emulator = judged_emulator().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build();
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
    let emulator = judged_emulator().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build();
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
    let emulator = judged_emulator().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build();
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
