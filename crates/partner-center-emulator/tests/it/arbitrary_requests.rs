//! Property tests: a request of any kind gets a well-formed response.

use crate::{emulator, send};
use http::{HeaderValue, Method, header::CONTENT_LENGTH};
use partner_center_spec::OPERATIONS;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

/// Generates known parts, which pass the first checks, and arbitrary ones, which do not.
fn part(known: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![3 => select(known).prop_map(str::to_owned), 1 => "\\PC{0,12}", 1 => "[ -~]{0,12}"]
}

fn path() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &["/v1", "/customers", "/", "/b44bb1fb-c595-45b0-9e09-d657365580bf", "%2F", "/..", "%"];
    prop_oneof![
        Just("/v1/customers".to_owned()),
        vec(part(PARTS), 0..6).prop_map(|parts| format!("/{}", parts.concat())),
    ]
}

fn query() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "size=",
        "7",
        "&",
        "?",
        "seekOperation=next",
        "filter=",
        "%7B",
        "{\"Field\":\"Domain\",",
        "\"Value\":\"a\",\"Operator\":9}",
        "+",
        "%FF",
        "%",
    ];
    vec(part(PARTS), 0..10).prop_map(|parts| parts.concat())
}

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    const NAMES: &[&str] = &["MS-ContinuationToken", "MS-RequestId", "X-Locale", "Authorization"];
    let values = prop_oneof![vec(any::<u8>(), 0..40), "[A-Za-z0-9+/]{0,60}={0,2}".prop_map(String::into_bytes)];
    (part(NAMES), values)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn any_request_gets_a_response(
        method in prop_oneof![4 => Just("GET".to_owned()), 1 => "[A-Z]{1,8}"],
        (path, query) in (path(), query()),
        headers in vec(header(), 0..4),
        authorized in prop::bool::weighted(0.9),
        body in vec(any::<u8>(), 0..20),
    ) {
        let mut request = http::Request::builder().method(method.as_str()).uri(format!("{path}?{query}"));
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), HeaderValue::from_bytes(&value)) {
                request = request.header(name, value);
            }
        }
        if authorized {
            request = request.header("Authorization", crate::authorization());
        }
        let Ok(request) = request.body(body) else { return Ok(()) };
        let response = send(&emulator(20), request);
        prop_assert!([200, 400, 401, 404, 405].contains(&response.status().as_u16()));
        if method != Method::HEAD.as_str() {
            prop_assert!(serde_json::from_slice::<Value>(response.body()).is_ok_and(|body| body.is_object()));
            prop_assert_eq!(&response.headers()[CONTENT_LENGTH], &HeaderValue::from(response.body().len()));
        }
    }
}

/// Generates any JSON of a few values.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        part(&["active", "deleted", "US", "*", "2026-01-31T12:00:00Z", "aaaabbbb-0000-cccc-1111-dddd2222eeee"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((part(&["id", "attributes", "etag", "quantity"]), inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Replaces one of the values of `body`, which `choice` selects.
fn replace_one(body: &mut Value, choice: usize, replacement: Value) {
    let children: Vec<&mut Value> = match body {
        Value::Object(fields) => fields.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    let count = children.len() + 1;
    match children.into_iter().nth(choice % count) {
        Some(child) => replace_one(child, choice / count, replacement),
        None => *body = replacement,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn any_body_gets_a_response(
        operation in any::<prop::sample::Index>(),
        (choice, replacement) in (any::<usize>(), json()),
        segment in prop::option::weighted(0.2, (any::<prop::sample::Index>(), "[!-.0->@-~]{1,20}")),
        etag in prop::option::of("[ -~]{0,8}"),
    ) {
        let operation = operation.get(OPERATIONS);
        let mut segments: Vec<String> = operation.path.split('/').map(str::to_owned).collect();
        for parameter in operation.parameters {
            let placeholder = format!("{{{}}}", parameter.name);
            for segment in segments.iter_mut().filter(|segment| **segment == placeholder) {
                parameter.example.unwrap_or("1").clone_into(segment);
            }
        }
        if let Some((index, text)) = segment {
            let index = index.index(segments.len());
            segments[index] = text;
        }
        let mut request = http::Request::builder().method(operation.method.as_str()).uri(segments.join("/"));
        request = request.header("Authorization", crate::authorization()).header("Content-Type", "application/json");
        if let Some(etag) = etag {
            request = request.header("If-Match", etag);
        }
        let mut body = Value::Null;
        if let Some(example) = operation.body.and_then(|body| body.examples.first()) {
            body = serde_json::from_str(example.json).unwrap();
            replace_one(&mut body, choice, replacement);
        }
        let Ok(request) = request.body(body.to_string().into_bytes()) else { return Ok(()) };
        let emulator = emulator(30);
        let response = send(&emulator, request);
        let status = response.status().as_u16();
        prop_assert!(status < 500, "{}: {status}", operation.id);
        let is_json = response.headers().get("Content-Type").is_some_and(|of| of.as_bytes().starts_with(b"application/json"));
        prop_assert!(!is_json || response.body().is_empty() || serde_json::from_slice::<Value>(response.body()).is_ok());
        // What was stored can be read again.
        for uri in ["/v1/customers", "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee/users"] {
            let status = crate::get(&emulator, uri).0.as_u16();
            // A change of the customer may have ended the relationship, or the delegated access.
            let is_denied = status == 403 && operation.id == "updateCustomer";
            prop_assert!([200, 404].contains(&status) || is_denied, "{uri}: {status}");
        }
    }
}
