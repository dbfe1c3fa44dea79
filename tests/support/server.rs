use crate::{Answer, Step};
use flate2::{Compression, write::GzEncoder};
use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Result, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Longer than any timeout of a test.
const LONG: Duration = Duration::from_secs(60);

/// A server on a raw socket, which can do what no HTTP library would: hang up, cut short, drip, say nothing.
pub struct Server {
    address: SocketAddr,
    steps: Arc<Mutex<VecDeque<Step>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Listens on a free port; `steps` gives it something to do.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let steps: Arc<Mutex<VecDeque<Step>>> = Arc::default();
        let queue = Arc::clone(&steps);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        // The threads end with the process; they hold nothing but a socket.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let queue = Arc::clone(&queue);
                thread::spawn(move || serve(stream, &queue));
            }
        });
        Self { address, steps, connections }
    }

    /// The base URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// What to do with the requests to come, one after another.
    pub fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.steps.lock().unwrap().extend(steps);
    }
}

fn serve(stream: TcpStream, steps: &Mutex<VecDeque<Step>>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        if reader.buffer().is_empty() && matches!(steps.lock().unwrap().front(), Some(Step::Reset)) {
            // To close a connection whose request has come but was not read is to reset it.
            writer.peek(&mut [0])?;
            steps.lock().unwrap().pop_front();
            return Ok(());
        }
        if !read_request(&mut reader)? {
            return Ok(());
        }
        let step = steps.lock().unwrap().pop_front().map(Step::encoded);
        match step {
            Some(Step::Answer(answer)) => {
                writer.write_all(&head(&answer))?;
                writer.write_all(&body(&answer))?;
                if answer.unframed || answer.announced.is_some() {
                    return Ok(());
                }
            }
            Some(Step::Truncate(answer)) => {
                writer.write_all(&head(&answer))?;
                let body = body(&answer);
                writer.write_all(&body[..body.len() / 2])?;
                return Ok(());
            }
            Some(Step::Drip(answer)) => {
                writer.write_all(&head(&answer))?;
                for byte in body(&answer) {
                    thread::sleep(Duration::from_millis(20));
                    writer.write_all(&[byte])?;
                }
            }
            Some(Step::Silence) => {
                thread::sleep(LONG);
                return Ok(());
            }
            Some(Step::Stall) => {
                writer.write_all(b"HTTP/1.1 200 OK\r\nContent-")?;
                thread::sleep(LONG);
                return Ok(());
            }
            Some(Step::Hangup | Step::Reset) | None => return Ok(()),
        }
    }
}

/// Reads one request; false when the other side has gone.
fn read_request(reader: &mut BufReader<TcpStream>) -> Result<bool> {
    let mut length = 0;
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(false);
    }
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    Ok(true)
}

impl Step {
    /// The step with its answer as it travels.
    fn encoded(self) -> Self {
        let encoded = |mut answer: Answer| {
            if answer.gzip {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&answer.body).expect("memory takes all");
                answer.body = encoder.finish().expect("memory takes all");
                answer = answer.with("Content-Encoding", "gzip");
            }
            answer
        };
        match self {
            Self::Answer(answer) => Self::Answer(encoded(answer)),
            Self::Truncate(answer) => Self::Truncate(encoded(answer)),
            Self::Drip(answer) => Self::Drip(encoded(answer)),
            Self::Hangup | Self::Reset | Self::Silence | Self::Stall => self,
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
