//! Tests of the emulator through its public API, in memory and over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

mod account;
mod arbitrary_requests;
mod authority;
mod customer_access;
mod customer_list;
mod customers;
mod error_responses;
mod fault_injection;
mod judge;
mod judge_over_sockets;
mod license_analytics;
mod lists;
mod load;
mod operations;
#[cfg(feature = "persistence")]
mod persistence;
mod purchases;
mod quirks;
mod recordings;
mod server;
mod sign_in;
mod snapshots;
mod state;
mod steering;
mod steering_waits;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "webhooks")]
mod validation_events;
#[cfg(feature = "webhooks")]
mod webhook_events;
mod webhooks;

use http::{HeaderMap, Method, StatusCode};
use partner_center_core::{Blocking, Request, Response, Transport};
use partner_center_emulator::Emulator;
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

/// The time at which emulators start, in the year of the documented examples: 2026-06-01T09:00:00Z.
const START_TIME: Duration = Duration::from_secs(1_780_304_400);

fn emulator(customers: u32) -> Emulator {
    Emulator::builder().customers(customers).seed(7).start_time(UNIX_EPOCH + START_TIME).build()
}

fn send(emulator: &Emulator, request: Request) -> Response {
    emulator.transport::<Blocking>().send(request).unwrap()
}

fn request(method: Method, uri: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Vec::new()).unwrap()
}

fn authorization() -> String {
    format!("Bearer {}", Emulator::TOKEN)
}

/// Sends an authorized `GET` and returns status, headers and body of the response.
fn get_with(emulator: &Emulator, uri: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Value) {
    let authorization = authorization();
    let headers = [headers, &[("Authorization", authorization.as_str())]].concat();
    let (head, body) = send(emulator, request(Method::GET, uri, &headers)).into_parts();
    (head.status, head.headers, serde_json::from_slice(&body).unwrap())
}

fn get(emulator: &Emulator, uri: &str) -> (StatusCode, Value) {
    let (status, _, body) = get_with(emulator, uri, &[]);
    (status, body)
}

/// Returns the body of a response to an authorized `GET`, unless it is an error or no response.
fn try_get(emulator: &Emulator, uri: &str) -> Option<Value> {
    let request = request(Method::GET, uri, &[("Authorization", &authorization())]);
    let response = emulator.transport::<Blocking>().send(request).ok()?;
    if response.status() == StatusCode::OK { serde_json::from_slice(response.body()).ok() } else { None }
}

/// Returns the path of a link, below `/v1` whether the link has the version or not.
fn target(link: &str) -> String {
    if link.starts_with("/v1/") { link.to_owned() } else { format!("/v1/{}", link.trim_start_matches('/')) }
}

/// Returns all pages from `uri` on.
fn pages(emulator: &Emulator, uri: &str) -> Vec<Value> {
    let (status, mut page) = get(emulator, uri);
    let mut pages = Vec::new();
    loop {
        assert_eq!(status, StatusCode::OK, "{page}");
        let next = page["links"]["next"].clone();
        pages.push(page);
        if next.is_null() {
            return pages;
        }
        assert_eq!((&next["method"], &next["headers"][0]["key"]), (&"GET".into(), &"MS-ContinuationToken".into()));
        let token = [("MS-ContinuationToken", next["headers"][0]["value"].as_str().unwrap())];
        page = get_with(emulator, &target(next["uri"].as_str().unwrap()), &token).2;
    }
}

/// Returns the customers of all pages from `uri` on.
fn items(emulator: &Emulator, uri: &str) -> Vec<Value> {
    let items = |page: Value| page["items"].as_array().unwrap().clone();
    pages(emulator, uri).into_iter().flat_map(items).collect()
}

/// The folder of the documented responses, which a packaged crate does not have.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/examples");

/// Returns the JSON of the documented response with this name.
fn example_json(name: &str) -> String {
    std::fs::read_to_string(format!("{EXAMPLES}/{name}.response.json")).unwrap()
}

fn example(name: &str) -> Value {
    serde_json::from_str(&example_json(name)).unwrap()
}

/// Sends an authorized request with a body and returns status, headers and body of the response.
fn call(
    emulator: &Emulator,
    method: &Method,
    uri: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (StatusCode, HeaderMap, Value) {
    let authorization = authorization();
    let headers =
        [headers, &[("Authorization", authorization.as_str()), ("Content-Type", "application/json")]].concat();
    let mut request = request(method.clone(), uri, &headers);
    if !body.is_null() {
        *request.body_mut() = body.to_string().into_bytes();
    }
    let (head, body) = send(emulator, request).into_parts();
    (head.status, head.headers, serde_json::from_slice(&body).unwrap_or_default())
}

fn post(emulator: &Emulator, uri: &str, body: &Value) -> (StatusCode, Value) {
    let (status, _, body) = call(emulator, &Method::POST, uri, &[], body);
    (status, body)
}
