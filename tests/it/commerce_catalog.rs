//! What the catalog, the inventory and the promotions of the emulator say, of what can be bought and by whom.

use partner_center::{models::*, operations::*, transport::Blocking, *};
use partner_center_emulator::{Emulator, EmulatorTransport};
use partner_center_tests::judged_emulator;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

const CUSTOMER: Uuid = uuid!("aaaabbbb-0000-cccc-1111-dddd2222eeee");
const BUSINESS_BASIC: &str = "CFQ7TTC069GL:0001:CFQ7TTC0G225";
/// The promotion of Business Basic.
const OF_BASIC: &str = "39NFJQT1CXL6:000H:39NFJQT1L9D5";
const BUSINESS_STANDARD: &str = "CFQ7TTC0X301:0001:CFQ7TTC0K5DG";

fn client() -> Client<EmulatorTransport<Blocking>> {
    Client::builder(judged_emulator().build().transport(), Credential::token(Emulator::TOKEN)).build().unwrap()
}

fn json_of(resource: impl serde::Serialize) -> Value {
    serde_json::to_value(resource).unwrap()
}

#[test]
fn product_is_described_for_a_country() {
    let client = client();
    let product = json_of(client.call(GetProduct::new("cfq7ttc069gl", "DE")).unwrap());
    assert_eq!((&product["id"], &product["productType"]["id"]), (&json!("CFQ7TTC069GL"), &json!("OnlineServicesNCE")));
    assert_eq!(product["isMicrosoftProduct"], true);
    let skus = product["links"]["skus"]["uri"].as_str().unwrap();
    assert!(skus.contains("CFQ7TTC069GL/skus") && skus.ends_with("country=DE"), "{skus}");
    let marketplace = json_of(client.call(GetProduct::new("DZH318Z0MKT1", "US")).unwrap());
    assert_eq!(
        (&marketplace["isMicrosoftProduct"], &marketplace["productType"]["id"]),
        (&json!(false), &json!("SaaS"))
    );
}

#[test]
fn skus_say_how_many_seats_there_are_and_what_has_to_be_done_before() {
    let client = client();
    let skus = |product: &str| json_of(client.page(ListSkus::new(product, "US")).unwrap().items);
    let standard = skus("CFQ7TTC0X301");
    let of_sku = |sku: &Value| {
        [sku["id"].clone(), sku["minimumQuantity"].clone(), sku["maximumQuantity"].clone(), sku["isTrial"].clone()]
    };
    let all: Vec<_> = standard.as_array().unwrap().iter().map(of_sku).collect();
    let expected =
        [[json!("0001"), json!(1), json!(300), json!(false)], [json!("0007"), json!(25), json!(25), json!(true)]];
    assert_eq!(all, expected);
    assert_eq!(standard[0]["supportedBillingCycles"], json!(["annual", "monthly", "triennial"]));
    assert_eq!(skus("CFQ7TTC069GL")[0]["attestationProperties"][0]["enforceAttestation"], true);
    let reservation = &skus("DZH318Z0NF44")[0];
    assert_eq!(reservation["purchasePrerequisites"], json!(["InventoryCheck", "AzureSubscriptionRegistration"]));
    // Nothing is sold to schools.
    let education = ListSkus::new("CFQ7TTC0X301", "US").target_segment(TargetSegment::Education);
    assert_eq!(client.page(education).unwrap().items.len(), 0);
}

#[test]
fn availability_of_a_customer_has_the_terms_of_its_country() {
    let client = client();
    let availability = GetCustomerAvailability::new(CUSTOMER, "CFQ7TTC069GL", "0001", "CFQ7TTC0G225");
    let availability = json_of(client.call(availability).unwrap());
    assert_eq!(availability["catalogItemId"], BUSINESS_BASIC);
    let customer = json_of(client.call(GetCustomerBillingProfile::new(CUSTOMER)).unwrap());
    assert_eq!(availability["country"], customer["defaultAddress"]["country"]);
    let terms = availability["terms"].as_array().unwrap();
    let terms: Vec<_> = terms
        .iter()
        .map(|term| (term["duration"].as_str().unwrap(), term["billingCycle"].as_str().unwrap().to_lowercase()))
        .collect();
    assert!(
        terms.contains(&("P1Y", "monthly".to_owned())) && terms.contains(&("P3Y", "triennial".to_owned())),
        "{terms:?}"
    );
    assert!(!terms.iter().any(|(duration, _)| *duration == "P1M"), "another availability has that");
    let options = &availability["terms"][0]["cancellationPolicies"][0]["refundOptions"];
    assert_eq!((&options[0]["type"], &options[1]["expiresAfter"]), (&json!("Full"), &json!("P7D")));
    // What it says can be bought: the same item, by a cart.
    let line_item = NewCartLineItem::new(BUSINESS_BASIC, 1).term_duration("P3Y").billing_cycle(BillingCycle::Triennial);
    let cart =
        client.call(CreateCart::new(CUSTOMER, NewCart::new(vec![line_item.attestation_accepted(true)]))).unwrap();
    assert!(matches!(cart.outcome(), CartOutcome::Complete { .. }), "{cart:?}");
}

#[test]
fn inventory_has_the_skus_that_the_catalog_has() {
    let client = client();
    let target = |product: &str, sku: Option<&str>| {
        let target = InventoryTarget::new(product);
        sku.into_iter().fold(target, InventoryTarget::sku_id)
    };
    let targets =
        vec![target("DZH318Z0NF44", None), target("CFQ7TTC0X301", Some("0007")), target("CFQ7TTC0GONE", None)];
    let request = CheckInventory::new("US", "AppService", InventoryCheckRequest::new(targets));
    let items = json_of(client.call(request).unwrap());
    let skus: Vec<_> = items.as_array().unwrap().iter().map(|item| item["skuId"].as_str().unwrap()).collect();
    assert_eq!(skus, ["0047", "0048", "0007"], "what is not known is left out");
    assert!(items.as_array().unwrap().iter().all(|item| item["isRestricted"] == false));
}

#[test]
fn promotion_is_for_a_term_a_number_of_seats_and_once() {
    let client = client();
    let customer: Customer = json_as(json!({
        "companyProfile": { "domain": "adatumlabs.onmicrosoft.com" },
        "billingProfile": {
            "email": "billing@adatumlabs.example",
            "culture": "en-US",
            "language": "en",
            "companyName": "Adatum Labs",
            "defaultAddress": { "addressLine1": "4 Quay", "city": "Seattle", "state": "WA", "postalCode": "98101", "country": "US" },
        },
    }));
    let customer = client.call(CreateCustomer::new(customer)).unwrap().id.unwrap();
    #[expect(deprecated, reason = "agreements are still confirmed in this way")]
    client.call(CreateCustomerAgreement::new(customer, super::commerce_year::agreement())).unwrap();
    let check = |item: &str, seats: i32, term: &str, promotion: Option<&str>| -> Value {
        let item = PromotionEligibilityItem::new(item, seats, term, BillingCycle::Annual);
        let item = promotion.into_iter().fold(item, PromotionEligibilityItem::promotion_id);
        let request = CheckPromotionEligibilities::new(customer, PromotionEligibilityRequest::new(vec![item]));
        json_of(client.page(request).unwrap().items)[0]["eligibilities"][0].take()
    };
    let error = |eligibility: &Value| {
        (eligibility["isEligible"].clone(), eligibility["errors"][0]["type"].as_str().unwrap_or_default().to_owned())
    };
    let found = check(BUSINESS_BASIC, 10, "P1Y", None);
    assert_eq!((&found["promotionId"], &found["isEligible"]), (&json!(OF_BASIC), &json!(true)), "all of the item");
    for (item, seats, term, promotion, expected) in [
        (BUSINESS_STANDARD, 201, "P1Y", None, "SeatCount"),
        (BUSINESS_BASIC, 10, "P3Y", None, "Term"),
        (BUSINESS_STANDARD, 10, "P1Y", Some(OF_BASIC), "InvalidPromotion"),
        ("CFQ7TTC0T5K5:0001:CFQ7TTC0K83V", 10, "P1Y", None, "NoPromotionsAvailable"),
        ("CFQ7TTC0T5K5:0001:CFQ7TTC0GONE", 10, "P1Y", None, "InvalidCatalogItemId"),
    ] {
        assert_eq!(error(&check(item, seats, term, promotion)), (json!(false), expected.to_owned()));
    }
    // What a purchase has used is used.
    let order: NewOrder = json_as(json!({ "billingCycle": "annual", "lineItems": [{
        "lineItemNumber": 0, "offerId": BUSINESS_BASIC, "quantity": 10, "termDuration": "P1Y",
        "promotionId": OF_BASIC, "attestationAccepted": true,
    }] }));
    client.call(CreateOrder::new(customer, order)).unwrap();
    assert_eq!(error(&check(BUSINESS_BASIC, 10, "P1Y", None)), (json!(false), "RedemptionLimit".to_owned()));
}

fn json_as<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}
