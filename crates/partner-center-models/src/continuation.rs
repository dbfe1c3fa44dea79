use crate::{Link, Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use serde_json::Map;
use std::fmt;

/// Where a listing goes on: the way from one page to the next.
///
/// Opaque. It may be saved (it serialises) and resumed later, in another process, with the `resume` constructor of the
/// operation that gave it; how long the service honours it is not documented. It lets its holder read customers, so
/// `Debug` does not show what is in it.
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
    /// Reads what a page offers: a link, a token, both, or neither.
    ///
    /// `unreadable` says that the page has something in the place of one of them that is not what the specification
    /// says.
    pub(crate) fn read(
        link: Option<&Link>,
        token: Option<&Secret>,
        unreadable: bool,
    ) -> Result<Option<Self>, InvalidContinuationToken> {
        if unreadable {
            return Err(InvalidContinuationToken);
        }
        let token = token.map(Secret::expose).filter(|token| !token.trim().is_empty()).map(str::to_owned);
        let link = link.map(NextLink::read).transpose()?.flatten();
        Ok((link.is_some() || token.is_some()).then_some(Self { link, token }))
    }

    /// The URI of the link, as the service wrote it.
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        self.link.as_ref().map(|link| link.uri.as_str())
    }

    /// The HTTP method of the link, as the service wrote it; `GET` where it wrote none.
    #[must_use]
    pub fn method(&self) -> &str {
        self.link.as_ref().map_or("GET", |link| &link.method)
    }

    /// The headers of the link, as the service wrote them.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.link.iter().flat_map(|link| &link.headers).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The token in the page itself.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl NextLink {
    /// A link that leads nowhere is none; one that cannot be followed as it was meant is an error.
    fn read(link: &Link) -> Result<Option<Self>, InvalidContinuationToken> {
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

/// A map, so that a later version may add to it.
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
            return Err(de::Error::custom("a continuation that leads nowhere"));
        }
        Ok(Self { link, token })
    }
}

impl fmt::Debug for ContinuationToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ContinuationToken(..)")
    }
}

/// A page that says it goes on, but not in a way that can be understood.
///
/// Never taken for the last page: that would lose customers without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidContinuationToken;

impl fmt::Display for InvalidContinuationToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the page has a continuation that is not of any known form")
    }
}

impl std::error::Error for InvalidContinuationToken {}
