//! The bodies of the fuzz targets: each sends the data to a client as a response, and verifies that the client neither
//! panics nor sends anything elsewhere. They use the public API only, so the results apply to users.

use crate::{MockResponse, RecordingTransport, ScriptedTransport, Step, page, response};
use partner_center::{
    AppRegistration, Client, Credential, Customer, Error, GetCustomer, ListCustomers, RetryPolicy, Transport,
    error::ServiceError, models::Resource, transport::Blocking,
};
use serde_json::json;
use std::error::Error as _;
use uuid::Uuid;

const BASE_URL: &str = "http://127.0.0.1:9";

const MAX_MESSAGE_LENGTH: usize = 20_000;

/// Decodes a response body. The first byte selects its content type.
pub fn response_body(data: &[u8]) {
    const CONTENT_TYPES: [&str; 5] = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=utf-16le",
        "text/html; charset=\"utf-16be\"",
        "text/plain; charset=iso-8859-1",
    ];
    let (selector, body) = data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest));
    let response = response(200, body).with("Content-Type", CONTENT_TYPES[selector % CONTENT_TYPES.len()]);
    if let Ok(customer) = get_customer(response.clone()) {
        let written = serde_json::to_string(&customer).unwrap();
        let read = serde_json::from_str(&written).unwrap();
        assert_eq!(customer, read);
        let _ = customer.undescribed_paths();
    }
    let _ = client(ScriptedTransport::<Blocking>::new([response.into()])).page(ListCustomers::new());
}

/// Follows a next-page link. The data is the URI, the method, the name and value of a header, and the token of the body, on
/// separate lines.
pub fn next_link(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (uri, method, name, value, token) = (line(), line(), line(), line(), line());
    let mut first = page(["a"]).next_link(json!({
        "uri": uri, "method": method, "headers": [{"key": name, "value": value}]
    }));
    if !token.is_empty() {
        first = first.token(token);
    }
    let script = ScriptedTransport::<Blocking>::new([first.into(), page(["b"]).into()]);
    let (transport, recording) = RecordingTransport::new(script);
    let results = client(transport).items(ListCustomers::new()).map(|customer| customer.map(drop)).collect::<Vec<_>>();
    assert!(results.len() >= 2 || uri.trim().is_empty(), "a link is neither followed nor rejected: {uri:?}");
    for line in recording.to_text(BASE_URL).lines() {
        let target = line.split(' ').nth(2).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        assert!(path.starts_with("/v1/") && !path.contains("/../") && !path.contains("//"), "{line}");
        assert!(!target.contains('\\') && !query.contains('?'), "{line}");
    }
}

/// Reads an error response. The first byte is the status, the rest is the body.
pub fn error_response(data: &[u8]) {
    let (status, body) = data.split_first().map_or((0, data), |(first, rest)| (u16::from(*first), rest));
    let error = get_customer(response(300 + status % 300, body)).unwrap_err();
    let output = format!("{error} {error:#} {error:?}");
    assert!(output.len() < MAX_MESSAGE_LENGTH, "an error is too long");
    assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "control characters are not escaped: {error}");
    assert!(!output.contains("the-token"), "{output}");
    assert!(error.service_error().is_some_and(|api: &ServiceError| api.status.as_u16() == 300 + status % 300));
    let _ = error.source().map(ToString::to_string);
}

/// Reads the response of an authority. The first byte is the status, the rest is the body.
pub fn token_response(data: &[u8]) {
    let (status, body) = data.split_first().map_or((0, data), |(first, rest)| (u16::from(*first), rest));
    let steps = [response(200 + status % 400, body), response(200, "{}")].map(Step::from);
    let app = AppRegistration::new("contoso.com", "the-app").secret("the-secret");
    let client =
        Client::builder(ScriptedTransport::<Blocking>::new(steps), Credential::app_user(app, "the-refresh-token"));
    let client = client.base_url(BASE_URL).authority(BASE_URL).retry(RetryPolicy::none()).build().unwrap();
    let Err(error) = client.authenticate() else { return };
    let output = format!("{error} {error:#} {error:?}");
    assert!(output.len() < MAX_MESSAGE_LENGTH, "an error is too long");
    assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "control characters are not escaped: {error}");
    assert!(!output.contains("the-secret") && !output.contains("the-refresh-token"), "{output}");
}

/// Reads a value of `Retry-After`.
pub fn retry_after(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    if http::HeaderValue::try_from(value).is_err() {
        return;
    }
    let busy = || response(503, "").with("Retry-After", value).into();
    let (transport, recording) = RecordingTransport::new(ScriptedTransport::<Blocking>::new([busy(), busy()]));
    let client = client_with(transport, RetryPolicy::default().max_attempts(2));
    let error = client.call(GetCustomer::new(Uuid::nil())).unwrap_err();
    assert!(error.attempts() <= 2);
    for line in recording.to_text(BASE_URL).lines().filter(|line| line.contains("sleep")) {
        let retry_after = error.service_error().and_then(|api| api.retry_after);
        assert!(
            retry_after.is_none_or(|wait| wait.as_secs() <= 60),
            "{line}, but the service requested {retry_after:?}"
        );
    }
}

fn get_customer(response: MockResponse) -> Result<Customer, Error> {
    client(ScriptedTransport::<Blocking>::new([response.into()])).call(GetCustomer::new(Uuid::nil()))
}

fn client<X: Transport>(transport: X) -> Client<X> {
    client_with(transport, RetryPolicy::none())
}

fn client_with<X: Transport>(transport: X, retry: RetryPolicy) -> Client<X> {
    Client::builder(transport, Credential::token("the-token")).base_url(BASE_URL).retry(retry).build().unwrap()
}
