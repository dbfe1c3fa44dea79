//! What the two real transports promise by themselves, below the engine.

use partner_center::{Limits, Mode, Reqwest, Transport, TransportErrorKind, Ureq};
use partner_center_tests::{Server, Step, answer, finish};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

fn request(uri: &str, body_limit: usize, timeout: Duration) -> partner_center::Request {
    let mut limits = Limits::default();
    limits.body = body_limit;
    limits.timeout = timeout;
    let mut request = http::Request::get(uri).body(Vec::new()).unwrap();
    request.extensions_mut().insert(limits);
    request
}

/// Runs `test` with both transports.
macro_rules! both {
    ($test:ident) => {
        $test(&Ureq::new().unwrap());
        $test(&Reqwest::new().unwrap());
    };
}

fn failure<X: Transport>(transport: &X, request: partner_center::Request) -> TransportErrorKind {
    finish::<X::Mode, _>(X::Mode::run(async {
        X::Mode::wait(transport.send(request)).await.map(|response| response.body().len()).unwrap_err().kind()
    }))
}

#[test]
fn the_longest_timeout_is_one() {
    fn test<X: Transport>(transport: &X) {
        let server = Server::start();
        server.script([answer(200, "{}").into()]);
        let response = finish::<X::Mode, _>(X::Mode::run(async {
            X::Mode::wait(transport.send(request(&server.url(), 100, Duration::MAX))).await
        }));
        assert_eq!(response.unwrap().body(), b"{}");
    }
    both!(test);
}

#[test]
fn nobody_there_is_a_failure_of_the_exchange() {
    fn test<X: Transport>(transport: &X) {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let kind = failure(transport, request(&format!("http://{closed}"), 100, Duration::from_secs(10)));
        assert_eq!(kind, TransportErrorKind::Exchange);
    }
    both!(test);
}

#[test]
fn a_name_that_does_not_resolve_ends_within_the_timeout() {
    fn test<X: Transport>(transport: &X) {
        let started = Instant::now();
        let kind = failure(transport, request("http://no-such-host.invalid", 100, Duration::from_secs(2)));
        assert!(matches!(kind, TransportErrorKind::Exchange | TransportErrorKind::Timeout));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    both!(test);
}

#[test]
fn the_timeout_holds_whatever_the_server_does() {
    fn test<X: Transport>(transport: &X) {
        for step in [Step::Silence, Step::Stall, Step::Drip(answer(200, "x".repeat(1000)))] {
            let server = Server::start();
            server.script([step]);
            let started = Instant::now();
            let kind = failure(transport, request(&server.url(), 10_000, Duration::from_millis(300)));
            assert_eq!(kind, TransportErrorKind::Timeout);
            assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        }
    }
    both!(test);
}

/// A page's connection is used again for the next one.
#[test]
fn connections_are_kept() {
    fn test<X: Transport>(transport: &X) {
        let server = Server::start();
        server.script((0..5).map(|_| answer(200, "{}").into()));
        finish::<X::Mode, _>(X::Mode::run(async {
            for _ in 0..5 {
                X::Mode::wait(transport.send(request(&server.url(), 100, Duration::from_secs(5)))).await.unwrap();
            }
        }));
        assert_eq!(server.connections(), 1);
    }
    both!(test);
}

/// The token goes along with no redirect: the other server is never called.
#[test]
fn redirects_are_not_followed() {
    fn test<X: Transport>(transport: &X) {
        for status in [301, 302, 303, 307, 308] {
            let (server, elsewhere) = (Server::start(), Server::start());
            server.script([answer(status, "").with("Location", &elsewhere.url()).into()]);
            let response = finish::<X::Mode, _>(X::Mode::run(async {
                X::Mode::wait(transport.send(request(&server.url(), 100, Duration::from_secs(5)))).await.unwrap()
            }));
            assert_eq!(response.status(), status);
            assert_eq!(elsewhere.connections(), 0);
        }
    }
    both!(test);
}

/// What is dropped is cancelled: nothing of it is left behind, and the next call is as good as the first.
#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    use partner_center::{Client, Credential, GetCustomer, ListCustomers};
    use partner_center_tests::page;
    let server = Server::start();
    server.script([
        Step::Silence,
        answer(200, r#"{"tags": []}"#).into(),
        page(["a"]).next("/v1/customers?x=1", "t1").into(),
        Step::Silence,
        page(["b"]).into(),
    ]);
    let client = Client::builder(Reqwest::new().unwrap(), Credential::token("token"));
    let client = client.base_url(server.url()).build().unwrap();
    let short = Duration::from_millis(200);
    let id = uuid::Uuid::nil();
    assert!(tokio::time::timeout(short, client.call(GetCustomer::new(id))).await.is_err());
    client.call(GetCustomer::new(id)).await.unwrap();

    // A page that is abandoned is asked for again, and comes once.
    let mut pages = client.pages(ListCustomers::new());
    assert_eq!(pages.next_page().await.unwrap().unwrap().items.len(), 1);
    assert!(tokio::time::timeout(short, pages.next_page()).await.is_err());
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.items[0].company_name(), Some("b"));
    assert!(pages.next().await.is_none());
}
