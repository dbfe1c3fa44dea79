use crate::{
    CallOutput, Cloud, Credential, DefaultTransport, Error, ErrorKind, Items, Limits, Mode, Pages, RetryPolicy,
    Transport,
    auth::TokenProvider,
    base_url::BaseUrl,
    call::{Call, Listing, ascii},
    engine::{
        CallContext, CallInput, CallOutcome, Engine, OnReplacement, rate_limiter::RateLimiter,
        request_sender::RequestSender,
    },
    pages::empty_page,
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use partner_center_models::{Paginated, Replacement, SingleResponse};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// A client of the Partner Center API over transport `X`.
///
/// [`call`](Self::call) performs an operation with a single response; [`items`](Self::items) and [`pages`](Self::pages) read a
/// list, and [`page`](Self::page) one page of it. Whether they block is the transport's [`Mode`]: over a
/// [`Blocking`](crate::Blocking) one they give back results and iterators, over an [`Async`](crate::Async) one futures and
/// streams. Futures do nothing until they are awaited.
///
/// Cheap to clone, and good for many threads and tasks at once; clones share connections, settings and tokens.
///
/// ```
/// use partner_center_core::{Blocking, Client, Error, GetCustomer, ListCustomers, Transport};
///
/// /// The domains of all customers, for which each has to be asked for.
/// fn domains(client: &Client<impl Transport<Mode = Blocking>>) -> Result<Vec<String>, Error> {
///     let mut domains = Vec::new();
///     for customer in client.items(ListCustomers::new()) {
///         if let Some(id) = customer?.id {
///             let customer = client.call(GetCustomer::new(id))?;
///             domains.extend(customer.custom_domains.unwrap_or_default());
///         }
///     }
///     Ok(domains)
/// }
/// ```
pub struct Client<X: Transport> {
    engine: Arc<Engine<X>>,
    scope: CallContext,
}

impl<X: DefaultTransport> Client<X> {
    /// A client of the public service with default settings; see [`ClientBuilder`] for what they are.
    ///
    /// It fails, with [`ErrorKind::Configuration`], when the transport cannot be set up or the credential is incomplete.
    pub fn new(credential: Credential<X::Mode>) -> Result<Self, Error> {
        let transport = X::with_defaults().map_err(|error| Error::new(ErrorKind::Configuration, "client", error))?;
        Self::builder(transport, credential).build()
    }
}

impl<X: Transport> Client<X> {
    /// A client with settings of its own, such as another address, retries or time limits.
    pub fn builder(transport: X, credential: Credential<X::Mode>) -> ClientBuilder<X> {
        ClientBuilder {
            transport,
            credential,
            cloud: Cloud::default(),
            base_url: None,
            authority: None,
            audience: None,
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            deadline: None,
            requests_per_minute: None,
            correlation_id: None,
            locale: None,
            application: None,
            on_replacement: None,
        }
    }

    /// Performs an operation with a single response: a `Result` if `X` blocks, a future of one if it does not.
    ///
    /// What is worth repeating is repeated, as [`ClientBuilder::retry`] says. A response with a next page is an error of the kind
    /// [`ErrorKind::Paging`], since it would be incomplete.
    ///
    /// A paged operation is not accepted, in either mode: its first page could be mistaken for the list. For the list there are
    /// [`items`](Self::items) and [`pages`](Self::pages), for one page there is [`page`](Self::page).
    ///
    /// ```compile_fail,E0277
    /// # use partner_center_core::{Blocking, Client, ListCustomers, Transport};
    /// fn blocking(client: &Client<impl Transport<Mode = Blocking>>) {
    ///     let page = client.call(ListCustomers::new());
    /// }
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # use partner_center_core::{Async, Client, ListCustomers, Transport};
    /// async fn asynchronous(client: &Client<impl Transport<Mode = Async>>) {
    ///     let page = client.call(ListCustomers::new()).await;
    /// }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn call<O: SingleResponse>(&self, operation: O) -> CallOutput<X, O::Response> {
        let call = Call::new(&operation).map_err(|error| Error::new(ErrorKind::Request, O::ID, error));
        let (engine, scope) = (self.engine.clone(), self.scope);
        X::Mode::block_or_box(async move {
            let CallOutcome { answer, context, .. } = engine.perform(CallInput::single(&call?), scope).await?;
            answer.into_value().map_err(|empty| Error::new(ErrorKind::Decode, O::ID, empty).within(context))
        })
    }

    /// Gets a token, unless there is one that lives, and gives back how long it lives; `None` if that is not known.
    ///
    /// Calls do so by themselves. This is for programs that want to know early whether their credential is any good. The
    /// service is not asked: a token that is at hand may still be refused.
    #[must_use = "a token is had once the outcome is looked at"]
    pub fn authenticate(&self) -> CallOutput<X, Option<Duration>> {
        let (engine, scope) = (self.engine.clone(), self.scope);
        X::Mode::block_or_box(async move { engine.authenticate(scope).await })
    }

    /// The items of every page: an `Iterator` if `X` blocks, a `Stream` if it does not.
    ///
    /// Pages are fetched when their first item is asked for, one at a time, unless [`Items::prefetch`] asks for the next one
    /// early. After an error the list is over; what came before is valid.
    pub fn items<O: Paginated>(&self, operation: O) -> Items<X, O> {
        Items::new(self.pages(operation))
    }

    /// Fetches one page: the first one, or the one at which `operation` resumes the list. The list has more if
    /// [`Paginated::continuation`] of the page says so.
    ///
    /// For programs that show a page and wait for their user, or hold a page between two of their own requests. The list is
    /// had with [`items`](Self::items) or [`pages`](Self::pages).
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, ContinuationToken, Customer};
    /// use partner_center_core::{ListCustomers, Paginated, Transport};
    /// use std::error::Error;
    ///
    /// /// The customers to show, and where the next page is.
    /// fn show(
    ///     client: &Client<impl Transport<Mode = Blocking>>,
    ///     from: Option<ContinuationToken>,
    /// ) -> Result<(Vec<Customer>, Option<ContinuationToken>), Box<dyn Error>> {
    ///     let operation = from.map_or_else(ListCustomers::new, ListCustomers::resume);
    ///     let page = client.page(operation)?;
    ///     let next = ListCustomers::continuation(&page)?;
    ///     Ok((page.items, next))
    /// }
    /// ```
    pub fn page<O: Paginated + 'static>(&self, operation: O) -> CallOutput<X, O::Response> {
        let mut pages = self.pages(operation);
        X::Mode::block_or_box(async move {
            // A list that is empty may come without a page.
            X::Mode::into_future(pages.next_page()).await.unwrap_or_else(empty_page::<O>)
        })
    }

    /// The pages themselves: an `Iterator` if `X` blocks, a `Stream` if it does not. For programs that work page by page, or
    /// save where they are ([`Pages`] shows how).
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn pages<O: Paginated>(&self, operation: O) -> Pages<X, O> {
        Pages::new(self.engine.clone(), self.scope, Listing::new(&operation))
    }

    /// A client for another piece of work: all its requests carry `correlation_id`. It shares the rest with this one.
    #[must_use]
    pub fn with_correlation_id(&self, correlation_id: Uuid) -> Self {
        Self { engine: self.engine.clone(), scope: CallContext { correlation_id, ..self.scope } }
    }

    /// A client for a piece of work that must be done by `until`, however many calls it takes: a whole listing, say.
    /// What is not done by then fails with [`ErrorKind::Timeout`].
    #[must_use]
    pub fn with_deadline(&self, until: Instant) -> Self {
        Self { engine: self.engine.clone(), scope: CallContext { deadline: Some(until), ..self.scope } }
    }

    /// What the requests of this client carry as `MS-CorrelationId`.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        self.scope.correlation_id
    }
}

impl<X: Transport> Clone for Client<X> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), scope: self.scope }
    }
}

impl<X: Transport> fmt::Debug for Client<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("base_url", &self.engine.base_url)
            .field("correlation_id", &self.scope.correlation_id)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`] to be, made by [`Client::builder`]. All have defaults that suit most; what is wrong with one is
/// told by [`build`](Self::build).
///
/// ```
/// use partner_center_core::{ClientBuilder, Client, Cloud, Error, RetryPolicy, Transport};
/// use std::time::Duration;
///
/// fn patient<X: Transport>(builder: ClientBuilder<X>) -> Result<Client<X>, Error> {
///     builder
///         .cloud(Cloud::China)
///         .attempt_timeout(Duration::from_secs(120))
///         .retry(RetryPolicy::default().max_attempts(10))
///         .requests_per_minute(500)
///         .application("Contoso Billing")
///         .build()
/// }
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder<X: Transport> {
    transport: X,
    credential: Credential<X::Mode>,
    cloud: Cloud,
    base_url: Option<String>,
    authority: Option<String>,
    audience: Option<String>,
    retry: RetryPolicy,
    limits: Limits,
    deadline: Option<Duration>,
    requests_per_minute: Option<u32>,
    correlation_id: Option<Uuid>,
    locale: Option<String>,
    application: Option<String>,
    on_replacement: Option<Box<OnReplacement>>,
}

impl<X: Transport> ClientBuilder<X> {
    /// Which of Microsoft's clouds the partner is in: where the service is, who issues tokens, and for which audience.
    /// Default: [`Cloud::Global`].
    pub fn cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Where the service lives. Must be https; plain http is accepted for a loopback address, to test against.
    /// Default: [`Cloud::base_url`].
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Where tokens are issued. Must be https; plain http is accepted for a loopback address, to test against. Matters for
    /// [`Credential::app_only`] and [`Credential::app_user`]. Default: [`Cloud::authority`].
    pub fn authority(mut self, url: impl Into<String>) -> Self {
        self.authority = Some(url.into());
        self
    }

    /// Whom tokens are issued for, as a URL. The audience `https://graph.windows.net` of older clients is refused: the
    /// service no longer accepts it. Default: [`Cloud::audience`].
    pub fn audience(mut self, url: impl Into<String>) -> Self {
        self.audience = Some(url.into());
        self
    }

    /// When a call is repeated. Default: [`Retry::default`], up to 4 attempts.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// How long one attempt may take, body included; and how long a [`TokenSource`](crate::TokenSource) may take, and the
    /// keeping of a new refresh token ([`Credential::on_rotation`]). Default: 60 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// How long one call may take in all, with every attempt and every wait; in a listing, each page is a call (for the
    /// whole of it see [`Client::with_deadline`]). Default: no limit but that of the attempts.
    pub fn call_timeout(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Calls `report` for what had to be replaced in a response, because no value can hold it: half a surrogate pair in a
    /// company's name, say (see [`from_json`](crate::from_json)). Default: it is logged as a warning, as it is in any case.
    ///
    /// It is called before the response is handed over, once for each replacement, for up to 16 of a response; for one that
    /// is requested again, again.
    pub fn on_replacement(mut self, report: impl Fn(&Replacement) + Send + Sync + 'static) -> Self {
        self.on_replacement = Some(Box::new(report));
        self
    }

    /// How many requests this client and its clones may send in a minute, at least 1, spread evenly; those that come too
    /// early wait. The service documents 500 for each tenant, and refuses more (429). Default: no limit.
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests_per_minute = Some(requests);
        self
    }

    /// How many bytes an answer may have, decompressed. Default: 64 MiB.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
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

    /// The client; an error of the kind [`ErrorKind::Configuration`] names the setting that is invalid. Nothing is sent yet:
    /// [`Client::authenticate`] tells early whether a credential is any good.
    pub fn build(self) -> Result<Client<X>, Error> {
        let invalid = |problem: String| Error::new(ErrorKind::Configuration, "client", problem);
        let base_url = self.base_url.as_deref().unwrap_or(self.cloud.base_url());
        let base_url = BaseUrl::parse(base_url).map_err(|problem| invalid(format!("the base URL {problem}")))?;
        let authority = self.authority.as_deref().unwrap_or(self.cloud.authority());
        let authority =
            BaseUrl::parse(authority).map_err(|problem| invalid(format!("the authority's URL {problem}")))?;
        let scope = scope(self.audience.as_deref().unwrap_or(self.cloud.audience()), self.cloud).map_err(invalid)?;
        let user_agent = HeaderValue::from_static(concat!("partner-center/", env!("CARGO_PKG_VERSION")));
        let token_provider =
            TokenProvider::new(self.credential, authority, scope, user_agent.clone()).map_err(invalid)?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, user_agent);
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
                sender: RequestSender { transport: self.transport, retry_policy: self.retry, limits: self.limits },
                base_url,
                token_provider,
                headers,
                call_timeout: self.deadline,
                rate_limiter: self.requests_per_minute.map(RateLimiter::new),
                on_replacement: self.on_replacement,
            }),
            scope: CallContext { correlation_id: self.correlation_id.unwrap_or_else(Uuid::new_v4), deadline: None },
        })
    }
}

impl<X: Transport> fmt::Debug for ClientBuilder<X> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientBuilder")
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// All that the application was granted for `audience`, which is as often written as a scope.
fn scope(audience: &str, cloud: Cloud) -> Result<String, String> {
    const RETIRED: [&str; 3] = ["graph.windows.net", "graph.chinacloudapi.cn", "graph.cloudapi.de"];
    let resource = audience.trim().trim_end_matches('/');
    let resource = resource.strip_suffix("/.default").unwrap_or(resource).trim_end_matches('/');
    let uri: Uri = resource.parse().map_err(|_| "the audience is not a URL")?;
    let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or("the audience must be an https URL")?;
    if RETIRED.iter().any(|retired| host.trim_end_matches('.').eq_ignore_ascii_case(retired)) {
        return Err(format!(
            "the audience https://{host} is retired: the service refuses its tokens (401, code 900420); leave the \
             audience to the cloud, or name {}",
            cloud.audience()
        ));
    }
    if uri.path() != "/" || uri.query().is_some() || resource.contains(['#', '@']) {
        return Err(format!("the audience must be a resource without a path, such as {}", cloud.audience()));
    }
    Ok(format!("{resource}/.default"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_a_resource_of_today() {
        for (audience, expected) in [
            ("https://api.partnercenter.microsoft.com", Ok("https://api.partnercenter.microsoft.com/.default")),
            (" https://api.example.com/ ", Ok("https://api.example.com/.default")),
            ("https://api.example.com/.default", Ok("https://api.example.com/.default")),
            ("https://graph.windows.net", Err("is retired")),
            ("https://GRAPH.windows.net./.default", Err("is retired")),
            ("https://graph.chinacloudapi.cn", Err("name https://partner.partnercenterapi.microsoftonline.cn")),
            ("https://api.example.com/user_impersonation", Err("without a path")),
            ("https://api.example.com?x=1", Err("without a path")),
            ("https://me@api.example.com", Err("without a path")),
            ("http://api.example.com", Err("must be an https URL")),
            ("api.example.com", Err("must be an https URL")),
            ("", Err("is not a URL")),
        ] {
            match (scope(audience, Cloud::China), expected) {
                (Ok(scope), expected) => assert_eq!(Ok(scope.as_str()), expected),
                (Err(problem), Err(expected)) => assert!(problem.contains(expected), "{audience}: {problem}"),
                (Err(problem), Ok(_)) => panic!("{audience}: {problem}"),
            }
        }
    }
}
