//! The configuration of a client, and the limits that it enforces whatever its transport does.

use partner_center::{
    Client, ContinuationToken, Credential, Error, ErrorKind, ListCustomers, SingleResponse, Transport,
    models::CustomerCollection,
    operations::{InvalidParameter, Method, Operation, Parameters},
    transport::{Blocking, Request, Response, TransportError},
};
use partner_center_tests::page;
use std::{
    error::Error as _,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Records each request and returns an empty page, whatever the limits of the request.
#[derive(Default)]
struct UnlimitedTransport {
    requests: Mutex<Vec<Request>>,
}

impl UnlimitedTransport {
    fn header(&self, name: &str) -> String {
        self.requests.lock().unwrap().last().unwrap().headers()[name].to_str().unwrap().to_owned()
    }
}

impl Transport for UnlimitedTransport {
    type Mode = Blocking;

    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.requests.lock().unwrap().push(request);
        Ok(http::Response::new(page([]).body().to_vec().into()))
    }

    fn sleep(&self, _: Duration) {}
}

fn source(error: &Error) -> String {
    error.source().unwrap().to_string()
}

#[test]
fn configuration_is_sent() {
    // A shared transport is a transport as well.
    let transport = Arc::new(UnlimitedTransport::default());
    let client = Client::builder(Arc::clone(&transport), Credential::token("token"));
    let client = client.application("billing").locale("de-DE").build().unwrap();
    client.page(ListCustomers::new()).unwrap();
    assert_eq!(transport.header("ms-partnercenter-application"), "billing");
    assert_eq!(transport.header("x-locale"), "de-DE");
    assert_eq!(transport.header("ms-correlationid"), client.correlation_id().to_string());

    let with_another_id = client.with_correlation_id(Uuid::from_u128(7));
    with_another_id.page(ListCustomers::new()).unwrap();
    assert_eq!(transport.header("ms-correlationid"), "00000000-0000-0000-0000-000000000007");
    client.page(ListCustomers::new()).unwrap();
    assert_eq!(transport.header("ms-correlationid"), client.correlation_id().to_string());
}

#[test]
fn setting_that_is_an_invalid_header_is_rejected() {
    let builder = || Client::builder(UnlimitedTransport::default(), Credential::token("token"));
    for builder in [builder().application("a\r\nX-Evil: 1"), builder().application("Büro"), builder().locale("de\n")] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(source(&error).contains("must be ASCII on one line"), "{error:?}");
    }
}

#[test]
fn cloned_credential_is_the_same_credential() {
    let credential = Credential::token("the-token");
    for credential in [credential.clone(), credential] {
        let transport = Arc::new(UnlimitedTransport::default());
        Client::builder(Arc::clone(&transport), credential).build().unwrap().page(ListCustomers::new()).unwrap();
        assert_eq!(transport.header("authorization"), "Bearer the-token");
    }
}

#[test]
fn response_beyond_the_limit_of_its_transport_is_rejected() {
    let transport = Arc::new(UnlimitedTransport::default());
    let client =
        Client::builder(Arc::clone(&transport), Credential::token("token")).max_response_size(5).build().unwrap();
    let error = client.page(ListCustomers::new()).unwrap_err();
    assert_eq!((error.kind(), source(&error)), (ErrorKind::Decode, TransportError::too_large().to_string()));
    assert_eq!(transport.requests.lock().unwrap().len(), 1, "a retry would be as large");
}

#[test]
fn request_after_the_deadline_is_not_sent() {
    let transport = Arc::new(UnlimitedTransport::default());
    let client = Client::builder(Arc::clone(&transport), Credential::token("token")).build().unwrap();
    let error = client.with_deadline(Instant::now()).page(ListCustomers::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(transport.requests.lock().unwrap().is_empty());
}

/// An operation that declares a single response, but resumes a list.
struct ResumedList(ContinuationToken);

impl Operation for ResumedList {
    type Response = CustomerCollection;
    const ID: &'static str = "resumed";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/v1/customers";
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        Parameters::new().resume(Some(&self.0)).check()
    }
}

impl SingleResponse for ResumedList {}

#[test]
fn resumed_list_is_not_a_single_call() {
    let continuation: ContinuationToken = serde_json::from_str(r#"{"token": "t1"}"#).unwrap();
    let client = Client::builder(UnlimitedTransport::default(), Credential::token("token")).build().unwrap();
    let error = client.call(ResumedList(continuation)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(source(&error).contains("perform it with `pages` or `items`"), "{error:?}");
}

#[test]
fn continuation_without_a_link_or_token_is_invalid() {
    for text in ["{}", r#"{"link": null, "token": null}"#, r#"{"token": 7}"#] {
        assert!(serde_json::from_str::<ContinuationToken>(text).is_err(), "{text}");
    }
}
