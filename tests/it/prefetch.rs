//! Prefetch: when the next page is requested, and what becomes of that request. That the outcome is the same as without
//! prefetch is tested by each row of `conversations`.

use partner_center::{transport::Mode, *};
use partner_center_emulator::Emulator;
use partner_center_tests::{Server, Step, block_on, judged_emulator, page, response};
use std::{
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

const PAUSE: Duration = Duration::from_millis(60);
/// The maximum wait for a request.
const MAX_WAIT: Duration = Duration::from_secs(30);

macro_rules! over_both_transports {
    ($test:ident) => {
        $test(|| Ureq::new().unwrap());
        $test(|| Reqwest::new().unwrap());
    };
}

fn client<X: Transport>(transport: X, url: &str) -> ClientBuilder<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url)
}

/// Returns the customers of a list, with a pause after each page that blocks the runtime.
fn list<X: Transport>(mut pages: Pages<X, ListCustomers>, pause: Duration) -> Vec<Option<Uuid>> {
    block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut customers = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            customers.extend(page.unwrap().items.into_iter().map(|customer| customer.id));
            thread::sleep(pause);
        }
        customers
    }))
}

#[test]
fn next_page_is_requested_while_the_program_has_a_page() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = judged_emulator().customers(80).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).build().unwrap();
        let pages = || client.pages(ListCustomers::new().size(10));
        let expected = list(pages(), Duration::ZERO);
        let sequential = emulator.requests().len();
        let mut prefetched = pages().prefetch();
        let requests = || emulator.requests().len() - sequential;
        let customers = block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
            let mut customers = Vec::new();
            for pages_read in 1..=sequential {
                customers.extend(X::Mode::into_future(prefetched.next_page()).await.unwrap().unwrap().items);
                // While the program has a page, the next one is requested.
                let start = Instant::now();
                while requests() < (pages_read + 1).min(sequential) {
                    assert!(start.elapsed() < MAX_WAIT, "{} requests for {pages_read} pages", requests());
                    thread::sleep(Duration::from_millis(1));
                }
            }
            assert!(X::Mode::into_future(prefetched.next_page()).await.is_none());
            customers
        }));
        assert_eq!(customers.into_iter().map(|customer| customer.id).collect::<Vec<_>>(), expected);
    }
    over_both_transports!(test);
}

#[test]
fn one_connection_is_reused() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let server = Server::start();
        let names: Vec<_> = (0..20).map(|number| format!("company {number}")).collect();
        let pages = names.iter().enumerate().map(|(number, name)| {
            let page = page([name.as_str()]);
            if number + 1 < names.len() { page.next("/v1/customers?x=1", &format!("t{number}")) } else { page }
        });
        server.script(pages.map(Step::from));
        let client = client(transport(), &server.url()).build().unwrap();
        assert_eq!(list(client.pages(ListCustomers::new()).prefetch(), Duration::from_millis(5)).len(), 20);
        assert_eq!(server.connections(), 1);
    }
    over_both_transports!(test);
}

/// At most one page is prefetched, and none after the list is dropped.
#[test]
fn at_most_one_page_is_prefetched() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = judged_emulator().customers(1000).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).build().unwrap();
        let mut pages = client.pages(ListCustomers::new().size(10)).prefetch();
        assert_eq!(emulator.requests().len(), 0);
        block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
            for pages_read in 1..=3 {
                X::Mode::into_future(pages.next_page()).await.unwrap().unwrap();
                thread::sleep(PAUSE);
                let requests = emulator.requests().len();
                assert!(
                    (pages_read..=pages_read + 1).contains(&requests),
                    "{requests} requests for {pages_read} pages"
                );
            }
            drop(pages);
            thread::sleep(PAUSE);
            assert!(emulator.requests().len() <= 4);
        }));
    }
    over_both_transports!(test);
}

/// A program that takes longer than the timeout for a page does not make the next request fail.
#[test]
fn page_that_waited_too_long_is_requested_again() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = judged_emulator().customers(30).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client =
            client(transport(), &server.url()).attempt_timeout(PAUSE * 10).retry(RetryPolicy::none()).build().unwrap();
        let pages = client.pages(ListCustomers::new().size(10)).prefetch();
        assert_eq!(list(pages, PAUSE * 12).len(), 30);
    }
    over_both_transports!(test);
}

/// A prefetch request counts as an attempt like any other, and is retried like any other.
#[test]
fn prefetch_request_that_fails_is_retried() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = judged_emulator().customers(30).fault("reset@2".parse().unwrap()).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let list_with = |retry: RetryPolicy| {
            let client = client(transport(), &server.url()).retry(retry).build().unwrap();
            let mut pages = client.pages(ListCustomers::new().size(10)).prefetch();
            block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
                let mut count = 0;
                while let Some(page) = X::Mode::into_future(pages.next_page()).await {
                    count += page?.items.len();
                }
                Ok::<_, Error>(count)
            }))
        };
        let error = list_with(RetryPolicy::none()).unwrap_err();
        assert_eq!((error.kind(), error.page(), error.attempts()), (ErrorKind::Transport, Some(2), 1));
        assert_eq!(list_with(RetryPolicy::default()).unwrap(), 30);
    }
    over_both_transports!(test);
}

#[test]
fn requests_per_minute_apply_to_prefetch() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = judged_emulator().customers(50).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).requests_per_minute(1000).build().unwrap();
        let start = Instant::now();
        assert_eq!(list(client.pages(ListCustomers::new().size(10)).prefetch(), Duration::ZERO).len(), 50);
        assert!(start.elapsed() >= Duration::from_millis(60 * 4), "{:?}", start.elapsed());
    }
    over_both_transports!(test);
}

/// A prefetch request that waits for its turn is not sent after the list is dropped.
#[test]
fn waiting_prefetch_request_is_cancelled_with_the_list() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = judged_emulator().customers(50).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).requests_per_minute(120).build().unwrap();
        let mut pages = client.pages(ListCustomers::new().size(10)).prefetch();
        block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
            X::Mode::into_future(pages.next_page()).await.unwrap().unwrap();
        }));
        thread::sleep(Duration::from_millis(700));
        assert_eq!(emulator.requests().len(), 1);
    }
    over_both_transports!(test);
}

/// A prefetch request may have consumed the token, so 400 with code 2000 to the next one is not the end of the list.
#[test]
fn prefetch_request_without_a_response_is_an_attempt() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let server = Server::start();
        server.script([
            page(["a"]).next("/v1/customers?x=1", "t1").into(),
            Step::Hang,
            response(400, r#"{"code":2000,"description":"Invalid continuation","data":[],"source":"PartnerFD"}"#)
                .into(),
        ]);
        let client =
            client(transport(), &server.url()).attempt_timeout(PAUSE * 10).retry(RetryPolicy::none()).build().unwrap();
        let mut pages = client.pages(ListCustomers::new()).prefetch();
        let error = block_on::<X::Mode, _>(X::Mode::block_or_box(async move {
            X::Mode::into_future(pages.next_page()).await.unwrap().unwrap();
            thread::sleep(PAUSE * 12);
            X::Mode::into_future(pages.next_page()).await.unwrap().unwrap_err()
        }));
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 2), "{error}");
    }
    over_both_transports!(test);
}
