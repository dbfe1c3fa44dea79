use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A secret string, such as a password or a continuation token.
///
/// `Debug` does not show it. Serialization does: that is how it is sent, and stored on purpose. With the feature `zeroize` its
/// memory is overwritten when it is dropped.
///
/// ```
/// use partner_center_models::Secret;
///
/// let password = Secret::new("hunter2");
/// assert_eq!(format!("{password:?}"), "Secret(..)");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Creates a secret from `string`.
    pub fn new(string: impl Into<String>) -> Self {
        Self(string.into())
    }

    /// Returns the string itself; the caller must keep it out of logs and errors.
    #[must_use]
    #[inline]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

#[cfg(feature = "zeroize")]
impl Drop for Secret {
    #[inline]
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

#[cfg(feature = "zeroize")]
impl zeroize::ZeroizeOnDrop for Secret {}

impl fmt::Debug for Secret {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}
