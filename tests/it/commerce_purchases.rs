//! What purchases have around them: documents of orders, entitlements, overage, use of Azure, and what is scheduled.

use super::commerce::{DAY, code, new_customer, product_term};
use partner_center::{models::*, operations::*, request::UploadFile, transport::Blocking, *};
use partner_center_emulator::{Emulator, EmulatorTransport};
use partner_center_tests::judged_emulator;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};
use uuid::{Uuid, uuid};

/// 2026-06-01T09:00:00Z.
const START: Duration = Duration::from_secs(1_780_304_400);

const CUSTOMER: Uuid = uuid!("aaaabbbb-0000-cccc-1111-dddd2222eeee");
const AZURE_PLAN: Uuid = uuid!("4d7e01ad-96e0-4e2c-820e-3a3a1b079c7a");
const E3: &str = "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V";
const E5: &str = "CFQ7TTC0EE50:0001:CFQ7TTC0PE9F";

type PartnerClient = Client<EmulatorTransport<Blocking>>;

fn partner() -> (Emulator, PartnerClient) {
    let emulator = judged_emulator().customers(30).start_time(UNIX_EPOCH + START).build();
    let client = Client::builder(emulator.transport(), Credential::token(Emulator::TOKEN)).build().unwrap();
    (emulator, client)
}

fn order(partner: &(Emulator, PartnerClient), customer: Uuid, line_item: Value) -> Order {
    let (emulator, client) = partner;
    let mut line_item = line_item;
    line_item["lineItemNumber"] = 0.into();
    let order = serde_json::from_value(json!({ "lineItems": [line_item] })).unwrap();
    let id = client.call(CreateOrder::new(customer, order)).unwrap().id.unwrap();
    emulator.advance_clock(Duration::from_secs(10));
    client.call(GetOrder::new(customer, id)).unwrap()
}

fn buy(partner: &(Emulator, PartnerClient), item: &str, seats: i32, term: &str) -> Uuid {
    let order = order(partner, CUSTOMER, json!({ "offerId": item, "quantity": seats, "termDuration": term }));
    order.line_items.unwrap()[0].subscription_id.unwrap()
}

/// Returns a generated customer, which the documentation does not have.
fn generated_customer(client: &PartnerClient) -> Uuid {
    let customers: Vec<_> = client.items(ListCustomers::new()).collect::<Result<_, _>>().unwrap();
    customers.into_iter().filter_map(|customer| customer.id).find(|id| *id != CUSTOMER).unwrap()
}

#[test]
fn documents_of_an_order_are_stored_listed_and_downloaded() {
    let partner = partner();
    let customer = generated_customer(&partner.1);
    let id = order(&partner, customer, json!({ "offerId": E3, "quantity": 1, "termDuration": "P1M" })).id.unwrap();
    let (emulator, client) = &partner;
    let path = format!("/v1/customers/{customer}/orders/{id}");
    let mut waiting: Value = serde_json::from_str(&emulator.resource(&path).unwrap()).unwrap();
    waiting["status"] = "pending_po_upload".into();
    emulator.put_resource(&path, &waiting.to_string()).unwrap();
    let list = || client.page(ListOrderAttachments::new(customer, id.as_str())).unwrap().items;
    assert_eq!(list(), []);

    let page = vec![7_u8; 3000];
    let files = vec![
        UploadFile::new("page 1.pdf", "application/pdf", page.clone()),
        UploadFile::new("page 2.pdf", "application/pdf", b"--two\r\n\r\n".to_vec()),
    ];
    let metadata = PurchaseOrderMetadata::new(true, "2480.00", "EUR");
    let upload = UploadOrderAttachments::new(customer, id.as_str(), metadata, files);
    let tender = vec![UploadFile::new("tender.txt", "text/plain", b"a tender".to_vec())];
    let uploaded = client.call(upload.tender_files(tender)).unwrap().items;
    assert_eq!(uploaded, list());
    let names: Vec<_> = uploaded.iter().map(|it| (it.file_name.as_deref().unwrap(), it.size_in_kb.unwrap())).collect();
    assert_eq!(names, [("page 1.pdf", 3), ("page 2.pdf", 1), ("tender.txt", 1)]);
    assert_eq!(uploaded[2].attachment_type, Some(OrderAttachmentType::Tender));
    for (attachment, content) in uploaded.iter().zip([&page[..], b"--two\r\n\r\n", b"a tender"]) {
        let id_of_attachment = attachment.attachment_id.clone().unwrap();
        let download = client.call(DownloadOrderAttachment::new(customer, id.as_str(), id_of_attachment)).unwrap();
        assert_eq!((&download.bytes[..], download.file_name), (content, attachment.file_name.clone()));
    }
    let order = client.call(GetOrder::new(customer, id.as_str())).unwrap();
    assert_eq!(order.status, Some(OrderStatus::PoUploadComplete), "it waited for them");
    assert!(
        client.call(DownloadOrderAttachment::new(customer, id.as_str(), "c81d5e07a94f36")).unwrap_err().is_not_found()
    );
}

#[test]
fn entitlements_follow_the_orders_of_software_and_reservations() {
    let partner = partner();
    let customer = generated_customer(&partner.1);
    let list = |operation: ListEntitlements| -> Vec<Value> {
        let items = partner.1.page(operation).unwrap().items;
        items.into_iter().map(|item| serde_json::to_value(item).unwrap()).collect()
    };
    let all = || ListEntitlements::new(customer);
    assert_eq!(list(all()).len(), 0, "it has no such order");
    let software = order(&partner, customer, json!({ "offerId": "DG7GMGF0THXD:0003:DG7GMGF0F128", "quantity": 3 }));
    let azure = json!({ "subscriptionId": "c2b1d0f6-50de-4c4f-8c3b-4f6e0a1d9b77" });
    let reservation =
        json!({ "offerId": "DZH318Z0NF44:0047:DZH318Z0T44W", "quantity": 1, "provisioningContext": azure });
    order(&partner, customer, reservation);
    order(&partner, customer, json!({ "offerId": E3, "quantity": 1, "termDuration": "P1M" }));
    let both = list(all());
    assert_eq!(both.len(), 2, "seats are subscriptions");
    assert!(both.iter().all(|it| it.get("expiryDate").is_none()), "that is only shown if it is requested");
    let [of_software] = &list(all().entitlement_type(EntitlementTypeFilter::Software))[..] else {
        panic!("there is one")
    };
    assert_eq!((&of_software["quantity"], &of_software["productId"]), (&json!(3), &json!("DG7GMGF0THXD")));
    assert_eq!(of_software["referenceOrder"]["id"], json!(software.id));
    let reserved = all().entitlement_type(EntitlementTypeFilter::ReservedInstance).show_expiry(true);
    assert_eq!(list(reserved)[0]["expiryDate"], "2027-05-31T00:00:00Z");

    let cancelled = serde_json::from_value(json!({ "id": software.id, "status": "cancelled" })).unwrap();
    partner.1.call(UpdateOrder::new(customer, software.id.unwrap(), cancelled)).unwrap();
    assert_eq!(list(all()).len(), 1, "what is cancelled is gone");
}

#[test]
fn overage_is_billed_to_an_azure_subscription() {
    let (_emulator, client) = partner();
    let customer = client.call(CreateCustomer::new(new_customer())).unwrap().id.unwrap();
    let list = || client.page(GetOverage::new(customer)).unwrap().items;
    assert_eq!(list(), []);
    let overage = client.call(UpdateOverage::new(customer, Overage::new().overage_enabled(true))).unwrap();
    assert!(overage.azure_entitlement_id.is_some(), "without one, the service makes one");
    assert_eq!(list(), std::slice::from_ref(&overage));
    let off = Overage::new().azure_entitlement_id(overage.azure_entitlement_id.unwrap()).overage_enabled(false);
    client.call(UpdateOverage::new(customer, off)).unwrap();
    assert_eq!(list()[0].overage_enabled, Some(false));
    // The documented customer has an Azure plan, with an Azure subscription to bill.
    let overage = client.call(UpdateOverage::new(CUSTOMER, Overage::new().overage_enabled(true))).unwrap();
    let below = client.page(ListAzureEntitlements::new(CUSTOMER, AZURE_PLAN)).unwrap().items;
    assert!(below.iter().any(|it| it.id == overage.azure_entitlement_id), "{overage:?}");
}

#[test]
#[expect(deprecated, reason = "legacy Azure is deprecated")]
fn use_of_azure_is_not_ready_before_its_day_is_over() {
    let (emulator, client) = partner();
    let customers: Vec<_> = client.items(ListCustomers::new()).collect::<Result<_, _>>().unwrap();
    let (customer, azure, other) = customers
        .iter()
        .filter_map(|customer| customer.id.filter(|id| *id != CUSTOMER))
        .find_map(|customer| {
            let subscriptions = client.page(ListSubscriptions::new(customer)).unwrap().items;
            let azure = subscriptions.iter().find(|it| it.offer_id.as_deref() == Some("MS-AZR-0145P"))?;
            Some((customer, azure.id.unwrap(), subscriptions[0].id.unwrap()))
        })
        .expect("one of the generated customers has legacy Azure");
    let day = |text: &str| text.parse::<DateTime>().unwrap();
    let until = |end: &str| ListAzureUtilizations::new(customer, azure, day("2026-05-28T00:00:00Z"), day(end));
    let today = client.page(until("2026-06-02T00:00:00Z")).unwrap_err();
    assert_eq!(today.kind(), ErrorKind::Decode);
    assert!(today.to_string().contains("listAzureUtilizations"), "{today}");
    emulator.advance_clock(DAY);
    let records: Vec<_> = client.items(until("2026-06-02T00:00:00Z").size(2)).collect::<Result<_, _>>().unwrap();
    assert_eq!(records.len(), 5);
    assert_eq!(records[4].usage_start_time.as_ref().map(DateTime::as_str), Some("2026-06-01T00:00:00Z"));
    let hourly = until("2026-05-29T00:00:00Z").granularity(UtilizationGranularity::Hourly);
    assert_eq!(client.items(hourly).count().unwrap(), 24);
    let wrong = ListAzureUtilizations::new(customer, other, day("2026-05-28T00:00:00Z"), day("2026-05-30T00:00:00Z"));
    assert_eq!(code(client.page(wrong)), 2012);
}

#[test]
fn scheduled_actions_count_before_the_older_form() {
    let partner = partner();
    let id = buy(&partner, E3, 5, "P1M");
    let (emulator, client) = &partner;
    let action = ScheduledAction::new()
        .scheduled_type(ScheduledActionTime::TermEnd)
        .action_type(ScheduledActionType::RenewToNewTerm)
        .instructions(TermInstructions::new().product(product_term(E5)).quantity(4));
    client
        .update(GetSubscription::new(CUSTOMER, id), |it| {
            it.scheduled_actions = Some(vec![action.clone()]);
            it.scheduled_next_term_instructions = Some(TermInstructions::new().product(product_term(E3)).quantity(9));
        })
        .unwrap();
    emulator.advance_clock(DAY * 31);
    let renewed = client.call(GetSubscription::new(CUSTOMER, id)).unwrap();
    assert_eq!((renewed.offer_id.as_deref(), renewed.quantity), (Some(E5), Some(4)));
    assert_eq!((renewed.scheduled_actions, renewed.scheduled_next_term_instructions), (None, None));
}

#[test]
fn instructions_for_the_next_charge_change_the_billing_then() {
    let partner = partner();
    let id = buy(&partner, E3, 5, "P1Y");
    let (emulator, client) = &partner;
    let charge = |billing_cycle: BillingCycle| {
        let product = ProductTerm::new().billing_cycle(billing_cycle);
        let change = move |it: &mut Subscription| {
            it.next_charge_instructions = Some(TermInstructions::new().product(product.clone()));
        };
        client.update(GetSubscription::new(CUSTOMER, id), change).map(drop)
    };
    assert_eq!(code(charge(BillingCycle::Triennial)), 800_097, "the term is a year");
    charge(BillingCycle::Annual).unwrap();
    let status = |status: SubscriptionStatus| {
        client.update(GetSubscription::new(CUSTOMER, id), |it| it.status = Some(status.clone())).map(drop)
    };
    status(SubscriptionStatus::Suspended).unwrap();
    let get = || client.call(GetSubscription::new(CUSTOMER, id)).unwrap();
    assert!(get().next_charge_instructions.is_some(), "a suspended one is billed");
    status(SubscriptionStatus::Active).unwrap();
    emulator.advance_clock(DAY * 29);
    assert_eq!(get().billing_cycle, Some(BillingCycle::Monthly));
    emulator.advance_clock(DAY * 2);
    assert_eq!((get().billing_cycle, get().next_charge_instructions), (Some(BillingCycle::Annual), None));
}

#[test]
fn eligibilities_of_a_scheduled_transition_have_no_target_subscriptions() {
    let partner = partner();
    let source = buy(&partner, E3, 5, "P1Y");
    let target = buy(&partner, E5, 5, "P1Y");
    let list = |eligibility_type: Option<TransitionTime>| -> Value {
        let operation = ListTransitionEligibilities::new(CUSTOMER, source);
        let operation = eligibility_type.into_iter().fold(operation, ListTransitionEligibilities::eligibility_type);
        serde_json::to_value(partner.1.page(operation).unwrap().items).unwrap()
    };
    let immediate = list(None);
    assert_eq!(immediate[0]["catalogItemId"], E5);
    assert_eq!(immediate[0]["eligibilities"].as_array().unwrap().len(), 2, "with and without licenses");
    let mut targets = immediate[0]["subscriptionEligibilities"].as_array().unwrap().iter();
    let target = targets.find(|it| it["subscriptionId"] == json!(target)).unwrap();
    // It is within its window.
    assert_eq!((&target["isEligible"], &target["errors"][0]["code"]), (&json!(false), &json!(2)));
    let scheduled = list(Some(TransitionTime::Scheduled));
    assert_eq!(scheduled[0]["subscriptionEligibilities"], json!([]));
    assert_eq!(scheduled[0]["eligibilities"].as_array().unwrap().len(), 1, "licenses do not move later");
}

#[test]
fn subscription_is_not_changed_more_than_five_thousand_times() {
    let partner = partner();
    let id = buy(&partner, E3, 5, "P1Y");
    let (emulator, client) = &partner;
    let path = format!("/v1/customers/{CUSTOMER}/subscriptions/{id}");
    let transport = emulator.transport::<Blocking>();
    let rename = |number: u32| {
        let body = json!({ "autoRenewEnabled": true, "friendlyName": format!("Seats {number}") }).to_string();
        let request = http::Request::patch(path.as_str())
            .header("Authorization", format!("Bearer {}", Emulator::TOKEN))
            .header("Content-Type", "application/json");
        transport.send(request.body(body.into_bytes()).unwrap()).unwrap().status().as_u16()
    };
    assert!((0..5000).all(|number| rename(number) == 200));
    let last = client.update(GetSubscription::new(CUSTOMER, id), |it| it.friendly_name = Some("Seats".to_owned()));
    assert_eq!(code(last), 900_311);
}
