use std::fmt;

/// A string that an enum of this version has no variant for.
///
/// Only parsing creates one, so it never hides a string that has a variant.
///
/// ```
/// use partner_center_models::RelationshipToPartner;
///
/// let relationship = RelationshipToPartner::from("distributor");
/// assert!(matches!(relationship, RelationshipToPartner::UnknownVariant(_)));
/// assert_eq!(relationship.as_str(), "distributor");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownVariant(Box<str>);

impl UnknownVariant {
    pub(crate) fn new(string: &str) -> Self {
        Self(string.into())
    }

    /// Returns the string as the service sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownVariant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Implements the conversions of a generated enum from and to its string, which may be unknown to this version.
macro_rules! open_enum {
    ($type:ident { $($variant:ident = $string:literal,)* }) => {
        impl $type {
            /// Returns the string as the service sends it. Compare by this string: it stays the same when a later version adds
            /// a variant for it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $string,)*
                    Self::UnknownVariant(string) => string.as_str(),
                }
            }
        }

        impl From<&str> for $type {
            fn from(string: &str) -> Self {
                match string {
                    $($string => Self::$variant,)*
                    _ => Self::UnknownVariant($crate::UnknownVariant::new(string)),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<str>::deserialize(deserializer).map(|string| Self::from(&*string))
            }
        }

        impl $crate::lenient::SchemaValue for $type {
            fn from_string(string: &str) -> Option<Self> {
                Some(string.into())
            }
            fn unknown_paths(&self, at: &str, found: &mut Vec<String>) {
                if let Self::UnknownVariant(_) = self {
                    found.push(at.to_owned());
                }
            }
        }
    };
}
pub(crate) use open_enum;
