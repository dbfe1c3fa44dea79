//! Lists that the service returns in pages: the operations, how a page leads to the next one, and what identifies a page.

use crate::{ContinuationToken, FromResponse, InvalidContinuationToken, ItemsAs, Operation, ResponseReader};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::{self, Write as _};

/// An [`Operation`] that returns one page at a time.
///
/// Generated, as operations are. Callers use [`with_item_type`](Self::with_item_type), and [`continuation`](Self::continuation)
/// to resume a list later. The rest is for the client, which follows the pages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a paged operation",
    note = "an operation with a single response is performed with `call`"
)]
pub trait Paginated: Operation {
    /// The type of an item.
    type Item: Send + 'static;
    /// How a page leads to the next one.
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

    /// Tells `page` its position, if that is needed to continue the list. For the client.
    #[doc(hidden)]
    fn set_page_position(_page: &mut Self::Response, _position: PagePosition) {}

    /// Reads a page. For the client.
    #[doc(hidden)]
    fn read_page<R: ResponseReader>(response: &mut R, pagination: &Pagination) -> Result<Self::Response, R::Error> {
        let mut page = Self::Response::from_response(response)?;
        Self::set_page_position(&mut page, PagePosition::from_response(response, pagination));
        Ok(page)
    }

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
    /// let operation = ListCustomers::new().size(500).with_item_type::<Brief>();
    /// ```
    fn with_item_type<T>(self) -> ItemsAs<Self, T>
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
        Some(Self::from_first_and_last(items.first()?, items.last()?, items.len()))
    }

    /// Creates the fingerprint of a page from the identifiers of its items, which is faster. Falls back to [`of`](Self::of) if
    /// the identifiers are absent or equal.
    pub fn by_id<T: Serialize, I: Serialize + PartialEq>(items: &[T], id: impl Fn(&T) -> Option<&I>) -> Option<Self> {
        match (id(items.first()?), id(items.last()?)) {
            (Some(first), Some(last)) if first != last || items.len() == 1 => {
                Some(Self::from_first_and_last(first, last, items.len()))
            }
            _ => Self::of(items),
        }
    }

    #[inline]
    pub(crate) fn new(items: String, count: usize) -> Self {
        Self { items, count }
    }

    fn from_first_and_last<T: Serialize>(first: &T, last: &T, count: usize) -> Self {
        Self::new(serde_json::to_string(&[first, last]).unwrap_or_default(), count)
    }
}

/// Hides the content, which is data of customers.
impl fmt::Debug for PageFingerprint {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PageFingerprint(..)")
    }
}

/// How a page of a list leads to the next one: by a link, by a token, or by the number of items.
///
/// Names of fields are paths, such as `links.next`, from the outermost object of a page.
///
/// ```
/// use partner_center_models::Pagination;
///
/// const BY_LINK: Pagination = Pagination::new("value").next_link("@odata.nextLink");
/// const BY_OFFSET: Pagination = Pagination::new("items").size("size").offset("offset").total("totalCount");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pagination {
    /// The list of items; empty if the page is that list.
    pub items: &'static str,
    /// The link to the next page: an object with a `uri`, or a string.
    pub next_link: Option<&'static str>,
    /// The continuation token in a page.
    pub continuation_token: Option<&'static str>,
    /// The header of the response that holds the continuation token.
    pub response_header: Option<&'static str>,
    /// The header of the request that carries the token.
    pub token_header: Option<&'static str>,
    /// The query parameter that carries the token.
    pub token_query: Option<&'static str>,
    /// The name and the value of a query parameter that is sent with a token.
    pub seek: Option<(&'static str, &'static str)>,
    /// The query parameter that every request takes over from the first one: the size of a page.
    pub size_query: Option<&'static str>,
    /// The query parameter with the number of items before the page.
    pub offset_query: Option<&'static str>,
    /// The total number of items, at which a list with an offset ends. Without it, such a list ends with a page without items.
    pub total: Option<&'static str>,
}

impl Pagination {
    /// Creates the description of pages with their list of items at `items`, and with no way to the next page.
    #[must_use]
    #[inline]
    pub const fn new(items: &'static str) -> Self {
        Self {
            items,
            next_link: None,
            continuation_token: None,
            response_header: None,
            token_header: None,
            token_query: None,
            seek: None,
            size_query: None,
            offset_query: None,
            total: None,
        }
    }

    /// Sets the path of the link to the next page.
    #[must_use]
    #[inline]
    pub const fn next_link(self, path: &'static str) -> Self {
        Self { next_link: Some(path), ..self }
    }

    /// Sets the path of the continuation token in a page.
    #[must_use]
    #[inline]
    pub const fn continuation_token(self, path: &'static str) -> Self {
        Self { continuation_token: Some(path), ..self }
    }

    /// Sets the header of the response that holds the continuation token.
    #[must_use]
    #[inline]
    pub const fn response_header(self, name: &'static str) -> Self {
        Self { response_header: Some(name), ..self }
    }

    /// Sets the header of the request that carries the token.
    #[must_use]
    #[inline]
    pub const fn token_header(self, name: &'static str) -> Self {
        Self { token_header: Some(name), ..self }
    }

    /// Sets the query parameter that carries the token.
    #[must_use]
    #[inline]
    pub const fn token_query(self, name: &'static str) -> Self {
        Self { token_query: Some(name), ..self }
    }

    /// Sets a query parameter that is sent with a token, such as `seekOperation=Next`.
    #[must_use]
    #[inline]
    pub const fn seek(self, name: &'static str, value: &'static str) -> Self {
        Self { seek: Some((name, value)), ..self }
    }

    /// Sets the query parameter with the size of a page.
    #[must_use]
    #[inline]
    pub const fn size(self, name: &'static str) -> Self {
        Self { size_query: Some(name), ..self }
    }

    /// Sets the query parameter with the number of items before the page.
    #[must_use]
    #[inline]
    pub const fn offset(self, name: &'static str) -> Self {
        Self { offset_query: Some(name), ..self }
    }

    /// Sets the path of the total number of items in a page.
    #[must_use]
    #[inline]
    pub const fn total(self, path: &'static str) -> Self {
        Self { total: Some(path), ..self }
    }
}

/// The pagination of most lists of the service: the one of the customers.
impl Default for Pagination {
    #[inline]
    fn default() -> Self {
        Self::new("items")
            .next_link("links.next")
            .continuation_token("continuationToken")
            .token_header("MS-ContinuationToken")
            .seek("seekOperation", "Next")
            .size("size")
    }
}

/// The position of a page in its list: what its request and the headers of its response say about it.
///
/// Opaque. `Debug` does not show its content.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PagePosition {
    /// The path and the query of the request; empty for a page that was not received by a client.
    target: String,
    /// The continuation token in a header of the response.
    token: Option<String>,
}

impl PagePosition {
    pub(crate) fn from_response<R: ResponseReader>(response: &R, pagination: &Pagination) -> Self {
        let token = pagination.response_header.and_then(|name| response.header(name));
        Self { target: response.request_target().to_owned(), token: token.map(str::to_owned) }
    }

    /// Returns the continuation after this page, which has `count` items and, in its body, the continuation `in_body`.
    #[inline]
    pub(crate) fn continuation(
        &self,
        pagination: &Pagination,
        in_body: Option<ContinuationToken>,
        count: usize,
        total: Option<i64>,
    ) -> Result<Option<ContinuationToken>, InvalidContinuationToken> {
        let token_in_body = match &in_body {
            Some(continuation) if continuation.uri().is_some() => return Ok(in_body),
            other => other.as_ref().and_then(ContinuationToken::token),
        };
        if let Some(token) = token_in_body.or(self.token.as_deref()).filter(|token| !token.trim().is_empty()) {
            return Ok(Some(match pagination.token_query {
                Some(name) => {
                    self.link_with_query_parameters(pagination.seek.iter().copied().chain([(name, token)]))?
                }
                None => ContinuationToken::from_token(token.to_owned()),
            }));
        }
        let Some(name) = pagination.offset_query else { return Ok(None) };
        let count = u64::try_from(count).map_err(|_| InvalidContinuationToken)?;
        let offset = match self.request_query_pairs().find(|(known, _)| *known == name) {
            Some((_, offset)) => offset.parse().map_err(|_| InvalidContinuationToken)?,
            None => 0,
        };
        let next = count.checked_add(offset).ok_or(InvalidContinuationToken)?;
        let is_complete = total.map(|total| u64::try_from(total).is_ok_and(|total| next >= total));
        match (is_complete, count) {
            (Some(true), _) | (None, 0) => Ok(None),
            // Items are missing, and no request would bring them.
            (Some(false), 0) => Err(InvalidContinuationToken),
            _ => self.link_with_query_parameters([(name, next.to_string().as_str())]).map(Some),
        }
    }

    /// Returns a link to the request of this page with these query parameters.
    fn link_with_query_parameters<'a>(
        &self,
        parameters: impl IntoIterator<Item = (&'static str, &'a str)>,
    ) -> Result<ContinuationToken, InvalidContinuationToken> {
        if self.target.is_empty() {
            return Err(InvalidContinuationToken);
        }
        let parameters: Vec<_> = parameters.into_iter().collect();
        let (path, _) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let is_kept = |(name, _): &(&str, &str)| parameters.iter().all(|(replaced, _)| replaced != name);
        let kept = self.request_query_pairs().filter(is_kept).map(|(name, value)| format!("{name}={value}"));
        let set = parameters.iter().map(|(name, value)| format!("{name}={}", percent_encode(value)));
        let query: Vec<_> = kept.chain(set).collect();
        Ok(ContinuationToken::from_uri(format!("{path}?{}", query.join("&"))))
    }

    /// Returns the query parameters of the request, as they were sent.
    #[inline]
    fn request_query_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }
}

impl fmt::Debug for PagePosition {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PagePosition(..)")
    }
}

/// Percent-encodes all characters but the unreserved ones of RFC 3986.
#[inline]
fn percent_encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A page whose continuation is not in its body: it is in a header of the response, or follows from the number of items.
///
/// It is serialized and deserialized as its body.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PositionedPage<B> {
    /// The page as the service sent it.
    pub body: B,
    /// Its position in the list, if a client has received it.
    pub position: PagePosition,
}

impl<'de, B: Deserialize<'de>> Deserialize<'de> for PositionedPage<B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { body: B::deserialize(deserializer)?, position: PagePosition::default() })
    }
}

impl<B: Serialize> Serialize for PositionedPage<B> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(target: &str, token: Option<&str>) -> PagePosition {
        PagePosition { target: target.to_owned(), token: token.map(str::to_owned) }
    }

    /// Returns the URI or the token of a continuation.
    fn shown(
        continuation: Result<Option<ContinuationToken>, InvalidContinuationToken>,
    ) -> Result<Option<String>, InvalidContinuationToken> {
        continuation.map(|found| found.map(|found| found.uri().or(found.token()).unwrap_or_default().to_owned()))
    }

    #[test]
    fn offset_follows_from_the_number_of_items() {
        const BY_OFFSET: Pagination = Pagination::new("items").size("size").offset("offset").total("totalCount");
        for (target, count, total, expected) in [
            ("/v1/a?size=2&x=%20", 2, Some(5), Ok(Some("/v1/a?size=2&x=%20&offset=2"))),
            ("/v1/a?size=2&offset=2", 2, Some(5), Ok(Some("/v1/a?size=2&offset=4"))),
            ("/v1/a?offset=4&size=2", 1, Some(5), Ok(None)),
            ("/v1/a", 2, None, Ok(Some("/v1/a?offset=2"))),
            ("/v1/a?offset=2", 0, None, Ok(None)),
            ("/v1/a?offset=2", 0, Some(2), Ok(None)),
            // The service says that there are more, and sends none.
            ("/v1/a?offset=2", 0, Some(3), Err(InvalidContinuationToken)),
            ("/v1/a?offset=x", 2, Some(3), Err(InvalidContinuationToken)),
            ("", 2, Some(3), Err(InvalidContinuationToken)),
        ] {
            let found = position(target, None).continuation(&BY_OFFSET, None, count, total);
            assert_eq!(shown(found), expected.map(|uri| uri.map(str::to_owned)), "{target}");
        }
    }

    #[test]
    fn token_is_in_a_header_or_in_the_query() {
        const BY_HEADER: Pagination =
            Pagination::new("").response_header("MS-ContinuationToken").token_header("MS-ContinuationToken");
        const BY_QUERY: Pagination =
            Pagination::new("items").continuation_token("token").token_query("token").seek("seek", "Next");
        let by_header = |token| shown(position("/v1/a?x=1", token).continuation(&BY_HEADER, None, 1, None));
        assert_eq!(by_header(Some("t/1")), Ok(Some("t/1".to_owned())));
        assert_eq!((by_header(Some(" ")), by_header(None)), (Ok(None), Ok(None)));
        let in_body = ContinuationToken::from_token("t/1&".to_owned());
        let by_query = position("/v1/a?x=1&token=t0", None).continuation(&BY_QUERY, Some(in_body), 1, None);
        assert_eq!(shown(by_query), Ok(Some("/v1/a?x=1&seek=Next&token=t%2F1%26".to_owned())));
    }
}
