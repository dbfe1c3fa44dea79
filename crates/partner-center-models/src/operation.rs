use crate::{FromResponse, InvalidParameter, Parameters, ResponseAs};
use std::{
    fmt::{self, Display},
    str::FromStr,
};

/// An operation of the service: either a [`SingleResponse`] or a [`Paginated`](crate::Paginated) one.
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
    /// The type of the response: any type that is deserialized from JSON, or one that [`FromResponse`] lists.
    type Response: FromResponse;
    /// The name of the operation in the specification (`operationId`).
    const ID: &'static str;
    /// The HTTP method.
    const METHOD: Method;
    /// The path, with `{name}` for each path parameter.
    const PATH: &'static str;
    /// Whether the request may be sent again when it is unknown what has come of it. Default: that of the method.
    const IDEMPOTENCY: Idempotency = Self::METHOD.idempotency();
    /// The statuses that are results of this operation although they are errors or unfinished work elsewhere. Default: none.
    ///
    /// A status of the class 4xx means that there is no such thing, which is a result then: `false` if [`Response`](Self::Response)
    /// is a `bool`, `None` if it is an `Option`. 401, 403, 408 and 429 are errors always. 202 means that the service completes the
    /// operation later; elsewhere a GET whose response is an empty 202 is sent again.
    const ADDITIONAL_RESULT_STATUSES: &'static [u16] = &[];
    /// Whether App+User credentials alone may call it: a client with an app-only one returns an error and sends nothing.
    /// Default: no.
    const NEEDS_USER: bool = false;
    /// Returns the values of the parameters.
    ///
    /// # Errors
    ///
    /// The first parameter whose value is invalid.
    fn parameters(&self) -> Result<Parameters, InvalidParameter>;
}

/// An [`Operation`] whose response is complete, so that a client performs it with one call.
///
/// Generated for every operation that is not [`Paginated`](crate::Paginated); a custom one needs an empty `impl`, as [`Operation`] shows. The
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
    /// let operation = GetCustomer::new(Uuid::nil()).with_response_type::<Tagged>();
    /// ```
    fn with_response_type<T>(self) -> ResponseAs<Self, T>
    where
        Self: Sized,
    {
        ResponseAs::new(self)
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

impl Method {
    /// All methods.
    const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// Returns the method as it is sent, such as `GET`.
    #[must_use]
    #[inline]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Returns the idempotency that HTTP defines for the method. (Of PATCH it defines none.)
    #[must_use]
    #[inline]
    pub const fn idempotency(self) -> Idempotency {
        match self {
            Self::Get | Self::Head | Self::Put | Self::Delete => Idempotency::Natural,
            Self::Post | Self::Patch => Idempotency::None,
        }
    }
}

impl Display for Method {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Parses a method in any case, such as `get`.
impl FromStr for Method {
    type Err = UnknownMethod;

    #[inline]
    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name)).ok_or(UnknownMethod)
    }
}

/// The error of a string that is not a [`Method`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMethod;

impl Display for UnknownMethod {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the method must be one of GET, HEAD, POST, PUT, PATCH and DELETE")
    }
}

impl std::error::Error for UnknownMethod {}

/// Whether a request may be sent again when it is unknown what has come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Idempotency {
    /// It may, by its method or its meaning: to do it twice is the same as to do it once.
    Natural,
    /// It may with the same `MS-RequestId`, by which the service recognizes it.
    RequestId,
    /// It may not: what is sent twice is done twice.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_is_parsed_in_any_case() {
        for method in Method::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
            assert_eq!(method.to_string().to_lowercase().parse(), Ok(method));
        }
        assert_eq!("TRACE".parse::<Method>(), Err(UnknownMethod));
        assert_eq!("".parse::<Method>(), Err(UnknownMethod));
    }
}
