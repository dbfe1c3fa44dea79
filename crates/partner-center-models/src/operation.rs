use crate::{ContinuationToken, InvalidContinuationToken, ItemsAs, ResponseAs};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use std::{
    fmt::{self, Display},
    ops::RangeInclusive,
};

/// An operation of the service: either a [`SingleResponse`] or a [`Paginated`] one.
///
/// Implementations are generated from the specification. They define the request and the response, not how the request is sent.
/// Implement the trait by hand for an endpoint that the specification lacks:
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
    /// The type of the response; [`NoContent`] if it has no body.
    type Response: DeserializeOwned + Send + 'static;
    /// The name of the operation in the specification (`operationId`).
    const ID: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path, with `{name}` for each path parameter.
    const PATH: &'static str;
    /// Returns the values of the parameters.
    ///
    /// # Errors
    ///
    /// The first parameter whose value is invalid.
    fn parameters(&self) -> Result<Parameters, InvalidParameter>;
}

/// An [`Operation`] whose response is complete, so that a client performs it with one call.
///
/// Generated for every operation that is not [`Paginated`]; a custom one needs an empty `impl`, as [`Operation`] shows. The
/// method `call` of a client takes only these, so that the first page of a list is never mistaken for the list. A response that
/// turns out to have a next page is an error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an operation with a single response",
    label = "not a `SingleResponse`",
    note = "a paged operation is performed with `items` or `pages` (the complete list), or with `page` (one page of it)",
    note = "a custom operation that is not paged needs an empty `impl SingleResponse`"
)]
pub trait SingleResponse: Operation {
    /// Returns the same operation with its response deserialized into a custom type.
    ///
    /// This is faster if few of the fields matter, and as strict as the type: a response that does not fit is an error.
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
    /// // `client.call(operation)` returns a `Tagged`.
    /// let operation = GetCustomer::new(Uuid::nil()).response_as::<Tagged>();
    /// ```
    fn response_as<T>(self) -> ResponseAs<Self, T>
    where
        Self: Sized,
    {
        ResponseAs::new(self)
    }
}

/// An [`Operation`] that returns one page at a time.
///
/// Generated, as operations are. Callers use [`items_as`](Self::items_as), and [`continuation`](Self::continuation) to resume a
/// list later. The rest is for the client, which follows the pages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a paged operation",
    note = "an operation with a single response is performed with `call`"
)]
pub trait Paginated: Operation {
    /// The type of an item.
    type Item: Send + 'static;
    /// The name of the list of items in a page.
    const ITEMS: &'static str;
    /// The request parameters for the page after one that has a continuation token but no next-page link.
    const PAGINATION: Pagination;
    /// Returns the items of `page`.
    fn items(page: Self::Response) -> Vec<Self::Item>;
    /// Returns the fingerprint of `page`, by which a client recognizes a page that is sent twice; `None` if it has no items.
    fn fingerprint(page: &Self::Response) -> Option<PageFingerprint>;
    /// Returns the position after `page`, which can be saved and resumed later; `None` after the last page.
    ///
    /// # Errors
    ///
    /// The page has a next page, but its link or token is invalid.
    fn continuation(page: &Self::Response) -> Result<Option<ContinuationToken>, InvalidContinuationToken>;

    /// Returns the same operation with each item deserialized into a custom type.
    ///
    /// This is faster if few of the fields matter, and as strict as the type: an item that does not fit is an error.
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
    /// // `client.items(operation)` yields `Brief`s.
    /// let operation = ListCustomers::new().size(500).items_as::<Brief>();
    /// ```
    fn items_as<T>(self) -> ItemsAs<Self, T>
    where
        Self: Sized,
    {
        ItemsAs::new(self)
    }
}

/// The fingerprint of a page: some of its items or their identifiers, and the number of items.
///
/// A client compares fingerprints to notice that the service sends the same page again, and does not take that for a longer list.
/// Opaque: `Debug` does not show its content.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PageFingerprint {
    items: String,
    count: usize,
}

impl PageFingerprint {
    /// Creates the fingerprint of a page from its items; `None` if there are none.
    pub fn of(items: &[impl Serialize]) -> Option<Self> {
        Some(Self::between(items.first()?, items.last()?, items.len()))
    }

    /// Creates the fingerprint of a page from the identifiers of its items, which is faster. Falls back to [`of`](Self::of) if
    /// the identifiers are absent or equal.
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

/// Hides the content, which is data of customers.
impl fmt::Debug for PageFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PageFingerprint(..)")
    }
}

/// The request parameters by which an operation continues after a page with a continuation token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pagination {
    /// The header that carries the token.
    pub token_header: &'static str,
    /// The name and the value of the query parameter that requests the next page.
    pub query: (&'static str, &'static str),
    /// The query parameter that every request takes over from the first one: the size of a page.
    pub size_query: Option<&'static str>,
}

impl Pagination {
    /// Creates parameters that send the token in the header `token_header`, with the query parameter `query`.
    #[must_use]
    pub const fn new(token_header: &'static str, query: (&'static str, &'static str)) -> Self {
        Self { token_header, query, size_query: None }
    }

    /// Adds the query parameter `name`, the size of a page, to every request.
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

/// The values of an operation's parameters, not yet encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameters {
    /// The values of the `{name}`s in [`Operation::PATH`].
    pub path: Vec<(&'static str, String)>,
    /// The query parameters, in order.
    pub query: Vec<(&'static str, String)>,
    /// The headers that this operation adds to those of the client.
    pub headers: Vec<(&'static str, String)>,
    /// The body, as JSON.
    pub body: Option<String>,
    /// The position to continue from; the first page without it.
    pub continuation: Option<ContinuationToken>,
    invalid: Option<InvalidParameter>,
}

impl Parameters {
    /// Creates an empty set of parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a path parameter.
    #[must_use]
    pub fn path(mut self, name: &'static str, value: &impl Display) -> Self {
        self.path.push((name, value.to_string()));
        self
    }

    /// Adds a query parameter, unless it is `None`.
    #[must_use]
    pub fn query<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.query.extend(value.into().map(|value| (name, value.to_string())));
        self
    }

    /// Adds a query parameter that must be within `range`.
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
            self.reject(name, problem);
        }
        self.query(name, value)
    }

    /// Adds a query parameter whose value is JSON.
    #[must_use]
    pub fn query_json<'a, T: Serialize + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        if let Some(json) = self.json(name, value.into()) {
            self.query.push((name, json));
        }
        self
    }

    /// Adds a header of this operation, unless it is `None`.
    #[must_use]
    pub fn header<'a, T: Display + 'a>(mut self, name: &'static str, value: impl Into<Option<&'a T>>) -> Self {
        self.headers.extend(value.into().map(|value| (name, value.to_string())));
        self
    }

    /// Sets the body, which is sent as JSON.
    #[must_use]
    pub fn body<'a, T: Serialize + 'a>(mut self, value: impl Into<Option<&'a T>>) -> Self {
        self.body = self.json("body", value.into());
        self
    }

    /// Sets the position to continue from.
    #[must_use]
    pub fn resume(mut self, continuation: Option<&ContinuationToken>) -> Self {
        self.continuation = continuation.cloned();
        self
    }

    /// Returns the parameters, unless one of them is invalid.
    ///
    /// # Errors
    ///
    /// The first parameter that is out of range or cannot be serialized.
    pub fn check(mut self) -> Result<Self, InvalidParameter> {
        match self.invalid.take() {
            None => Ok(self),
            Some(invalid) => Err(invalid),
        }
    }

    fn json<T: Serialize>(&mut self, name: &'static str, value: Option<&T>) -> Option<String> {
        serde_json::to_string(value?).map_err(|error| self.reject(name, format!("is not JSON: {error}"))).ok()
    }

    fn reject(&mut self, name: &'static str, problem: String) {
        self.invalid.get_or_insert(InvalidParameter { name, problem });
    }
}

/// A parameter with a value that the service would reject; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParameter {
    name: &'static str,
    problem: String,
}

impl InvalidParameter {
    /// Returns the name of the parameter in the specification.
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

/// The response of an operation that returns no body; a JSON body is accepted and ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoContent;

impl<'de> Deserialize<'de> for NoContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
