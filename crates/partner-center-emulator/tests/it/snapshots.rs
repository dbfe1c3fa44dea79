//! Snapshots: an emulator that goes back to one is as it was, and so is another process that reads it from JSON.

use crate::{call, emulator, get, items};
use http::{Method, StatusCode};
use partner_center_emulator::{Emulator, Snapshot};
use serde_json::{Value, json};
use std::time::Duration;

const REQUEST_ID: &str = "6b1c5f0e-8a53-4b8f-9a57-0d6c1e2f3a4b";

/// Creates a customer, with the same request each time.
fn create_customer(emulator: &Emulator) -> (StatusCode, Value) {
    let address = json!({
        "firstName": "Mia", "lastName": "Ek", "addressLine1": "Storgatan 1", "city": "Redmond", "state": "WA",
        "postalCode": "98052", "country": "US",
    });
    let customer = json!({
        "companyProfile": { "domain": "fourthcoffee.onmicrosoft.com" },
        "billingProfile": {
            "culture": "en-US", "email": "mia@fourthcoffee.example", "language": "en", "companyName": "Fourth Coffee",
            "defaultAddress": address,
        },
    });
    let (status, _, body) = call(emulator, &Method::POST, "/v1/customers", &[("MS-RequestId", REQUEST_ID)], &customer);
    (status, body)
}

#[test]
fn restored_emulator_is_as_it_was() {
    let emulator = emulator(30);
    let customers = items(&emulator, "/v1/customers");
    let start = emulator.snapshot();
    let (status, created) = create_customer(&emulator);
    assert_eq!(status, StatusCode::CREATED, "{created}");
    let with_customer = emulator.snapshot();
    assert_eq!(items(&emulator, "/v1/customers").len(), 31);

    emulator.restore(&start);
    assert_eq!(items(&emulator, "/v1/customers"), customers, "also not as a page that was kept");
    let again = create_customer(&emulator);
    assert_eq!(again, (StatusCode::CREATED, created.clone()), "the same customer, not a write that was sent again");
    emulator.restore(&with_customer);
    assert_eq!(items(&emulator, "/v1/customers").len(), 31);
    assert_eq!(emulator.verdicts(), [], "nobody has sent these requests to the restored emulator before");
    assert_eq!(create_customer(&emulator).1, created, "the first response");
    assert_eq!(items(&emulator, "/v1/customers").len(), 31);
    assert_eq!(emulator.verdicts(), []);
    create_customer(&emulator);
    let first = emulator.verdicts();
    assert_eq!(first.len(), 1, "the id was used again");
    emulator.restore(&start);
    assert_eq!(emulator.verdicts(), first, "the list stays, as the log does");
}

#[test]
fn snapshot_is_read_by_another_emulator() {
    let first = emulator(30);
    let (_, created) = create_customer(&first);
    let json = first.snapshot().to_json();
    let second = Emulator::builder().customers(3).seed(1).build();
    second.restore(&Snapshot::from_json(&json).unwrap());
    let path = format!("/v1/customers/{}", created["id"].as_str().unwrap());
    assert_eq!(get(&second, &path), get(&first, &path));
    assert_eq!(items(&second, "/v1/customers"), items(&first, "/v1/customers"));
    assert_eq!(second.indirect_provider(), first.indirect_provider());
    assert_eq!(create_customer(&second), create_customer(&first), "a write that is sent again gets its response");
}

#[test]
fn restored_clock_shows_the_time_of_the_snapshot() {
    let emulator = emulator(30);
    let time = |snapshot: &Snapshot| -> String {
        serde_json::from_str::<Value>(&snapshot.to_json()).unwrap()["time"].as_str().unwrap().to_owned()
    };
    let start = emulator.snapshot();
    assert!(time(&start).starts_with("2026-06-01T09:"), "{}", time(&start));
    emulator.advance_clock(Duration::from_secs(366 * 24 * 60 * 60));
    assert!(time(&emulator.snapshot()).starts_with("2027-06-02T09:"));
    emulator.restore(&start);
    assert!(time(&emulator.snapshot()).starts_with("2026-06-01T09:"));
}

#[test]
fn what_is_not_a_snapshot_is_rejected() {
    let valid: Value = serde_json::from_str(&emulator(3).snapshot().to_json()).unwrap();
    let mut other_format = valid.clone();
    other_format["format"] = "partner-center-emulator/0".into();
    let mut unknown_field = valid;
    unknown_field["state"]["future"] = true.into();
    for (json, reason) in [
        (String::new(), "not a snapshot"),
        ("{}".to_owned(), "missing field `format`"),
        (other_format.to_string(), "\"partner-center-emulator/0\""),
        (unknown_field.to_string(), "unknown field `future`"),
    ] {
        let error = Snapshot::from_json(&json).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
