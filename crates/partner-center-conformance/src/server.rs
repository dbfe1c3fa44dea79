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

/// How large the head of a request may be.
const LARGEST_HEAD: u64 = 1 << 20;
/// How large the body of a request may be.
const LARGEST_BODY: usize = 1 << 30;
/// How long the other side may neither send nor take anything.
const IDLE: Duration = Duration::from_secs(30);

/// A server on a raw socket of this machine, which can do what no HTTP library would: send nonsense, cut short, drip,
/// say nothing.
///
/// The requirements are held with it. It is public for what is special to a transport:
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
    record: Arc<Record>,
}

/// A connection to a [`Server`]. It is closed when it is dropped.
///
/// Nothing waits for ever: after 30 seconds in which the other side neither sends nor takes anything, it fails.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    record: Arc<Record>,
}

#[derive(Debug, Default)]
struct Record {
    connections: AtomicUsize,
    requests: Mutex<Vec<Request>>,
    is_over: AtomicBool,
}

impl Server {
    /// Listens on a free port until it is dropped. `converse` is called with each connection, on a thread of its own; the
    /// connection is closed when it returns, an error or not.
    pub fn start(converse: impl Fn(&mut Connection) -> io::Result<()> + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let server = Self { address: listener.local_addr()?, record: Arc::default() };
        let record = Arc::clone(&server.record);
        let converse = Arc::new(converse);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if record.is_over.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                record.connections.fetch_add(1, Ordering::Relaxed);
                let (record, converse) = (Arc::clone(&record), Arc::clone(&converse));
                // Whether it failed shows at the other end.
                thread::spawn(move || {
                    Connection::new(stream, record).and_then(|mut connection| converse(&mut connection))
                });
            }
        });
        Ok(server)
    }

    /// The base URL: `http://127.0.0.1:` and the port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.record.connections.load(Ordering::Relaxed)
    }

    /// The requests so far, in the order in which their last bytes came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.record.is_over.store(true, Ordering::Relaxed);
        // Wakes the listener, which sees that it is over.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

impl Connection {
    fn new(stream: TcpStream, record: Arc<Record>) -> io::Result<Self> {
        // What is sent byte by byte travels byte by byte.
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IDLE))?;
        stream.set_write_timeout(Some(IDLE))?;
        Ok(Self { reader: BufReader::new(stream), record })
    }

    /// Reads a request, its body as long as its `content-length` says; `None` when the other side has closed the
    /// connection. The URI is what the request line has: path and query.
    pub fn request(&mut self) -> io::Result<Option<Request>> {
        let Some(mut request) = self.head()? else { return Ok(None) };
        if let Some(length) = request.headers().get(CONTENT_LENGTH) {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            let length = length.filter(|length| *length <= LARGEST_BODY).ok_or_else(|| invalid("no valid length"))?;
            let mut body = vec![0; length];
            self.reader.read_exact(&mut body)?;
            *request.body_mut() = body;
        }
        self.record.requests().push(request.clone());
        Ok(Some(request))
    }

    /// Waits until a request begins, and leaves it unread. To drop the connection then is to reset it.
    pub fn wait_for_request(&mut self) -> io::Result<()> {
        self.reader.fill_buf().map(drop)
    }

    /// Sends `bytes`, whatever they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Says nothing for `silence`; shorter if the other side closes the connection meanwhile, or sends something.
    pub fn pause(&mut self, silence: Duration) -> io::Result<()> {
        // A timeout of zero would be none.
        self.reader.get_ref().set_read_timeout(Some(silence.max(Duration::from_millis(1))))?;
        let heard = self.reader.fill_buf().map(drop);
        self.reader.get_ref().set_read_timeout(Some(IDLE))?;
        match heard {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
            heard => heard,
        }
    }

    fn head(&mut self) -> io::Result<Option<Request>> {
        let mut reader = (&mut self.reader).take(LARGEST_HEAD);
        let Some(line) = line(&mut reader)? else { return Ok(None) };
        let line = String::from_utf8(line).map_err(|_| invalid("the request line is not text"))?;
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(invalid("the request line is none"));
        };
        let mut request = Request::default();
        *request.method_mut() = method.parse().map_err(invalid)?;
        *request.uri_mut() = target.parse().map_err(invalid)?;
        loop {
            let line = self::line(&mut reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Some(request));
            }
            let colon =
                line.iter().position(|byte| *byte == b':').ok_or_else(|| invalid("a header without a colon"))?;
            let name = HeaderName::from_bytes(&line[..colon]).map_err(invalid)?;
            let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).map_err(invalid)?;
            request.headers_mut().try_append(name, value).map_err(invalid)?;
        }
    }
}

impl Record {
    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next line, without its end; `None` when there is nothing left.
fn line(reader: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    line.pop_if(|byte| *byte == b'\n').ok_or(io::ErrorKind::UnexpectedEof)?;
    line.pop_if(|byte| *byte == b'\r');
    Ok(Some(line))
}

fn invalid(problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
