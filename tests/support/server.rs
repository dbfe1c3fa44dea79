use crate::{Answer, Step};
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
const LONG: Duration = Duration::from_secs(60);

/// A server that does one [`Step`] after another: it answers, or hangs up, cuts short, drips, says nothing.
pub struct Server {
    server: RawServer,
    steps: Arc<Mutex<VecDeque<Step>>>,
}

impl Server {
    /// Listens on a free port; `steps` gives it something to do.
    #[must_use]
    pub fn start() -> Self {
        let steps: Arc<Mutex<VecDeque<Step>>> = Arc::default();
        let queue = Arc::clone(&steps);
        let server = RawServer::start(move |connection| serve(connection, &queue)).expect("a free port");
        Self { server, steps }
    }

    /// The base URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// What to do with the requests to come, one after another.
    pub fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.steps.lock().unwrap().extend(steps);
    }
}

fn serve(connection: &mut Connection, steps: &Mutex<VecDeque<Step>>) -> Result<()> {
    loop {
        if matches!(steps.lock().unwrap().front(), Some(Step::Reset)) {
            // To close a connection whose request has come but was not read is to reset it.
            connection.wait_for_request()?;
            steps.lock().unwrap().pop_front();
            return Ok(());
        }
        if connection.request()?.is_none() {
            return Ok(());
        }
        let step = steps.lock().unwrap().pop_front().map(Step::encoded);
        match step {
            Some(Step::Answer(answer)) => {
                connection.send(&head(&answer))?;
                connection.send(&body(&answer))?;
                if answer.unframed || answer.announced.is_some() {
                    return Ok(());
                }
            }
            Some(Step::Truncate(answer)) => {
                connection.send(&head(&answer))?;
                let body = body(&answer);
                return connection.send(&body[..body.len() / 2]);
            }
            Some(Step::Drip(answer)) => {
                connection.send(&head(&answer))?;
                for byte in body(&answer) {
                    thread::sleep(Duration::from_millis(20));
                    connection.send(&[byte])?;
                }
            }
            Some(Step::Silence) => return connection.pause(LONG),
            Some(Step::Stall) => {
                connection.send(b"HTTP/1.1 200 OK\r\nContent-")?;
                return connection.pause(LONG);
            }
            Some(Step::InvalidHead) => return connection.send(b"HTTP/1.1 200 OK\r\nNot a header\r\n\r\n{}"),
            Some(Step::Hangup | Step::Reset) | None => return Ok(()),
        }
    }
}

impl Step {
    /// The step with its answer as it travels.
    fn encoded(self) -> Self {
        let encoded = |mut answer: Answer| {
            if answer.gzip {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&answer.body).expect("memory takes all");
                answer.body = encoder.finish().expect("memory takes all");
                let label = answer.headers.iter().find(|(name, _)| name == "Content-Encoding");
                let label = label.map_or("gzip".to_owned(), |(_, label)| format!("gzip, {label}"));
                answer = answer.with("Content-Encoding", &label);
            }
            answer
        };
        match self {
            Self::Answer(answer) => Self::Answer(encoded(answer)),
            Self::Truncate(answer) => Self::Truncate(encoded(answer)),
            Self::Drip(answer) => Self::Drip(encoded(answer)),
            Self::Hangup | Self::Reset | Self::Silence | Self::Stall | Self::InvalidHead => self,
        }
    }
}

fn head(answer: &Answer) -> Vec<u8> {
    let mut lines = vec![format!("HTTP/1.1 {} Scripted", answer.status)];
    lines.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if answer.chunked {
        lines.push("Transfer-Encoding: chunked".to_owned());
    } else if answer.status != 204 && !answer.unframed {
        lines.push(format!("Content-Length: {}", answer.announced.unwrap_or(answer.body.len())));
    }
    (lines.join("\r\n") + "\r\n\r\n").into_bytes()
}

fn body(answer: &Answer) -> Vec<u8> {
    if !answer.chunked {
        return answer.body.clone();
    }
    let mut body = Vec::new();
    for chunk in answer.body.chunks(7) {
        body.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        body.extend(chunk);
        body.extend(b"\r\n");
    }
    body.extend(b"0\r\n\r\n");
    body
}
