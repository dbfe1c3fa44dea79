//! The registration of the address that events are sent to, and when a validation event can be created.

use crate::{call, emulator, get, post};
use http::{Method, StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn second_webhook_registration_is_rejected() {
    let emulator = emulator(1);
    let path = "/webhooks/v1/registration";
    let body = json!({"webhookUrl": "https://hooks.fabrikam.example/events", "webhookEvents": ["test-created"]});
    let (status, created) = post(&emulator, path, &body);
    assert_eq!((status, &created["webhookUrl"]), (StatusCode::OK, &body["webhookUrl"]), "{created}");
    assert_eq!(get(&emulator, path).1, created);
    let (status, error) = post(&emulator, path, &body);
    assert_eq!(status, StatusCode::CONFLICT, "{error}");
    let changed = json!({"webhookUrl": "https://hooks.fabrikam.example/other", "webhookEvents": ["test-created"]});
    assert_eq!(call(&emulator, &Method::PUT, path, &[], &changed).0, StatusCode::OK);
    let (_, registration) = get(&emulator, path);
    assert_eq!(registration["webhookUrl"], changed["webhookUrl"]);
    assert_eq!(registration["subscriberId"], created["subscriberId"]);
}

#[test]
fn validation_event_is_created_twice_a_minute_and_kept_for_seven_days() {
    let emulator = emulator(1);
    let (registration, events) = ("/webhooks/v1/registration", "/webhooks/v1/registration/validationEvents");
    // Nobody is there.
    let mut body = json!({ "webhookUrl": "http://127.0.0.1:0/hook", "webhookEvents": ["invoice-ready"] });
    assert_eq!(post(&emulator, registration, &body).0, StatusCode::OK);
    let (status, error) = post(&emulator, events, &Value::Null);
    assert_eq!((status, &error["code"]), (StatusCode::BAD_REQUEST, &json!(3000)), "{error}");
    body["webhookEvents"] = json!(["invoice-ready", "test-created"]);
    assert_eq!(call(&emulator, &Method::PUT, registration, &[], &body).0, StatusCode::OK);

    let create = || call(&emulator, &Method::POST, events, &[], &Value::Null);
    let (status, _, first) = create();
    assert_eq!(status, StatusCode::OK, "{first}");
    emulator.advance_clock(Duration::from_secs(20));
    let request_id = [("MS-RequestId", "6e3f8a12-7b40-4c6d-9a51-0d2e4f6b8c13")];
    for _ in 0..3 {
        // The same request again creates none.
        assert_eq!(call(&emulator, &Method::POST, events, &request_id, &Value::Null).0, StatusCode::OK);
    }
    let (status, headers, error) = create();
    assert_eq!((status, &error["statusCode"]), (StatusCode::TOO_MANY_REQUESTS, &json!(429)), "{error}");
    let wait: u64 = headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!(wait <= 40, "{wait}");
    emulator.advance_clock(Duration::from_secs(wait));
    assert_eq!(create().0, StatusCode::OK);

    let event = format!("{events}/{}", first["correlationId"].as_str().unwrap());
    emulator.advance_clock(Duration::from_secs(6 * 24 * 60 * 60));
    assert_eq!(get(&emulator, &event).1["correlationId"], first["correlationId"]);
    emulator.advance_clock(Duration::from_secs(24 * 60 * 60));
    assert_eq!(get(&emulator, &event).0, StatusCode::NOT_FOUND);
}
