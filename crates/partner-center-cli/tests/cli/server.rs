//! A service with given responses.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::mpsc,
    thread,
};

/// Serves the `responses` (status and body) one after another, then none any more; the receiver gets the head of each request.
pub(crate) fn serve_responses(responses: Vec<(u16, String)>) -> (String, mpsc::Receiver<String>) {
    serve_responses_with_heads(responses.into_iter().map(|(status, body)| (format!("{status} "), body)).collect())
}

/// Serves responses with additional headers, each with its line end.
pub(crate) fn serve_responses_with_headers(responses: Vec<(u16, String, String)>) -> (String, mpsc::Receiver<String>) {
    let head = |status, headers: &str| format!("{status} \r\n{headers}").trim_end_matches("\r\n").to_owned();
    serve_responses_with_heads(
        responses.into_iter().map(|(status, headers, body)| (head(status, &headers), body)).collect(),
    )
}

/// Serves responses with the given beginning of the head: the status, and headers on further lines.
pub(crate) fn serve_responses_with_heads(responses: Vec<(String, String)>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (request, requests) = mpsc::channel();
    thread::spawn(move || {
        for (response_head, body) in responses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
            let _ = request.send(head.join("\n"));
            let length = body.len();
            let response =
                format!("HTTP/1.1 {response_head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(response.as_bytes());
        }
        // Further requests get no response.
        let silent: Vec<_> = listener.incoming().inspect(|_| drop(request.send("one too many".to_owned()))).collect();
        drop(silent);
    });
    (url, requests)
}

/// A page of `customers` with a link to one more page.
pub(crate) fn page(customers: &str) -> String {
    format!(
        r#"{{"items": [{customers}], "links": {{"next": {{
            "uri": "/v1/customers?size=2&seekOperation=Next", "method": "GET",
            "headers": [{{"key": "MS-ContinuationToken", "value": "next"}}]
        }}}}}}"#
    )
}

pub(crate) fn last_page(customers: &str) -> String {
    format!(r#"{{"items": [{customers}]}}"#)
}
