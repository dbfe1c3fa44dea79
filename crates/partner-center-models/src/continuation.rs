use crate::{Link, Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use serde_json::Map;
use std::fmt;

/// The position in a list after one of its pages: the next-page link, the continuation token, or both.
///
/// Opaque. It can be serialized, and resumed later in another process with the `resume` constructor of the operation that
/// returned it; how long the service accepts it is not documented. Its holder can read customers, so `Debug` does not show its
/// content.
///
/// ```
/// use partner_center_models::{ContinuationToken, CustomerCollection, ListCustomers, Paginated};
///
/// let page: CustomerCollection = serde_json::from_str(r#"{"items": [], "continuationToken": "abc"}"#)?;
/// let next = ListCustomers::continuation(&page)?.ok_or("that was the last page")?;
/// let saved = serde_json::to_string(&next)?;
///
/// // On another day:
/// let next: ContinuationToken = serde_json::from_str(&saved)?;
/// let operation = ListCustomers::resume(next);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ContinuationToken {
    link: Option<NextLink>,
    token: Option<String>,
}

#[derive(Clone, PartialEq, Eq)]
struct NextLink {
    uri: String,
    method: String,
    headers: Vec<(String, String)>,
}

impl ContinuationToken {
    /// Reads the link and the token of a page; `None` if it has neither.
    ///
    /// `has_invalid_field` tells that the page has a value for one of them that is not of the specified type.
    #[inline]
    pub(crate) fn read(
        link: Option<&Link>,
        token: Option<&Secret>,
        has_invalid_field: bool,
    ) -> Result<Option<Self>, InvalidContinuationToken> {
        if has_invalid_field {
            return Err(InvalidContinuationToken);
        }
        let token = token.map(Secret::expose).filter(|token| !token.trim().is_empty()).map(str::to_owned);
        let link = link.map(NextLink::from_link).transpose()?.flatten();
        Ok((link.is_some() || token.is_some()).then_some(Self { link, token }))
    }

    /// Reads a link that is a string, and the token of a page; `None` if it has neither.
    #[inline]
    pub(crate) fn from_uri_and_token(
        uri: Option<&str>,
        token: Option<&Secret>,
        has_invalid_field: bool,
    ) -> Result<Option<Self>, InvalidContinuationToken> {
        let link = uri.map(|uri| Link { uri: Some(uri.to_owned()), ..Link::default() });
        Self::read(link.as_ref(), token, has_invalid_field)
    }

    #[inline]
    pub(crate) fn from_token(token: String) -> Self {
        Self { link: None, token: Some(token) }
    }

    #[inline]
    pub(crate) fn from_uri(uri: String) -> Self {
        Self { link: Some(NextLink { uri, method: "GET".to_owned(), headers: Vec::new() }), token: None }
    }

    /// Returns the URI of the link, as the service sent it.
    #[must_use]
    #[inline]
    pub fn uri(&self) -> Option<&str> {
        self.link.as_ref().map(|link| link.uri.as_str())
    }

    /// Returns the HTTP method of the link, as the service sent it; `GET` if it sent none.
    #[must_use]
    #[inline]
    pub fn method(&self) -> &str {
        self.link.as_ref().map_or("GET", |link| &link.method)
    }

    /// Returns the headers of the link, as the service sent them.
    #[inline]
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.link.iter().flat_map(|link| &link.headers).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the token in the page itself.
    #[must_use]
    #[inline]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl NextLink {
    /// Returns `None` for a link without content, and an error for one that cannot be followed as the service meant it.
    #[inline]
    fn from_link(link: &Link) -> Result<Option<Self>, InvalidContinuationToken> {
        if ["uri", "method", "headers"].iter().any(|name| link.unknown_fields.contains_like(name)) {
            return Err(InvalidContinuationToken);
        }
        let headers = link
            .headers
            .iter()
            .flatten()
            .map(|header| Some((header.key.clone()?, header.value.as_ref()?.expose().to_owned())))
            .collect::<Option<Vec<_>>>()
            .ok_or(InvalidContinuationToken)?;
        let uri = link.uri.as_deref().map(str::trim).filter(|uri| !uri.is_empty());
        match uri {
            None if headers.is_empty() && link.body.is_none() && link.unknown_fields.is_empty() => Ok(None),
            None => Err(InvalidContinuationToken),
            Some(uri) => Ok(Some(Self {
                uri: uri.to_owned(),
                method: link.method.as_ref().map_or("GET", |method| method.as_str()).to_owned(),
                headers,
            })),
        }
    }
}

/// Serializes as a map, so that a later version can add to it.
impl Serialize for ContinuationToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(NextLink { uri, method, headers }) = &self.link {
            map.serialize_entry("link", &(uri, method, headers))?;
        }
        if let Some(token) = &self.token {
            map.serialize_entry("token", token)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ContinuationToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        let mut take = |name| map.remove(name).unwrap_or_default();
        let (link, token) = (take("link"), take("token"));
        let link: Option<_> = serde_json::from_value(link).map_err(de::Error::custom)?;
        let token: Option<String> = serde_json::from_value(token).map_err(de::Error::custom)?;
        let link = link.map(|(uri, method, headers)| NextLink { uri, method, headers });
        if link.is_none() && token.is_none() {
            return Err(de::Error::custom("a continuation token without a link and without a token"));
        }
        Ok(Self { link, token })
    }
}

impl fmt::Debug for ContinuationToken {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ContinuationToken(..)")
    }
}

/// The error of a page that has a next page, but an invalid link or token to it.
///
/// Such a page is never taken for the last one: that would lose customers silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidContinuationToken;

impl fmt::Display for InvalidContinuationToken {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the page has a continuation that is not of any known form")
    }
}

impl std::error::Error for InvalidContinuationToken {}
