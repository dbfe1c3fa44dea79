//! Maximum sizes of heads and bodies.

use crate::harness::{
    CheckResult, SERVER_TIMEOUT, TIMEOUT_TOLERANCE, change_limits, chunked_body, ensure, error_chain, expect_body,
    get_request, gzip_compressed, incompressible_bytes, raw_response, request_accepts_gzip,
    response_with_content_length, send_expecting_error, send_expecting_error_kind, send_expecting_response,
    start_keep_alive_server, start_one_request_per_connection_server, start_respond_and_close_server,
};
use partner_center_core::{Request, Transport, TransportErrorKind};
use std::time::Instant;

const CHECKED_BODY_LIMIT: usize = 100_000;

type ResponseFromBody = fn(Vec<u8>) -> Vec<u8>;

pub(crate) async fn body_limit_is_exact<X: Transport>(transport: &X) -> CheckResult {
    let framings: [(&str, ResponseFromBody); 3] = [
        ("with a length", |body| response_with_content_length("200 OK", body)),
        ("in chunks", |body| raw_response("200 OK\r\nTransfer-Encoding: chunked", chunked_body(&body))),
        ("until the connection ends", |body| raw_response("200 OK", body)),
    ];
    for (framing, respond) in framings {
        for limit in [0, 1, CHECKED_BODY_LIMIT] {
            let server = start_respond_and_close_server(move |_| respond(incompressible_bytes(limit)))?;
            let case = format!("{limit} bytes {framing} where {limit} are allowed");
            let response =
                send_expecting_response(transport, with_body_limit(limit, get_request(&server, "/")), &case).await?;
            expect_body(&response, &incompressible_bytes(limit), case)?;

            let server = start_respond_and_close_server(move |_| respond(incompressible_bytes(limit + 1)))?;
            let case = format!("{} bytes {framing} where {limit} are allowed", limit + 1);
            send_expecting_error_kind(
                transport,
                with_body_limit(limit, get_request(&server, "/")),
                TransportErrorKind::TooLarge,
                case,
            )
            .await?;
        }
    }
    Ok(())
}

pub(crate) async fn body_limit_counts_decompressed_bytes<X: Transport>(transport: &X) -> CheckResult {
    for is_repetitive in [true, false] {
        for (length, kind) in [(CHECKED_BODY_LIMIT, None), (CHECKED_BODY_LIMIT + 1, Some(TransportErrorKind::TooLarge))]
        {
            let body = if is_repetitive { vec![b' '; length] } else { incompressible_bytes(length) };
            let (plain, compressed) = (body.clone(), gzip_compressed(&body)?);
            let server = start_keep_alive_server(move |request| {
                if request_accepts_gzip(request) {
                    response_with_content_length("200 OK\r\nContent-Encoding: gzip", &compressed)
                } else {
                    response_with_content_length("200 OK", &plain)
                }
            })?;
            let request = with_body_limit(CHECKED_BODY_LIMIT, get_request(&server, "/"));
            let case = format!("{length} bytes in gzip where {CHECKED_BODY_LIMIT} are allowed");
            match kind {
                None => expect_body(&send_expecting_response(transport, request, &case).await?, &body, case)?,
                Some(kind) => send_expecting_error_kind(transport, request, kind, case).await?,
            }
        }
    }
    Ok(())
}

pub(crate) async fn endless_bodies_are_abandoned<X: Transport>(transport: &X) -> CheckResult {
    const ENDLESS_RESPONSE_HEADS: [(&str, &str); 3] = [
        ("with a length", "200 OK\r\nContent-Length: 1000000000"),
        ("in chunks", "200 OK\r\nTransfer-Encoding: chunked"),
        ("until the connection ends", "200 OK"),
    ];
    for is_compressed in [false, true] {
        for (framing, head) in ENDLESS_RESPONSE_HEADS {
            let large = vec![b' '; 4 << 20];
            let compressed = gzip_compressed(&large)?;
            let server = start_one_request_per_connection_server(move |connection, request| {
                let (coding, body) = if is_compressed && request_accepts_gzip(request) {
                    ("\r\nContent-Encoding: gzip", &compressed)
                } else {
                    ("", &large)
                };
                connection.send(&raw_response(&format!("{head}{coding}"), ""))?;
                if head.ends_with("chunked") {
                    connection.send(format!("{:x}\r\n", body.len()).as_bytes())?;
                }
                // A transport that waits for more times out.
                connection.send(body)?;
                connection.pause(SERVER_TIMEOUT)
            })?;
            let started = Instant::now();
            let case = format!("a body {framing} of 4 MiB and no end where {CHECKED_BODY_LIMIT} bytes are allowed");
            send_expecting_error_kind(
                transport,
                with_body_limit(CHECKED_BODY_LIMIT, get_request(&server, "/")),
                TransportErrorKind::TooLarge,
                &case,
            )
            .await?;
            let elapsed = started.elapsed();
            ensure!(elapsed < TIMEOUT_TOLERANCE, "{case}: it was abandoned only after {elapsed:?}");
        }
    }
    Ok(())
}

pub(crate) async fn announced_lengths_are_not_trusted<X: Transport>(transport: &X) -> CheckResult {
    // First lengths that exceed any allocation: to trust those is a panic, where smaller ones would abort the process.
    for length in [u64::MAX - 2, i64::MAX.unsigned_abs(), 1 << 40] {
        let server = start_respond_and_close_server(move |_| {
            raw_response(&format!("200 OK\r\nContent-Length: {length}"), "abc")
        })?;
        // The limit of the body allows all of them.
        let case = format!("3 bytes announced as {length}");
        send_expecting_error_kind(
            transport,
            with_body_limit(usize::MAX, get_request(&server, "/")),
            TransportErrorKind::Exchange,
            case,
        )
        .await?;
    }
    for length in ["7fffffffffffffff", "ffffffffffffffff"] {
        let body = format!("{length}\r\nabc");
        let server =
            start_respond_and_close_server(move |_| raw_response("200 OK\r\nTransfer-Encoding: chunked", &body))?;
        let case = format!("a chunk of 3 bytes announced as 0x{length}");
        send_expecting_error_kind(
            transport,
            with_body_limit(usize::MAX, get_request(&server, "/")),
            TransportErrorKind::Exchange,
            case,
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn endless_heads_are_errors<X: Transport>(transport: &X) -> CheckResult {
    for (case, head, more) in [
        ("a status line of 16 MiB and no end", "200 ", "x"),
        ("a header of 16 MiB and no end", "200 OK\r\nX-Long: ", "x"),
        ("headers of 16 MiB and no end", "200 OK\r\n", "X-Many: many\r\n"),
    ] {
        let server = start_one_request_per_connection_server(move |connection, _| {
            connection.send(format!("HTTP/1.1 {head}").as_bytes())?;
            connection.send(more.repeat((16 << 20) / more.len()).as_bytes())?;
            connection.pause(SERVER_TIMEOUT)
        })?;
        let error = send_expecting_error(transport, get_request(&server, "/"), case).await?;
        ensure!(
            error.kind() != TransportErrorKind::Timeout,
            "{case}: the transport waited for more of it: {}",
            error_chain(&error)
        );
        let is_reported = error.kind() == TransportErrorKind::InvalidResponse;
        ensure!(is_reported, "{case}: an error of a kind other than InvalidResponse: {}", error_chain(&error));
    }
    Ok(())
}

fn with_body_limit(limit: usize, request: Request) -> Request {
    change_limits(request, |limits| limits.body = limit)
}
