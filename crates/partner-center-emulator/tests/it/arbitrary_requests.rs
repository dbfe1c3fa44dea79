//! Property tests: a request of any kind gets a well-formed response.

use crate::{emulator, send};
use http::{HeaderValue, Method, header::CONTENT_LENGTH};
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
