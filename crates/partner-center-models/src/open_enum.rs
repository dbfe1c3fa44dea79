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
    #[inline]
    pub(crate) fn new(string: &str) -> Self {
        Self(string.into())
    }

    /// Returns the string as the service sent it.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownVariant {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Implements the conversions of a generated enum from and to its string, which may be unknown to this version.
///
/// A `loose` enum has the same value whatever the case and the underscores of its string.
macro_rules! open_enum {
    ($type:ident { $($variant:ident = $string:literal,)* }) => {
        impl From<&str> for $type {
            #[inline]
            fn from(string: &str) -> Self {
                match string {
                    $($string => Self::$variant,)*
                    _ => Self::UnknownVariant($crate::UnknownVariant::new(string)),
                }
            }
        }
        open_enum!(@conversions $type { $($variant = $string,)* });
    };
    (loose $type:ident { $($variant:ident = $string:literal,)* }) => {
        impl From<&str> for $type {
            #[inline]
            fn from(string: &str) -> Self {
                const STRINGS: &[&str] = &[$($string),*];
                match $crate::open_enum::find_loosely(STRINGS, string) {
                    $(Some($string) => Self::$variant,)*
                    _ => Self::UnknownVariant($crate::UnknownVariant::new(string)),
                }
            }
        }
        open_enum!(@conversions $type { $($variant = $string,)* });
    };
    (@conversions $type:ident { $($variant:ident = $string:literal,)* }) => {
        impl $type {
            /// Returns the string as the service sends it. Compare by this string: it stays the same when a later version adds
            /// a variant for it.
            #[must_use]
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $string,)*
                    Self::UnknownVariant(string) => string.as_str(),
                }
            }
        }

        impl std::fmt::Display for $type {
            #[inline]
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

        impl $crate::scalar::Scalar for $type {
            #[inline]
            fn placeholder() -> Self {
                Self::UnknownVariant($crate::UnknownVariant::new(""))
            }
            #[inline]
            fn from_scalar(value: $crate::scalar::ScalarValue<'_>) -> Option<Self> {
                match value {
                    $crate::scalar::ScalarValue::String(string) => Some(string.into()),
                    _ => None,
                }
            }
            #[inline]
            fn as_scalar(&self) -> $crate::scalar::ScalarValue<'_> {
                $crate::scalar::ScalarValue::String(self.as_str())
            }
            #[inline]
            fn is_written_as(&self, received: $crate::scalar::ScalarValue<'_>) -> bool {
                self.as_scalar() == received
            }
            #[inline]
            fn is_described(&self) -> bool {
                !matches!(self, Self::UnknownVariant(_))
            }
        }
        $crate::scalar::scalar_value!($type, Scalar);
    };
}
pub(crate) use open_enum;

/// Returns the string that is `found`, whatever its case and underscores.
#[allow(dead_code, reason = "not every specification has a loose enum")]
#[inline]
pub(crate) fn find_loosely(strings: &[&'static str], found: &str) -> Option<&'static str> {
    #[inline]
    fn lowercase_letters_without_underscores(string: &str) -> impl Iterator<Item = char> {
        string.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase)
    }
    // An exact match comes first, though the specification has no two strings that are loosely the same.
    let exact = strings.iter().find(|string| **string == found);
    exact
        .or_else(|| {
            strings.iter().find(|string| {
                lowercase_letters_without_underscores(string).eq(lowercase_letters_without_underscores(found))
            })
        })
        .copied()
}

/// An integer that an enum of this version has no variant for. Only conversions create one, so it never hides an integer that has
/// a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnknownInteger(i64);

impl UnknownInteger {
    #[allow(dead_code, reason = "not every specification has an enum of integers")]
    #[inline]
    pub(crate) fn new(number: i64) -> Self {
        Self(number)
    }

    /// Returns the integer.
    #[must_use]
    #[inline]
    pub fn get(self) -> i64 {
        self.0
    }
}

/// Implements the conversions of a generated enum from and to its integer, which may be unknown to this version.
#[allow(unused_macros, reason = "not every specification has an enum of integers")]
macro_rules! integer_enum {
    ($type:ident { $($variant:ident = $number:literal,)* }) => {
        impl $type {
            /// Returns the integer as the service sends it. Compare by this integer: it stays the same when a later version adds a
            /// variant for it.
            #[must_use]
            #[inline]
            pub fn as_i64(&self) -> i64 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::UnknownVariant(number) => number.get(),
                }
            }
        }

        impl From<i64> for $type {
            #[inline]
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    _ => Self::UnknownVariant($crate::UnknownInteger::new(number)),
                }
            }
        }

        impl std::fmt::Display for $type {
            #[inline]
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.as_i64(), formatter)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.as_i64())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                i64::deserialize(deserializer).map(Self::from)
            }
        }

        impl $crate::scalar::Scalar for $type {
            #[inline]
            fn placeholder() -> Self {
                0.into()
            }
            #[inline]
            fn from_scalar(value: $crate::scalar::ScalarValue<'_>) -> Option<Self> {
                match value {
                    $crate::scalar::ScalarValue::Integer(number) => Some(number.into()),
                    _ => None,
                }
            }
            #[inline]
            fn as_scalar(&self) -> $crate::scalar::ScalarValue<'_> {
                $crate::scalar::ScalarValue::Integer(self.as_i64())
            }
            #[inline]
            fn is_described(&self) -> bool {
                !matches!(self, Self::UnknownVariant(_))
            }
        }
        $crate::scalar::scalar_value!($type, Scalar);
    };
}
#[allow(unused_imports, reason = "not every specification has an enum of integers")]
pub(crate) use integer_enum;
