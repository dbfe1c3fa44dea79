//! Timeouts at each stage of an exchange.

use crate::harness::{
    CheckResult, SERVER_TIMEOUT, SHORT_REQUEST_TIMEOUT, TIMEOUT_TOLERANCE, ensure, error_chain, expect_body,
    expect_timeout, get_request, gzip_compressed, incompressible_bytes, observed, raw_response, request_accepts_gzip,
    response_summary, response_with_content_length, send_expecting_response, send_request, start_keep_alive_server,
    start_one_request_per_connection_server, start_silent_server, with_timeout,
};
use crate::{Connection, Server};
use partner_center_core::{Request, Transport, TransportErrorKind, http::Method};
use std::{
    io, thread,
    time::{Duration, Instant},
};

/// The time between two bytes of a slow response: short beside the timeout, which covers the complete exchange.
const SLOW_RESPONSE_BYTE_INTERVAL: Duration = Duration::from_millis(50);

pub(crate) async fn missing_responses_time_out<X: Transport>(transport: &X) -> CheckResult {
    let server = start_silent_server()?;
    expect_timeout(transport, with_timeout(get_request(&server, "/"), SHORT_REQUEST_TIMEOUT), "no response").await
}

pub(crate) async fn slow_heads_time_out<X: Transport>(transport: &X) -> CheckResult {
    for (case, byte_count) in [("a head that stops", 0), ("a slow head", 1000)] {
        let server = start_one_request_per_connection_server(move |connection, _| {
            connection.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")?;
            send_byte_by_byte(connection, vec![b'x'; byte_count])?;
            connection.pause(SERVER_TIMEOUT)
        })?;
        expect_timeout(transport, with_timeout(get_request(&server, "/"), SHORT_REQUEST_TIMEOUT), case).await?;
    }
    Ok(())
}

pub(crate) async fn slow_bodies_time_out<X: Transport>(transport: &X) -> CheckResult {
    type HeadAndSlowBody = fn(&Request) -> io::Result<(Vec<u8>, Vec<u8>)>;
    let responses: [(&str, HeadAndSlowBody); 4] = [
        ("a body that does not come", |_| Ok((raw_response("200 OK\r\nContent-Length: 1000", ""), Vec::new()))),
        ("a slow body", |_| Ok((raw_response("200 OK\r\nContent-Length: 1000", ""), incompressible_bytes(1000)))),
        ("a slow chunked body", |_| {
            Ok((raw_response("200 OK\r\nTransfer-Encoding: chunked", ""), b"1\r\nx\r\n".repeat(1000)))
        }),
        ("a slow compressed body", |request| {
            let (coding, body) = if request_accepts_gzip(request) {
                ("gzip", gzip_compressed(&incompressible_bytes(1000))?)
            } else {
                ("identity", incompressible_bytes(1000))
            };
            let head = format!("200 OK\r\nContent-Length: {}\r\nContent-Encoding: {coding}", body.len());
            Ok((raw_response(&head, ""), body))
        }),
    ];
    for (case, respond) in responses {
        let server = start_one_request_per_connection_server(move |connection, request| {
            let (head, body) = respond(request)?;
            connection.send(&head)?;
            send_byte_by_byte(connection, body)?;
            connection.pause(SERVER_TIMEOUT)
        })?;
        expect_timeout(transport, with_timeout(get_request(&server, "/"), SHORT_REQUEST_TIMEOUT), case).await?;
    }
    Ok(())
}

pub(crate) async fn stalled_requests_time_out<X: Transport>(transport: &X) -> CheckResult {
    // The server reads nothing, and the request is larger than the buffers between.
    let server = Server::start(|connection| {
        connection.wait_for_request()?;
        thread::sleep(SERVER_TIMEOUT);
        Ok(())
    })?;
    let mut request = with_timeout(get_request(&server, "/"), SHORT_REQUEST_TIMEOUT);
    *request.method_mut() = Method::POST;
    *request.body_mut() = vec![b'x'; 16 << 20];
    expect_timeout(transport, request, "a request of 16 MiB that the server does not read").await
}

pub(crate) async fn max_timeout_is_accepted<X: Transport>(transport: &X) -> CheckResult {
    let server = start_keep_alive_server(|_| response_with_content_length("200 OK", "{}"))?;
    let response = send_expecting_response(
        transport,
        with_timeout(get_request(&server, "/"), Duration::MAX),
        "the maximum timeout",
    )
    .await?;
    expect_body(&response, b"{}", "the maximum timeout")
}

pub(crate) async fn zero_timeout_times_out<X: Transport>(transport: &X) -> CheckResult {
    let server = start_silent_server()?;
    let started = Instant::now();
    match send_request(transport, with_timeout(get_request(&server, "/"), Duration::ZERO)).await {
        Ok(response) => observed!("a response instead of an error: {}", response_summary(&response)),
        Err(error) => ensure!(error.kind() == TransportErrorKind::Timeout, "{}", error_chain(&error)),
    }
    ensure!(started.elapsed() < TIMEOUT_TOLERANCE, "it gave up after {:?}", started.elapsed());
    Ok(())
}

fn send_byte_by_byte(connection: &mut Connection, bytes: Vec<u8>) -> io::Result<()> {
    let started = Instant::now();
    for byte in bytes {
        if started.elapsed() > SERVER_TIMEOUT {
            break;
        }
        thread::sleep(SLOW_RESPONSE_BYTE_INTERVAL);
        connection.send(&[byte])?;
    }
    Ok(())
}
