//! Who may buy, what is said of it, and what else depends on what a customer has bought.

use crate::{call, emulator, get, items, post};
use http::{Method, StatusCode};
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::time::Duration;

const CUSTOMER: &str = "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee";
const E3: &str = "CFQ7TTC0T5K5:0001:CFQ7TTC0K83V";
const OVERAGE: &str = "subscriptions/overage";

fn put(emulator: &Emulator, uri: &str, body: &Value) -> (StatusCode, Value) {
    let (status, _, response) = call(emulator, &Method::PUT, uri, &[], body);
    (status, response)
}

#[test]
fn customer_without_a_relationship_from_the_beginning_cannot_buy() {
    let emulator = emulator(200);
    let customers = items(&emulator, "/v1/customers");
    let customer = customers.iter().find(|customer| customer["relationshipToPartner"] == "none").unwrap();
    let path = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    for list in ["carts", "orders"] {
        let line_item = json!({ "id": 0, "lineItemNumber": 0, "catalogItemId": E3, "offerId": E3, "quantity": 1 });
        let (status, error) = post(&emulator, &format!("{path}/{list}"), &json!({ "lineItems": [line_item] }));
        assert_eq!((status, &error["code"]), (StatusCode::FORBIDDEN, &json!(900_159)), "{list}: {error}");
    }
    assert_eq!(get(&emulator, &format!("{path}/subscriptions")).0, StatusCode::OK);
}

#[test]
fn blocked_account_cannot_check_out() {
    let emulator = Emulator::default();
    let line_item =
        json!({ "id": 0, "catalogItemId": E3, "quantity": 1, "billingCycle": "monthly", "termDuration": "P1Y" });
    let cart = json!({ "lineItems": [line_item] });
    let (status, cart) = post(&emulator, &format!("{CUSTOMER}/carts"), &cart);
    assert_eq!(status, StatusCode::CREATED, "{cart}");
    let set_status = |status: &str| {
        let changed = json!({ "type": "account", "status": status, "lastUpdateDateTime": "2026-05-30T10:12:00" });
        emulator.put_resource(&format!("{CUSTOMER}/validationStatus"), &changed.to_string()).unwrap();
    };
    set_status("UnderReview");
    let checkout = format!("{CUSTOMER}/carts/{}/checkout", cart["id"].as_str().unwrap());
    let (status, error) = post(&emulator, &checkout, &Value::Null);
    assert_eq!((status, &error["code"]), (StatusCode::FORBIDDEN, &json!(800_073)), "{error}");
    set_status("Allowed");
    let (status, placed) = post(&emulator, &checkout, &Value::Null);
    assert_eq!(status, StatusCode::CREATED, "{placed}");
    // What was placed is returned again, though nothing more could be bought.
    set_status("UnderReview");
    let (status, again) = post(&emulator, &checkout, &Value::Null);
    assert_eq!((status, &again["orders"][0]["id"]), (StatusCode::CREATED, &placed["orders"][0]["id"]), "{again}");
}

#[test]
fn overage_is_that_of_the_customer_in_any_case_of_its_id() {
    let emulator = Emulator::default();
    let overage = json!({ "azureEntitlementId": "7c1d0d0e-51b5-4a2c-9d3a-0d2f4b6c8e10", "overageEnabled": true });
    for customer in [CUSTOMER.to_owned(), CUSTOMER.replace("aaaabbbb", "AAAABBBB")] {
        let (status, response) = put(&emulator, &format!("{customer}/{OVERAGE}"), &overage);
        assert_eq!(status, StatusCode::OK, "{response}");
    }
}

#[test]
fn entitlements_of_a_deleted_order_are_not_listed() {
    let emulator = Emulator::default();
    let list = |path: &str| get(&emulator, &format!("{CUSTOMER}/{path}")).1["items"].as_array().unwrap().clone();
    let entitlements = list("entitlements");
    let order = entitlements[0]["referenceOrder"]["id"].as_str().unwrap();
    emulator.delete_resource(&format!("{CUSTOMER}/orders/{order}")).unwrap();
    let left = list("entitlements");
    assert!(left.len() < entitlements.len());
    assert!(left.iter().all(|entitlement| entitlement["referenceOrder"]["id"] != order), "{left:?}");
}

#[test]
fn reservation_whose_term_has_ended_does_not_hold_up_a_transfer() {
    let emulator = Emulator::builder().customers(3).stop_clock().build();
    let item = "DZH318Z0NF44:0047:DZH318Z0T44W";
    let reservation = json!({ "lineItems": [{
        "lineItemNumber": 0, "offerId": item, "quantity": 1, "termDuration": "P1Y",
        "provisioningContext": { "subscriptionId": "c2b1d0f6-50de-4c4f-8c3b-4f6e0a1d9b77" },
    }] });
    let (status, order) = post(&emulator, &format!("{CUSTOMER}/orders"), &reservation);
    assert_eq!(status, StatusCode::CREATED, "{order}");
    let transfer = json!({
        "sourcePartnerTenantId": "9ee6b1a6-0a8b-474e-9f85-2d68e53fab5d",
        "sourcePartnerName": "Fabrikam Cloud",
        "customerEmailId": "ida.berg@contosobakery.example",
        "transferType": 3,
        "targetProductTypes": ["AzureReservation"],
    });
    let code = || post(&emulator, &format!("{CUSTOMER}/transfers"), &transfer).1["code"].clone();
    assert_eq!(code(), 900_145);
    emulator.advance_clock(Duration::from_secs(367 * 86_400));
    assert_ne!(code(), 900_145);
}

#[test]
fn utilizations_come_in_pages_of_a_thousand_from_any_time_on() {
    let emulator = Emulator::default();
    let subscriptions = items(&emulator, &format!("{CUSTOMER}/subscriptions"));
    let id = subscriptions[0]["id"].as_str().unwrap();
    let list = |query: &str| {
        let path = format!("{CUSTOMER}/subscriptions/{id}/utilizations/azure");
        get(&emulator, &format!("{path}?end_time=2026-02-08T00:00:00Z&{query}"))
    };
    for query in ["start_time=2026-02-01T00:00:00Z&size=1000", "start_time=0003-12-09T21:30:43.5"] {
        let (status, page) = list(query);
        assert_eq!(status, StatusCode::OK, "{page}");
    }
    assert_eq!(list("start_time=2026-02-01T00:00:00Z&size=1001").0, StatusCode::BAD_REQUEST);
    assert_eq!(list("start_time=soon").0, StatusCode::BAD_REQUEST);
}
