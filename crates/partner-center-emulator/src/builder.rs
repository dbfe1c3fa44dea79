#[cfg(feature = "webhooks")]
use crate::webhook_sender::{WebhookFault, WebhookSender, WebhookSettings};
use crate::{
    ContinuationIn, Emulator, Encoding, ErrorCodes, Fault, LinkStyle, ListEnd, TotalCount,
    authority::{Authority, AuthoritySettings},
    customers::CustomerStore,
    judge::{Judge, Verdict, VerdictListener},
    quirks::Quirks,
    rate_limit::RateLimit,
    recording::{Recording, Replay},
    request_handler::{InitialState, RequestHandler},
    service::Service,
    store::ResourceStore,
};
use std::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// A builder of an [`Emulator`], with settings for its customers, tokens, quirks and faults.
///
/// ```
/// use partner_center_emulator::{ContinuationIn, Encoding, Emulator};
///
/// let emulator = Emulator::builder()
///     .customers(1200)
///     .encoding(Encoding::Utf16Le)
///     .byte_order_mark(true)
///     .continuation_in(ContinuationIn::Body)
///     .build();
/// # let _ = emulator;
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until `build` is called"]
pub struct EmulatorBuilder {
    /// `None` is the default, or what the data file has.
    customers: Option<u32>,
    seed: Option<u64>,
    /// `None` is the time of the system when the emulator is built.
    start_time: Option<SystemTime>,
    is_clock_stopped: bool,
    token: String,
    authority: AuthoritySettings,
    quirks: Quirks,
    faults: Vec<Fault>,
    rate_limit: Option<NonZeroU32>,
    rate_limit_period: Duration,
    rare_values: Option<bool>,
    verdict_listener: Option<VerdictListener>,
    recording: Option<Recording>,
    #[cfg(feature = "webhooks")]
    webhooks: WebhookSettings,
}

impl EmulatorBuilder {
    /// Sets the number of customers. Default: 1,000. The customers of the service's documentation are the five from index 25 on.
    pub fn customers(self, customers: u32) -> Self {
        Self { customers: Some(customers), ..self }
    }

    /// Sets the seed that customers are generated from, and that faults with a rate draw their requests from: the same seed
    /// gives the same customers and requests. Default: 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self }
    }

    /// Sets the time that it is when the emulator is built, from which its clock runs on. Default: the system's time.
    ///
    /// The dates of subscriptions, orders and carts depend on it: with a fixed time a test gets the same ones every day. See
    /// [`Emulator::advance_clock`]. Times before 1970 count as 1970.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let new_year = UNIX_EPOCH + Duration::from_secs(1_767_225_600); // 2026-01-01T00:00:00Z
    /// let emulator = Emulator::builder().start_time(new_year).build();
    /// # let _ = emulator;
    /// ```
    pub fn start_time(self, time: SystemTime) -> Self {
        Self { start_time: Some(time), ..self }
    }

    /// Stops the clock: it shows the start time until [`Emulator::advance_clock`], or a wait of the transport in memory, advances it.
    ///
    /// A test then sees the same on any machine, however slow: an order that was just placed is pending until the clock is advanced.
    /// Tokens, rate limits and the judge go by the time of the system all the same.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    /// use std::time::Duration;
    ///
    /// let emulator = Emulator::builder().stop_clock().build();
    /// let start = emulator.time();
    /// emulator.advance_clock(Duration::from_secs(5));
    /// assert_eq!(emulator.time().duration_since(start)?, Duration::from_secs(5));
    /// # Ok::<(), std::time::SystemTimeError>(())
    /// ```
    pub fn stop_clock(self) -> Self {
        Self { is_clock_stopped: true, ..self }
    }

    /// Sets the access token to accept, besides those that the emulator's authority issues. Default: [`Emulator::TOKEN`].
    ///
    /// It should consist of visible ASCII characters. It is not trimmed: no request can carry a token that is empty or has spaces
    /// around it.
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self }
    }

    /// Sets how long an access token of the emulator's authority is valid, by the real clock, also in memory. Default: an hour.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.authority.token_lifetime = lifetime;
        self
    }

    /// Sets whether the use of a refresh token invalidates all older ones, so that a client that does not store the newest is
    /// locked out. Default: no, as with Microsoft Entra.
    pub fn strict_refresh_tokens(mut self, strict: bool) -> Self {
        self.authority.strict_refresh_tokens = strict;
        self
    }

    /// Sets whether the service rejects the tokens of users who have given no second factor, with 401 and code 900421, as it does
    /// since 2026. [`Emulator::TOKEN`] and [`Emulator::REFRESH_TOKEN`] are of a user who has. Default: no.
    pub fn require_mfa(mut self, required: bool) -> Self {
        self.authority.require_second_factor = required;
        self
    }

    /// Sets whether a user or an administrator has to consent to the application before the authority issues tokens for a user.
    /// To sign in and to accept is to consent. Default: no, somebody has consented before.
    pub fn require_consent(mut self, required: bool) -> Self {
        self.authority.require_consent = required;
        self
    }

    /// Sets for how long a device code is valid, in whole seconds. Default: 15 minutes.
    pub fn device_code_lifetime(mut self, lifetime: Duration) -> Self {
        self.authority.device_code_lifetime = lifetime;
        self
    }

    /// Sets how long a client waits between two requests for the outcome of a sign-in with a device code, in whole seconds.
    /// Default: 5 seconds.
    pub fn device_code_interval(mut self, interval: Duration) -> Self {
        self.authority.device_code_interval = interval;
        self
    }

    /// Adds a fault. Default: none.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sets the maximum number of requests in a minute, which begins with the first of them. Any more get 429 with
    /// `Retry-After`. Default: no limit.
    pub fn rate_limit(self, per_minute: NonZeroU32) -> Self {
        Self { rate_limit: Some(per_minute), ..self }
    }

    /// Sets the period in which [`rate_limit`](Self::rate_limit) counts requests, so that a test need not wait for a minute.
    /// Default: a minute.
    pub fn rate_limit_period(self, period: Duration) -> Self {
        Self { rate_limit_period: period, ..self }
    }

    /// Sets the format of the links of a page or a resource; those of the items in a page are plain. Default: [`LinkStyle::Plain`].
    pub fn link_style(mut self, style: LinkStyle) -> Self {
        self.quirks.link_style = style;
        self
    }

    /// Sets whether a next-page link has a second `?` instead of `&` between its parameters. Default: no.
    pub fn double_question_mark(mut self, double: bool) -> Self {
        self.quirks.double_question_mark = double;
        self
    }

    /// Sets whether all `links` are missing; the continuation token is then in the body. Default: no.
    pub fn without_links(mut self, without: bool) -> Self {
        self.quirks.without_links = without;
        self
    }

    /// Sets the place of the continuation token in a page. Default: [`ContinuationIn::Link`].
    pub fn continuation_in(mut self, place: ContinuationIn) -> Self {
        self.quirks.continuation_in = place;
        self
    }

    /// Sets how a list ends. Default: [`ListEnd::NoToken`].
    pub fn list_end(mut self, end: ListEnd) -> Self {
        self.quirks.list_end = end;
        self
    }

    /// Sets what `totalCount` counts. Default: [`TotalCount::Page`].
    pub fn total_count(mut self, count: TotalCount) -> Self {
        self.quirks.total_count = count;
        self
    }

    /// Sets the maximum number of customers in a page, whatever size is requested. Default and maximum: 500.
    pub fn page_cap(mut self, cap: NonZeroU16) -> Self {
        self.quirks.page_cap = Some(cap);
        self
    }

    /// Sets whether no customer allows delegated access, so that none has an address, an e-mail address or custom domains.
    /// Default: no, it depends on the customer.
    pub fn without_delegated_access(mut self, without: bool) -> Self {
        self.quirks.without_delegated_access = without;
        self
    }

    /// Sets whether a field without a value is `null` instead of absent. Default: no.
    pub fn nulls(mut self, nulls: bool) -> Self {
        self.quirks.nulls = nulls;
        self
    }

    /// Sets whether there are fields and relationships to the partner that the documentation does not have, as from a later
    /// version of the service. Default: no.
    pub fn unknown_values(mut self, unknown: bool) -> Self {
        self.quirks.unknown_values = unknown;
        self
    }

    /// Sets whether generated customers have values that are documented but rare: the relationship `microsoft_support`, at which
    /// the Java SDK stops reading a list. Default: no.
    pub fn rare_values(self, rare: bool) -> Self {
        Self { rare_values: Some(rare), ..self }
    }

    /// Sets whether a request with a query parameter that its resource does not have is rejected with 400 and code 2000.
    /// Default: no, the parameter is ignored with a warning in the log.
    pub fn reject_unknown_parameters(mut self, reject: bool) -> Self {
        self.quirks.reject_unknown_parameters = reject;
        self
    }

    /// Sets whether the names of fields begin with a capital letter. Default: no.
    pub fn pascal_case(mut self, pascal_case: bool) -> Self {
        self.quirks.pascal_case = pascal_case;
        self
    }

    /// Sets the JSON type of error codes. Default: [`ErrorCodes::Mixed`].
    pub fn error_codes(mut self, codes: ErrorCodes) -> Self {
        self.quirks.error_codes = codes;
        self
    }

    /// Sets the encoding of JSON. Default: [`Encoding::Utf8`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.quirks.encoding = encoding;
        self
    }

    /// Sets whether JSON begins with a byte order mark. Default: no.
    pub fn byte_order_mark(mut self, mark: bool) -> Self {
        self.quirks.byte_order_mark = mark;
        self
    }

    /// Sets whether responses have `X-Locale` twice. Default: no.
    pub fn duplicate_locale(mut self, duplicate: bool) -> Self {
        self.quirks.duplicate_locale = duplicate;
        self
    }

    /// Sets whether responses have another `MS-RequestId` than the request. Default: no.
    pub fn foreign_request_ids(mut self, foreign: bool) -> Self {
        self.quirks.foreign_request_ids = foreign;
        self
    }

    /// Sets code that is called with each verdict on what a caller did wrong, as it happens. Default: none;
    /// [`Emulator::verdicts`] has all of them.
    pub fn on_verdict(self, listener: impl Fn(&Verdict) + Send + Sync + 'static) -> Self {
        Self { verdict_listener: Some(Arc::new(listener)), ..self }
    }

    /// Lets the emulator respond as a recording has it: a request of an operation that is in the recording gets the next response to
    /// that operation, whatever its parameters are, and after the last one always that, without a next page. Its values are those of
    /// the specification's examples. Neither the token nor the content of such a request is looked at, nor judged. All other requests
    /// are served as without a recording. Default: none.
    ///
    /// ```
    /// use partner_center_core::{Blocking, Client, Credential, GetCustomer};
    /// use partner_center_emulator::{Emulator, Recording};
    ///
    /// let recording = Recording::from_json(r#"{
    ///     "format": "partner-center-recording/1",
    ///     "exchanges": [
    ///         { "method": "GET", "path": "/v1/customers/{customer-tenant-id}", "status": 403, "headers": [] }
    ///     ]
    /// }"#)?;
    /// let emulator = Emulator::builder().replay(recording).build();
    /// let client = Client::builder(emulator.transport::<Blocking>(), Credential::token(Emulator::TOKEN)).build()?;
    /// let error = client.call(GetCustomer::new(Default::default())).unwrap_err();
    /// assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replay(self, recording: Recording) -> Self {
        Self { recording: Some(recording), ..self }
    }

    /// Adds something that is wrong with the events that are sent to the registered address. Default: nothing.
    #[cfg(feature = "webhooks")]
    pub fn webhook_fault(mut self, fault: WebhookFault) -> Self {
        self.webhooks.faults.push(fault);
        self
    }

    /// Sets the time after which an event is sent again that was not delivered. It doubles with each attempt, up to a minute.
    /// Default: a second; the service does not publish its own.
    #[cfg(feature = "webhooks")]
    pub fn webhook_retry_interval(mut self, interval: Duration) -> Self {
        self.webhooks.retry_interval = interval;
        self
    }

    /// Builds the emulator.
    #[must_use]
    pub fn build(self) -> Emulator {
        let population = CustomerStore {
            seed: self.seed.unwrap_or(CustomerStore::DEFAULT_SEED),
            count: self.customers.unwrap_or(CustomerStore::DEFAULT_COUNT),
            rare_values: self.rare_values.unwrap_or_default(),
        };
        let store = ResourceStore::new(population);
        let authority = Authority::new(population.seed, self.authority.clone());
        self.build_with(population, store, authority)
    }

    /// Builds the emulator with its state in the file at `path`, which is made if there is none, or is empty.
    ///
    /// What a response shows is in the file by then, whatever ends the process afterwards. The emulator goes on with the resources,
    /// the clock and the revoked tokens that the file has, as if it had been running all the time; quirks, faults and the log of
    /// requests are those of the builder. The customers are generated with the settings in the file, so that
    /// [`customers`](Self::customers), [`seed`](Self::seed) and [`rare_values`](Self::rare_values) are left out, or as they were
    /// when the file was made; [`start_time`](Self::start_time) counts for a new file alone.
    ///
    /// The file is for one emulator at a time. It is closed when the last clone, transport and server of it is gone. A response
    /// waits for the disk, in memory in the thread of the caller. If the file cannot be written any more, all further responses are
    /// 500.
    ///
    /// # Errors
    /// The [kind](crate::DataFileError::kind) says which.
    ///
    /// - [`InUse`](crate::DataFileErrorKind::InUse): another process, or another emulator, uses the file.
    /// - [`OtherVersion`](crate::DataFileErrorKind::OtherVersion): the file has the format of another version.
    /// - [`Damaged`](crate::DataFileErrorKind::Damaged): the file is damaged, or is no data file.
    /// - [`OtherSettings`](crate::DataFileErrorKind::OtherSettings): the file was made with other settings for customers.
    /// - [`Io`](crate::DataFileErrorKind::Io): the file cannot be read or written.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("emulator.data");
    /// let emulator = Emulator::builder().customers(10).build_with_data_file(&path)?;
    /// // ... and at the next start:
    /// # drop(emulator);
    /// let emulator = Emulator::builder().build_with_data_file(&path)?;
    /// # let _ = emulator;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "persistence")]
    pub fn build_with_data_file(self, path: impl AsRef<std::path::Path>) -> Result<Emulator, crate::DataFileError> {
        use crate::{
            persistence::{DataFile, Journal, PopulationSettings, SavedEmulator},
            store::SavedSession,
        };

        let Self { seed, customers, rare_values, .. } = self;
        let path = path.as_ref();
        let (file, saved) = DataFile::open(path, PopulationSettings { seed, customers, rare_values })?;
        let SavedEmulator { population, state, session } = saved;
        let journal = Journal::start(file).map_err(|error| crate::DataFileError::io(path, error))?;
        let store = ResourceStore::with_state(state).saved_in(journal, session.unwrap_or_default());
        let mut authority = Authority::new(population.seed, self.authority.clone());
        if let Some(SavedSession { authority: saved, .. }) = session {
            authority = authority.restore(saved);
        }
        let emulator = self.build_with(population, store, authority);
        if let Some(SavedSession { clock_offset, .. }) = session {
            emulator.handler().clock.set_offset_from_system(clock_offset);
        }
        Ok(emulator)
    }

    fn build_with(self, population: CustomerStore, store: ResourceStore, authority: Authority) -> Emulator {
        let Self { start_time: time, is_clock_stopped, token, quirks, faults, rate_limit, rate_limit_period, .. } =
            self;
        let rate_limit = RateLimit::new(rate_limit, rate_limit_period);
        let store = Arc::new(store);
        let start = InitialState { population, time, is_clock_stopped, quirks, faults, rate_limit };
        let service = Service {
            seed: population.seed,
            #[cfg(feature = "webhooks")]
            webhooks: WebhookSender::new(self.webhooks, Arc::downgrade(&store)),
            store,
            token,
            authority,
        };
        let replay = self.recording.map(Replay::new);
        Emulator::new(RequestHandler::new(service, start, Judge::new(self.verdict_listener), replay))
    }
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            customers: None,
            seed: None,
            start_time: None,
            is_clock_stopped: false,
            token: Emulator::TOKEN.to_owned(),
            authority: AuthoritySettings::default(),
            quirks: Quirks::default(),
            faults: Vec::new(),
            rate_limit: None,
            rate_limit_period: Duration::from_secs(60),
            rare_values: None,
            verdict_listener: None,
            recording: None,
            #[cfg(feature = "webhooks")]
            webhooks: WebhookSettings { faults: Vec::new(), retry_interval: Duration::from_secs(1) },
        }
    }
}

impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EmulatorBuilder")
            .field("customers", &self.customers)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
