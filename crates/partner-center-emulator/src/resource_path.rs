use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The path of a resource: its decoded segments with small ASCII letters, as the service compares paths and identifiers without their case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourcePath(Vec<String>);

impl ResourcePath {
    pub(crate) fn from_segments<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self(segments.into_iter().map(|segment| segment.as_ref().to_ascii_lowercase()).collect())
    }

    /// Returns the path of a customer.
    pub(crate) fn for_customer(id: impl fmt::Display) -> Self {
        Self::from_segments(["v1", "customers", &id.to_string()])
    }

    /// Returns the path below this one.
    pub(crate) fn child_path(&self, segment: &str) -> Self {
        let mut child = self.clone();
        child.0.push(segment.to_ascii_lowercase());
        child
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// Returns the path above this one, and the last segment.
    pub(crate) fn split_last_segment(&self) -> Option<(Self, &str)> {
        let (last, parent) = self.0.split_last()?;
        Some((Self(parent.to_vec()), last))
    }

    pub(crate) fn is_below(&self, ancestor: &Self) -> bool {
        self.0.len() > ancestor.0.len() && self.0.starts_with(&ancestor.0)
    }

    pub(crate) fn is_child_of(&self, parent: &Self) -> bool {
        self.0.len() == parent.0.len() + 1 && self.is_below(parent)
    }

    /// Returns the size in memory, approximately, in bytes.
    pub(crate) fn size_in_memory(&self) -> usize {
        self.0.iter().map(|segment| segment.len() + size_of::<String>()).sum()
    }
}

/// Percent-encoded, with a leading slash.
impl fmt::Display for ResourcePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| write!(formatter, "/{}", escape_uri_component(segment)))
    }
}

/// As it is displayed.
impl Serialize for ResourcePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourcePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        Ok(Self::from_segments(segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy())))
    }
}

/// Percent-encodes a segment of a path, or a value of a query.
pub(crate) fn escape_uri_component(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ESCAPED_CHARACTERS)
}

/// All characters but those that RFC 3986 calls unreserved.
const ESCAPED_CHARACTERS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
