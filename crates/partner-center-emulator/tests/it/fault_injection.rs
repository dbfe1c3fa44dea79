//! Faults, in memory and over sockets.

use crate::{authorization, request};
use http::Method;
use partner_center_core::{Blocking, Limits, Request, Transport, TransportErrorKind};
use partner_center_emulator::{Emulator, Fault, Server};
use serde_json::Value;
use std::{
    fmt::Write as _,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

fn with(faults: &[&str]) -> Emulator {
    let builder = Emulator::builder().customers(100).seed(7);
    faults.iter().fold(builder, |builder, fault| builder.fault(fault.parse::<Fault>().unwrap())).build()
}

fn authorized(path: &str) -> Request {
    request(Method::GET, path, &[("Authorization", &authorization())])
}

/// Returns the statuses of `count` requests for a list.
fn statuses(emulator: &Emulator, count: usize) -> Vec<u16> {
    let transport = emulator.transport::<Blocking>();
    (0..count).map(|_| transport.send(authorized("/v1/customers?size=1")).unwrap().status().as_u16()).collect()
}

fn in_memory(fault: &str, timeout: Duration) -> Result<usize, TransportErrorKind> {
    let mut limits = Limits::default();
    limits.timeout = timeout;
    let mut request = authorized("/v1/customers");
    request.extensions_mut().insert(limits);
    let response = with(&[fault]).transport::<Blocking>().send(request);
    response.map(|response| response.body().len()).map_err(|error| error.kind())
}

#[test]
fn injected_response_has_every_format() {
    let respond = |fault: &str| {
        let response = with(&[fault]).transport::<Blocking>().send(authorized("/v1/customers")).unwrap();
        let (head, body) = response.into_parts();
        let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        (head.status.as_u16(), header("Content-Type"), header("Retry-After"), String::from_utf8(body.to_vec()).unwrap())
    };
    let mut responses = String::new();
    for fault in [
        "400:code=2000",
        "401",
        "403:string-code:code=20002",
        "403:text",
        "403:empty",
        "404",
        "409:newer-service:code=600061",
        "429",
        "429:retry-after=57",
        "500",
        "501",
        "503:retry-after=5",
        "504:gateway:retry-after=1",
        "599",
    ] {
        let (status, media_type, retry_after, body) = respond(fault);
        let [media_type, retry_after] = [media_type, retry_after].map(Option::unwrap_or_default);
        writeln!(responses, "{fault}: {status} [{media_type}] [{retry_after}] {}", body.trim_end()).unwrap();
    }
    assert_eq!(
        responses,
        r#"400:code=2000: 400 [application/json; charset=utf-8] [] {"code":2000,"data":[],"description":"The query is invalid, or the continuation token has been used up.","source":"PartnerFD"}
401: 401 [application/json; charset=utf-8] [] {"code":400,"data":[],"description":"Access denied","source":"PartnerFD"}
403:string-code:code=20002: 403 [application/json; charset=utf-8] [] {"code":"20002","data":[],"description":"No relationship between caller and account.","source":"PartnerFD"}
403:text: 403 [text/plain; charset=utf-8] [] The supplied role does not have the rights to perform the requested operation
403:empty: 403 [] [] 
404: 404 [application/json; charset=utf-8] [] {"code":1000,"data":[],"description":"Not found","source":"PartnerFD"}
409:newer-service:code=600061: 409 [application/json; charset=utf-8] [] {"code":600061,"description":"Conflict","errorMessageExtended":"InternalErrorCode=600061","errorName":"Conflict","isRetryable":false,"message":"Conflict","parameters":{}}
429: 429 [application/json; charset=utf-8] [] {"message":"Rate limit is exceeded.","statusCode":429}
429:retry-after=57: 429 [application/json; charset=utf-8] [57] {"message":"Rate limit is exceeded. Try again in 57 seconds.","statusCode":429}
500: 500 [application/json; charset=utf-8] [] {"code":800003,"data":[],"description":"Unexpected service error","source":"PartnerFD"}
501: 501 [application/json; charset=utf-8] [] {"code":0,"data":[],"description":"Exception not defined","source":"PartnerFD"}
503:retry-after=5: 503 [text/html; charset=utf-8] [5] <html><head><title>Service unavailable</title></head><body><h1>Our services aren't available right now</h1><p>We're working to restore all services as soon as possible.</p></body></html>
504:gateway:retry-after=1: 504 [application/json; charset=utf-8] [1] {"message":"Gateway Timeout. Try again in 1 seconds.","statusCode":504}
599: 599 [application/json; charset=utf-8] [] {"code":0,"data":[],"description":"Exception not defined","source":"PartnerFD"}
"#
    );
    let (_, _, date, _) = respond("503:retry-after-date=100");
    let date = date.unwrap();
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");

    let garbage = with(&["garbage"]).transport::<Blocking>().send(authorized("/v1/customers")).unwrap();
    assert_eq!((garbage.status().as_u16(), &garbage.headers()["Content-Length"]), (200, &12.into()));
    assert_eq!(garbage.headers()["Content-Type"], "application/json; charset=utf-8");
    assert!(serde_json::from_slice::<Value>(garbage.body()).is_err());
}

#[test]
fn fault_affects_only_the_selected_requests() {
    assert_eq!(statuses(&with(&["503@2"]), 4), [200, 503, 200, 200]);
    assert_eq!(statuses(&with(&["503@every:2"]), 5), [200, 503, 200, 503, 200]);
    assert_eq!(statuses(&with(&["503@every:2", "500@every:3"]), 6), [200, 503, 500, 503, 200, 503]);
    assert_eq!(statuses(&with(&["503@every:2@every:3"]), 6), [200, 200, 200, 200, 200, 503]);
    assert_eq!(statuses(&with(&["503@0%"]), 9), [200; 9]);
    assert_eq!(statuses(&with(&["503@100%"]), 9), [503; 9]);
    assert_eq!(statuses(&with(&["401@1"]), 2), [401, 200]);

    let drawn = statuses(&with(&["503@10%", "500@10%"]), 1000);
    for status in [500, 503] {
        let count = drawn.iter().filter(|drawn| **drawn == status).count();
        assert!((60..140).contains(&count), "{count} times {status}");
    }
    assert_eq!(statuses(&with(&["503@10%", "500@10%"]), 1000), drawn);

    let transport = with(&["503@/v1/customers/"]).transport::<Blocking>();
    let status = |path: &str| transport.send(authorized(path)).unwrap().status().as_u16();
    assert_eq!(["/v1/customers", "/v1/customers/x", "//v1//customers//x"].map(status), [200, 503, 503]);
}

#[test]
fn in_memory_transport_times_out_without_waiting() {
    let start = Instant::now();
    let size = in_memory("delay:0s", Duration::from_secs(1)).unwrap();
    assert_eq!(in_memory("delay:10s", Duration::from_secs(10)), Ok(size));
    assert_eq!(in_memory("delay:10001ms", Duration::from_secs(10)), Err(TransportErrorKind::Timeout));
    assert_eq!(in_memory("hang", Duration::MAX), Err(TransportErrorKind::Timeout));
    assert_eq!(in_memory("drip:1s", Duration::from_secs(86_400)), Ok(size));
    assert_eq!(in_memory("drip:1s", Duration::from_secs(10)), Err(TransportErrorKind::Timeout));
    assert_eq!(in_memory("reset", Duration::from_secs(1)), Err(TransportErrorKind::Exchange));
    assert_eq!(in_memory("unreachable", Duration::from_secs(1)), Err(TransportErrorKind::Connect));
    assert_eq!(in_memory("truncate", Duration::from_secs(1)), Err(TransportErrorKind::Exchange));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn delays_add_up() {
    let transport = with(&["delay:40s", "503", "delay:30s@2"]).transport::<Blocking>();
    let send = || transport.send(authorized("/v1/customers")).map(|response| response.status().as_u16());
    assert_eq!(send().unwrap(), 503);
    assert_eq!(send().unwrap_err().kind(), TransportErrorKind::Timeout);
}

#[test]
fn rate_limit_counts_requests_of_a_minute() {
    let emulator = Emulator::builder().rate_limit(2.try_into().unwrap()).build();
    let transport = emulator.transport::<Blocking>();
    let send = || {
        let response = transport.send(authorized("/v1/customers?size=1")).unwrap();
        let wait = response.headers().get("Retry-After").map(|wait| wait.to_str().unwrap().parse::<u64>().unwrap());
        (response.status().as_u16(), wait, serde_json::from_slice::<Value>(response.body()).unwrap())
    };
    assert_eq!([send().0, send().0], [200, 200]);
    let (status, wait, error) = send();
    let wait = wait.unwrap();
    assert!(status == 429 && (50..=60).contains(&wait), "{status} {wait}");
    assert_eq!(error["message"], format!("Rate limit is exceeded. Try again in {wait} seconds."));
    // In memory a pause takes no time but counts.
    transport.sleep(Duration::from_secs(wait));
    assert_eq!([send().0, send().0, send().0], [200, 200, 429]);
}

/// Sends a request and returns the connection, from which the response can be read.
fn send_request(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let authorization = authorization();
    write!(stream, "GET /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\r\n").unwrap();
    stream
}

/// Reads until the connection ends; returns what was read, and the error if that is how it ended.
fn read_to_end(mut stream: TcpStream) -> (String, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).err().map(|error| error.kind());
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

#[test]
fn reset_ends_the_connection_with_a_reset() {
    let server = with(&["reset@1"]).serve("127.0.0.1:0").unwrap();
    assert_eq!(read_to_end(send_request(&server)), (String::new(), Some(ErrorKind::ConnectionReset)));
    let mut next = send_request(&server);
    let mut status = [0; 15];
    next.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[test]
fn truncated_body_ends_in_the_middle() {
    let server = with(&["truncate"]).serve("127.0.0.1:0").unwrap();
    let (text, end) = read_to_end(send_request(&server));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap();
    // Half of the bytes; a character at the cut may be incomplete.
    assert!(body.len() >= length / 2 && body.len() < length / 2 + 3, "{} of {length}", body.len());
    assert_eq!(end, None);
}

#[test]
fn dripping_body_arrives_in_chunks() {
    let server = with(&["drip:20ms"]).serve("127.0.0.1:0").unwrap();
    let mut stream = send_request(&server);
    let start = Instant::now();
    let (mut reads, mut received) = (0, Vec::new());
    let mut buffer = [0; 4096];
    while !received.ends_with(b"}") || serde_json::from_slice::<Value>(body(&received)).is_err() {
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0);
        received.extend_from_slice(&buffer[..count]);
        reads += 1;
    }
    let chunks = body(&received).len() / 1024;
    assert!(reads > chunks / 2, "{reads} reads");
    assert!(start.elapsed() > Duration::from_millis(10) * u32::try_from(chunks).unwrap());
}

fn body(received: &[u8]) -> &[u8] {
    received.windows(4).position(|window| window == b"\r\n\r\n").map_or(&[], |end| &received[end + 4..])
}

#[test]
fn shutdown_does_not_wait_for_delayed_responses() {
    for fault in ["hang", "delay:1000s", "drip:1000s"] {
        let server = with(&[fault]).serve("127.0.0.1:0").unwrap();
        let waiting: Vec<_> = (0..8).map(|_| send_request(&server)).collect();
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        server.shutdown();
        assert!(start.elapsed() < Duration::from_millis(500), "{fault}: took {:?}", start.elapsed());
        for stream in waiting {
            let (text, _) = read_to_end(stream);
            assert!(!text.contains("totalCount"), "{fault}: {text}");
        }
    }
}

#[test]
fn delayed_response_ends_when_its_client_has_gone() {
    for fault in ["hang", "delay:1000s", "drip:1000s"] {
        let server = with(&[fault]).serve("127.0.0.1:0").unwrap();
        // The second request is not read, so the server reads no further.
        let request = format!("GET /v1/customers HTTP/1.1\r\nAuthorization: {}\r\n\r\n", authorization()).repeat(2);
        let gone = [(); 20].map(|()| {
            let mut stream = TcpStream::connect(server.address()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            stream
        });
        std::thread::sleep(Duration::from_millis(200));
        // For the server this looks like closed connections, but the test can still read from them.
        for stream in &gone {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        for stream in gone {
            let (text, end) = read_to_end(stream);
            assert!(!matches!(end, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{fault}: kept open");
            assert!(!text.contains("totalCount"), "{fault}: {text}");
        }
    }
}

#[test]
fn hanging_connection_ends_whatever_its_client_has_sent() {
    let server = with(&["hang"]).serve("127.0.0.1:0").unwrap();
    let mut stream = send_request(&server);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    // More than fits into the buffers of the system.
    stream.write_all(&vec![b'x'; 64 << 20]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let (text, end) = read_to_end(stream);
    assert!(!matches!(end, Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "kept open");
    assert_eq!(text, "");
}

#[test]
fn injected_code_is_described_as_at_the_operation() {
    let emulator = Emulator::builder().fault("400:code=3000".parse().unwrap()).build();
    for (uri, operation) in
        [("/v1/customers/x/carts", "createCart"), ("/webhooks/v1/registration", "createWebhookRegistration")]
    {
        let mut request = authorized(uri);
        *request.method_mut() = Method::POST;
        let response = emulator.transport::<Blocking>().send(request).unwrap();
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        let codes = partner_center_spec::operation(operation).unwrap().error_codes;
        let known = codes.iter().find(|known| known.status == 400 && known.code == "3000").unwrap();
        assert_eq!(body["description"], known.description);
    }
}
