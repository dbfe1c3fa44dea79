//! Hooks: custom code that sees every call and every attempt, with the operation's description.

use crate::{CallMetadata, Error, request::PreparedRequest};
use http::{Method, StatusCode};
use partner_center_models::Idempotency;
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// Custom code that is called before and after each call and each attempt, for an audit log or for metrics, say. Set by
/// [`ClientBuilder::hooks`](crate::ClientBuilder::hooks); each method does nothing unless it is implemented.
///
/// A call may have several attempts, and a list is a call for each page. The methods are called in the thread or task of the
/// call, which waits for them: they should be quick. A call that is cancelled (its future is dropped) has no end. The first
/// attempt of a page that is prefetched is reported when its response is used.
///
/// An audit log of all writes, with the id that the service's support asks for, in memory here:
///
/// ```
/// use partner_center_core::{Blocking, CallDescription, CallMetadata, Client, Credential, Error, Hooks, Transport};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct AuditLog(Mutex<Vec<String>>);
///
/// impl Hooks for AuditLog {
///     fn after_call(&self, call: &CallDescription<'_>, outcome: Result<&CallMetadata, &Error>) {
///         let id = outcome.unwrap_or_else(Error::metadata).request_id.unwrap_or_default();
///         let outcome = outcome.map_or_else(|error| format!("{:?}", error.write_outcome()), |_| "done".to_owned());
///         if call.is_write() {
///             self.0.lock().unwrap().push(format!("{} {} {outcome} {id}", call.operation(), call.path()));
///         }
///     }
/// }
///
/// fn audited<X: Transport<Mode = Blocking>>(transport: X, log: Arc<AuditLog>) -> Result<Client<X>, Error> {
///     Client::builder(transport, Credential::token("secret")).hooks(log).build()
/// }
/// # use partner_center_core::{Method, RawRequest, Request, Response, TransportError};
/// # struct Created;
/// # impl Transport for Created {
/// #     type Mode = Blocking;
/// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
/// #         Ok(Response::new("{}".into()))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let log = Arc::<AuditLog>::default();
/// # let client = audited(Created, log.clone())?;
/// # client.request(RawRequest::new(Method::Get, "/v1/things"))?;
/// # client.request(RawRequest::new(Method::Post, "/v1/things?name=secret").json("{}"))?;
/// # let lines = log.0.lock().unwrap();
/// # assert!(lines.len() == 1 && lines[0].starts_with("request /v1/things done "), "{lines:?}");
/// # Ok::<(), Error>(())
/// ```
#[expect(unused_variables, reason = "the parameters of methods that do nothing unless they are implemented")]
pub trait Hooks: Send + Sync + 'static {
    /// Is called before a call, when nothing was sent for it yet.
    fn before_call(&self, call: &CallDescription<'_>) {}

    /// Is called before a request is sent to the service.
    fn before_attempt(&self, call: &CallDescription<'_>, attempt: &AttemptDescription) {}

    /// Is called after an attempt: with the status of a response that is a result, or the error. The error has no
    /// [`metadata`](Error::metadata) yet; the call may be retried.
    fn after_attempt(
        &self,
        call: &CallDescription<'_>,
        attempt: &AttemptDescription,
        outcome: Result<StatusCode, &Error>,
    ) {
    }

    /// Is called after a call, with its metadata or its error, before it returns.
    fn after_call(&self, call: &CallDescription<'_>, outcome: Result<&CallMetadata, &Error>) {}
}

impl<H: Hooks + ?Sized> Hooks for Arc<H> {
    fn before_call(&self, call: &CallDescription<'_>) {
        (**self).before_call(call);
    }
    fn before_attempt(&self, call: &CallDescription<'_>, attempt: &AttemptDescription) {
        (**self).before_attempt(call, attempt);
    }
    fn after_attempt(
        &self,
        call: &CallDescription<'_>,
        attempt: &AttemptDescription,
        outcome: Result<StatusCode, &Error>,
    ) {
        (**self).after_attempt(call, attempt, outcome);
    }
    fn after_call(&self, call: &CallDescription<'_>, outcome: Result<&CallMetadata, &Error>) {
        (**self).after_call(call, outcome);
    }
}

/// The description of a call, as [`Hooks`] see it. It shows neither the query nor the headers nor the body, which may hold secrets
/// and data of customers.
#[derive(Clone, Copy)]
pub struct CallDescription<'a> {
    request: &'a PreparedRequest,
    correlation_id: Uuid,
    page: Option<u64>,
}

impl<'a> CallDescription<'a> {
    pub(crate) fn new(request: &'a PreparedRequest, correlation_id: Uuid, page: Option<u64>) -> Self {
        Self { request, correlation_id, page }
    }

    /// Returns the operation, by its id in the specification.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.request.operation
    }

    /// Returns the method of the request.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        &self.request.method
    }

    /// Returns the path of the request, without its query.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.request.path()
    }

    /// Returns the path with `{name}` for each path parameter; `None` for a request that is not a generated operation.
    #[must_use]
    pub fn path_template(&self) -> Option<&'static str> {
        self.request.path_template
    }

    /// Returns whether the request may be sent again when it is unknown what has come of it.
    #[must_use]
    pub fn idempotency(&self) -> Idempotency {
        self.request.idempotency
    }

    /// Whether the request may change something: its method is neither GET nor HEAD.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.request.is_write()
    }

    /// Returns the `MS-CorrelationId` of the requests.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        self.correlation_id
    }

    /// Returns the number of the page, counted from 1; `None` if the call is not part of a list.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.page
    }
}

impl fmt::Debug for CallDescription<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallDescription")
            .field("operation", &self.operation())
            .field("method", self.method())
            .field("path", &self.path())
            .field("correlation_id", &self.correlation_id)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// The description of an attempt, as [`Hooks`] see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptDescription {
    /// The number of the attempt in its call, counted from 1.
    pub number: u32,
    /// The `MS-RequestId` of the request.
    pub request_id: Option<Uuid>,
}
