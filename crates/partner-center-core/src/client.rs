use crate::{
    Credential, DefaultTransport, Error, ErrorKind, Items, Limits, Mode, Pages, Reply, Retry, Transport,
    base_url::BaseUrl,
    call::{Call, Listing, ascii},
    engine::{Engine, Scope},
    pace::Pace,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use partner_center_models::{Operation, Paged};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The base URL of the public service.
pub const BASE_URL: &str = "https://api.partnercenter.microsoft.com";

/// A client of the Partner Center API over transport `X`.
///
/// Cheap to clone; clones share connections and settings.
pub struct Client<X> {
    engine: Arc<Engine<X>>,
    scope: Scope,
}

impl<X: DefaultTransport> Client<X> {
    /// A client of the public service with default settings.
    pub fn new(credential: Credential) -> Result<Self, Error> {
        let transport = X::with_defaults().map_err(|error| Error::new(ErrorKind::Configuration, "client", error))?;
        Self::builder(transport, credential).build()
    }
}

impl<X: Transport> Client<X> {
    /// A client with settings of its own.
    pub fn builder(transport: X, credential: Credential) -> Builder<X> {
        Builder {
            transport,
            credential,
            base_url: BASE_URL.to_owned(),
            retry: Retry::default(),
            limits: Limits::default(),
            deadline: None,
            requests_per_minute: None,
            correlation_id: None,
            locale: None,
            application: None,
        }
    }

    /// Performs one operation.
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn call<O: Operation>(&self, operation: O) -> Reply<X, O::Response> {
        let call = Call::new(&operation).map_err(|error| Error::new(ErrorKind::Request, O::ID, error));
        let (engine, scope) = (self.engine.clone(), self.scope);
        X::Mode::run(async move {
            let (answer, context) = engine.perform(&call?, scope, None).await?;
            answer.into_value().map_err(|empty| Error::new(ErrorKind::Decode, O::ID, empty).within(context))
        })
    }

    /// The items of every page: an `Iterator` if `X` blocks, a `Stream` if it does not.
    ///
    /// Pages are fetched when their first item is asked for, one at a time. After an error the list is over; what came
    /// before is valid.
    pub fn items<O: Paged>(&self, operation: O) -> Items<X, O> {
        Items::new(self.pages(operation))
    }

    /// The pages themselves: an `Iterator` if `X` blocks, a `Stream` if it does not.
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn pages<O: Paged>(&self, operation: O) -> Pages<X, O> {
        Pages::new(self.engine.clone(), self.scope, Listing::new(&operation))
    }

    /// A client for another piece of work: all its requests carry `correlation_id`.
    #[must_use]
    pub fn with_correlation_id(&self, correlation_id: Uuid) -> Self {
        Self { engine: self.engine.clone(), scope: Scope { correlation_id, ..self.scope } }
    }

    /// A client for a piece of work that must be done by `until`, however many calls it takes: a whole listing, say.
    /// What is not done by then fails with [`ErrorKind::Timeout`].
    #[must_use]
    pub fn with_deadline(&self, until: Instant) -> Self {
        Self { engine: self.engine.clone(), scope: Scope { until: Some(until), ..self.scope } }
    }

    /// What the requests of this client carry as `MS-CorrelationId`.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        self.scope.correlation_id
    }
}

impl<X> Clone for Client<X> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), scope: self.scope }
    }
}

impl<X> fmt::Debug for Client<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base_url", &self.engine.base_url)
            .field("correlation_id", &self.scope.correlation_id)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`] to be.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<X> {
    transport: X,
    credential: Credential,
    base_url: String,
    retry: Retry,
    limits: Limits,
    deadline: Option<Duration>,
    requests_per_minute: Option<u32>,
    correlation_id: Option<Uuid>,
    locale: Option<String>,
    application: Option<String>,
}

impl<X: Transport> Builder<X> {
    /// Where the service lives. Must be https; plain http is accepted for a loopback address, to test against.
    /// Default: [`BASE_URL`].
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// When a call is repeated.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// How long one attempt may take, body included. Default: 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long one call may take in all, with every attempt and every wait; in a listing, each page is a call (for the
    /// whole of it see [`Client::with_deadline`]). Default: no limit but that of the attempts.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How many requests this client and its clones may send in a minute, at least 1, spread evenly; those that come too
    /// early wait. The service documents 500 for each tenant, and refuses more (429). Default: no limit.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// How many bytes an answer may have, decompressed. Default: 64 MiB.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.limits.body = bytes;
        self
    }

    /// What every request carries as `MS-CorrelationId`. Default: a random one for this client.
    pub fn correlation_id(mut self, id: Uuid) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// The language of localised texts (`X-Locale`). Default: `en-US`.
    pub fn locale(mut self, tag: impl Into<String>) -> Self {
        self.locale = Some(tag.into());
        self
    }

    /// The name of your application (`MS-PartnerCenter-Application`), which helps the service's support. Default: none.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.application = Some(name.into());
        self
    }

    /// The client, unless a setting is invalid.
    pub fn build(self) -> Result<Client<X>, Error> {
        let invalid = |problem: String| Error::new(ErrorKind::Configuration, "client", problem);
        let base_url = BaseUrl::parse(&self.base_url).map_err(|problem| invalid(format!("the base URL {problem}")))?;
        let authorization = self.credential.authorization().ok_or_else(|| {
            invalid(
                "the token is empty or holds a character that no token has; is it complete and on one line?".to_owned(),
            )
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("partner-center/", env!("CARGO_PKG_VERSION"))),
        );
        let own = [
            ("ms-contract-version", Some("v1".to_owned())),
            ("x-locale", Some(self.locale.unwrap_or_else(|| "en-US".to_owned()))),
            ("ms-partnercenter-application", self.application),
            ("ms-partnercenter-client", Some("partner-center for Rust".to_owned())),
            ("ms-sdkversion", Some(env!("CARGO_PKG_VERSION").to_owned())),
        ];
        for (name, value) in own {
            if let Some(value) = value {
                let value = ascii(&value).ok_or_else(|| {
                    invalid(format!("the value of `{name}` must be ASCII on one line, as headers are"))
                })?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        Ok(Client {
            engine: Arc::new(Engine {
                transport: self.transport,
                base_url,
                headers,
                retry: self.retry,
                limits: self.limits,
                deadline: self.deadline,
                pace: self.requests_per_minute.map(Pace::new),
            }),
            scope: Scope { correlation_id: self.correlation_id.unwrap_or_else(Uuid::new_v4), until: None },
        })
    }
}

impl<X> fmt::Debug for Builder<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
