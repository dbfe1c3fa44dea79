use crate::{ErrorReason, ServiceError, TokenError, TokenErrorReason, TransportError, TransportErrorKind};
use http::StatusCode;
use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};
use uuid::Uuid;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a call failed.
///
/// Neither `Display` nor `Debug` shows a token, a filter or anything of a body but the code and description of a service_error, so
/// an error may be logged as it is. `Display` is one line and does not repeat the
/// [`source`](StdError::source); `{:#}` leaves out the hint, for those who show [`ErrorReason::hint`] apart.
///
/// ```
/// use partner_center_core::{Error, ErrorKind};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.kind() {
///         ErrorKind::Service if error.is_not_found() => "there is no such customer",
///         ErrorKind::Service if error.is_throttled() => "send less at once",
///         ErrorKind::Transport | ErrorKind::Timeout => "try again later",
///         ErrorKind::Credential => "sign in again",
///         _ => "report it, with the ids that the error shows",
///     }
/// }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    context: Context,
    api: Option<ServiceError>,
    token: Option<Arc<TokenError>>,
    /// The wait that was asked for, if it is longer than [`Retry::max_retry_after`](crate::RetryPolicy::max_retry_after).
    refused_wait: Option<Duration>,
    source: Option<BoxError>,
}

/// Which call it was: what is needed to find it in a log, on either side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context {
    pub(crate) request_id: Option<Uuid>,
    pub(crate) correlation_id: Option<Uuid>,
    pub(crate) attempts: u32,
    pub(crate) page: Option<u64>,
}

/// The kinds of [`Error`], by what can be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client cannot be built as it was set up: fix the setting that the source names.
    Configuration,
    /// The request could not be built, and nothing was sent: fix the argument that the source names.
    Request,
    /// No answer came back, or not a whole one, after every retry: check the address, the proxy and the network, or try again
    /// later. [`Error::transport_error`] tells whether the server's certificate is the cause, and through which proxy the
    /// request went.
    Transport,
    /// Time ran out, for one attempt ([`ClientBuilder::attempt_timeout`](crate::ClientBuilder::attempt_timeout)) or for the whole call
    /// ([`ClientBuilder::call_timeout`](crate::ClientBuilder::call_timeout), [`Client::with_deadline`](crate::Client::with_deadline)), be it for
    /// a server or for a [`TokenSource`](crate::TokenSource); the source says which limit it was.
    Timeout,
    /// No token could be had: see [`Error::token_error`] for what the authority said, or the source for what a
    /// [`TokenSource`](crate::TokenSource) said.
    Credential,
    /// The service said no: see [`Error::reason`] for what that comes down to, where it is known, and [`Error::service_error`] for all
    /// that it said.
    Service,
    /// The service's answer was not understood: a proxy in between, which may have changed its head, a type of your own that
    /// it does not fit ([`SingleResponse::response_as`](crate::SingleResponse::response_as)), a body beyond
    /// [`ClientBuilder::max_response_size`](crate::ClientBuilder::max_response_size), or a reason to report a bug.
    Decode,
    /// The service's way to the next page cannot be followed, or an operation that is not paged has a next page. The list is
    /// not complete, and what came before is valid.
    Paging,
}

/// An error as all callers that waited for the same token receive it.
#[derive(Clone, Debug)]
pub(crate) struct SharedError {
    pub(crate) kind: ErrorKind,
    pub(crate) token: Option<Arc<TokenError>>,
    pub(crate) source: Option<Arc<dyn StdError + Send + Sync>>,
    /// The authority or the custom code that did not respond, if that is the cause.
    pub(crate) authority: Option<String>,
    /// The wait that the authority asked for, if it exceeds [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after).
    pub(crate) refused_wait: Option<Duration>,
    /// Whether the deadline of the call that fetched the token was the cause.
    pub(crate) is_out_of_time: bool,
}

impl Error {
    /// What can be done about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, as the specification names it; `client` if there was none yet.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.0.operation
    }

    /// What the service said last, if it said anything.
    #[must_use]
    pub fn service_error(&self) -> Option<&ServiceError> {
        self.0.api.as_ref()
    }

    /// What the authority said when it issued no token.
    #[must_use]
    pub fn token_error(&self) -> Option<&TokenError> {
        self.0.token.as_deref()
    }

    /// What the transport reported, to the service or to the authority, if an exchange failed: the
    /// [`CertificateProblem`](crate::CertificateProblem) of a server, the proxy it went through.
    #[must_use]
    pub fn transport_error(&self) -> Option<&TransportError> {
        let mut next = StdError::source(self);
        while let Some(source) = next {
            // An error that several callers were told is shared among them.
            let shared = source.downcast_ref::<Arc<dyn StdError + Send + Sync>>();
            let source = shared.map_or(source, |shared| &**shared as &(dyn StdError + 'static));
            if let Some(error) = source.downcast_ref() {
                return Some(error);
            }
            next = source.source();
        }
        None
    }

    /// The status the service answered with last, if it answered.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.service_error().map(|api| api.status)
    }

    /// What the service's refusal comes down to, where that is known.
    #[must_use]
    pub fn reason(&self) -> Option<ErrorReason> {
        self.service_error().and_then(ServiceError::reason)
    }

    /// Whether what was asked for does not exist, or not for this partner.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.reason() == Some(ErrorReason::NotFound)
    }

    /// Whether the partner has no commerce relationship with the customer. A list may still name such a customer.
    #[must_use]
    pub fn is_relationship_missing(&self) -> bool {
        self.reason() == Some(ErrorReason::NoRelationship)
    }

    /// Whether there were too many requests, to the service or to the authority; [`ServiceError::retry_after`] or
    /// [`TokenError::retry_after`] may say how long to wait.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        let by_authority = self.token_error().and_then(TokenError::reason);
        self.reason() == Some(ErrorReason::Throttled) || by_authority == Some(TokenErrorReason::Throttled)
    }

    /// How long the service, or the authority, asked to wait, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let said = || self.service_error().map(|api| api.retry_after).or_else(|| Some(self.token_error()?.retry_after));
        self.0.refused_wait.or_else(|| said().flatten())
    }

    /// Whether [`retry_after`](Self::retry_after) is longer than
    /// [`Retry::max_retry_after`](crate::RetryPolicy::max_retry_after) allows, so that the call was not retried, however many
    /// attempts it had left.
    #[must_use]
    pub fn exceeds_max_retry_after(&self) -> bool {
        self.0.refused_wait.is_some()
    }

    /// Whether it was signing in that failed, not the call itself: the authority refused or did not answer, or a source of
    /// tokens had none.
    #[must_use]
    pub fn is_authentication(&self) -> bool {
        self.kind() == ErrorKind::Credential || self.0.source.as_ref().is_some_and(|source| source.is::<NoToken>())
    }

    /// Whether the credential was refused, as expired or as one for another audience.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.reason(), Some(ErrorReason::Unauthorized | ErrorReason::AudienceRetired))
    }

    /// Whether the token is for an audience that the service no longer accepts.
    #[must_use]
    pub fn is_unsupported_audience(&self) -> bool {
        self.reason() == Some(ErrorReason::AudienceRetired)
    }

    /// Whether the service wants an App+User credential and got an app-only one.
    #[must_use]
    pub fn needs_app_and_user(&self) -> bool {
        self.reason() == Some(ErrorReason::NeedsAppAndUser)
    }

    /// Whether time ran out, for an attempt or for the call.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == ErrorKind::Timeout
    }

    /// The `MS-RequestId` of the last request to the service, as it was sent.
    #[must_use]
    pub fn request_id(&self) -> Option<Uuid> {
        self.0.context.request_id
    }

    /// The `MS-CorrelationId` of the requests, as it was sent.
    #[must_use]
    pub fn correlation_id(&self) -> Option<Uuid> {
        self.0.context.correlation_id
    }

    /// How many requests were sent before it was given up, be they to the service or for a token; 0 if none was.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.context.attempts
    }

    /// Which page of a listing failed, counted from 1; all pages before it came whole.
    #[must_use]
    pub fn page(&self) -> Option<u64> {
        self.0.context.page
    }

    pub(crate) fn new(kind: ErrorKind, operation: &'static str, source: impl Into<BoxError>) -> Self {
        Self::of(kind, operation).caused_by(Some(source.into()))
    }

    pub(crate) fn service(operation: &'static str, api: ServiceError) -> Self {
        let mut error = Self::of(ErrorKind::Service, operation);
        error.0.api = Some(api);
        error
    }

    /// The authority issued no token.
    pub(crate) fn refused_token(operation: &'static str, refusal: TokenError) -> Self {
        let mut error = Self::of(ErrorKind::Credential, operation);
        error.0.token = Some(Arc::new(refusal));
        error
    }

    /// There is no token; if that is for want of time or of an answer, it is an error of that kind.
    pub(crate) fn from_shared(operation: &'static str, failed: SharedError) -> Self {
        let SharedError { kind, token, source, authority, refused_wait, is_out_of_time: _ } = failed;
        let mut source = source.map(|source| Box::new(source) as BoxError);
        if let Some(authority) = authority {
            source = Some(Box::new(NoToken { authority, source }));
        }
        let mut error = Self::of(kind, operation).caused_by(source);
        (error.0.token, error.0.refused_wait) = (token, refused_wait);
        error
    }

    /// The same error of a call that was not retried, as `wait` is longer than is allowed.
    pub(crate) fn refusing_wait(mut self, wait: Duration) -> Self {
        self.0.refused_wait = Some(wait);
        self
    }

    /// Whether it is the deadline that ended the call, not what it met.
    fn is_out_of_time(&self) -> bool {
        self.0.source.as_ref().is_some_and(|source| source.is::<DeadlineExceeded>())
    }

    fn of(kind: ErrorKind, operation: &'static str) -> Self {
        let context = Context::default();
        Self(Box::new(Inner { kind, operation, context, api: None, token: None, refused_wait: None, source: None }))
    }

    fn caused_by(mut self, source: Option<BoxError>) -> Self {
        self.0.source = source;
        self
    }

    pub(crate) fn transport(operation: &'static str, error: TransportError) -> Self {
        let kind = match error.kind() {
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::TooLarge | TransportErrorKind::InvalidResponse => ErrorKind::Decode,
            TransportErrorKind::Exchange | TransportErrorKind::Certificate(_) | TransportErrorKind::ProxySetting => {
                ErrorKind::Transport
            }
        };
        Self::new(kind, operation, error)
    }

    /// The end of a call whose time is up; `last` is how its last attempt failed, if there was one.
    pub(crate) fn out_of_time(operation: &'static str, last: Option<Self>) -> Self {
        let last = last.map(|last| *last.0);
        let (api, token, source) = last.map_or((None, None, None), |last| (last.api, last.token, last.source));
        let mut error = Self::new(ErrorKind::Timeout, operation, DeadlineExceeded { last: source });
        (error.0.api, error.0.token) = (api, token);
        error
    }

    /// What all who waited for the same token are told; `authority` is who did not answer, where nobody did.
    pub(crate) fn into_shared(self, authority: Option<String>) -> SharedError {
        let is_out_of_time = self.is_out_of_time();
        let Inner { kind, token, refused_wait, source, .. } = *self.0;
        let authority = authority.filter(|_| kind != ErrorKind::Credential);
        SharedError { kind, token, source: source.map(Arc::from), authority, refused_wait, is_out_of_time }
    }

    /// The ids by which the call is found in logs: ours, and the service's where they are others.
    fn ids(&self) -> Vec<String> {
        let ours = [self.request_id(), self.correlation_id()].map(|id| id.map(|id| id.to_string()));
        let theirs = self
            .service_error()
            .map_or([None, None], |api| [&api.request_id, &api.correlation_id].map(Option::as_deref));
        let mut ids = Vec::new();
        for (name, (ours, theirs)) in ["request id", "correlation id"].into_iter().zip(ours.into_iter().zip(theirs)) {
            let theirs = theirs.filter(|theirs| ours.as_deref() != Some(theirs));
            ids.extend(ours.iter().map(|id| format!("{name} {id}")));
            ids.extend(theirs.map(|id| format!("the service's {name} {id}")));
        }
        ids
    }

    pub(crate) fn within(mut self, context: Context) -> Self {
        self.0.context = context;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind() {
            ErrorKind::Configuration => "the client cannot be built",
            ErrorKind::Request => "the request cannot be built",
            ErrorKind::Transport => "no answer came",
            ErrorKind::Timeout => "time ran out",
            ErrorKind::Credential => "no token could be had",
            ErrorKind::Service => "the service refused",
            ErrorKind::Decode => "the answer was not understood",
            ErrorKind::Paging => "the next page cannot be reached",
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
        if let Some(api) = self.service_error() {
            formatter.write_str(": ")?;
            fmt::Display::fmt(api, formatter)?;
        }
        if let Some(token) = self.token_error() {
            formatter.write_str(": ")?;
            fmt::Display::fmt(token, formatter)?;
        }
        let ids = self.ids();
        if ids.is_empty() { Ok(()) } else { write!(formatter, " [{}]", ids.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, operation, context, api, token, refused_wait, source } = &*self.0;
        formatter
            .debug_struct("Error")
            .field("kind", kind)
            .field("operation", operation)
            .field("context", context)
            .field("api", api)
            .field("token", token)
            .field("refused_wait", refused_wait)
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The authority gave no answer that could be understood.
#[derive(Debug)]
struct NoToken {
    authority: String,
    source: Option<BoxError>,
}

impl fmt::Display for NoToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no token could be had from {}", self.authority)
    }
}

impl StdError for NoToken {
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

    fn refusal(status: u16, body: &str) -> Error {
        let response = Response::builder().status(status).body(body.to_owned().into()).unwrap();
        Error::service("getCustomer", ServiceError::read(&response, &[]))
    }

    #[test]
    fn each_predicate_holds_for_its_own_refusal_alone() {
        type Predicate = fn(&Error) -> bool;
        let predicates: [(&str, Predicate); 7] = [
            ("not found", Error::is_not_found),
            ("no relationship", Error::is_relationship_missing),
            ("throttled", Error::is_throttled),
            ("unauthorized", Error::is_unauthorized),
            ("audience retired", Error::is_unsupported_audience),
            ("needs app and user", Error::needs_app_and_user),
            ("timeout", Error::is_timeout),
        ];
        for (error, expected) in [
            (refusal(404, r#"{"code":1000}"#), &["not found"][..]),
            (refusal(400, r#"{"code":"900118"}"#), &["not found"]),
            (refusal(403, r#"{"code":20002}"#), &["no relationship"]),
            (refusal(429, ""), &["throttled"]),
            (refusal(401, ""), &["unauthorized"]),
            (refusal(401, r#"{"code":900420}"#), &["unauthorized", "audience retired"]),
            (refusal(403, r#"{"code":900329}"#), &["needs app and user"]),
            (refusal(403, ""), &[]),
            (refusal(400, r#"{"code":2000}"#), &[]),
            (Error::out_of_time("getCustomer", None), &["timeout"]),
            (Error::transport("getCustomer", TransportError::new("no")), &[]),
        ] {
            let holding: Vec<_> = predicates.iter().filter(|(_, holds)| holds(&error)).map(|(name, _)| *name).collect();
            assert_eq!(holding, expected, "{error}");
        }
    }

    #[test]
    fn every_reason_has_a_code_and_a_hint_of_its_own() {
        let mut hints = std::collections::HashSet::new();
        for (status, code, reason) in [
            (404, 1000, ErrorReason::NotFound),
            (404, 3000, ErrorReason::PartnerUnknown),
            (403, 20_002, ErrorReason::NoRelationship),
            (429, 0, ErrorReason::Throttled),
            (401, 400, ErrorReason::Unauthorized),
            (401, 900_420, ErrorReason::AudienceRetired),
            (403, 900_329, ErrorReason::NeedsAppAndUser),
            (403, 1002, ErrorReason::MissingRole),
            (403, 900_309, ErrorReason::ConditionalAccess),
            (403, 900_416, ErrorReason::CustomerLocked),
            (403, 800_074, ErrorReason::CustomerUnderReview),
            (403, 900_124, ErrorReason::AgreementMissing),
            (403, 900_149, ErrorReason::PartnerInactive),
        ] {
            let error = refusal(status, &format!(r#"{{"code":{code}}}"#));
            assert_eq!(error.reason(), Some(reason));
            assert!(hints.insert(reason.hint()));
            assert!(error.to_string().contains(reason.hint()) && !format!("{error:#}").contains(reason.hint()));
        }
        // The same codes under another status mean something else, or nothing.
        assert_eq!(refusal(400, r#"{"code":20002}"#).reason(), None);
    }

    #[test]
    fn redirect_says_where_to_and_no_more() {
        let told = |status: u16, location: &str| {
            let response = Response::builder().status(status).header("Location", location).body(Bytes::new()).unwrap();
            Error::service("getCustomer", ServiceError::read(&response, &["the-secret"])).to_string()
        };
        for (location, shown) in [
            ("https://login.example/sign/in", " to https://login.example/sign/in"),
            ("https://user:hush@login.example:8443?code=hush#hush", " to https://login.example:8443"),
            ("//login.example/@me", " to //login.example/@me"),
            ("/login?token=hush", " to /login"),
            ("https://login.example/the-secret", " to https://login.example/[redacted]"),
            ("", ""),
            ("?hush", ""),
        ] {
            assert_eq!(told(302, location), format!("the service refused (getCustomer): 302 Found{shown}"));
        }
        assert_eq!(told(500, "/login"), "the service refused (getCustomer): 500 Internal Server Error");
    }

    #[test]
    fn unknown_path_does_not_blame_the_id() {
        for body in ["", "<html>Not here</html>"] {
            let told = refusal(404, body).to_string();
            assert!(told.contains("check the base URL") && !told.contains("ID"), "{told}");
        }
        assert!(refusal(404, r#"{"code":1000}"#).to_string().contains("check the ID"));
    }

    /// What ended the last attempt is not lost when time runs out.
    #[test]
    fn the_causes_of_an_error_can_be_had() {
        let last = Error::transport("getCustomer", TransportError::new("connection reset"));
        let error = Error::out_of_time("getCustomer", Some(last));
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
    fn the_ids_of_both_sides_are_told_once() {
        let (ours, theirs) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let told = |request_id: Uuid| {
            let mut response = Response::builder().status(503).body(Bytes::new()).unwrap();
            for (name, id) in [("ms-requestid", request_id), ("ms-correlationid", ours)] {
                response.headers_mut().insert(name, id.to_string().try_into().unwrap());
            }
            let context = Context { request_id: Some(ours), correlation_id: Some(ours), ..Context::default() };
            Error::service("getCustomer", ServiceError::read(&response, &[])).within(context).to_string()
        };
        assert!(told(ours).ends_with(&format!(" [request id {ours}, correlation id {ours}]")));
        let both = format!(" [request id {ours}, the service's request id {theirs}, correlation id {ours}]");
        assert!(told(theirs).ends_with(&both), "{}", told(theirs));
        assert!(!refusal(503, "").to_string().contains('['));
    }

    #[test]
    fn who_gave_no_token_and_why_is_told() {
        let failed = Error::transport("getCustomer", TransportError::new("reset")).into_shared(Some("them".to_owned()));
        let error = Error::from_shared("getCustomer", failed);
        assert!(error.is_authentication() && error.kind() == ErrorKind::Transport);
        let source = error.source().unwrap();
        assert_eq!(source.to_string(), "no token could be had from them");
        assert_eq!(source.source().unwrap().to_string(), "the exchange with the server failed");
        // The user's own code needs no such word.
        let failed =
            Error::new(ErrorKind::Credential, "getCustomer", "the vault is empty").into_shared(Some("them".to_owned()));
        assert_eq!(Error::from_shared("getCustomer", failed).source().unwrap().to_string(), "the vault is empty");
    }

    #[test]
    fn an_error_is_a_pointer_and_knows_its_call() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        let (request_id, correlation_id) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let error = refusal(503, "").within(Context { request_id, correlation_id, attempts: 3, page: Some(4) });
        assert_eq!((error.request_id(), error.correlation_id()), (request_id, correlation_id));
        assert_eq!((error.attempts(), error.page(), error.operation()), (3, Some(4), "getCustomer"));
        assert_eq!(error.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        let shown = format!("{error:?}");
        assert!(shown.contains("Service") && shown.contains("getCustomer") && shown.contains("attempts: 3"), "{shown}");
    }
}
