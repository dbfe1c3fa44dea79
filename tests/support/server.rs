use crate::{MockResponse, Step, response};
use flate2::{Compression, write::GzEncoder};
use partner_center_conformance::{Connection, Server as RawServer};
use std::{
    collections::VecDeque,
    io::{Result, Write},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Longer than any timeout of a test.
const HANG_TIME: Duration = Duration::from_secs(60);

/// A server that performs one [`Step`] for each request.
pub struct Server {
    server: RawServer,
    steps: Arc<Mutex<VecDeque<Step>>>,
}

impl Server {
    /// Listens on a free port, with an empty script.
    #[must_use]
    pub fn start() -> Self {
        let steps: Arc<Mutex<VecDeque<Step>>> = Arc::default();
        let queue = Arc::clone(&steps);
        let server = RawServer::start(move |connection| serve(connection, &queue)).expect("a free port");
        Self { server, steps }
    }

    /// Listens on a free port for requests for so many customers, of which every eighth is not found.
    #[must_use]
    pub fn start_with_missing_customers(count: usize) -> Self {
        let server = Self::start();
        server.script((0..count).map(|number| {
            let is_missing = number % 8 == 7;
            Step::from(if is_missing {
                response(404, r#"{"code":3000}"#)
            } else {
                response(200, r#"{"tags":["here"]}"#)
            })
        }));
        server
    }

    /// Returns the base URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Returns the number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Appends steps, one for each request to come.
    pub fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.steps.lock().unwrap().extend(steps);
    }
}

fn serve(connection: &mut Connection, steps: &Mutex<VecDeque<Step>>) -> Result<()> {
    loop {
        if matches!(steps.lock().unwrap().front(), Some(Step::Reset)) {
            // Closing a connection with an unread request resets it.
            connection.wait_for_request()?;
            steps.lock().unwrap().pop_front();
            return Ok(());
        }
        if connection.request()?.is_none() {
            return Ok(());
        }
        let step = steps.lock().unwrap().pop_front().map(|step| step.map_response(compressed));
        match step {
            Some(Step::Respond(response)) => {
                connection.send(&head(&response))?;
                connection.send(&body(&response))?;
                if response.is_unframed || response.announced_length.is_some() {
                    return Ok(());
                }
            }
            Some(Step::Truncate(response)) => {
                connection.send(&head(&response))?;
                let body = body(&response);
                return connection.send(&body[..body.len() / 2]);
            }
            Some(Step::Drip(response)) => {
                connection.send(&head(&response))?;
                for byte in body(&response) {
                    thread::sleep(Duration::from_millis(20));
                    connection.send(&[byte])?;
                }
            }
            Some(Step::Hang) => return connection.pause(HANG_TIME),
            Some(Step::HangInHead) => {
                connection.send(b"HTTP/1.1 200 OK\r\nContent-")?;
                return connection.pause(HANG_TIME);
            }
            Some(Step::InvalidHead) => return connection.send(b"HTTP/1.1 200 OK\r\nNot a header\r\n\r\n{}"),
            Some(Step::Close | Step::Reset) | None => return Ok(()),
        }
    }
}

/// Compresses the body if the response asks for it; a `Content-Encoding` that is set already is kept beside `gzip`.
fn compressed(mut response: MockResponse) -> MockResponse {
    if !response.is_gzip {
        return response;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&response.body).expect("writing to memory cannot fail");
    response.body = encoder.finish().expect("writing to memory cannot fail");
    let encoding = response.headers.iter().find(|(name, _)| name == "Content-Encoding");
    let encoding = encoding.map_or("gzip".to_owned(), |(_, encoding)| format!("gzip, {encoding}"));
    response.with("Content-Encoding", &encoding)
}

fn head(response: &MockResponse) -> Vec<u8> {
    let mut lines = vec![format!("HTTP/1.1 {} Scripted", response.status)];
    lines.extend(response.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if response.is_chunked {
        lines.push("Transfer-Encoding: chunked".to_owned());
    } else if response.status != 204 && !response.is_unframed {
        lines.push(format!("Content-Length: {}", response.announced_length.unwrap_or(response.body.len())));
    }
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

fn body(response: &MockResponse) -> Vec<u8> {
    if !response.is_chunked {
        return response.body.clone();
    }
    let mut body = Vec::new();
    for chunk in response.body.chunks(7) {
        body.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        body.extend(chunk);
        body.extend(b"\r\n");
    }
    body.extend(b"0\r\n\r\n");
    body
}
