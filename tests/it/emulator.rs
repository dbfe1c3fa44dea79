//! Lists and customers from the emulator, with documented values, over every transport.

use partner_center::{
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{block_on, judged_emulator};
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

fn documented(name: &str) -> Value {
    let path = format!("{}/../spec/examples/{name}.response.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs `test` over every transport, in memory in both modes and over sockets with both HTTP clients, and returns its value,
/// which is the same for all.
macro_rules! over_every_transport {
    ($emulator:expr, $test:ident) => {{
        let emulator: Emulator = $emulator;
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let blocking = $test(&client(emulator.transport::<Blocking>(), &server.url()));
        let asynchronous = $test(&client(emulator.transport::<Async>(), &server.url()));
        let ureq = $test(&client(Ureq::new().unwrap(), &server.url()));
        let reqwest = $test(&client(Reqwest::new().unwrap(), &server.url()));
        assert_eq!(blocking, asynchronous);
        assert_eq!(blocking, ureq);
        assert_eq!(blocking, reqwest);
        blocking
    }};
}

fn client<X: Transport>(transport: X, url: &str) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

/// Returns the pages of a list as JSON.
fn pages<X: Transport>(client: &Client<X>, operation: &ListCustomers) -> Vec<Value> {
    let mut pages = client.pages(operation.clone());
    block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut all = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            all.push(serde_json::to_value(page.unwrap()).unwrap());
        }
        all
    }))
}

fn customers(pages: &[Value]) -> Vec<&Value> {
    pages.iter().flat_map(|page| page["items"].as_array().unwrap()).collect()
}

#[test]
fn documented_customers_are_listed() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new().size(40))
    }
    let pages = over_every_transport!(judged_emulator().customers(30).build(), test);
    let listed = customers(&pages);
    for document in ["get-a-list-of-customers", "get-customers-of-an-indirect-reseller"] {
        for customer in documented(document)["items"].as_array().unwrap() {
            assert!(listed.contains(&customer), "{customer}");
        }
    }
}

#[test]
fn documented_reseller_has_the_documented_customers() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Value> {
        let reseller = "484e548c-f5f3-4528-93a9-c16c6373cb59".parse().unwrap();
        pages(client, &ListCustomers::new().filter(CustomerFilter::indirect_reseller(reseller)))
    }
    // With this seed, none of the 25 customers before them belongs to that reseller.
    let pages = over_every_transport!(judged_emulator().customers(30).seed(7).build(), test);
    let document = documented("get-customers-of-an-indirect-reseller");
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0]["items"], document["items"]);
    assert_eq!(pages[0]["totalCount"], document["totalCount"]);
}

#[test]
fn documented_customer_is_returned_by_id() {
    fn test<X: Transport>(client: &Client<X>) -> Value {
        let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
        serde_json::to_value(block_on::<X::Mode, _>(client.call(GetCustomer::new(id))).unwrap()).unwrap()
    }
    let customer = over_every_transport!(judged_emulator().build(), test);
    assert_eq!(customer, documented("get-a-customer-by-id"));
}

#[test]
fn list_is_complete_for_every_page_size() {
    fn at_default<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new())
    }
    fn at_500<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new().size(500))
    }
    fn at_499<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new().size(499))
    }
    let emulator = || judged_emulator().customers(2500).build();
    let complete = over_every_transport!(emulator(), at_default);
    assert_eq!(complete.len(), 5);
    let ids: HashSet<_> =
        customers(&complete).iter().map(|customer| customer["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2500);
    for pages in [over_every_transport!(emulator(), at_500), over_every_transport!(emulator(), at_499)] {
        assert_eq!(customers(&pages), customers(&complete));
    }
}

#[test]
fn filters_select_customers() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Vec<Value>> {
        [
            CustomerFilter::company_name("fourth"),
            CustomerFilter::domain("ABCDEFGH"),
            CustomerFilter::company_name("no one"),
        ]
        .map(|filter| pages(client, &ListCustomers::new().size(7).filter(filter)))
        .into()
    }
    let found = over_every_transport!(judged_emulator().customers(30).build(), test);
    let names: Vec<Vec<_>> = found
        .iter()
        .map(|pages| {
            customers(pages).iter().map(|customer| customer["companyProfile"]["companyName"].clone()).collect()
        })
        .collect();
    assert_eq!(names, [vec![Value::from("FourthCoffee137")], vec![Value::from("1kl as kjk")], vec![]]);
}

/// The continuation is saved as JSON, so that another process can resume the list.
#[test]
fn list_is_resumed_from_a_saved_continuation() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Value> {
        let operation = ListCustomers::new().size(40);
        let mut list = client.pages(operation.clone());
        let first = block_on::<X::Mode, _>(list.next_page()).unwrap().unwrap();
        let saved = serde_json::to_string(&ListCustomers::continuation(&first).unwrap().unwrap()).unwrap();
        let resumed = ListCustomers::resume(serde_json::from_str(&saved).unwrap());
        let mut all = vec![serde_json::to_value(first).unwrap()];
        all.extend(pages(client, &resumed));
        assert_eq!(all, pages(client, &operation));
        all
    }
    let complete = over_every_transport!(judged_emulator().customers(100).build(), test);
    assert_eq!(customers(&complete).len(), 100);
}

#[test]
fn error_response_is_reported_as_sent() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<String> {
        let error = block_on::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service);
        assert_eq!(error.attempts(), 1);
        let service_error = error.service_error().unwrap();
        assert_eq!(service_error.correlation_id, error.correlation_id().map(|id| id.to_string()));
        vec![service_error.to_string()]
    }
    let messages = over_every_transport!(judged_emulator().build(), test);
    insta::assert_debug_snapshot!(messages);
}

/// An error shows the IDs that the client sent, and those of the service where they differ.
#[test]
fn errors_contain_the_ids_of_both_sides() {
    let script = partner_center_tests::ScriptedTransport::<Blocking>::new([partner_center_tests::response(500, "")
        .with("MS-RequestId", "theirs")
        .with("MS-CorrelationId", "theirs, too")
        .into()]);
    let client = Client::builder(script, Credential::token("token")).retry(RetryPolicy::none()).build().unwrap();
    let error = client.call(GetCustomer::new(Uuid::nil())).unwrap_err();
    let (request, correlation) = (error.request_id().unwrap(), error.correlation_id().unwrap());
    let ids = format!(
        "[request id {request}, the service's request id theirs, correlation id {correlation}, \
         the service's correlation id theirs, too]"
    );
    assert!(error.to_string().ends_with(&ids), "{error}");
}

/// A client with a limit of requests per minute waits before it sends more.
#[test]
fn requests_per_minute_are_limited() {
    let (transport, recording) =
        partner_center_tests::RecordingTransport::new(judged_emulator().customers(3).build().transport::<Blocking>());
    let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).requests_per_minute(60);
    let client = client.base_url("http://127.0.0.1").build().unwrap();
    assert_eq!(client.items(ListCustomers::new().size(1)).count().unwrap(), 3);
    let text = recording.to_text("http://127.0.0.1");
    // The first one is sent immediately. The length of the waits is tested in the core crate, without a clock.
    assert_eq!(text.lines().filter(|line| line.starts_with("  sleep ")).count(), 2, "{text}");

    let late = client.with_deadline(std::time::Instant::now() + std::time::Duration::from_secs(1));
    assert_eq!(late.call(GetCustomer::new(Uuid::nil())).unwrap_err().kind(), ErrorKind::Timeout);
}

#[test]
fn unknown_token_is_rejected() {
    let emulator = judged_emulator().build();
    let client = Client::builder(emulator.transport::<Blocking>(), Credential::token("another")).build().unwrap();
    let error = client.items(ListCustomers::new()).next().unwrap().unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(error.page(), Some(1));
}

/// The code of the blocking mode works with `await` added, and lists are streams besides.
#[tokio::test]
async fn lists_are_streams_in_async_mode() {
    use futures_util::{StreamExt, TryStreamExt};
    let server = judged_emulator().customers(100).build().serve("127.0.0.1:0").unwrap();
    let client = client(Reqwest::new().unwrap(), &server.url());

    let mut items = client.items(ListCustomers::new().size(7));
    let mut count = 0;
    while let Some(customer) = items.next().await {
        customer.unwrap();
        count += 1;
    }
    assert_eq!(count, 100);

    let names: Vec<_> = client
        .items(ListCustomers::new().size(7))
        .map_ok(|customer| customer.company_name().map(str::to_owned))
        .take(8)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(names.len(), 8);

    let spawned = tokio::spawn(client.call(GetCustomer::new(Uuid::nil())));
    assert_eq!(spawned.await.unwrap().unwrap_err().status().unwrap(), 404);
}
