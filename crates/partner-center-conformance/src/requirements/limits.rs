//! How much of an answer is taken.

use crate::exchange::{
    Held, NEAR, PATIENCE, accepts_gzip, answer, answered, answering, bytes, chunked, closing_after, ensure, failed,
    fails, get, gzip, has_body, limited, once, raw, told,
};
use partner_center_core::{Request, Transport, TransportErrorKind};
use std::time::Instant;

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
    const HEADS: [(&str, &str); 3] = [
        ("with a length", "200 OK\r\nContent-Length: 1000000000"),
        ("in chunks", "200 OK\r\nTransfer-Encoding: chunked"),
        ("until the connection ends", "200 OK"),
    ];
    for is_compressed in [false, true] {
        for (framing, head) in HEADS {
            let large = vec![b' '; 4 << 20];
            let compressed = gzip(&large)?;
            let server = once(move |connection, request| {
                let (coding, body) = if is_compressed && accepts_gzip(request) {
                    ("\r\nContent-Encoding: gzip", &compressed)
                } else {
                    ("", &large)
                };
                connection.send(&raw(&format!("{head}{coding}"), ""))?;
                if head.ends_with("chunked") {
                    connection.send(format!("{:x}\r\n", body.len()).as_bytes())?;
                }
                // There may be more, and whoever waits for it waits in vain.
                connection.send(body)?;
                connection.pause(PATIENCE)
            })?;
            let started = Instant::now();
            let case = format!("a body {framing} of 4 MiB and no end where {LIMIT} bytes are allowed");
            fails(transport, up_to(LIMIT, get(&server, "/")), TransportErrorKind::TooLarge, &case).await?;
            let elapsed = started.elapsed();
            ensure!(elapsed < NEAR, "{case}: it was given up after {elapsed:?} only");
        }
    }
    Ok(())
}

pub(crate) async fn announced_lengths_are_not_believed<X: Transport>(transport: &X) -> Held {
    // First what is more than can be asked for: to believe that is a panic, and not the end of the process.
    for length in [u64::MAX - 2, i64::MAX.unsigned_abs(), 1 << 40] {
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
        ("a status line of 16 MiB and no end", "200 ", "x"),
        ("a header of 16 MiB and no end", "200 OK\r\nX-Long: ", "x"),
        ("headers of 16 MiB and no end", "200 OK\r\n", "X-Many: many\r\n"),
    ] {
        let server = once(move |connection, _| {
            connection.send(format!("HTTP/1.1 {head}").as_bytes())?;
            connection.send(more.repeat((16 << 20) / more.len()).as_bytes())?;
            connection.pause(PATIENCE)
        })?;
        let error = failed(transport, get(&server, "/"), case).await?;
        ensure!(error.kind() != TransportErrorKind::Timeout, "{case}: more of it was waited for: {}", told(&error));
        let is_named = error.kind() == TransportErrorKind::InvalidResponse;
        ensure!(is_named, "{case}: an error of another kind than InvalidResponse: {}", told(&error));
    }
    Ok(())
}

fn up_to(limit: usize, request: Request) -> Request {
    limited(request, |limits| limits.body = limit)
}
