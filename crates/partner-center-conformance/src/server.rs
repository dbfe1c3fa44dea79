use partner_center_core::{
    Request,
    http::{HeaderName, HeaderValue, header::CONTENT_LENGTH},
};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The maximum size of the head of a request, in bytes.
const MAX_REQUEST_HEAD_SIZE: u64 = 1 << 20;
/// The maximum size of the body of a request, in bytes.
const MAX_REQUEST_BODY_SIZE: usize = 1 << 30;
/// The time after which a read or a write fails if the client neither sends nor reads.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A server on a raw socket of this machine, which can do what an HTTP library would not: send invalid HTTP, truncate a
/// response, send it slowly or not at all.
///
/// The checks use it. It is public for further tests of a transport:
///
/// ```
/// use partner_center_conformance::Server;
/// use partner_center_core::{Request, Transport, http::Version};
/// use partner_center_ureq::Ureq;
///
/// let server = Server::start(|connection| {
///     while let Some(request) = connection.request()? {
///         assert_eq!(request.uri(), "/old");
///         connection.send(b"HTTP/1.0 200 OK\r\n\r\nlong ago")?;
///         break;
///     }
///     Ok(())
/// })?;
/// let mut request = Request::default();
/// *request.uri_mut() = format!("{}/old", server.url()).parse()?;
/// let response = Ureq::new()?.send(request)?;
/// assert_eq!((response.version(), &response.body()[..]), (Version::HTTP_10, &b"long ago"[..]));
/// assert_eq!((server.connections(), server.requests().len()), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    record: Arc<ServerRecord>,
}

/// A connection to a [`Server`]. Dropping it closes it.
///
/// Reads and writes fail after 30 seconds in which the client neither sends nor reads.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    record: Arc<ServerRecord>,
}

#[derive(Debug, Default)]
struct ServerRecord {
    connections: AtomicUsize,
    requests: Mutex<Vec<Request>>,
    is_stopped: AtomicBool,
}

impl Server {
    /// Starts a server on a free port of `127.0.0.1`, which listens until it is dropped.
    ///
    /// `handle` is called with each connection, on a thread of its own. The connection is closed when `handle` returns.
    ///
    /// # Errors
    ///
    /// The operating system has no free port.
    pub fn start(handle: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self { address: listener.local_addr()?, record: Arc::default() };
        let record = Arc::clone(&server.record);
        let handle = Arc::new(handle);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if record.is_stopped.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                record.connections.fetch_add(1, Ordering::Relaxed);
                let (record, handle) = (Arc::clone(&record), Arc::clone(&handle));
                // An error of the handler is visible to the client as a closed connection.
                thread::spawn(move || {
                    Connection::new(stream, record).and_then(|mut connection| handle(&mut connection))
                });
            }
        });
        Ok(server)
    }

    /// Returns the base URL: `http://127.0.0.1:` and the port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the number of connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.record.connections.load(Ordering::Relaxed)
    }

    /// Returns the requests received so far, in the order in which they were complete.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.record.lock_requests().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.record.is_stopped.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is to stop.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Connection {
    fn new(stream: TcpStream, record: Arc<ServerRecord>) -> io::Result<Self> {
        // Bytes that are sent one by one must arrive one by one.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IDLE_TIMEOUT))?;
        stream.set_write_timeout(Some(IDLE_TIMEOUT))?;
        Ok(Self { reader: BufReader::new(stream), record })
    }

    /// Reads a request with the body that its `content-length` announces. Its URI is the path and the query of the request line.
    ///
    /// Returns `None` if the client has closed the connection.
    ///
    /// # Errors
    ///
    /// The connection failed, or the request is not valid HTTP/1.1.
    pub fn request(&mut self) -> io::Result<Option<Request>> {
        let Some(mut request) = self.read_request_head()? else { return Ok(None) };
        if let Some(length) = request.headers().get(CONTENT_LENGTH) {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            let length = length
                .filter(|length| *length <= MAX_REQUEST_BODY_SIZE)
                .ok_or_else(|| invalid_data_error("invalid content-length"))?;
            let mut body = vec![0; length];
            self.reader.read_exact(&mut body)?;
            *request.body_mut() = body;
        }
        self.record.lock_requests().push(request.clone());
        Ok(Some(request))
    }

    /// Waits until a request begins, and leaves it unread. Dropping the connection afterwards resets it.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub fn wait_for_request(&mut self) -> io::Result<()> {
        self.reader.fill_buf().map(drop)
    }

    /// Sends `bytes`, valid HTTP or not.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Sends nothing for `duration`. Returns early if the client sends something or closes the connection.
    ///
    /// # Errors
    ///
    /// The connection failed.
    pub fn pause(&mut self, duration: Duration) -> io::Result<()> {
        // The operating system takes a timeout of zero for no timeout.
        self.reader.get_ref().set_read_timeout(Some(duration.max(Duration::from_millis(1))))?;
        let outcome = self.reader.fill_buf().map(drop);
        self.reader.get_ref().set_read_timeout(Some(IDLE_TIMEOUT))?;
        match outcome {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
            outcome => outcome,
        }
    }

    fn read_request_head(&mut self) -> io::Result<Option<Request>> {
        let mut reader = (&mut self.reader).take(MAX_REQUEST_HEAD_SIZE);
        let Some(line) = read_line(&mut reader)? else { return Ok(None) };
        let line = String::from_utf8(line).map_err(|_| invalid_data_error("the request line is not UTF-8"))?;
        let mut parts = line.split(' ');
        let (Some(method), Some(target)) = (parts.next(), parts.next()) else {
            return Err(invalid_data_error("the request line has no target"));
        };
        let mut request = Request::default();
        *request.method_mut() = method.parse().map_err(invalid_data_error)?;
        *request.uri_mut() = target.parse().map_err(invalid_data_error)?;
        loop {
            let line = read_line(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(request));
            }
            let colon = line
                .iter()
                .position(|byte| *byte == b':')
                .ok_or_else(|| invalid_data_error("a header without a colon"))?;
            let name = HeaderName::from_bytes(&line[..colon]).map_err(invalid_data_error)?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(invalid_data_error)?;
            request.headers_mut().try_append(name, value).map_err(invalid_data_error)?;
        }
    }
}

impl ServerRecord {
    fn lock_requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the next line, without its end; `None` at the end of the input.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    line.pop_if(|byte| *byte == b'\n').ok_or(io::ErrorKind::UnexpectedEof)?;
    line.pop_if(|byte| *byte == b'\r');
    Ok(Some(line))
}

fn invalid_data_error(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
