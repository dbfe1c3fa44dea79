//! Validation events, and what is noted of each attempt to deliver them.

use crate::{
    call, get, post,
    webhook_events::{EventReceiver, REGISTRATION, builder, verify},
};
use http::{Method, StatusCode};
use partner_center_core::webhooks::WebhookEventName;
use partner_center_emulator::Emulator;
use serde_json::{Value, json};
use std::{
    thread,
    time::{Duration, Instant},
};

const VALIDATION_EVENTS: &str = "/webhooks/v1/registration/validationEvents";
const TEST_EVENT: &str = "test-created";

/// Waits until the event at `path` has been delivered, or given up, and returns it.
fn finished_event(emulator: &Emulator, path: &str) -> Value {
    let start = Instant::now();
    loop {
        let (status, event) = get(emulator, path);
        assert_eq!(status, StatusCode::OK, "{event}");
        if event["status"] != "pending" {
            return event;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{event}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn validation_event_shows_each_attempt() {
    let emulator = builder().build();
    let receiver = EventReceiver::start(&[503, 404]);
    receiver.register(&emulator, &[TEST_EVENT]);
    let sent = "2b1c9d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e";
    let (status, _, created) =
        call(&emulator, &Method::POST, VALIDATION_EVENTS, &[("MS-CorrelationId", sent)], &Value::Null);
    assert_eq!(status, StatusCode::OK, "{created}");
    assert_ne!(created["correlationId"], sent);
    let path = format!("{VALIDATION_EVENTS}/{}", created["correlationId"].as_str().unwrap());
    let event = finished_event(&emulator, &path);
    assert_eq!(
        (&event["correlationId"], &event["status"], &event["callbackUrl"], &event["partnerId"]),
        (&created["correlationId"], &json!("completed"), &json!(receiver.url), &json!(Emulator::TENANT_ID))
    );
    let results = event["results"].as_array().unwrap();
    let codes: Vec<_> = results.iter().map(|result| result["responseCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["ServiceUnavailable", "NotFound", "OK"]);
    for result in results {
        assert_eq!(result["systemError"], false);
        let moment = result["dateTimeUtc"].as_str().unwrap();
        assert_eq!((moment.len(), moment.rsplit_once('.').map(|(_, digits)| digits.len())), (27, Some(7)), "{moment}");
    }
    let requests = [receiver.next_request(), receiver.next_request(), receiver.next_request()];
    assert_eq!((&requests[0].1, &requests[1].1), (&requests[1].1, &requests[2].1), "an event is sent again as it was");
    let sent = verify(&emulator, &requests[0]).unwrap();
    assert_eq!((sent.event_name, sent.resource_name.as_deref()), (Some(WebhookEventName::TestCreated), Some("test")));
    assert_eq!((sent.resource_uri, sent.audit_uri), (Some(format!("http://localhost{path}")), None));
}

#[test]
fn undelivered_validation_event_has_ten_results() {
    let emulator = builder().build();
    // Nobody listens at this port, which no program can be given.
    let registration = json!({ "webhookUrl": "http://127.0.0.1:0/hook", "webhookEvents": [TEST_EVENT] });
    post(&emulator, REGISTRATION, &registration);
    let (_, created) = post(&emulator, VALIDATION_EVENTS, &Value::Null);
    let path = format!("{VALIDATION_EVENTS}/{}", created["correlationId"].as_str().unwrap());
    let event = finished_event(&emulator, &path);
    let results = event["results"].as_array().unwrap();
    assert_eq!((&event["status"], results.len()), (&json!("failed"), 10), "{event}");
    assert!(results.iter().all(|result| result["systemError"] == true && result.get("responseCode").is_none()));
}

#[test]
fn validation_event_that_cannot_be_sent_has_failed_immediately() {
    let to_ftp = builder().build();
    let registration = json!({ "webhookUrl": "ftp://127.0.0.1/hook", "webhookEvents": [TEST_EVENT] });
    post(&to_ftp, REGISTRATION, &registration);
    for emulator in [Emulator::default(), to_ftp] {
        let (status, created) = post(&emulator, VALIDATION_EVENTS, &Value::Null);
        assert_eq!(status, StatusCode::OK, "{created}");
        let (_, event) = get(&emulator, &format!("{VALIDATION_EVENTS}/{}", created["correlationId"].as_str().unwrap()));
        assert_eq!(event["status"], "failed", "{event}");
        assert_ne!(event["results"][0]["responseMessage"].as_str().unwrap(), "");
    }
}

#[test]
fn validation_event_that_a_restore_has_dropped_fails_after_ten_minutes() {
    let emulator = Emulator::builder().stop_clock().build();
    let registration = json!({ "webhookUrl": "http://127.0.0.1:0/hook", "webhookEvents": [TEST_EVENT] });
    post(&emulator, REGISTRATION, &registration);
    let (_, created) = post(&emulator, VALIDATION_EVENTS, &Value::Null);
    let path = format!("{VALIDATION_EVENTS}/{}", created["correlationId"].as_str().unwrap());
    emulator.restore(&emulator.snapshot());
    assert_eq!(get(&emulator, &path).1["status"], "pending");
    emulator.advance_clock(Duration::from_secs(600));
    assert_eq!(get(&emulator, &path).1["status"], "failed");
}
