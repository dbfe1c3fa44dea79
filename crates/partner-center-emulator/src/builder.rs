use crate::{
    ContinuationIn, Emulator, Encoding, ErrorCodes, Fault, LinkStyle, ListEnd, TotalCount, authority::Authority,
    customer_store::CustomerStore, quirks::Quirks, rate_limit::RateLimit, service::Service,
};
use std::{
    fmt,
    num::{NonZeroU16, NonZeroU32},
    time::Duration,
};

/// Settings of an [`Emulator`]: whose service it is, how oddly it writes, and what goes wrong.
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
    customers: u32,
    seed: u64,
    token: String,
    token_lifetime: Duration,
    strict_refresh_tokens: bool,
    quirks: Quirks,
    faults: Vec<Fault>,
    rate_limit: Option<NonZeroU32>,
    rare_values: bool,
    reject_unknown_parameters: bool,
}

impl EmulatorBuilder {
    /// How many customers there are. Default: 1,000. From the eleventh on, five are those of the documentation.
    pub fn customers(self, customers: u32) -> Self {
        Self { customers, ..self }
    }

    /// What the generated customers are drawn from, and the requests that faults with a rate happen to: the same seed,
    /// the same customers and draws. Default: 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The access token to accept, besides those that the emulator's authority issues. Default: [`Emulator::TOKEN`].
    ///
    /// It should be of visible ASCII characters, without blanks. It is taken as it is, not trimmed; a token that is
    /// empty, or has blanks around it, is one that no request can carry.
    pub fn token(self, token: impl Into<String>) -> Self {
        Self { token: token.into(), ..self }
    }

    /// How long the access tokens live that the emulator's authority issues, by the clock, even in memory. Default: an hour.
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
        self.quirks.link_style = style;
        self
    }

    /// Whether the parameters of a next link are parted by a second `?` instead of `&`. Default: no.
    pub fn double_question_mark(mut self, double: bool) -> Self {
        self.quirks.double_question_mark = double;
        self
    }

    /// Whether `links` are missing everywhere; the token of the next page is then in the body. Default: no.
    pub fn without_links(mut self, without: bool) -> Self {
        self.quirks.without_links = without;
        self
    }

    /// Where a page has the token of the next one. Default: [`ContinuationIn::Link`].
    pub fn continuation_in(mut self, place: ContinuationIn) -> Self {
        self.quirks.continuation = place;
        self
    }

    /// How a list ends. Default: [`ListEnd::NoToken`].
    pub fn list_end(mut self, end: ListEnd) -> Self {
        self.quirks.list_end = end;
        self
    }

    /// What `totalCount` counts. Default: [`TotalCount::Page`].
    pub fn total_count(mut self, count: TotalCount) -> Self {
        self.quirks.total_count = count;
        self
    }

    /// The most customers in a page, whatever size is asked for. Default: 500, which more does not exceed.
    pub fn page_cap(mut self, cap: NonZeroU16) -> Self {
        self.quirks.page_cap = Some(cap);
        self
    }

    /// Whether no customer allows delegated access, so that none shows an address, an e-mail address or its domains.
    /// Default: no, it differs from customer to customer.
    pub fn without_delegated_access(mut self, without: bool) -> Self {
        self.quirks.without_delegated_access = without;
        self
    }

    /// Whether a field without a value is written as `null`, not left out. Default: no.
    pub fn nulls(mut self, nulls: bool) -> Self {
        self.quirks.nulls = nulls;
        self
    }

    /// Whether there are fields, and relationships to the partner, that came after the documentation. Default: no.
    pub fn unknown_values(mut self, unknown: bool) -> Self {
        self.quirks.unknown_values = unknown;
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
        self.quirks.pascal_case = pascal_case;
        self
    }

    /// How the codes of faults are written. Default: [`ErrorCodes::Mixed`].
    pub fn error_codes(mut self, codes: ErrorCodes) -> Self {
        self.quirks.error_codes = codes;
        self
    }

    /// How JSON is encoded. Default: [`Encoding::Utf8`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.quirks.encoding = encoding;
        self
    }

    /// Whether JSON begins with a byte order mark. Default: no.
    pub fn byte_order_mark(mut self, mark: bool) -> Self {
        self.quirks.byte_order_mark = mark;
        self
    }

    /// Whether `X-Locale` is answered twice. Default: no.
    pub fn duplicate_locale(mut self, duplicate: bool) -> Self {
        self.quirks.duplicate_locale = duplicate;
        self
    }

    /// Whether answers have a `MS-RequestId` of their own instead of the one that was sent. Default: no.
    pub fn foreign_request_ids(mut self, foreign: bool) -> Self {
        self.quirks.foreign_request_ids = foreign;
        self
    }

    /// The emulator.
    #[must_use]
    pub fn build(self) -> Emulator {
        let Self { customers, seed, token, token_lifetime, strict_refresh_tokens, quirks, faults, .. } = self;
        let Self { rate_limit, rare_values, reject_unknown_parameters, .. } = self;
        let authority = Authority::new(seed, token_lifetime, strict_refresh_tokens);
        let customers = CustomerStore { seed, count: customers, rare_values };
        let service = Service { customers, token, authority, quirks, reject_unknown_parameters };
        Emulator::new(service, faults, rate_limit.map(RateLimit::new))
    }
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            customers: 1000,
            seed: 0,
            token: Emulator::TOKEN.to_owned(),
            token_lifetime: Duration::from_secs(60 * 60),
            strict_refresh_tokens: false,
            quirks: Quirks::default(),
            faults: Vec::new(),
            rate_limit: None,
            rare_values: false,
            reject_unknown_parameters: false,
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
