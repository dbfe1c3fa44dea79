//! Recordings, and emulators that replay them.

use crate::{authorization, emulator, get, request};
use http::{HeaderValue, Method, StatusCode, header::LOCATION};
use partner_center_core::{Blocking, Client, Credential, ErrorKind, ListCustomers, Response};
use partner_center_emulator::{Emulator, RecordedExchange, Recording};
use serde_json::json;

fn send(emulator: &Emulator, method: &Method, uri: &str) -> Response {
    crate::send(emulator, request(method.clone(), uri, &[("Authorization", &authorization())]))
}

/// Returns what an emulator responds to these requests, without values.
fn record(emulator: &Emulator, requests: &[(Method, String)]) -> Recording {
    let mut recording = Recording::default();
    for (method, uri) in requests {
        let path = uri.split('?').next().unwrap();
        recording.extend(RecordedExchange::new(method, path, &send(emulator, method, uri)));
    }
    recording
}

#[test]
fn replay_has_the_shapes_of_the_recording_in_its_order() {
    let service = emulator(40);
    let (_, page) = get(&service, "/v1/customers?size=40");
    let customers: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let mut requests =
        vec![(Method::GET, "/v1/customers?size=20".to_owned()), (Method::GET, "/v1/customers?size=40".to_owned())];
    for customer in [customers[0], "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9", customers[30], "x"] {
        for below in ["", "/subscriptions", "/users", "/profiles/billing", "/orders", "/agreements"] {
            requests.push((Method::GET, format!("/v1/customers/{customer}{below}")));
        }
    }
    requests.push((Method::DELETE, format!("/v1/customers/{}", customers[1])));
    requests.push((Method::GET, "/v1/nowhere".to_owned()));
    let recording = record(&service, &requests);
    let json = recording.to_json();
    assert_eq!(recording.exchanges().len(), requests.len() - 1, "what the specification has");
    for value in customers.iter().chain(&["onmicrosoft", Emulator::TOKEN, "0b1c2d3e"]) {
        assert!(!json.contains(value), "{value}: {json}");
    }
    let recording = Recording::from_json(&json).unwrap();
    let replaying = Emulator::builder().customers(0).replay(recording.clone()).build();
    for _ in 0..2 {
        let replayed = record(&replaying, &requests);
        for (replayed, recorded) in replayed.exchanges().iter().zip(recording.exchanges()) {
            assert_eq!(replayed, recorded);
        }
        replaying.reset();
    }
    assert_eq!(
        get(&replaying, "/v1/products?country=US&targetView=Azure").0,
        200,
        "what is not in the recording is served"
    );
}

#[test]
fn list_that_was_not_recorded_to_its_end_comes_to_one() {
    let service = Emulator::builder().customers(25).page_cap(10.try_into().unwrap()).build();
    let recording = record(&service, &[(Method::GET, "/v1/customers".to_owned())]);
    let replaying = Emulator::builder().replay(recording).build();
    let client = Client::builder(replaying.transport::<Blocking>(), Credential::token("any")).build().unwrap();
    let pages: Vec<_> = client.pages(ListCustomers::new()).map(Result::unwrap).collect();
    assert_eq!(pages.len(), 2);
}

#[test]
fn location_is_replayed_only_where_it_leads_to_the_resource() {
    for (path, is_replayed) in [
        ("/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9/subscriptions/5a6b7c8d-9e0f-4a1b-8c2d-3e4f5a6b7c8d", true),
        ("/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9/deviceBatches", false),
    ] {
        let method = if is_replayed { Method::PATCH } else { Method::POST };
        let mut accepted = Response::default();
        *accepted.status_mut() = StatusCode::ACCEPTED;
        accepted.headers_mut().insert(LOCATION, HeaderValue::from_static("/customers/1/operations/2"));
        let mut recording = Recording::default();
        recording.extend(RecordedExchange::new(&method, path, &accepted));
        let replaying = Emulator::builder().replay(recording).build();
        let response = send(&replaying, &method, path);
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        let location = response.headers().get(LOCATION).map(|location| location.to_str().unwrap());
        assert_eq!(location, is_replayed.then_some(path));
    }
}

#[test]
fn client_lists_all_pages_of_a_recording() {
    let service = Emulator::builder().customers(25).page_cap(10.try_into().unwrap()).build();
    let first = send(&service, &Method::GET, "/v1/customers");
    let token = serde_json::from_slice::<serde_json::Value>(first.body()).unwrap();
    let token = token["links"]["next"]["headers"][0]["value"].as_str().unwrap().to_owned();
    let mut recording = Recording::default();
    recording.extend(RecordedExchange::new(&Method::GET, "/v1/customers", &first));
    let next = [("MS-ContinuationToken", token.as_str()), ("Authorization", &authorization())];
    let second = crate::send(&service, request(Method::GET, "/v1/customers?seekOperation=Next", &next));
    recording.extend([&first, &second].map(|page| RecordedExchange::new(&Method::GET, "/v1/customers", page).unwrap()));
    let last = send(
        &service,
        &Method::GET,
        "/v1/customers?filter=%7B%22Field%22%3A%22Domain%22%2C%22Value%22%3A%22nothing%22%2C%22Operator%22%3A%22starts_with%22%7D",
    );
    recording.extend(RecordedExchange::new(&Method::GET, "/v1/customers", &last));
    let replaying = Emulator::builder().replay(recording).build();
    let client = Client::builder(replaying.transport::<Blocking>(), Credential::token("any")).build().unwrap();
    let pages: Vec<_> = client.pages(ListCustomers::new()).map(Result::unwrap).collect();
    assert_eq!(pages.len(), 4);
    assert!(!pages[0].items.is_empty() && pages[3].items.is_empty());
    assert_eq!(replaying.verdicts(), []);
}

#[test]
fn recorded_error_is_the_error_of_the_client() {
    for status in [401, 403, 404, 409, 429, 500, 503] {
        let recording = json!({ "format": "partner-center-recording/1", "exchanges": [{
            "method": "GET", "path": "/v1/customers", "status": status, "headers": ["content-type", "retry-after"],
            "body": { "": ["object"], "code": ["integer"], "description": ["string"] },
        }] });
        let emulator = Emulator::builder().replay(Recording::from_json(&recording.to_string()).unwrap()).build();
        let client = Client::builder(emulator.transport::<Blocking>(), Credential::token("any")).build().unwrap();
        let error = client.items(ListCustomers::new()).next().unwrap().unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{error}");
        assert_ne!(error.kind(), ErrorKind::Decode, "{error}");
        assert_eq!(emulator.verdicts(), []);
    }
}

#[test]
fn what_is_no_recording_is_an_error() {
    let exchange = |change: serde_json::Value| {
        let mut exchange = json!({ "method": "GET", "path": "/v1/customers", "status": 200, "headers": [] });
        exchange.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "format": "partner-center-recording/1", "exchanges": [exchange] }).to_string()
    };
    assert!(Recording::from_json(&exchange(json!({}))).is_ok());
    let deep = "a.".repeat(200) + "a";
    for (json, reason) in [
        ("{".to_owned(), "not a recording"),
        (json!({ "format": "partner-center-recording/9", "exchanges": [] }).to_string(), "recording/9"),
        (exchange(json!({ "path": "/v1/nowhere" })), "exchange 1: the specification of this version has no GET"),
        (exchange(json!({ "status": 99 })), "99 is not the status"),
        (exchange(json!({ "headers": ["a b"] })), "is not the name of a header"),
        (exchange(json!({ "body": { deep: ["string"] } })), "below more than 128 others"),
        (exchange(json!({ "body": { "": ["text"] } })), "unknown variant"),
        (exchange(json!({ "secret": 1 })), "unknown field"),
    ] {
        let error = Recording::from_json(&json).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}
