//! The HTTP server: connections, limits and shutdown.

use crate::{authorization, emulator, get};
use partner_center_emulator::{Emulator, Server};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

fn connect(server: &Server) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    BufReader::new(stream)
}

/// Sends a request on a connection that stays open. Returns the status line with the headers, in lower case, and the body.
fn exchange(connection: &mut BufReader<TcpStream>, method: &str, target: &str) -> (String, Vec<u8>) {
    let authorization = authorization();
    let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(connection.read_line(&mut head).unwrap(), 0, "closed after {head:?}");
    }
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; if method == "HEAD" { 0 } else { length }];
    connection.read_exact(&mut body).unwrap();
    (head, body)
}

/// Whether the server has closed the connection.
fn is_closed(mut connection: BufReader<TcpStream>) -> bool {
    matches!(connection.read(&mut [0]), Ok(0) | Err(_))
}

#[test]
fn one_connection_carries_many_requests() {
    let emulator = emulator(1000);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let mut connection = connect(&server);
    for target in ["/v1/customers", "/v1/customers?size=3", "/v1/customers/b44bb1fb-c595-45b0-9e09-d657365580bf", "/"] {
        let (status, expected) = get(&emulator, target);
        let (head, body) = exchange(&mut connection, "GET", target);
        assert!(head.starts_with(&format!("http/1.1 {}", status.as_str())), "{head}");
        for header in ["\r\ndate: ", "\r\nms-requestid: ", "\r\ncontent-type: application/json; charset=utf-8\r\n"] {
            assert!(head.contains(header), "{head}");
        }
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), expected);
    }
    assert!(exchange(&mut connection, "HEAD", "/v1/customers").0.starts_with("http/1.1 405"));
    assert!(exchange(&mut connection, "GET", "/v1/customers").0.starts_with("http/1.1 200"));
    assert_eq!(emulator.requests().len(), 10);
}

#[test]
fn shutdown_does_not_wait_for_idle_connections() {
    let server = emulator(10).serve("127.0.0.1:0").unwrap();
    let mut used = connect(&server);
    exchange(&mut used, "GET", "/v1/customers");
    let unused = connect(&server);
    let start = Instant::now();
    let address = server.address();
    server.shutdown();
    assert!(start.elapsed() < Duration::from_secs(1), "took {:?}", start.elapsed());
    assert!(is_closed(used) && is_closed(unused));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn shutdown_waits_a_second_for_an_incomplete_request() {
    let server = emulator(10).serve("127.0.0.1:0").unwrap();
    let mut connection = connect(&server);
    exchange(&mut connection, "GET", "/v1/customers");
    connection.get_mut().write_all(b"GET /v1/customers HTTP/1.1\r\nHost: ").unwrap();
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
    assert!(is_closed(connection));
}

/// A number of customers at which a search without matches takes longer than any test.
const MANY_CUSTOMERS: u32 = 50_000_000;

/// Starts a search without matches; returns the connection that waits for the response.
fn search(server: &Server) -> BufReader<TcpStream> {
    let mut connection = connect(server);
    let filter = "%7B%22Field%22:%22Domain%22,%22Value%22:%22%20%22,%22Operator%22:%22starts_with%22%7D";
    let authorization = authorization();
    let request = format!(
        "GET /v1/customers?filter={filter} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n"
    );
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    connection
}

/// Waits until `count` requests have arrived.
fn await_requests(emulator: &Emulator, count: usize) {
    let start = Instant::now();
    while emulator.requests().len() < count {
        assert!(start.elapsed() < Duration::from_secs(60), "no request arrives");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn long_search_does_not_block_other_requests() {
    let emulator = emulator(MANY_CUSTOMERS);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let searching = search(&server);
    await_requests(&emulator, 1);
    assert!(exchange(&mut connect(&server), "GET", "/v1/customers?size=1").0.starts_with("http/1.1 200"));

    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
    assert!(is_closed(searching));
}

#[test]
fn search_ends_when_its_client_has_gone() {
    let emulator = emulator(MANY_CUSTOMERS);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    for count in 1..=3 {
        let searching = search(&server);
        await_requests(&emulator, count);
        drop(searching);
    }
    // A response on a later connection: the server has noticed what happened before.
    assert!(exchange(&mut connect(&server), "GET", "/v1/customers?size=1").0.starts_with("http/1.1 200"));
    let start = Instant::now();
    server.shutdown();
    assert!(start.elapsed() < Duration::from_millis(900), "took {:?}", start.elapsed());
}

#[test]
fn invalid_http_is_rejected_without_harm() {
    let server = emulator(10).serve("127.0.0.1:0").unwrap();
    for garbage in [&b"\0\xff\r\n\r\n"[..], b"GET / HTTP/9\r\n\r\n", b"GET /v1/customers", b""] {
        let mut connection = connect(&server);
        connection.get_mut().write_all(garbage).unwrap();
        connection.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
        let mut response = Vec::new();
        let _ = connection.read_to_end(&mut response);
        assert!(response.is_empty() || response.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&response));
    }
    assert!(exchange(&mut connect(&server), "GET", "/v1/customers").0.starts_with("http/1.1 200"));
}

#[test]
fn half_closed_connection_gets_its_responses() {
    let server = Emulator::builder().fault("delay:50ms".parse().unwrap()).build().serve("127.0.0.1:0").unwrap();
    let mut connection = connect(&server);
    let request = format!("GET /v1/customers?size=1 HTTP/1.1\r\nAuthorization: {}\r\n\r\n", authorization());
    connection.get_mut().write_all(request.repeat(2).as_bytes()).unwrap();
    connection.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    let mut responses = String::new();
    connection.read_to_string(&mut responses).unwrap();
    assert_eq!(responses.matches("HTTP/1.1 200 OK").count(), 2, "{responses}");
}

#[test]
fn request_with_unreadable_body_gets_a_response() {
    let emulator = emulator(10);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let mebibyte = "x".repeat(1 << 20);
    let chunk = format!("100000\r\n{mebibyte}\r\n");
    for (header, body, status) in [
        ("Content-Length: 1048577", format!("{mebibyte}x"), "413"),
        ("Content-Length: 5242880", mebibyte.repeat(5), "413"),
        ("Content-Length: 5242880", mebibyte.repeat(2), "413"), // which never ends
        ("Transfer-Encoding: chunked", format!("{}0\r\n\r\n", chunk.repeat(2)), "413"),
        ("Transfer-Encoding: chunked", "1\r\nx\r\nno number\r\n".to_owned(), "400"),
    ] {
        let mut connection = connect(&server);
        write!(connection.get_mut(), "POST /v1/customers HTTP/1.1\r\n{header}\r\n\r\n{body}").unwrap();
        let mut response = String::new();
        connection.read_to_string(&mut response).unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{header}: {response}");
        assert!(response.to_lowercase().contains("\r\nconnection: close\r\n"), "{header}: {response}");
    }
    assert_eq!(emulator.requests().len(), 0);
    assert!(exchange(&mut connect(&server), "GET", "/v1/customers").0.starts_with("http/1.1 200"));
}

/// A test suite may share one server between all of its tests.
#[test]
fn server_can_be_shared_between_threads() {
    const fn shared<T: Send + Sync + 'static>() {}
    const { shared::<Server>() };
    const { shared::<Emulator>() };
}

#[test]
fn servers_are_independent() {
    let small = emulator(3);
    let servers = [
        small.serve("127.0.0.1:0").unwrap(),
        emulator(4).serve("127.0.0.1:0").unwrap(),
        small.serve("127.0.0.1:0").unwrap(),
    ];
    for (server, count) in servers.iter().zip([3, 4, 3]) {
        let (_, body) = exchange(&mut connect(server), "GET", "/v1/customers");
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["totalCount"], count);
        assert_eq!(server.url(), format!("http://{}", server.address()));
    }
    assert_eq!(small.requests().len(), 2);
    assert!(small.serve(servers[0].address()).is_err(), "the port is in use");
}

#[test]
fn server_starts_and_stops_inside_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let server = emulator(10).serve("127.0.0.1:0").unwrap();
        assert!(exchange(&mut connect(&server), "GET", "/v1/customers").0.starts_with("http/1.1 200"));
    });
}

#[test]
fn large_head_is_rejected_and_the_request_log_stays_bounded() {
    let emulator = emulator(10);
    let server = emulator.serve("127.0.0.1:0").unwrap();
    let status = |size: usize| {
        let mut connection = connect(&server);
        let padding = "x".repeat(size);
        let authorization = authorization();
        let request = format!("GET /v1/customers HTTP/1.1\r\nAuthorization: {authorization}\r\nX: {padding}\r\n\r\n");
        // It may be rejected before all of it is written.
        let _ = connection.get_mut().write_all(request.as_bytes());
        let mut line = String::new();
        connection.read_line(&mut line).unwrap();
        line[9..12].to_owned()
    };
    assert_eq!([status(60 << 10), status(200 << 10)], ["200", "431"]);
    assert_eq!(emulator.requests().len(), 1);

    for _ in 0..600 {
        assert_eq!(status(30_000), "200");
    }
    let kept = emulator.requests().len();
    assert!((500..600).contains(&kept), "{kept} requests of 30 KB are kept");
}
