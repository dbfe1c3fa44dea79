//! The response beside the value: what a call tells besides its result, for a value and for an error alike.

use crate::{
    error::WriteOutcome,
    request::{CORRELATION_ID_HEADER, REQUEST_ID_HEADER},
};
use http::{HeaderMap, HeaderName, StatusCode};
use std::{fmt, time::Duration};
use uuid::Uuid;

/// The metadata of a call: its last response, the ids by which both sides find it in their logs, and how long it took.
///
/// [`Client::call_with_metadata`](crate::Client::call_with_metadata) returns it beside the value,
/// [`Pages::with_metadata`](crate::Pages::with_metadata) beside each page, and [`Error::metadata`](crate::Error::metadata) has
/// that of a call that failed. `Debug` does not show the values of headers.
///
/// ```
/// use partner_center_core::{Blocking, Client, Error, GetCustomer, Transport};
///
/// /// The name of a customer, and a line for the service's support in case it is wrong.
/// fn name(client: &Client<impl Transport<Mode = Blocking>>, id: uuid::Uuid) -> Result<(String, String), Error> {
///     let customer = client.call_with_metadata(GetCustomer::new(id))?;
///     let metadata = &customer.metadata;
///     let ids = (metadata.request_id.unwrap_or_default(), metadata.service_request_id().unwrap_or("none"));
///     let line = format!("request id {} (the service's: {}), {} attempts", ids.0, ids.1, metadata.attempts);
///     Ok((customer.value.company_name().unwrap_or_default().to_owned(), line))
/// }
/// # use partner_center_core::{Credential, Request, Response, TransportError};
/// # struct OneCustomer;
/// # impl Transport for OneCustomer {
/// #     type Mode = Blocking;
/// #     fn send(&self, _: Request) -> Result<Response, TransportError> {
/// #         let mut response = Response::new(r#"{"companyProfile": {"companyName": "Contoso"}}"#.into());
/// #         response.headers_mut().insert("ms-requestid", partner_center_core::http::HeaderValue::from_static("r1"));
/// #         Ok(response)
/// #     }
/// #     fn sleep(&self, _: std::time::Duration) {}
/// # }
/// # let client = Client::builder(OneCustomer, Credential::token("secret")).build()?;
/// # let (name, line) = name(&client, uuid::Uuid::nil())?;
/// # assert!(name == "Contoso" && line.ends_with("(the service's: r1), 1 attempts"), "{line}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallMetadata {
    /// The status of the response; `None` if the last request had no response.
    pub status: Option<StatusCode>,
    /// The headers of the response; empty if the last request had no response.
    pub headers: HeaderMap,
    /// The `MS-RequestId` of the last request to the service, as it was sent.
    pub request_id: Option<Uuid>,
    /// The `MS-CorrelationId` of the requests, as it was sent.
    pub correlation_id: Option<Uuid>,
    /// The number of requests that were sent; 0 if none was. Requests for a token count if no token was obtained.
    pub attempts: u32,
    /// The number of the page, counted from 1; `None` if the call is not part of a list.
    pub page: Option<u64>,
    /// The duration of the call, with all attempts and waits.
    pub elapsed: Duration,
    /// What has come of the request by now, if it is a write.
    pub(crate) write_outcome: WriteOutcome,
}

impl CallMetadata {
    /// Returns the service's own id of the request, which its support asks for. It is usually the one that was sent.
    #[must_use]
    pub fn service_request_id(&self) -> Option<&str> {
        self.response_header(REQUEST_ID_HEADER)
    }

    /// Returns the service's own id of the unit of work. It is usually the one that was sent.
    #[must_use]
    pub fn service_correlation_id(&self) -> Option<&str> {
        self.response_header(CORRELATION_ID_HEADER)
    }

    fn response_header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for CallMetadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, request_id, correlation_id, attempts, page, elapsed, write_outcome: _ } = self;
        formatter
            .debug_struct("CallMetadata")
            .field("status", status)
            .field("headers", &headers.keys().map(HeaderName::as_str).collect::<Vec<_>>())
            .field("request_id", request_id)
            .field("correlation_id", correlation_id)
            .field("attempts", attempts)
            .field("page", page)
            .field("elapsed", elapsed)
            .finish_non_exhaustive()
    }
}

/// A value with the [`CallMetadata`] of the call that returned it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WithMetadata<T> {
    /// The value.
    pub value: T,
    /// The metadata of the call.
    pub metadata: CallMetadata,
}
