//! What the requirements are held with.

use crate::{Connection, Server};
use futures_util::future::{join_all, select};
use partner_center_core::{Limits, Mode, Request, Response, Transport, TransportError, TransportErrorKind};
use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    io::{self, Write},
    panic::resume_unwind,
    pin::pin,
    thread,
    time::{Duration, Instant},
};

/// How long the server goes on with what a transport should have given up, so that all ends in any case.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
/// A timeout that passes, as nothing that is sent under it comes to an end.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(300);
/// How long a transport has for what it does behind an exchange.
pub(crate) const SHORTLY: Duration = Duration::from_millis(20);
/// How long after a timeout is near enough, on a machine that is busy with other tests.
pub(crate) const NEAR: Duration = Duration::from_secs(3);

/// Whether a requirement holds.
pub(crate) type Held = Result<(), Seen>;

/// What was seen of a requirement that does not hold.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) String);

/// Fails with what was seen.
macro_rules! seen {
    ($($text:tt)+) => { return Err($crate::exchange::Seen(format!($($text)+))) };
}

/// Fails with what was seen unless something holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => { if !$holds { $crate::exchange::seen!($($text)+) } };
}

pub(crate) use {ensure, seen};

impl From<io::Error> for Seen {
    fn from(error: io::Error) -> Self {
        Self(format!("nothing, as the server of the suite failed: {error}"))
    }
}

/// A server that answers each request with the bytes that `answer` makes of it, and keeps the connection.
pub(crate) fn answering(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> io::Result<Server> {
    Server::start(move |connection| {
        while let Some(request) = connection.request()? {
            connection.send(&answer(&request))?;
        }
        Ok(())
    })
}

/// A server that does as it likes with the first request of each connection, and closes it then.
pub(crate) fn once(
    react: impl Fn(&mut Connection, &Request) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<Server> {
    Server::start(move |connection| match connection.request()? {
        Some(request) => react(connection, &request),
        None => Ok(()),
    })
}

/// A server that answers the first request of each connection with the bytes that `answer` makes of it, and closes it.
pub(crate) fn closing_after(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> io::Result<Server> {
    once(move |connection, request| connection.send(&answer(request)))
}

/// A server that takes requests and says nothing, until the other side goes or patience ends.
pub(crate) fn silent() -> io::Result<Server> {
    once(|connection, _| connection.pause(PATIENCE))
}

/// The bytes of an answer with a body and its length. `head` is the rest of its head: a status, and perhaps headers.
pub(crate) fn answer(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    raw(&format!("{head}\r\nContent-Length: {}", body.len()), body)
}

/// The bytes of an answer whose head says nothing but what `head` does.
pub(crate) fn raw(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body.as_ref()].concat()
}

/// `body` in chunks of several sizes.
pub(crate) fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut rest, mut size) = (body, 1);
    while !rest.is_empty() {
        let (chunk, others) = rest.split_at(size.min(rest.len()));
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
        (rest, size) = (others, size * 3);
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

pub(crate) fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Whether `request` allows an answer in gzip.
pub(crate) fn accepts_gzip(request: &Request) -> bool {
    let values = request.headers().get_all("accept-encoding").iter();
    let mut codings = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// `length` bytes that no compression makes fewer, the same each time.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    let states = std::iter::successors(Some(1_u64), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    states.skip(1).take(length).map(|state| state.to_be_bytes()[0]).collect()
}

/// A request for `target`, with more time and room than an exchange on this machine takes.
pub(crate) fn get(server: &Server, target: &str) -> Request {
    get_from(&format!("{}{target}", server.url()))
}

/// The same for any URI.
#[expect(clippy::expect_used, reason = "the suite's own URIs, which its tests meet every one of")]
pub(crate) fn get_from(uri: &str) -> Request {
    let mut request = Request::default();
    *request.uri_mut() = uri.parse().expect("a URI of the suite is one");
    within(request, PATIENCE)
}

/// `request` under other limits.
pub(crate) fn limited(mut request: Request, limit: impl FnOnce(&mut Limits)) -> Request {
    let mut limits = Limits::of(&request);
    limit(&mut limits);
    request.extensions_mut().insert(limits);
    request
}

/// `request` under another timeout.
pub(crate) fn within(request: Request, timeout: Duration) -> Request {
    limited(request, |limits| limits.timeout = timeout)
}

pub(crate) async fn send<X: Transport>(transport: &X, request: Request) -> Result<Response, TransportError> {
    X::Mode::into_future(transport.send(request)).await
}

/// What `transport` answers; `case` says which part of the requirement it is.
pub(crate) async fn answered<X: Transport>(
    transport: &X,
    request: Request,
    case: impl fmt::Display + Send + Sync,
) -> Result<Response, Seen> {
    send(transport, request).await.map_err(|error| Seen(format!("{case}: no answer but an error: {}", told(&error))))
}

/// The error that `transport` ends with instead of an answer.
pub(crate) async fn failed<X: Transport>(
    transport: &X,
    request: Request,
    case: impl fmt::Display + Send + Sync,
) -> Result<TransportError, Seen> {
    match send(transport, request).await {
        Ok(response) => seen!("{case}: no error but an answer: {}", outlined(&response)),
        Err(error) => Ok(error),
    }
}

/// Insists on an error of `kind`.
pub(crate) async fn fails<X: Transport>(
    transport: &X,
    request: Request,
    kind: TransportErrorKind,
    case: impl fmt::Display + Send + Sync,
) -> Held {
    let error = failed(transport, request, &case).await?;
    ensure!(error.kind() == kind, "{case}: an error of another kind than {kind:?}: {}", told(&error));
    Ok(())
}

/// Insists on an error of kind `Timeout` when the timeout has passed, not before and not long after.
pub(crate) async fn times_out<X: Transport>(transport: &X, request: Request, case: &str) -> Held {
    let timeout = Limits::of(&request).timeout;
    let started = Instant::now();
    fails(transport, request, TransportErrorKind::Timeout, case).await?;
    let elapsed = started.elapsed();
    // Clocks are not that exact.
    ensure!(elapsed >= timeout.mul_f32(0.9), "{case}: it gave up after {elapsed:?}, before the {timeout:?} it had");
    ensure!(elapsed < timeout + NEAR, "{case}: it gave up after {elapsed:?}, long after the {timeout:?} it had");
    Ok(())
}

/// Does all of `work` at once: each on a thread if the transport blocks, or else as futures of one task.
pub(crate) async fn at_once<'a, X: Transport, T: Send + 'a>(work: Vec<impl Future<Output = T> + Send + 'a>) -> Vec<T> {
    let outputs: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = work.into_iter().map(|work| scope.spawn(move || X::Mode::block_or_box(work))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    join_all(outputs.into_iter().map(X::Mode::into_future)).await
}

/// Sends `request` and drops the exchange after `patience`. Where nothing can be dropped, it is waited for.
pub(crate) async fn given_up<X: Transport>(transport: &X, request: Request, patience: Duration) {
    let sending = pin!(send(transport, request));
    let waiting = pin!(pause(transport, patience));
    select(sending, waiting).await;
}

/// Lets the transport do what it does in the background, such as to take a connection back.
pub(crate) async fn pause<X: Transport>(transport: &X, delay: Duration) {
    X::Mode::into_future(transport.sleep(delay)).await;
}

/// An error with its causes.
pub(crate) fn told(error: &TransportError) -> String {
    let mut text = format!("{:?}: {error}", error.kind());
    let mut source = error.source();
    while let Some(cause) = source {
        // A string takes all.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// The status of an answer, and how its body begins.
pub(crate) fn outlined(response: &Response) -> String {
    format!("{} with the body {}", response.status(), excerpt(response.body()))
}

/// How a body begins, and its length.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let more = if body.len() > 40 { ".." } else { "" };
    format!("{shown:?}{more} (length {})", body.len())
}

/// Insists on a body.
pub(crate) fn has_body(response: &Response, expected: &[u8], case: impl fmt::Display) -> Held {
    let (body, sent) = (response.body(), excerpt(expected));
    ensure!(body == expected, "{case}: the body {sent} came back as {}", excerpt(body));
    Ok(())
}
