//! What is done with connections.

use crate::exchange::{
    Held, NEAR, PATIENCE, SHORTLY, TIMEOUT, accepts_gzip, answer, answered, answering, chunked, closing_after, ensure,
    failed, fails, get, get_from, given_up, gzip, has_body, limited, outlined, pause, raw, send, told, within,
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

pub(crate) async fn connections_are_kept<X: Transport>(transport: &X) -> Held {
    // On a busy machine it may be a while before a connection is taken back.
    if are_kept(transport, SHORTLY).await.is_ok() { Ok(()) } else { are_kept(transport, TIMEOUT).await }
}

async fn are_kept<X: Transport>(transport: &X, between: Duration) -> Held {
    let compressed = gzip(b"{}")?;
    let server = answering(move |request| match request.uri().path() {
        "/empty" => answer("200 OK", ""),
        "/chunks" => raw("200 OK\r\nTransfer-Encoding: chunked", chunked(b"{}")),
        "/gzip" if accepts_gzip(request) => answer("200 OK\r\nContent-Encoding: gzip", &compressed),
        "/no-content" => raw("204 No Content", ""),
        "/refused" => answer("404 Not Found", r#"{"code": 2000}"#),
        "/busy" => answer("503 Busy", "busy"),
        _ => answer("200 OK", "{}"),
    })?;
    for target in ["/", "/", "/empty", "/chunks", "/gzip", "/no-content", "/refused", "/busy", "/"] {
        answered(transport, get(&server, target), target).await?;
        pause(transport, between).await;
        ensure!(server.connections() == 1, "{} connections up to {target}", server.connections());
    }
    Ok(())
}

pub(crate) async fn closed_connections_are_no_answers<X: Transport>(transport: &X) -> Held {
    for head in ["200 OK", "200 OK\r\nConnection: close", "200 OK\r\nKeep-Alive: timeout=60"] {
        let server = closing_after(move |request| answer(head, request.uri().path()))?;
        for target in ["/1", "/2", "/3", "/4"] {
            own_answer_or_error(transport, &server, target, "after the connection was closed").await?;
            pause(transport, SHORTLY).await;
        }
        ensure!(server.requests().len() > 1, "no request but the first one arrived");
    }
    Ok(())
}

pub(crate) async fn what_is_sent_unasked_is_no_answer<X: Transport>(transport: &X) -> Held {
    let surplus = answer("200 OK", "unasked");
    for (case, surplus) in [
        ("with the answer", vec![surplus.clone()]),
        ("behind the answer", vec![Vec::new(), surplus.clone()]),
        ("with the answer and behind it", vec![surplus.clone(), surplus]),
        ("as the reason to close", vec![Vec::new(), answer("408 Request Timeout\r\nConnection: close", "unasked")]),
    ] {
        let done = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&done);
        let server = Server::start(move |connection| {
            while let Some(request) = connection.request()? {
                let sent = send_with(connection, answer("200 OK", request.uri().path()), &surplus);
                count.fetch_add(1, Ordering::Relaxed);
                sent?;
            }
            Ok(())
        })?;
        for target in ["/1", "/2", "/3"] {
            own_answer_or_error(transport, &server, target, case).await?;
            // What comes when the next request is on its way cannot be told from the answer to it.
            while done.load(Ordering::Relaxed) < server.requests().len() {
                pause(transport, SHORTLY).await;
            }
            pause(transport, SHORTLY).await;
        }
    }
    Ok(())
}

/// Sends an answer and, a moment later each, what nobody asked for. The first of that travels with the answer.
fn send_with(connection: &mut Connection, mut answer: Vec<u8>, surplus: &[Vec<u8>]) -> io::Result<()> {
    for more in surplus {
        answer.extend(more);
        connection.send(&answer)?;
        answer.clear();
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

pub(crate) async fn late_answers_are_no_answers<X: Transport>(transport: &X) -> Held {
    let server = Server::start(|connection| {
        while let Some(request) = connection.request()? {
            if request.uri() == "/late" {
                thread::sleep(TIMEOUT * 2);
            }
            connection.send(&answer("200 OK", request.uri().path()))?;
        }
        Ok(())
    })?;
    let late = get(&server, "/late");
    for (is_dropped, case) in [(false, "after a late answer"), (true, "after an answer that nobody waited for")] {
        if is_dropped {
            given_up(transport, late.clone(), TIMEOUT).await;
        } else {
            let request = within(late.clone(), TIMEOUT);
            fails(transport, request, TransportErrorKind::Timeout, "a late answer").await?;
        }
        for target in ["/1", "/2"] {
            let response = answered(transport, get(&server, target), case).await?;
            has_body(&response, target.as_bytes(), case)?;
            pause(transport, TIMEOUT).await;
        }
    }

    // A body that was not read to its end lies in the way of the next answer.
    let server = answering(|request| match request.uri().path() {
        "/large" => answer("200 OK", answer("200 OK", "within a body").repeat(1000)),
        path => answer("200 OK", path),
    })?;
    let large = limited(get(&server, "/large"), |limits| limits.body = 100);
    fails(transport, large, TransportErrorKind::TooLarge, "a body that is too large").await?;
    let response = answered(transport, get(&server, "/next"), "after a body that is too large").await?;
    has_body(&response, b"/next", "after a body that is too large")
}

pub(crate) async fn servers_are_told_apart<X: Transport>(transport: &X) -> Held {
    let servers = [answering(|_| answer("200 OK", "0"))?, answering(|_| answer("200 OK", "1"))?];
    for _ in 0..3 {
        for (number, server) in servers.iter().enumerate() {
            let case = format!("server {number} of two");
            let response = answered(transport, get(server, "/"), &case).await?;
            has_body(&response, number.to_string().as_bytes(), case)?;
        }
    }
    Ok(())
}

pub(crate) async fn nobody_there_is_an_error<X: Transport>(transport: &X) -> Held {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let request = within(get_from(&format!("http://{address}/")), PATIENCE);
    fails(transport, request, TransportErrorKind::Exchange, "a port that nobody listens at").await
}

pub(crate) async fn lost_connections_are_errors<X: Transport>(transport: &X) -> Held {
    let closes = closing_after(|_| Vec::new())?;
    fails(transport, get(&closes, "/"), TransportErrorKind::Exchange, "a connection that closes").await?;
    let resets = Server::start(Connection::wait_for_request)?;
    fails(transport, get(&resets, "/"), TransportErrorKind::Exchange, "a connection that is reset").await?;
    let stops = closing_after(|_| b"HTTP/1.1 200 OK\r\nContent-".to_vec())?;
    fails(transport, get(&stops, "/"), TransportErrorKind::Exchange, "a connection that closes within a head").await?;
    let pauses = closing_after(|_| b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())?;
    fails(transport, get(&pauses, "/"), TransportErrorKind::Exchange, "a connection that closes after 100 Continue")
        .await
}

pub(crate) async fn nonsense_is_an_error<X: Transport>(transport: &X) -> Held {
    for (case, nonsense) in [
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
        let server = closing_after(|_| nonsense.to_vec())?;
        fails(transport, within(get(&server, "/"), NEAR), TransportErrorKind::InvalidResponse, case).await?;
    }
    for (case, nonsense) in [
        ("zeros", &[0; 1000][..]),
        ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x46"),
        ("HTTP/2", b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"),
    ] {
        // Who reads line by line sees no line but a connection that is lost.
        let server = closing_after(|_| nonsense.to_vec())?;
        let error = failed(transport, within(get(&server, "/"), NEAR), case).await?;
        let fits = matches!(error.kind(), TransportErrorKind::InvalidResponse | TransportErrorKind::Exchange);
        ensure!(fits, "{case}: an error of another kind than InvalidResponse: {}", told(&error));
    }
    for (case, nonsense) in [
        (
            "a chunk without a length",
            &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n{}\r\n0\r\n\r\n"[..],
        ),
        (
            "a chunk longer than its length",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        ),
    ] {
        let server = closing_after(|_| nonsense.to_vec())?;
        fails(transport, within(get(&server, "/"), NEAR), TransportErrorKind::Exchange, case).await?;
    }
    Ok(())
}

/// Sends a request whose right answer is its own path; anything but that or an error of kind `Exchange` is wrong.
async fn own_answer_or_error<X: Transport>(transport: &X, server: &Server, target: &str, case: &str) -> Held {
    match send(transport, get(server, target)).await {
        Ok(response) => {
            let is_own = response.status() == 200 && response.body() == target.as_bytes();
            ensure!(is_own, "{case}: the answer to {target} is {}", outlined(&response));
        }
        Err(error) => ensure!(error.kind() == TransportErrorKind::Exchange, "{case}: {}", told(&error)),
    }
    Ok(())
}
