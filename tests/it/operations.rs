//! Every operation of the specification is called against the emulator, in both modes.

#![allow(deprecated, reason = "operations that are deprecated are called as well")]

use partner_center::{
    operations::{Operation, *},
    transport::{Async, Blocking, Mode, Request},
    *,
};
use partner_center_emulator::{Emulator, check};
use partner_center_spec::{Location, MediaType, OPERATIONS, ParameterStyle};
use partner_center_tests::{block_on, judged_emulator};
use serde::de::DeserializeOwned;
use std::time::{Duration, UNIX_EPOCH};

/// Tests an operation with one response.
macro_rules! call {
    ($test:ident, $operation:expr) => {
        #[test]
        fn $test() {
            fn test<X: Transport>(client: &Client<X>) -> (&'static str, Result<(), Error>) {
                let operation = $operation;
                (id_of(&operation), block_on::<X::Mode, _>(client.call(operation)).map(drop))
            }
            in_both_modes!(test);
        }
    };
}

/// Tests an operation with pages.
macro_rules! list {
    ($test:ident, $operation:expr) => {
        #[test]
        fn $test() {
            fn test<X: Transport>(client: &Client<X>) -> (&'static str, Result<(), Error>) {
                let operation = $operation;
                let id = id_of(&operation);
                let mut pages = client.pages(operation);
                let read = async move {
                    while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                        page?;
                    }
                    Ok(())
                };
                (id, block_on::<X::Mode, _>(X::Mode::block_or_box(read)))
            }
            in_both_modes!(test);
        }
    };
}

/// Runs `test` against an emulator in each mode.
macro_rules! in_both_modes {
    ($test:ident) => {
        for (id, result) in
            [$test(&client(emulator().transport::<Blocking>())), $test(&client(emulator().transport::<Async>()))]
        {
            ensure_documented(id, result);
        }
    };
}

include!("generated_operations.rs");

/// Returns an emulator in the year of the documented examples, from 2026-06-01T09:00:00Z on.
fn emulator() -> Emulator {
    judged_emulator().start_time(UNIX_EPOCH + Duration::from_secs(1_780_304_400)).build()
}

fn client<X: Transport>(transport: X) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).build().unwrap()
}

fn id_of<O: Operation>(_: &O) -> &'static str {
    O::ID
}

/// Panics unless the operation has succeeded. One that sends an etag may fail, as its example is not that of the resource.
fn ensure_documented(id: &str, result: Result<(), Error>) {
    let Err(error) = result else { return };
    let operation = partner_center_spec::operation(id).unwrap();
    let is_stale = sends_etag(operation) && error.status().is_some_and(|status| status == 412);
    assert!(is_stale, "{id}: {error}");
}

fn sends_etag(operation: &partner_center_spec::Operation) -> bool {
    operation.parameters.iter().any(|parameter| parameter.style == ParameterStyle::Quoted)
}

/// Reads an argument from its JSON.
fn value<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

#[test]
fn emulator_could_have_sent_each_example_of_a_response() {
    for operation in OPERATIONS {
        for response in operation.responses {
            for example in response.examples.iter().filter(|example| !example.has_unknown_fields) {
                let checked = check::response(operation, response.status, example.json);
                let problems = checked.err().unwrap_or_default();
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                assert_eq!(problems, [""; 0], "{}: the example {}", operation.id, example.name);
            }
        }
    }
}

/// Each example of a body is sent, with the examples of the required parameters.
#[test]
fn emulator_accepts_each_example_of_a_request() {
    for operation in OPERATIONS {
        let Some(body) = operation.body.filter(|body| body.media_type == MediaType::Json) else { continue };
        for example in body.examples {
            let place = format!("{}: the example {}", operation.id, example.name);
            let checked = check::request(operation, example.json);
            assert_eq!(checked.map_err(|problems| problems[0].to_string()), Ok(()), "{place}");
            let response = emulator().transport::<Blocking>().send(request(operation, example.json)).unwrap();
            let documented = operation.responses.iter().any(|documented| documented.status == response.status());
            let is_stale = sends_etag(operation) && response.status() == 412;
            let body = String::from_utf8_lossy(response.body());
            assert!(documented || is_stale, "{place}: {} {body}", response.status());
        }
    }
}

/// Returns a request with the examples of the required parameters.
fn request(operation: &partner_center_spec::Operation, json: &str) -> Request {
    let mut path = operation.path.to_owned();
    let mut query = String::new();
    let mut headers = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.is_required) {
        let name = parameter.name;
        let value = parameter.example.unwrap_or_else(|| panic!("{}: {name} has no example", operation.id));
        match parameter.location {
            Location::Path => path = path.replace(&format!("{{{name}}}"), &value.replace(' ', "%20")),
            Location::Query => {
                query.push(if query.is_empty() { '?' } else { '&' });
                query.extend([name, "=", value]);
            }
            Location::Header if parameter.style == ParameterStyle::Quoted => {
                headers.push((name, format!("\"{value}\"")));
            }
            Location::Header => headers.push((name, value.to_owned())),
        }
    }
    let request = http::Request::builder().method(operation.method.as_str()).uri(path + &query);
    let request = request.header("Authorization", format!("Bearer {}", Emulator::TOKEN));
    let request = request.header("Content-Type", "application/json");
    let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
    request.body(json.as_bytes().to_vec()).unwrap()
}
