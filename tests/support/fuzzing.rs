//! What the fuzz targets do with a piece of data: make it the answer of a service, and see that the client neither
//! panics nor goes astray. Everything goes through the public API, so what holds here holds for users.

use crate::{Answer, Recorder, Script, Step, answer, page};
use partner_center::{
    AppRegistration, Client, Credential, Customer, Error, GetCustomer, ListCustomers, RetryPolicy, Transport,
    error::ServiceError, models::Resource, transport::Blocking,
};
use serde_json::json;
use std::error::Error as _;
use uuid::Uuid;

const BASE: &str = "http://127.0.0.1:9";

/// A body: its first byte says what content type it claims.
pub fn decode(data: &[u8]) {
    const CONTENT_TYPES: [&str; 5] = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=utf-16le",
        "text/html; charset=\"utf-16be\"",
        "text/plain; charset=iso-8859-1",
    ];
    let (kind, body) = data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest));
    let found = answer(200, body).with("Content-Type", CONTENT_TYPES[kind % CONTENT_TYPES.len()]);
    if let Ok(customer) = get_customer(found.clone()) {
        // What is understood survives.
        let written = serde_json::to_string(&customer).unwrap();
        let again = serde_json::from_str(&written).unwrap();
        assert_eq!(customer, again);
        let _ = customer.undescribed();
    }
    let _ = client(Script::<Blocking>::new([found.into()])).page(ListCustomers::new());
}

/// A link, and its token, on separate lines: wherever it leads, the token goes to the configured address only.
pub fn follow(data: &[u8]) {
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
    let (transport, log) = Recorder::new(Script::<Blocking>::new([first.into(), page(["b"]).into()]));
    let names = client(transport).items(ListCustomers::new()).map(|customer| customer.map(|_| ())).collect::<Vec<_>>();
    assert!(names.len() >= 2 || uri.trim().is_empty(), "a link that is neither followed nor refused: {uri:?}");
    for line in log.trace(BASE).lines() {
        let target = line.split(' ').nth(2).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        assert!(path.starts_with("/v1/") && !path.contains("/../") && !path.contains("//"), "{line}");
        assert!(!target.contains('\\') && !query.contains('?'), "{line}");
    }
}

/// A fault: its first bytes are the status, the rest is the body.
pub fn fault(data: &[u8]) {
    let (status, body) = data.split_first().map_or((0, data), |(first, rest)| (u16::from(*first), rest));
    let error = get_customer(answer(300 + status % 300, body)).unwrap_err();
    let told = format!("{error} {error:#} {error:?}");
    assert!(told.len() < 20_000, "an error tells too much");
    assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "an error acts on the terminal: {error}");
    assert!(!told.contains("the-token"), "{told}");
    assert!(error.service_error().is_some_and(|api: &ServiceError| api.status.as_u16() == 300 + status % 300));
    let _ = error.source().map(ToString::to_string);
}

/// What an authority answers: the first byte is the status, the rest is the body.
pub fn token(data: &[u8]) {
    let (status, body) = data.split_first().map_or((0, data), |(first, rest)| (u16::from(*first), rest));
    let answers = [answer(200 + status % 400, body), answer(200, "{}")].map(Step::from);
    let app = AppRegistration::new("contoso.com", "the-app").secret("the-secret");
    let client = Client::builder(Script::<Blocking>::new(answers), Credential::app_user(app, "the-refresh-token"));
    let client = client.base_url(BASE).authority(BASE).retry(RetryPolicy::none()).build().unwrap();
    let Err(error) = client.authenticate() else { return };
    let told = format!("{error} {error:#} {error:?}");
    assert!(told.len() < 20_000, "an error tells too much");
    assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "an error acts on the terminal: {error}");
    assert!(!told.contains("the-secret") && !told.contains("the-refresh-token"), "{told}");
}

/// A value of `Retry-After`.
pub fn retry_after(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    if http::HeaderValue::try_from(value).is_err() {
        return;
    }
    let busy = || answer(503, "").with("Retry-After", value).into();
    let (transport, log) = Recorder::new(Script::<Blocking>::new([busy(), busy()]));
    let client = client_with(transport, RetryPolicy::default().max_attempts(2));
    let error = client.call(GetCustomer::new(Uuid::nil())).unwrap_err();
    assert!(error.attempts() <= 2);
    for line in log.trace(BASE).lines().filter(|line| line.contains("sleep")) {
        let asked = error.service_error().and_then(|api| api.retry_after);
        assert!(asked.is_none_or(|asked| asked.as_secs() <= 60), "{line}, but the service asked for {asked:?}");
    }
}

fn get_customer(answer: Answer) -> Result<Customer, Error> {
    client(Script::<Blocking>::new([answer.into()])).call(GetCustomer::new(Uuid::nil()))
}

fn client<X: Transport>(transport: X) -> Client<X> {
    client_with(transport, RetryPolicy::none())
}

fn client_with<X: Transport>(transport: X, retry: RetryPolicy) -> Client<X> {
    Client::builder(transport, Credential::token("the-token")).base_url(BASE).retry(retry).build().unwrap()
}
