//! The two HTTP transports, below the engine: the conformance suite, and what it cannot test.

use partner_center::{
    Client, Credential, ErrorKind, GetCustomer, ListCustomers, Reqwest, RetryPolicy, Transport, Ureq,
};
use partner_center_tests::{Server, Step, block_on, page, response};
use std::{
    net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream},
    time::{Duration, Instant},
};
use uuid::Uuid;

mod ureq {
    partner_center_conformance::suite!(partner_center::Ureq::new().unwrap());
}

mod reqwest {
    partner_center_conformance::suite!(#[tokio::test] async partner_center::Reqwest::new().unwrap());
}

/// A dropped call has no effect on the next one.
#[tokio::test]
async fn dropped_call_is_cancelled() {
    let server = Server::start();
    server.script([
        Step::Hang,
        response(200, r#"{"tags": []}"#).into(),
        page(["a"]).next("/v1/customers?x=1", "t1").into(),
        Step::Hang,
        page(["b"]).into(),
    ]);
    let client = Client::builder(Reqwest::new().unwrap(), Credential::token("token"));
    let client = client.base_url(server.url()).build().unwrap();
    let short = Duration::from_millis(200);
    let id = Uuid::nil();
    assert!(tokio::time::timeout(short, client.call(GetCustomer::new(id))).await.is_err());
    client.call(GetCustomer::new(id)).await.unwrap();

    // An abandoned page is requested again, and returned once.
    let mut pages = client.pages(ListCustomers::new());
    assert_eq!(pages.next_page().await.unwrap().unwrap().items.len(), 1);
    assert!(tokio::time::timeout(short, pages.next_page()).await.is_err());
    let page = pages.next().await.unwrap().unwrap();
    assert_eq!(page.items[0].company_name(), Some("b"));
    assert!(pages.next().await.is_none());
}

/// With its feature `gzip`, which another crate of a program may enable, ureq decompresses one layer and removes both headers.
/// The client then reports an error for the other layer.
#[cfg(not(feature = "decompressing-libraries"))]
#[test]
fn body_compressed_under_two_headers_is_decompressed() {
    use flate2::{Compression, write::GzEncoder};
    use partner_center::transport::Request;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }
    fn test<X: Transport>(transport: &X) {
        let server = partner_center_conformance::Server::start(|connection| {
            let body = gzip(&gzip(b"{}"));
            let label = "Content-Encoding: gzip\r\nContent-Encoding: gzip";
            let head = format!("HTTP/1.1 200 OK\r\n{label}\r\nContent-Length: {}\r\n\r\n", body.len());
            connection.request()?;
            connection.send(&[head.as_bytes(), &body].concat())
        });
        let server = server.unwrap();
        let mut request = Request::default();
        *request.uri_mut() = server.url().parse().unwrap();
        let response = block_on::<X::Mode, _>(transport.send(request)).unwrap();
        assert_eq!((&response.body()[..], response.headers().len()), (&b"{}"[..], 0));
    }
    test(&Ureq::new().unwrap());
    test(&Reqwest::new().unwrap());
}

/// Memory is reserved for bytes that have been received, not for those that are announced.
#[test]
fn announced_length_is_not_trusted() {
    fn test<X: Transport>(transport: X) {
        let server = Server::start();
        let lengths = [usize::MAX / 2, 1 << 45, 1 << 62];
        server.script(lengths.map(|length| response(200, "{}").announced(length).into()));
        let client = Client::builder(transport, Credential::token("token")).base_url(server.url());
        let client = client.max_response_size(usize::MAX).retry(RetryPolicy::none()).build().unwrap();
        for _ in lengths {
            let error = block_on::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        }
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

/// A host name whose first address does not respond, and whose second one does, delays the first request by a fraction of a
/// second.
#[cfg(target_os = "linux")]
#[test]
fn unresponsive_address_delays_the_first_request_only() {
    fn test<X: Transport>(transport: X, port: u16) {
        let client = Client::builder(transport, Credential::token("token"));
        let client = client.base_url(format!("http://localhost:{port}")).retry(RetryPolicy::none()).build().unwrap();
        let start = Instant::now();
        block_on::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
    }
    let server = Server::start();
    server.script([response(200, r#"{"tags": []}"#).into(), response(200, r#"{"tags": []}"#).into()]);
    let port = server.url().rsplit(':').next().unwrap().parse().unwrap();
    let unresponsive = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).unwrap();
    // Once its backlog is full, the address does not respond.
    let is_open = || TcpStream::connect_timeout(&unresponsive.local_addr().unwrap(), Duration::from_millis(300));
    let backlog: Vec<_> = std::iter::from_fn(|| is_open().ok()).take(10_000).collect();
    assert!(backlog.len() < 10_000);
    let addresses = [unresponsive.local_addr().unwrap(), (Ipv4Addr::LOCALHOST, port).into()];
    test(Reqwest::configured(|builder| builder.resolve_to_addrs("localhost", &addresses)).unwrap(), port);
    // ureq has no such setting: the crate `partner-center-ureq` tests it with a resolver. Here `localhost` may have one address.
    test(Ureq::new().unwrap(), port);
}
