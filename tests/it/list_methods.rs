//! `call`, `page`, `count` and `try_collect`: none of them returns one page in place of the complete list.

use partner_center::{
    models::CustomerCollection,
    operations::{InvalidParameter, Method, NoContent, Operation, Parameters},
    *,
};
use partner_center_emulator::Emulator;
use partner_center_tests::{MockResponse, Server, block_on, judged_emulator, page, response};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{collections::BTreeSet, error::Error as _, marker::PhantomData};
use uuid::Uuid;

/// A custom operation that declares a single response.
struct GetThings<T>(PhantomData<fn() -> T>);

impl<T: DeserializeOwned + Send + 'static> Operation for GetThings<T> {
    type Response = T;
    const ID: &'static str = "getThings";
    const METHOD: Method = Method::Get;
    const PATH: &'static str = "/v1/things";
    fn parameters(&self) -> Result<Parameters, InvalidParameter> {
        Parameters::new().check()
    }
}

impl<T: DeserializeOwned + Send + 'static> SingleResponse for GetThings<T> {}

/// A custom type without links.
#[derive(Deserialize)]
struct Things {
    #[serde(rename = "items")]
    _items: Vec<Value>,
}

fn client<X: Transport>(transport: X, url: &str) -> Client<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url).build().unwrap()
}

/// Calls an operation over both HTTP clients. Returns "done", or the error with its source.
fn call<O: SingleResponse>(response: &MockResponse, operation: fn() -> O) -> String {
    fn over<X: Transport, O: SingleResponse>(transport: X, response: &MockResponse, operation: O) -> String {
        let server = Server::start();
        server.script([response.clone().into()]);
        match block_on::<X::Mode, _>(client(transport, &server.url()).call(operation)) {
            Ok(_) => "done".to_owned(),
            Err(error) => {
                assert_eq!(error.attempts(), 1, "a retry would be as incomplete");
                format!("{:?} ({}): {}", error.kind(), error.operation(), error.source().unwrap())
            }
        }
    }
    let blocking = over(Ureq::new().unwrap(), response, operation());
    assert_eq!(blocking, over(Reqwest::new().unwrap(), response, operation()));
    blocking
}

fn things<T: DeserializeOwned + Send + 'static>() -> GetThings<T> {
    GetThings(PhantomData)
}

#[test]
fn unpaged_response_with_a_next_page_is_an_error() {
    let by_link = page(["a"]).next("/v1/things?x=1", "t1");
    let by_token = page(["a"]).token("t1");
    let in_utf16 = by_token.clone().encode(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    let after_lone_surrogate = response(200, r#"{"\ud83e": 1, "items": [], "continuationToken": "t1"}"#);
    let escaped = response(200, r#"{"items": [], "c\u006fntinuationToken": "t1"}"#);
    for (response, field) in [
        (&by_link, "links.next"),
        (&by_token, "continuationToken"),
        (&in_utf16, "continuationToken"),
        (&after_lone_surrogate, "continuationToken"),
        (&escaped, "continuationToken"),
    ] {
        for message in [
            call(response, things::<CustomerCollection>),
            call(response, things::<Things>),
            call(response, things::<Value>),
            call(response, || things::<CustomerCollection>().with_response_type::<Things>()),
        ] {
            let expected = format!(
                "Paging (getThings): `getThings` is not a paginated operation, but its response has a next page (`{field}`): "
            );
            assert!(message.starts_with(&expected), "{message}");
        }
        // A response that is ignored cannot be incomplete.
        assert_eq!(call(response, things::<NoContent>), "done");
    }
    let customer = response(200, json!({"id": Uuid::nil(), "continuationToken": "t1"}).to_string());
    let message = call(&customer, || GetCustomer::new(Uuid::nil()));
    assert!(message.starts_with("Paging (getCustomer): `getCustomer` is not a paginated operation"), "{message}");
}

#[test]
fn unpaged_response_without_a_next_page_is_complete() {
    let link = json!({"uri": "/v1/things?x=1", "method": "GET", "headers": []});
    for body in [
        json!({"items": [], "links": {"self": link}, "continuationToken": null}),
        json!({"items": [], "links": {"self": link, "next": null}}),
        json!({"items": [{"links": {"next": link}, "continuationToken": "t1"}]}),
    ] {
        let response = response(200, body.to_string());
        assert_eq!(call(&response, things::<CustomerCollection>), "done", "{body}");
        assert_eq!(call(&response, things::<Things>), "done", "{body}");
        assert_eq!(call(&response, things::<Value>), "done", "{body}");
    }
    // A list that is not in an object cannot have a next-page link.
    let bare = response(200, json!([{"links": {"next": link}, "continuationToken": "t1"}]).to_string());
    assert_eq!(call(&bare, things::<Vec<Customer>>), "done");
    let linked = response(200, json!({"id": Uuid::nil(), "links": {"self": link}}).to_string());
    assert_eq!(call(&linked, || GetCustomer::new(Uuid::nil())), "done");
}

#[test]
fn page_is_one_page_of_the_list() {
    fn test<X: Transport>(transport: X) {
        let server = judged_emulator().customers(1200).build().serve("127.0.0.1:0").unwrap();
        let client = client(transport, &server.url());
        let page = |operation| block_on::<X::Mode, _>(client.page(operation));
        let (mut operation, mut sizes) = (ListCustomers::new(), Vec::new());
        loop {
            let page = page(operation).unwrap();
            sizes.push(page.items.len());
            let Some(next) = ListCustomers::continuation(&page).unwrap() else { break };
            operation = ListCustomers::resume(next);
        }
        assert_eq!(sizes, [500, 500, 200]);
        let custom =
            block_on::<X::Mode, _>(client.page(ListCustomers::new().size(7).with_item_type::<Value>())).unwrap();
        assert_eq!((custom.items.len(), custom.total_count), (7, Some(7)));
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

#[test]
fn page_of_an_empty_list_is_empty() {
    fn test<X: Transport>(transport: X) {
        let server = Server::start();
        let client = client(transport, &server.url());
        let page = |operation| block_on::<X::Mode, _>(client.page(operation));
        server.script([response(204, "").into(), response(204, "").into(), response(403, "").into()]);
        assert!(page(ListCustomers::new()).unwrap().items.is_empty());
        // To a resumed list, 204 may mean that the continuation is no longer valid.
        let next: ContinuationToken = serde_json::from_str(r#"{"token": "t1"}"#).unwrap();
        assert_eq!(page(ListCustomers::resume(next)).unwrap_err().kind(), ErrorKind::Decode);
        let error = page(ListCustomers::new()).unwrap_err();
        assert_eq!((error.kind(), error.page()), (ErrorKind::Service, Some(1)));
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

#[test]
fn count_and_collection_are_complete_or_an_error() {
    fn test<X: Transport>(transport: fn() -> X) {
        let emulator = judged_emulator().customers(1200).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let customers = |token: &str| {
            let client = Client::builder(transport(), Credential::token(token)).base_url(server.url()).build().unwrap();
            client.items(ListCustomers::new())
        };
        assert_eq!(block_on::<X::Mode, _>(customers(Emulator::TOKEN).count()).unwrap(), 1200);
        assert_eq!(block_on::<X::Mode, _>(customers(Emulator::TOKEN).prefetch().count()).unwrap(), 1200);
        let all: Vec<_> = block_on::<X::Mode, _>(customers(Emulator::TOKEN).try_collect()).unwrap();
        assert_eq!(all.len(), 1200);
        let ids: BTreeSet<_> = all.into_iter().filter_map(|customer| customer.id).collect();
        assert_eq!(ids.len(), 1200);

        let is_unauthorized = |error: Error| error.is_unauthorized();
        assert!(block_on::<X::Mode, _>(customers("wrong").count()).is_err_and(is_unauthorized));
        assert!(block_on::<X::Mode, _>(customers("wrong").try_collect::<Vec<_>>()).is_err_and(is_unauthorized));
    }
    test(|| Ureq::new().unwrap());
    test(|| Reqwest::new().unwrap());
}

#[test]
fn count_and_collection_stop_at_a_page_that_fails() {
    fn test<X: Transport>(transport: X) {
        let server = Server::start();
        let client = client(transport, &server.url());
        let list = || {
            let first = page(["a", "b"]).next("/v1/customers?x=1", "t1");
            server.script([first.into(), response(403, "").into()]);
            client.items(ListCustomers::new())
        };
        let error = block_on::<X::Mode, _>(list().count()).unwrap_err();
        assert_eq!((error.kind(), error.page()), (ErrorKind::Service, Some(2)));
        let error = block_on::<X::Mode, _>(list().try_collect::<Vec<_>>()).unwrap_err();
        assert_eq!((error.kind(), error.page()), (ErrorKind::Service, Some(2)));
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

/// Starts a server with three customers on two pages.
fn server_with_three_customers() -> Server {
    let server = Server::start();
    server.script([page(["a", "b"]).next("/v1/customers?x=1", "t1").into(), page(["c"]).into()]);
    server
}

fn names(customers: &[Customer]) -> Vec<&str> {
    customers.iter().map(|customer| customer.company_name().unwrap()).collect()
}

#[tokio::test]
async fn count_and_collection_start_at_the_next_item() {
    let server = server_with_three_customers();
    let mut items = client(Ureq::new().unwrap(), &server.url()).items(ListCustomers::new());
    items.next().unwrap().unwrap();
    let remaining: Vec<_> = items.try_collect().unwrap();
    assert_eq!(names(&remaining), ["b", "c"]);

    let server = server_with_three_customers();
    let mut items = client(Reqwest::new().unwrap(), &server.url()).items(ListCustomers::new());
    items.next().await.unwrap().unwrap();
    let remaining: Vec<_> = items.try_collect().await.unwrap();
    assert_eq!(names(&remaining), ["b", "c"]);
}

/// The stream traits have methods with these names. A program that imports the traits still gets the methods of the client.
#[tokio::test]
async fn count_takes_precedence_over_stream_traits() {
    use futures_util::{StreamExt, TryStreamExt};
    let server = server_with_three_customers();
    let items = client(Reqwest::new().unwrap(), &server.url()).items(ListCustomers::new());
    let count: Result<usize, Error> = items.count().await;
    assert_eq!(count.unwrap(), 3);
    // After an adapter, they are the methods of the stream.
    let server = server_with_three_customers();
    let items = client(Reqwest::new().unwrap(), &server.url()).items(ListCustomers::new());
    let all: Vec<_> = items.map_ok(|customer| customer).try_collect().await.unwrap();
    assert_eq!(names(&all), ["a", "b", "c"]);
    let server = server_with_three_customers();
    let items = client(Reqwest::new().unwrap(), &server.url()).items(ListCustomers::new());
    assert_eq!(items.map(|customer| customer).count().await, 3);
}
