use super::{CertificateProblem, ProxyServer};
use std::{error::Error as StdError, fmt};

/// The error of an exchange: there is no response, or not a complete one.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    proxy: Option<ProxyServer>,
    is_unsent: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was opened: a name that is not known, a server that does not listen, a TLS handshake that failed. The
    /// request was not sent, so that a write is retried as safely as a read.
    Connect,
    /// The exchange failed: a lost connection, a truncated response.
    Exchange,
    /// [`Limits::timeout`](super::Limits::timeout) has passed.
    Timeout,
    /// The body exceeds [`Limits::body`](super::Limits::body).
    TooLarge,
    /// The head of the response is not valid HTTP, or has more or larger headers than the transport accepts. The same
    /// request would have the same response, so it is not retried.
    InvalidResponse,
    /// The server's certificate is not accepted. The request was not sent, and is not retried.
    Certificate(CertificateProblem),
    /// The environment variable that names the proxy cannot be used; the source names the variable. The request was not
    /// sent, and is not retried.
    ProxySetting,
}

impl TransportError {
    /// Creates the error of an exchange; `source` must not show a header's value or a body. If it is about a certificate, as
    /// [`CertificateProblem::find`] tells, the kind is [`Certificate`](TransportErrorKind::Certificate).
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        let kind = CertificateProblem::find(&*source).map(TransportErrorKind::Certificate);
        Self::from_kind_and_source(kind.unwrap_or(TransportErrorKind::Exchange), Some(source))
    }

    /// Creates the error of an exchange that has exceeded [`Limits::timeout`](super::Limits::timeout); `source` must
    /// not show a header's value or a body.
    pub fn timeout(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::from_kind_and_source(TransportErrorKind::Timeout, Some(source.into()))
    }

    /// Creates the error of a body that exceeds [`Limits::body`](super::Limits::body).
    #[must_use]
    pub fn too_large() -> Self {
        Self::from_kind_and_source(TransportErrorKind::TooLarge, None)
    }

    /// Creates the error of a certificate that is not accepted; `source` must not show a header's value or a body.
    pub fn certificate(problem: CertificateProblem, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::from_kind_and_source(TransportErrorKind::Certificate(problem), Some(source.into()))
    }

    /// Creates an error of the kind [`ProxySetting`](TransportErrorKind::ProxySetting); `source` must name the
    /// variable, and must not show its value, which may hold a password.
    pub fn proxy_setting(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::from_kind_and_source(TransportErrorKind::ProxySetting, Some(source.into()))
    }

    /// Sets the proxy that the request went through, if it went through one: it may be the cause.
    #[must_use]
    pub fn through(mut self, proxy: Option<&ProxyServer>) -> Self {
        self.proxy = proxy.cloned();
        self
    }

    /// Marks the error as one of connecting, which turns the kind [`Exchange`](TransportErrorKind::Exchange) into
    /// [`Connect`](TransportErrorKind::Connect): no byte of the request was sent, so that the service cannot have performed it.
    /// Such a request is sent again, even if it is a write; in doubt, leave it out.
    #[must_use]
    pub fn before_sending(mut self) -> Self {
        self.is_unsent = true;
        if self.kind == TransportErrorKind::Exchange {
            self.kind = TransportErrorKind::Connect;
        }
        self
    }

    /// Creates the error of a response head that cannot be parsed; `source` must not show a header's value or a body.
    pub fn invalid_response(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::from_kind_and_source(TransportErrorKind::InvalidResponse, Some(source.into()))
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns the proxy that the request went through, if it is known to have gone through one.
    #[must_use]
    pub fn proxy(&self) -> Option<&ProxyServer> {
        self.proxy.as_ref()
    }

    /// Whether the request may have been sent, and so performed. It was not if the error is one of connecting, of a certificate,
    /// or of the proxy setting.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        !self.is_unsent && !matches!(self.kind, TransportErrorKind::Certificate(_) | TransportErrorKind::ProxySetting)
    }

    fn from_kind_and_source(kind: TransportErrorKind, source: Option<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, proxy: None, is_unsent: false, source }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TransportErrorKind::Connect => formatter.write_str("no connection to the server was opened"),
            TransportErrorKind::Exchange => formatter.write_str("the exchange with the server failed"),
            TransportErrorKind::Timeout => formatter.write_str("the server took longer than the timeout allows"),
            TransportErrorKind::TooLarge => formatter.write_str("the response is larger than the limit allows"),
            TransportErrorKind::InvalidResponse => formatter
                .write_str("the head of the response is not valid HTTP, or too large: a proxy may have changed it"),
            TransportErrorKind::Certificate(problem) => problem.fmt(formatter),
            TransportErrorKind::ProxySetting => {
                formatter.write_str("the request was not sent: the proxy setting of the environment is invalid")
            }
        }?;
        self.proxy.iter().try_for_each(|proxy| write!(formatter, " (through {proxy})"))
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
