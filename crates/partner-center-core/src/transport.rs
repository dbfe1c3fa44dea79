//! The exchange of a request for a response: what a transport is, and what it reports.

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
