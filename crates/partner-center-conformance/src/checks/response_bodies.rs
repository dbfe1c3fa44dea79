//! Bodies of responses: framing, compression and truncation.

use crate::Server;
use crate::harness::{
    CheckResult, TIMEOUT_TOLERANCE, TRANSPORT_SETTLE_TIME, change_limits, chunked_body, ensure, error_chain,
    expect_body, get_request, gzip_compressed, incompressible_bytes, raw_response, request_accepts_gzip,
    response_summary, response_with_content_length, send_expecting_error_kind, send_expecting_response, send_request,
    start_keep_alive_server, start_one_request_per_connection_server, start_respond_and_close_server, with_timeout,
};
use partner_center_core::{Request, Transport, TransportErrorKind, http::Method};
use std::thread;

type RespondToRequest = Box<dyn Fn(&Request) -> Vec<u8> + Send + Sync>;

const CHECKED_BODY_LENGTHS: [usize; 5] = [0, 1, 1000, 70_000, 3 << 20];

pub(crate) async fn sized_bodies_are_complete<X: Transport>(transport: &X) -> CheckResult {
    for length in CHECKED_BODY_LENGTHS {
        let server =
            start_keep_alive_server(move |_| response_with_content_length("200 OK", incompressible_bytes(length)))?;
        let case = format!("a body of {length} bytes");
        expect_body(
            &send_expecting_response(transport, get_request(&server, "/"), &case).await?,
            &incompressible_bytes(length),
            case,
        )?;
    }
    Ok(())
}

pub(crate) async fn chunked_bodies_are_complete<X: Transport>(transport: &X) -> CheckResult {
    for length in CHECKED_BODY_LENGTHS {
        let server = start_keep_alive_server(move |_| {
            raw_response("200 OK\r\nTransfer-Encoding: chunked", chunked_body(&incompressible_bytes(length)))
        })?;
        let case = format!("a body of {length} bytes in chunks");
        expect_body(
            &send_expecting_response(transport, get_request(&server, "/"), &case).await?,
            &incompressible_bytes(length),
            case,
        )?;
    }
    for (case, body) in [
        ("a chunk with an extension", "4;name=value\r\nabcd\r\n6\r\nefghij\r\n0\r\n\r\n"),
        ("a length with zeros", "0004\r\nabcd\r\n06\r\nefghij\r\n000\r\n\r\n"),
        ("a length in capitals", "A\r\nabcdefghij\r\n0\r\n\r\n"),
        ("trailers", "a\r\nabcdefghij\r\n0\r\nX-Checksum: 1\r\nX-More: 2\r\n\r\n"),
    ] {
        let server = start_keep_alive_server(move |_| raw_response("200 OK\r\nTransfer-Encoding: chunked", body))?;
        // The second request shows whether the first response was read completely.
        for _ in 0..2 {
            expect_body(
                &send_expecting_response(transport, get_request(&server, "/"), case).await?,
                b"abcdefghij",
                case,
            )?;
        }
    }
    Ok(())
}

pub(crate) async fn close_delimited_bodies_are_complete<X: Transport>(transport: &X) -> CheckResult {
    for head in ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nConnection: close", "HTTP/1.0 200 OK"] {
        for length in CHECKED_BODY_LENGTHS {
            let case = format!("a body of {length} bytes after {head:?}");
            let server = start_respond_and_close_server(move |_| {
                [format!("{head}\r\n\r\n").as_bytes(), &incompressible_bytes(length)].concat()
            })?;
            expect_body(
                &send_expecting_response(transport, get_request(&server, "/"), &case).await?,
                &incompressible_bytes(length),
                case,
            )?;
        }
    }
    Ok(())
}

pub(crate) async fn compressed_bodies_are_decompressed<X: Transport>(transport: &X) -> CheckResult {
    const BODY_FRAMINGS: [&str; 3] = ["with a length", "in chunks", "until the connection ends"];
    for length in CHECKED_BODY_LENGTHS {
        for (number, framing) in BODY_FRAMINGS.into_iter().enumerate() {
            let compressed = gzip_compressed(&incompressible_bytes(length))?;
            let server = Server::start(move |connection| {
                while let Some(request) = connection.request()? {
                    if !request_accepts_gzip(&request) {
                        connection.send(&response_with_content_length("200 OK", incompressible_bytes(length)))?;
                        continue;
                    }
                    let head = "200 OK\r\nContent-Encoding: gzip";
                    connection.send(&match number {
                        0 => response_with_content_length(head, &compressed),
                        1 => raw_response(&format!("{head}\r\nTransfer-Encoding: chunked"), chunked_body(&compressed)),
                        _ => raw_response(head, &compressed),
                    })?;
                    if number == 2 {
                        break;
                    }
                }
                Ok(())
            })?;
            let case = format!("a body of {length} bytes in gzip {framing}");
            for _ in 0..2 {
                expect_body(
                    &send_expecting_response(transport, get_request(&server, "/"), &case).await?,
                    &incompressible_bytes(length),
                    &case,
                )?;
            }
        }
    }
    check_unusual_encodings_are_decompressed(transport).await
}

/// Checks the rarer encodings that gzip and HTTP allow.
async fn check_unusual_encodings_are_decompressed<X: Transport>(transport: &X) -> CheckResult {
    const TWO_MEMBER_BODY: &[u8] = b"of two members";
    let members = [gzip_compressed(&TWO_MEMBER_BODY[..5])?, gzip_compressed(&TWO_MEMBER_BODY[5..])?];
    for (case, label, pieces) in [
        ("two members", "gzip", vec![members.concat()]),
        ("two members, one after the other", "gzip", members.to_vec()),
        ("a label in other letters", "GZip", vec![gzip_compressed(TWO_MEMBER_BODY)?]),
        ("a label beside one of nothing", "gzip, identity", vec![gzip_compressed(TWO_MEMBER_BODY)?]),
        ("a label after one of nothing and an empty one", "identity, ,gzip", vec![gzip_compressed(TWO_MEMBER_BODY)?]),
        ("labels of two headers", "identity\r\nContent-Encoding: gzip", vec![gzip_compressed(TWO_MEMBER_BODY)?]),
        ("two labels", "gzip, gzip", vec![gzip_compressed(&gzip_compressed(TWO_MEMBER_BODY)?)?]),
    ] {
        let server = start_one_request_per_connection_server(move |connection, request| {
            if !request_accepts_gzip(request) {
                return connection.send(&response_with_content_length("200 OK", TWO_MEMBER_BODY));
            }
            let length: usize = pieces.iter().map(Vec::len).sum();
            connection
                .send(&raw_response(&format!("200 OK\r\nContent-Encoding: {label}\r\nContent-Length: {length}"), ""))?;
            pieces.iter().try_for_each(|piece| {
                thread::sleep(TRANSPORT_SETTLE_TIME);
                connection.send(piece)
            })
        })?;
        expect_body(
            &send_expecting_response(transport, get_request(&server, "/"), case).await?,
            TWO_MEMBER_BODY,
            case,
        )?;
    }
    Ok(())
}

pub(crate) async fn bodiless_responses_end_with_the_head<X: Transport>(transport: &X) -> CheckResult {
    for (method, head) in [
        (Method::GET, "204 No Content"),
        (Method::GET, "204 No Content\r\nContent-Length: 0"),
        (Method::GET, "204 No Content\r\nContent-Length: 5"),
        (Method::GET, "204 No Content\r\nContent-Encoding: gzip"),
        (Method::GET, "304 Not Modified"),
        (Method::GET, "304 Not Modified\r\nContent-Length: 5"),
        (Method::HEAD, "200 OK"),
        (Method::HEAD, "200 OK\r\nContent-Length: 5"),
        (Method::HEAD, "200 OK\r\nContent-Encoding: gzip"),
        (Method::HEAD, "200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip"),
        (Method::HEAD, "200 OK\r\nTransfer-Encoding: chunked"),
        (Method::HEAD, "404 Not Found\r\nContent-Length: 5\r\nContent-Encoding: gzip"),
    ] {
        let case = format!("{method} with {head:?}");
        let server = start_keep_alive_server(move |_| raw_response(head, ""))?;
        // The second request shows whether unread bytes of the first response are left.
        for _ in 0..2 {
            let mut request = with_timeout(get_request(&server, "/"), TIMEOUT_TOLERANCE);
            *request.method_mut() = method.clone();
            expect_body(&send_expecting_response(transport, request, &case).await?, b"", &case)?;
        }
    }
    Ok(())
}

pub(crate) async fn truncated_bodies_are_errors<X: Transport>(transport: &X) -> CheckResult {
    let in_chunks = "200 OK\r\nTransfer-Encoding: chunked";
    for (case, head, body) in [
        ("a body with a length, of which nothing comes", "200 OK\r\nContent-Length: 10", ""),
        ("a body with a length, of which a part comes", "200 OK\r\nContent-Length: 10", "abcd"),
        ("a body in chunks, of which nothing comes", in_chunks, ""),
        ("a body in chunks, cut in a length", in_chunks, "4\r\nabcd\r\n1"),
        ("a body in chunks, cut in a chunk", in_chunks, "4\r\nabcd\r\n6\r\nef"),
        ("a body in chunks, cut after a chunk", in_chunks, "4\r\nabcd\r\n"),
        ("a body in chunks, cut in the last line", in_chunks, "4\r\nabcd\r\n0"),
    ] {
        let server = start_respond_and_close_server(move |_| raw_response(head, body))?;
        send_expecting_error_kind(transport, get_request(&server, "/"), TransportErrorKind::Exchange, case).await?;
    }
    Ok(())
}

pub(crate) async fn truncated_compressed_bodies_are_errors<X: Transport>(transport: &X) -> CheckResult {
    let compressed = gzip_compressed(&incompressible_bytes(10_000))?;
    let length = compressed.len();
    let truncated = [1, 5, 10, 100, length / 2, length - 8, length - 1]
        .map(|kept| (format!("{kept} bytes of {length} in gzip"), compressed[..kept].to_vec()));
    // In the data, in the checksum, and in the length.
    let damaged = [length / 2, length - 8, length - 1].map(|place| {
        let mut body = compressed.clone();
        body[place] ^= 1;
        (format!("{length} bytes in gzip, of which number {place} is wrong"), body)
    });
    for (case, body) in truncated.into_iter().chain(damaged) {
        for is_chunked in [false, true] {
            let body = body.clone();
            let server = start_respond_and_close_server(move |request| {
                let head = "200 OK\r\nContent-Encoding: gzip";
                if !request_accepts_gzip(request) {
                    raw_response("200 OK\r\nContent-Length: 10", "abcd")
                } else if is_chunked {
                    raw_response(&format!("{head}\r\nTransfer-Encoding: chunked"), chunked_body(&body))
                } else {
                    response_with_content_length(head, &body)
                }
            })?;
            send_expecting_error_kind(transport, get_request(&server, "/"), TransportErrorKind::Exchange, &case)
                .await?;
        }
    }
    Ok(())
}

pub(crate) async fn error_bodies_are_complete_or_empty<X: Transport>(transport: &X) -> CheckResult {
    let compressed = gzip_compressed(&incompressible_bytes(1000))?;
    let truncated = compressed[..compressed.len() / 2].to_vec();
    let responses: [(&str, RespondToRequest); 4] = [
        ("truncated", Box::new(|_| raw_response("403 Forbidden\r\nContent-Length: 10", "abcd"))),
        ("truncated in chunks", Box::new(|_| raw_response("500 Oh\r\nTransfer-Encoding: chunked", "4\r\nabcd\r\n"))),
        ("too large", Box::new(|_| response_with_content_length("404 Not Found", incompressible_bytes(2000)))),
        (
            "truncated in gzip",
            Box::new(move |request| {
                let head = "403 Forbidden\r\nContent-Encoding: gzip";
                if request_accepts_gzip(request) {
                    response_with_content_length(head, &truncated)
                } else {
                    response_with_content_length("403 Forbidden", "")
                }
            }),
        ),
    ];
    for (case, respond) in responses {
        let server = start_respond_and_close_server(respond)?;
        let request = change_limits(get_request(&server, "/"), |limits| limits.body = 1000);
        match send_request(transport, request).await {
            Ok(response) => ensure!(
                !response.status().is_success() && response.body().is_empty(),
                "an error response whose body is {case}: {}",
                response_summary(&response),
            ),
            Err(error) => {
                let kind = error.kind();
                let fits = matches!(kind, TransportErrorKind::Exchange | TransportErrorKind::TooLarge);
                ensure!(fits, "an error response whose body is {case}: {}", error_chain(&error));
            }
        }
    }
    Ok(())
}
