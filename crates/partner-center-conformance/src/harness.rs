//! Servers, requests and expectations shared by the checks.
//!
//! A check sends requests to a [`Server`] that misbehaves in one way, and expects a response or an error. The `expect_` functions
//! turn anything else into an [`ViolationObservation`], which names the case it was made in.

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

/// The time after which a server gives up on a transport that does not, so that each check ends in any case.
pub(crate) const SERVER_TIMEOUT: Duration = Duration::from_secs(8);
/// The timeout of requests that are meant to time out.
pub(crate) const SHORT_REQUEST_TIMEOUT: Duration = Duration::from_millis(300);
/// The time allowed for what a transport does after an exchange, such as returning the connection to its pool.
pub(crate) const TRANSPORT_SETTLE_TIME: Duration = Duration::from_millis(20);
/// The allowed delay after a timeout, on a machine that is busy with other tests.
pub(crate) const TIMEOUT_TOLERANCE: Duration = Duration::from_secs(3);

/// The outcome of a check: nothing if the requirement holds.
pub(crate) type CheckResult = Result<(), ViolationObservation>;

/// The behavior observed when a requirement does not hold, in words.
#[derive(Debug)]
pub(crate) struct ViolationObservation(pub(crate) String);

/// Fails the check with an [`ViolationObservation`].
macro_rules! observed {
    ($($text:tt)+) => { return Err($crate::harness::ViolationObservation(format!($($text)+))) };
}

/// Fails the check with an [`ViolationObservation`] unless a condition holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => { if !$holds { $crate::harness::observed!($($text)+) } };
}

pub(crate) use {ensure, observed};

impl From<io::Error> for ViolationObservation {
    fn from(error: io::Error) -> Self {
        Self(format!("nothing, as the server of the suite failed: {error}"))
    }
}

/// Starts a server that sends the bytes that `respond` returns for each request, and keeps the connection open.
pub(crate) fn start_keep_alive_server(
    respond: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<Server> {
    Server::start(move |connection| {
        while let Some(request) = connection.request()? {
            connection.send(&respond(&request))?;
        }
        Ok(())
    })
}

/// Starts a server that calls `react` with the first request of each connection, and then closes the connection.
pub(crate) fn start_one_request_per_connection_server(
    react: impl Fn(&mut Connection, &Request) -> io::Result<()> + Send + Sync + 'static,
) -> io::Result<Server> {
    Server::start(move |connection| match connection.request()? {
        Some(request) => react(connection, &request),
        None => Ok(()),
    })
}

/// Starts a server that sends the bytes that `respond` returns for the first request of each connection, and then closes the
/// connection.
pub(crate) fn start_respond_and_close_server(
    respond: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static,
) -> io::Result<Server> {
    start_one_request_per_connection_server(move |connection, request| connection.send(&respond(request)))
}

/// Starts a server that reads a request and sends nothing until the client closes the connection or [`SERVER_TIMEOUT`] passes.
pub(crate) fn start_silent_server() -> io::Result<Server> {
    start_one_request_per_connection_server(|connection, _| connection.pause(SERVER_TIMEOUT))
}

/// Returns the bytes of a response with `content-length`. `head` is the status, followed by any other headers.
pub(crate) fn response_with_content_length(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    raw_response(&format!("{head}\r\nContent-Length: {}", body.len()), body)
}

/// Returns the bytes of a response whose head holds nothing but `head`.
pub(crate) fn raw_response(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body.as_ref()].concat()
}

/// Returns `body` in the chunked transfer coding, in chunks of several sizes.
pub(crate) fn chunked_body(body: &[u8]) -> Vec<u8> {
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

pub(crate) fn gzip_compressed(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Whether `request` accepts a response compressed with gzip.
pub(crate) fn request_accepts_gzip(request: &Request) -> bool {
    let values = request.headers().get_all("accept-encoding").iter();
    let mut codings = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// Returns `length` pseudo-random bytes, the same each time, which compression does not make smaller.
pub(crate) fn incompressible_bytes(length: usize) -> Vec<u8> {
    let states = std::iter::successors(Some(1_u64), |state| {
        Some(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407))
    });
    states.skip(1).take(length).map(|state| state.to_be_bytes()[0]).collect()
}

/// Builds a request for `target` whose limits no exchange on this machine reaches.
pub(crate) fn get_request(server: &Server, target: &str) -> Request {
    get_request_for_uri(&format!("{}{target}", server.url()))
}

/// Builds the same request for any URI.
#[expect(clippy::expect_used, reason = "each URI is a constant of the suite, and its own tests parse all of them")]
pub(crate) fn get_request_for_uri(uri: &str) -> Request {
    let mut request = Request::default();
    *request.uri_mut() = uri.parse().expect("the URIs of the suite are valid");
    with_timeout(request, SERVER_TIMEOUT)
}

/// Changes the limits of `request`.
pub(crate) fn change_limits(mut request: Request, limit: impl FnOnce(&mut Limits)) -> Request {
    let mut limits = Limits::of(&request);
    limit(&mut limits);
    request.extensions_mut().insert(limits);
    request
}

/// Sets the timeout of `request`.
pub(crate) fn with_timeout(request: Request, timeout: Duration) -> Request {
    change_limits(request, |limits| limits.timeout = timeout)
}

pub(crate) async fn send_request<X: Transport>(transport: &X, request: Request) -> Result<Response, TransportError> {
    X::Mode::into_future(transport.send(request)).await
}

/// Sends `request` and expects a response. `case` names the part of the requirement that is checked.
pub(crate) async fn send_expecting_response<X: Transport>(
    transport: &X,
    request: Request,
    case: impl fmt::Display + Send + Sync,
) -> Result<Response, ViolationObservation> {
    send_request(transport, request).await.map_err(|error| {
        ViolationObservation(format!("{case}: an error instead of a response: {}", error_chain(&error)))
    })
}

/// Sends `request` and expects an error.
pub(crate) async fn send_expecting_error<X: Transport>(
    transport: &X,
    request: Request,
    case: impl fmt::Display + Send + Sync,
) -> Result<TransportError, ViolationObservation> {
    match send_request(transport, request).await {
        Ok(response) => observed!("{case}: a response instead of an error: {}", response_summary(&response)),
        Err(error) => Ok(error),
    }
}

/// Sends `request` and expects an error of `kind`.
pub(crate) async fn send_expecting_error_kind<X: Transport>(
    transport: &X,
    request: Request,
    kind: TransportErrorKind,
    case: impl fmt::Display + Send + Sync,
) -> CheckResult {
    let error = send_expecting_error(transport, request, &case).await?;
    ensure!(error.kind() == kind, "{case}: an error of a kind other than {kind:?}: {}", error_chain(&error));
    Ok(())
}

/// Sends `request` and expects an error of kind `Timeout` when its timeout has passed, neither before nor long after.
pub(crate) async fn expect_timeout<X: Transport>(transport: &X, request: Request, case: &str) -> CheckResult {
    let timeout = Limits::of(&request).timeout;
    let started = Instant::now();
    send_expecting_error_kind(transport, request, TransportErrorKind::Timeout, case).await?;
    let elapsed = started.elapsed();
    // Timers may fire slightly early.
    ensure!(elapsed >= timeout.mul_f32(0.9), "{case}: it gave up after {elapsed:?}, before the {timeout:?} it had");
    ensure!(
        elapsed < timeout + TIMEOUT_TOLERANCE,
        "{case}: it gave up after {elapsed:?}, long after the {timeout:?} it had"
    );
    Ok(())
}

/// Runs all of `work` concurrently: on a thread each if the transport blocks, otherwise as futures of one task.
pub(crate) async fn run_all_concurrently<'a, X: Transport, T: Send + 'a>(
    work: Vec<impl Future<Output = T> + Send + 'a>,
) -> Vec<T> {
    let outputs: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = work.into_iter().map(|work| scope.spawn(move || X::Mode::block_or_box(work))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    join_all(outputs.into_iter().map(X::Mode::into_future)).await
}

/// Sends `request` and drops the future after `delay`. A blocking exchange cannot be dropped and runs until it ends.
pub(crate) async fn send_and_cancel<X: Transport>(transport: &X, request: Request, delay: Duration) {
    let sending = pin!(send_request(transport, request));
    let waiting = pin!(pause_for_transport_background_work(transport, delay));
    select(sending, waiting).await;
}

/// Sleeps, so that the transport can finish its work in the background, such as returning a connection to its pool.
pub(crate) async fn pause_for_transport_background_work<X: Transport>(transport: &X, delay: Duration) {
    X::Mode::into_future(transport.sleep(delay)).await;
}

/// Formats an error with its sources.
pub(crate) fn error_chain(error: &TransportError) -> String {
    let mut chain = format!("{:?}: {error}", error.kind());
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string cannot fail.
        let _ = write!(chain, ": {cause}");
        source = cause.source();
    }
    chain
}

/// Formats the status of a response and the beginning of its body.
pub(crate) fn response_summary(response: &Response) -> String {
    format!("{} with the body {}", response.status(), body_excerpt(response.body()))
}

/// Formats the beginning of a body and its length.
pub(crate) fn body_excerpt(body: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    let more = if body.len() > 40 { ".." } else { "" };
    format!("{shown:?}{more} (length {})", body.len())
}

/// Expects `expected` as the body of `response`.
pub(crate) fn expect_body(response: &Response, expected: &[u8], case: impl fmt::Display) -> CheckResult {
    let (body, sent) = (response.body(), body_excerpt(expected));
    ensure!(body == expected, "{case}: the body {sent} arrived as {}", body_excerpt(body));
    Ok(())
}
