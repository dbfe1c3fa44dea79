//! The registration of the address that events are sent to.

use crate::{call, emulator, get, post};
use http::{Method, StatusCode};
use serde_json::json;

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
