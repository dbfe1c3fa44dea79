//! Reuse, replacement and failure of connections.

use crate::harness::{
    CheckResult, SERVER_TIMEOUT, SHORT_REQUEST_TIMEOUT, TIMEOUT_TOLERANCE, TRANSPORT_SETTLE_TIME, change_limits,
    chunked_body, ensure, error_chain, expect_body, get_request, get_request_for_uri, gzip_compressed,
    pause_for_transport_background_work, raw_response, request_accepts_gzip, response_summary,
    response_with_content_length, send_and_cancel, send_expecting_error, send_expecting_error_kind,
    send_expecting_response, send_request, start_keep_alive_server, start_respond_and_close_server, with_timeout,
};
use crate::{Connection, Server};
use partner_center_core::{Transport, TransportErrorKind};
use std::{
    io,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

pub(crate) async fn connections_are_reused<X: Transport>(transport: &X) -> CheckResult {
    // On a busy machine, a connection may return to the pool late.
    if expect_connection_reuse(transport, TRANSPORT_SETTLE_TIME).await.is_ok() {
        Ok(())
    } else {
        expect_connection_reuse(transport, SHORT_REQUEST_TIMEOUT).await
    }
}

async fn expect_connection_reuse<X: Transport>(transport: &X, between: Duration) -> CheckResult {
    let compressed = gzip_compressed(b"{}")?;
    let server = start_keep_alive_server(move |request| match request.uri().path() {
        "/empty" => response_with_content_length("200 OK", ""),
        "/chunks" => raw_response("200 OK\r\nTransfer-Encoding: chunked", chunked_body(b"{}")),
        "/gzip" if request_accepts_gzip(request) => {
            response_with_content_length("200 OK\r\nContent-Encoding: gzip", &compressed)
        }
        "/no-content" => raw_response("204 No Content", ""),
        "/not-found" => response_with_content_length("404 Not Found", r#"{"code": 2000}"#),
        "/busy" => response_with_content_length("503 Busy", "busy"),
        _ => response_with_content_length("200 OK", "{}"),
    })?;
    for target in ["/", "/", "/empty", "/chunks", "/gzip", "/no-content", "/not-found", "/busy", "/"] {
        send_expecting_response(transport, get_request(&server, target), target).await?;
        pause_for_transport_background_work(transport, between).await;
        ensure!(server.connections() == 1, "{} connections up to {target}", server.connections());
    }
    Ok(())
}

pub(crate) async fn closed_connections_are_detected<X: Transport>(transport: &X) -> CheckResult {
    for head in ["200 OK", "200 OK\r\nConnection: close", "200 OK\r\nKeep-Alive: timeout=60"] {
        let server =
            start_respond_and_close_server(move |request| response_with_content_length(head, request.uri().path()))?;
        for target in ["/1", "/2", "/3", "/4"] {
            expect_own_response_or_error(transport, &server, target, "after the connection was closed").await?;
            pause_for_transport_background_work(transport, TRANSPORT_SETTLE_TIME).await;
        }
        ensure!(server.requests().len() > 1, "only the first request arrived");
    }
    Ok(())
}

pub(crate) async fn unsolicited_responses_are_discarded<X: Transport>(transport: &X) -> CheckResult {
    let surplus = response_with_content_length("200 OK", "unsolicited");
    for (case, surplus) in [
        ("with the response", vec![surplus.clone()]),
        ("after the response", vec![Vec::new(), surplus.clone()]),
        ("with the response and after it", vec![surplus.clone(), surplus]),
        (
            "as the reason to close",
            vec![Vec::new(), response_with_content_length("408 Request Timeout\r\nConnection: close", "unsolicited")],
        ),
    ] {
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let server = Server::start(move |connection| {
            while let Some(request) = connection.request()? {
                let sent = send_response_with_surplus_bytes(
                    connection,
                    response_with_content_length("200 OK", request.uri().path()),
                    &surplus,
                );
                count.fetch_add(1, Ordering::Relaxed);
                sent?;
            }
            Ok(())
        })?;
        for target in ["/1", "/2", "/3"] {
            expect_own_response_or_error(transport, &server, target, case).await?;
            // Bytes that arrive after the next request was sent look like the response to it.
            while done.load(Ordering::Relaxed) < server.requests().len() {
                pause_for_transport_background_work(transport, TRANSPORT_SETTLE_TIME).await;
            }
            pause_for_transport_background_work(transport, TRANSPORT_SETTLE_TIME).await;
        }
    }
    Ok(())
}

/// Sends a response and, a moment later each, the bytes of `surplus`, the first of them along with the response.
fn send_response_with_surplus_bytes(
    connection: &mut Connection,
    mut response: Vec<u8>,
    surplus: &[Vec<u8>],
) -> io::Result<()> {
    for more in surplus {
        response.extend(more);
        connection.send(&response)?;
        response.clear();
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

pub(crate) async fn late_responses_are_discarded<X: Transport>(transport: &X) -> CheckResult {
    let server = Server::start(|connection| {
        while let Some(request) = connection.request()? {
            if request.uri() == "/late" {
                thread::sleep(SHORT_REQUEST_TIMEOUT * 2);
            }
            connection.send(&response_with_content_length("200 OK", request.uri().path()))?;
        }
        Ok(())
    })?;
    let late = get_request(&server, "/late");
    for (is_cancelled, case) in
        [(false, "after a late response"), (true, "after a response to a request that was cancelled")]
    {
        if is_cancelled {
            send_and_cancel(transport, late.clone(), SHORT_REQUEST_TIMEOUT).await;
        } else {
            let request = with_timeout(late.clone(), SHORT_REQUEST_TIMEOUT);
            send_expecting_error_kind(transport, request, TransportErrorKind::Timeout, "a late response").await?;
        }
        for target in ["/1", "/2"] {
            let response = send_expecting_response(transport, get_request(&server, target), case).await?;
            expect_body(&response, target.as_bytes(), case)?;
            pause_for_transport_background_work(transport, SHORT_REQUEST_TIMEOUT).await;
        }
    }

    // The unread rest of a body must not be taken for the next response.
    let server = start_keep_alive_server(|request| match request.uri().path() {
        "/large" => {
            response_with_content_length("200 OK", response_with_content_length("200 OK", "within a body").repeat(1000))
        }
        path => response_with_content_length("200 OK", path),
    })?;
    let large = change_limits(get_request(&server, "/large"), |limits| limits.body = 100);
    send_expecting_error_kind(transport, large, TransportErrorKind::TooLarge, "a body that is too large").await?;
    let response =
        send_expecting_response(transport, get_request(&server, "/next"), "after a body that is too large").await?;
    expect_body(&response, b"/next", "after a body that is too large")
}

pub(crate) async fn servers_do_not_share_connections<X: Transport>(transport: &X) -> CheckResult {
    let servers = [
        start_keep_alive_server(|_| response_with_content_length("200 OK", "0"))?,
        start_keep_alive_server(|_| response_with_content_length("200 OK", "1"))?,
    ];
    for _ in 0..3 {
        for (number, server) in servers.iter().enumerate() {
            let case = format!("server {number} of two");
            let response = send_expecting_response(transport, get_request(server, "/"), &case).await?;
            expect_body(&response, number.to_string().as_bytes(), case)?;
        }
    }
    Ok(())
}

pub(crate) async fn unreachable_servers_are_errors<X: Transport>(transport: &X) -> CheckResult {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let request = with_timeout(get_request_for_uri(&format!("http://{address}/")), SERVER_TIMEOUT);
    let case = "a port on which no server listens";
    let error = send_expecting_error(transport, request, case).await?;
    let is_connect = error.kind() == TransportErrorKind::Connect && !error.may_have_been_sent();
    ensure!(is_connect, "{case}: an error of a kind other than Connect: {}", error_chain(&error));
    Ok(())
}

pub(crate) async fn lost_connections_are_errors<X: Transport>(transport: &X) -> CheckResult {
    let closes = start_respond_and_close_server(|_| Vec::new())?;
    send_expecting_error_kind(
        transport,
        get_request(&closes, "/"),
        TransportErrorKind::Exchange,
        "a connection that closes",
    )
    .await?;
    let resets = Server::start(Connection::wait_for_request)?;
    send_expecting_error_kind(
        transport,
        get_request(&resets, "/"),
        TransportErrorKind::Exchange,
        "a connection that is reset",
    )
    .await?;
    let stops = start_respond_and_close_server(|_| b"HTTP/1.1 200 OK\r\nContent-".to_vec())?;
    send_expecting_error_kind(
        transport,
        get_request(&stops, "/"),
        TransportErrorKind::Exchange,
        "a connection that closes within a head",
    )
    .await?;
    let pauses = start_respond_and_close_server(|_| b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())?;
    send_expecting_error_kind(
        transport,
        get_request(&pauses, "/"),
        TransportErrorKind::Exchange,
        "a connection that closes after 100 Continue",
    )
    .await
}

pub(crate) async fn invalid_http_is_an_error<X: Transport>(transport: &X) -> CheckResult {
    for (case, invalid) in [
        ("text", &b"Hello! This is not the server you are looking for.\r\n\r\n"[..]),
        ("another version", b"HTTP/7.3 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("a status of letters", b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}"),
        ("a header without a colon", b"HTTP/1.1 200 OK\r\nContent-Length 2\r\n\r\n{}"),
        ("a header with a zero", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Zero: a\0b\r\n\r\n{}"),
        ("a length of letters", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}"),
        ("a length below zero", b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}"),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\n{}"),
    ] {
        let server = start_respond_and_close_server(|_| invalid.to_vec())?;
        send_expecting_error_kind(
            transport,
            with_timeout(get_request(&server, "/"), TIMEOUT_TOLERANCE),
            TransportErrorKind::InvalidResponse,
            case,
        )
        .await?;
    }
    for (case, invalid) in [
        ("zeros", &[0; 1000][..]),
        ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46"),
        ("HTTP/2", b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
    ] {
        // A transport that reads line by line sees a lost connection.
        let server = start_respond_and_close_server(|_| invalid.to_vec())?;
        let error =
            send_expecting_error(transport, with_timeout(get_request(&server, "/"), TIMEOUT_TOLERANCE), case).await?;
        let fits = matches!(error.kind(), TransportErrorKind::InvalidResponse | TransportErrorKind::Exchange);
        ensure!(fits, "{case}: an error of a kind other than InvalidResponse: {}", error_chain(&error));
    }
    for (case, invalid) in [
        (
            "a chunk without a length",
            &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n{}\r\n0\r\n\r\n"[..],
        ),
        (
            "a chunk longer than its length",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        ),
    ] {
        let server = start_respond_and_close_server(|_| invalid.to_vec())?;
        send_expecting_error_kind(
            transport,
            with_timeout(get_request(&server, "/"), TIMEOUT_TOLERANCE),
            TransportErrorKind::Exchange,
            case,
        )
        .await?;
    }
    Ok(())
}

/// Sends a request and expects its own path as the body of the response, or an error of kind `Exchange`.
async fn expect_own_response_or_error<X: Transport>(
    transport: &X,
    server: &Server,
    target: &str,
    case: &str,
) -> CheckResult {
    match send_request(transport, get_request(server, target)).await {
        Ok(response) => {
            let is_own = response.status() == 200 && response.body() == target.as_bytes();
            ensure!(is_own, "{case}: the response to {target} is {}", response_summary(&response));
        }
        Err(error) => ensure!(error.kind() == TransportErrorKind::Exchange, "{case}: {}", error_chain(&error)),
    }
    Ok(())
}
