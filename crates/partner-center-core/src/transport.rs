//! Transports: sending a request and receiving the response.
//!
//! The trait [`Transport`] is here, with its limits and errors. `mode` makes one code base serve blocking and async
//! transports; `shared_state` lets threads and tasks wait for each other; `proxy` reads the proxy settings of the
//! environment.

mod certificate;
mod limits;
pub(crate) mod mode;
mod proxy;
pub(crate) mod shared_state;
mod transport_error;

pub use certificate::CertificateProblem;
pub use limits::Limits;
pub use mode::{Async, Blocking, Mode};
pub use proxy::{EnvironmentProxy, ProxyServer};
pub use transport_error::{TransportError, TransportErrorKind};

use crate::Error;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

/// A request to the service or to the authority; its extensions hold the [`Limits`] that it is sent under.
pub type Request = http::Request<Vec<u8>>;
/// A response, whatever its status; the body is complete and decompressed. It is [`Bytes`], so that a transport can
/// pass on what its HTTP library has received without a copy.
pub type Response = http::Response<Bytes>;

/// The type that functions over the transport `X` return for a `T`:
///
/// ```text
/// Blocking: T
/// Async:    Pin<Box<dyn Future<Output = T> + Send + 'a>>
/// ```
pub type Output<'a, X, T> = <<X as Transport>::Mode as Mode>::Output<'a, T>;
/// The type that the calls of a [`Client`](crate::Client) over the transport `X` return for a `T`:
///
/// ```text
/// Blocking: Result<T, Error>
/// Async:    Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>
/// ```
pub type CallOutput<X, T> = Output<'static, X, Result<T, Error>>;

/// A transport sends HTTP requests and returns the responses.
///
/// That is all it does: it does not authenticate, retry, follow redirects, keep cookies, or judge a status (a response
/// of any status is `Ok`). The client relies on these requirements:
///
/// - **The request arrives unchanged**, once: method, URI, every header, the body with its length. Nothing is encoded,
///   decoded or normalized, and no header is added but those that HTTP requires (and `accept`, where there is none). A
///   request that cannot be sent is an error.
/// - **The response is returned unchanged**: its status, every header, and the body, complete (a truncated one is an
///   error) and decompressed if the transport requested compression (the module `gzip`, of the feature of that name,
///   does both). Interim responses (1xx) are skipped. The body of an error status may be left out if it cannot be read,
///   but is never truncated.
/// - **It is the response to this request**, however many are sent concurrently, whatever a cancelled one has left on
///   its connection, and whatever a server sends unsolicited.
/// - **Time is bounded**: an exchange ends with [`TransportError::timeout`] when [`Limits::timeout`] has passed, from
///   connecting to the last byte of the body. Any timeout is accepted, up to [`Duration::MAX`].
/// - **Memory is bounded**: an exchange ends with [`TransportError::too_large`] as soon as the decompressed body exceeds
///   [`Limits::body`]. No announced length is trusted, and the size of the response head is limited.
/// - **Connections are reused.** An exchange that has timed out, or whose future was dropped, is cancelled: nothing of
///   it continues in the background, and its connection is closed.
/// - **Invalid HTTP is distinguished from a lost connection**: a response head that cannot be parsed, or that is larger
///   than the transport accepts, is an error made by [`TransportError::invalid_response`], which is not retried.
/// - **Every other failure is an error** made by [`TransportError::new`]: no connection, a lost connection, a truncated
///   body. There is no panic, and no error shows the value of a header or a body.
/// - **Exchanges are concurrent**: none waits for another one, and a sleep delays only its own task or thread.
///
/// The crate [`partner-center-conformance`](https://docs.rs/partner-center-conformance) makes a test of each of them.
///
/// The body of a token request has secrets; a transport overwrites it after it is sent, if it can. The client
/// overwrites the body of the response, unless the transport shares its bytes.
///
/// A complete transport, which returns every response itself:
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
    /// The mode of the transport: [`Blocking`] or [`Async`].
    type Mode: Mode;

    /// Sends `request` within the [`Limits`] of its extensions ([`Limits::of`]), and returns the response, whatever its
    /// status:
    ///
    /// ```text
    /// Blocking: Result<Response, TransportError>
    /// Async:    Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + '_>>
    /// ```
    ///
    /// # Errors
    ///
    /// [`TransportError`] lists the kinds.
    fn send(&self, request: Request) -> Output<'_, Self, Result<Response, TransportError>>;

    /// Waits for at least `delay`, before a retry for example:
    ///
    /// ```text
    /// Blocking: ()
    /// Async:    Pin<Box<dyn Future<Output = ()> + Send + '_>>
    /// ```
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

/// A transport that can be created without settings.
pub trait DefaultTransport: Transport + Sized {
    /// Creates the transport with default settings.
    fn with_defaults() -> Result<Self, TransportError>;
}
