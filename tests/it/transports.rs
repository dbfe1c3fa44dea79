//! What the two real transports requirement by themselves, below the engine, and what is special to one of them.

use partner_center::{
    Client, Credential, ErrorKind, GetCustomer, ListCustomers, Reqwest, RetryPolicy, Transport, Ureq,
};
use partner_center_tests::{Server, Step, answer, finish, page};
use std::{
    net::{TcpListener, TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};
use uuid::Uuid;

mod ureq {
    partner_center_conformance::suite!(partner_center::Ureq::new().unwrap());
}

mod reqwest {
    partner_center_conformance::suite!(#[tokio::test] async partner_center::Reqwest::new().unwrap());
}

/// What is dropped is cancelled: nothing of it is left behind, and the next call is as good as the first.
#[tokio::test]
async fn a_dropped_call_is_cancelled() {
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
    let id = Uuid::nil();
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

/// With its feature `gzip`, which another crate of a program may ask for, ureq undoes one of the two and takes both labels off;
/// what is left is an error of the client then.
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
        let response = finish::<X::Mode, _>(transport.send(request)).unwrap();
        assert_eq!((&response.body()[..], response.headers().len()), (&b"{}"[..], 0));
    }
    test(&Ureq::new().unwrap());
    test(&Reqwest::new().unwrap());
}

/// A length is believed when the bytes have come.
#[test]
fn no_length_is_believed() {
    fn test<X: Transport>(transport: X) {
        let server = Server::start();
        let lengths = [usize::MAX / 2, 1 << 45, 1 << 62];
        server.script(lengths.map(|length| answer(200, "{}").announced(length).into()));
        let client = Client::builder(transport, Credential::token("token")).base_url(server.url());
        let client = client.max_response_size(usize::MAX).retry(RetryPolicy::none()).build().unwrap();
        for _ in lengths {
            let error = finish::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
        }
    }
    test(Ureq::new().unwrap());
    test(Reqwest::new().unwrap());
}

/// A name whose first address is dead and whose second one answers costs a fraction of a second, once in a while.
#[cfg(target_os = "linux")]
#[test]
fn dead_address_beside_a_live_one_costs_little() {
    fn test<X: Transport>(transport: X, port: u16) {
        let client = Client::builder(transport, Credential::token("token"));
        let client = client.base_url(format!("http://localhost:{port}")).retry(RetryPolicy::none()).build().unwrap();
        let start = Instant::now();
        finish::<X::Mode, _>(client.call(GetCustomer::new(Uuid::nil()))).unwrap();
        assert!(start.elapsed() < Duration::from_secs(1), "it took {:?}", start.elapsed());
    }
    let server = Server::start();
    server.script([answer(200, r#"{"tags": []}"#).into(), answer(200, r#"{"tags": []}"#).into()]);
    let port = server.url().rsplit(':').next().unwrap().parse().unwrap();
    let addresses: Vec<_> = ("localhost", port).to_socket_addrs().unwrap().collect();
    let Some(Ok(dead)) = addresses.iter().find(|address| address.is_ipv6()).map(TcpListener::bind) else {
        return; // `localhost` has no IPv6 address here: the tests of the crate `partner-center-ureq` do without.
    };
    // Once its backlog is full, nobody answers there.
    let is_open = || TcpStream::connect_timeout(&dead.local_addr().unwrap(), Duration::from_millis(300));
    let backlog: Vec<_> = std::iter::from_fn(|| is_open().ok()).take(10_000).collect();
    assert!(backlog.len() < 10_000);
    test(Ureq::new().unwrap(), port);
    test(Reqwest::new().unwrap(), port);
}
