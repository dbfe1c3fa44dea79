//! The client: what a program calls. [`builder`] has the configuration it is built from.

mod builder;

pub use builder::ClientBuilder;
#[cfg(feature = "sign-in")]
pub(crate) use builder::{resolve_authority_url, token_scope_of_audience, user_agent_header_value};

mod polling;
mod update;

pub use polling::{InvalidPollToken, PollState, PollToken, Poller};

use crate::{
    CallOptions, CallOutput, Credential, DefaultTransport, Error, ErrorKind, ForEach, Items, Mode, Pages, RawRequest,
    RequestIds, Response, Transport, WithMetadata,
    engine::{CallInput, CallOutcome, Engine, ReadResponseFn, UnitOfWorkContext, rate_limiter::RateLimitStatus},
    error::BoxError,
    pagination::{ListRequest, empty_page},
    request::PreparedRequest,
    request_ids::RequestIdSource,
};
use partner_center_models::{DynamicList, FromResponse, Paginated, Pagination, RawList, SingleResponse};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// A client of the Partner Center API over transport `X`.
///
/// [`call`](Self::call) performs an operation with a single response; [`items`](Self::items) and [`pages`](Self::pages) read a
/// list, and [`page`](Self::page) one page of it. The transport's [`Mode`] determines what they return: results and iterators
/// over a [`Blocking`](crate::Blocking) transport, futures and streams over an [`Async`](crate::Async) one. Futures do nothing
/// until they are awaited.
///
/// A client is cheap to clone and can be used by many threads and tasks at the same time; clones share connections, settings
/// and tokens.
///
/// Over a blocking transport:
///
/// ```
/// use partner_center_core::{Blocking, Client, Error, GetCustomer, ListCustomers, Transport};
///
/// /// The domains of all customers, which only the single customer has.
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
/// # use partner_center_core::{Credential, Request, Response, TransportError};
/// # struct OneCustomer;
/// # impl Transport for OneCustomer {
/// #     type Mode = Blocking;
/// #     fn send(&self, request: Request) -> Result<Response, TransportError> {
/// #         let customer = r#"{"id": "0f8e4d10-6d5a-4c5c-9f6f-0d6f4c1b7a11", "customDomains": ["contoso.example"]}"#;
/// #         let is_list = request.uri().path().ends_with("/customers");
/// #         let body = if is_list { format!(r#"{{"items": [{customer}]}}"#) } else { customer.to_owned() };
/// #         Ok(Response::new(body.into()))
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let client = Client::builder(OneCustomer, Credential::token("secret")).build()?;
/// # assert_eq!(domains(&client)?, ["contoso.example"]);
/// # Ok::<(), Error>(())
/// ```
///
/// Over an async one:
///
/// ```
/// use partner_center_core::{Async, Client, Error, GetCustomer, ListCustomers, Transport};
///
/// async fn domains(client: &Client<impl Transport<Mode = Async>>) -> Result<Vec<String>, Error> {
///     let mut domains = Vec::new();
///     let mut customers = client.items(ListCustomers::new());
///     while let Some(customer) = customers.next().await {
///         if let Some(id) = customer?.id {
///             let customer = client.call(GetCustomer::new(id)).await?;
///             domains.extend(customer.custom_domains.unwrap_or_default());
///         }
///     }
///     Ok(domains)
/// }
/// ```
pub struct Client<X: Transport> {
    engine: Arc<Engine<X>>,
    scope: UnitOfWorkContext,
}

impl<X: DefaultTransport> Client<X> {
    /// Returns a client of the public service with the default settings of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Configuration`]: the transport cannot be created, or the credential is incomplete.
    pub fn new(credential: Credential<X::Mode>) -> Result<Self, Error> {
        let transport = X::with_defaults().map_err(|error| Error::new(ErrorKind::Configuration, "client", error))?;
        Self::builder(transport, credential).build()
    }
}

impl<X: Transport> Client<X> {
    /// Returns a builder of a client with custom settings, such as another cloud, retry policy or timeout.
    pub fn builder(transport: X, credential: Credential<X::Mode>) -> ClientBuilder<X> {
        ClientBuilder::new(transport, credential)
    }

    /// Performs an operation with a single response.
    ///
    /// ```text
    /// blocking: Result<O::Response, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<O::Response, Error>> + Send>>
    /// ```
    ///
    /// Transient failures are retried, as [`ClientBuilder::retry`] says.
    ///
    /// A paginated operation is not accepted, in either mode, because its first page could be mistaken for the list. For the
    /// list there are [`items`](Self::items) and [`pages`](Self::pages), for one page there is [`page`](Self::page).
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
    ///
    /// # Errors
    ///
    /// All kinds but [`ErrorKind::Configuration`]; [`ErrorKind::Paging`] if the response has a next page, since it would be
    /// incomplete.
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn call<O: SingleResponse>(&self, operation: O) -> CallOutput<X, O::Response> {
        let request = RawRequest::from_operation(&operation).and_then(RawRequest::prepare);
        self.start_call(O::ID, request, &|response| O::Response::from_response(response))
    }

    /// Performs an operation as [`call`](Self::call) does, and returns its response with the
    /// [`CallMetadata`](crate::CallMetadata) of the call: its status, its headers, the ids of both sides, the number of attempts and the time that it took.
    ///
    /// ```text
    /// blocking: Result<WithMetadata<O::Response>, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<WithMetadata<O::Response>, Error>> + Send>>
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call); [`Error::metadata`] has the metadata.
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn call_with_metadata<O: SingleResponse>(&self, operation: O) -> CallOutput<X, WithMetadata<O::Response>> {
        let request = RawRequest::from_operation(&operation).and_then(RawRequest::prepare);
        self.start_call_with_metadata(O::ID, request, &|response| O::Response::from_response(response))
    }

    /// Sends a request that is not one of the generated operations, and returns the response as it was received.
    ///
    /// ```text
    /// blocking: Result<Response, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>
    /// ```
    ///
    /// Authentication, retries, limits and errors are those of [`call`](Self::call): a response whose status is an error is an
    /// error, unless [`RawRequest::outcomes`] has the status, and so is one page in place of a list, which
    /// [`request_pages`](Self::request_pages) reads. A token is sent to the base URL of the client only.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    #[must_use = "a request is sent once the outcome is used"]
    pub fn request(&self, request: RawRequest) -> CallOutput<X, Response> {
        self.start_call(request.operation(), request.prepare(), &|response| Ok(response.response().clone()))
    }

    /// Sends a request that is not one of the generated operations, and reads the response as a `T`: any type that is
    /// deserialized from JSON, or one that [`FromResponse`] lists. All else is as in [`request`](Self::request).
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Error, Method, RawRequest, Transport};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Thing {
    ///     name: String,
    /// }
    ///
    /// fn name(client: &Client<impl Transport<Mode = Blocking>>) -> Result<String, Error> {
    ///     let thing: Thing = client.request_as(RawRequest::new(Method::Get, "/v1/things/7"))?;
    ///     Ok(thing.name)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call).
    #[must_use = "a request is sent once the outcome is used"]
    pub fn request_as<T: FromResponse>(&self, request: RawRequest) -> CallOutput<X, T> {
        self.start_call(request.operation(), request.with_accept_header::<T>().prepare(), &|response| {
            T::from_response(response)
        })
    }

    /// Sends a request and reads its response as [`request_as`](Self::request_as) does, and returns it with the
    /// [`CallMetadata`](crate::CallMetadata) of the call.
    ///
    /// # Errors
    ///
    /// Those of [`call`](Self::call); [`Error::metadata`] has the metadata.
    #[must_use = "a request is sent once the outcome is used"]
    pub fn request_with_metadata<T: FromResponse>(&self, request: RawRequest) -> CallOutput<X, WithMetadata<T>> {
        self.start_call_with_metadata(request.operation(), request.with_accept_header::<T>().prepare(), &|response| {
            T::from_response(response)
        })
    }

    fn start_call<T: Send + 'static>(
        &self,
        operation: &'static str,
        request: Result<PreparedRequest, BoxError>,
        read: &'static ReadResponseFn<'static, T>,
    ) -> CallOutput<X, T> {
        let (engine, scope) = (self.engine.clone(), self.scope.clone());
        X::Mode::block_or_box(async move {
            Ok(Self::perform_call(engine, scope, operation, request, read, false).await?.value)
        })
    }

    fn start_call_with_metadata<T: Send + 'static>(
        &self,
        operation: &'static str,
        request: Result<PreparedRequest, BoxError>,
        read: &'static ReadResponseFn<'static, T>,
    ) -> CallOutput<X, WithMetadata<T>> {
        let (engine, scope) = (self.engine.clone(), self.scope.clone());
        X::Mode::block_or_box(Self::perform_call(engine, scope, operation, request, read, true))
    }

    /// Performs a call. Without `keeps_metadata`, the metadata has not the headers of the response.
    async fn perform_call<T: Send + 'static>(
        engine: Arc<Engine<X>>,
        scope: UnitOfWorkContext,
        operation: &'static str,
        request: Result<PreparedRequest, BoxError>,
        read: &'static ReadResponseFn<'static, T>,
        keeps_metadata: bool,
    ) -> Result<WithMetadata<T>, Error> {
        let request = request.map_err(|error| Error::new(ErrorKind::Request, operation, error))?;
        let input = CallInput::for_single_response(&request, read, keeps_metadata);
        let CallOutcome { body, metadata, .. } = engine.perform_call(input, &scope).await?;
        match body.into_value() {
            Ok(value) => Ok(WithMetadata { value, metadata }),
            Err(error) => Err(Error::new(ErrorKind::Decode, operation, error).with_metadata(metadata)),
        }
    }

    /// Obtains a token, unless a valid one is cached, and returns its remaining lifetime; `None` if that is unknown.
    ///
    /// ```text
    /// blocking: Result<Option<Duration>, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<Option<Duration>, Error>> + Send>>
    /// ```
    ///
    /// Calls obtain tokens by themselves. This is for programs that want to know early whether their credential is valid. No
    /// request is sent to the service, which may still reject the token.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Credential`]: the authority returned an error, or a [`TokenSource`](crate::TokenSource) did.
    /// - [`ErrorKind::Transport`], [`ErrorKind::Timeout`]: the authority did not respond.
    #[must_use = "a token is obtained once the outcome is used"]
    pub fn authenticate(&self) -> CallOutput<X, Option<Duration>> {
        let (engine, scope) = (self.engine.clone(), self.scope.clone());
        X::Mode::block_or_box(async move { engine.obtain_token_and_return_lifetime(&scope).await })
    }

    /// Returns the items of all pages of a list: an `Iterator` over a blocking transport, a `Stream` over an async one.
    ///
    /// A page is fetched when its first item is requested, one at a time, unless [`Items::prefetch`] is on. After an error the
    /// list has ended; the items before it are valid.
    pub fn items<O: Paginated>(&self, operation: O) -> Items<X, O> {
        Items::new(self.pages(operation))
    }

    /// Fetches one page: the first one, or the one at which `operation` resumes the list. The list has more pages if
    /// [`Paginated::continuation`] of the page is not `None`.
    ///
    /// ```text
    /// blocking: Result<O::Response, Error>
    /// async:    Pin<Box<dyn Future<Output = Result<O::Response, Error>> + Send>>
    /// ```
    ///
    /// For programs that show a page and wait for their user, or return a page in each of their own responses. To read a
    /// complete list, use [`items`](Self::items) or [`pages`](Self::pages).
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, ContinuationToken, Customer};
    /// use partner_center_core::{ListCustomers, Paginated, Transport};
    /// use std::error::Error;
    ///
    /// /// One page of customers, and the continuation to the next one.
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
    ///
    /// # Errors
    ///
    /// All kinds but [`ErrorKind::Configuration`].
    pub fn page<O: Paginated + 'static>(&self, operation: O) -> CallOutput<X, O::Response> {
        let mut pages = self.pages(operation);
        X::Mode::block_or_box(async move {
            // The service may send an empty list as an empty response, without a page.
            X::Mode::into_future(pages.next_page()).await.unwrap_or_else(empty_page::<O>)
        })
    }

    /// Returns the pages of a list: an `Iterator` over a blocking transport, a `Stream` over an async one. For programs that
    /// work page by page, or store their position ([`Pages`] has an example).
    #[expect(clippy::needless_pass_by_value, reason = "an operation is made to be performed, so callers need no `&`")]
    pub fn pages<O: Paginated>(&self, operation: O) -> Pages<X, O> {
        let request = RawRequest::from_operation(&operation);
        let list_request = request.and_then(|request| ListRequest::new(request, O::PAGINATION));
        Pages::new(self.engine.clone(), self.scope.clone(), O::ID, list_request)
    }

    /// Returns the pages of a list that is not one of the generated operations. Its items are any JSON; `pagination` says where
    /// they are, and how a page leads to the next one: [`Pagination::default`] suits most lists of the service.
    ///
    /// It is as strict as [`pages`](Self::pages): a list that ends without an error is complete, and a page that points to another
    /// server, comes twice, or has a next page that `pagination` does not describe, is an error.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Error, Method, Pagination, RawRequest, Transport};
    ///
    /// fn count(client: &Client<impl Transport<Mode = Blocking>>) -> Result<usize, Error> {
    ///     let request = RawRequest::new(Method::Get, "/v1/things").query("size", "100");
    ///     let mut count = 0;
    ///     for page in client.request_pages(request, Pagination::default()) {
    ///         count += page?.items.len();
    ///     }
    ///     Ok(count)
    /// }
    /// # use partner_center_core::{Credential, Request, Response, TransportError};
    /// # struct OneThing;
    /// # impl Transport for OneThing {
    /// #     type Mode = Blocking;
    /// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
    /// #         Ok(Response::new(r#"{"items": [{"id": 7}]}"#.into()))
    /// #     }
    /// #     fn sleep(&self, _: std::time::Duration) {}
    /// # }
    /// # assert_eq!(count(&Client::builder(OneThing, Credential::token("secret")).build()?)?, 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn request_pages(&self, request: RawRequest, pagination: Pagination) -> Pages<X, DynamicList> {
        let operation = request.operation();
        Pages::new(self.engine.clone(), self.scope.clone(), operation, ListRequest::new(request, pagination))
    }

    /// Returns the items of all pages of a list that is not one of the generated operations; see
    /// [`request_pages`](Self::request_pages).
    pub fn request_items(&self, request: RawRequest, pagination: Pagination) -> Items<X, DynamicList> {
        Items::new(self.request_pages(request, pagination))
    }

    /// Returns the same pages as [`request_pages`](Self::request_pages), with items that stay JSON text: for programs that pass
    /// them on.
    pub fn request_raw_pages(&self, request: RawRequest, pagination: Pagination) -> Pages<X, RawList> {
        let operation = request.operation();
        Pages::new(self.engine.clone(), self.scope.clone(), operation, ListRequest::new(request, pagination))
    }

    /// Does some work for each of the `items`, at most `concurrency` at the same time, and returns the outcomes as they come: an
    /// `Iterator` over a blocking transport, which works in threads; a `Stream` over an async one, which needs no runtime of its
    /// own.
    ///
    /// All of them share the limits of this client: the rate of requests, the pause after a 429, the budget of retries. One
    /// connection is used for each call under way. An error is the outcome of its item, and ends nothing;
    /// [`ForEach::stop`] ends it.
    ///
    /// Over a blocking transport:
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, GetCustomer, Transport};
    /// use uuid::Uuid;
    ///
    /// fn print_domains(client: &Client<impl Transport<Mode = Blocking>>, ids: Vec<Uuid>) {
    ///     for outcome in client.for_each(ids, 8, |client, id| client.call(GetCustomer::new(*id))) {
    ///         match outcome.result {
    ///             Ok(customer) => println!("{}: {:?}", outcome.item, customer.custom_domains),
    ///             Err(error) => eprintln!("{}: {error}", outcome.item),
    ///         }
    ///     }
    /// }
    /// # use partner_center_core::{Credential, Request, Response, TransportError};
    /// # struct OneCustomer;
    /// # impl Transport for OneCustomer {
    /// #     type Mode = Blocking;
    /// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
    /// #         Ok(Response::new(r#"{"customDomains": ["contoso.example"]}"#.into()))
    /// #     }
    /// #     fn sleep(&self, _: std::time::Duration) {}
    /// # }
    /// # let client = Client::builder(OneCustomer, Credential::token("secret")).build()?;
    /// # print_domains(&client, vec![Uuid::nil(); 20]);
    /// # Ok::<(), partner_center_core::Error>(())
    /// ```
    ///
    /// Over an async one; work of several calls is a boxed future:
    ///
    /// ```
    /// use partner_center_core::{Async, Client, GetCustomer, Transport};
    /// use uuid::Uuid;
    ///
    /// async fn count_domains(client: &Client<impl Transport<Mode = Async>>, ids: Vec<Uuid>) -> usize {
    ///     let mut count = 0;
    ///     let mut outcomes = client.for_each(ids, 8, |client, id| {
    ///         let call = client.call(GetCustomer::new(*id));
    ///         Box::pin(async move { Ok(call.await?.custom_domains.unwrap_or_default()) })
    ///     });
    ///     while let Some(outcome) = outcomes.next().await {
    ///         count += outcome.result.map_or(0, |domains| domains.len());
    ///     }
    ///     count
    /// }
    /// ```
    pub fn for_each<I, T>(
        &self,
        items: I,
        concurrency: usize,
        work: impl Fn(&Self, &I::Item) -> CallOutput<X, T> + Send + Sync + 'static,
    ) -> ForEach<X, I::IntoIter, T>
    where
        I: IntoIterator<Item: Send + 'static>,
        T: Send + 'static,
    {
        ForEach::new(self.clone(), items.into_iter(), concurrency, Arc::new(work))
    }

    /// Returns a client for another unit of work, whose requests carry `correlation_id`. All else is shared with this client.
    #[must_use]
    pub fn with_correlation_id(&self, correlation_id: Uuid) -> Self {
        Self { engine: self.engine.clone(), scope: UnitOfWorkContext { correlation_id, ..self.scope.clone() } }
    }

    /// Returns a client for a unit of work that must be done by `deadline`, however many calls it takes: a complete list, say.
    /// A call that is not done by then fails with [`ErrorKind::Timeout`]. All else is shared with this client.
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> Self {
        Self {
            engine: self.engine.clone(),
            scope: UnitOfWorkContext { deadline: Some(deadline), ..self.scope.clone() },
        }
    }

    /// Returns a client for a unit of work whose writes have the ids of `request_ids`, in place of random ones. Reads, and so lists,
    /// keep theirs. All else is shared with this client.
    #[must_use]
    pub fn with_request_ids(&self, request_ids: Arc<dyn RequestIds>) -> Self {
        let request_ids = Some(RequestIdSource(request_ids));
        Self { engine: self.engine.clone(), scope: UnitOfWorkContext { request_ids, ..self.scope.clone() } }
    }

    /// Returns a client whose calls have `options`: other timeouts or retries than this client's, or headers in addition. All else
    /// is shared with this client, and so is what its own options have set. For one call: `client.with_options(options).call(..)`;
    /// [`CallOptions`] has an example.
    #[must_use]
    pub fn with_options(&self, options: CallOptions) -> Self {
        // The last deadline that was set counts, whether by options or by `with_deadline`.
        let deadline = options.deadline.or(self.scope.deadline);
        let options = match &self.scope.options {
            Some(earlier) => options.with_fallback_to_earlier(earlier),
            None => options,
        };
        let scope = UnitOfWorkContext { deadline, options: Some(Arc::new(options)), ..self.scope.clone() };
        Self { engine: self.engine.clone(), scope }
    }

    /// Returns how fast this client and its clones may send requests now, and why.
    ///
    /// ```
    /// use partner_center_core::{Client, Transport};
    ///
    /// fn progress(client: &Client<impl Transport>) -> String {
    ///     let status = client.rate_limit_status();
    ///     match (status.paused_for, status.requests_per_minute) {
    ///         (Some(pause), _) => format!("throttled, continues in {} s", pause.as_secs() + 1),
    ///         (None, Some(rate)) => format!("at most {rate:.0} requests per minute"),
    ///         (None, None) => "at full speed".to_owned(),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn rate_limit_status(&self) -> RateLimitStatus {
        self.engine.rate_limiter.status(self.engine.sender.retry_budget.retries_left())
    }

    /// Returns the `MS-CorrelationId` of this client's requests.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        self.scope.correlation_id
    }
}

impl<X: Transport> Clone for Client<X> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone(), scope: self.scope.clone() }
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
