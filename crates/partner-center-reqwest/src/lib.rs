#![doc = include_str!("../README.md")]

use partner_center_core::{Async, DefaultTransport, Limits, Output, Request, Response, Transport, TransportError};
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, redirect};
use std::{fmt, time::Duration};

/// An async transport over [`reqwest`], on a Tokio runtime. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Reqwest(Client);

impl Reqwest {
    /// The transport with the settings that suit most: see [`Reqwest::client_builder`].
    pub fn new() -> Result<Self, TransportError> {
        Self::from_builder(Self::client_builder()?)
    }

    /// The settings that suit most, to be added to: HTTPS as the operating system trusts it (feature `rustls`), through
    /// the proxy that the environment names (`HTTPS_PROXY` or `ALL_PROXY`, but for what `NO_PROXY` exempts), connections
    /// kept, gzip asked for.
    pub fn client_builder() -> Result<ClientBuilder, TransportError> {
        let mut builder = Client::builder().no_proxy();
        let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        if let Some(url) = names.iter().find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty())) {
            // Plain http goes to this machine only, and no proxy stands between a machine and itself.
            let proxy = Proxy::https(url).map_err(failure)?.no_proxy(NoProxy::from_env());
            builder = builder.proxy(proxy);
        }
        #[cfg(feature = "rustls")]
        let builder = builder.tls_backend_preconfigured(tls()?);
        Ok(builder)
    }

    /// The transport over a client with settings of your own: a proxy, other certificates, another TLS.
    ///
    /// Redirects are switched off in any case: they would carry the token along.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, TransportError> {
        builder.redirect(redirect::Policy::none()).build().map(Self).map_err(TransportError::new)
    }
}

impl DefaultTransport for Reqwest {
    fn with_defaults() -> Result<Self, TransportError> {
        Self::new()
    }
}

impl Transport for Reqwest {
    type Mode = Async;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        let limits = Limits::of(&request);
        Box::pin(async move {
            let exchange = async {
                let mut answer = self.0.execute(request.try_into().map_err(failure)?).await.map_err(failure)?;
                let mut body = Vec::new();
                while let Some(chunk) = answer.chunk().await.map_err(failure)? {
                    if chunk.len() > limits.body.saturating_sub(body.len()) {
                        return Err(TransportError::too_large());
                    }
                    body.extend_from_slice(&chunk);
                }
                let mut response = Response::new(body);
                *response.status_mut() = answer.status();
                *response.version_mut() = answer.version();
                *response.headers_mut() = std::mem::take(answer.headers_mut());
                Ok(response)
            };
            // Over the whole exchange: a body that drips does not start the clock anew.
            tokio::time::timeout(limits.timeout, exchange)
                .await
                .unwrap_or_else(|elapsed| Err(TransportError::timeout(elapsed)))
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
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(TransportError::new)?;
    Ok(config.with_no_client_auth())
}

fn failure(error: reqwest::Error) -> TransportError {
    // The URL holds the filter, which may name a customer.
    let error = error.without_url();
    if error.is_timeout() { TransportError::timeout(error) } else { TransportError::new(error) }
}
