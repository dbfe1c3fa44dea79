//! The requests for the pages of one list.
//!
//! The next-page link comes from the service and is not trusted, since the bearer token is sent to wherever it points: it
//! must be a GET below the configured base URL, it may set `MS-*` headers only, and its length and number of headers are
//! bounded. The service writes such links in several ways (absolute, with and without `/v1`), which are all normalized.

use crate::{
    RawRequest,
    base_url::BaseUrl,
    error::BoxError,
    link::request_target_of_link,
    request::{PreparedRequest, ascii_header_value},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use partner_center_models::{ContinuationToken, Pagination};

/// The requests for the pages of one list.
pub(crate) struct ListRequest {
    /// The request for the first page; all further ones are copies of it with another target.
    first_page: PreparedRequest,
    pagination: Pagination,
    /// The header that carries a continuation token.
    token_header: Option<HeaderName>,
    /// The target of a page whose continuation is a token without a link.
    token_target: String,
    /// The continuation at which the list is resumed.
    resume: Option<ContinuationToken>,
}

impl ListRequest {
    pub(crate) fn new(request: RawRequest, pagination: Pagination) -> Result<Self, BoxError> {
        let (first_page, resume) = request.prepare_list()?;
        if first_page.method != Method::GET && (pagination.offset_query.or(pagination.token_query)).is_some() {
            return Err("a list that continues by its query must be a GET".into());
        }
        let (path, query) = first_page.target.split_once('?').unwrap_or((&first_page.target, ""));
        let pairs = || query.split('&').filter(|pair| !pair.is_empty());
        let name_of = |pair: &&str| pair.split('=').next().map(str::to_owned);
        let is_size = |pair: &&str| name_of(pair).as_deref() == pagination.size_query;
        // A token alone continues the list that the request describes, with all its parameters; a link has its own, and a seek
        // operation has those that the list began with.
        let is_by_token = |continuation: &ContinuationToken| continuation.uri().is_none() && pagination.seek.is_none();
        let keeps_values = resume.as_ref().is_some_and(|continuation| !is_by_token(continuation));
        if let Some(other) = pairs().find(|pair| !is_size(pair)).filter(|_| keeps_values) {
            let name = name_of(&other).unwrap_or_default();
            return Err(format!(
                "`{name}` cannot be set on a list that is resumed: it keeps the value that it began with"
            )
            .into());
        }
        let token_target = match pagination.seek {
            None => first_page.target.clone(),
            Some((name, value)) => {
                let size = pairs().find(is_size).map(|size| format!("{size}&")).unwrap_or_default();
                format!("{path}?{size}{name}={value}")
            }
        };
        let token_header = pagination.token_header.map(|name| HeaderName::from_bytes(name.as_bytes())).transpose()?;
        Ok(Self { first_page, pagination, token_header, token_target, resume })
    }

    pub(crate) fn pagination(&self) -> &Pagination {
        &self.pagination
    }

    /// Returns the continuation token that `request` carries in a header.
    pub(crate) fn continuation_token_of_request<'a>(&self, request: &'a PreparedRequest) -> Option<&'a HeaderValue> {
        request.headers.get(self.token_header.as_ref()?)
    }

    /// Whether the list continues where an earlier run stopped.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resume.is_some()
    }

    /// Returns the first request: for the first page, or for the one at which the list is resumed.
    pub(crate) fn first_page_request(&self, base: &BaseUrl) -> Result<PreparedRequest, BoxError> {
        match &self.resume {
            Some(continuation) => self.next_page_request(continuation, base),
            None => Ok(self.first_page.clone()),
        }
    }

    /// Returns the request for the page that `continuation` points to.
    ///
    /// Fails if the link points to another server, or is anything but a read: the bearer token is sent along.
    pub(crate) fn next_page_request(
        &self,
        continuation: &ContinuationToken,
        base: &BaseUrl,
    ) -> Result<PreparedRequest, BoxError> {
        if !continuation.method().eq_ignore_ascii_case("GET") {
            return Err("the link to the next page is not a GET".into());
        }
        let mut request = self.first_page.clone();
        match (continuation.token(), &self.token_header) {
            (Some(token), Some(name)) => {
                request.headers.insert(name, secret_header_value(token)?);
            }
            (Some(_), None) if continuation.uri().is_none() => {
                return Err("the page has a continuation token, but its list has no header for it".into());
            }
            _ => {}
        }
        // The token in the link takes precedence over the one in the page.
        for (name, value) in &request_headers_from_link(continuation)? {
            request.headers.insert(name, value.clone());
        }
        match continuation.uri() {
            // A search that was sent as a POST is read on with a GET.
            Some(uri) => {
                let target = request_target_of_link(uri, base, self.first_page.target.starts_with("/v1/"));
                request.target = target.map_err(|problem| format!("the link to the next page {problem}"))?;
                request.method = Method::GET;
                request.body = None;
            }
            None => request.target.clone_from(&self.token_target),
        }
        Ok(request)
    }
}

/// Maximum length of a header value in a next-page link, in bytes.
const MAX_LINK_HEADER_LENGTH: usize = 16 << 10;
/// Maximum number of headers in a next-page link.
const MAX_LINK_HEADERS: usize = 16;

/// Returns the headers that a link sets: only the service's own, `MS-*`, and of those none that identifies the call.
fn request_headers_from_link(continuation: &ContinuationToken) -> Result<HeaderMap, BoxError> {
    let mut headers = HeaderMap::new();
    for (name, value) in continuation.headers() {
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| "the link to the next page has a header with an invalid name")?;
        if !name.as_str().starts_with("ms-") {
            return Err(format!("the link to the next page sets the header `{name}`, which it may not").into());
        }
        // Each request has its own ids, and a blank value counts as none.
        if matches!(name.as_str(), "ms-requestid" | "ms-correlationid") || value.trim().is_empty() {
            continue;
        }
        if headers.len() == MAX_LINK_HEADERS {
            return Err("the link to the next page has too many headers".into());
        }
        if headers.insert(name, secret_header_value(value)?).is_some() {
            return Err("the link to the next page has a header twice".into());
        }
    }
    Ok(headers)
}

fn secret_header_value(value: &str) -> Result<HeaderValue, BoxError> {
    if value.len() > MAX_LINK_HEADER_LENGTH {
        return Err(format!(
            "the continuation has a value of {} bytes, which exceeds the {MAX_LINK_HEADER_LENGTH} that a header may have",
            value.len()
        )
        .into());
    }
    let mut value = ascii_header_value(value).ok_or("the continuation has a value that is invalid in a header")?;
    value.set_sensitive(true);
    Ok(value)
}
