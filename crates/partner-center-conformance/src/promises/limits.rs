//! How much of an answer is taken.

use crate::exchange::{
    Held, NEAR, PATIENCE, accepts_gzip, answer, answered, answering, bytes, chunked, closing_after, ensure, failed,
    fails, get, gzip, has_body, limited, raw, told, within,
};
use crate::{Connection, Server};
use partner_center_core::{Request, Transport, TransportErrorKind};
use std::{io, time::Instant};

const LIMIT: usize = 100_000;

type Answer = fn(Vec<u8>) -> Vec<u8>;

pub(crate) async fn the_body_limit_is_exact<X: Transport>(transport: &X) -> Held {
    let framings: [(&str, Answer); 3] = [
        ("with a length", |body| answer("200 OK", body)),
        ("in chunks", |body| raw("200 OK\r\nTransfer-Encoding: chunked", chunked(&body))),
        ("until the connection ends", |body| raw("200 OK", body)),
    ];
    for (framing, answer) in framings {
        for limit in [0, 1, LIMIT] {
            let server = closing_after(move |_| answer(bytes(limit)))?;
            let case = format!("{limit} bytes {framing} where {limit} are allowed");
            let response = answered(transport, up_to(limit, get(&server, "/")), &case).await?;
            has_body(&response, &bytes(limit), case)?;

            let server = closing_after(move |_| answer(bytes(limit + 1)))?;
            let case = format!("{} bytes {framing} where {limit} are allowed", limit + 1);
            fails(transport, up_to(limit, get(&server, "/")), TransportErrorKind::TooLarge, case).await?;
        }
    }
    Ok(())
}

pub(crate) async fn the_body_limit_counts_what_is_decompressed<X: Transport>(transport: &X) -> Held {
    for is_repetitive in [true, false] {
        for (length, kind) in [(LIMIT, None), (LIMIT + 1, Some(TransportErrorKind::TooLarge))] {
            let body = if is_repetitive { vec![b' '; length] } else { bytes(length) };
            let (plain, compressed) = (body.clone(), gzip(&body)?);
            let server = answering(move |request| {
                if accepts_gzip(request) {
                    answer("200 OK\r\nContent-Encoding: gzip", &compressed)
                } else {
                    answer("200 OK", &plain)
                }
            })?;
            let request = up_to(LIMIT, get(&server, "/"));
            let case = format!("{length} bytes in gzip where {LIMIT} are allowed");
            match kind {
                None => has_body(&answered(transport, request, &case).await?, &body, case)?,
                Some(kind) => fails(transport, request, kind, case).await?,
            }
        }
    }
    Ok(())
}

pub(crate) async fn endless_bodies_end<X: Transport>(transport: &X) -> Held {
    type Endless = fn(&mut Connection, &Request) -> io::Result<()>;
    let bodies: [(&str, Endless); 3] = [
        ("in chunks", |connection, _| {
            let chunk = [b"10000\r\n", &bytes(1 << 16)[..], b"\r\n"].concat();
            endlessly(connection, "200 OK\r\nTransfer-Encoding: chunked", &chunk)
        }),
        ("until the connection ends", |connection, _| endlessly(connection, "200 OK", &bytes(1 << 16))),
        ("in gzip", |connection, request| {
            if !accepts_gzip(request) {
                return endlessly(connection, "200 OK", &bytes(1 << 16));
            }
            // One member after another, each of which decompresses to a thousand times its size.
            endlessly(connection, "200 OK\r\nContent-Encoding: gzip", &gzip(&vec![0; 1 << 24])?)
        }),
    ];
    for (case, body) in bodies {
        let server = Server::start(move |connection| match connection.request()? {
            Some(request) => body(connection, &request),
            None => Ok(()),
        })?;
        let started = Instant::now();
        let case = format!("a body without end {case}");
        fails(transport, up_to(LIMIT, get(&server, "/")), TransportErrorKind::TooLarge, &case).await?;
        let elapsed = started.elapsed();
        ensure!(elapsed < NEAR, "{case}: it was given up after {elapsed:?} only");
    }
    Ok(())
}

pub(crate) async fn announced_lengths_are_not_believed<X: Transport>(transport: &X) -> Held {
    for length in [1_u64 << 40, i64::MAX.unsigned_abs(), u64::MAX - 2] {
        let server = closing_after(move |_| raw(&format!("200 OK\r\nContent-Length: {length}"), "abc"))?;
        // There is room for all that may be.
        let case = format!("3 bytes said to be {length}");
        fails(transport, up_to(usize::MAX, get(&server, "/")), TransportErrorKind::Exchange, case).await?;
    }
    for length in ["7fffffffffffffff", "ffffffffffffffff"] {
        let body = format!("{length}\r\nabc");
        let server = closing_after(move |_| raw("200 OK\r\nTransfer-Encoding: chunked", &body))?;
        let case = format!("a chunk of 3 bytes said to be 0x{length}");
        fails(transport, up_to(usize::MAX, get(&server, "/")), TransportErrorKind::Exchange, case).await?;
    }
    Ok(())
}

pub(crate) async fn endless_heads_end<X: Transport>(transport: &X) -> Held {
    for (case, head, more) in [
        ("a status line without end", "200 ", vec![b'x'; 1 << 16]),
        ("a header without end", "200 OK\r\nX-Long: ", vec![b'x'; 1 << 16]),
        ("headers without end", "200 OK\r\n", b"X-Many: x\r\n".repeat(1 << 12)),
    ] {
        let head = format!("HTTP/1.1 {head}");
        let server = Server::start(move |connection| match connection.request()? {
            Some(_) => {
                connection.send(head.as_bytes())?;
                flood(connection, &more)
            }
            None => Ok(()),
        })?;
        let started = Instant::now();
        let error = failed(transport, within(get(&server, "/"), NEAR), case).await?;
        let elapsed = started.elapsed();
        ensure!(elapsed < NEAR + NEAR, "{case}: it was given up after {elapsed:?} only: {}", told(&error));
    }
    Ok(())
}

fn up_to(limit: usize, request: Request) -> Request {
    limited(request, |limits| limits.body = limit)
}

fn endlessly(connection: &mut Connection, head: &str, piece: &[u8]) -> io::Result<()> {
    connection.send(&raw(head, ""))?;
    flood(connection, piece)
}

/// Sends `piece` again and again, until the other side has enough or patience ends.
fn flood(connection: &mut Connection, piece: &[u8]) -> io::Result<()> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        connection.send(piece)?;
    }
    Ok(())
}
