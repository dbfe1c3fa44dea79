//! The HTTP server. One thread accepts and serves all connections, and makes most responses; one that may take long, such as a
//! search, is made in a second one, and abandoned once its client has gone.

mod response_scheduler;
mod socket;
#[cfg(feature = "tls")]
mod tls;

use crate::{
    Emulator,
    origin::ReceivedOverTls,
    request_handler::RequestHandler,
    scheduled_response::ScheduledResponse,
    steering::{
        self, Delivery,
        http::{MAX_STEERING_BODY_SIZE, is_steering_path, may_have_large_body, reject_access},
    },
    store::ChangesLost,
};
use futures_util::future::{Either, select};
use http::{HeaderValue, StatusCode, header::CONNECTION};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    body::{Body, Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use partner_center_core::Response;
use response_scheduler::{ResponseBody, ResponseScheduler, response_with_whole_body};
use socket::ResettableSocket;
use std::{
    error::Error,
    future::poll_fn,
    io,
    net::{SocketAddr, ToSocketAddrs},
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::Poll,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    runtime::{self, Runtime},
    sync::{OwnedSemaphorePermit, watch},
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// An HTTP/1.1 server of an [`Emulator`](crate::Emulator), started by [`Emulator::serve`](crate::Emulator::serve) or, over TLS,
/// by `Emulator::serve_tls`. It runs in a background thread.
///
/// Each request is an event of `tracing` at level `INFO`, with method, path, status and duration.
///
/// Dropping it shuts the server down, as [`shutdown`](Self::shutdown) does.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    scheme: &'static str,
    #[cfg(feature = "tls")]
    certificate_authority: Option<String>,
    /// The server stops when this is dropped.
    stop: Option<watch::Sender<()>>,
    /// Closed once the server has stopped. Locked so that the server can be shared between threads.
    stopped: Mutex<mpsc::Receiver<()>>,
    /// The background thread.
    runtime: Option<Runtime>,
}

impl Server {
    /// Returns the base URL for clients, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns the certificate of the authority that issued the server's certificate, in PEM, or `None` without TLS. Clients must
    /// trust it. Each server has a new one.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificate_authority(&self) -> Option<&str> {
        self.certificate_authority.as_deref()
    }

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts the server down: stops listening, completes the responses in progress, and closes all connections.
    ///
    /// After at most one second, responses still in progress are abandoned. Idle connections and responses that a fault delays are
    /// closed immediately.
    pub fn shutdown(self) {
        drop(self);
    }

    /// Blocks the calling thread: the server runs until the process ends.
    pub fn wait(self) {
        self.wait_until_stopped();
    }

    /// Starts a server over TLS, with a new certificate.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(handler: Arc<RequestHandler>, address: impl ToSocketAddrs) -> io::Result<Self> {
        let tls::ServerIdentity { acceptor, authority } = tls::ServerIdentity::generate_identity()?;
        let mut server = Self::start(handler, address, TransportSecurity::Tls(acceptor))?;
        (server.scheme, server.certificate_authority) = ("https", Some(authority));
        Ok(server)
    }

    pub(crate) fn start(
        handler: Arc<RequestHandler>,
        address: impl ToSocketAddrs,
        security: TransportSecurity,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut runtime = runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).thread_name("partner-center-emulator").enable_all().build()?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener)
        };
        let listener = match listener {
            Ok(listener) => listener,
            Err(error) => {
                // Not dropped: that panics if the caller is itself inside a runtime.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let (stop, stopped) = watch::channel(());
        let (end, has_stopped) = mpsc::channel();
        runtime.spawn(async move {
            // A block of its own, which drops all that it owns before `end` is dropped: a caller that waits for the end may
            // bind to the port, and open the data file.
            async move { serve_until_stopped(&listener, &handler, &security, stopped).await }.await;
            drop(end);
        });
        Ok(Self {
            address,
            scheme: "http",
            #[cfg(feature = "tls")]
            certificate_authority: None,
            stop: Some(stop),
            stopped: Mutex::new(has_stopped),
            runtime: Some(runtime),
        })
    }

    /// Returns once the server has stopped.
    fn wait_until_stopped(&self) {
        // Nothing is sent: the channel is closed at the end.
        let _ = self.stopped.lock().unwrap_or_else(PoisonError::into_inner).recv();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.wait_until_stopped();
        if let Some(runtime) = self.runtime.take() {
            // This ends the remaining connections and the responses in progress.
            runtime.shutdown_background();
        }
    }
}

/// The time for responses in progress when the server shuts down, and for the rest of a request that is too large.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// The maximum time of a TLS handshake.
#[cfg(feature = "tls")]
const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum size of the body of a request, in bytes. Token requests have the largest: a few KiB.
const MAX_REQUEST_BODY_SIZE: usize = 1 << 20;

/// The time within which a large body has to come. It holds up all others.
const LARGE_BODY_TIME_LIMIT: Duration = Duration::from_secs(30);

/// The time for which a steering request with a large body waits until another one is done. One at a time is in memory. It is longer
/// than the time of one, so that one that stalls does not let the next one fail.
const LARGE_BODY_PERMIT_TIMEOUT: Duration = Duration::from_secs(40);

/// The maximum size of a request without its body, in bytes, approximately. A token and a filter need a small part of it.
const MAX_REQUEST_HEAD_SIZE: usize = 64 << 10;

/// The protocol below HTTP.
#[derive(Clone)]
pub(crate) enum TransportSecurity {
    None,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

async fn serve_until_stopped(
    listener: &TcpListener,
    handler: &Arc<RequestHandler>,
    security: &TransportSecurity,
    mut stopped: watch::Receiver<()>,
) {
    let connections = GracefulShutdown::new();
    {
        let stopped_for_connections = stopped.clone();
        let mut accepting =
            pin!(accept_connections(listener, handler, security, &connections, &stopped_for_connections));
        let mut stopped = pin!(stopped.changed());
        // Until the server stops; accepting never ends by itself.
        poll_fn(|context| match stopped.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => accepting.as_mut().poll(context),
        })
        .await;
    }
    let _ = timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await;
}

async fn accept_connections(
    listener: &TcpListener,
    handler: &Arc<RequestHandler>,
    security: &TransportSecurity,
    connections: &GracefulShutdown,
    stopped: &watch::Receiver<()>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // As a rule too many files are open: wait until some are closed.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let connection = ConnectionContext {
            handler: Arc::clone(handler),
            stopped: stopped.clone(),
            watcher: connections.watcher(),
        };
        tokio::spawn(connection.handshake_and_serve(stream, security.clone()));
    }
}

/// A connection without its stream.
struct ConnectionContext {
    handler: Arc<RequestHandler>,
    /// Never changed, only closed, when the server stops.
    stopped: watch::Receiver<()>,
    watcher: Watcher,
}

impl ConnectionContext {
    /// Performs the TLS handshake, if there is one, and serves the connection.
    async fn handshake_and_serve(self, stream: TcpStream, security: TransportSecurity) {
        // Responses are small and written in one piece: Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let socket = ResettableSocket::new(stream);
        match security {
            TransportSecurity::None => self.serve_requests(socket.clone(), socket, false).await,
            #[cfg(feature = "tls")]
            TransportSecurity::Tls(acceptor) => {
                let mut stopped = self.stopped.clone();
                let handshake = timeout(TLS_HANDSHAKE_TIMEOUT, acceptor.accept(socket.clone()));
                match select(pin!(handshake), pin!(stopped.changed())).await {
                    Either::Left((Ok(Ok(stream)), _)) => self.serve_requests(stream, socket, true).await,
                    Either::Left((Ok(Err(error)), _)) => tracing::warn!("a TLS handshake failed: {error}"),
                    _ => {}
                }
            }
        }
    }

    /// Serves the requests that arrive over `stream`, which is TLS over `socket` or `socket` itself.
    async fn serve_requests(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        socket: ResettableSocket,
        is_over_tls: bool,
    ) {
        let Self { handler, stopped, watcher } = self;
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).max_buf_size(MAX_REQUEST_HEAD_SIZE).half_close(true);
        let sender = ResponseScheduler { stopped, socket };
        let http_service = service_fn(move |mut request: http::Request<Incoming>| {
            if is_over_tls {
                request.extensions_mut().insert(ReceivedOverTls);
            }
            respond_and_trace(Arc::clone(&handler), sender.clone(), request)
        });
        // An error of a connection concerns only its client.
        let _ = watcher.watch(http.serve_connection(TokioIo::new(stream), http_service)).await;
    }
}

/// Responds to `request` and logs both. The log has neither the query, which may have names of customers, nor the headers, which
/// have tokens.
async fn respond_and_trace(
    handler: Arc<RequestHandler>,
    sender: ResponseScheduler,
    request: http::Request<Incoming>,
) -> Result<http::Response<ResponseBody>, Box<dyn Error + Send + Sync>> {
    let (method, path, start) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let outcome = respond_to_request(handler, sender, request).await;
    let status = outcome.as_ref().map_or("no response".to_owned(), |response| response.status().as_str().to_owned());
    tracing::info!("{method} {}: {status} in {:?}", path.escape_debug(), start.elapsed());
    outcome
}

async fn respond_to_request(
    handler: Arc<RequestHandler>,
    sender: ResponseScheduler,
    request: http::Request<Incoming>,
) -> Result<http::Response<ResponseBody>, Box<dyn Error + Send + Sync>> {
    let is_steering = is_steering_path(request.uri().path());
    let has_large_body = may_have_large_body(request.method(), request.uri().path());
    let max_body_size = if has_large_body { MAX_STEERING_BODY_SIZE } else { MAX_REQUEST_BODY_SIZE };
    // Before the body is in memory, which may be large.
    let rejection = if is_steering { reject_access(&request) } else { None };
    let (head, mut body) = request.into_parts();
    let is_large = has_large_body && body.size_hint().upper().is_none_or(|size| size > MAX_REQUEST_BODY_SIZE as u64);
    if let Some(rejection) = rejection {
        discard_body(&mut body).await;
        return Ok(closing_connection(rejection));
    }
    let mut large_body_permit = None;
    if is_large {
        let permit = timeout(LARGE_BODY_PERMIT_TIMEOUT, Arc::clone(&handler.large_body).acquire_owned());
        let Ok(Ok(permit)) = permit.await else {
            discard_body(&mut body).await;
            return Ok(closing_connection(steering::http::busy_response()));
        };
        large_body_permit = Some(permit);
    }
    // Nobody waits for a small one.
    let time_limit = large_body_permit.as_ref().map_or(Duration::MAX, |_| LARGE_BODY_TIME_LIMIT);
    let body = match read_body(&mut body, max_body_size, time_limit).await {
        Ok(body) => body,
        Err(status) => {
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                discard_body(&mut body).await;
            }
            return Ok(connection_closing_response(status)?);
        }
    };
    let request = http::Request::from_parts(head, body.into());
    if is_steering {
        return respond_to_steering_request(handler, sender, request, large_body_permit).await;
    }
    let mut exchange = ExchangeInProgress::begin_exchange(&handler, &request);
    if !handler.may_take_long(&request) {
        let response = handler.respond(exchange.number, &request, &AtomicBool::new(false));
        return Ok(exchange.response_when_due(sender, response).await?);
    }
    // A search may take long, as may the disk, and this thread has other connections to serve.
    let number = exchange.number;
    let response =
        run_blocking_until_closed(&sender, move |cancelled| handler.respond(number, &request, cancelled)).await?;
    Ok(exchange.response_when_due(sender, response).await?)
}

/// Reads a body, or returns the status of the response to one that is too large, comes too slowly, or ends too early.
async fn read_body<B: Body>(body: B, max_size: usize, time_limit: Duration) -> Result<Bytes, StatusCode>
where
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    match timeout(time_limit, Limited::new(body, max_size).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// Responds to a steering request, which may wait. Its permit is held as long as the request is in memory.
async fn respond_to_steering_request(
    handler: Arc<RequestHandler>,
    sender: ResponseScheduler,
    request: http::Request<Vec<u8>>,
    large_body_permit: Option<OwnedSemaphorePermit>,
) -> Result<http::Response<ResponseBody>, Box<dyn Error + Send + Sync>> {
    let response = run_blocking_until_closed(&sender, move |cancelled| {
        let response = steering::http::respond(&Emulator::from_handler(Arc::clone(&handler)), &request, cancelled);
        drop((request, large_body_permit));
        handler.save().map(|()| response)
    });
    match response.await? {
        Ok(response) => Ok(response_with_whole_body(response)),
        Err(ChangesLost) => Ok(connection_closing_response(StatusCode::INTERNAL_SERVER_ERROR)?),
    }
}

/// Runs `work` in another thread, and cancels it once the client has closed the connection or the server stops.
async fn run_blocking_until_closed<T: Send + 'static>(
    sender: &ResponseScheduler,
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> Result<T, Box<dyn Error + Send + Sync>> {
    let cancel_on_drop = CancelResponseOnDrop::default();
    let cancelled = Arc::clone(&cancel_on_drop.cancelled);
    let result = spawn_blocking(move || work(&cancelled));
    match select(result, pin!(sender.socket.wait_until_closed_by_peer())).await {
        Either::Left((result, _)) => Ok(result?),
        Either::Right(_) => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
    }
}

/// Reads the rest of a body for a moment: a client that is still sending does not read the response.
async fn discard_body(body: &mut Incoming) {
    let _ = timeout(SHUTDOWN_TIMEOUT, async { while let Some(Ok(_)) = body.frame().await {} }).await;
}

/// Returns a response to a request whose body is not read to its end, so that the connection cannot be reused.
fn closing_connection(response: Response) -> http::Response<ResponseBody> {
    let mut response = response_with_whole_body(response);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Returns the response to a request whose body could not be read to its end, so that the connection cannot be reused.
fn connection_closing_response(status: StatusCode) -> http::Result<http::Response<ResponseBody>> {
    http::Response::builder().status(status).header(CONNECTION, "close").body(ResponseBody::default())
}

/// A request whose response is made or sent. When it is dropped before, nothing was sent.
struct ExchangeInProgress {
    handler: Arc<RequestHandler>,
    number: u64,
    delivery: Delivery,
    is_certain: bool,
}

impl ExchangeInProgress {
    fn begin_exchange(handler: &Arc<RequestHandler>, request: &http::Request<Vec<u8>>) -> Self {
        Self {
            handler: Arc::clone(handler),
            number: handler.log_received_request(request),
            delivery: Delivery::NotSent,
            is_certain: true,
        }
    }

    async fn response_when_due(
        &mut self,
        sender: ResponseScheduler,
        response: ScheduledResponse,
    ) -> io::Result<http::Response<ResponseBody>> {
        let (delivery, is_certain) = (response.delivery.delivery_outcome(), response.is_sent_immediately());
        let response = sender.response_when_due(response).await?;
        (self.delivery, self.is_certain) = (delivery, is_certain);
        Ok(response)
    }
}

impl Drop for ExchangeInProgress {
    fn drop(&mut self) {
        self.handler.record_delivery(self.number, self.delivery, self.is_certain);
    }
}

/// Cancels the making of a response when it is dropped, because the client has gone or the server stops.
#[derive(Default)]
struct CancelResponseOnDrop {
    cancelled: Arc<AtomicBool>,
}

impl Drop for CancelResponseOnDrop {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Duration, StatusCode, read_body, runtime};
    use futures_util::{StreamExt, stream};
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use std::io;

    #[test]
    fn body_that_stalls_is_given_up() {
        let runtime = runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let begin = || stream::iter([Ok::<_, io::Error>(Frame::data(Bytes::from_static(b"{")))]);
        let read = |time_limit| read_body(StreamBody::new(begin().chain(stream::pending())), 10, time_limit);
        assert_eq!(runtime.block_on(async { read(Duration::from_millis(5)).await }), Err(StatusCode::REQUEST_TIMEOUT));
        let complete = runtime.block_on(async { read_body(StreamBody::new(begin()), 10, Duration::MAX).await });
        assert_eq!(complete, Ok(Bytes::from_static(b"{")));
        let too_large = runtime.block_on(async { read_body(StreamBody::new(begin()), 0, Duration::MAX).await });
        assert_eq!(too_large, Err(StatusCode::PAYLOAD_TOO_LARGE));
    }
}
