#![doc = include_str!("../README.md")]

use partner_center_core::{Blocking, DefaultTransport, Limits, Request, Response, Transport, TransportError};
use std::{fmt, time::Duration};
use ureq::{Agent, Body, config::Config};

/// A blocking transport over [`ureq`]. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Ureq(Agent);

impl Ureq {
    /// The transport over an agent of your own, for a proxy, other certificates, or another TLS.
    ///
    /// What the client itself needs of an agent is set on each request: statuses are not errors, redirects are not
    /// followed, and the client's limits hold.
    #[must_use]
    pub fn from_agent(agent: Agent) -> Self {
        Self(agent)
    }
}

impl Default for Ureq {
    /// HTTPS as the operating system trusts it, with connections kept and gzip asked for.
    fn default() -> Self {
        let config = Config::builder();
        #[cfg(feature = "rustls")]
        let config = config
            .tls_config(ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::PlatformVerifier).build());
        Self(config.build().new_agent())
    }
}

impl DefaultTransport for Ureq {
    fn with_defaults() -> Result<Self, TransportError> {
        Ok(Self::default())
    }
}

impl Transport for Ureq {
    type Mode = Blocking;

    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let limits = Limits::of(&request);
        // Plain http goes to this machine only, and no proxy stands between a machine and itself.
        let direct = request.uri().scheme_str() == Some("http");
        let mut request = self.0.configure_request(request);
        if direct {
            request = request.proxy(None);
        }
        let request = request
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(limits.timeout))
            .build();
        let (parts, body) = self.0.run(request).map_err(failure)?.into_parts();
        Ok(Response::from_parts(parts, read(body, limits.body)?))
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

fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, TransportError> {
    // ureq refuses a body that only reaches its limit.
    let beyond = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    body.with_config().limit(beyond).read_to_vec().map_err(failure)
}

fn failure(error: ureq::Error) -> TransportError {
    match error {
        ureq::Error::Timeout(_) => TransportError::timeout(error),
        ureq::Error::BodyExceedsLimit(_) => TransportError::too_large(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => TransportError::timeout(error),
        error => TransportError::new(error),
    }
}
