use crate::{ContinuationToken, InvalidContinuationToken, ItemsAs, ResponseAs};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use std::{
    fmt::{self, Display},
    ops::RangeInclusive,
};

/// One thing the service can be asked: either a [`SingleResponse`] operation or a [`Paginated`] one.
///
/// Implementations are generated from the specification; they say what to ask and what comes back, never how to ask it.
/// An endpoint that the specification lacks can be had by implementing this by hand:
///
/// ```
/// use partner_center_models::{
///     CustomerCompanyProfile, InvalidParameter, Method, Operation, Parameters, SingleResponse,
/// };
/// use uuid::Uuid;
///
/// struct GetCompanyProfile(Uuid);
///
/// impl Operation for GetCompanyProfile {
///     type Response = CustomerCompanyProfile;
///     const ID: &'static str = "getCompanyProfile";
///     const METHOD: Method = Method::Get;
///     const PATH: &'static str = "/v1/customers/{customer-tenant-id}/profiles/company";
///     fn parameters(&self) -> Result<Parameters, InvalidParameter> {
///         Parameters::new().path("customer-tenant-id", &self.0).check()
///     }
/// }
///
/// // `client.call(GetCompanyProfile(id))` works now.
/// impl SingleResponse for GetCompanyProfile {}
/// # GetCompanyProfile(Uuid::nil()).parameters().unwrap();
/// ```
pub trait Operation {
    /// What comes back; [`NoContent`] where nothing does.
    type Response: DeserializeOwned + Send + 'static;
    /// The operation's name in the specification (`operationId`).
    const ID: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path, with a `{name}` for each path parameter.
    const PATH: &'static str;
    /// The parameters' values, or the first that the service would not accept.
    fn parameters(&self) -> Result<Parameters, InvalidParameter>;
}

/// An [`Operation`] whose response is complete, so that a client performs it with one call.
///
/// Generated for every operation that is not [`Paginated`]; a custom one needs an empty `impl`, as [`Operation`] shows. It is
/// what `call` of a client takes, so that the first page of a list is never mistaken for the list. A response that turns
/// out to have a next page is an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation with a single response",
    label = "not a `SingleResponse`",
    note = "a paged operation is performed with `items` or `pages` (the complete list), or with `page` (one page of it)",
    note = "a custom operation that is not paged needs an empty `impl SingleResponse`"
)]
pub trait SingleResponse: Operation {
    /// The same operation, its response read into a type of the caller's own.
    ///
    /// That is faster where few of the fields matter, and as strict as the type is: what does not fit it is an error.
    ///
    /// ```
    /// use partner_center_models::{GetCustomer, SingleResponse};
    /// use serde::Deserialize;
    /// use uuid::Uuid;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Tagged {
    ///     id: Uuid,
    ///     #[serde(default)]
    ///     tags: Vec<String>,
    /// }
    ///
    /// // `client.call(operation)` gives a `Tagged`.
    /// let operation = GetCustomer::new(Uuid::nil()).response_as::<Tagged>();
    /// ```
    fn response_as<T>(self) -> ResponseAs<Self, T>
    where
        Self: Sized,
    {
        ResponseAs::new(self)
    }
}

/// An [`Operation`] that answers one page at a time.
///
/// Generated, as operations are. To whoever lists, [`items_as`](Self::items_as) matters, and
/// [`continuation`](Self::continuation), which says where to go on another day. The rest is for the client, which follows pages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a paged operation",
    note = "an operation with a single response is performed with `call`"
)]
pub trait Paginated: Operation {
    /// What a page holds.
    type Item: Send + 'static;
    /// The name of the list of items in a page.
    const ITEMS: &'static str;
    /// How to ask for the page after one that offers a token but no link.
    const PAGINATION: Pagination;
    /// The items of `page`.
    fn items(page: Self::Response) -> Vec<Self::Item>;
    /// What tells `page` from the other pages of a list; `None` if it holds nothing.
    fn mark(page: &Self::Response) -> Option<PageFingerprint>;
    /// The way to the page after `page`; `None` after the last. It can be saved, and resumed later.
    fn continuation(page: &Self::Response) -> Result<Option<ContinuationToken>, InvalidContinuationToken>;

    /// The same operation, each item read into a type of the caller's own.
    ///
    /// That is faster where few of the fields matter, and as strict as the type is: an item that does not fit it is an
    /// error.
    ///
    /// ```
    /// use partner_center_models::{ListCustomers, Paginated};
    /// use serde::Deserialize;
    /// use uuid::Uuid;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Brief {
    ///     id: Uuid,
    ///     company_profile: Company,
    /// }
    ///
    /// #[derive(Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Company {
    ///     company_name: String,
    /// }
    ///
    /// // `client.items(operation)` gives `Brief`s.
    /// let operation = ListCustomers::new().size(500).items_as::<Brief>();
    /// ```
    fn items_as<T>(self) -> ItemsAs<Self, T>
    where
        Self: Sized,
    {
        ItemsAs::new(self)
    }
}

/// What tells a page from the other pages of a list: some of its items, or their identifiers, and how many there are.
///
/// By it a client notices that the service sends the same page again, and does not take that for a longer list. Opaque: marks
/// are compared, and `Debug` does not show what is in them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageFingerprint {
    items: String,
    count: usize,
}

impl PageFingerprint {
    /// The mark of a page with these items; `None` if there are none.
    pub fn of(items: &[impl Serialize]) -> Option<Self> {
        Some(Self::between(items.first()?, items.last()?, items.len()))
    }

    /// The same for items with identifiers, of which a list has each once: those alone are looked at, which takes next to no
    /// time, unless they are not there or all alike.
    pub fn by_id<T: Serialize, I: Serialize + PartialEq>(items: &[T], id: impl Fn(&T) -> Option<&I>) -> Option<Self> {
        match (id(items.first()?), id(items.last()?)) {
            (Some(first), Some(last)) if first != last || items.len() == 1 => {
                Some(Self::between(first, last, items.len()))
            }
            _ => Self::of(items),
        }
    }

    pub(crate) fn new(items: String, count: usize) -> Self {
        Self { items, count }
    }

    fn between<T: Serialize>(first: &T, last: &T, count: usize) -> Self {
        Self::new(serde_json::to_string(&[first, last]).unwrap_or_default(), count)
    }
}

/// What is in it is a customer's.
impl fmt::Debug for PageFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PageFingerprint(..)")
    }
}

/// How an operation is asked for the page after a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pagination {
    /// The header that carries the token.
    pub token_header: &'static str,
    /// The query parameter that says to go on, and its value.
    pub query: (&'static str, &'static str),
    /// The query parameter that is repeated from the first request: the size of a page.
    pub size_query: Option<&'static str>,
}

impl Pagination {
    /// A token that travels in the header `token_header`, with the query parameter `query`.
    #[must_use]
    pub const fn new(token_header: &'static str, query: (&'static str, &'static str)) -> Self {
        Self { token_header, query, size_query: None }
    }

    /// The same with the size of a page repeated.
    #[must_use]
    pub const fn with_size(self, name: &'static str) -> Self {
        Self { size_query: Some(name), ..self }
    }
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

/// The values of an operation's parameters, each in its place, none of them encoded yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameters {
    /// Values of the `{name}`s in [`Operation::PATH`].
    pub path: Vec<(&'static str, String)>,
    /// The query, in order.
    pub query: Vec<(&'static str, String)>,
    /// Headers of this operation alone.
    pub headers: Vec<(&'static str, String)>,
    /// The body, as JSON.
    pub body: Option<String>,
    /// Where to go on, instead of at the first page.
    pub continuation: Option<ContinuationToken>,
    invalid: Option<InvalidParameter>,
}

impl Parameters {
    /// No parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A path parameter.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: &impl Display) -> Self {
        self.path.push((name, value.to_string()));
        self
    }

    /// A query parameter, left out when it is `None`.
    #[must_use]
    pub fn query<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.query.extend(value.into().map(|value| (name, value.to_string())));
        self
    }

    /// A query parameter that must be within `range`.
    #[must_use]
    pub fn query_within<'a, T: Display + PartialOrd + 'a>(
        mut self,
        name: &'static str,
        value: impl Into<Option<&'a T>>,
        range: &RangeInclusive<T>,
    ) -> Self {
        let value = value.into();
        if let Some(value) = value.filter(|value| !range.contains(value)) {
            let problem = format!("must be {} to {}, not {value}", range.start(), range.end());
            self.refuse(name, problem);
        }
        self.query(name, value)
    }

    /// A query parameter whose value is JSON.
    #[must_use]
    pub fn query_json<'a, T: Serialize + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        if let Some(json) = self.json(name, value.into()) {
            self.query.push((name, json));
        }
        self
    }

    /// A header of this operation alone.
    #[must_use]
    pub fn header<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.headers.extend(value.into().map(|value| (name, value.to_string())));
        self
    }

    /// The body, sent as JSON.
    #[must_use]
    pub fn body<'a, T: Serialize + 'a>(mut self, value: impl Into<Option<&'a T>>) -> Self {
        self.body = self.json("body", value.into());
        self
    }

    /// Where to go on.
    #[must_use]
    pub fn resume(mut self, continuation: Option<&ContinuationToken>) -> Self {
        self.continuation = continuation.cloned();
        self
    }

    /// The parameters, unless one of them is invalid.
    pub fn check(mut self) -> Result<Self, InvalidParameter> {
        match self.invalid.take() {
            None => Ok(self),
            Some(invalid) => Err(invalid),
        }
    }

    fn json<T: Serialize>(&mut self, name: &'static str, value: Option<&T>) -> Option<String> {
        serde_json::to_string(value?).map_err(|error| self.refuse(name, format!("is no JSON: {error}"))).ok()
    }

    fn refuse(&mut self, name: &'static str, problem: String) {
        self.invalid.get_or_insert(InvalidParameter { name, problem });
    }
}

/// A parameter that the service would refuse; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParameter {
    name: &'static str,
    problem: String,
}

impl InvalidParameter {
    /// The parameter's name in the specification.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl Display for InvalidParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.name, self.problem)
    }
}

impl std::error::Error for InvalidParameter {}

/// The response of an operation that promises none; whatever JSON comes is accepted and ignored, and so is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoContent;

impl<'de> Deserialize<'de> for NoContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
