//! The settings of single calls, which override those of the client.

use crate::{
    RetryPolicy,
    request::{header_set_by_client_problem, parse_caller_header, parse_header_value},
};
use http::{HeaderMap, HeaderName, header};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Settings of single calls, for [`Client::with_options`](crate::Client::with_options): each overrides that of the client, and
/// what is not set stays the client's.
///
/// ```
/// use partner_center_core::{Blocking, CallOptions, Client, Customer, Error, GetCustomer, RetryPolicy, Transport};
/// use std::time::Duration;
///
/// /// Fetches a customer in the language of its users, with more time than other calls have.
/// fn localized(client: &Client<impl Transport<Mode = Blocking>>, id: uuid::Uuid) -> Result<Customer, Error> {
///     let options = CallOptions::new()
///         .locale("de-DE")
///         .header("X-Contoso-Job", "nightly")
///         .attempt_timeout(Duration::from_secs(300))
///         .retry(RetryPolicy::default().max_attempts(10));
///     client.with_options(options).call(GetCustomer::new(id))
/// }
/// # use partner_center_core::{Credential, Limits, Request, Response, TransportError};
/// # struct OneCustomer;
/// # impl Transport for OneCustomer {
/// #     type Mode = Blocking;
/// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
/// #         assert_eq!((&request.headers()["x-locale"], Limits::of(&request).timeout.as_secs()), (&"de-DE".parse().unwrap(), 300));
/// #         assert_eq!(request.headers()["x-contoso-job"], "nightly");
/// #         Ok(Response::new("{}".into()))
/// #     }
/// #     fn sleep(&self, _: Duration) {}
/// # }
/// # localized(&Client::builder(OneCustomer, Credential::token("secret")).build()?, uuid::Uuid::nil())?;
/// # Ok::<(), Error>(())
/// ```
///
/// What is invalid in it is reported by the calls, as an error of the kind [`ErrorKind::Request`](crate::ErrorKind::Request).
#[derive(Clone, Default)]
#[must_use = "options do nothing until a client has them"]
pub struct CallOptions {
    pub(crate) headers: HeaderMap,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) retry_policy: Option<RetryPolicy>,
    pub(crate) problem: Option<String>,
}

impl CallOptions {
    /// Returns options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header to every request to the service. `Accept` is invalid, and so are the headers of authentication, of the ids, of
    /// the connection and of the trace, `User-Agent` and `MS-Contract-Version`: the client sets them by itself. A header that the
    /// operation has too, such as `If-Match`, is the operation's. The value is removed from errors, as a secret is.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match parse_caller_header(name, value) {
            // An operation reads the media type that it requests.
            Ok((header::ACCEPT, _)) => {
                self.problem.get_or_insert_with(|| header_set_by_client_problem(name));
            }
            Ok((name, value)) => {
                self.headers.insert(name, value);
            }
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// Sets the language of localized strings; see [`ClientBuilder::locale`](crate::ClientBuilder::locale).
    pub fn locale(mut self, tag: &str) -> Self {
        match parse_header_value("X-Locale", tag) {
            Ok(value) => {
                self.headers.insert(LOCALE_HEADER, value);
            }
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// Sets the timeout of one attempt; see [`ClientBuilder::attempt_timeout`](crate::ClientBuilder::attempt_timeout). Requests
    /// for a token keep that of the client.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets the timeout of one call, with all attempts and waits; see
    /// [`ClientBuilder::call_timeout`](crate::ClientBuilder::call_timeout).
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// Sets the moment by which all calls must be done; see [`Client::with_deadline`](crate::Client::with_deadline).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets the conditions under which a call is retried; see [`ClientBuilder::retry`](crate::ClientBuilder::retry). Requests for
    /// a token keep those of the client.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry_policy = Some(retry);
        self
    }

    /// Returns these options, with the settings of `earlier` where these have none. Deadlines are those of the client that has
    /// the options.
    pub(crate) fn with_fallback_to_earlier(self, earlier: &Self) -> Self {
        let mut headers = earlier.headers.clone();
        headers.extend(self.headers);
        Self {
            headers,
            attempt_timeout: self.attempt_timeout.or(earlier.attempt_timeout),
            call_timeout: self.call_timeout.or(earlier.call_timeout),
            deadline: self.deadline,
            retry_policy: self.retry_policy.or_else(|| earlier.retry_policy.clone()),
            problem: self.problem.or_else(|| earlier.problem.clone()),
        }
    }
}

/// The header with the language of localized strings.
pub(crate) const LOCALE_HEADER: HeaderName = HeaderName::from_static("x-locale");

/// Shows the names of headers only, since a value may be a secret.
impl fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { headers, attempt_timeout, call_timeout, deadline, retry_policy, problem } = self;
        formatter
            .debug_struct("CallOptions")
            .field("headers", &headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("attempt_timeout", attempt_timeout)
            .field("call_timeout", call_timeout)
            .field("deadline", deadline)
            .field("retry_policy", retry_policy)
            .field("problem", problem)
            .finish()
    }
}
