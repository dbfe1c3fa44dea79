#![doc = include_str!("../README.md")]

mod happy_eyeballs;
mod resolver;
mod rounded;

use happy_eyeballs::HappyEyeballs;
use partner_center_core::{
    Blocking, Bytes, DefaultTransport, EnvironmentProxy, Limits, ProxyServer, Request, Response, Transport,
    TransportError,
    gzip::{self, Decompression},
    http::{self, StatusCode, Uri, Version, header::TRANSFER_ENCODING},
};
use resolver::Remembering;
use rounded::RoundedTimeouts;
use std::{
    fmt,
    io::{self, Read},
    time::Duration,
};
use ureq::{
    Agent, AsSendBody, Body, Proxy,
    config::{AutoHeaderValue, Config},
    unversioned::transport::{ConnectProxyConnector, Connector},
};
use zeroize::Zeroizing;

/// A blocking transport over [ureq](https://docs.rs/ureq). Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Ureq {
    agent: Agent,
    /// The proxy of the environment and what ureq makes of it; `None` if the agent, which is a user's own, has a say.
    proxy: Option<(EnvironmentProxy, Option<Proxy>)>,
}

impl Ureq {
    /// The transport with the settings that suit most: HTTPS as the operating system trusts it (feature `rustls`),
    /// through the proxy that the environment names ([`EnvironmentProxy`]), connections kept, gzip asked for.
    pub fn new() -> Result<Self, TransportError> {
        let environment = EnvironmentProxy::read();
        let proxy = environment.server().map(|server| Proxy::new(server.url())).transpose().map_err(failure)?;
        let config = Config::builder()
            // Each request has its own.
            .proxy(None)
            // For all requests, or ureq would keep no connection.
            .user_agent(AutoHeaderValue::None)
            .max_response_header_size(MAX_HEAD)
            .max_idle_connections(MOST_IDLE)
            .max_idle_connections_per_host(MOST_IDLE);
        #[cfg(feature = "rustls")]
        let config = config
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build());
        let connector = ().chain(ConnectProxyConnector::default()).chain(HappyEyeballs::default());
        #[cfg(feature = "rustls")]
        let connector = connector.chain(ureq::unversioned::transport::RustlsConnector::default());
        let agent = Agent::with_parts(config.build(), connector.chain(RoundedTimeouts), Remembering::default());
        Ok(Self { agent, proxy: Some((environment, proxy)) })
    }

    /// The transport over an agent of your own, for other certificates, another proxy or another TLS.
    ///
    /// What the client itself needs of an agent is set on each request: statuses are not errors, redirects are not
    /// followed, plain http goes through no proxy, and the client's limits hold.
    #[must_use]
    pub fn from_agent(agent: Agent) -> Self {
        Self { agent, proxy: None }
    }

    /// The proxy of the environment that a request to `uri` goes through, if it goes through one.
    fn proxy(&self, uri: &Uri) -> Result<Option<&ProxyServer>, TransportError> {
        self.proxy.as_ref().map_or(Ok(None), |(environment, _)| environment.for_uri(uri))
    }

    fn exchange(
        &self,
        request: http::Request<impl AsSendBody>,
        server: Option<&ProxyServer>,
        limits: Limits,
    ) -> Result<Response, TransportError> {
        // Plain http goes to this machine only, and no proxy stands between a machine and itself.
        let is_http = request.uri().scheme_str() == Some("http");
        let mut request = self.agent.configure_request(request);
        if let Some((_, proxy)) = &self.proxy {
            request = request.proxy(server.and(proxy.clone()));
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
        let (parts, body) = self.agent.run(request).map_err(failure)?.into_parts();
        if parts.version == Version::HTTP_10 && parts.headers.contains_key(TRANSFER_ENCODING) {
            // ureq takes the chunks for the body.
            return Err(TransportError::invalid_response("chunks, which HTTP/1.0 does not have"));
        }
        let mut response = Response::from_parts(parts, Bytes::new());
        // With its feature `gzip`, which another crate of the program may ask for, ureq would decompress what is not there.
        if matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return Ok(response);
        }
        let read = match Decompression::of(response.headers_mut(), limits) {
            Some(decompression) => read_compressed(body, decompression),
            None => read(body, limits),
        };
        *response.body_mut() = match read {
            // What counts of a refusal is its status.
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
        let proxy = self.proxy(request.uri())?;
        gzip::accept(&mut request);
        let limits = Limits::of(&request);
        let (head, body) = request.into_parts();
        let response = if body.is_empty() {
            // An empty body is a body to ureq, and announced.
            self.exchange(http::Request::from_parts(head, ()), proxy, limits)
        } else {
            // There may be a secret in it.
            let body = Zeroizing::new(body);
            self.exchange(http::Request::from_parts(head, body.as_slice()), proxy, limits)
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

/// How many connections are kept while nobody uses them. By itself, ureq keeps three for a host: with more threads than that
/// it would drop and make connections all the time.
const MOST_IDLE: usize = 64;

/// How large the head of a response may be: as large as the longest header that curl takes, and smaller than ureq's buffer, in
/// which it must find room. (The number of headers, 128, is no setting.)
const MAX_HEAD: usize = 100 << 10;

fn read(body: Body, limits: Limits) -> Result<Bytes, TransportError> {
    let mut bytes = Vec::with_capacity(limits.initial_capacity(body.content_length()));
    let beyond = u64::try_from(limits.body).unwrap_or(u64::MAX).saturating_add(1);
    reader(body).take(beyond).read_to_end(&mut bytes).map_err(|error| failure(error.into()))?;
    if bytes.len() > limits.body { Err(TransportError::too_large()) } else { Ok(bytes.into()) }
}

fn read_compressed(body: Body, mut decompression: Decompression) -> Result<Bytes, TransportError> {
    let (mut reader, mut bytes) = (reader(body), vec![0; 1 << 15]);
    loop {
        match reader.read(&mut bytes).map_err(|error| failure(error.into()))? {
            0 => return decompression.finish(),
            count => decompression.push(&bytes[..count])?,
        }
    }
}

/// Without ureq's own limit: ours counts what a body decompresses to.
fn reader(body: Body) -> impl Read {
    body.into_with_config().limit(u64::MAX).reader()
}

fn failure(error: ureq::Error) -> TransportError {
    match error {
        ureq::Error::Timeout(_) => TransportError::timeout(error),
        ureq::Error::Io(error) if is_timeout(&error) => TransportError::timeout(error),
        ureq::Error::LargeResponseHeader(..) => TransportError::invalid_response(error),
        ureq::Error::Protocol(ref problem) if is_of_head(problem) => TransportError::invalid_response(error),
        // ureq's error has no source.
        ureq::Error::Io(error) => TransportError::new(error),
        #[cfg(feature = "rustls")]
        ureq::Error::Rustls(error) => TransportError::new(error),
        error => TransportError::new(error),
    }
}

/// Whether the head of the response could not be read, or contradicts itself.
fn is_of_head(problem: &ureq_proto::Error) -> bool {
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

/// Whether a read failed because time was up: ureq wraps its own error in one of I/O.
fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|error| error.downcast_ref());
    error.kind() == io::ErrorKind::TimedOut || matches!(inner, Some(ureq::Error::Timeout(_)))
}
