//! How long an exchange may take.

use crate::exchange::{
    Held, NEAR, PATIENCE, TIMEOUT, accepts_gzip, answer, answered, answering, bytes, ensure, get, gzip, has_body, once,
    outlined, raw, seen, send, silent, times_out, told, within,
};
use crate::{Connection, Server};
use partner_center_core::{Request, Transport, TransportErrorKind, http::Method};
use std::{
    io, thread,
    time::{Duration, Instant},
};

/// A byte now and then: each comes in time, and all of them do not.
const DRIP: Duration = Duration::from_millis(50);

pub(crate) async fn silence_times_out<X: Transport>(transport: &X) -> Held {
    let server = silent()?;
    times_out(transport, within(get(&server, "/"), TIMEOUT), "no answer").await
}

pub(crate) async fn dripping_heads_time_out<X: Transport>(transport: &X) -> Held {
    for (case, drops) in [("a head that stops", 0), ("a head that drips", 1000)] {
        let server = once(move |connection, _| {
            connection.send(b"HTTP/1.1 200 OK\r\nX-Drip: ")?;
            drip(connection, vec![b'x'; drops])?;
            connection.pause(PATIENCE)
        })?;
        times_out(transport, within(get(&server, "/"), TIMEOUT), case).await?;
    }
    Ok(())
}

pub(crate) async fn dripping_bodies_time_out<X: Transport>(transport: &X) -> Held {
    type Answer = fn(&Request) -> io::Result<(Vec<u8>, Vec<u8>)>;
    let answers: [(&str, Answer); 4] = [
        ("a body that does not come", |_| Ok((raw("200 OK\r\nContent-Length: 1000", ""), Vec::new()))),
        ("a body that drips", |_| Ok((raw("200 OK\r\nContent-Length: 1000", ""), bytes(1000)))),
        ("a body that drips in chunks", |_| {
            Ok((raw("200 OK\r\nTransfer-Encoding: chunked", ""), b"1\r\nx\r\n".repeat(1000)))
        }),
        ("a body that drips in gzip", |request| {
            let (coding, body) =
                if accepts_gzip(request) { ("gzip", gzip(&bytes(1000))?) } else { ("identity", bytes(1000)) };
            let head = format!("200 OK\r\nContent-Length: {}\r\nContent-Encoding: {coding}", body.len());
            Ok((raw(&head, ""), body))
        }),
    ];
    for (case, answer) in answers {
        let server = once(move |connection, request| {
            let (head, body) = answer(request)?;
            connection.send(&head)?;
            drip(connection, body)?;
            connection.pause(PATIENCE)
        })?;
        times_out(transport, within(get(&server, "/"), TIMEOUT), case).await?;
    }
    Ok(())
}

pub(crate) async fn stuck_requests_time_out<X: Transport>(transport: &X) -> Held {
    // Nothing of the request is read, and it is larger than what is sent ahead of that.
    let server = Server::start(|connection| {
        connection.wait_for_request()?;
        thread::sleep(PATIENCE);
        Ok(())
    })?;
    let mut request = within(get(&server, "/"), TIMEOUT);
    *request.method_mut() = Method::POST;
    *request.body_mut() = vec![b'x'; 16 << 20];
    times_out(transport, request, "a request of 16 MiB that is not taken").await
}

pub(crate) async fn the_longest_timeout_is_one<X: Transport>(transport: &X) -> Held {
    let server = answering(|_| answer("200 OK", "{}"))?;
    let response = answered(transport, within(get(&server, "/"), Duration::MAX), "the longest timeout").await?;
    has_body(&response, b"{}", "the longest timeout")
}

pub(crate) async fn no_time_is_a_timeout<X: Transport>(transport: &X) -> Held {
    let server = silent()?;
    let started = Instant::now();
    match send(transport, within(get(&server, "/"), Duration::ZERO)).await {
        Ok(response) => seen!("no error but an answer: {}", outlined(&response)),
        Err(error) => ensure!(error.kind() == TransportErrorKind::Timeout, "{}", told(&error)),
    }
    ensure!(started.elapsed() < NEAR, "it gave up after {:?}", started.elapsed());
    Ok(())
}

fn drip(connection: &mut Connection, bytes: Vec<u8>) -> io::Result<()> {
    let started = Instant::now();
    for byte in bytes {
        if started.elapsed() > PATIENCE {
            break;
        }
        thread::sleep(DRIP);
        connection.send(&[byte])?;
    }
    Ok(())
}
