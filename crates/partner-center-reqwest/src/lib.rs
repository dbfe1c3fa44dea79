#![doc = include_str!("../README.md")]

use bytes::BytesMut;
use partner_center_core::{
    Async, Bytes, DefaultTransport, EnvironmentProxy, Limits, Output, Request, Response, Transport, TransportError,
    gzip::{self, Decompression},
    http::Method,
};
use reqwest::{Body, Client, ClientBuilder, Proxy, Url, redirect};
use std::{
    error::Error as StdError,
    fmt, mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use zeroize::Zeroizing;

/// An async transport over [reqwest](https://docs.rs/reqwest), on a Tokio runtime. Cloning it is cheap; clones share
/// connections.
#[derive(Clone)]
pub struct Reqwest {
    client: Client,
    environment: EnvironmentProxy,
    /// Whether reqwest has consulted the proxy of the environment, which custom settings may have removed.
    is_environment_used: Arc<AtomicBool>,
}

impl Reqwest {
    /// Creates the transport with defaults that suit most programs.
    ///
    /// HTTPS with the certificates that the operating system trusts (feature `rustls`), the proxy that the environment names
    /// ([`EnvironmentProxy`]), connections kept for reuse, gzip accepted.
    ///
    /// # Errors
    ///
    /// The URL of the proxy is invalid, or the TLS library cannot be initialized.
    pub fn new() -> Result<Self, TransportError> {
        Self::configured(|builder| builder)
    }

    /// Creates the transport with custom settings on top of the defaults: timeouts, certificates, another TLS library, or
    /// another proxy (after `no_proxy()`, which removes that of the environment).
    ///
    /// Two settings have no effect: redirects are never followed, as they would send the token to another address, and
    /// reqwest does not decompress, as this transport does so itself.
    ///
    /// # Errors
    ///
    /// The URL of the proxy is invalid, or reqwest cannot build the client.
    pub fn configured(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Self, TransportError> {
        let environment = EnvironmentProxy::read();
        let is_environment_used = Arc::new(AtomicBool::new(false));
        let mut builder = Client::builder().no_proxy();
        // reqwest parses the URL of each request twice for a custom proxy.
        if environment.is_set() {
            builder = builder.proxy(reqwest_proxy_from_environment(&environment, &is_environment_used)?);
        }
        #[cfg(feature = "rustls")]
        let builder = builder.tls_backend_preconfigured(rustls_client_config()?);
        // Deviations of old proxies that curl accepts, too. Invalid header names stay an error: one of them may have been
        // `content-length`.
        let builder = builder
            .http1_max_headers(MAX_RESPONSE_HEADERS)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true);
        // Off even if another crate of the program enables these features of reqwest.
        let builder = configure(builder).no_gzip().no_brotli().no_zstd().no_deflate();
        let client = builder.redirect(redirect::Policy::none()).build().map_err(to_transport_error)?;
        Ok(Self { client, environment, is_environment_used })
    }

    async fn send_and_read_response(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let is_head = request.method() == Method::HEAD;
        let mut request: reqwest::Request = request.map(to_request_body).try_into().map_err(to_transport_error)?;
        // For the complete exchange: a slow body does not restart the timeout.
        *request.timeout_mut() = Some(limits.timeout);
        let mut http_response = self.client.execute(request).await.map_err(to_transport_error)?;
        let mut response = Response::default();
        *response.status_mut() = http_response.status();
        *response.version_mut() = http_response.version();
        *response.headers_mut() = mem::take(http_response.headers_mut());
        // There is no body to decompress, whatever the headers say.
        if is_head {
            return Ok(response);
        }
        let body = match Decompression::of(response.headers_mut(), limits) {
            Some(decompression) => read_compressed_body(http_response, decompression).await,
            None => read_body(http_response, limits).await,
        };
        *response.body_mut() = match body {
            // The status of an error response matters more than its body.
            Err(_) if !response.status().is_success() => Bytes::new(),
            body => body?,
        };
        Ok(response)
    }
}

impl DefaultTransport for Reqwest {
    fn with_defaults() -> Result<Self, TransportError> {
        Self::new()
    }
}

impl Transport for Reqwest {
    type Mode = Async;

    fn send(&self, mut request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        gzip::accept(&mut request);
        let limits = Limits::of(&request);
        Box::pin(async move {
            let proxy = self.environment.for_uri(request.uri());
            let response = self.send_and_read_response(request, limits).await;
            response.map_err(|error| match proxy {
                _ if !self.is_environment_used.load(Ordering::Relaxed) => error,
                Ok(proxy) => error.through(proxy),
                Err(invalid) => invalid,
            })
        })
    }

    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

impl fmt::Debug for Reqwest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reqwest").finish_non_exhaustive()
    }
}

/// Configures rustls on ring, as in the blocking transport, so that a program with both contains one TLS library.
#[cfg(feature = "rustls")]
fn rustls_client_config() -> Result<rustls::ClientConfig, TransportError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(TransportError::new)?;
    Ok(config.with_no_client_auth())
}

/// Returns the rules of `environment` as a proxy of reqwest, which sets `is_used` when it is consulted.
fn reqwest_proxy_from_environment(
    environment: &EnvironmentProxy,
    is_used: &Arc<AtomicBool>,
) -> Result<Proxy, TransportError> {
    let server = environment.server().map(|server| server.url().parse::<Url>());
    let server = server.transpose().map_err(TransportError::new)?;
    let unreachable = UNREACHABLE_PROXY.parse::<Url>().map_err(TransportError::new)?;
    let (environment, is_used) = (environment.clone(), is_used.clone());
    Ok(Proxy::custom(move |target| {
        is_used.store(true, Ordering::Relaxed);
        match environment.for_uri(&target.as_str().parse().ok()?) {
            Ok(proxy) => proxy.and(server.clone()),
            // A request must not bypass a proxy that is invalid. `send` reports what is wrong with it.
            Err(_) => Some(unreachable.clone()),
        }
    }))
}

/// A proxy that cannot be reached: no server listens on port 0.
const UNREACHABLE_PROXY: &str = "http://127.0.0.1:0";

/// The maximum number of headers of a response. The default of hyper is 100, and a service behind several proxies may send
/// more.
const MAX_RESPONSE_HEADERS: usize = 512;

fn to_request_body(body: Vec<u8>) -> Body {
    if body.is_empty() {
        return Body::default();
    }
    // The body may hold a secret: overwrite it after use.
    Bytes::from_owner(Zeroizing::new(body)).into()
}

async fn read_body(mut http_response: reqwest::Response, limits: Limits) -> Result<Bytes, TransportError> {
    let capacity = limits.initial_capacity(http_response.content_length());
    let mut body = Bytes::new();
    while let Some(chunk) = http_response.chunk().await.map_err(to_transport_error)? {
        if chunk.len() > limits.body.saturating_sub(body.len()) {
            return Err(TransportError::too_large());
        }
        // A body that arrives in one chunk is not copied.
        body = if body.is_empty() { chunk } else { append_body_chunk(body, &chunk, capacity) };
    }
    Ok(body)
}

/// Appends `chunk` to `body`, in a buffer of at least `capacity` bytes, which the rest of the body is expected to need.
fn append_body_chunk(body: Bytes, chunk: &[u8], capacity: usize) -> Bytes {
    let mut buffer = body.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    buffer.reserve(chunk.len().max(capacity.saturating_sub(buffer.len())));
    buffer.extend_from_slice(chunk);
    buffer.freeze()
}

async fn read_compressed_body(
    mut http_response: reqwest::Response,
    mut decompression: Decompression,
) -> Result<Bytes, TransportError> {
    while let Some(chunk) = http_response.chunk().await.map_err(to_transport_error)? {
        decompression.push(&chunk)?;
    }
    decompression.finish()
}

fn to_transport_error(error: reqwest::Error) -> TransportError {
    // The URL contains the filter, which may hold the name of a customer.
    let error = error.without_url();
    let is_unsent = error.is_connect();
    let error = if error.is_timeout() {
        TransportError::timeout(error)
    } else if is_response_head_parse_error(&error) {
        TransportError::invalid_response(error)
    } else {
        TransportError::new(error)
    };
    if is_unsent { error.before_sending() } else { error }
}

/// Whether the head of the response could not be parsed. hyper reports errors in a body in another way.
fn is_response_head_parse_error(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.downcast_ref().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        source = error.source();
    }
    false
}
