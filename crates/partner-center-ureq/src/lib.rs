#![doc = include_str!("../README.md")]

mod connect_error;
mod happy_eyeballs;
mod resolver;
mod timeout;

use connect_error::{ConnectError, ConnectErrorConnector};
use happy_eyeballs::HappyEyeballsConnector;
use partner_center_core::{
    Blocking, Bytes, DefaultTransport, EnvironmentProxy, Limits, ProxyServer, Request, Response, Transport,
    TransportError,
    gzip::{self, Decompression},
    http::{self, Method, StatusCode, Uri, Version, header::TRANSFER_ENCODING},
};
use resolver::CachingResolver;
use std::{
    fmt,
    io::{self, Read},
    time::Duration,
};
use timeout::RoundedTimeoutConnector;
use ureq::{
    Agent, AsSendBody, Body, Proxy,
    config::{AutoHeaderValue, Config},
    unversioned::transport::{ConnectProxyConnector, Connector},
};
use zeroize::Zeroizing;

/// A blocking transport over [ureq](https://docs.rs/ureq). Cloning it is cheap; clones share connections.
#[derive(Clone)]
pub struct Ureq {
    agent: Agent,
    /// The proxy of the environment, and ureq's form of it. `None` for a custom agent, which has its own proxy.
    proxy: Option<(EnvironmentProxy, Option<Proxy>)>,
}

impl Ureq {
    /// Creates the transport with defaults that suit most programs.
    ///
    /// HTTPS with the certificates that the operating system trusts (feature `rustls`), the proxy that the environment names
    /// ([`EnvironmentProxy`]), connections kept for reuse, gzip accepted.
    ///
    /// # Errors
    ///
    /// The URL of the proxy is invalid.
    pub fn new() -> Result<Self, TransportError> {
        let environment = EnvironmentProxy::read();
        let proxy =
            environment.server().map(|server| Proxy::new(server.url())).transpose().map_err(to_transport_error)?;
        let config = Config::builder()
            // Set on each request: the environment may exclude its host.
            .proxy(None)
            // On the agent: ureq reuses no connection if this is set on a request.
            .user_agent(AutoHeaderValue::None)
            .max_response_header_size(MAX_RESPONSE_HEAD_SIZE)
            .max_idle_connections(MAX_IDLE_CONNECTIONS)
            .max_idle_connections_per_host(MAX_IDLE_CONNECTIONS);
        #[cfg(feature = "rustls")]
        let config = config
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build());
        let connector = ().chain(ConnectProxyConnector::default()).chain(HappyEyeballsConnector::default());
        #[cfg(feature = "rustls")]
        let connector = connector.chain(ureq::unversioned::transport::RustlsConnector::default());
        let connector = ConnectErrorConnector(connector.chain(RoundedTimeoutConnector));
        let agent = Agent::with_parts(config.build(), connector, CachingResolver::default());
        Ok(Self { agent, proxy: Some((environment, proxy)) })
    }

    /// Creates the transport from a custom agent, for other certificates, another proxy or another TLS library.
    ///
    /// The settings that the client relies on are applied to each request: an error status is a response, redirects are not
    /// followed, plain http goes through no proxy, and the limits of the client apply.
    #[must_use]
    pub fn from_agent(agent: Agent) -> Self {
        Self { agent, proxy: None }
    }

    /// Returns the proxy of the environment for a request to `uri`, if there is one.
    fn proxy_for_uri(&self, uri: &Uri) -> Result<Option<&ProxyServer>, TransportError> {
        self.proxy.as_ref().map_or(Ok(None), |(environment, _)| environment.for_uri(uri))
    }

    fn send_and_read_response(
        &self,
        request: http::Request<impl AsSendBody>,
        proxy_server: Option<&ProxyServer>,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        // The client allows plain http for loopback addresses only, which no proxy can reach.
        let is_http = request.uri().scheme_str() == Some("http");
        let is_head = request.method() == Method::HEAD;
        let mut request = self.agent.configure_request(request);
        if let Some((_, proxy)) = &self.proxy {
            request = request.proxy(proxy_server.and(proxy.clone()));
        } else if is_http {
            request = request.proxy(None);
        }
        let request = request
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept(AutoHeaderValue::None)
            .accept_encoding(AutoHeaderValue::None)
            .timeout_global(Some(limits.timeout))
            .build();
        let (parts, body) = self.agent.run(request).map_err(to_transport_error)?.into_parts();
        if parts.version == Version::HTTP_10 && parts.headers.contains_key(TRANSFER_ENCODING) {
            // ureq would return the framing of the chunks as a part of the body.
            return Err(TransportError::invalid_response("a chunked body in a response of HTTP/1.0"));
        }
        let mut response = Response::from_parts(parts, Bytes::new());
        // There is no body to decompress, whatever the headers say. (With its feature `gzip`, which another crate of the program
        // may enable, ureq would fail, too.)
        if is_head || matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(response);
        }
        let body = match Decompression::of(response.headers_mut(), limits) {
            Some(decompression) => read_compressed_body(body, decompression),
            None => read_body(body, limits),
        };
        *response.body_mut() = match body {
            // The status of an error response matters more than its body.
            Err(_) if !response.status().is_success() => Bytes::new(),
            body => body?,
        };
        Ok(response)
    }
}

impl DefaultTransport for Ureq {
    fn with_defaults() -> Result<Self, TransportError> {
        Self::new()
    }
}

impl Transport for Ureq {
    type Mode = Blocking;

    fn send(&self, mut request: Request) -> Result<Response, TransportError> {
        let proxy = self.proxy_for_uri(request.uri())?;
        gzip::accept(&mut request);
        let limits = Limits::of(&request);
        let (head, body) = request.into_parts();
        let response = if body.is_empty() {
            // ureq sends `content-length: 0` for an empty body, but nothing for `()`.
            self.send_and_read_response(http::Request::from_parts(head, ()), proxy, limits)
        } else {
            // The body may hold a secret: overwrite it after use.
            let body = Zeroizing::new(body);
            self.send_and_read_response(http::Request::from_parts(head, body.as_slice()), proxy, limits)
        };
        response.map_err(|error| error.through(proxy))
    }

    fn sleep(&self, delay: Duration) {
        std::thread::sleep(delay);
    }
}

impl fmt::Debug for Ureq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ureq").finish_non_exhaustive()
    }
}

/// The maximum number of idle connections. The default of ureq is three for a host: with more threads than that, it would
/// close and open connections all the time.
const MAX_IDLE_CONNECTIONS: usize = 64;

/// The maximum size of the head of a response, in bytes: that of the longest header curl accepts, and below the size of ureq's
/// buffer, into which the head must fit. (The maximum number of headers, 128, cannot be set in ureq.)
const MAX_RESPONSE_HEAD_SIZE: usize = 100 << 10;

fn read_body(body: Body, limits: Limits) -> Result<Bytes, TransportError> {
    let mut bytes = Vec::with_capacity(limits.initial_capacity(body.content_length()));
    let read_limit = u64::try_from(limits.body).unwrap_or(u64::MAX).saturating_add(1);
    reader_without_size_limit(body)
        .take(read_limit)
        .read_to_end(&mut bytes)
        .map_err(|error| to_transport_error(error.into()))?;
    if bytes.len() > limits.body { Err(TransportError::too_large()) } else { Ok(bytes.into()) }
}

fn read_compressed_body(body: Body, mut decompression: Decompression) -> Result<Bytes, TransportError> {
    let (mut reader, mut bytes) = (reader_without_size_limit(body), vec![0; 1 << 15]);
    loop {
        match reader.read(&mut bytes).map_err(|error| to_transport_error(error.into()))? {
            0 => return decompression.finish(),
            count => decompression.push(&bytes[..count])?,
        }
    }
}

/// Returns the body without ureq's own limit, which counts compressed bytes; [`Limits::body`] counts decompressed ones.
fn reader_without_size_limit(body: Body) -> impl Read {
    body.into_with_config().limit(u64::MAX).reader()
}

fn to_transport_error(error: ureq::Error) -> TransportError {
    let (error, is_unsent) = match ConnectError::unwrap_connect_error(error) {
        Ok(error) => (error, true),
        Err(error) => {
            let is_unsent = is_connect_error(&error);
            (error, is_unsent)
        }
    };
    let error = match error {
        ureq::Error::Timeout(_) => TransportError::timeout(error),
        ureq::Error::Io(error) if is_read_timeout(&error) => TransportError::timeout(error),
        ureq::Error::LargeResponseHeader(..) => TransportError::invalid_response(error),
        ureq::Error::Protocol(ref problem) if is_invalid_response_head(problem) => {
            TransportError::invalid_response(error)
        }
        // The errors of ureq have no source: keep the inner error, whose sources say more.
        ureq::Error::Io(error) => TransportError::new(error),
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(error) => TransportError::new(error),
        error => TransportError::new(error),
    };
    if is_unsent { error.before_sending() } else { error }
}

/// Whether the error can only be one of connecting: of the resolver, or of a custom agent, whose errors are not marked.
fn is_connect_error(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::ConnectProxyFailed(_)
        | ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => true,
        // An established connection may report an unreachable peer, but not that it was rejected.
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// Whether the head of the response is invalid or contradicts itself.
fn is_invalid_response_head(problem: &ureq_proto::Error) -> bool {
    use ureq_proto::Error::{
        BadContentLengthHeader, ConflictingBodyHeaders, HeadersWith100, HttpParseFail, HttpParseTooManyHeaders,
        TooManyContentLengthHeaders, UnsupportedVersion,
    };
    matches!(
        problem,
        BadContentLengthHeader
            | ConflictingBodyHeaders
            | HeadersWith100
            | HttpParseFail(_)
            | HttpParseTooManyHeaders
            | TooManyContentLengthHeaders
            | UnsupportedVersion
    )
}

/// Whether a read failed because the deadline was exceeded. ureq wraps its own error into an I/O error.
fn is_read_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}
