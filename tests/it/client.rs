//! What a client is set to, and what it does not let its transport get away with.

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

/// Answers each request with an empty page, whatever its limits, and keeps it.
#[derive(Default)]
struct Heedless {
    requests: Mutex<Vec<Request>>,
}

impl Heedless {
    fn header(&self, name: &str) -> String {
        self.requests.lock().unwrap().last().unwrap().headers()[name].to_str().unwrap().to_owned()
    }
}

impl Transport for Heedless {
    type Mode = Blocking;

    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.requests.lock().unwrap().push(request);
        Ok(http::Response::new(page([]).body().to_vec().into()))
    }

    fn sleep(&self, _: Duration) {}
}

fn cause(error: &Error) -> String {
    error.source().unwrap().to_string()
}

#[test]
fn what_a_client_is_set_to_is_sent() {
    // A transport that is shared is one, too.
    let transport = Arc::new(Heedless::default());
    let client = Client::builder(Arc::clone(&transport), Credential::token("token"));
    let client = client.application("billing").locale("de-DE").build().unwrap();
    client.page(ListCustomers::new()).unwrap();
    assert_eq!(transport.header("ms-partnercenter-application"), "billing");
    assert_eq!(transport.header("x-locale"), "de-DE");
    assert_eq!(transport.header("ms-correlationid"), client.correlation_id().to_string());

    let of_another = client.with_correlation_id(Uuid::from_u128(7));
    of_another.page(ListCustomers::new()).unwrap();
    assert_eq!(transport.header("ms-correlationid"), "00000000-0000-0000-0000-000000000007");
    client.page(ListCustomers::new()).unwrap();
    assert_eq!(transport.header("ms-correlationid"), client.correlation_id().to_string());
}

#[test]
fn a_setting_that_cannot_be_a_header_makes_no_client() {
    let builder = || Client::builder(Heedless::default(), Credential::token("token"));
    for builder in [builder().application("a\r\nX-Evil: 1"), builder().application("Büro"), builder().locale("de\n")] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(cause(&error).contains("must be ASCII on one line"), "{error:?}");
    }
}

#[test]
fn clones_of_a_credential_are_that_credential() {
    let credential = Credential::token("the-token");
    for credential in [credential.clone(), credential] {
        let transport = Arc::new(Heedless::default());
        Client::builder(Arc::clone(&transport), credential).build().unwrap().page(ListCustomers::new()).unwrap();
        assert_eq!(transport.header("authorization"), "Bearer the-token");
    }
}

#[test]
fn an_answer_beyond_the_limit_is_refused_when_its_transport_let_it_pass() {
    let transport = Arc::new(Heedless::default());
    let client =
        Client::builder(Arc::clone(&transport), Credential::token("token")).max_response_size(5).build().unwrap();
    let error = client.page(ListCustomers::new()).unwrap_err();
    assert_eq!((error.kind(), cause(&error)), (ErrorKind::Decode, TransportError::too_large().to_string()));
    assert_eq!(transport.requests.lock().unwrap().len(), 1, "it would be as long the next time");
}

#[test]
fn nothing_is_asked_when_the_time_is_over() {
    let transport = Arc::new(Heedless::default());
    let client = Client::builder(Arc::clone(&transport), Credential::token("token")).build().unwrap();
    let error = client.with_deadline(Instant::now()).page(ListCustomers::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(transport.requests.lock().unwrap().is_empty());
}

/// An operation that claims to have one response, and yet resumes a list.
struct Resumed(ContinuationToken);

impl Operation for Resumed {
    type Response = CustomerCollection;
    const ID: &'static str = "resumed";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/v1/customers";
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        Parameters::new().resume(Some(&self.0)).check()
    }
}

impl SingleResponse for Resumed {}

#[test]
fn a_listing_that_is_resumed_is_not_one_call() {
    let continuation: ContinuationToken = serde_json::from_str(r#"{"token": "t1"}"#).unwrap();
    let client = Client::builder(Heedless::default(), Credential::token("token")).build().unwrap();
    let error = client.call(Resumed(continuation)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(cause(&error).contains("perform it with `pages` or `items`"), "{error:?}");
}

#[test]
fn what_leads_nowhere_is_no_continuation() {
    for text in ["{}", r#"{"link": null, "token": null}"#, r#"{"token": 7}"#] {
        assert!(serde_json::from_str::<ContinuationToken>(text).is_err(), "{text}");
    }
}
