//! Secrets in errors.

use crate::Server;
use crate::harness::{
    CheckResult, SHORT_REQUEST_TIMEOUT, change_limits, ensure, get_request, raw_response, response_with_content_length,
    send_request, start_respond_and_close_server, start_silent_server,
};
use partner_center_core::{
    Request, Transport,
    http::{HeaderValue, Method, header::AUTHORIZATION},
};
use std::error::Error;

/// Secrets in a header of the request, its body, a header of the response and its body.
const SECRET_VALUES: [&str; 4] = ["c2VjcmV0IG9uZQ", "c2VjcmV0IHR3bw", "c2VjcmV0IHRocmVl", "c2VjcmV0IGZvdXI"];

pub(crate) async fn errors_hide_secrets<X: Transport>(transport: &X) -> CheckResult {
    let [_, _, in_header, in_body] = SECRET_VALUES;
    let head = format!("200 OK\r\nX-Secret: {in_header}\r\n");
    let responses = [
        ("no response", Vec::new()),
        ("a truncated body", raw_response(&format!("{head}Content-Length: 1000"), in_body)),
        ("a body that is too large", response_with_content_length(head.trim_end(), in_body.repeat(1000))),
        (
            "a chunk without a length",
            raw_response(&format!("{head}Transfer-Encoding: chunked"), format!("{in_body}\r\n")),
        ),
        (
            "a chunk that is too long",
            raw_response(&format!("{head}Transfer-Encoding: chunked"), format!("1\r\n{in_body}\r\n")),
        ),
        ("invalid gzip", response_with_content_length(&format!("{head}Content-Encoding: gzip"), in_body)),
        ("invalid HTTP", format!("{in_header}\r\n\r\n{in_body}").into_bytes()),
        ("an invalid status", raw_response(&format!("{in_header} OK"), "")),
        ("an invalid header", raw_response(&format!("200 OK\r\n{in_header}\r\nX: {in_header}\0"), in_body)),
        ("an invalid length", raw_response(&format!("200 OK\r\nContent-Length: {in_header}"), in_body)),
        ("a truncated chunk", raw_response(&format!("{head}Transfer-Encoding: chunked"), format!("ff\r\n{in_body}"))),
    ];
    let idle_server = start_silent_server()?;
    expect_no_secrets_in_error(
        transport,
        change_limits(request_with_secrets(&idle_server), |limits| limits.timeout = SHORT_REQUEST_TIMEOUT),
        "an idle server",
    )
    .await?;
    for (case, response) in responses {
        let server = start_respond_and_close_server(move |_| response.clone())?;
        expect_no_secrets_in_error(
            transport,
            change_limits(request_with_secrets(&server), |limits| limits.body = 1000),
            case,
        )
        .await?;
    }
    Ok(())
}

fn request_with_secrets(server: &Server) -> Request {
    let [in_header, in_body, ..] = SECRET_VALUES;
    let mut value = HeaderValue::from_static(in_header);
    value.set_sensitive(true);
    let mut request = get_request(server, "/");
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(AUTHORIZATION, value);
    *request.body_mut() = in_body.as_bytes().to_vec();
    request
}

async fn expect_no_secrets_in_error<X: Transport>(transport: &X, request: Request, case: &str) -> CheckResult {
    let Err(error) = send_request(transport, request).await else { return Ok(()) };
    let mut error_chain = format!("{error:?}");
    let mut next: Option<&dyn Error> = Some(&error);
    while let Some(error) = next {
        error_chain.extend([format!(" {error}"), format!(" {error:?}")]);
        next = error.source();
    }
    for secret in SECRET_VALUES {
        // As a string, or as a list of bytes.
        let list = format!("{:?}", secret.as_bytes());
        let is_kept = !error_chain.contains(secret) && !error_chain.contains(list.trim_matches(['[', ']']));
        ensure!(is_kept, "after {case}, the secret {secret} is in the error: {error_chain}");
    }
    Ok(())
}
