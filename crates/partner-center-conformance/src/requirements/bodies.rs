//! What comes back of an answer's body.

use crate::Server;
use crate::exchange::{
    Held, NEAR, SHORTLY, accepts_gzip, answer, answered, answering, bytes, chunked, closing_after, ensure, fails, get,
    gzip, has_body, limited, once, outlined, raw, send, told, within,
};
use partner_center_core::{Request, Transport, TransportErrorKind, http::Method};
use std::thread;

type Answer = Box<dyn Fn(&Request) -> Vec<u8> + Send + Sync>;

const LENGTHS: [usize; 5] = [0, 1, 1000, 70_000, 3 << 20];

pub(crate) async fn bodies_come_back_whole<X: Transport>(transport: &X) -> Held {
    for length in LENGTHS {
        let server = answering(move |_| answer("200 OK", bytes(length)))?;
        let case = format!("a body of {length} bytes");
        has_body(&answered(transport, get(&server, "/"), &case).await?, &bytes(length), case)?;
    }
    Ok(())
}

pub(crate) async fn chunked_bodies_come_back_whole<X: Transport>(transport: &X) -> Held {
    for length in LENGTHS {
        let server = answering(move |_| raw("200 OK\r\nTransfer-Encoding: chunked", chunked(&bytes(length))))?;
        let case = format!("a body of {length} bytes in chunks");
        has_body(&answered(transport, get(&server, "/"), &case).await?, &bytes(length), case)?;
    }
    for (case, body) in [
        ("a chunk with an extension", "4;name=value\r\nabcd\r\n6\r\nefghij\r\n0\r\n\r\n"),
        ("a length with zeros", "0004\r\nabcd\r\n06\r\nefghij\r\n000\r\n\r\n"),
        ("a length in capitals", "A\r\nabcdefghij\r\n0\r\n\r\n"),
        ("trailers", "a\r\nabcdefghij\r\n0\r\nX-Checksum: 1\r\nX-More: 2\r\n\r\n"),
    ] {
        let server = answering(move |_| raw("200 OK\r\nTransfer-Encoding: chunked", body))?;
        // The second request shows whether all of the first answer was read.
        for _ in 0..2 {
            has_body(&answered(transport, get(&server, "/"), case).await?, b"abcdefghij", case)?;
        }
    }
    Ok(())
}

pub(crate) async fn bodies_may_end_with_the_connection<X: Transport>(transport: &X) -> Held {
    for head in ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nConnection: close", "HTTP/1.0 200 OK"] {
        for length in LENGTHS {
            let case = format!("a body of {length} bytes after {head:?}");
            let server = closing_after(move |_| [format!("{head}\r\n\r\n").as_bytes(), &bytes(length)].concat())?;
            has_body(&answered(transport, get(&server, "/"), &case).await?, &bytes(length), case)?;
        }
    }
    Ok(())
}

pub(crate) async fn compressed_bodies_come_back_decompressed<X: Transport>(transport: &X) -> Held {
    const FRAMINGS: [&str; 3] = ["with a length", "in chunks", "until the connection ends"];
    for length in LENGTHS {
        for (number, framing) in FRAMINGS.into_iter().enumerate() {
            let compressed = gzip(&bytes(length))?;
            let server = Server::start(move |connection| {
                while let Some(request) = connection.request()? {
                    if !accepts_gzip(&request) {
                        connection.send(&answer("200 OK", bytes(length)))?;
                        continue;
                    }
                    let head = "200 OK\r\nContent-Encoding: gzip";
                    connection.send(&match number {
                        0 => answer(head, &compressed),
                        1 => raw(&format!("{head}\r\nTransfer-Encoding: chunked"), chunked(&compressed)),
                        _ => raw(head, &compressed),
                    })?;
                    if number == 2 {
                        break;
                    }
                }
                Ok(())
            })?;
            let case = format!("a body of {length} bytes in gzip {framing}");
            for _ in 0..2 {
                has_body(&answered(transport, get(&server, "/"), &case).await?, &bytes(length), &case)?;
            }
        }
    }
    odd_ones_come_back(transport).await
}

/// What gzip and HTTP allow besides.
async fn odd_ones_come_back<X: Transport>(transport: &X) -> Held {
    const BODY: &[u8] = b"of two members";
    let members = [gzip(&BODY[..5])?, gzip(&BODY[5..])?];
    for (case, label, pieces) in [
        ("two members", "gzip", vec![members.concat()]),
        ("two members, one after the other", "gzip", members.to_vec()),
        ("a label in other letters", "GZip", vec![gzip(BODY)?]),
        ("a label beside one of nothing", "gzip, identity", vec![gzip(BODY)?]),
        ("a label after one of nothing and an empty one", "identity, ,gzip", vec![gzip(BODY)?]),
        ("labels of two headers", "identity\r\nContent-Encoding: gzip", vec![gzip(BODY)?]),
        ("two labels", "gzip, gzip", vec![gzip(&gzip(BODY)?)?]),
    ] {
        let server = once(move |connection, request| {
            if !accepts_gzip(request) {
                return connection.send(&answer("200 OK", BODY));
            }
            let length: usize = pieces.iter().map(Vec::len).sum();
            connection.send(&raw(&format!("200 OK\r\nContent-Encoding: {label}\r\nContent-Length: {length}"), ""))?;
            pieces.iter().try_for_each(|piece| {
                thread::sleep(SHORTLY);
                connection.send(piece)
            })
        })?;
        has_body(&answered(transport, get(&server, "/"), case).await?, BODY, case)?;
    }
    Ok(())
}

pub(crate) async fn no_body_is_waited_for_in_vain<X: Transport>(transport: &X) -> Held {
    for (method, head) in [
        (Method::GET, "204 No Content"),
        (Method::GET, "204 No Content\r\nContent-Length: 0"),
        (Method::GET, "204 No Content\r\nContent-Length: 5"),
        (Method::GET, "204 No Content\r\nContent-Encoding: gzip"),
        (Method::GET, "304 Not Modified"),
        (Method::GET, "304 Not Modified\r\nContent-Length: 5"),
        (Method::HEAD, "200 OK\r\nContent-Length: 5"),
        (Method::HEAD, "200 OK\r\nTransfer-Encoding: chunked"),
        (Method::HEAD, "404 Not Found\r\nContent-Length: 5\r\nContent-Encoding: gzip"),
    ] {
        let case = format!("{method} with {head:?}");
        let server = answering(move |_| raw(head, ""))?;
        // The second request shows what is left of the first answer.
        for _ in 0..2 {
            let mut request = within(get(&server, "/"), NEAR);
            *request.method_mut() = method.clone();
            has_body(&answered(transport, request, &case).await?, b"", &case)?;
        }
    }
    Ok(())
}

pub(crate) async fn bodies_cut_short_are_errors<X: Transport>(transport: &X) -> Held {
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
        let server = closing_after(move |_| raw(head, body))?;
        fails(transport, get(&server, "/"), TransportErrorKind::Exchange, case).await?;
    }
    Ok(())
}

pub(crate) async fn compressed_bodies_cut_short_are_errors<X: Transport>(transport: &X) -> Held {
    let whole = gzip(&bytes(10_000))?;
    let length = whole.len();
    let cut = [1, 5, 10, 100, length / 2, length - 8, length - 1]
        .map(|kept| (format!("{kept} bytes of {length} in gzip"), whole[..kept].to_vec()));
    // In what there is of it, in its checksum, and in its length.
    let damaged = [length / 2, length - 8, length - 1].map(|place| {
        let mut body = whole.clone();
        body[place] ^= 1;
        (format!("{length} bytes in gzip, of which number {place} is wrong"), body)
    });
    for (case, body) in cut.into_iter().chain(damaged) {
        for is_chunked in [false, true] {
            let body = body.clone();
            let server = closing_after(move |request| {
                let head = "200 OK\r\nContent-Encoding: gzip";
                if !accepts_gzip(request) {
                    raw("200 OK\r\nContent-Length: 10", "abcd")
                } else if is_chunked {
                    raw(&format!("{head}\r\nTransfer-Encoding: chunked"), chunked(&body))
                } else {
                    answer(head, &body)
                }
            })?;
            fails(transport, get(&server, "/"), TransportErrorKind::Exchange, &case).await?;
        }
    }
    Ok(())
}

pub(crate) async fn refusals_are_whole_or_empty<X: Transport>(transport: &X) -> Held {
    let compressed = gzip(&bytes(1000))?;
    let cut = compressed[..compressed.len() / 2].to_vec();
    let answers: [(&str, Answer); 4] = [
        ("cut short", Box::new(|_| raw("403 Forbidden\r\nContent-Length: 10", "abcd"))),
        ("cut short in chunks", Box::new(|_| raw("500 Oh\r\nTransfer-Encoding: chunked", "4\r\nabcd\r\n"))),
        ("too large", Box::new(|_| answer("404 Not Found", bytes(2000)))),
        (
            "cut short in gzip",
            Box::new(move |request| {
                let head = "403 Forbidden\r\nContent-Encoding: gzip";
                if accepts_gzip(request) { answer(head, &cut) } else { answer("403 Forbidden", "") }
            }),
        ),
    ];
    for (case, answer) in answers {
        let server = closing_after(answer)?;
        let request = limited(get(&server, "/"), |limits| limits.body = 1000);
        match send(transport, request).await {
            Ok(response) => ensure!(
                !response.status().is_success() && response.body().is_empty(),
                "of a refusal whose body is {case}: {}",
                outlined(&response),
            ),
            Err(error) => {
                let kind = error.kind();
                let fits = matches!(kind, TransportErrorKind::Exchange | TransportErrorKind::TooLarge);
                ensure!(fits, "of a refusal whose body is {case}: {}", told(&error));
            }
        }
    }
    Ok(())
}
