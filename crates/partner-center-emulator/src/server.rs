mod delivery;
mod socket;
#[cfg(feature = "tls")]
mod tls;

use crate::{Emulator, link::OverTls};
use delivery::{Body, Deliverer};
use futures_util::future::{Either, select};
use http::{StatusCode, header::CONNECTION};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use socket::Socket;
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
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};

/// A [`Emulator`] that answers over HTTP/1.1, from a thread of its own, made by [`Emulator::serve`] or, over TLS, by
/// `Emulator::serve_tls`.
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
    /// Closed once it has stopped. Locked so that the server can be shared between threads.
    serving: Mutex<mpsc::Receiver<()>>,
    /// Drives the server, in a thread of its own.
    runtime: Option<Runtime>,
}

impl Server {
    /// The base URL for clients, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns the certificate authority that issued the server's certificate, in PEM, if this is a server over TLS: clients
    /// must trust it. It is another one with each server.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificate_authority(&self) -> Option<&str> {
        self.certificate_authority.as_deref()
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, lets requests that have arrived be answered, and closes all connections. Takes a second at
    /// most, after which answers still being made are given up; with idle connections only, no time. What is late on
    /// purpose is not waited for.
    pub fn shutdown(self) {
        drop(self);
    }

    /// Serves until the process ends.
    pub fn wait(self) {
        self.served();
    }

    /// Starts a server over TLS, with a certificate that is made for it.
    #[cfg(feature = "tls")]
    pub(crate) fn start_tls(emulator: Emulator, address: impl ToSocketAddrs) -> io::Result<Self> {
        let tls::Identity { acceptor, authority } = tls::Identity::generate()?;
        let mut server = Self::start(emulator, address, Security::Tls(acceptor))?;
        (server.scheme, server.certificate_authority) = ("https", Some(authority));
        Ok(server)
    }

    pub(crate) fn start(emulator: Emulator, address: impl ToSocketAddrs, security: Security) -> io::Result<Self> {
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
                // To drop it would panic where the caller is itself driven by a runtime.
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let (stop, stopped) = watch::channel(());
        let (end, serving) = mpsc::channel();
        runtime.spawn(async move {
            serve(&listener, &emulator, &security, stopped).await;
            // Whoever waits for the end may want the port.
            drop(listener);
            drop(end);
        });
        Ok(Self {
            address,
            scheme: "http",
            #[cfg(feature = "tls")]
            certificate_authority: None,
            stop: Some(stop),
            serving: Mutex::new(serving),
            runtime: Some(runtime),
        })
    }

    /// Returns once the server has stopped.
    fn served(&self) {
        // Nothing is ever sent: the channel is closed at the end.
        let _ = self.serving.lock().unwrap_or_else(PoisonError::into_inner).recv();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.served();
        if let Some(runtime) = self.runtime.take() {
            // Connections that remain end with the runtime, and with them the answers under way.
            runtime.shutdown_background();
        }
    }
}

/// How long answers under way may take when the server shuts down, and requests that are too large to end.
const GRACE: Duration = Duration::from_secs(1);

/// The maximum time that a TLS handshake takes.
#[cfg(feature = "tls")]
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How large the body of a request may be; no request has one that matters.
const GREATEST_BODY: usize = 1 << 20;

/// How large a request may be without its body, more or less. A token and a filter fit several times.
const GREATEST_HEAD: usize = 64 << 10;

/// What is below HTTP.
#[derive(Clone)]
pub(crate) enum Security {
    None,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

async fn serve(listener: &TcpListener, emulator: &Emulator, security: &Security, mut stopped: watch::Receiver<()>) {
    let connections = GracefulShutdown::new();
    {
        let of_connections = stopped.clone();
        let mut accepting = pin!(accept(listener, emulator, security, &connections, &of_connections));
        let mut stopped = pin!(stopped.changed());
        // Whichever comes first; accepting never ends by itself.
        poll_fn(|context| match stopped.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => accepting.as_mut().poll(context),
        })
        .await;
    }
    let _ = timeout(GRACE, connections.shutdown()).await;
}

async fn accept(
    listener: &TcpListener,
    emulator: &Emulator,
    security: &Security,
    connections: &GracefulShutdown,
    stopped: &watch::Receiver<()>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // As a rule there are too many open files: wait until some are closed.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        let connection =
            Connection { emulator: emulator.clone(), stopped: stopped.clone(), watcher: connections.watcher() };
        tokio::spawn(connection.accept(stream, security.clone()));
    }
}

/// What a connection needs besides its stream.
struct Connection {
    emulator: Emulator,
    /// Never changed, only closed, when the server stops.
    stopped: watch::Receiver<()>,
    watcher: Watcher,
}

impl Connection {
    async fn accept(self, stream: TcpStream, security: Security) {
        // Answers are small and written at once: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let socket = Socket::new(stream);
        match security {
            Security::None => self.serve(socket.clone(), socket, false).await,
            #[cfg(feature = "tls")]
            Security::Tls(acceptor) => {
                let mut stopped = self.stopped.clone();
                let handshake = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(socket.clone()));
                match select(pin!(handshake), pin!(stopped.changed())).await {
                    Either::Left((Ok(Ok(stream)), _)) => self.serve(stream, socket, true).await,
                    Either::Left((Ok(Err(error)), _)) => tracing::warn!("a TLS handshake failed: {error}"),
                    _ => {}
                }
            }
        }
    }

    /// Answers the requests that come over `stream`, which is that of `socket`.
    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        socket: Socket,
        is_over_tls: bool,
    ) {
        let Self { emulator, stopped, watcher } = self;
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).max_buf_size(GREATEST_HEAD).half_close(true);
        let deliverer = Deliverer { stopped, socket };
        let answer = service_fn(move |mut request: http::Request<Incoming>| {
            if is_over_tls {
                request.extensions_mut().insert(OverTls);
            }
            logged(emulator.clone(), deliverer.clone(), request)
        });
        // A connection that fails concerns its client alone.
        let _ = watcher.watch(http.serve_connection(TokioIo::new(stream), answer)).await;
    }
}

/// Logs the request and what came of it. The query may have names of customers, and the headers have tokens.
async fn logged(
    emulator: Emulator,
    deliverer: Deliverer,
    request: http::Request<Incoming>,
) -> Result<http::Response<Body>, Box<dyn Error + Send + Sync>> {
    let (method, path, start) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let outcome = answer(emulator, deliverer, request).await;
    let status = outcome.as_ref().map_or("no response".to_owned(), |response| response.status().as_str().to_owned());
    tracing::info!("{method} {}: {status} in {:?}", path.escape_debug(), start.elapsed());
    outcome
}

async fn answer(
    emulator: Emulator,
    deliverer: Deliverer,
    request: http::Request<Incoming>,
) -> Result<http::Response<Body>, Box<dyn Error + Send + Sync>> {
    let (head, mut body) = request.into_parts();
    let body = match Limited::new(&mut body, GREATEST_BODY).collect().await {
        Ok(whole) => whole.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            // Whoever is still sending reads no answer.
            let _ = timeout(GRACE, async { while let Some(Ok(_)) = body.frame().await {} }).await;
            return Ok(closing(StatusCode::PAYLOAD_TOO_LARGE)?);
        }
        Err(_) => return Ok(closing(StatusCode::BAD_REQUEST)?),
    };
    let request = http::Request::from_parts(head, body.into());
    let waiting = Waiting::default();
    let given_up = Arc::clone(&waiting.given_up);
    // A search may take long, and this thread has other connections to serve.
    let search = spawn_blocking(move || emulator.respond(&request, &given_up));
    match select(search, pin!(deliverer.socket.gone())).await {
        Either::Left((reply, _)) => Ok(deliverer.clone().deliver(reply?).await?),
        Either::Right(_) => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
    }
}

/// The answer to a request whose body cannot be had, so that nothing can follow it.
fn closing(status: StatusCode) -> http::Result<http::Response<Body>> {
    http::Response::builder().status(status).header(CONNECTION, "close").body(Body::default())
}

/// Waits for an answer: once it is dropped, because the client has gone or the server ends, the answer is given up.
#[derive(Default)]
struct Waiting {
    given_up: Arc<AtomicBool>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Relaxed);
    }
}
