use crate::{
    ContinuationIn, Encoding, Fault, FaultCodes, LinkStyle, ListEnd, Sandbox, TotalCount, authority::Authority,
    oddities::Oddities, population::Population, rate_limit::RateLimit, service::Service,
};
use std::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

/// Settings of a [`Sandbox`]: whose service it is, how oddly it writes, and what goes wrong.
///
/// ```
/// use partner_center_sandbox::{ContinuationIn, Encoding, Sandbox};
///
/// let sandbox = Sandbox::builder()
///     .customers(1200)
///     .encoding(Encoding::Utf16Le)
///     .byte_order_mark(true)
///     .continuation_in(ContinuationIn::Body)
///     .build();
/// # let _ = sandbox;
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until `build` is called"]
pub struct Builder {
    customers: u32,
    seed: u64,
    token: String,
    token_lifetime: Duration,
    strict_refresh_tokens: bool,
    oddities: Oddities,
    faults: Vec<Fault>,
    rate_limit: Option<NonZeroU32>,
    rare_values: bool,
    reject_unknown_parameters: bool,
}

impl Builder {
    /// How many customers there are. Default: 1,000. From the eleventh on, five are those of the documentation.
    pub fn customers(self, customers: u32) -> Self {
        Self { customers, ..self }
    }

    /// What the generated customers are drawn from, and the requests that faults with a rate happen to: the same seed,
    /// the same customers and draws. Default: 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The access token to accept, besides those that the sandbox's authority issues. Default: [`Sandbox::TOKEN`].
    ///
    /// It should be of visible ASCII characters, without blanks. It is taken as it is, not trimmed; a token that is
    /// empty, or has blanks around it, is one that no request can carry.
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self }
    }

    /// How long the access tokens live that the sandbox's authority issues, by the clock, even in memory. Default: an hour.
    pub fn token_lifetime(self, lifetime: Duration) -> Self {
        Self { token_lifetime: lifetime, ..self }
    }

    /// Whether a refresh token dies when one that came after it is used: whoever does not keep the newest is locked out.
    /// Default: no, as with Entra.
    pub fn strict_refresh_tokens(self, strict: bool) -> Self {
        Self { strict_refresh_tokens: strict, ..self }
    }

    /// One more thing that goes wrong. Default: nothing does.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// How many requests are answered in a minute, which begins with the first of them; any more get 429 and
    /// `Retry-After`. Default: any number.
    pub fn rate_limit(self, per_minute: NonZeroU32) -> Self {
        Self { rate_limit: Some(per_minute), ..self }
    }

    /// The form of the links between pages. Default: [`LinkStyle::Plain`].
    pub fn link_style(mut self, style: LinkStyle) -> Self {
        self.oddities.link_style = style;
        self
    }

    /// Whether the parameters of a next link are parted by a second `?` instead of `&`. Default: no.
    pub fn double_question_mark(mut self, double: bool) -> Self {
        self.oddities.double_question_mark = double;
        self
    }

    /// Whether `links` are missing everywhere; the token of the next page is then in the body. Default: no.
    pub fn without_links(mut self, without: bool) -> Self {
        self.oddities.without_links = without;
        self
    }

    /// Where a page has the token of the next one. Default: [`ContinuationIn::Link`].
    pub fn continuation_in(mut self, place: ContinuationIn) -> Self {
        self.oddities.continuation = place;
        self
    }

    /// How a list ends. Default: [`ListEnd::NoToken`].
    pub fn list_end(mut self, end: ListEnd) -> Self {
        self.oddities.list_end = end;
        self
    }

    /// What `totalCount` counts. Default: [`TotalCount::Page`].
    pub fn total_count(mut self, count: TotalCount) -> Self {
        self.oddities.total_count = count;
        self
    }

    /// The most customers in a page, whatever size is asked for. Default: 500, which more does not exceed.
    pub fn page_cap(mut self, cap: NonZeroU16) -> Self {
        self.oddities.page_cap = Some(cap);
        self
    }

    /// Whether no customer allows delegated access, so that none shows an address, an e-mail address or its domains.
    /// Default: no, it differs from customer to customer.
    pub fn without_delegated_access(mut self, without: bool) -> Self {
        self.oddities.without_delegated_access = without;
        self
    }

    /// Whether a field without a value is written as `null`, not left out. Default: no.
    pub fn nulls(mut self, nulls: bool) -> Self {
        self.oddities.nulls = nulls;
        self
    }

    /// Whether there are fields, and relationships to the partner, that came after the documentation. Default: no.
    pub fn unknown_values(mut self, unknown: bool) -> Self {
        self.oddities.unknown_values = unknown;
        self
    }

    /// Sets whether generated customers have values that are documented but hardly ever sent: the relationship
    /// `microsoft_support`, which ends the list of the Java SDK. Default: no.
    pub fn rare_values(self, rare: bool) -> Self {
        Self { rare_values: rare, ..self }
    }

    /// Sets whether a request with a query parameter that its resource does not have is rejected with 400 and code 2000.
    /// Default: no, it is ignored, and the log warns of it.
    pub fn reject_unknown_parameters(self, reject: bool) -> Self {
        Self { reject_unknown_parameters: reject, ..self }
    }

    /// Whether names of fields begin with a capital letter. Default: no.
    pub fn pascal_case(mut self, pascal_case: bool) -> Self {
        self.oddities.pascal_case = pascal_case;
        self
    }

    /// How the codes of faults are written. Default: [`FaultCodes::Mixed`].
    pub fn fault_codes(mut self, codes: FaultCodes) -> Self {
        self.oddities.fault_codes = codes;
        self
    }

    /// How JSON is encoded. Default: [`Encoding::Utf8`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.oddities.encoding = encoding;
        self
    }

    /// Whether JSON begins with a byte order mark. Default: no.
    pub fn byte_order_mark(mut self, mark: bool) -> Self {
        self.oddities.byte_order_mark = mark;
        self
    }

    /// Whether `X-Locale` is answered twice. Default: no.
    pub fn duplicate_locale(mut self, duplicate: bool) -> Self {
        self.oddities.duplicate_locale = duplicate;
        self
    }

    /// Whether answers have a `MS-RequestId` of their own instead of the one that was sent. Default: no.
    pub fn foreign_request_ids(mut self, foreign: bool) -> Self {
        self.oddities.foreign_request_ids = foreign;
        self
    }

    /// The sandbox.
    #[must_use]
    pub fn build(self) -> Sandbox {
        let Self { customers, seed, token, token_lifetime, strict_refresh_tokens, oddities, faults, .. } = self;
        let Self { rate_limit, rare_values, reject_unknown_parameters, .. } = self;
        let authority = Authority::new(seed, token_lifetime, strict_refresh_tokens);
        let customers = Population { seed, count: customers, rare_values };
        let service = Service { customers, token, authority, oddities, reject_unknown_parameters };
        Sandbox::new(service, faults, rate_limit.map(RateLimit::new))
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            customers: 1000,
            seed: 0,
            token: Sandbox::TOKEN.to_owned(),
            token_lifetime: Duration::from_secs(60 * 60),
            strict_refresh_tokens: false,
            oddities: Oddities::default(),
            faults: Vec::new(),
            rate_limit: None,
            rare_values: false,
            reject_unknown_parameters: false,
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Builder")
            .field("customers", &self.customers)
            .field("seed", &self.seed)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
