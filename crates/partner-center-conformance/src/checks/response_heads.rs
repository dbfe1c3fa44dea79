//! Heads of responses: status and headers.

use crate::harness::{
    CheckResult, ViolationObservation, body_excerpt, ensure, error_chain, expect_body, get_request, response_summary,
    response_with_content_length, send_expecting_response, send_request, start_keep_alive_server,
    start_respond_and_close_server,
};
use partner_center_core::{Transport, TransportErrorKind, http::header::LOCATION};

pub(crate) async fn every_status_is_a_response<X: Transport>(transport: &X) -> CheckResult {
    const CHECKED_STATUS_CODES: [u16; 26] = [
        200, 201, 202, 203, 206, 299, 300, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 412, 418, 429, 499, 500,
        501, 502, 503, 599,
    ];
    let server = start_keep_alive_server(|request| {
        let status = request.uri().path().trim_start_matches('/');
        // The reason phrase may be empty.
        let reason = if status.ends_with('9') { "" } else { "In Many Words" };
        response_with_content_length(&format!("{status} {reason}"), format!("the body of {status}"))
    })?;
    for status in CHECKED_STATUS_CODES {
        let response = send_expecting_response(transport, get_request(&server, &format!("/{status}")), status).await?;
        ensure!(response.status() == status, "{status} was returned as {}", response.status());
        expect_body(&response, format!("the body of {status}").as_bytes(), status)?;
    }
    Ok(())
}

pub(crate) async fn redirects_are_not_followed<X: Transport>(transport: &X) -> CheckResult {
    let elsewhere = start_keep_alive_server(|_| response_with_content_length("200 OK", "elsewhere"))?;
    let location = format!("{}/elsewhere", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        for location in ["/here", location.as_str()] {
            let head = format!("{status} Elsewhere\r\nLocation: {location}");
            let server = start_keep_alive_server(move |_| response_with_content_length(&head, "a note"))?;
            let response = send_expecting_response(transport, get_request(&server, "/"), status).await?;
            ensure!(response.status() == status, "{status} was returned as {}", response.status());
            let came = response.headers().get(LOCATION);
            ensure!(came.is_some_and(|came| came == location), "of {status}, `location` was returned as {came:?}");
            ensure!(server.requests().len() == 1, "{status} to {location} was followed");
            ensure!(elsewhere.connections() == 0, "{status} to another server was followed");
        }
    }
    Ok(())
}

pub(crate) async fn interim_responses_are_skipped<X: Transport>(transport: &X) -> CheckResult {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ] {
        let case = interim.lines().next().unwrap_or_default();
        let server = start_keep_alive_server(move |_| {
            [interim.as_bytes(), &response_with_content_length("201 Created", "the response")].concat()
        })?;
        for _ in 0..2 {
            let response = send_expecting_response(transport, get_request(&server, "/"), case).await?;
            ensure!(response.status() == 201, "after {case}, the status is {} instead of 201", response.status());
            expect_body(&response, b"the response", case)?;
        }
    }
    Ok(())
}

pub(crate) async fn response_headers_are_unchanged<X: Transport>(transport: &X) -> CheckResult {
    let long = "x".repeat(16 << 10);
    let sent: [(&str, &[u8]); 8] = [
        ("Content-Type", b"application/json; charset=utf-8"),
        ("MS-RequestId", b"3705fc6d-4127-4a87-bdba-9658f73fe019"),
        ("x-Several", b"first"),
        ("X-SEVERAL", b"second, with a comma"),
        ("x-several", b"third"),
        ("X-Odd", b"a  \t b; \"c\" 'd' \\ {e} %20+ \xE9"),
        ("X-Empty", b""),
        ("X-Long", long.as_bytes()),
    ];
    let mut head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n".to_vec();
    for (name, value) in sent {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    head.extend(b"\r\n{}");
    let server = start_keep_alive_server(move |_| head.clone())?;
    let response = send_expecting_response(transport, get_request(&server, "/"), "headers").await?;
    for (name, _) in sent {
        let sent: Vec<_> = sent.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).collect();
        let came: Vec<_> = response.headers().get_all(name).iter().collect();
        let is_same = came.len() == sent.len() && came.iter().zip(&sent).all(|(came, sent)| came.as_bytes() == sent.1);
        let error_chain: Vec<_> = came.iter().map(|value| body_excerpt(value.as_bytes())).collect();
        ensure!(is_same, "of the {} values of `{name}`, these were returned: [{}]", sent.len(), error_chain.join("; "));
    }
    // As many headers as a service behind a few proxies sends.
    let many: Vec<_> = (0..60).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let server = start_keep_alive_server(move |_| {
        response_with_content_length(&format!("200 OK\r\n{}X-Last: 60", many.concat()), "")
    })?;
    let response = send_expecting_response(transport, get_request(&server, "/"), "60 headers").await?;
    for number in 0..60 {
        let value = response.headers().get(format!("x-{number}"));
        let value = value.ok_or_else(|| ViolationObservation(format!("of 60 headers, number {number} is missing")))?;
        ensure!(value == &number.to_string(), "of 60 headers, number {number} has another value");
    }
    Ok(())
}

pub(crate) async fn many_response_headers_are_accepted<X: Transport>(transport: &X) -> CheckResult {
    // `content-length` is one of them.
    for (count, may_fail) in [(100, false), (101, false), (128, false), (200, true), (2000, true)] {
        let headers: Vec<_> = (1..count).map(|number| format!("\r\nX-{number}: {number}")).collect();
        let server = start_keep_alive_server(move |_| {
            response_with_content_length(&format!("200 OK{}", headers.concat()), "{}")
        })?;
        let response = match send_request(transport, get_request(&server, "/")).await {
            Err(error) if may_fail && error.kind() == TransportErrorKind::InvalidResponse => continue,
            Err(error) => {
                return Err(ViolationObservation(format!(
                    "{count} headers: an error instead of a response: {}",
                    error_chain(&error)
                )));
            }
            Ok(response) => response,
        };
        expect_body(&response, b"{}", format!("{count} headers"))?;
        for number in 1..count {
            let value = response.headers().get(format!("x-{number}"));
            let is_same = value.is_some_and(|value| value == &number.to_string());
            ensure!(is_same, "of {count} headers, number {number} was returned as {value:?}");
        }
    }
    Ok(())
}

pub(crate) async fn unusual_heads_are_parsed_or_reported<X: Transport>(transport: &X) -> CheckResult {
    const CONTENT_LENGTH_AND_BODY: &str = "Content-Length: 2\r\n\r\n{}";
    const HEAD_END_AND_CHUNKED_BODY: &str = "\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let heads: [(&str, &str, &str); 25] = [
        ("a folded line", "HTTP/1.1 200 OK\r\nX-Odd: a\r\n b\r\n", CONTENT_LENGTH_AND_BODY),
        ("a line folded with a tab", "HTTP/1.1 200 OK\r\nX-Odd: a\r\n\tb\r\n", CONTENT_LENGTH_AND_BODY),
        ("lines that end without a carriage return", "HTTP/1.1 200 OK\nX-Odd: a b\n", "Content-Length: 2\n\n{}"),
        ("a space before a colon", "HTTP/1.1 200 OK\r\nX-Odd : a b\r\n", CONTENT_LENGTH_AND_BODY),
        ("a space before the colon of the length", "HTTP/1.1 200 OK\r\n", "Content-Length : 2\r\n\r\n{}"),
        ("spaces around a value", "HTTP/1.1 200 OK\r\nX-Odd:   a b \t \r\n", CONTENT_LENGTH_AND_BODY),
        ("a name with a space", "HTTP/1.1 200 OK\r\nX Odd: a b\r\n", CONTENT_LENGTH_AND_BODY),
        ("a name that is not ASCII", "HTTP/1.1 200 OK\r\nX-\u{e9}: a b\r\n", CONTENT_LENGTH_AND_BODY),
        ("no name", "HTTP/1.1 200 OK\r\n: a b\r\n", CONTENT_LENGTH_AND_BODY),
        ("a value with a control character", "HTTP/1.1 200 OK\r\nX-Odd: a\u{1}b\r\n", CONTENT_LENGTH_AND_BODY),
        ("a value with a carriage return", "HTTP/1.1 200 OK\r\nX-Odd: a\rb\r\n", CONTENT_LENGTH_AND_BODY),
        ("words that are not ASCII", "HTTP/1.1 200 D\u{e9}j\u{e0} vu\r\n", CONTENT_LENGTH_AND_BODY),
        ("no words", "HTTP/1.1 200\r\n", CONTENT_LENGTH_AND_BODY),
        ("two spaces before the status", "HTTP/1.1  200 OK\r\n", CONTENT_LENGTH_AND_BODY),
        ("a version in small letters", "http/1.1 200 OK\r\n", CONTENT_LENGTH_AND_BODY),
        ("an empty line before the head", "\r\nHTTP/1.1 200 OK\r\n", CONTENT_LENGTH_AND_BODY),
        ("version 1.0", "HTTP/1.0 200 OK\r\n", CONTENT_LENGTH_AND_BODY),
        ("chunks in version 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", HEAD_END_AND_CHUNKED_BODY),
        ("chunks in capitals", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked", HEAD_END_AND_CHUNKED_BODY),
        (
            "chunks and a length",
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked",
            HEAD_END_AND_CHUNKED_BODY,
        ),
        (
            "a transfer coding that is none",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n",
            CONTENT_LENGTH_AND_BODY,
        ),
        ("the length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", CONTENT_LENGTH_AND_BODY),
        ("the length twice in one line", "HTTP/1.1 200 OK\r\n", "Content-Length: 2, 2\r\n\r\n{}"),
        ("a length with a sign", "HTTP/1.1 200 OK\r\n", "Content-Length: +2\r\n\r\n{}"),
        (
            "an interim response with a header",
            "HTTP/1.1 100 Continue\r\nX-Odd: a\r\n\r\nHTTP/1.1 200 OK\r\n",
            CONTENT_LENGTH_AND_BODY,
        ),
    ];
    for (case, head, rest) in heads {
        // Characters that are not ASCII are sent as one byte each (ISO 8859-1).
        let bytes: Vec<_> =
            [head, rest].concat().chars().filter_map(|char| u8::try_from(u32::from(char)).ok()).collect();
        let server = start_respond_and_close_server(move |_| bytes.clone())?;
        match send_request(transport, get_request(&server, "/")).await {
            Ok(response) => {
                ensure!(response.status() == 200, "{case}: {}", response_summary(&response));
                expect_body(&response, b"{}", case)?;
                if let Some(value) = response.headers().get("x-odd") {
                    let words = value.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
                    let is_meant = words.eq([&b"a"[..], b"b"]);
                    ensure!(is_meant, "{case}: the value was returned as {}", body_excerpt(value.as_bytes()));
                }
            }
            Err(error) => {
                let is_reported = error.kind() == TransportErrorKind::InvalidResponse;
                ensure!(is_reported, "{case}: an error of a kind other than InvalidResponse: {}", error_chain(&error));
            }
        }
    }
    Ok(())
}
