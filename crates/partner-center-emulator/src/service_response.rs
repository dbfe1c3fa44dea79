use crate::{customers::CustomerDetails, rendered_pages::PageKey};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::Bytes;
use partner_center_spec::Type;
use serde_json::Value;

/// A response of the service before it is serialized, which [`write_response`](crate::response_writer::write_response) does.
pub(crate) struct ServiceResponse {
    pub(crate) status: StatusCode,
    /// The headers of this response alone. Those that every response has are added when it is written.
    pub(crate) headers: HeaderMap,
    pub(crate) content: ResponseContent,
}

pub(crate) enum ResponseContent {
    /// A page of the customer list as JSON; the key is that by which it may be kept.
    CustomerPage(Vec<u8>, Option<PageKey>),
    /// A page of the customer list that was kept.
    RenderedPage(Bytes),
    Customer(Value),
    /// A customer that no request has changed.
    GeneratedCustomer(Box<CustomerDetails>),
    /// Any other JSON, with what it is and its type.
    Resource(Value, ResourceKind, Type),
    /// Bytes of this media type.
    Bytes(&'static str, Vec<u8>),
    /// The body of an error response in JSON.
    Error(Value),
    PlainText(&'static str),
    Html(&'static str),
    /// Bytes that are not JSON, sent with the media type of JSON.
    Garbage,
    Empty,
}

/// What a resource is, for the quirks that concern some kinds only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    CompanyProfile,
    BillingProfile,
    Other,
}

impl ServiceResponse {
    pub(crate) fn new(status: StatusCode, content: ResponseContent) -> Self {
        Self { status, headers: HeaderMap::new(), content }
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.insert(name, value.into());
        self
    }
}
