//! Requests as they arrive at the server.

use crate::harness::{
    CheckResult, TIMEOUT_TOLERANCE, ViolationObservation, body_excerpt, ensure, error_chain, get_request,
    get_request_for_uri, incompressible_bytes, observed, raw_response, response_with_content_length,
    send_expecting_response, send_request, start_keep_alive_server, with_timeout,
};
use crate::{Connection, Server};
use partner_center_core::{
    Request, Transport, TransportErrorKind,
    http::{
        HeaderName, HeaderValue, Method,
        header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
    },
};
use std::{io, time::Instant};

/// Request targets as the client builds them from identifiers, filters and links.
const REQUEST_TARGETS: [&str; 8] = [
    "/",
    "/v1/customers?size=40&filter=%7B%22Field%22%3A%22CompanyName%22%2C%22Value%22%3A%22a%20b%2Bc%22%7D",
    "/v1/a%2Fb%2fc/%7e%41/%C5%BE%c5%be?x=%20+%2B%26&y=%25",
    "/v1//a//?x",
    "/v1/customers?a=1?b=2&&c==&",
    "/v1/customers?",
    "/v1/a;b=c,d(e)!f*g:h@i$j&k~l.m-n_o?p;q,(r)!s*t:u@v$w/x?y",
    "/V1/Customers?Size=40&SIZE=41",
];

pub(crate) async fn targets_arrive_unchanged<X: Transport>(transport: &X) -> CheckResult {
    let server = start_keep_alive_server(|_| response_with_content_length("200 OK", ""))?;
    for target in REQUEST_TARGETS {
        send_expecting_response(transport, get_request(&server, target), target).await?;
        let arrived = last_received_request(&server)?.uri().to_string();
        ensure!(arrived == target, "{target} arrived as {arrived}");
    }
    for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let mut request = get_request(&server, "/");
        *request.method_mut() = method.clone();
        set_zero_content_length_for_writes(&mut request);
        // The response to HEAD is the subject of another requirement.
        send_request(transport, request)
            .await
            .map_err(|error| ViolationObservation(format!("{method}: {}", error_chain(&error))))?;
        let arrived = last_received_request(&server)?.method().clone();
        ensure!(arrived == method, "{method} arrived as {arrived}");
    }
    Ok(())
}

pub(crate) async fn request_headers_arrive_unchanged<X: Transport>(transport: &X) -> CheckResult {
    let server = start_keep_alive_server(|_| response_with_content_length("200 OK", ""))?;
    let long = "x".repeat(16 << 10);
    let sensitive = |text: &'static str| {
        let mut value = HeaderValue::from_static(text);
        value.set_sensitive(true);
        value
    };
    let sent = [
        ("authorization", sensitive("Bearer a.b-c_d~e+f/g==")),
        ("accept", HeaderValue::from_static("application/json")),
        ("user-agent", HeaderValue::from_static("conformance/1 (a; b)")),
        ("ms-requestid", HeaderValue::from_static("3705fc6d-4127-4a87-bdba-9658f73fe019")),
        ("x-several", HeaderValue::from_static("first")),
        ("x-several", HeaderValue::from_static("second, with a comma")),
        ("x-several", sensitive("third")),
        ("x-odd", HeaderValue::from_static("a  \t b; \"c\" 'd' \\ {e} %20+")),
        ("x-long", HeaderValue::from_str(&long).map_err(|error| ViolationObservation(error.to_string()))?),
    ];
    let mut request = get_request(&server, "/");
    for (name, value) in &sent {
        request.headers_mut().append(HeaderName::from_static(name), value.clone());
    }
    send_expecting_response(transport, request.clone(), "headers").await?;
    let arrived = last_received_request(&server)?;
    for name in request.headers().keys() {
        let sent: Vec<_> = request.headers().get_all(name).iter().collect();
        let arrived: Vec<_> = arrived.headers().get_all(name).iter().collect();
        ensure!(
            arrived == sent,
            "`{name}` arrived as {} instead of {}",
            format_header_values(&arrived),
            format_header_values(&sent)
        );
    }
    let host: Vec<_> = arrived.headers().get_all(HOST).iter().collect();
    let expected = server.url().replace("http://", "");
    ensure!(host == [expected.as_str()], "`host` arrived as {} instead of {expected:?}", format_header_values(&host));
    Ok(())
}

pub(crate) async fn no_headers_are_added<X: Transport>(transport: &X) -> CheckResult {
    const ALLOWED_HEADERS: [&str; 5] = ["host", "accept", "accept-encoding", "content-length", "connection"];
    let server = start_keep_alive_server(|_| response_with_content_length("200 OK", ""))?;
    send_expecting_response(transport, get_request(&server, "/"), "no headers").await?;
    let added = last_received_request(&server)?;
    for (name, value) in added.headers() {
        ensure!(
            ALLOWED_HEADERS.contains(&name.as_str()),
            "`{name}: {}` was added to a request without headers",
            format_header_values(&[value])
        );
    }
    for body in [&b""[..], br#"{"a":1}"#] {
        let mut request = get_request(&server, "/v1/customers?size=40");
        request.headers_mut().insert("accept", HeaderValue::from_static("application/json"));
        request.headers_mut().insert("user-agent", HeaderValue::from_static("conformance/1"));
        if !body.is_empty() {
            *request.method_mut() = Method::POST;
            request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
            *request.body_mut() = body.to_vec();
        }
        send_expecting_response(transport, request.clone(), "few headers").await?;
        for (name, value) in last_received_request(&server)?.headers() {
            let known = request.headers().contains_key(name) || ALLOWED_HEADERS.contains(&name.as_str());
            ensure!(known, "`{name}: {}` was added to the headers of the request", format_header_values(&[value]));
        }
    }
    Ok(())
}

pub(crate) async fn cookies_are_not_stored<X: Transport>(transport: &X) -> CheckResult {
    let server =
        start_keep_alive_server(|_| response_with_content_length("200 OK\r\nSet-Cookie: session=1; Path=/", ""))?;
    for _ in 0..2 {
        send_expecting_response(transport, get_request(&server, "/"), "cookies").await?;
    }
    let cookie = last_received_request(&server)?.headers().get("cookie").cloned();
    ensure!(cookie.is_none(), "the second request had the cookie of the first response");
    Ok(())
}

pub(crate) async fn request_bodies_arrive_complete<X: Transport>(transport: &X) -> CheckResult {
    let server = start_keep_alive_server(|_| response_with_content_length("200 OK", ""))?;
    for length in [1, 100, 70_000, 3 << 20] {
        let mut request = get_request(&server, "/");
        *request.method_mut() = Method::POST;
        *request.body_mut() = incompressible_bytes(length);
        send_expecting_response(transport, request.clone(), format!("a body of {length} bytes")).await?;
        let arrived = last_received_request(&server)?;
        let framing = (content_length_values(&arrived), arrived.headers().contains_key(TRANSFER_ENCODING));
        ensure!(
            framing == (vec![length.to_string()], false),
            "of {length} bytes, `content-length` is {:?} and `transfer-encoding` {}",
            framing.0,
            if framing.1 { "there" } else { "not there" },
        );
        ensure!(arrived.body() == request.body(), "of {length} bytes arrived {}", body_excerpt(arrived.body()));
    }
    // A write without a body announces that it has none: some servers reject it otherwise (411), and in chunks it would have one.
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let mut request = get_request(&server, "/");
        *request.method_mut() = method.clone();
        set_zero_content_length_for_writes(&mut request);
        let expected = content_length_values(&request);
        send_expecting_response(transport, request, format!("{method} without a body")).await?;
        let arrived = last_received_request(&server)?;
        let lengths = content_length_values(&arrived);
        let chunked = arrived.headers().contains_key(TRANSFER_ENCODING);
        ensure!(!chunked, "{method} without a body arrived with `transfer-encoding`");
        ensure!(lengths == expected, "{method} without a body arrived with the lengths {lengths:?}, not {expected:?}");
    }
    Ok(())
}

pub(crate) async fn requests_are_not_retried<X: Transport>(transport: &X) -> CheckResult {
    type ConnectionReaction = fn(&mut Connection) -> io::Result<()>;
    let reactions: [(&str, ConnectionReaction); 5] = [
        ("is followed by a 503", |connection| {
            connection.send(&response_with_content_length("503 Busy\r\nRetry-After: 0", ""))
        }),
        ("is followed by a 408", |connection| {
            connection.send(&response_with_content_length("408 Late\r\nConnection: close", ""))
        }),
        ("is followed by a 401", |connection| {
            connection.send(&response_with_content_length("401 No\r\nWWW-Authenticate: Basic", ""))
        }),
        ("is followed by a closed connection", |_| Ok(())),
        ("is followed by a truncated response", |connection| {
            connection.send(&raw_response("200 OK\r\nContent-Length: 9", "half"))
        }),
    ];
    for (case, reaction) in reactions {
        for method in [Method::GET, Method::POST] {
            // On a new connection, and on a reused one.
            for before in [0, 1] {
                let server = Server::start(move |connection| {
                    while let Some(request) = connection.request()? {
                        if request.uri() == "/before" {
                            connection.send(&response_with_content_length("200 OK", ""))?;
                        } else {
                            return reaction(connection);
                        }
                    }
                    Ok(())
                })?;
                for _ in 0..before {
                    send_expecting_response(transport, get_request(&server, "/before"), "before").await?;
                }
                let mut request = with_timeout(get_request(&server, "/"), TIMEOUT_TOLERANCE);
                *request.method_mut() = method.clone();
                set_zero_content_length_for_writes(&mut request);
                let _ = send_request(transport, request).await;
                let count = server.requests().len() - before;
                ensure!(count == 1, "a {method} that {case} was sent {count} times");
            }
        }
    }
    Ok(())
}

pub(crate) async fn invalid_requests_are_errors<X: Transport>(transport: &X) -> CheckResult {
    for uri in ["/v1/customers", "127.0.0.1:9", "no-such-scheme://127.0.0.1/"] {
        let mut request = with_timeout(get_request_for_uri(uri), TIMEOUT_TOLERANCE);
        request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        let started = Instant::now();
        match send_request(transport, request).await {
            Ok(response) => observed!("{uri}: a response instead of an error: {}", response.status()),
            Err(error) => ensure!(error.kind() == TransportErrorKind::Exchange, "{uri}: {}", error_chain(&error)),
        }
        let elapsed = started.elapsed();
        ensure!(
            elapsed < TIMEOUT_TOLERANCE + TIMEOUT_TOLERANCE,
            "{uri}: it gave up after {elapsed:?}, long after the {TIMEOUT_TOLERANCE:?} it had"
        );
    }
    Ok(())
}

/// Sets `content-length: 0`, as the client does for methods that may have a body.
fn set_zero_content_length_for_writes(request: &mut Request) {
    if matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

fn last_received_request(server: &Server) -> Result<Request, ViolationObservation> {
    server
        .requests()
        .pop()
        .ok_or_else(|| ViolationObservation("a response although no valid request had arrived".to_owned()))
}

fn content_length_values(request: &Request) -> Vec<String> {
    let values = request.headers().get_all(CONTENT_LENGTH).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

/// Formats the values of a header, sensitive ones too: the secrets are the suite's own.
fn format_header_values(values: &[&HeaderValue]) -> String {
    let values: Vec<_> = values.iter().map(|value| body_excerpt(value.as_bytes())).collect();
    format!("[{}]", values.join("; "))
}
