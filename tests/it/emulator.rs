//! The main job, on documented input: served over real HTTP by the emulator, and read through every transport.

use partner_center::{
    transport::{Async, Blocking, Mode},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::finish;
use serde_json::Value;
use std::collections::HashSet;
use uuid::Uuid;

fn documented(name: &str) -> Value {
    let path = format!("{}/../spec/examples/{name}.response.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs `test` over every transport there is: in memory in both modes, and over sockets through both HTTP clients.
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

/// The pages of a list, each as the service wrote it.
fn pages<X: Transport>(client: &Client<X>, operation: &ListCustomers) -> Vec<Value> {
    let mut pages = client.pages(operation.clone());
    finish::<X::Mode, _>(X::Mode::block_or_box(async move {
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
fn the_documented_customers_are_listed() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new().size(40))
    }
    let pages = over_every_transport!(Emulator::builder().customers(15).build(), test);
    let listed = customers(&pages);
    for document in ["get-a-list-of-customers", "get-customers-of-an-indirect-reseller"] {
        for customer in documented(document)["items"].as_array().unwrap() {
            assert!(listed.contains(&customer), "{customer}");
        }
    }
}

#[test]
fn the_customers_of_the_documented_reseller_are_those_of_the_document() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Value> {
        let reseller = "484e548c-f5f3-4528-93a9-c16c6373cb59".parse().unwrap();
        pages(client, &ListCustomers::new().filter(CustomerFilter::indirect_reseller(reseller)))
    }
    // Under this seed, none of the ten customers before them came through that reseller.
    let pages = over_every_transport!(Emulator::builder().customers(15).seed(7).build(), test);
    let document = documented("get-customers-of-an-indirect-reseller");
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0]["items"], document["items"]);
    assert_eq!(pages[0]["totalCount"], document["totalCount"]);
}

#[test]
fn the_documented_customer_is_got_by_id() {
    fn test<X: Transport>(client: &Client<X>) -> Value {
        let id = "aaaabbbb-0000-cccc-1111-dddd2222eeee".parse().unwrap();
        serde_json::to_value(finish::<X::Mode, _>(client.call(GetCustomer::new(id))).unwrap()).unwrap()
    }
    let customer = over_every_transport!(Emulator::builder().build(), test);
    assert_eq!(customer, documented("get-a-customer-by-id"));
}

#[test]
fn a_long_list_is_whole_whatever_the_size_of_its_pages() {
    fn at_default<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new())
    }
    fn at_500<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new().size(500))
    }
    fn at_499<X: Transport>(client: &Client<X>) -> Vec<Value> {
        pages(client, &ListCustomers::new().size(499))
    }
    let emulator = || Emulator::builder().customers(2500).build();
    let whole = over_every_transport!(emulator(), at_default);
    assert_eq!(whole.len(), 5);
    let ids: HashSet<_> =
        customers(&whole).iter().map(|customer| customer["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 2500);
    for pages in [over_every_transport!(emulator(), at_500), over_every_transport!(emulator(), at_499)] {
        assert_eq!(customers(&pages), customers(&whole));
    }
}

#[test]
fn each_filter_finds_what_it_says() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Vec<Value>> {
        [
            CustomerFilter::company_name("fourth"),
            CustomerFilter::domain("ABCDEFGH"),
            CustomerFilter::company_name("no one"),
        ]
        .map(|filter| pages(client, &ListCustomers::new().size(7).filter(filter)))
        .into()
    }
    let found = over_every_transport!(Emulator::builder().customers(15).build(), test);
    let names: Vec<Vec<_>> = found
        .iter()
        .map(|pages| {
            customers(pages).iter().map(|customer| customer["companyProfile"]["companyName"].clone()).collect()
        })
        .collect();
    assert_eq!(names, [vec![Value::from("FourthCoffee137")], vec![Value::from("1kl as kjk")], vec![]]);
}

/// Where a listing stopped it can go on, in another process: the continuation is saved as JSON.
#[test]
fn a_list_is_resumed_where_it_stopped() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<Value> {
        let operation = ListCustomers::new().size(40);
        let mut listing = client.pages(operation.clone());
        let first = finish::<X::Mode, _>(listing.next_page()).unwrap().unwrap();
        let saved = serde_json::to_string(&ListCustomers::continuation(&first).unwrap().unwrap()).unwrap();
        let resumed = ListCustomers::resume(serde_json::from_str(&saved).unwrap());
        let mut all = vec![serde_json::to_value(first).unwrap()];
        all.extend(pages(client, &resumed));
        assert_eq!(all, pages(client, &operation));
        all
    }
    let whole = over_every_transport!(Emulator::builder().customers(100).build(), test);
    assert_eq!(customers(&whole).len(), 100);
}

#[test]
fn refusals_are_told_as_the_service_tells_them() {
    fn test<X: Transport>(client: &Client<X>) -> Vec<String> {
        let unknown = finish::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Service);
        assert_eq!(unknown.attempts(), 1);
        let api = unknown.service_error().unwrap();
        assert_eq!(api.correlation_id, unknown.correlation_id().map(|id| id.to_string()));
        vec![api.to_string()]
    }
    let told = over_every_transport!(Emulator::builder().build(), test);
    insta::assert_debug_snapshot!(told);
}

/// The ids of both sides are in every error: ours, and the service's where it has others.
#[test]
fn errors_hold_the_ids_of_both_sides() {
    let script = partner_center_tests::Script::<Blocking>::new([partner_center_tests::answer(500, "")
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

/// A client that may send only so many requests in a minute waits before it sends more.
#[test]
fn requests_can_be_spread_over_time() {
    let (transport, log) =
        partner_center_tests::Recorder::new(Emulator::builder().customers(3).build().transport::<Blocking>());
    let client = Client::builder(transport, Credential::token(Emulator::TOKEN)).requests_per_minute(60);
    let client = client.base_url("http://127.0.0.1").build().unwrap();
    assert_eq!(client.items(ListCustomers::new().size(1)).count().unwrap(), 3);
    let trace = log.trace("http://127.0.0.1");
    // The first goes at once; how long the others wait is tested where no clock runs.
    assert_eq!(trace.lines().filter(|line| line.starts_with("  sleep ")).count(), 2, "{trace}");

    let late = client.with_deadline(std::time::Instant::now() + std::time::Duration::from_secs(1));
    assert_eq!(late.call(GetCustomer::new(Uuid::nil())).unwrap_err().kind(), ErrorKind::Timeout);
}

#[test]
fn another_token_is_refused() {
    let emulator = Emulator::builder().build();
    let client = Client::builder(emulator.transport::<Blocking>(), Credential::token("another")).build().unwrap();
    let error = client.items(ListCustomers::new()).next().unwrap().unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(error.page(), Some(1));
}

/// The same names and the same code as in the blocking mode, and what streams can do besides.
#[tokio::test]
async fn lists_are_streams_in_async_mode() {
    use futures_util::{StreamExt, TryStreamExt};
    let server = Emulator::builder().customers(100).build().serve("127.0.0.1:0").unwrap();
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
