//! What comes back of an answer's head.

use crate::exchange::{Held, Seen, answer, answered, answering, ensure, excerpt, get, has_body};
use partner_center_core::{Transport, http::header::LOCATION};

pub(crate) async fn statuses_are_answers<X: Transport>(transport: &X) -> Held {
    const STATUSES: [u16; 26] = [
        200, 201, 202, 203, 206, 299, 300, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 412, 418, 429, 499, 500,
        501, 502, 503, 599,
    ];
    let server = answering(|request| {
        let status = request.uri().path().trim_start_matches('/');
        // Whether it has words is no matter.
        let words = if status.ends_with('9') { "" } else { "In Many Words" };
        answer(&format!("{status} {words}"), format!("the body of {status}"))
    })?;
    for status in STATUSES {
        let response = answered(transport, get(&server, &format!("/{status}")), status).await?;
        ensure!(response.status() == status, "{status} came back as {}", response.status());
        has_body(&response, format!("the body of {status}").as_bytes(), status)?;
    }
    Ok(())
}

pub(crate) async fn redirects_are_not_followed<X: Transport>(transport: &X) -> Held {
    let elsewhere = answering(|_| answer("200 OK", "elsewhere"))?;
    let location = format!("{}/elsewhere", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        for location in ["/here", location.as_str()] {
            let head = format!("{status} Elsewhere\r\nLocation: {location}");
            let server = answering(move |_| answer(&head, "a note"))?;
            let response = answered(transport, get(&server, "/"), status).await?;
            ensure!(response.status() == status, "{status} came back as {}", response.status());
            let came = response.headers().get(LOCATION);
            ensure!(came.is_some_and(|came| came == location), "of {status}, `location` came back as {came:?}");
            ensure!(server.requests().len() == 1, "{status} to {location} was followed");
            ensure!(elsewhere.connections() == 0, "{status} to another server was followed");
        }
    }
    Ok(())
}

pub(crate) async fn interim_answers_are_passed_over<X: Transport>(transport: &X) -> Held {
    for interim in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ] {
        let case = interim.lines().next().unwrap_or_default();
        let server = answering(move |_| [interim.as_bytes(), &answer("201 Created", "the answer")].concat())?;
        for _ in 0..2 {
            let response = answered(transport, get(&server, "/"), case).await?;
            ensure!(response.status() == 201, "after {case}, not 201 but {}", response.status());
            has_body(&response, b"the answer", case)?;
        }
    }
    Ok(())
}

pub(crate) async fn headers_come_back_as_they_are<X: Transport>(transport: &X) -> Held {
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
    let server = answering(move |_| head.clone())?;
    let response = answered(transport, get(&server, "/"), "headers").await?;
    for (name, _) in sent {
        let sent: Vec<_> = sent.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).collect();
        let came: Vec<_> = response.headers().get_all(name).iter().collect();
        let is_same = came.len() == sent.len() && came.iter().zip(&sent).all(|(came, sent)| came.as_bytes() == sent.1);
        let told: Vec<_> = came.iter().map(|value| excerpt(value.as_bytes())).collect();
        ensure!(is_same, "of the {} values of `{name}` came back [{}]", sent.len(), told.join("; "));
    }
    // As many as a service behind a few proxies sends.
    let many: Vec<_> = (0..60).map(|number| format!("X-{number}: {number}\r\n")).collect();
    let server = answering(move |_| answer(&format!("200 OK\r\n{}X-Last: 60", many.concat()), ""))?;
    let response = answered(transport, get(&server, "/"), "60 headers").await?;
    for number in 0..60 {
        let value = response.headers().get(format!("x-{number}"));
        let value = value.ok_or_else(|| Seen(format!("of 60 headers, the one of number {number} is missing")))?;
        ensure!(value == &number.to_string(), "of 60 headers, that of number {number} is another");
    }
    Ok(())
}
