use crate::{customers::CustomerDetails, rendered_pages::PageKey, resource::ResourceLink};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::body::Bytes;
use partner_center_spec::Type;
use serde::Serialize;
use serde_json::Value;

/// A response of the service before it is serialized, which [`write_response`](crate::response_writer::write_response) does.
pub(crate) struct ServiceResponse {
    pub(crate) status: StatusCode,
    /// The headers of this response alone. Those that every response has are added when it is written.
    pub(crate) headers: HeaderMap,
    pub(crate) content: ResponseContent,
}

pub(crate) enum ResponseContent {
    /// A page of the customer list; the key is that by which it may be kept.
    CustomerPage(CustomerPage, Option<PageKey>),
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

/// A page of the customer list.
pub(crate) struct CustomerPage {
    pub(crate) continuation_token: Option<String>,
    /// The customers as JSON, with a comma behind each.
    pub(crate) items: String,
    pub(crate) links: PageLinks,
    pub(crate) total_count: usize,
}

#[derive(Serialize)]
pub(crate) struct PageLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<ResourceLink>,
    #[serde(rename = "self")]
    pub(crate) self_link: ResourceLink,
}

impl CustomerPage {
    /// Returns the page as JSON, its fields in alphabetical order.
    pub(crate) fn into_json(self) -> serde_json::Result<String> {
        let Self { continuation_token, items: mut json, links, total_count } = self;
        let token = continuation_token.map(|token| serde_json::to_string(&token)).transpose()?;
        let token = token.map(|token| format!(r#""continuationToken":{token},"#)).unwrap_or_default();
        // The customers are most of the page, and stay in their buffer.
        if json.ends_with(',') {
            json.pop();
        }
        json.insert_str(0, &format!(r#"{{"attributes":{{"objectType":"Collection"}},{token}"items":["#));
        json.extend([
            r#"],"links":"#,
            &serde_json::to_string(&links)?,
            r#","totalCount":"#,
            &total_count.to_string(),
            "}",
        ]);
        Ok(json)
    }
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
