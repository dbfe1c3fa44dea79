//! The listener on this machine to which a browser comes back after a sign-in.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    iter,
    net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream},
    sync::{Arc, Weak, mpsc},
    thread,
    time::{Duration, Instant},
};

/// A listener on the loopback interface.
pub(super) struct LoopbackListener {
    listeners: Vec<TcpListener>,
    port: u16,
}

const ACCEPT_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Browsers open connections in advance, on which nothing comes.
const REQUEST_READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The maximum size of a request head: a code has about a kilobyte.
const MAX_REQUEST_HEAD_SIZE: usize = 16 << 10;

/// The maximum number of connections that are read at the same time.
const MAX_OPEN_CONNECTIONS: usize = 16;

impl LoopbackListener {
    /// Listens on a free port. A browser may resolve `localhost` to either address.
    pub(super) fn bind() -> io::Result<Self> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)));
        for listener in &listeners {
            listener.set_nonblocking(true)?;
        }
        Ok(Self { listeners, port })
    }

    /// Returns the redirect URI. Entra ignores the port of one that is registered as `http://localhost`.
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Returns the connections that wait, but not more than are read at the same time.
    fn accept_waiting(&self) -> Vec<TcpStream> {
        let accept = |listener: &TcpListener| listener.accept().ok().map(|(stream, _)| stream);
        let waiting = self.listeners.iter().flat_map(|listener| iter::from_fn(move || accept(listener)));
        waiting.take(MAX_OPEN_CONNECTIONS).collect()
    }

    /// Waits for the request whose query `is_response`, and returns that query; `None` if none has come before the deadline.
    pub(super) fn wait_for_response(&self, is_response: impl Fn(&str) -> bool, deadline: Instant) -> Option<String> {
        let (sender, received) = mpsc::channel();
        let mut open = OpenConnections::default();
        while Instant::now() < deadline {
            for stream in self.accept_waiting() {
                let stream = Arc::new(stream);
                open.add(&stream);
                let sender = sender.clone();
                // Without the thread, the connection is closed, and the browser tries again.
                let _ = thread::Builder::new().spawn(move || {
                    // Without a receiver, the sign-in has ended.
                    let _ = read_request_query(&stream).map(|query| sender.send((query, stream)));
                });
            }
            for (query, stream) in received.recv_timeout(ACCEPT_POLL_INTERVAL).into_iter().chain(received.try_iter()) {
                let is_it = query.as_deref().is_some_and(&is_response);
                // A browser that has gone has brought what was waited for all the same.
                let _ = send_page_to_browser(&stream, is_it);
                if is_it {
                    return query;
                }
            }
        }
        None
    }
}

/// The connections that are read. Any program on this machine can open as many as it likes, and must neither use up the threads
/// nor end the sign-in: for a new connection, the oldest is closed. A browser sends its request at once.
#[derive(Default)]
struct OpenConnections(VecDeque<Weak<TcpStream>>);

impl OpenConnections {
    fn add(&mut self, stream: &Arc<TcpStream>) {
        self.0.retain(|stream| stream.strong_count() > 0);
        if self.0.len() >= MAX_OPEN_CONNECTIONS
            && let Some(oldest) = self.0.pop_front().and_then(|stream| stream.upgrade())
        {
            // The thread that reads it comes to the end of the input.
            let _ = oldest.shutdown(Shutdown::Both);
        }
        self.0.push_back(Arc::downgrade(stream));
    }
}

/// Reads the query of a request for `/`; `None` if it is another request.
fn read_request_query(mut stream: &TcpStream) -> io::Result<Option<String>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(REQUEST_READ_TIMEOUT))?;
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_REQUEST_HEAD_SIZE {
        match stream.read(&mut chunk)? {
            0 => break,
            count => head.extend_from_slice(&chunk[..count]),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let target = head.lines().next().and_then(|line| line.strip_prefix("GET ")?.split(' ').next());
    Ok(target.and_then(|target| target.strip_prefix("/?")).map(str::to_owned))
}

fn send_page_to_browser(mut stream: &TcpStream, is_response: bool) -> io::Result<()> {
    let (status, text) = if is_response {
        ("200 OK", "The browser's part is done. Close this window, and go back to the terminal.")
    } else {
        ("404 Not Found", "There is nothing here.")
    };
    let page =
        format!("<!doctype html><html><head><title>partner-center</title></head><body><p>{text}</p></body></html>");
    stream.set_write_timeout(Some(REQUEST_READ_TIMEOUT))?;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{page}",
        page.len()
    )?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(port: u16, text: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut response = String::new();
        let _ = stream.read_to_string(&mut response);
        response
    }

    #[test]
    fn response_is_told_from_other_requests() {
        let listener = LoopbackListener::bind().unwrap();
        let port = listener.port;
        let idle = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let browser = thread::spawn(move || {
            ["GET /favicon.ico HTTP/1.1\r\n\r\n", "GET /?code=no HTTP/1.1\r\n\r\n", "GET /?code=yes HTTP/1.1\r\n\r\n"]
                .map(|text| request(port, text))
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        let query = listener.wait_for_response(|query| query == "code=yes", deadline);
        assert_eq!(query.as_deref(), Some("code=yes"));
        let responses = browser.join().unwrap();
        assert!(responses[0].starts_with("HTTP/1.1 404") && responses[1].starts_with("HTTP/1.1 404"));
        assert!(responses[2].starts_with("HTTP/1.1 200"));
        drop(idle);
    }

    #[test]
    fn other_programs_cannot_end_the_wait() {
        let listener = LoopbackListener::bind().unwrap();
        let port = listener.port;
        let browser = thread::spawn(move || {
            // Twice as many connections as were once allowed, on which nothing comes.
            let idle: Vec<_> = (0..200).map(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap()).collect();
            let response = request(port, "GET /?code=yes HTTP/1.1\r\n\r\n");
            drop(idle);
            response
        });
        let deadline = Instant::now() + Duration::from_secs(60);
        let query = listener.wait_for_response(|query| query == "code=yes", deadline);
        assert_eq!(query.as_deref(), Some("code=yes"));
        assert!(browser.join().unwrap().starts_with("HTTP/1.1 200"));
    }

    #[test]
    fn wait_ends_at_the_deadline() {
        let listener = LoopbackListener::bind().unwrap();
        assert!(listener.redirect_uri().starts_with("http://localhost:"));
        let query = listener.wait_for_response(|_| true, Instant::now() + Duration::from_millis(100));
        assert_eq!(query, None);
    }
}
