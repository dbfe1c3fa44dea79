#![doc = include_str!("../README.md")]

use bytes::BytesMut;
use partner_center_core::{
    Async, Bytes, DefaultTransport, EnvironmentProxy, Limits, Output, Request, Response, Transport, TransportError,
    gzip::{self, Decompression},
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

/// An async transport over [reqwest](https://docs.rs/reqwest), on a Tokio runtime. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Reqwest {
    client: Client,
    environment: EnvironmentProxy,
    /// Whether reqwest has asked which proxy to take: a user's own settings may have dropped that of the environment.
    is_environment_used: Arc<AtomicBool>,
}

impl Reqwest {
    /// The transport with the settings that suit most: HTTPS as the operating system trusts it (feature `rustls`),
    /// through the proxy that the environment names ([`EnvironmentProxy`]), connections kept, gzip asked for.
    pub fn new() -> Result<Self, TransportError> {
        Self::configured(|builder| builder)
    }

    /// The transport with settings of your own on top of those: timeouts, certificates, another proxy (after
    /// `no_proxy()`, which drops that of the environment), another TLS.
    ///
    /// Redirects are not followed in any case: they would carry the token along. Nor does reqwest decompress, as this
    /// transport does so by itself.
    pub fn configured(configure: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Self, TransportError> {
        let environment = EnvironmentProxy::read();
        let is_environment_used = Arc::new(AtomicBool::new(false));
        let mut builder = Client::builder().no_proxy();
        if let Some(server) = environment.server() {
            let url: Url = server.url().parse().map_err(TransportError::new)?;
            let (environment, is_used) = (environment.clone(), is_environment_used.clone());
            builder = builder.proxy(Proxy::custom(move |target| {
                is_used.store(true, Ordering::Relaxed);
                let uri = target.as_str().parse().ok()?;
                // One that cannot be used is an error before it comes to this.
                environment.for_uri(&uri).ok().flatten().map(|_| url.clone())
            }));
        }
        #[cfg(feature = "rustls")]
        let builder = builder.tls_backend_preconfigured(tls()?);
        // What curl reads of old proxies. Names that are none stay an error: one of them may have been a length.
        let builder = builder
            .http1_max_headers(MAX_HEADERS)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true);
        // Whichever of its features another crate of the program asks for.
        let builder = configure(builder).no_gzip().no_brotli().no_zstd().no_deflate();
        let client = builder.redirect(redirect::Policy::none()).build().map_err(failure)?;
        Ok(Self { client, environment, is_environment_used })
    }

    async fn exchange(&self, request: Request, limits: Limits) -> Result<Response, TransportError> {
        let mut request: reqwest::Request = request.map(outgoing).try_into().map_err(failure)?;
        // Over the whole exchange: a body that drips does not start the clock anew.
        *request.timeout_mut() = Some(limits.timeout);
        let mut answer = self.client.execute(request).await.map_err(failure)?;
        let mut response = Response::default();
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = mem::take(answer.headers_mut());
        let read = match Decompression::of(response.headers_mut(), limits) {
            Some(decompression) => read_compressed(answer, decompression).await,
            None => read(answer, limits).await,
        };
        *response.body_mut() = match read {
            // What counts of a refusal is its status.
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
            let proxy = self.environment.for_uri(request.uri())?;
            let response = self.exchange(request, limits).await;
            response.map_err(|error| error.through(proxy.filter(|_| self.is_environment_used.load(Ordering::Relaxed))))
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

/// rustls on ring, as in the blocking transport, so that a program with both has one TLS.
#[cfg(feature = "rustls")]
fn tls() -> Result<rustls::ClientConfig, TransportError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(TransportError::new)?;
    Ok(config.with_no_client_auth())
}

/// How many headers a response may have. By itself, hyper takes 100, and some services behind a few proxies send more.
const MAX_HEADERS: usize = 512;

fn outgoing(body: Vec<u8>) -> Body {
    if body.is_empty() {
        return Body::default();
    }
    // There may be a secret in it.
    Bytes::from_owner(Zeroizing::new(body)).into()
}

async fn read(mut answer: reqwest::Response, limits: Limits) -> Result<Bytes, TransportError> {
    let room = limits.initial_capacity(answer.content_length());
    let mut body = Bytes::new();
    while let Some(chunk) = answer.chunk().await.map_err(failure)? {
        if chunk.len() > limits.body.saturating_sub(body.len()) {
            return Err(TransportError::too_large());
        }
        // What comes in one piece is not copied.
        body = if body.is_empty() { chunk } else { joined(body, &chunk, room) };
    }
    Ok(body)
}

/// `body` and `more`, in memory with `room` for what is still to come.
fn joined(body: Bytes, more: &[u8], room: usize) -> Bytes {
    let mut whole = body.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
    whole.reserve(more.len().max(room.saturating_sub(whole.len())));
    whole.extend_from_slice(more);
    whole.freeze()
}

async fn read_compressed(
    mut answer: reqwest::Response,
    mut decompression: Decompression,
) -> Result<Bytes, TransportError> {
    while let Some(chunk) = answer.chunk().await.map_err(failure)? {
        decompression.push(&chunk)?;
    }
    decompression.finish()
}

fn failure(error: reqwest::Error) -> TransportError {
    // The URL holds the filter, which may name a customer.
    let error = error.without_url();
    if error.is_timeout() {
        TransportError::timeout(error)
    } else if is_parse(&error) {
        TransportError::invalid_response(error)
    } else {
        TransportError::new(error)
    }
}

/// Whether the head of the response could not be parsed. What is wrong with a body is none of these errors.
fn is_parse(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.downcast_ref().is_some_and(hyper::Error::is_parse) {
            return true;
        }
        source = error.source();
    }
    false
}
