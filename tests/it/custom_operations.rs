//! Custom operations, which may use what no operation of the specification does today: every method, bodies, headers and
//! responses without content.

use partner_center::{
    operations::{InvalidParameter, Method, NoContent, Operation, Parameters},
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_tests::{RecordingTransport, ScriptedTransport, Step, block_on, response};
use serde_json::json;

/// A handwritten operation with the method `METHODS[METHOD]`: a type cannot have a method as a parameter.
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

/// Returns the requests that `operation` sends, the same in both modes, and its outcome.
fn perform<O: SingleResponse<Response = NoContent> + Clone>(operation: &O, steps: &[Step]) -> String {
    let blocking = perform_in::<Blocking, _>(operation.clone(), steps);
    assert_eq!(blocking, perform_in::<Async, _>(operation.clone(), steps));
    blocking
}

fn perform_in<M: Mode, O: SingleResponse<Response = NoContent>>(operation: O, steps: &[Step]) -> String {
    let (transport, recording) = RecordingTransport::new(ScriptedTransport::<M>::new(steps.to_vec()));
    let client = Client::builder(transport, Credential::token("the-token")).base_url("https://example.com");
    let client = client.retry(RetryPolicy::default().jitter(false)).build().unwrap();
    let outcome = block_on::<M, _>(client.call(operation));
    let outcome = outcome.map_or_else(|error| format!("{:?}", error.kind()), |NoContent| "done".to_owned());
    format!("{}=> {outcome}", recording.to_text("https://example.com"))
}

#[test]
fn every_method_is_sent() {
    let done: [Step; 1] = [response(204, "").into()];
    for (recording, expected) in [
        (perform(&touch::<0>("a"), &done), "a GET /v1/things/a/touch\n=> done"),
        (perform(&touch::<1>("a"), &done), "a HEAD /v1/things/a/touch\n=> done"),
        (perform(&touch::<2>("a"), &done), "a POST /v1/things/a/touch [content-length: 0]\n=> done"),
        (perform(&touch::<3>("a"), &done), "a PUT /v1/things/a/touch [content-length: 0]\n=> done"),
        (perform(&touch::<4>("a"), &done), "a PATCH /v1/things/a/touch [content-length: 0]\n=> done"),
        (perform(&touch::<5>("a"), &done), "a DELETE /v1/things/a/touch\n=> done"),
    ] {
        assert_eq!(recording, expected);
    }
}

#[test]
fn bodies_and_headers_are_sent() {
    let operation = Touch::<3> { name: "a", body: Some(json!({"b": 1})), tag: Some("\"7\"") };
    let recording = perform(&operation, &[response(200, r#"{"whatever": "comes"}"#).into()]);
    assert_eq!(
        recording,
        "a PUT /v1/things/a/touch [content-type: application/json] [if-match: \"7\"] {\"b\":1}\n=> done"
    );
}

/// A write may have succeeded in spite of an error, so only an idempotent one is retried.
#[test]
fn only_idempotent_methods_are_retried() {
    let steps: [Step; 2] = [response(503, "").into(), response(204, "").into()];
    assert_eq!(perform(&touch::<2>("a"), &steps), "a POST /v1/things/a/touch [content-length: 0]\n=> Service");
    assert_eq!(
        perform(&touch::<5>("a"), &steps),
        "a DELETE /v1/things/a/touch\n  sleep 500ms\nb DELETE /v1/things/a/touch\n=> done"
    );
}

/// A rejected write must not pass for one that succeeded.
#[test]
fn error_body_with_success_status_is_not_an_empty_response() {
    for body in [
        r#"{"code":400072,"description":"Something else"}"#,
        r#"{"Code":"400072","Message":"Something else","Data":[]}"#,
        r#"{"error":{"code":"conflict","message":"It is there."}}"#,
        r#"{"error":"invalid_token","error_description":"AADSTS1: bad"}"#,
    ] {
        for status in [200, 202] {
            let recording = perform(&touch::<5>("a"), &[response(status, body).into()]);
            assert_eq!(recording, "a DELETE /v1/things/a/touch\n=> Service", "{body}");
        }
    }
    for body in ["{}", "[]", r#"{"id":"7","code":400072,"description":"A thing."}"#, r#"{"code":0,"message":"Done."}"#]
    {
        let recording = perform(&touch::<5>("a"), &[response(200, body).into()]);
        assert_eq!(recording, "a DELETE /v1/things/a/touch\n=> done", "{body}");
    }
}

/// A value stays within its path segment, or nothing is sent.
#[test]
fn path_value_is_escaped_or_rejected() {
    let done: Step = response(204, "").into();
    let escaped = perform(&touch::<0>("ä b/../c?d#e%2F{name}"), &[done]);
    assert_eq!(escaped, "a GET /v1/things/%C3%A4%20b%2F..%2Fc%3Fd%23e%252F%7Bname%7D/touch\n=> done");
    for name in ["", ".", ".."] {
        assert_eq!(perform(&touch::<0>(name), &[]), "=> Request");
    }
    let operation = Touch::<0> { name: "a", body: None, tag: Some("line\r\nbreak") };
    assert_eq!(perform(&operation, &[]), "=> Request");
}

#[test]
fn debug_output_of_a_list_names_its_operation() {
    let client = Client::builder(ScriptedTransport::<Blocking>::new([]), Credential::token("token")).build().unwrap();
    let (pages, items) = (client.pages(ListCustomers::new()), client.items(ListCustomers::new()));
    assert_eq!(format!("{pages:?}"), "Pages { operation: \"listCustomers\", page: Some(1), .. }");
    assert_eq!(format!("{items:?}"), format!("Items {{ pages: {pages:?}, .. }}"));
}
