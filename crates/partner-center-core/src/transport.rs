use crate::{CertificateProblem, Error, Mode, ProxyServer};
use bytes::Bytes;
use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

/// A request on its way to the service; its extensions hold the [`Limits`] it is sent under.
pub type Request = http::Request<Vec<u8>>;
/// The service's answer, whatever its status; the body is whole and decompressed. It is [`Bytes`], so that a transport can
/// hand over what its HTTP library has received without a copy.
pub type Response = http::Response<Bytes>;

/// What `X` hands back for a `T`: `T` itself if it blocks, a future of `T` if it does not.
pub type Output<'a, X, T> = <<X as Transport>::Mode as Mode>::Output<'a, T>;
/// What a [`Client`](crate::Client) over `X` hands back: a `Result`, or a future of one.
pub type CallOutput<X, T> = Output<'static, X, Result<T, Error>>;

/// Carries a request to the service and its answer back.
///
/// That is all it does. A transport does not authenticate, repeat, follow redirects, keep cookies, or judge a status: every
/// answer is an `Ok`. What it does promise:
///
/// - **The request arrives as it is**, once: method, URI, every header, the body with its length. Nothing is encoded,
///   decoded or tidied up, and no header is added but what HTTP itself needs (and `accept`, where there is none). One that
///   cannot be sent is an error.
/// - **The answer comes back as it is**: its status, every header, and the body, whole (one that ends early is an error)
///   and decompressed if the transport asked for compression (the module `gzip`, of the feature of that name, does both).
///   Interim answers (1xx) are passed over. Of a status that is no success, a body that fails may be left out, and never is
///   a part of it given for the whole.
/// - **It is the answer to this request**, however many are sent at once, and whatever an earlier one that was given up
///   has left behind on its connection, or a server sends unasked.
/// - **Time is bounded**: it gives up with [`TransportError::timeout`] when [`Limits::timeout`] has passed, from the
///   connecting to the last byte of the body. The longest timeout there is does no harm.
/// - **Memory is bounded**: it gives up with [`TransportError::too_large`] as soon as the decompressed body exceeds
///   [`Limits::body`], believes no length that it is told, and takes no head without end.
/// - **Connections are kept** and used again. What is given up, because its time has passed or its future was dropped, goes
///   on in no background, and its connection is closed.
/// - **What is not HTTP is told from a lost connection**: a head that cannot be read, or that is larger than the transport
///   takes, is an error made by [`TransportError::invalid_response`], which is not retried.
/// - **Whatever else happens is an error** made by [`TransportError::new`]: nobody there, a connection that is lost, a body
///   that ends early. There is no panic, and no error shows the value of a header or a body.
/// - **Nobody waits for another**: what is sent at once is on its way at once, and while one sleeps, others go on.
///
/// The crate [`partner-center-conformance`](https://docs.rs/partner-center-conformance) makes tests of them, which hold a
/// transport to each.
///
/// A request for a token has secrets in its body; a transport overwrites it when it is sent, if it can. So has the answer to
/// it, which the client overwrites unless the transport has kept a share of its bytes.
///
/// A whole transport, which here answers everything by itself:
///
/// ```
/// use partner_center_core::{Blocking, Client, Credential, GetCustomer};
/// use partner_center_core::{Request, Response, Transport, TransportError};
/// use std::time::Duration;
/// use uuid::Uuid;
///
/// struct Echo;
///
/// impl Transport for Echo {
///     type Mode = Blocking;
///
///     fn send(&self, request: Request) -> Result<Response, TransportError> {
///         let id = request.uri().path().rsplit('/').next().unwrap_or_default();
///         Ok(Response::new(format!(r#"{{"id": "{id}"}}"#).into()))
///     }
///
///     fn sleep(&self, delay: Duration) {
///         std::thread::sleep(delay);
///     }
/// }
///
/// let client = Client::builder(Echo, Credential::token("secret")).build()?;
/// let customer = client.call(GetCustomer::new(Uuid::nil()))?;
/// assert_eq!(customer.id, Some(Uuid::nil()));
/// # Ok::<(), partner_center_core::Error>(())
/// ```
pub trait Transport: Send + Sync + 'static {
    /// [`Blocking`](crate::Blocking) or [`Async`](crate::Async).
    type Mode: Mode;

    /// Sends `request`, within the [`Limits`] among its extensions ([`Limits::of`]). An answer of any status is `Ok`.
    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>>;

    /// Lets at least `delay` pass: the wait before a call is repeated.
    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()>;
}

impl<X: Transport + ?Sized> Transport for Arc<X> {
    type Mode = X::Mode;

    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>> {
        (**self).send(request)
    }
    fn sleep(&self, delay: Duration) -> Output<'_, Self, ()> {
        (**self).sleep(delay)
    }
}

/// A transport that needs no settings.
pub trait DefaultTransport: Transport + Sized {
    /// The transport with the settings that suit most.
    fn with_defaults() -> Result<Self, TransportError>;
}

/// The bounds of one exchange, among the extensions of a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long the exchange may take, from connecting to the last byte received. Default: 60 s.
    pub timeout: Duration,
    /// How many bytes the body of the answer may have once decompressed. Default: 64 MiB.
    pub body: usize,
}

impl Limits {
    /// The limits of `request`; the default ones if it has none.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let limits: Self = request.extensions().get().copied().unwrap_or_default();
        // No clock runs as far as the longest duration.
        Self { timeout: limits.timeout.min(Duration::from_secs(u32::MAX.into())), ..limits }
    }

    /// How many bytes to make room for when a body says how long it is: no more than it may have, and no more than 1 MiB, as
    /// an announced length is not to be believed. What is longer grows as it comes.
    #[must_use]
    pub fn initial_capacity(&self, announced: Option<u64>) -> usize {
        let announced = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        announced.min(self.body).min(MOST_BELIEVED)
    }
}

/// How much memory is made ready because of a length that is announced: more than any page has.
const MOST_BELIEVED: usize = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60), body: 64 << 20 }
    }
}

/// No answer came back, or not a whole one.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    proxy: Option<ProxyServer>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The exchange failed: no connection, one that broke, an answer that ended early.
    Exchange,
    /// [`Limits::timeout`] passed.
    Timeout,
    /// The body exceeds [`Limits::body`].
    TooLarge,
    /// The head of the response is not valid HTTP, or has more or larger headers than the transport takes: the same request
    /// would bring the same, and it is not retried.
    InvalidResponse,
    /// The server's certificate is not accepted. The request was not sent, and is not retried.
    Certificate(CertificateProblem),
}

impl TransportError {
    /// A failure of the exchange; `source` must not show a header's value or a body. If it is about a certificate, as
    /// [`CertificateProblem::find`] tells, the kind is [`Certificate`](TransportErrorKind::Certificate).
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        let kind = CertificateProblem::find(&*source).map(TransportErrorKind::Certificate);
        Self::of(kind.unwrap_or(TransportErrorKind::Exchange), Some(source))
    }

    /// The time limit passed; `source` must not show a header's value or a body.
    pub fn timeout(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of(TransportErrorKind::Timeout, Some(source.into()))
    }

    /// The body is larger than it may be.
    #[must_use]
    pub fn too_large() -> Self {
        Self::of(TransportErrorKind::TooLarge, None)
    }

    /// The server's certificate is not accepted; `source` must not show a header's value or a body.
    pub fn certificate(problem: CertificateProblem, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of(TransportErrorKind::Certificate(problem), Some(source.into()))
    }

    /// Sets the proxy that the request went through, if it went through one: it may be the cause.
    #[must_use]
    pub fn through(mut self, proxy: Option<&ProxyServer>) -> Self {
        self.proxy = proxy.cloned();
        self
    }

    /// The head of the response cannot be read; `source` must not show a header's value or a body.
    pub fn invalid_response(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::of(TransportErrorKind::InvalidResponse, Some(source.into()))
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// The proxy that the request went through, if it is known to have gone through one.
    #[must_use]
    pub fn proxy(&self) -> Option<&ProxyServer> {
        self.proxy.as_ref()
    }

    fn of(kind: TransportErrorKind, source: Option<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, proxy: None, source }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TransportErrorKind::Exchange => formatter.write_str("the exchange with the server failed"),
            TransportErrorKind::Timeout => formatter.write_str("the server took longer than the timeout allows"),
            TransportErrorKind::TooLarge => formatter.write_str("the answer is larger than the body limit allows"),
            TransportErrorKind::InvalidResponse => formatter
                .write_str("the head of the response is not valid HTTP, or too large: a proxy may have changed it"),
            TransportErrorKind::Certificate(problem) => problem.fmt(formatter),
        }?;
        self.proxy.iter().try_for_each(|proxy| write!(formatter, " (through {proxy})"))
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
