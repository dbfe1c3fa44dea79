//! What the client sends for each documented request is that request.

use http::Method;
use partner_center::{
    transport::{Async, Blocking, Mode, Output, Request, Response, TransportError},
    *,
};
use partner_center_tests::{Script, finish, page};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use uuid::Uuid;

/// A request as the documentation prints it.
struct Documented {
    method: Method,
    uri: String,
    headers: BTreeMap<String, String>,
}

impl Documented {
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

/// A transport that keeps what it is given, and answers with an empty page.
struct Keep<M> {
    kept: Arc<Mutex<Vec<Request>>>,
    script: Script<M>,
}

impl<M: Mode> Transport for Keep<M> {
    type Mode = M;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        self.kept.lock().unwrap().push(request.clone());
        self.script.send(request)
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        self.script.sleep(delay)
    }
}

/// How a client is used for a request, whatever comes of it.
type Use<M> = fn(&Client<Keep<M>>);

/// What a client in mode `M` sends when it is used as the document does, with the ids that it shows.
fn sent<M: Mode>(documented: &Documented, use_it: Use<M>) -> Request {
    let kept = Arc::default();
    let transport = Keep::<M> { kept: Arc::clone(&kept), script: Script::new([page([]).into()]) };
    let mut builder = Client::builder(transport, Credential::token("token"))
        .correlation_id(documented.headers["ms-correlationid"].parse().unwrap());
    if let Some(locale) = documented.headers.get("x-locale") {
        builder = builder.locale(locale);
    }
    use_it(&builder.build().unwrap());
    kept.lock().unwrap().pop().unwrap()
}

fn check(document: &str, text: &str, blocking: Use<Blocking>, asynchronous: Use<Async>) {
    let documented = Documented::parse(text);
    let blocking = sent(&documented, blocking);
    let asynchronous = sent(&documented, asynchronous);
    for request in [&blocking, &asynchronous] {
        assert_eq!(request.method(), documented.method);
        assert_eq!(request.uri().to_string(), documented.uri);
        assert_eq!(request.body().len(), 0);
        for (name, value) in &documented.headers {
            let sent = request.headers().get(name).unwrap_or_else(|| panic!("{name} is not sent")).to_str().unwrap();
            match name.as_str() {
                "authorization" => assert_eq!(sent, "Bearer token"),
                // A new one for each call.
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
    insta::assert_snapshot!(document, text);
}

macro_rules! document {
    ($test:ident, $file:literal, $perform:ident($operation:expr)) => {
        #[test]
        fn $test() {
            fn use_it<M: Mode>(client: &Client<Keep<M>>) {
                finish::<M, _>(client.$perform($operation)).ok();
            }
            check(
                stringify!($test),
                include_str!(concat!("../../spec/examples/", $file)),
                use_it::<Blocking>,
                use_it::<Async>,
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

/// The document prints the same request decoded as well.
#[test]
fn the_decoded_example_is_the_encoded_one() {
    let decoded = include_str!("../../spec/examples/get-customers-of-an-indirect-reseller.decoded.request.http");
    let filter = decoded.lines().next().unwrap().split_once("filter=").unwrap().1.trim_end_matches(" HTTP/1.1");
    let ours = CustomerFilter::indirect_reseller("484e548c-f5f3-4528-93a9-c16c6373cb59".parse().unwrap());
    assert_eq!(serde_json::to_string(&ours).unwrap(), filter);
}

/// Whatever is refused is refused before anything is sent.
#[test]
fn invalid_arguments_are_not_sent() {
    for size in [i32::MIN, -1, 0, 501, i32::MAX] {
        let client = Client::builder(Script::<Blocking>::new([]), Credential::token("token")).build().unwrap();
        let error = client.page(ListCustomers::new().size(size)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert_eq!(error.attempts(), 0);
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(source, format!("`size` must be 1 to 500, not {size}"));
        let error = client.items(ListCustomers::new().size(size)).next().unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
    }
}
