//! Why a call failed, in one type whose kinds say what can be done about it.

mod embedded_error;
mod error_kind;
mod error_reason;
mod sanitize;
mod service_error;
mod write_outcome;

pub use error_kind::ErrorKind;
pub use error_reason::ErrorReason;
pub(crate) use sanitize::{redirect_location_without_secrets, sanitize_message};
pub use service_error::ServiceError;
pub use write_outcome::WriteOutcome;

use crate::{CallMetadata, TokenError, TokenErrorReason, TransportError, TransportErrorKind};
use http::StatusCode;
use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};
use uuid::Uuid;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// The error of a call, or of building a client.
///
/// [`kind`](Self::kind) says what can be done about it:
///
/// - [`Configuration`](ErrorKind::Configuration), [`Request`](ErrorKind::Request): fix the program; nothing was sent.
/// - [`Transport`](ErrorKind::Transport), [`Timeout`](ErrorKind::Timeout): check the network, or try again later; the call
///   was retried already, as the [`RetryPolicy`](crate::RetryPolicy) says.
/// - [`Credential`](ErrorKind::Credential): check the credential; [`token_error`](Self::token_error) has the authority's error.
/// - [`Service`](ErrorKind::Service): act on [`reason`](Self::reason) or on a predicate such as
///   [`is_not_found`](Self::is_not_found); [`service_error`](Self::service_error) has all that the service returned.
/// - [`Decode`](ErrorKind::Decode), [`Paging`](ErrorKind::Paging): report it, with the ids that the error shows.
///
/// It is safe to log: neither `Display` nor `Debug` shows a token, a filter, or anything of a body but the code and
/// description of an error response. `Display` is one line and does not include the [`source`](StdError::source), except that
/// of the kinds `Configuration` and `Request`; `{:#}` omits the hint, for programs that show [`ErrorReason::hint`] separately.
///
/// ```
/// use partner_center_core::{Error, ErrorKind};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Service if error.is_not_found() => "there is no such customer",
///         ErrorKind::Service if error.is_throttled() => "send fewer requests",
///         ErrorKind::Transport | ErrorKind::Timeout => "try again later",
///         ErrorKind::Credential => "authenticate again",
///         _ => "report it, with the ids that the error shows",
///     }
/// }
/// # use partner_center_core::{Blocking, Client, Credential, GetCustomer, Request, Response, Transport, TransportError};
/// # struct NoCustomer;
/// # impl Transport for NoCustomer {
/// #     type Mode = Blocking;
/// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
/// #         let mut response = Response::new(r#"{"code": 1000, "description": "No such customer."}"#.into());
/// #         *response.status_mut() = partner_center_core::http::StatusCode::NOT_FOUND;
/// #         Ok(response)
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let client = Client::builder(NoCustomer, Credential::token("secret")).build()?;
/// # let error = client.call(GetCustomer::new(uuid::Uuid::nil())).unwrap_err();
/// # assert_eq!(advice(&error), "there is no such customer");
/// # Ok::<(), Error>(())
/// ```
pub struct Error(Box<ErrorDetails>);

struct ErrorDetails {
    kind: ErrorKind,
    operation: &'static str,
    metadata: CallMetadata,
    service_error: Option<ServiceError>,
    token_error: Option<Arc<TokenError>>,
    /// The requested wait, if it exceeds [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after).
    excessive_wait: Option<Duration>,
    /// What has come of a write; `None` if that does not matter.
    write_outcome: Option<WriteOutcome>,
    source: Option<BoxError>,
}

impl Error {
    /// Returns the kind, which says what can be done about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the operation that failed, by its id in the specification; `client` for an error of building one.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// Returns the last error response of the service, if there was one.
    #[must_use]
    pub fn service_error(&self) -> Option<&ServiceError> {
        self.0.service_error.as_ref()
    }

    /// Returns the error response of the authority, if it issued no token.
    #[must_use]
    pub fn token_error(&self) -> Option<&TokenError> {
        self.0.token_error.as_deref()
    }

    /// Returns the error of the transport, if a request to the service or to the authority failed. It has the
    /// [`CertificateProblem`](crate::CertificateProblem) of a server, and the proxy that the request went through.
    #[must_use]
    pub fn transport_error(&self) -> Option<&TransportError> {
        let mut next = StdError::source(self);
        while let Some(source) = next {
            // An error of a token request is shared among the calls that waited for it.
            let shared = source.downcast_ref::<Arc<dyn StdError + Send + Sync>>();
            let source = shared.map_or(source, |shared| &**shared as &(dyn StdError + 'static));
            if let Some(error) = source.downcast_ref() {
                return Some(error);
            }
            next = source.source();
        }
        None
    }

    /// Returns the status of the last error response of the service, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.service_error().map(|error| error.status)
    }

    /// Returns the meaning of the service's error, where it is known.
    #[must_use]
    pub fn reason(&self) -> Option<ErrorReason> {
        let needs_user = self.0.source.as_ref().is_some_and(|source| source.is::<AppUserRequired>());
        let by_client = needs_user.then_some(ErrorReason::NeedsAppAndUser);
        by_client.or_else(|| self.service_error().and_then(ServiceError::reason))
    }

    /// Whether the resource does not exist, or is not visible to this partner.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.reason() == Some(ErrorReason::NotFound)
    }

    /// Whether the partner has no commerce relationship with the customer. A list may still include such a customer.
    #[must_use]
    pub fn is_relationship_missing(&self) -> bool {
        self.reason() == Some(ErrorReason::NoRelationship)
    }

    /// Whether there were too many requests, to the service or to the authority; [`retry_after`](Self::retry_after) may say
    /// how long to wait.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        let by_authority = self.token_error().and_then(TokenError::reason);
        self.reason() == Some(ErrorReason::Throttled) || by_authority == Some(TokenErrorReason::Throttled)
    }

    /// Returns the wait that the service, or the authority, requested, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let of_service = || self.service_error().map(|error| error.retry_after);
        let of_authority = || self.token_error().map(|error| error.retry_after);
        self.0.excessive_wait.or_else(|| of_service().or_else(of_authority).flatten())
    }

    /// Whether [`retry_after`](Self::retry_after) is longer than
    /// [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after), so that the call was not retried, however many
    /// attempts were left.
    #[must_use]
    pub fn exceeds_max_retry_after(&self) -> bool {
        self.0.excessive_wait.is_some()
    }

    /// Whether authentication failed, not the call itself: the authority returned an error or no response, or a
    /// [`TokenSource`](crate::TokenSource) had no token.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.kind() == ErrorKind::Credential
            || self.0.source.as_ref().is_some_and(|source| source.is::<TokenUnavailable>())
    }

    /// Whether the service rejected the token (401), as expired, say, as one for another audience, or as one without a second factor.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        use ErrorReason::{AudienceRetired, MultifactorRequired, Unauthorized};
        matches!(self.reason(), Some(Unauthorized | AudienceRetired | MultifactorRequired))
    }

    /// Whether the token is for an audience that the service no longer accepts.
    #[must_use]
    pub fn is_unsupported_audience(&self) -> bool {
        self.reason() == Some(ErrorReason::AudienceRetired)
    }

    /// Whether the service requires an App+User credential and the client has an app-only one. If the documentation says so,
    /// nothing was sent.
    #[must_use]
    pub fn needs_app_and_user(&self) -> bool {
        self.reason() == Some(ErrorReason::NeedsAppAndUser)
    }

    /// Whether the resource has changed since its etag was read: get it again, and send the change with its new etag.
    #[must_use]
    pub fn is_etag_mismatch(&self) -> bool {
        self.reason() == Some(ErrorReason::EtagMismatch)
    }

    /// Whether the service may have performed a write, such as a POST, although the call failed: it was sent, and its response
    /// was lost, is not the service's, or is the one to a server error. Look whether it was performed before sending it again.
    /// The same as [`write_outcome`](Self::write_outcome) being [`Unknown`](WriteOutcome::Unknown).
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Error, Method, RawRequest, Transport};
    ///
    /// /// Orders a thing; returns false if it has to be looked for among the orders.
    /// fn order(client: &Client<impl Transport<Mode = Blocking>>) -> Result<bool, Error> {
    ///     match client.request(RawRequest::new(Method::Post, "/v1/things").json(r#"{"quantity": 1}"#)) {
    ///         Ok(_) => Ok(true),
    ///         Err(error) if error.is_outcome_unknown() => Ok(false),
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// # use partner_center_core::{Credential, Request, Response, TransportError};
    /// # struct LostResponse;
    /// # impl Transport for LostResponse {
    /// #     type Mode = Blocking;
    /// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
    /// #         Err(TransportError::new("the connection was closed"))
    /// #     }
    /// #     fn sleep(&self, _: std::time::Duration) {}
    /// # }
    /// # let client = Client::builder(LostResponse, Credential::token("secret")).build()?;
    /// # assert!(!order(&client)?);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.write_outcome == Some(WriteOutcome::Unknown)
    }

    /// Returns what has come of a write. `None` if that does not matter: for a read, for a write that may be sent again at any time
    /// ([`Idempotency::Natural`](crate::Idempotency::Natural)), and for a request that could not be built.
    ///
    /// Such a write has an outcome only if it was rejected after an attempt that may have been performed: that it is "not found",
    /// say, may then be its own effect.
    #[must_use]
    pub fn write_outcome(&self) -> Option<WriteOutcome> {
        self.0.write_outcome
    }

    /// Returns the metadata of the call: its last response, if there was one, with all headers, and how long it took.
    #[must_use]
    pub fn metadata(&self) -> &CallMetadata {
        &self.0.metadata
    }

    /// Whether the timeout of an attempt, or the deadline of the call, was exceeded.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// Returns the `MS-RequestId` of the last request to the service, as it was sent.
    #[must_use]
    pub fn request_id(&self) -> Option<Uuid> {
        self.0.metadata.request_id
    }

    /// Returns the `MS-CorrelationId` of the requests, as it was sent.
    #[must_use]
    pub fn correlation_id(&self) -> Option<Uuid> {
        self.0.metadata.correlation_id
    }

    /// Returns the number of requests that were sent, to the service or for a token; 0 if none was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.metadata.attempts
    }

    /// Returns the number of the page that failed, counted from 1; all pages before it are complete. `None` if the call is not
    /// part of a list.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.0.metadata.page
    }

    /// Returns the error of work that is not a call: what the work of [`Client::for_each`](crate::Client::for_each) returns if it
    /// cannot make the next request. It is of the kind [`Request`](ErrorKind::Request), and `source` is its source.
    ///
    /// ```
    /// use partner_center_core::Error;
    ///
    /// let error = Error::custom("the customer has no domain");
    /// assert_eq!(error.to_string(), "the request cannot be built (custom): the customer has no domain");
    /// ```
    pub fn custom(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorKind::Request, "custom", source)
    }

    pub(crate) fn new(kind: ErrorKind, operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::new_without_source(kind, operation).with_source(Some(source.into()))
    }

    /// The operation is for App+User credentials, and that of the client is app-only.
    pub(crate) fn app_user_required_error(operation: &'static str) -> Self {
        Self::new(ErrorKind::Request, operation, AppUserRequired)
    }

    /// The service returned an error.
    pub(crate) fn from_service_error(operation: &'static str, service_error: ServiceError) -> Self {
        let mut error = Self::new_without_source(ErrorKind::Service, operation);
        error.0.service_error = Some(service_error);
        error
    }

    /// The authority returned an error instead of a token.
    pub(crate) fn authority_rejection_error(operation: &'static str, token_error: TokenError) -> Self {
        let mut error = Self::new_without_source(ErrorKind::Credential, operation);
        error.0.token_error = Some(Arc::new(token_error));
        error
    }

    /// A token refresh failed, of this call or of another one that it waited for.
    pub(crate) fn from_refresh_failure(operation: &'static str, failure: RefreshFailure) -> Self {
        let RefreshFailure { kind, token_error, source, authority, excessive_wait, is_deadline_exceeded: _ } = failure;
        let mut source = source.map(|source| Box::new(source) as BoxError);
        if let Some(authority) = authority {
            source = Some(Box::new(TokenUnavailable { authority, source }));
        }
        let mut error = Self::new_without_source(kind, operation).with_source(source);
        (error.0.token_error, error.0.excessive_wait) = (token_error, excessive_wait);
        error
    }

    /// The transport returned an error.
    pub(crate) fn from_transport_error(operation: &'static str, error: TransportError) -> Self {
        let kind = match error.kind() {
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::TooLarge | TransportErrorKind::InvalidResponse => ErrorKind::Decode,
            TransportErrorKind::Connect
            | TransportErrorKind::Exchange
            | TransportErrorKind::Certificate(_)
            | TransportErrorKind::ProxySetting => ErrorKind::Transport,
        };
        Self::new(kind, operation, error)
    }

    /// The deadline of the call was exceeded; `last` is the error of its last attempt, if there was one.
    pub(crate) fn new_deadline_exceeded(operation: &'static str, last: Option<Self>) -> Self {
        let last = last.unwrap_or_else(|| Self::new_without_source(ErrorKind::Timeout, operation));
        let ErrorDetails { service_error, token_error, write_outcome, source, .. } = *last.0;
        let mut error = Self::new(ErrorKind::Timeout, operation, DeadlineExceeded { last: source });
        (error.0.service_error, error.0.token_error) = (service_error, token_error);
        error.with_write_outcome(write_outcome)
    }

    /// Returns the error of a call that was not retried, because the requested `wait` exceeds the maximum.
    pub(crate) fn with_excessive_wait(mut self, wait: Duration) -> Self {
        self.0.excessive_wait = Some(wait);
        self
    }

    /// Sets what has come of a write; `None` if that does not matter.
    pub(crate) fn with_write_outcome(mut self, write_outcome: Option<WriteOutcome>) -> Self {
        self.0.write_outcome = write_outcome;
        self
    }

    pub(crate) fn with_metadata(mut self, metadata: CallMetadata) -> Self {
        self.0.metadata = metadata;
        self
    }

    /// Returns the error in the form that is shared by all calls that waited for the same token; `authority` is the server that
    /// did not respond, if that is the cause.
    pub(crate) fn into_refresh_failure(self, authority: Option<String>) -> RefreshFailure {
        let is_deadline_exceeded = self.0.source.as_ref().is_some_and(|source| source.is::<DeadlineExceeded>());
        let ErrorDetails { kind, token_error, excessive_wait, source, .. } = *self.0;
        let authority = authority.filter(|_| kind != ErrorKind::Credential);
        let source = source.map(Arc::from);
        RefreshFailure { kind, token_error, source, authority, excessive_wait, is_deadline_exceeded }
    }

    fn new_without_source(kind: ErrorKind, operation: &'static str) -> Self {
        Self(Box::new(ErrorDetails {
            kind,
            operation,
            metadata: CallMetadata::default(),
            service_error: None,
            token_error: None,
            excessive_wait: None,
            write_outcome: None,
            source: None,
        }))
    }

    fn with_source(mut self, source: Option<BoxError>) -> Self {
        self.0.source = source;
        self
    }

    /// Returns the ids by which the call is found in logs: the client's, and the service's where they differ.
    fn request_ids_for_display(&self) -> Vec<String> {
        let ours = [self.request_id(), self.correlation_id()].map(|id| id.map(|id| id.to_string()));
        let theirs = self
            .service_error()
            .map_or([None, None], |error| [&error.request_id, &error.correlation_id].map(Option::as_deref));
        let mut ids = Vec::new();
        for (name, (ours, theirs)) in ["request id", "correlation id"].into_iter().zip(ours.into_iter().zip(theirs)) {
            let theirs = theirs.filter(|theirs| ours.as_deref() != Some(theirs));
            ids.extend(ours.iter().map(|id| format!("{name} {id}")));
            ids.extend(theirs.map(|id| format!("the service's {name} {id}")));
        }
        ids
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind() {
            ErrorKind::Configuration => "the client cannot be built",
            ErrorKind::Request => "the request cannot be built",
            ErrorKind::Transport => "no response was received",
            ErrorKind::Timeout => "timed out",
            ErrorKind::Credential => "no token was obtained",
            ErrorKind::Service => "the service returned an error",
            ErrorKind::Decode => "the response cannot be decoded",
            ErrorKind::Paging => "the next page cannot be fetched",
        })?;
        if self.kind() != ErrorKind::Configuration {
            write!(formatter, " ({}", self.operation())?;
            if let Some(page) = self.page() {
                write!(formatter, ", page {page}")?;
            }
            if self.attempts() > 1 {
                write!(formatter, ", {} attempts", self.attempts())?;
            }
            formatter.write_str(")")?;
        }
        if let Some(service_error) = self.service_error() {
            formatter.write_str(": ")?;
            fmt::Display::fmt(service_error, formatter)?;
        }
        if let Some(token_error) = self.token_error() {
            formatter.write_str(": ")?;
            fmt::Display::fmt(token_error, formatter)?;
        }
        // The cause is an argument or a setting of the program, not of another layer: it is of use in any log.
        if let (ErrorKind::Configuration | ErrorKind::Request, Some(source)) = (self.kind(), StdError::source(self)) {
            write!(formatter, ": {source}")?;
        }
        if let Some(outcome) = self.write_outcome().and_then(WriteOutcome::user_message) {
            write!(formatter, "; {outcome}")?;
        }
        let ids = self.request_ids_for_display();
        if ids.is_empty() { Ok(()) } else { write!(formatter, " [{}]", ids.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ErrorDetails {
            kind,
            operation,
            metadata,
            service_error,
            token_error,
            excessive_wait,
            write_outcome,
            source,
        } = &*self.0;
        formatter
            .debug_struct("Error")
            .field("kind", kind)
            .field("operation", operation)
            .field("metadata", metadata)
            .field("service_error", service_error)
            .field("token_error", token_error)
            .field("excessive_wait", excessive_wait)
            .field("write_outcome", write_outcome)
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The error of a token refresh, as it is shared by all calls that waited for the token.
#[derive(Clone, Debug)]
pub(crate) struct RefreshFailure {
    pub(crate) kind: ErrorKind,
    pub(crate) token_error: Option<Arc<TokenError>>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
    /// The authority that did not respond, if that is the cause.
    pub(crate) authority: Option<String>,
    /// The wait that the authority requested, if it exceeds the maximum.
    pub(crate) excessive_wait: Option<Duration>,
    /// Whether the deadline of the call that refreshed was exceeded.
    pub(crate) is_deadline_exceeded: bool,
}

/// The operation is for App+User credentials, and that of the client is app-only.
#[derive(Debug)]
struct AppUserRequired;

impl fmt::Display for AppUserRequired {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the operation needs an App+User credential, and that of the client is app-only; nothing was sent",
        )
    }
}

impl StdError for AppUserRequired {}

/// The authority returned no response that can be decoded.
#[derive(Debug)]
struct TokenUnavailable {
    authority: String,
    source: Option<BoxError>,
}

impl fmt::Display for TokenUnavailable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no token was obtained from {}", self.authority)
    }
}

impl StdError for TokenUnavailable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The deadline has passed, or would pass before the next attempt.
#[derive(Debug)]
struct DeadlineExceeded {
    last: Option<BoxError>,
}

impl fmt::Display for DeadlineExceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the deadline leaves no time for another attempt")
    }
}

impl StdError for DeadlineExceeded {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.last.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::Response;

    fn service_error(status: u16, body: &str) -> Error {
        let response = Response::builder().status(status).body(body.to_owned().into()).unwrap();
        Error::from_service_error("getCustomer", ServiceError::from_response(&response, &[]))
    }

    #[test]
    fn predicate_holds_for_its_own_reason_only() {
        type Predicate = fn(&Error) -> bool;
        let predicates: [(&str, Predicate); 8] = [
            ("not found", Error::is_not_found),
            ("no relationship", Error::is_relationship_missing),
            ("throttled", Error::is_throttled),
            ("unauthorized", Error::is_unauthorized),
            ("audience retired", Error::is_unsupported_audience),
            ("needs app and user", Error::needs_app_and_user),
            ("etag mismatch", Error::is_etag_mismatch),
            ("timeout", Error::is_timeout),
        ];
        for (error, expected) in [
            (service_error(404, r#"{"code":1000}"#), &["not found"][..]),
            (service_error(400, r#"{"code":"900118"}"#), &["not found"]),
            (service_error(403, r#"{"code":20002}"#), &["no relationship"]),
            (service_error(429, ""), &["throttled"]),
            (service_error(401, ""), &["unauthorized"]),
            (service_error(401, r#"{"code":900420}"#), &["unauthorized", "audience retired"]),
            (service_error(401, r#"{"code":900421}"#), &["unauthorized"]),
            (service_error(403, r#"{"code":900329}"#), &["needs app and user"]),
            (service_error(400, r#"{"code":2055}"#), &["etag mismatch"]),
            (service_error(400, r#"{"code":"2055"}"#), &["etag mismatch"]),
            (service_error(412, ""), &["etag mismatch"]),
            (service_error(409, r#"{"code":2055}"#), &[]),
            (service_error(403, ""), &[]),
            (service_error(400, r#"{"code":2000}"#), &[]),
            (Error::new_deadline_exceeded("getCustomer", None), &["timeout"]),
            (Error::from_transport_error("getCustomer", TransportError::new("no")), &[]),
        ] {
            let holding: Vec<_> = predicates.iter().filter(|(_, holds)| holds(&error)).map(|(name, _)| *name).collect();
            assert_eq!(holding, expected, "{error}");
        }
    }

    #[test]
    fn every_reason_has_its_own_code_and_hint() {
        let mut hints = std::collections::HashSet::new();
        for (status, code, reason) in [
            (404, 1000, ErrorReason::NotFound),
            (404, 3000, ErrorReason::PartnerUnknown),
            (403, 20_002, ErrorReason::NoRelationship),
            (429, 0, ErrorReason::Throttled),
            (401, 400, ErrorReason::Unauthorized),
            (401, 900_420, ErrorReason::AudienceRetired),
            (401, 900_421, ErrorReason::MultifactorRequired),
            (403, 900_329, ErrorReason::NeedsAppAndUser),
            (403, 1002, ErrorReason::MissingRole),
            (403, 900_309, ErrorReason::ConditionalAccess),
            (403, 900_416, ErrorReason::CustomerLocked),
            (403, 800_074, ErrorReason::CustomerUnderReview),
            (403, 900_124, ErrorReason::AgreementMissing),
            (403, 900_149, ErrorReason::PartnerInactive),
        ] {
            let error = service_error(status, &format!(r#"{{"code":{code}}}"#));
            assert_eq!(error.reason(), Some(reason));
            assert!(hints.insert(reason.hint()));
            assert!(error.to_string().contains(reason.hint()) && !format!("{error:#}").contains(reason.hint()));
        }
        // The same codes under another status mean something else, or nothing.
        assert_eq!(service_error(400, r#"{"code":20002}"#).reason(), None);
    }

    #[test]
    fn redirect_shows_its_target_without_secrets() {
        let shown = |status: u16, location: &str| {
            let response = Response::builder().status(status).header("Location", location).body(Bytes::new()).unwrap();
            Error::from_service_error("getCustomer", ServiceError::from_response(&response, &["the-secret"]))
                .to_string()
        };
        for (location, target) in [
            ("https://login.example/sign/in", " to https://login.example/sign/in"),
            ("https://user:hush@login.example:8443?code=hush#hush", " to https://login.example:8443"),
            ("//login.example/@me", " to //login.example/@me"),
            ("/login?token=hush", " to /login"),
            ("https://login.example/the-secret", " to https://login.example/[redacted]"),
            ("", ""),
            ("?hush", ""),
        ] {
            assert_eq!(shown(302, location), format!("the service returned an error (getCustomer): 302 Found{target}"));
        }
        assert_eq!(shown(500, "/login"), "the service returned an error (getCustomer): 500 Internal Server Error");
    }

    #[test]
    fn not_found_without_a_code_does_not_blame_the_id() {
        for body in ["", "<html>Not here</html>"] {
            let shown = service_error(404, body).to_string();
            assert!(shown.contains("check the base URL") && !shown.contains("ID"), "{shown}");
        }
        assert!(service_error(404, r#"{"code":1000}"#).to_string().contains("check the ID"));
    }

    /// The error of the last attempt is kept when the deadline is exceeded.
    #[test]
    fn deadline_error_keeps_the_last_cause() {
        let last = Error::from_transport_error("getCustomer", TransportError::new("connection reset"));
        let error = Error::new_deadline_exceeded("getCustomer", Some(last));
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        assert_eq!(
            causes,
            [
                "the deadline leaves no time for another attempt",
                "the exchange with the server failed",
                "connection reset"
            ]
        );
    }

    #[test]
    fn ids_of_both_sides_are_shown_once() {
        let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let shown = |request_id: Uuid| {
            let mut response = Response::builder().status(503).body(Bytes::new()).unwrap();
            for (name, id) in [("ms-requestid", request_id), ("ms-correlationid", ours)] {
                response.headers_mut().insert(name, id.to_string().try_into().unwrap());
            }
            let metadata =
                CallMetadata { request_id: Some(ours), correlation_id: Some(ours), ..CallMetadata::default() };
            Error::from_service_error("getCustomer", ServiceError::from_response(&response, &[]))
                .with_metadata(metadata)
                .to_string()
        };
        assert!(shown(ours).ends_with(&format!(" [request id {ours}, correlation id {ours}]")));
        let both = format!(" [request id {ours}, the service's request id {theirs}, correlation id {ours}]");
        assert!(shown(theirs).ends_with(&both), "{}", shown(theirs));
        assert!(!service_error(503, "").to_string().contains('['));
    }

    #[test]
    fn missing_token_names_the_authority_and_the_cause() {
        let failed = Error::from_transport_error("getCustomer", TransportError::new("reset"))
            .into_refresh_failure(Some("them".to_owned()));
        let error = Error::from_refresh_failure("getCustomer", failed);
        assert!(error.is_authentication() && error.kind() == ErrorKind::Transport);
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), "no token was obtained from them");
        assert_eq!(source.source().unwrap().to_string(), "the exchange with the server failed");
        // An error of a custom token source names itself.
        let failed = Error::new(ErrorKind::Credential, "getCustomer", "the vault is empty")
            .into_refresh_failure(Some("them".to_owned()));
        assert_eq!(
            Error::from_refresh_failure("getCustomer", failed).source().unwrap().to_string(),
            "the vault is empty"
        );
    }

    #[test]
    fn error_is_a_pointer_and_identifies_its_call() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        let (request_id, correlation_id) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let error = service_error(503, "").with_metadata(CallMetadata {
            request_id,
            correlation_id,
            attempts: 3,
            page: Some(4),
            ..CallMetadata::default()
        });
        assert_eq!((error.request_id(), error.correlation_id()), (request_id, correlation_id));
        assert_eq!((error.attempts(), error.page(), error.operation()), (3, Some(4), "getCustomer"));
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        let shown = format!("{error:?}");
        assert!(shown.contains("Service") && shown.contains("getCustomer") && shown.contains("attempts: 3"), "{shown}");
    }
}
