//! Pages asked for early. That the same comes of it, whatever the other side does, `conversations` shows; here is what is
//! different.

use partner_center::{transport::Mode, *};
use partner_center_emulator::Emulator;
use partner_center_tests::{Server, Step, answer, finish, page};
use std::{
    thread,
    time::{Duration, Instant},
};
use uuid::Uuid;

const PAUSE: Duration = Duration::from_millis(60);
/// How long something may take that is to happen.
const PATIENCE: Duration = Duration::from_secs(30);

macro_rules! over_both_transports {
    ($test:ident) => {
        $test(|| Ureq::new().unwrap());
        $test(|| Reqwest::new().unwrap());
    };
}

fn client<X: Transport>(transport: X, url: &str) -> ClientBuilder<X> {
    Client::builder(transport, Credential::token(Emulator::TOKEN)).base_url(url)
}

/// The customers of a list, with a pause after each page; the runtime is kept busy meanwhile.
fn list<X: Transport>(mut pages: Pages<X, ListCustomers>, pause: Duration) -> Vec<Option<Uuid>> {
    finish::<X::Mode, _>(X::Mode::block_or_box(async move {
        let mut customers = Vec::new();
        while let Some(page) = X::Mode::into_future(pages.next_page()).await {
            customers.extend(page.unwrap().items.into_iter().map(|customer| customer.id));
            thread::sleep(pause);
        }
        customers
    }))
}

#[test]
fn the_service_is_at_work_while_the_program_is() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = Emulator::builder().customers(80).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).build().unwrap();
        let pages = || client.pages(ListCustomers::new().size(10));
        let expected = list(pages(), Duration::ZERO);
        let sequential = emulator.requests().len();
        let mut early = pages().prefetch();
        let requests = || emulator.requests().len() - sequential;
        let customers = finish::<X::Mode, _>(X::Mode::block_or_box(async move {
            let mut customers = Vec::new();
            for asked in 1..=sequential {
                customers.extend(X::Mode::into_future(early.next_page()).await.unwrap().unwrap().items);
                // While the program has a page, the next one is on its way.
                let began = Instant::now();
                while requests() < (asked + 1).min(sequential) {
                    assert!(began.elapsed() < PATIENCE, "{} requests for {asked} pages", requests());
                    thread::sleep(Duration::from_millis(1));
                }
            }
            assert!(X::Mode::into_future(early.next_page()).await.is_none());
            customers
        }));
        assert_eq!(customers.into_iter().map(|customer| customer.id).collect::<Vec<_>>(), expected);
    }
    over_both_transports!(test);
}

#[test]
fn one_connection_is_enough() {
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

/// One page ahead, and none once the list is dropped.
#[test]
fn nothing_is_asked_for_that_nobody_waits_for() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = Emulator::builder().customers(1000).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).build().unwrap();
        let mut pages = client.pages(ListCustomers::new().size(10)).prefetch();
        assert_eq!(emulator.requests().len(), 0);
        finish::<X::Mode, _>(X::Mode::block_or_box(async move {
            for asked in 1..=3 {
                X::Mode::into_future(pages.next_page()).await.unwrap().unwrap();
                thread::sleep(PAUSE);
                let requests = emulator.requests().len();
                assert!((asked..=asked + 1).contains(&requests), "{requests} requests for {asked} pages");
            }
            drop(pages);
            thread::sleep(PAUSE);
            assert!(emulator.requests().len() <= 4);
        }));
    }
    over_both_transports!(test);
}

/// A program that takes longer for a page than the service may is not the service's fault.
#[test]
fn a_page_that_waited_too_long_is_asked_for_again() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = Emulator::builder().customers(30).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client =
            client(transport(), &server.url()).attempt_timeout(PAUSE * 10).retry(RetryPolicy::none()).build().unwrap();
        let pages = client.pages(ListCustomers::new().size(10)).prefetch();
        assert_eq!(list(pages, PAUSE * 12).len(), 30);
    }
    over_both_transports!(test);
}

/// What comes early counts as an attempt like any other, and is repeated like any other.
#[test]
fn an_early_request_that_fails_is_repeated() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = Emulator::builder().customers(30).fault("reset@2".parse().unwrap()).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let list_with = |retry: RetryPolicy| {
            let client = client(transport(), &server.url()).retry(retry).build().unwrap();
            let mut pages = client.pages(ListCustomers::new().size(10)).prefetch();
            finish::<X::Mode, _>(X::Mode::block_or_box(async move {
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
fn the_pace_is_kept() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = Emulator::builder().customers(50).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).requests_per_minute(1000).build().unwrap();
        let began = Instant::now();
        assert_eq!(list(client.pages(ListCustomers::new().size(10)).prefetch(), Duration::ZERO).len(), 50);
        assert!(began.elapsed() >= Duration::from_millis(60 * 4), "{:?}", began.elapsed());
    }
    over_both_transports!(test);
}

/// Who drops a list asks for nothing any more, also not later.
#[test]
fn nothing_waits_for_its_place_in_the_row() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let emulator = Emulator::builder().customers(50).build();
        let server = emulator.serve("127.0.0.1:0").unwrap();
        let client = client(transport(), &server.url()).requests_per_minute(120).build().unwrap();
        let mut pages = client.pages(ListCustomers::new().size(10)).prefetch();
        finish::<X::Mode, _>(X::Mode::block_or_box(async move {
            X::Mode::into_future(pages.next_page()).await.unwrap().unwrap();
        }));
        thread::sleep(Duration::from_millis(700));
        assert_eq!(emulator.requests().len(), 1);
    }
    over_both_transports!(test);
}

/// The early request may have used the token up: what the service says to the next one with it is not the end of the list.
#[test]
fn an_early_request_without_an_answer_is_an_attempt() {
    fn test<X: Transport>(transport: impl Fn() -> X) {
        let server = Server::start();
        server.script([
            page(["a"]).next("/v1/customers?x=1", "t1").into(),
            Step::Silence,
            answer(400, r#"{"code":2000,"description":"Invalid continuation","data":[],"source":"PartnerFD"}"#).into(),
        ]);
        let client =
            client(transport(), &server.url()).attempt_timeout(PAUSE * 10).retry(RetryPolicy::none()).build().unwrap();
        let mut pages = client.pages(ListCustomers::new()).prefetch();
        let error = finish::<X::Mode, _>(X::Mode::block_or_box(async move {
            X::Mode::into_future(pages.next_page()).await.unwrap().unwrap();
            thread::sleep(PAUSE * 12);
            X::Mode::into_future(pages.next_page()).await.unwrap().unwrap_err()
        }));
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 2), "{error}");
    }
    over_both_transports!(test);
}
