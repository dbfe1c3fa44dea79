//! What errors give away.

use crate::Server;
use crate::exchange::{Held, TIMEOUT, answer, closing_after, ensure, get, limited, raw, send, silent};
use partner_center_core::{
    Request, Transport,
    http::{HeaderValue, Method, header::AUTHORIZATION},
};
use std::error::Error;

/// In a header of the request, its body, a header of the answer and its body.
const SECRETS: [&str; 4] = ["c2VjcmV0IG9uZQ", "c2VjcmV0IHR3bw", "c2VjcmV0IHRocmVl", "c2VjcmV0IGZvdXI"];

pub(crate) async fn errors_keep_secrets<X: Transport>(transport: &X) -> Held {
    let [_, _, in_header, in_body] = SECRETS;
    let head = format!("200 OK\r\nX-Secret: {in_header}\r\n");
    let answers = [
        ("no answer", Vec::new()),
        ("a body cut short", raw(&format!("{head}Content-Length: 1000"), in_body)),
        ("a body that is too large", answer(head.trim_end(), in_body.repeat(1000))),
        ("a chunk without a length", raw(&format!("{head}Transfer-Encoding: chunked"), format!("{in_body}\r\n"))),
        ("a chunk that is too long", raw(&format!("{head}Transfer-Encoding: chunked"), format!("1\r\n{in_body}\r\n"))),
        ("what is no gzip", answer(&format!("{head}Content-Encoding: gzip"), in_body)),
        ("what is no HTTP", format!("{in_header}\r\n\r\n{in_body}").into_bytes()),
        ("a status that is none", raw(&format!("{in_header} OK"), "")),
        ("a header that is none", raw(&format!("200 OK\r\n{in_header}\r\nX: {in_header}\0"), in_body)),
        ("a length that is none", raw(&format!("200 OK\r\nContent-Length: {in_header}"), in_body)),
        ("a chunk that is cut", raw(&format!("{head}Transfer-Encoding: chunked"), format!("ff\r\n{in_body}"))),
    ];
    let silent = silent()?;
    keeps_secrets(transport, limited(request_with_secrets(&silent), |limits| limits.timeout = TIMEOUT), "silence")
        .await?;
    for (case, answer) in answers {
        let server = closing_after(move |_| answer.clone())?;
        keeps_secrets(transport, limited(request_with_secrets(&server), |limits| limits.body = 1000), case).await?;
    }
    Ok(())
}

fn request_with_secrets(server: &Server) -> Request {
    let [in_header, in_body, ..] = SECRETS;
    let mut value = HeaderValue::from_static(in_header);
    value.set_sensitive(true);
    let mut request = get(server, "/");
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(AUTHORIZATION, value);
    *request.body_mut() = in_body.as_bytes().to_vec();
    request
}

async fn keeps_secrets<X: Transport>(transport: &X, request: Request, case: &str) -> Held {
    let Err(error) = send(transport, request).await else { return Ok(()) };
    let mut told = format!("{error:?}");
    let mut next: Option<&dyn Error> = Some(&error);
    while let Some(error) = next {
        told.extend([format!(" {error}"), format!(" {error:?}")]);
        next = error.source();
    }
    for secret in SECRETS {
        // As text, or as a list of bytes.
        let list = format!("{:?}", secret.as_bytes());
        let is_kept = !told.contains(secret) && !told.contains(list.trim_matches(['[', ']']));
        ensure!(is_kept, "after {case}, the secret {secret} is in the error: {told}");
    }
    Ok(())
}
