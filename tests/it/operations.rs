//! What operations may ask for beyond what the specification has today: every method, bodies, headers, no content.

use partner_center::{
    operations::{InvalidParameter, Method, NoContent, Operation, Parameters},
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_tests::{Recorder, Script, Step, answer, finish};
use serde_json::json;

/// An operation by hand, of the method `METHOD` (an index, as a method cannot be a parameter of a type).
#[derive(Clone)]
struct Touch<const METHOD: usize> {
    name: &'static str,
    body: Option<serde_json::Value>,
    tag: Option<&'static str>,
}

const METHODS: [Method; 6] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete];

impl<const METHOD: usize> Operation for Touch<METHOD> {
    type Response = NoContent;
    const ID: &'static str = "touch";
    const METHOD: Method = METHODS[METHOD];
    const PATH: &'static str = "/v1/things/{name}/touch";
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        Parameters::new()
            .path("name", &self.name)
            .header("If-Match", self.tag.as_ref())
            .body(self.body.as_ref())
            .check()
    }
}

impl<const METHOD: usize> SingleResponse for Touch<METHOD> {}

fn touch<const METHOD: usize>(name: &'static str) -> Touch<METHOD> {
    Touch { name, body: None, tag: None }
}

/// What is sent for `operation` in either mode, and what comes of it.
fn sent<O: SingleResponse<Response = NoContent> + Clone>(operation: &O, steps: &[Step]) -> String {
    let blocking = over::<Blocking, _>(operation.clone(), steps);
    assert_eq!(blocking, over::<Async, _>(operation.clone(), steps));
    blocking
}

fn over<M: Mode, O: SingleResponse<Response = NoContent>>(operation: O, steps: &[Step]) -> String {
    let (transport, log) = Recorder::new(Script::<M>::new(steps.to_vec()));
    let client = Client::builder(transport, Credential::token("the-token")).base_url("https://example.com");
    let client = client.retry(RetryPolicy::default().jitter(false)).build().unwrap();
    let outcome = finish::<M, _>(client.call(operation));
    let outcome = outcome.map_or_else(|error| format!("{:?}", error.kind()), |NoContent| "done".to_owned());
    format!("{}=> {outcome}", log.trace("https://example.com"))
}

#[test]
fn every_method_is_sent_as_it_is() {
    let done: [Step; 1] = [answer(204, "").into()];
    for (sent, expected) in [
        (sent(&touch::<0>("a"), &done), "a GET /v1/things/a/touch\n=> done"),
        (sent(&touch::<1>("a"), &done), "a HEAD /v1/things/a/touch\n=> done"),
        (sent(&touch::<2>("a"), &done), "a POST /v1/things/a/touch [content-length: 0]\n=> done"),
        (sent(&touch::<3>("a"), &done), "a PUT /v1/things/a/touch [content-length: 0]\n=> done"),
        (sent(&touch::<4>("a"), &done), "a PATCH /v1/things/a/touch [content-length: 0]\n=> done"),
        (sent(&touch::<5>("a"), &done), "a DELETE /v1/things/a/touch\n=> done"),
    ] {
        assert_eq!(sent, expected);
    }
}

#[test]
fn bodies_and_headers_are_sent() {
    let operation = Touch::<3> { name: "a", body: Some(json!({"b": 1})), tag: Some("\"7\"") };
    let sent = sent(&operation, &[answer(200, r#"{"whatever": "comes"}"#).into()]);
    assert_eq!(sent, "a PUT /v1/things/a/touch [content-type: application/json] [if-match: \"7\"] {\"b\":1}\n=> done");
}

/// What writes may have written; only what can be done twice without harm is done again.
#[test]
fn only_what_is_idempotent_is_repeated() {
    let steps: [Step; 2] = [answer(503, "").into(), answer(204, "").into()];
    assert_eq!(sent(&touch::<2>("a"), &steps), "a POST /v1/things/a/touch [content-length: 0]\n=> Service");
    assert_eq!(
        sent(&touch::<5>("a"), &steps),
        "a DELETE /v1/things/a/touch\n  sleep 500ms\nb DELETE /v1/things/a/touch\n=> done"
    );
}

/// A value stays within its segment of the path, or nothing is sent.
#[test]
fn a_value_cannot_change_the_path() {
    let done: Step = answer(204, "").into();
    let odd = sent(&touch::<0>("ä b/../c?d#e%2F{name}"), &[done]);
    assert_eq!(odd, "a GET /v1/things/%C3%A4%20b%2F..%2Fc%3Fd%23e%252F%7Bname%7D/touch\n=> done");
    for name in ["", ".", ".."] {
        assert_eq!(sent(&touch::<0>(name), &[]), "=> Request");
    }
    let operation = Touch::<0> { name: "a", body: None, tag: Some("line\r\nbreak") };
    assert_eq!(sent(&operation, &[]), "=> Request");
}

#[test]
fn a_listing_shows_what_it_lists() {
    let client = Client::builder(Script::<Blocking>::new([]), Credential::token("token")).build().unwrap();
    let (pages, items) = (client.pages(ListCustomers::new()), client.items(ListCustomers::new()));
    assert_eq!(format!("{pages:?}"), "Pages { operation: \"listCustomers\", page: Some(1), .. }");
    assert_eq!(format!("{items:?}"), format!("Items {{ pages: {pages:?}, .. }}"));
}
