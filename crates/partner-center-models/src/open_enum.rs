use std::fmt;

/// A text that an enum of this version has no variant for.
///
/// Only parsing makes one, so it never hides a text that does have a variant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownVariant(Box<str>);

impl UnknownVariant {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text as the service wrote it.
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

/// Gives a generated enum its one meaning: the text it stands for, known or not.
macro_rules! open_enum {
    ($type:ident { $($variant:ident = $text:literal,)* }) => {
        impl $type {
            /// The text as the service writes it; to be compared with, for it never changes when a new version learns
            /// a new variant.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::UnknownVariant(text) => text.as_str(),
                }
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::UnknownVariant($crate::UnknownVariant::new(text)),
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
                std::borrow::Cow::<str>::deserialize(deserializer).map(|text| Self::from(&*text))
            }
        }

        impl $crate::described::Described for $type {
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
            }
            fn undescribed(&self, at: &str, found: &mut Vec<String>) {
                if let Self::UnknownVariant(_) = self {
                    found.push(at.to_owned());
                }
            }
        }
    };
}
pub(crate) use open_enum;
