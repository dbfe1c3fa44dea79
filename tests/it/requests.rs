//! Documented requests: the client sends each of them as documented.

use http::Method;
use partner_center::{
    transport::{Async, Blocking, Mode, Output, Request, Response, TransportError},
    *,
};
use partner_center_tests::{ScriptedTransport, block_on, page};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

/// A request in the documentation.
struct DocumentedRequest {
    method: Method,
    uri: String,
    headers: BTreeMap<String, String>,
}

impl DocumentedRequest {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let mut request_line = lines.next().unwrap().splitn(3, ' ');
        let (method, uri, version) =
            (request_line.next().unwrap(), request_line.next().unwrap(), request_line.next().unwrap());
        assert_eq!(version, "HTTP/1.1");
        let headers = lines.take_while(|line| !line.is_empty()).map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self { method: method.parse().unwrap(), uri: uri.to_owned(), headers: headers.collect() }
    }
}

/// A transport that keeps the requests and returns an empty page.
struct RequestLog<M> {
    requests: Arc<Mutex<Vec<Request>>>,
    transport: ScriptedTransport<M>,
}

impl<M: Mode> Transport for RequestLog<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        self.requests.lock().unwrap().push(request.clone());
        self.transport.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.transport.sleep(delay)
    }
}

/// A call of a client, whatever its outcome.
type Call<M> = fn(&Client<RequestLog<M>>);

/// Returns the request of a call in mode `M` by a client with the IDs of the documented request.
fn request_of<M: Mode>(documented: &DocumentedRequest, call: Call<M>) -> Request {
    let requests = Arc::default();
    let transport =
        RequestLog::<M> { requests: Arc::clone(&requests), transport: ScriptedTransport::new([page([]).into()]) };
    let mut builder = Client::builder(transport, Credential::token("token"))
        .correlation_id(documented.headers["ms-correlationid"].parse().unwrap());
    if let Some(locale) = documented.headers.get("x-locale") {
        builder = builder.locale(locale);
    }
    call(&builder.build().unwrap());
    requests.lock().unwrap().pop().unwrap()
}

fn assert_sent_as_documented(name: &str, text: &str, blocking: Call<Blocking>, asynchronous: Call<Async>) {
    let documented = DocumentedRequest::parse(text);
    let blocking = request_of(&documented, blocking);
    let asynchronous = request_of(&documented, asynchronous);
    for request in [&blocking, &asynchronous] {
        assert_eq!(request.method(), documented.method);
        assert_eq!(request.uri().to_string(), documented.uri);
        assert_eq!(request.body().len(), 0);
        for (name, value) in &documented.headers {
            let sent = request.headers().get(name).unwrap_or_else(|| panic!("{name} is not sent")).to_str().unwrap();
            match name.as_str() {
                "authorization" => assert_eq!(sent, "Bearer token"),
                // Each call has a new one.
                "ms-requestid" => assert!(sent.parse::<Uuid>().is_ok()),
                _ => assert_eq!(sent, value, "{name}"),
            }
        }
    }
    let mut headers: Vec<_> = blocking
        .headers()
        .iter()
        .map(|(name, value)| match name.as_str() {
            "ms-requestid" => format!("{name}: [new]"),
            _ => format!("{name}: {}", value.to_str().unwrap()),
        })
        .collect();
    headers.sort();
    let text = format!("{} {}\n{}", blocking.method(), blocking.uri(), headers.join("\n"));
    insta::assert_snapshot!(name, text);
}

macro_rules! document {
    ($test:ident, $file:literal, $method:ident($operation:expr)) => {
        #[test]
        fn $test() {
            fn call<M: Mode>(client: &Client<RequestLog<M>>) {
                block_on::<M, _>(client.$method($operation)).ok();
            }
            assert_sent_as_documented(
                stringify!($test),
                include_str!(concat!("../../spec/examples/", $file)),
                call::<Blocking>,
                call::<Async>,
            );
        }
    };
}

document!(get_a_list_of_customers, "get-a-list-of-customers.request.http", page(ListCustomers::new().size(40)));
document!(
    get_a_list_of_customers_2018,
    "get-a-list-of-customers-2018.request.http",
    page(ListCustomers::new().size(40))
);
document!(
    get_a_customer_by_id,
    "get-a-customer-by-id.request.http",
    call(GetCustomer::new("aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap()))
);
document!(
    get_customers_of_an_indirect_reseller,
    "get-customers-of-an-indirect-reseller.request.http",
    page(
        ListCustomers::new()
            .filter(CustomerFilter::indirect_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59".parse().unwrap()))
    )
);

/// The documentation shows the same request with a decoded filter as well.
#[test]
fn decoded_filter_matches_the_documentation() {
    let decoded = include_str!("../../spec/examples/get-customers-of-an-indirect-reseller.decoded.request.http");
    let filter = decoded.lines().next().unwrap().split_once("filter=").unwrap().1.trim_end_matches(" HTTP/1.1");
    let encoded = CustomerFilter::indirect_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59".parse().unwrap());
    assert_eq!(serde_json::to_string(&encoded).unwrap(), filter);
}

#[test]
fn invalid_arguments_are_not_sent() {
    for size in [i32::MIN, -1, 0, 501, i32::MAX] {
        let client =
            Client::builder(ScriptedTransport::<Blocking>::new([]), Credential::token("token")).build().unwrap();
        let error = client.page(ListCustomers::new().size(size)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert_eq!(error.attempts(), 0);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, format!("`size` must be 1 to 500, not {size}"));
        let error = client.items(ListCustomers::new().size(size)).next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}
